"""ippx: its `decode` and `encode`, at our speed, and with collections, languages and every group.

    from ippfast.compat.ippx import decode, encode      # or, from an application that uses ippx:
    import ippfast.compat.ippx; ippfast.compat.ippx.install()

The rule of this file: what ippx reads or writes right is the same here, in ippx's own classes, and what it refuses,
loses or spoils is read and written right. What a message had and ippx has no place for stays with the attribute,
unseen, so that an attribute that nobody changed is encoded as it came. With ``quirks=True`` everything is as in ippx.
"""

import struct
from datetime import datetime, timedelta, timezone
from functools import lru_cache, partial
from importlib import import_module

import ippfast
from ippfast import (
    AttributeGroup,
    Collection,
    DateTime,
    DecodeError,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
    decode_prefix,
    registry,
)

from ._ippx_library import find_library
from ._ippx_octets import read_message, read_value, write_message, write_value
from ._patching import Patches
from ._strings import LanguageString
from ._twin import read_attributes, read_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ippfast import Attribute

__all__ = ["decode", "encode", "install", "uninstall"]


# ---- Reading ----


def decode(data: bytes, *, quirks: bool = False) -> "Any":
    """A message as ippx's ``IppMessage(version, code, request_id, groups, data)``.

    ``groups`` are pairs of a ``Tag`` and a list of ``Attribute(name, tag, values)``; a group that ippx does not know
    has our `DelimiterTag`, or an int. A string that came with a language has it in ``.language``.

    quirks: True for all of ippx's limits. Raises its IppDecodeError.
    """
    library = find_library()
    make, tags = library.Attribute, library.value_tags
    values_of, member_of, members_of = _FAITHFUL if quirks else _CORRECTED
    groups = []
    try:
        message, end = decode_prefix(data)
        for group in message.groups:
            tag = library.group_tags.get(group.tag)
            if tag is None:
                if quirks:
                    raise _Unlike
                tag = group.tag
            groups.append(
                (tag, read_group(group, make, tags, not quirks, _CONVERTERS, values_of, member_of, members_of))
            )
    except (DecodeError, _Unlike):
        return read_message(data)
    return library.IppMessage(message.version, message.code, message.request_id & 0xFFFFFFFF, groups, data[end:])


class _Unlike(Exception):
    """Here ippx reads something else than the codec does."""


# Values that the loop does not convert, with and without the quirks.


def _faithful_values(attribute: "Attribute") -> "list[Any]":
    return [_read(tag, value, True) for tag, value in zip(attribute.tags, attribute.values, strict=True)]


def _values(attribute: "Attribute") -> "list[Any]":
    return [_read(tag, value, False) for tag, value in zip(attribute.tags, attribute.values, strict=True)]


def _faithful_member(attribute: "Attribute", member: bool) -> "Any":
    values = _faithful_values(attribute)
    return values[0] if len(values) == 1 else values


def _member(attribute: "Attribute", member: bool) -> "Any":
    values = _values(attribute)
    return values[0] if len(values) == 1 else values


def _faithful_members(collection: Collection) -> "dict[str, Any]":
    return _merge(collection, _faithful_values)


def _members(collection: Collection) -> "dict[str, Any]":
    return _merge(collection, _values)


def _merge(collection: Collection, values_of: "Callable[[Attribute], list[Any]]") -> "dict[str, Any]":
    """A collection in which members of the same name become one member with all their values."""
    made: dict[str, list[Any]] = {}
    for attribute in collection:
        made.setdefault(_text(attribute.name), []).extend(values_of(attribute))
    return {name: values[0] if len(values) == 1 else values for name, values in made.items()}


_FAITHFUL = (_faithful_values, _faithful_member, _faithful_members)
_CORRECTED = (_values, _member, _members)


def _read(tag: int, value: "Any", quirks: bool) -> "Any":
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value)
    if kind is int or kind is bool:
        return value
    if kind is Collection:
        if quirks:
            return read_attributes(value, {}, False, _CONVERTERS, _faithful_member, _faithful_members)
        return read_attributes(value, {}, False, _CONVERTERS, _member, _members)
    if kind in _CONVERTERS:
        return _CONVERTERS[kind](value)
    if kind is StringWithLanguage:
        text = _text(value.string)
        return text if quirks else LanguageString(text, value.language)
    try:  # a RawValue
        return read_value(tag, value.data) if tag in find_library().known else value.data
    except (struct.error, ValueError):
        if quirks:
            raise _Unlike from None
        return value.data


_OUT_OF_BAND = (OutOfBand.UNSUPPORTED, OutOfBand.UNKNOWN, OutOfBand.NO_VALUE)


def _text(value: str) -> str:
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@lru_cache(64)
def _resolution(value: Resolution) -> "Any":
    return find_library().Resolution(*value)


def _moment(value: DateTime) -> "datetime | bytes":
    year, month, day, hour, minute, second, tenth, direction, hours, minutes = value
    try:
        return datetime(year, month, day, hour, minute, second, tenth * 100_000, _timezone(direction, hours, minutes))
    except ValueError:
        date = year, month, day, hour, minute, second, tenth, direction.encode("latin-1"), hours, minutes
        return struct.pack(">H6Bc2B", *date)


@lru_cache(64)
def _timezone(direction: str, hours: int, minutes: int) -> timezone:
    """Any direction but ``-`` counts as ``+``."""
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if direction == "-" else offset)


