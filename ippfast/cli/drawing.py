"""``ippfast convert`` and ``ippfast preview``: they write what a printer would get to files.

The rule of this file: nothing is printed, and no printer is needed: a stored answer of one is enough.
"""

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import click

from ippfast import Attribute, AttributeGroup, DecodeError, DelimiterTag, decode_prefix
from ippfast.attributes import attribute
from ippfast.operations import get_printer_attributes
from ippfast.raster import FORMATS, PWG, URF, Page, RasterError, Reader
from ippfast.wrappers import MimeMediaType

from .attributes import printer_of
from .converting import Conversion, Made, conversion_options, converted
from .documents import PIECE, Source, source
from .failures import USAGE, Failure
from .session import Access, Session, access_options
from .text import escape
from .values import OptionError, parse_option

__all__ = ["convert", "preview"]

_SUFFIXES = {".urf": URF, ".pwg": PWG, ".ras": PWG}

_ANY_PRINTER = {
    "document-format-supported": MimeMediaType(URF),
    "color-supported": True,
    "copies-supported": (1, 999),
    "media-default": "iso_a4_210x297mm",
    "sides-supported": ["one-sided", "two-sided-long-edge", "two-sided-short-edge"],
    "urf-supported": ["CP255", "DM1", "RS300-600", "SRGB24", "W8"],
}
"""The capabilities of a usual office printer, for which pages are drawn if no printer is named."""


