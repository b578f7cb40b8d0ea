"""The client for asyncio: what `Client` does, without a thread.

The rule of this file: the same arguments, answers and errors as in `client.py`. `Core` decides for both.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Self

from ..codec import AttributeGroup, Message
from ..issues import Issue
from ._client.channels import Progress, Rest
from ._client.core import Core, Upgrade
from ._client.in_asyncio import AsyncChannel, AsyncShell
from ._client.listing import pages
from ._client.outgoing import AsyncDocument
from ._client.prepared import Preparing
from ._client.systems import SystemTasks
from ._client.tasks import SystemUser, Tasks
from ._client.watching import watch
from .auth import Auth
from .events import Buffer, DocumentData, EndOfMessage, Exchange, Response
from .jobs import AsyncJob, Notification, told_of
from .limits import HTTPLimits, Timeouts
from .systems import AsyncSystem
from .tls import TLS
from .uri import parse_uri

__all__ = ["AsyncAnswer", "AsyncClient"]


class AsyncClient:
    """As `Client`, for one event loop, with the same arguments. Any number of tasks may use it at once.

    A request that is cancelled closes its connection; the printer may or may not have carried it out.
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
        upgrade: Upgrade | None = None,
        patience: float = 0.0,
        negotiate: bool = False,
        user: str | SystemUser | None = SystemUser.SYSTEM_USER,
        strict: bool = False,
        version: tuple[int, int] | None = None,
    ) -> None:
        tls = tls or TLS()
        self._core: Core[AsyncChannel] = Core(
            AsyncShell(tls, limits or HTTPLimits.for_client()),
            parse_uri(uri),
            auth=auth,
            timeouts=timeouts or Timeouts(),
            headers=headers,
            expect_continue=expect_continue,
            upgrade=upgrade or ("required" if tls.required else "if-requested"),
            patience=patience,
            negotiate=negotiate,
            strict=strict,
            version=version,
        )
        self._tasks = Tasks(self._core, user)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def secure(self) -> bool:
        """As `Client.secure`."""
        return self._core.secure

    @property
    def version(self) -> tuple[int, int] | None:
        """As `Client.version`."""
        return self._core.version

    @property
    def issues(self) -> tuple[Issue, ...]:
        """As `Client.issues`."""
        return self._core.issues

    async def close(self) -> None:
        """Close the connections that were kept."""
        for channel in self._core.take_kept():
            await channel.end()

    async def send(
        self, message: Message, document: AsyncDocument | None = None, *, progress: Progress | None = None
    ) -> Message:
        """As `Client.send`. document: also an asynchronous iterable of octets.

        Files, pipes and iterables that are not asynchronous are read in another thread, so the loop never waits for
        them.
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
        """As `send`, for a response with document data: iterate over the answer, and close it."""
        with await self._core.shell.open(document) as outgoing:
            channel, response = await self._core.ask(message, outgoing, progress)
        return AsyncAnswer(response, channel, self._core.keep)

    async def exchange(
        self,
        message: Message,
        document: AsyncDocument | None = None,
        *,
        target: str | None = None,
        chunked: bool = False,
    ) -> Exchange:
        """As `Client.exchange`."""
        with await self._core.shell.open(document) as outgoing:
            if chunked:
                outgoing.hide_length()
            channel, response, text = await self._core.ask_as_it_is(message, outgoing, target)
            if channel is not None:
                await self._core.finish(channel)
        return Exchange(response.status, response.headers, response.message, response.issues, text)

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

    def system(self) -> AsyncSystem:
        """As `Client.system`."""
        return AsyncSystem(SystemTasks(self._tasks))

    async def print(
        self,
        *documents: AsyncDocument | Preparing,
        job_name: str | None = None,
        document_format: str | None = None,
        job: Mapping[str, object] | None = None,
        progress: Progress | None = None,
        **attributes: object,
    ) -> AsyncJob:
        """As `Client.print`."""
        given = {"job_name": job_name, "document_format": document_format, **attributes}
        return AsyncJob(self, await self._tasks.print(documents, given, job or {}, progress))

    async def job(self, job: AsyncJob | int, *names: str) -> AsyncJob:
        """As `Client.job`."""
        told = told_of(job)
        return AsyncJob(self, told._replace(attributes=await self._tasks.job(told, names)))

    async def jobs(
        self,
        which: str = "not-completed",
        *,
        mine: bool = False,
        limit: int | None = None,
        names: Iterable[str] = (),
        everywhere: bool = False,
    ) -> list[AsyncJob]:
        """As `Client.jobs`."""
        found = await self._tasks.jobs(which, mine, limit, list(names), everywhere=everywhere)
        return [AsyncJob(self, each) for each in found]

    async def iter_jobs(
        self,
        which: str = "not-completed",
        *,
        mine: bool = False,
        names: Iterable[str] = (),
        everywhere: bool = False,
        page: int = 100,
    ) -> AsyncGenerator[AsyncJob, None]:
        """As `Client.iter_jobs`. To stop before the end, close the iterator: see `contextlib.aclosing`."""
        async with aclosing(pages(self._tasks, which, mine, list(names), page, everywhere)) as found:
            async for each in found:
                yield AsyncJob(self, each)

    async def wait(self, job: AsyncJob | int, timeout: float | None = None) -> AsyncJob:
        """As `Client.wait`."""
        return AsyncJob(self, await self._tasks.wait(told_of(job), timeout))

    async def cancel(self, job: AsyncJob | int, message: str | None = None) -> None:
        """As `Job.cancel`."""
        await self._tasks.cancel(told_of(job), message)

    def watch(
        self,
        job: AsyncJob | int | None = None,
        *,
        events: Iterable[str] = (),
        interval: float = 5.0,
        timeout: float | None = None,
    ) -> AsyncGenerator[Notification, None]:
        """As `Client.watch`. To stop before the end, close the iterator: see `contextlib.aclosing`."""
        return watch(self._tasks, None if job is None else told_of(job), events, interval, timeout)


class AsyncAnswer:
    """As `Answer`: iterate over it with ``async for``, and use it with ``async with``."""

    def __init__(self, response: Response, channel: AsyncChannel, keep: Callable[[AsyncChannel], None]) -> None:
        assert response.message is not None
        self.message = response.message
        self.headers = response.headers
        self.issues = response.issues
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
        """Close it. The connection is kept only if the document was read to its end."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
