"""Events on their way to those who subscribed: the operations of RFC 3995 and RFC 3996, and what an event tells.

The rule of this file: an event is written down as it happens, in the words of each subscription, and fetched later;
nothing is ever sent to an address that a client gave (notify-recipient-uri), which would make the printer a tool
against others. Of a job that is not one's own, an event tells no more than Get-Job-Attributes does.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ippfast.codec import Attribute, AttributeGroup, Message
from ippfast.enums import Operation, PrinterState, Status
from ippfast.http.incoming import Parts, Reply
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, RangeOfInteger, RawValue
from ippfast.wrappers import Name, NaturalLanguage, Text

from .answers import made
from .calls import Call, OperationError, operation
from .events import Event
from .store import Job, pack, unpack
from .subscriptions import EVENTS, NewSubscription, Subscription

if TYPE_CHECKING:
    from .printer import SpoolPrinter

__all__ = ["ATTRIBUTES", "Notifier", "subscribe_to_new_job"]

_LEASE = 86_400
_LONGEST_LEASE = 67_108_863  # the largest that notify-lease-duration can be (RFC 3995 section 5.3.8)
_MOST_EVENTS = len(EVENTS)
_INTERVAL = 10  # how soon to ask again, in seconds
_WAIT = 30.0  # how long an answer is held back for a client that cannot take it in parts
_LONGEST_WAIT = 300.0  # how long Event Wait Mode lasts (RFC 3996 section 5.2.1)

_JOB_EXTRAS: dict[str, Callable[[Job], object]] = {
    "job-name": lambda job: Name(job.name),
    "job-originating-user-name": lambda job: Name(job.user),
    "job-uuid": lambda job: job.uuid,
    "job-k-octets": lambda job: -(-job.octets // 1024),
    "number-of-documents": lambda job: job.documents,
    "job-state-message": lambda job: Text(job.message),
}
_PRIVATE = frozenset({"job-name", "job-originating-user-name", "job-state-message"})

ATTRIBUTES: dict[str, object] = {
    "notify-pull-method-supported": ["ippget"],
    "notify-events-default": ["job-completed"],
    "notify-events-supported": ["none", *EVENTS],
    "notify-max-events-supported": _MOST_EVENTS,
    "notify-attributes-supported": list(_JOB_EXTRAS),
    "notify-lease-duration-default": _LEASE,
    "notify-lease-duration-supported": [RangeOfInteger(0, _LONGEST_LEASE)],
}
"""What a printer says of its subscriptions (RFC 3995 section 5.3, RFC 3996 section 8)."""

_TEXTS = {
    "printer-restarted": "The printer was started again.",
    "printer-shutdown": "The printer is shut down.",
    "printer-stopped": "The printer has stopped.",
    "printer-config-changed": "The printer's configuration was changed.",
    "printer-queue-order-changed": "The order of the jobs was changed.",
    "job-created": "Job {job.id} was created.",
    "job-stopped": "Job {job.id} has stopped.",
    "job-config-changed": "Job {job.id} was changed.",
    "job-progress": "Job {job.id} goes on.",
}


class Notifier:
    """Writes down what happens to a printer and its jobs for those who subscribed to it."""

    def __init__(self, printer: "SpoolPrinter") -> None:
        self._printer = printer
        self._progress: dict[int, float] = {}

    def __call__(self, event: Event) -> None:
        """An event has happened."""
        job = event.job
        subscriptions = self._printer.subscriptions
        for subscription, keyword in subscriptions.interested(event.name, None if job is None else job.id):
            if event.name == "job-progress" and not self._is_due(subscription):
                continue
            subscriptions.put(subscription.id, pack(self._content(event, subscription, keyword)))
        if job is not None and job.ended:
            subscriptions.end_job(job.id)

    def _is_due(self, subscription: Subscription) -> bool:
        """Whether an event may come again so soon (RFC 3995 section 5.3.9)."""
        now = time.monotonic()
        if len(self._progress) > self._printer.subscriptions.limit:
            self._progress.clear()
        if now - self._progress.get(subscription.id, -1e9) < subscription.interval:
            return False
        self._progress[subscription.id] = now
        return True

    def _content(self, event: Event, subscription: Subscription, keyword: str) -> list[Attribute]:
        """What an event tells, but for where the printer is and which number the event has (RFC 3995 section 9.1)."""
        printer, job = self._printer, event.job
        told: dict[str, object] = {
            "notify-subscribed-event": keyword,
            "printer-up-time": printer.up_time,
            "printer-current-time": datetime.now(UTC),
            "notify-text": _text(event, printer.state),
        }
        if job is None:
            told["printer-state"] = printer.state
            told["printer-state-reasons"] = list(printer.reasons)
            told["printer-is-accepting-jobs"] = printer.accepting
        else:
            told["notify-job-id"] = job.id
            told["job-state"] = job.state
            told["job-state-reasons"] = list(job.reasons)
            told["job-impressions-completed"] = 0
            may_see = job.user == subscription.user or not printer.private
            for name in subscription.attributes:
                if may_see or name not in _PRIVATE:
                    told[name] = _JOB_EXTRAS[name](job)
        return [made(name, value) for name, value in told.items()]


def _text(event: Event, state: PrinterState) -> str:
    """The event for people (notify-text, RFC 3995 section 9.2)."""
    job = event.job
    if job is not None and (event.name == "job-completed" or event.name not in _TEXTS):
        return f"Job {job.id} is {job.state.name.lower().replace('_', '-')}."
    if job is None and event.name not in _TEXTS:
        return f"The printer is {state.name.lower()}."
    return _TEXTS[event.name].format(job=job)


# Subscribing.


@operation(Operation.CREATE_PRINTER_SUBSCRIPTIONS)
def create_printer_subscriptions(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3995 section 11.1.2."""
    return _create(call, None)


