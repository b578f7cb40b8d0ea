"""Wrong credentials from one address, and how long it waits for the answer to the next ones.

The rule of this file: the more often an address was wrong, the longer it waits, and no more than a few of its requests
wait at once; who was right lately from there does not suffer for it. What is kept is forgotten with time, and bounded.
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Attempts"]

_FREE = 2  # this many mistakes cost nothing
_FIRST = 0.5
_LONGEST = 8.0
_PATIENCE = 8.0  # whoever would wait longer is told to come back
_FORGET = 900.0
_MOST = 10_000
_MOST_USERS = 100  # so many are remembered of one address


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
        """For how many seconds credentials are not to be judged yet; None: there are too many before them."""
        now = self._clock()
        with self._lock:
            known = self._addresses.get(_network(peer))
            if known is None or now >= known.turn or now - known.right.get(user or "", -_FORGET) < _FORGET:
                return 0.0
            seconds = known.turn - now
            if seconds > _PATIENCE:
                return None
            known.turn += _pause(sum(known.wrong.values()))  # the next one waits for this one too
            return seconds

    def wrong(self, peer: str, user: str | None) -> tuple[int, float]:
        """Credentials were wrong. Returns how often that was, and for how many seconds the answer waits."""
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
        """Credentials were right: this user's mistakes are forgotten, and no other's."""
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
    """The address, or of IPv6 the network of a link, which one host has all of."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return peer
