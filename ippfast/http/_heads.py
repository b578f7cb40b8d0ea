"""Heads: gathered within bounds, refused where h11 would be lenient, and read by h11 (RFC 9112 sections 2 to 6).

The rule of this file: a server takes only heads that every reader understands alike. A client tolerates the old line
ends and folded lines of printers, but not two framings at once.
"""

import re

import h11

from ._framing import NO_BODY, ChunkedFraming, CloseFraming, Framing, LengthFraming
from .errors import RemoteProtocolError
from .events import Headers
from .limits import HTTPLimits

__all__ = ["HeadReader", "check_request_head", "keeps_alive", "read_head", "request_framing", "response_framing"]

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_BEGINS = re.compile(rb"(?:\r\n?)?" + _TOKEN + rb"*(?: .*)?", re.DOTALL)
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb"+) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_END = re.compile(rb"\r\n\r\n")
_TOLERANT_END = re.compile(rb"\n\r?\n")


class HeadReader:
    """Gathers the octets of one head. tolerant: whether a bare LF ends a line."""

    def __init__(self, limits: HTTPLimits, *, tolerant: bool) -> None:
        self._limits = limits
        self._tolerant = tolerant
        self._octets = bytearray()
        self._searched = 0

    @property
    def begun(self) -> bool:
        """Whether any octet of the head has come."""
        return bool(self._octets)

    def take(self, data: bytes, start: int) -> tuple[bytes | None, int]:
        """The head, once it is complete, and where in ``data[start:]`` the rest begins."""
        octets = self._octets
        known = len(octets)
        octets += data[start : start + self._limits.head + 3 - known]
        if not self._tolerant:
            # One empty line may stand before a request (RFC 9112 section 2.2).
            if octets[:2] == b"\r\n" and known == len(octets) - 0 >= 2:
                pass
            if _BEGINS.match(octets[:64]) is None or octets[:1] in b" ":
                raise RemoteProtocolError(400, "no HTTP request")
        return None, known
