"""ippfast capture, replay, diff and printers: what a printer said, kept, told again, and compared.

The rule of this file: what is replayed is asked for by the other commands; the network is loopback.
"""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep
from uuid import uuid4

import pytest
from command_line import make, run
from http_servers import scripted, serving, uri_of
from peers import EvePrinter, Scheduler, program

from ippfast import (
    Attribute,
    AttributeGroup,
    DelimiterTag,
    Message,
    RawValue,
    ValueTag,
    decode_prefix,
    encode,
    response,
)
from ippfast.enums import Operation, Status
from ippfast.http import IncomingRequest

X = ValueTag
RECORDED = Path(__file__).parent.parent / "vectors" / "recorded"
ANSWER = RECORDED / "ippeveprinter-get-printer-attributes-response-1.ipp"


@contextmanager
def replaying(*files: Path) -> Iterator[str]:
    """A process that replays files, as a user would start it."""
    command = [sys.executable, "-m", "ippfast", "replay", "--json", *map(str, files)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            assert line, "it ended"
            text += line
        yield json.loads(text)["uri"]
        process.terminate()
        assert process.wait(timeout=90) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_replay_answers_as_the_printer_did() -> None:
    with replaying(ANSWER) as uri:
        assert run("diff", str(ANSWER), uri, "--ignore", "media-col-database").stdout == ""
        two = json.loads(run("attributes", "--json", uri, "printer-state", "sides-supported").stdout)["attributes"]
        assert set(two) == {"printer-state", "printer-state-keyword", "sides-supported"}
        described = json.loads(run("attributes", "--json", uri, "printer-description").stdout)["attributes"]
        template = json.loads(run("attributes", "--json", uri, "job-template").stdout)["attributes"]
        assert "printer-state" in described
        assert "sides-supported" in template
        assert not set(described) & set(template)
        refused = run("cancel", uri, "1")
        assert "server-error-operation-not-supported" in refused.stderr


def test_replay_keeps_what_is_malformed(tmp_path: Path) -> None:
    odd = Attribute("copies-default", X.INTEGER, RawValue(b"\x01"))
    path = tmp_path / "odd.ipp"
    path.write_bytes(make(0, AttributeGroup(DelimiterTag.PRINTER, [odd])))
    with replaying(path) as uri:
        assert "malformed <01>" in run("attributes", uri).stdout


def test_replay_tells_jobs(tmp_path: Path) -> None:
    def job(job_id: int, state: int) -> AttributeGroup:
        values = [Attribute("job-id", X.INTEGER, job_id), Attribute("job-state", X.ENUM, state)]
        return AttributeGroup(DelimiterTag.JOB, [*values, Attribute("job-name", X.NAME, f"job {job_id}")])

    (tmp_path / "get-jobs.ipp").write_bytes(make(0, job(1, 5), job(2, 9)))
    (tmp_path / "again.ipp").write_bytes(make(0, job(2, 9)))
    with replaying(tmp_path) as uri:
        for which, found in (("not-completed", [1]), ("completed", [2]), ("all", [2, 1])):
            listed = json.loads(run("jobs", uri, "--which", which, "--json").stdout)["jobs"]
            assert sorted(each["job-id"] for each in listed) == sorted(found)
        assert 'job-name (nameWithoutLanguage) = "job 2"' in run("job", uri, "2").stdout
        assert run("job", uri, "3").exit_code == 1


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\x02\x00", "cannot be replayed: offset 0x2"),
        (make(Operation.GET_JOBS), "is a request; only responses can be replayed"),
    ],
)
def test_replay_refuses(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "x.ipp"
    path.write_bytes(content)
    result = run("replay", str(path))
    assert result.exit_code == 1
    assert fault in result.stderr
    assert "has no file whose name ends in .ipp" in run("replay", str(RECORDED.parent.parent)).stderr


def test_replay_needs_a_free_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("replay", str(ANSWER), "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 2
    assert "cannot listen at localhost" in result.stderr


# Capturing


def test_capture(eve_printer: EvePrinter, tmp_path: Path) -> None:
    result = run("capture", eve_printer.uri, "-d", str(tmp_path / "kept"), "--json")
    files = [Path(each["file"]) for each in json.loads(result.stdout)["files"]]
    assert [path.name for path in files] == [
        "get-printer-attributes.ipp",
        "media-col-database.ipp",
        "get-jobs.ipp",
        "get-jobs-completed.ipp",
    ]
    for path in files:
        assert decode_prefix(path.read_bytes())[1] == path.stat().st_size
    assert 'printer-info (textWithoutLanguage) = "Peer"' in run("dump", str(files[0])).stdout
    again = run("capture", eve_printer.uri, "-d", str(tmp_path / "kept"))
    assert (again.exit_code, "exists already: give --force" in again.stderr) == (2, True)
    assert run("capture", eve_printer.uri, "-d", str(tmp_path / "kept"), "--force").exit_code == 0
    with replaying(tmp_path / "kept") as uri:
        assert run("diff", eve_printer.uri, uri, "--ignore", "*-time", "--ignore", "*-count").stdout == ""
        assert run("attributes", uri, "media-col-database").exit_code == 0


def test_capture_scrubbed(eve_printer: EvePrinter, tmp_path: Path) -> None:
    assert run("capture", eve_printer.uri, "-d", str(tmp_path), "--scrub").exit_code == 0
    octets = (tmp_path / "get-printer-attributes.ipp").read_bytes()
    assert b"Peer" not in octets
    assert b"Example Printer" in octets


def test_capture_keeps_what_is_no_ipp(tmp_path: Path) -> None:
    """A message whose end is missing, as dump --check then shows it."""
    broken = make(0, AttributeGroup(DelimiterTag.PRINTER, [Attribute("printer-state", X.ENUM, 3)]))[:-1]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    answers = b"\r\n".join([]) + head % len(broken) + broken

    with socket.create_server(("127.0.0.1", 0)) as server:
        code = (
            "import socket, sys\n"
            "server = socket.socket(fileno=int(sys.argv[1]))\n"
            "while True:\n"
            "    peer, _ = server.accept()\n"
            "    peer.recv(65536)\n"
            "    peer.sendall(bytes.fromhex(sys.argv[2]))\n"
            "    peer.close()\n"
        )
        command = [sys.executable, "-c", code, str(server.fileno()), answers.hex()]
        with subprocess.Popen(command, pass_fds=[server.fileno()]) as process:
            try:
                uri = f"ipp://localhost:{server.getsockname()[1]}/ipp/print"
                result = run("capture", uri, "-d", str(tmp_path))
                shown = run("attributes", uri)
            finally:
                process.kill()
    assert result.exit_code == 0, result.output
    assert "get-printer-attributes.ipp: " in result.stdout
    assert "no IPP" in result.stdout
    assert (tmp_path / "get-printer-attributes.ipp").read_bytes() == broken
    assert shown.exit_code == 0
    assert "printer-state" in shown.stdout
    assert shown.stderr.count("Note: ") == 1
    assert "Note: the printer's answers are malformed, and were repaired: error: 'printer-state' in" in shown.stderr
    assert "'ippfast capture' keeps them as they are" in shown.stderr


JUNK = b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\n\r\n<html>"


@pytest.mark.parametrize(
    ("pause", "seconds", "told", "least"),
    [(None, "60", "it is longer than 16 MiB", 16 * 1024 * 1024), (0.05, "0.5", "it did not end within 0.5 s", 6)],
    ids=["large", "slow"],
)
def test_capture_ends_where_an_answer_does_not(
    tmp_path: Path, pause: float | None, seconds: str, told: str, least: int
) -> None:
    def never_end(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.recv(65536)
            connection.sendall(JUNK)
            while True:
                connection.sendall(b"<html>" * 200_000 if pause is None else b"<")
                sleep(pause or 0)

    with scripted(never_end, never_end) as uri:
        result = run("capture", uri, "-d", str(tmp_path), "--json", "--timeout", seconds)
    assert result.exit_code == 0, result.output
    assert f"Note: get-printer-attributes is not whole: {told}; nothing more is asked" in result.stderr
    (kept,) = json.loads(result.stdout)["files"]
    assert kept["whole"] is False
    assert least <= kept["octets"] == Path(kept["file"]).stat().st_size <= 16 * 1024 * 1024


def test_capture_ends_where_nothing_is_answered(tmp_path: Path) -> None:
    """A head of HTTP that comes octet by octet is as long as one pleases."""

    def junk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(JUNK)

    def head(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while True:
                connection.sendall(b"x")
                sleep(0.05)

    with scripted(junk, head) as uri:
        result = run("capture", uri, "-d", str(tmp_path), "--timeout", "0.5")
    assert result.exit_code == 3
    assert "sent no answer: it did not end within 0.5 s" in result.stderr
    assert not list(tmp_path.iterdir())


# Comparing


def test_diff(tmp_path: Path) -> None:
    message, _ = decode_prefix(ANSWER.read_bytes())
    changed = tmp_path / "changed.ipp"
    message.printer["printer-info"] = "Other"
    del message.printer["sides-supported"]
    message.printer["printer-name"] = Attribute("printer-name", X.TEXT, "Peer")
    message.printer["x-new"] = Attribute("x-new", X.INTEGER, 1)
    changed.write_bytes(encode(message))
    result = run("diff", str(ANSWER), str(changed))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "printer-attributes-tag",
        "- sides-supported (1setOf keyword) = one-sided, two-sided-long-edge, two-sided-short-edge",
        '- printer-info (textWithoutLanguage) = "Peer"',
        '+ printer-info (textWithoutLanguage) = "Other"',
        '- printer-name (nameWithoutLanguage) = "Peer"',
        '+ printer-name (textWithoutLanguage) = "Peer"',
        "+ x-new (integer) = 1",
    ]
    data = json.loads(run("diff", str(ANSWER), str(changed), "--json", "--ignore", "printer-*").stdout)
    assert [(each["name"], each["before"] is None, each["after"]) for each in data["differences"]] == [
        ("sides-supported", False, None),
        ("x-new", True, [1]),
    ]
    assert (run("diff", str(ANSWER), str(ANSWER)).exit_code, run("diff", str(ANSWER), str(ANSWER)).stdout) == (0, "")


def test_diff_compares_groups_with_their_like(tmp_path: Path) -> None:
    def jobs(*ids: int) -> Path:
        path = tmp_path / f"{len(ids)}.ipp"
        groups = [AttributeGroup(DelimiterTag.JOB, [Attribute("job-id", X.INTEGER, each)]) for each in ids]
        path.write_bytes(make(0, *groups))
        return path

    lines = run("diff", str(jobs(1, 2)), str(jobs(1, 3, 4))).stdout.splitlines()
    assert lines == [
        "job-attributes-tag 2",
        "- job-id (integer) = 2",
        "+ job-id (integer) = 3",
        "job-attributes-tag 3",
        "+ job-id (integer) = 4",
    ]


def test_diff_needs_what_it_compares(tmp_path: Path) -> None:
    result = run("diff", str(ANSWER), str(tmp_path / "missing.ipp"))
    assert (result.exit_code, "no such file; a printer is given by its URI" in result.stderr) == (2, True)


# Finding


def test_queues_of_cupsd(scheduler: Scheduler) -> None:
    lpadmin = [program("lpadmin"), "-p", "found", "-v", "ipp://localhost:9/ipp/print", "-m", "raw", "-L", "Hall"]
    subprocess.run(lpadmin, env=scheduler.environment, check=True, capture_output=True, timeout=60)
    try:
        data = json.loads(run("printers", "--server", f"localhost:{scheduler.port}", "--json").stdout)
        (queue,) = [each for each in data["printers"] if each["printer-name"] == "found"]
        assert queue["uri"] == f"ipp://localhost:{scheduler.port}/printers/found"
        assert (queue["printer-location"], queue["printer-state-keyword"]) == ("Hall", "stopped")
        assert "found" in run("printers", "--server", f"ipp://localhost:{scheduler.port}/").stdout
    finally:
        subprocess.run([program("lpadmin"), "-x", "found"], env=scheduler.environment, check=True, timeout=60)


def test_a_server_without_printers() -> None:
    def handler(incoming: IncomingRequest) -> Message:
        return response(incoming.message, Status.CLIENT_ERROR_NOT_FOUND)

    with serving(handler) as server:
        result = run("printers", "--server", uri_of(server))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No printers: " in result.stderr


def test_printers_on_the_network() -> None:
    """Announced by zeroconf itself, on loopback alone: under a name that no other suite announces there."""
    zeroconf = pytest.importorskip("zeroconf")
    host = f"host-{uuid4().hex[:8]}"
    name = f"Printer at {host}"
    fields = {"rp": "ipp/print", "ty": "Made\x1b[2J up", "note": "Hall", "UUID": "4509A320"}
    network = zeroconf.Zeroconf(interfaces=["127.0.0.1"])
    try:
        for scheme in ("ipp", "ipps"):
            info = zeroconf.ServiceInfo(
                f"_{scheme}._tcp.local.",
                f"{name}._{scheme}._tcp.local.",
                8631,
                properties=fields,
                server=f"{host}.local.",
                addresses=[socket.inet_aton("127.0.0.1")],
            )
            network.register_service(info)
        data = json.loads(run("printers", "--interface", "127.0.0.1", "--seconds", "5", "--json").stdout)
        lines = run("printers", "--interface", "127.0.0.1", "--seconds", "5").stdout.splitlines()
    finally:
        network.close()
    assert [each for each in data["printers"] if each["printer-name"] == name] == [
        {
            "uri": f"ipps://{host}.local:8631/ipp/print",
            "printer-name": name,
            "printer-make-and-model": "Made\x1b[2J up",
            "printer-location": "Hall",
            "printer-uuid": "4509a320",
        }
    ]
    listed = [re.split("  +", line) for line in lines if line.startswith(name)]
    assert listed == [[name, f"ipps://{host}.local:8631/ipp/print", r"Made\x1b[2J up"]]


def test_zeroconf_is_an_extra() -> None:
    code = (
        "import sys; sys.modules['zeroconf'] = None; from ippfast.cli import main; sys.argv[1:] = ['printers']; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert result.stderr == "Error: finding printers on the network needs zeroconf: pip install zeroconf\n"


def test_no_such_interface() -> None:
    assert run("printers", "--interface", "here").exit_code == 2
