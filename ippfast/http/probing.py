"""Finding the printer of a host, with the scheme, path, version and TLS that work: `probe` and `probe_async`.

The rule of this file: it asks for attributes and changes nothing; it ends within its time; it sends no credentials to a
host that is not trusted, and nothing without TLS to a host that has TLS, or may have it.
"""

import hashlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..codec import AttributeGroup
from ..tags import DelimiterTag
from ._client.blocking import BlockingShell
from ._client.channels import Shell
from ._client.core import Core
from ._client.negotiation import Agreement, NegotiationError, negotiate
from ._wire.coroutines import run
from .auth import Auth
from .errors import ConnectionLostError, HTTPError, PinError, StatusError, seconds_shown
from .limits import HTTPLimits, Timeouts
from .tls import TLS
from .uri import IPP_PORT, Endpoint, host_of, printer_uri

__all__ = ["ProbeResult", "has_tls", "probe", "probe_async"]

_LEAST_SECONDS = 0.05

_CLOSED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The exceptions if a server closes the connection after a ClientHello; they depend on OpenSSL and Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """A printer that was found.

    uri: its URI, with the scheme ipps if TLS works. version: the IPP version to use. secure: whether it has TLS.
    upgrade: whether TLS does not begin with the first octet, but after an upgrade (RFC 2817). trusted: whether the
    certificate is trusted, as `TLS` says. distrust: why it is not, in words. fingerprint: the SHA-256 of the
    certificate in hexadecimal, to check and pin it. tls_version: such as ``"TLSv1.3"``. challenges: the
    WWW-Authenticate lines, if the printer answers nobody without credentials. attributes: some of the printer's; none
    if it does not answer. tried: each URI that was tried before, and the outcome.
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
    """Trusts what another `TLS` trusts, or any server if there is none. It keeps the certificate of the server."""

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

    host: ``"printer.example"``, ``"printer.example:8631"``, or a URI, whose scheme, port and path are tried first. Port
    631 is tried before 443 and 80, unless a port is given. tls, auth: as for `Client`. timeout: how many seconds it
    takes at most, besides the look-up of the name. A sleeping printer may take 18 to wake.

    TLS is tried first. A plain connection follows only if there is no TLS: nothing listens, or the server closes the
    connection after a ClientHello, or answers it with something else. A server that takes too long may only be busy. If
    ``tls`` says whom to trust, or the scheme of the URI is ipps or https, no plain connection is made at all.

    Raises NegotiationError if there is no printer, TimeoutError if the time is over before anything was found, OSError
    if nothing listens there, ValueError for what is no host or URI.
    """
    limits = HTTPLimits.for_client()
    return run(_probe(host, lambda trust: BlockingShell(trust, limits), tls or TLS(), auth, timeout))


async def probe_async(
    host: str, *, tls: TLS | None = None, auth: Auth | None = None, timeout: float = 20.0
) -> ProbeResult:
    """As `probe`."""
    import asyncio  # `probe` need not load it

    from ._client.in_asyncio import AsyncShell

    limits = HTTPLimits.for_client()
    try:
        async with asyncio.timeout(timeout):
            return await _probe(host, lambda trust: AsyncShell(trust, limits), tls or TLS(), auth, timeout)
    except TimeoutError as error:
        raise TimeoutError(f"no printer found at {host} within {seconds_shown(timeout)}") from error


def has_tls(endpoint: Endpoint, tls: TLS, timeout: float) -> bool:
    """Whether there is TLS at a place, trusted or not. It sends no request.

    Raises OSError or a subclass, or HTTPError, if nobody can tell: nothing listens there, or it takes too long.
    """
    shell = BlockingShell(tls, HTTPLimits.for_client())
    try:
        run(shell.connect(endpoint, Timeouts(connect=timeout), secure=True)).close()
    except ConnectionRefusedError:
        raise
    except (ssl.SSLCertVerificationError, PinError):
        return True
    except (HTTPError, OSError) as error:
        if _has_none(error):
            return False
        raise
    return True


def _has_none(error: Exception) -> bool:
    """Whether a TLS handshake that failed shows that there is no TLS.

    If no version or cipher is common, or the server wants a certificate, there is TLS. If it takes too long, that shows
    nothing.
    """
    if isinstance(error, ssl.SSLError) and not isinstance(error, _CLOSED):
        return error.reason == "WRONG_VERSION_NUMBER"  # its first octets are no TLS
    return isinstance(error, (ConnectionError, ConnectionLostError, *_CLOSED))


