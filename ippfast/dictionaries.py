"""Messages as plain data and back: what `Message.to_dict` writes with tags, and all that `Message.from_dict` reads.

The rule of this file: with tags nothing is lost: `from_dict` of `to_tagged` gives the same message, octet for octet.
Without them the registry says what a value is; what it does not know is an error, never a guess. Data of another shape
is an error too, which says where it is wrong.

The attributes of a group are a list if tags are given::

    [{"name": "copies", "values": [{"tag": "integer", "value": 2}]}, ...]

A tag is its name in IANA's registry, or a number if it has none; `from_dict` takes numbers for all. A value is

* a number, true, false or a string for syntaxes of that kind;
* None for an out-of-band value, which its tag expresses;
* a list of attributes for a collection (tag "begCollection");
* a dictionary with the fields of `DateTime`, `Resolution`, `RangeOfInteger` or `StringWithLanguage`;
* {"octets": "00ff"}, in hexadecimal, for an octetString, for a value of an unknown tag, and for a string, name or
  language that is not UTF-8;
* {"malformed": "00ff"} for a `RawValue`, whose octets do not fit the tag.

The attributes of a group are a dictionary if tags are not given: names with values, in the forms that
`views.group_to_dict` gives, or in any form that `ippfast.attribute` takes, wrappers included.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime

from . import registry
from .attributes import attribute
from .codec import IMPLEMENTATION, Attribute, AttributeGroup, Collection, Message, decode
from .errors import ShapeError
from .limits import MAX_DEPTH, Limits
from .tags import DELIMITER_TAGS, STRINGS, VALUE_TAGS, DelimiterTag, ValueTag, describe_tag
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage
from .views import plain_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeVar

    _T = TypeVar("_T")

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from . import _plain_py as short
else:
    from . import _plain as short

__all__ = ["ALL_GROUP_WORDS", "ALL_TAG_WORDS", "from_dict", "is_single", "to_tagged", "value_words"]

_ANY = Limits(MAX_DEPTH, *[2**31 - 1] * 4)

_FIELDS: "dict[int, Any]" = {
    ValueTag.DATE_TIME: DateTime,
    ValueTag.RESOLUTION: Resolution,
    ValueTag.RANGE_OF_INTEGER: RangeOfInteger,
    ValueTag.TEXT_WITH_LANGUAGE: StringWithLanguage,
    ValueTag.NAME_WITH_LANGUAGE: StringWithLanguage,
}
_OUT_OF_BAND = {member.value: member for member in OutOfBand}
_GROUP_TAGS = {tag.keyword: tag for tag in DelimiterTag}
_VALUE_TAGS = {tag.keyword: tag for tag in ValueTag}


# ---- With tags ----


def to_tagged(message: Message) -> "dict[str, Any]":
    """A message as plain data with every tag: `from_dict` makes the same message of it, and ``json.dumps`` takes it."""
    return {
        "version": list(message.version),
        "code": int(message.code),
        "request-id": message.request_id,
        "groups": [{"tag": _write_tag(group.tag), "attributes": _write_attributes(group)} for group in message.groups],
    }


def _write_attributes(group: AttributeGroup) -> "list[Any]":
    made = short.to_tagged(group, _write_value)
    return [_write_attribute(one) for one in group] if made is None else made


def _write_attribute(attribute: Attribute) -> "Any":
    values = [
        {"tag": _write_tag(tag), "value": _write_value(tag, value)}
        for tag, value in zip(attribute.tags, attribute.values, strict=True)
    ]
    return {"name": _write_string(attribute.name), "values": values}


def _write_tag(tag: DelimiterTag | ValueTag | int) -> str | int:
    return tag.keyword if isinstance(tag, (DelimiterTag, ValueTag)) else tag


def _write_octets(octets: bytes) -> "Any":
    return {"octets": octets.hex()}


def _write_string(string: str) -> "Any":
    try:
        string.encode("utf-8")
    except UnicodeEncodeError:  # surrogates, which some readers of JSON refuse
        return _write_octets(string.encode("utf-8", "surrogateescape"))
    return string


def _write_value(tag: int, value: "Any") -> "Any":
    if isinstance(value, str):
        return _write_string(value)
    if isinstance(value, bytes):
        return _write_octets(value)
    if isinstance(value, OutOfBand):
        return None
    if isinstance(value, RawValue):
        return {"malformed": value.data.hex()}
    if tag == ValueTag.BEG_COLLECTION:
        return [_write_attribute(member) for member in value]
    if isinstance(value, (DateTime, Resolution, RangeOfInteger, StringWithLanguage)):
        return {name: _write_string(one) if isinstance(one, str) else one for name, one in value._asdict().items()}
    return value  # an int or bool


# ---- From plain data ----


def from_dict(data: "Mapping[str, Any]") -> Message:
    """Make a message of plain data, as `to_tagged` and `views.to_dict` write it.

    ``{"version": [2, 0], "code": 2, "request-id": 1, "groups": [{"tag": "job-attributes-tag", "attributes": ...}]}``;
    "version" is 2.0 and "request-id" 1 if they are not given. A group's tag is its name or its number.

    Raises ShapeError for data of another shape and, without tags, RegistryError for a name that the registry does not
    know or a value that it does not allow. With tags, `encode` checks whether the values fit them.
    """
    try:
        given = object_of(data, "the message", {"code", "groups"}, frozenset(["version", "request-id"]))
        major, minor = _pair(given.get("version", (2, 0)), "version")
        groups = [_read_group(group, where) for group, where in _each(given["groups"], "groups")]
        request_id = kind_of(given.get("request-id", 1), "request-id", int)
        return Message((major, minor), int(kind_of(given["code"], "code", int)), request_id, groups)
    except RecursionError:
        raise ShapeError("the message", "collections at most 100 deep", "more") from None


def _pair(data: "Any", where: str) -> "tuple[int, int]":
    if not isinstance(data, (list, tuple)) or len(data) != 2:
        raise ShapeError(where, "two integers", data)
    return kind_of(data[0], where, int), kind_of(data[1], where, int)


def _read_group(data: "Any", where: str) -> AttributeGroup:
    given = object_of(data, where, {"tag", "attributes"})
    tag, attributes = _group_tag(given["tag"], f"{where}.tag"), given["attributes"]
    if isinstance(attributes, Mapping):
        plain = {
            kind_of(name, f"{where}.attributes", str): _plain(value, name, tag) for name, value in attributes.items()
        }
        return AttributeGroup(tag, [attribute(name, value, group=tag) for name, value in plain.items()])
    made = short.from_tagged(attributes, _rare_value)
    if made is None:
        made = [_attribute(item, at) for item, at in _each(attributes, f"{where}.attributes")]
    return AttributeGroup(tag, made)


def _group_tag(data: "Any", where: str) -> int:
    match = re.fullmatch("group 0x([0-9a-f]{2})", data) if isinstance(data, str) else None
    return int(match[1], 16) if match else _tag(data, where, _GROUP_TAGS)


def _attribute(data: "Any", where: str) -> Attribute:
    given = object_of(data, where, {"name", "values"})
    tags, values = [], []
    for item, at in _each(given["values"], f"{where}.values"):
        entry = object_of(item, at, {"tag", "value"})
        tags.append(_tag(entry["tag"], f"{at}.tag", _VALUE_TAGS))
        values.append(_value(entry["value"], tags[-1], f"{at}.value"))
    return Attribute(_string(given["name"], f"{where}.name"), tags, values)


def _tag(data: "Any", where: str, names: "dict[str, Any]") -> int:
    tag = names.get(data) if isinstance(data, str) else data
    if type(tag) is bool or not isinstance(tag, int) or not 0 <= tag <= 0xFF:
        raise ShapeError(where, "a tag's name or number", data)
    return tag


def _value(data: "Any", tag: int, where: str) -> "Any":
    if isinstance(data, (bool, int, str)):
        return data
    if data is None and tag in _OUT_OF_BAND:
        return _OUT_OF_BAND[tag]
    if isinstance(data, list):
        members = [_attribute(member, at) for member, at in _each(data, where)]
        try:
            return Collection(members)
        except ValueError as error:
            raise ShapeError(where, str(error), "more") from None
    if isinstance(data, dict):
        if data.keys() == {"octets"}:
            return _string(data, where) if tag in STRINGS else octets_of(data, where)
        if data.keys() == {"malformed"}:
            return RawValue(_hexadecimal(data["malformed"], f"{where}.malformed"))
        kind = _FIELDS.get(tag)
        if kind is not None and data.keys() == set(kind._fields):
            if kind is StringWithLanguage:
                return kind(*[_string(data[field], f"{where}.{field}") for field in kind._fields])
            return kind(**data)
    raise ShapeError(where, f"a value for the tag {describe_tag(tag)}", data)


def _rare_value(data: "Any", tag: int) -> "Any":
    """The value of an object, for the short way. If it is wrong, the long way says where it stands."""
    return _value(data, tag, "")


def _string(data: "Any", where: str) -> str:
    if isinstance(data, str):
        return data
    return octets_of(data, where).decode("utf-8", "surrogateescape")


def octets_of(data: "Any", where: str) -> bytes:
    return _hexadecimal(object_of(data, where, {"octets"})["octets"], f"{where}.octets")


def _hexadecimal(data: "Any", where: str) -> bytes:
    try:
        return bytes.fromhex(kind_of(data, where, str))
    except ValueError as error:
        if isinstance(error, ShapeError):
            raise
        raise ShapeError(where, "two hexadecimal digits for each octet", data) from None


def object_of(data: "Any", where: str, required: set[str], optional: frozenset[str] = frozenset()) -> "dict[str, Any]":
    """An object with these keys and no others: a misspelt key must not be lost in silence."""
    if not isinstance(data, Mapping) or not required <= data.keys() <= required | optional:
        found = list(data) if isinstance(data, Mapping) else data
        raise ShapeError(where, f"an object with the keys {', '.join(sorted(required))}", found)
    return dict(data)


def _each(data: "Any", where: str) -> "Iterator[tuple[Any, str]]":
    """The items of a list, and where each stands."""
    if not isinstance(data, list):
        raise ShapeError(where, "a list", data)
    return ((item, f"{where}[{index}]") for index, item in enumerate(data))


def kind_of(data: "Any", where: str, kind: "type[_T]") -> "_T":
    if not isinstance(data, kind) or isinstance(data, bool):
        raise ShapeError(where, "a string" if kind is str else "an integer", data)
    return data


# ---- Without tags ----

_RESOLUTION = re.compile(r"(\d+)(?:x(\d+))?(dpi|dpcm)")
_NUMBERS = {ValueTag.INTEGER, ValueTag.ENUM}


def _plain(value: "Any", path: str, group: int) -> "Any":
    """A value, or the list of them, in a form that `attribute` takes."""
    spec = registry.lookup(path, group)
    tags: tuple[int, ...] = () if spec is None else spec.tags
    if value is None or (isinstance(value, list) and not value):
        return OutOfBand.NO_VALUE
    is_range = ValueTag.RANGE_OF_INTEGER in tags and _is_pair(value)
    if isinstance(value, list) and not (is_range and not (spec and spec.set and _NUMBERS & {*tags})):
        return [_one(item, path, group, tags) for item in value]
    return _one(value, path, group, tags)


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(item) is int for item in value)


def _one(value: "Any", path: str, group: int, tags: "tuple[int, ...]") -> "Any":
    if isinstance(value, Mapping):
        return {name: _plain(member, f"{path}/{name}", group) for name, member in value.items()}
    if _is_pair(value) and ValueTag.RANGE_OF_INTEGER in tags:
        return RangeOfInteger(*value)
    if not isinstance(value, str):
        return value
    if ValueTag.DATE_TIME in tags:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    if ValueTag.RESOLUTION in tags and (match := _RESOLUTION.fullmatch(value)):
        return Resolution(int(match[1]), int(match[2] or match[1]), 3 if match[3] == "dpi" else 4)
    return value.encode() if ValueTag.OCTET_STRING in tags else value


# ---- In JSON, for `_json.pyx` ----


def _words(value: object) -> bytes:
    return json.dumps(value).encode()


ALL_GROUP_WORDS = (
    tuple([_words(describe_tag(tag)) for tag in DELIMITER_TAGS[:16]]),
    tuple([_words(_write_tag(tag)) for tag in DELIMITER_TAGS[:16]]),
)
"""The tags of groups, first as `views.to_dict` writes them, then as `to_tagged` does."""

ALL_TAG_WORDS = tuple([_words(_write_tag(tag)) for tag in VALUE_TAGS])
"""The tags of values as `to_tagged` writes them."""


def value_words(tag: int, octets: bytes, lossless: bool) -> bytes:
    """As JSON, a value of that tag, which is no collection; or, if the tag is 0, a whole message."""
    if tag == 0:
        return _words(decode(octets, limits=_ANY).to_dict(tags=lossless))
    token = bytes([1, tag, 0, 1, 0x61, len(octets) >> 8, len(octets) & 0xFF]) + octets
    (attribute,) = decode(bytes(8) + token + b"\x03").groups[0]
    return _words(_write_value(tag, attribute.value) if lossless else plain_value(attribute.value))


def is_single(path: bytes, group: int) -> bool:
    """Whether the registry knows the attribute, or the member at this path, to have one value in such a group."""
    spec = registry.lookup(path.decode("utf-8", "surrogateescape"), group)
    return spec is not None and not spec.set
