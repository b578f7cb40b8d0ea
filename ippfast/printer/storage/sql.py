"""What the SQL of this package needs from an engine, SQLite's or PostgreSQL's.

The rule of this file: the statements for both engines are in the files named `sql_...`, with `?` for each value. What
the engines do differently is a method of `Engine`, which each implements in its own file.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

__all__ = ["KNOWS_KEY", "MANY", "Connection", "Cursor", "Engine", "Work", "string"]

_T = TypeVar("_T")

KNOWS_KEY = "SELECT 1 FROM documents WHERE key = ? UNION ALL SELECT 1 FROM resources WHERE key = ? LIMIT 1"
"""Finds a row if a job or a resource has the document with a key."""

MANY = 1 << 62
"""A value of LIMIT that takes all rows."""


class Cursor(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """The number of rows that were changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that were not fetched yet."""


class Connection(Protocol):
    """A connection in a transaction."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one statement."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """Run one statement for each row."""


Work = Callable[[Connection], _T]
"""A function that works in a transaction. It is called again if the transaction failed because of another one."""


class Engine(Protocol):
    """A database. Its failures are StorageErrors.

    alone: whether no other process writes. Then what was read stays true until this process writes. known: facts about
    the whole store that a transaction leaves for later ones while the engine is `alone`. A change of such a fact must
    update it here. It is emptied if a change fails.
    """

    alone: bool
    known: dict[str, int]

    def read(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement finds, as they were when it began, with committed changes only."""

    def write(self, work: Work[_T], *, queue: str | None = None, patience: float = 0.0) -> _T:
        """Call `work` in a transaction, and commit it to the disk. If it raises, nothing is changed.

        queue: no other transaction changes this queue meanwhile. patience: it may wait for this many seconds to share
        the commit of another change.
        """

    def after_commit(self, hear: Callable[[bool], None]) -> None:
        """Call `hear` after each commit, before the next change: with whether all changes were kept. Only for engines
        that can be `alone`."""

    def hold(self, database: Connection, queue: str) -> None:
        """Let no other transaction change this queue until this transaction ends."""

    def last_number(self, database: Connection, table: str) -> int:
        """The highest number that a row of a table was ever given; 0: there was no row. No number is given twice."""

    def insert(self, database: Connection, statement: str, values: Sequence[object]) -> int:
        """Insert a row into a table that has the column id. Returns its number."""

    def sorted(self, columns: str, table: str, where: str, order: str) -> str:
        """A statement that reads rows in this order, from a table that has the column id."""

    def bound(self, text: object) -> object:
        """A client's string as the engine keeps it, with any octets. `string` converts it back."""

    def keep(self, value: object) -> object:
        """A number, a string or octets as the engine keeps them in one column."""

    def kept(self, value: object) -> object:
        """Convert back what `keep` returned."""

    def among(self, values: Sequence[int] | Sequence[str]) -> tuple[str, object]:
        """The text after IN for any number of numbers or names, and the value for its `?`."""


def string(value: str | bytes) -> str:
    """Convert back what `Engine.bound` returned."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
