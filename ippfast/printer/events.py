"""What happens to the printer and its jobs, told to whoever listens: subscriptions, counters, the log.

The rule of this file: an event is published once it is true and on the disk, in the thread that made it so, and a
listener that fails is logged and harms nobody.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .store import Job

__all__ = ["Event", "Events", "Listener"]

_log = logging.getLogger("ippfast.printer")


@dataclass(frozen=True, slots=True)
class Event:
    """One event (RFC 3995 section 5.3.3.4). name: a keyword of notify-events. job: as it is now; None: the printer."""

    name: str
    job: Job | None = None


Listener: TypeAlias = Callable[[Event], None]


class Events:
    """Those who listen."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call the listener for every event from now on. It must not block."""
        self._listeners.append(listener)

    def publish(self, name: str, job: Job | None = None) -> None:
        """Tell all."""
        event = Event(name, job)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener failed at %s", name)
