"""Reads of the jobs of a queue, in the SQL that SQLite and PostgreSQL share.

The rule of this file: it changes nothing, and a method uses one statement if one is enough.
"""

from collections.abc import Sequence

from ippfast.enums import JobState

from .rows import ACTIVE, ENDED, Document, Job
from .sql import KNOWS_KEY, MANY
from .sql_resources import SQLResources
from .sql_rows import DOCUMENT_COLUMNS, JOB_COLUMNS, ORDER, document_of, job_of

__all__ = ["SQLJobReads"]


class SQLJobReads(SQLResources):
    """The part of a `JobStore` that reads jobs and documents."""

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
        for numbers, order in ((active, ORDER), (ended, "completed DESC, id DESC")):
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
            known = {job.id for job in found}  # a job may have ended between the two reads
            found += [job for job in map(job_of, rows) if job.id not in known]
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
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE job_id = ? AND"
            " EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND queue = ?) ORDER BY number",
            (job_id, self.name),
        )
        return [document_of(row) for row in rows]

    def ahead_of(self, jobs: Sequence[Job]) -> list[int]:
        """As `JobStore.ahead_of`."""
        waiting = [job for job in jobs if not job.ended]
        if not waiting:
            return [0] * len(jobs)
        if len(waiting) == 1:
            return [0 if job.ended else self._ahead_of_one(job) for job in jobs]
        rows = self._engine.read(
            f"SELECT id, state FROM jobs WHERE queue = ? AND state IN (3, 4, 5, 6) ORDER BY {ORDER}", (self.name,)
        )
        busy = sum(state in (5, 6) for _, state in rows)
        ahead: dict[int, int] = {}
        before = 0
        for job_id, state in rows:
            ahead[job_id] = busy - 1 if state in (5, 6) else busy + before
            before += state == 3
        return [ahead.get(job.id, 0) for job in jobs]

    def _ahead_of_one(self, job: Job) -> int:
        statement = "SELECT (SELECT count(*) FROM jobs WHERE queue = ? AND state IN (5, 6) AND id != ?)"
        values: list[object] = [self.name, job.id]
        if job.state not in (JobState.PROCESSING, JobState.PROCESSING_STOPPED):
            statement += (
                " + (SELECT count(*) FROM jobs WHERE queue = ? AND state = 3 AND id != ?"
                " AND (priority > ? OR (priority = ? AND (position < ? OR (position = ? AND id < ?)))))"
            )
            values += [self.name, job.id, job.priority, job.priority, job.position, job.position, job.id]
        return int(self._engine.read(statement, values)[0][0])

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
