"""What a server's hooks are given, and what they give back: requests, pages, replies.

The rule of this file: plain values, whichever shell serves them. What a client merely says of itself is called a claim.
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
"""How many octets on their way to a file are received at once."""

_BATCH = 1024 * 1024
"""How many octets one call of a thread writes, for asyncio."""


def _write_all(descriptor: int, pieces: Iterable[Buffer]) -> int:
    """How many octets that were."""
    written = 0
    for piece in pieces:
        left = memoryview(piece)
        written += len(left)
        while left:
            left = left[os.write(descriptor, left) :]
    return written


class IncomingDocument:
    """The document of a request, read from the connection as it is asked for. It can be read once.

    Its methods raise RemoteProtocolError and its kind if the document does not arrive whole or is refused; a
    handler lets that pass.
    """

    def __init__(
        self,
        next_event: Callable[[], Event],
        ready_event: Callable[[], Event] = lambda: NEED_DATA,
        bare_octets: Callable[[], int] = lambda: 0,
        fill: Callable[[memoryview], int] = len,
    ) -> None:
        self._next_event = next_event
        self._ready_event = ready_event  # as the other, but never waits, and costs less
        self._bare_octets = bare_octets  # how many need not come through events
        self._fill = fill  # takes them into a buffer; 0 if an event says why none came
        self._rest = memoryview(b"")
        self._ended = False

    def __iter__(self) -> Iterator[Buffer]:
        """Pieces as they come, of any size but none empty. Their octets never change."""
        while piece := self._piece():
            yield piece

    def read(self, size: int = -1) -> bytes:
        """This many octets, fewer only at the end; all that is left if size is negative."""
        pieces: list[Buffer] = []
        while size != 0 and (piece := self._piece()):
            if 0 <= size < len(piece):
                self._rest = memoryview(piece)[size:]
                piece = memoryview(piece)[:size]
            pieces.append(piece)
            size -= len(piece) if size > 0 else 0
        return b"".join(pieces)

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
        """What comes next; no octets at the end."""
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
    """An IPP request, whichever shell serves it.

    message: the IPP request. head: target and header lines. peer: the client's address. secure: whether the connection
    has TLS. user: who asks, if the server has an authenticator and the client showed credentials; None otherwise.
    gone: whether the client has left meanwhile, for a handler that waits; it may be asked from any thread.
    """

    message: Message
    head: RequestHead
    peer: str
    secure: bool
    user: str | None = None
    gone: Callable[[], bool] = bool

    @property
    def owner(self) -> str:
        """Whose job a job of this request is: job-originating-user-name (RFC 8011 sections 5.3.6 and 9.3).

        That is `user`; without one, the claim in requesting-user-name, which proves nothing; without that,
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
    """What a handler is given: an `Incoming` with its document data, still to arrive."""

    document: IncomingDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A GET or HEAD, or a web form: method, target and header lines in `head`, the rest as for `Incoming`.

    form: the fields of a form that a POST brought, to pages that take forms (see `Pages`); None: it is none.
    """

    head: RequestHead
    peer: str
    secure: bool
    user: str | None = None
    form: Mapping[str, str] | None = None


class AsyncIncomingDocument:
    """As `IncomingDocument`, for asyncio. Nothing more is received than is asked for, but for a few buffers.

    One task reads it, once, and before the handler returns or within the pieces that it gives back.
    """

    def __init__(
        self,
        next_event: Callable[[], Awaitable[Event]],
        ready_event: Callable[[], Event] = lambda: NEED_DATA,
        bare_octets: Callable[[], int] = lambda: 0,
        fill: Callable[[memoryview], Awaitable[int]] | None = None,
    ) -> None:
        self._next_event = next_event
        self._ready_event = ready_event  # as the other, but never waits, and costs less
        self._bare_octets = bare_octets  # these two as for `IncomingDocument`
        self._fill = fill
        self._rest = memoryview(b"")
        self._ended = False

    async def __aiter__(self) -> AsyncIterator[Buffer]:
        """Pieces as they come, of any size but none empty. Their octets never change."""
        while piece := await self._piece():
            yield piece

    async def read(self, size: int = -1) -> bytes:
        """This many octets, fewer only at the end; all that is left if size is negative."""
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
        from asyncio import Future, get_running_loop  # not loaded if threads serve

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
        """What comes next, about `_BATCH` octets; none at the end.

        buffers: at most two, of which each second batch may use the same again.
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
        """What comes next; no octets at the end."""
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
    """What a handler for asyncio is given: an `Incoming` with its document data, still to arrive."""

    document: AsyncIncomingDocument


class Page(NamedTuple):
    """What answers a GET or a form: an HTTP status, the body with its Content-Type, and further header lines.

    HEAD is answered with the same but the body.
    """

    status: int
    content_type: str
    body: bytes
    headers: Iterable[tuple[str, str]] = ()


class Reply(NamedTuple):
    """A response with document data: its octets in pieces, and how many they are, None if that is not known."""

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

    That is how Get-Notifications with notify-wait is answered, to a client that takes it. messages: any iterable, for
    asyncio an asynchronous one too; if there is none yet it gives a `Wait`, and no thread waits for the next one. It
    is closed when the client goes. alone: there is but one response, and it is sent as if it were the handler's answer.
    """

    messages: AsyncIterable["Message | Wait"] | Iterable["Message | Wait"]
    alone: bool = False


class Wait(NamedTuple):
    """There is nothing to send for now: what gave this is asked again later.

    seconds: after so many at the latest; at once if the client leaves, or the server stops. wake: is given a function,
    which it calls, from any thread, as soon as there may be something; at once if there already is.

    A server that stops waits no more: it ends an answer in parts there, and instead of a response that is alone its
    client gets server-error-busy, after which it asks again.
    """

    seconds: float
    wake: Callable[[Callable[[], None]], None]


Handler: TypeAlias = Callable[[IncomingRequest], Message | Reply | Parts]
"""A function that carries out a request and returns the response.

It need not read the document, and may raise `Refusal`.
"""

AsyncHandler: TypeAlias = Callable[[AsyncIncomingRequest], Awaitable[Message | AsyncReply | Parts]]
"""A `Handler` for asyncio."""

Authorizer: TypeAlias = Callable[[IncomingRequest], None]
"""A function that raises `Refusal` unless a request may be carried out. It must not read the document."""

AsyncAuthorizer: TypeAlias = Callable[[AsyncIncomingRequest], Awaitable[None] | None]
"""An `Authorizer`, asynchronous or not."""

Anonymous: TypeAlias = Callable[[RequestHead, Message | None], bool]
"""A function that says whether a request is served without credentials.

It gets the head and the message, None for a page.
"""

Pages: TypeAlias = Callable[[PageRequest], Page | None]
"""A function that answers GET and HEAD; None says that there is no such page. It may raise `Refusal`.

If it has an attribute `takes_forms` that is true, POST of a web form comes to it too: of Content-Type
application/x-www-form-urlencoded, with at most 64 KiB. Whether the form comes from a page of its own is for it to find
out: a browser sends a user's credentials along with a form of any site's.
"""

AsyncPages: TypeAlias = Callable[[PageRequest], Awaitable[Page | None] | Page | None]
"""`Pages`, asynchronous or not."""
