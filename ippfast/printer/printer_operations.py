"""The operations on the printer itself (RFC 8011 sections 4.2.5-4.2.8, RFC 3380, RFC 3998, PWG 5100.13).

The rule of this file: what an operator changes is kept in the storage, so that it survives the server and holds for
every process.
"""

import logging

from ippfast.attributes import attribute
from ippfast.codec import Attribute, Message
from ippfast.enums import JobState, Operation, Status
from ippfast.errors import RegistryError
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand

from .answers import chosen_media, select
from .calls import OPERATIONS, Call, operation
from .core import PrinterCore
from .description import SETTABLE
from .errors import OperationError
from .kept_answers import answered_again
from .operator_messages import PRINTER_MESSAGE
from .printer_attributes import printer_attributes
from .storage.rows import pack
from .template import is_sound

__all__: list[str] = []

_log = logging.getLogger("ippfast.printer")


@operation(Operation.GET_PRINTER_ATTRIBUTES, while_down=True)
def get_printer_attributes(printer: PrinterCore, call: Call) -> Message:
    """Get-Printer-Attributes (RFC 8011 section 4.2.5)."""
    return answered_again(printer, call, lambda: call.respond(printer=[_attributes(printer, call)]))


def _attributes(printer: PrinterCore, call: Call) -> list[Attribute]:
    wanted = call.string("document-format", ValueTag.MIME_MEDIA_TYPE)
    if wanted is not None and wanted.partition(";")[0].strip().lower() not in printer.description.values(
        "document-format-supported"
    ):
        given = [call.attributes["document-format"]]
        reason = "documents of this format are not printed here"
        raise OperationError(Status.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED, reason, unsupported=given)
    found = printer_attributes(printer, call, select(call, "printer"))
    answer = [chosen_media(call, each) if each.name == "media-col-database" else each for each in found]
    return [each for each in answer if each is not None]


@operation(Operation.GET_USER_PRINTER_ATTRIBUTES, while_down=True)
def get_user_printer_attributes(printer: PrinterCore, call: Call) -> Message:
    """Get-User-Printer-Attributes (PWG 5100.11 section 5.1): only the operations that this user may use are listed."""
    found = {each.name: each for each in _attributes(printer, call)}
    if "operations-supported" in found and not call.operator:
        mine = [code for code in printer.operation_ids if OPERATIONS[code].access != "operator"]
        found["operations-supported"] = Attribute("operations-supported", ValueTag.ENUM, mine)
    return call.respond(printer=[list(found.values())])


@operation(Operation.GET_PRINTER_SUPPORTED_VALUES, while_down=True)
def get_printer_supported_values(printer: PrinterCore, call: Call) -> Message:
    """Get-Printer-Supported-Values (RFC 3380 section 4.4): the attributes that may be set. Values are not listed."""
    selected = select(call, "printer")
    tag = OutOfBand.ADMIN_DEFINE
    names = (*SETTABLE, *printer.device.controls)
    return call.respond(printer=[Attribute(name, tag.value, [tag]) for name in names if selected(name)])


@operation(Operation.SET_PRINTER_ATTRIBUTES, access="operator", while_down=True)
def set_printer_attributes(printer: PrinterCore, call: Call) -> Message:
    """Set-Printer-Attributes (RFC 3380 section 4.1): all of the attributes are set, or none."""
    groups = call.message.groups_of(DelimiterTag.PRINTER)
    given = {each.name: each for group in groups[:1] for each in reversed(list(group))}
    if not given:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no printer attributes to be set")
    controls = printer.device.controls
    fixed = [name for name in given if name not in SETTABLE and name not in controls]
    if fixed:
        unsupported = [Attribute(name, OutOfBand.NOT_SETTABLE.value, [OutOfBand.NOT_SETTABLE]) for name in fixed]
        raise OperationError(
            Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
            f"these can't be set: {', '.join(fixed)}",
            unsupported=unsupported,
        )
    settings = printer.settings()
    refused = []
    todo = []
    for name, each in given.items():
        if name in controls:
            try:
                todo.append(controls[name](each))
            except ValueError:
                refused.append(each)
            continue
        if each.values == (OutOfBand.DELETE_ATTRIBUTE,):
            settings.pop(name, None)
            continue
        if not is_sound(name, each):
            refused.append(each)
            continue
        try:
            settings[name] = attribute(name, list(each.values), group=DelimiterTag.PRINTER)
        except RegistryError:
            refused.append(each)
    if refused:
        names = ", ".join(each.name for each in refused)
        reason = f"not supported: {names}"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=refused)
    for act in todo:
        act()
    if todo and len(todo) == len(given):
        return call.respond()
    tell, now = ("printer-config-changed",), printer.store.now()
    said = {"message_set": now} if PRINTER_MESSAGE in given else {}
    printer.store.set(tell, attributes=pack(settings.values()), config_changed=now, **said)
    printer.told(tell)
    return call.respond()


