"""Hints within one process, and between the processes of one host.

The rule of this file: a hint has only a queue's name; who hears it reads the store.
"""

import threading
from collections.abc import Callable

from .seam import Bus

__all__ = ["LocalBus", "PollingBus", "Waiter"]

_POLL = 0.1  # seconds


class LocalBus:
    """A `Bus` within a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str | None, list[Callable[[], None]]] = {}

    def wake(self, queue: str) -> None:
        """As `Bus.wake`."""
        with self._lock:
            hearing = [*self._listeners.get(queue, ()), *self._listeners.get(None, ())]
        for hear in hearing:
            hear()

    def listen(self, queue: str | None, hear: Callable[[], None]) -> Callable[[], None]:
        """As `Bus.listen`."""
        with self._lock:
            self._listeners.setdefault(queue, []).append(hear)
            self._begin()

        def end() -> None:
            with self._lock:
                hearing = self._listeners.get(queue, [])
                if hear in hearing:
                    hearing.remove(hear)
                if not hearing:
                    self._listeners.pop(queue, None)

        return end

    def wake_all(self) -> None:
        """Call all listeners: any queue may have changed."""
        with self._lock:
            hearing = [hear for each in self._listeners.values() for hear in each]
        for hear in hearing:
            hear()

    def close(self) -> None:
        """Remove all listeners."""
        with self._lock:
            self._listeners.clear()

    def _begin(self) -> None:
        """Called when a listener is added, with the lock held."""


class PollingBus(LocalBus):
    """A `Bus` that also looks repeatedly whether another process has changed something, while it has listeners.

    version: gives a number that is different after such a change.
    """

    def __init__(self, version: Callable[[], int]) -> None:
        super().__init__()
        self._version = version
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self.shared = False

    def _begin(self) -> None:
        if self.shared and self._thread is None:
            seen = self._version()  # read before anybody waits, so that no change is missed while the thread begins
            self._thread = threading.Thread(target=self._poll, args=(seen,), name="ippfast-bus", daemon=True)
            self._thread.start()

    def share(self) -> None:
        """From now on other processes use the store too."""
        with self._lock:
            self.shared = True
            if self._listeners:
                self._begin()

    def _poll(self, seen: int) -> None:
        while not self._closed.wait(_POLL):
            version = self._version()
            if version != seen:
                seen = version
                self.wake_all()

    def close(self) -> None:
        """As `LocalBus.close`."""
        super().close()
        self._closed.set()
        if self._thread is not None:
            self._thread.join()


class Waiter:
    """Waits for changes in one queue (None: in any). It misses no change after it was made."""

    def __init__(self, bus: Bus, queue: str | None) -> None:
        self._condition = threading.Condition()
        self._came = False
        self._wake: Callable[[], None] | None = None
        self.close = bus.listen(queue, self._hear)

    def _hear(self) -> None:
        with self._condition:
            self._came = True
            self._condition.notify_all()
            wake, self._wake = self._wake, None
        if wake is not None:
            wake()

    def wake(self, wake: Callable[[], None]) -> None:
        """Call this function, in any thread, when something has changed since the last `wait`: at once if it already
        has."""
        with self._condition:
            self._wake = None if self._came else wake
            came = self._came
        if came:
            wake()

    def wait(self, seconds: float) -> bool:
        """Wait for at most this long. Returns whether something has changed since the last `wait`."""
        with self._condition:
            self._condition.wait_for(lambda: self._came, max(0.0, seconds))
            came, self._came = self._came, False
            return came
