"""Subscriptions of pycups, and the events that they bring (RFC 3995, RFC 3996).

The rule of this file: a subscription and an event are dictionaries of their attributes.
"""

from typing import Any

from ... import Attribute, AttributeGroup, ValueTag
from ...enums import Operation
from ...tags import DelimiterTag
from .transport import Transport, check, to_int, to_text
from .values import all_values, one_or_all

__all__ = ["Subscriptions"]

_LISTS = frozenset({"notify-events", "printer-state-reasons", "job-printer-state-reasons"})


class Subscriptions(Transport):
    """The methods of a connection for subscriptions. Raises IPPError if the server refuses."""

    quirks = True

    def _to_dict(self, group: AttributeGroup) -> dict[str, Any]:
        return {
            each.name: (all_values if each.name in _LISTS else one_or_all)(each, quirks=self.quirks) for each in group
        }

    def createSubscription(
        self,
        uri: str | bytes,
        events: list[str] | None = None,
        job_id: int = -1,
        recipient_uri: str | bytes | None = None,
        lease_duration: int = -1,
        time_interval: int = -1,
        user_data: str | bytes | None = None,
    ) -> int:
        """Subscribe to events of a printer, job or server. Returns the id of the subscription.

        uri: what is watched. lease_duration, time_interval: seconds. user_data: comes back with each event.
        """
        given = [
            Attribute("notify-pull-method", ValueTag.KEYWORD, "ippget"),
            Attribute("notify-charset", ValueTag.CHARSET, "utf-8"),
        ]
        if recipient_uri is not None:
            given[0] = Attribute("notify-recipient-uri", ValueTag.URI, to_text(recipient_uri))
        if user_data is not None:
            given.append(Attribute("notify-user-data", ValueTag.OCTET_STRING, to_text(user_data).encode()))
        if events is not None:
            if not isinstance(events, list):
                raise TypeError("events must be a list")
            given.append(Attribute("notify-events", ValueTag.KEYWORD, [to_text(event) for event in events]))
        numbers = (
            ("notify-lease-duration", lease_duration),
            ("notify-time-interval", time_interval),
            ("notify-job-id", job_id),
        )
        given += [Attribute(name, ValueTag.INTEGER, to_int(number)) for name, number in numbers if number != -1]
        message = self._message(Operation.CREATE_PRINTER_SUBSCRIPTIONS, to_text(uri), subscription=given)
        answer = check(self._send("/", message))
        for group in answer.groups_of(DelimiterTag.SUBSCRIPTION):
            if "notify-subscription-id" in group:
                return int(group.value("notify-subscription-id"))
        return -1

    def getSubscriptions(
        self, uri: str | bytes, my_subscriptions: bool = False, job_id: int = -1
    ) -> list[dict[str, Any]]:
        """The subscriptions to a printer, job or server."""
        if not isinstance(my_subscriptions, bool):
            raise TypeError("my_subscriptions must be a bool")
        given = [Attribute("my-subscriptions", ValueTag.BOOLEAN, True)] if my_subscriptions else []
        if job_id != -1:
            given.append(Attribute("notify-job-id", ValueTag.INTEGER, job_id))
        answer = self._do("/", Operation.GET_SUBSCRIPTIONS, to_text(uri), *given)
        return [self._to_dict(group) for group in answer.groups_of(DelimiterTag.SUBSCRIPTION)]

    def getNotifications(
        self, subscription_ids: list[int], sequence_numbers: list[int] | None = None
    ) -> dict[str, Any]:
        """The events of subscriptions under ``"events"``, and when to ask again: ``"notify-get-interval"``, in seconds.

        sequence_numbers: for each subscription the first event that is wanted.
        """
        given = [_integers("notify-subscription-ids", "subscription_ids", subscription_ids)]
        if sequence_numbers is not None:
            given.append(_integers("notify-sequence-numbers", "sequence_numbers", sequence_numbers))
        answer = self._do("/", Operation.GET_NOTIFICATIONS, self._uri("/"), *given)
        result: dict[str, Any] = {}
        for name in ("notify-get-interval", "printer-up-time"):
            for group in answer.groups:
                if name in group:
                    result.setdefault(name, group[name].values[0])
        result["events"] = [self._to_dict(group) for group in answer.groups_of(DelimiterTag.EVENT_NOTIFICATION)]
        return result

    def renewSubscription(self, id: int, lease_duration: int = -1) -> None:
        """Let a subscription go on; lease_duration: for this many seconds."""
        given = [Attribute("notify-subscription-id", ValueTag.INTEGER, to_int(id))]
        if lease_duration >= 0:
            given.append(Attribute("notify-lease-duration", ValueTag.INTEGER, lease_duration))
        self._do("/", Operation.RENEW_SUBSCRIPTION, self._uri("/"), *given)

    def cancelSubscription(self, id: int, /) -> None:
        """End a subscription."""
        given = Attribute("notify-subscription-id", ValueTag.INTEGER, to_int(id))
        self._do("/", Operation.CANCEL_SUBSCRIPTION, self._uri("/"), given)


def _integers(name: str, argument: str, numbers: object) -> Attribute:
    if not isinstance(numbers, list):
        raise TypeError(f"{argument} must be a list")
    if not all(isinstance(number, int) for number in numbers):
        raise TypeError(f"{argument} must be a list of integers")
    return Attribute(name, ValueTag.INTEGER, numbers)
