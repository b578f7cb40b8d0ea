"""What the benchmarks share: roster, sample files, one core for all, the extra parts of the JSON."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import contenders, messages
from .contenders import Worker
from .results import Facts

FACTS = pytest.StashKey[Facts]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="short races, for a first look")


def pytest_configure(config: pytest.Config) -> None:
    """Ties this process, and so every worker, to one core. One thing runs at a time."""
    _, missing = contenders.roster()
    facts = Facts(
        missing=missing,
        python=platform.python_version(),
        system=platform.platform(terse=True),
        implementation=platform.python_implementation(),
    )
    facts.quick = config.getoption("quick")
    if hasattr(os, "sched_setaffinity"):
        facts.core = max(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {facts.core})
    config.stash[FACTS] = facts


def pytest_report_header(config: pytest.Config) -> list[str]:
    facts = config.stash[FACTS]
    lines = [
        f"benchmarks: on core {facts.core}"
        if facts.core is not None
        else "benchmarks: this system ties no process to a core"
    ]
    return lines + [f"benchmarks: without {name}: {why}" for name, why in facts.missing.items()]


def pytest_benchmark_update_json(config: pytest.Config, benchmarks: object, output_json: dict[str, Any]) -> None:
    output_json["ippfast"] = config.stash[FACTS].as_json()


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    machine_info.pop("node", None)  # the name of somebody's machine is nobody's business


def pytest_benchmark_update_commit_info(config: pytest.Config, commit_info: dict[str, Any]) -> None:
    for name in ("project", "branch"):  # nor are those of somebody's folder and branch
        commit_info.pop(name, None)


@pytest.fixture(scope="session")
def facts(pytestconfig: pytest.Config) -> Facts:
    return pytestconfig.stash[FACTS]


@pytest.fixture(scope="session")
def workers(facts: Facts) -> Iterator[dict[str, Worker]]:
    """A running worker for each contender that is ready."""
    ready, _ = contenders.roster()
    running = {contender.name: Worker(contender) for contender in ready}
    facts.versions = {name: worker.version() for name, worker in running.items()}
    yield running
    for worker in running.values():
        worker.close()


@pytest.fixture(scope="session")
def sample_files(tmp_path_factory: pytest.TempPathFactory, facts: Facts) -> dict[str, dict[str, Path]]:
    """The samples as files, as workers read them: for each sample, the file of each message in it."""
    folder = tmp_path_factory.mktemp("samples")
    files: dict[str, dict[str, Path]] = {}
    for sample, parts in messages.load().items():
        files[sample] = {}
        facts.files[sample] = list(parts)
        facts.sizes[sample] = [len(octets) for octets in parts.values()]
        for number, (name, octets) in enumerate(parts.items()):
            path = folder / f"{sample}-{number}.ipp"
            path.write_bytes(octets)
            files[sample][name] = path
    return files
