"""Paths, versions and TLS are found by asking, remembered, and found anew: `negotiate=True` and `probe`.

The rule of this file: each test is for both clients; servers on loopback, and CUPS' ippeveprinter and cupsd.
"""

import asyncio
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from authorities import Authority
from http_clients import clients
from http_servers import DOCUMENT, SECONDS, read_until, scripted, serving, uri_of
from peers import EvePrinter, Scheduler, free_port, program
from tls_refusers import KINDS, refusing

from ippfast import Message, response
from ippfast.enums import Operation, Status
from ippfast.http import (
    TLS,
    BasicAuth,
    BasicAuthenticator,
    HTTPError,
    IncomingRequest,
    NegotiationError,
    ProbeResult,
    Refusal,
    StatusError,
    Timeouts,
    make_server_context,
    probe,
    probe_async,
)
from ippfast.http._client import negotiation, versions
from ippfast.http.uri import parse_uri


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    for memory in (negotiation.FOUND, versions.TAKEN):
        memory._found.clear()
    yield
    for memory in (negotiation.FOUND, versions.TAKEN):
        memory._found.clear()


class OldPrinter:
    """Takes one path and versions up to one, and says so as printers do."""

    def __init__(self, path: str = "/ipp/printer", version: tuple[int, int] = (1, 1), *, refusal: int | None = None):
        self.path = path
        self.version = version
        self.refusal = refusal
        self.seen: list[tuple[str, tuple[int, int], object, object]] = []
        self.documents: list[bytes] = []

    def __call__(self, request: IncomingRequest) -> Message:
        message = request.message
        uri = message.groups[0].value("printer-uri", None)
        self.seen.append((request.head.target, message.version, message.operation, uri))
        if request.head.target != self.path:
            if self.refusal is None:
                return response(message, Status.CLIENT_ERROR_NOT_FOUND)
            raise Refusal(self.refusal, "nothing here")
        if message.version > self.version:
            return response(message, Status.SERVER_ERROR_VERSION_NOT_SUPPORTED, version=self.version)
        if message.operation is Operation.PRINT_JOB:
            self.documents.append(request.document.read())
            return response(message, job={"job-id": 7, "job-state": "completed"})
        return response(message, printer={"printer-info": "Old"})


@clients
@pytest.mark.parametrize("refusal", [None, 404, 400, 405])
@pytest.mark.parametrize("version", [(2, 0), (1, 1), (1, 0)])
def test_path_and_version(make: Any, version: tuple[int, int], refusal: int | None) -> None:
    printer = OldPrinter(version=version, refusal=refusal)
    with serving(printer) as server:
        uri = f"ipp://localhost:{server.port}"
        with make(uri, negotiate=True) as client:
            assert client.print(iter([DOCUMENT])).id == 7
            assert client.attributes()["printer-info"].value == "Old"
        asked = len(printer.seen)
        with make(uri, negotiate=True) as client:  # another client of the same printer knows
            client.print(DOCUMENT)
        assert len(printer.seen) == asked + 1
        with make(f"{uri}/ipp/print", negotiate=True) as client:  # another URI of it is tried first
            client.print(DOCUMENT)
        assert printer.seen[asked + 1][0] == "/ipp/print"
    assert printer.documents == [DOCUMENT] * 3
    for target, seen, operation, its_uri in printer.seen:
        if operation is Operation.PRINT_JOB:
            assert (target, seen, its_uri) == ("/ipp/printer", version, f"{uri}/ipp/printer")


@clients
def test_changes_are_noticed(make: Any) -> None:
    printer = OldPrinter("/ipp/print", (2, 0))
    with serving(printer) as server, make(uri_of(server), negotiate=True) as client:
        client.print(DOCUMENT)
        printer.version = (1, 1)  # other firmware
        client.print(DOCUMENT)
        printer.path, printer.refusal = "/ipp/printer", 404
        client.print(DOCUMENT)
        printer.path = "/ipp/print"
        with pytest.raises(StatusError, match="404"):
            client.print(iter([DOCUMENT]))  # which cannot be sent twice
    assert printer.documents == [DOCUMENT] * 3


@clients
def test_only_when_asked(make: Any) -> None:
    printer = OldPrinter()
    with serving(printer) as server, make(uri_of(server)) as client:
        client.send(response(None, 0x000B))
        assert len(printer.seen) == 1


