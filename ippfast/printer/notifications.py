"""Subscriptions and their events: the operations of RFC 3995 and RFC 3996, and the content of an event.

The rule of this file: the store keeps an event as it happens, and it gets the form that its subscription asks for when
it is fetched. Nothing is ever sent to an address that a client gave (notify-recipient-uri), which would make the
printer a tool against others. An event tells a user no more of another user's job than Get-Job-Attributes does.
"""

import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ippfast.codec import Attribute, AttributeGroup, Message
from ippfast.enums import JobState, Operation, Status
from ippfast.http.incoming import Parts, Reply, Wait
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, RangeOfInteger, RawValue
from ippfast.wrappers import Name, NaturalLanguage, Text

from .access import PUBLIC, may_see, told_user
from .answers import made, readable
from .calls import Call, operation
from .core import PrinterCore
from .counting import counts_of_job
from .errors import OperationError
from .storage.bus import Waiter
from .storage.rows import (
    EVENTS,
    SYSTEM,
    SYSTEM_EVENTS,
    Event,
    Job,
    NewSubscription,
    Subscription,
    subscribed_event,
    told_state,
)

__all__ = ["ATTRIBUTES", "EVENT_LIFE", "Wanted", "subscribe", "subscriptions_of"]

_LEASE = 86_400
_LONGEST_LEASE = 7 * 86_400  # only an operator's subscription may last for ever (RFC 3995 section 5.3.8)
_MOST_EVENTS = len(SYSTEM_EVENTS)
_WAIT = 30.0  # seconds that an answer is held back for a client that cannot take it in parts
_LONGEST_WAIT = 300.0  # seconds that Event Wait Mode lasts (RFC 3996 section 5.2.1)

_JOB_EXTRAS: dict[str, Callable[[Event], object]] = {
    "job-name": lambda event: Name(readable(event.job_name)),
    "job-originating-user-name": lambda event: Name(readable(told_user(event.job_user))),
    "job-uuid": lambda event: event.job_uuid,
    "job-k-octets": lambda event: -(-event.job_octets // 1024),
    "number-of-documents": lambda event: event.job_documents,
    "job-state-message": lambda event: Text(event.job_message),
}

EVENT_LIFE = 15
"""ippget-event-life and notify-get-interval in seconds (RFC 3996 sections 8.1 and 5.2.1).

It is the least value allowed, so that a client that polls hears of events soon. The store keeps events longer, so that
a client that asks a little late misses none.
"""

ATTRIBUTES: dict[str, object] = {
    "notify-pull-method-supported": ["ippget"],
    "notify-events-default": ["job-completed"],
    "notify-events-supported": ["none", *EVENTS],
    "notify-max-events-supported": _MOST_EVENTS,
    "notify-attributes-supported": list(_JOB_EXTRAS),
    "notify-lease-duration-default": _LEASE,
    "notify-lease-duration-supported": [RangeOfInteger(1, _LONGEST_LEASE)],
}
"""The printer's attributes about subscriptions (RFC 3995 section 5.3, RFC 3996 section 8)."""

_TEXTS = {
    "printer-restarted": "The printer was started again.",
    "printer-shutdown": "The printer is shut down.",
    "printer-stopped": "The printer has stopped.",
    "printer-config-changed": "The printer's configuration was changed.",
    "printer-queue-order-changed": "The order of the jobs was changed.",
    "job-created": "Job {job} was created.",
    "job-stopped": "Job {job} has stopped.",
    "job-config-changed": "Job {job} was changed.",
    "job-progress": "Job {job} goes on.",
    "printer-created": "Printer {printer} was made.",
    "printer-deleted": "Printer {printer} was deleted.",
    "resource-created": "Resource {resource} was made.",
    "resource-installed": "Resource {resource} was installed.",
    "resource-canceled": "Resource {resource} was canceled.",
    "resource-config-changed": "Resource {resource} was changed.",
    "system-restarted": "The system was started again.",
    "system-shutdown": "The system was shut down.",
    "system-config-changed": "The system's configuration was changed.",
}


def _text(event: Event) -> str:
    """The event for people (notify-text, RFC 3995 section 9.2)."""
    if event.job_id is not None and (event.name == "job-completed" or event.name not in _TEXTS):
        state = told_state(event.job_state, event.job_reasons)
        return f"Job {event.job_id} is {state.name.lower().replace('_', '-')}."
    if event.name not in _TEXTS:
        if event.resource_id is not None:
            return f"Resource {event.resource_id} is {event.resource_state.name.lower()}."
        return f"The {'system' if event.printer == SYSTEM else 'printer'} is {event.printer_state.name.lower()}."
    printer = readable(event.printer.rpartition("/")[0])
    return _TEXTS[event.name].format(job=event.job_id, printer=printer, resource=event.resource_id)


# Subscribing.


@operation(Operation.CREATE_PRINTER_SUBSCRIPTIONS)
def create_printer_subscriptions(printer: PrinterCore, call: Call) -> Message:
    """Create-Printer-Subscriptions (RFC 3995 section 11.1.2)."""
    return subscribe(call)


@operation(Operation.CREATE_JOB_SUBSCRIPTIONS)
def create_job_subscriptions(printer: PrinterCore, call: Call) -> Message:
    """Create-Job-Subscriptions (RFC 3995 section 11.1.1): for users who may see the job, until it ends."""
    job = _job(call, required=True)
    assert job is not None
    return subscribe(call, job)


def subscribe(
    call: Call, job: Job | None = None, *, printers: tuple[str, ...] = (), resource_id: int | None = None
) -> Message:
    """Begin the subscriptions that a request asks for, to a job or to the printer. printers, resource_id: see
    `NewSubscription`."""
    wanted = subscriptions_of(call, None if job is None else job.id)
    if not wanted.outcomes:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no group of subscription attributes")
    printer = call.printer
    new = [replace(each, printers=printers, resource_id=resource_id) for each in wanted.new]
    made = printer.store.subscribe(new, job_id=None if job is None else job.id, limits=printer.limits)
    if made is None:
        assert job is not None
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.id} has ended")
    answers, complete = wanted.answers(made)
    status = Status.SUCCESSFUL_OK
    if not any("notify-subscription-id" in answer for answer in answers):
        status = Status.CLIENT_ERROR_IGNORED_ALL_SUBSCRIPTIONS
    elif not complete:
        status = Status.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS
    return call.respond(status, subscription=answers)


