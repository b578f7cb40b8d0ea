"""The tables as tests take them: of either twin, and what they must hold by a walk over the message.

The rule of this file: `expected` knows nothing of how tables are made. It reads messages as any program does.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from implementations import Implementation

from ippfast import (
    DEFAULT_LIMITS,
    Attribute,
    Collection,
    DateTime,
    Limits,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    encode,
)
from ippfast.arrow.reading import columns_of
from ippfast.arrow.schema import VALUES, row_of
from ippfast.arrow.words import dictionary_of, keywords_of, name_text

__all__ = ["NAMES", "Exported", "build", "expected", "rows_of"]

NAMES = [field.name for field in VALUES]
FIELD = row_of(VALUES)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Exported:
    """A batch that a twin has handed over."""

    def __init__(self, schema: object, array: object) -> None:
        self.schema = schema
        self.array = array

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self.schema, self.array


def builder(twin: Implementation, rows: int = 2**31 - 1, limits: Limits = DEFAULT_LIMITS) -> Any:
    return twin.Builder(rows=rows, limits=limits, keywords=keywords_of, dictionary=dictionary_of)


def build(
    twin: Implementation, messages: Sequence[bytes], rows: int = 2**31 - 1, limits: Limits = DEFAULT_LIMITS
) -> list[Any]:
    """The batches that a twin makes of messages; those that are none have no rows."""
    made = builder(twin, rows, limits)
    batches = []
    at = 0
    while at < len(messages):
        at = made.take(messages, at)
        if made.is_full:
            batches.append(made.finish())
        elif at < len(messages):
            made.skip()
            at += 1
    batches.append(made.finish())
    return batches


def rows_of(twin: Implementation, batches: Iterable[Any]) -> list[tuple[Any, ...]]:
    """The rows of batches, through the export and back. Timestamps are left out: they are not read back."""
    names = NAMES[:-1]
    rows: list[tuple[Any, ...]] = []
    for batch in batches:
        for columns in columns_of(Exported(*twin.export_array(FIELD, batch)), names):
            rows += zip(*columns, strict=True)
    return rows


def octets_of(attribute: Attribute, index: int) -> bytes:
    """A value's octets as they are on the wire."""
    from ippfast import AttributeGroup

    alone = Attribute("a", attribute.tags[index], [attribute.values[index]])
    return encode(Message((2, 0), 0, 1, [AttributeGroup(1, [alone])]))[15:-1]


def is_text(value: str) -> bool:
    return not any("\udc80" <= one <= "\udcff" for one in value)


def moment(value: DateTime) -> int | None:
    try:
        found = value.to_datetime().astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (found - EPOCH) // timedelta(milliseconds=1)


def expected(message: Message, number: int) -> list[dict[str, Any]]:
    """The rows of a message, by column; timestamps in milliseconds."""
    rows: list[dict[str, Any]] = []
    attributes = 0

    def add(place: tuple[int, int], parent: int | None, depth: int, owner: Iterable[Attribute]) -> None:
        nonlocal attributes
        for attribute in owner:
            ordinal, attributes = attributes, attributes + 1
            name = name_text(attribute.name.encode("utf-8", "surrogateescape")).decode()
            keywords = [str(value) if isinstance(value, int) else None for value in attribute.enum()]
            for index, (tag, value) in enumerate(zip(attribute.tags, attribute.values, strict=True)):
                row: dict[str, Any] = dict.fromkeys(NAMES)
                row.update(message=number, group=place[0], group_tag=place[1], attribute=ordinal, parent=parent)
                row.update(depth=depth, name=name, index=index, tag=int(tag))
                if isinstance(value, Collection):
                    here = len(rows)
                    rows.append(row)
                    add(place, here, depth + 1, value)
                    continue
                if isinstance(value, bool | int):
                    row["integer"] = int(value)
                    if tag == 0x23 and not str(keywords[index]).lstrip("-").isdigit():
                        row["string"] = keywords[index]
                elif isinstance(value, RangeOfInteger):
                    row.update(integer=value.lower, upper=value.upper)
                elif isinstance(value, Resolution):
                    row.update(cross_feed=value.cross_feed, feed=value.feed, units=value.units)
                elif isinstance(value, str):
                    if is_text(value):
                        row["string"] = value
                    else:
                        row["octets"] = value.encode("utf-8", "surrogateescape")
                elif not isinstance(value, OutOfBand):
                    row["octets"] = octets_of(attribute, index)
                    if isinstance(value, StringWithLanguage) and is_text(value.string):
                        row["string"] = value.string
                    elif isinstance(value, DateTime):
                        row["timestamp"] = moment(value)
                    elif isinstance(value, RawValue):
                        assert row["octets"] == value.data
                rows.append(row)

    for ordinal, group in enumerate(message.groups):
        if len(group) == 0:
            row = dict.fromkeys(NAMES)
            row.update(message=number, group=ordinal, group_tag=int(group.tag), depth=0)
            rows.append(row)
        add((ordinal, int(group.tag)), None, 0, group)
    return rows
