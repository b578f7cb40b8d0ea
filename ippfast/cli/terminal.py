"""Writes lines to standard output: on a terminal with colour, and broken at its width.

The rule of this file: rich decides whether there is colour and what octets make it, once for each style; lines
are then put together as plain strings, since rendering each takes rich a hundred times as long.
"""

import io
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, TypeVar

import click

from .text import Line, escape

__all__ = ["STYLES", "Terminal", "name_of", "terminal_options"]

# These are of the 16 colours that every terminal has, since its user chose how they look.
STYLES = {
    "http": "yellow",
    "group": "bold",
    "code": "bold",
    "document": "bold",
    "name": "cyan",
    "tag": "dim",
    "quiet": "dim",
    "enum": "green",
    "out-of-band": "magenta",
    "malformed": "bold red",
    "warning": "yellow",
}

_FORCED = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""The environment variables that make rich take a file for a terminal."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def terminal_options(command: _Command) -> _Command:
    """Adds the options that `Terminal` takes."""
    color = click.option(
        "--color/--no-color",
        default=None,
        help="Use colour, or do not. By default on a terminal, unless NO_COLOR is set.",
    )
    width = click.option(
        "--width",
        type=click.IntRange(min=20),
        metavar="COLUMNS",
        help="Break long lines. By default at a terminal's width; a file or pipe gets them whole.",
    )
    return color(width(command))


def name_of(file: BinaryIO) -> str:
    """The name of an opened file, for messages."""
    return escape(str(getattr(file, "name", "<stdin>")))


class Terminal:
    """Standard output, for lines of styled text."""

    def __init__(self, color: bool | None = None, width: int | None = None) -> None:
        self._stream = sys.stdout
        if isinstance(
            self._stream, io.TextIOWrapper
        ):  # a character that its encoding lacks must not be an error half-way
            self._stream.reconfigure(errors="backslashreplace")
        self.width = width
        """The width at which lines are broken; None: they are not."""
        if self._stream.isatty() or any(name in os.environ for name in _FORCED):
            from rich.console import Console  # which takes long to load

            console = Console(file=self._stream)
            if color is None:
                color = console.is_terminal and not console.no_color and console.color_system is not None
            if width is None and self._stream.isatty():
                self.width = console.width
        self._styles = {"": ("", "")}
        self._styles |= {style: _escapes(definition, bool(color)) for style, definition in STYLES.items()}

    def print(self, lines: Iterable[Line]) -> None:
        styles = self._styles
        for line in lines:
            parts = []
            for text, style in line:
                begin, end = styles[style]
                parts.append(begin + text + end)
            self._stream.write("".join(parts) + "\n")
        self._stream.flush()  # before anything is said on standard error


def _escapes(definition: str, color: bool) -> tuple[str, str]:
    """The codes before and after text of a style."""
    if not color:
        return "", ""
    from rich.console import Console

    console = Console(force_terminal=True, color_system="standard", no_color=False)
    with console.capture() as capture:
        console.print("|", style=definition, end="")
    begin, _, end = capture.get().partition("|")
    return begin, end
