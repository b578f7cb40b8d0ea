"""What one run of the transport's benchmarks found, as JSON, and the figures that it has to reach.

Rule: the JSON is the one source of table and plot. A figure that was not measured is said, not counted.
"""

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Figure", "Race", "Results"]

MEBIBYTE = 1024 * 1024
MEMORY_LIMIT = 16 * MEBIBYTE


@dataclass
class Race:
    """One thing that contenders do in turns. speeds: of each round, in `unit`; errors: of those that could not."""

    title: str
    unit: str
    speeds: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def median(self, name: str) -> float | None:
        found = self.speeds.get(name)
        return statistics.median(found) if found else None

    def ratio(self, name: str, other: str) -> float | None:
        ours, theirs = self.median(name), self.median(other)
        return ours / theirs if ours and theirs else None


@dataclass
class Results:
    """A whole run.

    memory: for each transfer who, what, the octets sent, those of each end's memory when it was idle, and how many more
    at its peak. scale: what other libraries need for one upload. crowd: many connections at once.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    races: list[Race] = field(default_factory=list)
    memory: list[dict[str, Any]] = field(default_factory=list)
    crowd: list[dict[str, Any]] = field(default_factory=list)
    scale: list[dict[str, Any]] = field(default_factory=list)

    def race(self, title: str) -> Race | None:
        return next((race for race in self.races if race.title == title), None)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Results":
        races = [Race(**each) for each in document["races"]]
        return cls(**(document | {"races": races}))


@dataclass(frozen=True)
class Figure:
    """One line of the figures to reach. reached: None where it was not measured."""

    what: str
    against: str
    goal: str
    found: str
    reached: bool | None


SHELLS = ("threads", "asyncio")

# Race, whom of us, against whom, and how many times its speed at least.
GOALS: list[tuple[str, tuple[str, ...], str, float]] = [
    ("receive, Content-Length", SHELLS, "bare recv_into", 0.85),
    ("receive, chunks of 64 KiB", SHELLS, "bare recv_into", 0.75),
    ("receive, chunks of 8 KiB", SHELLS, "bare recv_into", 0.5),
    ("receive, chunks of 1 KiB", SHELLS, "h11", 10.0),
    ("receive into a file", SHELLS, "ippeveprinter", 2.0),
    ("send a file", SHELLS, "bare sendfile", 0.9),
    ("send a file", SHELLS, "ipptool", 2.0),
    ("send pieces of 64 KiB, chunked", SHELLS, "bare sendall", 0.8),
    ("send pieces of 4 KiB, chunked", SHELLS, "bare sendall", 0.8),
    ("Get-Printer-Attributes", SHELLS, "ippeveprinter", 1.0),
]


def figures(results: Results) -> list[Figure]:
    found = []
    for title, names, other, goal in GOALS:
        race = results.race(title)
        for name in names:
            if race is None or name not in race.speeds.keys() | race.errors.keys():
                continue
            ratio = race.ratio(name, other)
            wrong = race.errors.get(name) or race.errors.get(other)
            shown = f"{ratio:.2f}x" if ratio is not None else (wrong or f"without {other}")
            reached = None if ratio is None else ratio >= goal
            found.append(Figure(f"{title}: {name}", other, f"{goal:g}x", shown, reached))
    for each in results.memory:
        if "error" in each:
            found.append(Figure(f"memory, {each['what']}: {each['who']}", "idle", "+16 MiB", each["error"], None))
            continue
        for end in ("sender", "receiver"):
            more = each[end]["more"]
            title = f"memory, {each['octets'] / 2**30:g} GiB, {each['what']}: {each['who']}, {end}"
            shown = f"+{more / MEBIBYTE:.1f} MiB"
            found.append(Figure(title, "idle process", "+16 MiB", shown, more <= MEMORY_LIMIT))
    for each in results.crowd:
        title = f"{each['idle']:,} idle connections, {each['streams']} stream: {each['who']}"
        if "error" in each:
            found.append(Figure(title, "", "all served", each["error"], None))
            continue
        everyone = each["idle"] + each["streams"]
        shown = f"{each['served']:,} of {everyone:,}"
        found.append(Figure(title, "", "all served", shown, each["served"] == everyone))
    return found
