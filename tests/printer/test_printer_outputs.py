"""Where jobs go: a command, a directory, another printer; what a job's state says of it; and how cancel stops it.

The rule of this file: real processes and a real second printer.
"""

import errno
import os
import secrets
from pathlib import Path

import pytest
from printers import DOCUMENT, Gate, printing, wait_for

from ippfast import Name, Operation
from ippfast.enums import JobState, Status
from ippfast.printer import Command, Directory, Forward
from ippfast.printer.outputs import safe_name


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def script(directory: Path, text: str) -> Command:
    path = directory / "command"
    path.write_text(f"#!/bin/sh\ncd {directory}\n{text}\n")
    path.chmod(0o755)
    return Command([str(path)], grace=0.5)


def test_a_document_that_is_lost_ends_its_job(tmp_path: Path) -> None:
    with printing(tmp_path / "spool", output=Directory(tmp_path / "printed")) as desk:
        job_id = desk.print(b"%PDF" + bytes(70_000), job={"job-hold-until": "indefinite"})
        (document,) = desk.printer.store.documents(job_id)
        desk.printer.documents.remove([document.key])
        desk.ask(Operation.RELEASE_JOB, job_id=job_id)
        ended = desk.wait(job_id)
    assert ended["job-state"] == JobState.ABORTED
    assert ended["job-state-message"] == "the document is lost"  # and not where it was


def test_a_command_is_told_what_it_prints(tmp_path: Path) -> None:
    command = script(tmp_path, 'cat > "$IPP_DOCUMENT_NUMBER"; env > "env-$IPP_DOCUMENT_NUMBER"')
    with printing(tmp_path / "spool", output=command) as desk:
        job_id = (
            desk.ask(
                Operation.CREATE_JOB,
                job_name=Name("a\nb\x1b[31m$(touch evil)"),
                client_info=[{"client-name": "1234", "client-type": 3}],
                job={"copies": 2, "media": "na_letter_8.5x11in", "finishings": ["staple", "punch"]},
            )
            .job["job-id"]
            .value
        )
        desk.ask(Operation.SEND_DOCUMENT, DOCUMENT, job_id=job_id, last_document=False)
        desk.ask(Operation.SEND_DOCUMENT, b"text", job_id=job_id, last_document=True, document_format="text/plain")
        assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    assert (tmp_path / "1").read_bytes() == DOCUMENT
    assert (tmp_path / "2").read_bytes() == b"text"
    told = dict(line.split("=", 1) for line in (tmp_path / "env-1").read_text().splitlines() if "=" in line)
    assert told["CONTENT_TYPE"] == "application/pdf"
    assert told["IPP_JOB_ID"] == str(job_id)
    assert told["IPP_JOB_NAME"] == "a b [31m$(touch evil)"
    assert (told["IPP_COPIES"], told["IPP_FINISHINGS"]) == ("2", "4,5")
    assert told["IPP_MEDIA"] == "na_letter_8.5x11in"
    assert "1234" not in (tmp_path / "env-1").read_text()
    assert not (tmp_path / "evil").exists()


def test_a_command_that_fails(tmp_path: Path) -> None:
    with printing(tmp_path / "spool", output=script(tmp_path, "echo out of ink >&2; exit 3")) as desk:
        job = desk.wait(desk.print())
        assert (job["job-state"], job["job-state-reasons"]) == (JobState.ABORTED, "aborted-by-system")
        assert job["job-state-message"] == "the command ended with status 3: out of ink"


def test_a_command_that_is_killed(tmp_path: Path) -> None:
    with printing(tmp_path / "spool", output=script(tmp_path, "kill -9 $$")) as desk:
        assert desk.wait(desk.print())["job-state-message"] == "the command ended with signal 9"


@pytest.mark.parametrize("trap", ["", "trap '' TERM"])
def test_cancel_ends_the_command_and_what_it_began(tmp_path: Path, trap: str) -> None:
    text = (
        f"{trap}\nsleep 600 & echo $! > child.part; echo $$ >> child.part; mv child.part child; wait; wait; sleep 600"
    )
    with printing(tmp_path / "spool", output=script(tmp_path, text)) as desk:
        job_id = desk.print()
        wait_for((tmp_path / "child").exists)
        processes = [int(line) for line in (tmp_path / "child").read_text().split()]
        assert all(map(is_running, processes))
        assert desk.ask(Operation.CANCEL_JOB, job_id=job_id).status is Status.SUCCESSFUL_OK
        job = desk.wait(job_id)
        assert (job["job-state"], job["job-state-reasons"]) == (JobState.CANCELED, "job-canceled-by-user")
        wait_for(lambda: not any(map(is_running, processes)))


