"""What raster refuses, and what it takes in every shape: lines as buffers of all kinds, promises that are not kept,
documents that are none.

The rule of this file: whatever comes, it ends in pages or in a RasterError, and memory does not depend on it.
"""

import io
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from implementations import Implementation
from test_raster import drawing, lines, page, read, written

import ippfast
from ippfast.raster import FORMATS, PWG, URF, Page, PageCounter, RasterError, Reader, Writer, back_transform

assert lines  # the fixture: each twin in turn

PWG_HEADER, URF_HEADER = 1796, 32


def written_from(buffer: Any, each: Page, stride: int | None = None, size: int = 100) -> bytes:
    """The lines that a reader finds if they were written from that buffer, so many at once."""
    file = io.BytesIO()
    with Writer(file, PWG) as writer:
        writer.begin_page(each)
        for top in range(0, each.height, size):
            writer.write_lines(buffer[top : top + size] if size < each.height else buffer, stride)
    ((_, found),) = read(file.getvalue())
    return found


# ---- Buffers ----


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("padding", [0, 1, 1000, 100_000])
@pytest.mark.parametrize("cut", [True, False])
def test_lines_with_a_stride(kind: type, padding: int, cut: bool) -> None:
    each = page(height=9)
    drawn, line = drawing(each), each.bytes_per_line
    padded = b"".join(drawn[at : at + line] + b"?" * padding for at in range(0, len(drawn), line))
    assert written_from(kind(padded[: len(padded) - padding * cut]), each, line + padding) == drawn


@pytest.mark.parametrize("height", [9, 9000])  # few lines are gathered, many go their own way
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_buffers_of_more_dimensions(height: int, size: int) -> None:
    each = page(type="srgb_8", width=40, height=height)
    drawn = np.frombuffer(drawing(each), np.uint8).reshape(height, 40, 3)
    assert written_from(drawn, each, size=size) == drawing(each)
    assert written_from(drawn.reshape(height, 120), each, size=size) == drawing(each)
    wide = np.zeros((height, 50, 3), np.uint8)
    wide[:, 3:43] = drawn
    assert written_from(wide[:, 3:43], each, size=size) == drawing(each)
    assert written_from(np.flipud(np.ascontiguousarray(np.flipud(drawn))), each, size=size) == drawing(each)
    assert written_from(np.asfortranarray(drawn.reshape(height, 120)), each, size=size) == drawing(each)
    assert written_from(np.repeat(drawn.ravel(), 2)[::2], each, size=height) == drawing(each)


@pytest.mark.parametrize(
    ("buffer", "stride", "words"),
    [
        (b"x" * 18, None, "18 octets are no whole lines of 19, each 19 after the last"),
        (b"x" * 38, 20, "no whole lines of 19, each 20"),
        (b"x" * 8 * 19, None, "page 1 has 7 lines to come, not 8"),
        (b"x" * 19, 18, "a stride is at least the 19 octets of a line, not 18"),
        (b"x" * 19, -19, "a stride is at least"),
        (b"x" * 19, 19.0, "a stride is at least"),
        (np.zeros((2, 20), np.uint8), None, r"lines of shape \(2, 20\) do not have 19 octets each"),
        (np.zeros((2, 19), np.uint8), 19, "a stride is for a buffer of one dimension"),
        (
            np.zeros((2, 19), np.uint16),
            None,
            "lines are octets, not items of 2: the high octet",
        ),
    ],
)
def test_lines_that_do_not_fit(buffer: Any, stride: Any, words: str) -> None:
    writer = Writer(io.BytesIO(), PWG)
    writer.begin_page(page())
    with pytest.raises(ValueError, match=words):
        writer.write_lines(buffer, stride)
    writer.write_lines(drawing(page()))  # nothing is lost by a refusal
    writer.close()


