"""The pure-Python twin: octets to `Message` and back.

The rule of this file: it does what `_codec.pyx` does, under the same public names. Type checkers and readers see this
one. The classes and the words of errors stand once, in `_attribute`, `_message` and `errors`.

One pass (`_Scanner`) checks all framing and notes where each group begins and ends. After it nothing can fail, so
groups are unpacked when they are read, by `_wire_py`. `_encode_py` goes the other way.

A message is a header of 8 octets, then tokens (RFC 8010 section 3.1):

    01..0f                                                     a group begins; 03: the attributes end
    tag | name-length | name      | value-length | value       an attribute and its first value
    tag | 0           |           | value-length | value       one more value of it

A collection is a run of tokens without names (section 3.1.6):

    34  | 0 (or the attribute's)  | 0            |             it begins
    4a  | 0           |           | value-length | name        a member's name
    tag | 0           |           | value-length | value       the member's value; more of these: more values
    37  | 0           |           | 0            |             it ends
"""

from struct import Struct

from . import _directives, errors
from ._attribute import Attribute, AttributeGroup, Collection
from ._encode_py import encode, encode_into
from ._message import Message
from ._runs_py import WORTH_SKIPPING, skip_attributes, skip_members
from ._walk_py import walk
from ._wire_py import Wire
from .errors import find_cut, octets_needed, raise_fault
from .limits import DEFAULT_LIMITS, Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Buffer

__all__ = [
    "Attribute",
    "AttributeGroup",
    "Collection",
    "Message",
    "MessageDecoder",
    "decode",
    "decode_prefix",
    "encode",
    "encode_into",
    "walk",
]

_HEADER = Struct(">BBHi")  # version-number, operation-id or status-code, request-id
_LENGTH = Struct(">H").unpack_from
_LENGTHS = Struct(">HH").unpack_from
_TOKEN = Struct(">BHH").unpack_from  # tag, name-length and, if there is no name, value-length


