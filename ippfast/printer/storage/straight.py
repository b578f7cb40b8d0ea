"""Files that go to the disk without a copy in the system's memory.

The rule of this file: whole blocks go there straight from a buffer (``O_DIRECT``), which is used again for the next
file. What is left at the end, and all on a file system that has no such way, is written as usual. `fsync` is as
necessary as for any other file, and when the file is done with, the system is told to keep nothing of it.
"""

import contextlib
import errno
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from .locks import set_flags

__all__ = ["Buffers", "StraightFile"]

_DIRECT = getattr(os, "O_DIRECT", 0)  # macOS has none
_BLOCK = 4_096  # a multiple of a block of any disk
_SIZE = 524_288
_KEPT = 16


class StraightFile:
    """A new file, of its owner alone. Raises OSError, as `write` does.

    descriptor: of the open file.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        self._straight = bool(_DIRECT) and set_flags(self.descriptor, _DIRECT)

    def write(self, octets: memoryview) -> None:
        """Write what lies at the beginning of one of the `Buffers`. All but the last time, it is full."""
        octets = octets[self._write_blocks(octets) :]
        if octets:
            self._straight = self._straight and not set_flags(self.descriptor, 0)
        while octets:
            octets = octets[os.write(self.descriptor, octets) :]

    def _write_blocks(self, octets: memoryview) -> int:
        """How many octets have gone straight."""
        written = 0
        whole = len(octets) - len(octets) % _BLOCK if self._straight else 0
        try:
            while written < whole:
                written += os.write(self.descriptor, octets[written:whole])
        except OSError as error:
            if error.errno != errno.EINVAL:  # which means: not here, or not so
                raise
        return written

    def leave_memory(self) -> None:
        """Have the system keep no copy of the file, which is on the disk: nobody may want it for hours."""
        if hasattr(os, "posix_fadvise"):  # macOS has none
            with contextlib.suppress(OSError):  # it is only advice, and a job has the document already
                os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


class Buffers:
    """Memory for what goes to the disk, which begins at a page, and is used again: new memory takes the system longer.

    A buffer has 512 KiB. There are as many as there are users at once, and of those that nobody uses 16 are kept.
    """

    def __init__(self) -> None:
        self._free: list[memoryview] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[memoryview]:
        """One of them, for as long as the context lasts."""
        try:
            buffer = self._free.pop()
        except IndexError:  # private: after a fork each process has its own
            buffer = memoryview(mmap.mmap(-1, _SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        try:
            yield buffer
        finally:
            if len(self._free) < _KEPT:
                self._free.append(buffer)
