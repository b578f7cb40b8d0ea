"""GENERATE-FILE: raster pages that are made for a printer, as ipptoolfile(5) of libcups 3 describes them.

The rule of this file: each page has a black border and grey bars, and is written in bands; the printer's attributes
give what the parameters leave open. Pages and pixels are limited.
"""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ippfast import operations
from ippfast.codec import AttributeGroup
from ippfast.errors import IPPError
from ippfast.http import Client
from ippfast.media import parse_media_name
from ippfast.raster import PWG, TYPES, URF, Page, Writer, back_transform, pixels
from ippfast.values import Resolution

from .tree import FileFault, Generate, Setting
from .variables import Variables
from .words import number

__all__ = ["generated"]

_MOST_PAGES = 1_000
_MOST_PIXELS = 400_000_000
_BAND = 256
_BORDER_INCHES = 0.25
_GUESS = (300, 300)
_MEDIA = "iso_a4_210x297mm"
_ASKED = (
    "document-format-supported",
    "media-default",
    "media-ready",
    "pwg-raster-document-resolution-supported",
    "pwg-raster-document-sheet-back",
    "pwg-raster-document-type-supported",
    "sides-supported",
    "urf-supported",
)
_URF_TYPES = {"W8": "sgray_8", "W16": "sgray_16", "SRGB24": "srgb_8", "SRGB48": "srgb_16", "DEVRGB24": "rgb_8"}
_COLOR_WISHES = {
    "auto": ("srgb_8", "sgray_8", "black_1", "sgray_1"),
    "bi-level": ("black_1", "sgray_1"),
    "color": ("srgb_8", "srgb_16", "cmyk_8", "rgb_8"),
    "monochrome": ("sgray_8", "sgray_16", "black_8", "black_1"),
}
_ORIENTATIONS = ("portrait", "landscape", "reverse-portrait", "reverse-landscape")
_RESOLUTION = re.compile(r"([0-9]{1,5})(?:x([0-9]{1,5}))?(dpi|dpcm)", re.ASCII)


@contextlib.contextmanager
def generated(wanted: Generate, client: Client, variables: Variables) -> Iterator[Path]:
    """Make a file with the pages, which is removed in the end. Raises FileFault if that can't be done."""
    settings = {each.name: (each, variables.expand(each.value)) for each in wanted.parameters}
    question = operations.get_printer_attributes(variables["uri"], requested_attributes=list(_ASKED))
    try:
        answer = client.exchange(question).message
    except (IPPError, OSError) as error:
        raise FileFault(wanted.place, f"GENERATE-FILE: the printer did not give its attributes: {error}") from None
    printer = answer.printer if answer is not None and answer.groups_of(4) else AttributeGroup(4)
    maker = _Maker(wanted, settings, printer)
    with tempfile.TemporaryDirectory(prefix="ippfast-generated-") as directory:
        path = Path(directory) / "document"
        try:
            maker.write(path)
        except ValueError as error:
            raise FileFault(wanted.place, f"GENERATE-FILE: {error}") from None
        yield path


