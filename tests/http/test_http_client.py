"""`Client` meets Python's own server, and servers that behave badly, each a script over one socket.

The rule of this file: real sockets on loopback. A test that waits, waits for an event.
"""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from http_conversations import ANSWER, PRINT_JOB, print_job, response
from http_servers import DOCUMENT, SECONDS, read_until, scripted
from peers import free_port

from ippfast import decode_prefix, encode
from ippfast.enums import Operation
from ippfast.http import (
    Client,
    ConnectionLostError,
    PhaseTimeoutError,
    StatusError,
    Timeouts,
)


def pieces() -> Iterator[bytes]:
    for at in range(0, len(DOCUMENT), 70_001):
        yield DOCUMENT[at : at + 70_001]
        yield b""


class OtherServer(BaseHTTPRequestHandler):
    """Python's own server, with a chunked answer for every second request."""

    protocol_version = "HTTP/1.1"
    timeout = SECONDS  # or a stranger who says nothing has its only thread
    answers = 0
    bodies: list[bytes]

    def do_POST(self) -> None:
        body = b""
        if self.headers["Transfer-Encoding"] == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).bodies.append(body)
        type(self).answers += 1
        answer = response(encode(ANSWER), chunks=[5] if self.answers % 2 else None)
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_http_server() -> None:
    OtherServer.bodies = []
    with HTTPServer(("127.0.0.1", 0), OtherServer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with Client(f"ipp://127.0.0.1:{server.server_port}/", expect_continue=True) as client:
                for document in (DOCUMENT, pieces(), DOCUMENT):
                    assert client.send(PRINT_JOB, document) == ANSWER
        finally:
            server.shutdown()
            thread.join()
    for body in OtherServer.bodies:
        message, end = decode_prefix(body)
        assert (message, body[end:]) == (PRINT_JOB, DOCUMENT)
    assert len(OtherServer.bodies) == 3


# Servers that behave badly, each a script over one socket.


def test_answer_after_which_the_pipe_breaks() -> None:
    def script(connection: socket.socket) -> None:
        read_until(connection, b"\x03")
        connection.sendall(response(encode(ANSWER), headers=["Connection: close"]))

    with scripted(script) as uri, Client(uri) as client:
        assert client.send(PRINT_JOB, iter([bytes(1_000_000)] * 40)) == ANSWER


def test_server_that_sends_100_late_and_often() -> None:
    def script(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 2)
        read_until(connection, b"0\r\n\r\n")
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + response(encode(ANSWER)))

    with scripted(script) as uri, Client(uri, expect_continue=True) as client:
        assert client.send(PRINT_JOB, iter([b"abc"])) == ANSWER


def test_server_that_never_sends_100() -> None:
    def script(connection: socket.socket) -> None:
        data = read_until(connection, b"0\r\n\r\n")
        assert b"100-continue" in data
        connection.sendall(response(encode(ANSWER)))

    timeouts = Timeouts(continue_=0.05)
    with scripted(script) as uri, Client(uri, expect_continue=True, timeouts=timeouts) as client:
        assert client.send(PRINT_JOB, iter([b"abc"])) == ANSWER


def test_final_answer_instead_of_100() -> None:
    def script(connection: socket.socket) -> None:
        read_until(connection, encode(PRINT_JOB))
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        assert connection.recv(65_536) == b""

    refused = pytest.raises(StatusError, match="403")
    with scripted(script) as uri, Client(uri, expect_continue=True) as client, refused:
        client.send(PRINT_JOB, DOCUMENT)


def answer_once(connection: socket.socket) -> None:
    """Answers one request and closes without having announced it."""
    read_until(connection, b"\x03")
    connection.sendall(response(encode(ANSWER)))


def close_at_once(connection: socket.socket) -> None:
    read_until(connection, b"\x03")


QUESTION = print_job(operation=Operation.GET_PRINTER_ATTRIBUTES)


def test_connection_closed_while_idle() -> None:
    with scripted(answer_once, answer_once) as uri, Client(uri) as client:
        assert client.send(PRINT_JOB) == ANSWER
        client._core._kept[0]._socket.settimeout(SECONDS)
        assert client._core._kept[0]._socket.recv(1, socket.MSG_PEEK) == b""
        assert client.send(PRINT_JOB) == ANSWER


def twice(connection: socket.socket) -> None:
    answer_once(connection)
    close_at_once(connection)


def test_only_what_is_idempotent_is_sent_again() -> None:
    with scripted(twice, answer_once) as uri, Client(uri) as client:
        assert client.send(QUESTION) == ANSWER
        assert client.send(QUESTION) == ANSWER
    with scripted(twice) as uri, Client(uri) as client:
        assert client.send(QUESTION) == ANSWER
        with pytest.raises(ConnectionLostError):
            client.send(PRINT_JOB)
    with scripted(close_at_once) as uri, Client(uri) as client, pytest.raises(ConnectionLostError):
        client.send(QUESTION)


def test_phases_that_take_too_long() -> None:
    released = threading.Event()

    def silent(connection: socket.socket) -> None:
        released.wait(SECONDS)

    def stuck(connection: socket.socket) -> None:
        read_until(connection, b"\x03")
        connection.sendall(response(encode(ANSWER))[:-1])
        released.wait(SECONDS)

    with scripted(silent, stuck, silent) as uri:
        with Client(uri, timeouts=Timeouts(first_octet=0.05)) as client:
            with pytest.raises(PhaseTimeoutError, match="first octet") as caught:
                client.send(PRINT_JOB)
            assert (caught.value.phase, caught.value.seconds) == ("first octet", 0.05)
        released.set()
        released.clear()
        with Client(uri, timeouts=Timeouts(idle=0.05)) as client, pytest.raises(PhaseTimeoutError, match="idle"):
            client.send(PRINT_JOB)
        released.set()
        released.clear()
        with Client(uri, timeouts=Timeouts(idle=0.05)) as client, pytest.raises(PhaseTimeoutError, match="idle"):
            client.send(PRINT_JOB, iter([bytes(1_000_000)] * 100))
        released.set()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent_uri = f"ipps://127.0.0.1:{listener.getsockname()[1]}/"
        too_long = pytest.raises(PhaseTimeoutError, match="connect")
        with Client(silent_uri, timeouts=Timeouts(connect=0.05)) as client, too_long:
            client.send(PRINT_JOB)


def test_nobody_listens() -> None:
    port = free_port()
    with Client(f"ipp://127.0.0.1:{port}/") as client, pytest.raises(ConnectionRefusedError):
        client.send(PRINT_JOB)
