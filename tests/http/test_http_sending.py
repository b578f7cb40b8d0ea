"""Documents on their way out of both clients: nothing is held back, and a file goes out by the system's own hand.

The rule of this file: real sockets on loopback, and a server that says when it has what. A test that waits, waits for
an event.
"""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from http_clients import CLIENTS, clients
from http_conversations import ANSWER, PRINT_JOB, response
from http_servers import SECONDS, read_until, scripted

from ippfast import encode
from ippfast.http import AsyncClient, ConnectionLostError, PhaseTimeoutError, StatusError, Timeouts
from ippfast.http._client.gathering import Gathering
from ippfast.http.events import Buffer

LARGE = 64 * 1_048_576
"""Octets, more than lie between two sockets."""

BURSTS = [(1, 5), (100, 1), (3, 4_096), (200, 4_096), (1, 70_000), (2, 300_000), (1, 1)]
"""After each of them, so many pieces of so many octets, the source goes on only once the server has all."""


class Stalling:
    """Such a source, and the server for it. It can be iterated over in both ways."""

    def __init__(self) -> None:
        self._arrived = threading.Semaphore(0)
        self.in_time: list[bool] = []

    def _wait(self) -> None:
        self.in_time.append(self._arrived.acquire(timeout=SECONDS / 10))

    def __iter__(self) -> Iterator[bytes]:
        for count, size in BURSTS:
            yield from [b"\xff" * size] * count
            self._wait()

    async def asynchronous(self) -> AsyncIterator[bytes]:
        for count, size in BURSTS:
            for _ in range(count):
                yield b"\xff" * size
            await asyncio.to_thread(self._wait)

    def script(self, connection: socket.socket) -> None:
        data = read_until(connection, b"\r\n\r\n")
        came = data.count(0xFF)
        wanted = 0
        for count, size in BURSTS:
            wanted += count * size
            while came < wanted:
                data = connection.recv(65_536)
                assert data
                came += data.count(0xFF)
            self._arrived.release()
        while not data.endswith(b"0\r\n\r\n"):
            piece = connection.recv(65_536)
            assert piece
            data += piece
        connection.sendall(response(encode(ANSWER)))


@clients
def test_nothing_is_held_back(make: Any) -> None:
    source = Stalling()
    with scripted(source.script) as uri, make(uri) as client:
        assert client.send(PRINT_JOB, iter(source)) == ANSWER
    assert source.in_time == [True] * len(BURSTS)


def test_nothing_is_held_back_while_an_asynchronous_source_waits() -> None:
    source = Stalling()

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            assert await client.send(PRINT_JOB, source.asynchronous()) == ANSWER

    with scripted(source.script) as uri:
        asyncio.run(main(uri))
    assert source.in_time == [True] * len(BURSTS)


def test_what_is_held_goes_out_as_far_as_the_socket_takes_it() -> None:
    octets = os.urandom(600_000)
    ours, theirs = socket.socketpair()
    with ours, theirs, Gathering(ours, lambda *pieces: list(pieces)) as gathering:
        ours.setblocking(False)
        theirs.settimeout(SECONDS / 4)
        gathering.hold(octets)
        received = theirs.recv(1)
        gathering.hold(b"last")
        while len(received) < len(octets) + 4:
            received += theirs.recv(1_000_000)
        assert received == octets + b"last"
        assert gathering.take() == b""


def unchunked(octets: bytes) -> bytes:
    """A body of chunks (RFC 9112 section 7.1) without what is about them."""
    body = b""
    while True:
        line, _, octets = octets.partition(b"\r\n")
        size = int(line, 16)
        if not size:
            assert octets == b"\r\n"
            return body
        assert octets[size : size + 2] == b"\r\n"
        body += octets[:size]
        octets = octets[size + 2 :]


NUMBERS = [number.to_bytes(100) for number in range(4_000)]


def refilled() -> Iterator[Buffer]:
    """One small buffer with one number after the other."""
    buffer = bytearray(100)
    for number, octets in enumerate(NUMBERS):
        buffer[:] = octets
        yield buffer if number % 2 else memoryview(buffer)


async def refilled_async() -> AsyncIterator[Buffer]:
    for buffer in refilled():
        yield buffer


