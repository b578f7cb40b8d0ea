"""``ippfast serve`` as a process of its own: what it prints, serves and leaves behind."""

import contextlib
import http.client
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from authorities import Authority
from click.testing import CliRunner
from http_shells import wait_until
from openid import Provider
from peers import free_port
from printers import DOCUMENT, SECONDS, wait_for

from ippfast import Message, Operation, decode, encode, operations, request, response
from ippfast.cli.commands import ippfast
from ippfast.enums import JobState, Status
from ippfast.http import TLS, BasicAuth, BearerAuth, Client, DigestAuth, HTTPError, Server, StatusError
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
    assert said == "Ending: jobs that are not done go on at the next start.\n"


def test_it_is_what_another_printer_says(tmp_path: Path) -> None:
    answer = Path(__file__).parent.parent / "vectors/recorded/ippeveprinter-get-printer-attributes-response-1.ipp"
    made = decode(answer.read_bytes()).printer["printer-make-and-model"]
    with (
        serve(tmp_path / "state", "--description", str(answer), "--name", "Copy") as served,
        Client(served.uri) as client,
    ):
        ours = client.send(operations.get_printer_attributes(served.uri)).printer
        assert ours["printer-make-and-model"] == made
        assert ours["printer-name"].value == "Copy"
        assert print_and_wait(client, served.uri)
        served.end()


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
        (["--spool", "a", "--forward", "ipp://h/"], "give one of --spool, --command and --forward"),
        (["--forward", "ftp://h/"], "is not ipp, ipps, http or https"),
        (["--forward", "lpd://h/"], "is not lpd://HOST/QUEUE"),
        (["--port", "8631", "--forward", "ipp://localhost:8631/ipp/print"], "is this server itself"),
        (["--port", "8631", "--host", "0.0.0.0", "--forward", "http://127.0.0.1:8631/"], "is this server itself"),
        (["--port", "8631", "--forward", "socket://localhost:8631"], "is this server itself"),
        (["--max-size", "5X"], "expected a number of octets"),
        (["--operator", "ann"], "--operator needs --users or --oauth"),
        (["--oauth", "https://login.example.com", "--tls"], "--oauth needs --oauth-audience"),
        (["--oauth", "https://login.example.com", "--oauth-audience", "p"], "--oauth needs --certificate or --tls"),
        (["--oauth", "login", "--oauth-audience", "p", "--tls"], "is not an issuer"),
        (["--oauth", "https://a", "--users", "users"], "give --users or --oauth, not both"),
        (["--proxy", "nginx"], "'nginx' does not appear to be an IPv4 or IPv6 network"),
        (["--require-tls"], "--require-tls needs --certificate or --tls"),
        (["--users", "users", "--auth", "basic"], "it needs --tls or --certificate"),
        (["--users", "users", "--operator", "eve"], "does not name the operator 'eve'"),
        (["--users", "open-users"], "chmod 600"),
        (["--users", "odd-users"], "line 1: expected name:password"),
        (["--users", "hashed-users", "--auth", "digest"], "--auth basic only"),
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
        ("hashed-users", f"ann:$2y$04${'a' * 53}\n", 0o600),
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


def add(path: Path, name: str, password: str, *options: str) -> None:
    result = CliRunner().invoke(ippfast, ["users", "add", str(path), name, *options], input=f"{password}\n")
    assert result.exit_code == 0, result.output
    assert password not in result.output


def asks(uri: str, user: str, password: str, tls: TLS | None = None) -> int:
    """The HTTP status of a question of a user's."""
    auth: DigestAuth | BasicAuth = DigestAuth(user, password) if tls is None else BasicAuth(user, password)
    with Client(uri, auth=auth, tls=tls) as client:
        try:
            client.send(operations.get_jobs(uri))
        except StatusError as error:
            return error.status
    return 200


def hang_up(served: Served, words: str, workers: int = 1) -> None:
    """Have it read its files anew, and wait until each worker says so."""
    served.process.send_signal(signal.SIGHUP)
    assert served.process.stderr is not None
    late = threading.Timer(SECONDS, served.process.kill)  # then its lines end
    late.start()
    try:
        for line in served.process.stderr:
            workers -= words in line
            if not workers:
                return
    finally:
        late.cancel()
    raise AssertionError(f"it never says {words!r}")


