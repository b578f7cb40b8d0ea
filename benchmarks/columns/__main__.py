"""``python -m benchmarks.columns``: tables against decode and walk, libcups, goipp, tshark and pyarrow.

--once          everything a single time, to see that nothing is broken; nothing is written
--quick         fewer rounds, fewer messages: rough figures
--memory        also what a capture of 4 GiB takes of memory: some minutes, and the room on disk
--report FILE   table and plot again from the JSON of an earlier run
"""

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

from .. import publishing
from ..stream.results import Results
from . import races, report


def publish(results: Results) -> None:
    publishing.publish("columns", results, report.to_markdown, report.draw)


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
    before = publishing.facts("columns", size, {"pyarrow": version("pyarrow")})
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
