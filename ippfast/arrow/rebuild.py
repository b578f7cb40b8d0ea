"""Makes messages again of the two tables: `rebuild`.

The rule of this file: the octets are those that were decoded, whatever they were. Of a repaired message they are the
repaired ones.
"""

from struct import Struct

from .reading import columns_of
from .words import name_octets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["rebuild"]

_MESSAGES = ("version", "code", "request_id", "error_offset", "repaired")
_PLACES = ("message", "group", "group_tag", "attribute", "depth", "name", "index", "tag")
_VALUES = (*_PLACES, "integer", "upper", "cross_feed", "feed", "units", "string", "octets")
_INTEGER, _RANGE, _RESOLUTION = Struct(">i").pack, Struct(">ii").pack, Struct(">iib").pack
_HEADER, _LENGTH = Struct(">BBHi").pack, Struct(">H").pack
_END = b"\x37\x00\x00\x00\x00"


def rebuild(messages: object, values: object) -> "Iterator[bytes | None]":
    """Give the octets of each message, in the order of `messages`; None for one that was broken and not repaired.

    messages, values: the tables, complete and in their order: objects with ``__arrow_c_stream__`` or
    ``__arrow_c_array__``, or iterables of such. Neither has document data.

    Raises TypeError for an object that is no table, and ValueError if columns are missing or rows do not belong
    together.
    """
    rows = _rows(values)
    row = next(rows, None)
    number = 0
    for columns in columns_of(messages, _MESSAGES):
        for version, code, request_id, error_offset, repaired in zip(*columns, strict=True):
            octets = None
            if version is not None and (error_offset is None or repaired):
                octets = _header(version, code, request_id, number)
            elif row is not None and row[0] == number:
                raise ValueError(f"message {number} has values, but was broken")
            open_ = 0
            group = -1
            while row is not None and row[0] == number and octets is not None:
                open_, group = _write(octets, row, open_, group)
                row = next(rows, None)
            if octets is not None:
                octets += _END * open_ + b"\x03"
            yield None if octets is None else bytes(octets)
            number += 1
    if row is not None:
        raise ValueError(f"there are values of message {row[0]}, and {number} messages")


def _rows(values: object) -> "Iterator[tuple[Any, ...]]":
    for columns in columns_of(values, _VALUES):
        yield from zip(*columns, strict=True)


def _header(version: str, code: int, request_id: int, number: int) -> bytearray:
    try:
        major, minor = version.split(".")
        return bytearray(_HEADER(int(major), int(minor), code, request_id))
    except Exception as error:
        raise ValueError(f"message {number} has no such header: {error}") from None


def _write(octets: bytearray, row: "tuple[Any, ...]", open_: int, group: int) -> tuple[int, int]:
    """Write a row. Returns how many collections are open then, and in which group it is."""
    (number, in_group, group_tag, attribute, depth, name, index, tag, *value, string, raw) = row
    if in_group != group:
        octets += _END * open_
        open_ = 0
        if in_group != group + 1:
            raise ValueError(f"group {in_group} of message {number} is out of order")
        octets.append(group_tag)
        group = in_group
    if attribute is None:  # the group is empty
        return open_, group
    if depth > open_:
        raise ValueError(f"a row of message {number} is in a collection that is not there")
    octets += _END * (open_ - depth)
    named = name_octets(name) if index == 0 else b""
    if depth and named:  # memberAttrName (RFC 8010 section 3.1.7)
        octets += b"\x4a\x00\x00" + _LENGTH(len(named)) + named
        named = b""
    try:
        octets_of_value = _value(tag, value, string, raw)
    except Exception as error:
        raise ValueError(f"a row of message {number} has no value of the tag {tag}: {error}") from None
    octets.append(tag)
    octets += _LENGTH(len(named)) + named + _LENGTH(len(octets_of_value)) + octets_of_value
    return depth + (tag == 0x34), group


def _value(tag: int, numbers: "list[Any]", string: str | None, raw: bytes | None) -> bytes:
    integer, upper, cross_feed, feed, units = numbers
    if raw is not None:
        return raw
    if tag in (0x21, 0x23):
        return _INTEGER(integer)
    if tag == 0x22:
        return bytes([integer])
    if tag == 0x33:
        return _RANGE(integer, upper)
    if tag == 0x32:
        return _RESOLUTION(cross_feed, feed, units)
    return b"" if string is None else string.encode()
