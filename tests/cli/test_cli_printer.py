"""The commands that speak with a printer, as their users run them: what comes out, and how it ends where it cannot.

The rule of this file: the printers here are ippfast's own server with handlers that say odd things; test_cli_peers.py
has those of CUPS.
"""

import hashlib
import json
import os
import pty
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from authorities import Authority
from command_line import run
from http_event_printer import EventPrinter
from http_servers import DOCUMENT, serving, uri_of
from peers import free_port

from ippfast import Message, response
from ippfast.enums import Operation, Status
from ippfast.http import (
    BasicAuthenticator,
    BearerAuthenticator,
    DigestAuthenticator,
    IncomingRequest,
    Refusal,
    Reply,
    Server,
    make_server_context,
)
from ippfast.http.incoming import Handler
from ippfast.wrappers import Name, Text

pytestmark = pytest.mark.usefixtures("clean_environment")

OPERATIONS = [Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.CREATE_JOB, Operation.SEND_DOCUMENT]


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPPFAST_USER", "IPPFAST_PASSWORD", "IPPFAST_TOKEN", "IPPFAST_CA", "IPPFAST_PIN"):
        monkeypatch.delenv(name, raising=False)


class Printer:
    """Answers what a small printer does, and keeps requests and documents. Each job takes its states in turn."""

    def __init__(self, *states: int, **attributes: object) -> None:
        self.states = states or (9,)
        self.printer = {"printer-state": 3, "operations-supported": list(map(int, OPERATIONS)), **attributes}
        self.messages: list[Message] = []
        self.documents: list[bytes] = []
        self.status: dict[int, Status] = {}
        self.asked = 0
        self.lock = threading.Lock()

    def __call__(self, incoming: IncomingRequest) -> Message | Reply:
        message = incoming.message
        with self.lock:
            self.messages.append(message)
            if message.code in self.status:
                return response(
                    message,
                    self.status[message.code],
                    operation_attributes={"status-message": Text("no\x1b[31m\u202e")},
                )
            if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
                return response(message, printer=self.printer)
            if message.operation in (Operation.PRINT_JOB, Operation.SEND_DOCUMENT):
                self.documents.append(incoming.document.read())
            if message.operation is Operation.CREATE_JOB_SUBSCRIPTIONS:
                return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)
            state = self.states[min(self.asked, len(self.states) - 1)]
            self.asked += message.operation is not Operation.VALIDATE_JOB
            reason = {8: "aborted-by-system", 9: "job-completed-successfully"}.get(state, "none")
            job = {"job-id": 7, "job-uri": "ipp://localhost/7", "job-state": state, "job-state-reasons": reason}
            return response(message, job=job if message.operation is not Operation.VALIDATE_JOB else None)

    @property
    def operations(self) -> list[object]:
        return [message.operation for message in self.messages]


@contextmanager
def printing(printer: Handler, **options: object) -> Iterator[str]:
    with serving(printer, **options) as server:
        yield uri_of(server)


# What is asked


def test_attributes() -> None:
    printer = Printer(**{"printer-name": Name("A\x1b[2J\u202eB"), "copies-supported": (1, 9)})
    with printing(printer) as uri:
        result = run("attributes", uri, "printer-name", "copies-supported")
        data = json.loads(run("attributes", "--json", uri, "printer-name", "copies-supported").stdout)
        everything = run("attributes", uri)
    assert result.stdout.splitlines() == [
        r'printer-name (nameWithoutLanguage) = "A\x1b[2J\u202eB"',
        "copies-supported (rangeOfInteger) = 1-9",
    ]
    assert data == {"uri": uri, "attributes": {"printer-name": "A\x1b[2J\u202eB", "copies-supported": [1, 9]}}
    assert "operations-supported (1setOf enum) = Print-Job" in everything.stdout
    assert "requested-attributes" not in printer.messages[-1].operation_attributes
    assert printer.messages[0].operation_attributes["requested-attributes"].values == (
        "printer-name",
        "copies-supported",
    )


def test_attributes_that_are_not_there() -> None:
    with printing(Printer()) as uri:
        result = run("attributes", uri, "printer-state", "printer-stat")
    assert result.exit_code == 1
    assert result.stdout == "printer-state (enum) = idle (3)\n"
    assert result.stderr == "Error: the printer does not report printer-stat\n"


