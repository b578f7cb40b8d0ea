"""The table: on the terminal and, the same one, in docs/benchmarks/results.md.

Rule: every contender has a cell in every row. One that cannot do the work has its error there, one that does
less than the others is marked, and both have a numbered note below.
"""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console
from rich.table import Table

from . import targets
from .contenders import NOTES
from .results import Results
from .workloads import RACES, WORKLOADS

ESSENTIAL = (
    "serve: print-job",
    "monitor: printer-held",
    "monitor: printer-real",
    "touch all: responses-real",
    "jobs: jobs-1000",
    "touch all: jobs-1000",
    "build: print-job",
    "build: jobs-1000",
    "copy: jobs-1000",
    "proxy: print-job",
)


@dataclass
class Sheet:
    """A table that does not know yet where it is shown. A cell may have several lines."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)

    @property
    def tall(self) -> bool:
        return any("\n" in cell for row in self.rows for cell in row)

    def rich(self) -> Table:
        table = Table(title=self.title, title_justify="left", show_lines=self.tall)
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("\n", "<br>") for cell in line) + " |" for line in lines)


class Notes:
    """Numbered notes; the same text has the same number."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def number(self, text: str) -> int:
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


def show_time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}" if seconds / scale < 999.5 else f"{seconds / scale:.0f} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def show_ratio(value: float) -> str:
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 99.5 else f"{value:.0f}"


def cell(results: Results, race: str, contender: str, notes: Notes) -> str:
    timing = results.timing(race, contender)
    error = results.error(race, contender)
    if timing is None:
        return f"error [{notes.number(error)}]" if error else "-"
    marks = ""
    if error:
        failed = sum(one is None for one in timing.by_file)
        marks += f" [{notes.number(f'{failed} of {len(timing.by_file)} messages refused, such as: {error}')}]"
    if timing.did_less:
        marks += f" [{notes.number(f'saw {timing.count} values or octets where there are {timing.expected}')}]"
    if contender == results.ours:
        return show_time(timing.median) + marks
    ratio = results.ratio(race, contender)
    if ratio is None:
        return show_time(timing.median) + marks
    spread = f"({show_ratio(ratio.low)} to {show_ratio(ratio.high)})"
    return f"{show_time(timing.median)}{marks}\n{show_ratio(ratio.value)}x\n{spread}"


def times_sheet(results: Results, notes: Notes) -> Sheet:
    sheet = Sheet("Time of one iteration, and how many times ippfast's", ["", *results.contenders])
    for race in results.races:
        if race in RACES:
            sheet.rows.append([race, *(cell(results, race, name, notes) for name in results.contenders)])
    return sheet


def essential_sheet(results: Results, notes: Notes) -> Sheet:
    """For the README: times of ippfast, and how many times faster that is."""
    peers = [name for name in ("libcups", "goipp", "ippx", "ippserver", "pyipp") if name in results.contenders]
    sheet = Sheet("In short", ["", results.ours, *(f"{peer} takes" for peer in peers)])
    for race in ESSENTIAL:
        ours = results.timing(race, results.ours)
        if ours is not None:
            ratios = []
            for peer in peers:
                ratio = results.ratio(race, peer)
                ratios.append(
                    f"{show_ratio(ratio.value)}x" if ratio else "cannot" if results.error(race, peer) else "-"
                )
            sheet.rows.append([race, show_time(ours.median), *ratios])
    return sheet


def responses_sheet(results: Results) -> Sheet:
    """The touch-all race over real responses, message by message."""
    sheet = Sheet(
        "Each real response, every value read: how many times ippfast's time",
        ["", "least", "median", "most", "responses", "of them faster than ippfast"],
    )
    for name in results.contenders:
        ratios = results.ratios_by_file("touch all: responses-real", name)
        if ratios and name != results.ours:
            shown = [f"{show_ratio(value)}x" for value in (min(ratios), median(ratios), max(ratios))]
            sheet.rows.append([name, *shown, str(len(ratios)), str(sum(ratio < 1 for ratio in ratios))])
    return sheet


def import_sheet(results: Results) -> Sheet:
    sheet = Sheet(
        "Importing: a whole interpreter that imports the library and ends",
        ["", "time", "over bare", "modules"],
    )
    bare = results.timing("import", "bare interpreter")
    for (race, name), timing in results.timings.items():
        if race == "import" and bare is not None:
            over = f"{(timing.median - bare.median) * 1e3:.1f} ms" if name != bare.contender else ""
            modules = str(len(results.facts.modules[name])) if name != bare.contender else ""
            sheet.rows.append([name, show_time(timing.median), over, modules])
    return sheet


