"""Leases (which worker processes which job), in the SQL that SQLite and PostgreSQL share.

The rule of this file: one job of a queue is processed at a time, and a lease that another worker took over is refused
by its number. Subclasses know whether a worker lives (`_is_alive`): `sqlite_leases` for the processes of one host,
`postgres_leases` for those of many.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ippfast.enums import JobState

from .rows import Job, Lease, LeaseCounts, QueueState
from .seam import MAX_ATTEMPTS
from .sql import Connection, Engine
from .sql_jobs import SQLJobs
from .sql_rows import JOB_COLUMNS, job_of

__all__ = ["SQLLeases"]

_BEGUN = ("job-state-changed", "printer-state-changed")
_ENDED = ("job-completed", "printer-state-changed")
_NEXT = "SELECT id FROM jobs WHERE queue = ? AND state = 3 AND open = 0 ORDER BY priority DESC, position, id LIMIT ?"
_THROUGH = (
    "UPDATE jobs SET state = 9, reasons = 'job-completed-successfully', message = '', processing = ?, completed = ?,"
    " worker = ?, attempts = attempts + 1, epoch = epoch + 1 WHERE id"
)
_MOST_THROUGH = 32
_PATIENCE = 0.003  # seconds that an output's change may wait to share a client's commit
_STOPPING = "processing-to-stop-point"


class SQLLeases(ABC):
    """The part of `Leases` that both engines share. queue: gives the `SQLJobs` of a queue."""

    def __init__(self, engine: Engine, queue: Callable[[str], SQLJobs]) -> None:
        self._engine = engine
        self._queue = queue
        self.counts = LeaseCounts()
        self._open: set[str] = set()  # the workers of this process that have a job or may have one

    @abstractmethod
    def _is_alive(self, worker: str) -> bool:
        """Whether a worker lives, so that it still processes its jobs."""

    @abstractmethod
    def _forget_dead_workers(self) -> None:
        """Remove what dead workers have left."""

    def claim(self, worker: str, queues: Sequence[str] | None = None) -> Lease | None:
        """As `Leases.claim`."""
        if worker in self._open:
            self._give_up(worker)
        for name in self._ready(queues):
            queue = self._queue(name)
            self._open.add(worker)  # first, since the answer may be lost
            lease = self._engine.write(partial(self._claim, queue=queue, worker=worker), queue=name, patience=_PATIENCE)
            if lease is not None:
                self.counts.add(claimed=1)
                return lease
            self._open.discard(worker)
        return None

    def _give_up(self, worker: str) -> None:
        """Take back jobs that the store has given to a worker that does not know of them, since an answer was lost."""
        for (name,) in self._engine.read("SELECT DISTINCT queue FROM jobs WHERE state = 5 AND worker = ?", (worker,)):
            self._engine.write(partial(self._reap, worker=worker, queue=self._queue(name)), queue=name)
        self._open.discard(worker)

    def _ready(self, queues: Sequence[str] | None) -> list[str]:
        """The queues that seem to have a job to begin."""
        if self._engine.alone and queues is not None and all(self._is_idle(self._queue(name)) for name in queues):
            return []
        rows = self._engine.read(
            "SELECT DISTINCT queues.name FROM queues JOIN jobs ON jobs.queue = queues.name"
            " WHERE queues.active > 0 AND queues.processing = 0 AND jobs.state = 3 AND jobs.open = 0"
            if queues is None or len(queues) != 1
            else "SELECT name FROM queues WHERE name = ? AND processing = 0 AND EXISTS"
            " (SELECT 1 FROM jobs WHERE queue = queues.name AND state = 3 AND open = 0)",
            () if queues is None or len(queues) != 1 else tuple(queues),
        )
        return [name for (name,) in rows if queues is None or name in queues]

    def _is_idle(self, queue: SQLJobs) -> bool:
        """Whether the queue's state tells that no job can begin."""
        state = queue.state()
        return state.paused or not state.active or bool(state.processing)

    def _claim(self, database: Connection, queue: SQLJobs, worker: str) -> Lease | None:
        before = queue._state(database)
        if before.paused or before.processing:
            return None
        now = queue.now()
        row = database.execute(
            "UPDATE jobs SET state = 5, reasons = 'job-printing', message = '', processing = ?, worker = ?,"
            " attempts = attempts + 1, epoch = epoch + 1 WHERE id = (SELECT id FROM jobs WHERE queue = ? AND state = 3"
            f" AND open = 0 ORDER BY priority DESC, position, id LIMIT 1) RETURNING {JOB_COLUMNS}",
            (now, worker, queue.name),
        ).fetchone()
        if row is None:
            return None
        job = job_of(row)
        queue._latest = after = replace(before, processing=1)
        state = queue._follow(database, before, now, after)
        queue._tell(database, _BEGUN, job, state, now)
        return Lease(queue.name, job, worker, job.epoch)

    def pass_through(self, worker: str, queue: str) -> int:
        """As `Leases.pass_through`."""
        jobs = self._queue(queue)
        if not self._ready((queue,)):
            return 0
        return self._engine.write(
            lambda database: self._pass_through(database, jobs, worker), queue=queue, patience=_PATIENCE
        )

    def _pass_through(self, database: Connection, queue: SQLJobs, worker: str) -> int:
        state = queue._state(database)
        if state.paused or state.processing:
            return 0
        most = 1 if state.flag("pause_after_current") else _MOST_THROUGH
        now = queue.now()
        if queue._is_listened(database):
            left = self._tell_through(database, queue, worker, state, now, most)
        else:
            done = database.execute(f"{_THROUGH} IN ({_NEXT})", (now, now, worker, queue.name, most)).rowcount
            left = replace(state, active=state.active - done)
        if left.active < state.active:
            queue._set(database, {"state_changed": now})
            queue._latest = replace(left, settings={**left.settings, "state_changed": now})
        return state.active - left.active

    def _tell_through(
        self, database: Connection, queue: SQLJobs, worker: str, state: QueueState, now: float, most: int
    ) -> QueueState:
        """Begin and complete jobs one by one, with the events of each. Returns the queue's state after them."""
        busy, left = replace(state, processing=1), state
        for (job_id,) in database.execute(_NEXT, (queue.name, most)).fetchall():
            job = job_of(
                database.execute(f"{_THROUGH} = ? RETURNING {JOB_COLUMNS}", (now, now, worker, job_id)).fetchone()
            )
            begun = job._replace(state=JobState.PROCESSING, reasons=("job-printing",), completed=None)
            queue._tell(database, _BEGUN, begun, busy, now)
            left = replace(left, active=left.active - 1)
            queue._tell(database, _ENDED, job, left, now)
            queue._end_subscriptions(database, job_id, now)
        return left

    def renew(self, lease: Lease) -> bool:
        """As `Leases.renew`."""
        job = self._queue(lease.queue).job(lease.job.id)
        return job is not None and job.state == JobState.PROCESSING and job.epoch == lease.epoch

    def end(
        self,
        lease: Lease,
        state: JobState,
        reasons: tuple[str, ...],
        message: str,
        tell: Sequence[str],
        *,
        go_on: bool = False,
    ) -> tuple[Job | None, Lease | None]:
        """As `Leases.end`."""
        columns = {"state": state, "reasons": reasons, "message": message}
        queue = self._queue(lease.queue)

        def work(database: Connection) -> tuple[Job | None, Lease | None]:
            ended = queue._change(database, lease.job.id, (JobState.PROCESSING,), lease.epoch, tell, columns)
            if ended is None or not go_on or queue._state(database).flag("pause_after_current"):
                return ended, None
            return ended, self._claim(database, queue, lease.worker)

        ended, following = self._engine.write(work, queue=lease.queue, patience=_PATIENCE)
        if following is None:
            self._open.discard(lease.worker)
        self.counts.add(lost=ended is None, claimed=following is not None)
        return ended, following

    def reap(self) -> int:
        """As `Leases.reap`."""
        rows = self._engine.read("SELECT DISTINCT worker, queue FROM jobs WHERE state = 5")
        dead = {worker for worker in {worker for worker, _ in rows} if not self._is_alive(worker)}
        reaped = 0
        for worker, name in rows:
            if worker in dead:
                work = partial(self._reap, worker=worker, queue=self._queue(name))
                reaped += self._engine.write(work, queue=name)
        self._forget_dead_workers()
        self.counts.add(taken=reaped)
        return reaped

    def _reap(self, database: Connection, worker: str, queue: SQLJobs) -> int:
        rows = database.execute(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE queue = ? AND state = 5 AND worker = ?", (queue.name, worker)
        ).fetchall()
        for row in rows:
            job = job_of(row)
            state, tell = JobState.PENDING, ("job-state-changed", "printer-state-changed")
            columns: dict[str, object] = {
                "reasons": ("none",),
                "message": "the server ended while it processed the job, so the job begins again",
            }
            if _STOPPING in job.reasons or job.attempts >= MAX_ATTEMPTS:
                stopped = _STOPPING in job.reasons
                state, tell = (JobState.CANCELED if stopped else JobState.ABORTED), ("job-completed", tell[1])
                reasons = tuple(reason for reason in job.reasons if reason.startswith("job-canceled"))
                columns = {
                    "reasons": (reasons or ("job-canceled-by-user",)) if stopped else ("aborted-by-system",),
                    "message": "" if stopped else f"the server ended {job.attempts} times while it processed the job",
                }
            elif "job-suspended" in job.reasons:
                state, tell = JobState.PROCESSING_STOPPED, ("job-stopped", tell[1])
                columns = {"reasons": job.reasons}
            queue._change(database, job.id, (JobState.PROCESSING,), None, tell, {"state": state, **columns})
        return len(rows)
