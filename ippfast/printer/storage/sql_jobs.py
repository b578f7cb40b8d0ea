"""Changes of the jobs of a queue, in the SQL that SQLite and PostgreSQL share.

The rule of this file: a change of state names the states that it starts from, and all that belongs to it (limits, rows
of documents, subscriptions, events) is done by the same function in the same transaction. The engine (`sql`) does what
the two databases do differently.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Unpack

from ippfast.enums import DocumentState, JobState

from .limits import UNLIMITED, Limits, Load, check_document, check_job, held_if_all_are
from .rows import (
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
    pages_of_all,
    pages_with,
)
from .sql import Connection
from .sql_job_reads import SQLJobReads
from .sql_rows import DOCUMENT_COLUMNS, JOB_COLUMNS, document_of, job_of
from .tokens import uuid_urn

__all__ = ["SQLJobs"]

_INSERT_JOB = (
    'INSERT INTO jobs (queue, uuid, state, reasons, name, "user", host, created, priority, position, release, held,'
    " open, touched, octets, documents, ticket, pages) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LAST_JOB = "the last job's number"
_INSERT_DOCUMENT = f"INSERT INTO documents ({DOCUMENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TEXTS = frozenset(("name", "user", "message", "output", "format"))  # strings of clients and outputs, with any octets


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


class SQLJobs(SQLJobReads):
    """A `JobStore`. clock: the store's clock."""

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
            made = job.made(number, identity, now, position, octets, count, pages)
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

    def _behind_all(self, database: Connection, *, new: bool) -> int:
        """The position of a job after all others. A new job's position is even; an old job's is odd, between two new
        ones."""
        known = self._engine.known.get(_LAST_JOB) if self._engine.alone else None
        last = self._engine.last_number(database, "jobs") if known is None else known
        return 2 * (last + 1) if new else 2 * last + 1

    def _behind(self, database: Connection, job: Job, state: QueueState) -> int:
        """The number of jobs that are processed before a new one, which is the last of its priority."""
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
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE job_id = ? ORDER BY number", (job_id,)
        ).fetchall()
        return [document_of(row) for row in rows]

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
