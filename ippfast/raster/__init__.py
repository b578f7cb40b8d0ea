"""PWG Raster (PWG 5102.4) and Apple raster, also called URF: the pages that a printer takes, written and read.

This package draws nothing: pixels go in and come out. It keeps only the lines at hand, and depends on no other package.

    from ippfast.raster import Page, Reader, Writer

    page = Page(width=2480, height=3507, type="srgb_8", resolution=(300, 300), size_name="iso_a4_210x297mm")
    with open("out.urf", "wb") as file, Writer(file, "image/urf", pages=1) as writer:
        writer.begin_page(page)
        for top, rows in page.bands(512):
            writer.write_lines(draw(top, rows))  # rows * page.bytes_per_line octets, or any stride

    with open("out.urf", "rb") as file:
        reader = Reader(file)
        for page in reader:
            while lines := reader.read_lines(512):
                ...

The rule of this folder: the octets of lines are made and taken apart by twins, `_lines.pyx` and `_lines_py.py`, which
keep no state. What a header means stands in `_headers.py`, what a page is in `pages.py`; only `writer.py` and
`reader.py` know of files and of order.
"""

from .errors import RasterError
from .pages import FORMATS, PWG, SHEET_BACKS, SIDES, TYPES, URF, ColorType, Page, back_transform, pixels
from .reader import PageCounter, Reader
from .writer import Writer

__all__ = [
    "FORMATS",
    "PWG",
    "SHEET_BACKS",
    "SIDES",
    "TYPES",
    "URF",
    "ColorType",
    "Page",
    "PageCounter",
    "RasterError",
    "Reader",
    "Writer",
    "back_transform",
    "pixels",
]
