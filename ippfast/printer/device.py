"""The state of a printer's device: why it can't print, and attributes that change while it prints.

The rule of this file: the store keeps it, so that all processes with the same storage agree, and clients get it as
printer-state-reasons and among the printer's attributes. Outputs that know their device use it; see `simulating`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ippfast.codec import Attribute

from .storage.rows import QueueState, pack, stops, unpack
from .storage.seam import JobStore

__all__ = ["Device"]

_REASON = re.compile(r"[a-z][a-z0-9._-]{0,254}")  # a keyword (RFC 8011 section 5.1.4)


class Device:
    """The device of one printer. told: called with the names of events, once the store has them.

    controls: functions by which Set-Printer-Attributes controls the device, by the names of attributes. Each checks a
    value, raises ValueError if the device does not take it, and returns the function that carries it out.
    """

    def __init__(self, store: JobStore, told: Callable[[Sequence[str]], None]) -> None:
        self._store = store
        self._told = told
        self.controls: Mapping[str, Callable[[Attribute], Callable[[], None]]] = {}

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it cannot print, or soon will not be able to, in keywords of printer-state-reasons."""
        return self._store.state().device_reasons

    @staticmethod
    def check(reasons: Iterable[str]) -> tuple[str, ...]:
        """Reasons, each once and without ``none``. Raises ValueError for one that is not a keyword."""
        wanted = tuple(dict.fromkeys(reason for reason in reasons if reason != "none"))
        for reason in wanted:
            if _REASON.fullmatch(reason) is None:
                raise ValueError(f"{reason!r} is not a keyword of printer-state-reasons")
        return wanted

    def say(self, reasons: Iterable[str]) -> None:
        """Set the reasons. The printer is stopped by those that do not end in -report or -warning (RFC 8011 section
        5.4.12). Raises ValueError as `check`."""
        wanted, before = self.check(reasons), self.reasons
        if wanted == before:
            return
        stopped = any(map(stops, wanted)) and not any(map(stops, before))
        tell = ("printer-stopped" if stopped else "printer-state-changed",)
        self._store.set(tell, device_reasons=" ".join(wanted))
        self._told(tell)

    def attributes(self, state: QueueState | None = None) -> dict[str, Attribute]:
        """What it has said of itself, by name. It replaces attributes of the printer's description."""
        packed = (state or self._store.state()).settings.get("device_attributes")
        return {each.name: each for each in unpack(packed)} if isinstance(packed, bytes) else {}

    def tell(self, attributes: Iterable[Attribute]) -> None:
        """Set these attributes, beside those that were set before."""
        now = self.attributes()
        wanted = now | {each.name: each for each in attributes}
        if wanted != now:
            self._store.set((), device_attributes=pack(wanted.values()))

    def forget(self) -> None:
        """Forget all that an earlier output has said."""
        if self.reasons or self.attributes():
            self._store.forget(["device_reasons", "device_attributes"], ["printer-state-changed"])
            self._told(["printer-state-changed"])
