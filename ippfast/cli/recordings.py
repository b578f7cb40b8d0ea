"""``ippfast capture`` keeps a printer's answers as files, and ``ippfast replay`` answers from them.

The rule of this file: capturing changes nothing at the printer, and what is kept are the octets that it sent.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import click

from ippfast import (
    DEFAULT_LIMITS,
    Attribute,
    AttributeGroup,
    DecodeError,
    DelimiterTag,
    Message,
    decode_prefix,
    encode,
    registry,
    response,
)
from ippfast.enums import Operation, Status
from ippfast.http import AnswerError, IncomingRequest, Server
from ippfast.http.jobs import ENDED
from ippfast.kinds import guess_kind
from ippfast.operations import get_jobs, get_printer_attributes

from .attributes import printer_of
from .failures import NO_CONNECTION, USAGE, Failure
from .output import Output
from .scrubbing import scrubbed
from .session import Build, Session, json_option, printer_command
from .text import Span, escape
from .waiting import LOOK, until_signal

__all__ = ["capture", "replay"]


_PIECE = 1 << 16
_MOST_OCTETS = DEFAULT_LIMITS.max_octets


class _Question(NamedTuple):
    name: str
    operation: Operation
    build: Build
    arguments: dict[str, Any]


# Nothing here changes anything. media-col-database is left out of "all" (PWG 5100.7).
_QUESTIONS = (
    _Question("get-printer-attributes", Operation.GET_PRINTER_ATTRIBUTES, get_printer_attributes, {}),
    _Question(
        "media-col-database",
        Operation.GET_PRINTER_ATTRIBUTES,
        get_printer_attributes,
        {"requested_attributes": ["media-col-database"]},
    ),
    _Question("get-jobs", Operation.GET_JOBS, get_jobs, {"requested_attributes": ["all"]}),
    _Question(
        "get-jobs-completed",
        Operation.GET_JOBS,
        get_jobs,
        {"which_jobs": "completed", "limit": 100, "requested_attributes": ["all"]},
    ),
)


@printer_command
@click.option(
    "-d",
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("."),
    help="The directory for the files; it is made if it does not exist.",
)
@click.option("--scrub", is_flag=True, help="Mask what may be private, as 'ippfast scrub' does.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
def capture(session: Session, output: Output, directory: Path, scrub: bool, force: bool) -> None:
    """Store a printer's answers as files.

    They are for 'ippfast dump', 'diff' and 'replay'. It asks for attributes and jobs, and changes nothing. An answer
    that is not IPP is kept too; if it does not end, what came within --timeout, and 16 MiB at most.

    \b --json: {"uri": ..., "files": [{"file", "octets", "status-code", "status-code-keyword", "whole"}, ...]}; null for
    an answer that is not IPP.
    """
    paths = [directory / f"{each.name}.ipp" for each in _QUESTIONS]
    present = [path for path in paths if path.exists()]
    if present and not force:
        raise Failure(f"{escape(str(present[0]))} exists already: give --force, or another --directory", USAGE)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"{escape(str(directory))}: {error.strerror}", USAGE) from None
    session.strict = True  # what is kept is what came
    files: list[dict[str, object]] = []
    supported: set[object] | None = None
    for question, path in zip(_QUESTIONS, paths, strict=True):
        if supported is not None and question.operation not in supported:
            continue
        octets, status, cut = _answer(session, question)
        message = None if status is None else decode_prefix(octets)[0]
        if supported is None and message is not None:
            listed = printer_of(message).get("operations-supported")
            supported = None if listed is None else set(listed.values)
        if scrub:
            if message is None:
                click.echo(f"Note: {question.name} is not IPP and cannot be scrubbed, so it is not kept", err=True)
                continue
            octets = scrubbed(octets)
        path.write_bytes(octets)
        code = {"status-code": None if message is None else int(message.code), "status-code-keyword": status}
        files.append({"file": str(path), "octets": len(octets), **code, "whole": cut is None})
        output.say(Span(escape(str(path)), "name"), f": {len(octets)} octets, {status or 'no IPP'}")
        if cut is not None:
            click.echo(f"Note: {question.name} is not whole: {cut}; nothing more is asked", err=True)
            break
    if output.as_json:
        output.show({"uri": session.uri, "files": files}, list)


def _answer(session: Session, question: _Question) -> tuple[bytes, str | None, str | None]:
    """The octets of an answer, its status (None: they are not IPP), and why they are not all (None: they are)."""
    try:
        # What was decoded is encoded to the octets that came.
        answer = session.ask_anyway(question.build, **question.arguments)
        return encode(answer), str(answer.status), None
    except Failure as failure:
        error = failure.__context__
        if not isinstance(error, AnswerError):
            raise
        if error.answer is not None:
            return encode(error.answer), str(error.answer.status), None
    message = question.build(session.uri, version=session.version, user=session.access.user_name, **question.arguments)
    octets, cut = _ask_in_octets(session, encode(message))
    return octets, None, cut


def _ask_in_octets(session: Session, octets: bytes) -> tuple[bytes, str | None]:
    """What the server sends, whatever it is, and why it is not all (None: it is)."""
    endpoint, tls, seconds = session.endpoint, session.access.tls(), session.access.timeout
    connection: http.client.HTTPConnection
    if session.client().secure:
        connection = http.client.HTTPSConnection(
            endpoint.host, endpoint.port, timeout=seconds, context=tls.make_context()
        )
    else:
        connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=seconds)
    headers = {"Content-Type": "application/ipp", **session.authorization()}
    answer = bytearray()
    late, cut = threading.Event(), None
    try:
        connection.connect()
        if isinstance(connection.sock, ssl.SSLSocket):
            tls.check_peer(connection.sock.getpeercert(binary_form=True))
        # A time-out of the socket counts from each octet; this one counts for all of them.
        timer = threading.Timer(seconds, _give_up, (connection.sock, late))
        timer.daemon = True
        timer.start()
        try:
            connection.request("POST", endpoint.target, octets, headers)
            response = connection.getresponse()
            while piece := response.read1(min(_PIECE, _MOST_OCTETS - len(answer))):
                answer += piece
        finally:
            timer.cancel()
        cut = "it is longer than 16 MiB" if len(answer) == _MOST_OCTETS else None
    except TimeoutError:
        late.set()
    except (OSError, http.client.HTTPException) as error:
        cut = f"it broke off: {error}"
    finally:
        connection.close()
    if late.is_set():
        cut = f"it did not end within {seconds:g} s"
    if cut is not None and not answer:
        raise Failure(f"{escape(session.place)} sent no answer: {cut}", NO_CONNECTION)
    return bytes(answer), cut


def _give_up(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with contextlib.suppress(OSError):
        # Not the method of SSLSocket, which would take its TLS away from the thread that reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


@click.command
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--host", default="localhost", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="The port; 0 takes a free one."
)
@json_option
def replay(output: Output, files: tuple[Path, ...], host: str, port: int) -> None:
    """Answer like a printer that was captured.

    Each FILE is one of its answers, or a directory of them.

    Get-Printer-Attributes, Get-Jobs, Get-Job-Attributes and CUPS-Get-Printers are answered from the files, with the
    attributes that are asked for; every other operation is refused. It ends with Ctrl-C.

    \b
    --json: {"uri": ...}, once it listens.
    """
    recording = _Recording(_messages(files))
    try:
        server = Server(recording, host="127.0.0.1" if host == "localhost" else host, port=port)
    except OSError as error:
        raise Failure(f"cannot listen at {escape(host)}, port {port}: {error.strerror or error}", USAGE) from None
    with until_signal() as ended, server:
        shown = f"[{host}]" if ":" in host else host
        uri = f"ipp://{shown}:{server.port}/ipp/print"
        output.event({"uri": uri}, [Span("replaying at "), Span(uri, "name"), Span("; Ctrl-C ends it")])
        while not ended.wait(LOOK):
            pass


def _messages(files: Iterable[Path]) -> list[Message]:
    found = []
    for given in files:
        paths = sorted(given.glob("*.ipp")) if given.is_dir() else [given]
        if not paths:
            raise Failure(f"{escape(str(given))} has no file whose name ends in .ipp", USAGE)
        for path in paths:
            try:
                message, _ = decode_prefix(path.read_bytes())
            except DecodeError as error:
                raise Failure(f"{escape(str(path))} cannot be replayed: {error}") from None
            except OSError as error:
                raise Failure(f"{escape(str(path))}: {error.strerror}", USAGE) from None
            if guess_kind(message) == "request":
                raise Failure(f"{escape(str(path))} is a request; only responses can be replayed")
            found.append(message)
    return found


class _Recording:
    """Answers from the messages."""

    def __init__(self, messages: Iterable[Message]) -> None:
        printers: list[AttributeGroup] = []
        self._jobs: list[AttributeGroup] = []
        seen = set()
        for message in messages:
            groups = message.groups_of(DelimiterTag.PRINTER)
            printers += groups
            for job in message.groups_of(DelimiterTag.JOB):
                job_id = job["job-id"].values[0] if "job-id" in job else None
                if job_id is None or job_id not in seen:
                    seen.add(job_id)
                    self._jobs.append(job)
        names = [each["printer-name"].values[0] for each in printers if "printer-name" in each]
        self._queues = printers if len(set(names)) > 1 else []  # a server's queues, or one printer in several answers
        self._printer = AttributeGroup(
            DelimiterTag.PRINTER, [] if self._queues else [each for group in printers for each in group]
        )

    def __call__(self, incoming: IncomingRequest) -> Message:
        message = incoming.message
        operation = message.operation
        if operation is Operation.CUPS_GET_PRINTERS and (self._queues or len(self._printer)):
            queues = self._queues or [self._printer]
            return self._respond(message, DelimiterTag.PRINTER, queues, "all")
        if operation is Operation.GET_PRINTER_ATTRIBUTES:
            found = self._printer if not self._queues else self._queue(incoming.head.target)
            if found is None:
                return response(message, Status.CLIENT_ERROR_NOT_FOUND)
            return self._respond(message, DelimiterTag.PRINTER, [found], "all")
        if operation is Operation.GET_JOBS:
            return self._respond(message, DelimiterTag.JOB, self._wanted_jobs(message), "job-uri", "job-id")
        if operation is Operation.GET_JOB_ATTRIBUTES:
            asked = message.operation_attributes.get("job-id")
            jobs = [job for job in self._jobs if asked is not None and job.get("job-id") == asked]
            if not jobs:
                return response(message, Status.CLIENT_ERROR_NOT_FOUND)
            return self._respond(message, DelimiterTag.JOB, jobs[:1], "all")
        return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)

    def _queue(self, target: str) -> AttributeGroup | None:
        name = target.rpartition("/")[2]
        return next(
            (each for each in self._queues if "printer-name" in each and each["printer-name"].values[0] == name), None
        )

    def _wanted_jobs(self, message: Message) -> list[AttributeGroup]:
        """Those of which-jobs, by their states (RFC 8011 section 4.2.6.1)."""
        which = message.operation_attributes.get("which-jobs")
        word = "not-completed" if which is None else which.values[0]
        states = [job["job-state"].values[0] if "job-state" in job else None for job in self._jobs]
        if word == "all":
            return self._jobs
        return [job for job, state in zip(self._jobs, states, strict=True) if (state in ENDED) == (word == "completed")]

    @staticmethod
    def _respond(message: Message, tag: DelimiterTag, groups: Iterable[AttributeGroup], *default: str) -> Message:
        """The response with those attributes of the groups that are asked for."""
        asked = message.operation_attributes.get("requested-attributes")
        names = set(default) if asked is None else {str(value) for value in asked.values}
        found = []
        for group in groups:
            seen: set[str] = set()
            kept = AttributeGroup(tag, [each for each in group if _is_asked(each, names) and not _repeats(each, seen)])
            found.append(kept)
        answer = response(message)
        answer.groups.extend(found)
        return answer


def _repeats(attribute: Attribute, seen: set[str]) -> bool:
    """Whether another answer had it already."""
    known = attribute.name in seen
    seen.add(attribute.name)
    return known


def _is_asked(attribute: Attribute, names: set[str]) -> bool:
    """Whether an attribute is among those of requested-attributes, which may name groups (RFC 8011 section 4.2.5.1)."""
    name = attribute.name
    if name in names:
        return True
    if name == "media-col-database":
        return False
    if "all" in names:
        return True
    base = name.removesuffix("-default").removesuffix("-supported").removesuffix("-ready")
    template = _is_template(base)
    return ("job-template" in names and template) or ("printer-description" in names and not template)


def _is_template(name: str) -> bool:
    spec = registry.lookup(name)
    return spec is not None and "Job Template" in spec.groups
