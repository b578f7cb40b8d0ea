"""``ippfast serve`` as a program of its own, for other programs that speak with it.

The rule of this file: it is the command as users run it, on a port that it chooses.
"""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def print_service(directory: Path, name: str) -> Iterator[int]:
    """``ippfast serve`` as a program of its own, with one printer that keeps its documents. Yields its port."""
    (directory / "printers.toml").write_text(f"[{name}]\ndefault = true\n")
    places = ("--state", str(directory / "state"), "--printers", str(directory / "printers.toml"))
    command = [sys.executable, "-m", "ippfast", "serve", "--port", "0", *places]
    environment = {**os.environ, "NO_COLOR": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            port = re.search(r":(\d+)/", line)
            assert port is not None, line
            yield int(port[1])
        finally:
            process.terminate()
