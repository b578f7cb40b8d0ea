"""Messages as plain data and back: with tags octet for octet, without them as the registry says.

The rule of this file: plain data goes through JSON on its way, as it will in programs.
"""

import json
from typing import Any

import pytest
import strategies
import vectors
from hypothesis import given
from implementations import PURE
from vectors import Vector, parametrize

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    IPPError,
    Keyword,
    Message,
    OutOfBand,
    RangeOfInteger,
    RegistryError,
    Resolution,
    Tagged,
    ValueTag,
    decode,
    encode,
)
from ippfast.enums import Operation
from ippfast.errors import ShapeError

X = ValueTag


@parametrize(vectors.accepted())
def test_tags_lose_nothing(vector: Vector) -> None:
    message = decode(vector.octets)
    data = json.loads(json.dumps(message.to_dict(tags=True)))
    again = Message.from_dict(data)
    assert again == message
    assert encode(again) == vector.octets[: vector.offset]


@given(strategies.messages(fit=True))
def test_tags_lose_nothing_of_any_message(message: Any) -> None:
    again = Message.from_dict(json.loads(json.dumps(message.to_dict(tags=True))))
    assert encode(again) == PURE.encode(message)


def registered() -> Message:
    """Attributes of every syntax, in the forms that `Message.to_dict` gives them back."""
    media = Collection(
        [
            Attribute("media-size", X.BEG_COLLECTION, Collection([Attribute("x-dimension", X.INTEGER, 21000)])),
            Attribute("media-type", X.KEYWORD, "stationery"),
        ]
    )
    supported = Collection([Attribute("x-dimension", X.RANGE_OF_INTEGER, RangeOfInteger(1, 5))])
    return Message(
        (1, 1),
        0,
        7,
        [
            AttributeGroup(1, [Attribute("attributes-charset", X.CHARSET, "utf-8")]),
            AttributeGroup(
                4,
                [
                    Attribute("printer-name", X.NAME, "Büro"),
                    Attribute("printer-state", X.ENUM, 3),
                    Attribute("printer-is-accepting-jobs", X.BOOLEAN, True),
                    Attribute("printer-up-time", X.INTEGER, 5),
                    Attribute("printer-current-time", X.DATE_TIME, DateTime(2026, 11, 25, 12, 30, 0, 5, "-", 4, 30)),
                    Attribute("printer-state-change-date-time", X.DATE_TIME, DateTime(2026, 1, 2)),
                    Attribute("printer-resolution-default", X.RESOLUTION, Resolution(600, 600, 3)),
                    Attribute(
                        "printer-resolution-supported", X.RESOLUTION, [Resolution(300, 600, 3), Resolution(9, 9, 4)]
                    ),
                    Attribute("copies-supported", X.RANGE_OF_INTEGER, RangeOfInteger(1, 99)),
                    Attribute("printer-supply", X.OCTET_STRING, [b"type=toner;", b"level=3;"]),
                    Attribute("sides-supported", X.KEYWORD, ["one-sided", "two-sided-long-edge"]),
                    Attribute("media-col-default", X.BEG_COLLECTION, media),
                    Attribute("media-size-supported", X.BEG_COLLECTION, [supported]),
                    Attribute("printer-geo-location", X.NO_VALUE, OutOfBand.NO_VALUE),
                    Attribute("page-ranges", X.RANGE_OF_INTEGER, [RangeOfInteger(1, 3), RangeOfInteger(5, 5)]),
                ],
            ),
            AttributeGroup(0x0B),
        ],
    )


def test_what_is_registered_needs_no_tags() -> None:
    message = registered()
    assert Message.from_dict(json.loads(json.dumps(message.to_dict()))) == message


def test_every_form_that_attribute_takes() -> None:
    made = Message.from_dict(
        {
            "code": Operation.PRINT_JOB,
            "groups": [
                {"tag": 2, "attributes": {"copies": 2, "page-ranges": [range(1, 4)], "x-own": Keyword("none")}},
                {"tag": "group 0x0e", "attributes": {"x-octets": [Tagged(0x7F, b"1")]}},
            ],
        }
    )
    assert (made.version, made.code, made.request_id) == ((2, 0), 2, 1)
    assert made.job["page-ranges"].value == RangeOfInteger(1, 3)
    assert made.job["x-own"].tag is X.KEYWORD
    assert made.groups[1] == AttributeGroup(0x0E, [Attribute("x-octets", 0x7F, b"1")])


def of(attributes: Any, **more: Any) -> dict[str, Any]:
    return {"code": 2, "groups": [{"tag": "job-attributes-tag", "attributes": attributes}]} | more


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        ([], ShapeError, "the message: expected an object with the keys code, groups, got []"),
        ({"code": 2}, ShapeError, "the message: expected an object with the keys code, groups"),
        (of({}, status=0), ShapeError, "the message: expected an object with the keys"),
        (of({}, version="2.0"), ShapeError, "version: expected two integers, got '2.0'"),
        (of({}, version=[2, True]), ShapeError, "version: expected an integer, got True"),
        (of({}, groups={}), ShapeError, "groups: expected a list"),
        (
            of({}, groups=[{"tag": "job", "attributes": {}}]),
            ShapeError,
            "groups[0].tag: expected a tag's name or number",
        ),
        (of("copies"), ShapeError, "groups[0].attributes: expected a list"),
        (of({1: 2}), ShapeError, "groups[0].attributes: expected a string"),
        (
            of([{"name": "copies"}]),
            ShapeError,
            "groups[0].attributes[0]: expected an object with the keys name, values",
        ),
        (of({"x-own": "a"}), RegistryError, "x-own"),
        (of({"copies": "two"}), RegistryError, "copies"),
        (of({"printer-current-time": "2026-13-1,0:0:0.0,+0:0"}), RegistryError, "printer-current-time"),
        (of({"media-col": {"media-size": 5}}), RegistryError, "media-col/media-size"),
    ],
)
def test_data_that_is_no_message(data: Any, kind: type[IPPError], words: str) -> None:
    with pytest.raises(kind) as caught:
        Message.from_dict(data)
    assert words in str(caught.value)
    assert isinstance(caught.value, ValueError)
