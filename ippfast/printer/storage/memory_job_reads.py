"""Reads of the jobs of a queue in memory.

The rule of this file: it keeps the promises of `seam` in the simplest way, and changes nothing.
"""

from collections.abc import Sequence

from ippfast.enums import JobState

from .limits import Load
from .memory_resources import MemoryResources
from .rows import ACTIVE, ENDED, WAITING, Document, Job

__all__ = ["MemoryJobReads"]


class MemoryJobReads(MemoryResources):
    """The part of a `JobStore` that reads jobs and documents."""

    def job(self, job_id: int) -> Job | None:
        """As `JobStore.job`."""
        return self._jobs.get(job_id)

    def jobs(
        self,
        states: Sequence[JobState] = (*ACTIVE, *ENDED),
        *,
        user: str | None = None,
        ids: Sequence[int] | None = None,
        limit: int | None = None,
        first: int = 1,
    ) -> list[Job]:
        """As `JobStore.jobs`."""
        with self._kept.lock:
            jobs = [
                job
                for job in self._jobs.values()
                if job.state in states and user in (None, job.user) and (ids is None or job.id in ids)
            ]
            jobs.sort(key=_order)
            return jobs[first - 1 : None if limit is None else first - 1 + limit]

    def count(self, states: Sequence[JobState] = ACTIVE, *, user: str | None = None) -> int:
        """As `JobStore.count`."""
        return len(self.jobs(states, user=user))

    def octets_of(self, user: str) -> int:
        """As `JobStore.octets_of`."""
        with self._kept.lock:
            return self._load(user).octets

    def documents(self, job_id: int) -> list[Document]:
        """As `JobStore.documents`."""
        with self._kept.lock:
            return list(self._documents.get(job_id, ()))

    def ahead_of(self, jobs: Sequence[Job]) -> list[int]:
        """As `JobStore.ahead_of`."""
        before = self.jobs((JobState.PENDING, JobState.PROCESSING, JobState.PROCESSING_STOPPED))
        return [
            0
            if job.ended
            else sum(
                each.id != job.id and (_is_busy(each) or (not _is_busy(job) and _order(each) < _order(job)))
                for each in before
            )
            for job in jobs
        ]

    def timed(self) -> list[Job]:
        """As `JobStore.timed`."""
        jobs = self.jobs(WAITING)
        return [job for job in jobs if job.open or (job.state == JobState.PENDING_HELD and job.release is not None)]

    def oldest_ended(self, keep: int) -> list[int]:
        """As `JobStore.oldest_ended`."""
        return [job.id for job in self.jobs(ENDED)[keep:]]

    def knows_key(self, key: str) -> bool:
        """As `JobStore.knows_key`."""
        with self._kept.lock:
            queues = self._kept.queues.values()
            if any(each.key == key for each in self._kept.resources.values()):
                return True
            return any(each.key == key for queue in queues for all_ in queue._documents.values() for each in all_)

    def content(self, key: str) -> bytes | None:
        """As `JobStore.content`."""
        return self._kept.contents.get(key)

    def _load(self, user: str) -> Load:
        jobs = [job for job in self._jobs.values() if job.user == user and not job.ended]
        return Load(len(jobs), sum(job.octets for job in jobs))


def _is_busy(job: Job) -> bool:
    return job.state in (JobState.PROCESSING, JobState.PROCESSING_STOPPED)


def _order(job: Job) -> tuple[float, ...]:
    """The order of `JobStore.jobs`."""
    if job.ended:
        return (1, -(job.completed or 0), -job.id)
    return (0, not _is_busy(job), -job.priority, job.position, job.id)
