"""Every exception of the transport.

The rule of this file: an error says what the peer did and, where a server meets it, which HTTP status answers it. What
came off the wire is shown with `repr`, which escapes controls and bidirectional marks.
"""

from collections.abc import Iterable
from http import HTTPStatus

from ..errors import IPPError

__all__ = ["ConnectionLostError", "HTTPError", "LocalProtocolError", "Refusal", "RemoteProtocolError"]


class HTTPError(IPPError):
    """The base of every exception of `ippfast.http`."""


class LocalProtocolError(HTTPError):
    """What this side was asked to send may not be sent now, or never. Nothing of it went out."""


class Refusal(HTTPError):
    """What a server answers instead of carrying out a request. A handler raises it to refuse one.

    status: the HTTP status; an HTTP answer other than 200 carries no IPP message (RFC 8010 section 3.4.3).
    reason: why, in words, for the log and the text of the answer. It holds nothing that has to be kept from the peer.
    headers: further header lines of the answer.
    ipp_status: the IPP status code that says the same. Where it is known and the request's message has been read, the
    answer is an IPP response with it, in a 200.
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

    def __str__(self) -> str:
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "unregistered status"
        return f"{self.reason} ({self.status} {phrase})"


class RemoteProtocolError(Refusal):
    """The peer broke the rules of HTTP, of IPP over HTTP, or a limit. The connection cannot go on.

    status: with which a server answers. On the client's side it means nothing.
    """


class ConnectionLostError(RemoteProtocolError):
    """The peer closed the connection before its message was complete."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, reason)
