"""Where jobs go: they stay in the spool, or a directory or a command takes them (`forwarding`: a printer).

The rule of this file: an output returns once the job is output, and raises if it can't be; it looks at
``task.should_stop()`` whenever it waits. No name that a client gave becomes a path or a command as it stands, and
nothing is given to a shell.
"""

import contextlib
import errno
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ippfast.codec import Attribute

from .access import told_user
from .storage.files import sync_directory
from .storage.rows import Document, Job
from .template import as_printed, is_template

__all__ = [
    "Command",
    "Directory",
    "Held",
    "Keep",
    "Output",
    "OutputError",
    "Stopped",
    "Task",
    "file_name",
    "safe_name",
    "template",
]

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


class Held(Exception):
    """It is unknown whether the job was printed. It is held until a user releases or cancels it.

    reason: for the job-state-message.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stopped(Exception):
    """The task was stopped before it was done."""


class Progress(Protocol):
    """See `Task`."""

    def __call__(self, impressions: int, sheets: int | None = None) -> None: ...


def _untold(impressions: int, sheets: int | None = None) -> None:
    """Ignores the progress."""


class Report(Protocol):
    """See `Task`."""

    def __call__(self, message: str, *, waits: Sequence[str] = ()) -> None: ...


@dataclass(frozen=True, slots=True)
class Task:
    """A job to be output. documents: each with the path of its file.

    report(message, waits=...): sets the job-state-message; waits: why the device takes nothing now, in keywords of
    printer-state-reasons; the job is processing-stopped then. note: keeps a word in the store, which is ``job.output``
    in the next attempt. should_stop: whether it must end, since the job was canceled or suspended, or the server ends;
    canceled: whether it must end for another reason than the server's end. scratch: a directory. progress(impressions,
    sheets): how much of the job is done so far, of all copies; without sheets they follow from its sides. It may be
    called at any rate. printer: the printer-uuid of the printer whose job it is.
    """

    job: Job
    documents: Sequence[tuple[Document, Path]]
    should_stop: Callable[[], bool]
    canceled: Callable[[], bool]
    report: "Report"
    note: Callable[[str], None]
    scratch: Path
    progress: Progress = _untold
    printer: str = ""

    def wait(self, seconds: float) -> None:
        """Wait; raises Stopped if the task is to end."""
        end = time.monotonic() + seconds
        while not self.should_stop():
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(_TICK, left))
        raise Stopped


class Output(Protocol):
    """Takes jobs, one after the other.

    If its attribute `prepares` is true, it goes through all documents before it outputs any of them; otherwise it has
    output a document when it takes the next. If `takes_passwords` is true, it passes job-password on to a device that
    holds the job until the password is entered; otherwise the printer's description must not have
    job-password-supported.
    """

    def run(self, task: Task) -> None:
        """Output a job. Raises OutputError if that fails for good, Held, and Stopped."""


def safe_name(name: str, limit: int = 64) -> str:
    """A file name made of a string that a client gave: letters and digits of any script, '-', '_' and '.'.

    It begins with a letter or digit, and has at most `limit` octets.
    """
    plain = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2])
    return plain.lstrip("._-").encode("utf-8", "ignore")[:limit].decode("utf-8", "ignore")


def file_name(job: Job, document: Document) -> str:
    """The name of a document outside the spool: ``17-1-report.pdf``. The numbers make it unique."""
    name = safe_name(document.name or job.name) or "document"
    extension = _EXTENSIONS.get(document.format.partition(";")[0], "bin")
    if not name.lower().endswith(f".{extension}"):
        name = f"{name}.{extension}"
    return f"{job.id}-{document.number}-{name}"


class Keep:
    """The documents stay in the spool until the job is forgotten."""

    def run(self, task: Task) -> None:
        """As `Output.run`."""


class Directory:
    """Each document becomes a file in a directory, which appears there whole (see `file_name`).

    If the directory is on the spool's file system, the file is a link to the spool's, and takes no room: if it is
    changed in place, a restarted job prints the change.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def run(self, task: Task) -> None:
        """As `Output.run`."""
        for document, path in task.documents:
            target = self._directory / file_name(task.job, document)
            try:
                _put(path, target)
            except OSError as error:
                raise OutputError(f"the document can't be written to the directory: {error.strerror}") from error
            if task.should_stop():
                raise Stopped
        sync_directory(self._directory)


