"""The corrected mode of the shim for pyipp and aioipp: their shapes, without what they lose, refuse or drop.

The rule of this file: a program written for the library reads every value as before if the library read it right. If
the library lost a value or read it wrong, the program now gets what was sent: whole, or in a subclass of the library's
type.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from random import randrange

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DecodeError,
    DelimiterTag,
    EncodeError,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
    attribute,
    decode_prefix,
    encode,
    recover,
)
from ippfast.views import decode_text, parse_device_id

from ._pyipp_library import find_library
from ._strings import LanguageString, OutOfBandString
from ._twin import read_attributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["encode_dict", "parse", "parse_ieee1284_device_id"]

_LOGGER = logging.getLogger(__name__)

_LISTS = {
    DelimiterTag.JOB: "jobs",
    DelimiterTag.PRINTER: "printers",
    DelimiterTag.UNSUPPORTED: "unsupported-attributes",
    DelimiterTag.SUBSCRIPTION: "subscriptions",
    DelimiterTag.EVENT_NOTIFICATION: "event-notifications",
    DelimiterTag.RESOURCE: "resources",
    DelimiterTag.DOCUMENT: "documents",
    DelimiterTag.SYSTEM: "systems",
}
_UTF_8 = ("utf-8", "us-ascii")


# ---- Reading ----


def parse(raw_data: bytes, contains_data: bool) -> "dict[str, Any]":
    """As ``parse`` of the shim. A broken message is repaired, with a warning for each repair."""
    try:
        message, end = decode_prefix(raw_data)
    except DecodeError as error:
        message, end = _repair(raw_data, error), len(raw_data)
    made: dict[str, Any] = {
        "version": message.version,
        "status-code": message.code,
        "request-id": message.request_id,
        "operation-attributes": {},
        "unsupported-attributes": [],
        "jobs": [],
        "printers": [],
        "data": raw_data[end:] if contains_data else b"",
    }
    read = _reader(_charset(message))
    for group in message.groups:
        attributes = read(group)
        if group.tag == DelimiterTag.OPERATION:
            made["operation-attributes"] = made["operation-attributes"] or attributes
        elif attributes or group is message.groups[-1]:
            made.setdefault(_LISTS.get(group.tag, f"group-0x{group.tag:02x}"), []).append(attributes)  # type: ignore[call-overload]
    return made


def _reader(charset: str) -> "Callable[[AttributeGroup], dict[str, Any]]":
    """A function that reads a group of a message in that charset."""
    enums = find_library().parser.ATTRIBUTE_ENUM_MAP

    def other(attribute: Attribute, member: bool) -> "Any":
        enum = enums.get(attribute.name)
        found = [
            slow(value) if isinstance(value, Collection) else _value(tag, value, enum, charset)
            for tag, value in zip(attribute.tags, attribute.values, strict=True)
        ]
        return found[0] if len(found) == 1 else found

    def slow(owner: AttributeGroup | Collection) -> "dict[str, Any]":
        return _attributes(owner, enums, charset)

    if charset not in _UTF_8:  # octets of ASCII may be something else
        return slow
    return lambda group: read_attributes(group, enums, False, _CONVERTERS, other, slow)


def _repair(raw_data: bytes, error: DecodeError) -> Message:
    message, issues = recover(raw_data) if len(raw_data) >= 8 else (None, [])
    if message is None or not message.groups:
        raise find_library().parse_error(f"no IPP message: {error}") from error
    for issue in issues:
        _LOGGER.warning("Repaired what the printer sent: %s", issue)
    return message


def _charset(message: Message) -> str:
    for group in message.groups[:1]:
        declared = group.get("attributes-charset")
        if declared is not None and isinstance(declared.values[0], str):
            return declared.values[0].lower()
    return "utf-8"


def _attributes(owner: AttributeGroup | Collection, enums: "Mapping[str, Any]", charset: str) -> "dict[str, Any]":
    made: dict[str, Any] = {}
    for one in owner:
        enum = enums.get(one.name)
        values = [
            _attributes(value, enums, charset) if isinstance(value, Collection) else _value(tag, value, enum, charset)
            for tag, value in zip(one.tags, one.values, strict=True)
        ]
        made[one.name] = values[0] if len(values) == 1 else values
    return made


def _value(tag: int, value: "Any", enum: "Any", charset: str) -> "Any":
    kind = type(value)
    if kind is str:
        return value if value.isascii() and charset in _UTF_8 else decode_text(value, charset)
    if kind is int:
        return _member(enum, value) if enum is not None and tag == ValueTag.ENUM else value
    if kind is bool:
        return value
    if kind in _CONVERTERS:
        return _CONVERTERS[kind](value)
    if kind is StringWithLanguage:
        return LanguageString(decode_text(value.string, charset), value.language)
    return _octets(tag, value.data if kind is RawValue else value)


def _member(enum: "Any", value: int) -> "Any":
    try:
        return enum(value)
    except ValueError:
        return value


def _moment(value: DateTime) -> "datetime | DateTime":
    try:
        return value.to_datetime()
    except ValueError:
        return value


_CONVERTERS: "dict[type, Callable[[Any], Any]]" = {
    OutOfBand: OutOfBandString,
    RangeOfInteger: list,
    Resolution: tuple,
    DateTime: _moment,
}


def _octets(tag: int, octets: bytes) -> "str | bytes | bool | None":
    """A str if the octets are UTF-8, as in the library; otherwise the octets."""
    if tag == ValueTag.BOOLEAN and len(octets) == 1:
        return True  # RFC 8010 has 0x01; any other but 0x00 means the same to everyone
    if tag == 0x43 and not octets:
        return None
    if ValueTag.INTEGER <= tag < ValueTag.OCTET_STRING or tag in (ValueTag.DATE_TIME, ValueTag.RANGE_OF_INTEGER):
        return octets
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets


def parse_ieee1284_device_id(device_id: str) -> dict[str, str]:
    """A device ID as the library's dictionary; parts of it that are not ``KEY:value;`` are left out."""
    found = parse_device_id(device_id)
    made = dict(found.fields)
    for name, value in (("MANUFACTURER", found.manufacturer), ("MODEL", found.model), ("COMMAND SET", made.get("CMD"))):
        if value and not made.get(name):
            made[name] = value
    return made


