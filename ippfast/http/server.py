"""The server for threads: a thread for each connection that does not wait for an event, and one port for all, with TLS
or without.

The rule of this file: it moves octets. `_server/session.py` decides what is done with them and how long to wait, the
handler what is answered. Whatever a client does, others are served, and one line in the log says what happened.
"""

import contextlib
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Self, TypeVar

from ._server.channel import BlockingHooks
from ._server.listening import Listening, longest_idle, peer_of
from ._server.parking import Parking
from ._server.service import log
from ._server.session import Session
from ._wire.coroutines import run
from ._wire.sockets import RECEIVE_SIZE, has_left, send_buffers
from .errors import ConnectionLostError, HTTPError
from .events import Buffer
from .incoming import Authorizer, Handler, IncomingDocument, IncomingRequest, Pages, Wait
from .server_connection import ServerConnection
from .tls import CLIENT_HELLO

__all__ = ["Server"]

_T = TypeVar("_T")

_LOOK = 0.25
"""How often, in seconds, a full server checks whether there is room, or whether a client waits."""

_HEAD = 16_384
"""How many octets are received at once while a head or a message is awaited."""

_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # it needs no descriptor


class Server(Listening[Handler, Authorizer, Pages]):
    """Listens, and calls the handler for each request, in the thread of its connection.

    handler: see `Handler`. host, port: where to listen; port 0 takes a free one, see `port`. reuse_port: let other
    processes listen there too; the kernel distributes the connections among them (SO_REUSEPORT).

    tls: if given, ipps is served on the same port as ipp, with TLS from the first octet or by Upgrade (RFC 2817).
    require_tls: answer requests without TLS with 426 (Upgrade Required).

    limits: the bounds on what clients may do. allow: the networks whose clients may connect; by default all. proxies:
    the networks of proxies that are trusted to name the client, by Forwarded (RFC 7239) or X-Forwarded-For; each of
    them must add one of these lines to every request. hosts: which names a Host line may give, without port; None
    allows any, but if the server listens at loopback only the names of loopback, so that no web page can reach it by a
    name of its own (DNS rebinding).

    authenticator: judges each request's credentials before any of its body is asked for. anonymous: says which requests
    need none. With it, credentials are judged once the message is known, if they are given or needed; a client that
    expects 100 (Continue) then has 0.2 seconds to send the message before it gets the 100.
    authorizer: grants or refuses a request once its message and user are known, before its document is asked for.
    listener: a socket that listens already, instead of one at host and port.
    pages: answers GET and HEAD, and web forms if it takes them (see `Pages`); without it, they are refused with 405.
    To refuse a request, authenticator, authorizer and pages raise `Refusal`, which says how HTTP or IPP answers it.

    Raises OSError if it cannot listen there, and ValueError for what is no network, or for require_tls without tls.

    `start` returns at once; `shutdown` ends it. Use it as a context manager for both.
    """

    request_type = IncomingRequest
    _acceptor: threading.Thread | None = None

    def start(self) -> None:
        """Begin to serve."""
        self.begin()
        self._acceptor = threading.Thread(target=self._accept, name="ippfast-accept", daemon=True)
        self._acceptor.start()

    def begin(self) -> None:
        """Prepare for `serve_connection`, if something else than `start` accepts connections."""
        self._sessions: set[_Connection] = set()
        self._changed = threading.Condition()
        self._parking = Parking(self._go_on)

    def serve_connection(self, sock: socket.socket, address: str) -> None:
        """Serve a connection that was accepted elsewhere, from this address, in this thread, until it ends."""
        peer = peer_of(address)
        with self._changed:
            if self.stopping or len(self._sessions) >= self.limits.connections or not self.admit(peer):
                self.turn_away(sock, peer)
                return
            connection = _Connection(self, sock, peer)
            self._sessions.add(connection)
        self._serve(connection)
        with self._changed:
            self._changed.wait_for(lambda: connection not in self._sessions)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    def shutdown(self, deadline: float = 10.0) -> None:
        """Accept no more requests, let the running ones finish within `deadline` seconds, and close.

        Requests that wait for something to happen are ended (see `Wait`).
        """
        if not hasattr(self, "_sessions"):  # it has not begun
            self._listener.close()
            return
        with self._changed:
            self.stopping = True
            sessions = set(self._sessions)
            self._changed.notify_all()
        _end(self._listener)
        self._listener.close()
        if self._acceptor is not None:
            self._acceptor.join()
        for connection in sessions:
            connection.wake_if_idle()
        self._parking.close()
        for seconds in (deadline, 1.0):
            with self._changed:
                self._changed.wait_for(lambda: not self._sessions, seconds)
                sessions = set(self._sessions)
            for connection in sessions:
                connection.abort()
        self.forget_turned_away()

    def _accept(self) -> None:
        while True:
            while not self._has_room():
                if self.stopping:
                    return
            try:
                sock, address = self._listener.accept()
            except OSError as error:
                if self.stopping:
                    return
                log.warning("a connection could not be accepted: %s", error)
                time.sleep(0.1)  # there are no descriptors until a connection ends
                continue
            peer = peer_of(str(address[0]))
            with self._changed:
                if self.stopping or not self.admit(peer):
                    self.turn_away(sock, peer)
                    continue
                connection = _Connection(self, sock, peer)
                self._sessions.add(connection)
            self._go_on(connection)

    def _has_room(self) -> bool:
        """Whether one more connection can be accepted. If not, and a client waits, try for a while to make room."""
        with self._changed:
            if len(self._sessions) < self.limits.connections and not self.stopping:
                return True
        with contextlib.suppress(OSError, ValueError), _Selector() as selector:  # it may have been closed meanwhile
            selector.register(self._listener, selectors.EVENT_READ)
            if not selector.select(_LOOK):
                return False
        with self._changed:
            victim = longest_idle(self._sessions, time.monotonic(), self.limits)
            if victim is not None:
                log.info("%s: closed to make room for another, since the server is full", victim.peer)
                victim.abort()
            self._changed.wait_for(lambda: self.stopping or len(self._sessions) < self.limits.connections, _LOOK)
        return False

    def _go_on(self, connection: "_Connection") -> None:
        """Start a thread that serves a connection, from its beginning or from where it waited."""
        name = f"ippfast-{connection.peer}"
        try:
            threading.Thread(target=self._serve, args=(connection,), name=name, daemon=True).start()
        except RuntimeError as error:  # the system has no more threads; the others go on
            log.warning("%s: the connection is given up: %s", connection.peer, error)
            self._dismiss(connection)

    def _serve(self, connection: "_Connection") -> None:
        try:
            wait = connection.serve()
            if wait is not None:
                connection.park(self._parking, wait)
                if self.stopping:  # `shutdown` may have woken all before it was parked
                    self._parking.wake(connection)
                return
        except (HTTPError, OSError) as error:
            log.info("%s: %s", connection.peer, error)
        except Exception:
            log.exception("%s: the connection is given up", connection.peer)
        self._dismiss(connection)

    def _dismiss(self, connection: "_Connection") -> None:
        connection.close()
        with self._changed:
            self._sessions.remove(connection)
            self.dismiss(connection.peer)
            self._changed.notify_all()


