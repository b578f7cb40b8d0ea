"""Locks of files, which hold as long as the process that took them lives, however it ends.

The rule of this file: POSIX's flock is known here alone. A system without it can import the print server, which says
what it needs when its storage is opened.
"""

import errno
from typing import Any

try:
    import fcntl
except ModuleNotFoundError:  # as on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["AT_ONCE", "EXCLUSIVE", "RELEASE", "SHARED", "flock", "require"]

SHARED, EXCLUSIVE, AT_ONCE, RELEASE = (
    (0, 0, 0, 0) if fcntl is None else (fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_NB, fcntl.LOCK_UN)
)
"""How to lock: AT_ONCE goes with one of the first two, and does not wait."""


def require() -> None:
    """Raises OSError (ENOTSUP) if this system has no such locks."""
    if fcntl is None:
        raise OSError(errno.ENOTSUP, "the print server needs the file locks of a POSIX system (fcntl.flock)")


def flock(file: Any, how: int) -> None:
    """Lock an open file, or give the lock up; closing the file does so too.

    Raises BlockingIOError for AT_ONCE if another has it, and OSError as `require` does.
    """
    require()
    fcntl.flock(file, how)
