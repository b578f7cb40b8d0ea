"""Where an ipp or ipps URI leads (RFC 3510 section 4, RFC 7472 section 4, RFC 8010 section 5).

The rule of this file: the URI in a message keeps its ipp form; an `Endpoint` is only for the connection and the request
line.
"""

import re
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["IPP_PORT", "Endpoint", "host_of", "is_host_name", "parse_uri", "printer_uri", "redirection"]

IPP_PORT = 631
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE | re.ASCII)
_PORTS = {"ipp": IPP_PORT, "ipps": IPP_PORT, "http": 80, "https": 443}


class Endpoint(NamedTuple):
    """A server and the request-target there.

    secure: whether to use TLS. host: a name or an address, without brackets; a link-local one with its zone after a
    percent sign: ``"fe80::1%eth0"``. target: absolute path and query.
    """

    secure: bool
    host: str
    port: int
    target: str

    @property
    def name(self) -> str:
        """The host without its zone, which has a meaning only on this machine (RFC 6874 section 4)."""
        return self.host.partition("%")[0]

    @property
    def authority(self) -> str:
        """The Host line. It has the port unless that is HTTP's own (RFC 9110 section 7.2)."""
        host = f"[{self.name}]" if ":" in self.name else self.name
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse_uri(uri: str) -> Endpoint:
    """Split a URI with the scheme ipp, ipps, http or https. Raises ValueError for any other, or a faulty one.

    User information and fragments are refused: RFC 8010 section 5 has no place for them.
    """
    parts = urlsplit(uri)
    if parts.scheme not in _PORTS:
        raise ValueError(f"the scheme of {uri!r} is not ipp, ipps, http or https")
    if not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError(f"{uri!r} has no host, or has user information or a fragment")
    if any(not "!" <= octet <= "~" for octet in uri):
        raise ValueError(f"{uri!r} has characters that a URI cannot have")
    host = host_of(parts.hostname)
    if not _is_host(parts.hostname):
        raise ValueError(f"the host of {uri!r} has an empty label, or one of more than 63 octets, or is too long")
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    if not 0 < port < 65_536:
        raise ValueError(f"{port} is no port")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme in ("ipps", "https"), host, port, target)


def host_of(hostname: str) -> str:
    """The host of a URI, as the system takes it: ``fe80::1%25eth0`` is ``fe80::1%eth0`` (RFC 6874 section 2).

    A bare percent sign, as people type it, is allowed too (section 3). Raises ValueError if an address that is not
    link-local has a zone.
    """
    address, percent, zone = hostname.partition("%")
    if not percent:
        return hostname
    zone = zone.removeprefix("25")
    try:
        local = IPv6Address(address).is_link_local
    except ValueError:
        local = False
    if not local or not zone or not all("!" <= each <= "~" for each in zone):
        raise ValueError(f"{hostname!r}: only a link-local IPv6 address can have a zone")
    return f"{address}%{zone}"


def is_host_name(text: str) -> bool:
    """Whether a text is a host name or an IPv4 address: labels of letters, digits, "-" and "_"."""
    return _is_host(text) and all(_LABEL.fullmatch(label) for label in text.removesuffix(".").split("."))


def _is_host(host: str) -> bool:
    """Whether a host has the lengths of a name (RFC 1035 section 2.3.4). An address has them too."""
    return len(host) <= 254 and all(0 < len(label) < 64 for label in host.removesuffix(".").split("."))


def redirection(endpoint: Endpoint, status: int, location: str | None) -> Endpoint | None:
    """The target of a redirection from plain HTTP to TLS at the same host; None for others (RFC 9110 section 15.4)."""
    if status not in (301, 302, 307, 308) or location is None:
        return None
    try:
        there = parse_uri(location)
    except ValueError:
        return None
    return there if there.secure and not endpoint.secure and there.host == endpoint.host else None


def printer_uri(endpoint: Endpoint, *, zone: bool = False) -> str:
    """The URI for messages, with the scheme ipp or ipps even if http or https was given (RFC 8010 section 4.1).

    zone: whether it keeps the zone: for connections from here, not for messages.
    """
    host, _, place = endpoint.host.partition("%")
    if place and zone:
        host += f"%25{place}"
    host = f"[{host}]" if ":" in host else host
    port = "" if endpoint.port == IPP_PORT else f":{endpoint.port}"
    return f"{'ipps' if endpoint.secure else 'ipp'}://{host}{port}{endpoint.target}"
