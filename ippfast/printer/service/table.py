"""The operations of the System object, in a table.

The rule of this file: a module registers its own operations with `operation`; with the users who may use it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ippfast.attributes import attribute
from ippfast.codec import Attribute, Message
from ippfast.enums import Operation, Status
from ippfast.errors import RegistryError
from ippfast.http.incoming import Parts, Reply
from ippfast.tags import DelimiterTag

from ..calls import Access, Call
from ..errors import OperationError
from .queues import QueueSpec

if TYPE_CHECKING:
    from .system import System

__all__ = ["OF_PRINTERS", "OPERATIONS", "group_of", "operation", "printer_of", "refused", "typed"]

Carry: TypeAlias = "Callable[[System, Call], Message | Reply | Parts]"

OPERATIONS: dict[int, tuple[Carry, Access]] = {}
"""The functions that carry out operations, and who may use each."""

OF_PRINTERS = frozenset(
    {
        Operation.ALLOCATE_PRINTER_RESOURCES,
        Operation.DEALLOCATE_PRINTER_RESOURCES,
        Operation.DELETE_PRINTER,
        Operation.GET_PRINTER_RESOURCES,
        Operation.RESTART_ONE_PRINTER,
        Operation.SHUTDOWN_ONE_PRINTER,
        Operation.STARTUP_ONE_PRINTER,
    }
)
"""Operations on one printer, which clients name by printer-uri, or by system-uri and printer-id: both are taken."""


def operation(code: Operation, access: Access = "operator") -> Callable[[Carry], Carry]:
    """Register a function that carries out an operation."""

    def register(carry: Carry) -> Carry:
        OPERATIONS[code] = carry, access
        return carry

    return register


def printer_of(system: "System", call: Call) -> QueueSpec:
    """The printer that a printer-id names."""
    number = call.integer("printer-id")
    if number is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no printer-id")
    spec = system.service.queues.by_id(number)
    if spec is None:
        unsupported = [call.attributes["printer-id"]]
        raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, "there is no such printer", unsupported=unsupported)
    return spec


def group_of(call: Call, tag: DelimiterTag) -> dict[str, Attribute]:
    """The attributes of a group by name; if two have the same name, the first counts."""
    groups = call.message.groups_of(tag)
    return {each.name: each for group in groups[:1] for each in reversed(list(group))}


def typed(given: Attribute, tag: DelimiterTag) -> Attribute | None:
    """An attribute with the syntax that the registry gives it; None: it has another one."""
    try:
        return attribute(given.name, list(given.values), group=tag)
    except RegistryError:
        return None


def refused(reason: str, *unsupported: Attribute) -> OperationError:
    """The error for values that are not supported."""
    status = Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
    return OperationError(status, reason, unsupported=unsupported)
