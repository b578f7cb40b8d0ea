"""The pure twin of `_plain.pyx`. It has no short way: everything goes the long way.

The rule of this file is that of its twin, for which None ("go the long way") is always a right answer.
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

    any_charset: whether `rare` reads every string, or only those that are not US-ASCII. rare(value): the plain form.
    """
    return None


def to_tagged(group: "AttributeGroup", rare: "Callable[[int, Any], Any]") -> "list[Any] | None":
    """The list that `dictionaries.to_tagged` makes of a group's attributes; None: go the long way.

    rare(tag, value): the plain form of a value, or of a name if the tag is 0.
    """
    return None


def from_tagged(data: "Any", rare: "Callable[[Any, int], Any]") -> "list[Attribute] | None":
    """The attributes of such a list; None: go the long way, which says what is wrong if something is.

    rare(data, tag): the value that an object stands for. If it raises ShapeError, the list goes the long way.
    """
    return None
