"""Reads test files: turns the words of ipptoolfile(5) into a `ToolFile`.

The rule of this file: what is wrong in the text is reported before anything is sent, with its file and line. The sizes
of files and the depth of values are limited. Included files are read only when INCLUDE is reached.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from .regular_expressions import Pattern, PatternError
from .tokens import Token, tokens
from .tree import (
    Block,
    Condition,
    Define,
    Expect,
    FileFault,
    Generate,
    Group,
    Include,
    Line,
    Members,
    Monitor,
    Place,
    Setting,
    Skip,
    SkipIfMissing,
    Statement,
    Status,
    Step,
    ToolFile,
    With,
)
from .words import group_named, known_tag, number, setting_value, status_named, tag_named

__all__ = ["is_expression", "read_file", "read_text"]

MOST_OCTETS = 16 * 1024 * 1024
_LONGEST_WORD = 65_536
_DEEPEST = 50
_MOST_REPEATS = 1_000_000

_TOP_SETTINGS = ("FILE-ID", "IGNORE-ERRORS", "STOP-AFTER-INCLUDE-ERROR", "TRANSFER", "VERSION")
_BLOCK_SETTINGS = (
    "COMPRESSION",
    "DELAY",
    "DISPLAY",
    "FILE",
    "IGNORE-ERRORS",
    "NAME",
    "OPERATION",
    "PAUSE",
    "REQUEST-ID",
    "RESOURCE",
    "SKIP-PREVIOUS-ERROR",
    "TEST-ID",
    "TRANSFER",
    "VERSION",
)
_PARAMETERS = ("COLORSPACE", "FORMAT", "MEDIA", "NUM-COPIES", "NUM-PAGES", "ORIENTATION", "RESOLUTION", "SIDES")
_OF_BOTH = ("DEFINE-MATCH", "DEFINE-NO-MATCH", "IF-DEFINED", "IF-NOT-DEFINED")
_REPEATS = ("REPEAT-LIMIT", "REPEAT-MATCH", "REPEAT-NO-MATCH")
_WITH = re.compile(r"WITH-(?:ALL-(VALUE|HOSTNAME|RESOURCE|SCHEME)S|(VALUE|HOSTNAME|RESOURCE|SCHEME))")
_OF_EXPECT = (
    "COUNT",
    "DEFINE-VALUE",
    "DISPLAY-MATCH",
    "IN-GROUP",
    "OF-TYPE",
    "SAME-COUNT-AS",
    "WITH-DISTINCT-VALUES",
    "WITH-VALUE-FROM",
)
_TYPE = re.compile(r"([A-Za-z-]+)(?:\((?:(MIN|-?\d+):)?(MAX|-?\d+)\))?")
_NOT_HERE = re.compile(r"(?:WITH|SAVE)-(?:ALL-)?(?:CONTENT|MIME-TYPES)|WITH-ALL-VALUES-FROM")


def read_file(path: Path) -> ToolFile:
    """Read a file. Raises FileFault, and OSError if it cannot be read."""
    with path.open("rb") as file:
        octets = file.read(MOST_OCTETS + 1)
    if len(octets) > MOST_OCTETS:
        raise FileFault(Place(path, 1), f"the file has more than {MOST_OCTETS:,} octets")
    return read_text(octets.decode("utf-8", "surrogateescape"), path)


def read_text(text: str, path: Path) -> ToolFile:
    """Read a file's text. path: the name for it in errors. Raises FileFault."""
    return ToolFile(path, tuple(_Reader(text, path).statements()))


def is_expression(value: str) -> bool:
    """Whether a value of WITH-VALUE is a regular expression: it is between slashes."""
    return len(value) > 1 and value.startswith("/") and value.endswith("/")


