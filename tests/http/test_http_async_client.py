"""`AsyncClient` does what `Client` does, against the same servers; and what only asyncio has: cancelling, many at once.

The rule of this file: real sockets on loopback, one event loop a test. A test that waits, waits for an event.
"""

import asyncio
import contextlib
import io
import os
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from authorities import Authority
from http_conversations import ANSWER, PRINT_JOB, response
from http_servers import DOCUMENT, SECONDS, Printer, read_until, scripted, serving, uri_of
from peers import free_port

from ippfast import Message, encode, request
from ippfast.enums import Status
from ippfast.http import (
    TLS,
    AsyncClient,
    BasicAuth,
    BasicAuthenticator,
    ConnectionLostError,
    DigestAuth,
    DigestAuthenticator,
    IncomingRequest,
    PhaseTimeoutError,
    PinError,
    Refusal,
    Reply,
    Server,
    StatusError,
    Timeouts,
    UpgradeError,
    make_server_context,
)
from ippfast.http.auth import Auth, Authenticator


def pieces() -> Iterator[bytes]:
    for at in range(0, len(DOCUMENT), 70_001):
        yield DOCUMENT[at : at + 70_001]
        yield b""


async def pieces_async() -> AsyncIterator[bytes]:
    for piece in pieces():
        yield piece
        await asyncio.sleep(0)


async def reused() -> AsyncIterator[bytearray]:
    """One buffer, filled anew for each piece, as ``readinto`` does."""
    buffer = bytearray(100_000)
    for at in range(0, len(DOCUMENT), len(buffer)):
        piece = DOCUMENT[at : at + len(buffer)]
        buffer[:] = piece
        yield buffer
        buffer[:] = bytes(len(buffer))


