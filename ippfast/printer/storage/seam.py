"""The interface between a printer and the store of its jobs and documents.

The rule of this file: every implementation keeps the promises that are written here, and `tests/printer/contract.py`
checks each of them. A printer uses only these names; connections, paths and locks stay in the store, and a failure in
it is a `StorageError`.

| protocol | what it keeps |
|---|---|
| `Storage` | all queues, and the documents, leases and hints below |
| `JobStore` | one queue: its jobs, limits, settings, subscriptions and events; each change is one transaction |
| `Subscriptions`, `Resources` | parts of it: subscriptions with their events; the resources of a system |
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
"""How often a job is begun if the server is killed while processing it."""


class StorageError(Exception):
    """The store can't do that now. Nothing was changed, unless it is `Unsaid`."""


class Unsaid(StorageError):
    """The answer to a commit was lost: it is not known whether the change was kept."""


class StorageBusy(StorageError, BlockingIOError):
    """Another server uses the storage, and it is not shared."""


class TooLarge(Exception):
    """A document is too large. limit: in octets."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class Subscriptions(Protocol):
    """The subscriptions of a queue, and their events (RFC 3995, RFC 3996).

    An event is written in the transaction of its change, from the rows after the change, so that no crash can lose one.
    The events of a subscription are numbered from 1 in the order of these transactions, without gaps. A subscription to
    a job ends in the transaction that ends the job.
    """

    life: int
    """An event can be fetched for this many seconds, unless very many follow: more than ippget-event-life (RFC 3996
    section 8.1)."""

    def subscribe(
        self, new: Sequence[NewSubscription], *, job_id: int | None = None, limits: Limits = UNLIMITED
    ) -> list[Subscription | None] | None:
        """Make subscriptions, to a job or to the printer. An item is None if a limit was reached.

        Returns None if there is no such job or it has ended.
        """

    def subscription(self, subscription_id: int) -> Subscription | None:
        """The subscription with this number; None if there is none, or it has expired."""

    def subscriptions(
        self, *, job_id: int | None = None, user: str | None = None, limit: int | None = None
    ) -> list[Subscription]:
        """The subscriptions of a job, or those of the printer itself. user: only this user's."""

    def count_subscriptions(self) -> int:
        """The number of subscriptions in the queue."""

    def renew(self, subscription_id: int, lease: int) -> Subscription | None:
        """Give a printer's subscription a new lease from now on. None: there is no such subscription."""

    def unsubscribe(self, subscription_id: int) -> bool:
        """End a subscription at once. Returns whether there was one."""

    def sequence(self, subscription: Subscription) -> int:
        """The number of a subscription's latest event; 0: there is none yet."""

    def events(self, subscription: Subscription, first: int = 1) -> list[Event]:
        """The events of a subscription that can be fetched, from the number `first` on, oldest first.

        If there are very many, only the first of them are returned.
        """

    def expire(self) -> None:
        """Remove the subscriptions and events whose time is over."""


class Resources(Protocol):
    """The resources of a system (PWG 5100.22), which are kept in the queue `SYSTEM`.

    Each change is one transaction, with its events. A resource that is canceled while it is allocated to printers is
    kept until none of them has it.
    """

    def create_resource(
        self,
        new: NewResource,
        subscriptions: Sequence[NewSubscription] = (),
        *,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("resource-created",),
    ) -> tuple[Resource, list[Subscription | None]]:
        """Make a resource, and subscriptions to it. The newest 100 ended resources are kept.

        Raises LimitReached.
        """

    def attach_resource(
        self, resource_id: int, data: NewDocument, tell: Sequence[str] = ("resource-state-changed",)
    ) -> Resource | None:
        """Give a pending resource its data, with format and ticket; it is available then. None: it was not pending."""

    def change_resource(
        self,
        resource_id: int,
        states: Sequence[ResourceState],
        *,
        tell: Sequence[str] = (),
        **changes: Unpack[ResourceChanges],
    ) -> Resource | None:
        """Change a resource that is in one of these states. Returns the changed resource; None: it was in another
        state."""

    def cancel_resource(self, resource_id: int, message: str = "") -> tuple[Resource | None, list[str]]:
        """Cancel a resource, at once or as soon as no printer has it.

        Returns the resource (None: it has ended), and the keys of documents that are not used any more.
        """

    def allocate(self, printer: str, resource_ids: Sequence[int], *, most: int | None = None) -> bool:
        """Allocate installed resources to a printer, all or none. printer: its queue. most: the most that a printer may
        have.

        Returns False if a resource is not installed, or is to be canceled. Raises LimitReached.
        """

    def deallocate(self, printer: str, resource_ids: Sequence[int] | None = None) -> tuple[bool, list[str]]:
        """Deallocate resources from a printer, all or none. resource_ids: None: all that it has.

        Returns whether it had all of them, and the keys of documents that are not used any more.
        """

    def resource(self, resource_id: int) -> Resource | None:
        """The resource with this number, or None."""

    def resources(self) -> list[Resource]:
        """All resources, in the order of their numbers."""

    def allocated(self) -> dict[str, tuple[int, ...]]:
        """The numbers of each printer's resources, by its queue; without the printers that have none."""


