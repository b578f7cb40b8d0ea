"""The values of attributes as pycups gives them in dictionaries, and the losses that it has there.

The rule of this file: if the library gives the value, ours is the same. If it gives a placeholder instead, as for
dates, octetStrings and collections, ours is the value, or with ``quirks`` the placeholder.
"""

from typing import Any

from ... import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
)
from ...tags import ValueTag
from .._twin import read_attributes

__all__ = ["all_values", "group_values", "one_or_all", "value_of"]

_SHOWN = frozenset(
    {
        ValueTag.NAME,
        ValueTag.TEXT,
        ValueTag.KEYWORD,
        ValueTag.URI,
        ValueTag.CHARSET,
        ValueTag.MIME_MEDIA_TYPE,
        ValueTag.NATURAL_LANGUAGE,
        ValueTag.INTEGER,
        ValueTag.ENUM,
        ValueTag.BOOLEAN,
        ValueTag.RANGE_OF_INTEGER,
        ValueTag.RESOLUTION,
        ValueTag.NO_VALUE,
    }
)


def value_of(tag: int, value: Any, *, quirks: bool = False) -> Any:
    """A value under its tag: str, int, bool, a pair for a range, three ints for a resolution, None for no-value.

    Beyond the library: an aware datetime for a dateTime (a `DateTime` if there is no such date), bytes for an
    octetString and other octets, a dictionary for a collection, None for every out-of-band value.
    """
    if quirks and tag == ValueTag.DATE_TIME:
        return "(IPP_TAG_DATE)"
    if quirks and tag not in _SHOWN:
        return f"(unknown IPP value tag 0x{tag:x})"
    if isinstance(value, (RangeOfInteger, Resolution)):
        return tuple(value)
    if isinstance(value, OutOfBand):
        return None
    if isinstance(value, StringWithLanguage):
        return value.string
    if isinstance(value, RawValue):
        return value.data
    if isinstance(value, DateTime):
        try:
            return value.to_datetime()
        except ValueError:
            return value
    if isinstance(value, Collection):
        return {member.name: one_or_all(member) for member in value}
    return value


def all_values(attribute: Attribute, *, quirks: bool = False) -> list[Any]:
    """All values of an attribute."""
    return [value_of(tag, value, quirks=quirks) for tag, value in zip(attribute.tags, attribute.values, strict=True)]


def one_or_all(attribute: Attribute, *, quirks: bool = False) -> Any:
    """The value if there is one, a list if there are several."""
    values = all_values(attribute, quirks=quirks)
    return values[0] if len(values) == 1 else values


def group_values(group: AttributeGroup, *, quirks: bool = False) -> dict[str, Any]:
    """The attributes of a group by name, each with its value or a list of its values, by the compiled loop of the
    shims.

    A uriScheme becomes a string here, which the library does not show: so this is for groups without one, such as jobs.
    """

    def other(attribute: Attribute, member: bool) -> Any:
        return one_or_all(attribute, quirks=quirks)

    def odd(owner: Any) -> dict[str, Any]:
        return {each.name: one_or_all(each, quirks=quirks) for each in owner}

    made = read_attributes(group, {}, False, {}, other, odd)
    if quirks:
        for name, value in made.items():
            if type(value) is dict or (type(value) is list and type(value[0]) is dict):
                made[name] = one_or_all(group[name], quirks=True)
    return made
