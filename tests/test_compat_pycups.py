"""The shim for pycups by itself: messages, settings, passwords, documents in pieces, and what goes wrong on the way.

The rule of this file: neither pycups nor CUPS is needed. What they say, test_compat_pycups_library.py asks them.
"""

import io
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import vectors
from http_servers import DOCUMENT, SECONDS, serving

import ippfast.compat.pycups as cups
from ippfast import Attribute, Collection, DateTime, Message, OutOfBand, RawValue, StringWithLanguage, decode, response
from ippfast.compat.pycups import constants, settings
from ippfast.compat.pycups.options import operation_and_job
from ippfast.compat.pycups.values import all_values, one_or_all
from ippfast.http import BasicAuthenticator, DigestAuthenticator, IncomingRequest, Server
from ippfast.http.errors import Refusal


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in ("CUPS_SERVER", "CUPS_USER", "IPP_PORT", "LPDEST", "PRINTER"):
        monkeypatch.delenv(variable, raising=False)
    before = dict(vars(settings.current))
    yield
    vars(settings.current).clear()
    vars(settings.current).update(before)


# ---- Messages ----


def test_every_message_is_written_as_it_was_read() -> None:
    for vector in vectors.accepted():
        request, file = cups.IPPRequest(), io.BytesIO(vector.octets + b"document")
        assert request.readIO(file.read) == constants.IPP_STATE_DATA
        assert file.tell() == vector.offset
        written = io.BytesIO()
        request.state = constants.IPP_STATE_IDLE
        assert request.writeIO(written.write) == constants.IPP_STATE_DATA
        groups = [group for group in decode(vector.octets[: vector.offset]).groups if len(group)]
        assert decode(written.getvalue()).groups == groups  # one without attributes has no form here
        for attribute in request.attributes:
            assert isinstance(attribute.values, list)
            assert repr(attribute).startswith("<cups.IPPAttribute ")


def test_what_the_library_cannot_show() -> None:
    size = Collection([Attribute("x", 0x21, 1), Attribute("y", 0x21, [2, 3])])
    values: dict[int, tuple[Any, Any]] = {
        0x30: (b"\xff\0", b"\xff\0"),
        0x31: (DateTime(2026, 11, 25, 12), DateTime(2026, 11, 25, 12).to_datetime()),
        0x34: (size, {"x": 1, "y": [2, 3]}),
        0x35: (StringWithLanguage("Text", "de"), "Text"),
        0x12: (OutOfBand.UNKNOWN, None),
        0x21: (RawValue(b"\1"), b"\1"),
    }
    for tag, (value, expected) in values.items():
        assert one_or_all(Attribute("a", tag, value)) == expected
        placeholder = one_or_all(Attribute("a", tag, value), quirks=True)
        assert tag == 0x21 or (placeholder.startswith("(") and "IPP" in placeholder)
    broken = DateTime(0, 0, 0)
    assert all_values(Attribute("a", 0x31, [broken, broken])) == [broken, broken]


def test_attributes_made_by_hand() -> None:
    request = cups.IPPRequest(constants.IPP_OP_PRINT_JOB)
    for tag, value in ((0x33, [(1, 5), 7]), (0x32, (600, 600, 3)), (0x30, b"\xff"), (0x41, "Text"), (0x45, b"ipp:x")):
        request.add(cups.IPPAttribute(2, tag, f"a{tag}", value))
    request.addSeparator()
    request.add(cups.IPPAttribute(2, 0x13, "nothing"))
    groups = request.to_message().groups
    assert [group.tag for group in groups] == [1, 2, 2]
    assert groups[1]["a51"].values == ((1, 5), (7, 7))
    assert groups[2]["nothing"].value is OutOfBand.NO_VALUE
    for arguments in ((2, 0x32, "a", (1, 2)), (2, 0x21, "a", "1"), (2, 0x21, "a")):
        with pytest.raises(RuntimeError):
            cups.IPPAttribute(*arguments)
    with pytest.raises(TypeError):
        request.add("attribute")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        request.readIO(b"octets")  # type: ignore[arg-type]


def test_writing_that_fails() -> None:
    request = cups.IPPRequest(constants.IPP_OP_PRINT_JOB)
    assert request.writeIO(lambda octets: -1) == constants.IPP_STATE_ERROR
    request.add(cups.IPPAttribute(2, 0x44, "keyword", ["k" * 40_000]))
    assert request.writeIO(len) == constants.IPP_STATE_ERROR


