"""The seam: what a printer asks of whatever keeps its jobs and documents.

The rule of this file: a promise stands here once, and every implementation keeps it: `tests/printer/contract.py` asks
each of them. Whoever uses a store knows these names and no others; there is no connection, path or lock of a store's
outside it, and what fails in it is a `StorageError`.

| protocol | what it keeps |
|---|---|
| `Storage` | the four others, and the queues |
| `JobStore` | one queue: jobs, limits, settings, subscriptions and events, each change in one transaction |
| `Subscriptions`, `Resources` | parts of it: who hears of what; the resources of a system |
| `DocumentStore` | the documents' octets |
| `Leases` | who processes which job |
| `Bus` | hints that something has changed |
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, Unpack

from ippfast.enums import DocumentState, JobState, ResourceState
from ippfast.http.events import Buffer

from .limits import UNLIMITED, Limits
from .rows import (
    ACTIVE,
    ENDED,
    WAITING,
    Changes,
    Created,
    Document,
    DocumentChanges,
    Event,
    Job,
    Lease,
    LeaseCounts,
    NewDocument,
    NewJob,
    NewResource,
    NewSubscription,
    QueueState,
    Resource,
    ResourceChanges,
    Subscription,
    Told,
)

__all__ = [
    "MAX_ATTEMPTS",
    "Bus",
    "DocumentStore",
    "IncomingDocument",
    "JobStore",
    "Leases",
    "Resources",
    "Storage",
    "StorageBusy",
    "StorageError",
    "Subscriptions",
    "TooLarge",
    "Unsaid",
]

MAX_ATTEMPTS = 3
"""How many times a job is started if the server is killed while processing it."""


class StorageError(Exception):
    """The store cannot do that now. Nothing of it was done, unless it is `Unsaid`."""


class Unsaid(StorageError):
    """The answer to a commit was lost on the way: whether it was kept is not known."""


class StorageBusy(StorageError, BlockingIOError):
    """Another server uses the storage, and it is not shared."""


class TooLarge(Exception):
    """A document is larger than it may be. limit: in octets."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class Subscriptions(Protocol):
    """Who wants to hear of what happens in a queue, and what did (RFC 3995, RFC 3996).

    An event is written in the transaction of the change that it tells of, from the rows as the change has left them,
    so that no order of threads and no crash can lose one. The events of a subscription are numbered from 1 in the order
    of those transactions, without gaps. An event can be fetched for `life` seconds. A subscription to a job ends in
    the transaction that ends the job.
    """

    life: int
    """How many seconds an event can be fetched at least: more than ippget-event-life (RFC 3996 section 8.1)."""

    def subscribe(
        self, new: Sequence[NewSubscription], *, job_id: int | None = None, limits: Limits = UNLIMITED
    ) -> list[Subscription | None] | None:
        """Begin subscriptions, to a job or to the printer. An item is None if there are as many as there may be.

        Returns None if there is no such job, or it has ended.
        """

    def subscription(self, subscription_id: int) -> Subscription | None:
        """The subscription with that number, unless it has expired."""

    def subscriptions(
        self, *, job_id: int | None = None, user: str | None = None, limit: int | None = None
    ) -> list[Subscription]:
        """The subscriptions of a job, or those of the printer itself. user: of that user alone."""

    def count_subscriptions(self) -> int:
        """How many there are."""

    def renew(self, subscription_id: int, lease: int) -> Subscription | None:
        """Give a printer's subscription a new lease from now on. None: there is none with that number."""

    def unsubscribe(self, subscription_id: int) -> bool:
        """End a subscription at once. Returns whether there was one."""

    def sequence(self, subscription: Subscription) -> int:
        """The number of a subscription's latest event; 0: there was none yet."""

    def events(self, subscription: Subscription, first: int = 1) -> list[Event]:
        """The events of a subscription that can still be fetched, from the number `first` on, oldest first.

        They may be many: then these are the first of them.
        """

    def expire(self) -> None:
        """Forget the subscriptions and events that have had their time."""


