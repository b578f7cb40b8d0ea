"""Several processes that serve one port, so that each core has work. The kernel distributes the connections.

The rule of this file: a worker lives until `Workers.stop` writes to its pipe, or the process at the other end of the
pipe has died; so no worker is left behind. If a worker dies, it is replaced, but only a limited number of times.
"""

import asyncio
import contextlib
import errno
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Self, TypeAlias

from .async_server import AsyncServer
from .server import Server

__all__ = ["MakeServer", "Workers"]

_log = logging.getLogger("ippfast.http")

MakeServer: TypeAlias = Callable[[str, int], Server | AsyncServer | AbstractContextManager[Server | AsyncServer]]
"""A function that makes a server for a host and a port, with ``reuse_port=True``.

It may return a context manager that gives the server. The context is left when the server has been shut down.
"""

_START_SECONDS = 60.0
_RESTART_SECONDS = 60.0
_AGAIN = 5.0
"""After how many seconds the system is asked again for a process that it did not give."""

_LOOK = 0.5
"""How many seconds the main thread waits at a time. A signal handler runs only when the main thread is awake. A signal
does not wake it if another thread gets it, or if it comes just before the wait."""


class Workers:
    """Runs `count` processes, each with a server of its own.

    make: see `MakeServer`. Each process imports the module of `make` and calls it: so it must be a function of a
    module, and the program's own code must stand under ``if __name__ == "__main__":``. count: None makes one for each
    core. host, port: where to listen; port 0 takes a free one, see `port`. restarts: how many workers are replaced
    within a minute before all are ended. Raises OSError (ENOTSUP) if the system has no SO_REUSEPORT, as Windows.

    Processes share nothing: what must exist only once, such as the jobs of a printer, belongs outside of them.

    `start` returns once all of them serve; `stop` ends them; as a context manager it does both. `run` is for programs
    that do nothing else.
    """

    def __init__(
        self,
        make: MakeServer,
        count: int | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 631,
        restarts: int = 10,
    ) -> None:
        if not hasattr(socket, "SO_REUSEPORT"):
            raise OSError(errno.ENOTSUP, "several processes on one port need SO_REUSEPORT, which this system lacks")
        self._make = make
        self._count = count or os.cpu_count() or 1
        self._host = host
        self._restarts = restarts
        # This socket is bound but never listens: it holds the port while workers come and go.
        self._holder = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if host == "::" and socket.has_dualstack_ipv6():  # as the servers do
                self._holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            self._holder.bind((host, port))
        except OSError:
            self._holder.close()
            raise
        self.port: int = self._holder.getsockname()[1]
        self._context = multiprocessing.get_context("spawn")
        self._workers: dict[int, tuple[SpawnProcess, Connection]] = {}  # by sentinel
        self._deaths: deque[float] = deque()
        self._stopping = False
        self._gave_up = False
        self._ended = threading.Event()
        self._wake, self._waker = self._context.Pipe(duplex=False)
        self._watcher = threading.Thread(target=self._watch, name="ippfast-workers", daemon=True)

    def start(self) -> None:
        """Begin to serve. Raises RuntimeError if a worker does not begin, OSError if the system gives no process."""
        try:
            for _ in range(self._count):
                self._spawn()
        except BaseException:
            self._stopping = True
            self._end(0.0)
            raise
        end = time.monotonic() + _START_SECONDS
        for _, pipe in self._workers.values():
            try:
                began = pipe.poll(max(0.0, end - time.monotonic())) and pipe.recv()
            except EOFError:
                began = False
            if not began:
                self._stopping = True
                self._end(0.0)
                raise RuntimeError("a worker did not begin to serve")
        self._watcher.start()

    def stop(self, deadline: float = 10.0) -> None:
        """Accept no more requests, let the running ones finish within `deadline` seconds, and end."""
        if self._watcher.ident is not None:  # `start` has begun
            self._ask(deadline)
            self._ended.wait()
        self._holder.close()

    def _ask(self, deadline: float) -> None:
        if not self._stopping:
            self._stopping = True
            self._waker.send(deadline)

    def run(self, deadline: float = 10.0) -> None:
        """Serve until SIGTERM or SIGINT, in the main thread only. Raises RuntimeError if workers die too often."""
        numbers = signal.SIGTERM, signal.SIGINT
        before = [signal.signal(number, lambda *_: self._ask(deadline)) for number in numbers]
        try:
            self.start()
            while not self._ended.wait(_LOOK):
                pass
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
        if self._gave_up:
            raise RuntimeError("workers died too often")

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that serve now."""
        return [process.pid for process, _ in list(self._workers.values()) if process.pid is not None]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(self._make, self._host, self.port, theirs), name="ippfast-worker"
        )
        try:
            process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._workers[process.sentinel] = process, ours

    def _watch(self) -> None:
        deadline: float | None = None
        try:
            deadline = self._replace()
        finally:  # whatever happens, nobody waits for the end in vain
            self._stopping, self._gave_up = True, deadline is None
            self._end(10.0 if deadline is None else deadline)

    def _replace(self) -> float | None:
        """Replace workers that die. Returns when told to stop, with the deadline, or if too many died: None."""
        while True:
            waiting = None if len(self._workers) == self._count else _AGAIN
            ready = connection.wait([*self._workers, self._wake], waiting)
            if self._wake in ready:
                deadline: float = self._wake.recv()
                return deadline
            for sentinel in ready:
                assert isinstance(sentinel, int)
                self._bury(sentinel)
            if len(self._deaths) > self._restarts:
                _log.error("%d workers died within %d seconds: all are ended", len(self._deaths), _RESTART_SECONDS)
                return None
            try:
                while len(self._workers) < self._count:
                    self._spawn()
            except OSError as error:
                _log.warning("no worker can be started now: %s", error)

    def _bury(self, sentinel: int) -> None:
        process, pipe = self._workers.pop(sentinel)
        process.join()
        _log.warning("worker %s died: exit code %s", process.pid, process.exitcode)
        pipe.close()
        process.close()
        now = time.monotonic()
        self._deaths.append(now)
        while now - self._deaths[0] > _RESTART_SECONDS:
            self._deaths.popleft()

    def _end(self, deadline: float) -> None:
        for _, pipe in self._workers.values():
            try:
                pipe.send(deadline)
            except OSError:  # it is dead already
                continue
        end = time.monotonic() + deadline + 2.0
        try:
            for process, pipe in self._workers.values():
                process.join(max(0.1, end - time.monotonic()))
                if process.is_alive():
                    process.kill()
                    process.join()
                pipe.close()
                process.close()
            self._workers.clear()
        finally:
            self._wake.close()
            self._waker.close()
            self._holder.close()
            self._ended.set()


def _work(make: MakeServer, host: str, port: int, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent decides
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # `make` decides what it does
    made = make(host, port)
    with contextlib.nullcontext(made) if isinstance(made, (Server, AsyncServer)) else made as server:
        if isinstance(server, AsyncServer):
            asyncio.run(_work_async(server, pipe))
            return
        server.start()
        pipe.send(True)
        server.shutdown(_deadline(pipe))


async def _work_async(server: AsyncServer, pipe: Connection) -> None:
    await server.start()
    pipe.send(True)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(pipe.fileno(), asked.set)
    await asked.wait()
    loop.remove_reader(pipe.fileno())
    await server.shutdown(_deadline(pipe))


def _deadline(pipe: Connection) -> float:
    """Wait until the worker is told to end. Returns within how many seconds."""
    try:
        deadline: float = pipe.recv()
    except (EOFError, OSError):  # nobody is left to tell
        return 1.0
    return deadline
