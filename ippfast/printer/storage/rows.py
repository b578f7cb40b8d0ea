"""The values that a store keeps: jobs, documents, subscriptions, events, resources and the state of a queue.

The rule of this file: a row is a value. It is what the store had when it was read, it never changes, and it does not
depend on how or where it is kept. Times are in seconds of the store's clock, unless stated otherwise.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypedDict

from ippfast.codec import Attribute, AttributeGroup, Message, decode, encode
from ippfast.enums import DocumentState, JobState, PrinterState, ResourceState
from ippfast.http.jobs import ENDED
from ippfast.tags import DelimiterTag

__all__ = [
    "ACTIVE",
    "ENDED",
    "EVENTS",
    "RESOURCE_ENDED",
    "SYSTEM",
    "SYSTEM_EVENTS",
    "WAITING",
    "Changes",
    "Created",
    "Document",
    "DocumentChanges",
    "Event",
    "Job",
    "Lease",
    "LeaseCounts",
    "NewDocument",
    "NewJob",
    "NewResource",
    "NewSubscription",
    "QueueState",
    "Resource",
    "ResourceChanges",
    "Subscription",
    "Told",
    "dated",
    "pack",
    "pages_of_all",
    "pages_with",
    "stops",
    "subscribed_event",
    "told_as",
    "told_state",
    "unpack",
]

ACTIVE = (JobState.PENDING, JobState.PENDING_HELD, JobState.PROCESSING, JobState.PROCESSING_STOPPED)
"""The states of a job that has not ended."""

WAITING = (JobState.PENDING, JobState.PENDING_HELD)
"""The states of a job that is not being processed."""

SYSTEM = "/system"
"""The queue of the system itself: it has the system's settings and resources, and its subscriptions get events of all
queues."""

RESOURCE_ENDED = (ResourceState.CANCELED, ResourceState.ABORTED)
"""The states that a resource does not leave (PWG 5100.22)."""

_PARENTS = {  # RFC 3995 section 5.3.3.4: a subscription to the event on the right gets the one on the left, too
    "job-created": "job-state-changed",
    "job-completed": "job-state-changed",
    "job-stopped": "job-state-changed",
    "job-state-changed": None,
    "job-config-changed": None,
    "job-progress": None,
    "printer-restarted": "printer-state-changed",
    "printer-shutdown": "printer-state-changed",
    "printer-stopped": "printer-state-changed",
    "printer-state-changed": None,
    "printer-finishings-changed": "printer-config-changed",
    "printer-media-changed": "printer-config-changed",
    "printer-config-changed": None,
    "printer-queue-order-changed": None,
}
EVENTS = tuple(_PARENTS)
"""The events of a printer: notify-events-supported without ``none``."""

_SYSTEM_PARENTS = {  # PWG 5100.22
    "printer-created": None,
    "printer-deleted": None,
    "resource-created": "resource-state-changed",
    "resource-installed": "resource-state-changed",
    "resource-canceled": "resource-state-changed",
    "resource-state-changed": None,
    "resource-config-changed": None,
    "system-restarted": "system-state-changed",
    "system-shutdown": "system-state-changed",
    "system-stopped": "system-state-changed",
    "system-state-changed": None,
    "system-config-changed": None,
}
SYSTEM_EVENTS = (*EVENTS, *_SYSTEM_PARENTS)
"""The events of a system: those of its printers, and its own."""

_ALL_PARENTS: dict[str, str | None] = {**_PARENTS, **_SYSTEM_PARENTS}


def subscribed_event(events: Iterable[str], name: str) -> str | None:
    """The event among a subscription's events that an event is, or is a kind of. None: it is none of them."""
    if name in events:
        return name
    parent = _ALL_PARENTS.get(name)
    return parent if parent is not None and parent in events else None


def told_as(events: Iterable[str]) -> list[str]:
    """The names of all events that a subscription to these events gets."""
    wanted = frozenset(events)
    return [name for name in SYSTEM_EVENTS if subscribed_event(wanted, name) is not None]


