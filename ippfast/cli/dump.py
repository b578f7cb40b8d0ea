"""``ippfast dump``: the IPP messages of a file in words, or as lossless JSON.

The rule of this file: a broken message does not keep the others from being shown; the exit status tells of it.
"""

from collections.abc import Iterator
from typing import BinaryIO

import click

from ippfast import DecodeError, decode_prefix, encode
from ippfast import to_json as to_json_line
from ippfast.kinds import guess_kind
from ippfast.recovery import recover
from ippfast.validation import validate

from .capture import Capture, CaptureError, Kind, captures
from .describe import describe
from .issue_lines import issue_lines
from .lossless_json import to_json
from .terminal import Terminal, name_of, terminal_options
from .text import Line, Span, escape, hex_rows

__all__ = ["dump"]


@click.command
@click.argument("file", type=click.File("rb"))
@click.option("--request", "kind", flag_value="request", help="Treat the message as a request.")
@click.option("--response", "kind", flag_value="response", help="Treat the message as a response.")
@click.option("--offsets", is_flag=True, help="Begin each line with the offset of its tag.")
@click.option("--check", is_flag=True, help="List what is wrong with it by RFC 8010, RFC 8011 and IANA's registry.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON that 'ippfast load' turns into the same octets.")
@click.option("--ndjson", is_flag=True, help="Print a line of JSON for each message, for programs that read logs.")
@click.option("--document", is_flag=True, help="With --json: the document data too.")
@terminal_options
def dump(
    file: BinaryIO,
    kind: Kind | None,
    offsets: bool,
    check: bool,
    as_json: bool,
    ndjson: bool,
    document: bool,
    color: bool | None,
    width: int | None,
) -> None:
    r"""Show the IPP messages in FILE (- for standard input).

    FILE is one message, with or without document data after it, or HTTP requests or responses as they were on
    the wire, with messages as bodies.

    Nothing in a message says whether it is a request. If HTTP does not say so either, it is one if its code is
    an operation-id, and a response if it is a status-code. If it is both (0x0002 is Print-Job and
    successful-ok-conflicting-attributes) or neither, it is a request if its operation attributes have a
    printer-uri, job-uri or system-uri. --request and --response overrule all that.

    In strings \xNN is an octet that is a control character or not UTF-8, and \uNNNN a character that does not print.
    Octets that do not fit their tag are marked as malformed, with the offset of the tag.

    --check lists each fault with its place, and what the registry does not know. Of a message that cannot be
    decoded it shows what can be saved, with offsets in the repaired message, and lists the repairs, with offsets
    in the broken one.
    """
    if document and not as_json:
        raise click.UsageError("--document needs --json")
    for option, given in (("--offsets", offsets), ("--check", check)):
        if given and (as_json or ndjson):
            raise click.UsageError(f"{option} can't be used with {'--json' if as_json else '--ndjson'}")
    if as_json and ndjson:
        raise click.UsageError("give --json or --ndjson, not both")
    terminal = Terminal(color, width)
    found = failed = False

    def fail(*lines: str) -> None:
        nonlocal failed
        failed = True
        click.echo(f"Error: {name_of(file)}: " + "\n".join(lines), err=True)

    try:
        for number, capture in enumerate(captures(file.read())):
            if not as_json and not ndjson:
                terminal.print([[]] * (number > 0))
                terminal.print(_http_lines(capture))
            if not capture.is_ipp:
                continue
            found = True
            if capture.fault is not None:
                fail(capture.fault)
            octets = capture.octets
            try:
                if ndjson:
                    terminal.print([[Span(to_json_line(octets).decode())]])
                    continue
                message, end = decode_prefix(octets)
            except DecodeError as error:
                fail(f"no IPP message: {error}", *hex_rows(octets, error.offset))
                if not check or len(octets) < 8:
                    continue
                message, issues = recover(octets)
                octets = encode(message)
            else:
                if as_json:
                    terminal.print([[Span(to_json(message, octets[end:] if document else None))]])
                    continue
                issues = validate(message, role=kind or capture.kind or guess_kind(message)) if check else []
            terminal.print(describe(message, octets, kind=kind or capture.kind, width=terminal.width, offsets=offsets))
            if check:
                terminal.print([[], *issue_lines(issues)])
    except CaptureError as error:
        fail(str(error))
    if not found and not failed:
        fail("there is no IPP message in it")
    if failed:
        raise click.exceptions.Exit(1)


def _http_lines(capture: Capture) -> Iterator[Line]:
    for line in capture.head:
        yield [Span(escape(line), "http")]
    if not capture.is_ipp:
        size = len(capture.octets)
        yield [Span(f"no IPP message, but {size} octets of {escape(capture.media_type)}" if size else "no body")]
    elif capture.head:
        yield []
