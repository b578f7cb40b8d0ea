"""A test file as plain values: `ToolFile`, its statements, the blocks of its tests and their steps.

The rule of this file: these are only values, in which variables are not yet replaced; each part knows its file and
line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

__all__ = [
    "Block",
    "Condition",
    "Define",
    "Expect",
    "FileFault",
    "Generate",
    "Group",
    "Include",
    "Line",
    "Members",
    "Monitor",
    "Place",
    "Setting",
    "Skip",
    "SkipIfMissing",
    "Statement",
    "Status",
    "Step",
    "ToolFile",
    "With",
]


class Place(NamedTuple):
    """A position: a file, and a line, counted from 1."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class FileFault(ValueError):
    """A file has an error. place: where; reason: what is wrong there."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class Condition(NamedTuple):
    """It is met if a variable is defined, or, if not `defined`, if it isn't."""

    name: str
    defined: bool


@dataclass(frozen=True, slots=True)
class Define:
    """DEFINE, and DEFINE-DEFAULT, which only sets variables without a value."""

    place: Place
    name: str
    value: str
    default: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """A directive with one word, such as VERSION; name: in capitals, as it is written."""

    place: Place
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Include:
    """INCLUDE, INCLUDE-IF-.... library: whether the name is in angle brackets: then it is a file that comes with
    CUPS."""

    place: Place
    name: str
    library: bool
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """SKIP-IF-..., and PASS-IF-... (the test then passes). Outside of a test, the rest of the file is skipped."""

    place: Place
    condition: Condition
    passes: bool = False


@dataclass(frozen=True, slots=True)
class SkipIfMissing:
    """SKIP-IF-MISSING: the test is skipped if a file does not exist."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """GROUP: the attributes that follow are in a new group with this tag."""

    place: Place
    tag: int


@dataclass(frozen=True, slots=True)
class Members:
    """A value that is a collection."""

    members: tuple["Line", ...]


@dataclass(frozen=True, slots=True)
class Line:
    """ATTR, or MEMBER in a collection. values: as written; empty for an out-of-band tag."""

    place: Place
    tag: int
    name: str
    values: tuple[str | Members, ...]


class With(NamedTuple):
    """WITH-VALUE, or a directive like it.

    part: the part of URIs that is compared. every: whether all values have to match. value: with variables; a regular
    expression if it is between slashes.
    """

    part: Literal["value", "hostname", "resource", "scheme"]
    every: bool
    value: str

    @property
    def word(self) -> str:
        """The directive."""
        return f"WITH-ALL-{self.part.upper()}S" if self.every else f"WITH-{self.part.upper()}"


@dataclass(slots=True)
class Expect:
    """EXPECT or EXPECT-ALL with its predicates; a predicate is None or False if it is absent.

    presence: "!": the attribute must be absent, "?": it may be absent, "": it must be present. every: whether it is
    EXPECT-ALL. of_type: as written.
    """

    place: Place
    name: str
    presence: str = ""
    every: bool = False
    count: int | None = None
    define_match: str | None = None
    define_no_match: str | None = None
    define_value: str | None = None
    display_match: str | None = None
    condition: Condition | None = None
    other_condition: Condition | None = None
    in_group: int | None = None
    of_type: str | None = None
    repeat_limit: int = 1_000
    repeat_match: bool = False
    repeat_no_match: bool = False
    same_count_as: str | None = None
    distinct: bool = False
    with_value: With | None = None
    with_value_from: str | None = None


@dataclass(slots=True)
class Status:
    """STATUS with its predicates."""

    place: Place
    code: int
    define_match: str | None = None
    define_no_match: str | None = None
    condition: Condition | None = None
    other_condition: Condition | None = None
    repeat_limit: int = 1_000
    repeat_match: bool = False
    repeat_no_match: bool = False


@dataclass(frozen=True, slots=True)
class Monitor:
    """MONITOR-PRINTER-STATE: what is expected while the operation is carried out. uri, delay: as written, or None."""

    place: Place
    uri: str | None
    delay: Setting | None
    expects: tuple[Expect, ...]


@dataclass(frozen=True, slots=True)
class Generate:
    """GENERATE-FILE: raster pages that are made for the printer."""

    place: Place
    parameters: tuple[Setting, ...]


Step: TypeAlias = Define | Setting | Skip | SkipIfMissing | Group | Line | Expect | Status | Monitor | Generate


@dataclass(frozen=True, slots=True)
class Block:
    """A test, in braces: its steps, in order."""

    place: Place
    steps: Sequence[Step]


Statement: TypeAlias = Define | Setting | Include | Skip | Block


@dataclass(frozen=True, slots=True)
class ToolFile:
    """A whole file."""

    path: Path
    statements: Sequence[Statement]
