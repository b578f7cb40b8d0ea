"""A printer of `ippfast.printer` on loopback, and a client that asks it: what the tests of the printer share.

The rule of this file: a test waits for states, never for time, and everything goes through a real socket.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ippfast import Message, Name, Operation, request
from ippfast.enums import JobState, Status
from ippfast.http import Client, HTTPLimits, Server
from ippfast.printer import Access, Address, PrinterLimits, SpoolPrinter
from ippfast.printer.outputs import Stopped, Task
from ippfast.printer.storage.seam import Storage
from ippfast.printer.storage.sqlite import SQLiteStorage

__all__ = ["DOCUMENT", "SECONDS", "Desk", "Gate", "printing"]

DOCUMENT = b"%PDF-1.4\n" + bytes(range(256)) * 40
SECONDS = 90.0


class Gate:
    """An output that holds each job until it is opened, and keeps what it was given."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun = threading.Event()
        self.documents: list[list[bytes]] = []

    def run(self, task: Task) -> None:
        self.begun.set()
        while not self.open.wait(0.01):
            if task.should_stop():
                raise Stopped
        self.documents.append([path.read_bytes() for _, path in task.documents])


class Desk:
    """A client of one printer."""

    def __init__(self, printer: SpoolPrinter, server: Server, client: Client) -> None:
        self.printer = printer
        self.server = server
        self.client = client
        self.uri = f"ipp://localhost:{server.port}/ipp/print"

    def ask(
        self,
        operation: Operation,
        document: bytes | Path | None = None,
        *,
        job: Any = None,
        user: str | Name = "alice",
        groups: dict[str, Any] | None = None,
        **attributes: Any,
    ) -> Message:
        """Send a request; the operation attributes are named as the arguments of `ippfast.operations`."""
        given = {name.replace("_", "-"): value for name, value in attributes.items()}
        given |= {"printer-uri": self.uri, "requesting-user-name": user}
        message = request(operation, operation_attributes=given, job=job, **(groups or {}))
        return self.client.send(message, document)

    def print(self, document: bytes = DOCUMENT, **options: Any) -> int:
        """Print-Job, which must succeed. Returns the job-id."""
        answer = self.ask(Operation.PRINT_JOB, document, **options)
        assert answer.status is Status.SUCCESSFUL_OK, answer
        job_id: int = answer.job["job-id"].value
        return job_id

    def job(self, job_id: int, user: str = "alice") -> dict[str, Any]:
        """A job's attributes: values, or lists of several."""
        answer = self.ask(Operation.GET_JOB_ATTRIBUTES, job_id=job_id, user=user)
        assert answer.status is Status.SUCCESSFUL_OK, answer
        return {each.name: each.value if len(each.values) == 1 else list(each.values) for each in answer.job}

    def files(self) -> list[Path]:
        """The files of the documents that are kept in files."""
        assert isinstance(self.printer.storage, SQLiteStorage)
        return sorted((self.printer.storage.directory / "documents").iterdir())

    def state(self, job_id: int) -> JobState:
        """The job's state."""
        return JobState(self.job(job_id)["job-state"])

    def wait(self, job_id: int, *states: JobState) -> dict[str, Any]:
        """Wait until the job has one of these states, or has ended. Its attributes then."""
        wanted = states or (JobState.COMPLETED, JobState.ABORTED, JobState.CANCELED)
        end = time.monotonic() + SECONDS
        while (job := self.job(job_id))["job-state"] not in wanted:
            assert time.monotonic() < end, job
            time.sleep(0.01)
        return job


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def _group(kind: type, options: dict[str, Any]) -> Any:
    """The options of a printer that belong together; the rest is left."""
    return kind(**{name: options.pop(name) for name in kind.__dataclass_fields__ if name in options})  # type: ignore[attr-defined]


@contextlib.contextmanager
def printing(directory: Path | Storage, *, limits: HTTPLimits | None = None, **options: Any) -> Iterator[Desk]:
    """A printer, a server and a client. options: of `SpoolPrinter`, and of its groups."""
    groups = {
        "access": _group(Access, options),
        "address": _group(Address, options),
        "limits": _group(PrinterLimits, options),
    }
    with (
        SpoolPrinter(directory, **groups, **options) as printer,
        Server(printer, port=0, limits=limits) as server,
        Client(f"ipp://localhost:{server.port}/ipp/print") as client,
    ):
        yield Desk(printer, server, client)