class Resources(Protocol):
    """The resources of a system (PWG 5100.22), which are kept in the queue `SYSTEM`.

    Each change is one transaction, with its events. A resource that is canceled while printers have it goes on until
    the last of them lets it go.
    """

    def create_resource(
        self,
        new: NewResource,
        subscriptions: Sequence[NewSubscription] = (),
        *,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("resource-created",),
    ) -> tuple[Resource, list[Subscription | None]]:
        """Begin a resource, and subscriptions to it. Of ended ones the newest 100 are remembered.

        Raises LimitReached.
        """

    def attach_resource(
        self, resource_id: int, data: NewDocument, tell: Sequence[str] = ("resource-state-changed",)
    ) -> Resource | None:
        """Give a pending resource its data, with their format and ticket: it is available. None: it is not pending."""

    def change_resource(
        self,
        resource_id: int,
        states: Sequence[ResourceState],
        *,
        tell: Sequence[str] = (),
        **changes: Unpack[ResourceChanges],
    ) -> Resource | None:
        """Change a resource that is in one of these states. The resource as it is then; None: it was in another."""

    def cancel_resource(self, resource_id: int, message: str = "") -> tuple[Resource | None, list[str]]:
        """Cancel a resource, or have it canceled as soon as no printer has it any more.

        Returns the resource, None: it has ended; and the keys of documents that nothing has any more.
        """

    def allocate(self, printer: str, resource_ids: Sequence[int], *, most: int | None = None) -> bool:
        """Give installed resources to a printer, named by its queue, all or none.

        Returns whether all could be given: they are installed, and are not to be canceled. Raises LimitReached.
        """

    def deallocate(self, printer: str, resource_ids: Sequence[int] | None = None) -> tuple[bool, list[str]]:
        """Take resources from a printer, all or none; without numbers all that it has.

        Returns whether it had all of them, and the keys of documents that nothing has any more.
        """

    def resource(self, resource_id: int) -> Resource | None:
        """The resource with that number."""

    def resources(self) -> list[Resource]:
        """All resources that are remembered, in the order of their numbers."""

    def allocated(self) -> dict[str, tuple[int, ...]]:
        """The numbers of the resources of each printer that has any, by its queue."""


