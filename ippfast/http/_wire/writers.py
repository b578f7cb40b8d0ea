"""How a body goes out: as long as Content-Length said, in chunks, or until the connection ends (RFC 9112 section 6).

The rule of this file: the caller's octets pass through uncopied, and what would break the framing raises
LocalProtocolError before any of it goes out.
"""

from typing import Protocol

from ..errors import LocalProtocolError
from ..events import Buffer

__all__ = ["ChunkWriter", "CloseWriter", "LengthWriter", "Writer"]


class Writer(Protocol):
    """Frames the octets of one body."""

    def write(self, *pieces: Buffer) -> list[Buffer]:
        """What is to be sent for these octets."""
        ...

    def end(self) -> list[Buffer]:
        """What is to be sent at the end."""
        ...


class LengthWriter:
    """A body of this many octets."""

    def __init__(self, length: int) -> None:
        self._left = length

    def write(self, *pieces: Buffer) -> list[Buffer]:
        size = sum(map(len, pieces))
        if size > self._left:
            raise LocalProtocolError(f"{size} octets of a body where {self._left} were announced")
        self._left -= size
        return [*pieces] if size else []

    def end(self) -> list[Buffer]:
        if self._left:
            raise LocalProtocolError(f"the end of a body that was announced with {self._left} octets more")
        return []


class ChunkWriter:
    """A body in chunks, one for what comes at once (RFC 9112 section 7.1)."""

    def write(self, *pieces: Buffer) -> list[Buffer]:
        size = sum(map(len, pieces))
        return [b"%x\r\n" % size, *pieces, b"\r\n"] if size else []  # one without octets would be the last

    def end(self) -> list[Buffer]:
        return [b"0\r\n\r\n"]


class CloseWriter:
    """A body that ends with the connection: of a response to HTTP/1.0, which knows no chunks."""

    def write(self, *pieces: Buffer) -> list[Buffer]:
        return [*pieces] if any(map(len, pieces)) else []

    def end(self) -> list[Buffer]:
        return []
