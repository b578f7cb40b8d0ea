"""Jobs of the print server from their making to their end, over real sockets."""

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from printers import DOCUMENT, Desk, Gate, printing, wait_for

from ippfast import Attribute, DelimiterTag, Integer, Message, Name, Operation, OutOfBand, ValueTag
from ippfast.enums import JobState, Status
from ippfast.printer import DescriptionError, Directory, SpoolPrinter


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def desk(tmp_path: Path, gate: Gate) -> Iterator[Desk]:
    with printing(tmp_path / "spool", output=gate) as made:
        yield made
        gate.open.set()


def spooled(desk: Desk, job_id: int) -> list[bytes]:
    return [b"".join(desk.printer.documents.open(each.key)) for each in desk.printer.store.documents(job_id)]


def test_print_job(desk: Desk, gate: Gate) -> None:
    answer = desk.ask(Operation.PRINT_JOB, DOCUMENT, job_name="Report", job={"copies": 2})
    assert answer.status is Status.SUCCESSFUL_OK
    job_id = answer.job["job-id"].value
    assert answer.job["job-uri"].value == f"{desk.uri}/{job_id}"
    job = desk.job(job_id)
    assert (job["job-name"], job["job-originating-user-name"], job["copies"]) == ("Report", "alice", 2)
    assert job["job-k-octets"] == 11
    assert spooled(desk, job_id) == [DOCUMENT]
    gate.open.set()
    done = desk.wait(job_id)
    assert (done["job-state"], done["job-state-reasons"]) == (JobState.COMPLETED, "job-completed-successfully")
    assert gate.documents == [[DOCUMENT]]


def test_create_job_with_several_documents(desk: Desk, gate: Gate) -> None:
    job_id = desk.ask(Operation.CREATE_JOB).job["job-id"].value
    assert desk.job(job_id)["job-state-reasons"] == "job-incoming"
    parts = [b"%!PS\none", b"%PDF-1.4 two", b"\xff\xd8\xff three"]
    for number, part in enumerate(parts, 1):
        answer = desk.ask(Operation.SEND_DOCUMENT, part, job_id=job_id, last_document=False, document_name=f"d{number}")
        assert answer.status is Status.SUCCESSFUL_OK
    assert desk.state(job_id) is JobState.PENDING  # it is open: it waits
    assert desk.ask(Operation.CLOSE_JOB, job_id=job_id).status is Status.SUCCESSFUL_OK
    late = desk.ask(Operation.SEND_DOCUMENT, b"x", job_id=job_id, last_document=True)
    assert late.status is Status.CLIENT_ERROR_NOT_POSSIBLE
    documents = desk.ask(
        Operation.GET_DOCUMENTS,
        job_id=job_id,
        requested_attributes=["document-number", "document-format", "document-name"],
    )
    found = [tuple(each.value for each in group) for group in documents.groups_of(DelimiterTag.DOCUMENT)]
    assert found == [
        (1, "application/postscript", "d1"),
        (2, "application/pdf", "d2"),
        (3, "image/jpeg", "d3"),
    ]
    canceled = desk.ask(Operation.CANCEL_DOCUMENT, job_id=job_id, document_number=2)
    gate.open.set()
    desk.wait(job_id)
    expected = [parts[0], parts[2]] if canceled.status is Status.SUCCESSFUL_OK else parts
    assert gate.documents == [expected]


@pytest.mark.parametrize(
    ("compression", "data"),
    [("gzip", gzip.compress(DOCUMENT)), ("deflate", zlib.compress(DOCUMENT)), ("none", DOCUMENT)],
)
def test_compressed_documents(desk: Desk, compression: str, data: bytes) -> None:
    assert spooled(desk, desk.print(data, compression=compression)) == [DOCUMENT]


