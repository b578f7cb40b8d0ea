"""What ``make demo`` runs: a printer and a job, from the first octet to the last event.

    python tools/demo.py

`ippfast serve` is started, with TLS and a certificate of its own making; `ippfast print` streams a document to it;
`client.watch()` follows; what lies in the spool is compared with what was sent; and CUPS' ipptool, where it is
installed, gives a second opinion.

The rule of this file: what users have is used as they have it, and every "ok" was computed. Exit status 1 where
something is not as it says.
"""

import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import ippfast
from ippfast.http import TLS, Client, HTTPError

ROOT = Path(__file__).resolve().parent.parent
SIDE = 4_000  # of the picture, in pixels
SECONDS = 60


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def check(what: str, right: bool) -> None:
    """Print what was checked. Where it is not so, the demonstration ends."""
    print(f"  {'ok' if right else 'WRONG'}: {what}", flush=True)
    if not right:
        sys.exit(1)


class Printer(NamedTuple):
    """Where the printer is, the fingerprint of its certificate, and where its documents go."""

    uri: str
    pin: str
    spool: Path


def command(*arguments: str) -> list[str]:
    print(f"  $ ippfast {shlex.join(arguments)}", flush=True)
    return [sys.executable, "-m", "ippfast", *arguments]


def run(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command of ippfast's, whose progress and errors go to the terminal."""
    return subprocess.run(
        command(*arguments), cwd=directory, stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=False
    )


# ---- The document: this project's README on pages, and a picture that makes it long ----


def make_document(path: Path) -> None:
    """Write a PDF (ISO 32000-1): each object, then where each begins."""
    pages = list(_text_pages())
    with path.open("wb") as file:
        offsets: list[int] = []

        def add(octets: bytes) -> None:
            offsets.append(file.tell())
            file.write(b"%d 0 obj\n%b\nendobj\n" % (len(offsets), octets))

        def stream(fields: bytes, octets: bytes) -> bytes:
            return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (fields, len(octets), octets)

        file.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        kids = b" ".join(b"%d 0 R" % (5 + 2 * number) for number in range(len(pages)))
        add(b"<< /Type /Catalog /Pages 2 0 R >>")
        add(b"<< /Type /Pages /Kids [%b] /Count %d /MediaBox [0 0 595 842] >>" % (kids, len(pages)))
        add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>")
        picture = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8"
        add(stream(picture % (SIDE, SIDE), _picture()))
        for number, page in enumerate(pages):
            resources = b"<< /Font << /F 3 0 R >> /XObject << /P 4 0 R >> >>"
            add(b"<< /Type /Page /Parent 2 0 R /Resources %b /Contents %d 0 R >>" % (resources, 6 + 2 * number))
            add(stream(b"/Filter /FlateDecode", zlib.compress(page)))
        start = file.tell()
        file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        file.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
        file.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start))


