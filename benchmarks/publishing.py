"""What benchmarks publish alike: the facts of a run, a table, bars for each race, and three files.

The rule of this file: it knows no race and no figure. What a run measured, and what its page says of that, is its own.
"""

import json
import os
import platform
import shlex
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

import ippfast

from .contenders import ROOT
from .stream.results import Figure, Race, Results

__all__ = ["OURS", "bars", "facts", "facts_lines", "figures_table", "plot_line", "processor", "publish", "table"]

DOCS = ROOT / "docs" / "benchmarks"
OURS = "#d62728"
SIZES = {"full": "", "quick": " (a quick run: rough figures)", "once": " (everything once and in small: no figures)"}
WORDS = {True: "reached", False: "NOT REACHED", None: "not measured"}


def processor() -> str:
    """What this machine's processor is called."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def facts(name: str, size: str, versions: Mapping[str, str], *, cores: int | None = None) -> dict[str, Any]:
    """What a run of ``benchmarks.NAME`` begins on, before it makes load of its own."""
    ours = {"ippfast": f"{ippfast.__version__} ({ippfast.IMPLEMENTATION})", "CPython": platform.python_version()}
    return {
        "date": datetime.now(tz=UTC).strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": cores or os.cpu_count(),
        "load": f"{os.getloadavg()[0]:.2f}",
        "system": platform.platform(),
        "command": shlex.join(["python", "-m", f"benchmarks.{name}", *sys.argv[1:]]),
        "versions": {**ours, **versions},
        "size": size,
    }


def facts_lines(results: Results) -> str:
    """The facts of a run, for its page."""
    known = results.facts
    lines = [
        f"Date: {known['date']}{SIZES[known['size']]}",
        f"Processor: {known['processor']}, {known['cores']} cores; load before the run {known['load']}",
        f"System: {known['system']}",
        f"Command: `{known['command']}`",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in known["versions"].items()),
    ]
    return "\n".join(f"- {line}" for line in lines)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; all columns but the first are aligned on the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures_table(figures: list[Figure], *, head: str = "what") -> str:
    """The figures to reach, and whether they are."""
    rows = [[each.what, each.against, each.goal, each.found, WORDS[each.reached]] for each in figures]
    return table([head, "against", "at least", "found", ""], rows)


def plot_line(plot: str) -> str:
    """The picture of the bars, for the page."""
    return f"![The speeds of each race; ippfast's in red, from the slowest round to the fastest]({plot})"


def bars(
    races: list[Race], file: Path, *, columns: int, width: float, height: float, colour: Callable[[str], str]
) -> None:
    """Bars for each race: every contender's speed, from its slowest round to the fastest. height: inches of a row."""
    mpl.use("svg")
    with mpl.rc_context({"svg.hashsalt": "ippfast", "svg.fonttype": "none", "font.size": 9}):
        rows = -(-len(races) // columns)
        figure, grid = plt.subplots(rows, columns, figsize=(width, height * rows), layout="constrained", squeeze=False)
        axes: Any
        for axes in grid.flat[len(races) :]:
            axes.set_visible(False)
        for axes, race in zip(grid.flat, races, strict=False):
            names = list(race.speeds)
            medians = [race.median(name) or 0.0 for name in names]
            lows = [median - min(race.speeds[name]) for name, median in zip(names, medians, strict=True)]
            highs = [max(race.speeds[name]) - median for name, median in zip(names, medians, strict=True)]
            axes.barh(names, medians, color=list(map(colour, names)), xerr=[lows, highs], error_kw={"elinewidth": 1})
            axes.invert_yaxis()
            axes.set_title(race.title, fontsize=9)
            axes.set_xlabel(f"{race.unit} (more is better)")
            axes.set_xlim(left=0)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)


def publish(
    name: str,
    results: Results,
    to_markdown: Callable[[Results, str | None], str],
    draw: Callable[[Results, Path], None],
) -> None:
    """Write a run's figures, its plot and its page into docs/benchmarks."""
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / f"{name}.json").write_text(json.dumps(results.as_json(), indent=1) + "\n")
    draw(results, DOCS / f"{name}.svg")
    (DOCS / f"{name}.md").write_text(to_markdown(results, f"{name}.svg"))
