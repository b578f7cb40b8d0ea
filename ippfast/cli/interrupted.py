"""Asks the printer what became of a document whose sending was interrupted.

The rule of this file: a job that the printer has made of it is canceled, and what is not known is not claimed.
"""

from ippfast import AttributeGroup, DelimiterTag
from ippfast.http.jobs import ENDED, int_of, job_id_of
from ippfast.operations import cancel_job, get_jobs

from .failures import Failure
from .jobs import job_state
from .session import Session
from .text import escape

__all__ = ["interrupted"]

_SECONDS = 5.0
_LOOKED_AT = 50
_WANTED = ["job-id", "job-state", "time-at-creation"]


def interrupted(session: Session, since: int | None) -> str:
    """Whether anything was printed, in words. since: printer-up-time before the document was sent, if it was told."""
    session.close()  # what still comes on this connection is not an answer
    other = Session(session.uri, session.access._replace(timeout=_SECONDS))
    unknown = f"'ippfast jobs --which all {escape(session.uri)}' may tell whether anything was printed"
    if since is None:
        return unknown
    with other:
        try:
            listed = [job for which in ("not-completed", "completed") for job in _jobs(other, which)]
            times = [int_of(job, "time-at-creation") for job in listed]
            jobs = [job for job, made in zip(listed, times, strict=True) if made is not None and made >= since]
            if not jobs:  # unless one without a time is it
                return unknown if None in times else "nothing was printed: the printer has no such job"
            return "; ".join(_give_up(other, job) for job in jobs)
        except Failure:
            return unknown


def _jobs(session: Session, which: str) -> list[AttributeGroup]:
    answer = session.ask(get_jobs, which_jobs=which, my_jobs=True, limit=_LOOKED_AT, requested_attributes=_WANTED)
    return answer.groups_of(DelimiterTag.JOB)


def _give_up(session: Session, job: AttributeGroup) -> str:
    """Cancel a job, if it is not over."""
    job_id, (state, word) = job_id_of(job), job_state(job)
    if job_id is None:
        return "the printer has a job without a job-id, which may be printed"
    if state in ENDED:
        return f"job {job_id} is {word}, and may be printed in part"
    session.ask(cancel_job, job_id=job_id)
    return f"job {job_id} was canceled, and may be printed in part"
