"""Both clients and servers that are careless but mean well, most of them Python's own HTTP server.

The rule of this file: whatever a client can understand, it takes; each test is for both clients and both framings.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from http_clients import clients
from http_conversations import ANSWER, PRINT_JOB, response
from http_servers import DOCUMENT, read_until, scripted

from ippfast import decode_prefix, encode
from ippfast.http import AnswerError, ConnectionLostError, StatusError, Timeouts

BODY = encode(ANSWER)
framings = pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
expects = pytest.mark.parametrize("expect", [False, True], ids=["", "Expect"])


def document(chunked: bool) -> Any:
    return iter([DOCUMENT[:1_000], DOCUMENT[1_000:]]) if chunked else DOCUMENT


class Handler(BaseHTTPRequestHandler):
    """Reads the request as it should, and answers as the server's ``way`` says."""

    def do_POST(self) -> None:
        server: Any = self.server
        server.way(self)

    def read(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextlib.contextmanager
def http_server(way: Callable[[Handler], None], version: str = "HTTP/1.1") -> Iterator[str]:
    class Versioned(Handler):
        protocol_version = version

    with ThreadingHTTPServer(("127.0.0.1", 0), Versioned) as server:
        server.way = way  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"ipp://127.0.0.1:{server.server_port}/ipp/print"
        finally:
            server.shutdown()
            thread.join()


def no_type(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(BODY)))
    handler.end_headers()
    handler.wfile.write(BODY)


def until_the_end(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/ipp")
    handler.end_headers()
    handler.wfile.write(BODY)
    handler.close_connection = True


def in_chunks(handler: Handler) -> None:
    handler.wfile.write(response(BODY, chunks=[1, 8, 9, 1]))


def many_1xx(handler: Handler) -> None:
    for status in (100, 102, 103, 100):
        handler.send_response_only(status)
        handler.end_headers()
    in_chunks(handler)


def old_line_ends(handler: Handler) -> None:
    head, _, body = response(BODY).partition(b"\r\n\r\n")
    handler.wfile.write(head.replace(b"\r\n", b"\n") + b"\n\n" + body)


WAYS = [(way, "HTTP/1.1") for way in (no_type, until_the_end, in_chunks, many_1xx, old_line_ends)]
WAYS += [(no_type, "HTTP/1.0"), (until_the_end, "HTTP/1.0")]


@clients
@framings
@expects
@pytest.mark.parametrize(("answer", "version"), WAYS, ids=lambda value: getattr(value, "__name__", value))
def test_ways_to_answer(
    make: Any, answer: Callable[[Handler], None], version: str, expect: bool, chunked: bool
) -> None:
    bodies: list[bytes] = []

    def way(handler: Handler) -> None:
        bodies.append(handler.read())
        answer(handler)

    timeouts = Timeouts(continue_=0.1)  # HTTP/1.0 has no 100
    with http_server(way, version) as uri, make(uri, expect_continue=expect, timeouts=timeouts) as client:
        for _ in range(2):
            assert client.send(PRINT_JOB, document(chunked)) == ANSWER
        assert client.send(PRINT_JOB) == ANSWER
    for body, expected in zip(bodies, (DOCUMENT, DOCUMENT, b""), strict=True):
        message, end = decode_prefix(body)
        assert (message, body[end:]) == (PRINT_JOB, expected)


@clients
@framings
def test_answer_before_anything_is_read(make: Any, chunked: bool) -> None:
    """And the connection closed, with the document unread."""

    def way(handler: Handler) -> None:
        in_chunks(handler)
        handler.close_connection = True

    with http_server(way) as uri, make(uri) as client:
        for _ in range(5):
            large = iter([DOCUMENT] * 30) if chunked else DOCUMENT * 30
            assert client.send(PRINT_JOB, large) == ANSWER


@clients
@framings
def test_closed_in_the_middle_of_the_document(make: Any, chunked: bool) -> None:
    def script(connection: socket.socket) -> None:
        read_until(connection, DOCUMENT[:500])
        connection.sendall(b"HTTP/1.1 413 Too much\r\nContent-Length: 4\r\nConnection: close\r\n\r\nless")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1_000_000):
            pass

    with scripted(script) as uri, make(uri) as client, pytest.raises(StatusError, match=r"413.*less"):
        client.send(PRINT_JOB, iter([DOCUMENT] * 30) if chunked else DOCUMENT * 30)


@clients
@framings
def test_no_answer_at_all(make: Any, chunked: bool) -> None:
    def script(connection: socket.socket) -> None:
        read_until(connection, DOCUMENT[:500])

    with scripted(script) as uri, make(uri) as client, pytest.raises(ConnectionLostError):
        client.send(PRINT_JOB, iter([DOCUMENT] * 30) if chunked else DOCUMENT * 30)


@clients
def test_web_server(make: Any) -> None:
    def page(handler: Handler) -> None:
        handler.read()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        handler.wfile.write(b"<html>")
        handler.close_connection = True

    with (
        http_server(page) as uri,
        make(uri) as client,
        pytest.raises(AnswerError, match="with a web page: is the path right"),
    ):
        client.send(PRINT_JOB, DOCUMENT)
