"""Answers to Get-Printer-Attributes that are given again tell what a new one would tell, whatever changes between them.

The rule of this file: each answer is compared with the one that is made after `forget`.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from printers import Desk, printing

from ippfast import Attribute, DateTime, Message, Operation, ValueTag
from ippfast.enums import PrinterState, Status
from ippfast.http import Client
from ippfast.operations import get_printer_attributes
from ippfast.printer import kept_answers
from ippfast.printer.core import PrinterCore
from ippfast.printer.printer_attributes import printer_attributes

TIMES = {"printer-current-time", "printer-up-time"}
QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"requested_attributes": ["printer-state", "queued-job-count", "printer-info"]},
    {"requested_attributes": ["all", "media-col-database"]},
    {"requested_attributes": ["printer-description"]},
    {"requested_attributes": ["no-such-attribute"]},
    {"document_format": "application/octet-stream"},
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each answer that is made, in one long second of the printer's up-time."""
    calls: list[str] = []

    def counted(*arguments: Any) -> Any:
        calls.append("made")
        return printer_attributes(*arguments)

    monkeypatch.setattr("ippfast.printer.printer_operations.printer_attributes", counted)
    monkeypatch.setattr(PrinterCore, "up_time_at", lambda self, moment, state=None: 7)
    return calls


def told(desk: Desk, question: dict[str, Any]) -> dict[str, Any]:
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, **question)
    return {each.name: (each.tags, each.values) for each in answer.printer if each.name not in TIMES}


def compare(desk: Desk) -> None:
    for question in QUESTIONS:
        kept = told(desk, question)
        kept_answers.forget(desk.printer)
        assert list(kept.items()) == list(told(desk, question).items())


def test_what_changes_is_told(tmp_path: Path) -> None:
    with printing(tmp_path, private=False) as desk:
        compare(desk)
        job = desk.print(job={"job-hold-until": "indefinite"})
        compare(desk)
        for operation in (Operation.PAUSE_PRINTER, Operation.DISABLE_PRINTER, Operation.HOLD_NEW_JOBS):
            desk.ask(operation)
            compare(desk)
        info = {"printer": {"printer-info": "Behind the door"}}
        assert desk.ask(Operation.SET_PRINTER_ATTRIBUTES, groups=info).status is Status.SUCCESSFUL_OK
        compare(desk)
        assert told(desk, {})["printer-info"][1] == ("Behind the door",)
        desk.ask(Operation.CANCEL_JOB, job_id=job)
        compare(desk)


def test_an_answer_is_made_once(made: list[str], tmp_path: Path) -> None:
    with printing(tmp_path) as desk:
        for _ in range(5):
            told(desk, QUESTIONS[1])
        assert made == ["made"]
        desk.ask(Operation.PAUSE_PRINTER)
        for _ in range(2):
            assert told(desk, QUESTIONS[1])["printer-state"][1] == (PrinterState.STOPPED,)
        assert made == ["made", "made"]
        for _ in range(2):  # it may choose among the values
            told(desk, {"document_format": "application/octet-stream"})
        assert made == ["made"] * 4


def test_each_host_gets_its_own(made: list[str], tmp_path: Path) -> None:
    with printing(tmp_path) as desk:
        for host in ("localhost", "127.0.0.1", "localhost"):
            uri = f"ipp://{host}:{desk.server.port}/ipp/print"
            with Client(uri) as client:
                asked = get_printer_attributes(uri, requested_attributes=["printer-uri-supported"])
                assert client.send(asked).printer.value("printer-uri-supported") == uri
        assert len(made) == 2


def test_each_request_gets_its_number_and_the_time(made: list[str], tmp_path: Path) -> None:
    def ask(number: int) -> Message:
        return desk.client.send(get_printer_attributes(desk.uri, request_id=number))

    with printing(tmp_path) as desk:
        began = DateTime.from_datetime(datetime.now(UTC))
        answers = [ask(number) for number in (5, 9, 2**31 - 1)]
        assert made == ["made"]
        assert [each.request_id for each in answers] == [5, 9, 2**31 - 1]
        times = [began, *(each.printer.value("printer-current-time") for each in answers)]
        times.append(DateTime.from_datetime(datetime.now(UTC)))
        assert sorted(times) == times


def test_a_known_request_is_checked_for_its_number(tmp_path: Path) -> None:
    with printing(tmp_path) as desk:
        asked = get_printer_attributes(desk.uri, requested_attributes=["printer-state"])
        for number, status in ((1, Status.SUCCESSFUL_OK), (0, Status.CLIENT_ERROR_BAD_REQUEST)):
            asked.request_id = number
            assert desk.client.send(asked).status is status


def test_few_are_kept(made: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kept_answers, "MOST", 3)
    with printing(tmp_path) as desk:
        for number in range(9):  # with one that is there, lest the client asks in other versions too
            told(desk, {"requested_attributes": ["printer-state", f"name-{number}"]})
            assert len(kept_answers._kept) <= 3
        names = ["printer-state", *(f"name-{number}" for number in range(64))]
        for _ in range(2):  # nor are long questions
            told(desk, {"requested_attributes": names})
        assert len(made) == 11
        message = get_printer_attributes(desk.uri, requested_attributes=["printer-state", "x" * 255])
        for _ in range(2):
            desk.client.send(message)
        assert len(made) == 12
        asked = ["printer-state", "x" * 30_000]
        message.groups[0]["requested-attributes"] = Attribute("requested-attributes", ValueTag.KEYWORD, asked)
        for _ in range(2):
            desk.client.send(message)
        assert len(made) == 14
    assert not [question for question in kept_answers._kept if question[0] is desk.printer]
