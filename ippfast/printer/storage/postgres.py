"""The storage of many hosts: jobs in PostgreSQL, documents in a directory that all hosts share, or in an object store.

The rule of this file: it puts the parts together. Only the database is true; a notification is a hint. Hints are sent
at most every `_TOGETHER` seconds, since each takes a lock of the whole server, and without one a process looks again
after `_POLL` seconds.
"""

import contextlib
import logging
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from .bus import LocalBus
from .postgres_columns import Column
from .postgres_engine import PostgresEngine
from .postgres_jobs import AllTogether, PostgresJobs
from .postgres_leases import PATIENCE, PostgresLeases
from .postgres_schema import prepare
from .seam import StorageError
from .sql import Connection
from .sql_storage import LIFE, SQLStorage

__all__ = ["PostgresStorage"]

_log = logging.getLogger("ippfast.printer")

_CHANNEL = "ippfast"
_NOTIFY = "SELECT pg_notify(?, queue) FROM unnest(?::text[]) AS queue"
_TOGETHER = 0.02
_POLL = 1.0
_SET_AGAIN = 10.0  # the clock is compared with the database's after this many seconds


class PostgresStorage(SQLStorage[PostgresEngine]):
    """A `Storage` in a database.

    url: the database's, for libpq (``postgresql://user@host1,host2/name``). documents: a directory that all hosts
    share, or the URL of an object store (``s3://bucket/prefix``, extra ``objects``). patience: see `PATIENCE`.
    connections: the most to the database. life: see `Objects`.

    Raises StorageError if the database can't be used, and OSError if the directory can't.
    """

    def __init__(
        self,
        url: str,
        documents: str | Path,
        *,
        patience: float = PATIENCE,
        connections: int = 16,
        life: float = LIFE,
    ) -> None:
        super().__init__(PostgresEngine(url, connections=connections))
        self._together = AllTogether(self._engine, self.now)
        self._scratch = tempfile.TemporaryDirectory(prefix="ippfast-", ignore_cleanup_errors=True)
        try:
            self._engine.migrate(prepare)
            self._clock = _Clock(self._engine)
            self.documents = self._named(documents, self.scratch / "local", life=life)
        except BaseException:
            self._engine.close()
            self._scratch.cleanup()
            raise
        self.bus = PostgresBus(self._engine)
        self.leases = PostgresLeases(self._engine, self.queue, patience)

    @property
    def scratch(self) -> Path:
        """As `Storage.scratch`."""
        return Path(self._scratch.name)

    def _add_queue(self, database: Connection, name: str) -> bool:
        return bool(database.execute("INSERT INTO queues (name) VALUES (?) ON CONFLICT DO NOTHING", (name,)).rowcount)

    def _jobs(self, name: str) -> PostgresJobs:
        return PostgresJobs(self._engine, name, self.now, self._together)

    def now(self) -> float:
        """The store's clock: the database's."""
        return self._clock.now()

    def close(self) -> None:
        """As `Storage.close`."""
        self.bus.close()
        self.leases.shut()
        self._engine.close()
        self._scratch.cleanup()


class _Clock:
    """The database's clock, which is read now and then. In one process it never goes back."""

    def __init__(self, engine: PostgresEngine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._offset = self._asked()
        self._since = time.monotonic()
        self._asking = False
        self._latest = 0.0

    def _asked(self) -> float:
        before = time.monotonic()
        (row,) = self._engine.read("SELECT extract(epoch FROM clock_timestamp())::double precision")
        return float(row[0]) - (before + time.monotonic()) / 2

    def now(self) -> float:
        here = time.monotonic()
        with self._lock:
            if here - self._since > _SET_AGAIN and not self._asking:  # the caller does not wait for that
                self._asking = True
                threading.Thread(target=self._ask, name="ippfast-clock", daemon=True).start()
            self._latest = max(self._latest, self._offset + here)
            return self._latest

    def _ask(self) -> None:
        with contextlib.suppress(StorageError):
            self._offset = self._asked()
        with self._lock:
            self._since, self._asking = time.monotonic(), False


class PostgresBus(LocalBus):
    """A `Bus` between hosts: LISTEN and NOTIFY, and a regular look without them."""

    def __init__(self, engine: PostgresEngine) -> None:
        super().__init__()
        self._engine = engine
        self._closed = threading.Event()
        self._changed = threading.Event()
        self._queues: set[str] = set()
        self._threads: list[threading.Thread] = []

    def wake(self, queue: str) -> None:
        """As `Bus.wake`: at once in this process, soon in others."""
        super().wake(queue)
        with self._lock:
            self._queues.add(queue)
            if not any(thread.name == "ippfast-tell" for thread in self._threads):
                self._start(self._tell, "ippfast-tell")
        self._changed.set()

    def _begin(self) -> None:
        if not any(thread.name == "ippfast-hear" for thread in self._threads):
            self._start(self._hear, "ippfast-hear")

    def _start(self, run: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _tell(self) -> None:
        while True:
            self._changed.wait()
            if self._closed.is_set():
                return
            self._changed.clear()
            with self._lock:
                queues, self._queues = self._queues, set()
            with contextlib.suppress(StorageError):
                self._engine.read(_NOTIFY, (_CHANNEL, Column("text", sorted(queues))))
            self._closed.wait(_TOGETHER)

    def _hear(self) -> None:
        while not self._closed.is_set():
            try:
                with self._engine.connect() as connection:
                    connection.execute(f"LISTEN {_CHANNEL}")
                    while not self._closed.is_set():
                        heard = {each.payload for each in connection.notifies(timeout=_POLL, stop_after=1)}
                        for queue in heard:
                            super().wake(queue)
                        if not heard:
                            self.wake_all()
            except psycopg.Error as error:
                _log.debug("no hints from the database: %s", error)
                self.wake_all()
                self._closed.wait(_POLL)

    def close(self) -> None:
        """As `LocalBus.close`."""
        super().close()
        self._closed.set()
        self._changed.set()
        for thread in self._threads:
            thread.join()
