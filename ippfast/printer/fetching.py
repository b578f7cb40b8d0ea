"""Documents by reference, for Print-URI and Send-URI: a door that is closed unless somebody opens it.

The rule of this file: a client that names a URI makes the server connect to where the client may not (server-side
request forgery). So every host is refused that the owner has not named, a redirect is not followed, and no scheme but
http, https and ftp is known; there is no file:, and no way to this machine's own services but by an explicit rule.
"""

import ftplib
import http.client
from collections.abc import Collection, Iterator
from urllib.parse import unquote, urlsplit

from ippfast.codec import Attribute
from ippfast.enums import Status
from ippfast.tags import ValueTag

from .calls import OperationError

__all__ = ["Fetcher"]

_PIECE = 262_144


class Fetcher:
    """Fetches documents from the hosts that are allowed.

    hosts: ``"files.example.com"``, or with a port, ``"localhost:8080"``: without one, the scheme's own port alone.
    timeout: seconds to wait for any octet.
    """

    schemes = ("http", "https", "ftp")

    def __init__(self, hosts: Collection[str], *, timeout: float = 30.0) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._timeout = timeout

    def check(self, uri: str) -> None:
        """Raises OperationError for a URI that is not fetched."""
        given = Attribute("document-uri", ValueTag.URI, [uri])
        try:
            parts = urlsplit(uri)
            port = parts.port
        except ValueError:
            parts, port = None, None
        if parts is None or parts.scheme not in self.schemes:
            raise OperationError(
                Status.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED,
                "documents come by http, https and ftp",
                unsupported=[given],
            )
        host = (parts.hostname or "").lower()
        if (host if port is None else f"{host}:{port}") not in self._hosts or "@" in parts.netloc:
            reason = "documents are not fetched from there"
            raise OperationError(Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR, reason, unsupported=[given])

    def pieces(self, uri: str) -> Iterator[bytes]:
        """The octets of the document. Raises OperationError where it is not to be had."""
        self.check(uri)
        parts = urlsplit(uri)
        try:
            yield from self._ftp(uri) if parts.scheme == "ftp" else self._http(uri)
        except (OSError, EOFError, http.client.HTTPException, ftplib.Error) as error:
            reason = f"the document can't be fetched: {type(error).__name__}"
            raise OperationError(Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR, reason) from error

    def _http(self, uri: str) -> Iterator[bytes]:
        parts = urlsplit(uri)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={"Accept-Encoding": "identity"})
            answer = connection.getresponse()
            if answer.status != 200:
                reason = f"the document can't be fetched: HTTP status {answer.status}"
                raise OperationError(Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR, reason)
            while piece := answer.read(_PIECE):
                yield piece
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
        finally:
            connection.close()

    def _ftp(self, uri: str) -> Iterator[bytes]:
        parts = urlsplit(uri)
        path = unquote(parts.path)
        if "\r" in path or "\n" in path:  # they would be commands of their own
            raise OperationError(Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR, "the path has line ends")
        with ftplib.FTP(timeout=self._timeout) as connection:
            connection.connect(parts.hostname or "", parts.port or 21)
            connection.login()
            connection.voidcmd("TYPE I")
            with connection.transfercmd(f"RETR {path}") as data:
                while piece := data.recv(_PIECE):
                    yield piece
            connection.voidresp()
