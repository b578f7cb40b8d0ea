"""Both clients print on our own printer, with credentials and TLS from the start and by upgrade, and watch it.

The rule of this file: one printer and one port for all of it, as it is served to others.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from authorities import Authority
from http_clients import clients
from printers import Gate

from ippfast.enums import JobState, PrinterState
from ippfast.http import (
    TLS,
    Auth,
    Authenticator,
    BasicAuth,
    BasicAuthenticator,
    BearerAuth,
    BearerAuthenticator,
    DigestAuth,
    DigestAuthenticator,
    Server,
    StatusError,
    make_server_context,
    probe,
)
from ippfast.printer import SpoolPrinter

DOCUMENT = b"%PDF-1.7\n" + bytes(range(256)) * 2_000
JUDGES: dict[str, tuple[Authenticator | None, Callable[[str, str], Auth | None]]] = {
    "Basic": (BasicAuthenticator(lambda user, password: (user, password) == ("alice", "secret")), BasicAuth),
    "Digest": (DigestAuthenticator({"alice": "secret"}.get), DigestAuth),
    "Bearer": (BearerAuthenticator({"token": "alice"}.get), lambda user, password: BearerAuth("token")),
    "none": (None, lambda user, password: None),
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    authority = Authority()
    (made / "ca.pem").write_bytes(authority.certificate)
    (made / "server.pem").write_bytes(authority.issue("localhost").key_and_chain)
    return made


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def port(tmp_path: Path, gate: Gate, directory: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    judge, _ = JUDGES[getattr(request, "param", "none")]
    context = make_server_context(directory / "server.pem")
    with (
        SpoolPrinter(tmp_path, output=gate) as printer,
        Server(printer, port=0, tls=context, authenticator=judge) as server,
    ):
        yield server.port
        gate.open.set()


@clients
@pytest.mark.parametrize("port", JUDGES, indirect=True)
@pytest.mark.parametrize("way", ["plain", "TLS", "upgrade"])
def test_credentials(make: Any, port: int, way: str, gate: Gate, directory: Path, request: Any) -> None:
    """Where these go over TLS alone, a plain connection is told to upgrade, and does."""
    _, auth = JUDGES[request.node.callspec.params["port"]]
    uri = f"{'ipps' if way == 'TLS' else 'ipp'}://localhost:{port}/ipp/print"
    policy = "required" if way == "upgrade" else "if-requested"
    gate.open.set()
    with make(uri, auth=auth("alice", "secret"), tls=TLS(ca_file=directory / "ca.pem"), upgrade=policy) as client:
        for document in (DOCUMENT, iter([DOCUMENT])):
            job = client.print(document, sides="one-sided")
            assert job.wait(90).state is JobState.COMPLETED
            job.update()
            assert job.attributes["job-k-octets"].value == -(-len(DOCUMENT) // 1024)
        if way == "upgrade":  # by RFC 2817, not by TLS from the start
            assert client._core._way == "upgrade"


@clients
@pytest.mark.parametrize("port", ["Digest"], indirect=True)
def test_no_credentials(make: Any, port: int) -> None:
    with make(f"ipp://localhost:{port}/ipp/print") as client, pytest.raises(StatusError, match="401"):
        client.print(DOCUMENT)


@clients
def test_watch(make: Any, port: int, gate: Gate) -> None:
    with make(f"ipp://localhost:{port}/ipp/print") as client:
        watching = client.watch()
        assert next(watching).state is PrinterState.IDLE
        job = client.print(DOCUMENT)
        seen = []
        threading.Timer(0.2, gate.open.set).start()
        for notification in job.watch():
            assert notification.job_id == job.id
            seen.append(notification.state)
        assert seen[-1] is JobState.COMPLETED
        for notification in watching:
            if notification.job_id == job.id and notification.ended:
                break
        watching.close()


def test_probe(port: int, directory: Path) -> None:
    found = probe(f"localhost:{port}", tls=TLS(ca_file=directory / "ca.pem"))
    assert (found.uri, found.version, found.trusted) == (f"ipps://localhost:{port}/ipp/print", (2, 0), True)
