"""No limit of the printer is passed: not by many clients at once, not by waiting, not by asking again in another way.

The rule of this file: whoever attacks does it over sockets of its own, and somebody else is served meanwhile.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from peers import free_port, package
from printers import DOCUMENT, SECONDS, Gate, printing
from services import serving_many

from ippfast import AttributeGroup, DelimiterTag, Message, decode, encode, operations, request, response
from ippfast.enums import JobState, Operation, Status
from ippfast.http import AsyncServer, Client, HTTPLimits, IncomingRequest
from ippfast.printer import Fetcher, InThreads, PrinterLimits, SpoolPrinter
from ippfast.printer.answers import _group_of
from ippfast.printer.in_threads import _Document
from ippfast.printer.waiting_room import WaitingRoom

ROOT = Path(__file__).parent.parent.parent
URI = "ipp://localhost/ipp/print"
PULL = {"notify-pull-method": "ippget", "notify-events": ["printer-queue-order-changed"]}


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for a state, never for a time."""
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def post(message: Message, document: bytes = b"", *, accept: str = "application/ipp") -> bytes:
    body = encode(message) + document
    head = f"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nAccept: {accept}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS, source_address=(source, 0))


def answer_on(sock: socket.socket) -> Message:
    """The one answer on a connection."""
    head, _, body = read_until(sock, b"\r\n\r\n").partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
    while len(body) < length:
        piece = sock.recv(65_536)
        assert piece, body
        body += piece
    return decode(body)


def read_until(sock: socket.socket, mark: bytes) -> bytes:
    """What comes, with the mark in it."""
    data = b""
    while mark not in data:
        piece = sock.recv(65_536)
        assert piece, data
        data += piece
    return data


@pytest.mark.parametrize(
    ("limits", "most", "status"),
    [
        ({"user_jobs": 2}, 2, Status.SERVER_ERROR_TOO_MANY_JOBS),
        ({"jobs": 3}, 3, Status.SERVER_ERROR_TOO_MANY_JOBS),
        ({"user_octets": 250_000}, 2, Status.CLIENT_ERROR_ACCOUNT_LIMIT_REACHED),
    ],
)
def test_uploads_at_once(tmp_path: Path, limits: dict[str, Any], most: int, status: Status) -> None:
    """Each was let in before any had ended; no more of them are taken than may be, and the others leave nothing."""
    document = b"%PDF" + bytes(100_000)
    whole = post(operations.print_job(URI, user="mallory"), document)
    with printing(tmp_path, output=Gate(), **limits) as desk, contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connect(desk.server.port)) for _ in range(12)]
        for sock in socks:
            sock.sendall(whole[:-10])
        wait_until(lambda: len(desk.files()) == len(socks))  # each is being received
        for sock in socks:
            sock.sendall(whole[-10:])
        found = Counter(answer_on(sock).status for sock in socks)
        assert found == {Status.SUCCESSFUL_OK: most, status: 12 - most}
        assert len(desk.files()) == most
        assert desk.printer.store.count() == most


def test_old_jobs_are_no_way_around(tmp_path: Path) -> None:
    """Restart-, Reprocess- and Resubmit-Job obey the limits, Disable-Printer and Hold-New-Jobs as Print-Job does."""
    gate = Gate()
    gate.open.set()
    again = (Operation.RESTART_JOB, Operation.REPROCESS_JOB, Operation.RESUBMIT_JOB)
    with printing(tmp_path, output=gate, user_jobs=1) as desk:
        jobs = []
        for _ in range(4):
            jobs.append(desk.print())
            desk.wait(jobs[-1])
        desk.ask(Operation.DISABLE_PRINTER)
        for operation in again:
            assert desk.ask(operation, job_id=jobs[0]).status is Status.SERVER_ERROR_NOT_ACCEPTING_JOBS, operation
        desk.ask(Operation.ENABLE_PRINTER)
        desk.ask(Operation.HOLD_NEW_JOBS)
        for operation in again:
            answer = desk.ask(operation, job_id=jobs[0])
            assert answer.status is Status.SUCCESSFUL_OK, operation
            held = jobs[0] if operation is Operation.RESTART_JOB else answer.job["job-id"].value
            assert desk.job(held)["job-state"] == JobState.PENDING_HELD, operation
            for refused in again:
                answer = desk.ask(refused, job_id=jobs[1])
                assert answer.status is Status.SERVER_ERROR_TOO_MANY_JOBS, (operation, refused)
            assert desk.ask(Operation.CANCEL_JOB, job_id=held).status is Status.SUCCESSFUL_OK