@operation(Operation.CREATE_JOB_SUBSCRIPTIONS)
def create_job_subscriptions(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3995 section 11.1.1: for the owner of the job, while it has not ended."""
    job = _job(call, required=True)
    assert job is not None
    if job.ended:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.id} has ended")
    return _create(call, job)


def _create(call: Call, job: Job | None) -> Message:
    groups = [group for group in call.message.groups if group.tag == DelimiterTag.SUBSCRIPTION]
    if not groups:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no group of subscription attributes")
    answers, complete = _subscribe(call, groups, None if job is None else job.id)
    status = Status.SUCCESSFUL_OK
    if not any("notify-subscription-id" in answer for answer in answers):
        status = Status.CLIENT_ERROR_IGNORED_ALL_SUBSCRIPTIONS
    elif not complete:
        status = Status.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS
    return call.respond(status, subscription=answers)


def subscribe_to_new_job(call: Call, job: Job) -> tuple[list[dict[str, object]], bool]:
    """The subscriptions that come with a new job (RFC 3995 section 11.1.3).

    Returns a group for each in the response, and whether all were made as they were asked for.
    """
    groups = [group for group in call.message.groups if group.tag == DelimiterTag.SUBSCRIPTION]
    return _subscribe(call, groups, job.id)


def _subscribe(
    call: Call, groups: Sequence[AttributeGroup], job_id: int | None
) -> tuple[list[dict[str, object]], bool]:
    answers, complete = [], True
    for group in groups:
        status = Status.SUCCESSFUL_OK
        ignored: list[Attribute] = []
        answer: dict[str, object] = {}
        try:
            new, ignored = _new_subscription(call, group, job_id)
            subscription = call.printer.subscriptions.add(new)
            if subscription is None:
                reason = "there are as many subscriptions as there may be"
                raise OperationError(Status.CLIENT_ERROR_TOO_MANY_SUBSCRIPTIONS, reason)
        except OperationError as error:
            status, ignored = error.status, error.unsupported
        else:
            answer["notify-subscription-id"] = subscription.id
            if subscription.lease is not None:
                answer["notify-lease-duration"] = subscription.lease
            if ignored:
                status = Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
        if status != Status.SUCCESSFUL_OK:  # RFC 3995 section 5.4.2
            complete = False
            answer["notify-status-code"] = status
        answer |= {attribute.name: attribute for attribute in ignored if attribute.name not in answer}
        answers.append(answer)
    return answers, complete


def _new_subscription(call: Call, group: AttributeGroup, job_id: int | None) -> tuple[NewSubscription, list[Attribute]]:
    """What a group asks for, and what of it is left out (RFC 3995 sections 5.2 and 5.3)."""
    given = _Given(group)
    if "notify-recipient-uri" in group:
        status = Status.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED
        raise OperationError(status, "events are fetched here, not sent", unsupported=[group["notify-recipient-uri"]])
    method = given.one("notify-pull-method", ValueTag.KEYWORD)
    if method != "ippget":
        raise given.refuse("notify-pull-method", "the pull method is ippget")
    events = given.all("notify-events", ValueTag.KEYWORD) or ["job-completed"]
    known = [event for event in dict.fromkeys(events) if event in EVENTS]
    if not known and events != ["none"]:
        raise given.refuse("notify-events", "none of these events is known here")
    if len(known) < len(set(events)) and events != ["none"]:
        given.ignore("notify-events", [event for event in events if event not in EVENTS])
    user_data = given.one("notify-user-data", ValueTag.OCTET_STRING)
    if user_data is not None and len(user_data) > 63:
        raise given.refuse("notify-user-data", "notify-user-data has at most 63 octets")
    asked = given.all("notify-attributes", ValueTag.KEYWORD)
    extras = [name for name in dict.fromkeys(asked) if name in _JOB_EXTRAS]
    if len(extras) < len(set(asked)):
        given.ignore("notify-attributes", [name for name in asked if name not in _JOB_EXTRAS])
    charset = given.one("notify-charset", ValueTag.CHARSET)
    if charset is not None and charset.lower() not in ("utf-8", "us-ascii"):
        raise given.refuse("notify-charset", "the charset is utf-8")
    language = given.one("notify-natural-language", ValueTag.NATURAL_LANGUAGE)
    interval = given.one("notify-time-interval", ValueTag.INTEGER) or 0
    lease = given.one("notify-lease-duration", ValueTag.INTEGER)
    if job_id is not None and lease is not None:
        given.ignore("notify-lease-duration", [lease])  # a job's subscription ends with it (section 5.3.8)
    for attribute in group:
        if attribute.name not in _TEMPLATE:
            given.ignored.append(Attribute(attribute.name, ValueTag.UNSUPPORTED, OutOfBand.UNSUPPORTED))
    new = NewSubscription(
        events=tuple(known),
        user=call.user,
        job_id=job_id,
        charset=(charset or "utf-8").lower(),
        language=language or "en",
        user_data=user_data,
        attributes=tuple(extras),
        interval=max(0, interval),
        lease=None if job_id is not None else _lease(lease),
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


def _lease(asked: int | None) -> int:
    """The seconds that are granted: those nearest to what was asked for (RFC 3995 section 5.3.8)."""
    return _LEASE if asked is None else max(0, min(asked, _LONGEST_LEASE))


class _Given:
    """The attributes of a group that asks for a subscription, by their syntax."""

    def __init__(self, group: AttributeGroup) -> None:
        self._group = group
        self.ignored: list[Attribute] = []

    def all(self, name: str, tag: ValueTag) -> list[Any]:
        """The values; none where the attribute is not there."""
        attribute = self._group.get(name)
        if attribute is None:
            return []
        if any(each != tag for each in attribute.tags) or any(isinstance(each, RawValue) for each in attribute.values):
            raise self.refuse(name, f"{name} is another syntax")
        return list(attribute.values)

    def one(self, name: str, tag: ValueTag) -> Any:
        """The value, or None."""
        values = self.all(name, tag)
        if len(values) > 1:
            raise self.refuse(name, f"{name} has one value")
        return values[0] if values else None

    def ignore(self, name: str, values: Sequence[Any]) -> None:
        """Leave values out, and say so."""
        self.ignored.append(Attribute(name, self._group[name].tag, values))

    def refuse(self, name: str, reason: str) -> OperationError:
        """The subscription cannot be made for that attribute's sake."""
        attribute = self._group.get(name)
        status = Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        if attribute is None:
            return OperationError(Status.CLIENT_ERROR_BAD_REQUEST, reason)
        return OperationError(status, reason, unsupported=[attribute])


# Looking after subscriptions.


@operation(Operation.GET_SUBSCRIPTION_ATTRIBUTES)
def get_subscription_attributes(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3995 section 11.2.4."""
    subscription = _subscription(call)
    return call.respond(subscription=[_describe(call, subscription, ("all",))])


@operation(Operation.GET_SUBSCRIPTIONS)
def get_subscriptions(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3995 section 11.2.5: of others, only operators see any."""
    job = _job(call, required=False)
    limit = call.integer("limit")
    if limit is not None and limit < 1:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "limit is at least 1")
    mine = call.boolean("my-subscriptions") or not call.operator
    found = printer.subscriptions.all(
        job_id=None if job is None else job.id, user=call.user if mine else None, limit=limit
    )
    return call.respond(subscription=[_describe(call, each, ("notify-subscription-id",)) for each in found])


@operation(Operation.RENEW_SUBSCRIPTION)
def renew_subscription(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3995 section 11.2.6."""
    subscription = _subscription(call)
    if subscription.job_id is not None:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, "a job's subscription has no lease")
    renewed = printer.subscriptions.renew(subscription.id, _lease(call.integer("notify-lease-duration")))
    if renewed is None:
        raise _none(subscription.id)
    return call.respond(subscription=[{"notify-lease-duration": renewed.lease}])


@operation(Operation.CANCEL_SUBSCRIPTION)
def cancel_subscription(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3995 section 11.2.7."""
    subscription = _subscription(call)
    if not printer.subscriptions.cancel(subscription.id):
        raise _none(subscription.id)
    return call.respond()


def _none(number: int) -> OperationError:
    return OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"there is no subscription {number}")


def _subscription(call: Call) -> Subscription:
    """The subscription that an operation is about, which belongs to who asks."""
    number = call.integer("notify-subscription-id")
    if number is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no notify-subscription-id")
    return _own(call, number)


def _own(call: Call, number: int) -> Subscription:
    subscription = call.printer.subscriptions.get(number)
    if subscription is None:
        raise _none(number)
    if subscription.user != call.user and not call.operator:
        reason = f"subscription {number} belongs to somebody else"
        raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, reason)
    return subscription


