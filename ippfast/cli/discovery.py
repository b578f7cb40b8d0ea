"""``ippfast printers``: what is on the network (DNS-SD, RFC 6763), or the queues of a CUPS server.

The rule of this file: what printers and servers announce is shown escaped and never followed.
"""

from typing import Any, NamedTuple

import click

from ippfast import AttributeGroup, DelimiterTag
from ippfast.enums import PrinterState, Status
from ippfast.http import StatusError
from ippfast.http.errors import seconds_shown
from ippfast.http.jobs import int_of, text_of
from ippfast.http.uri import parse_uri
from ippfast.operations import cups_get_printers

from .browsing import browse
from .failures import Failure, Refused
from .output import Output, table
from .parameters import Seconds
from .plain import plain
from .session import Access, Session, access_options, json_option
from .text import Span, escape

__all__ = ["printers"]

_QUEUE_ATTRIBUTES = [
    "printer-name",
    "printer-uri-supported",
    "printer-state",
    "printer-make-and-model",
    "printer-location",
    "printer-uuid",
]
_SHOWN_FAULTS = 10


class _Found(NamedTuple):
    name: str
    uri: str
    model: str
    location: str
    uuid: str = ""
    state: AttributeGroup = AttributeGroup(DelimiterTag.PRINTER)


@click.command
@click.option("--server", metavar="HOST", help="The queues of this CUPS server, instead of what is on the network.")
@click.option(
    "--seconds",
    type=Seconds(),
    default=3.0,
    show_default=True,
    help="How long to listen for printers.",
)
@click.option(
    "--interface",
    "interfaces",
    metavar="ADDRESS",
    multiple=True,
    help="Look at the network of this address, or interface, only.",
)
@access_options
@json_option
def printers(access: Access, output: Output, server: str | None, seconds: float, interfaces: tuple[str, ...]) -> None:
    """Find printers: on the network, or at a CUPS server.

    \b
    --json: {"printers": [{"uri", "printer-name", "printer-make-and-model", "printer-location", "printer-uuid"}, ...]};
    "" if it is unknown. With --server "printer-state" and its keyword too.
    """
    if server is None:
        browsed = browse(seconds, interfaces)
        found = [_Found(**each._asdict()) for each in browsed.printers]
        for fault in browsed.faults[:_SHOWN_FAULTS]:
            click.echo(f"Note: left out: {fault}", err=True)
        if len(browsed.faults) > _SHOWN_FAULTS:
            click.echo(f"Note: left out: {len(browsed.faults) - _SHOWN_FAULTS} more", err=True)
    else:
        found = _queues(server, access)
    found.sort(key=lambda each: (each.name.casefold(), each.uri))
    output.show({"printers": [_as_data(each) for each in found]}, lambda: _lines(found, server, output.terminal.width))
    if not found and not output.as_json:
        where = f"{escape(server)} has none" if server else f"none answered in {seconds_shown(seconds)}"
        click.echo(f"No printers: {where}.", err=True)


def _as_data(each: _Found) -> dict[str, Any]:
    return {
        "uri": each.uri,
        "printer-name": each.name,
        "printer-make-and-model": each.model,
        "printer-location": each.location,
        "printer-uuid": each.uuid,
        **plain(each.state),
    }


def _lines(found: list[_Found], server: str | None, width: int | None) -> Any:
    if not found:
        return []
    last = "STATE" if server else "MODEL"
    rows = [
        [
            Span(escape(each.name), "name"),
            Span(escape(each.uri)),
            Span(escape(_word(each.state) if server else each.model) or "-"),
        ]
        for each in found
    ]
    return table(("NAME", "URI", last), rows, width)


def _queues(server: str, access: Access) -> list[_Found]:
    """The queues in the answer to CUPS-Get-Printers. server: a URI, or a host with or without a port."""
    if "://" in server:
        return _queues_at(server, access)
    authority = server.rstrip("/")
    if authority.count(":") > 1 and not authority.startswith("["):  # an IPv6 address (RFC 3986 section 3.2.2)
        authority = f"[{authority}]"
    secure = f"ipps://{authority}/"
    with Session(secure, access) as session:
        if access.needs_tls or session.has_tls():
            return _queues_at(secure, access)
    click.echo(f"Note: {escape(authority)} has no TLS; the request is sent unencrypted.", err=True)
    return _queues_at(f"ipp://{authority}/", access)


def _queues_at(uri: str, access: Access) -> list[_Found]:
    with Session(uri, access) as session:
        try:
            answer = session.ask(cups_get_printers, requested_attributes=_QUEUE_ATTRIBUTES)
        except Refused as refused:
            status = refused.answer.status
            if status is Status.CLIENT_ERROR_NOT_FOUND:  # CUPS answers this if there are none
                return []
            if status is Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED:
                raise Failure(f"{escape(session.place)} is not a CUPS server: {refused.message}") from None
            raise
        except Failure as failure:
            error = failure.__context__
            if isinstance(error, StatusError) and error.status in (404, 405):
                raise Failure(f"{escape(session.place)} is not a CUPS server: {error}") from None
            raise
        groups = answer.groups_of(DelimiterTag.PRINTER)
    found = []
    for each in groups:
        name, place = _text(each, "printer-name"), _text(each, "printer-uri-supported")
        try:
            parse_uri(place)  # raises for what the client does not take
        except ValueError as error:
            click.echo(f"Note: left out: {escape(name)}: {escape(str(error))}", err=True)
            continue
        model, location = _text(each, "printer-make-and-model"), _text(each, "printer-location")
        uuid = _text(each, "printer-uuid").removeprefix("urn:uuid:")
        found.append(_Found(name, place, model, location, uuid, _state(each)))
    return found


def _text(group: AttributeGroup, name: str) -> str:
    return text_of(group, name) or ""


def _state(group: AttributeGroup) -> AttributeGroup:
    """Only the printer-state of a printer."""
    return AttributeGroup(DelimiterTag.PRINTER, [each for each in group if each.name == "printer-state"])


def _word(state: AttributeGroup) -> str:
    value = int_of(state, "printer-state")
    return "" if value is None else str(PrinterState.coerce(value))