def test_what_is_refused_before_the_document(desk: Desk) -> None:
    cases: list[tuple[dict[str, Any], Status]] = [
        ({"compression": "compress"}, Status.CLIENT_ERROR_COMPRESSION_NOT_SUPPORTED),
        ({"document_format": "application/x-unknown"}, Status.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED),
        ({"job_name": "n" * 255, "ipp_attribute_fidelity": True, "job": {"copies": 5000}}, Status(0x040B)),
        ({"job_mandatory_attributes": ["sides"], "job": {"sides": "tumble"}}, Status(0x040B)),
        ({"job_password": b"1234"}, Status(0x040B)),
        ({"job": {"media": "iso_a4_210x297mm", "media-col": {"media-type": "photographic"}}}, Status(0x0400)),
    ]
    for options, status in cases:
        assert desk.ask(Operation.PRINT_JOB, DOCUMENT, **options).status is status, options
        assert desk.ask(Operation.VALIDATE_JOB, **options).status is status, options
    assert desk.ask(Operation.PRINT_JOB).status is Status.CLIENT_ERROR_BAD_REQUEST
    assert desk.printer.store.count() == 0
    assert desk.files() == []


def test_ignored_attributes_come_back(desk: Desk) -> None:
    odd = Attribute("vendor-mode", ValueTag.KEYWORD, ["x"])
    sides = Attribute("sides", ValueTag.KEYWORD, ["tumble"])
    finishings = Attribute("finishings", ValueTag.ENUM, [4, 99])
    copies = Attribute("copies", ValueTag.INTEGER, [3])
    answer = desk.ask(Operation.PRINT_JOB, DOCUMENT, job=[odd, sides, finishings, copies])
    assert answer.status is Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    assert [group.tag for group in answer.groups] == [1, 5, 2]
    back = {each.name: each.values for each in answer.group(DelimiterTag.UNSUPPORTED)}
    assert back == {"vendor-mode": (OutOfBand.UNSUPPORTED,), "sides": ("tumble",), "finishings": (99,)}
    job = desk.job(answer.job["job-id"].value)
    assert job["copies"] == 3
    assert job["finishings"] == 4
    assert "sides" not in job
    assert "vendor-mode" not in job


def test_media_col_is_judged_member_by_member(desk: Desk) -> None:
    def unsupported(media_col: dict[str, Any]) -> Message:
        return desk.ask(Operation.VALIDATE_JOB, job={"media-col": media_col})

    fine = {"media-size": {"x-dimension": 21000, "y-dimension": 29700}, "media-type": "stationery"}
    assert unsupported(fine).status is Status.SUCCESSFUL_OK
    assert unsupported({"media-size": {"x-dimension": 10000, "y-dimension": 20000}}).status is Status.SUCCESSFUL_OK
    answer = unsupported({**fine, "media-type": "transparency", "media-color": "blue"})
    assert answer.status is Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    (back,) = answer.group(DelimiterTag.UNSUPPORTED)
    members = {each.name: each.value for each in back.value}
    assert members == {"media-type": "transparency", "media-color": OutOfBand.UNSUPPORTED}


def test_cancel(desk: Desk, gate: Gate) -> None:
    first, second = desk.print(), desk.print()
    desk.wait(first, JobState.PROCESSING)
    assert desk.ask(Operation.CANCEL_JOB, job_id=second, user="bob").status is Status.SUCCESSFUL_OK  # an operator
    assert desk.job(second)["job-state-reasons"] == "job-canceled-by-operator"
    assert desk.ask(Operation.CANCEL_JOB, job_id=first).status is Status.SUCCESSFUL_OK
    assert desk.wait(first)["job-state-reasons"] == "job-canceled-by-user"
    for job_id in (first, second):
        assert desk.ask(Operation.CANCEL_JOB, job_id=job_id).status is Status.CLIENT_ERROR_NOT_POSSIBLE
    assert gate.documents == []
    assert desk.ask(Operation.CANCEL_JOB, job_id=99).status is Status.CLIENT_ERROR_NOT_FOUND


