"""Decides which workers live that share a PostgreSQL database, on any number of hosts.

The rule of this file: a worker lives as long as it increments the number in its row. Other processes measure the time
between two numbers with their own monotonic clocks, so the hosts' times don't matter. If a worker was suspended for
longer than `PATIENCE`, its old leases are refused by their numbers.
"""

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence

from .postgres_engine import PostgresEngine
from .rows import Lease
from .seam import StorageError
from .sql_jobs import SQLJobs
from .sql_leases import SQLLeases

__all__ = ["PATIENCE", "PostgresLeases"]

_log = logging.getLogger("ippfast.printer")

PATIENCE = 15.0
"""If a worker is suspended for more than this many seconds, another worker takes its jobs."""


class PostgresLeases(SQLLeases):
    """A `Leases`. queue: makes the `SQLJobs` of a queue. patience: see `PATIENCE`."""

    def __init__(self, engine: PostgresEngine, queue: Callable[[str], SQLJobs], patience: float = PATIENCE) -> None:
        super().__init__(engine, queue)
        self._patience = patience
        self._lock = threading.Lock()
        self._own: set[str] = set()
        self._counted: dict[str, float] = {}  # when each worker of this process was incremented last
        self._seen: dict[str, tuple[int, float]] = {}  # another worker's number, and when it was first seen
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def begin(self, worker: str, *, shared: bool) -> None:
        """As `Leases.begin`: a database is always shared."""
        self._count(worker)
        with self._lock:
            self._own.add(worker)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="ippfast-leases", daemon=True)
                self._thread.start()

    def claim(self, worker: str, queues: Sequence[str] | None = None) -> Lease | None:
        """As `Leases.claim`. A worker that was suspended may be taken for dead, so it increments its number first."""
        if time.monotonic() - self._counted.get(worker, -math.inf) > self._patience / 2:
            self._count(worker)
        return super().claim(worker, queues)

    def close(self, worker: str) -> None:
        """As `Leases.close`."""
        with self._lock:
            self._own.discard(worker)
        with contextlib.suppress(StorageError):
            statement = "DELETE FROM workers WHERE name = ?"
            self._engine.write(lambda database: database.execute(statement, (worker,)).rowcount)

    def shut(self) -> None:
        """Stop the thread that keeps the workers of this process alive."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _beat(self) -> None:
        while not self._closed.wait(self._patience / 5):
            with self._lock:
                own = sorted(self._own)
            for worker in own:
                try:
                    self._count(worker)
                except StorageError as error:
                    _log.warning("a lease can't be kept now: %s", error)

    def _count(self, worker: str) -> None:
        statement = (
            "INSERT INTO workers (name, beat) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET beat = workers.beat + 1"
        )
        before = time.monotonic()
        self._engine.write(lambda database: database.execute(statement, (worker,)).rowcount)
        self._counted[worker] = before

    def _is_alive(self, worker: str) -> bool:
        rows = self._engine.read("SELECT beat FROM workers WHERE name = ?", (worker,))
        if not rows:
            return False
        beat, now = int(rows[0][0]), time.monotonic()
        with self._lock:
            if worker in self._own:
                return True
            before, since = self._seen.get(worker, (-1, now))
            if beat != before:
                self._seen[worker] = (beat, now)
                return True
        return now - since < self._patience

    def _forget_dead_workers(self) -> None:
        for (worker,) in self._engine.read("SELECT name FROM workers"):
            if not self._is_alive(worker):
                beat = self._seen.get(worker, (-1, 0.0))[0]
                statement, values = "DELETE FROM workers WHERE name = ? AND beat = ?", (worker, beat)
                self._engine.write(lambda database: database.execute(statement, values).rowcount)  # noqa: B023
        with self._lock:
            known = {name for (name,) in self._engine.read("SELECT name FROM workers")}
            for worker in self._seen.keys() - known:
                del self._seen[worker]
