"""README.md says what is so: its examples give what they show, its commands and its files are there.

The rule of this file: the examples run in the order in which they stand, one after the other in one session.
"""

import doctest
import re
from pathlib import Path

import pytest

import ippfast

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = "\n".join(re.findall(r"^```pycon\n(.*?)^```$", README, re.DOTALL | re.MULTILINE))
    session = doctest.DocTestParser().get_doctest(text, {}, "README.md", None, None)
    report: list[str] = []
    failed, attempted = doctest.DocTestRunner(verbose=False).run(session, out=report.append)
    assert attempted >= 30
    assert not failed, "".join(report)


def test_every_python_block_is_an_example() -> None:
    assert set(re.findall(r"^```(\w+)$", README, re.MULTILINE)) == {"pycon"}


def test_commands() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = set(re.findall(r"(?:`|^    )make ([a-z]+)", README, re.MULTILINE))
    assert {"demo", "test", "bench"} <= commands <= targets


def test_files() -> None:
    layout = README.split("## What is where\n")[1].split("\n## ")[0]
    paths = re.findall(r"`([\w/]+(?:\.\w+)?/?)`|\]\(([\w.]+)\)", layout)
    assert len(paths) > 10
    for path, link in paths:
        found = ROOT / (path or link), ROOT / "ippfast" / path
        assert any(place.exists() for place in found), path or link


def test_public_names() -> None:
    names = set(re.findall(r"\bippfast\.([A-Za-z]\w*)", README)) - {
        "compat",
        "enums",
        "errors",
        "http",
        "printer",
        "wrappers",
    }
    assert names
    assert names <= set(ippfast.__all__)
