"""Credentials on both sides: our client and curl against our server, and the examples of RFC 7616 and RFC 7617.

The rule of this file: what a handler is told of the user is what was proved, and no document goes out or in before.
"""

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from authorities import Authority
from http_clients import clients
from http_conversations import ANSWER, PRINT_JOB
from http_servers import read_until, scripted

import ippfast
from ippfast import Attribute, DelimiterTag, Message, ValueTag, decode, decode_prefix, encode, operations
from ippfast.enums import Operation
from ippfast.http import (
    TLS,
    Auth,
    Authenticator,
    BasicAuth,
    BasicAuthenticator,
    BearerAuth,
    BearerAuthenticator,
    Client,
    DigestAuth,
    DigestAuthenticator,
    IncomingRequest,
    InsecureAuthError,
    Refusal,
    Server,
    StatusError,
    Timeouts,
    make_server_context,
)
from ippfast.http._client.challenges import harmless
from ippfast.http.auth import _OwnNonces, _parse, _response, _secret
from ippfast.issues import Severity

USERS = {"Mufasa": "Circle of Life", 'J\u00e4s\u00f8n "\\ Doe': "p\u00e4ss: w\u00f6rd"}
DOCUMENT = bytes(range(256)) * 2_000


def check(user: str, password: str) -> bool:
    return USERS.get(user) == password


class Printer:
    def __init__(self) -> None:
        self.users: list[str | None] = []
        self.documents: list[bytes] = []

    def __call__(self, request: IncomingRequest) -> Message:
        self.users.append(request.user)
        self.documents.append(request.document.read())
        return ANSWER


@contextlib.contextmanager
def serving(authenticator: Authenticator, tls: ssl.SSLContext | None = None) -> Iterator[tuple[Server, Printer]]:
    printer = Printer()
    with Server(printer, port=0, authenticator=authenticator, tls=tls) as server:
        yield server, printer


def uri_of(server: Server, scheme: str = "ipp") -> str:
    return f"{scheme}://localhost:{server.port}/ipp/print"


BASIC = BasicAuthenticator(check, insecure=True)
BEARER = BearerAuthenticator({"abc.DEF-123==": "Mufasa"}.get, insecure=True)
DIGESTS = {
    "both": DigestAuthenticator(USERS.get),
    "SHA-256": DigestAuthenticator(USERS.get, algorithms=["SHA-256"]),
    "MD5": DigestAuthenticator(USERS.get, algorithms=["MD5"], realm='a "realm", quoted'),
}


def pieces() -> Iterator[bytes]:
    yield DOCUMENT


def check_exchange(authenticator: Authenticator, auth: Auth, user: str) -> None:
    """Documents, also such as can be read once only, arrive after one challenge."""
    with serving(authenticator) as (server, printer), Client(uri_of(server), auth=auth) as client:
        for document in (pieces(), DOCUMENT, None, pieces()):
            assert client.send(PRINT_JOB, document) == ANSWER
        assert len(server._sessions) == 1
    assert printer.users == [user] * 4
    assert printer.documents == [DOCUMENT, DOCUMENT, b"", DOCUMENT]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", DIGESTS)
def test_digest(name: str, user: str) -> None:
    check_exchange(DIGESTS[name], DigestAuth(user, USERS[user]), user)


@pytest.mark.parametrize("user", USERS)
def test_basic(user: str) -> None:
    check_exchange(BASIC, BasicAuth(user, USERS[user], insecure=True), user)


def test_bearer() -> None:
    check_exchange(BEARER, BearerAuth("abc.DEF-123==", insecure=True), "Mufasa")


@pytest.mark.parametrize(
    ("authenticator", "auth"),
    [
        (BASIC, BasicAuth("Mufasa", "wrong", insecure=True)),
        (BASIC, BasicAuth("nobody", "Circle of Life", insecure=True)),
        (BASIC, DigestAuth("Mufasa", "Circle of Life")),
        (BEARER, BearerAuth("abc.DEF-123", insecure=True)),
        (BEARER, BasicAuth("Mufasa", "Circle of Life", insecure=True)),
        (DIGESTS["both"], DigestAuth("Mufasa", "wrong")),
        (DIGESTS["both"], DigestAuth("mufasa", "Circle of Life")),
        (DIGESTS["both"], DigestAuth("nobody", "")),
        (DIGESTS["both"], BasicAuth("Mufasa", "Circle of Life", insecure=True)),
        (DIGESTS["both"], None),
    ],
)
@pytest.mark.parametrize("document", [None, DOCUMENT])
def test_wrong_credentials(authenticator: Authenticator, auth: Auth | None, document: bytes | None) -> None:
    refused = pytest.raises(StatusError, match="401")
    with serving(authenticator) as (server, printer), Client(uri_of(server), auth=auth) as client, refused:
        client.send(PRINT_JOB, document)
    assert printer.users == []


