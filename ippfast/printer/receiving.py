"""Jobs that are getting a document now: their time-out does not run.

The rule of this file: multiple-operation-time-out is the time between two operations (RFC 8011 section 5.4.31), so a
job counts as touched for as long as a document of it is on its way, for every process that shares the store.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

from .storage.rows import WAITING, Job
from .storage.seam import JobStore, StorageError

__all__ = ["Receiving"]

_SHARE = 4  # how many times a job is touched in one time-out


class Receiving:
    """The jobs of one process that get documents. seconds: the time-out.

    A thread touches them. It runs only while there are any.
    """

    def __init__(self, store: JobStore, seconds: float) -> None:
        self._store = store
        self._pause = seconds / _SHARE
        self._jobs: Counter[int] = Counter()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False

    @contextlib.contextmanager
    def document(self, job: Job) -> Iterator[None]:
        """A context in which a document of the job is on its way."""
        if self._store.now() - job.touched > self._pause:
            self._touch(job.id)
        with self._changed:
            self._jobs[job.id] += 1
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="ippfast-receiving", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._jobs[job.id] -= 1
                if not self._jobs[job.id]:
                    del self._jobs[job.id]

    def close(self) -> None:
        """End."""
        with self._changed:
            self._closing = True
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait(self._pause)
                if self._closing or not self._jobs:
                    self._thread = None
                    return
                jobs = list(self._jobs)
            for job_id in jobs:
                with contextlib.suppress(StorageError):  # it is tried again
                    self._touch(job_id)

    def _touch(self, job_id: int) -> None:
        self._store.change(job_id, WAITING, touched=self._store.now())
