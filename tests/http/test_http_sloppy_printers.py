"""Both clients and printers that are careless about IPP: what can be had is had, and nobody claims what nobody said.

The rule of this file: a printer on loopback answers what the test says, as octets; nothing may wait for ever.
"""

import contextlib
import getpass
import socket
import ssl
import threading
from collections.abc import Iterator
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest
from authorities import Authority
from http_clients import clients
from http_servers import DOCUMENT
from scripted_printer import Answering, http, printer

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DelimiterTag,
    Message,
    OutOfBand,
    ValueTag,
    decode_prefix,
    encode,
    operations,
    response,
)
from ippfast.enums import JobState, Operation, Status
from ippfast.http import (
    TLS,
    AnswerError,
    Client,
    JobError,
    OperationError,
    PhaseTimeoutError,
    RemoteProtocolError,
    StatusError,
)
from ippfast.http.uri import parse_uri, printer_uri


def of_jobs(made: Any, asked: dict[str, Any], status: Status = Status.SUCCESSFUL_OK) -> Answering:
    """A printer that prints a job with these attributes, and answers with those when it is asked about it."""

    def answer(message: Message) -> Message:
        if message.operation in (Operation.PRINT_JOB, Operation.CREATE_JOB, Operation.SEND_DOCUMENT):
            return response(message, job=made)
        if message.operation is Operation.GET_JOB_ATTRIBUTES:
            return response(message, status, job=asked)
        return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)

    return answer


MADE = {"job-id": 7, "job-name": "Report", "job-state": "pending"}

WITHOUT_STATE = {
    "no job-state": of_jobs(MADE, {"job-id": 7}),
    "no job": of_jobs(MADE, {}),
    "another job": of_jobs(MADE, {"job-id": 99, "job-state": "aborted"}),
    "no id and no state": of_jobs(MADE, {"job-name": "Report"}),
    "forgotten": of_jobs(MADE, {}, Status.CLIENT_ERROR_NOT_FOUND),
    "gone": of_jobs(MADE, {}, Status.CLIENT_ERROR_GONE),
    "nobody may ask": of_jobs(MADE, {}, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED),
    "no job-id, but 0": of_jobs([Attribute("job-id", ValueTag.INTEGER, 0)], {"job-state": "completed"}),
    "no job-id, but a text": of_jobs([Attribute("job-id", ValueTag.TEXT, "7")], {"job-state": "completed"}),
    "no job-id": of_jobs({"job-state": "pending"}, {"job-state": "completed"}),
    "no job-id, and a job-uri that is none": of_jobs(
        [Attribute("job-uri", ValueTag.URI, "ipp://localhost/a b")], {"job-state": "completed"}
    ),
}


