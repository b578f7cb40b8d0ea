"""The printer for tests of clients: what came is seen, and what is to go wrong goes wrong, once and as it was said."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from authorities import Authority
from http_shells import wait_until

from ippfast import Message, encode, operations
from ippfast.enums import JobState, Operation, PrinterState, Status
from ippfast.http import TLS, AnswerError, Client, HTTPError, JobError, StatusError, Timeouts, make_server_context
from ippfast.printer import ManualClock
from ippfast.testing import Alter, Break, Fault, Garble, LoopbackPrinter, Refuse, RefuseHTTP, Slow


@pytest.fixture
def printer() -> Iterator[LoopbackPrinter]:
    with LoopbackPrinter() as printer:
        yield printer


def test_what_came_is_seen(printer: LoopbackPrinter) -> None:
    with Client(printer.uri, user="ada") as client:
        client.print(b"hello", job_name="Letter", document_format="text/plain", copies=2, sides="one-sided").wait()
        client.print(b"a" * 200_000, b"b", job_name="Two", document_format="text/plain").wait()
    first, second = printer.wait_for_jobs(2)
    assert (first.name, first.user, first.state, first.octets) == ("Letter", "ada", JobState.COMPLETED, b"hello")
    assert (first.attributes["copies"], first.attributes["sides"]) == (2, "one-sided")
    assert [len(each.octets) for each in second.documents] == [200_000, 1]
    assert {each.format for each in second.documents} == {"text/plain"}
    with pytest.raises(ValueError, match="too many"):
        assert second.octets
    codes = [message.operation for message in printer.requests]
    assert codes.count(Operation.PRINT_JOB) == 1
    assert codes.count(Operation.SEND_DOCUMENT) == 2


def test_it_is_described(printer: LoopbackPrinter) -> None:
    with LoopbackPrinter(description={"printer-name": "desk", "color-supported": False}) as other:
        with Client(other.uri) as client:
            assert client.attributes("printer-name").value("printer-name") == "desk"
        assert other.port != printer.port


def test_nobody_waits_for_ever(printer: LoopbackPrinter) -> None:
    with pytest.raises(TimeoutError, match=r"0 of 1 jobs have ended within 0.1 seconds: there are no jobs"):
        printer.wait_for_jobs(timeout=0.1)


def ask(client: Client, uri: str) -> Message:
    return client.send(operations.get_printer_attributes(uri, requested_attributes=["printer-name"]))


def test_refusals(printer: LoopbackPrinter) -> None:
    printer.fail(Refuse(operation="Get-Printer-Attributes"), RefuseHTTP(status=500), Refuse(status="client-error-gone"))
    with Client(printer.uri) as client:
        assert ask(client, printer.uri).status is Status.SERVER_ERROR_BUSY
        with pytest.raises(StatusError) as caught:
            ask(client, printer.uri)
        assert caught.value.status == 500
        assert ask(client, printer.uri).status is Status.CLIENT_ERROR_GONE
        assert ask(client, printer.uri).status is Status.SUCCESSFUL_OK


def test_a_busy_printer_is_asked_again(printer: LoopbackPrinter) -> None:
    printer.fail(Refuse(operation="Print-Job", times=2))
    with Client(printer.uri, patience=30) as client:
        assert ask(client, printer.uri).status is Status.SUCCESSFUL_OK
        client.print(b"x", document_format="text/plain").wait()
    assert [message.operation for message in printer.requests].count(Operation.PRINT_JOB) == 3
    assert len(printer.jobs) == 1


def test_slow_answers(printer: LoopbackPrinter) -> None:
    printer.fail(Slow(seconds=60))
    with Client(printer.uri, timeouts=Timeouts(first_octet=0.2)) as client, pytest.raises(TimeoutError):
        ask(client, printer.uri)
    begun = time.monotonic()
    printer.close()
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("octets", [0, 20])
def test_connections_break(printer: LoopbackPrinter, octets: int) -> None:
    printer.fail(Break(octets=octets, times=None))
    with Client(printer.uri) as client:
        with pytest.raises((HTTPError, OSError)):
            client.print(b"x", document_format="text/plain")
        printer.heal()
        assert ask(client, printer.uri).code == 0
    assert len(printer.jobs) == 1  # which was made all the same


def test_a_connection_breaks_after_so_many_octets(printer: LoopbackPrinter) -> None:
    printer.fail(Break(octets=20))
    body = encode(operations.get_printer_attributes(printer.uri))
    head = f"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("localhost", printer.port)) as client:
        client.sendall(head.replace("\r\n\r\n", "\r\nContent-Type: application/ipp\r\n\r\n").encode() + body)
        came = client.recv(20, socket.MSG_WAITALL)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert came == b"HTTP/1.1 200 OK\r\nCon"


def test_an_upload_breaks(printer: LoopbackPrinter) -> None:
    printer.fail(Break(operation="Print-Job", octets=100_000, upload=True))
    with Client(printer.uri) as client, pytest.raises((HTTPError, OSError)):
        client.print(b"x" * 50_000_000, document_format="text/plain")
    assert printer.jobs == []


@pytest.mark.parametrize("how", ["truncated", "empty", "page", "request-id", b"\x02\x00"])
def test_answers_that_are_none(printer: LoopbackPrinter, how: str | bytes) -> None:
    printer.fail(Garble(how=how, times=None))  # type: ignore[arg-type]
    with Client(printer.uri, strict=True) as client, pytest.raises(AnswerError):
        ask(client, printer.uri)


def test_an_answer_of_another_version(printer: LoopbackPrinter) -> None:
    printer.fail(Garble(how="version"))
    with Client(printer.uri) as client:
        assert ask(client, printer.uri).version == (9, 9)


def test_answers_are_altered(printer: LoopbackPrinter) -> None:
    def renamed(message: Message) -> Message:
        message.printer["printer-name"] = "other"
        return message

    printer.fail(Alter(function=renamed))
    with Client(printer.uri) as client:
        assert ask(client, printer.uri).printer.value("printer-name") == "other"
        assert ask(client, printer.uri).printer.value("printer-name") == "ippfast"


def test_faults_are_checked() -> None:
    with pytest.raises(ValueError, match="Print-Job"):
        Refuse(operation="Print-Jobs")
    with pytest.raises(ValueError, match="no Status"):
        Refuse(status="busy")
    with pytest.raises(ValueError, match="times"):
        Slow(seconds=1, times=0)
    with pytest.raises(ValueError, match="speed"):
        LoopbackPrinter(clock=ManualClock())
    assert issubclass(Break, Fault)


def test_a_jam_in_the_middle_of_a_job() -> None:
    clock = ManualClock()
    with LoopbackPrinter(speed=60, clock=clock) as printer, Client(printer.uri) as client:
        job = client.print(b"x" * 100_000, document_format="application/octet-stream")
        wait_until(lambda: clock.waiting > 0)
        printer.device.provoke("media-jam")
        clock.advance(1)
        notes = client.watch(job, interval=0.05, timeout=30)
        assert any(note.state is JobState.PROCESSING_STOPPED for note in notes)
        assert client.attributes("printer-state").value("printer-state") == PrinterState.STOPPED
        printer.heal()
        while not client.job(job).ended:
            clock.advance(1)
    assert printer.requests


def test_a_canceled_job_is_seen(printer: LoopbackPrinter) -> None:
    printer.device.provoke("door-open")
    with Client(printer.uri) as client:
        job = client.print(b"x", document_format="text/plain")
        client.cancel(job)
        with pytest.raises(JobError):
            job.wait()
    (seen,) = printer.wait_for_jobs()
    assert (seen.state, seen.octets) == (JobState.CANCELED, b"x")


def test_tls(tmp_path: Path) -> None:
    authority = Authority()
    (pem := tmp_path / "server.pem").write_bytes(authority.issue("localhost").key_and_chain)
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    with LoopbackPrinter(tls=make_server_context(pem)) as printer:
        assert printer.uri.startswith("ipps://")
        with pytest.raises(ValueError, match="TLS"):
            printer.fail(Garble())
        printer.fail(Refuse())
        with Client(printer.uri, tls=TLS(ca_file=str(tmp_path / "ca.pem"))) as client:
            assert ask(client, printer.uri).status is Status.SERVER_ERROR_BUSY
            assert ask(client, printer.uri).status is Status.SUCCESSFUL_OK


def test_nothing_is_left(printer: LoopbackPrinter) -> None:
    with socket.create_connection(("127.0.0.1", printer.port)):
        printer.close()
    printer.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", printer.port), 1)
