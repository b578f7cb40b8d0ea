"""What a server's hooks get, and what they return: requests, pages, replies.

The rule of this file: these are plain values, the same for every shell. What a client only says of itself is called a
claim.
"""

import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ..codec import Message
from ..values import StringWithLanguage
from .events import NEED_DATA, Buffer, DocumentData, EndOfMessage, Event, RequestHead

__all__ = [
    "Anonymous",
    "AsyncAuthorizer",
    "AsyncHandler",
    "AsyncIncomingDocument",
    "AsyncIncomingRequest",
    "AsyncPages",
    "AsyncReply",
    "Authorizer",
    "Handler",
    "Incoming",
    "IncomingDocument",
    "IncomingRequest",
    "Page",
    "PageRequest",
    "Pages",
    "Parts",
    "Reply",
    "Wait",
]


_BUFFER = 524_288
"""How many octets of a document are received at once if they go to a file."""

_BATCH = 1024 * 1024
"""How many octets one call in a thread writes, for asyncio."""


def _write_all(descriptor: int, pieces: Iterable[Buffer]) -> int:
    """Write pieces to a file descriptor. Returns how many octets that were."""
    written = 0
    for piece in pieces:
        left = memoryview(piece)
        written += len(left)
        while left:
            left = left[os.write(descriptor, left) :]
    return written


class IncomingDocument:
    """The document of a request, read from the connection when it is asked for. It can be read once.

    Its methods raise RemoteProtocolError or a subclass if the document does not arrive whole or is refused. A handler
    should not catch it.
    """

    def __init__(
        self,
        next_event: Callable[[], Event],
        ready_event: Callable[[], Event] = lambda: NEED_DATA,
        bare_octets: Callable[[], int] = lambda: 0,
        fill: Callable[[memoryview], int] = len,
    ) -> None:
        self._next_event = next_event
        self._ready_event = ready_event  # as `next_event`, but it never waits, and costs less
        self._bare_octets = bare_octets  # how many octets need not come through events
        self._fill = fill  # receives these into a buffer; 0 if an event says why none came
        self._rest = memoryview(b"")
        self._ended = False

    def __iter__(self) -> Iterator[Buffer]:
        """The pieces as they come, of any size, none of them empty. Their octets never change."""
        while piece := self._piece():
            yield piece

    def read(self, size: int = -1) -> bytes:
        """Read this many octets, or fewer at the end; all that is left if size is negative."""
        pieces: list[Buffer] = []
        while size != 0 and (piece := self._piece()):
            if 0 <= size < len(piece):
                self._rest = memoryview(piece)[size:]
                piece = memoryview(piece)[:size]
            pieces.append(piece)
            size -= len(piece) if size > 0 else 0
        return b"".join(pieces)

    def read_into(self, buffer: memoryview) -> int:
        """Fill a buffer with what comes next. Returns how many octets that were, fewer than fit only at the end.

        Where Content-Length says how long the document is and nothing encodes it, no other buffer is between.
        """
        filled = 0
        while filled < len(buffer):
            left = 0 if self._rest else self._bare_octets()
            if left and (count := self._fill(buffer[filled : filled + left])):
                filled += count
                continue
            piece = memoryview(self._piece())
            if not piece:
                break
            count = min(len(piece), len(buffer) - filled)
            buffer[filled : filled + count] = piece[:count]
            filled += count
            self._rest = piece[count:]
        return filled

    def write_to(self, descriptor: int) -> int:
        """Write all that is left to a file descriptor, such as a spool file's. Returns how many octets that were."""
        written = 0
        for piece in self:
            written += _write_all(descriptor, [piece])
            if left := self._bare_octets():
                buffer = memoryview(bytearray(min(left, _BUFFER)))
                while left and (count := self._fill(buffer[:left])):
                    written += _write_all(descriptor, [buffer[:count]])
                    left -= count
        return written

    def _piece(self) -> Buffer:
        """The next piece; no octets at the end."""
        if self._rest:
            rest, self._rest = self._rest, memoryview(b"")
            return rest
        while not self._ended:
            event = self._ready_event()
            if event is NEED_DATA:
                event = self._next_event()
            if isinstance(event, DocumentData):
                return event.data
            self._ended = isinstance(event, EndOfMessage)
        return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An IPP request, the same for every shell.

    message: the IPP request. head: target and header lines. peer: the client's address. secure: whether the connection
    has TLS. user: the authenticated user, if the server has an authenticator and the client gave credentials; otherwise
    None. gone: tells whether the client has left, for a handler that waits; any thread may call it.
    """

    message: Message
    head: RequestHead
    peer: str
    secure: bool
    user: str | None = None
    gone: Callable[[], bool] = bool

    @property
    def owner(self) -> str:
        """The owner of a job that this request makes: its job-originating-user-name (RFC 8011 sections 5.3.6 and 9.3).

        It is `user`; if that is None, the claim in requesting-user-name, which proves nothing; otherwise
        ``"anonymous"``.
        """
        if self.user is not None:
            return self.user
        group = self.message.groups[0] if self.message.groups else None
        claim = group.get("requesting-user-name") if group is not None else None
        name = claim.values[0] if claim is not None and claim.values else None
        if isinstance(name, StringWithLanguage):
            name = name.string
        return name if isinstance(name, str) and name else "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRequest(Incoming):
    """What a handler gets: an `Incoming` with its document data, which has yet to arrive."""

    document: IncomingDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A GET or HEAD, or a web form: method, target and header lines in `head`, the rest as for `Incoming`.

    form: the fields of a web form, for pages that take forms (see `Pages`); None for GET and HEAD.
    """

    head: RequestHead
    peer: str
    secure: bool
    user: str | None = None
    form: Mapping[str, str] | None = None