def test_supplies() -> None:
    attributes = {
        "marker-names": ["Black", "Waste"],
        "marker-types": ["toner", "wasteToner"],
        "marker-levels": [5, 100],
        "marker-low-levels": [10, 0],
        "marker-high-levels": [100, 95],
        "printer-state-reasons": ["toner-low-warning", "media-jam"],
    }
    with printing(Printer(**attributes)) as uri:
        lines = run("supplies", uri).stdout.splitlines()
        data = json.loads(run("supplies", "--json", uri).stdout)
    assert lines == [
        "SUPPLY  TYPE        LEVEL",
        "Black   toner       [#...................] 5% low",
        "Waste   wasteToner  [####################] 100% full",
        "warning: toner-low",
        "error: media-jam",
    ]
    assert [supply["level"] for supply in data["supplies"]] == [5, 100]
    assert data["printer-state-reasons"][1] == {"reason": "media-jam", "severity": "error"}


# Printing


def test_print_sends_what_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF-1.7 " + bytes(300_000))
    printer = Printer(3)
    with printing(printer) as uri:
        result = run("print", uri, str(path), "-o", "copies=2", "-o", "ipp-attribute-fidelity", "--user", "me")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "job 7: pending\n", "")
    assert printer.operations == [Operation.GET_PRINTER_ATTRIBUTES, Operation.VALIDATE_JOB, Operation.PRINT_JOB]
    for message in printer.messages[1:]:
        given = {each.name: each.value for each in message.operation_attributes}
        assert (
            given.items()
            >= {
                "requesting-user-name": "me",
                "job-name": "report.pdf",
                "document-name": "report.pdf",
                "document-format": "application/pdf",
                "ipp-attribute-fidelity": True,
            }.items()
        )
        assert [(each.name, each.value) for each in message.job] == [("copies", 2)]
    assert printer.documents == [path.read_bytes()]


@pytest.mark.parametrize(
    ("supported", "expected"), [(["none", "gzip"], ["gzip", None, None]), (["none"], [None, None, None])]
)
def test_print_compresses_what_gains(tmp_path: Path, supported: list[str], expected: list[str | None]) -> None:
    """One file does, noise does not, and what comes on standard input cannot be looked at before."""
    text, noise = tmp_path / "text.txt", tmp_path / "noise.txt"
    text.write_bytes(b"line of a text\n" * 9_999)
    noise.write_bytes(b"".join(hashlib.sha256(b"%d" % each).digest() for each in range(5_000)))
    printer = Printer(**{"compression-supported": supported, "document-format-supported": ["text/plain"]})
    with printing(printer) as uri:
        for document in (str(text), str(noise), "-"):
            options = ["-o", "compression=auto", "--format", "text/plain"]
            result = run("print", uri, document, *options, octets=text.read_bytes())
            assert result.exit_code == 0, result.output
    sent = [message for message in printer.messages if message.operation is Operation.PRINT_JOB]
    assert [message.operation_attributes.value("compression", None) for message in sent] == expected
    assert printer.documents == [text.read_bytes(), noise.read_bytes(), text.read_bytes()]


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
def test_print_compresses(compression: str) -> None:
    printer, document = Printer(), b"%PDF-1.7 " + bytes(300_000)
    with printing(printer) as uri:
        result = run("print", uri, "-", "-o", f"compression={compression}", octets=document)
    assert result.exit_code == 0
    assert printer.messages[-1].operation_attributes["compression"].value == compression
    assert printer.documents == [document]  # the server undid it


