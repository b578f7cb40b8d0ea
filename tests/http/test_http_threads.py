"""`Client`, `Server` and `AsyncServer` speak with each other and with other programs: http.client, curl, sockets.

The rule of this file: real sockets on loopback, plain and with TLS. A test that waits, waits for an event.
"""

import contextlib
import hashlib
import io
import os
import ssl
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from authorities import Authority, Certificate
from http_conversations import ANSWER, PRINT_JOB
from http_servers import DOCUMENT, SECONDS, Printer, uri_of
from http_shells import Serving

from ippfast import Message, decode, encode
from ippfast.enums import Status
from ippfast.http import (
    TLS,
    Client,
    ConnectionLostError,
    IncomingRequest,
    PinError,
    Refusal,
    Reply,
    Server,
    StatusError,
    make_server_context,
)


@pytest.fixture
def printer() -> Printer:
    return Printer()


@pytest.fixture
def server(serving: Serving, printer: Printer) -> Iterator[Server]:
    with serving(printer) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(uri_of(server)) as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Certificate:
    return authority.issue("localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def context(certificate: Certificate) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.serve_with(made)
    return made


# The documents that a client takes.


def pieces() -> Iterator[bytes]:
    for at in range(0, len(DOCUMENT), 70_001):
        yield DOCUMENT[at : at + 70_001]
        yield b""


@pytest.mark.parametrize("kind", ["path", "text path", "file", "octets", "view", "array", "iterable", "memory", "none"])
@pytest.mark.parametrize("expect", [False, True])
def test_documents(server: Server, printer: Printer, tmp_path: Path, kind: str, expect: bool) -> None:
    path = tmp_path / "document"
    path.write_bytes(DOCUMENT)
    seen: list[tuple[int, int | None]] = []
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(Client(uri_of(server), expect_continue=expect))
        file = stack.enter_context(path.open("rb"))
        documents = {
            "path": path,
            "text path": str(path),
            "file": file,
            "octets": DOCUMENT,
            "view": memoryview(DOCUMENT),
            "array": bytearray(DOCUMENT),
            "iterable": pieces(),
            "memory": io.BytesIO(DOCUMENT),
            "none": None,
        }
        answer = client.send(
            PRINT_JOB,
            documents[kind],  # type: ignore[arg-type]
            progress=lambda sent, length: seen.append((sent, length)),
        )
        assert not file.closed
    assert answer == ANSWER
    assert printer.messages == [PRINT_JOB]
    assert printer.documents == [b"" if kind == "none" else DOCUMENT]
    length = None if kind in ("iterable", "memory") else len(DOCUMENT)
    assert seen == sorted(seen)
    assert seen[-1:] == ([] if kind == "none" else [(len(DOCUMENT), length)])


def test_file_from_its_position_on(client: Client, printer: Printer, tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(DOCUMENT)
    with path.open("rb") as file:
        file.read(1000)
        client.send(PRINT_JOB, file)
        assert file.tell() == len(DOCUMENT)
    assert printer.documents == [DOCUMENT[1000:]]


def test_pipe(client: Client, printer: Printer) -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader:
        with os.fdopen(write, "wb") as writer:
            writer.write(b"from a pipe")
        client.send(PRINT_JOB, reader)
    assert printer.documents == [b"from a pipe"]


def test_what_is_no_document(client: Client, printer: Printer) -> None:
    with pytest.raises(TypeError, match="octets, not str"):
        client.send(PRINT_JOB, ["text"])  # type: ignore[list-item]
    with pytest.raises(FileNotFoundError):
        client.send(PRINT_JOB, "/nowhere/at all")
    assert client.send(PRINT_JOB, b"abc") == ANSWER
    assert printer.documents[-1] == b"abc"


def test_several_requests_on_one_connection(server: Server, client: Client, printer: Printer) -> None:
    for _ in range(5):
        client.send(PRINT_JOB, b"abc")
        assert len(server._sessions) == 1
    assert printer.documents == [b"abc"] * 5


# What a handler may do.


def test_refusal_before_the_document(serving: Serving) -> None:
    """The client stops sending, and has the answer, also of a document without end."""

    def refuse(request: IncomingRequest) -> Message:
        raise Refusal(403, "not you", ipp_status=Status.CLIENT_ERROR_FORBIDDEN)

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(100_000)

    with serving(refuse) as server, Client(uri_of(server)) as client:
        assert client.send(PRINT_JOB, endless()).status is Status.CLIENT_ERROR_FORBIDDEN
        assert client.send(PRINT_JOB).status is Status.CLIENT_ERROR_FORBIDDEN


def test_answer_before_the_document(serving: Serving, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with serving(lambda request: ANSWER) as server, Client(uri_of(server)) as client:
        assert client.send(PRINT_JOB, path) == ANSWER
        assert client.send(PRINT_JOB) == ANSWER


def test_refusal_by_http(server: Server) -> None:
    def refuse(request: IncomingRequest) -> Message:
        raise Refusal(404, "no such printer")

    server.handler = refuse
    with Client(uri_of(server)) as client:
        for _ in range(2):
            with pytest.raises(StatusError, match=r"404 Not Found: 'no such printer'") as caught:
                client.send(PRINT_JOB)
            assert caught.value.status == 404
        assert len(server._sessions) == 1


@pytest.mark.parametrize("error", [RuntimeError("secret"), OSError("secret")])
def test_handler_that_fails(server: Server, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def fail(request: IncomingRequest) -> Message:
        raise error

    server.handler = fail
    with Client(uri_of(server)) as client, pytest.raises(StatusError) as caught:
        client.send(PRINT_JOB)
    assert caught.value.status == 500
    assert "secret" not in caught.value.text
    assert "secret" in caplog.text


def test_document_of_an_answer(server: Server) -> None:
    for length in (None, len(DOCUMENT)):
        server.handler = lambda request, length=length: Reply(ANSWER, pieces(), length)  # type: ignore[misc]
        with Client(uri_of(server)) as client:
            with client.open(PRINT_JOB) as answer:
                assert answer.message == ANSWER
                assert b"".join(answer) == DOCUMENT
            assert client.send(PRINT_JOB) == ANSWER
            assert len(server._sessions) == 1


def test_document_as_a_file(server: Server, client: Client, tmp_path: Path) -> None:
    results: list[object] = []

    def spool(request: IncomingRequest) -> Message:
        results.append(request.document.read(10))
        results.append(request.document.read(0))
        with (tmp_path / "spool").open("wb") as file:
            results.append(request.document.write_to(file.fileno()))
        results.append(request.document.read())
        return ANSWER

    server.handler = spool
    client.send(PRINT_JOB, DOCUMENT)
    assert results == [DOCUMENT[:10], b"", len(DOCUMENT) - 10, b""]
    assert (tmp_path / "spool").read_bytes() == DOCUMENT[10:]


# TLS.


def test_tls(serving: Serving, printer: Printer, authority: Authority, context: ssl.SSLContext, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    path = tmp_path / "document"
    path.write_bytes(DOCUMENT)
    with serving(printer, tls=context) as server:
        with Client(uri_of(server, "ipps"), tls=TLS(ca_file=tmp_path / "ca.pem")) as client:
            for _ in range(2):
                assert client.send(PRINT_JOB, path) == ANSWER
        with Client(uri_of(server)) as client:  # on the same port
            assert client.send(PRINT_JOB, path) == ANSWER
    assert printer.documents == [DOCUMENT] * 3
    assert [secure for _, secure in printer.peers] == [True, True, False]


def test_tls_is_verified(
    serving: Serving, printer: Printer, authority: Authority, context: ssl.SSLContext, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    with serving(printer, tls=context) as server:
        with Client(uri_of(server, "ipps")) as client, pytest.raises(ssl.SSLCertVerificationError):
            client.send(PRINT_JOB)
        other_name = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue("other.example").serve_with(other_name)
        server.tls = other_name
        tls, refused = TLS(ca_file=tmp_path / "ca.pem"), pytest.raises(ssl.SSLCertVerificationError)
        with Client(uri_of(server, "ipps"), tls=tls) as client, refused:
            client.send(PRINT_JOB)
    assert printer.messages == []


def test_pin(serving: Serving, printer: Printer, certificate: Certificate, context: ssl.SSLContext) -> None:
    der = ssl.PEM_cert_to_DER_cert(certificate.chain.decode())
    pin = hashlib.sha256(der).hexdigest()
    with serving(printer, tls=context) as server:
        with Client(uri_of(server, "ipps"), tls=TLS(fingerprint=f"SHA256:{pin.upper()}")) as client:
            assert client.send(PRINT_JOB) == ANSWER
        other = TLS(fingerprint="00" * 32)
        with Client(uri_of(server, "ipps"), tls=other) as client, pytest.raises(PinError) as caught:
            client.send(PRINT_JOB)
        assert caught.value.fingerprint == pin
    assert len(printer.messages) == 1
    for faulty in ("", "00", "xy" * 32):
        with pytest.raises(ValueError, match="64 hexadecimal"):
            TLS(fingerprint=faulty)


def test_client_certificate(serving: Serving, printer: Printer, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    (tmp_path / "client.pem").write_bytes(authority.issue("client@example").key_and_chain)
    (tmp_path / "server.pem").write_bytes(authority.issue("localhost").key_and_chain)
    context = make_server_context(tmp_path / "server.pem", client_ca=tmp_path / "ca.pem")
    with serving(printer, tls=context) as server:
        tls = TLS(ca_file=tmp_path / "ca.pem", certificate=tmp_path / "client.pem")
        with Client(uri_of(server, "ipps"), tls=tls) as client:
            assert client.send(PRINT_JOB, DOCUMENT) == ANSWER
        nobody, refused = TLS(ca_file=tmp_path / "ca.pem"), (ssl.SSLError, ConnectionLostError)
        with Client(uri_of(server, "ipps"), tls=nobody) as client, pytest.raises(refused):
            client.send(PRINT_JOB)
    assert len(printer.messages) == 1


# Other programs.


def test_http_client(server: Server, printer: Printer) -> None:
    connection = HTTPConnection("localhost", server.port, timeout=SECONDS)
    body = encode(PRINT_JOB) + DOCUMENT
    headers = {"Content-Type": "application/ipp"}
    for content in (body, iter([body[:100], body[100:]])):
        connection.request("POST", "/ipp/print", content, headers, encode_chunked=not isinstance(content, bytes))
        answer = connection.getresponse()
        assert answer.status == 200
        assert decode(answer.read()) == ANSWER
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("allow")) == (405, "POST")
    answer.read()
    connection.close()
    assert printer.documents == [DOCUMENT] * 2


CURL = [
    [],
    ["-H", "Expect: 100-continue"],
    ["-H", "Expect:", "-H", "Transfer-Encoding: chunked"],
    ["-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue"],
    ["--http1.0"],
]


@pytest.mark.parametrize("options", CURL, ids=" ".join)
def test_curl(server: Server, printer: Printer, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "body").write_bytes(encode(PRINT_JOB) + DOCUMENT)
    url = f"http://localhost:{server.port}/ipp/print"
    data = ["-H", "Content-Type: application/ipp", "--data-binary", f"@{tmp_path}/body", url]
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(SECONDS), *options, *data]
    done = subprocess.run(command, capture_output=True, check=True)
    assert decode(done.stdout) == ANSWER
    assert printer.documents == [DOCUMENT]
