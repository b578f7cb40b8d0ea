"""A print server that is killed at random moments while clients print loses nothing that it acknowledged.

The rule of this file: it is tools/crashes.py that kills and judges; `make crashes` does it hundreds of times.
"""

from pathlib import Path

from crashes import Crashes


def test_nothing_is_lost(tmp_path: Path) -> None:
    result = Crashes(tmp_path, seed=7).run(20)
    assert result.faults == []
    assert result.kills == 20
    assert result.acknowledged > 20
    assert result.documents > 20


def test_a_loss_is_seen(tmp_path: Path) -> None:
    """The judge is awake: a document that is changed, one that is lost, a job that is lost, a file too much."""
    crashes = Crashes(tmp_path, seed=8)
    crashes.run(3)
    crashes.result.faults.clear()
    documents = sorted((tmp_path / "state" / "documents").iterdir())
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
