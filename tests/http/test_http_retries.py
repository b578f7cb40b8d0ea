"""What is sent again, and what is not: busy printers, challenges, documents that can be read once only.

The rule of this file: each test is for both clients, against our own server on loopback.
"""

import email.utils
import io
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from http_clients import clients
from http_conversations import ANSWER, PRINT_JOB
from http_servers import DOCUMENT, Printer, serving, uri_of

from ippfast import Message, response
from ippfast.enums import Status
from ippfast.http import DigestAuth, DigestAuthenticator, IncomingRequest, Refusal, StatusError
from ippfast.http.auth import _OwnNonces


class BusyPrinter(Printer):
    """Busy for so many requests, by IPP or, with a Retry-After, by HTTP."""

    def __init__(self, times: int, retry_after: str | None = None, *, http: bool = False) -> None:
        super().__init__()
        self.times = times
        self.retry_after = retry_after
        self.http = http
        self.asked = 0

    def __call__(self, request: IncomingRequest) -> Any:
        self.asked += 1
        if self.asked > self.times:
            return super().__call__(request)
        if not self.http:
            return response(request.message, Status.SERVER_ERROR_BUSY)
        headers = [] if self.retry_after is None else [("Retry-After", self.retry_after)]
        raise Refusal(503, "busy", headers=headers)


@clients
@pytest.mark.parametrize("kind", ["IPP", "HTTP", "soon", "date", "nonsense"])
def test_patience(make: Any, kind: str) -> None:
    retry_after = {"soon": "0", "date": email.utils.formatdate(time.time() - 60), "nonsense": "\u00b2"}.get(kind)
    printer = BusyPrinter(1, retry_after, http=kind != "IPP")
    with serving(printer) as server, make(uri_of(server), patience=20.0) as client:
        for document in (DOCUMENT, None):
            printer.asked = 0
            assert client.send(PRINT_JOB, document) == ANSWER
            assert printer.asked == 2
    assert printer.documents == [DOCUMENT, b""]


@clients
def test_no_patience(make: Any) -> None:
    printer = BusyPrinter(1)
    with serving(printer) as server, make(uri_of(server)) as client:
        assert client.send(PRINT_JOB, DOCUMENT).status is Status.SERVER_ERROR_BUSY
        printer.asked, printer.http, printer.retry_after = 0, True, "0"
        with pytest.raises(StatusError, match="503"):
            client.send(PRINT_JOB, DOCUMENT)
        assert printer.asked == 1


@clients
@pytest.mark.parametrize(
    "retry_after",
    ["21", "999999999", pytest.param(email.utils.formatdate(time.time() + 3_600), id="in an hour")],
)
def test_patience_is_bounded(make: Any, retry_after: str) -> None:
    printer = BusyPrinter(9, retry_after, http=True)
    with serving(printer) as server, make(uri_of(server), patience=20.0) as client:
        with pytest.raises(StatusError, match="503"):
            client.send(PRINT_JOB, DOCUMENT)
        assert printer.asked == 1
    printer = BusyPrinter(99)
    with serving(printer) as server, make(uri_of(server), patience=2.9) as client:
        assert client.send(PRINT_JOB, DOCUMENT).status is Status.SERVER_ERROR_BUSY
    assert printer.asked == 3  # at once, after half a second, after another whole one


def pipe() -> Any:
    read, write = os.pipe()
    os.write(write, b"from a pipe")
    os.close(write)
    return os.fdopen(read, "rb")


def once() -> Iterator[bytes]:
    yield DOCUMENT


DOCUMENTS: dict[str, tuple[Callable[[], Any], bool]] = {
    "octets": (lambda: DOCUMENT, True),
    "memory": (lambda: io.BytesIO(DOCUMENT), True),
    "list": (lambda: [DOCUMENT[:9], DOCUMENT[9:]], True),
    "generator": (once, False),
    "pipe": (pipe, False),
}


class Reader(BusyPrinter):
    """Reads the document before it says that it is busy."""

    def __call__(self, request: IncomingRequest) -> Message:
        document = request.document.read()
        self.asked += 1
        if self.asked <= self.times:
            return response(request.message, Status.SERVER_ERROR_BUSY)
        self.documents.append(document)
        return ANSWER


@clients
@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_can_be_read_again(make: Any, name: str) -> None:
    """From where it stood; the rest is not sent in part, or empty."""
    open_document, again = DOCUMENTS[name]
    printer, document = Reader(1), open_document()
    with serving(printer) as server, make(uri_of(server), patience=20.0) as client:
        if name == "memory":
            document.seek(100)
        answer = client.send(PRINT_JOB, document)
    if hasattr(document, "close"):
        document.close()
    assert printer.documents == ([DOCUMENT[100:] if name == "memory" else DOCUMENT] if again else [])
    assert answer.status is (Status.SUCCESSFUL_OK if again else Status.SERVER_ERROR_BUSY)


@clients
def test_stale_nonce_with_a_document(make: Any) -> None:
    nonces = _OwnNonces()
    judge = DigestAuthenticator({"user": "password"}.get, nonces=nonces)
    printer = Printer()
    with (
        serving(printer, authenticator=judge) as server,
        make(uri_of(server), auth=DigestAuth("user", "password")) as client,
    ):
        for _ in range(2):
            assert client.send(PRINT_JOB, DOCUMENT) == ANSWER
            nonces.key = bytes(32)  # all its nonces are stale now
            nonces.counts.clear()
        assert client.send(PRINT_JOB, DOCUMENT) == ANSWER
    assert printer.documents == [DOCUMENT] * 3


class NeverFresh:
    """Calls every nonce stale."""

    def __init__(self) -> None:
        self.asked = 0

    def authenticate(self, method: str, target: str, authorization: str | None, *, secure: bool) -> str:
        self.asked += 1
        line = f'Digest realm="r", nonce="{self.asked}", qop="auth", algorithm=SHA-256, stale=true'
        raise Refusal(401, "stale", headers=[("WWW-Authenticate", line)])


@clients
@pytest.mark.parametrize("document", [None, DOCUMENT])
def test_challenges_are_bounded(make: Any, document: bytes | None) -> None:
    judge = NeverFresh()
    auth = DigestAuth("user", "password")
    with serving(Printer(), authenticator=judge) as server, make(uri_of(server), auth=auth) as client:
        for _ in range(2):
            with pytest.raises(StatusError, match="401"):
                client.send(PRINT_JOB, document)
    assert judge.asked <= 10


@clients
def test_credentials_that_are_used_elsewhere_too(make: Any) -> None:
    auth = DigestAuth("user", "password")
    for _ in range(2):
        printer = Printer()
        judge = DigestAuthenticator({"user": "password"}.get)
        with serving(printer, authenticator=judge) as server, make(uri_of(server), auth=auth) as client:
            assert client.send(PRINT_JOB) == ANSWER
            assert client.send(PRINT_JOB, iter([DOCUMENT])) == ANSWER
        assert printer.documents == [b"", DOCUMENT]
