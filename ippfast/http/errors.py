"""Every exception of the transport.

The rule of this file: an error says what the peer did and, in a server, which HTTP status answers it. What came off
the wire is shown with `repr`, which escapes controls and bidirectional marks.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from ..errors import IPPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..codec import Message
    from .events import Headers

__all__ = [
    "AnswerError",
    "ConnectionLostError",
    "HTTPError",
    "LocalProtocolError",
    "PhaseTimeoutError",
    "PinError",
    "Refusal",
    "RemoteProtocolError",
    "StatusError",
    "UpgradeError",
]


class HTTPError(IPPError):
    """The base of every exception of `ippfast.http`."""


class LocalProtocolError(HTTPError):
    """The program asked to send something that may not be sent now, or ever. Nothing of it was sent."""


class Refusal(HTTPError):
    """A server refuses a request. A handler raises it to refuse one.

    status: the HTTP status; an HTTP response other than 200 carries no IPP message (RFC 8010 section 3.4.3).
    reason: why, in words, for the log and for the text of the response. The peer may read it.
    headers: further header lines of the response.
    ipp_status: the IPP status-code that says the same. If it is given and the request's message has been read, the
    response is an IPP response with it, in a 200.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        ipp_status: int | None = None,
    ) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = tuple(headers)
        self.ipp_status = ipp_status

    @property
    def words(self) -> str:
        """The reason with the status, for a server's log."""
        return f"{_printable(self.reason)} ({_describe_status(self.status)})"

    def __str__(self) -> str:
        return self.words


class RemoteProtocolError(Refusal):
    """The peer broke a rule of HTTP or of IPP over HTTP, or exceeded a limit. The connection cannot go on.

    status: the HTTP status with which a server answers. In a client it means nothing, and is not shown.
    """

    def __str__(self) -> str:
        return _printable(self.reason)


class AnswerError(RemoteProtocolError):
    """A server answered with the status 200, but not with the IPP response to the request.

    octets: the body, as far as it was read. page: whether it is a web page. answer: the IPP message in it, if it is the
    response to another request: its request-id is not the request's (RFC 8011 section 4.1.2).
    """

    def __init__(self, reason: str, octets: bytes, *, page: bool = False, answer: Message | None = None) -> None:
        super().__init__(502, reason)
        self.octets = octets
        self.page = page
        self.answer = answer


class ConnectionLostError(RemoteProtocolError):
    """The peer closed the connection before its message was complete."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, reason)


class StatusError(HTTPError):
    """A server answered with another HTTP status than 200, and therefore without an IPP message.

    status: the status. headers: the header lines. text: the beginning of the body, for people.
    """

    def __init__(self, status: int, headers: Headers, text: str) -> None:
        super().__init__(status, headers, text)
        self.status = status
        self.headers = headers
        self.text = text

    def __str__(self) -> str:
        to = self.headers.get("location") if 300 <= self.status < 400 else None
        words = f"the server answered {_describe_status(self.status)}" + (f", to {to!r}" if to else "")
        return words + (f": {self.text!r}" if self.text else "")


class PhaseTimeoutError(HTTPError, TimeoutError):
    """The server took too long. phase: ``"connect"``, ``"first octet"``, ``"answer"`` or ``"idle"``, see `Timeouts`."""

    def __init__(self, phase: str, seconds: float | None) -> None:
        super().__init__(phase, seconds)
        self.phase = phase
        self.seconds = seconds

    def __str__(self) -> str:
        return f"time-out ({self.phase}) after {seconds_shown(self.seconds)}"


class PinError(HTTPError):
    """The server's certificate is not the one whose fingerprint was given. Nothing was sent.

    fingerprint: the SHA-256 of its certificate, in hexadecimal.
    """

    def __init__(self, fingerprint: str) -> None:
        super().__init__(fingerprint)
        self.fingerprint = fingerprint

    def __str__(self) -> str:
        return f"the server's certificate has another fingerprint: sha256:{self.fingerprint}"


class UpgradeError(HTTPError):
    """TLS is required but could not be started. Nothing was sent unencrypted."""


def seconds_shown(seconds: float | None) -> str:
    """A time for people, without meaningless digits."""
    return "a time" if seconds is None else f"{round(seconds, 2):g} seconds"


def _printable(text: str) -> str:
    """Any text in one line, without control characters that a terminal would obey."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _describe_status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