def test_no_lines_are_no_harm() -> None:
    file = io.BytesIO()
    writer = Writer(file, PWG)
    writer.begin_page(page())
    writer.write_lines(b"")
    writer.write_lines(np.zeros((0, 19), np.uint8).data)
    writer.write_lines(drawing(page()))
    writer.write_lines(b"")
    assert [lines for _, lines in read(file.getvalue())] == [drawing(page())]


class Slow(io.RawIOBase):
    """A file that takes only a part, as a pipe does that has no buffer."""

    def __init__(self) -> None:
        self.taken = b""

    def write(self, data: Any) -> int:
        self.taken += bytes(data[:1000])
        return min(len(data), 1000)


def test_a_file_that_takes_a_part() -> None:
    each, file = page(height=5000), Slow()
    with Writer(file, PWG, pages=1) as writer:
        writer.write_page(each, drawing(each))
    assert file.taken == written(PWG, each, rows=5000)


# ---- Promises ----


def test_a_document_keeps_its_promises() -> None:
    with pytest.raises(ValueError, match="URF says how many pages follow"):
        Writer(io.BytesIO(), URF)
    with pytest.raises(ValueError, match="document_format is one of image/pwg-raster, image/urf, not 'image/png'"):
        Writer(io.BytesIO(), "image/png")
    for pages in (-1, 2**32, 1.0, True):
        with pytest.raises(ValueError, match="pages is an int"):
            Writer(io.BytesIO(), PWG, pages=pages)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no lines before the first page"):
        Writer(io.BytesIO(), PWG).write_lines(b"")
    with pytest.raises(ValueError, match="at least one page"), Writer(io.BytesIO(), PWG):
        pass
    with pytest.raises(ValueError, match="to have 2 pages, not 1"), Writer(io.BytesIO(), URF, pages=2) as writer:
        writer.write_page(page(), drawing(page()))
    writer = Writer(io.BytesIO(), URF, pages=1)
    writer.write_page(page(), drawing(page()))
    with pytest.raises(ValueError, match="to have 1 pages, and this is one more"):
        writer.begin_page(page())
    ends: list[Callable[[Writer], None]] = [Writer.close, lambda writer: writer.begin_page(page())]
    for end in ends:
        writer = Writer(io.BytesIO(), PWG)
        writer.begin_page(page())
        writer.write_lines(drawing(page())[: 5 * 19])
        with pytest.raises(ValueError, match="page 1 lacks 2 lines"):
            end(writer)
    with pytest.raises(ValueError, match="page 1 lacks 6 lines"):
        Writer(io.BytesIO(), PWG).write_page(page(), b"x" * 19)


def test_an_error_within_is_not_covered_by_one_of_ours() -> None:
    with pytest.raises(KeyError), Writer(io.BytesIO(), URF, pages=2):
        raise KeyError