def _printer_options(command: Any) -> Any:
    """Adds the options for the printer and the attributes of the job."""
    options = (
        click.option("--printer", "uri", metavar="URI", help="Ask this printer what it takes."),
        click.option(
            "--like",
            type=click.Path(dir_okay=False, exists=True, path_type=Path),
            metavar="FILE",
            help="A stored answer to Get-Printer-Attributes, instead of a printer.",
        ),
        click.option("-O", "--option", "options", metavar="NAME=VALUE", multiple=True, help="As -o of print."),
        click.option("--format", "format_", metavar="TYPE", help="The format of the document: application/pdf, ..."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@click.option("-o", "--output", metavar="OUT", default="-", help="The file to write; standard output by default.")
@_printer_options
@conversion_options
@access_options
def convert(
    file: str,
    output: str,
    uri: str | None,
    like: Path | None,
    options: tuple[str, ...],
    format_: str | None,
    conversion: Conversion,
    access: Access,
) -> None:
    """Convert FILE (- for standard input) to a format that a printer takes.

    \b
    ippfast convert report.pdf -o report.urf --printer printer.local
    ippfast convert report.pdf -o report.pwg --like answer.ipp -O sides=two-sided-long-edge

    PDF, images and text become Apple raster (.urf) or PWG raster (.pwg). Without --printer and --like: for a printer
    with A4, colour and 300 dpi. What is done, and why, is written to standard error.
    """
    if output == "-" and sys.stdout.isatty():
        raise Failure("raster can't be shown on a terminal: redirect standard output, or give -o", USAGE)
    to = conversion.to or _SUFFIXES.get(os.path.splitext(output)[1].lower())
    printer = _printer(uri, like, access)
    with contextlib.ExitStack() as stack:
        made = _made(source(file), printer, options, format_, conversion._replace(to=to), stack)
        assert made.plan is not None
        for line in str(made.plan).splitlines():
            click.echo(escape(line), err=True)
        _write(output, made.source.open())


@click.command
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@click.option(
    "-o", "--output", metavar="OUT", default="page-%d.png", show_default=True, help="The files, %d for the number."
)
@_printer_options
@conversion_options
@access_options
def preview(
    file: str,
    output: str,
    uri: str | None,
    like: Path | None,
    options: tuple[str, ...],
    format_: str | None,
    conversion: Conversion,
    access: Access,
) -> None:
    """Show what a printer would get: FILE (- for standard input), page by page, as PNG.

    FILE is a document, which is drawn first, or Apple or PWG raster. Back sides are shown as they are sent, mirrored or
    turned.
    """
    if not re.fullmatch(r"[^%]*%0?\d?d[^%]*", output):
        raise Failure("-o: expected a name with %d for the number of the page", USAGE)
    try:
        from PIL import Image  # noqa: F401  # needed at the end; report now if it is missing
    except ImportError:
        raise Failure("this needs the extra 'convert': pip install 'ippfast[convert]'", USAGE) from None
    each = source(file)
    with contextlib.ExitStack() as stack:
        if (format_ or each.format) not in FORMATS:
            printer = _printer(uri, like, access)
            made = _made(each, printer, options, format_, conversion, stack)
            if made.source.format not in FORMATS:  # the printer draws it itself, on pages of the same size
                made = _made(each, printer, options, format_, conversion._replace(to=URF), stack)
            each = made.source
        opened = each.open()
        stack.callback(getattr(opened, "close", lambda: None))
        reader = Reader(opened if hasattr(opened, "read") else _Stream(opened))  # type: ignore[arg-type]
        try:
            for number, page in enumerate(reader, 1):
                _image(page, reader).save(output % number)
        except RasterError as error:
            raise Failure(f"{escape(file)}: {escape(str(error))}") from None
        except OSError as error:
            raise Failure(f"{escape(output)}: {error.strerror or error}", USAGE) from None
    click.echo(f"{reader.pages or number} pages: {output % 1} ...", err=True)


def _printer(uri: str | None, like: Path | None, access: Access) -> AttributeGroup:
    """The attributes of the printer that is meant."""
    if uri is not None and like is not None:
        raise Failure("--printer and --like: give one of them", USAGE)
    if uri is not None:
        with Session(uri, access) as session:
            return printer_of(session.ask(get_printer_attributes))
    if like is None:
        pairs = _ANY_PRINTER.items()
        return AttributeGroup(DelimiterTag.PRINTER, [attribute(*pair, group=DelimiterTag.PRINTER) for pair in pairs])
    try:
        message, _ = decode_prefix(like.read_bytes())
    except (DecodeError, OSError) as error:
        raise Failure(f"{escape(str(like))}: {escape(str(error))}", USAGE) from None
    if not message.groups_of(DelimiterTag.PRINTER):
        raise Failure(f"{escape(str(like))}: expected an answer with the attributes of a printer", USAGE)
    return printer_of(message)


def _made(
    each: Source,
    printer: AttributeGroup,
    options: Iterable[str],
    format_: str | None,
    conversion: Conversion,
    stack: contextlib.ExitStack,
) -> Made:
    """The document as the printer would get it. Raises Failure if it can't be converted."""
    job: dict[str, Attribute] = {}
    for text in options:
        try:
            _, parsed = parse_option(text)
        except OptionError as error:
            raise Failure(f"-O {escape(text)}: {error}", USAGE) from None
        job[parsed.name] = parsed
    if format_ is not None:
        each = each._replace(format=format_)
    made = converted(each, printer, job, conversion, stack)
    if made.plan is None:
        raise Failure(f"{escape(each.name) or 'standard input'}: {escape(made.error)}", USAGE)
    return made


def _write(output: str, document: IO[bytes] | Iterator[bytes]) -> None:
    """Write a document to a file, which is there only if it is whole."""
    pieces = iter(lambda: document.read(PIECE), b"") if hasattr(document, "read") else document
    if output == "-":
        sys.stdout.buffer.writelines(pieces)
        return
    path = Path(output)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        part.replace(path)
    except OSError as error:
        raise Failure(f"{escape(output)}: {error.strerror or error}", USAGE) from None
    finally:
        part.unlink(missing_ok=True)


class _Stream(io.RawIOBase):
    """Octets that come in pieces, to be read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while not self._rest and (piece := next(self._pieces, None)) is not None:
            self._rest = piece
        found, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return found


def _image(page: Page, reader: Reader) -> Any:
    """A page as it was sent, in gray or colours."""
    from PIL import Image, ImageChops

    color, size = page.color, (page.width, page.height)
    if color.bits > 8 or color.components not in (1, 3, 4):
        raise Failure(f"pages of {page.type} cannot be shown")
    lines = b"".join(iter(lambda: bytes(reader.borrow_lines()), b""))
    mode = {1: "1" if color.bits == 1 else "L", 3: "RGB", 4: "CMYK"}[color.components]
    image = Image.frombytes(mode, size, lines)
    if mode == "CMYK":
        return image.convert("RGB")
    return image if color.white else ImageChops.invert(image.convert("L"))
