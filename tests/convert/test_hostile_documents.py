"""Documents that are made to harm: each ends in an error with words or in pages, and takes nothing along.

The rule of this file: limits are small, so that what runs into one does so soon.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from drawn import document, drawn, raster
from hostile_pdfs import HOSTILE

from ippfast.convert import Limits, Pages, RenderError
from ippfast.convert.process import Child
from ippfast.raster import URF

PDF = "application/pdf"
LIMITS = Limits(memory=256 << 20, seconds=60, processor_seconds=2)

HARMLESS = {"a huge page", "a page without size", "a page of another planet"}
"""These have pages that can be drawn."""


def pages(path: Path, **more: Any) -> Pages:
    return Pages(path, PDF, URF, raster("sgray_8", 100), limits=more.pop("limits", LIMITS), **more)


@pytest.mark.parametrize("name", HOSTILE)
def test_it_ends_in_words(tmp_path: Path, name: str) -> None:
    path = tmp_path / "hostile.pdf"
    path.write_bytes(HOSTILE[name])
    if name in HARMLESS:
        assert len(drawn(b"".join(pages(path)))) == 1
        return
    with pytest.raises(RenderError) as found:
        list(pages(path))
    assert str(found.value)


@pytest.mark.parametrize(
    ("name", "limits", "words"),
    [
        ("a form that calls itself", LIMITS, "it needs more than 256 MB of memory"),
        ("a large image", LIMITS, "it needs more than 256 MB of memory"),  # and is not left out
        ("a huge image", LIMITS, "an image of 30,000 x 30,000 pixels is too large"),
        ("transparent fills", LIMITS, "a page takes more than 2 seconds of the processor"),
        ("transparent fills", Limits(seconds=1), "a page takes more than 1 seconds"),
        ("too many pages", LIMITS, "more than 10,000 sides are too many"),
        ("cut off", LIMITS, "the PDF cannot be read"),
        ("nothing", LIMITS, "the PDF cannot be read"),
    ],
)
def test_the_words_say_what_it_was(tmp_path: Path, name: str, limits: Limits, words: str) -> None:
    path = tmp_path / "hostile.pdf"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(RenderError, match=words):
        list(pages(path, limits=limits))


def test_output_has_an_end(tmp_path: Path) -> None:
    path = document(tmp_path / "two.pdf")
    with pytest.raises(RenderError, match="its pages are more than 20,000 octets"):
        list(pages(path, limits=Limits(output=20_000)))


def test_a_locked_document(tmp_path: Path) -> None:
    """Encrypted, with a user password that is not empty."""
    encrypt = b"<</Filter/Standard/V 1/R 2/O<%b>/U<%b>/P -4>>" % (b"11" * 32, b"22" * 32)
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>", encrypt]
    octets, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(octets))
        octets += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer<</Size 4/Root 1 0 R/Encrypt 3 0 R/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF" % len(octets)
    path = tmp_path / "locked.pdf"
    path.write_bytes(octets + b"xref\n0 4\n0000000000 65535 f \n" + table + trailer)
    with pytest.raises(RenderError, match="locked with a password"):
        list(pages(path))


def test_a_child_that_dies_is_no_end_of_the_document(tmp_path: Path) -> None:
    path = document(tmp_path / "many.pdf", pages=11)
    with Child(path, PDF) as child:
        pieces = iter(Pages(path, PDF, URF, raster("srgb_8", 300), child=child))
        next(pieces)
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(RenderError, match="ended without a word"):
            list(pieces)


def test_who_stops_reading_stops_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = subprocess.Popen.__init__

    def note(self: Any, *arguments: Any, **options: Any) -> None:
        started.append(self)
        start(self, *arguments, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", note)
    pieces = iter(pages(document(tmp_path / "many.pdf", pages=11)))
    next(pieces)
    (child,) = started
    assert child.poll() is None
    pieces.close()  # type: ignore[attr-defined]
    assert child.returncode == -signal.SIGKILL


def test_the_child_knows_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPPFAST_PASSWORD", "open sesame")
    with Child(document(tmp_path / "one.pdf", pages=1), PDF) as child:
        child.facts()
        environment = Path(f"/proc/{child.pid}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"sesame" not in environment


@pytest.mark.skipif(sys.version_info < (3, 12), reason="os.unshare came with Python 3.12")
def test_the_child_has_no_network(tmp_path: Path) -> None:
    with Child(document(tmp_path / "one.pdf", pages=1), PDF) as child:
        child.facts()
        networks = Path(f"/proc/{child.pid}/net/dev").read_text()
        limits = Path(f"/proc/{child.pid}/limits").read_text()
    allowed = subprocess.run(["unshare", "--user", "--net", "true"], capture_output=True, check=False).returncode == 0
    assert ("eth" not in networks) or not allowed
    assert any(line.split()[:5] == ["Max", "file", "size", "0", "0"] for line in limits.splitlines())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(pages(tmp_path / "none.pdf"))
