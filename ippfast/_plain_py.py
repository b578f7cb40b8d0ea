"""The pure twin of `_plain.pyx`: it has no short way, so everything goes the long one.

The rule of this file: that of its twin, of which None is always a right answer.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .codec import Attribute, AttributeGroup

__all__ = ["from_tagged", "to_plain", "to_tagged"]


def to_plain(
    group: "AttributeGroup", tag: int, any_charset: bool, rare: "Callable[[Any], Any]"
) -> "dict[str, Any] | None":
    """The dictionary that `views.group_to_dict` makes of a group under a tag; None: go the long way.

    any_charset: whether every string is `rare`, not only what is no US-ASCII. rare(value): the plain form.
    """
    return None


def to_tagged(group: "AttributeGroup", rare: "Callable[[int, Any], Any]") -> "list[Any] | None":
    """The list that `dictionaries.to_tagged` makes of a group's attributes; None: go the long way.

    rare(tag, value): the plain form of a value; of a name, under the tag 0.
    """
    return None


def from_tagged(data: "Any", rare: "Callable[[Any, int], Any]") -> "list[Attribute] | None":
    """The attributes of such a list; None: go the long way, which finds the words if something is wrong.

    rare(data, tag): the value of an object. What it raises ShapeError for goes the long way.
    """
    return None
