"""A PostgreSQL database for any number of hosts (extra ``postgres``: psycopg 3).

The rule of this file: when `write` returns, the change is committed, as safely as the server's synchronous_commit says.
A change of a queue locks the row of that queue, so that changes of one queue follow each other, but different queues
don't wait for each other. What failed before its commit is repeated for some seconds, so that it survives a failover; a
commit whose answer was lost is never repeated, since it may have been kept. Every wait has a time limit of its own,
since a stopped server keeps its connections open and does not answer.
"""

import contextlib
import json
import logging
import math
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from .postgres_columns import register
from .seam import StorageError, Unsaid
from .sql import Connection, Work

__all__ = ["PostgresEngine", "Refused"]

_T = TypeVar("_T")
_log = logging.getLogger("ippfast.printer")

_PATIENCE = 12.0  # seconds that a change is repeated if the database does not answer
_ANSWER = 8.0  # seconds that a transaction may take
_PAUSE = 0.1
_PASSING = (
    psycopg.OperationalError,  # a lost connection, a deadlock, a lock that was not given in time
    errors.ReadOnlySqlTransaction,  # the server is not the primary any more
    errors.InFailedSqlTransaction,
    PoolTimeout,
)
_CONNECTION: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 5,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 3_000,  # milliseconds: libpq's own defaults hang for minutes if a link is cut
}


class Refused(StorageError):
    """The database answers with an error."""


class _Bounded(psycopg.Connection[Any]):
    """A connection whose waits end at a time. until: in seconds of time.monotonic."""

    until = math.inf

    def wait(self, gen: Generator[Any, Any, _T], *arguments: Any, **options: Any) -> _T:
        """As `psycopg.Connection.wait`. After the time it closes the connection and raises OperationalError."""
        return super().wait(self._bounded(gen), *arguments, **options)

    def _bounded(self, steps: Generator[Any, Any, _T]) -> Generator[Any, Any, _T]:
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted  # empty, ten times a second, while nothing comes
                if not ready and time.monotonic() > self.until:
                    self.close()
                    raise psycopg.OperationalError("it has not answered in time")
                wanted = steps.send(ready)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


