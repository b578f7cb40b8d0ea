"""What a printer says of itself, in the terms of a plan.

The rule of this file: what a printer leaves out is None or empty and never an error, and what it spells in a way of its
own is read as it was meant. What follows from it is decided in `planning`.
"""

import re
from collections.abc import Iterator
from functools import cached_property

from ..codec import AttributeGroup, Collection
from ..media import parse_media_name
from ..raster.pages import PWG, SHEET_BACKS, URF
from ..values import OutOfBand, RangeOfInteger, Resolution, StringWithLanguage
from .plans import Sheet

__all__ = ["Offer", "Printer"]

_MOST_RESOLUTION = 4800
_LEAST_RESOLUTION = 75  # dots per inch; printers that announce less made a mistake, such as 600x2
_MARGINS = tuple(f"media-{side}-margin" for side in ("left", "top", "right", "bottom"))
_URF_TYPES = {"W8": "sgray_8", "SRGB24": "srgb_8"}
_DM = dict(enumerate(SHEET_BACKS, 1))


class Offer:
    """What a printer says of one raster format.

    format: its media type. types: keywords such as ``srgb_8``. resolutions: in dots per inch, in order. back: how the
    back side of a sheet is to be drawn; None if it does not say. copies: whether it prints several by itself.
    """

    def __init__(self, format_: str, types: set[str], resolutions: list[int], back: str | None, copies: bool) -> None:
        self.format = format_
        self.types = types
        self.resolutions = resolutions
        self.back = back
        self.copies = copies

    @property
    def complete(self) -> bool:
        """Whether the printer says all that a plan needs, so that nothing has to be guessed."""
        return bool(self.types and self.resolutions)


