"""Mistakes that people make: each gives one line that says what to do, and the exit status of its kind.

The rule of this file: the printer is a real one, and a mistake is judged by what its line says.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run
from http_servers import serving, uri_of
from printers import DOCUMENT, SECONDS, Desk, printing, wait_for

from ippfast import Message, response
from ippfast.cli.interrupted import interrupted
from ippfast.cli.session import Access, Session
from ippfast.enums import Operation
from ippfast.http import BasicAuthenticator, BearerAuthenticator, IncomingRequest, Server, make_server_context
from ippfast.printer.certificates import self_made

# Whoever runs the tests may have set SIGINT to be ignored.
MAIN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from ippfast.cli import main; main()"
PRINT = [sys.executable, "-c", MAIN, "print"]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("IPPFAST_USER", "IPPFAST_PASSWORD", "IPPFAST_TOKEN", "IPPFAST_CA", "IPPFAST_PIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with printing(tmp_path / "state") as desk:
        desk.wait(desk.print())
        yield desk


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("attributes URI Printer-State", 2, "did you mean printer-state?"),
        ("attributes URI printer-*", 2, "'printer-*' is not a keyword of IPP"),
        ("attributes URI ''", 2, "'' is not a keyword of IPP"),
        ("job URI 88 JOB-STATE", 2, "did you mean job-state?"),
        ("cancel URI 99999999999", 2, "99999999999 is not in the range"),
        ("hold URI 99999999999", 2, "99999999999 is not in the range"),
        ("release URI 99999999999", 2, "99999999999 is not in the range"),
        ("watch URI 99999999999", 2, "99999999999 is not in the range"),
        ("job URI 99999999999", 2, "99999999999 is not in the range"),
        ("jobs URI --limit 99999999999", 2, "99999999999 is not in the range"),
        ("jobs URI --which FooBar", 2, "'FooBar' is not a keyword of IPP"),
        ("jobs URI --timeout nan", 2, "expected seconds"),
        ("jobs URI --user " + "x" * 300, 2, "requesting-user-name: expected at most 255 octets"),
        ("jobs URI --user \udcff", 2, "requesting-user-name: expected text in UTF-8"),
        ("probe " + "x" * 300, 2, "more than 63 octets"),
        ("probe a..b", 2, "an empty label"),
        ("print FILE URI", 2, "the printer comes first, as in 'ippfast print URI FILE'"),
        ("diff URI nofile", 2, "nofile: there is no such file, and no host of that name"),
        ("diff URI " + "ä" * 300, 2, "expected a URI"),
    ],
)
def test_one_line(desk: Desk, tmp_path: Path, arguments: str, status: int, said: str) -> None:
    file = tmp_path / "file.pdf"
    file.write_bytes(DOCUMENT)
    named = {"URI": desk.uri, "FILE": str(file), "''": ""}
    result = run(*(named.get(word, word) for word in arguments.split()))
    assert (result.exit_code, result.stdout) == (status, ""), result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert said in line


@pytest.mark.parametrize(
    ("user", "password", "token", "status", "said"),
    [
        ("ann", "wrong", "", 4, 'refused the user "ann" with this password'),
        ("a:b", "x", "", 2, "the user name or password cannot be sent: a user name with a colon"),
        ("ann", "\udcff", "", 2, "the user name or password cannot be sent: it is not in UTF-8"),
        ("ann", "", "", 4, "asks for credentials: set IPPFAST_USER"),
        ("ann", "", "wrong", 4, "refused the token of IPPFAST_TOKEN"),
    ],
)
def test_a_login(
    desk: Desk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    user: str,
    password: str,
    token: str,
    status: int,
    said: str,
) -> None:
    for name, value in (("USER", user), ("PASSWORD", password), ("TOKEN", token)):
        monkeypatch.setenv(f"IPPFAST_{name}", value)
    context = make_server_context(self_made(tmp_path, ["localhost"]))
    judge = BearerAuthenticator(lambda token: None) if token else BasicAuthenticator(lambda user, password: False)
    with Server(desk.printer, port=0, tls=context, authenticator=judge) as server:
        result = run("jobs", f"ipps://localhost:{server.port}/ipp/print", "--insecure")
    assert (result.exit_code, result.stdout) == (status, "")
    (line,) = result.stderr.splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("jobs URI --limit 0", {"exit-status": 2}),
        ("jobs ipp://localhost:1/", {"exit-status": 3}),
        ("job URI 88", {"exit-status": 1, "status-code": 0x0406, "status-code-keyword": "client-error-not-found"}),
        ("cancel URI 1", {"exit-status": 1}),
    ],
)
def test_a_failure_in_json(desk: Desk, arguments: str, error: dict[str, object]) -> None:
    result = run(*(desk.uri if word == "URI" else word for word in arguments.split()), "--json")
    said = json.loads(result.stdout)["error"]
    assert result.stderr.splitlines()[-1] == f"Error: {said.pop('message')}"
    assert said == error
    assert result.exit_code == error["exit-status"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("watch URI --event foo", "--event: foo is not an event of this printer: there are job-completed, "),
        ("watch URI --event job-complete", "did you mean job-completed"),
        ("serve --fetch HOST:x", "'HOST:x' is not HOST or HOST:PORT"),
        ("serve --fetch ''", "'' is not HOST or HOST:PORT"),
        ("serve --hostname a..b", "'a..b' is not a host name"),
        ("serve --pin 00", "--ca, --pin and --insecure are for the printer of --forward"),
        ("print URI FILE -o media=b5", "b5 is not a size: did you mean iso_b5_176x250mm or jis_b5_182x257mm?"),
        ("print URI FILE -o media=leter", "leter is not a size: did you mean na_letter_8.5x11in?"),
    ],
)
def test_it_is_refused(desk: Desk, tmp_path: Path, arguments: str, said: str) -> None:
    file = tmp_path / "file.pdf"
    file.write_bytes(DOCUMENT)
    named = {"URI": desk.uri, "FILE": str(file), "''": ""}
    result = run(*(named.get(word, word) for word in arguments.split()))
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    (line,) = result.stderr.splitlines()
    assert said in line


def test_a_printer_that_replaces_until_when() -> None:
    """Such as one that knows no names of times (RFC 8011 section 4.1.7)."""

    def handler(incoming: IncomingRequest) -> Message:
        held = incoming.message.operation is Operation.GET_JOB_ATTRIBUTES
        return response(incoming.message, job={"job-id": 7, "job-hold-until": "indefinite"} if held else None)

    with serving(handler) as server:
        uri = uri_of(server)
        said = run("hold", uri, "7", "--until", "tomorrow")
        data = json.loads(run("hold", uri, "7", "--until", "tomorrow", "--json").stdout)
        same = run("hold", uri, "7", "--until", "indefinite")
    assert said.exit_code == 0
    assert said.stdout == "job 7: held, job-hold-until indefinite\n"
    assert said.stderr == "Note: job 7: the printer does not know tomorrow, and holds it until indefinite\n"
    assert data["jobs"] == [{"job-id": 7, "done": True, "job-hold-until": "indefinite"}]
    assert same.stderr == ""


def interrupt(process: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C while it waits for more of the document: a signal just before it begins to wait, Python sees too late."""
    status = Path(f"/proc/{process.pid}/stat")
    wait_for(lambda: status.read_text().rpartition(")")[2].split()[0] == "S")
    process.send_signal(signal.SIGINT)


