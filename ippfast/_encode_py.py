"""The pure twin's encoder: a `Message` to octets (RFC 8010 section 3).

The rule of this file: it does what `_encode.pyx` does. It returns nothing that would be wrong on the wire, but raises;
the words are in `errors`.
"""

from operator import index as as_index
from struct import Struct
from struct import error as StructError

from . import errors
from ._attribute import Attribute, AttributeGroup, Collection
from ._message import Message
from ._wire_py import Wire
from .tags import FORMS, Form
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    from ._attribute import Value, _Attributes

__all__ = ["encode", "encode_into"]

_HEADER = Struct(">BBHi")  # version-number, operation-id or status-code, request-id
_LENGTH = Struct(">H")
_INTEGER = Struct(">i")
_RANGE = Struct(">ii")
_RESOLUTION = Struct(">iib")
_DATE_TIME = Struct(">HBBBBBBcBB")


def encode_into(message: Message, buffer: "Buffer", offset: int = 0) -> int:
    """Encode a message into a buffer, from `offset` on. Returns how many octets it takes.

    buffer: a bytearray, memoryview, mmap or another buffer that can be written to. If it is used again, the system need
    not map and clear memory for every large message. After an error it may hold part of the message.

    Raises what `encode` raises; ValueError if the message does not fit, with the octets that it takes, or for an
    offset outside the buffer; and TypeError or BufferError for what cannot be written to.
    """
    octets = encode(message)
    with memoryview(buffer) as given, given.cast("B") as view:
        start = as_index(offset)
        if view.readonly:
            raise BufferError("the buffer cannot be written to")
        if not 0 <= start <= len(view):
            raise ValueError(f"the offset {start} is outside a buffer of {len(view)} octets")
        if len(octets) > len(view) - start:
            raise ValueError(f"the message takes {len(octets)} octets, and there is room for {len(view) - start}")
        view[start : start + len(octets)] = octets
    return len(octets)


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
        if group._sliced:
            _put_slice(output, group)
        else:
            for part in group._items or ():
                if isinstance(part, Attribute):
                    _put_attribute(output, part, tag)
                else:
                    _put_slice(output, part)
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


def _put_slice(output: bytearray, owner: "_Attributes") -> None:
    wire = owner._wire
    assert isinstance(wire, Wire)
    output += memoryview(wire.octets)[owner._start : owner._end]


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
    if collection._sliced:
        _put_slice(output, collection)
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
    """Write value-length and value; the tag and the name are written."""
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
    """A value's octets, None if it does not fit its tag."""
    pack = _PACKERS[tag]
    if pack is None:
        return None
    if isinstance(value, RawValue):
        return value.data if len(value) == 1 and type(value.data) is bytes else None
    try:
        return pack(value)
    except (StructError, IndexError, UnicodeEncodeError):
        return None


def _pack_octets(value: "Value") -> bytes | None:
    return value if type(value) is bytes else None


def _pack_out_of_band(member: OutOfBand) -> "Callable[[Value], bytes | None]":
    return lambda value: b"" if value is member else None


def _pack_with_language(value: "Value") -> bytes | None:
    """Two strings after their SIGNED-SHORT lengths, the language first."""
    if not isinstance(value, StringWithLanguage) or len(value) != 2:
        return None
    language, string = _pack_string(value.language), _pack_string(value.string)
    if language is None or string is None or len(language) + len(string) > 0x7FFB:
        return None
    return _LENGTH.pack(len(language)) + language + _LENGTH.pack(len(string)) + string


def _pack_integer(value: "Value") -> bytes | None:
    return _INTEGER.pack(value) if _is_plain_int(value) else None


def _pack_boolean(value: "Value") -> bytes | None:
    return (b"\x01" if value else b"\x00") if isinstance(value, bool) else None


def _pack_range(value: "Value") -> bytes | None:
    return _RANGE.pack(*value) if isinstance(value, RangeOfInteger) and all(map(_is_plain_int, value)) else None


def _pack_resolution(value: "Value") -> bytes | None:
    return _RESOLUTION.pack(*value) if isinstance(value, Resolution) and all(map(_is_plain_int, value)) else None


def _pack_date_time(value: "Value") -> bytes | None:
    if not isinstance(value, DateTime) or not isinstance(value.utc_direction, str) or len(value.utc_direction) != 1:
        return None
    if not all(map(_is_plain_int, value[:7] + value[8:])):
        return None
    return _DATE_TIME.pack(*value[:7], value.utc_direction.encode("latin-1"), *value[8:])


_WRITERS: "dict[int, Callable[[Value], bytes | None] | None]" = {
    Form.OCTETS: _pack_octets,
    Form.WORD: _pack_string,
    Form.TEXT: _pack_string,
    Form.INTEGER: _pack_integer,
    Form.BOOLEAN: _pack_boolean,
    Form.DATE_TIME: _pack_date_time,
    Form.RESOLUTION: _pack_resolution,
    Form.RANGE_OF_INTEGER: _pack_range,
    Form.WITH_LANGUAGE: _pack_with_language,
}
_PACKERS = [_WRITERS.get(form) for form in FORMS]  # None: no value can have this tag, or `_put_value` writes it
for _member in OutOfBand:
    _PACKERS[_member.value] = _pack_out_of_band(_member)
