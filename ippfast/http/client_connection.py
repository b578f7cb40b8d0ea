"""A client's side of one connection: requests out, responses in, without any I/O (RFC 8010 section 4).

The rule of this file: one request at a time, never pipelined (RFC 9112 section 9.3.2). The response may come before
the request is complete; the connection is not used again then.
"""

from collections.abc import Iterable
from typing import NamedTuple

import h11

from ..codec import Message, encode
from ._wire.connection import Connection, content_coding, media_type
from ._wire.framing import ChunkedFraming, Framing, LengthFraming
from ._wire.heads import HeadReader, closes, headers_of, make_request, read_head, remember, response_framing
from ._wire.messages import CONTENT_TYPE, AnswerReader
from ._wire.multipart import PartSplitter, boundary_of
from ._wire.states import State
from ._wire.writers import ChunkWriter, LengthWriter
from .errors import ConnectionLostError, LocalProtocolError, RemoteProtocolError
from .events import (
    NEED_DATA,
    PAUSED,
    Buffer,
    ConnectionClosed,
    EndOfMessage,
    Event,
    FurtherMessage,
    Headers,
    InformationalResponse,
    Response,
)
from .limits import HTTPLimits

__all__ = ["ClientConnection"]

_PART_TYPES = (CONTENT_TYPE, "application/octet-stream", None)
"""The Content-Types of parts that are messages. Other parts are dropped."""

_LAST_CHUNK = b"0\r\n\r\n"

_HEADS = 16
"""How many heads are kept in each direction. Within one second, repeated requests have the same heads, both ways."""


class _Known(NamedTuple):
    """What the head of a final response says. keeps: whether the connection stays open after it.

    length: the length of the body, if Content-Length gives it. kind: the Content-Type.
    """

    status: int
    headers: Headers
    keeps: bool
    length: int | None
    kind: str | None


