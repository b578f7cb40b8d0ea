"""``ippfast check``: how safe and how conforming a printer is, as a graded report.

The rule of this file: nothing is printed, canceled or changed. Operations are probed with Validate-Job, with a job that
does not exist, or with an unknown attribute. What cannot be asked without effect is not asked, and what an answer does
not tell is reported so. No credentials are sent: the question is what a stranger may do. docs/check.md has the rules of
the grades.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click

from ippfast import AttributeGroup, DelimiterTag, Message, encode, request, validate
from ippfast.enums import Operation, Status
from ippfast.http import AnswerError, StatusError
from ippfast.http.uri import printer_uri
from ippfast.issues import Severity
from ippfast.operations import (
    cancel_job,
    cups_get_document,
    get_job_attributes,
    get_jobs,
    get_printer_attributes,
    hold_job,
    release_job,
    restart_job,
    send_document,
    set_job_attributes,
    validate_job,
)
from ippfast.wrappers import Keyword

from .attributes import printer_of
from .doors import doors_of, examine_doors
from .failures import DENIED, NOT_ALLOWED, Failure
from .findings import Finding, Level, Section, grade, report_data, report_lines
from .network import examine_addresses, examine_ports
from .output import Output
from .session import Build, Session, printer_command
from .text import escape

__all__ = ["check"]

_NO_JOB = 2**31 - 1
"""A job-id that no printer has reached."""
_NO_OPERATION = 0x3FFE
"""An operation code that is neither assigned nor a vendor's (RFC 8011 section 5.4.15)."""


class _Probe(NamedTuple):
    """A request without effect. what: what strangers may do if it is answered."""

    operation: Operation
    build: Build
    arguments: dict[str, Any]
    what: str


_JOB_PROBES = (
    _Probe(Operation.CANCEL_JOB, cancel_job, {}, "cancel jobs"),
    _Probe(Operation.HOLD_JOB, hold_job, {}, "hold jobs"),
    _Probe(Operation.RELEASE_JOB, release_job, {}, "release jobs"),
    _Probe(Operation.RESTART_JOB, restart_job, {}, "print jobs again"),
    _Probe(Operation.SET_JOB_ATTRIBUTES, set_job_attributes, {"job": {"job-priority": 50}}, "change jobs"),
    _Probe(Operation.SEND_DOCUMENT, send_document, {"last_document": True}, "add documents to jobs"),
    _Probe(Operation.GET_JOB_ATTRIBUTES, get_job_attributes, {}, "look at jobs"),
    _Probe(Operation.CUPS_GET_DOCUMENT, cups_get_document, {}, "fetch the documents of jobs"),
)
_HARMLESS = {Operation.GET_JOB_ATTRIBUTES}
# Each of these has an effect, whatever the request has, or its answer tells nothing.
_NOT_TRIED = {
    Operation.PAUSE_PRINTER,
    Operation.RESUME_PRINTER,
    Operation.PURGE_JOBS,
    Operation.SET_PRINTER_ATTRIBUTES,
    Operation.ENABLE_PRINTER,
    Operation.DISABLE_PRINTER,
    Operation.CANCEL_JOBS,
    Operation.CANCEL_MY_JOBS,
    Operation.IDENTIFY_PRINTER,
    Operation.RESTART_PRINTER,
    Operation.SHUTDOWN_PRINTER,
    Operation.HOLD_NEW_JOBS,
}
_REQUIRED_OPERATIONS = (  # RFC 8011 section 5.4.15
    Operation.PRINT_JOB,
    Operation.VALIDATE_JOB,
    Operation.CANCEL_JOB,
    Operation.GET_JOB_ATTRIBUTES,
    Operation.GET_JOBS,
    Operation.GET_PRINTER_ATTRIBUTES,
)
_REQUIRED_ATTRIBUTES = (  # RFC 8011 section 5.4, table 14
    "charset-configured",
    "charset-supported",
    "compression-supported",
    "document-format-default",
    "document-format-supported",
    "generated-natural-language-supported",
    "ipp-versions-supported",
    "natural-language-configured",
    "operations-supported",
    "pdl-override-supported",
    "printer-is-accepting-jobs",
    "printer-name",
    "printer-state",
    "printer-state-reasons",
    "printer-up-time",
    "printer-uri-supported",
    "queued-job-count",
    "uri-authentication-supported",
    "uri-security-supported",
)
_SHOWN_ISSUES = 5
_HARMLESS_SLIPS = 2
"""This many different faults in the form of its answers cost no grade."""
_NOT_EXAMINED = "the web page and its default passwords, the age of the firmware, faxes and scans"
_PORTS = "raw printing (port 9100), LPD (port 515), SNMP (port 161)"


