"""The thread that processes jobs: it takes the next one, gives it to the output, and stores the result.

The rule of this file: a job is processed under a lease, one job of the printer at a time, and its new job-state is in
the store before anybody is told of it. Other work that needs a clock is done here too: jobs that wait for documents too
long, holds that end, ended jobs that are forgotten.
"""

import contextlib
import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar, overload

from ippfast.codec import Attribute
from ippfast.enums import DocumentState, JobState

from .core import DEFAULT_TIME_OUT, PrinterCore
from .counting import counts_of_document
from .errors import shown
from .outputs import Held, Keep, Output, OutputError, Stopped, Task
from .storage.rows import WAITING, Changes, Document, Job, Lease
from .storage.seam import StorageError

__all__ = ["Processor"]

_T = TypeVar("_T")

_log = logging.getLogger("ippfast.printer")

_LONGEST_WAIT = 60.0
_CLOCK = 1.0  # how often to look at the clock while there are jobs, in seconds
_EXPIRE = 5.0
_PROGRESS = 0.5  # how often at most progress is kept, in seconds
_MOST = 2**31 - 1
_SHARED_LOOK = 0.1
_AGAIN = 1.0  # after this many seconds a store that does not answer is asked again
_GIVEN_UP = (DocumentState.CANCELED, DocumentState.ABORTED)
_BEGUN = (DocumentState.PROCESSING, DocumentState.COMPLETED)
_MESSAGE = 1_023  # octets of a text (RFC 8011 section 5.1.2)


