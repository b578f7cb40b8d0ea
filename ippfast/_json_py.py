"""The pure twin of what writes a message as JSON.

The rule of this file: it says what `_json.pyx` says, octet for octet.
"""

import json

from .codec import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .limits import Limits

__all__ = ["to_json"]


def to_json(buffer: "Buffer", *, lossless: bool = False, limits: "Limits | None" = None) -> bytes:
    """A message as JSON: the octets of ``json.dumps(decode(buffer).to_dict(tags=lossless))``, which are ASCII.

    buffer, limits: as for `decode`, which says the same of what is no message. lossless: in the shape that
    `Message.from_dict` makes the message of again, octet for octet; otherwise in that for reading.
    """
    return json.dumps(decode(buffer, limits=limits).to_dict(tags=bool(lossless))).encode()
