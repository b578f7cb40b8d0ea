"""Subscriptions: the operations of RFC 3995, for jobs, printers and the system.

The rule of this file: a subscription is its user's own, and only operators may see or change it, too. Events are only
fetched: nothing is ever sent to an address that a client gave (notify-recipient-uri), which would make the printer a
tool against others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ippfast.codec import Attribute, AttributeGroup, Message
from ippfast.enums import Operation, Status
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, RangeOfInteger, RawValue
from ippfast.wrappers import Name, NaturalLanguage

from .access import may_see, told_user
from .answers import readable
from .calls import Call, operation
from .core import PrinterCore
from .errors import OperationError
from .event_attributes import EXTRAS
from .storage.rows import EVENTS, SYSTEM, SYSTEM_EVENTS, Job, NewSubscription, Subscription

__all__ = ["ATTRIBUTES", "Wanted", "kind_of", "own_subscription", "subscribe", "subscriptions_of"]

_LEASE = 86_400
_LONGEST_LEASE = 7 * 86_400  # only an operator's subscription may last for ever (RFC 3995 section 5.3.8)

ATTRIBUTES: dict[str, object] = {
    "notify-pull-method-supported": ["ippget"],
    "notify-events-default": ["job-completed"],
    "notify-events-supported": ["none", *EVENTS],
    "notify-max-events-supported": len(SYSTEM_EVENTS),
    "notify-attributes-supported": list(EXTRAS),
    "notify-lease-duration-default": _LEASE,
    "notify-lease-duration-supported": [RangeOfInteger(1, _LONGEST_LEASE)],
}
"""The printer's attributes about subscriptions (RFC 3995 section 5.3, RFC 3996 section 8); see also `EVENT_LIFE`."""


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
    """Make the subscriptions that a request wants, to a job or to the printer. printers, resource_id: see
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
    """The subscriptions that a request wants. new: those that can be made, for the store.

    outcomes: for each group, the attributes that its subscription ignores, or the reason why it can't be made.
    """

    new: list[NewSubscription]
    outcomes: list[list[Attribute] | OperationError]

    def answers(self, made: Sequence[Subscription | None]) -> tuple[list[dict[str, object]], bool]:
        """The response's group for each (RFC 3995 section 5.4.2), and whether all were made as requested."""
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
    """Read the subscriptions from the groups of a request. job_id: the job's number; None: they are the printer's."""
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
    """Read a group: the subscription, and the attributes that are ignored (RFC 3995 sections 5.2 and 5.3)."""
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
    extras = [name for name in dict.fromkeys(asked) if name in EXTRAS]
    if len(extras) < len(set(asked)):
        given.ignore("notify-attributes", [name for name in asked if name not in EXTRAS])
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
    """The granted seconds: the allowed value that is nearest to the requested one (RFC 3995 section 5.3.8)."""
    if asked is None:
        return _LEASE
    if call.operator:
        return max(0, asked)
    return _LONGEST_LEASE if asked == 0 else max(1, min(asked, _LONGEST_LEASE))


class _Given:
    """Reads the attributes of a subscription's group, and checks their syntax."""

    def __init__(self, group: AttributeGroup) -> None:
        self._group = group
        self.ignored: list[Attribute] = []

    def all(self, name: str, tag: ValueTag) -> list[Any]:
        """The values; empty if the attribute is absent."""
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
        """Ignore values, and report them."""
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
    """Get-Subscriptions (RFC 3995 section 11.2.5): only operators get those of other users."""
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
    """The lease that Renew-Subscription wants: in group 2 (RFC 3995 section 11.2.6.1.2). Some clients, such as earlier
    versions of ippfast, send it as an operation attribute."""
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
    """The subscription of notify-subscription-id, see `own_subscription`."""
    number = call.integer("notify-subscription-id")
    if number is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no notify-subscription-id")
    return own_subscription(call, number)


def own_subscription(call: Call, number: int) -> Subscription:
    """The subscription with this number. It must be the user's own, unless the user is an operator."""
    subscription = call.printer.store.subscription(number)
    if subscription is None:
        raise _none(number)
    if subscription.user != call.user and not call.operator:
        reason = f"subscription {number} belongs to another user"
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
        raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, f"job {number} belongs to another user")
    return job


def kind_of(printer: PrinterCore) -> str:
    """The object that has the subscriptions: a printer or the system (PWG 5100.22)."""
    return "system" if printer.queue == SYSTEM else "printer"


def _describe(call: Call, subscription: Subscription, default: tuple[str, ...]) -> dict[str, object]:
    """A subscription's requested attributes (RFC 3995 section 5.4)."""
    printer = call.printer
    expires = subscription.expires
    found: dict[str, object] = {
        "notify-subscription-id": subscription.id,
        "notify-subscription-uuid": subscription.uuid,
        "notify-sequence-number": 0,
        f"notify-{kind_of(printer)}-uri": printer.uri(call.incoming),
        "notify-subscriber-user-name": Name(readable(told_user(subscription.user))),
        "notify-pull-method": "ippget",
        "notify-events": list(subscription.events) or ["none"],
        "notify-charset": subscription.charset,
        "notify-natural-language": NaturalLanguage(subscription.language),
    }
    if subscription.interval >= 0:  # only if it was given (RFC 3995 section 5.3.9)
        found["notify-time-interval"] = subscription.interval
    if subscription.user_uri:  # PWG 5100.13
        found["notify-subscriber-user-uri"] = subscription.user_uri
    if subscription.job_id is not None:  # it has no lease, and no clock for one (RFC 3995 sections 5.4.3 and 5.4.4)
        found["notify-job-id"] = subscription.job_id
    else:
        found[f"notify-{kind_of(printer)}-up-time"] = printer.up_time
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