class Processor:
    """Processes the jobs of a printer. shared: other processes may use the same storage."""

    def __init__(self, printer: PrinterCore, output: Output, *, shared: bool) -> None:
        self._printer = printer
        self._leases = printer.storage.leases
        self._output = output
        self._shared = shared
        self._worker = secrets.token_hex(8)
        self._changed = threading.Condition()
        self._begun = False
        self._pending = True  # there may be something to do
        self._closing = False
        self._current: int | None = None
        self._stop = threading.Event()
        self._looked = self._expired = -1e9
        self._unlisten = printer.storage.bus.listen(printer.queue, self.wake)
        self._thread = threading.Thread(target=self._run, name="ippfast-processing", daemon=True)

    def start(self) -> None:
        """Begin. What a killed server left is put in order before this returns.

        Raises StorageBusy if another process has the storage, and it is not shared.
        """
        self._leases.begin(self._worker, shared=self._shared)
        self._begun = True
        removed = self._printer.documents.clean()
        if removed:
            _log.warning("%d documents that were not received whole are removed", removed)
        self._reap()
        self._thread.start()

    def close(self) -> None:
        """End. A job that is being processed begins again after the next start."""
        with self._changed:
            self._closing = True
            self._stop.set()
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._unlisten()
        if self._begun:
            self._leases.close(self._worker)

    def retire(self) -> None:
        """Stop listening: another processor takes the next job. A job that is being processed here goes on to its
        end."""
        self._unlisten()

    def wake(self) -> None:
        """Something has changed: look for a job."""
        with self._changed:
            self._pending = True
            self._changed.notify_all()

    def stop(self, job_id: int) -> None:
        """Stop a job if it is being processed in this process."""
        with self._changed:
            if self._current == job_id:
                self._stop.set()

    def _reap(self) -> None:
        reaped = self._leases.reap()
        if reaped:
            _log.warning("%d jobs of servers that ended begin anew, or have ended", reaped)
            self._printer.told(("printer-state-changed",))

    def _run(self) -> None:
        while not self._closing:
            try:
                self._step()
            except Exception:
                _log.exception("processing failed; it goes on in a second")
                self._wait(1.0)

    def _step(self) -> None:
        with self._changed:
            self._pending = False
        if time.monotonic() - self._looked >= _CLOCK:
            self.look_at_the_clock()
        if isinstance(self._output, Keep):
            self._keep()
            return
        lease = self._claim()
        if lease is None:
            self._wait(self.look_at_the_clock())
        while lease is not None:
            lease = self.process(lease)
            if time.monotonic() - self._looked >= _CLOCK:
                self.look_at_the_clock()

    def _keep(self) -> None:
        """Complete the waiting jobs: there is nothing to output."""
        printer = self._printer
        if self._leases.pass_through(self._worker, printer.queue):
            printer.told(("printer-state-changed",))
        else:
            self._wait(self.look_at_the_clock())
        if printer.store.state().flag("pause_after_current"):
            printer.pause()

    def _wait(self, seconds: float) -> None:
        with self._changed:
            if not self._pending and not self._closing:
                self._changed.wait(max(0.0, min(seconds, _CLOCK if self._shared else _LONGEST_WAIT)))

    def look_at_the_clock(self) -> float:
        """Do what is due. Returns after how many seconds something else is due."""
        printer, store = self._printer, self._printer.store
        self._looked = time.monotonic()
        if self._shared:
            self._reap()
        due, time_out = _LONGEST_WAIT, printer.description.number("multiple-operation-time-out", DEFAULT_TIME_OUT)
        for job in store.timed():
            if job.open:
                left = job.touched + time_out - store.now()
                if left <= 0 and ((now := store.job(job.id)) is None or now.touched > job.touched):
                    continue  # a document has begun to come just now
                if left <= 0:
                    self._time_out(job)
                else:
                    due = min(due, left)
            if job.state == JobState.PENDING_HELD and job.release is not None:
                left = job.release - time.time()
                if left <= 0:
                    printer.release(job)
                else:
                    due = min(due, left)
        history = printer.limits.history
        if history is not None and (old := store.oldest_ended(history)):
            printer.documents.remove(store.remove(old))
        if self._looked - self._expired >= _EXPIRE:
            self._expired = self._looked
            store.expire()
        return due

    def _time_out(self, job: Job) -> None:
        """Handle a job that got no document for too long (multiple-operation-time-out-action)."""
        printer = self._printer
        action = printer.description.text("multiple-operation-time-out-action", "abort-job")
        states = WAITING
        if action == "abort-job" or not job.documents:
            printer.change(
                job,
                states,
                "job-completed",
                state=JobState.ABORTED,
                reasons=("aborted-by-system", "job-data-insufficient"),
                message="no further document came in time",
            )
        elif action == "hold-job":
            printer.change(
                job,
                states,
                "job-state-changed",
                open=False,
                state=JobState.PENDING_HELD,
                held=True,
                reasons=("job-data-insufficient",),
            )
        else:
            printer.change(job, states, "job-state-changed", open=False, reasons=("none",))

    def _claim(self) -> Lease | None:
        with self._changed:
            self._stop.clear()
            if self._closing:
                return None
        return self._leases.claim(self._worker, (self._printer.queue,))

    def process(self, lease: Lease) -> Lease | None:
        """Process a job. Returns the lease of the next one, if there is one already."""
        printer = self._printer
        with self._changed:
            self._stop.clear()
            self._current = lease.job.id
            if self._closing:
                self._stop.set()
        try:
            printer.told(("job-state-changed", "printer-state-changed"), lease.job)
            following = self._output_job(lease)
        finally:
            with self._changed:
                self._current = None
            printer.waits_for_device()
        if following is None and printer.store.state().flag("pause_after_current"):
            printer.pause()
        return following

    def _output_job(self, lease: Lease) -> Lease | None:
        printer, store, job = self._printer, self._printer.store, lease.job
        said: list[tuple[str, tuple[str, ...]]] = [("", ())]
        looked = [0.0]

        def should_stop() -> bool:
            if self._stop.is_set():
                return True
            now = time.monotonic()
            if now - looked[0] < _SHARED_LOOK:
                return False
            looked[0] = now
            found = store.job(job.id)  # it may be canceled by another process, or before the output began
            return found is None or not self._leases.renew(lease) or _is_to_stop(found)

        def canceled() -> bool:
            found = store.job(job.id)
            return found is None or _is_to_stop(found)

        def report(message: str, *, waits: Sequence[str] = ()) -> None:
            before, said[0] = said[0], (message, tuple(waits))
            if said[0] == before:
                return
            changes: Changes = {"message": shown(message, _MESSAGE)}
            tell: tuple[str, ...] = ()
            printer.waits_for_device(waits, changes["message"])
            found = store.job(job.id)
            if (
                bool(waits) != bool(before[1]) and found is not None and not _is_to_stop(found)
            ):  # reasons of a cancel stay
                changes["reasons"] = ("printer-stopped",) if waits else ("job-printing",)
                tell = ("job-stopped" if waits else "job-state-changed",)
                _log.warning("job %d %s: %s", job.id, "waits" if waits else "goes on", message)
            printer.change(job, (JobState.PROCESSING,), *tell, epoch=lease.epoch, **changes)
            _log.info("job %d: %s", job.id, message)

        def note(word: str) -> None:
            if store.change(job.id, (JobState.PROCESSING,), epoch=lease.epoch, output=word) is None:
                raise Stopped  # the lease is lost: another worker goes on with the job

        def wait(error: OSError) -> None:
            """Wait, because the document store does not answer now."""
            report(f"the document can't be read now: {error}")
            end = time.monotonic() + _AGAIN
            while time.monotonic() < end:
                if should_stop():
                    raise Stopped
                time.sleep(_SHARED_LOOK)

        progress = _Progress(printer, lease)
        try:
            in_turn = not getattr(self._output, "prepares", False)
            with _Located(printer, job, wait, progress, in_turn=in_turn) as documents:
                scratch = self._scratch()
                uuid = printer.uuid
                self._output.run(Task(job, documents, should_stop, canceled, report, note, scratch, progress, uuid))
        except Stopped:
            progress.end()
            return self._stopped(lease)
        except StorageError as error:
            _log.warning("job %d is interrupted: %s", job.id, error)
            return self._stopped(lease)
        except Held as error:
            return self._hold(lease, error.reason)
        except OutputError as error:
            progress.end()
            return self._end(lease, JobState.ABORTED, ("aborted-by-system",), error.reason)
        except Exception as error:
            _log.exception("job %d can't be output", job.id)
            return self._end(lease, JobState.ABORTED, ("aborted-by-system",), f"{type(error).__name__}: {error}")
        else:
            return self._end(lease, JobState.COMPLETED, ("job-completed-successfully",), "")

    def _scratch(self) -> Path:
        """A directory for the notes of this printer's outputs: many may have one storage."""
        name = hashlib.sha256(self._printer.queue.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        directory = self._printer.storage.scratch / name
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory

    def _surely(self, work: Callable[[], _T]) -> _T:
        """Do the work that ends a job, and repeat it until the store answers. An attempt that failed may have been
        done, too.

        Raises StorageError if the server ends meanwhile.
        """
        while True:
            try:
                return work()
            except StorageError as error:
                with self._changed:
                    if self._changed.wait_for(lambda: self._closing, _AGAIN):
                        raise
                _log.warning("the result of a job can't be stored now; this is tried again: %s", error)

    def _hold(self, lease: Lease, reason: str) -> Lease | None:
        """Hold a job that may have been printed until a user has checked. Returns the lease of the next job."""
        reasons = ("job-held-for-review",)
        tell = ("job-state-changed", "printer-state-changed")
        words, go_on = shown(reason, _MESSAGE), not self._closing
        held, following = self._surely(
            lambda: self._leases.end(lease, JobState.PENDING_HELD, reasons, words, tell, go_on=go_on)
        )
        if held is not None:
            _log.warning("job %d is held: %s", lease.job.id, reason)
            self._surely(lambda: self._printer.change(held, (JobState.PENDING_HELD,), held=True))
            self._printer.told(tell, held)
        return following

    def _stopped(self, lease: Lease) -> Lease | None:
        """End a job whose output was stopped, as its job-state-reasons say. Returns the lease of the next job."""
        job = self._surely(lambda: self._printer.store.job(lease.job.id))
        if job is None or job.state != JobState.PROCESSING or job.epoch != lease.epoch:
            return None
        if "processing-to-stop-point" in job.reasons:
            reasons = tuple(reason for reason in job.reasons if reason.startswith("job-canceled"))
            return self._end(lease, JobState.CANCELED, reasons or ("job-canceled-by-user",), "")
        if "job-suspended" in job.reasons:
            tell = ("job-stopped", "printer-state-changed")
            state, reasons, message = JobState.PROCESSING_STOPPED, job.reasons, job.message
            stopped, _ = self._surely(lambda: self._leases.end(lease, state, reasons, message, tell))
            self._printer.told(tell, stopped)
        else:  # the server ends, or the store did not answer
            self._surely(lambda: self._begin_anew(job, lease))
        return None

    def _begin_anew(self, job: Job, lease: Lease) -> Job | None:
        return self._printer.change(
            job,
            (JobState.PROCESSING,),
            "job-state-changed",
            "printer-state-changed",
            epoch=lease.epoch,
            state=JobState.PENDING,
            reasons=("none",),
            attempts=lease.job.attempts - 1,
        )

    def _end(self, lease: Lease, state: JobState, reasons: tuple[str, ...], message: str) -> Lease | None:
        """End the job. Returns the lease of the next one."""
        tell = ("job-completed", "printer-state-changed")
        go_on = not self._closing
        words = shown(message, _MESSAGE)
        ended, following = self._surely(lambda: self._leases.end(lease, state, reasons, words, tell, go_on=go_on))
        if ended is None:
            _log.warning("job %d belongs to another worker now: its result here is not stored", lease.job.id)
        else:
            self._printer.told(tell, ended)
        return following


def _is_to_stop(job: Job) -> bool:
    return "processing-to-stop-point" in job.reasons or "job-suspended" in job.reasons


class _Progress:
    """How much of a job is done, as its output tells it: `Task.progress`. The store is told at intervals."""

    def __init__(self, printer: PrinterCore, lease: Lease) -> None:
        self._printer = printer
        self._lease = lease
        self._done = self._kept = (lease.job.impressions, lease.job.sheets)
        self._through = (0, 0)
        self._wrote = self._told = -1e9
        if self._done != (0, 0):  # of an attempt that failed
            self._done = (0, 0)
            self.write()

    @cached_property
    def _asked(self) -> dict[str, Attribute]:
        return {each.name: each for each in self._lease.job.attributes}

    def __call__(self, impressions: int, sheets: int | None = None) -> None:
        if sheets is None:
            sides = self._asked.get("sides") or self._printer.description.get("sides-default")
            two_sided = sides is not None and str(sides.values[0]).startswith("two-sided")
            sheets = -(-impressions // 2) if two_sided else impressions
        self._done = min(max(0, impressions), _MOST), min(max(0, sheets), _MOST)
        if time.monotonic() - self._wrote >= _PROGRESS:
            self.write()

    def through(self, document: Document) -> None:
        """Count a document that the output has finished, if the output reports no progress itself."""
        counts = counts_of_document(self._printer, self._asked, document)
        if counts is not None:
            self._through = self._through[0] + counts.done, self._through[1] + counts.sheets
            if self._through > self._done:
                self(*self._through)

    def end(self) -> None:
        """Store the last progress. If the store does not answer now, it keeps the earlier one."""
        with contextlib.suppress(StorageError):
            self.write()

    def write(self) -> None:
        """Store the reported progress."""
        if self._done == self._kept:
            return
        self._kept, self._wrote = self._done, time.monotonic()
        tell = ("job-progress",) if self._wrote - self._told >= self._interval() else ()
        if tell:
            self._told = self._wrote
        impressions, sheets = self._done
        begun, epoch = (JobState.PROCESSING,), self._lease.epoch
        self._printer.change(self._lease.job, begun, *tell, epoch=epoch, impressions=impressions, sheets=sheets)

    def _interval(self) -> float:
        """The least seconds between two events: the most that a subscription asks for (notify-time-interval)."""
        store, job_id = self._printer.store, self._lease.job.id
        listening = [*store.subscriptions(job_id=job_id), *store.subscriptions()]
        return max((each.interval for each in listening if "job-progress" in each.events), default=0)


class _Located(Sequence[tuple[Document, Path]]):
    """The documents of a job that are to be output, each with a file, which is made when it is asked for.

    A document can be canceled until the output takes it (PWG 5100.5 section 5.2.3). So if there are several, each
    becomes processing in the store when it is taken, and one that was canceled before is skipped. in_turn: whether the
    output, as it first goes through the documents, has finished one when it takes the next.
    """

    def __init__(
        self,
        printer: PrinterCore,
        job: Job,
        wait: Callable[[OSError], None],
        progress: "_Progress",
        *,
        in_turn: bool,
    ) -> None:
        self._printer = printer
        self._wait = wait
        self._store = printer.store
        self._job = job
        self._progress = progress
        self._paths: dict[int, Path] = {}
        self._stack = contextlib.ExitStack()
        self._in_turn = in_turn
        self._looked_through = False

    @cached_property
    def _documents(self) -> list[Document]:
        return [document for document in self._store.documents(self._job.id) if document.state not in _GIVEN_UP]

    def _change(self, document: Document, states: Sequence[DocumentState], state: DocumentState) -> bool:
        of = (JobState.PROCESSING,)
        return self._store.change_document(self._job.id, document.number, of=of, states=states, state=state)

    def __iter__(self) -> Iterator[tuple[Document, Path]]:
        several, before = len(self) > 1, None
        in_turn = self._in_turn and not self._looked_through
        for document in self._documents if several and not self._looked_through else ():
            if document.state in _BEGUN:  # in an earlier attempt, or before the job was restarted
                self._change(document, _BEGUN, DocumentState.PENDING)
        self._looked_through = True
        for place, document in enumerate(self._documents):
            if before is not None and in_turn:
                self._change(before, (DocumentState.PROCESSING,), DocumentState.COMPLETED)
            if several and not self._change(document, (DocumentState.PENDING, *_BEGUN), DocumentState.PROCESSING):
                before = None
                continue
            before = document if several else None
            yield self[place]
            if in_turn and document.pages is not None and place + 1 < len(self):
                self._progress.through(document)

    def __enter__(self) -> "_Located":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def __len__(self) -> int:
        return len(self._documents)

    @overload
    def __getitem__(self, place: int) -> tuple[Document, Path]: ...
    @overload
    def __getitem__(self, place: slice) -> list[tuple[Document, Path]]: ...
    def __getitem__(self, place: int | slice) -> tuple[Document, Path] | list[tuple[Document, Path]]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        document = self._documents[place]
        if document.number not in self._paths:
            self._paths[document.number] = self._find(document.key)
        return document, self._paths[document.number]

    def _find(self, key: str) -> Path:
        while True:
            try:
                return self._stack.enter_context(self._printer.documents.local(key))
            except FileNotFoundError as error:
                raise OutputError("the document is lost") from error
            except OSError as error:
                self._wait(error)
