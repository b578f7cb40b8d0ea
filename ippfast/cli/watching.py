"""``ippfast watch``: what happens to a printer, or to one of its jobs, as it happens."""

import json
from datetime import datetime
from typing import Any

import click

from ippfast.enums import JobState
from ippfast.http import Notification
from ippfast.operations import get_job_attributes, get_printer_attributes
from ippfast.views import group_to_dict

from .failures import FAILED, explained
from .output import Output
from .session import Session, printer_command
from .text import Line, Span, escape, quote

__all__ = ["watch"]


@printer_command
@click.argument("job", metavar="[JOB]", type=click.IntRange(min=1), required=False)
@click.option(
    "--event",
    "events",
    metavar="KEYWORD",
    multiple=True,
    help="Which events, as notify-events has them; by default states.",
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to ask a printer that has no events, at least.",
)
def watch(session: Session, output: Output, job: int | None, events: tuple[str, ...], interval: float) -> None:
    """Follow a printer, or one of its jobs.

    The printer until Ctrl-C, or the job with the id JOB to its end. Printers that have subscriptions tell their
    events, others are asked. The exit status is 1 where the job was canceled or aborted.

    \b
    --json: one object a line: {"time", "event", "job-id", "state", "state-keyword", "reasons", "text",
    "attributes"}; the event is null for how things were at first.
    """
    # This also asks for credentials, where they are needed.
    if job is None:
        session.ask(get_printer_attributes, requested_attributes="printer-state")
    else:
        session.ask(get_job_attributes, job_id=job, requested_attributes="job-state")
    last = None
    with explained(session.place, session.endpoint.authority):
        try:
            for last in session.client().watch(job, events=events, interval=interval):
                now = datetime.now().astimezone()
                if output.as_json:
                    output.terminal.print([[Span(json.dumps(_as_data(last, now)))]])
                else:
                    output.terminal.print([_line(last, now)])
        except KeyboardInterrupt:
            if job is not None:
                raise
            click.echo(err=True)
    if job is not None and last is not None and last.state in (JobState.ABORTED, JobState.CANCELED):
        raise click.exceptions.Exit(FAILED)


def _as_data(each: Notification, now: datetime) -> dict[str, Any]:
    return {
        "time": now.isoformat(timespec="milliseconds"),
        "event": each.event,
        "job-id": each.job_id,
        "state": each.state,
        "state-keyword": None if each.state is None else str(each.state),
        "reasons": list(each.reasons),
        "text": each.text,
        "attributes": group_to_dict(each.attributes),
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