@clients
def test_a_queue_is_never_exchanged(make: Any) -> None:
    printer = OldPrinter("/ipp/print")
    with serving(printer) as server, make(f"ipp://localhost:{server.port}/printers/a", negotiate=True) as client:
        with pytest.raises(NegotiationError, match="/printers/a: client-error-not-found") as caught:
            client.print(DOCUMENT)
        assert len(caught.value.tried) == 1
    assert {target for target, *_ in printer.seen} == {"/printers/a"}


def test_what_is_remembered_is_bounded() -> None:
    memory: versions.Memory[int] = versions.Memory()
    for number in range(3_000):
        memory.put(parse_uri(f"ipp://host-{number}/"), number)
    assert len(memory._found) == 1_024
    assert memory.get(parse_uri("ipp://host-2999/")) == 2_999
    assert memory.get(parse_uri("ipp://host-0/")) is None


# Probing.


def probe_in_loop(host: str, **options: Any) -> ProbeResult:
    return asyncio.run(probe_async(host, **options))


probes = pytest.mark.parametrize("find", [probe, probe_in_loop], ids=["probe", "probe_async"])


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    authority = Authority()
    (made / "ca.pem").write_bytes(authority.certificate)
    (made / "server.pem").write_bytes(authority.issue("localhost").key_and_chain)
    return made


@probes
def test_plain_printer(find: Callable[..., ProbeResult]) -> None:
    with serving(OldPrinter()) as server:
        found = find(f"localhost:{server.port}")
    assert (found.uri, found.version) == (f"ipp://localhost:{server.port}/ipp/printer", (1, 1))
    assert (found.secure, found.trusted, found.fingerprint, found.tls_version) == (False, False, None, None)
    assert found.attributes["printer-info"].value == "Old"
    assert [uri.partition(":")[0] for uri, _ in found.tried] == ["ipps"]


@probes
def test_tls(find: Callable[..., ProbeResult], directory: Path) -> None:
    with serving(OldPrinter(), tls=make_server_context(directory / "server.pem")) as server:
        for tls in (TLS(), TLS(ca_file=directory / "ca.pem"), TLS(fingerprint="00" * 32)):
            found = find(f"localhost:{server.port}", tls=tls)
            assert found.uri == f"ipps://localhost:{server.port}/ipp/printer"
            assert (found.secure, found.upgrade, found.tls_version) == (True, False, "TLSv1.3")
            assert found.fingerprint is not None
            assert found.trusted == (found.distrust is None) == (tls.ca_file is not None)
        found = find(f"ipps://localhost:{server.port}/", tls=TLS(fingerprint=found.fingerprint))
        assert found.trusted


@probes
def test_credentials_go_to_nobody_untrusted(find: Callable[..., ProbeResult], directory: Path) -> None:
    asked: list[str] = []

    def check(user: str, password: str) -> bool:
        asked.append(user)
        return True

    context = make_server_context(directory / "server.pem")
    with serving(OldPrinter(), tls=context, authenticator=BasicAuthenticator(check)) as server:
        auth = BasicAuth("user", "password")
        found = find(f"localhost:{server.port}", auth=auth)
        assert (found.secure, found.trusted, asked, len(found.attributes)) == (True, False, [], 0)
        assert found.challenges[0].startswith("Basic ")
        found = find(f"localhost:{server.port}", auth=auth, tls=TLS(ca_file=directory / "ca.pem"))
        assert found.trusted
        assert found.challenges == ()
        assert set(asked) == {"user"}


@probes
def test_nothing_there(find: Callable[..., ProbeResult]) -> None:
    port = free_port()
    with pytest.raises(ConnectionRefusedError):
        find(f"127.0.0.1:{port}")
    for host in ("", "ftp://localhost/", "user@localhost", "ipp://"):
        with pytest.raises(ValueError, match="host name or an ipp URI"):
            find(host)


