"""Where completed jobs go: they stay in the spool, or a directory, a command or another printer takes them.

The rule of this file: an output returns once the job is done with, and raises where it is not; it looks at
``task.should_stop()`` whenever it waits. No name that a client gave becomes a path or a command as it stands, and
nothing is given to a shell.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ippfast.codec import Attribute, AttributeGroup, Message
from ippfast.enums import JobState, Operation, Status
from ippfast.http.client import Client
from ippfast.http.errors import HTTPError
from ippfast.requests import request
from ippfast.tags import DelimiterTag
from ippfast.wrappers import Name

from .documents import sync_directory
from .store import Document, Job
from .template import TEMPLATE

__all__ = ["Command", "Directory", "Forward", "Keep", "Output", "OutputError", "Stopped", "Task", "safe_name"]

_TICK = 0.1
_EXTENSIONS = {
    "application/pdf": "pdf",
    "application/postscript": "ps",
    "application/oxps": "oxps",
    "application/vnd.hp-pcl": "pcl",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/pwg-raster": "pwg",
    "image/tiff": "tif",
    "image/urf": "urf",
    "text/plain": "txt",
}


class OutputError(Exception):
    """The job could not be printed. reason: for the job-state-message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stopped(Exception):
    """The task was stopped before it was done."""


@dataclass(frozen=True, slots=True)
class Task:
    """A job to be output. documents: each with where it lies. report: sets the job-state-message.
    should_stop: whether it is to end: the job was canceled, or the server ends."""

    job: Job
    documents: Sequence[tuple[Document, Path]]
    should_stop: Callable[[], bool]
    report: Callable[[str], None]

    def wait(self, seconds: float) -> None:
        """Wait; raises Stopped where the task is to end."""
        end = time.monotonic() + seconds
        while not self.should_stop():
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(_TICK, left))
        raise Stopped


class Output(Protocol):
    """Takes jobs, one after the other."""

    def run(self, task: Task) -> None:
        """Output a job. Raises OutputError where that fails for good, and Stopped."""


def safe_name(name: str, limit: int = 64) -> str:
    """A file name made of a string that a client gave: letters, digits, '-', '_' and '.', none of them leading."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name.replace("\\", "/").rpartition("/")[2])
    return plain.lstrip("._-")[:limit]


def file_name(job: Job, document: Document) -> str:
    """The name of a document outside the spool: ``17-1-report.pdf``. The numbers make it unique."""
    name = safe_name(document.name or job.name) or "document"
    extension = _EXTENSIONS.get(document.format, "bin")
    if not name.lower().endswith(f".{extension}"):
        name = f"{name}.{extension}"
    return f"{job.id}-{document.number}-{name}"


class Keep:
    """The documents stay in the spool until the job is forgotten."""

    def run(self, task: Task) -> None:
        """As `Output.run`."""


class Directory:
    """Each document becomes a file in a directory, which appears there whole (see `file_name`).

    Where that is on the spool's file system it is another link to the spool's file, and takes no room: whoever changes
    it instead of replacing it changes what a restarted job prints.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def run(self, task: Task) -> None:
        """As `Output.run`."""
        for document, path in task.documents:
            target = self._directory / file_name(task.job, document)
            part = target.with_name(f".{target.name}.part")
            try:
                part.unlink(missing_ok=True)
                try:
                    os.link(path, part)
                except OSError:  # another file system
                    shutil.copyfile(path, part)
                    descriptor = os.open(part, os.O_RDONLY)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)
                part.replace(target)
                part.unlink(missing_ok=True)  # rename(2) leaves it where both are links to one file
            except OSError as error:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
                raise OutputError(f"the document can't be written to the directory: {error.strerror}") from error
            if task.should_stop():
                raise Stopped
        sync_directory(self._directory)


