"""Runs CUPS' test files twice, by ipptool and by `ippfast test`, and compares the marks, test by test.

    PYTHONPATH=tests/support python tools/compare_marks.py [--only NAME]

The rule of this file: both get the same file, documents and variables, and a printer of their own that is alike: ours,
and CUPS' ippeveprinter. Ours runs the files where Debian put them; for ipptool they are linked to beside their
documents. It prints a table, and ends with status 1 where marks differ.
"""

import argparse
import logging
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from conformance import SUITES, arrange, prepare, printing

from ippfast.http import Client
from ippfast.testing import Options, Runner, Variables, about_document

__all__ = ["Marked", "by_ipptool", "by_us", "differences"]

_LINE = re.compile(r"    (.{68}) \[(.*)")
_MARK = re.compile(r"(PASS|FAIL|SKIP)\]")
_NAME = 68
_TRIES = 2

LEFT_OUT = {
    "print-job-media-needed": "somebody has to take the paper out",
}


class Marked(NamedTuple):
    """A test: its name as reports show it, its mark, and what was said of a failure."""

    name: str
    mark: str
    words: tuple[str, ...]


def by_ipptool(file: Path, uri: str, document: Path, variables: Mapping[str, str]) -> list[Marked]:
    """What ipptool makes of a file, beside which its documents are."""
    options = [word for name, value in variables.items() for word in ("-d", f"{name}={value}")]
    done = subprocess.run(
        ["ipptool", "-T", "20", "-V", "2.0", "-tI", *options, "-f", str(document), uri, str(file)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=1_800,
        stdin=subprocess.DEVNULL,
        cwd=file.parent,
    )
    found: list[Marked] = []
    name = ""
    words: list[str] = []
    for line in done.stdout.splitlines():
        test = _LINE.fullmatch(line)
        name = test[1].rstrip() if test is not None else name
        mark = _MARK.match(line if test is None else test[2])
        if mark is not None:
            words = []
            found.append(Marked(name, mark[1], ()))
        elif found and line.startswith("        "):
            words.append(line.strip())
            found[-1] = found[-1]._replace(words=tuple(words))
    return found


def by_us(file: Path, uri: str, document: Path, variables: Mapping[str, str], directory: Path) -> list[Marked]:
    """What `ippfast.testing` makes of it. directory: where its documents are."""
    given = {**about_document(document), **variables}
    options = Options(ignore_errors=True, directories=(directory,))
    with Runner(lambda there: Client(there), Variables(uri, "root", given), options) as runner:
        summary = runner.run(file)
    return [Marked(each.name[:_NAME].rstrip(), each.mark, tuple(each.words)) for each in summary.outcomes]


def differences(theirs: list[Marked], ours: list[Marked]) -> list[str]:
    """What is marked otherwise, in words."""
    if len(theirs) != len(ours):
        return [f"ipptool has {len(theirs)} tests, ippfast {len(ours)}"]
    return [
        f"{one.name}: ipptool {one.mark} {'; '.join(one.words)} - ippfast {other.mark} {'; '.join(other.words)}"
        for one, other in zip(theirs, ours, strict=True)
        if one[:2] != other[:2]
    ]


def _compare(name: str, suites: Path, place: Callable[[], "_Place"]) -> tuple[int, list[str], int]:
    """How many tests a file has, what is marked otherwise, and what more is since the printer was busy."""
    document = suites / "document-letter.pdf"
    for _ in range(_TRIES):
        with place() as (uri, given):
            theirs = by_ipptool(suites / f"{name}.test", uri, document, given)
        if not _was_busy(theirs):
            break
    for _ in range(_TRIES):
        with place() as (uri, given):
            ours = by_us(SUITES / f"{name}.test", uri, document, given, suites)
        if not _was_busy(ours):
            break
    busy = _spoilt(theirs) | _spoilt(ours)
    if len(theirs) == len(ours):
        theirs, ours = ([each for at, each in enumerate(one) if at not in busy] for one in (theirs, ours))
    return len(theirs) + len(busy), differences(theirs, ours), len(busy)


def _spoilt(marked: list[Marked]) -> set[int]:
    """The places of tests that failed since the printer was busy, and of those that were skipped for that."""
    spoilt: set[int] = set()
    for at, each in enumerate(marked):
        if _was_busy([each]) or (each.mark == "SKIP" and at - 1 in spoilt):
            spoilt.add(at)
    return spoilt


def _was_busy(marked: list[Marked]) -> bool:
    """Whether the printer was still at the job before: ippeveprinter, which has one at a time, is so now and then."""
    return any("server-error-busy" in word for each in marked for word in each.words)


class _Place:
    """A printer for one run: a context manager that gives its URI and the run's variables."""

    def __init__(self, name: str, suites: Path, bus: object) -> None:
        self._name, self._suites, self._bus = name, suites, bus
        self._temporary = tempfile.TemporaryDirectory(prefix="ippfast-marks-")

    def __enter__(self) -> tuple[str, dict[str, str]]:
        from peers import EvePrinter, SystemBus

        if isinstance(self._bus, SystemBus):
            self._peer = EvePrinter(self._bus)
            with Client(self._peer.uri) as client:
                while client.attributes("printer-up-time")["printer-up-time"].value == 0:
                    time.sleep(0.1)  # in its first second it says 0, which RFC 8011 section 5.4.29 does not have
            return self._peer.uri, {}  # a job whose document can't be fetched would keep it busy for ever
        self._printing = printing(Path(self._temporary.name), self._suites)
        port, document_uri = self._printing.__enter__()
        given = {"document-uri": document_uri, **arrange(self._name, port)}
        return given.pop("uri", f"ipp://localhost:{port}/ipp/print"), given

    def __exit__(self, *error: object) -> None:
        if self._bus is not None:
            self._peer.stop()
        else:
            self._printing.__exit__(None, None, None)
        self._temporary.cleanup()


def main() -> None:
    """See the file's head."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", help="run this file alone")
    given = parser.parse_args()
    logging.getLogger("ippfast.printer").setLevel(logging.ERROR)
    from peers import SystemBus

    wrong = 0
    print(f"{'file':36} printer         tests  seconds  marks")
    with tempfile.TemporaryDirectory(prefix="ippfast-marks-") as name, SystemBus() as bus:
        suites = prepare(Path(name))
        for suite in sorted(SUITES.glob("*.test")):
            if suite.stem in LEFT_OUT or given.only not in (None, suite.stem):
                continue
            for printer, with_bus in (("ippfast", None), ("ippeveprinter", bus)):
                began = time.monotonic()
                count, found, busy = _compare(suite.stem, suites, lambda: _Place(suite.stem, suites, with_bus))  # noqa: B023
                told = ("differ" if found else "alike") + (f", but for {busy} while it was busy" if busy else "")
                took = time.monotonic() - began
                print(f"{suite.stem:36} {printer:14} {count:6}  {took:7.1f}  {told}", flush=True)
                wrong += bool(found)
                for line in found:
                    print(f"    {line}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
