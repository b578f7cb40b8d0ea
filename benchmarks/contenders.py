"""Who takes part, and what each needs: a compiled worker, or a virtual environment with the library in it.

Rule: nothing but ippfast itself is required. `prepare` builds what it can under build/bench-peers/ and says
what it could not; `roster` lists the contenders that are ready, without building anything.
"""

import importlib.util
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
READY = ROOT / "build" / "bench-peers"
PYTHON = f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"

OURS = "ippfast"
PURE = "ippfast pure"
ANSWER_WITHIN = 60  # seconds that a worker may take for one line

# The PyPI requirement of each Python peer, and the adapter that drives it.
PYTHON_PEERS = {
    "pyipp": ("pyipp==0.17.2", "pyipp"),
    "aioipp": ("aioipp", "pyipp"),
    "ippx": ("ippx", "ippx"),
    "ippserver": ("ippserver", "ippserver"),
    "pycups": ("pycups", "pycups"),
}
IMPORTS = {
    OURS: "ippfast",
    PURE: "ippfast",
    "pyipp": "pyipp",
    "aioipp": "pyipp",
    "ippx": "ippx",
    "ippserver": "ippserver.request",
    "pycups": "cups",
}
NOTES = {
    "libcups": "C; build starts from C structs and writes into memory that is ready",
    "goipp": "Go; jobs of one message run together into one group",
    "pyipp": "drops tags, languages, out-of-band values and repeated members; its encoder writes requests, "
    "and only the attributes that its table of names has",
    "aioipp": "as pyipp",
    "ippx": "drops languages; no collections in its encoder",
    "ippserver": "leaves values raw octets; jobs of one message run together, collections fall apart",
    "pycups": "libcups behind a Python callback for each read; shows no attributes of several groups",
}


