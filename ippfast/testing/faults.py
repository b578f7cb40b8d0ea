"""The faults that a printer for tests makes on request: it is slow, refuses, breaks connections or sends nonsense.

The rule of this file: a fault is a value. It says for which operation it is and how often, and acts on one request at a
time, through `Wire`.
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
    """The connection of a request."""

    def cut(self, octets: int) -> None:
        """Let this many octets of the answer pass, then reset the connection."""

    def answer(self, octets: bytes) -> None:
        """Send these octets instead of the answer, then close the connection."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What all faults have. operation: such as "Print-Job"; None: any. times: the number of requests; None: all."""

    operation: str | None = None
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.operation is not None:
            Operation.from_keyword(self.operation)  # raises ValueError that names the nearest keyword
        if self.times is not None and self.times < 1:
            raise ValueError("times must be 1 or more, or None")

    def concerns(self, message: Message) -> bool:
        """Whether the fault is for this request."""
        return self.operation is None or message.code == Operation.from_keyword(self.operation)

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """Carry out a request with the fault. handle: carries it out without the fault."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Slow(Fault):
    """The answer takes this many seconds, or less if the client disconnects."""

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
    """The answer is only an IPP status; the request is not carried out."""

    status: str = "server-error-busy"

    def __post_init__(self) -> None:
        super().__post_init__()
        Status.from_keyword(self.status)

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """As `Fault.apply`."""
        return response(incoming.message, Status.from_keyword(self.status))


@dataclass(frozen=True, kw_only=True)
class RefuseHTTP(Fault):
    """The answer is an HTTP status without IPP; the request is not carried out. headers: further ones, such as
    Retry-After."""

    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """As `Fault.apply`."""
        raise Refusal(self.status, "refused for a test", headers=self.headers)


@dataclass(frozen=True, kw_only=True)
class Break(Fault):
    """The connection is reset after some octets of the answer, or, with upload, of the document; then there is no
    job."""

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
    """The request is carried out, but the answer is unusable.

    how: "truncated": only its first half is sent; "empty": without a message; "page": HTML; "request-id", "version": a
    wrong one; or octets instead of the message.
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
    """A function changes the answer: it removes an attribute, changes a value, or imitates a vendor's fault."""

    function: Callable[[Message], Message]

    def apply(self, incoming: IncomingRequest, wire: Wire, handle: Callable[[], Handled]) -> Handled:
        """As `Fault.apply`."""
        answer = handle()
        return self.function(answer) if isinstance(answer, Message) else answer
