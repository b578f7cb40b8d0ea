"""The client prints on, asks and cancels at CUPS' ippeveprinter and cupsd; their programs print on the server.

The rule of this file: real programs on loopback, in both framings, with and without Expect, plain and with TLS.
"""

import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from authorities import Authority
from http_conversations import DOCUMENT, PDF, request
from peers import EvePrinter, Scheduler, program

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag
from ippfast.enums import Operation, Status
from ippfast.http import TLS, Client, IncomingRequest, PinError, Server, make_server_context

SUITES = Path("/usr/share/cups/ipptool")


def send_when_free(client: Client, message: Message, document: object) -> Message:
    """ippeveprinter takes one job at a time."""
    for _ in range(100):
        answer = client.send(message, document() if callable(document) else document)  # type: ignore[arg-type]
        if answer.status is not Status.SERVER_ERROR_BUSY:
            return answer
        time.sleep(0.05)
    raise AssertionError("the printer stays busy")


def check_printing(printer: EvePrinter, uri: str, client: Client, path: Path) -> None:
    path.write_bytes(DOCUMENT)

    def pieces() -> Iterator[bytes]:
        yield DOCUMENT[:1_000]
        yield DOCUMENT[1_000:]

    message = request(uri, Operation.PRINT_JOB, PDF)
    for document in (path, DOCUMENT, pieces):
        answer = send_when_free(client, message, document)
        assert answer.status is Status.SUCCESSFUL_OK
        (spooled,) = printer.spool.glob(f"{answer.job['job-id'].value}-*.pdf")
        assert spooled.read_bytes() == DOCUMENT
    job_id = Attribute("job-id", ValueTag.INTEGER, answer.job["job-id"].value)
    job = client.send(request(uri, Operation.GET_JOB_ATTRIBUTES, job_id))
    assert job.status is Status.SUCCESSFUL_OK
    jobs = client.send(request(uri, Operation.GET_JOBS, Attribute("which-jobs", ValueTag.KEYWORD, "completed")))
    assert jobs.status is Status.SUCCESSFUL_OK
    canceled = client.send(request(uri, Operation.CANCEL_JOB, job_id))
    assert canceled.status in (Status.SUCCESSFUL_OK, Status.CLIENT_ERROR_NOT_POSSIBLE)
    printers = client.send(request(uri, Operation.GET_PRINTER_ATTRIBUTES))
    assert printers.printer["printer-info"].value == "Peer"


@pytest.mark.parametrize("expect", [False, True])
def test_ippeveprinter(eve_printer: EvePrinter, tmp_path: Path, expect: bool) -> None:
    with Client(eve_printer.uri, expect_continue=expect) as client:
        check_printing(eve_printer, eve_printer.uri, client, tmp_path / "document")


@pytest.mark.parametrize("expect", [False, True])
def test_ippeveprinter_with_tls(eve_printer: EvePrinter, tmp_path: Path, expect: bool) -> None:
    uri = eve_printer.secure_uri
    with Client(uri) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.send(request(uri, Operation.GET_PRINTER_ATTRIBUTES))
    with Client(uri, tls=TLS(fingerprint="00" * 32)) as client, pytest.raises(PinError) as caught:
        client.send(request(uri, Operation.GET_PRINTER_ATTRIBUTES))
    tls = TLS(fingerprint=caught.value.fingerprint)
    with Client(uri, tls=tls, expect_continue=expect) as client:
        check_printing(eve_printer, uri, client, tmp_path / "document")


def test_cupsd(scheduler: Scheduler) -> None:
    uri = f"ipp://localhost:{scheduler.port}/"
    with Client(uri) as client:
        for _ in range(3):
            answer = client.send(request(uri, 0x4002))  # CUPS-Get-Printers
            assert answer.status in (Status.SUCCESSFUL_OK, Status.CLIENT_ERROR_NOT_FOUND)


class Printer:
    """Just enough of a printer for ipptool's print-job.test and the like."""

    def __init__(self) -> None:
        self.documents: list[bytes] = []
        self.secure: list[bool] = []
        self.lock = threading.Lock()

    def __call__(self, incoming: IncomingRequest) -> Message:
        message = incoming.message
        groups = [
            AttributeGroup(
                DelimiterTag.OPERATION,
                [
                    Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
                    Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
                ],
            )
        ]
        if message.operation is Operation.PRINT_JOB:
            document = incoming.document.read()
            with self.lock:
                self.documents.append(document)
                self.secure.append(incoming.secure)
            job = [
                Attribute("job-id", ValueTag.INTEGER, len(self.documents)),
                Attribute("job-uri", ValueTag.URI, "ipp://localhost/ipp/print/1"),
                Attribute("job-state", ValueTag.ENUM, 9),
                Attribute("job-state-reasons", ValueTag.KEYWORD, "job-completed-successfully"),
            ]
            groups.append(AttributeGroup(DelimiterTag.JOB, job))
        return Message(message.version, Status.SUCCESSFUL_OK, message.request_id, groups)


# With Content-Length and a compression, ipptool announces the length before it and sends fewer octets.
JOBS = [
    ("print-job.test", "-C"),
    ("print-job.test", "-L"),
    ("print-job-gzip.test", "-C"),
    ("print-job-deflate.test", "-C"),
]


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize(("suite", "framing"), JOBS)
def test_ipptool(tmp_path: Path, framing: str, secure: bool, suite: str) -> None:
    printer = Printer()
    leaf = Authority().issue("localhost")
    (tmp_path / "server.pem").write_bytes(leaf.key_and_chain)
    (tmp_path / "document.pdf").write_bytes(DOCUMENT)
    with Server(printer, port=0, tls=make_server_context(tmp_path / "server.pem")) as server:
        uri = f"{'ipps' if secure else 'ipp'}://localhost:{server.port}/ipp/print"
        document = str(tmp_path / "document.pdf")
        command = [program("ipptool"), "-T", "20", "-t", framing, "-f", document, uri, str(SUITES / suite)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "[PASS]" in done.stdout, done.stdout
    assert "[FAIL]" not in done.stdout, done.stdout
    assert printer.documents == [DOCUMENT]
    assert printer.secure == [secure]
