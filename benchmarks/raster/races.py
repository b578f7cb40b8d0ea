"""Makes and reads each page in turns: ippfast, libcups and the pure twin.

Rule: each contender is a process that says what CPU time of its own it took, which other work on the machine disturbs
least. They write to nowhere and read from memory. The figures that have to be reached stand in `GOALS`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from ..contenders import READY, ROOT, run_quietly
from ..stream.results import Figure, Race, Results
from . import documents
from .pages import HEIGHT, KINDS, WIDTH, Drawing, draw

__all__ = ["LIBCUPS", "OURS", "PURE", "figures", "prepare", "run"]

OURS, PURE, LIBCUPS = "ippfast", "ippfast pure", "libcups"
UNIT = "pages/s"
SOURCE, PROGRAM = Path(__file__).with_name("libcups.c"), READY / "libcups-raster"

# How many times libcups' speed at least, for gray and for colour.
GOALS = {
    "blank": (1.0, 0.8),
    "text": (4.0, 2.0),
    "text and photo": (2.0, 1.1),
    "photo": (1.5, 1.0),
}
DECODE_GOAL = 1.5
PURE_SECONDS = 0.5  # for a gray page of text

WORKER = (sys.executable, "-m", "benchmarks.raster.worker")
COMMANDS: dict[str, tuple[str, ...]] = {OURS: WORKER, LIBCUPS: (str(PROGRAM),), PURE: WORKER}


def prepare() -> Iterator[str]:
    """Compile libcups' side, or say why not."""
    READY.mkdir(parents=True, exist_ok=True)
    compiler = shutil.which("cc")
    if compiler is None:
        yield "libcups stays away (no C compiler)"
    elif not PROGRAM.exists() or PROGRAM.stat().st_mtime < SOURCE.stat().st_mtime:
        wrong = run_quietly(compiler, "-O2", "-o", PROGRAM, SOURCE, "-lcups")
        if wrong:
            PROGRAM.unlink(missing_ok=True)
            yield f"libcups stays away ({wrong}); Debian's libcups2-dev has it"


class Contender:
    """A process that makes and reads one page as often as it is told."""

    def __init__(self, name: str, drawing: Drawing, pixels: str) -> None:
        self._process = subprocess.Popen(
            [*COMMANDS[name], pixels, str(WIDTH), str(HEIGHT), str(drawing.colors)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"IPPFAST_PURE": "1" if name == PURE else "0"},
        )

    def do(self, what: str, times: int) -> float:
        """The CPU time of one in seconds. what: "encode" or "decode"."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what} {times}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline().split()[0])

    def stop(self) -> None:
        self._process.communicate()


def run(size: str, say: Callable[[str], None]) -> Results:
    """All races. size: "full"; "quick", with fewer rounds and pages; or "once", each thing a single time."""
    results, once = Results(), size == "once"
    turns = {"full": 8, "quick": 4, "once": 1}[size]
    names = [OURS, PURE, *([LIBCUPS] if PROGRAM.exists() else [])]
    for kind in KINDS:
        for colors in (1, 3):
            drawing = draw(kind, colors)
            races = {what: Race(f"{what}: {drawing.title}", UNIT) for what in ("encode", "decode")}
            with tempfile.NamedTemporaryFile() as pixels, ExitStack() as stack:
                pixels.write(drawing.pixels)
                pixels.flush()
                contenders = {name: Contender(name, drawing, pixels.name) for name in names}
                for contender in contenders.values():
                    stack.callback(contender.stop)
                for turn in range(turns):
                    for what, race in races.items():
                        for name, contender in contenders.items():
                            times = 1 if once or name == PURE else 60 if kind == "blank" else 4
                            seconds = contender.do(what, times)
                            if turn or once:  # the first is not counted
                                race.speeds.setdefault(name, []).append(1 / seconds)
            for race in races.values():
                results.races.append(race)
                ratio = race.ratio(OURS, LIBCUPS)
                say(f"{race.title}: {race.median(OURS):,.0f} {UNIT}, {f'{ratio:.2f}x' if ratio else 'without'} libcups")
    with tempfile.TemporaryDirectory() as directory:
        documents.race(Path(directory) / "document.pdf", size, say, results)
    return results


def figures(results: Results) -> list[Figure]:
    """What has to be reached, and what was."""
    found = []
    for race in results.races:
        what, _, title = race.title.partition(": ")
        if what not in ("encode", "decode"):
            continue
        kind, _, color = title.rpartition(", ")
        goal = GOALS[kind][color == "colour"] if what == "encode" else DECODE_GOAL
        ratio = race.ratio(OURS, LIBCUPS)
        shown = f"{ratio:.2f}x" if ratio else "without libcups"
        found.append(Figure(race.title, LIBCUPS, f"{goal:g}x", shown, None if ratio is None else ratio >= goal))
    pure = next(race.median(PURE) for race in results.races if race.title == "encode: text, gray")
    if pure:
        what = "encode: text, gray: the pure twin"
        found.append(Figure(what, "", f"{PURE_SECONDS:g} s", f"{1 / pure:.2f} s", 1 / pure < PURE_SECONDS))
    return found + documents.figures(results)