class _Reader:
    def __init__(self, text: str, path: Path) -> None:
        self._path = path
        self._tokens = tokens(text)
        self._kept: list[Token] = []
        self._line = 1

    # Words.

    def _next(self) -> Token | None:
        token = self._kept.pop() if self._kept else next(self._tokens, None)
        if token is not None:
            self._line = token.line
            if len(token.text) > _LONGEST_WORD:
                raise self._fault(f"a word has more than {_LONGEST_WORD:,} characters")
        return token

    def _peek(self) -> Token | None:
        token = self._next()
        if token is not None:
            self._kept.append(token)
        return token

    @property
    def _place(self) -> Place:
        return Place(self._path, self._line)

    def _fault(self, reason: str) -> FileFault:
        return FileFault(self._place, reason)

    def _word(self, directive: str, what: str = "value") -> str:
        """The word that a directive needs."""
        token = self._next()
        if token is None or token.mark:
            raise self._fault(f"{directive} has no {what}")
        return token.text

    def _brace(self, directive: str) -> None:
        token = self._next()
        if token is None or token.mark != "{":
            raise self._fault(f"{directive} has no opening brace")

    # The file.

    def statements(self) -> Iterator[Statement]:
        while (token := self._next()) is not None:
            place, word = self._place, token.text.upper()
            if token.mark == "{":
                yield self._block(place)
            elif word in ("DEFINE", "DEFINE-DEFAULT"):
                yield self._define(place, word)
            elif word in _TOP_SETTINGS:
                yield self._setting(place, word)
            elif word in ("SKIP-IF-DEFINED", "SKIP-IF-NOT-DEFINED"):
                yield Skip(place, self._condition(word))
            elif word in ("INCLUDE", "INCLUDE-IF-DEFINED", "INCLUDE-IF-NOT-DEFINED"):
                condition = None if word == "INCLUDE" else self._condition(word)
                name = self._word(word, "name of a file")
                library = name.startswith("<") and name.endswith(">")
                yield Include(place, name[1:-1] if library else name, library, condition)
            else:
                raise self._fault(f"{token.text[:60]!r} is not a directive outside of a test")

    def _define(self, place: Place, word: str) -> Define:
        name = self._word(word, "name")
        return Define(place, name, self._word(word), word == "DEFINE-DEFAULT")

    def _setting(self, place: Place, word: str) -> Setting:
        value = self._word(word)
        if word == "DELAY":  # its value may have a comma
            token = self._peek()
            if token is not None and token.mark == ",":
                self._next()
                value += f",{self._word(word)}"
        setting = Setting(place, word, value)
        if "$" not in value:
            setting_value(setting, value)
        return setting

    def _condition(self, word: str) -> Condition:
        return Condition(self._word(word, "name of a variable"), "-NOT-" not in word)

    # A test.

    def _block(self, place: Place) -> Block:
        steps: list[Step] = []
        last: Expect | Status | None = None
        in_group = False
        while (token := self._next()) is not None:
            here, word = self._place, token.text.upper()
            if token.mark == "}":
                return Block(place, tuple(steps))
            if self._predicate(word, last):
                continue
            last = None
            if word == "ATTR":
                if not in_group:
                    raise self._fault("ATTR needs a GROUP before it")
                steps.append(self._attribute(here, word, 0))
            elif word == "GROUP":
                steps.append(Group(here, group_named(self._word(word, "tag"), here)))
                in_group = True
            elif word in ("DEFINE", "DEFINE-DEFAULT"):
                steps.append(self._define(here, word))
            elif word in ("EXPECT", "EXPECT-ALL"):
                last = self._expect(here, word)
                steps.append(last)
            elif word == "STATUS":
                last = Status(here, status_named(self._word(word, "code"), here))
                steps.append(last)
            elif word in _BLOCK_SETTINGS:
                steps.append(self._setting(here, word))
            elif word == "SKIP-IF-MISSING":
                steps.append(SkipIfMissing(here, self._word(word, "name of a file")))
            elif word in ("SKIP-IF-DEFINED", "SKIP-IF-NOT-DEFINED", "PASS-IF-DEFINED", "PASS-IF-NOT-DEFINED"):
                steps.append(Skip(here, self._condition(word), word.startswith("PASS")))
            elif word == "MONITOR-PRINTER-STATE":
                steps.append(self._monitor(here))
            elif word == "GENERATE-FILE":
                steps.append(self._generate(here))
            else:
                raise self._fault(self._unknown(token, "not a directive of a test"))
        raise FileFault(place, "the test's brace is not closed")

    def _unknown(self, token: Token, what: str) -> str:
        word = token.text.upper()
        if word in _OF_EXPECT or word in _OF_BOTH or word in _REPEATS or _WITH.fullmatch(word):
            return f"{word} does not follow an EXPECT{'' if word in _OF_EXPECT else ' or STATUS'}"
        if _NOT_HERE.fullmatch(word):
            return f"{word} of libcups 3 is not supported"
        return f"{token.text[:60]!r} is {what}"

    def _attribute(self, place: Place, word: str, depth: int) -> Line:
        tag = tag_named(self._word(word, "syntax"), place)
        name = self._word(word, "name of an attribute")
        if not name:
            raise self._fault(f"{word} has no name of an attribute")
        if tag < 0x20:
            return Line(place, tag, name, ())
        values = [self._value(word, tag, depth)]
        while (token := self._peek()) is not None and token.mark == ",":
            self._next()
            values.append(self._value(word, tag, depth))
        return Line(place, tag, name, tuple(values))

    def _value(self, word: str, tag: int, depth: int) -> str | Members:
        if tag != 0x34:
            return self._word(word)
        self._brace(f"{word} collection")
        if depth >= _DEEPEST:
            raise self._fault(f"collections nest at most {_DEEPEST} deep")
        members = []
        while (token := self._next()) is not None and token.mark != "}":
            if token.text.upper() != "MEMBER":
                raise self._fault(f"{token.text[:60]!r} is not allowed in a collection: only MEMBER is")
            members.append(self._attribute(self._place, "MEMBER", depth + 1))
        if token is None:
            raise self._fault("the collection's brace is not closed")
        return Members(tuple(members))

    def _expect(self, place: Place, word: str) -> Expect:
        name = self._word(word, "name of an attribute")
        presence = name[:1] if name[:1] in ("!", "?") else ""
        return Expect(place, name.removeprefix(presence), presence, word == "EXPECT-ALL")

    def _predicate(self, word: str, last: Expect | Status | None) -> bool:
        """Read a predicate, if the last EXPECT or STATUS may have it. Returns whether it was read."""
        if last is not None and (word in _OF_BOTH or word in _REPEATS):
            self._common(word, last)
        elif isinstance(last, Expect) and (match := _WITH.fullmatch(word)):
            self._with(word, match, last)
        elif isinstance(last, Expect) and word in _OF_EXPECT:
            self._own(word, last)
        else:
            return False
        return True

    def _common(self, word: str, last: Expect | Status) -> None:
        if word == "DEFINE-MATCH":
            last.define_match = self._word(word, "name of a variable")
        elif word == "DEFINE-NO-MATCH":
            last.define_no_match = self._word(word, "name of a variable")
        elif word == "IF-DEFINED":
            last.condition = self._condition(word)
        elif word == "IF-NOT-DEFINED":
            last.other_condition = self._condition(word)
        elif word == "REPEAT-MATCH":
            last.repeat_match = True
        elif word == "REPEAT-NO-MATCH":
            last.repeat_no_match = True
        else:
            last.repeat_limit = self._count(word, _MOST_REPEATS)

    def _count(self, word: str, most: int) -> int:
        text = self._word(word, "number")
        value = number(text)
        if value is None or not 0 < value <= most:
            raise self._fault(f"{word} must be a number from 1 to {most:,}, not {text[:60]!r}")
        return value

    def _own(self, word: str, last: Expect) -> None:
        if word == "COUNT":
            last.count = self._count(word, 2**31)
        elif word == "DEFINE-VALUE":
            last.define_value = self._word(word, "name of a variable")
        elif word == "DISPLAY-MATCH":
            last.display_match = self._word(word, "message")
        elif word == "IN-GROUP":
            last.in_group = group_named(self._word(word, "tag"), self._place)
        elif word == "OF-TYPE":
            last.of_type = self._type(word)
        elif word == "SAME-COUNT-AS":
            last.same_count_as = self._word(word, "name of an attribute")
        elif word == "WITH-VALUE-FROM":
            last.with_value_from = self._word(word, "name of an attribute")
        else:
            last.distinct = True

    def _type(self, word: str) -> str:
        text = self._word(word, "syntax")
        for each in re.split("[|,]", text):
            match = _TYPE.fullmatch(each)
            if match is None or known_tag(match[1]) is None:
                raise self._fault(f"{each[:60]!r} is not the syntax of a value, such as keyword or name(0:127)")
        return text

    def _with(self, word: str, match: "re.Match[str]", last: Expect) -> None:
        """Read a value, or several with commas between them, which old files write without quotes."""
        value = self._word(word)
        while (token := self._peek()) is not None and token.mark == ",":
            self._next()
            value += f",{self._word(word)}"
        if "$" not in value and is_expression(value):
            try:
                Pattern(value[1:-1])
            except PatternError as error:
                raise self._fault(f"{word}: {error}") from None
        part = (match[1] or match[2]).lower()
        last.with_value = With(part, match[1] is not None, value)  # type: ignore[arg-type]

    def _monitor(self, place: Place) -> Monitor:
        word = "MONITOR-PRINTER-STATE"
        token = self._next()
        uri = None
        if token is not None and not token.mark:
            uri = token.text
            token = self._next()
        if token is None or token.mark != "{":
            raise self._fault(f"{word} has no opening brace")
        expects: list[Expect] = []
        delay = None
        last: Expect | None = None
        while (token := self._next()) is not None:
            if token.mark == "}":
                return Monitor(place, uri, delay, tuple(expects))
            here, inner = self._place, token.text.upper()
            if inner not in _REPEATS and self._predicate(inner, last):
                continue
            if inner == "EXPECT":
                last = self._expect(here, inner)
                expects.append(last)
            elif inner == "DELAY":
                delay = self._setting(here, inner)
            else:
                raise self._fault(self._unknown(token, f"not for {word}"))
        raise FileFault(place, f"the brace of {word} is not closed")

    def _generate(self, place: Place) -> Generate:
        self._brace("GENERATE-FILE")
        parameters: list[Setting] = []
        while (token := self._next()) is not None:
            if token.mark == "}":
                return Generate(place, tuple(parameters))
            here, word = self._place, token.text.upper()
            if word not in _PARAMETERS:
                raise self._fault(f"{token.text[:60]!r} is not a parameter of GENERATE-FILE")
            parameters.append(Setting(here, word, self._word(word)))
        raise FileFault(place, "the brace of GENERATE-FILE is not closed")
