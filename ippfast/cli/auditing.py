"""``ippfast check``: how safe and how conforming a printer is, as a graded report.

The rule of this file: nothing is printed, canceled or changed. Operations are probed with Validate-Job, with a job that
does not exist, or with an attribute that nobody has; what cannot be asked without effect is not asked. Nobody's
credentials go out: the question is what a stranger may do.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click

from ippfast import AttributeGroup, DelimiterTag, Message, encode, request, validate
from ippfast.enums import Operation, Status
from ippfast.http import Client, HTTPError, StatusError
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
from .certificates import examine_tls
from .failures import DENIED, NOT_ALLOWED, Failure
from .findings import Finding, Level, Section, report_data, report_lines
from .output import Output
from .session import Build, Session, printer_command
from .text import escape

__all__ = ["check"]

_NO_JOB = 2**31 - 1
"""A job-id that no printer has reached."""
_NO_OPERATION = 0x3FFE
"""Not assigned, nor a vendor's (RFC 8011 section 5.4.15)."""


class _Probe(NamedTuple):
    """A request that does nothing, and what it would be to let a stranger do it."""

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
# Each of these has an effect, whatever is in it, or none that tells.
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


@printer_command
def check(session: Session, output: Output) -> None:
    """Grade a printer: safety and conformance.

    It looks at TLS and the certificate, at what answers a stranger, at versions, and at the form of the answers. It
    prints, cancels and changes nothing, and sends nobody's credentials.

    A: nothing to do, B: worth knowing, C: weak, F: bad; the exit status is 1 where something is bad.

    \b
    --json: {"uri", "grade", "sections": [{"name", "grade", "findings": [{"level", "what", "advice"}, ...]}, ...]}; a
    level is good, note, weak or bad.
    """
    with session.as_stranger() as stranger:
        audit = _Audit(stranger)
        tls = list(examine_tls(stranger.endpoint, session.access))
        if tls[0].level is not Level.BAD:
            tls += audit.in_the_clear()
        sections = [
            Section("TLS and certificate", tls),
            Section("what a stranger may do", list(audit.access())),
            Section("versions", list(audit.versions())),
            Section("conformance of its answers", list(audit.conformance())),
        ]
        uri = stranger.uri
    output.show(report_data(uri, sections), lambda: report_lines(escape(uri), sections, output.terminal.width))
    if any(each.level is Level.BAD for section in sections for each in section.findings):
        raise click.exceptions.Exit(1)


