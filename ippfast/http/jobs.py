"""Jobs and what becomes of them: `Job` and `AsyncJob`, what `watch` tells, and the errors of printing.

The rule of this file: what a printer says is shown as it is; what it does not say is None. Whatever asks a printer
does so in `_tasks.py`, once for both clients.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ..codec import AttributeGroup, Message
from ..enums import JobState, PrinterState, Status
from ..values import OutOfBand, StringWithLanguage
from .errors import HTTPError

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .client import Client

__all__ = ["AsyncJob", "Job", "JobError", "Notification", "OperationError"]

ENDED = frozenset({JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED})


class OperationError(HTTPError):
    """A printer did not carry out a request: the status-code of its response is no success (RFC 8011 section 4.1.6).

    status: the status-code, a `Status` where it is a known one. text: the status-message, for people; None where there
    is none. response: the whole response, with the attributes that were not supported.
    """

    def __init__(self, response: Message) -> None:
        super().__init__(response)
        self.response = response
        self.status = response.status
        group = next(iter(response.groups), None)
        self.text = None if group is None else text_of(group, "status-message")

    def __str__(self) -> str:
        known = str(self.status) if isinstance(self.status, Status) else f"status-code 0x{self.status:04x}"
        return f"the printer answered {known}" + (f": {self.text!r}" if self.text else "")


class JobError(HTTPError):
    """A job was canceled or aborted.

    job_id: which. state: its state. reasons: its job-state-reasons. text: its job-state-message, or None.
    """

    def __init__(self, job_id: int, state: JobState | int | None, reasons: tuple[str, ...], text: str | None) -> None:
        super().__init__(job_id, state, reasons, text)
        self.job_id = job_id
        self.state = state
        self.reasons = reasons
        self.text = text

    def __str__(self) -> str:
        reasons = f" ({', '.join(map(ascii, self.reasons))})" if self.reasons else ""
        return f"job {self.job_id} is {self.state}{reasons}" + (f": {self.text!r}" if self.text else "")


@dataclass(frozen=True, slots=True)
class Notification:
    """What happened to a job or a printer (RFC 3995 section 9).

    event: the keyword of the event, such as ``"job-state-changed"``; None for how things were when watching began.
    job_id: whose state this is; None where it is the printer's. state: its job-state or printer-state. reasons: its
    job-state-reasons or printer-state-reasons, but ``none``. text: for people. sequence_number: of the event; None
    where the printer was asked instead. attributes: all that the printer said.
    """

    event: str | None
    job_id: int | None
    state: JobState | PrinterState | int | None
    reasons: tuple[str, ...]
    text: str | None
    sequence_number: int | None
    attributes: AttributeGroup

    @property
    def ended(self) -> bool:
        """Whether the job has reached its last state."""
        return self.job_id is not None and self.state in ENDED


class _AnyJob:
    """id: the job-id. attributes: what the printer said last; `update` asks again."""

    def __init__(self, job_id: int, attributes: AttributeGroup) -> None:
        self.id = job_id
        self.attributes = attributes

    @property
    def uri(self) -> str | None:
        """The job-uri."""
        return text_of(self.attributes, "job-uri")

    @property
    def name(self) -> str | None:
        """The job-name."""
        return text_of(self.attributes, "job-name")

    @property
    def state(self) -> JobState | int | None:
        """The job-state."""
        return job_state(self.attributes)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The job-state-reasons, but ``none``."""
        return reasons_of(self.attributes, "job-state-reasons")

    @property
    def text(self) -> str | None:
        """The job-state-message."""
        return text_of(self.attributes, "job-state-message")

    @property
    def ended(self) -> bool:
        """Whether it has reached its last state."""
        return self.state in ENDED

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.state}>"


class Job(_AnyJob):
    """A job of a printer. `Client.print` and `Client.jobs` give it. Its methods raise as `Client.ask` does."""

    def __init__(self, client: Client, job_id: int, attributes: AttributeGroup) -> None:
        super().__init__(job_id, attributes)
        self._client = client

    def update(self, *names: str) -> Self:
        """Ask for its attributes: these, or all."""
        self.attributes = self._client.job(self.id, *names).attributes
        return self

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until it is completed, for at most so many seconds.

        Raises JobError where it is canceled or aborted, and TimeoutError.
        """
        self.attributes = self._client.wait(self.id, timeout).attributes
        return self

    def cancel(self, message: str | None = None) -> None:
        """Cancel it. message: for the operator. Raises OperationError where it has ended already."""
        self._client.cancel(self.id, message)

    def watch(self, *, events: Iterable[str] = (), interval: float = 5.0) -> Iterator[Notification]:
        """As `Client.watch`, until it has ended."""
        return self._client.watch(self, events=events, interval=interval)


class AsyncJob(_AnyJob):
    """As `Job`. `AsyncClient.print` and `AsyncClient.jobs` give it."""

    def __init__(self, client: AsyncClient, job_id: int, attributes: AttributeGroup) -> None:
        super().__init__(job_id, attributes)
        self._client = client

    async def update(self, *names: str) -> Self:
        """As `Job.update`."""
        self.attributes = (await self._client.job(self.id, *names)).attributes
        return self

    async def wait(self, timeout: float | None = None) -> Self:
        """As `Job.wait`."""
        self.attributes = (await self._client.wait(self.id, timeout)).attributes
        return self

    async def cancel(self, message: str | None = None) -> None:
        """As `Job.cancel`."""
        await self._client.cancel(self.id, message)

    def watch(self, *, events: Iterable[str] = (), interval: float = 5.0) -> AsyncGenerator[Notification, None]:
        """As `AsyncClient.watch`, until it has ended."""
        return self._client.watch(self, events=events, interval=interval)


# What an attribute says, whatever a printer made of it.


def first_of(group: AttributeGroup, name: str) -> object:
    """The first value of an attribute; None where there is none, or it is out-of-band."""
    attribute = group.get(name)
    if attribute is None or not attribute.values or isinstance(attribute.values[0], OutOfBand):
        return None
    return attribute.values[0]


def int_of(group: AttributeGroup, name: str) -> int | None:
    """The first value of an attribute, if it is a number."""
    value = first_of(group, name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_of(group: AttributeGroup, name: str) -> str | None:
    """The first value of an attribute, if it is a string."""
    value = first_of(group, name)
    if isinstance(value, StringWithLanguage):
        return value.string
    return value if isinstance(value, str) else None


def reasons_of(group: AttributeGroup, name: str) -> tuple[str, ...]:
    """The keywords of an attribute, but ``none``."""
    attribute = group.get(name)
    values = () if attribute is None else attribute.values
    return tuple(value for value in values if isinstance(value, str) and value != "none")


def job_state(group: AttributeGroup) -> JobState | int | None:
    """The job-state."""
    value = int_of(group, "job-state")
    return None if value is None else JobState.coerce(value)