# Subscriptions.


def test_subscriptions_of_one_request_and_one_user(tmp_path: Path) -> None:
    """One client does not take them all, nor any of them for ever."""
    template = {**PULL, "notify-lease-duration": 0}
    with printing(tmp_path, operators=(), request_subscriptions=3, user_subscriptions=5, subscriptions=8) as desk:

        def subscribe(user: str, count: int) -> list[int]:
            groups = {"subscription": [template] * count}
            answer = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, user=user, groups=groups)
            found = answer.groups_of(DelimiterTag.SUBSCRIPTION)
            assert all(
                group["notify-lease-duration"].value == 7 * 86_400
                for group in found
                if "notify-subscription-id" in group
            )
            return [group.value("notify-status-code", 0) for group in found]

        too_many = Status.CLIENT_ERROR_TOO_MANY_SUBSCRIPTIONS
        assert subscribe("mallory", 5) == [0, 0, 0, too_many, too_many]
        assert subscribe("mallory", 3) == [0, 0, too_many]
        assert subscribe("victim", 1) == [0]


def test_a_job_that_is_made_with_too_many_subscriptions(tmp_path: Path) -> None:
    with printing(tmp_path, operators=(), output=Gate(), user_subscriptions=1) as desk:
        answer = desk.ask(Operation.PRINT_JOB, DOCUMENT, groups={"subscription": [PULL, PULL]})
        assert answer.status is Status.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS
        found = answer.groups_of(DelimiterTag.SUBSCRIPTION)
        assert [group.value("notify-status-code", 0) for group in found] == [
            0,
            Status.CLIENT_ERROR_TOO_MANY_SUBSCRIPTIONS,
        ]


# Waiting for events.


def test_who_leaves_waits_for_nobody() -> None:
    """The garbage collector may let one go in the middle of another's coming, in the same thread."""

    class Collected(Counter[tuple[str, str]]):
        def update(self, *names: Any) -> None:  # type: ignore[override]
            room.leave("alice", "1")
            super().update(*names)

    room = WaitingRoom(3, 2)
    assert room.enter("alice", "1")
    room._taken = Collected(room._taken)
    coming = threading.Thread(target=room.enter, args=("bob", "2"), daemon=True)
    coming.start()
    coming.join(SECONDS)
    assert not coming.is_alive()
    assert room.taken() == 1


def test_the_waiting_room() -> None:
    room = WaitingRoom(3, 2)
    assert [room.enter("alice", "a") for _ in range(3)] == [True, True, False]
    assert not room.enter("bob", "a")
    assert not room.enter("alice", "b")
    assert [room.enter("bob", "b"), room.enter("carol", "c")] == [True, False]
    room.leave("alice", "a")
    assert room.enter("carol", "c")
    for who in (("alice", "a"), ("bob", "b"), ("carol", "c")):
        room.leave(*who)
    assert not room.taken()
    assert not room._taken  # nor are names kept


