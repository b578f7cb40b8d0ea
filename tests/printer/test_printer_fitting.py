"""Jobs that go on to a printer which takes raster alone.

The rule of this file: real printers at the other end, CUPS' and ours; how pages look is judged in tests/convert.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostile_pdfs import pdf_of
from peers import EvePrinter, SystemBus
from PIL import Image
from printers import Desk, Gate, printing

from ippfast.enums import JobState
from ippfast.printer import Forward
from ippfast.raster import PWG, URF, Reader

PDF = pdf_of(
    [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R 3 0 R 3 0 R]/Count 3>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    ]
)
ENDLESS = b"\f" * 20_000


@contextmanager
def chain(directory: Path, gate: Gate, **target: Any) -> Iterator[tuple[Desk, Desk]]:
    """A printer that forwards, and the one it forwards to."""
    description = {
        "document-format-supported": ["application/octet-stream", URF, PWG],
        "pwg-raster-document-resolution-supported": ["100dpi"],
        "urf-supported": ["V1.4", "CP1", "W8", "RS100", "DM1"],
        **{name.replace("_", "-"): value for name, value in target.items()},
    }
    with (
        printing(directory / "target", description=[description], output=gate) as behind,
        printing(directory / "front", output=Forward(behind.uri, pause=0.02)) as front,
    ):
        yield front, behind


@pytest.fixture
def gate() -> Gate:
    made = Gate()
    made.open.set()
    return made


def count(octets: bytes) -> int:
    return len(list(Reader(io.BytesIO(octets))))


@pytest.mark.parametrize("format_", [URF, PWG])
def test_pages_arrive(tmp_path: Path, gate: Gate, format_: str) -> None:
    with chain(tmp_path, gate, document_format_supported=["application/octet-stream", format_]) as (front, _):
        job_id = front.print(PDF)
        assert front.wait(job_id)["job-state"] == JobState.COMPLETED
    ((octets,),) = gate.documents
    assert count(octets) == 3
    assert octets.startswith(b"UNIRAST" if format_ == URF else b"RaS2")


def image(format_: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 80), "red").save(file, format_)
    return file.getvalue()


def test_what_is_announced_is_drawn(tmp_path: Path, gate: Gate) -> None:
    """PDF, images and text, for a printer that takes Apple raster alone."""
    documents = {
        "application/pdf": PDF,
        "image/jpeg": image("JPEG"),
        "image/png": image("PNG"),
        "text/plain": b"hello\n",
    }
    with chain(tmp_path, gate, document_format_supported=["application/octet-stream", URF]) as (front, _):
        announced = front.client.attributes("document-format-supported")["document-format-supported"].values
        assert documents.keys() <= set(map(str, announced))
        for format_, document in documents.items():
            job = front.wait(front.print(document, document_format=format_))
            assert job["job-state"] == JobState.COMPLETED
    assert [count(octets) for job in gate.documents for octets in job] == [3, 1, 1, 1]


def test_no_copy_is_made_twice(tmp_path: Path, gate: Gate) -> None:
    with chain(tmp_path, gate) as (front, behind):
        job_id = front.print(PDF, job={"copies": 2, "sides": "two-sided-long-edge", "page-ranges": [(1, 1)]})
        assert front.wait(job_id)["job-state"] == JobState.COMPLETED
        (job,) = behind.client.jobs("completed", names=["all"])
        assert "copies" not in job.attributes
        assert "page-ranges" not in job.attributes
        assert job.attributes.value("sides") == "two-sided-long-edge"
    ((octets,),) = gate.documents
    assert count(octets) == 3  # page 1, a blank back side, page 1


def test_copies_that_the_printer_makes(tmp_path: Path, gate: Gate) -> None:
    target = {"urf_supported": ["CP99", "W8", "RS100"], "document_format_varying_attributes": ["sides"]}
    with chain(tmp_path, gate, **target) as (front, behind):
        assert front.wait(front.print(PDF, job={"copies": 2}))["job-state"] == JobState.COMPLETED
        (job,) = behind.client.jobs("completed", names=["all"])
        assert job.attributes.value("copies") == 2
    ((octets,),) = gate.documents
    assert count(octets) == 3


@pytest.mark.parametrize("formats", [["application/pdf"], ["application/postscript"]])
def test_what_it_takes_or_nobody_draws_goes_as_it_is(tmp_path: Path, gate: Gate, formats: list[str]) -> None:
    document = PDF if formats == ["application/pdf"] else b"%!PS-Adobe-3.0\nshowpage\n"
    with chain(tmp_path, gate, document_format_supported=["application/octet-stream", *formats]) as (front, _):
        assert front.wait(front.print(document))["job-state"] == JobState.COMPLETED
    assert gate.documents == [[document]]


@pytest.mark.parametrize("document", [b"%PDF-1.7\nnothing", ENDLESS], ids=["damaged", "endless"])
def test_what_cannot_be_drawn_ends_the_job_in_words(tmp_path: Path, gate: Gate, document: bytes) -> None:
    """The first is seen at once, the other when the job is there already, and is canceled then."""
    with chain(tmp_path, gate) as (front, behind):
        job = front.wait(front.print(document))
        assert job["job-state"] == JobState.ABORTED
        assert "cannot be read" in job["job-state-message"] or "too many" in job["job-state-message"]
        for other in behind.client.jobs("all"):
            assert other.state in (JobState.CANCELED, JobState.ABORTED)
    assert gate.documents == []


@pytest.mark.parametrize("format_", [URF, PWG])
def test_the_printer_of_cups(tmp_path: Path, system_bus: SystemBus, format_: str) -> None:
    with EvePrinter(system_bus, options=["-f", format_]) as eve:
        with printing(tmp_path, output=Forward(eve.uri, pause=0.02)) as front:
            assert front.wait(front.print(PDF))["job-state"] == JobState.COMPLETED
        (spooled,) = [each for each in eve.spool.rglob("*") if each.suffix in (".urf", ".pwg", ".ras")]
        assert count(spooled.read_bytes()) == 3