class JobStore(Subscriptions, Resources, Protocol):
    """The jobs of one queue. Any number of threads, processes and hosts may use it together.

    Each method that changes something is one transaction: the job, its documents' rows, the limits, the subscriptions
    and the events of the change are kept together or not at all. When it returns, they are kept even if the process is
    killed. A job-id is never given twice. Reads of jobs and documents don't wait for changes.

    tell: the names of the events of the change; events of a job are about the changed job. A method that changes
    nothing makes no events.
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
        """Make a job, which is held if the queue's "hold_new" is set. copy_of: it also gets the documents of this job.

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
        """Give an open job a document (None: none). last: close the job. Returns None if the job takes no documents.

        If a job was only waiting for documents and is closed, its reason becomes "none", with the events `tell`. Raises
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
        """Change a job that is in one of these states. Returns the changed job; None: it was in another state.

        epoch: change it only if this is the number of its latest lease. The store sets the times of a new state.
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
        """Make an ended job pending or held again, after all others. None: it has not ended, or has no documents.

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
        """Change a document. of: only if its job is in one of these states. states: only if it is in one of these
        itself. Returns whether it was changed."""

    def reorder(self, job_id: int, after: int | None, tell: Sequence[str] = ("printer-queue-order-changed",)) -> bool:
        """Move a waiting job after another one. after: None: before all. Returns whether both jobs were waiting."""

    def remove(self, job_ids: Sequence[int]) -> list[str]:
        """Remove ended jobs. Returns the keys of documents that no job has any more."""

    def set(self, tell: Sequence[str | Told] = (), **settings: object) -> None:
        """Keep settings: numbers, strings or octets. A setting of the state also sets "state_changed".

        An event "...-config-changed" also sets "config_changed" and increments "config_changes".
        """

    def add(self, settings: Mapping[str, object], tell: Mapping[str, str | Told] | None = None) -> list[str]:
        """Keep those settings whose names are new. Returns the new names.

        tell: the event of each new name.
        """

    def advance(self, name: str, by: int = 1) -> int:
        """Add to a setting that is a number (0 if it is not set), and return the sum. No two calls get the same sum."""

    def forget(self, names: Sequence[str], tell: Sequence[str | Told] = ()) -> None:
        """Remove these settings."""

    def begin_upload(self, key: str) -> None:
        """Note that a document is being uploaded, for a document store that can't find out what killed servers left."""

    def doom_uploads(self, older: float) -> list[str]:
        """Return the keys of uploads that began more than `older` seconds ago. From now on no job can get them."""

    def end_uploads(self, keys: Iterable[str]) -> None:
        """Remove the notes of uploads, since their documents are removed."""

    # Reads.

    def now(self) -> float:
        """The time of the store's clock, which all processes share. Setting a host's clock does not change it."""

    def state(self) -> QueueState:
        """The settings, and how many jobs there are."""

    def state_lately(self) -> QueueState:
        """The state at some time in the last second, for a check that a transaction repeats.

        It is the current state if jobs are not accepted, or if this process has just changed it.
        """

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
        """Jobs in these states: first those that have not ended, in the order of processing, then the others, newest
        first.

        user: only this user's. ids: only these. first: start with this one, counted from 1. limit: the most jobs.
        """

    def count(self, states: Sequence[JobState] = ACTIVE, *, user: str | None = None) -> int:
        """The number of jobs in these states. user: only this user's."""

    def octets_of(self, user: str) -> int:
        """The size of all documents of a user's jobs that have not ended."""

    def documents(self, job_id: int) -> list[Document]:
        """The documents of a job, in order."""

    def ahead_of(self, jobs: Sequence[Job]) -> list[int]:
        """The number of jobs that are processed before each of these (number-of-intervening-jobs)."""

    def timed(self) -> list[Job]:
        """The jobs that change by themselves at some time: they wait for documents, or for the end of a hold."""

    def oldest_ended(self, keep: int) -> list[int]:
        """The numbers of the ended jobs, except the newest `keep`."""

    def knows_key(self, key: str) -> bool:
        """Whether a job or a resource has the document with this key."""

    def content(self, key: str) -> bytes | None:
        """The document with this key if it was kept with its job, otherwise None."""