def test_cancel_my_jobs(desk: Desk) -> None:
    mine, other = desk.print(), desk.print(user="bob")
    answer = desk.ask(Operation.CANCEL_MY_JOBS, job_ids=[mine, other])
    assert answer.status is Status.CLIENT_ERROR_NOT_AUTHORIZED
    assert answer.group(DelimiterTag.UNSUPPORTED)["job-ids"].values == (other,)
    assert desk.ask(Operation.CANCEL_MY_JOBS).status is Status.SUCCESSFUL_OK
    assert desk.wait(mine)["job-state"] is JobState.CANCELED.value
    assert desk.job(other)["job-state"] in (JobState.PENDING, JobState.PROCESSING)
    assert desk.ask(Operation.CANCEL_JOBS, job_ids=[mine]).status is Status.CLIENT_ERROR_NOT_POSSIBLE
    assert desk.ask(Operation.CANCEL_JOBS).status is Status.SUCCESSFUL_OK
    assert desk.wait(other)["job-state"] is JobState.CANCELED.value


def test_hold_release_restart(desk: Desk, gate: Gate) -> None:
    job_id = desk.print(job={"job-hold-until": "indefinite"})
    assert desk.state(job_id) is JobState.PENDING_HELD
    assert desk.ask(Operation.HOLD_JOB, job_id=job_id).status is Status.SUCCESSFUL_OK
    assert desk.ask(Operation.RESTART_JOB, job_id=job_id).status is Status.CLIENT_ERROR_NOT_POSSIBLE
    gate.open.set()
    assert desk.ask(Operation.RELEASE_JOB, job_id=job_id).status is Status.SUCCESSFUL_OK
    assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    assert desk.ask(Operation.RELEASE_JOB, job_id=job_id).status is Status.CLIENT_ERROR_NOT_POSSIBLE
    assert desk.ask(Operation.HOLD_JOB, job_id=job_id).status is Status.CLIENT_ERROR_NOT_POSSIBLE
    assert desk.ask(Operation.RESTART_JOB, job_id=job_id).status is Status.SUCCESSFUL_OK
    assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    again = desk.ask(Operation.RESUBMIT_JOB, job_id=job_id).job["job-id"].value
    assert again != job_id
    desk.wait(again)
    assert gate.documents == [[DOCUMENT]] * 3
    assert desk.ask(Operation.PURGE_JOBS).status is Status.SUCCESSFUL_OK
    assert desk.ask(Operation.GET_JOB_ATTRIBUTES, job_id=job_id).status is Status.CLIENT_ERROR_NOT_FOUND
    assert desk.files() == []
    assert desk.print() == again + 1  # no number comes twice


def test_suspend_and_resume(desk: Desk, gate: Gate) -> None:
    first, second = desk.print(), desk.print()
    desk.wait(first, JobState.PROCESSING)
    assert desk.ask(Operation.SUSPEND_CURRENT_JOB).status is Status.SUCCESSFUL_OK
    assert desk.wait(first, JobState.PROCESSING_STOPPED)["job-state-reasons"] == "job-suspended"
    gate.open.set()
    assert desk.wait(second)["job-state"] == JobState.COMPLETED
    assert desk.ask(Operation.RESUME_JOB, job_id=first).status is Status.SUCCESSFUL_OK
    assert desk.wait(first)["job-state"] == JobState.COMPLETED


def test_order(desk: Desk, gate: Gate) -> None:
    desk.ask(Operation.PAUSE_PRINTER)
    jobs = [desk.print(f"%PDF {n}".encode(), job={"job-priority": 50 if n else 40}) for n in range(4)]
    assert desk.job(jobs[0])["number-of-intervening-jobs"] == 3
    assert desk.ask(Operation.PROMOTE_JOB, job_id=jobs[3]).status is Status.SUCCESSFUL_OK
    after = desk.ask(Operation.SCHEDULE_JOB_AFTER, job_id=jobs[1], predecessor_job_id=jobs[2])
    assert after.status is Status.SUCCESSFUL_OK
    listed = desk.ask(Operation.GET_JOBS)
    assert [group["job-id"].value for group in listed.jobs] == [jobs[3], jobs[2], jobs[1], jobs[0]]
    gate.open.set()
    desk.ask(Operation.RESUME_PRINTER)
    for job_id in jobs:
        desk.wait(job_id)
    assert gate.documents == [[b"%PDF 3"], [b"%PDF 2"], [b"%PDF 1"], [b"%PDF 0"]]


