"""Carries out, in a thread, coroutines that are written once for threads and asyncio.

The rule of this file: there is no event loop. Whatever such a coroutine awaits blocks, so it never gives up control.
"""

from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, TypeVar

__all__ = ["drive", "run"]

_Result = TypeVar("_Result")


def run(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Carry out a coroutine that never gives up control, because whatever it awaits blocks.

    Raises what the coroutine raises, and RuntimeError if it waits for a loop after all.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: _Result = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine of a blocking client or server waits for a loop")


def drive(generator: AsyncGenerator[_Result, None]) -> Iterator[_Result]:
    """Iterate over an asynchronous generator that never gives up control. Closing the iterator closes the generator."""
    try:
        while True:
            try:
                yield run(anext(generator))
            except StopAsyncIteration:
                break
    finally:
        run(generator.aclose())