def _places(host: str, tls: TLS) -> list[tuple[Endpoint, Endpoint | None]]:
    """The places to try, in order: each with TLS, and without it; None if that is not allowed."""
    with_scheme = "://" in host
    parts = urlsplit(host if with_scheme else f"ipp://{host}")
    if parts.scheme not in ("ipp", "ipps", "http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"a host name or an ipp URI, not {host!r}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    name, port = host_of(parts.hostname), parts.port
    if port is None and with_scheme and parts.scheme in ("http", "https"):
        port = 443 if parts.scheme == "https" else 80
    ports = [(IPP_PORT, IPP_PORT), (443, 80)] if port is None else [(port, port)]
    in_tls_alone = tls.required or parts.scheme in ("ipps", "https")
    return [
        (
            Endpoint(True, name, with_tls, target),
            None if in_tls_alone else Endpoint(False, name, without, target),
        )
        for with_tls, without in ports
    ]


async def _probe(
    host: str, make_shell: Callable[[TLS], Shell[Any]], tls: TLS, auth: Auth | None, timeout: float
) -> ProbeResult:
    end = time.monotonic() + timeout
    search = _Search(make_shell, tls, auth, end)
    places = _places(host, tls)
    for place, (secure, plain) in enumerate(places):
        # A place that does not answer must leave time for the others.
        share = (end - time.monotonic()) / (len(places) - place)
        if share < _LEAST_SECONDS:
            search.failures.append(TimeoutError())
            break
        found = await search.at(secure, share)
        if found is None and plain is not None:
            if search.may_be_plain(secure, plain):
                found = await search.at(plain, share)
            elif not search.refused(plain.port):
                search.tried.append(
                    (printer_uri(plain, zone=True), "not asked without TLS: the host has TLS, or may have it")
                )
        if found is not None:
            return found
    raise search.failure(host, timeout)


class _Search:
    """What was tried so far, and the outcome.

    tried: each URI, and the outcome in words. failures: the errors, in the same order.
    """

    def __init__(self, make_shell: Callable[[TLS], Shell[Any]], tls: TLS, auth: Auth | None, end: float) -> None:
        self._make_shell = make_shell
        self._tls = tls
        self._auth = auth
        self._end = end
        self._met: list[bytes] = []
        self._refused: set[int] = set()
        self._slow = False  # whether TLS took too long at one place
        self.tried: list[tuple[str, str]] = []
        self.failures: list[Exception] = []

    async def at(self, endpoint: Endpoint, share: float) -> ProbeResult | None:
        """The printer at a place, or None. share: the most seconds for each step."""
        self._met.clear()
        try:
            return await _try(
                endpoint, self._make_shell, self._tls, self._auth, (share, self._end), self.tried, self._met
            )
        except NegotiationError as error:
            self.tried += error.tried
            self.failures.append(error)
        except (HTTPError, OSError) as error:
            self.tried.append((printer_uri(endpoint, zone=True), str(error) or type(error).__name__))
            self.failures.append(error)
            if isinstance(error, ConnectionRefusedError):
                self._refused.add(endpoint.port)
            self._slow = self._slow or (endpoint.secure and isinstance(error, TimeoutError))
        return None

    def refused(self, port: int) -> bool:
        """Whether nothing listens at a port."""
        return port in self._refused

    def may_be_plain(self, secure: Endpoint, plain: Endpoint) -> bool:
        """Whether a place where TLS has just failed has no TLS, so that it may be asked without."""
        if self.refused(plain.port) or self._slow or self._met:
            return False
        return _has_none(self.failures[-1])

    def failure(self, host: str, timeout: float) -> Exception:
        """The error that says why nothing was found anywhere."""
        if any(not isinstance(failure, OSError) for failure in self.failures):
            return NegotiationError(tuple(self.tried))
        if any(isinstance(failure, TimeoutError) for failure in self.failures):
            return TimeoutError(f"no printer found at {host} within {seconds_shown(timeout)}")
        return self.failures[-1]


async def _try(
    endpoint: Endpoint,
    make_shell: Callable[[TLS], Shell[Any]],
    tls: TLS,
    auth: Auth | None,
    time_left: tuple[float, float],
    tried: list[tuple[str, str]],
    met: list[bytes],
) -> ProbeResult:
    """The printer at one place, with TLS or without. met: gets the certificate, as soon as there is TLS."""
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
            uri=printer_uri(endpoint._replace(target=found.target), zone=True),
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