@contextlib.contextmanager
def in_asyncio(printer: SpoolPrinter, limits: HTTPLimits | None = None, *, ends: bool = True) -> Iterator[int]:
    """The printer under the server for asyncio. Gives the port. ends: in the end, the printer ends before it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin(handler: InThreads) -> AsyncServer:
        server = AsyncServer(handler, port=0, limits=limits)
        await server.start()
        return server

    with InThreads(printer) as handler:
        server = asyncio.run_coroutine_threadsafe(begin(handler), loop).result(SECONDS)
        try:
            yield server.port
        finally:
            if ends:
                printer.end_waiting()
            asyncio.run_coroutine_threadsafe(server.shutdown(1.0 if ends else 2 * SECONDS), loop).result(SECONDS)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(SECONDS)
    loop.close()


@pytest.mark.parametrize("accept", ["application/ipp", "multipart/related"])
@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_few_wait_and_a_waiter_that_leaves_is_noticed(tmp_path: Path, kind: str, accept: str) -> None:
    with printing(tmp_path, waiters=4, user_waiters=3) as desk, contextlib.ExitStack() as stack:
        made = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, groups={"subscription": PULL})
        number = made.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
        port = desk.server.port if kind == "threads" else stack.enter_context(in_asyncio(desk.printer))
        given = {"printer-uri": URI, "notify-subscription-ids": [number], "notify-wait": True}
        ask = post(request(Operation.GET_NOTIFICATIONS, operation_attributes=given, user="alice"), accept=accept)
        waiting = []
        for _ in range(3):
            waiting.append(stack.enter_context(connect(port)))
            waiting[-1].sendall(ask)
        wait_until(lambda: desk.printer.waiting_room.taken() == 3)
        for source in ("127.0.0.1", "127.0.0.2"):  # the user has no place left, wherever it comes from
            with connect(port, source) as fourth:
                fourth.sendall(ask)
                told = answer_on(fourth)
                assert told.status is Status.SUCCESSFUL_OK
                assert told.operation_attributes["notify-get-interval"].value > 0
        with Client(f"ipp://localhost:{port}/ipp/print") as client:
            client.send(operations.get_printer_attributes(URI))
        for sock in waiting:
            sock.close()
        wait_until(lambda: not desk.printer.waiting_room.taken())


def test_all_printers_of_a_service_have_one_waiting_room(tmp_path: Path) -> None:
    """Else whoever waits at a few of them takes all connections."""
    names = ("one", "two", "three")
    with serving_many(tmp_path, *names, limits=PrinterLimits(waiters=2)) as desk, contextlib.ExitStack() as stack:
        port = int(desk.host.rpartition(":")[2])
        for place, name in enumerate(names):
            uri = f"ipp://localhost:{port}/ipp/print/{name}"
            with Client(uri) as client:
                made = client.send(operations.create_printer_subscriptions(uri, subscription=PULL, user=name))
            number = made.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
            given = {"printer-uri": uri, "notify-subscription-ids": [number], "notify-wait": True}
            sock = stack.enter_context(connect(port, f"127.0.0.{place + 1}"))
            sock.sendall(post(request(Operation.GET_NOTIFICATIONS, operation_attributes=given, user=name)))
            if place < 2:
                wait_until(lambda: desk.service.system.waiting_room.taken() == place + 1)  # noqa: B023
        assert "notify-get-interval" in answer_on(sock).operation_attributes


MANY = 210


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_who_waits_for_an_event_has_no_thread(tmp_path: Path, kind: str) -> None:
    """Hundreds wait, and all are told at once; half of them in parts, who then wait on."""
    limits = HTTPLimits(connections=2 * MANY, connections_per_host=2 * MANY)
    with printing(tmp_path, limits=limits, waiters=MANY, user_waiters=MANY) as desk, contextlib.ExitStack() as stack:
        made = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, groups={"subscription": CHANGES})
        number = made.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
        port = desk.server.port if kind == "threads" else stack.enter_context(in_asyncio(desk.printer, limits))
        given = {"printer-uri": URI, "notify-subscription-ids": [number], "notify-wait": True}
        message = request(Operation.GET_NOTIFICATIONS, operation_attributes=given, user="alice")
        before = threading.active_count()

        def taken() -> int:
            return desk.printer.waiting_room.taken()

        waiting = [stack.enter_context(connect(port)) for _ in range(MANY)]
        for place, sock in enumerate(waiting):
            sock.sendall(post(message, accept="multipart/related" if place % 2 else "application/ipp"))
            wait_until(lambda: taken() == place + 1)  # noqa: B023  # InThreads takes but some at once
        wait_until(lambda: threading.active_count() < before + 20)
        desk.printer.pause()
        for sock in waiting[::2]:
            assert [each["notify-subscribed-event"].value for each in events_of(answer_on(sock))] == [CHANGE]
        wait_until(lambda: taken() == MANY // 2)
        for sock in waiting[1::2]:
            read_until(sock, CHANGE.encode())
        wait_until(lambda: threading.active_count() < before + 20)
        for sock in waiting:
            sock.close()
        wait_until(lambda: not taken())


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_a_server_that_stops_does_not_wait_for_those_who_wait(tmp_path: Path, kind: str) -> None:
    """They hear of it, and get no answer that is cut off."""
    with printing(tmp_path) as desk, contextlib.ExitStack() as stack:
        made = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, groups={"subscription": CHANGES})
        number = made.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
        given = {"printer-uri": URI, "notify-subscription-ids": [number], "notify-wait": True}
        message = request(Operation.GET_NOTIFICATIONS, operation_attributes=given, user="alice")
        running = stack.enter_context(contextlib.ExitStack())
        port = desk.server.port if kind == "threads" else running.enter_context(in_asyncio(desk.printer, ends=False))
        alone, in_parts = (stack.enter_context(connect(port)) for _ in range(2))
        alone.sendall(post(message))
        in_parts.sendall(post(message, accept="multipart/related"))
        wait_until(lambda: desk.printer.waiting_room.taken() == 2)
        octets = read_until(in_parts, b"\r\n--")  # the first part, which comes at once
        begun = time.monotonic()
        running.close()
        if kind == "threads":
            desk.server.shutdown(2 * SECONDS)
        assert time.monotonic() - begun < 2 * SECONDS
        assert answer_on(alone).status is Status.SERVER_ERROR_BUSY
        while piece := in_parts.recv(65_536):
            octets += piece
        assert octets.endswith(b"--\r\n\r\n0\r\n\r\n")
        assert not desk.printer.waiting_room.taken()


def test_who_gets_no_thread_is_given_up_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes, and whoever waits and is to go on: others are served before and after."""
    start, full = threading.Thread.start, threading.Event()

    def start_if_there_is_room(thread: threading.Thread) -> None:
        if full.is_set() and thread.name.startswith("ippfast-"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_if_there_is_room)
    with printing(tmp_path) as desk, contextlib.ExitStack() as stack:
        made = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, groups={"subscription": CHANGES})
        number = made.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
        given = {"printer-uri": URI, "notify-subscription-ids": [number], "notify-wait": True}
        ask = post(request(Operation.GET_NOTIFICATIONS, operation_attributes=given, user="alice"))

        def waiting() -> socket.socket:
            sock = stack.enter_context(connect(desk.server.port))
            sock.sendall(ask)
            return sock

        def parked() -> int:
            return len(desk.server._parking._parked)

        leaves = waiting()
        wait_until(lambda: parked() == 1)
        full.set()
        comes = stack.enter_context(connect(desk.server.port))
        leaves.shutdown(socket.SHUT_WR)
        for sock in (comes, leaves):
            assert not sock.recv(1)
        full.clear()
        wait_until(lambda: not desk.printer.waiting_room.taken())
        stays = waiting()
        wait_until(lambda: parked() == 1)
        desk.printer.pause()
        assert len(events_of(answer_on(stays))) == 1
        wait_until(lambda: not parked() and desk.server._parking._bell is None)


