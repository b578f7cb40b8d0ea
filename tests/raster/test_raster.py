"""What is written is read back: every kind of pixels, both formats, back sides as the printer wants them.

The rule of this file: lines are made here pixel by pixel, in the plainest way, and compared octet for octet.
"""

import io
import random
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from implementations import Implementation

import ippfast.raster.reader
import ippfast.raster.writer
from ippfast.raster import (
    FORMATS,
    PWG,
    SHEET_BACKS,
    SIDES,
    TYPES,
    URF,
    Page,
    PageCounter,
    RasterError,
    Reader,
    Writer,
    back_transform,
    pixels,
)

TURNS = ((1, 1), (-1, 1), (1, -1), (-1, -1))
IN_PWG = [name for name in TYPES if not name.startswith(("gray", "lab"))]
IN_URF = [name for name in TYPES if not name.startswith(("black", "device"))]
EVERY = [(PWG, name) for name in IN_PWG] + [(URF, name) for name in IN_URF]


@pytest.fixture(autouse=True)
def lines(codec: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each twin in turn."""
    monkeypatch.setattr(ippfast.raster.writer, "encode", codec.encode_lines)
    monkeypatch.setattr(ippfast.raster.reader, "decode", codec.decode_lines)


def page(**fields: Any) -> Page:
    return Page(**{"width": 19, "height": 7, "type": "sgray_8", "resolution": (300, 300), **fields})


@cache
def drawing(page: Page) -> bytes:
    """Pixels with long runs, short ones and none, and lines that come again."""
    chance = random.Random(f"{page}")
    rows: list[bytes] = []
    while len(rows) < page.height:
        size = chance.choice([1, page.color.unit, page.bytes_per_line])
        some = [chance.randbytes(size) for _ in range(3)]
        line = b""
        while len(line) < page.bytes_per_line:
            line += chance.choice(some) * chance.choice([1, 2, 3, 40])
        rows += [line[: page.bytes_per_line]] * chance.choice([1, 1, 2, 270])
    return clear(page, b"".join(rows[: page.height]))


def clear(page: Page, drawn: bytes) -> bytes:
    """With 0 in the bits of each line that are of no pixel."""
    spare = page.bytes_per_line * 8 - page.width * page.color.bits_per_pixel
    octets = bytearray(drawn)
    for end in range(page.bytes_per_line - 1, len(octets), page.bytes_per_line):
        octets[end] &= 0xFF << spare & 0xFF
    return bytes(octets)


def turned(page: Page, drawn: bytes) -> bytes:
    """As a printer that needs the page's transform gets it."""
    line = page.bytes_per_line
    rows = [drawn[at : at + line] for at in range(0, len(drawn), line)]
    if page.transform[0] == -1:
        rows = [mirrored(page, row) for row in rows]
    return b"".join(rows[:: page.transform[1]])


@cache
def mirrored(page: Page, row: bytes) -> bytes:
    bits = "".join(f"{octet:08b}" for octet in row)
    size = page.color.bits_per_pixel
    each = [bits[at : at + size] for at in range(0, page.width * size, size)]
    whole = "".join(reversed(each)).ljust(len(bits), "0")
    return bytes(int(whole[at : at + 8], 2) for at in range(0, len(whole), 8))


def written(document_format: str, *pages: Page, rows: int = 3, padding: int = 0) -> bytes:
    file = io.BytesIO()
    with Writer(file, document_format, pages=len(pages)) as writer:
        for page in pages:
            drawn, line = drawing(page), page.bytes_per_line
            writer.begin_page(page)
            for top, count in page.bands(rows):
                each = [drawn[at * line : (at + 1) * line] + b"?" * padding for at in range(top, top + count)]
                writer.write_lines(b"".join(each), line + padding)
    return file.getvalue()


def read(document: bytes, rows: int = 3) -> Iterator[tuple[Page, bytes]]:
    reader = Reader(io.BytesIO(document))
    for page in reader:
        yield page, b"".join(iter(lambda: bytes(reader.read_lines(rows)), b""))


@pytest.mark.parametrize(("document_format", "type"), EVERY)
@pytest.mark.parametrize("transform", TURNS)
def test_every_kind_of_pixels(document_format: str, type: str, transform: tuple[int, int]) -> None:
    pages = [page(type=type, transform=transform, width=width) for width in (1, 8, 19, 263)]
    document = written(document_format, *pages, padding=2)
    found = list(read(document))
    assert [lines for _, lines in found] == [turned(page, drawing(page)) for page in pages]
    assert [(page.width, page.height, page.type) for page, _ in found] == [(p.width, p.height, p.type) for p in pages]
    if document_format == PWG:
        assert [page.transform for page, _ in found] == [transform] * len(pages)


class Dripping:
    """A file that gives so many octets at once."""

    def __init__(self, octets: bytes, size: int) -> None:
        self._file = io.BytesIO(octets)
        self._size = size

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, self._size))


