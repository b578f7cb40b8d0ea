"""``ippfast print``: documents to a printer, with options that are checked before anything is sent."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.markup import escape as markup_escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag, registry
from ippfast.enums import Operation
from ippfast.operations import (
    cancel_job,
    create_job,
    get_printer_attributes,
    print_job,
    send_document,
    validate_job,
)

from .attributes import printer_of
from .capabilities import faults
from .documents import ANY_FORMAT, COMPRESSIONS, PIECE, Source, compressed, source
from .failures import FAILED, NOT_OVER, USAGE, Failure
from .following import ATTRIBUTES, follow
from .jobs import job_data, job_state
from .output import Output
from .session import Build, Session, printer_command
from .text import Span, escape
from .values import OptionError, parse_option

__all__ = ["print_"]

# Operation attributes that are about the document, not the job (RFC 8011 sections 4.2.1 and 4.3.1).
_OF_DOCUMENT = {"compression", "document-name", "document-format", "document-natural-language", "document-password"}


def _complete_option(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of job template attributes, and after a name its registered keywords."""
    name, equals, start = incomplete.partition("=")
    if not equals:
        names = registry.names("Job Template")
        return [CompletionItem(f"{each}=", type="nospace") for each in names if each.startswith(name)]
    enum = registry.enum_for(name)
    words = registry.keywords(name) if enum is None else {member.keyword for member in enum}
    return [CompletionItem(f"{name}={word}") for word in sorted(words) if word.startswith(start)]


@printer_command
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "-o",
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    shell_complete=_complete_option,
    help="An attribute of the job, or of the request, by its name in IPP.",
)
@click.option("--format", "format_", metavar="TYPE", help="What the documents are: application/pdf, ...")
@click.option("--title", metavar="NAME", help="The job's name; by default the file's.")
@click.option("--check/--no-check", default=True, help="Whether to compare the options with what the printer supports.")
@click.option("--wait", is_flag=True, help="Follow the job until it is over, and exit as it ended.")
@click.option(
    "--wait-time",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="With --wait: how long at most; then the exit status is 5.",
)
def print_(
    session: Session,
    output: Output,
    files: tuple[str, ...],
    options: tuple[str, ...],
    format_: str | None,
    title: str | None,
    check: bool,
    wait: bool,
    wait_time: float | None,
) -> None:
    """Print each FILE (- for standard input).

    Several files become one job where the printer takes that, otherwise a job each.

    \b
    -o copies=2 -o sides=two-sided-long-edge -o page-ranges=1-4,7
    -o print-quality=high -o printer-resolution=600dpi
    -o "media-col={media-type=photographic media-size={x-dimension=21000 y-dimension=29700}}"
    -o InputSlot:keyword=Tray2          what IPP does not know needs a tag

    The registry says what a value has to be, and the printer what it supports; both are asked before the job is
    sent, and whatever does not fit is an error (2).

    \b
    --json: {"uri": ..., "jobs": [{"job-id", "job-uri", "job-state", "job-state-keyword", "job-state-reasons",
    "files": [...]}, ...]}.
    """
    if wait_time is not None and not wait:
        raise Failure("--wait-time needs --wait", USAGE)
    if files.count("-") > 1:
        raise Failure("standard input is one document: give - once", USAGE)
    sources = [source(file) for file in files]
    request = _Request(session, options, format_, title)
    request.look_at_printer(sources, check)
    jobs: list[tuple[AttributeGroup, list[Source]]] = []
    for batch in request.batches(sources):
        job = request.send(batch)
        jobs.append((job, batch))
        _say(output, job)
    status = 0
    if wait:
        jobs, status = _wait(session, output, jobs, wait_time)
    if output.as_json:
        data = [job_data(job, ATTRIBUTES) | {"files": [each.name or "-" for each in batch]} for job, batch in jobs]
        output.show({"uri": session.uri, "jobs": data}, list)
    if status:
        raise click.exceptions.Exit(status)


