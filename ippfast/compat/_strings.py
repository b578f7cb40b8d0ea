"""Strings with facts for which the library has no place.

The rule of this file: each is the ``str`` that the library has there, and equal to it.
"""

from ippfast import OutOfBand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

__all__ = ["LanguageString", "OutOfBandString"]


class OutOfBandString(str):
    """The empty string that an out-of-band value is in the library; ``reason`` is the `OutOfBand` that it was."""

    __slots__ = ("reason",)
    reason: OutOfBand

    def __new__(cls, reason: OutOfBand) -> "Self":
        made = super().__new__(cls)
        made.reason = reason
        return made

    def __getnewargs__(self) -> "tuple[Any, ...]":
        return (self.reason,)


class LanguageString(str):
    """A text or name that came with its natural language, such as ``"de"``, in ``language``."""

    __slots__ = ("language",)
    language: str

    def __new__(cls, string: str, language: str) -> "Self":
        made = super().__new__(cls, string)
        made.language = language
        return made

    def __getnewargs__(self) -> "tuple[Any, ...]":
        return (str(self), self.language)
