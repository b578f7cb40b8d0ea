"""Which names a Host line may give, so that no web page reaches a server by a name of its own (DNS rebinding).

The rule of this file: an address is always allowed, since no foreign name server can make one up. Clients write
link-local addresses of IPv6 in three ways, which are one here: with a bare zone, as CUPS 2.4 does, with an escaped zone
(RFC 6874), and as libcups 3 does (``[v1.fe80::1+eth0]``).
"""

import ipaddress
import re
import socket
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

__all__ = ["OWN", "Hosts", "has_port", "host_name", "uri_authority"]

_ZONE = r"[A-Za-z0-9._~-]{1,64}"
_BARE = re.compile(rf"\[([0-9A-Fa-f:.]+)%({_ZONE})\]")
_ESCAPED = re.compile(rf"\[([0-9A-Fa-f:.]+)%25({_ZONE})\]")
_FUTURE = re.compile(rf"\[[vV]1\.([0-9A-Fa-f:.]+)\+({_ZONE})\]")
_PORT = re.compile(r":[0-9]{1,5}")
_PORT_AT_END = re.compile(r":[0-9]{1,5}\Z")
_PLAIN = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,64}\])(?::[0-9]{1,5})?")


class Hosts:
    """These names, and any address: a value for ``hosts`` of a server."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = [name.lower().rstrip(".") for name in names]

    def __contains__(self, name: object) -> bool:
        return name in self._names or _is_address(str(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@lru_cache(maxsize=256)  # the same few names come again and again, and most are no address, which takes an exception
def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _own() -> Collection[str]:
    name = socket.gethostname()
    return Hosts(["localhost", name, f"{name.partition('.')[0]}.local"])


OWN: Collection[str] = _own()
"""Any address, and the names of this machine that need no look-up: host name, multicast DNS name, ``localhost``."""


@lru_cache(maxsize=256)
def host_name(line: str) -> str:
    """The name in a Host line, in lower case, without port and final dot. The zone of an address is bare."""
    name, bracket, port = line.rpartition("]")
    if bracket:
        name += bracket
        if port and not _PORT.fullmatch(port):
            return line  # it is no valid Host line
        for form in (_ESCAPED, _FUTURE):
            if found := form.fullmatch(name):
                name = f"[{found[1]}%{found[2]}]"
                break
    else:
        name, _, port = line.rpartition(":")
        name = name if name and port.isdigit() else line
    return name.lower().removesuffix(".")


def has_port(authority: str) -> bool:
    """Whether a Host line, or the result of `uri_authority`, names a port."""
    return _PORT_AT_END.search(authority) is not None


@lru_cache(maxsize=256)
def uri_authority(line: str) -> str | None:
    """A Host line in the form that a URI allows; None if there is none.

    A URI cannot have a bare zone (RFC 3986), so it is written as libcups does, which reads that in every version.
    """
    if _PLAIN.fullmatch(line):
        return line
    name, bracket, port = line.rpartition("]")
    if not bracket or (port and not _PORT.fullmatch(port)):
        return None
    name += bracket
    if _ESCAPED.fullmatch(name) or _FUTURE.fullmatch(name):
        return line
    found = _BARE.fullmatch(name)
    return None if found is None else f"[v1.{found[1]}+{found[2]}]{port}"
