"""What a server does in one conversation, without I/O: the order of the hooks, what is sent, and how long to wait.

The rule of this file: its coroutines await only the channel, which blocks a thread or waits in an event loop. Whatever
all servers do alike stands here. Its clock is an argument, so that tests can set the time.
"""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from ...codec import Message
from ...enums import Operation, Status
from ..errors import ConnectionLostError, LocalProtocolError, Refusal, RemoteProtocolError
from ..events import NEED_DATA, Buffer, ConnectionClosed, DocumentData, EndOfMessage, Event, Request, RequestHead
from ..hosts import uri_authority
from ..incoming import AsyncReply, Page, PageRequest, Parts, Reply, Wait
from ..server_connection import ServerConnection
from .channel import Channel, Pieces
from .server_side import MAX_FORM, ServerSide
from .service import Service, log

__all__ = ["RATE_AFTER", "UNASKED", "Session"]

_WITH_DOCUMENT = frozenset({Operation.PRINT_JOB, Operation.SEND_DOCUMENT})

_MOST_FIELDS = 200  # the most fields of a form

RATE_AFTER = 10.0
"""After this many seconds of waiting for a body, it must keep the least rate."""

UNASKED = 0.2
"""How many seconds a client has to send the message before it gets a 100, if `anonymous` must see the message."""


