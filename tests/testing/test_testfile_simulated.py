"""CUPS' test files that need a printer which stops, against one that does so when it is told to."""

from pathlib import Path

from conformance import SUITES
from peers import program

from ippfast.printer import ManualClock
from ippfast.testing import LoopbackPrinter, Options, check_file


def test_a_printer_runs_out_of_paper(tmp_path: Path) -> None:
    """The file asks somebody to take the paper out, waits for media-needed, and asks for paper."""
    program("ipptool")  # whose package has the file
    (document := tmp_path / "document.pdf").write_bytes(b"%PDF-1.4\n")
    asked: list[str] = []
    with LoopbackPrinter(speed=60, clock=ManualClock()) as printer:

        def somebody(message: str) -> None:
            asked.append(message)
            if message == "Remove Paper":
                printer.device.provoke("media-needed")
            else:
                printer.device.clear()

        summary = check_file(
            SUITES / "print-job-media-needed.test",
            printer,
            document=document,
            options=Options(interval=0.05, pause=somebody, ignore_errors=True),
        )
    assert asked == ["Remove Paper", "Load Paper"]
    assert [mark for _, mark in summary.marks] == ["PASS"] * 3
