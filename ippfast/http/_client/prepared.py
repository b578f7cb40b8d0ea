"""Documents that are made for a printer: shown its attributes, they say what is to be sent.

The rule of this file: what becomes of such a document, and how, is its own affair; `ippfast.convert.Converted` is one.
"""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from ...codec import AttributeGroup

__all__ = ["Prepared", "Preparing"]


class Prepared(Protocol):
    """What is sent: a document, its format, and the job's attributes by their names."""

    @property
    def document(self) -> Any:
        """A path, a file, octets or an iterable of octets that can be read more than once."""

    @property
    def format(self) -> str:
        """Its document-format."""

    @property
    def job(self) -> Mapping[str, Any]:
        """The job's attributes: those that were asked for, but what was done already."""

    def close(self) -> None:
        """Let go of what was opened for it."""


@runtime_checkable
class Preparing(Protocol):
    """A document that wants to know the printer first. name: a file's name, or None."""

    name: str | None

    def prepare(self, printer: AttributeGroup, job: Mapping[str, object]) -> Prepared:
        """What is to be sent to a printer with these attributes. It may take its time: nothing else waits for it.

        job: the attributes that are asked for, by their names.
        """
