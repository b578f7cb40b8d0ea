"""Images made into pages: one for each frame of a TIFF, one for all others.

The rule of this file: the page has the size of the image at the resolution that it names, turned as its EXIF says. It
runs in the child process alone.
"""

import ctypes
import warnings
from collections.abc import Callable
from typing import BinaryIO

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import RenderError
from .plans import Raster

__all__ = ["Images"]

_MOST_PIXELS = 200_000_000
_MOST_FRAMES = 1_000
_USUAL_RESOLUTION = 300.0
_FORMATS = ("JPEG", "PNG", "TIFF", "GIF", "BMP", "WEBP")


class Images:
    """Open the images in a file. Raises RenderError if it has none that can be read."""

    def __init__(self, file: BinaryIO) -> None:
        Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
        warnings.simplefilter("ignore")  # the library warns of damaged images
        try:
            self._image = Image.open(file, formats=_FORMATS)
            self._frames = getattr(self._image, "n_frames", 1) if self._image.format == "TIFF" else 1
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
            raise RenderError(f"the image cannot be read: {error}") from None
        if self._frames > _MOST_FRAMES:
            raise RenderError(f"more than {_MOST_FRAMES:,} images in a file are too many")

    def facts(self) -> tuple[int, int, int]:
        """As `Source.facts`. An image has no size on paper that would choose the sheet."""
        return 0, 0, self._frames

    def document(self, raster: Raster, warn: Callable[[str], object], most: int) -> pdfium.PdfDocument:
        """A page for each image, no finer than it is going to be drawn."""
        made = pdfium.PdfDocument.new()
        for number in range(self._frames):
            try:
                image, across, down = self._frame(number, raster)
            except (Image.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError) as error:
                raise RenderError(f"image {number + 1} cannot be read: {error}") from None
            _add(made, image, across, down)
        return made

    def _frame(self, number: int, raster: Raster) -> tuple[Image.Image, float, float]:
        """Return an image, upright and in gray or RGB, and its size in points."""
        image = self._image
        width, height = raster.sheet.pixels(raster.resolution)
        if number:
            image.seek(number)
        elif image.format == "JPEG":
            # Its decoder can give a half, a quarter or an eighth of it, as long as that is enough.
            most = max(width, height)
            image.draft("RGB" if image.mode == "YCbCr" else image.mode, (most, most))
        dots = image.info.get("dpi", (_USUAL_RESOLUTION, _USUAL_RESOLUTION))
        across, down = (float(each) if 1 < float(each) < 10_000 else _USUAL_RESOLUTION for each in dots[:2])
        size = image.size
        upright = ImageOps.exif_transpose(image)
        if upright.size != size and size[0] != size[1]:
            across, down = down, across
        found = _flat(upright, raster.gray)
        points = found.width * 72 / across, found.height * 72 / down
        if max(found.width / max(width, height), found.height / max(width, height)) > 1:
            found.thumbnail((max(width, height),) * 2, Image.Resampling.LANCZOS)
        return found, *points


def _flat(image: Image.Image, gray: bool) -> Image.Image:
    """Return the image on white paper, in the colours that are drawn."""
    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.point(lambda value: value / 256).convert("L")
    if "A" in image.mode or "transparency" in image.info:
        shown = image.convert("RGBA")
        image = Image.new("RGBA", shown.size, "white")
        image.alpha_composite(shown)
    return image.convert("L" if gray or image.mode in ("1", "L") else "RGB")


def _add(document: pdfium.PdfDocument, image: Image.Image, across: float, down: float) -> None:
    """Add a page of this size that the image fills."""
    if image.mode == "L":
        kind, stride, octets = raw.FPDFBitmap_Gray, image.width, image.tobytes()
    else:
        kind, stride, octets = raw.FPDFBitmap_BGR, image.width * 3, image.tobytes("raw", "BGR")
    buffer = (ctypes.c_ubyte * len(octets)).from_buffer_copy(octets)
    bitmap = pdfium.PdfBitmap.new_native(image.width, image.height, kind, buffer=buffer, stride=stride)
    page = document.new_page(across, down)
    item = pdfium.PdfImage.new(document)
    item.set_bitmap(bitmap)
    item.set_matrix(pdfium.PdfMatrix().scale(across, down))
    page.insert_obj(item)
    page.gen_content()
    page.close()
