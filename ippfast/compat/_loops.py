"""The loops over attributes that the shims spend their time in, written once for both twins.

The rule of this file: it serves both twins as `ippfast/_message.py` does. The interpreter runs it as it is, and it
is compiled as `_loops_c`, where `_loops_c.pxd` gives C types. It does what messages are full of: strings in ASCII,
integers, booleans and collections, one or several. For the rest a caller gives functions.
"""

from ippfast import _directives as cython
from ippfast.codec import Collection

if False:  # seen by the compiler alone
    import cython  # type: ignore[no-redef]
if not cython.compiled:
    is_ascii = str.isascii  # in C a look at the string, without a call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ippfast import Attribute, AttributeGroup

__all__ = ["read_attributes", "read_group"]


def read_attributes(
    owner: "AttributeGroup | Collection",
    enums: "Mapping[str, Any]",
    last: bool,
    converters: "dict[type, Callable[[Any], Any]]",
    other: "Callable[[Attribute, bool], Any]",
    odd: "Callable[[Any], dict[str, Any]]",
) -> "dict[str, Any]":
    """The attributes of a group, or the members of a collection, as a dictionary of their values; several are a list.

    enums: by name, the enum whose members replace the numbers of an enum attribute.
    last: of a member's values only the last is kept, and `converters` are not used for lists.
    converters: by type, a function that converts one value.
    other: converts the values of an attribute that is not converted here; its second argument: whether it is a member.
    odd: makes the whole dictionary if a name is not in ASCII, or comes again.
    """
    member = last and type(owner) is Collection
    made: dict[str, Any] = {}
    count = 0
    for attribute in owner:
        name: str = attribute._name
        values = attribute._values
        kind = type(values)
        count += 1
        found: Any = None
        if not is_ascii(name):
            return odd(owner)
        if kind is str:
            if is_ascii(values):
                found = values
        elif kind is int:
            found = values
            if name in enums and attribute._tag == 0x23:
                found = getattr(enums[name], "_value2member_map_", _NO_MEMBERS).get(values)
        elif kind is Collection:
            found = read_attributes(values, enums, last, converters, other, odd)
        elif kind is bool:
            found = values
        elif kind is tuple and attribute._tags is None:
            found = several(attribute, enums, last, converters, other, odd)
            if found is not None and member:
                found = found[-1]
        elif kind in converters:
            found = converters[kind](values)
        made[name] = other(attribute, member) if found is None else found
    return odd(owner) if len(made) != count else made


_NO_MEMBERS: "dict[int, Any]" = {}


def several(
    attribute: "Attribute",
    enums: "Mapping[str, Any]",
    last: bool,
    converters: "dict[type, Callable[[Any], Any]]",
    other: "Callable[[Attribute, bool], Any]",
    odd: "Callable[[Any], dict[str, Any]]",
) -> "list[Any] | None":
    """The values under one tag as a list; None if they are not converted here."""
    values = attribute._values
    tag = attribute._tag
    if tag == 0x34:
        for value in values:
            if type(value) is not Collection:
                return None
        found: list[Any] = []
        for value in values:
            found.append(read_attributes(value, enums, last, converters, other, odd))
        return found
    if tag == 0x23 and attribute._name in enums:
        members = getattr(enums[attribute._name], "_value2member_map_", _NO_MEMBERS)
        found = []
        for value in values:
            found.append(members.get(value))
        return None if None in found else found
    kind = type(values[0])
    if not last and kind in converters:
        converter = converters[kind]
        for value in values:
            if type(value) is not kind:
                return None
        found = []
        for value in values:
            found.append(converter(value))
        return found
    return plain(values)


def plain(values: "tuple[Any, ...]") -> "list[Any] | None":
    """The values as a list, if all are strings in ASCII or all are integers; else None."""
    kind = type(values[0])
    if kind is str:
        for value in values:
            if not is_ascii(value):
                return None
    elif kind is int:
        for value in values:
            if type(value) is not int:
                return None
    else:
        return None
    return list(values)


def read_group(
    group: "AttributeGroup",
    make: "type[object]",
    tags: "list[Any]",
    keep: bool,
    converters: "dict[type, Callable[[Any], Any]]",
    values_of: "Callable[[Attribute], list[Any]]",
    other: "Callable[[Attribute, bool], Any]",
    odd: "Callable[[Any], dict[str, Any]]",
) -> "list[Any]":
    """The attributes of a group as objects with a ``name``, a ``tag`` and a list of ``values``.

    make: their class, whose objects are made without a call. tags: by octet, the library's tag. keep: whether an object
    keeps its `Attribute` as ``_sent``, unless that has only strings in ASCII, integers or booleans. values_of: converts
    the values that are not converted here. converters, other, odd: as in `read_attributes`.
    """
    made = []
    for attribute in group:
        name: str = attribute._name
        values = attribute._values
        kind = type(values)
        simple = is_ascii(name)
        found: list[Any] | None = None
        if kind is str:
            if is_ascii(values):
                found = [values]
        elif kind is int or kind is bool:
            found = [values]
        elif kind is Collection:
            found = [read_attributes(values, _NO_ENUMS, False, converters, other, odd)]
            simple = False
        elif kind is tuple and attribute._tags is None:
            found = several(attribute, _NO_ENUMS, False, converters, other, odd)
            simple = simple and type(values[0]) in _SIMPLE
        elif kind in converters:
            found = [converters[kind](values)]
            simple = False
        if found is None:
            found = values_of(attribute)
            simple = False
        one: Any = make.__new__(make)  # quicker than a call
        one.name = name if is_ascii(name) else name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        one.tag = tags[attribute._tag]
        one.values = found
        if keep and not simple:
            one._sent = attribute
        made.append(one)
    return made


_NO_ENUMS: "dict[str, Any]" = {}
_SIMPLE = (str, int)
