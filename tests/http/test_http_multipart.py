"""Answers of several messages, multipart/related (RFC 3996 section 5.2): each part becomes a message as it arrives.

The rule of this file: every body is fed at once, one octet at a time and cut anywhere, with the same result.
"""

from email.message import EmailMessage
from email.policy import HTTP

import pytest
from http_conversations import ANSWER, PRINT_JOB, cuts, events_of, joined, response
from hypothesis import given
from hypothesis import strategies as st

from ippfast import Message, encode
from ippfast.http import (
    PAUSED,
    ClientConnection,
    ConnectionLostError,
    EndOfMessage,
    FurtherMessage,
    Headers,
    HTTPLimits,
    Response,
)
from ippfast.http._wire.multipart import PART, PartSplitter, boundary_of

BODY = encode(ANSWER)
TYPE = "Content-Type: application/ipp\r\n"


def parts(*bodies: bytes, boundary: str = "a.b", head: str = TYPE, end: str = "--\r\n", preamble: str = "") -> bytes:
    octets = preamble.encode()
    for body in bodies:
        octets += f"--{boundary}\r\n{head}\r\n".encode() + body + b"\r\n"
    return octets + f"--{boundary}{end}".encode()


def answer(body: bytes, kind: str = 'multipart/related; type="application/ipp"; boundary=a.b', **more: object) -> bytes:
    octets = response(body, **more)  # type: ignore[arg-type]
    return octets.replace(b"application/ipp", kind.encode(), 1)


def asked(limits: HTTPLimits | None = None) -> ClientConnection:
    connection = ClientConnection(limits)
    connection.send_request(PRINT_JOB, target="/", host="x")
    return connection


def outcome(octets: bytes, limits: HTTPLimits | None = None, *, ended: bool = False) -> list[object]:
    end = [b""] if ended else []
    whole = joined(events_of(asked(limits), [octets, *end]))
    assert joined(events_of(asked(limits), [*(bytes([octet]) for octet in octets), *end])) == whole
    return whole


GOOD = {
    "one": parts(BODY),
    "three": parts(BODY, BODY, BODY),
    "preamble": parts(BODY, preamble="hello\r\n"),
    "quoted": parts(BODY),
    "more in the head": parts(BODY, head="Content-ID: <1>\r\ncontent-type:APPLICATION/IPP; x=y\r\n"),
    "no head": parts(BODY, head=""),
    "white space": parts(BODY, end="-- \t\r\n").replace(b"a.b\r\n", b"a.b \t \r\n", 1),
    "epilogue": parts(BODY) + b"\r\n--a.b\r\n",
    "no line end at the end": parts(BODY, end="--"),
    "octets behind a message": parts(BODY + b"\r\n--a.", BODY + b"\r\n\r\n"),
    "another type": parts(b"hello", head="Content-Type: text/plain\r\n", end="\r\n") + parts(BODY)[7:],
    "no last boundary": parts(BODY, BODY, end=""),
}


@pytest.mark.parametrize("chunks", [None, [1, 2, 3, 40]])
@pytest.mark.parametrize("name", GOOD)
def test_parts(name: str, chunks: list[int] | None) -> None:
    kind = 'multipart/related; boundary="a.b"' if name == "quoted" else "Multipart/Related;charset=x;Boundary=a.b"
    first, *rest = outcome(answer(GOOD[name], kind, chunks=chunks))
    assert isinstance(first, Response)
    assert first.message == ANSWER
    count = {"three": 2, "octets behind a message": 1, "no last boundary": 1}.get(name, 0)
    assert rest == [FurtherMessage(ANSWER)] * count + [EndOfMessage(), PAUSED]


@given(
    bodies=st.lists(st.binary(max_size=40), min_size=1, max_size=5),
    places=st.lists(st.integers(0, 500), max_size=20),
)
def test_every_octet_of_every_part(bodies: list[bytes], places: list[int]) -> None:
    bodies = [body for body in bodies if b"\r\n--a.b" not in b"\r\n" + body + b"\r\n"]
    splitter, found = PartSplitter(b"a.b", HTTPLimits()), []
    for piece in cuts(parts(*bodies), places):
        splitter.feed(piece)
        while (octets := splitter.read()) is not None:
            if octets is PART:
                assert splitter.content_type == "application/ipp"
                found.append(b"")
            else:
                assert isinstance(octets, bytes)
                found[-1] += octets
    assert found == bodies
    assert splitter.ended


