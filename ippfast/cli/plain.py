"""Attributes as the JSON of a command has them.

The rule of this file: each key is an attribute's own name, or has the same form. An enum also has its keyword, under
the name with ``-keyword``; it is null for a number that is not registered.
"""

from typing import Any

from ippfast import AttributeGroup, registry
from ippfast.views import group_to_dict

__all__ = ["plain", "plain_fields"]


def plain(group: AttributeGroup) -> dict[str, Any]:
    """As `group_to_dict`, with the keywords of enums."""
    return _with_keywords(group_to_dict(group), "")


def plain_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a named tuple, with names like those of attributes."""
    return {name.replace("_", "-"): value for name, value in fields.items()}


def _with_keywords(data: dict[str, Any], path: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in data.items():
        place = f"{path}{name}"
        made[name] = _members(value, f"{place}/")
        enum = registry.enum_for(place)
        if enum is not None:
            each = value if isinstance(value, list) else [value]
            words = [getattr(enum.coerce(one), "keyword", None) if isinstance(one, int) else None for one in each]
            made[f"{name}-keyword"] = words if isinstance(value, list) else words[0]
    return made


def _members(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return _with_keywords(value, path)
    if isinstance(value, list):
        return [_members(one, path) for one in value]
    return value
