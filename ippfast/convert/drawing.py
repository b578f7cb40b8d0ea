"""Draws the pages of a document into raster: pdfium draws, our writer encodes.

The rule of this file: it runs in the child process alone (`child`), since what draws documents of strangers may crash,
and take memory and time without end. A side is drawn in bands, so that memory does not grow with resolution.
"""

import ctypes
import itertools
import mmap
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ..raster import Page, Writer
from .errors import RenderError
from .frames import turn_of
from .layout import Placement, sides_of
from .plans import COLOR_TYPES, Raster

__all__ = ["Drawing", "open_pdf"]

_BAND = 28 * 1024 * 1024
"""A band has at most so many octets. A page of A4 in colour at 300 dpi fits one, so its images are decoded once."""

_NEAR_BAND = 6 * 1024 * 1024
"""A band of a light page has at most so many octets. The processor's cache holds them while text is drawn on them."""

_FIRST_ROWS = 256
"""The first band has so many rows. It is small, since a printer waits for it."""

_WHITE = 0xFF
_INVERSE = bytes(range(255, -1, -1))
_FLAGS = raw.FPDF_ANNOT | raw.FPDF_PRINTING
_SHARP = raw.FPDF_RENDER_NO_SMOOTHTEXT | raw.FPDF_RENDER_NO_SMOOTHPATH
_MOST_OBJECTS = 2_000
"""So many objects of a page are checked before it is drawn. A page of maps has millions."""

_SMALL_SCALE = 0.5
"""The small drawing of a page has this many pixels for a point, that is 36 for an inch."""

_SMALL_PIXELS = 400_000
"""It has at most this many pixels: a page of more than one and a half times A3 counts as one in colour."""

_MOST_PIXELS = 1 << 29
"""An image has at most so many pixels. pdfium leaves out one that is too large for it, and reports nothing."""

_LIGHT = frozenset({raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_FORM})
# The fonts that every reader of PDF has to bring (ISO 32000-1 section 9.6.2.2). pdfium brings them.
_STANDARD = ("Courier", "Helvetica", "Times", "Symbol", "ZapfDingbats", "Arial")


def open_pdf(file: BinaryIO) -> pdfium.PdfDocument:
    """Open the PDF in a file, with its form fields. Raises RenderError if it cannot be read."""
    try:
        document = pdfium.PdfDocument(file)
        document.init_forms()
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise RenderError("the PDF is locked with a password") from None
        raise RenderError(f"the PDF cannot be read: {error}") from None
    return document


