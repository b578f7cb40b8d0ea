"""Jobs and what becomes of them: `Job` and `AsyncJob`, the notifications of `watch`, and the errors of printing.

The rule of this file: what a printer says is shown as it is; what it does not say is None. `_client/tasks.py` asks
printers, once for both clients.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from ..codec import Attribute, AttributeGroup, Message
from ..enums import JobState, PrinterState, Status
from ..tags import DelimiterTag
from ..values import OutOfBand, StringWithLanguage
from .errors import HTTPError

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .client import Client

__all__ = ["AsyncJob", "Job", "JobError", "Notification", "OperationError"]

ENDED = (JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED)
"""The states that a job does not leave by itself (RFC 8011 section 5.3.7)."""

GONE = frozenset({Status.CLIENT_ERROR_NOT_FOUND, Status.CLIENT_ERROR_GONE})
"""The status-codes that say that a printer does not know a job or subscription, or knows it no longer."""

TELLS_NOTHING = GONE | {Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED}
"""The status-codes that say that a printer, which has accepted a job, does not report what becomes of it."""

WITHOUT_STATE = 5
"""After this many responses in a row without a job-state, the job is given up: the printer does not report it."""


_SHOWN = 5
"""How many values of an attribute an error shows."""


class Told(NamedTuple):
    """What a printer has said about a job.

    id: its job-id. attributes: those that the printer gave. status: the status-code of the response to the request that
    made the job, or None. unsupported: the attributes that this response says were ignored or replaced. known: whether
    the printer has said anything; otherwise the caller gave the id.
    """

    id: int | None
    attributes: AttributeGroup
    status: Status | int | None = None
    unsupported: tuple[Attribute, ...] = ()
    known: bool = True


class OperationError(HTTPError):
    """A printer did not carry out a request: the status-code of its response says so (RFC 8011 section 4.1.6).

    status: the status-code, a `Status` if it is a known one. text: the status-message, for people; None if there
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
        words = f"the printer answered {known}" + (f": {self.text!r}" if self.text else "")
        return words + (
            f"; not supported: {', '.join(map(attribute_shown, self.unsupported))}" if self.unsupported else ""
        )

    @property
    def unsupported(self) -> tuple[Attribute, ...]:
        """The attributes and values that were not supported (RFC 8011 section 4.1.7)."""
        return unsupported_of(self.response)


class JobError(HTTPError):
    """A job was canceled or aborted.

    job_id: its job-id. state: its state. reasons: its job-state-reasons. text: its job-state-message, or None.
    """

    def __init__(
        self, job_id: int | None, state: JobState | int | None, reasons: tuple[str, ...], text: str | None
    ) -> None:
        super().__init__(job_id, state, reasons, text)
        self.job_id = job_id
        self.state = state
        self.reasons = reasons
        self.text = text

    def __str__(self) -> str:
        reasons = f" ({', '.join(map(ascii, self.reasons))})" if self.reasons else ""
        return f"{job_words(self.job_id)} is {self.state}{reasons}" + (f": {self.text!r}" if self.text else "")


@dataclass(frozen=True, slots=True)
class Notification:
    """What happened to a job or a printer (RFC 3995 section 9).

    event: the keyword of the event, such as ``"job-state-changed"``; None for the state when watching began.
    job_id: the job that this is about; None for the printer, or a job without a job-id. state: its job-state or
    printer-state; None if the printer does not say it, perhaps because it has forgotten the job. reasons: its
    job-state-reasons or printer-state-reasons, without ``none``. text: for people. sequence_number: the event's; None
    if the printer was polled. attributes: all that the printer said.
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
        """Whether the job has ended: it is completed, canceled or aborted, or forgotten."""
        return self.event == "job-completed" or (isinstance(self.state, JobState) and self.state in ENDED)


class _AnyJob:
    """What `Job` and `AsyncJob` have in common.

    id: the job-id; None if the printer gave none. attributes: those that the printer gave last; `update` asks again.

    status: the status-code of the response to the request that printed it, such as `Status.SUCCESSFUL_OK`; None for a
    job that was only asked about. unsupported: the attributes and values that the printer ignored or replaced then: it
    prints without them (RFC 8011 section 4.1.7).
    """

    def __init__(self, told: Told) -> None:
        self.id = told.id
        self.attributes = told.attributes
        self.status = told.status
        self.unsupported = told.unsupported

    @property
    def told(self) -> Told:
        """All that is known of it."""
        return Told(self.id, self.attributes, self.status, self.unsupported)

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
        """The job-state; None if the printer does not say it, or has forgotten the job, which may be printed or not."""
        return job_state(self.attributes)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The job-state-reasons, without ``none``."""
        return reasons_of(self.attributes, "job-state-reasons")

    @property
    def text(self) -> str | None:
        """The job-state-message."""
        return text_of(self.attributes, "job-state-message")

    @property
    def ended(self) -> bool:
        """Whether it is completed, canceled or aborted."""
        return self.state in ENDED

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {'state unknown' if self.state is None else self.state}>"


