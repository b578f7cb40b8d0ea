"""Programs that nobody here wrote do their main job with the shims as with the libraries that they were written for.

The rule of this file: each program is its project's, by name and release from PyPI or Debian, and runs unchanged, once
with the library and once by ``python -m ippfast.compat.run``, at peers of its own; what it prints and what it leaves
behind are compared: what differs by design, docs/migrating.md has. The environment is made once and kept.
"""

import contextlib
import functools
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from libraries import Library, install, unpack_debian
from peers import EvePrinter, Scheduler, SystemBus, free_port, program
from serve_program import print_service

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


@dataclass
class Peer:
    """A server on this host, and what its clients find in their environment."""

    port: int
    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"CUPS_SERVER": f"127.0.0.1:{self.port}"}


@pytest.fixture(scope="module")
def library() -> Library:
    program("cups-config")  # pycups is compiled
    return install(*PROGRAMS)


@functools.cache
def debian_packages() -> Path:
    """Debian's packages of Python programs, unpacked and not installed, as a place for PYTHONPATH."""
    return unpack_debian("python3-cupshelpers", "xpra") / "usr/lib/python3/dist-packages"


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


def attempted(library: Library, way: str, server: Scheduler | Peer, name: str, *arguments: str) -> str:
    """What a program says in the end, well or not."""
    own = library.python.with_name(name)
    command: list[str | Path] = [own, *arguments]
    if not own.exists():
        command = [HERE / "use_programs.py", name, str(server.port), "nul"]
    environment = {
        **server.environment,
        "HOME": str(server.directory),
        "TERM": "dumb",
        "COLUMNS": "200",
        "PYTHONPATH": str(debian_packages()),
    }
    command = ["-W", "ignore", *WAYS[way], *command]
    code, printed, told = library.outcome(*command, environment=environment)
    last = told.decode().rstrip().rpartition("\n")[2] if code else ""
    return normal(f"{printed.decode()}{last}")


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


@pytest.fixture(scope="module")
def printers(system_bus: SystemBus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Peer]]]:
    """Peers that are not cupsd, one of each kind for each way: what they know of CUPS' operations differs."""
    directory = tmp_path_factory.mktemp("services")
    with contextlib.ExitStack() as opened:
        services = {}
        for way in WAYS:
            (directory / way).mkdir()
            services[way] = Peer(opened.enter_context(print_service(directory / way, "nul")), directory / way)
        eves = {way: opened.enter_context(EvePrinter(system_bus)) for way in WAYS}
        yield {
            "serve": services,
            "ippeveprinter": {way: Peer(eve.port, eve.directory) for way, eve in eves.items()},
        }


JOBS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pycupscli": (
        ("check",),
        ("printers",),
        ("info", "-p", "nul"),
        ("info", "-u", "URI"),
        ("print", "-p", "nul", "-f", "DOCUMENT", "-o", '{"job-hold-until": "indefinite", "media": "iso_a4_210x297mm"}'),
        ("info", "-j", "1"),
        ("cancel", "-j", "1"),
        ("add", "-p", "other", "-u", "file:///dev/null", "-d", "raw"),
    ),
    "cups-printers": (
        ("--timeout", "60", "output", "table"),
        ("--timeout", "60", "output", "json"),
        ("--timeout", "60", "queue", "query"),
    ),
    "ezprinting": ((),),
    "escpos": ((),),
    "notify": ((),),
    "cupshelpers": ((),),
    "xpra": ((),),
}
"""What each program is told to do, one after the other."""

DIFFERENCES = {
    ("escpos", "serve"): (
        '["IPPError", 0, "successful-ok"]',
        '["IPPError", 1034, "documents of this format are not printed here"]',
    ),
    ("pycupscli", "ippeveprinter"): (
        "(1280, 'No such file or directory')",
        "(1030, 'printer-uri ipp://x/printers/nul not found.')",
    ),
}
"""What pycups and the shim say of a refused document: libcups loses why, as docs/migrating.md has it."""


@pytest.mark.parametrize("peer", ["serve", "ippeveprinter"])
@pytest.mark.parametrize("name", JOBS)
def test_at_printers_that_are_not_cups(
    library: Library, printers: dict[str, dict[str, Peer]], name: str, peer: str, tmp_path: Path
) -> None:
    """They do as much there as with the library, and fail with the same words where an operation is missing."""
    (tmp_path / "document").write_text("a document")
    found: dict[str, list[str]] = {}
    for way, server in printers[peer].items():
        uri = f"ipp://localhost:{server.port}/ipp/print" + ("/nul" if peer == "serve" else "")
        places = {"URI": uri, "DOCUMENT": str(tmp_path / "document")}
        found[way] = [
            attempted(library, way, server, name, *(places.get(each, each) for each in job)) for job in JOBS[name]
        ]
    theirs, ours = DIFFERENCES.get((name, peer), ("", ""))
    assert found["shim"] == [each.replace(theirs, ours) if theirs else each for each in found["library"]]
    assert not theirs or any(ours in each for each in found["shim"])


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
                give_up = time.monotonic() + 90
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


@pytest.mark.parametrize("name", ["cupshelpers", "xpra"])
def test_debian_s_programs(library: Library, servers: dict[str, Scheduler], name: str) -> None:
    """What system-config-printer knows of queues, and what xpra forwards."""
    found = {way: json.loads(attempted(library, way, server, name)) for way, server in servers.items()}
    if name == "xpra":  # whose first option pycups' printFiles loses
        assert found["library"][-1].pop("fit-to-page") is None
        assert found["shim"][-1].pop("fit-to-page") is True
    assert found["shim"] == found["library"]
    assert found["shim"][2] == ("two-sided-long-edge" if name == "cupshelpers" else "a title")
