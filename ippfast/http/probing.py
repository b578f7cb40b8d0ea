"""What a host has for a printer: scheme, path, version and TLS that work. `probe` and `probe_async` find it.

The rule of this file: it asks for attributes and changes nothing; it is done within its time; and no credentials go to
whoever is not trusted.
"""

import asyncio
import hashlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..codec import AttributeGroup
from ..tags import DelimiterTag
from ._asyncio import AsyncShell
from ._blocking import BlockingShell
from ._core import Core, Shell, run
from ._negotiation import Agreement, NegotiationError, negotiate
from .auth import Auth
from .errors import HTTPError, PinError, StatusError
from .limits import HTTPLimits, Timeouts
from .tls import TLS
from .uri import IPP_PORT, Endpoint, printer_uri

__all__ = ["ProbeResult", "probe", "probe_async"]

_LEAST_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """A printer that was found.

    uri: where; of the scheme ipps where TLS works. version: the IPP version to be used. secure: whether there is TLS.
    upgrade: it is not there from the start, but after an upgrade (RFC 2817). trusted: whether the certificate is one
    to be trusted as `TLS` says; distrust: what it is not trusted for, in words. fingerprint: the SHA-256 of the
    certificate in hexadecimal, to be looked at and pinned. tls_version: such as ``"TLSv1.3"``. challenges: the
    WWW-Authenticate lines, where the printer answers nobody without credentials. attributes: some of the printer's;
    none where it does not answer. tried: each URI that is not it, and what came of it.
    """

    uri: str
    version: tuple[int, int]
    secure: bool
    upgrade: bool
    trusted: bool
    distrust: str | None
    fingerprint: str | None
    tls_version: str | None
    challenges: tuple[str, ...]
    attributes: AttributeGroup
    tried: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorder(TLS):
    """As another TLS, or trusting anybody, and remembers whom it met."""

    of: TLS | None
    met: list[bytes]

    def make_context(self) -> ssl.SSLContext:
        if self.of is not None:
            return self.of.make_context()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def check_peer(self, certificate: bytes | None) -> None:
        self.met[:] = [certificate or b""]
        if self.of is not None:
            self.of.check_peer(certificate)


def probe(host: str, *, tls: TLS | None = None, auth: Auth | None = None, timeout: float = 20.0) -> ProbeResult:
    """Find the printer of a host.

    host: ``"printer.example"``, ``"printer.example:8631"``, or a URI, whose scheme, port and path are tried first. TLS
    is tried before plain connections, and port 631 before 443 and 80, unless a port is given. tls, auth: as for
    `Client`. timeout: the seconds that it takes at most, but for the look-up of the name. A sleeping printer may take
    18 to wake.

    Raises NegotiationError where there is no printer, TimeoutError where time is up before anything was found, OSError
    where nothing listens there, ValueError for what is no host or URI.
    """
    limits = HTTPLimits.for_client()
    return run(_probe(host, lambda trust: BlockingShell(trust, limits), tls or TLS(), auth, timeout))


async def probe_async(
    host: str, *, tls: TLS | None = None, auth: Auth | None = None, timeout: float = 20.0
) -> ProbeResult:
    """As `probe`."""
    limits = HTTPLimits.for_client()
    try:
        async with asyncio.timeout(timeout):
            return await _probe(host, lambda trust: AsyncShell(trust, limits), tls or TLS(), auth, timeout)
    except TimeoutError as error:
        raise TimeoutError(f"no printer found at {host} within {timeout} seconds") from error


