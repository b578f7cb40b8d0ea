"""The limits for jobs, documents, subscriptions and resources, and the checks of them.

The rule of this file: a store checks a limit in the transaction that makes the object, so that two clients never both
get the last place. An earlier check only saves a client from sending a document for nothing.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

from ippfast.enums import JobState

from .rows import NewJob, QueueState

__all__ = ["UNLIMITED", "LimitReached", "Limits", "Load", "check_document", "check_job", "held_if_all_are"]

_New = TypeVar("_New", bound=NewJob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most there may be of something; None: no limit.

    jobs: jobs in a queue that have not ended. documents: documents of a job. user_jobs, user_octets: one user's jobs in
    a queue that have not ended, and their size. subscriptions: those of a queue. user_subscriptions: one user's in a
    queue. resources: a system's resources that have not ended.
    """

    jobs: int | None = None
    documents: int | None = None
    user_jobs: int | None = None
    user_octets: int | None = None
    subscriptions: int | None = None
    user_subscriptions: int | None = None
    resources: int | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Load:
    """A user's jobs that have not ended, and the size of their documents."""

    jobs: int
    octets: int


class LimitReached(Exception):
    """Nothing was made. limit: a name in `Limits`; "printer_resources" (see `Resources.allocate`); or "accepting": the
    queue does not accept jobs.

    most: the limit; 0 for "accepting".
    """

    def __init__(self, limit: str, most: int = 0) -> None:
        super().__init__(limit, most)
        self.limit = limit
        self.most = most


def check_job(limits: Limits, state: QueueState, load: Load, octets: int = 0) -> None:
    """Raise LimitReached if a queue can't take another job of a user. octets: the size of the job's documents."""
    if not state.accepting:
        raise LimitReached("accepting")
    if limits.jobs is not None and state.active >= limits.jobs:
        raise LimitReached("jobs", limits.jobs)
    if limits.user_jobs is not None and load.jobs >= limits.user_jobs:
        raise LimitReached("user_jobs", limits.user_jobs)
    _check_octets(limits, load, octets)


def check_document(limits: Limits, load: Load, documents: int, octets: int) -> None:
    """Raise LimitReached if a job can't take another document. documents: the number it has. octets: the new one's
    size."""
    if limits.documents is not None and documents >= limits.documents:
        raise LimitReached("documents", limits.documents)
    _check_octets(limits, load, octets)


def _check_octets(limits: Limits, load: Load, octets: int) -> None:
    if limits.user_octets is not None and octets and load.octets + octets > limits.user_octets:
        raise LimitReached("user_octets", limits.user_octets)


def held_if_all_are(new: _New, state: QueueState) -> _New:
    """The new job, which is held if Hold-New-Jobs is in effect (RFC 3998 section 3.3.1)."""
    if not state.flag("hold_new"):
        return new
    return replace(new, state=JobState.PENDING_HELD, reasons=("job-hold-until-specified",), held=True, release=None)
