"""``ippfast print``: documents to a printer, with options that are checked before anything is sent.

The rule of this file: everything that can be wrong is found before the job is sent: options, documents, and what the
printer lacks.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag
from ippfast.enums import Operation
from ippfast.http.errors import seconds_shown
from ippfast.http.jobs import int_of, job_id_of
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
from .completion import complete_option
from .converting import Begun, Conversion, Made, begun, conversion_options, converted
from .documents import ANY_FORMAT, AUTO, COMPRESSIONS, PIECE, Source, compressed, compression_of, source
from .failures import FAILED, INTERRUPTED, NOT_OVER, UNKNOWN, USAGE, Failure
from .following import ATTRIBUTES, follow
from .interrupted import interrupted
from .jobs import job_data, job_state, job_words
from .output import Output
from .parameters import Seconds
from .session import Build, Session, printer_command
from .text import Span, escape
from .values import OptionError, parse_option

__all__ = ["print_"]

# Operation attributes that are about the document, not the job (RFC 8011 sections 4.2.1 and 4.3.1).
_OF_DOCUMENT = {"compression", "document-name", "document-format", "document-natural-language", "document-password"}


def _files(ctx: click.Context, param: click.Parameter, files: tuple[str, ...]) -> tuple[str, ...]:
    """Take the files, unless URI and FILE are in the wrong order."""
    for each in files:
        if each.startswith(("ipp://", "ipps://", "http://", "https://")) and not os.path.exists(each):
            raise click.BadParameter(f"{each!r} is not a file: the printer comes first, as in 'ippfast print URI FILE'")
    return files


@printer_command
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True), callback=_files)
@click.option(
    "-o",
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    shell_complete=complete_option,
    help="An attribute of the job, or of the request, by its name in IPP.",
)
@click.option("--format", "format_", metavar="TYPE", help="The format of the documents: application/pdf, ...")
@click.option("--title", metavar="NAME", help="The job's name; by default the file's.")
@click.option("--check/--no-check", default=True, help="Whether to compare the options with what the printer supports.")
@conversion_options
@click.option("--convert/--no-convert", default=True, help="Whether to draw what the printer does not take.")
@click.option("--wait", is_flag=True, help="Follow the job until it is over; the exit status tells how it ended.")
@click.option(
    "--wait-time",
    type=Seconds(),
    metavar="SECONDS",
    help="With --wait: wait at most this long; then the exit status is 5.",
)
def print_(
    session: Session,
    output: Output,
    files: tuple[str, ...],
    options: tuple[str, ...],
    format_: str | None,
    title: str | None,
    check: bool,
    conversion: Conversion,
    convert: bool,
    wait: bool,
    wait_time: float | None,
) -> None:
    """Print each FILE (- for standard input).

    Several files become one job if the printer takes that, otherwise a job each.

    \b
    -o copies=2 -o sides=two-sided-long-edge -o page-ranges=1-4,7
    -o print-quality=high -o printer-resolution=600dpi
    -o "media-col={media-type=photographic media-size={x-dimension=21000 y-dimension=29700}}"
    -o media=a4 -o media=10x15cm        or by its name in IPP: iso_a4_210x297mm
    -o InputSlot:keyword=Tray2          an attribute that is not registered needs a tag
    -o compression=auto                 gzip for files that gain by it

    Before the job is sent, its values are compared with the registry and with what the printer supports; whatever does
    not fit is an error (2).

    What the printer does not take is drawn as pages that it takes: PDF, images and text become Apple or PWG raster
    (extra 'convert': pip install 'ippfast[convert]'). What it cannot do with these, such as page-ranges, is done here.

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
    jobs: list[tuple[AttributeGroup, list[Source]]] = []
    with contextlib.ExitStack() as opened:
        try:
            made = request.look_at_printer(sources, check, conversion._replace(convert=convert), opened)
        except KeyboardInterrupt:
            raise Failure("interrupted: nothing was printed", INTERRUPTED) from None
        for each in made:
            if each.plan is not None and not each.plan.untouched:
                click.echo(f"{escape(each.source.name) or 'standard input'}: {escape(each.plan.summary)}", err=True)
        for batch in request.batches(made):
            job = request.send(batch)
            sent = [each.source for each in batch]
            jobs.append((job, sent))
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
        self._several = self._can_wait = False
        self._noted: set[str] = set()
        self._began: int | None = None  # in the printer's time
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
        if self._compression not in (*COMPRESSIONS, "none", AUTO):
            raise Failure(f"-o compression: expected none, {', '.join(COMPRESSIONS)} or {AUTO}", USAGE)
        if self._compression == AUTO:
            del self._operation["compression"]

    def look_at_printer(
        self, sources: list[Source], check: bool, conversion: Conversion, opened: contextlib.ExitStack
    ) -> list[Made]:
        """Ask the printer what it supports and whether it would take the job. Raises Failure if it would not.

        Returns the documents as they are sent.
        """
        sources = [self._as_told(each) for each in sources]
        first = begun(sources[0], conversion, opened)
        printer = printer_of(self._session.ask(get_printer_attributes))
        self._began = int_of(printer, "printer-up-time")
        if "operations-supported" in printer:
            self._operations = {value for value in printer["operations-supported"].values if isinstance(value, int)}
        several = printer.get("multiple-document-jobs-supported")
        self._can_wait = {Operation.CREATE_JOB, Operation.SEND_DOCUMENT} <= self._operations
        self._several = several is not None and several.values[0] is True and self._can_wait
        made = [
            self._made(each, printer, conversion, opened, None if place else first)
            for place, each in enumerate(sources)
        ]
        if check:
            found = [fault for each in made for fault in faults(each.job.values(), printer)]
            operation = [value for value in self._operation.values() if value.name != "document-format"]
            found += faults(operation, printer, template=False)
            for each in [one.source for one in made]:
                attribute = Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, each.format)
                if not self._leave_format(each, printer):
                    found += [
                        f"{fault} ({escape(each.name) or 'standard input'})"
                        for fault in faults([attribute], printer, template=False)
                    ]
            if found:
                raise Failure(f"{'; '.join(dict.fromkeys(found))}; --no-check sends it anyway", USAGE)
        if Operation.VALIDATE_JOB in self._operations:
            arguments = self._of_job(made[0].source) | self._of_document(made[0].source)
            # CUPS' ippeveprinter begins to undo a compression here, and takes the next request for compressed.
            arguments.pop("compression", None)
            self._note(
                self._session.ask(
                    validate_job, operation_attributes=list(arguments.values()), job=list(made[0].job.values())
                )
            )
        return made

    def _as_told(self, each: Source) -> Source:
        """The document in the format that the options say."""
        format_ = self._operation.get("document-format")
        return each if format_ is None else each._replace(format=str(format_.values[0]))

    def _made(
        self,
        each: Source,
        printer: AttributeGroup,
        conversion: Conversion,
        opened: contextlib.ExitStack,
        ahead: Begun | None,
    ) -> Made:
        """A document as it is sent."""
        made = converted(each, printer, self._job, conversion, opened, ahead)
        supported = printer["compression-supported"].values if "compression-supported" in printer else ()
        compression = compression_of(made.source, self._compression, supported)
        return made._replace(source=made.source._replace(compression=compression))

    @staticmethod
    def _leave_format(each: Source, printer: AttributeGroup) -> bool:
        """Whether its format is not known here, so that the printer must find out (RFC 8011 section 5.1.10.1)."""
        return each.format == ANY_FORMAT and "document-format-supported" not in printer

    def batches(self, made: list[Made]) -> list[list[Made]]:
        """The documents of each job: all in one job if the printer supports that and their attributes are the same."""
        together = self._several and all(each.job == made[0].job for each in made)
        return [made] if together else [[each] for each in made]

    def send(self, batch: list[Made]) -> AttributeGroup:
        """Make one job of the documents. Returns its attributes."""
        sources, job = [each.source for each in batch], list(batch[0].job.values())
        of_job = self._of_job(sources[0])
        if len(batch) == 1 and not (sources[0].sides is not None and self._can_wait):
            arguments = of_job | self._of_document(sources[0])
            try:
                answer = self._send(print_job, sources[0], operation_attributes=list(arguments.values()), job=job)
            except KeyboardInterrupt:
                raise Failure(f"interrupted: {interrupted(self._session, self._began)}", INTERRUPTED) from None
            return _job_of(answer)
        # A job that waits for its documents can be canceled if one cannot be drawn to its end.
        answer = self._session.ask(create_job, operation_attributes=list(of_job.values()), job=job)
        self._note(answer)
        made = _job_of(answer)
        job_id = job_id_of(made)
        if job_id is None:
            raise Failure("the printer made a job, but did not say its job-id: no document can follow")
        try:
            for each in sources:
                answer = self._send(
                    send_document,
                    each,
                    job_id=job_id,
                    last_document=each is sources[-1],
                    operation_attributes=list(self._of_document(each).values()),
                )
        except BaseException as error:  # the printer would wait for the rest
            with contextlib.suppress(Failure):
                self._session.ask_anyway(cancel_job, job_id=job_id)
            if isinstance(error, KeyboardInterrupt):
                raise Failure(f"interrupted: job {job_id} was canceled", INTERRUPTED) from None
            raise
        last = answer.groups_of(DelimiterTag.JOB)
        return last[0] if last and job_id_of(last[0]) == job_id else made

    def _send(self, build: Build, each: Source, **arguments: Any) -> Message:
        def document() -> Any:
            opened = each.open()
            stack.callback(getattr(opened, "close", lambda: None))
            if each.compression == "none":
                return opened
            return compressed(_pieces(opened), each.compression)

        with contextlib.ExitStack() as stack, _progress(each, each.compression) as progress:
            answer = self._session.ask(build, document=document, progress=progress, **arguments)
        self._note(answer)
        return answer

    def _of_job(self, each: Source) -> dict[str, Attribute]:
        """The operation attributes that are about the job."""
        found = {name: each for name, each in self._operation.items() if name not in _OF_DOCUMENT}
        if "job-name" not in found and each.name:
            found["job-name"] = _name("job-name", each.name)
        return found

    def _of_document(self, each: Source) -> dict[str, Attribute]:
        """Those that are about one document."""
        found = {name: attribute for name, attribute in self._operation.items() if name in _OF_DOCUMENT}
        found["document-format"] = Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, each.format)
        if each.compression != "none":
            found["compression"] = Attribute("compression", ValueTag.KEYWORD, each.compression)
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
    """A name of at most 255 octets (RFC 8011 section 5.1.3); what is not UTF-8 or does not print is replaced."""
    text = "".join([each if each.isprintable() else "?" for each in value])
    octets = text.encode("utf-8", "replace")[:255]
    return Attribute(name, ValueTag.NAME, octets.decode("utf-8", "ignore"))


