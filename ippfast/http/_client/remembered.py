"""What is remembered of a printer between jobs: its attributes, and that it would accept such a job.

The rule of this file: it is remembered for a minute, or until the printer refuses anything. What may change sooner,
such as a state or the loaded media, is asked for each time. Threads share it.
"""

import copy
import time

from ...codec import AttributeGroup

__all__ = ["Remembered"]

SECONDS = 60.0


class Remembered:
    """The last responses of one printer."""

    def __init__(self) -> None:
        self._printers: dict[tuple[str, ...], tuple[float, AttributeGroup]] = {}
        self._job: tuple[float, bytes] | None = None

    def attributes(self, names: tuple[str, ...]) -> AttributeGroup | None:
        """The printer's attributes with these names, or all; None if they are not remembered."""
        for key in (names, ()):
            known = self._printers.get(key)
            if known is not None and time.monotonic() < known[0] + SECONDS:
                return copy.copy(known[1])
        return None

    def told(self, names: tuple[str, ...], printer: AttributeGroup) -> None:
        """Remember the printer's attributes with these names, or all."""
        self._printers[names] = time.monotonic(), copy.copy(printer)

    def takes(self, job: bytes) -> bool:
        """Whether the printer has said that it would accept a job. job: the octets of the request that asked it."""
        known = self._job  # another thread may forget it meanwhile
        return known is not None and time.monotonic() < known[0] + SECONDS and known[1] == job

    def took(self, job: bytes) -> None:
        """Remember that the printer would accept this job."""
        self._job = time.monotonic(), job

    def forget(self) -> None:
        """Forget everything: something may have changed."""
        self._printers.clear()
        self._job = None
