"""Get-Notifications: clients fetch the events of their subscriptions, or wait for them (RFC 3996).

The rule of this file: the store keeps an event when it happens; it gets the form that its subscription wants only when
it is fetched.
"""

import time
import weakref
from collections.abc import Callable, Iterator

from ippfast.codec import Attribute, Message
from ippfast.enums import Operation, Status
from ippfast.http.incoming import Parts, Reply, Wait
from ippfast.tags import ValueTag

from .calls import Call, operation
from .core import PrinterCore
from .errors import OperationError
from .event_attributes import event_attributes
from .storage.bus import Waiter
from .subscriptions import kind_of, own_subscription

__all__ = ["EVENT_LIFE"]

_WAIT = 30.0  # seconds that a client waits for a response if it can't read several parts
_LONGEST_WAIT = 300.0  # seconds that Event Wait Mode lasts (RFC 3996 section 5.2.1)

EVENT_LIFE = 15
"""ippget-event-life and notify-get-interval in seconds (RFC 3996 sections 8.1 and 5.2.1).

It is the least value allowed, so that a client that polls gets events soon. The store keeps events longer, so that a
client that polls a little late misses none.
"""


@operation(Operation.GET_NOTIFICATIONS)
def get_notifications(printer: PrinterCore, call: Call) -> Message | Reply | Parts:
    """Get-Notifications (RFC 3996 section 5): the events of some subscriptions; with notify-wait, also later ones.

    A client that accepts multipart/related gets one response after the other for up to five minutes; any other client
    gets one response as soon as there is an event, or after half a minute.
    """
    ids = call.values("notify-subscription-ids", ValueTag.INTEGER)
    if not ids:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no notify-subscription-ids")
    numbers = call.values("notify-sequence-numbers", ValueTag.INTEGER)
    if len(numbers) > len(ids):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are more notify-sequence-numbers than ids")
    first = dict(zip(ids, numbers, strict=False))
    missing: OperationError | None = None
    watched: dict[int, int] = {}
    for number in dict.fromkeys(ids):
        try:
            watched[own_subscription(call, number).id] = max(1, first.get(number, 1))
        except OperationError as error:
            missing = error
    if missing is not None and not watched:
        raise missing
    fetching = _Fetching(call, watched)
    if not call.boolean("notify-wait"):
        return fetching.response(leave=True)
    room, who = printer.waiting_room, (call.user, call.incoming.peer)
    if not room.enter(*who):
        return fetching.response(leave=True)
    if fetching.takes_parts():
        return Parts(_Leaving(fetching.responses(), lambda: room.leave(*who)))
    return Parts(_Leaving(fetching.only(), lambda: room.leave(*who)), alone=True)


class _Leaving:
    """Gives responses, and calls `leave` when the caller takes no more of them, even if it has taken none."""

    def __init__(self, responses: Iterator[Message | Wait], leave: Callable[[], None]) -> None:
        self._responses = responses
        self._leave = weakref.finalize(self, leave)

    def __iter__(self) -> Iterator[Message | Wait]:
        return self

    def __next__(self) -> Message | Wait:
        try:
            return next(self._responses)
        except BaseException:
            self._leave()
            raise

    def close(self) -> None:
        """Call `leave`."""
        self._leave()


class _Fetching:
    """Fetches the events of a client's subscriptions. first: for each subscription, the number of its next event."""

    def __init__(self, call: Call, first: dict[int, int]) -> None:
        self._call = call
        self._gone = call.incoming.gone
        self._first = first
        self._printer = call.printer
        self._content: list[list[Attribute]] = []
        self._complete = False
        self._look()

    def takes_parts(self) -> bool:
        """Whether the client can read a response with several parts (its Accept field)."""
        accept = ",".join(self._call.incoming.head.headers.get_all("accept")).lower()
        return "multipart/related" in accept or "multipart/*" in accept

    def only(self) -> Iterator[Message | Wait]:
        """Give one response, as soon as there is an event or there can't be any."""
        yield from self._waits(_WAIT)
        yield self.response(leave=True)

    def _waits(self, seconds: float) -> Iterator[Wait]:
        """Wait until there is an event, or there can't be any."""
        end = time.monotonic() + seconds
        waiter = Waiter(self._printer.storage.bus, self._printer.hears)
        try:
            self._look()
            while not self._content and not self._complete and not self._printer.ending and not self._gone():
                left = end - time.monotonic()
                if left <= 0:
                    break
                yield Wait(left, waiter.wake)
                if waiter.wait(0.0):
                    self._look()
        finally:
            waiter.close()

    def responses(self) -> Iterator[Message | Wait]:
        """Event Wait Mode (RFC 3996 section 5.2): first give the existing events, then new ones."""
        end = time.monotonic() + _LONGEST_WAIT
        while True:
            over = self._complete or self._printer.ending or self._gone() or time.monotonic() >= end
            yield self.response(leave=over)
            if over:
                return
            yield from self._waits(max(0.0, end - time.monotonic()))

    def response(self, *, leave: bool) -> Message:
        """A response with the events so far. leave: tell the client when to ask again (notify-get-interval)."""
        call, content = self._call, self._content
        self._content = []
        attributes: dict[str, object] = {f"{kind_of(call.printer)}-up-time": call.printer.up_time}
        status = Status.SUCCESSFUL_OK
        if self._complete:
            status = Status.SUCCESSFUL_OK_EVENTS_COMPLETE
        if leave and not self._complete:
            attributes["notify-get-interval"] = EVENT_LIFE
        return call.respond(status, operation_attributes=attributes, event_notification=content)

    def _look(self) -> None:
        """Read the new events. If all subscriptions have ended, these are the last."""
        call, store = self._call, self._printer.store
        going_on = False
        for number, first in self._first.items():
            subscription = store.subscription(
                number
            )  # read before its events: if it has ended, there are no later ones
            if subscription is None:
                continue
            going_on = going_on or not subscription.ended
            for event in store.events(subscription, first):
                self._content.append(event_attributes(call, subscription, event))
                self._first[number] = event.number + 1
        self._complete = not going_on
