"""Both clients print with credentials on CUPS' scheduler: where nobody asks for them, and in each place that it can.

The rule of this file: real cupsd on loopback. It never answers an empty body, and asks by path, by operation, or never.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from http_clients import clients
from peers import GuardedScheduler, Scheduler

from ippfast import request
from ippfast.enums import JobState, Operation
from ippfast.http import Auth, BasicAuth, BearerAuth, Client, DigestAuth, JobError, StatusError, Timeouts

USER, PASSWORD = GuardedScheduler.USER, GuardedScheduler.PASSWORD
DOCUMENT = b"%PDF-1.4\n" + bytes(range(256)) * 400
SOON = Timeouts(connect=20.0, first_octet=20.0, answer=20.0, idle=20.0)
"""A client that waits for an answer that never comes fails before the suite's own bound."""


def pieces() -> Iterator[bytes]:
    yield DOCUMENT[:9]
    yield DOCUMENT[9:]


@pytest.fixture(scope="module")
def open_queue(scheduler: Scheduler) -> str:
    return scheduler.add_queue("open", "file:///dev/null")


@pytest.fixture(scope="module", params=["by path", "by operation"])
def guarded_queue(request: pytest.FixtureRequest, guarded_scheduler: GuardedScheduler) -> str:
    if request.param == "by path":
        return guarded_scheduler.add_queue("guarded", "file:///dev/null")
    return guarded_scheduler.add_queue("limited", "file:///dev/null", "-o", "printer-op-policy=guarded")


def check_printing(client: Any, user: str) -> None:
    """Print octets, a stream and two documents; cancel; each in the name of the user."""
    job = client.print(DOCUMENT, job_name="octets", job_hold_until="indefinite")
    assert job.update("job-originating-user-name").attributes["job-originating-user-name"].value == user
    job.cancel()
    with pytest.raises(JobError) as caught:
        job.wait(90)
    assert caught.value.state is JobState.CANCELED
    stream = client.print(pieces(), job_name="stream", job_hold_until="indefinite")
    assert stream.update("job-k-octets").attributes["job-k-octets"].value == -(-len(DOCUMENT) // 1024)
    stream.cancel()
    several = client.print(pieces(), DOCUMENT, job_name="several", job_hold_until="indefinite")
    assert several.update().attributes["number-of-documents"].value == 2
    several.cancel()


@clients
@pytest.mark.parametrize("auth", [BasicAuth, DigestAuth, BearerAuth, None])
def test_cupsd_that_asks_for_nobody(make: Any, auth: Any, open_queue: str) -> None:
    given: Auth | None = None
    if auth is not None:
        given = auth("token") if auth is BearerAuth else auth(USER, PASSWORD)
    with make(open_queue, auth=given, user=USER, timeouts=SOON) as client:
        check_printing(client, USER)


@clients
def test_cupsd_that_asks(make: Any, guarded_queue: str) -> None:
    auth = BasicAuth(USER, PASSWORD, insecure=True)
    with make(guarded_queue, auth=auth, user="somebody", timeouts=SOON) as client:
        check_printing(client, USER)


@clients
@pytest.mark.parametrize("auth", [BasicAuth(USER, "wrong", insecure=True), DigestAuth(USER, PASSWORD), None])
def test_cupsd_that_asks_in_vain(make: Any, auth: Auth | None, guarded_queue: str) -> None:
    """Neither a wrong password nor a scheme that it does not take gets in, and that is said."""
    with make(guarded_queue, auth=auth, timeouts=SOON) as client, pytest.raises(StatusError) as caught:
        client.print(DOCUMENT)
    assert caught.value.status == 401


@clients
def test_whole_messages_to_cupsd(make: Any, guarded_queue: str) -> None:
    """`send` is asked for credentials by what changes nothing, too: no job stays behind but the one that was sent."""
    message = request(Operation.PRINT_JOB, guarded_queue, user=USER, job={"job-hold-until": "indefinite"})
    with make(guarded_queue, auth=BasicAuth(USER, PASSWORD, insecure=True), timeouts=SOON) as client:
        before = {job.id for job in client.jobs()}
        answer = client.send(message, pieces())
        job_id = answer.job["job-id"].value
        assert {job.id for job in client.jobs()} - before == {job_id}
        client.cancel(job_id)


def test_cupsd_never_answers_an_empty_body(open_queue: str, scheduler: Scheduler) -> None:
    """Why no such request is sent. If this fails one day, CUPS has changed, and nothing is wrong here."""
    import socket

    with socket.create_connection(("127.0.0.1", scheduler.port)) as connection:
        connection.sendall(
            b"POST /printers/open HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\n"
            b"Content-Length: 0\r\n\r\n"
        )
        connection.settimeout(1.0)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    with Client(open_queue) as client:
        assert client.attributes("printer-state")
