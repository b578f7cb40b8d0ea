"""Documents to be sent: a path, a file, octets, or any number of pieces. They are read while they are sent.

The rule of this file: nothing is read ahead, and a document is never held whole unless the caller holds it.
"""

import os
import select
import stat
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Any, TypeAlias

from .._wire.sockets import SMALL
from ..events import Buffer

__all__ = ["OBJECT", "PIECE", "AsyncDocument", "Document", "FilePart", "Outgoing", "position"]

PIECE = 262_144
"""Files are read and sent in pieces of this many octets."""

OBJECT = 64
"""How many octets the object that holds a piece takes, besides the piece itself."""

Document: TypeAlias = str | Path | IO[bytes] | Buffer | Iterable[Buffer]
"""A path, a binary file from its position on, octets, or an iterable of octets."""

AsyncDocument: TypeAlias = Document | AsyncIterable[Buffer]
"""A `Document`, or an asynchronous iterable of octets. What may block is read in another thread."""


class Outgoing:
    """An open document. Leaving the context closes what it has opened itself.

    length: in octets; None if it is not known. file: a regular file that holds the document from its position on, or
    None. octets: the whole document, if it is so short that it is sent together with its request; otherwise None.
    """

    def __init__(self, document: AsyncDocument | None) -> None:
        self._close: AbstractContextManager[object] = nullcontext()
        self._source: Any
        self._begun = False
        self._start: int | None = None
        self.length: int | None = None
        self.file: IO[bytes] | None = None
        self.octets: Buffer | None = None
        if isinstance(document, (str, Path)):
            document = Path(document).open("rb")  # noqa: SIM115  # closed by __exit__
            self._close = document
        if document is None:
            self.length, self._source = 0, ()
        elif isinstance(document, (bytes, bytearray, memoryview)):
            self.length, self._source = memoryview(document).nbytes, (document,) if document else ()
            self.octets = memoryview(document).cast("B") if 0 < self.length <= SMALL else None
        else:
            self._source = document
            self.length = _length(document)
            self.file = document if self.length is not None else None  # type: ignore[assignment]
            self._start = position(document)

    def __enter__(self) -> "Outgoing":
        return self

    def __exit__(self, *exception: object) -> None:
        self._close.__exit__(None, None, None)

    def rewind(self) -> bool:
        """Go back to the beginning, to send the document again. False: it can be read only once, and has been."""
        if self._start is not None:
            self._source.seek(self._start)
        return self.repeatable or not self._begun

    def hide_length(self) -> None:
        """Send it in chunks, as if its length were not known."""
        self.length = self.file = self.octets = None

    @property
    def repeatable(self) -> bool:
        """Whether it can be read more than once."""
        source = self._source
        if self._start is not None:
            return True
        # An iterator is its own iterator, and gives each piece once.
        return not hasattr(source, "read") and not hasattr(source, "__aiter__") and iter(source) is not source

    def pieces(self) -> Iterator[Buffer]:
        """The octets in pieces, none of them empty. Raises TypeError for pieces that are no octets."""
        source, self._begun = self._source, True
        for piece in _read(source) if hasattr(source, "read") else source:
            if type(piece) is not bytes:  # a call would cost as much as all the rest
                piece = _check(piece)
            if piece:
                yield piece

    async def pieces_async(self) -> AsyncGenerator[Buffer, None]:
        """As `pieces`; a source that may wait for a disk or a pipe is read in another thread."""
        source, self._begun = self._source, True
        if hasattr(source, "__aiter__"):
            async for piece in source:
                if type(piece) is not bytes:
                    piece = _check(piece)
                if piece:
                    yield piece
        elif isinstance(source, tuple):  # octets in memory
            for piece in source:
                yield piece
        else:
            import asyncio  # it is loaded already if this is awaited; `Client` need not load it

            pieces = iter(self.pieces())
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece


class FilePart:
    """A file from its position on, which the operating system sends. Its length is that of the octets in the file.

    sent: how many octets have been sent.
    """

    def __init__(self, file: IO[bytes], length: int) -> None:
        self.sent = 0
        self._file = file
        self._start = file.tell()
        self._length = length

    def __len__(self) -> int:
        return self._length

    @property
    def left(self) -> int:
        return self._length - self.sent

    def send(self, descriptor: int, most: int, patience: float = 0.0) -> bool:
        """Send at most this many octets to a socket that does not block. Returns whether it would take more now.

        patience: seconds to wait, in all, while the socket takes none. Raises OSError, and EOFError if the file has
        become shorter.
        """
        end = min(self.sent + most, self._length)
        deadline = time.monotonic() + patience
        try:
            while self.sent < end:
                try:
                    count = os.sendfile(descriptor, self._file.fileno(), self._start + self.sent, end - self.sent)
                except BlockingIOError:
                    if not _takes_more(descriptor, deadline - time.monotonic()):
                        return False
                    continue
                if count == 0:
                    raise EOFError(f"the file ended after {self.sent} of {self._length} octets")
                self.sent += count
        finally:
            self._file.seek(self._start + self.sent)
        return True


def _takes_more(descriptor: int, seconds: float) -> bool:
    """Wait this long for a full socket. Returns whether it takes octets again, or has failed."""
    if seconds <= 0:
        return False
    waiting = select.poll()
    waiting.register(descriptor, select.POLLOUT)
    return bool(waiting.poll(1000 * seconds))


def _read(file: IO[bytes]) -> Iterator[Buffer]:
    while piece := file.read(PIECE):
        yield piece


def _check(piece: object) -> Buffer:
    if isinstance(piece, memoryview):
        return piece.cast("B")
    if not isinstance(piece, (bytes, bytearray)):
        raise TypeError(f"a document consists of octets, not {type(piece).__name__}")
    return piece


def position(document: Any) -> int | None:
    """The position of a file that can be read again from there; None for anything else."""
    try:
        return int(document.tell()) if document.seekable() else None
    except (OSError, AttributeError, ValueError):
        return None


def _length(file: Any) -> int | None:
    """How many octets a regular file has from its position on; None for anything else."""
    try:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return max(0, status.st_size - int(file.tell()))
    except (OSError, AttributeError):  # a pipe, a file in memory, no file at all
        pass
    return None