def blank(page: Page, color: bytes) -> bytes:
    return color * (page.bytes_per_line * page.height // len(color))


@pytest.mark.parametrize("rows", [1, 2, 3, 100, 256, 300, 5000])
@pytest.mark.parametrize("octets", [5, 50, 100_000])
def test_borrowed_lines(rows: int, octets: int) -> None:
    """They are what `read_lines` gives, though lines that are there are not written again."""
    tall, short = page(type="srgb_8", height=1300), page(height=900)
    pages = [
        (tall, drawing(tall)),
        (tall, blank(tall, b"red")),
        (tall, blank(tall, b"w")[: tall.bytes_per_line * 700] + drawing(tall)[tall.bytes_per_line * 700 :]),
        (short, blank(short, b"w")),
        (tall, blank(tall, b"red")),
    ]
    file = io.BytesIO()
    with Writer(file, PWG) as writer:
        for each, lines in pages:
            writer.write_page(each, lines)
    reader = Reader(Dripping(file.getvalue(), octets))
    for _, lines in pages:
        assert reader.next_page() is not None
        found = b""
        while band := reader.borrow_lines(rows):
            assert band.readonly
            found += band
        assert found == lines


names = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=63)


@given(
    fields=st.fixed_dictionaries(
        {
            "width": st.integers(1, 60),
            "height": st.integers(1, 700),
            "sides": st.sampled_from(SIDES),
            "transform": st.sampled_from(TURNS),
            "print_quality": st.sampled_from([0, 3, 4, 5]),
            "copies": st.integers(1, 2**31 - 1),
            "orientation": st.integers(0, 3),
            "media_weight": st.integers(0, 2**31 - 1),
            "media_source": st.sampled_from(["auto", "main", "by-pass-tray", "tray-20", "roll-10"]),
            "page_size": st.tuples(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1)),
            "resolution": st.tuples(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1)),
            "media_type": names,
            "media_color": names,
            "print_content_optimize": names,
            "rendering_intent": names,
            "size_name": names,
        }
    ),
    type=st.sampled_from(IN_PWG),
    rows=st.integers(1, 400),
)
def test_all_fields_of_pwg_raster(fields: dict[str, Any], type: str, rows: int) -> None:
    first = Page(type=type, **fields)
    second = page(type="black_1")
    ((found, lines), (other, _)) = read(written(PWG, first, second, rows=rows), rows)
    assert found == first
    assert lines == turned(first, drawing(first))
    assert other.type == "black_1"
    assert other.page_size == (19 * 72 // 300 + 1, 7 * 72 // 300 + 1)


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 700),
    sides=st.sampled_from(SIDES),
    type=st.sampled_from(IN_URF),
    quality=st.sampled_from([0, 3, 4, 5]),
    dots=st.integers(1, 2**31 - 1),
    media=st.sampled_from([("", "auto"), ("stationery", "main"), ("other", "roll-10"), ("labels", "tray-1")]),
)
def test_all_fields_of_urf(
    width: int, height: int, sides: str, type: str, quality: int, dots: int, media: tuple[str, str]
) -> None:
    first = Page(
        width=width,
        height=height,
        type=type,
        resolution=(dots, dots),
        sides=sides,
        print_quality=quality,
        media_type=media[0],
        media_source=media[1],
    )
    ((found, lines),) = read(written(URF, first))
    assert found == first
    assert lines == drawing(first)


def test_a4_is_no_pixel_too_large() -> None:
    assert (pixels(21000, 300), pixels(29700, 300)) == (2480, 3507)


def test_back_sides() -> None:
    """The table that libcupsfilters, ppm2pwg and ipptransform agree on."""
    turns = {each: back_transform(*each) for each in product(SHEET_BACKS, SIDES)}
    assert {each: turn for each, turn in turns.items() if turn != (1, 1)} == {
        ("flipped", "two-sided-long-edge"): (1, -1),
        ("flipped", "two-sided-short-edge"): (-1, 1),
        ("rotated", "two-sided-long-edge"): (-1, -1),
        ("manual-tumble", "two-sided-short-edge"): (-1, -1),
    }


@pytest.mark.parametrize("document_format", FORMATS)
def test_pages_are_counted_as_they_come(document_format: str) -> None:
    document = written(document_format, page(height=300), page(type="srgb_8"), page(copies=3))
    counter, seen = PageCounter(), []
    for octet in document:
        counter.feed(bytes((octet,)))
        seen.append(counter.pages)
    counter.close()
    assert sorted(set(seen)) == [0, 1, 2, 3]
    assert seen[-2:] == [2, 3]
    assert counter.impressions == (5 if document_format == PWG else 3)
    whole = PageCounter()
    whole.feed(document)
    assert whole.pages == 3


