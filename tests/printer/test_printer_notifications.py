"""Subscriptions and events of the printer (RFC 3995, RFC 3996), as a client on a socket sees them.

The rule of this file: a test waits for events by asking for them, with notify-wait where it can.
"""

import email
import email.policy
import http.client
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from printers import DOCUMENT, SECONDS, Desk, Gate, printing

from ippfast import (
    Attribute,
    AttributeGroup,
    DelimiterTag,
    Keyword,
    Message,
    OutOfBand,
    ValueTag,
    decode,
    encode,
    request,
)
from ippfast.enums import JobState, Operation, PrinterState, Status
from ippfast.printer.storage.rows import EVENTS, subscribed_event

PULL = {"notify-pull-method": "ippget"}


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def desk(tmp_path: Path, gate: Gate) -> Iterator[Desk]:
    with printing(tmp_path, output=gate, operators=()) as desk:
        yield desk
        gate.open.set()


def subscriptions_of(answer: Message) -> list[Any]:
    return answer.groups_of(DelimiterTag.SUBSCRIPTION)


def subscribe(desk: Desk, *events: str, user: str = "alice", **more: Any) -> int:
    group = {**PULL, "notify-events": list(events), **{name.replace("_", "-"): value for name, value in more.items()}}
    answer = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, user=user, groups={"subscription": group})
    assert answer.status is Status.SUCCESSFUL_OK, answer
    number: int = subscriptions_of(answer)[0]["notify-subscription-id"].value
    return number


def fetch(desk: Desk, *numbers: int, user: str = "alice", **more: Any) -> Message:
    return desk.ask(Operation.GET_NOTIFICATIONS, notify_subscription_ids=list(numbers), user=user, **more)


def events_of(answer: Message) -> list[Any]:
    return answer.groups_of(DelimiterTag.EVENT_NOTIFICATION)


def names_of(answer: Message) -> list[str]:
    return [event["notify-subscribed-event"].value for event in events_of(answer)]


def test_the_events_of_a_job_come_in_their_order(desk: Desk, gate: Gate) -> None:
    number = subscribe(desk, "job-created", "job-completed", "job-state-changed", notify_user_data=b"mine\x00")
    job = desk.print()
    gate.open.set()
    desk.wait(job)
    answer = fetch(desk, number)
    assert answer.status is Status.SUCCESSFUL_OK
    assert answer.operation_attributes["printer-up-time"].value >= 1
    assert answer.operation_attributes["notify-get-interval"].value > 0
    assert names_of(answer)[0] == "job-created"
    assert names_of(answer)[-1] == "job-completed"
    assert "job-state-changed" in names_of(answer)
    assert [event["notify-sequence-number"].value for event in events_of(answer)] == list(
        range(1, len(events_of(answer)) + 1)
    )
    last = events_of(answer)[-1]
    assert last["notify-subscription-id"].value == number
    assert last["notify-printer-uri"].value == desk.uri
    assert last["notify-job-id"].value == job
    assert last["job-state"].value == JobState.COMPLETED
    assert last["notify-user-data"].value == b"mine\x00"
    assert last["notify-text"].value == f"Job {job} is completed."
    assert last["notify-charset"].value == "utf-8"


def test_only_what_was_not_fetched_yet_is_asked_for(desk: Desk, gate: Gate) -> None:
    gate.open.set()
    number = subscribe(desk, "job-completed")
    jobs = [desk.print(), desk.print()]
    for job in jobs:
        desk.wait(job)
    later = fetch(desk, number, notify_sequence_numbers=[2])
    assert [event["notify-job-id"].value for event in events_of(later)] == jobs[1:]


def test_the_printer_tells_of_itself(desk: Desk, tmp_path: Path) -> None:
    number = subscribe(desk, "printer-state-changed")
    desk.printer.set_state(paused=1)
    (event,) = events_of(fetch(desk, number, notify_wait=True))
    assert event["printer-state"].value == PrinterState.STOPPED
    assert event["printer-state-reasons"].values == ("paused",)
    assert event["printer-is-accepting-jobs"].value is True


def test_a_wait_ends_with_the_first_event(desk: Desk, gate: Gate) -> None:
    number = subscribe(desk, "job-completed")
    job = desk.print()
    timer = threading.Timer(0.2, gate.open.set)
    timer.start()
    answer = fetch(desk, number, notify_wait=True)
    timer.join()
    assert [event["notify-job-id"].value for event in events_of(answer)] == [job]


