"""Every value tag: its octets on the wire and its value in Python, both ways (RFC 8010 section 3.9).

The rule of this file: the tables are the specification. Each row is tried as the only value of an attribute, within
a set, and as a member of a collection, where values are coded alike (RFC 8010 section 3.1.7).
"""

import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from implementations import Implementation
from outcome import normal

from ippfast import (
    DateTime,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
)

LONGEST = 32767
INT_MIN, INT_MAX = -(2**31), 2**31 - 1
STRINGS = (0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49)
NO_OCTETS_OF_THEIR_OWN = (0x34, 0x37, 0x4A)  # begCollection, endCollection, memberAttrName
WITH_FORM = (0x21, 0x22, 0x23, 0x31, 0x32, 0x33, 0x35, 0x36, *STRINGS, *NO_OCTETS_OF_THEIR_OWN)
OUT_OF_BAND = {member.value: member for member in OutOfBand}
OTHERS = [tag for tag in range(0x10, 0x100) if tag not in WITH_FORM and tag not in OUT_OF_BAND]


def with_language(language: bytes, string: bytes) -> bytes:
    return struct.pack(">H", len(language)) + language + struct.pack(">H", len(string)) + string


# name of the row: tag, octets, value
FITS: dict[str, tuple[int, bytes, Any]] = {
    **{f"{member.name}": (tag, b"", member) for tag, member in OUT_OF_BAND.items()},
    **{
        f"{tag:02x} {number}": (tag, struct.pack(">i", number), number)
        for tag in (0x21, 0x23)
        for number in (0, 1, -1, 255, 256, -129, 32768, INT_MIN, INT_MAX)
    },
    "false": (0x22, b"\x00", False),
    "true": (0x22, b"\x01", True),
    **{
        f"{tag:02x} {len(octets)} {octets[:2]!r}": (tag, octets, octets)
        for tag in OTHERS
        for octets in (b"", b"\x00", b"\xff\xfe", b"\x00\x00\x00\x21\x00\x00\x00\x05")
    },
    "longest octetString": (0x30, bytes(LONGEST), bytes(LONGEST)),
    "date": (
        0x31,
        bytes.fromhex("07ea 0b 16 0d 05 00 09 2b 01 1e"),
        DateTime(2026, 11, 22, 13, 5, 0, 9, "+", 1, 30),
    ),
    "date west": (0x31, bytes.fromhex("07d0 01 01 00 00 3c 00 2d 0c 00"), DateTime(2000, 1, 1, 0, 0, 60, 0, "-", 12)),
    "date of zeros": (0x31, bytes(11), DateTime(0, 0, 0, 0, 0, 0, 0, "\x00", 0, 0)),
    "date of ff": (0x31, b"\xff" * 11, DateTime(65535, 255, 255, 255, 255, 255, 255, "\xff", 255, 255)),
    "dpi": (0x32, bytes.fromhex("00000258 000004b0 03"), Resolution(600, 1200)),
    "dpcm": (0x32, bytes.fromhex("000000ec 000000ec 04"), Resolution(236, 236, 4)),
    "odd resolution": (0x32, bytes.fromhex("80000000 7fffffff 80"), Resolution(INT_MIN, INT_MAX, -128)),
    "range": (0x33, bytes.fromhex("00000001 0000ffff"), RangeOfInteger(1, 65535)),
    "odd range": (0x33, bytes.fromhex("7fffffff 80000000"), RangeOfInteger(INT_MAX, INT_MIN)),
    **{
        f"{tag:02x} with language {len(language)} {len(string)}": (
            tag,
            with_language(language, string),
            StringWithLanguage(string.decode("utf-8", "surrogateescape"), language.decode("utf-8", "surrogateescape")),
        )
        for tag in (0x35, 0x36)
        for language, string in (
            (b"", b""),
            (b"de", b""),
            (b"", b"x"),
            (b"de-CH", "Gr\u00f6\u00dfe".encode()),
            (b"\xff", b"\xc3"),
            (b"en", bytes(LONGEST - 6)),
            (b"x" * (LONGEST - 4), b""),
        )
    },
    **{
        f"{tag:02x} {len(octets)} {octets[:4]!r}": (tag, octets, octets.decode("utf-8", "surrogateescape"))
        for tag in STRINGS
        for octets in (
            b"",
            b"a",
            b"one",
            b"utf-8",
            b"application/octet-stream",
            b"\x00\x1b[31m",
            "na\u00efve \u6f22\u5b57 \U0001f5a8 \u202e".encode(),
            b"\xff",
            b"\xc3",
            b"caf\xe9",
            b"\xed\xa0\x80",  # a surrogate, which UTF-8 has no place for
            b"\xc0\x80",  # an overlong form
            b"\xf4\x90\x80\x80",  # above U+10FFFF
            b"k" * 63,
            b"k" * 64,
            b"k" * 65,
            b"z" * LONGEST,
            "\u00e4".encode() * (LONGEST // 2),
        )
    },
}

# name of the row: tag, octets that have not its form
UNFIT: dict[str, tuple[int, bytes]] = {
    **{f"{OUT_OF_BAND[tag].name} {octets!r}": (tag, octets) for tag in OUT_OF_BAND for octets in (b"\x00", b"none")},
    **{f"{tag:02x} of {size}": (tag, bytes(size)) for tag in (0x21, 0x23) for size in (0, 1, 2, 3, 5, 8, LONGEST)},
    **{f"boolean {octets!r}": (0x22, octets) for octets in (b"", b"\x02", b"\xff", b"\x00\x00", b"\x00\x01")},
    **{f"date of {size}": (0x31, bytes(size)) for size in (0, 8, 10, 12, LONGEST)},
    **{f"resolution of {size}": (0x32, bytes(size)) for size in (0, 8, 10, 11)},
    **{f"range of {size}": (0x33, bytes(size)) for size in (0, 4, 7, 9)},
    **{
        f"{tag:02x} {octets[:6].hex()}": (tag, octets)
        for tag in (0x35, 0x36)
        for octets in (
            b"",
            b"\x00",
            b"\x00\x00",
            b"\x00\x00\x00",
            b"\x00\x02de",
            b"\x00\x02de\x00",
            b"\x00\x02de\x00\x02x",
            b"\x00\x02de\x00\x01xy",
            b"\x00\x05de\x00\x01x",
            b"\x80\x00de\x00\x01x",
            b"\xff\xffde\x00\x01x",
            b"\x00\x00\xff\xff",
            b"just some text",
        )
    },
}


def token(tag: int, name: bytes, octets: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(octets)) + octets


def around(tokens: bytes) -> bytes:
    return bytes.fromhex("0200 000b 00000001 01") + tokens + b"\x03"


def alone(tag: int, octets: bytes) -> bytes:
    return around(token(tag, b"x", octets))


def in_a_set(tag: int, octets: bytes) -> bytes:
    return around(token(0x44, b"x", b"none") + token(tag, b"", octets) + token(0x21, b"", b"\x00\x00\x00\x07"))


def in_a_collection(tag: int, octets: bytes) -> bytes:
    member = token(0x4A, b"", b"m") + token(tag, b"", octets) + token(tag, b"", octets)
    return around(token(0x34, b"x", b"") + member + token(0x37, b"", b""))


def same(found: object, expected: object) -> None:
    assert normal(found) == normal(expected)


def check(codec: Implementation, tag: int, octets: bytes, value: Any) -> None:
    """That `value` is what is read, under its tag, and that it is written as these octets."""
    group = codec.decode(alone(tag, octets)).groups[0]
    same(group["x"].values, (value,))
    same(group.value("x"), value)
    same(next(iter(group)).value, value)
    assert group["x"].tag == tag
    assert hash(group["x"].value) == hash(value)
    assert group["x"].value in {value}
    attribute = codec.decode(in_a_set(tag, octets)).groups[0]["x"]
    same(attribute.values, ("none", value, 7))
    assert attribute.tags == (0x44, tag, 0x21)
    member = codec.decode(in_a_collection(tag, octets)).groups[0]["x"].value["m"]
    same(member.values, (value, value))
    assert member.tags == (tag, tag)

    def message(*attributes: Any) -> bytes:
        return codec.encode(codec.Message((2, 0), 0x000B, 1, [codec.AttributeGroup(1, attributes)]))

    assert message(codec.Attribute("x", tag, value)) == alone(tag, octets)
    assert message(codec.Attribute("x", [0x44, tag, 0x21], ["none", value, 7])) == in_a_set(tag, octets)
    collection = codec.Collection([codec.Attribute("m", tag, [value, value])])
    assert message(codec.Attribute("x", 0x34, collection)) == in_a_collection(tag, octets)


@pytest.mark.parametrize("row", FITS)
def test_fits(codec: Implementation, row: str) -> None:
    check(codec, *FITS[row])


@pytest.mark.parametrize("row", UNFIT)
def test_unfit_octets_are_kept(codec: Implementation, row: str) -> None:
    tag, octets = UNFIT[row]
    check(codec, tag, octets, RawValue(octets))


@pytest.mark.parametrize("tag", [tag for tag in range(0x10, 0x100) if tag not in NO_OCTETS_OF_THEIR_OWN])
def test_raw_value_under_any_tag(codec: Implementation, tag: int) -> None:
    octets = b"\x00\x00\x00\x00\x05"
    attribute = codec.Attribute("x", tag, RawValue(octets))
    message = codec.Message((2, 0), 0x000B, 1, [codec.AttributeGroup(1, [attribute])])
    assert codec.encode(message) == alone(tag, octets)


def test_every_tag_has_a_row() -> None:
    assert {row[0] for row in FITS.values()} == set(range(0x10, 0x100)) - set(NO_OCTETS_OF_THEIR_OWN)
    form = {tag for tag in WITH_FORM if tag not in STRINGS and tag not in NO_OCTETS_OF_THEIR_OWN}
    assert {row[0] for row in UNFIT.values()} == form | set(OUT_OF_BAND)


def test_tag_of_a_value_without_a_name_is_an_int(codec: Implementation) -> None:
    attribute = codec.decode(alone(0x2F, b"\x01")).groups[0]["x"]
    assert type(attribute.tag) is int
    assert type(attribute.tags[0]) is int
    assert attribute.tag == 0x2F
    attribute = codec.decode(alone(0x44, b"a")).groups[0]["x"]
    assert attribute.tag is ValueTag.KEYWORD
    assert attribute.tags == (ValueTag.KEYWORD,)


@pytest.mark.parametrize("member", OutOfBand, ids=lambda member: member.name)
def test_out_of_band(member: OutOfBand) -> None:
    assert not member
    others: list[object] = [member.value, "", member.name, 0, None, False]
    assert member not in others
    assert repr(member) == f"OutOfBand.{member.name}"


DATES = {
    DateTime(2026, 11, 22, 13, 5, 7, 9, "+", 1, 30): datetime(
        2026, 11, 22, 13, 5, 7, 900_000, timezone(timedelta(hours=1, minutes=30))
    ),
    DateTime(2026, 1, 2, 3, 4, 5, 0, "-", 12, 0): datetime(2026, 1, 2, 3, 4, 5, 0, timezone(-timedelta(hours=12))),
    DateTime(2026, 1, 2, 0, 0, 0, 0, "+", 14): datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=14))),
    DateTime(1, 1, 1): datetime(1, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("date", DATES, ids=str)
def test_date_time_and_back(date: DateTime) -> None:
    moment = date.to_datetime()
    assert moment == DATES[date]
    assert moment.utcoffset() == DATES[date].utcoffset()
    assert DateTime.from_datetime(moment) == date


def test_leap_second() -> None:
    assert DateTime(2016, 12, 31, 23, 59, 60).to_datetime() == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "date",
    [
        DateTime(0, 0, 0),
        DateTime(2026, 2, 30),
        DateTime(2026, 1, 1, 24),
        DateTime(2026, 1, 1, 0, 60),
        DateTime(2026, 1, 1, 0, 0, 61),
        DateTime(2026, 1, 1, 0, 0, 0, 10),
        DateTime(2026, 1, 1, 0, 0, 0, 0, "\x00"),
        DateTime(2026, 1, 1, 0, 0, 0, 0, "+", 24, 0),
        DateTime(65535, 1, 1),
    ],
    ids=str,
)
def test_no_date(date: DateTime) -> None:
    with pytest.raises(ValueError, match="no such dateTime: DateTime"):
        date.to_datetime()


def test_naive_datetime() -> None:
    with pytest.raises(ValueError, match="UTC offset"):
        DateTime.from_datetime(datetime(2026, 1, 1))


# value: its words
SHOWN: dict[Any, str] = {
    DateTime(2026, 11, 22, 13, 5, 0, 0, "+", 1, 0): "2026-11-22,13:5:0.0,+1:0",
    Resolution(600, 600): "600dpi",
    Resolution(600, 1200): "600x1200dpi",
    Resolution(236, 236, 4): "236dpcm",
    Resolution(1, 2, 9): "1x2 units 9",
    RangeOfInteger(1, 5): "1-5",
    StringWithLanguage("Gr\u00f6\u00dfe", "de"): "Gr\u00f6\u00dfe",
}


@pytest.mark.parametrize("value", SHOWN, ids=repr)
def test_shown(value: Any) -> None:
    assert str(value) == SHOWN[value]


def test_range_holds_both_ends() -> None:
    limits = RangeOfInteger(1, 5)
    assert [number for number in range(-1, 8) if number in limits] == [1, 2, 3, 4, 5]
    assert "3" not in limits
