"""Decides what becomes of a document: the plan, from what a printer says and what a user wants.

The rule of this file: a pure function. It reads no file, asks no printer, and guesses only where nobody says anything;
each choice and each guess leaves its reason in the plan. The order of every choice: what was asked, what is known of
the model, what the printer says, what most printers take.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ..attributes import attribute
from ..codec import Attribute, AttributeGroup, Collection
from ..enums import OrientationRequested, PrintQuality
from ..raster.pages import PWG, SHEET_BACKS, URF
from ..tags import DelimiterTag
from ..values import RangeOfInteger, Resolution
from .answers import Offer, Printer
from .errors import NoWayError, PlanError
from .plans import COLOR_TYPES, Plan, Raster, Sheet
from .quirks import Quirk, quirk_of

__all__ = ["CONVERTIBLE", "Original", "plan_for"]

CONVERTIBLE = (
    "application/pdf",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/gif",
    "image/bmp",
    "image/webp",
    "text/plain",
)
"""Documents of these formats are drawn here. A document of any other format is sent as it is, or refused."""

_OURS = (
    "printer-resolution",
    "print-scaling",
    "page-ranges",
    "number-up",
    "orientation-requested",
    "presentation-direction-number-up",
)
"""These attributes of a job are done here if pages are drawn. They are not sent, since a printer would do them again,
or refuse them."""

_OF_COPIES = ("copies", "multiple-document-handling")
_GRAY_MODES = ("monochrome", "process-monochrome", "auto-monochrome", "bi-level", "process-bi-level", "highlight")
_SCALINGS = ("auto", "auto-fit", "fill", "fit", "none")
_NUMBERS_UP = (1, 2, 3, 4, 6, 8, 9, 12, 16)
_GUESSED_RESOLUTION = 300
_SAME_SIZE = 100  # a page may be 1 mm off
_SMOOTH_BELOW = 400  # dpi; with more, smooth edges cost twice the octets and nobody sees them
_A4 = Sheet("iso_a4_210x297mm", 21000, 29700, (423, 423, 423, 423))


class Original(NamedTuple):
    """What is known of a document: its format, and the size of its first page in hundredths of a millimetre, or 0."""

    format: str
    width: int = 0
    length: int = 0


def plan_for(
    original: Original,
    attributes: AttributeGroup,
    job: Mapping[str, object],
    *,
    to: str | None = None,
    dpi: int | None = None,
    gray: bool = False,
    back: str | None = None,
    convert: bool = True,
) -> Plan:
    """The plan for a document and a printer.

    attributes: the printer's. job: the attributes of the job, by name, as `ippfast.attributes.attribute` takes them.
    to: the format to send, whatever the printer says. dpi: the resolution. gray: no colour. back: how back sides are
    drawn, of `SHEET_BACKS`. convert: False sends the document untouched.

    Raises PlanError if there is no way, RegistryError for attributes that are none.
    """
    if back is not None and back not in SHEET_BACKS:
        raise PlanError(f"expected a back side of {', '.join(SHEET_BACKS)}, found {back}")
    return _Planner(original, Printer(attributes), job, to, dpi, gray, back, convert).plan()


class _Planner:
    def __init__(
        self,
        original: Original,
        printer: Printer,
        job: Mapping[str, object],
        to: str | None,
        dpi: int | None,
        gray: bool,
        back: str | None,
        convert: bool,
    ) -> None:
        self._original = original
        self._printer = printer
        self._quirk = quirk_of(printer.model) or Quirk("")
        self._to = None if to is None else to.lower()
        self._dpi = dpi
        self._gray = gray
        self._back = back
        self._convert = convert
        self._why: list[str] = []
        self._job = {name: attribute(name, value, group=DelimiterTag.JOB) for name, value in job.items()}
        if gray:
            self._ask("print-color-mode", "monochrome")

    def plan(self) -> Plan:
        offer = self._offer()
        if offer is None:
            if self._dpi is not None:
                self._ask("printer-resolution", Resolution(self._dpi, self._dpi, 3))
            format_ = self._original.format
            return Plan(format_, format_, tuple(self._why), None, self._job)
        raster = self._raster(offer)
        stripped = self._strip(raster)
        return Plan(self._original.format, offer.format, tuple(self._why), raster, self._job, stripped)

    # Which format.

    def _offer(self) -> Offer | None:
        """The raster format to draw for; None: the document goes as it is."""
        format_, formats = self._original.format, self._printer.formats
        if not self._convert:
            self._say("conversion is off")
            return None
        if self._to is not None and self._to != format_:
            if self._to not in (PWG, URF):
                raise PlanError(f"documents are made into {URF} and {PWG}, not {self._to}")
            if format_ not in CONVERTIBLE:
                raise NoWayError(f"{format_} cannot be drawn here")
            self._say(f"{self._to} was asked for")
            return self._printer.offer(self._to) or self._no_offer(self._to)
        if self._to is not None:
            self._say(f"{self._to} was asked for, and is what the document is")
            return None
        if not formats:
            self._say("the printer does not say what it takes")
            return None
        if format_ in formats:
            lacking = self._lacking()
            if not lacking or not (PWG in formats or URF in formats) or format_ not in CONVERTIBLE:
                self._say(f"the printer takes {format_}")
                return None
            self._say(f"the printer takes {format_}, but does not say that it can do {', '.join(lacking)}")
            return self._best()
        if format_ not in CONVERTIBLE:
            raise NoWayError(
                f"the printer does not take {format_}, which cannot be drawn here; it takes {self._takes()}"
            )
        return self._best()

    def _no_offer(self, format_: str) -> Offer:
        self._say(f"the printer does not say that it takes {format_}")
        return Offer(format_, set(), [], None, True)

    def _takes(self) -> str:
        return ", ".join(self._printer.formats)

    def _best(self) -> Offer:
        """Prefer URF to PWG, since more printers take it; but before it a format of which the printer says enough."""
        printer = self._printer
        offers = [offer for offer in (printer.offer(URF), printer.offer(PWG)) if offer is not None]
        if not offers:
            format_ = self._original.format
            raise NoWayError(f"the printer takes neither {format_} nor a raster; it takes {self._takes()}")
        preferred = (printer.word("document-format-preferred") or "").lower()
        for wanted, reason in (
            (self._quirk.format, "this model prints it, whatever it announces"),
            (preferred, "the printer prefers it"),
        ):
            for offer in offers:
                if offer.format == wanted:
                    self._say(f"{offer.format}: {reason}")
                    return offer
        for offer in offers:
            if offer.complete:
                self._say(f"{offer.format}: the printer says all about it")
                return offer
        offer = offers[-1]
        self._say(f"{offer.format}: the printer takes it, and does not say in which resolution or colours")
        return offer

    def _lacking(self) -> list[str]:
        """What the job asks for that the printer does not offer, and that can be done here."""
        found = []
        for name in ("number-up", "print-scaling", "orientation-requested", "page-ranges", "copies"):
            asked = self._first(name)
            usual = {"number-up": 1, "print-scaling": "auto", "orientation-requested": 3, "copies": 1}.get(name)
            if asked is None or asked == usual:
                continue
            supported = True if name == "page-ranges" else asked
            if not self._printer.has(f"{name}-supported", supported):
                found.append(name)
        return found

    # How the pages are drawn.

    def _raster(self, offer: Offer) -> Raster:
        quality = self._quality()
        resolution = self._resolution(offer, quality)
        sides = self._sides()
        scaling = self._scaling()
        sheet = self._sheet(scaling)
        copies, collate = self._copies(offer)
        media = self._media_col()
        return Raster(
            resolution=resolution,
            type=self._type(offer),
            gray=self._in_gray(),
            sheet=sheet,
            sides=sides,
            back=self._back_of(offer) if sides.startswith("two-sided") else "normal",
            copies=copies,
            collate=collate,
            pages=self._pages(),
            number_up=self._number_up(),
            scaling=scaling,
            orientation=self._orientation(),
            quality=quality,
            media_type=_word(media, "media-type"),
            media_source=_word(media, "media-source"),
            smooth=resolution < _SMOOTH_BELOW,
        )

    def _quality(self) -> int:
        asked = self._number("print-quality")
        quality = asked if asked is not None else self._printer.number("print-quality-default")
        return quality if quality in (3, 4, 5) else int(PrintQuality.NORMAL)

    def _resolution(self, offer: Offer, quality: int) -> int:
        asked, there = self._dpi, offer.resolutions
        resolution = self._first("printer-resolution")
        if asked is None and isinstance(resolution, Resolution):
            asked = resolution.feed if resolution.units == 3 else round(resolution.feed * 2.54)
        if asked is not None and not 75 <= asked <= 4800:
            raise PlanError(f"expected a resolution of 75 to 4800 dpi, found {asked}")
        if not there:
            found = asked or self._printer.default_resolution() or _GUESSED_RESOLUTION
            self._say(f"{found} dpi: {'as asked' if asked else 'a guess'}, since the printer names none for the format")
            return found
        if asked is not None:
            found = _nearest(there, asked)
            if found != asked:
                self._say(f"{found} dpi: the nearest to the {asked} dpi that were asked for")
            return found
        if quality == PrintQuality.DRAFT:
            return there[0]
        if quality == PrintQuality.HIGH:
            return there[-1]
        return _nearest(there, self._printer.default_resolution() or _GUESSED_RESOLUTION)

    def _type(self, offer: Offer) -> str:
        """Draw colour only if the user wants it, and the printer and the format have it."""
        color, in_gray = self._printer.color(), self._in_gray()
        if not offer.types:
            self._say("colours: a guess, since the printer names none for the format")
            return "sgray_8" if in_gray or color is None else "srgb_8"
        order = ["sgray_8", "black_8"] if in_gray else [*COLOR_TYPES, "sgray_8", "black_8"]
        if color is not False:  # a printer that has no gray to offer gets gray drawn in colours
            order += COLOR_TYPES
        for each in (*order, "black_1"):
            if each in offer.types:
                return each
        kinds = ", ".join(sorted(offer.types))
        raise PlanError(f"the printer takes {offer.format} in none of the colours that are drawn here, but in {kinds}")

    def _in_gray(self) -> bool:
        if self._gray or self._first("print-color-mode") in _GRAY_MODES:
            return True
        if self._printer.color() is False:
            self._say("gray: the printer has no colour")
            return True
        return False

    def _sides(self) -> str:
        asked = self._first("sides")
        default = self._printer.word("sides-default")
        wanted = asked if isinstance(asked, str) else default or "one-sided"
        if wanted not in ("two-sided-long-edge", "two-sided-short-edge"):
            return "one-sided"
        if not self._printer.has("sides-supported", wanted):
            self._say(f"one-sided: the printer does not say that it can do {wanted}")
            return "one-sided"
        return str(wanted)

    def _back_of(self, offer: Offer) -> str:
        """What the format that is sent says of back sides; only without that the other's word counts."""
        for word, reason in ((self._back, "as asked"), (self._quirk.back, "this model wants it so")):
            if word is not None:
                self._say(f"back {word}: {reason}")
                return word
        if offer.back is not None:
            return offer.back
        other = self._printer.offer(PWG if offer.format == URF else URF)
        if other is not None and other.back is not None:
            self._say(f"back {other.back}: the printer says so of {other.format} only")
            return other.back
        self._say("back normal: a guess, since the printer does not say how it wants back sides")
        return "normal"

    def _copies(self, offer: Offer) -> tuple[int, bool]:
        """How many copies are drawn: one if the printer copies raster itself, else all."""
        asked = self._number("copies") or 1
        collate = self._first("multiple-document-handling") != "separate-documents-uncollated-copies"
        if asked > 1 and (not offer.copies or not self._printer.has("copies-supported", asked)):
            self._say(f"{asked} copies are drawn: the printer does not copy {offer.format}")
            return asked, collate
        return 1, collate

    def _pages(self) -> tuple[tuple[int, int], ...]:
        values = self._job["page-ranges"].values if "page-ranges" in self._job else ()
        ranges = [(each.lower, each.upper) for each in values if isinstance(each, RangeOfInteger)]
        last = 0
        for lower, upper in ranges:  # RFC 8011 section 5.2.7
            if not last < lower <= upper:
                raise PlanError("expected page-ranges in ascending order from page 1 that do not overlap")
            last = upper
        return tuple(ranges)

    def _number_up(self) -> int:
        number = self._number("number-up") or 1
        if number not in _NUMBERS_UP:
            raise PlanError(f"expected a number-up of {', '.join(map(str, _NUMBERS_UP))}, found {number}")
        return number

    def _scaling(self) -> str:
        scaling = self._first("print-scaling")
        chosen = scaling if isinstance(scaling, str) and scaling in _SCALINGS else "auto"
        # An image has no size on paper: what its file says is by chance.
        return "fit" if chosen in ("auto", "auto-fit") and self._original.format.startswith("image/") else chosen

    def _orientation(self) -> int:
        orientation = self._number("orientation-requested")
        known = orientation is not None and orientation != OrientationRequested.NONE
        return int(orientation or 0) if known and orientation in (3, 4, 5, 6) else 0

    # The sheet.

    def _media_col(self) -> Collection:
        value = self._first("media-col")
        return value if isinstance(value, Collection) else Collection()

    def _sheet(self, scaling: str) -> Sheet:
        sheet = self._asked_sheet() or self._ready_sheet() or self._printer.default_sheet()
        if sheet is None:
            width, length = self._original.width, self._original.length
            sheet = Sheet(self._printer.name_of(width, length), width, length, _A4.margins) if width and length else _A4
            self._say(f"{sheet.name}: a guess, since the printer does not say what it prints on")
        if sheet.width <= 0 or sheet.length <= 0 or max(sheet.width, sheet.length) > 1_000_000:
            raise PlanError(f"expected a sheet of at most 10 m, found {sheet.name}")
        if scaling == "fill" and any(sheet.margins) and self._printer.borderless(sheet.width, sheet.length):
            self._say("without margins: the printer offers that for this size")
            sheet = Sheet(sheet.name, sheet.width, sheet.length, (0, 0, 0, 0))
        return sheet

    def _asked_sheet(self) -> Sheet | None:
        media = self._first("media")
        if media is not None:
            sheet = self._printer.sheet_named(media)
            if sheet is None:
                raise PlanError(f"the size of the media {media} is not known; expected a name such as {_A4.name}")
            return sheet
        return self._printer.sheet_of(self._media_col())

    def _ready_sheet(self) -> Sheet | None:
        """The loaded sheet that has the size of the first page, upright or turned."""
        width, length = sorted((self._original.width, self._original.length))
        for sheet in self._printer.ready_sheets():
            if abs(sheet.width - width) <= _SAME_SIZE and abs(sheet.length - length) <= _SAME_SIZE and width:
                return sheet
        return None

    # Who does what.

    def _strip(self, raster: Raster) -> tuple[str, ...]:
        """Take from the job what is done here, and say in it what the raster says. Returns the names."""
        ours = (*_OURS, *(_OF_COPIES if raster.copies > 1 else ()))
        if self._gray and not self._printer.has("print-color-mode-supported", "monochrome"):
            del self._job["print-color-mode"]  # it is gray anyway
        stripped = tuple(name for name in ours if self._job.pop(name, None) is not None)
        if "sides" in self._job or self._printer.values("sides-supported"):
            self._ask("sides", raster.sides)
        if any(raster.sheet.margins) or raster.scaling != "fill":
            if "media" not in self._job and "media-col" not in self._job:
                self._ask_for_sheet(raster.sheet)
        elif "media-col" in self._job or "media" in self._job or self._printer.values("media-col-supported"):
            # The margins are said only if there are to be none.
            self._job.pop("media", None)
            members: dict[str, object] = {each.name: each for each in self._media_col()}
            members.setdefault("media-size", {"x-dimension": raster.sheet.width, "y-dimension": raster.sheet.length})
            members |= {f"media-{side}-margin": 0 for side in ("bottom", "left", "right", "top")}
            self._ask("media-col", members)
        return stripped

    def _ask_for_sheet(self, sheet: Sheet) -> None:
        if self._printer.has("media-supported", sheet.name):
            self._ask("media", sheet.name)
        elif self._printer.values("media-col-supported"):
            size = {"x-dimension": sheet.width, "y-dimension": sheet.length}
            self._ask("media-col", {"media-size": size})

    def _ask(self, name: str, value: object) -> None:
        self._job[name] = attribute(name, value, group=DelimiterTag.JOB)

    def _first(self, name: str) -> object:
        """The first value of an attribute of the job."""
        found = self._job.get(name)
        return None if found is None else found.values[0]

    def _number(self, name: str) -> int | None:
        value = self._first(name)
        return int(value) if isinstance(value, int) else None

    def _say(self, reason: str) -> None:
        if reason not in self._why:
            self._why.append(reason)


def _nearest(numbers: list[int], wanted: int) -> int:
    return min(numbers, key=lambda number: (abs(number - wanted), number))


def _word(collection: Collection, name: str) -> str:
    member: Attribute | None = collection.get(name)
    value = None if member is None else member.values[0]
    return value if isinstance(value, str) else ""
