"""``python -m benchmarks.columns``: tables against decode and walk, libcups, goipp, tshark and pyarrow.

--once          everything a single time, to see that nothing is broken; nothing is written
--quick         fewer rounds, fewer messages: rough figures
--memory        also what a capture of 4 GiB takes of memory: some minutes, and the room on disk
--report FILE   table and plot again from the JSON of an earlier run
"""

import argparse
import json
import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import ippfast

from ..contenders import ROOT
from ..stream.__main__ import processor
from ..stream.results import Results
from . import races, report

DOCS = ROOT / "docs" / "benchmarks"


def facts(size: str) -> dict[str, object]:
    return {
        "date": datetime.now(tz=UTC).strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": f"{os.getloadavg()[0]:.2f}",
        "system": platform.platform(),
        "command": shlex.join(["python", "-m", "benchmarks.columns", *sys.argv[1:]]),
        "versions": {
            "ippfast": f"{ippfast.__version__} ({ippfast.IMPLEMENTATION})",
            "CPython": platform.python_version(),
            "pyarrow": version("pyarrow"),
        },
        "size": size,
    }


def publish(results: Results) -> None:
    (DOCS / "columns.json").write_text(json.dumps(results.as_json(), indent=1) + "\n")
    report.draw(results, DOCS / "columns.svg")
    (DOCS / "columns.md").write_text(report.to_markdown(results, "columns.svg"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.columns", description="Tables against their peers.")
    parser.add_argument("--once", action="store_true", help="everything a single time, nothing written")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, fewer messages: rough figures")
    parser.add_argument("--memory", action="store_true", help="also the memory for a capture of 4 GiB")
    parser.add_argument("--report", type=Path, metavar="FILE", help="table and plot from an earlier run's JSON")
    options = parser.parse_args()
    if options.report:
        publish(Results.from_json(json.loads(options.report.read_text())))
        return 0
    size = "once" if options.once else "quick" if options.quick else "full"
    before = facts(size)
    results = races.run(size, lambda line: print(line, flush=True))
    if options.memory:
        results.memory.append(races.memory())
    results.facts = before
    print(report.to_markdown(results, None))
    if not options.once:
        publish(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