def test_a_job_goes_on_after_the_server_ended(tmp_path: Path) -> None:
    gate = Gate()
    with printing(tmp_path, output=gate) as desk:
        first, second = desk.print(b"%PDF one"), desk.print(b"%PDF two")
        desk.wait(first, JobState.PROCESSING)
    gate.open.set()
    with printing(tmp_path, output=gate) as desk:
        for job_id in (first, second):
            assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
        job = desk.job(first)  # the up-time goes on over the restart
        assert 1 <= job["time-at-creation"] <= job["time-at-completed"] <= job["job-printer-up-time"]
    assert gate.documents == [[b"%PDF one"], [b"%PDF two"]]


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    output = Directory(out)
    out.rmdir()
    with printing(tmp_path / "spool", output=output) as desk:
        job = desk.wait(desk.print())
        assert job["job-state"] == JobState.ABORTED
        assert "can't be written" in job["job-state-message"]


# Another printer.


@pytest.mark.parametrize("documents", [1, 3])
def test_forward(tmp_path: Path, documents: int) -> None:
    gate = Gate()
    with (
        printing(tmp_path / "last", output=gate) as last,
        printing(tmp_path / "first", output=Forward(last.uri, pause=0.05)) as first,
    ):
        template = {"copies": 3, "sides": "two-sided-long-edge"}
        made = first.ask(Operation.CREATE_JOB, job_name="Report", job=template, user="carol")
        job_id = made.job["job-id"].value
        sent = [f"%PDF-{number}".encode() * 9_000 for number in range(documents)]
        for number, each in enumerate(sent, 1):
            last_one = number == documents
            first.ask(Operation.SEND_DOCUMENT, each, job_id=job_id, last_document=last_one, user="carol")
        wait_for(gate.begun.is_set)
        assert first.state(job_id) is JobState.PROCESSING  # it is what it is there
        (there,) = last.printer.store.jobs()
        assert (there.name, there.user) == ("Report", "carol")
        assert {each.name: each.values for each in there.attributes if each.name != "client-info"} == {
            "copies": (3,),
            "sides": ("two-sided-long-edge",),
        }
        gate.open.set()
        assert first.wait(job_id)["job-state"] == JobState.COMPLETED
    assert gate.documents == [sent]


def test_forward_cancel(tmp_path: Path) -> None:
    gate = Gate()
    with (
        printing(tmp_path / "last", output=gate) as last,
        printing(tmp_path / "first", output=Forward(last.uri, pause=0.05)) as first,
    ):
        job_id = first.print()
        wait_for(gate.begun.is_set)
        first.ask(Operation.CANCEL_JOB, job_id=job_id)
        assert first.wait(job_id)["job-state"] == JobState.CANCELED
        wait_for(lambda: [job.state for job in last.printer.store.jobs()] == [JobState.CANCELED])
        gate.begun.clear()
        other = first.print()  # canceled there
        wait_for(gate.begun.is_set)
        there = last.printer.store.jobs((JobState.PROCESSING,))[0]
        last.ask(Operation.CANCEL_JOB, job_id=there.id)
        job = first.wait(other)
        assert (job["job-state"], job["job-state-reasons"]) == (JobState.ABORTED, "aborted-by-system")
        assert job["job-state-message"].startswith("the printer has canceled the job")


def test_forward_waits_for_a_printer_that_takes_no_jobs(tmp_path: Path) -> None:
    with (
        printing(tmp_path / "last") as last,
        printing(tmp_path / "first", output=Forward(last.uri, pause=0.05)) as first,
    ):
        last.ask(Operation.DISABLE_PRINTER)
        job_id = first.print()
        wait_for(lambda: "takes no job now" in first.job(job_id)["job-state-message"])
        last.ask(Operation.ENABLE_PRINTER)
        assert first.wait(job_id)["job-state"] == JobState.COMPLETED


def test_forward_waits_for_a_printer_that_is_off(tmp_path: Path) -> None:
    with printing(tmp_path / "first", output=Forward("ipp://localhost:9/ipp/print", pause=0.05)) as first:
        job_id = first.print()
        wait_for(lambda: "can't be reached" in first.job(job_id)["job-state-message"])
        first.ask(Operation.CANCEL_JOB, job_id=job_id)
        assert first.wait(job_id)["job-state"] == JobState.CANCELED


