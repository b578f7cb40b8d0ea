"""The table and the plot of the raster benchmarks, from the JSON of a run.

Rule: ratios first, for they are what can be compared; each speed with the spread of its rounds.
"""

from pathlib import Path

from .. import publishing
from ..publishing import facts_lines, figures_table, plot_line, table
from ..stream.results import Results
from .documents import ALIKE, BARE, GHOSTSCRIPT, PDFTOPPM, SHARP, SMOOTHED, TEXT
from .races import LIBCUPS, OURS, PURE, figures

__all__ = ["draw", "to_markdown"]

HOW = """\
A page of A4 at 300 dots per inch is made from its pixels and read again. Each contender writes to nowhere and reads
from memory, in turns within one run, the first turn not counted; a speed is pages in a second of the process' own CPU
time, the median of the rounds. All take 512 lines at once. Each gives as many at once as is best for it on a blank
page: libcups writes 4 into the caller's buffer, which stays in the nearest cache; ippfast lends 768 KiB of its own, in
which it does not write again what is there already. Of a whole PDF the clock counts, from the start of a program to
its end."""

NOT_ALIKE = """\
Ghostscript draws letters of black and white alone, if it is not told to smooth them, and the others smooth. Here are
those who draw the same, and pdfium alone: two processes that load and draw the pages in turns, and neither encode nor
write them, so that no converter with pdfium is faster."""

COLOURS = {
    OURS: publishing.OURS,
    SHARP: publishing.OURS,
    PURE: "#ff9896",
    LIBCUPS: "#1f77b4",
    GHOSTSCRIPT: "#2ca02c",
    SMOOTHED: "#2ca02c",
    PDFTOPPM: "#9467bd",
    BARE: "#7f7f7f",
}


def to_markdown(results: Results, plot: str | None) -> str:
    text = ["# Benchmarks of raster", HOW, facts_lines(results)]
    if plot:
        text.append(plot_line(plot))
    text += ["## The figures to reach", figures_table(figures(results))]
    text += ["## PDFs of text, drawn alike", NOT_ALIKE, table(["who", "against", "found"], _alike(results))]
    rows = [
        [race.title, name, f"{1000 / (race.median(name) or 1):,.2f} ms", f"{race.median(name):,.1f} {race.unit}",
         f"{min(speeds):,.1f} to {max(speeds):,.1f}"]
        for race in results.races
        for name, speeds in race.speeds.items()
    ]  # fmt: skip
    text += ["## Every race", table(["race", "who", "a page", "median", "slowest to fastest"], rows)]
    return "\n\n".join(text) + "\n"


def _alike(results: Results) -> list[list[str]]:
    race = results.race(TEXT)
    ratios = {pair: race and race.ratio(*pair) for pair in ALIKE}
    return [[*pair, f"{ratio:.2f}x" if ratio else "not measured"] for pair, ratio in ratios.items()]


def draw(results: Results, file: Path) -> None:
    publishing.bars(results.races, file, columns=4, width=13, height=1.7, colour=COLOURS.__getitem__)
