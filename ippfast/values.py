"""The leaf value types: what a value of each syntax is in Python (RFC 8010 section 3.9).

The rule of this file: a type holds exactly what was on the wire, and never raises for it. Conversions that can fail
are methods. Integers are ``int``, booleans ``bool``, character strings ``str`` and octet strings ``bytes``; every other
syntax has its type here.
"""

from collections import namedtuple
from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["DateTime", "OutOfBand", "RangeOfInteger", "RawValue", "Resolution", "StringWithLanguage"]


class OutOfBand(Enum):
    """A value that the tag alone expresses (RFC 8010 section 3.8, RFC 3380 section 8).

    It is false and equals no integer or string, so that ``if value:`` treats "the printer has no value" as nothing. The
    member's ``value`` is its tag.
    """

    UNSUPPORTED = 0x10
    UNKNOWN = 0x12
    NO_VALUE = 0x13
    NOT_SETTABLE = 0x15
    DELETE_ATTRIBUTE = 0x16
    ADMIN_DEFINE = 0x17

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"OutOfBand.{self.name}"


OUT_OF_BAND: tuple[OutOfBand | None, ...] = tuple(
    [OutOfBand(tag) if tag in {member.value for member in OutOfBand} else None for tag in range(0x10, 0x20)]
)
"""For each tag from 0x10 to 0x1f its member; None if the tag is not assigned."""


class DateTime(
    namedtuple(
        "DateTime",
        "year month day hour minute second decisecond utc_direction utc_hours utc_minutes",
        defaults=(0, 0, 0, 0, "+", 0, 0),
    )
):
    """A dateTime: the ten fields of RFC 2579's DateAndTime as sent (eleven octets; RFC 8011 section 5.1.15).

    ``utc_direction`` is ``"+"`` or ``"-"`` (the octet as a character). Real printers send zeros and other dates
    that do not exist, so only `to_datetime` checks the fields.
    """

    __slots__ = ()
    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    decisecond: int
    utc_direction: str
    utc_hours: int
    utc_minutes: int

    def to_datetime(self) -> "datetime":
        """An aware ``datetime`` with a fixed UTC offset; a leap second (60) becomes 59.

        Raises ValueError if the fields are no date, such as the all-zero dateTime that some printers send.
        """
        from datetime import datetime, timedelta, timezone

        if self.utc_direction not in ("+", "-") or self.decisecond > 9 or self.second > 60:
            raise ValueError(f"no such dateTime: {self!r}")
        offset = timedelta(hours=self.utc_hours, minutes=self.utc_minutes)
        try:
            return datetime(
                self.year,
                self.month,
                self.day,
                self.hour,
                self.minute,
                min(self.second, 59),
                self.decisecond * 100_000,
                timezone(offset if self.utc_direction == "+" else -offset),
            )
        except ValueError as error:
            raise ValueError(f"no such dateTime: {self!r}: {error}") from None

    @classmethod
    def from_datetime(cls, moment: "datetime") -> "DateTime":
        """The dateTime of an aware ``datetime``, cut to deciseconds. Raises ValueError for a naive one."""
        offset = moment.utcoffset()
        if offset is None:
            raise ValueError("a dateTime needs a UTC offset: give the datetime a tzinfo")
        minutes = int(offset.total_seconds()) // 60
        hours, minutes = divmod(abs(minutes), 60)
        return cls(
            moment.year,
            moment.month,
            moment.day,
            moment.hour,
            moment.minute,
            moment.second,
            moment.microsecond // 100_000,
            "-" if offset.total_seconds() < 0 else "+",
            hours,
            minutes,
        )

    def __str__(self) -> str:
        """The display format of RFC 2579: ``2026-11-22,13:05:00.0,+1:0``."""
        return (
            f"{self.year}-{self.month}-{self.day},{self.hour}:{self.minute}:{self.second}.{self.decisecond},"
            f"{self.utc_direction}{self.utc_hours}:{self.utc_minutes}"
        )


class Resolution(namedtuple("Resolution", "cross_feed feed units", defaults=(3,))):
    """A resolution: two 32-bit integers and a signed octet for the units, 3 = dots per inch, 4 = per centimetre
    (RFC 8011 section 5.1.16). Other units are kept as they came."""

    __slots__ = ()
    cross_feed: int
    feed: int
    units: int

    def __str__(self) -> str:
        """``600dpi``, ``600x1200dpi``, ``236dpcm``: the form that PWG media and print keywords use."""
        units = {3: "dpi", 4: "dpcm"}.get(self.units, f" units {self.units}")
        return f"{self.cross_feed if self.cross_feed == self.feed else f'{self.cross_feed}x{self.feed}'}{units}"


class RangeOfInteger(namedtuple("RangeOfInteger", "lower upper")):
    """A rangeOfInteger, both ends included (RFC 8011 section 5.1.14). ``3 in RangeOfInteger(1, 5)`` is true."""

    __slots__ = ()
    lower: int
    upper: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.lower <= number <= self.upper

    def __str__(self) -> str:
        return f"{self.lower}-{self.upper}"


class StringWithLanguage(namedtuple("StringWithLanguage", "string language")):
    """A textWithLanguage or nameWithLanguage: the string, then its natural language (RFC 8010 section 3.9)."""

    __slots__ = ()
    string: str
    language: str

    def __str__(self) -> str:
        return self.string


class RawValue(namedtuple("RawValue", "data")):
    """The octets of a value that does not fit its tag, such as an integer of three octets.

    It keeps the place of the value under its tag and is encoded back to the same octets. ``validate`` reports it.
    """

    __slots__ = ()
    data: bytes
