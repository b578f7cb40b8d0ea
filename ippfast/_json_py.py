"""The pure twin's `to_json`: a message as JSON.

The rule of this file: it writes what `_json.pyx` writes, octet for octet.
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

    buffer, limits: as for `decode`. lossless: whether to write the shape of which `Message.from_dict` makes the same
    message again, octet for octet, or the shape for reading. Raises what `decode` raises.
    """
    return json.dumps(decode(buffer, limits=limits).to_dict(tags=bool(lossless))).encode()
