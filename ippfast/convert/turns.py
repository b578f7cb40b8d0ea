"""The raster of a document, drawn by one child process, or by two in turns.

The rule of this file: sides come in their order, whoever draws them, and all of them, or there is an error. A second
child begins once the document is long enough to gain by it, and there is a core for it.
"""

import contextlib
from collections.abc import Callable, Iterator

from .errors import RenderError
from .frames import Work, turn_of
from .plans import Raster
from .process import Child, Warn
from .starting import cores

__all__ = ["Progress", "pieces"]

Progress = Callable[[int, int], object]
"""This function is called when a side is drawn, with its number, counted from 1, and the number of all sides."""

_MANY = 30
"""A PDF with this many sides gains more by a second child than the child takes to start. For other documents each child
would have to make all pages."""


def pieces(
    first: Child,
    another: Callable[[], Child],
    format_: str,
    raster: Raster,
    *,
    progress: Progress | None = None,
    warn: Warn | None = None,
) -> Iterator[bytes]:
    """Give the octets of the raster in a format, as they are drawn.

    first: a child that has the document open. another: makes one more. Both are closed in the end.

    Raises RenderError if the document cannot be drawn to its end.
    """
    warned: set[str] = set()

    def warn_once(text: str) -> None:
        if warn is not None and text not in warned:
            warned.add(text)
            warn(text)

    with contextlib.ExitStack() as stack:
        stack.enter_context(first)
        original, pages = first.facts()
        turns = 2 if original.format == "application/pdf" and _sides(pages, raster) >= _MANY and cores() > 1 else 1
        children = [first]
        first.begin(Work(format=format_, raster=raster, turn=0, turns=turns))
        written = number = total = 0
        while number < total or not number:
            number += 1
            if number > 1 and len(children) < turns:  # not earlier: a printer waits for the first side
                try:
                    children.append(stack.enter_context(another()))
                except OSError as error:  # which a sender would take for the connection's
                    raise RenderError(f"the document cannot be opened once more: {error}") from error
                children[-1].begin(Work(format=format_, raster=raster, turn=1, turns=turns))
            child = children[turn_of(number, turns)]
            if child.facts() != (original, pages):
                raise RenderError("the document is another one than it was at first")
            for piece in child.side(warn_once):
                written += len(piece)
                if written > first.limits.output:
                    raise RenderError(f"its pages are more than {first.limits.output:,} octets")
                yield piece
            total = total or child.done[1]
            if child.done != (number, total):
                raise RenderError("its sides do not come in order")
            if progress is not None:
                progress(number, total)
        for child in children:
            child.end()


def _sides(pages: int, raster: Raster) -> int:
    """Count the sides, if page-ranges do not overlap."""
    if raster.pages:
        pages = sum(max(min(upper, pages) - lower + 1, 0) for lower, upper in raster.pages)
    return -(-pages // raster.number_up) * raster.copies