@probes
def test_no_printer_there(find: Callable[..., ProbeResult]) -> None:
    def page(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>")

    with scripted(*[page] * 6) as uri:
        with pytest.raises(NegotiationError, match="no printer there: ") as caught:
            find(uri.rpartition("/ipp")[0])
        assert len(caught.value.tried) == 5


@probes
def test_in_time(find: Callable[..., ProbeResult]) -> None:
    """Also where octets come, but too few."""
    stop = threading.Event()

    def trickle(connection: socket.socket) -> None:
        try:
            while not stop.wait(0.05):
                connection.sendall(b"H")
        except OSError:
            pass

    def tickle(connection: socket.socket) -> None:
        try:
            read_until(connection, b"\x03")
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not stop.wait(0.05):
                connection.sendall(b"X: y\r\n")
        except OSError:
            pass

    def silent(connection: socket.socket) -> None:
        stop.wait(SECONDS)

    for first, second in ((silent, silent), (trickle, tickle)):
        stop.clear()
        with scripted(first, second) as uri:
            try:
                with pytest.raises(TimeoutError, match=r"within 0\.5 seconds"):
                    find(uri, timeout=0.5)
            finally:
                stop.set()
                # Whatever was not reached.
                for _ in range(2):
                    with socket.socket() as rest:
                        rest.connect_ex(("127.0.0.1", int(uri.split(":")[2].split("/")[0])))


@probes
def test_ippeveprinter(find: Callable[..., ProbeResult], eve_printer: EvePrinter) -> None:
    found = find(f"localhost:{eve_printer.port}")
    assert (found.uri, found.version) == (eve_printer.secure_uri, (2, 0))
    assert (found.secure, found.trusted) == (True, False)
    assert found.attributes["printer-info"].value == "Peer"


@probes
def test_cupsd(find: Callable[..., ProbeResult], scheduler: Scheduler) -> None:
    command = [program("lpadmin"), "-p", "found", "-E", "-v", "ipp://localhost:1/", "-m", "raw"]
    environment = {**os.environ, **scheduler.environment}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    subprocess.run([program("lpadmin"), "-d", "found"], env=environment, check=True, capture_output=True)
    found = find(f"localhost:{scheduler.port}")
    assert found.uri == f"ipp://localhost:{scheduler.port}/printers/found"
    assert found.attributes["printer-name"].value == "found"
    subprocess.run([program("lpadmin"), "-x", "found"], env=environment, check=True, capture_output=True)


@clients
def test_negotiated_with_cups(make: Any, eve_printer: EvePrinter) -> None:
    with make(f"ipp://localhost:{eve_printer.port}", negotiate=True, patience=20.0) as client:
        assert client.print(b"%PDF-1.4").wait(90).id


# In the clear.


@pytest.mark.parametrize("kind", KINDS)
@probes
def test_nothing_is_asked_in_the_clear(find: Callable[..., ProbeResult], kind: str, directory: Path) -> None:
    for tls in (TLS(fingerprint="00" * 32), TLS(ca_file=directory / "ca.pem")):
        with refusing(kind) as server:
            with pytest.raises((NegotiationError, OSError)):
                find(server.host, tls=tls, timeout=0.5)
            assert (server.plain, server.hellos > 0) == ([], True)
    with refusing(kind) as server:
        if kind == "slow":  # it may only be busy
            with pytest.raises(TimeoutError):
                find(server.host, timeout=0.5)
            assert server.plain == []
        else:
            assert find(server.host).uri == f"ipp://{server.host}/ipp/print"


@probes
def test_a_host_that_has_tls_is_not_asked_without(find: Callable[..., ProbeResult], directory: Path) -> None:
    """Neither where TLS is of no version that we take, nor where the printer is elsewhere, or busy."""
    seen: list[bool] = []

    def busy(incoming: IncomingRequest) -> Message:
        seen.append(incoming.secure)
        raise Refusal(503, "busy")

    context = make_server_context(directory / "server.pem")
    with serving(busy, tls=context) as server, pytest.raises(NegotiationError, match="not asked without TLS"):
        find(f"localhost:{server.port}")
    assert set(seen) == {True}
    seen.clear()
    strict = make_server_context(directory / "server.pem")
    strict.maximum_version = strict.minimum_version = ssl.TLSVersion.TLSv1_2
    strict.set_ciphers("ECDHE-RSA-CHACHA20-POLY1305")  # the key is of another kind
    with serving(busy, tls=strict) as server, pytest.raises(ssl.SSLError):
        find(f"localhost:{server.port}")
    assert seen == []


@clients
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_knows_whom_to_trust(make: Any, kind: str, directory: Path) -> None:
    for tls in (TLS(fingerprint="00" * 32), TLS(ca_file=directory / "ca.pem")):
        for scheme in ("ipp", "ipps"):
            with refusing(kind) as server:
                uri = f"{scheme}://{server.host}/ipp/print"
                with make(uri, tls=tls, timeouts=Timeouts(connect=0.5, first_octet=0.5, idle=0.5)) as client:
                    assert client.secure
                    with pytest.raises((HTTPError, OSError)):
                        client.attributes()
                assert [each for each in server.plain if not each.startswith(b"OPTIONS * ")] == []
