"""The job table: one SQLite file that says which jobs there are, what became of them and where their documents lie.

The rule of this file: what a method has returned from is on the disk (write-ahead log, synchronous=FULL), and a change
of state names the states that it starts from, so that two threads or two processes never both make it. Job-ids come
from AUTOINCREMENT: SQLite never gives one twice, whatever was deleted or lost.
"""

import sqlite3
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ippfast.codec import Attribute, AttributeGroup, Message, decode, encode
from ippfast.enums import DocumentState, JobState
from ippfast.tags import DelimiterTag

from .database import Database, bound, string

__all__ = ["ACTIVE", "ENDED", "Document", "Job", "NewJob", "Store", "pack", "unpack"]

ENDED = (JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED)
"""The states that a job does not leave by itself (RFC 8011 section 5.3.7)."""

ACTIVE = (JobState.PENDING, JobState.PENDING_HELD, JobState.PROCESSING, JobState.PROCESSING_STOPPED)

_SCHEMA = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL, state INTEGER NOT NULL, reasons TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '', name TEXT NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL,
    created REAL NOT NULL, processing REAL, completed REAL, priority INTEGER NOT NULL, position INTEGER NOT NULL,
    release REAL, held INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL, touched REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, octets INTEGER NOT NULL DEFAULT 0, documents INTEGER NOT NULL DEFAULT 0,
    ticket BLOB NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state, priority DESC, position, id);
CREATE INDEX jobs_by_user ON jobs (user, state);
CREATE TABLE documents (
    job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, number INTEGER NOT NULL, file TEXT NOT NULL,
    octets INTEGER NOT NULL, format TEXT NOT NULL, name TEXT NOT NULL, state INTEGER NOT NULL, created REAL NOT NULL,
    ticket BLOB NOT NULL, PRIMARY KEY (job_id, number)
);
CREATE INDEX documents_by_file ON documents (file);
CREATE TABLE settings (name TEXT PRIMARY KEY, value NOT NULL);
PRAGMA user_version = 1;
"""


def pack(attributes: Iterable[Attribute]) -> bytes:
    """Attributes as octets: a message with one group."""
    return encode(Message((2, 0), 0, 1, [AttributeGroup(DelimiterTag.JOB, list(attributes))]))


def unpack(octets: bytes) -> AttributeGroup:
    """What `pack` made into octets."""
    return decode(octets).groups[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document of a job, as a row of the table. number: from 1. file: its name in the spool. octets: its size."""

    job_id: int
    number: int
    file: str
    octets: int
    format: str
    name: str
    state: DocumentState
    created: float
    ticket: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it was when it was looked up, a row of the table. Times are those of `time.time`.

    release: when a held job goes on by itself. held: whether it was held by Hold-Job or the like. open: whether it
    takes further documents. touched: when it last got one. position: the place in the queue among equal priorities;
    lower comes first. documents: how many. ticket: the attributes that the client gave, see `pack`.
    """

    id: int
    uuid: str
    state: JobState
    reasons: tuple[str, ...]
    message: str
    name: str
    user: str
    host: str
    created: float
    processing: float | None
    completed: float | None
    priority: int
    position: int
    release: float | None
    held: bool
    open: bool
    touched: float
    attempts: int
    octets: int
    documents: int
    ticket: bytes

    @property
    def ended(self) -> bool:
        """Whether it is canceled, aborted or completed."""
        return self.state in ENDED

    @property
    def attributes(self) -> AttributeGroup:
        """The attributes that the client gave."""
        return unpack(self.ticket)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What a job begins with; see `Job`."""

    name: str
    user: str
    host: str
    state: JobState = JobState.PENDING
    reasons: tuple[str, ...] = ("none",)
    priority: int = 50
    release: float | None = None
    held: bool = False
    open: bool = False
    ticket: bytes = b""


_JOB_COLUMNS = ", ".join(field.name for field in fields(Job))
_DOCUMENT_COLUMNS = ", ".join(field.name for field in fields(Document))


