"""Joins the requests of many threads to a database into one.

The rule of this file: the first caller asks for itself and for all that wait, and then the first of those that came
meanwhile asks next. No caller waits only to be joined with others. A request is sent after its callers asked, so a read
is never older than the call.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from .seam import StorageError

__all__ = ["Together"]

_Item = TypeVar("_Item")
_T = TypeVar("_T")

_MOST = 64  # items in one request
_LONGEST = 5.0  # seconds: a caller that has waited longer than this for requests that failed does not ask, too


class _Part(Generic[_Item]):
    """The request of one caller."""

    __slots__ = ("done", "error", "item", "result", "since", "turn")

    def __init__(self, item: _Item) -> None:
        self.item = item
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.since = time.monotonic()
        self.turn = threading.Lock()  # held until this is done, or until this caller must ask for the others
        self.turn.acquire()


class Together(Generic[_Item, _T]):
    """Joins calls. ask: sends the request for some items, and returns a result for each; all their callers get what it
    raises."""

    def __init__(self, ask: Callable[[list[_Item]], Sequence[_T]]) -> None:
        self._ask = ask
        self._gate = threading.Lock()  # for the three fields that follow
        self._asking = False
        self._failed = False  # whether the last request failed
        self._waiting: deque[_Part[_Item]] = deque()

    def do(self, item: _Item) -> _T:
        """Ask for one item. Raises what `ask` raises, and StorageError after a long wait for requests that failed."""
        part = _Part(item)
        with self._gate:
            leads = not self._asking
            if leads:
                self._asking = True
            else:
                self._waiting.append(part)
        if not leads:
            part.turn.acquire()
        if not part.done:
            self._lead(part)
        if part.error is not None:
            raise part.error
        return part.result  # type: ignore[no-any-return]

    def _lead(self, own: _Part[_Item]) -> None:
        """Ask for the own item and those that wait, then let the next caller lead."""
        batch = [own]
        with self._gate:
            while self._waiting and len(batch) < _MOST:
                batch.append(self._waiting.popleft())
        try:
            self._run(batch)
        finally:
            with self._gate:
                following = self._waiting.popleft() if self._waiting else None
                self._asking = following is not None
            if following is not None:
                following.turn.release()
            for part in batch:
                part.done = True
                part.turn.release()

    def _run(self, batch: list[_Part[_Item]]) -> None:
        now = time.monotonic()
        asked = []
        for part in batch:
            if not self._failed or now - part.since < _LONGEST:
                asked.append(part)
            else:
                part.error = StorageError("the database does not answer: others wait for it too")
        if not asked:
            return
        try:
            for part, result in zip(asked, self._ask([part.item for part in asked]), strict=True):
                part.result = result
            self._failed = False
        except BaseException as error:
            self._failed = True
            for part in asked:
                part.error = error
