"""One SQLite file for any number of threads and processes, with shared commits and reads that don't wait.

The rule of this file: when `write` returns, the change is on the disk (write-ahead log, synchronous=FULL). Changes that
wait at the same time share one commit: the first caller writes for all of them. If one of them fails after it has
written something, each is done in a transaction of its own. The callers of a commit go on when the next commit only
waits for the disk. A read has a connection of its own, which sees what was committed when it began. SQLite's errors
become `StorageError`.
"""

import contextlib
import json
import logging
import os
import sqlite3
import stat
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from .locks import EXCLUSIVE, RELEASE, flock
from .seam import StorageError
from .sql import Connection, Work

__all__ = ["SQLiteEngine"]

_T = TypeVar("_T")

_log = logging.getLogger("ippfast.printer")

_MOST_TOGETHER = 64  # changes in one commit


class _Change(Generic[_T]):
    """One caller's part of a commit."""

    __slots__ = ("done", "error", "result", "turn", "work")

    def __init__(self, work: Work[_T]) -> None:
        self.work = work
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.turn = threading.Lock()  # held until the change is done, or until this caller must write for the others
        self.turn.acquire()


class SQLiteEngine:
    """An `Engine`: an SQLite file. Any number of threads and processes may use it together.

    Raises StorageError if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._gate = threading.Lock()  # for the three fields that follow
        self._writing = False
        self._waiting: deque[_Change[Any]] = deque()
        # The changes of the last commit, whose callers still wait. Only the caller that writes uses it.
        self._kept: list[_Change[Any]] = []
        self._closed = False
        self._readers: list[sqlite3.Connection] = []
        self._watcher: sqlite3.Connection | None = None
        self._tellers: list[Callable[[bool], None]] = []
        self._alone = False
        self.known: dict[str, int] = {}
        _make_private(path)
        self._turns = os.open(path.with_name(f"{path.name}-turns"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            flock(self._turns, EXCLUSIVE)  # if two processes make a file's log at the same time, SQLite refuses one
            self.writer = self._connect()
        except sqlite3.Error as error:
            os.close(self._turns)
            raise _explained(path, error) from error
        flock(self._turns, RELEASE)
        self._file = _file_at(path)
        self._lost = False  # whether that was reported

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=30.0, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA wal_autocheckpoint = 4000")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_again(self) -> sqlite3.Connection:
        """A further connection. Raises StorageError if the path has another file now.

        SQLite finds the log by its path: with another file it would write the log into that and remove it, so that
        neither file had what is in the log.
        """
        self._check_file()
        return self._connect()

    @property
    def alone(self) -> bool:
        """As `Engine.alone`. A change of it empties the caches, since others may have written meanwhile."""
        return self._alone

    @alone.setter
    def alone(self, alone: bool) -> None:
        self._alone = alone
        self._tell(kept=False)

    def close(self) -> None:
        """Close the file, after the current changes."""
        with self._gate:
            self._closed = True
            writing = self._writing
        if writing:
            with contextlib.suppress(StorageError):
                self._do(lambda _: None, late=True)
        self.writer.close()
        if self._watcher is not None:
            self._watcher.close()
        while self._readers:
            self._readers.pop().close()
        os.close(self._turns)

    def after_commit(self, hear: Callable[[bool], None]) -> None:
        """As `Engine.after_commit`."""
        self._tellers.append(hear)

    # What SQLite does differently from PostgreSQL.

    def hold(self, database: Connection, queue: str) -> None:
        """As `Engine.hold`: there is nothing to do, since one transaction writes at a time."""

    def last_number(self, database: Connection, table: str) -> int:
        """As `Engine.last_number`."""
        row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return 0 if row is None else int(row[0])

    def insert(self, database: Connection, statement: str, values: Sequence[object]) -> int:
        """As `Engine.insert`."""
        cursor = database.execute(statement, values)
        assert isinstance(cursor, sqlite3.Cursor)
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def sorted(self, columns: str, table: str, where: str, order: str) -> str:
        """As `Engine.sorted`: only the ids are sorted, since SQLite would copy whole rows to sort them. It keeps the
        order of the left side of CROSS JOIN (its "Query Planner", section 7.2)."""
        chosen = f"SELECT id AS chosen FROM {table} WHERE {where} ORDER BY {order}"
        return f"SELECT {columns} FROM ({chosen}) CROSS JOIN {table} ON id = chosen"

    def bound(self, text: object) -> object:
        """As `Engine.bound`: as text if it is valid UTF-8, otherwise as octets."""
        if isinstance(text, str):
            octets = text.encode("utf-8", "surrogateescape")
            try:
                octets.decode()
            except UnicodeDecodeError:
                return octets
        return text

    def keep(self, value: object) -> object:
        """As `Engine.keep`: a column can have all of these types."""
        return self.bound(value)

    def kept(self, value: object) -> object:
        """As `Engine.kept`."""
        return value

    def among(self, values: Sequence[int] | Sequence[str]) -> tuple[str, object]:
        """As `Engine.among`."""
        return "(SELECT value FROM json_each(?))", json.dumps(list(values))

    # Reads.

    def read(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement finds."""
        if self._closed:
            raise StorageError("the store is closed")
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect_again()
        try:
            return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise _explained(self.path, error) from error
        finally:
            if self._closed:
                connection.close()
            else:
                self._readers.append(connection)

    def version(self) -> int:
        """A number that changes when another connection has written. Only one thread may call this."""
        if self._closed:
            return 0
        try:
            if self._watcher is None:
                self._watcher = self._connect_again()
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise _explained(self.path, error) from error

    # Writes.

    def write(self, work: Work[_T], *, queue: str | None = None, patience: float = 0.0) -> _T:
        """As `Engine.write`: one change at a time, of any queue."""
        return self._do(work, patience=patience)

    def _do(self, work: Work[_T], *, late: bool = False, patience: float = 0.0) -> _T:
        change = _Change(work)
        with self._gate:
            if self._closed and not late:
                raise StorageError("the store is closed")
            leads = not self._writing and not patience
            if leads:
                self._writing = True
            else:
                self._waiting.append(change)
        if not leads and not change.turn.acquire(timeout=patience or -1):
            with self._gate:
                leads = not self._writing and not change.done
                if leads:
                    self._waiting.remove(change)
                    self._writing = True
            if not leads:
                change.turn.acquire()
        if not change.done:
            self._lead(change)
        if change.error is not None:
            raise change.error
        return change.result  # type: ignore[no-any-return]

    def _lead(self, own: _Change[Any]) -> None:
        """Write the own change and those that wait, then let the next caller lead.

        The next leader releases these callers when it only waits for the disk, so that they go on meanwhile. If they
        were released earlier, Python would run them first, and delay its commit.
        """
        batch = [own]
        with self._gate:
            while self._waiting and len(batch) < _MOST_TOGETHER:
                batch.append(self._waiting.popleft())
        try:
            self._commit(batch)
        finally:
            self._let_go()  # if there was no commit
            with self._gate:
                for change in batch:
                    change.done = True  # before `_writing` is False: a caller whose patience ends now would lead, too
                following = self._waiting.popleft() if self._waiting else None
                self._writing = following is not None
                if following is not None:
                    self._kept = batch
            if following is not None:
                following.turn.release()
                own.turn.acquire()
            else:
                for change in batch:
                    change.turn.release()

    def _let_go(self) -> None:
        kept, self._kept = self._kept, []
        for change in kept:
            change.turn.release()

    def _commit(self, batch: list[_Change[Any]]) -> None:
        flock(self._turns, EXCLUSIVE)  # SQLite would poll with pauses; this lock wakes at once
        try:
            self._transaction(batch)
        except BaseException as error:
            if len(batch) == 1:
                batch[0].error = self._said(error)
            else:  # one of them is the cause, and the others must not fail with it
                for change in batch:
                    change.error = None
                    self._try(change)
        finally:
            flock(self._turns, RELEASE)

    def _try(self, change: _Change[Any]) -> None:
        try:
            self._transaction([change])
        except BaseException as error:
            change.error = self._said(error)

    def _said(self, error: BaseException) -> BaseException:
        return _explained(self.path, error) if isinstance(error, sqlite3.Error) else error

    def _check_file(self) -> None:
        """Raise StorageError if the path has another file now, or none: what is written would be lost with the old one.

        A file whose octets were overwritten is still the same one: only SQLite can find that.
        """
        lost = _file_at(self.path) != self._file
        if lost and not self._lost:
            _log.error(
                "%s was replaced or removed while the server uses it: nothing is kept from now on, and no job is taken."
                " Stop the server, see to it that the right file is there, and start it again; %s-wal and %s-shm"
                " belong to the file that was there before: without it, move them away too",
                self.path,
                self.path.name,
                self.path.name,
            )
        self._lost = lost
        if lost:
            raise StorageError(f"{self.path} was replaced or removed while the server uses it")

    def _transaction(self, batch: list[_Change[Any]]) -> None:
        self._check_file()
        writer, refused = self.writer, False
        writer.execute("BEGIN IMMEDIATE")
        try:
            for change in batch:
                written = writer.total_changes
                try:
                    change.result = change.work(writer)
                except sqlite3.Error:
                    raise
                except BaseException as error:
                    if len(batch) == 1 or writer.total_changes != written:
                        raise
                    change.error, refused = error, True  # it has written nothing
            self._let_go()
            writer.execute("COMMIT")
        except BaseException:
            if writer.in_transaction:  # a full disk may have ended the transaction
                writer.execute("ROLLBACK")
            self._tell(kept=False)
            raise
        self._tell(kept=not refused)

    def _tell(self, *, kept: bool) -> None:
        if not kept:
            self.known.clear()
        for hear in self._tellers:
            hear(kept)


def _make_private(path: Path) -> None:
    """Make the file for its owner only. The files that SQLite makes beside it get the same mode."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _file_at(path: Path) -> tuple[int, int] | None:
    """The device and inode of the file at a path; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _explained(path: Path, error: sqlite3.Error) -> StorageError:
    if (isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error)) or "not a database" in str(error):
        return StorageError(
            f"{path} is damaged ({error}): stop the server, keep a copy, and restore a backup or run"
            f" `sqlite3 {path.name} .recover`; the documents beside it are untouched"
        )
    return StorageError(f"{path}: {error}")
