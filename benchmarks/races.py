"""Races: contenders taking turns at one workload on the same messages.

Rule: a round is a few milliseconds of each contender, one after the other, and the next round begins with another one.
So what disturbs the machine for long disturbs all alike. What disturbs it for short, another program or a neighbour on
the same processor, is waited out: a contender is measured when it has the core at full speed, as far as can be had.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter_ns, sleep
from typing import Any

from .contenders import Runner

NANO = 1e-9
FILES_AT_ONCE = 16  # of a race over many files: a few milliseconds of them


@dataclass(frozen=True)
class Pace:
    """How long a race takes."""

    rounds: int
    round_seconds: float  # of one contender's loop in one round
    round_of_many: float  # the same, where the loop is done over many files
    most_seconds: float  # a contender slower than that in all its rounds stops early, after `least_rounds`
    patience: float  # seconds that may be lost to disturbances of the machine
    least_rounds: int = 3


FULL = Pace(rounds=25, round_seconds=0.005, round_of_many=0.06, most_seconds=5, patience=15)
QUICK = Pace(rounds=9, round_seconds=0.002, round_of_many=0.03, most_seconds=1.5, patience=3)


class Core:
    """The speed of this process' core, told by a loop of some 50 microseconds that is always the same.

    patience: seconds that may be lost by waiting for full speed and by doing again what was disturbed. Where the
    machine is never quiet, the rest is measured as it comes.
    """

    SLOW = 1.2  # times its best
    TRIES = 4
    SHARED = 0.25  # of the time measured: so long may a runner have waited for others, this process among them

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._best = min(self._time() for _ in range(100))

    def _time(self) -> int:
        start = perf_counter_ns()
        for _ in range(2000):
            pass
        return perf_counter_ns() - start

    def _is_slow(self) -> bool:
        time = min(self._time(), self._time())
        self._best = min(self._best, time)
        return time > self.SLOW * self._best

    def at_full_speed(
        self, runner: Runner, workload: str, iterations: int, option: str, files: Sequence[Path]
    ) -> list[dict[str, Any]]:
        """Runs when the core is fast; again where it did not stay so, or others had it meanwhile."""
        for _ in range(self.TRIES):
            while self._patience > 0 and self._is_slow():
                self._patience -= 0.01
                sleep(0.01)
            waited, start = runner.waited(), monotonic()
            results = runner.run(workload, iterations, option, files)
            waited = runner.waited() - waited
            shared = waited > self.SHARED * sum(result.get("ns", 0) for result in results)
            if self._patience <= 0 or not (shared or self._is_slow()):
                break
            self._patience -= monotonic() - start
        return results


@dataclass
class Outcome:
    """What one contender did in one race."""

    iterations: int = 0
    rounds: list[float] = field(default_factory=list)  # seconds of one iteration over all files it can do
    by_file: list[list[float]] = field(default_factory=list)  # for each file, the same
    counts: list[int] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)  # by place of the file

    @property
    def failed(self) -> bool:
        return not self.rounds

    def add(self, iterations: int, results: list[dict[str, Any]]) -> None:
        """One round, as the worker reported it."""
        self.iterations = iterations
        self.errors = {place: result["error"] for place, result in enumerate(results) if "error" in result}
        self.counts = [result.get("count", 0) for result in results]
        seconds = [result.get("ns", 0) * NANO / iterations for result in results]
        if len(self.errors) < len(results):
            self.rounds.append(sum(seconds))
            self.by_file = self.by_file or [[] for _ in results]
            for series, value in zip(self.by_file, seconds, strict=True):
                series.append(value)


def once(runner: Runner, workload: str, option: str, files: Sequence[Path]) -> Outcome:
    """One iteration."""
    outcome = Outcome()
    outcome.add(1, runner.run(workload, 1, option, files))
    return outcome


def race(runners: Sequence[Runner], workload: str, option: str, files: Sequence[Path], pace: Pace) -> list[Outcome]:
    """Each runner's outcome, its rounds paired with the others' by their place."""
    core = Core(pace.patience)
    round_seconds = pace.round_seconds if len(files) == 1 else pace.round_of_many
    iterations: dict[Runner, int] = {}
    outcomes = {runner: Outcome() for runner in runners}
    for runner in runners:
        first = once(runner, workload, option, files)
        if first.failed:
            outcomes[runner] = first
            continue
        # The first call is slow (caches, page faults), so a second, longer one sets the number of iterations.
        guess = max(1, min(1000, int(round_seconds / 4 / first.rounds[0])))
        first.add(guess, runner.run(workload, guess, option, files))
        iterations[runner] = max(1, min(1_000_000, int(round_seconds / first.rounds[-1])))
    running = list(iterations)
    for number in range(pace.rounds):
        first_in_round = number % max(1, len(running))
        for runner in running[first_in_round:] + running[:first_in_round]:
            results: list[dict[str, Any]] = []
            for at in range(0, len(files), FILES_AT_ONCE):
                batch = files[at : at + FILES_AT_ONCE]
                results += core.at_full_speed(runner, workload, iterations[runner], option, batch)
            outcomes[runner].add(iterations[runner], results)
        for runner in list(running):
            spent = sum(outcomes[runner].rounds) * iterations[runner]
            if number + 1 >= pace.least_rounds and spent > pace.most_seconds:
                running.remove(runner)
    return [outcomes[runner] for runner in runners]
