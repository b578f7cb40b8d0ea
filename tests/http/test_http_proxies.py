"""Behind a proxy: whose request it is, and what nobody can make up.

The rule of this file: the lines are those that nginx, Apache and HAProxy write, and those that attackers do.
"""

import http.client
from typing import Any

import pytest
from http_conversations import PRINT_JOB

from ippfast import Message, encode, response
from ippfast.http import IncomingRequest, Server
from ippfast.http.events import Headers
from ippfast.http.proxies import UNKNOWN, Networks, client_of, is_forwarded

PROXIES = Networks(["127.0.0.1", "10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        ([("x-forwarded-for", "192.0.2.7")], "192.0.2.7"),
        ([("x-forwarded-for", "203.0.113.1, 192.0.2.7")], "192.0.2.7"),  # what is on the left anybody may have sent
        ([("x-forwarded-for", "203.0.113.1"), ("x-forwarded-for", "192.0.2.7, 10.1.2.3")], "192.0.2.7"),
        ([("x-forwarded-for", "10.1.1.1, 10.1.2.3")], "10.1.1.1"),
        ([("x-forwarded-for", "192.0.2.7:4711")], "192.0.2.7"),
        ([("x-forwarded-for", "[2001:db8::7]:4711")], "2001:db8::7"),
        ([("x-forwarded-for", "2001:DB8::7")], "2001:db8::7"),
        ([("forwarded", "for=192.0.2.7")], "192.0.2.7"),
        ([("forwarded", 'proto=https; For="[2001:db8::7]:4711";by=10.0.0.1')], "2001:db8::7"),
        ([("forwarded", "for=203.0.113.1, for=192.0.2.7;proto=http, for=10.1.2.3")], "192.0.2.7"),
        ([("forwarded", "for=_hidden")], UNKNOWN),
        ([("forwarded", "by=10.0.0.1")], UNKNOWN),
        ([("forwarded", 'for="a,b"')], UNKNOWN),
        ([("x-forwarded-for", "localhost")], UNKNOWN),
        ([("x-forwarded-for", "")], UNKNOWN),
        ([], UNKNOWN),
        ([("forwarded", "for=192.0.2.7"), ("x-forwarded-for", "192.0.2.7")], "192.0.2.7"),
        ([("forwarded", "for=203.0.113.1"), ("x-forwarded-for", "192.0.2.7")], UNKNOWN),  # one of them is the client's
    ],
)
def test_who_the_client_is(lines: list[tuple[str, str]], client: str) -> None:
    assert client_of(Headers(lines), "127.0.0.1", PROXIES) == client
    assert client_of(Headers(lines), "::ffff:10.9.9.9", PROXIES) == client
    assert client_of(Headers(lines), "192.0.2.99", PROXIES) == "192.0.2.99"  # that is no proxy of ours
    assert is_forwarded(Headers(lines)) == bool(lines)


def ask(server: Server, **lines: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=90.0)
    try:
        headers = {name.replace("_", "-"): value for name, value in lines.items()}
        connection.request("POST", "/", encode(PRINT_JOB), {"Content-Type": "application/ipp", **headers})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def handle(seen: list[str]) -> Any:
    def handle(incoming: IncomingRequest) -> Message:
        seen.append(incoming.peer)
        return response(incoming.message)

    return handle


def test_who_is_allowed_is_who_is_behind_the_proxy(handle: Any, seen: list[str]) -> None:
    with Server(handle, port=0, allow=["192.0.2.0/24"], proxies=["127.0.0.1"]) as server:
        assert ask(server, X_Forwarded_For="192.0.2.7") == 200
        assert ask(server, X_Forwarded_For="203.0.113.1") == 403
        assert ask(server, X_Forwarded_For="192.0.2.7, 203.0.113.1") == 403
        assert ask(server) == 403
    assert seen == ["192.0.2.7"]


def test_without_a_proxy_the_lines_mean_nothing(handle: Any, seen: list[str]) -> None:
    with Server(handle, port=0, allow=["127.0.0.0/8"]) as server:
        assert ask(server, X_Forwarded_For="192.0.2.7") == 200
    assert seen == ["127.0.0.1"]


def test_a_proxy_may_have_as_many_connections_as_there_are(handle: Any) -> None:
    from ippfast.http import HTTPLimits

    limits = HTTPLimits(connections_per_host=1)
    with Server(handle, port=0, limits=limits, proxies=["127.0.0.1"]) as server:
        connections = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=90.0) for _ in range(5)]
        for connection in connections:
            connection.request("POST", "/", encode(PRINT_JOB), {"Content-Type": "application/ipp"})
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read()
        for connection in connections:
            connection.close()