_CONVERTERS: "dict[type, Callable[[Any], Any]]" = {
    bytes: lambda value: value,
    DateTime: _moment,
    OutOfBand: lambda value: None if value in _OUT_OF_BAND else b"",
    RangeOfInteger: tuple,
    Resolution: _resolution,
}


# ---- Writing ----


def encode(msg: "Any", *, quirks: bool = False) -> bytes:
    """The octets of an ``IppMessage``, its ``data`` after them.

    A collection is a dictionary. Its members, which have no tags, get those of the registry, and if nothing is
    registered, the one that their Python type suggests; a string gets that of a keyword. A string under
    textWithLanguage or nameWithLanguage has its ``.language``, or the message's attributes-natural-language.

    quirks: True for all of ippx's limits: NotImplementedError for a collection. Raises ValueError for an attribute
    without values, and struct.error, TypeError or ValueError for a value that does not fit its tag.
    """
    if quirks:
        return write_message(msg)
    language = _language(msg)
    groups = []
    for group_tag, attributes in msg.groups:
        for one in attributes:
            if not one.values:
                raise ValueError(f"attribute {one.name!r} has no values: an out-of-band value is [None]")
        groups.append(AttributeGroup(group_tag, [_write(one, language) for one in attributes]))
    major, minor = msg.version
    request_id = (msg.request_id ^ 0x80000000) - 0x80000000  # ippx counts without a sign
    return ippfast.encode(ippfast.Message((major, minor), msg.code, request_id, groups)) + bytes(msg.data)


def _language(msg: "Any") -> str:
    for _, attributes in msg.groups[:1]:
        for one in attributes:
            if one.name == "attributes-natural-language" and one.values:
                return str(one.values[0])
    return "en"


def _write(one: "Any", language: str) -> "Attribute":
    sent: Attribute | None = getattr(one, "_sent", None)
    if sent is not None and _is_as_sent(one, sent):
        return sent
    values = [_write_value(int(one.tag), one.name, value, language) for value in one.values]
    return ippfast.Attribute(one.name, int(one.tag), values)


def _is_as_sent(one: "Any", sent: "Attribute") -> bool:
    """Whether nobody has changed the attribute, or anything in it."""
    same_name = one.name == (sent.name if sent.name.isascii() else _text(sent.name))
    tag = find_library().value_tags[sent.tag]
    return bool(same_name and one.tag == tag and one.values == _values(sent))


def _write_value(tag: int, path: str, value: "Any", language: str) -> "Any":
    """A value as the codec takes it: octets that stand for themselves, a string with its language, a collection."""
    if tag == ValueTag.BEG_COLLECTION:
        return _write_members(path, value, language)
    if isinstance(value, bytes):
        return RawValue(value)
    if tag in (ValueTag.TEXT_WITH_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE):
        return StringWithLanguage(str(value), getattr(value, "language", language))
    return RawValue(write_value(tag, value))


def _write_members(path: str, members: "dict[str, Any]", language: str) -> Collection:
    made = []
    for name, value in members.items():
        values = value if isinstance(value, list) else [value]
        inner = f"{path}/{name}"
        tags = [_tag_of(inner, one) for one in values]
        written = [_write_value(tag, inner, one, language) for tag, one in zip(tags, values, strict=True)]
        if values:
            made.append(ippfast.Attribute(name, tags, written))
    return Collection(made)


_BY_TYPE: "tuple[tuple[type, ValueTag], ...]" = (
    (bool, ValueTag.BOOLEAN),
    (int, ValueTag.INTEGER),
    (bytes, ValueTag.OCTET_STRING),
    (datetime, ValueTag.DATE_TIME),
    (dict, ValueTag.BEG_COLLECTION),
    (tuple, ValueTag.RANGE_OF_INTEGER),
    (type(None), ValueTag.NO_VALUE),
)
_LIKE = {ValueTag.INTEGER: (ValueTag.INTEGER, ValueTag.ENUM)}


def _tag_of(path: str, value: "Any") -> ValueTag:
    """The tag for a member's value: the registered one that fits its Python type, or the usual one of that type."""
    if isinstance(value, LanguageString):
        return ValueTag.NAME_WITH_LANGUAGE
    if isinstance(value, find_library().Resolution):
        return ValueTag.RESOLUTION
    spec = registry.lookup(path)
    registered = () if spec is None else spec.tags
    for kind, tag in _BY_TYPE:
        if isinstance(value, kind):
            return next((ValueTag(one) for one in registered if one in _LIKE.get(tag, (tag,))), tag)
    return next((ValueTag(one) for one in registered if one >= ValueTag.TEXT), ValueTag.KEYWORD)


# ---- The library in use ----

_PATCHES = Patches("ippx")


def install(*, quirks: bool = False) -> None:
    """Put these functions in the place of ippx's, in each of its modules that has them.

    quirks: True for all of ippx's limits. Installing again changes that. Raises ModuleNotFoundError if ippx is not
    installed.
    """
    uninstall()
    import_module("ippx")
    codec = find_library().codec
    faithful = (partial(decode, quirks=True), partial(encode, quirks=True))
    ours = faithful if quirks else (decode, encode)
    _PATCHES.apply([(codec.decode, ours[0]), (codec.encode, ours[1])])


def uninstall() -> None:
    """Give ippx its own functions back. If they are there, it does nothing."""
    _PATCHES.undo()
