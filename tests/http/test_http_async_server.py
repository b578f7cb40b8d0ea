"""What `AsyncServer` alone does: documents as asynchronous streams, pace, its tasks and its end.

The rule of this file: server and test share a loop where order matters. A test that waits, waits for an event.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from http_conversations import ANSWER, PRINT_JOB, post
from http_servers import DOCUMENT, SECONDS

from ippfast import Message, encode
from ippfast.http import (
    AsyncIncomingRequest,
    AsyncReply,
    AsyncServer,
    ConnectionLostError,
    Incoming,
    LocalProtocolError,
    Page,
    PageRequest,
    Refusal,
)

BODY = encode(PRINT_JOB) + DOCUMENT
CLOSING = ["Connection: close"]


def run(scene: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(2 * SECONDS):
            await scene()

    asyncio.run(within())


def server_for(handler: Any, **options: Any) -> AsyncServer:
    return AsyncServer(handler, port=0, **options)


async def exchange(server: AsyncServer, octets: bytes) -> bytes:
    """All that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(octets)
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    try:
        return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("chunks", [None, [1_000] * 300, [100_000] * 10])
def test_documents(tmp_path: Path, chunks: list[int] | None) -> None:
    documents: list[bytes] = []

    async def pieces(request: AsyncIncomingRequest) -> None:
        documents.append(b"".join([bytes(piece) async for piece in request.document]))

    async def parts(request: AsyncIncomingRequest) -> None:
        read = [await request.document.read(7), await request.document.read(0), await request.document.read(500_000)]
        assert [len(part) for part in read] == [7, 0, 500_000]
        documents.append(b"".join([*read, await request.document.read()]))
        assert await request.document.read(1) == b""

    async def spool(request: AsyncIncomingRequest) -> None:
        first = await request.document.read(3)
        with (tmp_path / "spool").open("wb") as file:
            assert await request.document.write_to(file.fileno()) == len(DOCUMENT) - 3
        documents.append(first + (tmp_path / "spool").read_bytes())

    async def scene() -> None:
        for way in (pieces, parts, spool):

            async def handle(request: AsyncIncomingRequest, way: Any = way) -> Message:
                await way(request)
                return ANSWER

            async with server_for(handle) as server:
                answer = await exchange(server, post(BODY, chunks=chunks, headers=CLOSING))
            assert answer.endswith(encode(ANSWER))

    run(scene)
    assert documents == [DOCUMENT] * 3


def test_document_of_over_a_batch_is_spooled_in_order(tmp_path: Path) -> None:
    document = b"".join(number.to_bytes(4, "big") for number in range(1_500_000))

    async def spool(request: AsyncIncomingRequest) -> Message:
        with (tmp_path / "spool").open("wb") as file:
            assert await request.document.write_to(file.fileno()) == len(document)
        return ANSWER

    async def scene() -> None:
        async with server_for(spool) as server:
            await exchange(server, post(encode(PRINT_JOB) + document, headers=CLOSING))

    run(scene)
    assert (tmp_path / "spool").read_bytes() == document


def test_spooling_that_fails() -> None:
    """The client gets an answer, and the descriptor is not written later."""
    errors: list[BaseException] = []

    async def spool(request: AsyncIncomingRequest) -> Message:
        try:
            with Path("/dev/full").open("wb") as file:
                await request.document.write_to(file.fileno())
        except OSError as error:
            errors.append(error)
            raise
        return ANSWER

    async def scene() -> None:
        async with server_for(spool) as server:
            for size in (1_000, 5_000_000):
                answer = await exchange(server, post(encode(PRINT_JOB) + bytes(size), headers=CLOSING))
                assert answer.startswith(b"HTTP/1.1 500 ")

    run(scene)
    assert len(errors) == 2


def test_reading_pauses_while_nobody_takes_the_document() -> None:
    async def scene() -> None:
        release, begun = asyncio.Event(), asyncio.Event()

        async def handle(request: AsyncIncomingRequest) -> Message:
            begun.set()
            await release.wait()
            size = 0
            async for piece in request.document:
                size += len(piece)
            assert size == 200_000_000
            return ANSWER

        async with server_for(handle) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            head = post(encode(PRINT_JOB), headers=CLOSING).replace(
                b"Content-Length: %d" % len(encode(PRINT_JOB)),
                b"Content-Length: %d" % (len(encode(PRINT_JOB)) + 200_000_000),
            )
            writer.write(head)
            await begun.wait()

            async def upload() -> None:
                for _ in range(200):
                    writer.write(bytes(1_000_000))
                    await writer.drain()

            uploading = asyncio.create_task(upload())
            done, _ = await asyncio.wait([uploading], timeout=0.5)
            assert not done
            (connection,) = server._sessions
            assert connection._queued < 2_000_000
            release.set()
            assert (await reader.read()).endswith(encode(ANSWER))
            await uploading
            writer.close()
            await writer.wait_closed()

    run(scene)


