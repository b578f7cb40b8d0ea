"""PWG 5100.22 by test files of our own: CUPS' ipptool runs them against ``ippfast serve --printers``, and so do we.

The rule of this file: the files of `system/` say what a System has to do, and know nothing of ours.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers import program

FILES = sorted((Path(__file__).parent / "system").glob("*.test"))
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(2_000)


@pytest.fixture
def uri(tmp_path: Path) -> Iterator[str]:
    """The system-uri of a server of its own."""
    printers = tmp_path / "printers.toml"
    printers.write_text('[hall]\ndescription = {printer-location = "Hall"}\n[office]\n')
    command = [sys.executable, "-m", "ippfast", "serve", "--printers", str(printers), "--port", "0"]
    process = subprocess.Popen([*command, "--state", str(tmp_path / "state")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"ipp://\S+/ipp/system", process.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=90)


def run(tool: str, uri: str, file: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    picture = tmp_path / "picture.png"
    picture.write_bytes(PICTURE)
    define = ["-d", f"picture={picture}"]
    command = [sys.executable, "-m", "ippfast", "test", *define, str(file), uri]
    if tool == "ipptool":
        command = [program("ipptool"), "-t", *define, uri, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


TOOLS = ("ipptool", "ippfast")


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_files(tool: str, file: Path, uri: str, tmp_path: Path) -> None:
    result = run(tool, uri, file, tmp_path)
    failed = [line for line in result.stdout.splitlines() if "[FAIL]" in line or "[SKIP]" in line]
    assert (result.returncode, failed) == (0, []), result.stdout + result.stderr
    assert result.stdout.count("[PASS]") == file.read_text().count("    NAME ")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_failure_is_seen(tool: str, uri: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.test"
    wrong.write_text(FILES[-1].read_text().replace("STATUS successful-ok\n", "STATUS client-error-gone\n", 1))
    assert run(tool, uri, wrong, tmp_path).returncode != 0
