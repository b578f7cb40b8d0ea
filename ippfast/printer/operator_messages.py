"""The message that an operator sends with an operation, for the printer or the job to show (RFC 3380 section 5).

The rule of this file: the tables say with which operations a message comes; it is kept once the operation has been
carried out, an empty one too. Set-Printer-Attributes and Set-Job-Attributes set the messages themselves.
"""

from ippfast.codec import Attribute
from ippfast.enums import JobState, Operation, Status
from ippfast.values import OutOfBand

from .calls import Call
from .core import PrinterCore
from .errors import OperationError
from .storage.rows import pack
from .template import is_sound

__all__ = ["JOB_MESSAGE", "PRINTER_MESSAGE", "keep", "message_of"]

PRINTER_MESSAGE = "printer-message-from-operator"
JOB_MESSAGE = "job-message-from-operator"

_COMES_WITH: dict[Operation, str] = dict.fromkeys(
    (
        Operation.PAUSE_PRINTER,
        Operation.RESUME_PRINTER,
        Operation.PURGE_JOBS,
        # RFC 3998 section 6
        Operation.ENABLE_PRINTER,
        Operation.DISABLE_PRINTER,
        Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB,
        Operation.HOLD_NEW_JOBS,
        Operation.RELEASE_HELD_NEW_JOBS,
        Operation.RESTART_PRINTER,
        Operation.SHUTDOWN_PRINTER,
        Operation.STARTUP_PRINTER,
    ),
    PRINTER_MESSAGE,
) | dict.fromkeys(
    (
        Operation.CANCEL_JOB,
        Operation.HOLD_JOB,
        Operation.RELEASE_JOB,
        Operation.RESTART_JOB,
        # RFC 3998 section 6
        Operation.PROMOTE_JOB,
        Operation.RESUME_JOB,
        Operation.SCHEDULE_JOB_AFTER,
    ),
    JOB_MESSAGE,
)


def message_of(call: Call) -> Attribute | None:
    """The message that comes with a request. Raises OperationError for one that is too long or not a text."""
    name = _COMES_WITH.get(call.spec.code)
    given: Attribute | None = None if name is None else call.attributes.get(name)
    if given is None or (name == JOB_MESSAGE and not call.operator):
        return None
    if given.values != (OutOfBand.NO_VALUE,) and not is_sound(given.name, given):
        status = Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        raise OperationError(status, f"{given.name} must be a text of at most 127 octets", unsupported=[given])
    return given


def keep(printer: PrinterCore, call: Call, message: Attribute) -> None:
    """Keep a message, once the operation was carried out."""
    if message.name == PRINTER_MESSAGE:
        settings = printer.settings() | {message.name: message}
        printer.store.set(attributes=pack(settings.values()), message_set=printer.store.now())
    elif (job := printer.store.job(call.target.id)) is not None:
        rest = [each for each in job.attributes if each.name != message.name]
        printer.change(job, tuple(JobState), ticket=pack([*rest, message]))