def _job_of(answer: Message) -> AttributeGroup:
    """The job that was made. If it has no job-id, its state can't be requested."""
    groups = answer.groups_of(DelimiterTag.JOB)
    if not groups or job_id_of(groups[0]) is None:
        click.echo(
            "Note: the printer took the job, but did not say its job-id: 'ippfast jobs URI' may show it", err=True
        )
    return groups[0] if groups else AttributeGroup(DelimiterTag.JOB)


def _pieces(opened: Any) -> Iterator[bytes]:
    return iter(lambda: opened.read(PIECE), b"") if hasattr(opened, "read") else iter(opened)


@contextlib.contextmanager
def _progress(each: Source, compression: str) -> Iterator[Callable[[int, int | None], object] | None]:
    """A bar on a terminal, which goes away when it is full."""
    if not sys.stderr.isatty():
        yield None
        return
    # These modules take as long to load as all others that printing needs.
    from rich.console import Console
    from rich.markup import escape as markup_escape
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        yield None
        return
    name = markup_escape(escape(each.name) or "standard input")
    if each.sides is not None:
        steps = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("sides")
        with Progress(*steps, TimeRemainingColumn(), console=console, transient=True) as bars:
            bar = bars.add_task(name, total=None)
            each.sides.show = lambda number, total: bars.update(bar, completed=number, total=total)
            yield None
            each.sides.show = None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        # How many octets there are when they are compressed is not known before.
        total = each.length if compression == "none" else None
        bar = bars.add_task(name, total=total)
        yield lambda sent, length: bars.update(bar, completed=sent)


