"""Gathers small pieces of a document, to send many by one system call.

The rule of this file: nothing is held longer than `_SECONDS`, even if the document's source blocks.
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
    """Holds pieces until they are taken. A thread, which ends with the context, sends those that are not taken soon.

    sock: without TLS, and does not block. frame: returns what is to be sent for pieces. The caller must send what it
    has taken before it holds more.
    """

    def __init__(self, sock: socket, frame: Callable[..., list[Buffer]]) -> None:
        self._socket = sock
        self._frame = frame
        self._begun = b""  # the rest of what the thread has sent in part
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
        """Hold a piece."""
        with self._lock:
            self._held.append(piece)

    def take(self) -> bytes:
        """Take what is to be sent for the held pieces, which are held no longer."""
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
                except OSError:  # it is full or broken: whoever takes the rest will find out
                    sent = 0
                self._begun = octets[sent:]
