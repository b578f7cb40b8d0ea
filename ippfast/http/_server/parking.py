"""Connections of the server for threads that wait for an event, without a thread for each.

The rule of this file: one thread watches all of them. It sends a connection on once, for the first of three reasons:
there may be something to answer, the time is over, or the client has left.
"""

import math
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from .._wire.sockets import LEFT

__all__ = ["Parking"]

_T = TypeVar("_T")


class _Parked(NamedTuple):
    socket: socket.socket
    end: float


class Parking(Generic[_T]):
    """Where connections wait. send_on: called with a connection that goes on; it must return at once.

    The thread begins with the first connection and ends when none waits.
    """

    def __init__(self, send_on: Callable[[_T], None]) -> None:
        self._send_on = send_on
        self._lock = threading.Lock()  # for all the fields below
        self._parked: dict[_T, _Parked] = {}
        self._awake: set[_T] = set()
        self._bell: tuple[socket.socket, socket.socket] | None = None  # an octet in it wakes the thread
        self._rung = False

    def park(self, connection: _T, sock: socket.socket, seconds: float) -> None:
        """Let a connection wait, for at most this many seconds.

        Raises OSError or RuntimeError if the system cannot start the thread that watches.
        """
        with self._lock:
            if self._bell is None:
                self._bell = self._begin()
            self._parked[connection] = _Parked(sock, time.monotonic() + seconds)
            self._ring()

    def wake(self, connection: _T) -> None:
        """Send a connection on, if it still waits. Any thread may call this; it takes little time."""
        with self._lock:
            if connection in self._parked:
                self._awake.add(connection)
                self._ring()

    def close(self) -> None:
        """Send all of them on."""
        with self._lock:
            self._awake.update(self._parked)
            self._ring()

    def _begin(self) -> tuple[socket.socket, socket.socket]:
        """Start the thread. Returns its bell."""
        bell = socket.socketpair()
        try:
            threading.Thread(target=self._watch, args=(bell[0],), name="ippfast-parking", daemon=True).start()
        except RuntimeError:
            for end in bell:
                end.close()
            raise
        return bell

    def _ring(self) -> None:
        if self._bell is not None and not self._rung:
            self._rung = True
            self._bell[1].send(b"\0")

    def _watch(self, bell: socket.socket) -> None:
        while True:
            with self._lock:
                parked = dict(self._parked)
                if not parked:
                    assert self._bell is not None
                    for end in self._bell:
                        end.close()
                    self._bell, self._rung = None, False
                    return
            left = _wait(bell, parked, min(each.end for each in parked.values()) - time.monotonic())
            now = time.monotonic()
            with self._lock:
                if self._rung:
                    bell.recv(1)
                awake, self._awake, self._rung = self._awake, set(), False
                awake |= {key for key, each in parked.items() if each.end <= now or each.socket.fileno() in left}
                gone_on = [key for key in awake if self._parked.pop(key, None) is not None]
            for connection in gone_on:
                self._send_on(connection)


def _wait(bell: socket.socket, parked: dict[Any, _Parked], seconds: float) -> set[int]:
    """Wait until the bell rings, a client leaves, or the time is over. Returns the sockets of those that have left."""
    if not hasattr(select, "poll"):  # this system does not say whether a client has left
        select.select([bell], [], [], max(0.0, seconds))
        return {-1}
    poll = select.poll()
    poll.register(bell, select.POLLIN)
    for each in parked.values():
        if each.socket.fileno() >= 0:  # it may be closed already
            poll.register(each.socket, LEFT)
    return {number for number, _ in poll.poll(max(0, math.ceil(seconds * 1e3)))} | {-1}
