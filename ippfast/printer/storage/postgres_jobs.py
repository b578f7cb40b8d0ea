"""The jobs of a queue in PostgreSQL, where what is asked most is asked at once for all that ask.

The rule of this file: it says nothing of its own. Jobs that are made at the same moment share one transaction, in which
each is one call of a function of the tables; whatever is not as usual (a limit is reached, somebody listens, new jobs
are held) the function leaves alone, and `SQLJobs.create` decides. The function locks a job's queue as `Engine.hold`
does, in the order of their names, and waits for none of them for long, so that a queue that stands still holds up no
other.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ippfast.enums import JobState

from .limits import UNLIMITED, Limits
from .postgres_engine import PostgresEngine, Refused
from .rows import Created, Job, NewDocument, NewJob, NewSubscription, QueueState, pages_of_all
from .sql_jobs import QUEUE_COLUMNS, SQLJobs
from .together import Together
from .tokens import uuid_urn

__all__ = ["AllTogether", "PostgresJobs"]

_CREATE = "SELECT ippfast_create(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LEADERS = 4  # transactions that make jobs at a time: while one waits for the disk, others fill up
_STATES = f"SELECT queues.name, {QUEUE_COLUMNS} WHERE queues.name = ANY(?)"


class _New(NamedTuple):
    """What `_CREATE` is called with. queue: comes first, since they are sorted by that."""

    queue: str
    values: tuple[object, ...]


class AllTogether:
    """What all queues of a storage ask together."""

    def __init__(self, engine: PostgresEngine) -> None:
        self._engine = engine
        self.create = Together(self._create, leaders=_LEADERS)
        self.states = Together(self._states)

    def _create(self, new: list[_New]) -> list[tuple[int, int] | None]:
        """The number of each job, and how many are to be processed before it; None: it was not made."""
        order = sorted(range(len(new)), key=lambda place: new[place].queue)
        rows = [(new[place].queue, *new[place].values) for place in order]

        try:
            found = self._engine.write_each(_CREATE, rows)
        except Refused:
            return [None] * len(new)
        made: list[tuple[int, int] | None] = [None] * len(new)
        for place, (numbers,) in zip(order, found, strict=True):
            made[place] = None if numbers is None else (numbers[0], numbers[1])
        return made

    def _states(self, queues: list[str]) -> list[list[tuple[Any, ...]]]:
        """The rows of each queue, as `SQLJobs` reads its state from."""
        found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in queues}
        for name, *row in self._engine.read(_STATES, (list(found),)):
            found[name].append(tuple(row))
        return [found[name] for name in queues]


class PostgresJobs(SQLJobs):
    """A `JobStore`. together: what all queues of the storage share."""

    def __init__(self, engine: PostgresEngine, name: str, clock: Callable[[], float], together: AllTogether) -> None:
        super().__init__(engine, name, clock)
        self._together = together

    def state(self) -> QueueState:
        """As `JobStore.state`."""
        return self.state_from(self._together.states.do(self.name))

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
        if not subscriptions and copy_of is None and len(documents) < 2:
            made = self._create_together(new, documents[0] if documents else None, limits)
            if made is not None:
                return made
        return super().create(new, documents, subscriptions, limits=limits, copy_of=copy_of, tell=tell)

    def _create_together(self, new: NewJob, document: NewDocument | None, limits: Limits) -> Created | None:
        now, identity, bound = self.now(), uuid_urn(), self._engine.bound
        pages = None if document is None else pages_of_all([document])
        of_document: tuple[object, ...] = (None, 0, b"", b"", b"", None, False)
        if document is not None:
            of_document = (
                document.key,
                document.octets,
                bound(document.format),
                bound(document.name),
                document.ticket,
                document.content,
                document.fenced,
            )
        numbers = self._together.create.do(
            _New(
                self.name,
                (
                    identity,
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
                    new.ticket,
                    pages,
                    limits.jobs,
                    limits.user_jobs,
                    limits.user_octets,
                    *of_document,
                ),
            )
        )
        if numbers is None:
            return None
        job_id, ahead = numbers
        job = Job(
            id=job_id,
            uuid=identity,
            state=JobState(new.state),
            reasons=new.reasons,
            message="",
            name=new.name,
            user=new.user,
            host=new.host,
            created=now,
            processing=None,
            completed=None,
            priority=new.priority,
            position=2 * job_id,
            release=new.release,
            held=new.held,
            open=new.open,
            touched=now,
            attempts=0,
            octets=0 if document is None else document.octets,
            documents=0 if document is None else 1,
            output="",
            epoch=0,
            ticket=new.ticket,
            pages=pages,
            impressions=0,
            sheets=0,
        )
        return Created(job, ahead, [])