def test_print_makes_one_job_of_several_files(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.pdf", "b.jpg")]
    files[0].write_bytes(b"%PDF-1.7")
    files[1].write_bytes(b"\xff\xd8\xff")
    printer = Printer(**{"multiple-document-jobs-supported": True})
    with printing(printer) as uri:
        data = json.loads(run("print", "--json", uri, *map(str, files)).stdout)
    assert printer.operations[2:] == [Operation.CREATE_JOB, Operation.SEND_DOCUMENT, Operation.SEND_DOCUMENT]
    assert [message.operation_attributes["last-document"].value for message in printer.messages[3:]] == [False, True]
    formats = [message.operation_attributes["document-format"].value for message in printer.messages[3:]]
    assert formats == ["application/pdf", "image/jpeg"]
    assert [job["files"] for job in data["jobs"]] == [["a.pdf", "b.jpg"]]
    printer = Printer()
    with printing(printer) as uri:
        assert run("print", uri, *map(str, files)).stdout == "job 7: completed (job-completed-successfully)\n" * 2
    assert printer.operations[2:] == [Operation.PRINT_JOB, Operation.PRINT_JOB]


@pytest.mark.parametrize(
    ("states", "status", "last"),
    [
        ((3, 3, 5, 5, 9), 0, "job 7: completed (job-completed-successfully)"),
        ((3, 5, 8), 1, "job 7: aborted (aborted-by-system)"),
        ((3, 7), 1, "job 7: canceled"),
    ],
)
def test_print_waits_for_the_end(states: tuple[int, ...], status: int, last: str) -> None:
    with printing(Printer(*states)) as uri:
        result = run("print", uri, "-", "--wait", octets=b"%PDF-")
    assert result.exit_code == status
    lines = result.stdout.splitlines()
    assert (lines[0], lines[-1]) == ("job 7: pending", last)
    assert len(lines) == len(set(lines)) == len(set(states))


class Telling(EventPrinter):
    """Prints job 7, and tells what becomes of it while it is asked for events."""

    def answer(self, message: Message) -> Any:
        if message.operation is Operation.PRINT_JOB:
            return response(message, job={"job-id": 7, "job-state": "pending"})
        if message.operation is Operation.GET_NOTIFICATIONS and not self.events:
            self.tell("job-state-changed", notify_job_id=7, job_state=6, job_state_reasons="printer-stopped")
            self.tell("job-state-changed", notify_job_id=7, job_state=5, job_state_reasons="none")
            self.tell("job-completed", notify_job_id=7, job_state=9, job_state_reasons="job-completed-successfully")
        return super().answer(message)


@pytest.mark.parametrize("mode", ["parts", "wait", "ask"])
def test_print_waits_for_events(tmp_path: Path, mode: str) -> None:
    """Each of them is shown, although they come faster than anybody would ask."""
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF-")
    printer = Telling(mode)
    with printer.serving() as uri:
        result = run("print", uri, str(path), "--wait")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "job 7: pending",
        "job 7: processing",
        "job 7: processing-stopped (printer-stopped)",
        "job 7: processing",
        "job 7: completed (job-completed-successfully)",
    ]
    assert printer.count(Operation.CREATE_JOB_SUBSCRIPTIONS) == 1
    assert printer.count(Operation.GET_JOB_ATTRIBUTES) <= 2


def test_print_waits_no_longer_than_it_may() -> None:
    with printing(Printer(3)) as uri:
        result = run("print", uri, "-", "--wait", "--wait-time", "0.5", "--json", octets=b"%PDF-")
    assert result.exit_code == 5
    assert result.stderr == "Error: job 7 was not over after 0.5 seconds\n"
    assert json.loads(result.stdout)["jobs"][0]["job-state-keyword"] == "pending"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["-o", "copies=0"], "-o copies=0: copies: expected 1 to 2147483647, got integer 0"),
        (
            ["-o", "copies=100"],
            "the printer does not support copies=100; it supports 1-9; --no-check sends it anyway",
        ),
        (["-o", "copies=1", "-o", "copies=2"], "-o copies is there twice; a comma separates values"),
        (["--title", "x", "-o", "job-name=y"], "-o job-name and --title say the same: give one of them"),
        (["--format", "pdf"], "document-format: expected"),
        (["--format", "image/jpeg"], "document-format=image/jpeg; it supports application/pdf"),
        (["-o", "compression=zip"], "-o compression: expected none, gzip, deflate"),
        (["--wait-time", "1"], "--wait-time needs --wait"),
        (["-"], "standard input is one document: give - once"),
        (["no-such-file"], "no-such-file: No such file or directory"),
    ],
)
def test_print_refuses_before_anything_is_sent(arguments: list[str], fault: str) -> None:
    printer = Printer(**{"copies-supported": (1, 9), "document-format-supported": ["application/pdf"]})
    with printing(printer) as uri:
        result = run("print", uri, "-", *arguments, octets=b"%PDF-")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert fault in result.stderr
    assert result.stderr.count("\n") == 1
    assert set(printer.operations) <= {Operation.GET_PRINTER_ATTRIBUTES}


