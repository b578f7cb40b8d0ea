"""Locks on files, which end with the process that has them, even if it is killed; and the flags of open files.

The rule of this file: only this file uses POSIX's flock and fcntl. A system without them can import the print server,
but can't open its storage.
"""

import errno
from typing import Any

try:
    import fcntl
except ModuleNotFoundError:  # as on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["AT_ONCE", "EXCLUSIVE", "RELEASE", "SHARED", "flock", "require", "set_flags"]

SHARED, EXCLUSIVE, AT_ONCE, RELEASE = (
    (0, 0, 0, 0) if fcntl is None else (fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_NB, fcntl.LOCK_UN)
)
"""How to lock: AT_ONCE is added to one of the first two, so that `flock` does not wait."""


def require() -> None:
    """Raise OSError (ENOTSUP) if this system has no such locks."""
    if fcntl is None:
        raise OSError(errno.ENOTSUP, "the print server needs the file locks of a POSIX system (fcntl.flock)")


def flock(file: Any, how: int) -> None:
    """Lock an open file, or release the lock; closing the file releases it too.

    Raises BlockingIOError for AT_ONCE if another process has the lock, and OSError as `require` does.
    """
    require()
    fcntl.flock(file, how)


def set_flags(descriptor: int, flags: int) -> bool:
    """Have an open file with these flags, such as ``O_DIRECT``, and no others.

    Returns whether that can be: a file system may have no such flag.
    """
    require()
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)
    except OSError:
        return False
    return True