def test_a_wait_ends_when_the_server_does(tmp_path: Path) -> None:
    with printing(tmp_path, operators=()) as desk:
        number = subscribe(desk, "job-completed")
        answers: list[Message] = []
        thread = threading.Thread(target=lambda: answers.append(fetch(desk, number, notify_wait=True)))
        thread.start()
        desk.printer.end_waiting()
        thread.join(SECONDS)
    assert len(answers) == 1
    assert events_of(answers[0]) == []


def test_event_wait_mode_answers_in_parts(desk: Desk, gate: Gate) -> None:
    """Each event arrives while the job goes on; the last response says that there are no more."""
    job = desk.print()
    made = desk.ask(
        Operation.CREATE_JOB_SUBSCRIPTIONS,
        notify_job_id=job,
        groups={"subscription": {**PULL, "notify-events": ["job-completed"]}},
    )
    number = subscriptions_of(made)[0]["notify-subscription-id"].value
    assert "notify-lease-duration" not in subscriptions_of(made)[0]
    given = {"printer-uri": desk.uri, "notify-subscription-ids": [number], "notify-wait": True}
    body = encode(request(Operation.GET_NOTIFICATIONS, operation_attributes=given, user="alice"))
    connection = http.client.HTTPConnection("localhost", desk.server.port, timeout=SECONDS)
    headers = {"Content-Type": "application/ipp", "Accept": "application/ipp, multipart/related"}
    connection.request("POST", "/ipp/print", body, headers)
    response = connection.getresponse()
    assert response.status == 200
    begun = response.read(1)
    gate.open.set()
    whole = email.message_from_bytes(
        f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode() + begun + response.read(),
        policy=email.policy.HTTP,
    )
    connection.close()
    payloads = [part.get_payload(decode=True) for part in whole.iter_parts()]
    answers = [decode(payload) for payload in payloads if isinstance(payload, bytes)]
    assert len(answers) >= 2
    assert names_of(answers[0]) == []
    assert [name for answer in answers for name in names_of(answer)] == ["job-completed"]
    assert answers[-1].status is Status.SUCCESSFUL_OK_EVENTS_COMPLETE
    assert "notify-get-interval" not in answers[-1].operation_attributes


def test_a_job_brings_its_subscriptions_along(desk: Desk, gate: Gate) -> None:
    gate.open.set()
    groups = [
        {**PULL, "notify-events": ["job-created"], "notify-attributes": ["job-name"]},
        {"notify-recipient-uri": "mailto:somebody@example.com"},
    ]
    answer = desk.ask(Operation.PRINT_JOB, DOCUMENT, job_name="Report", groups={"subscription": groups})
    assert answer.status is Status.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS
    made, refused = subscriptions_of(answer)
    assert refused["notify-status-code"].value == Status.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED
    assert "notify-subscription-id" not in refused
    desk.wait(answer.job["job-id"].value)
    told = fetch(desk, made["notify-subscription-id"].value)
    assert told.status is Status.SUCCESSFUL_OK_EVENTS_COMPLETE
    (event,) = events_of(told)
    assert event["job-name"].value == "Report"


def test_of_others_jobs_no_more_is_told_than_everybody_may_know(desk: Desk) -> None:
    number = subscribe(desk, "job-created", user="eve", notify_attributes=["job-name", "job-k-octets"])
    desk.print(user="alice", job_name="Secret")
    (event,) = events_of(fetch(desk, number, user="eve"))
    assert "job-name" not in event
    assert event["job-k-octets"].value > 0


def test_a_subscription_is_its_subscribers(desk: Desk) -> None:
    number = subscribe(desk, "job-completed")
    for operation in (
        Operation.GET_SUBSCRIPTION_ATTRIBUTES,
        Operation.RENEW_SUBSCRIPTION,
        Operation.CANCEL_SUBSCRIPTION,
    ):
        answer = desk.ask(operation, notify_subscription_id=number, user="eve")
        assert answer.status is Status.CLIENT_ERROR_NOT_AUTHORIZED
    assert fetch(desk, number, user="eve").status is Status.CLIENT_ERROR_NOT_AUTHORIZED
    assert subscriptions_of(desk.ask(Operation.GET_SUBSCRIPTIONS, user="eve")) == []


