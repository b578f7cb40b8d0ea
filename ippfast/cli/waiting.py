"""Until when a command goes on that serves: to the first SIGINT or SIGTERM.

The rule of this file: SIGINT has a handler of its own too, for where a shell started the command in the background,
Python would ignore it.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

__all__ = ["LOOK", "until_signal"]

LOOK = 1.0
"""For this many seconds at most the main thread waits at a time: a signal that the system gave to another thread wakes
nobody, and its handler runs when the main thread does something."""


@contextlib.contextmanager
def until_signal() -> Iterator[threading.Event]:
    """Within it the first of these signals sets the event, and ends nothing."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
