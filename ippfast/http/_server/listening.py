"""A port that a server listens on: who may connect, and how many connections at once.

The rule of this file: it counts connections and checks addresses. `service.py` judges requests.
"""

import contextlib
import socket
import ssl
from collections import Counter, deque
from collections.abc import Collection, Iterable
from typing import Protocol, TypeVar

from ..auth import Authenticator
from ..errors import Refusal
from ..events import RequestHead
from ..hosts import has_port
from ..incoming import Anonymous
from ..limits import HTTPLimits
from ..proxies import Network, Networks, client_of
from .service import AuthorizerT, HandlerT, PagesT, Service, log
from .session import Session

__all__ = ["Listening", "longest_idle", "peer_of"]


class _Connection(Protocol):
    """A connection of a server. waits_since: since when it has waited for its client; None: it does not wait."""

    waits_since: float | None
    session: Session | None


ConnectionT = TypeVar("ConnectionT", bound=_Connection)

_WORD = b"There are too many connections from this address.\r\n"
_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\nContent-Type: text/plain\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_WORD), _WORD)
)

_LEAST_IDLE = 1.0
"""A full server may close a connection that has been idle for this many seconds."""

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def longest_idle(connections: Iterable[ConnectionT], now: float, limits: HTTPLimits) -> ConnectionT | None:
    """The connection that has waited longest for its client, which a full server closes for another; None: none waits.

    If a request is under way, its connection counts only if nothing has come for ``limits.idle`` seconds: a document
    may rest for longer (`limits.rest`).
    """

    def seconds(connection: ConnectionT) -> float:
        since, session = connection.waits_since, connection.session
        if since is None or session is None:
            return 0.0
        waited = now - since
        return waited if waited >= (_LEAST_IDLE if session.idle else limits.idle) else 0.0

    longest = max(connections, key=seconds, default=None)
    return longest if longest is not None and seconds(longest) else None


class Listening(Service[HandlerT, AuthorizerT, PagesT]):
    """The base of servers that listen on a port. `Server` explains the arguments."""

    def __init__(
        self,
        handler: HandlerT,
        *,
        host: str = "127.0.0.1",
        port: int = 631,
        reuse_port: bool = False,
        tls: ssl.SSLContext | None = None,
        require_tls: bool = False,
        limits: HTTPLimits | None = None,
        allow: Iterable[Network] | None = None,
        proxies: Iterable[Network] = (),
        hosts: Collection[str] | None = None,
        authenticator: Authenticator | None = None,
        anonymous: Anonymous | None = None,
        authorizer: AuthorizerT | None = None,
        pages: PagesT | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        if hosts is None and host in ("127.0.0.1", "::1", "localhost"):
            hosts = _LOOPBACK_NAMES
        if require_tls and tls is None:
            raise ValueError("require_tls needs tls, a server's context")
        super().__init__(
            handler,
            limits=limits,
            hosts=hosts,
            authenticator=authenticator,
            anonymous=anonymous,
            authorizer=authorizer,
            pages=pages,
            require_tls=require_tls,
        )
        self.tls = tls
        self._allowed = None if allow is None else Networks(allow)
        self._proxies = Networks(proxies)
        self._per_host: Counter[str] = Counter()
        self._turned_away: deque[socket.socket] = deque(maxlen=16)
        if listener is None:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            both = host == "::" and socket.has_dualstack_ipv6()
            listener = socket.create_server(
                (host, port), family=family, backlog=128, reuse_port=reuse_port, dualstack_ipv6=both
            )
        self._listener = listener
        self.port: int = self._listener.getsockname()[1]

    @property
    def methods(self) -> set[str]:
        """Which HTTP methods are accepted: OPTIONS too, if it may ask for TLS."""
        return super().methods if self.tls is None else super().methods | {"OPTIONS"}

    def tls_authority(self, authority: str) -> str | None:
        """As `Service.tls_authority`: at the same port."""
        if self.tls is None:
            return None
        return authority if has_port(authority) else f"{authority}:80"

    def admit(self, peer: str) -> bool:
        """Whether one more connection from there is accepted. If so, it counts until `dismiss`."""
        if not self._allows(peer):
            log.info("%s: not in a network that is allowed", peer)
            return False
        if self._per_host[peer] >= self.limits.connections_per_host and peer not in self._proxies:
            log.info("%s: more than %d connections", peer, self.limits.connections_per_host)
            return False
        self._per_host[peer] += 1
        return True

    def turn_away(self, sock: socket.socket, peer: str) -> None:
        """Close a connection that is not accepted. Without TLS, a client that is allowed gets a 503.

        If it were closed at once, what the client still sends would reset it before the client has read the 503. So it
        is closed a little later.
        """
        with contextlib.suppress(OSError):
            sock.setblocking(False)
            if not self.stopping and self.tls is None and self._allows(peer):
                sock.send(_TOO_MANY)
            sock.shutdown(socket.SHUT_WR)
        if len(self._turned_away) == self._turned_away.maxlen:
            self._turned_away.popleft().close()
        self._turned_away.append(sock)

    def forget_turned_away(self) -> None:
        """Close the connections that were turned away, since the server ends."""
        while self._turned_away:
            self._turned_away.popleft().close()

    def dismiss(self, peer: str) -> None:
        """Note that a connection from there has ended."""
        self._per_host[peer] -= 1
        if not self._per_host[peer]:
            del self._per_host[peer]

    def _allows(self, peer: str) -> bool:
        """Whether a connection may come from there. A proxy's may; then each of its requests is judged."""
        return self._allowed is None or peer in self._allowed or peer in self._proxies

    def client_of(self, head: RequestHead, peer: str) -> str:
        """As `Service.client_of`: behind a trusted proxy, the address that it gives."""
        client = client_of(head.headers, peer, self._proxies)
        if client != peer and self._allowed is not None and client not in self._allowed:
            raise Refusal(403, "not in a network that is allowed")
        return client


def peer_of(address: str) -> str:
    """The address of a client. A listener for both families gives IPv4 addresses as IPv6 ones, which is undone here."""
    return address.removeprefix("::ffff:") if "." in address else address
