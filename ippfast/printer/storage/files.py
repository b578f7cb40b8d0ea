"""Documents as files in a directory, and how they are received.

The rule of this file: a document and its name are on the disk before a job has it, and its size does not change the
memory used. Names are random and tell nothing about jobs or clients. The process that writes a file locks it until a
job has it; so a file that is not locked and not a job's was left by a server that was killed, and is removed. Therefore
a directory belongs to one store only, whose name is in a file there (`Files.claim`), and only files with names such as
documents have are removed. A small document is kept with its job instead (`IncomingDocument.content`).
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from ippfast.http.events import Buffer

from .locks import AT_ONCE, EXCLUSIVE, flock
from .pieces import Fills, filling
from .seam import StorageError, TooLarge, Unsaid
from .straight import Buffers, StraightFile
from .tokens import is_token, token

__all__ = ["MARK", "Files", "sync_directory"]

MARK = ".ippfast-store"
"""The file in a directory of documents with the name of their store."""

_HEAD = 1_024
_SMALL = 65_536
_FIRST = 8_192  # many want no more than that, and the system's memory has none of it
_PIECE = 262_144


class IncomingFile:
    """An `IncomingDocument`. small: up to this many octets are kept with the job instead of in a file."""

    fenced = False

    def __init__(self, directory: Path, small: int, buffers: Buffers) -> None:
        self.key = token()
        self.octets = 0
        self.head = b""
        self.content: bytes | None = None
        self._small = small
        self._buffers = buffers
        self._path = directory / self.key
        self._kept = False
        self._file: StraightFile | None = None

    def write(self, pieces: Iterable[Buffer], limit: int | None) -> None:
        """As `IncomingDocument.write`."""
        source = filling(pieces)
        with self._buffers.one() as buffer:
            filled = self._receive(source, buffer[: self._small + 1], limit)
            self.head = bytes(buffer[: min(filled, _HEAD)])
            if filled <= self._small:
                self.content = bytes(buffer[:filled])
                return
            self._file = StraightFile(self._path)
            flock(self._file.descriptor, EXCLUSIVE)
            filled += self._receive(source, buffer[filled:], limit)
            self._file.write(buffer[:filled])
            while filled == len(buffer):
                filled = self._receive(source, buffer, limit)
                self._file.write(buffer[:filled])
        os.fsync(self._file.descriptor)
        sync_directory(self._path.parent)

    def _receive(self, source: Fills, buffer: memoryview, limit: int | None) -> int:
        """Fill a buffer, and count that. Fewer octets than fit: there are no more. Raises TooLarge."""
        count = source.read_into(buffer)
        self.octets += count
        if limit is not None and self.octets > limit:
            raise TooLarge(limit)
        return count

    def keep(self) -> None:
        """As `IncomingDocument.keep`."""
        self._kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        try:
            if self._kept:
                self._file.leave_memory()
            elif not isinstance(error, Unsaid):  # a job may have it: `clean` decides
                self._path.unlink(missing_ok=True)
        finally:
            os.close(self._file.descriptor)


class Files:
    """A `DocumentStore` in a directory, which is made for its owner only.

    local: a directory that only this store on this host uses, for temporary files of small documents. aside: a
    directory on the same file system, for documents whose job table was lost. knows: tells whether a job has a key.
    content: gives the document with a key if it is kept with its job. small: up to this many octets are kept there,
    fewer than one of the `Buffers` has.
    """

    def __init__(
        self,
        directory: Path,
        *,
        local: Path,
        aside: Path,
        knows: Callable[[str], bool],
        content: Callable[[str], bytes | None],
        small: int = _SMALL,
    ) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._local = local
        self.aside = aside
        self._knows = knows
        self._content = content
        self._small = small
        self._buffers = Buffers()

    def claim(self, owner: str) -> None:
        """Note in the directory that it belongs to the store with this name.

        Raises StorageError if it belongs to another store, or to none and has other files than this store's documents.
        """
        with (self._directory / MARK).open("a+", encoding="ascii", errors="replace") as mark:
            flock(mark, EXCLUSIVE)
            mark.seek(0)
            found = mark.read().strip()
            if not found:
                self._check_strangers()
                mark.write(f"{owner}\n")
                mark.flush()
                os.fsync(mark.fileno())
                sync_directory(self._directory)
            elif found != owner:
                raise StorageError(
                    f"{self._directory} has the documents of another store ({MARK} says {found}, this one is {owner}):"
                    " stores in one directory would remove each other's; give this one another directory"
                )

    def _check_strangers(self) -> None:
        for path in self._directory.iterdir():
            if path.name != MARK and not path.is_dir() and not self._knows(path.name):
                raise StorageError(
                    f"{self._directory} has files that are not documents of this store ({path.name}): give it an empty"
                    " directory"
                )

    def new(self) -> IncomingFile:
        """As `DocumentStore.new`."""
        return IncomingFile(self._directory, self._small, self._buffers)

    def open(self, key: str, start: int = 0) -> Iterator[Buffer]:
        """As `DocumentStore.open`."""
        content = self._content(key)
        if content is not None:
            return iter([content[start:]] if start < len(content) else [])
        return self._read(self._directory / key, start)

    def _read(self, path: Path, start: int) -> Iterator[Buffer]:
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            size = _FIRST
            while piece := file.read(size):
                yield piece
                size = _PIECE

    @contextlib.contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """As `DocumentStore.local`."""
        content = self._content(key)
        if content is None:
            path = self._directory / key
            path.stat()
            yield path
            return
        self._local.mkdir(mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=f"{key}-", dir=self._local) as file:
            flock(file, EXCLUSIVE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # an output may link to it and keep only the link
            yield Path(file.name)

    def remove(self, keys: Iterable[str]) -> None:
        """As `DocumentStore.remove`."""
        for key in keys:
            (self._directory / key).unlink(missing_ok=True)

    def clean(self) -> int:
        """As `DocumentStore.clean`."""
        removed = 0
        for path in self._left_over(self._directory):
            path.unlink(missing_ok=True)
            removed += 1
        if self._local.is_dir():
            for path in self._left_over(self._local):
                path.unlink(missing_ok=True)
        return removed

    def set_aside(self) -> int:
        """Move the documents that no job has to `aside`: this job table is not theirs. Returns how many."""
        moved = 0
        for path in self._left_over(self._directory):
            self.aside.mkdir(mode=0o700, exist_ok=True)
            path.replace(self.aside / path.name)
            moved += 1
        if moved:
            sync_directory(self.aside)
            sync_directory(self._directory)
        return moved

    def _left_over(self, directory: Path) -> Iterator[Path]:
        """Give the files that no job has and no process writes, each locked while the caller uses it."""
        for path in sorted(directory.iterdir()):
            if not is_token(path.name.partition("-")[0]) or self._knows(path.name) or not path.is_file():
                continue
            try:
                descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            except FileNotFoundError:  # it was removed just now
                continue
            try:
                flock(descriptor, EXCLUSIVE | AT_ONCE)
                if not self._knows(path.name):
                    yield path
            except BlockingIOError:  # it is being received
                continue
            finally:
                os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Write the names in a directory to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
