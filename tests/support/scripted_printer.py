"""A printer on loopback that answers what a test says, as messages or as octets of HTTP.

The rule of this file: each request is read whole, and answered by a function; nothing is judged here.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ippfast import Message, decode_prefix, encode

__all__ = ["Answering", "http", "printer"]

Answering = Callable[[Message], Message | bytes]


def http(body: bytes, status: str = "200 OK", *lines: str, kind: str = "application/ipp") -> bytes:
    """A response of HTTP."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


@contextlib.contextmanager
def printer(answer: Answering, host: str = "127.0.0.1") -> Iterator[str]:
    """Answers each request on each connection. The URI; the host may be an address of IPv6, with a zone."""

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as file:
            while file.readline().startswith(b"POST "):  # TLS and other things are for nobody
                answered = answer(decode_prefix(_body(file))[0])
                connection.sendall(answered if isinstance(answered, bytes) else http(encode(answered)))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    with socket.socket(family) as server:
        server.bind(address)
        server.listen()
        threading.Thread(target=accept, daemon=True).start()
        shown = f"[{host.replace('%', '%25')}]" if ":" in host else host
        yield f"ipp://{shown}:{server.getsockname()[1]}/ipp/print"
        server.shutdown(socket.SHUT_RDWR)


def _body(file: BinaryIO) -> bytes:
    """The rest of a request, in either framing."""
    headers: dict[bytes, bytes] = {}
    while line := file.readline().strip():
        name, _, value = line.lower().partition(b":")
        headers[name] = value.strip()
    if headers.get(b"transfer-encoding") != b"chunked":
        return file.read(int(headers.get(b"content-length", b"0")))
    body = b""
    while size := int(file.readline(), 16):
        body += file.read(size)
        file.readline()
    file.readline()
    return body