class Drawing:
    """The pages of a document, drawn as a `Raster` says.

    document: its pages may come from a PDF, images or text. warn: is called with what a user should know. most: the
    document may have so many sides.
    """

    def __init__(self, document: pdfium.PdfDocument, raster: Raster, warn: Callable[[str], object], most: int) -> None:
        self._document = document
        self._raster = raster
        self._warn = warn
        sizes = [document.get_page_size(number) for number in range(len(document))]
        self.sides: list[list[Placement]] = sides_of(sizes, raster, most)

    def write(self, file: Any, format_: str, done: Callable[[int, int], object], turn: int = 0, turns: int = 1) -> None:
        """Write all sides to a file. done: is called after each side with its number and that of all.

        turn: which of so many processes this is, that draw sides in turns (`turn_of`). The first one writes the head of
        the document; the others' file has to `forget` theirs.

        While a band is drawn, another thread encodes and writes the one before it. It sends everything, warnings too,
        so that all is in order.
        """
        width, height = self._raster.sheet.pixels(self._raster.resolution)
        writer = Writer(file, format_, pages=len(self.sides))
        if turn:
            file.forget()
        both = [_Band(width, height, self._raster) for _ in range(2)]
        bands = itertools.cycle(both)

        def write(page: Page, lines: memoryview | bytes, stride: int, gray: bool, first: bool, last: int) -> None:
            if first:
                writer.begin_page(page)
            writer.write_lines(lines, stride, gray=gray)
            if first:
                file.flush()  # a printer waits for it, however little it is
            if last:
                done(last, len(self.sides))

        with ThreadPoolExecutor(1) as thread:
            written: Future[None] | None = None
            for number, placements in enumerate(self.sides, 1):
                if turn_of(number, turns) != turn:
                    continue
                page = self._page(number, width, height)
                loaded = [self._load(each.page, thread) for each in placements]
                pages = [(each.page, placement) for each, placement in zip(loaded, placements, strict=True)]
                gray = self._raster.type in COLOR_TYPES and all(each.gray for each in loaded)
                parts = list(page.bands(both[0].rows(gray, all(each.light for each in loaded))))
                if number == 1:
                    parts[:1] = _with_a_small_one(*parts[0])
                for place, (top, rows) in enumerate(parts, 1):
                    lines, stride = next(bands).draw(pages, top, rows, gray)
                    if written is not None:
                        written.result()  # of the other band, which is drawn next
                    last = number if place == len(parts) else 0
                    written = thread.submit(write, page, lines, stride, gray, place == 1, last)
                for each in loaded:
                    each.page.close()
            if written is not None:
                written.result()
        if turns == 1:
            writer.close()

    def _page(self, number: int, width: int, height: int) -> Page:
        """The header of a side."""
        raster = self._raster
        back = raster.two_sided and number % 2 == 0
        return Page(
            width=width,
            height=height,
            type=raster.type,
            resolution=(raster.resolution, raster.resolution),
            sides=raster.sides,
            transform=raster.transform if back else (1, 1),
            print_quality=raster.quality,
            media_type=raster.media_type,
            media_source=raster.media_source or "auto",
            size_name=raster.sheet.name if len(raster.sheet.name) < 64 else "",
        )

    def _load(self, number: int, thread: ThreadPoolExecutor) -> "_Loaded":
        try:
            page = self._document[number]
        except pdfium.PdfiumError as error:
            raise RenderError(f"page {number + 1} cannot be read: {error}") from None
        # Whether a page has a colour counts only if its pixels may have one.
        colored = self._raster.type in COLOR_TYPES and not self._raster.gray
        light, gray = True, not colored or raw.FPDFPage_GetAnnotCount(page) == 0
        for count, item in enumerate(_objects(page), 1):
            kind = raw.FPDFPageObj_GetType(item)
            light = light and kind in _LIGHT and count < _MOST_OBJECTS
            font = raw.FPDFTextObj_GetFont(item) if kind == raw.FPDF_PAGEOBJ_TEXT else None
            if colored and gray:
                gray = light and (kind == raw.FPDF_PAGEOBJ_FORM or _is_gray(item)) and not _draws_itself(font)
            if missing := _missing(font):
                thread.submit(self._warn, f"the font {missing} is not in the document: another one stands in for it")
        return _Loaded(page, light, gray and (not colored or _shows_no_color(page)))


def _with_a_small_one(top: int, rows: int) -> list[tuple[int, int]]:
    """Divide the first band in two. The first part is small, so that a printer has the first octets soon."""
    small = min(rows, _FIRST_ROWS)
    return [(top, small), (top + small, rows - small)] if small < rows else [(top, rows)]


class _Loaded(NamedTuple):
    """A page. light: it has few objects and no images, so it takes little time to draw it once more for each band.

    gray: it is drawn without colour, or it is light and shows none.
    """

    page: pdfium.PdfPage
    light: bool
    gray: bool


