"""The IPP messages in one direction of a recorded HTTP connection.

The rule of this file: it only watches. It can refuse nobody, so it reads heads as far as it understands them, and
passes over what is no HTTP, up to the next head. Bodies are taken apart by the framing of `ippfast.http`; of those
that are application/ipp it keeps the message, and no long document after it. A message that is not complete is a
`Record` with a fault.
"""

import re
import zlib
from functools import lru_cache
from ipaddress import ip_address

from ..codec import decode_prefix
from ..errors import DecodeError, TruncatedError
from ..http import HTTPError
from ..http._wire.framing import ChunkedFraming, CloseFraming, Framing, LengthFraming
from ..http.limits import HTTPLimits
from .records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..limits import Limits

__all__ = ["Direction", "address_text", "begins_like_http"]

_START = re.compile(
    rb"(?:[A-Z]{3,16} [^ \r\n]{1,2000} HTTP/1\.[01]|HTTP/1\.[01] (?P<status>\d{3})[^\r\n]{0,2000})\r?\n"
)
_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(
    rb"^(content-length|transfer-encoding|content-type|content-encoding)[ \t]*:[ \t]*([^\r\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST_LINE = 2048
_LONGEST_HEAD = 1 << 16
_LOOK_FIRST = 1 << 16  # octets of a body after which it is asked for the first time whether the message is complete
_LIMITS = HTTPLimits()
_new = tuple.__new__  # half the time of a call of `Record`


@lru_cache(4096)
def _host(octets: bytes) -> str:
    address = ip_address(octets)
    return str(address) if address.version == 4 else f"[{address}]"


def address_text(octets: bytes) -> str:
    """An address with its port, of 4 or 16 octets and 2."""
    return f"{_host(octets[:-2])}:{octets[-2] << 8 | octets[-1]}"


@lru_cache(512)  # clients that ask again and again send the same heads
def _meaning(head: bytes, status: bytes | None) -> "tuple[type[Framing] | None, int, bytes | None]":
    """Tell how the body after a head is framed, how long it is, and, if it is IPP, how it is coded.

    RFC 9112 section 6.3 has the rules; without a framing there is no body.
    """
    if status is not None and (status[:1] == b"1" or status in (b"204", b"304")):
        return None, 0, None
    fields = {name.lower(): value for name, value in reversed(_FIELD.findall(head))}  # the first of a name counts
    length = fields.get(b"content-length", b"").rstrip()
    kind = fields.get(b"content-type", b"").split(b";")[0].strip().lower()
    coding = None
    if kind == b"application/ipp":
        coding = fields.get(b"content-encoding", b"identity").rstrip().lower()
    if fields.get(b"transfer-encoding", b"").rstrip().lower().endswith(b"chunked"):
        return ChunkedFraming, 0, coding
    if length.isdigit() and len(length) < 19:
        return LengthFraming, int(length), coding
    return (None if status is None else CloseFraming), 0, coding


def begins_like_http(octets: bytes) -> bool:
    """Tell whether octets begin with the first line of a request or a response."""
    return _START.match(octets) is not None


class Direction:
    """The octets that one side sends. Feed them in their order, with the time when they came.

    addresses: those of the sender and of the other side, as `address_text` takes them, or None.
    """

    __slots__ = (
        "_addresses",
        "_body",
        "_framing",
        "_head",
        "_limits",
        "_position",
        "_source",
        "closed",
        "found",
        "place",
        "time",
    )

    def __init__(self, source: str | None, addresses: "tuple[bytes, bytes] | None", limits: "Limits") -> None:
        self.time: int | None = None
        self.place: int | None = None  # where in the file the octets stand that come next, if the source knows
        self.closed = False
        self.found: list[Record] = []  # what is complete; who takes it empties the list
        self._source = source
        self._addresses = addresses
        self._limits = limits
        self._position = 0  # of the next octet in the stream
        self._head = bytearray()
        self._framing: Framing | None = None
        self._body: _Body | None = None  # None if it is no IPP

    @property
    def held(self) -> int:
        """Return how many octets are kept."""
        return len(self._head) + (self._body.held if self._body is not None else 0)

    def feed(self, data: bytes, time: int | None = None) -> None:
        """Take the next octets; the messages that they complete are in `found`."""
        self.time = time
        framing, body = self._framing, self._body
        if body is not None and type(framing) is LengthFraming and len(data) < framing.left:  # nearly all of a body
            framing.skip(len(data))
            body.take(data)
            self._position += len(data)
            return
        at = 0
        while at < len(data) and not self.closed:
            at = self._take_head(data, at) if self._framing is None else self._take_body(data, at)
        self._position += len(data)

    def gap(self) -> None:
        """Say that octets are missing."""
        self._broken("the capture lacks a part of it")

    def close(self) -> None:
        """Say that no more octets come."""
        if self.closed:
            return
        if isinstance(self._framing, CloseFraming):
            self._complete(None)
        else:
            self._broken("the capture ends within it")
        self.closed = True

    def _broken(self, fault: str) -> None:
        if self._framing is not None:
            self._complete(fault)
        self._head.clear()

    def _take_head(self, data: bytes, at: int) -> int:
        """Look for a head. Returns the place at which the rest of the data begins."""
        begun = len(self._head)
        if begun:  # the data are looked at together with what came before, which is little
            data, shift, at = bytes(self._head) + data[at : at + _LONGEST_HEAD], at - begun, 0
        else:
            shift = 0
        start = _START.search(data, at)
        end = _END.search(data, start.end() - 2) if start is not None else None
        if start is None or end is None:
            if begun and len(data) == begun + _LONGEST_HEAD:  # it is none
                self._head.clear()
                return shift + len(data)
            keep = max(at, len(data) - (_LONGEST_LINE if start is None else _LONGEST_HEAD))
            self._head[:] = data[keep if start is None else max(keep, start.start()) :]
            return shift + len(data)
        self._head.clear()
        self._begin(data[start.start() : end.end()], start["status"], self._position + shift + end.end())
        if self._framing is not None and self._framing.ended:
            self._complete(None)
        return shift + end.end()

    def _begin(self, head: bytes, status: bytes | None, offset: int) -> None:
        framing, length, coding = _meaning(head, status)
        if framing is LengthFraming:
            self._framing = LengthFraming(length)
        elif framing is ChunkedFraming:
            self._framing = ChunkedFraming(_LIMITS)
        elif framing is CloseFraming:
            self._framing = CloseFraming()
        else:
            return
        if coding is None:
            self._body = None
            return
        self._body = _Body("request" if status is None else "response", offset, self.time, coding, self._limits)
        if self.place is not None:
            self._body.offset = self.place

    def _take_body(self, data: bytes, at: int) -> int:
        framing, body = self._framing, self._body
        assert framing is not None
        try:
            piece, at = framing.take(data, at)
        except HTTPError as error:
            self._complete(str(error))
            return at
        if body is not None and len(piece):
            body.take(piece)
        if framing.ended:
            self._complete(None)
        return at

    def _complete(self, fault: str | None) -> None:
        body, self._body, self._framing = self._body, None, None
        if body is None:
            return
        request = body.kind == "request"
        peer = None
        if self._addresses is not None:
            peer = address_text(self._addresses[0 if request else 1])
        octets = body.octets(whole=fault is None)
        fault = body.fault or (fault if not body.sound else None)
        if octets or fault:
            direction = "to-server" if request else "to-client"
            fields = (octets, self._source, body.offset, body.time, peer, direction, body.kind, fault)
            self.found.append(_new(Record, fields))


class _Body:
    """The body of one HTTP message. Only the octets of the IPP message are kept."""

    def __init__(self, kind: str, offset: int, time: int | None, coding: bytes, limits: "Limits") -> None:
        self.kind = kind
        self.offset = offset
        self.time = time
        self.fault: str | None = None
        self.sound = False  # whether the message is known to be complete
        self._limits = limits
        self._kept = bytearray()
        self._look = _LOOK_FIRST
        self._unzip = zlib.decompressobj(47) if coding in (b"gzip", b"x-gzip", b"deflate") else None
        if self._unzip is None and coding not in (b"identity", b""):
            self.fault = f"Content-Encoding {coding.decode('latin-1')} is not read"

    @property
    def held(self) -> int:
        return len(self._kept)

    def take(self, piece: "bytes | bytearray | memoryview") -> None:
        kept = self._kept
        most = self._limits.max_octets + 1 - len(kept)
        if self.sound or self.fault or most <= 0:
            return
        if self._unzip is not None:
            try:
                piece = self._unzip.decompress(piece, most)
            except zlib.error as error:
                self.fault = f"the body cannot be unpacked: {error}"
                return
        kept += piece if len(piece) <= most else memoryview(piece)[:most]
        if len(kept) >= self._look:
            self._look *= 2
            self._cut()

    def _cut(self) -> None:
        """Drop the document if the message is complete."""
        try:
            size = decode_prefix(self._kept, limits=self._limits)[1]
        except TruncatedError:
            return
        except DecodeError:
            del self._kept[_LOOK_FIRST:]  # so much shows what is wrong, and where
            self.sound = True
            return
        del self._kept[size:]
        self.sound = True

    def octets(self, *, whole: bool) -> bytes:
        """What is kept. whole: the body has all come, so it need not be found out whether the message has."""
        if not self.sound and self._kept and not (whole and len(self._kept) < _LOOK_FIRST):
            self._cut()
        return bytes(self._kept)
