"""Gives each job to another printer: `Forward` by IPP, `AppSocket` and `LPD` to printers that have nothing else.

The rule of this file: no job is printed twice, and none is lost. What was done is in the store before the next
step is taken, so a server that is killed goes on where it was:

===========  =======================================  ==============================================================
the note     what it says                             what is done, in this or the next attempt
===========  =======================================  ==============================================================
(none)       no request for the job has begun         send it
sending      a request for it has begun               if it was provably not sent whole, send it again; else look for
                                                      the job among the printer's: follow it, or send it again if the
                                                      list shows no such job, or hold it if that cannot be told
remote N     the printer has it as job N              ask about N until it has ended, whatever the answers are
===========  =======================================  ==============================================================
"""

import contextlib
import getpass
import itertools
import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol
from urllib.parse import unquote, urlsplit

from ippfast.codec import Attribute, AttributeGroup, Message
from ippfast.enums import JobState, Operation, PrinterState, Status
from ippfast.http.client import Client
from ippfast.http.errors import HTTPError
from ippfast.http.jobs import first_of, int_of, job_id_of, text_of
from ippfast.requests import request
from ippfast.tags import DelimiterTag
from ippfast.wrappers import Name

from .fitting import Fitted, can_wait, fit, octets_of
from .outputs import Held, Output, OutputError, Stopped, Task, file_name, template
from .rings import client_info
from .storage.rows import Document, Job

__all__ = ["LPD", "UNREACHABLE", "AppSocket", "Forward", "Other", "forward_to"]

_ALONG = frozenset({"ipp-attribute-fidelity", "job-mandatory-attributes", "job-password", "job-password-encryption"})
"""The operation attributes of a job that the other printer must obey as well."""

_BUSY = frozenset(
    {Status.SERVER_ERROR_BUSY, Status.SERVER_ERROR_TEMPORARY_ERROR, Status.SERVER_ERROR_NOT_ACCEPTING_JOBS}
)
_GONE = frozenset({Status.CLIENT_ERROR_NOT_FOUND, Status.CLIENT_ERROR_GONE})
_WITHOUT_STATE = 10
"""After this many answers without a job-state the job counts as done: the printer does not tell it."""

UNREACHABLE = ("connecting-to-device",)
_REASON = re.compile(r"[a-z][a-z0-9._-]{0,254}")
_MOST_REASONS = 10
_LONGEST_PAUSE = 60.0
_TIME_OUT = 60.0  # of a socket, for one piece


class _Busy(Exception):
    """The printer takes no job now."""


class _Uncertain(Exception):
    """A request was sent whole, and no answer came."""


class Other(Output, Protocol):
    """An output that is another printer."""

    def look(self) -> None:
        """Ask whether it is there and takes jobs. Raises OSError, HTTPError or OutputError if not."""


def forward_to(uri: str, connect: Callable[[], Client] | None = None) -> Other:
    """The output for a URI: ``ipp:``, ``ipps:``, ``http:``, ``https:``, ``socket://HOST[:9100]``, ``lpd://HOST/QUEUE``.

    connect: opens a client for one that is reached by IPP. Raises ValueError for any other URI.
    """
    scheme = uri.partition(":")[0].lower()
    if scheme == "socket":
        return AppSocket(uri)
    if scheme == "lpd":
        return LPD(uri)
    return Forward(uri, connect)


