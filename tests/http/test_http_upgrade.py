"""The way from ipp to TLS: RFC 2817 with CUPS' ippeveprinter, 426, and servers that go back on it.

The rule of this file: whatever a server answers, no IPP octet goes out in the clear where TLS is required, and none
after a server has asked for TLS.
"""

import contextlib
import socket
import ssl
from pathlib import Path

import pytest
from authorities import Authority
from http_conversations import ANSWER, PRINT_JOB, events_of, response, wire
from http_servers import read_until, scripted
from peers import EvePrinter

from ippfast import encode, request
from ippfast.http import (
    NEED_DATA,
    PAUSED,
    TLS,
    Client,
    ClientConnection,
    EndOfMessage,
    InformationalResponse,
    LocalProtocolError,
    PinError,
    RemoteProtocolError,
    Response,
    StatusError,
    UpgradeError,
    make_server_context,
)

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n"
DEMAND = b"HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade, close\r\nUpgrade: TLS/1.2\r\nContent-Length: 0\r\n\r\n"
DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


# Without sockets.


@pytest.mark.parametrize("more", [b"", b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"], ids=["", "CUPS 2.4"])
def test_events(more: bytes) -> None:
    connection = ClientConnection()
    sent = wire(connection.send_upgrade(host="localhost:631"))
    assert sent.startswith(b"OPTIONS * HTTP/1.1\r\nHost: localhost:631\r\n")
    (switched,) = events_of(connection, [SWITCH.replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n")])
    assert isinstance(switched, InformationalResponse)
    assert switched.status == 101
    assert not connection.reusable
    answer, end, paused = events_of(connection, [DONE])
    assert isinstance(answer, Response)
    assert (answer.status, answer.message, end, paused) == (200, None, EndOfMessage(), PAUSED)
    assert connection.reusable
    connection.send_request(PRINT_JOB, target="/", host="x")
    assert connection.next_event() is NEED_DATA
    assert events_of(connection, [response(encode(ANSWER))])[-1] is PAUSED


@pytest.mark.parametrize("last", [b"", b"0\r\n\r\n"])
def test_chunks_that_do_not_come(last: bytes) -> None:
    """CUPS 2.4 announces some in answer to OPTIONS."""
    for size in (1, 1_000):
        connection = ClientConnection()
        connection.send_upgrade(host="x")
        events_of(connection, [SWITCH])
        answer, end, _ = events_of(connection, [DONE.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")])
        assert isinstance(answer, Response)
        assert end == EndOfMessage()
        connection.send_request(PRINT_JOB, target="/", host="x")
        octets = last + response(encode(ANSWER))
        events = events_of(connection, [octets[at : at + size] for at in range(0, len(octets), size)])
        assert [type(event) for event in events] == [Response, EndOfMessage, type(PAUSED)]


def test_refused_upgrade() -> None:
    connection = ClientConnection()
    connection.send_upgrade(host="x")
    with pytest.raises(LocalProtocolError):
        connection.send_upgrade(host="x")
    assert [type(event) for event in events_of(connection, [DONE])] == [Response, EndOfMessage, type(PAUSED)]


def test_octets_before_tls() -> None:
    """Someone on the way could have put an answer there."""
    connection = ClientConnection()
    connection.send_upgrade(host="x")
    (error,) = events_of(connection, [SWITCH + DONE])
    assert isinstance(error, RemoteProtocolError)


def test_switch_that_nothing_asked_for() -> None:
    connection = ClientConnection()
    connection.send_request(PRINT_JOB, target="/", host="x")
    (error,) = events_of(connection, [SWITCH])
    assert isinstance(error, RemoteProtocolError)


# A server with TLS, scripted.


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a CA and a server's certificate."""
    directory = tmp_path_factory.mktemp("tls")
    made = Authority()
    (directory / "ca.pem").write_bytes(made.certificate)
    (directory / "server.pem").write_bytes(made.issue("127.0.0.1").key_and_chain)
    return directory


def answer_in_tls(authority: Path, connection: socket.socket, *answers: bytes) -> None:
    """Go on with TLS, and answer each request; the first answers belong to what came before."""
    context = make_server_context(authority / "server.pem")
    with context.wrap_socket(connection, server_side=True) as secure:
        first, *rest = answers
        secure.sendall(first)
        for answer in rest:
            read_until(secure, b"\x03")
            secure.sendall(answer)
        assert secure.recv(1) == b""


@pytest.mark.parametrize("policy", ["if-requested", "required"])
def test_upgrade(authority: Path, policy: str) -> None:
    plain: list[bytes] = []

    def demand(connection: socket.socket) -> None:
        plain.append(read_until(connection, b"\x03"))
        connection.sendall(DEMAND)

    def upgrade(connection: socket.socket) -> None:
        plain.append(read_until(connection, b"\r\n\r\n"))
        connection.sendall(SWITCH)
        answer_in_tls(authority, connection, DONE, *[response(encode(ANSWER))] * 2)

    scripts = [upgrade] if policy == "required" else [demand, upgrade]
    with scripted(*scripts) as uri, Client(uri, upgrade=policy, tls=TLS(ca_file=authority / "ca.pem")) as client:  # type: ignore[arg-type]
        for _ in range(2):
            assert client.send(PRINT_JOB) == ANSWER
    assert plain[-1].startswith(b"OPTIONS * HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "refusal", [DONE, b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"HTTP/1.1 501 X\r\nContent-Length: 1\r\n\r\nx"]
)
def test_tls_from_the_start_where_there_is_no_upgrade(authority: Path, refusal: bytes) -> None:
    def refuse(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(refusal)

    def begin(connection: socket.socket) -> None:
        context = make_server_context(authority / "server.pem")
        with context.wrap_socket(connection, server_side=True) as secure:
            read_until(secure, b"\x03")
            secure.sendall(response(encode(ANSWER), headers=["Connection: close"]))

    tls = TLS(ca_file=authority / "ca.pem")
    # Having found the way, the client takes it for further connections at once.
    with scripted(refuse, begin, begin) as uri, Client(uri, upgrade="required", tls=tls) as client:
        for _ in range(2):
            assert client.send(PRINT_JOB) == ANSWER


def test_no_tls_to_be_had(authority: Path) -> None:
    plain: list[bytes] = []

    def refuse(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := connection.recv(65_536):
                plain.append(data)
                connection.sendall(DONE)

    with scripted(refuse, refuse, refuse, refuse) as uri, Client(uri, upgrade="required") as client:
        for _ in range(2):
            with pytest.raises(UpgradeError):
                client.send(PRINT_JOB, b"document")
    assert not any(encode(PRINT_JOB)[8:] in data for data in plain)


def test_never_plain_again(authority: Path) -> None:
    """A server that wanted TLS once, and does not have it any more, gets nothing."""
    plain: list[bytes] = []

    def demand(connection: socket.socket) -> None:
        read_until(connection, b"\x03")
        connection.sendall(DEMAND)

    def upgrade(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(SWITCH)
        answer_in_tls(authority, connection, DONE, response(encode(ANSWER), headers=["Connection: close"]))

    def plain_only(connection: socket.socket) -> None:
        plain.append(connection.recv(65_536))
        connection.sendall(response(encode(ANSWER)))

    with (
        scripted(demand, upgrade, plain_only, plain_only) as uri,
        Client(uri, upgrade="if-requested", tls=TLS(ca_file=authority / "ca.pem")) as client,
    ):
        assert client.send(PRINT_JOB) == ANSWER
        with pytest.raises(UpgradeError):
            client.send(PRINT_JOB)
    assert plain[0].startswith(b"OPTIONS *")
    assert plain[1][:1] == b"\x16"


def test_certificate_is_verified(authority: Path) -> None:
    def upgrade(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(SWITCH)
        with contextlib.suppress(OSError):
            make_server_context(authority / "server.pem").wrap_socket(connection, server_side=True).close()

    for tls, error in ((TLS(), ssl.SSLCertVerificationError), (TLS(fingerprint="00" * 32), PinError)):
        refused = pytest.raises(error)
        with scripted(upgrade) as uri, Client(uri, upgrade="required", tls=tls) as client, refused:
            client.send(PRINT_JOB)


def test_what_cannot_be_sent_twice(authority: Path) -> None:
    def demand(connection: socket.socket) -> None:
        read_until(connection, b"0\r\n\r\n")
        connection.sendall(DEMAND)

    refused = pytest.raises(StatusError, match="426")
    with scripted(demand) as uri, Client(uri) as client, refused:
        client.send(PRINT_JOB, iter([b"document"]))


# CUPS.


def test_ippeveprinter(eve_printer: EvePrinter) -> None:
    message = request("Get-Printer-Attributes", eve_printer.uri)
    nobody, refused = TLS(fingerprint="00" * 32), pytest.raises(PinError)
    with Client(eve_printer.uri, upgrade="required", tls=nobody) as client, refused as caught:
        client.send(message)
    tls = TLS(fingerprint=caught.value.fingerprint)
    with Client(eve_printer.uri, upgrade="required", tls=tls) as client:
        for _ in range(2):
            assert client.send(message).printer["printer-info"].value == "Peer"
        assert client._core._way == "upgrade"
        assert [channel.secure for channel in client._core._kept] == [True]
