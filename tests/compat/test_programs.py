"""Programs that nobody here wrote do their main job with the shims as with the libraries that they were written for.

The rule of this file: each program is its project's, by name and release from PyPI or Debian, and runs unchanged, once
with the library and once by ``python -m ippfast.compat.run``, at peers of its own; what it prints and what it leaves
behind are compared: what differs by design, docs/migrating.md has. The environment is made once and kept.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from libraries import Library, install
from peers import EvePrinter, Scheduler, SystemBus, free_port, program

from ippfast import request
from ippfast.enums import Status
from ippfast.http import Client

HERE = Path(__file__).resolve().parent
PROGRAMS = (
    "pycups==2.0.4",
    "cups-printers==1.1.0",
    "ezprinting==0.3.0",
    "pycups-notify==0.0.6",
    "pycupscli==1.2.0",
    "python-escpos==3.1",
    "setuptools",
    "typing_extensions",  # which cups-printers forgets to require
)
WAYS: dict[str, tuple[str, ...]] = {"library": (), "shim": ("-m", "ippfast.compat.run")}

VARIES = re.compile(
    r"localhost:\d+|127\.0\.0\.1:\d+|urn:uuid:[0-9a-f-]+|/tmp/[\w./-]+"
    r"|(?<=-time[\"']: )\d+|(?<=at-creation[\"']: )\d+|(?<=at-processing[\"']: )\d+|(?<=at-completed[\"']: )\d+"
)
"""What differs from one cupsd to the next."""


@pytest.fixture(scope="module")
def library() -> Library:
    program("cups-config")  # pycups is compiled
    return install(*PROGRAMS)


@pytest.fixture(scope="module")
def servers(system_bus: SystemBus) -> Iterator[dict[str, Scheduler]]:
    """For each way a cupsd of its own, with a queue ``nul``."""
    with Scheduler(system_bus) as first, Scheduler(system_bus) as second:
        running = dict(zip(WAYS, (first, second), strict=True))
        for server in running.values():
            server.add_queue("nul", "file:///dev/null")
        yield running


def normal(text: str) -> str:
    return VARIES.sub(lambda found: "0" if found[0].isdigit() else "x", text)


def said(library: Library, way: str, server: Scheduler, *arguments: str | Path) -> str:
    environment = {**server.environment, "HOME": str(server.directory), "TERM": "dumb", "COLUMNS": "200"}
    command = arguments if not WAYS[way] else (*WAYS[way], *arguments)
    return library.run("-W", "ignore", *command, environment=environment).decode()


def both(library: Library, servers: dict[str, Scheduler], *arguments: str | Path) -> str:
    """What a program says, the same in either way."""
    found = {way: normal(said(library, way, server, *arguments)) for way, server in servers.items()}
    assert found["shim"] == found["library"]
    return found["shim"]


def test_pycupscli(library: Library, servers: dict[str, Scheduler], tmp_path: Path) -> None:
    command = library.python.with_name("pycupscli")
    (tmp_path / "document").write_text("a document")
    assert both(library, servers, command, "check") == ""
    both(library, servers, command, "add", "-p", "cli", "-u", "file:///dev/null", "-d", "raw")
    assert "cli" in json.loads(both(library, servers, command, "printers"))
    options = json.dumps({"job-hold-until": "indefinite", "media": "A4,Upper", "raw": "true"})
    job = json.loads(both(library, servers, command, "print", "-p", "cli", "-f", tmp_path / "document", "-o", options))
    information = json.loads(both(library, servers, command, "info", "-j", str(job["job"])))
    assert information["media"] == ["A4", "Upper"]
    assert json.loads(both(library, servers, command, "info", "-p", "cli"))["printer-info"] == "cli"
    both(library, servers, command, "cancel", "-j", str(job["job"]))
    both(library, servers, command, "remove", "-p", "cli")
    assert "cli" not in json.loads(both(library, servers, command, "printers"))


def test_cups_printers(library: Library, servers: dict[str, Scheduler]) -> None:
    command = library.python.with_name("cups-printers")
    for arguments in (("output", "raw"), ("output", "table"), ("output", "json"), ("queue", "query")):
        found = {}
        for way, server in servers.items():
            where = ("--server", f"127.0.0.1:{server.port}", "--timeout", "10")
            found[way] = normal(said(library, way, server, command, *where, *arguments))
        assert found["shim"] == found["library"]


@pytest.mark.parametrize("name", ["ezprinting", "escpos", "notify"])
def test_programs_that_are_libraries(library: Library, servers: dict[str, Scheduler], name: str) -> None:
    found = {
        way: normal(said(library, way, server, HERE / "use_programs.py", name, str(server.port), "nul"))
        for way, server in servers.items()
    }
    assert found["shim"] == found["library"]
    assert found["shim"].rstrip().endswith("]")


def test_at_ippeveprinter_and_ippfast_serve(library: Library, eve_printer: EvePrinter, tmp_path: Path) -> None:
    """Printers that are no CUPS servers, asked for their attributes and printed on by pycupscli."""
    command = [sys.executable, "-m", "ippfast", "serve", "--port", "0", "--state", str(tmp_path / "state")]
    environment = {**os.environ, "NO_COLOR": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as serve:
        try:
            assert serve.stdout is not None
            line = serve.stdout.readline()
            uri = re.search(r"ipps?://\S+", line)
            assert uri is not None, line
            for printer in (eve_printer.uri, uri[0].rstrip(".,")):
                port = re.search(r":(\d+)/", printer)
                assert port is not None
                where = ("-s", "localhost", "-P", port[1], "-u", printer)
                found = {}
                for way, prefix in WAYS.items():
                    arguments = (*prefix, library.python.with_name("pycupscli"), "info", *where)
                    found[way] = json.loads(library.run(*arguments))
                for attributes in found.values():
                    for name in ("printer-up-time", "printer-current-time"):
                        attributes.pop(name, None)
                assert found["shim"] == found["library"]
                assert len(found["shim"]) > 50
        finally:
            serve.terminate()


@pytest.mark.parametrize("way", WAYS)
def test_ippserver_s_own_command(way: str, tmp_path: Path) -> None:
    """It saves what is printed; in chunks, since without the shim a document with Content-Length hangs it."""
    ippserver = install("ippserver==0.2")
    port = free_port()
    command: list[str | Path] = [
        ippserver.python,
        *WAYS[way],
        "-m",
        "ippserver",
        "-p",
        str(port),
        "save",
        "--pdf",
        str(tmp_path),
    ]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    uri = f"ipp://localhost:{port}/printer"
    with subprocess.Popen(command, env=own, stderr=subprocess.DEVNULL) as process:
        try:
            with Client(uri) as client:
                give_up = time.monotonic() + 30
                while True:
                    try:
                        answer = client.send(
                            request("Print-Job", uri, job={"copies": 2}), iter([b"%PDF-1.4 ", b"pages"])
                        )
                        break
                    except OSError:  # it does not listen yet
                        assert time.monotonic() < give_up
                        time.sleep(0.05)
            assert answer.status is Status.SUCCESSFUL_OK
        finally:
            process.terminate()
    (saved,) = tmp_path.glob("*.pdf")
    assert saved.read_bytes() == b"%PDF-1.4 pages"


DEBIAN = "python3-cupshelpers"


def test_debian_s_cupshelpers(library: Library, servers: dict[str, Scheduler], tmp_path: Path) -> None:
    """What system-config-printer knows of queues, from Debian's package, which is unpacked and not installed."""
    done = subprocess.run(["apt-get", "download", DEBIAN], cwd=tmp_path, capture_output=True, text=True, check=False)
    packages = list(tmp_path.glob("*.deb"))
    if not packages:
        assert "IPPFAST_CI" not in os.environ, done.stderr
        pytest.skip(f"Debian's {DEBIAN} cannot be had")
    subprocess.run(["dpkg", "-x", packages[0], tmp_path / "unpacked"], check=True)
    found = {}
    for way, server in servers.items():
        environment = {
            **server.environment,
            "HOME": str(server.directory),
            "PYTHONPATH": str(tmp_path / "unpacked/usr/lib/python3/dist-packages"),
        }
        arguments: list[str | Path] = [*WAYS[way], HERE / "use_programs.py", "cupshelpers", str(server.port), "nul"]
        found[way] = json.loads(normal(library.run("-W", "ignore", *arguments, environment=environment).decode()))
    assert found["shim"] == found["library"]
    assert found["shim"][2] == "two-sided-long-edge"
