"""A server's rules of time and order, without I/O: the steps that it asks for, by a clock that the test turns.

The rule of this file: `Script` plays client and clock; what a session does is seen in its steps alone.
"""

import tempfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from http_conversations import ANSWER, PRINT_JOB, post, print_job, wire

from ippfast import Attribute, Message, ValueTag, encode
from ippfast.http import (
    BasicAuthenticator,
    HTTPLimits,
    IncomingDocument,
    IncomingRequest,
    Parts,
    Reply,
    ServerConnection,
    Wait,
)
from ippfast.http._server.channel import BlockingHooks
from ippfast.http._server.service import Service
from ippfast.http._server.session import Session
from ippfast.http._wire.coroutines import run

BODY = encode(PRINT_JOB) + bytes(10_000)
JUDGING_BY_MESSAGE: dict[str, Any] = {
    "authenticator": BasicAuthenticator(lambda user, password: False, insecure=True),
    "anonymous": lambda head, message: False,
}


class Script(BlockingHooks):
    """Serves with what is to arrive: (after so many seconds, octets). What goes out is in ``sent``."""

    def __init__(
        self,
        arrivals: list[tuple[float, bytes]],
        handler: Callable[[IncomingRequest], Any] | None = None,
        **options: Any,
    ) -> None:
        limits = options.pop("limits", HTTPLimits())
        service: Service[Any, Any, Any] = Service(handler or self.read, limits=limits, **options)
        service.request_type = IncomingRequest
        self.service = service
        self.now = 1_000.0
        self.sent = b""
        self.steps: list[Any] = []
        self.documents: list[bytes] = []
        self._arrivals = list(arrivals)
        connection = ServerConnection(limits, methods=service.methods, forms=service.forms)
        self.session = Session(
            service,
            connection,
            self,
            "192.0.2.1",
            secure=False,
            open_document=lambda session, turn: IncomingDocument(
                lambda: run(session.document_event(turn)),
                lambda: session.ready_event(turn),
                lambda: session.bare_octets(turn),
                lambda buffer: run(session.fill(turn, buffer)),
            ),
            clock=lambda: self.now,
        )

    def serve(self) -> "Script":
        run(self.session.serve())
        return self

    def read(self, request: IncomingRequest) -> Message:
        self.documents.append(request.document.read())
        return ANSWER

    # The channel: each of its steps is written down.

    def arrive(self, seconds: float) -> bytes | None:
        if not self._arrivals or self._arrivals[0][0] > seconds:
            self.now += seconds
            return None
        delay, octets = self._arrivals.pop(0)
        self.now += delay
        return octets

    async def receive(self, seconds: float) -> bytes | None:
        self.steps.append(("receive", seconds))
        return self.arrive(seconds)

    async def fill(self, buffer: memoryview, seconds: float) -> int | None:
        self.steps.append(("fill", seconds))
        octets = self.arrive(seconds)
        if octets is None:
            return None
        size = min(len(buffer), len(octets))
        buffer[:size] = octets[:size]
        if size < len(octets):
            self._arrivals.insert(0, (0, octets[size:]))
        return size

    async def send(self, buffers: list[Any], seconds: float) -> None:
        self.steps.append(("send", seconds, buffers))
        self.sent += wire(buffers)

    async def start_tls(self) -> None:
        self.steps.append(("start_tls",))

    async def wait(self, wait: Wait, over: Callable[[], bool]) -> None:
        self.steps.append(("wait", wait.seconds))

    async def call_hook(self, hook: Callable[[Any], Any], argument: object, *, blocks: bool = False) -> Any:
        self.steps.append(("call", hook))
        return await super().call_hook(hook, argument, blocks=blocks)

    async def close_pieces(self, pieces: Any) -> None:
        self.steps.append(("close",))
        await super().close_pieces(pieces)

    @property
    def waits(self) -> list[float]:
        return [step[1] for step in self.steps if step[0] == "receive"]


def slowly(octets: bytes, size: int, seconds: float) -> list[tuple[float, bytes]]:
    return [(seconds, octets[at : at + size]) for at in range(0, len(octets), size)]


def test_waits() -> None:
    """For the next request, for head and message together, and for each piece of the document."""
    octets = post(BODY)
    first, second = octets[:20], octets[20:300]
    script = Script([(1, first), (2, second), (3, octets[300:])]).serve()
    assert script.waits == [10.0, 10.0, 30.0, 10.0]
    assert script.sent.endswith(encode(ANSWER))
    script = Script([(1, first), (6, octets[20:30]), (3, octets[30:])]).serve()
    assert script.waits == [10.0, 10.0, 4.0, 10.0]
    assert script.documents == [bytes(10_000)]


def test_nothing_comes() -> None:
    script = Script([], limits=HTTPLimits(keep_alive=7)).serve()
    assert (script.waits, script.sent, script.now) == ([7], b"", 1_007.0)


@pytest.mark.parametrize("size", [1, 60])
def test_head_and_message_have_one_time(size: int) -> None:
    script = Script(slowly(post(BODY), size, 4.0)).serve()
    assert script.sent.startswith(b"HTTP/1.1 408 ")
    assert script.now == 1_000 + 4 + 10
    assert script.documents == []


