"""The jobs in an answer to Get-Jobs, as octets.

The rule of this file: attributes that depend only on the job's row are encoded once for all requests for the same
attributes by the same name of this host, and kept until the row changes; those that change with the clock or with other
jobs are encoded each time.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

from ippfast.tags import DelimiterTag

from .access import may_see
from .answers import Asked, may_be_kept
from .calls import Call
from .core import PrinterCore
from .job_attributes import job_attributes
from .spliced import group_of, integer
from .storage.rows import Job

__all__ = ["forget", "told_jobs"]

_UP_TIME, _AHEAD = "job-printer-up-time", "number-of-intervening-jobs"
_MOST_QUESTIONS = 32
"""How many questions are known in this process, for all printers. That of users who may see a job counts apart."""
_MOST_OCTETS = 32 * 1024 * 1024
"""The most octets of rows and their groups in this process: about 15,000 jobs with all attributes."""
_ROW = 1_024
"""About how many octets a row has without its ticket."""


class _Kept(dict[int, tuple[Job, bytes]]):
    """The encoded groups of jobs, by job-id, with the rows that they are made from. octets: their size."""

    octets = 0


_kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
_lock = threading.Lock()


class _Lasting(Asked):
    """The attributes that are asked for, without those that are encoded each time."""

    __slots__ = ()

    def __call__(self, name: str) -> bool:
        return name not in (_UP_TIME, _AHEAD) and super().__call__(name)


def told_jobs(call: Call, jobs: Sequence[Job], selected: Asked) -> list[bytes]:
    """A group for each of the jobs, with the attributes that are asked for and may be seen."""
    printer = call.printer
    state, now = printer.store.state(), printer.store.now()
    ahead = printer.store.ahead_of(jobs) if selected(_AHEAD) else None
    moving = integer(_UP_TIME, call.up_time_at(now, state)) if selected(_UP_TIME) else b""
    offset = round(time.time() - now, 1)  # between the store's clock and this host's, in which dates are told
    question = (
        printer,
        printer.uri(call.incoming),
        selected.asked,
        state.settings.get("started"),
        offset,
        call.as_cups,
    )
    lasting = _Lasting(selected.kind, selected.asked)
    known = may_be_kept(selected.asked)
    kept = {visible: _kept_for((*question, visible)) if known else _Kept() for visible in (False, True)}
    told, who = [], call.who
    for place, job in enumerate(jobs):
        visible = may_see(printer, who, job)
        row, octets = kept[visible].get(job.id, (None, b""))
        if row is not job and row != job:
            octets = group_of(DelimiterTag.JOB, job_attributes(call, job, lasting, state=state))
            if known and (job.documents < 2 or job.pages is None):  # otherwise it depends on its documents, too
                _keep(kept[visible], job, octets)
        told.append(octets + moving if ahead is None else b"".join((octets, moving, integer(_AHEAD, ahead[place]))))
    return told


def _kept_for(question: tuple[object, ...]) -> _Kept:
    with _lock:
        kept = _kept.setdefault(question, _Kept())
        _kept.move_to_end(question)
        while len(_kept) > _MOST_QUESTIONS:
            _kept.popitem(last=False)
        return kept


def _keep(kept: _Kept, job: Job, octets: bytes) -> None:
    with _lock:
        kept.octets += _ROW + len(job.ticket) + len(octets)  # an older row may be counted too
        kept[job.id] = (job, octets)
        while _kept and sum(each.octets for each in _kept.values()) > _MOST_OCTETS:
            _kept.popitem(last=False)


def forget(printer: PrinterCore) -> None:
    """Forget the groups of a printer that is closed."""
    with _lock:
        for question in [each for each in _kept if each[0] is printer]:
            del _kept[question]
