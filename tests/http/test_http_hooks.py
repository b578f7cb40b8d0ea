"""What an application gives a `Server` besides its handler: pages, who may connect, who asks, and who may do what.

The rule of this file: real sockets on loopback, and clients that show what they see.
"""

import socket
from http.client import HTTPConnection, HTTPResponse

import pytest
from http_conversations import ANSWER, PRINT_JOB, post, print_job
from http_servers import DOCUMENT, SECONDS, Printer, connect, uri_of
from http_shells import Serving

from ippfast import Attribute, Message, StringWithLanguage, ValueTag, encode
from ippfast.enums import Operation, Status
from ippfast.http import (
    BasicAuth,
    BasicAuthenticator,
    Client,
    Headers,
    Incoming,
    IncomingRequest,
    Page,
    PageRequest,
    Refusal,
    RequestHead,
    Server,
    StatusError,
)

QUESTION = print_job(operation=Operation.GET_PRINTER_ATTRIBUTES)


def check(user: str, password: str) -> bool:
    return (user, password) == ("ada", "secret")


def is_question(head: RequestHead, message: Message | None) -> bool:
    return message is None or message.operation is Operation.GET_PRINTER_ATTRIBUTES


BASIC = BasicAuthenticator(check, insecure=True)


# Pages.


def show(request: PageRequest) -> Page | None:
    if request.head.target == "/fails":
        raise RuntimeError("secret")
    if request.head.target == "/moved":
        raise Refusal(301, "moved", headers=[("Location", "/icon")])
    if request.head.target != "/icon":
        return None
    return Page(200, "image/png", f"{request.peer} {request.secure} {request.user}".encode(), [("ETag", '"1"')])


def get(connection: HTTPConnection, target: str, method: str = "GET") -> tuple[int, HTTPResponse, bytes]:
    connection.request(method, target)
    answer = connection.getresponse()
    return answer.status, answer, answer.read()


def test_pages(serving: Serving) -> None:
    printer = Printer()
    with serving(printer, pages=show) as server:
        connection = HTTPConnection("localhost", server.port, timeout=SECONDS)
        status, answer, body = get(connection, "/icon")
        assert (status, body) == (200, b"127.0.0.1 False None")
        assert (answer.getheader("content-type"), answer.getheader("etag")) == ("image/png", '"1"')
        status, answer, nothing = get(connection, "/icon", "HEAD")
        assert (status, nothing, answer.getheader("content-length")) == (200, b"", str(len(body)))
        assert get(connection, "/other")[0] == 404
        assert get(connection, "/other", "HEAD")[0] == 404
        status, answer, body = get(connection, "/moved")
        assert (status, answer.getheader("location"), body) == (301, "/icon", b"moved\n")
        status, answer, body = get(connection, "/fails")
        assert status == 500
        assert b"secret" not in body
        connection.request("POST", "/ipp/print", encode(PRINT_JOB), {"Content-Type": "application/ipp"})
        assert connection.getresponse().read() == encode(ANSWER)
        assert len(server._sessions) == 1  # all on one connection
        assert get(connection, "/icon", "DELETE")[1].getheader("allow") == "GET, HEAD, POST"
        connection.close()
    assert printer.messages == [PRINT_JOB]


def test_pages_for_users(serving: Serving) -> None:
    with serving(Printer(), pages=show, authenticator=BASIC) as server:
        connection = HTTPConnection("localhost", server.port, timeout=SECONDS)
        status, answer, _ = get(connection, "/icon")
        assert (status, answer.getheader("www-authenticate")) == (401, 'Basic realm="ipp", charset="UTF-8"')
        connection.request("GET", "/icon", headers={"Authorization": "Basic YWRhOnNlY3JldA=="})
        assert connection.getresponse().read() == b"127.0.0.1 False ada"
        server.anonymous = is_question
        assert get(connection, "/icon")[2] == b"127.0.0.1 False None"
        connection.close()


# Who may connect.


@pytest.mark.parametrize(
    ("networks", "allowed"),
    [(["127.0.0.0/8"], True), (["::1", "127.0.0.1"], True), (["10.0.0.0/8", "::1/128"], False), ([], False)],
)
def test_networks(serving: Serving, networks: list[str], allowed: bool) -> None:
    printer = Printer()
    with serving(printer, allow=networks) as server, connect(server) as connection:
        connection.sendall(post(encode(PRINT_JOB)))
        try:
            answered = connection.recv(1) != b""
        except ConnectionResetError:
            answered = False
        assert answered == allowed
    assert len(printer.messages) == allowed


def test_mapped_addresses() -> None:
    with Server(Printer(), port=0, allow=["127.0.0.0/8", "fe80::/10"]) as server:
        for peer in ("127.0.0.1", "::ffff:127.0.0.1", "fe80::1%2"):
            assert server._allows(peer)
        for peer in ("128.0.0.1", "::ffff:128.0.0.1", "::1"):
            assert not server._allows(peer)
    with pytest.raises(ValueError, match="does not appear to be"):
        Server(Printer(), port=0, allow=["everybody"])


# Who asks, and who may do what.


