"""What `print` and its kind send, and what they make of answers, also of odd ones.

The rule of this file: each test is for both clients; a handler on loopback answers what the test says.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_clients import CLIENTS, clients
from http_servers import DOCUMENT, serving, uri_of

from ippfast import Attribute, Keyword, Message, RegistryError, Text, ValueTag, request, response
from ippfast.enums import JobState, Operation, Status
from ippfast.http import BasicAuth, Client, IncomingRequest, JobError, OperationError, Refusal, Reply, StatusError


class Desk:
    """Answers as told, by operation, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[int, Any] = {}
        self.seen: list[tuple[Any, Message]] = []
        self.documents: list[bytes] = []
        self.refused: set[int] = set()

    def __call__(self, incoming: IncomingRequest) -> Message | Reply:
        message = incoming.message
        self.seen.append((message.operation, message))
        if message.code in self.refused:
            return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED, status_message="not this")
        document = incoming.document.read()
        if message.code in (Operation.PRINT_JOB, Operation.SEND_DOCUMENT):
            self.documents.append(document)
        answer = self.answers.get(message.code, {"job": {"job-id": 7, "job-state": "pending"}})
        return response(message, **answer)

    @property
    def operations(self) -> list[Any]:
        return [operation for operation, _ in self.seen]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def uri(desk: Desk) -> Iterator[str]:
    with serving(desk) as server:
        yield uri_of(server)


@clients
def test_where_attributes_go(make: Any, desk: Desk, uri: str) -> None:
    with make(uri, user="alice") as client:
        job = client.print(
            DOCUMENT,
            job_name="Report",
            document_format="application/pdf",
            copies=2,
            media_col={"media-size": {"x-dimension": 21000, "y-dimension": 29700}},
            page_ranges=[range(1, 4)],
            document_name="report.pdf",
            ipp_attribute_fidelity=True,
            finishings=None,
            job={"x-color": Keyword("none")},
        )
    assert (job.id, job.state, job.reasons, job.text, job.uri, job.ended) == (
        7,
        JobState.PENDING,
        (),
        None,
        None,
        False,
    )
    assert "7: pending" in repr(getattr(job, "_target", job))
    ((operation, message),) = desk.seen
    assert operation is Operation.PRINT_JOB
    names = [attribute.name for attribute in message.groups[0]]
    assert names[2:4] == ["printer-uri", "requesting-user-name"]
    assert set(names[4:]) == {"job-name", "document-format", "document-name", "ipp-attribute-fidelity"}
    assert message.groups[0]["printer-uri"].value == uri
    assert message.groups[0]["requesting-user-name"].value == "alice"
    assert {attribute.name for attribute in message.job} == {"copies", "media-col", "page-ranges", "x-color"}
    assert desk.documents == [DOCUMENT]


@clients
def test_nothing_goes_out_that_is_wrong(make: Any, desk: Desk, uri: str) -> None:
    with make(uri) as client:
        for wrong in ({"copies": "two"}, {"cpoies": 2}, {"job": {"x-color": "none"}}):
            with pytest.raises(RegistryError):
                client.print(DOCUMENT, **wrong)
        with pytest.raises(ValueError, match="no document"):
            client.print()
    assert desk.seen == []


@clients
def test_names_and_formats(make: Any, desk: Desk, uri: str, tmp_path: Path) -> None:
    path = tmp_path / "\u00e4 report.PDF"
    path.write_bytes(DOCUMENT)
    (tmp_path / "noise").write_bytes(DOCUMENT)
    with make(uri) as client, path.open("rb") as file:
        for document in (
            path,
            str(path),
            file,
            tmp_path / "noise",
            b"%!PS",
            b"\xff\xd8\xff\xe0",
            bytearray(b"x"),
            iter([b"%PDF-"]),
        ):
            client.print(document)
    found = [
        tuple(message.groups[0].value(name, None) for name in ("job-name", "document-format"))
        for _, message in desk.seen
    ]
    assert found == [
        ("\u00e4 report.PDF", "application/pdf"),
        ("\u00e4 report.PDF", "application/pdf"),
        ("\u00e4 report.PDF", "application/pdf"),
        ("noise", None),
        (None, "application/postscript"),
        (None, "image/jpeg"),
        (None, None),
        (None, None),
    ]


@clients
def test_several_documents(make: Any, desk: Desk, uri: str) -> None:
    with make(uri) as client:
        job = client.print(b"%PDF-1", iter([b"a", b"b"]), copies=2, job_name="two", document_name="part")
    assert job.id == 7
    assert desk.operations == [Operation.CREATE_JOB, Operation.SEND_DOCUMENT, Operation.SEND_DOCUMENT]
    assert desk.documents == [b"%PDF-1", b"ab"]
    created, first, last = (message for _, message in desk.seen)
    assert created.groups[0]["job-name"].value == "two"
    assert created.job["copies"].value == 2
    for message, is_last in ((first, False), (last, True)):
        assert message.groups[0]["last-document"].value is is_last
        assert message.groups[0]["job-id"].value == 7
        assert message.groups[0]["document-name"].value == "part"
        assert "job-name" not in message.groups[0]


@clients
def test_printer_without_print_job(make: Any, desk: Desk, uri: str) -> None:
    desk.refused = {Operation.PRINT_JOB}
    with make(uri) as client:
        assert client.print(DOCUMENT, copies=2).id == 7
    assert desk.operations == [Operation.PRINT_JOB, Operation.CREATE_JOB, Operation.SEND_DOCUMENT]
    assert desk.documents == [DOCUMENT]


