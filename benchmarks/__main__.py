"""``python -m benchmarks``: prepares, runs all benchmarks, prints the table, writes docs/benchmarks/.

    --quick         short races: a first look in a minute or two, rough figures; nothing is written
    --once          every benchmark once with timing off, to see that none is broken
    --report FILE   tables and plots again from the JSON of an earlier run
    -k EXPRESSION   only these, as for pytest; nothing is written
    --write FILE    the table to this file, whatever ran, and nothing else

The corpus of real printers' responses takes part where the environment variable IPPFAST_CORPUS names it.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from . import contenders, plots, report
from .contenders import ROOT
from .results import Results

DOCS = ROOT / "docs" / "benchmarks"


def run_pytest(*arguments: str) -> int:
    """pytest on the benchmarks, with nothing left behind outside build/."""
    command = [sys.executable, "-m", "pytest", str(ROOT / "benchmarks"), "-q", "-p", "no:cacheprovider"]
    command += [f"--benchmark-storage=file://{contenders.READY / 'runs'}", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def publish(source: Path, results: Results, command: str) -> None:
    DOCS.mkdir(parents=True, exist_ok=True)
    if source != DOCS / "results.json":
        (DOCS / "results.json").write_text(json.dumps(results.document, separators=(",", ":")) + "\n")
    (DOCS / "results.md").write_text(report.to_markdown(results, command, plots.draw(results, DOCS)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="ippfast against its peers.")
    parser.add_argument("--quick", action="store_true", help="short races, rough figures, nothing written")
    parser.add_argument("--once", action="store_true", help="everything once, timing off")
    parser.add_argument("--report", type=Path, metavar="FILE", help="tables and plots from an earlier run's JSON")
    parser.add_argument("-k", metavar="EXPRESSION", help="only these benchmarks, nothing written")
    parser.add_argument("--write", type=Path, metavar="FILE", help="the table to this file, and nothing else")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 200)
    if options.report:
        results = Results.read(options.report)
        command = results.facts.command
        report.to_console(results, command, console)
        publish(options.report, results, command)
        return 0
    for line in contenders.prepare():
        console.print(line, markup=False, highlight=False)
    selected = ["-k", options.k] if options.k else []
    if options.once:
        return run_pytest("--benchmark-disable", *selected)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results.json"
        quick = ["--quick"] if options.quick else []
        status = run_pytest(f"--benchmark-json={file}", "--benchmark-quiet", *quick, *selected)
        if not file.exists():
            return status
        results = Results.read(file)
        results.facts.command = results.document["ippfast"]["command"] = shlex.join(
            ["python", "-m", "benchmarks", *sys.argv[1:]]
        )
        report.to_console(results, results.facts.command, console)
        if options.write:
            options.write.write_text(report.to_markdown(results, results.facts.command, {}))
        elif not (options.quick or options.k):
            publish(file, results, results.facts.command)
        return status


if __name__ == "__main__":
    sys.exit(main())
