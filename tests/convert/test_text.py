"""Text made into pages."""

import itertools
from pathlib import Path

import pytest
from drawn import drawn, raster

from ippfast.convert import Limits, Pages, RenderError
from ippfast.convert.text import decode, lines_of, pages_of
from ippfast.raster import URF


@pytest.mark.parametrize(
    ("octets", "encoding", "expected"),
    [
        (b"gr\xc3\xbcn", None, "grün"),
        (b"gr\xfcn \x80", None, "grün €"),
        (b"\xef\xbb\xbfgr\xc3\xbcn", None, "grün"),
        ("grün".encode("utf-16"), None, "grün"),
        (b"\xfe\xff\0A", None, "A"),
        (b"\xd6\xd5\xcb", "koi8-r", "жук"),
        (b"", None, ""),
    ],
)
def test_encodings(octets: bytes, encoding: str | None, expected: str) -> None:
    assert decode(octets, encoding) == expected


@pytest.mark.parametrize(("octets", "encoding"), [(b"x", "klingon"), (b"\xff", "ascii"), (b"\xff\xfeA", None)])
def test_encodings_that_do_not_fit(octets: bytes, encoding: str | None) -> None:
    with pytest.raises(RenderError, match="the text cannot be read"):
        decode(octets, encoding)


def test_lines() -> None:
    assert list(lines_of("a\r\nb\rc\n\nd\n", 10)) == ["a", "b", "c", "", "d"]
    assert list(lines_of("a\tb\n12345678\tc", 80)) == ["a       b", "12345678        c"]
    assert list(lines_of("abcdefg", 3)) == ["abc", "def", "g"]
    assert list(lines_of("a\n\fb\f", 80)) == ["a", None, "b", None]
    assert list(lines_of("a\x07\x1b[1mb", 80)) == ["a[1mb"]


def test_pages() -> None:
    assert pages_of(iter(["1", "2", "3", None, "4"]), 2, 10) == [["1", "2"], ["3"], ["4"]]
    assert pages_of(iter("12345"), 2, 2, 2) == [["1", "2"], ["3", "4"]]
    with pytest.raises(RenderError, match="more than 5 pages"):
        pages_of(itertools.repeat("x"), 2, 5)


def test_text_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("first page\n" + "x" * 500 + "\fsecond: ┌─┐ αβγ жук\n")
    warnings: list[str] = []
    (_, first), (_, second) = drawn(b"".join(Pages(path, "text/plain", URF, raster("sgray_8"), warn=warnings.append)))
    assert warnings == []
    assert sum(first.histogram()[:128]) > sum(second.histogram()[:128]) > 500
    # Nothing in the margins, and the beginning of the text in the upper left corner.
    margin = round(1500 * 150 / 2540)
    assert first.crop((0, 0, first.width, margin)).getextrema() == (255, 255)
    assert first.crop((0, 0, margin, first.height)).getextrema() == (255, 255)
    assert first.crop((margin, margin, 3 * margin, 2 * margin)).histogram()[0] > 0


def test_what_the_font_lacks_is_said(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("漢字 and 😀\n", encoding="utf-8")
    warnings: list[str] = []
    ((_, image),) = drawn(b"".join(Pages(path, "text/plain", URF, raster("sgray_8"), warn=warnings.append)))
    assert warnings == ["3 characters of the text are not in the font, and drawn as a sign: U+5B57 U+6F22 U+1F600"]
    assert sum(image.histogram()[:64]) > 0


def test_too_long(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\f" * 50)
    with pytest.raises(RenderError, match="more than 10 pages of text"):
        list(Pages(path, "text/plain", URF, raster("sgray_8"), limits=Limits(sides=10)))
