"""Media as people call them, such as ``a4``, ``letter`` and ``10x15cm``, in the names that IPP has for them.

The rule of this file: a word that can mean only one size means it; if it can mean several, they are listed. A word that
is like none of them may be a custom name, and stays.
"""

import re
from difflib import get_close_matches
from functools import cache

from ippfast import registry
from ippfast.media import MediaName, parse_media_name

__all__ = ["AmbiguousMedia", "media_keyword"]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(mm|cm|in)?")
_HUNDREDTHS = {"mm": 100, "cm": 1_000, "in": 2_540}
_ALIASES = {"tabloid": "ledger"}  # the same sheet, turned
_TOLERANCE = 50
"""How far a size may be off, in hundredths of a millimetre: 8.27x11.69in is A4, but 10x15cm is not 4x6in."""


class AmbiguousMedia(ValueError):
    """A word may mean several media, or is nearly the name of one. near: their keywords."""

    def __init__(self, near: list[str]) -> None:
        super().__init__(near)
        self.near = near


def media_keyword(text: str) -> str:
    """The registered keyword of a size, or the text as it is. Raises AmbiguousMedia."""
    sizes = _sizes()
    word = text.lower()
    if parse_media_name(text) is not None:
        return text
    found = _named(_ALIASES.get(word, word), sizes) or _sized(word, sizes) or _parts(word, sizes)
    if len(found) == 1:
        return found[0]
    if not found and text not in registry.keywords("media"):
        near = get_close_matches(word, {each.name for each in sizes.values()}, n=2, cutoff=0.8)
        found = [keyword for name in near for keyword in _named(name, sizes)]
    if found:
        raise AmbiguousMedia(found)
    return text


@cache
def _sizes() -> dict[str, MediaName]:
    """The registered names that describe a size, except the bounds of custom ones."""
    parsed = {keyword: parse_media_name(keyword) for keyword in sorted(registry.keywords("media"))}
    return {
        keyword: each
        for keyword, each in parsed.items()
        if each is not None and each.media_class not in ("custom", "roll") and "transparent" not in keyword
    }


def _named(word: str, sizes: dict[str, MediaName]) -> list[str]:
    """Those of that name: "a4", "letter", or with who defined the name, as "iso-a4"."""
    plain = word.replace(" ", "-").replace("_", "-")
    return [keyword for keyword, each in sizes.items() if plain in (each.name, f"{each.media_class}-{each.name}")]


def _parts(word: str, sizes: dict[str, MediaName]) -> list[str]:
    """Those whose name has it after a hyphen: "photo"."""
    return [keyword for keyword, each in sizes.items() if word in each.name.split("-")[1:]]


def _sized(word: str, sizes: dict[str, MediaName]) -> list[str]:
    """Those of that size, either way round; without a unit each unit is tried."""
    match = _SIZE.fullmatch(word.replace(" ", ""))
    if match is None:
        return []
    found = []
    for unit in [match[3]] if match[3] else list(_HUNDREDTHS):
        wanted = sorted(float(side) * _HUNDREDTHS[unit] for side in (match[1], match[2]))
        found += [
            keyword
            for keyword, each in sizes.items()
            if all(abs(a - b) <= _TOLERANCE for a, b in zip(sorted((each.width, each.length)), wanted, strict=True))
        ]
    return found
