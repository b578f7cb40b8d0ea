"""Documents printed on printers that take raster alone, from both clients, and what arrives there.

The rule of this file: real printers over real sockets, CUPS' and ours; what they spooled is compared, page by page,
with what another renderer draws.
"""

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drawn import A4, NEAR, difference, document, drawn, poppler, upright
from hostile_pdfs import HOSTILE
from peers import EvePrinter, SystemBus
from PIL import Image
from printers import Desk, Gate, printing

from ippfast import Message, response
from ippfast.convert import Converted, Limits, PlanError, RenderError
from ippfast.enums import JobState, Operation, Status
from ippfast.http import AsyncClient, Client, IncomingRequest, OperationError, Server
from ippfast.http._client import remembered
from ippfast.raster import PWG, SHEET_BACKS, URF, Page, back_transform
from ippfast.wrappers import MimeMediaType

FORMATS = {URF, PWG}
SMALL = {
    "document-format-supported": ["application/octet-stream", *sorted(FORMATS)],
    "document-format-varying-attributes": ["copies"],
    "media-default": "iso_a4_210x297mm",
    "media-ready": ["iso_a4_210x297mm"],
    "printer-resolution-default": "100dpi",
    "printer-resolution-supported": ["100dpi"],
    "pwg-raster-document-resolution-supported": ["100dpi"],
    "pwg-raster-document-type-supported": ["sgray_8", "srgb_8"],
    "urf-supported": ["V1.4", "CP1", "W8", "SRGB24", "RS100", "DM1"],
}
"""A printer that takes raster alone, of few pixels."""


@pytest.fixture
def gate() -> Gate:
    made = Gate()
    made.open.set()
    return made


