"""``ippfast watch``: what happens to a printer, or to one of its jobs, as it happens.

The rule of this file: `Client.watch` tells what happens; each event is one line or one JSON object as it comes.
"""

from datetime import datetime
from difflib import get_close_matches
from typing import Any

import click

from ippfast import AttributeGroup, DelimiterTag, registry
from ippfast.enums import JobState
from ippfast.http import Job, Notification
from ippfast.http.jobs import ENDED, Told
from ippfast.operations import get_job_attributes, get_printer_attributes

from .attributes import printer_of
from .failures import FAILED, UNKNOWN, USAGE, Failure, explained
from .following import WITH_ERRORS
from .output import Output
from .parameters import JOB_ID, Keyword, Seconds
from .plain import plain
from .session import Session, printer_command
from .text import Line, Span, escape, quote

__all__ = ["watch"]


@printer_command
@click.argument("job", metavar="[JOB]", type=JOB_ID, required=False)
@click.option(
    "--event",
    "events",
    metavar="KEYWORD",
    type=Keyword(lambda: registry.keywords("notify-events")),
    multiple=True,
    help="Which events, by the keywords of notify-events; by default states.",
)
@click.option(
    "--interval",
    type=Seconds(),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="The longest time between two requests to a printer without events.",
)
def watch(session: Session, output: Output, job: int | None, events: tuple[str, ...], interval: float) -> None:
    """Follow a printer, or one of its jobs.

    Follows the printer until Ctrl-C, or the job with the id JOB to its end. Printers with subscriptions tell their
    events, others are asked again and again. The exit status is 1 if the job was canceled, aborted or completed with
    errors, and 6 if the printer does not say what became of it.

    \b --json: one object a line: {"time", "notify-subscribed-event", "job-id", "job-state", "job-state-keyword",
    "job-state-reasons", "notify-text", "attributes"}; for the printer "printer-state" and so on. The event of the first
    object is null: it is the state at the beginning.
    """
    # This also asks for credentials, if they are needed.
    watched: Job | None = None
    if job is None:
        session.ask(get_printer_attributes, requested_attributes="printer-state")
    else:
        session.ask(get_job_attributes, job_id=job, requested_attributes="job-state")
        watched = Job(session.client(), Told(job, AttributeGroup(DelimiterTag.JOB)))  # the printer knows it
    _check_events(session, events)
    last = None
    with explained(session.place, session.endpoint.authority):
        try:
            for last in session.client().watch(watched, events=events, interval=interval):
                now = datetime.now().astimezone()
                output.event(_as_data(last, now), _line(last, now))
        except KeyboardInterrupt:
            if job is not None:
                raise
            click.echo(err=True)
    if job is None or last is None:
        return
    if not isinstance(last.state, JobState) or last.state not in ENDED:
        click.echo(f"Note: job {job}: printed, state unknown: the printer does not say what became of it", err=True)
        raise click.exceptions.Exit(UNKNOWN)
    if last.state is not JobState.COMPLETED or WITH_ERRORS in last.reasons:
        raise click.exceptions.Exit(FAILED)


def _check_events(session: Session, events: tuple[str, ...]) -> None:
    """Check the names of events. Raises Failure for an event that the printer does not have, or that is not
    registered."""
    if not events:
        return
    answer = session.ask(get_printer_attributes, requested_attributes="notify-events-supported")
    listed = printer_of(answer).get("notify-events-supported")
    known = registry.keywords("notify-events") if listed is None else {str(each) for each in listed.values}
    for event in events:
        if event not in known:
            near = get_close_matches(event, sorted(known))
            words = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(known))}"
            whose = "of IPP" if listed is None else "of this printer"
            raise Failure(f"--event: {escape(event)} is not an event {whose}: {escape(words)}", USAGE)


def _as_data(each: Notification, now: datetime) -> dict[str, Any]:
    whose = "printer" if each.job_id is None else "job"
    return {
        "time": now.isoformat(timespec="milliseconds"),
        "notify-subscribed-event": each.event,
        "job-id": each.job_id,
        f"{whose}-state": each.state,
        f"{whose}-state-keyword": None if each.state is None else str(each.state),
        f"{whose}-state-reasons": list(each.reasons),
        "notify-text": each.text,
        "attributes": plain(each.attributes),
    }


def _line(each: Notification, now: datetime) -> Line:
    line = [
        Span(f"{now:%H:%M:%S}  ", "quiet"),
        Span("printer" if each.job_id is None else f"job {each.job_id}", "name"),
        Span(": "),
        Span("unknown" if each.state is None else str(each.state), "enum"),
    ]
    if each.reasons:
        line.append(Span(f" ({', '.join(escape(reason) for reason in each.reasons)})"))
    if each.text:
        line.append(Span(f" {quote(each.text)}", "quiet"))
    if each.event is not None:
        line.append(Span(f"  {escape(each.event)}", "quiet"))
    return line