def _endpoints(host: str) -> list[Endpoint]:
    """What to try, in order."""
    with_scheme = "://" in host
    parts = urlsplit(host if with_scheme else f"ipp://{host}")
    if parts.scheme not in ("ipp", "ipps", "http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"a host name or an ipp URI, not {host!r}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = parts.port
    if port is None and with_scheme and parts.scheme in ("http", "https"):
        port = 443 if parts.scheme == "https" else 80
    ports = [(True, IPP_PORT), (False, IPP_PORT), (True, 443), (False, 80)]
    if port is not None:
        ports = [(True, port), (False, port)]
    if parts.scheme in ("ipps", "https"):
        ports = [each for each in ports if each[0]]  # who asks for TLS gets nothing else
    return [Endpoint(secure, parts.hostname, number, target) for secure, number in ports]


async def _probe(
    host: str, make_shell: Callable[[TLS], Shell[Any]], tls: TLS, auth: Auth | None, timeout: float
) -> ProbeResult:
    end = time.monotonic() + timeout
    tried: list[tuple[str, str]] = []
    failures: list[Exception] = []
    endpoints = _endpoints(host)
    refused: set[int] = set()
    for place, endpoint in enumerate(endpoints):
        if endpoint.port in refused:
            continue
        # One that does not answer leaves time for the others.
        share = (end - time.monotonic()) / len([each for each in endpoints[place:] if each.port not in refused])
        if share < _LEAST_SECONDS:
            failures.append(TimeoutError())
            break
        try:
            return await _try(endpoint, make_shell, tls, auth, (share, end), tried)
        except NegotiationError as error:
            tried += error.tried
            failures.append(error)
        except (HTTPError, OSError) as error:
            tried.append((printer_uri(endpoint), str(error)))
            failures.append(error)
            if isinstance(error, ConnectionRefusedError):
                refused.add(endpoint.port)
    if any(not isinstance(failure, OSError) for failure in failures):
        raise NegotiationError(tuple(tried))
    if any(isinstance(failure, TimeoutError) for failure in failures):
        raise TimeoutError(f"no printer found at {host} within {timeout} seconds")
    raise failures[-1]


async def _try(
    endpoint: Endpoint,
    make_shell: Callable[[TLS], Shell[Any]],
    tls: TLS,
    auth: Auth | None,
    time_left: tuple[float, float],
    tried: list[tuple[str, str]],
) -> ProbeResult:
    """What one port has, with TLS or without."""
    met: list[bytes] = []
    distrust: str | None = None
    try:
        return await _ask(endpoint, make_shell(_Recorder(of=tls, met=met)), auth, time_left, met, distrust, tried)
    except (ssl.SSLCertVerificationError, PinError) as error:
        distrust = str(error)
    return await _ask(endpoint, make_shell(_Recorder(of=None, met=met)), None, time_left, met, distrust, tried)


async def _ask(
    endpoint: Endpoint,
    shell: Shell[Any],
    auth: Auth | None,
    time_left: tuple[float, float],
    met: list[bytes],
    distrust: str | None,
    tried: list[tuple[str, str]],
) -> ProbeResult:
    share, end = time_left
    core: Core[Any] = Core(
        shell,
        endpoint,
        auth=auth,
        timeouts=Timeouts(connect=share, first_octet=share, idle=share),
        headers=(),
        expect_continue=False,
        upgrade="if-requested",
        patience=0.0,
    )
    core.deadline = end
    challenges: list[str] = []
    try:
        try:
            found = await negotiate(core.ask_at, endpoint)
        except StatusError as error:
            if error.status != 401:
                raise
            challenges = error.headers.get_all("www-authenticate")
            found = Agreement(core.asked or endpoint.target, (2, 0), AttributeGroup(DelimiterTag.PRINTER))
        return ProbeResult(
            uri=printer_uri(endpoint._replace(target=found.target)),
            version=found.version,
            secure=core.secure,
            upgrade=core.secure and not endpoint.secure,
            trusted=core.secure and distrust is None,
            distrust=distrust,
            fingerprint=hashlib.sha256(met[0]).hexdigest() if core.secure and met else None,
            tls_version=core.tls_version,
            challenges=tuple(challenges),
            attributes=found.attributes,
            tried=tuple(tried),
        )
    finally:
        for channel in core.take_kept():
            channel.close()