CHANGE = "printer-state-changed"
CHANGES = {"notify-pull-method": "ippget", "notify-events": [CHANGE]}


def events_of(answer: Message) -> list[AttributeGroup]:
    return answer.groups_of(DelimiterTag.EVENT_NOTIFICATION)


@contextlib.contextmanager
def under_asgi(directory: Path, command: list[str]) -> Iterator[int]:
    """The example's server, run by that command. Gives its port, which is another one if somebody else was quicker."""
    environment = os.environ | {"SPOOL": str(directory / "spool"), "PRINTED": str(directory / "printed")}
    said = directory / "said"

    def is_ready() -> bool:
        if process.poll() is not None:
            return True
        with contextlib.suppress(OSError), connect(port) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return bool(sock.recv(1))
        return False

    for _ in range(3):
        port = free_port()
        arguments = [argument.replace("PORT", str(port)) for argument in command]
        with said.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments, "examples.print_server:application"],
                env=environment,
                cwd=ROOT,
                stdout=file,
                stderr=file,
            )
        try:
            wait_until(is_ready)
            if process.poll() is None:
                yield port
                return
            assert "in use" in said.read_text(), said.read_text()
        finally:
            process.terminate()
            process.wait(SECONDS)
    raise AssertionError(said.read_text())


@pytest.mark.parametrize(
    "command",
    [
        ["uvicorn", "--http", "h11", "--host", "127.0.0.1", "--port", "PORT"],
        ["uvicorn", "--http", "httptools", "--host", "127.0.0.1", "--port", "PORT"],
        ["hypercorn", "--bind", "127.0.0.1:PORT"],
        ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "PORT"],
    ],
    ids=["uvicorn-h11", "uvicorn-httptools", "hypercorn", "granian"],
)
@pytest.mark.parametrize("accept", ["application/ipp", "multipart/related"])
def test_a_waiter_that_leaves_is_noticed_under_asgi(tmp_path: Path, command: list[str], accept: str) -> None:
    """All places of an address are taken, and its clients leave: there are places again."""
    if "httptools" in command:
        package("httptools")
    with under_asgi(tmp_path, command) as port:
        with Client(f"ipp://localhost:{port}/ipp/print") as client:
            made = client.send(operations.create_printer_subscriptions(URI, subscription=PULL, user="alice"))
        number = made.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
        given = {"printer-uri": URI, "notify-subscription-ids": [number], "notify-wait": True}
        ask = post(request(Operation.GET_NOTIFICATIONS, operation_attributes=given, user="alice"), accept=accept)

        def is_turned_away() -> bool:
            """Whether there was no place: one response is given at once, and says when to ask again."""
            with connect(port) as sock:
                sock.sendall(post(decode_of(ask), accept="application/ipp"))
                sock.settimeout(0.5)
                with contextlib.suppress(TimeoutError):
                    return "notify-get-interval" in answer_on(sock).operation_attributes
                return False

        with connect(port) as stays, contextlib.ExitStack() as stack:
            stays.sendall(post(decode_of(ask), accept="application/ipp"))
            for _ in range(PrinterLimits.user_waiters - 1):
                stack.enter_context(connect(port)).sendall(ask)

            def is_full() -> bool:
                """Who asked whether it is, may have taken the place of another for a while: so one more comes."""
                stack.enter_context(connect(port)).sendall(ask)
                return is_turned_away()

            wait_until(is_full)
            stack.close()
            wait_until(lambda: not is_turned_away())
            stays.setblocking(False)
            with pytest.raises(BlockingIOError):  # it waits still, though it came first: no wait has ended yet
                stays.recv(1)


