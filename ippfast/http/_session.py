"""What a server does with one conversation, without I/O: who is asked in which order, what is sent, how long is waited.

The rule of this file: a flow is a generator. It yields the steps that a shell has to perform, for threads or asyncio,
and is sent each one's result, or thrown its error. All that shells of every kind do alike stands here, and is told the
time by a clock that tests can turn.
"""

import math
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from ..codec import Message
from ..enums import Operation
from ._server_side import ServerSide
from ._service import Service, log
from .errors import ConnectionLostError, LocalProtocolError, Refusal, RemoteProtocolError
from .events import NEED_DATA, Buffer, ConnectionClosed, Event, Request, RequestHead
from .incoming import AsyncReply, Page, PageRequest, Parts, Reply
from .server_connection import ServerConnection

__all__ = ["GATHERING", "Call", "Close", "Fill", "Flow", "Next", "Receive", "Send", "Session", "StartTLS", "Step"]

_WITH_DOCUMENT = frozenset({Operation.PRINT_JOB, Operation.SEND_DOCUMENT})

RATE_AFTER = 10.0
"""A body has to keep the rate once it was waited for so many seconds."""

GATHERING = 1.0
"""Seconds for more octets to come into a buffer that is not full."""

UNASKED = 0.2
"""Seconds for a client to send the message before it gets its 100, where that decides whether a user is needed."""


@dataclass(frozen=True, slots=True)
class Receive:
    """Wait for octets for at most so many seconds. The result: octets, none at the end; None where time is over."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fill:
    """As `Receive`, into a buffer. The result: how many octets, 0 at the end; None where time is over.

    Until it is full, at most `GATHERING` seconds may be waited for more of them.
    """

    buffer: memoryview
    seconds: float


@dataclass(frozen=True, slots=True)
class Send:
    """Send the buffers, within so many seconds.

    ConnectionLostError where the peer has gone, takes nothing for ``limits.idle`` seconds, or not all in time.
    """

    buffers: list[Buffer]
    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Call a hook. The result is its own; an awaitable's, where that is what it gives. waits: it may block a thread."""

    hook: Callable[..., Any]
    argument: object
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """The next piece of an answer: octets of its document, or one of several messages; None at the end."""

    pieces: Iterator[Any] | AsyncIterator[Any]


@dataclass(frozen=True, slots=True)
class Close:
    """No more pieces are taken."""

    pieces: Iterator[Any] | AsyncIterator[Any]


@dataclass(frozen=True, slots=True)
class StartTLS:
    """Do the server's part of a handshake, within ``limits.head_time`` seconds."""


Step: TypeAlias = Receive | Fill | Send | Call | Next | Close | StartTLS
_T = TypeVar("_T")
Flow: TypeAlias = Generator[Step, Any, _T]


