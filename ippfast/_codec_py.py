"""The pure-Python twin: octets to `Message` and back.

The rule of this file: it does what `_codec.pyx` does, function by function, and defines nothing that the other
lacks. It is also what type checkers and readers see. Classes and words stand in `_message` and `errors`, once.

One pass (`_Scanner`) checks all framing and notes where each group begins and ends. After it nothing can fail: every
value of every tag has a Python form (RFC 8010 section 3.9), so groups are unpacked when they are read.
"""

from struct import Struct
from struct import error as StructError

from . import _directives, _message, errors
from ._message import Attribute, AttributeGroup, Collection, Message
from .errors import find_cut, octets_needed, raise_fault
from .limits import DEFAULT_LIMITS, Limits
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Buffer

    from ._message import Value, _Attributes

__all__ = [
    "Attribute",
    "AttributeGroup",
    "Collection",
    "Message",
    "MessageDecoder",
    "decode",
    "decode_prefix",
    "encode",
    "walk",
]

_HEADER = Struct(">BBHi")  # version-number, operation-id or status-code, request-id
_LENGTHS = Struct(">HH").unpack_from
_LENGTH = Struct(">H")
_INTEGER = Struct(">i")
_RANGE = Struct(">ii")
_RESOLUTION = Struct(">iib")
_DATE_TIME = Struct(">HBBBBBBcBB")