def told_state(state: JobState, reasons: Iterable[str]) -> JobState:
    """A job's state for clients: if its device has stopped, the job is processing-stopped, and goes on by itself later
    (RFC 8011 section 5.3.7)."""
    return JobState.PROCESSING_STOPPED if state == JobState.PROCESSING and "printer-stopped" in reasons else state


def pages_of_all(documents: "Iterable[NewDocument | Document]") -> int | None:
    """The pages of all documents together; None: they are not known for a document, or there are no documents."""
    counts = [each.pages for each in documents]
    return sum(each or 0 for each in counts) if counts and None not in counts else None


def pages_with(job: "Job", document: "NewDocument | None") -> int | None:
    """The pages of a job after it gets a document. document: None: it gets none."""
    if document is None:
        return job.pages
    if document.pages is None or (job.documents and job.pages is None):
        return None
    return (job.pages or 0) + document.pages


def stops(reason: str) -> bool:
    """Whether a printer-state-reason is an error, which stops the printer: it has no "-report" or "-warning" (RFC 8011
    section 5.4.12)."""
    return not reason.endswith(("-report", "-warning"))


_STATE = ("paused", "accepting", "hold_new", "down", "pause_after_current", "device_reasons")


def dated(
    settings: Mapping[str, object], tell: Iterable[object], before: Callable[[], Mapping[str, object]], now: float
) -> dict[str, object]:
    """New settings, with the times of the changes that they are: of the printer's state (RFC 8011 section 5.4.13), and
    of its configuration, which is also counted, if an event tells of one. before: gives the settings until now."""
    new = dict(settings)
    if not new.keys().isdisjoint(_STATE):
        new["state_changed"] = now
    if any(isinstance(name, str) and name.endswith("-config-changed") for name in tell):
        changes = before().get("config_changes")
        new |= {"config_changed": now, "config_changes": (changes if isinstance(changes, int) else 0) + 1}
    return new


def pack(attributes: Iterable[Attribute]) -> bytes:
    """Turn attributes into octets: a message with one group."""
    return encode(Message((2, 0), 0, 1, [AttributeGroup(DelimiterTag.JOB, list(attributes))]))


