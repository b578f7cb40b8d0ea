"""The pieces of a document on its way, received into the buffers of whoever keeps it.

The rule of this file: whatever gives pieces can fill buffers. What comes from a connection can do that without a copy.
"""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from ippfast.http.events import Buffer

__all__ = ["Fills", "filling"]


@runtime_checkable
class Fills(Protocol):
    """Pieces of a document which can as well be received straight into a buffer."""

    def read_into(self, buffer: memoryview) -> int:
        """Fill a buffer with what comes next. Returns how many octets that were, fewer than fit only at the end."""


def filling(pieces: Iterable[Buffer]) -> Fills:
    """The same pieces, to be received into buffers."""
    return pieces if isinstance(pieces, Fills) else _Filling(pieces)


class _Filling:
    """As `Fills`, with pieces from anywhere."""

    def __init__(self, pieces: Iterable[Buffer]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def read_into(self, buffer: memoryview) -> int:
        """As `Fills.read_into`."""
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._rest = memoryview(piece)
            count = min(len(self._rest), len(buffer) - filled)
            buffer[filled : filled + count] = self._rest[:count]
            self._rest = self._rest[count:]
            filled += count
        return filled