def memory_sheet(results: Results, notes: Notes) -> Sheet:
    sheet = Sheet(
        "Memory of one decoded message, in octets and times its size on the wire: untouched, touched, peak",
        ["", *results.contenders],
    )
    for sample in dict.fromkeys(each["sample"] for each in results.facts.memory):
        row = [f"{sample}\n{sum(results.facts.sizes[sample])} octets"]
        for name in results.contenders:
            found = results.memory(sample, name)
            if found is None:
                row.append("-")
            elif "error" in found:
                row.append(f"error [{notes.number(found['error'])}]")
            else:
                kinds = ("untouched", "touched", "peak")
                row.append("\n".join(f"{found[kind]} ({found[kind] / found['octets']:.2f}x)" for kind in kinds))
        sheet.rows.append(row)
    return sheet


def targets_sheet(results: Results) -> Sheet:
    figures = targets.figures(results)
    words = {True: "reached", False: "NOT REACHED", None: "not measured"}
    counts = Counter(words[figure.reached] for figure in figures)
    summary = ", ".join(f"{counts[word]} {word}" for word in words.values())
    sheet = Sheet(f"The figures to reach: {summary}", ["", "against", "at least", "found", ""])
    for figure in figures:
        sheet.rows.append([figure.what, figure.against, figure.goal, figure.found, words[figure.reached]])
    return sheet


def facts_lines(results: Results, command: str) -> list[str]:
    document, facts = results.document, results.facts
    cpu = document["machine_info"].get("cpu", {})
    quick = " (a quick run: rough figures)" if facts.quick else ""
    core = f"core {facts.core}, all contenders" if facts.core is not None else "not tied to a core"
    return [
        f"Date: {document['datetime'][:10]}{quick}",
        f"Processor: {cpu.get('brand_raw', 'unknown')}, {core}",
        f"System: {facts.system}, {facts.implementation} {facts.python}",
        f"Command: `{command}`",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in facts.versions.items()),
        *(f"Without {name}: {why}" for name, why in facts.missing.items()),
    ]


HOW = """\
Every contender is a process that times its own loop; all take turns on one core, a few milliseconds each, when the core
is at its full speed, so that noise of the machine hits all alike. A time is the median of the rounds. A ratio is of
medians, in brackets the quartiles of the ratios within single rounds. Python's garbage collector is on, as is Go's.
`build` encodes messages that are freshly made, each once, in all contenders; making them is not timed (`make, build`
times both). libcups writes into memory that it has already, all others into memory of each message's own. Each process
has freed something large before it starts, so that the C library's allocator keeps freed memory, as in a long run.
Memory is what one decoded message holds, before and after a program has read every value once and kept none, and the
most in use while it was decoded, the octets received included. [n] is a note below: an error, or work that a contender
leaves out or does otherwise."""


def workloads_sheet() -> Sheet:
    sheet = Sheet("Workloads", ["", "one iteration"])
    sheet.rows += [[workload.title, workload.about] for workload in WORKLOADS]
    return sheet


def contender_lines(results: Results) -> list[str]:
    return [f"{name}: {NOTES[name]}." for name in results.contenders if name in NOTES]


def to_console(results: Results, command: str, console: Console) -> None:
    notes = Notes()
    sheets = [
        times_sheet(results, notes),
        responses_sheet(results),
        memory_sheet(results, notes),
        import_sheet(results),
        targets_sheet(results),
    ]
    for sheet in sheets:
        if sheet.rows:
            console.print(sheet.rich())
    numbered = [f"[{number}] {text}" for number, text in enumerate(notes.texts, 1)]
    for line in [*numbered, *contender_lines(results), *facts_lines(results, command)]:
        console.print(line, markup=False, highlight=False)


def to_markdown(results: Results, command: str, plots: dict[str, str]) -> str:
    notes = Notes()
    title = f"# Benchmarks on CPython {results.facts.python}"
    parts = [title, HOW, "\n".join(f"- {line}" for line in facts_lines(results, command))]
    sheets = [
        essential_sheet(results, notes),
        targets_sheet(results),
        times_sheet(results, notes),
        responses_sheet(results),
        memory_sheet(results, notes),
        import_sheet(results),
        workloads_sheet(),
    ]
    for sheet in sheets:
        if sheet.rows:
            parts += [f"## {sheet.title}", sheet.markdown()]
    parts += ["## Notes", "\n".join(f"- [{number}] {text}" for number, text in enumerate(notes.texts, 1))]
    parts.append("\n".join(f"- {line}" for line in contender_lines(results)))
    if plots:
        parts += ["## Plots", *(f"![{caption}]({file})" for file, caption in plots.items())]
    return "\n\n".join(parts) + "\n"
