"""The resources of a system in memory.

The rule of this file: it keeps the promises of `seam` in the simplest way, with one lock for everything.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

from ippfast.enums import ResourceState

from .limits import UNLIMITED, LimitReached, Limits
from .memory_subscriptions import MemorySubscriptions
from .rows import NewDocument, NewResource, NewSubscription, Resource, ResourceChanges, Subscription
from .tokens import uuid_urn

__all__ = ["MemoryResources"]

_REMEMBERED = 100
_CHANGED = ("resource-state-changed",)
_CANCEL = "cancel-requested"


class MemoryResources(MemorySubscriptions):
    """The part of the store that `Resources` promises."""

    def create_resource(
        self,
        new: NewResource,
        subscriptions: Sequence[NewSubscription] = (),
        *,
        limits: Limits = UNLIMITED,
        tell: Sequence[str] = ("resource-created",),
    ) -> tuple[Resource, list[Subscription | None]]:
        """As `Resources.create_resource`."""
        with self._kept.lock:
            now, kept = self.now(), self._kept.resources
            if limits.resources is not None and sum(not each.ended for each in kept.values()) >= limits.resources:
                raise LimitReached("resources", limits.resources)
            made = Resource(
                id=self._kept.next("resource"),
                uuid=uuid_urn(),
                type=new.type,
                user=new.user,
                name=new.name,
                info=new.info,
                language=new.language,
                state=ResourceState.PENDING,
                reasons=("resource-incoming",),
                message="",
                format="",
                key="",
                octets=0,
                created=now,
                installed=None,
                canceled=None,
                uses=0,
                ticket=b"",
            )
            kept[made.id] = made
            for each in [each for each in kept.values() if each.ended][:-_REMEMBERED]:
                del kept[each.id]
            wanted = [replace(each, resource_id=made.id) for each in subscriptions]
            begun = self._subscribe(wanted, None, limits, now)
            self._tell(tell, None, now, made)
            return made, begun

    def attach_resource(self, resource_id: int, data: NewDocument, tell: Sequence[str] = _CHANGED) -> Resource | None:
        """As `Resources.attach_resource`."""
        with self._kept.lock:
            found = self._kept.resources.get(resource_id)
            if found is None or found.state != ResourceState.PENDING:
                return None
            self._check_fences([data])
            self._take(data)
            return self._change_resource(
                found,
                tell,
                state=ResourceState.AVAILABLE,
                reasons=("none",),
                format=data.format,
                key=data.key,
                octets=data.octets,
                ticket=data.ticket,
            )

    def change_resource(
        self,
        resource_id: int,
        states: Sequence[ResourceState],
        *,
        tell: Sequence[str] = (),
        **changes: Unpack[ResourceChanges],
    ) -> Resource | None:
        """As `Resources.change_resource`."""
        with self._kept.lock:
            found = self._kept.resources.get(resource_id)
            if found is None or found.state not in states:
                return None
            columns: dict[str, Any] = dict(changes)
            if columns.get("state") == ResourceState.INSTALLED:
                columns["installed"] = self.now()
            return self._change_resource(found, tell, **columns)

    def _change_resource(self, found: Resource, tell: Sequence[str], **columns: Any) -> Resource:
        now = self.now()
        changed = self._kept.resources[found.id] = replace(found, **columns)
        self._tell(tell, None, now, changed)
        if changed.ended:
            self._end_heard(now, resource_id=changed.id)
        return changed

    def cancel_resource(self, resource_id: int, message: str = "") -> tuple[Resource | None, list[str]]:
        """As `Resources.cancel_resource`."""
        with self._kept.lock:
            found = self._kept.resources.get(resource_id)
            if found is None or found.ended:
                return None, []
            if found.uses:
                return self._change_resource(found, _CHANGED, reasons=(_CANCEL,), message=message), []
            return self._cancel(found, message)

    def _cancel(self, found: Resource, message: str) -> tuple[Resource, list[str]]:
        self._kept.contents.pop(found.key, None)
        canceled = self._change_resource(
            found,
            ("resource-canceled",),
            state=ResourceState.CANCELED,
            reasons=("job-canceled-by-operator",),
            message=message,
            canceled=self.now(),
            installed=None,
            key="",
        )
        return canceled, [found.key] if found.key else []

    def allocate(self, printer: str, resource_ids: Sequence[int], *, most: int | None = None) -> bool:
        """As `Resources.allocate`."""
        with self._kept.lock:
            for number in resource_ids:
                found = self._kept.resources.get(number)
                if found is None or found.state != ResourceState.INSTALLED or _CANCEL in found.reasons:
                    return False
            had = self._kept.allocations.get(printer, [])
            new = [number for number in dict.fromkeys(resource_ids) if number not in had]
            if most is not None and len(had) + len(new) > most:
                raise LimitReached("printer_resources", most)
            self._kept.allocations[printer] = sorted([*had, *new])
            for number in new:
                self._use(number, 1)
            return True

    def deallocate(self, printer: str, resource_ids: Sequence[int] | None = None) -> tuple[bool, list[str]]:
        """As `Resources.deallocate`."""
        with self._kept.lock:
            had = self._kept.allocations.get(printer, [])
            numbers = had if resource_ids is None else list(dict.fromkeys(resource_ids))
            if not set(numbers) <= set(had):
                return False, []
            self._kept.allocations[printer] = [number for number in had if number not in numbers]
            keys: list[str] = []
            for number in numbers:
                found = self._use(number, -1)
                if not found.uses and _CANCEL in found.reasons:
                    keys += self._cancel(found, found.message)[1]
            return True, keys

    def _use(self, number: int, by: int) -> Resource:
        found = self._kept.resources[number]
        found = self._kept.resources[number] = replace(found, uses=found.uses + by)
        return found

    def resource(self, resource_id: int) -> Resource | None:
        """As `Resources.resource`."""
        return self._kept.resources.get(resource_id)

    def resources(self) -> list[Resource]:
        """As `Resources.resources`."""
        with self._kept.lock:
            return list(self._kept.resources.values())

    def allocated(self) -> dict[str, tuple[int, ...]]:
        """As `Resources.allocated`."""
        with self._kept.lock:
            return {printer: tuple(numbers) for printer, numbers in self._kept.allocations.items() if numbers}
