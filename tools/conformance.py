"""Runs the conformance suites of Debian's cups-ipp-utils, as they are, against the print server.

    python tools/conformance.py [--quick] [--only NAME] [--engines]

With --engines its jobs are in PostgreSQL and its documents in an S3 server, which are started for it (`tests/support`
has to be in PYTHONPATH).

The rule of this file: marks are counted, not exit statuses, since `ipptool` gives that of the last file of several.
It prints a table and ends with status 1 where a test fails, or fewer pass than `GOALS` wants.

The suites are linked into a directory with the documents that they print, which `sample_documents` makes.
"""

import argparse
import contextlib
import logging
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from sample_documents import make_samples, names_in

from ippfast import DelimiterTag, operations
from ippfast.http import Client, HTTPLimits, Server, make_server_context
from ippfast.printer import Address, Fetcher, Place, SpoolPrinter

__all__ = ["GOALS", "KNOWN", "SMALL", "SUITES", "Marks", "Run", "main", "prepare", "printing", "run"]

SUITES = Path("/usr/share/cups/ipptool")

DESCRIPTION = {
    "pwg-raster-document-resolution-supported": ["150dpi", "180dpi", "300dpi", "360dpi", "600dpi", "720dpi"],
    "pwg-raster-document-type-supported": ["black_1", "cmyk_8", "sgray_8", "srgb_8", "srgb_16"],
}
"""Everything that ipp-everywhere.test has samples for."""

GOALS = {"ipp-1.1": 61, "ipp-2.0": 62, "ipp-2.1": 63, "ipp-2.2": 64, "ipp-everywhere": 495}
"""How many tests pass at least. What is skipped asks for "print-quality" where a printer has "print-quality-supported",
and for options that the suites themselves leave undefined."""

KNOWN = {"get-notifications": 1, "get-printer-attributes-suite": 1, "print-job-password": 1}
"""How many tests fail on purpose. One of the suite's asks for "all" and expects media-col-database alone, where another
asks for the same and expects the rest. That of notifications expects a "notify-event", which RFC 3995 section 9.1 calls
notify-subscribed-event. And a document that is to wait for its password is refused by a spool, which would print it."""

SMALL = (
    "cancel-current-job",
    "create-job",
    "create-job-format",
    "create-job-sheets",
    "create-printer-subscription",
    "get-completed-jobs",
    "get-job-attributes",
    "get-job-attributes2",
    "get-job-template-attributes",
    "get-jobs",
    "get-notifications",
    "get-printer-attributes",
    "get-printer-attributes-suite",
    "get-printer-description-attributes",
    "get-subscriptions",
    "identify-printer",
    "identify-printer-display",
    "identify-printer-multiple",
    "ipp-backend",
    "print-job",
    "print-job-and-wait",
    "print-job-deflate",
    "print-job-gzip",
    "print-job-hold",
    "print-job-letter",
    "print-job-manual",
    "print-job-media-col",
    "print-job-password",
    "set-attrs-hold",
    "validate-job",
)
"""The files with one request or few. Left out are those for CUPS' own operations, for a fax, for an empty tray, and for
a file: document, which no server should open."""


class Run(NamedTuple):
    """What is run: a suite, and how it is spoken."""

    suite: str
    version: str = "2.0"
    framing: str = "-C"
    transport: str = "plain"

    def __str__(self) -> str:
        framing = {"-C": "chunked", "-L": "length"}[self.framing]
        return f"{self.suite:36} {self.version:>3}  {framing:7}  {self.transport:7}"


class Marks(NamedTuple):
    """How often each mark was printed, and what was said of the failures."""

    passed: int
    failed: int
    skipped: int
    log: str


def prepare(directory: Path, *, raster: bool = True) -> Path:
    """Link the suites into a directory, and make their documents there. Returns where the suites are."""
    suites = directory / "ipptool"
    suites.mkdir(parents=True, exist_ok=True)
    for suite in sorted(SUITES.glob("*.test")):
        link = suites / suite.name
        if not link.is_symlink():
            link.symlink_to(suite)
    names = names_in(SUITES / ("ipp-everywhere.test" if raster else "ipp-1.1.test"))
    make_samples(suites, [*names, "../data/testprint.ps"])
    return suites


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def printing(
    place: Path | Place, documents: Path, tls: ssl.SSLContext | None = None, *, shared: bool = False
) -> Iterator[tuple[int, str]]:
    """A printer on a free port, and a server for documents by reference: the port, and a document's URI.

    place: of its jobs. shared: see `SpoolPrinter`, for a place that many hosts could have.
    """
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(documents)))
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    host = f"localhost:{web.server_port}"
    schemes = ("ipp",) if tls is None else ("ipp", "ipps")
    limits = HTTPLimits(connections_per_host=100)
    try:
        with (
            SpoolPrinter(
                place,
                fetcher=Fetcher([host]),
                description=DESCRIPTION,
                address=Address(schemes=schemes),
                shared=shared,
            ) as printer,
            Server(printer, port=0, tls=tls, limits=limits) as server,
        ):
            yield server.port, f"http://{host}/document-a4.pdf"
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


