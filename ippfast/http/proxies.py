"""The address of a client behind a proxy, if the proxy is trusted to tell it.

The rule of this file: what a client could have written itself counts for nothing. So the lines Forwarded (RFC 7239) and
X-Forwarded-For are read from the right, as long as their writers are trusted. If both lines are there and differ, the
client may have written one of them, so its address is unknown.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

from .events import Headers

__all__ = ["UNKNOWN", "Network", "Networks", "client_of", "is_forwarded"]

Network: TypeAlias = str | ipaddress.IPv4Network | ipaddress.IPv6Network
"""An address or a network, such as ``"192.168.1.0/24"``."""

UNKNOWN = "unknown"
"""The address of a client that a proxy does not name (RFC 7239 section 6.2)."""

_LINES = frozenset({"forwarded", "x-forwarded-for", "via"})
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"\\]*)"|([^;"\s]*))\s*(?=;|$)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


class Networks:
    """A set of networks, which may contain an address. Raises ValueError for what is no network."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def __contains__(self, peer: str) -> bool:
        if not self._networks:
            return False
        address = _parsed(peer)
        return address is not None and any(address in network for network in self._networks)


@lru_cache(maxsize=1_024)  # clients send many requests
def _parsed(peer: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; for an IPv4-mapped one its IPv4 address; None for what is no address."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address


def is_forwarded(headers: Headers) -> bool:
    """Whether a request says that a proxy has passed it on."""
    return not _LINES.isdisjoint([name for name, _ in headers])


def client_of(headers: Headers, peer: str, proxies: Networks) -> str:
    """The address of the client. peer: that of the connection, which is the client's unless it is a trusted proxy."""
    if peer not in proxies:
        return peer
    forwarded = [_address_of(each) for each in _elements(headers.get_all("forwarded"))]
    listed = [_bare(each) for each in _elements(headers.get_all("x-forwarded-for"))]
    found = {_first_foreign(each, proxies) for each in (forwarded, listed) if each}
    return found.pop() if len(found) == 1 else UNKNOWN


def _elements(lines: Sequence[str]) -> list[str]:
    """The elements of a list in header lines. A quoted element with a comma is cut in two, which name no address."""
    return [each.strip() for line in lines for each in line.split(",")]


def _address_of(element: str) -> str:
    found = _FOR.search(element)
    return _bare(found[1] if found[1] is not None else found[2]) if found else UNKNOWN


def _bare(address: str) -> str:
    """An address without port and brackets."""
    found = _WITH_PORT.fullmatch(address)
    text = address if found is None else found[1] or found[2]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return UNKNOWN


def _first_foreign(addresses: Sequence[str], proxies: Networks) -> str:
    """The last address that is no trusted proxy; if all are, the first address."""
    return next((each for each in reversed(addresses) if each not in proxies), addresses[0])
