"""Both clients under one face, so that a test is written once: `Client`, and `AsyncClient` in a loop of its own.

The rule of this file: it carries calls and results over, and adds nothing.
"""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, Iterator
from types import TracebackType
from typing import Any, Self

import pytest

from ippfast.http import AsyncClient, AsyncJob, Client

__all__ = ["CLIENTS", "DrivenClient", "clients"]


class _Driven:
    """Calls methods of an asynchronous object, and waits for what they give."""

    def __init__(self, target: object, runner: asyncio.Runner) -> None:
        self._target = target
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value) or isinstance(value, type):
            return value

        def call(*arguments: Any, **options: Any) -> Any:
            plain = [each._target if isinstance(each, _Driven) else each for each in arguments]
            return self._carry(value(*plain, **options))

        return call

    def _carry(self, result: Any) -> Any:
        if inspect.iscoroutine(result):
            result = self._runner.run(result)
        if isinstance(result, AsyncGenerator):
            return self._iterate(result)
        if isinstance(result, list):
            return [self._carry(each) for each in result]
        return _Driven(result, self._runner) if isinstance(result, AsyncJob) else result

    def _iterate(self, generator: AsyncGenerator[Any, None]) -> Iterator[Any]:
        async def advance() -> Any:
            return await anext(generator)

        async def end() -> None:
            await generator.aclose()

        try:
            while True:
                try:
                    yield self._runner.run(advance())
                except StopAsyncIteration:
                    return
        finally:
            self._runner.run(end())


class DrivenClient(_Driven):
    """An `AsyncClient` that is used like a `Client`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(AsyncClient(*arguments, **options), asyncio.Runner())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.closing(self._runner):
            self.close()


CLIENTS: dict[str, Any] = {"Client": Client, "AsyncClient": DrivenClient}

clients = pytest.mark.parametrize("make", CLIENTS.values(), ids=list(CLIENTS))
"""For tests that take one of the two as ``make``."""
