"""What newer standards ask of a printer: PWG 5100.1 to 5100.13, RFC 3380, 3995, 3996 and 3998.

The rule of this file: each point is asked twice, by a file of `standards/` that ipptool runs, and by our client. The
table in docs/conformance.md says which test holds which attribute and operation.
"""

import email
import email.policy
import http.client
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conformance import Run, failures, run
from peers import program
from printers import DOCUMENT, SECONDS, Desk, Gate, printing, wait_for
from sample_documents import make_samples

from ippfast import (
    Attribute,
    Collection,
    DelimiterTag,
    Name,
    Operation,
    RangeOfInteger,
    ValueTag,
    decode,
    encode,
    request,
    validate,
)
from ippfast.attributes import attribute
from ippfast.enums import DocumentState, JobState, Status
from ippfast.printer import Description, Fetcher
from ippfast.printer.actual import actual_names
from ippfast.printer.derived import _FINISHERS
from ippfast.printer.outputs import Task, template
from ippfast.printer.template import template_of

FILES = Path(__file__).parent / "standards"

PRODUCTION: dict[str, object] = {
    "mopria-certified": "1.3",
    "output-bin-supported": ["face-down", "stacker-1", "stacker-2", "stacker-3"],
    "media-source-supported": ["auto", "main", "manual", "main-roll"],
    "finishings-supported": ["none", "bale", "bind-left", "coat", "cover", "fold-half", "laminate", "trim-after-job"],
    "insert-sheet-supported": ["insert-after-page-number", "insert-count", "media", "media-col"],
    "insert-count-supported": "0-10",
    "separator-sheets-supported": ["media", "media-col", "separator-sheets-type"],
    "job-error-sheet-supported": ["job-error-sheet-type", "job-error-sheet-when", "media", "media-col"],
    "job-error-sheet-type-supported": ["none", "standard"],
    "job-error-sheet-when-supported": ["always", "on-error"],
    "x-image-shift-supported": "-5000-5000",
    "y-image-shift-supported": "-5000-5000",
    "proof-print-supported": ["media", "media-col", "proof-print-copies"],
    "proof-print-copies-supported": "0-5",
}
"""A printer of a print shop."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with printing(tmp_path_factory.mktemp("spool")) as made:
        yield made


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with printing(tmp_path_factory.mktemp("production"), description=PRODUCTION) as made:
        yield made


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def gated(tmp_path: Path, gate: Gate, web: str) -> Iterator[Desk]:
    """A printer whose output waits, and which takes documents by reference."""
    with printing(tmp_path, output=gate, fetcher=Fetcher([web.removeprefix("http://")])) as made:
        yield made
        gate.open.set()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def web(suites: Path) -> Iterator[str]:
    """Where the documents are fetched from."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(suites)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files, and the document that they print."""
    directory = tmp_path_factory.mktemp("suites")
    for file in FILES.glob("*.test"):
        (directory / file.name).symlink_to(file)
    make_samples(directory, ["document-letter.pdf", "color.jpg"])
    return directory


@pytest.mark.parametrize(
    ("name", "printer"),
    [
        ("attributes", "desk"),
        ("switched-on", "production"),
        ("operations", "desk"),
        ("documents", "gated"),
        ("jobs", "desk"),
        ("notifications", "desk"),
    ],
)
def test_ipptool(name: str, printer: str, suites: Path, request: pytest.FixtureRequest) -> None:
    """A file of ours, as ipptool runs it: nothing fails, nothing is left out."""
    program("ipptool")
    desk: Desk = request.getfixturevalue(printer)
    marks = run(Run(name, "2.0", "-L"), desk.server.port, suites, f"{request.getfixturevalue('web')}/color.jpg")
    assert (marks.failed, marks.skipped) == (0, 0), failures(marks.log)
    assert marks.passed == (FILES / f"{name}.test").read_text(encoding="utf-8").count("    NAME ")


def asked(desk: Desk, *names: str) -> dict[str, Attribute]:
    """The printer's attributes of these names or groups."""
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=list(names))
    assert answer.status is Status.SUCCESSFUL_OK, answer
    return {each.name: each for each in answer.printer}


