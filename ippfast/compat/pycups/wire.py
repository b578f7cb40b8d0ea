"""One HTTP/1.1 connection to a CUPS server (RFC 9112): POST, GET and PUT over TCP, a domain socket or TLS.

The rule of this file: it moves heads and bodies, and decides nothing: credentials, and what is sent again, are in
`transport.py`. It exists beside `ippfast.http.Client` because that sends only IPP, and because programs with pycups
send many small requests, each of which takes a third of the time here. Bodies end where `ippfast.http` says.
"""

import re
import select
import selectors
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from ...http._wire.framing import Framing, LengthFraming
from ...http._wire.heads import closes, response_framing
from ...http.errors import ConnectionLostError, RemoteProtocolError
from ...http.events import Headers
from ...http.limits import HTTPLimits, Timeouts

__all__ = ["Reply", "Sink", "Wire"]

_SIZE = 32_768
"""How many octets are read at once. With 256 KiB, making room that is not needed took as long as a small request."""
_MOST = 67_108_864
"""The largest answer that is kept in memory."""
_LIMITS = HTTPLimits.for_client()
_STATUS = re.compile(rb"HTTP/1\.\d ([1-5]\d\d)")
_DONT_WAIT: int = getattr(socket, "MSG_DONTWAIT", 0)
_FRAMES = re.compile(rb"(?i)\r\n(content-length|transfer-encoding|connection)[ \t]*:[ \t]*([^\r\n]*)")
"""The header lines that say where a response ends. The others are read if somebody asks for them."""
_OTHERWISE = (b"transfer-encoding", b"close")
_TIMEOUTS = Timeouts()


class Sink(Protocol):
    """Where a body goes."""

    def write(self, piece: Any, /) -> object:
        """Take octets."""


class Reply(NamedTuple):
    """A response. head: its octets; body: all of it, or nothing if it went into a file."""

    status: int
    head: bytes
    body: bytes

    @property
    def headers(self) -> Headers:
        """The header lines."""
        pairs = (line.partition(":") for line in self.head.decode("iso-8859-1").split("\r\n")[1:])
        return Headers((name.lower(), value.strip()) for name, _, value in pairs)


