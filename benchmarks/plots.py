"""The plots in docs/benchmarks/, from the JSON of a run.

Rule: a plot answers one question, which is its title; its axes say what they measure and in which unit.
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .results import Results
from .workloads import JOBS

COLOURS = {
    "ippfast": "#d62728",
    "ippfast pure": "#ff9896",
    "libcups": "#1f77b4",
    "goipp": "#17becf",
    "pyipp": "#2ca02c",
    "aioipp": "#98df8a",
    "ippx": "#9467bd",
    "ippserver": "#8c564b",
    "pycups": "#7f7f7f",
}
SPEEDUPS = (
    "serve: print-job",
    "monitor: printer-held",
    "monitor: printer-real",
    "touch all: print-job",
    "touch all: responses-real",
    "touch all: jobs-1000",
    "jobs: jobs-1000",
    "build: print-job",
    "build: jobs-1000",
    "copy: print-job",
    "copy: jobs-1000",
    "proxy: print-job",
)


def _speed(results: Results, axes: Axes) -> bool:
    """Bars of ratios, a group for each workload, a bar for each peer."""
    races = [race for race in SPEEDUPS if results.timing(race, results.ours)]
    peers = [name for name in results.contenders if name != results.ours]
    height = 0.8 / max(1, len(peers))
    for number, peer in enumerate(peers):
        places, values = [], []
        for place, race in enumerate(races):
            ratio = results.ratio(race, peer)
            if ratio is not None:
                places.append(place + (number - (len(peers) - 1) / 2) * height)
                values.append(ratio.value)
        axes.barh(places, values, height, label=peer, color=COLOURS.get(peer))
    axes.axvline(1, color="black", linewidth=1)
    axes.set(
        xscale="log",
        yticks=range(len(races)),
        yticklabels=races,
        xlabel=f"time, as a multiple of {results.ours}'s (log)",
    )
    axes.invert_yaxis()
    axes.set_title(f"How many times longer do the others take than {results.ours}?")
    return bool(races and peers)


def _jobs(results: Results, axes: Axes, title: str, question: str) -> bool:
    drawn = False
    for name in results.contenders:
        points = []
        for sample in JOBS:
            timing = results.timing(f"{title}: {sample}", name)
            if timing is not None:
                points.append((int(sample.removeprefix("jobs-")), timing.median * 1e3))
        if points:
            drawn = True
            axes.plot(*zip(*points, strict=True), marker="o", label=name, color=COLOURS.get(name))
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="jobs in the response (log)",
        ylabel="time, ms (log)",
        title=question,
    )
    return drawn


def _responses(results: Results, axes: Axes) -> bool:
    sizes = results.facts.sizes.get("responses-real", [])
    for name in results.contenders:
        timing = results.timing("touch all: responses-real", name)
        if timing is not None:
            points = [(size, at * 1e6) for size, at in zip(sizes, timing.by_file, strict=True) if at is not None]
            octets, times = zip(*points, strict=True)
            axes.scatter(octets, times, s=9, label=name, color=COLOURS.get(name))
    axes.set(xscale="log", yscale="log", xlabel="size of the response, octets (log)", ylabel="time, µs (log)")
    axes.set_title(f"Decoding and reading every value of {len(sizes)} responses of real printers")
    return bool(sizes)


def _memory(results: Results, axes: Axes) -> bool:
    samples = list(dict.fromkeys(each["sample"] for each in results.facts.memory))
    width = 0.8 / max(1, len(results.contenders))
    for number, name in enumerate(results.contenders):
        places, values = [], []
        for place, sample in enumerate(samples):
            found = results.memory(sample, name)
            if found is not None and "touched" in found:
                places.append(place + (number - (len(results.contenders) - 1) / 2) * width)
                values.append(found["touched"] / found["octets"])
        if values:
            axes.bar(places, values, width, label=name, color=COLOURS.get(name))
    axes.set(xticks=range(len(samples)), xticklabels=samples, ylabel="octets held per octet on the wire")
    axes.set_title("Memory of one decoded message after every value was read")
    return bool(samples)


PLOTS: dict[str, tuple[str, tuple[float, float], Callable[[Results, Axes], bool]]] = {
    "speed.svg": ("Ratios of times", (9, 10), _speed),
    "jobs.svg": (
        "Time by number of jobs",
        (9, 5.5),
        lambda results, axes: _jobs(
            results, axes, "jobs", "Decoding a Get-Jobs response, reading id and state of each job"
        ),
    ),
    "jobs-touched.svg": (
        "Time by number of jobs, every value read",
        (9, 5.5),
        lambda results, axes: _jobs(results, axes, "touch all", "Decoding a Get-Jobs response, reading every value"),
    ),
    "responses.svg": ("Time by size of real responses", (9, 6), _responses),
    "memory.svg": ("Memory of decoded messages", (9, 5), _memory),
}


def draw(results: Results, folder: Path) -> dict[str, str]:
    """Writes the plots; gives their captions by file."""
    mpl.use("svg")
    drawn = {}
    with mpl.rc_context({"svg.hashsalt": "ippfast", "svg.fonttype": "none", "font.size": 10}):
        for file, (caption, size, plot) in PLOTS.items():
            figure: Figure
            figure, axes = plt.subplots(figsize=size, layout="constrained")
            if plot(results, axes):
                axes.grid(True, which="major", alpha=0.3)
                axes.set_axisbelow(True)
                axes.legend(fontsize=8)
                figure.savefig(folder / file, metadata={"Date": None})
                drawn[file] = caption
            plt.close(figure)
    return drawn
