"""Running the ends, each on its core, and other projects' programs beside them.

Rule: whatever is started is ended by its process id, and nobody waits for a line longer than `WITHIN` seconds.
"""

import json
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..contenders import ROOT

__all__ = ["CORES", "RECEIVER", "SENDER", "End", "Failure", "memory", "on_core", "peak_memory"]

WITHIN = 120.0
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
# The end that is judged has a core to itself where there are two.
RECEIVER, SENDER = (str(CORES[0]), str(CORES[-1])) if CORES else ("", "")


class Failure(Exception):
    """An end that ended, or said nothing in time."""


class End:
    """A process of `ends`. Also a context manager.

    port: where it listens, if it does.
    """

    def __init__(self, role: str, *arguments: str, core: str, python: Path | str = sys.executable) -> None:
        self.role = role
        environment = os.environ | {"BENCH_CORE": core, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.stream.ends", role, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.pid = self._process.pid
        try:
            self.port: int = self.read().get("port", 0)
        except Failure:
            self.stop()
            raise

    def read(self) -> dict[str, Any]:
        """The next line that it says. Raises Failure where none comes."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], WITHIN)[0]:
            raise Failure(f"{self.role}: nothing within {WITHIN:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            self._process.kill()
            words = self._process.communicate()[1].decode(errors="replace").strip().splitlines()[-1:]
            raise Failure(": ".join([self.role, *(words or ["it ended"])]))
        found: dict[str, Any] = json.loads(line)
        return found

    def tell(self, *fields: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, fields)).encode() + b"\n")
        self._process.stdin.flush()

    def ask(self, *fields: object) -> dict[str, Any]:
        self.tell(*fields)
        return self.read()

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def on_core(core: str, *command: str | Path) -> list[str | Path]:
    """The command, tied to a core where the system can do that."""
    taskset = shutil.which("taskset")
    return [taskset, "-c", core, *command] if taskset and core else list(command)


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def memory(pid: int) -> int:
    """Octets of a process that are in memory now."""
    return _status(pid, "VmRSS:")


def peak_memory(pid: int) -> int:
    """The most that there were since the last call for this process."""
    peak = _status(pid, "VmHWM:")
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak
