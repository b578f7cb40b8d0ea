"""Nothing is left behind: not by decoding, encoding, errors or pieces, however often, whatever comes.

The rule of this file: the work is done in a process of its own, which `repetition.py` is, and nothing in it may grow
with the number of rounds.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import repetition
from implementations import Implementation

import ippfast

ROUNDS = {"cython": 50_000, "python": 5_000}  # each done four times
SLOW = ("unpack", "feed", "encode", "copies", "raw")  # a tenth of the rounds; each does a dozen things
BLOCKS = 200
OCTETS = 2 * 1024 * 1024
REFERENCES = 100


@pytest.mark.parametrize("case", repetition.CASES)
def test_nothing_grows(codec: Implementation, case: str) -> None:
    program = Path(repetition.__file__)
    environment = {**os.environ, "PYTHONPATH": str(Path(ippfast.__file__).parent.parent), "IPPFAST_PURE": "0"}
    command = [sys.executable, str(program), codec.name, case, str(ROUNDS[codec.name] // (10 if case in SLOW else 1))]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stderr
    grown = json.loads(result.stdout)
    assert grown["blocks"] <= BLOCKS
    assert grown["octets"] <= OCTETS
    assert grown["references"] <= REFERENCES
