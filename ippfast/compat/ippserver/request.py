"""IppRequest: a message as ippserver shows it, each value raw under its group tag, name and value tag.

The rule of this file: the dictionary is the library's, value for value, for every message that the library takes; what
it cannot show (the version, order, groups, collections) stays beside it, and is written back if the dictionary does not
say otherwise.
"""

import struct
from collections.abc import Iterator
from io import SEEK_CUR, BytesIO
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self, TypeAlias

from ... import IMPLEMENTATION, DecodeError, EncodeError, LimitError, Message, TruncatedError, decode, encode
from ...limits import DEFAULT_LIMITS
from ...tags import describe_tag
from ...targets import FIRST
from .constants import SectionEnum, TagEnum

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._octets_py import check, find, index
else:
    from ._octets import check, find, index

__all__ = ["AttributeDict", "CutError", "IppRequest", "QuirkyIppRequest", "SectionEnum", "TagEnum"]

Key: TypeAlias = tuple[int, bytes, int]
"""A key of the dictionary: group tag, attribute name, value tag."""
AttributeDict: TypeAlias = dict[Key, list[bytes]]
"""The raw values of a message."""

_HEADER = 8
_TOO_LONG = 0x8000
_UNSUPPORTED = 0x05
_SECTIONS, _TAGS = range(0x10), range(0x10, 0x100)
_COLLECTION_TAGS = frozenset({0x34, 0x37, 0x4A})  # a collection's beginning, its end, the names of its members
_FIRST = {name.encode(): place for place, name in enumerate(FIRST)}
_COMPLETE, _CUT, _NO_GROUP, _NO_NAME = range(4)


class CutError(TruncatedError, struct.error):
    """The message ends too soon, or a length is over 32767: the library's struct.error, with the place."""


class _Token(NamedTuple):
    """One value where it stands in a message, or a delimiter, whose ``name`` is None. ``octets``: all of it."""

    section: int
    name: bytes | None
    tag: int
    value: bytes
    octets: bytes


