"""The protocol of leases and documents, checked in every order of its steps by `spin`.

The rule of this file: the model is `tools/leases.pml`; each of its safeguards, taken away, must be missed.
"""

import re
import subprocess
from pathlib import Path

import pytest
from peers import program

MODEL = Path(__file__).parents[2] / "tools" / "leases.pml"

SAFEGUARDS = {
    "-DLEASES": ("state == processing && epoch == mine", "state == processing"),
    "-DDOCUMENTS": ("upload[me] && !doomed[me]", "upload[me]"),
}


def check(directory: Path, part: str, model: str) -> tuple[int, int]:
    """How many errors `spin` finds, and how many states it has looked at."""
    (directory / "model.pml").write_text(model)
    for command in (
        [program("spin"), part, "-a", "model.pml"],
        ["gcc", "-O2", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"],
    ):
        subprocess.run(command, cwd=directory, check=True, capture_output=True)
    said = subprocess.run(["./pan", "-m100000"], cwd=directory, check=True, capture_output=True, text=True).stdout
    errors, states = re.search(r"errors: (\d+)", said), re.search(r"(\d+) states, stored", said)
    assert errors is not None, said
    assert states is not None, said
    return int(errors[1]), int(states[1])


@pytest.mark.parametrize("part", SAFEGUARDS)
def test_no_order_of_steps_breaks_a_promise(tmp_path: Path, part: str) -> None:
    errors, states = check(tmp_path, part, MODEL.read_text())
    assert errors == 0
    assert states > 10_000


@pytest.mark.parametrize("part", SAFEGUARDS)
def test_what_guards_is_needed(tmp_path: Path, part: str) -> None:
    guarded, bare = SAFEGUARDS[part]
    model = MODEL.read_text()
    assert guarded in model
    assert check(tmp_path, part, model.replace(guarded, bare))[0] > 0
