"""Requests that name templates: resource-ids of jobs, documents and new printers (PWG 5100.22).

The rule of this file: a template fills in what the request leaves out, and changes nothing that it says.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ippfast.codec import Attribute, AttributeGroup, Message
from ippfast.enums import Operation, ResourceState
from ippfast.tags import DelimiterTag, ValueTag

from ..storage.rows import Resource
from .resources import TEMPLATES, message_of
from .table import refused

if TYPE_CHECKING:
    from .system import System

__all__ = ["fill", "named", "template_attributes"]

_FILLED = {
    Operation.PRINT_JOB: "template-job",
    Operation.PRINT_URI: "template-job",
    Operation.CREATE_JOB: "template-job",
    Operation.VALIDATE_JOB: "template-job",
    Operation.SEND_DOCUMENT: "template-document",
    Operation.SEND_URI: "template-document",
    Operation.VALIDATE_DOCUMENT: "template-document",
}


def named(system: "System", given: Attribute) -> list[Resource]:
    """The resources that resource-ids names, each once. Raises OperationError if not all of them are installed."""
    found = []
    # A request may name one a hundred thousand times.
    for number in dict.fromkeys(each if isinstance(each, int) else None for each in given.values):
        resource = None if number is None else system.store.resource(number)
        if given.tag != ValueTag.INTEGER or resource is None or resource.state != ResourceState.INSTALLED:
            raise refused("not all of these resources are installed", given)
        found.append(resource)
    return found


def template_attributes(system: "System", resources: Iterable[Resource]) -> dict[str, Attribute]:
    """The attributes of templates. If two have the same attribute, the first counts."""
    found: dict[str, Attribute] = {}
    for resource in resources:
        for group in message_of(system, resource).groups_of(TEMPLATES[resource.type]):
            for each in group:
                found.setdefault(each.name, each)
    return found


def fill(system: "System", message: Message) -> None:
    """Fill in what a request on a job or document leaves out, from the templates that it names."""
    kind = _FILLED.get(message.code)  # type: ignore[call-overload]
    given = message.groups[0].get("resource-ids") if kind is not None else None
    if given is None:
        return
    assert kind is not None
    resources = named(system, given)
    if any(each.type != kind for each in resources):
        raise refused(f"not all of these resources are a {kind}", given)
    tag = TEMPLATES[kind]
    groups = message.groups_of(tag)
    if not groups:
        groups = [AttributeGroup(DelimiterTag(tag))]
        message.groups.insert(1, groups[0])
    for name, each in template_attributes(system, resources).items():
        if name not in groups[0]:
            groups[0].append(each)
    del message.groups[0]["resource-ids"]
