"""Hostile clients against `Server` and `AsyncServer`: each costs bounded time and one line in the log, and nobody else.

The rule of this file: real sockets on loopback. After each attack another client is served, and the attacker's
connection has ended. What the octets of a conversation may do is tested without sockets, in the files of the
connections, of framing and of compression.
"""

import contextlib
import gzip
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest
from authorities import Authority
from http_conversations import ANSWER, PRINT_JOB, post, print_job
from http_servers import DOCUMENT, SECONDS, Printer, connect, uri_of
from http_shells import Serving, wait_until

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag, encode
from ippfast.http import Client, HTTPLimits, IncomingRequest, Refusal, Reply, Server, StatusError
from ippfast.http._server import session

BODY = encode(PRINT_JOB)
QUICK = HTTPLimits(head_time=0.4, idle=0.4, keep_alive=5.0, document=2_000_000)
HEAD = "POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\n"


@pytest.fixture
def printer() -> Printer:
    return Printer()


@pytest.fixture
def server(serving: Serving, printer: Printer) -> Iterator[Server]:
    with serving(printer, limits=QUICK) as running:
        yield running


def status_of(octets: bytes) -> int:
    """The HTTP status; 0 where there is no answer."""
    return int(octets.split(b" ")[1]) if octets.startswith(b"HTTP/1.1 ") else 0


def read_to_end(connection: socket.socket) -> bytes:
    """All that comes until the other side closes, or resets, the connection; TimeoutError where it does neither."""
    octets = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            octets += piece
    return octets


