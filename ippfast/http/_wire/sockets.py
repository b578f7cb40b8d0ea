"""Waiting for sockets, and sending buffers of any size on them, with TLS or without.

The rule of this file: as few system calls and copies as the socket allows. A time-out counts for each step that makes
progress, never for a whole document.
"""

import select
import ssl
from collections.abc import Callable, Iterable
from math import ceil
from socket import socket

from ..events import Buffer

__all__ = ["LEFT", "READ", "RECEIVE_SIZE", "SMALL", "WRITE", "await_socket", "has_left", "send_buffers"]

RECEIVE_SIZE = 131_072
"""How many octets are received at once, if there may be many."""

SMALL = 16_384
"""Fewer octets than this cost less to copy than to send separately."""

_LONGEST_POLL = 2**31 - 1
"""The most milliseconds that `poll` takes."""
READ, WRITE = 1, 2
"""What to wait for: octets, or the end, to read; room to write."""

LEFT = getattr(select, "POLLRDHUP", 0) | getattr(select, "POLLHUP", 0) | getattr(select, "POLLERR", 0)
"""The bits of `poll` that say that a peer has closed the connection, or its half of it."""


def has_left(sock: socket) -> bool:
    """Whether the peer has closed the connection, or its half of it, as far as the system knows. It does not wait."""
    if sock.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(sock, LEFT)
    return bool(poll.poll(0))


def await_socket(sock: socket, wanted: int, seconds: float | None) -> int:
    """Wait until a socket is ready for `READ`, `WRITE` or either. Returns for which; 0 if the time is over.

    A socket that has failed is ready for everything. seconds: None waits without end, 0 not at all.
    """
    if not hasattr(select, "poll"):
        reads, writes, _ = select.select([sock] if wanted & READ else [], [sock] if wanted & WRITE else [], [], seconds)
        return (READ if reads else 0) | (WRITE if writes else 0)
    poll = select.poll()
    poll.register(sock, (select.POLLIN if wanted & READ else 0) | (select.POLLOUT if wanted & WRITE else 0))
    # `poll` takes whole milliseconds. Rounding them up avoids many short waits at the end.
    for _, ready in poll.poll(None if seconds is None else min(ceil(1000 * seconds), _LONGEST_POLL)):
        if ready & ~(select.POLLIN | select.POLLOUT):
            return wanted
        return (READ if ready & select.POLLIN else 0) | (WRITE if ready & select.POLLOUT else 0)
    return 0


def send_buffers(sock: socket, buffers: Iterable[Buffer], wait: Callable[[], bool] | None = None) -> bool:
    """Send all of the buffers.

    wait: called when a socket that does not block is full, and before each step of TLS; if it returns False, the rest
    is not sent. Returns whether all was sent. Raises OSError, and TimeoutError if one step exceeds the socket's
    time-out.
    """
    secure = isinstance(sock, ssl.SSLSocket)
    gathers = hasattr(sock, "sendmsg") and not secure  # TLS cannot send several buffers by one call
    waiting: list[Buffer] = list(buffers)
    if sum(map(len, waiting)) <= SMALL:
        waiting = [b"".join(waiting)]
    while waiting:
        if not len(waiting[0]):
            del waiting[0]
            continue
        if secure and wait is not None and not wait():
            return False
        try:
            sent = sock.sendmsg(waiting) if gathers and len(waiting) > 1 else sock.send(waiting[0])
        except BlockingIOError:
            if wait is None:
                raise
            if not wait():
                return False
            continue
        while waiting and sent >= len(waiting[0]):
            sent -= len(waiting.pop(0))
        if sent:
            waiting[0] = memoryview(waiting[0])[sent:]
    return True
