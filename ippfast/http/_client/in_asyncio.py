"""Connections of the client for asyncio: transports, plain or with TLS.

The rule of this file: it moves octets and keeps time; `ClientConnection` knows what they mean. Nothing polls: each wait
ends when octets come, when octets have gone, or with its time-out. Octets of a document are held at most until the
loop's next turn; none are asked for while the system takes no more; and reading stops while nobody takes what came.
"""

import asyncio
import contextlib
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from ...codec import Message
from .._wire.sockets import READ, RECEIVE_SIZE, await_socket
from ..client_connection import ClientConnection
from ..errors import ConnectionLostError, PhaseTimeoutError, RemoteProtocolError
from ..events import NEED_DATA, Buffer, ConnectionClosed, Event, InformationalResponse, Response
from ..limits import HTTPLimits, Timeouts
from ..tls import TLS
from ..uri import Endpoint
from .channels import Patience, Progress, within
from .outgoing import OBJECT, PIECE, AsyncDocument, FilePart, Outgoing

__all__ = ["AsyncChannel", "AsyncShell"]

_T = TypeVar("_T")

_COPIED = 131_072
"""At most this many octets are copied into one buffer, which costs less than another turn of the loop."""
_BURST = 16 * 1_048_576
"""The most octets of a file that its thread sends before the loop looks at it again."""
_PATIENCE = 0.002
"""How many seconds a file's thread waits for a full socket, which costs less than another turn of the loop."""
_UNREAD = 4 * RECEIVE_SIZE
"""Reading stops if more octets than this have come and nobody has taken them."""

_CLOSING_SECONDS = 1.0


class AsyncShell:
    """Makes connections. tls: whom to trust. limits: the bounds on answers."""

    def __init__(self, tls: TLS, limits: HTTPLimits) -> None:
        self._tls = tls
        self._limits = limits
        self._context: ssl.SSLContext | None = None

    async def connect(self, endpoint: Endpoint, timeouts: Timeouts, *, secure: bool) -> "AsyncChannel":
        """As `Shell.connect`."""
        loop = asyncio.get_running_loop()
        channel = AsyncChannel(self, endpoint.name, timeouts, self._limits)
        try:
            async with asyncio.timeout(timeouts.connect):
                await loop.create_connection(lambda: channel, endpoint.host, endpoint.port)
        except TimeoutError as error:
            channel.close()
            raise PhaseTimeoutError("connect", timeouts.connect) from error
        if secure:
            try:
                await channel.start_tls()
            except BaseException:
                channel.close()
                raise
        return channel

    async def sleep(self, seconds: float) -> None:
        """As `Shell.sleep`."""
        await asyncio.sleep(seconds)

    async def open(self, document: AsyncDocument | None) -> Outgoing:
        """As `Shell.open`; a path in another thread."""
        on_disk = isinstance(document, (str, Path))
        return await asyncio.to_thread(Outgoing, document) if on_disk else Outgoing(document)

    async def call(self, function: Callable[..., _T], *arguments: object) -> _T:
        """As `Shell.call`."""
        return await asyncio.to_thread(function, *arguments)

    async def secure(self, transport: asyncio.Transport, protocol: asyncio.Protocol, host: str) -> asyncio.Transport:
        """Begin TLS on a connection, and verify the server."""
        if self._context is None:
            self._context = self._tls.make_context()
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(transport, protocol, self._context, server_hostname=host)
        if secured is None:
            raise ConnectionLostError("the connection ended before TLS began")
        try:
            self._tls.check_peer(secured.get_extra_info("ssl_object").getpeercert(binary_form=True))
        except BaseException:
            secured.abort()
            raise
        return secured


