"""A printer's jobs, page by page, so that nobody holds a long list whole (first-index, PWG 5100.7).

The rule of this file: as in `core.py`, its coroutines await only the core and its shell. No job comes twice, and none
is left out because others come or go between two pages. Only the job-ids of a page are kept.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import TypeVar

from ...codec import AttributeGroup
from ...enums import Status
from ..jobs import OperationError, Told, job_id_of
from .channels import Channel
from .tasks import Tasks

__all__ = ["pages"]

_Channel = TypeVar("_Channel", bound=Channel)

_NO_PAGES = frozenset(
    {
        Status.CLIENT_ERROR_BAD_REQUEST,
        Status.CLIENT_ERROR_NOT_POSSIBLE,
        Status.CLIENT_ERROR_NOT_FOUND,
        Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
        Status.CLIENT_ERROR_CONFLICTING_ATTRIBUTES,
    }
)
"""The status-codes of a printer that does not know first-index."""

_MOST_BACK = 1_000
"""After this many pages without a new job, the list is given up: the printer keeps its jobs in no order."""


async def pages(
    tasks: Tasks[_Channel], which: str, mine: bool, names: Sequence[str], page: int, everywhere: bool
) -> AsyncGenerator[Told, None]:
    """As `Client.iter_jobs`."""
    if page < 2:
        raise ValueError(f"a page has at least 2 jobs, not {page}")
    seen: set[int] = set()
    beginning: list[int | None] = []  # of the list, as the first page has it
    first, count, vain = 1, 0, 0
    while vain < _MOST_BACK:
        try:
            groups = await tasks.job_groups(which, mine, page, names, first=first, everywhere=everywhere)
        except OperationError as error:
            if first == 1 or error.status not in _NO_PAGES:
                raise
            break
        ids = [job_id_of(group) for group in groups]
        if not ids:
            return
        if first > 1 and ids[0] is not None and ids[0] not in seen:
            # Jobs before this page have gone, and others have moved up. Go back to a job that was seen.
            first, vain = max(1, first - page + 1), vain + 1
            continue
        fresh = _unseen(groups, seen)
        for each in fresh:
            yield each
        if first == 1:
            beginning = ids
        elif not fresh:
            if len(ids) == 1:
                return  # it is the last job
            if ids == beginning:
                break
            vain += 1
        count = len(ids)
        # The next page begins with the last job of this one, which shows whether the list has moved.
        first += max(1, count - 1)
    if count >= page:
        # The printer gives no pages: ask for all jobs at once.
        for each in _unseen(await tasks.job_groups(which, mine, None, names, everywhere=everywhere), seen):
            yield each


def _unseen(groups: list[AttributeGroup], seen: set[int]) -> list[Told]:
    """The jobs that were not seen before, which are then marked as seen. A job without a job-id is left out."""
    found = []
    for group in groups:
        job_id = job_id_of(group)
        if job_id is not None and job_id not in seen:
            seen.add(job_id)
            found.append(Told(job_id, group))
    return found
