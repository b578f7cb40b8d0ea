"""Who may ask what: the hooks and rules that an application gives a server, whichever shell serves them.

The rule of this file: it judges and never waits. A judgement is a return, or a `Refusal` that says why not.
"""

import ipaddress
import logging
import ssl
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from socket import AF_INET, AF_INET6, create_server
from types import TracebackType
from typing import Any, Generic, TypeAlias, TypeVar

from ..codec import Message
from .auth import UPGRADE, Authenticator
from .errors import HTTPError, Refusal
from .events import RequestHead
from .incoming import Anonymous, Incoming
from .limits import HTTPLimits

__all__ = ["Listening", "Network", "Service", "log"]

log = logging.getLogger("ippfast.http")

Network: TypeAlias = str | ipaddress.IPv4Network | ipaddress.IPv6Network
"""An address or a network, such as ``"192.168.1.0/24"``."""

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

HandlerT = TypeVar("HandlerT", bound=Callable[[Any], Any])
AuthorizerT = TypeVar("AuthorizerT", bound=Callable[[Any], Any])
PagesT = TypeVar("PagesT", bound=Callable[[Any], Any])


class Service(Generic[HandlerT, AuthorizerT, PagesT]):
    """The base of what serves IPP. `Server` says what the arguments are."""

    request_type: type[Incoming]
    """What the handler is given."""

    def __init__(
        self,
        handler: HandlerT,
        *,
        limits: HTTPLimits | None = None,
        hosts: Collection[str] | None = None,
        authenticator: Authenticator | None = None,
        anonymous: Anonymous | None = None,
        authorizer: AuthorizerT | None = None,
        pages: PagesT | None = None,
        require_tls: bool = False,
    ) -> None:
        self.handler = handler
        self.limits = limits or HTTPLimits()
        self.hosts = hosts
        self.authenticator = authenticator
        self.anonymous = anonymous
        self.authorizer = authorizer
        self.pages = pages
        self.require_tls = require_tls
        self.stopping = False

    @property
    def methods(self) -> set[str]:
        """Which HTTP methods are taken."""
        return {"POST"} if self.pages is None else {"POST", "GET", "HEAD"}

    def check_tls(self, *, secure: bool) -> None:
        """Refuse a request without TLS where it has to be."""
        if self.require_tls and not secure:
            raise Refusal(426, "this server takes requests over TLS alone", headers=UPGRADE)

    def check_host(self, head: RequestHead) -> None:
        """Refuse a Host line that names somebody else."""
        host = head.headers.get("host")
        if self.hosts is None or host is None:
            return
        name, _, port = host.rpartition(":")
        if not name or not port.isdigit():
            name = host
        if name.lower().removesuffix(".") not in self.hosts:
            raise Refusal(400, "the Host line gives another host")

    def authenticate(self, head: RequestHead, *, secure: bool) -> str | None:
        """The user whose credentials the head shows; None where nobody judges them."""
        if self.authenticator is None:
            return None
        lines = head.headers.get_all("authorization")
        authorization = lines[0] if len(lines) == 1 else None
        return self.authenticator.authenticate(head.method, head.target, authorization, secure=secure)

    def needs_user(self, head: RequestHead, message: Message | None) -> bool:
        """Whether `authenticate` is to judge this request now: message None means that it has none."""
        if self.authenticator is None:
            return False
        if self.anonymous is None or head.headers.get("authorization") is not None:
            return True
        return not self.anonymous(head, message)

    def failures(self, peer: str) -> "Failures":
        """A hook that fails within says so in the log, and not to the client."""
        return Failures(peer)


class Failures:
    """What `Service.failures` gives. A generator would be dearer, which each request would pay for."""

    __slots__ = ("_peer",)

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, HTTPError):
            log.exception("%s: a hook failed", self._peer)
            raise Refusal(500, "the server failed") from error


class Listening(Service[HandlerT, AuthorizerT, PagesT]):
    """The base of servers that have a port of their own. `Server` says what the arguments are."""

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
        hosts: Collection[str] | None = None,
        authenticator: Authenticator | None = None,
        anonymous: Anonymous | None = None,
        authorizer: AuthorizerT | None = None,
        pages: PagesT | None = None,
    ) -> None:
        if hosts is None and host in ("127.0.0.1", "::1", "localhost"):
            hosts = _LOOPBACK_NAMES
        if require_tls and tls is None:
            raise ValueError("require_tls goes with tls: a server's context")
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
        self._allowed = None if allow is None else [ipaddress.ip_network(network) for network in allow]
        self._per_host: Counter[str] = Counter()
        family = AF_INET6 if ":" in host else AF_INET
        self._listener = create_server((host, port), family=family, backlog=128, reuse_port=reuse_port)
        self.port: int = self._listener.getsockname()[1]

    @property
    def methods(self) -> set[str]:
        """Which HTTP methods are taken: OPTIONS too, where it may ask for TLS."""
        return super().methods if self.tls is None else super().methods | {"OPTIONS"}

    def admit(self, peer: str) -> bool:
        """Whether one more connection from there is taken; it counts from then on until `dismiss`."""
        if not self._allows(peer):
            log.info("%s: not in a network that is allowed", peer)
            return False
        if self._per_host[peer] >= self.limits.connections_per_host:
            log.info("%s: more than %d connections", peer, self.limits.connections_per_host)
            return False
        self._per_host[peer] += 1
        return True

    def dismiss(self, peer: str) -> None:
        """A connection from there has ended."""
        self._per_host[peer] -= 1
        if not self._per_host[peer]:
            del self._per_host[peer]

    def _allows(self, peer: str) -> bool:
        if self._allowed is None:
            return True
        address = ipaddress.ip_address(peer)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any((mapped or address) in network for network in self._allowed)
