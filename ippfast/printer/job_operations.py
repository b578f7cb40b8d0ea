"""The operations on existing jobs (RFC 8011 sections 4.2.6 and 4.3.3-4.3.7, RFC 3380, RFC 3998, PWG 5100.7).

The rule of this file: the change that an operation makes names the states in which it is possible. If the job is in
another state, the answer is client-error-not-possible, and nothing has happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Unpack

from ippfast.codec import Attribute, Message
from ippfast.enums import JobState, Operation, Status
from ippfast.tags import ValueTag
from ippfast.values import OutOfBand, StringWithLanguage

from .access import Who, may_see
from .answers import select
from .calls import Call, operation
from .core import PrinterCore
from .errors import OperationError
from .holding import hold_of
from .job_attributes import job_attributes
from .job_creation import create
from .operator_messages import JOB_MESSAGE
from .spliced import with_jobs
from .storage.rows import ACTIVE, ENDED, WAITING, Changes, Job, NewJob, pack, told_state
from .template import check, is_sound, job_group
from .told_jobs import told_jobs

__all__ = ["JobsWanted", "cancel", "jobs_of", "jobs_wanted"]

_WHICH = {
    "completed": ENDED,
    "not-completed": ACTIVE,
    "all": (*ACTIVE, *ENDED),
    "aborted": (JobState.ABORTED,),
    "canceled": (JobState.CANCELED,),
    "pending": (JobState.PENDING,),
    "pending-held": (JobState.PENDING_HELD,),
    "processing": (JobState.PROCESSING,),
    "processing-stopped": (JobState.PROCESSING_STOPPED,),
    "proof-print": (*ACTIVE, *ENDED),
    "saved": (),
}
_BEGUN = (JobState.PROCESSING, JobState.PROCESSING_STOPPED)
_MOST_JOBS = 10_000


def _not_possible(job: Job, verb: str) -> OperationError:
    return OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.id} is {job.state}: it can't be {verb}")


@dataclass(frozen=True, slots=True)
class JobsWanted:
    """What Get-Jobs asks for. user: only jobs of that user. ids: only these jobs. first: the first of them to tell,
    counted from 1. proofs: only proof prints that `who` may see."""

    states: Sequence[JobState]
    user: str | None
    ids: Sequence[int]
    limit: int
    first: int
    who: Who
    proofs: bool = False

    def beyond(self, printer: PrinterCore, found: int) -> "JobsWanted":
        """What to ask the next printer, after `found` jobs of this one."""
        first = self.first
        if first > 1:
            alone = replace(self, limit=_MOST_JOBS, first=1)
            counted = printer.store.count(self.states, user=self.user)
            first -= min(first - 1, len(_found(printer, alone)) if self.ids or self.begun or self.proofs else counted)
        return replace(self, limit=self.limit - found, first=first)

    @property
    def begun(self) -> bool:
        """Whether only jobs are asked for that have begun. They are few."""
        return bool(self.states) and self.states[0] in _BEGUN


def jobs_wanted(call: Call) -> JobsWanted:
    """What a Get-Jobs asks for. Raises OperationError."""
    which = call.keyword("which-jobs")
    limit, first = call.integer("limit"), call.integer("first-index")
    ids = call.values("job-ids", ValueTag.INTEGER)
    if which is not None and which not in _WHICH:
        given = [call.attributes["which-jobs"]]
        reason = "this value of which-jobs is not supported"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=given)
    if (limit is not None and limit < 1) or (first is not None and first < 1):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "limit and first-index must be at least 1")
    if ids and which is not None:
        given = [call.attributes["which-jobs"], call.attributes["job-ids"]]
        raise OperationError(
            Status.CLIENT_ERROR_CONFLICTING_ATTRIBUTES, "give which-jobs or job-ids, not both", unsupported=given
        )
    states, user = _WHICH["all" if ids else which or "not-completed"], call.user if call.boolean("my-jobs") else None
    most = min(limit or _MOST_JOBS, _MOST_JOBS)
    return JobsWanted(states, user, ids[:_MOST_JOBS], most, first or 1, call.who, which == "proof-print")


def _found(printer: PrinterCore, wanted: JobsWanted) -> list[Job]:
    store, states, first = printer.store, wanted.states, wanted.first
    if wanted.proofs:  # PWG 5100.11
        if "proof-print-supported" not in printer.description.attributes:
            return []
        jobs = store.jobs(states, user=wanted.user, limit=_MOST_JOBS)
        # A user who may not see "proof-print" must not learn of it by this choice.
        proofs = [job for job in jobs if may_see(printer, wanted.who, job) and "proof-print" in job.attributes]
        return proofs[first - 1 :][: wanted.limit]
    if wanted.begun:
        begun = [job for job in store.jobs(_BEGUN, user=wanted.user) if told_state(job.state, job.reasons) in states]
        return begun[first - 1 :][: wanted.limit]
    return store.jobs(states, user=wanted.user, ids=wanted.ids or None, limit=wanted.limit, first=first)


def jobs_of(printer: PrinterCore, call: Call, wanted: JobsWanted) -> list[bytes]:
    """The jobs of a printer that are asked for, each as a group (see `with_jobs`)."""
    return told_jobs(call, _found(printer, wanted), select(call, "job", ("job-id", "job-uri")))


@operation(Operation.GET_JOBS)
def get_jobs(printer: PrinterCore, call: Call) -> Message:
    """Get-Jobs (RFC 8011 section 4.2.6), with job-ids and first-index (PWG 5100.7)."""
    return with_jobs(call.respond, jobs_of(printer, call, jobs_wanted(call)))


@operation(Operation.GET_JOB_ATTRIBUTES, target="job")
def get_job_attributes(printer: PrinterCore, call: Call) -> Message:
    """Get-Job-Attributes (RFC 8011 section 4.3.4)."""
    del printer
    return call.respond(job=[job_attributes(call, call.target, select(call, "job"))])


# Cancel.


def cancel(printer: PrinterCore, job: Job, *, by_operator: bool = False, message: str = "") -> Job | None:
    """Cancel a job, or have it stopped if it is being processed. None: it has ended already."""
    reason = "job-canceled-by-operator" if by_operator else "job-canceled-by-user"
    states = (JobState.PENDING, JobState.PENDING_HELD, JobState.PROCESSING_STOPPED)
    changed = printer.change(job, states, "job-completed", state=JobState.CANCELED, reasons=(reason,), message=message)
    if changed is not None:
        return changed
    reasons = ("processing-to-stop-point", reason)
    changed = printer.change(job, (JobState.PROCESSING,), "job-state-changed", reasons=reasons, message=message)
    if changed is not None:
        printer.stop(job.id)
    return changed


def _cancel_one(printer: PrinterCore, call: Call, job: Job) -> Message:
    message = call.string("message") or ""
    if "processing-to-stop-point" in job.reasons:  # RFC 8011 section 4.3.3
        raise _not_possible(job, "canceled again")
    if cancel(printer, job, by_operator=job.user != call.user, message=message) is None:
        raise _not_possible(job, "canceled")
    return call.respond()


@operation(Operation.CANCEL_JOB, target="job", access="owner")
def cancel_job(printer: PrinterCore, call: Call) -> Message:
    """Cancel-Job (RFC 8011 section 4.3.3)."""
    return _cancel_one(printer, call, call.target)


@operation(Operation.CANCEL_CURRENT_JOB, access="operator")
def cancel_current_job(printer: PrinterCore, call: Call) -> Message:
    """Cancel-Current-Job (RFC 3998 section 4.2)."""
    return _cancel_one(printer, call, _current(printer, call))


def _current(printer: PrinterCore, call: Call) -> Job:
    """The job that is being processed, which the request may name."""
    wanted = call.integer("job-id")
    jobs = printer.store.jobs(_BEGUN)
    for job in jobs:
        if wanted in (None, job.id):
            return job
    raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, "that job is not being processed")


def _cancel_many(printer: PrinterCore, call: Call, user: str | None) -> Message:
    """Cancel all jobs, or the named ones: all of these or none (PWG 5100.7 sections 5.1 and 5.2)."""
    ids = call.values("job-ids", ValueTag.INTEGER)
    jobs = printer.store.jobs(_WHICH["all"] if ids else ACTIVE, ids=ids or None)
    if ids:
        missing = sorted(set(ids) - {job.id for job in jobs})
        foreign = sorted(job.id for job in jobs if user is not None and job.user != user)
        ended = sorted(job.id for job in jobs if job.ended)
        for wrong, status, words in (
            (missing, Status.CLIENT_ERROR_NOT_FOUND, "do not exist"),
            (foreign, Status.CLIENT_ERROR_NOT_AUTHORIZED, "are another user's"),
            (ended, Status.CLIENT_ERROR_NOT_POSSIBLE, "have ended"),
        ):
            if wrong:
                unsupported = [Attribute("job-ids", ValueTag.INTEGER, wrong)]
                raise OperationError(status, f"these jobs {words}", unsupported=unsupported)
    message = call.string("message") or ""
    for job in jobs:
        if user is None or job.user == user:
            cancel(printer, job, by_operator=user is None, message=message)
    return call.respond()


@operation(Operation.CANCEL_JOBS, access="operator")
def cancel_jobs(printer: PrinterCore, call: Call) -> Message:
    """Cancel-Jobs (PWG 5100.7)."""
    return _cancel_many(printer, call, None)


@operation(Operation.CANCEL_MY_JOBS)
def cancel_my_jobs(printer: PrinterCore, call: Call) -> Message:
    """Cancel-My-Jobs (PWG 5100.7)."""
    return _cancel_many(printer, call, call.user)


@operation(Operation.PURGE_JOBS, access="operator")
def purge_jobs(printer: PrinterCore, call: Call) -> Message:
    """Purge-Jobs (RFC 8011 section 4.2.9): all jobs are forgotten, and those being processed are stopped."""
    store = printer.store
    for job in store.jobs(ACTIVE):
        cancel(printer, job, by_operator=True)
    ended = [job.id for job in store.jobs(ENDED)]
    printer.documents.remove(store.remove(ended))
    return call.respond()


# Hold and release.


def _change(
    printer: PrinterCore, job: Job, verb: str, states: Sequence[JobState], event: str, **changes: Unpack[Changes]
) -> Job:
    changed = printer.change(job, states, event, **changes)
    if changed is None:
        raise _not_possible(printer.store.job(job.id) or job, verb)
    return changed


_HOLDS = ("job-hold-until", "job-hold-until-time")


def _holds(printer: PrinterCore, call: Call) -> list[Attribute]:
    """Until when a request to hold or restart a job wants it held (RFC 8011 section 4.3.5)."""
    accepted, refused = check(printer.description, [each for name in _HOLDS if (each := call.attributes.get(name))])
    if refused:
        reason = "a job can't be held until then"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=refused)
    return accepted


@operation(Operation.HOLD_JOB, target="job", access="owner")
def hold_job(printer: PrinterCore, call: Call) -> Message:
    """Hold-Job (RFC 8011 section 4.3.5)."""
    wanted = _holds(printer, call)
    held, release = hold_of(wanted, datetime.now().astimezone()) if wanted else (True, None)
    if held:
        _change(
            printer,
            call.target,
            "held",
            WAITING,
            "job-state-changed",
            state=JobState.PENDING_HELD,
            reasons=("job-hold-until-specified",),
            held=True,
            release=release,
        )
    return call.respond()


@operation(Operation.RELEASE_JOB, target="job", access="owner")
def release_job(printer: PrinterCore, call: Call) -> Message:
    """Release-Job (RFC 8011 section 4.3.6). A job that is not held is left as it is."""
    job = call.target
    if printer.release(job) is None and (job.ended or (printer.store.job(job.id) or job).ended):
        raise _not_possible(job, "released")
    return call.respond()


@operation(Operation.RESTART_JOB, target="job", access="owner")
def restart_job(printer: PrinterCore, call: Call) -> Message:
    """Restart-Job (RFC 8011 section 4.3.7): an ended job is processed again, under its old number."""
    job = call.target
    if not job.documents:
        raise _not_possible(job, "restarted without documents")
    held, release = hold_of(_holds(printer, call), datetime.now().astimezone())
    tell = ("job-state-changed",)
    changed = printer.store.restart(job.id, held=held, release=release, limits=printer.limits, tell=tell)
    if changed is None:
        raise _not_possible(printer.store.job(job.id) or job, "restarted")
    printer.told(tell, changed)
    return call.respond()


def _copy(printer: PrinterCore, call: Call) -> Message:
    """A new job with the documents of an ended one."""
    job = call.target
    if not job.ended or not job.documents:
        raise _not_possible(job, "processed again")
    accepted, refused = check(printer.description, job_group(call) or ())
    call.ignored += refused
    changed = {each.name for each in accepted}
    held, release = hold_of(accepted, datetime.now().astimezone())
    new = NewJob(
        name=job.name,
        user=call.user,
        host=call.incoming.peer,
        state=JobState.PENDING_HELD if held else JobState.PENDING,
        reasons=("job-hold-until-specified",) if held else ("none",),
        priority=job.priority,
        held=held,
        release=release,
        # Without proof-print: this job prints the copies that follow the proof (PWG 5100.11).
        ticket=pack([*accepted, *(each for each in job.attributes if each.name not in {*changed, "proof-print"})]),
    )
    return create(printer, call, new, copy_of=job.id)


@operation(Operation.REPROCESS_JOB, target="job", access="owner")
def reprocess_job(printer: PrinterCore, call: Call) -> Message:
    """Reprocess-Job (RFC 3998 section 4.1)."""
    return _copy(printer, call)


@operation(Operation.RESUBMIT_JOB, target="job", access="owner")
def resubmit_job(printer: PrinterCore, call: Call) -> Message:
    """Resubmit-Job (PWG 5100.7)."""
    return _copy(printer, call)


@operation(Operation.SUSPEND_CURRENT_JOB, access="operator")
def suspend_current_job(printer: PrinterCore, call: Call) -> Message:
    """Suspend-Current-Job (RFC 3998 section 4.3.1). A job that is resumed begins again."""
    job = _current(printer, call)
    reasons = ("job-suspended",)
    if "processing-to-stop-point" in job.reasons:
        raise _not_possible(job, "suspended")
    _change(printer, job, "suspended", (JobState.PROCESSING,), "job-state-changed", reasons=reasons)
    printer.stop(job.id)
    return call.respond()


@operation(Operation.RESUME_JOB, target="job", access="operator")
def resume_job(printer: PrinterCore, call: Call) -> Message:
    """Resume-Job (RFC 3998 section 4.3.2)."""
    states = (JobState.PROCESSING_STOPPED,)
    _change(
        printer,
        call.target,
        "resumed",
        states,
        "job-state-changed",
        state=JobState.PENDING,
        reasons=("none",),
        attempts=0,
    )
    return call.respond()


@operation(Operation.PROMOTE_JOB, target="job", access="operator")
def promote_job(printer: PrinterCore, call: Call) -> Message:
    """Promote-Job (RFC 3998 section 4.4.1): the job becomes the next one."""
    return _schedule(printer, call, None)


@operation(Operation.SCHEDULE_JOB_AFTER, target="job", access="operator")
def schedule_job_after(printer: PrinterCore, call: Call) -> Message:
    """Schedule-Job-After (RFC 3998 section 4.4.2)."""
    after = call.integer("predecessor-job-id")
    if after is not None:
        predecessor = printer.store.job(after)
        if predecessor is None:
            given = [call.attributes["predecessor-job-id"]]
            raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"there is no job {after}", unsupported=given)
        if predecessor.ended or after == call.target.id:
            raise _not_possible(predecessor, "a predecessor")
    return _schedule(printer, call, after)


def _schedule(printer: PrinterCore, call: Call, after: int | None) -> Message:
    job = call.target
    if job.state != JobState.PENDING:
        raise _not_possible(job, "scheduled")
    tell = ("printer-queue-order-changed",)
    if not printer.store.reorder(job.id, after, tell):
        raise _not_possible(printer.store.job(job.id) or job, "scheduled")
    printer.told(tell, job)
    return call.respond()


# Set.


@operation(Operation.SET_JOB_ATTRIBUTES, target="job", access="owner")
def set_job_attributes(printer: PrinterCore, call: Call) -> Message:
    """Set-Job-Attributes (RFC 3380 section 4.2): all of the attributes are set, or none."""
    job, group = call.target, job_group(call)
    if group is None or not len(group):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no job attributes to be set")
    if job.state not in WAITING:
        raise _not_possible(job, "changed")
    given = {each.name: each for each in reversed(list(group))}
    deleted = {name for name, each in given.items() if each.values == (OutOfBand.DELETE_ATTRIBUTE,)}
    columns: Changes = {}
    name = given.get("job-name")
    if name is not None:
        columns["name"] = _string(name)
    own = ("job-name", JOB_MESSAGE)
    wanted = [each for each in given.values() if each.name not in deleted and each.name not in own]
    accepted, refused = check(printer.description, wanted)
    if (said := given.get(JOB_MESSAGE)) is not None and JOB_MESSAGE not in deleted:  # RFC 3380 section 4.2.1
        (accepted if said.values == (OutOfBand.NO_VALUE,) or is_sound(JOB_MESSAGE, said) else refused).append(said)
    fixed = [name for name in given if name in _FIXED or (name in deleted and name == "job-name")]
    fixed += [JOB_MESSAGE] if said is not None and not call.operator else []
    if fixed:
        unsupported = [Attribute(each, OutOfBand.NOT_SETTABLE.value, [OutOfBand.NOT_SETTABLE]) for each in fixed]
        raise OperationError(
            Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
            f"these can't be set: {', '.join(fixed)}",
            unsupported=unsupported,
        )
    if refused:
        names = ", ".join(each.name for each in refused)
        reason = f"not supported: {names}"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=refused)
    rest = [each for each in job.attributes if each.name not in given]
    columns["ticket"] = pack([*rest, *accepted])
    columns |= _scheduling(printer, job, accepted, deleted)
    _change(printer, job, "changed", WAITING, "job-config-changed", **columns)
    return call.respond()


_FIXED = frozenset(
    {
        "job-id",
        "job-uri",
        "job-uuid",
        "job-state",
        "job-state-reasons",
        "job-state-message",
        "job-printer-uri",
        "job-originating-user-name",
        "number-of-documents",
        "time-at-creation",
        "time-at-processing",
        "time-at-completed",
    }
)


def _scheduling(printer: PrinterCore, job: Job, accepted: list[Attribute], deleted: set[str]) -> Changes:
    """How new attributes change the place of a job in the queue."""
    columns: Changes = {}
    for each in accepted:
        value = each.values[0]
        if each.name == "job-priority" and isinstance(value, int):
            columns["priority"] = value
    if "job-priority" in deleted:
        columns["priority"] = printer.description.number("job-priority-default", 50)
    holds = [each for each in accepted if each.name in _HOLDS]
    if holds or deleted.intersection(_HOLDS):
        held, release = hold_of(holds, datetime.now().astimezone())
        columns |= {
            "held": held,
            "release": release,
            "state": JobState.PENDING_HELD if held else JobState.PENDING,
            "reasons": ("job-hold-until-specified",) if held else ("job-incoming",) if job.open else ("none",),
        }
    return columns


def _string(attribute: Attribute) -> str:
    value = attribute.values[0]
    value = value.string if isinstance(value, StringWithLanguage) else value
    if not isinstance(value, str) or attribute.tag not in (ValueTag.NAME, ValueTag.NAME_WITH_LANGUAGE):
        raise OperationError(
            Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, "job-name must be a name", unsupported=[attribute]
        )
    return value
