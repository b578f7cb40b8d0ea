"""What an examination of a printer found: findings with levels, in sections with grades.

The rule of this file: a grade is that of the worst finding, and every finding that costs one says what to do.
docs/check.md says what has which level.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from .text import Line, Span

__all__ = ["Finding", "Level", "Section", "grade", "report_data", "report_lines"]


class Level(IntEnum):
    """How bad a finding is."""

    GOOD = 0
    INFO = 1
    """It costs no grade: what cannot be told, what was not tried, a harmless slip."""
    NOTE = 2
    WEAK = 3
    BAD = 4


_GRADES = {Level.GOOD: "A", Level.INFO: "A", Level.NOTE: "B", Level.WEAK: "C", Level.BAD: "F"}
_MARGIN = 9
_STYLES = {Level.GOOD: "enum", Level.INFO: "quiet", Level.NOTE: "quiet", Level.WEAK: "warning", Level.BAD: "malformed"}


class Finding(NamedTuple):
    """One result. advice: what to do about it; "" if nothing."""

    level: Level
    what: str
    advice: str = ""


class Section(NamedTuple):
    """Findings that belong together."""

    name: str
    findings: Sequence[Finding]


def _broken(text: str, width: int | None, margin: int) -> list[str]:
    """The lines of a text; none if it is empty."""
    if width is None:
        return [text] if text else []
    return textwrap.wrap(text, max(20, width - margin), break_long_words=False, break_on_hyphens=False)


def grade(findings: Iterable[Finding]) -> str:
    """A: nothing to do; B: worth doing something; C: weak; F: bad. "-" if there are no findings."""
    levels = [each.level for each in findings]
    return _GRADES[max(levels)] if levels else "-"


def report_data(uri: str, sections: Sequence[Section], **more: object) -> dict[str, Any]:
    """The report as JSON has it. more: members that come after the URI."""
    return {
        "uri": uri,
        **more,
        "grade": grade(each for section in sections for each in section.findings),
        "sections": [
            {
                "name": section.name,
                "grade": grade(section.findings),
                "findings": [
                    {"level": each.level.name.lower(), "what": each.what, "advice": each.advice}
                    for each in section.findings
                ],
            }
            for section in sections
        ],
    }


def report_lines(uri: str, sections: Sequence[Section], width: int | None = None) -> Iterator[Line]:
    """The report as people read it; the words of findings are escaped already. width: where lines are broken."""
    for section in sections:
        worst = max((each.level for each in section.findings), default=Level.GOOD)
        yield [Span(f"{grade(section.findings)}  ", _STYLES[worst]), Span(section.name, "group")]
        for each in section.findings:
            what = _broken(each.what, width, _MARGIN)
            yield [Span(f"   {each.level.name.lower():6}", _STYLES[each.level]), Span(what[0])]
            yield from ([Span(" " * _MARGIN + line)] for line in what[1:])
            advice = _broken(each.advice, width, _MARGIN + 3)
            yield from ([Span(f"{'' if n else '-> ':>{_MARGIN + 3}}{line}", "quiet")] for n, line in enumerate(advice))
        yield []
    everything = [each for section in sections for each in section.findings]
    worst = max((each.level for each in everything), default=Level.GOOD)
    yield [Span(f"{grade(everything)}  ", _STYLES[worst]), Span(f"in all, {uri}", "group")]
