"""The fuzzer itself: a case is the same case again, both twins are asked, and what it finds it keeps.

The rule of this file: it runs a few batches of `tools/fuzz.py`, no more; `make fuzz` is where it looks for something.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import fuzzing
import pytest
from vectors import recorded

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "fuzz.py"


def fuzz(*arguments: str, tool: Path = TOOL) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, str(tool), *arguments], capture_output=True, text=True, check=False)


def test_a_message_is_taken_apart_and_put_together() -> None:
    for vector in recorded():
        if vector.outcome == "accepted":
            message = fuzzing.HEADER + vector.octets[8 : vector.offset]
            assert fuzzing.octets_of(fuzzing.tokens_of(message)) == message


def test_a_seed_makes_the_same_case() -> None:
    octets = recorded()[0].octets
    bent = {fuzzing.bend(Random(seed), octets, octets) for seed in range(50) for _ in range(2)}
    assert 30 < len(bent) <= 50


def test_a_run(tmp_path: Path) -> None:
    for total in (1, 2):
        result = fuzz("--batches", "1", "--seed", "1", "--kept", str(tmp_path))
        assert result.returncode == 0, result.stdout + result.stderr
        assert "40 cases compared" in result.stdout
        assert "0 finds" in result.stdout
        lines = (tmp_path / "ledger.tsv").read_text().splitlines()
        assert len(lines) == 1 + total
        assert int(lines[-1].split("\t")[-1]) == 10_040 * total
    assert list((tmp_path / "corpus").iterdir())
    assert not list((tmp_path / "found").iterdir())


WRONG = {
    "differ in ": "octets = octets.replace(b'job-id', b'job-ie')",
    "ended with -6": "b'job-id' in octets and __import__('os').abort()",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_it_finds(tmp_path: Path, words: str) -> None:
    """A twin that is wrong on purpose is found, and the case that was kept shows it again."""
    copied = tmp_path / "copy"
    shutil.copytree(ROOT / "tests" / "support", copied / "tests" / "support")
    (copied / "tests" / "vectors").symlink_to(ROOT / "tests" / "vectors")
    shutil.copytree(ROOT / "tools" / "goipp_reader", copied / "tools" / "goipp_reader")
    tool = Path(shutil.copy(TOOL, copied / "tools"))
    program = copied / "tests" / "support" / "fuzzing.py"
    head = "    random = Random(seed)\n    few"
    assert head in program.read_text()
    wrong = f"    if COMPILED is not None:\n        {WRONG[words]}\n"
    program.write_text(program.read_text().replace(head, wrong + head))
    result = fuzz("--batches", "2", "--seed", "1", "--kept", str(tmp_path / "kept"), tool=tool)
    assert result.returncode == 1, result.stdout + result.stderr
    assert words in result.stdout
    found = sorted((tmp_path / "kept" / "found").iterdir())
    result = fuzz("--again", str(found[0]), tool=tool)
    assert result.returncode == 1
    assert words in result.stdout
