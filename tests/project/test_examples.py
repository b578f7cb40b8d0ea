"""Each of the examples runs as its head says, and does what it is there to show.

The rule of this file: an example is a process of its own, asked by the client or by CUPS' programs.
"""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from command_line import run
from http_servers import serving, uri_of
from http_shells import wait_until
from libraries import install
from peers import EvePrinter, free_port, package, program

from ippfast import Message, decode, encode, operations, response
from ippfast.http import IncomingRequest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DOCUMENT = b"%PDF-1.7\n" + bytes(range(256)) * 50_000

RECIPES = {"columns_dask", "columns_ray", "columns_spark"}  # `make recipes` runs them; what they need is large

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples are no part of this installation")


@contextmanager
def running(name: str, *arguments: str) -> Iterator[str]:
    """An example, until it has printed a line; gives that line."""
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            line = process.stdout.readline().strip()
            assert line, process.stderr.read()
            yield line
        finally:
            process.kill()


def test_there_is_a_test_for_each() -> None:
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    text = Path(__file__).read_text(encoding="utf-8")
    assert names
    assert all(re.search(rf'"{name}(\.py|:application)?"', text) for name in names - RECIPES)


# ---- forwarder ----


class Printer:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.documents: list[bytes] = []
        self.uris: set[object] = set()
        self.uri = ""

    def __call__(self, incoming: IncomingRequest) -> Message:
        self.uris.add(incoming.message.operation_attributes["printer-uri"].value)
        document = incoming.document.read()
        if document:
            self.documents.append(document)
            job = {"job-id": 1, "job-uri": f"{self.uri}/1", "job-state": 9, "job-state-reasons": "none"}
            return response(incoming.message, job=job)
        return response(incoming.message, printer={"printer-uri-supported": self.uri, "operations-supported": [2]})


def test_forwarder() -> None:
    printer = Printer()
    with serving(printer) as server:
        printer.uri = uri_of(server)
        with running("forwarder", printer.uri) as uri:
            seen = json.loads(run("attributes", uri, "--json").stdout)["attributes"]
            printed = json.loads(run("print", uri, "-", "--json", octets=DOCUMENT).stdout)["jobs"][0]
    assert uri != printer.uri
    assert seen["printer-uri-supported"] == [uri]
    assert printed["job-uri"] == f"{uri}/1"
    assert printer.documents == [DOCUMENT]
    assert printer.uris == {printer.uri}


def test_forwarder_says_when_the_printer_is_gone() -> None:
    port = free_port()
    with running("forwarder", f"ipp://localhost:{port}/") as uri:
        assert "server-error-service-unavailable" in run("attributes", uri).stderr


def test_forwarder_between_programs_of_cups(eve_printer: EvePrinter, tmp_path: Path) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(DOCUMENT)
    with running("forwarder", eve_printer.uri) as uri:
        command = [program("ipptool"), "-tI", "-f", str(path), uri, "print-job.test"]
        for _ in range(20):  # ippeveprinter takes one job at a time
            printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            if "server-error-busy" not in printed.stdout:
                break
    assert "[PASS]" in printed.stdout, printed.stdout
    assert "[FAIL]" not in printed.stdout
    assert any(spooled.read_bytes() == DOCUMENT for spooled in eve_printer.spool.glob("*.pdf"))


# ---- object storage ----


def test_object_storage(tmp_path: Path) -> None:
    with running("object_storage", str(tmp_path)) as uri:
        for _ in range(2):
            result = run("print", uri, "-", "--format", "application/pdf", octets=DOCUMENT)
            assert (result.exit_code, result.stderr) == (0, "")
        assert (
            "it supports application/octet-stream"
            in run("print", uri, "-", "--format", "text/plain", octets=b"x").stderr
        )
        broken(uri)
        wait_until(lambda: {path.name for path in tmp_path.iterdir()} == {"job-1", "job-2"})
    assert (tmp_path / "job-2").read_bytes() == DOCUMENT


def broken(uri: str) -> None:
    """A job whose client goes away in the middle leaves nothing behind."""
    port = int(uri.split(":")[2].split("/")[0])
    head = encode(operations.print_job(uri))
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(
            b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\n"
            b"Content-Length: %d\r\n\r\n" % (len(head) + 1_000_000)
        )
        client.sendall(head + b"x" * 1_000)
    assert run("attributes", uri).exit_code == 0  # which comes after it


# ---- ASGI ----


def test_asgi_app() -> None:
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", "0", "asgi_app:application"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if "running on http://127.0.0.1:" in line:
                    break
            port = int(re.findall(r":(\d+) ", line)[0])
            uri = f"ipp://localhost:{port}/ipp/print"
            result = run("print", uri, "-", octets=DOCUMENT)
            connection = HTTPConnection("localhost", port, timeout=90)
            statuses = [ask(connection, without) for without in ("printer-uri", "its one value", "attributes", "group")]
            connection.request("GET", "/documents")
            printed = json.loads(connection.getresponse().read())
            connection.close()
        finally:
            process.terminate()
            process.stderr.read()
    assert (result.exit_code, result.stdout) == (0, "job 1: completed\n")
    assert printed == [{"job-id": 1, "octets": len(DOCUMENT), "sha256": hashlib.sha256(DOCUMENT).hexdigest()}]
    assert statuses == ["client-error-bad-request"] * 4


