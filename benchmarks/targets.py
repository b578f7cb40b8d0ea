"""The figures to reach, and whether a run reached them.

Rule: a target that covers several messages is reached message by message, each a line of its own; nothing is
averaged. What the run did not measure (a peer or the corpus missing, another Python) is said, not counted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .contenders import OURS, PURE
from .results import Results
from .workloads import MEMORY_SAMPLES, PRINTERS

REAL = "responses-real"
AT_MOST_LINEAR = 1.5  # ten times the octets may take so much more than ten times the time: caches end
SLOW_IMPORTS = ("h11", "asyncio", "ssl", "registry")


@dataclass(frozen=True)
class Figure:
    """One line of the targets: what was to be reached, what was found."""

    what: str
    against: str
    goal: str
    found: str
    reached: bool | None  # None: not measured


@dataclass(frozen=True)
class Faster:
    """`ours` takes at most 1 / `factor` of the peer's time."""

    title: str
    samples: tuple[str, ...]
    peers: tuple[str, ...]
    factor: float
    ours: str = OURS

    def figures(self, results: Results) -> Iterator[Figure]:
        for peer in self.peers:
            for sample in self.samples:
                race = f"{self.title}: {sample}"
                if race not in results.races:
                    continue
                if results.timing(race, self.ours) is None:
                    found, reached = "not measured", None
                elif (ratio := results.ratio(race, peer, self.ours)) is None:
                    found, reached = results.error(race, peer) or f"without {peer}", None
                else:
                    found = f"{ratio.value:.1f}x ({ratio.low:.1f} to {ratio.high:.1f})"
                    reached = ratio.value >= self.factor
                what = race if self.ours == OURS else f"{race}, {self.ours}"
                yield Figure(what, peer, f"{self.factor:g}x faster", found, reached)


def pieces(results: Results) -> Iterator[Figure]:
    """In pieces of 64 octets within three times of one-shot, and linear in the size."""
    per_octet = {}
    for sample in ("print-job", *PRINTERS, "jobs-100", "jobs-1000", "jobs-10000"):
        timing, whole = (
            results.timing(f"pieces of 64: {sample}", OURS),
            results.timing(f"decode: {sample}", OURS),
        )
        if timing and whole:
            times = timing.median / whole.median
            per_octet[sample] = timing.median / sum(results.facts.sizes[sample])
            yield Figure(f"pieces of 64: {sample}", "decode in one", "within 3x", f"{times:.1f}x", times <= 3)
    for smaller, larger in (("jobs-100", "jobs-1000"), ("jobs-1000", "jobs-10000")):
        if smaller in per_octet and larger in per_octet:
            growth = per_octet[larger] / per_octet[smaller]
            yield Figure(
                f"pieces of 64: {larger}",
                smaller,
                "linear in size",
                f"{growth:.2f}x an octet",
                growth <= AT_MOST_LINEAR,
            )


def clients(results: Results) -> Iterator[Figure]:
    """Little more than the standard library's client, which is given a request that was made before."""
    asked, printed = ("state-answer", "http.client, decode", 1.3), ("job-answer", "print by http.client", 1.5)
    for title, (sample, bare, most) in (
        ("client", asked),
        ("client, asyncio", asked),
        ("print", printed),
        ("print, asyncio", printed),
    ):
        timing, least = results.timing(f"{title}: {sample}", OURS), results.timing(f"{bare}: {sample}", OURS)
        if timing and least:
            times = timing.median / least.median
            yield Figure(f"{title}: {sample}", bare, f"within {most:g}x", f"{times:.2f}x", times <= most)


def memory(results: Results) -> Iterator[Figure]:
    for sample in MEMORY_SAMPLES:
        ours, libcups = results.memory(sample, OURS), results.memory(sample, "libcups")
        if ours is None:
            continue
        for state, most in (("untouched", 1.2), ("touched", 12)):
            times = ours[state] / ours["octets"]
            found, reached = f"{times:.2f}x", times <= most
            if libcups is not None and state in libcups:
                found += f" (libcups {libcups[state] / ours['octets']:.2f}x)"
                reached = reached or ours[state] <= libcups[state]
            yield Figure(f"memory, {state}: {sample}", "wire size", f"at most {most:g}x, or libcups'", found, reached)


def imports(results: Results) -> Iterator[Figure]:
    ours, bare = results.timing("import", OURS), results.timing("import", "bare interpreter")
    if ours is None or bare is None:
        return
    over = (ours.median - bare.median) * 1e3
    yield Figure("import", "bare interpreter", "under 15 ms more", f"{over:.1f} ms more", over < 15)
    slow = [name for name in results.facts.modules[OURS] if any(word in name for word in SLOW_IMPORTS)]
    goal = "no h11, asyncio or registry"
    yield Figure("import", "modules", goal, ", ".join(slow) or "none of them", not slow)


SPEED = (
    Faster("serve", ("print-job",), ("libcups",), 8),
    Faster("monitor", PRINTERS, ("libcups",), 50),
    Faster("touch all", (REAL,), ("libcups",), 6),
    Faster("touch all", (REAL,), ("goipp",), 7),
    Faster("touch all", (REAL,), ("ippx",), 60),
    Faster("touch all", (REAL,), ("pyipp", "aioipp"), 100),
    Faster("jobs", ("jobs-1000",), ("libcups",), 35),
    Faster("touch all", ("print-job",), ("libcups",), 3),
    Faster("touch all", ("jobs-1000",), ("libcups",), 4),
    Faster("build", ("request", "print-job", *PRINTERS, "jobs-1000"), ("libcups",), 1),
    Faster("build", ("request", "print-job", *PRINTERS, "jobs-1000"), ("goipp",), 12),
    Faster("build", ("request", "print-job", *PRINTERS, "jobs-1000"), ("ippx", "ippserver"), 80),
    Faster("copy", ("print-job", *PRINTERS, "jobs-1000"), ("libcups",), 10),
    Faster("proxy", ("print-job",), ("libcups",), 10),
    Faster("touch all", (REAL,), ("pyipp", "ippx"), 3, PURE),
)


def figures(results: Results) -> list[Figure]:
    """Every target's lines, of the races that there were."""
    found: list[Figure] = []
    for target in SPEED:
        found += target.figures(results)
    others: tuple[Callable[[Results], Iterator[Figure]], ...] = (pieces, clients, memory, imports)
    for other in others:
        found += other(results)
    return found
