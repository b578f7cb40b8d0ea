"""Fetches documents by reference, for Print-URI and Send-URI, from the hosts that the owner allows.

The rule of this file: a client that names a URI makes the server connect to where the client may not (server-side
request forgery). So only hosts that the owner has named are allowed, this machine included; redirects are not followed;
and the only schemes are http, https and ftp, so there is no file:.
"""

import contextlib
import ftplib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from typing import Self
from urllib.parse import unquote, urlsplit

from ippfast.codec import Attribute
from ippfast.enums import Status
from ippfast.http.uri import is_host_name
from ippfast.tags import ValueTag

from .errors import OperationError

__all__ = ["Fetcher"]

_PIECE = 262_144
_LOOK = 0.5  # how often to look whether the client has left, in seconds


class Fetcher:
    """Fetches documents from the hosts that are allowed.

    hosts: ``"files.example.com"``, or with a port, ``"localhost:8080"``: without one, only the scheme's own port is
    allowed. timeout: seconds to wait for any octet. total: seconds for a whole document. Raises ValueError for what is
    not a host.
    """

    schemes = ("http", "https", "ftp")

    def __init__(self, hosts: Collection[str], *, timeout: float = 30.0, total: float = 300.0) -> None:
        for host in hosts:
            name, colon, port = host.partition(":")
            if not is_host_name(name) or (colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536)):
                raise ValueError(f"{host!r} is not HOST or HOST:PORT")
        self._hosts = frozenset(host.lower() for host in hosts)
        self._timeout = timeout
        self._total = total

    def check(self, uri: str) -> None:
        """Check a URI. Raises OperationError if it may not be fetched."""
        given = Attribute("document-uri", ValueTag.URI, [uri])
        try:
            parts = urlsplit(uri)
            port = parts.port
        except ValueError:
            parts, port = None, None
        if parts is None or parts.scheme not in self.schemes:
            raise OperationError(
                Status.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED,
                "documents are fetched by http, https and ftp only",
                unsupported=[given],
            )
        host = (parts.hostname or "").lower()
        if (host if port is None else f"{host}:{port}") not in self._hosts or "@" in parts.netloc:
            reason = "documents may not be fetched from there"
            raise OperationError(Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR, reason, unsupported=[given])

    def pieces(self, uri: str, gone: Callable[[], bool] = bool) -> Iterator[bytes]:
        """The octets of the document. gone: whether the client has left. Raises OperationError if it cannot be
        fetched."""
        self.check(uri)
        parts = urlsplit(uri)
        try:
            with _Watch(self._total, gone) as watch:
                yield from self._ftp(uri, watch) if parts.scheme == "ftp" else self._http(uri, watch)
        except (OSError, EOFError, http.client.HTTPException, ftplib.Error) as error:
            reason = f"the document can't be fetched: {type(error).__name__}"
            raise OperationError(Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR, reason) from error

    def _http(self, uri: str, watch: "_Watch") -> Iterator[bytes]:
        parts = urlsplit(uri)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.connect()
            watch.over(connection.sock)
            connection.request("GET", target, headers={"Accept-Encoding": "identity"})
            answer = connection.getresponse()
            if answer.status != 200:
                reason = f"the document can't be fetched: HTTP status {answer.status}"
                raise OperationError(Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR, reason)
            while piece := answer.read1(_PIECE):
                yield piece
            watch.check()
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
        finally:
            connection.close()

    def _ftp(self, uri: str, watch: "_Watch") -> Iterator[bytes]:
        parts = urlsplit(uri)
        path = unquote(parts.path)
        if "\r" in path or "\n" in path:  # the rest would be another FTP command
            raise OperationError(Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR, "the path has line ends")
        with ftplib.FTP(timeout=self._timeout) as connection:
            connection.connect(parts.hostname or "", parts.port or 21)
            assert connection.sock is not None
            watch.over(connection.sock)
            connection.login()
            connection.voidcmd("TYPE I")
            with connection.transfercmd(f"RETR {path}") as data:
                watch.over(data)
                while piece := data.recv(_PIECE):
                    yield piece
                watch.check()
            connection.voidresp()


class _Watch:
    """Ends the connections of a document once the time is over or its client has left, even if octets still trickle
    in."""

    def __init__(self, seconds: float, gone: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._gone = gone
        self._sockets: list[socket.socket] = []
        self._done = threading.Event()
        self._why = ""
        self._thread = threading.Thread(target=self._look, name="ippfast-fetching", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def over(self, sock: socket.socket) -> None:
        """Watch this socket, too: the document comes over it."""
        self._sockets.append(sock)
        self.check()

    def check(self) -> None:
        """Raises TimeoutError if the fetching was ended."""
        if self._why:
            raise TimeoutError(self._why)

    def _look(self) -> None:
        end = time.monotonic() + self._seconds
        while not self._done.wait(_LOOK):
            if time.monotonic() < end and not self._gone():
                continue
            self._why = "the client has left" if time.monotonic() < end else f"not within {self._seconds:g} seconds"
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            if self._sockets:
                return
