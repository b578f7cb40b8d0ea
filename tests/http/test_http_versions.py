"""Both clients and printers that take old versions of IPP only, and say so in each way that is known of printers.

The rule of this file: a request goes out again only if nothing was done, and no other answer is mistaken for that.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from command_line import run
from http_clients import clients
from http_servers import DOCUMENT, serving, uri_of

from ippfast import Attribute, Message, ValueTag, operations, response
from ippfast.enums import Operation, Status
from ippfast.http import Client, IncomingRequest, OperationError, Refusal, StatusError
from ippfast.http._client import versions

JOB = {"job-id": 7, "job-state": "completed"}


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    versions.TAKEN._found.clear()
    yield
    versions.TAKEN._found.clear()


def not_supported(message: Message) -> Message:
    return response(message, Status.SERVER_ERROR_VERSION_NOT_SUPPORTED, version=(1, 1))


def bad_request(message: Message) -> Message:
    return response(message, Status.CLIENT_ERROR_BAD_REQUEST, version=(1, 1), status_message="no")


def bad_request_of_http(message: Message) -> Message:
    raise Refusal(400, "<html>Bad Request</html>")


def nothing(message: Message) -> Message:
    return response(message)


REFUSALS = (not_supported, bad_request, bad_request_of_http, nothing)


class OldPrinter:
    """Takes versions up to one, and answers newer ones in its way."""

    def __init__(self, version: tuple[int, int], refuse: Callable[[Message], Message]) -> None:
        self.version = version
        self.refuse = refuse
        self.seen: list[tuple[tuple[int, int], object]] = []
        self.documents: list[bytes] = []

    def __call__(self, request: IncomingRequest) -> Message:
        message, document = request.message, request.document.read()
        self.seen.append((message.version, message.operation))
        if message.version > self.version:
            return self.refuse(message)
        if message.operation is Operation.PRINT_JOB:
            self.documents.append(document)
            return response(message, job=JOB)
        return response(message, printer={"printer-name": "old"})


@clients
@pytest.mark.parametrize("version", [(1, 1), (1, 0)])
@pytest.mark.parametrize("refuse", REFUSALS)
def test_older_versions(make: Any, refuse: Callable[[Message], Message], version: tuple[int, int]) -> None:
    printer = OldPrinter(version, refuse)
    tried = [each for each in versions.VERSIONS if each >= version]
    with serving(printer) as server:
        for _ in range(2):  # another client of the same printer knows
            with make(uri_of(server)) as client:
                assert client.attributes("printer-name").value("printer-name") == "old"
                assert client.version == version
                assert client.print(DOCUMENT).id == 7
    assert [each for each, _ in printer.seen] == [*tried, version, version, version]
    assert printer.documents == [DOCUMENT] * 2


@clients
@pytest.mark.parametrize("refuse", REFUSALS[:3])
def test_documents(make: Any, refuse: Callable[[Message], Message]) -> None:
    """They go out again if they can, and otherwise the refusal is told."""
    printer = OldPrinter((1, 1), refuse)
    with serving(printer) as server, make(uri_of(server)) as client:
        with pytest.raises((OperationError, StatusError)):
            client.print(iter([DOCUMENT]))
        assert client.print(DOCUMENT).id == 7
        assert client.print(iter([DOCUMENT])).id == 7
    assert printer.documents == [DOCUMENT] * 2


@clients
def test_version_of_the_caller(make: Any) -> None:
    printer = OldPrinter((1, 1), not_supported)
    with serving(printer) as server:
        with make(uri_of(server), version=(1, 0)) as client:
            client.attributes()
            client.send(operations.get_jobs(uri_of(server), version=(2, 0)))
        for version in ((2, 0), (2, 2)):
            with make(uri_of(server), version=version) as client:
                assert client.version == version
                with pytest.raises(OperationError, match="version-not-supported"):
                    client.attributes()
        with make(uri_of(server), version=(1, 1), negotiate=True) as client:
            client.attributes()
    assert {each for each, _ in printer.seen[:2]} == {(1, 0)}
    assert [each for each, _ in printer.seen[2:]] == [(2, 0), (2, 2), (1, 1), (1, 1)]


WRONG: dict[str, tuple[Callable[[str], Message], Callable[[Message], Message]]] = {
    "it says what is wrong": (
        operations.get_printer_attributes,
        lambda message: response(
            message, Status.CLIENT_ERROR_BAD_REQUEST, unsupported=[Attribute("x", ValueTag.KEYWORD, "y")]
        ),
    ),
    "the request is wrong": (
        lambda uri: Message((2, 0), Operation.GET_JOBS, 1, operations.get_jobs(uri).groups[:0]),
        bad_request,
    ),
    "another refusal": (
        operations.get_printer_attributes,
        lambda message: response(message, Status.CLIENT_ERROR_NOT_POSSIBLE),
    ),
    "no jobs": (operations.get_jobs, nothing),
    "a version that nobody has": (lambda uri: operations.get_printer_attributes(uri, version=(9, 9)), not_supported),
}


@clients
@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_refusal_of_a_version(make: Any, name: str) -> None:
    build, refuse = WRONG[name]
    printer = OldPrinter((0, 0), refuse)
    with serving(printer) as server, make(uri_of(server)) as client:
        client.send(build(uri_of(server)))
    assert len(printer.seen) <= 1  # a server may refuse what is wrong by itself


@clients
@pytest.mark.parametrize("refuse", [bad_request, nothing])
def test_no_version_helps(make: Any, refuse: Callable[[Message], Message]) -> None:
    """Then the answer to the request as it was counts, and nobody tries that again."""
    printer = OldPrinter((0, 0), refuse)
    with serving(printer) as server, make(uri_of(server)) as client:
        for _ in range(3):
            answer = client.send(operations.get_printer_attributes(uri_of(server)))
            assert answer.status in (Status.CLIENT_ERROR_BAD_REQUEST, Status.SUCCESSFUL_OK)
        assert client.version is None
    assert [each for each, _ in printer.seen] == [(2, 0), (1, 1), (1, 0), (2, 0), (2, 0)]


@clients
@pytest.mark.parametrize("refuse", [bad_request, bad_request_of_http])
def test_printer_that_has_taken_the_version(make: Any, refuse: Callable[[Message], Message]) -> None:
    """What it does not take then is the request."""
    printer = OldPrinter((2, 0), refuse)
    with serving(printer) as server, make(uri_of(server)) as client:
        client.attributes()
        printer.version = (1, 1)
        with pytest.raises((OperationError, StatusError), match=r"(?i)bad.request"):
            client.attributes()
    assert len(printer.seen) == 2


def test_commands() -> None:
    printer = OldPrinter((1, 1), not_supported)
    with serving(printer) as server:
        assert "old" in run("attributes", uri_of(server), "printer-name").stdout
        assert [each for each, _ in printer.seen] == [(2, 0), (1, 1)]
        assert run("attributes", uri_of(server), "printer-name", "--ipp-version", "1.0").exit_code == 0
        assert printer.seen[2][0] == (1, 0)
        refused = run("attributes", uri_of(server), "printer-name", "--ipp-version", "2.2")
        assert refused.exit_code == 1
        assert "server-error-version-not-supported" in refused.stderr
        assert printer.seen[3:] == [((2, 2), Operation.GET_PRINTER_ATTRIBUTES)]
        with Client(uri_of(server)) as client:
            assert client.version == (1, 1)
