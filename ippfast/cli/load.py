"""``ippfast load``: the octets of a message from the JSON that ``ippfast dump --json`` prints.

The rule of this file: `lossless_json` reads the JSON; what it gives is encoded without any change.
"""

import sys
from typing import BinaryIO

import click

from ippfast import EncodeError, encode

from .lossless_json import from_json
from .terminal import name_of

__all__ = ["load"]


@click.command
@click.argument("file", type=click.File("rb"))
@click.option(
    "-o",
    "--output",
    type=click.File("wb", lazy=True),
    default="-",
    help="The file to write; standard output by default.",
)
def load(file: BinaryIO, output: BinaryIO) -> None:
    """Turn JSON in FILE (- for standard input) back into octets.

    FILE is what 'ippfast dump --json' printed for one message, changed or not. If it has document data, that
    follows the message.
    """
    if output.name == "-" and sys.stdout.isatty():
        raise click.UsageError("octets can't be shown on a terminal: redirect standard output, or give --output")
    try:
        message, document = from_json(file.read())
        octets = encode(message)
    except (EncodeError, ValueError) as error:
        raise click.ClickException(f"{name_of(file)}: {error}") from None
    output.write(octets)
    output.write(document)
