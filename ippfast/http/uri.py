"""Where an ipp or ipps URI leads (RFC 3510 section 4, RFC 7472 section 4, RFC 8010 section 5).

The rule of this file: the URI in a message keeps its ipp form; what stands here is for the connection and the request
line alone.
"""

from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["IPP_PORT", "Endpoint", "parse_uri", "printer_uri"]

IPP_PORT = 631
_PORTS = {"ipp": IPP_PORT, "ipps": IPP_PORT, "http": 80, "https": 443}


class Endpoint(NamedTuple):
    """A server and the request-target there.

    secure: whether with TLS. host: a name or an address, without brackets. target: absolute path and query.
    """

    secure: bool
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The Host line: the port too, unless it is HTTP's own (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse_uri(uri: str) -> Endpoint:
    """Take a URI with the scheme ipp, ipps, http or https apart. Raises ValueError for any other, or a faulty one.

    User information and fragments are refused: RFC 8010 section 5 has no place for them.
    """
    parts = urlsplit(uri)
    if parts.scheme not in _PORTS:
        raise ValueError(f"the scheme of {uri!r} is not ipp, ipps, http or https")
    if not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError(f"{uri!r} has no host, or has user information or a fragment")
    if any(not "!" <= octet <= "~" for octet in uri):
        raise ValueError(f"{uri!r} has octets that no URI has")
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    if not 0 < port < 65_536:
        raise ValueError(f"{port} is no port")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme in ("ipps", "https"), parts.hostname, port, target)


def printer_uri(endpoint: Endpoint) -> str:
    """The URI for messages, which has the scheme ipp or ipps whatever was connected to (RFC 8010 section 4.1)."""
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    port = "" if endpoint.port == IPP_PORT else f":{endpoint.port}"
    return f"{'ipps' if endpoint.secure else 'ipp'}://{host}{port}{endpoint.target}"
