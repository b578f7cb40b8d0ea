"""The thread that processes jobs: it takes the next one, gives it to the output, and says what became of it.

The rule of this file: one process at a time processes (a file lock says which), one job at a time, and job-state
follows what happened, on the disk before anybody hears of it. What also needs a clock is here: jobs that wait for
documents too long, holds that end, ended jobs that are forgotten.
"""

import errno
import fcntl
import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from ippfast.enums import JobState

from .calls import shown
from .outputs import Output, OutputError, Stopped, Task
from .store import Job

if TYPE_CHECKING:
    from .printer import SpoolPrinter

__all__ = ["MAX_ATTEMPTS", "Processor"]

_log = logging.getLogger("ippfast.printer")

MAX_ATTEMPTS = 3
"""How often a job is begun that was not ended because the server was killed meanwhile."""

_LONGEST_WAIT = 60.0
_SHARED_WAIT = 0.25
_MESSAGE = 1_023  # octets of a text (RFC 8011 section 5.1.2)


class Processor:
    """Processes the jobs of a printer. shared: other processes may use the same spool: their doings are looked for."""

    def __init__(self, printer: "SpoolPrinter", output: Output, *, shared: bool) -> None:
        self._printer = printer
        self._output = output
        self._shared = shared
        self._changed = threading.Condition()
        self._pending = True  # something may be there to do
        self._closing = False
        self._current: int | None = None
        self._stop = threading.Event()
        self._descriptor = os.open(printer.directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self.leads = False
        self._thread = threading.Thread(target=self._run, name="ippfast-processing", daemon=True)

    def start(self) -> None:
        """Begin. What a killed server left is put in order before this returns.

        Raises BlockingIOError where another process has the spool, and it is not shared.
        """
        self._try_to_lead()
        if not self.leads and not self._shared:
            raise BlockingIOError(errno.EAGAIN, "another server uses the spool", str(self._printer.directory))
        self._thread.start()

    def close(self) -> None:
        """End. A job that is being processed is begun anew next time."""
        with self._changed:
            self._closing = True
            self._stop.set()
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self.leads = False
        os.close(self._descriptor)

    def wake(self) -> None:
        """Something has changed: look for a job."""
        with self._changed:
            self._pending = True
            self._changed.notify_all()

    def stop(self, job_id: int) -> bool:
        """Stop a job if it is being processed in this process. Returns whether it was."""
        with self._changed:
            if self._current != job_id:
                return False
            self._stop.set()
            return True

    def _try_to_lead(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        self._recover()
        self.leads = True

    def _recover(self) -> None:
        """Put in order what a server left that was killed."""
        printer, store = self._printer, self._printer.store
        removed = printer.spool.clean(store)
        if removed:
            _log.warning("%d documents that were not received whole are removed", removed)
        for job in store.jobs((JobState.PROCESSING,)):
            if "processing-to-stop-point" in job.reasons:
                self._end(job, JobState.CANCELED, ("job-canceled-by-user",), "")
            elif job.attempts >= MAX_ATTEMPTS:
                message = f"the server ended {job.attempts} times while it processed the job"
                self._end(job, JobState.ABORTED, ("aborted-by-system",), message)
            else:
                message = "the server ended while it processed the job, which begins anew"
                store.change(job.id, (JobState.PROCESSING,), state=JobState.PENDING, reasons=("none",), message=message)
                _log.warning("job %d begins anew", job.id)

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
        if not self.leads:
            self._try_to_lead()
            if not self.leads:
                self._wait(1.0)
                return
        due = self._look_at_the_clock()
        job = None if self._printer.paused else self._printer.store.next_job()
        if job is None:
            self._wait(min(due, _SHARED_WAIT if self._shared else _LONGEST_WAIT))
        else:
            self._process(job)

    def _wait(self, seconds: float) -> None:
        with self._changed:
            if not self._pending and not self._closing:
                self._changed.wait(max(0.0, seconds))

    def _look_at_the_clock(self) -> float:
        """Do what is due. Returns in how many seconds something else is."""
        printer, store, now = self._printer, self._printer.store, time.time()
        due = _LONGEST_WAIT
        for job in store.timed():
            if job.open:
                left = job.touched + printer.description.number("multiple-operation-time-out", 120) - now
                if left <= 0:
                    self._time_out(job)
                else:
                    due = min(due, left)
            if job.state == JobState.PENDING_HELD and job.release is not None:
                if job.release <= now:
                    printer.release(job)
                else:
                    due = min(due, job.release - now)
        if printer.history is not None and (old := store.oldest_ended(printer.history)):
            printer.spool.remove(store.remove(old))
        return due

    def _time_out(self, job: Job) -> None:
        """No document came for too long (multiple-operation-time-out-action)."""
        printer = self._printer
        action = printer.description.text("multiple-operation-time-out-action", "abort-job")
        states = (JobState.PENDING, JobState.PENDING_HELD)
        if action == "abort-job" or not job.documents:
            reasons = ("aborted-by-system", "job-data-insufficient")
            self._end(job, JobState.ABORTED, reasons, "no further document came in time", states)
        elif action == "hold-job":
            held = printer.store.change(
                job.id, states, open=False, state=JobState.PENDING_HELD, held=True, reasons=("job-data-insufficient",)
            )
            printer.publish("job-state-changed", held)
        else:
            printer.publish("job-state-changed", printer.store.change(job.id, states, open=False, reasons=("none",)))

    def _process(self, job: Job) -> None:
        printer, store = self._printer, self._printer.store
        with self._changed:
            self._stop.clear()
            if self._closing:
                return
            self._current = job.id
        try:
            begun = store.change(
                job.id,
                (JobState.PENDING,),
                state=JobState.PROCESSING,
                reasons=("job-printing",),
                processing=time.time(),
                attempts=job.attempts + 1,
                message="",
            )
            if begun is None:  # it was canceled or held just now
                return
            printer.publish("job-state-changed", begun)
            printer.publish("printer-state-changed")
            self._output_job(begun)
        finally:
            with self._changed:
                self._current = None
        printer.publish("printer-state-changed")
        if printer.store.setting("pause_after_current", 0):
            printer.pause()

    def _output_job(self, job: Job) -> None:
        printer, store = self._printer, self._printer.store
        documents = [
            (document, printer.spool.path(document.file))
            for document in store.documents(job.id)
            if document.state not in (7, 8)
        ]
        said = [""]

        def should_stop() -> bool:
            if self._stop.is_set():
                return True
            if self._shared:
                now = store.job(job.id)
                return now is None or now.state != JobState.PROCESSING or "processing-to-stop-point" in now.reasons
            return False

        def report(message: str) -> None:
            if message != said[0]:
                said[0] = message
                store.change(job.id, (JobState.PROCESSING,), message=shown(message, _MESSAGE))
                _log.info("job %d: %s", job.id, message)

        try:
            self._output.run(Task(job, documents, should_stop, report))
        except Stopped:
            self._stopped(job)
        except OutputError as error:
            self._end(job, JobState.ABORTED, ("aborted-by-system",), error.reason)
        except Exception as error:
            _log.exception("job %d can't be output", job.id)
            self._end(job, JobState.ABORTED, ("aborted-by-system",), f"{type(error).__name__}: {error}")
        else:
            self._end(job, JobState.COMPLETED, ("job-completed-successfully",), "")

    def _stopped(self, job: Job) -> None:
        """The output was stopped: why, the job's reasons tell."""
        store = self._printer.store
        now = store.job(job.id)
        if now is None or now.state != JobState.PROCESSING:
            return
        if "processing-to-stop-point" in now.reasons:
            reasons = tuple(reason for reason in now.reasons if reason.startswith("job-canceled"))
            self._end(now, JobState.CANCELED, reasons or ("job-canceled-by-user",), "")
        elif "job-suspended" in now.reasons:
            changed = store.change(job.id, (JobState.PROCESSING,), state=JobState.PROCESSING_STOPPED)
            self._printer.publish("job-stopped", changed)
        else:  # the server ends
            store.change(
                job.id,
                (JobState.PROCESSING,),
                state=JobState.PENDING,
                reasons=("none",),
                attempts=job.attempts - 1,
            )

    def _end(
        self,
        job: Job,
        state: JobState,
        reasons: tuple[str, ...],
        message: str,
        states: tuple[JobState, ...] = (JobState.PROCESSING,),
    ) -> None:
        ended = self._printer.store.change(
            job.id,
            states,
            state=state,
            reasons=reasons,
            message=shown(message, _MESSAGE),
            completed=time.time(),
            open=False,
        )
        self._printer.publish("job-completed", ended)
