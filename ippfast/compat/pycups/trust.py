"""Which certificates of CUPS servers are trusted: one that an authority has signed, or the first that a server showed.

The rule of this file: a printer's server mostly signs its own certificate, so the first one is remembered, and another
one after it is refused unless an authority vouches for it. The store is only ours (``ippfast/cups-servers`` in the
user's state directory, XDG_STATE_HOME): lines with a server and its certificate's SHA-256, of which the first of a
server counts, or the last one that ends with ``signed``. A line is appended at once, and nothing is written over, so
that programs that run at the same time lose none of each other's.
"""

import contextlib
import hashlib
import os
import socket
import ssl
from pathlib import Path

from ...http import TLS, PinError

__all__ = ["check", "context_of", "store"]

_CONNECT_SECONDS = 30
_SIGNED = "signed"


def store() -> Path:
    """The file of the certificates that were seen first."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "ippfast" / "cups-servers"


def context_of(tls: TLS | None) -> ssl.SSLContext:
    """The context for connections: that of `tls`, or one that takes any certificate, for `check` to look at."""
    if tls is not None:
        return tls.make_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def check(certificate: bytes, host: str, port: int, tls: TLS | None) -> None:
    """Raise PinError for a certificate that cannot be trusted."""
    if tls is not None:
        tls.check_peer(certificate)
        return
    server, found = f"{host.lower()}:{port}", hashlib.sha256(certificate).hexdigest()
    known = _known(server)
    if known == found:
        return
    if known is not None and not _is_signed(certificate, host, port):
        raise PinError(found)
    _append(f"{server} {found}" if known is None else f"{server} {found} {_SIGNED}")
    if _known(server) not in (found, None):  # another program was shown another one meanwhile, and was first
        raise PinError(found)


def _known(server: str) -> str | None:
    """The certificate of a server; None: none was seen, or it could not be kept."""
    try:
        lines = store().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    known: str | None = None
    for name, *words in map(str.split, filter(None, lines)):
        if name == server and (len(words) == 1 if known is None else words[1:] == [_SIGNED]):
            known = words[0]
    return known


def _append(line: str) -> None:
    """Append a line to the store. If that is not possible, each certificate counts as the first, as in libcups."""
    path = store()
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            file.write(f"{line}\n".encode())


def _is_signed(certificate: bytes, host: str, port: int) -> bool:
    """Whether the server has this certificate by an authority that this host trusts, for this name."""
    try:
        with socket.create_connection((host, port), _CONNECT_SECONDS) as plain:
            context = ssl.create_default_context()
            with context.wrap_socket(plain, server_hostname=host) as secured:
                return secured.getpeercert(binary_form=True) == certificate
    except OSError:
        return False