class Store(Database):
    """The table in a file. Any number of threads, and of processes, may use the same one."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA, synchronous="FULL")

    # Jobs.

    def add_job(self, new: NewJob, documents: Iterable[Document] = ()) -> Job:
        """Begin a job. The job_id and number of the documents are set here."""
        now = time.time()
        with self.transaction() as database:
            cursor = database.execute(
                "INSERT INTO jobs (uuid, state, reasons, name, user, host, created, priority, position, release, held,"
                " open, touched, ticket) SELECT ?, ?, ?, ?, ?, ?, ?, ?, coalesce(max(position), 0) + 1, ?, ?, ?, ?, ?"
                " FROM jobs",
                (
                    uuid.uuid4().urn,
                    new.state,
                    " ".join(new.reasons),
                    bound(new.name),
                    bound(new.user),
                    new.host,
                    now,
                    new.priority,
                    new.release,
                    new.held,
                    new.open,
                    now,
                    new.ticket,
                ),
            )
            job_id = cursor.lastrowid
            assert job_id is not None
            for document in documents:
                self._add_document(database, job_id, document)
            job = self.job(job_id)
        assert job is not None
        return job

    def add_document(self, job_id: int, document: Document | None, *, last: bool) -> Job | None:
        """Give an open job a document, or none, and close it with the last one. None: the job takes no more."""
        with self.transaction() as database:
            job = self.job(job_id)
            if job is None or not job.open or job.ended:
                return None
            if document is not None:
                self._add_document(database, job_id, document)
            return self.change(job_id, ACTIVE, touched=time.time(), **({"open": False} if last else {}))

    def _add_document(self, database: sqlite3.Connection, job_id: int, document: Document) -> None:
        database.execute(
            f"INSERT INTO documents ({_DOCUMENT_COLUMNS}) SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?"
            " FROM documents WHERE job_id = ?",
            (
                job_id,
                document.file,
                document.octets,
                document.format,
                bound(document.name),
                document.state,
                document.created,
                document.ticket,
                job_id,
            ),
        )
        database.execute(
            "UPDATE jobs SET documents = documents + 1, octets = octets + ? WHERE id = ?", (document.octets, job_id)
        )

    def job(self, job_id: int) -> Job | None:
        """The job with that number, or None."""
        rows = self._rows(f"SELECT {_JOB_COLUMNS} FROM jobs WHERE id = ?", (job_id,))
        return _job(rows[0]) if rows else None

    def jobs(
        self,
        states: Sequence[JobState] = (*ACTIVE, *ENDED),
        *,
        user: str | None = None,
        ids: Sequence[int] | None = None,
        limit: int | None = None,
        first: int = 1,
    ) -> list[Job]:
        """Jobs in some states: first those not ended, in the order of processing, then the others, newest first.

        user: of that user alone. ids: of these alone. first: leave out those before the first-th. limit: no more.
        """
        marks = ", ".join("?" * len(states))
        statement = f"SELECT {_JOB_COLUMNS} FROM jobs WHERE state IN ({marks})"
        values: list[object] = [*map(int, states)]
        if user is not None:
            statement += " AND user = ?"
            values.append(user)
        if ids is not None:
            statement += f" AND id IN ({', '.join('?' * len(ids))})"
            values += ids
        statement += (
            " ORDER BY state >= 7, CASE WHEN state >= 7 THEN -completed END, state NOT IN (5, 6), priority DESC,"
            " position, id LIMIT ? OFFSET ?"
        )
        rows = self._rows(statement, [*values, -1 if limit is None else limit, first - 1])
        return [_job(row) for row in rows]

    def change(self, job_id: int, states: Sequence[JobState], **columns: Any) -> Job | None:
        """Change columns of a job that is in one of these states. The job as it is then; None where it was not."""
        if "reasons" in columns:
            columns["reasons"] = " ".join(columns["reasons"])
        names = ", ".join(f"{name} = ?" for name in columns)
        marks = ", ".join("?" * len(states))
        with self.transaction() as database:
            cursor = database.execute(
                f"UPDATE jobs SET {names} WHERE id = ? AND state IN ({marks})",
                (*map(bound, columns.values()), job_id, *states),
            )
            return self.job(job_id) if cursor.rowcount else None

    def count(self, states: Sequence[JobState] = ACTIVE, *, user: str | None = None) -> int:
        """How many jobs are in these states, of one user or of all."""
        marks = ", ".join("?" * len(states))
        owner, values = ("", []) if user is None else (" AND user = ?", [user])
        rows = self._rows(f"SELECT count(*) FROM jobs WHERE state IN ({marks}){owner}", (*states, *values))
        return int(rows[0][0])

    def octets_of(self, user: str) -> int:
        """The size of all documents of a user's jobs that have not ended."""
        marks = ", ".join("?" * len(ACTIVE))
        statement = f"SELECT coalesce(sum(octets), 0) FROM jobs WHERE user = ? AND state IN ({marks})"
        return int(self._rows(statement, (user, *ACTIVE))[0][0])

    def next_job(self) -> Job | None:
        """The job that is to be processed next."""
        rows = self._rows(
            f"SELECT {_JOB_COLUMNS} FROM jobs WHERE state = 3 AND open = 0 ORDER BY priority DESC, position, id LIMIT 1"
        )
        return _job(rows[0]) if rows else None

    def timed(self) -> list[Job]:
        """The jobs to which something happens at some time: they wait for documents, or for the end of a hold."""
        rows = self._rows(
            f"SELECT {_JOB_COLUMNS} FROM jobs"
            " WHERE state IN (3, 4) AND (open = 1 OR (state = 4 AND release IS NOT NULL))"
        )
        return [_job(row) for row in rows]

    def ahead_of(self, job: Job) -> int:
        """How many jobs are to be processed before this one (number-of-intervening-jobs)."""
        if job.ended:
            return 0
        rows = self._rows(
            "SELECT count(*) FROM jobs WHERE id != ? AND (state IN (5, 6) OR (state = 3 AND"
            " (priority > ? OR (priority = ? AND (position < ? OR (position = ? AND id < ?))))))",
            (job.id, job.priority, job.priority, job.position, job.position, job.id),
        )
        return int(rows[0][0])

    def remove(self, job_ids: Sequence[int]) -> list[str]:
        """Forget jobs. Returns the files of documents that no job has any more."""
        marks = ", ".join("?" * len(job_ids))
        with self.transaction() as database:
            rows = database.execute(
                f"SELECT DISTINCT file FROM documents WHERE job_id IN ({marks})", job_ids
            ).fetchall()
            database.execute(f"DELETE FROM jobs WHERE id IN ({marks})", job_ids)
            return [file for (file,) in rows if not self.knows_file(file)]

    def oldest_ended(self, keep: int) -> list[int]:
        """The numbers of the ended jobs beyond the newest ones that are kept."""
        rows = self._rows(
            "SELECT id FROM jobs WHERE state >= 7 ORDER BY completed DESC, id DESC LIMIT -1 OFFSET ?", (keep,)
        )
        return [job_id for (job_id,) in rows]

    def last_position(self) -> int:
        """The position of a job that is to come after all others."""
        return int(self._rows("SELECT coalesce(max(position), 0) + 1 FROM jobs")[0][0])

    def reorder(self, job_id: int, after: int | None) -> None:
        """Put a job behind another one, or before all."""
        with self.transaction() as database:
            order = [job.id for job in self.jobs((JobState.PENDING, JobState.PENDING_HELD)) if job.id != job_id]
            place = order.index(after) + 1 if after in order else 0
            order.insert(place, job_id)
            neighbor = self.job(order[place - 1] if place else order[min(1, len(order) - 1)])
            for position, each in enumerate(order, 1):
                database.execute("UPDATE jobs SET position = ? WHERE id = ?", (position, each))
            if neighbor is not None:
                database.execute("UPDATE jobs SET priority = ? WHERE id = ?", (neighbor.priority, job_id))

    # Documents.

    def documents(self, job_id: int) -> list[Document]:
        """The documents of a job in their order."""
        rows = self._rows(f"SELECT {_DOCUMENT_COLUMNS} FROM documents WHERE job_id = ? ORDER BY number", (job_id,))
        return [_document(row) for row in rows]

    def change_document(self, job_id: int, number: int, **columns: object) -> None:
        """Change columns of a document."""
        names = ", ".join(f"{name} = ?" for name in columns)
        with self.transaction() as database:
            database.execute(
                f"UPDATE documents SET {names} WHERE job_id = ? AND number = ?",
                (*map(bound, columns.values()), job_id, number),
            )

    def knows_file(self, file: str) -> bool:
        """Whether a document lies in the file of that name."""
        return bool(self._rows("SELECT 1 FROM documents WHERE file = ? LIMIT 1", (file,)))

    # What else is to be remembered, and is the same for all processes.

    def setting(self, name: str, default: object = None) -> object:
        """A value that was set."""
        rows = self._rows("SELECT value FROM settings WHERE name = ?", (name,))
        return rows[0][0] if rows else default

    def set(self, **settings: object) -> None:
        """Remember values: numbers, strings or octets."""
        with self.transaction() as database:
            for name, value in settings.items():
                database.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    @property
    def version(self) -> int:
        """A number that is another one after another process changed the table."""
        return int(self._rows("PRAGMA data_version")[0][0])


def _job(row: tuple[Any, ...]) -> Job:
    values = dict(zip(Job.__slots__, row, strict=True))
    values["state"] = JobState(values["state"])
    values["reasons"] = tuple(str(values["reasons"]).split())
    values |= {name: string(values[name]) for name in ("name", "user", "message")}
    values["held"], values["open"] = bool(values["held"]), bool(values["open"])
    return Job(**values)


def _document(row: tuple[Any, ...]) -> Document:
    values = dict(zip(Document.__slots__, row, strict=True))
    values["state"], values["name"] = DocumentState(values["state"]), string(values["name"])
    return Document(**values)