@pytest.mark.parametrize("workers", [1, 2])
def test_users_are_read_anew_at_a_hangup(tmp_path: Path, workers: int) -> None:
    """And a file that can't be used changes nothing. Digest works whichever worker is asked."""
    users = tmp_path / "users"
    add(users, "ann", "secret")
    with serve(tmp_path / "state", "--users", str(users), "--workers", str(workers)) as served:
        auth = DigestAuth("ann", "secret")
        for _ in range(10):
            with Client(served.uri, auth=auth) as client:
                assert client.send(operations.get_jobs(served.uri)).status is Status.SUCCESSFUL_OK
        assert asks(served.uri, "bob", "other") == 401
        add(users, "bob", "other")
        hang_up(served, "are read anew", workers)
        assert all(asks(served.uri, "bob", "other") == 200 for _ in range(4))
        users.write_text("")
        hang_up(served, "not all was read anew", workers)
        assert all(asks(served.uri, "bob", "other") == 200 for _ in range(4))
        assert served.end()[1] == 0


def test_a_certificate_is_read_anew_at_a_hangup(tmp_path: Path) -> None:
    path = tmp_path / "server.pem"
    authorities = [Authority() for _ in range(2)]
    path.write_bytes(authorities[0].issue("localhost").key_and_chain)
    with serve(tmp_path / "state", "--certificate", str(path), uris=2, more=1) as served:

        def trusts(authority: Authority) -> bool:
            context = ssl.create_default_context(cadata=authority.certificate.decode())
            with Client(served.lines[1], tls=TLS(context=context)) as client:
                try:
                    client.send(operations.get_printer_attributes(served.lines[1]))
                except (HTTPError, OSError):
                    return False
            return True

        assert [trusts(each) for each in authorities] == [True, False]
        path.unlink()
        path.write_bytes(authorities[1].issue("localhost").key_and_chain)
        hang_up(served, "are read anew")
        assert [trusts(each) for each in authorities] == [False, True]


def test_a_certificate_of_its_own_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "server.pem").write_bytes(b"x")
    result = CliRunner().invoke(ippfast, ["serve", "--tls", "--port", "0", "--state", str(tmp_path)])
    assert result.exit_code == 2
    assert "server.pem holds no certificate; if you remove it, a new one is made" in result.output


@pytest.mark.parametrize("kind", ["bcrypt", "argon2"])
def test_users_of_htpasswd_log_in_over_tls_alone(tmp_path: Path, kind: str) -> None:
    users = tmp_path / "users"
    add(users, "ann", "secret", "--kind", kind)
    with serve(tmp_path / "state", "--users", str(users), "--tls", uris=2, more=1) as served:
        tls = TLS(fingerprint=served.lines[2].removeprefix("certificate: sha256:"))
        assert asks(served.lines[1], "ann", "secret", tls) == 200
        assert asks(served.lines[1], "ann", "wrong", tls) == 401
        said, _ = served.end()
    assert "wrong credentials for the user 'ann'" in said


