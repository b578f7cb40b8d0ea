"""One handler, written for threads, behind each kind of server: what holds for one holds for all.

The rule of this file: the asyncio server runs in a loop of its own, in a thread, and calls the plain hooks in further
threads; the document reaches them octet for octet through `AsyncIncomingDocument`.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeAlias, TypeVar

import pytest
from http_servers import SECONDS

from ippfast import Message
from ippfast.http import (
    AsyncIncomingRequest,
    AsyncReply,
    AsyncServer,
    IncomingDocument,
    IncomingRequest,
    Parts,
    Reply,
    Server,
)
from ippfast.http.incoming import Handler

__all__ = ["LoopThread", "Serving", "bridge", "serving", "shut_down", "wait_until"]

_T = TypeVar("_T")


class LoopThread:
    """An event loop that runs in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-loop")
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Its result, from another thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(2 * SECONDS)

    def close(self) -> None:
        """End it."""
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def bridge(handler: Handler) -> Callable[[AsyncIncomingRequest], Coroutine[Any, Any, Message | AsyncReply | Parts]]:
    """A handler for asyncio that has one for threads do the work."""

    async def handle(request: AsyncIncomingRequest) -> Message | AsyncReply | Parts:
        loop = asyncio.get_running_loop()
        source = request.document._next_event

        def next_event() -> Any:
            return asyncio.run_coroutine_threadsafe(source(), loop).result()  # type: ignore[arg-type]

        plain = IncomingRequest(
            message=request.message,
            head=request.head,
            peer=request.peer,
            secure=request.secure,
            user=request.user,
            document=IncomingDocument(next_event),
        )
        reply = await asyncio.to_thread(handler, plain)
        if isinstance(reply, Parts):
            return Parts(in_threads(reply.messages))
        return AsyncReply(*reply) if isinstance(reply, Reply) else reply

    return handle


async def in_threads(messages: Any) -> AsyncIterator[Message]:
    """What a generator that may block gives, without blocking the loop."""
    messages = iter(messages)
    try:
        while (message := await asyncio.to_thread(next, messages, None)) is not None:
            yield message
    finally:
        messages.close()


class BridgedServer(AsyncServer):
    """Takes a handler for threads, also later on."""

    loop_thread: LoopThread

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, bridge(value) if name == "handler" else value)


Serving: TypeAlias = Callable[..., AbstractContextManager[Server]]
"""Runs a server with a handler for threads. It is a `Server`, or one for asyncio that looks like it to a test."""


@contextlib.contextmanager
def _threads(handler: Handler, **options: Any) -> Iterator[Server]:
    with Server(handler, port=0, **options) as server:
        yield server


@contextlib.contextmanager
def _asyncio(handler: Handler, **options: Any) -> Iterator[Any]:
    loop = LoopThread()
    try:
        server = BridgedServer(handler, port=0, **options)  # type: ignore[arg-type]
        server.loop_thread = loop
        loop.run(server.start())
        try:
            yield server
        finally:
            loop.run(server.shutdown())
    finally:
        loop.close()


@pytest.fixture(params=[_threads, _asyncio], ids=["threads", "asyncio"])
def serving(request: pytest.FixtureRequest) -> Serving:
    """Each kind of server in turn."""
    run: Serving = request.param
    return run


def shut_down(server: Server, deadline: float) -> None:
    """Whichever kind it is."""
    if isinstance(server, BridgedServer):
        server.loop_thread.run(server.shutdown(deadline))
    else:
        server.shutdown(deadline)


def wait_until(condition: Callable[[], bool]) -> None:
    """Give up after a long time."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.01)
