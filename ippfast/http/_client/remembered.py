"""What a printer said that it can, for whoever prints again: its attributes, and that it takes such a job.

The rule of this file: it is known for a minute, and no longer once the printer refuses anything. What changes sooner,
such as a state, is asked for.
"""

import copy
import time
from collections.abc import Mapping

from ...codec import AttributeGroup

__all__ = ["Remembered"]

SECONDS = 60.0

_NAMES = frozenset({"job_name", "document_name", "request_id"})
"""The attributes that name a job. No printer's answer depends on them."""


class Remembered:
    """The last answers of one printer."""

    def __init__(self) -> None:
        self._printers: dict[tuple[str, ...], tuple[float, AttributeGroup]] = {}
        self._job: tuple[float, Mapping[str, object]] | None = None

    def attributes(self, names: tuple[str, ...]) -> AttributeGroup | None:
        """Its attributes of these names, or all of them; None: they are not known."""
        for key in (names, ()):
            known = self._printers.get(key)
            if known is not None and time.monotonic() < known[0] + SECONDS:
                return copy.copy(known[1])
        return None

    def told(self, names: tuple[str, ...], printer: AttributeGroup) -> None:
        """It has told its attributes of these names, or all."""
        self._printers[names] = time.monotonic(), copy.copy(printer)

    def takes(self, job: Mapping[str, object]) -> bool:
        """Whether it would take a job, described by what it is asked with."""
        return self._job is not None and time.monotonic() < self._job[0] + SECONDS and self._job[1] == _bare(job)

    def took(self, job: Mapping[str, object]) -> None:
        """It has said that it would."""
        self._job = time.monotonic(), _bare(job)

    def forget(self) -> None:
        """It is not so any more."""
        self._printers.clear()
        self._job = None


def _bare(job: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in job.items() if name not in _NAMES}
