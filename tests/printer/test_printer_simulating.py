"""A simulated printer: its pages take time, states and levels move as a real one's, and what stops it is seen.

The rule of this file: the clock is turned by the test, and nothing is waited for but that something becomes so.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import run

from ippfast import Attribute, AttributeGroup, ValueTag, operations
from ippfast.enums import JobState, PrinterState
from ippfast.http import Client, Server
from ippfast.printer import Access, Directory, ManualClock, RealClock, Simulated, SpoolPrinter
from ippfast.printer.simulating import REASONS, REFILL, pages_per_minute
from ippfast.wrappers import Boolean, Keyword

PAGE = b"x" * 50_000
"""As much as counts for a page of what nobody knows."""


class Desk:
    """A simulated printer of 60 pages a minute, its clock, and a client."""

    def __init__(
        self, printer: SpoolPrinter, directory: Path, client: Client, simulated: Simulated, clock: ManualClock, uri: str
    ) -> None:
        self.device = printer.device
        self.directory, self.client, self.simulated, self.clock, self.uri = directory, client, simulated, clock, uri

    def print(self, pages: int, *, document: bytes = b"", **attributes: Any) -> int:
        job = self.client.print(document or PAGE * pages, document_format="application/octet-stream", **attributes)
        number = job.id
        assert number is not None
        self.until(lambda: self.clock.waiting > 0 or self.state(number) == JobState.PROCESSING_STOPPED)
        return number

    def job(self, job: int) -> AttributeGroup:
        return self.client.job(job).attributes

    def state(self, job: int) -> JobState:
        return JobState(self.job(job).value("job-state"))

    def printer(self) -> tuple[PrinterState, set[str]]:
        found = self.client.attributes("printer-state", "printer-state-reasons")
        return PrinterState(found.value("printer-state")), set(map(str, found["printer-state-reasons"].values))

    def levels(self, name: str) -> list[int]:
        return [int(value.decode().split("level=")[1].split(";")[0]) for value in self.values(name)]

    def values(self, name: str) -> list[bytes]:
        return [value for value in self.client.attributes(name)[name].values if isinstance(value, bytes)]

    def until(self, so: Callable[[], bool]) -> None:
        end = time.monotonic() + 90
        while not so():
            assert time.monotonic() < end
            threading.Event().wait(0.01)

    def out(self) -> list[Path]:
        return [each for each in self.directory.iterdir() if not each.name.startswith(".")]


@pytest.fixture(params=[False], ids=["keeps"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    clock, printed = ManualClock(), tmp_path / "printed"
    simulated = Simulated(60, output=Directory(printed), clock=clock, consume=request.param, supply=4)
    description = {
        "media-source-supported": ["main", "alternate", "manual"],
        "printer-supply": ["type=toner;maxcapacity=100;level=100;colorantname=black;"],
        "printer-input-tray": [
            "type=sheetFeedAutoRemovableTray;maxcapacity=50;level=50;status=0;name=main;",
            "type=sheetFeedAutoRemovableTray;maxcapacity=3;level=3;status=0;name=alternate;",
            "type=other;maxcapacity=-2;level=-2;status=0;name=manual;",
        ],
    }
    with (
        SpoolPrinter(tmp_path / "spool", output=simulated, description=description) as printer,
        Server(printer, port=0) as server,
        Client(uri := f"ipp://localhost:{server.port}/ipp/print") as client,
    ):
        yield Desk(printer, printed, client, simulated, clock, uri)


def test_pages_take_time(desk: Desk) -> None:
    job = desk.print(3)
    assert desk.state(job) == JobState.PROCESSING
    assert desk.printer() == (PrinterState.PROCESSING, {"none"})
    desk.clock.advance(1)
    desk.until(lambda: desk.job(job).value("job-impressions-completed") == 1)
    desk.clock.advance(1.5)
    assert desk.state(job) == JobState.PROCESSING
    assert desk.out() == []
    desk.clock.advance(0.5)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)
    desk.until(lambda: desk.printer() == (PrinterState.IDLE, {"none"}))
    assert len(desk.out()) == 1
    assert desk.client.attributes("pages-per-minute").value("pages-per-minute") == 60


def test_documents_that_say_how_many_pages_they_have(desk: Desk) -> None:
    text = b"%!PS-Adobe-3.0\n%%Pages: 4\n%%EndComments\nshowpage\n"
    job = desk.print(0, document=text)
    desk.clock.advance(3.9)
    assert desk.state(job) == JobState.PROCESSING
    desk.clock.advance(0.1)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)
    assert desk.job(job).value("job-impressions-completed") == 4


def test_copies_take_time(desk: Desk) -> None:
    job = desk.print(2, copies=3)
    desk.clock.advance(5.9)
    assert desk.state(job) == JobState.PROCESSING
    desk.clock.advance(0.1)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)


def test_a_job_is_canceled_between_two_pages(desk: Desk) -> None:
    job = desk.print(100)
    desk.client.cancel(job)
    desk.until(lambda: desk.state(job) == JobState.CANCELED)
    assert desk.out() == []


def test_a_jam_stops_it_until_it_is_cleared(desk: Desk) -> None:
    job = desk.print(2)
    desk.simulated.provoke("media-jam", "toner-low-report")
    desk.clock.advance(1)
    desk.until(lambda: desk.state(job) == JobState.PROCESSING_STOPPED)
    assert desk.printer() == (PrinterState.STOPPED, {"media-jam", "toner-low-report"})
    assert "printer-stopped" in desk.job(job)["job-state-reasons"].values
    assert "media-jam" in str(desk.job(job).value("job-state-message"))
    desk.clock.advance(100)  # which does not get the paper out
    assert desk.state(job) == JobState.PROCESSING_STOPPED
    desk.simulated.clear("media-jam")
    desk.until(lambda: desk.state(job) == JobState.PROCESSING)
    assert desk.printer() == (PrinterState.PROCESSING, {"toner-low-report"})
    desk.until(lambda: desk.clock.waiting > 0)
    desk.clock.advance(2)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)


def test_a_job_waits_for_a_printer_that_has_stopped(desk: Desk) -> None:
    desk.simulated.provoke("door-open")
    assert desk.printer() == (PrinterState.STOPPED, {"door-open"})
    job = desk.print(1)
    desk.until(lambda: desk.state(job) == JobState.PROCESSING_STOPPED)
    desk.client.cancel(job)
    desk.until(lambda: desk.state(job) == JobState.CANCELED)
    assert desk.printer() == (PrinterState.STOPPED, {"door-open"})
    desk.simulated.clear()
    assert desk.printer() == (PrinterState.IDLE, {"none"})


@pytest.mark.parametrize("desk", [True], indirect=True, ids=["consumes"])
def test_supplies_and_paper_run_down(desk: Desk) -> None:
    assert (desk.levels("printer-supply"), desk.levels("printer-input-tray")) == ([100], [50, 3, -2])
    job = desk.print(1)
    desk.clock.advance(1)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)
    assert (desk.levels("printer-supply"), desk.levels("printer-input-tray")) == ([75], [49, 3, -2])
    job = desk.print(3, sides="two-sided-long-edge", media_col={"media-source": Keyword("alternate")})
    desk.clock.advance(3)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)
    assert (desk.levels("printer-supply"), desk.levels("printer-input-tray")) == ([0], [49, 1, -2])
    assert desk.printer() == (PrinterState.STOPPED, {"toner-empty"})
    desk.simulated.refill()
    assert desk.printer() == (PrinterState.IDLE, {"none"})
    assert (desk.levels("printer-supply"), desk.levels("printer-input-tray")) == ([100], [50, 3, -2])
    job = desk.print(4, media_col={"media-source": Keyword("alternate")})
    desk.clock.advance(1)
    desk.clock.advance(2)
    desk.until(lambda: desk.printer()[0] == PrinterState.STOPPED)
    assert desk.printer()[1] == {"media-empty", "media-needed"}
    desk.until(lambda: desk.state(job) == JobState.PROCESSING_STOPPED)
    desk.simulated.refill()
    desk.until(lambda: desk.clock.waiting > 0)
    desk.clock.advance(1)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)


@pytest.mark.parametrize("desk", [True], indirect=True, ids=["consumes"])
def test_another_process_fills_it(desk: Desk) -> None:
    job = desk.print(4)
    desk.clock.advance(4)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)
    assert desk.printer() == (PrinterState.STOPPED, {"toner-empty"})
    full = [value.replace(b"level=0;", b"level=100;") for value in desk.values("printer-supply")]
    desk.device.tell([Attribute("printer-supply", ValueTag.OCTET_STRING, full)])
    desk.device.say(())
    assert desk.levels("printer-supply") == [100]
    job = desk.print(1)
    desk.clock.advance(1)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)
    assert desk.levels("printer-supply") == [75]


def test_without_wear_nothing_runs_down(desk: Desk) -> None:
    job = desk.print(10)
    desk.clock.advance(10)
    desk.until(lambda: desk.state(job) == JobState.COMPLETED)
    assert desk.levels("printer-supply") == [100]


def test_any_client_can_provoke_it(desk: Desk) -> None:
    names = desk.client.attributes("printer-settable-attributes-supported")
    assert {REASONS, REFILL} <= set(names["printer-settable-attributes-supported"].values)
    for value, wanted in (
        ({REASONS: [Keyword("media-jam")]}, (PrinterState.STOPPED, {"media-jam"})),
        ({REASONS: [Keyword("none")]}, (PrinterState.IDLE, {"none"})),
        ({REASONS: [Keyword("door-open"), Keyword("x-report")]}, (PrinterState.STOPPED, {"door-open", "x-report"})),
        ({REFILL: Boolean(True)}, (PrinterState.IDLE, {"none"})),
    ):
        assert desk.client.send(operations.set_printer_attributes(desk.uri, printer=value)).code == 0
        assert desk.printer() == wanted
    for wrong in ({REASONS: [Keyword("Jam It")]}, {REFILL: Boolean(False)}, {REASONS: Boolean(True)}):
        both = {**wrong, "printer-location": "hall"}
        assert desk.client.send(operations.set_printer_attributes(desk.uri, printer=both)).code == 0x040B
    assert desk.printer() == (PrinterState.IDLE, {"none"})
    assert desk.client.attributes("printer-location").value("printer-location") == ""


def test_the_command(desk: Desk) -> None:
    result = run("provoke", desk.uri, "jam", "toner-low-report")
    assert (result.exit_code, result.stdout) == (0, "stopped: media-jam, toner-low-report\n")
    assert desk.printer() == (PrinterState.STOPPED, {"media-jam", "toner-low-report"})
    data = json.loads(run("provoke", desk.uri, "--json").stdout)
    assert data == {"printer-state": 3, "printer-state-keyword": "idle", "printer-state-reasons": ["none"]}
    assert run("provoke", desk.uri, "paper").exit_code == 0
    assert run("provoke", desk.uri, "--refill", "jam").exit_code == 2
    assert run("provoke", desk.uri, "--refill").stdout == "idle: none\n"


def test_another_printer_is_not_provoked(tmp_path: Path) -> None:
    with SpoolPrinter(tmp_path) as printer, Server(printer, port=0) as server:
        result = run("provoke", f"ipp://localhost:{server.port}/ipp/print", "jam")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not simulated" in result.stderr


def test_operators_alone_may(tmp_path: Path) -> None:
    with (
        SpoolPrinter(tmp_path, output=Simulated(), access=Access(operators=[])) as printer,
        Server(printer, port=0) as server,
    ):
        assert run("provoke", f"ipp://localhost:{server.port}/ipp/print", "jam").exit_code == 4
        assert printer.device.reasons == ()


def test_what_the_device_said_ends_with_it(tmp_path: Path) -> None:
    with SpoolPrinter(tmp_path, output=(simulated := Simulated(consume=True))):
        simulated.provoke("media-jam")
    with SpoolPrinter(tmp_path, output=Simulated()) as printer:
        assert printer.device.reasons == ("media-jam",)  # the paper is still in it
    with SpoolPrinter(tmp_path) as printer:
        assert (printer.device.reasons, printer.device.attributes()) == ((), {})


def test_the_seconds_of_everybody() -> None:
    clock = RealClock()
    begun = clock.now()
    clock.wait(begun + 1_000, lambda: True)
    clock.wait(begun, lambda: False)
    ends = iter([False, True])
    clock.wait(begun + 1_000, lambda: next(ends))


@pytest.mark.parametrize(("text", "speed"), [("20ppm", 20), ("0.5", 0.5), ("1000 ", 1_000), ("20PPM", 20)])
def test_speeds(text: str, speed: float) -> None:
    assert pages_per_minute(text) == speed


@pytest.mark.parametrize("text", ["", "ppm", "0", "-1", "20 pages", "1e9", "nan"])
def test_what_is_no_speed(text: str) -> None:
    with pytest.raises(ValueError, match="20ppm"):
        pages_per_minute(text)
    result = run("serve", "--simulate", text)
    assert result.exit_code == 2


def test_mistakes(tmp_path: Path) -> None:
    assert run("serve", "--consume").exit_code == 2
    with pytest.raises(ValueError, match="more than 0"):
        Simulated(0)
    with pytest.raises(ValueError, match="no printer yet"):
        Simulated().provoke("media-jam")
    simulated = Simulated()
    with SpoolPrinter(tmp_path, output=simulated), pytest.raises(ValueError, match="not a keyword"):
        simulated.provoke("Media Jam")
