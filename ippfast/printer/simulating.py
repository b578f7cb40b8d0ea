"""A printer that takes its time: pages take seconds, supplies and paper run down, and jams happen if asked for.

The rule of this file: clients see what a real device would show them: states and reasons of job and printer,
impressions as they are done, levels. Time comes from a `Clock`, so that tests can advance it. Nothing is drawn; if the
job is really printed, another output does it, which gets the job after its last page.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ippfast.codec import Attribute, Collection
from ippfast.tags import ValueTag

from .counting import counts_of_document
from .outputs import Keep, Output, Stopped, Task
from .storage.rows import Document, Job, stops

if TYPE_CHECKING:
    from .core import PrinterCore
    from .device import Device

__all__ = ["REASONS", "REFILL", "Clock", "ManualClock", "RealClock", "Simulated", "pages_per_minute"]

REASONS = "ippfast-device-reasons"
"""The attribute (1setOf keyword) with which Set-Printer-Attributes stops the simulated device; ``none`` ends that."""
REFILL = "ippfast-device-refill"
"""The attribute (boolean true) with which Set-Printer-Attributes fills supplies and trays, and clears a jam."""

_LOOK = 0.1
_OCTETS = 50_000
_MOST_PAGES = 100_000
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:ppm)?")
_LOW = 10
_LEVELS = ("printer-supply", "printer-input-tray")
_FIELD = re.compile(r"(level|maxcapacity)=(-?[0-9]+)")


def pages_per_minute(text: str) -> float:
    """A speed such as ``20ppm``. Raises ValueError."""
    match = _RATE.fullmatch(text.strip().lower())
    speed = float(match[1]) if match is not None else 0.0
    if not 0 < speed <= 1_000_000:
        raise ValueError(f"a speed is written 20ppm, not {text[:40]!r}")
    return speed


class Clock(Protocol):
    """Seconds as they pass for the device."""

    def now(self) -> float:
        """The time now, counted from any beginning."""

    def wait(self, until: float, ended: Callable[[], bool]) -> None:
        """Return at that time, or soon after ``ended()`` is true."""


class RealClock:
    """The clock of this machine."""

    def now(self) -> float:
        """As `Clock.now`."""
        return time.monotonic()

    def wait(self, until: float, ended: Callable[[], bool]) -> None:
        """As `Clock.wait`."""
        while (left := until - time.monotonic()) > 0 and not ended():
            time.sleep(min(_LOOK, left))


class ManualClock:
    """A clock that only `advance` moves, so that tests need not wait."""

    def __init__(self) -> None:
        self._now = 0.0
        self._changed = threading.Condition()
        self.waiting = 0
        """How many threads wait for a point in time."""

    def now(self) -> float:
        """As `Clock.now`."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let this many seconds pass."""
        with self._changed:
            self._now += seconds
            self._changed.notify_all()

    def wait(self, until: float, ended: Callable[[], bool]) -> None:
        """As `Clock.wait`."""
        with self._changed:
            self.waiting += 1
            while self._now < until and not ended():
                self._changed.wait(_LOOK)
            self.waiting -= 1


