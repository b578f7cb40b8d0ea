"""A server without TLS, or that is too busy for it: it closes on a ClientHello, answers nonsense, or nothing at all.

The rule of this file: what came in the clear is kept, and answered as a printer would, so that whoever falls back to it
is seen to.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator

from http_conversations import response

from ippfast import DecodeError, Message, encode
from ippfast import response as respond
from ippfast.codec import decode_prefix
from ippfast.http.tls import CLIENT_HELLO

__all__ = ["KINDS", "Refuser", "refusing"]

KINDS = ("closes", "slow", "nonsense")
_NONSENSE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_SECONDS = 90.0


class Refuser:
    """host: where it is, with the port. hellos: how often TLS was tried. plain: what came in the clear instead."""

    def __init__(self, kind: str, listener: socket.socket) -> None:
        self._kind = kind
        self._listener = listener
        self._ended = threading.Event()
        self.host = f"127.0.0.1:{listener.getsockname()[1]}"
        self.hellos = 0
        self.plain: list[bytes] = []

    def run(self) -> None:
        threads = []
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            threads.append(threading.Thread(target=self._serve, args=(connection,)))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def end(self) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_SECONDS)
            data = connection.recv(65_536)
            if not data:
                return
            if data[0] != CLIENT_HELLO:
                self._answer(connection, data)
                return
            self.hellos += 1
            if self._kind == "slow":
                self._ended.wait(_SECONDS)
            elif self._kind == "nonsense":
                connection.sendall(_NONSENSE)

    def _answer(self, connection: socket.socket, data: bytes) -> None:
        self.plain.append(data)
        if data.startswith(b"OPTIONS"):
            connection.sendall(_NONSENSE)
            return
        while (message := _message(data)) is None:
            more = connection.recv(65_536)
            if not more:
                return
            data += more
        answer = respond(message, printer={"printer-state": 3, "printer-name": "plain"})
        connection.sendall(response(encode(answer), headers=["Connection: close"]))


def _message(data: bytes) -> Message | None:
    """The message of a request, once all of it is there."""
    try:
        return decode_prefix(data.partition(b"\r\n\r\n")[2])[0]
    except DecodeError:
        return None


@contextlib.contextmanager
def refusing(kind: str) -> Iterator[Refuser]:
    """One of KINDS, on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Refuser(kind, listener)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server
        finally:
            server.end()
            thread.join(_SECONDS)
            assert not thread.is_alive()
