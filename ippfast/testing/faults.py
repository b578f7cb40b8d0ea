"""What a printer under test does wrong when it is told to: it is slow, refuses, breaks connections, answers nonsense.

The rule of this file: a fault is a value. It says for which operation it is and how often; what it does, it does to one
request through its `Exchange`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from ippfast.codec import Message, encode
from ippfast.enums import Operation, Status
from ippfast.http import IncomingRequest, Refusal
from ippfast.http.incoming import Parts, Reply
from ippfast.requests import response

__all__ = ["Alter", "Break", "Fault", "Garble", "Handled", "Refuse", "RefuseHTTP", "Slow", "Wire"]

Handled = Message | Reply | Parts
"""The answer that a handler returns."""


class Wire(Protocol):
    """The connection that a request came on."""

    def cut(self, octets: int) -> None:
        """Let this many octets of the answer pass, and reset the connection then."""

    def answer(self, octets: bytes) -> None:
        """Send these octets instead of the answer, and close the connection."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What all faults have. operation: such as "Print-Job"; None: any. times: for how many requests; None: all."""

    operation: str | None = None
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.operation is not None:
            Operation.from_keyword(self.operation)  # raises ValueError, and names the nearest
        if self.times is not None and self.times < 1:
            raise ValueError("times is 1 or more, or None")

    def concerns(self, message: Message) -> bool:
        """Whether it is for a request."""
        return self.operation is None or message.code == Operation.from_keyword(self.operation)

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """Carry out a request with the fault. handle: carries it out without."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Slow(Fault):
    """The answer takes this many seconds; less if the client leaves."""

    seconds: float

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """As `Fault.apply`."""
        answer = handle()
        end = time.monotonic() + self.seconds
        while (left := end - time.monotonic()) > 0 and not incoming.gone():
            time.sleep(min(0.05, left))
        return answer


@dataclass(frozen=True, kw_only=True)
class Refuse(Fault):
    """The answer is an IPP status, and nothing is done."""

    status: str = "server-error-busy"

    def __post_init__(self) -> None:
        super().__post_init__()
        Status.from_keyword(self.status)

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """As `Fault.apply`."""
        return response(incoming.message, Status.from_keyword(self.status))


@dataclass(frozen=True, kw_only=True)
class RefuseHTTP(Fault):
    """The answer is an HTTP status without IPP, and nothing is done. headers: further lines, such as Retry-After."""

    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """As `Fault.apply`."""
        raise Refusal(self.status, "refused for a test", headers=self.headers)


@dataclass(frozen=True, kw_only=True)
class Break(Fault):
    """The connection is reset: after octets of the answer, or of the document (upload), which is not taken."""

    octets: int = 0
    upload: bool = False

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """As `Fault.apply`."""
        if not self.upload:
            answer = handle()
            wire.cut(self.octets)
            return answer
        incoming.document.read(self.octets)
        wire.cut(0)
        return response(incoming.message, Status.SERVER_ERROR_INTERNAL_ERROR)


@dataclass(frozen=True, kw_only=True)
class Garble(Fault):
    """The request is carried out, and the answer is no good.

    how: "truncated" in the middle; "empty"; "page": HTML; "request-id", "version": another one; or octets in the place
    of the message.
    """

    how: Literal["truncated", "empty", "page", "request-id", "version"] | bytes = "truncated"

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """As `Fault.apply`."""
        answer = handle()
        message = answer if isinstance(answer, Message) else getattr(answer, "message", None)
        octets = encode(message) if isinstance(message, Message) else b""
        kind = "application/ipp"
        if isinstance(self.how, bytes):
            octets = self.how
        elif self.how == "truncated":
            octets = octets[: len(octets) // 2]
        elif self.how == "empty":
            octets = b""
        elif self.how == "page":
            octets, kind = b"<!DOCTYPE html><title>Welcome</title>", "text/html"
        elif self.how == "request-id":
            octets = octets[:4] + bytes([octets[4] ^ 0x40]) + octets[5:]
        else:
            octets = b"\x09\x09" + octets[2:]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(octets)}\r\nConnection: close\r\n\r\n"
        wire.answer(head.encode("ascii") + octets)
        return answer


@dataclass(frozen=True, kw_only=True)
class Alter(Fault):
    """The answer is what a function makes of it: without an attribute, with another value, with a vendor's oddity."""

    function: Callable[[Message], Message]

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """As `Fault.apply`."""
        answer = handle()
        return self.function(answer) if isinstance(answer, Message) else answer