class JobStore(Subscriptions, Resources, Protocol):
    """The jobs of one queue. Any number of threads, processes and hosts may use it.

    Each method that changes something is one transaction: the job, its documents' rows, the limits, the subscriptions
    and the events of the change are kept together or not at all. When it returns, they are kept whatever happens next.
    A job-id is never given twice. Reads never wait for a change.

    tell: the names of events that the change is; those about a job belong to the job that was changed. A method that
    changes nothing tells nothing.
    """

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
        """Begin a job, held if the queue's "hold_new" is set. copy_of: it gets the documents of that job too.

        Raises LimitReached.
        """

    def attach(
        self,
        job_id: int,
        document: NewDocument | None,
        *,
        last: bool,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("job-state-changed",),
    ) -> Job | None:
        """Give an open job a document, or none, and close it with the last one. None: the job takes no more.

        A closed job that waited for documents alone is pending with the reason "none", and that is told. Raises
        LimitReached.
        """

    def change(
        self,
        job_id: int,
        states: Sequence[JobState],
        *,
        epoch: int | None = None,
        tell: Sequence[str] = (),
        **changes: Unpack[Changes],
    ) -> Job | None:
        """Change a job that is in one of these states. The job as it is then; None: it was in another.

        epoch: only if that is still the number of its latest lease. The store sets the moments of a new state.
        """

    def restart(
        self,
        job_id: int,
        *,
        held: bool,
        release: float | None,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("job-state-changed",),
    ) -> Job | None:
        """Have an ended job processed again, behind all others. None: it has not ended, or has no documents.

        Raises LimitReached: a restarted job counts as a new one.
        """

    def change_document(
        self,
        job_id: int,
        number: int,
        *,
        of: Sequence[JobState] = WAITING,
        states: Sequence[DocumentState] = tuple(DocumentState),
        **changes: Unpack[DocumentChanges],
    ) -> bool:
        """Change a document that is in one of these states, of a job in one of those. Returns whether it was."""

    def reorder(self, job_id: int, after: int | None, tell: Sequence[str] = ("printer-queue-order-changed",)) -> bool:
        """Put a pending job behind another one, or before all. Returns whether it could be."""

    def remove(self, job_ids: Sequence[int]) -> list[str]:
        """Forget ended jobs. Returns the keys of documents that no job has any more."""

    def set(self, tell: Sequence[str | Told] = (), **settings: object) -> None:
        """Remember numbers, strings or octets. The setting "state_changed" follows what is set of the state.

        "config_changed" and "config_changes" follow what is told of the configuration (an event "...-config-changed").
        """

    def add(self, settings: Mapping[str, object], tell: Mapping[str, str | Told] | None = None) -> list[str]:
        """Remember settings, but for those of which there is one of that name. Returns the names that are new.

        tell: the event of each that is new.
        """

    def advance(self, name: str, by: int = 1) -> int:
        """Add to a setting that is a number, from 0, and return what it is then. No two callers get the same."""

    def forget(self, names: Sequence[str], tell: Sequence[str | Told] = ()) -> None:
        """Remember these settings no longer."""

    def begin_upload(self, key: str) -> None:
        """A document is on its way into a document store that cannot tell what is received from what is left over."""

    def doom_uploads(self, older: float) -> list[str]:
        """The keys of uploads that began more than `older` seconds ago. No job gets any of them from now on."""

    def end_uploads(self, keys: Iterable[str]) -> None:
        """The documents with these keys are removed: forget the uploads."""

    # Reads.

    def now(self) -> float:
        """The store's clock. It is one for all processes, and goes on however a host's clock is set."""

    def state(self) -> QueueState:
        """The settings, and how many jobs there are."""

    def job(self, job_id: int) -> Job | None:
        """The job with that number, or None."""

    def jobs(
        self,
        states: Sequence[JobState] = (*ACTIVE, *ENDED),
        *,
        user: str | None = None,
        ids: Sequence[int] | None = None,
        limit: int | None = None,
        first: int = 1,
    ) -> list[Job]:
        """Jobs in some states: first those not ended, in the order of processing, then the others, newest first.

        user: of that user alone. ids: of these alone. first: leave out those before the first-th. limit: no more.
        """

    def count(self, states: Sequence[JobState] = ACTIVE, *, user: str | None = None) -> int:
        """How many jobs are in these states, of one user or of all."""

    def octets_of(self, user: str) -> int:
        """The size of all documents of a user's jobs that have not ended."""

    def documents(self, job_id: int) -> list[Document]:
        """The documents of a job in their order."""

    def ahead_of(self, jobs: Sequence[Job]) -> list[int]:
        """How many jobs are to be processed before each of these (number-of-intervening-jobs)."""

    def timed(self) -> list[Job]:
        """The jobs to which something happens at some time: they wait for documents, or for the end of a hold."""

    def oldest_ended(self, keep: int) -> list[int]:
        """The numbers of the ended jobs beyond the newest ones that are kept."""

    def knows_key(self, key: str) -> bool:
        """Whether a job or a resource has the document with that key."""

    def content(self, key: str) -> bytes | None:
        """A document that was kept with its job; None: there is none with that key."""


