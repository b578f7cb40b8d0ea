"""The parts of the print server one by one: description, choice of attributes, holds, formats, references, access.

The rule of this file: what a client can see is asked through a socket; the rest are plain functions.
"""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printers import DOCUMENT, SECONDS, Desk, Gate, printing
from sample_documents import make_sample

from ippfast import Attribute, DelimiterTag, Name, Operation, OutOfBand, Resolution, ValueTag, registry, validate
from ippfast.enums import JobState, Status
from ippfast.formats import sniff
from ippfast.printer import Description, DescriptionError, Fetcher
from ippfast.printer.holding import hold_of
from ippfast.printer.job_attributes import TABLE
from ippfast.printer.printer_attributes import TAGS
from ippfast.printer.storage.sqlite import SQLiteStorage


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with printing(tmp_path_factory.mktemp("spool")) as made:
        yield made


# Description.


def test_the_answer_is_valid(desk: Desk) -> None:
    """All that the printer says of itself is as the registry wants it."""
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=["all", "media-col-database"])
    assert answer.status is Status.SUCCESSFUL_OK
    issues = [issue for issue in validate(answer, role="response") if issue.severity != "info"]
    assert issues == []
    assert len(answer.printer) > 130
    names = [each.name for each in answer.printer]
    assert len(names) == len(set(names))


def test_every_default_is_supported(desk: Desk) -> None:
    """A job that asks for each default by name gets what it asks for, with fidelity."""
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES)
    creation = answer.printer["job-creation-attributes-supported"].values
    job = [
        Attribute(str(name), default.tags, default.values)
        for name in map(str, creation)
        if (default := answer.printer.get(f"{name}-default")) is not None
        and not name.endswith("-col")
        and not isinstance(default.values[0], OutOfBand)
    ]
    assert len(job) > 10
    assert desk.ask(Operation.VALIDATE_JOB, ipp_attribute_fidelity=True, job=job).status is Status.SUCCESSFUL_OK
    media_col = answer.printer["media-col-default"]
    only = [Attribute("media-col", media_col.tags, media_col.values)]
    assert desk.ask(Operation.VALIDATE_JOB, ipp_attribute_fidelity=True, job=only).status is Status.SUCCESSFUL_OK


def test_a_description_sets_attributes_anew(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'printer-location = "Cellar"\nprinter-resolution-supported = ["600x1200dpi", "236dpcm"]\n'
        'copies-supported = "1-5"\nmedia-supported = ["iso_a4_210x297mm"]\nmedia-ready = ["iso_a4_210x297mm"]\n'
        'vendor-level = { integer = [3, 4] }\nprinter-supply = ["type=ink;level=5;"]\n'
    )
    made = Description(path, {"printer-location": "Attic"})
    assert made.text("printer-location") == "Attic"
    assert made.values("printer-resolution-supported") == (Resolution(600, 1200, 3), Resolution(236, 236, 4))
    assert made["copies-supported"].value == (1, 5)
    assert made["vendor-level"] == Attribute("vendor-level", ValueTag.INTEGER, [3, 4])
    assert made.values("printer-supply") == (b"type=ink;level=5;",)
    assert len(made.values("media-size-supported")) == 1
    assert {str(each["media-size-name"].value) for each in made.values("media-col-database")} == {"iso_a4_210x297mm"}
    assert made.number("no-such-attribute", 7) == 7


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("copies-default = 0", "copies-default"),
        ('sides-default = ["one-sided", "two-sided-long-edge"]', "sides-default"),
        ("vendor-level = 3", "vendor-level"),
        ('printer-info = "x', "own.toml"),
    ],
)
def test_a_description_that_is_wrong(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(DescriptionError, match=fault):
        Description(path)


# Requested attributes.


def test_requested_attributes(desk: Desk) -> None:
    def asked(*names: str) -> set[str]:
        answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=list(names))
        assert answer.status is Status.SUCCESSFUL_OK
        return {each.name for each in answer.printer}

    everything, description, template = asked("all"), asked("printer-description"), asked("job-template")
    assert "media-col-database" not in everything
    assert asked("media-col-database") == {"media-col-database"}
    assert asked("printer-name", "no-such-attribute") == {"printer-name"}
    assert asked("none") == set()
    assert {"copies-default", "media-ready", "sides-supported"} <= template
    assert {"printer-name", "printer-state", "operations-supported"} <= description
    assert description.isdisjoint(template)


