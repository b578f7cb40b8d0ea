"""CUPS' programs print on each kind of server: ipptool, the ipp backend, lp; with TLS by Upgrade, and as users.

The rule of this file: real programs on loopback, each under a time-out of its own.
"""

import os
import subprocess
from pathlib import Path

import pytest
from authorities import Authority
from http_servers import DOCUMENT
from http_shells import Serving, wait_until
from peers import BACKEND, Scheduler, program
from test_http_peers import SUITES, Printer

from ippfast import Message
from ippfast.enums import Operation
from ippfast.http import BasicAuthenticator, DigestAuthenticator, RequestHead, make_server_context


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's certificate and key."""
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    path.write_bytes(Authority().issue("localhost").key_and_chain)
    return path


def ipptool(uri: str, document: Path, *options: str) -> str:
    """What it says of one Print-Job."""
    command = [program("ipptool"), "-T", "20", "-t", *options, "-f", str(document), uri, str(SUITES / "print-job.test")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document.pdf"
    path.write_bytes(DOCUMENT)
    return path


@pytest.mark.parametrize("required", [False, True], ids=["optional", "required"])
@pytest.mark.parametrize("framing", ["-C", "-L"])
@pytest.mark.parametrize("encryption", ["-E", "-S", None])
def test_ipptool_and_tls(
    serving: Serving, pem: Path, document: Path, encryption: str | None, framing: str, required: bool
) -> None:
    """-E upgrades (RFC 2817), -S begins with TLS; without either, a server that requires TLS is left alone."""
    printer = Printer()
    options = [framing] if encryption is None else [framing, encryption]
    with serving(printer, tls=make_server_context(pem), require_tls=required) as server:
        said = ipptool(f"ipp://localhost:{server.port}/ipp/print", document, *options)
    if encryption is None and required:
        assert (printer.documents == []) or printer.secure == [True], said  # it may follow the 426
        return
    assert "[PASS]" in said, said
    assert printer.documents == [DOCUMENT]
    assert printer.secure == [encryption is not None]


def needs_no_user(head: RequestHead, message: Message | None) -> bool:
    return message is not None and message.operation is not Operation.PRINT_JOB


def check(user: str, password: str) -> bool:
    return (user, password) == ("ada", "secret")


AUTHENTICATORS = {
    "Basic": BasicAuthenticator(check, insecure=True),
    "Digest": DigestAuthenticator({"ada": "secret"}.get),
    "Digest MD5": DigestAuthenticator({"ada": "secret"}.get, algorithms=["MD5"]),
}


@pytest.mark.parametrize("per_operation", [False, True], ids=["always", "per operation"])
@pytest.mark.parametrize("scheme", AUTHENTICATORS)
def test_ipptool_and_users(serving: Serving, document: Path, scheme: str, per_operation: bool) -> None:
    printer = Printer()
    anonymous = needs_no_user if per_operation else None
    with serving(printer, authenticator=AUTHENTICATORS[scheme], anonymous=anonymous) as server:
        for framing in ("-C", "-L"):
            said = ipptool(f"ipp://ada:secret@localhost:{server.port}/ipp/print", document, framing)
            assert "[PASS]" in said, said
        # It guesses on, and each answer takes twice as long as the one before: two seconds are what it waits.
        said = ipptool(f"ipp://ada:wrong@localhost:{server.port}/ipp/print", document, "-T", "2")
        assert "[PASS]" not in said
    assert printer.documents == [DOCUMENT] * 2


@pytest.mark.parametrize("per_operation", [None, False, True], ids=["no users", "always", "per operation"])
def test_backend(serving: Serving, document: Path, per_operation: bool | None) -> None:
    """Without TLS: root's backend keeps the certificates that it has seen for the whole machine."""
    printer = Printer()
    options: dict[str, object] = {}
    if per_operation is not None:
        options = {
            "authenticator": AUTHENTICATORS["Digest"],
            "anonymous": needs_no_user if per_operation else None,
        }
    with serving(printer, **options) as server:
        environment = {
            **os.environ,
            "DEVICE_URI": f"ipp://localhost:{server.port}/ipp/print",
            "CONTENT_TYPE": "application/pdf",
            "FINAL_CONTENT_TYPE": "application/pdf",
            "AUTH_USERNAME": "ada",
            "AUTH_PASSWORD": "secret",
        }
        command = ["timeout", "15", program(BACKEND), "7", "tester", "title", "1", "", str(document)]
        for _ in range(3):
            said = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60).stderr
            if printer.documents or "No request sent" not in said:
                break  # else a 401 came while it was writing, on a busy machine: CUPS loses its way then
    assert printer.documents == [DOCUMENT], said


def test_lp_through_cupsd(serving: Serving, scheduler: Scheduler, document: Path) -> None:
    printer = Printer()
    environment = {**os.environ, **scheduler.environment}

    def run(*command: str) -> None:
        arguments = [program(command[0]), *command[1:]]
        done = subprocess.run(arguments, capture_output=True, text=True, env=environment, timeout=30)
        assert done.returncode == 0, done.stderr

    with serving(printer) as server:
        queue = f"queue{server.port}"
        uri = f"ipp://localhost:{server.port}/ipp/print"
        run("lpadmin", "-p", queue, "-E", "-v", uri, "-m", "raw")
        try:
            run("lp", "-d", queue, "-o", "raw", str(document))
            wait_until(lambda: printer.documents != [])
        finally:
            run("lpadmin", "-x", queue)
    assert printer.documents == [DOCUMENT]
