"""How a body is sent: with a Content-Length, in chunks, or until the connection ends (RFC 9112 section 6).

The rule of this file: the caller's octets pass through uncopied, and octets that would break the framing raise
LocalProtocolError before any of them is sent.
"""

from typing import Protocol

from ..errors import LocalProtocolError
from ..events import Buffer

__all__ = ["ChunkWriter", "CloseWriter", "LengthWriter", "Writer"]


class Writer(Protocol):
    """Frames the octets of one body."""

    def write(self, *pieces: Buffer) -> list[Buffer]:
        """The buffers to send for these octets."""
        ...

    def end(self) -> list[Buffer]:
        """The buffers to send at the end."""
        ...


class LengthWriter:
    """A body of this many octets."""

    def __init__(self, length: int) -> None:
        self._left = length

    def write(self, *pieces: Buffer) -> list[Buffer]:
        size = sum(map(len, pieces))
        if size > self._left:
            raise LocalProtocolError(f"{size} octets of a body, of which only {self._left} are left as announced")
        self._left -= size
        return [*pieces] if size else []

    def end(self) -> list[Buffer]:
        if self._left:
            raise LocalProtocolError(f"the body ends {self._left} octets earlier than announced")
        return []


class ChunkWriter:
    """A body in chunks, one for each call of `write` (RFC 9112 section 7.1)."""

    def write(self, *pieces: Buffer) -> list[Buffer]:
        size = sum(map(len, pieces))
        return [b"%x\r\n" % size, *pieces, b"\r\n"] if size else []  # a chunk without octets would be the last one

    def end(self) -> list[Buffer]:
        return [b"0\r\n\r\n"]


class CloseWriter:
    """A body that ends with the connection, in a response to HTTP/1.0, which has no chunks."""

    def write(self, *pieces: Buffer) -> list[Buffer]:
        return [*pieces] if any(map(len, pieces)) else []

    def end(self) -> list[Buffer]:
        return []
