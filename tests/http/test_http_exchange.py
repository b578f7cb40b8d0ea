"""`exchange` of both clients: a request goes out exactly as it is, and whatever comes back is given."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from http_servers import serving, uri_of

from ippfast import Message, response
from ippfast.enums import Status
from ippfast.http import AsyncClient, Client, Exchange, IncomingRequest, Refusal


def by_threads(uri: str, message: Message, **options: Any) -> Exchange:
    with Client(uri, patience=30) as client:
        return client.exchange(message, **options)


def by_asyncio(uri: str, message: Message, **options: Any) -> Exchange:
    async def ask() -> Exchange:
        async with AsyncClient(uri, patience=30) as client:
            return await client.exchange(message, **options)

    return asyncio.run(ask())


both = pytest.mark.parametrize("ask", [by_threads, by_asyncio])


@both
@pytest.mark.parametrize("chunked", [True, False])
def test_as_it_is(ask: Any, chunked: bool, tmp_path: Path) -> None:
    came: list[tuple[Message, str, str | None, bytes]] = []

    def handle(incoming: IncomingRequest) -> Message:
        length = incoming.head.headers.get("content-length")
        came.append((incoming.message, incoming.head.target, length, incoming.document.read()))
        return response(incoming.message, Status.SERVER_ERROR_VERSION_NOT_SUPPORTED)

    (document := tmp_path / "document").write_bytes(b"document")
    with serving(handle) as server:
        odd = Message((2, 9), 0x3FFF, 17, [])
        for given in (None, document):
            found = ask(uri_of(server), odd, document=given, target="/elsewhere", chunked=chunked)
            assert found.status == 200
            assert found.message.status is Status.SERVER_ERROR_VERSION_NOT_SUPPORTED
            assert (found.text, found.issues) == ("", ())
    assert [(message, target, octets) for message, target, _, octets in came] == [
        (odd, "/elsewhere", b""),
        (odd, "/elsewhere", b"document"),
    ]
    assert [length is None for _, _, length, _ in came] == [chunked, chunked]


@both
def test_nothing_is_asked_again(ask: Any) -> None:
    """Neither when the printer is busy, nor in an older version, and another HTTP status is no error."""
    came: list[Message] = []

    def handle(incoming: IncomingRequest) -> Message:
        came.append(incoming.message)
        raise Refusal(503, "busy")

    with serving(handle) as server:
        found = ask(uri_of(server), Message((2, 0), 0x000B, 1, []))
    assert (found.status, found.message, found.text) == (503, None, "busy")
    assert len(came) == 1
