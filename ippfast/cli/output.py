"""What a command prints: lines for people, or one JSON document for programs.

The rule of this file: a command says both at one place, and JSON is ASCII, so that no terminal takes it for more.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.cells import cell_len

from .terminal import Terminal
from .text import Line, Span

__all__ = ["Output", "table"]


class Output:
    """Standard output of one command."""

    def __init__(self, terminal: Terminal, as_json: bool) -> None:
        self.terminal = terminal
        self.as_json = as_json

    def show(self, data: Any, lines: Callable[[], Iterable[Line]]) -> None:
        """Print the data as JSON, or the lines, whichever was asked for."""
        self.terminal.print([[Span(json.dumps(data, indent=2))]] if self.as_json else lines())

    def say(self, *spans: Span | str) -> None:
        """Print a line for people, where they are who reads."""
        if not self.as_json:
            self.terminal.print([[span if isinstance(span, Span) else Span(span) for span in spans]])


def table(heads: Sequence[str], rows: Iterable[Sequence[Span | str]]) -> Iterable[Line]:
    """Columns, as wide as the widest cell of each; the last one is not padded."""
    cells = [[cell if isinstance(cell, Span) else Span(cell) for cell in row] for row in rows]
    cells.insert(0, [Span(head, "quiet") for head in heads])
    widths = [max(cell_len(row[column].text) for row in cells) for column in range(len(heads))]
    for row in cells:
        line: Line = []
        for column, cell in enumerate(row):
            last = column == len(row) - 1
            line.append(cell)
            if not last:
                line.append(Span(" " * (widths[column] - cell_len(cell.text) + 2)))
        yield line