def test_a_subscription_is_looked_at_renewed_and_cancelled(desk: Desk) -> None:
    number = subscribe(desk, "job-completed", "job-created", notify_lease_duration=60)
    (found,) = subscriptions_of(desk.ask(Operation.GET_SUBSCRIPTIONS, requested_attributes=["all"]))
    assert found["notify-events"].values == ("job-completed", "job-created")
    assert found["notify-lease-duration"].value == 60
    assert found["notify-subscriber-user-name"].value == "alice"
    assert found["notify-sequence-number"].value == 0
    assert 0 < found["notify-lease-expiration-time"].value - found["notify-printer-up-time"].value <= 60
    group = {"subscription": {"notify-lease-duration": 600}}
    answer = desk.ask(Operation.RENEW_SUBSCRIPTION, notify_subscription_id=number, groups=group)
    assert answer.status is Status.SUCCESSFUL_OK
    assert subscriptions_of(answer)[0]["notify-lease-duration"].value == 600
    answer = desk.ask(Operation.GET_SUBSCRIPTION_ATTRIBUTES, notify_subscription_id=number)
    (found,) = subscriptions_of(answer)
    assert 60 < found["notify-lease-expiration-time"].value - found["notify-printer-up-time"].value <= 600
    group = {"subscription": {"notify-lease-duration": 0}}  # for ever: that is for operators
    answer = desk.ask(Operation.RENEW_SUBSCRIPTION, notify_subscription_id=number, groups=group)
    assert answer.status is Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    assert subscriptions_of(answer)[0]["notify-lease-duration"].value == 7 * 86_400
    assert desk.ask(Operation.CANCEL_SUBSCRIPTION, notify_subscription_id=number).status is Status.SUCCESSFUL_OK
    assert fetch(desk, number).status is Status.CLIENT_ERROR_NOT_FOUND
    again = desk.ask(Operation.CANCEL_SUBSCRIPTION, notify_subscription_id=number)
    assert again.status is Status.CLIENT_ERROR_NOT_FOUND


def test_the_subscription_of_a_job_has_no_lease_to_renew(desk: Desk) -> None:
    """It ends with its job (RFC 3995 section 11.2.6)."""
    job_id = desk.print()
    made = desk.ask(Operation.CREATE_JOB_SUBSCRIPTIONS, notify_job_id=job_id, groups={"subscription": [PULL]})
    number = subscriptions_of(made)[0]["notify-subscription-id"].value
    renewed = desk.ask(Operation.RENEW_SUBSCRIPTION, notify_subscription_id=number)
    assert renewed.status is Status.CLIENT_ERROR_NOT_POSSIBLE


REFUSED = {
    "no method": ({"notify-events": ["job-completed"]}, Status.CLIENT_ERROR_BAD_REQUEST),
    "another method": (
        {"notify-pull-method": Keyword("rss")},
        Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
    ),
    "no event that is known": (
        {**PULL, "notify-events": [Keyword("printer-on-fire")]},
        Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
    ),
    "an address": ({"notify-recipient-uri": "http://example.com/"}, Status.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED),
    "another charset": (
        {**PULL, "notify-charset": "iso-8859-1"},
        Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
    ),
    "events that are no keywords": (
        {**PULL, "notify-events": Attribute("notify-events", ValueTag.INTEGER, [1])},
        Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_had_is_refused_with_its_reason(desk: Desk, why: str) -> None:
    group, status = REFUSED[why]
    answer = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, groups={"subscription": group})
    assert answer.status is Status.CLIENT_ERROR_IGNORED_ALL_SUBSCRIPTIONS
    (told,) = subscriptions_of(answer)
    assert told["notify-status-code"].value == status
    assert desk.printer.store.count_subscriptions() == 0


def test_what_is_left_out_is_told(desk: Desk) -> None:
    group = {**PULL, "notify-events": ["job-completed", Keyword("printer-on-fire")], "vendor-thing": Keyword("x")}
    answer = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS, groups={"subscription": group})
    assert answer.status is Status.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS
    (told,) = subscriptions_of(answer)
    assert told["notify-events"].values == ("printer-on-fire",)
    assert told["vendor-thing"].value is OutOfBand.UNSUPPORTED
    number = told["notify-subscription-id"].value
    found = desk.ask(Operation.GET_SUBSCRIPTION_ATTRIBUTES, notify_subscription_id=number)
    assert subscriptions_of(found)[0]["notify-events"].values == ("job-completed",)


