"""ippfast's side of the raster races, as libcups.c is libcups': worker.py FILE WIDTH HEIGHT COLORS.

Rule: it says and does what libcups.c says and does.
"""

import io
import sys
import time
from pathlib import Path

from ippfast.raster import PWG, Page, Reader, Writer

GIVEN = 512  # lines at once, as in libcups.c
TAKEN = 768 * 1024  # octets at once, with which ippfast reads blank pages fastest


class Nowhere:
    """Takes octets and forgets them. size: how many there were."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)


def encode(page: Page, pixels: memoryview) -> int:
    file, line = Nowhere(), page.bytes_per_line
    with Writer(file, PWG) as writer:
        writer.begin_page(page)
        for top, rows in page.bands(GIVEN):
            writer.write_lines(pixels[top * line : (top + rows) * line])
    return file.size


def decode(document: bytes) -> int:
    reader = Reader(io.BytesIO(document))
    page = reader.next_page()
    rows = 0
    assert page is not None
    at_once = TAKEN // page.bytes_per_line
    while lines := reader.borrow_lines(at_once):
        rows += len(lines) // page.bytes_per_line
    assert rows == page.height
    return len(document)


def main() -> None:
    name, width, height, colors = sys.argv[1:]
    page = Page(
        width=int(width), height=int(height), type="sgray_8" if colors == "1" else "srgb_8", resolution=(300, 300)
    )
    pixels = memoryview(Path(name).read_bytes())
    file = io.BytesIO()
    with Writer(file, PWG) as writer:
        writer.write_page(page, pixels)
    document = file.getvalue()
    for line in sys.stdin:
        what, times = line.split()
        begin = time.process_time()
        for _ in range(int(times)):
            size = encode(page, pixels) if what == "encode" else decode(document)
        print((time.process_time() - begin) / int(times), size, flush=True)


if __name__ == "__main__":
    main()