def _put(path: Path, target: Path) -> None:
    """Link or copy a file to `target`, which is whole as soon as it is there. What an earlier attempt left there is
    replaced."""
    if _linked(path, target):
        return
    part = target.with_name(f".{secrets.token_hex(8)}.part")  # a name that can't be guessed
    try:
        _copy(path, part)
        part.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _linked(path: Path, target: Path) -> bool:
    """Link to a file, if the file system can. Then a killed server leaves no temporary file."""
    if path.stat().st_dev != target.parent.stat().st_dev:
        return False
    try:
        try:
            os.link(path, target)
        except FileExistsError:
            target.unlink(missing_ok=True)
            os.link(path, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM):
            raise
        return False
    return True


def _copy(path: Path, part: Path) -> None:
    """Copy a file, and wait until the copy is on the disk, for a file system that cannot link to it."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
    with path.open("rb") as source, os.fdopen(os.open(part, flags, 0o600), "wb") as copy:
        shutil.copyfileobj(source, copy, 1_048_576)
        copy.flush()
        os.fsync(copy.fileno())


class Command:
    """A command gets each document on its standard input; if it ends with status 0, the document is printed.

    command: split as a shell would split it, but run without one. Its environment has CONTENT_TYPE, IPP_JOB_ID,
    IPP_DOCUMENT_NUMBER, IPP_DOCUMENT_FILE, IPP_DOCUMENT_NAME, IPP_JOB_NAME, IPP_JOB_ORIGINATING_USER_NAME, and each Job
    Template attribute, such as IPP_COPIES. Values have no control characters, and several values have commas between
    them. The rest is the server's environment, without what may be the server's credentials: the variables that begin
    with IPPFAST_, and those of the database and the object store (PGPASSWORD, AWS_SECRET_ACCESS_KEY and the like).

    A command that a killed server left running is ended before the command is run again.
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
            note = task.scratch / "command"
            _end_noted(note)
            with path.open("rb") as file:
                try:
                    process = subprocess.Popen(
                        self._command,
                        stdin=file,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.PIPE,
                        env={**_without_ours(os.environ), **_environment(task.job, document, path)},
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
        with contextlib.suppress(ProcessLookupError):  # processes that it started may still run
            os.killpg(process.pid, signal.SIGKILL)


def _began(process: int) -> str:
    """When a process began, in ticks, as Linux tells it; nothing elsewhere, or if it has gone."""
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


_OURS = ("IPPFAST_", "PGPASS", "AWS_ACCESS_KEY", "AWS_SECRET", "AWS_SESSION_TOKEN")
"""The beginnings of the names of variables that may hold the server's credentials."""


def _without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(_OURS)}


def _environment(job: Job, document: Document, path: Path) -> dict[str, str]:
    found = {
        "CONTENT_TYPE": document.format,
        "IPP_JOB_ID": str(job.id),
        "IPP_DOCUMENT_NUMBER": str(document.number),
        "IPP_DOCUMENT_FILE": str(path),
        "IPP_DOCUMENT_NAME": _plain(document.name),
        "IPP_JOB_NAME": _plain(job.name),
        "IPP_JOB_ORIGINATING_USER_NAME": _plain(told_user(job.user)),
    }
    for attribute in template(job):
        name = re.sub("[^A-Z0-9]", "_", attribute.name.upper())
        found.setdefault(f"IPP_{name}", _plain(",".join(map(str, attribute.values)))[:4_096])
    return found


def template(job: Job) -> list[Attribute]:
    """The Job Template attributes of a job, without the client's other attributes, such as a password."""
    return [each for each in as_printed(job.attributes) if is_template(each.name)]


def _plain(text: str) -> str:
    """Text with spaces for characters that do not print."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
