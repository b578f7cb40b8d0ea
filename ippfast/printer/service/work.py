"""The threads that process the jobs of all printers of a service.

The rule of this file: a thread takes the next job of any printer, and no printer has a thread of its own. One more
thread does what needs a clock, for all printers that have jobs.
"""

import logging
import secrets
import threading
from collections.abc import Callable

from ippfast.enums import JobState

from ..printer import SpoolPrinter
from ..storage.rows import Lease
from ..storage.seam import Storage

__all__ = ["FOR_REVIEW", "GONE", "Working"]

FOR_REVIEW = ("job-held-for-review",)
"""The job-state-reasons of a job whose printer is gone. An operator decides what becomes of it."""
GONE = "there is no such printer any more"

_log = logging.getLogger("ippfast.printer")

_LONGEST_WAIT = 1.0
_CLOCK = 1.0
_CLEAN = 600.0


class Working:
    """The threads, each of which is a worker for the storage.

    printer: makes the printer of a queue of the storage; None: there is none any more.
    """

    def __init__(
        self, storage: Storage, printer: Callable[[str], SpoolPrinter | None], *, threads: int, shared: bool
    ) -> None:
        self._storage = storage
        self._printer = printer
        self._shared = shared
        self._workers = [secrets.token_hex(8) for _ in range(threads)]
        self._begun: list[str] = []
        self._condition = threading.Condition()
        self._changes = 0
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._end: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin. Raises StorageBusy if another process has the storage, and it is not shared."""
        for worker in self._workers:
            self._storage.leases.begin(worker, shared=self._shared)
            self._begun.append(worker)
        self._clean()
        self._reap()
        self._end = self._storage.bus.listen(None, self.wake)
        self._threads.append(threading.Thread(target=self._watch_the_clock, name="ippfast-clock", daemon=True))
        for worker in self._workers:
            self._threads.append(threading.Thread(target=self._run, args=(worker,), name="ippfast-work", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no more jobs. The printers must stop those that are being processed."""
        self._closing.set()
        self.wake()

    def close(self) -> None:
        """End, after `stop`."""
        for thread in self._threads:
            thread.join()
        self._end()
        for worker in self._begun:
            self._storage.leases.close(worker)

    def wake(self) -> None:
        """Something has changed: look for a job."""
        with self._condition:
            self._changes += 1
            self._condition.notify_all()

    def _run(self, worker: str) -> None:
        while not self._closing.is_set():
            with self._condition:
                seen = self._changes
            try:
                lease = self._storage.leases.claim(worker)
                while lease is not None:
                    lease = self._process(lease)
                    seen = -1
            except Exception:
                _log.exception("processing failed; it goes on in a second")
                self._closing.wait(1.0)
                continue
            with self._condition:
                if self._changes == seen and not self._closing.is_set():
                    self._condition.wait(_LONGEST_WAIT)

    def _process(self, lease: Lease) -> Lease | None:
        printer = self._printer(lease.queue)
        if printer is not None:
            return printer.processor.process(lease)
        tell = ("job-state-changed", "printer-state-changed")
        held, _ = self._storage.leases.end(lease, JobState.PENDING_HELD, FOR_REVIEW, GONE, tell)
        if held is not None:
            self._storage.queue(lease.queue).change(held.id, (JobState.PENDING_HELD,), held=True)
            self._storage.bus.wake(lease.queue)
        return None

    def _watch_the_clock(self) -> None:
        cleaned = 0.0
        while not self._closing.wait(_CLOCK):
            try:
                if self._shared:
                    self._reap()
                for key in self._storage.queues(active=True):
                    printer = self._printer(key)
                    if printer is not None and not self._closing.is_set():
                        printer.processor.look_at_the_clock()
                cleaned += _CLOCK
                if cleaned >= _CLEAN:
                    cleaned = 0.0
                    self._clean()
            except Exception:
                _log.exception("what is due can't be done; it is tried again in a second")

    def _reap(self) -> None:
        reaped = self._storage.leases.reap()
        if reaped:
            _log.warning("%d jobs of servers that ended begin anew, or have ended", reaped)
            self.wake()

    def _clean(self) -> None:
        removed = self._storage.documents.clean()
        if removed:
            _log.warning("%d documents that belong to no job are removed", removed)
