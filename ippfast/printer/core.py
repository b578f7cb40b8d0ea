"""The parts of a printer, and its state: what the operations work on.

The rule of this file: the store keeps the state of the printer, so that all processes with the same storage agree on
it. Every change goes through here, so that those who wait for it are woken.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack

from ippfast.codec import Attribute
from ippfast.enums import JobState
from ippfast.http.hosts import uri_authority
from ippfast.http.incoming import Incoming, IncomingRequest, PageRequest

from .description import Description
from .device import Device
from .events import Events
from .fetching import Fetcher
from .options import Access, Address, PrinterLimits
from .receiving import Receiving
from .storage.places import AnyPlace, opened
from .storage.rows import ACTIVE, EVENTS, Changes, Event, Job, QueueState, unpack
from .waiting_room import WaitingRoom

if TYPE_CHECKING:
    from .calls import Call

__all__ = ["DEFAULT_TIME_OUT", "PrinterCore"]

DEFAULT_TIME_OUT = 120
"""multiple-operation-time-out in seconds, if the description leaves it out."""


class PrinterCore:
    """A printer without its operations. store: its queue in the storage; see `SpoolPrinter` for the rest.

    tells: the events that it reports. hears: the queue whose changes wake those who wait; None: every queue. more:
    attributes that a service adds, each made when it is asked for.
    """

    tells: tuple[str, ...] = EVENTS
    hears: str | None
    more: "Callable[[Call], Mapping[str, Callable[[], Any]]]"

    def __init__(
        self,
        storage: AnyPlace,
        *,
        queue: str,
        description: Description,
        address: Address,
        access: Access,
        limits: PrinterLimits,
        fetcher: Fetcher | None,
        operation_ids: Sequence[int],
    ) -> None:
        self.storage, self._owns_storage = opened(storage)
        self.queue = self.hears = queue
        self.more = lambda call: {}
        self.description = description
        self.path = address.path.rstrip("/")
        self.schemes = address.schemes
        self.access = access
        self.limits = limits
        self.fetcher = fetcher
        self.operation_ids = operation_ids
        self.events = Events()
        self.store = self.storage.queue(queue)
        self.documents = self.storage.documents
        self.device = Device(self.store, self.told)
        time_out = description.number("multiple-operation-time-out", DEFAULT_TIME_OUT)
        self.receiving = Receiving(self.store, time_out)
        self.waiting_room = WaitingRoom(limits.waiters, limits.user_waiters)
        self.ending = False

    def close(self) -> None:
        """End: requests that wait for events are answered, and the storage is closed if it is the printer's own."""
        self.end_waiting()
        self.receiving.close()
        if self._owns_storage:
            self.storage.close()

    def end_waiting(self) -> None:
        """Have all requests answered that wait for events, and let no more wait."""
        self.ending = True
        self.storage.bus.wake(self.queue)

    # State.

    @property
    def uuid(self) -> str:
        """printer-uuid."""
        return str(self.store.state().settings["uuid"])

    def up_time_at(self, moment: float, state: QueueState | None = None) -> int:
        """A time of the store's clock in seconds of printer-up-time.

        printer-up-time goes on over a restart, as RFC 8011 section 5.4.29 allows for a printer that knows how long it
        was down.
        """
        started = (state or self.store.state()).settings.get("started")
        return max(1, int(moment - (started if isinstance(started, float) else moment)) + 1)

    @property
    def up_time(self) -> int:
        """printer-up-time: seconds since the printer was first started, at least 1."""
        return self.up_time_at(self.store.now())

    def date_at(self, moment: float) -> datetime:
        """A time of the store's clock as a date of this host's clock as it is set now."""
        return datetime.fromtimestamp(moment + time.time() - self.store.now(), UTC)

    def set_state(self, *, tell: Sequence[str] = ("printer-state-changed",), **settings: object) -> None:
        """Change a part of the state: paused, accepting, hold_new, down, pause_after_current."""
        self.store.set(tell=tell, **settings)
        self.told(tell)

    def pause(self) -> None:
        """Start no more jobs."""
        self.set_state(paused=1, pause_after_current=0)

    def change(
        self,
        job: Job,
        states: Sequence[JobState],
        *tell: str,
        epoch: int | None = None,
        **changes: Unpack[Changes],
    ) -> Job | None:
        """Change a job that is in one of these states, and report that. Returns the changed job; None: it was in no
        such state."""
        changed = self.store.change(job.id, states, epoch=epoch, tell=tell, **changes)
        if changed is not None:
            self.told(tell, changed)
        return changed

    def told(self, names: Sequence[str], job: Job | None = None) -> None:
        """Wake the threads of this process that wait for changes: the store has a new one."""
        for name in names:
            self.events.publish(name, job)
        self.storage.bus.wake(self.queue)

    def release(self, job: Job) -> Job | None:
        """Let a held job go on."""
        return self.change(
            job,
            (JobState.PENDING_HELD,),
            "job-state-changed",
            state=JobState.PENDING,
            reasons=("job-incoming",) if job.open else ("none",),
            held=False,
            release=None,
        )

    def waits_for_device(self, reasons: Sequence[str] = (), why: str = "") -> None:
        """Tell why the device that gets the jobs takes none now (printer-state-reasons); empty: it takes them.

        why: the same in words (printer-state-message).
        """
        words = " ".join(reasons)
        if (self.store.state().settings.get("device_waits") or "") != words:
            self.store.set(("printer-state-changed",), device_waits=words, device_message=why)
            self.told(("printer-state-changed",))

    def abort_all(self, reason: str) -> None:
        """Abort the jobs that wait, and have the one that is being processed stop."""
        for job in self.store.jobs(ACTIVE):
            waiting = (JobState.PENDING, JobState.PENDING_HELD, JobState.PROCESSING_STOPPED)
            ended = self.change(
                job, waiting, "job-completed", state=JobState.ABORTED, reasons=("aborted-by-system",), message=reason
            )
            if ended is None:
                reasons = ("processing-to-stop-point", "job-canceled-by-operator")
                self.change(job, (JobState.PROCESSING,), "job-state-changed", reasons=reasons, message=reason)
                self.stop(job.id)

    def stop(self, job_id: int) -> None:
        """Have the output stop a job, if it is being processed in this process."""

    # URIs, by the name under which the client knows this host.

    def host(self, incoming: Incoming | PageRequest) -> str:
        """This host, as the client calls it (PWG 5100.14: with the host of its Host line)."""
        return uri_authority(incoming.head.headers.get("host") or "") or "localhost"

    def uri(self, incoming: Incoming) -> str:
        """The printer's URI, as the client may use it."""
        return f"{'ipps' if incoming.secure else 'ipp'}://{self.host(incoming)}{self.path}"

    def event_source(self, incoming: IncomingRequest, event: Event) -> dict[str, object]:
        """Who tells of an event, and when that was (RFC 3995 section 9.1)."""
        return {"notify-printer-uri": self.uri(incoming), "printer-up-time": self.up_time_at(event.created)}

    def page_uri(self, incoming: Incoming, page: str = "") -> str:
        """The URI of a web page of this server."""
        return f"{'https' if incoming.secure else 'http'}://{self.host(incoming)}/{page}"

    # Settings.

    def settings(self, state: QueueState | None = None) -> dict[str, Attribute]:
        """The attributes that Set-Printer-Attributes has set."""
        packed = (state or self.store.state()).settings.get("attributes")
        return {each.name: each for each in unpack(packed)} if isinstance(packed, bytes) else {}