def test_passwords_as_they_are_are_warned_of(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("ann:secret\n")
    users.chmod(0o600)
    with serve(tmp_path / "state", "--users", str(users)) as served:
        assert asks(served.uri, "ann", "secret") == 200
        said, _ = served.end()
    assert "has plain passwords: 'ippfast users add'" in said


@pytest.mark.parametrize("arguments", [["a:b"], ["ann", "--kind", "bcrypt"]])
def test_users_that_cannot_be_added(tmp_path: Path, arguments: list[str]) -> None:
    add(tmp_path / "users", "bob", "secret")
    result = CliRunner().invoke(ippfast, ["users", "add", str(tmp_path / "users"), *arguments], input="word\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert "word" not in result.stderr.replace("password", "")


def test_tokens_of_a_provider(tmp_path: Path, provider: Provider) -> None:
    options = ["--tls", "--oauth", provider.issuer, "--oauth-audience", "printer", "--operator", "root"]
    with serve(tmp_path / "state", *options, uris=2, more=1) as served:
        plain, uri = served.lines[:2]
        tls = TLS(fingerprint=served.lines[2].removeprefix("certificate: sha256:"))

        def ask(token: str, operation: Operation) -> Message:
            with Client(uri, auth=BearerAuth(token), tls=tls) as client:
                return client.send(request(operation, uri))

        printer = ask(provider.token(), Operation.GET_PRINTER_ATTRIBUTES).printer
        assert set(printer["uri-authentication-supported"].values) == {"oauth"}
        assert printer["oauth-authorization-server-uri"].value == provider.issuer
        pause = Operation.PAUSE_PRINTER
        assert ask(provider.token(), pause).status is Status.CLIENT_ERROR_NOT_AUTHORIZED
        assert ask(provider.token(sub="root"), pause).status is Status.SUCCESSFUL_OK
        for token, status in ((provider.token(aud="other"), 401), ("abc", 401)):
            with pytest.raises(StatusError) as caught:
                ask(token, pause)
            assert caught.value.status == status
        connection = http.client.HTTPConnection("localhost", parse_uri(plain).port, timeout=SECONDS)
        lines = {"Content-Type": "application/ipp", "Authorization": f"Bearer {provider.token()}"}
        connection.request("POST", "/ipp/print", encode(request(pause, plain)), lines)
        assert connection.getresponse().status == 426  # a token goes over TLS alone
        connection.close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("options", "lines", "status"),
    [
        ((), {}, Status.SUCCESSFUL_OK),
        ((), {"X-Forwarded-For": "192.0.2.7"}, Status.CLIENT_ERROR_NOT_AUTHORIZED),
        ((), {"Forwarded": "for=127.0.0.1"}, Status.CLIENT_ERROR_NOT_AUTHORIZED),
        ((), {"Via": "1.1 proxy"}, Status.CLIENT_ERROR_NOT_AUTHORIZED),
        (("--proxy", "127.0.0.1"), {}, Status.CLIENT_ERROR_NOT_AUTHORIZED),  # a proxy that tells nothing of anybody
        (("--proxy", "127.0.0.1"), {"X-Forwarded-For": "127.0.0.1"}, Status.CLIENT_ERROR_NOT_AUTHORIZED),
        (("--proxy", "127.0.0.1", "--allow", "192.0.2.0/24"), {"X-Forwarded-For": "192.0.2.7"}, Status(0x0403)),
        (("--proxy", "127.0.0.1", "--allow", "192.0.2.0/24"), {"X-Forwarded-For": "192.0.3.7"}, None),
    ],
)
def test_nobody_is_an_operator_through_a_proxy(
    tmp_path: Path, options: tuple[str, ...], lines: dict[str, str], status: Status | None
) -> None:
    with serve(tmp_path / "state", *options) as served:
        connection = http.client.HTTPConnection("localhost", parse_uri(served.uri).port, timeout=SECONDS)
        body = encode(request(Operation.PAUSE_PRINTER, served.uri))
        connection.request("POST", "/ipp/print", body, {"Content-Type": "application/ipp", **lines})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
    assert answer.status == (403 if status is None else 200)
    if status is not None:
        assert decode(content).status is status


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


def test_a_document_that_stands_still_takes_the_place_of_its_own_address_alone(tmp_path: Path) -> None:
    with serve(tmp_path, "--max-connections-per-host", "1") as served:
        port = parse_uri(served.uri).port

        def connect(address: str) -> http.client.HTTPConnection:
            connection = http.client.HTTPConnection("127.0.0.1", port, SECONDS, source_address=(address, 0))
            connection.connect()
            return connection

        def status(address: str) -> int:
            with contextlib.closing(connect(address)) as connection:
                connection.request("GET", "/")
                return connection.getresponse().status

        with contextlib.closing(connect("127.0.0.1")) as first:
            first.putrequest("POST", "/ipp/print")
            first.putheader("Content-Type", "application/ipp")
            first.putheader("Content-Length", "1000000")
            first.endheaders(encode(operations.print_job(served.uri)))
            assert status("127.0.0.1") == 503  # connections are taken in their order
            assert status("127.0.0.2") == 200


def test_a_document_may_rest_as_long_as_rest_says(tmp_path: Path) -> None:
    """The time for a head and the least rate are as before. By default it is as long as CUPS waits."""
    head = b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: 90000\r\n"
    with serve(tmp_path, "--rest", "1") as served:
        port = parse_uri(served.uri).port
        with (
            socket.create_connection(("127.0.0.1", port)) as slow,
            socket.create_connection(("127.0.0.1", port)) as rests,
        ):
            slow.sendall(head)
            rests.sendall(head + b"\r\n" + encode(operations.print_job(served.uri)) + DOCUMENT)
            ready, _, _ = select.select([slow, rests], [], [], SECONDS)
            assert ready == [rests]  # for a head there are ten seconds
            assert rests.recv(65_536).startswith(b"HTTP/1.1 408 ")
    shown = CliRunner().invoke(ippfast, ["serve", "--help"], terminal_width=200).output
    assert re.search(r"--rest SECONDS.*default:\s+900\.0", shown)


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
        assert (said, status_) == ("Ending: jobs that are not done go on at the next start.\n", 0)
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

    def is_gone() -> bool:  # its last moments are the system's
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return left.read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    with serve(tmp_path / "state", "--command", str(script)):
        wait_for(tmp_path / "second")
        wait_until(is_gone)


def test_it_says_where_things_are(tmp_path: Path) -> None:
    with serve(tmp_path / "state", "--spool", str(tmp_path / "out"), more=3) as served:
        port = parse_uri(served.uri).port
        assert served.lines[1:] == [
            f"web page: http://localhost:{port}/",
            f"documents: into {tmp_path / 'out'}",
            f"state: {tmp_path / 'state'}  (--state)",
        ]


@contextlib.contextmanager
def serve_by_name(home: Path, *options: str) -> Iterator[Served]:
    """Without --state."""
    command = [sys.executable, "-m", "ippfast", "serve", "--port", "0", *options]
    environment = {**os.environ, "XDG_STATE_HOME": str(home)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        try:
            yield Served(process, 1, 3)
        finally:
            process.kill()


def test_each_name_has_its_state(tmp_path: Path) -> None:
    base = tmp_path / "ippfast"
    with serve_by_name(tmp_path, "--name", "Desk 1") as one, serve_by_name(tmp_path, "--name", "Hall") as other:
        assert one.lines[-1] == f"state: {base}/printers/Desk_1  (--state)"
        assert other.lines[-1] == f"state: {base}/printers/Hall  (--state)"
        with serve_by_name(tmp_path, "--name", "Hall") as third:
            assert third.process.wait(SECONDS) == 2
            assert third.process.stderr is not None
            assert third.process.stderr.read() == (
                f"Error: another server uses the spool {base}/printers/Hall: "
                "give this one another --state, or another --name\n"
            )


def test_a_state_from_before_there_were_names_is_adopted(tmp_path: Path) -> None:
    base = tmp_path / "ippfast"
    with serve(base, "--name", "Desk") as served, Client(served.uri) as client:
        job_id = print_and_wait(client, served.uri)
    with serve_by_name(tmp_path, "--name", "Desk") as served, Client(served.uri) as client:
        assert served.lines[-1] == f"state: {base}  (--state)"
        job = client.send(operations.get_job_attributes(served.uri, job_id)).job
        assert job["job-state"].value == JobState.COMPLETED
    with serve_by_name(tmp_path, "--name", "Hall") as served:
        assert served.lines[-1] == f"state: {base}/printers/Hall  (--state)"
    with serve_by_name(tmp_path, "--name", "Desk") as served:
        assert served.lines[-1] == f"state: {base}  (--state)"


def test_the_printer_of_forward_is_asked_at_the_start(tmp_path: Path) -> None:
    port = free_port()
    uri = f"ipp://localhost:{port}/ipp/print"
    with serve(tmp_path / "one", "--forward", uri) as served, Client(served.uri) as client:
        said = f"nobody answers at {uri}: is the printer on, and the port right?"
        assert served.process.stderr is not None
        assert served.process.stderr.readline() == f"Note: jobs wait: {said}\n"
        names = ("printer-state-reasons", "printer-state-message")

        def state() -> tuple[object, ...]:
            printer = client.attributes(*names)
            return tuple(printer[name].value for name in names)

        wait_for(lambda: state() == ("connecting-to-device", said))
        with Server(lambda incoming: response(incoming.message), port=port):
            assert served.process.stderr.readline() == f"Note: {uri} takes jobs now.\n"
            wait_for(lambda: state() == ("none", ""))


def test_forward_trusts_whom_the_options_say(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with serve(tmp_path / "last", "--spool", str(out), "--tls", "--require-tls", more=1) as last:
        pin = last.lines[1].removeprefix("certificate: ")
        with (
            serve(tmp_path / "right", "--forward", last.uri, "--pin", pin) as first,
            Client(first.uri) as client,
        ):
            print_and_wait(client, first.uri)
        with serve(tmp_path / "wrong", "--forward", last.uri, "--pin", "00" * 32) as first:
            assert first.process.stderr is not None
            assert "is not the pinned one" in first.process.stderr.readline()
    assert len(list(out.iterdir())) == 1


def test_a_name_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(ippfast, ["serve", "--state", str(tmp_path), "--name", "a\nb"])
    assert result.exit_code == 2
    assert "--name: a name must be one line" in result.stderr


def test_both_families_on_one_port(tmp_path: Path) -> None:
    with serve(tmp_path, "--host", "::") as served:
        port = parse_uri(served.uri).port
        for host in ("127.0.0.1", "[::1]"):
            uri = f"ipp://{host}:{port}/ipp/print"
            with Client(uri) as client:
                print_and_wait(client, uri)