def submit(desk: Desk, *job: Attribute, operation: Operation = Operation.CREATE_JOB, **given: Any) -> Any:
    """A request that makes a job of these attributes, or validates one, with fidelity."""
    return desk.ask(operation, job=list(job), ipp_attribute_fidelity=True, **given)


def test_the_table_of_conformance_names_what_there_is() -> None:
    """Each file and test that docs/conformance.md names is there, and each file of ours is named."""
    table = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.count("|") == 4 and "---" not in line]
    rows = [[cell.strip() for cell in row] for row in rows if row[0].strip() != "what"]
    assert len(rows) > 30
    files = {name for _, cell, _ in rows for name in cell.replace("**-**", "").replace(",", " ").split()}
    assert files == {path.stem for path in FILES.glob("*.test")}
    tests = set(re.findall(r"test_\w+(?!\w*\.py)", " ".join(row[2] for row in rows)))
    there = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_printer_*.py"))
    assert {name for name in tests if f"def {name}(" not in there} <= {"test_printer_counting"}


# Attributes.


def test_a_printer_says_what_the_standards_ask(desk: Desk) -> None:
    found = asked(desk, "all")
    assert found["requesting-user-uri-supported"].value is True
    assert found["device-uuid"].value != found["printer-uuid"].value
    assert set(map(str, found["client-info-supported"].values)) >= {"client-name", "client-type"}
    names = ("printer-firmware-name", "printer-firmware-version", "printer-firmware-string-version")
    assert {len(found[name].values) for name in (*names, "printer-firmware-patches")} == {1}
    template = asked(desk, "job-template")
    assert {f"media-{each}-supported" for each in ("size", "source", "type", "top-margin")} <= template.keys()
    assert "printer-firmware-name" not in template


def test_the_device_stays_the_same(tmp_path: Path) -> None:
    told = set()
    for _ in range(2):
        with printing(tmp_path) as desk:
            told.add(asked(desk, "device-uuid")["device-uuid"].value)
    assert len(told) == 1


@pytest.mark.parametrize("finisher", _FINISHERS, ids=lambda finisher: str(finisher.member))
def test_members_of_a_finishing_are_there_where_it_is(finisher: Any) -> None:
    """Each kind of finishing brings its member, what that may have, and its device; without it there is none."""
    mine = {f"{finisher.member}-{member}-supported" for member in finisher.members}
    with_it = Description({"finishings-supported": ["none", finisher.templates[0]]})
    assert finisher.member in with_it.values("finishings-col-supported")
    assert mine <= with_it.attributes.keys()
    assert len(with_it.values("printer-finisher")) == 1
    without = Description({"finishings-supported": ["none"]})
    assert finisher.member not in without.values("finishings-col-supported")
    assert mine.isdisjoint(without.attributes)
    assert "printer-finisher" not in without.attributes


def test_what_a_description_sets_is_not_derived() -> None:
    made = Description({"finishings-ready": ["none"], "printer-input-tray": ["type=other;name=mine;"]})
    assert len(made.values("finishings-ready")) == 1
    assert len(made.values("finishings-col-ready")) == 1
    assert made.values("printer-input-tray") == (b"type=other;name=mine;",)


def test_a_finishing_is_judged_by_its_members(desk: Desk) -> None:
    def finishings(method: str) -> Attribute:
        stitching = {"stitching-method": method, "stitching-reference-edge": "left", "stitching-angle": 45}
        return attribute("finishings-col", [{"stitching": stitching}])

    assert submit(desk, finishings("wire")).status is Status.SUCCESSFUL_OK
    refused = submit(desk, finishings("glue"), operation=Operation.VALIDATE_JOB)
    assert refused.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED


def test_page_ranges_have_a_bound(desk: Desk) -> None:
    most = int(str(asked(desk, "max-page-ranges-supported")["max-page-ranges-supported"].value))

    def ranges(count: int) -> Attribute:
        values = [RangeOfInteger(3 * number + 1, 3 * number + 2) for number in range(count)]
        return Attribute("page-ranges", ValueTag.RANGE_OF_INTEGER, values)

    assert submit(desk, ranges(most), operation=Operation.VALIDATE_JOB).status is Status.SUCCESSFUL_OK
    refused = submit(desk, ranges(most + 1), operation=Operation.VALIDATE_JOB)
    assert refused.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED


