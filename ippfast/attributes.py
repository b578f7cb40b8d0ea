"""Python values to attributes: the registry says which syntax a value gets; a wrapper overrules it.

The rule of this file: nothing is guessed and nothing is dropped. A value that the registry does not allow, and a
name that it does not know, raise `RegistryError`, unless a wrapper (`ippfast.wrappers`) says the syntax; then the
registry is not asked.

| syntax | what to give |
|---|---|
| 1setOf | a list of values; a tuple too, if it cannot be a range or resolution |
| integer | an int |
| boolean | a bool |
| enum | an int, a member of the attribute's enum, or its keyword: ``"staple"`` |
| keyword, name, text, uri and the other strings | a str; for text and name also a `StringWithLanguage` |
| keyword or name | a str, which is a keyword if it is registered or has the form of one, otherwise a name |
| octetString | bytes |
| dateTime | an aware ``datetime`` or a `DateTime` |
| rangeOfInteger | ``range(1, 4)``, which is 1 to 3; a pair ``(1, 3)``, both ends included; or a `RangeOfInteger` |
| resolution | a pair in dots per inch, ``(600, 600)``; with units, ``(236, 236, "dpcm")``; or a `Resolution` |
| collection | a mapping of member names to values, or a `Collection` |
| out-of-band | an `OutOfBand`, alone |
"""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache

from . import registry
from ._open_enum import OpenEnum
from .codec import Attribute, Collection
from .errors import RegistryError, describe_value
from .issues import RULES, Severity
from .syntaxes import describe_tagged, is_registered, string_check, value_faults
from .tags import DELIMITER_TAGS, ValueTag
from .values import DateTime, OutOfBand, RangeOfInteger, Resolution, StringWithLanguage
from .wrappers import Tagged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .registry import AttributeSpec

__all__ = ["attribute", "collection"]

# What to give for each syntax.
_FORMS: dict[int, str] = {
    ValueTag.INTEGER: "an int",
    ValueTag.BOOLEAN: "a bool",
    ValueTag.ENUM: "an int or a keyword",
    ValueTag.OCTET_STRING: "bytes",
    ValueTag.DATE_TIME: "an aware datetime",
    ValueTag.RESOLUTION: "a pair such as (600, 600)",
    ValueTag.RANGE_OF_INTEGER: "a range or a pair (lower, upper)",
    ValueTag.BEG_COLLECTION: "a mapping of its members",
}
_TUPLES = {ValueTag.RESOLUTION, ValueTag.RANGE_OF_INTEGER}
_UNITS = {"dpi": 3, "dpcm": 4}
_OVERRULE = " (a wrapper of ippfast.wrappers overrules the registry)"


_NEVER: "tuple[int, Callable[[Any], object]]" = (0, lambda value: False)  # for types that need a closer look


class _Place:
    """Where in a message a value is to stand, for errors."""

    __slots__ = ("group", "path")

    def __init__(self, path: str, group: int | None) -> None:
        self.path = path
        self.group = group

    def refuse(self, expected: str, found: str, index: int | None = None) -> "NoReturn":
        group = None if self.group is None else DELIMITER_TAGS[self.group]
        raise RegistryError(expected, found, group, self.path, index)


def attribute(name: str, value: object, *, group: int | None = None) -> Attribute:
    """Make an attribute from Python values, as the table above says.

    name: the attribute's name. value: its value, or a list of values; an `Attribute` of that name stays as it is.
    group: the delimiter tag of the group that it goes into; a few attributes differ by group.

    Raises RegistryError, which names the attribute, member and index, what is allowed, and what was given.
    """
    if isinstance(value, Attribute):
        if value.name != name:
            _Place(name, group).refuse(f"an Attribute named {name!r}", f"one named {value.name!r}")
        return value
    return _at_once(name, value, name, group) or _make(name, value, _Place(name, group))


def collection(members: Mapping[str, object], *, path: str = "") -> Collection:
    """Make a collection from its members, as the table above says.

    path: where the registry describes them: ``"media-col"``, ``"media-col/media-size"``. Without one, every value
    needs a wrapper.

    Raises RegistryError, as `attribute` does.
    """
    return _collect(members, _Place(path, None))


def _collect(members: "Mapping[Any, object]", place: _Place) -> Collection:
    made = []
    for name, value in members.items():
        if not isinstance(name, str):
            place.refuse("names of members", describe_value(name))
        if isinstance(value, Attribute):
            made.append(attribute(name, value, group=place.group))
        else:
            path = f"{place.path}/{name}".lstrip("/")
            made.append(_at_once(name, value, path, place.group) or _make(name, value, _Place(path, place.group)))
    return Collection(made)


