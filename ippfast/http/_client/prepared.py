"""Documents that are made for a printer: they get its attributes, and then say what to send.

The rule of this file: such a document alone decides what is sent. `ippfast.convert.Converted` is one.
"""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from ...codec import AttributeGroup

__all__ = ["Prepared", "Preparing"]


class Prepared(Protocol):
    """What to send: a document, its format, and the job's attributes by their names."""

    @property
    def document(self) -> Any:
        """A path, a file, octets or an iterable of octets that can be read more than once."""

    @property
    def format(self) -> str:
        """Its document-format."""

    @property
    def job(self) -> Mapping[str, Any]:
        """The job's attributes: those that were asked for, without those that the document already carries out."""

    def close(self) -> None:
        """Close what was opened for it."""


@runtime_checkable
class Preparing(Protocol):
    """A document that is made once the printer is known. name: a file's name, or None."""

    name: str | None

    def prepare(self, printer: AttributeGroup, job: Mapping[str, object]) -> Prepared:
        """What to send to a printer with these attributes. It may take long: nothing else waits for it.

        job: the job's attributes that are asked for, by their names.
        """