class Forward:
    """Another printer gets the job, and the job is done when it is done there.

    What that printer does not take is drawn as pages that it takes (`ippfast.convert`), copies included if it makes
    none.

    connect: opens a client, ``lambda: Client(uri)``. A printer that is busy or can't be reached is asked again, after
    pauses of `pause` to 60 seconds, until the job is canceled. The head of this file says what a broken connection or
    a killed server means for a job.
    """

    takes_passwords = True
    prepares = True

    def __init__(self, uri: str, connect: Callable[[], Client] | None = None, *, pause: float = 1.0) -> None:
        self._uri = uri
        self._connect = connect or (lambda: Client(uri))
        self._pause = pause
        self._connect().close()  # raises now if `uri` cannot be used

    def run(self, task: Task) -> None:
        """As `Output.run`."""
        noted, _, number = task.job.output.partition(" ")
        remote = int(number) if noted == "remote" else None
        uncertain = noted == "sending"
        for pause in _pauses(self._pause):
            try:
                with self._connect() as client:
                    if remote is None and uncertain:
                        remote = self._find(client, task)
                        uncertain = False
                        if remote is not None:
                            task.note(f"remote {remote}")
                    if remote is None:
                        remote = self._submit(client, task)
                        task.note(f"remote {remote}")
                    self._follow(client, task, remote)
                return
            except _Uncertain as error:
                uncertain = True
                task.report(
                    f"the printer gave no answer, so it is asked whether it has the job: {error}", waits=UNREACHABLE
                )
            except _Busy as busy:
                task.report(f"the printer takes no job now: {busy}", waits=UNREACHABLE)
            except (OSError, HTTPError) as error:
                task.report(f"the printer can't be reached: {error}", waits=UNREACHABLE)
            task.wait(pause)

    def look(self) -> None:
        """As `Other.look`."""
        wanted = {"requested-attributes": "printer-is-accepting-jobs"}
        message = request(Operation.GET_PRINTER_ATTRIBUTES, self._uri, operation_attributes=wanted)
        with self._connect() as client:
            answer = client.send(message)
        if not answer.succeeded:
            raise _Refused(f"the printer answered {answer.status}", answer.status)
        if any(first_of(group, "printer-is-accepting-jobs") is False for group in answer.groups):
            raise OutputError("the printer takes no jobs now")

    # One step each.

    def _submit(self, client: Client, task: Task) -> int:
        """Send the job. Returns its job-id on the printer."""
        job, documents = task.job, task.documents
        ticket = [each for each in template(job) if not each.name.startswith("job-hold-until")]
        with contextlib.ExitStack() as opened:
            printer = self._printer(client, job)
            if task.printer and text_of(printer, "printer-uuid") == task.printer:
                raise OutputError("the printer to forward to is this one itself: its jobs would wait for each other")
            if printer.get("client-info-supported") is not None:
                most = printer.get("max-client-info-supported")
                along = [client_info(task.printer, job.attributes, most)]
            else:
                along = []
            return self._send(client, task, fit(documents, ticket, printer, opened), can_wait(printer), along)

    def _printer(self, client: Client, job: Job) -> AttributeGroup:
        """The attributes of the printer; none if it does not tell them."""
        try:
            answer = self._ask(client, Operation.GET_PRINTER_ATTRIBUTES, job, {})
        except _Refused:
            answer = None
        groups = [] if answer is None else answer.groups_of(DelimiterTag.PRINTER)
        return groups[0] if groups else AttributeGroup(DelimiterTag.PRINTER)

    def _send(self, client: Client, task: Task, fitted: Fitted, can_wait: bool, along: Sequence[Attribute]) -> int:
        """Send the job: with its document, or before its documents if they are several or one may fail.

        along: operation attributes of the request that makes the job.
        """
        job, documents, ticket = task.job, fitted.documents, fitted.ticket
        named: dict[str, object] = {"job-name": Name(job.name), **{each.name: each for each in along}}
        if len(documents) == 1 and not (fitted.drawn and can_wait):
            document, format_, octets = documents[0]
            pieces = _Pieces(octets, task)
            about = {**named, **_about(document, format_)}
            return self._send_once(client, task, Operation.PRINT_JOB, about, ticket, pieces)
        remote = self._send_once(client, task, Operation.CREATE_JOB, named, ticket, None)
        task.note(f"remote {remote}")
        try:
            for place, (document, format_, octets) in enumerate(documents, 1):
                more = {"job-id": remote, **_about(document, format_), "last-document": place == len(documents)}
                self._ask(client, Operation.SEND_DOCUMENT, job, more, (), iter(_Pieces(octets, task)))
        except BaseException:
            # It has no documents, or some of them: nothing is printed before the last one, so it can be given up.
            with contextlib.suppress(OSError, HTTPError, OutputError, _Busy), self._connect() as other:
                self._ask(other, Operation.CANCEL_JOB, job, {"job-id": remote})
                task.note("")
            raise
        return remote

    def _send_once(
        self,
        client: Client,
        task: Task,
        operation: Operation,
        named: dict[str, object],
        ticket: Sequence[Attribute],
        pieces: "_Pieces | None",
    ) -> int:
        task.note("sending")
        try:
            answer = self._ask(client, operation, task.job, named, ticket, None if pieces is None else iter(pieces))
        except (OSError, HTTPError) as error:
            if isinstance(error, ConnectionRefusedError) or (pieces is not None and not pieces.ended):
                task.note("")  # the request can't have come whole: its end was never sent
                raise
            raise _Uncertain(error) from error
        except (_Busy, OutputError, Stopped):
            task.note("")
            raise
        remote = job_id_of(answer.groups_of(DelimiterTag.JOB)[0]) if _has_job(answer) else None
        if remote is None:
            task.note("")
            raise Held("the printer took the job and gave it no job-id, so it can't be followed")
        return remote

    def _find(self, client: Client, task: Task) -> int | None:
        """Look for the job on the printer after a request without an answer. None: it is not there, and may be sent."""
        wanted = {"requested-attributes": ["job-id", "job-name", "job-originating-user-name"]}
        found: set[int] = set()
        for which in ("not-completed", "completed"):
            try:
                answer = self._ask(client, Operation.GET_JOBS, task.job, {**wanted, "which-jobs": which})
            except OutputError as error:
                task.note("")
                raise Held(f"it is unknown whether the printer has the job: {error.reason}") from error
            for group in answer.groups:
                if group.tag == DelimiterTag.JOB and (text_of(group, "job-name") or "") == task.job.name:
                    user, number = text_of(group, "job-originating-user-name"), job_id_of(group)
                    if user in (task.job.user, "", None) and number is not None:
                        found.add(number)
        if len(found) > 1:
            task.note("")
            raise Held(f"the printer has {len(found)} jobs of this name: it is unknown which of them is this job")
        return found.pop() if found else None

    def _follow(self, client: Client, task: Task, remote: int) -> None:
        """Wait until the printer has done the job."""
        pause, without_state = 0.1, 0
        wanted = {
            "job-id": remote,
            "requested-attributes": [
                "job-state",
                "job-state-reasons",
                "job-state-message",
                "job-printer-state-message",
                "job-impressions-completed",
                "job-media-sheets-completed",
            ],
        }
        try:
            while True:
                try:
                    answer = self._ask(client, Operation.GET_JOB_ATTRIBUTES, task.job, wanted)
                except _Refused as error:
                    if error.status in _GONE:  # it has forgotten the job, as printers do with those that are done
                        return
                    task.report(f"the printer has the job, but does not tell its state: {error.reason}")
                except (_Busy, OSError, HTTPError) as error:
                    task.report(
                        f"the printer has the job, but can't be asked for its state: {error}", waits=UNREACHABLE
                    )
                    if not isinstance(error, _Busy):
                        raise
                else:
                    group = answer.groups_of(DelimiterTag.JOB)[0] if _has_job(answer) else None
                    state = None if group is None else int_of(group, "job-state")
                    without_state = without_state + 1 if state is None else 0
                    if group is not None:
                        _tell_progress(task, group)
                    if state == JobState.COMPLETED or without_state == _WITHOUT_STATE:
                        return
                    if state in (JobState.CANCELED, JobState.ABORTED):
                        why = None if group is None else text_of(group, "job-state-message")
                        ended = JobState.coerce(state)
                        raise OutputError(f"the printer has {ended} the job{f': {why}' if why else ''}"[:255])
                    stopped = () if state == JobState.PROCESSING else self._stopped(client, task)
                    if state == JobState.PROCESSING_STOPPED:
                        stopped = stopped or ("stopped-partly",)
                    task.report("the printer has stopped" if stopped else "the printer has the job", waits=stopped)
                task.wait(pause)
                pause = min(pause * 1.5, 5.0)
        except Stopped:
            if task.canceled():  # otherwise the server ends, and goes on with the job later
                with contextlib.suppress(OSError, HTTPError, OutputError, _Busy):
                    self._ask(client, Operation.CANCEL_JOB, task.job, {"job-id": remote})
                task.note("")
            raise

    def _stopped(self, client: Client, task: Task) -> tuple[str, ...]:
        """The printer-state-reasons of a printer that has stopped; empty: it has not, or does not tell."""
        wanted: dict[str, object] = {"requested-attributes": ["printer-state", "printer-state-reasons"]}
        try:
            answer = self._ask(client, Operation.GET_PRINTER_ATTRIBUTES, task.job, wanted)
        except (_Busy, _Refused):
            return ()
        for group in answer.groups_of(DelimiterTag.PRINTER):
            if int_of(group, "printer-state") == PrinterState.STOPPED:
                given = group.get("printer-state-reasons")
                found = [str(each) for each in given.values] if given is not None else []
                sound = [each for each in found if each != "none" and _REASON.fullmatch(each)]
                return tuple(sound[:_MOST_REASONS]) or ("paused",)
        return ()

    def _ask(
        self,
        client: Client,
        operation: Operation,
        job: Job,
        attributes: dict[str, object],
        ticket: Sequence[Attribute] = (),
        document: "Iterator[bytes] | None" = None,
    ) -> Message:
        named = {"printer-uri": self._uri, "requesting-user-name": Name(job.user), **attributes}
        message = request(operation, operation_attributes=named)
        if operation in (Operation.PRINT_JOB, Operation.CREATE_JOB):
            message.groups[0].extend(each for each in job.attributes if each.name in _ALONG)
        if ticket:
            message.groups.append(AttributeGroup(DelimiterTag.JOB, list(ticket)))
        answer = client.send(message, document)
        if answer.status in _BUSY:
            raise _Busy(str(answer.status))
        if not answer.succeeded:
            raise _Refused(f"the printer answered {answer.status} to {operation}", answer.status)
        return answer


