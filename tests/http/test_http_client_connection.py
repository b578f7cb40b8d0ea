"""A client's side of the conversation, without sockets: what goes out, and what each answer becomes.

The rule of this file: every response is fed at once and one octet at a time, with the same result.
"""

import gzip

import h11
import pytest
from http_conversations import ANSWER, PRINT_JOB, cuts, events_of, joined, response, wire
from hypothesis import given
from hypothesis import strategies as st
from vectors import http as recorded

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DecodeError,
    DelimiterTag,
    Limits,
    Message,
    RawValue,
    StringWithLanguage,
    ValueTag,
    decode,
    decode_prefix,
    encode,
)
from ippfast.http import (
    NEED_DATA,
    PAUSED,
    AnswerError,
    ClientConnection,
    ConnectionClosed,
    ConnectionLostError,
    EndOfMessage,
    HTTPLimits,
    InformationalResponse,
    LocalProtocolError,
    RemoteProtocolError,
    Response,
)

DOCUMENT = b"a document\x03 of the answer" * 9
BODY = encode(ANSWER)


def asked(
    limits: HTTPLimits | None = None, request_id: int = PRINT_JOB.request_id, *, strict: bool = False
) -> ClientConnection:
    """A connection on which a request has gone out."""
    connection = ClientConnection(limits, strict=strict)
    message = Message(PRINT_JOB.version, PRINT_JOB.code, request_id, PRINT_JOB.groups)
    connection.send_request(message, target="/ipp/print", host="localhost:631")
    return connection


def outcome(
    octets: bytes,
    limits: HTTPLimits | None = None,
    request_id: int = PRINT_JOB.request_id,
    *,
    ended: bool = False,
    strict: bool = False,
) -> list[object]:
    """The events of a response, the same whether fed at once or one octet at a time."""
    end = [b""] if ended else []
    whole = joined(events_of(asked(limits, request_id, strict=strict), [octets, *end]))
    single = [bytes([octet]) for octet in octets]
    assert joined(events_of(asked(limits, request_id, strict=strict), [*single, *end])) == whole
    return whole


# Requests, read by h11.


