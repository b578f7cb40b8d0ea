"""Wide tables: columns of the registry's types, and what does not fit them is null and counted."""

from datetime import UTC, datetime
from typing import Any

import pyarrow
import pytest
import vectors

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    RegistryError,
    Resolution,
    StringWithLanguage,
    ValueTag,
    arrow,
    encode,
)


def rows(messages: Any, *columns: str, **arguments: Any) -> list[dict[str, Any]]:
    table = pyarrow.table(arrow.wide(messages, columns, **arguments))
    table.validate(full=True)
    made: list[dict[str, Any]] = table.to_pylist()
    return made


def message(*groups: list[Attribute]) -> bytes:
    return encode(Message((2, 0), 0, 1, [AttributeGroup(4, group) for group in groups]))


def size(x: int, y: int) -> Collection:
    return Collection([Attribute("x-dimension", ValueTag.INTEGER, x), Attribute("y-dimension", ValueTag.INTEGER, y)])


def test_every_type() -> None:
    group = [
        Attribute("printer-state", ValueTag.ENUM, 3),
        Attribute("printer-is-accepting-jobs", ValueTag.BOOLEAN, True),
        Attribute("printer-make-and-model", ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage("Größe", "de")),
        Attribute("media-supported", [ValueTag.KEYWORD, ValueTag.NAME], ["iso_a4_210x297mm", "mine"]),
        Attribute("printer-current-time", ValueTag.DATE_TIME, DateTime(2026, 11, 29, 13, 0, 0, 5, "+", 1, 0)),
        Attribute("copies-supported", ValueTag.RANGE_OF_INTEGER, RangeOfInteger(1, 99)),
        Attribute("printer-resolution-supported", ValueTag.RESOLUTION, [Resolution(300, 600, 3)]),
        Attribute(
            "media-col-default",
            ValueTag.BEG_COLLECTION,
            Collection([Attribute("media-size", ValueTag.BEG_COLLECTION, size(21000, 29700))]),
        ),
        Attribute("printer-alert", ValueTag.OCTET_STRING, [b"\x00\xff"]),
    ]
    names = [each.name for each in group]
    (row,) = rows([message(group)], *names, "media-col-default/media-size", "media-col-default/media-size/x-dimension")
    assert (row["message"], row["group"], row["group_tag"], row["unfit"]) == (0, 0, 4, 0)
    assert row["printer-state"] == 3
    assert row["printer-is-accepting-jobs"] is True
    assert row["printer-make-and-model"] == "Größe"
    assert row["media-supported"] == ["iso_a4_210x297mm", "mine"]
    assert row["printer-current-time"] == datetime(2026, 11, 29, 12, 0, 0, 500_000, tzinfo=UTC)
    assert row["copies-supported"] == {"lower": 1, "upper": 99}
    assert row["printer-resolution-supported"] == [{"cross_feed": 300, "feed": 600, "units": 3}]
    assert row["media-col-default"]["media-size"]["y-dimension"] == 29700
    assert row["media-col-default"]["media-source"] is None
    assert row["media-col-default/media-size"]["x-dimension"] == 21000
    assert row["media-col-default/media-size/x-dimension"] == 21000
    assert row["printer-alert"] == [b"\x00\xff"]


def test_what_does_not_fit_is_null_and_counted() -> None:
    group = [
        Attribute("printer-state", ValueTag.KEYWORD, "idle"),
        Attribute("printer-make-and-model", ValueTag.TEXT, ["one", "two"]),
        Attribute("media-supported", [ValueTag.KEYWORD, ValueTag.INTEGER, ValueTag.KEYWORD], ["a", 1, "\udcff"]),
        Attribute("printer-current-time", ValueTag.DATE_TIME, DateTime(0, 0, 0)),
        Attribute("copies-default", ValueTag.INTEGER, RawValue(b"\x01")),
        Attribute("media-col-default", ValueTag.KEYWORD, "none"),
    ]
    names = [each.name for each in group]
    (row,) = rows([message(group)], *names, "media-col-default/media-source")
    assert row["media-supported"] == ["a", None, None]
    assert all(row[name] is None for name in names if name != "media-supported")
    assert row["unfit"] == 1 + 2 + 2 + 1 + 1 + 1 + 1


def test_what_is_not_there() -> None:
    group = [Attribute("printer-location", ValueTag.NO_VALUE, OutOfBand.NO_VALUE)]
    (row,) = rows([message([], group)], "printer-location", "printer-info", "media-col-database/media-size")
    assert row == {
        "message": 0,
        "group": 1,
        "group_tag": 4,
        "printer-location": None,
        "printer-info": None,
        "media-col-database/media-size": None,
        "unfit": 0,
    }
    assert rows([message([])], "printer-info") == []


def test_a_list_through_sets() -> None:
    entries = [Collection([Attribute("media-size", ValueTag.BEG_COLLECTION, size(x, 1))]) for x in (1, 2)]
    group = [Attribute("media-col-database", ValueTag.BEG_COLLECTION, entries)]
    (row,) = rows([message(group)], "media-col-database/media-size/x-dimension")
    assert row["media-col-database/media-size/x-dimension"] in (
        [1, 2],
        [{"lower": 1, "upper": 1}, {"lower": 2, "upper": 2}],
    )


def test_real_messages() -> None:
    octets = [vector.octets for vector in vectors.every()]
    names = [
        "printer-make-and-model",
        "media-col-default",
        "job-id",
        "job-state",
        "media-col-database",
        "printer-alert",
    ]
    whole = rows(octets, *names, "attributes-charset")
    assert whole == rows(octets, *names, "attributes-charset", rows=7)
    assert len(rows(octets, "attributes-charset", recover=True)) > len({row["message"] for row in whole})


def test_arguments() -> None:
    with pytest.raises(RegistryError, match="no-such-attribute"):
        arrow.wide([], ["no-such-attribute"])
    several: list[Any] = ["printer-info", []]
    for columns in several:
        with pytest.raises(ValueError, match="several names"):
            arrow.wide([], columns)
    with pytest.raises(ValueError, match="rows is an int"):
        arrow.wide([], ["printer-info"], rows=0)
