"""``ippfast work``, which processes the jobs of a service, and ``ippfast queues``, by which operators manage it.

The rule of this file: `work` uses only the storage, and `queues` only the System object (PWG 5100.22).
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from ippfast import Attribute, AttributeGroup, DelimiterTag, Message, ValueTag, request
from ippfast.enums import Operation, PrinterState
from ippfast.http._client.systems import PrinterKey, new_printers
from ippfast.http.jobs import first_of, int_of, text_of
from ippfast.printer.service import PrintService
from ippfast.printer.storage.places import Place

from .first_use import state_directory
from .output import Output, table
from .plain import plain
from .serve import explaining
from .serving import without_secrets
from .session import Session, printer_command
from .text import Span, escape
from .waiting import LOOK, until_signal

__all__ = ["queues", "work"]

_MOST = 1_000
_COLUMNS = (
    "printer-id",
    "printer-name",
    "printer-info",
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "queued-job-count",
    "printer-uri-supported",
)


def _place(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, int] | None:
    """A host and a port."""
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise click.BadParameter(f"expected a port, or HOST:PORT, got {value!r}", ctx, param)
    return host.strip("[]") or "localhost", int(port)


@contextlib.contextmanager
def _figures(service: PrintService, host: str, port: int) -> Iterator[None]:
    """Show figures as long as it lasts. Raises OSError if the port is taken."""
    from prometheus_client import CollectorRegistry, start_http_server

    from ippfast.printer.service.metrics import WorkMetrics

    registry = CollectorRegistry()
    registry.register(WorkMetrics(service.storage))
    server, thread = start_http_server(port, "127.0.0.1" if host == "localhost" else host, registry)
    click.echo(f"figures: http://{host}:{server.server_port}/metrics")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@click.command
@click.option("--store", required=True, metavar="URL", help="Where jobs are kept: postgresql://USER@HOST/NAME.")
@click.option("--documents", metavar="PLACE", help="Where documents are kept: a directory, or s3://BUCKET/PREFIX.")
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=4,
    show_default=True,
    help="How many jobs are processed at a time.",
)
@click.option(
    "--metrics",
    callback=_place,
    metavar="[HOST:]PORT",
    help="Show figures for Prometheus there; the host is localhost if none is named.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log each job on standard error.")
def work(store: str, documents: str | None, threads: int, metrics: tuple[str, int] | None, verbose: bool) -> None:
    """Process the jobs that servers with the same --store have taken.

    Any number of workers may run, on any number of hosts. Each printer has one job at a time, whichever worker
    processes it; if a worker dies or is suspended, another begins its job again.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    with until_signal() as ended, explaining():
        place = Place(store=store, documents=documents, local=Path(state_directory()))
        with PrintService(place, workers=threads, shared=True) as service, contextlib.ExitStack() as stack:
            if metrics is not None:
                stack.enter_context(_figures(service, *metrics))
            click.echo(f"working for {escape(without_secrets(store))}")
            while not ended.wait(LOOK):
                pass
        click.echo("Ending: jobs that are not done are begun again by another worker.", err=True)


@click.group
def queues() -> None:
    """Manage the printers of a service: list, create, delete, shut down, start up, and choose the default.

    URI is that of the service: its host, or ipp://HOST:PORT/ipp/system.
    """


def _command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """One of the group's commands, whose first argument is the service."""

    def register(function: Callable[..., None]) -> click.Command:
        made = printer_command(function)
        queues.add_command(made, name)
        return made

    return register


def _asked(session: Session, code: Operation, *groups: AttributeGroup, **given: Any) -> Message:
    """The answer of the System object."""

    def build(uri: str, *, user: str | None, version: tuple[int, int]) -> Message:
        system = urlsplit(uri)._replace(path="/ipp/system").geturl()  # whichever path was found first
        message = request(code, operation_attributes={"system-uri": system} | given, user=user, version=version)
        message.groups.extend(groups)
        return message

    build.__name__ = code.name.lower()
    return session.ask(build)


def _printers(session: Session, names: Sequence[str]) -> Iterator[AttributeGroup]:
    """These attributes of each printer of a service: an answer has no more printers than fit in it."""
    first, known = 1, set[PrinterKey]()
    while True:
        place = {"limit": _MOST, "first-index": first, "requested-attributes": list(names)}
        new = new_printers(_asked(session, Operation.GET_PRINTERS, **place), known)
        if not new:
            return
        yield from new
        first += len(new)


