"""What one run found: the facts that pytest-benchmark's JSON carries for us, and the reading of that JSON.

Rule: the JSON is the one source. Tables, plots and targets are made from it alone, at any time after the run.
"""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .contenders import OURS, PURE


@dataclass
class Facts:
    """What the JSON says beside the timings."""

    missing: dict[str, str]
    python: str
    system: str
    implementation: str
    core: int | None = None
    quick: bool = False
    command: str = "pytest benchmarks"
    versions: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)  # the messages of each sample
    sizes: dict[str, list[int]] = field(default_factory=dict)  # of those messages, in octets
    errors: list[dict[str, str]] = field(default_factory=list)  # race, contender, error
    memory: list[dict[str, Any]] = field(default_factory=list)  # sample, contender, untouched, touched, peak
    modules: dict[str, list[str]] = field(default_factory=dict)  # that `import` loads beyond a bare interpreter's

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Ratio:
    """How many times faster, and between which quartiles of the rounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Timing:
    """One contender in one race; times in seconds for one iteration."""

    contender: str
    race: str
    title: str
    sample: str
    median: float
    rounds: list[float]
    by_file: list[float | None]
    count: int
    expected: int | None

    @property
    def did_less(self) -> bool:
        return self.expected is not None and self.count != self.expected


class Results:
    """One run. A race is named by the workload's title and the sample: ``serve: print-job``."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.facts = Facts(**document["ippfast"])
        self.timings: dict[tuple[str, str], Timing] = {}
        self.races: dict[str, None] = {}
        for benchmark in document["benchmarks"]:
            info, stats = benchmark["extra_info"], benchmark["stats"]
            timing = Timing(
                contender=info["contender"],
                race=benchmark["group"],
                title=info["title"],
                sample=info["sample"],
                median=stats["median"],
                rounds=stats["data"],
                by_file=info["by_file"],
                count=info["count"],
                expected=info["expected"],
            )
            self.timings[timing.race, timing.contender] = timing
            self.races[timing.race] = None

    @classmethod
    def read(cls, path: Path) -> "Results":
        return cls(json.loads(path.read_text()))

    @property
    def contenders(self) -> list[str]:
        return list(self.facts.versions)

    @property
    def ours(self) -> str:
        """The compiled twin, or the pure one where the extension is not built."""
        return OURS if OURS in self.facts.versions else PURE

    def timing(self, race: str, contender: str) -> Timing | None:
        return self.timings.get((race, contender))

    def error(self, race: str, contender: str) -> str | None:
        """What this contender said to the first message of the race that it could not do."""
        for each in self.facts.errors:
            if each["race"] == race and each["contender"] == contender:
                return each["error"]
        return None

    def ratio(self, race: str, contender: str, ours: str | None = None) -> Ratio | None:
        """How many times longer `contender` takes than `ours`, over the messages that both can do."""
        theirs, us = self.timing(race, contender), self.timing(race, ours or self.ours)
        if theirs is None or us is None:
            return None
        both = [
            (one, other)
            for one, other in zip(theirs.by_file, us.by_file, strict=True)
            if one is not None and other is not None
        ]
        if len(both) < len(us.by_file):
            value = sum(one for one, _ in both) / sum(other for _, other in both)
            low, _, high = statistics.quantiles(theirs.rounds, n=4)
            return Ratio(value, value * low / theirs.median, value * high / theirs.median)
        paired = [one / other for one, other in zip(theirs.rounds, us.rounds, strict=False)]
        low, _, high = statistics.quantiles(paired, n=4) if len(paired) > 1 else (paired[0],) * 3
        return Ratio(theirs.median / us.median, low, high)

    def ratios_by_file(self, race: str, contender: str) -> list[float]:
        """The ratio for each message that both can do."""
        theirs, us = self.timing(race, contender), self.timing(race, self.ours)
        if theirs is None or us is None:
            return []
        pairs = zip(theirs.by_file, us.by_file, strict=True)
        return [one / other for one, other in pairs if one is not None and other is not None]

    def memory(self, sample: str, contender: str) -> dict[str, Any] | None:
        for each in self.facts.memory:
            if each["sample"] == sample and each["contender"] == contender:
                return each
        return None