class AsyncIncomingDocument:
    """As `IncomingDocument`, for asyncio. No more is received than is asked for, except a few buffers.

    One task can read it, once: before the handler returns, or while the pieces that it returned are sent.
    """

    def __init__(
        self,
        next_event: Callable[[], Awaitable[Event]],
        ready_event: Callable[[], Event] = lambda: NEED_DATA,
        bare_octets: Callable[[], int] = lambda: 0,
        fill: Callable[[memoryview], Awaitable[int]] | None = None,
    ) -> None:
        self._next_event = next_event
        self._ready_event = ready_event  # these three as in `IncomingDocument`
        self._bare_octets = bare_octets
        self._fill = fill
        self._rest = memoryview(b"")
        self._ended = False

    async def __aiter__(self) -> AsyncIterator[Buffer]:
        """The pieces as they come, of any size, none of them empty. Their octets never change."""
        while piece := await self._piece():
            yield piece

    async def read(self, size: int = -1) -> bytes:
        """Read this many octets, or fewer at the end; all that is left if size is negative."""
        pieces: list[Buffer] = []
        while size != 0 and (piece := await self._piece()):
            if 0 <= size < len(piece):
                self._rest = memoryview(piece)[size:]
                piece = memoryview(piece)[:size]
            pieces.append(piece)
            size -= len(piece) if size > 0 else 0
        return b"".join(pieces)

    async def write_to(self, descriptor: int) -> int:
        """Write all that is left to a file descriptor, such as a spool file's. Returns how many octets that were.

        A thread writes while the next octets arrive, so that a slow disk holds up nobody else.
        """
        from asyncio import Future, get_running_loop  # the server for threads need not load it

        loop = get_running_loop()
        written = 0
        writing: Future[int] | None = None
        buffers = list[memoryview]()
        try:
            while batch := await self._batch(buffers):
                if writing is not None:
                    written += await writing
                writing = loop.run_in_executor(None, _write_all, descriptor, batch)
        finally:
            if writing is not None:
                written += await writing
        return written

    async def _batch(self, buffers: list[memoryview]) -> list[Buffer]:
        """The next pieces, about `_BATCH` octets together; none at the end.

        buffers: at most two, which batches use in turn.
        """
        batch, size = list[Buffer](), 0
        while size < _BATCH:
            left = 0 if self._rest else self._bare_octets()
            if left and batch:
                break
            if left and self._fill is not None:
                buffer = buffers.pop(0) if len(buffers) > 1 else memoryview(bytearray(min(left, _BATCH)))
                buffers.append(buffer)
                if count := await self._fill(buffer[:left]):
                    return [buffer[:count]]
            piece = await self._piece()
            if not piece:
                break
            batch.append(piece)
            size += len(piece)
        return batch

    async def _piece(self) -> Buffer:
        """The next piece; no octets at the end."""
        if self._rest:
            rest, self._rest = self._rest, memoryview(b"")
            return rest
        while not self._ended:
            event = self._ready_event()
            if event is NEED_DATA:
                event = await self._next_event()
            if isinstance(event, DocumentData):
                return event.data
            self._ended = isinstance(event, EndOfMessage)
        return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncIncomingRequest(Incoming):
    """What a handler for asyncio gets: an `Incoming` with its document data, which has yet to arrive."""

    document: AsyncIncomingDocument


