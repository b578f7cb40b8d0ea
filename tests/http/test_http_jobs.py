"""What `print` and its kind send, and what they make of answers, also of odd ones.

The rule of this file: each test is for both clients; a handler on loopback answers what the test says.
"""

import asyncio
import io
import os
import random
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from http_clients import CLIENTS, clients
from http_servers import DOCUMENT, serving, uri_of

from ippfast import Attribute, Keyword, Message, RegistryError, Text, ValueTag, request, response
from ippfast.enums import JobState, Operation, Status
from ippfast.http import (
    AsyncClient,
    BasicAuth,
    Client,
    IncomingRequest,
    JobError,
    OperationError,
    Refusal,
    Reply,
    StatusError,
)


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

    asked = []

    def judge(incoming: IncomingRequest) -> Message | Reply:
        asked.append(incoming.message.operation)
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
    assert asked == [Operation.VALIDATE_JOB, Operation.PRINT_JOB, Operation.PRINT_JOB]


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
        job = client.print(DOCUMENT)
        assert (job.id, job.state, job.wait().state) == (None, JobState.PENDING, None)
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

    with Client(uri) as client, pytest.raises(TypeError, match="only AsyncClient"):
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


class Queue:
    """A printer with jobs of these ids, in this order. Between two requests what ``between`` says is done to them."""

    def __init__(self, count: int, *, paged: bool = True, refuses: bool = False, most: int = 10**6) -> None:
        self.ids = list(range(1, count + 1))
        self.paged, self.refuses, self.most = paged, refuses, most
        self.between: Any = None
        self.asked: list[tuple[int | None, int | None]] = []

    def __call__(self, incoming: IncomingRequest) -> Message:
        group = incoming.message.operation_attributes
        limit, first = (group.value(name) if name in group else None for name in ("limit", "first-index"))
        if self.asked and self.between is not None:
            self.between(self.ids)
        self.asked.append((limit, first))
        if first is not None and self.refuses:
            return response(incoming.message, Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED)
        start = first - 1 if first is not None and self.paged else 0
        found = self.ids[start:][: min(limit or self.most, self.most)]
        return response(incoming.message, job=[{"job-id": each, "job-state": "pending"} for each in found])


def listed(make: Any, queue: Queue, page: int = 4) -> list[int]:
    with serving(queue) as server, make(uri_of(server)) as client:
        return [job.id for job in client.iter_jobs("completed", page=page)]


@clients
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 8, 9, 25])
def test_jobs_in_pages(make: Any, count: int) -> None:
    queue = Queue(count)
    assert listed(make, queue) == list(range(1, count + 1))
    assert {limit for limit, _ in queue.asked} == {4}  # never all at once
    assert len(queue.asked) <= 2 + count // 3
    for page in (2, 3, 5, 100):
        assert listed(make, Queue(count), page) == list(range(1, count + 1))


@clients
@pytest.mark.parametrize("count", [0, 3, 4, 5, 25])
@pytest.mark.parametrize("how", [{"paged": False}, {"refuses": True}, {"most": 3}])
def test_printers_without_pages_or_with_smaller_ones(make: Any, count: int, how: dict[str, Any]) -> None:
    queue = Queue(count, **how)
    assert listed(make, queue) == list(range(1, count + 1))
    assert len(queue.asked) <= 3 or "most" in how


@clients
def test_no_job_is_left_out_while_others_go(make: Any) -> None:
    """Those at the front end, and all others come up: a page would begin behind some of them."""
    queue = Queue(40)
    queue.between = lambda ids: ids.__delitem__(slice(3))
    found = listed(make, queue)
    assert len(found) == len(set(found))
    assert set(found) >= set(queue.ids)


@clients
def test_no_job_is_told_twice_while_others_come(make: Any) -> None:
    """New ones at the front of what is completed push all others on."""
    queue = Queue(40)
    queue.between = lambda ids: ids.__setitem__(slice(0, 0), [1000 + len(queue.asked)] if len(queue.asked) < 50 else [])
    found = listed(make, queue)
    assert len(found) == len(set(found))
    assert set(found) >= set(range(1, 41))


@clients
def test_a_printer_without_any_order_is_not_asked_for_ever(make: Any) -> None:
    queue = Queue(8)
    queue.between = lambda ids: ids.append(ids.pop(0))
    assert set(listed(make, queue)) == set(range(1, 9))


@clients
def test_a_list_is_asked_for_as_it_is_read(make: Any) -> None:
    queue = Queue(30)
    with serving(queue) as server, make(uri_of(server)) as client:
        jobs = client.iter_jobs(page=5)
        assert [next(jobs).id for _ in range(5)] == [1, 2, 3, 4, 5]
        assert queue.asked == [(5, None)]
        jobs.close()
        with pytest.raises(ValueError, match="a page has at least 2 jobs, not 1"):
            next(client.iter_jobs(page=1))
        assert len(queue.asked) == 1


