"""The operations on a System object, for the operators of a print service (PWG 5100.22), written once for both clients.

The rule of this file: as in `tasks.py`, its coroutines await only the tasks. A System is at /ipp/system of the host,
for all of its printers.
"""

import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from ... import operations
from ...codec import AttributeGroup, Message
from ...enums import Status
from ...formats import sniff
from ...tags import DelimiterTag
from ..jobs import int_of, text_of
from ..uri import printer_uri
from .channels import Channel
from .outgoing import Outgoing
from .tasks import QUICK, Tasks

__all__ = ["PrinterKey", "SystemTasks", "new_printers"]

_Channel = TypeVar("_Channel", bound=Channel)
PrinterKey = tuple[int | None, str | None]
"""The printer-id and the printer-name, as far as a printer has them."""

_PATH = "/ipp/system"
_STATE = ("system-state", "system-state-reasons", "system-up-time")
_WITH_ID = frozenset({"all", "printer-description", "printer-status"})
"""Whoever asks for one of these groups gets the printer-id too."""
_LEASE = 600
_WAIT = 60.0
"""How many seconds a system may be silent when it waits for events."""
_PAUSE = 5.0


def _group(group: Mapping[str, object]) -> dict[str, object]:
    """The attributes that are not None, by their IPP names."""
    return {name.replace("_", "-"): value for name, value in group.items() if value is not None}


def new_printers(answer: Message, known: set[PrinterKey]) -> list[AttributeGroup]:
    """The printers of an answer to Get-Printers that no answer before had. known: what those were; it grows by these.

    Without this rule a System that does not know first-index, and answers the same each time, would be asked for ever.
    """
    groups = answer.groups_of(DelimiterTag.PRINTER)
    keys = [(int_of(each, "printer-id"), text_of(each, "printer-name")) for each in groups]
    new = [each for each, key in zip(groups, keys, strict=True) if key not in known]
    known.update(keys)
    return new