def test_options() -> None:
    operation, job = operation_and_job(
        {
            "document-format": "text/plain",
            "copies": "2",
            "page-ranges": "1-3,7,9-",
            "sides": "two-sided-long-edge",
            "printer-resolution": "600x1200dpi",
            "print-quality": "5",
            "finishings": "4,5",
            "media": "Letter Plain",
            "mine": "TRUE",
            "my-name": "7",
        }
    )
    assert [(each.name, each.value) for each in operation] == [("document-format", "text/plain")]
    values = {each.name: (each.tag, each.values) for each in job}
    assert values == {
        "copies": (0x21, (2,)),
        "page-ranges": (0x33, ((1, 3), (7, 7), (9, 2**31 - 1))),
        "sides": (0x44, ("two-sided-long-edge",)),
        "printer-resolution": (0x32, ((600, 1200, 3),)),
        "print-quality": (0x23, (5,)),
        "finishings": (0x23, (4, 5)),
        "media": (0x42, ("Letter Plain",)),
        "mine": (0x22, (True,)),
        "my-name": (0x42, ("7",)),
    }
    for wrong in ({"copies": 2}, [("copies", "2")]):
        with pytest.raises(TypeError):
            operation_and_job(wrong)  # type: ignore[arg-type]


# ---- Settings ----


def test_where_the_server_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("CUPS_SERVER", "print.example:8631")
    assert (cups.getServer(), cups.getPort()) == ("print.example", 8631)
    monkeypatch.setenv("CUPS_SERVER", "/run/cups/cups.sock")
    assert (cups.getServer(), cups.getPort()) == ("localhost", 631)
    cups.setServer("other.example:99")
    assert (cups.getServer(), cups.getPort()) == ("other.example", 99)
    cups.setPort(98)
    assert cups.getPort() == 98
    cups.setUser("alice")
    assert cups.getUser() == "alice"
    cups.setEncryption(constants.HTTP_ENCRYPT_REQUIRED)
    assert cups.getEncryption() == constants.HTTP_ENCRYPT_REQUIRED
    assert cups.require("1.9") is None  # type: ignore[func-returns-value]
    with pytest.raises(RuntimeError):
        cups.require("99.0")


def test_install() -> None:
    cups.install()
    try:
        import cups as installed

        assert installed.Connection is cups.Connection
        assert installed.IPP_TAG_JOB == 2
    finally:
        cups.uninstall()
    assert "cups" not in sys.modules


def test_no_server() -> None:
    with serving(lambda request: response(request.message)) as server:
        port = server.port
    with pytest.raises(RuntimeError, match="failed to connect"):
        cups.Connection("localhost", port)


# ---- Requests ----