def _say(output: Output, job: AttributeGroup) -> None:
    reasons = (
        [each for each in job["job-state-reasons"].values if each not in ("none", "")]
        if "job-state-reasons" in job
        else []
    )
    words = f" ({', '.join(escape(str(each)) for each in reasons)})" if reasons else ""
    output.say(Span(job_words(job), "name"), ": ", Span(job_state(job)[1], "enum"), words)


def _wait(
    session: Session, output: Output, jobs: list[tuple[AttributeGroup, list[Source]]], seconds: float | None
) -> tuple[list[tuple[AttributeGroup, list[Source]]], int]:
    """Follow each job. Returns how each ended, and the exit status."""
    end = None if seconds is None else time.monotonic() + seconds
    ended, status = [], 0
    for job, batch in jobs:
        name = job_words(job)
        left = None if end is None else max(0.0, end - time.monotonic())
        try:
            followed = follow(session, job, lambda changed: _say(output, changed), left)
        except KeyboardInterrupt:
            number = job_id_of(job)
            cancel = "" if number is None else f"; 'ippfast cancel {escape(session.place)} {number}' ends it"
            click.echo(f"\n{name.capitalize()} goes on{cancel}.", err=True)
            raise
        ended.append((followed.job, batch))
        if not followed.over:
            click.echo(f"Error: {name} was not over after {seconds_shown(seconds)}", err=True)
            status = status or NOT_OVER
        elif followed.unknown:
            click.echo(f"Note: {name}: printed, state unknown: the printer does not say what became of it", err=True)
            status = status or UNKNOWN
        elif not followed.completed:
            how = " with errors" if followed.with_errors else ""
            click.echo(f"Error: {name} is {job_state(followed.job)[1]}{how}", err=True)
            status = FAILED
    return ended, status
