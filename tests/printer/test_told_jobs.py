"""Get-Jobs keeps what it has told of a job as long as the job's row is the same, and no longer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ippfast import Attribute, Message, ValueTag, operations
from ippfast.http.events import Headers, RequestHead
from ippfast.http.incoming import IncomingRequest
from ippfast.printer import SpoolPrinter, told_jobs
from ippfast.printer.calls import Call
from ippfast.printer.job_attributes import job_attributes
from ippfast.printer.storage.rows import Job, NewJob, pack

URI = "ipp://localhost/ipp/print"


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[SpoolPrinter]:
    with SpoolPrinter(tmp_path / "spool") as printer:
        printer.pause()
        yield printer


def new(name: str) -> NewJob:
    return NewJob(name=name, user="me", host="here", ticket=pack([]))


def jobs(printer: SpoolPrinter, *names: str, host: str = "localhost", charset: str = "utf-8") -> Message:
    request = operations.get_jobs(URI, requested_attributes=("all",), charset=charset)
    if names:  # of any length
        request.groups[0]["requested-attributes"] = Attribute("requested-attributes", ValueTag.KEYWORD, names)
    head = RequestHead("POST", "/ipp/print", Headers([("host", host)]), "1.1", None)
    document: Any = None
    incoming = IncomingRequest(message=request, head=head, peer="127.0.0.1", secure=False, user=None, document=document)
    answer = printer(incoming)
    assert isinstance(answer, Message)
    assert answer.succeeded
    return answer


def test_a_changed_job_is_told_anew_and_the_others_are_not_encoded_again(
    printer: SpoolPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [printer.store.create(new(name)).job for name in ("one", "two", "three")]
    encoded: list[int] = []

    def told(call: Call, job: Job, *rest: Any, **more: Any) -> list[Attribute]:
        encoded.append(job.id)
        return job_attributes(call, job, *rest, **more)

    monkeypatch.setattr(told_jobs, "job_attributes", told)
    assert [job.value("job-name") for job in jobs(printer).jobs] == ["one", "two", "three"]
    assert [job.value("number-of-intervening-jobs") for job in jobs(printer).jobs] == [0, 1, 2]
    assert encoded == [job.id for job in made]
    printer.store.change(made[0].id, (made[0].state,), name="first", held=True)
    again = jobs(printer).jobs
    assert encoded[3:] == [made[0].id]
    assert [job.value("job-name") for job in again] == ["first", "two", "three"]
    assert all(isinstance(job.value("job-printer-up-time"), int) for job in again)


def test_the_host_is_the_one_by_which_the_client_knows_the_printer(printer: SpoolPrinter) -> None:
    printer.store.create(new("one"))
    told = [jobs(printer, "job-uri", host=host).job.value("job-uri") for host in ("here", "there:8631", "here")]
    assert told == ["ipp://here/ipp/print/1", "ipp://there:8631/ipp/print/1", "ipp://here/ipp/print/1"]


def test_an_answer_that_is_more_than_ascii_does_not_say_that_it_is(printer: SpoolPrinter) -> None:
    printer.store.create(new("one"))
    assert jobs(printer, "job-name", charset="us-ascii").operation_attributes.value("attributes-charset") == "us-ascii"
    printer.store.create(new("zwölf"))
    answer = jobs(printer, "job-name", charset="us-ascii")
    assert answer.operation_attributes.value("attributes-charset") == "utf-8"
    assert [job.value("job-name") for job in answer.jobs] == ["one", "zwölf"]


def test_what_is_kept_has_a_bound(printer: SpoolPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_jobs, "_MOST_OCTETS", 4_000)
    for number in range(9):
        printer.store.create(new(f"job {number}"))
    assert len(jobs(printer, "job-name").jobs) == 9
    assert sum(each.octets for each in told_jobs._kept.values()) <= 4_000
    monkeypatch.undo()
    assert len(jobs(printer, "job-name").jobs) == 9
    assert sum(len(kept) for question, kept in told_jobs._kept.items() if question[0] is printer) == 9
    told_jobs.forget(printer)
    assert not [question for question in told_jobs._kept if question[0] is printer]


@pytest.mark.parametrize("names", [[f"x-{number}" for number in range(10_000)], ["x" * 256]], ids=["many", "long"])
def test_no_question_is_kept_that_asks_for_much(printer: SpoolPrinter, names: list[str]) -> None:
    printer.store.create(new("one"))
    for _ in range(2):
        assert jobs(printer, "job-name", *names).job.value("job-name") == "one"
    assert not [question for question in told_jobs._kept if question[0] is printer]
