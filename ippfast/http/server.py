"""The server for threads: one thread a connection, plain or with TLS on one port.

The rule of this file: it moves octets. What is done with them, and how long is waited, `_session` knows; what is
answered, the handler. Whatever a client does, others are served, and one line in the log says what happened.
"""

import contextlib
import selectors
import socket
import ssl
import threading
import time
from types import TracebackType
from typing import Any, Self, TypeVar

from ._service import Listening, log
from ._session import Call, Close, Fill, Flow, Next, Receive, Send, Session, Step
from ._sockets import RECEIVE_SIZE, send_buffers
from .errors import ConnectionLostError, HTTPError
from .incoming import Authorizer, Handler, IncomingDocument, IncomingRequest, Pages
from .server_connection import ServerConnection
from .tls import CLIENT_HELLO

__all__ = ["Server"]

_T = TypeVar("_T")

_HEAD = 16_384
"""So many octets are asked for at once where a head or a message may come."""

_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # which needs no descriptor


class Server(Listening[Handler, Authorizer, Pages]):
    """Listens, and calls the handler for each request, in the thread of its connection.

    handler: see `Handler`. host, port: where to listen; port 0 takes a free one, see `port`. reuse_port: let other
    processes listen there too, and the kernel share out the connections among them (SO_REUSEPORT).

    tls: with it, ipps is served on the same port as ipp, by TLS from the first octet or by Upgrade (RFC 2817).
    require_tls: answer requests without TLS with 426 (Upgrade Required).

    limits: the bounds on what clients may do. allow: the networks whose clients may connect; without it, any. hosts:
    which names a Host line may give, without port; None allows any, but only the names of loopback where the server
    listens there, lest a web page reaches it by a name of its own (DNS rebinding).

    authenticator: who judges each request's credentials, before any of its body is asked for. anonymous: which
    requests need none; with it, credentials are judged once the message is known, and where some are shown or needed;
    a client that expects 100 (Continue) then has 0.2 seconds to send the message before it gets that.
    authorizer: who grants or refuses a request once its message and user are known, before its document is asked for.
    pages: what answers GET and HEAD; without it, they are refused with 405. What authenticator, authorizer and pages
    refuse, they raise `Refusal` for: see there how it is answered in HTTP or in IPP.

    Raises OSError where it cannot listen there, and ValueError for what is no network, or for require_tls without tls.

    `start` returns at once; `shutdown` ends it. Use it as a context manager for both.
    """

    request_type = IncomingRequest
    _acceptor: threading.Thread | None = None

    def start(self) -> None:
        """Begin to serve."""
        self._sessions: dict[_Connection, threading.Thread] = {}
        self._changed = threading.Condition()
        self._acceptor = threading.Thread(target=self._accept, name="ippfast-accept", daemon=True)
        self._acceptor.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    def shutdown(self, deadline: float = 10.0) -> None:
        """Take no more requests, let those finish that are running for at most `deadline` seconds, and close."""
        if self._acceptor is None:  # it never began
            self._listener.close()
            return
        with self._changed:
            self.stopping = True
            sessions = dict(self._sessions)
            self._changed.notify_all()
        _end(self._listener)
        self._listener.close()
        self._acceptor.join()
        end = time.monotonic() + deadline
        for connection in sessions:
            connection.wake_if_idle()
        for connection, thread in sessions.items():
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                connection.abort()
        for thread in sessions.values():
            thread.join(1.0)

    def _accept(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.stopping or len(self._sessions) < self.limits.connections)
                if self.stopping:
                    return
            try:
                sock, address = self._listener.accept()
            except OSError as error:
                if self.stopping:
                    return
                log.warning("no connection taken: %s", error)
                time.sleep(0.1)  # out of descriptors: until a connection ends
                continue
            peer = str(address[0])
            with self._changed:
                if self.stopping or not self.admit(peer):
                    sock.close()
                    continue
                connection = _Connection(self, sock, peer)
                thread = threading.Thread(target=self._serve, args=(connection,), name=f"ippfast-{peer}", daemon=True)
                self._sessions[connection] = thread
            thread.start()

    def _serve(self, connection: "_Connection") -> None:
        try:
            connection.serve()
        except (HTTPError, OSError) as error:
            log.info("%s: %s", connection.peer, error)
        except Exception:
            log.exception("%s: the connection is given up", connection.peer)
        finally:
            connection.close()
            with self._changed:
                del self._sessions[connection]
                self.dismiss(connection.peer)
                self._changed.notify_all()


