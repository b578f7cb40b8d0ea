"""`Workers`: one port, several processes, and what happens when one of them, or their parent, dies.

The rule of this file: real processes, which are few and end with the test.
"""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from http_conversations import ANSWER, PRINT_JOB
from http_servers import SECONDS
from http_shells import wait_until

from ippfast import Message
from ippfast.http import AsyncIncomingRequest, AsyncServer, Client, IncomingRequest, Page, PageRequest, Server
from ippfast.http.workers import MakeServer, Workers

HERE = Path(__file__).resolve().parent

reading = 0


def show(request: PageRequest) -> Page:
    if request.head.target == "/die":
        os._exit(3)
    if request.head.target == "/reading":
        return Page(200, "text/plain", str(reading).encode())
    return Page(200, "text/plain", str(os.getpid()).encode())


async def wait_for_document(request: AsyncIncomingRequest) -> Message:
    global reading
    reading += 1
    await request.document.read()
    return ANSWER


def read_document(request: IncomingRequest) -> Message:
    request.document.read()
    return ANSWER


def make_async(host: str, port: int) -> AsyncServer:
    return AsyncServer(wait_for_document, host=host, port=port, reuse_port=True, pages=show)


def make_threads(host: str, port: int) -> Server:
    return Server(read_document, host=host, port=port, reuse_port=True, pages=show)


@contextlib.contextmanager
def make_within(left: Path, host: str, port: int) -> Iterator[Server]:
    yield make_threads(host, port)
    left.touch()


def make_nothing(host: str, port: int) -> Server:
    raise SystemExit(1)


def ask(port: int, target: str = "/") -> int | None:
    """The process that answers; None where none does."""
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", target)
        return int(connection.getresponse().read())
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("make", [make_async, make_threads])
def test_workers(make: MakeServer) -> None:
    with Workers(make, 2, port=0) as workers:
        pids = set(workers.pids)
        assert len(pids) == 2
        seen: set[int | None] = set()
        wait_until(lambda: seen.add(ask(workers.port)) or seen == pids)  # type: ignore[func-returns-value]
        with Client(f"ipp://localhost:{workers.port}/ipp/print") as client:
            assert client.send(PRINT_JOB, b"document") == ANSWER
        # One that dies is replaced.
        assert ask(workers.port, "/die") is None
        wait_until(lambda: len(set(workers.pids) - pids) == 1)
        (new,) = set(workers.pids) - pids
        wait_until(lambda: ask(workers.port) == new)
        assert len(workers.pids) == 2
    assert workers.pids == []
    assert ask(workers.port) is None


def test_what_is_around_a_server_ends_after_it(tmp_path: Path) -> None:
    left = tmp_path / "left"
    with Workers(functools.partial(make_within, left), 1, port=0) as workers:
        assert ask(workers.port) in workers.pids
        assert not left.exists()
    assert left.exists()


def test_running_requests_finish() -> None:
    with Workers(make_async, 1, port=0) as workers:
        go_on = threading.Event()
        answers: list[Message] = []

        def document() -> object:
            yield b"beginning"
            assert go_on.wait(SECONDS)
            yield b"end"

        def send() -> None:
            with Client(f"ipp://localhost:{workers.port}/ipp/print") as client:
                answers.append(client.send(PRINT_JOB, document()))  # type: ignore[arg-type]

        sending = threading.Thread(target=send)
        sending.start()
        wait_until(lambda: ask(workers.port, "/reading") == 1)
        stopping = threading.Thread(target=workers.stop)
        stopping.start()
        wait_until(lambda: ask(workers.port) is None)
        go_on.set()
        sending.join(SECONDS)
        stopping.join(SECONDS)
        assert answers == [ANSWER]


def test_workers_that_keep_dying_are_given_up(caplog: pytest.LogCaptureFixture) -> None:
    workers = Workers(make_async, 1, port=0, restarts=1)
    workers.start()
    for _ in range(2):
        wait_until(lambda: ask(workers.port) is not None)
        ask(workers.port, "/die")
    assert workers._ended.wait(SECONDS)
    assert "2 workers died" in caplog.text
    assert ask(workers.port) is None
    workers.stop()


def test_a_process_that_the_system_does_not_give_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ippfast.http.workers._AGAIN", 0.1)
    with Workers(make_async, 2, port=0, restarts=3) as workers:
        spawn, asked = workers._spawn, iter(range(100))

        def refuse() -> None:
            if next(asked) < 5:  # more often than workers may die
                raise BlockingIOError("no more processes")
            spawn()

        monkeypatch.setattr(workers, "_spawn", refuse)
        ask(workers.port, "/die")
        wait_until(lambda: len(workers.pids) == 2 and next(asked) > 5)
        assert "no worker can be started now: no more processes" in caplog.text


def test_workers_end_whatever_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(threading, "excepthook", said.append)
    workers = Workers(make_async, 2, port=0)
    workers.start()
    pids = workers.pids
    monkeypatch.setattr(workers, "_bury", lambda sentinel: 1 / 0)
    ask(workers.port, "/die")
    assert workers._ended.wait(SECONDS)
    workers.stop()
    assert len(said) == 1
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_workers_of_which_one_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers(make_async, 2, port=0)
    spawn = workers._spawn
    pids: list[int] = []

    def once() -> None:
        if pids:
            raise BlockingIOError("no more processes")
        spawn()
        pids.extend(workers.pids)

    monkeypatch.setattr(workers, "_spawn", once)
    with pytest.raises(BlockingIOError):
        workers.start()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    workers.stop()


def test_workers_that_do_not_begin() -> None:
    workers = Workers(make_nothing, 2, port=0)
    with pytest.raises(RuntimeError, match="did not begin"):
        workers.start()
    workers.stop()
    with pytest.raises(OSError, match=r"(?i)permission|assign|unreachable"):
        Workers(make_async, 1, host="192.0.2.1", port=0)


PROGRAM = """
from test_http_workers import make_async
from ippfast.http.workers import Workers

if __name__ == "__main__":
    workers = Workers(make_async, 1, port=0)
    print(workers.port, flush=True)
    workers.run()
    print("ended", flush=True)
"""


OTHER_THREAD = """
import signal
from ippfast.http.workers import Workers

def start(self, begin=Workers.start):
    begin(self)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # the thread that has begun gets it

Workers.start = start
"""


@pytest.mark.parametrize(
    ("number", "before"),
    [(signal.SIGTERM, ""), (signal.SIGINT, ""), (signal.SIGKILL, ""), (signal.SIGTERM, OTHER_THREAD)],
    ids=["TERM", "INT", "KILL", "TERM-to-another-thread"],
)
def test_program(tmp_path: Path, number: int, before: str) -> None:
    """It ends cleanly when it is asked, and leaves nobody behind even when it is killed."""
    (tmp_path / "program.py").write_text(before + PROGRAM)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent / "support")])}
    command = [sys.executable, str(tmp_path / "program.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            wait_until(lambda: ask(port) is not None)
            worker = ask(port)
            if before:
                time.sleep(0.5)  # until it waits
            process.send_signal(number)
            rest, _ = process.communicate(timeout=SECONDS)
            assert process.returncode == (-number if number == signal.SIGKILL else 0)
            assert rest == ("" if number == signal.SIGKILL else "ended\n")
        finally:
            process.kill()
    wait_until(lambda: not Path(f"/proc/{worker}").exists())
    assert ask(port) is None
