"""Subscriptions and events, in the SQL that SQLite and PostgreSQL share.

The rule of this file: an event is one row for all subscriptions of a queue. A subscription's filter and the order of
the rows give its events and their numbers: `counted` events came up to the row `after`, and the matching rows since
then are counted when they are read. Before old rows are removed, they are added to `counted`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

from ippfast.enums import JobState, PrinterState, ResourceState

from .limits import Limits
from .rows import SYSTEM, Event, Job, NewSubscription, QueueState, Resource, Subscription, Told, told_as
from .sql import MANY, Connection, Engine, Work, string
from .tokens import uuid_urn

__all__ = ["SQLSubscriptions"]

_T = TypeVar("_T")

_LIFE = 300
_MOST_EVENTS = 100_000  # events of all queues; if there are more, the oldest are removed before their time
_MOST_AT_ONCE = 1_000
_LISTENED = "whether anybody listens"
_SWEEP = 500  # rows that are removed in one step

_COLUMNS = ", ".join(f'"{field.name}"' for field in fields(Subscription))
_EVENT = [field.name for field in fields(Event)][1:]
_EVENT_COLUMNS = ", ".join(_EVENT)
_TELL = f"INSERT INTO events (queue, {_EVENT_COLUMNS}) VALUES (?{', ?' * len(_EVENT)})"
_ALIVE = "(expires IS NULL OR expires > ?)"


class SQLSubscriptions(ABC):
    """The part of the store for `Subscriptions`."""

    life = _LIFE
    most_events = _MOST_EVENTS

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self._engine = engine

    @abstractmethod
    def now(self) -> float:
        """As `JobStore.now`."""

    def _write(self, work: Work[_T]) -> _T:
        return self._engine.write(work, queue=self.name)

    # In a transaction.

    def _subscribe(
        self,
        database: Connection,
        new: Sequence[NewSubscription],
        job_id: int | None,
        limits: Limits,
        now: float,
    ) -> list[Subscription | None]:
        if not new:
            return []
        self._engine.known.pop(_LISTENED, None)
        database.execute("DELETE FROM subscriptions WHERE queue = ? AND expires <= ?", (self.name, now))
        (count,) = database.execute("SELECT count(*) FROM subscriptions WHERE queue = ?", (self.name,)).fetchone()
        after = self._engine.last_number(database, "events")
        made: list[Subscription | None] = []
        for each in new:
            user = self._engine.bound(each.user)
            (own,) = database.execute(
                'SELECT count(*) FROM subscriptions WHERE queue = ? AND "user" = ?', (self.name, user)
            ).fetchone()
            if (limits.subscriptions is not None and count >= limits.subscriptions) or (
                limits.user_subscriptions is not None and own >= limits.user_subscriptions
            ):
                made.append(None)
                continue
            row = database.execute(
                'INSERT INTO subscriptions (queue, uuid, events, job_id, "user", charset, language, user_data,'
                " attributes, interval, lease, expires, after, printers, resource_id, user_uri)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                f" RETURNING {_COLUMNS}",
                (
                    self.name,
                    uuid_urn(),
                    " ".join(each.events),
                    job_id,
                    user,
                    self._engine.bound(each.charset),
                    self._engine.bound(each.language),
                    each.user_data,
                    self._engine.bound(" ".join(each.attributes)),
                    each.interval,
                    each.lease,
                    now + each.lease if each.lease else None,
                    after,
                    self._engine.bound(" ".join(each.printers)),
                    each.resource_id,
                    self._engine.bound(each.user_uri),
                ),
            ).fetchone()
            count += 1
            made.append(_subscription(row))
        if self.name == SYSTEM:
            self._note_system(database, self._system_state(database))
        return made

    def _tell(
        self,
        database: Connection,
        names: Sequence[str | Told],
        job: Job | None,
        state: QueueState,
        now: float,
        resource: Resource | None = None,
    ) -> None:
        """Write events, if there are subscriptions to this queue or to the system."""
        if not names:
            return
        if self.name == SYSTEM:
            self._enroll(database, names)
        if not self._is_listened(database):
            return
        here, there = database.execute(
            "SELECT EXISTS (SELECT 1 FROM subscriptions WHERE queue = ? AND (job_id IS NULL OR job_id = ?)"
            " AND ended = 0), EXISTS (SELECT 1 FROM subscriptions WHERE queue = ? AND ended = 0)",
            (self.name, None if job is None else job.id, SYSTEM),
        ).fetchone()
        listening = [self.name] if here else []
        if there and self.name != SYSTEM:
            listening.append(SYSTEM)
            self._engine.hold(database, SYSTEM)
        if not listening:
            return
        for name in names:
            for queue in listening:
                self._write_event(database, queue, name, job, state, now, resource)
        if SYSTEM in listening:
            self._follow_system(database, now)

    def _is_listened(self, database: Connection) -> bool:
        """Whether there may be subscriptions to any queue. Usually there are none, and then an event costs no
        statement.

        It is always true if other processes write, too.
        """
        if not self._engine.alone:
            return True
        known = self._engine.known
        if _LISTENED not in known:
            statement = "SELECT EXISTS (SELECT 1 FROM subscriptions WHERE ended = 0)"
            known[_LISTENED] = database.execute(statement).fetchone()[0]
        return bool(known[_LISTENED])

    def _write_event(
        self,
        database: Connection,
        queue: str,
        told: str | Told,
        job: Job | None,
        state: QueueState,
        now: float,
        resource: Resource | None,
    ) -> None:
        name, printer = (told, self.name) if isinstance(told, str) else told
        nothing = self._engine.bound("")
        about: tuple[object, ...] = (None, "", 0, "", nothing, nothing, nothing, 0, 0, 0)
        if job is not None and name.startswith("job-"):
            about = (
                job.id,
                job.uuid,
                job.state,
                " ".join(job.reasons),
                self._engine.bound(job.message),
                self._engine.bound(job.name),
                self._engine.bound(job.user),
                job.octets,
                job.documents,
                job.impressions,
            )
        resourced: tuple[object, ...] = (None, 0, "")
        if resource is not None:
            resourced = (resource.id, resource.state, " ".join(resource.reasons))
        kept: tuple[object, ...] = (state.state, " ".join(state.reasons), state.accepting)
        if printer == SYSTEM:
            kept = (self._system_state(database), "", True)
        elif name == "printer-deleted":
            kept = (PrinterState.STOPPED, "deleted", False)
        elif isinstance(told, Told):
            kept = (PrinterState.IDLE, "none", True)
        database.execute(_TELL, (queue, name, now, self._engine.bound(printer), *kept, *about, *resourced))

    def _enroll(self, database: Connection, names: Sequence[str | Told]) -> None:
        """Note created and deleted printers, for the system's state."""
        for name, statement in (
            ("printer-created", "INSERT INTO printers (queue) VALUES (?) ON CONFLICT DO NOTHING"),
            ("printer-deleted", "DELETE FROM printers WHERE queue = ?"),
        ):
            rows = [(told.printer,) for told in names if isinstance(told, Told) and told.name == name]
            if rows:
                database.executemany(statement, rows)

    def _system_state(self, database: Connection) -> PrinterState:
        """The system-state: that of all printers together."""
        if database.execute("SELECT 1 FROM queues WHERE processing > 0 LIMIT 1").fetchone():
            return PrinterState.PROCESSING
        idle = database.execute(
            "SELECT 1 FROM printers WHERE NOT EXISTS (SELECT 1 FROM settings WHERE settings.queue = printers.queue"
            " AND (name = 'paused' OR name = 'down') AND value = ?) LIMIT 1",
            (self._engine.keep(1),),
        ).fetchone()
        return PrinterState.STOPPED if idle is None else PrinterState.IDLE

    def _follow_system(self, database: Connection, now: float) -> None:
        """Write an event if the system's state is not the one of its last event."""
        state = self._system_state(database)
        row = database.execute("SELECT value FROM store WHERE name = 'system_state'").fetchone()
        if row is not None and int(row[0]) == state:
            return
        self._note_system(database, state)
        name = "system-stopped" if state == PrinterState.STOPPED else "system-state-changed"
        self._write_event(database, SYSTEM, Told(name, SYSTEM), None, QueueState(), now, None)

    def _note_system(self, database: Connection, state: PrinterState) -> None:
        """Note the system's state that its subscribers know."""
        database.execute(
            "INSERT INTO store (name, value) VALUES ('system_state', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (self._engine.keep(int(state)),),
        )

    def _end_subscriptions(self, database: Connection, number: int, now: float, column: str = "job_id") -> None:
        """End the subscriptions to a job that has ended. They are removed after `life` seconds, so that their last
        events can be fetched.

        column: "resource_id": to a resource.
        """
        if not self._is_listened(database):
            return
        database.execute(
            f"UPDATE subscriptions SET ended = 1, expires = ?, last = ? WHERE queue = ? AND {column} = ? AND ended = 0",
            (now + self.life, self._engine.last_number(database, "events"), self.name, number),
        )

    # As `Subscriptions`.

    def subscription(self, subscription_id: int) -> Subscription | None:
        """As `Subscriptions.subscription`."""
        rows = self._engine.read(
            f"SELECT {_COLUMNS} FROM subscriptions WHERE id = ? AND queue = ? AND {_ALIVE}",
            (subscription_id, self.name, self.now()),
        )
        return _subscription(rows[0]) if rows else None

    def subscriptions(
        self, *, job_id: int | None = None, user: str | None = None, limit: int | None = None
    ) -> list[Subscription]:
        """As `Subscriptions.subscriptions`."""
        of_job = "job_id IS NULL" if job_id is None else "job_id = ?"
        statement = f"SELECT {_COLUMNS} FROM subscriptions WHERE queue = ? AND {_ALIVE} AND {of_job}"
        values: list[object] = [self.name, self.now(), *(() if job_id is None else (job_id,))]
        if user is not None:
            statement += ' AND "user" = ?'
            values.append(self._engine.bound(user))
        rows = self._engine.read(f"{statement} ORDER BY id LIMIT ?", [*values, MANY if limit is None else limit])
        return [_subscription(row) for row in rows]

    def count_subscriptions(self) -> int:
        """As `Subscriptions.count_subscriptions`."""
        statement = f"SELECT count(*) FROM subscriptions WHERE queue = ? AND {_ALIVE}"
        return int(self._engine.read(statement, (self.name, self.now()))[0][0])

    def renew(self, subscription_id: int, lease: int) -> Subscription | None:
        """As `Subscriptions.renew`."""

        def work(database: Connection) -> Subscription | None:
            now = self.now()
            row = database.execute(
                "UPDATE subscriptions SET lease = ?, expires = ? WHERE id = ? AND queue = ? AND job_id IS NULL"
                f" AND ended = 0 AND {_ALIVE} RETURNING {_COLUMNS}",
                (lease, now + lease if lease else None, subscription_id, self.name, now),
            ).fetchone()
            return None if row is None else _subscription(row)

        return self._write(work)

    def unsubscribe(self, subscription_id: int) -> bool:
        """As `Subscriptions.unsubscribe`."""
        statement, values = "DELETE FROM subscriptions WHERE id = ? AND queue = ?", (subscription_id, self.name)
        return self._write(lambda database: database.execute(statement, values).rowcount > 0)

    def sequence(self, subscription: Subscription) -> int:
        """As `Subscriptions.sequence`."""
        found = self._counted(subscription)
        if found is None:
            return 0
        counted, filter_, values = found
        return counted + int(self._engine.read(f"SELECT count(*) FROM events WHERE {filter_}", values)[0][0])

    def events(self, subscription: Subscription, first: int = 1) -> list[Event]:
        """As `Subscriptions.events`."""
        found = self._counted(subscription)
        if found is None:
            return []
        counted, filter_, values = found
        skipped = max(0, first - counted - 1)
        rows = self._engine.read(
            f"SELECT {_EVENT_COLUMNS} FROM events WHERE {filter_} ORDER BY number LIMIT {_MOST_AT_ONCE} OFFSET ?",
            [*values, skipped],
        )
        oldest = self.now() - self.life
        events = (_event(counted + skipped + place, row) for place, row in enumerate(rows, 1))
        return [event for event in events if event.created >= oldest]

    def _counted(self, subscription: Subscription) -> tuple[int, str, list[object]] | None:
        """The number of counted events, and the filter for those that were not counted."""
        rows = self._engine.read("SELECT counted, after, last FROM subscriptions WHERE id = ?", (subscription.id,))
        if not rows:
            return None
        counted, after, last = rows[0]
        names = told_as(subscription.events)
        filter_ = f"queue = ? AND number > ? AND name IN ({', '.join('?' * len(names))})"
        values: list[object] = [self.name, after, *names]
        if last is not None:
            filter_ += " AND number <= ?"
            values.append(last)
        for column in ("job_id", "resource_id"):
            if (number := getattr(subscription, column)) is not None:
                filter_ += f" AND {column} = ?"
                values.append(number)
        if subscription.printers:
            filter_ += f" AND printer IN ({', '.join('?' * len(subscription.printers))})"
            values += map(self._engine.bound, subscription.printers)
        return int(counted), filter_, values

    def expire(self) -> None:
        """As `Subscriptions.expire`."""
        now = self.now()
        old = self._engine.read(
            "SELECT 1 FROM subscriptions WHERE queue = ? AND expires <= ? LIMIT 1", (self.name, now)
        )
        if old:
            statement = "DELETE FROM subscriptions WHERE queue = ? AND expires <= ?"
            self._write(lambda database: database.execute(statement, (self.name, now)).rowcount)
            self._engine.known.pop(_LISTENED, None)
        while self._write(lambda database: self._sweep(database, now)):
            pass

    def _sweep(self, database: Connection, now: float) -> bool:
        """Count and remove the oldest events whose time is over. Returns whether there may be more."""
        (last,) = database.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()
        rows = database.execute(
            "SELECT number, name, job_id, resource_id, printer FROM events"
            " WHERE queue = ? AND (created < ? OR number <= ?)"
            f" ORDER BY number LIMIT {_SWEEP}",
            (self.name, now - self.life, last - self.most_events),
        ).fetchall()
        if not rows:
            return False
        end = rows[-1][0]
        counts: dict[tuple[object, ...], int] = {}
        for number, events, job_id, resource_id, printers, after, until in database.execute(
            "SELECT id, events, job_id, resource_id, printers, after, last FROM subscriptions"
            " WHERE queue = ? AND after < ?",
            (self.name, end),
        ).fetchall():
            key = (events, job_id, resource_id, printers, max(after, rows[0][0] - 1), until)
            if key not in counts:
                names, places = frozenset(told_as(str(events).split())), frozenset(string(printers).split())
                counts[key] = sum(
                    name in names
                    and each > after
                    and (until is None or each <= until)
                    and job_id in (None, job)
                    and resource_id in (None, resource)
                    and (not places or string(printer) in places)
                    for each, name, job, resource, printer in rows
                )
            database.execute(
                "UPDATE subscriptions SET counted = counted + ?, after = ? WHERE id = ?", (counts[key], end, number)
            )
        database.execute("DELETE FROM events WHERE queue = ? AND number <= ?", (self.name, end))
        return len(rows) == _SWEEP


def _subscription(row: tuple[Any, ...]) -> Subscription:
    values = dict(zip(Subscription.__dataclass_fields__, row, strict=True))
    for name in ("events", "attributes", "printers"):
        values[name] = tuple(string(values[name]).split())
    for name in ("user", "charset", "language", "user_uri"):
        values[name] = string(values[name])
    values["ended"] = bool(values["ended"])
    return Subscription(**values)


def _event(number: int, row: tuple[Any, ...]) -> Event:
    values = dict(zip(_EVENT, row, strict=True))
    values["printer_state"] = PrinterState(values["printer_state"])
    values["job_state"] = JobState(values["job_state"] or JobState.PENDING)
    values["resource_state"] = ResourceState(values["resource_state"] or ResourceState.PENDING)
    for name in ("printer_reasons", "job_reasons", "resource_reasons"):
        values[name] = tuple(str(values[name]).split())
    for name in ("printer", "job_message", "job_name", "job_user"):
        values[name] = string(values[name])
    values["accepting"] = bool(values["accepting"])
    return Event(number=number, **values)
