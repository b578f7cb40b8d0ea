"""What `encode` refuses, and that it says where, what was expected, and what came.

The rule of this file: a message that is refused gives no octets, and its error names group, attribute, value and
both forms. Whatever is not refused can be decoded again.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from implementations import Implementation
from outcome import rebuild
from samples import made
from scale import examples
from strategies import messages

from ippfast import (
    DateTime,
    DelimiterTag,
    EncodeError,
    IPPError,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
)

STRINGS = [
    ValueTag.TEXT,
    ValueTag.NAME,
    ValueTag.KEYWORD,
    ValueTag.URI,
    ValueTag.URI_SCHEME,
    ValueTag.CHARSET,
    ValueTag.NATURAL_LANGUAGE,
    ValueTag.MIME_MEDIA_TYPE,
]
OR_RAW = " (or a RawValue)"
INTEGER = "an int (no bool) of 32 bits under integer" + OR_RAW
ENUM = "an int (no bool) of 32 bits under enum" + OR_RAW
BOOLEAN = "a bool under boolean" + OR_RAW
OCTETS = "bytes, at most 32767 under octetString" + OR_RAW
DATE = "a DateTime whose fields fit their octets under dateTime" + OR_RAW
RESOLUTION = "a Resolution of two 32-bit ints and units of 8 bits under resolution" + OR_RAW
RANGE = "a RangeOfInteger of two 32-bit ints under rangeOfInteger" + OR_RAW
LANGUAGE = "a StringWithLanguage of at most 32763 octets in UTF-8 under textWithLanguage" + OR_RAW
COLLECTION = "a Collection under begCollection"
LONG, LONGER = "x" * 32768, "\u00e4" * 16384


class Raising:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


# name: tag, value, what is expected, what it says to have found
UNFIT: dict[str, tuple[int, Any, str, str]] = {
    "str for integer": (0x21, "5", INTEGER, "str '5' of length 1"),
    "bool for integer": (0x21, True, INTEGER, "bool True"),
    "bool for enum": (0x23, False, ENUM, "bool False"),
    "float for integer": (0x21, 5.0, INTEGER, "float 5.0"),
    "None for integer": (0x21, None, INTEGER, "NoneType None"),
    "too large": (0x21, 2**31, INTEGER, "int 2147483648"),
    "too small": (0x21, -(2**31) - 1, INTEGER, "int -2147483649"),
    "much too large": (0x23, 2**64, ENUM, "int 18446744073709551616"),
    "too large to be shown": (0x21, 10**5000, INTEGER, "int"),
    "int for boolean": (0x22, 1, BOOLEAN, "int 1"),
    "bytes for boolean": (0x22, b"\x01", BOOLEAN, "bytes b'\\x01' of length 1"),
    "str for octets": (0x30, "x", OCTETS, "str 'x' of length 1"),
    "bytearray for octets": (0x30, bytearray(b"x"), OCTETS, "bytearray bytearray(b'x')"),
    "memoryview for octets": (0x30, memoryview(b"x"), OCTETS, "memoryview <memory at 0x"),
    "too many octets": (0x30, bytes(32768), OCTETS, "bytes b'" + r"\x00" * 13 + r"\x0" + "... of length 32768"),
    "int under an unknown tag": (0x2F, 5, "bytes, at most 32767 under value tag 0x2f" + OR_RAW, "int 5"),
    "str under the extension": (0x7F, "x", "bytes, at most 32767 under extension" + OR_RAW, "str 'x' of length 1"),
    **{
        f"{name} for {tag.keyword}": (
            tag,
            value,
            f"a str of at most 32767 octets in UTF-8 under {tag.keyword}" + OR_RAW,
            found,
        )
        for tag in STRINGS
        for name, value, found in (
            ("bytes", b"x", "bytes b'x' of length 1"),
            ("int", 5, "int 5"),
            ("long str", LONG, f"str '{'x' * 56}... of length 32768"),
            ("str of many octets", LONGER, f"str '{chr(0xE4) * 56}... of length 16384"),
            ("surrogate", "\ud800", r"str '\ud800' of length 1"),
        )
    },
    "datetime str": (0x31, "2026-11-22", DATE, "str '2026-11-22' of length 10"),
    "tuple for a date": (0x31, (2026, 1, 1, 0, 0, 0, 0, "+", 0, 0), DATE, "tuple (2026, 1, 1, "),
    "year": (
        0x31,
        DateTime(65536, 1, 1),
        DATE,
        "DateTime DateTime(year=65536, month=1, day=1, hour=0, minute=0, se...",
    ),
    "negative month": (0x31, DateTime(1, -1, 1), DATE, "DateTime DateTime(year=1, month=-1, day=1, "),
    "large minutes": (0x31, DateTime(1, 1, 1, 0, 0, 0, 0, "+", 0, 256), DATE, "DateTime DateTime("),
    "bool for a day": (0x31, DateTime(1, 1, True), DATE, "DateTime DateTime("),
    "no direction": (0x31, DateTime(1, 1, 1, 0, 0, 0, 0, ""), DATE, "DateTime DateTime("),
    "two directions": (0x31, DateTime(1, 1, 1, 0, 0, 0, 0, "+-"), DATE, "DateTime DateTime("),
    "direction out of range": (0x31, DateTime(1, 1, 1, 0, 0, 0, 0, "\u0100"), DATE, "DateTime DateTime("),
    "direction of int": (0x31, DateTime(1, 1, 1, 0, 0, 0, 0, 43), DATE, "DateTime DateTime("),
    "direction of bytes": (0x31, DateTime(1, 1, 1, 0, 0, 0, 0, b"+"), DATE, "DateTime DateTime("),
    "units": (0x32, Resolution(1, 1, 128), RESOLUTION, "Resolution Resolution(cross_feed=1, feed=1, units=128)"),
    "feed": (0x32, Resolution(1, 2**31), RESOLUTION, "Resolution Resolution("),
    "bool for a feed": (0x32, Resolution(1, True), RESOLUTION, "Resolution Resolution("),
    "float for a feed": (0x32, Resolution(1.5, 1), RESOLUTION, "Resolution Resolution("),
    "another named tuple": (0x32, RangeOfInteger(1, 2), RESOLUTION, "RangeOfInteger RangeOfInteger("),
    "str for a range": (0x33, "1-2", RANGE, "str '1-2' of length 3"),
    "range": (0x33, range(5), RANGE, "range range(0, 5)"),
    "upper": (0x33, RangeOfInteger(1, 2**31), RANGE, "RangeOfInteger RangeOfInteger(lower=1, upper=2147483648)"),
    "None for a bound": (0x33, RangeOfInteger(None, 1), RANGE, "RangeOfInteger RangeOfInteger(lower=None, upper=1)"),
    "str for a text with language": (0x35, "x", LANGUAGE, "str 'x' of length 1"),
    "long text": (
        0x35,
        StringWithLanguage("x" * 32764, ""),
        LANGUAGE,
        "StringWithLanguage StringWithLanguage(string='xxx",
    ),
    "long language": (0x35, StringWithLanguage("x", "d" * 32763), LANGUAGE, "StringWithLanguage StringWithLanguage("),
    "bytes for text": (0x35, StringWithLanguage(b"x", "de"), LANGUAGE, "StringWithLanguage StringWithLanguage("),
    "no language": (0x35, StringWithLanguage("x", None), LANGUAGE, "StringWithLanguage StringWithLanguage("),
    "surrogate with language": (0x35, StringWithLanguage("\udfff", ""), LANGUAGE, "StringWithLanguage StringWith"),
    **{
        f"{name} for {member.name}": (member.value, value, f"{member!r}" + " under %s" + OR_RAW, found)
        for member in OutOfBand
        for name, value, found in (
            ("None", None, "NoneType None"),
            ("str", "", "str '' of length 0"),
            ("octets", b"", "bytes b''"),
        )
    },
    "another out-of-band": (
        0x13,
        OutOfBand.UNKNOWN,
        "OutOfBand.NO_VALUE under no-value" + OR_RAW,
        "OutOfBand OutOfBand.UNKNOWN",
    ),
    "out-of-band under integer": (0x21, OutOfBand.NO_VALUE, INTEGER, "OutOfBand OutOfBand.NO_VALUE"),
    "out-of-band under octets": (0x30, OutOfBand.NO_VALUE, OCTETS, "OutOfBand OutOfBand.NO_VALUE"),
    "out-of-band under a date": (0x31, OutOfBand.NO_VALUE, DATE, "OutOfBand OutOfBand.NO_VALUE"),
    "str for a collection": (0x34, "x", COLLECTION, "str 'x' of length 1"),
    "dict for a collection": (0x34, {"x": 1}, COLLECTION, "dict {'x': 1}"),
    "raw collection": (0x34, RawValue(b""), COLLECTION, "RawValue RawValue(data=b'')"),
    "long raw value": (0x21, RawValue(bytes(32768)), INTEGER, "RawValue RawValue(data=b'"),
    "raw value of str": (
        0x44,
        RawValue("x"),
        "a str of at most 32767 octets in UTF-8 under keyword" + OR_RAW,
        "RawValue Raw",
    ),
    "raw value of bytearray": (0x30, RawValue(bytearray()), OCTETS, "RawValue RawValue(data=bytearray(b''))"),
    "delimiter as tag": (0x04, "x", "a value tag", "0x04 (printer-attributes-tag)"),
    "end of attributes as tag": (0x03, "x", "a value tag", "0x03 (end-of-attributes-tag)"),
    "zero as tag": (0x00, b"", "a value tag", "0x00 (group 0x00)"),
    "end of a collection as tag": (0x37, RawValue(b""), "a value tag", "0x37 (endCollection)"),
    "memberAttrName as tag": (0x4A, "x", "a value tag", "0x4a (memberAttrName)"),
    "what has no repr": (0x21, Raising(), INTEGER, "Raising"),
}
for _row, (_tag, _value, _expected, _found) in list(UNFIT.items()):
    if "%s" in _expected:
        UNFIT[_row] = (_tag, _value, _expected % ValueTag(_tag).keyword, _found)


def refusal(codec: Implementation, message: Message) -> EncodeError:
    with pytest.raises(EncodeError) as caught:
        codec.encode(message)
    error = caught.value
    assert type(error) is EncodeError
    assert isinstance(error, IPPError)
    assert isinstance(error, ValueError)
    assert error.args == (error.expected, error.found, error.group, error.attribute, error.index)
    assert f"expected {error.expected}, got {error.found}" in str(error)
    return error


def place(error: EncodeError) -> tuple[object, str | None, int | None]:
    return error.group, error.attribute, error.index


@pytest.mark.parametrize("row", UNFIT)
def test_unfit_value(codec: Implementation, row: str) -> None:
    """Alone, the third of a set, and in a collection in a collection."""
    tag, value, expected, found = UNFIT[row]
    alone = codec.Attribute("x", [tag], [value])
    third = codec.Attribute("x", [0x44, 0x44, tag], ["a", "b", value])
    inner = codec.Collection([codec.Attribute("a", 0x44, "a"), third])
    outer = codec.Attribute(
        "outer", 0x34, [codec.Collection(), codec.Collection([codec.Attribute("inner", 0x34, inner)])]
    )
    first = made(codec)
    for attribute, where in (
        (alone, (DelimiterTag.JOB, "x", 0)),
        (third, (DelimiterTag.JOB, "x", 2)),
        (outer, (DelimiterTag.JOB, "outer/inner/x", 2)),
    ):
        group = codec.AttributeGroup(
            DelimiterTag.JOB, [*first, attribute, codec.Attribute("after", 0x21, "never seen")]
        )
        error = refusal(codec, codec.Message((2, 0), 0, 1, [codec.AttributeGroup(1), group]))
        assert place(error) == where
        assert error.expected == expected
        assert error.found.startswith(found)
        words = f"value {where[2]} in attribute '{where[1]}' of job-attributes-tag: expected {expected}, got "
        assert str(error).startswith(words)


# name: arguments of the attribute, what is expected, what came
UNFIT_ATTRIBUTES: dict[str, tuple[tuple[Any, ...], str, str]] = {
    "no values": (("x", 0x21, []), "at least one value", "none"),
    "no values or tags": (("x", [], []), "at least one value", "none"),
    "no name": (("", 0x21, 1), "a name of 1 to 32767 octets in UTF-8", "str '' of length 0"),
    "long name": ((LONG, 0x21, 1), "a name of 1 to 32767 octets in UTF-8", f"str '{'x' * 56}... of length 32768"),
    "name of many octets": ((LONGER, 0x21, 1), "a name of 1 to 32767 octets in UTF-8", "str '\u00e4"),
    "surrogate": (("\ud800", 0x21, 1), "a name of 1 to 32767 octets in UTF-8", r"str '\ud800' of length 1"),
    "no name and no values": (("", 0x21, []), "at least one value", "none"),
}


@pytest.mark.parametrize("row", UNFIT_ATTRIBUTES)
def test_unfit_attribute(codec: Implementation, row: str) -> None:
    arguments, expected, found = UNFIT_ATTRIBUTES[row]
    attribute = codec.Attribute(*arguments)
    collection = codec.Attribute("col", 0x34, [codec.Collection(), codec.Collection([attribute])])
    for each, where in ((attribute, attribute.name), (collection, f"col/{attribute.name}")):
        error = refusal(codec, codec.Message((2, 0), 0, 1, [codec.AttributeGroup(4, [each])]))
        assert place(error) == (DelimiterTag.PRINTER, where, None)
        assert error.expected == expected
        assert error.found.startswith(found)
        assert str(error).startswith(f"in attribute {where!r} of printer-attributes-tag: expected ")


@pytest.mark.parametrize("tag", [0x00, 0x03, 0x10, 0x44, 0xFF])
def test_unfit_group_tag(codec: Implementation, tag: int) -> None:
    error = refusal(codec, codec.Message((2, 0), 0, 1, [codec.AttributeGroup(1), codec.AttributeGroup(tag)]))
    assert place(error) == (tag, None, None)
    assert (error.expected, error.found) == ("a group's tag from 0x01 to 0x0f, not 0x03", f"0x{tag:02x}")


@pytest.mark.parametrize("group", [None, [], "x", 1])
def test_unfit_group(codec: Implementation, group: Any) -> None:
    error = refusal(codec, codec.Message((2, 0), 0, 1, [codec.AttributeGroup(1), group]))
    assert place(error) == (None, None, None)
    assert error.expected == "an AttributeGroup"
    assert error.found.startswith(type(group).__name__)
    assert str(error).startswith("message: expected an AttributeGroup, got ")


FITTING = ((2, 0), 0x000B, 1)
# version, code, request-id: one of each does not fit
HEADERS: list[tuple[Any, Any, Any]] = [
    *[
        (version, 11, 1)
        for version in ((256, 0), (0, -1), (2,), (2, 0, 0), [2, 0], "2.0", None, (True, 0), (2.0, 0), ("2", "0"))
    ],
    *[((2, 0), code, 1) for code in (-1, 0x10000, 2**64, True, None, "11", 11.0, 10**5000)],
    *[((2, 0), 11, number) for number in (2**31, -(2**31) - 1, 2**64, False, None, "1", 1.0, -(10**5000))],
]


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_unfit_header(codec: Implementation, header: tuple[Any, Any, Any]) -> None:
    error = refusal(codec, codec.Message(*header))
    assert place(error) == (None, None, None)
    assert error.expected == "a version of two ints from 0 to 255, a code from 0 to 0xffff and a request_id of 32 bits"
    assert len(error.found) < 300


@pytest.mark.parametrize(
    "header", [FITTING, ((0, 0), 0, 0), ((255, 255), 0xFFFF, 2**31 - 1), ((1, 1), 1, -(2**31))], ids=str
)
def test_header_at_its_bounds(codec: Implementation, header: tuple[Any, Any, Any]) -> None:
    message = codec.decode(codec.encode(codec.Message(*header)))
    assert (message.version, message.code, message.request_id) == header


@pytest.mark.parametrize("size", [32766, 32767])
def test_longest(codec: Implementation, size: int) -> None:
    text = "n" * size
    octets = b"o" * size
    attributes = [
        codec.Attribute(text, ValueTag.KEYWORD, text),
        codec.Attribute("x", ValueTag.OCTET_STRING, octets),
        codec.Attribute("y", ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("s" * (size - 6), "de")),
        codec.Attribute("z", 0x34, codec.Collection([codec.Attribute(text, ValueTag.TEXT, [text, text])])),
    ]
    message = codec.Message(*FITTING, [codec.AttributeGroup(1, attributes)])
    assert codec.decode(codec.encode(message)) == message


def test_message_of_another_kind(codec: Implementation) -> None:
    for thing in (None, b"", codec.AttributeGroup(1), codec.Message):
        with pytest.raises(TypeError, match=r"^encode takes a Message, not "):
            codec.encode(thing)  # type: ignore[arg-type]


def test_an_error_leaves_the_message(codec: Implementation) -> None:
    message = codec.decode(codec.encode(codec.Message(*FITTING, [made(codec)])))
    good = codec.encode(message)
    message.groups[0].append(codec.Attribute("x", 0x21, "unfit"))
    for _ in range(3):
        assert refusal(codec, message).attribute == "x"
    del message.groups[0]["x"]
    assert codec.encode(message) == good


@settings(max_examples=examples(150))
@given(messages(fit=True))
def test_what_fits_is_taken(codec: Implementation, message: Message) -> None:
    mine = rebuild(codec, message)
    data = codec.encode(mine)
    again = codec.decode(data)
    assert codec.encode(again) == data
    assert (again.version, again.code, again.request_id) == (mine.version, mine.code, mine.request_id)
    for group, other in zip(again.groups, mine.groups, strict=True):
        assert [each.tags for each in group] == [each.tags for each in other]


@settings(max_examples=examples(250))
@given(messages(fit=False))
def test_what_is_not_refused_can_be_decoded(codec: Implementation, message: Message) -> None:
    try:
        data = codec.encode(rebuild(codec, message))
    except EncodeError as error:
        data = b""
        words = str(error)
    else:
        words = "expected none, got none"
        assert codec.encode(codec.decode(data)) == data
    assert "expected " in words
    assert "got " in words
