"""A SQLite file that any number of threads, and of processes, use at the same time.

The rule of this file: a transaction is done whole or not at all, whatever fails in it, and a string is kept as it came,
whether it is UTF-8 or not.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

__all__ = ["Database", "bound", "string"]


def bound(value: object) -> object:
    """A value as SQLite takes it: strings that are no UTF-8, which clients may send, as their octets."""
    if isinstance(value, str):
        octets = value.encode("utf-8", "surrogateescape")
        try:
            octets.decode()
        except UnicodeDecodeError:
            return octets
    return value


def string(value: str | bytes) -> str:
    """What `bound` made of a string."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


class Database:
    """The file, and its connection.

    schema: the statements that make its tables. synchronous: whether a transaction is on the disk when it has ended
    (FULL), or only safe from a process that is killed (NORMAL).

    Raises sqlite3.Error where the file cannot be used, and ValueError where a newer version has made it.
    """

    def __init__(self, path: Path | str, schema: str, *, synchronous: Literal["FULL", "NORMAL"]) -> None:
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(f"PRAGMA synchronous = {synchronous}")
        self._database.execute("PRAGMA foreign_keys = ON")
        with self.transaction() as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in schema.split(";"):
                    database.execute(statement)
            elif version != 1:
                raise ValueError(f"{path} was made by a newer version of ippfast")

    def close(self) -> None:
        """Be done with the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Statements that are done whole, or not at all. It nests."""
        with self._lock:
            if self._database.in_transaction:
                yield self._database
                return
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # a full disk may have ended it
                    self._database.execute("ROLLBACK")
                raise

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(statement, [bound(value) for value in values]).fetchall()
