"""How large a conversation may be, and how long to wait, before it is given up.

The rule of this file: whatever a peer can make large or slow has a bound, and its default is safe for a server that
does not know its clients.
"""

from dataclasses import dataclass
from typing import Self

from ..limits import DEFAULT_LIMITS, REQUEST_LIMITS, Limits

__all__ = ["HTTPLimits", "Timeouts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPLimits:
    """The bounds of one connection. All sizes are octets; None means no bound. Raises ValueError for a negative one.

    message: the bounds of the IPP message, see `ippfast.Limits`.
    head: the request or status line and the header lines together. header_lines: how many header lines.
    target: the request-target.
    chunk_line: the line that gives a chunk's size. trailers: the trailer section of a chunked body.
    document: the document data, after decompression.
    decompressed: the document data, if it came compressed. decompression_ratio: how many times its compressed size that
    may be, once it is larger than a mebibyte.
    drain: how much of an unwanted body is read in order to keep the connection.
    informational: how many responses with a status of 1xx may come before the final one.

    The rest is for servers only. connections: how many at once; for one more, the connection that has been idle longest
    is closed; if none is idle, the new one waits. connections_per_host: from one address; any more are closed at once.
    keep_alive: seconds until the next request begins. head_time: seconds until the head and the message are complete,
    from their first octet. idle: seconds in which at least one octet must come or go. rate: how many octets a second a
    body must bring, and a client must take of its response, on the average, once either has been waited for ten
    seconds; 0 means any rate. rest: seconds in which at least one octet of a document must come, instead of `idle` and
    `rate`; None: these count.
    """

    message: Limits = REQUEST_LIMITS
    head: int = 16_384
    header_lines: int = 64
    target: int = 2_048
    chunk_line: int = 256
    trailers: int = 4_096
    document: int | None = None
    decompressed: int | None = 1024 * 1024 * 1024
    decompression_ratio: int | None = 100
    drain: int = 65_536
    informational: int = 1_000
    connections: int = 100
    connections_per_host: int = 20
    keep_alive: float = 10.0
    head_time: float = 10.0
    idle: float = 30.0
    rate: int = 1_024
    rest: float | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, int | float) and value < 0:
                raise ValueError(f"{name} is at least 0, not {value!r}")

    @classmethod
    def for_client(cls) -> Self:
        """The defaults for reading a printer's answers, which are larger than requests."""
        return cls(message=DEFAULT_LIMITS, header_lines=128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a client waits, in seconds; None means for ever.

    The defaults are for real printers: a sleeping Canon takes 18 seconds to wake, an HP asks for 240 to answer a
    Print-Job. Each time-out counts for its own phase, so a large document has all the time that it needs.

    connect: for the connection, with its TLS handshake. first_octet: for the response, once the request is sent.
    answer: for the response's head and message to be complete, once its first octet has come.
    idle: for any octet to come or go while the request or its response is on the way.
    continue_: for a 100 (Continue) that was asked for. After it, the document is sent anyway (RFC 9110 section 10.1.1).
    """

    connect: float | None = 30.0
    first_octet: float | None = 300.0
    answer: float | None = 300.0
    idle: float | None = 60.0
    continue_: float = 1.0
