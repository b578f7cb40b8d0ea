"""A behaviour of ippserver on our server, printed on by real clients: ipptool, curl, cupsd's backend, and ours.

The rule of this file: the behaviour is the library's SaveFilePrinter, in a process of its own, and what it saved is
what was sent, whichever framing the client chose. The library's own server hangs where that is Content-Length.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import libraries
import pytest
from http_conversations import DOCUMENT, PDF, request
from peers import Scheduler, program

from ippfast import encode
from ippfast.enums import Operation, Status
from ippfast.http import Client

HERE = Path(__file__).resolve().parent
LARGE = DOCUMENT * 60  # 15 MB
SECONDS = 60


class Printer:
    """The program in ippserver_printer.py: ``uri`` is its printer, and what it saves lies in ``directory``."""

    def __init__(self, library: libraries.Library, how: str, directory: Path) -> None:
        self.directory = directory
        self._errors = (directory.parent / "errors").open("w+b")
        self._process = subprocess.Popen(
            [library.python, HERE / "ippserver_printer.py", how, directory],
            env={name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            self.stop()
            raise RuntimeError((directory.parent / "errors").read_text())
        self.uri = f"ipp://localhost:{port.decode()}/printer"

    def saved(self) -> bytes:
        """What was printed, once it is there whole; then it is gone."""
        give_up = time.monotonic() + SECONDS
        size = -1
        while time.monotonic() < give_up:
            for path in self.directory.iterdir():
                if path.stat().st_size == size > 0:
                    octets = path.read_bytes()
                    path.unlink()
                    return octets
                size = path.stat().st_size
            time.sleep(0.1)
        raise AssertionError("nothing was saved")

    def stop(self) -> None:
        self._process.communicate(timeout=SECONDS)
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@pytest.fixture(scope="module", params=["handler", "command"])
def printer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printer]:
    library = libraries.install("ippserver==0.2")
    directory = tmp_path_factory.mktemp("ippserver") / "saved"
    directory.mkdir()
    with Printer(library, request.param, directory) as running:
        yield running


@pytest.mark.parametrize("expect", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_our_client(printer: Printer, chunked: bool, expect: bool) -> None:
    with Client(printer.uri, expect_continue=expect) as client:
        for octets in (DOCUMENT, LARGE):
            document = (octets[at : at + 100_000] for at in range(0, len(octets), 100_000)) if chunked else octets
            answer = client.send(request(printer.uri, Operation.PRINT_JOB, PDF), document)
            assert answer.status is Status.SUCCESSFUL_OK
            assert answer.operation_attributes["job-state"].value == 3
            assert printer.saved() == octets
        attributes = client.send(request(printer.uri, Operation.GET_PRINTER_ATTRIBUTES)).printer
        assert attributes["printer-name"].value == "ipp-printer.py"
        refused = client.send(request(printer.uri, Operation.PAUSE_PRINTER))
        assert refused.status is Status.SERVER_ERROR_INTERNAL_ERROR  # what the library says to the unknown


@pytest.mark.parametrize("framing", ["-C", "-L"])
def test_ipptool(printer: Printer, tmp_path: Path, framing: str) -> None:
    (tmp_path / "document.pdf").write_bytes(DOCUMENT)
    command = ["-T", "20", "-t", framing, "-f", str(tmp_path / "document.pdf"), printer.uri]
    done = subprocess.run(
        [program("ipptool"), *command, "/usr/share/cups/ipptool/print-job.test"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "[PASS]" in done.stdout, done.stdout
    assert "[FAIL]" not in done.stdout, done.stdout
    assert printer.saved() == DOCUMENT


@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
def test_curl(printer: Printer, tmp_path: Path, framing: str) -> None:
    body = tmp_path / "body"
    body.write_bytes(encode(request(printer.uri, Operation.PRINT_JOB, PDF)) + DOCUMENT)
    headers = ["-H", "Content-Type: application/ipp", "-H", "Expect: 100-continue"]
    if framing == "chunked":
        headers += ["-H", "Transfer-Encoding: chunked"]
    command = [
        "-sS",
        "--fail",
        "--max-time",
        "20",
        *headers,
        "--data-binary",
        f"@{body}",
        "-o",
        str(tmp_path / "answer"),
    ]
    done = subprocess.run(
        [program("curl"), *command, printer.uri.replace("ipp:", "http:")], capture_output=True, timeout=SECONDS
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "answer").read_bytes()[2:4] == b"\0\0"
    assert printer.saved() == DOCUMENT


def test_its_description(printer: Printer) -> None:
    """CUPS of old asked a printer for its PPD."""
    uri = printer.uri.replace("ipp:", "http:") + ".ppd"
    done = subprocess.run(
        [program("curl"), "-sS", "--fail", "--max-time", "20", uri], capture_output=True, timeout=SECONDS
    )
    assert done.stdout.startswith(b"*PPD-Adobe"), done.stderr


@pytest.mark.parametrize("expect", [False, True])
def test_a_job_that_is_rejected(tmp_path: Path, expect: bool) -> None:
    """By the library's RejectAllPrinter, which leaves the document alone."""
    (tmp_path / "saved").mkdir()
    library = libraries.install("ippserver==0.2")
    with (
        Printer(library, "reject", tmp_path / "saved") as printer,
        Client(printer.uri, expect_continue=expect) as client,
    ):
        for _ in range(2):
            answer = client.send(request(printer.uri, Operation.PRINT_JOB, PDF), LARGE)
            assert answer.status is Status.SERVER_ERROR_JOB_CANCELED


def test_cupsd(printer: Printer, scheduler: Scheduler, tmp_path: Path) -> None:
    """A queue of cupsd, whose backend ipp prints on the behaviour."""
    (tmp_path / "document.pdf").write_bytes(DOCUMENT)
    environment = {**os.environ, **scheduler.environment}

    def run(*command: str) -> None:
        done = subprocess.run(
            [program(command[0]), *command[1:]], env=environment, capture_output=True, text=True, timeout=SECONDS
        )
        assert done.returncode == 0, done.stdout + done.stderr

    name = f"behaviour-{printer.uri.split(':')[2].partition('/')[0]}"
    run("lpadmin", "-p", name, "-E", "-v", printer.uri)
    run("lp", "-d", name, "-o", "raw", str(tmp_path / "document.pdf"))
    assert printer.saved() == DOCUMENT
    run("lpadmin", "-x", name)
