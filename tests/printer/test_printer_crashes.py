"""A print server that is killed at random moments while clients print loses nothing that it acknowledged.

The rule of this file: it is tools/crashes.py that kills and judges; `make crashes` does it hundreds of times.
"""

from pathlib import Path

import obstore
import pytest
from crashes import Crashes, Edge
from engines import ObjectServer, Postgres

from ippfast.printer.storage.files import MARK


def test_nothing_is_lost(tmp_path: Path) -> None:
    result = Crashes(tmp_path, seed=7).run(8)
    assert result.faults == []
    assert result.kills == 8
    assert result.acknowledged > 0
    assert result.documents > 0


def test_no_job_more_than_allowed(tmp_path: Path) -> None:
    result = Edge(tmp_path, seed=9, limit=5).run(6)
    assert result.faults == []
    assert result.refused > 0
    assert result.acknowledged > 0


def test_nothing_is_lost_with_a_database(tmp_path: Path, postgres: Postgres) -> None:
    result = Crashes(tmp_path, seed=11, store=postgres.schema()).run(5)
    assert result.faults == []
    assert result.acknowledged > 0


def test_nothing_is_lost_with_an_object_store(
    tmp_path: Path, postgres: Postgres, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in object_server.environment.items():
        monkeypatch.setenv(name, value)
    crashes = Crashes(tmp_path, seed=17, store=postgres.schema(), documents=object_server.bucket())
    result = crashes.run(5)
    assert result.faults == []
    assert result.acknowledged > 0
    for _ in range(5):
        if crashes._keys():  # the larger ones are there, and not in the database
            break
        assert crashes.run(2).faults == []
    assert crashes._keys()
    storage = crashes._storage()
    try:
        obstore.put(storage.documents._store, "stray", b"which no job has")  # type: ignore[attr-defined]
    finally:
        storage.close()
    assert crashes._keys() >= {"stray"}  # and the judge would see it


def test_no_job_more_than_allowed_with_a_database(tmp_path: Path, postgres: Postgres) -> None:
    result = Edge(tmp_path, seed=13, limit=5, store=postgres.schema()).run(5)
    assert result.faults == []
    assert result.acknowledged > 0


def test_a_loss_is_seen(tmp_path: Path) -> None:
    """The judge is awake: a document that is changed, one that is lost, a job that is lost, a file too much."""
    crashes = Crashes(tmp_path, seed=8)
    crashes.run(6)
    crashes.result.faults.clear()
    documents = sorted(path for path in (tmp_path / "state" / "documents").iterdir() if path.name != MARK)
    assert len(documents) >= 2
    documents[0].unlink()
    with documents[1].open("r+b") as file:
        file.write(b"!")
    (tmp_path / "state" / "documents" / "left").touch()
    crashes._jobs[999] = "x"
    crashes._judge()
    words = " ".join(crashes.result.faults)
    for fault in ("is not what was sent", "job 999 was acknowledged and is lost", "the spool has left"):
        assert fault in words
