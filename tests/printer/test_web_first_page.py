"""The first page of a job as a picture: of what documents, for whom, and at what cost."""

import base64
import http.client
import io
import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_pdfs import HOSTILE
from PIL import Image, ImageDraw
from printers import SECONDS, Desk, Gate

from ippfast import Name
from ippfast.convert.process import Child
from ippfast.enums import JobState
from ippfast.http import BasicAuth, BasicAuthenticator, Client, Refusal, Server
from ippfast.printer import Access, PrinterPages, SpoolPrinter
from ippfast.printer.web import first_page
from ippfast.printer.web.first_page import FirstPages
from ippfast.raster import PWG, URF, Page, Writer

USERS = {"alice": "a", "bob": "b", "root": "r"}


def pdf(color: str = "red") -> bytes:
    """Two pages of A4: on the first the upper half is coloured, the second is black."""
    first, second = Image.new("RGB", (827, 1169), "white"), Image.new("RGB", (827, 1169), "black")
    ImageDraw.Draw(first).rectangle((0, 0, 827, 584), fill=color)
    file = io.BytesIO()
    first.save(file, "PDF", resolution=100, save_all=True, append_images=[second])
    return file.getvalue()


def raster(format_: str, type_: str = "srgb_8", *, size: tuple[int, int] = (2480, 3507), pages: int = 2) -> bytes:
    """Pages whose upper half is ink, or red, and the lower half blank."""
    page = Page(width=size[0], height=size[1], type=type_, resolution=(300, 300))
    ink = {"srgb_8": b"\xff\0\0", "sgray_8": b"\0", "black_1": b"\xff", "black_8": b"\xff", "cmyk_8": b"\0\xff\xff\0"}
    blank = {"srgb_8": b"\xff", "sgray_8": b"\xff"}.get(type_, b"\0")
    file = io.BytesIO()
    with Writer(file, format_, pages=pages) as writer:
        for _ in range(pages):
            writer.begin_page(page)
            for top, rows in page.bands(256):
                line = ink[type_] * page.bytes_per_line
                upper = max(0, min(rows, size[1] // 2 - top))
                writer.write_lines(line[: page.bytes_per_line] * upper + blank * page.bytes_per_line * (rows - upper))
    return file.getvalue()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    gate = Gate()
    formats = {
        "document-format-supported": [
            *("application/pdf", "application/postscript", "image/jpeg", "image/png"),
            *("image/pwg-raster", "image/urf", "text/plain", "application/octet-stream"),
        ]
    }
    access = Access(operators=["root"], private=False)
    with SpoolPrinter(tmp_path, output=gate, access=access, description=formats) as printer:
        judge = BasicAuthenticator(lambda user, word: USERS.get(user) == word, insecure=True)
        with (
            Server(
                printer,
                port=0,
                pages=PrinterPages(printer),
                authenticator=judge,
                anonymous=lambda head, message: message is None,
            ) as server,
            Client(f"ipp://localhost:{server.port}/ipp/print", auth=BasicAuth("alice", "a", insecure=True)) as client,
        ):
            yield Desk(printer, server, client)
        gate.open.set()


def fetch(desk: Desk, job: int, user: str = "alice", tag: str = "") -> tuple[int, bytes, str | None]:
    connection = http.client.HTTPConnection("localhost", desk.server.port, timeout=60)
    headers = {"If-None-Match": tag}
    if user:
        pair = base64.b64encode(f"{user}:{USERS[user]}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    connection.request("GET", f"/jobs/{job}/page.png", headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body, response.getheader("etag")


def picture(desk: Desk, job: int) -> Image.Image:
    status, octets, _ = fetch(desk, job)
    assert status == 200
    found = Image.open(io.BytesIO(octets))
    assert found.format == "PNG"
    assert found.width <= 700
    assert found.height <= 900
    return found.convert("RGB")


def test_a_pdf(desk: Desk) -> None:
    found = picture(desk, desk.print(pdf()))
    assert found.height / found.width == pytest.approx(297 / 210, rel=0.01)
    middle = found.width // 2
    red, white = found.getpixel((middle, 20)), found.getpixel((middle, found.height - 20))
    assert isinstance(red, tuple)
    assert red[0] > 200 > 50 > red[1]
    assert white == (255, 255, 255)


@pytest.mark.parametrize("type_", ["srgb_8", "sgray_8", "black_1", "black_8", "cmyk_8"])
@pytest.mark.parametrize("format_", [PWG, URF])
def test_raster(desk: Desk, format_: str, type_: str) -> None:
    if format_ == URF and type_.startswith("black"):
        return  # which that format does not have
    found = picture(desk, desk.print(raster(format_, type_), document_format=format_))
    middle = found.width // 2
    ink = (255, 0, 0) if type_ in ("srgb_8", "cmyk_8") else (0, 0, 0)
    top = found.getpixel((middle, 10))
    assert isinstance(top, tuple)
    assert top == pytest.approx(ink, abs=3)
    assert found.getpixel((middle, found.height - 10)) == (255, 255, 255)
    assert found.height / found.width == pytest.approx(3507 / 2480, rel=0.01)


def test_text_and_images(desk: Desk) -> None:
    text = picture(desk, desk.print(b"Some words\n" * 300, document_format="text/plain"))  # several pages
    assert text.getextrema()[0][0] < 128  # type: ignore[index]
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "blue").save(file, "PNG")
    image = picture(desk, desk.print(file.getvalue(), document_format="image/png"))
    assert (0, 0, 255) in [color for _, color in image.getcolors(1 << 20) or []]


@pytest.mark.parametrize(("user", "sees"), [("alice", True), ("root", True), ("bob", False), ("", False)])
def test_it_is_for_the_owner_and_operators_even_where_jobs_are_not_private(desk: Desk, user: str, sees: bool) -> None:
    job = desk.print(pdf(), job_name=Name("Report"))
    assert fetch(desk, job, user)[0] == (200 if sees else 404)
    assert fetch(desk, job + 1, user)[0] == 404


def test_what_is_known_is_not_drawn_or_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.print(pdf())
    _, octets, tag = fetch(desk, job)
    assert tag is not None
    monkeypatch.setattr(first_page, "_drawn", lambda printer, document: pytest.fail("drawn again"))
    assert fetch(desk, job)[1] == octets
    assert fetch(desk, job, tag=tag) == (304, b"", tag)
    assert fetch(desk, job, "bob", tag=tag)[0] == 404


@pytest.mark.parametrize(
    ("document", "format_"),
    [
        (b"%PDF-1.4\nnothing", "application/pdf"),
        (b"RaS2" + bytes(5_000), PWG),
        (raster(PWG)[:3_000], PWG),
        (b"UNIRAST\0\0\0\0\1", URF),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"%!PS", "application/postscript"),
        (b"\0\1\2", "application/octet-stream"),
    ],
)
def test_what_cannot_be_drawn_has_none(desk: Desk, document: bytes, format_: str) -> None:
    job = desk.print(document, document_format=format_)
    assert fetch(desk, job)[0] == 404
    assert fetch(desk, job)[0] == 404


def test_a_hostile_document_ends_in_bounds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_page, "_SECONDS", 2.0)
    pids = []
    begin = Child.__init__

    def watched(self: Child, *given: object, **options: object) -> None:
        begin(self, *given, **options)  # type: ignore[arg-type]
        pids.append(self.pid)

    monkeypatch.setattr(Child, "__init__", watched)
    for name in list(HOSTILE)[:4]:
        assert fetch(desk, desk.print(HOSTILE[name]))[0] in (200, 404)
    assert len(pids) == 4
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_huge_page_of_raster_is_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_page, "_MOST_OCTETS", 2480 * 3507)
    assert fetch(desk, desk.print(raster(PWG), document_format=PWG))[0] == 404


