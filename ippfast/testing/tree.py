"""What a test file says, as plain values: `ToolFile`, its statements, the blocks of its tests and their steps.

The rule of this file: nothing here is done, and no variable has its value yet; each part knows the file and the line
that it stands in.
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
    """Where something stands: a file, and a line from 1 on."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class FileFault(ValueError):
    """A file says what cannot be done. place: where; reason: what is wrong there."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class Condition(NamedTuple):
    """That a variable is defined, or is not."""

    name: str
    defined: bool


@dataclass(frozen=True, slots=True)
class Define:
    """DEFINE, and DEFINE-DEFAULT, which changes no variable that has a value."""

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
    """INCLUDE and its kind. library: whether the file stands in angle brackets, for those that CUPS brings."""

    place: Place
    name: str
    library: bool
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """SKIP-IF-..., and PASS-IF-..., by which a test passes instead. At the top, it is for the rest of the file."""

    place: Place
    condition: Condition
    passes: bool = False


@dataclass(frozen=True, slots=True)
class SkipIfMissing:
    """SKIP-IF-MISSING: a file that is not there."""

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
    """ATTR, or MEMBER in a collection. values: as written; none for a tag that is the value."""

    place: Place
    tag: int
    name: str
    values: tuple[str | Members, ...]


class With(NamedTuple):
    """WITH-VALUE and its kind.

    part: of URIs. every: whether all values have to match. value: with variables; in slashes, it is a regular
    expression.
    """

    part: Literal["value", "hostname", "resource", "scheme"]
    every: bool
    value: str

    @property
    def word(self) -> str:
        """As it is written."""
        return f"WITH-ALL-{self.part.upper()}S" if self.every else f"WITH-{self.part.upper()}"


@dataclass(slots=True)
class Expect:
    """EXPECT and EXPECT-ALL with their predicates; None, or False: it is not there.

    presence: "!" must not be there, "?" may be there, "" must. every: of EXPECT-ALL. of_type: as written.
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
    """MONITOR-PRINTER-STATE: what is looked for while the operation goes on. uri, delay: as written, or None."""

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
