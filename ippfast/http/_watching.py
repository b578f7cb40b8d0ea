"""Following a job or a printer: subscriptions where the printer has them, questions where not (RFC 3995, RFC 3996).

The rule of this file: as in `_core.py`, coroutines that await the core and its shell alone. Nothing is told twice, and
nothing that a printer told is left out. A subscription is renewed while it is used, and canceled after it.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar

from .. import operations
from ..codec import AttributeGroup, Message
from ..enums import PrinterState, Status
from ..tags import DelimiterTag
from ._core import Channel
from ._outgoing import Outgoing
from ._tasks import JOB_ATTRIBUTES, QUICK, Tasks
from .errors import ConnectionLostError, PhaseTimeoutError
from .events import EndOfMessage, FurtherMessage
from .jobs import Notification, OperationError, int_of, job_state, reasons_of, text_of

__all__ = ["watch"]

_Channel = TypeVar("_Channel", bound=Channel)
_Result = TypeVar("_Result")

_JOB_EVENTS = ("job-state-changed",)
_PRINTER_EVENTS = ("printer-state-changed", "job-state-changed")
_PRINTER_ATTRIBUTES = ("printer-state", "printer-state-reasons", "printer-state-message")

_LEASE = 600
"""Seconds; after so many a printer forgets whom nothing is heard of."""

_WAIT = 300.0
"""Seconds for which a printer that waits for events (event wait mode) may be silent. Then it is asked again."""

_FIRST_PAUSE = 0.5
_ATTEMPTS = 5
"""So often a printer that cannot be reached is asked again, after 1, 2, 4, ... seconds."""

_ENDED_JOBS = 50
"""So many of the jobs that have ended are looked at, for some end between two looks."""

_GONE = (Status.CLIENT_ERROR_NOT_FOUND, Status.CLIENT_ERROR_GONE)


class _Subscription(NamedTuple):
    id: int
    lease: int  # seconds; 0: for ever, or as long as the job


async def watch(
    tasks: Tasks[_Channel], job_id: int | None, events: Iterable[str], interval: float
) -> AsyncGenerator[Notification, None]:
    """As `Client.watch`."""
    if interval <= 0:
        raise ValueError(f"interval is a number of seconds, not {interval}")
    watcher = _Watcher(
        tasks, job_id, list(events) or list(_JOB_EVENTS if job_id is not None else _PRINTER_EVENTS), interval
    )
    try:
        # In this order nothing that happens in between is lost.
        await watcher.subscribe()
        now = await watcher.state()
        if watcher.subscription is None:
            await watcher.look_at_jobs()
        yield now
        if now.ended:
            return
        if watcher.subscription is not None:
            async with aclosing(watcher.pull(now)) as notifications:
                async for notification in notifications:
                    yield notification
            if watcher.subscription is None:  # not any more: what its jobs were until now has been told
                await watcher.look_at_jobs()
        if watcher.subscription is None:
            async with aclosing(watcher.poll(now)) as notifications:
                async for notification in notifications:
                    yield notification
    finally:
        await watcher.unsubscribe()


class _Watcher(Generic[_Channel]):
    def __init__(self, tasks: Tasks[_Channel], job_id: int | None, events: list[str], interval: float) -> None:
        self.subscription: _Subscription | None = None
        self._tasks = tasks
        self._job_id = job_id
        self._events = events
        self._interval = interval
        self._next_number = 1
        self._renewed = 0.0
        self._known_jobs: dict[int, Notification] = {}

    # The subscription.

    async def subscribe(self) -> None:
        """Subscribe, where the printer has subscriptions, and events to be fetched."""
        template: dict[str, object] = {"notify-pull-method": "ippget", "notify-events": self._events}
        uri, options = self._tasks.uri, self._tasks.options()
        if self._job_id is None:
            template["notify-lease-duration"] = _LEASE
            message = operations.create_printer_subscriptions(uri, subscription=template, **options)
        else:
            message = operations.create_job_subscriptions(uri, self._job_id, subscription=template, **options)
        self.subscription, self._next_number, self._renewed = None, 1, time.monotonic()
        with contextlib.suppress(OperationError):  # then it is asked
            response = await self._tasks.ask(message)
            for group in response.groups_of(DelimiterTag.SUBSCRIPTION):
                number = int_of(group, "notify-subscription-id")
                if number is not None:
                    lease = int_of(group, "notify-lease-duration")
                    default = _LEASE if self._job_id is None else 0
                    self.subscription = _Subscription(number, default if lease is None else max(0, lease))

    async def unsubscribe(self) -> None:
        """Cancel the subscription; a job's ends with the job."""
        subscription, self.subscription = self.subscription, None
        if subscription is not None:
            message = operations.cancel_subscription(self._tasks.uri, subscription.id, **self._tasks.options())
            with contextlib.suppress(Exception):
                await self._tasks.ask(message, timeouts=QUICK)

    async def _renew(self, subscription: _Subscription) -> None:
        """Renew the lease when half of it has passed."""
        if subscription.lease and time.monotonic() - self._renewed >= subscription.lease / 2:
            message = operations.renew_subscription(
                self._tasks.uri, subscription.id, notify_lease_duration=subscription.lease, **self._tasks.options()
            )
            await self._tasks.ask(message)
            self._renewed = time.monotonic()

    # Events.

    async def pull(self, now: Notification) -> AsyncGenerator[Notification, None]:
        """Fetch events until the job has ended, or there is no subscription any more."""
        failures = 0
        gone = False  # the subscription of the round before
        last: Notification | None = None
        while (subscription := self.subscription) is not None:
            count, pause, complete = 0, None, False
            began = time.monotonic()
            try:
                await self._renew(subscription)
                async with aclosing(self._answers(subscription, wait=last is None)) as answers:
                    async for answer in answers:
                        failures, gone = 0, False
                        complete = answer.code == Status.SUCCESSFUL_OK_EVENTS_COMPLETE
                        pause = int_of(answer.groups[0], "notify-get-interval") if answer.groups else None
                        for group in answer.groups_of(DelimiterTag.EVENT_NOTIFICATION):
                            notification = _notification(group)
                            if self._is_new(notification):
                                count += 1
                                yield notification
                                if self._job_id is not None and notification.ended:
                                    return
            except PhaseTimeoutError as error:
                if error.phase == "connect":
                    failures = await self._pause_after(error, failures)
            except (OSError, ConnectionLostError) as error:
                failures = await self._pause_after(error, failures)
            except OperationError as error:
                if last is not None:
                    pass  # the end is known; the subscription may have gone with the job
                elif error.status in _GONE:
                    if gone:  # its subscriptions never hold: it is asked how things are instead
                        await self.unsubscribe()
                        return
                    gone = True
                    await self.subscribe()
                    continue
                elif error.status == Status.SERVER_ERROR_BUSY:
                    pause = int_of(error.response.groups[0], "notify-get-interval") if error.response.groups else None
                else:
                    raise
            if self._job_id is not None and not count:
                # Its last event may not be one of those that were asked for, or have come since they were fetched.
                if last is not None:
                    yield replace(last, event="job-completed")
                    return
                state = await self.state()
                if state.ended:
                    last = state
                    continue
            if complete:
                await self.subscribe()
            if pause is not None or time.monotonic() - began < 1.0:
                await self._sleep(min(self._interval, 1.0 if pause is None else max(0.1, float(pause))))

    async def _answers(self, subscription: _Subscription, *, wait: bool) -> AsyncGenerator[Message, None]:
        """What one Get-Notifications brings: one message, or one for each event while the printer waits for more."""
        message = operations.get_notifications(
            self._tasks.uri,
            subscription.id,
            notify_sequence_numbers=self._next_number,
            notify_wait=wait,
            **self._tasks.options(),
        )
        core = self._tasks.core
        silence = min(_WAIT, subscription.lease / 2) if subscription.lease else _WAIT
        timeouts = replace(core.timeouts, first_octet=silence, idle=silence)
        channel, response = await core.ask(message, Outgoing(None), timeouts=timeouts, in_parts=wait)
        ended = False
        try:
            answer = response.message
            assert answer is not None
            if answer.code >= 0x0100:
                raise OperationError(answer)
            yield answer
            while not ended:
                event = await channel.next_event("idle")
                ended = isinstance(event, EndOfMessage)
                if isinstance(event, FurtherMessage):
                    yield event.message
        finally:
            if ended:
                core.keep(channel)
            else:
                channel.close()

    def _is_new(self, notification: Notification) -> bool:
        number = notification.sequence_number
        if number is None:
            return True
        if number < self._next_number:
            return False
        self._next_number = number + 1
        return True

    async def _sleep(self, seconds: float) -> None:
        await self._tasks.core.shell.sleep(seconds)

    async def _pause_after(self, error: Exception, failures: int) -> int:
        if failures >= _ATTEMPTS:
            raise error
        await self._sleep(2.0**failures)
        return failures + 1

    # Questions.

    async def state(self) -> Notification:
        """How things are."""
        if self._job_id is not None:
            return _of_job(None, self._job_id, await self._tasks.job(self._job_id, JOB_ATTRIBUTES))
        return _of_printer(None, await self._tasks.attributes(_PRINTER_ATTRIBUTES))

    async def poll(self, now: Notification) -> AsyncGenerator[Notification, None]:
        """Ask again and again, less often while nothing happens, and tell what has changed."""
        pause = _FIRST_PAUSE
        while not now.ended:
            await self._sleep(pause)
            changes: list[Notification] = []
            new = await self._patiently(self.state)
            if _differ(new, now):
                kind = "printer-state-changed" if self._job_id is None else _job_event(new)
                changes.append(replace(new, event=kind))
            now = new
            if self._job_id is None:
                changes += await self._job_changes()
            for change in changes:
                yield change
            pause = _FIRST_PAUSE if changes else min(1.5 * pause, self._interval)

    async def _jobs(self) -> dict[int, Notification]:
        """The jobs, where anyone wants to know: those that have not ended, and the last that have."""
        if not any(event.startswith("job-") for event in self._events):
            return {}
        found = await self._tasks.jobs("not-completed", False, None, JOB_ATTRIBUTES)
        # In this order none slips through. Not every printer remembers jobs.
        with contextlib.suppress(OperationError):
            found += await self._tasks.jobs("completed", False, _ENDED_JOBS, JOB_ATTRIBUTES)
        return {job_id: _of_job(None, job_id, group) for job_id, group in found}

    async def look_at_jobs(self) -> None:
        """Remember the printer's jobs."""
        if self._job_id is None:
            self._known_jobs = await self._patiently(self._jobs)

    async def _job_changes(self) -> list[Notification]:
        """What happened to the printer's jobs. One that has vanished before it ended has ended somehow."""
        known, self._known_jobs = self._known_jobs, await self._patiently(self._jobs)
        changes = []
        for job_id in sorted(known.keys() | self._known_jobs.keys()):
            before, job = known.get(job_id), self._known_jobs.get(job_id)
            if job is None:
                if before is None or before.ended:
                    continue
                try:
                    job = _of_job(None, job_id, await self._tasks.job(job_id, JOB_ATTRIBUTES))
                except OperationError:  # the printer has forgotten it, and so how it ended
                    job = replace(before, state=None, reasons=(), text=None)
                changes.append(replace(job, event="job-completed"))
            elif before is None:
                changes.append(replace(job, event="job-completed" if job.ended else "job-created"))
            elif _differ(job, before):
                changes.append(replace(job, event=_job_event(job)))
        return changes

    async def _patiently(self, ask: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        """Ask; again where the printer cannot be reached."""
        failures = 0
        while True:
            try:
                return await ask()
            except (OSError, ConnectionLostError) as error:
                failures = await self._pause_after(error, failures)


def _notification(group: AttributeGroup) -> Notification:
    """An event that a printer told (RFC 3995 section 9.1)."""
    event = text_of(group, "notify-subscribed-event")
    job_id = int_of(group, "notify-job-id")
    made = _of_printer(event, group) if job_id is None else _of_job(event, job_id, group)
    return replace(
        made,
        text=text_of(group, "notify-text") or made.text,
        sequence_number=int_of(group, "notify-sequence-number"),
    )


def _of_job(event: str | None, job_id: int, group: AttributeGroup) -> Notification:
    reasons, text = reasons_of(group, "job-state-reasons"), text_of(group, "job-state-message")
    return Notification(event, job_id, job_state(group), reasons, text, None, group)


def _of_printer(event: str | None, group: AttributeGroup) -> Notification:
    number = int_of(group, "printer-state")
    state = None if number is None else PrinterState.coerce(number)
    reasons, text = reasons_of(group, "printer-state-reasons"), text_of(group, "printer-state-message")
    return Notification(event, None, state, reasons, text, None, group)


def _differ(one: Notification, other: Notification) -> bool:
    return (one.state, one.reasons, one.text) != (other.state, other.reasons, other.text)


def _job_event(job: Notification) -> str:
    """The keyword of what happened to a job that was asked for."""
    return "job-completed" if job.ended else "job-state-changed"