class IppRequest:
    """A request or a response. ``_attributes`` is its dictionary, to be read and changed at will.

    version: major and minor. opid_or_status: the operation-id or status-code. request_id: the request-id.
    attributes: the raw values, see `AttributeDict`.

    Unlike the library's, it writes its own version, and a message that was read is written as it was read: groups,
    order and collections, except for the values that were changed. Two are equal if their parts are.
    """

    _header = struct.Struct(">BBHi")
    _received: bytes | None = None  # the message, from its header to its end-of-attributes-tag
    _index: AttributeDict | None = None

    def __init__(
        self, version: tuple[int, int], opid_or_status: int, request_id: int, attributes: AttributeDict
    ) -> None:
        self.version = version
        self.opid_or_status = opid_or_status
        self.request_id = request_id
        self._attributes = attributes

    @property
    def _attributes(self) -> AttributeDict:
        if self._index is None:
            self._index = {} if self._received is None else index(self._received, _HEADER)
        return self._index

    @_attributes.setter
    def _attributes(self, attributes: AttributeDict) -> None:
        self._index = attributes

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IppRequest):
            return NotImplemented
        return (tuple(self.version), self.opid_or_status, self.request_id, self._attributes) == (
            tuple(other.version),
            other.opid_or_status,
            other.request_id,
            other._attributes,
        )

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        return (
            f"IppRequest({self.version!r}, 0x{self.opid_or_status:04x}, 0x{self.request_id:02x}, {self._attributes!r})"
        )

    # Reading.

    @classmethod
    def from_string(cls, string: bytes) -> Self:
        """Read a message; what follows its end-of-attributes-tag is left aside.

        Raises `CutError` if it ends too soon, DecodeError for values before any group or attribute.
        """
        octets = string if type(string) is bytes else bytes(memoryview(string))
        end, how = check(octets, _HEADER)
        if how != _COMPLETE:
            _cut_out(octets, 0)  # says what is wrong
        return cls._make(octets if end == len(octets) else octets[:end])

    @classmethod
    def from_file(cls, f: BinaryIO) -> Self:
        """Read a message, and not one octet past its end-of-attributes-tag: the next read gives the document.

        f: anything with ``read(size)``. Raises as `from_string` does, LimitError for a message over 16 MiB, and
        BlockingIOError if a file that does not block has nothing to give.
        """
        if type(f) is not BytesIO:
            return cls._make(_read(f))
        octets = _cut_out(f.getvalue(), f.tell())
        f.seek(len(octets), SEEK_CUR)
        return cls._make(octets)

    @classmethod
    def _make(cls, octets: bytes) -> Self:
        major, minor, code, request_id = cls._header.unpack_from(octets)
        if cls.__init__ is IppRequest.__init__:  # nobody sees the attributes yet
            made = cls.__new__(cls)
            made.version, made.opid_or_status, made.request_id = (major, minor), code, request_id
        else:
            made = cls((major, minor), code, request_id, index(octets, _HEADER))
        made._received = octets
        return made

    @classmethod
    def from_message(cls, message: Message) -> Self:
        """The request that a message of ippfast is. Raises as `ippfast.encode` does."""
        return cls.from_string(encode(message))

    def to_message(self) -> Message:
        """The message of ippfast, whose values are Python's. Raises as `to_string` and `ippfast.decode` do."""
        return decode(self.to_string())

    # Looking up.

    def lookup(self, section: int, name: bytes, tag: int) -> list[bytes]:
        """The raw values under a group tag, a name and a value tag. Raises KeyError if there are none."""
        return self._attributes[section, name, tag]

    def only(self, section: int, name: bytes, tag: int) -> bytes:
        """The one raw value. Raises KeyError if there is none, ValueError for several, RuntimeError for an empty
        list."""
        received = self._received
        if self._index is None and received is not None and section in _SECTIONS and tag in _TAGS:
            # Nobody has a list that could be changed yet.
            values = find(received, _HEADER, section, name, tag) if isinstance(name, bytes) else []
            if not values:
                raise KeyError((section, name, tag))
        else:
            values = self.lookup(section, name, tag)
        if len(values) == 1:
            return values[0]
        what = f"self._attributes[{section!r}, {name!r}, {tag!r}]"
        if not values:
            raise RuntimeError(f"{what} is an empty list")
        raise ValueError(f"{what} has {len(values)} values, not one")

    def attributes_to_multilevel(self, section: int | None = None) -> dict[int, dict[bytes, dict[int, list[bytes]]]]:
        """The same lists by group tag, then name, then value tag; only those of `section`, if it is given."""
        levels: dict[int, dict[bytes, dict[int, list[bytes]]]] = {}
        for (group, name, tag), values in self._attributes.items():
            if section and section != group:
                continue
            levels.setdefault(group, {}).setdefault(name, {})[tag] = values
        return levels

    # Writing.

    def to_file(self, f: BinaryIO) -> None:
        """Write what `to_string` gives."""
        f.write(self.to_string())

    def to_string(self) -> bytes:
        """The message. What was read and not changed is written as it was read; a changed value takes its place.

        If an attribute has another number of values than were read, it is written where it stood first; a new one is
        written at the end of its group. In a message made by hand, charset, language and target come first in the
        operation group (RFC 8011 section 4.1.4), the unsupported group is second, and the rest is in the dictionary's
        order.

        Raises EncodeError for what cannot be written, such as a collection with a part too many.
        """
        try:
            header = self._header.pack(*self.version, self.opid_or_status, self.request_id)
        except struct.error as error:
            expected = "a version of two ints from 0 to 255, a code from 0 to 0xffff and a request_id of 32 bits"
            raise EncodeError(expected, f"{self.version!r}, {self.opid_or_status!r}, {self.request_id!r}") from error
        received = self._received
        if received is None:
            return header + _compose(self._attributes)
        if self._index is None or (before := index(received, _HEADER)) == self._index:
            return header + received[_HEADER:]
        return header + _rewrite(received, before, self._index)