FILES = ["path", "text path", "file", "octets", "view"]
ITERABLES = ["iterable", "async iterable", "reused", "memory", "list"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a CA, a server's certificate and a document."""
    made = tmp_path_factory.mktemp("tls")
    authority = Authority()
    (made / "ca.pem").write_bytes(authority.certificate)
    (made / "server.pem").write_bytes(authority.issue("127.0.0.1", "localhost").key_and_chain)
    (made / "document").write_bytes(DOCUMENT)
    return made


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("expect", [False, True], ids=["", "Expect"])
@pytest.mark.parametrize("kind", [*FILES, *ITERABLES, "none"])
def test_documents(directory: Path, kind: str, expect: bool, secure: bool) -> None:
    printer = Printer()
    seen: list[tuple[int, int | None]] = []
    path = directory / "document"

    async def main(uri: str) -> None:
        with path.open("rb") as file:
            documents = {
                "path": path,
                "text path": str(path),
                "file": file,
                "octets": DOCUMENT,
                "view": memoryview(DOCUMENT),
                "iterable": pieces(),
                "async iterable": pieces_async(),
                "reused": reused(),
                "memory": io.BytesIO(DOCUMENT),
                "list": list(pieces()),
                "none": None,
            }
            tls = TLS(ca_file=directory / "ca.pem") if secure else None  # with it, nothing goes in the clear
            async with AsyncClient(uri, expect_continue=expect, tls=tls) as client:
                answer = await client.send(
                    PRINT_JOB,
                    documents[kind],  # type: ignore[arg-type]
                    progress=lambda sent, length: seen.append((sent, length)),
                )
            assert answer == ANSWER
            assert not file.closed

    with serving(printer, tls=make_server_context(directory / "server.pem")) as server:
        asyncio.run(main(uri_of(server, "ipps" if secure else "ipp")))
    expected = DOCUMENT
    assert printer.messages == [PRINT_JOB]
    assert printer.documents == [b"" if kind == "none" else expected]
    assert [secured for _, secured in printer.peers] == [secure]
    length = len(DOCUMENT) if kind in FILES else None
    assert seen == sorted(seen)
    assert seen[-1:] == ([] if kind == "none" else [(len(DOCUMENT), length)])


def test_buffer_that_is_filled_anew() -> None:
    """Also where the server takes its time, so that much of the buffer waits to be sent."""
    seen: list[bytes] = []
    octets = os.urandom(4_000_000)

    def slow(connection: socket.socket) -> None:
        data = read_until(connection, b"\r\n\r\n")
        time.sleep(0.3)
        while not data.endswith(b"\r\n0\r\n\r\n"):
            piece = connection.recv(1_000_000)
            assert piece
            data += piece
        seen.append(data)
        connection.sendall(response(encode(ANSWER)))

    async def refilled() -> AsyncIterator[bytearray]:
        buffer = bytearray(len(octets))
        for _ in range(3):
            buffer[:] = octets
            yield buffer
            buffer[:] = bytes(len(buffer))

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            assert await client.send(PRINT_JOB, refilled()) == ANSWER

    with scripted(slow) as uri:
        asyncio.run(main(uri))
    assert seen[0].count(octets) == 3


def test_pipe() -> None:
    """The loop goes on while nothing comes out of it."""
    printer = Printer()
    read, write = os.pipe()

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            with os.fdopen(read, "rb") as reader:
                with os.fdopen(write, "wb") as writer:  # closed first: nobody closes a file that a thread reads
                    sending = asyncio.create_task(client.send(PRINT_JOB, reader))
                    for _ in range(3):  # on other connections
                        assert await client.send(PRINT_JOB) == ANSWER
                    assert not sending.done()
                    writer.write(b"from a pipe")
                assert await sending == ANSWER

    with serving(printer) as server:
        asyncio.run(main(uri_of(server)))
    assert sorted(printer.documents) == [b"", b"", b"", b"from a pipe"]


def test_what_is_no_document() -> None:
    async def text() -> AsyncIterator[str]:
        yield "text"

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            for document in (text(), ["text"]):
                with pytest.raises(TypeError, match="octets, not str"):
                    await client.send(PRINT_JOB, document)  # type: ignore[arg-type]
            with pytest.raises(FileNotFoundError):
                await client.send(PRINT_JOB, "/nowhere/at all")
            assert await client.send(PRINT_JOB, b"abc") == ANSWER

    with serving(Printer()) as server:
        asyncio.run(main(uri_of(server)))


class OwnError(ConnectionResetError):
    """Of the document's source, not of the connection to the printer."""


def test_source_that_fails() -> None:
    async def broken(error: BaseException) -> AsyncIterator[bytes]:
        yield b"abc"
        raise error

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            for error in (OwnError(), TimeoutError("of the source")):
                with pytest.raises(type(error)) as caught:
                    await client.send(PRINT_JOB, broken(error))
                assert caught.value is error
            assert await client.send(PRINT_JOB) == ANSWER

    with serving(Printer()) as server:
        asyncio.run(main(uri_of(server)))


def test_connection_is_used_again() -> None:
    async def main(server: Server) -> None:
        async with AsyncClient(uri_of(server)) as client:
            for _ in range(5):
                await client.send(PRINT_JOB, pieces_async())
                assert len(server._sessions) == 1
            await asyncio.gather(*(client.send(PRINT_JOB, DOCUMENT) for _ in range(10)))

    printer = Printer()
    with serving(printer) as server:
        asyncio.run(main(server))
    assert printer.documents == [DOCUMENT] * 15


def test_document_of_an_answer() -> None:
    async def main(server: Server) -> None:
        async with AsyncClient(uri_of(server)) as client:
            for length in (None, len(DOCUMENT)):
                server.handler = lambda request, length=length: Reply(ANSWER, pieces(), length)  # type: ignore[misc]
                async with await client.open(PRINT_JOB) as answer:
                    assert answer.message == ANSWER
                    assert b"".join([bytes(piece) async for piece in answer]) == DOCUMENT
                assert len(server._sessions) == 1
            async with await client.open(PRINT_JOB):
                pass  # nobody wants the document: the connection is not kept
            assert await client.send(PRINT_JOB) == ANSWER

    with serving(Printer()) as server:
        asyncio.run(main(server))


def test_answers_that_nobody_reads() -> None:
    """What a server sends is left with it until it is asked for."""

    def endless(request: IncomingRequest) -> Reply:
        def zeros() -> Iterator[bytes]:
            for _ in range(1_000):
                sent.append(1)
                yield bytes(100_000)

        return Reply(ANSWER, zeros())

    sent: list[int] = []

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client, await client.open(PRINT_JOB) as answer:
            first = await anext(aiter(answer))
            assert first
            before = -1
            while before != len(sent):  # until the server waits
                before = len(sent)
                await asyncio.sleep(0.2)
            assert before < 500
            assert answer._channel is not None
            assert answer._channel._unread < 2_000_000

    with serving(endless) as server:
        asyncio.run(main(uri_of(server)))


# Answers before the document is sent.


def test_refusal_before_the_document() -> None:
    def refuse(request: IncomingRequest) -> Message:
        raise Refusal(403, "not you", ipp_status=Status.CLIENT_ERROR_FORBIDDEN)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(100_000)

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            assert (await client.send(PRINT_JOB, endless())).status is Status.CLIENT_ERROR_FORBIDDEN
            assert (await client.send(PRINT_JOB)).status is Status.CLIENT_ERROR_FORBIDDEN

    with serving(refuse) as server:
        asyncio.run(main(uri_of(server)))


def test_refusal_while_the_source_waits() -> None:
    """The answer ends the wait for a piece that may never come."""
    ended = []

    async def stuck() -> AsyncIterator[bytes]:
        yield b"abc"
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    def script(connection: socket.socket) -> None:
        read_until(connection, b"abc")
        connection.sendall(response(encode(ANSWER), headers=["Connection: close"]))
        assert connection.recv(1) == b""

    async def main(uri: str) -> None:
        async with asyncio.timeout(SECONDS), AsyncClient(uri) as client:
            assert await client.send(PRINT_JOB, stuck()) == ANSWER

    with scripted(script) as uri:
        asyncio.run(main(uri))
    assert ended == [True]


def test_answer_after_which_the_pipe_breaks() -> None:
    def script(connection: socket.socket) -> None:
        read_until(connection, b"\x03")
        connection.sendall(response(encode(ANSWER), headers=["Connection: close"]))

    async def zeros() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield bytes(1_000_000)

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            for _ in range(20):
                assert await client.send(PRINT_JOB, zeros()) == ANSWER

    with scripted(*[script] * 20) as uri:
        asyncio.run(main(uri))


def test_servers_that_send_100_when_they_like() -> None:
    def late(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 2)
        read_until(connection, b"0\r\n\r\n")
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + response(encode(ANSWER), headers=["Connection: close"]))

    def never(connection: socket.socket) -> None:
        assert b"100-continue" in read_until(connection, b"0\r\n\r\n")
        connection.sendall(response(encode(ANSWER), headers=["Connection: close"]))

    def final(connection: socket.socket) -> None:
        read_until(connection, encode(PRINT_JOB))
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        assert connection.recv(65_536) == b""

    async def main(uri: str) -> None:
        async with AsyncClient(uri, expect_continue=True, timeouts=Timeouts(continue_=0.05)) as client:
            for _ in range(2):
                assert await client.send(PRINT_JOB, pieces_async()) == ANSWER
        async with AsyncClient(uri, expect_continue=True) as client:
            with pytest.raises(StatusError, match="403"):
                await client.send(PRINT_JOB, DOCUMENT)

    with scripted(late, never, final) as uri:
        asyncio.run(main(uri))


