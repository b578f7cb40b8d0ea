"""What the SQL of this package asks of an engine: SQLite's or PostgreSQL's.

The rule of this file: the statements stand once, in the files named `sql_...`, with `?` for each value; what the
two engines do differently is named here, and each engine does it in its own file.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

__all__ = ["KNOWS_KEY", "MANY", "Connection", "Cursor", "Engine", "Work", "string"]

_T = TypeVar("_T")

KNOWS_KEY = "SELECT 1 FROM documents WHERE key = ? UNION ALL SELECT 1 FROM resources WHERE key = ? LIMIT 1"
"""Whether a document with a key is a job's or a resource's."""

MANY = 1 << 62
"""A value of LIMIT that takes all rows."""


class Cursor(Protocol):
    """What a statement has found or done."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """The rows that are left."""


class Connection(Protocol):
    """A connection in a transaction."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one statement."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """Run one statement for each row."""


Work = Callable[[Connection], _T]
"""A function that does its work in a transaction. It is called again if that failed because of another one's."""


class Engine(Protocol):
    """A database. What fails in it is a StorageError.

    alone: whether no other process writes. What was read stays true then until this one writes.
    known: what transactions have found out of the whole store, for those that follow while it is `alone`: whoever
    changes it says so. It is empty after a change that was not kept.
    """

    alone: bool
    known: dict[str, int]

    def read(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement finds, as they were committed when it began."""

    def write(self, work: Work[_T], *, queue: str | None = None, patience: float = 0.0) -> _T:
        """Do something in a transaction, and have it on the disk. What it raises leaves nothing behind.

        queue: nobody else changes anything of that queue meanwhile. patience: for how many seconds it may wait for
        another change to share the commit with.
        """

    def after_commit(self, hear: Callable[[bool], None]) -> None:
        """Call `hear` after each commit, before anybody else writes: whether it was kept. Only if it is `alone`."""

    def hold(self, database: Connection, queue: str) -> None:
        """Nobody else changes anything of that queue until the transaction ends."""

    def last_number(self, database: Connection, table: str) -> int:
        """The highest number that a row of a table was ever given; 0: none was. No number is given twice."""

    def insert(self, database: Connection, statement: str, values: Sequence[object]) -> int:
        """Insert a row into a table that has the column id. Returns its number."""

    def sorted(self, columns: str, table: str, where: str, order: str) -> str:
        """A statement that reads the rows of a table, which has the column id, in this order."""

    def bound(self, text: object) -> object:
        """A string of a client's as the engine keeps it, whatever octets it has (`string` undoes it)."""

    def keep(self, value: object) -> object:
        """A number, a string or octets as the engine keeps them in one column."""

    def kept(self, value: object) -> object:
        """What `keep` was given."""

    def among(self, values: Sequence[int] | Sequence[str]) -> tuple[str, object]:
        """What stands behind IN for any number of numbers or of names, and the value for its mark."""


def string(value: str | bytes) -> str:
    """What `Engine.bound` was given."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
