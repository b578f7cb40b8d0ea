"""A server's side of the conversation, without sockets: what each request becomes, and what answers it.

The rule of this file: every request is fed at once and one octet at a time, with the same result.
"""

import gzip
import itertools

import h11
import pytest
from http_conversations import (
    ANSWER,
    PRINT_JOB,
    chunked,
    cuts,
    events_of,
    joined,
    post,
    wire,
)
from hypothesis import given
from hypothesis import strategies as st
from vectors import http as recorded

from ippfast import Limits, decode, decode_prefix, encode
from ippfast.enums import Status
from ippfast.http import (
    NEED_DATA,
    PAUSED,
    ConnectionClosed,
    DocumentData,
    EndOfMessage,
    Headers,
    HTTPLimits,
    LocalProtocolError,
    Refusal,
    RemoteProtocolError,
    Request,
    RequestHead,
    ServerConnection,
)
from ippfast.http import server_connection as module
from ippfast.http.events import Event

DOCUMENT = b"%PDF-1.4 with end tags \x03\x03" * 20
BODY = encode(PRINT_JOB) + DOCUMENT


def singly(octets: bytes) -> list[bytes]:
    return [bytes([octet]) for octet in octets]


def outcome(octets: bytes, limits: HTTPLimits | None = None, *, ended: bool = False) -> list[object]:
    """The events of a request on a new connection, the same whether fed at once or one octet at a time."""
    end = [b""] if ended else []
    whole = joined(events_of(ServerConnection(limits), [octets, *end]))
    assert joined(events_of(ServerConnection(limits), [*singly(octets), *end])) == whole
    return whole


def accepted(octets: bytes, limits: HTTPLimits | None = None) -> tuple[RequestHead, Request, bytes]:
    """Head, request and document of an accepted request."""
    head, request, *rest = outcome(octets, limits)
    assert isinstance(head, RequestHead)
    assert isinstance(request, Request)
    assert request.head is not None
    assert rest[-2:] == [EndOfMessage(), PAUSED]
    document = rest[0] if len(rest) == 3 else b""
    assert isinstance(document, bytes)
    return head, request, document


def answer_to(octets: bytes, limits: HTTPLimits | None = None) -> tuple[int, Headers, bytes]:
    """What answers a request that is refused: status, headers and body, read by h11."""
    connection = ServerConnection(limits)
    error = events_of(connection, [octets])[-1]
    assert isinstance(error, RemoteProtocolError)
    with pytest.raises(RemoteProtocolError) as again:
        connection.next_event()
    assert again.value is error
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    client.send(h11.EndOfMessage())
    client.receive_data(wire(connection.send_error(error)))
    response = client.next_event()
    assert isinstance(response, h11.Response)
    headers = Headers((name.decode(), value.decode()) for name, value in response.headers)
    assert headers.get("connection") == "close"
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    return response.status_code, headers, body


CHUNKS: list[list[int] | None] = [None, [], [1], [len(BODY) - 1], [8, 3, 200], [5] * 400]


@pytest.mark.parametrize("chunks", CHUNKS)
def test_both_framings(chunks: list[int] | None) -> None:
    head, request, document = accepted(post(BODY, chunks=chunks))
    assert (head.method, head.target, head.http_version) == ("POST", "/ipp/print", "1.1")
    assert head.content_length == (len(BODY) if chunks is None else None)
    assert head.headers.get("CONTENT-type") == "application/ipp"
    assert request.message == PRINT_JOB
    assert document == DOCUMENT


def test_no_document() -> None:
    body = encode(PRINT_JOB)
    assert accepted(post(body))[2] == accepted(post(body, chunks=[]))[2] == b""


@given(
    chunks=st.none() | st.lists(st.integers(1, 300), max_size=20),
    places=st.lists(st.integers(0, 5000), max_size=30),
)
def test_however_cut(chunks: list[int] | None, places: list[int]) -> None:
    events = joined(events_of(ServerConnection(), cuts(post(BODY, chunks=chunks), places)))
    assert isinstance(events[1], Request)
    assert events[1].message == PRINT_JOB
    assert events[2:] == [DOCUMENT, EndOfMessage(), PAUSED]


