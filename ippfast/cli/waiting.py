"""Ends a command that serves at the first SIGINT or SIGTERM.

The rule of this file: SIGINT has a handler of its own too, because Python ignores it if a shell started the command in
the background.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

__all__ = ["LOOK", "until_signal"]

LOOK = 1.0
"""How many seconds the main thread waits at a time. A signal that the system gives to another thread does not wake it;
the handler runs when the main thread goes on."""


@contextlib.contextmanager
def until_signal() -> Iterator[threading.Event]:
    """A context in which the first of these signals sets the event, and ends nothing."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
