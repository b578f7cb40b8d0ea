"""The jobs of a queue, in the SQL that SQLite and PostgreSQL share.

The rule of this file: a change of state names the states that it starts from, and what belongs to it (limits, rows of
documents, subscriptions, events) happens in the same function of the same transaction. What the two engines do
differently is asked of the engine (`sql`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, Unpack

from ippfast.enums import DocumentState, JobState

from .limits import UNLIMITED, Limits, Load, check_document, check_job, held_if_all_are
from .rows import (
    ACTIVE,
    ENDED,
    WAITING,
    Changes,
    Created,
    Document,
    DocumentChanges,
    Job,
    NewDocument,
    NewJob,
    NewSubscription,
    QueueState,
    Subscription,
    Told,
    pages_of_all,
    pages_with,
)
from .sql import KNOWS_KEY, MANY, Connection, Engine, string
from .sql_resources import SQLResources
from .tokens import uuid_urn

__all__ = ["JOB_COLUMNS", "QUEUE_COLUMNS", "SQLJobs", "job_of"]

JOB_COLUMNS = ", ".join(f'"{name}"' for name in Job._fields)
_DOCUMENT_COLUMNS = ", ".join(field.name for field in fields(Document))
_INSERT_JOB = (
    'INSERT INTO jobs (queue, uuid, state, reasons, name, "user", host, created, priority, position, release, held,'
    " open, touched, octets, documents, ticket, pages) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LAST_JOB = "the last job's number"
_INSERT_DOCUMENT = f"INSERT INTO documents ({_DOCUMENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TEXTS = frozenset(("name", "user", "message", "output", "format"))  # of clients and outputs: any octets
_STATE = ("paused", "accepting", "hold_new", "down", "pause_after_current", "device_reasons")
QUEUE_COLUMNS = (
    "active, processing, settings.name, value FROM queues LEFT JOIN settings ON settings.queue = queues.name"
)
"""The columns that a state is made of: there is a row for each setting of a queue."""
_QUEUE = f"SELECT {QUEUE_COLUMNS} WHERE queues.name = ?"
_ORDER = "state NOT IN (5, 6), priority DESC, position, id"


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


class SQLJobs(SQLResources):
    """A `JobStore`. clock: the store's."""

    def __init__(self, engine: Engine, name: str, clock: Callable[[], float]) -> None:
        super().__init__(engine, name)
        self._clock = clock
        self._committed: QueueState | None = None  # as it is, if no other process writes
        self._latest: QueueState | None = None  # as the transaction that goes on has it
        engine.after_commit(self._after_commit)

    def _after_commit(self, kept: bool) -> None:
        if not (kept and self._engine.alone):
            self._latest = None
        self._committed = self._latest

    def now(self) -> float:
        """As `JobStore.now`."""
        return self._clock()

    # Changes.

    def create(
        self,
        new: NewJob,
        documents: Sequence[NewDocument] = (),
        subscriptions: Sequence[NewSubscription] = (),
        *,
        limits: Limits = UNLIMITED,
        copy_of: int | None = None,
        tell: Sequence[str] = ("job-created",),
    ) -> Created:
        """As `JobStore.create`."""
        identity = uuid_urn()
        user, name = self._engine.bound(new.user), self._engine.bound(new.name)

        def work(database: Connection) -> Created:
            now, state = self.now(), self._state(database)
            copied = () if copy_of is None else self._documents(database, copy_of)
            octets = sum(each.octets for each in documents) + sum(each.octets for each in copied)
            check_job(limits, state, self._load(database, new.user, limits), octets)
            job = held_if_all_are(new, state)
            count = len(documents) + len(copied)
            position, pages = self._behind_all(database, new=True), pages_of_all([*documents, *copied])
            number = self._engine.insert(
                database,
                _INSERT_JOB,
                (
                    self.name,
                    identity,
                    job.state,
                    " ".join(job.reasons),
                    name,
                    user,
                    job.host,
                    now,
                    job.priority,
                    position,
                    job.release,
                    job.held,
                    job.open,
                    now,
                    octets,
                    count,
                    job.ticket,
                    pages,
                ),
            )
            if self._engine.alone:
                self._engine.known[_LAST_JOB] = number
            made = _made(job, number, identity, now, position, octets, count, pages)
            self._latest = state = replace(state, active=state.active + 1)
            for place, document in enumerate(documents, 1):
                self._add(database, made.id, place, document, now)
            for place, each in enumerate(copied, len(documents) + 1):
                database.execute(
                    _INSERT_DOCUMENT,
                    (
                        made.id,
                        place,
                        each.key,
                        each.octets,
                        self._engine.bound(each.format),
                        self._engine.bound(each.name),
                        each.state,
                        each.created,
                        each.ticket,
                        each.pages,
                    ),
                )
            begun = self._subscribe(database, subscriptions, made.id, limits, now)
            self._tell(database, tell, made, state, now)
            return Created(made, self._behind(database, made, state), begun)

        return self._write(work)

    def attach(
        self,
        job_id: int,
        document: NewDocument | None,
        *,
        last: bool,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("job-state-changed",),
    ) -> Job | None:
        """As `JobStore.attach`."""

        def work(database: Connection) -> Job | None:
            now = self.now()
            job = self._job(database, job_id)
            if job is None or not job.open or job.ended:
                return None
            if document is not None:
                check_document(limits, self._load(database, job.user, limits), job.documents, document.octets)
                (number,) = database.execute(
                    "SELECT coalesce(max(number), 0) + 1 FROM documents WHERE job_id = ?", (job_id,)
                ).fetchone()
                self._add(database, job_id, number, document, now)
            waited = last and job.state == JobState.PENDING
            row = database.execute(
                "UPDATE jobs SET touched = ?, open = ?, documents = documents + ?, octets = octets + ?, reasons = ?,"
                " pages = ?"
                f" WHERE id = ? RETURNING {JOB_COLUMNS}",
                (
                    now,
                    not last,
                    document is not None,
                    0 if document is None else document.octets,
                    "none" if waited else " ".join(job.reasons),
                    pages_with(job, document),
                    job_id,
                ),
            ).fetchone()
            changed = job_of(row)
            if waited and tell:
                self._tell(database, tell, changed, self._state(database), now)
            return changed

        return self._write(work)

    def change(
        self,
        job_id: int,
        states: Sequence[JobState],
        *,
        epoch: int | None = None,
        tell: Sequence[str] = (),
        **changes: Unpack[Changes],
    ) -> Job | None:
        """As `JobStore.change`."""
        return self._write(lambda database: self._change(database, job_id, states, epoch, tell, dict(changes)))

    def _change(
        self,
        database: Connection,
        job_id: int,
        states: Sequence[JobState],
        epoch: int | None,
        tell: Sequence[str],
        columns: dict[str, Any],
    ) -> Job | None:
        now = self.now()
        columns = dict(columns)
        if "reasons" in columns:
            columns["reasons"] = " ".join(columns["reasons"])
        state = columns.get("state")
        if state in ENDED:
            columns |= {"completed": now, "open": False}
        elif state == JobState.PROCESSING:
            columns["processing"] = now
        before = self._state(database) if state is not None else None
        names = ", ".join(f'"{name}" = ?' for name in columns)
        marks = ", ".join("?" * len(states))
        fence = "" if epoch is None else " AND epoch = ?"
        row = database.execute(
            f"UPDATE jobs SET {names} WHERE id = ? AND queue = ? AND state IN ({marks}){fence} RETURNING {JOB_COLUMNS}",
            (
                *(self._engine.bound(value) if name in _TEXTS else value for name, value in columns.items()),
                job_id,
                self.name,
                *states,
                *(() if epoch is None else (epoch,)),
            ),
        ).fetchone()
        if row is None:
            return None
        job = job_of(row)
        if state is not None:
            self._latest = None
        after = self._follow(database, before, now)
        self._tell(database, tell, job, after, now)
        if state in ENDED:
            self._end_subscriptions(database, job_id, now)
        return job

    def _follow(
        self, database: Connection, before: QueueState | None, now: float, after: QueueState | None = None
    ) -> QueueState:
        """The state after a change; printer-state-change-time follows it. after: that, if it is known."""
        after = after or self._state(database)
        if before is not None and (before.state, before.reasons) != (after.state, after.reasons):
            self._set(database, {"state_changed": now})
            self._latest = replace(after, settings={**after.settings, "state_changed": now})
        return after

    def restart(
        self,
        job_id: int,
        *,
        held: bool,
        release: float | None,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("job-state-changed",),
    ) -> Job | None:
        """As `JobStore.restart`."""

        def work(database: Connection) -> Job | None:
            now, state = self.now(), self._state(database)
            job = self._job(database, job_id)
            if job is None or not job.ended or not job.documents:
                return None
            check_job(limits, state, self._load(database, job.user, limits), job.octets)
            new = NewJob(
                name=job.name,
                user=job.user,
                host=job.host,
                state=JobState.PENDING_HELD if held else JobState.PENDING,
                reasons=("job-hold-until-specified",) if held else ("none",),
                held=held,
                release=release,
            )
            new = held_if_all_are(new, state)
            row = database.execute(
                "UPDATE jobs SET state = ?, reasons = ?, held = ?, release = ?, message = '', processing = NULL,"
                " completed = NULL, attempts = 0, open = 0, output = '', impressions = 0, sheets = 0, position = ?"
                f" WHERE id = ? RETURNING {JOB_COLUMNS}",
                (
                    new.state,
                    " ".join(new.reasons),
                    new.held,
                    new.release,
                    self._behind_all(database, new=False),
                    job_id,
                ),
            ).fetchone()
            changed = job_of(row)
            self._latest = None
            self._tell(database, tell, changed, self._state(database), now)
            return changed

        return self._write(work)

    def change_document(
        self,
        job_id: int,
        number: int,
        *,
        of: Sequence[JobState] = WAITING,
        states: Sequence[DocumentState] = tuple(DocumentState),
        **changes: Unpack[DocumentChanges],
    ) -> bool:
        """As `JobStore.change_document`."""
        names = ", ".join(f"{name} = ?" for name in changes)
        statement = (
            f"UPDATE documents SET {names} WHERE job_id = ? AND number = ? AND state IN ({_marks(states)})"
            f" AND EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND queue = ? AND state IN ({_marks(of)}))"
        )
        values = (
            *(self._engine.bound(value) if name in _TEXTS else value for name, value in changes.items()),
            job_id,
            number,
            *states,
            self.name,
            *of,
        )
        return self._write(lambda database: database.execute(statement, values).rowcount > 0)

    def reorder(self, job_id: int, after: int | None, tell: Sequence[str] = ("printer-queue-order-changed",)) -> bool:
        """As `JobStore.reorder`."""

        def work(database: Connection) -> bool:
            rows = database.execute(
                "SELECT id, position, priority FROM jobs WHERE queue = ? AND state IN (3, 4)"
                " ORDER BY priority DESC, position, id",
                (self.name,),
            ).fetchall()
            order = [row[0] for row in rows if row[0] != job_id]
            if len(order) == len(rows) or (after is not None and after not in order):
                return False
            place = order.index(after) + 1 if after is not None else 0
            order.insert(place, job_id)
            places = sorted(row[1] for row in rows)
            places = [max(position, places[0] + step) for step, position in enumerate(places)]
            for each, position in zip(order, places, strict=True):
                database.execute("UPDATE jobs SET position = ? WHERE id = ?", (position, each))
            if len(order) > 1:
                neighbor = order[place - 1] if place else order[1]
                priority = next(row[2] for row in rows if row[0] == neighbor)
                database.execute("UPDATE jobs SET priority = ? WHERE id = ?", (priority, job_id))
            self._tell(database, tell, self._job(database, job_id), self._state(database), self.now())
            return True

        return self._write(work)

    def remove(self, job_ids: Sequence[int]) -> list[str]:
        """As `JobStore.remove`."""

        def work(database: Connection) -> list[str]:
            gone: dict[str, None] = {}
            for job_id in job_ids:
                keys = database.execute("SELECT key FROM documents WHERE job_id = ?", (job_id,)).fetchall()
                self._latest = None
                if database.execute(
                    "DELETE FROM jobs WHERE id = ? AND queue = ? AND state >= 7", (job_id, self.name)
                ).rowcount:
                    gone |= {key: None for (key,) in keys}
            removed = [
                key
                for key in gone
                if not database.execute("SELECT 1 FROM documents WHERE key = ? LIMIT 1", (key,)).fetchone()
            ]
            database.executemany("DELETE FROM contents WHERE key = ?", [(key,) for key in removed])
            return removed

        return self._write(work) if job_ids else []

    def set(self, tell: Sequence[str | Told] = (), **settings: object) -> None:
        """As `JobStore.set`."""

        def work(database: Connection) -> None:
            now = self.now()
            if not settings.keys().isdisjoint(_STATE):
                settings["state_changed"] = now
            if any(isinstance(name, str) and name.endswith("-config-changed") for name in tell):
                changes = self._state(database).settings.get("config_changes")
                settings.update(config_changed=now, config_changes=(changes if isinstance(changes, int) else 0) + 1)
            self._set(database, settings)
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

    def _set(self, database: Connection, settings: dict[str, Any]) -> None:
        self._latest = None
        database.executemany(
            "INSERT INTO settings (queue, name, value) VALUES (?, ?, ?)"
            " ON CONFLICT (queue, name) DO UPDATE SET value = excluded.value",
            [(self.name, name, self._engine.keep(value)) for name, value in settings.items()],
        )

    def subscribe(
        self, new: Sequence[NewSubscription], *, job_id: int | None = None, limits: Limits = UNLIMITED
    ) -> list[Subscription | None] | None:
        """As `Subscriptions.subscribe`."""

        def work(database: Connection) -> list[Subscription | None] | None:
            job = None if job_id is None else self._job(database, job_id)
            if job_id is not None and (job is None or job.ended):
                return None
            return self._subscribe(database, new, job_id, limits, self.now())

        return self._write(work)

    # Uploads.

    def begin_upload(self, key: str) -> None:
        """As `JobStore.begin_upload`."""
        statement = "INSERT INTO uploads (key, begun) VALUES (?, ?)"
        self._engine.write(lambda database: database.execute(statement, (key, self.now())).rowcount)

    def doom_uploads(self, older: float) -> list[str]:
        """As `JobStore.doom_uploads`."""

        def work(database: Connection) -> list[str]:
            begun = (self.now() - older,)
            database.execute("UPDATE uploads SET doomed = 1 WHERE begun < ?", begun)
            rows = database.execute("SELECT key FROM uploads WHERE doomed = 1 AND begun < ? ORDER BY begun", begun)
            return [key for (key,) in rows.fetchall()]

        return self._engine.write(work)

    def end_uploads(self, keys: Iterable[str]) -> None:
        """As `JobStore.end_uploads`."""
        rows = [(key,) for key in keys]
        self._engine.write(lambda database: database.executemany("DELETE FROM uploads WHERE key = ?", rows).rowcount)

    # In a transaction.

    def _state(self, database: Connection) -> QueueState:
        """The state now. Whatever changes it forgets `_latest`."""
        if self._latest is not None and self._engine.alone:
            return self._latest
        self._latest = self.state_from(database.execute(_QUEUE, (self.name,)).fetchall())
        return self._latest

    def state_from(self, rows: Sequence[tuple[Any, ...]]) -> QueueState:
        """The state that the rows of `QUEUE_COLUMNS` make."""
        settings = {name: self._engine.kept(value) for _, _, name, value in rows if name is not None}
        return QueueState(settings, rows[0][0], rows[0][1])

    def _behind_all(self, database: Connection, *, new: bool) -> int:
        """The position of a job that comes after all others. A new job's is even, an old one's between two new ones."""
        known = self._engine.known.get(_LAST_JOB) if self._engine.alone else None
        last = self._engine.last_number(database, "jobs") if known is None else known
        return 2 * (last + 1) if new else 2 * last + 1

    def _behind(self, database: Connection, job: Job, state: QueueState) -> int:
        """How many jobs are to be processed before a new one: it is the last of its priority."""
        if state.active <= 1:
            return 0
        return int(
            database.execute(
                "SELECT (SELECT count(*) FROM jobs WHERE queue = ? AND state = 3 AND priority >= ? AND id != ?)"
                " + (SELECT count(*) FROM jobs WHERE queue = ? AND state IN (5, 6))",
                (self.name, job.priority, job.id, self.name),
            ).fetchone()[0]
        )

    def _load(self, database: Connection, user: str, limits: Limits) -> Load:
        if limits.user_jobs is None and limits.user_octets is None:
            return Load(0, 0)
        jobs, octets = database.execute(
            'SELECT count(*), coalesce(sum(octets), 0) FROM jobs WHERE queue = ? AND "user" = ?'
            " AND state IN (3, 4, 5, 6)",
            (self.name, self._engine.bound(user)),
        ).fetchone()
        return Load(jobs, int(octets))

    def _job(self, database: Connection, job_id: int) -> Job | None:
        row = database.execute(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ? AND queue = ?", (job_id, self.name)
        ).fetchone()
        return None if row is None else job_of(row)

    def _documents(self, database: Connection, job_id: int) -> list[Document]:
        rows = database.execute(
            f"SELECT {_DOCUMENT_COLUMNS} FROM documents WHERE job_id = ? ORDER BY number", (job_id,)
        ).fetchall()
        return [_document(row) for row in rows]

    def _add(self, database: Connection, job_id: int, number: int, document: NewDocument, now: float) -> None:
        self._take(database, document)
        database.execute(
            _INSERT_DOCUMENT,
            (
                job_id,
                number,
                document.key,
                document.octets,
                self._engine.bound(document.format),
                self._engine.bound(document.name),
                DocumentState.PENDING,
                now,
                document.ticket,
                document.pages,
            ),
        )

    # Reads.

    def state(self) -> QueueState:
        """As `JobStore.state`."""
        known = self._committed
        if known is not None:
            return known
        if self._engine.alone:  # asked in a turn among those who write, it is remembered
            return self._engine.write(self._state)
        return self.state_from(self._engine.read(_QUEUE, (self.name,)))

    def job(self, job_id: int) -> Job | None:
        """As `JobStore.job`."""
        rows = self._engine.read(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ? AND queue = ?", (job_id, self.name))
        return job_of(rows[0]) if rows else None

    def jobs(
        self,
        states: Sequence[JobState] = (*ACTIVE, *ENDED),
        *,
        user: str | None = None,
        ids: Sequence[int] | None = None,
        limit: int | None = None,
        first: int = 1,
    ) -> list[Job]:
        """As `JobStore.jobs`."""
        found: list[Job] = []
        most = MANY if limit is None else limit
        skip = first - 1
        active = [int(state) for state in states if state not in ENDED]
        ended = [int(state) for state in states if state in ENDED]
        for numbers, order in ((active, _ORDER), (ended, "completed DESC, id DESC")):
            if not numbers or (limit is not None and len(found) >= limit):
                continue
            where = f"queue = ? AND state IN ({', '.join('?' * len(numbers))})"
            values: list[object] = [self.name, *numbers]
            if ended and numbers is ended:
                where += " AND state >= 7"
            if user is not None:
                where += ' AND "user" = ?'
                values.append(self._engine.bound(user))
            if ids is not None:
                among, numbers_of = self._engine.among(ids)
                where += f" AND id IN {among}"
                values.append(numbers_of)
            left = most if limit is None else limit - len(found)
            rows = self._engine.read(
                self._engine.sorted(JOB_COLUMNS, "jobs", where, f"{order} LIMIT ? OFFSET ?"),
                [*values, left, skip],
            )
            found += map(job_of, rows)
            if skip and ended and numbers is active:
                (total,) = self._engine.read(f"SELECT count(*) FROM jobs WHERE {where}", values)[0]
                skip = max(0, skip - int(total))
        return found

    def count(self, states: Sequence[JobState] = ACTIVE, *, user: str | None = None) -> int:
        """As `JobStore.count`."""
        if states is ACTIVE and user is None:
            return int(self._engine.read("SELECT active FROM queues WHERE name = ?", (self.name,))[0][0])
        marks = ", ".join("?" * len(states))
        owner, values = ("", []) if user is None else (' AND "user" = ?', [self._engine.bound(user)])
        statement = f"SELECT count(*) FROM jobs WHERE queue = ? AND state IN ({marks}){owner}"
        return int(self._engine.read(statement, (self.name, *map(int, states), *values))[0][0])

    def octets_of(self, user: str) -> int:
        """As `JobStore.octets_of`."""
        statement = 'SELECT coalesce(sum(octets), 0) FROM jobs WHERE queue = ? AND "user" = ? AND state IN (3, 4, 5, 6)'
        return int(self._engine.read(statement, (self.name, self._engine.bound(user)))[0][0])

    def documents(self, job_id: int) -> list[Document]:
        """As `JobStore.documents`."""
        rows = self._engine.read(
            f"SELECT {_DOCUMENT_COLUMNS} FROM documents WHERE job_id = ? AND"
            " EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND queue = ?) ORDER BY number",
            (job_id, self.name),
        )
        return [_document(row) for row in rows]

    def ahead_of(self, jobs: Sequence[Job]) -> list[int]:
        """As `JobStore.ahead_of`."""
        waiting = [job for job in jobs if not job.ended]
        if not waiting:
            return [0] * len(jobs)
        if len(waiting) == 1:
            return [0 if job.ended else self._ahead_of_one(job) for job in jobs]
        rows = self._engine.read(
            f"SELECT id, state FROM jobs WHERE queue = ? AND state IN (3, 4, 5, 6) ORDER BY {_ORDER}", (self.name,)
        )
        busy = sum(state in (5, 6) for _, state in rows)
        ahead: dict[int, int] = {}
        before = 0
        for job_id, state in rows:
            ahead[job_id] = busy - 1 if state in (5, 6) else busy + before
            before += state == 3
        return [ahead.get(job.id, 0) for job in jobs]

    def _ahead_of_one(self, job: Job) -> int:
        rows = self._engine.read(
            "SELECT (SELECT count(*) FROM jobs WHERE queue = ? AND state IN (5, 6) AND id != ?)"
            " + (SELECT count(*) FROM jobs WHERE queue = ? AND state = 3 AND id != ?"
            " AND (priority > ? OR (priority = ? AND (position < ? OR (position = ? AND id < ?)))))",
            (
                self.name,
                job.id,
                self.name,
                job.id,
                job.priority,
                job.priority,
                job.position,
                job.position,
                job.id,
            ),
        )
        busy_too = 0 if job.state not in (JobState.PROCESSING, JobState.PROCESSING_STOPPED) else None
        if busy_too is None:
            (others,) = self._engine.read(
                "SELECT count(*) FROM jobs WHERE queue = ? AND state IN (5, 6) AND id != ?", (self.name, job.id)
            )[0]
            return int(others)
        return int(rows[0][0])

    def timed(self) -> list[Job]:
        """As `JobStore.timed`."""
        rows = self._engine.read(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE queue = ? AND state IN (3, 4)"
            " AND (open = 1 OR (state = 4 AND release IS NOT NULL))",
            (self.name,),
        )
        return [job_of(row) for row in rows]

    def oldest_ended(self, keep: int) -> list[int]:
        """As `JobStore.oldest_ended`."""
        rows = self._engine.read(
            "SELECT id FROM jobs WHERE queue = ? AND state >= 7 ORDER BY completed DESC, id DESC LIMIT ? OFFSET ?",
            (self.name, MANY, keep),
        )
        return [job_id for (job_id,) in rows]

    def knows_key(self, key: str) -> bool:
        """As `JobStore.knows_key`."""
        return bool(self._engine.read(KNOWS_KEY, (key, key)))

    def content(self, key: str) -> bytes | None:
        """As `JobStore.content`."""
        rows = self._engine.read("SELECT octets FROM contents WHERE key = ?", (key,))
        return bytes(rows[0][0]) if rows else None


def _made(
    new: NewJob, number: int, uuid: str, now: float, position: int, octets: int, documents: int, pages: int | None
) -> Job:
    """A job that was made just now."""
    return Job(
        id=number,
        uuid=uuid,
        state=JobState(new.state),
        reasons=new.reasons,
        message="",
        name=new.name,
        user=new.user,
        host=new.host,
        created=now,
        processing=None,
        completed=None,
        priority=new.priority,
        position=position,
        release=new.release,
        held=new.held,
        open=new.open,
        touched=now,
        attempts=0,
        octets=octets,
        documents=documents,
        output="",
        epoch=0,
        ticket=new.ticket,
        pages=pages,
        impressions=0,
        sheets=0,
    )


def job_of(row: tuple[Any, ...]) -> Job:
    """A job out of its row."""
    job_id, uuid, state, reasons, message, name, user, host, *others = row
    created, processing, completed, priority, position, release, held, opened, touched, attempts, *counts = others
    octets, documents, output, *last = counts
    return Job(
        job_id,
        uuid,
        _STATES[state],
        _words(reasons),
        message if type(message) is str else string(message),
        name if type(name) is str else string(name),
        user if type(user) is str else string(user),
        host,
        created,
        processing,
        completed,
        priority,
        position,
        release,
        bool(held),
        bool(opened),
        touched,
        attempts,
        octets,
        documents,
        output if type(output) is str else string(output),
        *last,
    )


_STATES = {int(state): state for state in JobState}


@lru_cache(maxsize=256)
def _words(reasons: str) -> tuple[str, ...]:
    return tuple(reasons.split())


def _document(row: tuple[Any, ...]) -> Document:
    values = dict(zip(Document.__slots__, row, strict=True))
    values["state"] = DocumentState(values["state"])
    values["name"], values["format"] = string(values["name"]), string(values["format"])
    return Document(**values)
