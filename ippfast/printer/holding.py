"""Until when a job is held: the keywords of job-hold-until (RFC 8011 section 5.2.2) as moments.

The rule of this file: local time counts, and the bounds of day, evening and night are those that CUPS has.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ippfast.codec import Attribute
from ippfast.values import DateTime

__all__ = ["Hold", "hold_of"]

# The hours from and to which a keyword allows printing; weekend is told by the day.
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
    """What job-hold-until or job-hold-until-time among a job's attributes comes to. now: in local time."""
    for attribute in attributes:
        value = attribute.values[0]
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


def _midnight(now: datetime, days: int) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
