"""The client for asyncio: what `Client` does, without a thread.

The rule of this file: the same arguments, answers and errors as in `client.py`; what is decided on the way, `Core`
knows for both.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from ..codec import AttributeGroup, Message
from ._asyncio import AsyncChannel, AsyncShell
from ._core import Core, Progress, Rest, Upgrade
from ._outgoing import AsyncDocument
from ._tasks import Tasks
from ._watching import watch
from .auth import Auth
from .events import Buffer, DocumentData, EndOfMessage, Headers
from .jobs import AsyncJob, Notification
from .limits import HTTPLimits, Timeouts
from .tls import TLS
from .uri import parse_uri

__all__ = ["AsyncAnswer", "AsyncClient"]


class AsyncClient:
    """As `Client`, for one event loop: its arguments are the same. Any number of tasks may use it at once.

    A request that is cancelled closes its connection; whether the printer has carried it out, nobody knows then.
    """

    def __init__(
        self,
        uri: str,
        *,
        tls: TLS | None = None,
        auth: Auth | None = None,
        timeouts: Timeouts | None = None,
        limits: HTTPLimits | None = None,
        headers: Iterable[tuple[str, str]] = (),
        expect_continue: bool = False,
        upgrade: Upgrade = "if-requested",
        patience: float = 0.0,
        negotiate: bool = False,
        user: str | None = None,
    ) -> None:
        self._core: Core[AsyncChannel] = Core(
            AsyncShell(tls or TLS(), limits or HTTPLimits.for_client()),
            parse_uri(uri),
            auth=auth,
            timeouts=timeouts or Timeouts(),
            headers=headers,
            expect_continue=expect_continue,
            upgrade=upgrade,
            patience=patience,
            negotiate=negotiate,
        )
        self._tasks = Tasks(self._core, user)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections that were kept."""
        for channel in self._core.take_kept():
            await channel.end()

    async def send(
        self, message: Message, document: AsyncDocument | None = None, *, progress: Progress | None = None
    ) -> Message:
        """As `Client.send`. document: also an asynchronous iterable of octets.

        Files, pipes and iterables that are not asynchronous are read in another thread, so that the loop never waits
        for them.
        """
        async with await self.open(message, document, progress=progress) as answer:
            rest = Rest()
            async for piece in answer:
                if rest.is_too_long(piece):
                    break
            return answer.message

    async def open(
        self, message: Message, document: AsyncDocument | None = None, *, progress: Progress | None = None
    ) -> "AsyncAnswer":
        """As `send`, for an answer that brings a document along: iterate over it, and close it."""
        with await self._core.shell.open(document) as outgoing:
            channel, response = await self._core.ask(message, outgoing, progress)
        assert response.message is not None
        return AsyncAnswer(response.message, response.headers, channel, self._core.keep)

    # Tasks.

    async def ask(
        self, message: Message, document: AsyncDocument | None = None, *, progress: Progress | None = None
    ) -> Message:
        """As `Client.ask`."""
        with await self._core.shell.open(document) as outgoing:
            return await self._tasks.ask(message, outgoing, progress)

    async def attributes(self, *names: str) -> AttributeGroup:
        """As `Client.attributes`."""
        return await self._tasks.attributes(names)

    async def print(
        self,
        *documents: AsyncDocument,
        job_name: str | None = None,
        document_format: str | None = None,
        job: Mapping[str, object] | None = None,
        progress: Progress | None = None,
        **attributes: object,
    ) -> AsyncJob:
        """As `Client.print`."""
        given = {"job_name": job_name, "document_format": document_format, **attributes}
        return AsyncJob(self, *await self._tasks.print(documents, given, job or {}, progress))

    async def job(self, job_id: int, *names: str) -> AsyncJob:
        """As `Client.job`."""
        return AsyncJob(self, job_id, await self._tasks.job(job_id, names))

    async def jobs(
        self, which: str = "not-completed", *, mine: bool = False, limit: int | None = None, names: Iterable[str] = ()
    ) -> list[AsyncJob]:
        """As `Client.jobs`."""
        return [AsyncJob(self, *each) for each in await self._tasks.jobs(which, mine, limit, list(names))]

    async def wait(self, job_id: int, timeout: float | None = None) -> AsyncJob:
        """As `Job.wait`."""
        return AsyncJob(self, job_id, await self._tasks.wait(job_id, timeout))

    async def cancel(self, job_id: int, message: str | None = None) -> None:
        """As `Job.cancel`."""
        await self._tasks.cancel(job_id, message)

    def watch(
        self, job: AsyncJob | int | None = None, *, events: Iterable[str] = (), interval: float = 5.0
    ) -> AsyncGenerator[Notification, None]:
        """As `Client.watch`. Whoever stops before the end closes the iterator: see `contextlib.aclosing`."""
        return watch(self._tasks, job.id if isinstance(job, AsyncJob) else job, events, interval)


class AsyncAnswer:
    """As `Answer`: iterate over it with ``async for``, and use it with ``async with``."""

    def __init__(
        self, message: Message, headers: Headers, channel: AsyncChannel, keep: Callable[[AsyncChannel], None]
    ) -> None:
        self.message = message
        self.headers = headers
        self._channel: AsyncChannel | None = channel
        self._keep = keep

    async def __aiter__(self) -> AsyncIterator[Buffer]:
        """The document's octets, in pieces as they come. Raises as `Client.send` does."""
        while self._channel is not None:
            event = await self._channel.next_event("idle")
            if isinstance(event, DocumentData):
                yield event.data
            elif isinstance(event, EndOfMessage):
                channel, self._channel = self._channel, None
                self._keep(channel)

    async def close(self) -> None:
        """Be done with it. The connection is kept only where the document was read to its end."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
