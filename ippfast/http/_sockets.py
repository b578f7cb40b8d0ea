"""Sending on a blocking socket with a time-out, whatever the buffers' sizes, plain or with TLS.

The rule of this file: as few system calls and copies as the socket allows. A time-out counts for each step that makes
progress, never for a whole document.
"""

import ssl
from collections.abc import Callable, Iterable
from socket import socket

from .events import Buffer

__all__ = ["RECEIVE_SIZE", "send_buffers"]

RECEIVE_SIZE = 262_144
"""How many octets are asked for at once."""

_SMALL = 16_384


def send_buffers(sock: socket, buffers: Iterable[Buffer], before: Callable[[], bool] = lambda: True) -> bool:
    """Send all of the buffers. `before` is called before each step; where it returns false, the rest is not sent.

    Returns whether all was sent. Raises OSError, and TimeoutError where the socket's time-out passes in one step.
    """
    waiting = [memoryview(buffer) for buffer in buffers if len(buffer)]
    if sum(map(len, waiting)) <= _SMALL:
        waiting = [memoryview(b"".join(waiting))]
    # TLS has no call for several buffers.
    gathers = hasattr(sock, "sendmsg") and not isinstance(sock, ssl.SSLSocket)
    while waiting and waiting[0]:
        if not before():
            return False
        sent = sock.sendmsg(waiting) if gathers else sock.send(waiting[0])
        while waiting and sent >= len(waiting[0]):
            sent -= len(waiting.pop(0))
        if sent:
            waiting[0] = waiting[0][sent:]
    return True
