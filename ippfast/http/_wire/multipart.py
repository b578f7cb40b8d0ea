"""Splits a multipart body into its parts while the octets arrive (RFC 2046 section 5.1). IPP uses it for events (RFC
3996).

The rule of this file: only octets that may begin a boundary are held back, because the next part may be hours away; and
nothing else is kept.
"""

import re
from enum import Enum
from typing import Final

from ..errors import RemoteProtocolError
from ..events import Buffer, Headers
from ..limits import HTTPLimits

__all__ = ["PART", "PartSplitter", "boundary_of"]

_BOUNDARY = re.compile(r"""[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]""")
_PARAMETER = re.compile(r';\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', re.IGNORECASE)
_LINE_END = re.compile(rb"[ \t]*\r\n")


class _Mark(Enum):
    PART = "PART"


PART: Final = _Mark.PART
"""A part begins. Its octets follow."""


def boundary_of(headers: Headers) -> bytes:
    """The boundary that a multipart Content-Type gives. Raises RemoteProtocolError if it gives none."""
    found = _PARAMETER.search(headers.get("content-type") or "")
    text = "" if found is None else found[2] or re.sub(r"\\(.)", r"\1", found[1])
    if _BOUNDARY.fullmatch(text) is None:
        raise RemoteProtocolError(502, "a multipart answer without a boundary")
    return text.encode("ascii")


class PartSplitter:
    """Give the body's octets to `feed`; `read` returns the octets of each part, after a `PART`.

    content_type: of the current part, None if it has none. ended: whether the last part is complete.
    """

    def __init__(self, boundary: bytes, limits: HTTPLimits) -> None:
        self.content_type: str | None = None
        self.ended = False
        self._delimiter = b"\r\n--" + boundary
        self._limit = limits.head
        self._line_limit = limits.chunk_line
        self._buffer = bytearray(b"\r\n")  # the body may begin with the first boundary
        self._step = self._preamble
        self._skipped = 0

    def feed(self, data: Buffer) -> None:
        """Take the next octets. Before the next call, call `read` until it returns None."""
        if not self.ended:  # an epilogue is dropped
            self._buffer += data

    def read(self) -> bytes | _Mark | None:
        """What comes next; None if more octets are needed, or `ended` is true.

        Raises RemoteProtocolError if it is no multipart body, or a preamble or head is too long.
        """
        return None if self.ended else self._step()

    def _preamble(self) -> bytes | _Mark | None:
        skipped, complete = self._up_to_delimiter()
        self._skipped += len(skipped)
        if self._skipped > self._limit:
            raise RemoteProtocolError(502, f"over {self._limit} octets before the first part")
        return self._boundary_line() if complete else None

    def _data(self) -> bytes | _Mark | None:
        data, complete = self._up_to_delimiter()
        if complete:
            self._step = self._boundary_line
        if data:
            return data
        return self._boundary_line() if complete else None

    def _up_to_delimiter(self) -> tuple[bytes, bool]:
        """Take the octets before the next delimiter, or all that cannot belong to one; and whether there is one."""
        buffer, delimiter = self._buffer, self._delimiter
        at = buffer.find(delimiter)
        found = at >= 0
        end = at
        if not found:
            # Take all but the octets that may begin a delimiter.
            end = buffer.find(b"\r", max(0, len(buffer) - len(delimiter) + 1))
            while end >= 0 and not delimiter.startswith(bytes(buffer[end:])):
                end = buffer.find(b"\r", end + 1)
            if end < 0:
                end = len(buffer)
        taken = bytes(buffer[:end])
        del buffer[: end + (len(delimiter) if found else 0)]
        return taken, found

    def _boundary_line(self) -> bytes | _Mark | None:
        """Read the rest of the line with a delimiter, which is two hyphens after the last part."""
        self._step = self._boundary_line
        if self._buffer.startswith(b"--"):
            self.ended = True
            self._buffer.clear()
            return None
        found = _LINE_END.match(self._buffer)
        if found is None:
            rest = bytes(self._buffer).lstrip(b" \t")
            if rest not in (b"", b"\r", b"-") or len(self._buffer) > self._line_limit:
                raise RemoteProtocolError(502, "octets behind a boundary")
            return None
        del self._buffer[: found.end() - 2]  # if no header line follows, the end of this line ends the head
        return self._head()

    def _head(self) -> bytes | _Mark | None:
        self._step = self._head
        end = self._buffer.find(b"\r\n\r\n")
        if (len(self._buffer) if end < 0 else end) > self._limit:
            raise RemoteProtocolError(502, f"a part's head of over {self._limit} octets")
        if end < 0:
            return None
        self.content_type = None
        for line in self._buffer[:end].decode("iso-8859-1").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip().lower() == "content-type":
                self.content_type = value.partition(";")[0].strip().lower()
        del self._buffer[: end + 4]
        self._step = self._data
        return PART
