"""Writes a PWG or Apple raster document, as its lines come.

The rule of this file: a document is complete or refused: each page has all its lines, and the document has as many
pages as its header says. The Writer mirrors the lines of a page as its `transform` says; callers give it upright.
"""

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from ._headers import PWG_SYNC, URF_FILE, URF_SYNC, pack
from ._picked import encode
from .pages import FORMATS, PWG, URF, Page

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["Writer"]

_SMALL = 65_536
"""Lines of fewer octets are gathered, since each call of `encode` costs time, and finds equal lines only within it."""

_PIECE = 98_304
"""So many octets, and two lines more, are written at once. Memory of this size is reused without a system call."""


class Sink(Protocol):
    """A Writer writes to a file, a pipe, or anything else that takes octets."""

    def write(self, data: bytes, /) -> int | None: ...


class Writer:
    """Writes a document of one format to a file, which it does not close. Also a context manager.

    file: an object with ``write``. document_format: `PWG` or `URF`. pages: how many follow, with blank back
    sides. 0 means that nobody knows; URF does not allow it, since some printers rely on the number.

    Begin a page and write its lines, as often as there are pages; then `close`. Raises ValueError for what the format
    does not have, for lines too many or too few, and at the end if there were not as many pages: such a document must
    not be printed. Errors of the file pass through.
    """

    def __init__(self, file: Sink, document_format: str, *, pages: int = 0) -> None:
        if document_format not in FORMATS:
            raise ValueError(f"document_format is one of {', '.join(FORMATS)}, not {document_format!r}")
        if type(pages) is not int or not 0 <= pages <= 0xFFFFFFFF:
            raise ValueError(f"pages is an int from 0 to 4,294,967,295, not {pages!r}")
        if document_format == URF and pages == 0:
            raise ValueError("URF says how many pages follow: pages is 1 or more")
        self.document_format = document_format
        self.pages = pages
        self.pages_written = 0
        self._file = file
        self._page: Page | None = None
        # What each call asks of the page: octets of a line and of a unit, spare bits, and how it is mirrored.
        self._line, self._unit, self._spare, self._mirror, self._upward = 0, 1, -1, False, False
        self._left = 0  # lines of the page
        self._gathered = bytearray()  # lines in the order of the document
        self._gray = False  # whether these have an octet for each pixel of a page in colour
        self._out = bytearray()  # for their codes
        self._write(PWG_SYNC if document_format == PWG else URF_FILE.pack(URF_SYNC, pages))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()

    def begin_page(self, page: Page) -> None:
        """Write the header of the next page; all its lines have to follow."""
        self._complete()
        if self.pages and self.pages_written == self.pages:
            raise ValueError(f"the document was to have {self.pages} pages, and this is one more")
        self._write(pack(page, self.document_format, self.pages))
        self._page, self._left = page, page.height
        line, bits = page.bytes_per_line, page.color.bits_per_pixel
        self._line, self._unit = line, page.color.unit
        self._spare = line * 8 - page.width * bits if bits < 8 else -1
        self._mirror, self._upward = page.transform[0] == -1, page.transform[1] == -1
        if len(self._out) < 2 * line + _PIECE:
            self._out = bytearray(2 * line + _PIECE)
        self.pages_written += 1

    def write_lines(self, lines: "ReadableBuffer", stride: int | None = None, *, gray: bool = False) -> None:
        """Write the next lines of the page, as many as there are.

        lines: one line after the other, each `Page.bytes_per_line` octets. The high octet of a sample of 16 bits comes
        first, the left pixel of 8 is the high bit. stride: octets from a line to the next, if it is more; the last line
        may end without its padding. A buffer of more dimensions has its lines in the first, and needs no stride. gray:
        the lines have one octet for each pixel, which stands for all three of a page that has three octets a pixel.
        What has no colour takes a third of the memory so, and less time.

        If the page's transform mirrors the feed, the bands of the page come from the last to the first, as `Page.bands`
        gives them; within `lines` the upper line comes first, as ever.
        """
        page = self._page
        if page is None:
            raise ValueError("there are no lines before the first page")
        if gray and (page.color.components != 3 or page.color.bits_per_pixel != 24):
            raise ValueError(f"lines in gray are for pages of three octets a pixel, not for {page.type}")
        line = page.width if gray else self._line
        octets = _flat(lines, line, stride)
        step = line if stride is None else stride
        rows = -(-len(octets) // step)
        if len(octets) not in (rows * step, (rows - 1) * step + line):
            raise ValueError(f"{len(octets):,} octets are no whole lines of {line:,}, each {step:,} after the last")
        if rows > self._left:
            raise ValueError(f"page {self.pages_written} has {self._left:,} lines to come, not {rows:,}")
        if gray is not self._gray:
            self._encode_gathered()
            self._gray = gray
        if rows * line < _SMALL:
            for row in reversed(range(rows)) if self._upward else range(rows):
                self._gathered += octets[row * step : row * step + line]
            if len(self._gathered) >= 4 * _SMALL:
                self._encode_gathered()
        elif rows:
            self._encode_gathered()
            self._encode(octets, rows, line, step, self._upward)
        self._left -= rows
        if self._left == 0:
            self._encode_gathered()

    def write_page(self, page: Page, lines: "ReadableBuffer", stride: int | None = None) -> None:
        """Write a page whose lines are all at hand: `begin_page` and `write_lines`."""
        self.begin_page(page)
        self.write_lines(lines, stride)
        self._complete()

    def close(self) -> None:
        """End the document. Raises ValueError if it is not complete."""
        self._complete()
        if not self.pages_written:
            raise ValueError("a document has at least one page")
        if self.pages and self.pages_written < self.pages:
            raise ValueError(f"the document was to have {self.pages} pages, not {self.pages_written}")

    def _complete(self) -> None:
        if self._left:
            raise ValueError(f"page {self.pages_written} lacks {self._left:,} lines")

    def _encode_gathered(self) -> None:
        if self._page is not None and self._gathered:
            line = self._page.width if self._gray else self._line
            self._encode(self._gathered, len(self._gathered) // line, line, line, False)
            self._gathered.clear()

    def _encode(self, lines: bytearray | memoryview, rows: int, line: int, stride: int, upward: bool) -> None:
        unit, times = (1, 3) if self._gray else (self._unit, 1)
        done, mirror, spare = 0, self._mirror, self._spare
        while done < rows:
            done, size = encode(lines, done, self._out, line, stride, unit, mirror, spare, upward, times)
            self._write(bytes(memoryview(self._out)[:size]))

    def _write(self, data: bytes) -> None:
        written = self._file.write(data)
        while written is not None and written < len(data):  # an unbuffered file may take a part
            data = data[written:]
            written = self._file.write(data)


def _flat(lines: "ReadableBuffer", line: int, stride: int | None) -> memoryview:
    """Return the octets in one dimension. They are copied only if they do not follow each other in memory."""
    view = memoryview(lines)
    if view.itemsize != 1:
        raise ValueError(f"lines are octets, not items of {view.itemsize}: the high octet of a sample comes first")
    if view.ndim > 1:
        if stride is not None:
            raise ValueError("a stride is for a buffer of one dimension")
        if view.shape is not None and view.nbytes != view.shape[0] * line:
            raise ValueError(f"lines of shape {view.shape} do not have {line:,} octets each")
    elif stride is not None and (type(stride) is not int or stride < line):
        raise ValueError(f"a stride is at least the {line:,} octets of a line, not {stride!r}")
    if view.c_contiguous and view.nbytes:
        return view.cast("B")
    return memoryview(view.tobytes())