class _Audit:
    """One printer, asked as a stranger, and every answer kept."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._answers: list[tuple[str, Message]] = []
        self._server: str | None = None
        answer = self._ask("Get-Printer-Attributes", get_printer_attributes)
        self._open = answer is not None and answer.code < 0x0100
        self._printer = printer_of(answer) if answer is not None else AttributeGroup(DelimiterTag.PRINTER)

    def _ask(self, name: str, build: Build, **arguments: Any) -> Message | None:
        """The answer; None where it asks who, or forbids it."""
        try:
            answer = self._session.ask_anyway(build, **arguments)
        except Failure as failure:
            if failure.exit_code == NOT_ALLOWED:
                return None
            raise
        self._answers.append((name, answer))
        return None if answer.status in DENIED else answer

    def _supported(self) -> set[object]:
        attribute = self._printer.get("operations-supported")
        return set() if attribute is None else set(attribute.values)

    # TLS

    def in_the_clear(self) -> Iterator[Finding]:
        """Whether jobs are taken without TLS too."""
        endpoint = self._session.endpoint
        uri = self._session.uri.replace("ipps://", "ipp://", 1)
        message = validate_job(uri, user="stranger", document_format="application/octet-stream")
        try:
            with Client(uri, upgrade="never", timeouts=self._session.timeouts()) as client:
                answer = client.send(message)
        except StatusError as error:
            if error.status in (401, 403, 426):
                yield Finding(Level.GOOD, "without TLS it takes no jobs")
            return
        except (HTTPError, OSError):
            yield Finding(Level.GOOD, "without TLS it does not answer")
            return
        if answer.status not in DENIED and answer.status is not Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED:
            yield Finding(
                Level.WEAK,
                f"jobs are taken without TLS too (port {endpoint.port})",
                "have the printer require encryption, or clients use ipps:// alone",
            )

    # Access

    def access(self) -> Iterator[Finding]:
        if not self._open:
            yield Finding(Level.GOOD, "it tells a stranger nothing, not even its attributes")
            return
        yield Finding(Level.GOOD, "its attributes can be read, as clients need it to choose a driver")
        supported = self._supported()
        if Operation.VALIDATE_JOB in supported:
            yield self._printing()
        if Operation.GET_JOBS in supported:
            yield from self._jobs()
        done, refused = [], []
        for probe in _JOB_PROBES:
            if probe.operation in supported:
                answer = self._ask(probe.operation.keyword, probe.build, job_id=_NO_JOB, **probe.arguments)
                if answer is None:
                    refused.append(probe.what)
                elif (
                    answer.status is not Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED
                    and probe.operation not in _HARMLESS
                ):
                    done.append(probe.what)
        if refused:
            yield Finding(Level.GOOD, f"it asks who it is before a stranger may {', '.join(refused)}")
        if done:
            yield Finding(
                Level.NOTE,
                f"it does not ask who it is when a stranger wants to {', '.join(done)} (tried with no job's id)",
                "have operations on jobs ask for a password, or let only a print server reach the printer",
            )
        left = sorted(str(each) for each in _NOT_TRIED & supported)
        if left:
            yield Finding(
                Level.NOTE,
                f"not tried, since it would change something: {', '.join(left)}",
                "see that they need a password",
            )

    def _printing(self) -> Finding:
        answer = self._ask("Validate-Job", validate_job, document_format="application/octet-stream")
        if answer is None:
            return Finding(Level.GOOD, "it asks who it is before it takes a job")
        return Finding(
            Level.WEAK,
            "everybody who reaches it may print",
            "let only your network reach it, or have it ask for a password",
        )

    def _jobs(self) -> Iterator[Finding]:
        names = ["job-id", "job-name", "job-originating-user-name", "document-name-supplied"]
        told: set[str] = set()
        count = 0
        for which in ("not-completed", "completed"):
            answer = self._ask("Get-Jobs", get_jobs, which_jobs=which, limit=10, requested_attributes=names)
            for job in answer.groups_of(DelimiterTag.JOB) if answer is not None else ():
                count += 1
                told |= {each.name for each in job if each.name in names[1:] and each.values[0]}
        if told:
            yield Finding(
                Level.WEAK,
                f"everybody sees of others' jobs: {', '.join(sorted(told))}",
                "set job-privacy-attributes, or what the printer calls private jobs",
            )
        elif count:
            yield Finding(Level.GOOD, "of others' jobs a stranger sees neither names nor users")

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
            yield Finding(Level.NOTE, "IPP/1.0 is answered, an experiment of 1999", "switch it off if nothing needs it")
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
                Level.NOTE,
                f"firmware{of}: {', '.join(map(escape, dict.fromkeys(firmware)))}",
                "compare it with the vendor's newest",
            )
        else:
            yield Finding(
                Level.NOTE, "it does not tell the version of its firmware", "look in its settings, and keep it current"
            )

    def _values(self, name: str) -> tuple[object, ...]:
        attribute = self._printer.get(name)
        return () if attribute is None else tuple(attribute.values)

    # Conformance

    def conformance(self) -> Iterator[Finding]:
        if self._open:
            yield from self._requirements()
        yield from self._manners()
        yield from self._form()

    def _requirements(self) -> Iterator[Finding]:
        supported = self._supported()
        missing = [each.keyword for each in _REQUIRED_OPERATIONS if each not in supported]
        missing += [name for name in _REQUIRED_ATTRIBUTES if name not in self._printer]
        if missing:
            yield Finding(
                Level.WEAK,
                f"RFC 8011 requires what it does not have: {', '.join(missing)}",
                "update the firmware, tell the vendor",
            )
        else:
            yield Finding(Level.GOOD, "it has all operations and attributes that RFC 8011 requires")

    def _manners(self) -> Iterator[Finding]:
        """What it answers to what it cannot know (RFC 8011 sections 4.1.8 and 5.4.15)."""

        def unknown_operation(uri: str, **options: Any) -> Message:
            return request(_NO_OPERATION, uri, operation_attributes={"x-ippfast-check": Keyword("none")}, **options)

        def unknown_version(uri: str, **options: Any) -> Message:
            return get_printer_attributes(uri, **{**options, "version": (9, 9)})

        expected: tuple[tuple[str, Callable[..., Message], Status], ...] = (
            ("an unknown operation", unknown_operation, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED),
            ("an unknown version", unknown_version, Status.SERVER_ERROR_VERSION_NOT_SUPPORTED),
        )
        for what, build, status in expected:
            try:
                answer = self._session.ask_anyway(build)
            except Failure as failure:
                yield Finding(Level.NOTE, f"{what} is not answered with IPP: {failure.message}", "tell the vendor")
                continue
            if answer.status is status or answer.status in DENIED:
                continue
            if status is Status.SERVER_ERROR_VERSION_NOT_SUPPORTED and answer.code < 0x0100:
                continue  # answering as the nearest version is allowed
            yield Finding(Level.NOTE, f"{what} is answered with {answer.status}, not {status}", "tell the vendor")

    def _form(self) -> Iterator[Finding]:
        """What `validate` says of each answer."""
        issues = [(name, issue) for name, answer in self._answers for issue in validate(answer, role="response")]
        counts = {severity: sum(issue.severity is severity for _, issue in issues) for severity in Severity}
        faulty = [(name, issue) for name, issue in issues if issue.severity is not Severity.INFO]
        octets = sum(len(encode(answer)) for _, answer in self._answers)
        words = f"{len(self._answers)} answers, {octets} octets: "
        words += f"{counts[Severity.ERROR]} errors, {counts[Severity.WARNING]} warnings"
        if not faulty:
            yield Finding(Level.GOOD, words)
            return
        level = Level.WEAK if counts[Severity.ERROR] else Level.NOTE
        yield Finding(level, words, "'ippfast capture', then 'ippfast dump --check' shows them all; tell the vendor")
        for name, issue in faulty[:_SHOWN_ISSUES]:
            yield Finding(Level.NOTE, f"{name}: {escape(str(issue))}")
