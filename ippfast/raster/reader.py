"""Reads PWG and Apple raster documents, and counts their pages as they come.

The rule of this file: what a document says is not believed before it is checked, and memory is bounded whatever it
says: by one line, what that takes encoded, and the lines that were asked for. `_Decoder` knows the order of octets and
waits for nothing; `Reader` takes them from a file, and `PageCounter` as they are given.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from ._headers import PWG_PAGE, PWG_SYNC, URF_FILE, URF_PAGE, URF_SYNC, unpack
from ._picked import decode
from .errors import RasterError
from .pages import MAX_LINE, PWG, URF, Page

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["PageCounter", "Reader"]

_PIECE = 98_304
_CUPS_WORDS = {word[::turn] for word in (b"RaSt", b"RaS2", b"RaS3") for turn in (1, -1)}


class _Decoder:
    """Takes octets, and gives headers and lines as soon as they are complete."""

    def __init__(self, max_line: int) -> None:
        self.max_line = max_line
        self.document_format = ""
        self.pages = 0  # as the document says
        self.page: Page | None = None
        self.line = 0  # octets of a line of the page, 0 before the first page
        self._unit = self._white = 0  # of its ColorType
        self.begun = 0  # pages
        self.left = 0  # lines of the page
        self._data = bytearray()  # one for the whole document: the system hands out new memory slowly
        self._at = self._end = 0  # the octets that are not decoded yet stand between these
        self._again = 0  # times that the line at `_at` is still to come, if it was written some times already

    @property
    def waiting(self) -> int:
        """So many octets were fed and are not decoded yet."""
        return self._end - self._at

    def feed(self, data: bytes) -> None:
        size = len(data)
        if self._end + size > len(self._data):
            waiting = self._data[self._at : self._end]
            self._at, self._end = 0, len(waiting)
            if self._end + size > len(self._data):
                self._data = bytearray((self._end + size) * 9 // 8)  # somewhat more: it may grow often
            self._data[: self._end] = waiting
        self._data[self._end : self._end + size] = data
        self._end += size

    def _head(self, size: int) -> bytes:
        """The next octets, at most this many."""
        return bytes(self._data[self._at : min(self._at + size, self._end)])

    def error(self, what: str) -> RasterError:
        page = self.begun + (not self.left)
        line = self.page.height - self.left + 1 if self.page is not None and self.left else 0
        return RasterError(what, page if self.document_format else 0, line)

    def begin(self) -> bool:
        """Tell whether the document's first octets are here. Raises RasterError if it is no PWG or Apple raster."""
        if not self.document_format:
            head = self._head(URF_FILE.size)
            if head[:4] == PWG_SYNC:
                self.document_format = PWG
                self._at += 4
            elif head[: len(URF_SYNC)] == URF_SYNC:
                if len(head) == URF_FILE.size:
                    self.document_format, self.pages = URF, URF_FILE.unpack(head)[1]
                    self._at += URF_FILE.size
            elif head[:4] in _CUPS_WORDS:
                raise RasterError(f"CUPS raster ({head[:4].decode()}), which is not PWG Raster")
            elif not URF_SYNC.startswith(head[: len(URF_SYNC)]) and not PWG_SYNC.startswith(head):
                raise RasterError(f"neither PWG nor Apple raster: begins with {head[:8]!r}")
        return bool(self.document_format)

    def next_page(self) -> Page | None:
        """Return the next page. The one before it must be read to its end. None if its header is not complete yet."""
        if not self.begin():
            return None
        size = PWG_PAGE if self.document_format == PWG else URF_PAGE.size
        if self.waiting < size:
            return None
        try:
            page, total = unpack(self._head(size), self.document_format)
        except ValueError as wrong:
            raise self.error(str(wrong)) from None
        if page.bytes_per_line > self.max_line:
            raise self.error(f"lines of {page.bytes_per_line:,} octets, more than {self.max_line:,}")
        self._at += size
        if self.document_format == PWG:
            self.pages = total
        self.page, self.left, self.line = page, page.height, page.bytes_per_line
        self._unit, self._white = page.color.unit, page.color.white
        self.begun += 1
        return page

    def lines(self, out: memoryview, alike: int = 0) -> tuple[int, int]:
        """Write the next lines of the page into `out`, as many as it holds and are here.

        alike: so many lines at the start of `out` are the same. Returns how many lines were written, and how many at
        the start are the same now. It writes none if the page has no more or octets are lacking.
        """
        if not self.left:
            return 0, 0
        self._at, rows, self._again, same = decode(
            self._data, self._at, self._end, out, self.line, self._unit, self._white, self.left, self._again, alike
        )
        self.left -= rows
        return rows, same

    def skip(self, scratch: bytearray) -> bool:
        """Pass over the lines that are here, and tell whether the page is done. Lines are decoded into `scratch`."""
        if self.left and len(scratch) < self.line:
            scratch.extend(bytes(self.line - len(scratch)))
        while self.left:
            if self._again:  # all but one at once, and the codes with that one
                self.left -= self._again - 1
                self._again = 1
            if not self.lines(memoryview(scratch)[: self.line])[0]:
                return False
        return True


class Source(Protocol):
    """A Reader reads from a file, a pipe, `gzip.open`'s file, or anything else that gives octets."""

    def read(self, size: int, /) -> bytes: ...