@clients
def test_names_of_jobs_that_are_listed_have_their_ids(make: Any, desk: Desk, uri: str) -> None:
    with make(uri) as client:
        client.jobs(names=["job-name"])
        client.jobs(names=["all"])
        client.jobs(names=["job-name"], everywhere=True)
    asked = [message.operation_attributes for _, message in desk.seen]
    assert [group["requested-attributes"].values for group in asked] == [
        ("job-name", "job-id"),
        ("all",),
        ("job-name", "job-id", "job-printer-uri"),
    ]
    assert asked[2]["printer-uri"].value == uri.rpartition("/ipp")[0] + "/"


# Compression


TEXT = b"".join(b"line %d of a text\n" % number for number in range(20_000))
NOISE = random.Random(1).randbytes(300_000)


class Packing(Desk):
    """Takes gzip, and keeps what each document came as."""

    def __init__(self, supported: object = ("none", "gzip")) -> None:
        super().__init__()
        self.answers[Operation.GET_PRINTER_ATTRIBUTES] = {"printer": {"compression-supported": list(supported)}}  # type: ignore[call-overload]
        self.came: list[tuple[object, bytes]] = []

    def __call__(self, incoming: IncomingRequest) -> Message | Reply:
        answer = super().__call__(incoming)
        if incoming.message.code in (Operation.PRINT_JOB, Operation.SEND_DOCUMENT) and self.documents:
            group = incoming.message.operation_attributes
            self.came.append((group.value("compression", None), self.documents[-1]))
        return answer


def kinds_of(data: bytes, path: Path) -> list[Any]:
    """The same document in each form."""
    path.write_bytes(data)
    file = path.open("rb")
    pieces = [data[at : at + 50_000] for at in range(0, len(data), 50_000)]
    return [data, memoryview(data), path, str(path), file, io.BytesIO(data), pieces, iter(pieces), piped(data)]


def piped(data: bytes) -> Any:
    """The end of a pipe that gives these octets."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(data)

    threading.Thread(target=write, daemon=True).start()
    return os.fdopen(reading, "rb")


@clients
@pytest.mark.parametrize(("data", "compression"), [(TEXT, "gzip"), (NOISE, None), (b"short" * 99, None), (b"", None)])
def test_what_gains_by_it_is_compressed(make: Any, tmp_path: Path, data: bytes, compression: str | None) -> None:
    desk = Packing()
    kinds = kinds_of(data, tmp_path / "x")
    with serving(desk) as server, make(uri_of(server)) as client:
        for document in kinds:
            client.print(document, compression="auto")
        client.print(data, document_format="text/plain")
    assert desk.came == [(compression, data)] * len(kinds) + [(None, data)]
    for document in kinds:
        getattr(document, "close", lambda: None)()


@clients
def test_a_document_is_judged_by_its_middle_too(make: Any, tmp_path: Path) -> None:
    desk = Packing()
    path = tmp_path / "x"
    path.write_bytes(TEXT[:4_000] + NOISE)
    with serving(desk) as server, make(uri_of(server)) as client:
        client.print(path, compression="auto")
        client.print(path, TEXT, compression="auto")
    assert [each for each, _ in desk.came] == [None, None, "gzip"]


@clients
@pytest.mark.parametrize("supported", [["none"], ["none", "deflate"]])
def test_a_printer_without_gzip_gets_the_plain_document(make: Any, supported: list[str]) -> None:
    desk = Packing(supported)
    with serving(desk) as server, make(uri_of(server)) as client:
        client.print(iter([TEXT]), compression="auto")
        desk.refused.add(Operation.GET_PRINTER_ATTRIBUTES)
        client.print(TEXT, compression="auto")
    assert desk.came == [(None, TEXT)] * 2


@clients
def test_a_printer_that_says_gzip_and_refuses_it(make: Any) -> None:
    class Refusing(Packing):
        def __call__(self, incoming: IncomingRequest) -> Message | Reply:
            if "compression" in incoming.message.operation_attributes:
                return response(incoming.message, Status.CLIENT_ERROR_COMPRESSION_NOT_SUPPORTED)
            return super().__call__(incoming)

    desk = Refusing()
    with serving(desk) as server, make(uri_of(server)) as client:
        client.print(TEXT, compression="auto")
    assert desk.came == [(None, TEXT)]


@clients
def test_what_is_compressed_goes_to_printers_that_have_only_create_job(make: Any) -> None:
    desk = Packing()
    desk.refused.add(Operation.PRINT_JOB)
    with serving(desk) as server, make(uri_of(server)) as client:
        client.print(TEXT, compression="auto")
    assert desk.came == [("gzip", TEXT)]


def test_an_asynchronous_document_is_compressed() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield TEXT[:100_000]
        yield TEXT[100_000:]

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:
            await client.print(pieces(), compression="auto")

    desk = Packing()
    with serving(desk) as server:
        asyncio.run(main(uri_of(server)))
    assert desk.came == [("gzip", TEXT)]
