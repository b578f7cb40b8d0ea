"""A page of raster: its size, its kind of pixels, and what its header tells the printer.

The rule of this file: a `Page` that could be made can be written, in a format that has its kind of pixels. The words
are IPP's: keywords of "sides", "media-source", "pwg-raster-document-type-supported" and so on. What they are in octets
stands in `_headers.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = [
    "FORMATS",
    "MAX_LINE",
    "MAX_PIXELS",
    "PWG",
    "SHEET_BACKS",
    "SIDES",
    "TYPES",
    "URF",
    "ColorType",
    "Page",
    "back_transform",
    "pixels",
]

PWG: Final = "image/pwg-raster"
URF: Final = "image/urf"
FORMATS: Final = (PWG, URF)

MAX_PIXELS: Final = 0xFFFFFF
"""No width or height is larger, since libcups takes no more."""

MAX_LINE: Final = 16 * 1024 * 1024
"""No line has more octets, since libcups takes no more."""

SIDES: Final = ("one-sided", "two-sided-long-edge", "two-sided-short-edge")
SHEET_BACKS: Final = ("normal", "flipped", "rotated", "manual-tumble")
"""These are the keywords of "pwg-raster-document-sheet-back" (PWG 5102.4). URF's DM1, DM2, DM3 and DM4 mean the same,
in this order."""

_DEEP, _DEEPER = (8, 16), (1, 8, 16)
_SPACES: dict[str, tuple[int, tuple[int, ...], bool]] = {
    # components, bits of each, whether all bits set is white
    "sgray": (1, _DEEPER, True),
    "srgb": (3, _DEEP, True),
    "adobe-rgb": (3, _DEEP, True),
    "gray": (1, _DEEPER, True),
    "rgb": (3, _DEEP, True),
    "lab": (3, _DEEP, False),
    "black": (1, _DEEPER, False),
    "cmyk": (4, _DEEP, False),
    **{f"device{number}": (number, _DEEP, False) for number in range(1, 16)},
}


class ColorType(NamedTuple):
    """A kind of pixels, as a keyword of "pwg-raster-document-type-supported" names it: ``srgb_8``.

    space: the part before the ``_``. components: how many samples a pixel has. bits: of each sample. white: the octet
    that white paper is made of. `TYPES` has all that there are.
    """

    space: str
    components: int
    bits: int
    white: int

    @property
    def bits_per_pixel(self) -> int:
        """The bits of all samples of a pixel together."""
        return self.components * self.bits

    @property
    def unit(self) -> int:
        """The octets that are repeated together in an encoded line: those of a pixel, and one if a pixel is less."""
        return max(self.bits_per_pixel // 8, 1)


TYPES: Final = {
    f"{space}_{bits}": ColorType(space, components, bits, 0xFF if bright else 0)
    for space, (components, depths, bright) in _SPACES.items()
    for bits in depths
}
"""These are all kinds of pixels. PWG Raster has no ``gray`` and ``lab``, URF no ``black`` and ``device``.