class Reader:
    """Reads a document from a file, which it does not close; iterating gives a `Page` for each page.

    file: an object with ``read``. document_format: `PWG` or `URF`, as its first octets say. pages: how many the
    document says that it has, 0 if it does not; in PWG Raster each page says it.

    Read the lines of a page before the next page, or leave them. Raises RasterError if the octets are no such document,
    end too early, or hold another number of pages than an URF file says; what was read before that is right.
    """

    def __init__(self, file: Source) -> None:
        self._file = file
        self._decoder = _Decoder(MAX_LINE)
        self._scratch = bytearray()
        self._lent = bytearray()
        self._alike = 0  # so many lines at the start of what is lent are the same
        while not self._decoder.begin():
            if not self._feed():
                raise RasterError(
                    "neither PWG nor Apple raster: too short" if self._decoder.waiting else "an empty document"
                )
        self.document_format = self._decoder.document_format

    @property
    def pages(self) -> int:
        """How many pages the document says that it has; 0 if it does not, or did not yet."""
        return self._decoder.pages

    @property
    def page(self) -> Page | None:
        """The page whose lines are read now; None before the first."""
        return self._decoder.page

    def __iter__(self) -> Iterator[Page]:
        while (page := self.next_page()) is not None:
            yield page

    def next_page(self) -> Page | None:
        """The next page, None after the last. Lines of the one before it that were not read are passed over."""
        decoder = self._decoder
        self._alike = 0  # its lines may have another length
        while not decoder.skip(self._scratch):
            self._need()
        while (page := decoder.next_page()) is None:
            if not self._feed():
                break
        if page is None:
            if decoder.waiting:
                raise decoder.error("the document ends within it")
            if not decoder.begun:
                raise RasterError("a document without pages")
            if decoder.document_format == URF and decoder.pages not in (0, decoder.begun):
                raise RasterError(f"the document says that it has {decoder.pages} pages, and has {decoder.begun}")
        return page

    def read_lines(self, rows: int = 256) -> bytearray:
        """The next lines of the page, at most this many, each `Page.bytes_per_line` octets; nothing after the last.

        Raises ValueError if `rows` is negative.
        """
        lines = bytearray(self._size_of(rows))
        self._fill(memoryview(lines), 0)
        return lines

    def borrow_lines(self, rows: int = 256) -> memoryview:
        """As `read_lines`, in memory of the Reader's: look at the lines before the next call, which writes over them.

        This is the fastest way. No memory is taken for each call, and lines that are there already, as those of a blank
        page are, are not written again.
        """
        size = self._size_of(rows)
        if len(self._lent) < size:
            self._lent, self._alike = bytearray(size), 0
        lines, alike = memoryview(self._lent)[:size], self._alike
        self._alike = 0
        _, self._alike = self._fill(lines, alike)
        return lines.toreadonly()

    def read_into(self, buffer: "WriteableBuffer") -> int:
        """Write the next lines of the page into `buffer`, as many as it holds, one after the other: how many.

        0 after the last line of the page. Raises ValueError if `buffer` does not hold one line.
        """
        decoder = self._decoder
        if not decoder.left:
            return 0
        out, line = memoryview(buffer).cast("B"), decoder.line
        if len(out) < line:
            raise ValueError(f"a buffer of {len(out):,} octets does not hold one line of {line:,}")
        return self._fill(out, 0)[0]

    def _size_of(self, rows: int) -> int:
        """How many octets the next lines of the page are, at most this many of them."""
        if rows < 0:
            raise ValueError(f"rows is 0 or more, not {rows}")
        return min(rows, self._decoder.left) * self._decoder.line

    def _fill(self, out: memoryview, alike: int) -> tuple[int, int]:
        """As `_Decoder.lines`, with as many lines as `out` holds."""
        decoder = self._decoder
        done, same = decoder.lines(out, alike)
        while decoder.left and len(out) - done * decoder.line >= decoder.line:
            rows, found = decoder.lines(out[done * decoder.line :], max(alike - done, 0))
            same = same if done else found
            done += rows
            if not rows:
                self._need()
        return done, same

    def _feed(self) -> bool:
        # It reads as much as waits already, so that a long line is not decoded from its beginning many times.
        data = self._file.read(max(_PIECE, self._decoder.waiting))
        self._decoder.feed(data)
        return bool(data)

    def _need(self) -> None:
        if not self._feed():
            raise self._decoder.error("the document ends within it")


class PageCounter:
    """Counts the pages of a document that is given to it in pieces.

    pages: how many are complete. impressions: the same, but each page counts as often as its header asks for copies.
    max_line: the longest line that is accepted, in octets; the counter keeps about three times as much at most.

    `feed` and `close` raise RasterError if the octets are no such document, or end too early.
    """

    def __init__(self, max_line: int = 1024 * 1024) -> None:
        self.pages = 0
        self.impressions = 0
        self._decoder = _Decoder(max_line)
        self._scratch = bytearray()
        self._waits_for = 0  # octets: with fewer a line that was not whole is not looked at again

    def feed(self, data: bytes) -> None:
        """Count what the next octets of the document hold. They may be cut anywhere."""
        decoder = self._decoder
        decoder.feed(data)
        if decoder.waiting < self._waits_for:
            return
        while True:
            if decoder.left:
                if not decoder.skip(self._scratch):
                    break
                assert decoder.page is not None
                self.pages += 1
                self.impressions += decoder.page.copies
            if decoder.next_page() is None:
                break
        self._waits_for = 2 * decoder.waiting if decoder.waiting > _PIECE else 0

    def close(self) -> None:
        """End the document."""
        self._waits_for = 0
        self.feed(b"")
        if self._decoder.left or self._decoder.waiting or not self.pages:
            raise self._decoder.error("the document ends within it")
