"""Subscriptions to the system and to its resources (PWG 5100.22): they get the events of every printer.

The rule of this file: the operations are the printers' own, on the system's queue; here they only get their printers or
their resource.
"""

from typing import TYPE_CHECKING

from ippfast.codec import Message
from ippfast.enums import Operation, Status
from ippfast.http.incoming import Parts, Reply
from ippfast.tags import ValueTag

from .. import notifications, subscriptions
from ..calls import Call
from ..errors import OperationError
from .resources import resource_of
from .table import operation

if TYPE_CHECKING:
    from .system import System

_OF_PRINTERS = {
    Operation.GET_SUBSCRIPTIONS: subscriptions.get_subscriptions,
    Operation.GET_SUBSCRIPTION_ATTRIBUTES: subscriptions.get_subscription_attributes,
    Operation.RENEW_SUBSCRIPTION: subscriptions.renew_subscription,
    Operation.CANCEL_SUBSCRIPTION: subscriptions.cancel_subscription,
    Operation.GET_NOTIFICATIONS: notifications.get_notifications,
}


@operation(Operation.CREATE_SYSTEM_SUBSCRIPTIONS, "anyone")
def _create_system_subscriptions(system: "System", call: Call) -> Message:
    """Subscribe to all printers, or to those in notify-printer-ids."""
    printers = []
    for number in dict.fromkeys(call.values("notify-printer-ids", ValueTag.INTEGER)):  # without repetitions
        spec = system.service.queues.by_id(number)
        if spec is None:
            unsupported = [call.attributes["notify-printer-ids"]]
            raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, "there is no such printer", unsupported=unsupported)
        printers.append(spec.key)
    return subscriptions.subscribe(call, printers=tuple(printers))


@operation(Operation.CREATE_RESOURCE_SUBSCRIPTIONS, "anyone")
def _create_resource_subscriptions(system: "System", call: Call) -> Message:
    """The resource is in notify-resource-id, as in the registry, or in resource-id, as ippserver reads it."""
    name = "notify-resource-id" if "notify-resource-id" in call.attributes else "resource-id"
    found = resource_of(system, call, name)
    if found.ended:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"resource {found.id} has ended")
    return subscriptions.subscribe(call, resource_id=found.id)


def _as_printers_do(code: Operation) -> None:
    @operation(code, "anyone")
    def carry(system: "System", call: Call) -> Message | Reply | Parts:
        return _OF_PRINTERS[code](system, call)


for _code in _OF_PRINTERS:
    _as_printers_do(_code)