SIZES = {(60_000, 2_000): True, (2_000, 60_000): True, (60_000, 9_000): False}


@pytest.mark.parametrize(("size", "drawn"), SIZES.items())
def test_little_of_a_page_of_raster_is_held_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], drawn: bool
) -> None:
    """A document of some kilobytes may have lines of 60,000 pixels, thousands of them."""
    pixels = []
    image = first_page._image

    def watched(page: Page, lines: bytes) -> Image.Image:
        pixels.append(page.width * len(lines) // page.bytes_per_line)
        found: Image.Image = image(page, lines)
        return found

    monkeypatch.setattr(first_page, "_image", watched)
    job = desk.print(raster(PWG, "black_1", size=size, pages=1), document_format=PWG)
    assert fetch(desk, job)[0] == (200 if drawn else 404)
    assert max(pixels, default=0) <= 8 << 20
    if drawn:
        found = picture(desk, job)
        middle = (found.height - 1) // 2
        assert found.getpixel((found.width // 2, middle - 2)) == (0, 0, 0)
        assert found.getpixel((found.width // 2, middle + 3)) == (255, 255, 255)


def test_few_are_drawn_at_a_time_and_the_last_are_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, go_on = threading.Semaphore(0), threading.Event()

    def drawn(printer: object, document: object) -> bytes:
        drawing.release()
        assert go_on.wait(SECONDS)
        return b"picture"

    monkeypatch.setattr(first_page, "_drawn", drawn)
    monkeypatch.setattr(first_page, "_WAIT", 0.01)
    monkeypatch.setattr(first_page, "_KEPT", 2)
    jobs = [desk.printer.store.job(desk.print(pdf())) for _ in range(3)]
    pages = FirstPages()
    threads = [threading.Thread(target=pages.of, args=(desk.printer, job)) for job in jobs[:2]]
    for thread in threads:
        thread.start()
        assert drawing.acquire(timeout=SECONDS)
    assert jobs[2] is not None
    with pytest.raises(Refusal, match="503"):
        pages.of(desk.printer, jobs[2])
    go_on.set()
    for thread in threads:
        thread.join()
    assert pages.of(desk.printer, jobs[2]) == b"picture"
    assert len(pages._known) == 2
    monkeypatch.setattr(first_page, "_KEPT_OCTETS", 10)
    another = desk.printer.store.job(desk.print(pdf()))
    assert another is not None
    assert pages.of(desk.printer, another) == b"picture"
    assert len(pages._known) == 1


def test_of_a_document_that_is_lost_there_is_none(desk: Desk) -> None:
    job = desk.print(pdf() + b"\n" * 100_000)
    for document in desk.printer.store.documents(job):
        desk.printer.documents.remove([document.key])
    assert fetch(desk, job)[0] == 404


def test_of_a_document_that_is_away_for_a_while_there_is_one_again(desk: Desk) -> None:
    job = desk.print(pdf() + b"\n" * 100_000)
    (path,) = desk.files()
    away = path.rename(path.with_suffix(".away"))
    assert fetch(desk, job)[0] == 404
    away.rename(path)
    assert fetch(desk, job)[0] == 200


def test_without_the_extra_there_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.print(pdf())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert fetch(desk, job)[0] == 404


def test_a_job_tells_how_many_pages_it_has_and_how_many_sides_are_done(desk: Desk) -> None:
    job = desk.print(pdf())
    desk.wait(job, JobState.PROCESSING)
    for done, words in ((0, "Pages 2"), (1, "Pages 2 Printed 1 side"), (3, "Pages 2 Printed 3 sides")):
        desk.printer.store.change(job, (JobState.PROCESSING,), impressions=done)
        with urllib.request.urlopen(f"http://localhost:{desk.server.port}/jobs/{job}") as answer:
            page = " ".join(re.sub("<[^>]*>", " ", answer.read().decode()).split())
        assert words in page
        assert ("Printed" in page) == bool(done)
