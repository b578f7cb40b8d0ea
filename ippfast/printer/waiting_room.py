"""How many requests may wait for events at a time.

The rule of this file: a request that waits holds a connection, but no thread. So only some may wait, and no user or
address may take all places; a request without a place is told when to ask again.
"""

import threading
from collections import Counter, deque

__all__ = ["WaitingRoom"]


class WaitingRoom:
    """The places of requests that wait. places: for all. places_each: for one user, and for one address."""

    def __init__(self, places: int, places_each: int) -> None:
        self._places = places
        self._places_each = places_each
        self._lock = threading.Lock()
        self._taken: Counter[tuple[str, str]] = Counter()
        # Those who left, for `enter` to look at. The garbage collector may call `leave` at any place, that in `enter`
        # too where the lock is held: so it takes none.
        self._left: deque[tuple[str, str]] = deque()

    def enter(self, user: str, address: str) -> bool:
        """Take a place. Returns whether there was one; then `leave` must be called."""
        names = (("all", ""), ("user", user), ("address", address))
        with self._lock:
            self._clear()
            if any(self._taken[name] >= (self._places if name[0] == "all" else self._places_each) for name in names):
                self._taken = +self._taken  # without the names that were only looked at
                return False
            self._taken.update(names)
            return True

    def leave(self, user: str, address: str) -> None:
        """Give the place back. It waits for nothing, and may be called at any place."""
        self._left.append((user, address))

    def taken(self) -> int:
        """How many places are taken."""
        with self._lock:
            self._clear()
            return self._taken["all", ""]

    def _clear(self) -> None:
        while self._left:
            user, address = self._left.popleft()
            self._taken.subtract((("all", ""), ("user", user), ("address", address)))
            self._taken = +self._taken
