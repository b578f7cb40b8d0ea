"""Runs the examples of pages in Markdown: ``python tools/doc_examples.py README.md docs/tour.md``.

The rule of this file: the examples of a page are those of its ``pycon`` blocks, one session in the order in which they
stand.
"""

import doctest
import re
import sys
from pathlib import Path

__all__ = ["run"]

_BLOCK = re.compile(r"^```pycon\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def run(page: str, text: str) -> tuple[int, list[str]]:
    """How many examples of a page were tried, and what is said of those that fail. text: the page."""
    session = doctest.DocTestParser().get_doctest("\n".join(_BLOCK.findall(text)), {}, page, None, None)
    report: list[str] = []
    _, attempted = doctest.DocTestRunner(verbose=False).run(session, out=report.append)
    return attempted, report


def main() -> None:
    failed = False
    for page in sys.argv[1:]:
        attempted, report = run(page, Path(page).read_text(encoding="utf-8"))
        if attempted:
            print(f"{page}: {attempted} examples", "FAILED" if report else "as shown")
        print("".join(report), end="")
        failed = failed or bool(report)
    sys.exit(failed)


if __name__ == "__main__":
    main()
