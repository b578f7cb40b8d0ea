"""Two child processes draw a document in turns, and nobody sees that from the pages.

The rule of this file: each test says how many cores there are, so that it is the same test on every machine.
"""

import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawn import document, raster

from ippfast.convert import Limits, Pages, RenderError, turns
from ippfast.convert.frames import Work
from ippfast.convert.process import Child
from ippfast.raster import PWG, URF

PDF = "application/pdf"
LONG = 15  # pages
Started = list[Child]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The children that there were, on a machine of two cores where 12 sides are many."""
    found: Started = []
    begin = Child.begin

    def note(self: Child, work: Work) -> None:
        found.append(self)
        begin(self, work)

    monkeypatch.setattr(Child, "begin", note)
    monkeypatch.setattr(turns, "_MANY", 12)
    cores(monkeypatch, 2)
    return found


def cores(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(turns, "cores", lambda: count)


@pytest.mark.parametrize("format_", [URF, PWG])
def test_the_octets_are_those_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: Started, format_: str
) -> None:
    path = document(tmp_path / "long.pdf", pages=LONG)
    seen: list[tuple[int, int]] = []
    how = raster("srgb_8", 75, sides="two-sided-long-edge", back="rotated")
    two = b"".join(Pages(path, PDF, format_, how, progress=lambda *side: seen.append(side)))
    assert len(started) == 2
    cores(monkeypatch, 1)
    one = b"".join(Pages(path, PDF, format_, how))
    assert len(started) == 3
    assert two == one
    assert seen == [(number, LONG) for number in range(1, LONG + 1)]


@pytest.mark.parametrize(("pages", "how"), [(11, {}), (LONG, {"pages": ((2, 9),)}), (LONG, {"number_up": 2})])
def test_a_short_document_has_one(tmp_path: Path, started: Started, pages: int, how: dict[str, Any]) -> None:
    list(Pages(document(tmp_path / "short.pdf", pages=pages), PDF, URF, raster("sgray_8", 75, **how)))
    assert len(started) == 1


@pytest.mark.parametrize("which", [0, 1])
def test_the_death_of_either_is_no_end_of_the_document(tmp_path: Path, started: Started, which: int) -> None:
    path = document(tmp_path / "long.pdf", pages=30)
    pieces = iter(Pages(path, PDF, URF, raster("srgb_8", 300)))
    while len(started) < 2:
        next(pieces)
    os.kill(started[which].pid, signal.SIGKILL)
    with pytest.raises(RenderError, match="ended without a word"):
        list(pieces)
    for child in started:
        assert not alive(child)


def test_who_stops_reading_stops_both(tmp_path: Path, started: Started) -> None:
    pieces: Any = iter(Pages(document(tmp_path / "long.pdf", pages=30), PDF, URF, raster("srgb_8", 300)))
    while len(started) < 2:
        next(pieces)
    assert [alive(child) for child in started] == [True, True]
    pieces.close()
    assert [alive(child) for child in started] == [False, False]


def test_a_document_that_is_removed_meanwhile_is_no_error_of_the_connection(tmp_path: Path, started: Started) -> None:
    path = document(tmp_path / "long.pdf", pages=LONG)
    pieces = iter(Pages(path, PDF, URF, raster("srgb_8", 300)))
    next(pieces)
    path.unlink()
    with pytest.raises(RenderError, match=r"cannot be opened once more: .*No such file"):
        list(pieces)
    assert [alive(child) for child in started] == [False]


def test_a_child_that_dies_before_its_order_is_buried(tmp_path: Path) -> None:
    child = Child(document(tmp_path / "one.pdf"), PDF)
    with contextlib.suppress(RenderError), child:
        child.facts()
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        child.begin(Work(format=URF, raster=raster("srgb_8", 75)))
        next(child.side(pytest.fail))
    assert not alive(child)


def alive(child: Child) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, 0)
        return True
    return False


def test_output_is_counted_together(tmp_path: Path, started: Started) -> None:
    path = document(tmp_path / "long.pdf", pages=LONG)
    size = sum(map(len, Pages(path, PDF, URF, raster("srgb_8", 75))))
    with pytest.raises(RenderError, match=f"more than {size - 1:,} octets"):
        list(Pages(path, PDF, URF, raster("srgb_8", 75), limits=Limits(output=size - 1)))


@pytest.mark.parametrize(
    "lie",
    [
        lambda side, total: (side + (side == 8), total),
        lambda side, total: (side, total - (side == 8)),
    ],
)
def test_sides_out_of_order_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: Started,
    lie: Callable[[int, int], tuple[int, int]],
) -> None:
    side = Child.side

    def lying(self: Child, warn: Any) -> Any:
        yield from side(self, warn)
        self.done = lie(*self.done)

    monkeypatch.setattr(Child, "side", lying)
    with pytest.raises(RenderError, match="do not come in order"):
        list(Pages(document(tmp_path / "long.pdf", pages=LONG), PDF, URF, raster("sgray_8", 75)))
    assert len(started) == 2


def test_another_document_in_its_place_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: Started
) -> None:
    path = document(tmp_path / "long.pdf", pages=LONG)
    begin = Child.begin

    def changing(self: Child, work: Work) -> None:
        if work.turn == 0:
            assert self.facts()[1] == LONG  # it has the document open
            shutil.copy(document(tmp_path / "other.pdf", pages=LONG + 1), tmp_path / "new.pdf")
            os.replace(tmp_path / "new.pdf", path)
        begin(self, work)

    monkeypatch.setattr(Child, "begin", changing)
    with pytest.raises(RenderError, match="another one than it was"):
        list(Pages(path, PDF, URF, raster("sgray_8", 75)))
