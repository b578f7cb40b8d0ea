"""Starts the processes that draw documents. One may start before its document is known.

The rule of this file: it loads little, since the command calls `load_ahead` before it loads all else.
"""

import atexit
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

__all__ = ["can_draw", "cores", "load_ahead", "start"]

# The child knows where packages are, and nothing else of the environment: it holds the caller's secrets too.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from ippfast.convert.child import main; main()"
_PASSED_ON = ("HOME", "IPPFAST_PURE", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_LIBRARIES = ("pypdfium2", "PIL")

# pdfium takes memory for each line of text, and gives it back. glibc, if it is that, is to keep it: the system clears
# whatever it hands out anew, which takes a third of the processor's time for a page of text.
_KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4194304", "MALLOC_TRIM_THRESHOLD_": "16777216"}

_ahead: list[subprocess.Popen[bytes]] = []


def can_draw() -> bool:
    """Tell whether the libraries of the extra ``convert`` are installed."""
    return all(importlib.util.find_spec(name) is not None for name in _LIBRARIES)


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def start() -> subprocess.Popen[bytes]:
    """Return a process that waits for its orders: the one that was started ahead, or a new one."""
    return _ahead.pop() if _ahead else _started()


def load_ahead() -> None:
    """Start the next process already, since it takes long to load. It waits for its orders, and ends with this process.

    Nothing is started if there is only one core, or the extra ``convert`` is not installed.
    """
    if not _ahead and cores() > 1 and can_draw():
        _ahead.append(_started())
        atexit.register(_dismiss)


def _dismiss() -> None:
    for process in _ahead:
        process.kill()
        process.wait()


def _started() -> subprocess.Popen[bytes]:
    # It goes without `site`, which takes as long to load as Python; an editable installation is found by that alone.
    places = [*map(os.path.abspath, sys.path), str(Path(__file__).parents[2])]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _PROGRAM, *places],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _KEPT_MEMORY,
    )
