"""Other people's programs print on our print server: cupsd's queues with lp, lpstat and cancel, CUPS' backend, curl.

The rule of this file: each is run as its users run it, and the document that arrives is the one that was sent.
"""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers import BACKEND, Scheduler, program
from printers import SECONDS, Desk, Gate, printing
from sample_documents import make_sample

from ippfast import encode, operations
from ippfast.enums import JobState
from ippfast.http import HTTPLimits
from ippfast.printer import Directory

PDF = make_sample("document-a4.pdf")


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def desk(tmp_path: Path, gate: Gate) -> Iterator[Desk]:
    with printing(tmp_path / "spool", output=gate) as made:
        yield made
        gate.open.set()


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document.pdf"
    path.write_bytes(PDF)
    return path


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


class Queue:
    """A queue of cupsd's that prints on ours."""

    def __init__(self, scheduler: Scheduler, name: str, uri: str, model: str) -> None:
        self.scheduler = scheduler
        self.name = name
        self.run("lpadmin", "-p", name, "-E", "-v", uri, "-m", model)

    def run(self, *command: str) -> str:
        environment = {**os.environ, **self.scheduler.environment}
        done = subprocess.run(
            [program(command[0]), *command[1:]],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def remove(self) -> None:
        self.run("lpadmin", "-x", self.name)


@pytest.mark.parametrize("model", ["raw", "everywhere"])
def test_cupsd(desk: Desk, gate: Gate, scheduler: Scheduler, document: Path, model: str) -> None:
    """Raw, since what an everywhere queue would make of a document needs the filters of other packages."""
    gate.open.set()
    queue = Queue(scheduler, f"ours{model}", desk.uri, model)
    try:
        end = time.monotonic() + SECONDS
        # cupsd now and then gives a job of a queue up that it has just made: "Unable to convert file 0".
        while not list(desk.printer.store.jobs()):
            assert time.monotonic() < end
            queue.run("lp", "-d", queue.name, "-o", "raw", "-t", "Report", "-n", "2", str(document))
            wait_for(lambda: list(desk.printer.store.jobs()) or not queue.run("lpstat", "-o", queue.name))
        wait_for(lambda: gate.documents)
        wait_for(lambda: queue.run("lpstat", "-W", "completed", "-o", queue.name))
        wait_for(lambda: "idle" in queue.run("lpstat", "-p", queue.name))
        assert gate.documents == [[PDF]]
        (job,) = desk.printer.store.jobs()
        assert (job.name, job.state) == ("Report", JobState.COMPLETED)
    finally:
        queue.remove()


def test_cancel_from_cups(desk: Desk, gate: Gate, scheduler: Scheduler, document: Path) -> None:
    queue = Queue(scheduler, "ourscancel", desk.uri, "raw")
    try:
        said = queue.run("lp", "-d", queue.name, str(document))
        assert gate.begun.wait(SECONDS)
        queue.run("cancel", said.split()[3])
        wait_for(lambda: [job.state for job in desk.printer.store.jobs()] == [JobState.CANCELED])
        assert gate.documents == []
    finally:
        queue.remove()


def test_the_backend_alone(desk: Desk, gate: Gate, document: Path) -> None:
    gate.open.set()
    environment = {
        **os.environ,
        "DEVICE_URI": desk.uri,
        "CONTENT_TYPE": "application/pdf",
        "FINAL_CONTENT_TYPE": "application/pdf",
    }
    command = [BACKEND, "7", "tester", "title", "1", "", str(document)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    assert gate.documents == [[PDF]]


def test_curl(desk: Desk, gate: Gate, tmp_path: Path) -> None:
    gate.open.set()
    request = tmp_path / "request"
    request.write_bytes(encode(operations.print_job(desk.uri, job_name="curl")) + PDF)
    command = ["curl", "-sS", "-H", "Content-Type: application/ipp", "--data-binary", f"@{request}"]
    http = desk.uri.replace("ipp://", "http://")
    for more in ([], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]):
        subprocess.run([*command, *more, http], check=True, capture_output=True, timeout=60)
    wait_for(lambda: len(gate.documents) == 3)
    assert gate.documents == [[PDF]] * 3


def test_fifty_at_once(tmp_path: Path) -> None:
    """Each client its own connection and document: all arrive, once, as they were."""
    out = tmp_path / "out"
    limits = HTTPLimits(connections=200, connections_per_host=200)
    sent = {number: f"%PDF-{number}".encode() * 1_000 for number in range(50)}
    jobs: dict[int, int] = {}
    with printing(tmp_path / "spool", output=Directory(out), limits=limits) as desk:

        def one(number: int) -> None:
            from ippfast.http import Client

            with Client(desk.uri) as client:
                answer = client.send(operations.print_job(desk.uri, job_name="j"), sent[number])
                jobs[number] = answer.job["job-id"].value

        threads = [threading.Thread(target=one, args=(number,)) for number in sent]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(jobs.values()) == list(range(1, 51))
        for job_id in jobs.values():
            assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    for number, job_id in jobs.items():
        assert (out / f"{job_id}-1-j.pdf").read_bytes() == sent[number]
