"""The child process that opens and draws a document, seen from its parent.

The rule of this file: nothing of a document is believed. A child that takes too long, writes too much or dies is an
ordinary error, it is gone when its `Child` is closed, and what it wrote before is never taken for the whole.
"""

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from . import frames
from .errors import RenderError
from .frames import Limits, Order, Work
from .planning import Original
from .starting import start

__all__ = ["Child", "Warn"]

Warn = Callable[[str], object]
"""This function is called with words that a user should read."""

_GLANCE = 0.1  # seconds between two looks at the clock
_PIPE = 1 << 20  # octets that a child may be ahead of its parent, if the system allows such a pipe


class Child:
    """One document, opened in a process of its own. Close it, or use it as a context manager.

    Raises OSError for a file that cannot be read.
    """

    def __init__(self, path: Path, format_: str, *, encoding: str | None = None, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._left = self.limits.seconds
        self._late = False
        self._due: float | None = None  # when the frame has to be here that is waited for
        self._closed = threading.Event()
        path.open("rb").close()  # the error of a file that is not there, as everywhere else
        order = Order(path=str(path.absolute()), format=format_, encoding=encoding, limits=self.limits)
        self._process = start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin, self._process.stdout
        _enlarge(self._answers.fileno())
        self._format = format_
        self.done = 0, 0
        """This is the number of the side that was drawn last, counted from 1, and the number of all sides."""
        self._facts: tuple[Original, int] | None = None
        self._order(order.pack())
        threading.Thread(target=self._watch, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def close(self) -> None:
        """End the process, whatever it does."""
        self._closed.set()
        self._process.kill()
        with contextlib.suppress(OSError):  # an order is left that a dead child did not take
            self._orders.close()
        self._answers.close()
        self._process.wait()

    def facts(self) -> tuple[Original, int]:
        """Tell what the document is, and its number of pages; 0: not known. Raises RenderError if it cannot be read."""
        if self._facts is None:
            kind, payload = self._frame()
            if kind != frames.FACTS:
                raise self._death()
            width, length, pages = json.loads(payload)
            self._facts = Original(self._format, width, length), pages
        return self._facts

    def begin(self, work: Work) -> None:
        """Order the sides to be drawn. They wait in a pipe until `side` is called."""
        self._order(work.pack())

    def side(self, warn: Warn) -> Iterator[bytes]:
        """Give the octets of the next side, as it is drawn; `done` says afterwards which side it was.

        Raises RenderError if it cannot be drawn.
        """
        while True:
            kind, payload = self._frame()
            if kind == frames.DATA:
                yield payload
            elif kind == frames.SIDE:
                self._left = self.limits.seconds
                number, total = json.loads(payload)
                self.done = number, total
                return
            elif kind == frames.WARNING:
                warn(payload.decode("utf-8", "replace"))
            else:
                raise self._death()

    def end(self) -> None:
        """Wait until the child says that all its sides are drawn. Raises RenderError if it says anything else."""
        if self._frame()[0] != frames.END:
            raise self._death()

    def _order(self, line: bytes) -> None:
        try:
            self._orders.write(line)
            self._orders.flush()
        except OSError:  # it is dead: what it said before that says why
            pass

    def _frame(self) -> tuple[bytes, bytes]:
        """Read the next frame. Time counts only while this waits, not while a slow printer takes the octets."""
        began = time.monotonic()
        self._due = began + self._left
        frame = frames.read_frame(self._answers)
        self._due = None
        self._left -= time.monotonic() - began
        if frame is None:
            raise self._death()
        kind, payload = frame
        if kind == frames.ERROR:
            raise RenderError(payload.decode("utf-8", "replace"))
        return kind, payload

    def _watch(self) -> None:
        """Kill a child that takes too long. A thread does this, since a read from a pipe has no time limit."""
        while not self._closed.wait(_GLANCE):
            due = self._due
            if due is not None and time.monotonic() > due:
                self._late = True
                self._process.kill()
                return

    def _death(self) -> RenderError:
        """Make the error for a child that ended before its work was done."""
        if self._late:
            return RenderError(f"a page takes more than {self.limits.seconds:g} seconds")
        self._process.kill()
        status = self._process.wait()
        if status == -getattr(signal, "SIGXCPU", 0):
            return RenderError(f"a page takes more than {self.limits.processor_seconds} seconds of the processor")
        if status == frames.TOO_LARGE:
            return RenderError(f"it needs more than {self.limits.memory >> 20:,} MB of memory")
        if status in (-signal.SIGABRT, -signal.SIGSEGV, -getattr(signal, "SIGTRAP", 0), -getattr(signal, "SIGBUS", 0)):
            word = signal.Signals(-status).name
            return RenderError(f"what draws it broke down ({word}): it is damaged, or made to harm")
        return RenderError(f"what draws it ended without a word (status {status})")


def _enlarge(pipe: int) -> None:
    """Let a pipe hold more octets than by default, on Linux."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
