"""A whole PDF: how fast its pages come, how soon the first octets are at a printer, and what memory that takes.

Rule: the clock counts here, from the start of the command to its end, for that is what somebody waits for. Everybody
draws the same file, with 300 dots per inch in colour, and writes to nowhere. Ghostscript draws letters of black and
white alone, which is less work, unless it is told to smooth them, as ippfast and pdftoppm do; both are raced both ways.
"""

import ctypes
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ippfast import Message, response
from ippfast.convert import Original, Pages, plan
from ippfast.convert.text import FONT
from ippfast.enums import Operation
from ippfast.http import IncomingRequest, Server
from ippfast.raster import URF
from ippfast.wrappers import MimeMediaType

from ..contenders import ROOT
from ..stream.results import MEBIBYTE, Figure, Race, Results
from .pages import WORDS, photo

__all__ = ["ALIKE", "BARE", "GHOSTSCRIPT", "PDFTOPPM", "SHARP", "SMOOTHED", "TEXT", "WHOLE", "figures", "race"]

WHOLE, GHOSTSCRIPT, PDFTOPPM = "ippfast", "Ghostscript", "pdftoppm"
SHARP, SMOOTHED = "ippfast, not smoothed", "Ghostscript, smoothed"
BARE = "pdfium alone, two processes"
FEW = 10  # pages, of which Ghostscript draws no more if it smooths, since that takes long
TITLE = "PDF to raster: {}, colour"
KINDS = ("text", "text and photo")
TEXT = TITLE.format(KINDS[0])

GOALS = {GHOSTSCRIPT: 2.5, PDFTOPPM: 1.6}
ALIKE = ((SHARP, GHOSTSCRIPT), (WHOLE, SMOOTHED), (BARE, GHOSTSCRIPT))
"""Who is compared besides, with nothing to reach: those who draw the same, and what pdfium alone would reach."""

FIRST_SECONDS = 0.5
PARENT_MORE, CHILD = 16 * MEBIBYTE, 120 * MEBIBYTE

PRINTER = {
    "document-format-supported": MimeMediaType(URF),
    "color-supported": True,
    "media-default": "iso_a4_210x297mm",
    "operations-supported": [int(Operation.PRINT_JOB)],
    "urf-supported": ["CP1", "RS300-600", "SRGB24", "W8"],
}


def make(file: Path, pages: int, kind: str = KINDS[-1]) -> None:
    """A PDF with text on each page, the font in it, and below it a JPEG or more text."""
    jpeg = io.BytesIO()
    photo().save(jpeg, "JPEG", quality=88)
    made = pdfium.PdfDocument.new()
    octets = FONT.read_bytes()
    buffer = (ctypes.c_uint8 * len(octets)).from_buffer_copy(octets)
    font = raw.FPDFText_LoadFont(made, buffer, len(octets), raw.FPDF_FONT_TRUETYPE, 1)
    for number in range(pages):
        page = made.new_page(595.276, 841.89)
        photos = kind != "text"
        for line in range(30 if photos else 54):
            words = [WORDS[(number * 3 + line * 7 + place * (line % 4 + 1)) % len(WORDS)] for place in range(13)]
            text = ctypes.create_string_buffer(f"{number + 1} {' '.join(words)}"[:78].encode("utf-16-le") + b"\0\0")
            item = raw.FPDFPageObj_CreateTextObj(made, font, 10)
            raw.FPDFText_SetText(item, ctypes.cast(text, raw.FPDF_WIDESTRING))
            raw.FPDFPageObj_Transform(item, 1, 0, 0, 1, 60, 780 - 13 * line)
            raw.FPDFPage_InsertObject(page, item)
        if photos:
            image = pdfium.PdfImage.new(made)
            image.load_jpeg(io.BytesIO(jpeg.getvalue()), pages=[page], inline=True)
            image.set_matrix(pdfium.PdfMatrix().scale(470, 300).translate(60, 60))
            page.insert_obj(image)
        page.gen_content()
    made.save(file)


def attributes() -> Any:
    """What a printer says that takes Apple raster alone."""
    return response(None, printer=PRINTER).groups[1]


def _ours(file: Path, smooth: bool = True) -> int:
    drawing = plan(Original("application/pdf", 21000, 29700), attributes())
    assert drawing.raster is not None
    return sum(map(len, Pages(file, "application/pdf", URF, replace(drawing.raster, smooth=smooth))))


def _sharp(file: Path) -> int:
    return _ours(file, smooth=False)


def _bare(file: Path) -> int:
    """pdfium alone, on two cores, as ippfast has two children for a long document."""
    command = [sys.executable, "-m", "benchmarks.raster.bare", str(file)]
    kept = {"MALLOC_MMAP_THRESHOLD_": "4194304", "MALLOC_TRIM_THRESHOLD_": "16777216"}  # as ippfast's children have it
    environment = os.environ | kept
    both = [subprocess.Popen([*command, str(turn), "2"], cwd=ROOT, env=environment) for turn in range(2)]
    return sum(process.wait() for process in both)