def read_request(sent: bytes) -> tuple[h11.Request, bytes]:
    server = h11.Connection(h11.SERVER)
    server.receive_data(sent)
    request = server.next_event()
    assert isinstance(request, h11.Request)
    body = b""
    while isinstance(event := server.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    return request, body


@pytest.mark.parametrize("length", [0, 6, None])
@pytest.mark.parametrize("expect", [False, True])
def test_requests(length: int | None, expect: bool) -> None:
    connection = ClientConnection()
    sent = connection.send_request(
        PRINT_JOB,
        target="/ipp/print?x",
        host="[::1]:631",
        headers=[("User-Agent", "test")],
        document_length=length,
        expect_continue=expect,
    )
    assert not connection.reusable
    assert connection.request_ended == (length == 0)
    if length != 0:
        document = bytearray(b"abcdef")
        buffers = connection.send_data(document)
        assert any(buffer is document for buffer in buffers)
        sent += buffers + connection.end()
    assert connection.request_ended
    request, body = read_request(wire(sent))
    assert (request.method, request.target, request.http_version) == (b"POST", b"/ipp/print?x", b"1.1")
    headers = dict(request.headers)
    assert headers[b"host"] == b"[::1]:631"
    assert headers[b"content-type"] == b"application/ipp"
    assert headers[b"user-agent"] == b"test"
    assert (b"transfer-encoding" in headers) == (length is None) != (b"content-length" in headers)
    assert (headers.get(b"expect") == b"100-continue") == (expect and length != 0)
    message, end = decode_prefix(body)
    assert message == PRINT_JOB
    assert body[end:] == (b"" if length == 0 else b"abcdef")


def test_empty_request() -> None:
    sent = wire(ClientConnection().send_request(None, target="/", host="x"))
    request, body = read_request(sent)
    assert dict(request.headers)[b"content-length"] == b"0"
    assert body == b""


@pytest.mark.parametrize(
    ("target", "host", "line"),
    [
        ("/a b", "x", ("a", "b")),
        ("/\r\nX: y", "x", ("a", "b")),
        ("/", "x\r\nX: y", ("a", "b")),
        ("/", "x", ("a", "b\n")),
    ],
)
def test_heads_cannot_be_injected(target: str, host: str, line: tuple[str, str]) -> None:
    connection = ClientConnection()
    with pytest.raises(LocalProtocolError):
        connection.send_request(PRINT_JOB, target=target, host=host, headers=[line])
    assert connection.reusable
    assert connection.send_request(PRINT_JOB, target="/", host="x")


def test_misuse() -> None:
    connection = ClientConnection()
    with pytest.raises(LocalProtocolError):
        connection.send_data(b"abc")
    connection = asked()
    with pytest.raises(LocalProtocolError, match="no request may be sent"):
        connection.send_request(PRINT_JOB, target="/", host="x")


# Responses.


@pytest.mark.parametrize("chunks", [None, [], [1], [8, 3, 20], [5] * 100])
@pytest.mark.parametrize("document", [b"", DOCUMENT], ids=["no document", "document"])
def test_both_framings(chunks: list[int] | None, document: bytes) -> None:
    events = outcome(response(BODY + document, chunks=chunks))
    answer = events[0]
    assert isinstance(answer, Response)
    assert (answer.status, answer.message) == (200, ANSWER)
    assert answer.headers.get("content-type") == "application/ipp"
    assert events[1:] == [document, EndOfMessage(), PAUSED][document == b"" :]


@given(
    chunks=st.none() | st.lists(st.integers(1, 100), max_size=20),
    places=st.lists(st.integers(0, 2000), max_size=30),
    informational=st.integers(0, 3),
)
def test_however_cut(chunks: list[int] | None, places: list[int], informational: int) -> None:
    octets = b"HTTP/1.1 100 Continue\r\n\r\n" * informational + response(BODY + DOCUMENT, chunks=chunks)
    events = joined(events_of(asked(), cuts(octets, places)))
    assert [type(event) for event in events[:informational]] == [InformationalResponse] * informational
    answer, *rest = events[informational:]
    assert isinstance(answer, Response)
    assert answer.message == ANSWER
    assert rest == [DOCUMENT, EndOfMessage(), PAUSED]


@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n"])
def test_until_the_end(head: bytes) -> None:
    events = outcome(head + b"\r\n" + BODY + DOCUMENT, ended=True)
    assert isinstance(events[0], Response)
    assert events[1:] == [DOCUMENT, EndOfMessage(), ConnectionClosed()]


def test_several_requests() -> None:
    connection = ClientConnection()
    for _ in range(3):
        assert connection.reusable
        connection.send_request(PRINT_JOB, target="/", host="x")
        assert connection.next_event() is NEED_DATA
        events = events_of(connection, [response(BODY, chunks=[])])
        assert [type(event) for event in events] == [Response, EndOfMessage, type(PAUSED)]
    assert connection.reusable
    connection.receive_data(b"")
    assert connection.next_event() == ConnectionClosed()
    assert not connection.reusable


@pytest.mark.parametrize(
    "octets",
    [
        response(BODY, headers=["Connection: close"]),
        response(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"),
        response(BODY, chunks=[], headers=["Content-Length: 5"]),
    ],
    ids=["close", "1.0", "two framings"],
)
def test_not_reusable(octets: bytes) -> None:
    connection = asked()
    events = events_of(connection, [octets])
    assert isinstance(events[0], Response)
    assert events[-1] == ConnectionClosed()
    assert not connection.reusable


def test_early_answer() -> None:
    connection = ClientConnection()
    connection.send_request(PRINT_JOB, target="/", host="x", document_length=None)
    connection.send_data(b"abc")
    events = events_of(connection, [response(BODY)])
    assert [type(event) for event in events] == [Response, EndOfMessage, ConnectionClosed]
    assert not connection.request_ended
    assert not connection.reusable


def test_octets_that_belong_to_no_response() -> None:
    for more in (b"HTTP", b"H"):
        connection = asked()
        assert events_of(connection, [response(BODY)])[-1] is PAUSED
        (error,) = events_of(connection, [more])
        assert isinstance(error, RemoteProtocolError)
        assert not connection.reusable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 426, 500, 503])
def test_other_statuses(status: int) -> None:
    octets = f"HTTP/1.1 {status} X\r\nContent-Type: text/html\r\nContent-Length: 5\r\nX: y\r\n\r\nsorry".encode()
    answer, *rest = outcome(octets)
    assert isinstance(answer, Response)
    assert (answer.status, answer.message, answer.headers.get("x")) == (status, None, "y")
    assert rest == [b"sorry", EndOfMessage(), PAUSED]


