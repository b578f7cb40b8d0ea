"""What the commands share that convert documents for a printer: their options, and what they tell about it.

The rule of this file: `ippfast.convert` decides and draws; here are its words for the command line.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import click

from ippfast import Attribute, AttributeGroup
from ippfast.convert import Converted, ConvertError, NoWayError, Original, Pages, Plan, plan
from ippfast.raster import FORMATS, SHEET_BACKS

from .documents import ANY_FORMAT, Source
from .failures import FAILED, USAGE, Failure
from .text import escape

__all__ = ["Begun", "Conversion", "Made", "Sides", "begun", "conversion_options", "converted", "drawn"]

_PDF, _TEXT = "application/pdf", "text/plain"
_Command = TypeVar("_Command", bound=Callable[..., Any])


class Conversion(NamedTuple):
    """The values of the options. convert: whether documents may be drawn at all."""

    to: str | None = None
    dpi: int | None = None
    gray: bool = False
    back: str | None = None
    convert: bool = True
    encoding: str | None = None


_OPTIONS = (
    click.option("--to", type=click.Choice(FORMATS), help="The raster format; by default one of the printer's."),
    click.option("--dpi", type=click.IntRange(75, 4800), metavar="DPI", help="The resolution of the pages."),
    click.option("--gray", is_flag=True, help="No colour."),
    click.option("--back", type=click.Choice(SHEET_BACKS), help="How back sides are drawn."),
    click.option("--encoding", metavar="NAME", help="The encoding of text; by default UTF-8, or windows-1252."),
)


def conversion_options(command: _Command) -> _Command:
    """Adds the options of `Conversion`, except --no-convert, as the argument ``conversion``."""

    @functools.wraps(command)
    def run(
        *, to: str | None, dpi: int | None, gray: bool, back: str | None, encoding: str | None, **arguments: Any
    ) -> Any:
        return command(conversion=Conversion(to, dpi, gray, back, True, encoding), **arguments)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run  # type: ignore[return-value]


class Sides:
    """Reports how many sides of a document are drawn, and of how many, to ``show``, if that is set."""

    def __init__(self) -> None:
        self.show: Callable[[int, int], object] | None = None

    def __call__(self, number: int, total: int) -> None:
        if self.show is not None:
            self.show(number, total)


class Made(NamedTuple):
    """A document as it is sent, the attributes of its job, and the plan; None: it can't be converted, and `error` says
    why."""

    source: Source
    job: Mapping[str, Attribute]
    plan: Plan | None
    error: str = ""


class Begun(NamedTuple):
    """A document that is being opened already, and its `Sides`."""

    document: Converted
    sides: Sides


def begun(each: Source, conversion: Conversion, stack: Any) -> Begun | None:
    """Begin to open a PDF before the printer is asked, as most printers do not take PDF; None for other documents.

    stack: a `contextlib.ExitStack` that closes it.
    """
    if each.format != _PDF or each.path is None or not conversion.convert:
        return None
    made = _document(each, _PDF, conversion, stack)
    with contextlib.suppress(OSError):  # reported later, as for all other documents
        made.document.begin()
    return made


def _document(each: Source, format_: str, conversion: Conversion, stack: Any) -> Begun:
    sides = Sides()
    document = Converted(
        # Standard input is read only now: a document that is not drawn is sent as it comes.
        each.path if each.path is not None else each.open(),
        format=format_,
        progress=sides,
        warn=_warn(each),
        **conversion._asdict(),
    )
    stack.callback(document.close)
    return Begun(document, sides)


def converted(
    each: Source,
    printer: AttributeGroup,
    job: Mapping[str, Attribute],
    conversion: Conversion,
    stack: Any,
    ahead: Begun | None = None,
) -> Made:
    """A document as it is sent to a printer. stack: a `contextlib.ExitStack` that closes what is opened for it.

    ahead: what `begun` gave for it. A document that the printer does not take and that cannot be drawn is left as it
    is: the check of formats reports it. Raises Failure.
    """
    options: dict[str, Any] = conversion._asdict()
    del options["encoding"]
    format_ = each.format
    if format_ == ANY_FORMAT and each.looks == _TEXT:
        format_ = _TEXT  # a printer that detects formats itself takes more than raster
    try:
        try:
            first = plan(Original(format_), printer, job, **options)
        except NoWayError:
            # Programs, tables and notes have formats of their own, and are text all the same.
            if each.looks != _TEXT or format_ == "text/html" or not format_.startswith("text/"):
                raise
            format_ = _TEXT
            first = plan(Original(format_), printer, job, **options)
        if first.untouched:
            return Made(each, first.job, first)
        document, sides = ahead or _document(each, format_, conversion, stack)
        prepared = document.prepare(printer, job)
    except NoWayError as error:
        if conversion.to is not None:
            raise Failure(f"{escape(each.name) or 'standard input'}: {escape(str(error))}", USAGE) from None
        return Made(each, job, None, str(error))
    except (ConvertError, OSError) as error:
        raise Failure(f"{escape(each.name) or 'standard input'}: {escape(str(error))}", USAGE) from None
    stack.callback(prepared.close)
    pages = prepared.document
    assert isinstance(pages, Pages)
    source = Source(each.name, prepared.format, None, lambda: drawn(pages, each.name), True, None, sides)
    return Made(source, prepared.job, prepared.plan)


def drawn(pages: Pages, name: str) -> Iterator[bytes]:
    """The octets of the pages. Raises Failure if one cannot be drawn."""
    try:
        yield from pages
    except ConvertError as error:
        raise Failure(f"{escape(name) or 'standard input'}: {escape(str(error))}", FAILED) from None


def _warn(each: Source) -> Callable[[str], object]:
    where = escape(each.name) or "standard input"
    return lambda text: click.echo(f"Note: {where}: {escape(text)}", err=True)
