"""A server's side of one connection: requests in, responses out, without any I/O (RFC 8010 section 4).

The rule of this file: it reads and writes heads and framing, with h11 and `_wire/heads.py`. `_server/server_side.py`
knows what a request may say.
"""

from collections.abc import Iterable
from typing import NamedTuple

import h11

from ._server.server_side import ServerSide
from ._wire.framing import ChunkedFraming, LengthFraming
from ._wire.heads import HeadReader, closes, date_now, headers_of, make_response, read_head, remember, request_framing
from ._wire.writers import ChunkWriter, CloseWriter, LengthWriter, Writer
from .auth import UPGRADE
from .errors import ConnectionLostError, LocalProtocolError, RemoteProtocolError
from .events import NEED_DATA, Buffer, ConnectionClosed, Event, RequestHead
from .limits import HTTPLimits

__all__ = ["ServerConnection"]

TLS_VERSIONS = frozenset({"tls/1.0", "tls/1.1", "tls/1.2", "tls/1.3"})
"""The names of TLS in Upgrade. CUPS names 1.0 to 1.2, but then takes the newest version in the handshake."""


class _Known(NamedTuple):
    """A head, and what it says."""

    octets: bytes
    head: RequestHead
    chunked: bool
    keeps: bool
    awaits_continue: bool


_MOST_KNOWN = 256
_LONGEST_KNOWN = 1_024
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_known: dict[bytes, _Known] = {}
"""Accepted heads of all connections, by their octets: clients of one kind send the same. None contains credentials."""