def decode_of(posted: bytes) -> Message:
    """The message of `post`."""
    return decode(posted.partition(b"\r\n\r\n")[2])


def test_uploads_that_stand_still_keep_nobody_else_out(tmp_path: Path) -> None:
    """Neither with documents of their own, nor with questions, not even from the same address."""
    document = post(operations.print_job(URI), bytes(90_000))
    begun = document[:-1_000]
    question = post(operations.get_printer_attributes(URI))
    with SpoolPrinter(tmp_path) as printer, InThreads(printer, threads=5, threads_per_host=4) as handler:
        server = AsyncServer(handler, port=0)

        async def run() -> None:
            await server.start()
            writers = []

            async def stand_still(source: str) -> None:
                _, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=(source, 0))
                writer.write(begun)
                await writer.drain()
                writers.append(writer)
                while len(list((tmp_path / "documents").iterdir())) < len(writers):
                    await asyncio.sleep(0.01)

            async def status_of(source: str, octets: bytes) -> Status | int:
                with await asyncio.to_thread(connect, server.port, source) as sock:
                    await asyncio.to_thread(sock.sendall, octets)
                    return (await asyncio.to_thread(answer_on, sock)).status

            for _ in range(4):
                await stand_still("127.0.0.1")
            assert await status_of("127.0.0.1", document) is Status.SERVER_ERROR_BUSY
            await stand_still("127.0.0.2")
            for source in ("127.0.0.1", "127.0.0.2"):  # though all threads for documents are taken
                assert await status_of(source, question) is Status.SUCCESSFUL_OK
            writers.pop().close()
            assert await status_of("127.0.0.2", document) is Status.SUCCESSFUL_OK
            for writer in writers:
                writer.close()
            await server.shutdown(1.0)

        asyncio.run(asyncio.wait_for(run(), SECONDS))


def test_a_document_whose_loop_stands_still_does_not_keep_the_threads() -> None:
    """A program may leave its loop at any place, and closes what it has opened."""
    begun, said = threading.Event(), Queue[BaseException]()

    def handler(incoming: IncomingRequest) -> Message:
        begun.set()
        try:
            incoming.document.read()
        except BaseException as error:
            said.put(error)
            raise
        return response(incoming.message)

    in_threads = InThreads(handler)
    server = AsyncServer(in_threads, port=0)
    loop = asyncio.new_event_loop()
    with contextlib.ExitStack() as stack:

        async def run() -> None:
            await server.start()
            sock = stack.enter_context(connect(server.port))
            sock.sendall(post(operations.print_job(URI), bytes(90_000))[:-1_000])
            assert await asyncio.to_thread(begun.wait, SECONDS)

        loop.run_until_complete(run())
        closing = threading.Thread(target=in_threads.close, daemon=True)
        closing.start()
        closing.join(SECONDS)
        assert not closing.is_alive()
        assert isinstance(said.get(timeout=SECONDS), ConnectionError)
        loop.run_until_complete(server.shutdown(1.0))
        loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def test_nothing_comes_from_a_loop_that_is_closed() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"never asked for"

    loop = asyncio.new_event_loop()
    late, waiting = (_Document(pieces(), loop, lambda: False) for _ in range(2))  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as threads:
        begun = threads.submit(waiting.next_event)
        wait_until(lambda: waiting._waiting is not None)
        loop.close()
        with pytest.raises(ConnectionError, match="the server has ended"):
            begun.result(SECONDS)
    with pytest.raises(ConnectionError, match="the server has ended"):
        late.next_event()


