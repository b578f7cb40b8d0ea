"""POSIX extended regular expressions, for WITH-VALUE: whether one matches anywhere in a string.

The rule of this file: the time grows no faster than the length of the string times the size of the expression, since
both may come from anybody; so an automaton is used instead of backtracking. It does not tell where the match is.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Pattern", "PatternError"]

_MOST_STATES = 5_000
_MOST_NODES = 200_000  # repeats of nothing make no states, but take time
_MOST_REPEATS = 255
"""The most repeats in braces: POSIX requires at least this many (RE_DUP_MAX)."""
_MOST_REMEMBERED = 1_000_000
"""The number of states that are remembered in all steps: some tens of megabytes."""
_MOST_VISITS = 20_000_000
"""How often one expression may visit states in all its strings: some seconds. Usual files need a few thousand
visits."""
_DEEPEST = 100

_CLASSES: dict[str, Callable[[str], bool]] = {
    "alnum": str.isalnum,
    "alpha": str.isalpha,
    "blank": " \t".__contains__,
    "cntrl": lambda c: c < " " or c == "\x7f",
    "digit": "0123456789".__contains__,
    "graph": lambda c: c.isprintable() and not c.isspace(),
    "lower": str.islower,
    "print": str.isprintable,
    "punct": lambda c: c.isprintable() and not c.isspace() and not c.isalnum(),
    "space": str.isspace,
    "upper": str.isupper,
    "xdigit": "0123456789abcdefABCDEF".__contains__,
}
_ESCAPES: dict[str, Callable[[str], bool]] = {  # GNU's
    "w": lambda c: c.isalnum() or c == "_",
    "W": lambda c: not (c.isalnum() or c == "_"),
    "s": str.isspace,
    "S": lambda c: not c.isspace(),
}


class PatternError(ValueError):
    """The text is not a regular expression, or it is too large or takes too long."""


Node: TypeAlias = tuple[str, Any]
"""``("one", test)``, ``("all", nodes)``, ``("any", nodes)``, ``("repeat", (node, least, most))``, and the anchors."""


class _State(NamedTuple):
    kind: str  # "one", "split", "begin", "end" or "found"
    test: Callable[[str], bool] | None
    following: tuple[int, ...]


class Pattern:
    """An expression, compiled. Raises PatternError."""

    def __init__(self, text: str) -> None:
        self._states: list[_State] = [_State("found", None, ())]
        self._nodes = 0
        self._visits = 0
        try:
            self._start = self._add(_Parser(text).whole(), 0)
        except RecursionError:  # repeats of repeats
            raise PatternError("the regular expression is too deep") from None
        self._begun = self._reached([self._start], begin=True)
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._remembered = 0

    def search(self, text: str) -> bool:
        """Whether it matches anywhere in a string. ``^`` and ``$`` are the string's ends, also if it has several lines.

        Raises PatternError if all searches together have taken too long.
        """
        now = self._begun
        for character in text:
            if 0 in now:
                return True
            following = self._steps.get((now, character))
            if following is None:
                following = self._step(now, character)
            now = following
        return 0 in now or 0 in self._reached(now, end=True)

    def _step(self, now: frozenset[int], character: str) -> frozenset[int]:
        self._visits += len(now)
        if self._visits > _MOST_VISITS:
            raise PatternError("the regular expression takes too long")
        reached = [self._start]
        for number in now:
            state = self._states[number]
            if state.kind == "one" and state.test is not None and state.test(character):
                reached += state.following
        following = self._reached(reached)
        self._remembered += len(now) + len(following)
        if self._remembered > _MOST_REMEMBERED:
            self._steps.clear()
            self._remembered = 0
        self._steps[now, character] = following
        return following

    def _reached(self, states: Iterable[int], *, begin: bool = False, end: bool = False) -> frozenset[int]:
        """All states that are reached without a further character. begin, end: whether this is the string's begin or
        end."""
        found: set[int] = set()
        left = list(states)
        while left:
            number = left.pop()
            if number in found:
                continue
            found.add(number)
            state = self._states[number]
            if state.kind == "split" or (state.kind == "begin" and begin) or (state.kind == "end" and end):
                left += state.following
        return frozenset(found)

    def _new(self, kind: str, following: tuple[int, ...], test: Callable[[str], bool] | None = None) -> int:
        if len(self._states) >= _MOST_STATES:
            raise PatternError("the regular expression is too large")
        self._states.append(_State(kind, test, following))
        return len(self._states) - 1

    def _add(self, node: Node, following: int) -> int:
        """Make the states of a node. following: the state after it. Returns its first state."""
        kind, what = node
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise PatternError("the regular expression is too large")
        if kind == "one":
            return self._new("one", (following,), what)
        if kind == "all":
            for each in reversed(what):
                following = self._add(each, following)
            return following
        if kind == "any":
            return self._new("split", tuple([self._add(each, following) for each in what]))
        if kind in ("begin", "end"):
            return self._new(kind, (following,))
        inner, least, most = what
        if most is None:
            loop = self._new("split", ())
            self._states[loop] = _State("split", None, (self._add(inner, loop), following))
            following = loop
        else:
            last = following
            for _ in range(most - least):
                following = self._new("split", (self._add(inner, following), last))
        for _ in range(least):
            following = self._add(inner, following)
        return following


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._deep = 0

    def whole(self) -> Node:
        node = self._choice()
        if self._at < len(self._text):
            raise PatternError("a closing parenthesis has no opening one")
        return node

    def _next(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _choice(self) -> Node:
        choices = [self._sequence()]
        while self._next() == "|":
            self._at += 1
            choices.append(self._sequence())
        return choices[0] if len(choices) == 1 else ("any", choices)

    def _sequence(self) -> Node:
        nodes: list[Node] = []
        while self._next() not in ("", "|") and not (self._next() == ")" and self._deep):
            nodes.append(self._repeated(first=not nodes))
        return ("all", nodes)

    def _repeated(self, *, first: bool) -> Node:
        if first and self._next() in "*+?{":
            raise PatternError(f"there is nothing for {self._next()} to repeat")
        node = self._atom()
        while (mark := self._next()) and mark in "*+?{":
            bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(mark)
            self._at += 1
            node = ("repeat", (node, *(bounds or self._interval())))
        return node

    def _interval(self) -> tuple[int, int | None]:
        """Read what follows ``{``."""
        inside, brace, _ = self._text[self._at :].partition("}")
        least, comma, most = inside.partition(",")
        digits = [each for each in (least, most) if each]
        if not brace or not all(each.isascii() and each.isdigit() and len(each) < 6 for each in digits) or not digits:
            raise PatternError("a brace has no numbers in it")
        self._at += len(inside) + 1
        low = int(least or 0)
        high = int(most) if most else None if comma else low
        if max(low, high or 0) > _MOST_REPEATS or (high is not None and high < low):
            raise PatternError(f"{{{inside}}}: give the least, then the most repeats, up to {_MOST_REPEATS}")
        return low, high

    def _literal(self, character: str) -> Node:
        return ("one", character.__eq__)

    def _atom(self) -> Node:
        character = self._next()
        self._at += 1
        if character == "(":
            self._deep += 1
            if self._deep > _DEEPEST:
                raise PatternError("parentheses are too deep")
            node = self._choice()
            if self._next() != ")":
                raise PatternError("a parenthesis is not closed")
            self._at += 1
            self._deep -= 1
            return node
        if character == "[":
            return ("one", self._bracket())
        if character == ".":
            return ("one", lambda c: True)
        if character == "^":
            return ("begin", None)
        if character == "$":
            return ("end", None)
        if character == "\\":
            escaped = self._next()
            if not escaped:
                raise PatternError("there is a backslash at the end")
            self._at += 1
            if escaped.isdigit() and escaped != "0":
                raise PatternError("back references are not supported")
            return ("one", _ESCAPES[escaped]) if escaped in _ESCAPES else self._literal(escaped)
        return self._literal(character)

    def _bracket(self) -> Callable[[str], bool]:
        """Read what follows ``[``, where a backslash is an ordinary character."""
        text, at = self._text, self._at
        other = text.startswith("^", at)
        at += other
        tests: dict[Callable[[str], bool], None] = {}
        singles: set[str] = set()
        ranges: list[tuple[str, str]] = []
        first = True
        while at < len(text) and (first or text[at] != "]"):
            first = False
            if text.startswith(("[:", "[.", "[="), at):
                end = text.find(f"{text[at + 1]}]", at + 2)
                if end < 0:
                    raise PatternError("a bracket is not closed")
                name = text[at + 2 : end]
                if text[at + 1] == ":":
                    if name not in _CLASSES:
                        raise PatternError(f"there is no class [:{name[:20]}:]")
                    tests[_CLASSES[name]] = None
                elif len(name) == 1:
                    singles.add(name)
                else:
                    raise PatternError(f"there is no collating element {name[:20]!r}")
                at = end + 2
            elif text.startswith("-", at + 1) and at + 2 < len(text) and text[at + 2] != "]":
                if text[at + 2] < text[at]:
                    raise PatternError(f"the range {text[at : at + 3]} is empty")
                ranges.append((text[at], text[at + 2]))
                at += 3
            else:
                singles.add(text[at])
                at += 1
        if at >= len(text):
            raise PatternError("a bracket is not closed")
        self._at = at + 1

        # There may be thousands of ranges: they are joined and sorted, so that a character is found quickly.
        lows: list[str] = []
        highs: list[str] = []
        for low, high in sorted(ranges):
            if highs and low <= highs[-1]:
                highs[-1] = max(high, highs[-1])
            else:
                lows.append(low)
                highs.append(high)

        def within(character: str) -> bool:
            place = bisect_right(lows, character)
            return (
                character in singles
                or (place > 0 and character <= highs[place - 1])
                or any(test(character) for test in tests)
            )

        return (lambda character: not within(character)) if other else within
