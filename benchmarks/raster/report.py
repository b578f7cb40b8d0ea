"""The table and the plot of the raster benchmarks, from the JSON of a run.

Rule: ratios first, for they are what can be compared; each speed with the spread of its rounds.
"""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from ..stream.report import SIZES, WORDS, table
from ..stream.results import Results
from .documents import GHOSTSCRIPT, PDFTOPPM
from .races import LIBCUPS, OURS, PURE, figures

__all__ = ["draw", "to_markdown"]

HOW = """\
A page of A4 at 300 dots per inch is made from its pixels and read again. Each contender writes to nowhere and reads
from memory, in turns within one run, the first turn not counted; a speed is pages in a second of the process' own CPU
time, the median of the rounds. All take 512 lines at once, and give 256 at once into one buffer. Blank pages take as
long as their pixels take through memory, whoever reads them. Of a whole PDF the clock counts, from the start of a
program to its end."""

COLOURS = {OURS: "#d62728", PURE: "#ff9896", LIBCUPS: "#1f77b4", GHOSTSCRIPT: "#2ca02c", PDFTOPPM: "#9467bd"}


def to_markdown(results: Results, plot: str | None) -> str:
    facts = results.facts
    text = [
        "# Benchmarks of raster",
        HOW,
        "\n".join(
            (
                f"- Date: {facts['date']}{SIZES[facts['size']]}",
                f"- Processor: {facts['processor']}, {facts['cores']} cores; load before the run {facts['load']}",
                f"- System: {facts['system']}",
                f"- Command: `{facts['command']}`",
                "- Versions: " + ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
            )
        ),
    ]
    if plot:
        text.append(f"![The speeds of each race; ippfast's in red, from the slowest round to the fastest]({plot})")
    rows = [[each.what, each.against, each.goal, each.found, WORDS[each.reached]] for each in figures(results)]
    text += ["## The figures to reach", table(["what", "against", "at least", "found", ""], rows)]
    rows = [
        [race.title, name, f"{1000 / (race.median(name) or 1):,.2f} ms", f"{race.median(name):,.1f} {race.unit}",
         f"{min(speeds):,.1f} to {max(speeds):,.1f}"]
        for race in results.races
        for name, speeds in race.speeds.items()
    ]  # fmt: skip
    text += ["## Every race", table(["race", "who", "a page", "median", "slowest to fastest"], rows)]
    return "\n\n".join(text) + "\n"


def draw(results: Results, file: Path) -> None:
    """Bars for each race: every contender's speed, ours in red."""
    mpl.use("svg")
    with mpl.rc_context({"svg.hashsalt": "ippfast", "svg.fonttype": "none", "font.size": 9}):
        rows = (len(results.races) + 3) // 4
        figure, grid = plt.subplots(rows, 4, figsize=(13, 1.7 * rows), layout="constrained", squeeze=False)
        axes: Any
        for axes, race in zip(grid.flat, results.races, strict=False):
            names = list(race.speeds)
            medians = [race.median(name) or 0.0 for name in names]
            lows = [median - min(race.speeds[name]) for name, median in zip(names, medians, strict=True)]
            highs = [max(race.speeds[name]) - median for name, median in zip(names, medians, strict=True)]
            axes.barh(
                names, medians, color=[COLOURS[name] for name in names], xerr=[lows, highs], error_kw={"elinewidth": 1}
            )
            axes.invert_yaxis()
            axes.set_title(race.title, fontsize=9)
            axes.set_xlabel(f"{race.unit} (more is better)")
            axes.set_xlim(left=0)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)
