"""The shim for pycups by itself: messages, settings, passwords, documents in pieces, and what goes wrong on the way.

The rule of this file: neither pycups nor CUPS is needed. What they say, test_compat_pycups_library.py asks them.
"""

import io
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vectors
from http_servers import DOCUMENT, serving

import ippfast.compat.pycups as cups
from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    Message,
    OutOfBand,
    RawValue,
    StringWithLanguage,
    attribute,
    decode,
    response,
)
from ippfast.compat.pycups import constants, settings
from ippfast.compat.pycups.options import document_format, job_attributes, parse_options
from ippfast.compat.pycups.values import all_values, one_or_all
from ippfast.compat.pycups.wire import Wire
from ippfast.http import BasicAuthenticator, DigestAuthenticator, IncomingRequest, Reply, Server
from ippfast.http.errors import Refusal, RemoteProtocolError


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
        for each in request.attributes:
            assert isinstance(each.values, list)
            assert repr(each).startswith("<cups.IPPAttribute ")


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


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"copies": " 3x", "job-priority": "abc"}, {"copies": (0x21, (3,)), "job-priority": (0x21, (0,))}),
        ({"page-ranges": "1-3,7,9-,-4"}, {"page-ranges": (0x33, ((1, 3), (7, 7), (9, 2**31 - 1), (1, 4)))}),
        ({"media": "A4,Upper"}, {"media": (0x44, ("A4", "Upper"))}),
        ({"sides": "a,b", "my-name": "a,b"}, {"sides": (0x44, ("a,b",)), "my-name": (0x42, ("a,b",))}),
        ({"mine": "TRUE", "other": "on"}, {"mine": (0x22, (True,)), "other": (0x42, ("on",))}),
        ({"scaling": "100", "fit-to-page": "yes"}, {"scaling": (0x21, (100,)), "fit-to-page": (0x22, (True,))}),
        (
            {"printer-resolution": "600x1200dpi", "print-quality": "5"},
            {"printer-resolution": (0x32, ((600, 1200, 3),)), "print-quality": (0x23, (5,))},
        ),
        ({"job-name": "x", "raw": "true", "document-format": "a/b", "x-default": "y"}, {"job-name": (0x42, ("x",))}),
    ],
)
def test_options(options: dict[str, str], expected: dict[str, Any]) -> None:
    found = {each.name: (each.tag, each.values) for each in job_attributes(options)["job"]}
    assert found == expected


def test_options_that_are_collections() -> None:
    text = "{media-size={x-dimension=21000 y-dimension=29700} media-type='thick paper' finishings=4,5}"
    (made,) = job_attributes({"media-col": text})["job"]
    collection: Any = made.values[0]
    assert one_or_all(made, quirks=False) == {
        "finishings": [4, 5],
        "media-size": {"x-dimension": 21000, "y-dimension": 29700},
        "media-type": "thick paper",
    }
    assert collection["media-type"].tag == 0x44
    assert parse_options("a=1 noduplex fit b\\ c='d e' f=\"g\"") == {
        "a": "1", "b\\": "true", "c": "d e", "duplex": "false", "f": "g", "fit": "true"
    }  # fmt: skip
    deep = "{a=" * 200 + "1" + "}" * 200
    assert len(job_attributes({"x": deep})["job"]) == 1


def test_where_options_go() -> None:
    made = job_attributes({"notify-events": "all,none", "job-password": "abc", "job-k-octets": "3"})
    assert [(each.name, each.values) for each in made["subscription"]] == [("notify-events", ("all", "none"))]
    assert [(each.name, each.values) for each in made["operation"]] == [("job-password", (b"abc",))]
    assert made["job"] == []
    assert document_format({"document-format": "a/b"}) == "a/b"
    assert document_format({"document-format": "a/b", "raw": "false"}) == "application/vnd.cups-raw"
    for wrong in ({"copies": 2}, [("copies", "2")]):
        with pytest.raises(TypeError):
            job_attributes(wrong)  # type: ignore[arg-type]


# ---- Settings ----