@dataclass(slots=True)
class Wanted:
    """The subscriptions that a request asks for. new: those that can be made, for the store.

    outcomes: for each group, the attributes that are left out of its subscription, or why it cannot be made.
    """

    new: list[NewSubscription]
    outcomes: list[list[Attribute] | OperationError]

    def answers(self, made: Sequence[Subscription | None]) -> tuple[list[dict[str, object]], bool]:
        """A group for each in the response (RFC 3995 section 5.4.2), and whether all were made as they were wanted."""
        begun = iter(made)
        answers, complete = [], True
        for outcome in self.outcomes:
            status, ignored = Status.SUCCESSFUL_OK, []
            answer: dict[str, object] = {}
            if isinstance(outcome, OperationError):
                status, ignored = outcome.status, outcome.unsupported
            elif (subscription := next(begun)) is None:
                status = Status.CLIENT_ERROR_TOO_MANY_SUBSCRIPTIONS
            else:
                answer["notify-subscription-id"] = subscription.id
                if subscription.lease is not None:
                    answer["notify-lease-duration"] = subscription.lease
                if ignored := outcome:
                    status = Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
            if status != Status.SUCCESSFUL_OK:
                complete = False
                answer["notify-status-code"] = status
            answer |= {attribute.name: attribute for attribute in ignored if attribute.name not in answer}
            answers.append(answer)
        return answers, complete


_NEW_JOB = 0  # the job that the request makes, which has no number yet


def subscriptions_of(call: Call, job_id: int | None = _NEW_JOB) -> Wanted:
    """The subscriptions that the groups of a request ask for. job_id: the job's number; None: to the printer's
    events."""
    wanted = Wanted([], [])
    for group in call.message.groups:
        if group.tag != DelimiterTag.SUBSCRIPTION:
            continue
        try:
            if len(wanted.outcomes) >= call.printer.limits.request_subscriptions:
                status = Status.CLIENT_ERROR_TOO_MANY_SUBSCRIPTIONS
                raise OperationError(status, "there are more subscriptions than a request may have")
            new, ignored = _new_subscription(call, group, job_id)
        except OperationError as error:
            wanted.outcomes.append(error)
        else:
            wanted.new.append(new)
            wanted.outcomes.append(ignored)
    return wanted