class ServerConnection(ServerSide):
    """Feed it what the client sends, act on its events, and send what its methods return.

    For each request come `RequestHead`, `Request`, any number of `DocumentData`, and `EndOfMessage`. A request whose
    method is not POST has no body: after its `RequestHead` comes `EndOfMessage`, and `send_content` or `send_options`
    answers it.

    The response may be sent at any time after `RequestHead`; the rest of the request's body is then read and dropped,
    as far as ``limits.drain`` allows. The next request comes by itself, but only when the response to this one is
    complete: until then `next_event` returns `PAUSED`. `ConnectionClosed` says that no request can follow.

    If `next_event` raises RemoteProtocolError, `send_error` makes the response, after which the connection ends. Close
    it for writing first, and for reading a little later, so that the client does not lose the response (RFC 9112
    section 9.6).

    limits: the bounds on requests. methods: those that are accepted; others are answered with 405. forms: whether POST
    may bring a web form; its octets come as `DocumentData`, with no `Request` before them, and `send_content` answers
    it.
    """

    _last: "_Known | None" = None  # the last head that was accepted

    def __init__(
        self, limits: HTTPLimits | None = None, *, methods: Iterable[str] = ("POST",), forms: bool = False
    ) -> None:
        limits = limits or HTTPLimits()
        self._head_reader = HeadReader(limits, requests=True)
        super().__init__(limits, methods=methods, forms=forms)

    def _begin_cycle(self) -> None:
        super()._begin_cycle()
        if self._head_reader.used:
            self._head_reader = HeadReader(self.limits, requests=True)
        self._response_begun = False

    @property
    def between_requests(self) -> bool:
        """Whether no octet of a request has come since the last one was answered."""
        return self._head is None and not self._head_reader.begun and self._at == len(self._input)

    @property
    def response_begun(self) -> bool:
        """Whether the final response to the current request has begun, so that no other can be sent."""
        return self._response_begun

    @property
    def response_ended(self) -> bool:
        """Whether the final response to the current request is complete."""
        return self._response_begun and self._writer is None

    @property
    def asks_for_tls(self) -> bool:
        """Whether the current request is an OPTIONS that asks for `send_switching` (RFC 2817 section 3.2).

        A request with another method may ask too; it is carried out as it came (RFC 2817 section 3.1).
        """
        head = self._head
        return (
            head is not None
            and head.method == "OPTIONS"
            and head.http_version == "1.1"
            and "upgrade" in head.headers.tokens("connection")
            and not TLS_VERSIONS.isdisjoint(head.headers.tokens("upgrade"))
        )

    def _read_head(self) -> Event | None:
        last = self._last
        if last is not None and self._input.startswith(last.octets, self._at) and not self._head_reader.begun:
            # Clients often send the same head again, which need not be read again.
            self._at += len(last.octets)
            return self._take_head(last)
        head = None
        if self._at < len(self._input):
            head, self._at = self._head_reader.take(self._input, self._at)
        if head is None:
            if not self._input_ended:
                return NEED_DATA
            if self._head_reader.begun:
                raise ConnectionLostError("the connection ended within a request's head")
            return ConnectionClosed()
        return self._take_head(self._know(head))

    def _know(self, head: bytes) -> "_Known":
        """Read a head, or reuse an equal one. Raises RemoteProtocolError if it is refused."""
        self._last = _known.get(head) or self._judge(head)
        self._method = self._last.head.method
        return self._last

    def _judge(self, head: bytes) -> "_Known":
        reader = h11.Connection(h11.SERVER, max_incomplete_event_size=self.limits.head + 1)
        request = read_head(reader, head)
        assert isinstance(request, h11.Request)
        headers, version = headers_of(request), request.http_version.decode("ascii")
        self._method = request.method.decode("ascii")
        chunked, length = request_framing(headers, version)
        target = request.target.decode("ascii")
        known = _Known(
            head,
            RequestHead(self._method, target, headers, version, length),
            chunked,
            not closes(headers, version),
            reader.they_are_waiting_for_100_continue,
        )
        if len(head) <= _LONGEST_KNOWN and _CREDENTIALS.isdisjoint([name for name, _ in headers]):
            remember(_known, head, known, _MOST_KNOWN)
        return known

    def _take_head(self, known: "_Known") -> Event:
        self._keep, self._awaits_continue = known.keeps, known.awaits_continue
        framing = ChunkedFraming(self.limits) if known.chunked else LengthFraming(known.head.content_length or 0)
        return self._begin_request(known.head, framing)

    # Sending.

    def send_continue(self) -> list[Buffer]:
        """Ask for the body, if `awaits_continue` (RFC 9110 section 10.1.1)."""
        self._awaits_continue = False
        return self._send_informational(100, ())

    def send_switching(self) -> list[Buffer]:
        """Begin TLS, if `asks_for_tls`: send this, do the handshake, and then respond (RFC 2817 section 3.3).

        Raises RemoteProtocolError if octets follow the request: they were not protected, and nothing after the
        handshake may depend on them.
        """
        if self._at < len(self._input):
            raise RemoteProtocolError(400, "octets after a request for TLS and before its response")
        return self._send_informational(101, UPGRADE)

    def _send_informational(self, status: int, lines: Iterable[tuple[str, str]]) -> list[Buffer]:
        if self._response_begun:
            raise LocalProtocolError("a response has begun")
        return [make_response(status, lines)]

    def _begin_response(self, status: int, lines: list[tuple[str, str]]) -> list[Buffer]:
        names = [name.lower() for name, _ in lines]
        if "transfer-encoding" in names or names.count("content-length") > 1:
            raise LocalProtocolError("the header lines would frame the body a second time")
        if "date" not in names:  # a server with a clock must send it (RFC 9110 section 6.6.1)
            lines.append(("Date", date_now()))
        writer: Writer
        if self._method == "HEAD" or status in (204, 304):  # no body, whatever the head says (RFC 9110 section 6.4.1)
            writer = LengthWriter(0)
        elif "content-length" in names:
            writer = LengthWriter(int(lines[names.index("content-length")][1]))
        elif self._head is None or self._head.http_version == "1.0":
            self._keep = False
            writer = CloseWriter()
        else:
            lines.append(("Transfer-Encoding", "chunked"))
            writer = ChunkWriter()
        head = make_response(status, lines)
        self._response_begun, self._writer = True, writer
        return [head]
