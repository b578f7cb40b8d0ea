"""The jobs of a queue in PostgreSQL. Threads that create jobs or read states at the same time share one statement.

The rule of this file: it only makes `SQLJobs` faster. A shared statement calls a function of the database for each new
job. In unusual cases (a limit is reached, there are subscriptions, new jobs are held) the function does nothing, and
`SQLJobs.create` makes the job. The function locks the queues as `Engine.hold` does, in the order of their names, and
does not wait long for a lock. While `SQLJobs.create` makes a job that the function did not make, the other new jobs of
the same queue go there too: so one slow queue delays the others once, for at most 0.2 s.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .limits import UNLIMITED, Limits
from .postgres_columns import Column
from .postgres_engine import PostgresEngine, Refused
from .rows import Created, NewDocument, NewJob, NewSubscription, QueueState
from .sql import Work
from .sql_jobs import SQLJobs
from .sql_rows import QUEUE_COLUMNS
from .together import Together
from .tokens import uuid_urn

__all__ = ["AllTogether", "PostgresJobs"]

_COLUMNS = {  # the arguments of `ippfast_make` in its order, and the types of those that are arrays
    "queue": "text",
    "uuid": "text",
    "state": "integer",
    "reasons": "text",
    "name": "bytea",
    "owner": "bytea",
    "host": "text",
    "now": "",  # one for all
    "priority": "integer",
    "release": "double precision",
    "held": "integer",
    "open": "integer",
    "ticket": "bytea",
    "pages": "bigint",
    "most_jobs": "bigint",
    "most_user_jobs": "bigint",
    "most_user_octets": "bigint",
    "key": "text",
    "octets": "bigint",
    "format": "bytea",
    "title": "bytea",
    "note": "bytea",
    "content": "bytea",
    "fenced": "integer",
}
_ARRAYS = {name: kind for name, kind in _COLUMNS.items() if kind}
_CREATE = (
    f"SELECT ippfast_make({', '.join(_COLUMNS)}) FROM (SELECT ?::double precision AS now) AS moment,"
    f" unnest({', '.join(f'?::{kind}[]' for kind in _ARRAYS.values())}) AS new({', '.join(_ARRAYS)})"
)
_STATES = f"SELECT queues.name, {QUEUE_COLUMNS} WHERE queues.name = ANY(?)"

_LATELY = 1.0  # seconds
_T = TypeVar("_T")
_New = tuple[object, ...]  # a value for each of `_ARRAYS`


class AllTogether:
    """The statements that all queues of a storage share."""

    def __init__(self, engine: PostgresEngine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self.create = Together(self._create)
        self.states = Together(self._states)

    def _create(self, new: list[_New]) -> list[tuple[float, int, int] | None]:
        """The time and number of each job, and how many jobs are processed before it; None: it was not made."""
        now = self._clock()
        made: list[tuple[float, int, int] | None] = [None] * len(new)
        order = sorted(range(len(new)), key=lambda place: str(new[place][0]))
        rows = zip(*[new[place] for place in order], strict=True)
        columns = [Column(kind, values) for kind, values in zip(_ARRAYS.values(), rows, strict=True)]
        try:
            found = self._engine.write_at_once(_CREATE, (now, *columns))
        except Refused:
            return made
        for place, (numbers,) in zip(order, found, strict=True):
            if numbers is not None:
                made[place] = (now, numbers[0], numbers[1])
        return made

    def _states(self, queues: list[str]) -> list[list[tuple[Any, ...]]]:
        """The rows of each queue for `SQLState.state_from`."""
        found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in queues}
        for name, *row in self._engine.read(_STATES, (Column("text", found),)):
            found[name].append(tuple(row))
        return [found[name] for name in queues]


class PostgresJobs(SQLJobs):
    """A `JobStore`. together: what all queues of the storage share."""

    def __init__(self, engine: PostgresEngine, name: str, clock: Callable[[], float], together: AllTogether) -> None:
        super().__init__(engine, name, clock)
        self._together = together
        self._aside: list[None] = []
        """One for each job that the shared statement did not make and that is made alone now: the queue may stand
        still, so others join it. These count for nothing, or a busy queue would always have one, and never go back."""
        self._lately: tuple[float, QueueState | None] = (0.0, None)  # when the state was read, and the state

    def state(self) -> QueueState:
        """As `JobStore.state`."""
        return self.state_from(self._together.states.do(self.name))

    def state_lately(self) -> QueueState:
        """As `JobStore.state_lately`."""
        now, (since, state) = time.monotonic(), self._lately
        if state is None or now - since >= _LATELY or not state.accepting:
            state = self.state()
            self._lately = now, state
        return state

    def _write(self, work: Work[_T]) -> _T:
        try:
            return super()._write(work)
        finally:
            self._lately = 0.0, None

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
        tried = not self._aside and not subscriptions and copy_of is None and len(documents) < 2
        if tried:
            made = self._create_together(new, documents[0] if documents else None, limits)
            if made is not None:
                return made
            self._aside.append(None)
        try:
            return super().create(new, documents, subscriptions, limits=limits, copy_of=copy_of, tell=tell)
        finally:
            if tried:
                self._aside.pop()

    def _create_together(self, new: NewJob, document: NewDocument | None, limits: Limits) -> Created | None:
        identity, bound = uuid_urn(), self._engine.bound
        of_document: tuple[object, ...] = (None, 0, b"", b"", b"", None, 0)
        pages, octets, documents = None, 0, 0
        if document is not None:
            pages, octets, documents = document.pages, document.octets, 1
            of_document = (
                document.key,
                octets,
                bound(document.format),
                bound(document.name),
                document.ticket,
                document.content,
                int(document.fenced),
            )
        made = self._together.create.do(
            (
                self.name,
                identity,
                int(new.state),
                " ".join(new.reasons),
                bound(new.name),
                bound(new.user),
                new.host,
                new.priority,
                new.release,
                int(new.held),
                int(new.open),
                new.ticket,
                pages,
                limits.jobs,
                limits.user_jobs,
                limits.user_octets,
                *of_document,
            )
        )
        if made is None:
            return None
        now, job_id, ahead = made
        job = new.made(job_id, identity, now, 2 * job_id, octets, documents, pages)
        return Created(job, ahead, [])