def unpack(octets: bytes) -> AttributeGroup:
    """Turn octets of `pack` into attributes again."""
    return decode(octets).groups[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A new document of a job. key: its key in the document store. octets: its size.

    content: the document itself, if it is small enough to be kept with the job. fenced: whether the key is among the
    uploads (`JobStore.begin_upload`); the job that gets the document removes it from there. pages: None: not known.
    """

    key: str
    octets: int
    format: str
    name: str
    ticket: bytes
    content: bytes | None = None
    fenced: bool = False
    pages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document of a job. number: counted from 1. key: its key in the document store. octets: its size.

    pages: the number that the document states; None: not known.
    """

    job_id: int
    number: int
    key: str
    octets: int
    format: str
    name: str
    state: DocumentState
    created: float
    ticket: bytes
    pages: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A new job; see `Job`."""

    name: str
    user: str
    host: str
    state: JobState = JobState.PENDING
    reasons: tuple[str, ...] = ("none",)
    priority: int = 50
    release: float | None = None
    held: bool = False
    open: bool = False
    ticket: bytes = b""

    def made(
        self, number: int, uuid: str, now: float, position: int, octets: int, documents: int, pages: int | None
    ) -> "Job":
        """The job that a store has just made of this."""
        return Job(
            id=number,
            uuid=uuid,
            state=JobState(self.state),
            reasons=self.reasons,
            message="",
            name=self.name,
            user=self.user,
            host=self.host,
            created=now,
            processing=None,
            completed=None,
            priority=self.priority,
            position=position,
            release=self.release,
            held=self.held,
            open=self.open,
            touched=now,
            attempts=0,
            octets=octets,
            documents=documents,
            output="",
            epoch=0,
            ticket=self.ticket,
            pages=pages,
            impressions=0,
            sheets=0,
        )


class Job(NamedTuple):
    """A job. It is a tuple since thousands are read at once, and a dataclass takes five times as long to make.

    release: when a held job is released by itself, in seconds of `time.time`. held: whether it was held, for example by
    Hold-Job. open: whether it takes further documents. touched: when it was created, got its last document or was
    closed. position: the place in the queue among equal priorities; lower comes first. attempts: how often its
    processing began. octets: the size of all its documents. documents: their number. output: the output's note for its
    next attempt. epoch: the number of its latest lease. ticket: the attributes that the client gave, see `pack`. pages:
    those of all documents; None: not known. impressions, sheets: those completed in this attempt, as reported by the
    output.
    """

    id: int
    uuid: str
    state: JobState
    reasons: tuple[str, ...]
    message: str
    name: str
    user: str
    host: str
    created: float
    processing: float | None
    completed: float | None
    priority: int
    position: int
    release: float | None
    held: bool
    open: bool
    touched: float
    attempts: int
    octets: int
    documents: int
    output: str
    epoch: int
    ticket: bytes
    pages: int | None
    impressions: int
    sheets: int

    @property
    def ended(self) -> bool:
        """Whether the job is canceled, aborted or completed."""
        return self.state in ENDED

    @property
    def attributes(self) -> AttributeGroup:
        """The attributes that the client gave."""
        return unpack(self.ticket)


class Changes(TypedDict, total=False):
    """The fields of a job that `JobStore.change` can change; see `Job`."""

    state: JobState
    reasons: tuple[str, ...]
    message: str
    name: str
    priority: int
    release: float | None
    held: bool
    open: bool
    attempts: int
    output: str
    ticket: bytes
    touched: float
    impressions: int
    sheets: int


class DocumentChanges(TypedDict, total=False):
    """The fields of a document that `JobStore.change_document` can change; see `Document`."""

    name: str
    state: DocumentState
    ticket: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """A new subscription (RFC 3995 section 5.3).

    events: keywords of notify-events. user: its subscriber (notify-subscriber-user-name). attributes: further
    attributes that its events must have (notify-attributes). interval: the least seconds between two job-progress
    events (notify-time-interval); -1: not given. user_uri: the subscriber's URI (requesting-user-uri); "": not given.
    lease: in seconds; 0: it has no end; None: it is a job's. printers, resource_id: only for the system's
    subscriptions: the queues, or the resource, whose events it gets; empty or None: all.
    """

    events: tuple[str, ...]
    user: str
    charset: str = "utf-8"
    language: str = "en"
    user_data: bytes | None = None
    attributes: tuple[str, ...] = ()
    interval: int = -1
    lease: int | None = None
    printers: tuple[str, ...] = ()
    resource_id: int | None = None
    user_uri: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(NewSubscription):
    """A subscription. job_id: the job that it belongs to; None: it is a printer's.

    expires: when it is removed; None: no time is set yet. ended: whether its job or resource has ended; its last events
    can still be fetched.
    """

    id: int
    uuid: str
    job_id: int | None
    expires: float | None
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event, with the state at that time. number: its sequence number in the subscription. name: a keyword of
    notify-events.

    printer: the queue of the event; `SYSTEM`: it is the system's own, and printer_state is the system's. job_...: the
    job of the event; job_id is None if it is not a job's. resource_...: the resource of the event; resource_id is None
    if it is not a resource's.
    """

    number: int
    name: str
    created: float
    printer: str
    printer_state: PrinterState
    printer_reasons: tuple[str, ...]
    accepting: bool
    job_id: int | None
    job_uuid: str
    job_state: JobState
    job_reasons: tuple[str, ...]
    job_message: str
    job_name: str
    job_user: str
    job_octets: int
    job_documents: int
    job_impressions: int
    resource_id: int | None
    resource_state: ResourceState
    resource_reasons: tuple[str, ...]


class Told(NamedTuple):
    """An event of a printer that is caused by a change in the system's queue. printer: the printer's queue.

    "printer-created" and "printer-deleted" also change the list of printers for the system's state.
    """

    name: str
    printer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResource:
    """A new resource; see `Resource`."""

    type: str
    user: str
    name: str = ""
    info: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource of a system (PWG 5100.22), such as an image, strings or a template.

    type: a keyword. format: a media type. language: its strings' language; "": not known. key: the key of its data in
    the document store; "": it has none. octets: their size. uses: the number of printers it is allocated to. ticket:
    the attributes that came with the data, see `pack`.
    """

    id: int
    uuid: str
    type: str
    user: str
    name: str
    info: str
    language: str
    state: ResourceState
    reasons: tuple[str, ...]
    message: str
    format: str
    key: str
    octets: int
    created: float
    installed: float | None
    canceled: float | None
    uses: int
    ticket: bytes

    @property
    def ended(self) -> bool:
        """Whether the resource is canceled or aborted."""
        return self.state in RESOURCE_ENDED


class ResourceChanges(TypedDict, total=False):
    """The fields of a resource that `Resources.change_resource` can change; see `Resource`."""

    state: ResourceState
    reasons: tuple[str, ...]
    message: str
    name: str
    info: str


@dataclass(frozen=True, slots=True)
class Created:
    """A new job, and the subscriptions that were requested with it; None: a limit was reached.

    ahead: the number of jobs that are processed before it.
    """

    job: Job
    ahead: int
    subscriptions: list[Subscription | None]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to process a job. epoch: the lease's number; the store refuses changes with an older number."""

    queue: str
    job: Job
    worker: str
    epoch: int


@dataclass(slots=True)
class LeaseCounts:
    """What this process has counted. claimed: leases of its workers. lost: leases of these that another worker took
    over. taken: jobs that were taken from dead workers."""

    claimed: int = 0
    lost: int = 0
    taken: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, *, claimed: int = 0, lost: int = 0, taken: int = 0) -> None:
        """Add to the counts. Several threads may do so at once."""
        with self._lock:
            self.claimed += claimed
            self.lost += lost
            self.taken += taken


