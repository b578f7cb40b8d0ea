"""The first page of a job as a picture, for its owner.

The rule of this file: a document is opened only in a child process (`ippfast.convert`), and raster is read by our own
reader, a few lines at a time; both have limits, few are drawn at a time, and the last ones are kept. A document that
cannot be drawn has no picture, which is not an error.
"""

import importlib.util
import io
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ippfast.http.errors import Refusal

from ..core import PrinterCore
from ..storage.rows import Document, Job

if TYPE_CHECKING:
    from ippfast.raster import Page

__all__ = ["FirstPages", "can_draw"]

_DRAWN = ("application/pdf", "image/jpeg", "image/png", "image/tiff", "image/gif", "text/plain")
_RASTER = ("image/pwg-raster", "image/urf")
_WIDTH, _LENGTH = 700, 900
"""The most pixels of a picture, across and down."""

_A4 = (21_000, 29_700)
_MEMORY = 512 << 20
_SECONDS = 10.0
_OUTPUT = 16 << 20
_AT_ONCE = 2
_WAIT = 5.0
"""How many seconds a picture waits for its turn."""

_KEPT = 64
_KEPT_OCTETS = 16 << 20
"""The most octets of all pictures that are kept: a photograph has up to 2 MB, a page of text some kilobytes."""

_MOST_OCTETS = 1 << 30
"""The most octets of raster that are read for one page."""

_MOST_PIXELS = 1 << 29
"""The most pixels of such a page: a large one takes some seconds."""

_AT_A_TIME = 8 << 20
"""How many pixels are held at a time, of four octets each."""

_LINES = 64


def can_draw(document_format: str) -> bool:
    """Whether the first page of such a document can be drawn here, at least if it is sound."""
    kind = document_format.partition(";")[0].strip().lower()
    if importlib.util.find_spec("PIL") is None:
        return False
    return kind in _RASTER or (kind in _DRAWN and importlib.util.find_spec("pypdfium2") is not None)


class FirstPages:
    """Pictures of first pages, the last of which are kept. It may be used by several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, bytes | None] = OrderedDict()
        self._octets = 0
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def of(self, printer: PrinterCore, job: Job) -> bytes | None:
        """The first page of a job in PNG; None: there is none, or it cannot be drawn. Raises Refusal if many wait."""
        document = next(iter(printer.store.documents(job.id)), None)
        if document is None or not can_draw(document.format):
            return None
        key = document.key
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        if not self._turns.acquire(timeout=_WAIT):
            raise Refusal(503, "other pages are being drawn", headers=[("Retry-After", "5")])
        try:
            found = _drawn(printer, document)
        except OSError:  # the storage does not have it now, and may have it the next time
            return None
        finally:
            self._turns.release()
        self._keep(key, found)
        return found

    def _keep(self, key: str, found: bytes | None) -> None:
        """Keep a picture, and as many of the last ones as there is room for."""
        with self._lock:
            self._octets += len(found or b"") - len(self._known.pop(key, None) or b"")
            self._known[key] = found
            while len(self._known) > _KEPT or self._octets > _KEPT_OCTETS:
                self._octets -= len(self._known.popitem(last=False)[1] or b"")


def _drawn(printer: PrinterCore, document: Document) -> bytes | None:
    """The picture; None: there is none of that document. Raises OSError if the document is not there."""
    from ippfast.convert import ConvertError
    from ippfast.raster import RasterError

    kind = document.format.partition(";")[0].strip().lower()
    with printer.documents.local(document.key) as path:
        try:
            return _read(_pieces_of(path)) if kind in _RASTER else _draw(path, kind)
        except (ConvertError, RasterError, OSError, ValueError):
            return None


def _draw(path: Path, kind: str) -> bytes | None:
    """The first page of a document that is not raster. Raises ConvertError, RasterError."""
    from ippfast.convert import Pages
    from ippfast.convert.frames import Limits
    from ippfast.convert.plans import Raster, Sheet
    from ippfast.convert.process import Child
    from ippfast.raster import PWG

    limits = Limits(memory=_MEMORY, seconds=_SECONDS, processor_seconds=int(_SECONDS), output=_OUTPUT, sides=1)
    with Child(path, kind, limits=limits) as child:
        original, _ = child.facts()
        width, length = (original.width, original.length) if original.width and original.length else _A4
        resolution = min(_WIDTH * 2540 // width, _LENGTH * 2540 // length, 300)
        sheet = Sheet("", width, length, (0, 0, 0, 0))
        raster = Raster(max(resolution, 1), "srgb_8", sheet, pages=((1, 1),), scaling="fit")
        return _read(Pages(path, kind, PWG, raster, limits=limits, child=child))


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 18):
            yield piece


class _Stream(io.RawIOBase):
    """Octets that come in pieces, to be read."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while not self._rest and (piece := next(self._pieces, None)) is not None:
            self._rest = piece
        found, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return found


def _read(pieces: Iterable[bytes]) -> bytes | None:
    """The first page of raster as PNG, made smaller by a whole factor. Raises RasterError."""
    from PIL import Image

    from ippfast.raster import Reader

    reader = Reader(_Stream(pieces))
    page = next(iter(reader), None)
    if page is None or page.color.bits > 8 or page.color.components not in (1, 3, 4):
        return None
    if page.bytes_per_line * page.height > _MOST_OCTETS:
        return None
    if page.width * page.height > _MOST_PIXELS:
        return None
    factor = max(-(-page.width // _WIDTH), -(-page.height // _LENGTH), 1)
    whole = Image.new("RGB", (-(-page.width // factor), -(-page.height // factor)), "white")
    if page.width * factor > _AT_A_TIME:  # no paper is so large
        return None
    top, rows = 0, factor * min(_LINES, _AT_A_TIME // (page.width * factor))
    while lines := reader.borrow_lines(rows):
        band = _image(page, bytes(lines)).reduce(factor)
        whole.paste(band, (0, top))
        top += band.height
    file = io.BytesIO()
    whole.save(file, "PNG", optimize=False)
    return file.getvalue()


def _image(page: "Page", lines: bytes) -> Any:
    """Some lines of a page in RGB."""
    from PIL import Image, ImageChops

    color = page.color
    mode = {1: "1" if color.bits == 1 else "L", 3: "RGB", 4: "CMYK"}[color.components]
    image = Image.frombytes(mode, (page.width, len(lines) // page.bytes_per_line), lines)
    if color.components == 1:
        image = image.convert("L")
        image = image if color.white else ImageChops.invert(image)
    return image.convert("RGB")