def test_request_is_known_before_the_document() -> None:
    connection = ServerConnection()
    whole = post(BODY)
    end = len(whole) - len(DOCUMENT)
    events = events_of(connection, [whole[: end - 1]])
    assert [type(event) for event in events] == [RequestHead]
    assert isinstance(events_of(connection, [whole[end - 1 : end]])[0], Request)
    assert connection.next_event() is NEED_DATA


def test_document_passes_uncopied() -> None:
    connection = ServerConnection()
    whole = post(BODY + bytes(100_000))
    at = len(whole) - 100_000
    events_of(connection, [whole[:at]])
    piece = whole[at : at + 50_000]
    connection.receive_data(piece)
    event = connection.next_event()
    assert isinstance(event, DocumentData)
    assert event.data is piece


REQUEST_LINE = b"POST /ipp/print HTTP/1.1\r\n"
HOST, TYPE = b"Host: localhost\r\n", b"Content-Type: application/ipp\r\n"
CL, TE = b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n"
USUAL = REQUEST_LINE + HOST + TYPE

REFUSED_HEADS = {
    "Content-Length and Transfer-Encoding": (400, USUAL + CL + TE + b"\r\n"),
    "Transfer-Encoding and Content-Length": (400, USUAL + TE + CL + b"\r\n"),
    "Transfer-Encoding in HTTP/1.0": (400, b"POST / HTTP/1.0\r\n" + HOST + TYPE + TE + b"\r\n"),
    "folded line": (400, USUAL + b"Transfer-Encoding:\r\n chunked\r\n\r\n"),
    "folded line with a tab": (400, USUAL + CL + b"X: a\r\n\tb\r\n\r\n"),
    "folded first line": (400, REQUEST_LINE + b" Host: x\r\n" + TYPE + CL + b"\r\n"),
    "bare LF after the request line": (400, b"POST / HTTP/1.1\n" + HOST + TYPE + CL + b"\r\n"),
    "bare LF after a header": (400, USUAL + b"Content-Length: 4\n\r\n"),
    "bare LF everywhere": (400, (USUAL + CL + b"\r\n").replace(b"\r", b"")),
    "bare LF at the start": (400, b"\n" + USUAL + CL + b"\r\n"),
    "bare CR": (400, USUAL + b"X: a\rb\r\n" + CL + b"\r\n"),
    "NUL": (400, USUAL + b"X: a\0b\r\n" + CL + b"\r\n"),
    "HTTP/2.0": (505, b"PRI * HTTP/2.0\r\n\r\n"),
    "HTTP/1.2": (505, USUAL.replace(b"1.1", b"1.2") + CL + b"\r\n"),
    "HTTP/0.9": (400, b"GET /\r\n\r\n"),
    "no Host": (400, REQUEST_LINE + TYPE + CL + b"\r\n"),
    "two Hosts": (400, USUAL + HOST + CL + b"\r\n"),
    "Content-Lengths that differ": (400, USUAL + CL + b"Content-Length: 5\r\n\r\n"),
    "Content-Length with a sign": (400, USUAL + b"Content-Length: +4\r\n\r\n"),
    "Content-Length negative": (400, USUAL + b"Content-Length: -1\r\n\r\n"),
    "Content-Length in hexadecimal": (400, USUAL + b"Content-Length: 0x4\r\n\r\n"),
    "Content-Length with underscore": (400, USUAL + b"Content-Length: 4_0\r\n\r\n"),
    "Content-Length of 21 digits": (400, USUAL + b"Content-Length: 100000000000000000000\r\n\r\n"),
    "Transfer-Encoding list": (501, USUAL + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
    "Transfer-Encoding twice": (501, USUAL + TE + TE + b"\r\n"),
    "Transfer-Encoding unknown": (501, USUAL + b"Transfer-Encoding: xchunked\r\n\r\n"),
    "space before the colon": (400, USUAL + b"Transfer-Encoding : chunked\r\n\r\n"),
    "GET": (405, b"GET /ipp/print HTTP/1.1\r\n" + HOST + b"\r\n"),
    "OPTIONS": (405, b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "another type": (415, REQUEST_LINE + HOST + b"Content-Type: text/plain\r\n" + CL + b"\r\n"),
    "a type that begins alike": (415, REQUEST_LINE + HOST + b"Content-Type: application/ippx\r\n\r\n"),
    "no type": (415, REQUEST_LINE + HOST + CL + b"\r\n"),
    "another Content-Encoding": (415, USUAL + b"Content-Encoding: br\r\n" + CL + b"\r\n"),
    "two Content-Encodings": (415, USUAL + b"Content-Encoding: gzip, deflate\r\n" + CL + b"\r\n"),
    "head too large": (431, USUAL + b"X: " + b"a" * 16_384 + b"\r\n\r\n"),
    "head far too large": (431, USUAL + b"X: " + b"a" * 2_000_000 + b"\r\n\r\n"),
    "head that never ends": (431, USUAL + b"X: " + b"a" * 100_000),
    "65 header lines": (431, USUAL + CL + b"X: y\r\n" * 62 + b"\r\n"),
    "target too long": (414, b"POST /" + b"a" * 2048 + b" HTTP/1.1\r\n" + HOST + TYPE + CL + b"\r\n"),
    "control in the target": (400, b"POST /a\x01b HTTP/1.1\r\n" + HOST + TYPE + CL + b"\r\n"),
    "TLS": (400, bytes.fromhex("16030100f8010000f40303")),
    "two empty lines first": (400, b"\r\n\r\n" + USUAL + CL + b"\r\n"),
}


@pytest.mark.parametrize("name", REFUSED_HEADS)
def test_refused_heads(name: str) -> None:
    status, octets = REFUSED_HEADS[name]
    (error,) = outcome(octets)
    assert isinstance(error, tuple)
    assert error[0] == status
    answered, headers, body = answer_to(octets)
    assert answered == status
    assert body.decode().strip() == error[1]
    assert headers.get("content-type") == "text/plain; charset=utf-8"
    assert headers.get("allow") == ("POST" if status == 405 else None)


GET = b"GET /icon.png HTTP/1.1\r\n" + HOST
HEAD = GET.replace(b"GET", b"HEAD")
METHODS = ("POST", "GET", "HEAD")


@pytest.mark.parametrize("octets", [GET, HEAD])
def test_pages(octets: bytes) -> None:
    for split in (singly, lambda octets: [octets]):
        connection = ServerConnection(methods=METHODS)
        head, *rest = events_of(connection, split(octets + b"\r\n"))
        assert isinstance(head, RequestHead)
        assert head.method == octets.partition(b" ")[0].decode()
        assert head.target == "/icon.png"
        assert rest == [EndOfMessage(), PAUSED]
        sent = wire(connection.send_content(200, "image/png", b"octets", headers=[("Cache-Control", "no-store")]))
        lines, _, body = sent.lower().partition(b"\r\n\r\n")
        assert {b"content-type: image/png", b"content-length: 6", b"cache-control: no-store"} < set(
            lines.split(b"\r\n")
        )
        assert b"connection" not in lines
        assert body == (b"octets" if head.method == "GET" else b"")
        assert isinstance(events_of(connection, [post(BODY)])[1], Request)


def test_pages_have_no_body() -> None:
    for line in (CL, TE):
        connection = ServerConnection(methods=METHODS)
        error = events_of(connection, [GET + line + b"\r\n"])[-1]
        assert isinstance(error, RemoteProtocolError)
        assert error.status == 400


def test_refused_head_request_is_answered_without_a_body() -> None:
    connection = ServerConnection()
    (error,) = events_of(connection, [HEAD + b"\r\n"])
    assert isinstance(error, RemoteProtocolError)
    sent = wire(connection.send_error(error))
    assert sent.startswith(b"HTTP/1.1 405 ")
    assert sent.endswith(b"\r\n\r\n")


def test_64_header_lines_are_not_too_many() -> None:
    octets = post(BODY, headers=["X: y"] * 61)
    assert octets.partition(b"\r\n\r\n")[0].count(b"\r\n") == 64
    assert accepted(octets)[2] == DOCUMENT


def test_one_empty_line_may_come_first() -> None:
    assert accepted(b"\r\n" + post(BODY))[2] == DOCUMENT


def test_parameters_of_the_type_are_ignored() -> None:
    octets = post(BODY).replace(b"application/ipp", b"Application/IPP; charset=utf-8")
    assert accepted(octets)[2] == DOCUMENT


def test_oversized_head_is_not_kept() -> None:
    connection = ServerConnection()
    events_of(connection, [USUAL + b"X: " + b"a" * 2_000_000])
    assert len(connection._head_reader._octets) <= 16_384 + 4


REFUSED_BODIES = {
    "no message": (400, post(b"")),
    "no message in chunks": (400, post(b"", chunks=[])),
    "message cut": (400, post(encode(PRINT_JOB)[:-1])),
    "not IPP": (400, post(b"\x02\x00\x00\x02\x00\x00\x00\x01\x00" + b"a" * 100)),
    "value before any group": (400, post(b"\x02\x00\x00\x02\x00\x00\x00\x01\x21" + b"a" * 100)),
    "bad chunk": (400, post(b"")[:-4].replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"\r\n\r\nXX"),
    "bad gzip": (400, post(BODY, headers=["Content-Encoding: gzip"])),
    "cut gzip": (400, post(gzip.compress(BODY)[:-4], headers=["Content-Encoding: gzip"])),
}


@pytest.mark.parametrize("name", REFUSED_BODIES)
def test_refused_bodies(name: str) -> None:
    status, octets = REFUSED_BODIES[name]
    error = outcome(octets)[-1]
    assert isinstance(error, tuple)
    assert error[0] == status


def test_message_over_the_limit() -> None:
    limits = HTTPLimits(message=Limits(max_octets=100))
    assert answer_to(post(BODY), limits)[0] == 413


def test_document_over_the_limit() -> None:
    fits = HTTPLimits(document=len(DOCUMENT))
    assert accepted(post(BODY), fits)[2] == DOCUMENT
    for chunks in (None, [], [100] * 5):
        status, _, body = answer_to(post(BODY, chunks=chunks), HTTPLimits(document=len(DOCUMENT) - 1))
        assert status == 200
        refusal = decode(body)
        assert refusal.code == Status.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE
        assert refusal.request_id == PRINT_JOB.request_id


def test_announced_length_over_the_limit() -> None:
    octets = USUAL + b"Content-Length: 10000000000000000000\r\n\r\n"
    assert answer_to(octets, HTTPLimits(document=1000))[0] == 413
    assert isinstance(outcome(octets)[0], RequestHead)  # and nothing was allocated


@pytest.mark.parametrize("chunks", [None, [100, 200]])
def test_body_that_ends_early(chunks: list[int] | None) -> None:
    octets = post(BODY, chunks=chunks)
    for cut in range(1, len(octets)):
        connection = ServerConnection()
        events = events_of(connection, [octets[:cut], b""])
        assert isinstance(events[-1], RemoteProtocolError)
        assert events[-1].status == 400
        assert EndOfMessage() not in events


def test_nothing_at_all() -> None:
    for start in (b"", b"\r\n"):
        assert outcome(start, ended=True) == [ConnectionClosed()]


# Expect: 100-continue.


def test_continue() -> None:
    connection = ServerConnection()
    octets = post(BODY, headers=["Expect: 100-continue"])
    head = len(octets) - len(BODY)
    assert isinstance(events_of(connection, [octets[:head]])[0], RequestHead)
    assert connection.awaits_continue
    assert wire(connection.send_continue()) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert not connection.awaits_continue
    assert joined(events_of(connection, [octets[head:]]))[1:] == [DOCUMENT, EndOfMessage(), PAUSED]


def test_continue_is_due_where_part_of_the_body_came_with_the_head() -> None:
    octets = post(BODY, headers=["Expect: 100-continue"])
    connection = ServerConnection()
    connection.receive_data(octets[: -len(DOCUMENT)])
    assert isinstance(connection.next_event(), RequestHead)
    assert connection.awaits_continue
    assert isinstance(connection.next_event(), Request)
    assert connection.awaits_continue
    assert wire(connection.send_continue()) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert b"connection" not in wire(connection.send_response(ANSWER)).lower()
    assert connection.next_event() is NEED_DATA


@pytest.mark.parametrize("chunks", [None, []])
def test_answered_instead_of_continue(chunks: list[int] | None) -> None:
    """Nobody knows whether such a client sends the rest, or its next request: the connection ends."""
    octets = post(BODY, headers=["Expect: 100-continue"], chunks=chunks)
    connection = ServerConnection()
    connection.receive_data(octets[:-20])
    assert isinstance(connection.next_event(), RequestHead)
    assert isinstance(connection.next_event(), Request)
    assert b"connection: close" in wire(connection.send_response(ANSWER)).lower()
    assert connection.next_event() == ConnectionClosed()


def test_continue_is_not_due_where_the_whole_body_came() -> None:
    connection = ServerConnection()
    connection.receive_data(post(encode(PRINT_JOB), headers=["Expect: 100-continue"]) + post(BODY))
    assert isinstance(connection.next_event(), RequestHead)
    assert isinstance(connection.next_event(), Request)
    assert not connection.awaits_continue
    assert b"connection" not in wire(connection.send_response(ANSWER)).lower()
    assert connection.next_event() == EndOfMessage()
    assert isinstance(connection.next_event(), RequestHead)


@pytest.mark.parametrize(
    "octets",
    [
        post(b"", headers=["Expect: 100-continue"]),
        post(BODY, headers=["Expect: 100-continue"], version="1.0"),
        post(BODY, headers=["Expect: something else"]),
    ],
    ids=["empty", "1.0", "unknown"],
)
def test_continue_is_not_awaited(octets: bytes) -> None:
    connection = ServerConnection()
    head = octets.index(b"\r\n\r\n") + 4
    connection.receive_data(octets[:head])
    assert isinstance(connection.next_event(), RequestHead)
    assert not connection.awaits_continue


def test_refused_instead_of_continue() -> None:
    connection = ServerConnection()
    octets = post(BODY, headers=["Expect: 100-continue"])
    events_of(connection, [octets[: -len(BODY)]])
    sent = wire(connection.send_error(Refusal(401, "who are you?", headers=[("WWW-Authenticate", "Basic")])))
    head = sent.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 401 unauthorized\r\n")
    assert b"www-authenticate: basic" in head
    assert b"connection: close" in head
    assert isinstance(connection.next_event(), ConnectionClosed)


# More than one request.


@given(
    kinds=st.lists(st.integers(0, 3), min_size=2, max_size=6),
    places=st.lists(st.integers(0, 5_000), max_size=8),
)
def test_heads_that_repeat_say_the_same(kinds: list[int], places: list[int]) -> None:
    """Requests on one connection are what each is on a connection of its own, whatever came before."""
    requests = [
        post(BODY),
        post(BODY, chunks=[1, 30]),
        post(BODY, headers=["Expect: 100-continue"]),
        post(BODY).replace(b"/ipp/print", b"/other", 1),
    ]
    expected = [event for kind in kinds for event in joined(events_of(ServerConnection(), [requests[kind]]))]
    connection = ServerConnection()
    pieces = iter(cuts(b"".join(requests[kind] for kind in kinds), places))
    events: list[Event | RemoteProtocolError] = []
    while len([event for event in events if event is PAUSED]) < len(kinds):
        event = connection.next_event()
        if event is NEED_DATA:
            connection.receive_data(next(pieces))
            continue
        events.append(event)
        if event is PAUSED:
            connection.send_response(ANSWER)
    assert joined(events) == expected


@pytest.mark.parametrize("chunks", [None, [], [1, 2, 3]])
@pytest.mark.parametrize("split", [singly, lambda octets: [octets]], ids=["singly", "at once"])
def test_pipelined_requests_wait_for_each_other(chunks: list[int] | None, split: object) -> None:
    assert callable(split)
    connection = ServerConnection()
    pieces = iter(split(post(BODY, chunks=chunks) * 3))
    messages = 0
    event = connection.next_event()
    while messages < 3:
        while event is NEED_DATA:
            connection.receive_data(next(pieces))
            event = connection.next_event()
        if event is PAUSED:
            assert connection.next_event() is PAUSED
            messages += 1
            assert wire(connection.send_response(ANSWER)).endswith(encode(ANSWER))
            assert connection.response_ended
        event = connection.next_event()
    assert event is NEED_DATA
    assert list(pieces) == []
    connection.receive_data(b"")
    assert connection.next_event() == ConnectionClosed()


@pytest.mark.parametrize(
    "octets",
    [
        post(BODY, version="1.0"),
        post(BODY, headers=["Connection: close"]),
        post(BODY, headers=["Connection: x, CLOSE"]),
    ],
    ids=["1.0", "close", "list"],
)
def test_last_request(octets: bytes) -> None:
    connection = ServerConnection()
    assert events_of(connection, [octets + post(BODY)])[-1] is PAUSED
    assert b"connection: close" in wire(connection.send_response(ANSWER)).lower()
    assert connection.next_event() == ConnectionClosed()


def test_response_before_the_document() -> None:
    """The rest is read and dropped, and the connection lives on."""
    for chunks in (None, [300]):
        octets = post(BODY, chunks=chunks)
        connection = ServerConnection()
        assert isinstance(events_of(connection, [octets[:-100]])[1], Request)
        assert b"connection" not in wire(connection.send_response(ANSWER)).lower()
        assert connection.next_event() is NEED_DATA
        again = events_of(connection, [octets[-100:] + octets])
        assert again[0] == EndOfMessage()
        assert isinstance(again[2], Request)
        assert again[-1] is PAUSED


def test_a_head_that_is_known_says_the_same_to_another_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = post(BODY, headers=["X-Known: 1"])
    first = accepted(octets)
    monkeypatch.setattr(module, "read_head", None)
    assert accepted(octets) == first
    connection = ServerConnection()
    events_of(connection, [octets])
    assert connection.send_response(ANSWER)
    with pytest.raises(TypeError):
        accepted(post(BODY, headers=["X-Known: 2"]))


def test_heads_that_are_known_are_few_and_have_no_secret() -> None:
    module._known.clear()
    for secret in ("Authorization: Basic YTpi", "Cookie: session=1", "Proxy-Authorization: Basic YTpi"):
        accepted(post(BODY, headers=[secret]))
    accepted(post(BODY, headers=[f"X-Long: {'x' * 1_024}"]))
    assert not module._known
    for number in range(module._MOST_KNOWN + 1):
        accepted(post(BODY, headers=[f"X-Number: {number}"]))
    assert len(module._known) == 1


def test_long_body_is_not_drained() -> None:
    octets = post(BODY + bytes(1_000_000))
    connection = ServerConnection()
    events_of(connection, [octets[:1000]])
    assert b"connection: close" in wire(connection.send_response(ANSWER)).lower()
    assert events_of(connection, [octets[1000:], post(BODY)]) == [ConnectionClosed()]


def test_endless_chunks_are_not_drained() -> None:
    octets = post(BODY, chunks=[])[:-5]
    connection = ServerConnection()
    events_of(connection, [octets])
    assert b"connection" not in wire(connection.send_response(ANSWER)).lower()
    chunk = b"1000\r\n" + bytes(4096) + b"\r\n"
    events = [events_of(connection, [chunk]) for _ in range(17)]
    assert events == [[]] * 16 + [[ConnectionClosed()]]
    assert events_of(connection, [b"0\r\n\r\n" + post(BODY)]) == [ConnectionClosed()]


@pytest.mark.parametrize("rest", [b"XX", b""], ids=["bad chunk", "end"])
def test_drained_body_that_is_broken(rest: bytes) -> None:
    connection = ServerConnection()
    events_of(connection, [post(BODY, chunks=[])[:-5]])
    connection.send_response(ANSWER)
    assert events_of(connection, [rest]) == [ConnectionClosed()]


# Responses.


def read_response(sent: bytes, *, ended: bool = False) -> tuple[h11.Response, bytes]:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    client.send(h11.EndOfMessage())
    client.receive_data(sent)
    if ended:
        client.receive_data(b"")
    response = client.next_event()
    assert isinstance(response, h11.Response)
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    return response, body


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("length", [0, 6, None])
def test_responses(version: str, length: int | None) -> None:
    connection = ServerConnection()
    events_of(connection, [post(BODY, version=version)])
    sent = connection.send_response(ANSWER, headers=[("X-Y", "z")], document_length=length)
    if length != 0:
        assert connection.response_begun
        assert not connection.response_ended
        document = bytearray(b"abcdef")
        buffers = connection.send_data(document)
        assert any(buffer is document for buffer in buffers)
        sent += buffers + connection.end()
    assert connection.response_ended
    closes = version == "1.0"
    response, body = read_response(wire(sent), ended=closes)
    message, end = decode_prefix(body)
    assert message == ANSWER
    assert body[end:] == (b"" if length == 0 else b"abcdef")
    headers = dict(response.headers)
    assert headers[b"content-type"] == b"application/ipp"
    assert headers[b"x-y"] == b"z"
    assert (b"transfer-encoding" in headers) == (length is None and not closes)
    assert isinstance(connection.next_event(), ConnectionClosed) == closes


def test_misuse() -> None:
    connection = ServerConnection()
    with pytest.raises(LocalProtocolError):
        connection.send_data(b"abc")
    connection = ServerConnection()
    events_of(connection, [post(BODY)])
    connection.send_response(ANSWER, document_length=3)
    with pytest.raises(LocalProtocolError, match="has begun"):
        connection.send_response(ANSWER)
    with pytest.raises(LocalProtocolError, match="4 octets of a body, of which only 3"):
        connection.send_data(b"abcd")
    connection = ServerConnection()
    events_of(connection, [post(BODY)])
    connection.send_response(ANSWER, document_length=3)
    with pytest.raises(LocalProtocolError, match="3 octets earlier"):
        connection.end()


@pytest.mark.parametrize(
    "line",
    [
        ("X", "a\r\nY: b"),
        ("X\r\nY", "b"),
        ("X", "a\0"),
        ("X", "\u20ac"),
        ("\u20ac", "a"),
        ("X", " a"),
        ("X", "a\t"),
        ("", "a"),
        ("X:", "a"),
        ("X", "\x7f"),
    ],
)
def test_headers_cannot_be_injected(line: tuple[str, str]) -> None:
    connection = ServerConnection()
    events_of(connection, [post(BODY)])
    with pytest.raises(LocalProtocolError):
        connection.send_response(ANSWER, headers=[line])


@pytest.mark.parametrize("line", [("Transfer-Encoding", "chunked"), ("content-length", "7")])
def test_headers_do_not_frame_the_body_again(line: tuple[str, str]) -> None:
    connection = ServerConnection()
    events_of(connection, [post(BODY)])
    with pytest.raises(LocalProtocolError, match="frame"):
        connection.send_response(ANSWER, headers=[line])
    assert not connection.response_begun
    assert connection.send_response(ANSWER)


def test_refusal_in_ipp() -> None:
    connection = ServerConnection()
    events_of(connection, [post(BODY)])
    refusal = Refusal(403, "not \x1b you", ipp_status=Status.CLIENT_ERROR_FORBIDDEN)
    message = decode(read_response(wire(connection.send_error(refusal)))[1])
    assert message.code == Status.CLIENT_ERROR_FORBIDDEN
    assert message.version == PRINT_JOB.version
    assert message.operation_attributes["status-message"].value == "not \x1b you"
    assert connection.next_event() is NEED_DATA


# What real clients sent.


@pytest.mark.parametrize("name", [name for name in recorded() if name.endswith("-request.http")])
def test_recorded_requests(name: str) -> None:
    octets = recorded()[name]
    if "-get-" in name:
        assert outcome(octets) == [(405, "the method 'GET', not POST")]
        return
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(octets)
    body = b"".join(
        bytes(event.data)
        for event in itertools.takewhile(
            lambda event: not isinstance(event, h11.EndOfMessage), iter(reader.next_event, 0)
        )
        if isinstance(event, h11.Data)
    )
    message, end = decode_prefix(body)
    head, request, document = accepted(octets)
    assert head.headers.get("expect") == "100-continue"
    assert request.message == message
    assert document == body[end:]


def test_empty_pieces_of_input_are_no_end() -> None:
    """A chunked body may begin with a piece that holds no data at all."""
    connection = ServerConnection()
    octets = post(b"", chunks=[])[:-5]
    events = events_of(connection, [octets, b"3", b"\r\n", encode(PRINT_JOB)[:3], b"\r\n"])
    assert [type(event) for event in events] == [RequestHead]
    assert isinstance(events_of(connection, [chunked(encode(PRINT_JOB)[3:], [])])[0], Request)