def test_print_sends_it_all_the_same() -> None:
    printer = Printer(**{"copies-supported": (1, 9)})
    with printing(printer) as uri:
        assert run("print", uri, "-", "-o", "copies=100", "--no-check", octets=b"%PDF-").exit_code == 0
    assert printer.messages[-1].job["copies"].value == 100


def test_nothing_is_no_document() -> None:
    result = run("print", "ipp://localhost:1/", "-", octets=b"")
    assert (result.exit_code, result.stderr) == (2, "Error: there is no document on standard input\n")


def test_what_the_printer_says_is_escaped() -> None:
    printer = Printer()
    printer.status[Operation.VALIDATE_JOB] = Status.CLIENT_ERROR_NOT_POSSIBLE
    with printing(printer) as uri:
        result = run("print", uri, "-", octets=b"%PDF-")
    assert result.exit_code == 1
    assert result.stderr == (
        r"Error: the printer refused Validate-Job: client-error-not-possible (0x0404): "
        r'"no\x1b[31m\u202e"' + "\n"
    )


# Jobs


def test_jobs() -> None:
    def handler(incoming: IncomingRequest) -> Message:
        jobs: list[dict[str, object]] = [
            {
                "job-id": 1,
                "job-state": 5,
                "job-name": Name("a\nb"),
                "job-originating-user-name": "me",
                "job-k-octets": 3,
            },
            {"job-id": 22, "job-state": 8},
        ]
        return response(incoming.message, job=jobs)

    with printing(handler) as uri:
        result = run("jobs", uri, "--which", "all")
        data = json.loads(run("jobs", "--json", uri).stdout)
    assert result.stdout.splitlines() == [
        "ID  STATE       USER  KBYTES  NAME",
        "1   processing  me    3       a\\nb",
        "22  aborted     -     -       -",
    ]
    assert data["jobs"][0]["job-state-keyword"] == "processing"
    assert data["jobs"][1] == {"job-id": 22, "job-state": 8, "job-state-keyword": "aborted"}


def test_job() -> None:
    with printing(Printer(5)) as uri:
        assert run("job", uri, "7", "job-state").stdout == "job-state (enum) = processing (5)\n"
        assert json.loads(run("job", "--json", uri, "7").stdout)["job"]["job-state-keyword"] == "processing"
        assert run("job", uri, "7", "job-stat").exit_code == 1


@pytest.mark.parametrize(
    ("command", "operation", "done"),
    [
        ("cancel", Operation.CANCEL_JOB, "canceled"),
        ("hold", Operation.HOLD_JOB, "held"),
        ("release", Operation.RELEASE_JOB, "released"),
    ],
)
def test_changing_jobs(command: str, operation: Operation, done: str) -> None:
    asked: list[object] = []

    def handler(incoming: IncomingRequest) -> Message:
        asked.append((incoming.message.operation, incoming.message.operation_attributes["job-id"].value))
        odd = asked[-1][1] % 2  # type: ignore[index]
        return response(incoming.message, Status.CLIENT_ERROR_NOT_FOUND if odd else Status.SUCCESSFUL_OK)

    with printing(handler) as uri:
        result = run(command, uri, "1", "2", "3")
        data = json.loads(run(command, uri, "2", "--json").stdout)
    assert asked == [(operation, 1), (operation, 2), (operation, 3), (operation, 2)]
    assert (result.exit_code, result.stdout) == (1, f"job 2: {done}\n")
    assert [line.split(":")[1] for line in result.stderr.splitlines()] == [" job 1", " job 3"]
    assert data == {"uri": uri, "jobs": [{"job-id": 2, "done": True}]}