@pytest.mark.parametrize(
    ("authenticator", "auth"),
    [
        (BASIC, BasicAuth("Mufasa", "Circle of Life")),
        (BEARER, BearerAuth("abc.DEF-123==")),
    ],
)
def test_nothing_in_the_clear(authenticator: Authenticator, auth: Auth) -> None:
    with serving(authenticator) as (server, printer), Client(uri_of(server), auth=auth) as client:
        for _ in range(2):
            with pytest.raises(InsecureAuthError):
                client.send(PRINT_JOB, DOCUMENT)
            assert auth.header("POST", "/") is None
    assert printer.users == []


def test_server_that_takes_nothing_in_the_clear(tmp_path: Path) -> None:
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    (tmp_path / "server.pem").write_bytes(authority.issue("localhost").key_and_chain)
    tls = TLS(ca_file=tmp_path / "ca.pem")
    authenticator = BasicAuthenticator(check)
    with serving(authenticator, make_server_context(tmp_path / "server.pem")) as (server, printer):
        with Client(uri_of(server), upgrade="never") as client, pytest.raises(StatusError) as caught:
            client.send(PRINT_JOB)
        assert caught.value.status == 426
        with Client(uri_of(server)) as client, pytest.raises(ssl.SSLCertVerificationError):
            client.send(PRINT_JOB)
        for scheme in ("ipps", "ipp"):  # the second is told to upgrade
            auth = BasicAuth("Mufasa", "Circle of Life")
            with Client(uri_of(server, scheme), auth=auth, tls=tls) as client:
                for _ in range(2):
                    assert client.send(PRINT_JOB, pieces()) == ANSWER
    assert printer.users == ["Mufasa"] * 4


CURL = [
    (DIGESTS["both"], ["--digest"]),
    (DIGESTS["SHA-256"], ["--digest"]),
    (DIGESTS["MD5"], ["--digest"]),
    (DIGESTS["both"], ["--anyauth"]),
    (BASIC, ["--basic"]),
    (BASIC, ["--anyauth"]),
]


@pytest.mark.parametrize(("authenticator", "options"), CURL)
def test_curl(tmp_path: Path, authenticator: Authenticator, options: list[str]) -> None:
    (tmp_path / "body").write_bytes(encode(PRINT_JOB) + DOCUMENT)
    with serving(authenticator) as (server, printer):
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", *options]
        command += ["--user", "Mufasa:Circle of Life", "-H", "Content-Type: application/ipp"]
        command += ["--data-binary", f"@{tmp_path}/body", uri_of(server, "http")]
        done = subprocess.run(command, capture_output=True, check=True)
    assert decode(done.stdout) == ANSWER
    assert printer.users == ["Mufasa"]
    assert printer.documents == [DOCUMENT]


def test_claimed_name_is_no_user() -> None:
    message = Message((2, 0), 2, PRINT_JOB.request_id, list(PRINT_JOB.groups))
    message.groups[0] = message.groups[0].__copy__()
    message.groups[0]["requesting-user-name"] = Attribute("requesting-user-name", ValueTag.NAME, "root")
    auth = DigestAuth("Mufasa", "Circle of Life")
    with serving(DIGESTS["both"]) as (server, printer), Client(uri_of(server), auth=auth) as client:
        client.send(message)
    assert printer.users == ["Mufasa"]


