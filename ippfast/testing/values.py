"""Converts values between attributes and the words of test files, in both directions.

The rule of this file: a value has the form that ipptoolfile(5) gives its syntax; any other form raises FileFault. An
empty word, from a variable that is not defined, is the integer 0.
"""

import re
import time
from datetime import UTC, datetime
from typing import Any

from ippfast.codec import Attribute, Collection
from ippfast.tags import VALUE_TAGS, ValueTag
from ippfast.values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

from .tree import FileFault, Line, Members, Place
from .variables import Variables
from .words import number

__all__ = ["attribute_of", "shown", "string_of", "tag_name", "value_shown"]

_RESOLUTION = re.compile(r"([0-9]{1,9})(?:x([0-9]{1,9}))?(dpi|dpcm?|other)", re.ASCII | re.IGNORECASE)
_RANGE = re.compile(r"\s*(-?[0-9]{1,10})-(-?[0-9]{1,10})", re.ASCII)
_PERIOD = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?", re.ASCII
)
_PERIOD_SECONDS = (365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1)
_MOMENT = re.compile(r"(\d{1,5})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})(Z|[+-]\d{4})?", re.ASCII)


def attribute_of(line: Line, variables: Variables) -> Attribute:
    """The attribute that ATTR or MEMBER makes. Raises FileFault."""
    if line.tag < 0x20:
        if line.tag == 0x11:
            return Attribute(line.name, line.tag, RawValue(b""))
        return Attribute(line.name, line.tag, OutOfBand(line.tag))
    return Attribute(line.name, line.tag, [_value(line, each, variables) for each in line.values])


def _value(line: Line, written: str | Members, variables: Variables) -> Any:
    if isinstance(written, Members):
        return Collection([attribute_of(member, variables) for member in written.members])
    text = variables.expand(written)
    tag = line.tag
    if tag == ValueTag.BOOLEAN:
        return text.lower() == "true"
    if tag in (ValueTag.INTEGER, ValueTag.ENUM):
        return _integer(line, text)
    if tag == ValueTag.DATE_TIME:
        return _moment(line.place, text)
    if tag == ValueTag.RESOLUTION:
        match = _RESOLUTION.fullmatch(text)
        if match is None:
            raise FileFault(
                line.place, f"{line.name} must be a resolution such as 600dpi or 600x300dpi, not {text[:60]!r}"
            )
        units = {"dpi": 3, "dpc": 4, "dpcm": 4, "other": 0}[match[3].lower()]
        return Resolution(int(match[1]), int(match[2] or match[1]), units)
    if tag == ValueTag.RANGE_OF_INTEGER:
        match = _RANGE.fullmatch(text)
        ends = () if match is None else (int(match[1]), int(match[2]))
        if not ends or not all(-(2**31) <= end < 2**31 for end in ends):
            raise FileFault(line.place, f"{line.name} must be a range such as 1-5, not {text[:60]!r}")
        return RangeOfInteger(*ends)
    if tag == ValueTag.OCTET_STRING:
        return _octets(line, text)
    if tag in (ValueTag.TEXT_WITH_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE):
        return StringWithLanguage(text, "en")
    if isinstance(VALUE_TAGS[tag], ValueTag) and 0x40 <= tag < ValueTag.MEMBER_ATTR_NAME:
        return text
    raise FileFault(line.place, f"{line.name}: a test file can't have values of this syntax")


def _integer(line: Line, text: str) -> int:
    value = 0 if not text else number(text)
    if value is None or not -(2**31) <= value < 2**31:
        raise FileFault(line.place, f"{line.name} must be an integer of 32 bits, not {text[:60]!r}")
    return value


def _octets(line: Line, text: str) -> bytes:
    if text.startswith("<") and text.endswith(">"):
        try:
            return bytes.fromhex(text[1:-1])
        except ValueError:
            raise FileFault(
                line.place, f"{line.name}: there must be pairs of hexadecimal digits between < and >"
            ) from None
    return text.encode("utf-8", "surrogateescape")


def _moment(place: Place, text: str) -> DateTime:
    """A date and time, or a period from now on (ISO 8601)."""
    period = _PERIOD.fullmatch(text)
    if period is not None:
        seconds = sum(int(each or 0) * unit for each, unit in zip(period.groups(), _PERIOD_SECONDS, strict=True))
        try:
            return DateTime.from_datetime(datetime.fromtimestamp(int(time.time()) + seconds, UTC))
        except (ValueError, OverflowError, OSError):
            pass
    moment = _MOMENT.fullmatch(text)
    if moment is None:
        raise FileFault(place, f"a dateTime must be such as 2026-11-29T13:00:00+0100 or PT10M, not {text[:60]!r}")
    year, month, day, hour, minute, second = (int(each) for each in moment.groups()[:6])
    zone = moment[7] if moment[7] not in (None, "Z") else "+0000"
    return DateTime(year, month, day, hour, minute, second, 0, zone[0], int(zone[1:3]), int(zone[3:]))


# Attributes as words.


def tag_name(tag: int) -> str:
    """A tag's name in the registry."""
    known = VALUE_TAGS[tag]
    return known.keyword if isinstance(known, ValueTag) else f"0x{tag:02x}"


def string_of(value: object) -> str | None:
    """The string of a value that is a string; None for other values."""
    if isinstance(value, StringWithLanguage):
        return value.string
    return value if isinstance(value, str) else None


def value_shown(value: object, tag: int) -> str:
    """A value as a word, for variables and reports."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, OutOfBand):
        return tag_name(tag)
    if isinstance(value, bytes):
        return _octets_shown(value)
    if isinstance(value, RawValue):
        return f"<{value.data.hex().upper()}>"
    if isinstance(value, DateTime):
        direction = value.utc_direction
        return (
            f"{value.year:04}-{value.month:02}-{value.day:02}T{value.hour:02}:{value.minute:02}:{value.second:02}"
            f"{direction}{value.utc_hours:02}{value.utc_minutes:02}"
        )
    if isinstance(value, Collection):
        return "{" + " ".join(f"{member.name}={shown(member)}" for member in value) + "}"
    return str(value)


def _octets_shown(octets: bytes) -> str:
    if all(0x20 <= octet < 0x7F for octet in octets):
        return octets.decode("ascii")
    return f"<{octets.hex().upper()}>"


def shown(attribute: Attribute) -> str:
    """All values of an attribute, with commas between them."""
    return ",".join(value_shown(value, tag) for value, tag in zip(attribute.values, attribute.tags, strict=True))