def test_completion() -> None:
    """As the shells ask: names of attributes, then their keywords."""

    def complete(words: str) -> list[str]:
        environment = os.environ | {
            "_IPPFAST_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        }
        code = "from ippfast.cli import main; main()"
        result = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        return [line.partition(",")[2] for line in result.stdout.splitlines()]

    assert "sides=" in complete("ippfast print x y -o side")
    assert complete("ippfast print x y -o sides=two") == ["sides=two-sided-long-edge", "sides=two-sided-short-edge"]


# Where there is no answer


def test_nobody_there() -> None:
    port = free_port()
    for place in (f"ipp://localhost:{port}/ipp/print", f"localhost:{port}"):
        result = run("jobs", place)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr == f"Error: nobody answers at localhost:{port}: is the printer on, and the port right?\n"


def test_no_such_host() -> None:
    result = run("jobs", "ipp://printer.invalid/")
    assert result.exit_code == 3
    assert "there is no host of that name: printer.invalid:631" in result.stderr


@pytest.mark.parametrize("place", ["ftp://x/", "ipp://", "ipp://me:secret@x/", "ipp://x:99999/"])
def test_no_uri(place: str) -> None:
    result = run("jobs", place)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: expected a URI such as ipps://printer.local/ipp/print, or a host: ")


def test_silence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        result = run("jobs", f"ipp://localhost:{port}/", "--timeout", "0.3")
    assert result.exit_code == 3
    assert f"localhost:{port} did not answer for 0.3 seconds" in result.stderr


@pytest.mark.parametrize(
    ("status", "exit_code", "fault"),
    [
        (403, 4, "forbids it (HTTP 403): ask its administrator"),
        (404, 1, "has no printer at this path (HTTP 404): 'ippfast probe HOST' finds it"),
        (426, 4, "wants TLS, but it can't be used"),
        (503, 1, "the server answered 503 Service Unavailable"),
    ],
)
def test_http_refuses(status: int, exit_code: int, fault: str) -> None:
    def handler(incoming: IncomingRequest) -> Message:
        raise Refusal(status, "no")

    with printing(handler) as uri:
        result = run("jobs", uri, "--timeout", "2")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert fault in result.stderr
    assert result.stderr.count("\n") == 1


def test_old_printers() -> None:
    versions: list[tuple[int, int]] = []

    def handler(incoming: IncomingRequest) -> Message:
        versions.append(incoming.message.version)
        if incoming.message.version > (1, 0):
            return response(incoming.message, Status.SERVER_ERROR_VERSION_NOT_SUPPORTED)
        return response(incoming.message, printer={"printer-state": 3})

    with printing(handler) as uri:
        assert run("attributes", uri).exit_code == 0
    assert versions == [(2, 0), (1, 1), (1, 0)]


# TLS


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.certificate)
    return str(path)


@contextmanager
def secure(authority: Authority, handler: Handler, tmp_path: Path, **options: object) -> Iterator[Server]:
    path = tmp_path / "server.pem"
    path.write_bytes(authority.issue("localhost").key_and_chain)
    with serving(handler, tls=make_server_context(path), **options) as server:
        yield server


