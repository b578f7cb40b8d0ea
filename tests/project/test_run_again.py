"""What CI makes of a test that fails: tools/run_again.py.

The rule of this file: each test is a small suite of its own, run as `make suite AGAIN=1` runs the project's.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/run_again.py"

UNSTEADY = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_unsteady(number):
    seen = Path(f"{{number}}.seen")
    if not seen.exists():
        seen.touch()
        assert False
"""


def run(directory: Path, source: str, workers: int = 0) -> tuple[int, list[str]]:
    """A suite of that file beside one that passes: its exit status and lines."""
    (directory / "pytest.ini").write_text("[pytest]\n")
    (directory / "test_one.py").write_text(source)
    (directory / "test_two.py").write_text("def test_two(): pass\n")
    command = [sys.executable, str(TOOL), "-p", "xdist", f"-n{workers}", "--dist", "worksteal", "--quiet"]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, env=alone)
    return done.returncode, done.stdout.splitlines()


def marked(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("===") and not line.endswith("===")]


def test_passes_alone(tmp_path: Path) -> None:
    status, lines = run(tmp_path, UNSTEADY.format(count=1), workers=2)
    assert status == 0
    name = "test_one.py::test_unsteady[0]"
    assert marked(lines) == [f"=== Once more, alone: {name}", f"=== UNSTEADY: {name}"]
    assert lines[-1].startswith("1 passed in ")


def test_left_out_alone(tmp_path: Path) -> None:
    status, lines = run(tmp_path, UNSTEADY.format(count=1) + "    else: pytest.skip()\n")
    assert status == 1
    assert len(marked(lines)) == 1


def test_fails_alone_too(tmp_path: Path) -> None:
    status, lines = run(tmp_path, UNSTEADY.format(count=1) + "def test_wrong(): assert 0\n")
    assert status == 1
    assert len(marked(lines)) == 1
    assert lines[-1].startswith("1 failed, 1 passed in ")


@pytest.mark.parametrize(
    ("source", "workers"),
    [
        (UNSTEADY.format(count=9), 0),
        ("import os\ndef test_dies(): os.kill(os.getpid(), 9)\n", 1),
        ("import nothing_of_that_name\n", 1),
    ],
    ids=["many", "worker", "collection"],
)
def test_once_only(tmp_path: Path, source: str, workers: int) -> None:
    status, lines = run(tmp_path, source, workers)
    assert status != 0
    assert marked(lines) == []


def test_none_fails(tmp_path: Path) -> None:
    status, lines = run(tmp_path, "def test_one(): pass\n")
    assert status == 0
    assert marked(lines) == []