def test_job_sheets_are_one_choice_with_their_collection(desk: Desk) -> None:
    both = [attribute("job-sheets", "standard"), attribute("job-sheets-col", {"job-sheets": "standard"})]
    assert submit(desk, both[1]).status is Status.SUCCESSFUL_OK
    assert submit(desk, *both).status is Status.CLIENT_ERROR_BAD_REQUEST


def test_every_bin_is_accepted(production: Desk) -> None:
    for name in asked(production, "output-bin-supported")["output-bin-supported"].values:
        assert submit(production, attribute("output-bin", str(name))).status is Status.SUCCESSFUL_OK


def test_what_a_description_names_is_supported(production: Desk) -> None:
    """Each Job Template attribute of 5100.3 and 5100.11 that it names a job may have, and no other printer's."""
    extra = set(template_of(Description(PRODUCTION))) - set(template_of(Description()))
    shifts = {f"{axis}{side}-image-shift" for axis in "xy" for side in ("", "-side1", "-side2")}
    assert extra == {"insert-sheet", "job-error-sheet", "proof-print", "separator-sheets", *shifts}
    job = submit(production, attribute("insert-sheet", [{"insert-count": 11}]), operation=Operation.VALIDATE_JOB)
    assert job.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED


def test_a_user_uri_stays_with_the_job(desk: Desk) -> None:
    answer = desk.ask(Operation.CREATE_JOB, requesting_user_uri="urn:uuid:00000000-0000-4000-8000-000000000001")
    job = desk.job(answer.job["job-id"].value)
    assert job["job-originating-user-uri"] == "urn:uuid:00000000-0000-4000-8000-000000000001"


# Operations.


def several(desk: Desk, count: int) -> int:
    """A job with so many documents."""
    job_id: int = desk.ask(Operation.CREATE_JOB).job["job-id"].value
    for number in range(1, count + 1):
        sent = desk.ask(
            Operation.SEND_DOCUMENT,
            DOCUMENT,
            job_id=job_id,
            document_name=f"number {number}",
            last_document=number == count,
        )
        assert sent.status is Status.SUCCESSFUL_OK
    return job_id


def documents(desk: Desk, job_id: int) -> list[dict[str, Any]]:
    answer = desk.ask(Operation.GET_DOCUMENTS, job_id=job_id, requested_attributes=["all"])
    groups = answer.groups_of(DelimiterTag.DOCUMENT)
    return [
        {each.name: each.value if len(each.values) == 1 else list(each.values) for each in group} for group in groups
    ]


def test_documents_have_names_and_times(desk: Desk) -> None:
    first, second = documents(desk, several(desk, 2))
    assert (first["document-name"], second["document-name"]) == ("number 1", "number 2")
    assert (first["last-document"], second["last-document"]) == (False, True)
    assert 0 < first["time-at-created"] == first["time-at-creation"] <= second["time-at-created"]
    assert first["date-time-at-created"] == first["date-time-at-creation"]


def test_a_document_is_canceled_before_its_turn(gated: Desk, gate: Gate) -> None:
    """While the job is processed, the documents that it has not come to can be canceled; the others are output."""
    job_id = several(gated, 3)
    assert gate.begun.wait(SECONDS)
    assert gated.state(job_id) == JobState.PROCESSING
    assert gated.ask(Operation.CANCEL_DOCUMENT, job_id=job_id, document_number=2).status is Status.SUCCESSFUL_OK
    states = [each["document-state"] for each in documents(gated, job_id)]
    assert states == [DocumentState.PENDING, DocumentState.CANCELED, DocumentState.PENDING]
    gate.open.set()
    gated.wait(job_id)
    assert len(gate.documents[0]) == 2
    told = documents(gated, job_id)
    assert [each["document-state"] for each in told] == [9, 7, 9]
    assert [each["document-state-reasons"] for each in told] == [
        "completed-successfully",
        "canceled-by-user",
        "completed-successfully",
    ]
    again = gated.ask(Operation.CANCEL_DOCUMENT, job_id=job_id, document_number=3)
    assert again.status is Status.CLIENT_ERROR_NOT_POSSIBLE


