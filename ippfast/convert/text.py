"""Text made into pages: lines of one width in Noto Sans Mono, which comes with this package.

The rule of this file: nothing of a text is lost without a word. What the font does not have is drawn as a sign for it,
and said. It runs in the child process alone.
"""

import ctypes
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from .errors import RenderError
from .plans import Raster

__all__ = ["Text", "decode", "lines_of", "pages_of"]

FONT = Path(__file__).with_name("NotoSansMono-Regular.ttf")

_SIZE, _LEADING = 10.0, 12.0  # points
_ADVANCE = 0.6 * _SIZE  # of every character of the font
_MARGIN = 1500  # hundredths of a millimetre, or what the sheet has
_TAB = 8
_MOST_OCTETS = 64 * 1024 * 1024
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LANDSCAPE = (4, 5)  # orientation-requested


def decode(octets: bytes, encoding: str | None) -> str:
    """Decode the text: with the encoding that is given, that a mark at its beginning tells, or that fits.

    UTF-8 hardly ever fits by chance; what is none is taken for windows-1252, in which every octet is something.

    Raises RenderError for an encoding that does not exist, or does not fit.
    """
    try:
        if encoding is not None:
            return octets.decode(encoding)
        for mark, name in _MARKS:
            if octets.startswith(mark):
                return octets.decode(name)
    except (LookupError, UnicodeError) as error:
        raise RenderError(f"the text cannot be read: {error}") from None
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def lines_of(text: str, columns: int) -> Iterator[str | None]:
    """Give lines of at most this many characters, with tabs as spaces; None for a page break."""
    for number, part in enumerate(text.split("\f")):
        if number:
            yield None
        lines = re.split(r"\r\n|\r|\n", part)
        if lines[-1] == "":
            lines.pop()
        for line in lines:
            line = "".join(each for each in line.expandtabs(_TAB) if each.isprintable())
            yield from [line[start : start + columns] for start in range(0, len(line), columns)] or [""]


def pages_of(lines: Iterator[str | None], rows: int, most: int, last: int | None = None) -> list[list[str]]:
    """Give the lines of each page. last: the last page that is wanted. Raises RenderError for too many pages."""
    pages: list[list[str]] = [[]]
    for line in lines:
        if line is None or len(pages[-1]) == rows:
            if len(pages) == last:
                break
            if len(pages) == most:
                raise RenderError(f"more than {most:,} pages of text are too many")
            pages.append([])
        if line is not None:
            pages[-1].append(line)
    return pages


class Text:
    """Open the text in a file. Raises RenderError if it is no text."""

    def __init__(self, file: BinaryIO, encoding: str | None) -> None:
        octets = file.read(_MOST_OCTETS + 1)
        if len(octets) > _MOST_OCTETS:
            raise RenderError(f"text of more than {_MOST_OCTETS >> 20} MB is too much")
        self._text = decode(octets, encoding)

    def facts(self) -> tuple[int, int, int]:
        """As `Source.facts`: text takes the size that there is."""
        return 0, 0, 0

    def document(self, raster: Raster, warn: Callable[[str], object], most: int) -> pdfium.PdfDocument:
        """Make a document of as many pages as the text needs, each of the size of the sheet."""
        sheet = raster.sheet
        sizes = [sheet.width * 72 / 2540, sheet.length * 72 / 2540]
        left, top, right, bottom = (max(each, _MARGIN) * 72 / 2540 for each in sheet.margins)
        if raster.orientation in _LANDSCAPE:
            sizes.reverse()
        width, height = sizes
        columns = max(int((width - left - right) / _ADVANCE), 1)
        rows = max(int((height - top - bottom) / _LEADING), 1)
        made = pdfium.PdfDocument.new()
        octets = FONT.read_bytes()
        text = _shown(self._text, _characters(octets), warn)
        buffer = (ctypes.c_uint8 * len(octets)).from_buffer_copy(octets)
        font = raw.FPDFText_LoadFont(made, buffer, len(octets), raw.FPDF_FONT_TRUETYPE, 1)
        last = max((upper for _, upper in raster.pages), default=None)
        for lines in pages_of(lines_of(text, columns), rows, most, last):
            page = made.new_page(width, height)
            for row, line in enumerate(lines):
                if line.strip():
                    item = raw.FPDFPageObj_CreateTextObj(made, font, _SIZE)
                    string = ctypes.create_string_buffer(line.encode("utf-16-le") + b"\0\0")
                    raw.FPDFText_SetText(item, ctypes.cast(string, raw.FPDF_WIDESTRING))
                    raw.FPDFPageObj_Transform(item, 1, 0, 0, 1, left, height - top - _SIZE - row * _LEADING)
                    raw.FPDFPage_InsertObject(page, item)
            page.gen_content()
            page.close()
        return made


def _shown(text: str, characters: set[int], warn: Callable[[str], object]) -> str:
    """Return the text with a sign in the place of each character that the font does not have."""
    missing = {ord(each) for each in set(text) if each.isprintable()} - characters
    if missing:
        some = " ".join(f"U+{number:04X}" for number in sorted(missing)[:5])
        warn(f"{len(missing)} characters of the text are not in the font, and drawn as a sign: {some}")
    return text.translate(dict.fromkeys(missing, "\N{REPLACEMENT CHARACTER}" if 0xFFFD in characters else "?"))


def _characters(font: bytes) -> set[int]:
    """Return the characters of a TrueType font, from its table ``cmap`` for the Basic Multilingual Plane."""
    (tables,) = struct.unpack_from(">H", font, 4)
    entries = [struct.unpack_from(">4sIII", font, 12 + 16 * number) for number in range(tables)]
    start = next(offset for name, _, offset, _ in entries if name == b"cmap")
    (count,) = struct.unpack_from(">H", font, start + 2)
    for number in range(count):
        _, _, offset = struct.unpack_from(">HHI", font, start + 4 + 8 * number)
        at = start + offset
        form, _, _, twice = struct.unpack_from(">4H", font, at)
        if form == 4:
            segments = twice // 2
            ends = struct.unpack_from(f">{segments}H", font, at + 14)
            starts = struct.unpack_from(f">{segments}H", font, at + 16 + twice)
            return {each for low, high in zip(starts, ends, strict=True) for each in range(low, high + 1)} - {0xFFFF}
    return set()
