"""The pure twin's slices of the wire, and how they become attributes and values.

The rule of this file: it does what `_wire.pyx` does, function by function, and cannot fail. It relies on the checks of
`_codec_py`, which alone makes a `Wire`; every value of every tag has a Python form (RFC 8010 section 3.9).
"""

from functools import cache
from struct import Struct

from . import _attribute
from ._attribute import Attribute, AttributeGroup, Collection
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from re import Pattern
    from typing import Any

    from ._attribute import Value, _Attributes

__all__ = ["WORTH_MATCHING", "Wire", "attributes_pattern", "members_pattern", "tokens_pattern"]

_LENGTH = Struct(">H").unpack_from
_LENGTHS = Struct(">HH").unpack_from
_INTEGER = Struct(">i").unpack
_RANGE = Struct(">ii")
_RESOLUTION = Struct(">iib")
_DATE_TIME = Struct(">HBBBBBBcBB")


class Wire(_attribute.Wire):
    """A message's attribute octets, and how to unpack them."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def iterate(self, owner: "_Attributes") -> "Iterator[Attribute]":
        return self.unpack(owner._start, owner._end, isinstance(owner, Collection))

    def items(self, owner: "_Attributes") -> list[Attribute]:
        items = owner._items
        if owner._sliced:
            if items is None:
                items = list(self.iterate(owner))
        elif owner._wire is not None and items is not None:
            items = [attribute for part in items for attribute in ((part,) if type(part) is Attribute else part)]
            owner._wire = None
        owner._items = items
        return items  # type: ignore[return-value]

    def cut(self, part: AttributeGroup, name: str, before: list[Attribute | AttributeGroup]) -> AttributeGroup | None:
        found = self.find(part, name)
        if found is None:
            return None
        places = self.positions(part)
        start = next(place for place in places if place == found._offset)
        before.append(self.slice(part, part._start, start))
        return self.slice(part, next(places, part._end), part._end)

    def slice(self, group: AttributeGroup, start: int, end: int) -> AttributeGroup:
        made = AttributeGroup.__new__(AttributeGroup)
        made._tag = group._tag
        made._wire = self
        made._start = start
        made._end = end
        made._index = None
        made._items = None
        made._sliced = True
        return made

    def find(self, owner: "_Attributes", name: str) -> Attribute | None:
        octets = self.octets
        if not isinstance(name, str):
            return None
        if not name.isascii():  # several strings can have the same octets
            return next((attribute for attribute in self.iterate(owner) if attribute._name == name), None)
        wanted = name.encode()
        member = isinstance(owner, Collection)
        for position in self.positions(owner):
            at = position + (5 if member else 3)
            if octets[at - 2] << 8 | octets[at - 1] == len(wanted) and octets.startswith(wanted, at):
                return next(self.unpack(position, owner._end, member))
        return None

    def value(self, owner: "_Attributes", name: str, default: "Any") -> "Any":
        attribute = self.find(owner, name)
        return default if attribute is None else attribute.value

    def count(self, owner: "_Attributes") -> int:
        return sum(1 for _ in self.positions(owner))

    def positions(self, owner: "_Attributes") -> "Iterator[int]":
        """Where the tokens stand that name the attributes of a group, or the members of a collection."""
        octets = self.octets
        position = owner._start
        member = isinstance(owner, Collection)
        depth = 0
        while position < owner._end:
            tag = octets[position]
            name_length, length = _LENGTHS(octets, position + 1)
            at = position + 5
            if name_length:  # nothing inside a collection has one
                at += name_length
                length = octets[at - 2] << 8 | octets[at - 1]
                yield position
            elif member:
                if tag == 0x34:
                    depth += 1
                elif tag == 0x37:
                    depth -= 1
                elif tag == 0x4A and depth == 0:
                    yield position
            position = at + length

    def unpack(self, position: int, end: int, member: bool) -> "Iterator[Attribute]":
        """Unpack the attributes, or member attributes, from the token at `position` on."""
        octets = self.octets
        new = Attribute.__new__
        while position < end:
            attribute = new(Attribute)
            attribute._offset = position
            tag = octets[position]
            at = position + (5 if member else 3)  # of the name
            position = at + _LENGTH(octets, at - 2)[0]
            try:
                attribute._name = octets[at:position].decode()
            except UnicodeDecodeError:
                attribute._name = _string(octets[at:position])
            if member:
                tag = octets[position]
                position += 3
            at = position + 2
            value: Value
            if tag == 0x34:
                value, position = self.collection(at)
            else:
                position = at + _LENGTH(octets, position)[0]
                value = _LEAVES[tag](octets[at:position])
            attribute._tag = tag
            # An additional value has no name; nor has the next member.
            if position == end or octets[position + 1] or octets[position + 2] or octets[position] == 0x4A:
                attribute._tags = None
                attribute._values = value
            else:
                position = self.unpack_more(attribute, value, position, end)
            yield attribute

    def unpack_more(self, attribute: Attribute, value: "Value", position: int, end: int) -> int:
        """Unpack the additional values, which begin at `position`, behind the first. Returns where they end."""
        octets = self.octets
        values = [value]
        tags = [attribute._tag]
        leaves = _LEAVES
        while position < end and not (octets[position + 1] or octets[position + 2]) and octets[position] != 0x4A:
            tag = octets[position]
            tags.append(tag)
            at = position + 5
            if tag == 0x34:
                value, position = self.collection(at)
            else:
                position = at + _LENGTH(octets, position + 3)[0]
                value = leaves[tag](octets[at:position])
            values.append(value)
        attribute._tags = None if tags.count(tags[0]) == len(tags) else tuple(tags)
        attribute._values = tuple(values)
        return position

    def collection(self, start: int) -> tuple[Collection, int]:
        """The collection whose members begin at `start`. Also returns where its endCollection ends."""
        octets = self.octets
        position = start
        depth = deepest = 1
        while depth:
            tag = octets[position]
            if tag == 0x34:
                depth += 1
                deepest = max(deepest, depth)
            elif tag == 0x37:
                depth -= 1
            position += 5 + _LENGTH(octets, position + 3)[0]
        collection = Collection.__new__(Collection)
        collection._depth = deepest
        collection._wire = self
        collection._start = start
        collection._end = position - 5
        collection._index = None
        collection._items = None
        collection._sliced = True
        return collection, position


def _octets(data: bytes) -> bytes:
    return data


def _string(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def _integer(data: bytes) -> int | RawValue:
    return _INTEGER(data)[0] if len(data) == 4 else RawValue(data)


def _boolean(data: bytes) -> bool | RawValue:
    return data == b"\x01" if data in (b"\x00", b"\x01") else RawValue(data)


def _date_time(data: bytes) -> DateTime | RawValue:
    if len(data) != 11:
        return RawValue(data)
    fields = _DATE_TIME.unpack(data)
    return DateTime._make((*fields[:7], fields[7].decode("latin-1"), *fields[8:]))


def _resolution(data: bytes) -> Resolution | RawValue:
    return Resolution(*_RESOLUTION.unpack(data)) if len(data) == 9 else RawValue(data)


def _range_of_integer(data: bytes) -> RangeOfInteger | RawValue:
    return RangeOfInteger(*_RANGE.unpack(data)) if len(data) == 8 else RawValue(data)


def _with_language(data: bytes) -> StringWithLanguage | RawValue:
    """Two strings after their SIGNED-SHORT lengths, the language first, which fill the value exactly."""
    at = 2 + int.from_bytes(data[:2], "big")
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    if len(data) < 4 or end != len(data):
        return RawValue(data)
    return StringWithLanguage(_string(data[at + 2 :]), _string(data[2:at]))


def _out_of_band(member: OutOfBand) -> "Callable[[bytes], OutOfBand | RawValue]":
    return lambda data: RawValue(data) if data else member


_LEAVES: "list[Callable[[bytes], Value]]" = [_octets] * 256
for _member in OutOfBand:
    _LEAVES[_member.value] = _out_of_band(_member)
for _tag in (0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49):
    _LEAVES[_tag] = _string
_LEAVES[0x21] = _LEAVES[0x23] = _integer
_LEAVES[0x22] = _boolean
_LEAVES[0x31] = _date_time
_LEAVES[0x32] = _resolution
_LEAVES[0x33] = _range_of_integer
_LEAVES[0x35] = _LEAVES[0x36] = _with_language


# ---- Runs of ordinary tokens ----

WORTH_MATCHING = 256
"""From so many octets on, `re` and the patterns are worth their loading."""


def _compile(pattern: str) -> "Pattern[bytes]":
    """A pattern of tokens (RFC 8010 section 3.1), each of which can be read in one way only, so it never goes back.

    In it ``TAG`` is the tag of a value that is no collection. ``SIZED`` is a length and as many octets, ``NAME`` the
    same but not empty: an alternative for each length up to 63, for a pattern cannot count. Nothing longer is matched.
    """
    import re

    def sized(*lengths: int) -> str:
        return r"\0(?>" + "|".join([rf"\x{length:02x}.{{{length}}}" for length in lengths]) + ")"

    short = [length for length in range(2, 64) if length != 4]
    sized_pattern, name_pattern = sized(4, 1, 0, *short), sized(*short, 4, 1)
    pattern = pattern.replace("TAG", r"[^\0-\x0f\x34\x37\x4a]")
    pattern = pattern.replace("SIZED", sized_pattern).replace("NAME", name_pattern)
    return re.compile(pattern.encode(), re.DOTALL | re.VERBOSE)


@cache
def attributes_pattern() -> "Pattern[bytes]":
    """Attributes without collections, the first with its name. Group 1 is at the last one that has a name."""
    return _compile(r"(?= . \0 [^\0] ) (?> (?: TAG \0\0 | () TAG NAME ) SIZED )++")


@cache
def members_pattern() -> "Pattern[bytes]":
    """Member attributes without collections. Group 1 is at the last one's name."""
    return _compile(r"(?> () \x4a\0\0 NAME (?> TAG \0\0 SIZED )++ )++")


@cache
def tokens_pattern() -> "Pattern[bytes]":
    """Any tokens but those that begin a group."""
    return _compile(r"(?> [^\0-\x0f] (?: SIZED ){2} )*+")
