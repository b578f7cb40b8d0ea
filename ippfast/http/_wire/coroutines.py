"""How a thread carries out coroutines that are written once for threads and asyncio.

The rule of this file: it knows no loop. What such a coroutine awaits blocks instead, so it never gives up control.
"""

from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, TypeVar

__all__ = ["drive", "run"]

_Result = TypeVar("_Result")


def run(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Carry out a coroutine that never waits, because whatever it awaits blocks instead.

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
    """What an asynchronous generator gives that never waits. Closing the iterator closes the generator."""
    try:
        while True:
            try:
                yield run(anext(generator))
            except StopAsyncIteration:
                break
    finally:
        run(generator.aclose())