``gray`` and ``rgb`` are a device's own colours, URF's DEVW and DEVRGB; ``sgray`` and ``srgb`` are URF's W and SRGB.
"""

_NAME_OCTETS = 63  # a header has room for 64, the last one being NUL


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One side of a sheet, as its header describes it.

    width, height: pixels, 1 to 16,777,215; a line has at most 16 MiB. Usually the whole sheet's: see `pixels`.
    type: a key of `TYPES`. resolution: dots per inch, cross-feed (along a line) and feed; URF has only equal ones.
    sides: "sides". transform: 1 or -1 for cross-feed and feed, -1 if the printer needs this side mirrored along that
    axis; the Writer mirrors it, and a Reader gives the lines as they are: see `back_transform`.
    print_quality: 3, 4, 5, or 0 for the printer's own. media_type, media_source: "media-type" and "media-source";
    URF has numbers for some, the rest becomes ``other`` and ``auto``.

    In PWG Raster alone: media_color, print_content_optimize, rendering_intent: the keywords; "" says nothing.
    size_name: "media-size-name". page_size: whole points, (0, 0): those of the pixels. copies: of this page, one after
    the other. orientation: 0 to 3. media_weight: grams per square metre, 0: unknown.

    Raises ValueError for what no header can hold.
    """

    width: int
    height: int
    type: str
    resolution: tuple[int, int]
    sides: str = "one-sided"
    transform: tuple[int, int] = (1, 1)
    print_quality: int = 0
    media_type: str = ""
    media_source: str = "auto"
    media_color: str = ""
    media_weight: int = 0
    print_content_optimize: str = ""
    rendering_intent: str = ""
    size_name: str = ""
    page_size: tuple[int, int] = (0, 0)
    copies: int = 1
    orientation: int = 0

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"{self.type!r} is no kind of pixels: {', '.join(TYPES)}")
        for name in ("width", "height"):
            _whole(name, getattr(self, name), 1, MAX_PIXELS)
        if self.bytes_per_line > MAX_LINE:
            raise ValueError(f"a line has at most {MAX_LINE:,} octets, not {self.bytes_per_line:,}")
        for dots in _pair("resolution", self.resolution):
            _whole("resolution", dots, 1, 0x7FFFFFFF)
        if self.sides not in SIDES:
            raise ValueError(f"sides is one of {', '.join(SIDES)}, not {self.sides!r}")
        if not {*_pair("transform", self.transform)} <= {1, -1}:
            raise ValueError(f"transform is 1 or -1 for each axis, not {self.transform!r}")
        for points in _pair("page_size", self.page_size):
            _whole("page_size", points, 0, 0x7FFFFFFF)
        if self.print_quality not in (0, 3, 4, 5):
            raise ValueError(f"print_quality is 0, 3, 4 or 5, not {self.print_quality!r}")
        _whole("copies", self.copies, 1, 0x7FFFFFFF)
        _whole("orientation", self.orientation, 0, 3)
        _whole("media_weight", self.media_weight, 0, 0x7FFFFFFF)
        for name in (
            "media_type",
            "media_source",
            "media_color",
            "print_content_optimize",
            "rendering_intent",
            "size_name",
        ):
            text = getattr(self, name)
            if not re.fullmatch(rf"[\x20-\x7e]{{0,{_NAME_OCTETS}}}", text):
                raise ValueError(f"{name} has at most {_NAME_OCTETS} ASCII characters, not {text!r}")

    @property
    def color(self) -> ColorType:
        """What `type` names."""
        return TYPES[self.type]

    @property
    def bytes_per_line(self) -> int:
        """The octets of a line: its pixels, and in the last octet what is left over."""
        return -(-self.width * self.color.bits_per_pixel // 8)

    def bands(self, rows: int) -> Iterator[tuple[int, int]]:
        """Divide the page into bands of at most `rows` lines: (top, rows) of each, in the order that the Writer needs.

        The order is from the top down, or from the bottom up if the page is mirrored along the feed.
        """
        _whole("rows", rows, 1, MAX_PIXELS)
        tops = range(0, self.height, rows)
        for top in tops if self.transform[1] == 1 else reversed(tops):
            yield top, min(rows, self.height - top)


def _whole(name: str, number: int, least: int, most: int) -> None:
    if type(number) is not int or not least <= number <= most:
        raise ValueError(f"{name} is an int from {least} to {most:,}, not {number!r}")


def _pair(name: str, pair: tuple[int, int]) -> tuple[int, int]:
    if type(pair) is not tuple or len(pair) != 2:
        raise ValueError(f"{name} is a pair, not {pair!r}")
    return pair


_BACKS = {
    ("flipped", "two-sided-long-edge"): (1, -1),
    ("flipped", "two-sided-short-edge"): (-1, 1),
    ("rotated", "two-sided-long-edge"): (-1, -1),
    ("manual-tumble", "two-sided-short-edge"): (-1, -1),
}


def back_transform(sheet_back: str, sides: str) -> tuple[int, int]:
    """`Page.transform` of the back side of a sheet (PWG 5102.4, "pwg-raster-document-sheet-back").

    sheet_back: one of `SHEET_BACKS`. sides: one of `SIDES`. Raises ValueError for others. A front side's is (1, 1).
    """
    if sheet_back not in SHEET_BACKS:
        raise ValueError(f"sheet_back is one of {', '.join(SHEET_BACKS)}, not {sheet_back!r}")
    if sides not in SIDES:
        raise ValueError(f"sides is one of {', '.join(SIDES)}, not {sides!r}")
    return _BACKS.get((sheet_back, sides), (1, 1))


def pixels(hundredths: int, dots: int) -> int:
    """The pixels of a length in hundredths of a millimetre, the unit of IPP's media-size, at that many dots per inch.

    They are rounded down, as by CUPS, since printers refuse a page that is a pixel too large.
    """
    return hundredths * dots // 2540
