"""``ippfast dump``: a file's IPP messages in words, or as lossless JSON."""

from typing import BinaryIO

import click

from ippfast import DecodeError, decode_prefix

from .capture import IPP, Capture, CaptureError, Kind, captures
from .describe import describe
from .lossless_json import to_json
from .terminal import Terminal, terminal_options
from .text import Span, bare, escape, hex_rows

__all__ = ["dump"]


@click.command
@click.argument("file", type=click.File("rb"))
@click.option("--request", "kind", flag_value="request", help="The message is a request.")
@click.option("--response", "kind", flag_value="response", help="The message is a response.")
@click.option("--offsets", is_flag=True, help="Begin each line with where its tag stands, in hexadecimal.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON from which 'ippfast load' makes the same octets.")
@click.option("--document", is_flag=True, help="With --json, the document data too.")
@terminal_options
def dump(
    file: BinaryIO,
    kind: Kind | None,
    offsets: bool,
    as_json: bool,
    document: bool,
    color: bool | None,
    width: int | None,
) -> None:
    r"""Print the IPP message in FILE (- for standard input) readably.

    FILE holds a message, perhaps with document data after it, or the HTTP requests or responses that carried some,
    as they were on the wire: heads, bodies of any framing, a 100 (Continue) before a response.

    A message alone does not tell whether it is a request. --request or --response says so. Otherwise it is what its
    code has a name for; where the same number is an operation and a status (0x0002 is Print-Job and
    successful-ok-conflicting-attributes), or neither, it is a request if its operation attributes name a
    printer-uri, job-uri or system-uri. Numbers from 0x4000 are vendors' operations.

    In strings \xNN is an octet that is a control or no UTF-8, \uNNNN a character that does not print. Octets that do
    not fit their tag are shown as "malformed", with their offset.
    """
    if not as_json and document:
        raise click.UsageError("--document needs --json")
    if as_json and offsets:
        raise click.UsageError("--offsets has no place in --json")
    out = Terminal(color, width)
    faults: list[str] = []
    messages = 0
    first = True
    try:
        for capture in captures(read(file)):
            if not as_json:
                out.print([] if first else [[]])
                out.print([Span(escape(line), "http")] for line in capture.head)
            first = False
            if capture.media_type != IPP or (capture.head and not capture.octets):
                if not as_json:
                    out.print([[Span(_no_message(capture))]])
                continue
            messages += 1
            if capture.fault is not None:
                faults.append(capture.fault)
            message, end = decode_prefix(capture.octets)
            if as_json:
                out.print([[Span(to_json(message, capture.octets[end:] if document else None))]])
            else:
                out.print(
                    describe(
                        message, capture.octets, kind=kind or capture.kind, width=out.width, offsets=offsets
                    )
                )
    except (CaptureError, DecodeError) as error:
        ...