class OneByOne:
    """An output that waits before each document."""

    def __init__(self) -> None:
        self.turns = threading.Semaphore(0)
        self.seen: list[int] = []

    def run(self, task: Task) -> None:
        for document, _ in task.documents:
            self.seen.append(document.number)
            assert self.turns.acquire(timeout=SECONDS)


def test_a_document_that_has_begun_is_not_canceled(tmp_path: Path) -> None:
    output = OneByOne()
    with printing(tmp_path, output=output) as desk:
        job_id = several(desk, 3)
        wait_for(lambda: output.seen == [1])
        assert [each["document-state"] for each in documents(desk, job_id)] == [5, 3, 3]
        refused = desk.ask(Operation.CANCEL_DOCUMENT, job_id=job_id, document_number=1)
        assert refused.status is Status.CLIENT_ERROR_NOT_POSSIBLE
        output.turns.release()
        wait_for(lambda: output.seen == [1, 2])
        assert [each["document-state"] for each in documents(desk, job_id)] == [9, 5, 3]
        assert desk.ask(Operation.CANCEL_DOCUMENT, job_id=job_id, document_number=3).status is Status.SUCCESSFUL_OK
        output.turns.release()
        desk.wait(job_id)
        assert output.seen == [1, 2]
        # Restarted, the job begins anew, and what was canceled stays so.
        assert desk.ask(Operation.RESTART_JOB, job_id=job_id).status is Status.SUCCESSFUL_OK
        wait_for(lambda: output.seen == [1, 2, 1])
        assert [each["document-state"] for each in documents(desk, job_id)] == [5, 3, 7]
        for _ in range(2):
            output.turns.release()
        desk.wait(job_id)


def test_a_single_document_is_begun_with_its_job(gated: Desk, gate: Gate) -> None:
    job_id = gated.print()
    assert gate.begun.wait(SECONDS)
    refused = gated.ask(Operation.CANCEL_DOCUMENT, job_id=job_id, document_number=1)
    assert refused.status is Status.CLIENT_ERROR_NOT_POSSIBLE
    assert documents(gated, job_id)[0]["document-state"] == DocumentState.PROCESSING


def test_attributes_of_a_document_are_kept(desk: Desk) -> None:
    job_id: int = desk.ask(Operation.CREATE_JOB).job["job-id"].value
    given = {"document": {"copies": 3, "document-name": Name("of the group"), "document-metadata": [b"dc:title=x"]}}
    sent = desk.ask(Operation.SEND_DOCUMENT, DOCUMENT, job_id=job_id, last_document=True, groups=given)
    assert sent.status is Status.SUCCESSFUL_OK
    (told,) = documents(desk, job_id)
    assert (told["copies"], told["document-name"], told["document-metadata"]) == (3, "of the group", b"dc:title=x")


def test_attributes_of_a_document_are_judged(desk: Desk) -> None:
    given = {"document": {"copies": 1_000_000}}
    told = desk.ask(Operation.VALIDATE_DOCUMENT, groups=given)
    assert told.status is Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    assert told.groups_of(DelimiterTag.UNSUPPORTED)[0]["copies"].value == 1_000_000
    refused = desk.ask(Operation.VALIDATE_DOCUMENT, groups=given, ipp_attribute_fidelity=True)
    assert refused.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED


def test_a_users_printer_has_the_operations_of_users(tmp_path: Path) -> None:
    with printing(tmp_path, operators=["root"]) as desk:

        def operations(operation: Operation, user: str) -> set[object]:
            answer = desk.ask(operation, user=user, requested_attributes=["operations-supported"])
            assert [each.name for each in answer.printer] == ["operations-supported"]
            return set(answer.printer["operations-supported"].values)

        everything = operations(Operation.GET_PRINTER_ATTRIBUTES, "alice")
        mine = operations(Operation.GET_USER_PRINTER_ATTRIBUTES, "alice")
        assert {Operation.PRINT_JOB, Operation.GET_USER_PRINTER_ATTRIBUTES} <= mine < everything
        assert Operation.PAUSE_PRINTER in everything - mine