class IncomingDocument(Protocol):
    """A document that is being received. Use it as a context manager: without `keep` the document is removed at the
    end.

    key: its key in the document store. octets: its size. head: its first kilobyte. content: the whole document, if it
    is small and is kept with the job. fenced: see `NewDocument`.
    """

    key: str
    octets: int
    head: bytes
    content: bytes | None
    fenced: bool

    def write(self, pieces: Iterable[Buffer], limit: int | None) -> None:
        """Write a document. When this returns, it is on the disk, unless it is in `content`. limit: the most octets.

        Raises TooLarge, OSError, and what the iterator of pieces raises.
        """

    def keep(self) -> None:
        """Keep the document: a job has it now."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class DocumentStore(Protocol):
    """The documents' octets. A document's size does not change the memory used. Keys tell nothing about jobs or
    clients."""

    def new(self) -> IncomingDocument:
        """Begin to receive a document."""

    def open(self, key: str, start: int = 0) -> Iterator[Buffer]:
        """A document's octets, from the octet `start` on. Raises OSError if there is no document with this key."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A file with the document, for programs that need one. It must not be changed. Raises OSError."""

    def remove(self, keys: Iterable[str]) -> None:
        """Remove documents that no job has."""

    def clean(self) -> int:
        """Remove documents of killed servers that no job has. Returns their number."""


class Leases(Protocol):
    """The leases: which worker processes which job. A queue has one job in process at a time, and a job one worker.

    A worker that is taken for dead loses its leases; if it still changes a job, the lease's epoch makes the store
    refuse that.
    """

    counts: LeaseCounts
    """The counts of this process."""

    def begin(self, worker: str, *, shared: bool) -> None:
        """Add a worker. shared: other servers may use the storage, too. Raises StorageBusy if another server uses it
        and both do not share it."""

    def claim(self, worker: str, queues: Sequence[str] | None = None) -> Lease | None:
        """Begin to process the next job of one of these queues (None: of any). Returns None if there is none.

        A worker has one job at a time: if it has a job that it doesn't know of, since an answer was lost, that job is
        begun again later. The events are "job-state-changed" and "printer-state-changed".
        """

    def pass_through(self, worker: str, queue: str) -> int:
        """Begin and complete the next jobs of a queue whose output has nothing to do, with the events of both.

        The result is the same as claiming and ending each job. Returns their number; more jobs may wait.
        """

    def renew(self, lease: Lease) -> bool:
        """Whether the worker still has the lease. If not, it must stop."""

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
        """End a lease, and give the job this state. Returns the job; None: the lease was lost, and nothing was changed.

        go_on: also claim the queue's next job in the same transaction, unless "pause_after_current" is set. Returns its
        lease, too.
        """

    def reap(self) -> int:
        """Take the jobs from dead workers: they are begun again, or aborted after MAX_ATTEMPTS.

        Returns their number.
        """

    def close(self, worker: str) -> None:
        """Remove a worker. Another worker begins its jobs again."""


class Bus(Protocol):
    """Hints that a queue has changed. A hint may be lost or late, so those who wait must also look now and then."""

    def wake(self, queue: str) -> None:
        """Send a hint: the queue has changed."""

    def listen(self, queue: str | None, hear: Callable[[], None]) -> Callable[[], None]:
        """Call `hear` in any thread after a change; it must not block. Returns a function that ends that.

        queue: None: changes of any queue.
        """


class Storage(Protocol):
    """The whole storage of a print service, with any number of queues."""

    @property
    def documents(self) -> DocumentStore:
        """The documents of all queues."""

    @property
    def leases(self) -> Leases:
        """The leases of all queues' jobs."""

    @property
    def bus(self) -> Bus:
        """The hints of all queues."""

    @property
    def scratch(self) -> Path:
        """A directory of this host for the outputs' notes."""

    def queue(self, name: str) -> JobStore:
        """The queue with this name. It is made if it does not exist."""

    def queues(self, *, active: bool = False) -> list[str]:
        """The names of all queues. active: only those that have jobs that have not ended."""

    def states(self) -> dict[str, QueueState]:
        """The states of all queues, by name, with the settings `QueueState.NAMES` at least."""

    def states_of(self, names: Sequence[str]) -> dict[str, QueueState]:
        """The states of these queues, by name, with all settings, as `JobStore.state` gives them."""

    def queue_of(self, job_id: int) -> str | None:
        """The name of the queue that has the job with this number; None: there is none."""

    def close(self) -> None:
        """Close the storage."""
