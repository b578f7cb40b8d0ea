"""The operations on jobs that are there (RFC 8011 sections 4.2.6 and 4.3.3-4.3.7, RFC 3380, RFC 3998, PWG 5100.7).

The rule of this file: which states an operation is for stands in the change that it makes; where that finds the job
in another state the answer is client-error-not-possible, and nothing has happened.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ippfast.codec import Attribute, Message
from ippfast.enums import JobState, Operation, Status
from ippfast.tags import ValueTag
from ippfast.values import OutOfBand, StringWithLanguage

from .answers import job_attributes, select
from .calls import Call, OperationError, operation
from .holding import hold_of
from .job_creation import created
from .store import ACTIVE, ENDED, Job, NewJob, pack
from .template import check, job_group

if TYPE_CHECKING:
    from .printer import SpoolPrinter

__all__ = ["cancel"]

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
    "proof-print": (),
    "saved": (),
}
_MOST_JOBS = 10_000


def _not_possible(job: Job, verb: str) -> OperationError:
    return OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.id} is {job.state}: it can't be {verb}")


@operation(Operation.GET_JOBS)
def get_jobs(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.2.6; job-ids and first-index of PWG 5100.7."""
    which = call.keyword("which-jobs")
    limit, first = call.integer("limit"), call.integer("first-index")
    ids = call.values("job-ids", ValueTag.INTEGER)
    if which is not None and which not in _WHICH:
        given = [call.attributes["which-jobs"]]
        reason = "there is no such choice of jobs here"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=given)
    if (limit is not None and limit < 1) or (first is not None and first < 1):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "limit and first-index are at least 1")
    if ids and which is not None:
        given = [call.attributes["which-jobs"], call.attributes["job-ids"]]
        raise OperationError(Status.CLIENT_ERROR_CONFLICTING_ATTRIBUTES, "which-jobs or job-ids", unsupported=given)
    jobs = printer.store.jobs(
        _WHICH["all" if ids else which or "not-completed"],
        user=call.user if call.boolean("my-jobs") else None,
        ids=ids[:_MOST_JOBS] or None,
        limit=min(limit or _MOST_JOBS, _MOST_JOBS),
        first=first or 1,
    )
    selected = select(call, "job", ("job-id", "job-uri"))
    return call.respond(job=[job_attributes(call, job, selected) for job in jobs])