def head(*lines: str) -> bytes:
    return (HEAD + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


def lines_about_clients(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.name.startswith("ippfast")]


# What is sent at once: the octets, and the status that answers them.
AT_ONCE: dict[str, tuple[bytes, int]] = {
    "nothing of HTTP": (b"\x00\x01\x02\x03" * 10, 400),
    "TLS where there is none": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "head of 2 MB in one piece": (head("X: " + "a" * 2_000_000), 431),
    "1,000 header lines": (head(*["X: y"] * 1_000), 431),
    "request-target of 10 kB": (head("Content-Length: 0").replace(b"/ipp/print", b"/" + b"a" * 10_000), 414),
    "HTTP/2.0": (head("Content-Length: 0").replace(b"HTTP/1.1", b"HTTP/2.0"), 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "bare LF": (head("Content-Length: 0").replace(b"\r\n", b"\n"), 400),
    "folded line": (head("X: a", " b", "Content-Length: 0"), 400),
    "space before the colon": (head("Content-Length : 0"), 400),
    "both framings": (
        head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        400,
    ),
    "chunks in HTTP/1.0": (head("Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n", 400),
    "two lengths": (head("Content-Length: 5", "Content-Length: 6") + b"abcdefgh", 400),
    "length with a sign": (head("Content-Length: +5") + b"abcde", 400),
    "length of 21 digits": (head("Content-Length: " + "9" * 21), 400),
    "length of 20 digits": (head("Content-Length: " + "9" * 20), 413),
    "two codings": (head("Transfer-Encoding: gzip, chunked"), 501),
    "chunked twice": (head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 501),
    "folded chunked": (head("Transfer-Encoding:", " chunked") + b"0\r\n\r\n", 400),
    "chunk of 17 digits": (head("Transfer-Encoding: chunked") + b"F" * 17 + b"\r\n", 400),
    "chunk with LF": (head("Transfer-Encoding: chunked") + b"5\nabcde\n0\n\n", 400),
    "chunk that is longer than it says": (head("Transfer-Encoding: chunked") + b"2\r\n" + BODY + b"\r\n", 400),
    "endless extension": (head("Transfer-Encoding: chunked") + b"5;" + b"a" * 100_000, 400),
    "endless trailers": (post(BODY, chunks=[])[:-2] + b"X: y\r\n" * 10_000, 400),
    "one octet a chunk": (
        post(BODY, chunks=[])[:-5] + b"1\r\nA\r\n" * 100_000,
        400,
    ),
    "message without end": (head("Transfer-Encoding: chunked") + b"100000\r\n" + BODY[:-1] + b"\x02" * 0x100000, 413),
    "no IPP": (post(b"%PDF-1.4 is no message"), 400),
    "collections 20,000 deep": (
        post(
            b"\2\0\0\2\0\0\0\1\1\x47\0\x12attributes-charset\0\5utf-8\x34\0\1x\0\0"
            + b"\x4a\0\0\0\1y\x34\0\0\0\0" * 20_000
        ),
        413,
    ),
    "rebinding": (head("Content-Length: 0").replace(b"localhost", b"evil.example"), 400),
    "two hosts": (head("Host: localhost", "Content-Length: 0"), 400),
    "no host": (head("Content-Length: 0").replace(b"Host: localhost\r\n", b""), 400),
    "GET": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    "CONNECT": (b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    "other type": (head("Content-Length: 3").replace(b"application/ipp", b"text/html") + b"abc", 415),
    "unknown encoding": (head("Content-Encoding: br", "Content-Length: 3") + b"abc", 415),
    "message in a bomb": (
        post(gzip.compress(BODY[:-1] + b"\4" * 30_000_000), headers=["Content-Encoding: gzip"]),
        413,
    ),
    "no gzip": (post(b"abcdefghij" * 5, headers=["Content-Encoding: gzip"]), 400),
    "document over the limit": (post(BODY + bytes(3_000_000), chunks=[100_000] * 30), 200),
    "document in a bomb": (post(gzip.compress(BODY + bytes(8_000_000)), headers=["Content-Encoding: gzip"]), 200),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_at_once(server: Server, printer: Printer, name: str, caplog: pytest.LogCaptureFixture) -> None:
    octets, status = AT_ONCE[name]
    with caplog.at_level(logging.INFO, "ippfast"):
        with connect(server) as connection:
            with contextlib.suppress(OSError):  # it may have closed before all was sent
                connection.sendall(octets)
                connection.shutdown(socket.SHUT_WR)
            answer = read_to_end(connection)
        wait_until(lambda: not server._sessions)
    # An answer can be lost where the server closes while the client still sends (RFC 9112 section 9.6).
    assert status_of(answer) == status or (not answer and len(octets) > 100_000)
    assert len(re.findall(rb"HTTP/1\.1 [0-9]", answer)) <= 1
    assert printer.documents == []
    (line,) = lines_about_clients(caplog)
    assert line.isprintable()
    with Client(uri_of(server)) as client:
        assert client.send(PRINT_JOB, b"abc") == ANSWER
    assert printer.documents == [b"abc"]


# What is sent slowly: the octets that come first, those that follow one by one, and the status that answers.
SLOWLY: dict[str, tuple[bytes, bytes, int]] = {
    "nothing": (b"P", b"", 408),
    "head": (HEAD.encode(), b"X: y\r\n" * 100, 408),
    "message": (post(BODY)[: -len(BODY)], BODY, 408),
    "chunk line": (post(BODY, chunks=[])[:-5] + b"5;", b"a" * 200, 408),
    "body that stops": (post(BODY + DOCUMENT)[:-10], b"", 408),
    "chunks that stop": (post(BODY + DOCUMENT, chunks=[100])[:-2], b"", 408),
    "message in chunks of one": (head("Transfer-Encoding: chunked"), b"1\r\n\2\r\n1\r\n\0\r\n1\r\n\0\r\n" * 20, 408),
}


def drip(connection: socket.socket, octets: bytes, stop: threading.Event) -> None:
    with contextlib.suppress(OSError):
        for octet in octets:
            connection.send(bytes([octet]))
            if stop.wait(0.05):
                break


@pytest.mark.parametrize("name", SLOWLY)
def test_slowly(server: Server, name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "RATE_AFTER", 0.2)
    first, rest, status = SLOWLY[name]
    stop = threading.Event()
    with caplog.at_level(logging.INFO, "ippfast"):
        with connect(server) as connection:
            connection.sendall(first)
            dripping = threading.Thread(target=drip, args=(connection, rest, stop))
            dripping.start()
            with Client(uri_of(server)) as client:  # meanwhile
                assert client.send(PRINT_JOB, b"abc") == ANSWER
            answer = read_to_end(connection)
            stop.set()
            dripping.join(SECONDS)
        wait_until(lambda: not server._sessions)
    assert status_of(answer) in (status, 0)  # none, where the reset for what still came was faster
    (line,) = lines_about_clients(caplog)
    assert "408" in line


@pytest.mark.parametrize(("keep_alive", "head_time"), [(0.2, 0.6), (60.0, 0.3)])
def test_each_wait_has_its_own_time(serving: Serving, printer: Printer, keep_alive: float, head_time: float) -> None:
    """The clock that was set for one wait is not the next one's, be that longer or shorter."""
    limits = HTTPLimits(keep_alive=keep_alive, head_time=head_time)
    with serving(printer, limits=limits) as server, connect(server) as connection:
        connection.sendall(post(BODY) + b"P")
        answers = read_to_end(connection)
    assert re.findall(rb"HTTP/1\.1 ([0-9]+)", answers) == [b"200", b"408"]


def test_slow_tls(serving: Serving, printer: Printer, caplog: pytest.LogCaptureFixture) -> None:
    """A handshake that stops, or that never was one, ends; others get through it meanwhile."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority = Authority()
    authority.issue("localhost").serve_with(context)
    hello = ssl.MemoryBIO()
    client_context = ssl.create_default_context()
    authority.trusted_by(client_context)
    with contextlib.suppress(ssl.SSLWantReadError):
        client_context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost").do_handshake()
    octets = hello.read()
    with serving(printer, limits=QUICK, tls=context) as server, caplog.at_level(logging.INFO, "ippfast"):
        for attack in (octets[:1], octets[:50], octets, octets[:5] + bytes(200)):
            caplog.clear()
            with connect(server) as connection:
                connection.sendall(attack)
                raw = socket.create_connection(("localhost", server.port), SECONDS)
                with client_context.wrap_socket(raw, server_hostname="localhost") as other:
                    other.sendall(post(BODY, headers=["Connection: close"]))
                    assert status_of(read_to_end(other)) == 200
                read_to_end(connection)
            wait_until(lambda: not server._sessions)
            assert len(lines_about_clients(caplog)) == 1
    assert len(printer.messages) == 4


def test_client_that_stops_reading(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """It asks for an endless document and takes nothing of it."""
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(65_536)
            yield bytes(65_536)

    server.handler = lambda request: Reply(ANSWER, endless())
    with caplog.at_level(logging.INFO, "ippfast"), connect(server) as connection:
        connection.sendall(post(BODY))
        wait_until(lambda: bool(taken))
        wait_until(lambda: not server._sessions)
    (line,) = lines_about_clients(caplog)
    assert "does not take the answer" in line
    assert sum(taken) < 50_000_000  # what the system's buffers hold


@pytest.mark.parametrize("secure", [False, True])
def test_client_that_reads_slowly(
    serving: Serving,
    printer: Printer,
    secure: bool,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some octets go in each step, and it would be served for ever."""
    monkeypatch.setattr(session, "RATE_AFTER", 0.2)
    authority = Authority()
    context, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue("localhost").serve_with(context)
    authority.trusted_by(trusting)

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(65_536)

    limits = HTTPLimits(idle=60.0, rate=1_000_000_000)
    with (
        serving(printer, limits=limits, tls=context) as server,
        caplog.at_level(logging.INFO, "ippfast"),
        contextlib.ExitStack() as stack,
    ):
        connection = stack.enter_context(connect(server))
        if secure:
            connection = stack.enter_context(trusting.wrap_socket(connection, server_hostname="localhost"))
        server.handler = lambda request: Reply(ANSWER, endless())
        connection.sendall(post(encode(PRINT_JOB)))
        end = time.monotonic() + SECONDS
        with contextlib.suppress(OSError):  # it is reset
            while connection.recv(100_000):
                assert time.monotonic() < end, "it is served for ever"
                time.sleep(0.02)
        wait_until(lambda: not server._sessions)
    (line,) = lines_about_clients(caplog)
    assert "does not take the answer" in line
    assert "octets a second" in line


def test_pipelining_without_reading(server: Server, printer: Printer, caplog: pytest.LogCaptureFixture) -> None:
    """Requests without end whose answers are not taken: they are not carried out either, and nothing piles up."""
    fat = Attribute("x-fat", ValueTag.OCTET_STRING, [bytes(30_000)] * 20)
    large = Message((2, 0), 0, 1, [*ANSWER.groups, AttributeGroup(DelimiterTag.PRINTER, [fat])])
    handled: list[int] = []

    def handle(request: IncomingRequest) -> Message:
        handled.append(1)
        return large

    server.handler = handle
    with caplog.at_level(logging.INFO, "ippfast"), connect(server) as connection:
        connection.settimeout(0.2)
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(post(BODY) * 100)
        wait_until(lambda: not server._sessions)
    assert len(handled) < 100
    assert len(lines_about_clients(caplog)) == 1


def test_pipelined_requests_are_answered_in_order(server: Server, printer: Printer) -> None:
    whole = b"".join(post(BODY + b"%d" % number) for number in range(300))
    with connect(server) as connection:
        sending = threading.Thread(target=connection.sendall, args=(whole,))
        sending.start()
        octets = b""
        while octets.count(b"HTTP/1.1 200 ") < 300:
            piece = connection.recv(65_536)
            assert piece
            octets += piece
        sending.join(SECONDS)
    assert printer.documents == [b"%d" % number for number in range(300)]


def test_one_octet_at_a_time(server: Server, printer: Printer) -> None:
    for octets in (post(BODY + b"abc"), post(BODY + b"abc", chunks=[1] * 500)):
        with connect(server) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in octets:
                connection.send(bytes([octet]))
            assert status_of(connection.recv(65_536)) == 200
    assert printer.documents == [b"abc", b"abc"]


def test_reset_at_many_octets(server: Server, printer: Printer) -> None:
    """No part of a job passes for a job, wherever the connection breaks."""
    outcomes: list[str] = []
    plain = printer.__call__

    def handle(request: IncomingRequest) -> Message | Reply:
        try:
            answer = plain(request)
        except BaseException:
            outcomes.append("broken")
            raise
        outcomes.append("whole")
        return answer

    server.handler = handle
    whole = post(BODY + DOCUMENT, chunks=[10, 1000, 5000])
    places = [*range(0, 300, 23), *range(300, len(whole) - 1, len(whole) // 17), len(whole) - 1]
    for place in places:
        connection = connect(server)
        connection.sendall(whole[:place])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    wait_until(lambda: not server._sessions)
    assert "whole" not in outcomes
    assert printer.documents == []

    def is_answered() -> bool:  # some that were reset may still be in the listener's queue
        with Client(uri_of(server)) as client, contextlib.suppress(StatusError):
            return client.send(PRINT_JOB, DOCUMENT) == ANSWER
        return False

    wait_until(is_answered)
    assert printer.documents == [DOCUMENT]


def test_continue_abuse(server: Server, printer: Printer, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks for a 100 gets one, and must go on in time; or another answer instead, and no request after it."""
    asked = post(BODY, headers=["Expect: 100-continue"])[: -len(BODY)]
    with caplog.at_level(logging.INFO, "ippfast"), connect(server) as connection:
        connection.sendall(asked)
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 ")
    assert answer.count(b" 100 ") == 1
    assert len(lines_about_clients(caplog)) == 1
    other = asked.replace(b"100-continue", b"200-maybe")
    with connect(server) as connection:
        connection.sendall(other + BODY)
        assert status_of(connection.recv(65_536)) == 200

    def refuse(request: IncomingRequest) -> Message:
        raise Refusal(403, "no")

    server.handler = refuse
    with connect(server) as connection:
        connection.sendall(asked + BODY + b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = read_to_end(connection)
    assert status_of(answer) == 403
    assert b"smuggled" not in answer


@pytest.mark.parametrize("where", ["reason", "header"])
def test_what_is_said_of_a_client_is_one_line(server: Server, where: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the log nor the answer's head can be forged by what a handler repeats."""
    evil = "a\x1b[31m\r\nX-Forged: y\r\n\0\u202e\u2028"

    def refuse(request: IncomingRequest) -> Message:
        raise Refusal(403, evil if where == "reason" else "no", headers=[("X-Echo", evil)] if where == "header" else [])

    server.handler = refuse
    with caplog.at_level(logging.INFO, "ippfast"):
        with connect(server) as connection:
            connection.sendall(post(BODY, headers=["Connection: close"]))
            answer = read_to_end(connection)
        wait_until(lambda: not server._sessions)
    assert b"\r\nX-Forged" not in answer.partition(b"\r\n\r\n")[0]
    assert status_of(answer) == (403 if where == "reason" else 0)
    assert all(line.isprintable() for line in lines_about_clients(caplog))
    assert lines_about_clients(caplog)


def test_crowd_of_slow_clients(serving: Serving, printer: Printer) -> None:
    """As many as may connect sit there with half a head: another client is served at once, and all of them go."""
    limits = HTTPLimits(head_time=1.0, connections_per_host=60, connections=100)
    with serving(printer, limits=limits) as server, contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connect(server)) for _ in range(50)]
        for connection in crowd:
            connection.sendall(HEAD.encode())
        with Client(uri_of(server)) as client:
            for _ in range(10):
                assert client.send(PRINT_JOB, b"abc") == ANSWER
        assert [status_of(read_to_end(connection)) for connection in crowd] == [408] * 50
        wait_until(lambda: len(server._sessions) == 0)
        assert not server._per_host


def test_crowd_that_connects_again_and_again(serving: Serving, printer: Printer) -> None:
    """Connections over the limit are closed, and none of them is forgotten in the count."""
    with serving(printer, limits=HTTPLimits(connections_per_host=5, keep_alive=0.3)) as server:
        for _ in range(10):
            with contextlib.ExitStack() as stack:
                for _ in range(20):
                    stack.enter_context(connect(server))
        wait_until(lambda: not server._sessions and not server._per_host)
        with Client(uri_of(server)) as client:
            assert client.send(PRINT_JOB, b"abc") == ANSWER


def test_client_that_goes_on_after_a_refusal(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """An upload that was refused is cut off after a little more of it, whatever the client wants."""

    def refuse(request: IncomingRequest) -> Message:
        raise Refusal(403, "no")

    server.handler = refuse
    sent, begun = 0, time.monotonic()
    with connect(server) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(head("Content-Length: 100000000000") + BODY)
        while time.monotonic() - begun < SECONDS:
            sent += connection.send(bytes(65_536))
    wait_until(lambda: not server._sessions)
    assert sent < 100_000_000


def test_compression_attribute_that_lies(server: Server, printer: Printer, caplog: pytest.LogCaptureFixture) -> None:
    body = encode(print_job(Attribute("compression", ValueTag.KEYWORD, "gzip")))
    bombs = [gzip.compress(bytes(20_000_000)), b"no gzip at all", gzip.compress(DOCUMENT)[:-5]]
    for bomb in bombs:
        caplog.clear()
        with caplog.at_level(logging.INFO, "ippfast"):
            with connect(server) as connection:
                with contextlib.suppress(OSError):
                    connection.sendall(post(body + bomb))
                    connection.shutdown(socket.SHUT_WR)
                answer = read_to_end(connection)
            wait_until(lambda: not server._sessions)
        found = re.search(rb"\r\n\r\n..(..)", answer, re.DOTALL)
        assert found is not None
        assert found[1] in (b"\x04\x10", b"\x04\x08")
        assert len(lines_about_clients(caplog)) == 1
    assert printer.documents == []
