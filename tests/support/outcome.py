"""What a call came to, in a form in which the twins can be compared; and messages made again from their parts.

The rule of this file: two outcomes are equal only where every type in them is the same, all the way down, and every
exception has the same class, arguments and words. The four classes that each twin has for itself count by name.
"""

from collections.abc import Callable, Iterator
from typing import Any

from implementations import Implementation

from ippfast import Attribute, AttributeGroup, Collection, Message

__all__ = ["attributes_of", "normal", "outcome", "rebuild"]

_NAMED = ("Attribute", "AttributeGroup", "Collection", "Message")


def _is_model(value: object) -> bool:
    return type(value).__name__ in _NAMED and type(value).__module__.startswith("ippfast.")


def normal(value: Any) -> Any:
    """`value` as nested tuples of types and plain values."""
    if _is_model(value):
        return _model(value)
    if isinstance(value, BaseException):
        fields = sorted(vars(value).items())
        return (type(value), normal(value.args), normal(str(value)), normal(fields), getattr(value, "status", None))
    if isinstance(value, (tuple, list)):
        return (type(value), *map(normal, value))
    if isinstance(value, (set, frozenset)):
        return (type(value), frozenset(map(normal, value)))
    if isinstance(value, dict):
        return (dict, *[(normal(key), normal(item)) for key, item in value.items()])
    if isinstance(value, type):
        return (type, value.__name__)
    return (type(value), value)


def _model(value: Any) -> Any:
    kind = type(value).__name__
    if kind == "Message":
        header = (value.version, value.code, value.request_id)
        return (kind, normal(header), normal(value.groups))
    if kind == "AttributeGroup":
        return (kind, normal(value.tag), *map(_model, value))
    if kind == "Collection":
        return (kind, *map(_model, value))
    tags = (normal(value.tag), normal(value.tags))
    return (kind, normal(value.name), *tags, normal(value.values), normal(value.offset))


def outcome(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What a call returns or raises."""
    try:
        result = function(*arguments, **named)
    except Exception as error:
        return ("raised", normal(error))
    return ("returned", normal(result))


def rebuild(codec: Implementation, value: Any) -> Any:
    """The same message, group, attribute or collection, made from its parts with the classes of this twin."""
    kind = type(value).__name__ if _is_model(value) else None
    if kind == "Message":
        groups = [rebuild(codec, group) for group in value.groups]
        return codec.Message(value.version, value.code, value.request_id, groups)
    if kind == "AttributeGroup":
        return codec.AttributeGroup(value.tag, [rebuild(codec, attribute) for attribute in value])
    if kind == "Collection":
        return codec.Collection([rebuild(codec, attribute) for attribute in value])
    if kind == "Attribute":
        return codec.Attribute(value.name, value.tags, [rebuild(codec, each) for each in value.values])
    return value


def attributes_of(owner: "Message | AttributeGroup | Collection") -> Iterator[Attribute]:
    """Every attribute of a message, group or collection, and every member attribute below them, in their order."""
    parts: Any = owner.groups if hasattr(owner, "groups") else [owner]
    for part in parts:
        for attribute in part:
            yield attribute
            for value in attribute.values:
                if type(value).__name__ == "Collection":
                    yield from attributes_of(value)
