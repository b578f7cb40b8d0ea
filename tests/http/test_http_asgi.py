"""`IPPApplication` as the ASGI specification has it: scopes and events in, events out, without a server.

The rule of this file: what no server does in a test that can be repeated: odd scopes, time-outs, clients that go.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from http_conversations import ANSWER, PRINT_JOB, print_job

from ippfast import Message, decode, encode
from ippfast.enums import Operation, Status
from ippfast.http import AsyncIncomingRequest, AsyncReply, HTTPLimits, Page, PageRequest, RemoteProtocolError
from ippfast.http.asgi import IPPApplication

MESSAGE = encode(PRINT_JOB)


def scope_of(**changes: Any) -> dict[str, Any]:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/ipp/print",
        "raw_path": b"/ipp/print",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/ipp"), (b"transfer-encoding", b"chunked")],
        "client": ("192.0.2.1", 50_000),
        "server": ("127.0.0.1", 631),
    }
    return {**scope, **changes}


def headers(*lines: str) -> list[tuple[bytes, bytes]]:
    pairs = [line.split(": ") for line in ("host: localhost", "content-type: application/ipp", *lines)]
    return [(name.encode(), value.encode()) for name, value in pairs]


def body(*pieces: bytes) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    return [*events, {"type": "http.request"}]


class Exchange:
    """What the application does with a scope and what it receives; after that, nothing comes."""

    def __init__(self, application: IPPApplication, scope: dict[str, Any], events: Iterable[dict[str, Any]]) -> None:
        self.sent: list[dict[str, Any]] = []
        self._events = list(events)
        asyncio.run(asyncio.wait_for(application(scope, self._receive, self._send), 20))  # type: ignore[arg-type]

    async def _receive(self) -> dict[str, Any]:
        if self._events:
            return self._events.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, event: dict[str, Any]) -> None:
        self.sent.append(event)

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        assert [event["type"] for event in self.sent] == ["http.response.start"] + ["http.response.body"] * (
            len(self.sent) - 1
        )
        assert [event["more_body"] for event in self.sent[1:]] == [True] * (len(self.sent) - 2) + [False]
        return b"".join(event["body"] for event in self.sent[1:])


class Printer:
    def __init__(self) -> None:
        self.requests: list[AsyncIncomingRequest] = []
        self.documents: list[bytes] = []

    async def __call__(self, request: AsyncIncomingRequest) -> Message:
        self.requests.append(request)
        self.documents.append(await request.document.read())
        return ANSWER


@pytest.fixture
def printer() -> Printer:
    return Printer()


@pytest.mark.parametrize(
    "pieces", [[MESSAGE], [MESSAGE + b"document"], [MESSAGE[:9], b"", MESSAGE[9:] + b"do", b"cument"]]
)
def test_requests(printer: Printer, pieces: list[bytes]) -> None:
    exchange = Exchange(IPPApplication(printer), scope_of(), body(*pieces))
    assert (exchange.status, exchange.body) == (200, encode(ANSWER))
    assert exchange.headers == {b"content-type": b"application/ipp", b"content-length": b"%d" % len(encode(ANSWER))}
    assert printer.documents == [b"".join(pieces)[len(MESSAGE) :]]
    assert (printer.requests[0].peer, printer.requests[0].secure) == ("192.0.2.1", False)


def test_last_piece_with_octets(printer: Printer) -> None:
    Exchange(IPPApplication(printer), scope_of(), [{"type": "http.request", "body": MESSAGE + b"document"}])
    assert printer.documents == [b"document"]


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({}, "/ipp/print"),
        ({"query_string": b"a=b"}, "/ipp/print?a=b"),
        ({"path": "/ä b", "raw_path": b"/%C3%A4%20b"}, "/%C3%A4%20b"),
        ({"path": "/ä b", "raw_path": None}, "/%C3%A4%20b"),
    ],
)
def test_targets(printer: Printer, changes: dict[str, Any], target: str) -> None:
    Exchange(IPPApplication(printer), scope_of(**changes), body(MESSAGE))
    assert printer.requests[0].head.target == target


def test_scopes_of_other_servers(printer: Printer) -> None:
    """HTTP/2 has no framing in its header lines, and no Connection; a Unix socket has no client's address."""
    application = IPPApplication(printer, limits=HTTPLimits(document=3))
    scope = scope_of(http_version="2", headers=headers(), client=None, scheme="https")
    exchange = Exchange(application, scope, body(MESSAGE, b"abc"))
    assert (exchange.status, printer.documents) == (200, [b"abc"])
    assert (printer.requests[0].peer, printer.requests[0].secure) == ("", True)
    exchange = Exchange(application, scope, body(MESSAGE, b"abcd"))
    assert decode(exchange.body).status is Status.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE
    assert b"connection" not in exchange.headers


