"""A plan: in which format a document goes to a printer, why, and who does what on the way.

The rule of this file: plain values that can be compared, printed and kept. How they come about is in `planning`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..codec import Attribute
from ..raster.pages import back_transform, pixels

__all__ = ["COLOR_TYPES", "TYPES", "Plan", "Raster", "Sheet"]

COLOR_TYPES = ("srgb_8", "rgb_8")
TYPES = ("srgb_8", "rgb_8", "sgray_8", "black_8", "black_1")
"""Documents are drawn in these types of pixels, which are PWG's keywords. black_8 is the inverse of sgray_8."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of paper. Sizes are in hundredths of a millimetre, as in the ``media-size`` collection.

    name: its self-describing name (PWG 5101.1 section 5). margins: left, top, right and bottom; nothing prints there.
    """

    name: str
    width: int
    length: int
    margins: tuple[int, int, int, int]

    def pixels(self, resolution: int) -> tuple[int, int]:
        """Return width and height in whole pixels, rounded down: printers refuse a page that is a pixel too large."""
        return pixels(self.width, resolution), pixels(self.length, resolution)


@dataclass(frozen=True, slots=True)
class Raster:
    """How the pages are drawn.

    resolution: in dots per inch. type: of `TYPES`. gray: whether colours are drawn as gray. sides: as in the attribute
    of that name. back: how the printer wants back sides (`SHEET_BACKS`). copies: how many are drawn; collate: one after
    the other. pages: ranges of the pages of the document, all if there are none. number_up: how many go on a side.
    scaling: as print-scaling. orientation: as orientation-requested, 0 for what suits each page. quality: as
    print-quality. smooth: whether edges are softened.
    """

    resolution: int
    type: str
    sheet: Sheet
    gray: bool = False
    sides: str = "one-sided"
    back: str = "normal"
    copies: int = 1
    collate: bool = True
    pages: tuple[tuple[int, int], ...] = ()
    number_up: int = 1
    scaling: str = "auto"
    orientation: int = 0
    quality: int = 4
    media_type: str = ""
    media_source: str = ""
    smooth: bool = True

    @property
    def two_sided(self) -> bool:
        return self.sides.startswith("two-sided")

    @property
    def transform(self) -> tuple[int, int]:
        """How back sides are turned: see `back_transform`."""
        return back_transform(self.back, self.sides)


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a document. ``print(plan)`` shows it.

    source: the document's format. format: what is sent. why: the reasons, for people. raster: how it is drawn; None if
    it is sent untouched. job: the job attributes that are sent, by name. stripped: the names of those that are not,
    since what they ask for is done here.
    """

    source: str
    format: str
    why: tuple[str, ...]
    raster: Raster | None
    job: Mapping[str, Attribute] = field(default_factory=dict)
    stripped: tuple[str, ...] = ()

    @property
    def untouched(self) -> bool:
        """Whether the document is sent as it is."""
        return self.raster is None

    @property
    def summary(self) -> str:
        """One line: ``image/urf, 300 dpi, srgb_8, iso_a4_210x297mm, two-sided-long-edge, back rotated``."""
        raster = self.raster
        if raster is None:
            return f"{self.format}, untouched"
        parts = [self.format, f"{raster.resolution} dpi", raster.type, raster.sheet.name, raster.sides]
        if raster.two_sided:
            parts.append(f"back {raster.back}")
        if raster.copies > 1:
            parts.append(f"{raster.copies} copies drawn")
        return ", ".join(parts)

    def __str__(self) -> str:
        lines = [f"{self.source} -> {self.summary}", *(f"  {reason}" for reason in self.why)]
        if self.job:
            lines.append(f"  asked of the printer: {', '.join(self.job)}")
        if self.stripped:
            lines.append(f"  done here: {', '.join(self.stripped)}")
        return "\n".join(lines)
