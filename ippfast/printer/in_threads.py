"""A printer for asyncio servers: `InThreads` makes it a handler for `AsyncServer` and `IPPApplication`.

The rule of this file: the printer, which waits for disks and other programs, does all its work in threads, so that the
loop never waits for it. If a client has gone, the thread of its request ends at the next piece of its document.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from ippfast.codec import Message
from ippfast.enums import Operation, Status
from ippfast.http.events import Buffer, DocumentData, EndOfMessage, Event
from ippfast.http.incoming import (
    AsyncIncomingDocument,
    AsyncIncomingRequest,
    AsyncReply,
    Handler,
    IncomingDocument,
    IncomingRequest,
    Page,
    PageRequest,
    Pages,
    Parts,
    Reply,
)
from ippfast.requests import response

__all__ = ["InThreads"]

_T = TypeVar("_T")

_LOOK = 1.0
"""How often a thread that waits for a document looks whether there still is a loop that may bring it."""

_EVENTS = 8
"""How many threads answer requests for events. A request that waits for events holds no thread."""

# The operations of a `SpoolPrinter` that read or fetch a document. Another handler may read one in any operation.
_WITH_DOCUMENT = frozenset(
    {
        Operation.PRINT_JOB,
        Operation.SEND_DOCUMENT,
        Operation.PRINT_URI,
        Operation.SEND_URI,
        Operation.SEND_RESOURCE_DATA,
    }
)


class InThreads:
    """Makes a handler for threads a handler for asyncio.

        with SpoolPrinter("spool") as printer, InThreads(printer) as handler:
            async with AsyncServer(handler) as server:
                ...

    handler: a `SpoolPrinter`, or any other handler of `Server`'s. threads: how many requests with a document are
    carried out at once, and how many others, so that slow uploads don't delay other requests; more wait until
    one is done. threads_per_host: how many of either kind one address may have at once; if it sends more, they are
    answered with server-error-busy. Requests for events (Get-Notifications) have a few threads of their own, and hold
    none while they wait.
    """

    def __init__(self, handler: Handler, *, threads: int = 128, threads_per_host: int = 20) -> None:
        self._handler = handler
        self._per_host: Counter[tuple[bool, str]] = Counter()  # by whether they bring a document, and the address
        self._most_per_host = threads_per_host
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="ippfast-printer")
        self._others = ThreadPoolExecutor(threads, thread_name_prefix="ippfast-printer")
        self._events = ThreadPoolExecutor(_EVENTS, thread_name_prefix="ippfast-events")
        self._closing = False

    def pages(self, pages: Pages) -> "_PagesInThreads":
        """Web pages that wait for disks, such as `PrinterPages`, as ``pages`` of a server for asyncio."""
        return _PagesInThreads(self._others, pages)

    def close(self) -> None:
        """End, once the requests that are being carried out are done. Those whose loop has ended come to nothing."""
        self._closing = True
        self._threads.shutdown()
        self._others.shutdown()
        self._events.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __call__(self, incoming: AsyncIncomingRequest) -> Message | AsyncReply | Parts:
        """Carry out a request."""
        code = incoming.message.code
        if code == Operation.GET_NOTIFICATIONS:
            return await self._carry_out(incoming, self._events)
        brings_document = code in _WITH_DOCUMENT
        place = (brings_document, incoming.peer)
        if self._per_host[place] >= self._most_per_host:
            return response(incoming.message, Status.SERVER_ERROR_BUSY, status_message="too many requests at once")
        self._per_host[place] += 1
        try:
            return await self._carry_out(incoming, self._threads if brings_document else self._others)
        finally:
            self._per_host[place] -= 1
            if not self._per_host[place]:
                del self._per_host[place]

    async def _carry_out(
        self, incoming: AsyncIncomingRequest, threads: ThreadPoolExecutor
    ) -> Message | AsyncReply | Parts:
        document = _Document(incoming.document, asyncio.get_running_loop(), lambda: self._closing)
        request = IncomingRequest(
            message=incoming.message,
            head=incoming.head,
            peer=incoming.peer,
            secure=incoming.secure,
            user=incoming.user,
            gone=incoming.gone,
            document=IncomingDocument(document.next_event),
        )
        try:
            reply = await _run(threads, lambda: self._handler(request))
        finally:
            document.close()
        if isinstance(reply, Parts):
            assert not hasattr(reply.messages, "__aiter__")
            return Parts(self._pieces(threads, reply.messages), reply.alone)
        if isinstance(reply, Reply):
            return AsyncReply(reply.message, self._pieces(threads, reply.document), reply.length)
        return reply

    async def _pieces(self, threads: ThreadPoolExecutor, pieces: Iterable[_T]) -> AsyncIterator[_T]:
        """The items of an iterable, each taken in a thread."""
        iterator = iter(pieces)
        end = object()
        try:
            while True:
                piece = await _run(threads, lambda: next(iterator, end))
                if piece is end:
                    return
                yield piece  # type: ignore[misc]  # it is not the end
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                with contextlib.suppress(ValueError):  # it still runs in its thread, and ends there
                    close()


class _PagesInThreads:
    """The web pages that `InThreads.pages` returns."""

    def __init__(self, threads: ThreadPoolExecutor, pages: Pages) -> None:
        self._threads = threads
        self._pages = pages
        self.takes_forms: bool = getattr(pages, "takes_forms", False)

    async def __call__(self, request: PageRequest) -> Page | None:
        return await _run(self._threads, lambda: self._pages(request))


async def _run(threads: ThreadPoolExecutor, function: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(threads, function)


class _Document:
    """Passes the document of a request from the loop to the thread that carries the request out.

    closing: whether there will be no more requests. Then a loop that stands still does not go on.
    """

    def __init__(
        self, document: AsyncIncomingDocument, loop: asyncio.AbstractEventLoop, closing: Callable[[], bool]
    ) -> None:
        self._pieces = aiter(document)
        self._loop = loop
        self._closing = closing
        self._waiting: Future[Buffer | None] | None = None
        self._closed = False

    def next_event(self) -> Event:
        """The next event for `IncomingDocument`. Called in the thread."""
        if self._closed:
            raise ConnectionError("the client has gone")
        coming = self._next()
        try:
            self._waiting = waiting = asyncio.run_coroutine_threadsafe(coming, self._loop)
        except RuntimeError:  # the loop is closed
            coming.close()
            raise ConnectionError("the server has ended") from None
        while True:
            try:
                piece = waiting.result(_LOOK)
            except TimeoutError:
                if waiting.done():  # it is the document's
                    raise
                if self._loop.is_closed():
                    coming.close()
                    raise ConnectionError("the server has ended") from None
                if self._closing() and not self._loop.is_running():
                    waiting.cancel()
                    raise ConnectionError("the server has ended") from None
            else:
                return EndOfMessage() if piece is None else DocumentData(piece)

    async def _next(self) -> Buffer | None:
        if self._closed:  # then the document may be closed too, and seem to end here
            raise ConnectionError("the client has gone")
        return await anext(self._pieces, None)

    def close(self) -> None:
        """Called in the loop if the client does not wait any more."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.cancel()
