"""``ippfast jobs`` and ``ippfast job``: what a printer has to do; ``cancel``, ``hold`` and ``release`` change it.

The rule of this file: if one of several jobs is refused, the others are done all the same, and then the command fails.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import click

from ippfast import AttributeGroup, DelimiterTag, StringWithLanguage, registry
from ippfast.enums import JobState
from ippfast.http.jobs import job_id_of
from ippfast.http.jobs import job_words as words_of
from ippfast.operations import cancel_job, get_job_attributes, get_jobs, hold_job, release_job

from .describe import describe_group
from .failures import Failure, explained
from .output import Output, table
from .parameters import JOB_ID, MOST, Keyword
from .plain import plain
from .session import Build, Session, printer_command
from .text import Span, escape

__all__ = ["cancel", "hold", "job", "job_data", "job_state", "job_words", "jobs", "release"]

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
_PRINTER = "job-printer-uri"

_job_ids = click.argument("ids", metavar="ID...", type=JOB_ID, nargs=-1, required=True)


@printer_command
@click.option(
    "--which",
    type=Keyword(lambda: registry.keywords("which-jobs")),
    metavar="KEYWORD",
    default="not-completed",
    show_default=True,
    help="Which jobs: not-completed, completed, all, or another keyword that the printer knows.",
)
@click.option("--mine", is_flag=True, help="Only the user's own jobs.")
@click.option(
    "--limit", type=click.IntRange(1, MOST), default=_LIMIT, show_default=True, metavar="N", help="At most this many."
)
@click.option("--everywhere", is_flag=True, help="The jobs of all printers of a CUPS server or of 'serve --printers'.")
def jobs(session: Session, output: Output, which: str, mine: bool, limit: int, everywhere: bool) -> None:
    """List the jobs of a printer.

    \b
    --json: {"uri": ..., "jobs": [{"job-id": ..., "job-state": ..., "job-state-keyword": ..., ...}, ...]}; with
    --everywhere "job-printer-uri" too.
    """
    if everywhere:
        _jobs_everywhere(session, output, which, mine, limit)
        return
    answer = session.ask(
        get_jobs, which_jobs=which, my_jobs=mine or None, limit=limit, requested_attributes=list(_COLUMNS)
    )
    found = answer.groups_of(DelimiterTag.JOB)
    output.show(
        {"uri": session.uri, "jobs": [job_data(each, _COLUMNS) for each in found]},
        lambda: table(("ID", "STATE", "USER", "KBYTES", "NAME"), map(_row, found), output.terminal.width),
    )


def _jobs_everywhere(session: Session, output: Output, which: str, mine: bool, limit: int) -> None:
    """The jobs of all printers of a server, which one request tells."""
    columns = (*_COLUMNS, _PRINTER)
    with explained(session.place, session.endpoint.authority):
        told = session.client().jobs(which, mine=mine, limit=limit, names=columns, everywhere=True)
    found = [each.attributes for each in told]
    output.show(
        {"uri": session.uri, "jobs": [job_data(each, columns) for each in found]},
        lambda: table(
            ("ID", "STATE", "USER", "KBYTES", "NAME", "PRINTER"),
            [[*_row(each), Span(_text(each, _PRINTER).rpartition("/")[2])] for each in found],
            output.terminal.width,
        ),
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
    """The job-state in a group, None if there is none, and a word for it."""
    attribute = group.get("job-state")
    value = None if attribute is None else attribute.values[0]
    if not isinstance(value, int):
        return None, "unknown"
    state = JobState.coerce(value)
    return state, state.keyword if isinstance(state, JobState) else str(state)


def job_words(group: AttributeGroup) -> str:
    """A job by its id, for people; a printer may give none."""
    return words_of(job_id_of(group))


def job_data(group: AttributeGroup, names: Iterable[str] | None = None) -> dict[str, Any]:
    """A job as JSON has it: some printers send more than they are asked for."""
    kept = group if names is None else AttributeGroup(group.tag, [each for each in group if each.name in names])
    return plain(kept)


@printer_command
@click.argument("job_id", metavar="ID", type=JOB_ID)
@click.argument(
    "names",
    metavar="[NAME]...",
    nargs=-1,
    type=Keyword(lambda: ["all", *registry.names("Job Status"), *registry.names("Job Template")]),
)
def job(session: Session, output: Output, job_id: int, names: tuple[str, ...]) -> None:
    """Show a job's attributes.

    All attributes, or those with these names.

    \b
    --json: {"uri": ..., "job": {NAME: VALUE, ..., "job-state-keyword": ...}}.
    """
    answer, refused = session.ask_for(
        DelimiterTag.JOB, get_job_attributes, job_id=job_id, requested_attributes=list(names) or None
    )
    groups = [each for each in answer.groups_of(DelimiterTag.JOB) if job_id_of(each) in (job_id, None)]
    if not groups:
        raise Failure(f"the printer says nothing about job {job_id}")
    group = groups[0]
    if names and "all" not in names:
        group = AttributeGroup(group.tag, [each for each in group if each.name in names])
    output.show(
        {"uri": session.uri, "job": job_data(group)},
        lambda: describe_group(group, width=output.terminal.width),
    )
    if refused is not None:
        raise refused
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
    "--until",
    type=Keyword(lambda: registry.keywords("job-hold-until")),
    metavar="KEYWORD",
    help="Until when, such as indefinite, night, weekend; by default the printer decides.",
)
def hold(session: Session, output: Output, ids: tuple[int, ...], until: str | None) -> None:
    """Hold jobs until they are released.

    \b
    --json: {"uri": ..., "jobs": [{"job-id", "done", "error"}, ...]}; with --until "job-hold-until" too, as the printer
    has it.
    """
    got = None if until is None else functools.partial(_until, session, until)
    _each(session, output, ids, hold_job, "held", got, job_hold_until=until)


def _until(session: Session, until: str, job_id: int) -> dict[str, object]:
    """Until when a job is held: printers replace what they do not know (RFC 8011 section 4.1.7)."""
    answer = session.ask(get_job_attributes, job_id=job_id, requested_attributes=["job-hold-until"])
    groups = answer.groups_of(DelimiterTag.JOB)
    got = _text(groups[0], "job-hold-until") if groups else "-"
    if got != until:
        said = "does not say until when" if got == "-" else f"holds it until {got}"
        click.echo(f"Note: job {job_id}: the printer does not know {escape(until)}, and {said}", err=True)
    return {"job-hold-until": None if got == "-" else got}


@printer_command
@_job_ids
def release(session: Session, output: Output, ids: tuple[int, ...]) -> None:
    """Release jobs that are held."""
    _each(session, output, ids, release_job, "released")


def _each(
    session: Session,
    output: Output,
    ids: Iterable[int],
    build: Build,
    done: str,
    got: Callable[[int], dict[str, object]] | None = None,
    **arguments: Any,
) -> None:
    """Do one thing to each job, even if it is refused for some. got: returns more members of a result."""
    results: list[dict[str, object]] = []
    failures: list[Failure] = []
    for job_id in ids:
        try:
            session.ask(build, job_id=job_id, **arguments)
            more = {} if got is None else got(job_id)
        except Failure as failure:
            failures.append(Failure(f"job {job_id}: {failure.message}", failure.exit_code))
            results.append({"job-id": job_id, "done": False, "error": failure.message})
        else:
            results.append({"job-id": job_id, "done": True, **more})
            output.say(
                Span(f"job {job_id}: "), Span(done, "enum"), *(f", {name} {value}" for name, value in more.items())
            )
    if output.as_json:
        output.show({"uri": session.uri, "jobs": results}, list)
    for each in failures[:-1]:
        each.show()
    if failures:
        raise failures[-1]