def test_status_without_body() -> None:
    answer, *rest = outcome(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert isinstance(answer, Response)
    assert (answer.status, rest) == (204, [EndOfMessage(), PAUSED])


@pytest.mark.parametrize(
    "kind", ["", "Content-Type: application/octet-stream\r\n", "content-type:APPLICATION/IPP;a=b\r\n"]
)
def test_types_of_careless_printers(kind: str) -> None:
    octets = response(BODY).replace(b"Content-Type: application/ipp\r\n", kind.encode())
    assert isinstance(outcome(octets)[0], Response)


@pytest.mark.parametrize("old", [b"\r\n", b"Content-Type: application/ipp"])
def test_line_ends_and_folds_of_old_printers(old: bytes) -> None:
    head, _, body = response(BODY).partition(b"\r\n\r\n")
    head = (head + b"\r\n\r\n").replace(old, b"\n" if old == b"\r\n" else b"Content-Type:\r\n application/ipp")
    answer = outcome(head + body)[0]
    assert isinstance(answer, Response)
    assert answer.message == ANSWER


def test_content_encoding() -> None:
    octets = response(gzip.compress(BODY + DOCUMENT), headers=["Content-Encoding: gzip"])
    assert outcome(octets)[1:] == [DOCUMENT, EndOfMessage(), PAUSED]


REFUSED = {
    "no HTTP": b"220 ftp.example ready\r\n",
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x0a",
    "status line": b"HTTP/1.1 2000 OK\r\n\r\n",
    "HTML": response(b" <html>", headers=["X: y"]).replace(b"application/ipp", b"text/html"),
    "another type": response(b"%PDF-1.7 or so").replace(b"application/ipp", b"application/pdf"),
    "head too large": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000,
    "129 header lines": response(BODY, headers=["X: y"] * 127),
    "many 1xx lines": b"HTTP/1.1 100 OK\r\n" + b"X: y\r\n" * 129 + b"\r\n",
    "not IPP": response(b"<html>" * 50),
    "no message": response(b""),
    "message too large": response(BODY[:-1] + b"\x04" * 70_000 + b"\x03"),
    "bad chunk": response(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"zz",
    "another Content-Encoding": response(BODY, headers=["Content-Encoding: br"]),
    "framings": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    connection = asked()
    error = events_of(connection, [REFUSED[name]])[-1]
    assert isinstance(error, RemoteProtocolError)
    assert not connection.reusable
    assert isinstance(outcome(REFUSED[name])[-1], tuple)


def test_type_that_is_wrong() -> None:
    """The octets decide: some printers name a type that is none, or that of a page."""
    for kind in ("IPP", "text/html", "text/plain", "application/vnd.cups-raw"):
        answer, *rest = outcome(response(BODY).replace(b"application/ipp", kind.encode()))
        assert isinstance(answer, Response)
        assert (answer.message, answer.issues, rest) == (ANSWER, (), [EndOfMessage(), PAUSED])


def test_web_page() -> None:
    for page in (b"<!DOCTYPE html><html>", b"  \n<html>"):
        for kind in (b"application/ipp", b"text/html; charset=utf-8", b"application/octet-stream"):
            error = events_of(asked(), [response(page).replace(b"application/ipp", kind)])[-1]
            assert isinstance(error, AnswerError)
            assert (error.page, error.octets) == (True, page)
            words = "the server answered with a web page: is the path right? try ippfast probe HOST"
            assert str(error) == words
    error = events_of(asked(), [response(b"").replace(b"application/ipp", b"text/html")])[-1]
    assert isinstance(error, AnswerError)


def test_message_that_is_repaired() -> None:
    """All but the damaged value comes through, and the connection goes on."""
    for chunks in (None, [7, 30]):
        answer, *rest = outcome(response(BODY[:-1], chunks=chunks))
        assert isinstance(answer, Response)
        assert answer.message == ANSWER
        assert [issue.code for issue in answer.issues] == ["missing-end"]
        assert rest == [EndOfMessage(), PAUSED]
    begun = encode(
        Message((2, 0), 0, 4711, [AttributeGroup(DelimiterTag.PRINTER, [Attribute("x", 0x34, Collection())])])
    )
    opened = begun.replace(b"\x37\x00\x00\x00\x00", b"") + DOCUMENT
    (answer, *rest) = outcome(response(opened))
    assert isinstance(answer, Response)
    assert answer.message is not None
    assert "x" in answer.message.printer
    assert "unterminated-collection" in [issue.code for issue in answer.issues]
    for octets in (BODY[:-1], opened):
        (error,) = outcome(response(octets), strict=True)
        assert isinstance(error, tuple)


def test_faults_that_the_codec_takes() -> None:
    """A string without its language's length, as an HP sends it, and a number whose last octet seems to be a group."""
    language = Attribute("job-name", ValueTag.NAME_WITH_LANGUAGE, RawValue(b"en\0\x06Report"))
    number = Attribute("job-id", ValueTag.INTEGER, 7)
    group = AttributeGroup(DelimiterTag.JOB, [number, Attribute("x-job", ValueTag.KEYWORD, "y")])
    short = encode(Message((2, 0), 0, 4711, [group])).replace(b"\0\4\0\0\0\7", b"\0\3\0\0\0\7")
    without = encode(Message((2, 0), 0, 4711, [AttributeGroup(DelimiterTag.JOB, [language])]))
    for octets, name, value in ((without, "job-name", StringWithLanguage("Report", "en")), (short, "job-id", 7)):
        answer, *rest = outcome(response(octets + DOCUMENT))
        assert isinstance(answer, Response)
        assert answer.message is not None
        assert answer.message.job.value(name) == value
        assert len(answer.issues) == 1
        assert rest == [DOCUMENT, EndOfMessage(), PAUSED]
        answer = outcome(response(octets), strict=True)[0]
        assert isinstance(answer, Response)
        assert (answer.issues, answer.message) == ((), decode(octets))


def test_message_that_cannot_be_repaired() -> None:
    for octets in (b"", BODY[:7], b"\x02\x00\x00\x00 here goes anything", BODY[:4] + b"\0\0\0\1" + BODY[8:-1]):
        error = events_of(asked(), [response(octets)])[-1]
        assert isinstance(error, AnswerError)
        assert (error.octets, error.page, error.answer) == (octets, False, None)
        assert isinstance(error.__cause__, DecodeError)
        assert "'ippfast capture' saves it" in str(error)


def test_damage_has_a_bound() -> None:
    limits = HTTPLimits(message=Limits(max_octets=len(BODY)))
    error = events_of(asked(limits), [response(b"\x02\x00\x00\x00\0\0\x12\x67\x44" + b"x" * 2 * len(BODY))])[-1]
    assert isinstance(error, AnswerError)


def test_answer_to_another_request() -> None:
    for code, request_id, taken in (
        (0, 4712, False),
        (0x0400, 4712, False),
        (0, 0, False),
        (0x0400, 0, True),
        (0x0503, 0, True),
        (0x0400, 4711, True),
    ):
        message = Message((2, 0), code, request_id, ANSWER.groups)
        for body in (encode(message), encode(message)[:-1]):
            event = events_of(asked(), [response(body)])[0]
            assert isinstance(event, Response if taken else AnswerError), (code, request_id)
        error = events_of(asked(), [response(encode(message))])[-1]
        if isinstance(error, AnswerError):
            assert error.answer == message
            assert str(error) == f"an answer to another request: its request-id is {request_id}, and not 4711"


def test_limits_of_the_caller() -> None:
    limits = HTTPLimits(message=Limits(max_octets=20))
    assert isinstance(outcome(response(BODY), limits)[-1], tuple)


@pytest.mark.parametrize("chunks", [None, [10, 20]])
def test_connection_lost(chunks: list[int] | None) -> None:
    octets = response(BODY + DOCUMENT, chunks=chunks)
    for cut in range(len(octets)):
        error = events_of(asked(), [octets[:cut], b""])[-1]
        assert isinstance(error, RemoteProtocolError)
        head = octets.index(b"\r\n\r\n") + 4
        if cut < head or cut >= head + len(BODY) + 20:
            assert isinstance(error, ConnectionLostError)


# What real servers sent.


@pytest.mark.parametrize("name", [name for name in recorded() if name.endswith("-response.http")])
def test_recorded_responses(name: str) -> None:
    octets = recorded()[name]
    at = octets.find(b"\x01G\x00\x12attributes-charset")
    events = outcome(octets, request_id=int.from_bytes(octets[at - 4 : at], "big") if at > 0 else 1)
    if "-ipp-" not in name:
        assert "an answer of the type 'application/vnd.cups-ppd'" in str(events)
        return
    expected = [InformationalResponse] * ("-continue-" in name) + [Response, EndOfMessage, type(PAUSED)]
    assert [type(event) for event in events] == expected
    answer = events[-3]
    assert isinstance(answer, Response)
    assert answer.message is not None
    assert octets.endswith(b"\r\n\r\n" + encode(answer.message))
