"""A document that becomes what a printer takes, once the printer is known.

The rule of this file: it does what `ippfast.http` asks of such a document: shown a printer's attributes, it says what
is to be sent, and how. What is sent can be made anew, for a request that has to be sent again.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from ..codec import Attribute, AttributeGroup
from ..formats import sniff
from .errors import RenderError
from .frames import Limits
from .planning import Original, plan_for
from .plans import Plan, Raster
from .process import Child, Warn
from .starting import can_draw
from .turns import Progress, pieces

__all__ = ["Converted", "Pages", "Prepared", "plan"]

_HEAD = 1024
_PIECE = 262_144


def plan(
    document: str | Path | Original,
    attributes: AttributeGroup,
    job: Mapping[str, object] | None = None,
    *,
    to: str | None = None,
    dpi: int | None = None,
    gray: bool = False,
    back: str | None = None,
    convert: bool = True,
    **named: object,
) -> Plan:
    """Plan what becomes of a document on its way to a printer: ``print(plan("report.pdf", attributes, copies=2))``.

    document: a file, of which only the first octets are read, or what is known of one. attributes: the printer's, as
    `ippfast.http.Client.attributes` gives them. named, job: the attributes of the job, by their names with underscores
    or hyphens; values as `ippfast.attributes.attribute` takes them.

    to: the format to send, ``"image/urf"`` or ``"image/pwg-raster"``. dpi: the resolution in dots per inch. gray: no
    colour. back: how back sides are drawn: normal, flipped, rotated or manual-tumble. convert: False sends the document
    as it is.

    Raises PlanError if the printer takes nothing that the document can be made into, RegistryError for attributes that
    do not exist, OSError for a file that cannot be read.
    """
    asked = {name.replace("_", "-"): value for name, value in named.items() if value is not None} | dict(job or {})
    original = document if isinstance(document, Original) else Original(_format(Path(document)))
    return plan_for(original, attributes, asked, to=to, dpi=dpi, gray=gray, back=back, convert=convert)


def _format(path: Path) -> str:
    with path.open("rb") as file:
        return sniff(file.read(_HEAD))


def _check_libraries(made: Plan, printer: AttributeGroup) -> None:
    """Raise RenderError if what draws documents is not installed, and say how to get it, or go without it."""
    if can_draw():
        return
    supported = printer.get("document-format-supported")
    takes = ", ".join(map(str, supported.values)) if supported is not None else "nothing that it tells"
    raise RenderError(
        f"to make {made.source} into {made.format} takes the extra 'convert': pip install 'ippfast[convert]'; "
        f"without it the printer takes {takes}"
    )


class Pages:
    """The pages of a document as raster: an iterable of octets, which draws them anew each time.

    progress: is called when a side is drawn, with its number and the number of all. warn: is called with what a user
    should know. Iterating raises RenderError if a page cannot be drawn; then the document is not complete.
    """

    def __init__(
        self,
        path: Path,
        source: str,
        format_: str,
        raster: Raster,
        *,
        encoding: str | None = None,
        limits: Limits | None = None,
        progress: Progress | None = None,
        warn: Warn | None = None,
        child: Child | None = None,
    ) -> None:
        self._path = path
        self._source = source
        self._format = format_
        self._raster = raster
        self._encoding = encoding
        self._limits = limits
        self._progress = progress
        self._warn = warn
        self._child = child  # one that has the document open already

    def __iter__(self) -> Iterator[bytes]:
        child, self._child = self._child or self._opened(), None
        yield from pieces(child, self._opened, self._format, self._raster, progress=self._progress, warn=self._warn)

    def _opened(self) -> Child:
        return Child(self._path, self._source, encoding=self._encoding, limits=self._limits)

    def close(self) -> None:
        """End the process that has the document open."""
        if self._child is not None:
            self._child.close()
            self._child = None


class Prepared(NamedTuple):
    """What is sent: the document, its format, and the attributes of the job. plan: tells why."""

    document: Path | Pages
    format: str
    job: Mapping[str, Attribute]
    plan: Plan

    def close(self) -> None:
        """End the process that has the document open."""
        if isinstance(self.document, Pages):
            self.document.close()


class Converted:
    """A document that is made into what a printer takes, for ``client.print(Converted("report.pdf"))``.

    document: a path, octets, a binary file or an iterable of octets; all but a path are kept in a temporary file until
    `close`. format: what it is, if not what its first octets say. encoding: of text. The others are those of `plan` and
    `Pages`.
    """

    def __init__(
        self,
        document: str | Path | bytes | IO[bytes] | Iterable[bytes],
        *,
        format: str | None = None,
        encoding: str | None = None,
        to: str | None = None,
        dpi: int | None = None,
        gray: bool = False,
        back: str | None = None,
        convert: bool = True,
        limits: Limits | None = None,
        progress: Progress | None = None,
        warn: Warn | None = None,
    ) -> None:
        self._close = contextlib.ExitStack()
        self.name: str | None = None
        if isinstance(document, str | Path):
            self._path = Path(document)
            self.name = self._path.name
        else:
            self._path = self._keep(document)
            named = getattr(document, "name", None)
            self.name = os.path.basename(named) if isinstance(named, str) else None
        self._format = format
        self._encoding = encoding
        self._to, self._dpi, self._gray, self._back, self._convert = to, dpi, gray, back, convert
        self._limits, self._progress, self._warn = limits, progress, warn
        self._child: Child | None = None

    def begin(self) -> None:
        """Open the document in its process already, which takes as long to start as a printer to answer.

        Call it if the document is unlikely to be sent as it is. Raises OSError.
        """
        if self._child is None and can_draw():
            self._child = self._opened(self._format or _format(self._path))
            self._close.callback(self._child.close)

    def _opened(self, format_: str) -> Child:
        return Child(self._path, format_, encoding=self._encoding, limits=self._limits)

    def _keep(self, document: bytes | IO[bytes] | Iterable[bytes]) -> Path:
        import tempfile  # which takes long to load

        with tempfile.NamedTemporaryFile(prefix="ippfast-", delete=False) as file:
            self._close.callback(Path(file.name).unlink, missing_ok=True)
            if isinstance(document, bytes):
                file.write(document)
            else:
                read = getattr(document, "read", None)
                file.writelines(document if read is None else iter(lambda: read(_PIECE), b""))
        return Path(file.name)

    def __enter__(self) -> "Converted":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary file, and end the process if it was not used."""
        self._close.close()

    def prepare(self, printer: AttributeGroup, job: Mapping[str, object]) -> Prepared:
        """Plan what is sent to a printer with these attributes. job: the attributes of the job that are asked for.

        Raises PlanError if the printer takes nothing that the document can be made into, RenderError for a document
        that cannot be read, and OSError.
        """
        format_ = self._format or _format(self._path)
        made = self._plan(Original(format_), printer, job)
        if made.raster is None:
            return Prepared(self._path, format_, made.job, made)
        _check_libraries(made, printer)
        child, self._child = self._child or self._opened(format_), None
        with contextlib.ExitStack() as stack:
            stack.callback(child.close)
            original, _ = child.facts()  # now the size of its pages is known
            made = self._plan(original, printer, job)
            assert made.raster is not None
            stack.pop_all()
        pages = Pages(
            self._path,
            format_,
            made.format,
            made.raster,
            encoding=self._encoding,
            limits=self._limits,
            progress=self._progress,
            warn=self._warn,
            child=child,
        )
        return Prepared(pages, made.format, made.job, made)

    def _plan(self, original: Original, printer: AttributeGroup, job: Mapping[str, object]) -> Plan:
        return plan_for(
            original,
            printer,
            job,
            to=self._to,
            dpi=self._dpi,
            gray=self._gray,
            back=self._back,
            convert=self._convert,
        )
