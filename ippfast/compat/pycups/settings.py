"""The user and the server: the settings with which new connections of pycups start. Each thread has its own.

The rule of this file: what is not set comes from the places where CUPS' own programs look: the environment
(CUPS_SERVER, CUPS_USER, IPP_PORT), then ~/.cups/client.conf and /etc/cups/client.conf, then the domain socket of a
server here.
"""

import getpass
import os
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from .constants import HTTP_ENCRYPT_IF_REQUESTED

__all__ = [
    "current",
    "getEncryption",
    "getPort",
    "getServer",
    "getUser",
    "setEncryption",
    "setPasswordCB",
    "setPasswordCB2",
    "setPort",
    "setServer",
    "setUser",
]

_PORT = 631
_SOCKET = "/run/cups/cups.sock"


class _Settings(threading.local):
    server: str | None = None
    port: int | None = None
    user: str | None = None
    encryption: int = HTTP_ENCRYPT_IF_REQUESTED
    password: Callable[..., Any] | None = None
    password_is_new: bool = False
    password_context: tuple[Any, ...] = ()


current = _Settings()


def _configured() -> str:
    """The server that the environment or a configuration file names, with its port, if any."""
    server = os.environ.get("CUPS_SERVER")
    if server:
        return server
    for path in (Path("~/.cups/client.conf"), Path("/etc/cups/client.conf")):
        try:
            lines = path.expanduser().read_text(encoding="utf-8", errors="replace").splitlines()
        except (OSError, RuntimeError):
            continue
        for line in lines:
            words = line.split()
            if len(words) >= 2 and words[0].lower() == "servername":
                return words[1]
    return _SOCKET if os.access(_SOCKET, os.R_OK) else "localhost"


def _split(server: str) -> tuple[str, int | None]:
    """A server's host, or the path of its domain socket, and its port."""
    if server.startswith("/"):
        return server, None
    host, _, port = server.partition("/")[0].rpartition(":")
    if host and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return server.partition("/")[0].strip("[]"), None


def _text(value: str | bytes | None) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def getServer() -> str:
    """The host to connect to, or the path of a domain socket."""
    return _split(current.server or _configured())[0]


def setServer(server: str | bytes | None) -> None:
    """Connect to this host, ``host:port`` or domain socket from now on; None for what the environment says."""
    server = _text(server)
    current.server = server
    if server is not None and (port := _split(server)[1]) is not None:
        current.port = port


def getPort() -> int:
    """The port to connect to."""
    if current.port is not None:
        return current.port
    port = _split(_configured())[1] if current.server is None else None
    given = os.environ.get("IPP_PORT", "")
    return port or (int(given) if given.isdigit() else _PORT)


def setPort(port: int) -> None:
    """Connect to this port from now on."""
    current.port = port


def getUser() -> str:
    """The user who asks."""
    user = current.user or os.environ.get("CUPS_USER")
    if user:
        return user
    return _login_name()


@lru_cache(maxsize=1)
def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name
        return "unknown"  # as libcups says


def setUser(user: str | bytes | None) -> None:
    """Ask as this user from now on; None for the one who runs the program."""
    current.user = _text(user)


def getEncryption() -> int:
    """Whether connections have TLS: one of the HTTP_ENCRYPT constants."""
    return current.encryption


def setEncryption(policy: int) -> None:
    """HTTP_ENCRYPT_REQUIRED and HTTP_ENCRYPT_ALWAYS: connections have TLS from now on."""
    current.encryption = policy


def setPasswordCB(fn: Callable[[str], str | None], /) -> None:
    """Call ``fn(prompt)`` for a password if the server asks for one; None or an empty one gives up."""
    if not callable(fn):
        raise TypeError("Parameter must be callable")
    current.password, current.password_is_new, current.password_context = fn, False, ()


def setPasswordCB2(fn: Callable[..., str | None] | None, context: Any = None, /) -> None:
    """Call ``fn(prompt, connection, method, resource)``, and `context` if there is one; without fn, call nothing."""
    if fn is None:
        if context is not None:
            raise TypeError("Default callback takes no context")
    elif not callable(fn):
        raise TypeError("Parameter must be callable")
    current.password, current.password_is_new = fn, True
    current.password_context = () if context is None else (context,)