class QuirkyIppRequest(IppRequest):
    """An IppRequest with the library's faults: for programs that rely on them.

    It writes version 1.1 whatever it has, sorts groups and attributes, so that collections fall apart, reads codes of
    0x8000 and more as negative, and is equal to every other.
    """

    _header = struct.Struct(">bbhi")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) or (isinstance(other, IppRequest) and self._attributes == other._attributes)

    __hash__ = None

    def to_string(self) -> bytes:
        """As the library writes. Raises AssertionError for an integer that is not of four octets, and struct.error."""
        pieces = [struct.pack(">bbhi", 1, 1, self.opid_or_status, self.request_id)]
        current = None
        for section, name, tag in sorted(self._attributes):
            if section != current:
                pieces.append(struct.pack(">B", section))
                current = section
            for number, value in enumerate(self._attributes[section, name, tag]):
                shown = name if number == 0 else b""
                if tag == TagEnum.integer and len(value) != 4:
                    raise AssertionError(f"{name!r}: an integer of {len(value)} octets, not 4")
                pieces += struct.pack(">Bh", tag, len(shown)), shown, struct.pack(">h", len(value)), value
        return b"".join([*pieces, b"\x03"])


def _cut_out(octets: bytes, start: int) -> bytes:
    """The octets of the message that begins at `start`."""
    if len(octets) - start < _HEADER:
        raise CutError(0, "a header of 8 octets", f"{max(0, len(octets) - start)}", section="3.1.1")
    end, how = check(octets, start + _HEADER)
    if how != _COMPLETE:
        raise _fault(how, end - start, octets[start:])
    return octets[start:end]


def _fault(how: int, at: int, octets: bytes | bytearray) -> DecodeError:
    if how == _CUT:
        return CutError(at, "a whole value or end-of-attributes-tag", f"{len(octets) - at} octets of it", section="3.1")
    found = describe_tag(octets[at])
    if how == _NO_GROUP:
        return DecodeError(at, "a group's tag (No section delimiter)", found, section="3.1.1")
    return DecodeError(at, "an attribute with a name (Additional attribute needs a name to follow)", found)


def _read(f: BinaryIO) -> bytes:
    """The octets of one message from a file, and not one more."""
    octets = bytearray()

    def take(size: int) -> int:
        """Read this many octets. Returns where they begin."""
        start = len(octets)
        if start + size > DEFAULT_LIMITS.max_octets:
            raise LimitError(start, f"at most {DEFAULT_LIMITS.max_octets} octets", "more", section="3.1.1")
        while (missing := start + size - len(octets)) > 0:
            data = f.read(missing)
            if data is None:
                raise BlockingIOError("the file has no octets to give now, and the message is not complete")
            if not data:
                raise CutError(start, f"{size} octets more", f"{size - missing}", section="3.1")
            octets.extend(data)
        return start

    def length(place: int) -> int:
        number = octets[place] << 8 | octets[place + 1]
        if number >= _TOO_LONG:
            raise CutError(place, "a length of at most 32767", f"{number}", section="3.1.4")
        return number

    take(_HEADER)
    grouped = named = False
    at = take(1)
    while (tag := octets[at]) != SectionEnum.END:
        if tag < 0x10:
            grouped, named = True, False
            at = take(1)
            continue
        if not grouped:
            raise _fault(_NO_GROUP, at, octets)
        size = length(take(2))
        if size == 0 and not named:
            raise _fault(_NO_NAME, at, octets)
        named = True
        size = length(take(size + 2) + size)
        at = take(size + 1) + size  # the value, and the tag that must follow it
    return bytes(octets)


# ---- Writing ----


def _token(section: int, name: bytes, tag: int, value: bytes, *, again: bool) -> bytes:
    """One value on the wire (RFC 8010 sections 3.1.4 and 3.1.5). again: another value of the same attribute."""
    shown = b"" if again else name
    expected = None
    if not 0x10 <= tag <= 0xFF:
        expected, found = "a value tag from 0x10 to 0xff", f"0x{tag:x}"
    elif len(name) >= _TOO_LONG or not name:
        expected, found = "a name of 1 to 32767 octets", f"{len(name)}"
    elif len(value) >= _TOO_LONG:
        expected, found = "a value of at most 32767 octets", f"{len(value)}"
    elif tag in (TagEnum.integer, TagEnum.enum) and len(value) != 4:
        expected, found = f"4 octets under {describe_tag(tag)}", f"{len(value)}"
    if expected is not None:
        raise EncodeError(expected, found, section, name.decode("utf-8", "surrogateescape"))
    return b"%c%b%b%b%b" % (tag, len(shown).to_bytes(2, "big"), shown, len(value).to_bytes(2, "big"), value)


