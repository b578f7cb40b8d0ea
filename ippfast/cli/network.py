"""Examines what makes a printer in its network less safe: public addresses, and ways to print beside IPP.

The rule of this file: each port gets at most one connection, and nothing is sent.
"""

import contextlib
import ipaddress
import socket
from collections.abc import Iterable, Iterator

from ippfast.http.uri import parse_uri

from .findings import Finding, Level
from .text import escape

__all__ = ["examine_addresses", "examine_ports"]

_SECONDS = 3.0
_PORTS = (
    (9100, "raw printing (port 9100)", "anybody who reaches it can print, even if IPP needs a password"),
    (515, "LPD (port 515)", "it never asks who prints"),
    (161, "SNMP over TCP (port 161)", "with SNMP 1 and 2 whoever knows 'public' reads it, and may change it"),
)
_AT_HOME = (".local", ".lan", ".internal", ".home.arpa", ".localdomain", ".intranet", ".corp", ".home")


def examine_addresses(host: str, announced: Iterable[object]) -> Iterator[Finding]:
    """Findings about public addresses of the host, and about hosts of the internet in the printer's URIs.

    announced: the values of printer-uri-supported.
    """
    public = sorted({address for address in _addresses(host) if _is_public(address)})
    if public:
        yield Finding(
            Level.NOTE,
            f"its address is public: {', '.join(public)}",
            "see that a firewall lets only your network reach it",
        )
    hosts = set()
    for each in announced:
        with contextlib.suppress(ValueError):
            hosts.add(parse_uri(str(each)).host.lower())
    outside = sorted(each for each in hosts - {host.lower()} if _is_public(each) or _is_name_of_the_internet(each))
    if outside:
        yield Finding(
            Level.INFO,
            f"it gives out URIs with hosts outside its own network: {', '.join(map(escape, outside))}",
            "see that these names lead to it only from inside",
        )


def examine_ports(host: str) -> Iterator[Finding]:
    """Findings about the doors beside IPP: one connection to each, and nothing is sent."""
    for port, name, why in _PORTS:
        try:
            socket.create_connection((host, port), _SECONDS).close()
        except OSError:
            yield Finding(Level.GOOD, f"there is no {name}")
        else:
            yield Finding(Level.WEAK, f"there is {name}: {why}", "switch it off in the printer's settings")


def _addresses(host: str) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return False


def _is_name_of_the_internet(host: str) -> bool:
    """Whether a name has a domain that is not one of those for home networks (RFC 6762 appendix G, RFC 8375)."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        host = host.rstrip(".")
        return "." in host and not host.endswith(_AT_HOME)
    return False