def test_without_a_group_or_a_job_there_is_nothing_to_subscribe_to(desk: Desk, gate: Gate) -> None:
    answer = desk.ask(Operation.CREATE_PRINTER_SUBSCRIPTIONS)
    assert answer.status is Status.CLIENT_ERROR_BAD_REQUEST
    group = {"subscription": PULL}
    answer = desk.ask(Operation.CREATE_JOB_SUBSCRIPTIONS, notify_job_id=99, groups=group)
    assert answer.status is Status.CLIENT_ERROR_NOT_FOUND
    gate.open.set()
    job = desk.print()
    desk.wait(job)
    answer = desk.ask(Operation.CREATE_JOB_SUBSCRIPTIONS, notify_job_id=job, groups=group)
    assert answer.status is Status.CLIENT_ERROR_NOT_POSSIBLE


def test_a_subscription_keeps_no_more_than_its_syntaxes(desk: Desk) -> None:
    for name, tag, value in (
        ("notify-natural-language", ValueTag.NATURAL_LANGUAGE, "n" * 64),
        ("notify-user-data", ValueTag.OCTET_STRING, b"n" * 64),
    ):
        message = request(Operation.CREATE_PRINTER_SUBSCRIPTIONS, operation_attributes={"printer-uri": desk.uri})
        group = [Attribute("notify-pull-method", ValueTag.KEYWORD, "ippget"), Attribute(name, tag, value)]
        message.groups.append(AttributeGroup(DelimiterTag.SUBSCRIPTION, group))
        assert not desk.client.send(message).succeeded
    assert desk.printer.store.subscriptions() == []


def test_what_the_printer_says_of_it_is_what_it_does(desk: Desk) -> None:
    wanted = ["subscription-template", "ippget-event-life", "notify-pull-method-supported"]
    printer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=wanted).printer
    assert printer["notify-pull-method-supported"].value == "ippget"
    life = printer["ippget-event-life"].value
    assert 15 <= life < desk.printer.store.life  # RFC 3996 section 8.1; and who asks late misses nothing
    told = fetch(desk, subscribe(desk, "printer-state-changed")).operation_attributes["notify-get-interval"]
    assert told.value >= life  # section 5.2.1
    assert set(printer["notify-events-supported"].values) == {"none", *EVENTS}
    assert printer["notify-events-default"].values == ("job-completed",)


@pytest.mark.parametrize(("private", "attributes", "scope"), [(True, "default", "owner"), (False, "none", "all")])
def test_what_is_hidden_from_others_is_told(tmp_path: Path, private: bool, attributes: str, scope: str) -> None:
    with printing(tmp_path, operators=(), private=private) as desk:
        printer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES).printer
        assert printer["job-privacy-attributes"].values == (attributes,)
        assert printer["job-privacy-scope"].value == scope
        assert printer["subscription-privacy-scope"].value == "owner"
        job = desk.print(user="alice", job_name="Report")
        assert ("job-name" in desk.job(job, user="eve")) != private


# The words of events.


@pytest.mark.parametrize(
    ("events", "name", "heard"),
    [
        (("job-completed",), "job-completed", "job-completed"),
        (("job-state-changed",), "job-completed", "job-state-changed"),
        (("job-state-changed", "job-completed"), "job-completed", "job-completed"),
        (("job-completed",), "job-state-changed", None),
        (("printer-state-changed",), "printer-shutdown", "printer-state-changed"),
        (("printer-config-changed",), "printer-media-changed", "printer-config-changed"),
        ((), "job-completed", None),
        (("printer-state-changed",), "unheard-of", None),
    ],
)
def test_which_event_of_a_subscription_one_is(events: tuple[str, ...], name: str, heard: str | None) -> None:
    assert subscribed_event(events, name) == heard


def test_our_client_watches_a_job_in_parts(desk: Desk, gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "ippfast.printer")
    job = desk.client.print(DOCUMENT, job_name="Report")
    seen = []
    for event in job.watch():
        gate.open.set()
        seen.append(event)
    assert seen[-1].state == JobState.COMPLETED
    assert seen[-1].ended
    assert any("Get-Notifications" in message and "in parts" in message for message in caplog.messages)
