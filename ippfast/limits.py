"""How large a message may be: beyond these bounds it is refused.

The rule of this file: every quantity that a sender can make large has a bound, and the defaults are far above any
real message (the largest seen has 103 kB, 2,645 member attributes, and collections three deep).
"""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

__all__ = ["DEFAULT_LIMITS", "MAX_DEPTH", "REQUEST_LIMITS", "Limits"]

MAX_DEPTH = 100
"""Collections never nest deeper than this, whatever the limits say, so that every walk over a message may recurse."""

_MAX_OCTETS = 2**31 - 1


class Limits(namedtuple("Limits", "max_depth max_groups max_attributes max_values max_octets")):
    """The bounds that `decode` and the other readers keep. Over any of them they raise `LimitError`.

    max_depth: collections inside each other, 0 to 100. A plain collection has depth 1.
    max_groups: attribute groups.
    max_attributes: attributes, member attributes of collections included.
    max_values: values, those of member attributes included; a collection counts as one.
    max_octets: the message up to and including end-of-attributes-tag, below 2 GiB. Document data does not count.

    Raises ValueError for a bound that is out of range.
    """

    __slots__ = ()
    max_depth: int
    max_groups: int
    max_attributes: int
    max_values: int
    max_octets: int

    def __new__(
        cls,
        max_depth: int = 8,
        max_groups: int = 65_536,
        max_attributes: int = 1_048_576,
        max_values: int = 4_194_304,
        max_octets: int = 16 * 1024 * 1024,
    ) -> "Self":
        limits = super().__new__(cls, max_depth, max_groups, max_attributes, max_values, max_octets)
        for name, value in zip(cls._fields, limits, strict=True):
            highest = MAX_DEPTH if name == "max_depth" else _MAX_OCTETS
            if type(value) is not int or not 0 <= value <= highest:
                raise ValueError(f"{name} is an int from 0 to {highest:,}, not {value!r}")
        return limits

    @classmethod
    def _make(cls, iterable: "Iterable[int]") -> "Self":  # type: ignore[override]
        """Make limits from five numbers, checked. ``_replace`` calls this."""
        return cls(*iterable)


DEFAULT_LIMITS = Limits()
"""The limits for messages in general: a client reading a printer's answer, a tool reading a file."""

REQUEST_LIMITS = Limits(8, 4_096, 16_384, 65_536, 1024 * 1024)
"""The limits for a server that reads requests of unknown clients."""