class _Scanner:
    """Finds the groups of a message and checks all framing (RFC 8010 section 3.1).

    It can stop at the end of the data and go on when there is more; it then begins at the token that was cut.

    `_runs_py` takes it over runs of ordinary tokens, uncounted, while the octets are too few to exceed the limits.
    If more of them come, it begins again and counts.
    """

    __slots__ = (
        "attributes",
        "begun",
        "counted",
        "depth",
        "expect",
        "group",
        "groups",
        "limits",
        "named",
        "position",
        "start",
        "uncounted",
        "values",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        # Up to this many octets cannot exceed the limits: no token takes less than five.
        self.uncounted = 5 * min(limits.max_values, limits.max_attributes) if limits.max_depth else 0
        self.begin()

    def begin(self) -> None:
        self.position = 0  # of the next token
        self.groups: list[tuple[int, int, int]] = []  # tag, start and end of each group before the current one
        self.group = 0  # the current group's tag, 0 before the first
        self.start = 0  # where its attributes begin
        self.depth = 0  # how many collections are open
        self.expect = 0  # in a collection: 0 its first member, 1 a member's value, 2 either or its next value
        self.named = False  # whether the group has had an attribute
        self.begun = False  # whether the token at `position`, the one at fault, begins an attribute or value
        self.attributes = 0
        self.values = 0
        self.counted = True  # whether `attributes` and `values` are right: no run was matched

    def advance(self, octets: "bytes | bytearray") -> bool:
        """Go on from `position`. True: the message ends at `position`. False: there must be more octets."""
        limits = self.limits
        size = min(len(octets), limits.max_octets)
        skipping = False
        if size > self.uncounted:
            if not self.counted:
                self.begin()
        elif size - self.position >= WORTH_SKIPPING:
            skipping, self.counted = True, False
        if self.position == 0:
            if size < 8:
                return False
            self.position = 8
        # What nearly every token reads or changes, as local variables.
        position, group, named = self.position, self.group, self.named
        values, attributes, depth, expect = self.values, self.attributes, self.depth, self.expect
        max_values, max_attributes = limits.max_values, limits.max_attributes
        fault, place, tag, number = 0, -1, 0, 0
        lengths, last_length = _LENGTHS, _LENGTH
        complete = False
        while position < size:
            tag = octets[position]
            if tag < 0x10:
                if tag == 0:
                    fault = errors.RESERVED_GROUP
                    break
                if depth:
                    fault = errors.UNTERMINATED
                    break
                if tag != 0x03 and len(self.groups) + (group != 0) == limits.max_groups:
                    fault, number = errors.GROUP_LIMIT, limits.max_groups
                    break
                self.position = position
                self.end_group()
                position += 1
                if tag == 0x03:
                    complete = True
                    break
                self.group = group = tag
                self.start = position
                named = False
                continue
            if group == 0:
                fault = errors.VALUE_BEFORE_GROUP
                break
            if skipping and (depth == 0 or (tag == 0x4A and expect != 1)):
                after = (skip_members if depth else skip_attributes)(octets, position, size)
                if after > position:
                    position, named, expect = after, True, 2  # in a collection only `expect` is read
                    continue
            at = position + 5
            if at > size:
                break
            name_length, length = lengths(octets, position + 1)
            if name_length:
                if name_length > 0x7FFF:
                    fault, number, place = errors.NAME_TOO_LONG, name_length, position + 1
                    break
                at += name_length
                if at > size:
                    break
                length = last_length(octets, at - 2)[0]
            if length > 0x7FFF:
                fault, number, place = errors.VALUE_TOO_LONG, length, at - 2
                break
            at += length
            if at > size:
                break
            if depth == 0:
                # RFC 8010 sections 3.1.4 and 3.1.5.
                if tag == 0x37:
                    fault = errors.END_OUTSIDE
                    break
                if tag == 0x4A:
                    fault = errors.MEMBER_OUTSIDE
                    break
                if name_length:
                    if attributes == max_attributes:
                        fault, number = errors.ATTRIBUTE_LIMIT, max_attributes
                        break
                    attributes += 1
                    named = True
                elif not named:
                    fault = errors.VALUE_BEFORE_ATTRIBUTE
                    break
            else:
                # RFC 8010 sections 3.1.6 and 3.1.7.
                if name_length:
                    fault, number = errors.NAME_INSIDE, name_length
                    break
                if tag == 0x4A:
                    if expect == 1:
                        fault = errors.MEMBER_WITHOUT_VALUE
                        break
                    if length == 0:
                        fault = errors.MEMBER_WITHOUT_NAME
                        break
                    if attributes == max_attributes:
                        fault, number = errors.ATTRIBUTE_LIMIT, max_attributes
                        break
                    attributes += 1
                    expect = 1
                    position = at
                    continue
                if tag == 0x37:
                    if length:
                        fault, number = errors.END_WITH_VALUE, length
                        break
                    if expect == 1:
                        fault = errors.MEMBER_WITHOUT_VALUE
                        break
                    depth -= 1
                    expect = 2
                    position = at
                    continue
                if expect == 0:
                    fault = errors.VALUE_BEFORE_MEMBER
                    break
                expect = 2
            if values == max_values:
                fault, number = errors.VALUE_LIMIT, max_values
                break
            values += 1
            if tag == 0x34:
                if length:
                    fault, number = errors.BEGIN_WITH_VALUE, length
                    break
                if depth == limits.max_depth:
                    fault, number = errors.DEPTH_LIMIT, limits.max_depth
                    break
                depth += 1
                expect = 0
            position = at
        self.begun = fault in (errors.VALUE_LIMIT, errors.BEGIN_WITH_VALUE, errors.DEPTH_LIMIT)
        if self.begun:
            # If the decoder is fed on, the token comes again, and is counted again: the error stays the same.
            attributes -= name_length != 0
            values -= fault != errors.VALUE_LIMIT
        self.position, self.named = position, named
        self.values, self.attributes, self.depth, self.expect = values, attributes, depth, expect
        if fault:
            self.fault(octets, fault, at=place, tag=tag, number=number)
        return complete

    def end_group(self) -> None:
        if self.group:
            self.groups.append((self.group, self.start, self.position))

    def names(self, octets: "bytes | bytearray") -> tuple[int, ...]:
        """The tokens that name the current attribute and, for each open collection, its current member."""
        names: list[int] = []
        at = self.start if self.group else self.position
        end = self.position + (1 if self.begun else 0)
        while at < end:
            tag, name_length, length = _TOKEN(octets, at)
            after = at + 5 + length
            if name_length:
                names = [at]
                after = at + 5 + name_length + _LENGTH(octets, at + 3 + name_length)[0]
            elif tag == 0x4A:
                names[-1] = at
            elif tag == 0x37:
                names.pop()
            if tag == 0x34:
                names.append(-1)  # before its first member
            at = after
        return tuple([at for at in names if at >= 0])

    def fault(
        self,
        octets: "bytes | bytearray",
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
            names=self.names(octets),
        )

    def cut(self, octets: "bytes | bytearray") -> tuple[int, int, int, int]:
        """What `find_cut` says of the token that the end of the data cuts off."""
        available, at = len(octets), self.position + 3
        name_length = value_length = -1
        if self.position and at <= available:
            name_length = octets[at - 2] << 8 | octets[at - 1]
            at += name_length + 2
            if at <= available:
                value_length = octets[at - 2] << 8 | octets[at - 1]
        return find_cut(available, self.position, name_length, value_length, self.limits.max_octets)

    def stop(self, octets: "bytes | bytearray") -> None:
        """Raise for what is missing or wrong when `advance` has come to the end of the data."""
        fault, at, number, left = self.cut(octets)
        self.fault(octets, fault, at=at, number=number, left=left)

    def check(self, octets: "bytes | bytearray") -> None:
        """Raise if the token that is cut off is known to exceed the limits or to be wrong."""
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


def decode(buffer: "Buffer", *, limits: Limits | None = None, only: "Iterable[str] | None" = None) -> Message:
    """Decode the IPP message at the beginning of `buffer` (RFC 8010 section 3).

    buffer: bytes, bytearray, memoryview, mmap or another buffer of octets. What follows end-of-attributes-tag is
    document data and is not looked at; `decode_prefix` tells where it begins. A buffer that is not bytes is copied
    first (at most ``limits.max_octets`` and one octet), so others may write to it meanwhile.
    limits: how large the message may be; None for `DEFAULT_LIMITS`.
    only: names of attributes. The message then holds these alone, in all its groups, as if there were no others.

    All errors come from here: reading the message afterwards raises none. A value that does not fit its tag is a
    `RawValue`. Raises TruncatedError if octets are missing, LimitError over a limit, another DecodeError if
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
        octets = buffer
    else:
        # Others may write to it: what is checked is the copy. One octet more than the limit shows that it is exceeded.
        with _octets_of(buffer) as view:
            octets = bytes(view[: scanner.limits.max_octets + 1])
    if not scanner.advance(octets):
        scanner.stop(octets)
    size = scanner.position
    return scanner.message(octets if len(octets) == size else octets[:size], names), size


def is_message(octets: bytes, limits: Limits) -> bool:
    """Whether `decode` would take what these octets begin with. limits: checked ones."""
    try:
        return _Scanner(limits).advance(octets)
    except errors.DecodeError:
        return False


def _check_limits(limits: object) -> Limits:
    if limits is None:
        return DEFAULT_LIMITS
    if not isinstance(limits, Limits):
        raise TypeError(f"limits is a Limits, not {type(limits).__name__}")
    return Limits(*limits)  # checked again: ``tuple.__new__`` makes one unchecked


def _check_only(only: "Iterable[str] | None") -> "frozenset[str] | None":
    if only is None:
        return None
    if isinstance(only, str):
        raise TypeError("only is several names, not a str")
    return frozenset(only)


def _octets_of(buffer: "Buffer") -> memoryview:
    """The octets of any buffer, copied if it has gaps. A bytearray cannot grow until the view of it is released."""
    try:
        view = memoryview(buffer)
    except TypeError:
        raise TypeError(f"a bytes-like object is required, not {type(buffer).__name__!r}") from None
    return view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())


@_directives.final
class MessageDecoder:
    """Decodes one message that arrives in pieces (RFC 8010 section 4: the body comes as the transport cuts it).

    Feed it until it returns the message. limits, only: as for `decode`. It holds the message's octets and the one
    piece that completed it, no more than ``limits.max_octets`` and that piece, and works in linear time.
    """

    __slots__ = ("_buffer", "_busy", "_message", "_only", "_scanner", "_unused")

    def __init__(self, *, limits: Limits | None = None, only: "Iterable[str] | None" = None) -> None:
        scanner, names = _Scanner(_check_limits(limits)), _check_only(only)
        self._begin_work()
        self._scanner = scanner
        self._only = names
        self._buffer = bytearray()
        self._message: Message | None = None
        self._unused = b""
        self._busy = False

    def _begin_work(self) -> None:
        """Claim the decoder for one call. While an error is made, code of others may run, and call it again."""
        if getattr(self, "_busy", False):
            raise RuntimeError("this MessageDecoder is at work: it takes one piece after the other")
        self._busy = True

    def feed(self, data: "Buffer", /) -> Message | None:
        """Take the next piece. Returns the message once it is complete, None before.

        Raises as `decode` does, except TruncatedError; feeding on after that raises the same again. Raises ValueError
        once the message is complete, because what follows is document data. Like its other methods, raises RuntimeError
        during another call of one of them: from another thread, or from code that such a call runs.
        """
        self._begin_work()
        try:
            return self._take(data)
        finally:
            self._busy = False

    def _take(self, data: "Buffer") -> Message | None:
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
        """At least this many octets must follow before the message can be complete: 0 once it is.

        None of them is document data, so a reader that reads exactly this many never takes too much.
        """
        self._begin_work()
        try:
            if self._message is not None:
                return 0
            return octets_needed(len(self._buffer), self._scanner.cut(self._buffer))
        finally:
            self._busy = False

    def close(self) -> None:
        """Say that no more octets come. Raises TruncatedError if the message is not complete."""
        self._begin_work()
        try:
            if self._message is None:
                self._scanner.stop(self._buffer)
        finally:
            self._busy = False

    def __reduce__(self) -> str:
        raise TypeError("a MessageDecoder cannot be copied or pickled")
