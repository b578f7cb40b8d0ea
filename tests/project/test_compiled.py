"""What a source must not have because of what its compiler makes of it.

The rule of this file: it reads the sources that `setup.py` names for the compiled twin, and nothing else.
"""

import re
from pathlib import Path

import pytest

from ippfast import errors
from ippfast.limits import MAX_DEPTH
from ippfast.tags import Form

ROOT = Path(__file__).parents[2]
COMPILED = sorted(set(re.findall(r'"(ippfast/[\w/]+\.pyx?)"', (ROOT / "setup.py").read_text())))

# Strings and comments, which may hold anything; brackets; and the word that is looked for.
TOKEN = re.compile(r'""".*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*|[\[({]|[\])}]|\bfor\b|\n', re.DOTALL)


def comprehensions(source: str) -> list[int]:
    """The lines with a ``for`` inside brackets: a comprehension, or a generator that the compiler makes one of."""
    found = []
    depth, line = 0, 1
    for token in TOKEN.findall(source):
        if token == "for" and depth:
            found.append(line)
        depth += (token in "[({") - (token in "])}")
        line += token.count("\n")
    return found


def test_the_compiled_sources_are_known() -> None:
    assert {"ippfast/_attribute.py", "ippfast/_codec.pyx", "ippfast/compat/_loops.py"} <= set(COMPILED)
    assert all((ROOT / path).is_file() for path in COMPILED)


@pytest.mark.parametrize("path", COMPILED)
def test_no_comprehensions(path: str) -> None:
    """Cython 3.3 lets go of an item twice where a comprehension's list cannot grow: what is used after is freed."""
    assert comprehensions((ROOT / path).read_text()) == []


def test_comprehensions_are_found() -> None:
    source = '"""for [x for x]"""\nfor a in f([1]):  # [for\n    b = [\n        x\n        for x in a\n    ]\n'
    assert comprehensions(source + 'c = "[for"\n') == [5]
    assert comprehensions("a = 1\nb = tuple(x for x in a)\n") == [2]


def test_the_compiled_numbers_are_those_of_the_modules() -> None:
    """A number that both twins know stands in a declaration for the compiler, and in a module for all others."""
    declared = "".join((ROOT / "ippfast" / name).read_text() for name in ("_codec.pxd", "_wire.pxd", "_scan.pxd"))
    numbers = dict(re.findall(r"^    ([A-Z_]+) = (\d+)", declared, re.MULTILINE))
    faults = {name: value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    assert len(numbers.keys() & faults.keys()) > 15
    assert {name: int(numbers[name]) for name in numbers.keys() & faults.keys()} == {
        name: faults[name] for name in numbers.keys() & faults.keys()
    }
    assert {form.name: str(form.value) for form in Form}.items() <= numbers.items()
    assert int(numbers["MOST_DEPTH"]) == MAX_DEPTH