@dataclass(frozen=True, slots=True)
class QueueState:
    """The state of a queue. settings: see `JobStore.set`. active: the number of jobs that have not ended. processing:
    the number of jobs that are being processed."""

    settings: Mapping[str, object] = field(default_factory=dict)
    active: int = 0
    processing: int = 0

    NAMES: ClassVar = (
        "accepting",
        "config_changes",
        "device_message",
        "device_reasons",
        "device_waits",
        "down",
        "hold_new",
        "pause_after_current",
        "paused",
        "state_changed",
    )
    """The settings that the properties below read, and those that tell whether the queue has changed."""

    def flag(self, name: str, default: bool = False) -> bool:
        """A setting as true or false."""
        return bool(self.settings.get(name, default))

    @property
    def down(self) -> bool:
        """Whether the printer is shut down."""
        return self.flag("down")

    @property
    def paused(self) -> bool:
        """Whether no job begins to be processed."""
        return self.flag("paused") or self.down

    @property
    def accepting(self) -> bool:
        """Whether new jobs are accepted."""
        return self.flag("accepting", True) and not self.down

    @property
    def state(self) -> PrinterState:
        """The printer's state (printer-state)."""
        if any(map(stops, self.device_reasons)):  # also if no job waits for it
            return PrinterState.STOPPED
        if self.processing:
            return PrinterState.PROCESSING
        # Pause-Printer-After-Current-Job takes effect when there is no current job.
        return PrinterState.STOPPED if self.paused or self.flag("pause_after_current") else PrinterState.IDLE

    @property
    def device_reasons(self) -> tuple[str, ...]:
        """The printer-state-reasons that the device itself reports (see `device`)."""
        return tuple(str(self.settings.get("device_reasons") or "").split())

    @property
    def message(self) -> str:
        """The reason in words (printer-state-message)."""
        return str(self.settings.get("device_message") or "") if self.flag("device_waits") else ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of the state (printer-state-reasons)."""
        found = []
        if self.down:
            found.append("shutdown")
        found += dict.fromkeys([*str(self.settings.get("device_waits") or "").split(), *self.device_reasons])
        if self.flag("paused") or self.flag("pause_after_current"):  # RFC 8011 section 4.2.7, RFC 3998 section 3.2.1
            found.append("moving-to-paused" if self.processing else "paused")
        if self.flag("hold_new"):
            found.append("hold-new-jobs")
        return tuple(found) or ("none",)