class Session:
    """One conversation with a client.

    open_document: makes the document that the handler is given; `document_event` and `ready_event` with the turn that
    it gets are its source. idle: whether it waits for the next request, so that a server which stops can end it.
    """

    def __init__(
        self,
        service: Service[Any, Any, Any],
        connection: ServerSide,
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
        self._service = service
        self._limits = connection.limits
        self._open_document = open_document
        self._clock = clock
        self._user: str | None = None
        self._turn = 0
        self._deadline: float | None = None  # until when head and message must be complete
        self._waited = 0.0
        self._received = 0
        self._sending = 0.0
        self._sent = 0

    def serve(self) -> Flow[None]:
        """Answer the requests that come, until none can follow."""
        while True:
            try:
                event = yield from self.next_event()
                if isinstance(event, ConnectionClosed):
                    return
                if isinstance(event, RequestHead):
                    yield from self._begin(event)
                elif isinstance(event, Request):
                    yield from self._answer(event)
            except Refusal as refusal:
                if not (yield from self._refuse(refusal)):
                    return

    def next_event(self) -> Flow[Event]:
        """The next event but `NEED_DATA`, within the time that there is for it."""
        connection = self.connection
        while (event := connection.next_event()) is NEED_DATA:
            if connection.awaits_continue:  # what came along with the head did not suffice (RFC 9110 section 10.1.1)
                if (yield from self._comes_unasked()):
                    continue
                yield from self._send(connection.send_continue())
            yield from self._receive()
        return event

    def _comes_unasked(self) -> Flow[bool]:
        """Whether more of the message comes without a 100 where `Service.anonymous` judges by the message.

        CUPS sends head and message apart, then waits for 100 with the document alone. Had the message been asked for,
        it would begin with the document, and it takes no 401 while it writes that.
        """
        connection = self.connection
        if self._service.anonymous is None or connection.message_complete:
            return False
        data = yield Receive(min(UNASKED, self._head_time(self._clock())))
        if data is None:
            return False
        connection.receive_data(data)
        return True

    def document_event(self, turn: int) -> Flow[Event]:
        """As `next_event`, for the document of one request: what follows it is none of its business."""
        self._check_turn(turn)
        return (yield from self.next_event())

    def ready_event(self, turn: int) -> Event:
        """As `document_event`, with what has come already: `NEED_DATA` where that is not enough."""
        self._check_turn(turn)
        return self.connection.next_event()

    def bare_octets(self, turn: int) -> int:
        """How many octets of a request's document `fill` may receive now."""
        self._check_turn(turn)
        connection = self.connection
        return 0 if connection.awaits_continue else connection.bare_octets

    def fill(self, turn: int, buffer: memoryview) -> Flow[int]:
        """Receive some of the `bare_octets` into a buffer: how many; 0 where `document_event` says why none came."""
        self._check_turn(turn)
        connection, start = self.connection, self._clock()
        count = yield Fill(buffer, self._limits.idle)
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

    def _receive(self) -> Flow[None]:
        connection, limits, now = self.connection, self._limits, self._clock()
        self.idle = connection.between_requests
        if self.idle and self._service.stopping:
            connection.receive_data(b"")
            return
        if self.idle:
            self._deadline = None
            seconds = limits.keep_alive
        elif connection.message_complete:
            seconds = limits.idle
        else:
            seconds = self._head_time(now)
        data = yield Receive(seconds)
        if data is None:
            if not self.idle:
                raise RemoteProtocolError(408, "the request does not go on")
            data = b""
        if connection.message_complete:
            self._check_rate(now, len(data))
        self.idle = False
        connection.receive_data(data)

    def _check_rate(self, start: float, count: int) -> None:
        """So many octets of a body have come since `start`."""
        rate = self._limits.rate
        self._waited += self._clock() - start
        self._received += count
        if self._waited > RATE_AFTER and self._received < rate * self._waited:
            raise RemoteProtocolError(408, f"under {rate} octets a second")

    def _head_time(self, now: float) -> float:
        """What is left of the seconds for head and message together."""
        if self._deadline is None:
            self._deadline = now + self._limits.head_time
        seconds = self._deadline - now
        if seconds <= 0:
            raise RemoteProtocolError(408, f"no request within {self._limits.head_time} seconds")
        return seconds

    def _send(self, buffers: list[Buffer]) -> Flow[None]:
        """Send, at no less than ``limits.rate`` octets a second for all of one answer, once that took some time."""
        rate, start = self._limits.rate, self._clock()
        self._sent += sum(map(len, buffers))
        seconds = RATE_AFTER + self._sent / rate - self._sending if rate else math.inf
        yield Send(buffers, max(0.0, seconds))
        self._sending += self._clock() - start

    def _begin(self, head: RequestHead) -> Flow[None]:
        self._sending, self._sent = 0.0, 0
        connection, service = self.connection, self._service
        service.check_host(head)
        if isinstance(connection, ServerConnection) and head.method == "OPTIONS":
            yield from self._show_options(connection)
            return
        service.check_tls(secure=self.secure)
        self._user = None
        if service.anonymous is None:
            yield from self._authenticate(head, None)
        if head.method != "POST":
            if service.anonymous is not None:
                yield from self._authenticate(head, None)
            yield from self._show_page(head)

    def _show_options(self, connection: ServerConnection) -> Flow[None]:
        if connection.asks_for_tls and not self.secure:
            yield from self._send(connection.send_switching())
            yield StartTLS()
            self.secure = True
        yield from self._send(connection.send_options())

    def _authenticate(self, head: RequestHead, message: Message | None) -> Flow[None]:
        service, secure = self._service, self.secure
        with service.failures(self.peer):
            if service.needs_user(head, message):
                self._user = yield Call(lambda head: service.authenticate(head, secure=secure), head, waits=True)

    def _show_page(self, head: RequestHead) -> Flow[None]:
        request = PageRequest(head=head, peer=self.peer, secure=self.secure, user=self._user)
        with self._service.failures(self.peer):
            assert self._service.pages is not None
            page: Page | None = yield Call(self._service.pages, request)
        if page is None:
            raise Refusal(404, "no such page")
        headers = [*page.headers, *self._closing()]
        yield from self._send(self.connection.send_content(page.status, page.content_type, page.body, headers=headers))

    def _answer(self, request: Request) -> Flow[None]:
        connection, service = self.connection, self._service
        self._deadline = None
        self._waited, self._received = 0.0, 0
        if service.anonymous is not None:
            yield from self._authenticate(request.head, request.message)
        incoming = service.request_type(
            message=request.message,
            head=request.head,
            peer=self.peer,
            secure=self.secure,
            user=self._user,
            document=self._open_document(self, self._turn),  # type: ignore[call-arg]  # each type has one
        )
        try:
            with service.failures(self.peer):
                if service.authorizer is not None:
                    yield Call(service.authorizer, incoming)
                # With a document it is sent when the handler reads, which may refuse before.
                if connection.awaits_continue and request.message.code not in _WITH_DOCUMENT:
                    yield from self._send(connection.send_continue())
                reply: Message | Reply | AsyncReply | Parts = yield Call(service.handler, incoming)
            if isinstance(reply, Message):
                yield from self._send(connection.send_response(reply, headers=self._closing()))
            elif isinstance(reply, Parts):
                yield from self._send_parts(reply)
            else:
                yield from self._stream(reply)
        finally:
            self._turn += 1

    def _stream(self, reply: Reply | AsyncReply) -> Flow[None]:
        connection, source = self.connection, reply.document
        pieces = iter(source) if isinstance(source, Iterable) else aiter(source)
        try:
            yield from self._send(
                connection.send_response(reply.message, headers=self._closing(), document_length=reply.length)
            )
            while not connection.response_ended:
                piece = yield Next(pieces)
                yield from self._send(connection.end() if piece is None else connection.send_data(piece))
        finally:
            yield Close(pieces)

    def _send_parts(self, parts: Parts) -> Flow[None]:
        connection, source = self.connection, parts.messages
        messages = iter(source) if isinstance(source, Iterable) else aiter(source)
        try:
            yield from self._send(connection.begin_parts(headers=self._closing()))
            while not connection.response_ended:
                message = yield Next(messages)
                yield from self._send(connection.end_parts() if message is None else connection.send_part(message))
        finally:
            yield Close(messages)

    def _closing(self) -> list[tuple[str, str]]:
        return [("Connection", "close")] if self._service.stopping else []

    def _refuse(self, refusal: Refusal) -> Flow[bool]:
        """Say so to the client where it can still be said. Returns whether the conversation goes on."""
        log.info("%s: %s", self.peer, refusal)
        if self.connection.response_begun or isinstance(refusal, ConnectionLostError):
            return False
        yield from self._send(self.connection.send_error(refusal))
        return not isinstance(refusal, RemoteProtocolError)