def _family(section: int, name: bytes, values: list[tuple[int, list[bytes]]]) -> bytes:
    """One attribute with its values, which may have several tags."""
    pieces: list[bytes] = []
    for tag, several in values:
        if several and tag in _COLLECTION_TAGS:
            expected = "the collection as it was read, or values of other tags in its place"
            raise EncodeError(expected, "another number of parts", section, name.decode("utf-8", "surrogateescape"))
        for value in several:
            pieces.append(_token(section, name, tag, value, again=bool(pieces)))
    return b"".join(pieces)


def _families(attributes: AttributeDict) -> dict[tuple[int, bytes], list[tuple[int, list[bytes]]]]:
    """The values by group tag and name: for each value tag a list."""
    families: dict[tuple[int, bytes], list[tuple[int, list[bytes]]]] = {}
    for (section, name, tag), values in attributes.items():
        families.setdefault((section, name), []).append((tag, values))
    return families


def _compose(attributes: AttributeDict) -> bytes:
    """The groups of a message made by hand, and the end-of-attributes-tag."""
    groups: dict[int, list[tuple[bytes, bytes]]] = {}
    for (section, name), values in _families(attributes).items():
        family = _family(section, name, values)
        if family:
            groups.setdefault(_section(section), []).append((name, family))
    pieces = []
    for section in sorted(groups, key=_group_order):
        families = groups[section]
        if section == SectionEnum.operation:
            families.sort(key=lambda pair: _FIRST.get(pair[0], len(_FIRST)))
        pieces.append(bytes([section]))
        pieces += [family for _, family in families]
    return b"".join([*pieces, b"\x03"])


def _section(section: int) -> int:
    if not 0x00 < section < 0x10 or section == SectionEnum.END:
        raise EncodeError("a group's tag from 0x01 to 0x0f, not 0x03", f"0x{section:02x}")
    return int(section)


def _group_order(section: int) -> tuple[bool, bool, int]:
    """The operation group, the unsupported group, the others by number (RFC 8011 section 4.1.7)."""
    return section != SectionEnum.operation, section != _UNSUPPORTED, section


def _tokens(octets: bytes) -> Iterator[_Token]:
    """The delimiters and values of a message, except the end-of-attributes-tag."""
    section, name, at = 0, b"", _HEADER
    while (tag := octets[at]) != SectionEnum.END:
        if tag < 0x10:
            section = tag
            yield _Token(section, None, tag, b"", octets[at : at + 1])
            at += 1
            continue
        place = at + 3 + int.from_bytes(octets[at + 1 : at + 3], "big")
        name = octets[at + 3 : place] or name
        end = place + 2 + int.from_bytes(octets[place : place + 2], "big")
        yield _Token(section, name, tag, octets[place + 2 : end], octets[at:end])
        at = end


def _rewrite(received: bytes, before: AttributeDict, after: AttributeDict) -> bytes:
    """The groups of a message that was read and changed, and the end-of-attributes-tag."""
    changed = {key[:2] for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    # If each key has as many values as before, each value takes the place of the old one.
    resized = {key[:2] for key in before.keys() | after.keys() if len(before.get(key, ())) != len(after.get(key, ()))}
    families = _families(after)
    used: dict[Key, int] = {}
    groups: list[tuple[int, list[bytes]]] = []
    written = set()
    for token in _tokens(received):
        if token.name is None:
            groups.append((token.section, [token.octets]))
            continue
        family = token.section, token.name
        pieces = groups[-1][1]
        if family not in changed:
            pieces.append(token.octets)
        elif family in resized:
            if family not in written:
                written.add(family)
                pieces.append(_family(*family, families.get(family, [])))
        else:
            key = *family, token.tag
            number = used.get(key, 0)
            used[key] = number + 1
            value = after[key][number]
            again = token.octets[1:3] == b"\x00\x00"
            pieces.append(token.octets if value == token.value else _token(*key, value, again=again))
    for (section, name), values in families.items():
        if (section, name) in resized - written and (octets := _family(section, name, values)):
            pieces = next((pieces for tag, pieces in groups if tag == section), [])
            if not pieces:
                pieces.append(bytes([_section(section)]))
                groups.append((section, pieces))
            pieces.append(octets)
    return b"".join([*(octets for _, pieces in groups for octets in pieces), b"\x03"])
