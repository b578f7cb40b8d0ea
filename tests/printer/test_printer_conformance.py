"""CUPS' own conformance suites against the print server: nothing fails, and as many pass as can.

The rule of this file: the suites are Debian's, run as they are by tools/conformance.py, whose table has more of them.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance import GOALS, Run, failures, prepare, printing, run
from engines import ObjectServer, Postgres
from peers import program
from sample_documents import make_sample

from ippfast import operations, printer
from ippfast.http import Client


class Place:
    """A running printer, and the suites with their documents."""

    def __init__(self, port: int, suites: Path, document_uri: str) -> None:
        self.port = port
        self.suites = suites
        self.document_uri = document_uri


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    program("ipptool")
    directory = tmp_path_factory.mktemp("conformance")
    suites = prepare(directory)
    with printing(directory / "spool", suites) as (port, document_uri):
        yield Place(port, suites, document_uri)


RUNS = [
    Run("ipp-1.1", "1.1"),
    Run("ipp-1.1", "2.0", "-L"),
    Run("ipp-2.0"),
    Run("ipp-2.1", "2.1", "-L"),
    Run("ipp-2.2", "2.2"),
    Run("ipp-everywhere"),
]


@pytest.mark.parametrize("what", RUNS, ids=lambda what: f"{what.suite} {what.version} {what.framing}")
def test_suites(place: Place, what: Run) -> None:
    marks = run(what, place.port, place.suites, place.document_uri, 120.0)
    assert marks.failed == 0, failures(marks.log)
    assert marks.passed >= GOALS[what.suite], marks.log


@pytest.fixture(scope="module")
def place_on_engines(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, object_server: ObjectServer
) -> Iterator[Place]:
    """As `place`, with jobs in a database and documents in an object store."""
    program("ipptool")
    directory = tmp_path_factory.mktemp("engines")
    suites = prepare(directory)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in object_server.environment.items():
            patch.setenv(name, value)
        where = printer.Place(store=postgres.schema(), documents=object_server.bucket())
        with printing(where, suites, shared=True) as (port, document_uri):
            yield Place(port, suites, document_uri)


@pytest.mark.parametrize("what", RUNS[3:], ids=lambda what: f"{what.suite} {what.version} {what.framing}")
def test_suites_on_engines(place_on_engines: Place, what: Run) -> None:
    place = place_on_engines
    marks = run(what, place.port, place.suites, place.document_uri, 120.0)
    assert marks.failed == 0, failures(marks.log)
    assert marks.passed >= GOALS[what.suite], marks.log


def test_a_failure_is_seen(place: Place, tmp_path: Path) -> None:
    """Marks are counted where a test fails, whatever the status of ipptool is."""
    suite = place.suites / "wrong.test"
    suite.write_text(
        '{\nNAME "wrong"\nOPERATION Get-Printer-Attributes\nGROUP operation-attributes-tag\n'
        "ATTR charset attributes-charset utf-8\nATTR naturalLanguage attributes-natural-language en\n"
        "ATTR uri printer-uri $uri\nSTATUS successful-ok\nEXPECT no-such-attribute\n}\n"
    )
    marks = run(Run("wrong"), place.port, place.suites, place.document_uri)
    assert (marks.passed, marks.failed) == (0, 1)
    assert "no-such-attribute" in failures(marks.log)


@pytest.mark.parametrize(
    ("kind", "octets"), [("black-1", 38), ("cmyk-8", 1_200), ("sgray-8", 300), ("srgb-8", 900), ("srgb-16", 1_800)]
)
def test_raster_samples(kind: str, octets: int) -> None:
    """A page of 4 by 6 inches at 75 dots an inch comes to as many lines of as many octets as the header says."""
    raster = make_sample(f"pwg-raster-samples-75dpi/{kind}/color.jpg-4x6-{kind}-75dpi.pwg")
    assert raster.startswith(b"RaS2PwgRaster\0")
    header, data = raster[4 : 4 + 1796], raster[4 + 1796 :]
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (372, 376))
    pixel_bits, line_octets = (int.from_bytes(header[at : at + 4], "big") for at in (388, 392))
    assert (width, height, line_octets) == (300, 450, octets)
    size, at, lines = max(1, pixel_bits // 8), 0, 0
    while at < len(data):
        lines += data[at] + 1
        at, found = at + 1, 0
        while found < line_octets:
            assert data[at] < 128
            found += (data[at] + 1) * size
            at += 1 + size
        assert found == line_octets
    assert lines == height


def test_the_jobs_are_there(place: Place) -> None:
    """All that the suites have printed can be listed."""
    uri = f"ipp://localhost:{place.port}/ipp/print"
    with Client(uri) as client:
        answer = client.send(operations.get_jobs(uri, which_jobs="completed", limit=5))
    assert len(answer.jobs) == 5
