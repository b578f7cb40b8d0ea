"""``ippfast probe``: which URI a host has for its printer, and what to trust there.

The rule of this file: what was tried in vain is shown too, and nothing is changed at the host.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import click

from ippfast.http import ProbeResult
from ippfast.views import group_to_dict

from .output import Output, wrapped
from .plain import plain
from .session import Access, Session, access_options, json_option, why
from .text import Line, Span, escape

__all__ = ["probe"]

_MARGIN = 7


@click.command
@click.argument("host")
@access_options
@json_option
def probe(access: Access, output: Output, host: str) -> None:
    """Find the printer of a host.

    Reports the scheme, port, path, version and TLS that work. HOST is a name or an address, with or without a port,
    or a URI to begin with. It changes nothing there.

    \b
    --json: {"uri", "version", "secure", "upgrade", "trusted", "distrust", "fingerprint", "tls-version",
    "challenges", "attributes", "tried": [[URI, outcome], ...]}.
    """
    with Session(host, access) as session:
        found = session.probe()
    output.show(_as_data(found), lambda: _broken(_lines(found), output.terminal.width))


def _as_data(found: ProbeResult) -> dict[str, Any]:
    return {
        "uri": found.uri,
        "version": ".".join(map(str, found.version)),
        "secure": found.secure,
        "upgrade": found.upgrade,
        "trusted": found.trusted,
        "distrust": found.distrust,
        "fingerprint": found.fingerprint,
        "tls-version": found.tls_version,
        "challenges": list(found.challenges),
        "attributes": plain(found.attributes),
        "tried": [list(each) for each in found.tried],
    }


def _lines(found: ProbeResult) -> Iterator[Line]:
    yield _row("URI", Span(escape(found.uri), "name"))
    yield _row("IPP", Span(".".join(map(str, found.version))))
    if not found.secure:
        yield _row("TLS", Span("none: others on the network can read what is sent", "warning"))
    else:
        after = ", after an upgrade" if found.upgrade else ""
        yield _row("TLS", Span(f"{escape(found.tls_version or '')}{after}"))
        if found.trusted:
            yield _row("trust", Span("its certificate is trusted", "enum"))
        else:
            yield _row("trust", Span(f"none: {escape(why(found))}", "warning"))
            yield _row("", Span(f"if the fingerprint is right: --pin sha256:{found.fingerprint}"))
    if found.challenges:
        schemes = ", ".join(dict.fromkeys(escape(line.split(" ", 1)[0]) for line in found.challenges))
        yield _row("asks", Span(f"for credentials: {schemes}"))
    attributes = group_to_dict(found.attributes)
    for label, name in (("model", "printer-make-and-model"), ("name", "printer-name"), ("info", "printer-info")):
        if isinstance(attributes.get(name), str) and attributes[name]:
            yield _row(label, Span(escape(attributes[name])))
    for uri, outcome in found.tried:
        yield _row("not", Span(f"{escape(uri)}: {escape(outcome)}", "quiet"))


def _broken(rows: Iterable[Line], width: int | None) -> Iterator[Line]:
    """The rows, broken between words if they are longer than the width."""
    for label, value in rows:
        for number, text in enumerate(wrapped(value.text, None if width is None else width - _MARGIN)):
            yield [Span(" " * _MARGIN) if number else label, Span(text, value.style)]


def _row(label: str, value: Span) -> Line:
    return [Span(f"{label:{_MARGIN}}", "quiet"), value]
