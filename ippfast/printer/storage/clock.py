"""The store's clock: one for all processes of a host, and never set.

The rule of this file: between two events as much time has passed as it says, whatever happens to the host's clock in
between. So it counts from the host's start, which all processes share, and what it counted to is kept with the jobs:
after the host was started again it goes on from there, or from the host's clock if that is ahead.
"""

import time
from pathlib import Path

__all__ = ["boot", "since_boot"]

_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def since_boot() -> float:
    """Seconds since the host was started, its sleep included if the system counts it."""
    return time.clock_gettime(_CLOCK)


def boot() -> str:
    """What tells one start of the host from another; nothing if the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