def test_each_request_has_a_time_of_its_own() -> None:
    octets = post(encode(PRINT_JOB))
    script = Script([(9, octets[:20]), (8, octets[20:])] * 3).serve()
    assert script.sent.count(encode(ANSWER)) == 3


@pytest.mark.parametrize(("size", "enough"), [(900, False), (1_100, True)])
def test_rate(size: int, enough: bool) -> None:
    octets = post(encode(PRINT_JOB) + bytes(30_000))
    start = len(octets) - 30_000
    script = Script([(0, octets[:start]), *slowly(octets[start:], size, 1.0)]).serve()
    assert script.documents == ([bytes(30_000)] if enough else [])
    assert script.sent.startswith(b"HTTP/1.1 200 " if enough else b"HTTP/1.1 408 ")
    if not enough:
        assert script.now == 1_011.0  # as soon as ten seconds are over


@pytest.mark.parametrize(("seconds", "enough"), [(899.0, True), (901.0, False)])
def test_a_document_may_rest_if_the_limits_say_so(seconds: float, enough: bool) -> None:
    """For longer than head and message have, and at any rate."""
    octets = post(encode(PRINT_JOB) + bytes(30))
    start = len(octets) - 30
    limits = HTTPLimits(rest=900.0)
    script = Script([(0, octets[:start]), *slowly(octets[start:], 10, seconds)], limits=limits).serve()
    assert script.documents == ([bytes(30)] if enough else [])
    assert script.waits[-1] == (10.0 if enough else 900.0)
    script, written = spooled([(0, octets[:start]), *slowly(octets[start:], 10, seconds)], limits=limits)
    assert written == (bytes(30) if enough else b"")
    late = Script(slowly(octets, 60, 4.0), limits=limits).serve()  # as for others
    assert late.sent.startswith(b"HTTP/1.1 408 ")


def spooled(arrivals: list[tuple[float, bytes]], **options: Any) -> tuple[Script, bytes]:
    """A session whose handler writes the document to a file, and that."""
    with tempfile.TemporaryFile() as file:

        def handle(request: IncomingRequest) -> Message:
            request.document.write_to(file.fileno())
            return ANSWER

        script = Script(arrivals, handle, **options).serve()
        file.seek(0)
        return script, file.read()


def fills(script: Script) -> int:
    return sum(step[0] == "fill" for step in script.steps)


@pytest.mark.parametrize(("size", "enough"), [(900, False), (1_100, True)])
def test_rate_on_the_way_to_a_file(size: int, enough: bool) -> None:
    octets = post(encode(PRINT_JOB) + bytes(30_000))
    start = len(octets) - 29_990
    script, document = spooled([(0, octets[:start]), *slowly(octets[start:], size, 1.0)])
    assert fills(script) >= 10
    assert script.sent.startswith(b"HTTP/1.1 200 " if enough else b"HTTP/1.1 408 ")
    if enough:
        assert document == bytes(30_000)
    else:
        assert script.now == 1_011.0


def test_idle_on_the_way_to_a_file() -> None:
    script, document = spooled([(0, post(BODY)[:-9_000])])
    assert (script.now, document) == (1_030.0, bytes(1_000))
    assert script.sent.startswith(b"HTTP/1.1 408 ")


def test_nothing_is_filled_before_it_was_asked_for() -> None:
    """The document's beginning came along unasked; the client waits for 100 with the rest."""
    octets = post(BODY, headers=["Expect: 100-continue"])
    script, document = spooled([(0, octets[:-9_000]), (0, octets[-9_000:-8_000]), (0, octets[-8_000:])])
    assert script.sent.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert document == bytes(10_000)
    assert fills(script) == 1


@pytest.mark.parametrize(
    "octets",
    [
        post(BODY, chunks=[5_000, 5_000]),
        post(zlib.compress(BODY, 0), headers=["Content-Encoding: deflate"]),
        post(
            encode(print_job(Attribute("compression", ValueTag.KEYWORD, "deflate"))) + zlib.compress(bytes(10_000), 0)
        ),
    ],
    ids=["chunks", "Content-Encoding", "compression"],
)
def test_what_is_not_the_document_as_it_is_fills_nothing(octets: bytes) -> None:
    script, document = spooled([(0, octets[:3_000]), *slowly(octets[3_000:], 1_000, 0.1)])
    assert document == bytes(10_000)
    assert fills(script) == 0


def test_a_handler_may_take_its_time() -> None:
    """Only what the client makes the server wait for counts."""

    def handle(request: IncomingRequest) -> Message:
        request.document.read(10)
        script.now += 1_000
        request.document.read()
        return ANSWER

    octets = post(BODY)
    script = Script([(0, octets[:-9_000]), (1, octets[-9_000:])], handle)
    script.serve()
    assert script.sent.endswith(encode(ANSWER))