REFUSED = {
    "no body": (400, headers(), [MESSAGE]),
    "two framings": (400, headers("content-length: 4", "transfer-encoding: chunked"), [MESSAGE]),
    "no length": (400, headers("content-length: +4"), [MESSAGE]),
    "another type": (415, [(b"host", b"localhost"), (b"content-type", b"text/plain")], [MESSAGE]),
    "announced too large": (413, headers("content-length: 99999999999"), [MESSAGE]),
    "no IPP": (400, headers("transfer-encoding: chunked"), [b"\2\0\0\2\0\0\0\1\x21"]),
    "message cut": (400, headers("transfer-encoding: chunked"), [MESSAGE[:-1]]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(printer: Printer, case: str) -> None:
    status, lines, pieces = REFUSED[case]
    application = IPPApplication(printer, limits=HTTPLimits(document=1_000_000))
    exchange = Exchange(application, scope_of(headers=lines), body(*pieces))
    assert exchange.status == status
    assert exchange.headers[b"connection"] == b"close"
    assert exchange.body.endswith(b"\n")
    assert printer.requests == []


@pytest.mark.parametrize(("length", "closes"), [(100, False), (10_000, True), (None, True)])
def test_what_is_left_of_a_body(length: int | None, closes: bool) -> None:
    """More than ``limits.drain`` is left, or nobody knows how much: the server is told to close."""

    async def handle(request: AsyncIncomingRequest) -> Message:
        return ANSWER

    lines = headers("transfer-encoding: chunked" if length is None else f"content-length: {len(MESSAGE) + length}")
    application = IPPApplication(handle, limits=HTTPLimits(drain=1_000))
    exchange = Exchange(application, scope_of(headers=lines), body(MESSAGE))
    assert exchange.status == 200
    assert (exchange.headers.get(b"connection") == b"close") == closes


def test_refused_before_the_body_is_asked_for(printer: Printer) -> None:
    lines = headers(f"content-length: {len(MESSAGE)}", "expect: 100-continue")
    exchange = Exchange(IPPApplication(printer, require_tls=True), scope_of(headers=lines), [])
    assert exchange.status == 426
    assert (b"upgrade", b"TLS/1.2, HTTP/1.1") in exchange.sent[0]["headers"]
    assert (b"connection", b"close") in exchange.sent[0]["headers"]


@pytest.mark.parametrize(
    ("host", "location"),
    [
        ("localhost", b"https://localhost/page?a=b"),
        ("localhost:80", b"https://localhost/page?a=b"),
        ("[::1]:80", b"https://[::1]/page?a=b"),
        ("localhost:8000", None),  # where TLS is then, nobody has said
    ],
)
def test_a_browser_is_sent_to_tls(printer: Printer, host: str, location: bytes | None) -> None:
    async def show(request: PageRequest) -> Page | None:
        raise AssertionError

    application = IPPApplication(printer, require_tls=True, pages=show)
    lines = [(b"host", host.encode()), (b"content-type", b"application/ipp")]
    for method in ("GET", "HEAD", "POST"):
        scope = scope_of(method=method, raw_path=b"/page", query_string=b"a=b", headers=lines)
        exchange = Exchange(application, scope, [])
        sent = method != "POST" and location is not None
        assert exchange.status == (307 if sent else 426)
        assert exchange.headers.get(b"location") == (location if sent else None)


@pytest.mark.parametrize(("host", "status"), [("localhost:8000", 200), ("192.0.2.7", 200), ("evil.example", 400)])
def test_a_host_line_that_names_somebody_else(printer: Printer, host: str, status: int) -> None:
    lines = [(name, value) for name, value in scope_of()["headers"] if name != b"host"]
    scope = scope_of(headers=[*lines, (b"host", host.encode())])
    assert Exchange(IPPApplication(printer), scope, body(MESSAGE)).status == status
    assert Exchange(IPPApplication(printer, hosts=None), scope, body(MESSAGE)).status == 200


def test_pages() -> None:
    async def show(request: PageRequest) -> Page | None:
        return Page(200, "text/plain", b"page") if request.head.target == "/page" else None

    async def handle(request: AsyncIncomingRequest) -> Message:
        raise AssertionError

    application = IPPApplication(handle, pages=show)
    for method, content in (("GET", b"page"), ("HEAD", b"")):
        scope = scope_of(method=method, path="/page", raw_path=b"/page", headers=[(b"host", b"localhost")])
        exchange = Exchange(application, scope, body())
        assert (exchange.status, exchange.body) == (200, content)
        assert exchange.headers[b"content-length"] == b"4"
    assert Exchange(application, scope_of(method="GET", headers=[(b"host", b"localhost")]), body()).status == 404
    assert Exchange(IPPApplication(handle), scope_of(method="GET", headers=[]), body()).status == 405


def test_answer_in_pieces() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a" * 100_000
        yield b""
        yield b"b"

    async def handle(request: AsyncIncomingRequest) -> AsyncReply:
        return AsyncReply(ANSWER, pieces())

    exchange = Exchange(IPPApplication(handle), scope_of(), body(MESSAGE))
    assert exchange.body == encode(ANSWER) + b"a" * 100_000 + b"b"
    assert b"content-length" not in exchange.headers
    assert max(len(event["body"]) for event in exchange.sent[1:]) <= 65_536


@pytest.mark.parametrize("beginning", [b"", MESSAGE[:20], MESSAGE, MESSAGE + b"document"])
def test_client_that_goes(beginning: bytes) -> None:
    errors: list[RemoteProtocolError] = []

    async def handle(request: AsyncIncomingRequest) -> Message:
        try:
            await request.document.read()
        except RemoteProtocolError as error:
            errors.append(error)
            raise
        return ANSWER

    events: list[dict[str, Any]] = [*body(beginning)[:1], {"type": "http.disconnect"}]
    exchange = Exchange(IPPApplication(handle), scope_of(), events)
    assert exchange.sent == []
    assert len(errors) == beginning.startswith(MESSAGE)


WAITS = encode(print_job(operation=Operation.GET_NOTIFICATIONS))


@pytest.mark.parametrize("pieces", [[WAITS], [WAITS[:20], WAITS[20:]], [WAITS, b""]])
def test_client_that_leaves_a_handler_that_waits(pieces: list[bytes]) -> None:
    """Though the end of the body comes in an event of its own, which nobody has asked for before the client leaves."""

    async def handle(request: AsyncIncomingRequest) -> Message:
        while not request.gone():
            await asyncio.sleep(0)
        return ANSWER

    Exchange(IPPApplication(handle), scope_of(), [*body(*pieces), {"type": "http.disconnect"}])


@pytest.mark.parametrize("turns", range(6))
def test_body_of_a_client_that_is_watched(turns: int) -> None:
    """Whoever watches for its leaving takes nothing from the handler, whenever that reads."""
    read = []

    async def handle(request: AsyncIncomingRequest) -> Message:
        for _ in range(turns):
            await asyncio.sleep(0)
        read.append(await request.document.read())
        return ANSWER

    exchange = Exchange(IPPApplication(handle), scope_of(), body(WAITS, b"docu", b"", b"ment"))
    assert (exchange.status, read) == (200, [b"document"])


@pytest.mark.parametrize("beginning", [MESSAGE[:20], MESSAGE])
def test_client_that_does_not_go_on(printer: Printer, beginning: bytes) -> None:
    application = IPPApplication(printer, limits=HTTPLimits(head_time=0.05, idle=0.05))
    exchange = Exchange(application, scope_of(), body(beginning)[:1])
    assert (exchange.status, exchange.headers[b"connection"]) == (408, b"close")
    assert printer.documents == []


def test_handler_that_fails() -> None:
    async def fail(request: AsyncIncomingRequest) -> Message:
        raise RuntimeError("secret")

    exchange = Exchange(IPPApplication(fail), scope_of(), body(MESSAGE))
    assert exchange.status == 500
    assert b"secret" not in exchange.body


# Lifespan, and what is not HTTP.


def live(application: IPPApplication) -> list[dict[str, Any]]:
    return Exchange(
        application, {"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    ).sent


def test_lifespan(printer: Printer) -> None:
    calls: list[str] = []

    @asynccontextmanager
    async def span() -> AsyncIterator[None]:
        calls.append("up")
        yield
        calls.append("down")

    complete = [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
    assert live(IPPApplication(printer)) == complete
    assert live(IPPApplication(printer, lifespan=span)) == complete
    assert calls == ["up", "down"]


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
def test_lifespan_that_fails(printer: Printer, phase: str) -> None:
    @asynccontextmanager
    async def span() -> AsyncIterator[None]:
        if phase == "startup":
            raise RuntimeError("no spool")
        yield
        raise RuntimeError("no spool")

    assert live(IPPApplication(printer, lifespan=span))[-1] == {
        "type": f"lifespan.{phase}.failed",
        "message": "no spool",
    }


def test_other_scopes(printer: Printer) -> None:
    application = IPPApplication(printer)
    assert Exchange(application, {"type": "websocket"}, []).sent == [{"type": "websocket.close"}]
    with pytest.raises(ValueError, match="not 'telnet'"):
        Exchange(application, {"type": "telnet"}, [])


def test_forms(printer: Printer) -> None:
    class Forms:
        takes_forms = True
        form: object = None

        async def __call__(self, request: PageRequest) -> Page:
            self.form = request.form
            return Page(200, "text/plain", b"page")

    pages = Forms()
    lines = [(b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded")]
    exchange = Exchange(
        IPPApplication(printer, pages=pages),
        scope_of(headers=[*lines, (b"content-length", b"7")]),
        body(b"a=b", b"&c=d"),
    )
    assert (exchange.status, exchange.body, pages.form) == (200, b"page", {"a": "b", "c": "d"})
    assert printer.requests == []