class _Refused(OutputError):
    """The printer refused a request. status: its status-code."""

    def __init__(self, reason: str, status: int | None) -> None:
        super().__init__(reason)
        self.status = status


def _tell_progress(task: Task, group: AttributeGroup) -> None:
    """Report the progress that the printer tells of the job."""
    impressions = int_of(group, "job-impressions-completed")
    sheets = int_of(group, "job-media-sheets-completed")
    if impressions is not None and impressions > 0:
        task.progress(impressions, sheets if sheets is not None and sheets > 0 else None)


class _Pieces:
    """The octets of a document. ended: whether all were given out, so that the end of the request was sent as well."""

    def __init__(self, octets: Callable[[], Iterator[bytes]], task: Task) -> None:
        self._octets = octets
        self._task = task
        self.ended = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._octets():
            if self._task.should_stop():
                raise Stopped
            yield piece
        self.ended = True


def _pauses(first: float) -> Iterator[float]:
    """The pauses between attempts in seconds: each is twice as long as the one before, up to a minute."""
    return itertools.chain(
        itertools.takewhile(lambda pause: pause < _LONGEST_PAUSE, (first * 2**number for number in itertools.count())),
        itertools.repeat(_LONGEST_PAUSE),
    )


def _about(document: Document, format_: str) -> dict[str, object]:
    named = {"document-name": Name(document.name)} if document.name else {}
    return {"document-format": format_, **named}


