"""Follows a job until it is over: by the printer's events if it has them, else by asking for its state.

The rule of this file: `Client.watch` tells the states. A printer that does not tell what became of the job is not asked
for ever.
"""

import contextlib
import time
from collections.abc import Callable
from typing import NamedTuple

from ippfast import AttributeGroup, DelimiterTag
from ippfast.enums import JobState
from ippfast.http import Job
from ippfast.http.jobs import ENDED, Told, job_id_of

from .failures import Failure, explained
from .jobs import job_state
from .session import Session

__all__ = ["ATTRIBUTES", "WITH_ERRORS", "Followed", "follow"]

ATTRIBUTES = ["job-id", "job-uri", "job-state", "job-state-reasons", "job-state-message", "job-impressions-completed"]
_NAMES = ("job-id", "job-uri")
WITH_ERRORS = "job-completed-with-errors"
"""The job-state-reasons of a job that was completed, but not as it should be."""


class Followed(NamedTuple):
    """How far a job got. job: its attributes, as last seen. over: whether it will not change any more, as far as known.

    If it is over and its state is none of those that end a job, the printer does not say what became of it.
    """

    job: AttributeGroup
    over: bool

    @property
    def unknown(self) -> bool:
        return self.over and job_state(self.job)[0] not in ENDED

    @property
    def completed(self) -> bool:
        """Whether it was printed, and without errors (RFC 8011 section 5.3.8)."""
        return job_state(self.job)[0] == JobState.COMPLETED and not self.with_errors

    @property
    def with_errors(self) -> bool:
        return "job-state-reasons" in self.job and WITH_ERRORS in self.job["job-state-reasons"].values


def follow(
    session: Session, job: AttributeGroup, changed: Callable[[AttributeGroup], None], seconds: float | None = None
) -> Followed:
    """Follow a job until it is over, for this many seconds at most; None: as long as it takes.

    job: its attributes as they are known, with the job-id or the job-uri; if it has neither, nothing is told.
    changed: called with each state or reason that is new.
    """
    known, seen = Told(job_id_of(job), job), _look(job)
    names = [job[name] for name in _NAMES if name in job]
    if job_state(job)[0] in ENDED:
        return Followed(job, True)
    end = None if seconds is None else time.monotonic() + seconds
    with explained(session.place, session.endpoint.authority):
        client = session.client()
        for told in client.watch(Job(client, known), timeout=seconds):
            if told.state is not None:
                kept = [each for each in told.attributes if each.name in ATTRIBUTES and each.name not in _NAMES]
                job = AttributeGroup(DelimiterTag.JOB, [*names, *kept])
                if _look(job) != seen:
                    seen = _look(job)
                    changed(job)
            elif told.ended:  # the printer has forgotten it, and so how it ended
                return Followed(_without_state(job), True)
    if job_state(job)[0] in ENDED:
        return Followed(_whole(session, job, known), True)
    if end is not None and time.monotonic() >= end:
        return Followed(job, False)
    return Followed(_without_state(job), True)


def _whole(session: Session, job: AttributeGroup, known: Told) -> AttributeGroup:
    """The job with all attributes that are shown, which events lack; unchanged if the printer has forgotten it."""
    with contextlib.suppress(Failure), explained(session.place, session.endpoint.authority):
        client = session.client()
        found = client.job(Job(client, known), *ATTRIBUTES).attributes
        if job_state(found)[0] == job_state(job)[0]:
            return found
    return job


def _without_state(job: AttributeGroup) -> AttributeGroup:
    return AttributeGroup(job.tag, [each for each in job if not each.name.startswith("job-state")])


def _look(job: AttributeGroup) -> tuple[object, ...]:
    return tuple(tuple(job[name].values) if name in job else None for name in ("job-state", "job-state-reasons"))
