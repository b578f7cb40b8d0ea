"""``ippfast printers``: what is on the network (DNS-SD, RFC 6763), or the queues of a CUPS server.

The rule of this file: zeroconf does the looking; what printers announce is shown escaped and never followed.
"""

import ipaddress
import threading
import time
from typing import Any, NamedTuple

import click

from ippfast import AttributeGroup, DelimiterTag, StringWithLanguage
from ippfast.enums import PrinterState, Status
from ippfast.http.uri import IPP_PORT
from ippfast.operations import cups_get_printers

from .failures import NO_CONNECTION, USAGE, Failure, Refused
from .output import Output, table
from .session import Access, Session, access_options, json_option
from .text import Span, escape

__all__ = ["printers"]

# PWG 5100.14 section 4: a printer announces both where it has TLS.
_TYPES = ("_ipps._tcp.local.", "_ipp._tcp.local.")
_QUEUE_ATTRIBUTES = ["printer-name", "printer-uri-supported", "printer-state", "printer-info", "printer-location"]


class _Found(NamedTuple):
    name: str
    uri: str
    model: str
    location: str
    state: str = ""
    uuid: str = ""


@click.command
@click.option("--server", metavar="HOST", help="The queues of this CUPS server, instead of what is on the network.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=3.0,
    show_default=True,
    help="How long to listen for printers.",
)
@click.option(
    "--interface", "interfaces", metavar="ADDRESS", multiple=True, help="Look at the network of this address only."
)
@access_options
@json_option
def printers(access: Access, output: Output, server: str | None, seconds: float, interfaces: tuple[str, ...]) -> None:
    """Find printers: on the network, or at a CUPS server.

    \b
    --json: {"printers": [{"name", "uri", "model", "location", "state", "uuid"}, ...]}; "" where nothing is said.
    """
    found = _browse(seconds, interfaces) if server is None else _queues(server, access)
    found.sort(key=lambda each: (each.name.casefold(), each.uri))
    output.show({"printers": [each._asdict() for each in found]}, lambda: _lines(found, server))
    if not found and not output.as_json:
        where = f"{escape(server)} has none" if server else f"none answered in {seconds:g} seconds"
        click.echo(f"No printers: {where}.", err=True)


def _lines(found: list[_Found], server: str | None) -> Any:
    if not found:
        return []
    last = "STATE" if server else "MODEL"
    rows = [
        [
            Span(escape(each.name), "name"),
            Span(escape(each.uri)),
            Span(escape(each.state if server else each.model) or "-"),
        ]
        for each in found
    ]
    return table(("NAME", "URI", last), rows)


def _queues(server: str, access: Access) -> list[_Found]:
    """What CUPS-Get-Printers tells."""
    if "://" in server:
        return _queues_at(server, access)
    authority = server.rstrip("/")
    try:
        return _queues_at(f"ipps://{authority}/", access)
    except Failure as failure:
        if failure.exit_code != NO_CONNECTION:
            raise
    found = _queues_at(f"ipp://{authority}/", access)
    click.echo(f"Note: {escape(authority)} has no TLS; this went in the clear.", err=True)
    return found


def _queues_at(uri: str, access: Access) -> list[_Found]:
    with Session(uri, access) as session:
        try:
            answer = session.ask(cups_get_printers, requested_attributes=_QUEUE_ATTRIBUTES)
        except Refused as refused:
            if refused.answer.status is Status.CLIENT_ERROR_NOT_FOUND:  # so CUPS says that there are none
                return []
            raise
        groups = answer.groups_of(DelimiterTag.PRINTER)
    return [
        _Found(
            _text(each, "printer-name"),
            _text(each, "printer-uri-supported"),
            _text(each, "printer-info"),
            _text(each, "printer-location"),
            _state(each),
        )
        for each in groups
    ]


def _text(group: AttributeGroup, name: str) -> str:
    attribute = group.get(name)
    value = "" if attribute is None else attribute.values[0]
    if isinstance(value, StringWithLanguage):
        value = value.string
    return value if isinstance(value, str) else ""


def _state(group: AttributeGroup) -> str:
    attribute = group.get("printer-state")
    value = None if attribute is None else attribute.values[0]
    return str(PrinterState.coerce(value)) if isinstance(value, int) else ""


def _browse(seconds: float, interfaces: tuple[str, ...]) -> list[_Found]:
    try:
        import zeroconf
    except ModuleNotFoundError:
        raise Failure(
            "finding printers on the network needs zeroconf: pip install 'ippfast[discovery]'", USAGE
        ) from None

    for address in interfaces:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise Failure(f"--interface: expected an address of this machine, got {escape(address)}", USAGE) from None
    names: set[tuple[str, str]] = set()
    lock = threading.Lock()

    def changed(zeroconf: Any, service_type: str, name: str, state_change: "zeroconf.ServiceStateChange") -> None:
        if state_change.name == "Added":
            with lock:
                names.add((service_type, name))

    try:
        network = zeroconf.Zeroconf(interfaces=list(interfaces) if interfaces else zeroconf.InterfaceChoice.All)
    except (OSError, RuntimeError) as error:
        raise Failure(f"no network to look at: {error}") from None
    try:
        browser = zeroconf.ServiceBrowser(network, list(_TYPES), handlers=[changed])
        time.sleep(seconds)
        browser.cancel()
        found: dict[str, _Found] = {}
        for service_type, name in sorted(names, key=lambda each: _TYPES.index(each[0])):
            info = network.get_service_info(service_type, name, timeout=1000)
            if info is not None:
                each = _from_service(service_type, name, info)
                found.setdefault(each.uuid or each.name, each)  # with TLS first
        return list(found.values())
    finally:
        network.close()


def _from_service(service_type: str, name: str, info: Any) -> _Found:
    """What the TXT record says (PWG 5100.14 section 4.2.3): rp is the path, ty the model, note the location."""
    fields: dict[str, str] = {}
    for key, value in info.properties.items():
        fields.setdefault(key.decode("ascii", "replace").lower(), (value or b"").decode("utf-8", "replace"))
    scheme = service_type.partition(".")[0].lstrip("_")
    host = (info.server or "").rstrip(".")
    port = "" if info.port == IPP_PORT else f":{info.port}"
    uri = f"{scheme}://{host}{port}/{fields.get('rp', '').lstrip('/')}"
    label = name.removesuffix(f".{service_type}")
    return _Found(label, uri, fields.get("ty", ""), fields.get("note", ""), "", fields.get("uuid", "").lower())
