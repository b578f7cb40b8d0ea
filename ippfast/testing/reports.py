"""Reports of a run: each test's `Outcome`, the `Summary`, and the report that CUPS' ipptool prints.

The rule of this file: what comes from a printer or a file is shown without control characters.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, Protocol, TypeAlias

from .tree import Place

__all__ = [
    "FAIL",
    "PASS",
    "SKIP",
    "Displayed",
    "Mark",
    "Outcome",
    "Reporter",
    "Silent",
    "Summary",
    "TextReport",
    "plain",
]

Mark: TypeAlias = Literal["PASS", "FAIL", "SKIP"]
PASS: Mark = "PASS"
FAIL: Mark = "FAIL"
SKIP: Mark = "SKIP"
_NAME = 68


@dataclass(frozen=True, slots=True)
class Displayed:
    """An attribute that DISPLAY asks for, in words."""

    name: str
    syntax: str
    value: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a test.

    place: where its block begins. words: why it failed. operation: its name, or number. status: the name of the
    response's status code, "" if there was no response; message: its status-message. octets: the response's length.
    attempts: how often the request was sent. seconds: how long all attempts took.
    """

    place: Place
    name: str
    mark: Mark
    words: Sequence[str] = ()
    operation: str = ""
    status: str = ""
    message: str = ""
    octets: int = 0
    request_id: int = 0
    attempts: int = 0
    seconds: float = 0.0
    displayed: Sequence[Displayed] = ()
    file_id: str = ""
    test_id: str = ""


@dataclass(slots=True)
class Summary:
    """All tests of a run, in order."""

    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, mark: Mark) -> int:
        """How many tests have that mark."""
        return sum(outcome.mark == mark for outcome in self.outcomes)

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.count(FAIL)

    @property
    def marks(self) -> list[tuple[str, Mark]]:
        """The name and the mark of each test."""
        return [(outcome.name, outcome.mark) for outcome in self.outcomes]

    @property
    def failures(self) -> list[Outcome]:
        """The tests that failed."""
        return [outcome for outcome in self.outcomes if outcome.mark == FAIL]


class Reporter(Protocol):
    """Its methods are called when something happens in a run."""

    def file(self, path: Path) -> None:
        """The tests of a file begin, or go on after those of an included file."""

    def begin(self, name: str) -> None:
        """A test begins."""

    def again(self, attempt: int, displayed: Sequence[Displayed]) -> None:
        """The test's request will be repeated."""

    def tell(self, message: str) -> None:
        """An EXPECT has matched; message: its DISPLAY-MATCH."""

    def end(self, outcome: Outcome) -> None:
        """The test has ended."""


class Silent:
    """Reports nothing."""

    def file(self, path: Path) -> None:
        """As `Reporter.file`."""

    def begin(self, name: str) -> None:
        """As `Reporter.begin`."""

    def again(self, attempt: int, displayed: Sequence[Displayed]) -> None:
        """As `Reporter.again`."""

    def tell(self, message: str) -> None:
        """As `Reporter.tell`."""

    def end(self, outcome: Outcome) -> None:
        """As `Reporter.end`."""


def plain(text: str) -> str:
    """Replace control characters, and others that are not printable."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class TextReport:
    """Writes as ``ipptool -t`` does: a line for each test with its mark, and below it why it failed."""

    def __init__(self, file: IO[str] | None = None) -> None:
        self._file = file or sys.stdout
        self._name = ""

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()

    def file(self, path: Path) -> None:
        """As `Reporter.file`."""
        self._write(f'"{plain(str(path))}":\n')

    def begin(self, name: str) -> None:
        """As `Reporter.begin`."""
        self._name = plain(name)[:_NAME]
        self._write(f"    {self._name:{_NAME}} [")

    def again(self, attempt: int, displayed: Sequence[Displayed]) -> None:
        """As `Reporter.again`."""
        self._write(f"{attempt:04}]\n{_shown(displayed)}    {self._name:{_NAME}} [")

    def tell(self, message: str) -> None:
        """As `Reporter.tell`."""
        self._write(f"CONT]\n\n{plain(message)}\n\n    {self._name:{_NAME}} [")

    def end(self, outcome: Outcome) -> None:
        """As `Reporter.end`."""
        self._write(f"{outcome.mark}]\n")
        if outcome.mark == FAIL:
            if outcome.status:
                self._write(f"        RECEIVED: {outcome.octets} bytes in response\n")
                said = f" ({plain(outcome.message)})" if outcome.message else ""
                self._write(f"        status-code = {outcome.status}{said}\n")
            self._write("".join(f"        {plain(words)}\n" for words in outcome.words))
        self._write(_shown(outcome.displayed))

    def summary(self, summary: Summary) -> None:
        """Write the summary and the score, if there are several tests."""
        total = len(summary.outcomes)
        if total > 1:
            passed, failed, skipped = (summary.count(mark) for mark in (PASS, FAIL, SKIP))
            score = 100 * (passed + skipped) // total
            self._write(
                f"\nSummary: {total} tests, {passed} passed, {failed} failed, {skipped} skipped\nScore: {score}%\n"
            )


def _shown(displayed: Sequence[Displayed]) -> str:
    return "".join(f"        {plain(each.name)} ({each.syntax}) = {plain(each.value)}\n" for each in displayed)
