"""A certificate that the server makes for itself, if it was given none (the extra ``tls``).

The rule of this file: it is made once and kept, so that clients can go on trusting it; only the server's user can read
its key. A certificate that ends within a day is replaced.
"""

import hashlib
import ipaddress
import os
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["fingerprint", "self_made"]

_DAYS = 3_650


def self_made(directory: Path, names: Iterable[str]) -> Path:
    """The PEM file with the server's own key and certificate, in a directory; made if there is none yet.

    names: host names and addresses that it is for. Raises ModuleNotFoundError without the cryptography library,
    and ValueError if the file is there and holds no certificate.
    """
    from cryptography import x509

    path = directory / "server.pem"
    if path.exists():
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except ValueError as error:
            raise ValueError(f"{path} holds no certificate; if you remove it, a new one is made ({error})") from error
        if certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1):
            return path
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_make(list(dict.fromkeys(names))))
        file.flush()
        os.fsync(descriptor)
    part.replace(path)
    return path


def _make(names: list[str]) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (names[0] if names else "ippfast")[:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _general_name(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def fingerprint(certificate: Path) -> str:
    """The SHA-256 of the first certificate in a PEM file, in hexadecimal: what clients pin."""
    text = certificate.read_text(encoding="ascii")
    begin = text.index("-----BEGIN CERTIFICATE-----")
    end = text.index("-----END CERTIFICATE-----", begin) + len("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[begin:end])).hexdigest()


TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography import x509