def test_a_document_that_was_closed_has_no_end() -> None:
    """Else what came of it would be printed as if it were all."""

    async def pieces() -> AsyncGenerator[bytes]:
        yield b"the first half"
        yield b"the second"

    async def run() -> None:
        octets = pieces()
        document = _Document(octets, asyncio.get_running_loop(), lambda: False)  # type: ignore[arg-type]
        await asyncio.to_thread(document.next_event)
        coming = document._next()  # a thread is about to ask for it
        document.close()
        await octets.aclose()
        with pytest.raises(ConnectionError):
            await coming

    asyncio.run(run())


def test_a_handler_may_read_what_any_request_brings() -> None:
    """One address that lets it wait keeps no other out, whatever it asks."""
    reading = threading.Semaphore(0)

    def handler(incoming: IncomingRequest) -> Message:
        reading.release()
        incoming.document.read()
        return response(incoming.message)

    begun = post(operations.get_jobs(URI), bytes(90_000))
    with InThreads(handler, threads=5, threads_per_host=4) as in_threads:

        async def run() -> None:
            async with AsyncServer(in_threads, port=0) as server:

                async def stand_still() -> asyncio.StreamWriter:
                    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                    writer.write(begun[:-1_000])
                    await writer.drain()
                    assert await asyncio.to_thread(reading.acquire, timeout=SECONDS)
                    return writer

                async def status_of(source: str) -> Status | int:
                    with await asyncio.to_thread(connect, server.port, source) as sock:
                        await asyncio.to_thread(sock.sendall, begun)
                        return (await asyncio.to_thread(answer_on, sock)).status

                writers = [await stand_still() for _ in range(4)]
                assert await status_of("127.0.0.1") is Status.SERVER_ERROR_BUSY
                assert await status_of("127.0.0.2") is Status.SUCCESSFUL_OK
                for writer in writers:
                    writer.close()

        asyncio.run(run())


# Documents by reference.


@contextlib.contextmanager
def trickling() -> Iterator[str]:
    """A host whose document never ends. Gives its name."""
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            sock.recv(65_536)
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not ended.wait(0.05):
                sock.sendall(b"x")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                thread = threading.Thread(target=serve, args=(listener.accept()[0],))
                threads.append(thread)
                thread.start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    ended.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in (acceptor, *threads):
        thread.join(SECONDS)


def _fetching() -> int:
    return sum(thread.name == "ippfast-fetching" for thread in threading.enumerate())


def test_a_fetch_ends_when_its_client_leaves(tmp_path: Path) -> None:
    with trickling() as host, printing(tmp_path, fetcher=Fetcher([host])) as desk:
        given = {"printer-uri": URI, "document-uri": f"http://{host}/x"}
        with connect(desk.server.port) as sock:
            sock.sendall(post(request(Operation.PRINT_URI, operation_attributes=given)))
            wait_until(lambda: _fetching() == 1)
        wait_until(lambda: not _fetching())
        assert desk.printer.store.jobs() == []
        assert desk.files() == []


def test_a_fetch_has_a_time(tmp_path: Path) -> None:
    with trickling() as host, printing(tmp_path, fetcher=Fetcher([host], total=0.2)) as desk:
        answer = desk.ask(Operation.PRINT_URI, document_uri=f"http://{host}/x")
        assert answer.status is Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR
        assert desk.printer.store.jobs() == []


# Memory.


def test_names_of_clients_fill_no_cache(tmp_path: Path) -> None:
    with printing(tmp_path) as desk:
        for start in range(0, 10_000, 500):
            names = [f"x-{number}" for number in range(start, start + 500)]
            desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=[*names, "job-template"])
    most = _group_of.cache_info().maxsize
    assert most is not None
    assert _group_of.cache_info().currsize <= most < 10_000


def test_the_limits_of_a_printer_have_bounds() -> None:
    """A new kind of waiting or keeping is bounded unless somebody says otherwise."""
    limits = PrinterLimits()
    free = {name for name in limits.__dataclass_fields__ if getattr(limits, name) is None}
    assert free == {"octets", "user_jobs", "user_octets"}
