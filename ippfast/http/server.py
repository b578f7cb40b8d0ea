"""The server for threads: one thread a connection, plain or with TLS on one port.

The rule of this file: it moves octets and keeps time; what they mean, `ServerConnection` knows, and what is answered,
the handler. Whatever a client does, others are served, and one line in the log says what happened.
"""

import contextlib
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from types import TracebackType
from typing import Self, TypeAlias

from ..codec import Message
from ._sockets import RECEIVE_SIZE, send_buffers
from .auth import Authenticator
from .errors import ConnectionLostError, HTTPError, Refusal, RemoteProtocolError
from .events import (
    NEED_DATA,
    Buffer,
    ConnectionClosed,
    Event,
    Request,
    RequestHead,
)
from .incoming import (
    Anonymous,
    Authorizer,
    Handler,
    IncomingDocument,
    IncomingRequest,
    PageRequest,
    Pages,
)
from .limits import HTTPLimits
from .server_connection import ServerConnection
from .tls import CLIENT_HELLO

__all__ = ["Network", "Server"]

_log = logging.getLogger("ippfast.http")

_RATE_AFTER = 10.0
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

Network: TypeAlias = str | ipaddress.IPv4Network | ipaddress.IPv6Network
"""An address or a network, such as ``"192.168.1.0/24"``."""


