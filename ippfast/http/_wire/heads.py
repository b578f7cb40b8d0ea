"""Heads: gathered within bounds, refused if h11 would be lenient, and read by h11 (RFC 9112 sections 2 to 6).

The rule of this file: a server accepts only heads that all readers understand alike. A client tolerates the line ends
and folded lines of old printers, since nobody behind it can read them differently.
"""

import re
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import cache, lru_cache
from http import HTTPStatus
from typing import TypeVar

import h11

from ..errors import LocalProtocolError, RemoteProtocolError
from ..events import Headers
from ..limits import HTTPLimits
from .framing import ChunkedFraming, CloseFraming, Framing, LengthFraming

__all__ = [
    "HeadReader",
    "closes",
    "date_now",
    "headers_of",
    "make_request",
    "make_response",
    "read_head",
    "remember",
    "request_framing",
    "response_framing",
]

_TOKEN_OCTET = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]")
_REQUEST_LINE = re.compile(rb"[^ ]+ ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])")
_BARE_LF = re.compile(rb"(?:^|[^\r])\n")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_END = re.compile(rb"\r\n\r\n")
_TOLERANT_END = re.compile(rb"\n\r?\n")


class HeadReader:
    """Gathers the octets of one head and checks what h11 does not. Use a new one for each head.

    requests: whether it is for requests, and therefore strict; otherwise it is for responses.
    """

    def __init__(self, limits: HTTPLimits, *, requests: bool) -> None:
        self._limits = limits
        self._requests = requests
        self._octets = bytearray()
        self._skipped = False

    @property
    def begun(self) -> bool:
        """Whether any octet of the head has come."""
        return bool(self._octets)

    @property
    def used(self) -> bool:
        """Whether any octet has come, even one of an empty line."""
        return self._skipped or bool(self._octets)

    def take(self, data: bytes, start: int) -> tuple[bytes | None, int]:
        """Take octets of ``data[start:]``. Returns the head, None if it is not complete; and where the rest begins."""
        octets, limit = self._octets, self._limits.head
        searched = max(0, len(octets) - 3)
        added = data[start : start + limit + 4 - len(octets)]
        octets += added
        if self._requests and not self._skipped and octets[:1] == b"\r":
            # One empty line may stand before a request (RFC 9112 section 2.2).
            if octets[1:2] == b"\n":
                del octets[:2]
                self._skipped = True
            elif len(octets) == 1:
                return None, start + len(added)
        if not octets:
            return None, start + len(added)
        self._check_beginning()
        found = (_END if self._requests else _TOLERANT_END).search(octets, searched)
        end = len(octets) if found is None else found.end()
        if self._requests and _BARE_LF.search(octets, max(0, searched - 1), end):
            raise RemoteProtocolError(400, "a line of the head ends with a bare LF")
        if end > limit:
            raise RemoteProtocolError(431, f"a head of over {limit} octets")
        if found is None:
            return None, start + len(added)
        head = bytes(octets[:end])
        self._check_lines(head)
        return head, start + len(added) - (len(octets) - end)

    def _check_beginning(self) -> None:
        if self._requests:
            if _TOKEN_OCTET.match(self._octets) is None:
                raise RemoteProtocolError(400, "no HTTP request")
        elif not b"HTTP/".startswith(self._octets[:5]):
            raise RemoteProtocolError(502, "no HTTP response")

    def _check_lines(self, head: bytes) -> None:
        first, *lines = head.rstrip(b"\r\n").split(b"\n")
        if len(lines) > self._limits.header_lines:
            raise RemoteProtocolError(431, f"over {self._limits.header_lines} header lines")
        if not self._requests:
            return
        request = _REQUEST_LINE.fullmatch(first.rstrip(b"\r"))
        if request is None:
            raise RemoteProtocolError(400, "no request line")
        if len(request[1]) > self._limits.target:
            raise RemoteProtocolError(414, f"a request-target of over {self._limits.target} octets")
        if (request[2], request[3]) not in ((b"1", b"0"), (b"1", b"1")):
            raise RemoteProtocolError(505, "neither HTTP/1.1 nor HTTP/1.0")
        if any(line[:1] in (b" ", b"\t") for line in lines):
            raise RemoteProtocolError(400, "a folded header line")


