"""The child process in which documents of strangers are opened and drawn: ``main`` is all that it runs.

The rule of this file: everything that is needed is loaded, and the file opened, before the process gives up what it may
do: memory and processor time have ends, files cannot be written, and if the system allows it there is no network. After
that it reads the document and its orders, and writes frames (see `frames`).
"""

import contextlib
import json
import os
import sys
import threading
import time
from typing import Any, BinaryIO

from . import frames
from .errors import ConvertError, RenderError
from .frames import Limits, Order, Work

__all__ = ["main"]

_ROOM = 4  # a child may reserve so many times the memory that it may use
_GLANCE = 0.01  # seconds between two looks at the memory

_MOST_WARNINGS = 100
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # of unshare(2)


def main() -> None:
    """Carry out the orders on standard input."""
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no frame
    try:
        _carry_out(orders, answers)
    except BrokenPipeError:
        pass  # nobody wants it any more
    except ConvertError as error:
        _fail(answers, str(error))
    except MemoryError:
        _fail(answers, "it needs more memory than it may have")
    except Exception as error:
        _fail(answers, f"it cannot be drawn: {type(error).__name__}: {error}")
    answers.flush()
    os._exit(0)  # pdfium would free its memory piece by piece, which the end of the process does at once


def _fail(answers: BinaryIO, text: str) -> None:
    with contextlib.suppress(OSError):
        frames.send(answers, frames.ERROR, text.encode("utf-8", "replace")[:4096])


def _carry_out(orders: BinaryIO, answers: BinaryIO) -> None:
    try:
        from . import drawing, sources

        line = orders.readline()  # this may take long, since a child may be started before its document is known
        if not line:
            return
        order = Order.unpack(line)
        opener = sources.opener_of(order.format)
    except ImportError as error:
        raise RenderError(f"this needs a library that is not here ({error}): pip install 'ippfast[convert]'") from None
    with open(order.path, "rb") as file:
        _confine(order.limits)
        allow_time(order.limits)
        source = opener(file, order.encoding)
        width, length, pages = source.facts()
        frames.send(answers, frames.FACTS, json.dumps([width, length, pages]).encode())
        line = orders.readline()
        if not line:
            return  # the parent wanted only the facts
        work = Work.unpack(line)
        warnings: set[str] = set()

        def warn(text: str) -> None:
            if text not in warnings and len(warnings) < _MOST_WARNINGS:
                warnings.add(text)
                frames.send(answers, frames.WARNING, text.encode("utf-8", "replace")[:4096])

        def done(number: int, total: int) -> None:
            output.flush()
            frames.send(answers, frames.SIDE, json.dumps([number, total]).encode())
            allow_time(order.limits)

        allow_time(order.limits)
        output = _Output(answers)
        most = order.limits.sides
        drawn = drawing.Drawing(source.document(work.raster, warn, most), work.raster, warn, most)
        drawn.write(output, work.format, done, work.turn, work.turns)
        output.flush()
        frames.send(answers, frames.END)


class _Output:
    """Makes frames of data from what the writer writes."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._gathered = bytearray()

    def write(self, data: bytes) -> int:
        if len(data) < frames.PIECE // 4:
            self._gathered += data
            if len(self._gathered) >= frames.PIECE // 4:
                self.flush()
        else:
            self.flush()
            view = memoryview(data)
            for start in range(0, len(view), frames.PIECE):
                frames.send(self._answers, frames.DATA, view[start : start + frames.PIECE])
        return len(data)

    def forget(self) -> None:
        """Drop the octets that were written and not sent yet."""
        self._gathered.clear()

    def flush(self) -> None:
        if self._gathered:
            frames.send(self._answers, frames.DATA, bytes(self._gathered))
            self._gathered.clear()


def _confine(limits: Limits) -> None:
    """Give up what drawing does not need. Limits that the system does not have are left out."""
    try:
        import resource
    except ImportError:  # Windows
        return
    # What is reserved already counts besides: a free-threaded CPython has 1 GiB from its beginning.
    ends = {"RLIMIT_AS": _counted(0) + _ROOM * limits.memory, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, most in ends.items():
        with contextlib.suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (most, most))
    unshare: Any = getattr(os, "unshare", None)  # of Linux, since Python 3.12
    if unshare is not None:
        with contextlib.suppress(OSError):
            unshare(_NEW_USER | _NEW_NETWORK)
    threading.Thread(target=_watch, args=(limits.memory,), daemon=True).start()


def _watch(most: int) -> None:
    """End the process when it has taken this many octets of memory.

    A limit that makes allocations fail is not enough: pdfium leaves out an image that does not fit, and goes on.
    """
    while _memory() < most:
        time.sleep(_GLANCE)
    os._exit(frames.TOO_LARGE)


def _memory() -> int:
    """Return how many octets of memory this process has taken."""
    if taken := _counted(1):
        return taken
    import resource  # not Linux, whose getrusage tells what the parent had taken

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _counted(field: int) -> int:
    """Return the octets that this process has reserved (field 0) or taken (field 1) on Linux; 0: unknown."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[field]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def allow_time(limits: Limits) -> None:
    """Allow the processor's time of one side, from now on."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    end = int(used.ru_utime + used.ru_stime) + 1 + limits.processor_seconds
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (end, resource.getrlimit(resource.RLIMIT_CPU)[1]))
