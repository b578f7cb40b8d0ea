"""Makes a message of what a broken sender sent: `recover`.

The rule of this file: what `decode` accepts comes back unchanged, but for strings whose language has no length. In
the rest each element is kept that a name can be found for, under that name, and every repair is an `Issue`. The
repaired octets go through `decode`, so what comes back is a message like any other.

One pass, as in the codec (RFC 8010 section 3.1), which mends what it meets:

| what it meets | seen from | what it does |
|---|---|---|
| a collection that never ends | Canon | ends it before the next attribute or group |
| a member outside a collection | Kyocera | takes it into the collection before it, or makes it an attribute |
| a member that is named like an attribute | Pantum | makes it a member |
| a string with language without the value's length | HP | puts the length in |
| a string with language without the language's length | HP | puts the length in |
| begCollection without value-length | Xerox | puts the length in |
| a value without a name before it, a member without a value, an end without a beginning | | leaves it out |
| the end of the data | | keeps what is there of a value, and ends what is open |
"""

import re

from . import registry
from .codec import decode
from .errors import DecodeError
from .issues import RULES, Issue
from .limits import DEFAULT_LIMITS, Limits
from .tags import DELIMITER_TAGS, describe_tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .codec import Message

__all__ = ["recover"]

_BEGIN, _END, _MEMBER, _KEYWORD = 0x34, 0x37, 0x4A, 0x44
_WITH_LANGUAGE = (0x35, 0x36)
_END_TOKEN = b"\x37\x00\x00\x00\x00"
_LONGEST = 0x7FFF
_LANGUAGE = re.compile(rb"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")
# No sender makes so many mistakes; a hostile one could make one every five octets.
_MAX_ISSUES = 10_000


def recover(buffer: "Buffer", *, limits: Limits = DEFAULT_LIMITS) -> "tuple[Message, list[Issue]]":
    """Decode a message however broken it is, and tell what was repaired, in order. No issue: nothing was.

    buffer: as for `decode`, from the first octet of the message on. limits: how much of it is taken; what is over
    them is left out, and that is an issue too.

    Offsets of issues count in `buffer`; those of attributes, in the repaired octets, which `encode` gives.
    Linear in the length of the message. Raises TruncatedError where there are not even the 8 octets of the header,
    and nothing else for what is in the buffer.
    """
    try:
        message = decode(buffer, limits=limits)
    except DecodeError:
        view = memoryview(buffer).cast("B") if memoryview(buffer).c_contiguous else memoryview(bytes(buffer))
        if len(view) < 8:
            raise
        repair = _Repair(bytes(view[: limits.max_octets]), limits, sound=False)
    else:
        if not any(_has_language(group) for group in message.groups):
            return message, []
        repair = _Repair(bytes(memoryview(buffer)), limits, sound=True)
    octets = repair.run()
    return decode(octets, limits=limits), repair.issues
