"""Turns a test's block into what is sent and expected, with the variables' current values.

The rule of this file: the steps are followed in order, as in CUPS' ipptool, so that a DEFINE has an effect only on the
steps after it. Nothing is sent here.
"""

from dataclasses import dataclass, field
from pathlib import Path

from ippfast.codec import AttributeGroup

from .expectations import Wanted
from .tree import (
    Block,
    Define,
    Expect,
    FileFault,
    Generate,
    Group,
    Line,
    Monitor,
    Place,
    Setting,
    Skip,
    SkipIfMissing,
    Status,
)
from .values import attribute_of
from .variables import Variables
from .words import setting_value

__all__ = ["Defaults", "Places", "Prepared", "prepare"]

LIBRARY = Path("/usr/share/cups/ipptool")
_REPEAT_DELAY = 5.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files that a test file names are searched: beside it, in the working directory, and in these
    directories."""

    directories: tuple[Path, ...] = ()

    def find(self, beside: Path, name: str, *, library: bool = False) -> Path | None:
        """The file with this name; None: there is none. library: whether the name was in angle brackets."""
        if library or (name.startswith("<") and name.endswith(">")):
            name = name.strip("<>")
            places = [LIBRARY, *self.directories]
        else:
            places = [beside.parent, Path(), *self.directories]
        return next((path for each in places if name and (path := each / name).is_file()), None)


@dataclass(slots=True)
class Defaults:
    """A file's settings for the tests that follow in it."""

    version: tuple[int, int] = (2, 0)
    transfer: str = "auto"
    ignore_errors: bool = False
    stop_after_include_error: bool = False
    file_id: str = ""


@dataclass(slots=True)
class Prepared:
    """A test, ready to be run. document: a file, or how to make it. fault: why it can't be run."""

    place: Place
    name: str
    version: tuple[int, int]
    transfer: str
    ignore_errors: bool
    repeat_delay: float = _REPEAT_DELAY
    delay: float = 0.0
    operation: int | None = None
    groups: list[AttributeGroup] = field(default_factory=list)
    document: Path | Generate | None = None
    compression: str = "none"
    resource: str | None = None
    request_id: int | None = None
    random_id: bool = False
    skip: bool = False
    passes: bool = False
    skip_previous: bool = False
    pause: str = ""
    test_id: str = ""
    statuses: list[Status] = field(default_factory=list)
    expects: list[tuple[Expect, Wanted | None]] = field(default_factory=list)
    displays: list[str] = field(default_factory=list)
    monitor: Monitor | None = None
    monitored: list[tuple[Expect, Wanted | None]] = field(default_factory=list)
    fault: FileFault | None = None


def prepare(block: Block, defaults: Defaults, variables: Variables, places: Places, interval: float) -> Prepared:
    """Follow a block's steps. interval: seconds between repetitions if the block has no DELAY."""
    path = block.place.path
    made = Prepared(
        block.place, path.stem, defaults.version, defaults.transfer, defaults.ignore_errors, repeat_delay=interval
    )
    tag: int | None = None
    for step in block.steps:
        try:
            if isinstance(step, Group):
                tag = step.tag
                made.groups.append(AttributeGroup(tag))
            elif isinstance(step, Line):
                made.groups[-1].append(attribute_of(step, variables))
            elif isinstance(step, Define):
                define(step, variables)
            elif isinstance(step, Setting):
                _set(made, step, variables, places)
            elif isinstance(step, Skip):
                if variables.holds(step.condition):
                    made.passes, made.skip = made.passes or step.passes, made.skip or not step.passes
            elif isinstance(step, SkipIfMissing):
                made.skip = made.skip or places.find(path, variables.expand(step.name)) is None
            elif isinstance(step, Expect):
                made.expects.append(_expected(step, variables))
            elif isinstance(step, Status):
                made.statuses.append(step)
            elif isinstance(step, Monitor):
                if made.monitor is not None:
                    raise FileFault(step.place, "the test has two MONITOR-PRINTER-STATE")
                made.monitor = step
                made.monitored = [_expected(each, variables) for each in step.expects]
            else:
                made.document = step
        except FileFault as fault:
            made.fault = made.fault or fault
    made.groups = [group for group in made.groups if len(group)]  # as ipptool sends them
    if made.operation is None and made.fault is None:
        made.fault = FileFault(block.place, "the test has no OPERATION")
    return made


def define(step: Define, variables: Variables) -> None:
    """Give a variable its value. Raises FileFault if the variable uri is not a printer's URI."""
    if step.default and variables.get(step.name) is not None:
        return
    try:
        variables[step.name] = variables.expand(step.value)
    except ValueError as error:
        raise FileFault(step.place, f"{step.name}: {error}") from None


def _expected(expect: Expect, variables: Variables) -> tuple[Expect, Wanted | None]:
    return expect, None if expect.with_value is None else Wanted(expect, expect.with_value, variables)


def _set(made: Prepared, step: Setting, variables: Variables, places: Places) -> None:
    text = variables.expand(step.value)
    value = setting_value(step, text)
    match step.name:
        case "NAME":
            made.name = text
        case "OPERATION":
            made.operation = value  # type: ignore[assignment]  # words.py has checked it; so also below
        case "VERSION":
            made.version = value  # type: ignore[assignment]
        case "TRANSFER":
            made.transfer = value  # type: ignore[assignment]
        case "COMPRESSION":
            made.compression = value  # type: ignore[assignment]
        case "REQUEST-ID":
            made.request_id, made.random_id = value, value is None  # type: ignore[assignment]
        case "DELAY":
            made.delay, made.repeat_delay = value  # type: ignore[misc]
        case "IGNORE-ERRORS":
            made.ignore_errors = value is True
        case "SKIP-PREVIOUS-ERROR":
            made.skip_previous = value is True
        case "RESOURCE":
            made.resource = text
        case "TEST-ID":
            made.test_id = text
        case "PAUSE":
            made.pause = text
        case "DISPLAY":
            made.displays.append(text)
        case "FILE":
            found = places.find(step.place.path, text)
            if found is None:
                why = f"FILE {text} does not exist" if text else "FILE has an empty name: give the document to send"
                raise FileFault(step.place, why)
            made.document = found