class IncomingDocument(Protocol):
    """A document on its way into the store. Use it as a context manager: without `keep` nothing is left of it.

    key: under which it is found later. octets: how many it has. head: the first of them, a kilobyte at most. content:
    all of it, if it is small and belongs into the job's transaction. fenced: see `NewDocument`.
    """

    key: str
    octets: int
    head: bytes
    content: bytes | None
    fenced: bool

    def write(self, pieces: Iterable[Buffer], limit: int | None) -> None:
        """Write a document. When this returns, it is kept for good, but for a `content`. limit: of its octets.

        Raises TooLarge, OSError, and whatever the pieces raise.
        """

    def keep(self) -> None:
        """A job has it now."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class DocumentStore(Protocol):
    """The documents' octets. Memory stays the same however large one is. Keys say nothing of jobs or clients."""

    def new(self) -> IncomingDocument:
        """A place for a document that is to come."""

    def open(self, key: str, start: int = 0) -> Iterator[Buffer]:
        """A document's octets from that one on. Raises OSError if there is none with that key."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A file that has the document, for what needs one. It is not to be changed. Raises OSError."""

    def remove(self, keys: Iterable[str]) -> None:
        """Remove documents that no job has."""

    def clean(self) -> int:
        """Remove what killed servers left behind before any job had it. Returns how many documents that were."""


class Leases(Protocol):
    """Who processes which job: one job of a queue at a time, and a job by one worker at a time.

    A worker that has died loses its leases; what it still does to a job's record is refused by the lease's epoch.
    """

    counts: LeaseCounts
    """What this process has seen of them."""

    def begin(self, worker: str, *, shared: bool) -> None:
        """A worker begins. Raises StorageBusy if another has the storage, and it or this one does not share it."""

    def claim(self, worker: str, queues: Sequence[str] | None = None) -> Lease | None:
        """Begin the next job that is to be processed, of one of these queues or of any; None: there is none.

        A worker has one job at a time: one that it has not ended, since an answer of the store got lost, begins anew.
        The job is processing then, and the events "job-state-changed" and "printer-state-changed" are told.
        """

    def pass_through(self, worker: str, queue: str) -> int:
        """Begin and complete the next jobs of a queue whose output has nothing to do, and tell of both.

        That is as if each was claimed and ended. Returns how many there were: a part of those that wait.
        """

    def renew(self, lease: Lease) -> bool:
        """Keep a lease. False: it is lost, and the worker is to stop."""

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
        """The job is done with, or to be begun again: as it is then. None: the lease was lost, and nothing is changed.

        go_on: claim the queue's next job in the same transaction, unless the queue's "pause_after_current" is set.
        """

    def reap(self) -> int:
        """Take the jobs from workers that have died: they are begun anew, or end after MAX_ATTEMPTS.

        Returns how many there were.
        """

    def close(self, worker: str) -> None:
        """The worker ends. Its jobs are begun anew by another."""


class Bus(Protocol):
    """Hints that something in a queue has changed. One may be lost or come late: whoever waits looks again anyway."""

    def wake(self, queue: str) -> None:
        """Something has changed."""

    def listen(self, queue: str | None, hear: Callable[[], None]) -> Callable[[], None]:
        """Call `hear`, from any thread, after something has changed; it must not wait. Returns what ends that.

        queue: None: any of them.
        """


class Storage(Protocol):
    """All that a print service keeps, with any number of queues. shared: other processes use it at the same time."""

    @property
    def documents(self) -> DocumentStore:
        """The documents of all queues."""

    @property
    def leases(self) -> Leases:
        """The leases of all queues' jobs."""

    @property
    def bus(self) -> Bus:
        """The hints."""

    @property
    def scratch(self) -> Path:
        """A directory of this host for the notes that outputs make."""

    def queue(self, name: str) -> JobStore:
        """The queue of that name, which is made if it is not there."""

    def queues(self, *, active: bool = False) -> list[str]:
        """The names of the queues that there are. active: of those with jobs that have not ended alone."""

    def states(self) -> dict[str, QueueState]:
        """The states of all queues that were ever asked for, by name, as `QueueState` needs them and no more."""

    def states_of(self, names: Sequence[str]) -> dict[str, QueueState]:
        """The states of these queues, by name, with all that was set: what `JobStore.state` says of each."""

    def queue_of(self, job_id: int) -> str | None:
        """The queue that has the job with that number; None: there is none."""

    def close(self) -> None:
        """Be done with it."""
