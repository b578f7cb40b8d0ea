"""The octets of headers: PWG Raster's (PWG 5102.4 section 4.3) and Apple raster's, of which no specification is public.

The rule of this file: a header is written from a `Page` and read into one, and nothing else here knows where a field
stands. Reading takes what others write wrongly but clearly, and refuses with ValueError what has no meaning here.
"""

import struct
from functools import lru_cache
from typing import Final

from .pages import PWG, TYPES, Page

__all__ = ["PWG_PAGE", "PWG_SYNC", "URF_FILE", "URF_PAGE", "URF_SYNC", "URF_TYPES", "pack", "unpack"]

PWG_SYNC: Final = b"RaS2"
URF_SYNC: Final = b"UNIRAST\0"
URF_FILE: Final = struct.Struct(">8sI")  # the word, and how many pages follow
PWG_PAGE: Final = 1796
"""A page's header in PWG Raster has so many octets."""

URF_PAGE: Final = struct.Struct(">BBBBBB6xIII8x")

_WHITE_MEDIA = 0xFFFFFF  # AlternatePrimary

MEDIA_SOURCES: Final = (
    *("auto", "main", "alternate", "large-capacity", "manual", "envelope", "disc", "photo", "hagaki", "main-roll"),
    *("alternate-roll", "top", "middle", "bottom", "side", "left", "right", "center", "rear", "by-pass-tray"),
    *(f"tray-{number}" for number in range(1, 21)),
    *(f"roll-{number}" for number in range(1, 11)),
)
"""These are keywords of "media-source". A MediaPosition of PWG Raster is an index into them, and so is URF's."""

MEDIA_TYPES: Final = (
    *("auto", "stationery", "transparency", "envelope", "cardstock", "labels", "stationery-letterhead", "disc"),
    *(f"photographic-{finish}" for finish in ("matte", "satin", "semi-gloss", "glossy", "high-gloss")),
    "other",
)
"""URF has numbers for these keywords of "media-type": their indexes."""

_PWG_SPACES = {"rgb": 1, "black": 3, "cmyk": 6, "sgray": 18, "srgb": 19, "adobe-rgb": 20}
_PWG_SPACES |= {f"device{number}": 47 + number for number in range(1, 16)}
_PWG_TYPES = {(_PWG_SPACES[t.space], t.bits): name for name, t in TYPES.items() if t.space in _PWG_SPACES}

_URF_SPACES = {"sgray": 0, "srgb": 1, "lab": 2, "adobe-rgb": 3, "gray": 4, "rgb": 5, "cmyk": 6}
URF_TYPES: Final = {
    (_URF_SPACES[t.space], t.bits_per_pixel): name for name, t in TYPES.items() if t.space in _URF_SPACES
}
_URF_SIDES = ("one-sided", "two-sided-short-edge", "two-sided-long-edge")  # 1, 2, 3


@lru_cache(8)  # the pages of a document have few headers, and each takes as long as 100 lines of a blank page
def pack(page: Page, document_format: str, total: int) -> bytes:
    """The header of a page. total: pages of the document, 0: unknown.

    Raises ValueError if the format has no such page.
    """
    return _pack_pwg(page, total) if document_format == PWG else _pack_urf(page)


def unpack(header: bytes, document_format: str) -> tuple[Page, int]:
    """The page that a header describes, and the pages of the document as it says, 0: unknown.

    Raises ValueError, in words that a user understands, for what is no page or not one of these formats.
    """
    return _unpack_pwg(header) if document_format == PWG else (_unpack_urf(header), 0)


# ---- PWG Raster ----

_TEXTS = {
    64: "media_color",
    128: "media_type",
    192: "print_content_optimize",
    1668: "rendering_intent",
    1732: "size_name",
}
_INTEGER = struct.Struct(">I")


def _pack_pwg(page: Page, total: int) -> bytes:
    color = page.color
    if color.space not in _PWG_SPACES:
        raise ValueError(f"PWG Raster has no pixels {page.type}")
    width_points, height_points = page.page_size
    integers = {
        272: page.sides != "one-sided",  # Duplex
        276: page.resolution[0],
        280: page.resolution[1],
        324: MEDIA_SOURCES.index(page.media_source) if page.media_source in MEDIA_SOURCES else 0,
        328: page.media_weight,
        340: page.copies,
        344: page.orientation,
        352: width_points or _points(page.width, page.resolution[0]),
        356: height_points or _points(page.height, page.resolution[1]),
        368: page.sides == "two-sided-short-edge",  # Tumble
        372: page.width,
        376: page.height,
        384: color.bits,
        388: color.bits_per_pixel,
        392: page.bytes_per_line,
        396: 0,  # ColorOrder: the samples of a pixel stand together
        400: _PWG_SPACES[color.space],
        420: color.components,
        452: total,
        456: page.transform[0] & 0xFFFFFFFF,
        460: page.transform[1] & 0xFFFFFFFF,
        480: _WHITE_MEDIA,
        484: page.print_quality,
    }
    header = bytearray(PWG_PAGE)
    for place, text in {0: "PwgRaster", **{place: getattr(page, name) for place, name in _TEXTS.items()}}.items():
        header[place : place + len(text)] = text.encode("ascii")
    for place, number in integers.items():
        _INTEGER.pack_into(header, place, number)
    return bytes(header)


