"""`Client` and `Server` speak with each other and with other programs: http.client, http.server, curl, sockets.

The rule of this file: real sockets on loopback, plain and with TLS. A test that waits, waits for an event.
"""

import contextlib
import gzip
import hashlib
import io
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPMessage, HTTPResponse
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from http_conversations import ANSWER, PRINT_JOB, chunked, post, print_job, response

from ippfast import Message, decode, decode_prefix, encode
from ippfast.enums import Operation, Status
from ippfast.http import (
    TLS,
    Client,
    ConnectionLostError,
    HTTPLimits,
    IncomingRequest,
    PhaseTimeoutError,
    PinError,
    Refusal,
    RemoteProtocolError,
    Reply,
    Server,
    StatusError,
    Timeouts,
    make_server_context,
)
from ippfast.http.server import Handler

DOCUMENT = bytes(range(256)) * 4_000
SECONDS = 20.0


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


@pytest.fixture
def printer() -> Printer:
    return Printer()


@contextlib.contextmanager
def serving(handler: Handler, **options: object) -> Iterator[Server]:
    server = Server(handler, port=0, **options)  # type: ignore[arg-type]
    with server:
        yield server


def uri_of(server: Server, scheme: str = "ipp") -> str:
    return f"{scheme}://localhost:{server.port}/ipp/print"


@pytest.fixture
def server(printer: Printer) -> Iterator[Server]:
    with serving(printer) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(uri_of(server)) as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(made)
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


def test_refusal_before_the_document() -> None:
    """The client stops sending, and has the answer, also of a document without end."""

    def refuse(request: IncomingRequest) -> Message:
        raise Refusal(403, "not you", ipp_status=Status.CLIENT_ERROR_FORBIDDEN)

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(100_000)

    with serving(refuse) as server, Client(uri_of(server)) as client:
        assert client.send(PRINT_JOB, endless()).status is Status.CLIENT_ERROR_FORBIDDEN
        assert client.send(PRINT_JOB).status is Status.CLIENT_ERROR_FORBIDDEN


def test_answer_before_the_document(tmp_path: Path) -> None:
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


def test_tls(printer: Printer, authority: trustme.CA, context: ssl.SSLContext, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
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


def test_tls_is_verified(printer: Printer, authority: trustme.CA, context: ssl.SSLContext, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serving(printer, tls=context) as server:
        with Client(uri_of(server, "ipps")) as client, pytest.raises(ssl.SSLCertVerificationError):
            client.send(PRINT_JOB)
        other_name = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("other.example").configure_cert(other_name)
        server.tls = other_name
        tls, refused = TLS(ca_file=tmp_path / "ca.pem"), pytest.raises(ssl.SSLCertVerificationError)
        with Client(uri_of(server, "ipps"), tls=tls) as client, refused:
            client.send(PRINT_JOB)
    assert printer.messages == []


def test_pin(printer: Printer, certificate: trustme.LeafCert, context: ssl.SSLContext) -> None:
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
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


def test_client_certificate(printer: Printer, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("client@example").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
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


class OtherServer(BaseHTTPRequestHandler):
    """Python's own server, with a chunked answer for every second request."""

    protocol_version = "HTTP/1.1"
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


@contextlib.contextmanager
def scripted(*scripts: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server whose connections follow these scripts, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            for script in scripts:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(SECONDS)
                    script(connection)

        thread = threading.Thread(target=run)
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
        client._kept[0]._socket.settimeout(SECONDS)
        assert client._kept[0]._socket.recv(1, socket.MSG_PEEK) == b""
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
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Client(f"ipp://127.0.0.1:{port}/") as client, pytest.raises(ConnectionRefusedError):
        client.send(PRINT_JOB)


# Clients that behave badly.


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), SECONDS)


class Heard(NamedTuple):
    status: int
    headers: HTTPMessage
    body: bytes


def read_answer(connection: socket.socket) -> Heard:
    with HTTPResponse(connection) as answer:
        answer.begin()
        return Heard(answer.status, answer.headers, answer.read())


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:631", "[::2]", "127.0.0.1.x"])
def test_foreign_hosts(server: Server, printer: Printer, host: str) -> None:
    with connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB)).replace(b"localhost:631", host.encode()))
        assert read_answer(connection).status == 400
    assert printer.messages == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.:80", "127.0.0.1:631", "[::1]:631", "[::1]"])
def test_hosts_of_loopback(server: Server, printer: Printer, host: str) -> None:
    with connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB)).replace(b"localhost:631", host.encode()))
        assert read_answer(connection).status == 200


def test_smuggled_request_is_never_handled(server: Server, printer: Printer) -> None:
    body = encode(PRINT_JOB)
    hidden = post(body, headers=["X-Hidden: 1"])
    attack = post(b"").replace(b"Content-Length: 0", b"Content-Length: 5\r\nTransfer-Encoding: chunked") + chunked(
        body, []
    )
    with connect(server) as connection:
        connection.sendall(attack + hidden)
        answer = read_answer(connection)
        assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert connection.recv(1) == b""
    assert printer.messages == []


