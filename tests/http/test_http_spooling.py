"""Documents that go straight into a file, past all that makes events: whichever server, whatever the client does.

The rule of this file: real sockets and real files. Each document is unlike itself shifted, so that octets that are
lost, doubled or out of order show.
"""

import contextlib
import gzip
import os
import random
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from authorities import Authority
from http_conversations import ANSWER, PRINT_JOB, post
from http_servers import connect, read_until
from http_shells import LoopThread, wait_until

from ippfast import Message, encode
from ippfast.http import AsyncIncomingRequest, AsyncServer, HTTPLimits, IncomingRequest, Server

DOCUMENT = random.Random(7).randbytes(3_000_017)
BODY = encode(PRINT_JOB) + DOCUMENT
END = encode(ANSWER)
QUICK = HTTPLimits(idle=0.5, keep_alive=5.0)


class Spool:
    """What the handlers write to, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "spool"
        self.flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self.results: list[int | BaseException] = []

    def open(self) -> int:
        return os.open(self.path, self.flags, 0o600)

    @contextlib.contextmanager
    def written(self) -> Iterator[int]:
        descriptor = self.open()
        try:
            yield descriptor
        except BaseException as error:
            self.results.append(error)
            raise
        finally:
            os.close(descriptor)


Spooling: TypeAlias = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@pytest.fixture(params=["threads", "buffers", "asyncio"])
def spooling(request: pytest.FixtureRequest, spool: Spool) -> Spooling:
    """Each kind of server in turn, with a handler that spools as it is done there."""

    def in_threads(incoming: IncomingRequest) -> Message:
        with spool.written() as descriptor:
            spool.results.append(incoming.document.write_to(descriptor))
        return ANSWER

    def by_buffers(incoming: IncomingRequest) -> Message:
        buffer = memoryview(bytearray(100_003))
        with spool.written() as descriptor:
            total = 0
            while count := incoming.document.read_into(buffer):
                assert count == len(buffer) or total + count == len(DOCUMENT)
                total += os.writev(descriptor, [buffer[:count]])
            spool.results.append(total)
        return ANSWER

    async def in_loop(incoming: AsyncIncomingRequest) -> Message:
        with spool.written() as descriptor:
            spool.results.append(await incoming.document.write_to(descriptor))
        return ANSWER

    @contextlib.contextmanager
    def threads(**options: Any) -> Iterator[Server]:
        with Server(in_threads if request.param == "threads" else by_buffers, port=0, **options) as server:
            yield server

    @contextlib.contextmanager
    def asyncio(**options: Any) -> Iterator[AsyncServer]:
        loop = LoopThread()
        server = AsyncServer(in_loop, port=0, **options)
        try:
            loop.run(server.start())
            try:
                yield server
            finally:
                loop.run(server.shutdown())
        finally:
            loop.close()

    return asyncio if request.param == "asyncio" else threads


def send(connection: socket.socket, *pieces: bytes) -> None:
    """As slowly as the server takes it, in a thread of its own."""
    for piece in pieces:
        connection.sendall(piece)


WAYS: dict[str, tuple[bytes, ...]] = {
    "at once": (post(BODY),),
    "head and message first": (post(BODY)[: -len(DOCUMENT)], DOCUMENT),
    "in chunks": (post(BODY, chunks=[70_000] * 50),),
    "compressed": (post(gzip.compress(BODY, 1), headers=["Content-Encoding: gzip"]),),
    "in pieces": tuple(post(BODY)[at : at + 50_001] for at in range(0, len(post(BODY)), 50_001)),
}


@pytest.mark.parametrize("way", WAYS)
def test_documents_arrive_whole_and_the_connection_goes_on(spooling: Spooling, spool: Spool, way: str) -> None:
    with spooling() as server, connect(server) as connection:
        for _ in range(2):
            send(connection, *WAYS[way])
            assert read_until(connection, END).startswith(b"HTTP/1.1 200 ")
            assert spool.path.read_bytes() == DOCUMENT
    assert spool.results == [len(DOCUMENT)] * 2


def test_what_follows_a_document_is_the_next_request(spooling: Spooling, spool: Spool) -> None:
    spool.flags |= os.O_APPEND
    spool.flags &= ~os.O_TRUNC
    with spooling() as server, connect(server) as connection:
        sender = threading.Thread(target=send, args=(connection, post(BODY) * 3))
        sender.start()
        answers = b""
        while answers.count(END) < 3:
            answers += read_until(connection, END)
        sender.join()
    assert spool.path.read_bytes() == DOCUMENT * 3
    assert spool.results == [len(DOCUMENT)] * 3


def test_with_tls(spooling: Spooling, spool: Spool, tmp_path: Path) -> None:
    authority = Authority()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue("localhost").serve_with(context)
    trusting = ssl.create_default_context()
    authority.trusted_by(trusting)
    with (
        spooling(tls=context) as server,
        connect(server) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        for _ in range(2):
            send(connection, post(BODY))
            assert read_until(connection, END).startswith(b"HTTP/1.1 200 ")
            assert spool.path.read_bytes() == DOCUMENT


def test_into_a_pipe(spooling: Spooling, spool: Spool) -> None:
    os.mkfifo(spool.path)
    spool.flags = os.O_WRONLY
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(spool.path.read_bytes()))
    reader.start()
    with spooling() as server, connect(server) as connection:
        send(connection, post(BODY))
        assert read_until(connection, END).startswith(b"HTTP/1.1 200 ")
    reader.join()
    assert read == [DOCUMENT]


def test_a_file_that_takes_no_more(spooling: Spooling, spool: Spool) -> None:
    spool.path = Path("/dev/full")
    spool.flags = os.O_WRONLY
    with spooling() as server:
        for octets in WAYS["at once"], WAYS["head and message first"]:
            with connect(server) as connection, contextlib.suppress(ConnectionError):
                send(connection, *octets)
                assert connection.recv(65_536).startswith(b"HTTP/1.1 500 ")
    assert len(spool.results) == 2
    assert {type(error) for error in spool.results} == {OSError}


def half(connection: socket.socket) -> None:
    """Send half of a document, which the server is receiving by then."""
    octets = post(BODY)
    connection.sendall(octets[: len(octets) // 2])


def gone(spool: Spool) -> bool:
    return len(spool.results) == 1 and isinstance(spool.results[0], BaseException)


def test_a_client_that_resets(spooling: Spooling, spool: Spool) -> None:
    with spooling() as server:
        connection = connect(server)
        half(connection)
        wait_until(lambda: spool.path.exists() and spool.path.stat().st_size > 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        wait_until(lambda: gone(spool) and not server._sessions)


def test_a_client_that_ends_early(spooling: Spooling, spool: Spool) -> None:
    with spooling() as server, connect(server) as connection:
        half(connection)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65_536) == b""
        wait_until(lambda: gone(spool) and not server._sessions)
    assert "octets early" in str(spool.results[0])


def test_a_client_that_stops(spooling: Spooling, spool: Spool) -> None:
    with spooling(limits=QUICK) as server, connect(server) as connection:
        half(connection)
        assert read_until(connection, b"\r\n").startswith(b"HTTP/1.1 408 ")
        wait_until(lambda: gone(spool) and not server._sessions)


@pytest.mark.parametrize("over", [0, 1])
def test_a_document_of_the_most_octets_and_one_more(spooling: Spooling, spool: Spool, over: int) -> None:
    with spooling(limits=HTTPLimits(document=len(DOCUMENT) - over)) as server, connect(server) as connection:
        send(connection, post(BODY))
        answer = read_until(connection, b"attributes-natural-language")
        status = int.from_bytes(answer.partition(b"\r\n\r\n")[2][2:4])
    assert status == (0x0408 if over else 0)
    assert (spool.results == [len(DOCUMENT)]) is not bool(over)


def test_a_server_that_stops_meanwhile(spooling: Spooling, spool: Spool) -> None:
    """The document that is on its way is finished."""
    octets = post(BODY)
    with spooling() as server, connect(server) as connection:
        half(connection)
        wait_until(lambda: spool.path.exists() and spool.path.stat().st_size > 0)
        server.stopping = True
        connection.sendall(octets[len(octets) // 2 :])
        assert b"connection: close" in read_until(connection, END).lower()
    assert spool.path.read_bytes() == DOCUMENT
