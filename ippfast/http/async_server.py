"""The server for asyncio: one task a connection, plain or with TLS on one port.

The rule of this file: it moves octets, as `server` does for threads, and never polls. Both ways the slower side sets
the pace: reading pauses while nobody takes what has come, and nothing more is written before the last piece has gone.
It needs an event loop with ``add_reader``: any but Windows' default one.
"""

import asyncio
import contextlib
import socket
from collections import deque
from types import TracebackType
from typing import Self

from ._server.channel import GATHERING, AwaitedHooks
from ._server.listening import Listening, longest_idle, peer_of
from ._server.service import log
from ._server.session import Session
from ._wire.sockets import has_left
from .errors import ConnectionLostError, HTTPError, LocalProtocolError, RemoteProtocolError
from .events import Buffer
from .incoming import AsyncAuthorizer, AsyncHandler, AsyncIncomingDocument, AsyncIncomingRequest, AsyncPages
from .server_connection import ServerConnection
from .tls import CLIENT_HELLO

__all__ = ["AsyncServer"]

_QUEUE = 524_288
"""How many octets may wait before reading pauses."""

_PIECE = 262_144
"""How many octets the transport gets at once. It copies those that the socket does not take."""

_SMALL = 16_384

_COPIED = 131_072
"""Up to this many octets, copying them into one buffer costs less than another turn of the loop."""

_LOOK = 0.25
"""How often, in seconds, a full server checks whether there is room again."""

_LINGER = 2.0
"""For this many seconds a client may read the last answer while it still sends."""


