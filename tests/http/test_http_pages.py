"""What a server does for browsers: web forms for its pages, a way to TLS, pages that the browser has already."""

import http.client
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from authorities import Authority
from http_conversations import ANSWER, PRINT_JOB

from ippfast import Message, encode
from ippfast.http import BasicAuthenticator, IncomingRequest, Page, PageRequest, Server

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FIELDS = {"action": "pause", "words": "a&b=ü %", "empty": ""}


class Desk:
    """Pages that keep what they are asked."""

    takes_forms = True

    def __init__(self) -> None:
        self.requests: list[PageRequest] = []

    def __call__(self, request: PageRequest) -> Page | None:
        self.requests.append(request)
        if request.head.target == "/known":
            return Page(304, "text/plain", b"never sent", (("ETag", '"1"'),))
        return Page(200, "text/plain", b"page")


def handle(request: IncomingRequest) -> Message:
    request.document.read()
    return ANSWER


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def connection(desk: Desk) -> Iterator[http.client.HTTPConnection]:
    with Server(handle, port=0, pages=desk) as server:
        connection = http.client.HTTPConnection("localhost", server.port, timeout=90)
        yield connection
        connection.close()


def ask(connection: http.client.HTTPConnection, *request: Any, **options: Any) -> tuple[int, bytes]:
    connection.request(*request, **options)
    response = connection.getresponse()
    return response.status, response.read()


def test_a_form_comes_to_the_pages_and_a_message_to_the_handler(
    desk: Desk, connection: http.client.HTTPConnection
) -> None:
    for body in (urlencode(FIELDS), iter([urlencode(FIELDS).encode()])):  # the second in chunks
        assert ask(connection, "POST", "/?a=b", body, FORM) == (200, b"page")
        form = desk.requests.pop().form
        assert form == FIELDS
        ipp = {"Content-Type": "application/ipp"}
        assert ask(connection, "POST", "/", encode(PRINT_JOB), ipp) == (200, encode(ANSWER))
    assert ask(connection, "GET", "/") == (200, b"page")
    assert desk.requests.pop().form is None
    assert desk.requests == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"a=" + b"b" * 65_535, 413),
        (iter([b"a=" + b"b" * 65_535]), 413),
        (b"&".join(b"a=b" for _ in range(300)), 400),
        ("a=ü".encode(), 400),
    ],
    ids=["too large", "too large in chunks", "too many fields", "no ASCII"],
)
def test_a_form_is_bounded(desk: Desk, connection: http.client.HTTPConnection, body: Any, status: int) -> None:
    assert ask(connection, "POST", "/", body, FORM)[0] == status
    assert desk.requests == []


def test_forms_are_for_pages_that_want_them() -> None:
    with Server(handle, port=0, pages=lambda request: Page(200, "text/plain", b"")) as server:
        connection = http.client.HTTPConnection("localhost", server.port, timeout=90)
        assert ask(connection, "POST", "/", urlencode(FIELDS), FORM)[0] == 415
        connection.close()


def test_a_form_needs_the_user_that_a_page_needs(desk: Desk) -> None:
    judge = BasicAuthenticator(lambda user, word: False, insecure=True)
    for anonymous in (None, lambda head, message: message is not None):
        with Server(handle, port=0, pages=desk, authenticator=judge, anonymous=anonymous) as server:
            connection = http.client.HTTPConnection("localhost", server.port, timeout=90)
            assert ask(connection, "POST", "/", urlencode(FIELDS), FORM)[0] == 401
            connection.close()
    assert desk.requests == []


def test_an_answer_without_a_body_has_no_length(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/known")
    response = connection.getresponse()
    assert (response.status, response.read(), response.getheader("etag")) == (304, b"", '"1"')
    assert response.getheader("content-length") is None
    assert ask(connection, "GET", "/") == (200, b"page")


@pytest.mark.parametrize(
    ("host", "target", "location"),
    [
        ("localhost:631", "/jobs/1?a=b", "https://localhost:631/jobs/1?a=b"),
        ("localhost", "/", "https://localhost:80/"),
        ("[::1]", "/", "https://[::1]:80/"),
        ("[::1]:631", "/", "https://[::1]:631/"),
    ],
)
def test_a_browser_is_sent_to_tls(desk: Desk, host: str, target: str, location: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Authority().issue("localhost").serve_with(context)
    with Server(handle, port=0, pages=desk, tls=context, require_tls=True) as server:
        connection = http.client.HTTPConnection("localhost", server.port, timeout=90)
        for method in ("GET", "HEAD"):
            connection.request(method, target, headers={"Host": host})
            response = connection.getresponse()
            assert (response.status, response.getheader("location")) == (307, location)
            response.read()
        assert ask(connection, "POST", "/", b"a=b", FORM)[0] == 426  # what it says has gone out in the clear already
        connection.close()
    assert desk.requests == []


def test_what_is_refused_for_another_reason_is_no_matter_of_tls() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Authority().issue("localhost").serve_with(context)
    with Server(handle, port=0, pages=lambda request: None, tls=context) as server:
        connection = http.client.HTTPConnection("localhost", server.port, timeout=90)
        assert ask(connection, "GET", "/")[0] == 404
        connection.close()


def test_nobody_is_sent_to_tls_that_is_not_there(desk: Desk) -> None:
    judge = BasicAuthenticator(lambda user, word: True)
    with Server(handle, port=0, pages=desk, authenticator=judge) as server:
        connection = http.client.HTTPConnection("localhost", server.port, timeout=90)
        assert ask(connection, "GET", "/")[0] == 426
        connection.close()
