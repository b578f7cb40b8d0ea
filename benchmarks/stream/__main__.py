"""``python -m benchmarks.stream``: the transport against bare sockets and its peers; writes docs/benchmarks/stream.*.

--once          everything in small, to see that nothing is broken; nothing is written
--report FILE   table and plot again from the JSON of an earlier run
-k PART         only this part (again for more): receive, spool, send, ask, jobs, memory, crowd, scale;
                nothing is written
"""

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from .. import publishing
from ..contenders import run_quietly
from . import races, report
from .processes import CORES
from .results import Results, figures


def versions() -> dict[str, str]:
    found = {"h11": version("h11")}
    for package in ("cups-ipp-utils", "wrk"):
        try:
            command = ["dpkg-query", "-W", "-f", "${Version}", package]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            found[package] = done.stdout
    for path in sorted(races.ASGI.glob("*.dist-info")):
        name, _, number = path.stem.rpartition("-")
        if name in ("uvicorn", "httptools", "granian"):
            found[name] = number
    return found


def publish(results: Results) -> None:
    publishing.publish("stream", results, report.to_markdown, report.draw)


def make_certificate(folder: Path) -> Path:
    """A certificate for localhost that is its own authority, with its key, in one file."""
    file = folder / "localhost.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(file)]
    wrong = run_quietly("openssl", "req", "-x509", "-days", "2", *subject, *key, "-out", f"{file}.crt")
    if wrong is None:
        file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description="The transport's throughput.")
    parser.add_argument("--once", action="store_true", help="everything in small, nothing written")
    parser.add_argument("--quick", action="store_true", help="smaller documents, fewer rounds: rough figures")
    parser.add_argument("--report", type=Path, metavar="FILE", help="table and plot from an earlier run's JSON")
    parser.add_argument("-k", action="append", default=[], metavar="PART", help="only this part, nothing written")
    options = parser.parse_args()
    if options.report:
        publish(Results.from_json(json.loads(options.report.read_text())))
        return 0
    for line in races.prepare():
        print(line, flush=True)
    size = "once" if options.once else "quick" if options.quick else "full"
    before = publishing.facts("stream", size, versions(), cores=len(CORES))
    with tempfile.TemporaryDirectory() as folder:
        certificate = make_certificate(Path(folder))
        plan = races.Plan(once=options.once, quick=options.quick)
        results = races.run(plan, certificate, options.k, lambda line: print(line, flush=True))
    results.facts = before
    print(report.to_markdown(results, None))
    if not (options.once or options.k):
        publish(results)
    if not options.once:
        return 0
    # Whatever was not measured at all is broken, or not installed.
    failed = [figure for figure in figures(results) if figure.reached is None]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
