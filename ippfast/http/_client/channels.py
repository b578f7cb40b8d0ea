"""What `Core` awaits: connections and a shell, and how long.

The rule of this file: it says what `blocking.py` and `in_asyncio.py` must provide, and decides nothing.
"""

import time
from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias, TypeVar

from ...codec import Message
from ..client_connection import ClientConnection
from ..errors import PhaseTimeoutError
from ..events import Buffer, Event, Response
from ..limits import Timeouts
from ..uri import Endpoint
from .outgoing import AsyncDocument, Outgoing

__all__ = ["Channel", "Patience", "Progress", "Rest", "Shell", "within"]

_REST_SECONDS = 10.0

Progress: TypeAlias = Callable[[int, int | None], object]
"""A function that gets how many octets of a document are sent, and its length; None if that is not known."""


def within(seconds: float | None, deadline: float | None) -> float | None:
    """How long to wait: this many seconds, or until the deadline if that is sooner. None: without end."""
    if deadline is None:
        return seconds
    left = max(0.001, deadline - time.monotonic())
    return left if seconds is None else min(seconds, left)


class Patience:
    """How long to wait for one event. phase: ``"first octet"`` for a response, ``"idle"`` for what follows it."""

    def __init__(self, timeouts: Timeouts, phase: str) -> None:
        self._timeouts = timeouts
        self._end: float | None = None
        self.phase = phase

    def began(self) -> None:
        """Octets have come."""
        if self.phase == "first octet":
            if self._timeouts.answer is not None:
                self._end = time.monotonic() + self._timeouts.answer
            self.phase = "idle"

    def seconds(self) -> float | None:
        """How long to wait for the next octets; None: without end. Raises PhaseTimeoutError if no time is left."""
        if self.phase == "first octet":
            return self._timeouts.first_octet
        idle = self._timeouts.idle
        if self._end is None:
            return idle
        left = self._end - time.monotonic()
        self.phase = "answer" if idle is None or left < idle else "idle"
        if left <= 0:
            raise self.over()
        return left if self.phase == "answer" else idle

    def over(self) -> PhaseTimeoutError:
        """The error that says that nothing came in time."""
        return PhaseTimeoutError(self.phase, getattr(self._timeouts, self.phase.replace(" ", "_")))


class Rest:
    """The unwanted rest of a response: it is read, to keep the connection, if it is short and comes soon."""

    def __init__(self, octets: int = 4 * 1024 * 1024) -> None:
        self._left = octets
        self._end = time.monotonic() + _REST_SECONDS

    def is_too_long(self, piece: Buffer) -> bool:
        """Whether it is better to close the connection."""
        self._left -= len(piece)
        return self._left < 0 or time.monotonic() > self._end


class Channel(Protocol):
    """One connection to the server. Its methods raise as `Client.send` says.

    secure: whether it has TLS. tls_version: such as ``"TLSv1.3"``. timeouts: those of the current exchange. deadline:
    the time, by `time.monotonic`, at which everything must be done.
    """

    connection: ClientConnection
    secure: bool
    tls_version: str | None
    timeouts: Timeouts
    deadline: float | None

    async def send(self, buffers: Iterable[Buffer]) -> None:
        """Send all buffers."""
        ...

    async def exchange(
        self,
        message: Message,
        outgoing: Outgoing,
        progress: Progress | None,
        *,
        target: str,
        host: str,
        headers: Iterable[tuple[str, str]],
        expect: bool,
    ) -> Response:
        """Send one request and read up to the final response, which may come before all is sent."""
        ...

    async def next_event(self, phase: str) -> Event:
        """Wait for the next event, which is not `NEED_DATA`. phase: which time-out counts until it comes."""
        ...

    async def start_tls(self) -> None:
        """Go on with TLS."""
        ...

    async def is_quiet(self) -> bool:
        """Whether nothing has come since the last response: neither octets nor the end."""
        ...

    def close(self) -> None:
        """Close the connection at once, whatever is going on."""
        ...


_Made = TypeVar("_Made", bound=Channel, covariant=True)
_Result = TypeVar("_Result")


class Shell(Protocol[_Made]):
    """What a client does besides deciding."""

    async def connect(self, endpoint: Endpoint, timeouts: Timeouts, *, secure: bool) -> _Made:
        """Make a connection. Raises OSError or a subclass if none can be made."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let this many seconds pass."""
        ...

    async def open(self, document: AsyncDocument | None) -> Outgoing:
        """Open a document."""
        ...

    async def call(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        """Call a function that may block; in asyncio in a thread, so that nothing else waits for it."""
        ...
