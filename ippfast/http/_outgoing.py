"""Documents on their way out: a path, a file, octets or pieces of unknown number, read as they are sent.

The rule of this file: nothing is read ahead, and a document is never held whole unless the caller does.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Any, TypeAlias

from .events import Buffer

__all__ = ["PIECE", "Document", "Outgoing"]

PIECE = 262_144
"""Files are read and sent in pieces of so many octets."""

Document: TypeAlias = str | Path | IO[bytes] | Buffer | Iterable[Buffer]
"""A path, a binary file from its position on, octets, or an iterable of octets."""


class Outgoing:
    """One document, opened. Leaving the context closes what it opened itself.

    length: in octets; None where it is not known. file: a regular file that holds it from its position on, or None.
    """

    def __init__(self, document: Document | None) -> None:
        self._close: AbstractContextManager[object] = nullcontext()
        self._source: IO[bytes] | Iterable[Buffer]
        self.length: int | None = None
        self.file: IO[bytes] | None = None
        if isinstance(document, (str, Path)):
            document = Path(document).open("rb")  # noqa: SIM115  # closed by __exit__
            self._close = document
        if document is None:
            self.length, self._source = 0, ()
        elif isinstance(document, (bytes, bytearray, memoryview)):
            self.length, self._source = memoryview(document).nbytes, (document,) if document else ()
        else:
            self._source = document
            self.length = _length(document)
            self.file = document if self.length is not None else None  # type: ignore[assignment]

    def __enter__(self) -> "Outgoing":
        return self

    def __exit__(self, *exception: object) -> None:
        self._close.__exit__(None, None, None)

    def pieces(self) -> Iterator[Buffer]:
        """The octets, none of the pieces empty. Raises TypeError for pieces that are no octets."""
        source = self._source
        if hasattr(source, "read"):
            while piece := source.read(PIECE):
                yield piece
            return
        for piece in source:
            if not isinstance(piece, (bytes, bytearray, memoryview)):
                raise TypeError(f"a document consists of octets, not {type(piece).__name__}")
            if piece:
                yield memoryview(piece).cast("B") if isinstance(piece, memoryview) else piece


def _length(file: Any) -> int | None:
    """How many octets a regular file has from its position on; None for anything else."""
    try:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return max(0, status.st_size - int(file.tell()))
    except (OSError, AttributeError):  # a pipe, a file in memory, no file at all
        pass
    return None
