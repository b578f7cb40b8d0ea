"""What ``ippfast serve --forward`` needs: a client with the trust that the options give, and a check at the start.

The rule of this file: a printer that is off does not keep this one from serving. Jobs wait, and the reason is told.
"""

import functools
import threading

import click

from ippfast.http import Client
from ippfast.printer import OutputError, SpoolPrinter
from ippfast.printer.forwarding import UNREACHABLE, Other, forward_to

from .failures import Failure, explained
from .session import Access, credentials
from .text import escape

__all__ = ["look", "other_printer"]

_PAUSE = 5.0


def other_printer(uri: str, trust: Access) -> Other:
    """The output for a URI. Raises ValueError and Failure for what cannot be used."""
    return forward_to(uri, functools.partial(_connect, uri, trust))


def _connect(uri: str, trust: Access) -> Client:
    return Client(
        uri, tls=trust.tls(), auth=credentials(trust), upgrade="required" if trust.needs_tls else "if-requested"
    )


def look(uri: str, trust: Access, printer: SpoolPrinter, ended: threading.Event) -> None:
    """Ask the other printer, again and again until it answers, and tell if it does not."""
    other, said = other_printer(uri, trust), ""
    while not ended.is_set():
        try:
            with explained(uri):
                other.look()
        except (Failure, OutputError) as error:
            why = error.message if isinstance(error, Failure) else f"{escape(uri)}: {error.reason}"
            if why != said:
                click.echo(f"Note: jobs wait: {why}", err=True)
            printer.waits_for_device(UNREACHABLE, why)
            said = why
        else:
            if said:
                click.echo(f"Note: {escape(uri)} takes jobs now.", err=True)
                printer.waits_for_device()
            return
        ended.wait(_PAUSE)