def test_get_jobs(desk: Desk, gate: Gate) -> None:
    mine, other = desk.print(), desk.print(user="bob")

    def jobs(**attributes: Any) -> list[int]:
        return [group["job-id"].value for group in desk.ask(Operation.GET_JOBS, **attributes).jobs]

    assert jobs() == [mine, other]
    assert jobs(my_jobs=True) == [mine]
    assert jobs(limit=1) == [mine]
    assert jobs(first_index=2) == [other]
    assert jobs(job_ids=[other, 77]) == [other]
    assert jobs(which_jobs="completed") == []
    gate.open.set()
    desk.wait(other)
    assert jobs(which_jobs="completed") == [other, mine]
    assert desk.ask(Operation.GET_JOBS, which_jobs="fetchable").status is Status(0x040B)
    assert desk.ask(Operation.GET_JOBS, limit=Integer(0)).status is Status.CLIENT_ERROR_BAD_REQUEST


def test_set_job_attributes(desk: Desk) -> None:
    job_id = desk.print(job={"job-hold-until": "indefinite", "copies": 2})
    changed = desk.ask(Operation.SET_JOB_ATTRIBUTES, job_id=job_id, job={"copies": 7, "job-name": "New"})
    assert changed.status is Status.SUCCESSFUL_OK
    job = desk.job(job_id)
    assert (job["copies"], job["job-name"], job["job-hold-until"]) == (7, "New", "indefinite")
    unsupported = desk.ask(Operation.SET_JOB_ATTRIBUTES, job_id=job_id, job={"copies": 5000, "sides": "one-sided"})
    assert unsupported.status is Status(0x040B)
    assert unsupported.group(DelimiterTag.UNSUPPORTED)["copies"].values == (5000,)
    assert "sides" not in desk.job(job_id)  # all or none
    fixed = desk.ask(Operation.SET_JOB_ATTRIBUTES, job_id=job_id, job={"job-id": 5})
    assert fixed.status is Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE
    delete = Attribute("copies", ValueTag.DELETE_ATTRIBUTE, [OutOfBand.DELETE_ATTRIBUTE])
    assert desk.ask(Operation.SET_JOB_ATTRIBUTES, job_id=job_id, job=[delete]).status is Status.SUCCESSFUL_OK
    assert "copies" not in desk.job(job_id)


def test_limits(tmp_path: Path) -> None:
    gate = Gate()
    with printing(tmp_path, output=gate, octets=1_000, documents=1, jobs=2) as desk:
        too_large = desk.ask(Operation.PRINT_JOB, b"x" * 1_001)
        assert too_large.status is Status.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE
        assert desk.files() == []
        job_id = desk.ask(Operation.CREATE_JOB).job["job-id"].value
        for status in (Status.SUCCESSFUL_OK, Status.SERVER_ERROR_TOO_MANY_DOCUMENTS):
            assert desk.ask(Operation.SEND_DOCUMENT, b"x", job_id=job_id, last_document=False).status is status
        desk.print(b"x" * 1_000)
        assert desk.ask(Operation.PRINT_JOB, b"x").status is Status.SERVER_ERROR_TOO_MANY_JOBS
        gate.open.set()


def test_the_oldest_jobs_are_forgotten(tmp_path: Path) -> None:
    with printing(tmp_path, history=2) as desk:
        jobs = [desk.print() for _ in range(4)]
        for job_id in jobs[2:]:
            desk.wait(job_id)
        desk.wait(desk.print())
        assert desk.ask(Operation.GET_JOB_ATTRIBUTES, job_id=jobs[0]).status is Status.CLIENT_ERROR_NOT_FOUND
        assert len(desk.files()) <= 4


def test_a_job_that_gets_no_documents_in_time(tmp_path: Path) -> None:
    with printing(tmp_path, description={"multiple-operation-time-out": 1}) as desk:
        job_id = desk.ask(Operation.CREATE_JOB).job["job-id"].value
        job = desk.wait(job_id)
        assert job["job-state"] == JobState.ABORTED
        assert job["job-state-reasons"] == ["aborted-by-system", "job-data-insufficient"]


