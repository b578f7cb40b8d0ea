"""Where a body ends: Content-Length, chunks, or the end of the connection (RFC 9112 sections 6.3 and 7.1).

The rule of this file: it is strict, because a body whose end two readers see in different places is an attack. Octets
pass through uncopied, except that those of small chunks are gathered into one piece. Every fault of a peer raises
RemoteProtocolError.
"""

import re
from typing import TYPE_CHECKING, Protocol

from ...codec import IMPLEMENTATION
from ..errors import ConnectionLostError, RemoteProtocolError
from ..events import Buffer
from ..limits import HTTPLimits

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._chunks_py import gather
else:
    from ._chunks import gather

__all__ = ["ChunkedFraming", "CloseFraming", "Framing", "LengthFraming"]

_NOTHING: Buffer = b""

_FREE_OVERHEAD = 65_536
"""Up to this many octets of chunk lines are allowed, whatever their ratio to the data."""

_MAX_OVERHEAD_RATIO = 2
"""Chunk lines may have at most this many octets for each octet of data: chunks have 3 octets or more on the average."""

# The octets between the data of two chunks. The first chunk's line is read as if a chunk had ended before it.
_EXTENSION = rb"(?:;[\t\x20-\x7e\x80-\xff]*)?"
_CHUNK_LINE = re.compile(rb"\r\n([0-9A-Fa-f]{1,16})" + _EXTENSION + rb"\r\n")
_CHUNK_LINE_BEGINS = re.compile(rb"\r(?:\n(?:[0-9A-Fa-f]{1,16}" + _EXTENSION + rb"\r?)?)?")
_TRAILER_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")


class Framing(Protocol):
    """Separates the octets of one body from what follows them."""

    ended: bool
    """Whether the body is complete."""

    def take(self, data: bytes, start: int) -> tuple[Buffer, int]:
        """The next octets of the body in ``data[start:]``, and where the rest begins.

        There may be no such octets although the rest has some: call again until the rest is empty, or `ended` is true.
        """
        ...

    def close(self) -> None:
        """Say that no more octets come. Raises ConnectionLostError if the body is not complete."""
        ...


class LengthFraming:
    """A body of this many octets as Content-Length says, or of none if nothing announces one."""

    def __init__(self, length: int) -> None:
        self.left = length
        self.ended = length == 0

    def take(self, data: bytes, start: int) -> tuple[Buffer, int]:
        end = min(len(data), start + self.left)
        self.left -= end - start
        self.ended = self.left == 0
        return _piece(data, start, end), end

    def skip(self, count: int) -> None:
        """Note that the next octets of the body, this many, have gone another way."""
        self.left -= count
        self.ended = self.left == 0

    def close(self) -> None:
        raise ConnectionLostError(f"the body ended {self.left} octets early")


class CloseFraming:
    """A body that ends with the connection. Only responses have one (RFC 9112 section 6.3)."""

    ended = False

    def take(self, data: bytes, start: int) -> tuple[Buffer, int]:
        return _piece(data, start, len(data)), len(data)

    def close(self) -> None:
        self.ended = True


class ChunkedFraming:
    """A body in chunks. Chunk extensions and trailers are checked for their form, and dropped."""

    def __init__(self, limits: HTTPLimits) -> None:
        self.ended = False
        self._limits = limits
        self._left = 0  # how many octets of the chunk's data are to come
        self._line = b"\r\n"  # outside of a chunk, the beginning of the chunk line that comes next
        self._trailers: bytearray | None = None  # the octets of the trailer section, once it has begun
        self._data = 0
        self._overhead = 0

    def take(self, data: bytes, start: int) -> tuple[Buffer, int]:
        at, octets = start, _NOTHING
        if self._left == 0 and self._trailers is None:
            at = self._read_line(data, at)
        if self._left and at < len(data):
            octets, at, self._left = gather(data, at, self._left, self._limits.chunk_line)
        if self._trailers is not None and at < len(data):
            at = self._take_trailers(data, at)
        self._data += len(octets)
        self._overhead += at - start - len(octets)
        if self._overhead > _FREE_OVERHEAD and self._overhead > _MAX_OVERHEAD_RATIO * self._data:
            raise RemoteProtocolError(400, "chunk lines with far more octets than the data")
        return octets, at

    def close(self) -> None:
        raise ConnectionLostError("the body ended before its last chunk")

    def _read_line(self, data: bytes, at: int) -> int:
        """Read a chunk line, or go on with one that has begun. Returns where the rest begins."""
        begun, limit = self._line, self._limits.chunk_line
        line = begun + data[at : at + limit + 1]
        found = _CHUNK_LINE.match(line)
        if found is None and _CHUNK_LINE_BEGINS.fullmatch(line) is None:
            raise RemoteProtocolError(400, "a line with a chunk's size is missing")
        if (len(line) if found is None else found.end()) > limit:
            raise RemoteProtocolError(400, f"a chunk line of over {limit} octets")
        if found is None:
            self._line = line
            return len(data)
        self._line, self._left = b"", int(found[1], 16)
        if self._left == 0:  # the last chunk
            self._trailers = bytearray()
        return at + found.end() - len(begun)

    def _take_trailers(self, data: bytes, at: int) -> int:
        """Go on with the trailer section. Returns where the rest begins."""
        trailers = self._trailers
        assert trailers is not None
        known = len(trailers)
        trailers += data[at : at + self._limits.trailers + 4 - known]
        if trailers[:2] == b"\r\n":
            end = 2
        else:
            found = trailers.find(b"\r\n\r\n", max(0, known - 3))
            if found < 0:
                if len(trailers) >= self._limits.trailers + 4 or trailers[:1] == b"\n":
                    raise RemoteProtocolError(400, f"trailers of over {self._limits.trailers} octets")
                return len(data)
            end = found + 4
            for line in trailers[:found].split(b"\r\n"):
                if _TRAILER_LINE.fullmatch(line) is None:
                    raise RemoteProtocolError(400, "a trailer that is no header line")
        self.ended = True
        return at + end - known


def _piece(data: bytes, start: int, end: int) -> Buffer:
    """Part of some octets, uncopied."""
    if start == 0 and end == len(data):
        return data
    return memoryview(data)[start:end]