@_command("list")
def list_(session: Session, output: Output) -> None:
    """List the printers of a service.

    \b
    --json: {"uri": ..., "printers": [{"printer-id": ..., "printer-name": ..., "printer-state": ..., ...}, ...]}.
    """
    found = list(_printers(session, _COLUMNS))
    output.show(
        {"uri": session.uri, "printers": [plain(each) for each in found]},
        lambda: table(("ID", "NAME", "STATE", "JOBS", "INFO"), map(_row, found), output.terminal.width),
    )


def _row(group: AttributeGroup) -> list[Span]:
    state = int_of(group, "printer-state")
    word = PrinterState(state).name.lower() if state in (3, 4, 5) else "unknown"
    if first_of(group, "printer-is-accepting-jobs") is False:
        word += ", takes no jobs"

    def shown(name: str) -> str:
        value = first_of(group, name)
        return "-" if value is None else escape(str(value))

    return [
        Span(shown("printer-id"), "name"),
        Span(shown("printer-name")),
        Span(word, "warning" if state == PrinterState.STOPPED else "enum"),
        Span(shown("queued-job-count")),
        Span(shown("printer-info")),
    ]


@_command("create")
@click.argument("name")
@click.option("--info", help="What the printer is, in words for people.")
@click.option("--location", help="Where it is.")
@click.option("--forward", metavar="URI", help="Give each job to this printer.")
def create(
    session: Session, output: Output, name: str, info: str | None, location: str | None, forward: str | None
) -> None:
    """Make a printer.

    \b
    --json: {"uri": ..., "printer-id": ..., "printer-uri": ...}.
    """
    given = (
        ("printer-name", ValueTag.NAME, name),
        ("printer-info", ValueTag.TEXT, info),
        ("printer-location", ValueTag.TEXT, location),
        ("smi2699-device-uri", ValueTag.URI, forward),
    )
    group = AttributeGroup(DelimiterTag.PRINTER, [Attribute(key, tag, value) for key, tag, value in given if value])
    answer = _asked(session, Operation.CREATE_PRINTER, group, **{"printer-service-type": "print"})
    made = answer.printer
    uri, number = text_of(made, "printer-uri-supported"), int_of(made, "printer-id")
    output.show({"uri": session.uri, "printer-id": number, "printer-uri": uri}, lambda: [[Span(escape(str(uri)))]])


def _number(session: Session, name: str) -> int:
    """The printer-id of a printer that is given by its number or its name."""
    for group in _printers(session, ("printer-id", "printer-name")):
        number = int_of(group, "printer-id")
        if number is not None and name in (str(number), text_of(group, "printer-name")):
            return number
    raise click.ClickException(f"the service has no printer {name!r}")


def _switch(name: str, code: Operation, words: str) -> None:
    """Add a command that sends an operation for one printer."""

    def switch(session: Session, output: Output, printer: str) -> None:
        number = _number(session, printer)
        _asked(session, code, **{"printer-id": number})
        output.show({"uri": session.uri, "printer-id": number}, lambda: [[Span("done")]])

    switch.__doc__ = f"{words}.\n\n    PRINTER is its name or its number."
    _command(name)(click.argument("printer")(switch))


_switch("delete", Operation.DELETE_PRINTER, "Delete a printer: the jobs that wait are aborted")
_switch("shutdown", Operation.SHUTDOWN_ONE_PRINTER, "Shut a printer down: it takes and prints nothing")
_switch("startup", Operation.STARTUP_ONE_PRINTER, "Start a printer up: it takes jobs and prints them")


@_command("default")
@click.argument("printer")
def default(session: Session, output: Output, printer: str) -> None:
    """Choose the default printer, which is used if none is named."""
    number = _number(session, printer)
    group = AttributeGroup(DelimiterTag.SYSTEM, [Attribute("system-default-printer-id", ValueTag.INTEGER, number)])
    _asked(session, Operation.SET_SYSTEM_ATTRIBUTES, group)
    output.show({"uri": session.uri, "printer-id": number}, lambda: [[Span("done")]])
