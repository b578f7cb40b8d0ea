"""How much there may be of jobs, documents and subscriptions, and whether one more is taken.

The rule of this file: a store asks here inside the transaction that makes the job, the document or the subscription,
so that no two clients ever take the last place together. Whoever asks before that does so to spare a client the way.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

from ippfast.enums import JobState

from .rows import NewJob, QueueState

__all__ = ["UNLIMITED", "LimitReached", "Limits", "Load", "check_document", "check_job", "held_if_all_are"]

_New = TypeVar("_New", bound=NewJob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much there may be; None: any number.

    jobs: that have not ended. documents: of a job. user_jobs, user_octets: how many jobs one user may have that have
    not ended, and of what size together. subscriptions: of a queue. user_subscriptions: of one user. resources: of a
    system, that have not ended.
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
    """What a user has already: jobs that have not ended, and the size of their documents."""

    jobs: int
    octets: int


class LimitReached(Exception):
    """Nothing was made. limit: the name of the limit as in `Limits`, or "accepting": no jobs are taken at all.

    most: how much there may be; 0 for "accepting".
    """

    def __init__(self, limit: str, most: int = 0) -> None:
        super().__init__(limit, most)
        self.limit = limit
        self.most = most


def check_job(limits: Limits, state: QueueState, load: Load, octets: int = 0) -> None:
    """Raises LimitReached if a queue takes no further job of a user. octets: of the job's documents."""
    if not state.accepting:
        raise LimitReached("accepting")
    if limits.jobs is not None and state.active >= limits.jobs:
        raise LimitReached("jobs", limits.jobs)
    if limits.user_jobs is not None and load.jobs >= limits.user_jobs:
        raise LimitReached("user_jobs", limits.user_jobs)
    _check_octets(limits, load, octets)


def check_document(limits: Limits, load: Load, documents: int, octets: int) -> None:
    """Raises LimitReached if a job takes no further document. documents: how many it has. octets: of the new one."""
    if limits.documents is not None and documents >= limits.documents:
        raise LimitReached("documents", limits.documents)
    _check_octets(limits, load, octets)


def _check_octets(limits: Limits, load: Load, octets: int) -> None:
    if limits.user_octets is not None and octets and load.octets + octets > limits.user_octets:
        raise LimitReached("user_octets", limits.user_octets)


def held_if_all_are(new: _New, state: QueueState) -> _New:
    """The new job, held if Hold-New-Jobs says so (RFC 3998 section 3.3.1)."""
    if not state.flag("hold_new"):
        return new
    return replace(new, state=JobState.PENDING_HELD, reasons=("job-hold-until-specified",), held=True, release=None)