class _Maker:
    def __init__(self, wanted: Generate, settings: dict[str, tuple[Setting, str]], printer: AttributeGroup) -> None:
        self._wanted = wanted
        self._settings = settings
        self._printer = printer
        self._urf = [word for word in self._values("urf-supported") if isinstance(word, str)]

    def write(self, path: Path) -> None:
        kind = self._format()
        copies = self._number("NUM-COPIES", 1, 999)
        sides = self._sides()
        count = self._number("NUM-PAGES", 1 if sides == "one-sided" else 2, _MOST_PAGES)
        page = self._page(kind, sides, copies)
        if count * page.width * page.height > _MOST_PIXELS * 10 or page.width * page.height > _MOST_PIXELS:
            raise ValueError("the pages have too many pixels")
        backs = [str(each) for each in self._values("pwg-raster-document-sheet-back")] or ["normal"]
        back = replace(page, transform=back_transform(backs[0], sides))
        # URF's header has no copies: the pages are written once for each copy.
        total = count * (copies if kind == URF else 1)
        with path.open("wb") as file, Writer(file, kind, pages=total) as writer:
            for place in range(total):
                _draw(writer, back if place % count % 2 and sides != "one-sided" else page)

    def _values(self, name: str) -> list[object]:
        found = self._printer.get(name)
        return [] if found is None else list(found.values)

    def _given(self, name: str, default: str) -> str:
        return self._settings[name][1] if name in self._settings else default

    def _fault(self, name: str, expected: str) -> FileFault:
        setting, text = self._settings[name]
        return FileFault(setting.place, f"{name} must be {expected}, not {text[:60]!r}")

    def _number(self, name: str, default: int, most: int) -> int:
        text = self._given(name, str(default))
        value = number(text)
        if value is None or not 1 <= value <= most:
            raise self._fault(name, f"a number from 1 to {most}")
        return value

    def _format(self) -> str:
        there = self._values("document-format-supported")
        text = self._given("FORMAT", URF if URF in there else PWG)
        if text not in (PWG, URF):
            raise self._fault("FORMAT", f"{PWG} or {URF}")
        return text

    def _sides(self) -> str:
        upright = self._orientation() in (0, 2)
        there = self._values("sides-supported")
        two = "two-sided-long-edge" if upright else "two-sided-short-edge"
        text = self._given("SIDES", two if two in there else "one-sided")
        if text not in ("one-sided", "two-sided-long-edge", "two-sided-short-edge"):
            raise self._fault("SIDES", "one-sided, two-sided-long-edge or two-sided-short-edge")
        return text

    def _orientation(self) -> int:
        text = self._given("ORIENTATION", "portrait")
        if text not in _ORIENTATIONS:
            raise self._fault("ORIENTATION", f"one of {', '.join(_ORIENTATIONS)}")
        return _ORIENTATIONS.index(text)

    def _page(self, kind: str, sides: str, copies: int) -> Page:
        media = self._media()
        name = parse_media_name(media)
        if name is None:
            raise (
                self._fault("MEDIA", "a size name such as iso_a4_210x297mm")
                if "MEDIA" in self._settings
                else (ValueError(f"the printer's media {media[:60]!r} has no size"))
            )
        resolution = self._resolution(kind)
        return Page(
            width=max(1, pixels(name.width, resolution[0])),
            height=max(1, pixels(name.length, resolution[1])),
            type=self._type(kind),
            resolution=resolution,
            sides=sides,
            size_name=media if len(media) < 64 else "",
            copies=copies if kind == PWG else 1,
            orientation=self._orientation(),
        )

    def _media(self) -> str:
        text = self._given("MEDIA", "default")
        if text in ("default", "ready"):
            there = [each for each in self._values(f"media-{text}") if isinstance(each, str)]
            return there[0] if there else _MEDIA
        return text

    def _resolution(self, kind: str) -> tuple[int, int]:
        text = self._given("RESOLUTION", "default")
        if text in ("default", "max", "min"):
            there = sorted(self._resolutions(kind)) or [_GUESS]
            return {"min": there[0], "max": there[-1], "default": there[len(there) // 2]}[text]
        match = _RESOLUTION.fullmatch(text)
        if match is None or not int(match[1]) or not int(match[2] or match[1]):
            raise self._fault("RESOLUTION", "default, min, max, or such as 300dpi or 600x300dpi")
        across, along = int(match[1]), int(match[2] or match[1])
        return (across, along) if match[3] == "dpi" else (round(across * 2.54), round(along * 2.54))

    def _resolutions(self, kind: str) -> Iterator[tuple[int, int]]:
        if kind == URF:
            for word in self._urf:
                if re.fullmatch("RS[0-9]{2,5}(-[0-9]{2,5})*", word):
                    yield from ((int(each), int(each)) for each in word[2:].split("-"))
        else:
            for each in self._values("pwg-raster-document-resolution-supported"):
                if isinstance(each, Resolution) and each.units == 3:
                    yield each.cross_feed, each.feed

    def _type(self, kind: str) -> str:
        text = self._given("COLORSPACE", "auto")
        if text in TYPES:
            return text
        if text not in _COLOR_WISHES:
            raise self._fault("COLORSPACE", f"{', '.join(_COLOR_WISHES)}, or a type such as srgb_8")
        if kind == URF:
            there = [_URF_TYPES[word] for word in self._urf if word in _URF_TYPES] or ["sgray_8"]
        else:
            there = [str(each) for each in self._values("pwg-raster-document-type-supported")] or ["sgray_8"]
        for each in _COLOR_WISHES[text]:
            if each in there:
                return each
        if text == "auto":
            return next((each for each in there if each in TYPES), "sgray_8")
        raise ValueError(f"the printer does not support COLORSPACE {text}")


def _draw(writer: Writer, page: Page) -> None:
    """Draw white paper with a black border, and a grey bar in every second inch."""
    color = page.color
    white, black = color.white, color.white ^ 0xFF
    border = max(1, round(_BORDER_INCHES * page.resolution[1]))
    line = page.bytes_per_line
    edge = min(line // 2, max(1, line * border // max(1, page.width)))
    dark = bytes([black]) * line
    light = bytes([black]) * edge + bytes([white]) * (line - 2 * edge) + bytes([black]) * edge
    grey = bytes([black]) * edge + b"\x55" * (line - 2 * edge) + bytes([black]) * edge
    writer.begin_page(page)
    for top, rows in page.bands(_BAND):
        lines = []
        for row in range(top, top + rows):
            if row < border or row >= page.height - border:
                lines.append(dark)
            else:
                lines.append(grey if row // page.resolution[1] % 2 else light)
        writer.write_lines(b"".join(lines))
