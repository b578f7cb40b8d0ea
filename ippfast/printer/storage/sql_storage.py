"""The part that both SQL storages share.

The rule of this file: subclasses know only what differs: the time, and how a queue begins.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from .files import Files
from .rows import QueueState
from .seam import DocumentStore
from .sql import KNOWS_KEY, Connection, Engine
from .sql_jobs import SQLJobs
from .sql_rows import QUEUE_COLUMNS
from .tokens import token, uuid_urn

__all__ = ["LIFE", "SQLStorage", "identity_of"]

LIFE = 3_600.0
_Engine = TypeVar("_Engine", bound=Engine)


class SQLStorage(ABC, Generic[_Engine]):
    """The part of `Storage` that is the same for both engines."""

    def __init__(self, engine: _Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._queues: dict[str, SQLJobs] = {}

    @abstractmethod
    def now(self) -> float:
        """The store's clock."""

    @abstractmethod
    def _add_queue(self, database: Connection, name: str) -> bool:
        """Add a row for a queue. Returns whether it is new."""

    def queue(self, name: str) -> SQLJobs:
        """As `Storage.queue`."""
        found = self._queues.get(name)
        if found is None:
            self._engine.write(lambda database: self._begin_queue(database, name))
            with self._lock:
                found = self._queues.setdefault(name, self._jobs(name))
        return found

    def _jobs(self, name: str) -> SQLJobs:
        return SQLJobs(self._engine, name, self.now)

    def _begin_queue(self, database: Connection, name: str) -> None:
        if self._add_queue(database, name):
            now = self.now()
            values = {"started": now, "state_changed": now, "config_changed": now, "uuid": uuid_urn()}
            database.executemany(
                "INSERT INTO settings (queue, name, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(name, key, self._engine.keep(value)) for key, value in values.items()],
            )

    def queues(self, *, active: bool = False) -> list[str]:
        """As `Storage.queues`."""
        where = " WHERE active > 0" if active else ""
        return [name for (name,) in self._engine.read(f"SELECT name FROM queues{where} ORDER BY name")]

    def states(self) -> dict[str, QueueState]:
        """As `Storage.states`."""
        settings: dict[str, dict[str, object]] = {}
        marks = ", ".join("?" * len(QueueState.NAMES))
        for queue, name, value in self._engine.read(
            f"SELECT queue, name, value FROM settings WHERE name IN ({marks})", QueueState.NAMES
        ):
            settings.setdefault(queue, {})[name] = self._engine.kept(value)
        rows = self._engine.read("SELECT name, active, processing FROM queues")
        return {name: QueueState(settings.get(name, {}), active, processing) for name, active, processing in rows}

    def states_of(self, names: Sequence[str]) -> dict[str, QueueState]:
        """As `Storage.states_of`."""
        queues = {name: self.queue(name) for name in names}
        if self._engine.alone or not queues:  # then each has cached its own
            return {name: queue.state() for name, queue in queues.items()}
        rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in queues}
        among, values = self._engine.among(list(queues))
        for name, *row in self._engine.read(
            f"SELECT queues.name, {QUEUE_COLUMNS} WHERE queues.name IN {among}", (values,)
        ):
            rows[name].append(tuple(row))
        return {name: queues[name].state_from(each) for name, each in rows.items()}

    def queue_of(self, job_id: int) -> str | None:
        """As `Storage.queue_of`."""
        rows = self._engine.read("SELECT queue FROM jobs WHERE id = ?", (job_id,))
        return str(rows[0][0]) if rows else None

    def _named(self, place: str | Path, local: Path, *, life: float = LIFE) -> DocumentStore:
        """Open the documents at a given place: the URL of an object store, or a directory.

        life: see `Objects`. Raises StorageError and OSError if the place can't be used, or belongs to another store.
        """
        if isinstance(place, str) and "://" in place:
            from .objects import Objects

            return Objects(place, SQLJobs(self._engine, "", self.now), life=life)
        files = self._files(Path(place), local=local, aside=Path(place) / "set-aside")
        files.claim(self._engine.write(identity_of))
        return files

    def _files(self, directory: Path, *, local: Path, aside: Path) -> Files:
        return Files(directory, local=local, aside=aside, knows=self._knows_key, content=self._content)

    def _knows_key(self, key: str) -> bool:
        return bool(self._engine.read(KNOWS_KEY, (key, key)))

    def _content(self, key: str) -> bytes | None:
        rows = self._engine.read("SELECT octets FROM contents WHERE key = ?", (key,))
        return bytes(rows[0][0]) if rows else None


def identity_of(database: Connection) -> str:
    """The random name of the store, which is made at first use. `Files.claim` needs it."""
    database.execute("INSERT INTO store (name, value) VALUES ('identity', ?) ON CONFLICT DO NOTHING", (token(),))
    return str(database.execute("SELECT value FROM store WHERE name = 'identity'").fetchone()[0])