@operation(Operation.GET_JOB_ATTRIBUTES, target="job")
def get_job_attributes(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.3.4."""
    del printer
    return call.respond(job=[job_attributes(call, call.target, select(call, "job"))])


# Cancel.


def cancel(printer: "SpoolPrinter", job: Job, *, by_operator: bool = False, message: str = "") -> Job | None:
    """Cancel a job, or have it stopped where it is being processed. None: it has ended already."""
    store = printer.store
    reason = "job-canceled-by-operator" if by_operator else "job-canceled-by-user"
    states = (JobState.PENDING, JobState.PENDING_HELD, JobState.PROCESSING_STOPPED)
    now = time.time()
    changed = store.change(
        job.id, states, state=JobState.CANCELED, reasons=(reason,), completed=now, open=False, message=message
    )
    if changed is not None:
        printer.publish("job-completed", changed)
        return changed
    changed = store.change(
        job.id, (JobState.PROCESSING,), reasons=("processing-to-stop-point", reason), message=message
    )
    if changed is not None:
        printer.processor.stop(job.id)
        printer.publish("job-state-changed", changed)
    return changed


def _cancel_one(printer: "SpoolPrinter", call: Call, job: Job) -> Message:
    message = call.string("message") or ""
    if "processing-to-stop-point" in job.reasons:  # RFC 8011 section 4.3.3
        raise _not_possible(job, "canceled again")
    if cancel(printer, job, by_operator=job.user != call.user, message=message) is None:
        raise _not_possible(job, "canceled")
    return call.respond()


@operation(Operation.CANCEL_JOB, target="job", access="owner")
def cancel_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.3.3."""
    return _cancel_one(printer, call, call.target)


@operation(Operation.CANCEL_CURRENT_JOB, access="operator")
def cancel_current_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 4.2."""
    return _cancel_one(printer, call, _current(printer, call))


def _current(printer: "SpoolPrinter", call: Call) -> Job:
    """The job that is being processed, which the request may name."""
    wanted = call.integer("job-id")
    jobs = printer.store.jobs((JobState.PROCESSING, JobState.PROCESSING_STOPPED))
    for job in jobs:
        if wanted in (None, job.id):
            return job
    raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, "that job is not being processed")


def _cancel_many(printer: "SpoolPrinter", call: Call, user: str | None) -> Message:
    """Cancel all jobs, or those named: all of them or none (PWG 5100.7 sections 5.1 and 5.2)."""
    ids = call.values("job-ids", ValueTag.INTEGER)
    jobs = printer.store.jobs(_WHICH["all"] if ids else ACTIVE, ids=ids or None)
    if ids:
        missing = sorted(set(ids) - {job.id for job in jobs})
        foreign = sorted(job.id for job in jobs if user is not None and job.user != user)
        ended = sorted(job.id for job in jobs if job.ended)
        for wrong, status, words in (
            (missing, Status.CLIENT_ERROR_NOT_FOUND, "are not there"),
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
def cancel_jobs(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.7."""
    return _cancel_many(printer, call, None)


@operation(Operation.CANCEL_MY_JOBS)
def cancel_my_jobs(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.7."""
    return _cancel_many(printer, call, call.user)


@operation(Operation.PURGE_JOBS, access="operator")
def purge_jobs(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.2.9: all jobs are forgotten, and those being processed stopped."""
    store = printer.store
    for job in store.jobs(ACTIVE):
        cancel(printer, job, by_operator=True)
    ended = [job.id for job in store.jobs(ENDED)]
    printer.spool.remove(store.remove(ended))
    return call.respond()


# Hold and release.


def _change(
    printer: "SpoolPrinter", job: Job, verb: str, states: Sequence[JobState], event: str, **columns: object
) -> Job:
    changed = printer.store.change(job.id, states, **columns)
    if changed is None:
        raise _not_possible(printer.store.job(job.id) or job, verb)
    printer.publish(event, changed)
    printer.processor.wake()
    return changed


@operation(Operation.HOLD_JOB, target="job", access="owner")
def hold_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.3.5."""
    wanted = [each for name in ("job-hold-until", "job-hold-until-time") if (each := call.attributes.get(name))]
    held, release = hold_of(wanted, datetime.now().astimezone()) if wanted else (True, None)
    if held:
        _change(
            printer,
            call.target,
            "held",
            (JobState.PENDING, JobState.PENDING_HELD),
            "job-state-changed",
            state=JobState.PENDING_HELD,
            reasons=("job-hold-until-specified",),
            held=True,
            release=release,
        )
    return call.respond()


@operation(Operation.RELEASE_JOB, target="job", access="owner")
def release_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.3.6. A job that is not held goes on as it did."""
    job = call.target
    if printer.release(job) is None and (job.ended or (printer.store.job(job.id) or job).ended):
        raise _not_possible(job, "released")
    return call.respond()


@operation(Operation.RESTART_JOB, target="job", access="owner")
def restart_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.3.7: an ended job is processed again, under its old number."""
    job = call.target
    if not job.documents:
        raise _not_possible(job, "restarted without documents")
    wanted = [each for name in ("job-hold-until", "job-hold-until-time") if (each := call.attributes.get(name))]
    held, release = hold_of(wanted, datetime.now().astimezone())
    _change(
        printer,
        job,
        "restarted",
        ENDED,
        "job-state-changed",
        state=JobState.PENDING_HELD if held else JobState.PENDING,
        reasons=("job-hold-until-specified",) if held else ("none",),
        held=held,
        release=release,
        message="",
        processing=None,
        completed=None,
        attempts=0,
        open=False,
        position=printer.store.last_position(),
    )
    return call.respond()


def _copy(printer: "SpoolPrinter", call: Call) -> Message:
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
        ticket=pack([*accepted, *(each for each in job.attributes if each.name not in changed)]),
    )
    with printer.store.transaction():
        made = printer.store.add_job(new, printer.store.documents(job.id))
    return created(printer, call, made)


@operation(Operation.REPROCESS_JOB, target="job", access="owner")
def reprocess_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 4.1."""
    return _copy(printer, call)


@operation(Operation.RESUBMIT_JOB, target="job", access="owner")
def resubmit_job(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.7."""
    return _copy(printer, call)


@operation(Operation.SUSPEND_CURRENT_JOB, access="operator")
def suspend_current_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 4.3.1. Resumed, the job begins anew."""
    job = _current(printer, call)
    reasons = ("job-suspended",)
    if "processing-to-stop-point" in job.reasons:
        raise _not_possible(job, "suspended")
    _change(printer, job, "suspended", (JobState.PROCESSING,), "job-state-changed", reasons=reasons)
    printer.processor.stop(job.id)
    return call.respond()


@operation(Operation.RESUME_JOB, target="job", access="operator")
def resume_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 4.3.2."""
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
def promote_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 4.4.1: the job is the next one."""
    return _schedule(printer, call, None)


@operation(Operation.SCHEDULE_JOB_AFTER, target="job", access="operator")
def schedule_job_after(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 4.4.2."""
    after = call.integer("predecessor-job-id")
    if after is not None:
        predecessor = printer.store.job(after)
        if predecessor is None:
            given = [call.attributes["predecessor-job-id"]]
            raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"there is no job {after}", unsupported=given)
        if predecessor.ended or after == call.target.id:
            raise _not_possible(predecessor, "a predecessor")
    return _schedule(printer, call, after)


def _schedule(printer: "SpoolPrinter", call: Call, after: int | None) -> Message:
    job = call.target
    if job.state != JobState.PENDING:
        raise _not_possible(job, "scheduled")
    printer.store.reorder(job.id, after)
    printer.processor.wake()
    return call.respond()


# Set.


@operation(Operation.SET_JOB_ATTRIBUTES, target="job", access="owner")
def set_job_attributes(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3380 section 4.2: all of the attributes are set, or none."""
    job, group = call.target, job_group(call)
    if group is None or not len(group):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no job attributes to be set")
    if job.state not in (JobState.PENDING, JobState.PENDING_HELD):
        raise _not_possible(job, "changed")
    given = {each.name: each for each in reversed(list(group))}
    deleted = {name for name, each in given.items() if each.values == (OutOfBand.DELETE_ATTRIBUTE,)}
    columns: dict[str, object] = {}
    name = given.get("job-name")
    if name is not None:
        columns["name"] = _string(name)
    wanted = [each for each in given.values() if each.name not in deleted and each.name != "job-name"]
    accepted, refused = check(printer.description, [each for each in wanted if not _is_time(each)])
    accepted += [each for each in wanted if _is_time(each)]
    fixed = [name for name in given if name in _FIXED or (name in deleted and name == "job-name")]
    if fixed:
        unsupported = [Attribute(each, OutOfBand.NOT_SETTABLE.value, [OutOfBand.NOT_SETTABLE]) for each in fixed]
        raise OperationError(
            Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE, f"not to be set: {', '.join(fixed)}", unsupported=unsupported
        )
    if refused:
        names = ", ".join(each.name for each in refused)
        reason = f"not supported: {names}"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=refused)
    rest = [each for each in job.attributes if each.name not in given]
    columns["ticket"] = pack([*rest, *accepted])
    columns |= _scheduling(printer, job, accepted, deleted)
    _change(printer, job, "changed", (JobState.PENDING, JobState.PENDING_HELD), "job-config-changed", **columns)
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


def _is_time(attribute: Attribute) -> bool:
    """A hold until a time of day, as CUPS has it, or until a moment."""
    value = attribute.values[0]
    is_hold = attribute.name == "job-hold-until" and isinstance(value, str) and _clock(value) is not None
    return is_hold or attribute.name == "job-hold-until-time"


def _clock(value: str) -> float | None:
    """The next moment of a time of day such as ``00:30:00`` in UTC, which CUPS takes for job-hold-until."""
    parts = value.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):
        return None
    hours, minutes, seconds = (*map(int, parts), 0)[:3]
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    now = time.time()
    moment = now - now % 86_400 + hours * 3_600 + minutes * 60 + seconds
    return moment if moment > now else moment + 86_400


def _scheduling(printer: "SpoolPrinter", job: Job, accepted: list[Attribute], deleted: set[str]) -> dict[str, object]:
    """What new attributes mean for the place of a job in the queue."""
    columns: dict[str, object] = {}
    for each in accepted:
        value = each.values[0]
        if each.name == "job-priority":
            columns["priority"] = value
    if "job-priority" in deleted:
        columns["priority"] = printer.description.number("job-priority-default", 50)
    holds = [each for each in accepted if each.name in ("job-hold-until", "job-hold-until-time")]
    if holds or deleted & {"job-hold-until", "job-hold-until-time"}:
        moment = _clock(str(holds[0].values[0])) if holds and holds[0].name == "job-hold-until" else None
        held, release = (True, moment) if moment is not None else hold_of(holds, datetime.now().astimezone())
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
    if not isinstance(value, str) or len(value.encode("utf-8", "surrogateescape")) > 255:
        raise OperationError(
            Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, "job-name is a name", unsupported=[attribute]
        )
    return value
