"""What a server's session needs from a connection: it moves octets both ways, and calls the application's hooks.

The rule of this file: a channel waits and decides nothing. For threads its coroutines block, and only `wait` gives up
control; for asyncio they await the loop.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from inspect import isawaitable
from typing import Any, Protocol, TypeAlias

from ..events import Buffer
from ..incoming import Wait

__all__ = ["GATHERING", "AwaitedHooks", "BlockingHooks", "Channel", "Pieces"]

GATHERING = 1.0
"""How many seconds at most `Channel.fill` waits for more octets once some are in its buffer."""

_LOOK = 0.5
"""How often, in seconds, a waiting connection of asyncio checks whether its client has left, or the wait is over."""

Pieces: TypeAlias = Iterator[Any] | AsyncIterator[Any]
"""The rest of a response: the octets of its document, or several messages."""


class Channel(Protocol):
    """One connection to a client."""

    async def receive(self, seconds: float) -> bytes | None:
        """Wait at most this many seconds for octets. Returns them, none at the end, or None if the time is over."""
        ...

    async def fill(self, buffer: memoryview, seconds: float) -> int | None:
        """As `receive`, into a buffer. Returns how many octets, 0 at the end, or None if the time is over."""
        ...

    async def send(self, buffers: list[Buffer], seconds: float) -> None:
        """Send the buffers within this many seconds.

        Raises ConnectionLostError if the client has left, takes nothing for ``limits.idle`` seconds, or does not take
        all in time.
        """
        ...

    async def start_tls(self) -> None:
        """Do the server's part of a handshake, within ``limits.head_time`` seconds."""
        ...

    def has_gone(self) -> bool:
        """Whether the client has closed the connection. Any thread may call it."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let this many seconds pass."""
        ...

    async def call_hook(self, hook: Callable[[Any], Any], argument: object, *, blocks: bool = False) -> Any:
        """Call a hook. Returns its result, awaited if it is awaitable. blocks: whether the hook may block a thread."""
        ...

    async def wait(self, wait: Wait, over: Callable[[], bool]) -> None:
        """Wait as `wait` says, or until `over` returns True. It may return too early."""
        ...

    async def next_piece(self, pieces: Pieces) -> Any:
        """The next piece; None at the end."""
        ...

    async def close_pieces(self, pieces: Pieces) -> None:
        """Close the iterator: no more pieces are taken."""
        ...


class BlockingHooks:
    """The part of a channel for threads that calls the application's hooks."""

    def has_gone(self) -> bool:
        return False

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    async def call_hook(self, hook: Callable[[Any], Any], argument: object, *, blocks: bool = False) -> Any:
        return hook(argument)

    async def next_piece(self, pieces: Pieces) -> Any:
        return next(pieces, None)  # type: ignore[arg-type]  # those of a Reply are not asynchronous

    async def close_pieces(self, pieces: Pieces) -> None:
        getattr(pieces, "close", bool)()


class AwaitedHooks:
    """The part of a channel for asyncio that calls the application's hooks."""

    def has_gone(self) -> bool:
        return False

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, wait: Wait, over: Callable[[], bool]) -> None:
        loop, came = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
                loop.call_soon_threadsafe(came.set)

        wait.wake(wake)
        end = loop.time() + wait.seconds
        while not (came.is_set() or over() or self.has_gone()) and (left := end - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(came.wait(), min(left, _LOOK))

    async def call_hook(self, hook: Callable[[Any], Any], argument: object, *, blocks: bool = False) -> Any:
        if blocks:
            return await asyncio.to_thread(hook, argument)
        result = hook(argument)
        return await result if isawaitable(result) else result

    async def next_piece(self, pieces: Pieces) -> Any:
        return await anext(pieces, None) if isinstance(pieces, AsyncIterator) else next(pieces, None)

    async def close_pieces(self, pieces: Pieces) -> None:
        if hasattr(pieces, "aclose"):
            await pieces.aclose()
        else:
            getattr(pieces, "close", bool)()