@pytest.mark.parametrize("operation", [Operation.PAUSE_PRINTER, Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB])
def test_a_printer_pauses_at_its_time(gated: Desk, gate: Gate, operation: Operation) -> None:
    """moving-to-paused while a job is processed, paused from then on (RFC 8011 section 4.2.7, RFC 3998 3.2.1)."""

    def state() -> tuple[object, object]:
        found = asked(gated, "printer-state", "printer-state-reasons")
        return found["printer-state"].value, found["printer-state-reasons"].value

    job_id = gated.print()
    assert gate.begun.wait(SECONDS)
    assert gated.ask(operation).status is Status.SUCCESSFUL_OK
    assert state() == (4, "moving-to-paused")
    gate.open.set()
    gated.wait(job_id)
    assert state() == (5, "paused")
    assert gated.ask(Operation.RESUME_PRINTER).status is Status.SUCCESSFUL_OK
    assert state() == (3, "none")
    assert gated.ask(operation).status is Status.SUCCESSFUL_OK
    assert state() == (5, "paused")


def test_messages_of_operators(desk: Desk) -> None:
    """RFC 3380 section 5: kept with the printer or the job; too long a one is refused with its operation."""
    before = asked(desk, "printer-message-time")["printer-message-time"].value
    assert desk.ask(Operation.RESUME_PRINTER, printer_message_from_operator="").status is Status.SUCCESSFUL_OK
    found = asked(desk, "printer-message-from-operator", "printer-message-time")
    assert found["printer-message-from-operator"].value == ""
    assert found["printer-message-time"].value >= before
    job_id: int = desk.ask(Operation.CREATE_JOB).job["job-id"].value
    long = Attribute("job-message-from-operator", ValueTag.TEXT, ["x" * 128])
    refused = desk.ask(Operation.HOLD_JOB, job_id=job_id, job_message_from_operator=long)
    assert refused.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
    assert desk.state(job_id) == JobState.PENDING
    assert desk.ask(Operation.HOLD_JOB, job_id=job_id, job_message_from_operator="later").status is Status.SUCCESSFUL_OK
    assert desk.job(job_id)["job-message-from-operator"] == "later"


def test_a_user_speaks_not_for_the_operator(tmp_path: Path) -> None:
    with printing(tmp_path, operators=["root"]) as desk:
        job_id: int = desk.ask(Operation.CREATE_JOB).job["job-id"].value
        job = {"job-message-from-operator": "said who?"}
        refused = desk.ask(Operation.SET_JOB_ATTRIBUTES, job_id=job_id, job=job)
        assert refused.status is Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE
        assert (
            desk.ask(Operation.CANCEL_JOB, job_id=job_id, job_message_from_operator="x").status is Status.SUCCESSFUL_OK
        )
        assert "job-message-from-operator" not in desk.job(job_id)


def test_validate_job_while_no_jobs_are_taken(desk: Desk) -> None:
    """As Print-Job: RFC 8011 section 4.2.3, and V in the table of appendix B.2."""
    assert desk.ask(Operation.DISABLE_PRINTER).status is Status.SUCCESSFUL_OK
    try:
        answers = {desk.ask(each).status for each in (Operation.VALIDATE_JOB, Operation.CREATE_JOB)}
    finally:
        desk.ask(Operation.ENABLE_PRINTER)
    assert answers == {Status.SERVER_ERROR_NOT_ACCEPTING_JOBS}


# Job Template.


def test_overrides_are_kept_as_they_were_given(desk: Desk) -> None:
    overrides = attribute(
        "overrides",
        [
            {"pages": [RangeOfInteger(1, 1)], "media": "iso_a4_210x297mm", "sides": "one-sided"},
            {"document-numbers": [RangeOfInteger(2, 2)], "pages": [RangeOfInteger(2, 3)], "print-quality": "high"},
        ],
    )
    answer = submit(desk, overrides)
    assert answer.status is Status.SUCCESSFUL_OK
    told = desk.ask(Operation.GET_JOB_ATTRIBUTES, job_id=answer.job["job-id"].value)
    assert told.job["overrides"] == overrides


