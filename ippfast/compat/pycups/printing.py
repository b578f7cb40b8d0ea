"""Documents that pycups sends in pieces: one request in a thread of its own, which takes what the program writes.

The rule of this file: at most a few pieces wait, so that a program is as fast as the server and no faster; and whatever
becomes of the request, the program does not hang on it.
"""

import queue
import threading
from collections.abc import Callable, Iterator

from ... import Message

__all__ = ["Upload"]

_PIECES = 4


class Upload:
    """One Send-Document that is going on. send: sends a document, an iterable of octets, and gives the answer."""

    def __init__(self, send: Callable[[Iterator[bytes]], Message]) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(_PIECES)
        self._send = send
        self._answer: Message | None = None
        self._error: BaseException | None = None
        self._aborted = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ippfast-upload", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._send(self._pieces())
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def _pieces(self) -> Iterator[bytes]:
        while (piece := self._queue.get()) is not None:
            yield piece
        if self._aborted:
            raise OSError("the document was given up")

    def write(self, octets: bytes) -> None:
        """Let octets go out. Raises what went wrong with the request, if anything did."""
        while octets and not self._put(octets):
            pass

    def _put(self, piece: bytes | None) -> bool:
        """Whether there is nothing to wait for any more."""
        if self._done.is_set():
            if self._error is not None:
                raise self._error
            return True  # the server has answered already, and wants no more
        try:
            self._queue.put(piece, timeout=0.1)
        except queue.Full:
            return False
        return True

    def finish(self) -> Message:
        """The answer, once all octets are out. Raises what went wrong."""
        while not self._put(None):
            pass
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._answer is not None
        return self._answer

    def abort(self) -> None:
        """Give the document up."""
        self._aborted = True
        while not self._done.is_set():
            try:
                self._queue.put(None, timeout=0.1)
            except queue.Full:
                continue
            break
        self._thread.join()