class Simulated:
    """An output whose pages take time. See `SpoolPrinter`.

    speed: impressions a minute. output: what gets each job once its last page is out; by default the documents stay in
    the spool. clock: tells the time. warm_up: seconds before the first page of a job. consume: whether supplies
    and paper run down; a full supply lasts for `supply` impressions. Then printer-supply and printer-input-tray tell
    the levels, beginning with those of the printer's description, and what is empty stops the printer until `refill`.

    A document that does not say how many pages it has takes the time of one for each 50,000 octets.
    """

    def __init__(
        self,
        speed: float = 20.0,
        *,
        output: Output | None = None,
        clock: Clock | None = None,
        warm_up: float = 0.0,
        consume: bool = False,
        supply: int = 2_000,
    ) -> None:
        if not 0 < speed <= 1_000_000 or warm_up < 0 or supply < 1:
            raise ValueError("speed and supply must be more than 0, and warm_up at least 0")
        self.speed = speed
        self.clock = clock or RealClock()
        self._output = output or Keep()
        self._warm_up = warm_up
        self._consume = consume
        self._supply = supply
        self._printer: PrinterCore | None = None
        self._levels = _Levels()
        self.takes_passwords = bool(getattr(self._output, "takes_passwords", False))

    def attach(self, printer: "PrinterCore") -> None:
        """Called once, by the printer whose device this is."""
        self._printer = printer
        printer.device.controls = {REASONS: self._set_reasons, REFILL: self._set_refill}
        printer.device.tell([Attribute("pages-per-minute", ValueTag.INTEGER, max(1, round(self.speed)))])
        if self._consume:
            self._levels = self._known_levels()
            printer.device.tell(self._levels.attributes())

    # What people do to it.

    def provoke(self, *reasons: str) -> None:
        """Have it stop for these reasons (``"media-jam"``, ``"media-needed"``, ``"door-open"``), beside those that it
        has already; ``"toner-low-report"`` and the like do not stop it. Raises ValueError for what is not a keyword."""
        device = self._device()
        device.say([*device.reasons, *reasons])

    def clear(self, *reasons: str) -> None:
        """End these reasons; without any given, all of them."""
        device = self._device()
        device.say([each for each in device.reasons if reasons and each not in reasons])

    def refill(self) -> None:
        """Fill supplies and trays, and clear whatever stops it."""
        if self._consume:
            self._levels = self._known_levels()
            self._levels.refill()
            self._device().tell(self._levels.attributes())
        self.clear()

    def _known_levels(self) -> "_Levels":
        """The levels of the store, else those of the description. Another process may have changed them."""
        assert self._printer is not None
        told = self._printer.device.attributes()
        if list(self._levels.attributes()) == [told[name] for name in _LEVELS if name in told] != []:
            return self._levels  # which know fractions too
        values = self._printer.description.values
        supplies, trays = (list(told[name].values if name in told else values(name)) for name in _LEVELS)
        return _Levels(supplies, trays, self._supply)

    def _device(self) -> "Device":
        if self._printer is None:
            raise ValueError("this device belongs to no printer yet")
        return self._printer.device

    def _set_reasons(self, attribute: Attribute) -> Callable[[], None]:
        reasons = [each for each in attribute.values if isinstance(each, str)]
        if len(reasons) != len(attribute.values) or attribute.tag != ValueTag.KEYWORD:
            raise ValueError(f"{REASONS} must be 1setOf keyword")
        check = self._device().check(reasons)
        return lambda: self._device().say(check)

    def _set_refill(self, attribute: Attribute) -> Callable[[], None]:
        if attribute.values != (True,):
            raise ValueError(f"{REFILL} must be true")
        return self.refill

    # Jobs.

    def run(self, task: Task) -> None:
        """As `Output.run`."""
        due = self.clock.now() + self._warm_up
        done = sheets = 0
        for document, _ in task.documents:
            impressions, of_document = self._size(task.job, document)
            before = sheets
            for number in range(1, impressions + 1):
                if self._has_stopped(task):
                    due = self.clock.now()  # it does not make up for the time in which it stood still
                due += 60.0 / self.speed
                self.clock.wait(due, task.should_stop)
                if task.should_stop():
                    raise Stopped
                done += 1
                new = before - -number * of_document // impressions - sheets
                sheets += new
                task.progress(done, sheets)
                if self._consume:
                    self._use(task.job, new > 0)
        self._output.run(task)

    def _size(self, job: Job, document: Document) -> tuple[int, int]:
        """The impressions and sheets of a document, of all copies."""
        asked = {each.name: each for each in job.attributes}
        known = document if document.pages is not None else replace(document, pages=_pages(document))
        counts = None if self._printer is None else counts_of_document(self._printer, asked, known)
        if counts is None or not counts.done:
            return 1, 1
        return min(_MOST_PAGES, counts.done), min(_MOST_PAGES, max(1, counts.sheets))

    def _has_stopped(self, task: Task) -> bool:
        """Wait until nothing stops the device. Returns whether it had stopped."""
        if self._printer is None or not (why := _stopping(self._device().reasons)):
            return False
        while why:
            task.report(f"the printer has stopped: {', '.join(why)}", waits=why)
            before = why
            self._wait_for_people(task, before)
            if task.should_stop():
                raise Stopped
            why = _stopping(self._device().reasons)
        task.report("")
        return True

    def _wait_for_people(self, task: Task, before: tuple[str, ...]) -> None:
        """Wait until another thread has changed something. This takes real time, not the device's."""
        while not task.should_stop() and _stopping(self._device().reasons) == before:
            time.sleep(_LOOK / 2)

    def _use(self, job: Job, new_sheet: bool) -> None:
        """Use what an impression needs, and report what is low or empty."""
        device = self._device()
        self._levels = self._known_levels()
        empty = self._levels.use(_source(job) if new_sheet else None)
        device.tell(self._levels.attributes())
        if empty:
            device.say([*device.reasons, *empty])


