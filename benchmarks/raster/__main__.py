"""``python -m benchmarks.raster``: raster against libcups; writes docs/benchmarks/raster.*.

--once          everything a single time, to see that nothing is broken; nothing is written
--quick         fewer rounds, fewer pages: rough figures
--report FILE   table and plot again from the JSON of an earlier run
"""

import argparse
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from .. import publishing
from ..stream.results import Results
from . import races, report


def versions() -> dict[str, str]:
    command = ["cups-config", "--version"]
    try:
        libcups = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        libcups = "not installed"
    return {"libcups": libcups, **{name: version(name) for name in ("matplotlib", "numpy", "pillow")}}  # draw the pages


def publish(results: Results) -> None:
    publishing.publish("raster", results, report.to_markdown, report.draw)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.raster", description="Raster against libcups.")
    parser.add_argument("--once", action="store_true", help="everything a single time, nothing written")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, fewer pages: rough figures")
    parser.add_argument("--report", type=Path, metavar="FILE", help="table and plot from an earlier run's JSON")
    options = parser.parse_args()
    if options.report:
        publish(Results.from_json(json.loads(options.report.read_text())))
        return 0
    for line in races.prepare():
        print(line, flush=True)
    size = "once" if options.once else "quick" if options.quick else "full"
    before = publishing.facts("raster", size, versions())
    results = races.run(size, lambda line: print(line, flush=True))
    results.facts = before
    print(report.to_markdown(results, None))
    if not options.once:
        publish(results)
        return 0
    # What was not measured at all is broken, or not installed.
    return 1 if any(figure.reached is None for figure in races.figures(results)) else 0


if __name__ == "__main__":
    sys.exit(main())
