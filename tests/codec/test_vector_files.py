"""The vectors on disk are those that their indexes and their generator speak of."""

import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from vectors import DIRECTORY, corpus, every, http, recorded

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def test_hand_made_vectors_are_what_the_generator_writes() -> None:
    command = [sys.executable, str(TOOLS / "make_vectors.py"), "--check"]
    environment = os.environ | {"PYTHONSAFEPATH": ""}  # the tool imports what stands beside it
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("folder", "suffix"), [("recorded", "ipp"), ("http", "http")])
def test_recordings_are_what_their_index_says(folder: str, suffix: str) -> None:
    with (DIRECTORY / folder / "INDEX.tsv").open(newline="") as index:
        listed = {row["file"]: row["sha256"] for row in csv.DictReader(index, delimiter="\t")}
    paths = sorted((DIRECTORY / folder).glob(f"*.{suffix}"))
    assert listed == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_none_is_missing() -> None:
    assert len(every()) - len(corpus()) >= 480
    assert len(recorded()) >= 150
    assert {name.rpartition("-")[2] for name in http()} == {"request.http", "response.http"}
    assert sum(name.count("chunked") for name in http()) >= 3
    assert sum(octets.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200") for octets in http().values()) >= 2
