"""Who may send which request: the hooks and rules that an application gives a server, the same for every shell.

The rule of this file: it judges and never waits. A judgement is a return, or a `Refusal` that says why not.
"""

import logging
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Generic, TypeVar

from ...codec import Message
from ..auth import UPGRADE, Authenticator, claimed_user
from ..errors import HTTPError, Refusal
from ..events import RequestHead
from ..hosts import host_name
from ..incoming import Anonymous, Incoming
from ..limits import HTTPLimits
from .attempts import Attempts

__all__ = ["AuthorizerT", "HandlerT", "PagesT", "Service", "log"]

log = logging.getLogger("ippfast.http")

HandlerT = TypeVar("HandlerT", bound=Callable[[Any], Any])
AuthorizerT = TypeVar("AuthorizerT", bound=Callable[[Any], Any])
PagesT = TypeVar("PagesT", bound=Callable[[Any], Any])


class Service(Generic[HandlerT, AuthorizerT, PagesT]):
    """The base of all servers. `Server` explains the arguments."""

    request_type: type[Incoming]
    """The type of what the handler gets."""

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
        self.attempts = Attempts()
        self.stopping = False

    @property
    def methods(self) -> set[str]:
        """Which HTTP methods are accepted."""
        return {"POST"} if self.pages is None else {"POST", "GET", "HEAD"}

    @property
    def forms(self) -> bool:
        """Whether the pages take web forms."""
        return bool(getattr(self.pages, "takes_forms", False))

    def tls_authority(self, authority: str) -> str | None:
        """The host and port of an https URI, given those of a Host line; None if it is not known where TLS is."""
        return None

    def client_of(self, head: RequestHead, peer: str) -> str:
        """The client's address. peer: the connection's. Raises Refusal if the client is not allowed."""
        return peer

    def check_tls(self, *, secure: bool) -> None:
        """Refuse a request without TLS if TLS is required."""
        if self.require_tls and not secure:
            raise Refusal(426, "this server accepts requests only over TLS", headers=UPGRADE)

    def check_host(self, head: RequestHead) -> None:
        """Refuse a Host line that gives a name which is not allowed."""
        host = head.headers.get("host")
        if self.hosts is None or host is None:
            return
        if host_name(host) not in self.hosts:
            raise Refusal(400, "the Host line gives another host")

    def authenticate(self, head: RequestHead, *, secure: bool) -> str | None:
        """The user whose credentials are in the head; None if there is no authenticator."""
        if self.authenticator is None:
            return None
        lines = head.headers.get_all("authorization")
        authorization = lines[0] if len(lines) == 1 else None
        return self.authenticator.authenticate(head.method, head.target, authorization, secure=secure)

    def turn(self, head: RequestHead, peer: str) -> float:
        """How many seconds the credentials of a request must wait before they are judged, because others were wrong.

        Raises Refusal if they would wait too long.
        """
        authorization = head.headers.get("authorization")
        seconds = 0.0 if authorization is None else self.attempts.turn(peer, claimed_user(authorization))
        if seconds is None:
            raise Refusal(503, "too many wrong credentials from this address", headers=[("Retry-After", "30")])
        return seconds

    def wrong(self, head: RequestHead, peer: str, refusal: Refusal) -> float:
        """How many seconds a refusal of credentials waits: 0 if there were none, or they were only stale."""
        authorization = head.headers.get("authorization")
        if refusal.status != 401 or authorization is None:
            return 0.0
        if any("stale=true" in value for name, value in refusal.headers if name.lower() == "www-authenticate"):
            return 0.0
        user = claimed_user(authorization)
        times, seconds = self.attempts.wrong(peer, user)
        log.warning("%s: wrong credentials for the user %r, number %d from there", peer, user, times)
        return seconds

    def needs_user(self, head: RequestHead, message: Message | None) -> bool:
        """Whether `authenticate` must judge this request now. message: None if the request has none."""
        if self.authenticator is None:
            return False
        if self.anonymous is None or head.headers.get("authorization") is not None:
            return True
        return not self.anonymous(head, message)

    def failures(self, peer: str) -> "Failures":
        """A context for calling a hook: if the hook fails, the log says why, and the client does not learn it."""
        return Failures(peer)


class Failures:
    """The context that `Service.failures` returns. A generator would cost each request more."""

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