# ---- Writing ----

_GROUPS = {tag.keyword: tag for tag in DelimiterTag if tag != DelimiterTag.END_OF_ATTRIBUTES}
_OTHERS = {"version", "operation", "request-id", "data"}


def encode_dict(data: "dict[str, Any]") -> bytes:
    """As ``encode_dict`` of the shim, for any group: a dictionary, or several in a list."""
    unknown = [str(key) for key in data if key not in _GROUPS and key not in _OTHERS]
    if unknown:
        raise EncodeError(f"the keys {', '.join(sorted(_OTHERS | _GROUPS.keys()))}", ", ".join(unknown))
    operation, request_id = data["operation"], data.get("request-id")
    if request_id is None:
        request_id = randrange(10_000, 99_999)
    operation_attributes = data.get(DelimiterTag.OPERATION.keyword) or {}
    groups = [AttributeGroup(DelimiterTag.OPERATION, _group(operation_attributes, DelimiterTag.OPERATION))]
    for key, tag in _GROUPS.items():
        given = data.get(key)
        if tag != DelimiterTag.OPERATION and given:  # a group without attributes is refused by some printers
            several = given if isinstance(given, (list, tuple)) else [given]
            groups += [AttributeGroup(tag, _group(attributes, tag)) for attributes in several]
    version = tuple(data.get("version") or (2, 0))
    code = int(getattr(operation, "value", operation))
    return encode(Message(version, code, request_id, groups)) + bytes(data.get("data") or b"")


def _group(attributes: "Mapping[str, Any]", group: DelimiterTag) -> list[Attribute]:
    made = []
    for name, value in attributes.items():
        if isinstance(value, (list, set)) and not value:
            continue
        made.append(_attribute(name, list(value) if isinstance(value, set) else value, group))
    return made


def _attribute(name: str, value: "Any", group: DelimiterTag) -> Attribute:
    """By ``ATTRIBUTE_TAG_MAP`` if it has the name and the values are plain, else by the registry or by wrappers."""
    tag = find_library().serializer.ATTRIBUTE_TAG_MAP.get(name)
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if tag and all(isinstance(one, (str, int)) for one in values):
        return Attribute(name, int(tag), [int(one) if isinstance(one, IntEnum) else one for one in values])
    return attribute(name, value, group=group)
