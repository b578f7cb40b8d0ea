"""Who is behind a proxy: the client's address, if the proxy is one that is trusted to tell it.

The rule of this file: what a client could have written itself counts for nothing. So the lines Forwarded (RFC 7239) and
X-Forwarded-For are read from the right, as far as those who wrote them are trusted; and if both are there and do not
agree, one of them is the client's, and nobody knows who it is.
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
"""The address of a client of whom a proxy tells nothing (RFC 7239 section 6.2)."""

_LINES = frozenset({"forwarded", "x-forwarded-for", "via"})
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"\\]*)"|([^;"\s]*))\s*(?=;|$)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


class Networks:
    """Networks, among which an address may be. Raises ValueError for what is none."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def __contains__(self, peer: str) -> bool:
        if not self._networks:
            return False
        address = _parsed(peer)
        return address is not None and any(address in network for network in self._networks)


@lru_cache(maxsize=1_024)  # whoever asks asks again
def _parsed(peer: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, of one that is mapped the IPv4 one; None for what is none."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address


def is_forwarded(headers: Headers) -> bool:
    """Whether a request says that a proxy has passed it on."""
    return not _LINES.isdisjoint([name for name, _ in headers])


def client_of(headers: Headers, peer: str, proxies: Networks) -> str:
    """The address of the client. peer: whose connection it is: if that is no proxy that is trusted, the client's."""
    if peer not in proxies:
        return peer
    forwarded = [_address_of(each) for each in _elements(headers.get_all("forwarded"))]
    listed = [_bare(each) for each in _elements(headers.get_all("x-forwarded-for"))]
    found = {_first_foreign(each, proxies) for each in (forwarded, listed) if each}
    return found.pop() if len(found) == 1 else UNKNOWN


def _elements(lines: Sequence[str]) -> list[str]:
    """The elements of a list in header lines. One in quotes with a comma is broken, and so known to nobody."""
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
    """The last one that is no proxy of ours; if all are, the first."""
    return next((each for each in reversed(addresses) if each not in proxies), addresses[0])
