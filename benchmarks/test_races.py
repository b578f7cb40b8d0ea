"""The benchmarks: every workload with every sample, each contender a parameter.

Rule: the first contender of a race that pytest comes to sets off the whole race, all its contenders taking
turns; each contender's test then hands its own rounds to pytest-benchmark, by a clock that replays what the
worker measured. With --benchmark-disable each test does one iteration instead. Either way a count must be
right for ippfast to pass.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from . import messages, races
from .contenders import IMPORTS, OURS, PURE, Interpreter, Runner, Worker, roster
from .races import Outcome
from .results import Facts
from .workloads import IMPORT, LONG_SAMPLES, MEMORY_SAMPLES, MONITORED, NEW_URI, RACES, SERVED, Workload

BARE = "bare interpreter"


class ReplayedClock:
    """Time as the workers measured it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def reset(self) -> None:
        self.seconds = 0.0


clock = ReplayedClock()


def replayed_time() -> float:
    return clock.seconds


pytestmark = pytest.mark.benchmark(timer=replayed_time)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    ready = [contender.name for contender in roster()[0]]
    held = set(messages.load())
    if metafunc.config.getoption("quick"):
        held -= LONG_SAMPLES
    pairs: list[tuple[str, str]]
    if metafunc.function is test_workload:
        pairs = [(race, name) for race, (_, sample) in RACES.items() if sample in held for name in ready]
        metafunc.parametrize(("race", "contender"), pairs)
    elif metafunc.function is test_import:
        metafunc.parametrize("contender", [BARE, *(name for name in ready if name in IMPORTS)])
    elif metafunc.function is test_memory:
        pairs = [(sample, name) for sample in MEMORY_SAMPLES if sample in held for name in ready]
        metafunc.parametrize(("sample", "contender"), pairs)


@pytest.fixture(scope="session")
def finished() -> dict[str, dict[str, Outcome]]:
    """The races of this run."""
    return {}


def contestants(session: pytest.Session, test: object, **parameters: str) -> list[str]:
    """The contenders whose tests of this race were selected for this run."""
    names: list[str] = []
    for item in session.items:
        if isinstance(item, pytest.Function) and item.function is test:
            given = dict(item.callspec.params)
            name = str(given.pop("contender"))
            if given == parameters:
                names.append(name)
    return names


def run(
    request: pytest.FixtureRequest,
    finished: dict[str, dict[str, Outcome]],
    runners: dict[str, Any],
    race: str,
    workload: Workload,
    files: Sequence[Path],
    contender: str,
) -> Outcome:
    """This contender's outcome of the race; runs the race if it has not been run."""
    if request.config.getoption("benchmark_disable"):
        return races.once(runners[contender], workload.name, workload.option, files)
    if race not in finished:
        pace = races.QUICK if request.config.getoption("quick") else races.FULL
        outcomes = races.race(list(runners.values()), workload.name, workload.option, files, pace)
        finished[race] = dict(zip(runners, outcomes, strict=True))
    return finished[race][contender]


def report(
    request: pytest.FixtureRequest,
    facts: Facts,
    race: str,
    workload: Workload,
    sample: str,
    contender: str,
    outcome: Outcome,
    expected: Sequence[int | None],
) -> None:
    """Hands the rounds to pytest-benchmark, or notes the error."""
    for place, error in outcome.errors.items():
        file = facts.files[sample][place] if sample in facts.files else sample
        facts.errors.append({"race": race, "contender": contender, "file": file, "error": error})
    if outcome.failed:
        return
    benchmark: BenchmarkFixture = request.getfixturevalue("benchmark")
    rounds = iter(outcome.rounds)
    counts = [count for place, count in enumerate(expected) if place not in outcome.errors and count is not None]

    def replay() -> None:
        clock.seconds += next(rounds)

    benchmark.group = race
    benchmark.extra_info.update(
        contender=contender,
        title=workload.title,
        sample=sample,
        iterations=outcome.iterations,
        count=sum(outcome.counts),
        expected=sum(counts) if counts else None,
        by_file=[None if place in outcome.errors else median(series) for place, series in enumerate(outcome.by_file)],
    )
    benchmark.pedantic(replay, setup=clock.reset, rounds=len(outcome.rounds))  # type: ignore[no-untyped-call]


def expected_count(workload: Workload, octets: bytes) -> int | None:
    """What one iteration must count, worked out from the octets alone."""
    if workload.name == "serve":
        return len(SERVED)
    if workload.name == "jobs":
        return 2 * octets.count(b"\x00\x06job-id\x00\x04")
    if workload.name == "touch":
        return messages.count_values(octets)
    if workload.name == "proxy":
        return len(octets) - len("ipp://printer.example/ipp/print") + len(NEW_URI)
    return None if workload.name == "monitor" else len(octets)


def test_workload(
    request: pytest.FixtureRequest,
    facts: Facts,
    workers: dict[str, Worker],
    sample_files: dict[str, dict[str, Path]],
    finished: dict[str, dict[str, Outcome]],
    race: str,
    contender: str,
) -> None:
    workload, sample = RACES[race]
    names = contestants(request.session, test_workload, race=race)
    files = list(sample_files[sample].values())
    outcome = run(request, finished, {name: workers[name] for name in names}, race, workload, files, contender)
    expected = [expected_count(workload, file.read_bytes()) for file in files]
    report(request, facts, race, workload, sample, contender, outcome, expected)
    if contender in (OURS, PURE):
        assert not outcome.errors
        if workload.name == "monitor":
            assert min(outcome.counts) >= len(MONITORED)
        else:
            assert outcome.counts == expected


def test_import(
    request: pytest.FixtureRequest, facts: Facts, finished: dict[str, dict[str, Outcome]], contender: str
) -> None:
    """Time of a whole interpreter that imports the library and ends."""
    ready = {each.name: each for each in roster()[0]}
    runners: dict[str, Runner] = {}
    for name in contestants(request.session, test_import):
        runners[name] = Interpreter() if name == BARE else Interpreter(ready[name], IMPORTS[name])
    outcome = run(request, finished, runners, "import", IMPORT, [Path()], contender)
    report(request, facts, "import", IMPORT, "-", contender, outcome, [None])
    interpreter = runners[contender]
    assert isinstance(interpreter, Interpreter)
    facts.modules[contender] = sorted(interpreter.modules() - Interpreter().modules())
    if contender in (OURS, PURE):
        assert not outcome.errors
        assert "ippfast" in facts.modules[contender]


def test_memory(facts: Facts, sample_files: dict[str, dict[str, Path]], sample: str, contender: str) -> None:
    """Octets that one decoded message holds, in a process of its own."""
    worker = Worker(next(each for each in roster()[0] if each.name == contender))
    (file,) = sample_files[sample].values()
    (result,) = worker.run("memory", 1, "-", [file])
    worker.close()
    facts.memory.append({"sample": sample, "contender": contender, "octets": file.stat().st_size, **result})
    if contender in (OURS, PURE):
        assert result["count"] == messages.count_values(file.read_bytes())
        assert 0 < result["untouched"] <= result["touched"]
