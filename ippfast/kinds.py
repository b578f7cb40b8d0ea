"""Whether a message is a request or a response.

The rule of this file: a message does not say it (RFC 8010 section 3.1.1), so unless HTTP says it, it is a guess.
"""

from .codec import Message
from .enums import Operation, Status
from .tags import DelimiterTag
from .targets import TARGETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    Kind: TypeAlias = Literal["request", "response"]

__all__ = ["guess_kind"]


def guess_kind(message: Message) -> "Kind":
    """Guess whether a message without HTTP is a request or a response.

    The code decides if it is either an operation-id or a status-code. If it is both, such as 0x0002 (Print-Job), or
    neither, the operation attributes decide: only a request names its target there (RFC 8011 section 4.1.5).
    Vendors' operations begin at 0x4000 (RFC 8011 section 5.4.15).
    """
    operation = isinstance(message.operation, Operation) or 0x4000 <= message.code <= 0x7FFF
    status = isinstance(message.status, Status)
    if operation != status:
        return "request" if operation else "response"
    groups = message.groups_of(DelimiterTag.OPERATION)
    return "request" if any(target in group for group in groups for target in TARGETS) else "response"
