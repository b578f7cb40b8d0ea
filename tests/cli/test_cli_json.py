"""ippfast dump --json and ippfast load: what one writes, the other turns back into the same octets.

The rule of this file: every vector goes there and back, and JSON that is no message is refused in one line.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import vectors
from command_line import make, printed, run
from vectors import Vector, parametrize

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
    decode_prefix,
)

A4 = Collection([Attribute("x-dimension", ValueTag.INTEGER, 21000), Attribute("y-dimension", ValueTag.INTEGER, 29700)])


@parametrize(vectors.accepted())
def test_json_loses_nothing(vector: Vector) -> None:
    text = printed("dump", "--json", "--document", "-", octets=vector.octets)
    assert text.isascii()
    loaded = run("load", "-", octets=text.encode())
    assert loaded.exit_code == 0
    assert loaded.stdout_bytes == vector.octets

    text = printed("dump", "--json", "-", octets=vector.octets)
    assert "document" not in json.loads(text)
    assert run("load", "-", octets=text.encode()).stdout_bytes == vector.octets[: vector.offset]


def test_json_has_the_shape_that_is_documented() -> None:
    octets = make(
        0x0400,
        AttributeGroup(
            DelimiterTag.UNSUPPORTED,
            [
                Attribute("x-set", [ValueTag.INTEGER, ValueTag.BOOLEAN, ValueTag.TEXT], [1, True, "é"]),
                Attribute("x-\udcff", ValueTag.KEYWORD, "\udcff\u00e9"),
                Attribute("x-octets", ValueTag.OCTET_STRING, b"\x00\xff"),
                Attribute("x-raw", ValueTag.INTEGER, RawValue(b"\x01")),
                Attribute("x-none", ValueTag.NO_VALUE, OutOfBand.NO_VALUE),
                Attribute("x-resolution", ValueTag.RESOLUTION, Resolution(600, 1200, 3)),
                Attribute("x-range", ValueTag.RANGE_OF_INTEGER, RangeOfInteger(1, 2)),
                Attribute("x-language", ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("\udce9", "fr")),
                Attribute("x-date", ValueTag.DATE_TIME, DateTime(2026, 11, 2)),
                Attribute("x-size", ValueTag.BEG_COLLECTION, A4),
            ],
        ),
        AttributeGroup(0x0F),
    )
    date = {"year": 2026, "month": 11, "day": 2, "hour": 0, "minute": 0, "second": 0, "decisecond": 0}
    size = [
        {"name": "x-dimension", "values": [{"tag": "integer", "value": 21000}]},
        {"name": "y-dimension", "values": [{"tag": "integer", "value": 29700}]},
    ]
    one: Callable[[str, Any], list[dict[str, Any]]] = lambda tag, value: [{"tag": tag, "value": value}]  # noqa: E731
    assert json.loads(printed("dump", "--json", "--document", "-", octets=octets + b"%")) == {
        "version": "2.0",
        "code": 0x400,
        "request-id": 1,
        "groups": [
            {
                "tag": "unsupported-attributes-tag",
                "attributes": [
                    {
                        "name": "x-set",
                        "values": [
                            {"tag": "integer", "value": 1},
                            {"tag": "boolean", "value": True},
                            {"tag": "textWithoutLanguage", "value": "é"},
                        ],
                    },
                    {"name": {"octets": "782dff"}, "values": one("keyword", {"octets": "ffc3a9"})},
                    {"name": "x-octets", "values": one("octetString", {"octets": "00ff"})},
                    {"name": "x-raw", "values": one("integer", {"malformed": "01"})},
                    {"name": "x-none", "values": one("no-value", None)},
                    {
                        "name": "x-resolution",
                        "values": one("resolution", {"cross_feed": 600, "feed": 1200, "units": 3}),
                    },
                    {"name": "x-range", "values": one("rangeOfInteger", {"lower": 1, "upper": 2})},
                    {
                        "name": "x-language",
                        "values": one("nameWithLanguage", {"string": {"octets": "e9"}, "language": "fr"}),
                    },
                    {
                        "name": "x-date",
                        "values": one("dateTime", date | {"utc_direction": "+", "utc_hours": 0, "utc_minutes": 0}),
                    },
                    {"name": "x-size", "values": one("begCollection", size)},
                ],
            },
            {"tag": 0x0F, "attributes": []},
        ],
        "document": {"octets": "25"},
    }


def edited(**changes: Any) -> bytes:
    """A small message as JSON with some of its keys changed; None leaves a key out."""
    value = changes.pop("value", 1)
    tag = changes.pop("tag", "integer")
    attribute = {"name": "copies", "values": [{"tag": tag, "value": value}]}
    message = {
        "version": "2.0",
        "code": 2,
        "request-id": 1,
        "groups": [{"tag": "job-attributes-tag", "attributes": [attribute]}],
    }
    message |= changes
    return json.dumps({key: item for key, item in message.items() if item is not None}).encode()


def nested(depth: int) -> list[Any]:
    members: list[Any] = []
    for _ in range(depth):
        members = [{"name": "m", "values": [{"tag": "begCollection", "value": members}]}]
    return members


VALUE = "groups[0].attributes[0].values[0]"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff"),
        (edited() * 2, "Extra data: line 1 column "),
        (b"[]", "the message: expected an object with the keys code, groups, request-id, version, got []"),
        (edited(version=None), "the message: expected an object with the keys code, "),
        (edited(status=5), "the message: expected an object with the keys code, "),
        (edited(version="2"), "version: expected a string such as \"2.0\", got '2'"),
        (edited(version=2.0), "version: expected a string, got 2.0"),
        (edited(version="2.256"), "message: expected a version of two ints from 0 to 255"),
        (edited(code="2"), "code: expected an integer, got '2'"),
        (edited(code=True), "code: expected an integer, got True"),
        (edited(code=0x10000), "message: expected a version"),
        (edited(groups={}), "groups: expected a list, got {}"),
        (edited(groups=[{"tag": "keyword", "attributes": []}]), "groups[0].tag: expected a tag's name or number"),
        (edited(groups=[{"tag": 3, "attributes": []}]), "expected a group's tag from 0x01 to 0x0f"),
        (edited(groups=[{"tag": 1}]), "groups[0]: expected an object with the keys attributes, tag, got ['tag']"),
        (edited(tag="int"), f"{VALUE}.tag: expected a tag's name or number, got 'int'"),
        (edited(tag=256), f"{VALUE}.tag: expected a tag's name or number, got 256"),
        (edited(tag=True), f"{VALUE}.tag: expected a tag's name or number, got True"),
        (edited(value=None), f"{VALUE}.value: expected a value for the tag integer, got None"),
        (edited(value=1.5), f"{VALUE}.value: expected a value for the tag integer, got 1.5"),
        (edited(value={"lower": 1, "upper": 2}), f"{VALUE}.value: expected a value for the tag integer, got {{'lower'"),
        (edited(value=2**31), "value 0 in attribute 'copies' of job-attributes-tag: expected an int"),
        (edited(value={"octets": "0x"}), f"{VALUE}.value.octets: expected two hexadecimal digits for each octet"),
        (edited(value={"malformed": "0"}), f"{VALUE}.value.malformed: expected two hexadecimal digits"),
        (edited(value={"malformed": 0}), f"{VALUE}.value.malformed: expected a string, got 0"),
        (edited(tag="resolution", value={"cross_feed": 1}), f"{VALUE}.value: expected a value for the tag resolution"),
        (
            edited(tag="nameWithLanguage", value={"string": 1, "language": "en"}),
            f"{VALUE}.value.string: expected an object with the keys octets, got 1",
        ),
        (
            edited(tag="begCollection", value=[{"name": "x"}]),
            f"{VALUE}.value[0]: expected an object with the keys name",
        ),
        (edited(tag="begCollection", value=nested(100)), "collections nest at most 100 deep"),
        (edited(value={"octets": "\u202e" * 90}), r"got '\u202e\u202e"),
        (edited(document="x"), "document: expected an object with the keys octets, got 'x'"),
    ],
)
def test_load_says_where_json_is_wrong(text: bytes, fault: str) -> None:
    result = run("load", "-", octets=text)
    assert (result.exit_code, result.stdout_bytes) == (1, b"")
    assert fault in result.stderr
    assert result.stderr.startswith("Error: <stdin>: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.rstrip("\n").isascii()


def test_load_takes_json_nested_beyond_reason() -> None:
    deep = json.dumps(edited(tag="begCollection", value=0).decode()).encode()
    text = json.loads(deep).replace('"value": 0', '"value": ' + "[" * 100_000 + "]" * 100_000).encode()
    result = run("load", "-", octets=text)
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: <stdin>: the message: expected collections at most 100 deep, got 'more'\n",
    )


def test_load_writes_a_file_only_when_all_is_well(tmp_path: Path) -> None:
    output = tmp_path / "message.ipp"
    assert run("load", "-", "-o", str(output), octets=edited(value="x")).exit_code == 1
    assert not output.exists()
    assert run("load", "-", "-o", str(output), octets=edited(value=7)).exit_code == 0
    message, end = decode_prefix(output.read_bytes())
    assert message.job["copies"].value == 7
    assert end == output.stat().st_size
