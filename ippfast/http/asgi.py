"""IPP as an ASGI 3 application, for the servers and frameworks that speak ASGI: uvicorn, hypercorn, granian and others.

The rule of this file: the ASGI server owns the socket, the heads and the framing, with their limits and time-outs. What
a request may be, who may send it and how long its body is awaited is decided as for every server: `_server/session.py`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote

from ..enums import Operation
from ._server.channel import AwaitedHooks, Pieces
from ._server.server_side import ServerSide
from ._server.service import Service, log
from ._server.session import Session
from ._wire.heads import closes
from ._wire.states import State
from ._wire.writers import CloseWriter, LengthWriter
from .auth import Authenticator
from .errors import ConnectionLostError, LocalProtocolError, RemoteProtocolError
from .events import Buffer, Event, Headers, RequestHead
from .hosts import OWN, has_port
from .incoming import (
    Anonymous,
    AsyncAuthorizer,
    AsyncHandler,
    AsyncIncomingDocument,
    AsyncIncomingRequest,
    AsyncPages,
    Wait,
)
from .limits import HTTPLimits

__all__ = ["IPPApplication"]

_Event: TypeAlias = MutableMapping[str, Any]
_ReceiveFunction: TypeAlias = Callable[[], Awaitable[_Event]]
_SendFunction: TypeAlias = Callable[[_Event], Awaitable[None]]

_PIECE = 65_536
"""A client has ``limits.idle`` seconds to take this many octets: ASGI does not say how many have been sent."""


class IPPApplication(Service[AsyncHandler, AsyncAuthorizer, AsyncPages]):
    """Answers IPP requests under any path, and GET and HEAD if it has pages. Mount it at the printer's path.

    handler: see `AsyncHandler`. The other arguments are as for `Server`, but limits bounds only the message, its
    document and the time to wait for them; the ASGI server bounds heads and connections. hosts: by default addresses
    and the names of this machine (`ippfast.http.hosts.OWN`); None allows any, for an application behind a proxy that
    checks the Host line itself. lifespan: a function that makes an asynchronous context manager, which is entered
    before the first request and left after the last one.

    The ASGI server also decides when a client that expects 100 (Continue) gets it: uvicorn sends it when the message
    is first asked for.
    """

    request_type = AsyncIncomingRequest

    def __init__(
        self,
        handler: AsyncHandler,
        *,
        require_tls: bool = False,
        limits: HTTPLimits | None = None,
        hosts: Collection[str] | None = OWN,
        authenticator: Authenticator | None = None,
        anonymous: Anonymous | None = None,
        authorizer: AsyncAuthorizer | None = None,
        pages: AsyncPages | None = None,
        lifespan: Callable[[], contextlib.AbstractAsyncContextManager[object]] | None = None,
    ) -> None:
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
        self._lifespan = lifespan or contextlib.nullcontext

    async def __call__(self, scope: _Event, receive: _ReceiveFunction, send: _SendFunction) -> None:
        """Serve one request, or one lifespan from startup to shutdown. Raises ValueError for other kinds of scope."""
        if scope["type"] == "http":
            await _Exchange(self, scope, receive, send).serve()
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})  # before it is accepted: answered with 403
        else:
            raise ValueError(f"an ASGI scope is of type http, lifespan or websocket, not {scope['type']!r}")

    def tls_authority(self, authority: str) -> str | None:
        """As `Service.tls_authority`: from HTTP's own port to that of https; from another port nobody knows."""
        host = authority.removesuffix(":80")
        return None if has_port(host) else host

    async def _live(self, receive: _ReceiveFunction, send: _SendFunction) -> None:
        await receive()
        phase = "startup"
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
                phase = "shutdown"
                self.stopping = True
        except Exception as error:
            log.exception("the %s failed", phase)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})


class _Body:
    """The framing of a body that the ASGI server has unframed."""

    def __init__(self) -> None:
        self.ended = False
        self.last = False
        """Whether the last octets that were received end the body."""
        self.size = 0

    def take(self, data: bytes, start: int) -> tuple[Buffer, int]:
        self.size += len(data) - start
        self.ended = self.last
        return memoryview(data)[start:] if start else data, len(data)

    def close(self) -> None:
        raise ConnectionLostError("the client went before the body ended")


