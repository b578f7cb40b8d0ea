"""Printers whose answers are not what they print, by model, from public reports.

The rule of this file: an entry names the report that it comes from, and goes when the printer is known to be mended.
What a user asks for overrules it.
"""

from typing import NamedTuple

from ..raster.pages import PWG, URF

__all__ = ["Quirk", "quirk_of"]


class Quirk(NamedTuple):
    """model: words that printer-make-and-model has, in lower case. format: what it prints. back: how it wants backs."""

    model: str
    format: str | None = None
    back: str | None = None


_QUIRKS = (
    Quirk("et-7700", format=URF),  # announces PWG, and does not print it: OpenPrinting/cups-filters PR 168
    Quirk("l8180", format=URF),  # the same: OpenPrinting/cups-filters issue 498
    Quirk("et-8550", format=URF),  # the same
    Quirk("mfc-j5320dw", format=PWG),  # prints PWG, and not URF: seaprint issue 82
    Quirk("mb2700", format=PWG),  # prints only page 1 of URF, if a tray is chosen: OpenPrinting/cups-filters issue 660
    Quirk("mb2750", format=PWG),
    Quirk("laserjet pro 3301", back="normal"),  # backs come out upside down: apple/cups issue 6235
    Quirk("laserjet pro 3302", back="normal"),
    Quirk("laserjet pro mfp 3301", back="normal"),
    Quirk("laserjet pro mfp 3302", back="normal"),
)


def quirk_of(model: str) -> Quirk | None:
    """Return the entry for a printer-make-and-model; None if it has none."""
    words = model.lower()
    return next((quirk for quirk in _QUIRKS if quirk.model in words), None)
