"""``make demo`` shows what it says, and fails where something is not so.

The rule of this file: the demonstration runs as it stands, in a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from peers import package, program

import ippfast

DEMO = Path(__file__).resolve().parents[2] / "tools" / "demo.py"


def run_demo(**environment: str) -> "subprocess.CompletedProcess[str]":
    path = str(Path(ippfast.__file__).parent.parent)
    return subprocess.run(
        [sys.executable, str(DEMO)],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def demonstration() -> "subprocess.CompletedProcess[str]":
    package("cryptography")
    return run_demo()


def test_the_demonstration(demonstration: "subprocess.CompletedProcess[str]") -> None:
    result = demonstration
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WRONG" not in result.stdout
    for words in (
        "ok: it listens",
        "ok: the printer took the job, and holds it",
        "ok: it is completed",
        "ok: both are the same octets",
    ):
        assert words in result.stdout


def test_the_second_opinion(demonstration: "subprocess.CompletedProcess[str]") -> None:
    program("ipptool")
    assert demonstration.stdout.count("1 passed, 0 failed") == 3


def test_it_fails_where_the_printer_does(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif 'serve' in sys.argv: sys.exit('no printer today')\n", encoding="utf-8"
    )
    result = run_demo(PYTHONPATH=f"{tmp_path}{os.pathsep}{Path(ippfast.__file__).parent.parent}")
    assert result.returncode == 1
    assert "WRONG: it listens" in result.stdout
