"""The commands and printers that are careless about IPP: what is shown, what is said, and the exit status.

The rule of this file: a printer on loopback answers what the test says; nothing may wait for ever.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from scripted_printer import http, printer

from ippfast import Attribute, Collection, Message, ValueTag, encode, response
from ippfast.enums import Operation, Status

MADE = {"job-id": 7, "job-uri": "ipp://localhost/7", "job-state": "pending"}
PRINTER = {"printer-name": "q", "printer-state": 3, "operations-supported": [2, 9, 11]}
WITH_ERRORS = {"job-id": 7, "job-state": "completed", "job-state-reasons": "job-completed-with-errors"}


class Careless:
    """Prints a job with these attributes, and answers with those when it is asked about it."""

    def __init__(self, made: Any = None, asked: Any = None, status: Status = Status.SUCCESSFUL_OK) -> None:
        self.made = made or MADE
        self.asked = asked
        self.status = status
        self.first: Any = None  # what the first question about the job is answered with

    def __call__(self, message: Message) -> Message:
        if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
            return response(message, printer=PRINTER)
        if message.operation is Operation.PRINT_JOB:
            return response(message, job=self.made)
        if message.operation is Operation.GET_JOB_ATTRIBUTES:
            if self.first is not None:
                first, self.first = self.first, None
                return response(message, job=first)
            return response(message, self.status, job=self.asked)
        return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)


UNKNOWN = {
    "no job-state": Careless(asked={"job-id": 7}),
    "another job": Careless(asked={"job-id": 99, "job-state": "aborted"}),
    "forgotten": Careless(status=Status.CLIENT_ERROR_NOT_FOUND),
    "nobody may ask": Careless(status=Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED),
    "no job-id": Careless(made={"job-state": "pending"}),
    "no job-id, but 0": Careless(made=[Attribute("job-id", ValueTag.INTEGER, 0)]),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_printed_state_unknown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ippfast.http._client.watching._FIRST_PAUSE", 0.01)
    with printer(UNKNOWN[name]) as uri:
        result = run("print", uri, "-", octets=b"%PDF-")
        assert result.exit_code == 0, result.output
        assert ("Note: the printer took the job, but did not say its job-id" in result.stderr) == (
            name.startswith("no job-id")
        )
        result = run("print", uri, "-", "--wait", octets=b"%PDF-")
        assert result.exit_code == 6, result.output
        assert "printed, state unknown: the printer does not say what became of it" in result.stderr
        if not name.startswith("no job-id"):
            UNKNOWN[name].first = MADE
            result = run("watch", uri, "7", "--interval", "0.01")
            assert result.exit_code == 6, result.output
            assert "job 7: printed, state unknown" in result.stderr
            assert "aborted" not in result.stdout


def test_documents_follow_a_job_whose_job_id_comes_twice(tmp_path: Path) -> None:
    sent = []

    def answer(message: Message) -> Message:
        if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
            operations = [Operation.PRINT_JOB, Operation.CREATE_JOB, Operation.SEND_DOCUMENT, Operation.VALIDATE_JOB]
            return response(
                message,
                printer={**PRINTER, "operations-supported": operations, "multiple-document-jobs-supported": True},
            )
        if message.operation is Operation.SEND_DOCUMENT:
            sent.append(message.operation_attributes["job-id"].value)
        twice = [Attribute("job-id", ValueTag.INTEGER, [7, 7]), Attribute("job-state", ValueTag.ENUM, [3, 3])]
        return response(message, job=twice)

    names = [str(tmp_path / name) for name in ("one.pdf", "two.pdf")]
    for name in names:
        Path(name).write_bytes(b"%PDF-")
    with printer(answer) as uri:
        result = run("print", uri, *names)
    assert result.exit_code == 0, result.output
    assert sent == [7, 7]


def test_a_job_that_has_a_job_uri_alone_is_followed() -> None:
    asked = []

    def answer(message: Message) -> Message:
        uri = message.operation_attributes.get("job-uri")
        if message.operation is Operation.GET_JOB_ATTRIBUTES:
            asked.append((uri and uri.value, "job-id" in message.operation_attributes))
        return careless(message)

    made = {name: value for name, value in MADE.items() if name != "job-id"}
    careless = Careless(made=made, asked={"job-state": "canceled", "job-state-reasons": "job-canceled-at-device"})
    with printer(answer) as uri:
        result = run("print", uri, "-", "--wait", "--json", octets=b"%PDF-")
    assert result.exit_code == 1
    assert "Error: a job without a job-id is canceled" in result.stderr
    assert set(asked) == {("ipp://localhost/7", False)}
    (job,) = json.loads(result.stdout)["jobs"]
    assert job["job-state-reasons"] == ["job-canceled-at-device"]


def test_completed_with_errors() -> None:
    with printer(Careless(asked=WITH_ERRORS)) as uri:
        result = run("print", uri, "-", "--wait", octets=b"%PDF-")
        assert result.exit_code == 1
        assert "Error: job 7 is completed with errors" in result.stderr
        assert run("watch", uri, "7").exit_code == 1


def test_job_of_another() -> None:
    with printer(Careless(asked={"job-id": 99, "job-state": "aborted"})) as uri:
        result = run("job", uri, "7")
    assert result.exit_code == 1
    assert "the printer says nothing about job 7" in result.stderr
    assert "aborted" not in result.stdout


def test_attributes_that_come_with_a_refusal() -> None:
    def answer(message: Message) -> Message:
        job = {"job-id": 7, "job-state": "completed"} if message.operation is Operation.GET_JOB_ATTRIBUTES else None
        ignored = [Attribute("requested-attributes", ValueTag.KEYWORD, ["x", "y"])]
        status = Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        return response(message, status, unsupported=ignored, printer=None if job else PRINTER, job=job)

    with printer(answer) as uri:
        for command, shown in ((["attributes", uri], "printer-name"), (["job", uri, "7"], "completed")):
            result = run(*command)
            assert result.exit_code == 1
            assert shown in result.stdout
            assert "client-error-attributes-or-values-not-supported (0x040b)" in result.stderr
            assert "not supported: requested-attributes 'x', 'y'" in result.stderr
        assert run("supplies", uri).exit_code == 1


def test_web_page() -> None:
    with printer(lambda message: http(b"<html>", kind="text/html")) as uri:
        result = run("attributes", uri)
    assert result.exit_code == 1
    assert "the server answered with a web page: is the path right? try ippfast probe HOST" in result.stderr
    assert "50" not in result.stderr.replace(uri, "").partition("web page")[2]


@pytest.mark.parametrize("head", ["Content-Length: a", "Content-Length: -1", "Content-Length: 1, 2"])
def test_bad_framing(head: str) -> None:
    """No status is shown that nobody sent."""
    with printer(lambda message: f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode()) as uri:
        result = run("attributes", uri)
    assert result.exit_code == 1
    assert "Content-Length" in result.stderr
    assert not re.search(r"\b(400|502)\b", result.stderr)  # a port may have these digits


def test_redirection() -> None:
    moved = http(b"", "302 Found", "Location: https://printer.example/ipp/print")
    with printer(lambda message: moved) as uri:
        result = run("attributes", uri)
    assert result.exit_code == 1
    assert "302 Found, to 'https://printer.example/ipp/print'" in result.stderr


# What is malformed.


def damaged(message: Message) -> bytes:
    sizes = Attribute("media-col-default", ValueTag.BEG_COLLECTION, Collection([Attribute("x", ValueTag.INTEGER, 1)]))
    group = [Attribute("printer-name", ValueTag.NAME, "q"), sizes, Attribute("queued-job-count", ValueTag.INTEGER, 3)]
    return http(encode(response(message, printer=group)).replace(b"\x37\x00\x00\x00\x00", b""))


def test_one_note_of_all_repairs() -> None:
    with printer(damaged) as uri:
        result = run("print", uri, "-", "--no-check", octets=b"%PDF-")
        assert result.stderr.count("Note: the printer's answers are malformed") == 1
        result = run("attributes", uri)
        assert result.exit_code == 0
        assert "queued-job-count" in result.stdout
        assert result.stderr.count("Note: the printer's answers are malformed, and were repaired: ") == 1
        assert "'media-col-default'" in result.stderr
        result = run("check", uri)
        assert "its answers are malformed, clients have to repair them" in result.stdout
        assert "Note: " not in result.stderr


def test_what_cannot_be_repaired() -> None:
    with printer(lambda message: http(b"\x02\x00\x00\x00what is this")) as uri:
        result = run("attributes", uri)
    assert result.exit_code == 1
    assert "no IPP message: " in result.stderr
    assert "'ippfast capture' saves it as it is" in result.stderr


def test_answer_to_another_request() -> None:
    def answer(message: Message) -> Message:
        made = Careless()(message)
        made.request_id += 1
        return made

    with printer(answer) as uri:
        result = run("attributes", uri)
        assert result.exit_code == 1
        assert "an answer to another request: its request-id is" in result.stderr
        result = run("check", uri)
        assert result.exit_code == 1
        assert "the request-id of its answers is not that of the request (Get-Printer-Attributes" in result.stdout
