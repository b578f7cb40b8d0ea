"""What `validate` or `recover` found, in lines.

The rule of this file: one line for each issue, in its own words, and a last line that counts them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from ippfast.issues import Issue, Severity

from .text import Line, Span

__all__ = ["issue_lines"]

_STYLES = {Severity.ERROR: "malformed", Severity.WARNING: "warning", Severity.INFO: "quiet"}
_PLURALS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "notes"}


def issue_lines(issues: Sequence[Issue]) -> Iterator[Line]:
    """A line for each issue, and one that counts them."""
    for issue in issues:
        severity, _, rest = str(issue).partition(":")
        yield [Span(severity, _STYLES[issue.severity]), Span(f":{rest}")]
    counts = Counter(issue.severity for issue in issues)
    yield [Span(", ".join(f"{plural}: {counts[severity]}" for severity, plural in _PLURALS.items()), "quiet")]