@pytest.mark.parametrize(
    ("fields", "document_format", "words"),
    [
        ({"type": "black_1"}, URF, "URF has no pixels black_1"),
        ({"type": "device3_8"}, URF, "URF has no pixels device3_8"),
        ({"type": "lab_8"}, PWG, "PWG Raster has no pixels lab_8"),
        ({"resolution": (600, 300)}, URF, "URF has one resolution for both axes, not 600 and 300"),
    ],
)
def test_pages_that_a_format_has_not(fields: dict[str, Any], document_format: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Writer(io.BytesIO(), document_format, pages=1).begin_page(page(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "sgray_2"},
        {"width": 0},
        {"width": 2**24},
        {"width": 5.0},
        {"height": 0},
        {"height": 2**24},
        {"type": "cmyk_16", "width": 2**21 + 1},
        {"resolution": 300},
        {"resolution": (0, 300)},
        {"resolution": [300, 300]},
        {"sides": "two-sided"},
        {"transform": (0, 1)},
        {"transform": (1, 1, 1)},
        {"print_quality": 1},
        {"copies": 0},
        {"orientation": 4},
        {"media_weight": -1},
        {"page_size": (-1, 0)},
        {"media_type": "x" * 64},
        {"size_name": "é"},
        {"media_color": "a\nb"},
    ],
)
def test_pages_that_no_header_can_hold(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        page(**fields)


def test_the_longest_line() -> None:
    assert page(type="cmyk_16", width=2**21).bytes_per_line == 16 * 1024 * 1024


def test_words_that_are_not_ours() -> None:
    with pytest.raises(ValueError, match="sheet_back is one of normal, flipped"):
        back_transform("upside-down", "two-sided-long-edge")
    with pytest.raises(ValueError, match="sides is one of one-sided"):
        back_transform("normal", "both")
    with pytest.raises(ValueError, match="rows is an int from 1"):
        list(page().bands(0))


# ---- Documents that are none ----


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "an empty document"),
        (b"RaS", "neither PWG nor Apple raster: too short"),
        (b"UNIRAST\0\0\0", "neither PWG nor Apple raster: too short"),
        (b"%PDF-1.7", "neither PWG nor Apple raster: begins with b'%PDF-1.7'"),
        (b"UNIRASTX", "neither PWG nor Apple raster"),
        (b"RaS3" + bytes(1796), r"CUPS raster \(RaS3\), which is not PWG Raster"),
        (b"2SaR" + bytes(1796), r"CUPS raster \(2SaR\), which is not PWG Raster"),
        (b"RaS2", "a document without pages"),
        (b"RaS2" + bytes(1796), "page 1, header: color space 0 with 0 bits for each color is not one of PWG Raster's"),
        (b"UNIRAST\0\0\0\0\1" + b"\xff" * 32, "page 1, header: color space 255 with 255 bits for each pixel is not"),
        (
            b"UNIRAST\0\0\0\0\1" + bytes([8, 0] + [0] * 30),
            "page 1, header: width is an int from 1 to 16,777,215",
        ),
    ],
)
def test_documents_that_are_none(document: bytes, words: str) -> None:
    with pytest.raises(RasterError, match=words) as raised:
        list(read(document))
    assert isinstance(raised.value, ValueError | ippfast.IPPError)
    with pytest.raises(RasterError):
        count(document)


def count(document: bytes) -> int:
    """The pages, octet by octet."""
    counter = PageCounter()
    for octet in document:
        counter.feed(bytes((octet,)))
    counter.close()
    return counter.pages


@pytest.mark.parametrize(
    ("place", "number", "words"),
    [
        (372, 20, "19 octets for each line of 20 pixels, not 20"),
        (376, 0, "height is an int"),
        (376, 2**24, "height is an int"),
        (388, 24, "24 bits for each pixel of sgray_8, not 8"),
        (384, 2, "color space 18 with 2 bits"),
        (396, 1, "color order 1"),
        (400, 17, "color space 17 with 8 bits"),
        (276, 0, "resolution is an int"),
    ],
)
def test_headers_of_pwg_raster(place: int, number: int, words: str) -> None:
    document = bytearray(written(PWG, page()))
    document[4 + place : 8 + place] = number.to_bytes(4, "big")
    with pytest.raises(RasterError, match=f"page 1, header: {words}"):
        list(read(bytes(document)))


@pytest.mark.parametrize("place", [64, 128, 192, 1668, 1732])
def test_what_others_write_wrongly_is_no_reason_to_refuse_a_page(place: int) -> None:
    document = bytearray(written(PWG, page()))
    document[4 : 4 + 9] = bytes(9)  # some leave this word out
    document[4 + place : 4 + place + 64] = b"\xff\n" + b"x" * 62
    for integer in (268, 324, 328, 340, 344, 352, 452, 456, 484):
        document[4 + integer : 8 + integer] = b"\xff\xff\xff\xfe"
    ((found, pixels),) = read(bytes(document))
    assert pixels == drawing(page())
    assert (found.copies, found.transform, found.media_source) == (2**31 - 1, (1, 1), "auto")


