"""What a command prints: lines for people, or one JSON document for programs.

The rule of this file: a command gives both in one place, and JSON is ASCII, so that it cannot control a terminal. With
--json standard output is JSON whatever happens: a failure is the member ``error`` of the document.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import click
from rich.cells import cell_len

from .failures import INTERRUPTED, Failure, Refused
from .terminal import Terminal
from .text import Line, Span

__all__ = ["Output", "Told", "table", "tell_failure", "wrapped"]


class Told(Failure):
    """A failure that the command's JSON tells already."""


class Output:
    """Standard output of one command; its JSON document is printed when the command ends."""

    def __init__(self, terminal: Terminal, as_json: bool) -> None:
        self.terminal = terminal
        self.as_json = as_json
        self._document: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.as_json:
            return
        failure = Failure("interrupted", INTERRUPTED) if isinstance(error, KeyboardInterrupt) else error
        if isinstance(failure, click.ClickException):
            self._document |= _failure_data(failure)
        if self._document:
            self.terminal.print([[Span(json.dumps(self._document, indent=2))]])
        if isinstance(failure, click.ClickException):
            raise Told(failure.format_message(), failure.exit_code) from error

    def show(self, data: dict[str, Any], lines: Callable[[], Iterable[Line]]) -> None:
        """Print the lines, or put the data into the document, whichever was asked for."""
        if self.as_json:
            self._document |= data
        else:
            self.terminal.print(lines())

    def event(self, data: dict[str, Any], line: Line) -> None:
        """Print a line at once, with --json an object of its own: for commands that print any number of them."""
        self.terminal.print([[Span(json.dumps(data))]] if self.as_json else [line])

    def say(self, *spans: Span | str) -> None:
        """Print a line for people; with --json, nothing."""
        if not self.as_json:
            self.terminal.print([[span if isinstance(span, Span) else Span(span) for span in spans]])


def tell_failure(failure: click.ClickException) -> None:
    """Print the document of a command that could not begin."""
    click.echo(json.dumps(_failure_data(failure), indent=2))


def _failure_data(failure: click.ClickException) -> dict[str, Any]:
    data: dict[str, Any] = {"message": failure.format_message(), "exit-status": failure.exit_code}
    if isinstance(failure, Refused):
        status = failure.answer.status
        data |= {"status-code": int(failure.answer.code), "status-code-keyword": str(status)}
    return {"error": data}


def table(heads: Sequence[str], rows: Iterable[Sequence[Span | str]], width: int | None = None) -> Iterable[Line]:
    """Columns, as wide as the widest cell of each; the last one is not padded.

    width: of the terminal, None for any. If the columns do not fit, their cells are broken between words. If the words
    do not fit side by side, each row becomes a block with a line for each column.
    """
    cells = [[cell if isinstance(cell, Span) else Span(cell) for cell in row] for row in rows]
    named = [Span(head, "quiet") for head in heads]
    widths = _widths([named, *cells], width)
    if widths is None:
        yield from _blocks(named, cells, width)
        return
    for row in [named, *cells]:
        broken = [wrapped(cell.text, widths[column]) for column, cell in enumerate(row)]
        for number in range(max(map(len, broken))):
            line: Line = []
            for column, cell in enumerate(row):
                text = broken[column][number] if number < len(broken[column]) else ""
                line.append(Span(text, cell.style))
                if column < len(row) - 1:
                    line.append(Span(" " * (widths[column] - cell_len(text) + _GAP)))
            yield line


_GAP = 2


def _widths(rows: Sequence[Sequence[Span]], width: int | None) -> list[int] | None:
    """How wide each column is to be; None: its words do not fit."""
    columns = [[cell.text for cell in column] for column in zip(*rows, strict=True)]
    widths = [max(map(cell_len, column)) for column in columns]
    if width is None:
        return widths
    least = [max(cell_len(word) for text in column for word in text.split() or [""]) for column in columns]
    space = width - _GAP * (len(columns) - 1)
    if sum(least) > space:
        return None
    while sum(widths) > space:  # the column that can shrink most shrinks
        column = max(range(len(widths)), key=lambda each: widths[each] - least[each])
        widths[column] -= min(sum(widths) - space, max(1, (widths[column] - least[column]) // 2))
    return widths


def _blocks(heads: Sequence[Span], rows: Iterable[Sequence[Span]], width: int | None) -> Iterator[Line]:
    margin = max(cell_len(head.text) for head in heads) + _GAP
    for number, row in enumerate(rows):
        if number:
            yield []
        for head, cell in zip(heads, row, strict=True):
            lines = wrapped(cell.text, None if width is None else width - margin)
            yield [head, Span(" " * (margin - cell_len(head.text))), Span(lines[0], cell.style)]
            yield from ([Span(" " * margin), Span(line, cell.style)] for line in lines[1:])


def wrapped(text: str, width: int | None) -> list[str]:
    """The lines of a text, at least one, broken between words: a word that is longer than the width stays whole."""
    if width is None or cell_len(text) <= width:
        return [text]
    lines: list[str] = []
    for word in text.split():
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]
