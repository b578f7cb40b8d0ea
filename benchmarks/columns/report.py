"""The table and the plot of the tables' benchmarks, from the JSON of a run.

The rule of this file: ratios first, for they are what can be compared; each speed with the spread of its rounds.
"""

from pathlib import Path

from .. import publishing
from ..publishing import facts_lines, figures_table, plot_line, table
from ..stream.results import Results
from .races import figures

__all__ = ["draw", "to_markdown"]

HOW = """\
The recorded messages, and those of a corpus where there is one, several times over. Contenders take turns within one
run, the first turn not counted; a speed is megabytes of messages in a second of CPU time, the median of the rounds, of
threads in a second of the clock, where SHA-256 of the same octets shows whether two cores were free. libcups and goipp
decode each message and touch every value. A capture has each message as the HTTP response of a connection of its own,
in packets of 1,400 octets."""

OURS = ("values", "to_json", "two threads", "one thread")
OTHERS = "#1f77b4"


def to_markdown(results: Results, plot: str | None) -> str:
    text = ["# Benchmarks of tables", HOW, facts_lines(results)]
    if plot:
        text.append(plot_line(plot))
    text += ["## The figures to reach", figures_table(figures(results))]
    rows = [
        [race.title, name, f"{race.median(name):,.1f} {race.unit}", f"{min(speeds):,.1f} to {max(speeds):,.1f}"]
        for race in results.races
        for name, speeds in race.speeds.items()
    ]
    text += ["## Every race", table(["race", "who", "median", "slowest to fastest"], rows)]
    return "\n\n".join(text) + "\n"


def draw(results: Results, file: Path) -> None:
    def colour(name: str) -> str:
        return publishing.OURS if name.startswith(OURS) else OTHERS

    publishing.bars(results.races, file, columns=2, width=12, height=1.5, colour=colour)
