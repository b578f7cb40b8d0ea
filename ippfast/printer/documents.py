"""The spool: a directory of documents, one file each, and how they get there from a connection.

The rule of this file: a document is on the disk, its name too, before anybody hears of it, and memory stays the same
however large it is. Names are random and say nothing of jobs or clients. Whoever writes a file holds its lock until
the job table knows it; so what nobody locks and no job has, is left over from a server that was killed.
"""

import fcntl
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from ippfast.enums import Status
from ippfast.http.events import Buffer

from .calls import OperationError
from .store import Store

__all__ = ["IncomingFile", "Spool", "sniff", "sync_directory"]

_HEAD = 1_024
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"%!", "application/postscript"),
    (b"\x04%!", "application/postscript"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"RaS2", "image/pwg-raster"),
    (b"UNIRAST\0", "image/urf"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x1bE", "application/vnd.hp-pcl"),
    (b"PK\x03\x04", "application/oxps"),
)
_LANGUAGES = (
    (b"PDF", "application/pdf"),
    (b"POSTSCRIPT", "application/postscript"),
    (b"PCL", "application/vnd.hp-pcl"),
)
_TEXT = bytes({*range(32, 127), *range(128, 256), 8, 9, 10, 12, 13})


def sniff(head: bytes) -> str:
    """The format of a document by its first octets; application/octet-stream where they say nothing.

    That is no judgment of the document: it says which of the printer's formats it claims to be.
    """
    if head.startswith(b"\x1b%-12345X"):  # a job in HP's PJL, which says what language follows
        for line in head.upper().splitlines():
            if b"ENTER LANGUAGE" in line:
                language = line.partition(b"=")[2].strip()
                return next(
                    (format_ for word, format_ in _LANGUAGES if language.startswith(word)), "application/octet-stream"
                )
        return "application/vnd.hp-pcl"
    for magic, format_ in _MAGIC:
        if head.startswith(magic):
            return format_
    is_text = bool(head) and not head.translate(None, _TEXT)
    return "text/plain" if is_text else "application/octet-stream"


class IncomingFile:
    """A document on its way into the spool. Use it as a context manager: without `keep` nothing is left of it.

    name: of the file. octets: how many it has. head: the first of them.
    """

    def __init__(self, directory: Path) -> None:
        self.name = secrets.token_hex(16)
        self.octets = 0
        self.head = b""
        self._path = directory / self.name
        self._kept = False
        self._descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def write(self, pieces: Iterable[Buffer], limit: int | None) -> None:
        """Write a document, and have it on the disk. limit: no more octets than that.

        Raises OperationError where it is longer, and whatever the pieces raise.
        """
        for piece in pieces:
            if limit is not None and self.octets + len(piece) > limit:
                reason = f"a document has at most {limit} octets here"
                raise OperationError(Status.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE, reason)
            if len(self.head) < _HEAD:
                self.head += bytes(piece[: _HEAD - len(self.head)])
            left = memoryview(piece)
            while left:
                left = left[os.write(self._descriptor, left) :]
            self.octets += len(piece)
        os.fsync(self._descriptor)
        sync_directory(self._path.parent)

    def keep(self) -> None:
        """A job has it now."""
        self._kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._kept:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


class Spool:
    """The directory with the documents' files. directory: made where it is not there, for its owner alone."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    def new(self) -> IncomingFile:
        """A file for a document that is to come."""
        return IncomingFile(self._directory)

    def path(self, name: str) -> Path:
        """Where a document lies."""
        return self._directory / name

    def remove(self, names: Iterable[str]) -> None:
        """Remove documents that no job has."""
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def clean(self, store: Store) -> int:
        """Remove what killed servers left behind. Returns how many files that were."""
        removed = 0
        for path in sorted(self._directory.iterdir()):
            if store.knows_file(path.name):
                continue
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:  # it was refused just now
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # it is being received by another process
                pass
            else:
                if not store.knows_file(path.name):
                    path.unlink(missing_ok=True)
                    removed += 1
            finally:
                os.close(descriptor)
        return removed


def sync_directory(directory: Path) -> None:
    """Have the names in a directory on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
