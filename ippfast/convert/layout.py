"""Where pages go: which of them are on each side, how large, and which way round.

The rule of this file: pure arithmetic. Places on paper are pixels from its upper left corner; the sizes of pages are
points. Turns are quarters, counterclockwise.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .errors import PlanError
from .plans import Raster

__all__ = ["Placement", "sides_of"]

_GAP = 20  # the gap between pages on one side is this part of its shorter edge
_SAME = 0.012  # a page whose size differs by no more than this part counts as of the sheet's size
_ORIENTATIONS = {3: 0, 4: 1, 5: 3, 6: 2}  # orientation-requested (RFC 8011 section 5.2.10)


class Placement(NamedTuple):
    """One page on a side: its number from 0, its box in pixels, and by how many quarters it is turned."""

    page: int
    x: int
    y: int
    width: int
    height: int
    turn: int


def sides_of(sizes: Sequence[tuple[float, float]], raster: Raster, most: int = 100_000) -> list[list[Placement]]:
    """Tell which pages are on each side, in the order in which sides are sent. A blank side has none.

    sizes: width and height of each page of the document in points. most: how many sides there may be.

    Raises PlanError if the page-ranges leave no page, or there are too many sides.
    """
    chosen = list(range(len(sizes)))
    if raster.pages:
        chosen = [page for page in chosen if any(lower <= page + 1 <= upper for lower, upper in raster.pages)]
    if not chosen:
        raise PlanError(f"there is no page to print: the document has {len(sizes)}")
    up = raster.number_up
    if -(-len(chosen) // up) * raster.copies > most:
        raise PlanError(f"more than {most:,} sides are too many for one job")
    sides = [_side(chosen[first : first + up], sizes, raster) for first in range(0, len(chosen), up)]
    if raster.copies == 1:
        return sides
    if not raster.collate:
        step = 2 if raster.two_sided else 1
        sheets = [_whole(sides[first : first + step], step) for first in range(0, len(sides), step)]
        return [side for sheet in sheets for _ in range(raster.copies) for side in sheet]
    # Each copy begins on a new sheet; the last one may end on a front side.
    return _whole(sides, 2 if raster.two_sided else 1) * (raster.copies - 1) + sides


def _whole(sides: list[list[Placement]], step: int) -> list[list[Placement]]:
    """Add a blank back side if a sheet lacks it."""
    return sides + [[]] * (-len(sides) % step)


def _side(pages: Sequence[int], sizes: Sequence[tuple[float, float]], raster: Raster) -> list[Placement]:
    """Place the pages of one side in the grid that makes the first of them largest."""
    sheet, dots = raster.sheet, raster.resolution
    width, height = sheet.pixels(dots)
    margins = [each * dots / 2540 for each in sheet.margins]
    turns = [_ORIENTATIONS[raster.orientation]] if raster.orientation in _ORIENTATIONS else [0, 1]
    up = raster.number_up
    grids = [(turn, up // rows, rows) for turn in turns for rows in range(1, up + 1) if up % rows == 0]
    first = sizes[pages[0]]

    def scale(grid: tuple[int, int, int]) -> float:
        turn, columns, rows = grid
        across, down = (width, height) if turn % 2 == 0 else (height, width)
        return min(across / columns / max(first[0], 1), down / rows / max(first[1], 1))

    turn, columns, rows = max(grids, key=scale)
    across, down = (width, height) if turn % 2 == 0 else (height, width)
    left, top, right, bottom = margins[-turn:] + margins[:-turn]
    area = (left, top, across - left - right, down - top - bottom)
    gap = min(across, down) / _GAP if up > 1 else 0.0
    cell_width = (area[2] - gap * (columns - 1)) / columns
    cell_height = (area[3] - gap * (rows - 1)) / rows
    found = []
    for place, page in enumerate(pages):
        row, column = divmod(place, columns)
        cell = (
            area[0] + column * (cell_width + gap),
            area[1] + row * (cell_height + gap),
            cell_width,
            cell_height,
        )
        box = _box(sizes[page], cell, (across, down), raster)
        found.append(_turned(page, box, turn, width, height))
    return found


_Box = tuple[float, float, float, float]


def _box(size: tuple[float, float], cell: _Box, paper: tuple[int, int], raster: Raster) -> _Box:
    """Place a page in its cell, by print-scaling (PWG 5100.16 section 8.1.1)."""
    actual = [max(each, 1.0) * raster.resolution / 72 for each in size]
    x, y, width, height = cell
    scaling = raster.scaling
    if raster.number_up == 1:
        whole = (0.0, 0.0, float(paper[0]), float(paper[1]))
        if all(abs(mine / its - 1) <= _SAME for mine, its in zip(actual, paper, strict=True)) and scaling != "fit":
            return whole  # it was made for this sheet, margins and all
        if scaling in ("auto", "auto-fit"):
            scaling = "none" if actual[0] <= width and actual[1] <= height else "fit"
        if scaling == "none":
            x, y, width, height = whole
    else:
        scaling = "fit"
    by = [width / actual[0], height / actual[1]]
    factor = {"none": 1.0, "fill": max(by)}.get(scaling, min(by))
    across, down = actual[0] * factor, actual[1] * factor
    return x + (width - across) / 2, y + (height - down) / 2, across, down


def _turned(page: int, box: _Box, turn: int, width: int, height: int) -> Placement:
    """Turn a box from the paper as it is read to the sheet as it is fed."""
    x, y, across, down = box
    if turn == 1:
        x, y, across, down = y, height - x - across, down, across
    elif turn == 2:
        x, y = width - x - across, height - y - down
    elif turn == 3:
        x, y, across, down = width - y - down, x, down, across
    left, top = round(x), round(y)
    return Placement(page, left, top, max(round(x + across) - left, 1), max(round(y + down) - top, 1), turn)
