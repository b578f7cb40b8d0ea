"""Regular expressions of test files, beside the C library's regcomp(3), which ipptool asks.

The rule of this file: what the C library finds is found, what it refuses may be refused, and no expression hangs.
"""

import ctypes
import ctypes.util
import locale

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scale import examples

from ippfast.testing.regular_expressions import Pattern, PatternError

_EXTENDED, _NO_PLACES = 1, 8


def in_c(pattern: str, text: str) -> bool | None:
    """What regexec(3) says; None: regcomp(3) refuses the pattern."""
    library = ctypes.CDLL(ctypes.util.find_library("c") or "libc.so.6")
    compiled = ctypes.create_string_buffer(256)
    if library.regcomp(compiled, pattern.encode(), _EXTENDED | _NO_PLACES):
        return None
    try:
        return bool(library.regexec(compiled, text.encode(), 0, None, 0) == 0)
    finally:
        library.regfree(compiled)


PIECES = st.sampled_from(
    ["a", "b", "-", ".", "[ab]", "[^a]", "[a-c]", "[[:digit:]]", "[]x]", "[b-]", "\\.", "\\-", "^", "$", "1", " "]
)
REPEATS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,2}", "{1,}"])
PATTERNS = st.recursive(
    st.lists(st.tuples(PIECES, REPEATS).map("".join), min_size=1, max_size=4).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("|".join),
        st.tuples(inner, REPEATS).map(lambda each: f"({each[0]}){each[1]}"),
        st.tuples(inner, inner).map("".join),
    ),
    max_leaves=4,
)


def is_odd(pattern: str) -> bool:
    """What POSIX leaves undefined: an anchor that is repeated."""
    return any(f"{anchor}{mark}" in pattern for anchor in "^$" for mark in "*+?{") or "^)" in pattern


@settings(max_examples=examples(400))
@given(PATTERNS, st.text("abc-. 1x", max_size=8))
def test_as_the_c_library(pattern: str, text: str) -> None:
    expected = in_c(pattern, text)
    if expected is None or is_odd(pattern):
        return
    assert Pattern(pattern).search(text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^ipps?://.+$", "ipps://here/", True),
        ("^ipps?://.+$", "http://here/", False),
        ("a$", "a\n", False),
        ("^.{0,3}$", "a\nb", True),
        ("[[:alpha:]_]+[0-9]", "x_9", True),
        ("[\\]", "\\", True),
        ("^[m-pa-cb-eg-gb-b]+$", "abcdegmnop", True),
        ("[m-pa-cb-eg-gb-b]", "`fhlq", False),
        ("(a|)b", "b", True),
        (")", "a)", True),
        ("a**", "", True),
        ("a{2}{2}$", "aaaa", True),
        ("\\w\\W\\s", "a. ", True),
        ("\N{GREEK SMALL LETTER ALPHA}.", "x\N{GREEK SMALL LETTER ALPHA}y", True),
    ],
)
def test_search(pattern: str, text: str, found: bool) -> None:
    assert Pattern(pattern).search(text) is found
    if pattern.isascii() and locale.getlocale()[0] is not None:
        assert in_c(pattern, text) is found


@pytest.mark.parametrize(
    "pattern",
    ["(", "*a", "(+a)", "a|?", "[a", "[[:no:]]", "a{", "a{2", "a{3,2}", "a{999}", "a\\", "[b-a]", "\\1", "(" * 101],
)
def test_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        Pattern(pattern)


def test_nothing_is_tried_twice() -> None:
    """In a backtracking engine these take longer than the universe."""
    assert not Pattern("^(a+)+$").search("a" * 5_000 + "b")
    assert not Pattern("^(a|aa)*$").search("a" * 5_000 + "b")
    with pytest.raises(PatternError, match="too large"):
        Pattern("((a{255}){255}){255}")
    with pytest.raises(PatternError, match="too large"):
        Pattern("(((){255}){255}){255}")
    with pytest.raises(PatternError, match="too deep"):
        Pattern("a" + "*" * 5_000)


def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many states at every character, for many values: all of them together have a bound."""
    monkeypatch.setattr("ippfast.testing.regular_expressions._MOST_VISITS", 1_000)
    pattern = Pattern("(.{1,9}){1,9}z")
    with pytest.raises(PatternError, match="too long"):
        pattern.search("abcdefghijklmnopqrstuvwxyz"[:25])


def test_little_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not so many steps, but so many states in them, of which each step may have thousands."""
    monkeypatch.setattr("ippfast.testing.regular_expressions._MOST_REMEMBERED", 1_000)
    pattern = Pattern("(" + "a[ab]{90}x|" * 5 + "q)")
    for number in range(200):
        pattern.search(f"{number:012b}".replace("0", "a").replace("1", "b") * 2)
        assert sum(len(now) + len(following) for (now, _), following in pattern._steps.items()) <= 2_000


def test_a_bracket_of_many_ranges_is_not_gone_through() -> None:
    compared = []

    class Character(str):
        def __lt__(self, other: str) -> bool:
            compared.append(other)
            return str(self) < other

        def __le__(self, other: str) -> bool:
            compared.append(other)
            return str(self) <= other

        def __ge__(self, other: str) -> bool:
            compared.append(other)
            return str(self) >= other

    ranges = [f"{chr(0x4E00 + 3 * number)}-{chr(0x4E01 + 3 * number)}" for number in range(4_000)]
    pattern = Pattern(f"[{''.join(reversed(ranges))}]")
    test = next(state.test for state in pattern._states if state.test is not None)
    assert test(Character("\u4e03"))
    assert not test(Character("\u4e05"))
    assert len(compared) < 100