@operation(Operation.IDENTIFY_PRINTER)
def identify_printer(printer: PrinterCore, call: Call) -> Message:
    """Identify-Printer (PWG 5100.13 section 4.1): listeners to "printer-identify" show it, and the log always does."""
    supported = printer.description.values("identify-actions-supported")
    actions = call.values("identify-actions", ValueTag.KEYWORD)
    wrong = [action for action in actions if action not in supported]
    if wrong:
        call.ignored.append(Attribute("identify-actions", ValueTag.KEYWORD, wrong))
    _log.warning("identify yourself: %r: %r", ", ".join(actions) or "display", call.string("message") or "")
    printer.told(("printer-identify",))
    return call.respond()


# State.


@operation(Operation.PAUSE_PRINTER, access="operator")
def pause_printer(printer: PrinterCore, call: Call) -> Message:
    """Pause-Printer (RFC 8011 section 4.2.7): no more jobs are begun; one that is being processed goes on to its
    end."""
    printer.pause()
    return call.respond()


@operation(Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB, access="operator")
def pause_printer_after_current_job(printer: PrinterCore, call: Call) -> Message:
    """Pause-Printer-After-Current-Job (RFC 3998 section 3.2.1)."""
    if printer.store.state().processing:
        printer.set_state(pause_after_current=1)
    else:
        printer.pause()
    return call.respond()


@operation(Operation.RESUME_PRINTER, access="operator")
def resume_printer(printer: PrinterCore, call: Call) -> Message:
    """Resume-Printer (RFC 8011 section 4.2.8)."""
    printer.set_state(paused=0, pause_after_current=0)
    return call.respond()


@operation(Operation.ENABLE_PRINTER, access="operator")
def enable_printer(printer: PrinterCore, call: Call) -> Message:
    """Enable-Printer (RFC 3998 section 3.1.1)."""
    printer.set_state(accepting=1)
    return call.respond()


@operation(Operation.DISABLE_PRINTER, access="operator")
def disable_printer(printer: PrinterCore, call: Call) -> Message:
    """Disable-Printer (RFC 3998 section 3.1.2)."""
    printer.set_state(accepting=0)
    return call.respond()


@operation(Operation.HOLD_NEW_JOBS, access="operator")
def hold_new_jobs(printer: PrinterCore, call: Call) -> Message:
    """Hold-New-Jobs (RFC 3998 section 3.3.1)."""
    printer.set_state(hold_new=1)
    return call.respond()


@operation(Operation.RELEASE_HELD_NEW_JOBS, access="operator")
def release_held_new_jobs(printer: PrinterCore, call: Call) -> Message:
    """Release-Held-New-Jobs (RFC 3998 section 3.3.2): held jobs go on too, except those that have job-hold-until."""
    printer.set_state(hold_new=0)
    for job in printer.store.jobs((JobState.PENDING_HELD,)):
        if job.release is None and not _holds_itself(job.attributes.value("job-hold-until", "no-hold")):
            printer.release(job)
    return call.respond()


def _holds_itself(value: object) -> bool:
    return value != "no-hold"


@operation(Operation.SHUTDOWN_PRINTER, access="operator")
def shutdown_printer(printer: PrinterCore, call: Call) -> Message:
    """Shutdown-Printer (RFC 3998 section 3.5.2): only the operations that are registered as `while_down` work now."""
    printer.set_state(down=1)
    return call.respond()


@operation(Operation.STARTUP_PRINTER, access="operator", while_down=True)
def startup_printer(printer: PrinterCore, call: Call) -> Message:
    """Startup-Printer (RFC 3998 section 3.5.3): the printer is idle, and takes jobs after Enable-Printer."""
    printer.set_state(down=0, paused=0)
    return call.respond()


@operation(Operation.RESTART_PRINTER, access="operator", while_down=True)
def restart_printer(printer: PrinterCore, call: Call) -> Message:
    """Restart-Printer (RFC 3998 section 3.5.1)."""
    printer.set_state(down=0, paused=0, accepting=1)
    return call.respond()
