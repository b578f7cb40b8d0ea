"""A message as JSON, and back to the same octets.

The rule of this file: what `from_json` makes of `to_json`'s text is encoded to the octets that the message came
from, whatever they were. The shape, with all keys that there are::

    {"version": "2.0", "code": 11, "request-id": 1,
     "groups": [
      {"tag": "operation-attributes-tag", "attributes": [
       {"name": "attributes-charset", "values": [{"tag": "charset", "value": "utf-8"}]}]}],
     "document": {"octets": "25504446"}}

A tag is its name in IANA's registry, or a number where it has none; `from_json` takes numbers for all.
"document" is there only if asked for. A value is

* a number, true, false or a string for the syntaxes that are such;
* null for an out-of-band value, since its tag says it;
* a list of attributes for a collection (tag "begCollection");
* an object with the fields of `DateTime`, `Resolution`, `RangeOfInteger` or `StringWithLanguage`;
* {"octets": "00ff"}, in hexadecimal, for an octetString, a value of an unknown tag and the document. A string,
  name or language that is no UTF-8 is written so as well;
* {"malformed": "00ff"} for a `RawValue`, whose octets do not fit the tag.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
)
from ippfast.tags import describe_tag

__all__ = ["ShapeError", "from_json", "to_json"]

# What JSON gives and takes; every use of it is checked here.
_JSON = Any

_FIELDS: dict[int, Any] = {
    ValueTag.DATE_TIME: DateTime,
    ValueTag.RESOLUTION: Resolution,
    ValueTag.RANGE_OF_INTEGER: RangeOfInteger,
    ValueTag.TEXT_WITH_LANGUAGE: StringWithLanguage,
    ValueTag.NAME_WITH_LANGUAGE: StringWithLanguage,
}
_STRINGS = frozenset(tag for tag in ValueTag if 0x40 <= tag < 0x4A)
_OUT_OF_BAND = {member.value: member for member in OutOfBand}
_GROUP_TAGS = {tag.keyword: tag for tag in DelimiterTag}
_VALUE_TAGS = {tag.keyword: tag for tag in ValueTag}
_KEYS = {"version", "code", "request-id", "groups"}

_T = TypeVar("_T")


class ShapeError(ValueError):
    """JSON that is not in the shape of a message; says where."""

    def __init__(self, where: str, expected: str, found: object) -> None:
        super().__init__(where, expected, found)
        self.where = where
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        found = ascii(self.found)
        return f"{self.where}: expected {self.expected}, got {found if len(found) <= 60 else found[:57] + '...'}"


def to_json(message: Message, document: bytes | None = None) -> str:
    """A message, and document data where there is any to keep, as JSON in ASCII with one attribute a line."""
    version = ".".join(map(str, message.version))
    groups = ",\n  ".join([_group_to_json(group) for group in message.groups])
    end = "" if document is None else f',\n "document": {json.dumps(_octets_to_json(document))}'
    return (
        f'{{"version": "{version}", "code": {message.code}, "request-id": {message.request_id},\n'
        f' "groups": [\n  {groups}]{end}}}'
    )


def _group_to_json(group: AttributeGroup) -> str:
    attributes = ",\n   ".join([json.dumps(_attribute_to_json(attribute)) for attribute in group])
    return f'{{"tag": {json.dumps(_tag_to_json(group.tag))}, "attributes": [\n   {attributes}]}}'


def _attribute_to_json(attribute: Attribute) -> _JSON:
    values = [
        {"tag": _tag_to_json(tag), "value": _value_to_json(value)}
        for tag, value in zip(attribute.tags, attribute.values, strict=True)
    ]
    return {"name": _string_to_json(attribute.name), "values": values}


def _tag_to_json(tag: DelimiterTag | ValueTag | int) -> str | int:
    return tag.keyword if isinstance(tag, (DelimiterTag, ValueTag)) else tag


def _octets_to_json(octets: bytes) -> _JSON:
    return {"octets": octets.hex()}


def _string_to_json(string: str) -> _JSON:
    try:
        string.encode("utf-8")
    except UnicodeEncodeError:  # surrogates, which JSON could not carry everywhere
        return _octets_to_json(string.encode("utf-8", "surrogateescape"))
    return string


def _value_to_json(value: object) -> _JSON:
    if isinstance(value, str):
        return _string_to_json(value)
    if isinstance(value, bytes):
        return _octets_to_json(value)
    if isinstance(value, OutOfBand):
        return None
    if isinstance(value, Collection):
        return [_attribute_to_json(member) for member in value]
    if isinstance(value, RawValue):
        return {"malformed": value.data.hex()}
    if isinstance(value, (DateTime, Resolution, RangeOfInteger, StringWithLanguage)):
        return {name: _value_to_json(field) for name, field in value._asdict().items()}
    return value  # an int or bool


def from_json(text: str | bytes) -> tuple[Message, bytes]:
    """The message and its document data, b"" where the JSON has none.

    Raises ShapeError for JSON of another shape, and ValueError for text that is no JSON. Whether the values fit
    their tags is for `encode` to say.
    """
    try:
        data = json.loads(text)
        given = _object(data, "the message", _KEYS, frozenset(["document"]))
        version = _of(given["version"], "version", str)
        match = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})", version)
        if match is None:
            raise ShapeError("version", 'a string such as "2.0"', version)
        message = Message(
            (int(match[1]), int(match[2])),
            _of(given["code"], "code", int),
            _of(given["request-id"], "request-id", int),
            [_group(group, where) for group, where in _each(given["groups"], "groups")],
        )
        return message, _octets(given["document"], "document") if "document" in given else b""
    except RecursionError:
        raise ShapeError("the message", "collections at most 100 deep", "more") from None


def _group(data: _JSON, where: str) -> AttributeGroup:
    given = _object(data, where, {"tag", "attributes"})
    attributes = [_attribute(item, at) for item, at in _each(given["attributes"], f"{where}.attributes")]
    return AttributeGroup(_tag(given["tag"], f"{where}.tag", _GROUP_TAGS), attributes)


def _attribute(data: _JSON, where: str) -> Attribute:
    given = _object(data, where, {"name", "values"})
    tags, values = [], []
    for item, at in _each(given["values"], f"{where}.values"):
        entry = _object(item, at, {"tag", "value"})
        tags.append(_tag(entry["tag"], f"{at}.tag", _VALUE_TAGS))
        values.append(_value(entry["value"], tags[-1], f"{at}.value"))
    return Attribute(_string(given["name"], f"{where}.name"), tags, values)


def _tag(data: _JSON, where: str, names: dict[str, Any]) -> int:
    tag = names.get(data) if isinstance(data, str) else data
    if type(tag) is bool or not isinstance(tag, int) or not 0 <= tag <= 0xFF:
        raise ShapeError(where, "a tag's name or number", data)
    return tag


def _value(data: _JSON, tag: int, where: str) -> Any:
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
            return _string(data, where) if tag in _STRINGS else _octets(data, where)
        if data.keys() == {"malformed"}:
            return RawValue(_hexadecimal(data["malformed"], f"{where}.malformed"))
        kind = _FIELDS.get(tag)
        if kind is not None and data.keys() == set(kind._fields):
            if kind is StringWithLanguage:
                return kind(*[_string(data[field], f"{where}.{field}") for field in kind._fields])
            return kind(**data)
    raise ShapeError(where, f"a value for the tag {describe_tag(tag)}", data)


def _string(data: _JSON, where: str) -> str:
    if isinstance(data, str):
        return data
    return _octets(data, where).decode("utf-8", "surrogateescape")


def _octets(data: _JSON, where: str) -> bytes:
    return _hexadecimal(_object(data, where, {"octets"})["octets"], f"{where}.octets")


def _hexadecimal(data: _JSON, where: str) -> bytes:
    try:
        return bytes.fromhex(_of(data, where, str))
    except ValueError as error:
        if isinstance(error, ShapeError):
            raise
        raise ShapeError(where, "two hexadecimal digits for each octet", data) from None


def _object(data: _JSON, where: str, required: set[str], optional: frozenset[str] = frozenset()) -> dict[str, _JSON]:
    """An object with these keys and no other: a misspelt one shall not be lost in silence."""
    if not isinstance(data, dict) or not required <= data.keys() <= required | optional:
        found = list(data) if isinstance(data, dict) else data
        raise ShapeError(where, f"an object with the keys {', '.join(sorted(required))}", found)
    return data


def _each(data: _JSON, where: str) -> Iterator[tuple[_JSON, str]]:
    """The items of a list, and where each stands."""
    if not isinstance(data, list):
        raise ShapeError(where, "a list", data)
    return ((item, f"{where}[{index}]") for index, item in enumerate(data))


def _of(data: _JSON, where: str, kind: type[_T]) -> _T:
    if not isinstance(data, kind) or isinstance(data, bool):
        raise ShapeError(where, "a string" if kind is str else "an integer", data)
    return data
