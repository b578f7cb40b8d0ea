"""The table and the plot of the tables' benchmarks, from the JSON of a run.

The rule of this file: ratios first, for they are what can be compared; each speed with the spread of its rounds.
"""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from ..stream.report import SIZES, WORDS, table
from ..stream.results import Results
from .races import figures

__all__ = ["draw", "to_markdown"]

HOW = """\
The recorded messages, and those of a corpus where there is one, several times over. Contenders take turns within one
run, the first turn not counted; a speed is megabytes of messages in a second of CPU time, the median of the rounds, of
threads in a second of the clock. libcups and goipp decode each message and touch every value. A capture has each
message as the HTTP response of a connection of its own, in packets of 1,400 octets."""

OURS = ("values", "to_json", "two threads", "one thread")


def to_markdown(results: Results, plot: str | None) -> str:
    facts = results.facts
    text = [
        "# Benchmarks of tables",
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
        [race.title, name, f"{race.median(name):,.1f} {race.unit}", f"{min(speeds):,.1f} to {max(speeds):,.1f}"]
        for race in results.races
        for name, speeds in race.speeds.items()
    ]
    text += ["## Every race", table(["race", "who", "median", "slowest to fastest"], rows)]
    return "\n\n".join(text) + "\n"


def draw(results: Results, file: Path) -> None:
    """Bars for each race: every contender's speed, ours in red."""
    mpl.use("svg")
    with mpl.rc_context({"svg.hashsalt": "ippfast", "svg.fonttype": "none", "font.size": 9}):
        figure, grid = plt.subplots(
            (len(results.races) + 1) // 2, 2, figsize=(12, 6), layout="constrained", squeeze=False
        )
        axes: Any
        for axes, race in zip(grid.flat, results.races, strict=False):
            names = list(race.speeds)
            medians = [race.median(name) or 0.0 for name in names]
            lows = [median - min(race.speeds[name]) for name, median in zip(names, medians, strict=True)]
            highs = [max(race.speeds[name]) - median for name, median in zip(names, medians, strict=True)]
            colours = ["#d62728" if name.startswith(OURS) else "#1f77b4" for name in names]
            axes.barh(names, medians, color=colours, xerr=[lows, highs], error_kw={"elinewidth": 1})
            axes.invert_yaxis()
            axes.set_title(race.title, fontsize=9)
            axes.set_xlabel(f"{race.unit} (more is better)")
            axes.set_xlim(left=0)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)
