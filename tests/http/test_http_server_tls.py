"""One port for both: TLS from the first octet, TLS by Upgrade (RFC 2817), and servers that take nothing without TLS.

The rule of this file: each kind of server on loopback, with a real handshake.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest
from authorities import Authority
from http_conversations import ANSWER, PRINT_JOB, post
from http_servers import DOCUMENT, Printer, connect, uri_of
from http_shells import Serving

from ippfast import encode
from ippfast.http import TLS, Client, HTTPLimits, Server, make_server_context

OPTIONS = (
    b"OPTIONS * HTTP/1.1\r\nHost: localhost:631\r\nConnection: Upgrade\r\n"
    b"Upgrade: TLS/1.2,TLS/1.1,TLS/1.0\r\nContent-Length: 0\r\n\r\n"
)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n\r\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's certificate in ca.pem, the server's with its key in server.pem."""
    directory = tmp_path_factory.mktemp("certificates")
    authority = Authority()
    (directory / "ca.pem").write_bytes(authority.certificate)
    leaf = authority.issue("localhost", "127.0.0.1")
    (directory / "server.pem").write_bytes(leaf.key_and_chain)
    return directory


@pytest.fixture
def printer() -> Printer:
    return Printer()


@pytest.fixture(params=[False, True], ids=["optional", "required"])
def server(serving: Serving, printer: Printer, files: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    context = make_server_context(files / "server.pem")
    with serving(printer, tls=context, require_tls=request.param) as running:
        yield running


def read_answer(connection: socket.socket) -> tuple[int, HTTPResponse, bytes]:
    with HTTPResponse(connection) as answer:
        answer.begin()
        return answer.status, answer, answer.read()


@contextlib.contextmanager
def upgraded(server: Server, files: Path, request: bytes = OPTIONS) -> Iterator[ssl.SSLSocket]:
    with connect(server) as plain:
        plain.sendall(request)
        assert plain.recv(len(SWITCHING), socket.MSG_WAITALL) == SWITCHING
        context = ssl.create_default_context(cafile=files / "ca.pem")
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            yield secure


def test_upgrade(server: Server, printer: Printer, files: Path) -> None:
    with upgraded(server, files) as connection:
        status, answer, body = read_answer(connection)
        assert (status, body, answer.getheader("allow")) == (200, b"", "OPTIONS, POST")
        for chunks in (None, [1_000]):
            connection.sendall(post(encode(PRINT_JOB) + DOCUMENT, chunks=chunks))
            assert read_answer(connection)[2] == encode(ANSWER)
        connection.sendall(OPTIONS)  # there already: an ordinary answer
        assert read_answer(connection)[0] == 200
    assert printer.documents == [DOCUMENT] * 2
    assert [secure for _, secure in printer.peers] == [True, True]


def test_octets_before_the_handshake_are_not_taken(server: Server, printer: Printer) -> None:
    """What an attacker put behind the plain request would count as sent with TLS otherwise."""
    with connect(server) as connection:
        connection.sendall(OPTIONS + post(encode(PRINT_JOB)))
        assert read_answer(connection)[0] == 400
        assert connection.recv(1) == b""
    assert printer.messages == []


@pytest.mark.parametrize(
    "request_",
    [
        OPTIONS.replace(b"Connection: Upgrade\r\n", b""),
        OPTIONS.replace(b"TLS/1.2,TLS/1.1,TLS/1.0", b"h2c, websocket"),
        OPTIONS.replace(b"Upgrade: TLS/1.2,TLS/1.1,TLS/1.0\r\n", b""),
    ],
    ids=["no Connection", "another protocol", "no Upgrade"],
)
def test_options_without_upgrade(server: Server, request_: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(request_)
        status, answer, _ = read_answer(connection)
        assert (status, answer.getheader("allow"), answer.getheader("upgrade")) == (200, "OPTIONS, POST", None)


def test_required(server: Server, printer: Printer, files: Path) -> None:
    with connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB), headers=["Upgrade: TLS/1.2", "Connection: Upgrade"]))
        status, answer, body = read_answer(connection)
        if not server.require_tls:  # RFC 2817 section 3.1 lets a server go on without
            assert (status, body) == (200, encode(ANSWER))
            return
        assert (status, answer.getheader("upgrade")) == (426, "TLS/1.2, HTTP/1.1")
        assert answer.getheader("connection", "").lower() == "upgrade"
        connection.sendall(OPTIONS)
        assert connection.recv(len(SWITCHING), socket.MSG_WAITALL) == SWITCHING
    with Client(uri_of(server, "ipps"), tls=TLS(ca_file=files / "ca.pem")) as client:
        assert client.send(PRINT_JOB, DOCUMENT) == ANSWER
    assert printer.documents == [DOCUMENT]


def test_required_before_the_body_is_asked_for(server: Server) -> None:
    if not server.require_tls:
        return
    octets = post(encode(PRINT_JOB) + DOCUMENT, headers=["Expect: 100-continue"])
    with connect(server) as connection:
        connection.sendall(octets[: octets.index(b"\r\n\r\n") + 4])
        status, answer, _ = read_answer(connection)
        assert status == 426
        assert "close" in answer.getheader("connection", "")


def test_no_upgrade_without_tls(serving: Serving) -> None:
    with serving(Printer()) as server, connect(server) as connection:
        connection.sendall(OPTIONS)
        status, answer, _ = read_answer(connection)
        assert (status, answer.getheader("allow")) == (405, "POST")
    with pytest.raises(ValueError, match="needs tls"):
        Server(Printer(), port=0, require_tls=True)


@pytest.mark.parametrize("octets", [b"POST / HTTP/1.1\r\n\r\n", b"", b"\x16\x03\x01"], ids=["plain", "end", "cut"])
def test_failed_handshakes(server: Server, printer: Printer, octets: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(OPTIONS)
        assert connection.recv(len(SWITCHING), socket.MSG_WAITALL) == SWITCHING
        connection.sendall(octets)
        with contextlib.suppress(OSError):  # the server may be gone before any of it
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1_000):
                pass
    assert printer.messages == []


def test_handshake_that_does_not_go_on(serving: Serving, printer: Printer, files: Path) -> None:
    limits = HTTPLimits(head_time=0.1)
    with serving(printer, tls=make_server_context(files / "server.pem"), limits=limits) as server:
        for beginning in (OPTIONS, b"\x16\x03\x01"):
            with connect(server) as connection:
                connection.sendall(beginning)
                with contextlib.suppress(ConnectionError):
                    while connection.recv(1_000):
                        pass