def _points(pixels: int, dots: int) -> int:
    return (pixels * 72 + dots // 2) // dots


def _text(header: bytes, place: int) -> str:
    """A name, without what stands behind its NUL. Others' errors in it are no reason to refuse a page."""
    text = header[place : place + 63].partition(b"\0")[0].decode("ascii", "replace")
    return "".join(character if " " <= character <= "~" else "?" for character in text)


def _unpack_pwg(header: bytes) -> tuple[Page, int]:
    def integer(place: int) -> int:
        number: int = _INTEGER.unpack_from(header, place)[0]
        return number

    space, bits = integer(400), integer(384)
    name = _PWG_TYPES.get((space, bits))
    if name is None:
        raise ValueError(f"color space {space} with {bits} bits for each color is not one of PWG Raster's")
    color = TYPES[name]
    if integer(396) != 0:
        raise ValueError(f"color order {integer(396)} is not one of PWG Raster's")
    if integer(388) != color.bits_per_pixel:
        raise ValueError(f"{integer(388)} bits for each pixel of {name}, not {color.bits_per_pixel}")
    duplex, tumble = integer(272), integer(368)
    page = Page(
        width=integer(372),
        height=integer(376),
        type=name,
        resolution=(integer(276), integer(280)),
        sides="one-sided" if not duplex else "two-sided-short-edge" if tumble else "two-sided-long-edge",
        transform=(_turn(integer(456)), _turn(integer(460))),
        print_quality=integer(484) if integer(484) in (3, 4, 5) else 0,
        media_source=_of(MEDIA_SOURCES, integer(324), "auto"),
        media_weight=min(integer(328), 0x7FFFFFFF),
        copies=min(max(integer(340), 1), 0x7FFFFFFF),
        orientation=integer(344) & 3,
        page_size=(min(integer(352), 0x7FFFFFFF), min(integer(356), 0x7FFFFFFF)),
        **{name: _text(header, place) for place, name in _TEXTS.items()},
    )
    if integer(392) != page.bytes_per_line:
        raise ValueError(f"{integer(392):,} octets for each line of {page.width:,} pixels, not {page.bytes_per_line:,}")
    return page, integer(452)


def _turn(number: int) -> int:
    return -1 if number == 0xFFFFFFFF else 1


def _of(keywords: tuple[str, ...], index: int, otherwise: str) -> str:
    return keywords[index] if index < len(keywords) else otherwise


# ---- Apple raster ----


def _pack_urf(page: Page) -> bytes:
    color = page.color
    if color.space not in _URF_SPACES:
        raise ValueError(f"URF has no pixels {page.type}")
    if page.resolution[0] != page.resolution[1]:
        raise ValueError(f"URF has one resolution for both axes, not {page.resolution[0]} and {page.resolution[1]}")
    kind = page.media_type or "auto"
    return URF_PAGE.pack(
        color.bits_per_pixel,
        _URF_SPACES[color.space],
        _URF_SIDES.index(page.sides) + 1,
        page.print_quality,
        MEDIA_TYPES.index(kind if kind in MEDIA_TYPES else "other"),
        MEDIA_SOURCES.index(page.media_source) if page.media_source in MEDIA_SOURCES else 0,
        page.width,
        page.height,
        page.resolution[0],
    )


def _unpack_urf(header: bytes) -> Page:
    bits, space, sides, quality, kind, source, width, height, dots = URF_PAGE.unpack(header)
    name = URF_TYPES.get((space, bits))
    if name is None:
        raise ValueError(f"color space {space} with {bits} bits for each pixel is not one of URF's")
    return Page(
        width=width,
        height=height,
        type=name,
        resolution=(dots, dots),
        sides=_URF_SIDES[sides - 1] if 1 <= sides <= 3 else "one-sided",
        print_quality=quality if quality in (3, 4, 5) else 0,
        media_type=_of(MEDIA_TYPES, kind, "other") if kind else "",
        media_source=_of(MEDIA_SOURCES, source, "auto"),
    )