class Server:
    """Listens, and calls the handler for each request, in the thread of its connection.

    handler: see `Handler`. host, port: where to listen; port 0 takes a free one, see `port`. tls: with it, ipps is
    served on the same port as ipp. limits: the bounds on what clients may do. hosts: which names a Host line may give,
    without port; None allows any, but only the names of loopback where the server listens there, lest a web page
    reaches it by a name of its own (DNS rebinding). allow: the networks whose clients may connect; without it, any.

    authenticator: who judges each request's credentials, before any of its body is asked for. anonymous: which
    requests need none; with it, credentials are judged once the message is known, and where some are shown or needed.
    authorizer: who grants or refuses a request once its message and user are known, before its document is asked for.
    pages: what answers GET and HEAD; without it, they are refused with 405. What authenticator, authorizer and pages
    refuse, they raise `Refusal` for: see there how it is answered in HTTP or in IPP.

    Raises OSError where it cannot listen there, and ValueError for what is no network.

    `start` returns at once; `shutdown` ends it. Use it as a context manager for both.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        host: str = "127.0.0.1",
        port: int = 631,
        tls: ssl.SSLContext | None = None,
        limits: HTTPLimits | None = None,
        hosts: Collection[str] | None = None,
        allow: Iterable[Network] | None = None,
        authenticator: Authenticator | None = None,
        anonymous: Anonymous | None = None,
        authorizer: Authorizer | None = None,
        pages: Pages | None = None,
    ) -> None:
        self.handler = handler
        self.authenticator = authenticator
        self.anonymous = anonymous
        self.authorizer = authorizer
        self.pages = pages
        self._allowed = None if allow is None else [ipaddress.ip_network(network) for network in allow]
        self.limits = limits or HTTPLimits()
        self.tls = tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=128)
        self.port: int = self._listener.getsockname()[1]
        if hosts is None and host in ("127.0.0.1", "::1", "localhost"):
            hosts = _LOOPBACK_NAMES
        self.hosts = hosts
        self.stopping = False
        self._sessions: dict[_Session, threading.Thread] = {}
        self._per_host: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._acceptor = threading.Thread(target=self._accept, name="ippfast-accept", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
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
        with self._changed:
            self.stopping = True
            sessions = dict(self._sessions)
            self._changed.notify_all()
        _end(self._listener)
        self._listener.close()
        if self._acceptor.is_alive():
            self._acceptor.join()
        end = time.monotonic() + deadline
        for session in sessions:
            session.wake_if_idle()
        for session, thread in sessions.items():
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                session.abort()
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
                _log.warning("no connection taken: %s", error)
                time.sleep(0.1)  # out of descriptors: until a connection ends
                continue
            peer = str(address[0])
            if not self._allows(peer):
                _log.info("%s: not one of the networks allowed", peer)
                sock.close()
                continue
            with self._changed:
                if self.stopping or self._per_host[peer] >= self.limits.connections_per_host:
                    sock.close()
                    continue
                session = _Session(self, sock, peer)
                thread = threading.Thread(target=self._serve, args=(session,), name=f"ippfast-{peer}", daemon=True)
                self._sessions[session] = thread
                self._per_host[peer] += 1
            thread.start()

    def _allows(self, peer: str) -> bool:
        if self._allowed is None:
            return True
        address = ipaddress.ip_address(peer)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any((mapped or address) in network for network in self._allowed)

    def _serve(self, session: "_Session") -> None:
        try:
            session.serve()
        except (HTTPError, OSError) as error:
            _log.info("%s: %s", session.peer, error)
        except Exception:
            _log.exception("%s: the connection is given up", session.peer)
        finally:
            session.close()
            with self._changed:
                del self._sessions[session]
                self._per_host[session.peer] -= 1
                if not self._per_host[session.peer]:
                    del self._per_host[session.peer]
                self._changed.notify_all()


class _Session:
    """One connection, from its first octet to its last."""

    def __init__(self, server: Server, sock: socket.socket, peer: str) -> None:
        self.peer = peer
        self._server = server
        self._socket = sock
        methods = ("POST",) if server.pages is None else ("POST", "GET", "HEAD")
        self._connection = ServerConnection(server.limits, methods=methods)
        self._idle = True
        self._user: str | None = None
        self._deadline: float | None = None  # until when head and message must be complete
        self._waited = 0.0
        self._received = 0

    def serve(self) -> None:
        """Answer the requests that come, until none can follow."""
        self._socket.settimeout(self._server.limits.keep_alive)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._server.tls is not None and self._socket.recv(1, socket.MSG_PEEK)[:1] == bytes([CLIENT_HELLO]):
            self._socket.settimeout(self._server.limits.head_time)
            self._socket = self._server.tls.wrap_socket(self._socket, server_side=True)
        while True:
            try:
                event = self._next_event()
                if isinstance(event, ConnectionClosed):
                    break
                if isinstance(event, RequestHead):
                    self._check_host(event)
                    self._user = None
                    if self._server.anonymous is None:
                        self._user = self._authenticate(event)
                    if event.method != "POST":
                        self._show_page(event)
                elif isinstance(event, Request):
                    self._answer(event)
            except Refusal as refusal:
                if not self._refuse(refusal):
                    break
        self._linger()

    def _show_page(self, head: RequestHead) -> None:
        assert self._server.pages is not None
        self._authenticate_unless_anonymous(head, None)
        request = PageRequest(head=head, peer=self.peer, secure=self._secure, user=self._user)
        with self._failures():
            page = self._server.pages(request)
        if page is None:
            raise Refusal(404, "no such page")
        headers = [*page.headers, *self._closing()]
        self._send(self._connection.send_content(page.status, page.content_type, page.body, headers=headers))

    def _answer(self, request: Request) -> None:
        self._deadline = None
        self._waited, self._received = 0.0, 0
        self._authenticate_unless_anonymous(request.head, request.message)
        incoming = IncomingRequest(
            message=request.message,
            document=IncomingDocument(self._next_event),
            head=request.head,
            peer=self.peer,
            secure=self._secure,
            user=self._user,
        )
        with self._failures():
            if self._server.authorizer is not None:
                self._server.authorizer(incoming)
        if self._connection.awaits_continue:
            self._send(self._connection.send_continue())
        with self._failures():
            reply = self._server.handler(incoming)
        closing = self._closing()
        if isinstance(reply, Message):
            self._send(self._connection.send_response(reply, headers=closing))
            return
        self._send(self._connection.send_response(reply.message, headers=closing, document_length=reply.length))
        if not self._connection.response_ended:
            for piece in reply.document:
                self._send(self._connection.send_data(piece))
            self._send(self._connection.end())

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """A hook that fails says so in the log, and not to the client."""
        try:
            yield
        except HTTPError:
            raise
        except Exception as error:
            _log.exception("%s: the handler failed", self.peer)
            raise Refusal(500, "the handler failed") from error

    def _closing(self) -> list[tuple[str, str]]:
        return [("Connection", "close")] if self._server.stopping else []

    def _refuse(self, refusal: Refusal) -> bool:
        """Say so to the client where it can still be said. Returns whether the connection goes on."""
        _log.info("%s: %s", self.peer, refusal)
        if self._connection.response_begun or isinstance(refusal, ConnectionLostError):
            return False
        self._send(self._connection.send_error(refusal))
        return not isinstance(refusal, RemoteProtocolError)

    def _check_host(self, head: RequestHead) -> None:
        hosts, host = self._server.hosts, head.headers.get("host")
        if hosts is None or host is None:
            return
        name, _, port = host.rpartition(":")
        if not name or not port.isdigit():
            name = host
        if name.lower().removesuffix(".") not in hosts:
            raise Refusal(400, "the Host line gives another host")

    @property
    def _secure(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    def _authenticate(self, head: RequestHead) -> str | None:
        authenticator = self._server.authenticator
        if authenticator is None:
            return None
        lines = head.headers.get_all("authorization")
        authorization = lines[0] if len(lines) == 1 else None
        with self._failures():
            return authenticator.authenticate(head.method, head.target, authorization, secure=self._secure)

    def _authenticate_unless_anonymous(self, head: RequestHead, message: Message | None) -> None:
        anonymous = self._server.anonymous
        if anonymous is None:  # the head was enough
            return
        with self._failures():
            needless = anonymous(head, message)
        if not needless or head.headers.get("authorization") is not None:
            self._user = self._authenticate(head)

    def _next_event(self) -> Event:
        """The next event but `NEED_DATA`, within the time that there is for it."""
        connection = self._connection
        while (event := connection.next_event()) is NEED_DATA:
            if connection.awaits_continue:  # what came along with the head did not suffice (RFC 9110 section 10.1.1)
                self._send(connection.send_continue())
            self._receive()
        if isinstance(event, Request):
            self._deadline = None
        return event

    def _receive(self) -> None:
        connection, limits = self._connection, self._server.limits
        self._idle = connection.between_requests
        if self._idle and self._server.stopping:
            connection.receive_data(b"")
            return
        if self._idle:
            self._deadline = None
            seconds = limits.keep_alive
        elif connection.message_complete:
            seconds = limits.idle
        else:
            if self._deadline is None:
                self._deadline = time.monotonic() + limits.head_time
            seconds = self._deadline - time.monotonic()
            if seconds <= 0:
                raise RemoteProtocolError(408, f"no request within {limits.head_time} seconds")
        self._socket.settimeout(seconds)
        begun = time.monotonic()
        try:
            data = self._socket.recv(RECEIVE_SIZE)
        except TimeoutError as error:
            if self._idle:
                connection.receive_data(b"")
                return
            raise RemoteProtocolError(408, "the request does not go on") from error
        except OSError as error:
            raise ConnectionLostError(f"the connection broke: {error}") from error
        if connection.message_complete:
            self._waited += time.monotonic() - begun
            self._received += len(data)
            if self._waited > _RATE_AFTER and self._received < limits.rate * self._waited:
                raise RemoteProtocolError(408, f"under {limits.rate} octets a second")
        self._idle = False
        connection.receive_data(data)

    def _send(self, buffers: Iterable[Buffer]) -> None:
        self._socket.settimeout(self._server.limits.idle)
        try:
            send_buffers(self._socket, buffers)
        except OSError as error:
            raise ConnectionLostError(f"the client does not take the answer: {error}") from error

    def _linger(self) -> None:
        """Let the client read the last answer before the connection is reset by what it still sends."""
        limits = self._server.limits
        try:
            self._socket.shutdown(socket.SHUT_WR)
            end, left = time.monotonic() + 2.0, limits.drain
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
        if self._idle:
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