@dataclass(frozen=True)
class Contender:
    """A worker that is ready to run."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> str | None:
        """The interpreter that the library is imported into, where it is a Python library."""
        return self.command[0] if self.name in IMPORTS else None


def worker(python: Path | str, adapter: str) -> tuple[str, ...]:
    return str(python), "-m", "benchmarks.peers.python_worker", adapter


def peer_python(name: str) -> Path:
    return READY / f"{name}-{PYTHON}" / ("Scripts" if os.name == "nt" else "bin") / "python"


def roster() -> tuple[list[Contender], dict[str, str]]:
    """The contenders that are ready, ippfast first, and of those that are missing, why."""
    ready, missing = [], {}
    at_root = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    if importlib.util.find_spec("ippfast._codec") is None:
        missing[OURS] = "the extension is not built"
    else:
        ready.append(Contender(OURS, worker(sys.executable, "ippfast"), at_root))
    ready.append(Contender(PURE, worker(sys.executable, "ippfast"), at_root | {"IPPFAST_PURE": "1"}))
    for name, needs in (
        ("libcups", "cc and libcups2-dev"),
        ("goipp", "go and golang-github-openprinting-goipp-dev"),
    ):
        if (READY / name).exists():
            ready.append(Contender(name, (str(READY / name),)))
        else:
            missing[name] = f"not built; it needs {needs}"
    for name, (requirement, adapter) in PYTHON_PEERS.items():
        if (READY / f"{name}-{PYTHON}" / "complete").exists():
            ready.append(Contender(name, worker(peer_python(name), adapter), at_root))
        else:
            missing[name] = f"{requirement} is not installed"
    return ready, missing


def run_quietly(*command: str | Path, **environment: str) -> str | None:
    """What went wrong, or None."""
    try:
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=600
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        return (done.stderr or done.stdout).strip().splitlines()[-1:][0] if done.stderr or done.stdout else "it failed"
    return None


def prepare() -> Iterator[str]:
    """Build what is not there yet; yields a line for each step and each contender that has to stay away."""
    yield from prepare_compiled()
    yield from install(*PYTHON_PEERS)


def prepare_compiled() -> Iterator[str]:
    """Build those that are no Python; lines as `prepare` gives them."""
    READY.mkdir(parents=True, exist_ok=True)
    yield from _compile("libcups", [PEERS / "libcups_bench.c"], _compile_libcups)
    yield from _compile("goipp", [PEERS / "goipp_bench" / "main.go"], _compile_goipp)


def install(*names: str) -> Iterator[str]:
    """Install these of `PYTHON_PEERS`; lines as `prepare` gives them."""
    READY.mkdir(parents=True, exist_ok=True)
    for name in names:
        requirement, _adapter = PYTHON_PEERS[name]
        home = READY / f"{name}-{PYTHON}"
        if (home / "complete").exists():
            continue
        yield f"{name}: installing {requirement}"
        wrong = run_quietly(sys.executable, "-m", "venv", home) or run_quietly(
            peer_python(name), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement
        )
        if wrong:
            shutil.rmtree(home, ignore_errors=True)
            yield f"{name}: stays away ({wrong})"
        else:
            (home / "complete").touch()


def _compile(name: str, sources: list[Path], compiler: Any) -> Iterator[str]:
    binary = READY / name
    if binary.exists() and all(binary.stat().st_mtime > source.stat().st_mtime for source in sources):
        return
    yield f"{name}: compiling"
    binary.unlink(missing_ok=True)
    wrong = compiler(sources[0], binary)
    if wrong:
        yield f"{name}: stays away ({wrong})"


def _compile_libcups(source: Path, binary: Path) -> str | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return "no C compiler"
    return run_quietly(compiler, "-O2", "-Wall", "-o", binary, source, "-lcups")


def _compile_goipp(source: Path, binary: Path) -> str | None:
    """Debian keeps Go libraries under /usr/share/gocode, where only the old GOPATH mode looks."""
    go = shutil.which("go")
    if go is None:
        return "no Go compiler"
    packaged = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "golang-github-openprinting-goipp-dev"],
        capture_output=True, text=True, check=False,
    ) if shutil.which("dpkg-query") else None  # fmt: skip
    version = packaged.stdout.strip() if packaged and packaged.stdout else "?"
    return run_quietly(
        go, "build", "-ldflags", f"-X main.goippVersion={version}", "-o", binary, source,
        GO111MODULE="off", GOPATH="/usr/share/gocode", GOFLAGS="",
    )  # fmt: skip


class Runner(Protocol):
    """What can take part in a race."""

    def run(self, workload: str, iterations: int, option: str, files: Sequence[Path]) -> list[dict[str, Any]]:
        """One result for each file: {"ns": ..., "count": ...} or {"error": ...}."""

    def waited(self) -> int:
        """Nanoseconds in all that the runner was ready but another program had the core, where the system tells."""


class Interpreter:
    """A Python that starts, imports one library (or none) and ends; the runner of the import race."""

    def __init__(self, contender: Contender | None = None, module: str | None = None) -> None:
        self._python = (contender and contender.python) or sys.executable
        # Byte code must be kept for what is timed, wherever this process keeps its own.
        environment = os.environ | {"PYTHONPYCACHEPREFIX": str(READY / "pycache")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self._environment = environment | (contender.environment if contender else {})
        self._import = f"import {module}" if module else "pass"

    def _start(self, code: str) -> str:
        return subprocess.run(
            [self._python, "-c", code], env=self._environment, check=True, capture_output=True, text=True
        ).stdout

    def run(self, workload: str, iterations: int, option: str, files: Sequence[Path]) -> list[dict[str, Any]]:
        start = perf_counter_ns()
        for _ in range(iterations):
            self._start(self._import)
        return [{"ns": perf_counter_ns() - start, "count": 0}]

    def waited(self) -> int:
        return 0  # each is a process of its own, which is gone

    def modules(self) -> set[str]:
        """The names of all modules that are loaded after the import."""
        return set(self._start(f"{self._import}\nimport sys\nprint(*sys.modules)").split())


def describe_exit(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


class Worker:
    """A running contender. What it cannot do, or does not survive, is an error in its results."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self._process: subprocess.Popen[bytes] | None = None

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.contender.command,
            env=os.environ | self.contender.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,  # a few lines at its end, if any
        )

    def _ask(self, *fields: object) -> dict[str, Any]:
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\t".join(map(str, fields)).encode() + b"\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], ANSWER_WITHIN)[0]:
            self.close()
            return {"error": f"no answer in {ANSWER_WITHIN} s"}
        line = process.stdout.readline()
        if not line:
            words = self.close()
            return {"error": ": ".join([f"crashed ({describe_exit(process.returncode)})", *words[-1:]])}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def version(self) -> str:
        answer = self._ask("version")
        return str(answer.get("version") or answer["error"])

    def run(self, workload: str, iterations: int, option: str, files: Sequence[Path]) -> list[dict[str, Any]]:
        """One result for each file: {"ns": ..., "count": ...} or {"error": ...}."""
        answer = self._ask(workload, iterations, option, *files)
        if "error" in answer and len(files) > 1:  # it did not survive one of them: which?
            return [self.run(workload, iterations, option, [file])[0] for file in files]
        if "error" in answer:
            return [{"error": answer["error"]}]
        results: list[dict[str, Any]] = answer["results"]
        return results

    def waited(self) -> int:
        return self._scheduled(1)

    def worked(self) -> int:
        """Nanoseconds in all that the runner had a core, where the system tells."""
        return self._scheduled(0)

    def _scheduled(self, place: int) -> int:
        if self._process is None:
            return 0
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[place]) for thread in threads)

    def close(self) -> list[str]:
        """End the process, which ends by itself at the end of its input unless it hangs; gives its last words."""
        process, self._process = self._process, None
        if process is None:
            return []
        try:
            _, said = process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
        return said.decode(errors="replace").strip().splitlines()
