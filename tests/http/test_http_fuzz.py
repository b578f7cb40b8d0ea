"""Conversations that are cut, doubled, mixed and changed: only the documented errors, and always an end.

The rule of this file: no sockets. Whatever comes, `next_event` gives events or RemoteProtocolError, keeps no more than
its limits allow, and gives so many events at most as there were octets. What answers an error is HTTP to h11.
"""

import gzip
import zlib
from collections.abc import Sequence
from random import Random

import h11
import pytest
from http_conversations import ANSWER, PRINT_JOB, chunked, cuts, post, print_job, response, wire
from hypothesis import example, given
from hypothesis import strategies as st

from ippfast import Attribute, ValueTag, encode
from ippfast.http import (
    NEED_DATA,
    PAUSED,
    ClientConnection,
    ConnectionClosed,
    ConnectionLostError,
    DocumentData,
    EndOfMessage,
    HTTPLimits,
    InformationalResponse,
    LocalProtocolError,
    Refusal,
    RemoteProtocolError,
    Request,
    RequestHead,
    Response,
    ServerConnection,
)
from ippfast.http.events import Event

DOCUMENT = bytes(range(256)) * 3
BODY = encode(PRINT_JOB) + DOCUMENT
PACKED = encode(print_job(Attribute("compression", ValueTag.KEYWORD, "gzip"))) + gzip.compress(DOCUMENT)
DEFLATED = encode(print_job(Attribute("compression", ValueTag.KEYWORD, "deflate"))) + zlib.compress(DOCUMENT)
OPTIONS = b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n"

REQUESTS = [
    post(BODY),
    post(BODY, chunks=[1, 2, 3, 300]),
    post(BODY, headers=["Expect: 100-continue"]),
    post(BODY, headers=["Connection: close"]),
    post(BODY, version="1.0"),
    post(gzip.compress(BODY), headers=["Content-Encoding: gzip"], chunks=[10] * 20),
    post(PACKED),
    post(DEFLATED, chunks=[400]),
    post(encode(PRINT_JOB)) * 3,
    OPTIONS,
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n",
]
RESPONSES = [
    response(encode(ANSWER)),
    response(encode(ANSWER) + DOCUMENT, chunks=[1, 2, 3, 300]),
    response(gzip.compress(encode(ANSWER)), headers=["Content-Encoding: gzip"]),
    b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + response(encode(ANSWER)),
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n",
    b"HTTP/1.0 200 OK\nContent-Type: application/ipp\n\n" + encode(ANSWER),
    b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 3\r\n\r\nno\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(b"x" * 20, [4]),
]
LINES = [
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\0",
    b"0\r\n\r\n",
    b"FFFFFFFFFFFFFFFF\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Connection: close\r\n",
    b"Content-Encoding: gzip\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"POST / HTTP/1.1\r\n",
    b"\x16\x03\x01",
    b"\x1f\x8b\x08",
    b"\x03\x03\x03",
    b";a=b",
]
LIMITS = HTTPLimits(document=2_000, drain=500, decompressed=20_000)


def mutated(random: Random, samples: Sequence[bytes]) -> bytes:
    """One or some samples, with a few changes."""
    data = bytearray(b"".join(random.choices(samples, k=random.randint(1, 3))))
    for _ in range(random.choice([0, 1, 1, 2, 4, 8])):
        at, end = sorted(random.choices(range(len(data) + 1), k=2))
        match random.randrange(7):
            case 0:
                del data[at : min(end, at + random.choice([1, 5, 1_000]))]
            case 1:
                data[at:at] = data[at : min(end, at + random.choice([1, 30, 1_000]))]
            case 2:
                data[at:at] = random.choice(LINES)
            case 3:
                data[at : at + 1] = random.randbytes(1)
            case 4:
                data[at:at] = random.randbytes(random.choice([1, 8, 100]))
            case 5:
                del data[at:]
            case _ if at < len(data):
                data[at] ^= 1 << random.randrange(8)
    return bytes(data)


def pieces_of(random: Random, data: bytes) -> list[bytes]:
    match random.randrange(4):
        case 0:
            return [data]
        case 1 if len(data) < 3_000:
            return [bytes([octet]) for octet in data]
        case _:
            return cuts(data, [random.randrange(10_000) for _ in range(random.randrange(8))])


def checked(connection: ServerConnection | ClientConnection, received: int, events: int) -> Event | None:
    """The next event; None where an error was raised. Whatever else is raised fails the test."""
    assert events <= 4 * received + 20, "more events than octets"
    assert len(connection._input) - connection._at <= received
    error: RemoteProtocolError
    try:
        return connection.next_event()
    except RemoteProtocolError as caught:
        error = caught
    assert 400 <= error.status <= 599
    assert str(error).isprintable()
    with pytest.raises(RemoteProtocolError) as again:
        connection.next_event()
    assert again.value is error
    return None


