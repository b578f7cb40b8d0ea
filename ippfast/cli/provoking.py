"""``ippfast provoke``: makes a simulated printer jam, run out of paper, and go on again.

The rule of this file: it asks as any client could, by Set-Printer-Attributes; the printer decides who may.
"""

import click

from ippfast import DelimiterTag
from ippfast.operations import get_printer_attributes, set_printer_attributes
from ippfast.printer.simulating import REASONS, REFILL
from ippfast.wrappers import Boolean, Keyword

from .failures import Failure, Refused
from .output import Output
from .parameters import Keyword as KeywordParameter
from .plain import plain
from .session import Session, printer_command

__all__ = ["provoke"]

SHORT = {
    "cover": "cover-open",
    "door": "door-open",
    "jam": "media-jam",
    "media": "media-needed",
    "paper": "media-needed",
    "toner": "toner-empty",
}
"""Short words for the usual reasons."""


def _known() -> list[str]:
    return [*SHORT, "media-empty", "media-low-report", "toner-low-report", "door-open", "media-jam", "media-needed"]


@printer_command
@click.argument("reasons", nargs=-1, metavar="[REASON]...", type=KeywordParameter(_known))
@click.option("--refill", is_flag=True, help="Fill supplies and trays, and let it go on.")
def provoke(session: Session, output: Output, reasons: tuple[str, ...], refill: bool) -> None:
    """Make a simulated printer stop, or go on.

    For a printer of 'ippfast serve --simulate'. REASON is a keyword of printer-state-reasons, or one of the words jam,
    media, door, cover and toner. The printer stops until the command without a REASON lets it go on. Reasons that end
    in -report or -warning do not stop it.

    \b
    Try it:
      ippfast serve --simulate 20ppm
      ippfast provoke ipp://localhost:8631/ipp/print jam
      ippfast provoke ipp://localhost:8631/ipp/print

    \b
    --json: {"printer-state", "printer-state-keyword", "printer-state-reasons"}.
    """
    wanted = [SHORT.get(reason, reason) for reason in reasons]
    if refill and wanted:
        raise click.UsageError("--refill lets it go on, and takes no REASON")
    value = {REFILL: Boolean(True)} if refill else {REASONS: [Keyword(each) for each in wanted or ["none"]]}
    try:
        session.ask(set_printer_attributes, printer=value)
    except Refused as refused:
        named = [each.name for group in refused.answer.groups for each in group]
        if REASONS in named or REFILL in named:
            raise Failure("this printer is not simulated: see 'ippfast serve --simulate'") from None
        raise
    asked = ["printer-state", "printer-state-reasons"]
    answer = session.ask(get_printer_attributes, requested_attributes=asked)
    data = {name: value for group in answer.groups_of(DelimiterTag.PRINTER) for name, value in plain(group).items()}
    if not {"printer-state-keyword", "printer-state-reasons"} <= data.keys():
        raise Failure("the printer does not say in which state it is now")
    output.show(data, list)
    output.say(f"{data['printer-state-keyword']}: {', '.join(data['printer-state-reasons'])}")
