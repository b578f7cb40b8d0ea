"""A storage in memory, for tests and for printers whose jobs need not survive the process.

The rule of this file: it keeps the promises of `seam` in the simplest way, and everything ends with the process.
"""

import contextlib
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ippfast.enums import JobState
from ippfast.http.events import Buffer

from .bus import LocalBus
from .memory_jobs import MemoryJobs
from .memory_kept import Kept
from .rows import Job, Lease, LeaseCounts, QueueState
from .seam import MAX_ATTEMPTS, TooLarge

__all__ = ["MemoryStorage"]


class _Incoming:
    """An `IncomingDocument` in memory."""

    fenced = False

    def __init__(self) -> None:
        self.key = secrets.token_hex(16)
        self.octets = 0
        self.head = b""
        self.content: bytes | None = None

    def write(self, pieces: Iterable[Buffer], limit: int | None) -> None:
        """As `IncomingDocument.write`."""
        gathered = bytearray()
        for piece in pieces:
            gathered += piece
            if limit is not None and len(gathered) > limit:
                raise TooLarge(limit)
        self.content, self.octets, self.head = bytes(gathered), len(gathered), bytes(gathered[:1_024])

    def keep(self) -> None:
        """As `IncomingDocument.keep`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class _Documents:
    """A `DocumentStore` whose documents are all kept with their jobs."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def new(self) -> _Incoming:
        """As `DocumentStore.new`."""
        return _Incoming()

    def open(self, key: str, start: int = 0) -> Iterator[Buffer]:
        """As `DocumentStore.open`."""
        try:
            return iter([self._kept.contents[key][start:]])
        except KeyError:
            raise FileNotFoundError(key) from None

    @contextlib.contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """As `DocumentStore.local`."""
        with tempfile.NamedTemporaryFile(prefix="ippfast-") as file:
            file.writelines(self.open(key))
            file.flush()
            yield Path(file.name)

    def remove(self, keys: Iterable[str]) -> None:
        """As `DocumentStore.remove`."""

    def clean(self) -> int:
        """As `DocumentStore.clean`."""
        return 0


class _Leases:
    """A `Leases` within one process: a worker lives until it is closed."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.counts = LeaseCounts()

    def begin(self, worker: str, *, shared: bool) -> None:
        """As `Leases.begin`: other processes can't use it."""
        with self._kept.lock:
            self._kept.workers.add(worker)

    def close(self, worker: str) -> None:
        """As `Leases.close`."""
        with self._kept.lock:
            self._kept.workers.discard(worker)

    def claim(self, worker: str, queues: Sequence[str] | None = None) -> Lease | None:
        """As `Leases.claim`."""
        with self._kept.lock:
            self._reap(lambda found: found == worker)
            for name, queue in self._kept.queues.items():
                state = queue.state()
                ready = [job for job in queue.jobs((JobState.PENDING,)) if not job.open]
                if (queues is not None and name not in queues) or state.paused or state.processing or not ready:
                    continue
                job = ready[0]
                queue._jobs[job.id] = job._replace(attempts=job.attempts + 1, epoch=job.epoch + 1)
                queue._workers[job.id] = worker
                begun = queue.change(
                    job.id,
                    (JobState.PENDING,),
                    tell=("job-state-changed", "printer-state-changed"),
                    state=JobState.PROCESSING,
                    reasons=("job-printing",),
                    message="",
                )
                assert begun is not None
                self.counts.add(claimed=1)
                return Lease(name, begun, worker, begun.epoch)
        return None

    def pass_through(self, worker: str, queue: str) -> int:
        """As `Leases.pass_through`."""
        passed = 0
        with self._kept.lock:
            lease = self.claim(worker, (queue,))
            while lease is not None:
                passed += 1
                _, lease = self.end(
                    lease,
                    JobState.COMPLETED,
                    ("job-completed-successfully",),
                    "",
                    ("job-completed", "printer-state-changed"),
                    go_on=True,
                )
        return passed

    def renew(self, lease: Lease) -> bool:
        """As `Leases.renew`."""
        job = self._kept.queues[lease.queue].job(lease.job.id)
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
        queue, states = self._kept.queues[lease.queue], (JobState.PROCESSING,)
        with self._kept.lock:
            ended = queue.change(
                lease.job.id, states, epoch=lease.epoch, tell=tell, state=state, reasons=reasons, message=message
            )
            self.counts.add(lost=ended is None)
            if ended is None or not go_on or queue.state().flag("pause_after_current"):
                return ended, None
            return ended, self.claim(lease.worker, (lease.queue,))

    def reap(self) -> int:
        """As `Leases.reap`."""
        return self._reap(lambda worker: worker not in self._kept.workers)

    def _reap(self, is_gone: Callable[[str | None], bool]) -> int:
        reaped = 0
        with self._kept.lock:
            for queue in self._kept.queues.values():
                for job in queue.jobs((JobState.PROCESSING,)):
                    if not is_gone(queue._workers.get(job.id)):
                        continue
                    reaped += 1
                    state, reasons, tell = JobState.PENDING, ("none",), ("job-state-changed", "printer-state-changed")
                    if "processing-to-stop-point" in job.reasons:
                        state, tell = JobState.CANCELED, ("job-completed", tell[1])
                        reasons = ("job-canceled-by-user",)
                    elif job.attempts >= MAX_ATTEMPTS:
                        state, tell = JobState.ABORTED, ("job-completed", tell[1])
                        reasons = ("aborted-by-system",)
                    queue.change(job.id, (JobState.PROCESSING,), tell=tell, state=state, reasons=reasons)
        self.counts.add(taken=reaped)
        return reaped


class MemoryStorage:
    """A `Storage` that ends with the process."""

    def __init__(self) -> None:
        self._kept = Kept()
        self._directory = tempfile.TemporaryDirectory(prefix="ippfast-")
        self.scratch = Path(self._directory.name)
        self.documents = _Documents(self._kept)
        self.leases = _Leases(self._kept)
        self.bus = LocalBus()

    def queue(self, name: str) -> MemoryJobs:
        """As `Storage.queue`."""
        with self._kept.lock:
            if name not in self._kept.queues:
                self._kept.queues[name] = MemoryJobs(name, self._kept)
            return self._kept.queues[name]

    def queues(self, *, active: bool = False) -> list[str]:
        """As `Storage.queues`."""
        with self._kept.lock:
            return [name for name, queue in self._kept.queues.items() if not active or queue.count()]

    def states(self) -> dict[str, QueueState]:
        """As `Storage.states`."""
        with self._kept.lock:
            return {name: queue.state() for name, queue in self._kept.queues.items()}

    def states_of(self, names: Sequence[str]) -> dict[str, QueueState]:
        """As `Storage.states_of`."""
        return {name: self.queue(name).state() for name in names}

    def queue_of(self, job_id: int) -> str | None:
        """As `Storage.queue_of`."""
        with self._kept.lock:
            return next((name for name, queue in self._kept.queues.items() if queue.job(job_id) is not None), None)

    def close(self) -> None:
        """As `Storage.close`."""
        self.bus.close()
        self._directory.cleanup()
