"""The table and the plot of the transport's benchmarks, from the JSON of a run.

Rule: ratios first, for they are what can be compared; each speed with the spread of its rounds.
"""

from collections.abc import Callable
from pathlib import Path

from .. import publishing
from ..publishing import facts_lines, figures_table, plot_line, table
from .results import MEBIBYTE, Results, figures

__all__ = ["draw", "to_markdown"]

HOW = """\
One end sends prepared octets over loopback, the other is judged; each has a core to itself where there are two, and all
contenders of a race take turns within one run, the first turn not counted. A speed is the median of the rounds, in
brackets the slowest and the fastest. `threads` and `asyncio` are ippfast's `Server` and `Client`, `AsyncServer` and
`AsyncClient` with their defaults but for the number of connections; `bare` loops are Python that knows no HTTP. Files
go to a sink that lets Linux discard them, since copying them takes as long as sending them. Memory is the most that a
process had in memory during one job, over what it had before its first; what is not measured is the system's own socket
buffers."""

COLOURS = {
    "threads": publishing.OURS,
    "asyncio": "#ff9896",
    "uvicorn": "#e7969c",
    "granian": "#ad494a",
    "h11": "#7f7f7f",
}
OTHERS = "#1f77b4"


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
    parts: list[tuple[str, Callable[[], str]]] = [
        ("The figures to reach", lambda: figures_table(figures(results), head="")),
        ("Speeds", lambda: _races(results)),
        ("Memory of one large job", lambda: _memory(results)),
        ("Many connections", lambda: _crowd(results)),
        ("For scale: other Python libraries", lambda: _scale(results)),
    ]
    text = ["# Benchmarks of the transport", HOW, facts_lines(results)]
    if plot:
        text.append(plot_line(plot))
    for title, part in parts:
        text += [f"## {title}", part()]
    return "\n\n".join(text) + "\n"


def draw(results: Results, file: Path) -> None:
    def colour(name: str) -> str:
        return COLOURS.get(name, OTHERS)

    races = [race for race in results.races if race.speeds]
    publishing.bars(races, file, columns=3, width=11, height=2.1, colour=colour)
