"""Pages of documents, impressions and sheets: what a document says, what it comes to, and how it moves on.

The rule of this file: documents are made by other programs where these can be had, and counted by other programs too;
what a document may not do is in a table of damages.
"""

import random
import subprocess
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from hostile_pdfs import pdf_of
from peers import program
from printers import DOCUMENT, SECONDS, Desk, printing, wait_for
from sample_documents import make_sample

from ippfast import DelimiterTag, Operation, OutOfBand, RangeOfInteger
from ippfast.enums import JobState, Status
from ippfast.printer import Forward
from ippfast.printer.counting import Counted
from ippfast.printer.outputs import OutputError, Task
from ippfast.printer.pdf_pages import pages_of
from ippfast.raster import PWG, URF, Page, Writer


def counted(document: bytes, reads: list[int] | None = None) -> int | None:
    """The pages of a PDF document. reads: gets the octets of each read."""

    def read(start: int, length: int) -> bytes:
        if reads is not None:
            reads.append(length)
        return document[start : start + length]

    return pages_of(read, len(document))


def plain(pages: int, extra: bytes = b"") -> bytes:
    """A PDF document with a table of references."""
    kids = b" ".join(b"%d 0 R" % (3 + number) for number in range(pages))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"
    tree = b"<</Type/Pages/Count %d/Kids[%b]%b>>" % (pages, kids, extra)
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", tree, *[page] * pages])


