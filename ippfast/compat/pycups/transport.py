"""Requests of pycups over our client: one connection to each resource of a CUPS server, passwords by callback.

The rule of this file: whatever goes wrong on the way is an IPPError, as from the library, with the status code by which
CUPS' clients tell it. A status code above successful-ok-conflicting-attributes is one too.
"""

import socket
import threading
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

from ... import Attribute, Message, ValueTag, request
from ...http import TLS, Auth, BasicAuth, Client, DigestAuth, HTTPError, InsecureAuthError, StatusError
from ...http._outgoing import Document
from . import settings
from .constants import (
    HTTP_ENCRYPT_ALWAYS,
    HTTP_ENCRYPT_REQUIRED,
    IPP_AUTHENTICATION_CANCELED,
    IPP_BAD_REQUEST,
    IPP_FORBIDDEN,
    IPP_NOT_AUTHENTICATED,
    IPP_NOT_FOUND,
    IPP_OK_CONFLICT,
    IPP_SERVICE_UNAVAILABLE,
    IPP_UPGRADE_REQUIRED,
)
from .errors import IPPError, ippErrorString

__all__ = ["Transport", "check", "to_text"]

_CONNECT_SECONDS = 30
_TRIES = 3
_HTTP = {
    400: IPP_BAD_REQUEST,
    401: IPP_NOT_AUTHENTICATED,
    403: IPP_FORBIDDEN,
    404: IPP_NOT_FOUND,
    426: IPP_UPGRADE_REQUIRED,
}


def to_text(value: object) -> str:
    """A str, or the UTF-8 of one. Raises TypeError for anything else."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise TypeError("unicode or bytes object required")
    return value


def check(answer: Message, *, words: bool = False) -> Message:
    """An answer that says that all is well. Raises IPPError; words: with those of the server, if it has any."""
    if answer.code <= IPP_OK_CONFLICT:
        return answer
    description = ippErrorString(answer.code)
    if words and answer.groups and "status-message" in answer.groups[0]:
        description = str(answer.groups[0]["status-message"].values[0])
    raise IPPError(int(answer.code), description)


class _PasswordAuth:
    """Credentials for one resource: the password that was given last, or one that the program is asked for.

    It is asked at most three times in a request.
    """

    def __init__(self, transport: "Transport", resource: str) -> None:
        self._transport = transport
        self._resource = resource
        self._auth: Auth | None = None
        self._tries = 0
        self.canceled = False

    def begin(self) -> None:
        """A new request: the user may try again."""
        self._tries, self.canceled = 0, False

    def header(self, method: str, target: str) -> str | None:
        return None if self._auth is None else self._auth.header(method, target)

    def challenge(self, challenges: Iterable[str], *, secure: bool) -> bool:
        lines = list(challenges)
        if self._auth is not None and self._auth.challenge(lines, secure=secure):
            return True  # a digest whose nonce was stale
        transport = self._transport
        password = transport._password if self._auth is None else None
        if password is None and self._tries < _TRIES:
            self._tries += 1
            password = transport._password = transport._ask_password(self._resource) or None
        if password is None:
            self.canceled = True
            return False
        user = settings.getUser()
        if any(line.lower().lstrip().startswith("digest") for line in lines):
            self._auth = DigestAuth(user, password)
        else:
            self._auth = BasicAuth(user, password, insecure=transport._is_local)
        return self._auth.challenge(lines, secure=secure)


class Transport:
    """A server: where it is, and how requests get there.

    host, port, encryption: without them, what `settings` says. tls: whom to trust, see `ippfast.http.TLS`.
    Raises RuntimeError where there is no connection to be had.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        encryption: int | None = None,
        *,
        tls: TLS | None = None,
    ) -> None:
        self._host = settings.getServer() if host is None else host
        if self._host.startswith("/"):  # a domain socket
            self._host = "localhost"
        self._port = settings.getPort() if port is None else port
        encryption = settings.getEncryption() if encryption is None else encryption
        self._scheme = "ipps" if encryption in (HTTP_ENCRYPT_ALWAYS, HTTP_ENCRYPT_REQUIRED) else "ipp"
        self._tls = tls
        self._password: str | None = None
        self._clients: dict[tuple[str, bool], tuple[Client, _PasswordAuth]] = {}
        self._lock = threading.Lock()
        try:
            socket.create_connection((self._host, self._port), _CONNECT_SECONDS).close()
        except OSError as error:
            raise RuntimeError("failed to connect to server") from error

    def __repr__(self) -> str:
        return f"<cups.Connection object for {self._host} at 0x{id(self):x}>"

    def __del__(self) -> None:
        if hasattr(self, "_clients"):
            self.close()

    def close(self) -> None:
        """Close what is open; the next request opens it anew. Beyond the library, which does so when it is deleted."""
        with self._lock:
            while self._clients:
                self._clients.popitem()[1][0].close()

    @property
    def _is_local(self) -> bool:
        try:
            return ip_address(self._host).is_loopback
        except ValueError:
            return self._host == "localhost"

    @property
    def _authority(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    def _uri(self, path: str, name: str | bytes = "") -> str:
        """The URI of an object of the server: a path, and the name of a printer, class or job."""
        return f"ipp://{self._authority}{path}{quote(to_text(name), safe='')}"

    def _ask_password(self, resource: str) -> str | None:
        function = settings.current.password
        if function is None:
            return None
        prompt = f"Password for {settings.getUser()} on {self._host}? "
        if settings.current.password_is_new:
            return function(prompt, self, "POST", resource, *settings.current.password_context)  # type: ignore[no-any-return]
        return function(prompt)  # type: ignore[no-any-return]

    def _message(self, operation: int, uri: str, *attributes: Attribute, **groups: Any) -> Message:
        """A request. attributes: further operation attributes; groups: as for `ippfast.request`."""
        name = "job-uri" if "/jobs/" in uri else "printer-uri"
        given = [Attribute(name, ValueTag.URI, uri), *attributes]
        return request(operation, operation_attributes=given, user=settings.getUser(), **groups)

    def _client(self, resource: str) -> tuple[Client, _PasswordAuth]:
        with self._lock:
            key = resource, settings.current.password is not None
            if key not in self._clients:
                auth = _PasswordAuth(self, resource)
                uri = f"{self._scheme}://{self._authority}{resource}"
                self._clients[key] = Client(uri, tls=self._tls, auth=auth if key[1] else None), auth
            return self._clients[key]

    def _send(self, resource: str, message: Message, document: Document | None = None) -> Message:
        """The answer, whatever it is. Raises IPPError where there is none."""
        client, auth = self._client(resource)
        auth.begin()
        try:
            return client.send(message, document)
        except StatusError as error:
            status = _HTTP.get(error.status, IPP_SERVICE_UNAVAILABLE)
            raise IPPError(IPP_AUTHENTICATION_CANCELED if auth.canceled else status, str(error)) from error
        except InsecureAuthError as error:
            raise IPPError(IPP_NOT_AUTHENTICATED, str(error)) from error
        except (HTTPError, OSError) as error:
            raise IPPError(IPP_SERVICE_UNAVAILABLE, str(error)) from error

    def _do(self, resource: str, operation: int, uri: str, *attributes: Attribute, **groups: Any) -> Message:
        """The answer to a request, which says that all is well."""
        return check(self._send(resource, self._message(operation, uri, *attributes, **groups)))