def run(
    what: Run,
    port: int,
    suites: Path,
    document_uri: str,
    timeout: float = 120.0,
    *,
    variables: Mapping[str, str] | None = None,
) -> Marks:
    """Run one suite. variables: what `ipptool` is given with -d."""
    ipptool = shutil.which("ipptool")
    if ipptool is None:
        raise FileNotFoundError("ipptool is not installed: apt-get install cups-ipp-utils")
    scheme = "ipps" if what.transport == "TLS" else "ipp"
    options = ["-E"] if what.transport == "upgrade" else []
    given = dict(variables or {})
    uri = given.pop("uri", f"{scheme}://localhost:{port}/ipp/print")
    for name, value in {"document-uri": document_uri, **given}.items():
        options += ["-d", f"{name}={value}"]
    command = [
        *(ipptool, "-T", "20", "-V", what.version, "-tI", what.framing, *options),
        *("-f", str(suites / "document-letter.pdf"), uri, str(suites / f"{what.suite}.test")),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=suites)
    except subprocess.TimeoutExpired:  # with TLS that it does not like, ipptool tries again for ever
        return Marks(0, 1, 0, f"{what.suite} [FAIL]\nipptool did not end within {timeout} seconds")
    passed, failed, skipped = (done.stdout.count(f"[{mark}]") for mark in ("PASS", "FAIL", "SKIP"))
    return Marks(passed, failed, skipped, done.stdout + done.stderr)


def arrange(suite: str, port: int) -> dict[str, str]:
    """Have what a small file looks for: a job that does not end, an event. Returns its variables."""
    uri = f"ipp://localhost:{port}/ipp/print"
    with Client(uri) as client:
        if suite == "get-notifications":
            template = {"notify-pull-method": "ippget", "notify-events": ["printer-state-changed"]}
            answer = client.send(operations.create_printer_subscriptions(uri, subscription=template))
            for change in (operations.pause_printer, operations.resume_printer):
                client.send(change(uri))
            group = answer.groups_of(DelimiterTag.SUBSCRIPTION)[0]
            return {"id": str(group["notify-subscription-id"].value)}
        if suite in ("cancel-current-job", "get-job-attributes", "get-job-attributes2"):
            job = client.send(operations.create_job(uri, job={"job-hold-until": "indefinite"})).job
            return {} if suite == "cancel-current-job" else {"uri": str(job["job-uri"].value)}
    return {}


def failures(log: str) -> str:
    """What a log says of the tests that failed."""
    lines = log.splitlines()
    found = []
    for place, line in enumerate(lines):
        if "[FAIL]" in line:
            found.append(line)
            for more in lines[place + 1 : place + 12]:
                if "[" in more and "]" in more and more.startswith("    ") and not more.startswith("     "):
                    break
                found.append(more)
    return "\n".join(found)


def plan(*, quick: bool, secure: bool) -> list[Run]:
    """What is run, in order."""
    runs = [Run("ipp-1.1", "1.1"), Run("ipp-1.1", "2.0", "-L"), Run("ipp-1.1", "2.2")]
    runs += [Run("ipp-2.0"), Run("ipp-2.1", "2.1"), Run("ipp-2.2", "2.2"), Run("ipp-everywhere")]
    if secure:
        runs += [Run("ipp-1.1", "1.1", "-C", "TLS"), Run("ipp-2.2", "2.2", "-L", "TLS")]
        runs += [Run("ipp-1.1", "1.1", "-C", "upgrade"), Run("ipp-1.1", "2.0", "-L", "upgrade")]
    if not quick:
        runs += [Run(suite, version) for suite in SMALL for version in ("1.1", "2.0")]
    return runs


def _context(directory: Path) -> ssl.SSLContext | None:
    try:
        import trustme
    except ModuleNotFoundError:
        return None
    file = directory / "server.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(file))
    return make_server_context(file)


@contextlib.contextmanager
def _place(directory: Path, *, engines: bool) -> Iterator[Path | Place]:
    if not engines:
        yield directory / "spool"
        return
    from engines import place_on_engines

    with place_on_engines() as place:
        yield place


def main() -> None:
    """See the file's head."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out the files with one request")
    parser.add_argument("--only", help="run this suite alone")
    parser.add_argument("--engines", action="store_true", help="jobs in PostgreSQL, documents in an S3 server")
    given = parser.parse_args()
    logging.getLogger("ippfast.printer").setLevel(logging.ERROR)  # printers that identify themselves say so
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="ippfast-conformance-") as name:
        directory = Path(name)
        suites = prepare(directory)
        tls = _context(directory)
        print(f"{'suite':36} {'IPP':>3}  {'framing':7}  {'over':7}  PASS  FAIL  SKIP")
        with (
            _place(directory, engines=given.engines) as place,
            printing(place, suites, tls, shared=given.engines) as (port, uri),
        ):
            for what in plan(quick=given.quick, secure=tls is not None):
                if given.only not in (None, what.suite):
                    continue
                marks = run(what, port, suites, uri, variables=arrange(what.suite, port))
                goal = GOALS.get(what.suite, 1 - KNOWN.get(what.suite, 0))
                print(f"{what}  {marks.passed:4}  {marks.failed:4}  {marks.skipped:4}", flush=True)
                if marks.failed > KNOWN.get(what.suite, 0) or marks.passed < goal:
                    wrong += 1
                    print(failures(marks.log) or f"expected at least {goal} to pass:\n{marks.log[-2_000:]}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
