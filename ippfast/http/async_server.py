"""The server for asyncio: a task for each connection, and one port for all, with TLS or without.

The rule of this file: it moves octets, as `server` does for threads. In both directions the slower side sets the pace:
reading pauses while nobody takes what has come, and nothing is written before the last piece has gone. It needs an
event loop with ``add_reader``: any except Windows' default one.
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
"""How many octets are given to the transport at once. It copies those that the socket does not take."""

_SMALL = 16_384
"""If more octets are sent than this, other tasks get a turn after each piece."""

_COPIED = 131_072
"""At most this many octets are copied into one buffer, which costs less than another turn of the loop."""

_LOOK = 0.25
"""How often, in seconds, a full server checks whether there is room again."""

_LINGER = 2.0
"""How many seconds a client that still sends has to read the last response."""


class AsyncServer(Listening[AsyncHandler, AsyncAuthorizer, AsyncPages]):
    """As `Server`, for asyncio: each connection has a task, which awaits the handler.

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
        """Wait until another task has called `shutdown`, and it is done."""
        await self._stopped.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shutdown()

    async def shutdown(self, deadline: float = 10.0) -> None:
        """Accept no more requests, let the running ones finish within `deadline` seconds, and close.

        Requests that wait for something to happen are ended (see `Wait`).
        """
        self.stopping = True
        if self._loop is None:  # it has not begun
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
            log.warning("a connection could not be accepted: %s", error)
            self._pause()
            self._loop.call_later(0.1, self._resume)  # there are no descriptors until a connection ends
            return
        peer = peer_of(str(address[0]))
        if not self.admit(peer):
            self.turn_away(sock, peer)
            return
        connection = _Connection(self, sock, peer)
        self._sessions[connection] = self._loop.create_task(self._serve(connection), name=f"ippfast-{peer}")

    def _make_room(self, loop: asyncio.AbstractEventLoop) -> None:
        """A client waits to connect, and there is no room: close the connection that has been idle longest."""
        victim = longest_idle(self._sessions, loop.time(), self.limits)
        if victim is not None:
            log.info("%s: closed to make room for another, since the server is full", victim.peer)
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
        self._held = False  # whether reading pauses until the next buffer is to be filled
        self._full = False  # whether the transport has octets that are not sent yet
        self._waiting: asyncio.Future[None] | None = None
        self._end = 0.0  # of the wait, by the loop's clock
        self._timer: asyncio.TimerHandle | None = None  # it may be that of an earlier wait, and end before this one
        self._lost: ConnectionLostError | None = None
        self._closed = self._loop.create_future()

    async def serve(self) -> None:
        """Answer requests until none can follow."""
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
        # Not 0: TLS would call even an empty buffer full, at every other check, and a response could wait for nothing.
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
        return self.session is not None and not self.session.secure  # TLS cannot close one half of a connection

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

    # What the session awaits, and the parts of that.

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
        """End the wait if its time is over. A timer for each wait would cost more: most end long before their time."""
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
        """What comes within this many seconds, as `receive` returns it."""
        end = self._loop.time() + seconds
        while not self._queue and not self._ended and self._lost is None:  # it may be woken for another reason
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
        """Wait until the buffer has enough octets. Returns whether it has."""
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
                    await asyncio.sleep(0)  # give others a turn even if the client is fast

    async def _drain(self, last: float) -> None:
        """Wait until all is sent. Some octet must go within each `limits.idle` seconds, and all before `last`."""
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
        """Let the client read the last response: closing while it still sends would reset the connection."""
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
        """Close the connection at once."""
        if self._made:
            if not self._closed.done():  # a transport of Python 3.11's TLS cannot be aborted once it is closed
                self._transport.abort()
        else:
            self._socket.close()

    async def end(self) -> None:
        """Close the connection at once, and wait until it is closed."""
        self.abort()
        if self._timer is not None:
            self._timer.cancel()
        if self._made:
            await self._closed


class _Filling(asyncio.BufferedProtocol):
    """The transport's protocol, in place of a connection, while octets go straight into a buffer.

    count: how many have come. enough: the connection is woken when this many have come.
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
