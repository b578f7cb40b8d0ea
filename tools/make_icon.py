"""Draws the printer's icon, ippfast/printer/web/assets/icon.png: 128 by 128 pixels, PNG (PWG 5100.13 section 5.6.14).

The rule of this file: nothing but zlib; the same file each time.
"""

import struct
import zlib
from pathlib import Path

SIZE = 128
CLEAR, BODY, DARK, PAPER, LINE, LIGHT = (
    (0, 0, 0, 0),
    (58, 84, 124, 255),
    (38, 56, 84, 255),
    (250, 250, 248, 255),
    (160, 168, 178, 255),
    (92, 200, 120, 255),
)


def draw() -> list[list[tuple[int, int, int, int]]]:
    """The pixels, row by row, as red, green, blue and alpha."""
    pixels = [[CLEAR] * SIZE for _ in range(SIZE)]

    def box(left: int, top: int, right: int, bottom: int, color: tuple[int, int, int, int], radius: int = 0) -> None:
        for y in range(top, bottom):
            for x in range(left, right):
                dx = max(left + radius - x, x - (right - 1 - radius), 0)
                dy = max(top + radius - y, y - (bottom - 1 - radius), 0)
                if dx * dx + dy * dy <= radius * radius:
                    pixels[y][x] = color

    box(34, 10, 94, 60, PAPER, 4)
    box(10, 42, 118, 98, BODY, 12)
    box(26, 74, 102, 84, DARK, 4)
    box(34, 78, 94, 120, PAPER, 4)
    for row in (90, 99, 108):
        box(44, row, 84, row + 3, LINE)
    box(98, 54, 106, 62, LIGHT, 4)
    return pixels


def encode(pixels: list[list[tuple[int, int, int, int]]]) -> bytes:
    """The pixels as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in pixels)
    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "ippfast" / "printer" / "web" / "assets" / "icon.png"
    target.write_bytes(encode(draw()))
    print(f"{target.name}: {target.stat().st_size} octets")