def test_certificates(authority: Authority, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with secure(authority, Printer(), tmp_path) as server:
        uri = uri_of(server, "ipps")
        for place in (uri, f"localhost:{server.port}"):
            result = run("attributes", place)
            assert (result.exit_code, result.stdout) == (4, "")
            assert "is not trusted: " in result.stderr
        pin = result.stderr.split("--pin ")[1].split(",")[0]
        assert pin.startswith("sha256:")
        for arguments in (["--pin", pin], ["--ca", ca_file], ["--insecure"]):
            assert run("attributes", uri, *arguments).exit_code == 0
            assert run("attributes", f"localhost:{server.port}", *arguments).exit_code == 0
        wrong = run("attributes", f"localhost:{server.port}", "--pin", "00" * 32)
        assert (wrong.exit_code, wrong.stdout) == (4, "")
        assert "is not the pinned one: it was replaced, or somebody else answers; find out" in wrong.stderr
        assert wrong.stderr.endswith(f"that is there now, --pin {pin}\n")
        monkeypatch.setenv("IPPFAST_PIN", pin)
        assert run("attributes", uri).exit_code == 0
        assert run("attributes", uri, "--ca", ca_file).exit_code == 0
    both = run("attributes", uri, "--insecure", "--pin", pin)
    assert (both.exit_code, both.stderr) == (2, "Error: --ca, --pin and --insecure: give one of them\n")
    assert run("attributes", uri, "--pin", "12").exit_code == 2
    assert run("attributes", uri, "--ca", "no-such-file").exit_code == 2


def test_a_host_is_asked_with_tls_first(authority: Authority, ca_file: str, tmp_path: Path) -> None:
    seen: list[tuple[bool, str]] = []

    def handler(incoming: IncomingRequest) -> Message:
        seen.append((incoming.secure, incoming.head.target))
        return response(incoming.message, printer={"printer-state": 3})

    with secure(authority, handler, tmp_path) as server:
        result = run("attributes", "--json", f"localhost:{server.port}", "--ca", ca_file)
    assert json.loads(result.stdout)["uri"] == f"ipps://localhost:{server.port}/ipp/print"
    assert result.stderr == ""
    assert set(seen) == {(True, "/ipp/print")}


def test_a_host_without_tls_is_said_to_have_none() -> None:
    with serving(Printer()) as server:
        result = run("attributes", "--json", f"localhost:{server.port}")
    assert json.loads(result.stdout)["uri"] == f"ipp://localhost:{server.port}/ipp/print"
    assert result.stderr == f"Note: localhost:{server.port} has no TLS; the request is sent unencrypted.\n"


def test_probe(authority: Authority, ca_file: str, tmp_path: Path) -> None:
    printer = Printer(**{"printer-make-and-model": Text("Model\x1b[2J X")})
    with secure(authority, printer, tmp_path) as server:
        host = f"localhost:{server.port}"
        shown = run("probe", host, "--ca", ca_file)
        data = json.loads(run("probe", host, "--ca", ca_file, "--json").stdout)
        distrusted = run("probe", host)
    assert shown.stdout.splitlines() == [
        f"URI    ipps://{host}/ipp/print",
        "IPP    2.0",
        "TLS    TLSv1.3",
        "trust  its certificate is trusted",
        r"model  Model\x1b[2J X",
    ]
    assert (data["uri"], data["trusted"], data["tls-version"]) == (f"ipps://{host}/ipp/print", True, "TLSv1.3")
    assert distrusted.exit_code == 0
    assert "trust  none: " in distrusted.stdout
    assert f"--pin sha256:{data['fingerprint']}" in distrusted.stdout


def test_probe_without_tls_or_printer() -> None:
    def handler(incoming: IncomingRequest) -> Message:
        raise Refusal(404, "no")

    with serving(Printer()) as server:
        assert (
            "TLS    none: others on the network can read what is sent"
            in run("probe", f"localhost:{server.port}").stdout
        )
    with serving(handler) as server:
        result = run("probe", f"localhost:{server.port}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"there is no printer at localhost:{server.port}: " in result.stderr
    assert run("probe", f"localhost:{server.port}").exit_code == 3


def test_probe_says_who_is_asked_for() -> None:
    check = DigestAuthenticator(lambda user: None)
    with serving(Printer(), authenticator=check) as server:
        assert "asks   for credentials: Digest" in run("probe", f"localhost:{server.port}").stdout


def test_a_host_is_searched_for_the_path() -> None:
    def handler(incoming: IncomingRequest) -> Message:
        if incoming.head.target == "/ipp/print":
            raise Refusal(404, "no")
        found = incoming.head.target == "/ipp/printer"
        status = Status.SUCCESSFUL_OK if found else Status.CLIENT_ERROR_NOT_FOUND
        return response(incoming.message, status, printer={"printer-state": 3})

    with serving(handler) as server:
        result = run("attributes", "--json", f"localhost:{server.port}")
    assert json.loads(result.stdout)["uri"] == f"ipp://localhost:{server.port}/ipp/printer"


# Credentials

SECRET = "s3cret-\u00e9"
AUTHENTICATORS: dict[str, Callable[[], object]] = {
    "basic": lambda: BasicAuthenticator(lambda user, password: (user, password) == ("me", SECRET)),
    "digest": lambda: DigestAuthenticator(lambda user: SECRET if user == "me" else None),
    "bearer": lambda: BearerAuthenticator(lambda token: "me" if token == "t0ken" else None),
}


@pytest.mark.parametrize("scheme", AUTHENTICATORS)
def test_credentials(
    authority: Authority, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    printer = Printer()
    with secure(authority, printer, tmp_path, authenticator=AUTHENTICATORS[scheme]()) as server:
        arguments = ["print", uri_of(server, "ipps"), "-", "--ca", ca_file]
        result = run(*arguments, octets=b"%PDF-")
        assert (result.exit_code, result.stdout) == (4, "")
        assert (
            "set IPPFAST_TOKEN" if scheme == "bearer" else "set IPPFAST_USER and IPPFAST_PASSWORD, or"
        ) in result.stderr
        monkeypatch.setenv("IPPFAST_USER", "me")
        for name, wrong, right in (("IPPFAST_PASSWORD", "wrong", SECRET), ("IPPFAST_TOKEN", "wrong", "t0ken")):
            monkeypatch.setenv(name, wrong)
            result = run(*arguments, octets=b"%PDF-")
            assert result.exit_code == 4
            monkeypatch.setenv(name, right)
            if (name == "IPPFAST_TOKEN") == (scheme == "bearer"):
                break
        result = run(*arguments, octets=b"%PDF-1.7")
    assert (result.exit_code, result.stderr) == (0, "")
    assert printer.documents == [b"%PDF-1.7"]
    assert SECRET not in result.output


def test_a_password_is_asked_for_and_not_shown(authority: Authority, ca_file: str, tmp_path: Path) -> None:
    """On a terminal of its own, while the document comes on standard input."""
    opened = (
        "import os, sys; terminal = os.open(sys.argv.pop(1), os.O_RDWR); os.dup2(terminal, 2);"
        "from ippfast.cli import main; main()"
    )
    controller, terminal = pty.openpty()
    printer = Printer()
    check = BasicAuthenticator(lambda user, password: (user, password) == ("me", "s3cret"))
    with secure(authority, printer, tmp_path, authenticator=check) as server, open(controller, "r+b", 0) as keyboard:
        arguments = ["print", uri_of(server, "ipps"), "-", "--ca", ca_file, "--user", "me"]
        with subprocess.Popen(
            [sys.executable, "-c", opened, os.ttyname(terminal), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # the terminal that it opens then is its own
        ) as process:
            try:
                assert process.stdin is not None
                process.stdin.write(b"%PDF-1.7")
                process.stdin.close()
                process.stdin = None
                shown = b""
                while b"Password of me: " not in shown:
                    assert select.select([controller], [], [], 90)[0], shown
                    shown += keyboard.read(1024)
                keyboard.write(b"s3cret\n")
                output, _ = process.communicate(timeout=90)
                assert process.returncode == 0
            finally:
                process.kill()
        os.set_blocking(controller, False)
        shown += keyboard.read(65536) or b""
    os.close(terminal)
    assert output == b"job 7: completed (job-completed-successfully)\n"
    assert b"s3cret" not in shown
    assert printer.documents == [b"%PDF-1.7"]


def test_standard_input_goes_out_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a printer asks who it is when the document is there, half of it must not be printed."""
    documents: list[bytes] = []

    def handler(incoming: IncomingRequest) -> Message:
        if incoming.message.operation is not Operation.PRINT_JOB:
            return response(incoming.message, printer={"printer-state": 3})
        documents.append(incoming.document.read())
        if incoming.head.headers.get("authorization") is None:
            raise Refusal(401, "who?", headers=[("WWW-Authenticate", 'Digest realm="x", nonce="1", qop="auth"')])
        return response(incoming.message, job={"job-id": 7, "job-state": 9, "job-state-reasons": "none"})

    path = tmp_path / "document"
    path.write_bytes(DOCUMENT)
    monkeypatch.setattr("ippfast.cli.session._Credentials._password", lambda self: "secret")
    with printing(handler) as uri:
        piped = run("print", uri, "-", octets=DOCUMENT)
        read = run("print", uri, str(path))
    assert (piped.exit_code, piped.stdout) == (4, "")
    assert "standard input cannot be sent a second time" in piped.stderr
    assert read.exit_code == 0
    assert set(documents) == {DOCUMENT}


def test_passwords_stay_here_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPPFAST_USER", "me")
    monkeypatch.setenv("IPPFAST_PASSWORD", SECRET)
    seen: list[object] = []

    def check(user: str, password: str) -> bool:
        seen.append(password)
        return password == SECRET

    with serving(Printer(), authenticator=BasicAuthenticator(check, insecure=True)) as server:
        result = run("attributes", uri_of(server))
        assert (result.exit_code, seen) == (4, [])
        assert "asks for a password without TLS, so it was not sent" in result.stderr
        assert run("attributes", uri_of(server), "--cleartext-password").exit_code == 0
    assert seen == [SECRET]
