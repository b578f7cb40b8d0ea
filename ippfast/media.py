"""Media names that describe their own size: ``iso_a4_210x297mm`` (PWG 5101.1 section 5).

The rule of this file: a printer may call its media what it likes, so a name of any other form gives None, never an
error. Sizes are in hundredths of a millimetre, as in the ``media-size`` collection.
"""

import re
from collections import namedtuple

__all__ = ["MediaName", "parse_media_name"]

# A size is at most 9 digits, so that arithmetic on it stays small, with a fraction of at most 4.
_NUMBER = r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,4})?"
_MEDIA_NAME = re.compile(
    rf"(?P<media_class>[a-z0-9]+)_(?P<name>[a-z0-9][a-z0-9.+-]*)_"
    rf"(?P<width>{_NUMBER})x(?P<length>{_NUMBER})(?P<units>in|mm)"
    # Printers append words to tell variants of a size apart: "_borderless", "_main_stationery".
    r"(?:_[a-z0-9][a-z0-9._+-]*)?"
)
_HUNDREDTHS = {"in": 2540, "mm": 100}


class MediaName(namedtuple("MediaName", "media_class name width length units")):
    """The parts of a self-describing media name. Immutable."""

    __slots__ = ()
    media_class: str
    """Who defined the size: ``"iso"``, ``"na"``, ``"jis"``, ``"custom"``, ``"oe"``, ..."""
    name: str
    """``"a4"``, ``"letter"``; ``"min"`` and ``"max"`` in the bounds of custom sizes."""
    width: int
    """The width in hundredths of a millimetre, like the member x-dimension of media-size: 21000 for A4."""
    length: int
    """The length in hundredths of a millimetre, like the member y-dimension of media-size: 29700 for A4."""
    units: str
    """The unit in which the name gives the size: ``"mm"`` or ``"in"``."""


def parse_media_name(name: object) -> MediaName | None:
    """The parts of a self-describing media name; None for any other value, such as ``"letter"``.

    What a printer puts behind the size is left out: ``"iso_a4_210x297mm_borderless"`` is A4.
    """
    found = _MEDIA_NAME.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        return None
    scale = _HUNDREDTHS[found["units"]]
    width, length = (round(float(found[side]) * scale) for side in ("width", "length"))
    return MediaName(found["media_class"], found["name"], width, length, found["units"])
