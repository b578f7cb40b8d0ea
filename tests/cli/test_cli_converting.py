"""``ippfast print`` on printers that take raster alone, ``convert`` and ``preview``.

The rule of this file: the printers are real, CUPS' and ours; what the pages look like is judged in tests/convert.
"""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from command_line import run
from peers import EvePrinter, SystemBus
from PIL import Image
from printers import Desk, Gate, printing
from pypdfium2 import PdfDocument

import ippfast
from ippfast.cli.session import Session
from ippfast.convert import starting
from ippfast.convert.process import Child
from ippfast.enums import JobState
from ippfast.operations import get_printer_attributes
from ippfast.raster import PWG, URF, Reader

TEXT = b"hello\n\fworld\n"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPPFAST_USER", "IPPFAST_PASSWORD", "IPPFAST_TOKEN", "IPPFAST_CA", "IPPFAST_PIN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def gate() -> Gate:
    made = Gate()
    made.open.set()
    return made


def a_printer(directory: Path, gate: Gate, **changes: Any) -> Any:
    description = {
        "document-format-supported": ["application/octet-stream", URF, PWG],
        "media-ready": ["iso_a4_210x297mm"],
        "page-ranges-supported": False,
        "printer-resolution-default": "100dpi",
        "pwg-raster-document-resolution-supported": ["100dpi"],
        "urf-supported": ["V1.4", "CP1", "W8", "SRGB24", "RS100", "DM3"],
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return printing(directory / "state", description=[description], output=gate)


@pytest.fixture
def desk(tmp_path: Path, gate: Gate) -> Iterator[Desk]:
    with a_printer(tmp_path, gate) as made:
        yield made


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "notes.md"
    path.write_bytes(TEXT)
    return path


def pages(octets: bytes) -> list[Any]:
    return list(Reader(io.BytesIO(octets)))


def done(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


# ---- print ----


def test_print_says_what_it_makes(desk: Desk, gate: Gate, text: Path) -> None:
    result = done(run("print", desk.uri, str(text), "--wait", "-o", "copies=2", "-o", "sides=two-sided-long-edge"))
    assert result.stderr == (
        "notes.md: image/urf, 100 dpi, srgb_8, iso_a4_210x297mm, two-sided-long-edge, back rotated, 2 copies drawn\n"
    )
    assert "job 1: completed" in result.stdout
    ((octets,),) = gate.documents
    assert len(pages(octets)) == 4
    assert desk.job(1)["job-name"] == "notes.md"
    assert desk.job(1)["sides"] == "two-sided-long-edge"
    assert "copies" not in desk.job(1)


def test_options_that_overrule(desk: Desk, gate: Gate, text: Path) -> None:
    options = ["--to", PWG, "--gray", "--dpi", "200", "--back", "flipped", "-o", "sides=two-sided-long-edge"]
    result = done(run("print", desk.uri, str(text), "--wait", *options))
    assert "image/pwg-raster, 100 dpi, sgray_8, iso_a4_210x297mm, two-sided-long-edge, back flipped" in result.stderr
    ((octets,),) = gate.documents
    assert [page.transform for page in pages(octets)] == [(1, 1), (1, -1)]


def test_what_the_printer_cannot_do_is_done_here(desk: Desk, gate: Gate, text: Path) -> None:
    done(run("print", desk.uri, str(text), "--wait", "-o", "page-ranges=2"))
    ((octets,),) = gate.documents
    assert len(pages(octets)) == 1


def test_standard_input(desk: Desk, gate: Gate) -> None:
    result = done(run("print", desk.uri, "-", "--wait", octets=TEXT))
    assert result.stderr.startswith("standard input: image/urf, ")
    ((octets,),) = gate.documents
    assert len(pages(octets)) == 2


def test_several_files(desk: Desk, gate: Gate, text: Path, tmp_path: Path) -> None:
    image = tmp_path / "photo.png"
    Image.new("RGB", (100, 100), "red").save(image)
    done(run("print", desk.uri, str(text), str(image), "--wait"))
    assert [len(pages(octets)) for job in gate.documents for octets in job] == [2, 1]


def test_no_convert(desk: Desk, gate: Gate, text: Path) -> None:
    result = run("print", desk.uri, str(text), "--no-convert", "--format", "text/plain")
    assert result.exit_code == 2
    assert (
        "does not support document-format=text/plain; it supports application/octet-stream, image/urf" in result.stderr
    )
    done(
        run(
            "print", desk.uri, str(text), "--no-convert", "--no-check", "--format", "application/octet-stream", "--wait"
        )
    )
    assert gate.documents == [[TEXT]]


def test_what_the_printer_takes_goes_as_it_is(tmp_path: Path, gate: Gate, text: Path) -> None:
    with a_printer(tmp_path, gate, document_format_supported=["text/plain", URF]) as desk:
        result = done(run("print", desk.uri, str(text), "--format", "text/plain", "--wait"))
    assert result.stderr == ""
    assert gate.documents == [[TEXT]]


def test_a_pdf_is_opened_before_the_printer_is_asked(
    tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And closed again if the printer takes it."""
    path, events, children = tmp_path / "one.pdf", [], []
    made = PdfDocument.new()
    made.new_page(595, 842)
    made.save(path)
    begin, ask = Child.__init__, Session.ask

    def noted_child(self: Child, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        events.append("opened")
        children.append(self)

    def noted_question(self: Session, *arguments: Any, **options: Any) -> Any:
        events.append("asked")
        return ask(self, *arguments, **options)

    monkeypatch.setattr(Child, "__init__", noted_child)
    monkeypatch.setattr(Session, "ask", noted_question)
    for formats in ([URF], ["application/pdf"]):
        with a_printer(tmp_path, gate, document_format_supported=["application/octet-stream", *formats]) as desk:
            done(run("print", desk.uri, str(path), "--wait"))
        assert (events[:2], len(children)) == (["opened", "asked"], 1)
        assert not Path(f"/proc/{children[0].pid}").exists()
        events.clear()
        children.clear()
    assert [octets[:8] for ((octets),) in gate.documents] == [b"UNIRAST\0", b"%PDF-1.7"]


def test_a_document_that_is_damaged(desk: Desk, gate: Gate, tmp_path: Path) -> None:
    path = tmp_path / "damaged.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing")
    result = run("print", desk.uri, str(path))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: damaged.pdf: the PDF cannot be read")
    assert desk.client.jobs("all") == []


def test_a_document_that_breaks_on_the_way(desk: Desk, gate: Gate, tmp_path: Path) -> None:
    """It is found out when the job is there already: that is canceled."""
    path = tmp_path / "endless.txt"
    path.write_text("\f" * 20_000)
    result = run("print", desk.uri, str(path))
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "Error: endless.txt: more than 10,000 pages of text are too many"
    (job,) = desk.client.jobs("all")
    assert desk.wait(job.id or 0)["job-state"] in (JobState.CANCELED, JobState.ABORTED)
    assert gate.documents == []


def test_without_the_libraries(desk: Desk, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_LIBRARIES", ("no_such_library",))
    result = run("print", desk.uri, str(text))
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: notes.md: to make text/plain into image/urf takes the extra 'convert': pip install 'ippfast[convert]'; "
        "without it the printer takes application/octet-stream, image/urf, image/pwg-raster\n"
    )


@pytest.mark.parametrize("format_", [URF, PWG])
def test_on_the_printer_of_cups(system_bus: SystemBus, text: Path, format_: str) -> None:
    with EvePrinter(system_bus, options=["-f", format_]) as eve:
        done(run("print", eve.uri, str(text), "--wait"))
        (spooled,) = [each for each in eve.spool.rglob("*") if each.suffix in (".urf", ".pwg", ".ras")]
        assert len(pages(spooled.read_bytes())) == 2


# ---- convert and preview ----


def test_convert_like_an_answer_that_was_kept(desk: Desk, text: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.ipp"
    answer.write_bytes(ippfast.encode(desk.client.send(get_printer_attributes(desk.uri))))
    offline, asked = tmp_path / "offline.urf", tmp_path / "asked.urf"
    said = done(run("convert", str(text), "-o", str(offline), "--like", str(answer), "-O", "sides=two-sided-long-edge"))
    done(run("convert", str(text), "-o", str(asked), "--printer", desk.uri, "-O", "sides=two-sided-long-edge"))
    assert said.stderr.startswith(
        "text/plain -> image/urf, 100 dpi, srgb_8, iso_a4_210x297mm, two-sided-long-edge, back rotated\n"
        "  image/urf was asked for\n"
    )
    assert offline.read_bytes() == asked.read_bytes()
    assert [page.sides for page in pages(offline.read_bytes())] == ["two-sided-long-edge"] * 2


def test_convert_for_any_printer(text: Path, tmp_path: Path) -> None:
    output = tmp_path / "text.pwg"
    done(run("convert", str(text), "-o", str(output), "--dpi", "100", "--gray"))
    (page, _) = pages(output.read_bytes())
    assert output.read_bytes().startswith(b"RaS2")
    assert page.type == "sgray_8"


def test_convert_leaves_no_part(tmp_path: Path) -> None:
    path = tmp_path / "endless.txt"
    path.write_text("\f" * 20_000)
    result = run("convert", str(path), "-o", str(tmp_path / "out.urf"))
    assert result.exit_code == 1
    assert [each.name for each in tmp_path.iterdir()] == ["endless.txt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--printer", "ipp://localhost/", "--like", __file__], "give one of them"),
        (["--like", __file__], "test_cli_converting.py: "),
        (["-O", "copies=many"], "-O copies=many: "),
        (["--format", "application/postscript"], "application/postscript cannot be drawn here"),
    ],
)
def test_convert_refuses(text: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    result = run("convert", str(text), "-o", str(tmp_path / "out.urf"), *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "out.urf").exists()


def test_preview(text: Path, tmp_path: Path) -> None:
    raster = tmp_path / "text.pwg"
    done(run("convert", str(text), "-o", str(raster), "--dpi", "100"))
    for number, file in enumerate((raster, text)):
        done(run("preview", str(file), "-o", str(tmp_path / f"{number}-%d.png"), "--dpi", "300"))
    for name, size in (("0-2.png", (826, 1169)), ("1-2.png", (2480, 3507))):
        with Image.open(tmp_path / name) as image:
            assert image.size == size
            assert image.convert("L").getextrema() == (0, 255)


@pytest.mark.parametrize("name", ["page.png", "page-%s.png", "%d-%d.png"])
def test_preview_wants_a_number(text: Path, name: str) -> None:
    result = run("preview", str(text), "-o", name)
    assert result.exit_code == 2
    assert "%d" in result.stderr


def test_preview_of_what_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "damaged.urf"
    path.write_bytes(b"UNIRAST\0\0\0\0\1" + bytes(10))
    result = run("preview", str(path), "-o", str(tmp_path / "page-%d.png"))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")


def test_the_commands_start_without_the_libraries() -> None:
    program = (
        "import sys; sys.modules['pypdfium2'] = sys.modules['PIL'] = None;"
        "from ippfast.cli import main; sys.argv = ['ippfast', 'print', '--help']; main()"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
