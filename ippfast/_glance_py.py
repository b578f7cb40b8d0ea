"""The pure twin of `_glance.pyx`. It does not glance: everything is looked at closely.

The rule of this file is that of its twin, for which "look closer" is always a right answer.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .codec import Attribute, AttributeGroup, Collection, Message
    from .limits import Limits

__all__ = ["decode_sound", "doubtful", "head"]


def decode_sound(octets: bytes, limits: "Limits") -> "Message | None":
    """The message at the beginning of these octets, if `recover` would repair nothing in it; None: look closer."""
    return None


def doubtful(
    owner: "AttributeGroup | Collection", request: bool, group: int, path: str = ""
) -> "list[tuple[Attribute, bool, list[int] | None]]":
    """The attributes of a group or collection that must be looked at closely. For each: the attribute; whether one
    before it has its name; and which values are doubtful: a list of their indices, or None for all of them.

    request: whether the message is a request, in which fewer out-of-band values are right. group: the tag of the group.
    path: where the registry describes the members of the collection.
    """
    found: list[tuple[Attribute, bool, list[int] | None]] = []
    seen: set[str] = set()
    for attribute in owner:
        found.append((attribute, attribute.name in seen, None))
        seen.add(attribute.name)
    return found


def head(message: "Message", role: str | None, facts: int) -> "Literal['request', 'response'] | None":
    """The role of a message whose header, groups and first operation attributes are sound; None: look closer.

    role: "request", "response" or None, as it is given to `validate`. facts: what is known of the message's code.
    """
    return None