def test_ctrl_c_in_an_upload_says_whether_anything_was_printed(tmp_path: Path) -> None:
    with printing(tmp_path / "state") as desk:
        command = [*PRINT, desk.uri, "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdin is not None
            process.stdin.write(bytes(500_000))
            process.stdin.flush()
            wait_for(desk.files)  # it has begun to come
            interrupt(process)
            assert process.wait(SECONDS) == 130
            assert process.stderr is not None
            assert process.stderr.read() == b"Error: interrupted: nothing was printed: the printer has no such job\n"


def test_a_job_without_a_time_may_be_the_one_that_was_interrupted() -> None:
    def handler(incoming: IncomingRequest) -> Message:
        return response(incoming.message, job={"job-id": 7, "job-state": 5})

    with serving(handler) as server, Session(uri_of(server), Access()) as session:
        assert "may tell whether anything was printed" in interrupted(session, 60)


def test_ctrl_c_in_an_upload_cancels_the_job_that_there_is(tmp_path: Path) -> None:
    job, canceled = {"job-id": 7, "job-state": 5, "time-at-creation": 60}, threading.Event()
    begun = threading.Event()

    def handler(incoming: IncomingRequest) -> Message:
        message = incoming.message
        if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
            return response(message, printer={"printer-up-time": 60})
        if message.operation is Operation.PRINT_JOB:
            begun.set()
            incoming.document.read()
        if message.operation is Operation.CANCEL_JOB:
            canceled.set()
            return response(message)
        which = message.operation_attributes.value("which-jobs", None)
        return response(message, job=job if which == "not-completed" else None)

    with serving(handler) as server:
        command = [*PRINT, uri_of(server), "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdin is not None
            process.stdin.write(bytes(500_000))
            process.stdin.flush()
            assert begun.wait(SECONDS)
            interrupt(process)
            assert process.wait(SECONDS) == 130
            assert process.stderr is not None
            said = process.stderr.read()
    assert said == b"Error: interrupted: job 7 was canceled, and may be printed in part\n"
    assert canceled.is_set()


def test_completion_asks_the_printer(desk: Desk) -> None:
    def complete(words: str) -> list[str]:
        environment = {**os.environ, "_IPPFAST_COMPLETE": "bash_complete", "COMP_WORDS": words}
        environment["COMP_CWORD"] = str(len(words.split()) - 1)
        done = subprocess.run([sys.executable, "-m", "ippfast"], env=environment, capture_output=True, text=True)
        assert done.stderr == ""
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert complete(f"ippfast print {desk.uri} x -o sid") == ["sides="]
    assert complete(f"ippfast print {desk.uri} x -o media=iso_a6") == ["media=iso_a6_105x148mm"]
    assert complete(f"ippfast print {desk.uri} x -o finishings=none,staple-b") == [
        "finishings=none,staple-bottom-left",
        "finishings=none,staple-bottom-right",
    ]
    assert complete("ippfast jobs x --which not") == ["not-completed"]
    assert "printer-state" in complete("ippfast attributes x printer-sta")
