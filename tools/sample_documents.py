"""Makes the documents that CUPS' conformance suites print: small, valid files of each format under the names they want.

The rule of this file: every octet is made here, from the formats' specifications: PDF 1.4, PostScript, baseline JPEG
(ITU T.81) and PWG Raster (PWG 5102.4). What is on the pages does not matter; that a printer could print them does.
"""

import re
import struct
from pathlib import Path

__all__ = ["make_sample", "make_samples", "names_in"]

# In points, 1/72 inch.
_SIZES = {"a4": (595, 842), "letter": (612, 792), "4x6": (288, 432)}
_RASTER = re.compile(
    r".*/(?P<document>[\w.]+)-(?P<size>4x6|a4|letter)-(?P<kind>black-1|cmyk-8|sgray-8|srgb-8|srgb-16)-(?P<dpi>\d+)dpi\.pwg"
)
# Color space, colors and bits a color of each type (PWG 5102.4 section 4.3.2.3), and a pixel of it.
_KINDS = {
    "black-1": (3, 1, 1, b"\x55"),
    "cmyk-8": (6, 4, 8, b"\x80\x00\x40\x10"),
    "sgray-8": (18, 1, 8, b"\x80"),
    "srgb-8": (19, 3, 8, b"\x80\xa0\xff"),
    "srgb-16": (19, 3, 16, b"\x80\x00\xa0\x00\xff\xff"),
}


def names_in(suite: Path) -> list[str]:
    """The names of the documents that a suite prints, and those that it includes."""
    text = suite.read_text(encoding="utf-8")
    names = re.findall(r"^\s*FILE ([^$\s]+)", text, re.MULTILINE)
    for included in re.findall(r'^\s*INCLUDE "([^"]+)"', text, re.MULTILINE):
        names += names_in(suite.parent / included)
    return sorted(set(names))


def make_samples(directory: Path, names: list[str]) -> None:
    """Make the documents of these names, relative to a directory, where they are not there."""
    for name in names:
        path = directory / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(make_sample(name))


def make_sample(name: str) -> bytes:
    """The document that is to have that name."""
    raster = _RASTER.fullmatch(f"/{name}")
    if raster is not None:
        return _raster(raster["size"], raster["kind"], int(raster["dpi"]))
    size = _SIZES["a4" if "a4" in name else "letter"]
    if name.endswith(".pdf"):
        return _pdf(*size)
    if name.endswith(".ps"):
        return _postscript(*size)
    if name.endswith(".jpg"):
        return _jpeg(colors=1 if "gray" in name else 3)
    raise ValueError(f"no document can be made for the name {name!r}")


def _pdf(width: int, height: int) -> bytes:
    content = b"0.5 g 72 72 144 144 re f"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Resources << >> /Contents 4 0 R /MediaBox [0 0 %d %d] >>" % (width, height),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
    ]
    made = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, text in enumerate(objects, 1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    made += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(made)


def _postscript(width: int, height: int) -> bytes:
    return (
        "%!PS-Adobe-3.0\n"
        f"%%BoundingBox: 0 0 {width} {height}\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\n"
        f"<< /PageSize [{width} {height}] >> setpagedevice\n"
        "0.5 setgray 72 72 144 144 rectfill\nshowpage\n%%EOF\n"
    ).encode()


def _jpeg(colors: int, side: int = 64) -> bytes:
    """An even gray: each block is a DC difference of 0 and an end of block, whose codes are one bit each."""

    def segment(marker: int, payload: bytes) -> bytes:
        return struct.pack(">HH", 0xFF00 | marker, len(payload) + 2) + payload

    blocks = (side // 8) ** 2 * colors
    bits = 2 * blocks
    data = bytes(bits // 8) + (bytes([0xFF >> bits % 8]) if bits % 8 else b"")
    one_code = bytes([1] + [0] * 15)  # one code of one bit (T.81 section B.2.4.2)
    frame = struct.pack(">BHHB", 8, side, side, colors) + b"".join(bytes([n + 1, 0x11, 0]) for n in range(colors))
    scan = bytes([colors]) + b"".join(bytes([n + 1, 0]) for n in range(colors)) + bytes([0, 63, 0])
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0" + struct.pack(">BBBHHBB", 1, 1, 1, 72, 72, 0, 0)),
            segment(0xDB, bytes([0]) + bytes([1] * 64)),
            segment(0xC0, frame),
            segment(0xC4, bytes([0x00]) + one_code + bytes([0])),
            segment(0xC4, bytes([0x10]) + one_code + bytes([0])),
            segment(0xDA, scan),
            data,
            b"\xff\xd9",
        ]
    )


def _raster(size: str, kind: str, dpi: int) -> bytes:
    """One page of one color."""
    width, height = (round(side * dpi / 72) for side in _SIZES[size])
    space, colors, bits, pixel = _KINDS[kind]
    line_octets = (width * colors * bits + 7) // 8
    header = bytearray(1796)
    header[0:9] = b"PwgRaster"
    numbers = {
        276: dpi,  # HWResolution; the offsets are those of PWG 5102.4 table 2
        280: dpi,
        340: 1,  # NumCopies
        352: _SIZES[size][0],  # PageSize
        356: _SIZES[size][1],
        372: width,
        376: height,
        384: bits,
        388: bits * colors,
        392: line_octets,
        396: 0,  # ColorOrder: chunky
        400: space,
        420: colors,
        452: 1,  # TotalPageCount
        456: 1,  # CrossFeedTransform
        460: 1,  # FeedTransform
    }
    for offset, number in numbers.items():
        struct.pack_into(">I", header, offset, number)
    line = _runs(line_octets if bits == 1 else width, pixel)
    lines = b""
    left = height
    while left:
        count = min(left, 256)
        lines += bytes([count - 1]) + line
        left -= count
    return b"RaS2" + bytes(header) + lines


def _runs(count: int, pixel: bytes) -> bytes:
    """A line of pixels that are all the same, in runs of at most 128 (PWG 5102.4 section 4.4)."""
    made = b""
    while count:
        run = min(count, 128)
        made += bytes([run - 1]) + pixel
        count -= run
    return made