class AsyncServer(Listening[AsyncHandler, AsyncAuthorizer, AsyncPages]):
    """As `Server`, for asyncio: each connection has a task, in which the handler is awaited.

    The arguments are `Server`'s. handler: see `AsyncHandler`. authorizer and pages may be coroutine functions; the
    authenticator is called in a thread.

    `start` begins to serve in the running loop, `shutdown` ends it; as an asynchronous context manager it does both.
    """

    request_type = AsyncIncomingRequest
    _loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Begin to serve."""
        self._loop = asyncio.get_running_loop()
        self._sessions: dict[_Connection, asyncio.Task[None]] = {}
        self._accepting = False
        self._stopped = asyncio.Event()
        self._listener.setblocking(False)
        self._resume()

    async def serve_forever(self) -> None:
        """Wait until another task calls `shutdown`, and it is done."""
        await self._stopped.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shutdown()

    async def shutdown(self, deadline: float = 10.0) -> None:
        """Take no more requests, let those finish that are running for at most `deadline` seconds, and close.

        Whoever waits for something to happen is not waited for (see `Wait`).
        """
        self.stopping = True
        if self._loop is None:  # it never began
            self._listener.close()
            return
        self._pause()
        self._listener.close()
        for connection in list(self._sessions):
            connection.wake_if_idle()
        running = set(self._sessions.values())
        if running:
            _, running = await asyncio.wait(running, timeout=deadline)
        for connection, task in list(self._sessions.items()):
            connection.abort()
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=1.0)
        self.forget_turned_away()
        self._stopped.set()

    def _resume(self) -> None:
        if self._loop is not None and not self._accepting and not self.stopping:
            self._loop.add_reader(self._listener, self._accept)
            self._accepting = True

    def _pause(self) -> None:
        if self._loop is not None and self._accepting:
            self._loop.remove_reader(self._listener)
            self._accepting = False

    def _accept(self) -> None:
        assert self._loop is not None
        if len(self._sessions) >= self.limits.connections:
            self._make_room(self._loop)
            return
        try:
            sock, address = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            log.warning("no connection taken: %s", error)
            self._pause()
            self._loop.call_later(0.1, self._resume)  # out of descriptors: until a connection ends
            return
        peer = peer_of(str(address[0]))
        if not self.admit(peer):
            self.turn_away(sock, peer)
            return
        connection = _Connection(self, sock, peer)
        self._sessions[connection] = self._loop.create_task(self._serve(connection), name=f"ippfast-{peer}")

    def _make_room(self, loop: asyncio.AbstractEventLoop) -> None:
        """Somebody waits to connect, and there is no room: close the connection that was idle longest."""
        victim = longest_idle(self._sessions, loop.time(), self.limits)
        if victim is not None:
            log.info("%s: closed for another, since the server is full", victim.peer)
            victim.abort()
        self._pause()
        loop.call_later(_LOOK, self._resume)

    async def _serve(self, connection: "_Connection") -> None:
        try:
            await connection.serve()
        except (HTTPError, OSError) as error:
            log.info("%s: %s", connection.peer, error)
        except Exception:
            log.exception("%s: the connection is given up", connection.peer)
        finally:
            await connection.end()
            del self._sessions[connection]
            self.dismiss(connection.peer)
            self._resume()


class _Connection(AwaitedHooks, asyncio.Protocol):
    """One connection, from its first octet to its last, and the channel of its session."""

    _transport: asyncio.Transport

    def __init__(self, server: AsyncServer, sock: socket.socket, peer: str) -> None:
        self.peer = peer
        self._server = server
        self._socket = sock
        self._limits = server.limits
        self._loop = asyncio.get_running_loop()
        self.session: Session | None = None
        self.waits_since: float | None = None
        self._made = False
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._ended = False
        self._held = False  # reading pauses between two buffers that are filled
        self._full = False  # the transport's buffer of what is to be sent
        self._waiting: asyncio.Future[None] | None = None
        self._end = 0.0  # of the wait, by the loop's clock
        self._timer: asyncio.TimerHandle | None = (
            None  # which may be of an earlier wait, and set too early for this one
        )
        self._lost: ConnectionLostError | None = None
        self._closed = self._loop.create_future()

    async def serve(self) -> None:
        """Answer the requests that come, until none can follow."""
        server, limits = self._server, self._limits
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = server.tls is not None and await self._first_octet() == bytes([CLIENT_HELLO])
        times = {"ssl_handshake_timeout": limits.head_time, "ssl_shutdown_timeout": _LINGER} if secure else {}
        await self._loop.connect_accepted_socket(
            lambda: self, self._socket, ssl=server.tls if secure else None, **times
        )
        self.session = session = Session(
            server,
            ServerConnection(limits, methods=server.methods, forms=server.forms),
            self,
            self.peer,
            secure=secure,
            open_document=lambda session, turn: AsyncIncomingDocument(
                lambda: session.document_event(turn),
                lambda: session.ready_event(turn),
                lambda: 0 if self._queue else session.bare_octets(turn),
                lambda buffer: session.fill(turn, buffer),
            ),
        )
        await session.serve()
        await self._linger(session)

    async def _first_octet(self) -> bytes:
        self._loop.add_reader(self._socket, self._wake)
        try:
            await self._wait(self._limits.keep_alive)
        finally:
            self._loop.remove_reader(self._socket)
        return self._socket.recv(1, socket.MSG_PEEK)  # BlockingIOError, an OSError, if none came in time

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._made = True
        self._transport = transport
        # Not 0: TLS would call even an empty buffer full, at each second look, and an answer could wait for nothing.
        transport.set_write_buffer_limits(high=1)

    def data_received(self, data: bytes) -> None:
        self._queue.append(data)
        self._queued += len(data)
        if self._queued >= _QUEUE:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return self.session is not None and not self.session.secure  # TLS has no half of a connection

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = ConnectionLostError(f"the connection broke: {exc}" if exc else "the connection was closed")
        self._ended = self._ended or exc is None
        if not self._closed.done():
            self._closed.set_result(None)
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    # What the session awaits, and what that consists of.

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _wait(self, seconds: float) -> None:
        """Wait for anything to happen, for at most this many seconds."""
        if self._waiting is not None:
            raise LocalProtocolError("another task waits for this connection")
        loop = self._loop
        self._waiting = loop.create_future()
        self._end = end = loop.time() + seconds
        timer = self._timer
        if timer is None or timer.when() > end:
            if timer is not None:
                timer.cancel()
            self._timer = loop.call_at(end, self._look_at_clock)
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _look_at_clock(self) -> None:
        """A timer for each wait would be dearer: most waits end long before their time."""
        self._timer = None
        if self._waiting is None:
            return
        if self._loop.time() >= self._end:
            self._wake()
        else:
            self._timer = self._loop.call_at(self._end, self._look_at_clock)

    async def receive(self, seconds: float) -> bytes | None:
        if self._held:
            self._let_go()
        if self._queue:
            return self._taken()
        self.waits_since = self._loop.time()
        try:
            return await self._awaited(seconds)
        finally:
            self.waits_since = None

    async def _awaited(self, seconds: float) -> bytes | None:
        """What comes within this many seconds, as `receive` has it."""
        end = self._loop.time() + seconds
        while not self._queue and not self._ended and self._lost is None:  # woken for something else, it goes on
            left = end - self._loop.time()
            if left <= 0:
                return None
            await self._wait(left)
        if self._queue:
            return self._taken()
        if self._ended:
            return b""
        assert self._lost is not None
        raise self._lost

    def _taken(self) -> bytes:
        """The first octets that have come."""
        data = self._queue.popleft()
        was_full = self._queued >= _QUEUE
        self._queued -= len(data)
        if was_full and self._queued < _QUEUE and self._lost is None:
            self._transport.resume_reading()
        return data

    def _let_go(self) -> None:
        if self._held:
            self._held = False
            self._transport.resume_reading()

    def has_gone(self) -> bool:
        return self._ended or self._lost is not None or has_left(self._socket)

    async def fill(self, buffer: memoryview, seconds: float) -> int | None:
        filling = _Filling(self, buffer)
        self._transport.set_protocol(filling)
        self._let_go()
        self.waits_since = self._loop.time()
        try:
            if await self._filled(filling, 1, seconds):
                await self._filled(filling, len(buffer), GATHERING)
        finally:
            self.waits_since = None
            self._transport.pause_reading()
            self._transport.set_protocol(self)
            self._held = True
        if not filling.count and self._lost is not None and not self._ended:
            raise self._lost
        return filling.count or (0 if self._ended else None)

    async def _filled(self, filling: "_Filling", enough: int, seconds: float) -> bool:
        """Wait until there is enough in its buffer."""
        filling.enough = enough
        end = self._loop.time() + seconds
        while filling.count < enough and not self._ended and self._lost is None:
            left = end - self._loop.time()
            if left <= 0:
                break
            await self._wait(left)
        return filling.count >= enough

    async def send(self, buffers: list[Buffer], seconds: float) -> None:
        last = self._loop.time() + seconds
        size = sum(map(len, buffers))
        if size <= _COPIED:
            buffers = [b"".join(buffers)]
        for buffer in buffers:
            view = memoryview(buffer)
            for at in range(0, len(view), _PIECE):
                if self._lost is not None or self._transport.is_closing():
                    raise ConnectionLostError("the client has gone")
                self._transport.write(view[at : at + _PIECE])
                if self._full:
                    await self._drain(last)
                if size > _SMALL:
                    await asyncio.sleep(0)  # however fast the client takes it, others have their turn

    async def _drain(self, last: float) -> None:
        """Wait until all is sent, as long as some octet goes within the limit. last: when there is no more time."""
        transport, seconds = self._transport, self._limits.idle
        left, end = transport.get_write_buffer_size(), self._loop.time() + seconds
        while self._full and self._lost is None:
            await self._wait(max(0.0, min(end, last) - self._loop.time()))
            if self._loop.time() >= last and self._full:
                raise ConnectionLostError(
                    f"the client does not take the answer: under {self._limits.rate} octets a second"
                )
            if self._loop.time() >= end and self._full:
                if transport.get_write_buffer_size() >= left:
                    raise ConnectionLostError("the client does not take the answer")
                left, end = transport.get_write_buffer_size(), self._loop.time() + seconds
        if self._lost is not None:
            raise self._lost

    async def start_tls(self) -> None:
        assert self._server.tls is not None
        if self._queue:
            raise RemoteProtocolError(400, "octets before the handshake")
        transport = None
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                self._server.tls,
                server_side=True,
                ssl_handshake_timeout=self._limits.head_time,
                ssl_shutdown_timeout=_LINGER,
            )
        finally:
            if transport is None:  # then nobody calls `connection_lost`
                self._closed.set_result(None)
        if transport is None:
            raise ConnectionLostError("the client went during the handshake")
        self.connection_made(transport)

    async def _linger(self, session: Session) -> None:
        """Let the client read the last answer before the connection is reset by what it still sends."""
        end, left = self._loop.time() + _LINGER, self._limits.drain
        self._let_go()
        with contextlib.suppress(ConnectionLostError):
            if not session.secure:
                self._transport.write_eof()
            if not session.secure or not session.connection.request_ended:
                while left > 0 and (data := await self.receive(end - self._loop.time())):
                    left -= len(data)
        self._transport.close()
        timer = self._loop.call_later(_LINGER, self.abort)
        try:
            await self._closed
        finally:
            timer.cancel()

    def wake_if_idle(self) -> None:
        """End a wait for the next request."""
        if not self._made:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        elif self.session is None or self.session.idle:
            self._ended = True
            self._wake()

    def abort(self) -> None:
        """End whatever is going on."""
        if self._made:
            if not self._closed.done():  # a transport of Python 3.11's TLS cannot be aborted once it is closed
                self._transport.abort()
        else:
            self._socket.close()

    async def end(self) -> None:
        """As `abort`, and wait until it is done."""
        self.abort()
        if self._timer is not None:
            self._timer.cancel()
        if self._made:
            await self._closed


class _Filling(asyncio.BufferedProtocol):
    """Stands in for a connection while octets go straight into a buffer.

    count: how many there are. enough: of this many, the connection wants to know.
    """

    def __init__(self, connection: _Connection, buffer: memoryview) -> None:
        self.count = 0
        self.enough = 1
        self._connection = connection
        self._buffer = buffer

    def eof_received(self) -> bool:
        return self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer[self.count :]

    def buffer_updated(self, nbytes: int) -> None:
        self.count += nbytes
        if self.count == len(self._buffer):
            self._connection._transport.pause_reading()
        if self.count >= self.enough:
            self._connection._wake()
