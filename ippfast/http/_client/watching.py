"""Following a job or a printer: by subscriptions if the printer has them (RFC 3995, RFC 3996), otherwise by polling.

The rule of this file: as in `core.py`, its coroutines await only the core and its shell. Nothing is reported twice, and
no event of a printer is left out. A subscription is renewed while it is used, and then canceled.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar

from ... import operations
from ...codec import AttributeGroup, Message
from ...enums import PrinterState, Status
from ...tags import DelimiterTag
from ..errors import ConnectionLostError, PhaseTimeoutError, StatusError
from ..events import EndOfMessage, FurtherMessage
from ..jobs import (
    GONE,
    TELLS_NOTHING,
    WITHOUT_STATE,
    Notification,
    OperationError,
    Told,
    int_of,
    job_state,
    reasons_of,
    text_of,
)
from .channels import Channel
from .outgoing import Outgoing
from .tasks import JOB_ATTRIBUTES, QUICK, Tasks, can_be_asked

__all__ = ["watch"]

_Channel = TypeVar("_Channel", bound=Channel)
_Result = TypeVar("_Result")

_JOB_EVENTS = ("job-state-changed",)
_PRINTER_EVENTS = ("printer-state-changed", "job-state-changed")
_PRINTER_ATTRIBUTES = ("printer-state", "printer-state-reasons", "printer-state-message")

_LEASE = 600
"""The lease of a subscription in seconds. The printer forgets it then, if it is not renewed."""

_WAIT = 300.0
"""How many seconds a printer that waits for events (event wait mode) may be silent before it is asked again."""

_FIRST_PAUSE = 0.5
_ATTEMPTS = 5
"""How many times a printer that cannot be reached is asked again: after 1, 2, 4, ... seconds."""

_ENDED_JOBS = 50
"""How many of the ended jobs are asked for, since a job may end between two polls."""


_DENIED = frozenset({401, 403})
_REFUSED = frozenset(
    {
        Status.CLIENT_ERROR_FORBIDDEN,
        Status.CLIENT_ERROR_NOT_AUTHENTICATED,
        Status.CLIENT_ERROR_NOT_AUTHORIZED,
        Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED,
    }
)
"""The statuses of HTTP, and the status-codes of IPP, that refuse events to a user who may still poll a job's state."""


class _Subscription(NamedTuple):
    id: int
    lease: int  # seconds; 0: for ever, or as long as the job


async def watch(
    tasks: Tasks[_Channel], job: Told | None, events: Iterable[str], interval: float, timeout: float | None = None
) -> AsyncGenerator[Notification, None]:
    """As `Client.watch`."""
    if interval <= 0:
        raise ValueError(f"interval is a number of seconds, not {interval}")
    if job is not None and not can_be_asked(job):
        yield _of_job(None, None, job.attributes)
        return
    wanted = list(events) or list(_PRINTER_EVENTS if job is None else _JOB_EVENTS)
    watcher = _Watcher(tasks, job, wanted, interval, timeout)
    try:
        # First the subscription, then the state: so nothing that happens in between is lost.
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
            if watcher.subscription is None:  # it has ended; the changes of jobs until now have been reported
                await watcher.look_at_jobs()
        if watcher.subscription is None:
            async with aclosing(watcher.poll(now)) as notifications:
                async for notification in notifications:
                    yield notification
    finally:
        await watcher.unsubscribe()


