"""The embedded storage: one SQLite file for the jobs, and a directory beside it for larger documents.

The rule of this file: it puts the parts together. At the start it finds out whether the directory is empty, has the
state of an older version, or has documents whose job table was lost: these are set aside, never removed.
"""

import contextlib
import logging
import secrets
import sqlite3
import stat
import time
from pathlib import Path

from .bus import PollingBus
from .clock import boot, since_boot
from .files import Files
from .locks import require
from .seam import DocumentStore, StorageError
from .sql import Connection
from .sql_storage import SQLStorage, identity_of
from .sqlite_engine import SQLiteEngine
from .sqlite_leases import SQLiteLeases
from .sqlite_schema import prepare

__all__ = ["SQLiteStorage", "make_private"]

_DATABASE = "jobs.sqlite"

_log = logging.getLogger("ippfast.printer")


class SQLiteStorage(SQLStorage[SQLiteEngine]):
    """A `Storage` in a directory, which is made for its owner only.

    documents: another directory, or the URL of an object store; None: in this directory.

    Raises StorageError if the database can't be used, and OSError if the directory can't.
    """

    def __init__(self, directory: str | Path, *, documents: str | Path | None = None) -> None:
        require()
        self.directory = Path(directory)
        make_private(self.directory)
        self.scratch = self.directory / "scratch"
        super().__init__(SQLiteEngine(self.directory / _DATABASE))
        try:
            prepare(self._engine.writer, self._engine.path)
            self._offset = self._engine.write(_set_clock)
            self.documents = self._documents(documents)
            self._check_documents()
        except sqlite3.Error as error:
            self._engine.close()
            raise StorageError(f"{self._engine.path} can't be used: {error}") from error
        except BaseException:
            self._engine.close()
            raise
        self.bus = PollingBus(self._engine.version)
        self.leases = SQLiteLeases(self._engine, self.directory, self.queue, self.bus.share)

    def _documents(self, place: str | Path | None) -> DocumentStore:
        local = self.directory / "local"
        if place is not None:
            return self._named(place, local)
        return self._files(self.directory / "documents", local=local, aside=self.directory / "set-aside")

    def _add_queue(self, database: Connection, name: str) -> bool:
        """As in `SQLStorage`. The first queue gets the jobs of version 1, which had one queue without a name."""
        if database.execute("SELECT 1 FROM queues WHERE name = ?", (name,)).fetchone():
            return False
        for table in ("jobs", "subscriptions", "settings"):
            database.execute(f"UPDATE {table} SET queue = ? WHERE queue = ''", (name,))
        database.execute(
            "INSERT INTO queues SELECT ?, count(*) FILTER (WHERE state < 7), count(*) FILTER (WHERE state = 5)"
            " FROM jobs WHERE queue = ?",
            (name, name),
        )
        return True

    def now(self) -> float:
        """The store's clock, see `clock`."""
        return self._offset + since_boot()

    def close(self) -> None:
        """As `Storage.close`."""
        self.bus.close()
        with contextlib.suppress(StorageError):
            self._engine.write(lambda database: _keep_clock(database, self.now()))
        self._engine.close()

    def _check_documents(self) -> None:
        """Set the documents aside if they don't belong to the job table: both have a note of the storage's name and
        last start."""
        note = self.directory / "identity"
        try:
            noted, _, number = note.read_text(encoding="ascii").partition(" ")
            identity, start = self._engine.write(_identity)  # read after the note, since another process may start now
            ours = noted == identity and int(number) <= start
        except (FileNotFoundError, ValueError):
            # Version 1 had no note: its job table had jobs if there were documents.
            ours = bool(self._engine.read("SELECT 1 FROM documents LIMIT 1"))
        if not ours and isinstance(self.documents, Files):
            moved = self.documents.set_aside()
            if moved:
                _log.error(
                    "%s does not belong to the documents beside it (it was lost, or an older copy was restored):"
                    " %d documents without a job were moved to %s: print them again, or remove them",
                    self._engine.path,
                    moved,
                    self.documents.aside,
                )
        identity, start = self._engine.write(_next_start)
        part = note.with_name(f"identity-{secrets.token_hex(4)}")
        part.write_text(f"{identity} {start}", encoding="ascii")
        part.replace(note)
        self.scratch.mkdir(mode=0o700, exist_ok=True)


def make_private(directory: Path) -> None:
    """Make a directory for its owner only. If it exists and is a storage or empty, remove others' permissions.

    Raises StorageError for any other directory that is open to others.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = stat.S_IMODE(directory.stat().st_mode)
    if not mode & 0o077:
        return
    if (directory / _DATABASE).exists() or not any(directory.iterdir()):
        directory.chmod(0o700)
        _log.warning("%s was open to others (mode %o); its mode is 700 now", directory, mode)
    else:
        raise StorageError(f"{directory} is open to others (mode {mode:o}): chmod 700 {directory}, or choose another")


def _value(database: Connection, name: str) -> object:
    row = database.execute("SELECT value FROM store WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def _put(database: Connection, **values: object) -> None:
    database.executemany("INSERT OR REPLACE INTO store VALUES (?, ?)", list(values.items()))


def _set_clock(database: Connection) -> float:
    """The difference between the store's clock and the seconds since the host's start, see `clock`."""
    started, offset = _value(database, "boot"), _value(database, "offset")
    (touched,) = database.execute("SELECT max(max(touched), max(coalesce(completed, 0))) FROM jobs").fetchone()
    last = max(_number(_value(database, "clock")), _number(touched))
    now = since_boot()
    if isinstance(offset, float) and started == boot() and (started or offset + now >= last):
        return offset
    offset = max(time.time(), last) - now
    _put(database, boot=boot(), offset=offset)
    return offset


def _keep_clock(database: Connection, now: float) -> None:
    _put(database, clock=max(now, _number(_value(database, "clock"))))


def _number(value: object) -> float:
    return value if isinstance(value, float) else 0.0


def _identity(database: Connection) -> tuple[str, int]:
    start = _value(database, "start")
    return identity_of(database), start if isinstance(start, int) else 0


def _next_start(database: Connection) -> tuple[str, int]:
    identity, start = _identity(database)
    _put(database, start=start + 1)
    return identity, start + 1
