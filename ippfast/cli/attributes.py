"""``ippfast attributes`` and ``ippfast supplies``: a printer's attributes and supplies.

The rule of this file: what came is shown, and then the command fails if the printer refused or a name is missing.
"""

from collections.abc import Iterator

import click

from ippfast import AttributeGroup, DelimiterTag, Message, registry
from ippfast.operations import get_printer_attributes
from ippfast.views import StateReason, Supply, state_reasons
from ippfast.views import supplies as supplies_of

from .describe import describe_group
from .failures import Failure
from .output import Output, table
from .parameters import Keyword
from .plain import plain, plain_fields
from .session import Session, printer_command
from .text import Line, Span, escape

__all__ = ["attributes", "printer_of", "supplies"]

# RFC 8011 section 4.2.5.1: names of groups, which stand for the attributes in them.
_GROUPS = {"all", "job-template", "printer-description", "document-template"}

_SUPPLY_ATTRIBUTES = [
    *(f"marker-{what}" for what in ("names", "types", "colors", "levels", "low-levels", "high-levels")),
    "printer-supply",
    "printer-supply-description",
    "printer-state",
    "printer-state-reasons",
]
_BAR = 20


def _names() -> set[str]:
    """The names that a printer may be asked for."""
    return {*_GROUPS, *registry.names(DelimiterTag.PRINTER)}


@printer_command
@click.argument("names", metavar="[NAME]...", nargs=-1, type=Keyword(_names))
def attributes(session: Session, output: Output, names: tuple[str, ...]) -> None:
    """Show a printer's attributes.

    All attributes, or those with these names. A NAME may also be a group: job-template, printer-description, all. If
    the printer does not report a NAME, the exit status is 1.

    \b
    --json: {"uri": ..., "attributes": {NAME: VALUE, ...}}. A VALUE is a list unless the attribute is registered
    with one value; out-of-band values are null, collections objects, ranges [lower, upper]. Beside the number of an
    enum stands its keyword: {"printer-state": 3, "printer-state-keyword": "idle"}.
    """
    answer, refused = session.ask_for(
        DelimiterTag.PRINTER, get_printer_attributes, requested_attributes=list(names) or None
    )
    printer = printer_of(answer)
    if names and _GROUPS.isdisjoint(names):  # some printers send more than they are asked for
        printer = AttributeGroup(DelimiterTag.PRINTER, [each for each in printer if each.name in names])
    output.show(
        {"uri": session.uri, "attributes": plain(printer)},
        lambda: describe_group(printer, width=output.terminal.width),
    )
    if refused is not None:
        raise refused
    missing = [name for name in names if name not in printer and name not in _GROUPS]
    if missing:
        raise Failure(f"the printer does not report {', '.join(escape(name) for name in missing)}")


def printer_of(answer: Message) -> AttributeGroup:
    """The printer's attributes in a response; an empty group if it has none."""
    groups = answer.groups_of(DelimiterTag.PRINTER)
    return groups[0] if groups else AttributeGroup(DelimiterTag.PRINTER)


@printer_command
def supplies(session: Session, output: Output) -> None:
    """Show a printer's supplies, such as toner and ink.

    Also shows its printer-state-reasons.

    \b
    --json: {"uri": ..., "supplies": [{"name", "type", "colors", "level", "low-level", "high-level"}, ...],
    "printer-state-reasons": [{"reason", "severity"}, ...]}. A level is in per cent; -1 other, -2 unknown, -3 some is
    left; null if the printer does not say.
    """
    answer, refused = session.ask_for(
        DelimiterTag.PRINTER, get_printer_attributes, requested_attributes=_SUPPLY_ATTRIBUTES
    )
    printer = printer_of(answer)
    found = supplies_of(printer)
    reasons = state_reasons(printer["printer-state-reasons"].values if "printer-state-reasons" in printer else ())
    output.show(
        {
            "uri": session.uri,
            "supplies": [plain_fields(supply._asdict()) for supply in found],
            "printer-state-reasons": [reason._asdict() for reason in reasons],
        },
        lambda: _lines(found, reasons, output.terminal.width),
    )
    if refused is not None:
        raise refused


def _lines(found: list[Supply], reasons: list[StateReason], width: int | None) -> Iterator[Line]:
    if found:
        yield from table(("SUPPLY", "TYPE", "LEVEL"), map(_row, found), width)
    else:
        yield [Span("the printer does not say what supplies it has", "quiet")]
    for reason in reasons:
        style = {"error": "malformed", "warning": "warning"}.get(reason.severity, "quiet")
        yield [Span(f"{reason.severity}: ", style), Span(escape(reason.reason))]


def _row(supply: Supply) -> list[Span]:
    level = supply.level
    low = level is not None and supply.low_level is not None and 0 <= level <= supply.low_level
    full = level is not None and supply.high_level is not None and 0 < supply.high_level <= level
    fills = supply.type is not None and supply.type.startswith("waste")
    if level is None or level < 0:
        text = {-3: "some left", -1: "other"}.get(level or 0, "unknown")
    else:
        filled = min(_BAR, round(level * _BAR / 100))
        text = f"[{'#' * filled}{'.' * (_BAR - filled)}] {level}%"
    if fills and full:
        text += " full"
    elif low and not fills:
        text += " low"
    style = "warning" if (full and fills) or (low and not fills) else ""
    name, kind = (escape(each) if each else "-" for each in (supply.name, supply.type))
    return [Span(name, "name"), Span(kind), Span(text, style)]
