"""Functions of pycups' module about destinations: going through them, and connecting to one.

The rule of this file: first come the destinations of the server in `settings`, then printers that announce themselves
on the network, see `network`.
"""

import contextlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from . import network
from .connection import Connection, Dest
from .constants import (
    CUPS_DEST_FLAGS_CONNECTING,
    CUPS_DEST_FLAGS_ERROR,
    CUPS_DEST_FLAGS_MORE,
    CUPS_DEST_FLAGS_NONE,
    CUPS_DEST_FLAGS_RESOLVING,
    CUPS_DEST_FLAGS_UNCONNECTED,
    CUPS_PRINTER_DISCOVERED,
    HTTP_ENCRYPT_ALWAYS,
)
from .errors import IPPError
from .transport import to_text

__all__ = ["connectDest", "enumDests", "modelSort"]


def enumDests(
    cb: Callable[[Any, int, Dest], Any],
    flags: int = 0,
    msec: int = -1,
    type: int = 0,
    mask: int = 0,
    user_data: Any = None,
) -> None:
    """Call ``cb(user_data, flags, dest)`` for each destination, until it returns 0.

    First come those of the server, if there is one, with the flags CUPS_DEST_FLAGS_MORE while others of them follow.
    Then come printers that announce themselves on the network, until nothing has come for a second; their type has
    CUPS_PRINTER_DISCOVERED. msec: how many milliseconds that may take; 0: only the server's; -1: as long as it takes.
    type, mask: only destinations whose printer-type is `type` in the bits of `mask`. flags changes nothing, as in
    libcups.

    Raises RuntimeError if the network cannot be searched, such as without zeroconf (extra ``discovery``).
    """
    if not callable(cb):
        raise TypeError("cb must be callable")
    dests = _of_the_server()
    chosen = [each for each in dests if (int(each.options.get("printer-type", "0")) & mask) == (type & mask)]
    for left, dest in zip(reversed(range(len(chosen))), chosen, strict=True):
        if not cb(user_data, CUPS_DEST_FLAGS_MORE if left else CUPS_DEST_FLAGS_NONE, dest):
            return
    if msec == 0 or (mask & CUPS_PRINTER_DISCOVERED and not type & CUPS_PRINTER_DISCOVERED):
        return
    uris = (each.options.get("device-uri", "") for each in dests)
    own = frozenset(network.service_of(uri) for uri in uris if network.is_service(uri))
    with contextlib.closing(network.announced(msec, own)) as found:
        for each in found:
            if (each.type & mask) != (type & mask):
                continue
            if not cb(user_data, CUPS_DEST_FLAGS_NONE, Dest(each.name, None, False, each.options)):
                return


def _of_the_server() -> list[Dest]:
    """The destinations of the server; none if there is no server."""
    try:
        connection = Connection()
    except RuntimeError:
        return []
    try:
        found = connection.getDests()
    except IPPError:
        return []
    finally:
        connection.close()
    return [each for (name, _), each in found.items() if name is not None]


def connectDest(
    dest: Dest, cb: Callable[[Any, int, Dest], Any], flags: int = 0, msec: int = -1, user_data: Any = None
) -> tuple[Connection, str]:
    """A connection to a destination's server, and the resource of the destination there.

    A printer that announces itself is looked up on the network, and connected to without a server in between.
    ``cb(user_data, flags, dest)`` is told how far it has come, and may give up by returning 0. Raises RuntimeError, or
    as `Connection` does, if there is no connection.
    """
    if not isinstance(dest, Dest):
        raise TypeError("dest must be Dest object")
    if not callable(cb):
        raise TypeError("cb must be callable")
    given = dest.options.get("printer-uri-supported") or dest.options.get("device-uri", "")
    uri = urlsplit(given)
    if uri.hostname is None:
        raise RuntimeError("the destination has no URI")
    for step in (CUPS_DEST_FLAGS_RESOLVING, CUPS_DEST_FLAGS_CONNECTING):
        if not cb(user_data, step | CUPS_DEST_FLAGS_UNCONNECTED, dest):
            raise RuntimeError("Connection canceled")
    try:
        if network.is_service(given):
            uri = urlsplit(network.resolve(given))
        if uri.hostname == "localhost" or "printer-uri-supported" in dest.options:
            connection = Connection()  # where the destination comes from
        else:
            secure = HTTP_ENCRYPT_ALWAYS if uri.scheme == "ipps" else None
            connection = Connection(uri.hostname, uri.port or 631, secure)
    except RuntimeError:
        cb(user_data, CUPS_DEST_FLAGS_UNCONNECTED | CUPS_DEST_FLAGS_ERROR, dest)
        raise
    cb(user_data, CUPS_DEST_FLAGS_NONE, dest)
    return connection, uri.path


_PART = re.compile(r"\d+|\D", re.DOTALL)


def modelSort(s1: str | bytes, s2: str | bytes, /) -> int:
    """Compare names of models for sorting: -1, 0 or 1. Numbers count as numbers."""
    first, second = (_PART.findall(to_text(each)) for each in (s1, s2))
    for one, other in zip(first, second, strict=False):
        numbers = one.isdecimal() and other.isdecimal()
        a, b = ((int(one), len(one)), (int(other), len(other))) if numbers else (one, other)
        if a != b:
            return -1 if a < b else 1
    return (len(first) > len(second)) - (len(first) < len(second))