def test_answers_wait_for_the_client() -> None:
    async def scene() -> None:
        taken = 0

        async def pieces() -> AsyncIterator[bytes]:
            nonlocal taken
            for _ in range(200):
                taken += 1
                yield bytes(1_000_000)

        async def handle(request: AsyncIncomingRequest) -> AsyncReply:
            return AsyncReply(ANSWER, pieces(), 200_000_000)

        async with server_for(handle) as server:
            with socket.socket() as client:
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(client, ("127.0.0.1", server.port))
                await loop.sock_sendall(client, post(encode(PRINT_JOB), headers=CLOSING))
                await asyncio.sleep(0.5)
                assert 0 < taken < 30
                size = 0
                while data := await loop.sock_recv(client, 1_000_000):
                    size += len(data)
        assert taken == 200
        assert size > 200_000_000

    run(scene)


def test_generators_are_closed() -> None:
    """Of a client that goes away, too."""

    async def scene() -> None:
        closed = asyncio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield bytes(1_000_000)
            finally:
                closed.set()

        async def handle(request: AsyncIncomingRequest) -> AsyncReply:
            return AsyncReply(ANSWER, pieces())

        async with server_for(handle) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(post(encode(PRINT_JOB)))
            await reader.readexactly(1_000)
            writer.transport.abort()
            await closed.wait()

    run(scene)


def test_echo() -> None:
    """The document is still there while the pieces of the answer are made."""

    async def handle(request: AsyncIncomingRequest) -> AsyncReply:
        return AsyncReply(ANSWER, request.document, len(DOCUMENT))

    async def scene() -> None:
        async with server_for(handle) as server:
            answer = await exchange(server, post(BODY, headers=CLOSING))
        assert answer.endswith(encode(ANSWER) + DOCUMENT)

    run(scene)


def test_document_is_gone_with_its_request() -> None:
    """Whoever keeps one reads nothing of the next request on the connection."""

    async def scene() -> None:
        kept: list[AsyncIncomingRequest] = []

        async def handle(request: AsyncIncomingRequest) -> Message:
            for old in kept:
                with pytest.raises(LocalProtocolError, match="over"):
                    await old.document.read()
            kept.append(request)
            return ANSWER

        async with server_for(handle) as server:
            octets = post(encode(PRINT_JOB) + b"document")
            answers = await exchange(server, octets + post(encode(PRINT_JOB) + b"another", headers=CLOSING))
            assert answers.count(encode(ANSWER)) == 2
        assert len(kept) == 2

    run(scene)


def test_hooks_may_wait() -> None:
    async def authorize(request: Incoming) -> None:
        await asyncio.sleep(0)
        raise Refusal(403, "not you")

    async def show(request: PageRequest) -> Page:
        await asyncio.sleep(0)
        return Page(200, "text/plain", b"page")

    async def handle(request: AsyncIncomingRequest) -> Message:
        raise AssertionError("it was refused")

    async def scene() -> None:
        async with server_for(handle, authorizer=authorize, pages=show) as server:
            assert (await exchange(server, post(BODY, headers=CLOSING))).startswith(b"HTTP/1.1 403 ")
            page = await exchange(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert page.endswith(b"\r\n\r\npage")

    run(scene)


def test_two_readers_of_one_document() -> None:
    async def handle(request: AsyncIncomingRequest) -> Message:
        both = await asyncio.gather(request.document.read(), request.document.read(), return_exceptions=True)
        assert [type(result) for result in both] == [bytes, LocalProtocolError]
        return ANSWER

    async def scene() -> None:
        async with server_for(handle) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            octets = post(encode(PRINT_JOB) + b"document", headers=CLOSING)
            writer.write(octets[:-8])
            await asyncio.sleep(0.05)
            writer.write(octets[-8:])
            assert (await reader.read()).endswith(encode(ANSWER))
            writer.close()
            await writer.wait_closed()

    run(scene)


def test_shutdown_cancels_what_does_not_finish() -> None:
    async def scene() -> None:
        begun = asyncio.Event()
        outcomes: list[str] = []

        async def handle(request: AsyncIncomingRequest) -> Message:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                outcomes.append("cancelled")
                raise
            return ANSWER

        server = server_for(handle)
        await server.start()
        waiting = asyncio.create_task(server.serve_forever())
        asking = asyncio.create_task(exchange(server, post(BODY)))
        await begun.wait()
        await server.shutdown(0.05)
        assert outcomes == ["cancelled"]
        assert not server._sessions
        await waiting
        with contextlib.suppress(ConnectionError):
            await asking

    run(scene)


def test_client_that_goes_is_noticed_by_who_reads() -> None:
    async def scene() -> None:
        outcome: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

        async def handle(request: AsyncIncomingRequest) -> Message:
            try:
                await request.document.read()
            except ConnectionLostError as error:
                outcome.set_result(error)
                raise
            return ANSWER

        async with server_for(handle) as server:
            for abort in (True, False):
                outcome = asyncio.get_running_loop().create_future()
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(post(BODY)[:1_000])
                await writer.drain()
                if abort:
                    writer.transport.abort()
                else:
                    writer.close()
                assert isinstance(await outcome, ConnectionLostError)

    run(scene)