class _Band:
    """A strip of a side, of about 28 MB at most. Its memory is used for all sides."""

    def __init__(self, width: int, height: int, raster: Raster) -> None:
        self._raster = raster
        self._width = width
        self._height = height
        self._color = raster.type in COLOR_TYPES
        size = max(self._stride(gray) * self.rows(gray, light=False) for gray in (False, True))
        # Memory that the system gives as it is used: a small band takes no more than it needs.
        self._buffer = (ctypes.c_ubyte * size).from_buffer(mmap.mmap(-1, size))
        self._octets = memoryview(self._buffer).cast("B")
        self._flags = _FLAGS | (0 if raster.smooth else _SHARP)

    def _stride(self, gray: bool) -> int:
        octets = 3 if self._color and not gray else 1
        return -(-self._width * octets // 4) * 4

    def rows(self, gray: bool, light: bool) -> int:
        """How many lines of a side a band has. gray, light: as in `_Loaded`, of all its pages."""
        size = min(_NEAR_BAND, _BAND) if light else _BAND
        return max(min(self._height, size // self._stride(gray)), 1)

    def draw(
        self, pages: Sequence[tuple[pdfium.PdfPage, Placement]], top: int, rows: int, gray: bool
    ) -> tuple[memoryview | bytes, int]:
        """Draw `rows` lines from `top` on. Returns them, and the octets from one line to the next.

        gray: whether a pixel is one octet, though the raster is in colour.
        """
        stride = self._stride(gray)
        ctypes.memset(self._buffer, _WHITE, stride * rows)
        if self._color and not gray:
            # pdfium has two orders of colours; this one is the order of raster.
            format_, flags = raw.FPDFBitmap_BGR, self._flags | raw.FPDF_REVERSE_BYTE_ORDER
        else:
            format_, flags = raw.FPDFBitmap_Gray, self._flags | raw.FPDF_GRAYSCALE
        # The bitmap has only these rows, since pdfium draws everything that lies on a bitmap.
        bitmap = pdfium.PdfBitmap.new_native(self._width, rows, format_, buffer=self._buffer, stride=stride)
        for page, place in pages:
            if place.y >= top + rows or place.y + place.height <= top:
                continue
            box = (place.x, place.y - top, place.width, place.height, -place.turn % 4)
            raw.FPDF_RenderPageBitmap(bitmap, page, *box, flags)
            if page.formenv is not None:
                raw.FPDF_FFLDraw(page.formenv, bitmap, page, *box, flags)
        lines = self._octets[: stride * rows]
        if self._raster.type == "black_8":
            return bytes(lines).translate(_INVERSE), stride
        if self._raster.type == "black_1":
            return self._dithered(lines, rows, stride), -(-self._width // 8)
        return lines, stride

    def _dithered(self, lines: memoryview, rows: int, stride: int) -> bytes:
        from PIL import Image

        gray = Image.frombuffer("L", (self._width, rows), bytes(lines), "raw", "L", stride, 1)
        return gray.convert("1").tobytes().translate(_INVERSE)  # Pillow's white is 1


def _objects(page: pdfium.PdfPage) -> Iterator[Any]:
    """Give the first objects of a page and of its forms (`_MOST_OBJECTS`). Raises RenderError for a huge image."""
    waiting = [(page, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject)]
    left = _MOST_OBJECTS
    width, height = ctypes.c_uint(), ctypes.c_uint()
    while waiting:
        holder, count, get = waiting.pop()
        for number in range(min(count(holder), left)):
            left -= 1
            item = get(holder, number)
            kind = raw.FPDFPageObj_GetType(item)
            if kind == raw.FPDF_PAGEOBJ_FORM:
                waiting.append((item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject))
            elif kind == raw.FPDF_PAGEOBJ_IMAGE:
                raw.FPDFImageObj_GetImagePixelSize(item, width, height)
                if width.value * height.value > _MOST_PIXELS:
                    raise RenderError(f"an image of {width.value:,} x {height.value:,} pixels is too large")
            yield item


def _is_gray(item: Any) -> bool:
    """Whether the colours of a text or a path are gray, as far as pdfium tells: it does not for patterns."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    for color_of in (raw.FPDFPageObj_GetFillColor, raw.FPDFPageObj_GetStrokeColor):
        if not color_of(item, red, green, blue, alpha):
            return False
        if not red.value == green.value == blue.value:
            return False
    return True


def _shows_no_color(page: pdfium.PdfPage) -> bool:
    """Whether a small drawing of a page in colour has none.

    It shows what pdfium does not tell: the colours of patterns and of transfer functions. One of these that is so small
    or faint that no pixel here changes by one step, of 255, is lost.
    """
    width, height = (round(size * _SMALL_SCALE) for size in page.get_size())
    if not 0 < width * height <= _SMALL_PIXELS:
        return False
    stride = width * 4
    buffer = (ctypes.c_ubyte * (stride * height)).from_buffer(bytearray(b"\xff") * (stride * height))
    bitmap = pdfium.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGRx, buffer=buffer, stride=stride)
    raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, _FLAGS)
    octets = bytes(buffer)
    return octets[0::4] == octets[1::4] == octets[2::4]


def _draws_itself(font: Any) -> bool:
    """Whether the letters of a font are drawings, which may have colours: it is in the document, and has no file."""
    if not font:
        return False
    size = ctypes.c_size_t()
    return raw.FPDFFont_GetIsEmbedded(font) == 1 and not (raw.FPDFFont_GetFontData(font, None, 0, size) and size.value)


def _missing(font: Any) -> str:
    """The name of a font, if the document does not contain it, and it is no standard font; otherwise empty."""
    if not font or raw.FPDFFont_GetIsEmbedded(font) == 1:
        return ""
    name = ctypes.create_string_buffer(256)
    raw.FPDFFont_GetBaseFontName(font, name, len(name))
    found = name.value.decode("utf-8", "replace")
    return "" if found.startswith(_STANDARD) else found