def _new_subscription(call: Call, group: AttributeGroup, job_id: int | None) -> tuple[NewSubscription, list[Attribute]]:
    """What a group asks for, and what of it is left out (RFC 3995 sections 5.2 and 5.3)."""
    given = _Given(group)
    if "notify-recipient-uri" in group:
        status = Status.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED
        raise OperationError(status, "events are fetched here, not sent", unsupported=[group["notify-recipient-uri"]])
    method = given.one("notify-pull-method", ValueTag.KEYWORD)
    if method != "ippget":
        raise given.refuse("notify-pull-method", "notify-pull-method must be ippget")
    events = given.all("notify-events", ValueTag.KEYWORD) or ["job-completed"]
    known = [event for event in dict.fromkeys(events) if event in call.printer.tells]
    if not known and events != ["none"]:
        raise given.refuse("notify-events", "none of these events is known here")
    if len(known) < len(set(events)) and events != ["none"]:
        given.ignore("notify-events", [event for event in events if event not in call.printer.tells])
    user_data = given.one("notify-user-data", ValueTag.OCTET_STRING)
    if user_data is not None and len(user_data) > 63:
        raise given.refuse("notify-user-data", "notify-user-data may have at most 63 octets")
    asked = given.all("notify-attributes", ValueTag.KEYWORD)
    extras = [name for name in dict.fromkeys(asked) if name in _JOB_EXTRAS]
    if len(extras) < len(set(asked)):
        given.ignore("notify-attributes", [name for name in asked if name not in _JOB_EXTRAS])
    charset = given.one("notify-charset", ValueTag.CHARSET)
    if charset is not None and charset.lower() not in ("utf-8", "us-ascii"):
        raise given.refuse("notify-charset", "notify-charset must be utf-8")
    language = given.one("notify-natural-language", ValueTag.NATURAL_LANGUAGE)
    interval = given.one("notify-time-interval", ValueTag.INTEGER)
    lease = given.one("notify-lease-duration", ValueTag.INTEGER)
    if job_id is not None and lease is not None:
        given.ignore("notify-lease-duration", [lease])  # a job's subscription ends with it (section 5.3.8)
    for attribute in group:
        if attribute.name not in _TEMPLATE:
            given.ignored.append(Attribute(attribute.name, ValueTag.UNSUPPORTED, OutOfBand.UNSUPPORTED))
    new = NewSubscription(
        events=tuple(known),
        user=call.user,
        charset=(charset or "utf-8").lower(),
        language=language or "en",
        user_data=user_data,
        attributes=tuple(extras),
        interval=-1 if interval is None else max(0, interval),
        lease=None if job_id is not None else _lease(call, lease),
        user_uri=call.string("requesting-user-uri", ValueTag.URI) or "",
    )
    return new, given.ignored


_TEMPLATE = frozenset(
    {
        "notify-recipient-uri",
        "notify-pull-method",
        "notify-events",
        "notify-attributes",
        "notify-user-data",
        "notify-charset",
        "notify-natural-language",
        "notify-time-interval",
        "notify-lease-duration",
    }
)


def _lease(call: Call, asked: int | None) -> int:
    """The seconds that are granted: those nearest to what was asked for (RFC 3995 section 5.3.8)."""
    if asked is None:
        return _LEASE
    if call.operator:
        return max(0, asked)
    return _LONGEST_LEASE if asked == 0 else max(1, min(asked, _LONGEST_LEASE))


class _Given:
    """Reads the attributes of a group that asks for a subscription, and checks their syntax."""

    def __init__(self, group: AttributeGroup) -> None:
        self._group = group
        self.ignored: list[Attribute] = []

    def all(self, name: str, tag: ValueTag) -> list[Any]:
        """The values; none if the attribute is not there."""
        attribute = self._group.get(name)
        if attribute is None:
            return []
        if any(each != tag for each in attribute.tags) or any(isinstance(each, RawValue) for each in attribute.values):
            raise self.refuse(name, f"{name} has the wrong syntax")
        return list(attribute.values)

    def one(self, name: str, tag: ValueTag) -> Any:
        """The value, or None."""
        values = self.all(name, tag)
        if len(values) > 1:
            raise self.refuse(name, f"{name} must have one value")
        return values[0] if values else None

    def ignore(self, name: str, values: Sequence[Any]) -> None:
        """Leave values out, and report them."""
        self.ignored.append(Attribute(name, self._group[name].tag, values))

    def refuse(self, name: str, reason: str) -> OperationError:
        """The error for a subscription that cannot be made because of this attribute."""
        attribute = self._group.get(name)
        status = Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        if attribute is None:
            return OperationError(Status.CLIENT_ERROR_BAD_REQUEST, reason)
        return OperationError(status, reason, unsupported=[attribute])