def ask(connection: HTTPConnection, without: str) -> str:
    """The status of the answer to a Get-Printer-Attributes that lacks something."""
    message = operations.get_printer_attributes("ipp://localhost/ipp/print")
    group = message.operation_attributes
    if without == "printer-uri":
        del group["printer-uri"]
    elif without == "its one value":
        group["printer-uri"] = ["ipp://localhost/ipp/print"] * 2
    elif without == "attributes":
        group.clear()
    else:
        message.groups.clear()
    connection.request("POST", "/ipp/print", encode(message), {"Content-Type": "application/ipp"})
    answer = connection.getresponse()
    assert answer.status == 200
    return str(decode(answer.read()).status)


def test_print_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", "0", "print_server:application"]
    environment = {**os.environ, "SPOOL": str(tmp_path / "spool"), "PRINTED": str(tmp_path / "printed")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if "running on http://127.0.0.1:" in line:
                    break
            port = int(re.findall(r":(\d+) ", line)[0])
            result = run("print", f"ipp://localhost:{port}/ipp/print", "-", "--wait", octets=DOCUMENT)
            connection = HTTPConnection("localhost", port, timeout=90)
            connection.request("GET", "/")
            page = connection.getresponse().read().decode()
            connection.close()
        finally:
            process.terminate()
            said = process.stderr.read()
    assert result.exit_code == 0, result.output
    assert "The printer of this application" in page
    (printed,) = (tmp_path / "printed").iterdir()
    assert printed.read_bytes() == DOCUMENT
    assert "Traceback" not in said


# ---- fleet monitor ----


def test_fleet_monitor() -> None:
    def well(incoming: IncomingRequest) -> Message:
        wanted = incoming.message.operation_attributes["requested-attributes"].values
        assert len(wanted) == 4
        state = {"printer-state": 3, "printer-state-reasons": "none", "queued-job-count": 2}
        return response(incoming.message, printer=state)

    def ill(incoming: IncomingRequest) -> Message:
        reasons = ["toner-low-warning", "media-jam"]
        state = {"printer-state": 5, "printer-state-reasons": reasons, "printer-is-accepting-jobs": False}
        return response(incoming.message, printer=state)

    gone = f"ipp://localhost:{free_port()}/"
    with serving(well) as first, serving(ill) as second:
        uris = [uri_of(first), uri_of(second), gone]
        command = [sys.executable, str(EXAMPLES / "fleet_monitor.py"), *uris]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == f"{uris[0]}: idle, 2 jobs: well"
    assert lines[1] == f"{uris[1]}: stopped, ? jobs: warning: toner-low, error: media-jam, it takes no jobs"
    assert lines[2].startswith(f"{gone}: unreachable, ? jobs: ")


# ---- print-service: units, containers ----


def command_lines(name: str) -> list[list[str]]:
    """What a file starts of ippfast: its command and its arguments."""
    text = (EXAMPLES / "print-service" / name).read_text(encoding="utf-8")
    if name.endswith(".service"):
        found = re.findall(r"^ExecStart=/opt/ippfast/bin/ippfast ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    else:
        found = re.findall(r"^    command: >-\n((?:      .*\n)+)", text, re.MULTILINE)
    lines = [line.replace("\\\n", " ").split() for line in found]
    return [line for line in lines if line[0] in ("serve", "work")]


@pytest.mark.parametrize(
    ("name", "count"), [("ippfast-serve.service", 1), ("ippfast-work.service", 1), ("compose.yaml", 2)]
)
def test_services_are_started_with_options_that_there_are(name: str, count: int) -> None:
    lines = command_lines(name)
    assert len(lines) == count
    for command, *arguments in lines:
        known = set(re.findall(r"--[a-z-]+", run(command, "--help").stdout))
        assert {each for each in arguments if each.startswith("--")} <= known


def test_the_compose_file_is_one(tmp_path: Path) -> None:
    """By the schema of the Compose Specification, as a validator of others has it; and a typing error is seen."""
    package("regress")
    validator = install("check-jsonschema==0.39.0").python.with_name("check-jsonschema")
    text = (EXAMPLES / "print-service" / "compose.yaml").read_text(encoding="utf-8")
    file = tmp_path / "compose.yaml"
    for given, good in ((text, True), (text.replace("    volumes:", "    volume:"), False)):
        file.write_text(given, encoding="utf-8")
        command = [str(validator), "--builtin-schema", "vendor.compose-spec", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode == 0) is good, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["ippfast-serve.service", "ippfast-work.service"])
def test_units_are_hardened(name: str, tmp_path: Path) -> None:
    """systemd's own judgment: an exposure of at most 2 of 10, and nothing in it that it does not know."""
    unit = tmp_path / name
    text = (EXAMPLES / "print-service" / name).read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/ippfast/bin/ippfast", sys.executable))
    for words in (["verify", str(unit)], ["security", "--offline=true", "--threshold=20", str(unit)]):
        done = subprocess.run(
            [program("systemd-analyze"), *words], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert name not in done.stderr, done.stderr


def test_standbys_follow_their_primary() -> None:
    """PostgreSQL does not start as a standby with fewer connections than its primary has: no commit would end then."""
    text = (EXAMPLES / "print-service" / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^ *(?:exec )?postgres .*-c max_connections=(\d+)", text, re.MULTILINE) == ["200", "200"]


def test_the_balancer_understands_its_file() -> None:
    file = EXAMPLES / "print-service" / "haproxy.cfg"
    done = subprocess.run([program("haproxy"), "-c", "-f", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_printers_of_the_containers_are_printers() -> None:
    from ippfast.printer.service import read_printers

    assert [each.name for each in read_printers(EXAMPLES / "print-service" / "printers.toml")] == ["hall", "office"]