class _Connection(ServerSide):
    """One request and its response. ``start`` and the buffers are what is to be sent."""

    def __init__(self, scope: _Event, limits: HTTPLimits, methods: Iterable[str], forms: bool) -> None:
        self._scope = scope
        self.body = _Body()
        self.start: _Event | None = None
        self._response_begun = False
        super().__init__(limits, methods=methods, forms=forms)

    between_requests = False

    @property
    def response_begun(self) -> bool:
        return self._response_begun

    @property
    def response_ended(self) -> bool:
        return self._response_begun and self._writer is None

    def _read_head(self) -> Event | None:
        scope = self._scope
        headers = Headers(
            (name.decode("iso-8859-1").lower(), value.decode("iso-8859-1")) for name, value in scope["headers"]
        )
        version: str = scope["http_version"]
        length, framed = headers.get("content-length"), headers.get("transfer-encoding") is not None
        self._method = scope["method"]
        if length is not None and (framed or not length.isdecimal()):
            raise RemoteProtocolError(400, "a malformed Content-Length, or one beside Transfer-Encoding")
        in_frames = not version.startswith("1.") and self._method == "POST"  # HTTP/2 needs no length
        octets = int(length) if length is not None else None if framed or in_frames else 0
        path = scope.get("raw_path") or quote(scope["path"]).encode()
        query = b"?" + scope["query_string"] if scope.get("query_string") else b""
        self._keep = not closes(headers, version)
        self._awaits_continue = version == "1.1" and "100-continue" in headers.tokens("expect")
        self.body.ended = octets == 0
        target = (path + query).decode("iso-8859-1")
        return self._begin_request(RequestHead(self._method, target, headers, version, octets), self.body)

    def send_continue(self) -> list[Buffer]:
        self._awaits_continue = False  # the ASGI server sends it when it is asked for the body
        return []

    def end(self) -> list[Buffer]:
        buffers = super().end()
        self._go(State.CLOSED)  # the ASGI server deals with the rest of the body
        return buffers

    def _begin_response(self, status: int, lines: list[tuple[str, str]]) -> list[Buffer]:
        if not self._scope["http_version"].startswith("1."):
            lines = [(name, value) for name, value in lines if name.lower() != "connection"]
        try:
            headers = [(name.lower().encode("ascii"), value.encode("iso-8859-1")) for name, value in lines]
        except UnicodeEncodeError as error:
            raise LocalProtocolError(f"a head that has no form on the wire: {error}") from error
        if any(octet in b"\r\n\0" for name, value in headers for octet in name + value):
            raise LocalProtocolError("a head that has no form on the wire: a line holds CR, LF or NUL")
        lengths = [int(value) for name, value in headers if name == b"content-length"]
        if self._method == "HEAD" or status in (204, 304):
            self._writer = LengthWriter(0)
        else:
            self._writer = LengthWriter(lengths[0]) if lengths else CloseWriter()
        self._response_begun = True
        self.start = {"type": "http.response.start", "status": status, "headers": headers}
        return []

    def _must_give_up_body(self) -> bool:
        if self._head is None:
            return True
        if self.body.ended:
            return False
        length = self._head.content_length
        return self._awaits_continue or length is None or length - self.body.size > self.limits.drain


class _Exchange(AwaitedHooks):
    """One request and its answer, and the channel of their session."""

    def __init__(
        self, application: IPPApplication, scope: _Event, receive: _ReceiveFunction, send: _SendFunction
    ) -> None:
        self._receive_event = receive
        self._send_event = send
        self._gone = False
        self._kept = b""  # octets of the body that have come and were not received yet
        self._asking = asyncio.Lock()
        self._watcher: asyncio.Future[None] | None = None
        self._limits = application.limits
        self._connection = _Connection(scope, application.limits, application.methods, application.forms)
        client = scope.get("client")
        self._session = Session(
            application,
            self._connection,
            self,
            str(client[0]) if client else "",
            secure=scope.get("scheme") == "https",
            open_document=lambda session, turn: AsyncIncomingDocument(lambda: session.document_event(turn)),
        )

    async def serve(self) -> None:
        """Answer the request. If the answer is left incomplete, the server closes the connection."""
        try:
            await self._session.serve()
        except ConnectionLostError as error:
            log.info("%s: %s", self._session.peer, error)
        finally:
            if self._watcher is not None:
                self._watcher.cancel()

    async def receive(self, seconds: float) -> bytes | None:
        body = self._connection.body
        try:
            async with asyncio.timeout(seconds):
                await self._ask(lambda: bool(self._kept) or body.last or self._gone)
        except TimeoutError:
            return None
        octets, self._kept = self._kept, b""
        body.ended = body.last and not octets
        return octets

    async def _ask(self, enough: Callable[[], bool]) -> None:
        """Take events of the ASGI server until there is enough. One task asks at a time: none misses the last."""
        body = self._connection.body
        while not enough():
            async with self._asking:
                if enough():
                    return
                event = await self._receive_event()
                if event["type"] == "http.request":
                    body.last = not event.get("more_body", False)
                    self._kept = bytes(event.get("body", b""))
                else:
                    self._gone = True

    def has_gone(self) -> bool:
        return self._gone

    async def call_hook(self, hook: Callable[[Any], Any], argument: object, *, blocks: bool = False) -> Any:
        if (
            getattr(getattr(argument, "message", None), "code", 0) != Operation.GET_NOTIFICATIONS
        ):  # no other operation waits
            return await super().call_hook(hook, argument, blocks=blocks)
        self._watch()
        return await super().call_hook(hook, argument, blocks=blocks)

    async def next_piece(self, pieces: Pieces) -> Any:
        self._watch()
        return await super().next_piece(pieces)

    async def wait(self, wait: Wait, over: Callable[[], bool]) -> None:
        self._watch()
        await super().wait(wait, over)

    def _watch(self) -> None:
        """Notice from now on if the client leaves.

        hypercorn and granian announce the end of a body in a separate event without octets, which may not have been
        asked for yet. If octets come instead, they are kept for the handler, and the watch ends.
        """
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.ensure_future(self._ask(lambda: bool(self._kept) or self._gone))

    async def fill(self, buffer: memoryview, seconds: float) -> int | None:
        raise LocalProtocolError("the socket is the ASGI server's")

    async def start_tls(self) -> None:
        raise LocalProtocolError("TLS is the ASGI server's")

    async def send(self, buffers: list[Buffer], seconds: float) -> None:
        connection = self._connection
        octets = b"".join(buffers) if len(buffers) != 1 else buffers[0]
        pieces = [bytes(octets[at : at + _PIECE]) for at in range(0, len(octets), _PIECE)]
        events: list[_Event] = []
        if connection.start is not None:
            events.append(connection.start)
            connection.start = None
        events += [{"type": "http.response.body", "body": piece, "more_body": True} for piece in pieces]
        if connection.response_ended:
            if not pieces:
                events.append({"type": "http.response.body", "body": b""})
            events[-1]["more_body"] = False
        try:
            for event in events:
                async with asyncio.timeout(self._limits.idle):
                    await self._send_event(event)
        except OSError as error:  # TimeoutError too
            raise ConnectionLostError(f"the client does not take the answer: {error}") from error
