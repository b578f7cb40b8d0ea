"""What the shim for pycups keeps of the servers that it has seen, while several programs keep it.

The rule of this file: the programs are processes of their own, which begin together.
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ippfast.compat.pycups import trust
from ippfast.http import PinError

SERVERS = 150

PROGRAM = f"""
import sys
from ippfast.compat.pycups import trust
from ippfast.http import PinError
trust._is_signed = lambda *server: False  # there are no such servers to be asked
print("ready", flush=True)
sys.stdin.readline()
mine = sys.argv[1]
for number in range({SERVERS}):
    trust.check(mine.encode(), f"own-{{mine}}-{{number}}", 631, None)
    try:
        trust.check(mine.encode(), f"shared-{{number}}", 631, None)
    except PinError:
        continue
    print(number)
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_programs_at_the_same_time_lose_nothing() -> None:
    """Each keeps all that it saw, and of one server that shows them different certificates one program is the first."""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, mine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for mine in ("a", "b")
    ]
    for each in programs:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in programs:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    taken = Counter(line for each in programs for line in each.communicate(timeout=120)[0].splitlines())
    assert [each.returncode for each in programs] == [0, 0]
    assert taken == Counter(map(str, range(SERVERS)))
    for number in range(SERVERS):
        for mine in "ab":
            trust.check(mine.encode(), f"own-{mine}-{number}", 631, None)
    names = {line.split()[0] for line in trust.store().read_text().splitlines()}
    assert len(names) == 3 * SERVERS


def test_another_certificate_counts_if_an_authority_has_signed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "_is_signed", lambda certificate, *server: certificate == b"signed")
    trust.check(b"one", "host", 631, None)
    trust.check(b"other", "host", 632, None)
    with pytest.raises(PinError):
        trust.check(b"two", "host", 631, None)
    trust.check(b"signed", "host", 631, None)
    trust.check(b"signed", "host", 631, None)
    with pytest.raises(PinError):
        trust.check(b"one", "host", 631, None)
    trust.check(b"other", "host", 632, None)
