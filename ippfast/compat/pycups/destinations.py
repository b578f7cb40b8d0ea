"""Functions of pycups' module about destinations: going through them, and connecting to one.

The rule of this file: destinations are those of the server that `settings` names; what else is on the network,
`ippfast discover` finds.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .connection import Connection, Dest
from .constants import (
    CUPS_DEST_FLAGS_CONNECTING,
    CUPS_DEST_FLAGS_ERROR,
    CUPS_DEST_FLAGS_MORE,
    CUPS_DEST_FLAGS_NONE,
    CUPS_DEST_FLAGS_RESOLVING,
    CUPS_DEST_FLAGS_UNCONNECTED,
)
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

    Its flags are CUPS_DEST_FLAGS_MORE while others follow. type, mask: only destinations whose printer-type is `type`
    in the bits of `mask`. flags and msec are for what is found on the network: nothing is.
    """
    if not callable(cb):
        raise TypeError("cb must be callable")
    found = Connection().getDests()
    dests = [each for (name, _), each in found.items() if name is not None]
    chosen = [each for each in dests if (int(each.options.get("printer-type", "0")) & mask) == (type & mask)]
    for left, dest in zip(reversed(range(len(chosen))), chosen, strict=True):
        if not cb(user_data, CUPS_DEST_FLAGS_MORE if left else CUPS_DEST_FLAGS_NONE, dest):
            return


def connectDest(
    dest: Dest, cb: Callable[[Any, int, Dest], Any], flags: int = 0, msec: int = -1, user_data: Any = None
) -> tuple[Connection, str]:
    """A connection to a destination's server, and the resource of the destination there.

    ``cb(user_data, flags, dest)`` is told how far it has come, and may give up by returning 0. Raises RuntimeError, or
    as `Connection` does, if there is no connection.
    """
    if not isinstance(dest, Dest):
        raise TypeError("dest must be Dest object")
    if not callable(cb):
        raise TypeError("cb must be callable")
    uri = urlsplit(dest.options.get("printer-uri-supported") or dest.options.get("device-uri", ""))
    if uri.hostname is None:
        raise RuntimeError("the destination has no URI")
    for step in (CUPS_DEST_FLAGS_RESOLVING, CUPS_DEST_FLAGS_CONNECTING):
        if not cb(user_data, step | CUPS_DEST_FLAGS_UNCONNECTED, dest):
            raise RuntimeError("Connection canceled")
    try:
        if uri.hostname == "localhost" or "printer-uri-supported" in dest.options:
            connection = Connection()  # where the destination comes from
        else:
            connection = Connection(uri.hostname, uri.port or 631)
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