def test_lines_longer_than_a_counter_takes() -> None:
    each = page(width=2000, height=2)
    document = written(PWG, each)
    counter = PageCounter(max_line=1999)
    with pytest.raises(RasterError, match="page 1, header: lines of 2,000 octets, more than 1,999"):
        counter.feed(document)
    counter = PageCounter(max_line=2000)
    counter.feed(document)
    counter.close()
    assert counter.pages == 1


def test_a_buffer_that_holds_no_line() -> None:
    reader = Reader(io.BytesIO(written(PWG, page())))
    assert reader.read_into(bytearray(3)) == 0  # before the first page there are none
    assert not reader.read_lines()
    assert not reader.borrow_lines()
    assert reader.page is None
    assert reader.next_page() is not None
    with pytest.raises(ValueError, match="a buffer of 18 octets does not hold one line of 19"):
        reader.read_into(bytearray(18))
    for take in (reader.read_lines, reader.borrow_lines):
        with pytest.raises(ValueError, match="rows is 0 or more, not -1"):
            take(-1)
        assert not take(0)
    buffer = np.zeros((3, 19), np.uint8)
    assert [reader.read_into(buffer.data) for _ in range(4)] == [3, 3, 1, 0]


@given(data=st.data(), document_format=st.sampled_from(FORMATS))
@example(data=None, document_format=PWG)
def test_damaged_documents(data: st.DataObject | None, document_format: str) -> None:
    """They end in the same pages, or in a RasterError, however their octets come."""
    document = bytearray(written(document_format, page(), page(type="srgb_8", height=300), page(type="cmyk_8")))
    for _ in range(data.draw(st.integers(1, 3)) if data is not None else 0):
        assert data is not None
        place = data.draw(st.integers(0, len(document) - 1))
        document[place] = data.draw(st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255))
    if data is not None:
        del document[data.draw(st.integers(len(document) // 2, len(document))) :]
    counter, found = PageCounter(), 0
    try:
        for _page, _lines in read(bytes(document), 50):
            found += 1
        whole = True
    except RasterError:
        whole = False
    try:
        at = 0
        while at < len(document):
            size = data.draw(st.integers(1, 5000)) if data is not None else 1
            counter.feed(bytes(document[at : at + size]))
            at += size
        counter.close()
    except RasterError:
        assert not whole
    assert counter.pages == found


def test_memory_does_not_depend_on_what_a_document_says() -> None:
    """A page of half a gigabyte, in a document of 35 kB."""
    head = bytearray(written(URF, page(width=1000, height=1))[: 12 + 32])
    head[28:32] = (2**19).to_bytes(4, "big")
    document = bytes(head) + (b"\xff" + b"\x7f\x00" * 8) * 2048
    tracemalloc.start()
    try:
        reader = Reader(io.BytesIO(document))
        assert reader.next_page() is not None
        assert reader.next_page() is None
        counter = PageCounter()
        for at in range(0, len(document), 1000):
            counter.feed(document[at : at + 1000])
        assert counter.pages == 1
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_other_threads_go_on(codec: Implementation) -> None:
    """The compiled twin lets the GIL go while it works; nobody would take it else, for here nobody has to give it."""
    if codec.name != "cython":
        return
    pixels, out = bytes(range(256)) * 40_000, bytearray(12_000_000)
    turns, ended = [0], threading.Event()

    def count() -> None:
        while not ended.is_set():
            turns[0] += 1
            time.sleep(0)

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=count)
    sys.setswitchinterval(1000)
    try:
        thread.start()
        for work in (
            lambda: codec.encode_lines(pixels, 0, out, 256, 256, 1, False, -1, False),
            lambda: codec.decode_lines(bytes(out), 0, len(out), bytearray(len(pixels)), 256, 1, 255, len(pixels), 0, 0),
        ):
            gone_on = False
            for _ in range(1000):
                before = turns[0]
                work()
                gone_on = turns[0] > before
                if gone_on:
                    break
            assert gone_on
    finally:
        ended.set()
        sys.setswitchinterval(interval)
        thread.join()
