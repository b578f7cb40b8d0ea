"""Watching: events that come at once, late, twice, or not at all, and printers without subscriptions.

The rule of this file: each test is for both clients, and waits for events only. CUPS is met in test_http_jobs_peers.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from http_clients import clients
from http_event_printer import EventPrinter

from ippfast import Message, response
from ippfast.enums import JobState, Operation, PrinterState, Status
from ippfast.http import AsyncClient, ConnectionLostError, Notification, OperationError
from ippfast.http._client import watching as rules

modes = pytest.mark.parametrize("mode", ["parts", "wait", "ask"])


def told(notification: Notification) -> tuple[object, ...]:
    return notification.event, notification.job_id, notification.state, notification.sequence_number


@clients
@modes
def test_events_as_they_happen(make: Any, mode: str) -> None:
    """Each is told before the next one happens."""
    printer = EventPrinter(mode)
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(7, interval=0.1)
        assert told(next(watching)) == (None, 7, JobState.PROCESSING, None)
        for number, state in ((1, 6), (2, 5), (3, 9)):
            event = "job-completed" if state == 9 else "job-state-changed"
            printer.tell(event, notify_job_id=7, job_state=state, notify_text=f"text {number}")
            notification = next(watching)
            assert told(notification) == (event, 7, JobState(state), number)
            assert notification.text == f"text {number}"
        assert next(watching, None) is None
        printer.wait_for(Operation.CANCEL_SUBSCRIPTION)
    assert printer.count(Operation.CREATE_JOB_SUBSCRIPTIONS) == 1
    created = next(message for operation, message in printer.asked if operation is Operation.CREATE_JOB_SUBSCRIPTIONS)
    assert created.groups[1]["notify-pull-method"].value == "ippget"
    assert created.groups[1]["notify-events"].values == ("job-state-changed",)
    if mode == "parts":
        assert printer.count(Operation.GET_NOTIFICATIONS) == 1


@clients
@modes
def test_printer_until_nobody_wants_more(make: Any, mode: str) -> None:
    printer = EventPrinter(mode)
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(events=["printer-state-changed", "job-progress"], interval=0.1)
        assert told(next(watching)) == (None, None, PrinterState.IDLE, None)
        printer.tell("printer-state-changed", printer_state=5, printer_state_reasons=["media-jam-error", "none"])
        printer.tell("job-progress", notify_job_id=7, job_state=9)
        notification = next(watching)
        assert told(notification) == ("printer-state-changed", None, PrinterState.STOPPED, 1)
        assert notification.reasons == ("media-jam-error",)
        assert told(next(watching)) == ("job-progress", 7, JobState.COMPLETED, 2)
        watching.close()
        printer.wait_for(Operation.CANCEL_SUBSCRIPTION)


@clients
def test_lease_is_renewed(make: Any) -> None:
    """Also while the printer waits, which it is not disturbed in for longer than half the lease."""
    printer = EventPrinter("parts", lease=1)
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch()
        next(watching)

        def tell_once_renewed() -> None:
            printer.wait_for(Operation.RENEW_SUBSCRIPTION)
            printer.tell("printer-state-changed", printer_state=4)

        timer = threading.Thread(target=tell_once_renewed)
        timer.start()
        assert told(next(watching)) == ("printer-state-changed", None, PrinterState.PROCESSING, 1)
        timer.join()
        watching.close()
    renewed = next(message for operation, message in printer.asked if operation is Operation.RENEW_SUBSCRIPTION)
    assert renewed.groups[0]["notify-lease-duration"].value == 1


@clients
@pytest.mark.parametrize("fault", ["client-error-not-found", "client-error-gone", "successful-ok-events-complete"])
def test_subscription_that_is_gone(make: Any, fault: str) -> None:
    printer = EventPrinter("wait")
    printer.faults = [fault]
    printer.tell("printer-state-changed", printer_state=4)
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(interval=0.1)
        next(watching)
        assert told(next(watching))[2:] == (PrinterState.PROCESSING, 1)
        watching.close()
    assert printer.count(Operation.CREATE_PRINTER_SUBSCRIPTIONS) == 2


@clients
def test_subscriptions_that_never_hold(make: Any) -> None:
    """Granted, and not found when asked for its events: the printer is asked how it is instead, with pauses."""
    printer = EventPrinter("wait")
    printer.faults = ["client-error-not-found"] * 1000
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(7, interval=0.1)
        next(watching)
        printer.jobs[7] = 9
        assert told(next(watching)) == ("job-completed", 7, JobState.COMPLETED, None)
        assert next(watching, None) is None
    assert printer.count(Operation.CREATE_JOB_SUBSCRIPTIONS) == 2
    assert printer.count(Operation.GET_NOTIFICATIONS) == 2


@clients
def test_jobs_where_subscriptions_never_hold(make: Any) -> None:
    """The jobs of before are not told anew when the printer is asked instead."""
    printer = EventPrinter("wait")
    printer.jobs |= {1: 9, 2: 8, 3: 5}
    printer.faults = ["client-error-not-found"] * 1000
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(interval=0.1)
        next(watching)
        printer.printer_state = 4
        assert told(next(watching)) == ("printer-state-changed", None, PrinterState.PROCESSING, None)
        printer.jobs[8] = 3
        assert told(next(watching)) == ("job-created", 8, JobState.PENDING, None)
        watching.close()
    assert printer.count(Operation.GET_NOTIFICATIONS) == 2


@clients
@pytest.mark.parametrize("fault", ["lost", "server-error-busy"])
def test_printer_that_is_away_for_a_while(make: Any, fault: str) -> None:
    printer = EventPrinter("wait")
    printer.faults = [fault, fault]  # the first may be met by asking again at once
    printer.tell("printer-state-changed", printer_state=4)
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(interval=0.1)
        next(watching)
        assert told(next(watching))[2:] == (PrinterState.PROCESSING, 1)
        watching.close()
    assert printer.count(Operation.CREATE_PRINTER_SUBSCRIPTIONS) == 1


@clients
def test_refusal(make: Any) -> None:
    printer = EventPrinter("wait")
    printer.faults = ["client-error-forbidden"]
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch()
        next(watching)
        with pytest.raises(OperationError) as caught:
            next(watching)
        assert caught.value.status is Status.CLIENT_ERROR_FORBIDDEN
    assert printer.count(Operation.CANCEL_SUBSCRIPTION) == 1


@clients
@pytest.mark.parametrize("fault", ["client-error-forbidden", "server-error-operation-not-supported"])
def test_a_job_whose_events_are_refused_is_asked_about(make: Any, fault: str) -> None:
    printer = EventPrinter("wait")
    printer.faults = [fault]
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(7, interval=0.1)
        next(watching)
        printer.jobs[7] = 9
        assert told(next(watching)) == ("job-completed", 7, JobState.COMPLETED, None)
        assert next(watching, None) is None
    assert printer.count(Operation.CANCEL_SUBSCRIPTION) == 1


@clients
@pytest.mark.parametrize("mode", ["parts", "wait", "ask", "none"])
@pytest.mark.parametrize("job", [7, None])
def test_nothing_comes_after_the_time(make: Any, mode: str, job: int | None) -> None:
    printer = EventPrinter(mode)
    with printer.serving() as uri, make(uri) as client:
        (only,) = client.watch(job, interval=0.1, timeout=0.5)
        assert only.event is None
    assert printer.count(Operation.CANCEL_SUBSCRIPTION) == (mode != "none")


@clients
def test_end_that_no_event_tells(make: Any) -> None:
    printer = EventPrinter("ask")
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(7, events=["job-progress"], interval=0.1)
        next(watching)
        printer.jobs[7] = 8
        assert told(next(watching)) == ("job-completed", 7, JobState.ABORTED, None)
        assert next(watching, None) is None


class EndsBetween(EventPrinter):
    """Its job ends after the client has fetched no event, and before it asks how the job is.

    faults: what it then answers those who ask for events.
    """

    def __init__(self, mode: str, *faults: str) -> None:
        super().__init__(mode)
        self._faults_at_the_end = faults

    def answer(self, message: Message) -> Message | Iterator[Message]:
        fetched = self.count(Operation.GET_NOTIFICATIONS) > 0
        if message.operation is Operation.GET_JOB_ATTRIBUTES and fetched and not self.events:
            self.tell("job-completed", notify_job_id=7, job_state=9, notify_text="the last words")
            self.faults += self._faults_at_the_end
        return super().answer(message)


@clients
def test_last_event_is_told_though_the_end_was_seen_before_it(make: Any) -> None:
    printer = EndsBetween("ask")
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(7, interval=0.1)
        next(watching)
        last = next(watching)
        assert told(last) == ("job-completed", 7, JobState.COMPLETED, 1)
        assert last.text == "the last words"
        assert next(watching, None) is None


@clients
@pytest.mark.parametrize("fault", ["client-error-not-found", "client-error-forbidden"])
def test_end_is_told_though_its_events_are_refused(make: Any, fault: str) -> None:
    printer = EndsBetween("ask", fault)
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(7, interval=0.1)
        next(watching)
        assert told(next(watching)) == ("job-completed", 7, JobState.COMPLETED, None)
        assert next(watching, None) is None
    assert printer.count(Operation.CREATE_JOB_SUBSCRIPTIONS) == 1


@clients
def test_job_that_has_ended(make: Any) -> None:
    printer = EventPrinter()
    printer.jobs[7] = 9
    with printer.serving() as uri, make(uri) as client:
        assert [told(each) for each in client.watch(7)] == [(None, 7, JobState.COMPLETED, None)]
        with pytest.raises(OperationError, match="not-found"):
            next(client.watch(8))
    assert printer.count(Operation.CANCEL_SUBSCRIPTION) == 2
    assert printer.count(Operation.GET_NOTIFICATIONS) == 0


@clients
@pytest.mark.parametrize("forgetful", [False, True])
def test_printer_without_subscriptions(make: Any, forgetful: bool) -> None:
    printer = EventPrinter("none")
    printer.forgetful = forgetful
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(7, interval=0.2)
        next(watching)
        printer.jobs[7] = 6
        assert told(next(watching)) == ("job-state-changed", 7, JobState.PROCESSING_STOPPED, None)
        printer.jobs[7] = 7
        assert told(next(watching)) == ("job-completed", 7, JobState.CANCELED, None)
        assert next(watching, None) is None
        watching = client.watch(interval=0.2)
        next(watching)
        printer.jobs[9] = 9
        if not forgetful:  # begun and ended between two looks
            assert told(next(watching)) == ("job-completed", 9, JobState.COMPLETED, None)
        printer.printer_state = 5
        assert told(next(watching)) == ("printer-state-changed", None, PrinterState.STOPPED, None)
        printer.jobs[8] = 3
        assert told(next(watching)) == ("job-created", 8, JobState.PENDING, None)
        printer.jobs[8] = 5
        assert told(next(watching)) == ("job-state-changed", 8, JobState.PROCESSING, None)
        printer.jobs[8] = 9
        assert told(next(watching)) == ("job-completed", 8, JobState.COMPLETED, None)
        watching.close()
    assert printer.count(Operation.CANCEL_SUBSCRIPTION) == 0


@clients
def test_job_that_is_forgotten(make: Any) -> None:
    """Nobody knows how it ended."""
    printer = EventPrinter("none")
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(interval=0.2)
        next(watching)
        del printer.jobs[7]
        assert told(next(watching)) == ("job-completed", 7, None, None)
        watching.close()
        printer.jobs[7] = 5
        watching = client.watch(7, interval=0.2)
        next(watching)
        del printer.jobs[7]
        assert told(next(watching)) == ("job-completed", 7, None, None)
        assert next(watching, None) is None
        with pytest.raises(OperationError, match="not-found"):
            next(client.watch(8))


@clients
def test_printer_that_cannot_be_reached_any_more(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_ATTEMPTS", 1)
    with make("ipp://127.0.0.1:1/") as client, pytest.raises(ConnectionRefusedError):
        next(client.watch())
    printer = EventPrinter("wait")
    with contextlib.ExitStack() as stack:
        uri = stack.enter_context(printer.serving())
        client = stack.enter_context(make(uri))
        watching = client.watch()
        next(watching)
        printer.stop()
        with pytest.raises((OSError, ConnectionLostError)):
            next(watching)


def test_cancelled_watching() -> None:
    """It ends at once, and the subscription with it."""
    printer = EventPrinter("parts")

    async def main(uri: str) -> None:
        async with AsyncClient(uri) as client:

            async def follow() -> None:
                async for _ in client.watch():
                    first.set()

            first = asyncio.Event()
            task = asyncio.create_task(follow())
            await first.wait()
            await asyncio.to_thread(printer.wait_for, Operation.GET_NOTIFICATIONS)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(printer.wait_for, Operation.CANCEL_SUBSCRIPTION)

    with printer.serving() as uri:
        asyncio.run(main(uri))


@clients
@pytest.mark.parametrize("interval", [0, -1.0])
def test_interval(make: Any, interval: float) -> None:
    with make("ipp://127.0.0.1:1/") as client, pytest.raises(ValueError, match="interval"):
        next(client.watch(interval=interval))


@clients
def test_events_of_a_job_whose_state_nobody_tells(make: Any) -> None:
    """Neither events nor attributes do: it ends, and claims nothing. Events about other jobs are not its own."""

    class Silent(EventPrinter):
        def answer(self, message: Message) -> Any:
            if message.operation is Operation.GET_JOB_ATTRIBUTES:
                return response(message, job={"job-id": message.groups[0].value("job-id")})
            return super().answer(message)

    printer = Silent("ask")
    printer.tell("job-completed", notify_job_id=99, job_state=9)
    with printer.serving() as uri, make(uri) as client:
        told_of = [told(each) for each in client.watch(7, interval=0.05)]
    assert told_of == [(None, 7, None, None)]


@clients
def test_subscriptions_without_a_way_to_their_events(make: Any) -> None:
    """The printer is asked instead."""
    printer = EventPrinter("wait")
    printer.faults = ["server-error-operation-not-supported"]
    with printer.serving() as uri, make(uri) as client:
        watching = client.watch(7, interval=0.05)
        next(watching)
        printer.jobs[7] = 9
        assert told(next(watching)) == ("job-completed", 7, JobState.COMPLETED, None)
        assert next(watching, None) is None
    assert printer.count(Operation.GET_NOTIFICATIONS) == 1
