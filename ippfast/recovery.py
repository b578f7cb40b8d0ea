"""Makes a message of what a broken sender sent: `recover`.

The rule of this file: what `decode` accepts comes back unchanged, except for strings whose language lacks its length,
and for lengths that hide other attributes. Everything else is repaired, as `_repair.py` says. The repaired octets go
through `decode`, so what comes back is a message like any other.
"""

from ._places import Places
from ._repair import Repair
from .codec import IMPLEMENTATION, decode, decode_prefix, encode, walk
from .errors import DecodeError
from .issues import Issue
from .limits import DEFAULT_LIMITS, Limits
from .tags import SIZES
from .values import RawValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .codec import Attribute, Message

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._glance_py import decode_sound
else:
    from ._glance import decode_sound

__all__ = ["recover"]

_SHORT = frozenset((tag, least - 1) for tag, (least, most) in SIZES.items() if least == most > 0)
"""The tags of numbers and times, with the size of a value that lacks one octet."""
_AGAIN = 4
"""How many times at most a repaired message is repaired again."""
_LOOK = 100_000
"""How many octets behind the end of the attributes are searched for tokens that belong before it."""


def recover(buffer: "Buffer", *, limits: Limits = DEFAULT_LIMITS) -> "tuple[Message, list[Issue]]":
    """Decode a message, however broken it is. Also returns what was repaired, in order: nothing, if the list is empty.

    buffer: as for `decode`, from the first octet of the message on. limits: what exceeds them is left out, which is an
    issue too.

    Offsets of issues count in `buffer`; those of attributes, in the repaired octets, which `encode` gives.
    It takes time linear in the length of the message. Raises TruncatedError if there are not even the 8 octets of the
    header, and nothing else for what is in the buffer.
    """
    octets = buffer if type(buffer) is bytes else _copied(buffer, limits.max_octets + 1)
    message = decode_sound(octets, limits)
    return (message, []) if message is not None else _look_closer(octets, limits)


def _copied(buffer: "Buffer", most: int) -> bytes:
    """The first octets of any buffer, at most this many."""
    view = memoryview(buffer)
    # A buffer without octets cannot be cast if it has several dimensions.
    return bytes((view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes()))[:most])


def _look_closer(octets: bytes, limits: Limits) -> "tuple[Message, list[Issue]]":
    """Do what `recover` does, without first glancing at whether there is anything to repair."""
    data = memoryview(octets)
    try:
        message, size = decode_prefix(octets, limits=limits)
    except DecodeError:
        if len(octets) < 8:
            raise
        repair = Repair(data, limits, sound=False)
    else:
        repair = Repair(data[: size + _LOOK], limits, sound=True)
        mended = None if repair.places.are_right() else _mend(message, data, limits)
        if mended is not None:
            return mended
    repaired, issues = repair.run(), repair.issues
    message = decode(repaired, limits=limits)
    for _ in range(_AGAIN):  # what was hidden may itself hide something
        mended = None if Places(repaired).are_right() else _mend(message, memoryview(repaired), limits)
        if mended is None:
            break
        message, more = mended
        issues = issues + more
        repaired = encode(message)
    return message, issues


def _mend(message: "Message", octets: memoryview, limits: Limits) -> "tuple[Message, list[Issue]] | None":
    """Repair a message that `decode` accepts although a wrong length hides part of it; None: it hides nothing.

    A value may have swallowed others, or lack its last octet, which was then taken for a delimiter. Half of a line end
    may have been taken for one, too.
    """
    repair = Repair(octets, limits, sound=False)
    mended = decode(repair.run(), limits=limits)
    if repair.line_feeds:
        return mended, repair.issues
    if any(issue.code in ("stray-octets", "truncated") for issue in repair.issues):
        return None
    more = sum(1 for _ in walk(mended)) > sum(1 for _ in walk(message))
    if more or any(_ends_too_early(list(group)[-1]) for group in message.groups[:-1] if len(group)):
        return mended, repair.issues
    return None


def _ends_too_early(attribute: "Attribute") -> bool:
    """Whether an attribute's last value is a number that lacks its last octet."""
    value, tag = attribute.values[-1], attribute.tags[-1]
    return isinstance(value, RawValue) and (tag, len(value.data)) in _SHORT