class Wire:
    """host, port: the server. path: the domain socket instead. It connects when it is told to.

    Methods raise OSError, of which ConnectionLostError is a kind, and RemoteProtocolError for what is not HTTP.
    """

    def __init__(self, host: str, port: int, path: str | None = None) -> None:
        self.host, self.port, self.path = host, port, path
        self.secure = False
        self.used = False  # whether a response came over this connection
        self._socket: socket.socket | None = None
        self._comes: Callable[[float], bool] = _never
        self._input = b""
        self._method = "POST"

    @property
    def connected(self) -> bool:
        return self._socket is not None

    def connect(self) -> None:
        """Make the connection, in the place of one that may be there."""
        self.close()
        if self.path is not None:
            made = socket.socket(socket.AF_UNIX)
            try:
                made.settimeout(_TIMEOUTS.connect)
                made.connect(self.path)
            except BaseException:
                made.close()
                raise
        else:
            made = socket.create_connection((self.host, self.port), _TIMEOUTS.connect)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _set_patience(made)
        self._socket, self.secure, self.used, self._input = made, False, False, b""
        self._comes = _watch(made)

    def start_tls(self, context: ssl.SSLContext) -> bytes:
        """Go on with TLS. Returns the server's certificate in DER. Octets that came before it would be taken for the
        server's."""
        if self._input:
            raise RemoteProtocolError(502, "octets without TLS after the answer that begins it")
        self._open.settimeout(_TIMEOUTS.first_octet)  # TLS ignores the kernel's time-outs
        secured = context.wrap_socket(self._open, server_hostname=self.host)
        self._socket, self.secure, self._comes = secured, True, _watch(secured)
        return secured.getpeercert(binary_form=True) or b""

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def _open(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionLostError("the connection is closed")
        return self._socket

    @property
    def is_quiet(self) -> bool:
        """Whether the connection is open, and nothing unexpected came over it, such as its end."""
        return self._socket is not None and not self._input and not self._readable(0)

    def _readable(self, seconds: float) -> bool:
        sock = self._open
        if self.secure and isinstance(sock, ssl.SSLSocket) and sock.pending():
            return True
        return self._comes(seconds)

    # Requests.

    def send(self, method: str, target: str, lines: Iterable[str], body: bytes = b"", *, more: bool = False) -> None:
        """Send the head of a request, and its body. lines: header lines; more: `send_piece` adds to the body."""
        self._method = method
        framing = "Transfer-Encoding: chunked" if more else f"Content-Length: {len(body)}"
        head = "\r\n".join((f"{method} {target} HTTP/1.1", *lines, framing, "\r\n")).encode("iso-8859-1")
        self._put(head + (b"%x\r\n%b\r\n" % (len(body), body) if more and body else body))

    def send_piece(self, piece: bytes) -> bool:
        """Add a piece to the body, or with an empty one end it. Returns whether the server still listens.

        It does not if it has answered; `reply` gives the answer.
        """
        if self.answered(0):
            return False
        try:
            self._put(b"%x\r\n%b\r\n" % (len(piece), piece), listen=True)
        except ConnectionError:  # it may have answered before it closed
            return False
        return not self.answered(0) if piece else True

    def _put(self, octets: bytes, *, listen: bool = False) -> None:
        sock = self._open
        if not listen or self.secure:
            sock.sendall(octets)
            return
        left = memoryview(octets)
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while left:
                ready = selector.select(_TIMEOUTS.idle)
                if not ready:
                    raise TimeoutError("the server takes no more octets")
                if ready[0][1] & selectors.EVENT_READ:
                    return  # an answer, after which it reads no more
                left = left[sock.send(left) :]

    # Responses.

    def answered(self, seconds: float) -> bool:
        """Whether octets of a response, or the end, come within this time. A 100 is not a response, and ends the
        wait."""
        end = time.monotonic() + seconds
        while not self._input.startswith(b"HTTP/1.1 100"):
            if self._input[:12] and not b"HTTP/1.1 100".startswith(self._input[:12]):
                return True
            if not self._readable(max(0.0, end - time.monotonic())):
                return False
            octets = self._receive()
            if not octets:
                return True
            self._input += octets
        while b"\r\n\r\n" not in self._input:
            self._fill()
        self._input = self._input.partition(b"\r\n\r\n")[2]
        return bool(self._input)

    def reply(self, into: Sink | None = None) -> Reply:
        """Read the response. into: where its body goes, if its status is 200."""
        while True:
            head, status = self._read_head()
            if status == 101 or status >= 200:
                break
        self.used = True
        if status == 101:
            return Reply(status, head, b"")
        into = into if status == 200 else None
        size = _plain_length(head) if status == 200 else None
        if size is not None:
            if into is None and size <= len(self._input):  # as small answers are: all of it came with its head
                body, self._input = self._input[:size], self._input[size:]
                return Reply(status, head, body)
            return Reply(status, head, self._read_body(LengthFraming(size), into))
        headers = Headers(
            [(name.decode().lower(), value.decode("iso-8859-1")) for name, value in _FRAMES.findall(head)]
        )
        lengths = set(headers.get_all("content-length"))
        if len(lengths) > 1 or not all(length.isascii() and length.isdigit() for length in lengths):
            raise RemoteProtocolError(502, "a Content-Length that is not a number")
        framing: Framing = response_framing(status, headers, _LIMITS)
        if self._method == "OPTIONS" and not lengths:
            framing = LengthFraming(0)  # CUPS 2.4 announces chunks, and sends none
        body = self._read_body(framing, into)
        if closes(headers, head[5:8].decode()):
            self.close()
        return Reply(status, head, body)

    def _read_head(self) -> tuple[bytes, int]:
        """The head of the next response, and its status. It begins with ``HTTP/1.`` and a digit."""
        while b"\r\n\r\n" not in self._input:
            if len(self._input) > _LIMITS.head:
                raise RemoteProtocolError(502, f"a head of over {_LIMITS.head} octets")
            self._fill()
        head, _, self._input = self._input.partition(b"\r\n\r\n")
        first = _STATUS.match(head)
        if first is None:
            raise RemoteProtocolError(502, "no HTTP response")
        return head, int(first[1])

    def _read_body(self, framing: Framing, into: Sink | None) -> bytes:
        pieces = []
        size = 0
        data, at = self._input, 0
        while not framing.ended:
            if at == len(data):
                data, at = self._receive(), 0
                if not data:
                    framing.close()
                    break
            piece, at = framing.take(data, at)
            if into is not None:
                into.write(piece)
                continue
            pieces.append(bytes(piece))
            size += len(piece)
            if size > _MOST:
                raise RemoteProtocolError(502, f"an answer of over {_MOST} octets")
        self._input = data[at:]
        return b"".join(pieces)

    def _fill(self) -> None:
        octets = self._receive()
        if not octets:
            raise ConnectionLostError("the connection ended before the response")
        self._input += octets

    def _receive(self) -> bytes:
        try:
            return self._open.recv(_SIZE)
        except BlockingIOError as error:
            raise TimeoutError("timed out") from error
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""


@lru_cache(maxsize=16)
def _plain_length(head: bytes) -> int | None:
    """The Content-Length of a response, if nothing else in its head tells where it ends, as in most of them.

    Within a second a server's answers to the same request have the same head.
    """
    lines = head.lower()
    if lines.startswith(b"http/1.0"):
        return None
    for word in _OTHERWISE:  # two searches take less than one by a pattern of both
        if word in lines:
            return None
    found = lines.split(b"\r\ncontent-length", 2)
    if len(found) != 2 or not found[1].startswith(b": "):
        return None
    length = found[1][2:].partition(b"\r\n")[0]
    return int(length) if length.isdigit() and len(length) <= 10 else None


def _never(seconds: float) -> bool:
    return False


def _watch(sock: socket.socket) -> Callable[[float], bool]:
    """A function that says whether octets, or the end, come over a socket within a number of seconds. It serves this
    socket only."""
    if not hasattr(select, "poll"):
        return lambda seconds: bool(select.select([sock], [], [], seconds)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    ask = poll.poll
    return lambda seconds: bool(ask(seconds * 1_000))


def _set_patience(sock: socket.socket) -> None:
    """Let the kernel watch the time-outs: with those of Python each call would be two."""
    if not _DONT_WAIT:
        sock.settimeout(_TIMEOUTS.first_octet)
        return
    sock.settimeout(None)
    for option, seconds in ((socket.SO_RCVTIMEO, _TIMEOUTS.first_octet), (socket.SO_SNDTIMEO, _TIMEOUTS.idle)):
        sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(seconds or 0), 0))
