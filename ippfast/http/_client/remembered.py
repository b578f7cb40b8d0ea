"""What a printer said that it can, for whoever prints again: its attributes, and that it takes such a job.

The rule of this file: it is known for a minute, and no longer once the printer refuses anything. What changes sooner,
such as a state or the media that are loaded, is asked for. Threads share it.
"""

import copy
import time

from ...codec import AttributeGroup

__all__ = ["Remembered"]

SECONDS = 60.0


class Remembered:
    """The last answers of one printer."""

    def __init__(self) -> None:
        self._printers: dict[tuple[str, ...], tuple[float, AttributeGroup]] = {}
        self._job: tuple[float, bytes] | None = None

    def attributes(self, names: tuple[str, ...]) -> AttributeGroup | None:
        """Its attributes of these names, or all of them; None: they are not known."""
        for key in (names, ()):
            known = self._printers.get(key)
            if known is not None and time.monotonic() < known[0] + SECONDS:
                return copy.copy(known[1])
        return None

    def told(self, names: tuple[str, ...], printer: AttributeGroup) -> None:
        """Remember its attributes of these names, or all of them."""
        self._printers[names] = time.monotonic(), copy.copy(printer)

    def takes(self, job: bytes) -> bool:
        """Whether it would take a job. job: the octets of the request that asked so."""
        known = self._job  # another thread may forget it meanwhile
        return known is not None and time.monotonic() < known[0] + SECONDS and known[1] == job

    def took(self, job: bytes) -> None:
        """Remember that it has said so."""
        self._job = time.monotonic(), job

    def forget(self) -> None:
        """Forget all of it: something is not so any more."""
        self._printers.clear()
        self._job = None
