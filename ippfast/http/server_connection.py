"""A server's side of one connection: requests in, responses out, without any I/O (RFC 8010 section 4).

The rule of this file: what a request may look like is decided here, by its head, its framing and its message's form.
Whether it is granted is for others.
"""

from collections.abc import Iterable

import h11

from ..codec import Attribute, AttributeGroup, Message, encode
from ..tags import DelimiterTag, ValueTag
from ._connection import CONTENT_TYPE, Connection, content_coding, make_head, media_type
from ._framing import LengthFraming
from ._heads import HeadReader, closes, headers_of, read_head, request_framing
from .errors import ConnectionLostError, LocalProtocolError, Refusal, RemoteProtocolError
from .events import NEED_DATA, PAUSED, Buffer, ConnectionClosed, EndOfMessage, Event, Request, RequestHead
from .limits import HTTPLimits

__all__ = ["ServerConnection"]


class ServerConnection(Connection):
    """Feed it what the client sends, act on its events, and send what its methods return.

    For each request come `RequestHead`, `Request`, `DocumentData` as often as needed and `EndOfMessage`. One whose
    method is not POST has no body: after its `RequestHead` comes `EndOfMessage`, and `send_content` answers it.

    The response may be sent at any time after `RequestHead`; what is left of the request's body is then read and
    dropped as far as ``limits.drain`` allows. The next request follows by itself, never before the response to this
    one is complete: until then `next_event` gives `PAUSED`. `ConnectionClosed` says that no request can follow.

    Where `next_event` raises RemoteProtocolError, `send_error` gives the answer, and the connection ends after it.
    A connection that ends is best closed for writing first, and for reading a little later, lest the client lose the
    answer (RFC 9112 section 9.6).

    limits: the bounds that are kept. methods: which may come; others are answered with 405.
    """

    def __init__(self, limits: HTTPLimits | None = None, *, methods: Iterable[str] = ("POST",)) -> None:
        super().__init__(limits or HTTPLimits())
        self._methods = frozenset(methods)
        self._begin_cycle()

    def _begin_cycle(self) -> None:
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=self.limits.head + 1)
        self._head_reader = HeadReader(self.limits, requests=True)
        self._head: RequestHead | None = None
        self._method = ""
        self._message: Message | None = None
        self._keep = True
        self._drained = 0
        self._awaits_continue = False
        self._body_ended = False
        self._step = self._read_head

    @property
    def awaits_continue(self) -> bool:
        """Whether the client asked for `send_continue`, or a response, before it sends the whole body.

        It may have sent a part of it: CUPS' clients send the message along with the head, and wait then.
        """
        return self._awaits_continue and not self._framing.ended

    @property
    def between_requests(self) -> bool:
        """Whether no octet of a request has come since the last one was answered."""
        return self._head is None and not self._head_reader.begun and self._at == len(self._input)

    @property
    def message_complete(self) -> bool:
        """Whether the current request's message is complete, so that only document data is to come."""
        return self._message is not None

    @property
    def response_begun(self) -> bool:
        """Whether the final response to the current request has begun, so that no other can be sent."""
        return self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE)

    @property
    def response_ended(self) -> bool:
        """Whether the final response to the current request is complete."""
        return self._h11.our_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)

    def _read_head(self) -> Event | None:
        head = None
        if self._at < len(self._input):
            head, self._at = self._head_reader.take(self._input, self._at)
        if head is None:
            if not self._input_ended:
                return NEED_DATA
            if self._head_reader.begun:
                raise ConnectionLostError("the connection ended within a request's head")
            return ConnectionClosed()
        request = read_head(self._h11, head)
        assert isinstance(request, h11.Request)
        headers, version = headers_of(request), request.http_version.decode("ascii")
        framing, length = request_framing(headers, version, self.limits)
        method = self._method = request.method.decode("ascii")
        self._check_head(headers.get("content-type"), media_type(headers), length)
        self._begin_body(framing, content_coding(headers))
        self._keep = not closes(headers, version)
        self._awaits_continue = self._h11.they_are_waiting_for_100_continue
        if method == "POST":
            self._begin_message()
        else:
            self._step = self._end_empty_body
        self._head = RequestHead(method, request.target.decode("ascii"), headers, version, length)
        return self._head

    def _check_head(self, sent_type: str | None, kind: str | None, length: int | None) -> None:
        if self._method not in self._methods:
            allowed = ", ".join(sorted(self._methods))
            reason = f"the method {self._method!r}, not {allowed.replace(', ', ' or ')}"
            raise RemoteProtocolError(405, reason, headers=[("Allow", allowed)])
        if self._method != "POST":  # RFC 8010 section 4
            if length != 0:
                raise RemoteProtocolError(400, f"a body with {self._method}")
            return
        if kind != CONTENT_TYPE:
            raise RemoteProtocolError(415, f"the Content-Type {sent_type!r}, not {CONTENT_TYPE}")
        limits = self.limits
        if limits.document is not None and (length or 0) > limits.document + limits.message.max_octets:
            raise RemoteProtocolError(413, f"a document of over {limits.document} octets")

    def _message_complete(self, message: Message) -> Event:
        assert self._head is not None
        self._message = message
        return Request(message, self._head)

    def _end_body(self) -> None:
        self._body_ended = True
        self._step = self._wait

    def _end_empty_body(self) -> Event | None:
        self._end_body()
        return EndOfMessage()

    def _wait(self) -> Event | None:
        """The request is complete."""
        if not self.response_ended:
            return PAUSED
        if not self._keep:
            return self._close()
        self._begin_cycle()
        return None

    def _close(self) -> Event:
        """Nothing more is read."""
        self._step = self._close
        self._keep = False
        return ConnectionClosed()

    def _drain(self) -> Event | None:
        """The response is complete, the request is not: nobody wants the rest."""
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
        """Ask for the body, where `awaits_continue` (RFC 9110 section 10.1.1)."""
        self._awaits_continue = False
        return self._send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))

    def send_response(
        self,
        message: Message,
        *,
        headers: Iterable[tuple[str, str]] = (),
        document_length: int | None = 0,
    ) -> list[Buffer]:
        """An IPP response, which stands in a 200 whatever its status-code says (RFC 8010 section 3.4.3).

        headers: further header lines. document_length: how many octets of document data `send_data` will add before
        `end`; None where that is not known. With none, the response is complete.

        Raises EncodeError as `encode` does, and LocalProtocolError where no response may be sent now.
        """
        octets = encode(message)
        length = None if document_length is None else len(octets) + document_length
        buffers = self._send_head(200, CONTENT_TYPE, headers, length)
        buffers += self._send(h11.Data(data=octets))
        return buffers + self.end() if document_length == 0 else buffers

    def send_content(
        self, status: int, content_type: str, content: bytes, *, headers: Iterable[tuple[str, str]] = ()
    ) -> list[Buffer]:
        """A response that is no IPP message, complete. Where HEAD asks, the content stays out (RFC 9110 section 9.3.2).

        headers: further header lines. Raises LocalProtocolError where no response may be sent now.
        """
        buffers = self._send_head(status, content_type, headers, len(content))
        if self._method != "HEAD":
            buffers += self._send(h11.Data(data=content))
        return buffers + self.end()

    def send_error(self, refusal: Refusal) -> list[Buffer]:
        """What answers a request that `next_event` or a handler refused: complete, with the reason as text.

        Raises LocalProtocolError where a response has begun: only closing the connection tells the client then.
        """
        if isinstance(refusal, RemoteProtocolError):
            self._keep = False
        if refusal.ipp_status is not None and self._message is not None:
            return self.send_response(_ipp_refusal(self._message, refusal), headers=refusal.headers)
        text = f"{refusal.reason}\n".encode("utf-8", "backslashreplace")
        return self.send_content(refusal.status, "text/plain; charset=utf-8", text, headers=refusal.headers)

    def end(self) -> list[Buffer]:
        """As `Connection.end`."""
        buffers = super().end()
        if self._head is not None and not self._body_ended:
            self._step = self._drain
        return buffers

    def _send_head(
        self, status: int, content_type: str, headers: Iterable[tuple[str, str]], length: int | None
    ) -> list[Buffer]:
        lines = [("Content-Type", content_type), *headers]
        if length is not None:
            lines.append(("Content-Length", str(length)))
        if not self._keep or self._must_give_up_body():
            self._keep = False
            lines.append(("Connection", "close"))
        if self.response_begun:
            raise LocalProtocolError("a response has begun")
        return self._send(make_head(h11.Response, lines, status_code=status))

    def _must_give_up_body(self) -> bool:
        """Whether so much of the body is to come that it is better to close than to read it."""
        if self._head is None:
            return True
        framing = self._framing
        if isinstance(framing, LengthFraming) and framing.left > self.limits.drain:
            return True
        # Whether the client sends the rest now, or its next request instead, is for it (RFC 9110 section 10.1.1).
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