def _job(call: Call, *, required: bool) -> Job | None:
    """The job of notify-job-id, which belongs to who asks."""
    number = call.integer("notify-job-id")
    if number is None:
        if required:
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no notify-job-id")
        return None
    job = call.printer.store.job(number)
    if job is None:
        raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"there is no job {number}")
    if not call.may_see(job):
        raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, f"job {number} belongs to somebody else")
    return job


def _describe(call: Call, subscription: Subscription, default: tuple[str, ...]) -> dict[str, object]:
    """A subscription's attributes that are asked for (RFC 3995 section 5.4)."""
    printer = call.printer
    expires = subscription.expires
    found: dict[str, object] = {
        "notify-subscription-id": subscription.id,
        "notify-subscription-uuid": subscription.uuid,
        "notify-sequence-number": subscription.sequence,
        "notify-printer-up-time": printer.up_time,
        "notify-printer-uri": printer.uri(call.incoming),
        "notify-subscriber-user-name": Name(subscription.user),
        "notify-pull-method": "ippget",
        "notify-events": list(subscription.events) or ["none"],
        "notify-charset": subscription.charset,
        "notify-natural-language": NaturalLanguage(subscription.language),
        "notify-time-interval": subscription.interval,
    }
    if subscription.job_id is not None:
        found["notify-job-id"] = subscription.job_id
    else:
        left = 0 if expires is None else max(1, int(expires - time.time()))
        found["notify-lease-duration"] = subscription.lease
        found["notify-lease-expiration-time"] = 0 if expires is None else printer.up_time + left
    if subscription.user_data is not None:
        found["notify-user-data"] = subscription.user_data
    if subscription.attributes:
        found["notify-attributes"] = list(subscription.attributes)
    asked = set(call.values("requested-attributes", ValueTag.KEYWORD, ValueTag.NAME)) or set(default)
    everything = "all" in asked

    def wanted(name: str) -> bool:
        group = "subscription-template" if name in _TEMPLATE else "subscription-description"
        return everything or name in asked or group in asked

    return {name: value for name, value in found.items() if wanted(name)}