# Time and cancelling.


def test_cancelled_request_closes_its_connection() -> None:
    ends = threading.Semaphore(0)

    def silent(connection: socket.socket) -> None:
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65_536):
                pass
        ends.release()

    async def stuck() -> AsyncIterator[bytes]:
        yield b"abc"
        await asyncio.Event().wait()

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            for document in (None, stuck(), b"abc"):
                sending = asyncio.create_task(client.send(PRINT_JOB, document))
                await asyncio.sleep(0.1)
                sending.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await sending
                assert await asyncio.to_thread(ends.acquire, timeout=SECONDS)
            assert client._core._kept == []
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.send(PRINT_JOB, b"abc")

    with scripted(*[silent] * 4) as uri:
        asyncio.run(main(uri))


def test_cancelled_while_connecting() -> None:
    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            sending = asyncio.create_task(client.send(PRINT_JOB))
            await asyncio.sleep(0.1)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(main(f"ipps://127.0.0.1:{listener.getsockname()[1]}/"))


def test_phases_that_take_too_long() -> None:
    released = threading.Event()

    def silent(connection: socket.socket) -> None:
        released.wait(SECONDS)

    def stuck(connection: socket.socket) -> None:
        read_until(connection, b"\x03")
        connection.sendall(response(encode(ANSWER))[:-1])
        released.wait(SECONDS)

    async def main(uri: str) -> None:
        async with AsyncClient(uri, timeouts=Timeouts(first_octet=0.05)) as client:
            with pytest.raises(PhaseTimeoutError, match="first octet") as caught:
                await client.send(PRINT_JOB)
            assert (caught.value.phase, caught.value.seconds) == ("first octet", 0.05)
        released.set()
        released.clear()
        for document in (None, iter([bytes(1_000_000)] * 100)):
            async with AsyncClient(uri, timeouts=Timeouts(idle=0.05)) as client:
                with pytest.raises(PhaseTimeoutError, match="idle"):
                    await client.send(PRINT_JOB, document)
            released.set()
            released.clear()
        released.set()

    async def connect(uri: str) -> None:
        async with AsyncClient(uri, timeouts=Timeouts(connect=0.05)) as client:
            with pytest.raises(PhaseTimeoutError, match="connect"):
                await client.send(PRINT_JOB)

    with scripted(silent, stuck, silent) as uri:
        asyncio.run(main(uri))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(connect(f"ipps://127.0.0.1:{listener.getsockname()[1]}/"))


