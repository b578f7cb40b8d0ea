"""Jobs that go on to another printer: none is printed twice and none is lost, whatever that printer answers.

The rule of this file: the other end is a server that counts what it was given; what it answers is the test's.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from printers import DOCUMENT, Desk, Gate, printing, wait_for

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DelimiterTag,
    Message,
    Name,
    Operation,
    OutOfBand,
    Text,
    ValueTag,
    collection,
    response,
)
from ippfast.enums import JobState, PrinterState, Status
from ippfast.http import Client, IncomingRequest, Refusal, Server
from ippfast.printer import LPD, AppSocket, Forward, forward_to

Answer = Callable[[IncomingRequest], Message]


class Remote:
    """A printer that prints whatever it is given, and answers the questions after that as it is told."""

    def __init__(self) -> None:
        self.printed: list[bytes] = []
        self.requests: list[Message] = []
        self.state = int(JobState.PROCESSING)
        self.answers: dict[int, Answer] = {}

    def __call__(self, incoming: IncomingRequest) -> Message:
        message = incoming.message
        self.requests.append(message)
        document = incoming.document.read()
        if message.operation in (Operation.PRINT_JOB, Operation.SEND_DOCUMENT):
            self.printed.append(document)
        answer = self.answers.get(message.code)
        if answer is not None:
            return answer(incoming)
        job = {"job-id": 7, "job-uri": "ipp://localhost/jobs/7", "job-state": self.state, "job-state-reasons": "none"}
        return response(message, job=job)

    def asked(self, operation: Operation) -> int:
        return sum(message.operation is operation for message in self.requests)


@contextmanager
def forwarding(directory: Path, remote: Remote, **options: Any) -> Iterator[Desk]:
    with Server(remote, port=0) as server:
        uri = f"ipp://localhost:{server.port}/ipp/print"
        with printing(directory, output=Forward(uri, pause=0.02), **options) as desk:
            yield desk


def refused(incoming: IncomingRequest) -> Message:
    raise Refusal(503, "later")


POLLS: dict[str, Answer] = {
    "busy": lambda incoming: response(incoming.message, Status.SERVER_ERROR_BUSY),
    "http 503": refused,
    "no state": lambda incoming: response(incoming.message, job={"job-id": 7}),
    "no job": lambda incoming: response(incoming.message),
    "internal error": lambda incoming: response(incoming.message, Status.SERVER_ERROR_INTERNAL_ERROR),
    "not authorized": lambda incoming: response(incoming.message, Status.CLIENT_ERROR_NOT_AUTHORIZED),
}


@pytest.mark.parametrize("kind", POLLS)
def test_a_job_that_was_taken_is_only_asked_about(tmp_path: Path, kind: str) -> None:
    remote = Remote()
    remote.answers[Operation.GET_JOB_ATTRIBUTES] = POLLS[kind]
    with forwarding(tmp_path, remote) as desk:
        job_id = desk.print()
        wait_for(lambda: remote.asked(Operation.GET_JOB_ATTRIBUTES) > 4)
        assert desk.state(job_id) in (JobState.PROCESSING, JobState.PROCESSING_STOPPED)
        del remote.answers[Operation.GET_JOB_ATTRIBUTES]
        remote.state = int(JobState.COMPLETED)
        assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    assert remote.printed == [DOCUMENT]


@pytest.mark.parametrize("status", [Status.CLIENT_ERROR_NOT_FOUND, Status.CLIENT_ERROR_GONE])
def test_a_job_that_the_printer_has_forgotten_is_done(tmp_path: Path, status: Status) -> None:
    remote = Remote()
    remote.answers[Operation.GET_JOB_ATTRIBUTES] = lambda incoming: response(incoming.message, status)
    with forwarding(tmp_path, remote) as desk:
        assert desk.wait(desk.print())["job-state"] == JobState.COMPLETED
    assert remote.printed == [DOCUMENT]


def test_a_printer_that_never_tells_a_state_ends_the_wait(tmp_path: Path) -> None:
    remote = Remote()
    remote.answers[Operation.GET_JOB_ATTRIBUTES] = POLLS["no state"]
    with forwarding(tmp_path, remote) as desk:
        assert desk.wait(desk.print())["job-state"] == JobState.COMPLETED
    assert remote.printed == [DOCUMENT]


def test_a_printer_that_says_everything_twice(tmp_path: Path) -> None:
    """Some printers send two values where one may be. The first counts, and no job is lost for it."""
    remote = Remote()
    remote.state = int(JobState.PENDING)

    def said(incoming: IncomingRequest, tag: DelimiterTag, *attributes: Attribute) -> Message:
        answer = response(incoming.message)
        answer.groups.append(AttributeGroup(tag, list(attributes)))
        return answer

    def job(incoming: IncomingRequest) -> Message:
        return said(
            incoming,
            DelimiterTag.JOB,
            Attribute("job-id", ValueTag.INTEGER, [7, 7]),
            Attribute("job-state", ValueTag.ENUM, [remote.state] * 2),
            Attribute("job-state-message", ValueTag.TEXT, ["going", "on"]),
            Attribute("job-impressions-completed", ValueTag.INTEGER, [3, 4]),
            Attribute("job-media-sheets-completed", ValueTag.INTEGER, [2, 1]),
        )

    def printer(incoming: IncomingRequest) -> Message:
        return said(
            incoming,
            DelimiterTag.PRINTER,
            Attribute("printer-uuid", ValueTag.URI, ["urn:uuid:1", "urn:uuid:2"]),
            Attribute("printer-state", ValueTag.ENUM, [int(PrinterState.STOPPED)] * 2),
            Attribute("printer-is-accepting-jobs", ValueTag.BOOLEAN, [True, True]),
        )

    for operation in (Operation.PRINT_JOB, Operation.GET_JOB_ATTRIBUTES):
        remote.answers[operation] = job
    remote.answers[Operation.GET_PRINTER_ATTRIBUTES] = printer
    with forwarding(tmp_path, remote) as desk:
        job_id = desk.print()
        desk.wait(job_id, JobState.PROCESSING_STOPPED)
        remote.state = int(JobState.COMPLETED)
        done = desk.wait(job_id)
        assert (done["job-impressions-completed"], done["job-media-sheets-completed"]) == (3, 2)
    assert remote.printed == [DOCUMENT]


def test_a_server_that_ends_goes_on_with_the_same_job(tmp_path: Path) -> None:
    remote = Remote()
    with forwarding(tmp_path, remote) as desk:
        job_id = desk.print()
        wait_for(lambda: desk.printer.store.job(job_id).output == "remote 7")  # type: ignore[union-attr]
    assert remote.asked(Operation.CANCEL_JOB) == 0
    remote.state = int(JobState.COMPLETED)
    with forwarding(tmp_path, remote) as desk:
        assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    assert remote.printed == [DOCUMENT]


def jobs(*names: str) -> Answer:
    def answer(incoming: IncomingRequest) -> Message:
        completed = incoming.message.operation_attributes.value("which-jobs", "") == "completed"
        found = [] if completed else list(enumerate(names, 7))
        groups = [
            {"job-id": number, "job-name": Name(name), "job-originating-user-name": Name("alice")}
            for number, name in found
        ]
        return response(incoming.message, job=groups)

    return answer


@pytest.mark.parametrize(
    ("names", "printed", "state"),
    [
        (("Report",), 1, JobState.COMPLETED),  # it has it
        (("Another",), 2, JobState.COMPLETED),  # it has not, so it gets it again
        (("Report", "Report"), 1, JobState.PENDING_HELD),  # nobody can tell
    ],
)
def test_an_answer_that_never_came(tmp_path: Path, names: tuple[str, ...], printed: int, state: JobState) -> None:
    remote = Remote()
    remote.state = int(JobState.COMPLETED)

    def once(incoming: IncomingRequest) -> Message:
        del remote.answers[Operation.PRINT_JOB]
        raise Refusal(502, "the printer behind this proxy went away")

    remote.answers[Operation.PRINT_JOB] = once
    remote.answers[Operation.GET_JOBS] = jobs(*names)
    with forwarding(tmp_path, remote) as desk:
        job_id = desk.print(job_name="Report")
        job = desk.wait(job_id, state)
        assert job["job-state"] == state
        if state is JobState.PENDING_HELD:
            assert job["job-state-reasons"] == "job-held-for-review"
            assert "it is unknown" in job["job-state-message"]
            desk.ask(Operation.RELEASE_JOB, job_id=job_id)  # who has looked decides
            assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
            printed += 1
    assert len(remote.printed) == printed


def test_a_list_of_jobs_that_is_refused_holds_the_job(tmp_path: Path) -> None:
    remote = Remote()
    remote.answers[Operation.PRINT_JOB] = refused
    remote.answers[Operation.GET_JOBS] = POLLS["not authorized"]
    with forwarding(tmp_path, remote) as desk:
        job = desk.wait(desk.print(), JobState.PENDING_HELD)
        assert "it is unknown" in job["job-state-message"]
    assert len(remote.printed) == 1


def test_a_printer_that_is_the_same_one_gets_nothing(tmp_path: Path) -> None:
    """By whatever name or port it is reached; its jobs would wait for each other for ever."""
    uris = ["ipp://localhost/ipp/print"]
    output = Forward(uris[0], lambda: Client(uris[-1]))
    with printing(tmp_path, output=output) as desk:
        uris.append(desk.uri)
        job = desk.wait(desk.print())
        assert (job["job-state"], desk.printer.store.count()) == (JobState.ABORTED, 0)
        assert "is this one itself" in job["job-state-message"]


@pytest.mark.parametrize("members", [2, 3])
def test_a_ring_of_printers_ends_the_job(tmp_path: Path, members: int) -> None:
    """Each forwards to the next, and the last one to the first, which finds that it has had the job."""
    uris = ["ipp://localhost/ipp/print"] * members

    def to(next_one: int) -> Forward:
        return Forward(uris[0], lambda: Client(uris[next_one]), pause=0.02)

    with ExitStack() as stack:
        desks = [
            stack.enter_context(printing(tmp_path / str(number), output=to((number + 1) % members)))
            for number in range(members)
        ]
        uris[:] = [desk.uri for desk in desks]
        first, *_, last = desks
        job = first.wait(first.print(job_name="Report"))
        assert job["job-state"] == JobState.ABORTED
        assert "client-error-not-possible" in str(last.wait(1)["job-state-message"])
        assert [len(desk.printer.store.jobs()) for desk in desks] == [1] * members


def test_a_job_says_who_has_forwarded_it(tmp_path: Path) -> None:
    remote = Remote()
    remote.state = int(JobState.COMPLETED)
    most: dict[str, object] = {"client-info-supported": ["client-name", "client-type"]}
    remote.answers[Operation.GET_PRINTER_ATTRIBUTES] = lambda incoming: response(incoming.message, printer=most)
    writer = collection(
        {
            "client-name": Name("Writer"),
            "client-patches": OutOfBand.NO_VALUE,
            "client-string-version": Text("9"),
            "client-type": 3,
        },
        path="client-info",
    )
    with forwarding(tmp_path, remote) as desk:
        assert desk.wait(desk.print(client_info=[writer] * 4))["job-state"] == JobState.COMPLETED
        most["max-client-info-supported"] = 4
        assert desk.wait(desk.print(client_info=[writer] * 4))["job-state"] == JobState.COMPLETED
        del most["client-info-supported"]
        assert desk.wait(desk.print())["job-state"] == JobState.COMPLETED
        forwarder = f"ippfast forwards for {desk.printer.uuid}"
    printed = [each.operation_attributes for each in remote.requests if each.operation is Operation.PRINT_JOB]
    for group, writers in zip(printed[:2], (4, 3), strict=True):
        given = [each for each in group["client-info"].values if isinstance(each, Collection)]
        assert [str(each.value("client-name")) for each in given] == [forwarder] + ["Writer"] * writers
    assert "client-info" not in printed[2]


def test_client_info_that_is_odd_stops_nobody(tmp_path: Path) -> None:
    """Neither a client's names, of which it gives several for one, nor the other printer's limits."""
    remote = Remote()
    remote.state = int(JobState.COMPLETED)
    most = [
        Attribute("client-info-supported", ValueTag.KEYWORD, ["client-name"]),
        Attribute("max-client-info-supported", ValueTag.INTEGER, [1, 2]),
    ]
    remote.answers[Operation.GET_PRINTER_ATTRIBUTES] = lambda incoming: response(incoming.message, printer=most)
    with forwarding(tmp_path, remote) as desk:
        own = f"ippfast forwards for {desk.printer.uuid}"
        for names, status in (
            (["a", "b"], Status.SUCCESSFUL_OK),
            (["a", own], Status.CLIENT_ERROR_NOT_POSSIBLE),
        ):
            odd = Collection([Attribute("client-name", ValueTag.NAME, names)])
            given = Attribute("client-info", ValueTag.BEG_COLLECTION, [odd])
            answer = desk.ask(Operation.PRINT_JOB, DOCUMENT, client_info=given)
            assert answer.status is status
        assert desk.wait(1)["job-state"] == JobState.COMPLETED


def test_no_job_id(tmp_path: Path) -> None:
    remote = Remote()
    remote.answers[Operation.PRINT_JOB] = lambda incoming: response(incoming.message)
    with forwarding(tmp_path, remote) as desk:
        job = desk.wait(desk.print(), JobState.PENDING_HELD)
        assert "no job-id" in job["job-state-message"]
    assert len(remote.printed) == 1


def test_what_the_client_asked_for_goes_along(tmp_path: Path) -> None:
    remote = Remote()
    remote.state = int(JobState.COMPLETED)
    passwords = {"job-password-supported": 255, "job-password-encryption-supported": ["none"]}
    with forwarding(tmp_path, remote, description=passwords) as desk:
        options: dict[str, Any] = {"ipp_attribute_fidelity": True, "job_password": b"1234"}
        job_id = desk.print(job_password_encryption="none", job={"copies": 2}, **options)
        assert desk.wait(job_id)["job-state"] == JobState.COMPLETED
    (printed,) = (each for each in remote.requests if each.operation is Operation.PRINT_JOB)
    group = printed.operation_attributes
    assert group.value("ipp-attribute-fidelity") is True
    assert group.value("job-password") == b"1234"
    assert group.value("job-password-encryption") == "none"
    assert printed.job.value("copies") == 2


def test_a_printer_that_can_not_be_reached_shows(tmp_path: Path) -> None:
    with printing(tmp_path, output=Forward("ipp://localhost:9/ipp/print", pause=0.02)) as desk:
        job_id = desk.print()
        wait_for(lambda: desk.job(job_id)["job-state-reasons"] == "printer-stopped")
        assert desk.state(job_id) is JobState.PROCESSING_STOPPED
        for which, found in (("processing-stopped", [job_id]), ("processing", []), ("not-completed", [job_id])):
            assert [job["job-id"].value for job in desk.ask(Operation.GET_JOBS, which_jobs=which).jobs] == found

        def reasons() -> tuple[Any, ...]:
            return tuple(desk.ask(Operation.GET_PRINTER_ATTRIBUTES).printer["printer-state-reasons"].values)

        assert reasons() == ("connecting-to-device",)
        desk.ask(Operation.CANCEL_JOB, job_id=job_id)
        assert desk.wait(job_id)["job-state"] == JobState.CANCELED
        wait_for(lambda: reasons() == ("none",))


def test_a_printer_that_is_paused_shows(tmp_path: Path) -> None:
    """Both ends are ours."""
    with (
        printing(tmp_path / "last") as last,
        printing(tmp_path / "first", output=Forward(last.uri, pause=0.02)) as first,
    ):
        group = {"notify-pull-method": "ippget", "notify-events": ["job-stopped", "printer-state-changed"]}
        first.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, groups={"subscription": group})
        last.ask(Operation.PAUSE_PRINTER)
        job_id = first.print()
        assert first.wait(job_id, JobState.PROCESSING_STOPPED)["job-state-reasons"] == "printer-stopped"
        printer = first.ask(Operation.GET_PRINTER_ATTRIBUTES).printer
        assert printer["printer-state-reasons"].value == "paused"
        told = first.ask(Operation.GET_NOTIFICATIONS, notify_subscription_ids=[1])
        events = told.groups_of(DelimiterTag.EVENT_NOTIFICATION)
        stopped = [each for each in events if each["notify-subscribed-event"].value == "job-stopped"]
        assert [each["job-state"].value for each in stopped] == [JobState.PROCESSING_STOPPED]
        last.ask(Operation.RESUME_PRINTER)
        assert first.wait(job_id)["job-state"] == JobState.COMPLETED
        wait_for(lambda: first.printer.store.state().reasons == ("none",))


# ---- Printers without IPP ----


class Listener:
    """A port that takes one connection after the other."""

    def __init__(self, serve: Callable[[socket.socket], bytes]) -> None:
        self.received: list[bytes] = []
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.received.append(self._serve(connection))

    def close(self) -> None:
        self._socket.close()


def everything(connection: socket.socket) -> bytes:
    found = b""
    while piece := connection.recv(65_536):
        found += piece
    return found


def test_app_socket(tmp_path: Path) -> None:
    listener = Listener(everything)
    with printing(tmp_path, output=forward_to(f"socket://127.0.0.1:{listener.port}")) as desk:
        assert desk.wait(desk.print())["job-state"] == JobState.COMPLETED
    listener.close()
    assert listener.received == [DOCUMENT]


def test_an_app_socket_that_breaks_holds_the_job(tmp_path: Path) -> None:
    def reset(connection: socket.socket) -> bytes:
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return b""

    listener = Listener(reset)
    with printing(tmp_path, output=AppSocket(f"socket://127.0.0.1:{listener.port}")) as desk:
        job = desk.wait(desk.print(bytes(5_000_000)), JobState.PENDING_HELD)
        assert "it is unknown" in job["job-state-message"]
    listener.close()
    assert len(listener.received) == 1


def lpd(connection: socket.socket) -> bytes:
    """A Line Printer Daemon that takes one job (RFC 1179)."""
    file = connection.makefile("rb")
    found = b""
    while line := file.readline():
        found += line
        connection.sendall(b"\0")
        if line[:1] in b"\2\3" and line.count(b" ") == 1:
            octets = file.read(int(line[1:].split()[0]))
            found += octets + file.read(1)
            connection.sendall(b"\0")
    return found


def test_lpd(tmp_path: Path) -> None:
    listener = Listener(lpd)
    with printing(tmp_path, output=forward_to(f"lpd://127.0.0.1:{listener.port}/raw%2Fone")) as desk:
        assert desk.wait(desk.print(job_name="Report"))["job-state"] == JobState.COMPLETED
    wait_for(lambda: listener.received)
    listener.close()
    (said,) = listener.received
    assert said.startswith(b"\x02raw/one\n\x03%d dfA" % len(DOCUMENT))
    assert DOCUMENT + b"\0" in said
    assert b"\nPalice\nJReport\nldfA" in said


def test_an_lpd_that_refuses_holds_nothing_back_for_ever(tmp_path: Path) -> None:
    listener = Listener(lambda connection: connection.recv(100) + bytes(connection.send(b"\1")))
    with printing(tmp_path, output=LPD(f"lpd://127.0.0.1:{listener.port}/raw")) as desk:
        job = desk.wait(desk.print(), JobState.PENDING_HELD)
        assert "answered b'\\x01'" in job["job-state-message"]
    listener.close()


@pytest.mark.parametrize("uri", ["lpd://printer", "lpd://printer/a b", "socket:///x", "socket://u@printer", "ftp://h/"])
def test_uris_that_lead_nowhere(uri: str) -> None:
    with pytest.raises(ValueError, match=r"is not"):
        forward_to(uri)


def test_the_gate_is_still_there(tmp_path: Path) -> None:
    """Both ends are ours: the job is canceled there when it is canceled here."""
    gate = Gate()
    with (
        printing(tmp_path / "last", output=gate) as last,
        printing(tmp_path / "first", output=forward_to(last.uri)) as first,
    ):
        job_id = first.print()
        wait_for(gate.begun.is_set)
        first.ask(Operation.CANCEL_JOB, job_id=job_id)
        assert first.wait(job_id)["job-state"] == JobState.CANCELED
        wait_for(lambda: [job.state for job in last.printer.store.jobs()] == [JobState.CANCELED])