@pytest.mark.parametrize("count", [1, 3])
def test_what_the_standard_library_makes(count: int) -> None:
    made = EmailMessage(HTTP)
    made.make_related()
    for _ in range(count):
        made.add_related(BODY, "application", "ipp", cte="binary")
    body = made.as_bytes().partition(b"\r\n\r\n")[2]
    first, *rest = outcome(answer(body, made["Content-Type"]))
    assert isinstance(first, Response)
    assert first.message == ANSWER
    assert rest == [FurtherMessage(ANSWER)] * (count - 1) + [EndOfMessage(), PAUSED]


def test_each_message_is_there_at_once() -> None:
    """Not only when the next one comes."""
    connection = asked()
    head, _, body = answer(parts(BODY, BODY), chunks=[]).partition(b"\r\n\r\n")
    first_end = body.index(BODY) + len(BODY)
    (event,) = events_of(connection, [head + b"\r\n\r\n", body[:first_end]])
    assert isinstance(event, Response)
    second_end = body.index(BODY, first_end) + len(BODY)
    assert events_of(connection, [body[first_end:second_end]]) == [FurtherMessage(ANSWER)]
    assert events_of(connection, [body[second_end:]]) == [EndOfMessage(), PAUSED]


BAD = {
    "no boundary": (parts(BODY), "multipart/related"),
    "empty boundary": (parts(BODY), 'multipart/related; boundary=""'),
    "bad boundary": (parts(BODY), 'multipart/related; boundary="a\tb"'),
    "long boundary": (parts(BODY), "multipart/related; boundary=" + "a" * 71),
    "no parts": (parts(), None),
    "no multipart at all": (BODY, None),
    "message of 7 octets": (parts(BODY[:7]), None),
    "second message of another request": (parts(BODY, BODY[:7] + b"\0" + BODY[8:]), None),
    "no IPP": (parts(b"<html>" * 9), None),
    "boundary that goes on": (parts(BODY).replace(b"a.b\r\n", b"a.bc\r\n", 1), None),
    "long preamble": (parts(BODY, preamble="x" * 20_000), None),
    "long head": (parts(BODY, head="X: " + "y" * 20_000 + "\r\n"), None),
    "endless head": (b"--a.b\r\nX: " + b"y" * 20_000, None),
    "endless boundary line": (b"--a.b" + b" " * 20_000, None),
    "other types": (parts(BODY, head="Content-Type: text/html\r\n"), None),
    "large message": (parts(BODY[:-1] + b"\x04" * 70_000 + b"\x03"), None),
}


@pytest.mark.parametrize("name", BAD)
def test_refused(name: str) -> None:
    body, kind = BAD[name]
    octets = answer(body) if kind is None else answer(body, kind)
    (*_, error) = outcome(octets)
    assert isinstance(error, tuple)


def test_messages_that_are_repaired() -> None:
    first, second, *rest = outcome(answer(parts(BODY[:-1], BODY[:-1])))
    assert isinstance(first, Response)
    assert isinstance(second, FurtherMessage)
    assert first.message == second.message == ANSWER
    assert [[issue.code for issue in each.issues] for each in (first, second)] == [["missing-end"]] * 2
    assert rest == [EndOfMessage(), PAUSED]


def test_connection_lost() -> None:
    octets = answer(parts(BODY, BODY), chunks=[50])
    for cut in range(len(octets) - 1):
        error = events_of(asked(), [octets[:cut], b""])[-1]
        assert isinstance(error, ConnectionLostError), cut


def test_nothing_gathers() -> None:
    splitter = PartSplitter(b"b", HTTPLimits())
    splitter.feed(b"--b\r\n\r\n")
    assert splitter.read() is PART
    for _ in range(100):
        splitter.feed(b"\r\n--" * 1_000)
        while splitter.read() is not None:
            pass
        assert len(splitter._buffer) < 10
    splitter.feed(b"\r\n--b--")
    while splitter.read() is not None:
        pass
    splitter.feed(bytes(100_000))
    assert splitter.ended
    assert not splitter._buffer


@pytest.mark.parametrize("kind", ["multipart/related; boundary=a", 'x; a=b;boundary="a"', 'x; boundary="\\a" ; c=d'])
def test_boundaries(kind: str) -> None:
    assert boundary_of(Headers([("content-type", kind)])) == b"a"


def test_message_type() -> None:
    assert isinstance(FurtherMessage(ANSWER).message, Message)