class Printer:
    """A printer's attributes (RFC 8011 section 5.4, PWG 5100.13), read for a plan."""

    def __init__(self, attributes: AttributeGroup) -> None:
        self._attributes = attributes
        self.formats = [str(each).lower() for each in self.values("document-format-supported")]
        self.model = self.word("printer-make-and-model") or ""

    def values(self, name: str) -> list[object]:
        """The values of an attribute; none if the printer has none, or says that it knows none."""
        attribute = self._attributes.get(name)
        found = () if attribute is None else attribute.values
        plain = (each.string if isinstance(each, StringWithLanguage) else each for each in found)
        return [each for each in plain if not isinstance(each, OutOfBand)]

    def word(self, name: str) -> str | None:
        """The first value that is a string."""
        return next((each for each in self.values(name) if isinstance(each, str)), None)

    def number(self, name: str) -> int | None:
        """The first value that is a number."""
        return next((each for each in self.values(name) if isinstance(each, int)), None)

    def has(self, name: str, value: object) -> bool:
        """Whether a value is among those of an attribute, as such or in a range."""
        for each in self.values(name):
            if each == value and isinstance(each, bool) == isinstance(value, bool):
                return True
            if isinstance(each, RangeOfInteger) and isinstance(value, int) and each.lower <= value <= each.upper:
                return True
        return False

    def color(self) -> bool | None:
        """Whether it prints in colour; None if it does not say (Kyocera's M2040dn takes sRGB and has no colour)."""
        said = self.values("color-supported")
        if said and isinstance(said[0], bool):
            return said[0]
        modes = self.values("print-color-mode-supported")
        return "color" in modes or "auto" in modes if modes else None

    def copies_are_ours(self) -> bool:
        """Whether copies depend on the format, and so are left out of raster (PWG 5100.13 section 5.6.6)."""
        varying = self.values("document-format-varying-attributes")
        return "copies" in varying or "copies-supported" in varying

    # The raster formats.

    def offer(self, format_: str) -> Offer | None:
        """What it says of PWG or URF; None if it does not take that format."""
        if format_ not in self.formats:
            return None
        return self._urf() if format_ == URF else self._pwg()

    def _pwg(self) -> Offer:
        types = {
            str(each).lower().replace("-", "_").replace("adobe_rgb", "adobe-rgb")
            for each in self.values("pwg-raster-document-type-supported")
        }
        resolutions = _square(self.values("pwg-raster-document-resolution-supported"))
        back = self.word("pwg-raster-document-sheet-back")
        back = back.lower() if back is not None and back.lower() in SHEET_BACKS else None
        return Offer(PWG, types, resolutions, back, not self.copies_are_ours())

    def _urf(self) -> Offer:
        types, resolutions, back, copies = set(), [], None, not self.copies_are_ours()
        for word in map(str, self.values("urf-supported")):
            key, numbers = _urf_word(word.upper())
            if key == "RS":
                resolutions = sorted({each for each in numbers if _LEAST_RESOLUTION <= each <= _MOST_RESOLUTION})
            elif key == "DM" and numbers:
                back = _DM.get(numbers[0])
            elif key == "CP" and numbers:
                copies = copies and max(numbers) > 1
            for depth in numbers:
                if (found := _URF_TYPES.get(f"{key}{depth}")) is not None:
                    types.add(found)
        return Offer(URF, types, resolutions, back, copies)

    def default_resolution(self) -> int | None:
        """printer-resolution-default, in dots per inch."""
        return next(iter(_square(self.values("printer-resolution-default"))), None)

    # The sheets.

    def ready_sheets(self) -> list[Sheet]:
        """The sheets that are loaded, with their margins if the printer says them."""
        found = list(self._collections("media-col-ready"))
        return found or [sheet for sheet in map(self.sheet_named, self.values("media-ready")) if sheet is not None]

    def default_sheet(self) -> Sheet | None:
        """The sheet that it prints on if a job names none."""
        named = next((self.sheet_named(each) for each in self.values("media-default")), None)
        return next(self._collections("media-col-default"), None) or named

    def sheet_named(self, name: object) -> Sheet | None:
        """A sheet with a self-describing name; None if the name tells no size."""
        size = parse_media_name(name)
        if size is None:
            return None
        return Sheet(str(name), size.width, size.length, self.margins(size.width, size.length))

    def sheet_of(self, media: Collection) -> Sheet | None:
        """The sheet of a media-col; None if it has no size."""
        width, length = _dimensions(media)
        if not width or not length:
            named = next((str(media[key].values[0]) for key in ("media-size-name", "media-key") if key in media), None)
            sheet = self.sheet_named(named)
            if sheet is None:
                return None
            width, length = sheet.width, sheet.length
        own = [_member(media, name) for name in _MARGINS]
        margins = self.margins(width, length)
        left, top, right, bottom = (there if said is None else said for said, there in zip(own, margins, strict=True))
        return Sheet(self.name_of(width, length), width, length, (left, top, right, bottom))

    def name_of(self, width: int, length: int) -> str:
        """The name that the printer, or else PWG 5101.1 section 5, has for a size."""
        return self._names.get((width, length), f"custom_{width}x{length}_{width / 100:g}x{length / 100:g}mm")

    @cached_property
    def _names(self) -> dict[tuple[int, int], str]:
        names = (*self.values("media-ready"), *self.values("media-default"), *self.values("media-supported"))
        sizes = [(str(name), parse_media_name(name)) for name in names]
        found: dict[tuple[int, int], str] = {}
        # A plain name comes before that of a variant, such as "_borderless".
        for name, size in sorted(sizes, key=lambda each: each[0].count("_") > 2):
            if size is not None and not size.name.startswith(
                ("min", "max")
            ):  # these names are the bounds of custom sizes, and no sheets
                found.setdefault((size.width, size.length), name)
        return found

    def margins(self, width: int, length: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom: the smallest for this size that are not zero, else the printer's smallest."""
        for sheet in self._offered():
            if abs(sheet.width - width) <= 100 and abs(sheet.length - length) <= 100 and any(sheet.margins):
                return sheet.margins
        left, top, right, bottom = (
            min((each for each in self.values(f"{name}-supported") if isinstance(each, int) and each > 0), default=0)
            for name in _MARGINS
        )
        return left, top, right, bottom

    def borderless(self, width: int, length: int) -> bool:
        """Whether this size is offered without margins."""
        offered = [sheet for sheet in self._offered() if abs(sheet.width - width) <= 100]
        offered = [sheet for sheet in offered if abs(sheet.length - length) <= 100]
        if any(not any(sheet.margins) for sheet in offered):
            return True
        return not offered and all(self.has(f"{name}-supported", 0) for name in _MARGINS)

    def _offered(self) -> list[Sheet]:
        """The sheets whose margins the printer says; margins vary with size and tray."""
        return [*self._collections("media-col-ready"), *self._collections("media-col-database")]

    def _collections(self, name: str) -> Iterator[Sheet]:
        for media in self.values(name):
            if isinstance(media, Collection):
                width, length = _dimensions(media)
                margins = [_member(media, each) or 0 for each in _MARGINS]
                if width and length:
                    left, top, right, bottom = margins
                    yield Sheet(self.name_of(width, length), width, length, (left, top, right, bottom))


def _urf_word(word: str) -> tuple[str, list[int]]:
    """``RS300-600`` as ``RS`` and its numbers."""
    match = re.fullmatch(r"([A-Z]+)([0-9][0-9.-]*)?", word)
    if match is None:
        return word, []
    return match[1], [int(each) for each in re.findall(r"[0-9]{1,6}", match[2] or "")]


def _square(values: list[object]) -> list[int]:
    """Resolutions in dots per inch, in order, but those that differ by direction."""
    found = set()
    for each in values:
        if isinstance(each, Resolution) and each.cross_feed == each.feed:
            dots = each.feed if each.units == 3 else round(each.feed * 2.54)
            if _LEAST_RESOLUTION <= dots <= _MOST_RESOLUTION:
                found.add(dots)
    return sorted(found)


def _dimensions(media: Collection) -> tuple[int, int]:
    size = media["media-size"].values[0] if "media-size" in media else None
    if not isinstance(size, Collection):
        return 0, 0
    return _member(size, "x-dimension") or 0, _member(size, "y-dimension") or 0


def _member(collection: Collection, name: str) -> int | None:
    attribute = collection.get(name)
    value = None if attribute is None else attribute.values[0]
    return value if isinstance(value, int) and value >= 0 else None
