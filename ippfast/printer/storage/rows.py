"""What a store keeps: jobs, documents, subscriptions, events and the state of a queue, as values.

The rule of this file: a row is a value. It is what the store had when it was asked, it never changes, and it says
nothing of how or where it is kept. Moments are those of the store's clock, in seconds, unless they are said to be
others.
"""

import threading
from collections.abc import Iterable, Mapping
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
"""The queue of a service itself: it has its settings and resources, and its subscriptions hear of all queues."""

RESOURCE_ENDED = (ResourceState.CANCELED, ResourceState.ABORTED)
"""The states that a resource does not leave (PWG 5100.22)."""

_PARENTS = {  # RFC 3995 section 5.3.3.4: whoever subscribed to the one on the right hears of the one on the left
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
"""The events that a printer can tell of: notify-events-supported without ``none``."""

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
"""The events that a system can tell of: those of its printers, and its own."""

_ALL_PARENTS: dict[str, str | None] = {**_PARENTS, **_SYSTEM_PARENTS}


def subscribed_event(events: Iterable[str], name: str) -> str | None:
    """Which of a subscription's events an event is: the same one, or the one it belongs to. None: it is none."""
    if name in events:
        return name
    parent = _ALL_PARENTS.get(name)
    return parent if parent is not None and parent in events else None


def told_as(events: Iterable[str]) -> list[str]:
    """The names of all events that a subscription to these events hears of."""
    wanted = frozenset(events)
    return [name for name in SYSTEM_EVENTS if subscribed_event(wanted, name) is not None]


def told_state(state: JobState, reasons: Iterable[str]) -> JobState:
    """What a job's state is for clients: a job whose device has stopped has stopped too, and goes on by itself then
    (RFC 8011 section 5.3.7)."""
    return JobState.PROCESSING_STOPPED if state == JobState.PROCESSING and "printer-stopped" in reasons else state


def pages_of_all(documents: "Iterable[NewDocument | Document]") -> int | None:
    """The pages of documents together; None: of one they are not known, or there is none."""
    counts = [each.pages for each in documents]
    return sum(each or 0 for each in counts) if counts and None not in counts else None


def pages_with(job: "Job", document: "NewDocument | None") -> int | None:
    """The pages of a job that gets a document, or none."""
    if document is None:
        return job.pages
    if document.pages is None or (job.documents and job.pages is None):
        return None
    return (job.pages or 0) + document.pages


def stops(reason: str) -> bool:
    """Whether a printer cannot go on for a reason (RFC 8011 section 5.4.12): without a suffix, it is an error."""
    return not reason.endswith(("-report", "-warning"))


def pack(attributes: Iterable[Attribute]) -> bytes:
    """Attributes as octets: a message with one group."""
    return encode(Message((2, 0), 0, 1, [AttributeGroup(DelimiterTag.JOB, list(attributes))]))


def unpack(octets: bytes) -> AttributeGroup:
    """What `pack` made into octets."""
    return decode(octets).groups[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document that a job is to get. key: where the document store has it. octets: its size.

    content: the document itself, if it is small enough to be kept with the job. fenced: the key stands among the
    uploads (`JobStore.begin_upload`); the job that gets the document takes it from there. pages: None: not known.
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
    """A document of a job. number: from 1. key: where the document store has it. octets: its size.

    pages: how many it says that it has; None: that is not known.
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
    """What a job begins with; see `Job`."""

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


class Job(NamedTuple):
    """A job. It is a tuple since thousands are read at once, and a dataclass takes five times as long to make.

    release: when a held job goes on by itself, as `time.time` counts. held: whether it was held by Hold-Job or the
    like. open: whether it takes further documents. touched: when it last got one. position: the place in the queue
    among equal priorities; lower comes first. attempts: how often it was begun. octets: of all its documents.
    documents: how many. output: what the output has noted of the job for its next attempt. epoch: the number of the
    latest lease. ticket: the attributes that the client gave, see `pack`. pages: of all documents; None: of one
    they are not known. impressions, sheets: how many are done, in this attempt, as far as the output has told.
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
        """Whether it is canceled, aborted or completed."""
        return self.state in ENDED

    @property
    def attributes(self) -> AttributeGroup:
        """The attributes that the client gave."""
        return unpack(self.ticket)


class Changes(TypedDict, total=False):
    """What `JobStore.change` can change of a job; see `Job`."""

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
    """What `JobStore.change_document` can change of a document; see `Document`."""

    name: str
    state: DocumentState
    ticket: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """What a subscription begins with (RFC 3995 section 5.3).

    events: keywords of notify-events. user: whose it is. attributes: of which attributes an event is to tell besides
    (notify-attributes). interval: the least seconds between two events of job-progress (notify-time-interval); -1: not
    asked for. user_uri: whose it is by requesting-user-uri; nothing: that was not given. lease: seconds; 0 has no
    end; None for the subscription of a job. printers: of the system's, the queues whose events alone it hears; none:
    all of them. resource_id: of the system's, the resource whose events alone it hears.
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
    """A subscription. job_id: of the job that it belongs to; None: it is the printer's.

    expires: when it ends; None: that is not known. ended: no more events come; its last ones may still be fetched.
    """

    id: int
    uuid: str
    job_id: int | None
    expires: float | None
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, as it was then. number: of the subscription that was asked for. name: a keyword of notify-events.

    printer: the queue in which it happened; `SYSTEM`: it happened to the system itself, and printer_state is its.
    job_id and the like: of the job that it happened to; None: it happened to the printer. resource_id and the like: of
    the resource that it happened to, if it was one.
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
    """An event that a change in the system's queue is for a printer: its name, and the printer's queue.

    "printer-created" and "printer-deleted" say which printers there are, for the system's state.
    """

    name: str
    printer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResource:
    """What a resource begins with; see `Resource`."""

    type: str
    user: str
    name: str = ""
    info: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource of a system (PWG 5100.22): a picture, strings, a template.

    type, format: keyword and media type, both ours. language: of its strings; nothing if that is not known. key: where
    the document store has its data; nothing: there are none. octets: their size. uses: how many printers it is
    allocated to. ticket: the attributes that came with the data, see `pack`.
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
        """Whether it is canceled or aborted."""
        return self.state in RESOURCE_ENDED


class ResourceChanges(TypedDict, total=False):
    """What `Resources.change_resource` can change of a resource; see `Resource`."""

    state: ResourceState
    reasons: tuple[str, ...]
    message: str
    name: str
    info: str


@dataclass(frozen=True, slots=True)
class Created:
    """A new job, and the subscriptions that came with it; None: there were as many as there may be.

    ahead: how many jobs are to be processed before it.
    """

    job: Job
    ahead: int
    subscriptions: list[Subscription | None]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to process a job. epoch: the number of the lease, by which the store knows an old one."""

    queue: str
    job: Job
    worker: str
    epoch: int


@dataclass(slots=True)
class LeaseCounts:
    """What this process has seen of leases. claimed: jobs begun. lost: of these, those that another worker took over
    before they were done. taken: jobs that were taken from workers that had died."""

    claimed: int = 0
    lost: int = 0
    taken: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, *, claimed: int = 0, lost: int = 0, taken: int = 0) -> None:
        """Count these, too. Several workers may do so at once."""
        with self._lock:
            self.claimed += claimed
            self.lost += lost
            self.taken += taken


@dataclass(frozen=True, slots=True)
class QueueState:
    """The state of a queue. settings: what was set (`JobStore.set`). active: how many jobs have not ended.
    processing: how many are being processed."""

    settings: Mapping[str, object] = field(default_factory=dict)
    active: int = 0
    processing: int = 0

    NAMES: ClassVar = (
        "accepting",
        "config_changes",
        "device_message",
        "device_waits",
        "down",
        "hold_new",
        "paused",
        "state_changed",
    )
    """The settings that it looks at, and those that say whether another look is worth it."""

    def flag(self, name: str, default: bool = False) -> bool:
        """A setting that is true or false."""
        return bool(self.settings.get(name, default))

    @property
    def down(self) -> bool:
        """Whether the printer is shut down."""
        return self.flag("down")

    @property
    def paused(self) -> bool:
        """Whether no job is begun."""
        return self.flag("paused") or self.down

    @property
    def accepting(self) -> bool:
        """Whether new jobs are taken."""
        return self.flag("accepting", True) and not self.down

    @property
    def state(self) -> PrinterState:
        """What the printer does (printer-state)."""
        if any(map(stops, self.device_reasons)):  # whether a job waits for it or not
            return PrinterState.STOPPED
        if self.processing:
            return PrinterState.PROCESSING
        # Pause-Printer-After-Current-Job holds from the moment on that there is no current job.
        return PrinterState.STOPPED if self.paused or self.flag("pause_after_current") else PrinterState.IDLE

    @property
    def device_reasons(self) -> tuple[str, ...]:
        """What the device itself says (see `device`), in keywords of printer-state-reasons."""
        return tuple(str(self.settings.get("device_reasons") or "").split())

    @property
    def message(self) -> str:
        """Why in words (printer-state-message)."""
        return str(self.settings.get("device_message") or "") if self.flag("device_waits") else ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why (printer-state-reasons)."""
        found = []
        if self.down:
            found.append("shutdown")
        found += dict.fromkeys([*str(self.settings.get("device_waits") or "").split(), *self.device_reasons])
        if self.flag("paused") or self.flag("pause_after_current"):  # RFC 8011 section 4.2.7, RFC 3998 section 3.2.1
            found.append("moving-to-paused" if self.processing else "paused")
        if self.flag("hold_new"):
            found.append("hold-new-jobs")
        return tuple(found) or ("none",)