def test_forward_to_a_printer_that_refuses(tmp_path: Path) -> None:
    only_text = {"document-format-supported": ["application/octet-stream", "text/plain"]}
    with (
        printing(tmp_path / "last", description=only_text) as last,
        printing(tmp_path / "first", output=Forward(last.uri)) as first,
    ):
        job = first.wait(first.print())
        assert job["job-state"] == JobState.ABORTED
        assert "client-error-document-format-not-supported" in job["job-state-message"]


def test_outputs_that_cannot_be() -> None:
    for wrong in ("", "no-such-command-here x"):
        with pytest.raises(ValueError, match="command"):
            Command(wrong)
    with pytest.raises(ValueError, match="lpd"):
        Forward("lpd://printer/queue")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\windows\\x", "x"),
        ("/abs/", ""),
        ("a\0b", "a_b"),
        (".htaccess", "htaccess"),
        ("-rf", "rf"),
        ("a b\nc", "a_b_c"),
        ("x" * 300, "x" * 64),
        ("\u2215etc\u2215passwd", "etc_passwd"),
        ("报告.pdf", "报告.pdf"),
        ("報" * 30, "報" * 21),
        ("Ü" + "ber\u202egnp.exe", "Über_gnp.exe"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_command_does_not_learn_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("IPPFAST_USER", "PGPASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    for name in ours:
        monkeypatch.setenv(name, "admin:secret")
    with printing(tmp_path / "spool", output=script(tmp_path, "env > env; cat > /dev/null")) as desk:
        assert desk.wait(desk.print())["job-state"] == JobState.COMPLETED
    said = (tmp_path / "env").read_text()
    assert "IPP_JOB_ID=" in said
    assert "admin:secret" not in said


def no_links(*_: object) -> None:
    raise OSError(errno.EXDEV, "another file system")


@pytest.mark.parametrize("dangling", [False, True])
def test_nobody_wins_by_guessing_the_name_of_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dangling: bool
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(secrets, "token_hex", lambda octets=32: "0" * 2 * octets)
    victim = tmp_path / "victim"
    if not dangling:
        victim.write_bytes(b"mine")
    with printing(tmp_path / "spool", output=Directory(tmp_path / "out")) as desk:
        (tmp_path / "out" / f".{'0' * 16}.part").symlink_to(victim)
        assert desk.wait(desk.print())["job-state"] == JobState.ABORTED
    assert victim.exists() is not dangling
    assert dangling or victim.read_bytes() == b"mine"


def test_nothing_that_lies_in_a_directory_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without links the document is copied, to a name that nobody can have prepared."""
    monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "out").mkdir()
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / "out" / ".1-1-untitled.pdf.part").symlink_to(tmp_path / "victim")
    with printing(tmp_path / "spool", output=Directory(tmp_path / "out")) as desk:
        assert desk.wait(desk.print())["job-state"] == JobState.COMPLETED
    assert (tmp_path / "victim").read_bytes() == b"mine"
    (made,) = [path for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")]
    assert made.read_bytes() == DOCUMENT
    assert made.stat().st_mode & 0o777 == 0o600


def test_what_has_the_name_of_a_document_gives_way(tmp_path: Path) -> None:
    """It is an earlier attempt's, or a trap: it is neither followed nor kept, and nothing is left beside it."""
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "victim").write_bytes(b"mine")
    with printing(tmp_path / "spool", output=Directory(out)) as desk:
        (out / "1-1-Untitled.pdf").symlink_to(tmp_path / "victim")
        assert desk.wait(desk.print())["job-state"] == JobState.COMPLETED
    (made,) = out.iterdir()
    assert made.name == "1-1-Untitled.pdf"
    assert not made.is_symlink()
    assert made.read_bytes() == DOCUMENT
    assert (tmp_path / "victim").read_bytes() == b"mine"


def test_without_a_format_a_document_has_the_first_that_is_supported(tmp_path: Path) -> None:
    with printing(tmp_path / "spool", description={"document-format-supported": ["text/plain"]}) as desk:
        answer = desk.ask(Operation.PRINT_JOB, DOCUMENT)
        assert answer.status is Status.SUCCESSFUL_OK
        (document,) = desk.printer.store.documents(answer.job["job-id"].value)
        assert document.format == "text/plain"
