"""The clock of an SQLite store: all processes of a host share it, and nothing sets it.

The rule of this file: it measures the time between two events correctly even if the host's clock is set in between. So
it counts from the host's start, and its latest value is kept with the jobs: after the next start of the host it goes on
from there, or from the host's clock if that is ahead.
"""

import time
from pathlib import Path

__all__ = ["boot", "since_boot"]

_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def since_boot() -> float:
    """The seconds since the host was started, with the time of its sleep if the system counts that."""
    return time.clock_gettime(_CLOCK)


def boot() -> str:
    """An identifier of this start of the host; "" if the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
