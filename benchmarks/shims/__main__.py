"""``python -m benchmarks.shims``: our shims against their libraries; writes docs/benchmarks/shims.md.

    --quick    short races, nothing is written
    --once     everything once, to see that nothing is broken

Rule: a figure is a ratio of two medians of processor time in one run and process; beside it stand the least and the
greatest ratio of any round. Messages that the library refuses are left out. A goal that is not reached says so.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.console import Console

from .. import contenders, messages
from ..report import Sheet, show_ratio, show_time
from .worker import LIBRARIES

DOCS = contenders.ROOT / "docs" / "benchmarks" / "shims.md"
SAMPLES = ("print-job", "printer-held", "printer-real", "responses-real", "jobs-1000")
GOALS = {
    ("ippserver", "parse, with the whole dictionary"): 30.0,
    ("ippserver", "parse, ask for one value"): 30.0,
    ("ippserver", "parse, ask for nothing"): 30.0,
    ("pyipp", "parse"): 20.0,
    ("aioipp", "parse"): 20.0,
    ("ippx", "decode"): 15.0,
}
REAL = ("printer-real", "responses-real", "printer-held")
"""The goals are for real printers' responses."""


class Figure(NamedTuple):
    """One race of a library and its shim over one sample."""

    library: str
    task: str
    sample: str
    theirs: float
    ours: float
    least: float
    greatest: float

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours

    @property
    def verdict(self) -> str:
        goal = GOALS.get((self.library, self.task))
        if goal is None or self.sample not in REAL:
            return ""
        return f"{goal:g}x: {'reached' if self.ratio >= goal else 'NOT REACHED'}"


def run(library: str, sample: str, octets: list[bytes], rounds: int, seconds: float) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, each in enumerate(octets):
            files.append(Path(folder) / f"{number}.ipp")
            files[-1].write_bytes(each)
        command = [contenders.peer_python(library), "-m", "benchmarks.shims.worker", library, rounds, seconds, *files]
        environment = os.environ | {"PYTHONPATH": str(contenders.ROOT), "PYTHONHASHSEED": "0"}
        done = subprocess.run(
            list(map(str, command)), env=environment, capture_output=True, text=True, check=False, timeout=600
        )
    if done.returncode:
        raise RuntimeError(f"{library}, {sample}: {done.stderr}")
    figures = []
    for race in json.loads(done.stdout)["races"]:
        if not race["rounds"]:
            continue
        theirs, ours = zip(*race["rounds"], strict=True)
        ratios = [one / other for one, other in race["rounds"]]
        figures.append(Figure(library, race["title"], sample, median(theirs), median(ours), min(ratios), max(ratios)))
    return figures


def to_sheet(figures: list[Figure]) -> Sheet:
    sheet = Sheet("Shims, and the libraries behind them", ["", "message", "library", "shim", "times", "goal"])
    for each in figures:
        spread = f"{show_ratio(each.ratio)}x ({show_ratio(each.least)} to {show_ratio(each.greatest)})"
        sheet.rows.append(
            [
                f"{each.library}: {each.task}",
                each.sample,
                show_time(each.theirs),
                show_time(each.ours),
                spread,
                each.verdict,
            ]
        )
    return sheet


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shims", description="Shims against their libraries.")
    parser.add_argument("--quick", action="store_true", help="short races, nothing written")
    parser.add_argument("--once", action="store_true", help="everything once")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 200)
    for line in contenders.install(*LIBRARIES):
        console.print(line, markup=False, highlight=False)
    ready = {contender.name for contender in contenders.roster()[0]}
    held = messages.load()
    rounds, seconds = (1, 0.0) if options.once else (9, 0.01) if options.quick else (25, 0.03)
    figures: list[Figure] = []
    for library in LIBRARIES:
        if library not in ready:
            console.print(f"{library}: stays away")
            continue
        for sample in SAMPLES:
            if sample in held:
                figures += run(library, sample, list(held[sample].values()), rounds, seconds)
    sheet = to_sheet(figures)
    if options.once:
        console.print(f"shims: {len(figures)} races, once")
        return 0
    console.print(sheet.rich())
    if not options.quick:
        about = f"CPython {platform.python_version()}, {len(held.get('responses-real', {}))} real responses."
        DOCS.write_text(f"# {sheet.title}\n\nOf `python -m benchmarks.shims`; {about}\n\n{sheet.markdown()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