class _Connection:
    """One connection, from its first octet to its last."""

    def __init__(self, server: Server, sock: socket.socket, peer: str) -> None:
        self.peer = peer
        self._server = server
        self._socket = sock
        self._limits = server.limits
        self._session: Session | None = None
        self._buffer: memoryview | None = None  # while a document arrives

    def serve(self) -> None:
        """Answer the requests that come, until none can follow."""
        self._socket.settimeout(self._limits.keep_alive)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = self._server
        secure = server.tls is not None and self._socket.recv(1, socket.MSG_PEEK)[:1] == bytes([CLIENT_HELLO])
        if secure:
            self._start_tls()
        self._session = session = Session(
            server,
            ServerConnection(self._limits, methods=server.methods),
            self.peer,
            secure=secure,
            open_document=lambda session, turn: IncomingDocument(
                lambda: self._drive(session.document_event(turn)),
                lambda: session.ready_event(turn),
                lambda: session.bare_octets(turn),
                lambda buffer: self._drive(session.fill(turn, buffer)),
            ),
        )
        self._drive(session.serve())
        self._linger()

    def _drive(self, flow: Flow[_T]) -> _T:
        """Perform the steps of a flow, and give its result."""
        try:
            step = next(flow)
            while True:
                try:
                    result = self._perform(step)
                except BaseException as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(result)
        except StopIteration as end:
            value: _T = end.value
            return value

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Receive):
            return self._receive(step.seconds)
        if isinstance(step, Fill):
            return self._receive(step.seconds, step.buffer)
        if isinstance(step, Send):
            return self._send(step)
        if isinstance(step, Call):
            return step.hook(step.argument)
        if isinstance(step, Next):
            return next(step.pieces, None)  # type: ignore[arg-type]  # those of a Reply are no asynchronous ones
        if isinstance(step, Close):
            return getattr(step.pieces, "close", bool)()
        return self._start_tls()

    def _receive(self, seconds: float, buffer: memoryview | None = None) -> bytes | int | None:
        if seconds != self._socket.gettimeout():  # a system call less for each piece of a document
            self._socket.settimeout(seconds)
        try:
            return self._receive_piece() if buffer is None else self._socket.recv_into(buffer)
        except TimeoutError:
            return None
        except OSError as error:
            raise ConnectionLostError(f"the connection broke: {error}") from error

    def _receive_piece(self) -> bytes:
        """What has come. That of a document is copied out of one buffer.

        `recv` takes room for all that it asks for, and gives back what it did not need. glibc keeps room that was cut
        to less than 1 KiB where it is, hundreds of times in each thread, and what lay between is lost meanwhile.
        """
        assert self._session is not None
        if not self._session.connection.message_complete:
            self._buffer = None
            return self._socket.recv(_HEAD)
        if self._buffer is None:
            self._buffer = memoryview(bytearray(RECEIVE_SIZE))
        return bytes(self._buffer[: self._socket.recv_into(self._buffer)])

    def _send(self, step: Send) -> None:
        end = time.monotonic() + step.seconds
        secure = isinstance(self._socket, ssl.SSLSocket)

        def wait() -> bool:
            seconds = min(self._limits.idle, end - time.monotonic())
            if seconds <= 0:
                raise TimeoutError("timed out")
            if secure:
                self._socket.settimeout(seconds)  # for the next step
                return True
            with _Selector() as selector:
                selector.register(self._socket, selectors.EVENT_WRITE)
                if not selector.select(seconds):
                    raise TimeoutError("timed out")
            return True

        self._socket.settimeout(self._limits.idle if secure else 0)  # without TLS it is asked only where it took none
        try:
            send_buffers(self._socket, step.buffers, wait)
        except OSError as error:
            late = isinstance(error, TimeoutError) and time.monotonic() >= end
            reason = f"under {self._limits.rate} octets a second" if late else error
            raise ConnectionLostError(f"the client does not take the answer: {reason}") from error

    def _start_tls(self) -> None:
        assert self._server.tls is not None
        self._socket.settimeout(self._limits.head_time)
        self._socket = self._server.tls.wrap_socket(self._socket, server_side=True)

    def _linger(self) -> None:
        """Let the client read the last answer before the connection is reset by what it still sends."""
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
        if self._session is None or self._session.idle:
            _end(self._socket)

    def abort(self) -> None:
        """End whatever is going on."""
        _end(self._socket)

    def close(self) -> None:
        self._socket.close()


def _end(sock: socket.socket) -> None:
    """Wake whoever waits on a socket."""
    with contextlib.suppress(OSError):  # it has ended already
        sock.shutdown(socket.SHUT_RDWR)