class Command:
    """A command gets each document on its standard input; with status 0 it has printed it.

    command: split as a shell would split it, but run without one. Its environment tells CONTENT_TYPE, IPP_JOB_ID,
    IPP_DOCUMENT_NUMBER, IPP_DOCUMENT_FILE, IPP_DOCUMENT_NAME, IPP_JOB_NAME, IPP_JOB_ORIGINATING_USER_NAME, and each
    Job Template attribute, such as IPP_COPIES. Values have no controls, and multiple values commas between them.

    What a killed server left running is ended before the command is run again.
    """

    def __init__(self, command: str | Sequence[str], *, grace: float = 5.0) -> None:
        self._command = shlex.split(command) if isinstance(command, str) else list(command)
        if not self._command:
            raise ValueError("the command is empty")
        if shutil.which(self._command[0]) is None:
            raise ValueError(f"there is no command {self._command[0]!r}")
        self._grace = grace

    def run(self, task: Task) -> None:
        """As `Output.run`."""
        for document, path in task.documents:
            note = path.parent.parent / "command"
            _end_noted(note)
            with path.open("rb") as file:
                try:
                    process = subprocess.Popen(
                        self._command,
                        stdin=file,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.PIPE,
                        env={**os.environ, **_environment(task.job, document, path)},
                        start_new_session=True,
                    )
                except OSError as error:
                    raise OutputError(f"the command can't be run: {error.strerror}") from error
            with process:
                note.write_text(f"{process.pid} {_began(process.pid)}", encoding="ascii")
                said = self._follow(process, task)
            note.unlink(missing_ok=True)
            if process.returncode:
                how = f"status {process.returncode}" if process.returncode > 0 else f"signal {-process.returncode}"
                raise OutputError(f"the command ended with {how}{said}")

    def _follow(self, process: "subprocess.Popen[bytes]", task: Task) -> str:
        """Wait until it ends, or end it. Returns the last line of what it said."""
        assert process.stderr is not None
        descriptor = process.stderr.fileno()
        os.set_blocking(descriptor, False)
        said = b""
        ended = False
        while True:
            with contextlib.suppress(BlockingIOError):
                while piece := os.read(descriptor, 65_536):
                    said = (said + piece)[-1_024:]
            if ended:
                break
            ended = process.poll() is not None  # what it said last is still to be read
            if ended:
                continue
            if task.should_stop():
                self._end(process)
                raise Stopped
            time.sleep(_TICK / 5)
        lines = _plain(said.decode("utf-8", "replace")).split("  ")
        return f": {lines[-1]}" if lines[-1] else ""

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        for kind, seconds in ((signal.SIGTERM, self._grace), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                break
        with contextlib.suppress(ProcessLookupError):  # what it began may have outlived it
            os.killpg(process.pid, signal.SIGKILL)


def _began(process: int) -> str:
    """When a process began, in ticks, as Linux tells it; nothing elsewhere, or where it has gone."""
    try:
        return (
            Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
        )
    except OSError:
        return ""


def _end_noted(note: Path) -> None:
    """End the command that a killed server had begun: the process with that number, if it began then."""
    try:
        number, began = note.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return
    if _began(int(number)) == began:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(number), signal.SIGKILL)
    note.unlink(missing_ok=True)


def _environment(job: Job, document: Document, path: Path) -> dict[str, str]:
    found = {
        "CONTENT_TYPE": document.format,
        "IPP_JOB_ID": str(job.id),
        "IPP_DOCUMENT_NUMBER": str(document.number),
        "IPP_DOCUMENT_FILE": str(path),
        "IPP_DOCUMENT_NAME": _plain(document.name),
        "IPP_JOB_NAME": _plain(job.name),
        "IPP_JOB_ORIGINATING_USER_NAME": _plain(job.user),
    }
    for attribute in _template(job):
        name = re.sub("[^A-Z0-9]", "_", attribute.name.upper())
        found.setdefault(f"IPP_{name}", _plain(",".join(map(str, attribute.values)))[:4_096])
    return found


def _template(job: Job) -> list[Attribute]:
    """The Job Template attributes of a job, without what else the client said with it, such as a password."""
    return [each for each in job.attributes if each.name in TEMPLATE]


