"""The base of the enums of `ippfast.enums`: a number with a name and with the registry's keyword.

The rule of this file: the sets are open. A number without a name, a vendor's or a newer standard's, is never
an error (RFC 8011 sections 5.1.5 and 7.4); `OpenEnum.coerce` leaves it a plain integer.
"""

from enum import IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

__all__ = ["CodeEnum", "OpenEnum"]


class OpenEnum(IntEnum):
    """An integer with a name. ``str`` of a member is its keyword; formatting gives the keyword or the number."""

    keyword: str
    """The word as the registry spells it: ``"Print-Job"``, ``"client-error-not-found"``, ``"processing-stopped"``."""

    # Only type checkers need the default of keyword: they take Operation(2) for a call of this.
    def __new__(cls, value: int, keyword: str = "") -> "Self":
        member = int.__new__(cls, value)
        member._value_ = value
        member.keyword = keyword
        return member

    @classmethod
    def coerce(cls, value: int) -> "Self | int":
        """The member for a number, or the number itself if it has no name."""
        member = cls._value2member_map_.get(value)
        return member if isinstance(member, cls) else value

    @classmethod
    def from_keyword(cls, keyword: str) -> "Self":
        """The member with this keyword, letter case included.

        Raises ValueError, which names the nearest keywords, if there is none.
        """
        member = cls.__members__.get(keyword.upper().replace("-", "_"))
        if member is not None and member.keyword == keyword:
            return member
        raise ValueError(f"{keyword[:80]!r} is no {cls.__name__} keyword{cls._nearest(keyword)}")

    @classmethod
    def _nearest(cls, keyword: str) -> str:
        from difflib import get_close_matches

        known = {member.keyword.lower(): member.keyword for member in cls}
        nearest = [repr(known[match]) for match in get_close_matches(keyword[:80].lower(), known)]
        return f"; did you mean {' or '.join(nearest)}?" if nearest else ""

    def __str__(self) -> str:
        return self.keyword

    def __format__(self, spec: str) -> str:
        """The number if the format ends in an integer type (``f"{status:#06x}"``), else the keyword."""
        return format(self.value if spec.endswith(("b", "d", "n", "o", "x", "X")) else self.keyword, spec)


class CodeEnum(OpenEnum):
    """An operation-id or status-code: a number of 16 bits, which people know in hexadecimal."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}: 0x{self.value:04x}>"