def test_media_col_database_is_filtered(desk: Desk) -> None:
    def database(media_col: dict[str, Any]) -> list[str]:
        answer = desk.ask(
            Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=["media-col-database"], media_col=media_col
        )
        found = answer.printer.get("media-col-database") if answer.groups_of(DelimiterTag.PRINTER) else None
        return [] if found is None else [str(each.value("media-size-name", "custom")) for each in found.values]

    assert set(database({"media-source": "manual"})) > {"iso_a4_210x297mm", "na_letter_8.5x11in"}
    a5 = {"media-size": {"x-dimension": 14800, "y-dimension": 21000}}
    assert set(database(a5)) == {"iso_a5_148x210mm", "custom"}
    assert database({"media-type": "transparency"}) == []


# Holds.


@pytest.mark.parametrize(
    ("keyword", "now", "until"),
    [
        ("no-hold", "2026-11-25 12:00", None),
        ("day-time", "2026-11-25 12:00", None),
        ("day-time", "2026-11-25 19:00", "2026-11-26 06:00"),
        ("day-time", "2026-11-25 05:59", "2026-11-25 06:00"),
        ("evening", "2026-11-25 12:00", "2026-11-25 18:00"),
        ("night", "2026-11-25 12:00", "2026-11-25 18:00"),
        ("night", "2026-11-25 03:00", None),
        ("second-shift", "2026-11-25 15:59", "2026-11-25 16:00"),
        ("third-shift", "2026-11-25 09:00", "2026-11-26 00:00"),
        ("weekend", "2026-11-25 12:00", "2026-11-28 00:00"),
        ("weekend", "2026-11-28 12:00", None),
    ],
)
def test_holds(keyword: str, now: str, until: str | None) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    held, release = hold_of([Attribute("job-hold-until", ValueTag.KEYWORD, [keyword])], moment)
    assert held == (until is not None)
    expected = None if until is None else datetime.fromisoformat(until).replace(tzinfo=UTC).timestamp()
    assert release == expected


@given(st.sampled_from(["day-time", "evening", "night", "second-shift", "third-shift", "weekend"]), st.datetimes())
def test_a_hold_ends_when_it_allows_printing(keyword: str, now: datetime) -> None:
    """At the moment at which a hold ends, the same keyword holds no more; and that is within a week."""
    now = now.replace(year=2026, tzinfo=UTC) if (now.month, now.day) != (2, 29) else datetime(2026, 3, 1, tzinfo=UTC)
    attributes = [Attribute("job-hold-until", ValueTag.KEYWORD, [keyword])]
    held, release = hold_of(attributes, now)
    if held:
        assert release is not None
        assert now.timestamp() < release <= now.timestamp() + timedelta(days=7).total_seconds()
        assert hold_of(attributes, datetime.fromtimestamp(release, UTC)) == (False, None)


def test_a_hold_that_ends_by_itself(tmp_path: Path) -> None:
    with printing(tmp_path) as desk:
        soon = datetime.now(UTC) + timedelta(seconds=1)
        job_id = desk.print(job={"job-hold-until": "indefinite"})
        answer = desk.ask(Operation.SET_JOB_ATTRIBUTES, job_id=job_id, job={"job-hold-until-time": soon})
        assert answer.status is Status.SUCCESSFUL_OK
        assert desk.wait(job_id)["job-state"] == JobState.COMPLETED


