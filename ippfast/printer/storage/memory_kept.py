"""The data of a queue in memory, and the data that all queues share.

The rule of this file: one lock protects everything, and everything ends with the process.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ippfast.enums import JobState, PrinterState

from .rows import ACTIVE, Document, Event, Job, NewDocument, QueueState, Resource, Subscription
from .seam import StorageError
from .tokens import uuid_urn

if TYPE_CHECKING:
    from .memory_jobs import MemoryJobs

__all__ = ["Heard", "Kept", "MemoryQueue"]

_OFFSET = time.time() - time.monotonic()


@dataclass
class Kept:
    """The data that all queues share."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    ids: dict[str, int] = field(default_factory=lambda: {"job": 0, "subscription": 0, "event": 0, "resource": 0})
    uploads: dict[str, list[Any]] = field(default_factory=dict)  # the time it began, and whether it is given up
    contents: dict[str, bytes] = field(default_factory=dict)
    queues: "dict[str, MemoryJobs]" = field(default_factory=dict)
    resources: dict[int, Resource] = field(default_factory=dict)
    allocations: dict[str, list[int]] = field(default_factory=dict)
    printers: set[str] = field(default_factory=set)
    system: PrinterState | None = None  # the state that the system's subscribers know
    workers: set[str] = field(default_factory=set)

    def next(self, kind: str) -> int:
        self.ids[kind] += 1
        return self.ids[kind]


@dataclass
class Heard:
    """A subscription and its events. sequence: the number of the latest one."""

    subscription: Subscription
    sequence: int = 0
    events: list[Event] = field(default_factory=list)


class MemoryQueue:
    """The data of a queue."""

    def __init__(self, name: str, kept: Kept) -> None:
        self.name = name
        self._kept = kept
        self._jobs: dict[int, Job] = {}
        self._documents: dict[int, list[Document]] = {}
        self._workers: dict[int, str] = {}
        self._heard: dict[int, Heard] = {}
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

    def state(self) -> QueueState:
        """As `JobStore.state`."""
        with self._kept.lock:
            states = [job.state for job in self._jobs.values()]
            active = sum(state in ACTIVE for state in states)
            return QueueState(dict(self._settings), active, states.count(JobState.PROCESSING))

    def state_lately(self) -> QueueState:
        """As `JobStore.state_lately`."""
        return self.state()

    # Uploads.

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

    def _check_fences(self, documents: Sequence[NewDocument]) -> None:
        for document in documents:
            upload = self._kept.uploads.get(document.key, (0.0, True))
            if document.fenced and upload[1]:
                raise StorageError("the document took too long, and was given up")

    def _take(self, document: NewDocument) -> None:
        self._kept.uploads.pop(document.key, None)
        if document.content is not None:
            self._kept.contents[document.key] = document.content