def test_actual_attributes_come_with_processing(gated: Desk, gate: Gate) -> None:
    """Of a job that waits there are none; of one that is processed or has ended there are all that it can have."""
    waits: int = gated.ask(Operation.CREATE_JOB).job["job-id"].value
    assert not [name for name in gated.job(waits) if name.endswith("-actual")]
    job_id = gated.print(job={"media": "na_letter_8.5x11in", "page-ranges": [RangeOfInteger(1, 2)]})
    assert gate.begun.wait(SECONDS)
    during = {name for name in gated.job(job_id) if name.endswith("-actual")}
    gate.open.set()
    job = gated.wait(job_id)
    assert {name for name in job if name.endswith("-actual")} == during
    assert job["media-actual"] == "na_letter_8.5x11in"
    assert job["media-col-actual"]["media-size"].value["x-dimension"].value == 21590
    assert job["page-ranges-actual"] == RangeOfInteger(1, 2)
    assert job["print-color-mode-actual"] == "auto"
    expected = {name for _, name in actual_names(gated.printer.description)}
    without = {"finishings-col-actual", "overrides-actual", "job-account-id-actual", "job-accounting-user-id-actual"}
    assert expected - without <= during | {"finishings-col-actual"}
    answer = gated.ask(Operation.GET_JOB_ATTRIBUTES, job_id=job_id)
    assert [issue for issue in validate(answer, role="response") if issue.severity == "error"] == []


@pytest.mark.parametrize(
    ("asked", "size", "source", "kind"),
    [
        ({}, "iso_a4_210x297mm", "main", "stationery"),
        ({"media": "na_legal_8.5x14in"}, "na_legal_8.5x14in", "main", "stationery"),
        ({"media-col": {"media-type": "photographic"}}, "iso_a4_210x297mm", "main", "photographic"),
        (
            {"media-col": {"media-size-name": "iso_a5_148x210mm", "media-source": "manual"}},
            "iso_a5_148x210mm",
            "manual",
            "stationery",
        ),
    ],
    ids=["default", "media", "type", "size and source"],
)
def test_members_are_tracked_into_what_was_printed(
    desk: Desk, asked: dict[str, object], size: str, source: str, kind: str
) -> None:
    job = desk.wait(desk.print(job=asked))
    medium = job["media-col-actual"]
    names = ("media-size-name", "media-source", "media-type")
    assert tuple(str(medium[name].value) for name in names) == (size, source, kind)
    assert "media-size" in medium
    assert "media-source-properties" not in medium
    assert job["media-actual"] == size


def test_a_medium_of_the_database_is_accepted_as_it_is(desk: Desk) -> None:
    """Also with its media-source-properties, which tell of the source (PWG 5100.7)."""
    for medium in asked(desk, "media-col-database")["media-col-database"].values[:4]:
        assert isinstance(medium, Collection)
        assert "media-source-properties" in medium
        given = Attribute("media-col", ValueTag.BEG_COLLECTION, [medium])
        assert submit(desk, given, operation=Operation.VALIDATE_JOB).status is Status.SUCCESSFUL_OK


def test_a_proof_and_the_rest(tmp_path: Path) -> None:
    """PWG 5100.11: a proof is printed in its own copies; Resubmit-Job prints those that it was for."""
    output = Copies()
    with printing(tmp_path, description=PRODUCTION, output=output) as desk:
        proof = {"copies": 20, "proof-print": {"proof-print-copies": 2, "media": "iso_a5_148x210mm"}}
        job_id, other = desk.print(job=proof), desk.print()
        job = desk.wait(job_id)
        assert (job["copies"], job["copies-actual"], job["media-actual"]) == (20, 2, "iso_a5_148x210mm")
        desk.wait(other)
        answer = desk.ask(Operation.GET_JOBS, which_jobs="proof-print")
        assert [group["job-id"].value for group in answer.groups_of(DelimiterTag.JOB)] == [job_id]
        again = desk.ask(Operation.RESUBMIT_JOB, job_id=job_id)
        assert "proof-print" not in desk.wait(again.job["job-id"].value)
        assert output.copies == [2, 1, 20]


@pytest.mark.parametrize(("user", "told"), [("alice", True), ("mallory", False)])
def test_which_of_others_jobs_are_proofs_is_private(tmp_path: Path, user: str, told: bool) -> None:
    with printing(tmp_path, description=PRODUCTION, operators=["root"]) as desk:
        job_id = desk.print(job={"proof-print": {"proof-print-copies": 2}})
        answer = desk.ask(Operation.GET_JOBS, which_jobs="proof-print", user=user)
        assert [each["job-id"].value for each in answer.groups_of(DelimiterTag.JOB)] == ([job_id] if told else [])


