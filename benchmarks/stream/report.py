"""The table and the plot of the transport's benchmarks, from the JSON of a run.

Rule: ratios first, for they are what can be compared; each speed with the spread of its rounds.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from .results import MEBIBYTE, Results, figures

__all__ = ["SIZES", "WORDS", "draw", "table", "to_markdown"]

HOW = """\
One end sends prepared octets over loopback, the other is judged; each has a core to itself where there are two, and all
contenders of a race take turns within one run, the first turn not counted. A speed is the median of the rounds, in
brackets the slowest and the fastest. `threads` and `asyncio` are ippfast's `Server` and `Client`, `AsyncServer` and
`AsyncClient` with their defaults but for the number of connections; `bare` loops are Python that knows no HTTP. Files
go to a sink that lets Linux discard them, since copying them takes as long as sending them. Memory is the most that a
process had in memory during one job, over what it had before its first; what is not measured is the system's own socket
buffers."""

COLOURS = {"threads": "#d62728", "asyncio": "#ff9896", "uvicorn": "#e7969c", "granian": "#ad494a", "h11": "#7f7f7f"}
OTHERS = "#1f77b4"
SIZES = {"full": "", "quick": " (a quick run: rough figures)", "once": " (everything once and in small: no figures)"}
WORDS = {True: "reached", False: "NOT REACHED", None: "not measured"}


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _facts(results: Results) -> str:
    facts = results.facts
    lines = [
        f"Date: {facts['date']}{SIZES[facts['size']]}",
        f"Processor: {facts['processor']}, {facts['cores']} cores; load before the run {facts['load']}",
        f"System: {facts['system']}",
        f"Command: `{facts['command']}`",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _races(results: Results) -> str:
    rows = []
    for race in results.races:
        for name, speeds in race.speeds.items():
            spread = f"{min(speeds):,.0f} to {max(speeds):,.0f}"
            rows.append([race.title, name, f"{race.median(name):,.0f} {race.unit}", spread])
        rows += [[race.title, name, "cannot", error] for name, error in race.errors.items()]
    return table(["race", "who", "median", "slowest to fastest"], rows)


def _mebibytes(octets: int) -> str:
    return f"{octets / MEBIBYTE:,.1f} MiB"


def _crowd(results: Results) -> str:
    rows = []
    for each in results.crowd:
        if "error" in each:
            rows.append([each["who"], each["error"], "", "", ""])
            continue
        speed = each["streams"] * each["octets"] / each["seconds"] / 1e6
        cells = [_mebibytes(each["waiting"] - each["before"]), _mebibytes(each["peak"] - each["before"])]
        rows.append([each["who"], f"{each['idle']:,} and {each['streams']}", *cells, f"{speed:,.0f} MB/s"])
    return table(["who", "idle and streaming", "memory: idle", "memory: streaming", "speed of all streams"], rows)


def _memory(results: Results) -> str:
    rows = []
    for each in results.memory:
        if "error" not in each:
            cells = [
                f"{_mebibytes(each[end]['idle'])} + {_mebibytes(each[end]['more'])}" for end in ("sender", "receiver")
            ]
            speed = each["octets"] / each["seconds"] / 1e6
            rows.append(
                [f"{each['who']}, {each['what']}", f"{each['octets'] / 2**30:g} GiB", *cells, f"{speed:,.0f} MB/s"]
            )
    return table(["ippfast at both ends", "document", "sender", "receiver", "speed"], rows)


def _scale(results: Results) -> str:
    rows = []
    for each in results.scale:
        cells = ["-", each["error"]] if "error" in each else [_mebibytes(each["more"]), f"{each['speed']:,.0f} MB/s"]
        rows.append([each["who"], _mebibytes(each["octets"]), *cells])
    return table(["who", "document", "memory over idle", "speed"], rows)


def to_markdown(results: Results, plot: str | None) -> str:
    goals = [[each.what, each.against, each.goal, each.found, WORDS[each.reached]] for each in figures(results)]
    parts: list[tuple[str, Callable[[], str]]] = [
        ("The figures to reach", lambda: table(["", "against", "at least", "found", ""], goals)),
        ("Speeds", lambda: _races(results)),
        ("Memory of one large job", lambda: _memory(results)),
        ("Many connections", lambda: _crowd(results)),
        ("For scale: other Python libraries", lambda: _scale(results)),
    ]
    text = ["# Benchmarks of the transport", HOW, _facts(results)]
    if plot:
        text.append(f"![The speeds of each race; ippfast's in red, from the slowest round to the fastest]({plot})")
    for title, part in parts:
        text += [f"## {title}", part()]
    return "\n\n".join(text) + "\n"


def draw(results: Results, file: Path) -> None:
    """Bars for each race: every contender's speed, ours in red."""
    mpl.use("svg")
    races = [race for race in results.races if race.speeds]
    with mpl.rc_context({"svg.hashsalt": "ippfast", "svg.fonttype": "none", "font.size": 9}):
        rows = (len(races) + 2) // 3
        figure, grid = plt.subplots(rows, 3, figsize=(11, 2.1 * rows), layout="constrained", squeeze=False)
        axes: Any
        for place, axes in enumerate(grid.flat):
            if place >= len(races):
                axes.set_visible(False)
                continue
            race = races[place]
            names = list(race.speeds)
            medians = [race.median(name) or 0.0 for name in names]
            lows = [median - min(race.speeds[name]) for name, median in zip(names, medians, strict=True)]
            highs = [max(race.speeds[name]) - median for name, median in zip(names, medians, strict=True)]
            colours = [COLOURS.get(name, OTHERS) for name in names]
            axes.barh(names, medians, color=colours, xerr=[lows, highs], error_kw={"elinewidth": 1})
            axes.invert_yaxis()
            axes.set_title(race.title, fontsize=9)
            axes.set_xlabel(f"{race.unit} (more is better)")
            axes.set_xlim(left=0)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)
