"""``ippfast jobs`` and ``ippfast job``: what a printer has to do; ``cancel``, ``hold`` and ``release`` change it."""

from collections.abc import Iterable
from typing import Any

import click

from ippfast import AttributeGroup, DelimiterTag, StringWithLanguage
from ippfast.enums import JobState
from ippfast.operations import cancel_job, get_job_attributes, get_jobs, hold_job, release_job
from ippfast.views import group_to_dict

from .describe import describe_group
from .failures import Failure
from .output import Output, table
from .session import Build, Session, printer_command
from .text import Span, escape

__all__ = ["STATES_OVER", "cancel", "hold", "job", "job_data", "job_state", "jobs", "release"]

STATES_OVER = {JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED}
"""The job-states that do not change any more (RFC 8011 section 5.3.7)."""

_COLUMNS = (
    "job-id",
    "job-uri",
    "job-state",
    "job-state-reasons",
    "job-name",
    "job-originating-user-name",
    "job-k-octets",
    "job-impressions-completed",
    "date-time-at-creation",
)
_LIMIT = 1000

_job_ids = click.argument("ids", metavar="ID...", type=click.IntRange(min=1), nargs=-1, required=True)


@printer_command
@click.option(
    "--which",
    metavar="KEYWORD",
    default="not-completed",
    show_default=True,
    help="Which jobs: not-completed, completed, all, or another keyword that the printer knows.",
)
@click.option("--mine", is_flag=True, help="Only those of the user.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=_LIMIT, show_default=True, metavar="N", help="At most so many."
)
def jobs(session: Session, output: Output, which: str, mine: bool, limit: int) -> None:
    """List the jobs of a printer.

    \b
    --json: {"uri": ..., "jobs": [{"job-id": ..., "job-state": ..., "job-state-keyword": ..., ...}, ...]}.
    """
    answer = session.ask(
        get_jobs, which_jobs=which, my_jobs=mine or None, limit=limit, requested_attributes=list(_COLUMNS)
    )
    found = answer.groups_of(DelimiterTag.JOB)
    output.show(
        {"uri": session.uri, "jobs": [job_data(each, _COLUMNS) for each in found]},
        lambda: table(("ID", "STATE", "USER", "KBYTES", "NAME"), map(_row, found)),
    )


def _row(group: AttributeGroup) -> list[Span]:
    state, word = job_state(group)
    style = {JobState.ABORTED: "malformed", JobState.PROCESSING_STOPPED: "warning"}.get(state, "enum")  # type: ignore[call-overload]
    cells = [_text(group, name) for name in ("job-originating-user-name", "job-k-octets", "job-name")]
    return [Span(_text(group, "job-id"), "name"), Span(word, style), *map(Span, cells)]


def _text(group: AttributeGroup, name: str) -> str:
    attribute = group.get(name)
    value = "" if attribute is None else attribute.values[0]
    if isinstance(value, StringWithLanguage):
        value = value.string
    return escape(value) or "-" if isinstance(value, str) else str(value) if isinstance(value, int) else "-"


def job_state(group: AttributeGroup) -> tuple[int | None, str]:
    """The job-state in a group, None where there is none, and a word for it."""
    attribute = group.get("job-state")
    value = None if attribute is None else attribute.values[0]
    if not isinstance(value, int):
        return None, "unknown"
    state = JobState.coerce(value)
    return state, state.keyword if isinstance(state, JobState) else str(state)


def job_data(group: AttributeGroup, names: Iterable[str] | None = None) -> dict[str, Any]:
    """A job as JSON has it: some printers send more than they are asked for."""
    kept = group if names is None else AttributeGroup(group.tag, [each for each in group if each.name in names])
    return group_to_dict(kept) | {"job-state-keyword": job_state(group)[1]}


@printer_command
@click.argument("job_id", metavar="ID", type=click.IntRange(min=1))
@click.argument("names", metavar="[NAME]...", nargs=-1)
def job(session: Session, output: Output, job_id: int, names: tuple[str, ...]) -> None:
    """Show a job's attributes.

    All, or those of these names.

    \b
    --json: {"uri": ..., "job": {NAME: VALUE, ..., "job-state-keyword": ...}}.
    """
    answer = session.ask(get_job_attributes, job_id=job_id, requested_attributes=list(names) or None)
    groups = answer.groups_of(DelimiterTag.JOB)
    if not groups:
        raise Failure(f"the printer says nothing of job {job_id}")
    group = groups[0]
    if names and "all" not in names:
        group = AttributeGroup(group.tag, [each for each in group if each.name in names])
    output.show(
        {"uri": session.uri, "job": job_data(group)},
        lambda: describe_group(group, width=output.terminal.width),
    )
    missing = [name for name in names if name not in group and name != "all"]
    if missing:
        raise Failure(f"the printer does not report {', '.join(escape(name) for name in missing)}")


@printer_command
@_job_ids
def cancel(session: Session, output: Output, ids: tuple[int, ...]) -> None:
    """Cancel jobs."""
    _each(session, output, ids, cancel_job, "canceled")


@printer_command
@_job_ids
@click.option(
    "--until", metavar="KEYWORD", help="Until when, such as indefinite, night, weekend; the printer decides otherwise."
)
def hold(session: Session, output: Output, ids: tuple[int, ...], until: str | None) -> None:
    """Hold jobs until they are released."""
    _each(session, output, ids, hold_job, "held", job_hold_until=until)


@printer_command
@_job_ids
def release(session: Session, output: Output, ids: tuple[int, ...]) -> None:
    """Release jobs that are held."""
    _each(session, output, ids, release_job, "released")


def _each(session: Session, output: Output, ids: Iterable[int], build: Build, done: str, **arguments: Any) -> None:
    """Do one thing to each job; one that is refused does not keep the others from it."""
    results: list[dict[str, object]] = []
    failures: list[Failure] = []
    for job_id in ids:
        try:
            session.ask(build, job_id=job_id, **arguments)
        except Failure as failure:
            failures.append(Failure(f"job {job_id}: {failure.message}", failure.exit_code))
            results.append({"job-id": job_id, "done": False, "error": failure.message})
        else:
            results.append({"job-id": job_id, "done": True})
            output.say(Span(f"job {job_id}: "), Span(done, "enum"))
    if output.as_json:
        output.show({"uri": session.uri, "jobs": results}, list)
    for each in failures[:-1]:
        each.show()
    if failures:
        raise failures[-1]
