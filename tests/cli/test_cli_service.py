"""``ippfast serve --printers``, ``work`` and ``queues``: many printers, on one host and on a database.

The rule of this file: servers and workers are processes of their own, as an administrator starts them.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run
from engines import ObjectServer, Postgres
from http_shells import wait_until
from printers import DOCUMENT
from services import serving_many

from ippfast import DelimiterTag, Message, Name, Operation, operations, response
from ippfast.enums import JobState, Status
from ippfast.http import Client, IncomingRequest, Server
from ippfast.printer.storage.memory import MemoryStorage

SECONDS = 90.0
PRINTERS = """
[hall]
description = {printer-info = "In the hall"}
spool = "SPOOL"

[office]
default = true
"""


class Said(list[str]):
    """Lines, and the process that said them."""

    process: int


@contextlib.contextmanager
def program(*arguments: str, environment: dict[str, str] | None = None) -> Iterator["Said"]:
    """A command that goes on until it gets SIGTERM; what it said at first."""
    command = [sys.executable, "-m", "ippfast", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | (environment or {}))
    assert process.stdout is not None
    said = Said([process.stdout.readline().strip()])
    said.process = process.pid
    if arguments[0] == "serve":
        said += [process.stdout.readline().strip() for _ in range(2)]
    try:
        assert process.poll() is None
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)


@pytest.fixture
def printers(tmp_path: Path) -> Path:
    path = tmp_path / "printers.toml"
    path.write_text(PRINTERS.replace("SPOOL", str(tmp_path / "printed")))
    return path


def print_on(uri: str, document: bytes = DOCUMENT) -> int:
    with Client(uri) as client:
        answer = client.send(operations.print_job(uri, user="alice"), document)
        assert answer.status is Status.SUCCESSFUL_OK, answer
        number = answer.job["job-id"].value
        assert isinstance(number, int)
        return number


def state_on(uri: str, number: int) -> object:
    with Client(uri) as client:
        return client.send(operations.get_job_attributes(uri, number)).job["job-state"].value


def test_a_printer_is_found_that_is_in_no_first_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer has as many printers as fit in it, which may be fewer than were asked for."""
    names = [f"q{number}" for number in range(7)]
    monkeypatch.setattr("ippfast.printer.answers._MOST_VALUES", 3)  # one printer in an answer of eight attributes
    with serving_many(MemoryStorage(), *names) as desk:
        system = f"{desk.host}/ipp/system"
        assert len(desk.ask(Operation.GET_PRINTERS).groups_of(DelimiterTag.PRINTER)) == 1
        listed = json.loads(run("queues", "list", system, "--json").stdout)
        assert [each["printer-name"] for each in listed["printers"]] == names
        assert run("queues", "delete", system, "q6").exit_code == 0
        listed = json.loads(run("queues", "list", system, "--json").stdout)
        assert [each["printer-name"] for each in listed["printers"]] == names[:6]


def test_a_service_that_knows_no_first_index_is_asked_no_more_than_twice() -> None:
    asked = []

    def handler(incoming: IncomingRequest) -> Message:
        asked.append(incoming.message)
        return response(incoming.message, printer={"printer-id": 1, "printer-name": Name("only")})

    with Server(handler, port=0) as server:
        system = f"ipp://localhost:{server.port}/ipp/system"
        listed = json.loads(run("queues", "list", system, "--json").stdout)
        assert [each["printer-name"] for each in listed["printers"]] == ["only"]
        assert len(asked) == 2
        assert "the service has no printer 'other'" in run("queues", "delete", system, "other").stderr


