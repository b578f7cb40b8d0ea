"""The state and the settings of a queue, in the SQL that SQLite and PostgreSQL share.

The rule of this file: whatever changes a state forgets its cached value, and so does a transaction that fails. A
setting and its events are one transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .rows import QueueState, Told, dated
from .sql import Connection, Engine
from .sql_rows import QUEUE_COLUMNS
from .sql_subscriptions import SQLSubscriptions

__all__ = ["SQLState"]

_QUEUE = f"SELECT {QUEUE_COLUMNS} WHERE queues.name = ?"


class SQLState(SQLSubscriptions):
    """The part of a `JobStore` for the queue itself. clock: the store's clock."""

    def __init__(self, engine: Engine, name: str, clock: Callable[[], float]) -> None:
        super().__init__(engine, name)
        self._clock = clock
        self._committed: QueueState | None = None  # the committed state, if no other process writes
        self._latest: QueueState | None = None  # the state in the current transaction
        engine.after_commit(self._after_commit)

    def _after_commit(self, kept: bool) -> None:
        if not (kept and self._engine.alone):
            self._latest = None
        self._committed = self._latest

    def now(self) -> float:
        """As `JobStore.now`."""
        return self._clock()

    def state(self) -> QueueState:
        """As `JobStore.state`."""
        known = self._committed
        if known is not None:
            return known
        if self._engine.alone:  # read between two changes, it can be cached
            return self._engine.write(self._state)
        return self.state_from(self._engine.read(_QUEUE, (self.name,)))

    def state_lately(self) -> QueueState:
        """As `JobStore.state_lately`."""
        return self.state()

    def set(self, tell: Sequence[str | Told] = (), **settings: object) -> None:
        """As `JobStore.set`."""

        def work(database: Connection) -> None:
            now = self.now()
            self._set(database, dated(settings, tell, lambda: self._state(database).settings, now))
            self._tell(database, tell, None, self._state(database), now)

        self._write(work)

    def add(self, settings: Mapping[str, object], tell: Mapping[str, str | Told] | None = None) -> list[str]:
        """As `JobStore.add`."""

        def work(database: Connection) -> list[str]:
            there = self._state(database).settings
            new = {name: value for name, value in settings.items() if name not in there}
            self._set(database, new)
            told = [tell[name] for name in new if tell and name in tell]
            self._tell(database, told, None, self._state(database), self.now())
            return list(new)

        return self._write(work)

    def advance(self, name: str, by: int = 1) -> int:
        """As `JobStore.advance`."""

        def work(database: Connection) -> int:
            before = self._state(database).settings.get(name)
            after = (before if isinstance(before, int) else 0) + by
            self._set(database, {name: after})
            return after

        return self._write(work)

    def forget(self, names: Sequence[str], tell: Sequence[str | Told] = ()) -> None:
        """As `JobStore.forget`."""

        def work(database: Connection) -> None:
            self._latest = None
            rows = [(self.name, name) for name in names]
            database.executemany("DELETE FROM settings WHERE queue = ? AND name = ?", rows)
            self._tell(database, tell, None, self._state(database), self.now())

        self._write(work)

    # In a transaction.

    def _state(self, database: Connection) -> QueueState:
        """The state in a transaction. Whatever changes it must forget `_latest`."""
        if self._latest is not None and self._engine.alone:
            return self._latest
        self._latest = self.state_from(database.execute(_QUEUE, (self.name,)).fetchall())
        return self._latest

    def state_from(self, rows: Sequence[tuple[Any, ...]]) -> QueueState:
        """Turn rows of `QUEUE_COLUMNS` into a state."""
        settings = {name: self._engine.kept(value) for _, _, name, value in rows if name is not None}
        return QueueState(settings, rows[0][0], rows[0][1])

    def _set(self, database: Connection, settings: dict[str, Any]) -> None:
        self._latest = None
        database.executemany(
            "INSERT INTO settings (queue, name, value) VALUES (?, ?, ?)"
            " ON CONFLICT (queue, name) DO UPDATE SET value = excluded.value",
            [(self.name, name, self._engine.keep(value)) for name, value in settings.items()],
        )

    def _follow(
        self, database: Connection, before: QueueState | None, now: float, after: QueueState | None = None
    ) -> QueueState:
        """The state after a change; if it differs, set printer-state-change-time. after: this state, if it is known."""
        after = after or self._state(database)
        if before is not None and (before.state, before.reasons) != (after.state, after.reasons):
            self._set(database, {"state_changed": now})
            self._latest = replace(after, settings={**after.settings, "state_changed": now})
        return after