def _plain(text: str) -> str:
    """Text without controls and what else does not print."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


class Forward:
    """Another printer gets the job, and the job is done when it is done there.

    connect: opens a client, ``lambda: Client(uri)``. A printer that is busy or can't be reached is asked again, after
    pauses of `pause` to 60 seconds, until the job is canceled.
    """

    def __init__(self, uri: str, connect: Callable[[], Client] | None = None, *, pause: float = 1.0) -> None:
        self._uri = uri
        self._connect = connect or (lambda: Client(uri))
        self._pause = pause
        self._connect().close()  # a URI that is none is found out now

    def run(self, task: Task) -> None:
        """As `Output.run`."""
        pause = self._pause
        while True:
            try:
                with self._connect() as client:
                    self._run(client, task)
                return
            except _Busy as busy:
                task.report(f"the printer takes no job now: {busy}")
            except (OSError, HTTPError) as error:
                task.report(f"the printer can't be reached: {error}")
            task.wait(pause)
            pause = min(pause * 2, 60.0)

    def _run(self, client: Client, task: Task) -> None:
        job, documents = task.job, task.documents
        ticket = [each for each in _template(job) if not each.name.startswith("job-hold-until")]
        named: dict[str, object] = {"job-name": Name(job.name)}
        if len(documents) == 1:
            document, path = documents[0]
            answer = self._ask(
                client, Operation.PRINT_JOB, job, {**named, **_about(document)}, ticket, _pieces(path, task)
            )
            remote = _job_id(answer)
        else:
            remote = _job_id(self._ask(client, Operation.CREATE_JOB, job, named, ticket))
            for place, (document, path) in enumerate(documents, 1):
                more = {"job-id": remote, **_about(document), "last-document": place == len(documents)}
                self._ask(client, Operation.SEND_DOCUMENT, job, more, (), _pieces(path, task))
        self._follow(client, task, remote)

    def _follow(self, client: Client, task: Task, remote: int) -> None:
        """Wait until the printer has done the job."""
        pause = 0.1
        try:
            while True:
                wanted = {"job-id": remote, "requested-attributes": ["job-state", "job-state-message"]}
                try:
                    answer = self._ask(client, Operation.GET_JOB_ATTRIBUTES, task.job, wanted)
                except OutputError:  # the printer has forgotten it already
                    return
                state = answer.job["job-state"].values[0]
                message = answer.job.get("job-state-message")
                if state == JobState.COMPLETED:
                    return
                if state in (JobState.CANCELED, JobState.ABORTED):
                    why = "" if message is None else f": {message.values[0]}"
                    raise OutputError(f"the printer has {JobState.coerce(state)} the job{why}"[:255])  # type: ignore[arg-type]
                task.report("the printer has the job")
                task.wait(pause)
                pause = min(pause * 1.5, 5.0)
        except Stopped:
            with contextlib.suppress(OSError, HTTPError, OutputError, _Busy):
                self._ask(client, Operation.CANCEL_JOB, task.job, {"job-id": remote})
            raise

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
        if ticket:
            message.groups.append(AttributeGroup(DelimiterTag.JOB, list(ticket)))
        answer = client.send(message, document)
        status = answer.status
        if status in (
            Status.SERVER_ERROR_BUSY,
            Status.SERVER_ERROR_TEMPORARY_ERROR,
            Status.SERVER_ERROR_NOT_ACCEPTING_JOBS,
        ):
            raise _Busy(str(status))
        if answer.code >= 0x0100:
            raise OutputError(f"the printer answered {status} to {operation}")
        return answer


class _Busy(Exception):
    """The printer takes no job now."""


def _about(document: Document) -> dict[str, object]:
    named = {"document-name": Name(document.name)} if document.name else {}
    return {"document-format": document.format, **named}


def _job_id(answer: Message) -> int:
    value = answer.job.value("job-id", 0)
    if not isinstance(value, int) or value < 1:
        raise OutputError("the printer gave the job no job-id")
    return value


def _pieces(path: Path, task: Task) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(262_144):
            if task.should_stop():
                raise Stopped
            yield piece