class Queue:
    """A server's part in printing: it keeps the messages, users and documents."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.users: list[str | None] = []
        self.documents: list[bytes] = []
        self.refuse_documents = False

    def __call__(self, request: IncomingRequest) -> Message:
        self.messages.append(request.message)
        self.users.append(request.user)
        if request.message.code == constants.IPP_OP_SEND_DOCUMENT:
            if self.refuse_documents:
                return response(request.message, constants.IPP_DOCUMENT_FORMAT, status_message="no such format")
            self.documents.append(request.document.read())
        return response(request.message, job={"job-id": 7, "job-state": 3, "job-state-reasons": ["none"]})


def connect(server: Server) -> Any:
    return cups.Connection("localhost", server.port)


@pytest.mark.parametrize("kind", [BasicAuthenticator, DigestAuthenticator])
def test_passwords(kind: type, tmp_path: Any) -> None:
    queue = Queue()
    asked: list[tuple[Any, ...]] = []
    passwords = iter(["wrong", "secret"])
    (tmp_path / "document").write_bytes(DOCUMENT)

    def ask(*arguments: Any) -> str:
        asked.append(arguments)
        return next(passwords)

    cups.setUser("alice")
    cups.setPasswordCB2(ask, "context")
    with serving(queue, authenticator=authenticator_of(kind)) as server:
        connection = connect(server)
        connection.acceptJobs("first")
        assert len(asked) == 2
        prompt, who, method, resource, context = asked[0]
        assert (prompt, method, resource) == ("Password for alice on localhost? ", "POST", "/admin/")
        assert who is connection
        assert context == "context"
        assert connection.printFile("first", str(tmp_path / "document"), "title", {}) == 7
        connection.close()
    assert len(asked) == 2
    assert queue.documents == [DOCUMENT]
    assert set(queue.users) == {"alice"}


def authenticator_of(kind: Any) -> Any:
    if kind is BasicAuthenticator:
        return kind(lambda user, password: (user, password) == ("alice", "secret"), insecure=True)
    return kind({"alice": "secret"}.get)


def test_no_password() -> None:
    with serving(Queue(), authenticator=authenticator_of(DigestAuthenticator)) as server:
        connection = connect(server)
        for expected in (constants.IPP_NOT_AUTHENTICATED, constants.IPP_AUTHENTICATION_CANCELED):
            with pytest.raises(cups.IPPError) as caught:
                connection.acceptJobs("first")
            assert caught.value.args[0] == expected
            cups.setPasswordCB(lambda prompt: None)
        connection.close()


def test_a_document_in_pieces() -> None:
    queue = Queue()
    with serving(queue) as server:
        connection = connect(server)
        assert connection.createJob("first", "title", {"copies": "2"}) == 7
        assert connection.startDocument("first", 7, "name", constants.CUPS_FORMAT_PDF, 1) == 100
        for at in range(0, len(DOCUMENT), 10_000):
            assert connection.writeRequestData(DOCUMENT[at : at + 10_000] + b"more", 10_000) == 100
        assert connection.finishDocument("first") == 0
        with pytest.raises(RuntimeError):
            connection.finishDocument("first")
        connection.close()
    assert queue.documents == [DOCUMENT + b"more"[: -len(DOCUMENT) % 10_000]]
    sent = queue.messages[-1].operation_attributes
    assert [sent.value(name) for name in ("job-id", "document-name", "last-document")] == [7, "name", True]


def test_a_document_that_is_refused() -> None:
    queue = Queue()
    queue.refuse_documents = True
    with serving(queue) as server:
        connection = connect(server)
        connection.startDocument("first", 7, "name", constants.CUPS_FORMAT_PDF, 1)
        for _ in range(200):  # far more than waits anywhere
            connection.writeRequestData(DOCUMENT, len(DOCUMENT))
        with pytest.raises(cups.IPPError) as caught:
            connection.finishDocument("first")
        assert caught.value.args == (constants.IPP_DOCUMENT_FORMAT, "no such format")
        connection.close()


def test_a_document_that_is_given_up() -> None:
    queue = Queue()
    with serving(queue) as server:
        connection = connect(server)
        connection.startDocument("first", 7, "name", constants.CUPS_FORMAT_PDF, 1)
        connection.writeRequestData(DOCUMENT, len(DOCUMENT))
        connection.close()
    assert queue.documents == []
    assert not [thread for thread in threading.enumerate() if thread.name == "ippfast-upload"]


def test_a_printed_file_that_is_refused(tmp_path: Any) -> None:
    queue = Queue()
    queue.refuse_documents = True
    (tmp_path / "document").write_bytes(DOCUMENT)
    with serving(queue) as server:
        connection = connect(server)
        with pytest.raises(cups.IPPError):
            connection.printFile("first", str(tmp_path / "document"), "title", {})
        connection.close()
    assert queue.messages[-1].code == constants.IPP_OP_CANCEL_JOB


def test_other_answers() -> None:
    def refuse(request: IncomingRequest) -> Message:
        raise Refusal(403, "not you")

    with serving(refuse) as server:
        connection = connect(server)
        with pytest.raises(cups.IPPError) as caught:
            connection.getPrinters()
        assert caught.value.args[0] == constants.IPP_FORBIDDEN
        with pytest.raises(AttributeError, match="needs libcups"):
            connection.getPPD("first")
        with pytest.raises(AttributeError, match="no attribute"):
            connection.getNothing()
    with pytest.raises(cups.IPPError) as caught:
        connection.getPrinters()
    assert caught.value.args[0] == constants.IPP_SERVICE_UNAVAILABLE
    connection.close()
    assert threading.active_count() < 20
    assert SECONDS