@clients
@pytest.mark.parametrize("name", WITHOUT_STATE)
def test_job_of_unknown_state(make: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither printed nor failed, as far as anybody knows, and nobody waits for ever."""
    for module in ("tasks", "watching"):
        monkeypatch.setattr(f"ippfast.http._client.{module}._FIRST_PAUSE", 0.01)
    with printer(WITHOUT_STATE[name]) as uri, make(uri) as client:
        job = client.print(DOCUMENT)
        assert job.id == (None if name.startswith("no job-id") else 7)
        *_, last = client.watch(getattr(job, "_target", job), interval=0.01)
        if job.id is not None:
            assert last.state is None
            assert last.event in (None, "job-state-changed", "job-completed")
        job.wait()
        assert (job.state, job.ended, job.reasons) == (None, False, ())
        assert "state unknown" in repr(getattr(job, "_target", job))
        assert job.name in (None, "Report")


@clients
def test_job_that_nobody_printed_here(make: Any) -> None:
    """It may never have been: that is an error, and no unknown state."""
    with printer(WITHOUT_STATE["forgotten"]) as uri, make(uri) as client:
        for ask in (client.wait, client.job, lambda number: next(client.watch(number))):
            with pytest.raises(OperationError, match="client-error-not-found"):
                ask(7)


@clients
def test_job_that_only_has_a_uri(make: Any) -> None:
    seen: list[Message] = []

    def answer(message: Message) -> Message:
        seen.append(message)
        state = {Operation.GET_JOB_ATTRIBUTES: "completed"}.get(message.operation, "pending")  # type: ignore[call-overload]
        return response(message, job={"job-uri": "ipp://localhost/jobs/seven", "job-state": state})

    with printer(answer) as uri, make(uri) as client:
        job = client.print(DOCUMENT)
        assert (job.id, job.uri) == (None, "ipp://localhost/jobs/seven")
        assert job.wait().state is JobState.COMPLETED
        job.cancel()
        states = [(each.event, each.job_id, each.state) for each in client.watch(getattr(job, "_target", job))]
        assert states == [(None, None, JobState.COMPLETED)]
    for message in seen[1:]:
        assert "printer-uri" not in message.groups[0]
        assert message.groups[0]["job-uri"].value == "ipp://localhost/jobs/seven"


@clients
def test_job_that_nobody_can_ask_for(make: Any) -> None:
    with printer(of_jobs({"job-name": "x"}, {})) as uri, make(uri) as client:
        job = client.print(DOCUMENT)
        for ask in (job.update, job.cancel):
            with pytest.raises(ValueError, match="no job-id and no job-uri"):
                ask()
        with pytest.raises(RemoteProtocolError, match="no document can be sent"):
            client.print(DOCUMENT, DOCUMENT)


@clients
def test_list_of_jobs_with_and_without_ids(make: Any) -> None:
    jobs = [
        [Attribute("job-id", ValueTag.INTEGER, 0)],
        [Attribute("job-uri", ValueTag.URI, "ipp://localhost/jobs/seven")],
        [Attribute("job-id", ValueTag.INTEGER, 8)],
        [Attribute("job-name", ValueTag.NAME, "x")],
    ]
    groups = [AttributeGroup(DelimiterTag.JOB, each) for each in jobs]
    with printer(lambda message: response(message, job=groups)) as uri, make(uri) as client:
        assert [(job.id, job.uri) for job in client.jobs()] == [(None, "ipp://localhost/jobs/seven"), (8, None)]


@clients
def test_never_the_state_of_another_job(make: Any) -> None:
    """Not even where its answer holds several."""
    both = [{"job-id": 99, "job-state": "aborted"}, {"job-id": 7, "job-state": "completed"}]
    with printer(lambda message: response(message, job=both)) as uri, make(uri) as client:
        assert client.job(7).state is JobState.COMPLETED
        assert client.wait(7).state is JobState.COMPLETED
        assert client.job(8).state is None


@clients
def test_state_that_comes_and_goes(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ippfast.http._client.tasks._LONGEST_PAUSE", 0.01)
    states = iter([None, None, None, None, 5, None, None, None, None, 8])

    def answer(message: Message) -> Message:
        state = next(states)
        return response(message, job={"job-id": 7} if state is None else {"job-id": 7, "job-state": state})

    with printer(answer) as uri, make(uri) as client, pytest.raises(JobError, match="job 7 is aborted"):
        client.wait(7)


@clients
def test_time_that_is_up_in_a_message(make: Any) -> None:
    with (
        printer(lambda message: response(message, job={"job-id": 7})) as uri,
        make(uri) as client,
        pytest.raises(TimeoutError, match=r"^job 7 is of unknown state, after 0.12 seconds$"),
    ):
        client.wait(7, 0.1234567)


@clients
def test_empty_reasons(make: Any) -> None:
    reasons = Attribute("job-state-reasons", ValueTag.KEYWORD, ["", "none", "job-printing"])
    group = [Attribute("job-id", ValueTag.INTEGER, 7), reasons]
    with printer(lambda message: response(message, job=group)) as uri, make(uri) as client:
        assert client.job(7).reasons == ("job-printing",)


# What was asked, and not done.


@clients
def test_what_is_ignored(make: Any) -> None:
    sides = Attribute("sides", ValueTag.KEYWORD, "two-sided-long-edge")
    ignored = Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES

    def answer(message: Message) -> Message:
        if message.operation is Operation.SEND_DOCUMENT and message.groups[0].value("last-document"):
            return response(message, job=MADE)
        return response(message, ignored, unsupported=[sides], job=MADE)

    with printer(answer) as uri, make(uri) as client:
        for documents in ([DOCUMENT], [DOCUMENT] * 3):
            job = client.print(*documents, sides="two-sided-long-edge")
            assert (job.status, job.unsupported) == (ignored, (sides,))
        assert client.jobs() != []
        assert (client.jobs()[0].status, client.jobs()[0].unsupported) == (None, ())


@clients
def test_what_a_refusal_says(make: Any) -> None:
    group = [
        Attribute("media", ValueTag.KEYWORD, ["isoA5\x1b[31m", *"bcdef"]),
        Attribute("x-color", ValueTag.UNSUPPORTED, OutOfBand.UNSUPPORTED),
    ]

    def answer(message: Message) -> Message:
        status = Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        return response(message, status, unsupported=group, printer={"printer-name": "x"})

    with printer(answer) as uri, make(uri) as client, pytest.raises(OperationError) as caught:
        client.print(DOCUMENT)
    assert str(caught.value) == (
        "the printer answered client-error-attributes-or-values-not-supported; "
        "not supported: media 'isoA5\\x1b[31m', 'b', 'c', 'd', 'e', ..., x-color"
    )
    assert [each.name for each in caught.value.unsupported] == ["media", "x-color"]
    assert caught.value.response.printer["printer-name"].value == "x"


# Answers that are no answers.


@clients
def test_answer_to_another_request(make: Any) -> None:
    def answer(message: Message) -> Message:
        made = response(message, job=MADE)
        made.request_id += 1
        return made

    with printer(answer) as uri, make(uri) as client:
        with pytest.raises(
            AnswerError, match=r"an answer to another request: its request-id is \d+, and not \d+"
        ) as caught:
            client.print(DOCUMENT)
        assert caught.value.answer is not None
        with pytest.raises(AnswerError):
            client.job(7)


@clients
def test_refusal_without_request_id(make: Any) -> None:
    def answer(message: Message) -> Message:
        return Message(message.version, Status.CLIENT_ERROR_NOT_POSSIBLE, 0, response(message).groups)

    with printer(answer) as uri, make(uri) as client, pytest.raises(OperationError, match="client-error-not-possible"):
        client.print(DOCUMENT)


def damaged(message: Message) -> bytes:
    """A collection that never ends, as a Canon sends it."""
    sizes = Attribute("media-col-default", ValueTag.BEG_COLLECTION, Collection([Attribute("x", ValueTag.INTEGER, 1)]))
    group = [Attribute("printer-name", ValueTag.NAME, "q"), sizes, Attribute("queued-job-count", ValueTag.INTEGER, 3)]
    octets = encode(response(message, printer=group))
    return http(octets.replace(b"\x37\x00\x00\x00\x00", b""))


@clients
def test_damage_costs_what_is_damaged(make: Any) -> None:
    with printer(damaged) as uri, make(uri) as client:
        assert client.issues == ()
        for _ in range(2):
            group = client.attributes()
            assert (group.value("printer-name"), group.value("queued-job-count")) == ("q", 3)
            assert [(issue.code, issue.attribute) for issue in client.issues] == [
                ("unterminated-collection", "media-col-default")
            ]
    with printer(damaged) as uri, make(uri, strict=True) as client, pytest.raises(AnswerError, match="no IPP message"):
        client.attributes()


def test_issues_of_one_answer() -> None:
    with printer(damaged) as uri, Client(uri) as client:
        with client.open(operations.get_printer_attributes(uri)) as answer:
            assert [issue.attribute for issue in answer.issues] == ["media-col-default"]
            assert answer.issues[0].offset is not None
            assert list(answer) == []
        client.send(operations.get_printer_attributes(uri))  # on the same connection


# Redirections.


@clients
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirection_is_named(make: Any, status: int) -> None:
    where = "https://printer.example/ipp/print"

    def answer(message: Message) -> bytes:
        return http(b"", f"{status} Found", f"Location: {where}")

    with printer(answer) as uri, make(uri) as client:
        for ask in (client.attributes, lambda: client.print(DOCUMENT)):
            with pytest.raises(StatusError, match=f"the server answered {status} .*, to '{where}'"):
                ask()


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[str, list[Any], TLS]]:
    """Two ports of one host: the plain one leads to the other. The plain URI, what TLS was asked, and whom to trust."""
    authority, context = Authority(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue("127.0.0.1").serve_with(context)
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    trust = TLS(ca_file=str(tmp_path / "ca.pem"))
    seen: list[Any] = []

    def of_tls(message: Message) -> Message:
        seen.append(message.operation)
        return response(message, printer={"printer-name": "safe"}, job=MADE)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = server.accept()
                    threading.Thread(target=speak, args=(plain,), daemon=True).start()

        def speak(plain: socket.socket) -> None:
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(plain, server_side=True) as connection,
                connection.makefile("rb") as file,
            ):
                while file.readline():
                    length = 0
                    while (line := file.readline().lower()) not in (b"\r\n", b""):
                        if line.startswith(b"content-length:"):
                            length = int(line[15:])
                    connection.sendall(http(encode(of_tls(decode_prefix(file.read(length))[0]))))

        threading.Thread(target=serve, daemon=True).start()
        there = f"https://127.0.0.1:{server.getsockname()[1]}/ipp/print"
        with printer(lambda message: http(b"", "301 Moved", f"Location: {there}")) as uri:
            yield uri, seen, trust
        server.shutdown(socket.SHUT_RDWR)


@clients
def test_redirection_to_tls(make: Any, secured: Any) -> None:
    """It is followed for what changes nothing, and then kept to."""
    uri, seen, trust = secured
    with make(uri, tls=trust, upgrade="if-requested") as client:
        with pytest.raises(StatusError, match=r"301 .*, to 'https:"):
            client.print(DOCUMENT)
        assert seen == []
        assert client.attributes("printer-name").value("printer-name") == "safe"
        assert client.secure
        assert client.print(DOCUMENT).id == 7
    assert seen == [Operation.GET_PRINTER_ATTRIBUTES, Operation.PRINT_JOB]
    with make(uri, tls=trust, upgrade="never") as client, pytest.raises(StatusError):
        client.attributes()


# Who asks, and where.


@clients
def test_who_asks(make: Any) -> None:
    seen: list[Any] = []

    def answer(message: Message) -> Message:
        seen.append(message.groups[0].value("requesting-user-name", None))
        return response(message, job=MADE)

    with printer(answer) as uri:
        for options in ({}, {"user": "alice"}, {"user": None}):
            with make(uri, **options) as client:
                client.print(DOCUMENT)
    assert seen == [getpass.getuser(), "alice", None]


def test_zones() -> None:
    """RFC 6874: behind %25 in a URI, and neither in messages nor in the Host line nor in certificates."""
    for written in ("fe80::1%25eth0", "fe80::1%eth0", "FE80::1%25eth0"):
        endpoint = parse_uri(f"ipp://[{written}]:8631/ipp/print")
        assert endpoint.host == "fe80::1%eth0"
        assert (endpoint.name, endpoint.authority) == ("fe80::1", "[fe80::1]:8631")
        assert printer_uri(endpoint) == "ipp://[fe80::1]:8631/ipp/print"
        assert printer_uri(endpoint, zone=True) == "ipp://[fe80::1%25eth0]:8631/ipp/print"
    for wrong in ("[fe80::1%25]", "[fd00::1%25eth0]", "host%25eth0", "10.0.0.1%25eth0"):
        with pytest.raises(ValueError, match=r"zone|IP|address"):
            parse_uri(f"ipp://{wrong}/ipp/print")


@clients
def test_zone_of_this_host(make: Any) -> None:
    """If it has a link-local address, the client gets there."""
    seen: list[Message] = []

    def answer(message: Message) -> Message:
        seen.append(message)
        return response(message, printer={"printer-name": "near"})

    lines = Path("/proc/net/if_inet6").read_text().splitlines() if Path("/proc/net/if_inet6").exists() else []
    for line in lines:
        octets, _, _, _, _, interface = line.split()
        if not octets.startswith("fe80"):
            continue
        address = str(IPv6Address(int(octets, 16)))
        with printer(answer, f"{address}%{interface}") as uri, make(uri) as client:
            assert f"%25{interface}]" in uri
            assert client.attributes().value("printer-name") == "near"
            assert seen[-1].groups[0].value("printer-uri") == uri.replace(f"%25{interface}", "")


def test_times_in_messages() -> None:
    for seconds, shown in (
        (59.99999999999, "60 seconds"),
        (0.30000000000000004, "0.3 seconds"),
        (1234.5, "1234.5 seconds"),
    ):
        assert str(PhaseTimeoutError("idle", seconds)) == f"time-out (idle) after {shown}"
