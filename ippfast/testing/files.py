"""Run a test file of ipptool with one call, which may raise AssertionError if a test fails.

The rule of this file: a failure is reported in ipptool's words, with the line of the test.
"""

import getpass
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ippfast.http import Client

from .reports import Reporter, Summary
from .running import Options, Runner
from .variables import Variables, about_document

if TYPE_CHECKING:
    from .loopback import LoopbackPrinter

__all__ = ["FailedTests", "check_file", "run_file"]


class FailedTests(AssertionError):
    """Tests of a file failed. summary: all tests of the file."""

    def __init__(self, path: Path, summary: Summary) -> None:
        lines = [f"{len(summary.failures)} of {len(summary.outcomes)} tests of {path} failed"]
        for outcome in summary.failures:
            lines.append(f"{outcome.place}: {outcome.name}")
            lines += [f"    {words}" for words in outcome.words]
        super().__init__("\n".join(lines))
        self.summary = summary


def run_file(
    path: str | Path,
    printer: "str | LoopbackPrinter",
    *,
    variables: Mapping[str, str] | None = None,
    document: str | Path | None = None,
    user: str | None = None,
    options: Options | None = None,
    connect: Callable[[str], Client] = Client,
    reporter: Reporter | None = None,
) -> Summary:
    """Run a test file against a printer, and give the results of its tests.

    printer: a URI, or a `LoopbackPrinter`. variables: further ones. document: what ``FILE $filename`` sends. user: the
    requesting-user-name. options: see `Options`. connect: makes the client, with TLS and credentials if they are
    needed.

    Raises FileFault for a file that cannot be understood, and OSError.
    """
    uri = printer if isinstance(printer, str) else printer.uri
    given = {**about_document(None if document is None else Path(document)), **(variables or {})}
    with Runner(connect, Variables(uri, user or _user(), given), options, reporter) as runner:
        return runner.run(Path(path))


def check_file(path: str | Path, printer: "str | LoopbackPrinter", **arguments: object) -> Summary:
    """As `run_file`, with its arguments, but raises FailedTests, an AssertionError, if a test failed."""
    __tracebackhide__ = True
    summary = run_file(path, printer, **arguments)  # type: ignore[arg-type]
    if not summary.passed:
        raise FailedTests(Path(path), summary)
    return summary


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name
        return "anonymous"
