"""Operations on subscriptions and their events (RFC 3995, RFC 3996, PWG 5100.22)."""

from collections.abc import Sequence
from typing import Unpack

from ..codec import Message
from ..enums import Operation
from ..requests import Groups
from ._build import Options, Strings, build

__all__ = [
    "cancel_subscription",
    "create_job_subscriptions",
    "create_printer_subscriptions",
    "create_resource_subscriptions",
    "create_system_subscriptions",
    "get_notifications",
    "get_subscription_attributes",
    "get_subscriptions",
    "renew_subscription",
]


def create_printer_subscriptions(
    uri: str | None,
    *,
    subscription: Groups,
    **options: Unpack[Options],
) -> Message:
    """Create-Printer-Subscriptions: subscribe to a printer's events (RFC 3995 section 11.1.2).

    One subscription for each item of a list.
    """
    return build(Operation.CREATE_PRINTER_SUBSCRIPTIONS, locals())


def create_job_subscriptions(
    uri: str | None,
    notify_job_id: int,
    *,
    subscription: Groups,
    **options: Unpack[Options],
) -> Message:
    """Create-Job-Subscriptions: subscribe to a job's events (RFC 3995 section 11.1.1)."""
    return build(Operation.CREATE_JOB_SUBSCRIPTIONS, locals())


def create_resource_subscriptions(
    uri: str,
    resource_id: int | None = None,
    *,
    subscription: Groups,
    **options: Unpack[Options],
) -> Message:
    """Create-Resource-Subscriptions: subscribe to a resource's events (PWG 5100.22)."""
    return build(Operation.CREATE_RESOURCE_SUBSCRIPTIONS, locals())


def create_system_subscriptions(
    uri: str,
    *,
    subscription: Groups,
    **options: Unpack[Options],
) -> Message:
    """Create-System-Subscriptions: subscribe to a system's events (PWG 5100.22)."""
    return build(Operation.CREATE_SYSTEM_SUBSCRIPTIONS, locals())


def get_subscription_attributes(
    uri: str | None,
    notify_subscription_id: int,
    *,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Subscription-Attributes: ask for a subscription's attributes (RFC 3995 section 11.2.4)."""
    return build(Operation.GET_SUBSCRIPTION_ATTRIBUTES, locals())


def get_subscriptions(
    uri: str | None,
    *,
    notify_job_id: int | None = None,
    limit: int | None = None,
    my_subscriptions: bool | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Subscriptions: ask for the subscriptions of a printer or of a job (RFC 3995 section 11.2.5)."""
    return build(Operation.GET_SUBSCRIPTIONS, locals())


def renew_subscription(
    uri: str | None,
    notify_subscription_id: int,
    *,
    notify_lease_duration: int | None = None,
    **options: Unpack[Options],
) -> Message:
    """Renew-Subscription: prolong a subscription's lease, in seconds (RFC 3995 section 11.2.6)."""
    return build(Operation.RENEW_SUBSCRIPTION, locals())


def cancel_subscription(
    uri: str | None,
    notify_subscription_id: int,
    **options: Unpack[Options],
) -> Message:
    """Cancel-Subscription: cancel a subscription (RFC 3995 section 11.2.7)."""
    return build(Operation.CANCEL_SUBSCRIPTION, locals())


def get_notifications(
    uri: str | None,
    notify_subscription_ids: int | Sequence[int],
    *,
    notify_sequence_numbers: int | Sequence[int] | None = None,
    notify_wait: bool | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Notifications: fetch events, from these sequence numbers on (RFC 3996 section 5)."""
    return build(Operation.GET_NOTIFICATIONS, locals())