def _has_job(answer: Message) -> bool:
    return bool(answer.groups_of(DelimiterTag.JOB))


# ---- Printers without IPP ----


class _Raw:
    """The base of outputs that send octets over a connection and learn nothing of the job.

    Once some octets of a document are sent, the printer may have printed pages. If the connection breaks then, the
    job is held.
    """

    port: int

    def __init__(self, uri: str, *, pause: float = 1.0) -> None:
        parts = urlsplit(uri)
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError(f"{uri!r} is not {self._form}")
        self._host = parts.hostname
        self._port = parts.port or self.port
        self._path = unquote(parts.path.strip("/"))
        self._pause = pause

    _form = ""

    def run(self, task: Task) -> None:
        """As `Output.run`."""
        if task.job.output:
            task.note("")
            raise Held("the server ended while it sent the job: it is unknown how much of it was printed")
        for pause in _pauses(self._pause):
            try:
                connection = socket.create_connection((self._host, self._port), _TIME_OUT)
            except OSError as error:
                task.report(f"the printer can't be reached: {error}", waits=UNREACHABLE)
            else:
                with connection:
                    self._print(connection, task)
                return
            task.wait(pause)

    def look(self) -> None:
        """As `Other.look`: whether it can be connected to; it says nothing of jobs."""
        socket.create_connection((self._host, self._port), _TIME_OUT).close()

    def _print(self, connection: socket.socket, task: Task) -> None:
        task.note("sending")
        try:
            self._send(connection, task)
        except Stopped:
            task.note("")
            raise
        except OSError as error:
            task.note("")
            raise Held(
                f"the connection to the printer broke, and it is unknown how much was printed: {error}"
            ) from error

    def _send(self, connection: socket.socket, task: Task) -> None:
        raise NotImplementedError