class _Connection:
    """A `Connection` with one cursor; a statement has `?` for each value."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._cursor = connection.cursor(binary=True)

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> "psycopg.Cursor[Any]":
        """As `Connection.execute`. Without values, the statement may be a script."""
        if not values:
            return self._cursor.execute(statement, None, binary=False)
        return self._cursor.execute(_with_marks(statement), _plain(values))

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> "psycopg.Cursor[Any]":
        """As `Connection.executemany`."""
        self._cursor.executemany(_with_marks(statement), [_plain(row) for row in rows])
        return self._cursor


@cache
def _with_marks(statement: str) -> str:
    return statement.replace("?", "%s")


def _plain(values: Sequence[Any]) -> list[Any]:
    """Turn booleans and enumerations into numbers, as they are in the tables."""
    return [int(value) if isinstance(value, int) and type(value) is not int else value for value in values]


class PostgresEngine:
    """An `Engine`. url: for libpq; of several hosts, the one that accepts changes is used.

    connections: the most at a time. Raises StorageError if there can't be any.
    """

    alone = False
    known: dict[str, int]

    def __init__(self, url: str, *, connections: int = 16) -> None:
        try:
            self._url = psycopg.conninfo.make_conninfo(url, application_name="ippfast")
            given = psycopg.conninfo.conninfo_to_dict(self._url)
            self._options = {name: value for name, value in _CONNECTION.items() if name not in given}
            if "target_session_attrs" not in given:
                self._options["target_session_attrs"] = "read-write"
            self.connect().close()
        except psycopg.Error as error:
            raise StorageError(f"the database can't be used: {_words(error)}") from error
        self._pool = ConnectionPool(
            self._url,
            connection_class=_Bounded,
            kwargs=self._options,
            min_size=1,
            max_size=connections,
            max_idle=60.0,
            timeout=_PATIENCE,
            reconnect_timeout=_PATIENCE,
            configure=_configure,
            name="ippfast",
            open=True,
        )
        self._closed = threading.Event()
        self.known = {}

    def connect(self) -> "psycopg.Connection[Any]":
        """A new connection outside of the pool."""
        return psycopg.connect(self._url, **self._options)

    def close(self) -> None:
        """Close all connections."""
        self._closed.set()
        self._pool.close()

    def after_commit(self, hear: Callable[[bool], None]) -> None:
        """As `Engine.after_commit`: it is never `alone`."""

    # Reads and writes.

    def read(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """As `Engine.read`."""

        def work() -> list[tuple[Any, ...]]:
            with self._connection() as connection:
                return _Connection(connection).execute(statement, values).fetchall()

        return self._patiently(work)

    def write(self, work: Work[_T], *, queue: str | None = None, patience: float = 0.0) -> _T:
        """As `Engine.write`. Commits are shared by the server (commit_delay)."""

        def transaction() -> _T:
            with self._connection() as connection:
                database = _Connection(connection)
                with self._committing(connection) as commit:
                    with connection.pipeline():  # they are sent together
                        connection.execute("BEGIN")
                        if queue is not None:
                            self.hold(database, queue)
                    result = work(database)
                    commit()
                    connection.execute("COMMIT")
                return result

        return self._patiently(transaction)

    def write_at_once(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run one statement in a transaction of its own, and return the rows that it finds.

        It needs no BEGIN and COMMIT: a pipeline is committed when it ends.

        Raises Refused if the database answers with an error, also if the statement does not get a lock in time.
        """
        marked = _with_marks(statement)

        def transaction() -> list[tuple[Any, ...]]:
            with self._connection() as connection:
                try:
                    with self._committing(connection) as commit, connection.pipeline():
                        found = connection.cursor(binary=True).execute(marked, values, prepare=True).fetchall()
                        commit()
                except errors.LockNotAvailable as error:
                    raise Refused(f"others hold a lock: {_words(error)}") from error
                return found

        return self._patiently(transaction)

    @contextlib.contextmanager
    def _committing(self, connection: "psycopg.Connection[Any]") -> Iterator[Callable[[], None]]:
        """A transaction, which is rolled back if it fails. A failure after `commit` was called raises Unsaid."""
        called = False

        def commit() -> None:
            nonlocal called
            called = True

        try:
            yield commit
        except BaseException as error:
            if called and isinstance(error, psycopg.Error):
                connection.close()
                raise Unsaid(f"the database has not said whether the change was kept: {_words(error)}") from error
            with contextlib.suppress(psycopg.Error):
                connection.rollback()
            raise

    def migrate(self, work: Work[None]) -> None:
        """Do something in a transaction without a time limit."""
        try:
            with self.connect() as connection, connection.transaction():
                work(_Connection(connection))
        except psycopg.Error as error:
            raise StorageError(f"the database can't be used: {_words(error)}") from error

    def _patiently(self, work: Callable[[], _T]) -> _T:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                return work()
            except _PASSING as error:
                if time.monotonic() >= end or self._closed.is_set():
                    raise StorageError(f"the database does not answer: {_words(error)}") from error
                _log.debug("the database does not answer, and the change is repeated: %s", _words(error))
                self._closed.wait(_PAUSE)
            except PoolClosed as error:
                raise StorageError("the store is closed") from error
            except psycopg.Error as error:
                raise Refused(f"the database refuses that: {_words(error)}") from error

    @contextlib.contextmanager
    def _connection(self) -> Iterator["psycopg.Connection[Any]"]:
        connection = self._pool.getconn(_PATIENCE)
        connection.until = time.monotonic() + _ANSWER
        try:
            yield connection
        except _PASSING:
            connection.close()  # the pool then makes a new one
            raise
        finally:
            self._pool.putconn(connection)

    # What PostgreSQL does differently from SQLite.

    def hold(self, database: Connection, queue: str) -> None:
        """As `Engine.hold`."""
        database.execute("SELECT 1 FROM queues WHERE name = ? FOR UPDATE", (queue,))

    def last_number(self, database: Connection, table: str) -> int:
        """As `Engine.last_number`. If a queue is held, no other transaction has an uncommitted row of it."""
        column = "number" if table == "events" else "id"
        row = database.execute(
            f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {table}_{column}_seq"
        ).fetchone()
        return int(row[0])

    def insert(self, database: Connection, statement: str, values: Sequence[object]) -> int:
        """As `Engine.insert`."""
        return int(database.execute(f"{statement} RETURNING id", values).fetchone()[0])

    def sorted(self, columns: str, table: str, where: str, order: str) -> str:
        """As `Engine.sorted`."""
        return f"SELECT {columns} FROM {table} WHERE {where} ORDER BY {order}"

    def bound(self, text: object) -> object:
        """As `Engine.bound`: as octets, since PostgreSQL's text can't have NUL and must be UTF-8."""
        return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text

    def keep(self, value: object) -> object:
        """As `Engine.keep`: as JSON, and octets as hexadecimal digits after an x."""
        return f"x{value.hex()}" if isinstance(value, bytes) else json.dumps(value)

    def kept(self, value: object) -> object:
        """As `Engine.kept`."""
        assert isinstance(value, str)
        return bytes.fromhex(value[1:]) if value.startswith("x") else json.loads(value)

    def among(self, values: Sequence[int] | Sequence[str]) -> tuple[str, object]:
        """As `Engine.among`."""
        kind = "text" if values and isinstance(values[0], str) else "bigint"
        return f"(SELECT unnest(?::{kind}[]))", list(values)


def _configure(connection: "psycopg.Connection[Any]") -> None:
    bound = f"{int(_ANSWER * 1_000)}"
    connection.execute(f"SET lock_timeout = {bound}")
    connection.execute(f"SET statement_timeout = {bound}")  # a statement whose caller has given up must not hold locks
    connection.execute(f"SET idle_in_transaction_session_timeout = {bound}")
    register(connection)


def _words(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