class AsyncChannel(asyncio.Protocol):
    """As `Channel`. What has come waits in ``_incoming`` until the connection is asked for its next event."""

    def __init__(self, shell: AsyncShell, host: str, timeouts: Timeouts, limits: HTTPLimits) -> None:
        self.connection = ClientConnection(limits)
        self.secure = False
        self.tls_version: str | None = None
        self.timeouts = timeouts
        self.deadline: float | None = None
        self._shell = shell
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._held: list[bytes] = []
        self._incoming: deque[bytes] = deque()
        self._unread = 0
        self._reading = True
        self._writable = True
        self._ended = False  # nothing more comes
        self._lost: Exception | None = None  # nothing more can be sent either
        self._waiter: asyncio.Future[bool] | None = None  # whether anything has changed, or time is up
        self._end: float | None = None  # of the wait, by the loop's clock
        self._timer: asyncio.TimerHandle | None = None  # it may be that of an earlier wait, and end before this one
        self._socket: socket.socket  # the transport's
        self._interruptible: asyncio.Timeout | None = None
        self._response: Response | None = None
        self._continue = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._socket = transport.get_extra_info("socket")
        # `_drain` waits until the operating system has all; TLS copies what it takes, and cannot say "nothing left".
        transport.set_write_buffer_limits(high=1 if self.secure else 0, low=0)

    def data_received(self, data: bytes) -> None:
        self._incoming.append(data)
        self._unread += len(data)
        if self._reading and self._unread > _UNREAD and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()
        self._changed()

    def eof_received(self) -> bool:
        self._ended = True
        self._changed()
        return not self.secure  # keep the other direction open; TLS cannot do that

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._changed()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None and not self.secure and not self._ended:
            self._rescue()
        self._ended = True
        self._lost = error or ConnectionResetError("the connection is closed")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._changed()

    def _rescue(self) -> None:
        """Read what the server sent before a write failed: asyncio itself would drop it."""
        assert self._transport is not None
        with contextlib.suppress(OSError, AttributeError):
            descriptor = self._socket.fileno()
            while self._unread <= _UNREAD and (data := os.read(descriptor, RECEIVE_SIZE)):
                self._incoming.append(data)
                self._unread += len(data)

    def _changed(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)
        if self._interruptible is not None and self._answered():
            self._interruptible.reschedule(asyncio.get_running_loop().time())
            self._interruptible = None

    async def _wait(self, phase: str, seconds: float | None) -> None:
        """Wait until something has changed. Raises PhaseTimeoutError."""
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        self._end = end = None if seconds is None else loop.time() + seconds
        timer = self._timer
        if end is not None and (timer is None or timer.when() > end):
            if timer is not None:
                timer.cancel()
            self._timer = loop.call_at(end, self._look_at_clock)
        try:
            if not await waiter:
                raise PhaseTimeoutError(phase, seconds)
        finally:
            self._waiter = None

    def _look_at_clock(self) -> None:
        """End the wait if its time is over. A timer for each wait would cost more: most end long before their time."""
        self._timer = None
        waiter, end = self._waiter, self._end
        if waiter is None or waiter.done() or end is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= end:
            waiter.set_result(False)
        else:
            self._timer = loop.call_at(end, self._look_at_clock)

    # What the core calls.

    async def start_tls(self) -> None:
        """As `Channel.start_tls`."""
        assert self._transport is not None
        if self._incoming:
            raise RemoteProtocolError(502, "octets after the 101 and before TLS")
        self.secure = True
        try:
            async with asyncio.timeout(self.timeouts.connect):
                transport = await self._shell.secure(self._transport, self, self._host)
        except TimeoutError as error:
            raise PhaseTimeoutError("connect", self.timeouts.connect) from error
        self.tls_version = transport.get_extra_info("ssl_object").version()
        self.connection_made(transport)

    def close(self) -> None:
        """As `Channel.close`."""
        if self._transport is not None and self._lost is None:
            self._transport.abort()

    async def end(self) -> None:
        """Close an unused connection, and wait until it is closed."""
        assert self._transport is not None
        self._transport.close()
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                while self._lost is None:
                    await self._wait("idle", None)
        except TimeoutError:
            self._transport.abort()

    async def is_quiet(self) -> bool:
        """As `Channel.is_quiet`."""
        if self._lost is None and await_socket(self._socket, READ, 0):
            for _ in range(2):  # in one turn the loop looks at its sockets, in the next it calls this protocol
                await asyncio.sleep(0)
        return not self._incoming and not self._ended and self.connection.reusable

    async def send(self, buffers: Iterable[Buffer]) -> None:
        """As `Channel.send`."""
        self._response = None
        if not await self._put(buffers) and self._lost is not None:
            raise ConnectionLostError(f"the connection broke: {self._lost}")

    async def exchange(
        self,
        message: Message,
        outgoing: Outgoing,
        progress: Progress | None,
        *,
        target: str,
        host: str,
        headers: Iterable[tuple[str, str]],
        expect: bool,
    ) -> Response:
        """As `Channel.exchange`."""
        self._response, self._continue = None, False
        self._held.clear()
        buffers = self.connection.send_request(
            message,
            target=target,
            host=host,
            headers=headers,
            document_length=outgoing.length,
            expect_continue=expect,
        )
        if outgoing.length == 0:
            await self._put_together(buffers)
        elif outgoing.octets is not None and not expect:
            rest = self.connection.send_data(outgoing.octets)
            if await self._put_together([*buffers, *rest, *self.connection.end()]) and progress is not None:
                progress(len(outgoing.octets), outgoing.length)
        else:
            await self._send_document(buffers, outgoing, progress, expect)
        while self._response is None:
            event = await self.next_event("first octet")
            if isinstance(event, Response):
                self._response = event
        return self._response

    async def next_event(self, phase: str) -> Event:
        """As `Channel.next_event`."""
        patience = Patience(self.timeouts, phase)
        while (event := self.connection.next_event()) is NEED_DATA:
            if self._feed():
                patience.began()
            else:
                seconds = within(patience.seconds(), self.deadline)
                try:
                    await self._wait(patience.phase, seconds)
                except PhaseTimeoutError as error:
                    raise patience.over() from error
        if isinstance(event, ConnectionClosed):
            raise ConnectionLostError("the connection ended")
        return event

    def _feed(self) -> bool:
        """Give the connection what has come next. Returns whether there was anything."""
        if self._incoming:
            data = self._incoming.popleft()
            self._unread -= len(data)
            if not self._reading and self._unread <= _UNREAD // 2 and self._transport is not None:
                self._reading = True
                self._transport.resume_reading()
            self.connection.receive_data(data)
            return True
        if self._ended:
            self.connection.receive_data(b"")
        return self._ended

    # Sending. The final response ends it at any time.

    def _answered(self) -> bool:
        """Take what has come. Returns whether the final response is there, or none will come."""
        try:
            while self._response is None:
                event = self.connection.next_event()
                if event is NEED_DATA:
                    if not self._feed():
                        return False
                elif isinstance(event, InformationalResponse):
                    self._continue = self._continue or event.status == 100
                elif isinstance(event, Response):
                    self._response = event
                else:
                    return True
        except RemoteProtocolError:  # the connection raises it again
            pass
        return True

    async def _put(self, buffers: Iterable[Buffer]) -> bool:
        """Send the buffers. Returns whether all was sent: the response, or the end, may come before."""
        assert self._transport is not None
        waiting = [memoryview(buffer) for buffer in buffers if len(buffer)]
        if sum(map(len, waiting)) <= _COPIED:
            waiting = [memoryview(b"".join(waiting))]
        for buffer in waiting:
            for at in range(0, len(buffer), PIECE):
                if self._answered() or self._lost is not None:
                    return False
                self._transport.write(buffer[at : at + PIECE])
                if not await self._turn():
                    return False
        return True

    async def _put_together(self, buffers: list[Buffer]) -> bool:
        """Send short buffers: this takes no turn of the loop unless the system has no room. Returns as `_put`."""
        assert self._transport is not None
        if self._lost is not None or self._ended or self._incoming or sum(map(len, buffers)) > _COPIED:
            return await self._put(buffers)
        self._transport.write(b"".join(buffers))
        return self._writable or await self._drain()

    async def _turn(self) -> bool:
        """Read what has come, before the next write fails, and wait until all is sent. Returns whether more may be."""
        await asyncio.sleep(0)
        return not self._answered() and await self._drain()

    async def _drain(self) -> bool:
        """Wait until all is sent. While any octet goes, the time-out begins again. Returns whether more can be sent."""
        assert self._transport is not None
        left = self._transport.get_write_buffer_size()
        while not self._writable and self._lost is None:
            try:
                await self._wait("idle", self.timeouts.idle)
            except PhaseTimeoutError:
                now = self._transport.get_write_buffer_size()
                if now >= left:
                    raise
                left = now
            if self._answered():
                return False
        return self._lost is None

    async def _send_document(
        self, buffers: list[Buffer], outgoing: Outgoing, progress: Progress | None, expect: bool
    ) -> None:
        """Send until all is sent or the final response has come. buffers: head and message."""
        if not await self._put(buffers) or (expect and not await self._wait_for_continue()):
            return
        if outgoing.file is not None and not self.secure and hasattr(os, "sendfile"):
            complete = await self._send_file(outgoing, progress)
        else:
            complete = await self._send_pieces(outgoing, progress)
        if complete and not self._answered():
            last = self.connection.send_data(*self._held)
            self._held.clear()
            await self._put([*last, *self.connection.end()])

    async def _send_pieces(self, outgoing: Outgoing, progress: Progress | None) -> bool:
        """Send the document. Returns whether all was sent: the response also ends the wait for the next piece."""
        if self._answered():
            return False
        call_soon, held = asyncio.get_running_loop().call_soon, self._held
        gathers = outgoing.length is None  # otherwise each piece is checked against the length when it comes
        sent, room = 0, _COPIED
        pieces = outgoing.pieces_async()
        try:
            async with asyncio.timeout(None) as scope:
                self._interruptible = scope
                async for piece in pieces:
                    size = len(piece)
                    sent += size
                    if size <= _COPIED and gathers:
                        if not held:
                            call_soon(self._let_go)  # it is called as soon as anything waits, such as the source
                        held.append(piece if type(piece) is bytes else bytes(piece))  # a buffer may be filled anew
                        room -= size + OBJECT
                        if room < 0 or not self._writable:
                            self._let_go()
                            if not await self._turn():
                                return False
                            room = _COPIED
                    else:
                        self._let_go()
                        if not await self._put(self.connection.send_data(piece)):
                            return False
                    if progress is not None:
                        progress(sent, outgoing.length)
        except TimeoutError:
            if not scope.expired():
                raise
            return False
        finally:
            self._interruptible = None
            await pieces.aclose()
        return True

    def _let_go(self) -> None:
        """Write the small pieces that are held."""
        if self._held:
            assert self._transport is not None
            octets = b"".join(self.connection.send_data(*self._held))
            self._held.clear()
            self._transport.write(octets)

    async def _send_file(self, outgoing: Outgoing, progress: Progress | None) -> bool:
        """Let the operating system send the document from its file. Returns whether all was sent."""
        assert self._transport is not None
        assert outgoing.file is not None
        assert outgoing.length is not None
        loop = asyncio.get_running_loop()
        part = FilePart(outgoing.file, outgoing.length)
        self.connection.send_data(part)  # type: ignore[arg-type]  # anything with a length
        # The loop lets only the transport wait for the transport's own descriptor.
        descriptor = os.dup(self._socket.fileno())
        try:
            more = True
            while part.left:
                if self._answered() or self._lost is not None:
                    return False
                if not more:
                    more = True
                    loop.add_writer(descriptor, self._changed)
                    try:
                        await self._wait("idle", self.timeouts.idle)
                    finally:
                        loop.remove_writer(descriptor)
                    continue
                try:
                    # In another thread, since the disk may be slow.
                    more = await _finished(loop.run_in_executor(None, part.send, descriptor, _BURST, _PATIENCE))
                except ConnectionError:
                    return False  # the server may have answered before it closed
                if progress is not None:
                    progress(part.sent, outgoing.length)
        finally:
            os.close(descriptor)
        return True

    async def _wait_for_continue(self) -> bool:
        """Wait a little for a 100. False: the final response is there."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.timeouts.continue_):
                while not self._answered() and not self._continue:
                    await self._wait("idle", None)
        return not self._answered()


async def _finished(work: asyncio.Future[_T]) -> _T:
    """Wait for work in another thread until it is done, even if the task is cancelled: it uses descriptors of ours."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        raise
