"""The commands at CUPS' ippeveprinter and cupsd: a job printed, seen, held, released, canceled.

The rule of this file: real programs on loopback, and what CUPS' own clients say of the same job.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run
from peers import EvePrinter, Scheduler, program

DOCUMENT = b"%PDF-1.4\n" + bytes(range(256)) * 400 + b"%%EOF\n"


@pytest.fixture
def document(tmp_path: Path) -> str:
    path = tmp_path / "report.pdf"
    path.write_bytes(DOCUMENT)
    return str(path)


@pytest.fixture(scope="module")
def queue(scheduler: Scheduler) -> Iterator[str]:
    """A queue of cupsd that holds what it is given, since nobody enables it."""
    lpadmin = [program("lpadmin"), "-p", "commands", "-v", "ipp://localhost:9/ipp/print", "-m", "raw"]
    subprocess.run(lpadmin, env=scheduler.environment, check=True, capture_output=True, timeout=60)
    subprocess.run(
        [program("cupsaccept"), "commands"], env=scheduler.environment, check=True, capture_output=True, timeout=60
    )
    yield f"ipp://localhost:{scheduler.port}/printers/commands"
    subprocess.run([program("lpadmin"), "-x", "commands"], env=scheduler.environment, check=True, timeout=60)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("way", ["file", "standard input", "gzip"])
def test_print_at_ippeveprinter(eve_printer: EvePrinter, document: str, way: str, secure: bool) -> None:
    place = [eve_printer.secure_uri, "--insecure"] if secure else [eve_printer.uri]
    what = {"file": [document], "standard input": ["-"], "gzip": [document, "-o", "compression=gzip"]}[way]
    options = ["-o", "copies=2", "-o", "sides=two-sided-long-edge", "-o", "media-col={media-type=stationery}"]
    result = run("print", *place, *what, *options, "--wait", "--json", octets=DOCUMENT)
    assert (result.exit_code, result.stderr) == (0, "")
    (job,) = json.loads(result.stdout)["jobs"]
    assert job["job-state-keyword"] == "completed"
    (spooled,) = eve_printer.spool.glob(f"{job['job-id']}-*.pdf")
    assert spooled.read_bytes() == DOCUMENT
    seen = json.loads(run("job", *place, str(job["job-id"]), "--json").stdout)["job"]
    assert (seen["copies"], seen["sides"]) == (2, "two-sided-long-edge")


def test_ippeveprinter_supports_less(eve_printer: EvePrinter, document: str) -> None:
    result = run("print", eve_printer.uri, document, "-o", "sides=tumble", "-o", "print-quality=high")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "sides=tumble; it supports one-sided, two-sided-long-edge, two-sided-short-edge" in result.stderr


def test_ippeveprinter_tells(eve_printer: EvePrinter) -> None:
    assert 'printer-info (textWithoutLanguage) = "Peer"' in run("attributes", eve_printer.uri).stdout
    assert "Black Toner       toner       [###############.....] 75%" in run("supplies", eve_printer.uri).stdout


def test_a_host_alone(eve_printer: EvePrinter) -> None:
    result = run("attributes", f"localhost:{eve_printer.port}", "--insecure", "--json", "printer-state")
    assert json.loads(result.stdout)["uri"] == eve_printer.secure_uri


def test_jobs_of_cupsd(scheduler: Scheduler, queue: str, document: str) -> None:
    made = [
        json.loads(run("print", queue, document, "--json", "--title", "T\u00e9st").stdout)["jobs"][0] for _ in range(2)
    ]
    first, second = (str(job["job-id"]) for job in made)
    assert {f"commands-{first}", f"commands-{second}"} <= lpstat(scheduler)
    listed = json.loads(run("jobs", queue, "--json").stdout)["jobs"]
    assert {job["job-id"]: job["job-name"] for job in listed}.items() >= {int(first): "T\u00e9st"}.items()
    assert run("hold", queue, first).stdout == f"job {first}: held\n"
    assert "pending-held" in run("job", queue, first, "job-state").stdout
    assert run("release", queue, first).stdout == f"job {first}: released\n"
    assert "job-state (enum) = pending (3)" in run("job", queue, first, "job-state").stdout
    assert run("cancel", queue, first, second).exit_code == 0
    assert f"commands-{first}" not in lpstat(scheduler)
    again = run("cancel", queue, first)
    assert again.exit_code == 1
    assert "client-error-not-possible" in again.stderr
    assert run("print", queue, document, "--wait", "--wait-time", "0.3").exit_code == 5


def lpstat(scheduler: Scheduler) -> set[str]:
    """The jobs that CUPS' own client sees."""
    listed = subprocess.run(
        [program("lpstat"), "-o"], env=scheduler.environment, check=True, capture_output=True, text=True, timeout=60
    )
    return {line.split()[0] for line in listed.stdout.splitlines()}