class Page(NamedTuple):
    """The response to a GET or a form: an HTTP status, the body with its Content-Type, and further header lines.

    HEAD gets the same without the body.
    """

    status: int
    content_type: str
    body: bytes
    headers: Iterable[tuple[str, str]] = ()


class Reply(NamedTuple):
    """A response with document data, in pieces. length: how many octets they have, None if that is not known."""

    message: Message
    document: Iterable[Buffer]
    length: int | None = None


class AsyncReply(NamedTuple):
    """As `Reply`, with the document's pieces from any iterable, asynchronous or not."""

    message: Message
    document: AsyncIterable[Buffer] | Iterable[Buffer]
    length: int | None = None


class Parts(NamedTuple):
    """Several responses to one request, each sent as it comes: multipart/related (RFC 3996 section 5.2).

    Get-Notifications with notify-wait is answered so if the client takes it. messages: any iterable, for asyncio also
    an asynchronous one; while there is no message it gives a `Wait`, and no thread waits for the next one. It is closed
    when the client leaves. alone: there is only one response, which is sent as if the handler had returned it.
    """

    messages: AsyncIterable["Message | Wait"] | Iterable["Message | Wait"]
    alone: bool = False


class Wait(NamedTuple):
    """There is nothing to send now: the iterable that gave this is asked again later.

    seconds: how much later at most; sooner if the client leaves or the server stops. wake: gets a function, and calls
    it, from any thread, as soon as there may be something to send; at once if there already is.

    A server that stops waits no more: it ends an answer in parts; instead of a response that is alone it sends
    server-error-busy, after which the client asks again.
    """

    seconds: float
    wake: Callable[[Callable[[], None]], None]


Handler: TypeAlias = Callable[[IncomingRequest], Message | Reply | Parts]
"""A function that carries out a request and returns the response.

It need not read the document. It may raise `Refusal`.
"""

AsyncHandler: TypeAlias = Callable[[AsyncIncomingRequest], Awaitable[Message | AsyncReply | Parts]]
"""A `Handler` for asyncio."""

Authorizer: TypeAlias = Callable[[IncomingRequest], None]
"""A function that raises `Refusal` unless a request may be carried out. It must not read the document."""

AsyncAuthorizer: TypeAlias = Callable[[AsyncIncomingRequest], Awaitable[None] | None]
"""An `Authorizer`, asynchronous or not."""

Anonymous: TypeAlias = Callable[[RequestHead, Message | None], bool]
"""A function that says whether a request is served without credentials.

It gets the head and the message; for a page the message is None.
"""

Pages: TypeAlias = Callable[[PageRequest], Page | None]
"""A function that answers GET and HEAD; None says that there is no such page. It may raise `Refusal`.

If it has an attribute `takes_forms` that is true, it also gets web forms: POST with the Content-Type
application/x-www-form-urlencoded and at most 64 KiB. It must check that a form comes from one of its own pages: a
browser sends a user's credentials with a form of any site.
"""

AsyncPages: TypeAlias = Callable[[PageRequest], Awaitable[Page | None] | Page | None]
"""`Pages`, asynchronous or not."""