def a_printer(directory: Path, gate: Gate, **changes: Any) -> Any:
    description = {**SMALL, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return printing(directory / "state", description=[description], output=gate)


def only(format_: str) -> dict[str, Any]:
    return {"document_format_supported": ["application/octet-stream", format_]}


def arrived(desk: Desk, gate: Gate, job_id: int) -> list[tuple[Page, Image.Image]]:
    assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    (octets,) = gate.documents.pop()
    return drawn(octets)


def compare(path: Path, sent: list[tuple[Page, Image.Image]], expected: int) -> None:
    """That so many pages came, and are those of the document."""
    assert len(sent) == expected
    reference = poppler(path, *sent[0][1].size, gray=sent[0][1].mode == "L")
    for (_, image), page in zip(sent, reference, strict=True):
        assert difference(image, page) < NEAR
    assert difference(sent[0][1], reference[1]) > NEAR


@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_twelve_pages_on_our_printer(tmp_path: Path, gate: Gate, format_: str) -> None:
    path = document(tmp_path / "report.pdf", pages=12)
    seen: list[tuple[int, int]] = []
    with a_printer(tmp_path, gate, **only(format_)) as desk:
        job = desk.client.print(Converted(path, progress=lambda *page: seen.append(page)))
        assert desk.job(job.id)["job-name"] == "report.pdf"
        desk.wait(job.id)
        assert gate.documents[0][0].startswith(b"RaS2" if format_ == PWG else b"UNIRAST")
        compare(path, arrived(desk, gate, job.id), 12)
    assert seen == [(number, 12) for number in range(1, 13)]


@pytest.fixture
def eve(request: pytest.FixtureRequest, system_bus: SystemBus) -> Iterator[EvePrinter]:
    with EvePrinter(system_bus, options=["-f", request.param]) as printer:
        yield printer


@pytest.mark.parametrize("eve", sorted(FORMATS), indirect=True)
def test_twelve_pages_on_the_printer_of_cups(tmp_path: Path, eve: EvePrinter) -> None:
    path = document(tmp_path / "report.pdf", pages=12, width=612, height=792)
    with Client(eve.uri) as client, Converted(path) as converted:
        client.print(converted).wait(60)
    (spooled,) = [each for each in eve.spool.rglob("*") if each.suffix in (".urf", ".pwg", ".ras")]
    sent = drawn(spooled.read_bytes())
    assert sent[0][0].type == "sgray_8"
    compare(path, sent, 12)


EVE = """ATTR mimeMediaType document-format-supported application/octet-stream,{format}
ATTR keyword document-format-varying-attributes copies
ATTR keyword media-default iso_a4_210x297mm
ATTR keyword media-ready iso_a4_210x297mm
ATTR keyword media-supported iso_a4_210x297mm
ATTR boolean color-supported {color}
ATTR keyword pwg-raster-document-sheet-back {back}
ATTR keyword pwg-raster-document-type-supported sgray_8{pwg}
ATTR resolution pwg-raster-document-resolution-supported {dpi}dpi
ATTR resolution printer-resolution-default {dpi}dpi
ATTR resolution printer-resolution-supported {dpi}dpi
ATTR keyword sides-default one-sided
ATTR keyword sides-supported one-sided,two-sided-long-edge,two-sided-short-edge
ATTR keyword urf-supported V1.4,CP1,W8,RS{dpi},DM{number}{urf}
"""
"""What CUPS' printer is told to say of itself."""


@pytest.mark.parametrize(
    ("color", "dpi", "back"),
    [(False, 100, "normal"), (True, 600, "normal"), *((True, 100, back) for back in SHEET_BACKS)],
)
@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_twelve_pages_on_a_printer_of_cups_that_takes_little(
    tmp_path: Path, system_bus: SystemBus, format_: str, color: bool, dpi: int, back: str
) -> None:
    """No colour, one resolution, or back sides that are turned in one way alone."""
    path = document(tmp_path / "report.pdf", pages=12)
    words = {"pwg": ",srgb_8", "urf": ",SRGB24"} if color else {"pwg": "", "urf": ""}
    number = SHEET_BACKS.index(back) + 1
    said = EVE.format(format=format_, color=str(color).lower(), back=back, dpi=dpi, number=number, **words)
    (attributes := tmp_path / "eve.conf").write_text(said)
    with EvePrinter(system_bus, attributes=attributes) as eve:
        with Client(eve.uri) as client, Converted(path) as converted:
            client.print(converted, sides="two-sided-long-edge").wait(60)
        (spooled,) = [each for each in eve.spool.rglob("*") if each.suffix in (".urf", ".pwg", ".ras")]
        sent = drawn(spooled.read_bytes())
    assert {page.type for page, _ in sent} == {"srgb_8" if color else "sgray_8"}
    assert {page.resolution for page, _ in sent} == {(dpi, dpi)}
    assert {page.sides for page, _ in sent} == {"two-sided-long-edge"}
    turned = back_transform(back, "two-sided-long-edge")
    compare(path, [(page, upright(image, turned if at % 2 else (1, 1))) for at, (page, image) in enumerate(sent)], 12)


def test_from_asyncio(tmp_path: Path, gate: Gate) -> None:
    path = document(tmp_path / "two.pdf")

    async def print_it(uri: str) -> int | None:
        async with AsyncClient(uri) as client:
            return (await client.print(Converted(path))).id

    with a_printer(tmp_path, gate) as desk:
        job_id = asyncio.run(print_it(desk.uri))
        assert job_id is not None
        compare(path, arrived(desk, gate, job_id), 2)


def test_a_printer_without_colour(tmp_path: Path, gate: Gate) -> None:
    path = document(tmp_path / "report.pdf", pages=12)
    changes = {
        "color_supported": False,
        "print_color_mode_supported": ["monochrome"],
        "print_color_mode_default": "monochrome",
    }
    with a_printer(tmp_path, gate, **changes) as desk:
        sent = arrived(desk, gate, desk.client.print(Converted(path)).id)
    assert sent[0][0].type == "sgray_8"
    compare(path, sent, 12)


def test_a_printer_with_one_resolution(tmp_path: Path, gate: Gate) -> None:
    path = document(tmp_path / "report.pdf", pages=12)
    changes = {
        "urf_supported": ["W8", "RS600"],
        "printer_resolution_supported": ["600dpi"],
        "printer_resolution_default": "600dpi",
    }
    with a_printer(tmp_path, gate, **changes) as desk:
        sent = arrived(desk, gate, desk.client.print(Converted(path, dpi=100)).id)
    assert sent[0][0].resolution == (600, 600)
    assert (sent[0][0].width, sent[0][0].height) == A4.pixels(600)
    compare(path, sent, 12)


@pytest.mark.parametrize("back", SHEET_BACKS)
@pytest.mark.parametrize("format_", sorted(FORMATS))
@pytest.mark.parametrize(("pages", "copies"), [(3, 2), (12, 1)])
def test_both_sides(tmp_path: Path, gate: Gate, format_: str, back: str, pages: int, copies: int) -> None:
    path = document(tmp_path / "report.pdf", pages=pages)
    number = SHEET_BACKS.index(back) + 1
    changes = {
        "urf_supported": ["V1.4", "CP1", "W8", "SRGB24", "RS100", f"DM{number}"],
        "pwg_raster_document_sheet_back": back,
        **only(format_),
    }
    with a_printer(tmp_path, gate, **changes) as desk:
        job = desk.client.print(Converted(path), sides="two-sided-long-edge", copies=copies)
        assert desk.job(job.id)["sides"] == "two-sided-long-edge"
        assert desk.job(job.id).get("copies", 1) == 1
        sent = arrived(desk, gate, job.id)
    reference = poppler(path, *A4.pixels(100))
    blank = [Image.new("RGB", reference[0].size, "white")] * (pages % 2)
    expected = [*reference, *blank, *reference] if copies == 2 else reference
    assert len(sent) == len(expected)
    for place, ((page, image), other) in enumerate(zip(sent, expected, strict=True)):
        assert page.sides == "two-sided-long-edge"
        transform = back_transform(back, page.sides) if place % 2 else (1, 1)
        assert difference(upright(image, transform), other) < NEAR


def test_what_the_printer_takes_arrives_as_it_is(tmp_path: Path, gate: Gate) -> None:
    path = document(tmp_path / "two.pdf")
    with a_printer(tmp_path, gate, **only("application/pdf")) as desk:
        job = desk.client.print(Converted(path), copies=2)
        assert desk.wait(job.id)["job-state"] == JobState.COMPLETED
    assert gate.documents == [[path.read_bytes()]]


@pytest.mark.parametrize("kind", ["octets", "file"])
def test_what_is_no_path(tmp_path: Path, gate: Gate, kind: str) -> None:
    path = document(tmp_path / "two.pdf")
    octets = path.read_bytes()
    with a_printer(tmp_path, gate) as desk, Converted(octets if kind == "octets" else io.BytesIO(octets)) as converted:
        compare(path, arrived(desk, gate, desk.client.print(converted).id), 2)


def test_several_in_one_job(tmp_path: Path, gate: Gate) -> None:
    first, second = document(tmp_path / "one.pdf", pages=2), tmp_path / "two.txt"
    second.write_text("hello\n")
    with a_printer(tmp_path, gate) as desk:
        job = desk.client.print(Converted(first), Converted(second), print_color_mode="color")
        assert desk.wait(job.id)["job-state"] == JobState.COMPLETED
    ((pdf, text),) = gate.documents
    compare(first, drawn(pdf), 2)
    assert len(drawn(text)) == 1


def test_several_that_need_different_jobs(tmp_path: Path, gate: Gate) -> None:
    pdf = document(tmp_path / "one.pdf", pages=1)
    raster = tmp_path / "one.urf"
    raster.write_bytes(b"UNIRAST\0")
    with a_printer(tmp_path, gate) as desk, pytest.raises(ValueError, match="print each as a job of its own"):
        desk.client.print(Converted(pdf), Converted(raster), copies=2)
    assert gate.documents == []


def test_what_fails_on_the_way_is_canceled(tmp_path: Path, gate: Gate) -> None:
    """The third page takes too much: the first two have been sent by then, and are not printed."""
    path = document(tmp_path / "twelve.pdf", pages=12)
    with a_printer(tmp_path, gate) as desk:
        with pytest.raises(RenderError, match="its pages are more than"):
            desk.client.print(Converted(path, limits=Limits(output=1_000_000)))
        (job,) = desk.client.jobs("completed")
        assert desk.wait(job.id)["job-state"] in (JobState.CANCELED, JobState.ABORTED)
    assert gate.documents == []


@pytest.mark.parametrize("name", ["nothing", "cut off", "too many pages"])
def test_what_cannot_be_read_makes_no_job(tmp_path: Path, gate: Gate, name: str) -> None:
    path = tmp_path / "hostile.pdf"
    path.write_bytes(HOSTILE[name])
    with a_printer(tmp_path, gate) as desk:
        with pytest.raises((RenderError, PlanError)):
            desk.client.print(Converted(path, format="application/pdf"))
        assert all(job.state in (JobState.CANCELED, JobState.ABORTED) for job in desk.client.jobs("all"))
    assert gate.documents == []


def test_no_way_is_said_before_anything_is_sent(tmp_path: Path, gate: Gate) -> None:
    path = document(tmp_path / "one.pdf", pages=1)
    with a_printer(tmp_path, gate, **only("application/postscript")) as desk:
        with pytest.raises(PlanError, match="it takes application/octet-stream, application/postscript"):
            desk.client.print(Converted(path))
        assert desk.client.jobs("all") == []


def test_overrides(tmp_path: Path, gate: Gate) -> None:
    path = document(tmp_path / "one.pdf", pages=1)
    with a_printer(tmp_path, gate) as desk:
        converted = Converted(path, to=PWG, gray=True)
        prepared = converted.prepare(desk.client.attributes(), {})
        try:
            assert prepared.format == PWG
            assert prepared.plan.summary == "image/pwg-raster, 100 dpi, sgray_8, iso_a4_210x297mm, one-sided"
        finally:
            prepared.close()
        plain = Converted(path, convert=False).prepare(desk.client.attributes(), {})
        assert plain.document == path


def test_a_printer_that_makes_no_jobs_without_documents_is_asked_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it takes the job, and who asks, is settled before pages are drawn."""
    asked: list[Operation | int] = []
    answers = {
        "document-format-supported": MimeMediaType(URF),
        "operations-supported": [int(Operation.PRINT_JOB), int(Operation.VALIDATE_JOB)],
        "urf-supported": ["RS100", "W8"],
    }

    def handler(incoming: IncomingRequest) -> Message:
        message = incoming.message
        asked.append(message.operation)
        incoming.document.read()
        if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
            return response(message, printer=answers)
        if message.operation is Operation.VALIDATE_JOB and refuse:
            return response(message, Status.CLIENT_ERROR_NOT_AUTHORIZED)
        return response(message, job={"job-id": 1, "job-state": 9, "job-state-reasons": "none"})

    path = document(tmp_path / "one.pdf", pages=1)
    refuse = True
    with Server(handler, port=0) as server, Client(f"ipp://localhost:{server.port}/") as client:
        with pytest.raises(OperationError, match="not-authorized"):
            client.print(Converted(path))
        assert asked == [Operation.GET_PRINTER_ATTRIBUTES, Operation.VALIDATE_JOB]
        refuse = False
        client.print(Converted(path))
        assert asked[2:] == [Operation.GET_PRINTER_ATTRIBUTES, Operation.VALIDATE_JOB, Operation.PRINT_JOB]

        del asked[:]
        client.print(Converted(path), job_name="another")
        assert asked == [Operation.PRINT_JOB], "the rest is remembered"

        client.print(Converted(path), job_priority=2)
        assert asked[1:] == [Operation.VALIDATE_JOB, Operation.PRINT_JOB], "another job"

        del asked[:]
        monkeypatch.setattr(remembered, "SECONDS", 0.0)
        client.print(Converted(path), job_priority=2)
        assert asked == [Operation.GET_PRINTER_ATTRIBUTES, Operation.VALIDATE_JOB, Operation.PRINT_JOB], "too long ago"