class ClientConnection(Connection):
    """Feed it what the server sends, act on its events, and send what its methods return.

    After `send_request` come any number of `InformationalResponse`, one `Response`, `DocumentData` if the response has
    any, and `EndOfMessage`. If the response has several messages, a `FurtherMessage` comes for each after the first
    (RFC 3996 section 5.2). If the `Response` comes while the document is still being sent, stop sending. Another
    request may follow if `reusable` says so.

    If `next_event` raises RemoteProtocolError, the connection cannot be used any more. It raises AnswerError if the
    body is no IPP message, or is the response to another request.

    limits: the bounds on responses. strict: whether a malformed message is an error; otherwise it is repaired if
    possible, and the event's ``issues`` say what was repaired.
    """

    def __init__(self, limits: HTTPLimits | None = None, *, strict: bool = False) -> None:
        super().__init__(limits or HTTPLimits.for_client())
        self.strict = strict
        self._request_id: int | None = None
        self._busy = False
        self._keep = True
        self._upgrade: list[tuple[str, str]] | None = None  # the lines that asked for TLS, until they are answered
        self._no_message = False
        self._stray = b""
        self._written: dict[tuple[object, ...], bytes] = {}  # the heads of requests, by the arguments that made them
        self._known: dict[bytes, _Known] = {}  # the heads of responses
        self._head_reader = HeadReader(self.limits, requests=False)

    @property
    def reusable(self) -> bool:
        """Whether another request may be sent: both sides are done with the last one and keep the connection."""
        return not self._busy and self._keep and self._error is None and not self._input_ended

    @property
    def request_ended(self) -> bool:
        """Whether the current request is complete."""
        return self._writer is None

    def send_request(
        self,
        message: Message | None,
        *,
        target: str,
        host: str,
        headers: Iterable[tuple[str, str]] = (),
        document_length: int | None = 0,
        expect_continue: bool = False,
    ) -> list[Buffer]:
        """Send a request.

        message: None makes an empty request, which does nothing but get a challenge.

        target: the request-target, such as ``"/ipp/print"``. host: the Host line, with the port unless it is 80 or,
        with TLS, 443. headers: further header lines.

        document_length: how many octets of document data `send_data` will add before `end`; None if that is not
        known. If it is 0, the request is complete. expect_continue: ask for a 100 before the document. Then wait a
        little for it; some servers, such as CUPS' ippeveprinter, send it only once they have the message.

        Raises EncodeError as `encode` does, and LocalProtocolError if no request may be sent now.
        """
        if not self.reusable:
            raise LocalProtocolError("no request may be sent on this connection now")
        octets = b"" if message is None else encode(message)
        lines = [("Host", host), ("Content-Type", CONTENT_TYPE), *headers]
        if document_length is None:
            lines.append(("Transfer-Encoding", "chunked"))
        else:
            lines.append(("Content-Length", str(len(octets) + document_length)))
        if expect_continue and document_length != 0:
            lines.append(("Expect", "100-continue"))
        head = self._begin_request("POST", target, lines)
        self._writer = ChunkWriter() if document_length is None else LengthWriter(len(octets) + document_length)
        buffers = [head, *self.send_data(octets)]
        self._busy, self._no_message = True, False
        self._request_id = None if message is None else message.request_id
        return buffers + self.end() if document_length == 0 else buffers

    def send_upgrade(self, *, host: str) -> list[Buffer]:
        """Send ``OPTIONS *``, which asks for TLS and nothing else (RFC 2817 section 3.2).

        An `InformationalResponse` with status 101 says that TLS begins with the next octets, in both directions; the
        `Response`, without a message, then comes through TLS. Any other response means that there is no TLS.

        host: as for `send_request`. Raises LocalProtocolError as `send_request` does.
        """
        if not self.reusable:
            raise LocalProtocolError("no request may be sent on this connection now")
        lines = [("Host", host), ("Connection", "Upgrade"), ("Upgrade", "TLS/1.2")]
        head = self._begin_request("OPTIONS", "*", lines)
        self._upgrade, self._busy, self._no_message = lines, True, True
        return [head]

    def _begin_request(self, method: str, target: str, lines: list[tuple[str, str]]) -> bytes:
        """Make the head of a request, and read its response next."""
        key = (method, target, *lines)
        head = self._written.get(key)
        self._h11: h11.Connection | None = None
        if head is None:
            self._h11, head = self._write_head(method, target, lines)
            remember(self._written, key, head, _HEADS)
        self._request = method, target, lines
        self._informational = 0
        self._begin_head()
        return head

    def _write_head(self, method: str, target: str, lines: list[tuple[str, str]]) -> tuple[h11.Connection, bytes]:
        """The head of a request, and the h11 connection that wrote it, which can then read the response's head."""
        cycle = h11.Connection(h11.CLIENT, max_incomplete_event_size=self.limits.head + 1)
        return cycle, make_request(cycle, method, target, lines)

    def _begin_head(self) -> None:
        if self._head_reader.used:
            self._head_reader = HeadReader(self.limits, requests=False)
        self._go(State.HEAD)

    def _read_head(self) -> Event | None:
        head = None
        while self._stray and not self._head_reader.begun and self._input.startswith(self._stray[:1], self._at):
            self._stray = self._stray[1:]
            self._at += 1
        if not self._head_reader.begun and (end := self._input.find(b"\r\n\r\n", self._at)) >= 0:
            known = self._known.get(self._input[self._at : end + 4])
            if known is not None:
                self._at = end + 4
                return self._begin_response(known)
        if self._at < len(self._input):
            head, self._at = self._head_reader.take(self._input, self._at)
        if head is None:
            if not self._input_ended:
                return NEED_DATA
            if self._head_reader.begun:
                raise ConnectionLostError("the connection ended within a response's head")
            raise ConnectionLostError("the connection ended before the response")
        if self._h11 is None:  # the request's head was a kept one, so nothing has written it
            self._h11, _ = self._write_head(*self._request)
        event = read_head(self._h11, head)
        headers = headers_of(event)
        if isinstance(event, h11.InformationalResponse):
            self._informational += 1
            if self._informational > self.limits.informational:
                raise RemoteProtocolError(502, f"over {self.limits.informational} responses with a status of 1xx")
            self._begin_head()
            if event.status_code == 101:
                self._switch()
            return InformationalResponse(event.status_code, headers)
        assert isinstance(event, h11.Response)
        keeps = not closes(headers, event.http_version.decode("ascii"))
        framing = response_framing(event.status_code, headers, self.limits)
        length = framing.left if isinstance(framing, LengthFraming) else None
        known = _Known(event.status_code, headers, keeps, length, media_type(headers))
        remember(self._known, head, known, _HEADS)
        return self._begin_response(known)

    def _switch(self) -> None:
        """Go on with TLS. The response to the request that asked for it comes through TLS."""
        assert self._upgrade is not None  # h11 refuses a 101 that nothing asked for
        if self._at < len(self._input):
            # TLS does not prove that these octets came from the server.
            raise RemoteProtocolError(502, "octets after the 101 and before TLS")
        self._begin_request("OPTIONS", "*", self._upgrade)

    def _begin_response(self, known: _Known) -> Event | None:
        status, headers, self._keep, length, kind = known
        self._status, self._headers = status, headers
        framing: Framing = LengthFraming(length or 0)
        if length is None:
            framing = response_framing(status, headers, self.limits)
        if self._no_message and isinstance(framing, ChunkedFraming):
            # CUPS 2.4 answers OPTIONS with Transfer-Encoding: chunked, but sends no chunk, not even the last. Other
            # servers may send the last one.
            framing, self._stray = LengthFraming(0), _LAST_CHUNK
        self._upgrade = None
        if status != 200 or self._no_message:
            self._begin_body(framing, None)
            self._begin_document(b"", None)
            return Response(status, headers, None)
        if kind == "multipart/related":
            self._begin_body(framing, content_coding(headers))
            self._splitter = PartSplitter(boundary_of(headers), self.limits)
            self._part: AnswerReader | None = None
            self._first = True
            self._go(State.PARTS)
            return None
        self._begin_body(framing, content_coding(headers))
        self._begin_message(self._make_reader(kind))
        return None

    def _make_reader(self, content_type: str | None) -> AnswerReader:
        return AnswerReader(self.limits.message, self._request_id, content_type, strict=self.strict)

    def _read_parts(self) -> Event | None:
        """Read the messages, one from each part. Octets behind a message, and parts of other types, are dropped."""
        splitter = self._splitter
        while (piece := splitter.read()) is not None:
            if isinstance(piece, bytes):
                message = None if self._part is None else self._part.feed(piece)
                if message is not None:
                    return self._end_part(message)
                continue
            event = self._end_part()
            if splitter.content_type in _PART_TYPES:
                self._part = self._make_reader(splitter.content_type)
            if event is not None:
                return event
        octets = self._read_octets()
        if octets is not None:
            splitter.feed(octets)
            return None
        if not self._framing.ended:
            return NEED_DATA
        event = self._end_part()
        if event is not None:
            return event
        if self._first:
            raise RemoteProtocolError(502, "a multipart answer without a message")
        self._end_body()
        return EndOfMessage()

    def _end_part(self, message: Message | None = None) -> Event | None:
        """The event of a part's message; if the part ended within it, of what can be repaired of it."""
        reader, first = self._part, self._first
        if reader is None:
            return None
        message = message or reader.close()
        self._part, self._first = None, False
        if first:
            return Response(self._status, self._headers, message, reader.issues)
        return FurtherMessage(message, reader.issues)

    def _message_complete(self, message: Message) -> Event:
        assert isinstance(self._reader, AnswerReader)
        return Response(self._status, self._headers, message, self._reader.issues)

    def _end_body(self) -> None:
        if self.request_ended:
            self._busy = False
        self._keep = self._keep and self.request_ended
        self._go(State.PAUSED)

    def _wait(self) -> Event | None:
        """What to report while no request is under way."""
        if not self._keep or self._input_ended:
            return ConnectionClosed()
        if self._at < len(self._input):
            raise RemoteProtocolError(502, "octets that belong to no response")
        return PAUSED
