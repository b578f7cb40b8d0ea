"""Until when a job is held: the values of job-hold-until (RFC 8011 section 5.2.2) as moments.

The rule of this file: keywords are in local time, and the hours of day, evening and night are those of CUPS. A time of
day, which CUPS takes too, is in UTC. Whether the printer supports a value is checked in `template`.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ippfast.codec import Attribute
from ippfast.values import DateTime, StringWithLanguage

__all__ = ["Hold", "clock_of", "hold_of", "is_moment"]

_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5]?[0-9])(?::([0-5]?[0-9]|60))?", re.ASCII)

# The hours between which a keyword allows printing; weekend depends on the day.
_HOURS = {
    "day-time": (6, 18),
    "evening": (18, 24),
    "night": (18, 6),
    "second-shift": (16, 24),
    "third-shift": (0, 8),
}

Hold = tuple[bool, float | None]
"""Whether a job is held, and when it goes on by itself, in seconds of `time.time`; None: it does not."""


def hold_of(attributes: Iterable[Attribute], now: datetime) -> Hold:
    """The `Hold` of job-hold-until or job-hold-until-time among a job's attributes. now: in local time."""
    for attribute in attributes:
        value = attribute.values[0]
        value = value.string if isinstance(value, StringWithLanguage) else value
        if attribute.name == "job-hold-until-time" and isinstance(value, DateTime):
            moment = value.to_datetime().timestamp()
            return (True, moment) if moment > now.timestamp() else (False, None)
        if attribute.name == "job-hold-until" and isinstance(value, str):
            return _until(value, now)
    return False, None


def _until(keyword: str, now: datetime) -> Hold:
    if keyword == "no-hold":
        return False, None
    if keyword == "weekend":
        days = (5 - now.weekday()) % 7 if now.weekday() < 5 else 0
        return (True, _midnight(now, days).timestamp()) if days else (False, None)
    if (clock := clock_of(keyword)) is not None:
        hour, minute, second = clock
        today = now.astimezone(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
        moment = today + timedelta(seconds=second)
        return True, (moment if moment > now else moment + timedelta(days=1)).timestamp()
    if keyword not in _HOURS:
        return True, None
    start, end = _HOURS[keyword]
    inside = start <= now.hour < end if start < end else now.hour >= start or now.hour < end
    if inside:
        return False, None
    moment = _midnight(now, 0) + timedelta(hours=start)
    if moment <= now:
        moment += timedelta(days=1)
    return True, moment.timestamp()


def is_moment(value: object) -> bool:
    """Whether a value of job-hold-until-time is a time: a dateTime may have the year 0, or a day that does not
    exist."""
    try:
        return isinstance(value, DateTime) and value.to_datetime().timestamp() is not None
    except (ValueError, OverflowError):
        return False


def clock_of(value: object) -> tuple[int, int, int] | None:
    """The hour, minute and second of a time of day such as ``22:30`` or ``22:30:00``; None: it is not one."""
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else (int(found[1]), int(found[2]), int(found[3] or 0))


def _midnight(now: datetime, days: int) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
