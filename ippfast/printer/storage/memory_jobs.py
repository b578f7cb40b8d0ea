"""The jobs of a queue in memory.

The rule of this file: it keeps the promises of the seam in the plainest way, one lock around everything, so that it
shows what any other implementation must do. Nothing of it outlives the process.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

from ippfast.enums import DocumentState, JobState, PrinterState, ResourceState

from .limits import UNLIMITED, Limits, Load, check_document, check_job, held_if_all_are
from .memory_resources import MemoryResources
from .rows import (
    ACTIVE,
    ENDED,
    SYSTEM,
    WAITING,
    Changes,
    Created,
    Document,
    DocumentChanges,
    Event,
    Job,
    NewDocument,
    NewJob,
    NewSubscription,
    QueueState,
    Resource,
    Subscription,
    Told,
    pages_of_all,
    pages_with,
    told_as,
)
from .seam import StorageError
from .tokens import uuid_urn

__all__ = ["Kept", "MemoryJobs"]

_STATE = ("paused", "accepting", "hold_new", "down", "pause_after_current", "device_reasons")


@dataclass
class Kept:
    """What all queues share."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    ids: dict[str, int] = field(default_factory=lambda: {"job": 0, "subscription": 0, "event": 0, "resource": 0})
    uploads: dict[str, list[Any]] = field(default_factory=dict)  # when each began, and whether it is doomed
    contents: dict[str, bytes] = field(default_factory=dict)
    queues: "dict[str, MemoryJobs]" = field(default_factory=dict)
    resources: dict[int, Resource] = field(default_factory=dict)
    allocations: dict[str, list[int]] = field(default_factory=dict)
    printers: set[str] = field(default_factory=set)
    system: PrinterState | None = None  # that those who listen to the system know
    workers: set[str] = field(default_factory=set)

    def next(self, kind: str) -> int:
        self.ids[kind] += 1
        return self.ids[kind]


@dataclass
class _Heard:
    """A subscription, and its events: what was told of them and when."""

    subscription: Subscription
    sequence: int = 0
    events: list[Event] = field(default_factory=list)