class _Plain:
    """What an attribute or member takes without a closer look: for each plain type a tag and a test."""

    __slots__ = ("kinds", "set")

    def __init__(self, spec: "AttributeSpec") -> None:
        tags = spec.tags
        self.set = spec.set
        self.kinds: dict[type, tuple[int, Callable[[Any], object]]] = {}
        if ValueTag.BOOLEAN in tags:
            self.kinds[bool] = ValueTag.BOOLEAN, lambda value: True
        if ValueTag.ENUM in tags:
            self.kinds[int] = ValueTag.ENUM, lambda value: 1 <= value < 2**31
        elif ValueTag.INTEGER in tags:
            least = -(2**31) if spec.minimum is None else spec.minimum
            most = 2**31 - 1 if spec.maximum is None else spec.maximum
            self.kinds[int] = ValueTag.INTEGER, lambda value: least <= value <= most
        strings = [tag for tag in tags if tag >= ValueTag.TEXT]
        if strings and not (ValueTag.ENUM in tags and spec.enum is not None):
            tag = ValueTag.KEYWORD if {ValueTag.KEYWORD, ValueTag.NAME} <= {*strings} else strings[0]
            self.kinds[str] = tag, string_check(tag, spec)


# Bounded: mappings may nest to any depth, so a program can name any number of paths.
@lru_cache(maxsize=2048)
def _plain(path: str, group: int | None) -> _Plain | None:
    spec = registry.lookup(path, group)
    return None if spec is None else _Plain(spec)


def _at_once(name: str, value: "Any", path: str, group: int | None) -> Attribute | None:
    """The attribute of a plain value that is right, or of a list of them; None: look closer."""
    plain = _plain(path, group)
    if plain is None:
        return None
    if type(value) is not list:
        tag, passes = plain.kinds.get(type(value), _NEVER)
        return Attribute(name, tag, value) if passes(value) else None
    if not value or (len(value) > 1 and not plain.set):
        return None
    tags = []
    for one in value:
        tag, passes = plain.kinds.get(type(one), _NEVER)
        if not passes(one):
            return None
        tags.append(tag)
    return Attribute(name, tags, value)


def _make(name: str, value: object, place: _Place) -> Attribute:
    spec = registry.lookup(place.path, place.group)
    values = _values(value, spec)
    if not values:
        place.refuse("at least one value (RFC 8011 section 5.1.18)", "none")
    if spec is not None and len(values) > 1 and not spec.set and not all(map(_is_explicit, values)):
        place.refuse(f"one value of {spec.syntax}{_OVERRULE}", f"{len(values)} values")
    tagged = [_tagged(one, spec, place, index) for index, one in enumerate(values)]
    for index, (tag, one) in enumerate(tagged):
        if isinstance(one, OutOfBand) and len(tagged) > 1:
            place.refuse("an out-of-band value alone (RFC 8011 section 5.1)", describe_tagged(tag, one), index)
    return Attribute(name, [tag for tag, _ in tagged], [one for _, one in tagged])


def _values(value: object, spec: "AttributeSpec | None") -> "list[Any]":
    if isinstance(value, list):
        return value
    if type(value) is tuple:
        one = spec is not None and not _TUPLES.isdisjoint(spec.tags) and value
        return [value] if one and all(isinstance(item, (int, str)) for item in value) else list(value)
    return [value]


def _is_explicit(value: object) -> bool:
    """Whether a value says its own syntax."""
    return isinstance(value, (Tagged, OutOfBand, Collection, DateTime, RangeOfInteger, Resolution))


def _tagged(value: object, spec: "AttributeSpec | None", place: _Place, index: int) -> "tuple[int, Any]":
    """The tag and the value as they go into the attribute."""
    if isinstance(value, Tagged):
        return value.tag, value.value
    if isinstance(value, OutOfBand):
        return value.value, value
    if spec is None:
        found = _own_syntax(value)
        if found is None:
            place.refuse(_unknown(place.path, value), describe_value(value), index)
        return found
    found = _own_syntax(value) or _convert(value, spec, place, index)
    if found is None:
        forms = " or ".join(dict.fromkeys(_FORMS.get(tag, "a str") for tag in spec.tags))
        place.refuse(f"{spec.syntax} (give {forms}){_OVERRULE}", describe_value(value), index)
    for fault in value_faults(*found, spec):
        if RULES[fault.code].severity is not Severity.INFO:
            place.refuse(fault.expected + _OVERRULE, describe_tagged(*found), index)
    return found