def _command(*words: str) -> Callable[[Path], int]:
    def run(file: Path) -> int:
        nothing = subprocess.DEVNULL
        return subprocess.run([*words, str(file)], check=True, stdout=nothing, stderr=nothing).returncode

    return run


def race(file: Path, size: str, say: Callable[[str], None], results: Results) -> None:
    """Everything about whole documents. file: where one may be made. size: as `races.run` has it."""
    pages, rounds, prints = {"full": (100, 3, 6), "quick": (40, 2, 4), "once": (5, 1, 1)}[size]
    contenders: dict[str, Callable[[Path], int]] = {WHOLE: _ours}
    for_text: dict[str, Callable[[Path], int]] = {SHARP: _sharp, BARE: _bare}
    if shutil.which("gs"):
        bits = ["-dcupsColorSpace=19", "-dcupsBitsPerColor=8", "-dcupsBitsPerPixel=24", "-dcupsColorOrder=0"]
        quiet = ["-q", "-dQUIET", "-dNOPAUSE", "-dBATCH", "-r300", "-sOutputFile=/dev/null"]
        contenders[GHOSTSCRIPT] = _command("gs", *quiet, "-sDEVICE=pwgraster", *bits)
        smooth = ["-dTextAlphaBits=4", "-dGraphicsAlphaBits=4"]
        for_text[SMOOTHED] = _command("gs", *quiet, "-sDEVICE=pwgraster", *bits, *smooth, f"-dLastPage={FEW}")
    if shutil.which("pdftoppm"):
        contenders[PDFTOPPM] = _command("pdftoppm", "-r", "300")
    for kind in KINDS:
        make(file, pages, kind)
        found = Race(TITLE.format(kind), "pages/s")
        everybody = contenders | for_text if kind == KINDS[0] else contenders
        for _ in range(rounds):
            for name, run in everybody.items():
                drawn = min(pages, FEW) if name == SMOOTHED else pages
                began = time.perf_counter()
                run(file)
                found.speeds.setdefault(name, []).append(drawn / (time.perf_counter() - began))
        results.races.append(found)
        say(f"{found.title}: " + ", ".join(f"{name} {found.median(name):,.1f} {found.unit}" for name in found.speeds))
    results.scale.append({"what": "first octets at the printer", "seconds": _first_octets(file, prints)})
    results.memory.append({"what": f"{pages} pages at 600 dpi, colour", **_memory(file)})


def _first_octets(file: Path, times: int) -> float:
    """Seconds from the start of the command until a printer has the first octets of a page: the best of some.

    Its modules are compiled before, as those of a package that was installed are.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    came: list[float] = []

    def handler(incoming: IncomingRequest) -> Message:
        if incoming.message.operation is Operation.GET_PRINTER_ATTRIBUTES:
            return response(incoming.message, printer=PRINTER)
        for place, _ in enumerate(incoming.document):
            if place == 0:
                came.append(time.perf_counter())
        return response(incoming.message, job={"job-id": 1, "job-state": 9, "job-state-reasons": "none"})

    seconds = []
    with Server(handler, port=0) as server:
        command = [
            sys.executable,
            "-m",
            "ippfast",
            "print",
            f"ipp://localhost:{server.port}/",
            str(file),
        ]
        for _ in range(times):
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment)
            seconds.append(came.pop() - began)
    return min(seconds[1:] or seconds)


def _memory(file: Path) -> dict[str, int]:
    """How much more the parent takes than before, and what its child takes, in octets, at most."""
    drawing = plan(Original("application/pdf", 21000, 29700), attributes(), dpi=600)
    assert drawing.raster is not None
    parent, most, before = 0, 0, _resident("self")
    for place, _ in enumerate(Pages(file, "application/pdf", URF, drawing.raster)):
        if place % 20 == 0:
            parent = max(parent, _resident("self") - before)
            most = max([most, *map(_resident, _children())])
    return {"parent": parent, "child": most}


def _children() -> list[str]:
    """The processes that this one started."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def _resident(process: str) -> int:
    """0 for one that has ended."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)


def figures(results: Results) -> list[Figure]:
    """What has to be reached, and what was."""
    found = []
    for title in map(TITLE.format, KINDS):
        whole = results.race(title)
        for other, goal in GOALS.items():
            ratio = None if whole is None else whole.ratio(WHOLE, other)
            shown = f"{ratio:.2f}x" if ratio else f"without {other}"
            found.append(Figure(title, other, f"{goal:g}x", shown, None if ratio is None else ratio >= goal))
    for each in results.scale:
        seconds = each["seconds"]
        found.append(Figure(each["what"], "", f"{FIRST_SECONDS:g} s", f"{seconds:.2f} s", seconds < FIRST_SECONDS))
    for each in results.memory:
        for who, limit in (("parent", PARENT_MORE), ("child", CHILD)):
            plus = "+" if who == "parent" else ""
            most, shown = f"{plus}{limit / MEBIBYTE:.0f} MiB", f"{plus}{each[who] / MEBIBYTE:.1f} MiB"
            found.append(Figure(f"memory, {each['what']}: {who}", "", most, shown, each[who] <= limit))
    return found
