"""docs/migrating.md says what is so: its examples give what they show, and what it imports is there.

The rule of this file: as in `test_readme.py`. Blocks of Python without prompts need libraries that are not installed
here; of these the lines that import from ippfast are run.
"""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # examples open files as people do
def test_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = "\n".join(re.findall(r"^```pycon\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE))
    session = doctest.DocTestParser().get_doctest(text, {}, "migrating.md", None, None)
    report: list[str] = []
    failed, attempted = doctest.DocTestRunner(verbose=False).run(session, out=report.append)
    assert attempted >= 10
    assert not failed, "".join(report)


def test_imports() -> None:
    lines = re.findall(r"^(?:from|import) ippfast.*?(?=  #|$)", TEXT, re.MULTILINE)
    assert len(lines) >= 4
    for line in lines:
        exec(line, {})