@pytest.mark.parametrize("document_format", FORMATS)
def test_pages_that_a_document_promises(document_format: str) -> None:
    reader = Reader(io.BytesIO(written(document_format, page(), page())))
    assert [reader.pages for _ in reader] == [2, 2]
    assert reader.document_format == document_format


@pytest.mark.parametrize("name", TYPES)
def test_a_code_that_readers_differ_about_is_white_and_never_written(name: str) -> None:
    """No run of 129, which the code 128 would be, and none of its neighbours' either."""
    document_format = PWG if name in IN_PWG else URF
    kind = page(type=name, width=129, height=1)
    head = written(document_format, kind)[: 4 + 1796 if document_format == PWG else 12 + 32]
    line, unit = kind.bytes_per_line, kind.color.unit
    ((_, lines),) = read(head + b"\0\x80")
    assert lines == bytes((TYPES[name].white,)) * line
    for count in range(1, line // unit + 1):
        for pixel in (b"\x55" * unit, bytes(range(100, 100 + unit))):
            drawn = (pixel * count).ljust(line, b"\x01")[:line]
            file = io.BytesIO()
            with Writer(file, document_format, pages=1) as writer:
                writer.write_page(kind, drawn)
            assert set(codes(file.getvalue()[len(head) + 1 :], unit)) <= {*range(128), *range(129, 256)}


def test_repeats_end_with_their_page() -> None:
    """As in CUPS: what a line's count has too much is forgotten."""
    head = written(PWG, page(width=2, height=3))[4 : 4 + 1796]
    document = b"RaS2" + head + b"\xff\x01a" + head + b"\x01\x01b" + b"\xff\x01c"
    assert [lines for _, lines in read(document, 2)] == [b"aa" * 3, b"bb" * 2 + b"cc"]
    counter = PageCounter()
    counter.feed(document)
    assert counter.pages == 2


def codes(line: bytes, unit: int) -> Iterator[int]:
    at = 0
    while at < len(line):
        yield line[at]
        at += 1 + unit * (1 if line[at] < 128 else 257 - line[at])


def test_too_early_ends_say_where() -> None:
    document = written(PWG, page(), page())
    second = len(document) - (len(document) - 4) // 2  # both pages are the same
    for end in {*range(len(document))} - {second}:
        with pytest.raises(RasterError):
            list(read(document[:end]))
    assert len(list(read(document[:second]))) == 1  # which nothing tells from a whole document
    with pytest.raises(RasterError, match=r"page 2, line \d: the document ends within it"):
        list(read(document[:-1]))
    with pytest.raises(RasterError, match="page 2, header: the document ends within it"):
        list(read(document[: second + 9]))
    with pytest.raises(RasterError, match="2 pages, and has 1"):
        list(read(written(URF, page(), page())[: 12 + 32 + len(written(URF, page())) - 44]))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("size", [(19, 7), (400, 900)])  # few lines are gathered, many go their own way
@pytest.mark.parametrize("padding", [0, 5])
def test_lines_without_colour_may_have_one_octet_for_each_pixel(
    turn: tuple[int, int], size: tuple[int, int], padding: int
) -> None:
    width, height = size
    colored = page(type="srgb_8", width=width, height=height, transform=turn)
    gray = drawing(page(width=width, height=height))
    lines = [gray[at : at + width] for at in range(0, len(gray), width)]

    def written_as(are_gray: Callable[[int], bool]) -> bytes:
        file = io.BytesIO()
        with Writer(file, PWG, pages=1) as writer:
            writer.begin_page(colored)
            for place, (top, count) in enumerate(colored.bands(height // 2)):
                some = lines[top : top + count]
                if not are_gray(place):
                    some = [b"".join(bytes((octet,)) * 3 for octet in line) for line in some]
                stride = len(some[0]) + padding
                writer.write_lines(b"".join(line + b"?" * padding for line in some), stride, gray=are_gray(place))
        return file.getvalue()

    expected = list(read(written_as(lambda place: False)))
    assert list(read(written_as(lambda place: True))) == expected
    assert list(read(written_as(lambda place: place % 2 == 0))) == expected


@pytest.mark.parametrize("kind", ["sgray_8", "black_1", "srgb_16", "cmyk_8"])
def test_lines_with_one_octet_for_each_pixel_are_for_three(kind: str) -> None:
    writer = Writer(io.BytesIO(), PWG)
    writer.begin_page(page(type=kind))
    with pytest.raises(ValueError, match=f"pages of three octets a pixel, not for {kind}"):
        writer.write_lines(bytes(19 * 7), gray=True)
