"""Reads any octets and writes any message as ippx does: the slow half of the faithful mode, and for what our codec
refuses.

The rule of this file: for every input there is the library's result, or its exception.
"""

from datetime import datetime, timedelta, timezone
from struct import Struct, error, pack, unpack

from ._ippx_library import find_library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["read_message", "read_value", "write_message", "write_value"]

_HEADER = Struct(">BBHI").unpack_from
_RESOLUTION, _RANGE, _DATE = Struct(">iib").unpack, Struct(">ii").unpack, Struct(">H6Bc2B").unpack
_OUT_OF_BAND = (0x10, 0x12, 0x13)


class _Collection:
    """A collection that has not ended yet: the values of each member so far, and which member is current."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[str, list[Any]] = {}
        self.member: str | None = None


def read_message(data: bytes) -> "Any":
    """An ``IppMessage``; raises ``IppDecodeError``."""
    library = find_library()
    refuse = library.decode_error
    size = len(data)
    if size < 9:
        raise refuse(f"a message has at least 9 octets, not {size}")
    major, minor, code, request_id = _HEADER(data)
    groups: list[Any] = []
    attributes: list[Any] = []  # of the current group; before the first group they are lost
    opened: list[_Collection] = []
    offset = 8

    def deliver(name: str, tag: int, value: object) -> None:
        if opened:
            collection = opened[-1]
            if collection.member is None:
                raise refuse(f"a member's value without memberAttrName before offset {offset}")
            collection.members[collection.member].append(value)
        elif name:
            attributes.append(library.Attribute(name, library.value_tags[tag], [value]))
        elif attributes:
            attributes[-1].values.append(value)
        else:
            raise refuse(f"an additional value without an attribute before offset {offset}")

    while True:
        if offset >= size:
            raise refuse("the message ends without end-of-attributes-tag")
        tag = data[offset]
        offset += 1
        if tag < 0x10:
            if opened:
                raise refuse(f"a delimiter tag inside a collection at offset {offset - 1}")
            if tag == 0x03:
                break
            if tag not in library.group_tags:
                raise refuse(f"a reserved delimiter tag 0x{tag:02x} at offset {offset - 1}")
            attributes = []
            groups.append((library.group_tags[tag], attributes))
            continue
        name, offset = _take(data, offset, "name")
        octets, offset = _take(data, offset, "value")
        text = name.decode("utf-8", "replace")
        if tag == 0x34:
            opened.append(_Collection(text))
        elif tag == 0x37:
            if not opened:
                raise refuse(f"endCollection without begCollection before offset {offset}")
            ended = opened.pop()
            members = {key: found[0] if len(found) == 1 else found for key, found in ended.members.items()}
            deliver(ended.name, 0x34, members)
        else:
            try:
                value: Any = read_value(tag, octets) if tag in library.known else octets
            except (error, ValueError, IndexError) as fault:
                kind = library.value_tags[tag].name
                raise refuse(f"malformed {kind} value for {text!r}: {octets[:40]!r}") from fault
            if tag == 0x4A and opened:
                opened[-1].member = value
                opened[-1].members.setdefault(value, [])
            else:
                deliver(text, tag, value)
    return library.IppMessage((major, minor), code, request_id, groups, data[offset:])


def _take(data: bytes, offset: int, what: str) -> tuple[bytes, int]:
    """As many octets as the length at `offset` says, and the offset after them."""
    end = offset + 2 + int.from_bytes(data[offset : offset + 2], "big")
    if offset + 2 > len(data) or end > len(data):
        raise find_library().decode_error(f"truncated {what} at offset {offset}")
    return bytes(data[offset + 2 : end]), end


def read_value(tag: int, octets: bytes) -> "Any":
    """The value of octets under a tag that the library knows; struct.error or ValueError if they do not fit."""
    if tag in _OUT_OF_BAND:
        return None
    if tag == 0x21 or tag == 0x23:
        return unpack(">i", octets)[0]
    if tag == 0x22:
        return octets != b"\0"
    if tag == 0x31:
        return _moment(octets)
    if tag == 0x32:
        return find_library().Resolution(*_RESOLUTION(octets))
    if tag == 0x33:
        return _RANGE(octets)
    if tag == 0x35 or tag == 0x36:
        (language,) = unpack(">H", octets[:2])
        (text,) = unpack(">H", octets[2 + language : 4 + language])
        return octets[4 + language : 4 + language + text].decode("utf-8", "replace")
    return octets if tag == 0x30 else octets.decode("utf-8", "replace")


def _moment(octets: bytes) -> "datetime | bytes":
    """An aware datetime; the octets if there is no such date. Any direction but ``-`` counts as ``+``."""
    try:
        year, month, day, hour, minute, second, tenth, sign, hours, minutes = _DATE(octets)
        offset = timedelta(hours=hours, minutes=minutes)
        zone = timezone(-offset if sign == b"-" else offset)
        return datetime(year, month, day, hour, minute, second, tenth * 100_000, zone)
    except (error, ValueError):
        return octets


# ---- Writing ----


def write_message(msg: "Any") -> bytes:
    """The octets of an ``IppMessage``, its ``data`` after them."""
    made = bytearray((msg.version[0], msg.version[1]))
    made += pack(">HI", msg.code, msg.request_id)
    for group_tag, attributes in msg.groups:
        made.append(group_tag)
        for attribute in attributes:
            if not attribute.values:
                raise ValueError(f"attribute {attribute.name!r} has no values: an out-of-band value is [None]")
            name = attribute.name.encode()
            for value in attribute.values:
                made.append(attribute.tag)
                made += pack(">H", len(name)) + name
                octets = write_value(attribute.tag, value)
                made += pack(">H", len(octets)) + octets
                name = b""
    made.append(0x03)
    made += msg.data
    return bytes(made)


def write_value(tag: int, value: "Any") -> bytes:
    """The octets of a value; without those of a language, if it has one."""
    if tag in _OUT_OF_BAND:
        return b""
    if tag == 0x21 or tag == 0x23:
        return pack(">i", int(value))
    if tag == 0x22:
        return b"\x01" if value else b"\x00"
    if tag == 0x31:
        return _write_moment(value)
    if tag == 0x32:
        kind = find_library().Resolution
        value = value if isinstance(value, kind) else kind(*value)
        return pack(">iib", value.x, value.y, value.units)
    if tag == 0x33:
        lower, upper = value
        return pack(">ii", lower, upper)
    if tag == 0x34:
        raise NotImplementedError("ippx does not encode collections; with quirks=False they are encoded")
    if tag == 0x30:
        return bytes(value)
    return value if isinstance(value, bytes) else str(value).encode()


def _write_moment(value: "Any") -> bytes:
    """A dateTime, cut to tenths of a second; a naive one counts as UTC."""
    seconds = int((value.utcoffset() or timedelta()).total_seconds())
    zone = b"-" if seconds < 0 else b"+", abs(seconds) // 3600, abs(seconds) % 3600 // 60
    date = value.year, value.month, value.day, value.hour, value.minute, value.second
    return pack(">H6Bc2B", *date, value.microsecond // 100_000, *zone)
