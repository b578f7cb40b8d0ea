"""Test files are read into plain values; what is wrong is said with its file and line, and all has bounds."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ippfast.testing import FileFault, read_file, read_text
from ippfast.testing.tokens import tokens
from ippfast.testing.tree import Block, Define, Expect, Group, Line, Members, Setting, Status, With

HERE = Path("here.test")


def words(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b\n\tc # d\ne", ["a", "b", "c", "e"]),
        ("a{b}c,d", ["a", "{", "b", "}", "c", ",", "d"]),
        ('\'a b\' "c,d" "" e', ["a b", "c,d", "", "e"]),
        (r'a\ b "c\"d" e\n', ["a b", 'c"d', "e\n"]),
        ('x"y z"w', ["xy z", "w"]),
        ("a#b\nc", ["a", "c"]),
        ('"never closed', ["never closed"]),
        ("a\\", ["a"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_block() -> None:
    text = """
DEFINE X "1 2"
{
    NAME "a"   # which it has
    OPERATION Print-Job
    GROUP job
    ATTR collection media-col { MEMBER integer x 1,2 MEMBER no-value y },{ MEMBER keyword z a }
    STATUS successful-ok IF-DEFINED X
    EXPECT ?job-id OF-TYPE integer(1:MAX)|no-value IN-GROUP job COUNT 1 WITH-ALL-VALUES 1, 2,>3
}
"""
    define, block = read_text(text, HERE).statements
    assert isinstance(define, Define)
    assert (define.place.line, define.name, define.value) == (2, "X", "1 2")
    assert isinstance(block, Block)
    name, operation, group, line, status, expect = block.steps
    assert isinstance(name, Setting)
    assert (name.name, name.value, name.place.line) == ("NAME", "a", 4)
    assert isinstance(operation, Setting)
    assert isinstance(group, Group)
    assert group.tag == 2
    assert isinstance(line, Line)
    first, second = line.values
    assert isinstance(first, Members)
    assert isinstance(second, Members)
    assert [(each.name, each.tag, each.values) for each in first.members] == [("x", 0x21, ("1", "2")), ("y", 0x13, ())]
    assert isinstance(status, Status)
    assert status.condition is not None
    assert status.condition.name == "X"
    assert isinstance(expect, Expect)
    assert (expect.presence, expect.name, expect.count, expect.in_group) == ("?", "job-id", 1, 2)
    assert expect.with_value == With("value", True, "1,2,>3")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("{", 1, "not closed"),
        ("\n\nWHAT 1", 3, "not a directive outside"),
        ("{\nWHAT 1 }", 2, "not a directive of a test"),
        ("{\nCOUNT 1 }", 2, "does not follow an EXPECT"),
        ("{ STATUS successful-ok\nOF-TYPE name }", 2, "does not follow an EXPECT"),
        ("{ EXPECT x\nWITH-CONTENT valid }", 2, "libcups 3"),
        ("{\nOPERATION Print-Jobs }", 2, "is not an operation"),
        ("{\nSTATUS fine }", 2, "is not a status code"),
        ("{\nGROUP jobs }", 2, "not the tag of a group"),
        ("{ GROUP job\nATTR word x y }", 2, "not the syntax"),
        ("{\nATTR name x y }", 2, "needs a GROUP"),
        ("{ GROUP job\nATTR name x\n}", 3, "no value"),
        ("{ GROUP job\nATTR collection x y }", 2, "opening brace"),
        ("{ GROUP job\nATTR collection x { y } }", 2, "only MEMBER"),
        ("{ EXPECT x\nCOUNT 0 }", 2, "from 1 to"),
        ("{ EXPECT x\nOF-TYPE thing }", 2, "not the syntax"),
        ("{ EXPECT x\nREPEAT-LIMIT 9999999999 }", 2, "from 1 to"),
        ("{ EXPECT x\nWITH-VALUE '/(/' }", 2, "parenthesis"),
        ("VERSION two", 1, "VERSION must be a number"),
        ("TRANSFER slow", 1, "TRANSFER must be one of auto"),
        ("IGNORE-ERRORS maybe", 1, "yes or no"),
        ("{\nDELAY 1e9 }", 2, "DELAY must be seconds"),
        ("{\nREQUEST-ID -1 }", 2, "REQUEST-ID must be a number"),
        ("{\nCOMPRESSION zip }", 2, "COMPRESSION must be one of none"),
        ("{\nGENERATE-FILE { WHAT x } }", 2, "not a parameter"),
        ("{\nMONITOR-PRINTER-STATE { WHAT } }", 2, "not for MONITOR"),
        ("DEFINE x", 1, "no value"),
        ("INCLUDE", 1, "no name of a file"),
        ("{ GROUP job " + "ATTR collection x " + "{ MEMBER collection x " * 60, 1, "deep"),
        ("DEFINE x " + "y" * 70_000, 1, "more than 65,536"),
    ],
)
def test_faults(text: str, line: int, reason: str) -> None:
    with pytest.raises(FileFault, match=reason) as caught:
        read_text(text, HERE)
    assert caught.value.place == (HERE, line)
    assert str(caught.value).startswith(f"here.test:{line}: ")


PARTS = st.sampled_from(
    [
        *("{", "}", ",", "\n", '"', "'", "\\", "#", " ", "$x", "$$", "1", "a", "<b>", "/(/"),
        *("DEFINE ", "INCLUDE ", "EXPECT ", "STATUS ", "ATTR ", "collection ", "name ", "GROUP ", "job ", "MEMBER "),
        *("WITH-VALUE ", "OF-TYPE ", "MONITOR-PRINTER-STATE ", "GENERATE-FILE ", "DELAY ", "OPERATION ", "COUNT "),
    ]
)


@given(st.lists(PARTS, max_size=30).map("".join) | st.text(max_size=60))
def test_no_text_is_anything_else(text: str) -> None:
    with contextlib.suppress(FileFault):
        read_text(text, HERE)


def test_a_file_too_large(tmp_path: Path) -> None:
    file = tmp_path / "large.test"
    with file.open("wb") as sparse:
        sparse.truncate(17 * 1024 * 1024)
    with pytest.raises(FileFault, match="more than"):
        read_file(file)
