"""What is wrong with a raster file.

The rule of this file: an error names the page and the line, counted from 1.
"""

from ..errors import IPPError

__all__ = ["RasterError"]


class RasterError(IPPError, ValueError):
    """The octets are no PWG or Apple raster, or end too early.

    what: what is wrong, in words. page: on which page, counted from 1; 0: before the first. line: in which line of it,
    counted from 1; 0: in its header.
    """

    def __init__(self, what: str, page: int = 0, line: int = 0) -> None:
        super().__init__(what, page, line)
        self.what = what
        self.page = page
        self.line = line

    def __str__(self) -> str:
        if not self.page:
            return self.what
        return f"page {self.page}, {f'line {self.line}' if self.line else 'header'}: {self.what}"
