"""Follows a job until it is over, by asking for its state again and again.

The rule of this file: it asks often at first and seldom later, and an answer that does not come ends nothing before its
time.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from ippfast import AttributeGroup, DelimiterTag
from ippfast.enums import JobState
from ippfast.operations import get_job_attributes

from .failures import Failure
from .jobs import STATES_OVER, job_state
from .session import Session

__all__ = ["ATTRIBUTES", "Followed", "follow"]

ATTRIBUTES = ["job-id", "job-uri", "job-state", "job-state-reasons", "job-state-message", "job-impressions-completed"]
_FIRST, _LONGEST, _FACTOR = 0.25, 5.0, 1.5


class Followed(NamedTuple):
    """How far a job got. job: its attributes, as last seen. over: whether it will not change any more."""

    job: AttributeGroup
    over: bool

    @property
    def completed(self) -> bool:
        return job_state(self.job)[0] == JobState.COMPLETED


def follow(
    session: Session, job: AttributeGroup, changed: Callable[[AttributeGroup], None], seconds: float | None = None
) -> Followed:
    """Ask until the job is over, for so many seconds at most; None: as long as it takes.

    job: its attributes as they are known, with the job-id. changed: called with each state or reason that is new.
    """
    job_id = job["job-id"].value
    end = None if seconds is None else time.monotonic() + seconds
    pause, seen = _FIRST, _look(job)
    while job_state(job)[0] not in STATES_OVER:
        if end is not None:
            if time.monotonic() >= end:
                return Followed(job, False)
            pause = min(pause, max(0.0, end - time.monotonic()))
        time.sleep(pause)
        answer = session.ask(get_job_attributes, job_id=job_id, requested_attributes=ATTRIBUTES)
        groups = answer.groups_of(DelimiterTag.JOB)
        if not groups or "job-state" not in groups[0]:
            raise Failure(f"the printer says nothing of the state of job {job_id}")
        job = groups[0]
        if "job-id" not in job:
            job["job-id"] = job_id
        if _look(job) != seen:
            seen, pause = _look(job), _FIRST
            changed(job)
        pause = min(_LONGEST, pause * _FACTOR)
    return Followed(job, True)


def _look(job: AttributeGroup) -> tuple[object, ...]:
    return tuple(tuple(job[name].values) if name in job else None for name in ("job-state", "job-state-reasons"))