class _Scanner:
    """Finds the groups of a message and checks all framing (RFC 8010 section 3.1).

    It can stop at the end of the data and go on when there is more; it then begins at the token that was cut.
    """

    __slots__ = (
        "attribute_at",
        "attributes",
        "depth",
        "expect",
        "group",
        "groups",
        "limits",
        "members_at",
        "position",
        "start",
        "values",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.position = 0  # of the next token
        self.groups: list[tuple[int, int, int]] = []  # tag, start and end of each group before the current one
        self.group = 0  # the current group's tag, 0 before the first
        self.start = 0  # where its attributes begin
        self.depth = 0  # how many collections are open
        self.expect = 0  # in a collection: 0 its first member, 1 a member's value, 2 either or its next value
        self.attribute_at = -1  # the token that names the current attribute, -1 before the group's first
        self.members_at: list[int] = []  # for each open collection, the token that names the current member
        self.attributes = 0
        self.values = 0

    def advance(self, octets: "bytes | bytearray | memoryview") -> bool:
        """Go on from `position`. True: the message ends at `position`. False: there must be more octets."""
        limits = self.limits
        size = min(len(octets), limits.max_octets)
        position = self.position
        if position == 0:
            if size < 8:
                return False
            position = self.position = 8
        while position < size:
            tag = octets[position]
            if tag < 0x10:
                if tag == 0:
                    self.fault(octets, errors.RESERVED_GROUP)
                if self.depth:
                    self.fault(octets, errors.UNTERMINATED, tag=tag)
                if tag == 0x03:
                    self.end_group()
                    self.position = position + 1
                    return True
                if len(self.groups) + (self.group != 0) == limits.max_groups:
                    self.fault(octets, errors.GROUP_LIMIT, number=limits.max_groups)
                self.end_group()
                self.group = tag
                self.position = position = self.start = position + 1
                self.attribute_at = -1
                continue
            if self.group == 0:
                self.fault(octets, errors.VALUE_BEFORE_GROUP, tag=tag)
            at = position + 5
            if at > size:
                return False
            name_length, length = _LENGTHS(octets, position + 1)
            if name_length:
                if name_length > 0x7FFF:
                    self.fault(octets, errors.NAME_TOO_LONG, at=position + 1, number=name_length)
                at += name_length
                if at > size:
                    return False
                length = octets[at - 2] << 8 | octets[at - 1]
            if length > 0x7FFF:
                self.fault(octets, errors.VALUE_TOO_LONG, at=at - 2, number=length)
            if at + length > size:
                return False
            if self.depth == 0:
                self.take_value(octets, tag, name_length, length)
            else:
                self.take_member(octets, tag, name_length, length)
            self.position = position = at + length
        return False

    def take_value(self, octets: "bytes | bytearray | memoryview", tag: int, name_length: int, length: int) -> None:
        """Check a token outside collections (RFC 8010 sections 3.1.4 and 3.1.5)."""
        if tag == 0x37:
            self.fault(octets, errors.END_OUTSIDE)
        if tag == 0x4A:
            self.fault(octets, errors.MEMBER_OUTSIDE)
        if name_length:
            if self.attributes == self.limits.max_attributes:
                self.fault(octets, errors.ATTRIBUTE_LIMIT, number=self.limits.max_attributes)
            self.attributes += 1
            self.attribute_at = self.position
        elif self.attribute_at < 0:
            self.fault(octets, errors.VALUE_BEFORE_ATTRIBUTE, tag=tag)
        self.count_value(octets, tag, length)

    def take_member(self, octets: "bytes | bytearray | memoryview", tag: int, name_length: int, length: int) -> None:
        """Check a token inside a collection (RFC 8010 sections 3.1.6 and 3.1.7)."""
        if name_length:
            self.fault(octets, errors.NAME_INSIDE, tag=tag, number=name_length)
        if tag == 0x4A:
            if self.expect == 1:
                self.fault(octets, errors.MEMBER_WITHOUT_VALUE, tag=tag)
            if length == 0:
                self.fault(octets, errors.MEMBER_WITHOUT_NAME)
            if self.attributes == self.limits.max_attributes:
                self.fault(octets, errors.ATTRIBUTE_LIMIT, number=self.limits.max_attributes)
            self.attributes += 1
            self.members_at[-1] = self.position
            self.expect = 1
        elif tag == 0x37:
            if length:
                self.fault(octets, errors.END_WITH_VALUE, number=length)
            if self.expect == 1:
                self.fault(octets, errors.MEMBER_WITHOUT_VALUE, tag=tag)
            self.members_at.pop()
            self.depth -= 1
            self.expect = 2
        else:
            if self.expect == 0:
                self.fault(octets, errors.VALUE_BEFORE_MEMBER, tag=tag)
            self.expect = 2
            self.count_value(octets, tag, length)

    def count_value(self, octets: "bytes | bytearray | memoryview", tag: int, length: int) -> None:
        if self.values == self.limits.max_values:
            self.fault(octets, errors.VALUE_LIMIT, number=self.limits.max_values)
        self.values += 1
        if tag == 0x34:
            if length:
                self.fault(octets, errors.BEGIN_WITH_VALUE, number=length)
            if self.depth == self.limits.max_depth:
                self.fault(octets, errors.DEPTH_LIMIT, number=self.limits.max_depth)
            self.depth += 1
            self.members_at.append(-1)
            self.expect = 0

    def end_group(self) -> None:
        if self.group:
            self.groups.append((self.group, self.start, self.position))

    def names(self) -> tuple[int, ...]:
        return tuple([at for at in (self.attribute_at, *self.members_at) if at >= 0])

    def fault(
        self,
        octets: "bytes | bytearray | memoryview",
        fault: int,
        *,
        at: int = -1,
        tag: int = 0,
        number: int = 0,
        left: int = 0,
    ) -> None:
        offset = self.position if at < 0 else at
        raise_fault(
            fault,
            offset,
            tag=tag,
            number=number,
            left=left,
            group=self.group,
            octets=bytes(octets),
            token=self.position,
            names=self.names(),
        )

    def cut(self, octets: "bytes | bytearray | memoryview") -> tuple[int, int, int, int]:
        """What `find_cut` says of the token that the end of the data cuts off."""
        available, at = len(octets), self.position + 3
        name_length = value_length = -1
        if self.position and at <= available:
            name_length = octets[at - 2] << 8 | octets[at - 1]
            at += name_length + 2
            if at <= available:
                value_length = octets[at - 2] << 8 | octets[at - 1]
        return find_cut(available, self.position, name_length, value_length, self.limits.max_octets)

    def stop(self, octets: "bytes | bytearray | memoryview") -> None:
        """Say what is missing, or wrong, where `advance` came to the end of the data."""
        fault, at, number, left = self.cut(octets)
        self.fault(octets, fault, at=at, number=number, left=left)

    def check(self, octets: "bytes | bytearray") -> None:
        """Raise where the token that is cut off is known to exceed the limits or to be wrong."""
        if self.cut(octets)[0] > errors.CUT_VALUE:
            self.stop(octets)

    def message(self, octets: "bytes", only: "frozenset[str] | None") -> Message:
        """The message whose attributes end at `position`, which is the length of `octets`."""
        wire = Wire(octets)
        groups = []
        for tag, start, end in self.groups:
            group = AttributeGroup.__new__(AttributeGroup)
            group._tag = tag
            group._wire = wire
            group._start = start
            group._end = end
            group._index = None
            group._items = None
            group._sliced = True
            if only is not None:
                group._items = [attribute for attribute in wire.iterate(group) if attribute._name in only]
                group._wire = None
                group._sliced = False
            groups.append(group)
        major, minor, code, request_id = _HEADER.unpack_from(octets)
        return Message((major, minor), code, request_id, groups)


class Wire(_message.Wire):
    """A message's attribute octets, and how to unpack them."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def iterate(self, owner: "_Attributes") -> "Iterator[Attribute]":
        position = owner._start
        end = owner._end
        member = isinstance(owner, Collection)
        while position < end:
            attribute, position = self.unpack(position, end, member)
            yield attribute

    def items(self, owner: "_Attributes") -> list[Attribute]:
        if owner._items is None:
            owner._items = list(self.iterate(owner))
        return owner._items

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
                return self.unpack(position, owner._end, member)[0]
        return None

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

    def unpack(self, position: int, end: int, member: bool) -> tuple[Attribute, int]:
        """Unpack the attribute, or member attribute, that the token at `position` names. Also returns where it ends."""
        octets = self.octets
        attribute = Attribute.__new__(Attribute)
        attribute._offset = position
        tag = octets[position]
        at = position + (5 if member else 3)  # of the name
        position = at + (octets[at - 2] << 8 | octets[at - 1])
        attribute._name = str(octets[at:position], "utf-8", "surrogateescape")
        if member:
            tag = octets[position]
            position += 3
        value, position = self.value(tag, position)
        values = [value]
        tags = [tag]
        while position < end:
            following = octets[position]
            # An additional value has no name; nor has the next member.
            if octets[position + 1] or octets[position + 2] or following == 0x4A:
                break
            value, position = self.value(following, position + 3)
            values.append(value)
            tags.append(following)
        attribute._tag = tag
        attribute._tags = None if tags.count(tag) == len(tags) else tuple(tags)
        attribute._values = values[0] if len(values) == 1 else tuple(values)
        return attribute, position

    def value(self, tag: int, at: int) -> "tuple[Value, int]":
        """Unpack the value whose value-length is at `at`. Also returns where it ends."""
        octets = self.octets
        at += 2
        if tag == 0x34:
            return self.collection(at)
        position = at + (octets[at - 2] << 8 | octets[at - 1])
        return _LEAVES[tag](octets[at:position]), position

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
            position += 5 + (octets[position + 3] << 8 | octets[position + 4])
        collection = Collection.__new__(Collection)
        collection._depth = deepest
        collection._wire = self
        collection._start = start
        collection._end = position - 5
        collection._index = None
        collection._items = None
        collection._sliced = True
        return collection, position


def walk(source: "Message | AttributeGroup | Collection") -> "Iterator[tuple[Attribute, Value]]":
    """Every attribute with every value of it, as pairs, in the order of the wire, collections included.

    source: a `Message`, an `AttributeGroup` or a `Collection`. A `Collection` comes as the value that it is; then come
    its member attributes with theirs. Reading a whole message this way is quicker than by loops inside each other.
    Raises TypeError for another source.
    """
    if isinstance(source, Message):
        return (pair for group in list(source.groups) for pair in walk(group))
    if isinstance(source, (AttributeGroup, Collection)):
        return _walk(source)
    raise TypeError(f"walk takes a Message, an AttributeGroup or a Collection, not {type(source).__name__}")


def _walk(owner: "_Attributes") -> "Iterator[tuple[Attribute, Value]]":
    for attribute in owner:
        for value in attribute.values:
            yield attribute, value
            if isinstance(value, Collection):
                yield from _walk(value)


def _octets(data: bytes) -> bytes:
    return data


def _string(data: bytes) -> str:
    return str(data, "utf-8", "surrogateescape")


def _integer(data: bytes) -> int | RawValue:
    return int.from_bytes(data, "big", signed=True) if len(data) == 4 else RawValue(data)


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


def decode(buffer: "Buffer", *, limits: Limits | None = None, only: "Iterable[str] | None" = None) -> Message:
    """Decode the IPP message at the beginning of `buffer` (RFC 8010 section 3).

    buffer: bytes, bytearray, memoryview, mmap or another buffer of octets. What follows end-of-attributes-tag is
    document data and is not looked at; `decode_prefix` tells where it begins. The message keeps no reference to a
    buffer that can change.
    limits: how large the message may be; None for `DEFAULT_LIMITS`.
    only: names of attributes. The message then holds these alone, in all its groups, as if there were no others.

    All errors come from here: reading the message afterwards raises none. A value that does not fit its tag is a
    `RawValue`. Raises TruncatedError where octets are missing, LimitError over a limit, another DecodeError where
    the framing is wrong, and TypeError for what is no buffer or no `Limits`.
    """
    return decode_prefix(buffer, limits=limits, only=only)[0]


def decode_prefix(
    buffer: "Buffer", *, limits: Limits | None = None, only: "Iterable[str] | None" = None
) -> tuple[Message, int]:
    """Decode like `decode`, and also return how many octets the message took: document data begins there."""
    scanner = _Scanner(_check_limits(limits))
    names = _check_only(only)
    if type(buffer) is bytes:
        return _decode_octets(buffer, scanner, names)
    with _octets_of(buffer) as view:
        return _decode_octets(view, scanner, names)


def _decode_octets(
    octets: bytes | memoryview, scanner: _Scanner, names: "frozenset[str] | None"
) -> tuple[Message, int]:
    if not scanner.advance(octets):
        scanner.stop(octets)
    size = scanner.position
    held = octets if isinstance(octets, bytes) and len(octets) == size else bytes(octets[:size])
    return scanner.message(held, names), size


def _check_limits(limits: object) -> Limits:
    if limits is None:
        return DEFAULT_LIMITS
    if not isinstance(limits, Limits):
        raise TypeError(f"limits is a Limits, not {type(limits).__name__}")
    return Limits(*limits)  # checked once more: a tuple can be made around its class


def _check_only(only: "Iterable[str] | None") -> "frozenset[str] | None":
    if only is None:
        return None
    if isinstance(only, str):
        raise TypeError("only is several names, not a str")
    return frozenset(only)


def _octets_of(buffer: "Buffer") -> memoryview:
    """The octets of any buffer; those of one with gaps as a copy. Until it is released a bytearray cannot grow."""
    try:
        view = memoryview(buffer)
    except TypeError:
        raise TypeError(f"a bytes-like object is required, not {type(buffer).__name__!r}") from None
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


@_directives.final
class MessageDecoder:
    """Decodes one message that arrives in pieces (RFC 8010 section 4: the body comes as the transport cuts it).

    Feed it until it returns the message. limits, only: as for `decode`. It holds the message's octets and the one
    piece that completed it, no more than ``limits.max_octets`` and that piece, and works in linear time.
    """

    __slots__ = ("_buffer", "_message", "_only", "_scanner", "_unused")

    def __init__(self, *, limits: Limits | None = None, only: "Iterable[str] | None" = None) -> None:
        self._scanner = _Scanner(_check_limits(limits))
        self._only = _check_only(only)
        self._buffer = bytearray()
        self._message: Message | None = None
        self._unused = b""

    def feed(self, data: "Buffer", /) -> Message | None:
        """Take the next piece. Returns the message once it is complete, None before.

        Raises as `decode` does, except TruncatedError; feeding on after that raises the same again. Raises ValueError
        once the message is complete, for what follows is document data.
        """
        if self._message is not None:
            raise ValueError("the message is complete: what follows it is document data")
        buffer = self._buffer
        with _octets_of(data) as octets:
            buffer += octets
        scanner = self._scanner
        if not scanner.advance(buffer):
            scanner.check(buffer)
            return None
        size = scanner.position
        self._unused = bytes(buffer[size:])
        self._message = scanner.message(bytes(buffer[:size]), self._only)
        self._buffer = bytearray()
        return self._message

    @property
    def unused(self) -> bytes:
        """The octets of the last piece that follow the message: the beginning of the document data."""
        return self._unused

    @property
    def needed(self) -> int:
        """At least so many octets must follow before the message can be complete: 0 once it is.

        None of them is document data, so that a reader may read exactly as many and never takes too much.
        """
        if self._message is not None:
            return 0
        return octets_needed(len(self._buffer), self._scanner.cut(self._buffer))

    def close(self) -> None:
        """Say that no more octets come. Raises TruncatedError where the message is not complete."""
        if self._message is None:
            self._scanner.stop(self._buffer)

    def __reduce__(self) -> str:
        raise TypeError("a MessageDecoder in its work cannot be copied or pickled")


def encode(message: Message) -> bytes:
    """Encode a message (RFC 8010 section 3). What was decoded is encoded to the same octets.

    Raises EncodeError, naming group, attribute and value, for what has no correct form on the wire: a value that
    does not fit its tag, an integer out of 32 bits, a string over 32,767 octets, an attribute without a name or
    values. Raises TypeError for what is no `Message`.
    """
    if not isinstance(message, Message):
        raise TypeError(f"encode takes a Message, not {type(message).__name__}")
    version, code, request_id = message.version, message.code, message.request_id
    fits = (
        isinstance(version, tuple)
        and len(version) == 2
        and _is_int(version[0], 0, 0xFF)
        and _is_int(version[1], 0, 0xFF)
        and _is_int(code, 0, 0xFFFF)
        and _is_int(request_id, -0x80000000, 0x7FFFFFFF)
    )
    if not fits:
        errors.raise_unfit_header(version, code, request_id)
    output = bytearray(_HEADER.pack(*version, code, request_id))
    for group in message.groups:
        if not isinstance(group, AttributeGroup):
            errors.raise_unfit_group(group)
        tag = group._tag
        if not 0x01 <= tag <= 0x0F or tag == 0x03:
            errors.raise_unfit_group_tag(tag)
        output.append(tag)
        if group._sliced and isinstance(group._wire, Wire):
            output += memoryview(group._wire.octets)[group._start : group._end]
        else:
            for attribute in group._list():
                _put_attribute(output, attribute, tag)
    output.append(0x03)
    return bytes(output)


def _is_plain_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_int(value: object, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _pack_string(value: object) -> bytes | None:
    try:
        return str.encode(value, "utf-8", "surrogateescape") if isinstance(value, str) else None
    except UnicodeEncodeError:
        return None


def _put_attribute(output: bytearray, attribute: Attribute, group: int) -> None:
    name = _encoded_name(attribute, group, ())
    values = attribute.values
    tags = attribute._tags or (attribute._tag,) * len(values)
    for index, (tag, value) in enumerate(zip(tags, values, strict=True)):
        output.append(tag)
        output += _LENGTH.pack(len(name))
        output += name
        _put_value(output, tag, value, group, (attribute._name,), index)
        name = b""  # RFC 8010 section 3.1.5: an additional value has no name


def _put_members(output: bytearray, collection: Collection, group: int, names: tuple[str, ...]) -> None:
    """The members and the end of a collection (RFC 8010 sections 3.1.6 and 3.1.7)."""
    if collection._sliced and isinstance(collection._wire, Wire):
        output += memoryview(collection._wire.octets)[collection._start : collection._end]
        output += b"\x37\x00\x00\x00\x00"
        return
    for attribute in collection:
        name = _encoded_name(attribute, group, names)
        output += b"\x4a\x00\x00"
        output += _LENGTH.pack(len(name))
        output += name
        values = attribute.values
        tags = attribute._tags or (attribute._tag,) * len(values)
        for index, (tag, value) in enumerate(zip(tags, values, strict=True)):
            output.append(tag)
            output += b"\x00\x00"
            _put_value(output, tag, value, group, (*names, attribute._name), index)
    output += b"\x37\x00\x00\x00\x00"


def _encoded_name(attribute: Attribute, group: int, names: tuple[str, ...]) -> bytes:
    if not attribute.values:
        errors.raise_unfit_attribute(attribute._name, 0, group, names)
    try:
        name = attribute._name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        name = b""
    if not 1 <= len(name) <= 0x7FFF:
        errors.raise_unfit_attribute(attribute._name, 1, group, names)
    return name


def _put_value(output: bytearray, tag: int, value: "Value", group: int, names: tuple[str, ...], index: int) -> None:
    """Value-length and value, after the tag and the name are out."""
    if tag == 0x34 and isinstance(value, Collection):
        output += b"\x00\x00"
        _put_members(output, value, group, names)
        return
    data = _pack(tag, value)
    if data is None or len(data) > 0x7FFF:
        errors.raise_unfit_value(tag, value, group, names, index)
    else:
        output += _LENGTH.pack(len(data))
        output += data


def _pack(tag: int, value: "Value") -> bytes | None:
    """A value's octets, None where it does not fit its tag."""
    if tag < 0x10 or tag in (0x34, 0x37, 0x4A):
        return None
    if isinstance(value, RawValue):
        return value.data if len(value) == 1 and type(value.data) is bytes else None
    leaf = _LEAVES[tag]
    if leaf is _integer:
        return _INTEGER.pack(value) if _is_int(value, -0x80000000, 0x7FFFFFFF) else None
    if leaf is _string:
        return _pack_string(value)
    if leaf is _octets:
        return value if type(value) is bytes else None
    if leaf is _boolean:
        return (b"\x01" if value else b"\x00") if isinstance(value, bool) else None
    if isinstance(value, OutOfBand):
        return b"" if value.value == tag else None
    if leaf is _with_language and isinstance(value, StringWithLanguage) and len(value) == 2:
        language, string = _pack_string(value.language), _pack_string(value.string)
        if language is None or string is None or len(language) + len(string) > 0x7FFB:
            return None
        return _LENGTH.pack(len(language)) + language + _LENGTH.pack(len(string)) + string
    try:
        if leaf is _range_of_integer and isinstance(value, RangeOfInteger):
            return _RANGE.pack(*value) if all(map(_is_plain_int, value)) else None
        if leaf is _resolution and isinstance(value, Resolution):
            return _RESOLUTION.pack(*value) if all(map(_is_plain_int, value)) else None
        if leaf is _date_time and isinstance(value, DateTime):
            direction = value.utc_direction.encode("latin-1")
            if len(direction) == 1 and all(map(_is_plain_int, value[:7] + value[8:])):
                return _DATE_TIME.pack(*value[:7], direction, *value[8:])
    except (StructError, AttributeError, IndexError, UnicodeEncodeError):
        pass
    return None