def is_http(sent: bytes, method: str) -> None:
    """That h11 takes it for a response."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=100_000)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    client.receive_data(sent)
    client.receive_data(b"")
    while not isinstance(event := client.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
        assert event is not h11.NEED_DATA


def serve(random: Random, pieces: list[bytes]) -> None:
    """A server that answers now or later, and refuses at times."""
    connection = ServerConnection(LIMITS, methods=("POST", "GET", "HEAD", "OPTIONS"))
    received = events = document = 0
    method = "POST"
    complete = True
    for piece in [*pieces, b""]:
        received += len(piece)
        connection.receive_data(piece)
        while (event := checked(connection, received, events)) is not NEED_DATA:
            events += 1
            if event is None:
                if not connection.response_begun:
                    error = connection._error
                    assert error is not None
                    is_http(wire(connection.send_error(error)), connection._method or "POST")
                return
            if isinstance(event, RequestHead):
                method, document, complete = event.method, 0, False
                if connection.awaits_continue and random.random() < 0.5:
                    connection.send_continue()
                if random.random() < 0.1:
                    is_http(wire(connection.send_error(Refusal(403, "no"))), method)
                elif method != "POST":
                    is_http(wire(connection.send_content(200, "text/plain", b"abc")), method)
            elif isinstance(event, Request):
                if not connection.response_begun and random.random() < 0.3:
                    connection.send_response(ANSWER)
            elif isinstance(event, DocumentData):
                assert len(event.data)
                document += len(event.data)
                assert document <= 2_000
            elif isinstance(event, EndOfMessage):
                complete = True
            elif event is PAUSED:
                connection.send_response(ANSWER)
            else:
                assert isinstance(event, ConnectionClosed)
                return
    assert complete, "the connection ended within a request, and nobody says so"


def ask(random: Random, pieces: list[bytes]) -> None:
    connection = ClientConnection(
        HTTPLimits(document=2_000, decompressed=20_000, message=HTTPLimits.for_client().message)
    )
    upgrade = random.random() < 0.2
    if upgrade:
        connection.send_upgrade(host="x")
    else:
        connection.send_request(PRINT_JOB, target="/", host="x", document_length=random.choice([0, 3, None]))
    received = events = 0
    for piece in [*pieces, b""]:
        received += len(piece)
        connection.receive_data(piece)
        while (event := checked(connection, received, events)) is not NEED_DATA:
            events += 1
            if event is None or event is PAUSED or isinstance(event, ConnectionClosed):
                if not connection.reusable:
                    with pytest.raises(LocalProtocolError):
                        connection.send_request(PRINT_JOB, target="/", host="x")
                return
            assert isinstance(event, Response | InformationalResponse | DocumentData | EndOfMessage)


@pytest.mark.parametrize("block", range(8))
def test_server(block: int) -> None:
    for number in range(250):
        random = Random(f"server {block} {number}")
        serve(random, pieces_of(random, mutated(random, REQUESTS)))


@pytest.mark.parametrize("block", range(8))
def test_client(block: int) -> None:
    for number in range(250):
        random = Random(f"client {block} {number}")
        ask(random, pieces_of(random, mutated(random, RESPONSES)))


@given(data=st.binary(max_size=300), seed=st.integers(0, 1 << 32))
@example(data=b"\x16\x03\x01\x02\x00", seed=0)
def test_noise(data: bytes, seed: int) -> None:
    random = Random(seed)
    serve(random, pieces_of(random, data))
    ask(random, pieces_of(random, data))


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_request_that_ends_at_any_octet(number: int) -> None:
    """A reset or a close: no part of a request passes for a whole one."""
    whole = REQUESTS[number]
    ends = {0, len(whole)} | ({len(whole) // 3, len(whole) // 3 * 2} if number == 8 else set())
    for end in range(len(whole) + 1):
        connection = ServerConnection(methods=("POST", "GET", "HEAD", "OPTIONS"))
        completed = lost = False
        for piece in (whole[:end], b""):
            connection.receive_data(piece)
            try:
                while (event := connection.next_event()) is not NEED_DATA:
                    completed = isinstance(event, EndOfMessage)
                    if event is PAUSED:
                        completed = True
                        connection.send_content(200, "text/plain", b"abc")
                    if isinstance(event, ConnectionClosed):
                        break
            except ConnectionLostError:
                lost = True
                break
        assert lost == (end not in ends), end
        assert lost or end == 0 or completed or isinstance(event, ConnectionClosed)


@pytest.mark.parametrize("chunks", [None, [5, 300]])
def test_response_that_ends_at_any_octet(chunks: list[int] | None) -> None:
    whole = response(encode(ANSWER) + DOCUMENT, chunks=chunks)
    for end in range(1, len(whole)):
        connection = ClientConnection()
        connection.send_request(PRINT_JOB, target="/", host="x")
        connection.receive_data(whole[:end])
        while (event := connection.next_event()) is not NEED_DATA:
            assert not isinstance(event, EndOfMessage)
        connection.receive_data(b"")
        with pytest.raises(ConnectionLostError):
            connection.next_event()
        assert not connection.reusable