def packed(pages: int, *, predictor: bool = True, kinds: bytes = b"\2") -> bytes:
    """A PDF document of version 1.5: the objects in a stream, and a stream of references (ISO 32000-1, 7.5.7-8)."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count %d/Kids[]>>" % pages]
    places, body = [], b""
    for number, each in enumerate(objects, 1):
        places.append(b"%d %d" % (number, len(body)))
        body += each + b" "
    head = b" ".join(places) + b" "
    content = zlib.compress(head + body)
    document = b"%PDF-1.5\n"
    stream_at = len(document)
    about = b"<</Type/ObjStm/N 2/First %d/Length %d/Filter/FlateDecode>>" % (len(head), len(content))
    document += b"3 0 obj\n" + about + b"stream\n" + content + b"\nendstream endobj\n"
    references_at = len(document)
    rows = [b"\0\0\0\0", b"\2\0\3\0", b"\2\0\3\1", b"\1" + stream_at.to_bytes(2, "big") + b"\0"]
    rows.append(b"\1" + references_at.to_bytes(2, "big") + b"\0")
    above, table = bytes(4), b""
    for place, row in enumerate(rows):
        kind = kinds[place % len(kinds)]
        difference = bytes((now - (before if kind == 2 else 0)) & 255 for now, before in zip(row, above, strict=True))
        table += bytes([kind]) + difference if predictor else row
        above = row
    table = zlib.compress(table)
    how = b"/DecodeParms<</Predictor 12/Columns 4>>" if predictor else b""
    about = b"<</Type/XRef/Size 5/W[1 2 1]/Root 1 0 R/Length %d/Filter/FlateDecode%b>>" % (len(table), how)
    document += b"4 0 obj\n" + about + b"stream\n" + table + b"\nendstream endobj\n"
    return document + b"startxref\n%d\n%%%%EOF\n" % references_at


def changed(document: bytes, pages: int) -> bytes:
    """The same with the page tree written anew at its end (7.5.6)."""
    before = int(document.rpartition(b"startxref")[2].split()[0])
    at = len(document)
    document += b"2 0 obj\n<</Type/Pages/Count %d/Kids[]>>\nendobj\n" % pages
    table = len(document)
    document += b"xref\n2 1\n%010d 00000 n \ntrailer\n<</Size 5/Root 1 0 R/Prev %d>>\n" % (at, before)
    return document + b"startxref\n%d\n%%%%EOF\n" % table


@pytest.mark.parametrize(
    ("document", "pages"),
    [
        (plain(1), 1),
        (plain(40), 40),
        (plain(3, b"/Note(not /Count 9 \\( ( nested ))/Other<</Count 7>>"), 3),
        (packed(25), 25),
        (packed(25, predictor=False), 25),
        (packed(25, kinds=b"\0"), 25),
        (packed(25, kinds=b"\0\2\2\0\2"), 25),
        (changed(plain(3), 5), 5),
        (plain(3).replace(b"trailer<<", b"trailer<</Prev 312 "), 3),
        (changed(changed(packed(25), 6), 8), 8),
    ],
    ids=[
        "one",
        "many",
        "others",
        "packed",
        "bare rows",
        "own rows",
        "mixed rows",
        "changed",
        "in a circle",
        "changed twice",
    ],
)
def test_pages_of_pdf(document: bytes, pages: int) -> None:
    assert counted(document) == pages


@pytest.mark.parametrize("version", ["1.4", "1.7"])
def test_pages_of_pdf_by_other_programs(tmp_path: Path, version: str) -> None:
    source, target, clean = tmp_path / "in.ps", tmp_path / "out.pdf", tmp_path / "clean.pdf"
    source.write_text("%!PS\n1 1 37 { 100 100 moveto 0 0 lineto stroke pop showpage } for\n")
    command = [program("gs"), "-q", "-sDEVICE=pdfwrite", f"-dCompatibilityLevel={version}", "-o"]
    subprocess.run([*command, target, source], check=True, timeout=SECONDS)
    subprocess.run([program("mutool"), "clean", "-l", target, clean], check=True, timeout=SECONDS)
    for path in (target, clean):
        assert counted(path.read_bytes()) == len(pypdfium2.PdfDocument(path)) == 37


HOSTILE = {
    "nothing": b"",
    "no references": b"%PDF-1.4\n",
    "a page tree that is its own": pdf_of([b"<</Type/Catalog/Pages 1 0 R>>"]),
    "a count that is its own": pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Count 3 0 R>>", b"3 0 R"]),
    "a count beyond belief": pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Count 2000000000>>"]),
    "a negative count": pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Count -5>>"]),
    "a count that is text": pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Count(5)>>"]),
    "sections that are none": plain(3).replace(b"trailer<<", b"trailer<</Prev 0 "),
    "a deep catalog": pdf_of([b"<<" + b"/A[" * 5_000 + b"]" * 5_000 + b"/Pages 2 0 R>>"]),
    "a long catalog": pdf_of([b"<<" + b"/A 1" * 30_000 + b"/Pages 2 0 R>>", b"<</Count 1>>"]),
    "a string without an end": pdf_of([b"<</A(", b"<</Count 1>>"]),
    "a comment in comments": pdf_of([b"<<" + b"%" * 500 + b"\n}>>", b"<</Count 1>>"]),
    "comments in spaces": pdf_of([b"<<" + b" %" * 500 + b"\n}>>", b"<</Count 1>>"]),
    "references far away": b"%PDF-1.4\nstartxref\n999999999999\n%%EOF",
    "a bomb": b"%PDF-1.5\n1 0 obj\n<</Type/XRef/W[1 2 1]/Size 9/Root 1 0 R/Filter/FlateDecode/Length 100000>>stream\n"
    + zlib.compress(bytes(64 << 20))
    + b"\nendstream endobj\nstartxref\n9\n%%EOF\n",
}


def sections(count: int, *, entries: int = 3_000_000) -> bytes:
    """A PDF document whose cross-reference is so many streams, a few octets each, with as many entries for nothing."""
    content = zlib.compress(b"\2\0\0\0\0" * entries)
    document, previous = b"%PDF-1.5\n", b""
    for number in range(1, count + 1):
        place = len(document)
        about = b"<</Type/XRef/W[1 2 1]/Size %d/Root %d 0 R%b" % (entries, entries - 1, previous)
        how = b"/Length %d/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 4>>>>" % len(content)
        document += b"%d 0 obj\n" % number + about + how + b"stream\n" + content + b"\nendstream endobj\n"
        previous = b"/Prev %d" % place
    return document + b"startxref\n%d\n%%%%EOF\n" % place


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_pdf_says_is_not_believed(document: bytes) -> None:
    reads: list[int] = []
    assert counted(document, reads) is None
    assert len(reads) <= 48
    assert sum(reads) <= 4 << 20


def test_many_bombs_are_no_larger_than_one() -> None:
    document = sections(16)
    tracemalloc.start()
    try:
        assert counted(document) is None
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_references_are_looked_through_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counted(packed(3)) == 3
    monkeypatch.setattr("ippfast.printer.pdf_pages._MOST_SEARCHED", 40)
    assert counted(packed(3)) is None


@pytest.mark.parametrize("document", [plain(5), packed(5), changed(packed(9), 5)], ids=["plain", "packed", "changed"])
def test_damaged_pdfs_end_in_bounds(document: bytes) -> None:
    """Whatever octets are others: a number of pages, or none, and nothing else."""
    chance = random.Random(5)
    for _ in range(400):
        damaged = bytearray(document)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        reads: list[int] = []
        counted(bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])]), reads)
        assert len(reads) <= 48


# Raster.


def raster(document_format: str, pages: int, *, says: bool = False) -> bytes:
    """A raster document. says: whether it says how many pages it has."""
    file = BytesIO()
    with Writer(file, document_format, pages=pages if says or document_format == URF else 0) as writer:
        page = Page(width=64, height=200, type="sgray_8", resolution=(300, 300))
        for _ in range(pages):
            writer.write_page(page, random.Random(1).randbytes(64 * 200))
    octets = file.getvalue()
    return octets if says or document_format == PWG else octets[:8] + bytes(4) + octets[12:]


def passed(document: bytes, size: int) -> int | None:
    """The pages of a document that comes in pieces of that size."""
    counting = Counted([document[at : at + size] for at in range(0, len(document), size)])
    assert b"".join(bytes(piece) for piece in counting) == document
    return counting.pages


@pytest.mark.parametrize("size", [7, 4_096, 1 << 20])
@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("document_format", [PWG, URF])
def test_pages_of_raster(document_format: str, says: bool, size: int) -> None:
    assert passed(raster(document_format, 3, says=says), size) == 3


def test_raster_that_is_none() -> None:
    """Cut, damaged or short raster has no number of pages, and passes as it is."""
    whole = raster(PWG, 3)
    for document in (whole[:-5], whole[:2_000] + b"\xff" * 400 + whole[2_400:], whole[:10], b"RaS2", b"UNIRAST\0", b""):
        assert passed(document, 1_000) is None


def test_raster_is_counted_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ippfast.printer.counting._MOST_RASTER", 5_000)
    assert passed(raster(PWG, 3), 1_000) is None
    assert passed(raster(PWG, 3, says=True), 1_000) == 3


# Jobs.


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with printing(tmp_path_factory.mktemp("spool")) as made:
        yield made


POSTSCRIPT = b"%!PS-Adobe-3.0\n%%Pages: 4\n%%EndComments\nshowpage\n"
AT_END = b"%!PS-Adobe-3.0\n%%Pages: (atend)\n" + b"showpage\n" * 1_000 + b"%%Trailer\n%%Pages: 6\n%%EOF\n"


@pytest.mark.parametrize(
    ("document", "pages"),
    [
        (plain(12), 12),
        (packed(3) + b" " * 300_000, None),
        (pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Count 2>>", b"(" + b"x" * 300_000 + b")"]), 2),
        (raster(PWG, 2), 2),
        (raster(URF, 5, says=True), 5),
        (make_sample("color.jpg"), 1),
        (POSTSCRIPT, 4),
        (AT_END, 6),
        (b"%!PS\nshowpage\n", None),
        (b"a text\n", None),
        (DOCUMENT, None),
    ],
    ids=[
        "pdf",
        "pdf with a tail",
        "long pdf",
        "pwg",
        "urf",
        "jpeg",
        "ps",
        "ps at its end",
        "bare ps",
        "text",
        "no pdf",
    ],
)
def test_pages_of_a_job(desk: Desk, document: bytes, pages: int | None) -> None:
    """Whether it is known or not, the job is taken; small documents and large ones are kept in different places."""
    job = desk.wait(desk.print(document))
    known = OutOfBand.NO_VALUE if pages is None else pages
    assert [job[name] for name in ("job-pages", "job-impressions", "job-media-sheets")] == [known] * 3
    done = [job[f"{name}-completed"] for name in ("job-pages", "job-impressions", "job-media-sheets")]
    assert done == [pages or 0] * 3


@pytest.mark.parametrize(
    ("asked", "impressions", "sheets", "done"),
    [
        ({}, 12, 12, 12),
        ({"copies": 3}, 12, 36, 36),
        ({"sides": "two-sided-long-edge"}, 12, 6, 12),
        ({"sides": "two-sided-long-edge", "number-up": 4, "copies": 2}, 3, 4, 6),
        ({"page-ranges": [RangeOfInteger(2, 4), RangeOfInteger(11, 99)]}, 5, 5, 5),
        ({"page-ranges": [RangeOfInteger(50, 99)]}, 0, 0, 0),
    ],
    ids=str,
)
def test_impressions_and_sheets(desk: Desk, asked: dict[str, object], impressions: int, sheets: int, done: int) -> None:
    """RFC 8011 section 5.3.17: impressions are those of one copy, sheets those of all."""
    job = desk.wait(desk.print(plain(12), job=asked))
    assert (job["job-pages"], job["job-impressions"], job["job-media-sheets"]) == (12, impressions, sheets)
    assert (job["job-impressions-completed"], job["job-media-sheets-completed"]) == (done, sheets)


def test_a_client_is_believed_while_nothing_is_known(desk: Desk) -> None:
    said = {"job_impressions": 99, "job_media_sheets": 98, "job_pages": 97}
    job = desk.job(desk.print(b"a text\n", **said))
    assert (job["job-impressions"], job["job-media-sheets"], job["job-pages"]) == (99, 98, 97)
    job = desk.job(desk.print(plain(2), **said))
    assert (job["job-impressions"], job["job-media-sheets"], job["job-pages"]) == (2, 2, 2)


def test_documents_are_counted_each_by_its_own(desk: Desk) -> None:
    """Two documents of a page are two sheets on both sides too; one has other sides than the job."""
    job_id: int = desk.ask(Operation.CREATE_JOB, job={"sides": "two-sided-long-edge"}).job["job-id"].value
    for document, sides in ((plain(1), None), (plain(3), None), (plain(3), "one-sided")):
        groups = {"document": {"sides": sides}} if sides else {}
        sent = desk.ask(Operation.SEND_DOCUMENT, document, job_id=job_id, last_document=False, groups=groups)
        assert sent.status is Status.SUCCESSFUL_OK
    job = desk.job(job_id)
    assert (job["job-pages"], job["job-impressions"], job["job-media-sheets"]) == (7, 7, 1 + 2 + 3)
    answer = desk.ask(Operation.GET_DOCUMENTS, job_id=job_id, requested_attributes=["pages", "media-sheets"])
    groups_of = answer.groups_of(DelimiterTag.DOCUMENT)
    assert [(each["pages"].value, each["media-sheets"].value) for each in groups_of] == [(1, 1), (3, 2), (3, 3)]
    desk.ask(Operation.CANCEL_DOCUMENT, job_id=job_id, document_number=2)
    assert desk.job(job_id)["job-media-sheets"] == 4


def test_what_no_integer_holds_is_told_as_the_most(desk: Desk) -> None:
    boast = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Count 1000000>>", b"(" + b"x" * 1_000_000 + b")"]
    job_id: int = desk.ask(Operation.CREATE_JOB, job={"copies": 999}).job["job-id"].value
    for last in (False, False, True):
        desk.ask(Operation.SEND_DOCUMENT, pdf_of(boast), job_id=job_id, last_document=last)
    assert desk.wait(job_id)["job-pages"] == 3_000_000
    answer = desk.ask(Operation.GET_JOBS, job_ids=[job_id], requested_attributes=["all"])
    assert answer.job["job-media-sheets-completed"].value == answer.job["job-impressions-completed"].value == 2**31 - 1


def test_jobs_in_a_list_are_counted_too(desk: Desk) -> None:
    job_id = desk.print(plain(8))
    answer = desk.ask(Operation.GET_JOBS, job_ids=[job_id], requested_attributes=["job-id", "job-impressions"])
    assert answer.job["job-impressions"].value == 8


class Steps:
    """An output that says how far it is, step by step."""

    def __init__(self, *, fails: bool = False) -> None:
        self.steps = threading.Semaphore(0)
        self.fails = fails

    def run(self, task: Task) -> None:
        for count in range(1, 5):
            while not self.steps.acquire(timeout=0.02):
                task.wait(0.0)
            task.progress(count)
        if self.fails:
            raise OutputError("it broke")


def test_impressions_move_as_they_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ippfast.printer.processing._PROGRESS", 0.0)
    output = Steps()
    with printing(tmp_path, output=output) as desk:
        template = {"notify-pull-method": "ippget", "notify-events": ["job-progress", "job-completed"]}
        job_id = desk.print(plain(4), job={"sides": "two-sided-long-edge"}, groups={"subscription": template})
        for count in (1, 2, 3):
            assert desk.job(job_id)["job-impressions-completed"] == count - 1
            output.steps.release()
            wait_for(lambda count=count: desk.job(job_id)["job-impressions-completed"] == count)  # type: ignore[misc]
            assert desk.job(job_id)["job-media-sheets-completed"] == -(-count // 2)
            assert desk.state(job_id) == JobState.PROCESSING
        output.steps.release()
        assert desk.wait(job_id)["job-impressions-completed"] == 4
        (number,) = (each.id for each in desk.printer.store.subscriptions(job_id=job_id))
        told = desk.ask(Operation.GET_NOTIFICATIONS, notify_subscription_ids=[number])
        events = told.groups_of(DelimiterTag.EVENT_NOTIFICATION)
        assert [
            (str(each["notify-subscribed-event"].value), each["job-impressions-completed"].value) for each in events
        ] == [*(("job-progress", count) for count in (1, 2, 3, 4)), ("job-completed", 4)]


@pytest.mark.parametrize("ending", ["fails", "canceled"])
def test_a_job_that_ends_early_keeps_its_count(tmp_path: Path, ending: str) -> None:
    """What was done when it ended, though the store had not got to know all of it before."""
    output = Steps(fails=ending == "fails")
    with printing(tmp_path, output=output) as desk:
        job_id = desk.print(plain(9))
        for _ in range(4 if ending == "fails" else 3):
            output.steps.release()
        if ending == "canceled":
            wait_for(lambda: desk.job(job_id)["job-impressions-completed"] == 1)
            assert desk.ask(Operation.CANCEL_JOB, job_id=job_id).status is Status.SUCCESSFUL_OK
        job = desk.wait(job_id)
        assert job["job-impressions-completed"] in ((4,) if ending == "fails" else (1, 2, 3))
        assert job["job-impressions"] == 9
        # Restarted, it begins anew.
        output.fails = False
        desk.ask(Operation.RESTART_JOB, job_id=job_id)
        assert desk.job(job_id)["job-impressions-completed"] == 0
        for _ in range(8):
            output.steps.release()
        assert desk.wait(job_id)["job-impressions-completed"] == 9


def test_documents_move_the_count(tmp_path: Path) -> None:
    """An output that says nothing is done with a document as it asks for the next."""
    turns = threading.Semaphore(0)

    class Output:
        def run(self, task: Task) -> None:
            for _ in task.documents:
                assert turns.acquire(timeout=SECONDS)

    with printing(tmp_path, output=Output()) as desk:
        job_id: int = desk.ask(Operation.CREATE_JOB, job={"copies": 2}).job["job-id"].value
        for pages, last in ((3, False), (4, True)):
            desk.ask(Operation.SEND_DOCUMENT, plain(pages), job_id=job_id, last_document=last)
        desk.wait(job_id, JobState.PROCESSING)
        assert desk.job(job_id)["job-impressions-completed"] == 0
        turns.release()
        wait_for(lambda: desk.job(job_id)["job-impressions-completed"] == 6)
        turns.release()
        assert desk.wait(job_id)["job-impressions-completed"] == 14


def test_documents_that_are_looked_at_twice_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ippfast.printer.processing._PROGRESS", 0.0)
    told: list[int] = []

    class Output:
        def run(self, task: Task) -> None:
            for _ in range(2):
                told.extend(made.job(task.job.id)["job-impressions-completed"] for _ in task.documents)

    with printing(tmp_path, output=Output()) as made:
        made.wait(_several(made, 5, 1, 1))
    assert told == [0, 5, 6, 6, 6, 6]


def _several(desk: Desk, *pages: int) -> int:
    """A job with a document for each of these numbers of pages."""
    job_id: int = desk.ask(Operation.CREATE_JOB).job["job-id"].value
    for place, each in enumerate(pages, 1):
        desk.ask(Operation.SEND_DOCUMENT, plain(each), job_id=job_id, last_document=place == len(pages))
    return job_id


def test_a_job_is_as_far_as_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forwarded, a job of several documents has done what the other printer has, and none because it was sent."""
    monkeypatch.setattr("ippfast.printer.processing._PROGRESS", 0.0)
    output = Steps()
    with (
        printing(tmp_path / "last", output=output) as last,
        printing(tmp_path / "first", output=Forward(last.uri, pause=0.05)) as first,
    ):
        job_id = _several(first, 2, 2)
        wait_for(lambda: last.printer.store.count((JobState.PROCESSING,)) == 1)
        assert first.job(job_id)["job-impressions-completed"] == 0
        documents = first.ask(Operation.GET_DOCUMENTS, job_id=job_id, requested_attributes=["document-state"])
        states = [each["document-state"].value for each in documents.groups_of(DelimiterTag.DOCUMENT)]
        assert states == [JobState.PROCESSING] * 2
        for count in (1, 2, 3):
            output.steps.release()
            wait_for(lambda count=count: first.job(job_id)["job-impressions-completed"] == count)  # type: ignore[misc]
        output.steps.release()
        assert first.wait(job_id)["job-impressions-completed"] == 4