# Looking after subscriptions.


@operation(Operation.GET_SUBSCRIPTION_ATTRIBUTES)
def get_subscription_attributes(printer: PrinterCore, call: Call) -> Message:
    """Get-Subscription-Attributes (RFC 3995 section 11.2.4)."""
    subscription = _subscription(call)
    return call.respond(subscription=[_describe(call, subscription, ("all",))])


@operation(Operation.GET_SUBSCRIPTIONS)
def get_subscriptions(printer: PrinterCore, call: Call) -> Message:
    """Get-Subscriptions (RFC 3995 section 11.2.5): only operators see those of other users."""
    job = _job(call, required=False)
    limit = call.integer("limit")
    if limit is not None and limit < 1:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "limit must be at least 1")
    mine = call.boolean("my-subscriptions") or not call.operator
    found = printer.store.subscriptions(
        job_id=None if job is None else job.id, user=call.user if mine else None, limit=limit
    )
    return call.respond(subscription=[_describe(call, each, ("notify-subscription-id",)) for each in found])


@operation(Operation.RENEW_SUBSCRIPTION)
def renew_subscription(printer: PrinterCore, call: Call) -> Message:
    """Renew-Subscription (RFC 3995 section 11.2.6)."""
    subscription = _subscription(call)
    if subscription.job_id is not None:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, "a job's subscription has no lease")
    asked = _lease_of(call)
    lease = _lease(call, asked)
    renewed = printer.store.renew(subscription.id, lease)
    if renewed is None:
        raise _none(subscription.id)
    status = Status.SUCCESSFUL_OK
    if asked is not None and asked != lease:
        status = Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    return call.respond(status, subscription=[{"notify-lease-duration": renewed.lease}])


def _lease_of(call: Call) -> int | None:
    """The lease that Renew-Subscription asks for: in group 2 (RFC 3995 section 11.2.6.1.2). Some clients, earlier
    versions of ippfast's among them, send it as an operation attribute."""
    groups = call.message.groups_of(DelimiterTag.SUBSCRIPTION)
    if groups and "notify-lease-duration" in groups[0]:
        asked: int | None = _Given(groups[0]).one("notify-lease-duration", ValueTag.INTEGER)
        return asked
    return call.integer("notify-lease-duration")


@operation(Operation.CANCEL_SUBSCRIPTION)
def cancel_subscription(printer: PrinterCore, call: Call) -> Message:
    """Cancel-Subscription (RFC 3995 section 11.2.7)."""
    subscription = _subscription(call)
    if not printer.store.unsubscribe(subscription.id):
        raise _none(subscription.id)
    return call.respond()


def _none(number: int) -> OperationError:
    return OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"there is no subscription {number}")


def _subscription(call: Call) -> Subscription:
    """The subscription that a request names. It must be the user's own, unless an operator asks."""
    number = call.integer("notify-subscription-id")
    if number is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no notify-subscription-id")
    return _own(call, number)


def _own(call: Call, number: int) -> Subscription:
    subscription = call.printer.store.subscription(number)
    if subscription is None:
        raise _none(number)
    if subscription.user != call.user and not call.operator:
        reason = f"subscription {number} belongs to somebody else"
        raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, reason)
    return subscription


def _job(call: Call, *, required: bool) -> Job | None:
    """The job of notify-job-id. The user must be allowed to see it."""
    number = call.integer("notify-job-id")
    if number is None:
        if required:
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no notify-job-id")
        return None
    job = call.printer.store.job(number)
    if job is None:
        raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"there is no job {number}")
    if not may_see(call.printer, call.who, job):
        raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, f"job {number} belongs to somebody else")
    return job


def _kind(printer: PrinterCore) -> str:
    """The object that has the subscriptions: a printer or the system (PWG 5100.22)."""
    return "system" if printer.queue == SYSTEM else "printer"


