"""Credentials for a CUPS server: the user on this host, or a password that the program gives.

The rule of this file: what proves a local user (PeerCred over the domain socket, the Local certificate in CUPS' state
directory) is tried once in each request, and only at a server on this host; then the program is asked, three times at
most. A password is sent to another host only through TLS, or by Digest.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from pathlib import Path

from ...http import Auth, BasicAuth, DigestAuth
from . import settings
from .wire import Wire

__all__ = ["Credentials", "is_local"]

_TRIES = 3
_CERTIFICATE = re.compile(r"[0-9A-Fa-f]{32}")


def is_local(wire: Wire) -> bool:
    """Whether the server is on this host."""
    if wire.path is not None or wire.host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ip_address(wire.host).is_loopback
    return False


class _Fixed:
    """An Authorization that stays as it is."""

    def __init__(self, value: str) -> None:
        self._value = value

    def header(self, method: str, target: str) -> str | None:
        """As `Auth.header`."""
        return self._value

    def challenge(self, challenges: Iterable[str], *, secure: bool) -> bool:
        """As `Auth.challenge`."""
        return False


class Credentials:
    """The credentials of one connection of pycups. ask: gives the program's password, or None."""

    def __init__(self, ask: Callable[[str, str], str | None]) -> None:
        self._ask = ask
        self._auth: Auth | None = None
        self._password: str | None = None
        self._tries = 0
        self._local = False

    def begin(self) -> None:
        """A new request: all may be tried again."""
        self._tries, self._local = 0, False

    def header(self, method: str, target: str) -> str | None:
        return None if self._auth is None else self._auth.header(method, target)

    def challenge(self, wire: Wire, lines: list[str], method: str, target: str) -> bool:
        """Answer the challenges of a 401. Returns whether it is worth another attempt; if not, the user has given up.

        Raises InsecureAuthError if a password would be sent to another host unencrypted.
        """
        if self._auth is not None and self._auth.challenge(lines, secure=wire.secure):
            return True  # a digest whose nonce was stale
        if not self._local:
            self._local = True
            value = _local_proof(wire, lines)
            if value is not None and value != self.header(method, target):
                self._auth = _Fixed(value)
                return True
        schemes = {line.strip().partition(" ")[0].lower().rstrip(",") for line in _challenges(lines)}
        if not schemes & {"basic", "digest"}:
            return False
        password = None if isinstance(self._auth, (BasicAuth, DigestAuth)) else self._password
        if password is None and self._tries < _TRIES:
            self._tries += 1
            password = self._password = self._ask(method, target) or None
        if password is None:
            return False
        user = settings.getUser()
        if "digest" in schemes:
            self._auth = DigestAuth(user, password)
        else:
            self._auth = BasicAuth(user, password, insecure=is_local(wire))
        return self._auth.challenge(lines, secure=wire.secure)


def _challenges(lines: Iterable[str]) -> list[str]:
    """CUPS puts several into one line: ``Basic realm="CUPS", PeerCred, Local trc="y"``."""
    return [part for line in lines for part in re.split(r",\s*(?=[A-Za-z]+(?:\s|,|$))", line)]


def _local_proof(wire: Wire, lines: list[str]) -> str | None:
    """The Authorization that proves who runs the program to a cupsd on this host."""
    if not is_local(wire):
        return None
    found = {part.partition(" ")[0].lower(): part for part in _challenges(lines)}
    if "peercred" in found and wire.path is not None:
        import pwd  # every system with domain sockets has it

        user = settings.getUser()
        with contextlib.suppress(KeyError):
            if pwd.getpwnam(user).pw_uid == os.getuid():
                return f"PeerCred {user}"
    # Several helpers of cupsd run with certificates of their own, in files of their process ids; other programs use
    # root's.
    if "local" in found:
        directory = Path(os.environ.get("CUPS_STATEDIR", "/run/cups")) / "certs"
        for name in (str(os.getpid()), "0"):
            with contextlib.suppress(OSError):
                certificate = (directory / name).read_text(encoding="ascii", errors="replace").strip()
                if _CERTIFICATE.fullmatch(certificate):
                    return f"Local {certificate}"
    return None