class MemoryJobs(MemoryResources):
    """A `JobStore`."""

    life = 300

    def __init__(self, name: str, kept: Kept) -> None:
        self.name = name
        self._kept = kept
        self._jobs: dict[int, Job] = {}
        self._documents: dict[int, list[Document]] = {}
        self._workers: dict[int, str] = {}
        self._heard: dict[int, _Heard] = {}
        self._position = 0
        now = self.now()
        self._settings: dict[str, object] = {
            "started": now,
            "state_changed": now,
            "config_changed": now,
            "uuid": uuid_urn(),
        }

    def now(self) -> float:
        """As `JobStore.now`."""
        return time.monotonic() + _OFFSET

    # Changes.

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
            job = Job(
                id=job_id,
                uuid=uuid_urn(),
                state=new.state,
                reasons=new.reasons,
                message="",
                name=new.name,
                user=new.user,
                host=new.host,
                created=now,
                processing=None,
                completed=None,
                priority=new.priority,
                position=self._last_position(),
                release=new.release,
                held=new.held,
                open=new.open,
                touched=now,
                attempts=0,
                octets=octets,
                documents=len(documents) + len(copied),
                output="",
                epoch=0,
                ticket=new.ticket,
                pages=pages_of_all([*documents, *copied]),
                impressions=0,
                sheets=0,
            )
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
            if not settings.keys().isdisjoint(_STATE):
                settings["state_changed"] = now
            if any(isinstance(name, str) and name.endswith("-config-changed") for name in tell):
                changes = self._settings.get("config_changes")
                settings |= {"config_changed": now, "config_changes": (changes if isinstance(changes, int) else 0) + 1}
            self._settings |= settings
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

    def begin_upload(self, key: str) -> None:
        """As `JobStore.begin_upload`."""
        with self._kept.lock:
            self._kept.uploads[key] = [self.now(), False]

    def doom_uploads(self, older: float) -> list[str]:
        """As `JobStore.doom_uploads`."""
        with self._kept.lock:
            for upload in self._kept.uploads.values():
                upload[1] = upload[1] or upload[0] < self.now() - older
            return [key for key, upload in self._kept.uploads.items() if upload[1] and upload[0] < self.now() - older]

    def end_uploads(self, keys: Iterable[str]) -> None:
        """As `JobStore.end_uploads`."""
        with self._kept.lock:
            for key in keys:
                self._kept.uploads.pop(key, None)

    # With the lock held.

    def _last_position(self) -> int:
        self._position += 1
        return self._position

    def _load(self, user: str) -> Load:
        jobs = [job for job in self._jobs.values() if job.user == user and not job.ended]
        return Load(len(jobs), sum(job.octets for job in jobs))

    def _check_fences(self, documents: Sequence[NewDocument]) -> None:
        for document in documents:
            upload = self._kept.uploads.get(document.key, (0.0, True))
            if document.fenced and upload[1]:
                raise StorageError("the document took too long, and was given up")

    def _take(self, document: NewDocument) -> None:
        self._kept.uploads.pop(document.key, None)
        if document.content is not None:
            self._kept.contents[document.key] = document.content

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

    def _tell(self, names: Sequence[str | Told], job: Job | None, now: float, resource: Resource | None = None) -> None:
        system = self._kept.queues.get(SYSTEM)
        for told in names:
            name, printer = (told, self.name) if isinstance(told, str) else told
            if name == "printer-created":
                self._kept.printers.add(printer)
            elif name == "printer-deleted":
                self._kept.printers.discard(printer)
            state: QueueState | PrinterState = self.state()
            if printer == SYSTEM:
                state = self._system_state()
            elif isinstance(told, Told):
                state = QueueState({"paused": 1, "accepting": 0} if name == "printer-deleted" else {})
            about = job if name.startswith("job-") else None
            for queue in {id(each): each for each in (self, system) if each is not None}.values():
                queue._hear(_event(name, now, printer, state, about, resource))
        if names and system is not None:
            system._follow_system(now)

    def _hear(self, event: Event) -> None:
        for heard in self._heard.values():
            subscription = heard.subscription
            if (
                not subscription.ended
                and subscription.job_id in (None, event.job_id)
                and subscription.resource_id in (None, event.resource_id)
                and (not subscription.printers or event.printer in subscription.printers)
                and event.name in told_as(subscription.events)
            ):
                heard.sequence += 1
                heard.events.append(replace(event, number=heard.sequence))

    def _system_state(self) -> PrinterState:
        queues = self._kept.queues
        if any(queue.state().processing for queue in queues.values()):
            return PrinterState.PROCESSING
        idle = any(name not in queues or not queues[name].state().paused for name in self._kept.printers)
        return PrinterState.IDLE if idle else PrinterState.STOPPED

    def _follow_system(self, now: float) -> None:
        before, after = self._kept.system, self._system_state()
        self._kept.system = after
        if before not in (None, after):
            name = "system-stopped" if after == PrinterState.STOPPED else "system-state-changed"
            self._hear(_event(name, now, SYSTEM, after, None, None))

    def _end_heard(self, now: float, *, job_id: int | None = None, resource_id: int | None = None) -> None:
        """What these subscriptions are to has ended."""
        for heard in self._heard.values():
            each = heard.subscription
            mine = each.resource_id == resource_id if job_id is None else each.job_id == job_id
            if mine and not each.ended:
                heard.subscription = replace(each, ended=True, expires=now + self.life)

    def _subscribe(
        self, new: Sequence[NewSubscription], job_id: int | None, limits: Limits, now: float
    ) -> list[Subscription | None]:
        self.expire()
        made: list[Subscription | None] = []
        for each in new:
            own = sum(heard.subscription.user == each.user for heard in self._heard.values())
            if (limits.subscriptions is not None and len(self._heard) >= limits.subscriptions) or (
                limits.user_subscriptions is not None and own >= limits.user_subscriptions
            ):
                made.append(None)
                continue
            subscription = Subscription(
                id=self._kept.next("subscription"),
                uuid=uuid_urn(),
                job_id=job_id,
                expires=now + each.lease if each.lease else None,
                ended=False,
                **{name: getattr(each, name) for name in NewSubscription.__dataclass_fields__},
            )
            self._heard[subscription.id] = _Heard(subscription)
            made.append(subscription)
        if new and self.name == SYSTEM:
            self._kept.system = self._system_state()
        return made

    # Subscriptions.

    def subscribe(
        self, new: Sequence[NewSubscription], *, job_id: int | None = None, limits: Limits = UNLIMITED
    ) -> list[Subscription | None] | None:
        """As `Subscriptions.subscribe`."""
        with self._kept.lock:
            if job_id is not None and (job_id not in self._jobs or self._jobs[job_id].ended):
                return None
            return self._subscribe(new, job_id, limits, self.now())

    def _alive(self) -> list[Subscription]:
        now = self.now()
        found = [heard.subscription for heard in self._heard.values()]
        return [each for each in found if each.expires is None or each.expires > now]

    def subscription(self, subscription_id: int) -> Subscription | None:
        """As `Subscriptions.subscription`."""
        with self._kept.lock:
            return next((each for each in self._alive() if each.id == subscription_id), None)

    def subscriptions(
        self, *, job_id: int | None = None, user: str | None = None, limit: int | None = None
    ) -> list[Subscription]:
        """As `Subscriptions.subscriptions`."""
        with self._kept.lock:
            return [each for each in self._alive() if each.job_id == job_id and user in (None, each.user)][:limit]

    def count_subscriptions(self) -> int:
        """As `Subscriptions.count_subscriptions`."""
        with self._kept.lock:
            return len(self._alive())

    def renew(self, subscription_id: int, lease: int) -> Subscription | None:
        """As `Subscriptions.renew`."""
        with self._kept.lock:
            found = self.subscription(subscription_id)
            if found is None or found.job_id is not None or found.ended:
                return None
            renewed = replace(found, lease=lease, expires=self.now() + lease if lease else None)
            self._heard[found.id].subscription = renewed
            return renewed

    def unsubscribe(self, subscription_id: int) -> bool:
        """As `Subscriptions.unsubscribe`."""
        with self._kept.lock:
            return self._heard.pop(subscription_id, None) is not None

    def sequence(self, subscription: Subscription) -> int:
        """As `Subscriptions.sequence`."""
        with self._kept.lock:
            heard = self._heard.get(subscription.id)
            return 0 if heard is None else heard.sequence

    def events(self, subscription: Subscription, first: int = 1) -> list[Event]:
        """As `Subscriptions.events`."""
        with self._kept.lock:
            heard = self._heard.get(subscription.id)
            oldest = self.now() - self.life
            events = [] if heard is None else heard.events
            return [event for event in events if event.number >= first and event.created >= oldest]

    def expire(self) -> None:
        """As `Subscriptions.expire`."""
        with self._kept.lock:
            alive = {each.id for each in self._alive()}
            oldest = self.now() - self.life
            self._heard = {number: heard for number, heard in self._heard.items() if number in alive}
            for heard in self._heard.values():
                heard.events = [event for event in heard.events if event.created >= oldest]

    # Reads.

    def state(self) -> QueueState:
        """As `JobStore.state`."""
        with self._kept.lock:
            states = [job.state for job in self._jobs.values()]
            active = sum(state in ACTIVE for state in states)
            return QueueState(dict(self._settings), active, states.count(JobState.PROCESSING))

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


