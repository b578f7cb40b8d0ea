"""Small pieces of a document on their way to a socket, many to one call.

The rule of this file: nothing is held longer than `_SECONDS`, whatever the document's source does meanwhile.
"""

import threading
from collections.abc import Callable
from socket import socket
from types import TracebackType
from typing import Self

from ..events import Buffer

__all__ = ["Gathering"]

_SECONDS = 0.05


class Gathering:
    """Holds pieces until they are taken. What is not taken soon, a thread sends, which ends with the context.

    sock: plain, and does not block. frame: gives what is to be sent for pieces. The caller sends what it has taken
    before it holds more.
    """

    def __init__(self, sock: socket, frame: Callable[..., list[Buffer]]) -> None:
        self._socket = sock
        self._frame = frame
        self._begun = b""  # what has gone out in part
        self._held: list[bytes] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ippfast sends what is held", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def hold(self, piece: bytes) -> None:
        """Keep it."""
        with self._lock:
            self._held.append(piece)

    def take(self) -> bytes:
        """What is to be sent for what is held, and is not held any more."""
        with self._lock:
            return self._take()

    def _take(self) -> bytes:
        octets = b"".join([self._begun, *self._frame(*self._held)])
        self._begun = b""
        self._held.clear()
        return octets

    def _run(self) -> None:
        while not self._over.wait(_SECONDS):
            with self._lock:
                octets = self._take()
                try:
                    sent = self._socket.send(octets) if octets else 0
                except OSError:  # it takes none now, or never again, as who takes the rest will find
                    sent = 0
                self._begun = octets[sent:]