class _Connection(BlockingHooks):
    """One connection, from its first octet to its last, and the channel of its session."""

    def __init__(self, server: Server, sock: socket.socket, peer: str) -> None:
        self.peer = peer
        self._server = server
        self._socket = sock
        self._limits = server.limits
        self.session: Session | None = None
        self.waits_since: float | None = None
        self._serving: Coroutine[Wait, None, None] | None = None  # `session.serve()`, as far as it has come
        self._buffer: memoryview | None = None  # only while a document arrives

    def serve(self) -> Wait | None:
        """Answer requests until none can follow: None; or until a response waits for something: a `Wait`.

        To go on from there, call it again, in any thread.
        """
        if self._serving is None:
            self._serving = self._begin()
        try:
            return self._serving.send(None)
        except StopIteration:
            self._linger()
            return None

    def park(self, parking: "Parking[_Connection]", wait: Wait) -> None:
        """Let the connection wait without a thread."""
        parking.park(self, self._socket, wait.seconds)
        wait.wake(lambda: parking.wake(self))

    def _begin(self) -> Coroutine[Wait, None, None]:
        self._socket.settimeout(self._limits.keep_alive)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = self._server
        secure = server.tls is not None and self._socket.recv(1, socket.MSG_PEEK)[:1] == bytes([CLIENT_HELLO])
        if secure:
            run(self.start_tls())
        self.session = session = Session(
            server,
            ServerConnection(self._limits, methods=server.methods, forms=server.forms),
            self,
            self.peer,
            secure=secure,
            open_document=lambda session, turn: IncomingDocument(
                lambda: run(session.document_event(turn)),
                lambda: session.ready_event(turn),
                lambda: session.bare_octets(turn),
                lambda buffer: run(session.fill(turn, buffer)),
            ),
        )
        return session.serve()

    # What the session awaits: the coroutines of this channel block; only `wait` gives up control.

    async def receive(self, seconds: float) -> bytes | None:
        return self._received(seconds, self._receive_piece)

    async def fill(self, buffer: memoryview, seconds: float) -> int | None:
        return self._received(seconds, lambda: self._socket.recv_into(buffer))

    def has_gone(self) -> bool:
        return has_left(self._socket)

    def _received(self, seconds: float, receive: Callable[[], _T]) -> _T | None:
        if seconds != self._socket.gettimeout():  # this saves a system call for each piece of a document
            self._socket.settimeout(seconds)
        self.waits_since = time.monotonic()
        try:
            return receive()
        except TimeoutError:
            return None
        except OSError as error:
            raise ConnectionLostError(f"the connection broke: {error}") from error
        finally:
            self.waits_since = None

    def _receive_piece(self) -> bytes:
        """The octets that have come. Those of a document are received into one buffer, and copied out of it.

        `recv` allocates all the memory that it asks for, and then gives back the rest. glibc leaves pieces that were
        cut to less than 1 KiB where they are, hundreds in each thread, and the memory between them cannot be used.
        """
        assert self.session is not None
        if not self.session.connection.message_complete:
            self._buffer = None
            return self._socket.recv(_HEAD)
        if self._buffer is None:
            self._buffer = memoryview(bytearray(RECEIVE_SIZE))
        return bytes(self._buffer[: self._socket.recv_into(self._buffer)])

    async def wait(self, wait: Wait, over: Callable[[], bool]) -> None:
        await _Parked(wait)

    async def send(self, buffers: list[Buffer], seconds: float) -> None:
        end = time.monotonic() + seconds
        secure = isinstance(self._socket, ssl.SSLSocket)

        def wait() -> bool:
            left = min(self._limits.idle, end - time.monotonic())
            if left <= 0:
                raise TimeoutError("timed out")
            if secure:
                self._socket.settimeout(left)  # for the next piece
                return True
            with _Selector() as selector:
                selector.register(self._socket, selectors.EVENT_WRITE)
                if not selector.select(left):
                    raise TimeoutError("timed out")
            return True

        self._socket.settimeout(self._limits.idle if secure else 0)  # without TLS, `wait` is called only if it is full
        try:
            send_buffers(self._socket, buffers, wait)
        except OSError as error:
            late = isinstance(error, TimeoutError) and time.monotonic() >= end
            reason = f"under {self._limits.rate} octets a second" if late else error
            raise ConnectionLostError(f"the client does not take the answer: {reason}") from error

    async def start_tls(self) -> None:
        assert self._server.tls is not None
        self._socket.settimeout(self._limits.head_time)
        self._socket = self._server.tls.wrap_socket(self._socket, server_side=True)

    def _linger(self) -> None:
        """Let the client read the last response: closing while it still sends would reset the connection."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
            end, left = time.monotonic() + 2.0, self._limits.drain
            while left > 0 and (seconds := end - time.monotonic()) > 0:
                self._socket.settimeout(seconds)
                data = self._socket.recv(RECEIVE_SIZE)
                if not data:
                    break
                left -= len(data)
        except OSError:
            pass

    def wake_if_idle(self) -> None:
        """End a wait for the next request."""
        if self.session is None or self.session.idle:
            _end(self._socket)

    def abort(self) -> None:
        """Close the connection at once."""
        _end(self._socket)

    def close(self) -> None:
        if self._serving is not None:
            self._serving.close()
        self._socket.close()


class _Parked:
    """If it is awaited, `_Connection.serve`, which carries out the coroutine, gets the wait."""

    def __init__(self, wait: Wait) -> None:
        self._wait = wait

    def __await__(self) -> Generator[Wait, None, None]:
        yield self._wait


def _end(sock: socket.socket) -> None:
    """Shut a socket down, which wakes any thread that waits on it."""
    with contextlib.suppress(OSError):  # it may have ended already
        sock.shutdown(socket.SHUT_RDWR)