@pytest.mark.parametrize("shared", [False, True])
def test_a_document_may_take_longer_than_the_time_between_operations(tmp_path: Path, shared: bool) -> None:
    """Nor does another process that shares the storage give the job up meanwhile."""
    description = {"multiple-operation-time-out": 1}
    with contextlib.ExitStack() as stack:
        if shared:
            stack.enter_context(SpoolPrinter(tmp_path, description=description, shared=True))
        desk = stack.enter_context(printing(tmp_path, description=description, shared=shared))
        job_id = desk.ask(Operation.CREATE_JOB).job["job-id"].value
        kept = desk.printer.store.job(job_id)
        assert kept is not None
        created = kept.created

        def pieces() -> Iterator[bytes]:
            yield DOCUMENT
            wait_for(lambda: desk.printer.store.now() > created + 2.5)
            yield DOCUMENT

        sent = desk.ask(Operation.SEND_DOCUMENT, pieces(), job_id=job_id, last_document=True)  # type: ignore[arg-type]
        assert sent.status is Status.SUCCESSFUL_OK
        assert desk.wait(job_id)["job-state"] == JobState.COMPLETED


def test_a_job_that_could_not_wait_for_its_password_is_refused(tmp_path: Path) -> None:
    secret: dict[str, Any] = {"job_password": b"1234", "job_password_encryption": "none"}
    with printing(tmp_path / "one") as desk:
        assert "job-password-supported" not in desk.ask(Operation.GET_PRINTER_ATTRIBUTES).printer
        for operation in (Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.CREATE_JOB):
            document = DOCUMENT if operation == Operation.PRINT_JOB else None
            answer = desk.ask(operation, document, **secret)
            assert answer.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
            (back,) = answer.group(DelimiterTag.UNSUPPORTED)
            assert (back.name, back.value) == ("job-password", OutOfBand.UNSUPPORTED)
        assert desk.ask(Operation.GET_JOBS, which_jobs="all").jobs == []
    with pytest.raises(DescriptionError, match="until its password comes"):
        SpoolPrinter(tmp_path / "two", description={"job-password-supported": 255})


def test_directory(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with printing(tmp_path / "spool", output=Directory(out)) as desk:
        names = ["../../etc/passwd", ".htaccess", "a\x00b\x1b[31m", "CON", "x" * 255, "Übung.pdf", ""]
        jobs = [desk.print(document_name=Name(name), job_name="n") for name in names]
        for job_id in jobs:
            assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    found = sorted(path.name for path in out.iterdir())
    assert found == sorted(
        [
            "1-1-passwd.pdf",
            "2-1-htaccess.pdf",
            "3-1-a_b_31m.pdf",
            "4-1-CON.pdf",
            f"5-1-{'x' * 64}.pdf",
            "6-1-Übung.pdf",
            "7-1-n.pdf",
        ]
    )
    assert all(path.read_bytes() == DOCUMENT for path in out.iterdir())


def test_quotas(tmp_path: Path) -> None:
    gate = Gate()
    with printing(tmp_path, output=gate, user_jobs=2, user_octets=1_000) as desk:
        first = desk.print(b"x" * 600)
        too_large = desk.ask(Operation.PRINT_JOB, b"x" * 401)
        assert too_large.status is Status.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE
        desk.print(b"x" * 400)
        assert desk.ask(Operation.PRINT_JOB, b"x").status is Status.SERVER_ERROR_TOO_MANY_JOBS
        desk.print(b"x" * 1_000, user="bob")  # each has his own
        assert desk.ask(Operation.PRINT_JOB, b"x", user="bob").status is Status.CLIENT_ERROR_ACCOUNT_LIMIT_REACHED
        desk.ask(Operation.CANCEL_JOB, job_id=first)
        desk.wait(first)
        desk.print(b"x" * 600)
        gate.open.set()
