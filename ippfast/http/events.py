"""What the connections report: a class for each event, and two sentinels.

The rule of this file: events are plain values and never change.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from ..codec import Message
from ..issues import Issue

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "Buffer",
    "ConnectionClosed",
    "DocumentData",
    "EndOfMessage",
    "Event",
    "Exchange",
    "FurtherMessage",
    "Headers",
    "InformationalResponse",
    "Request",
    "RequestHead",
    "Response",
]

Buffer: TypeAlias = bytes | bytearray | memoryview


class Headers(tuple[tuple[str, str], ...]):
    """Header lines in their order, names in lower case. Octets beyond ASCII appear as ISO 8859-1."""

    __slots__ = ()

    def get(self, name: str) -> str | None:
        """The value of the first line of that name, or None. The name's case does not matter."""
        name = name.lower()
        for key, value in self:
            if key == name:
                return value
        return None

    def get_all(self, name: str) -> list[str]:
        """The value of each line of that name."""
        name = name.lower()
        return [value for key, value in self if key == name]

    def tokens(self, name: str) -> set[str]:
        """The members of a comma-separated list such as Connection, in lower case (RFC 9110 section 5.6.1)."""
        return {token.strip().lower() for value in self.get_all(name) for token in value.split(",")} - {""}


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The head of a request has arrived, perhaps without its body (RFC 9112 sections 3 and 5).

    method: POST, unless the connection takes others too. target: the request-target, as sent. http_version: ``"1.1"``
    or ``"1.0"``. content_length: the length that the client announces; None if it announces none.
    """

    method: str
    target: str
    headers: Headers
    http_version: str
    content_length: int | None


@dataclass(frozen=True, slots=True)
class Request:
    """The message of a request is complete; its document data, if any, follows in `DocumentData`."""

    message: Message
    head: RequestHead


@dataclass(frozen=True, slots=True)
class InformationalResponse:
    """A 1xx response. The final one is still to come (RFC 9110 section 15.2)."""

    status: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class Response:
    """A final response: its message is complete, or it has none. Document data, if any, follows in `DocumentData`.

    status: the HTTP status. message: the IPP response if the status is 200; otherwise None, and the body, for people,
    follows as data (RFC 8010 section 3.4.3). issues: what was repaired in a malformed message.
    """

    status: int
    headers: Headers
    message: Message | None
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came back when a request was sent exactly as it is (`Client.exchange`).

    status: the HTTP status. message: the IPP response; None if there is none, and then text is the beginning of what
    came instead. issues: what was repaired in the message.
    """

    status: int
    headers: Headers
    message: Message | None
    issues: tuple[Issue, ...]
    text: str


@dataclass(frozen=True, slots=True)
class FurtherMessage:
    """Another message of the same response, whose parts come when there are events to report (RFC 3996 section 5.2).

    issues: as for `Response`.
    """

    message: Message
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentData:
    """The next octets of the document, at least one: ``bytes``, or a ``memoryview`` of ``bytes``. They never change."""

    data: Buffer


@dataclass(frozen=True, slots=True)
class EndOfMessage:
    """The body is complete."""


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """Nothing more will come: close the connection."""


class _Sentinel(Enum):
    NEED_DATA = "NEED_DATA"
    PAUSED = "PAUSED"

    def __repr__(self) -> str:
        return self.value


NEED_DATA: Final = _Sentinel.NEED_DATA
"""There is no event before more octets have arrived."""

PAUSED: Final = _Sentinel.PAUSED
"""There is no event before this side has sent what is due."""

Event: TypeAlias = (
    RequestHead
    | Request
    | InformationalResponse
    | Response
    | FurtherMessage
    | DocumentData
    | EndOfMessage
    | ConnectionClosed
    | _Sentinel
)
