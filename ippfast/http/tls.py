"""TLS for clients and servers: whom to trust, and which versions are allowed (RFC 7472, RFC 8010 section 8.2).

The rule of this file: unless an argument says otherwise, certificates and host names are verified, and TLS is 1.2 or
newer.
"""

import hashlib
import hmac
import ssl
from dataclasses import dataclass
from pathlib import Path

from .errors import PinError

__all__ = ["CLIENT_HELLO", "TLS", "make_server_context"]

CLIENT_HELLO = 0x16
"""The first octet of a TLS connection (RFC 8446 section 5.1). HTTP never begins with it, so one port can serve both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TLS:
    """How a client verifies the server, and which certificate it shows.

    ca_file: PEM certificates to trust instead of the system's. fingerprint: the SHA-256 of the only certificate to
    trust, in hexadecimal, whoever signed it and for whatever name: for printers that signed their own. Colons and a
    leading ``sha256:`` are allowed. certificate, key: PEM files of the client's own certificate, and of its key if that
    is another file. context: use this as it is; of the other arguments only the fingerprint counts then.

    Raises ValueError for an invalid fingerprint.
    """

    ca_file: str | Path | None = None
    fingerprint: str | None = None
    certificate: str | Path | None = None
    key: str | Path | None = None
    context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if self.fingerprint is not None and len(self._pin()) != hashlib.sha256().digest_size:
            raise ValueError("a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits")

    @property
    def required(self) -> bool:
        """Whether it says whom to trust, or who the client is: then nothing may go out without TLS."""
        return any(each is not None for each in (self.ca_file, self.fingerprint, self.certificate))

    def make_context(self) -> ssl.SSLContext:
        """The context for connections. Raises OSError or ssl.SSLError if a file cannot be used."""
        if self.context is not None:
            return self.context
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.fingerprint is not None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context

    def check_peer(self, certificate: bytes | None) -> None:
        """Raise PinError unless the server's certificate, in DER, has the given fingerprint."""
        if self.fingerprint is None:
            return
        found = hashlib.sha256(certificate or b"").digest()
        if not hmac.compare_digest(found, self._pin()):
            raise PinError(found.hex())

    def _pin(self) -> bytes:
        text = (self.fingerprint or "").lower().removeprefix("sha256:").replace(":", "")
        try:
            return bytes.fromhex(text)
        except ValueError:
            return b""


def make_server_context(
    certificate: str | Path, key: str | Path | None = None, *, client_ca: str | Path | None = None
) -> ssl.SSLContext:
    """Make a server's context. certificate, key: PEM files of the certificate, and of the key if that is another file.

    client_ca: PEM certificates, one of which must have signed the client's; without it, clients need no certificate.
    Raises OSError or ssl.SSLError if a file cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    # The clients of CUPS 2.4 mistake a session ticket for a broken connection, and try again for ever.
    context.num_tickets = 0
    return context
