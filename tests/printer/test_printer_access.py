"""Who may see what of a job: whichever way somebody looks at one, they are told the same.

The rule of this file: a way to look is a line of `WAYS`, which says whether it showed all of a job; each is held
against the one rule, for each kind of user and of printer.
"""

import contextlib
import http.client
from collections.abc import Callable
from pathlib import Path

import pytest
from printers import DOCUMENT, SECONDS, Desk, Gate

from ippfast import Message, Operation, decode, encode, request
from ippfast.enums import Status
from ippfast.http import BasicAuth, BasicAuthenticator, Client, Server
from ippfast.http.events import Headers, RequestHead
from ippfast.http.incoming import PageRequest
from ippfast.printer import Access, PrinterPages, SpoolPrinter

USERS = ("alice", "bob", "root")
PULL = {"notify-pull-method": "ippget", "notify-events": ["job-created"], "notify-attributes": ["job-name"]}


def shows(answer: Message) -> bool:
    """Whether an answer tells the job's name."""
    assert answer.status in (Status.SUCCESSFUL_OK, Status.SUCCESSFUL_OK_EVENTS_COMPLETE), answer
    return any(group.value("job-name", "") == "Report" for group in answer.groups)


def is_let(answer: Message) -> bool:
    """Whether it is no refusal for who asks."""
    assert answer.status in (Status.SUCCESSFUL_OK, Status.CLIENT_ERROR_NOT_AUTHORIZED), answer
    return answer.status is Status.SUCCESSFUL_OK


def page(desk: Desk, path: str, user: str) -> bool:
    head = RequestHead("GET", path, Headers([]), "1.1", 0)
    found = PrinterPages(desk.printer)(PageRequest(head=head, peer="192.0.2.1", secure=True, user=user))
    assert found is not None
    return b"Report" in found.body


WAYS: dict[str, Callable[[Desk, str, int], bool]] = {
    "Get-Job-Attributes": lambda desk, user, job: shows(desk.ask(Operation.GET_JOB_ATTRIBUTES, job_id=job)),
    "Get-Jobs": lambda desk, user, job: shows(desk.ask(Operation.GET_JOBS, requested_attributes=["all"])),
    "Get-Documents": lambda desk, user, job: is_let(desk.ask(Operation.GET_DOCUMENTS, job_id=job)),
    "Get-Document-Attributes": lambda desk, user, job: is_let(
        desk.ask(Operation.GET_DOCUMENT_ATTRIBUTES, job_id=job, document_number=1)
    ),
    "Create-Job-Subscriptions": lambda desk, user, job: is_let(
        desk.ask(Operation.CREATE_JOB_SUBSCRIPTIONS, notify_job_id=job, groups={"subscription": PULL})
    ),
    "Get-Subscriptions of it": lambda desk, user, job: is_let(desk.ask(Operation.GET_SUBSCRIPTIONS, notify_job_id=job)),
    "the event of it": lambda desk, user, job: shows(
        desk.ask(Operation.GET_NOTIFICATIONS, notify_subscription_ids=[USERS.index(user) + 1])
    ),
    "the printer's page": lambda desk, user, job: page(desk, "/", user),
    "the job's page": lambda desk, user, job: page(desk, f"/jobs/{job}", user),
}


@pytest.mark.parametrize("private", [True, False])
def test_each_way_to_look_at_a_job_shows_the_same(tmp_path: Path, private: bool) -> None:
    gate = Gate()
    access = Access(operators=["root"], private=private)
    authenticator = BasicAuthenticator(lambda user, word: word == "secret", insecure=True)
    with (
        SpoolPrinter(tmp_path, output=gate, access=access) as printer,
        Server(printer, port=0, authenticator=authenticator) as server,
        contextlib.ExitStack() as stack,
    ):
        uri = f"ipp://localhost:{server.port}/ipp/print"
        auths = {user: BasicAuth(user, "secret", insecure=True) for user in USERS}
        desks = {
            user: Desk(printer, server, stack.enter_context(Client(uri, auth=auth))) for user, auth in auths.items()
        }
        for desk in desks.values():  # number 1, 2 and 3
            is_let(desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, groups={"subscription": PULL}))
        job = desks["alice"].print(DOCUMENT, job_name="Report")
        found = {user: {name: way(desk, user, job) for name, way in WAYS.items()} for user, desk in desks.items()}
        gate.open.set()
    assert found == {user: dict.fromkeys(WAYS, user != "bob" or not private) for user in USERS}


def test_who_says_no_name_is_not_whoever_else_says_none(tmp_path: Path) -> None:
    """Two clients without a name: each has its own jobs and subscriptions, and both are told as anonymous."""
    with (
        SpoolPrinter(tmp_path, output=Gate(), access=Access(operators=[])) as printer,
        Server(printer, port=0, proxies=["127.0.0.1"]) as server,
    ):

        def ask(peer: str, operation: Operation, **given: object) -> Message:
            named = {"printer-uri": "ipp://localhost/ipp/print"} | {
                name.replace("_", "-"): value for name, value in given.items()
            }
            groups = {"subscription": PULL} if operation == Operation.CREATE_PRINTER_SUBSCRIPTIONS else {}
            message = encode(request(operation, operation_attributes=named, **groups))  # type: ignore[arg-type]
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
            lines = {"Content-Type": "application/ipp", "X-Forwarded-For": peer}
            document = DOCUMENT if operation == Operation.PRINT_JOB else b""
            connection.request("POST", "/ipp/print", message + document, lines)
            answer = decode(connection.getresponse().read())
            connection.close()
            return answer

        one, other = "192.0.2.1", "192.0.2.2"
        job = ask(one, Operation.PRINT_JOB, job_name="Report").job["job-id"].value
        told = ask(one, Operation.GET_JOB_ATTRIBUTES, job_id=job).job
        assert (told["job-name"].value, told["job-originating-user-name"].value) == ("Report", "anonymous")
        assert "job-name" not in ask(other, Operation.GET_JOB_ATTRIBUTES, job_id=job).job
        assert ask(other, Operation.CANCEL_JOB, job_id=job).status is Status.CLIENT_ERROR_NOT_AUTHORIZED
        assert ask(other, Operation.GET_JOBS, my_jobs=True).jobs == []
        assert ask(other, Operation.CANCEL_MY_JOBS).status is Status.SUCCESSFUL_OK
        assert [each["job-id"].value for each in ask(one, Operation.GET_JOBS, my_jobs=True).jobs] == [job]
        ask(one, Operation.CREATE_PRINTER_SUBSCRIPTIONS)
        number = {"notify_subscription_id": 1}
        assert ask(other, Operation.CANCEL_SUBSCRIPTION, **number).status is Status.CLIENT_ERROR_NOT_AUTHORIZED
        assert ask(one, Operation.CANCEL_SUBSCRIPTION, **number).status is Status.SUCCESSFUL_OK
        assert ask(one, Operation.CANCEL_JOB, job_id=job).status is Status.SUCCESSFUL_OK
