"""What completion offers for ``-o``: names and values of the printer on the command line, or of the registry.

The rule of this file: a printer is asked once, briefly and without a prompt; if it does not answer, only its own names
are missing.
"""

import contextlib
from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

from ippfast import AttributeGroup, Collection, OutOfBand, RangeOfInteger, StringWithLanguage, registry
from ippfast.operations import get_printer_attributes

from .attributes import printer_of
from .capabilities import show
from .session import Access, Session, credentials

__all__ = ["complete_option"]

_SECONDS = 3.0


def complete_option(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of job template attributes, and after a name its values."""
    name, equals, start = incomplete.partition("=")
    printer = _printer(ctx)
    if not equals:
        offered = _names(printer) or registry.names("Job Template")
        return [CompletionItem(f"{each}=", type="nospace") for each in offered if each.startswith(name)]
    before, comma, last = start.rpartition(",")
    values = _values(name, printer) or _registered(name)
    return [CompletionItem(f"{name}={before}{comma}{each}") for each in values if each.startswith(last)]


def _printer(ctx: click.Context) -> AttributeGroup:
    """The attributes of the printer on the command line; none if there is no printer, or it does not answer."""
    given = ctx.params
    if not given.get("uri"):
        return AttributeGroup(4)
    with contextlib.suppress(Exception):  # a shell has no place to show an error
        access = Access(given.get("ca"), given.get("pin"), bool(given.get("insecure")), user=given.get("user"))
        access = access._replace(timeout=_SECONDS)
        with Session(str(given["uri"]), access, anonymous=credentials(access) is None) as session:
            return printer_of(session.ask(get_printer_attributes))
    return AttributeGroup(4)


def _names(printer: AttributeGroup) -> list[str]:
    listed = printer.get("job-creation-attributes-supported")
    return [] if listed is None else sorted(each for each in listed.values if isinstance(each, str))


def _values(name: str, printer: AttributeGroup) -> list[str]:
    """The supported values of an attribute, as people type them."""
    listed = printer.get(f"{name}-supported")
    if listed is None:
        return []
    enum = registry.enum_for(name)
    kinds = (Collection, OutOfBand, RangeOfInteger)
    strings = (each.string if isinstance(each, StringWithLanguage) else each for each in listed.values)
    return [show(each, enum) for each in strings if not isinstance(each, kinds)]


def _registered(name: str) -> Iterable[str]:
    enum = registry.enum_for(name)
    return sorted(registry.keywords(name) if enum is None else {member.keyword for member in enum})
