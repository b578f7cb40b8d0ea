"""Documents to draw, pages to compare, and what to compare them with.

The rule of this file: documents have their font in them, so that every renderer draws the same letters; each page has
colours, marks and text of its own, so that no mistake of order, side or colour looks right. Pages are compared by the
means of boxes of 8 x 8 pixels, in which it does not matter who softens edges how.
"""

import ctypes
import io
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from peers import program
from PIL import Image, ImageChops, ImageStat

from ippfast.convert import Raster, Sheet
from ippfast.convert.text import FONT
from ippfast.raster import Page, Reader

__all__ = ["A4", "NEAR", "difference", "document", "drawn", "pages_of", "poppler", "upright"]

A4 = Sheet("iso_a4_210x297mm", 21000, 29700, (400, 400, 400, 400))
NEAR = 4.0
"""The largest mean difference of boxes for pages that are the same; raster's octets are 0 to 255."""

_COLORS = [(220, 20, 20), (20, 120, 220), (10, 140, 40)]
_WORDS = ("print", "page", "raster", "colour", "printer", "document", "media", "quality", "paper", "toner", "total")


def add_text(document: pdfium.PdfDocument, page: pdfium.PdfPage, font: Any, x: float, y: float, text: str) -> None:
    item = raw.FPDFPageObj_CreateTextObj(document, font, 11)
    string = ctypes.create_string_buffer(text.encode("utf-16-le") + b"\0\0")
    raw.FPDFText_SetText(item, ctypes.cast(string, raw.FPDF_WIDESTRING))
    raw.FPDFPageObj_Transform(item, 1, 0, 0, 1, x, y)
    raw.FPDFPage_InsertObject(page, item)


def add_box(page: pdfium.PdfPage, x: float, y: float, width: float, height: float, color: tuple[int, int, int]) -> None:
    box = raw.FPDFPageObj_CreateNewRect(x, y, width, height)
    raw.FPDFPageObj_SetFillColor(box, *color, 255)
    raw.FPDFPath_SetDrawMode(box, raw.FPDF_FILLMODE_WINDING, 0)
    raw.FPDFPage_InsertObject(page, box)


@cache
def _document(pages: int, width: float, height: float) -> bytes:
    made = pdfium.PdfDocument.new()
    octets = FONT.read_bytes()
    buffer = (ctypes.c_uint8 * len(octets)).from_buffer_copy(octets)
    font = raw.FPDFText_LoadFont(made, buffer, len(octets), raw.FPDF_FONT_TRUETYPE, 1)
    for number in range(pages):
        page = made.new_page(width, height)
        add_box(page, 40, 40, 150, 60, _COLORS[number % 3])
        add_box(page, width - 90, height - 130, 50, 90, _COLORS[(number + 1) % 3])
        add_text(made, page, font, 60, height - 60, f"Page {number + 1}")
        for row in range(int((height - 250) / 14)):
            words = [_WORDS[(number * 7 + row * 5 + place * (row % 3 + 1)) % len(_WORDS)] for place in range(9)]
            add_text(made, page, font, 60, height - 90 - row * 14, " ".join(words)[: int((width - 160) / 6.6)])
        page.gen_content()
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def document(path: Path, pages: int = 2, width: float = 595.276, height: float = 841.89) -> Path:
    """A PDF with so many pages, of a size in points."""
    path.write_bytes(_document(pages, width, height))
    return path


def drawn(octets: bytes | Iterator[bytes]) -> list[tuple[Page, Image.Image]]:
    """The pages of a raster document: as they were sent, in gray or RGB whatever their type."""
    reader = Reader(io.BytesIO(octets if isinstance(octets, bytes) else b"".join(octets)))
    found = []
    for page in reader:
        lines = b""
        while piece := bytes(reader.read_lines(page.height)):
            lines += piece
        found.append((page, _image(page, lines)))
    assert reader.pages == len(found)
    return found


def _image(page: Page, lines: bytes) -> Image.Image:
    size = (page.width, page.height)
    if page.type == "black_1":
        return ImageChops.invert(Image.frombytes("1", size, lines).convert("L"))
    if page.color.components == 3:
        return Image.frombytes("RGB", size, lines)
    gray = Image.frombytes("L", size, lines)
    return ImageChops.invert(gray) if page.type == "black_8" else gray


def upright(image: Image.Image, transform: tuple[int, int]) -> Image.Image:
    """A page as it was before it was mirrored for the back of a sheet."""
    if transform[0] == -1:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if transform[1] == -1 else image


def poppler(path: Path, width: int, height: int, *, gray: bool = False) -> list[Image.Image]:
    """The pages of a PDF as pdftoppm draws them, each on so many pixels."""
    stem = path.with_suffix("")
    size = ["-scale-to-x", str(width), "-scale-to-y", str(height)]
    command = [program("pdftoppm"), *size, *(["-gray"] if gray else []), str(path), str(stem)]
    subprocess.run(command, check=True, capture_output=True)
    return [Image.open(each) for each in sorted(path.parent.glob(f"{stem.name}-*.p?m"))]


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of boxes of 8 x 8 pixels, 0 to 255."""
    assert one.size == other.size
    return float(max(ImageStat.Stat(ImageChops.difference(one.reduce(8), other.reduce(8))).mean))


def pages_of(pieces: Any) -> list[Image.Image]:
    """The pages alone."""
    return [image for _, image in drawn(b"".join(pieces))]


def raster(type_: str = "srgb_8", resolution: int = 150, **more: Any) -> Raster:
    """How to draw, on A4."""
    return Raster(resolution=resolution, type=type_, sheet=more.pop("sheet", A4), gray=type_ != "srgb_8", **more)