def test_credentials_where_they_are_needed(serving: Serving) -> None:
    users: list[tuple[int, str | None]] = []

    def handle(request: IncomingRequest) -> Message:
        users.append((request.message.code, request.user))
        return ANSWER

    with serving(handle, authenticator=BASIC, anonymous=is_question) as server:
        with Client(uri_of(server)) as client:
            assert client.send(QUESTION) == ANSWER
            with pytest.raises(StatusError, match="401"):
                client.send(PRINT_JOB, DOCUMENT)
        with Client(uri_of(server), auth=BasicAuth("ada", "secret", insecure=True)) as client:
            for message in (QUESTION, PRINT_JOB, QUESTION):
                assert client.send(message) == ANSWER
        with connect(server) as connection:  # needless, but shown and wrong
            connection.sendall(
                post(encode(QUESTION), headers=["Authorization: Basic YWRhOndyb25n", "Connection: close"])
            )
            assert read_to_end(connection).startswith(b"HTTP/1.1 401 ")
    assert users == [
        (Operation.GET_PRINTER_ATTRIBUTES, None),
        (Operation.GET_PRINTER_ATTRIBUTES, None),  # a client shows none before it is asked
        (Operation.PRINT_JOB, "ada"),
        (Operation.GET_PRINTER_ATTRIBUTES, "ada"),
    ]


def test_challenge_before_the_document_is_asked_for(serving: Serving) -> None:
    """CUPS' clients send the message along with the head, and wait for a 100 then: it does not come."""
    octets = post(encode(PRINT_JOB) + DOCUMENT, headers=["Expect: 100-continue"])[: -len(DOCUMENT)]
    with serving(Printer(), authenticator=BASIC, anonymous=is_question) as server, connect(server) as connection:
        connection.sendall(octets)
        sent = read_to_end(connection)
        assert sent.startswith(b"HTTP/1.1 401 ")


def test_continue_where_the_message_is_awaited(serving: Serving) -> None:
    octets = post(encode(PRINT_JOB), headers=["Expect: 100-continue"])
    head = octets.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    with serving(Printer(), authenticator=BASIC, anonymous=is_question) as server, connect(server) as connection:
        connection.sendall(head)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(octets[len(head) :])
        connection.shutdown(socket.SHUT_WR)
        assert read_to_end(connection).startswith(b"HTTP/1.1 401 ")


def read_to_end(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize("ipp_status", [None, Status.CLIENT_ERROR_NOT_AUTHORIZED])
def test_authorizer(serving: Serving, ipp_status: int | None) -> None:
    asked: list[tuple[int, str | None, str]] = []

    def authorize(request: IncomingRequest) -> None:
        asked.append((request.message.code, request.user, request.peer))
        if request.message.operation is Operation.PRINT_JOB and request.user != "ada":
            raise Refusal(403, "not you", ipp_status=ipp_status)

    printer = Printer()
    options = {"authenticator": BASIC, "anonymous": lambda head, message: True, "authorizer": authorize}
    with serving(printer, **options) as server, Client(uri_of(server), expect_continue=True) as client:
        if ipp_status is None:
            with pytest.raises(StatusError, match=r"403 Forbidden: 'not you'"):
                client.send(PRINT_JOB, DOCUMENT)
        else:
            assert client.send(PRINT_JOB, DOCUMENT).status is ipp_status
        assert client.send(QUESTION) == ANSWER
    assert printer.messages == [QUESTION]
    assert asked == [(code, None, "127.0.0.1") for code in (Operation.PRINT_JOB, Operation.GET_PRINTER_ATTRIBUTES)]


def test_hooks_that_fail(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*anything: object) -> None:
        raise RuntimeError("secret")

    printer = Printer()
    for options in ({"authorizer": fail}, {"authenticator": BASIC, "anonymous": fail}):
        with serving(printer, **options) as server, Client(uri_of(server)) as client:
            with pytest.raises(StatusError) as caught:
                client.send(PRINT_JOB)
            assert caught.value.status == 500
            assert "secret" not in caught.value.text
    assert printer.messages == []
    assert caplog.text.count("RuntimeError: secret") == 2


@pytest.mark.parametrize(
    ("claim", "user", "owner"),
    [
        (Attribute("requesting-user-name", ValueTag.NAME, "eve"), "ada", "ada"),
        (Attribute("requesting-user-name", ValueTag.NAME, "eve"), None, "eve"),
        (Attribute("requesting-user-name", ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("ève", "fr")), None, "ève"),
        (Attribute("requesting-user-name", ValueTag.NAME, ""), None, "anonymous"),
        (Attribute("requesting-user-name", ValueTag.INTEGER, 7), None, "anonymous"),
        (None, None, "anonymous"),
    ],
)
def test_owner(claim: Attribute | None, user: str | None, owner: str) -> None:
    message = print_job()
    del message.groups[0]["requesting-user-name"]
    if claim is not None:
        message.groups[0].append(claim)
    head = RequestHead("POST", "/", Headers(), "1.1", None)
    assert Incoming(message=message, head=head, peer="::1", secure=True, user=user).owner == owner
