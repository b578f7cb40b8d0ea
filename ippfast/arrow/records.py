"""A message as a source gives it, with what is known of where it comes from.

The rule of this file: octets that others could write to are copied before anything is found out about them.
"""

from collections import namedtuple

from ..limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Literal

    from typing_extensions import Buffer

__all__ = ["Record", "octets_of"]


class Record(
    namedtuple(
        "Record",
        "octets source offset time peer direction kind fault",
        defaults=(None, 0, None, None, None, None, None),
    )
):
    """Octets that may be a message, and what their source says of them.

    octets: a buffer that begins with the message; document data may follow. source: a file's path, or what else names
    it. offset: where in that the message begins. time: when it was captured, an aware datetime or microseconds since
    1970. peer: the address and port of the client. direction: "to-server" or "to-client". kind: "request" or
    "response", or None to guess. fault: why there is no whole message, in words.
    """

    __slots__ = ()
    octets: "Buffer"
    source: str | None
    offset: int
    time: "datetime | int | None"
    peer: str | None
    direction: "Literal['to-server', 'to-client'] | None"
    kind: "Literal['request', 'response'] | None"
    fault: str | None


def octets_of(buffer: "Buffer", limits: Limits) -> bytes:
    """A buffer's octets as bytes: no more than a message may have and one, which shows that it is too large."""
    if type(buffer) is bytes:
        return buffer
    view = memoryview(buffer)
    with view if view.c_contiguous else memoryview(view.tobytes()) as whole, whole.cast("B") as octets:
        return bytes(octets[: limits.max_octets + 1])
