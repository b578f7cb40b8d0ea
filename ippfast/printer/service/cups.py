"""What CUPS' own commands ask of a server that has many printers: ``lpstat``, ``lp -d``, ``cancel``.

The rule of this file: these requests are posted to ``/`` and name no printer, the server itself, or a printer as
``/printers/NAME``; the answers about a printer or a job are that printer's own, except for times: CUPS' commands expect
seconds since 1970, as cupsd has them, and RFC 8011 counts from the start of the printer. All times of an answer are of
one kind.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ippfast.codec import Attribute, AttributeGroup, Message
from ippfast.enums import Operation, Status
from ippfast.http.incoming import IncomingRequest, Parts, Reply
from ippfast.requests import response
from ippfast.tags import ValueTag

from ..access import user_of
from ..answers import bounded, select
from ..calls import Call, check
from ..errors import OperationError, explained
from ..job_operations import JobsWanted, jobs_of, jobs_wanted
from ..printer import SpoolPrinter
from ..printer_attributes import printer_attributes
from ..spliced import with_jobs
from ..storage.seam import StorageError
from .queues import QueueSpec

if TYPE_CHECKING:
    from .service import PrintService

__all__ = ["CUPS", "call_of"]

_TYPE = 0x4  # printer-type (CUPS): prints in black
_COLOR = 0x8
_DUPLEX = 0x10


class CUPS:
    """The operations of CUPS that a service has, and Get-Jobs of all printers."""

    def __init__(self, service: "PrintService") -> None:
        self._service = service
        self._operations: dict[int, Callable[[IncomingRequest], Message]] = {
            Operation.CUPS_GET_DEFAULT: self._default,
            Operation.CUPS_GET_PRINTERS: self._printers,
            Operation.CUPS_GET_CLASSES: self._classes,
        }

    def knows(self, code: int) -> bool:
        """Whether this is an operation of CUPS that is known here."""
        return code in self._operations

    def __call__(self, incoming: IncomingRequest) -> Message | Reply | Parts:
        """Carry out a request."""
        try:
            check(incoming.message)
            return self._operations.get(incoming.message.code, self._jobs)(incoming)
        except OperationError as error:
            return error.response(incoming.message)
        except (StorageError, OSError) as error:
            return explained(error).response(incoming.message)

    def _default(self, incoming: IncomingRequest) -> Message:
        spec = self._service.queues.default
        if spec is None:
            raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, "there is no printer here")
        return response(incoming.message, printer=[self._describe(incoming, spec)])

    def _printers(self, incoming: IncomingRequest) -> Message:
        asked = incoming.message.groups[0]
        limit, first = _one(asked, "limit"), _one(asked, "first-printer-name")
        specs = list(self._service.queues.all().values())
        if isinstance(first, str):
            names = [spec.name for spec in specs]
            specs = specs[names.index(first) :] if first in names else specs
        if isinstance(limit, int) and limit > 0:
            specs = specs[:limit]
        answer = response(incoming.message)
        answer.groups += bounded(self._describe(incoming, spec) for spec in specs)
        return answer

    def _classes(self, incoming: IncomingRequest) -> Message:
        """There are no classes. The answer is not an error, which `lpstat -t` would print."""
        return response(incoming.message)

    def _describe(self, incoming: IncomingRequest, spec: QueueSpec) -> list[Attribute]:
        printer = self._service.printer(spec)
        call = call_of(printer, incoming)
        selected = select(call, "printer")
        found = printer_attributes(printer, call, selected)
        own: dict[str, tuple[ValueTag, str | int]] = {
            "printer-type": (ValueTag.ENUM, self._type(printer)),
            "device-uri": (ValueTag.URI, _device(spec)),
            "printer-is-shared": (ValueTag.BOOLEAN, True),
        }
        return found + [Attribute(name, tag, [value]) for name, (tag, value) in own.items() if selected(name)]

    def _type(self, printer: SpoolPrinter) -> int:
        description = printer.description
        color = _COLOR if True in description.values("color-supported") else 0
        duplex = any(str(each).startswith("two-sided") for each in description.values("sides-supported"))
        return _TYPE | color | (_DUPLEX if duplex else 0)

    def _jobs(self, incoming: IncomingRequest) -> Message:
        """Get-Jobs of one printer, or of all as if they were one: its limit and first-index count for all together."""
        queues = self._service.queues
        asked = incoming.message.groups[0]
        one = self._service.spec_of(asked["printer-uri"])
        specs = [*queues.all().values(), *queues.former().values()] if one is None else [one]
        active = "job-ids" not in asked and _one(asked, "which-jobs") in (None, "not-completed")
        keys = {one.key} if one is not None else set(self._service.storage.queues(active=active))
        found: list[bytes] = []
        wanted: JobsWanted | None = None
        for spec in specs:
            if spec.key in keys:
                printer = self._service.printer(spec)
                call = call_of(printer, incoming)
                wanted = wanted or jobs_wanted(call)
                jobs = jobs_of(printer, call, wanted)
                found += jobs
                wanted = wanted.beyond(printer, len(jobs))
                if wanted.limit <= 0:
                    break
        return with_jobs(partial(response, incoming.message), found)


def call_of(printer: SpoolPrinter, incoming: IncomingRequest) -> Call:
    """A request of one of CUPS' commands as a call to the printer."""
    from ..access import is_operator

    spec = printer.operations[Operation.GET_JOBS]
    call = Call(printer, incoming, spec, incoming.message.groups[0], user_of(incoming))
    call.operator = is_operator(printer, incoming)
    call.as_cups = True
    return call


def _one(asked: AttributeGroup, name: str) -> object:
    """The value of an attribute; None if it is not there. Raises OperationError if it has several."""
    attribute = asked.get(name)
    if attribute is not None and len(attribute.values) != 1:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, f"{name} must have one value", unsupported=[attribute])
    return None if attribute is None else attribute.values[0]


def _device(spec: QueueSpec) -> str:
    """Where the jobs go, as CUPS says it: a forward's URI without its credentials."""
    uri = spec.output.get("forward", "")
    if not uri:
        return "file:///dev/null" if not spec.output else "ippfast:/"
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