# The parts.


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_examples_of_rfc_7616(algorithm: str, expected: str) -> None:
    """Section 3.9.1."""
    secret = _secret(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life")
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    assert _response(algorithm, secret, "GET", "/dir/index.html", nonce, "00000001", cnonce, "auth") == expected


def test_example_of_rfc_7617() -> None:
    auth = BasicAuth("Aladdin", "open sesame", insecure=True)
    assert auth.challenge(['Basic realm="WallyWorld"'], secure=False)
    assert auth.header("POST", "/") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert not auth.challenge(['Basic realm="WallyWorld"'], secure=False)
    with pytest.raises(ValueError, match="colon"):
        BasicAuth("a:b", "c")


LINES = {
    'Basic realm="a"': [("basic", {"realm": "a"}, "")],
    'Digest realm="a, b=c", nonce=x , qop="auth,auth-int",BASIC realm=z': [
        ("digest", {"realm": "a, b=c", "nonce": "x", "qop": "auth,auth-int"}, ""),
        ("basic", {"realm": "z"}, ""),
    ],
    "Negotiate": [("negotiate", {}, "")],
    "Negotiate, Basic realm=x": [("negotiate", {}, ""), ("basic", {"realm": "x"}, "")],
    "Bearer abc.def-ghi==": [("bearer", {}, "abc.def-ghi==")],
    r'Digest realm="a\"b\\c"': [("digest", {"realm": r'a"b\c'}, "")],
    "Digest realm=a, realm=b": [],
    'Digest realm="a': [],
    "": [],
    "=": [],
}


@pytest.mark.parametrize("line", LINES)
def test_challenges(line: str) -> None:
    assert [tuple(each) for each in _parse(line)] == LINES[line]


def nonce_of(refusal: Refusal) -> tuple[str, bool]:
    (challenge,) = _parse(refusal.headers[0][1])
    return challenge.parameters["nonce"], challenge.parameters.get("stale") == "true"


def digest(nonce: str, count: str = "00000001", **changes: str) -> str:
    secret = _secret("SHA-256", "Mufasa", "ipp", "Circle of Life")
    fields = {"username": "Mufasa", "realm": "ipp", "nonce": nonce, "uri": "/p", "algorithm": "SHA-256", "nc": count}
    fields |= {"cnonce": "x", "qop": "auth"}
    fields["response"] = _response("SHA-256", secret, "POST", "/p", nonce, count, "x", "auth")
    text = "Digest " + ", ".join(f'{name}="{value}"' for name, value in (fields | changes).items())
    return text.encode().decode("iso-8859-1")


def refused(judge: DigestAuthenticator, authorization: str | None, target: str = "/p") -> tuple[str, bool]:
    with pytest.raises(Refusal) as caught:
        judge.authenticate("POST", target, authorization, secure=False)
    assert caught.value.status == 401
    return nonce_of(caught.value)


def test_digest_cannot_be_replayed() -> None:
    judge = DigestAuthenticator(USERS.get)
    nonce, stale = refused(judge, None)
    assert not stale
    assert judge.authenticate("POST", "/p", digest(nonce), secure=False) == "Mufasa"
    assert refused(judge, digest(nonce))[1]
    assert judge.authenticate("POST", "/p", digest(nonce, "0000000a"), secure=False) == "Mufasa"
    assert refused(judge, digest(nonce, "00000009"))[1]


def test_digest_of_old_or_foreign_nonces() -> None:
    nonce, _ = refused(DigestAuthenticator(USERS.get), None)
    judge = DigestAuthenticator(USERS.get)
    for foreign in (nonce, "", "AAAA", "\u00e4", nonce[:-4]):
        assert refused(judge, digest(foreign))[1]
    expired = DigestAuthenticator(USERS.get, nonce_seconds=0.0)
    nonce, _ = refused(expired, None)
    assert refused(expired, digest(nonce))[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"response": ""},
        {"response": "0" * 64},
        {"response": "\u00e4"},
        {"username": "nobody"},
        {"realm": "other"},
        {"uri": "/other"},
        {"qop": "auth-int"},
        {"algorithm": "MD5"},
        {"algorithm": "SHA-512-256"},
        {"nc": "00000002"},
        {"nc": "1"},
        {"cnonce": "y"},
    ],
)
def test_faulty_digests(changes: dict[str, str]) -> None:
    judge = DigestAuthenticator(USERS.get)
    nonce, _ = refused(judge, None)
    assert not refused(judge, digest(nonce, **changes))[1]
    assert not refused(judge, digest(nonce), target="/elsewhere")[1]
    assert judge.authenticate("POST", "/p", digest(nonce), secure=False) == "Mufasa"


def test_nonces_are_bounded() -> None:
    nonces = _OwnNonces()
    judge = DigestAuthenticator(USERS.get, nonces=nonces)
    first, _ = refused(judge, None)
    judge.authenticate("POST", "/p", digest(first), secure=False)
    for _ in range(999):
        judge.authenticate("POST", "/p", digest(refused(judge, None)[0]), secure=False)
    assert refused(judge, digest(refused(judge, None)[0]))[1]  # one too many: it answers a new challenge
    assert nonces.counts == {}
    judge.authenticate("POST", "/p", digest(refused(judge, None)[0]), secure=False)
    assert refused(judge, digest(first))[1]