class Copies:
    """An output that keeps how many copies it was to make."""

    def __init__(self) -> None:
        self.copies: list[int] = []

    def run(self, task: Task) -> None:
        wanted = {each.name: each.value for each in template(task.job)}
        assert "proof-print" not in wanted
        self.copies.append(int(str(wanted.get("copies", 1))))


# Notifications.


def subscription(desk: Desk, job_id: int | None = None, **template: object) -> dict[str, Any]:
    """The attributes of a new subscription."""
    given = {"notify-pull-method": "ippget", "notify-events": ["job-progress"], **template}
    if job_id is None:
        answer = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, groups={"subscription": given})
    else:
        answer = desk.ask(Operation.CREATE_JOB_SUBSCRIPTIONS, notify_job_id=job_id, groups={"subscription": given})
    number = answer.groups_of(DelimiterTag.SUBSCRIPTION)[0]["notify-subscription-id"].value
    told = desk.ask(Operation.GET_SUBSCRIPTION_ATTRIBUTES, notify_subscription_id=number)
    return {each.name: each.value for each in told.groups_of(DelimiterTag.SUBSCRIPTION)[0]}


def test_an_interval_is_there_where_it_was_asked_for(desk: Desk) -> None:
    assert "notify-time-interval" not in subscription(desk)
    assert subscription(desk, **{"notify-time-interval": 0})["notify-time-interval"] == 0
    assert subscription(desk, **{"notify-time-interval": 7})["notify-time-interval"] == 7


def test_the_clock_of_leases_is_the_printers(desk: Desk) -> None:
    """RFC 3995 section 5.4.4: a job's subscription has no notify-printer-up-time, a printer's has one."""
    assert subscription(desk)["notify-printer-up-time"] > 0
    job_id: int = desk.ask(Operation.CREATE_JOB).job["job-id"].value
    mine = subscription(desk, job_id)
    assert "notify-printer-up-time" not in mine
    assert mine["notify-job-id"] == job_id
    assert mine["notify-subscription-uuid"].startswith("urn:uuid:")


def test_progress_is_told_no_more_often_than_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ippfast.printer.processing._PROGRESS", 0.0)

    class Pages:
        def run(self, task: Task) -> None:
            for count in range(1, 6):
                task.progress(count)

    for interval, events in ((0, 5), (3_600, 1)):
        with printing(tmp_path / str(interval), output=Pages()) as desk:
            number = subscription(desk, **{"notify-time-interval": interval})["notify-subscription-id"]
            job = desk.wait(desk.print())
            assert job["job-state"] == JobState.COMPLETED
            told = desk.ask(Operation.GET_NOTIFICATIONS, notify_subscription_ids=[number])
            assert len(told.groups_of(DelimiterTag.EVENT_NOTIFICATION)) == events


def test_the_last_answer_says_when_to_ask_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 3996 section 5.2.1: as long as the printer waits it does not, and when it leaves it does."""
    monkeypatch.setattr("ippfast.printer.notifications._LONGEST_WAIT", 0.3)
    number = subscription(desk)["notify-subscription-id"]
    given = {"printer-uri": desk.uri, "notify-subscription-ids": [number], "notify-wait": True}
    message = request(Operation.GET_NOTIFICATIONS, operation_attributes={**given, "requesting-user-name": "alice"})
    connection = http.client.HTTPConnection("localhost", desk.server.port, timeout=SECONDS)
    headers = {"Content-Type": "application/ipp", "Accept": "multipart/related"}
    connection.request("POST", "/ipp/print", encode(message), headers)
    response = connection.getresponse()
    whole = f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode() + response.read()
    connection.close()
    parts = email.message_from_bytes(whole, policy=email.policy.HTTP).iter_parts()
    answers = [decode(payload) for part in parts if isinstance(payload := part.get_payload(decode=True), bytes)]
    there = ["notify-get-interval" in each.operation_attributes for each in answers]
    assert there == [*[False] * (len(answers) - 1), True]
    assert len(answers) > 1
