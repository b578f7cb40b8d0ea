"""Tells once, if pip could not compile the codec, how to get the compiled one.

The rule of this file: it is said on standard error, and only if it can be remembered that it was said. Nobody who
chose the pure codec (IPPFAST_PURE, another interpreter than CPython) is told.
"""

import os
import sys
from pathlib import Path

from ippfast import IMPLEMENTATION

__all__ = ["state_directory", "tell"]

HINT = """\
ippfast was installed without its compiled codec. The one in Python does the same, many times slower.
For the compiled one install a C compiler and Python's headers (Debian: apt-get install gcc python3-dev), and then
ippfast again, as before but with: pip install --force-reinstall --no-cache-dir. This is said once."""


def state_directory() -> Path:
    """Where the command keeps what it has to remember."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "ippfast"


def tell() -> None:
    """Print the hint, if it was not printed before."""
    chosen = os.environ.get("IPPFAST_PURE", "0") not in ("", "0") or sys.implementation.name != "cpython"
    if IMPLEMENTATION != "python" or chosen:
        return
    try:
        directory = state_directory()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / "told-of-the-compiled-codec").touch(exist_ok=False)
    except (OSError, RuntimeError):  # it was said, or nothing can be written here
        return
    print(HINT, file=sys.stderr)
