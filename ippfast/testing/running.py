"""Runs test files against a printer: sends each request as the file has it, right or wrong, and judges the response.

The rule of this file: the results are those of CUPS' ipptool. The time of a run is limited, with all waiting and
repeating, and so are the tests and the depth of included files.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from ippfast.codec import Attribute, AttributeGroup, Message, encode
from ippfast.enums import Operation
from ippfast.enums import Status as StatusCode
from ippfast.errors import EncodeError, IPPError
from ippfast.http import AnswerError, Client
from ippfast.issues import Issue
from ippfast.tags import DelimiterTag, ValueTag

from .documents import opened
from .expectations import Wanted, find, judge, occurrences
from .generating import generated
from .preparing import Defaults, Places, Prepared, define, prepare
from .reading import read_file
from .reports import FAIL, PASS, SKIP, Displayed, Mark, Outcome, Reporter, Silent, Summary
from .responses import faults_of
from .tree import Block, Define, Expect, FileFault, Generate, Include, Setting, Skip, Status
from .values import shown, string_of, tag_name, value_shown
from .variables import Variables
from .words import setting_value

__all__ = ["Options", "Runner"]

_DEEPEST = 20
_MOST_TESTS = 100_000
_MONITOR_SECONDS = 5.0
_SEEN = (
    ("job-id", ValueTag.INTEGER),
    ("job-uri", ValueTag.URI),
    ("notify-subscription-id", ValueTag.INTEGER),
)
"""The attributes of a response that become variables of the same name."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a run.

    version, transfer: used until a file sets others. ignore_errors: whether a file goes on after a failed test.
    stop_after_include_error: whether a file ends if one that it includes failed. directories: where named files are
    searched too. interval: seconds between repetitions for tests without DELAY. seconds: the time of the whole run; if
    it is over, the current test fails and is the last one. pause: called with a test's PAUSE; None: PAUSE is ignored.
    """

    version: tuple[int, int] = (2, 0)
    transfer: str = "auto"
    ignore_errors: bool = False
    stop_after_include_error: bool = False
    directories: tuple[Path, ...] = ()
    interval: float = 5.0
    seconds: float = 3_600.0
    pause: Callable[[str], object] | None = None


class _TimeIsUp(Exception):
    """The time of the run is over, so it ends."""


@dataclass(slots=True)
class _Progress:
    """The state of a file that is being run."""

    defaults: Defaults
    previous: bool = True  # whether the last test passed
    passed: bool = True
    shown: bool = False  # whether the file was reported, since an included one was


@dataclass(slots=True)
class _Attempt:
    """The result of sending a request once."""

    words: list[str] = field(default_factory=list)
    message: Message | None = None
    issues: tuple[Issue, ...] = ()
    repeat: bool = False


class Runner:
    """Runs files, one after the other. Use it as a context manager.

    connect: makes a client for a URI; it is closed in the end. variables: kept from file to file. summary: the results
    of all tests.
    """

    def __init__(
        self,
        connect: Callable[[str], Client],
        variables: Variables,
        options: Options | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self.summary = Summary()
        self.variables = variables
        self._connect = connect
        self._options = options or Options()
        self._reporter = reporter or Silent()
        self._places = Places(self._options.directories)
        self._client = connect(variables["uri"])
        self._request_id = random.randrange(1_000) * 137
        self._end = time.monotonic() + self._options.seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def run(self, path: Path) -> Summary:
        """Run a file, and the files that it includes. Returns the summary of all files so far.

        Raises FileFault, for an error in the text before anything of that file is sent, and OSError.
        """
        options = self._options
        defaults = Defaults(options.version, options.transfer, options.ignore_errors, options.stop_after_include_error)
        with contextlib.suppress(_TimeIsUp):
            self._file(path, defaults, 0)
        return self.summary

    @property
    def _time_is_up(self) -> str:
        return f"the time of the run, {self._options.seconds:,.0f} seconds, is over"

    # Files.

    def _file(self, path: Path, defaults: Defaults, depth: int) -> bool:
        """Run a file. Returns whether all its tests passed that are not ignored."""
        progress = _Progress(defaults)
        for statement in read_file(path).statements:
            if isinstance(statement, Block):
                if not self._block(statement, progress):
                    return False
            elif isinstance(statement, Define):
                define(statement, self.variables)
            elif isinstance(statement, Setting):
                self._set(statement, defaults)
            elif isinstance(statement, Skip):
                if self.variables.holds(statement.condition):
                    break
            elif self.variables.holds(statement.condition):
                passed = self._include(statement, defaults, depth)
                progress.shown = False
                if not passed and defaults.stop_after_include_error:
                    return False
        return progress.passed

    def _include(self, statement: Include, defaults: Defaults, depth: int) -> bool:
        if depth >= _DEEPEST:
            raise FileFault(statement.place, f"files include each other at most {_DEEPEST} deep")
        if time.monotonic() >= self._end:  # there may be no test that reports it
            raise FileFault(statement.place, self._time_is_up)
        name = self.variables.expand(statement.name)
        path = self._places.find(statement.place.path, name, library=statement.library)
        if path is None:
            raise FileFault(statement.place, f"there is no file {name!r} to include")
        return self._file(path, replace(defaults), depth + 1)

    def _set(self, statement: Setting, defaults: Defaults) -> None:
        text = self.variables.expand(statement.value)
        value = setting_value(statement, text)
        match statement.name:
            case "VERSION":
                defaults.version = value  # type: ignore[assignment]  # words.py has checked it; so also below
            case "TRANSFER":
                defaults.transfer = value  # type: ignore[assignment]
            case "IGNORE-ERRORS":
                defaults.ignore_errors = value is True
            case "STOP-AFTER-INCLUDE-ERROR":
                defaults.stop_after_include_error = value is True
            case _:
                defaults.file_id = text

    # Tests.

    def _block(self, block: Block, progress: _Progress) -> bool:
        """Run a test. Returns whether the file goes on."""
        made = prepare(block, progress.defaults, self.variables, self._places, self._options.interval)
        if not progress.shown:
            self._reporter.file(block.place.path)
            progress.shown = True
        self._reporter.begin(made.name)
        if len(self.summary.outcomes) >= _MOST_TESTS:
            raise FileFault(block.place, f"the run has more than {_MOST_TESTS:,} tests")
        begun = time.monotonic()
        skip = made.skip or (made.skip_previous and not progress.previous)
        try:
            if made.passes or skip:
                outcome = self._outcome(made, PASS if made.passes else SKIP, progress)
            elif made.fault is not None:
                outcome = self._outcome(made, FAIL, progress, [str(made.fault)])
            else:
                outcome = self._carry_out(made, progress)
        except FileFault as fault:
            outcome = self._outcome(made, FAIL, progress, [str(fault)])
        except _TimeIsUp:
            outcome = self._outcome(made, FAIL, progress, [self._time_is_up])
            self._told(replace(outcome, seconds=time.monotonic() - begun))
            raise
        self._told(replace(outcome, seconds=time.monotonic() - begun))
        if outcome.mark != SKIP and not made.passes:
            progress.previous = outcome.mark == PASS
        progress.passed = progress.passed and outcome.mark != FAIL
        return made.ignore_errors or progress.previous

    def _told(self, outcome: Outcome) -> None:
        self.summary.outcomes.append(outcome)
        self._reporter.end(outcome)

    def _outcome(self, made: Prepared, mark: Mark, progress: _Progress, words: Sequence[str] = ()) -> Outcome:
        operation = "" if made.operation is None else _operation_name(made.operation)
        return Outcome(
            made.place,
            made.name,
            mark,
            words,
            operation,
            file_id=progress.defaults.file_id,
            test_id=made.test_id,
        )

    def _carry_out(self, made: Prepared, progress: _Progress) -> Outcome:
        if made.pause and self._options.pause is not None:
            self._options.pause(made.pause)
        if made.random_id:
            self._request_id = random.randrange(1_000) * 137
        elif made.request_id is not None:
            self._request_id = made.request_id - 1
        with contextlib.ExitStack() as stack:
            if isinstance(made.document, Generate):
                made.document = stack.enter_context(generated(made.document, self._client, self.variables))
            if made.monitor is not None:
                stack.callback(_Watching(self, made).end)
            attempts, delay = 0, made.delay
            while True:
                self._wait(delay)
                attempts, delay = attempts + 1, made.repeat_delay
                attempt = self._attempt(made, attempts)
                displayed = _displayed(made, attempt.message)
                if not attempt.repeat:
                    break
                self._reporter.again(attempts, displayed)
        outcome = self._outcome(made, FAIL if attempt.words else PASS, progress, attempt.words)
        if attempt.message is None:
            return replace(outcome, attempts=attempts, request_id=self._request_id)
        said = next((string_of(each.attribute.values[0]) for each in find(attempt.message, "status-message")), None)
        return replace(
            outcome,
            attempts=attempts,
            request_id=self._request_id,
            status=_status_name(attempt.message.code),
            message=said or "",
            octets=_size(attempt.message),
            displayed=displayed,
        )

    def _wait(self, seconds: float) -> None:
        left = self._end - time.monotonic()
        if seconds > 0:
            time.sleep(min(seconds, max(0.0, left)))
        if time.monotonic() >= self._end:
            raise _TimeIsUp

    # Requests.

    def _attempt(self, made: Prepared, attempts: int) -> _Attempt:
        self._request_id = (self._request_id + 1) % 2**31
        assert made.operation is not None
        asked = Message(made.version, made.operation, self._request_id, made.groups)
        attempt = _Attempt()
        document = made.document if isinstance(made.document, Path) else None
        chunked = made.transfer == "chunked" or (made.transfer == "auto" and document is not None)
        try:
            with opened(document, made.compression) as outgoing:
                came = self._client.exchange(asked, outgoing, target=made.resource, chunked=chunked)
            attempt.message, attempt.issues = came.message, came.issues
            if came.message is None:
                attempt.words.append(f"IPP request failed with HTTP status {came.status} ({came.text[:200]})")
        except AnswerError as error:
            attempt.message = error.answer
            if error.answer is None:
                attempt.words.append(f"IPP request failed: {error}")
        except EncodeError as error:
            attempt.words.append(f"{made.place}: the request can't be encoded: {error}")
        except (IPPError, OSError) as error:
            attempt.words.append(f"IPP request failed: {error}")
        if attempt.message is not None:
            self._judge(made, attempt, asked, attempts)
        return attempt

    def _judge(self, made: Prepared, attempt: _Attempt, asked: Message, attempts: int) -> None:
        """Find what is wrong with a response, and whether the request must be repeated."""
        message = attempt.message
        assert message is not None
        for name, tag in _SEEN:
            found = next((each for each in find(message, name) if each.attribute.tag == tag), None)
            if found is not None:
                self.variables[name] = value_shown(found.attribute.values[0], tag)
        attempt.words += faults_of(message, asked, attempt.issues)
        self._judge_status(made.statuses, attempt, attempts)
        for expect, wanted in made.expects:
            if self._counts(expect):
                self._judge_expect(expect, wanted, attempt, attempts)

    def _counts(self, what: Expect | Status) -> bool:
        return self.variables.holds(what.condition) and self.variables.holds(what.other_condition)

    def _judge_status(self, statuses: Sequence[Status], attempt: _Attempt, attempts: int) -> None:
        assert attempt.message is not None
        code, good = attempt.message.code, not statuses
        counted = [status for status in statuses if self._counts(status)]
        for status in counted:
            matches = code == status.code
            good = good or matches
            if (status.repeat_match if matches else status.repeat_no_match) and attempts < status.repeat_limit:
                attempt.repeat = True
            defined = status.define_match if matches else status.define_no_match
            if defined is not None:
                self.variables[defined] = "1"
                good = True
        if good:
            return
        for status in counted:
            if not status.repeat_match or attempts >= status.repeat_limit:
                attempt.words.append(f"EXPECTED: STATUS {_status_name(status.code)} (got {_status_name(code)})")
        said = next(find(attempt.message, "status-message"), None)
        if said is not None:
            attempt.words.append(f'status-message="{shown(said.attribute)}"')

    def _judge_expect(self, expect: Expect, wanted: Wanted | None, attempt: _Attempt, attempts: int) -> None:
        assert attempt.message is not None
        again = attempts < expect.repeat_limit
        for found in occurrences(expect, attempt.message):
            judgement = judge(expect, found, attempt.message, wanted)
            if judgement.failed:
                if expect.define_no_match is not None:
                    self.variables[expect.define_no_match] = "1"
                elif expect.define_match is None and expect.define_value is None:
                    excused = {
                        "value": expect.repeat_match or (expect.repeat_no_match and again),
                        "value-from": (expect.repeat_match or expect.repeat_no_match) and again,
                    }
                    if not excused.get(judgement.failed, False):
                        attempt.words += judgement.words
                attempt.repeat = attempt.repeat or (expect.repeat_no_match and again)
                return
            if found is None:
                continue
            if expect.display_match is not None:
                self._reporter.tell(expect.display_match)
            self._define(expect, judgement.value)
            attempt.repeat = attempt.repeat or (expect.repeat_match and again)

    def _define(self, expect: Expect, value: str) -> bool:
        """Set the variables of a match. Returns whether there are any."""
        if expect.define_match is not None:
            self.variables[expect.define_match] = "1"
        if expect.define_value is not None:
            self.variables[expect.define_value] = value
        return expect.define_match is not None or expect.define_value is not None


class _Watching:
    """MONITOR-PRINTER-STATE: asks the printer repeatedly, in another thread, until all is as expected or `end` is
    called."""

    def __init__(self, runner: Runner, made: Prepared) -> None:
        assert made.monitor is not None
        monitor = made.monitor
        variables = runner.variables
        self._runner = runner
        self._made = made
        self._ended = threading.Event()
        self._uri = variables["uri"] if monitor.uri is None else variables.expand(monitor.uri)
        self._delays = (0.0, _MONITOR_SECONDS)
        if monitor.delay is not None:
            self._delays = setting_value(monitor.delay, variables.expand(monitor.delay.value))  # type: ignore[assignment]
        try:
            self._client = runner._connect(self._uri)
        except ValueError as error:
            raise FileFault(monitor.place, f"MONITOR-PRINTER-STATE {self._uri}: {error}") from None
        self._thread = threading.Thread(target=self._watch, name="ippfast-monitor", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop: the operation is completed."""
        self._ended.set()
        self._thread.join()
        self._client.close()

    def _watch(self) -> None:
        names = list(dict.fromkeys(expect.name.partition("/")[0] for expect, _ in self._made.monitored))
        first, interval = self._delays
        self._ended.wait(first)
        number = 0
        while True:
            number += 1
            try:
                came = self._client.exchange(self._question(number, names)).message
            except (IPPError, OSError):
                return
            if came is None or self._look(came) or self._ended.wait(interval):
                return

    def _question(self, number: int, names: list[str]) -> Message:
        group = AttributeGroup(
            DelimiterTag.OPERATION,
            [
                Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
                Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
                Attribute("printer-uri", ValueTag.URI, self._uri),
                Attribute("requesting-user-name", ValueTag.NAME, self._runner.variables["user"]),
            ],
        )
        if names:
            group.append(Attribute("requested-attributes", ValueTag.KEYWORD, names))
        return Message(self._made.version, Operation.GET_PRINTER_ATTRIBUTES, number, [group])

    def _look(self, message: Message) -> bool:
        """Judge a response. Returns whether the watching ends."""
        done = False
        for expect, wanted in self._made.monitored:
            if not self._runner._counts(expect):
                continue
            found = next(occurrences(expect, message))
            judgement = judge(expect, found, message, wanted)
            if judgement.failed:
                if expect.define_no_match is not None:
                    self._runner.variables[expect.define_no_match] = "1"
                    return True
                return done
            if found is not None:
                if expect.display_match is not None:
                    self._runner._reporter.tell(expect.display_match)
                done = self._runner._define(expect, judgement.value) or done
        return True


def _displayed(made: Prepared, message: Message | None) -> list[Displayed]:
    if message is None or not made.displays:
        return []

    def displayed(attribute: Attribute) -> Displayed:
        several = "1setOf " if len(attribute.values) > 1 else ""
        return Displayed(attribute.name, f"{several}{tag_name(attribute.tag)}", shown(attribute))

    return [displayed(attribute) for group in message.groups for attribute in group if attribute.name in made.displays]


def _size(message: Message) -> int:
    """The number of octets of a response; 0 if it was repaired and can't be encoded."""
    try:
        return len(encode(message))
    except EncodeError:
        return 0


def _operation_name(code: int) -> str:
    name = Operation.coerce(code)
    return name.keyword if isinstance(name, Operation) else f"0x{code:04x}"


def _status_name(code: int) -> str:
    name = StatusCode.coerce(code)
    return name.keyword if isinstance(name, StatusCode) else f"0x{code:04x}"