def test_a_nonce_that_is_forgotten_just_now_is_not_taken_again() -> None:
    """The counts of all nonces are forgotten with their key, perhaps between two looks of another thread."""

    class Forgetting(_OwnNonces):
        full = False

        def advance(self, nonce: str, count: int) -> bool:
            if self.full:  # as another thread does that has taken one more
                self.key = bytes(32)
                self.counts.clear()
            return super().advance(nonce, count)

    nonces = Forgetting()
    judge = DigestAuthenticator(USERS.get, nonces=nonces)
    nonce, _ = refused(judge, None)
    assert judge.authenticate("POST", "/p", digest(nonce), secure=False) == "Mufasa"
    nonces.full = True
    assert refused(judge, digest(nonce))[1]


@pytest.mark.parametrize("algorithms", [[], ["SHA-1"]])
def test_algorithms(algorithms: list[str]) -> None:
    with pytest.raises(ValueError, match="SHA-256 and MD5"):
        DigestAuthenticator(USERS.get, algorithms=algorithms)


def test_stale_nonce_is_answered_again() -> None:
    auth = DigestAuth("Mufasa", "Circle of Life")
    assert auth.header("POST", "/") is None
    line = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
    assert not auth.challenge(['Digest realm="r", nonce="n", algorithm=SHA-512-256', "Negotiate"], secure=False)
    assert auth.challenge(["Negotiate", line], secure=False)
    counts = [next(_parse(auth.header("POST", "/") or "")).parameters["nc"] for _ in range(2)]
    assert counts == ["00000001", "00000002"]
    assert not auth.challenge([line], secure=False)
    assert auth.challenge([line + ", stale=true"], secure=False)


@clients
def test_a_server_that_is_silent_when_asked_before_a_document(make: Any) -> None:
    """The question is given up after a while, and the document goes out; the next one at once."""
    seen: list[Message] = []

    def silent(connection: socket.socket) -> None:
        head, _, body = read_until(connection, b"\x03").partition(b"\r\n\r\n")
        assert b"Content-Length: 0" not in head
        seen.append(decode(body))
        assert connection.recv(1) == b""

    def answering(connection: socket.socket) -> None:
        for _ in range(2):
            _, _, body = read_until(connection, b"the document").partition(b"\r\n\r\n")
            seen.append(decode_prefix(body)[0])
            answer = encode(ANSWER)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: {len(answer)}\r\n\r\n"
            connection.sendall(head.encode() + answer)

    message = operations.print_job("ipp://printer.example/ipp/print", document_password=b"secret", request_id=4711)
    with (
        scripted(silent, answering) as uri,
        make(uri, auth=DigestAuth(*next(iter(USERS.items()))), timeouts=Timeouts(first_octet=0.3)) as client,
    ):
        for _ in range(2):
            assert client.send(message, b"the document") == ANSWER
    question, *jobs = seen
    assert jobs == [message, message]
    assert question.operation is Operation.VALIDATE_JOB
    assert [each.name for each in question.groups[0]] == [
        "attributes-charset",
        "attributes-natural-language",
        "printer-uri",
    ]


@pytest.mark.parametrize(
    ("target", "operation", "asked"),
    [
        ({"printer-uri": "ipp://h/p"}, Operation.PRINT_JOB, Operation.VALIDATE_JOB),
        ({"printer-uri": "ipp://h/p", "job-id": 7}, Operation.SEND_DOCUMENT, Operation.GET_JOB_ATTRIBUTES),
        ({"job-uri": "ipp://h/p/7"}, Operation.SEND_DOCUMENT, Operation.GET_JOB_ATTRIBUTES),
        ({"printer-uri": "ipp://h/p"}, Operation.CUPS_ADD_MODIFY_PRINTER, Operation.GET_PRINTER_ATTRIBUTES),
        ({}, Operation.CUPS_GET_PRINTERS, None),
    ],
)
def test_what_is_asked_before_a_document(
    target: dict[str, object], operation: Operation, asked: Operation | None
) -> None:
    message = ippfast.request(operation, operation_attributes=target, user="alice", job={"copies": 2})
    question = harmless(message)
    if asked is None:
        assert question is None
        return
    assert question is not None
    assert question.operation is asked
    assert [each.tag for each in question.groups] == [DelimiterTag.OPERATION]
    assert set(target) | {"requesting-user-name"} <= {each.name for each in question.groups[0]}
    assert not [issue for issue in ippfast.validate(question, role="request") if issue.severity is not Severity.INFO]