# Formats.


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (make_sample("document-a4.pdf"), "application/pdf"),
        (make_sample("document-a4.ps"), "application/postscript"),
        (make_sample("color.jpg"), "image/jpeg"),
        (make_sample("pwg-raster-samples-300dpi/black-1/x-a4-black-1-300dpi.pwg"), "image/pwg-raster"),
        (b"UNIRAST\0\0\0\0\1", "image/urf"),
        (b"RaSt" + bytes(9), "application/vnd.cups-raster"),
        (b"tSaR" + bytes(9), "application/vnd.cups-raster"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE = PDF\r\n%PDF-1.4", "application/pdf"),
        (b"\x1b%-12345X@PJL ENTER LANGUAGE=POSTSCRIPT\n%!", "application/postscript"),
        (b"\x1b%-12345X@PJL\n\x1bE", "application/vnd.hp-pcl"),
        ("Grüße\n".encode(), "text/plain"),
        (b"\0\1\2", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_formats(head: bytes, found: str) -> None:
    assert sniff(head[:1024]) == found


@given(st.binary(max_size=1024))
def test_any_octets_have_a_format(head: bytes) -> None:
    assert "/" in sniff(head)


# Documents by reference.


class _Pages(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(301)
            self.send_header("Location", "/document")
            self.end_headers()
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"%PDF")
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "document").write_bytes(DOCUMENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, directory=str(tmp_path / "web")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_print_uri(tmp_path: Path, web: str) -> None:
    with printing(tmp_path / "spool", fetcher=Fetcher([web]), output=Gate()) as desk:
        answer = desk.ask(Operation.PRINT_URI, document_uri=f"http://{web}/document")
        assert answer.status is Status.SUCCESSFUL_OK
        (document,) = desk.printer.store.documents(answer.job["job-id"].value)
        assert b"".join(desk.printer.documents.open(document.key)) == DOCUMENT
        port = web.rpartition(":")[2]
        refused = [
            ("bogus://bogus", Status.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED),
            ("file:///etc/passwd", Status.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED),
            (f"http://127.0.0.1:{port}/document", Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR),
            (f"http://user@{web}/document", Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR),
            ("http://localhost/document", Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR),
            ("http://169.254.169.254/latest", Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR),
            ("http://[::1", Status.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED),
            (f"http://{web}/moved", Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR),
            (f"http://{web}/nothing", Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR),
            (f"http://{web}/cut", Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR),
        ]
        for uri, status in refused:
            given = Attribute("document-uri", ValueTag.URI, [uri])  # our own clients refuse to say some of these
            assert desk.ask(Operation.PRINT_URI, document_uri=given).status is status, uri
        assert desk.ask(Operation.PRINT_URI).status is Status.CLIENT_ERROR_BAD_REQUEST
        assert len(desk.printer.store.jobs()) == 1
        assert desk.files() == []


# Access.


def test_who_may_do_what(tmp_path: Path) -> None:
    """Where operators are named, everybody else has but his own jobs, and sees little of others'."""
    gate = Gate()
    with printing(tmp_path, operators=["root"], output=gate) as desk:
        job_id = desk.print(user="alice", job_name="Secret")
        for operation in (Operation.CANCEL_JOB, Operation.HOLD_JOB, Operation.RESTART_JOB, Operation.CLOSE_JOB):
            answer = desk.ask(operation, job_id=job_id, user="bob")
            assert answer.status is Status.CLIENT_ERROR_NOT_AUTHORIZED, operation
        for operation in (
            Operation.PAUSE_PRINTER,
            Operation.PURGE_JOBS,
            Operation.CANCEL_JOBS,
            Operation.SET_PRINTER_ATTRIBUTES,
            Operation.SHUTDOWN_PRINTER,
        ):
            assert desk.ask(operation, user="alice").status is Status.CLIENT_ERROR_NOT_AUTHORIZED, operation
        mine, others = desk.job(job_id, "alice"), desk.job(job_id, "bob")
        assert mine["job-name"] == "Secret"
        assert "job-name" not in others
        assert "job-originating-user-name" not in others
        assert others["job-state"] in (JobState.PENDING, JobState.PROCESSING)
        assert desk.ask(Operation.GET_DOCUMENTS, job_id=job_id, user="bob").status is Status.CLIENT_ERROR_NOT_AUTHORIZED
        listed = desk.ask(Operation.GET_JOBS, requested_attributes=["all"], user="bob")
        assert "Secret" not in repr(listed)
        assert desk.ask(Operation.CANCEL_JOB, job_id=job_id, user="alice").status is Status.SUCCESSFUL_OK


# The printer's state.


def test_state(tmp_path: Path) -> None:
    names = ("printer-state", "printer-state-reasons", "printer-is-accepting-jobs")

    def state() -> tuple[Any, ...]:
        answer = running.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=list(names))
        return tuple(answer.printer[name].value for name in names)

    gate = Gate()
    with printing(tmp_path, output=gate) as running:
        assert state() == (3, "none", True)
        first = running.print()
        running.wait(first, JobState.PROCESSING)
        assert state()[0] == 4
        running.ask(Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB)
        second = running.print()
        gate.open.set()
        running.wait(first)
        end = time.monotonic() + SECONDS
        while state() != (5, "paused", True):
            assert time.monotonic() < end, state()
        assert running.state(second) is JobState.PENDING
        running.ask(Operation.DISABLE_PRINTER)
        assert running.ask(Operation.PRINT_JOB, DOCUMENT).status is Status.SERVER_ERROR_NOT_ACCEPTING_JOBS
        running.ask(Operation.HOLD_NEW_JOBS)
        running.ask(Operation.ENABLE_PRINTER)
        running.ask(Operation.RESUME_PRINTER)
        running.wait(second)
        third = running.print()
        assert running.state(third) is JobState.PENDING_HELD
        running.ask(Operation.RELEASE_HELD_NEW_JOBS)
        running.wait(third)
        running.ask(Operation.SHUTDOWN_PRINTER)
        assert state() == (5, "shutdown", False)
        assert running.ask(Operation.GET_JOBS).status is Status.SERVER_ERROR_SERVICE_UNAVAILABLE
        running.ask(Operation.STARTUP_PRINTER)
        assert state() == (3, "none", True)


def test_what_an_operator_sets_stays(tmp_path: Path) -> None:
    with printing(tmp_path) as desk:
        group = {"printer": {"printer-location": "Roof", "printer-info": "Ours"}}
        assert desk.ask(Operation.SET_PRINTER_ATTRIBUTES, groups=group).status is Status.SUCCESSFUL_OK
        wrong = {"printer": {"printer-location": "Moon", "printer-uuid": "urn:uuid:0"}}
        refused = desk.ask(Operation.SET_PRINTER_ATTRIBUTES, groups=wrong)
        assert refused.status is Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE
        assert refused.group(DelimiterTag.UNSUPPORTED)["printer-uuid"].values == (OutOfBand.NOT_SETTABLE,)
        desk.ask(Operation.PAUSE_PRINTER)
        values = desk.ask(Operation.GET_PRINTER_SUPPORTED_VALUES)
        assert values.printer["printer-info"].values == (OutOfBand.ADMIN_DEFINE,)
    with printing(tmp_path) as desk:
        found = desk.ask(Operation.GET_PRINTER_ATTRIBUTES).printer
        assert (found["printer-location"].value, found["printer-info"].value) == ("Roof", "Ours")
        assert found["printer-state"].value == 5


def test_every_operation_is_told_and_known(desk: Desk) -> None:
    """operations-supported is what is answered with something else than operation-not-supported."""
    told = set(desk.ask(Operation.GET_PRINTER_ATTRIBUTES).printer["operations-supported"].values)
    assert told == set(desk.printer.operations)
    assert not told & {Operation.PRINT_URI, Operation.SEND_URI}
    assert all(code in registry.operations() for code in told)


# Memory.


def test_a_large_document_takes_no_memory(tmp_path: Path) -> None:
    import tracemalloc

    size = 64 * 1024 * 1024

    def pieces() -> Iterator[bytes]:
        for _ in range(size // 65_536):
            yield bytes(65_536)

    with printing(tmp_path) as desk:
        tracemalloc.start()
        try:
            job_id = desk.print(pieces())  # type: ignore[arg-type]  # the client takes an iterable too
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert desk.job(job_id)["job-k-octets"] == size // 1024
    assert peak < 8 * 1024 * 1024


# Names that clients give.


@pytest.mark.parametrize(
    "octets", [b"a\0b", b"a\x1b[31m\nX: y\r\n", b"\xff\xfe", b"\xed\xa0\x80", "Ü\u202e".encode(), b"n" * 255]
)
def test_odd_names_come_back_readable(desk: Desk, octets: bytes) -> None:
    """No name costs a user the job, or a client the answer: libcups refuses one for a control or no UTF-8 in it."""
    told = octets.decode("utf-8", "replace") if octets != b"\xed\xa0\x80" else "\ufffd" * 3
    told = "".join("\ufffd" if ord(c) < 32 else c for c in told)
    name = octets.decode("utf-8", "surrogateescape")
    job_id = desk.print(user=Name(name), job_name=Name(name), document_name=Name(name))
    answer = desk.ask(Operation.GET_JOB_ATTRIBUTES, job_id=job_id)
    for attribute in ("job-name", "job-originating-user-name"):
        assert answer.job[attribute].value == told
    mine = desk.ask(Operation.GET_JOBS, my_jobs=True, which_jobs="all", user=Name(name))
    assert [group["job-id"].value for group in mine.jobs] == [job_id]
    subscription = {"subscription": {"notify-pull-method": "ippget", "notify-events": ["job-completed"]}}
    desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, user=Name(name), groups=subscription)
    listed = desk.ask(Operation.GET_SUBSCRIPTIONS, user=Name(name), my_subscriptions=True, requested_attributes=["all"])
    (group,) = listed.groups_of(DelimiterTag.SUBSCRIPTION)
    assert group["notify-subscriber-user-name"].value == told
    documents = desk.ask(Operation.GET_DOCUMENTS, job_id=job_id, requested_attributes=["all"])
    assert documents.group(DelimiterTag.DOCUMENT)["document-name"].value == told
    assert desk.wait(job_id)["job-state"] == JobState.COMPLETED


def test_what_is_said_of_odd_attributes_can_be_shown(desk: Desk) -> None:
    odd = [Attribute("bad\x1b[31m\nname", ValueTag.KEYWORD, ["x"]), Attribute("n" * 255, ValueTag.KEYWORD, ["x"])]
    answer = desk.ask(Operation.VALIDATE_JOB, ipp_attribute_fidelity=True, job=odd)
    assert answer.status is Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
    said = answer.groups[0]["status-message"].value
    assert said.isprintable()
    assert "bad\\x1b[31m\\nname" in said
    assert len(said.encode()) <= 255
    assert [each.name for each in answer.group(DelimiterTag.UNSUPPORTED)] == [each.name for each in odd]


def test_a_full_disk(tmp_path: Path) -> None:
    """A job that cannot be kept is not acknowledged, and leaves nothing; then all goes on."""
    with printing(tmp_path, output=Gate()) as desk:
        desk.print()
        assert isinstance(desk.printer.storage, SQLiteStorage)
        database = desk.printer.storage._engine.writer
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages + 2}")
        for _ in range(200):
            answer = desk.ask(Operation.PRINT_JOB, DOCUMENT, job_name="n" * 255)
            if answer.status is not Status.SUCCESSFUL_OK:
                break
        assert answer.status is Status.SERVER_ERROR_TEMPORARY_ERROR
        assert desk.files() == []
        database.execute("PRAGMA max_page_count = 1000000")
        before = len(desk.printer.store.jobs())
        desk.print()
    with printing(tmp_path, output=Gate()) as desk:
        assert len(desk.printer.store.jobs()) == before + 1


def test_two_servers_on_one_spool(tmp_path: Path) -> None:
    with printing(tmp_path), pytest.raises(BlockingIOError, match="another server uses the spool"), printing(tmp_path):
        pass
    with printing(tmp_path, shared=True) as one, printing(tmp_path, shared=True) as two:
        job_id = two.print()
        assert one.wait(job_id)["job-state"] == JobState.COMPLETED


OF_JOBS = {name: tag for name, (tag, _) in TABLE.items()}


@pytest.mark.parametrize(("table", "group"), [(OF_JOBS, DelimiterTag.JOB), (TAGS, DelimiterTag.PRINTER)])
def test_the_tables_of_syntaxes_are_the_registrys(table: dict[str, ValueTag], group: DelimiterTag) -> None:
    wrong = {}
    for name, tag in table.items():
        spec = registry.lookup(name, group)
        if spec is None or tag not in spec.wire_tags:
            wrong[name] = tag
    assert wrong == {}
