"""Runs pytest, and once more what failed, alone: `make suite AGAIN=1`, as CI does.

The rule of this file: a test that fails beside others and passes alone is told, after `=== UNSTEADY:`, and does not
fail the run. All else fails it as ever: a test that fails alone too, more than `MOST` failed tests, a worker that died,
a file that cannot be collected. What it prints last is pytest's.
"""

import json
import subprocess
import sys
from pathlib import Path

MOST = 8
"""More than these are no accident."""

# A process that dies may have been broken by what ran before: that it lives when alone proves nothing.
DIED = b"crashed while running"


def pytest(arguments: list[str], *, told: bool) -> tuple[int, bytes]:
    """pytest's exit status and what it printed; it is shown as it comes where it is `told`."""
    # -P: what is tested is the package that is installed, not the one of the directory that we stand in.
    command = [sys.executable, "-P", "-m", "pytest", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if told:
                sys.stdout.buffer.write(line)
                sys.stdout.flush()
    return process.returncode, b"".join(lines)


def main(arguments: list[str]) -> int:
    cache = Path(".pytest_cache")
    failed = cache / "v/cache/lastfailed"
    keep = ["-o", f"cache_dir={cache}"]
    status, output = pytest([*arguments, *keep, "--cache-clear"], told=True)
    if status != 1 or DIED in output:
        return status
    names = list(json.loads(failed.read_bytes())) if failed.exists() else []
    if not 0 < len(names) <= MOST or not all("::" in name for name in names):
        return status
    print("\n=== Once more, alone:", *names, flush=True)
    status, output = pytest([*arguments, *keep, "--last-failed", "-n0"], told=False)
    if status == 0 and f"{len(names)} passed".encode() in output:
        print("=== UNSTEADY:", *names, flush=True)
    else:
        status = 1  # one that is left out when alone has not passed
    sys.stdout.buffer.write(output)
    sys.stdout.flush()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