@printer_command
@click.option(
    "--network",
    is_flag=True,
    help="Look for raw printing, LPD and SNMP too: one connection to each port; nothing is sent.",
)
@click.option(
    "--fail-at",
    type=click.Choice(["B", "C", "F", "never"]),
    default="F",
    show_default=True,
    help="End with exit status 1 if the grade is this or worse.",
)
def check(session: Session, output: Output, network: bool, fail_at: str) -> None:
    """Grade a printer: safety and conformance.

    It examines all doors (ports) with and without TLS, certificates and ciphers, what a stranger may do, versions, and
    the form of the answers. It prints, cancels and changes nothing, and sends no credentials.

    A: nothing to do, B: worth doing something, C: weak, F: bad; docs/check.md has the rules.

    \b
    --json: {"uri", "printer-make-and-model", "printer-uuid", "doors": [URI, ...], "grade",
    "sections": [{"name", "grade", "findings": [{"level", "what", "advice"}, ...]}, ...]}; a level is good, info, note,
    weak or bad.
    """
    with session.as_stranger() as stranger:
        audit = _Audit(stranger)
        doors = doors_of(stranger.endpoint, audit.printer)
        sections = [
            Section("TLS and certificate", examine_doors(stranger, session.access, doors, audit.printer)),
            Section("what a stranger may do", list(audit.access())),
            Section("the network", list(_network(stranger, audit.printer, network))),
            Section("versions", list(audit.versions())),
            Section("conformance of its answers", list(audit.conformance())),
        ]
        uri = stranger.uri
    more = {
        "printer-make-and-model": audit.first("printer-make-and-model"),
        "printer-uuid": audit.first("printer-uuid"),
        "doors": [printer_uri(each) for each in doors],
    }
    output.show(report_data(uri, sections, **more), lambda: report_lines(escape(uri), sections, output.terminal.width))
    if grade(each for section in sections for each in section.findings) >= fail_at and fail_at != "never":
        raise click.exceptions.Exit(1)


def _network(session: Session, printer: AttributeGroup, ports: bool) -> Iterator[Finding]:
    host = session.endpoint.host
    uris = printer.get("printer-uri-supported")
    yield from examine_addresses(host, () if uris is None else uris.values)
    if ports:
        yield from examine_ports(host)
        yield Finding(Level.INFO, f"not examined: SNMP over UDP, {_NOT_EXAMINED}", "look at them yourself")
    else:
        advice = "--network looks for the first three; look at the rest yourself"
        yield Finding(Level.INFO, f"not examined: {_PORTS}, {_NOT_EXAMINED}", advice)


class _NoAnswer(Exception):
    """A request was not answered with IPP. words: what came instead."""

    def __init__(self, words: str, status: int | None) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


