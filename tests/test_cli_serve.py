"""``ippfast serve`` as a process of its own: what it prints, serves and leaves behind."""

import contextlib
import http.client
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from printers import DOCUMENT, SECONDS

from ippfast import operations
from ippfast.cli.commands import ippfast
from ippfast.cli.serving import Hosts
from ippfast.enums import JobState, Status
from ippfast.http import TLS, Client, DigestAuth, StatusError
from ippfast.http.uri import parse_uri


class Served:
    """A running command. lines: what it printed when it was ready."""

    def __init__(self, process: "subprocess.Popen[str]", uris: int, more: int) -> None:
        assert process.stdout is not None
        self.process = process
        self.lines = [process.stdout.readline().strip() for _ in range(uris + more)]
        self.uri = self.lines[0]

    def end(self, number: int = signal.SIGINT) -> tuple[str, int]:
        """Send a signal. What it said, and the exit status."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=SECONDS)
        return said, self.process.returncode


@contextlib.contextmanager
def serve(state: Path, *options: str, uris: int = 1, more: int = 0) -> Iterator[Served]:
    command = [sys.executable, "-m", "ippfast", "serve", "--port", "0", "--state", str(state), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Served(process, uris, more)
        finally:
            process.kill()


def print_and_wait(client: Client, uri: str) -> int:
    answer = client.send(operations.print_job(uri, job_name="n"), DOCUMENT)
    assert answer.status is Status.SUCCESSFUL_OK, answer
    job_id: int = answer.job["job-id"].value
    end = time.monotonic() + SECONDS
    while True:
        job = client.send(operations.get_job_attributes(uri, job_id))
        if job.job["job-state"].value == JobState.COMPLETED:
            return job_id
        assert time.monotonic() < end, job
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_into_a_directory_and_ends_when_told(tmp_path: Path, number: int) -> None:
    out = tmp_path / "out"
    with serve(tmp_path / "state", "--spool", str(out), "--name", "Desk") as served:
        assert re.fullmatch(r"ipp://localhost:\d+/ipp/print", served.uri)
        with Client(served.uri) as client:
            job_id = print_and_wait(client, served.uri)
            name = client.send(operations.get_printer_attributes(served.uri, requested_attributes=["printer-name"]))
        assert name.printer["printer-name"].value == "Desk"
        assert (out / f"{job_id}-1-n.pdf").read_bytes() == DOCUMENT
        said, status = served.end(number)
    assert status == 0
    assert said == "Ending: jobs that are not done go on next time.\n"


def test_a_command_gets_the_document(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text('#!/bin/sh\ncat > "$(dirname "$0")/$IPP_JOB_ID-$IPP_JOB_NAME"\n')
    script.chmod(0o755)
    with serve(tmp_path / "state", "--command", str(script)) as served, Client(served.uri) as client:
        job_id = print_and_wait(client, served.uri)
    assert (tmp_path / f"{job_id}-n").read_bytes() == DOCUMENT


def test_another_printer_gets_the_job(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        serve(tmp_path / "one", "--spool", str(out)) as last,
        serve(tmp_path / "two", "--forward", last.uri) as first,
        Client(first.uri) as client,
    ):
        print_and_wait(client, first.uri)
    (found,) = out.iterdir()
    assert found.read_bytes() == DOCUMENT


def test_users_and_tls(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("# the staff\nann:secret\n\nbob:hunter2:x\n")
    users.chmod(0o600)
    options = ["--tls", "--require-tls", "--users", str(users), "--operator", "bob"]
    with serve(tmp_path / "state", *options, more=1) as served:
        assert served.uri.startswith("ipps://")
        tls = TLS(fingerprint=served.lines[1].removeprefix("certificate: sha256:"))
        with Client(served.uri, tls=tls) as nobody, pytest.raises(StatusError) as caught:
            nobody.send(operations.get_printer_attributes(served.uri))
        assert caught.value.status == 401
        with (
            Client(served.uri, tls=tls, auth=DigestAuth("ann", "secret")) as ann,
            Client(served.uri, tls=tls, auth=DigestAuth("bob", "hunter2:x")) as bob,
        ):
            refused = ann.send(operations.pause_printer(served.uri))
            assert refused.status is Status.CLIENT_ERROR_NOT_AUTHORIZED
            assert bob.send(operations.pause_printer(served.uri)).status is Status.SUCCESSFUL_OK
            job_id = ann.send(operations.print_job(served.uri, user="root"), DOCUMENT).job["job-id"].value
            seen = bob.send(operations.get_job_attributes(served.uri, job_id)).job
            assert seen["job-originating-user-name"].value == "ann"
        fingerprint = served.lines[1]
    with serve(tmp_path / "state", *options, more=1) as again:
        assert again.lines[1] == fingerprint  # made once


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--command", "no-such-command-here"], "there is no command 'no-such-command-here'"),
        (["--spool", "a", "--forward", "ipp://h/"], "are one choice"),
        (["--forward", "lpd://h/"], "is not ipp, ipps, http or https"),
        (["--max-size", "5X"], "expected a number of octets"),
        (["--operator", "ann"], "--operator needs --users"),
        (["--require-tls"], "--require-tls needs --certificate or --tls"),
        (["--users", "users", "--auth", "basic"], "it needs --tls or --certificate"),
        (["--users", "users", "--operator", "eve"], "does not name the operator 'eve'"),
        (["--users", "open-users"], "chmod 600"),
        (["--users", "users", "--workers", "2"], "--workers needs --auth basic"),
        (["--users", "odd-users"], "line 1: expected name:password"),
        (["--description", "wrong.toml"], "wrong.toml: value 0 in attribute 'copies-default'"),
        (["--description", "broken.toml"], "broken.toml: "),
        (["--certificate", "wrong.toml"], "the certificate can't be used"),
        (["--allow", "192.168.0.0/99"], "192.168.0.0/99"),
        (["--host", "192.0.2.1"], "Cannot assign requested address"),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], fault: str) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text, mode in (
        ("users", "ann:secret\n", 0o600),
        ("open-users", "ann:secret\n", 0o644),
        ("odd-users", "ann\n", 0o600),
        ("wrong.toml", 'copies-default = "many"\n', 0o644),
        ("broken.toml", "copies-default = \n", 0o644),
    ):
        Path(name).write_text(text)
        Path(name).chmod(mode)
    result = CliRunner().invoke(ippfast, ["serve", "--port", "0", "--state", "state", *options])
    assert result.exit_code == 2
    assert fault in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "secret" not in result.stderr


def test_hosts() -> None:
    hosts = Hosts(["Printer.example.", "localhost"])
    for name in ("printer.example", "localhost", "192.0.2.7", "[2001:db8::1]"):
        assert name in hosts
    for name in ("evil.example", "192.0.2.7.evil.example", ""):
        assert name not in hosts
    assert list(hosts) == ["printer.example", "localhost"]
    assert len(hosts) == 2


def get(uri: str, path: str) -> tuple[int, str]:
    """A page of the server: the HTTP status, and the text."""
    connection = http.client.HTTPConnection("localhost", parse_uri(uri).port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_web_page(tmp_path: Path) -> None:
    with serve(tmp_path, "--name", "Desk <b>") as served:
        status, page = get(served.uri, "/")
        assert status == 200
        assert "Desk &lt;b&gt;" in page
        assert get(served.uri, "/metrics")[0] == 404


def test_workers_share_the_spool(tmp_path: Path) -> None:
    """Each connection may meet another process; they have one job table, and one of them processes."""
    out = tmp_path / "out"
    options = ["--workers", "3", "--metrics", "--spool", str(out)]
    with serve(tmp_path / "state", *options) as served:
        jobs = set()
        for _ in range(24):
            with Client(served.uri) as client:
                jobs.add(print_and_wait(client, served.uri))
        assert len(jobs) == 24
        with Client(served.uri) as client:
            held = client.send(operations.create_job(served.uri, job={"job-hold-until": "indefinite"}))
        for status in (Status.SUCCESSFUL_OK, Status.CLIENT_ERROR_NOT_POSSIBLE):
            with Client(served.uri) as client:
                canceled = client.send(operations.cancel_job(served.uri, held.job["job-id"].value))
                assert canceled.status is status
        _, figures = get(served.uri, "/metrics")
        assert 'ippfast_requests_total{operation="print-job",status="successful-ok"} 24.0' in figures
        said, status_ = served.end()
        assert (said, status_) == ("Ending: jobs that are not done go on next time.\n", 0)
    assert len(list(out.iterdir())) == 24


def test_a_command_does_not_outlive_its_job(tmp_path: Path) -> None:
    """What a killed server left running is ended before the job begins anew."""
    script = tmp_path / "script"
    script.write_text(
        '#!/bin/sh\ncd "$(dirname "$0")"\nif [ -e first ]; then touch second; exit; fi\n'
        "sleep 600 &\necho $! > part; mv part first; wait\n"
    )
    script.chmod(0o755)

    def wait_for(path: Path) -> None:
        end = time.monotonic() + SECONDS
        while not path.exists():
            assert time.monotonic() < end
            time.sleep(0.01)

    with serve(tmp_path / "state", "--command", str(script)) as served, Client(served.uri) as client:
        assert client.send(operations.print_job(served.uri), DOCUMENT).status is Status.SUCCESSFUL_OK
        wait_for(tmp_path / "first")
        served.end(signal.SIGKILL)
    left = Path("/proc", (tmp_path / "first").read_text().strip(), "stat")
    assert left.exists()
    with serve(tmp_path / "state", "--command", str(script)):
        wait_for(tmp_path / "second")
        assert not left.exists() or left.read_text().rpartition(")")[2].split()[0] == "Z"
