"""Hostile servers against `Client` and `AsyncClient`: each costs a bounded time and memory, and ends in an error.

The rule of this file: real sockets on loopback. A server follows a script, until the client is gone.
"""

import asyncio
import contextlib
import gzip
import itertools
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from http_conversations import ANSWER, PRINT_JOB, response
from http_servers import SECONDS

from ippfast import Message, encode
from ippfast.http import (
    AsyncClient,
    Client,
    HTTPError,
    HTTPLimits,
    PhaseTimeoutError,
    RemoteProtocolError,
    StatusError,
    Timeouts,
)

BODY = encode(ANSWER)
QUICK = Timeouts(connect=SECONDS, first_octet=SECONDS, answer=0.5, idle=5.0)


def ask_threads(uri: str, timeouts: Timeouts, limits: HTTPLimits) -> Message:
    with Client(uri, timeouts=timeouts, limits=limits) as client:
        return client.send(PRINT_JOB, b"abc")


def ask_asyncio(uri: str, timeouts: Timeouts, limits: HTTPLimits) -> Message:
    async def ask() -> Message:
        async with AsyncClient(uri, timeouts=timeouts, limits=limits) as client:
            return await client.send(PRINT_JOB, b"abc")

    return asyncio.run(ask())


@pytest.fixture(params=[ask_threads, ask_asyncio], ids=["threads", "asyncio"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Message]:
    chosen: Callable[[str, Timeouts, HTTPLimits], Message] = request.param

    def call(uri: str, timeouts: Timeouts = QUICK, limits: HTTPLimits | None = None) -> Message:
        return chosen(uri, timeouts, limits or HTTPLimits.for_client())

    return call


class Server:
    """Says the same to each client, piece after piece, with a pause between, until all is said or the client gone."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]], pause: float) -> None:
        self.connections = 0
        self.sent = 0
        self._pieces = pieces
        self._pause = pause
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self.uri = f"ipp://127.0.0.1:{self._listener.getsockname()[1]}/ipp/print"

    def _run(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._stop.is_set():
                connection.close()
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(SECONDS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.recv(65_536)
                for piece in self._pieces():
                    connection.sendall(piece)
                    self.sent += len(piece)
                    if self._pause and self._stop.wait(self._pause):
                        break
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass

    def close(self) -> None:
        self._stop.set()
        socket.create_connection(self._listener.getsockname()).close()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), "the client did not go"
        self._listener.close()


@contextlib.contextmanager
def saying(pieces: Callable[[], Iterator[bytes]], pause: float = 0.0) -> Iterator[Server]:
    server = Server(pieces, pause)
    try:
        yield server
    finally:
        server.close()


def then_for_ever(first: bytes, again: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: itertools.chain([first], itertools.repeat(again))


CHUNKED = response(BODY, chunks=[])[:-5]
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: "
FAST = {
    "no HTTP": then_for_ever(b"220 mail.example ESMTP\r\n", b"220 \r\n"),
    "head": then_for_ever(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1_000),
    "header line": then_for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 10_000),
    "100": then_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "102": then_for_ever(b"", b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n" * 100),
    "message": then_for_ever(LENGTH + b"99999999999999999999\r\n\r\n" + BODY[:-1], b"\2" * 65_536),
    "message in chunks": then_for_ever(CHUNKED[: -len(BODY) - 6], b"10000\r\n" + b"\2" * 65_536 + b"\r\n"),
    "message in gzip": lambda: iter([response(gzip.compress(b"\2" * 50_000_000), headers=["Content-Encoding: gzip"])]),
    "chunk extension": then_for_ever(CHUNKED + b"5;", b"a" * 10_000),
    "tiny chunks of a message": then_for_ever(CHUNKED[: -len(BODY) - 6], b"1\r\n\2\r\n" * 10_000),
    "error page": then_for_ever(
        b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 65_536 + b"\r\n"
    ),
    "challenge": lambda: iter([b"HTTP/1.1 401 No\r\nWWW-Authenticate: " + b"Basic, " * 1_000_000]),
    "nothing": lambda: iter([]),
    "half": lambda: iter([response(BODY)[:-1]]),
}


@pytest.mark.parametrize("name", FAST)
def test_without_end(ask: Callable[..., Message], name: str) -> None:
    with saying(FAST[name]) as server:
        with pytest.raises(HTTPError) as caught:
            ask(server.uri)
        assert isinstance(caught.value, StatusError if name == "error page" else RemoteProtocolError)
        assert str(caught.value).isprintable()
    assert server.sent < 60_000_000
    assert server.connections == 1


SLOW = {
    "head": then_for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "message": then_for_ever(LENGTH + b"100000\r\n\r\n", b"\2"),
    "chunk line": then_for_ever(CHUNKED[: -len(BODY) - 6] + b"1;", b"a"),
}


@pytest.mark.parametrize("name", SLOW)
def test_octet_by_octet(ask: Callable[..., Message], name: str) -> None:
    with saying(SLOW[name], 0.05) as server, pytest.raises(PhaseTimeoutError, match="answer") as caught:
        ask(server.uri)
    assert caught.value.seconds == 0.5


def test_too_many_1xx(ask: Callable[..., Message]) -> None:
    """Some are let pass."""
    hundred = b"HTTP/1.1 100 Continue\r\n\r\n"
    with saying(lambda: iter([hundred * 3 + response(BODY)])) as server:
        assert ask(server.uri, limits=HTTPLimits(informational=3)) == ANSWER
        with pytest.raises(RemoteProtocolError, match="1xx"):
            ask(server.uri, limits=HTTPLimits(informational=2))


@pytest.mark.parametrize("size", [1, 65_536])
def test_document_that_nobody_asked_for(
    ask: Callable[..., Message], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response counts, however long the server goes on after it."""
    monkeypatch.setattr("ippfast.http._client.channels._REST_SECONDS", 0.3)
    piece = b"%x\r\n%b\r\n" % (size, bytes(size))
    with saying(then_for_ever(CHUNKED, piece), 0.05 if size == 1 else 0) as server:
        assert ask(server.uri) == ANSWER
    assert server.sent < 60_000_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(ask: Callable[..., Message], status: int) -> None:
    with saying(lambda: iter([])) as target:
        lines = f"HTTP/1.1 {status} Go\r\nLocation: {target.uri.replace('ipp:', 'http:')}\r\nContent-Length: 0\r\n\r\n"
        with saying(lambda: iter([lines.encode()])) as server, pytest.raises(StatusError) as caught:
            ask(server.uri)
        assert caught.value.status == status
        assert target.connections == 0


def test_server_that_takes_nothing() -> None:
    """An upload that stands still ends by the idle time-out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uri = f"ipp://127.0.0.1:{listener.getsockname()[1]}/"
        timeouts = Timeouts(idle=0.3)

        async def ask() -> None:
            async with AsyncClient(uri, timeouts=timeouts) as client:
                await client.send(PRINT_JOB, bytes(50_000_000))

        with pytest.raises(PhaseTimeoutError, match="idle"), Client(uri, timeouts=timeouts) as client:
            client.send(PRINT_JOB, bytes(50_000_000))
        with pytest.raises(PhaseTimeoutError, match="idle"):
            asyncio.run(ask())


def test_text_of_an_error_shows_no_controls(ask: Callable[..., Message]) -> None:
    text = b"\x1b[31mno\r\n\0\xe2\x80\xae"
    octets = b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)
    with saying(lambda: iter([octets])) as server, pytest.raises(StatusError) as caught:
        ask(server.uri)
    assert str(caught.value).isprintable()