def _text_pages() -> Iterator[bytes]:
    """What is drawn on each page; the picture alone on the last."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    lines = [part for line in text for part in textwrap.wrap(line, 88) or [""]]
    for start in range(0, len(lines), 60):
        drawn = [re.sub(r"([\\()])", r"\\\1", line).encode("latin-1", "replace") for line in lines[start : start + 60]]
        yield b"BT /F 10 Tf 12 TL 36 800 Td " + b" ".join(b"(%b) Tj T*" % line for line in drawn) + b" ET"
    yield b"q 523 0 0 523 36 160 cm /P Do Q"


def _picture() -> bytes:
    """A gradient, three octets a pixel."""
    picture, row = bytearray(), bytearray(3 * SIDE)
    row[0::3] = bytes(column * 255 // SIDE for column in range(SIDE))
    row[2::3] = bytes([160]) * SIDE
    for number in range(SIDE):
        row[1::3] = bytes([number * 255 // SIDE]) * SIDE
        picture += row
    return bytes(picture)


# ---- The printer, the job, and what others say of it ----


@contextmanager
def serving(directory: Path) -> Iterator[Printer]:
    """A printer in a process of its own, on a free port of loopback."""
    heading("1. Start a printer, with TLS and a certificate of its own making")
    spool = directory / "printed"
    arguments = ["serve", "--tls", "--port", "0", "--spool", spool.name, "--state", "state"]
    with subprocess.Popen(
        command(*arguments), cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            uri = pin = ""
            for line in process.stdout:
                print(f"  {line}", end="", flush=True)
                uri = line.strip() if line.startswith("ipps:") else uri
                pin = line.removeprefix("certificate: ").strip() if line.startswith("certificate: ") else pin
                if pin:
                    break
            check("it listens", bool(uri and pin))
            yield Printer(uri, pin, spool)
        finally:
            process.terminate()


class Follower(threading.Thread):
    """Prints what happens to a job, as the printer tells it."""

    def __init__(self, printer: Printer, job: int) -> None:
        super().__init__(daemon=True)
        self._printer = printer
        self._job = job
        self.began = threading.Event()
        self.states: list[str] = []
        self.fault = ""

    def run(self) -> None:
        try:
            with Client(self._printer.uri, tls=TLS(fingerprint=self._printer.pin)) as client:
                for each in client.watch(self._job):
                    reasons = f" ({', '.join(map(ascii, each.reasons))})" if each.reasons else ""
                    print(f"  {each.event or 'at first'}: job {each.job_id} is {each.state}{reasons}", flush=True)
                    self.states.append(str(each.state))
                    self.began.set()
        except (HTTPError, OSError) as error:
            self.fault = str(error)


def print_document(printer: Printer, document: Path) -> int:
    """Print it, held; returns the job-id."""
    heading(f"2. Print a PDF of {document.stat().st_size:,} octets, over TLS")
    arguments = ["-o", "copies=2", "-o", "job-hold-until=indefinite", "--pin", printer.pin]
    result = run(document.parent, "print", printer.uri, document.name, *arguments)
    print(f"  {result.stdout}", end="", flush=True)
    match = re.match(r"job (\d+): ", result.stdout)
    check("the printer took the job, and holds it", result.returncode == 0 and match is not None)
    assert match is not None
    return int(match[1])


def follow(printer: Printer, job: int) -> None:
    heading("3. Release it, and follow it by the printer's events")
    follower = Follower(printer, job)
    follower.start()
    follower.began.wait(SECONDS)
    result = run(printer.spool.parent, "release", printer.uri, str(job), "--pin", printer.pin)
    check("it was released", result.returncode == 0)
    follower.join(SECONDS)
    check(follower.fault or "it is completed", follower.states[-1:] == ["completed"])


def compare(printer: Printer, document: Path) -> None:
    heading("4. Compare what lies in the spool with what was sent")
    spooled = sorted(printer.spool.iterdir())
    check(f"{len(spooled)} file: {', '.join(path.name for path in spooled)}", len(spooled) == 1)
    digests = [_digest(path) for path in (document, spooled[0])]
    for path, digest in zip((document, spooled[0]), digests, strict=True):
        print(f"  SHA-256 {digest}  {path.name}")
    check("both are the same octets", digests[0] == digests[1])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def second_opinion(printer: Printer, directory: Path) -> None:
    heading("5. Ask CUPS' ipptool for a second opinion")
    ipptool = shutil.which("ipptool")
    if ipptool is None:
        print("  It is not installed. On Debian: apt-get install cups-ipp-utils")
        return
    short = directory / "short.pdf"
    short.write_bytes(b"%PDF-1.4\n%%EOF\n")
    for suite in ("get-printer-attributes.test", "print-job.test", "get-completed-jobs.test"):
        arguments = [ipptool, "-tI", "-f", str(short), printer.uri, suite]
        print(f"  $ ipptool -tI -f {short.name} {printer.uri} {suite}")
        result = subprocess.run(arguments, capture_output=True, text=True, timeout=SECONDS, check=False)
        passed, failed = result.stdout.count("[PASS]"), result.stdout.count("[FAIL]")
        if failed:
            print(textwrap.indent(result.stdout, "    "))
        check(f"{passed} passed, {failed} failed", passed > 0 and failed == 0)


def main() -> None:
    twin = {"cython": "compiled", "python": "pure Python"}[ippfast.IMPLEMENTATION]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"ippfast {ippfast.__version__}, {twin} codec, {python}")
    for name in ("IPPFAST_USER", "IPPFAST_PASSWORD", "IPPFAST_TOKEN", "IPPFAST_CA", "IPPFAST_PIN"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="ippfast-demo-") as name:
        directory = Path(name)
        document = directory / "readme.pdf"
        make_document(document)
        with serving(directory) as printer:
            job = print_document(printer, document)
            follow(printer, job)
            compare(printer, document)
            second_opinion(printer, directory)
    if find_spec("ippfast._codec") is None:
        print("\nThe compiled codec, which does the same but faster, is not built here. It needs a C compiler and")
        print("Python's headers. On Debian: apt-get install gcc python3-dev, then make clean demo.")


if __name__ == "__main__":
    main()