class SystemTasks(Generic[_Channel]):
    """The operations of one System. uri: its system-uri."""

    def __init__(self, tasks: Tasks[_Channel]) -> None:
        self._tasks = tasks
        self.uri = printer_uri(tasks.core.endpoint._replace(target=_PATH))

    async def ask(
        self, build: Callable[..., Message], *arguments: Any, outgoing: Outgoing | None = None, **given: Any
    ) -> Message:
        """Send the request that a function of `ippfast.operations` builds, as `Tasks.ask`, and return the response."""
        message = build(self.uri, *arguments, **given, **self._tasks.options())
        return await self._tasks.ask(message, outgoing, target=_PATH)

    async def attributes(self, names: Sequence[str]) -> AttributeGroup:
        """The System's attributes: these, or all."""
        answer = await self.ask(operations.get_system_attributes, requested_attributes=list(names) or None)
        return _first(answer, DelimiterTag.SYSTEM)

    async def set(self, attributes: Mapping[str, object]) -> None:
        """Set-System-Attributes."""
        await self.ask(operations.set_system_attributes, system=_group(attributes))

    # Printers.

    async def printers(self, filters: Mapping[str, Any], names: Sequence[str]) -> list[AttributeGroup]:
        """Get-Printers, in as many requests as the System needs to list them."""
        limit = filters.get("limit")
        extra = bool(names) and "printer-id" not in names  # by which a printer is known again
        found: list[AttributeGroup] = []
        known: set[PrinterKey] = set()
        while True:
            left = limit - len(found) if isinstance(limit, int) else None
            more: dict[str, Any] = {"first_index": len(found) + 1} if found else {}
            answer = await self.ask(
                operations.get_printers,
                requested_attributes=[*names, "printer-id"] if extra else list(names) or None,
                **{**filters, **more, "limit": left},
            )
            new = new_printers(answer, known)
            found += new
            if not new or (isinstance(limit, int) and len(found) >= limit):
                break
        if extra and _WITH_ID.isdisjoint(names):
            return [AttributeGroup(each.tag, [one for one in each if one.name != "printer-id"]) for each in found]
        return found

    async def create_printer(
        self, name: str, resource_ids: Sequence[int] | None, attributes: Mapping[str, object]
    ) -> AttributeGroup:
        """Create-Printer."""
        answer = await self.ask(
            operations.create_printer,
            printer_service_type="print",
            resource_ids=list(resource_ids) if resource_ids else None,
            printer={"printer-name": name, **_group(attributes)},
        )
        return _first(answer, DelimiterTag.PRINTER)

    async def delete_printer(self, printer_id: int) -> None:
        """Delete-Printer."""
        await self.ask(operations.delete_printer, printer_id)

    async def switch(self, what: str, printer_id: int | None = None) -> None:
        """Shut down, start up, restart, pause, resume, enable or disable: one printer, or all."""
        if printer_id is not None:
            await self.ask(getattr(operations, f"{what}_one_printer"), printer_id)
        elif what == "restart":
            await self.ask(operations.restart_system)
        elif what == "pause_after_current_job":
            await self.ask(operations.pause_all_printers_after_current_job)
        else:
            await self.ask(getattr(operations, f"{what}_all_printers"))

    # Resources.

    async def create_resource(
        self,
        kind: str,
        data: bytes | str | Path | None,
        given: Mapping[str, str | None],
        attributes: Mapping[str, object],
        *,
        install: bool,
    ) -> AttributeGroup:
        """Create-Resource, Send-Resource-Data and Install-Resource. If one of the last two fails, it is canceled."""
        if isinstance(data, (str, Path)):
            data = await self._tasks.core.shell.call(Path(data).read_bytes)
        language = given.get("language")
        described = _group({"resource_natural_language": language, **attributes})
        answer = await self.ask(operations.create_resource, resource_type=kind, resource=described or None)
        made = _first(answer, DelimiterTag.RESOURCE)
        number = int_of(made, "resource-id")
        if number is None or data is None:
            return made
        accepted = answer.groups[0].get("resource-format-accepted")
        formats = [] if accepted is None else [str(value) for value in accepted.values]
        try:
            await self.ask(
                operations.send_resource_data,
                number,
                outgoing=Outgoing(data),
                resource_format=given.get("document_format") or _format(data, formats),
                resource_natural_language=language,
            )
            if install:
                await self.ask(operations.install_resource, number)
        except BaseException:
            with suppress(Exception):
                message = operations.cancel_resource(self.uri, number, **self._tasks.options())
                await self._tasks.ask(message, timeouts=QUICK, target=_PATH)
            raise
        return await self.resource(number, ())

    async def resource(self, number: int, names: Sequence[str]) -> AttributeGroup:
        """Get-Resource-Attributes."""
        answer = await self.ask(operations.get_resource_attributes, number, requested_attributes=list(names) or None)
        return _first(answer, DelimiterTag.RESOURCE)

    async def resources(
        self, printer_id: int | None, filters: Mapping[str, Any], names: Sequence[str]
    ) -> list[AttributeGroup]:
        """Get-Resources, or Get-Printer-Resources."""
        asked = list(names) or None
        if printer_id is None:
            answer = await self.ask(operations.get_resources, requested_attributes=asked, **filters)
        else:
            answer = await self.ask(operations.get_printer_resources, printer_id=printer_id, requested_attributes=asked)
        return answer.groups_of(DelimiterTag.RESOURCE)

    async def set_resource(self, number: int, attributes: Mapping[str, object]) -> None:
        """Set-Resource-Attributes."""
        await self.ask(operations.set_resource_attributes, number, resource=_group(attributes))

    async def install_resource(self, number: int) -> None:
        """Install-Resource."""
        await self.ask(operations.install_resource, number)

    async def cancel_resource(self, number: int) -> None:
        """Cancel-Resource."""
        await self.ask(operations.cancel_resource, number)

    async def allocate(self, printer_id: int, numbers: Sequence[int]) -> None:
        """Allocate-Printer-Resources."""
        await self.ask(operations.allocate_printer_resources, list(numbers), printer_id=printer_id)

    async def deallocate(self, printer_id: int, numbers: Sequence[int]) -> None:
        """Deallocate-Printer-Resources."""
        await self.ask(operations.deallocate_printer_resources, list(numbers), printer_id=printer_id)

    # Events.

    async def watch(
        self,
        events: Iterable[str],
        printer_ids: Sequence[int],
        resource_id: int | None,
        timeout: float | None,
    ) -> AsyncGenerator[AttributeGroup, None]:
        """The System's state, then its events. The subscription is renewed while it is used, and then canceled."""
        template = {
            "notify-pull-method": "ippget",
            "notify-events": list(events),
            "notify-lease-duration": _LEASE,
        }
        if resource_id is not None:
            answer = await self.ask(operations.create_resource_subscriptions, resource_id, subscription=template)
        else:
            ids = {"notify-printer-ids": list(printer_ids)} if printer_ids else {}
            answer = await self.ask(
                operations.create_system_subscriptions, subscription=template, operation_attributes=ids
            )
        number = int_of(_first(answer, DelimiterTag.SUBSCRIPTION), "notify-subscription-id")
        if number is None:
            return
        end, renewed, first = None if timeout is None else time.monotonic() + timeout, time.monotonic(), 1
        try:
            yield await self.attributes(_STATE)
            while True:
                now = time.monotonic()
                if now - renewed > _LEASE / 2:
                    await self.ask(operations.renew_subscription, number, notify_lease_duration=_LEASE)
                    renewed = now
                answer = await self._events(number, first, end)
                for group in answer.groups_of(DelimiterTag.EVENT_NOTIFICATION):
                    first = (int_of(group, "notify-sequence-number") or first) + 1
                    yield group
                if answer.code == Status.SUCCESSFUL_OK_EVENTS_COMPLETE:
                    return
                if end is not None and time.monotonic() >= end:
                    return
                if time.monotonic() - now < 1.0 and not answer.groups_of(DelimiterTag.EVENT_NOTIFICATION):
                    left = _PAUSE if end is None else max(0.0, min(_PAUSE, end - time.monotonic()))
                    await self._tasks.core.shell.sleep(left)  # the System does not wait for events
        finally:
            message = operations.cancel_subscription(self.uri, number, **self._tasks.options())
            with suppress(Exception):
                await self._tasks.ask(message, timeouts=QUICK, target=_PATH)

    async def _events(self, number: int, first: int, end: float | None) -> Message:
        wait = end is None or end - time.monotonic() > _WAIT
        message = operations.get_notifications(
            self.uri, number, notify_sequence_numbers=first, notify_wait=wait, **self._tasks.options()
        )
        timeouts = replace(self._tasks.core.timeouts, first_octet=_WAIT, idle=_WAIT)
        return await self._tasks.ask(message, timeouts=timeouts, target=_PATH)


def _first(answer: Message, tag: DelimiterTag) -> AttributeGroup:
    return next(iter(answer.groups_of(tag)), AttributeGroup(tag))


def _format(head: bytes, accepted: Sequence[str]) -> str:
    """The format of data: as their first octets show, if that is accepted, otherwise the first accepted one."""
    found = sniff(head)
    return found if found in accepted or not accepted else accepted[0]
