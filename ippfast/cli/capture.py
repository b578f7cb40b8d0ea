"""The IPP messages in a file: one as it is, or those in the bodies of HTTP requests or responses.

The rule of this file: it finds where each message begins and leaves its octets as they are. h11 reads HTTP.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import h11

__all__ = ["Capture", "CaptureError", "Kind", "captures"]

Kind: TypeAlias = Literal["request", "response"]

_IPP = "application/ipp"

# No IPP message begins so: its first two octets are the version-number (RFC 8010 section 3.1.1).
_REQUEST_LINE = re.compile(rb"[A-Z]+ \S+ HTTP/\d\.\d\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/\d\.\d \d{3}\b")

# The headers that decide how the body is read. Others may hold secrets (Authorization).
_SHOWN_HEADERS = (b"content-type", b"content-encoding", b"content-length", b"transfer-encoding", b"expect")

_PIECE = 1 << 18


class CaptureError(ValueError):
    """The file begins like HTTP, but is not HTTP."""


class Capture(NamedTuple):
    """What may be an IPP message, and what HTTP said about it."""

    octets: bytes
    """The message and the document data after it: a whole file, or the body of one HTTP message."""
    kind: Kind | None = None
    """Request or response, if HTTP says so."""
    head: tuple[str, ...] = ()
    """The start line and some headers of the HTTP message, and of the responses 1xx before it."""
    media_type: str = _IPP
    """What the body claims to be; application/ipp if nothing is said."""
    fault: str | None = None
    """Why the body is not whole."""

    @property
    def is_ipp(self) -> bool:
        """Whether it claims to be an IPP message; an HTTP message without a body does not."""
        return self.media_type == _IPP and (self.kind is None or self.octets != b"")


def captures(data: bytes) -> Iterator[Capture]:
    """Find the messages in a file: one without HTTP, or any number of HTTP requests and responses.

    Raises CaptureError for HTTP that cannot be read.
    """
    at = 0
    while match := _REQUEST_LINE.match(data, at) or _STATUS_LINE.match(data, at):
        capture, at = _read_http(data, at, "request" if match.re is _REQUEST_LINE else "response")
        yield capture
    if at == 0:
        yield Capture(data)
    elif data[at:].strip():
        raise CaptureError(f"octet {at} of the file: expected another HTTP message")


def _read_http(data: bytes, start: int, kind: Kind) -> tuple[Capture, int]:
    """One HTTP message, and where in the file it ends."""
    import h11

    connection = _connection(kind)
    position = start
    head: list[str] = []
    media_type = _IPP
    body = bytearray()
    final = False
    fault = None
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            if not final:
                raise CaptureError(f"octet {start} of the file: no HTTP {kind}: {error}") from None
            fault, position = str(error), len(data)
            break
        if event is h11.NEED_DATA:
            connection.receive_data(data[position : position + _PIECE])  # h11 takes b"" for the end
            position = min(position + _PIECE, len(data))
        elif isinstance(event, (h11.Request, h11.Response, h11.InformationalResponse)):
            head += _head_lines(event)
            final = not isinstance(event, h11.InformationalResponse)
            for name, value in event.headers:
                if name == b"content-type":
                    media_type = value.decode("latin-1").partition(";")[0].strip().lower()
        elif isinstance(event, h11.Data):
            body += event.data
        else:  # EndOfMessage; no other event comes before it
            position -= len(connection.trailing_data[0])
            break
    return Capture(bytes(body), kind, tuple(head), media_type, fault), position


def _connection(kind: Kind) -> "h11.Connection":
    import h11

    if kind == "request":
        return h11.Connection(h11.SERVER)
    connection = h11.Connection(h11.CLIENT)
    headers = [("Host", "printer"), ("Content-Length", "0")]
    connection.send(h11.Request(method="POST", target="/", headers=headers))
    connection.send(h11.EndOfMessage())
    return connection


def _head_lines(event: "h11.Request | h11.Response | h11.InformationalResponse") -> Iterator[str]:
    import h11

    version = b"HTTP/" + event.http_version
    if isinstance(event, h11.Request):
        line = b" ".join([event.method, event.target, version])
    else:
        line = b" ".join([version, b"%d" % event.status_code, event.reason])
    yield line.decode("latin-1")
    for name, value in event.headers.raw_items():
        if name.lower() in _SHOWN_HEADERS:
            yield (name + b": " + value).decode("latin-1")
