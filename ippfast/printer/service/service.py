"""The service: `PrintService`, which is the handler that a server calls.

The rule of this file: it finds out which printer a request is for, writes the target as that printer knows it, and
passes the request on. Printers carry out their requests themselves; requests about all printers are in `system` and
`cups`.
"""

import functools
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from weakref import WeakSet

from ippfast.codec import Attribute, Message
from ippfast.enums import JobState, Operation, Status
from ippfast.http.incoming import IncomingRequest, Parts, Reply
from ippfast.tags import DelimiterTag, ValueTag

from .. import told_printers
from ..calls import OPERATIONS
from ..errors import OperationError, explained
from ..fetching import Fetcher
from ..forwarding import forward_to
from ..options import Access, Address, PrinterLimits
from ..outputs import Command, Directory, Keep, Output
from ..printer import SpoolPrinter
from ..simulating import Simulated
from ..storage.places import AnyPlace, opened
from ..storage.seam import StorageError
from .allocations import Allocations
from .cups import CUPS
from .queues import Queues, QueueSpec
from .system import System
from .table import OF_PRINTERS
from .templates import fill
from .work import FOR_REVIEW, GONE, Working

__all__ = ["PrintService", "output_of"]

_log = logging.getLogger("ippfast.printer")

_AS_CUPS = "/printers/"
_PRINTERS = ("/ipp/print/", _AS_CUPS)  # CUPS' commands ask for the second, whatever the first is
_ROOTS = ("", "/", "/ipp", "/ipp/print", "/jobs", "/printers")
_SYSTEM = "/ipp/system"


def output_of(spec: QueueSpec) -> Output:
    """Where the jobs of a printer go. Raises ValueError and OSError for what cannot be used."""
    output = _destination(spec)
    return Simulated(spec.simulate, output=output, consume=spec.consume) if spec.simulate else output


def _destination(spec: QueueSpec) -> Output:
    if "spool" in spec.output:
        return Directory(Path(spec.output["spool"]))
    if "command" in spec.output:
        return Command(spec.output["command"])
    return forward_to(spec.output["forward"]) if "forward" in spec.output else Keep()


