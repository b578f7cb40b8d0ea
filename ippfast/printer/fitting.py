"""Documents and attributes of a job, as another printer takes them.

The rule of this file: `ippfast.convert` decides by that printer's attributes. What it takes, and what cannot be drawn
here, is sent as it is, and that printer decides about it.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ippfast.codec import Attribute, AttributeGroup
from ippfast.convert import Converted, ConvertError, NoWayError
from ippfast.enums import Operation

from .outputs import OutputError
from .storage.rows import Document

__all__ = ["Fitted", "can_wait", "fit", "octets_of"]

_PIECE = 262_144


class Fitted(NamedTuple):
    """What is sent: each document with its format and a function that gives its octets, and the job's attributes.

    drawn: whether a document is drawn while it is sent, so that it may still fail.
    """

    documents: list[tuple[Document, str, Callable[[], Iterator[bytes]]]]
    ticket: list[Attribute]
    drawn: bool


def fit(
    documents: Iterable[tuple[Document, Path]],
    ticket: Sequence[Attribute],
    printer: AttributeGroup,
    opened: contextlib.ExitStack,
) -> Fitted:
    """What is sent to a printer with these attributes. opened: closes what is opened for it.

    Raises OutputError for a document that cannot be read, and if the documents need different jobs.
    """
    sent: list[tuple[Document, str, Callable[[], Iterator[bytes]]]] = []
    jobs: list[list[Attribute]] = []
    drawn = False
    asked = {each.name: each for each in ticket}
    for document, path in documents:
        try:
            prepared = Converted(path, format=document.format).prepare(printer, asked)
        except NoWayError:
            sent.append((document, document.format, octets_of(path)))
            jobs.append(list(ticket))
            continue
        except ConvertError as error:
            raise OutputError(f"the printer does not take {document.format}, and {error}"[:255]) from error
        opened.callback(prepared.close)
        if isinstance(prepared.document, Path):
            sent.append((document, document.format, octets_of(path)))
        else:
            drawn = True
            sent.append((document, prepared.format, _drawer(prepared.document)))
        jobs.append(list(prepared.job.values()))
    if any(each != jobs[0] for each in jobs):
        raise OutputError("the printer needs different attributes for the documents of the job")
    return Fitted(sent, jobs[0], drawn)


def can_wait(printer: AttributeGroup) -> bool:
    """Whether it takes a job before its documents, so that the job can be canceled if drawing one fails."""
    supported = printer.get("operations-supported")
    return supported is not None and {Operation.CREATE_JOB, Operation.SEND_DOCUMENT} <= set(supported.values)


def octets_of(path: Path) -> Callable[[], Iterator[bytes]]:
    """A function that gives the octets of a file in pieces."""

    def read() -> Iterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    return read


def _drawer(pages: Iterable[bytes]) -> Callable[[], Iterator[bytes]]:
    def draw() -> Iterator[bytes]:
        try:
            yield from pages
        except ConvertError as error:
            raise OutputError(f"the document can't be drawn for the printer: {error}"[:255]) from error

    return draw