# Fetching events.


@operation(Operation.GET_NOTIFICATIONS)
def get_notifications(printer: "SpoolPrinter", call: Call) -> Message | Reply | Parts:
    """RFC 3996 section 5: the events of some subscriptions; with notify-wait, those to come too.

    A client that accepts multipart/related gets one response after the other for up to five minutes; any other, one
    response as soon as there is an event, or after half a minute.
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
    if fetching.takes_parts():
        return Parts(fetching.responses())
    fetching.wait(_WAIT)
    return fetching.response(leave=True)


class _Fetching:
    """One client's look at its subscriptions. first: the number of the next event of each."""

    def __init__(self, call: Call, first: dict[int, int]) -> None:
        self._call = call
        self._first = first
        self._subscriptions = call.printer.subscriptions
        self._waiting = self._subscriptions.waiting()
        self._content: list[list[Attribute]] = []
        self._complete = False
        self._look()

    def takes_parts(self) -> bool:
        """Whether the client says that it can read an answer in parts."""
        accept = ",".join(self._call.incoming.head.headers.get_all("accept")).lower()
        return "multipart/related" in accept or "multipart/*" in accept

    def wait(self, seconds: float) -> None:
        """Wait until there is an event, or none can come."""
        end = time.monotonic() + seconds
        while not self._content and not self._complete and not self._subscriptions.stopped:
            left = end - time.monotonic()
            if left <= 0:
                break
            self._waiting.wait(left)
            self._look()

    def responses(self) -> Iterator[Message]:
        """Event Wait Mode (RFC 3996 section 5.2): at once what there is, then what comes."""
        end = time.monotonic() + _LONGEST_WAIT
        while True:
            over = self._complete or self._subscriptions.stopped or time.monotonic() >= end
            yield self.response(leave=over)
            if over:
                return
            self._look()
            self.wait(max(0.0, end - time.monotonic()))

    def response(self, *, leave: bool) -> Message:
        """The events that are there. leave: say when to ask again (notify-get-interval)."""
        call, content = self._call, self._content
        self._content = []
        attributes: dict[str, object] = {"printer-up-time": call.printer.up_time}
        status = Status.SUCCESSFUL_OK
        if self._complete:
            status = Status.SUCCESSFUL_OK_EVENTS_COMPLETE
        if leave and not self._complete:
            attributes["notify-get-interval"] = _INTERVAL
        return call.respond(status, operation_attributes=attributes, event_notification=content)

    def _look(self) -> None:
        """Take what has come; when all subscriptions have ended, this is the last."""
        uri = self._call.printer.uri(self._call.incoming)
        going_on = False
        for number, first in self._first.items():
            subscription = self._subscriptions.get(number)  # before its events: what ended has them all
            going_on = going_on or (subscription is not None and not subscription.ended)
            if subscription is None:
                continue
            for sequence, octets in self._subscriptions.get_events(number, first):
                self._content.append(_event(subscription, sequence, uri, unpack(octets)))
                self._first[number] = sequence + 1
        self._complete = not going_on


def _event(subscription: Subscription, sequence: int, uri: str, content: AttributeGroup) -> list[Attribute]:
    """An event as it is sent (RFC 3995 section 9.1)."""
    head: dict[str, object] = {
        "notify-subscription-id": subscription.id,
        "notify-printer-uri": uri,
        "notify-sequence-number": sequence,
        "notify-charset": subscription.charset,
        "notify-natural-language": NaturalLanguage(subscription.language),
    }
    if subscription.user_data is not None:
        head["notify-user-data"] = subscription.user_data
    return [*(made(name, value) for name, value in head.items()), *content]
