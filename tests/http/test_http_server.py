"""`Server` and `AsyncServer` meet clients that behave badly, and their own end.

The rule of this file: real sockets on loopback. A test that waits, waits for an event.
"""

import contextlib
import gzip
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPMessage, HTTPResponse
from random import Random
from typing import NamedTuple

import pytest
from http_conversations import ANSWER, PRINT_JOB, chunked, post, print_job
from http_servers import DOCUMENT, SECONDS, Printer, connect, uri_of
from http_shells import Serving, shut_down, wait_until

from ippfast import Message, decode, encode
from ippfast.enums import Operation, Status
from ippfast.http import (
    Client,
    ConnectionLostError,
    HTTPLimits,
    IncomingRequest,
    Refusal,
    RemoteProtocolError,
    Reply,
    Server,
)

QUESTION = print_job(operation=Operation.GET_PRINTER_ATTRIBUTES)


@pytest.fixture
def printer() -> Printer:
    return Printer()


@pytest.fixture
def server(serving: Serving, printer: Printer) -> Iterator[Server]:
    with serving(printer) as running:
        yield running


class Heard(NamedTuple):
    status: int
    headers: HTTPMessage
    body: bytes


def read_answer(connection: socket.socket) -> Heard:
    with HTTPResponse(connection) as answer:
        answer.begin()
        return Heard(answer.status, answer.headers, answer.read())


@pytest.mark.parametrize("chunks", [None, [100_000] * 21], ids=["length", "chunks"])
def test_pieces_that_are_kept_do_not_change(server: Server, printer: Printer, chunks: list[int] | None) -> None:
    document = Random(5).randbytes(2_000_000)
    with connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB) + document, chunks=chunks))
        assert read_answer(connection).status == 200
    assert printer.documents == [document]


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
def test_client_that_does_not_go_on(serving: Serving, printer: Printer, limits: HTTPLimits, size: int) -> None:
    with serving(printer, limits=limits) as server, connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB) + DOCUMENT)[:size])
        answer = read_answer(connection)
        assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert printer.documents == []


def test_idle_connection_is_closed(serving: Serving, printer: Printer) -> None:
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


def test_too_many_connections_of_one_host(serving: Serving, printer: Printer) -> None:
    with serving(printer, limits=HTTPLimits(connections_per_host=2)) as server:
        with connect(server) as first, connect(server) as second:
            for connection in (first, second):
                connection.sendall(post(encode(PRINT_JOB)))
                assert read_answer(connection).status == 200
            with connect(server) as third:
                third.sendall(post(encode(PRINT_JOB)))
                answer = b"".join(iter(lambda: third.recv(4_096), b""))
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert answer.endswith(b"There are too many connections from this address.\r\n")
        wait_until(lambda: not server._sessions)
        with Client(uri_of(server)) as client:
            assert client.send(QUESTION) == ANSWER


def test_too_many_connections_wait(serving: Serving, printer: Printer) -> None:
    with serving(printer, limits=HTTPLimits(connections=1)) as server:
        with connect(server) as first:
            first.sendall(post(encode(PRINT_JOB)))
            read_answer(first)
            second = connect(server)
            second.sendall(post(encode(PRINT_JOB)))
            assert len(printer.messages) == 1
        with second:
            assert read_answer(second).status == 200


def test_a_full_server_closes_the_connection_that_was_idle_longest(serving: Serving, printer: Printer) -> None:
    limits = HTTPLimits(connections=2, keep_alive=600.0)
    with serving(printer, limits=limits) as server, connect(server) as first, connect(server) as second:
        for connection in (first, second):
            connection.sendall(post(encode(PRINT_JOB)))
            assert read_answer(connection).status == 200
            wait_until(lambda: sum(each.waits_since is not None for each in server._sessions) == 2)
        with connect(server) as third:
            third.sendall(post(encode(PRINT_JOB)))
            assert read_answer(third).status == 200
            assert first.recv(1) == b""
            second.sendall(post(encode(PRINT_JOB)))
            assert read_answer(second).status == 200


def test_a_full_server_gives_up_the_document_that_rests_longest(serving: Serving, printer: Printer) -> None:
    """Those that stand still for hours keep nobody out."""
    limits = HTTPLimits(connections=2, idle=0.5, rest=600.0)
    whole = post(encode(PRINT_JOB) + bytes(1_000))
    with serving(printer, limits=limits) as server, connect(server) as first, connect(server) as second:
        for place, connection in enumerate((first, second), 1):
            connection.sendall(whole[:-10])
            wait_until(lambda: len(printer.messages) == place)  # noqa: B023
            wait_until(lambda: sum(each.waits_since is not None for each in server._sessions) == 2)
        with connect(server) as third:
            third.sendall(whole)
            assert read_answer(third).status == 200
        with contextlib.suppress(ConnectionError):
            assert first.recv(1) == b""
    assert printer.documents == [bytes(1_000)]


def test_bomb(server: Server, printer: Printer) -> None:
    body = gzip.compress(encode(PRINT_JOB) + bytes(8_000_000))
    with connect(server) as connection:
        connection.sendall(post(body, headers=["Content-Encoding: gzip"]))
        answer = read_answer(connection)
        assert decode(answer.body).status is Status.CLIENT_ERROR_COMPRESSION_ERROR
    assert printer.documents == []


# Shutdown.


def test_shutdown_lets_running_requests_finish(serving: Serving) -> None:
    begun, released = threading.Event(), threading.Event()

    def wait(request: IncomingRequest) -> Message:
        begun.set()
        released.wait(SECONDS)
        return ANSWER

    answers: list[Message] = []

    def ask(uri: str) -> None:
        with Client(uri) as client:
            answers.append(client.send(PRINT_JOB))

    with serving(wait) as server:
        asking = threading.Thread(target=ask, args=(uri_of(server),))
        with connect(server) as idle:
            asking.start()
            assert begun.wait(SECONDS)
            ending = threading.Thread(target=shut_down, args=(server, SECONDS))
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


def test_shutdown_ends_what_does_not_finish(serving: Serving) -> None:
    begun = threading.Event()

    def read(request: IncomingRequest) -> Message:
        begun.set()
        request.document.read()
        return ANSWER

    with serving(read) as server, connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB) + DOCUMENT)[:1_000])
        assert begun.wait(SECONDS)
        shut_down(server, 0.05)
        assert not server._sessions


def test_shutdown_of_what_never_began() -> None:
    server = Server(Printer(), port=0)
    server.shutdown()
    with pytest.raises(ConnectionRefusedError):
        connect(server)


def test_a_handler_refuses_before_the_document_is_asked_for(serving: Serving) -> None:
    """Only its reading asks for it, with 100 (RFC 9110 section 10.1.1)."""
    reads = threading.Event()

    def handler(request: IncomingRequest) -> Message:
        if not reads.is_set():
            raise Refusal(503, "no paper")
        assert request.document.read() == DOCUMENT
        return ANSWER

    whole = post(encode(PRINT_JOB) + DOCUMENT, headers=["Expect: 100-continue"])
    head = whole[: -len(DOCUMENT)]
    with serving(handler) as server:
        with connect(server) as client:
            client.sendall(head)
            assert client.recv(4_096).startswith(b"HTTP/1.1 503 ")
        reads.set()
        with connect(server) as client:
            client.sendall(head)
            assert client.recv(4_096).startswith(b"HTTP/1.1 100 ")
            client.sendall(DOCUMENT)
            assert client.recv(4_096).startswith(b"HTTP/1.1 200 ")
