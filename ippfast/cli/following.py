"""Follows a job until it is over: by the printer's events if it has them, else by asking for its state.

The rule of this file: it is told as `Client.watch` tells it. A printer that does not say what becomes of the job is not
asked for ever.
"""

import contextlib
import time
from collections.abc import Callable
from typing import NamedTuple

from ippfast import AttributeGroup, DelimiterTag
from ippfast.enums import JobState
from ippfast.http import Job
from ippfast.http.jobs import Told, job_id_of
from ippfast.operations import get_job_attributes

from .failures import Failure, explained
from .jobs import STATES_OVER, job_state
from .session import Session

__all__ = ["ATTRIBUTES", "WITH_ERRORS", "Followed", "follow"]

ATTRIBUTES = ["job-id", "job-uri", "job-state", "job-state-reasons", "job-state-message", "job-impressions-completed"]
WITH_ERRORS = "job-completed-with-errors"
"""Among the job-state-reasons of a job that is completed, and not as it should be."""


class Followed(NamedTuple):
    """How far a job got. job: its attributes, as last seen. over: whether it will not change any more, as far as known.

    If it is over and its state is none of those that end a job, the printer does not say what became of it.
    """

    job: AttributeGroup
    over: bool

    @property
    def unknown(self) -> bool:
        return self.over and job_state(self.job)[0] not in STATES_OVER

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

    job: its attributes as they are known, with the job-id. changed: called with each state or reason that is new.
    """
    job_id, seen = job_id_of(job), _look(job)
    if job_id is None:
        return Followed(_without_state(job), True)
    if job_state(job)[0] in STATES_OVER:
        return Followed(job, True)
    end = None if seconds is None else time.monotonic() + seconds
    with explained(session.place, session.endpoint.authority):
        client = session.client()
        for told in client.watch(Job(client, Told(job_id, job)), timeout=seconds):
            if told.state is not None:
                kept = [each for each in told.attributes if each.name in ATTRIBUTES and each.name != "job-id"]
                job = AttributeGroup(DelimiterTag.JOB, [job["job-id"], *kept])
                if _look(job) != seen:
                    seen = _look(job)
                    changed(job)
            elif told.ended:  # the printer has forgotten it, and so how it ended
                return Followed(_without_state(job), True)
    if job_state(job)[0] in STATES_OVER:
        return Followed(_whole(session, job, job_id), True)
    if end is not None and time.monotonic() >= end:
        return Followed(job, False)
    return Followed(_without_state(job), True)


def _whole(session: Session, job: AttributeGroup, job_id: int) -> AttributeGroup:
    """The job with all that is shown of it, which no event has; as it is known if the printer has forgotten it."""
    with contextlib.suppress(Failure):
        answer = session.ask(get_job_attributes, job_id=job_id, requested_attributes=ATTRIBUTES)
        for each in answer.groups_of(DelimiterTag.JOB):
            if job_id_of(each) == job_id and job_state(each)[0] == job_state(job)[0]:
                return each
    return job


def _without_state(job: AttributeGroup) -> AttributeGroup:
    return AttributeGroup(job.tag, [each for each in job if not each.name.startswith("job-state")])


def _look(job: AttributeGroup) -> tuple[object, ...]:
    return tuple(tuple(job[name].values) if name in job else None for name in ("job-state", "job-state-reasons"))