@clients
def test_credentials_that_one_operation_needs(make: Any, desk: Desk) -> None:
    """CUPS' scheduler asks for them when it has read the message. The document, which cannot be sent twice, waits."""

    def judge(incoming: IncomingRequest) -> Message | Reply:
        lines = [("WWW-Authenticate", 'Basic realm="cups"')]
        given = incoming.head.headers.get("authorization") is not None
        if incoming.message.operation in (Operation.PRINT_JOB, Operation.VALIDATE_JOB) and not given:
            raise Refusal(401, "who are you?", headers=lines)
        return desk(incoming)

    auth = BasicAuth("alice", "secret", insecure=True)
    with serving(judge) as server, make(uri_of(server), auth=auth) as client:
        for _ in range(2):
            assert client.print(iter([DOCUMENT]), copies=2).id == 7
    assert desk.documents == [DOCUMENT] * 2
    assert desk.operations == [Operation.VALIDATE_JOB, Operation.PRINT_JOB, Operation.PRINT_JOB]


@clients
def test_job_that_its_document_does_not_reach(make: Any, desk: Desk, uri: str) -> None:
    def broken() -> Iterator[bytes]:
        yield b"abc"
        raise OSError("of the source")

    with make(uri) as client:
        with pytest.raises(OSError, match="of the source"):
            client.print(b"%PDF-1", broken())
        assert Operation.CANCEL_JOB in desk.operations
        desk.refused = {Operation.SEND_DOCUMENT, Operation.CANCEL_JOB}
        with pytest.raises(OperationError, match="server-error-operation-not-supported: 'not this'") as caught:
            client.print(b"%PDF-1", b"%PDF-2")
        assert desk.operations[-1] is Operation.CANCEL_JOB
        assert caught.value.text == "not this"
        assert caught.value.response.groups


@clients
def test_ask_judges_and_send_does_not(make: Any, desk: Desk, uri: str) -> None:
    message = request("Get-Printer-Attributes", uri)
    desk.refused = {Operation.GET_PRINTER_ATTRIBUTES}
    with make(uri) as client:
        assert client.send(message).status is Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED
        with pytest.raises(OperationError) as caught:
            client.ask(message)
        assert caught.value.status is Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED
        with pytest.raises(OperationError):
            client.attributes()
        desk.refused = set()
        desk.answers[Operation.GET_PRINTER_ATTRIBUTES] = {"status": "successful-ok-ignored-or-substituted-attributes"}
        assert len(client.attributes("printer-state")) == 0


@clients
def test_odd_answers(make: Any, desk: Desk, uri: str) -> None:
    no_id = {"job": {"job-state": "pending"}}
    several = [Attribute("job-state-message", ValueTag.TEXT, ["a", "b"]), Attribute("job-state", ValueTag.ENUM, [99])]
    with make(uri) as client:
        desk.answers[Operation.PRINT_JOB] = no_id
        with pytest.raises(OperationError, match="successful-ok"):
            client.print(DOCUMENT)
        desk.answers[Operation.GET_JOBS] = {"job": [{"job-id": 1}, {"job-state": "pending"}, {"job-id": 3}]}
        assert [job.id for job in client.jobs()] == [1, 3]
        desk.answers[Operation.GET_JOB_ATTRIBUTES] = {"job": several}
        job = client.job(1)
        assert (job.state, job.text, job.name, job.reasons) == (99, "a", None, ())
        with pytest.raises(TimeoutError, match="job 1 is 99"):
            job.wait(0)


@clients
@pytest.mark.parametrize("state", ["aborted", "canceled"])
def test_job_that_fails(make: Any, desk: Desk, uri: str, state: str) -> None:
    told = {"job-state": state, "job-state-reasons": ["aborted-by-system"], "job-state-message": Text("no \x1b[31mink")}
    desk.answers[Operation.GET_JOB_ATTRIBUTES] = {"job": {"job-id": 7, **told}}
    with make(uri) as client, pytest.raises(JobError) as caught:
        client.print(DOCUMENT).wait()
    assert (caught.value.job_id, caught.value.reasons) == (7, ("aborted-by-system",))
    assert str(caught.value) == f"job 7 is {state} ('aborted-by-system'): 'no \\x1b[31mink'"


@clients
def test_lists(make: Any, desk: Desk, uri: str) -> None:
    with make(uri, user="bob") as client:
        client.jobs("completed", mine=True, limit=5, names=["job-id"])
        client.cancel(7, "enough")
    asked, canceled = (message.groups[0] for _, message in desk.seen)
    assert (asked["which-jobs"].value, asked["my-jobs"].value, asked["limit"].value) == ("completed", True, 5)
    assert asked["requested-attributes"].values == ("job-id",)
    assert canceled["message"].value == "enough"
    assert [message.request_id for _, message in desk.seen] == [1, 2]


def test_asynchronous_documents_are_for_the_other_client(uri: str) -> None:
    async def pieces() -> Any:
        yield b""

    with Client(uri) as client, pytest.raises(TypeError, match="AsyncClient alone"):
        client.send(request("Print-Job", uri), pieces())


@pytest.mark.parametrize("make", CLIENTS.values())
@pytest.mark.parametrize("scheme", ["http", "https", "ipp", "ipps"])
def test_uri_of_messages(make: Any, scheme: str) -> None:
    """It is an ipp URI, however the printer is reached."""
    with make(f"{scheme}://printer.example:8631/ipp/print") as client:
        assert client._core.uri == f"ipp{'s' if scheme[-1] == 's' else ''}://printer.example:8631/ipp/print"


@clients
def test_upgrade_policies(make: Any) -> None:
    with pytest.raises(ValueError, match="upgrade is"):
        make("ipp://printer.example/", upgrade="sometimes")


def test_status_errors_are_no_operation_errors() -> None:
    assert not issubclass(StatusError, OperationError)
