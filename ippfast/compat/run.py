"""Runs a Python program with the shims, without touching it.

    python -m ippfast.compat.run PROGRAM ARGUMENTS...       a file, or the name of a command in PATH
    python -m ippfast.compat.run -m MODULE ARGUMENTS...
    python -m ippfast.compat.run --only cups --no-quirks PROGRAM ARGUMENTS...

The rule of this file: the program sees the arguments, the name ``__main__`` and the path that it has without the shims.
Its shims are those of `switch`.
"""

import argparse
import os
import runpy
import shutil
import sys

from . import switch

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run what the arguments say. Ends with status 2 for a program that does not exist, or is not in Python."""
    parser = argparse.ArgumentParser(
        prog="python -m ippfast.compat.run", description="Run a Python program with the shims of ippfast."
    )
    names = ", ".join(switch.LIBRARIES)
    parser.add_argument("--only", action="append", metavar="LIBRARY", help=f"only this shim; may be repeated: {names}")
    parser.add_argument("--no-quirks", action="store_true", help="the corrected mode of each shim")
    parser.add_argument("--quirks", action="store_true", help="the faithful mode of each shim")
    parser.add_argument("-m", dest="module", action="store_true", help="PROGRAM is the name of a module")
    parser.add_argument("program", metavar="PROGRAM", help="a file, or a command in PATH")
    parser.add_argument("arguments", metavar="ARGUMENTS", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    if given.quirks and given.no_quirks:
        parser.error("--quirks and --no-quirks exclude each other")
    try:
        quirks = True if given.quirks else False if given.no_quirks else None
        switch.on(given.only or tuple(switch.LIBRARIES), quirks=quirks)
    except ValueError as error:
        parser.error(str(error))
    sys.argv = [given.program, *given.arguments]
    if given.module:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(given.program, run_name="__main__", alter_sys=True)
        return
    path = given.program if os.path.exists(given.program) else shutil.which(given.program)
    if path is None:
        parser.error(f"there is no {given.program}")
    if _is_binary(path):
        parser.error(f"{path} is not a program in Python")
    sys.argv[0] = path
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    runpy.run_path(path, run_name="__main__")


def _is_binary(path: str) -> bool:
    """Whether it is a file, and neither Python's source nor its byte code nor an archive."""
    if os.path.isdir(path) or path.endswith((".pyz", ".zip", ".pyc")):
        return False
    with open(path, "rb") as file:
        return b"\0" in file.read(1024)


if __name__ == "__main__":
    main()
