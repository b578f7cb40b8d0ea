"""The server's side of a conversation, the same for heads and framing by h11 and for those by an ASGI server.

The rule of this file: it decides what a request may look like, when its body is given up, and what a response consists
of. Whether a request is granted is decided elsewhere.
"""

import secrets
from collections.abc import Iterable

from ...codec import Attribute, AttributeGroup, Message, encode
from ...tags import DelimiterTag, ValueTag
from .._wire.connection import Connection, content_coding, media_type
from .._wire.framing import Framing, LengthFraming
from .._wire.messages import CONTENT_TYPE, MessageReader
from .._wire.states import State
from ..errors import LocalProtocolError, Refusal, RemoteProtocolError
from ..events import NEED_DATA, PAUSED, Buffer, ConnectionClosed, EndOfMessage, Event, Request, RequestHead
from ..limits import HTTPLimits

__all__ = ["MAX_FORM", "ServerSide"]

FORM = "application/x-www-form-urlencoded"
MAX_FORM = 65_536
"""The most octets of a web form."""


class ServerSide(Connection):
    """The base of `ServerConnection` and of its counterpart for ASGI."""

    def __init__(
        self, limits: HTTPLimits | None = None, *, methods: Iterable[str] = ("POST",), forms: bool = False
    ) -> None:
        super().__init__(limits or HTTPLimits())
        self._methods = frozenset(methods)
        self._forms = forms
        self._taken: RequestHead | None = None  # the last head that was checked; the same one often comes again
        self._coding: str | None = None  # its Content-Encoding
        self._begin_cycle()

    def _begin_cycle(self) -> None:
        self._head: RequestHead | None = None
        self._method = ""
        self._message: Message | None = None
        self._keep = True
        self._drained = 0
        self._awaits_continue = False
        self._body_ended = False
        self._go(State.HEAD)

    @property
    def awaits_continue(self) -> bool:
        """Whether the client asked for `send_continue`, or a response, before it sends the whole body.

        It may have sent a part of it: CUPS' clients send the message together with the head, and then wait.
        """
        return self._awaits_continue and not self._framing.ended

    @property
    def between_requests(self) -> bool:
        """Whether no octet of a request has come since the last one was answered."""
        raise NotImplementedError

    @property
    def message_complete(self) -> bool:
        """Whether the current request's message is complete, so that only document data is to come."""
        return self._message is not None

    @property
    def request_ended(self) -> bool:
        """Whether the current request's body is complete."""
        return self._body_ended

    @property
    def response_begun(self) -> bool:
        """Whether the final response to the current request has begun, so that no other can be sent."""
        raise NotImplementedError

    @property
    def response_ended(self) -> bool:
        """Whether the final response to the current request is complete."""
        raise NotImplementedError

    def _begin_request(self, head: RequestHead, framing: Framing) -> Event:
        """The first event of a request. Raises RemoteProtocolError if its head alone is reason to refuse it."""
        self._method = head.method
        if head is not self._taken:
            self._check_head(head)
            self._coding, self._taken = content_coding(head.headers), head
        self._begin_body(framing, self._coding)
        if self.is_form(head):
            self._begin_document(b"", None)
        elif head.method == "POST":
            self._begin_message(MessageReader(self.limits.message))
        else:
            self._go(State.EMPTY)
        self._head = head
        return head

    def _check_head(self, head: RequestHead) -> None:
        if head.method not in self._methods:
            reason = f"the method {head.method!r}, not {' or '.join(sorted(self._methods))}"
            raise RemoteProtocolError(405, reason, headers=[("Allow", self._allowed)])
        if head.method != "POST":  # RFC 8010 section 4
            if head.content_length != 0:
                raise RemoteProtocolError(400, f"a body with {head.method}")
            return
        if self.is_form(head):
            if (head.content_length or 0) > MAX_FORM:
                raise RemoteProtocolError(413, f"a form of over {MAX_FORM} octets")
            return
        if media_type(head.headers) != CONTENT_TYPE:
            raise RemoteProtocolError(415, f"the Content-Type {head.headers.get('content-type')!r}, not {CONTENT_TYPE}")
        limits, length = self.limits, head.content_length or 0
        if limits.document is not None and length > limits.document + limits.message.max_octets:
            raise RemoteProtocolError(413, f"a document of over {limits.document} octets")

    def is_form(self, head: RequestHead) -> bool:
        """Whether a request is a web form, and forms are accepted. Its octets come as `DocumentData`."""
        return self._forms and head.method == "POST" and media_type(head.headers) == FORM

    @property
    def _allowed(self) -> str:
        return ", ".join(sorted(self._methods))

    def _message_complete(self, message: Message) -> Event:
        assert self._head is not None
        self._message = message
        return Request(message, self._head)

    def _end_body(self) -> None:
        self._body_ended = True
        self._go(State.PAUSED)

    def _end_empty_body(self) -> Event | None:
        self._end_body()
        return EndOfMessage()

    def _wait(self) -> Event | None:
        """What to report once the request is complete."""
        if not self.response_ended:
            return PAUSED
        if not self._keep:
            return self._close()
        self._begin_cycle()
        return None

    def _close(self) -> Event:
        """Close the connection: nothing more is read."""
        self._go(State.CLOSED)
        self._keep = False
        return ConnectionClosed()

    def _drain(self) -> Event | None:
        """Read and drop the rest of a request whose response is complete."""
        try:
            octets = self._unframe()
        except RemoteProtocolError:
            return self._close()
        if octets is not None:
            self._drained += len(octets)
        elif self._framing.ended:
            self._end_body()
            return EndOfMessage()
        if not self._keep or self._drained > self.limits.drain:
            return self._close()
        return NEED_DATA if octets is None else None

    # Sending.

    def send_continue(self) -> list[Buffer]:
        """Ask for the body, if `awaits_continue` (RFC 9110 section 10.1.1)."""
        raise NotImplementedError

    def send_response(
        self,
        message: Message,
        *,
        headers: Iterable[tuple[str, str]] = (),
        document_length: int | None = 0,
    ) -> list[Buffer]:
        """Send an IPP response, in a 200 whatever its status-code is (RFC 8010 section 3.4.3).

        headers: further header lines. document_length: how many octets of document data `send_data` will add before
        `end`; None if that is not known. If it is 0, the response is complete.

        Raises EncodeError as `encode` does, and LocalProtocolError if no response may be sent now.
        """
        octets = encode(message)
        length = None if document_length is None else len(octets) + document_length
        buffers = self._send_head(200, [("Content-Type", CONTENT_TYPE), *headers], length)
        buffers += self.send_data(octets)
        return buffers + self.end() if document_length == 0 else buffers

    def begin_parts(self, *, headers: Iterable[tuple[str, str]] = ()) -> list[Buffer]:
        """Begin an answer of several IPP responses (RFC 3996 section 5.2): then `send_part`, and `end_parts`.

        headers: further header lines. Raises LocalProtocolError if no response may be sent now.
        """
        self._delimiter = f"--{secrets.token_hex(16)}"
        content_type = f'multipart/related; type="{CONTENT_TYPE}"; boundary="{self._delimiter[2:]}"'
        buffers = self._send_head(200, [("Content-Type", content_type), *headers], None)
        return buffers + self.send_data(self._delimiter.encode())

    def send_part(self, message: Message) -> list[Buffer]:
        """Send one of the responses, with the line that ends it, so that the client need not wait for the next one.

        Raises EncodeError as `encode` does.
        """
        octets = encode(message)
        head = f"\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(octets)}\r\n\r\n"
        return self.send_data(b"".join((head.encode(), octets, b"\r\n", self._delimiter.encode())))

    def end_parts(self) -> list[Buffer]:
        """End an answer in parts (RFC 2046 section 5.1.1)."""
        return self.send_data(b"--\r\n") + self.end()

    def send_content(
        self, status: int, content_type: str, content: bytes, *, headers: Iterable[tuple[str, str]] = ()
    ) -> list[Buffer]:
        """Send a complete response that is no IPP message; for HEAD without the content (RFC 9110 section 9.3.2).

        headers: further header lines. Raises LocalProtocolError if no response may be sent now.
        """
        # A 304 has no body. A Content-Length in it would be that of the client's copy (RFC 9110 section 8.6).
        length = None if status == 304 else len(content)
        buffers = self._send_head(status, [("Content-Type", content_type), *headers], length)
        if self._method != "HEAD" and status != 304:
            buffers += self.send_data(content)
        return buffers + self.end()

    def send_options(self) -> list[Buffer]:
        """Answer OPTIONS with the methods that are accepted (RFC 9110 section 9.3.7)."""
        return self._send_head(200, [("Allow", self._allowed)], 0) + self.end()

    def send_error(self, refusal: Refusal) -> list[Buffer]:
        """Send the complete response to a request that `next_event` or a handler refused, with the reason as text.

        Raises LocalProtocolError if a response has begun: then only closing the connection tells the client.
        """
        if isinstance(refusal, RemoteProtocolError):
            self._keep = False
        if refusal.ipp_status is not None and self._message is not None:
            return self.send_response(_ipp_refusal(self._message, refusal), headers=refusal.headers)
        text = f"{refusal.reason}\n".encode("utf-8", "backslashreplace")
        return self.send_content(refusal.status, "text/plain; charset=utf-8", text, headers=refusal.headers)

    def end(self) -> list[Buffer]:
        """As `Connection.end`."""
        buffers = self._end_response()
        if self._head is not None and not self._body_ended:
            self._go(State.DRAIN)
        return buffers

    def _end_response(self) -> list[Buffer]:
        return super().end()

    def _send_head(self, status: int, headers: Iterable[tuple[str, str]], length: int | None) -> list[Buffer]:
        lines = list(headers)
        if length is not None:
            lines.append(("Content-Length", str(length)))
        if not self._keep or self._must_give_up_body():
            self._keep = False
            lines.append(("Connection", "close"))
        if self.response_begun:
            raise LocalProtocolError("a response has begun")
        return self._begin_response(status, lines)

    def _begin_response(self, status: int, lines: list[tuple[str, str]]) -> list[Buffer]:
        raise NotImplementedError

    def _must_give_up_body(self) -> bool:
        """Whether so much of the body is still to come that it is better to close the connection than to read it."""
        if self._head is None:
            return True
        framing = self._framing
        if isinstance(framing, LengthFraming) and framing.left > self.limits.drain:
            return True
        # The client may now send the rest, or its next request instead (RFC 9110 section 10.1.1).
        return self.awaits_continue


def _ipp_refusal(message: Message, refusal: Refusal) -> Message:
    """The IPP response to a message that is refused (RFC 8011 section 4.1.6)."""
    attributes = [
        Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
        Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
        Attribute("status-message", ValueTag.TEXT, refusal.reason[:255]),
    ]
    assert refusal.ipp_status is not None
    group = AttributeGroup(DelimiterTag.OPERATION, attributes)
    return Message(message.version, refusal.ipp_status, message.request_id, [group])