def test_where_the_server_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("CUPS_SERVER", "print.example:8631")
    assert (cups.getServer(), cups.getPort()) == ("print.example", 8631)
    monkeypatch.setenv("CUPS_SERVER", "/run/cups/cups.sock")
    assert (cups.getServer(), cups.getPort()) == ("/run/cups/cups.sock", 631)
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
        answers = iter(["", ""])
        for _ in range(2):
            with pytest.raises(cups.IPPError) as caught:
                connection.acceptJobs("first")
            assert caught.value.args == (constants.IPP_AUTHENTICATION_CANCELED, "Unauthorized")
            cups.setPasswordCB(lambda prompt: next(answers))
        connection.close()


def test_what_comes_before_tls_is_no_answer() -> None:
    """Whoever is on the way may write behind the answer that begins TLS, and would be believed after it."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    ours, theirs = socket.socketpair()
    wire = Wire("localhost", 631)
    with ours, theirs:
        wire._socket = ours
        theirs.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2\r\n\r\n" + answer * 2)
        theirs.shutdown(socket.SHUT_WR)
        assert wire.reply().status == 101
        with pytest.raises(RemoteProtocolError, match="without TLS"):
            wire.start_tls(ssl.create_default_context())
        assert not wire.secure


@pytest.mark.parametrize(
    ("lines", "rest", "keeps"),
    [
        (b"content-length:4", b"bodynext", True),
        (b"Content-Length: 4\r\nServer: close to nothing", b"bodynext", True),
        (b"Content-Length: 4\r\nConnection: Close", b"bodynext", False),
        (b"Transfer-Encoding: chunked", b"4\r\nbody\r\n0\r\n\r\n", True),
        (b"Content-Length: 9\r\nTransfer-Encoding: chunked", b"4\r\nbody\r\n0\r\n\r\n", False),
        (b"Server: none", b"body", True),
    ],
)
def test_where_a_response_ends(lines: bytes, rest: bytes, keeps: bool) -> None:
    """The length alone is read faster; all else must come to the same."""
    ours, theirs = socket.socketpair()
    wire = Wire("localhost", 631)
    with ours, theirs:
        wire._socket = ours
        theirs.sendall(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\n" + rest)
        theirs.shutdown(socket.SHUT_WR)
        assert wire.reply().body == b"body"
        assert wire.connected == keeps


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 4\r\nContent-Length: 5",
        b"Content-Length:5\r\nContent-Length: 4",
        b"Content-Length : 5\r\nContent-Length: 4",
        b"Content-Length: 4x",
    ],
)
def test_a_length_that_is_none(lines: bytes) -> None:
    ours, theirs = socket.socketpair()
    wire = Wire("localhost", 631)
    with ours, theirs:
        wire._socket = ours
        theirs.sendall(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\nbody")
        with pytest.raises(RemoteProtocolError, match="not a number"):
            wire.reply()


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


def test_the_server_s_ppds() -> None:
    asked: list[Message] = []

    def answer(request: IncomingRequest) -> Any:
        asked.append(request.message)
        if request.message.code == constants.IPP_OP_CUPS_GET_PPD:
            return Reply(response(request.message), [b'*PPD-Adobe: "4.3"\n'])
        ppds = [
            {"ppd-name": name, "ppd-make": "Maker", "ppd-product": ["(One)", "(Two)"], "ppd-natural-language": "en"}
            for name in ("a.ppd", "b.ppd")
        ]
        groups = [AttributeGroup(4, [attribute(*pair) for pair in each.items()]) for each in ppds]
        answer = response(request.message)
        return Message(answer.version, answer.code, answer.request_id, [*answer.groups, *groups])

    with serving(answer) as server:
        connection = connect(server)
        found = connection.getPPDs(limit=3, ppd_make="Maker", ppd_model_number=7, exclude_schemes=["gutenprint"])
        assert list(found) == ["a.ppd", "b.ppd"]
        assert found["a.ppd"]["ppd-make"] == "Maker"
        assert connection.getPPDs2()["b.ppd"]["ppd-make"] == ["Maker"]
        path = connection.getServerPPD("a.ppd")
        assert cups.PPD(path).optionGroups == []
        Path(path).unlink()
        with pytest.raises(TypeError):
            connection.getPPDs(ppd_colour="red")
        connection.close()
    given = asked[0].operation_attributes
    assert [given.value(name) for name in ("limit", "ppd-make", "ppd-model-number")] == [3, "Maker", 7]
    assert given["exclude-schemes"].values == ("gutenprint",)


def test_going_through_destinations() -> None:
    queues = (
        {"printer-name": "draft", "printer-type": 0x4, "printer-uri-supported": "ipp://elsewhere:631/printers/draft"},
        {"printer-name": "photo", "printer-type": 0xC, "device-uri": "ipp://127.0.0.1/ipp/print"},
        {"printer-name": "team", "printer-type": 0x1, "device-uri": "socket:"},
    )

    def answer(request: IncomingRequest) -> Message:
        made = response(request.message)
        if request.message.code == constants.IPP_OP_CUPS_GET_DEFAULT:
            return Message(made.version, constants.IPP_NOT_FOUND, made.request_id, made.groups)
        groups = [AttributeGroup(4, [attribute(*pair) for pair in each.items()]) for each in queues]
        return Message(made.version, made.code, made.request_id, [*made.groups, *groups])

    def all_of(**options: int) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        cups.enumDests(lambda known, flags, dest: known.append((dest.name, flags)) or 1, user_data=found, **options)
        return found

    with serving(answer) as server:
        settings.setServer(f"localhost:{server.port}")
        more = constants.CUPS_DEST_FLAGS_MORE
        assert all_of() == [("draft", more), ("photo", more), ("team", 0)]
        assert all_of(type=0x4, mask=0x5) == [("draft", more), ("photo", 0)]
        assert all_of(type=0xC, mask=0x5) == [("draft", more), ("photo", 0)]
        assert all_of(type=0x8, mask=0xC) == []
        stopped: list[str] = []
        cups.enumDests(lambda known, flags, dest: known.append(dest.name), user_data=stopped)
        assert stopped == ["draft"]

        dests = cups.Connection().getDests()
        told: list[int] = []

        def tell(known: list[int], flags: int, dest: cups.Dest) -> int:
            known.append(flags)
            return 1

        # A queue of the server is reached through it, whatever host its URI names; another printer by itself.
        unconnected = constants.CUPS_DEST_FLAGS_UNCONNECTED
        steps = [
            unconnected | each for each in (constants.CUPS_DEST_FLAGS_RESOLVING, constants.CUPS_DEST_FLAGS_CONNECTING)
        ]
        connection, resource = cups.connectDest(dests["draft", None], tell, user_data=told)
        assert (resource, told) == ("/printers/draft", [*steps, constants.CUPS_DEST_FLAGS_NONE])
        assert len(connection.getPrinters()) == 3
        connection.close()
        photo = dests["photo", None]
        photo.options["device-uri"] = f"ipp://127.0.0.1:{server.port}/ipp/print"
        connection, resource = cups.connectDest(photo, tell, user_data=told)
        assert resource == "/ipp/print"
        connection.close()

        with pytest.raises(RuntimeError, match="canceled"):
            cups.connectDest(photo, lambda *_: 0)
        with pytest.raises(RuntimeError, match="no URI"):
            cups.connectDest(dests["team", None], tell, user_data=told)
        unchecked: Any = cups
        with pytest.raises(TypeError):
            unchecked.enumDests(3)
        with pytest.raises(TypeError):
            unchecked.connectDest("photo", tell)
        with pytest.raises(TypeError):
            unchecked.connectDest(photo, 3)
    told.clear()
    with pytest.raises(RuntimeError, match="failed to connect"):
        cups.connectDest(photo, tell, user_data=told)
    assert told == [*steps, unconnected | constants.CUPS_DEST_FLAGS_ERROR]


def test_other_answers() -> None:
    def refuse(request: IncomingRequest) -> Message:
        raise Refusal(403, "not you")

    with serving(refuse) as server:
        connection = connect(server)
        with pytest.raises(cups.IPPError) as caught:
            connection.getPrinters()
        assert caught.value.args[0] == constants.IPP_FORBIDDEN
        with pytest.raises(AttributeError, match="no attribute"):
            connection.getNothing()
    with pytest.raises(cups.IPPError) as caught:
        connection.getPrinters()
    assert caught.value.args[0] in (constants.IPP_SERVICE_UNAVAILABLE, constants.IPP_INTERNAL_ERROR)
    connection.close()
