"""The printer: `SpoolPrinter`, which is the handler that a server calls.

The rule of this file: a request is carried out here from its arrival to its answer, whatever goes wrong with it. The
parts and the state are in `core`; the operations are in their own modules.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from ippfast.codec import Message
from ippfast.enums import Operation, Status
from ippfast.http.incoming import IncomingRequest, Parts, Reply

from . import kept_answers, told_jobs, told_printers
from .access import may_use
from .calls import Call, begin
from .core import PrinterCore
from .description import Description, DescriptionError, Source
from .errors import OperationError, explained
from .fetching import Fetcher
from .operator_messages import keep, message_of
from .options import Access, Address, PrinterLimits
from .outputs import Keep, Output
from .processing import Processor
from .storage.limits import LimitReached
from .storage.places import AnyPlace
from .storage.seam import StorageError, TooLarge
from .table import OPERATIONS

__all__ = ["SpoolPrinter"]

_log = logging.getLogger("ippfast.printer")

_BY_REFERENCE = (Operation.PRINT_URI, Operation.SEND_URI)


class SpoolPrinter(PrinterCore):
    """A printer that takes jobs into a spool: a handler for `ippfast.http.Server` and its kind.

        with SpoolPrinter("spool", output=Directory(Path("printed"))) as printer, Server(printer) as server:
            ...

    storage: a directory, which is made if it does not exist, and is only for the server's user; a `Place`; or a
    `Storage`, which stays open when the printer is closed. queue: the printer's name in it. description: what the
    printer's own attributes: a mapping, the path of a TOML file, or several of them, each of which replaces attributes
    of the earlier ones (see `description.toml`). output: what takes the jobs; by default the documents stay in the
    spool as long as the job is remembered. address, access, limits: see `options`. fetcher: fetches documents for
    Print-URI and Send-URI, which are supported only with it. shared: other processes serve the same storage at the same
    time.

    Raises DescriptionError, StorageError, and OSError if the directory cannot be used.
    """

    def __init__(
        self,
        storage: AnyPlace,
        *,
        queue: str = "print",
        description: Source | Iterable[Source] = (),
        output: Output | None = None,
        address: Address | None = None,
        access: Access | None = None,
        limits: PrinterLimits | None = None,
        fetcher: Fetcher | None = None,
        shared: bool = False,
    ) -> None:
        sources = [description] if isinstance(description, (str, Path, dict)) else description
        described = Description(*sources)
        named = described.attributes.pop("operations-supported", None)  # the only ones to support
        self.operations = {
            code: spec
            for code, spec in OPERATIONS.items()
            if (fetcher is not None or code not in _BY_REFERENCE) and (named is None or code in named.values)
        }
        super().__init__(
            storage,
            queue=queue,
            description=described,
            address=address or Address(),
            access=access or Access(),
            limits=limits or PrinterLimits(),
            fetcher=fetcher,
            operation_ids=sorted(self.operations),
        )
        output = output or Keep()
        if self.description.number("job-password-supported", 0) and not getattr(output, "takes_passwords", False):
            super().close()
            raise DescriptionError("job-password-supported: this output does not hold a job until its password comes")
        attach = getattr(output, "attach", None)
        if attach is None:
            self.device.forget()
        else:
            attach(self)
        self.processor = Processor(self, output, shared=shared)

    def start(self) -> None:
        """Put in order what a killed server left, then begin to process jobs.

        Raises StorageBusy, a BlockingIOError, if another process uses the storage and `shared` was not set.
        """
        self.processor.start()

    def stop(self, job_id: int) -> None:
        """As `PrinterCore.stop`."""
        self.processor.stop(job_id)

    def close(self) -> None:
        """End. A job that is being processed begins again after the next start."""
        self.end_waiting()
        kept_answers.forget(self)
        told_jobs.forget(self)
        told_printers.forget(self)
        self.processor.close()
        super().close()

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

    def __call__(self, incoming: IncomingRequest) -> Message | Reply | Parts:
        """Carry out a request. Errors are told in the response, except `Refusal`, which is raised."""
        message, user = incoming.message, incoming.user
        answer: Message | Reply | Parts
        try:
            call = begin(self, self.operations, incoming)
            user = call.user
            self._check_access(call)
            said = message_of(call)
            answer = call.spec.carry_out(self, call)
            if said is not None:
                keep(self, call, said)
        except OperationError as error:
            answer = error.response(message)
        except (LimitReached, TooLarge) as error:
            answer = explained(error).response(message)
        except (StorageError, OSError) as error:
            _log.exception("%s failed", message.operation)
            answer = explained(error).response(message)
        if _log.isEnabledFor(logging.INFO):
            status = "in parts" if isinstance(answer, Parts) else _message_of(answer).status
            _log.info("%s %s by %r: %s", incoming.peer, message.operation, user, status)
        return answer

    def _check_access(self, call: Call) -> None:
        """Check who may use the operation. Override this for other rules, and raise OperationError to refuse."""
        access = call.spec.access
        if not may_use(access, call.who, call.job):
            who = "the job's owner" if access == "owner" else "operators"
            raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, f"this operation is for {who} only")
        if call.spec.while_down:
            return
        call.state = self.store.state_lately() if call.spec.decided_later else self.store.state()
        if call.state.down:
            raise OperationError(Status.SERVER_ERROR_SERVICE_UNAVAILABLE, "the printer is shut down")


def _message_of(answer: Message | Reply) -> Message:
    return answer if isinstance(answer, Message) else answer.message
