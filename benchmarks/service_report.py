"""The table and the plot of `benchmarks.service`.

The rule of this file: a goal is a share of which 1 is all, however it is measured, so that one axis has them all.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .contenders import ROOT

__all__ = ["Results", "Row", "publish"]

DOCS = ROOT / "docs" / "benchmarks"


@dataclass
class Row:
    """One figure. against: what it is compared with; ratio: to that. goal: in words; share: how much of it is met, from
    1 on wholly."""

    measure: str
    found: str
    against: str = ""
    ratio: str = ""
    goal: str = ""
    share: float = 1.0

    @property
    def reached(self) -> bool:
        """Whether the goal is met."""
        return self.share >= 1.0


@dataclass
class Results:
    """A whole run."""

    facts: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def markdown(self) -> str:
        """The table."""
        lines = ["| measure | found | against | ratio | to reach | |", "| --- | ---: | ---: | ---: | ---: | --- |"]
        for row in self.rows:
            word = "reached" if row.reached else "**not reached**"
            cells = (row.measure, row.found, row.against, row.ratio, row.goal, word)
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)


def _draw(results: Results) -> None:
    """How much of each goal is reached."""
    import matplotlib as mpl  # not at the head: the processes whose memory is measured load this file, too
    from matplotlib import pyplot as plt

    mpl.use("svg")
    with mpl.rc_context({"svg.hashsalt": "ippfast", "svg.fonttype": "none", "font.size": 9}):
        figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
        names = [f"{row.measure}: {row.goal}" for row in results.rows]
        colours = ["#2ca02c" if row.reached else "#d62728" for row in results.rows]
        bars = axes.barh(names, [row.share for row in results.rows], color=colours)
        axes.bar_label(bars, [row.found for row in results.rows], padding=3, fontsize=8)
        axes.axvline(1, color="black", linewidth=1)
        axes.set(xscale="log", xlabel="share of what is to be reached (log): from 1 on it is")
        axes.margins(x=0.25)
        axes.invert_yaxis()
        axes.set_title("How much of what is to be reached is there?")
        figure.savefig(DOCS / "service.svg", metadata={"Date": None})
        plt.close(figure)


def publish(results: Results) -> None:
    """Write both, and what they are made of."""
    facts = results.facts
    _draw(results)
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / "service.json").write_text(json.dumps(asdict(results), indent=1) + "\n")
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    (DOCS / "service.md").write_text(
        "# Benchmarks of the print service\n\n"
        "A front end, the database or the object store, and who asks them share the cores of one machine; what is\n"
        "compared takes turns within one run, the first turn not counted, and a figure is the median of the rounds.\n"
        "Bare SQL is one function call a job, in a transaction: a counter with its limit, the job, its document's\n"
        "row, its events, without the document's octets, which the front end puts into the database too.\n"
        "PostgreSQL waits for the disk.\n\n"
        f"- Date: {facts['date']}\n- Processor: {facts['processor']}, {facts['cores']} cores;"
        f" load before the run {facts['load']}\n"
        f"- System: {facts['system']}\n- Command: `make bench-service`\n- Versions: {versions}\n\n"
        "![How much of what is to be reached is there, for each figure](service.svg)\n\n"
        f"{results.markdown()}\n"
    )
