"""How many pages a document has, and what they come to on paper: impressions and sheets.

The rule of this file: counting is cheap, and no document is refused because of it. A page count is what the document
itself says; the pages of raster that does not say it are counted as they pass. If a document is broken, odd or too
large, its count is unknown. Nothing here holds a whole document in memory, and what is read of it has a limit.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from typing import NamedTuple

from ippfast.codec import Attribute
from ippfast.formats import sniff
from ippfast.http.events import Buffer
from ippfast.raster import PWG, URF, PageCounter, RasterError, Reader
from ippfast.values import RangeOfInteger

from . import pdf_pages
from .core import PrinterCore
from .storage.pieces import Fills, filling
from .storage.rows import Document, Job, unpack
from .storage.seam import DocumentStore, IncomingDocument, StorageError
from .template import as_printed

__all__ = ["Counted", "Counts", "counts_of_document", "counts_of_job", "pages_of"]

_HEAD = 2_048  # octets: enough for the header of a raster document and its first page
_MOST_RASTER = 64 << 20  # octets of raster that are counted page by page
_MOST_PAGES = 1_000_000  # a document that says more is not believed
_MOST_COUNTED = 2**31 - 1  # what an integer holds (RFC 8010 section 3.9): more is told as this many
_DSC = re.compile(rb"^%%Pages:[ \t]*(\d{1,7})", re.MULTILINE)


class Counted:
    """Passes on the pieces of a document, and counts its pages if it is raster.

    pages: how many a raster document has, once it has passed; None: it is not raster, or that is not known.
    """

    def __init__(self, pieces: Iterable[Buffer]) -> None:
        self._pieces = pieces
        self._head = bytearray()
        self._counter: PageCounter | None = None
        self._octets = 0
        self._looking = True
        self._source: Fills | None = None
        self.pages: int | None = None

    def __iter__(self) -> Iterator[Buffer]:
        for piece in self._pieces:
            self._look(piece)
            yield piece
        self._end()

    def read_into(self, buffer: memoryview) -> int:
        """As `Fills.read_into`."""
        if self._source is None:
            self._source = filling(self._pieces)
        filled = self._source.read_into(buffer)
        self._look(buffer[:filled])
        if filled < len(buffer):
            self._end()
        return filled

    def _look(self, piece: Buffer) -> None:
        """Look at a piece, until it is known that there is nothing more to be found."""
        if not self._looking:
            return
        missing = _HEAD - len(self._head)
        if missing > 0:
            self._head += piece[:missing]
            piece = memoryview(piece)[missing:]
            if len(self._head) < _HEAD:
                return
            self._looking = self._begin()
        if self._looking:
            self._looking = self._feed(bytes(piece))

    def _end(self) -> None:
        if self._looking and len(self._head) < _HEAD:  # it has ended before its kind was seen
            self._begin()
        self._looking = False
        if self._counter is not None:
            self.pages, self._counter = self._ended(self._counter), None

    def _begin(self) -> bool:
        """Look at the head. Returns whether the rest must be looked at too."""
        head = bytes(self._head)
        if sniff(head) not in (PWG, URF):
            return False
        with contextlib.suppress(RasterError):
            reader = Reader(BytesIO(head))
            reader.next_page()  # PWG raster says the number of pages in the header of the first
            if reader.pages:
                self.pages = _credible(reader.pages)
                return False
            self._counter = PageCounter()
            return self._feed(head)
        return False

    def _feed(self, octets: bytes) -> bool:
        assert self._counter is not None
        self._octets += len(octets)
        try:
            if self._octets <= _MOST_RASTER:
                self._counter.feed(octets)
                return True
        except RasterError:
            pass
        self._counter = None
        return False

    @staticmethod
    def _ended(counter: PageCounter) -> int | None:
        try:
            counter.close()
        except RasterError:
            return None
        return _credible(counter.pages)


def pages_of(documents: DocumentStore, incoming: IncomingDocument, counted: Counted) -> int | None:
    """How many pages a new document has; None: that is not known."""
    kind = sniff(incoming.head)
    if kind in (PWG, URF):
        return counted.pages
    if kind in ("image/jpeg", "image/png"):
        return 1
    by = _BY_ITSELF.get(kind)
    try:
        return None if by is None else _credible(by(_reader(documents, incoming), incoming.octets))
    except (OSError, StorageError):  # the error is reported when the document is output
        return None


def _reader(documents: DocumentStore, incoming: IncomingDocument) -> pdf_pages.ReadAt:
    content = incoming.content

    def read(start: int, length: int) -> bytes:
        if content is not None:
            return content[start : start + length]
        found = bytearray()
        pieces = documents.open(incoming.key, start)
        for piece in pieces if length > 0 else ():
            found += memoryview(piece)[: length - len(found)]
            if len(found) >= length:
                break
        return bytes(found)

    return read


def _of_postscript(read: pdf_pages.ReadAt, size: int) -> int | None:
    """%%Pages of the Document Structuring Conventions: in the header, or at the end if that says so ("(atend)")."""
    found = _DSC.search(read(0, _HEAD)) or _DSC.search(read(max(0, size - _HEAD), _HEAD))
    return None if found is None else int(found[1])


_BY_ITSELF: dict[str, Callable[[pdf_pages.ReadAt, int], int | None]] = {
    "application/pdf": pdf_pages.pages_of,
    "application/postscript": _of_postscript,
}


def _credible(pages: int | None) -> int | None:
    return pages if pages is not None and 0 < pages <= _MOST_PAGES else None


# From pages to impressions and sheets.


class Counts(NamedTuple):
    """pages: of the documents. impressions: of one copy, as job-impressions has them (RFC 8011 section 5.3.17.2).
    sheets: of all copies, as job-media-sheets has them (section 5.3.17.3). done: the impressions of all copies."""

    pages: int
    impressions: int
    sheets: int
    done: int

    def __add__(self, other: "Counts") -> "Counts":  # type: ignore[override]
        return Counts(*(min(mine + its, _MOST_COUNTED) for mine, its in zip(self, other, strict=True)))


def _counts(printer: PrinterCore, pages: int, asked: Mapping[str, Attribute]) -> Counts:
    """The counts for this number of pages with these Job Template attributes, or the printer's defaults."""

    asked = {each.name: each for each in as_printed(asked.values())} if "proof-print" in asked else asked

    def chosen(name: str, default: object) -> object:
        own = asked.get(name) or printer.description.get(f"{name}-default")
        return default if own is None else own.values[0]

    def number(name: str) -> int:
        value = chosen(name, 1)
        return value if isinstance(value, int) and value > 0 else 1

    ranges = asked["page-ranges"].values if "page-ranges" in asked else ()
    printed = pages
    if ranges:
        printed = sum(max(0, min(r.upper, pages) - r.lower + 1) for r in ranges if isinstance(r, RangeOfInteger))
    impressions = -(-printed // number("number-up"))
    sheets = -(-impressions // 2) if str(chosen("sides", "")).startswith("two-sided") else impressions
    copies = number("copies")
    return Counts(*(min(each, _MOST_COUNTED) for each in (pages, impressions, sheets * copies, impressions * copies)))


def counts_of_document(printer: PrinterCore, asked: Mapping[str, Attribute], document: Document) -> Counts | None:
    """The counts of a document of a job; None: they are not known. asked: the job's attributes."""
    if document.pages is None:
        return None
    return _counts(printer, document.pages, {**asked, **{each.name: each for each in unpack(document.ticket)}})


def counts_of_job(printer: PrinterCore, job: Job, asked: Mapping[str, Attribute]) -> Counts | None:
    """The counts of a job; None: they are not known. asked: its attributes."""
    if job.pages is None:
        return None
    if job.documents == 1:  # a list may have thousands of them: do not read their documents
        return _counts(printer, job.pages, asked)
    total = Counts(0, 0, 0, 0)
    for document in printer.store.documents(job.id):
        if document.state not in (7, 8):  # canceled or aborted
            one = counts_of_document(printer, asked, document)
            if one is None:
                return None
            total += one
    return total