class Session:
    """One conversation with a client.

    channel: moves the octets and calls the hooks. open_document(session, turn): makes the handler's document, which
    reads through `document_event`, `ready_event`, `bare_octets` and `fill` with that turn. idle: whether it waits for
    the next request, so that a server that stops can end it.
    """

    def __init__(
        self,
        service: Service[Any, Any, Any],
        connection: ServerSide,
        channel: Channel,
        peer: str,
        *,
        secure: bool,
        open_document: Callable[["Session", int], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = connection
        self.peer = peer
        self.secure = secure
        self.idle = True
        self._channel = channel
        self._service = service
        self._limits = connection.limits
        self._open_document = open_document
        self._clock = clock
        self._client = peer
        self._user: str | None = None
        self._head: RequestHead | None = None
        self._turn = 0
        self._deadline: float | None = None  # when head and message must be complete
        self._waited = 0.0
        self._received = 0
        self._sending = 0.0
        self._sent = 0

    async def serve(self) -> None:
        """Answer requests until none can follow."""
        while True:
            try:
                event = await self.next_event()
                if isinstance(event, ConnectionClosed):
                    return
                if isinstance(event, RequestHead):
                    await self._begin(event)
                elif isinstance(event, Request):
                    await self._answer(event)
            except Refusal as refusal:
                if not (await self._refuse(refusal)):
                    return

    async def next_event(self) -> Event:
        """Wait for the next event, which is not `NEED_DATA`. Raises RemoteProtocolError if it takes too long."""
        connection = self.connection
        while (event := connection.next_event()) is NEED_DATA:
            if connection.awaits_continue:  # the octets with the head are too few (RFC 9110 section 10.1.1)
                if await self._comes_unasked():
                    continue
                await self._send(connection.send_continue())
            await self._receive()
        return event

    async def _comes_unasked(self) -> bool:
        """Whether more of the message comes without a 100, if `Service.anonymous` needs the message.

        CUPS sends the head, then the message, and only then waits for a 100. If it got the 100 before the message was
        judged, it would begin with the document, and it cannot take a 401 while it writes that.
        """
        connection = self.connection
        if self._service.anonymous is None or connection.message_complete:
            return False
        data = await self._channel.receive(min(UNASKED, self._head_time(self._clock())))
        if data is None:
            return False
        connection.receive_data(data)
        return True

    async def document_event(self, turn: int) -> Event:
        """As `next_event`, for the document of one request. Once that request is over, it raises LocalProtocolError."""
        self._check_turn(turn)
        return await self.next_event()

    def ready_event(self, turn: int) -> Event:
        """As `document_event`, but it does not wait: `NEED_DATA` if the octets that have come are not enough."""
        self._check_turn(turn)
        return self.connection.next_event()

    def bare_octets(self, turn: int) -> int:
        """How many octets of a request's document `fill` may receive now."""
        self._check_turn(turn)
        connection = self.connection
        return 0 if connection.awaits_continue else connection.bare_octets

    async def fill(self, turn: int, buffer: memoryview) -> int:
        """Receive `bare_octets` into a buffer. Returns how many; 0 if `document_event` says why none came."""
        self._check_turn(turn)
        connection, start = self.connection, self._clock()
        count = await self._channel.fill(buffer, self._document_time)
        if count is None:
            raise RemoteProtocolError(408, "the request does not go on")
        self._check_rate(start, count)
        if count:
            connection.skip(count)
        else:
            connection.receive_data(b"")
        return int(count)

    def _check_turn(self, turn: int) -> None:
        if turn != self._turn:
            raise LocalProtocolError("the request is over, and its document with it")

    async def _receive(self) -> None:
        connection, limits, now = self.connection, self._limits, self._clock()
        self.idle = connection.between_requests
        if self.idle and self._service.stopping:
            connection.receive_data(b"")
            return
        if self.idle:
            self._deadline = None
            seconds = limits.keep_alive
        elif connection.message_complete:
            seconds = self._document_time
        else:
            seconds = self._head_time(now)
        data = await self._channel.receive(seconds)
        if data is None:
            if not self.idle:
                raise RemoteProtocolError(408, "the request does not go on")
            data = b""
        if connection.message_complete:
            self._check_rate(now, len(data))
        self.idle = False
        connection.receive_data(data)

    @property
    def _document_time(self) -> float:
        """How many seconds to wait for more of a document."""
        limits = self._limits
        return limits.idle if limits.rest is None else limits.rest

    def _check_rate(self, start: float, count: int) -> None:
        """Note that this many octets of a body have come since `start`. Raises RemoteProtocolError if too slow."""
        if self._limits.rest is not None:
            return
        rate = self._limits.rate
        self._waited += self._clock() - start
        self._received += count
        if self._waited > RATE_AFTER and self._received < rate * self._waited:
            raise RemoteProtocolError(408, f"under {rate} octets a second")

    def _head_time(self, now: float) -> float:
        """How many seconds are left for head and message together. Raises RemoteProtocolError if none are."""
        if self._deadline is None:
            self._deadline = now + self._limits.head_time
        seconds = self._deadline - now
        if seconds <= 0:
            raise RemoteProtocolError(408, f"no request within {self._limits.head_time} seconds")
        return seconds

    async def _send(self, buffers: list[Buffer]) -> None:
        """Send. After `RATE_AFTER` seconds, one whole response must keep a rate of ``limits.rate`` octets a second."""
        rate, start = self._limits.rate, self._clock()
        self._sent += sum(map(len, buffers))
        seconds = RATE_AFTER + self._sent / rate - self._sending if rate else math.inf
        await self._channel.send(buffers, max(0.0, seconds))
        self._sending += self._clock() - start

    async def _begin(self, head: RequestHead) -> None:
        self._sending, self._sent = 0.0, 0
        self._head = head
        connection, service = self.connection, self._service
        self._client = service.client_of(head, self.peer)
        service.check_host(head)
        if isinstance(connection, ServerConnection) and head.method == "OPTIONS":
            await self._show_options(connection)
            return
        service.check_tls(secure=self.secure)
        self._user = None
        if service.anonymous is None:
            await self._authenticate(head, None)
        if head.method != "POST" or connection.is_form(head):
            if service.anonymous is not None:
                await self._authenticate(head, None)
            await self._show_page(head, await self._form() if head.method == "POST" else None)

    async def _show_options(self, connection: ServerConnection) -> None:
        if connection.asks_for_tls and not self.secure:
            await self._send(connection.send_switching())
            await self._channel.start_tls()
            self.secure = True
        await self._send(connection.send_options())

    async def _authenticate(self, head: RequestHead, message: Message | None) -> None:
        service, secure = self._service, self.secure
        if service.authenticator is None:
            return
        with service.failures(self.peer):
            if not service.needs_user(head, message):
                return
            seconds = service.turn(head, self._client)
            if seconds:
                await self._channel.pause(seconds)
            try:
                self._user = await self._channel.call_hook(
                    lambda head: service.authenticate(head, secure=secure), head, blocks=True
                )
            except Refusal as refusal:
                await self._channel.pause(service.wrong(head, self._client, refusal))
                raise
            if self._user is not None:
                service.attempts.right(self._client, self._user)

    async def _form(self) -> dict[str, str]:
        """The fields of a web form, which must come within the time for a message."""
        octets = bytearray()
        while not isinstance(event := await self.next_event(), EndOfMessage):
            assert isinstance(event, DocumentData)
            octets += event.data
            if len(octets) > MAX_FORM:
                raise RemoteProtocolError(413, f"a form of over {MAX_FORM} octets")
        self._deadline = None
        try:
            fields = parse_qsl(octets.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise Refusal(400, "a malformed form") from None
        return dict(fields)

    async def _show_page(self, head: RequestHead, form: dict[str, str] | None) -> None:
        request = PageRequest(head=head, peer=self._client, secure=self.secure, user=self._user, form=form)
        with self._service.failures(self.peer):
            assert self._service.pages is not None
            page: Page | None = await self._channel.call_hook(self._service.pages, request)
        if page is None:
            raise Refusal(404, "no such page")
        headers = [*page.headers, *self._closing()]
        await self._send(self.connection.send_content(page.status, page.content_type, page.body, headers=headers))

    async def _answer(self, request: Request) -> None:
        connection, service = self.connection, self._service
        self._deadline = None
        self._waited, self._received = 0.0, 0
        if service.anonymous is not None:
            await self._authenticate(request.head, request.message)
        incoming = service.request_type(
            message=request.message,
            head=request.head,
            peer=self._client,
            secure=self.secure,
            user=self._user,
            gone=self._channel.has_gone,
            document=self._open_document(self, self._turn),  # type: ignore[call-arg]  # each type has one
        )
        try:
            with service.failures(self.peer):
                if service.authorizer is not None:
                    await self._channel.call_hook(service.authorizer, incoming)
                # For a document, the 100 is sent when the handler reads it: before, the handler may refuse.
                if connection.awaits_continue and request.message.code not in _WITH_DOCUMENT:
                    await self._send(connection.send_continue())
                reply: Message | Reply | AsyncReply | Parts = await self._channel.call_hook(service.handler, incoming)
                if isinstance(reply, Parts) and reply.alone:
                    reply = await self._only(reply)
            if isinstance(reply, Message):
                await self._send(connection.send_response(reply, headers=self._closing()))
            elif isinstance(reply, Parts):
                await self._send_parts(reply)
            else:
                await self._stream(reply)
        finally:
            self._turn += 1

    async def _stream(self, reply: Reply | AsyncReply) -> None:
        connection, source = self.connection, reply.document
        pieces = iter(source) if isinstance(source, Iterable) else aiter(source)
        try:
            await self._send(
                connection.send_response(reply.message, headers=self._closing(), document_length=reply.length)
            )
            while not connection.response_ended:
                piece = await self._channel.next_piece(pieces)
                await self._send(connection.end() if piece is None else connection.send_data(piece))
        finally:
            await self._channel.close_pieces(pieces)

    async def _send_parts(self, parts: Parts) -> None:
        connection, messages = self.connection, _pieces_of(parts)
        try:
            await self._send(connection.begin_parts(headers=self._closing()))
            while not connection.response_ended:
                message = await self._next(messages)
                await self._send(connection.end_parts() if message is None else connection.send_part(message))
        finally:
            await self._channel.close_pieces(messages)

    async def _only(self, parts: Parts) -> Any:
        """Wait for the only response."""
        messages = _pieces_of(parts)
        try:
            message = await self._next(messages)
        finally:
            await self._channel.close_pieces(messages)
        if message is None:
            status = Status.SERVER_ERROR_BUSY  # ask again later
            raise Refusal(503, "the server is stopping, and there is nothing to report", ipp_status=status)
        return message

    async def _next(self, messages: Pieces) -> Any:
        """Wait for the next response. Returns None at the end, and if the server stops meanwhile."""
        while isinstance(message := await self._channel.next_piece(messages), Wait):
            if self._service.stopping:
                return None
            await self._channel.wait(message, lambda: self._service.stopping)
        return message

    def _closing(self) -> list[tuple[str, str]]:
        return [("Connection", "close")] if self._service.stopping else []

    def _over_tls(self, refusal: Refusal) -> Refusal:
        """Instead of a 426, send a browser, which cannot upgrade (RFC 2817), to the page over TLS, if it is known."""
        head = self._head
        if refusal.status != 426 or head is None or head.method == "POST":
            return refusal
        authority = uri_authority(head.headers.get("host") or "")
        secured = None if authority is None else self._service.tls_authority(authority)
        if secured is None or not head.target.startswith("/"):
            return refusal
        location = f"https://{secured}{head.target}"
        return Refusal(307, f"this page is at {location}", headers=[("Location", location)])

    async def _refuse(self, refusal: Refusal) -> bool:
        """Send the refusal, if no response has begun. Returns whether the conversation goes on."""
        log.info("%s: %s", self.peer, refusal.words)
        refusal = self._over_tls(refusal)
        if self.connection.response_begun or isinstance(refusal, ConnectionLostError):
            return False
        await self._send(self.connection.send_error(refusal))
        return not isinstance(refusal, RemoteProtocolError)


def _pieces_of(parts: Parts) -> Pieces:
    source = parts.messages
    return iter(source) if isinstance(source, Iterable) else aiter(source)
