"""The pure twin's slices of the wire, and how they become attributes and values.

The rule of this file: it does what `_wire.pyx` does, and cannot fail. It relies on the checks of
`_codec_py`, which alone makes a `Wire`; every value of every tag has a Python form (RFC 8010 section 3.9).
"""

from struct import Struct

from . import _attribute
from ._attribute import Attribute, AttributeGroup, Collection
from ._runs_py import WORTH_SKIPPING, skip_members, skip_tokens
from .tags import FORMS, Form
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ._attribute import Value, _Attributes

__all__ = ["Wire"]

_LENGTH = Struct(">H").unpack_from
_PACK_LENGTH = Struct(">H").pack
_LENGTHS = Struct(">HH").unpack_from
_HEAD = Struct(">BHH").unpack_from  # tag, name-length and, if there is no name, value-length
_INTEGER = Struct(">i").unpack_from
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
        if not isinstance(name, str):
            return None
        if not name.isascii():  # several strings can have the same octets
            return next((attribute for attribute in self.iterate(owner) if attribute._name == name), None)
        position = self.position_of(owner, name.encode())
        return None if position < 0 else next(self.unpack(position, owner._end, isinstance(owner, Collection)))

    def position_of(self, owner: "_Attributes", name: bytes) -> int:
        """Where the first attribute, or member, of that name begins; -1 if there is none."""
        octets, position, end = self.octets, owner._start, owner._end
        if not 0 < len(name) <= 0x7FFF:
            return -1
        sized = _PACK_LENGTH(len(name)) + name
        found = octets.find(sized, position, end) - 1
        if isinstance(owner, Collection):
            for position in self.positions(owner) if found >= 0 else ():
                if octets.startswith(sized, position + 3):
                    return position
            return -1
        skipping = len(octets) >= WORTH_SKIPPING
        # If a token begins before these octets it has that name. Otherwise they are part of a value.
        while found >= 0:
            while position < found:
                if skipping:
                    position = skip_tokens(octets, position, found)
                    if position == found:
                        break
                at = position + 3 + _LENGTH(octets, position + 1)[0]
                position = at + 2 + _LENGTH(octets, at)[0]
            if position == found:
                return position
            found = octets.find(sized, position + 1, end) - 1
        return -1

    def value(self, owner: "_Attributes", name: str, default: "Any") -> "Any":
        attribute = self.find(owner, name)
        if attribute is not None:
            return attribute.value
        if default is ...:
            raise KeyError(name)
        return default

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
        if position == end:
            return
        octets = self.octets
        # Local variables are faster. Strings and integers, the most frequent values, are read without a call.
        new, head, leaves, string, integer = Attribute.__new__, _HEAD, _LEAVES, _string, _integer
        tag, name_length, length = head(octets, position)
        while True:
            attribute = new(Attribute)
            attribute._offset = position
            if member:
                at = position + 5 + length
                name = octets[position + 5 : at]
                tag, name_length, length = head(octets, at)
                at += 5
            else:
                at = position + 3 + name_length
                name = octets[position + 3 : at]
                length = _LENGTH(octets, at)[0]
                at += 2
            try:
                attribute._name = name.decode()
            except UnicodeDecodeError:
                attribute._name = string(name)
            attribute._tag = first = tag
            tags = several = None  # lists, once tags differ or there is more than one value
            while True:
                position = at + length
                leaf = leaves[tag]
                value: Value
                if leaf is string:
                    try:
                        value = octets[at:position].decode()
                    except UnicodeDecodeError:
                        value = string(octets[at:position])
                elif leaf is integer and length == 4:
                    value = _INTEGER(octets, at)[0]
                elif tag == 0x34:
                    value, position = self.collection(at)
                else:
                    value = leaf(octets[at:position])
                if several is not None:
                    several.append(value)
                if position == end:
                    break
                tag, name_length, length = head(octets, position)
                if name_length or tag == 0x4A:  # an additional value has no name; nor has the next member
                    break
                if several is None:
                    several = [value]
                if tags is not None:
                    tags.append(tag)
                elif tag != first:
                    tags = [*[first] * len(several), tag]
                at = position + 5
            attribute._tags = None if tags is None else tuple(tags)
            attribute._values = value if several is None else tuple(several)
            yield attribute
            if position == end:
                return

    def collection(self, start: int) -> tuple[Collection, int]:
        """The collection whose members begin at `start`. Also returns where its endCollection ends."""
        octets = self.octets
        position = start
        if octets[start] == 0x4A and len(octets) >= WORTH_SKIPPING:
            position = skip_members(octets, start, len(octets))
        depth = deepest = 1
        while (tag := octets[position]) != 0x37 or depth > 1:
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
        collection._end = position
        collection._index = None
        collection._items = None
        collection._sliced = True
        return collection, position + 5  # endCollection has neither name nor value


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


_READERS: "dict[int, Callable[[bytes], Value]]" = {
    Form.WORD: _string,
    Form.TEXT: _string,
    Form.INTEGER: _integer,
    Form.BOOLEAN: _boolean,
    Form.DATE_TIME: _date_time,
    Form.RESOLUTION: _resolution,
    Form.RANGE_OF_INTEGER: _range_of_integer,
    Form.WITH_LANGUAGE: _with_language,
}
_LEAVES = [_READERS.get(form, _octets) for form in FORMS]
for _member in OutOfBand:
    _LEAVES[_member.value] = _out_of_band(_member)