def test_stopping() -> None:
    """The answer says that the connection ends, and no request is waited for."""

    def handle(request: IncomingRequest) -> Message:
        request.document.read()
        script.service.stopping = True
        return ANSWER

    script = Script([(0, post(BODY)), (0, post(BODY))], handle)
    script.serve()
    assert script.sent.count(encode(ANSWER)) == 1
    assert b"connection: close" in script.sent.lower()
    assert len(script.waits) == 1


def test_continue_comes_when_it_is_granted_or_octets_are_needed() -> None:
    octets = post(BODY, headers=["Expect: 100-continue"])
    head = octets.index(b"\r\n\r\n") + 4
    for first in (head, head + 10, len(octets) - 10_000):
        script = Script([(0, octets[:first]), (0, octets[first:])]).serve()
        assert script.sent.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
        sends = [index for index, step in enumerate(script.steps) if step[0] == "send"]
        receives = [index for index, step in enumerate(script.steps) if step[0] == "receive"]
        assert receives[0] < sends[0] < receives[1]


@pytest.mark.parametrize(("delay", "asked"), [(0.1, False), (0.3, True)])
def test_a_message_that_comes_unasked_decides_before_a_document_is_asked_for(delay: float, asked: bool) -> None:
    """CUPS sends head and message apart, and takes no 401 once it has been told to continue."""
    octets = post(BODY, headers=["Expect: 100-continue"])
    head = octets.index(b"\r\n\r\n") + 4
    end = len(octets) - 10_000
    arrivals = [(0.0, octets[:head]), (delay, octets[head : end - 5]), (delay, octets[end - 5 : end])]
    script = Script(arrivals, **JUDGING_BY_MESSAGE).serve()
    assert (b"HTTP/1.1 100 " in script.sent) is asked
    assert b"HTTP/1.1 401 " in script.sent
    assert script.waits[:3] == pytest.approx([10.0, 0.2, 9.8] if asked else [10.0, 0.2, 0.2])


def test_a_document_is_asked_for_at_once() -> None:
    """Only the message is worth a wait: the user is known when the document's turn comes."""
    octets = post(BODY, headers=["Expect: 100-continue"])
    end = len(octets) - 10_000
    options = {**JUDGING_BY_MESSAGE, "anonymous": lambda head, message: True}
    script = Script([(0.0, octets[:end]), (0.3, octets[end:])], **options).serve()
    assert script.sent.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert script.waits[:2] == [10.0, 30.0]


def test_a_message_that_comes_unasked_has_its_time_too() -> None:
    octets = post(BODY, headers=["Expect: 100-continue"])
    head = octets.index(b"\r\n\r\n") + 4
    script = Script([(0.0, octets[:head]), *slowly(octets[head:], 1, 0.15)], **JUDGING_BY_MESSAGE).serve()
    assert b"HTTP/1.1 408 " in script.sent
    assert 1_009.0 < script.now <= 1_010.5


def test_time_for_an_answer() -> None:
    """Ten seconds, and one for each ``limits.rate`` octets; what was waited is gone, the next has its own."""

    class Slow(Script):
        async def send(self, buffers: list[Any], seconds: float) -> None:
            self.now += 5
            await super().send(buffers, seconds)

    octets = post(encode(PRINT_JOB))
    pieces = [bytes(2_000), bytes(1_000)]
    limits = HTTPLimits(rate=1_000)
    script = Slow([(0, octets), (0, octets)], lambda request: Reply(ANSWER, iter(pieces), 3_000), limits=limits).serve()
    first = len(script.sent) // 2 - 3_000  # of an answer: head and message
    times = [step[1] for step in script.steps if step[0] == "send" and step[2]]
    wanted = [10 + first / 1_000, 10 + (first + 2_000) / 1_000 - 5, 10 + (first + 3_000) / 1_000 - 10]
    assert times == pytest.approx(wanted * 2)
    limits = HTTPLimits(rate=0)
    script = Script([(0, octets)], lambda request: ANSWER, limits=limits).serve()
    assert [step[1] for step in script.steps if step[0] == "send"] == [float("inf")]


def test_pieces_are_closed_when_sending_fails() -> None:
    class Failing(Script):
        async def send(self, buffers: list[Any], seconds: float) -> None:
            if buffers[0] == b"piece":
                raise OSError("gone")
            await super().send(buffers, seconds)

    script = Failing([(0, post(encode(PRINT_JOB)))], lambda request: Reply(ANSWER, iter([b"piece"]), 5))
    with pytest.raises(OSError, match="gone"):
        script.serve()
    assert script.steps[-1] == ("close",)


@pytest.mark.parametrize("alone", [True, False])
def test_a_response_that_waits_is_asked_for_again_and_closed_at_the_end(alone: bool) -> None:
    def messages() -> Iterator[Message | Wait]:
        yield Wait(30.0, lambda wake: None)
        yield Wait(20.0, lambda wake: None)
        yield ANSWER

    script = Script([(0, post(encode(PRINT_JOB)))], lambda incoming: Parts(messages(), alone)).serve()
    assert [step[1] for step in script.steps if step[0] == "wait"] == [30.0, 20.0]
    assert ("close",) in script.steps
    assert script.sent.count(encode(ANSWER)) == 1
    assert (b"multipart/related" in script.sent) is not alone