def read_head(connection: h11.Connection, head: bytes) -> h11.Request | h11.InformationalResponse | h11.Response:
    """Let h11 read a complete head. Raises RemoteProtocolError if h11 refuses it."""
    connection.receive_data(head)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        raise RemoteProtocolError(error.error_status_hint, str(error)) from error
    assert isinstance(event, (h11.Request, h11.InformationalResponse, h11.Response))
    return event


def headers_of(event: h11.Request | h11.InformationalResponse | h11.Response) -> Headers:
    """The header lines, as text."""
    return Headers((name.decode("ascii"), value.decode("iso-8859-1")) for name, value in event.headers)


def request_framing(headers: Headers, http_version: str) -> tuple[bool, int | None]:
    """Whether a request's body is in chunks, and its announced length (RFC 9112 section 6.3)."""
    length = headers.get("content-length")
    if headers.get("transfer-encoding") is not None:
        if length is not None:
            raise RemoteProtocolError(400, "both Content-Length and Transfer-Encoding")
        if http_version == "1.0":
            raise RemoteProtocolError(400, "Transfer-Encoding in HTTP/1.0")
        return True, None
    return False, 0 if length is None else int(length)


def response_framing(status: int, headers: Headers, limits: HTTPLimits) -> Framing:
    """How the body of the response to a POST is framed (RFC 9112 section 6.3)."""
    if status in (204, 304):
        return LengthFraming(0)
    if headers.get("transfer-encoding") is not None:
        return ChunkedFraming(limits)
    length = headers.get("content-length")
    return CloseFraming() if length is None else LengthFraming(int(length))


def closes(headers: Headers, http_version: str) -> bool:
    """Whether the connection ends after the message with these headers (RFC 9112 section 9.3).

    It also ends if there are two framings, because one of them is wrong (section 6.3).
    """
    doubtful = headers.get("transfer-encoding") is not None and headers.get("content-length") is not None
    return http_version == "1.0" or "close" in headers.tokens("connection") or doubtful


def make_request(connection: h11.Connection, method: str, target: str, lines: Iterable[tuple[str, str]]) -> bytes:
    """Let h11 write the head of a request. Raises LocalProtocolError if it has no form on the wire."""
    try:
        headers = [(name.encode("ascii"), value.encode("iso-8859-1")) for name, value in lines]
        octets = connection.send(h11.Request(method=method, target=target, headers=headers))
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise LocalProtocolError(f"a head that has no form on the wire: {error}") from error
    assert octets is not None
    return octets


def make_response(status: int, lines: Iterable[tuple[str, str]]) -> bytes:
    """Write the head of a response (RFC 9112 section 4): h11 would take a fifth of the time of a small request.

    Raises LocalProtocolError if it has no form on the wire.
    """
    return _response(status, *lines)


@lru_cache(maxsize=64)  # within one second, most responses have the same head
def _response(status: int, *lines: tuple[str, str]) -> bytes:
    return b"".join([_status_line(status), *(_header_line(name, value) for name, value in lines), b"\r\n"])


@lru_cache
def _header_line(name: str, value: str) -> bytes:
    if _TOKEN.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
        raise LocalProtocolError(f"a header line that has no form on the wire: {name!r}: {value!r}")
    return f"{name}: {value}\r\n".encode("iso-8859-1")


def date_now() -> str:
    """The time of day for a Date line (RFC 9110 section 5.6.7). It is formatted once a second."""
    return _date_at(int(time.time()))


@lru_cache(maxsize=1)
def _date_at(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


@cache
def _status_line(status: int) -> bytes:
    if not 100 <= status <= 599:
        raise LocalProtocolError(f"{status} is no HTTP status")
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def remember(heads: dict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    """Keep a head. If there are `most` already, forget all others: most are never used again."""
    if len(heads) >= most:
        heads.clear()
    heads[key] = value
