"""Tells the listeners in this process what happens to the printer and its jobs: counters, a panel, the log.

The rule of this file: an event is told once it is true and kept, in the thread that made it so, and a listener that
fails is logged and does no other harm. Subscriptions do not depend on it: the store writes their events itself.
"""

import logging
from collections.abc import Callable
from typing import TypeAlias

from .storage.rows import Job

__all__ = ["Events", "Listener"]

_log = logging.getLogger("ippfast.printer")

Listener: TypeAlias = Callable[[str, Job | None], None]
"""A function that is called with a keyword of notify-events, and the job as it is now; None: the printer is meant."""


class Events:
    """The listeners in this process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call the listener for every event from now on. It must not block."""
        self._listeners.append(listener)

    def publish(self, name: str, job: Job | None = None) -> None:
        """Call every listener."""
        for listener in self._listeners:
            try:
                listener(name, job)
            except Exception:
                _log.exception("a listener failed at %s", name)
