"""README.md and docs/ say what is so: examples give what they show, commands, files, names and links are there.

The rule of this file: the examples of a page run in the order in which they stand, in one session. Those of the README
run anywhere, the tour's in a clone.
"""

import re
from pathlib import Path

import doc_examples
import pytest

import ippfast

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ("docs/_build/", "docs/generated/")
PAGES = {
    name: path.read_text(encoding="utf-8")
    for path in ROOT.glob("docs/**/*.md")
    if not (name := path.relative_to(ROOT).as_posix()).startswith(GENERATED)
}
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES["README.md"] = README


def examples(page: str) -> tuple[int, list[str]]:
    """How many were tried, and what is said of those that fail."""
    return doc_examples.run(page, PAGES[page])


def test_the_readme(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    attempted, report = examples("README.md")
    assert attempted >= 15
    assert not report, "".join(report)


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= 850


def test_the_tour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    attempted, report = examples("docs/tour.md")
    assert attempted >= 30
    assert not report, "".join(report)


ELSEWHERE = ("README.md", "docs/tour.md", "docs/migrating.md")  # which have tests of their own
OTHERS = sorted(name for name, text in PAGES.items() if "```pycon" in text and name not in ELSEWHERE)


@pytest.mark.parametrize("page", OTHERS)
def test_other_pages(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    attempted, report = examples(page)
    assert attempted
    assert not report, "".join(report)


@pytest.mark.parametrize("page", ["README.md", "docs/tour.md"])
def test_every_python_block_is_an_example(page: str) -> None:
    assert set(re.findall(r"^```(\w+)$", PAGES[page], re.MULTILINE)) == {"pycon"}


def test_commands() -> None:
    targets = set(re.findall(r"^([a-z]+(?:-[a-z]+)*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = set(re.findall(r"(?:`|^    )make ([a-z]+(?:-[a-z]+)*)", README, re.MULTILINE))
    assert {"demo", "test", "bench"} <= commands <= targets


def test_files() -> None:
    layout = PAGES["docs/architecture.md"].split("## What is where\n")[1].split("\n## ")[0]
    paths = re.findall(r"`([\w/]+(?:\.\w+)?/?)`", layout)
    assert len(paths) > 10
    for path in paths:
        assert any(place.exists() for place in (ROOT / path, ROOT / "ippfast" / path)), path


@pytest.mark.parametrize("page", PAGES)
def test_links(page: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", PAGES[page]):
        if "://" not in target and not target.startswith("generated/"):
            assert (ROOT / page).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("page", ["README.md", "docs/tour.md"])
def test_public_names(page: str) -> None:
    names = set(re.findall(r"\bippfast\.([A-Za-z]\w*)", PAGES[page])) - {
        "compat",
        "convert",
        "enums",
        "errors",
        "http",
        "printer",
        "raster",
        "wrappers",
    }
    assert names
    assert names <= set(ippfast.__all__)