class _Request:
    """What is to be printed, and how."""

    def __init__(self, session: Session, options: Iterable[str], format_: str | None, title: str | None) -> None:
        self._session = session
        self._job: dict[str, Attribute] = {}
        self._operation: dict[str, Attribute] = {}
        self._operations: set[int] = set()
        self._several = False
        self._noted: set[str] = set()
        for text in options:
            try:
                tag, attribute = parse_option(text)
            except OptionError as error:
                raise Failure(f"-o {escape(text)}: {error}", USAGE) from None
            group = self._operation if tag == DelimiterTag.OPERATION else self._job
            if attribute.name in group:
                raise Failure(f"-o {attribute.name} is there twice; a comma separates values", USAGE)
            group[attribute.name] = attribute
        for name, value, option in (("document-format", format_, "--format"), ("job-name", title, "--title")):
            if value is not None:
                if name in self._operation:
                    raise Failure(f"-o {name} and {option} say the same: give one of them", USAGE)
                try:
                    _, self._operation[name] = parse_option(f"{name}={value}", ("Operation",))
                except OptionError as error:
                    raise Failure(f"{option}: {error}", USAGE) from None
        compression = self._operation.get("compression")
        self._compression = "none" if compression is None else str(compression.values[0])
        if self._compression not in (*COMPRESSIONS, "none"):
            raise Failure(f"-o compression: expected none, {', '.join(COMPRESSIONS)}", USAGE)

    def look_at_printer(self, sources: list[Source], check: bool) -> None:
        """Ask the printer what it supports and whether it would take the job. Raises Failure where it would not."""
        printer = printer_of(self._session.ask(get_printer_attributes))
        if "operations-supported" in printer:
            self._operations = {value for value in printer["operations-supported"].values if isinstance(value, int)}
        several = printer.get("multiple-document-jobs-supported")
        self._several = (
            several is not None
            and several.values[0] is True
            and {Operation.CREATE_JOB, Operation.SEND_DOCUMENT} <= self._operations
        )
        if check:
            found = list(faults(self._job.values(), printer))
            found += faults(self._operation.values(), printer, template=False)
            for each in sources:
                attribute = Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, each.format)
                if "document-format" not in self._operation and not self._leave_format(each, printer):
                    found += [
                        f"{fault} ({escape(each.name) or 'standard input'})"
                        for fault in faults([attribute], printer, template=False)
                    ]
            if found:
                raise Failure(f"{'; '.join(dict.fromkeys(found))}; --no-check sends it all the same", USAGE)
        if Operation.VALIDATE_JOB in self._operations:
            arguments = self._of_job(sources) | self._of_document(sources[0])
            # CUPS' ippeveprinter begins to undo a compression here, and takes the next request for compressed.
            arguments.pop("compression", None)
            self._note(
                self._session.ask(
                    validate_job, operation_attributes=list(arguments.values()), job=list(self._job.values())
                )
            )

    @staticmethod
    def _leave_format(each: Source, printer: AttributeGroup) -> bool:
        """Whether nobody knows what it is, so that the printer may find out (RFC 8011 section 5.1.10.1)."""
        return each.format == ANY_FORMAT and "document-format-supported" not in printer

    def batches(self, sources: list[Source]) -> list[list[Source]]:
        """The documents of each job."""
        return [sources] if self._several else [[each] for each in sources]

    def send(self, batch: list[Source]) -> AttributeGroup:
        """Make one job of the documents. Returns its attributes."""
        job = list(self._job.values())
        if len(batch) == 1:
            arguments = self._of_job(batch) | self._of_document(batch[0])
            answer = self._send(print_job, batch[0], operation_attributes=list(arguments.values()), job=job)
            return _job_of(answer)
        answer = self._session.ask(create_job, operation_attributes=list(self._of_job(batch).values()), job=job)
        self._note(answer)
        made = _job_of(answer)
        try:
            for each in batch:
                answer = self._send(
                    send_document,
                    each,
                    job_id=made["job-id"].value,
                    last_document=each is batch[-1],
                    operation_attributes=list(self._of_document(each).values()),
                )
        except BaseException:  # the printer would wait for the rest
            with contextlib.suppress(Failure):
                self._session.ask_anyway(cancel_job, job_id=made["job-id"].value)
            raise
        last = answer.groups_of(DelimiterTag.JOB)
        return last[0] if last and "job-id" in last[0] else made

    def _send(self, build: Build, each: Source, **arguments: Any) -> Message:
        def document() -> Any:
            opened = each.open()
            stack.callback(getattr(opened, "close", lambda: None))
            if self._compression == "none":
                return opened
            return compressed(_pieces(opened), self._compression)

        with contextlib.ExitStack() as stack, _progress(each, self._compression) as progress:
            answer = self._session.ask(build, document=document, progress=progress, **arguments)
        self._note(answer)
        return answer

    def _of_job(self, batch: list[Source]) -> dict[str, Attribute]:
        """The operation attributes that are about the job."""
        found = {name: each for name, each in self._operation.items() if name not in _OF_DOCUMENT}
        if "job-name" not in found and batch[0].name:
            found["job-name"] = _name("job-name", batch[0].name)
        return found

    def _of_document(self, each: Source) -> dict[str, Attribute]:
        """Those that are about one document."""
        found = {name: attribute for name, attribute in self._operation.items() if name in _OF_DOCUMENT}
        found.setdefault("document-format", Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, each.format))
        if "document-name" not in found and each.name:
            found["document-name"] = _name("document-name", each.name)
        return found

    def _note(self, answer: Message) -> None:
        names = [escape(each.name) for group in answer.groups_of(DelimiterTag.UNSUPPORTED) for each in group]
        if names:
            note = f"Note: the printer ignores or replaces {', '.join(names)}"
            if note not in self._noted:
                click.echo(note, err=True)
            self._noted.add(note)