def _unknown(path: str, value: object) -> str:
    """What is expected if the registry does not know the attribute: the words of an error."""
    parent, _, name = path.rpartition("/")
    holders = () if parent else registry.holders(name)
    if holders:
        hint = f" (this one is a member of {' or '.join(holders[:3])})"
    else:
        known = registry.members(parent) if parent else registry.names()
        nearest = [repr(match) for match in get_close_matches(name[:80], known)]
        hint = f" (did you mean {' or '.join(nearest)}?)" if nearest else ""
    kind = "member" if parent else "name"
    wrapped = "collection({...})" if isinstance(value, Mapping) else "Keyword(...)"
    return f"a {kind} that the registry knows{hint}, or a value that says its syntax, such as {wrapped}"


def _own_syntax(value: object) -> "tuple[int, Any] | None":
    """The tag of a value whose type stands for one syntax alone."""
    if isinstance(value, Collection):
        return ValueTag.BEG_COLLECTION, value
    if isinstance(value, DateTime):
        return ValueTag.DATE_TIME, value
    if isinstance(value, RangeOfInteger):
        return ValueTag.RANGE_OF_INTEGER, value
    if isinstance(value, Resolution):
        return ValueTag.RESOLUTION, value
    return None


def _convert(value: object, spec: "AttributeSpec", place: _Place, index: int) -> "tuple[int, Any] | None":
    """The tag that the registry gives a plain Python value, and the value in its wire form; None: it fits none."""
    tags = spec.tags
    found: tuple[int, Any] | None = None
    if isinstance(value, bool):
        found = ValueTag.BOOLEAN, value
    elif isinstance(value, int):
        found = _from_int(value, spec)
    elif isinstance(value, str):
        found = _from_str(value, spec, place, index)
    elif isinstance(value, (bytes, bytearray)):
        found = ValueTag.OCTET_STRING, bytes(value)
    elif isinstance(value, datetime):
        if value.utcoffset() is not None:
            found = ValueTag.DATE_TIME, DateTime.from_datetime(value)
    elif isinstance(value, StringWithLanguage):
        with_text = ValueTag.TEXT in tags
        return (ValueTag.TEXT_WITH_LANGUAGE if with_text else ValueTag.NAME_WITH_LANGUAGE), value
    elif isinstance(value, range):
        if value.step == 1 and len(value):
            found = ValueTag.RANGE_OF_INTEGER, RangeOfInteger(value[0], value[-1])
    elif type(value) is tuple:
        found = _from_tuple(value, spec)
    elif isinstance(value, Mapping) and ValueTag.BEG_COLLECTION in tags:
        found = ValueTag.BEG_COLLECTION, _collect(value, place)
    return found if found is not None and found[0] in tags else None


def _from_int(value: int, spec: "AttributeSpec") -> "tuple[int, Any] | None":
    if ValueTag.ENUM not in spec.tags:
        return (ValueTag.INTEGER, int(value)) if -(2**31) <= value < 2**31 else None
    # A member of another enum is a mistake, whatever its number.
    if isinstance(value, OpenEnum) and spec.enum is not None and not isinstance(value, spec.enum):
        return None
    return (ValueTag.ENUM, int(value)) if value < 2**31 else None


def _from_str(value: str, spec: "AttributeSpec", place: _Place, index: int) -> "tuple[int, Any] | None":
    tags = spec.tags
    if ValueTag.ENUM in tags and spec.enum is not None:
        try:
            return ValueTag.ENUM, int(spec.enum.from_keyword(value))
        except ValueError as error:
            place.refuse(f"a number or keyword of {spec.enum.__name__}{_OVERRULE}", str(error), index)
    if ValueTag.KEYWORD in tags and ValueTag.NAME in tags:
        # RFC 8011 section 5.1.3: a name never matches a keyword, so the choice matters.
        registered = spec.keywords and value and is_registered(value, spec)
        keyword = registered or not list(value_faults(ValueTag.KEYWORD, value, None))
        return (ValueTag.KEYWORD if keyword else ValueTag.NAME), value
    strings = [tag for tag in tags if tag >= ValueTag.TEXT]
    return (strings[0], value) if strings else None


def _from_tuple(value: "tuple[Any, ...]", spec: "AttributeSpec") -> "tuple[int, Any] | None":
    if len(value) == 3 and isinstance(value[2], str):
        value = (*value[:2], _UNITS.get(value[2], value[2]))
    if not all(type(item) is int and -(2**31) <= item < 2**31 for item in value):
        return None
    if ValueTag.RESOLUTION in spec.tags:
        return (ValueTag.RESOLUTION, Resolution(*value)) if 2 <= len(value) <= 3 else None
    return (ValueTag.RANGE_OF_INTEGER, RangeOfInteger(*value)) if len(value) == 2 else None