def test_nobody_listens() -> None:
    port = free_port()

    async def main() -> None:
        async with AsyncClient(f"ipp://127.0.0.1:{port}/") as client:
            with pytest.raises(ConnectionRefusedError):
                await client.send(PRINT_JOB)

    asyncio.run(main())


def test_only_what_is_idempotent_is_sent_again() -> None:
    question = request("Get-Printer-Attributes", "ipp://127.0.0.1/", request_id=ANSWER.request_id)

    def once(connection: socket.socket) -> None:
        read_until(connection, b"\x03")
        connection.sendall(response(encode(ANSWER)))

    def twice(connection: socket.socket) -> None:
        once(connection)
        read_until(connection, b"\x03")

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            for _ in range(2):
                assert await client.send(question) == ANSWER
        async with AsyncClient(uri) as client:
            assert await client.send(question) == ANSWER
            with pytest.raises(ConnectionLostError):
                await client.send(PRINT_JOB)
        # A connection that was closed while it was idle is not taken.
        async with AsyncClient(uri) as client:
            for _ in range(2):
                assert await client.send(PRINT_JOB) == ANSWER
                await asyncio.sleep(0.5)  # the server's end of it has to arrive before it can be seen

    with scripted(twice, once, twice, once, once) as uri:
        asyncio.run(main(uri))


# TLS and credentials.


def test_tls_is_verified(directory: Path) -> None:
    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            with pytest.raises(ssl.SSLCertVerificationError):
                await client.send(PRINT_JOB)
        async with AsyncClient(uri, tls=TLS(fingerprint="00" * 32)) as client:
            with pytest.raises(PinError) as caught:
                await client.send(PRINT_JOB, DOCUMENT)
        async with AsyncClient(uri, tls=TLS(fingerprint=caught.value.fingerprint)) as client:
            assert await client.send(PRINT_JOB, DOCUMENT) == ANSWER

    printer = Printer()
    with serving(printer, tls=make_server_context(directory / "server.pem")) as server:
        asyncio.run(main(uri_of(server, "ipps")))
    assert printer.documents == [DOCUMENT]


SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n"
DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_upgrade(directory: Path) -> None:
    def upgrade(connection: socket.socket) -> None:
        assert read_until(connection, b"\r\n\r\n").startswith(b"OPTIONS *")
        connection.sendall(SWITCH)
        with make_server_context(directory / "server.pem").wrap_socket(connection, server_side=True) as secure:
            secure.sendall(DONE)
            for _ in range(2):
                read_until(secure, b"0\r\n\r\n")
                secure.sendall(response(encode(ANSWER)))
            assert secure.recv(1) == b""

    def injected(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(SWITCH + DONE)
        connection.recv(1)

    async def main(uri: str) -> None:
        tls = TLS(ca_file=directory / "ca.pem")
        async with AsyncClient(uri, upgrade="required", tls=tls) as client:
            for _ in range(2):
                assert await client.send(PRINT_JOB, pieces_async()) == ANSWER
        async with AsyncClient(uri, upgrade="required", tls=tls) as client:
            with pytest.raises(UpgradeError):
                await client.send(PRINT_JOB, pieces_async())

    with scripted(upgrade, injected, lambda connection: None) as uri:
        asyncio.run(main(uri))


USERS = {"Mufasa": "Circle of Life"}


@pytest.mark.parametrize(
    ("authenticator", "auth"),
    [
        (DigestAuthenticator(USERS.get), DigestAuth("Mufasa", "Circle of Life")),
        (
            BasicAuthenticator(lambda user, password: USERS.get(user) == password, insecure=True),
            BasicAuth("Mufasa", "Circle of Life", insecure=True),
        ),
    ],
    ids=["Digest", "Basic"],
)
def test_credentials(authenticator: Authenticator, auth: Auth) -> None:
    async def main(uri: str) -> None:
        async with AsyncClient(uri, auth=auth) as client:
            for document in (pieces_async(), DOCUMENT, None):
                assert await client.send(PRINT_JOB, document) == ANSWER
        async with AsyncClient(uri, auth=DigestAuth("Mufasa", "wrong")) as client:
            with pytest.raises(StatusError, match="401"):
                await client.send(PRINT_JOB, DOCUMENT)

    printer = Printer()
    with serving(printer, authenticator=authenticator) as server:
        asyncio.run(main(uri_of(server)))
    assert printer.documents == [DOCUMENT, DOCUMENT, b""]