def _describe(call: Call, subscription: Subscription, default: tuple[str, ...]) -> dict[str, object]:
    """A subscription's attributes that are asked for (RFC 3995 section 5.4)."""
    printer = call.printer
    expires = subscription.expires
    found: dict[str, object] = {
        "notify-subscription-id": subscription.id,
        "notify-subscription-uuid": subscription.uuid,
        "notify-sequence-number": 0,
        f"notify-{_kind(printer)}-uri": printer.uri(call.incoming),
        "notify-subscriber-user-name": Name(readable(told_user(subscription.user))),
        "notify-pull-method": "ippget",
        "notify-events": list(subscription.events) or ["none"],
        "notify-charset": subscription.charset,
        "notify-natural-language": NaturalLanguage(subscription.language),
    }
    if subscription.interval >= 0:  # only if it was asked for (RFC 3995 section 5.3.9)
        found["notify-time-interval"] = subscription.interval
    if subscription.user_uri:  # PWG 5100.13
        found["notify-subscriber-user-uri"] = subscription.user_uri
    if subscription.job_id is not None:  # it has no lease, and no clock for one (RFC 3995 sections 5.4.3 and 5.4.4)
        found["notify-job-id"] = subscription.job_id
    else:
        found[f"notify-{_kind(printer)}-up-time"] = printer.up_time
        left = 0 if expires is None else max(1, int(expires - printer.store.now()))
        found["notify-lease-duration"] = subscription.lease
        found["notify-lease-expiration-time"] = 0 if expires is None else printer.up_time + left
    if subscription.resource_id is not None:
        found["notify-resource-id"] = subscription.resource_id
    if subscription.user_data is not None:
        found["notify-user-data"] = subscription.user_data
    if subscription.attributes:
        found["notify-attributes"] = list(subscription.attributes)
    asked = set(call.values("requested-attributes", ValueTag.KEYWORD, ValueTag.NAME)) or set(default)
    everything = "all" in asked

    def wanted(name: str) -> bool:
        group = "subscription-template" if name in _TEMPLATE else "subscription-description"
        return everything or name in asked or group in asked

    answer = {name: value for name, value in found.items() if wanted(name)}
    if "notify-sequence-number" in answer:
        answer["notify-sequence-number"] = printer.store.sequence(subscription)
    return answer


# Fetching events.


@operation(Operation.GET_NOTIFICATIONS)
def get_notifications(printer: PrinterCore, call: Call) -> Message | Reply | Parts:
    """Get-Notifications (RFC 3996 section 5): the events of some subscriptions; with notify-wait, later ones too.

    A client that accepts multipart/related gets one response after the other for up to five minutes; any other client
    gets one response as soon as there is an event, or after half a minute.
    """
    ids = call.values("notify-subscription-ids", ValueTag.INTEGER)
    if not ids:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no notify-subscription-ids")
    numbers = call.values("notify-sequence-numbers", ValueTag.INTEGER)
    if len(numbers) > len(ids):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are more notify-sequence-numbers than ids")
    first = dict(zip(ids, numbers, strict=False))
    missing: OperationError | None = None
    watched: dict[int, int] = {}
    for number in dict.fromkeys(ids):
        try:
            watched[_own(call, number).id] = max(1, first.get(number, 1))
        except OperationError as error:
            missing = error
    if missing is not None and not watched:
        raise missing
    fetching = _Fetching(call, watched)
    if not call.boolean("notify-wait"):
        return fetching.response(leave=True)
    room, who = printer.waiting_room, (call.user, call.incoming.peer)
    if not room.enter(*who):
        return fetching.response(leave=True)
    if fetching.takes_parts():
        return Parts(_Leaving(fetching.responses(), lambda: room.leave(*who)))
    return Parts(_Leaving(fetching.only(), lambda: room.leave(*who)), alone=True)


class _Leaving:
    """Gives responses, and calls `leave` when no more of them are taken, even if none was."""

    def __init__(self, responses: Iterator[Message | Wait], leave: Callable[[], None]) -> None:
        self._responses = responses
        self._leave = weakref.finalize(self, leave)

    def __iter__(self) -> Iterator[Message | Wait]:
        return self

    def __next__(self) -> Message | Wait:
        try:
            return next(self._responses)
        except BaseException:
            self._leave()
            raise

    def close(self) -> None:
        """Take no more of them."""
        self._leave()