def test_early_answer_then_no_smuggled_request(server: Server) -> None:
    handled: list[str] = []

    def refuse(request: IncomingRequest) -> Message:
        handled.append(request.head.target)
        raise Refusal(401, "who are you?")

    server.handler = refuse
    body = encode(PRINT_JOB) + post(encode(PRINT_JOB)) * 500
    head = post(body)[: -len(body)]
    with connect(server) as connection:
        connection.sendall(head + body[:5_000])
        answer = read_answer(connection)
        assert (answer.status, answer.headers["connection"]) == (401, "close")
        with contextlib.suppress(ConnectionError):
            connection.sendall(body[5_000:])
            assert connection.recv(1) == b""
    assert handled == ["/ipp/print"]


@pytest.mark.parametrize("chunks", [None, [1000] * 3])
def test_upload_that_ends_early(server: Server, chunks: list[int] | None) -> None:
    outcomes: list[BaseException] = []
    finished = threading.Event()

    def handle(request: IncomingRequest) -> Message:
        try:
            request.document.read()
        except RemoteProtocolError as error:
            outcomes.append(error)
            raise
        finally:
            finished.set()
        return ANSWER

    server.handler = handle
    with connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB) + DOCUMENT, chunks=chunks)[:-10])
    assert finished.wait(SECONDS)
    assert [type(error) for error in outcomes] == [ConnectionLostError]


def test_reset(server: Server, printer: Printer) -> None:
    for size in (1, 30, 200, 2_000):
        connection = connect(server)
        connection.sendall(post(encode(PRINT_JOB) + DOCUMENT)[:size])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    with Client(uri_of(server)) as client:
        assert client.send(PRINT_JOB, b"abc") == ANSWER
    assert printer.documents == [b"abc"]


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        (HTTPLimits(head_time=0.1), 30),
        (HTTPLimits(head_time=0.1), 200),
        (HTTPLimits(idle=0.1), 1_000),
    ],
    ids=["head", "message", "document"],
)
def test_client_that_does_not_go_on(printer: Printer, limits: HTTPLimits, size: int) -> None:
    with serving(printer, limits=limits) as server, connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB) + DOCUMENT)[:size])
        answer = read_answer(connection)
        assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert printer.documents == []


def test_idle_connection_is_closed(printer: Printer) -> None:
    with serving(printer, limits=HTTPLimits(keep_alive=0.1)) as server, connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB)))
        read_answer(connection)
        assert connection.recv(1) == b""


def test_client_that_does_not_read(server: Server) -> None:
    outcomes: list[str] = []
    finished = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(1_000_000)
        finally:
            outcomes.append("given up")
            finished.set()

    server.handler = lambda request: Reply(ANSWER, endless())
    server.limits = HTTPLimits(idle=0.2)
    with connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB)))
        assert finished.wait(SECONDS)
    assert outcomes == ["given up"]


def test_too_many_connections_of_one_host(printer: Printer) -> None:
    with serving(printer, limits=HTTPLimits(connections_per_host=2)) as server:
        with connect(server) as first, connect(server) as second:
            for connection in (first, second):
                connection.sendall(post(encode(PRINT_JOB)))
                assert read_answer(connection).status == 200
            with connect(server) as third:
                assert third.recv(1) == b""
        with Client(uri_of(server)) as client:
            assert client.send(QUESTION) == ANSWER


def test_too_many_connections_wait(printer: Printer) -> None:
    with serving(printer, limits=HTTPLimits(connections=1)) as server:
        with connect(server) as first:
            first.sendall(post(encode(PRINT_JOB)))
            read_answer(first)
            second = connect(server)
            second.sendall(post(encode(PRINT_JOB)))
            assert len(printer.messages) == 1
        with second:
            assert read_answer(second).status == 200


def test_bomb(server: Server, printer: Printer) -> None:
    body = gzip.compress(encode(PRINT_JOB) + bytes(8_000_000))
    with connect(server) as connection:
        connection.sendall(post(body, headers=["Content-Encoding: gzip"]))
        answer = read_answer(connection)
        assert decode(answer.body).status is Status.CLIENT_ERROR_COMPRESSION_ERROR
    assert printer.documents == []


# Shutdown.


def test_shutdown_lets_running_requests_finish(printer: Printer) -> None:
    begun, released = threading.Event(), threading.Event()

    def wait(request: IncomingRequest) -> Message:
        begun.set()
        released.wait(SECONDS)
        return ANSWER

    server = Server(wait, port=0)
    server.start()
    answers: list[Message] = []

    def ask() -> None:
        with Client(uri_of(server)) as client:
            answers.append(client.send(PRINT_JOB))

    asking = threading.Thread(target=ask)
    with connect(server) as idle:
        asking.start()
        assert begun.wait(SECONDS)
        ending = threading.Thread(target=server.shutdown, args=(SECONDS,))
        ending.start()
        assert idle.recv(1) == b""
        assert answers == []
        released.set()
        ending.join(SECONDS)
        asking.join(SECONDS)
    assert not ending.is_alive()
    assert answers == [ANSWER]
    with pytest.raises(ConnectionRefusedError):
        connect(server)


def test_shutdown_ends_what_does_not_finish() -> None:
    begun = threading.Event()
    server: Server

    def read(request: IncomingRequest) -> Message:
        begun.set()
        request.document.read()
        return ANSWER

    server = Server(read, port=0)
    server.start()
    with connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB) + DOCUMENT)[:1_000])
        assert begun.wait(SECONDS)
        server.shutdown(deadline=0.05)
        assert not server._sessions