class _Levels:
    """How full supplies and trays are. A level that is not known stays as it is."""

    def __init__(self, supplies: Iterable[object] = (), trays: Iterable[object] = (), supply: int = 1) -> None:
        self._supplies = [_Level(value) for value in supplies]
        self._trays = [_Level(value) for value in trays]
        self._per_impression = 1.0 / supply

    def attributes(self) -> Iterator[Attribute]:
        """printer-supply and printer-input-tray (PWG 5100.13 sections 5.6.6 and 5.6.3)."""
        for name, levels in zip(_LEVELS, (self._supplies, self._trays), strict=True):
            if levels:
                yield Attribute(name, ValueTag.OCTET_STRING, [level.octets() for level in levels])

    def use(self, source: str | None) -> list[str]:
        """Take one impression's share, and a sheet from a tray; None: no sheet. Returns reasons for what is low."""
        reasons = []
        for supply in self._supplies:
            supply.take(self._per_impression * supply.capacity)
        shares = [supply.share for supply in self._supplies if supply.known]
        if any(share <= 0 for share in shares):
            reasons.append("toner-empty")
        elif any(share <= _LOW for share in shares):
            reasons.append("toner-low-report")
        if source is not None:
            known = [tray for tray in self._trays if tray.known]
            named = [tray for tray in known if f"name={source};" in tray.text]
            for tray in (named or known)[:1]:
                tray.take(1)
                if tray.share <= 0:
                    reasons += ["media-empty", "media-needed"]
                elif tray.share <= _LOW:
                    reasons.append("media-low-report")
        return reasons

    def refill(self) -> None:
        """Fill all."""
        for level in (*self._supplies, *self._trays):
            level.fill()


class _Level:
    """One value of printer-supply or printer-input-tray."""

    def __init__(self, value: object) -> None:
        self.text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        fields = {name: int(number) for name, number in _FIELD.findall(self.text)}
        self.capacity = fields.get("maxcapacity", -2)
        self._level: float = fields.get("level", -2)
        self.known = self.capacity > 0 and self._level >= 0

    @property
    def share(self) -> float:
        """The level in percent of the capacity."""
        return 100 * self._level / self.capacity

    def take(self, amount: float) -> None:
        """Reduce the level."""
        if self.known:
            self._level = max(0.0, self._level - amount)

    def fill(self) -> None:
        """Fill it."""
        if self.known:
            self._level = self.capacity

    def octets(self) -> bytes:
        """The value, with the level as it is now."""
        if not self.known:
            return self.text.encode("utf-8", "replace")
        level = -(-self._level // 1)  # what is not empty yet is not 0
        return re.sub(r"level=-?[0-9]+", f"level={level:.0f}", self.text, count=1).encode("utf-8", "replace")


def _stopping(reasons: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(stops, reasons))


def _of_job(job: Job, name: str) -> object:
    """The first value of an attribute of a job, or None."""
    found = next((each for each in job.attributes if each.name == name), None)
    return None if found is None or not found.values else found.values[0]


def _source(job: Job) -> str:
    """The tray that a job wants its paper from, or nothing."""
    media = _of_job(job, "media-col")
    source = media.get("media-source") if isinstance(media, Collection) else None
    return str(source.values[0]) if source is not None else ""


def _pages(document: Document) -> int:
    """How many pages a document of this size is taken to have."""
    return min(_MOST_PAGES, -(-document.octets // _OCTETS) or 1)