class _Audit:
    """Asks one printer as a stranger, and keeps every answer."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._answers: list[tuple[str, Message]] = []
        self._other_requests: list[str] = []
        self._no_answer: _NoAnswer | None = None
        answer = None
        try:
            answer = self._ask("Get-Printer-Attributes", get_printer_attributes)
        except _NoAnswer as error:
            self._no_answer = error
        self._status = None if answer is None else answer.status
        self._open = answer is not None and answer.succeeded
        self.printer = printer_of(answer) if answer is not None else AttributeGroup(DelimiterTag.PRINTER)

    def _ask(self, name: str, build: Build, **arguments: Any) -> Message | None:
        """The answer; None if the printer wants a password, or forbids it. Raises _NoAnswer, and Failure if nobody is
        there."""
        try:
            answer = self._session.ask_anyway(build, **arguments)
        except Failure as failure:
            if failure.exit_code == NOT_ALLOWED:
                return None
            error = failure.__context__
            if isinstance(error, AnswerError) and error.answer is not None:
                answer = error.answer
                self._other_requests.append(name)
            elif isinstance(error, StatusError):
                raise _NoAnswer(f"HTTP {error.status}", error.status) from None
            elif self._answers:
                raise _NoAnswer(failure.message, None) from None
            else:
                raise
        self._answers.append((name, answer))
        return None if answer.status in DENIED else answer

    def _supported(self) -> set[object]:
        attribute = self.printer.get("operations-supported")
        return set() if attribute is None else set(attribute.values)

    # Access

    def access(self) -> Iterator[Finding]:
        yield from self._closed() if not self._open else self._opened()

    def _closed(self) -> Iterator[Finding]:
        if self._no_answer is not None:
            wrong = self._no_answer.status in (404, 405)
            words = "there is no such printer here" if wrong else "what answers here is not a printer"
            yield Finding(
                Level.BAD, f"{words} ({self._no_answer.words})", "'ippfast probe HOST' finds the printer's path"
            )
        elif self._status is Status.CLIENT_ERROR_NOT_FOUND:
            yield Finding(Level.BAD, "there is no such printer here", "'ippfast probe HOST' finds the printer's path")
        elif self._status is not None:
            words = f"it does not give its attributes ({escape(str(self._status))}), so the rest is unknown"
            yield Finding(Level.WEAK, words, "'ippfast probe HOST' finds the printer's path; update the firmware")
        else:
            yield Finding(Level.GOOD, "it tells a stranger nothing, not even its attributes")

    def _opened(self) -> Iterator[Finding]:
        yield Finding(Level.GOOD, "its attributes can be read: clients need them to choose a driver")
        supported = self._supported()
        if Operation.VALIDATE_JOB in supported:
            yield self._printing()
        if Operation.GET_JOBS in supported:
            yield from self._jobs()
        done: list[str] = []
        refused: list[str] = []
        untold: list[str] = []
        for probe in _JOB_PROBES:
            if probe.operation in supported:
                self._try(probe, done, refused, untold)
        if refused:
            yield Finding(Level.GOOD, f"it wants a password before a stranger may {', '.join(refused)}")
        if done:
            yield Finding(
                Level.WEAK,
                f"it wants no password before a stranger may {', '.join(done)} (tried with an unknown job-id)",
                "have operations on jobs ask for a password, or let only a print server reach the printer",
            )
        if untold:
            yield Finding(
                Level.INFO,
                f"cannot be told: whether it wants a password before a stranger may {', '.join(untold)}, "
                "for it looks for the job first, or does not know the operation",
                "try it with a job of your own",
            )
        left = sorted(each.keyword for each in _NOT_TRIED if each in supported)
        if left:
            yield Finding(
                Level.INFO,
                f"not tried, since it would change something: {', '.join(left)}",
                "see that they need a password",
            )

    def _try(self, probe: _Probe, done: list[str], refused: list[str], untold: list[str]) -> None:
        """Ask for something with a job that does not exist, and put it where its answer belongs."""
        try:
            answer = self._ask(probe.operation.keyword, probe.build, job_id=_NO_JOB, **probe.arguments)
        except _NoAnswer:
            untold.append(probe.what)
            return
        if answer is None:
            refused.append(probe.what)
        elif probe.operation not in _HARMLESS:
            (done if answer.succeeded else untold).append(probe.what)

    def _printing(self) -> Finding:
        advice = "let only your network reach it, or have it ask for a password"
        try:
            answer = self._ask("Validate-Job", validate_job, document_format="application/octet-stream")
        except _NoAnswer as error:
            return Finding(Level.INFO, f"cannot be told: whether everybody may print ({error.words})", advice)
        if answer is None:
            return Finding(Level.GOOD, "it wants a password before it takes a job")
        if not answer.succeeded:
            words = f"cannot be told: whether everybody may print ({escape(str(answer.status))})"
            return Finding(Level.INFO, words, advice)
        return Finding(Level.WEAK, "everybody who reaches it may print", advice)

    def _jobs(self) -> Iterator[Finding]:
        names = ["job-id", "job-name", "job-originating-user-name", "document-name-supplied"]
        told: set[str] = set()
        count = 0
        for which in ("not-completed", "completed"):
            try:
                answer = self._ask("Get-Jobs", get_jobs, which_jobs=which, limit=10, requested_attributes=names)
            except _NoAnswer:
                continue
            for job in answer.groups_of(DelimiterTag.JOB) if answer is not None else ():
                count += 1
                told |= {each.name for each in job if each.name in names[1:] and each.values[0]}
        if told:
            yield Finding(
                Level.WEAK,
                f"everybody sees these attributes of others' jobs: {', '.join(sorted(told))}",
                "set job-privacy-attributes, or what the printer calls private jobs",
            )
        elif count:
            yield Finding(Level.GOOD, "a stranger sees neither names nor users of others' jobs")

    # Versions

    def versions(self) -> Iterator[Finding]:
        if not self._open:
            return
        words = [str(each) for each in self._values("ipp-versions-supported")]
        shown = ", ".join(map(escape, words))
        if any(word.startswith("2.") for word in words):
            yield Finding(Level.GOOD, f"IPP {shown}")
        else:
            yield Finding(Level.WEAK, f"IPP {shown or 'of a version that it does not tell'}", "update the firmware")
        if "1.0" in words:
            yield Finding(Level.INFO, "IPP/1.0 is answered, an experiment of 1999", "switch it off if nothing needs it")
        features = [str(each) for each in self._values("ipp-features-supported") if each != "none"]
        if features:
            yield Finding(Level.GOOD, f"it claims {', '.join(map(escape, features))}")
        model = self._values("printer-make-and-model")
        firmware = [
            str(each)
            for name in ("printer-firmware-string-version", "printer-firmware-version")
            for each in self._values(name)
            if isinstance(each, str)
        ]
        if firmware:
            of = f" of {escape(str(model[0]))}" if model else ""
            yield Finding(
                Level.INFO,
                f"firmware{of}: {', '.join(map(escape, dict.fromkeys(firmware)))}",
                "compare it with the vendor's newest",
            )
        else:
            yield Finding(
                Level.INFO, "it does not tell the version of its firmware", "look in its settings, and keep it current"
            )

    def first(self, name: str) -> str | None:
        """The first value of one of the printer's attributes, as text."""
        values = self._values(name)
        return str(values[0]) if values else None

    def _values(self, name: str) -> tuple[object, ...]:
        attribute = self.printer.get(name)
        return () if attribute is None else tuple(attribute.values)

    # Conformance

    def conformance(self) -> Iterator[Finding]:
        if self._no_answer is not None:
            return
        if self._open:
            yield from self._requirements()
        yield from self._manners()
        yield from self._form()

    def _requirements(self) -> Iterator[Finding]:
        supported = self._supported()
        missing = [each.keyword for each in _REQUIRED_OPERATIONS if each not in supported]
        missing += [name for name in _REQUIRED_ATTRIBUTES if name not in self.printer]
        if missing:
            yield Finding(
                Level.WEAK,
                f"it lacks what RFC 8011 requires: {', '.join(missing)}",
                "update the firmware, tell the vendor",
            )
        else:
            yield Finding(Level.GOOD, "it has all operations and attributes that RFC 8011 requires")

    def _manners(self) -> Iterator[Finding]:
        """How it answers what it cannot know (RFC 8011 sections 4.1.8 and 5.4.15)."""

        def unknown_operation(uri: str, **options: Any) -> Message:
            return request(_NO_OPERATION, uri, operation_attributes={"x-ippfast-check": Keyword("none")}, **options)

        def unknown_version(uri: str, **options: Any) -> Message:
            return get_printer_attributes(uri, **{**options, "version": (9, 9)})

        expected: tuple[tuple[str, Callable[..., Message], Status], ...] = (
            ("an unknown operation", unknown_operation, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED),
            ("an unknown version", unknown_version, Status.SERVER_ERROR_VERSION_NOT_SUPPORTED),
        )
        if self._session.access.version is not None:  # then every request has that one
            expected = expected[:1]
        for what, build, status in expected:
            try:
                answer = self._session.ask_anyway(build)
            except Failure as failure:
                if failure.exit_code != NOT_ALLOWED:  # it may want a password first
                    yield Finding(Level.NOTE, f"{what} is not answered with IPP: {failure.message}", "tell the vendor")
                continue
            if answer.status is status or answer.status in DENIED:
                continue
            if status is Status.SERVER_ERROR_VERSION_NOT_SUPPORTED and answer.succeeded:
                continue  # answering as the nearest version is allowed
            yield Finding(Level.INFO, f"{what} is answered with {answer.status}, not {status}", "tell the vendor")

    def _form(self) -> Iterator[Finding]:
        """What the client had to repair, and what `validate` finds in each answer."""
        if self._other_requests:
            names = ", ".join(dict.fromkeys(self._other_requests))
            words = f"the request-id of its answers is not that of the request ({names})"
            yield Finding(
                Level.BAD, words, "update the firmware, tell the vendor: clients treat such an answer as lost"
            )
        if self._session.issues:
            first, *more = self._session.issues
            words = f"its answers are malformed, clients have to repair them: {escape(str(first))}"
            words += f", and {len(more)} more" if more else ""
            yield Finding(Level.WEAK, words, "update the firmware, tell the vendor")
        issues = [(name, issue) for name, answer in self._answers for issue in validate(answer, role="response")]
        counts = {severity: sum(issue.severity is severity for _, issue in issues) for severity in Severity}
        faulty = [(name, issue) for name, issue in issues if issue.severity is not Severity.INFO]
        octets = sum(len(encode(answer)) for _, answer in self._answers)
        words = f"{len(self._answers)} answers, {octets} octets: "
        words += f"{counts[Severity.ERROR]} errors, {counts[Severity.WARNING]} warnings"
        if not faulty:
            yield Finding(Level.GOOD, words)
            return
        slips = {(issue.code, issue.attribute, issue.member) for _, issue in faulty}
        level = Level.NOTE if len(slips) > _HARMLESS_SLIPS else Level.INFO
        yield Finding(level, words, "'ippfast capture', then 'ippfast dump --check' shows them all; tell the vendor")
        for name, issue in faulty[:_SHOWN_ISSUES]:
            yield Finding(Level.INFO, f"{name}: {escape(str(issue))}")
