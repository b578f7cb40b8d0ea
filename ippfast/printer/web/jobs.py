"""Jobs on pages: lists of them, and the facts of one.

The rule of this file: a page tells a user no more of a job than Get-Job-Attributes does.
"""

from collections.abc import Sequence

from ippfast.enums import JobState, Operation

from ..access import told_user
from ..storage.rows import ACTIVE, Job, told_state
from .actions import button
from .markup import Child, Markup, element, join, moment, size, words
from .shell import pages_of, state, table_of
from .visit import Visit

__all__ = ["buttons", "facts", "job_list", "state_of"]

_MOST = 20  # on a page
_LONGEST = 24
"""The most characters of a user's name in a list. The page of the job shows all."""

_KINDS = {
    "Job": "number labelled",
    "State": "fixed end",
    "Name": "name",
    "Owner": "words labelled wide",
    "Created": "fixed",
    "Size": "number end",
    "Actions": "fixed wide",
}
"""The classes of each column: what it holds, and its place on a card (`style.css`)."""


def job_list(visit: Visit, name: str, states: Sequence[JobState], total: int, nothing: str) -> Markup:
    """A page of the jobs in some states. name: of the list. total: how many there are. nothing: the text if there are
    none."""
    last = max(1, -(-total // _MOST))
    page = min(visit.page(name), last)
    jobs = visit.printer.store.jobs(states, limit=_MOST, first=(page - 1) * _MOST + 1)
    if not jobs:
        return element("p", nothing, class_="dim")
    acts = {job.id: buttons(visit, job) for job in jobs} if states is ACTIVE else {}
    columns = ["Job", "State", "Name", "Owner", "Created", "Size", *(["Actions"] if any(acts.values()) else [])]
    rows = [_row(visit, job, acts.get(job.id)) for job in jobs]
    table = table_of({each: _KINDS[each] for each in columns}, rows)
    return join(table, pages_of(name, page, last, visit.target))


def _row(visit: Visit, job: Job, acts: Markup | None) -> dict[str, Child]:
    sees = visit.sees(job)
    owner = told_user(job.user)
    short = _cut(owner)
    title = owner if short != owner else None
    return {
        "Job": element("a", str(job.id), href=f"/jobs/{job.id}", id=f"job-{job.id}"),
        "State": state_of(job),
        "Name": element("span", job.name, dir="auto") if sees else element("span", "private", class_="dim"),
        "Owner": element("span", short, dir="auto", title=title) if sees else None,
        "Size": size(job.octets),
        "Created": moment(job.created),
        "Actions": acts,
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def state_of(job: Job) -> Markup:
    """The state of a job, as clients are told."""
    return state(told_state(job.state, job.reasons).name.lower().replace("_", "-"))


def buttons(visit: Visit, job: Job) -> Markup | None:
    """Buttons for what the user may do with a job in its state."""
    held = job.state == JobState.PENDING_HELD
    found = [
        button(visit, Operation.HOLD_JOB, "Hold", job) if job.state == JobState.PENDING else None,
        button(visit, Operation.RELEASE_JOB, "Release", job) if held else None,
        button(visit, Operation.RESUME_JOB, "Resume", job) if job.state == JobState.PROCESSING_STOPPED else None,
        None if job.ended else button(visit, Operation.CANCEL_JOB, "Cancel", job),
    ]
    return element("div", found, class_="buttons") if any(found) else None


def facts(visit: Visit, job: Job) -> Markup:
    """The facts of a job, for its own page."""
    reasons = ", ".join(words(each) for each in job.reasons if each != "none")
    private: dict[str, Child] = {
        "Owner": element("span", told_user(job.user), dir="auto"),
        "Message": job.message,
        "Pages": None if job.pages is None else f"{job.pages:,}",
        "Printed": f"{job.impressions:,} {'side' if job.impressions == 1 else 'sides'}" if job.impressions else None,
    }
    found: dict[str, Child] = {
        **(private if visit.sees(job) else {}),
        "Reasons": reasons,
        "Documents": f"{job.documents:,}",
        "Size": size(job.octets),
        "Priority": str(job.priority),
        "Created": moment(job.created),
        "Begun": moment(job.processing),
        "Ended": moment(job.completed),
    }
    return element("dl", [(element("dt", name), element("dd", value)) for name, value in found.items() if value])