class AppSocket(_Raw):
    """Sends the octets of each document as they are to a port of the printer: ``socket://HOST[:9100]``.

    It says nothing of the job, so the job is done once the printer has taken all octets and closed the connection.
    """

    port = 9100
    _form = "socket://HOST or socket://HOST:PORT"

    def _send(self, connection: socket.socket, task: Task) -> None:
        for _, path in task.documents:
            for piece in _Pieces(octets_of(path), task):
                connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_TIME_OUT)
        with contextlib.suppress(TimeoutError):  # some printers keep the connection open
            while connection.recv(4_096):
                pass


class LPD(_Raw):
    """Sends the job by the Line Printer Daemon Protocol (RFC 1179): ``lpd://HOST/QUEUE``."""

    port = 515
    _form = "lpd://HOST/QUEUE"
    _numbers = itertools.count(os.getpid())

    def __init__(self, uri: str, *, pause: float = 1.0) -> None:
        super().__init__(uri, pause=pause)
        if not self._path or not self._path.isprintable() or " " in self._path:
            raise ValueError(f"{uri!r} is not {self._form}")

    def _send(self, connection: socket.socket, task: Task) -> None:
        """RFC 1179 section 5.2, and 6.1 and 6.2 for the two files."""
        _line(connection, b"\x02" + self._path.encode())
        job, host = task.job, socket.gethostname().split(".")[0][:31]
        number = f"{next(self._numbers) % 1_000:03}{host}"
        user = "".join(c for c in job.user if c.isalnum() and c.isascii())[:31] or getpass.getuser()
        control = [f"H{host}", f"P{user}", f"J{_plain_name(job.name)[:99]}"]
        for place, (document, path) in enumerate(task.documents):
            file = f"df{chr(ord('A') + place % 26)}{number}"
            size = path.stat().st_size
            _line(connection, b"\x03%d %s" % (size, file.encode()))
            for piece in _Pieces(octets_of(path), task):
                connection.sendall(piece)
            _acknowledged(connection, b"\x00")
            control += [f"l{file}", f"U{file}", f"N{_plain_name(file_name(job, document))[:131]}"]
        octets = "".join(f"{line}\n" for line in control).encode("ascii", "replace")
        _line(connection, b"\x02%d cfA%s" % (len(octets), number.encode()))
        _acknowledged(connection, octets + b"\x00")


def _line(connection: socket.socket, command: bytes) -> None:
    _acknowledged(connection, command + b"\n")


def _acknowledged(connection: socket.socket, octets: bytes) -> None:
    """Send octets, which the daemon acknowledges with a zero. Raises OSError if it does not."""
    connection.sendall(octets)
    answer = connection.recv(1)
    if answer != b"\0":
        raise ConnectionError(f"the printer answered {answer!r} instead of a zero octet")


def _plain_name(name: str) -> str:
    return "".join(c if c.isprintable() and c.isascii() else "_" for c in name)