class PrintService:
    """Many printers: a handler for `ippfast.http.Server` and its kind.

        queues = [QueueSpec(name="hall"), QueueSpec(name="office", output={"spool": "printed"})]
        with PrintService("state", queues=queues) as service, Server(service) as server:
            ...

    A printer NAME is at ``/ipp/print/NAME``, the System object (PWG 5100.22) at ``/ipp/system``; CUPS' commands find
    all of it too (``lpstat -h HOST:PORT -p``).

    storage: as for `SpoolPrinter`. queues: the printers in addition to those that Create-Printer made; None:
    those that the storage has. output: makes the output of a printer. workers: how many jobs are processed at a time by
    this process, of different printers; 0: other processes do that. access, limits, fetcher: as for `SpoolPrinter`, for
    each printer; but waiters and user_waiters count for all together. schemes: those that the server serves. shared:
    other processes serve the same storage.

    Raises QueueError and DescriptionError for printers that cannot be made, StorageError, and OSError.
    """

    def __init__(
        self,
        storage: AnyPlace,
        *,
        queues: Iterable[QueueSpec] | None = None,
        output: Callable[[QueueSpec], Output] = output_of,
        description: Mapping[str, object] | None = None,
        access: Access | None = None,
        limits: PrinterLimits | None = None,
        fetcher: Fetcher | None = None,
        schemes: tuple[str, ...] = ("ipp",),
        workers: int = 4,
        shared: bool = False,
    ) -> None:
        self.storage, self._owns_storage = opened(storage)
        self._lock = threading.Lock()
        self._printers: dict[str, SpoolPrinter] = {}
        self._specs: dict[str, QueueSpec] = {}
        self._replaced: WeakSet[SpoolPrinter] = WeakSet()  # alive while they process their last job
        self._output = output
        self._description = dict(description or {})
        self.access = access or Access()
        self.limits = limits or PrinterLimits()
        self._fetcher = fetcher
        self.schemes = schemes
        self._shared = shared
        self.allocations = Allocations(self.storage)
        try:
            self.queues = Queues(self.storage)
            if queues is not None:
                self.put(queues)
            self.system = System(self, Address(path=_SYSTEM, schemes=schemes))
        except BaseException:
            if self._owns_storage:
                self.storage.close()
            raise
        self._cups = CUPS(self)
        self._working = Working(self.storage, self.printer_of, threads=workers, shared=shared) if workers else None

    # The printers.

    def printer(self, spec: QueueSpec) -> SpoolPrinter:
        """The printer of a specification, which is made when it is first asked for."""
        with self._lock:
            known = self._printers.get(spec.key)
            if known is not None and self._specs[spec.key] == spec:
                return known
            made = SpoolPrinter(
                self.storage,
                queue=spec.key,
                description=[self._description, *spec.sources()],
                output=self._output(spec),
                address=Address(path=spec.path, schemes=self.schemes),
                access=Access(
                    operators=None
                    if self.access.operators is None
                    else frozenset({*self.access.operators, *spec.operators}),
                    private=self.access.private,
                    authentication=self.access.authentication,
                ),
                limits=self.limits,
                fetcher=self._fetcher,
            )
            made.waiting_room = self.system.waiting_room  # the connections are the service's
            made.more = functools.partial(self.allocations.attributes, self.system, spec.key)
            if known is not None:
                self._retire(known)
            self._printers[spec.key], self._specs[spec.key] = made, spec
            return made

    def _retire(self, printer: SpoolPrinter) -> None:
        """End a printer that was replaced or deleted; a job that it processes goes on to its end."""
        printer.end_waiting()
        told_printers.forget(printer)
        printer.processor.retire()
        self._replaced.add(printer)

    def put(self, queues: Iterable[QueueSpec]) -> None:
        """Let the file have these printers; those that Create-Printer made stay. Raises as `Queues.put`.

        Jobs that wait for a printer which is not among them any more are held for review.
        """
        for spec in self.queues.put(queues):
            store = self.storage.queue(spec.key)
            states, tell = (JobState.PENDING,), ("job-state-changed",)
            for job in store.jobs(states):
                store.change(
                    job.id,
                    states,
                    tell=tell,
                    state=JobState.PENDING_HELD,
                    held=True,
                    reasons=FOR_REVIEW,
                    message=GONE,
                )
            self.storage.bus.wake(spec.key)
            _log.warning("%s: the printer is gone from the file; jobs that waited for it are held", spec.name)

    def printer_of(self, key: str) -> SpoolPrinter | None:
        """The printer whose queue in the storage has that name; None: there is none any more."""
        spec = self.queues.by_key(key)
        return None if spec is None else self.printer(spec)

    def printers(self) -> "list[SpoolPrinter]":
        """All of them, each made if it was not yet."""
        return [self.printer(spec) for spec in self.queues.all().values()]

    def delete(self, spec: QueueSpec) -> None:
        """Delete a printer: its jobs that wait are aborted, and what is being processed is stopped."""
        printer = self.printer(spec)
        printer.set_state(accepting=0, paused=1, tell=("printer-state-changed", "printer-stopped"))
        printer.abort_all("the printer was deleted")
        self.queues.delete(spec)  # so that "printer-deleted" is its last event, except those of a job that stops
        self.storage.documents.remove(self.system.store.deallocate(spec.key)[1])
        with self._lock:
            self._specs.pop(spec.key, None)
            if self._printers.pop(spec.key, None) is not None:
                self._retire(printer)

    # Its life.

    def start(self) -> None:
        """Begin to process jobs. Raises StorageBusy if another process has the storage, and `shared` was not set."""
        if self._working is not None:
            self._working.start()

    def close(self) -> None:
        """End. Jobs that are being processed begin again after the next start."""
        with self._lock:
            printers = [*self._printers.values(), *self._replaced]
        if self._working is not None:
            self._working.stop()
        for printer in printers:
            printer.end_waiting()
            printer.processor.close()
        self.system.end_waiting()
        if self._working is not None:
            self._working.close()
        for printer in printers:
            printer.close()
        self.queues.close()
        self.allocations.close()
        if self._owns_storage:
            self.storage.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Requests.

    def __call__(self, incoming: IncomingRequest) -> Message | Reply | Parts:
        """Carry out a request. Errors are told in the response, except `Refusal`, which is raised."""
        message = incoming.message
        try:
            handler = self._handler(message)
        except OperationError as error:
            return error.response(message)
        except (StorageError, OSError) as error:
            _log.exception("%s failed", message.operation)
            return explained(error).response(message)
        return handler(incoming)

    def _handler(self, message: Message) -> Callable[[IncomingRequest], Message | Reply | Parts]:
        """The handler of a request, whose target is rewritten for it."""
        group = message.groups[0] if message.groups and message.groups[0].tag == DelimiterTag.OPERATION else None
        if group is None:
            return self.system
        target = next((group[name] for name in ("system-uri", "printer-uri", "job-uri") if name in group), None)
        if target is None or target.name == "system-uri":
            return self._cups if target is None and self._cups.knows(message.code) else self.system
        path = _path(target)
        if path == _SYSTEM:
            return self.system
        if message.code in OF_PRINTERS:
            return self._of_system(message, target, path)
        if self._cups.knows(message.code):
            return self._cups
        if target.name == "job-uri":
            return self._of_job(message, target, path.rpartition("/")[2])
        spec = self._spec_at(path)
        if spec is not None:
            if message.code == Operation.GET_JOBS and path.startswith(_AS_CUPS):
                return self._cups
            return self._as(message, target, spec, spec.path)
        if path not in _ROOTS:
            raise _not_found("there is no such printer", target)
        job_id = group.get("job-id")
        if job_id is not None and isinstance(job_id.values[0], int):
            return self._of_job(message, target, str(job_id.values[0]))
        if message.code == Operation.GET_JOBS:
            return self._cups
        default = self.queues.default
        if default is None:
            raise _not_found("there is no printer here", target)
        return self._as(message, target, default, default.path)

    def _of_system(self, message: Message, target: Attribute, path: str) -> System:
        """The system, for an operation on the printer that a URI names."""
        spec = self._spec_at(path)
        if spec is None or "printer-id" in message.groups[0]:
            raise _not_found("there is no such printer", target)
        message.groups[0][target.name] = Attribute(target.name, ValueTag.URI, [f"ipp://localhost{_SYSTEM}"])
        message.groups[0].append(Attribute("printer-id", ValueTag.INTEGER, [spec.id]))
        return self.system

    def spec_of(self, target: Attribute) -> QueueSpec | None:
        """The printer that a printer-uri names; None: it names none. Raises OperationError for what is no URI."""
        return self._spec_at(_path(target))

    def _spec_at(self, path: str) -> QueueSpec | None:
        prefix = next((prefix for prefix in _PRINTERS if path.startswith(prefix)), None)
        return None if prefix is None else self.queues.at(path.removeprefix(prefix).partition("/")[0])

    def _of_job(self, message: Message, target: Attribute, text: str) -> SpoolPrinter:
        """The printer of a job: a job-id is unique in the whole service."""
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
        key = self.storage.queue_of(number) if 0 < number < 1 << 31 else None
        operation = OPERATIONS.get(message.code)
        # A former printer only has jobs: a job-id in a Print-Job must not make it a printer again.
        find = self.queues.by_key if operation is None or operation.target != "job" else self.queues.by_key_of_job
        spec = None if key is None else find(key)
        if spec is None:
            raise _not_found("there is no such job", target)
        return self._as(message, target, spec, f"{spec.path}/{number}" if target.name == "job-uri" else spec.path)

    def _as(self, message: Message, target: Attribute, spec: QueueSpec, path: str) -> SpoolPrinter:
        group = message.groups[0]
        fill(self.system, message)
        if _path(target) != path:
            group[target.name] = Attribute(target.name, ValueTag.URI, [f"ipp://localhost{path}"])
        return self.printer(spec)


def _path(target: Attribute) -> str:
    """The path of a URI, without a slash at its end. Raises OperationError for what is not a URI."""
    if target.tags != (ValueTag.URI,) or not isinstance(target.values[0], str):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, f"{target.name} must be one URI", unsupported=[target])
    try:
        return urlsplit(target.values[0]).path.rstrip("/")
    except ValueError:
        raise OperationError(
            Status.CLIENT_ERROR_BAD_REQUEST, f"{target.name} is not a URI", unsupported=[target]
        ) from None


def _not_found(reason: str, target: Attribute) -> OperationError:
    return OperationError(Status.CLIENT_ERROR_NOT_FOUND, reason, unsupported=[target])