def _name(name: str, value: str) -> Attribute:
    """A name of at most 255 octets (RFC 8011 section 5.1.3); what is no UTF-8 or does not print is replaced."""
    text = "".join([each if each.isprintable() else "?" for each in value])
    octets = text.encode("utf-8", "replace")[:255]
    return Attribute(name, ValueTag.NAME, octets.decode("utf-8", "ignore"))


def _job_of(answer: Message) -> AttributeGroup:
    groups = answer.groups_of(DelimiterTag.JOB)
    if not groups or "job-id" not in groups[0]:
        raise Failure("the printer took the job, but did not say its job-id: 'ippfast jobs URI' may show it")
    return groups[0]


def _pieces(opened: Any) -> Iterator[bytes]:
    return iter(lambda: opened.read(PIECE), b"") if hasattr(opened, "read") else iter(opened)


@contextlib.contextmanager
def _progress(each: Source, compression: str) -> Iterator[Callable[[int, int | None], object] | None]:
    """A bar on a terminal, which goes away when it is full."""
    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        # Compressed octets are fewer, nobody knows how many.
        total = each.length if compression == "none" else None
        bar = bars.add_task(markup_escape(escape(each.name) or "standard input"), total=total)
        yield lambda sent, length: bars.update(bar, completed=sent)


def _say(output: Output, job: AttributeGroup) -> None:
    reasons = [each for each in job["job-state-reasons"].values if each != "none"] if "job-state-reasons" in job else []
    words = f" ({', '.join(escape(str(each)) for each in reasons)})" if reasons else ""
    output.say("job ", Span(str(job["job-id"].value), "name"), ": ", Span(job_state(job)[1], "enum"), words)


def _wait(
    session: Session, output: Output, jobs: list[tuple[AttributeGroup, list[Source]]], seconds: float | None
) -> tuple[list[tuple[AttributeGroup, list[Source]]], int]:
    """Follow each job. Returns how each ended, and the exit status."""
    end = None if seconds is None else time.monotonic() + seconds
    ended, status = [], 0
    for job, batch in jobs:
        job_id = job["job-id"].value
        left = None if end is None else max(0.0, end - time.monotonic())
        try:
            followed = follow(session, job, lambda changed: _say(output, changed), left)
        except KeyboardInterrupt:
            click.echo(f"\nJob {job_id} goes on; 'ippfast cancel {escape(session.place)} {job_id}' ends it.", err=True)
            raise
        ended.append((followed.job, batch))
        if not followed.over:
            click.echo(f"Error: job {job_id} was not over after {seconds:g} seconds", err=True)
            status = status or NOT_OVER
        elif not followed.completed:
            click.echo(f"Error: job {job_id} is {job_state(followed.job)[1]}", err=True)
            status = FAILED
    return ended, status
