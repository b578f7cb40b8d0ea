"""Counts wrong credentials from each address, and makes it wait for the judgement of the next ones.

The rule of this file: the more often an address was wrong, the longer it waits, and only a few of its requests wait at
once. A user who gave right credentials from there recently does not wait. What is kept is bounded, and forgotten with
time.
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Attempts"]

_FREE = 2  # after this many mistakes there is still no wait
_FIRST = 0.5
_LONGEST = 8.0
_PATIENCE = 8.0  # a request that would wait longer is refused
_FORGET = 900.0
_MOST = 10_000
_MOST_USERS = 100  # how many are remembered for one address


class _Address:
    __slots__ = ("last", "right", "turn", "wrong")

    def __init__(self) -> None:
        self.wrong: dict[str, int] = {}  # how often, by the user that was claimed
        self.last = 0.0  # when the latest failure was
        self.turn = 0.0  # when the next attempt is to be answered
        self.right: dict[str, float] = {}  # who was right, and when


class Attempts:
    """What is known of addresses. clock: as `time.monotonic`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._addresses: OrderedDict[str, _Address] = OrderedDict()

    def turn(self, peer: str, user: str | None) -> float | None:
        """How many seconds credentials must wait before they are judged; None: too many wait already."""
        now = self._clock()
        with self._lock:
            known = self._addresses.get(_network(peer))
            if known is None or now >= known.turn or now - known.right.get(user or "", -_FORGET) < _FORGET:
                return 0.0
            seconds = known.turn - now
            if seconds > _PATIENCE:
                return None
            known.turn += _pause(sum(known.wrong.values()))  # the next request also waits for this one
            return seconds

    def wrong(self, peer: str, user: str | None) -> tuple[int, float]:
        """Note that credentials were wrong. Returns how often, and how many seconds the response must wait."""
        now = self._clock()
        with self._lock:
            known = self._addresses.setdefault(_network(peer), _Address())
            self._addresses.move_to_end(_network(peer))
            if now - known.last > _FORGET:
                known.wrong.clear()
            name = user or ""
            if name not in known.wrong and len(known.wrong) >= _MOST_USERS:
                name = ""
            known.wrong[name] = known.wrong.get(name, 0) + 1
            known.last = now
            times = sum(known.wrong.values())
            seconds = _pause(times)
            known.turn = max(known.turn, now + seconds)
            while len(self._addresses) > _MOST:
                self._addresses.popitem(last=False)
            return times, seconds

    def right(self, peer: str, user: str) -> None:
        """Note that credentials were right: only this user's mistakes are forgotten."""
        with self._lock:
            known = self._addresses.get(_network(peer))
            if known is None:
                return
            known.wrong.pop(user, None)
            known.right[user] = self._clock()
            if len(known.right) > _MOST_USERS:
                known.right.pop(next(iter(known.right)))


def _pause(failures: int) -> float:
    return 0.0 if failures <= _FREE else min(_LONGEST, _FIRST * 2.0 ** min(failures - _FREE - 1, 10))


def _network(peer: str) -> str:
    """The address; for IPv6 its /64 network, all addresses of which one host can have."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return peer