class Job(_AnyJob):
    """A job of a printer. `Client.print` and `Client.jobs` return it. Its methods raise as `Client.ask` does.

    A job without a job-id is asked about by its job-uri. If it has neither, its methods raise ValueError.
    """

    def __init__(self, client: Client, told: Told) -> None:
        super().__init__(told)
        self._client = client

    def update(self, *names: str) -> Self:
        """Ask the printer for its attributes: these, or all."""
        self.attributes = self._client.job(self, *names).attributes
        return self

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until it is completed, for at most this many seconds.

        A printer may not say what becomes of it: it gave no job-id and no job-uri, has forgotten the job, or sends no
        job-state in several responses. Then this returns too, and `state` is None: nobody knows whether the job was
        printed. If it was completed with errors, `reasons` says so (job-completed-with-errors).

        Raises JobError if it is canceled or aborted, and TimeoutError.
        """
        self.attributes = self._client.wait(self, timeout).attributes
        return self

    def cancel(self, message: str | None = None) -> None:
        """Cancel it. message: a text for the operator. Raises OperationError if it has ended already."""
        self._client.cancel(self, message)

    def watch(
        self, *, events: Iterable[str] = (), interval: float = 5.0, timeout: float | None = None
    ) -> Iterator[Notification]:
        """As `Client.watch`, until it has ended."""
        return self._client.watch(self, events=events, interval=interval, timeout=timeout)


class AsyncJob(_AnyJob):
    """As `Job`. `AsyncClient.print` and `AsyncClient.jobs` return it."""

    def __init__(self, client: AsyncClient, told: Told) -> None:
        super().__init__(told)
        self._client = client

    async def update(self, *names: str) -> Self:
        """As `Job.update`."""
        self.attributes = (await self._client.job(self, *names)).attributes
        return self

    async def wait(self, timeout: float | None = None) -> Self:
        """As `Job.wait`."""
        self.attributes = (await self._client.wait(self, timeout)).attributes
        return self

    async def cancel(self, message: str | None = None) -> None:
        """As `Job.cancel`."""
        await self._client.cancel(self, message)

    def watch(
        self, *, events: Iterable[str] = (), interval: float = 5.0, timeout: float | None = None
    ) -> AsyncGenerator[Notification, None]:
        """As `AsyncClient.watch`, until it has ended."""
        return self._client.watch(self, events=events, interval=interval, timeout=timeout)


# What an attribute says, even if a printer sent it wrong.


def first_of(group: AttributeGroup, name: str) -> object:
    """The first value of an attribute; None if there is none, or it is out-of-band."""
    attribute = group.get(name)
    if attribute is None or not attribute.values or isinstance(attribute.values[0], OutOfBand):
        return None
    return attribute.values[0]


def int_of(group: AttributeGroup, name: str) -> int | None:
    """The first value of an attribute, if it is a number."""
    value = first_of(group, name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def job_id_of(group: AttributeGroup) -> int | None:
    """The job-id, if it is valid: some printers send 0 for a job that has none (RFC 8011 section 5.3.2)."""
    number = int_of(group, "job-id")
    return number if number is not None and number > 0 else None


def text_of(group: AttributeGroup, name: str) -> str | None:
    """The first value of an attribute, if it is a string."""
    value = first_of(group, name)
    if isinstance(value, StringWithLanguage):
        return value.string
    return value if isinstance(value, str) else None


def reasons_of(group: AttributeGroup, name: str) -> tuple[str, ...]:
    """The keywords of an attribute, without ``none``, and without the empty string that some printers send for it."""
    attribute = group.get(name)
    values = () if attribute is None else attribute.values
    return tuple(value for value in values if isinstance(value, str) and value not in ("none", ""))


def job_state(group: AttributeGroup) -> JobState | int | None:
    """The job-state."""
    value = int_of(group, "job-state")
    return None if value is None else JobState.coerce(value)


def unsupported_of(response: Message) -> tuple[Attribute, ...]:
    """The attributes that a printer did not support, or ignored (RFC 8011 section 4.1.7)."""
    return tuple(each for group in response.groups_of(DelimiterTag.UNSUPPORTED) for each in group)


def attribute_shown(attribute: Attribute) -> str:
    """An attribute for people: its name, and its values that are strings or numbers. Other values are left out."""
    plain = [value for value in attribute.values if isinstance(value, (str, int)) and not isinstance(value, OutOfBand)]
    values = ", ".join(map(ascii, plain[:_SHOWN])) + (", ..." if len(plain) > _SHOWN else "")
    return ascii(attribute.name)[1:-1] + (f" {values}" if values else "")


def job_words(job_id: int | None) -> str:
    """A job for people."""
    return "a job without a job-id" if job_id is None else f"job {job_id}"


def told_of(job: _AnyJob | int) -> Told:
    """What is known of a job, or of a job-id that the caller gave."""
    return Told(job, AttributeGroup(DelimiterTag.JOB), known=False) if isinstance(job, int) else job.told
