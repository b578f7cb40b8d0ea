"""Changes of the jobs and settings of a queue in memory.

The rule of this file: it keeps the promises of `seam` in the simplest way, with one lock for everything, so that it
shows what any other implementation must do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack

from ippfast.enums import DocumentState, JobState

from .limits import UNLIMITED, Limits, check_document, check_job, held_if_all_are
from .memory_job_reads import MemoryJobReads
from .rows import (
    ENDED,
    WAITING,
    Changes,
    Created,
    Document,
    DocumentChanges,
    Job,
    NewDocument,
    NewJob,
    NewSubscription,
    QueueState,
    Told,
    dated,
    pages_of_all,
    pages_with,
)
from .tokens import uuid_urn

__all__ = ["MemoryJobs"]


class MemoryJobs(MemoryJobReads):
    """A `JobStore`."""

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
        with self._kept.lock:
            now, state = self.now(), self.state()
            copied = [] if copy_of is None else list(self._documents.get(copy_of, ()))
            octets = sum(each.octets for each in documents) + sum(each.octets for each in copied)
            check_job(limits, state, self._load(new.user), octets)
            self._check_fences(documents)
            new = held_if_all_are(new, state)
            job_id = self._kept.next("job")
            count, pages = len(documents) + len(copied), pages_of_all([*documents, *copied])
            job = new.made(job_id, uuid_urn(), now, self._last_position(), octets, count, pages)
            self._jobs[job_id], self._documents[job_id] = job, []
            for document in documents:
                self._add(job_id, document, now)
            for each in copied:
                number = len(self._documents[job_id]) + 1
                self._documents[job_id].append(replace(each, job_id=job_id, number=number))
            begun = self._subscribe(subscriptions, job_id, limits, now)
            self._tell(tell, job, now)
            return Created(job, self.ahead_of([job])[0], begun)

    def attach(
        self,
        job_id: int,
        document: NewDocument | None,
        *,
        last: bool,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("job-state-changed",),
    ) -> Job | None:
        """As `JobStore.attach`."""
        with self._kept.lock:
            now, job = self.now(), self._jobs.get(job_id)
            if job is None or not job.open or job.ended:
                return None
            if document is not None:
                check_document(limits, self._load(job.user), job.documents, document.octets)
                self._check_fences([document])
                self._add(job_id, document, now)
                pages, octets = pages_with(job, document), job.octets + document.octets
                job = job._replace(documents=job.documents + 1, octets=octets, pages=pages)
            waited = last and job.state == JobState.PENDING
            job = job._replace(touched=now, open=not last, reasons=("none",) if waited else job.reasons)
            self._jobs[job_id] = job
            if waited:
                self._tell(tell, job, now)
            return job

    def change(
        self,
        job_id: int,
        states: Sequence[JobState],
        *,
        epoch: int | None = None,
        tell: Sequence[str] = (),
        **changes: Unpack[Changes],
    ) -> Job | None:
        """As `JobStore.change`."""
        with self._kept.lock:
            job = self._jobs.get(job_id)
            if job is None or job.state not in states or (epoch is not None and job.epoch != epoch):
                return None
            now, before = self.now(), self.state()
            columns: dict[str, Any] = dict(changes)
            if columns.get("state") in ENDED:
                columns |= {"completed": now, "open": False}
            elif columns.get("state") == JobState.PROCESSING:
                columns["processing"] = now
            job = self._jobs[job_id] = job._replace(**columns)
            self._follow(before, now)
            self._tell(tell, job, now)
            if job.ended:
                self._end_heard(now, job_id=job_id)
            return job

    def restart(
        self,
        job_id: int,
        *,
        held: bool,
        release: float | None,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("job-state-changed",),
    ) -> Job | None:
        """As `JobStore.restart`."""
        with self._kept.lock:
            job, state = self._jobs.get(job_id), self.state()
            if job is None or not job.ended or not job.documents:
                return None
            check_job(limits, state, self._load(job.user), job.octets)
            new = held_if_all_are(
                NewJob(
                    name=job.name,
                    user=job.user,
                    host=job.host,
                    state=JobState.PENDING_HELD if held else JobState.PENDING,
                    reasons=("job-hold-until-specified",) if held else ("none",),
                    held=held,
                    release=release,
                ),
                state,
            )
            job = self._jobs[job_id] = job._replace(
                state=new.state,
                reasons=new.reasons,
                held=new.held,
                release=new.release,
                message="",
                processing=None,
                completed=None,
                attempts=0,
                open=False,
                output="",
                impressions=0,
                sheets=0,
                position=self._last_position(),
            )
            self._tell(tell, job, self.now())
            return job

    def change_document(
        self,
        job_id: int,
        number: int,
        *,
        of: Sequence[JobState] = WAITING,
        states: Sequence[DocumentState] = tuple(DocumentState),
        **changes: Unpack[DocumentChanges],
    ) -> bool:
        """As `JobStore.change_document`."""
        with self._kept.lock:
            job = self._jobs.get(job_id)
            documents = self._documents.get(job_id, [])
            if job is None or job.state not in of:
                return False
            for place, document in enumerate(documents):
                if document.number == number and document.state in states:
                    documents[place] = replace(document, **changes)
                    return True
            return False

    def reorder(self, job_id: int, after: int | None, tell: Sequence[str] = ("printer-queue-order-changed",)) -> bool:
        """As `JobStore.reorder`."""
        with self._kept.lock:
            jobs = self.jobs(WAITING)
            jobs.sort(key=lambda job: (-job.priority, job.position, job.id))
            order = [job.id for job in jobs if job.id != job_id]
            if len(order) == len(jobs) or (after is not None and after not in order):
                return False
            place = order.index(after) + 1 if after is not None else 0
            order.insert(place, job_id)
            neighbor = self._jobs[order[place - 1] if place else order[min(1, len(order) - 1)]]
            first = min(job.position for job in jobs)
            for position, each in enumerate(order, first):
                self._jobs[each] = self._jobs[each]._replace(position=position)
            self._jobs[job_id] = self._jobs[job_id]._replace(priority=neighbor.priority)
            self._position = max(self._position, first + len(order))
            self._tell(tell, self._jobs[job_id], self.now())
            return True

    def remove(self, job_ids: Sequence[int]) -> list[str]:
        """As `JobStore.remove`."""
        with self._kept.lock:
            gone: dict[str, None] = {}
            for job_id in job_ids:
                job = self._jobs.get(job_id)
                if job is not None and job.ended:
                    del self._jobs[job_id]
                    gone |= {each.key: None for each in self._documents.pop(job_id)}
            removed = [key for key in gone if not self.knows_key(key)]
            for key in removed:
                self._kept.contents.pop(key, None)
            return removed

    def set(self, tell: Sequence[str | Told] = (), **settings: object) -> None:
        """As `JobStore.set`."""
        with self._kept.lock:
            now = self.now()
            self._settings |= dated(settings, tell, lambda: self._settings, now)
            self._tell(tell, None, now)

    def add(self, settings: Mapping[str, object], tell: Mapping[str, str | Told] | None = None) -> list[str]:
        """As `JobStore.add`."""
        with self._kept.lock:
            new = {name: value for name, value in settings.items() if name not in self._settings}
            self._settings |= new
            self._tell([tell[name] for name in new if tell and name in tell], None, self.now())
            return list(new)

    def advance(self, name: str, by: int = 1) -> int:
        """As `JobStore.advance`."""
        with self._kept.lock:
            before = self._settings.get(name)
            after = (before if isinstance(before, int) else 0) + by
            self._settings |= {name: after}
            return after

    def forget(self, names: Sequence[str], tell: Sequence[str | Told] = ()) -> None:
        """As `JobStore.forget`."""
        with self._kept.lock:
            self._settings = {name: value for name, value in self._settings.items() if name not in names}
            self._tell(tell, None, self.now())

    # With the lock held.

    def _last_position(self) -> int:
        self._position += 1
        return self._position

    def _add(self, job_id: int, new: NewDocument, now: float) -> None:
        self._take(new)
        self._documents[job_id].append(
            Document(
                job_id=job_id,
                number=len(self._documents[job_id]) + 1,
                key=new.key,
                octets=new.octets,
                format=new.format,
                name=new.name,
                state=DocumentState.PENDING,
                created=now,
                ticket=new.ticket,
                pages=new.pages,
            )
        )

    def _follow(self, before: QueueState, now: float) -> None:
        after = self.state()
        if (before.state, before.reasons) != (after.state, after.reasons):
            self._settings["state_changed"] = now