class _Watcher(Generic[_Channel]):
    """Follows one job, or the printer. subscription: None if the printer is polled."""

    def __init__(
        self, tasks: Tasks[_Channel], job: Told | None, events: list[str], interval: float, timeout: float | None
    ) -> None:
        self.subscription: _Subscription | None = None
        self._tasks = tasks
        self._job = job
        self._silent = 0  # how many responses in a row had no job-state
        self._events = events
        self._interval = interval
        self._end = None if timeout is None else time.monotonic() + timeout
        self._next_number = 1
        self._renewed = 0.0
        self._known_jobs: dict[int, Notification] = {}

    # The subscription.

    async def subscribe(self) -> None:
        """Subscribe, if the printer has subscriptions whose events can be fetched."""
        template: dict[str, object] = {"notify-pull-method": "ippget", "notify-events": self._events}
        self.subscription, self._next_number, self._renewed = None, 1, time.monotonic()
        uri, options = self._tasks.uri, self._tasks.options()
        if self._job is None:
            template["notify-lease-duration"] = _LEASE
            message = operations.create_printer_subscriptions(uri, subscription=template, **options)
        elif self._job.id is None:
            return  # Create-Job-Subscriptions needs a job-id (RFC 3995 section 11.1.1.1)
        else:
            message = operations.create_job_subscriptions(uri, self._job.id, subscription=template, **options)
        try:
            response = await self._tasks.ask(message)
        except OperationError:
            return  # then it is polled
        except StatusError as error:
            if self._job is None or error.status not in _DENIED:
                raise
            return
        for group in response.groups_of(DelimiterTag.SUBSCRIPTION):
            number = int_of(group, "notify-subscription-id")
            if number is not None:
                lease = int_of(group, "notify-lease-duration")
                default = _LEASE if self._job is None else 0
                self.subscription = _Subscription(number, default if lease is None else max(0, lease))

    async def unsubscribe(self) -> None:
        """Cancel the subscription, if there is one."""
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
        """Fetch events until the job has ended, or the subscription has."""
        failures = 0
        gone = False  # whether the subscription was gone in the last round
        last: Notification | None = None
        while (subscription := self.subscription) is not None and not self._is_over:
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
                            if self._is_new(notification) and self._is_about(notification):
                                count += 1
                                yield notification
                                if self._job is not None and notification.ended:
                                    return
            except PhaseTimeoutError as error:
                if error.phase == "connect":
                    failures = await self._pause_after(error, failures)
            except (OSError, ConnectionLostError) as error:
                failures = await self._pause_after(error, failures)
            except OperationError as error:
                if last is not None:
                    pass  # the end is known; the subscription may have gone with the job
                elif error.status in GONE:
                    if gone:  # its subscriptions never last: poll instead
                        await self.unsubscribe()
                        return
                    gone = True
                    await self.subscribe()
                    continue
                elif error.status == Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED:
                    await self.unsubscribe()  # their events cannot be fetched: poll instead
                    return
                elif error.status == Status.SERVER_ERROR_BUSY:
                    pause = int_of(error.response.groups[0], "notify-get-interval") if error.response.groups else None
                elif self._job is not None and error.status in _REFUSED:
                    await self.unsubscribe()
                    return
                else:
                    raise
            except StatusError as error:
                if self._job is None or error.status not in _DENIED:
                    raise
                await self.unsubscribe()
                return
            if count:
                self._silent = 0
            elif self._job is not None:
                # Its last event may not be one that was subscribed to, or may have come since events were fetched.
                if last is not None:
                    yield replace(last, event="job-completed")
                    return
                state = await self.state()
                if state.ended:
                    last = state
                    if self._is_over:  # there is no time to fetch its last event
                        yield replace(last, event="job-completed")
                    continue
                if self.tells_nothing:
                    return
            if complete:
                await self.subscribe()
            if pause is not None or time.monotonic() - began < 1.0:
                await self._sleep(min(self._interval, 1.0 if pause is None else max(0.1, float(pause))))

    async def _answers(self, subscription: _Subscription, *, wait: bool) -> AsyncGenerator[Message, None]:
        """The responses to one Get-Notifications: one, or one for each event while the printer waits for more."""
        message = operations.get_notifications(
            self._tasks.uri,
            subscription.id,
            notify_sequence_numbers=self._next_number,
            notify_wait=wait,
            **self._tasks.options(),
        )
        core = self._tasks.core
        silence = self._left(min(_WAIT, subscription.lease / 2) if subscription.lease else _WAIT)
        timeouts = replace(core.timeouts, first_octet=silence, idle=silence)
        channel, response = await core.ask(message, Outgoing(None), timeouts=timeouts, in_parts=wait)
        ended = False
        try:
            answer = response.message
            assert answer is not None
            if not answer.succeeded:
                raise OperationError(answer)
            yield answer
            while not ended:
                event = await channel.next_event("idle")
                ended = isinstance(event, EndOfMessage)
                if isinstance(event, FurtherMessage):
                    core.note(event.issues)
                    yield event.message
        finally:
            if ended:
                core.keep(channel)
            else:
                channel.close()

    def _is_about(self, notification: Notification) -> bool:
        """Whether a notification is about what is watched, and not about another job."""
        return self._job is None or notification.job_id in (self._job.id, None)

    def _is_new(self, notification: Notification) -> bool:
        number = notification.sequence_number
        if number is None:
            return True
        if number < self._next_number:
            return False
        self._next_number = number + 1
        return True

    @property
    def _is_over(self) -> bool:
        """Whether the time is over."""
        return self._end is not None and time.monotonic() >= self._end

    def _left(self, seconds: float) -> float:
        """This many seconds, or the time that is left if that is less."""
        return seconds if self._end is None else max(0.01, min(seconds, self._end - time.monotonic()))

    async def _sleep(self, seconds: float) -> None:
        await self._tasks.core.shell.sleep(self._left(seconds))

    async def _pause_after(self, error: Exception, failures: int) -> int:
        if failures >= _ATTEMPTS or self._is_over:
            raise error
        await self._sleep(2.0**failures)
        return failures + 1

    # Polling.

    async def state(self) -> Notification:
        """Ask for the present state. A job that the printer has forgotten has ended somehow."""
        job = self._job
        if job is None:
            return _of_printer(None, await self._tasks.attributes(_PRINTER_ATTRIBUTES))
        try:
            group = await self._tasks.job(job, JOB_ATTRIBUTES)
        except OperationError as error:
            if error.status not in TELLS_NOTHING or not job.known:
                raise
            return _of_job("job-completed", job.id, AttributeGroup(DelimiterTag.JOB))
        self._job = job._replace(known=True)
        state = _of_job(None, job.id, group)
        self._silent = self._silent + 1 if state.state is None else 0
        return state

    @property
    def tells_nothing(self) -> bool:
        """Whether several responses in a row had no job-state: the printer does not seem to report it."""
        return self._silent >= WITHOUT_STATE

    async def poll(self, now: Notification) -> AsyncGenerator[Notification, None]:
        """Ask again and again, less often while nothing happens, and report what has changed."""
        pause = _FIRST_PAUSE
        while not now.ended and not self.tells_nothing and not self._is_over:
            await self._sleep(pause)
            changes: list[Notification] = []
            new = await self._patiently(self.state)
            if _differ(new, now) or (self._job is not None and new.ended):
                kind = "printer-state-changed" if self._job is None else _job_event(new)
                changes.append(replace(new, event=kind))
            now = new
            if self._job is None:
                changes += await self._job_changes()
            for change in changes:
                yield change
            pause = _FIRST_PAUSE if changes else min(1.5 * pause, self._interval)

    async def _jobs(self) -> dict[int, Notification]:
        """The jobs that have not ended, and the last ones that have; none if no event of a job was asked for."""
        if not any(event.startswith("job-") for event in self._events):
            return {}
        found = await self._tasks.jobs("not-completed", False, None, JOB_ATTRIBUTES)
        # In this order, a job that ends meanwhile is in one of the lists. Not every printer remembers ended jobs.
        with contextlib.suppress(OperationError):
            found += await self._tasks.jobs("completed", False, _ENDED_JOBS, JOB_ATTRIBUTES)
        return {each.id: _of_job(None, each.id, each.attributes) for each in found if each.id is not None}

    async def look_at_jobs(self) -> None:
        """Remember the printer's jobs."""
        if self._job is None:
            self._known_jobs = await self._patiently(self._jobs)

    async def _job_changes(self) -> list[Notification]:
        """What happened to the printer's jobs. A job that has vanished has ended somehow."""
        known, self._known_jobs = self._known_jobs, await self._patiently(self._jobs)
        changes = []
        for job_id in sorted(known.keys() | self._known_jobs.keys()):
            before, job = known.get(job_id), self._known_jobs.get(job_id)
            if job is None:
                if before is None or before.ended:
                    continue
                try:
                    group = await self._tasks.job(Told(job_id, before.attributes), JOB_ATTRIBUTES)
                    job = _of_job(None, job_id, group)
                except OperationError:  # the printer has forgotten it: nobody knows how it ended
                    job = replace(before, state=None, reasons=(), text=None)
                changes.append(replace(job, event="job-completed"))
            elif before is None:
                changes.append(replace(job, event="job-completed" if job.ended else "job-created"))
            elif _differ(job, before):
                changes.append(replace(job, event=_job_event(job)))
        return changes

    async def _patiently(self, ask: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        """Ask, and if the printer cannot be reached, ask again."""
        failures = 0
        while True:
            try:
                return await ask()
            except (OSError, ConnectionLostError) as error:
                failures = await self._pause_after(error, failures)


def _notification(group: AttributeGroup) -> Notification:
    """The notification of an event that a printer reported (RFC 3995 section 9.1)."""
    event = text_of(group, "notify-subscribed-event")
    job_id = int_of(group, "notify-job-id")
    made = _of_printer(event, group) if job_id is None else _of_job(event, job_id, group)
    return replace(
        made,
        text=text_of(group, "notify-text") or made.text,
        sequence_number=int_of(group, "notify-sequence-number"),
    )


def _of_job(event: str | None, job_id: int | None, group: AttributeGroup) -> Notification:
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
    """The event of a job that was polled and has changed."""
    return "job-completed" if job.ended else "job-state-changed"