_OFFSET = time.time() - time.monotonic()


def _is_busy(job: Job) -> bool:
    return job.state in (JobState.PROCESSING, JobState.PROCESSING_STOPPED)


def _order(job: Job) -> tuple[float, ...]:
    """The order of `JobStore.jobs`."""
    if job.ended:
        return (1, -(job.completed or 0), -job.id)
    return (0, not _is_busy(job), -job.priority, job.position, job.id)


def _event(
    name: str,
    now: float,
    printer: str,
    state: QueueState | PrinterState,
    job: Job | None,
    resource: Resource | None,
) -> Event:
    reasons: tuple[str, ...] = ()
    if isinstance(state, QueueState):
        reasons = ("deleted",) if name == "printer-deleted" else state.reasons
    return Event(
        number=0,
        name=name,
        created=now,
        printer=printer,
        printer_state=state.state if isinstance(state, QueueState) else state,
        printer_reasons=reasons,
        accepting=state.accepting if isinstance(state, QueueState) else True,
        job_id=None if job is None else job.id,
        job_uuid="" if job is None else job.uuid,
        job_state=JobState.PENDING if job is None else job.state,
        job_reasons=() if job is None else job.reasons,
        job_message="" if job is None else job.message,
        job_name="" if job is None else job.name,
        job_user="" if job is None else job.user,
        job_octets=0 if job is None else job.octets,
        job_documents=0 if job is None else job.documents,
        resource_id=None if resource is None else resource.id,
        resource_state=ResourceState.PENDING if resource is None else resource.state,
        resource_reasons=() if resource is None else resource.reasons,
        job_impressions=0 if job is None else job.impressions,
    )
