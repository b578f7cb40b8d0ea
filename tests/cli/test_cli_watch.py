"""ippfast watch: what happens to a job or a printer comes out as it happens, whether or not the printer has events."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from command_line import run
from http_servers import serving, uri_of
from peers import EvePrinter, Scheduler, program

from ippfast import Message, response
from ippfast.enums import Operation, Status
from ippfast.http import IncomingRequest
from ippfast.wrappers import Text


class Printer:
    """Without events; each question finds the next state."""

    def __init__(self, *states: int) -> None:
        self.states = list(states)

    def __call__(self, incoming: IncomingRequest) -> Message:
        message = incoming.message
        if message.operation is Operation.GET_JOB_ATTRIBUTES:
            state = self.states[0]
            # The first question is for credentials alone.
            if "job-name" in str(message.operation_attributes["requested-attributes"].values):
                self.states = self.states[1:] or [state]
            text = Text("about\x1b[2J it")
            return response(message, job={"job-id": 7, "job-state": state, "job-state-message": text})
        return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)


@pytest.mark.parametrize(("last", "status"), [(9, 0), (8, 1), (7, 1)])
def test_a_job(last: int, status: int) -> None:
    with serving(Printer(3, 5, last)) as server:
        result = run("watch", uri_of(server), "7", "--interval", "0.2")
    assert (result.exit_code, result.stderr) == (status, "")
    words = [line.split("  ", 1)[1] for line in result.stdout.splitlines()]
    name = {9: "completed", 8: "aborted", 7: "canceled"}[last]
    assert words == [
        r'job 7: pending "about\x1b[2J it"',
        r'job 7: processing "about\x1b[2J it"  job-state-changed',
        rf'job 7: {name} "about\x1b[2J it"  job-completed',
    ]


def test_a_job_as_json() -> None:
    with serving(Printer(5, 9)) as server:
        result = run("watch", uri_of(server), "7", "--json", "--interval", "0.2")
    first, last = map(json.loads, result.stdout.splitlines())
    assert (first["notify-subscribed-event"], first["job-id"], first["job-state"], first["job-state-keyword"]) == (
        None,
        7,
        5,
        "processing",
    )
    assert (last["notify-subscribed-event"], last["job-state-keyword"], last["notify-text"]) == (
        "job-completed",
        "completed",
        "about\x1b[2J it",
    )
    assert last["attributes"]["job-state"] == 9
    assert "+" in last["time"] or "-" in last["time"]


def test_no_such_job() -> None:
    def handler(incoming: IncomingRequest) -> Message:
        return response(incoming.message, Status.CLIENT_ERROR_NOT_FOUND)

    with serving(handler) as server:
        result = run("watch", uri_of(server), "7")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "client-error-not-found" in result.stderr


@contextmanager
def watching(*arguments: str) -> Iterator[Iterator[str]]:
    """The command in a process; gives its lines as they come."""
    # Whoever runs the tests may have set SIGINT to be ignored.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);from ippfast.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "watch", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=90)
            assert "Traceback" not in errors
        finally:
            process.kill()


def test_a_job_of_cupsd(scheduler: Scheduler) -> None:
    """By its events: the queue is stopped, so that the job does what it is told."""
    lpadmin = [program("lpadmin"), "-p", "watched", "-v", "ipp://localhost:9/ipp/print", "-m", "raw"]
    subprocess.run(lpadmin, env=scheduler.environment, check=True, capture_output=True, timeout=60)
    subprocess.run([program("cupsaccept"), "watched"], env=scheduler.environment, check=True, timeout=60)
    uri = f"ipp://localhost:{scheduler.port}/printers/watched"
    try:
        printed = run("print", uri, "-", "--json", "-o", "job-hold-until=indefinite", octets=b"%PDF-1.4\n")
        job = str(json.loads(printed.stdout)["jobs"][0]["job-id"])
        with watching(uri, job, "--json", "--interval", "1") as lines:
            assert json.loads(next(lines))["job-state-keyword"] == "pending-held"
            assert run("release", uri, job).exit_code == 0
            assert json.loads(next(lines))["job-state-keyword"] == "pending"
            assert run("cancel", uri, job).exit_code == 0
            *_, last = map(json.loads, lines)
            assert last["job-state-keyword"] == "canceled"
    finally:
        subprocess.run([program("lpadmin"), "-x", "watched"], env=scheduler.environment, check=True, timeout=60)


def test_a_printer_until_it_is_enough(eve_printer: EvePrinter) -> None:
    with watching(eve_printer.uri) as lines:
        assert "  printer: idle" in next(lines)
