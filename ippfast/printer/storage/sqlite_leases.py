"""Decides which workers live that share an SQLite file, all on one host.

The rule of this file: a worker and its leases live as long as its process has the lock on its file; clocks don't
matter.
"""

import os
from collections.abc import Callable
from pathlib import Path

from .locks import AT_ONCE, EXCLUSIVE, SHARED, flock
from .seam import StorageBusy
from .sql_jobs import SQLJobs
from .sql_leases import SQLLeases
from .sqlite_engine import SQLiteEngine

__all__ = ["SQLiteLeases"]


class SQLiteLeases(SQLLeases):
    """A `Leases`. directory: for the lock files. queue: gives the `SQLJobs` of a queue. share: called if other
    processes use the storage, too."""

    def __init__(
        self, engine: SQLiteEngine, directory: Path, queue: Callable[[str], SQLJobs], share: Callable[[], None]
    ) -> None:
        super().__init__(engine, queue)
        self._share = share
        self._directory = directory
        self._workers = directory / "workers"
        self._descriptors: dict[str, int] = {}
        self._server: int | None = None

    def begin(self, worker: str, *, shared: bool) -> None:
        """As `Leases.begin`."""
        if self._server is None:
            descriptor = os.open(self._directory / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            try:
                flock(descriptor, (SHARED if shared else EXCLUSIVE) | AT_ONCE)
            except BlockingIOError:
                os.close(descriptor)
                raise StorageBusy(f"another server uses the spool {self._directory}") from None
            self._server = descriptor
            self._engine.alone = not shared
        if shared:
            self._share()
        self._workers.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._workers / worker, os.O_CREAT | os.O_RDWR, 0o600)
        flock(descriptor, EXCLUSIVE)
        self._descriptors[worker] = descriptor

    def close(self, worker: str) -> None:
        """As `Leases.close`."""
        descriptor = self._descriptors.pop(worker, None)
        if descriptor is not None:
            (self._workers / worker).unlink(missing_ok=True)
            os.close(descriptor)
        if not self._descriptors and self._server is not None:
            self._engine.alone = False
            os.close(self._server)
            self._server = None

    def _is_alive(self, worker: str) -> bool:
        if worker in self._descriptors:
            return True
        try:
            descriptor = os.open(self._workers / worker, os.O_RDWR)
        except (OSError, ValueError):  # it has no file, or is of an older version
            return False
        try:
            flock(descriptor, EXCLUSIVE | AT_ONCE)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _forget_dead_workers(self) -> None:
        if self._workers.is_dir():
            for path in self._workers.iterdir():
                if not self._is_alive(path.name):
                    path.unlink(missing_ok=True)