class _Fetching:
    """Fetches the events of a client's subscriptions. first: for each subscription, the number of its next event."""

    def __init__(self, call: Call, first: dict[int, int]) -> None:
        self._call = call
        self._gone = call.incoming.gone
        self._first = first
        self._printer = call.printer
        self._content: list[list[Attribute]] = []
        self._complete = False
        self._look()

    def takes_parts(self) -> bool:
        """Whether the client says that it can read an answer in parts."""
        accept = ",".join(self._call.incoming.head.headers.get_all("accept")).lower()
        return "multipart/related" in accept or "multipart/*" in accept

    def only(self) -> Iterator[Message | Wait]:
        """One response, as soon as there is an event or none can come."""
        yield from self._waits(_WAIT)
        yield self.response(leave=True)

    def _waits(self, seconds: float) -> Iterator[Wait]:
        """What to wait for until there is an event, or none can come."""
        end = time.monotonic() + seconds
        waiter = Waiter(self._printer.storage.bus, self._printer.hears)
        try:
            self._look()
            while not self._content and not self._complete and not self._printer.ending and not self._gone():
                left = end - time.monotonic()
                if left <= 0:
                    break
                yield Wait(left, waiter.wake)
                if waiter.wait(0.0):
                    self._look()
        finally:
            waiter.close()

    def responses(self) -> Iterator[Message | Wait]:
        """Event Wait Mode (RFC 3996 section 5.2): the events that are there at once, then those that come."""
        end = time.monotonic() + _LONGEST_WAIT
        while True:
            over = self._complete or self._printer.ending or self._gone() or time.monotonic() >= end
            yield self.response(leave=over)
            if over:
                return
            yield from self._waits(max(0.0, end - time.monotonic()))

    def response(self, *, leave: bool) -> Message:
        """The events that are there. leave: say when to ask again (notify-get-interval)."""
        call, content = self._call, self._content
        self._content = []
        attributes: dict[str, object] = {f"{_kind(call.printer)}-up-time": call.printer.up_time}
        status = Status.SUCCESSFUL_OK
        if self._complete:
            status = Status.SUCCESSFUL_OK_EVENTS_COMPLETE
        if leave and not self._complete:
            attributes["notify-get-interval"] = EVENT_LIFE
        return call.respond(status, operation_attributes=attributes, event_notification=content)

    def _look(self) -> None:
        """Take the events that have come. If all subscriptions have ended, these are the last."""
        call, store = self._call, self._printer.store
        going_on = False
        for number, first in self._first.items():
            subscription = store.subscription(number)  # read before its events: one that has ended has them all
            if subscription is None:
                continue
            going_on = going_on or not subscription.ended
            for event in store.events(subscription, first):
                self._content.append(_event(call, subscription, event))
                self._first[number] = event.number + 1
        self._complete = not going_on


def _impressions(printer: PrinterCore, event: Event) -> int:
    """job-impressions-completed as the event has it; for a job that is completed, all of them."""
    if event.job_state == JobState.COMPLETED and event.job_id is not None:
        job = printer.store.job(event.job_id)
        counts = None if job is None else counts_of_job(printer, job, {each.name: each for each in job.attributes})
        return event.job_impressions if counts is None else counts.done
    return event.job_impressions


def _event(call: Call, subscription: Subscription, event: Event) -> list[Attribute]:
    """An event as it is sent (RFC 3995 section 9.1)."""
    printer = call.printer
    told: dict[str, object] = {
        "notify-subscription-id": subscription.id,
        "notify-subscription-uuid": subscription.uuid,
        **printer.event_source(call.incoming, event),
        "notify-sequence-number": event.number,
        "notify-charset": subscription.charset,
        "notify-natural-language": NaturalLanguage(subscription.language),
    }
    if subscription.user_data is not None:
        told["notify-user-data"] = subscription.user_data
    told |= {
        "notify-subscribed-event": subscribed_event(subscription.events, event.name) or event.name,
        "printer-current-time": printer.date_at(event.created),
        "notify-text": _text(event),
    }
    if event.resource_id is not None:
        told["notify-resource-id"] = event.resource_id
        told["resource-state"] = event.resource_state
        told["resource-state-reasons"] = list(event.resource_reasons)
    elif event.printer == SYSTEM:
        told["system-state"] = int(event.printer_state)
    elif event.job_id is None:
        told["printer-state"] = event.printer_state
        told["printer-state-reasons"] = list(event.printer_reasons)
        told["printer-is-accepting-jobs"] = event.accepting
    else:
        told["notify-job-id"] = event.job_id
        told["job-uuid"] = event.job_uuid
        told["job-state"] = told_state(event.job_state, event.job_reasons)
        told["job-state-reasons"] = list(event.job_reasons)
        told["job-impressions-completed"] = _impressions(printer, event)
        whole = may_see(printer, call.who, event)
        for name in subscription.attributes:
            if whole or name in PUBLIC:
                told[name] = _JOB_EXTRAS[name](event)
    return [made(name, value) for name, value in told.items()]
