"""What the tests of the shells share: a handler that keeps what it is given, and a server for it on loopback."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from http_conversations import ANSWER

from ippfast import Message
from ippfast.http import (
    IncomingRequest,
    Reply,
    Server,
)
from ippfast.http.incoming import Handler

__all__ = ["DOCUMENT", "SECONDS", "Printer", "connect", "read_until", "scripted", "serving", "uri_of"]

DOCUMENT = bytes(range(256)) * 4_000
SECONDS = 90.0
"""After so long, whatever a test waits for does not come."""


class Printer:
    """A handler that keeps what it was given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.documents: list[bytes] = []
        self.peers: list[tuple[str, bool]] = []
        self.finished = threading.Event()

    def __call__(self, request: IncomingRequest) -> Message | Reply:
        self.messages.append(request.message)
        self.peers.append((request.peer, request.secure))
        self.documents.append(request.document.read())
        self.finished.set()
        return ANSWER


@contextlib.contextmanager
def serving(handler: Handler, **options: object) -> Iterator[Server]:
    server = Server(handler, port=0, **options)  # type: ignore[arg-type]
    with server:
        yield server


def uri_of(server: Server, scheme: str = "ipp") -> str:
    return f"{scheme}://localhost:{server.port}/ipp/print"


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), SECONDS)


@contextlib.contextmanager
def scripted(*scripts: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server whose connections follow these scripts, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)

        def run() -> None:
            for script in scripts:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(SECONDS)
                    script(connection)

        thread = threading.Thread(target=run, daemon=True)  # if the test fails, nobody waits for it
        thread.start()
        yield f"ipp://127.0.0.1:{listener.getsockname()[1]}/ipp/print"
        thread.join(SECONDS)
        assert not thread.is_alive()


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        piece = connection.recv(65_536)
        assert piece
        data += piece
    return data
