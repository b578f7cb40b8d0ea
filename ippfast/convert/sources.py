"""Documents of each format, opened: what is known of them, and their pages for pdfium to draw.

The rule of this file: whatever a document is, its pages become those of a PDF in memory, so that there is one way of
drawing. It runs in the child process alone.
"""

from collections.abc import Callable
from typing import BinaryIO, Protocol

import pypdfium2 as pdfium

from .drawing import open_pdf
from .errors import RenderError
from .plans import Raster

__all__ = ["Source", "opener_of"]

Warn = Callable[[str], object]
Opener = Callable[[BinaryIO, str | None], "Source"]


class Source(Protocol):
    """An open document."""

    def facts(self) -> tuple[int, int, int]:
        """Width and length of its first page in hundredths of a millimetre, and the number of pages; 0: not known."""

    def document(self, raster: Raster, warn: Warn, most: int) -> pdfium.PdfDocument:
        """Its pages, at most this many."""


def opener_of(format_: str) -> Opener:
    """What opens documents of a format, its libraries loaded: given a file and an encoding of text, if there is one.

    It raises RenderError if the file is none. Raises RenderError for a format that cannot be drawn.
    """
    if format_ == "application/pdf":
        return lambda file, encoding: _Pdf(file)
    if format_ == "text/plain":
        from .text import Text

        return Text
    if format_.startswith("image/"):
        from .images import Images

        return lambda file, encoding: Images(file)
    raise RenderError(f"{format_} cannot be drawn here")


class _Pdf:
    def __init__(self, file: BinaryIO) -> None:
        self._document = open_pdf(file)

    def facts(self) -> tuple[int, int, int]:
        pages = len(self._document)
        if pages == 0:
            raise RenderError("the PDF has no pages")
        width, length = self._document.get_page_size(0)
        return round(width * 2540 / 72), round(length * 2540 / 72), pages

    def document(self, raster: Raster, warn: Warn, most: int) -> pdfium.PdfDocument:
        return self._document
