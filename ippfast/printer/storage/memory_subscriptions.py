"""Subscriptions and events in memory.

The rule of this file: it keeps the promises of `seam` in the simplest way, with one lock for everything. Each
subscription has its own copies of events.
"""

from collections.abc import Sequence
from dataclasses import replace

from ippfast.enums import JobState, PrinterState, ResourceState

from .limits import UNLIMITED, Limits
from .memory_kept import Heard, MemoryQueue
from .rows import SYSTEM, Event, Job, NewSubscription, QueueState, Resource, Subscription, Told, told_as
from .tokens import uuid_urn

__all__ = ["MemorySubscriptions"]


class MemorySubscriptions(MemoryQueue):
    """The part of the store that `Subscriptions` promises."""

    life = 300

    def subscribe(
        self, new: Sequence[NewSubscription], *, job_id: int | None = None, limits: Limits = UNLIMITED
    ) -> list[Subscription | None] | None:
        """As `Subscriptions.subscribe`."""
        with self._kept.lock:
            if job_id is not None and (job_id not in self._jobs or self._jobs[job_id].ended):
                return None
            return self._subscribe(new, job_id, limits, self.now())

    def _alive(self) -> list[Subscription]:
        now = self.now()
        found = [heard.subscription for heard in self._heard.values()]
        return [each for each in found if each.expires is None or each.expires > now]

    def subscription(self, subscription_id: int) -> Subscription | None:
        """As `Subscriptions.subscription`."""
        with self._kept.lock:
            return next((each for each in self._alive() if each.id == subscription_id), None)

    def subscriptions(
        self, *, job_id: int | None = None, user: str | None = None, limit: int | None = None
    ) -> list[Subscription]:
        """As `Subscriptions.subscriptions`."""
        with self._kept.lock:
            return [each for each in self._alive() if each.job_id == job_id and user in (None, each.user)][:limit]

    def count_subscriptions(self) -> int:
        """As `Subscriptions.count_subscriptions`."""
        with self._kept.lock:
            return len(self._alive())

    def renew(self, subscription_id: int, lease: int) -> Subscription | None:
        """As `Subscriptions.renew`."""
        with self._kept.lock:
            found = self.subscription(subscription_id)
            if found is None or found.job_id is not None or found.ended:
                return None
            renewed = replace(found, lease=lease, expires=self.now() + lease if lease else None)
            self._heard[found.id].subscription = renewed
            return renewed

    def unsubscribe(self, subscription_id: int) -> bool:
        """As `Subscriptions.unsubscribe`."""
        with self._kept.lock:
            return self._heard.pop(subscription_id, None) is not None

    def sequence(self, subscription: Subscription) -> int:
        """As `Subscriptions.sequence`."""
        with self._kept.lock:
            heard = self._heard.get(subscription.id)
            return 0 if heard is None else heard.sequence

    def events(self, subscription: Subscription, first: int = 1) -> list[Event]:
        """As `Subscriptions.events`."""
        with self._kept.lock:
            heard = self._heard.get(subscription.id)
            oldest = self.now() - self.life
            events = [] if heard is None else heard.events
            return [event for event in events if event.number >= first and event.created >= oldest]

    def expire(self) -> None:
        """As `Subscriptions.expire`."""
        with self._kept.lock:
            alive = {each.id for each in self._alive()}
            oldest = self.now() - self.life
            self._heard = {number: heard for number, heard in self._heard.items() if number in alive}
            for heard in self._heard.values():
                heard.events = [event for event in heard.events if event.created >= oldest]

    # With the lock held.

    def _subscribe(
        self, new: Sequence[NewSubscription], job_id: int | None, limits: Limits, now: float
    ) -> list[Subscription | None]:
        self.expire()
        made: list[Subscription | None] = []
        for each in new:
            own = sum(heard.subscription.user == each.user for heard in self._heard.values())
            if (limits.subscriptions is not None and len(self._heard) >= limits.subscriptions) or (
                limits.user_subscriptions is not None and own >= limits.user_subscriptions
            ):
                made.append(None)
                continue
            subscription = Subscription(
                id=self._kept.next("subscription"),
                uuid=uuid_urn(),
                job_id=job_id,
                expires=now + each.lease if each.lease else None,
                ended=False,
                **{name: getattr(each, name) for name in NewSubscription.__dataclass_fields__},
            )
            self._heard[subscription.id] = Heard(subscription)
            made.append(subscription)
        if new and self.name == SYSTEM:
            self._kept.system = self._system_state()
        return made

    def _tell(self, names: Sequence[str | Told], job: Job | None, now: float, resource: Resource | None = None) -> None:
        system = self._kept.queues.get(SYSTEM)
        for told in names:
            name, printer = (told, self.name) if isinstance(told, str) else told
            if name == "printer-created":
                self._kept.printers.add(printer)
            elif name == "printer-deleted":
                self._kept.printers.discard(printer)
            state: QueueState | PrinterState = self.state()
            if printer == SYSTEM:
                state = self._system_state()
            elif isinstance(told, Told):
                state = QueueState({"paused": 1, "accepting": 0} if name == "printer-deleted" else {})
            about = job if name.startswith("job-") else None
            for queue in {id(each): each for each in (self, system) if each is not None}.values():
                queue._hear(_event(name, now, printer, state, about, resource))
        if names and system is not None:
            system._follow_system(now)

    def _hear(self, event: Event) -> None:
        for heard in self._heard.values():
            subscription = heard.subscription
            if (
                not subscription.ended
                and subscription.job_id in (None, event.job_id)
                and subscription.resource_id in (None, event.resource_id)
                and (not subscription.printers or event.printer in subscription.printers)
                and event.name in told_as(subscription.events)
            ):
                heard.sequence += 1
                heard.events.append(replace(event, number=heard.sequence))

    def _system_state(self) -> PrinterState:
        queues = self._kept.queues
        if any(queue.state().processing for queue in queues.values()):
            return PrinterState.PROCESSING
        idle = any(name not in queues or not queues[name].state().paused for name in self._kept.printers)
        return PrinterState.IDLE if idle else PrinterState.STOPPED

    def _follow_system(self, now: float) -> None:
        before, after = self._kept.system, self._system_state()
        self._kept.system = after
        if before not in (None, after):
            name = "system-stopped" if after == PrinterState.STOPPED else "system-state-changed"
            self._hear(_event(name, now, SYSTEM, after, None, None))

    def _end_heard(self, now: float, *, job_id: int | None = None, resource_id: int | None = None) -> None:
        """End the subscriptions to a job or a resource that has ended."""
        for heard in self._heard.values():
            each = heard.subscription
            mine = each.resource_id == resource_id if job_id is None else each.job_id == job_id
            if mine and not each.ended:
                heard.subscription = replace(each, ended=True, expires=now + self.life)


def _event(
    name: str,
    now: float,
    printer: str,
    state: QueueState | PrinterState,
    job: Job | None,
    resource: Resource | None,
) -> Event:
    reasons: tuple[str, ...] = ()
    if isinstance(state, QueueState):
        reasons = ("deleted",) if name == "printer-deleted" else state.reasons
    return Event(
        number=0,
        name=name,
        created=now,
        printer=printer,
        printer_state=state.state if isinstance(state, QueueState) else state,
        printer_reasons=reasons,
        accepting=state.accepting if isinstance(state, QueueState) else True,
        job_id=None if job is None else job.id,
        job_uuid="" if job is None else job.uuid,
        job_state=JobState.PENDING if job is None else job.state,
        job_reasons=() if job is None else job.reasons,
        job_message="" if job is None else job.message,
        job_name="" if job is None else job.name,
        job_user="" if job is None else job.user,
        job_octets=0 if job is None else job.octets,
        job_documents=0 if job is None else job.documents,
        resource_id=None if resource is None else resource.id,
        resource_state=ResourceState.PENDING if resource is None else resource.state,
        resource_reasons=() if resource is None else resource.reasons,
        job_impressions=0 if job is None else job.impressions,
    )
