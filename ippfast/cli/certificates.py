"""Examines a server's TLS: versions, ciphers, and its certificate.

The rule of this file: only handshakes are made; whatever is wrong with them is a finding and not an error.
"""

import hashlib
import socket
import ssl
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ippfast.http import PinError
from ippfast.http.uri import Endpoint

from .ciphers import examine_ciphers
from .findings import Finding, Level
from .session import Access, allow_versions, any_context
from .text import escape

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["examine_tls"]

_SECONDS = 10.0
_SOON = timedelta(days=30)
_LONG = timedelta(days=20 * 366)
"""A certificate that is valid for longer than this gets a note: no printer lasts that long."""
_OLD = (("TLS 1.0", ssl.TLSVersion.TLSv1), ("TLS 1.1", ssl.TLSVersion.TLSv1_1))


class _Handshake(NamedTuple):
    version: str
    cipher: str
    certificate: bytes


def examine_tls(endpoint: Endpoint, access: Access) -> Iterator[Finding]:
    """Findings about TLS at a place; none if there is no TLS."""
    try:
        made = _shake_hands(endpoint, any_context())
    except OSError:
        return
    if made.version in ("TLSv1.2", "TLSv1.3"):
        yield Finding(Level.GOOD, f"{made.version}, {made.cipher}")
    else:
        yield Finding(Level.BAD, f"{made.version} is the newest it has", "update the firmware: TLS 1.2 dates from 2008")
    for name, version in _OLD:
        if _takes(endpoint, version) and made.version != version.name.replace("_", "."):
            yield Finding(Level.WEAK, f"{name} is accepted too", "switch it off in the printer's settings (RFC 8996)")
    yield from examine_ciphers(endpoint, made.version)
    yield _trust(endpoint, access, made.certificate)
    yield from _examine_certificate(made.certificate, endpoint.name)


def _shake_hands(endpoint: Endpoint, context: ssl.SSLContext) -> _Handshake:
    """Do the handshake. Raises OSError."""
    with (
        socket.create_connection((endpoint.host, endpoint.port), _SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=endpoint.name) as secure,
    ):
        cipher = secure.cipher()
        certificate = secure.getpeercert(binary_form=True)
        return _Handshake(secure.version() or "", cipher[0] if cipher else "", certificate or b"")


def _takes(endpoint: Endpoint, version: ssl.TLSVersion) -> bool:
    context = any_context()
    allow_versions(context, version, version)
    try:
        _shake_hands(endpoint, context)
    except OSError:
        return False
    return True


def _trust(endpoint: Endpoint, access: Access, certificate: bytes) -> Finding:
    """Whether a client with these options trusts the certificate."""
    pin = f"--pin sha256:{hashlib.sha256(certificate).hexdigest()}"
    tls = access.tls()
    try:
        tls.check_peer(certificate)
        if tls.fingerprint is None:
            _shake_hands(endpoint, tls.make_context())
    except PinError:
        return Finding(Level.BAD, f"the certificate is not the pinned one; it has {pin}", "find out why it changed")
    except ssl.SSLCertVerificationError as error:
        return Finding(
            Level.NOTE,
            f"the certificate is not trusted: {escape(error.verify_message)}",
            f"compare the fingerprint on the printer's own panel or page, then give {pin}",
        )
    except OSError as error:
        return Finding(
            Level.WEAK, f"the handshake fails with a current client: {escape(str(error))}", "update the firmware"
        )
    return Finding(Level.GOOD, "the certificate is trusted")


def _examine_certificate(octets: bytes, host: str) -> Iterator[Finding]:
    try:
        from cryptography import x509
    except ModuleNotFoundError:
        yield Finding(Level.NOTE, "the certificate was not examined", "pip install cryptography")
        return
    try:
        with warnings.catch_warnings():  # a fault in a certificate is reported below, or does not matter
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(octets)
            names = _names(certificate)
            key = certificate.public_key()
            signed_with = certificate.signature_hash_algorithm
    except Exception as error:  # printers make all kinds of certificates
        yield Finding(Level.WEAK, f"the certificate cannot be read: {escape(str(error))}", "make a new one")
        return
    yield _validity(certificate)
    if any(_fits(name, host) for name in names):
        yield Finding(Level.GOOD, f"it is for {escape(host)}")
    else:
        shown = ", ".join(map(escape, names)) or "no name at all"
        yield Finding(
            Level.WEAK,
            f"it is for {shown}, not for {escape(host)}",
            "use that name, or make a certificate with this one",
        )
    if certificate.issuer == certificate.subject:
        yield Finding(Level.NOTE, "it is self-signed", "pin it, or have it signed by an authority of yours")
    yield _strength(key)
    if signed_with is not None and signed_with.name in ("md5", "sha1"):
        yield Finding(
            Level.BAD,
            f"it is signed with {signed_with.name.upper()}, which can be forged",
            "make a new one with SHA-256",
        )


def _names(certificate: "x509.Certificate") -> list[str]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(name.value) for name in names if isinstance(name, (x509.DNSName, x509.IPAddress))]
    except x509.ExtensionNotFound:
        return [str(each.value) for each in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]


def _fits(name: str, host: str) -> bool:
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])


def _validity(certificate: "x509.Certificate") -> Finding:
    now = datetime.now(UTC)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        return Finding(Level.BAD, f"it is not valid before {begin:%Y-%m-%d}", "check the clocks of both sides")
    if now > end:
        return Finding(
            Level.BAD, f"it was valid until {end:%Y-%m-%d}", "make a new certificate in the printer's settings"
        )
    if end - now < _SOON:
        return Finding(Level.WEAK, f"it is valid until {end:%Y-%m-%d} only", "make a new certificate soon")
    if end - now > _LONG:
        words = f"it is valid for {round((end - now).days / 365.25)} years more: nobody will ever replace its key"
        return Finding(Level.NOTE, words, "make one for some years, and note when it ends")
    return Finding(Level.GOOD, f"it is valid until {end:%Y-%m-%d}")


def _strength(key: Any) -> Finding:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    size = getattr(key, "key_size", 256)
    kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__.strip("_").removesuffix("PublicKey")
    if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)):
        weak = size < 2048
    else:
        weak = isinstance(key, ec.EllipticCurvePublicKey) and size < 256
        kind = "an elliptic curve" if isinstance(key, ec.EllipticCurvePublicKey) else kind
    if weak:
        return Finding(
            Level.BAD,
            f"its key is too short: {kind}, {size} bits",
            "make a new one: RSA of 2048 bits, or a curve of 256",
        )
    return Finding(Level.GOOD, f"its key is {kind}, {size} bits")