def test_a_file_of_printers_is_served(tmp_path: Path, printers: Path) -> None:
    with program("serve", "--printers", str(printers), "--state", str(tmp_path / "state"), "--port", "0") as said:
        system, hall, office = said
        assert system.endswith("/ipp/system")
        number = print_on(hall)
        wait_until(lambda: state_on(hall, number) == JobState.COMPLETED)
        (printed,) = (tmp_path / "printed").iterdir()
        assert printed.read_bytes() == DOCUMENT
        listed = json.loads(run("queues", "list", system, "--json").stdout)
        assert [each["printer-name"] for each in listed["printers"]] == ["hall", "office"]
        assert run("queues", "create", system, "cellar", "--info", "In the cellar").exit_code == 0
        assert "cellar" in run("queues", "list", system).stdout
        assert run("queues", "default", system, "cellar").exit_code == 0
        assert run("queues", "shutdown", system, "cellar").exit_code == 0
        assert "stopped" in run("queues", "list", system).stdout
        assert run("queues", "startup", system, "3").exit_code == 0
        assert run("queues", "delete", system, "cellar").exit_code == 0
        again = run("queues", "delete", system, "cellar")
        assert (again.exit_code, again.stderr) == (1, "Error: the service has no printer 'cellar'\n")
        assert print_on(office) > number
        everywhere = json.loads(run("jobs", hall, "--everywhere", "--which", "all", "--json").stdout)["jobs"]
        assert {each["job-printer-uri"].rpartition("/")[2] for each in everywhere} == {"hall", "office"}
        assert "office" in run("jobs", hall, "--everywhere", "--which", "all").stdout
        assert "office" not in run("jobs", hall, "--which", "all").stdout
        printers.write_text(printers.read_text() + "[attic]\n")
        os.kill(said.process, signal.SIGHUP)
        wait_until(lambda: "attic" in run("queues", "list", system).stdout)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a b]", "expected"),
        ('["a b"]', "must not have spaces"),
        ("[a]\nspool = 7", "an output a string"),
        ("[a]\nspol = 'x'", "there is no spol; a printer has description, operators, default, spool"),
        ("[a]\nsimulate = 'fast'", "a speed is written 20ppm"),
        ("[a]\nsimulate = 20", "simulate must be a speed such as"),
        ("[a]\nconsume = true", "consume (true or false) needs it"),
        ("[a]\nspool = 'x'\ncommand = 'y'", "the output must be one of spool, command, forward"),
        ("a = 7", "a printer must be a table"),
        ("[a]\ndescription = 'none.toml'", "none.toml"),
        ("[a]\ndescription = {printer-info = 7}", "printer-info"),
    ],
)
def test_a_file_that_cannot_be_is_said(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    result = run("serve", "--printers", str(path), "--state", str(tmp_path / "state"), "--port", "0")
    assert result.exit_code == 2
    assert fault in result.stderr or (fault == "expected" and "Expected" in result.stderr), result.stderr


def test_options_of_one_printer_are_refused(tmp_path: Path, printers: Path) -> None:
    result = run("serve", "--printers", str(printers), "--spool", str(tmp_path))
    assert (result.exit_code, "--spool is for one printer" in result.stderr) == (2, True)


def test_printers_take_their_time_each_or_all(tmp_path: Path, printers: Path) -> None:
    printers.write_text('[hall]\nsimulate = "600000ppm"\n[office]\n')
    serve = ["serve", "--printers", str(printers), "--port", "0", "--state", str(tmp_path / "state")]
    with program(*serve) as (_, hall, office):
        assert run("provoke", hall, "jam").exit_code == 0
        number = print_on(hall)
        wait_until(lambda: state_on(hall, number) == JobState.PROCESSING_STOPPED)
        assert "this printer is not simulated" in run("provoke", office, "jam").stderr
        assert run("provoke", hall).exit_code == 0
        wait_until(lambda: state_on(hall, number) == JobState.COMPLETED)
    with program(*serve, "--simulate", "20ppm", "--consume") as (_, hall, office):
        with Client(office) as client, Client(hall) as other:
            told = client.attributes("pages-per-minute", "printer-supply")
            assert (told["pages-per-minute"].value, "printer-supply" in told) == (20, True)
            assert other.attributes("pages-per-minute")["pages-per-minute"].value == 600_000  # as its table says
        assert run("provoke", office, "jam").exit_code == 0


def test_many_hosts(postgres: Postgres, object_server: ObjectServer, tmp_path: Path, printers: Path) -> None:
    """Two servers and a worker, of which each could be on a host of its own: any server answers for any job."""
    place = ["--store", postgres.schema(), "--documents", object_server.bucket()]
    serve = ["serve", "--printers", str(printers), *place, "--port", "0", "--state"]
    environment = object_server.environment
    large = DOCUMENT * 50
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(program(*serve, str(tmp_path / "1"), environment=environment))
        two = stack.enter_context(program(*serve, str(tmp_path / "2"), environment=environment))
        worker = stack.enter_context(program("work", *place, "--metrics", "0", environment=environment))
        assert worker[0].startswith("figures: http://localhost:")
        numbers = [print_on(each[1], large) for each in (one, two, one)]
        assert len(set(numbers)) == 3
        for number in numbers:
            wait_until(lambda number=number: state_on(two[1], number) == JobState.COMPLETED)  # type: ignore[misc]
        assert [path.read_bytes() for path in (tmp_path / "printed").iterdir()] == [large] * 3
        with urllib.request.urlopen(worker[0].removeprefix("figures: "), timeout=SECONDS) as answer:
            figures = answer.read().decode()
        assert "ippfast_store_up 1.0" in figures
        assert "ippfast_leases_lost_total 0.0" in figures


def test_figures_are_shown(tmp_path: Path, printers: Path) -> None:
    options = ["--printers", str(printers), "--state", str(tmp_path / "state"), "--port", "0", "--metrics"]
    with program("serve", *options) as said:
        port = said[0].partition("localhost:")[2].partition("/")[0]
        with urllib.request.urlopen(f"http://localhost:{port}/metrics", timeout=SECONDS) as answer:
            figures = answer.read().decode()
    assert 'ippfast_printer_jobs{printer="hall"} 0.0' in figures
    assert 'ippfast_printers{state="idle"} 2.0' in figures