@pytest.mark.parametrize(
    ("make", "source"),
    [(CLIENTS["Client"], refilled), (CLIENTS["AsyncClient"], refilled), (CLIENTS["AsyncClient"], refilled_async)],
    ids=["Client", "AsyncClient", "AsyncClient, asynchronous"],
)
def test_small_buffer_that_is_filled_anew(make: Any, source: Any) -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_until(connection, b"\r\n0\r\n\r\n").partition(b"\r\n\r\n")[2])
        connection.sendall(response(encode(ANSWER)))

    with scripted(script) as uri, make(uri) as client:
        assert client.send(PRINT_JOB, source()) == ANSWER
    assert unchunked(seen[0]) == encode(PRINT_JOB) + b"".join(NUMBERS)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of `LARGE` octets, all but the last without a place on the disk."""
    path = tmp_path / "document"
    with path.open("wb") as file:
        file.truncate(LARGE - 1)
        file.seek(0, os.SEEK_END)
        file.write(b"\xff")
    return path


def take(connection: socket.socket, count: int) -> bytes:
    """So many octets; the last of them."""
    data = b""
    while count:
        data = connection.recv(min(count, 1_000_000))
        assert data
        count -= len(data)
    return data


@clients
def test_file_from_its_position_on(make: Any, large: Path) -> None:
    seen: list[tuple[int, int | None]] = []

    def script(connection: socket.socket) -> None:
        data = read_until(connection, encode(PRINT_JOB))
        rest = data.partition(encode(PRINT_JOB))[2]
        assert take(connection, LARGE - 3 - len(rest)).endswith(b"\xff")
        connection.sendall(response(encode(ANSWER)))
        assert connection.recv(1) == b""

    with scripted(script) as uri, make(uri) as client, large.open("rb") as file:
        file.seek(3)
        assert client.send(PRINT_JOB, file, progress=lambda *each: seen.append(each)) == ANSWER
        assert file.tell() == LARGE
    assert seen == sorted(seen)
    assert seen[-1] == (LARGE - 3, LARGE - 3)


@clients
def test_refusal_while_a_file_goes_out(make: Any, large: Path) -> None:
    """By a server that reads no more, and keeps the connection open."""

    def script(connection: socket.socket) -> None:
        read_until(connection, encode(PRINT_JOB))
        take(connection, 5_000_000)
        connection.sendall(b"HTTP/1.1 413 Too much\r\nContent-Length: 4\r\nConnection: close\r\n\r\nless")
        assert done.wait(SECONDS)

    done = threading.Event()
    with scripted(script) as uri, make(uri) as client:
        with pytest.raises(StatusError, match=r"413.*less"):
            client.send(PRINT_JOB, large)
        done.set()


@clients
def test_server_that_ends_while_a_file_goes_out(make: Any, large: Path) -> None:
    def lost(connection: socket.socket) -> None:
        read_until(connection, encode(PRINT_JOB))

    def answered(connection: socket.socket) -> None:
        read_until(connection, encode(PRINT_JOB))
        connection.sendall(response(encode(ANSWER), headers=["Connection: close"]))

    with scripted(lost, answered) as uri, make(uri) as client:
        with pytest.raises(ConnectionLostError):
            client.send(PRINT_JOB, large)
        assert client.send(PRINT_JOB, large) == ANSWER


@clients
def test_server_that_takes_no_more_of_a_file(make: Any, large: Path) -> None:
    def script(connection: socket.socket) -> None:
        read_until(connection, encode(PRINT_JOB))
        assert done.wait(SECONDS)

    done = threading.Event()
    with scripted(script) as uri, make(uri, timeouts=Timeouts(idle=0.1)) as client:
        with pytest.raises(PhaseTimeoutError, match="idle"):
            client.send(PRINT_JOB, large)
        done.set()


@clients
def test_file_that_becomes_shorter(make: Any, large: Path) -> None:
    def script(connection: socket.socket) -> None:
        read_until(connection, encode(PRINT_JOB))
        os.truncate(large, LARGE // 2)
        while connection.recv(1_000_000):
            pass

    ended = pytest.raises(EOFError, match=rf"after {LARGE // 2} of {LARGE} octets")
    with scripted(script) as uri, make(uri) as client, ended:
        client.send(PRINT_JOB, large)


def test_cancelled_while_a_file_goes_out(large: Path) -> None:
    """The descriptors are closed, and the connection with them."""

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            sending = asyncio.create_task(client.send(PRINT_JOB, large))
            await asyncio.to_thread(begun.wait, SECONDS)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending

    def script(connection: socket.socket) -> None:
        read_until(connection, encode(PRINT_JOB))
        begun.set()
        while connection.recv(1_000_000):
            pass

    begun = threading.Event()
    before = len(os.listdir("/dev/fd"))
    with scripted(script) as uri:
        asyncio.run(main(uri))
    assert len(os.listdir("/dev/fd")) == before
