"""Connections of the client for threads: sockets, plain or with TLS.

The rule of this file: it moves octets and keeps time; `ClientConnection` knows what they mean. While it sends a
document it also receives, because a server may answer before it has all of it. Its coroutines block instead of waiting,
see `../_wire/coroutines.py`.
"""

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from ...codec import Message
from .._wire.sockets import READ, RECEIVE_SIZE, SMALL, WRITE, await_socket, send_buffers
from ..client_connection import ClientConnection
from ..errors import ConnectionLostError, PhaseTimeoutError
from ..events import NEED_DATA, Buffer, ConnectionClosed, Event, InformationalResponse, Response
from ..limits import HTTPLimits, Timeouts
from ..tls import TLS
from ..uri import Endpoint
from .channels import Patience, Progress, within
from .gathering import Gathering
from .outgoing import OBJECT, PIECE, AsyncDocument, FilePart, Outgoing

_Result = TypeVar("_Result")

__all__ = ["BlockingChannel", "BlockingShell"]

_HELD = 131_072
"""How many octets of small pieces are collected before they are sent together."""
_LOOK = 262_144
_LOOK_SECONDS = 0.1
"""After this many octets of a document, or seconds, the channel checks whether the server has answered."""


class BlockingShell:
    """Makes connections. tls: whom to trust. limits: the bounds on answers."""

    def __init__(self, tls: TLS, limits: HTTPLimits) -> None:
        self._tls = tls
        self._limits = limits
        self._context: ssl.SSLContext | None = None

    async def connect(self, endpoint: Endpoint, timeouts: Timeouts, *, secure: bool) -> "BlockingChannel":
        """As `Shell.connect`."""
        channel = BlockingChannel(endpoint, timeouts, self._limits, self._secure)
        if secure:
            try:
                await channel.start_tls()
            except BaseException:
                channel.close()
                raise
        return channel

    async def sleep(self, seconds: float) -> None:
        """As `Shell.sleep`."""
        time.sleep(seconds)

    async def open(self, document: AsyncDocument | None) -> Outgoing:
        """As `Shell.open`."""
        if hasattr(document, "__aiter__"):
            raise TypeError("only AsyncClient can send an asynchronous iterable")
        return Outgoing(document)

    async def call(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        """As `Shell.call`."""
        return function(*arguments)

    def _secure(self, sock: socket.socket, host: str) -> ssl.SSLSocket:
        if self._context is None:
            self._context = self._tls.make_context()
        secure = self._context.wrap_socket(sock, server_hostname=host)
        try:
            self._tls.check_peer(secure.getpeercert(binary_form=True))
        except BaseException:
            secure.close()
            raise
        return secure


class BlockingChannel:
    """As `Channel`. Raises OSError or a subclass if no connection can be made.

    A plain socket does not block: `await_socket` waits for it, with fewer system calls than the socket's own time-out,
    of which every change is one. With TLS that time-out is used, because one step may take several system calls.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        timeouts: Timeouts,
        limits: HTTPLimits,
        secure: Callable[[socket.socket, str], ssl.SSLSocket],
    ) -> None:
        self.connection = ClientConnection(limits)
        self.secure = False
        self.tls_version: str | None = None
        self.timeouts = timeouts
        self.deadline: float | None = None
        self._host = endpoint.name
        self._wrap = secure
        self._response: Response | None = None
        self._continue = False
        try:
            self._socket = socket.create_connection((endpoint.host, endpoint.port), timeouts.connect)
        except TimeoutError as error:
            raise PhaseTimeoutError("connect", timeouts.connect) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)

    async def start_tls(self) -> None:
        """As `Channel.start_tls`."""
        self._socket.settimeout(self.timeouts.connect)
        try:
            secured = self._wrap(self._socket, self._host)
        except TimeoutError as error:
            raise PhaseTimeoutError("connect", self.timeouts.connect) from error
        self._socket, self.secure, self.tls_version = secured, True, secured.version()

    def close(self) -> None:
        """As `Channel.close`."""
        self._socket.close()

    async def is_quiet(self) -> bool:
        """As `Channel.is_quiet`."""
        nothing = not await_socket(self._socket, READ, 0) and not (
            isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
        )
        return (nothing or not self._receive_ready()) and self.connection.reusable

    async def send(self, buffers: Iterable[Buffer]) -> None:
        """As `Channel.send`."""
        self._put(buffers)

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
        buffers = self.connection.send_request(
            message,
            target=target,
            host=host,
            headers=headers,
            document_length=outgoing.length,
            expect_continue=expect,
        )
        try:
            if outgoing.length == 0:
                self._put(buffers)
            elif outgoing.octets is not None and not expect:
                self._put([*buffers, *self.connection.send_data(outgoing.octets), *self.connection.end()])
                if progress is not None:
                    progress(len(outgoing.octets), outgoing.length)
            else:
                self._send_document(buffers, outgoing, progress, expect)
        except ConnectionLostError:
            pass  # the server may have answered before it closed
        while self._response is None:
            event = await self.next_event("first octet")
            if isinstance(event, Response):
                self._response = event
        return self._response

    async def next_event(self, phase: str) -> Event:
        """As `Channel.next_event`."""
        patience = Patience(self.timeouts, phase)
        while (event := self.connection.next_event()) is NEED_DATA:
            try:
                data = self._receive(within(patience.seconds(), self.deadline))
            except TimeoutError as error:
                raise patience.over() from error
            except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
                raise ConnectionLostError(f"the connection broke: {error}") from error
            self.connection.receive_data(data)
            patience.began()
        if isinstance(event, ConnectionClosed):
            raise ConnectionLostError("the connection ended")
        return event

    def _receive(self, seconds: float | None) -> bytes:
        """Receive octets. Raises TimeoutError, and OSError or a subclass if the connection breaks."""
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(seconds)
        elif not await_socket(self._socket, READ, seconds):
            raise TimeoutError
        return self._socket.recv(RECEIVE_SIZE)

    # Sending a document: the socket is watched for both directions.

    def _send_document(
        self, buffers: list[Buffer], outgoing: Outgoing, progress: Progress | None, expect: bool
    ) -> None:
        """Send until all is sent or the final response has come. buffers: head and message."""
        if not self._put(buffers, self._may_send) or (expect and not self._wait_for_continue()):
            return
        if outgoing.file is not None and not isinstance(self._socket, ssl.SSLSocket) and hasattr(os, "sendfile"):
            complete = self._send_file(outgoing, progress)
        else:
            complete = self._send_pieces(outgoing, progress)
        if complete:
            self._put(self.connection.end(), self._may_send)

    def _send_pieces(self, outgoing: Outgoing, progress: Progress | None) -> bool:
        """Send the document. Returns whether all was sent. Once there are many small pieces, they are sent together."""
        send_data, monotonic = self.connection.send_data, time.monotonic
        # With TLS two threads cannot send; if the length is known, each piece is checked against it when it comes.
        gathers = outgoing.length is None and not isinstance(self._socket, ssl.SSLSocket)
        sent = look_after = held = 0
        look_at = 0.0
        with contextlib.ExitStack() as stack:
            gathering: Gathering | None = None
            for piece in outgoing.pieces():
                if sent >= look_after or monotonic() >= look_at:
                    if not self._may_send():
                        return False
                    look_after, look_at = sent + _LOOK, monotonic() + _LOOK_SECONDS
                size = len(piece)
                sent += size
                if gathering is not None and size <= SMALL:
                    gathering.hold(piece if type(piece) is bytes else bytes(piece))  # a buffer may be filled anew
                    held += size + OBJECT
                    if held > _HELD:
                        held = 0
                        if not self._put([gathering.take()], self._may_send):
                            return False
                else:
                    held_before = [] if gathering is None else [gathering.take()]
                    if not self._put([*held_before, *send_data(piece)], self._may_send):
                        return False
                    if gathers and gathering is None and size <= SMALL and sent > _LOOK:
                        gathering = stack.enter_context(Gathering(self._socket, send_data))
                if progress is not None:
                    progress(sent, outgoing.length)
        return gathering is None or self._put([gathering.take()], self._may_send)

    def _put(self, buffers: Iterable[Buffer], may_send: Callable[[], bool] | None = None) -> bool:
        """As `send_buffers`. Errors of the connection become HTTPErrors here; those of the document's source do not."""
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(self.timeouts.idle)
        else:
            may_send = may_send or self._wait_to_write
        try:
            return send_buffers(self._socket, buffers, may_send)
        except PhaseTimeoutError:
            raise
        except TimeoutError as error:
            raise PhaseTimeoutError("idle", self.timeouts.idle) from error
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise ConnectionLostError(f"the connection broke: {error}") from error

    def _send_file(self, outgoing: Outgoing, progress: Progress | None) -> bool:
        """Let the operating system send the document from its file. Returns whether all was sent."""
        assert outgoing.file is not None
        assert outgoing.length is not None
        part = FilePart(outgoing.file, outgoing.length)
        self.connection.send_data(part)  # type: ignore[arg-type]  # anything with a length
        while part.left:
            if not self._may_send():
                return False
            try:
                part.send(self._socket.fileno(), 16 * PIECE)
            except ConnectionError as error:
                raise ConnectionLostError(f"the connection broke: {error}") from error
            if progress is not None:
                progress(part.sent, outgoing.length)
        return True

    def _may_send(self) -> bool:
        """Wait until octets can be sent, and receive what comes meanwhile. False: the final response is there."""
        while True:
            ready = self._await(READ | WRITE)
            if ready & READ:
                self._receive_ready()
                self._take_events()
                if self._response is not None:
                    return False
            if ready & WRITE:
                return True

    def _wait_to_write(self) -> bool:
        return bool(self._await(WRITE))

    def _await(self, wanted: int) -> int:
        ready = await_socket(self._socket, wanted, self.timeouts.idle)
        if not ready:
            raise PhaseTimeoutError("idle", self.timeouts.idle)
        return ready

    def _wait_for_continue(self) -> bool:
        """Wait a little for a 100. False: the final response is there."""
        while not self._continue and self._response is None:
            if not await_socket(self._socket, READ, self.timeouts.continue_):
                break
            self._receive_ready()
            self._take_events()
        return self._response is None

    def _take_events(self) -> None:
        while (event := self.connection.next_event()) is not NEED_DATA:
            if isinstance(event, InformationalResponse):
                self._continue = self._continue or event.status == 100
            elif isinstance(event, Response):
                self._response = event
                break

    def _receive_ready(self) -> bool:
        """Receive what has come, without waiting. Returns whether anything has."""
        secure = isinstance(self._socket, ssl.SSLSocket)
        if secure:
            self._socket.settimeout(0)
        try:
            data = self._socket.recv(RECEIVE_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            data = b""
        finally:
            if secure:
                self._socket.settimeout(self.timeouts.idle)
        self.connection.receive_data(data)
        return True
