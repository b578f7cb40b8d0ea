"""The child process that opens and draws a document, seen from its parent.

The rule of this file: nothing of a document is believed. A child that takes too long, writes too much or dies is an
ordinary error, it is gone when its `Child` is closed, and what it wrote before is never taken for the whole.
"""

import json
import os
import signal
import subprocess
import sys
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
from .plans import Raster

__all__ = ["Child", "Progress", "Warn"]

Progress = Callable[[int, int], object]
"""Called when a side is drawn, with its number from 1 on and how many there are."""

Warn = Callable[[str], object]
"""Called with what a user should know."""

# The child knows where our packages are, and nothing else of the environment: it holds the caller's secrets too.
_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from ippfast.convert.child import main; main()"
_PASSED_ON = ("HOME", "IPPFAST_PURE", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


class Child:
    """One document, opened in a process of its own. Close it, or use it as a context manager.

    Raises OSError for a file that cannot be read.
    """

    def __init__(self, path: Path, format_: str, *, encoding: str | None = None, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._left = self._limits.seconds
        self._late = False
        path.open("rb").close()  # the error of a file that is not there, as everywhere else
        order = Order(path=str(path.absolute()), format=format_, encoding=encoding, limits=self._limits)
        places = [os.path.abspath(place) for place in sys.path]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM, json.dumps(places)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin, self._process.stdout
        self._format = format_
        self._order(order.pack())

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
        self._process.kill()
        self._orders.close()
        self._answers.close()
        self._process.wait()

    def facts(self) -> tuple[Original, int]:
        """What the document is, and how many pages it has; 0: not known. Raises RenderError if it cannot be read."""
        kind, payload = self._frame()
        if kind != frames.FACTS:
            raise self._death()
        width, length, pages = json.loads(payload)
        return Original(self._format, width, length), pages

    def pieces(
        self, format_: str, raster: Raster, progress: Progress | None = None, warn: Warn | None = None
    ) -> Iterator[bytes]:
        """The raster, as it is drawn; after `facts`. Raises RenderError if the document cannot be drawn to its end."""
        self._order(Work(format=format_, raster=raster).pack())
        written = 0
        while True:
            kind, payload = self._frame()
            if kind == frames.DATA:
                written += len(payload)
                if written > self._limits.output:
                    raise RenderError(f"its pages are more than {self._limits.output:,} octets")
                yield payload
            elif kind == frames.SIDE:
                self._left = self._limits.seconds
                if progress is not None:
                    progress(*json.loads(payload))
            elif kind == frames.WARNING:
                if warn is not None:
                    warn(payload.decode("utf-8", "replace"))
            elif kind == frames.END:
                return
            else:
                raise self._death()

    def _order(self, line: bytes) -> None:
        try:
            self._orders.write(line)
            self._orders.flush()
        except OSError:  # it is dead: what it said before that says why
            pass

    def _frame(self) -> tuple[bytes, bytes]:
        """The next frame. The time that nobody waits for one, since a printer is slow, does not count."""
        began = time.monotonic()
        timer = threading.Timer(max(self._left, 0.0), self._be_late)
        timer.daemon = True
        timer.start()
        try:
            frame = frames.read_frame(self._answers)
        finally:
            timer.cancel()
        self._left -= time.monotonic() - began
        if frame is None:
            raise self._death()
        kind, payload = frame
        if kind == frames.ERROR:
            raise RenderError(payload.decode("utf-8", "replace"))
        return kind, payload

    def _be_late(self) -> None:
        self._late = True
        self._process.kill()

    def _death(self) -> RenderError:
        """The error for a child that ended before its work."""
        if self._late:
            return RenderError(f"a page takes more than {self._limits.seconds:g} seconds")
        self._process.kill()
        status = self._process.wait()
        if status == -getattr(signal, "SIGXCPU", 0):
            return RenderError(f"a page takes more than {self._limits.processor_seconds} seconds of the processor")
        if status == frames.TOO_LARGE:
            return RenderError(f"it needs more than {self._limits.memory >> 20:,} MB of memory")
        if status in (-signal.SIGABRT, -signal.SIGSEGV, -getattr(signal, "SIGTRAP", 0), -getattr(signal, "SIGBUS", 0)):
            word = signal.Signals(-status).name
            return RenderError(f"what draws it broke down ({word}): it is damaged, or made to harm")
        return RenderError(f"what draws it ended without a word (status {status})")
