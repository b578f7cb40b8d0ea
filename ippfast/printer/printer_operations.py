"""The operations on the printer itself (RFC 8011 sections 4.2.5-4.2.8, RFC 3380, RFC 3998, PWG 5100.13).

The rule of this file: what an operator changes is kept in the job table, so that it survives the server and holds for
every process.
"""

import logging
import time
from typing import TYPE_CHECKING

from ippfast.attributes import attribute
from ippfast.codec import Attribute, Message
from ippfast.enums import JobState, Operation, Status
from ippfast.errors import RegistryError
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand

from .answers import chosen_media, select
from .calls import Call, OperationError, operation
from .store import pack

if TYPE_CHECKING:
    from .printer import SpoolPrinter

__all__: list[str] = []

_log = logging.getLogger("ippfast.printer")


@operation(Operation.GET_PRINTER_ATTRIBUTES, while_down=True)
def get_printer_attributes(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.2.5."""
    wanted = call.string("document-format", ValueTag.MIME_MEDIA_TYPE)
    if wanted is not None and wanted.partition(";")[0].strip().lower() not in printer.description.values(
        "document-format-supported"
    ):
        given = [call.attributes["document-format"]]
        reason = "documents of this format are not printed here"
        raise OperationError(Status.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED, reason, unsupported=given)
    found = printer.attributes(call, select(call, "printer"))
    answer = [chosen_media(call, each) if each.name == "media-col-database" else each for each in found]
    return call.respond(printer=[[each for each in answer if each is not None]])  # a group even if it is empty


@operation(Operation.GET_PRINTER_SUPPORTED_VALUES, while_down=True)
def get_printer_supported_values(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3380 section 4.4: what may be set. Of free text the administrator decides."""
    from .printer import SETTABLE

    del printer
    selected = select(call, "printer")
    tag = OutOfBand.ADMIN_DEFINE
    return call.respond(printer=[Attribute(name, tag.value, [tag]) for name in SETTABLE if selected(name)])


@operation(Operation.SET_PRINTER_ATTRIBUTES, access="operator", while_down=True)
def set_printer_attributes(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3380 section 4.1: all of the attributes are set, or none."""
    from .printer import SETTABLE

    groups = call.message.groups_of(DelimiterTag.PRINTER)
    given = {each.name: each for group in groups[:1] for each in reversed(list(group))}
    if not given:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no printer attributes to be set")
    fixed = [name for name in given if name not in SETTABLE]
    if fixed:
        unsupported = [Attribute(name, OutOfBand.NOT_SETTABLE.value, [OutOfBand.NOT_SETTABLE]) for name in fixed]
        raise OperationError(
            Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE, f"not to be set: {', '.join(fixed)}", unsupported=unsupported
        )
    settings = printer.settings()
    refused = []
    for name, each in given.items():
        if each.values == (OutOfBand.DELETE_ATTRIBUTE,):
            settings.pop(name, None)
            continue
        try:
            settings[name] = attribute(name, list(each.values), group=DelimiterTag.PRINTER)
        except RegistryError:
            refused.append(each)
    if refused:
        names = ", ".join(each.name for each in refused)
        reason = f"not supported: {names}"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=refused)
    printer.store.set(attributes=pack(settings.values()), config_changed=time.time())
    printer.publish("printer-config-changed")
    return call.respond()


@operation(Operation.IDENTIFY_PRINTER)
def identify_printer(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.13 section 4.1: whoever listens to "printer-identify" shows it; the log does always."""
    supported = printer.description.values("identify-actions-supported")
    actions = call.values("identify-actions", ValueTag.KEYWORD)
    wrong = [action for action in actions if action not in supported]
    if wrong:
        call.ignored.append(Attribute("identify-actions", ValueTag.KEYWORD, wrong))
    _log.warning("identify yourself: %s: %r", ", ".join(actions) or "display", call.string("message") or "")
    printer.publish("printer-identify")
    return call.respond()


# State.


@operation(Operation.PAUSE_PRINTER, access="operator")
def pause_printer(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.2.7: no job is begun any more; the one that is being processed goes on to its end."""
    printer.pause()
    return call.respond()


@operation(Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB, access="operator")
def pause_printer_after_current_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 3.2.1."""
    if printer.store.count((JobState.PROCESSING,)):
        printer.set_state(pause_after_current=1)
    else:
        printer.pause()
    return call.respond()


@operation(Operation.RESUME_PRINTER, access="operator")
def resume_printer(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.2.8."""
    printer.set_state(paused=0, pause_after_current=0)
    return call.respond()


@operation(Operation.ENABLE_PRINTER, access="operator")
def enable_printer(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 3.1.1."""
    printer.set_state(accepting=1)
    return call.respond()


@operation(Operation.DISABLE_PRINTER, access="operator")
def disable_printer(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 3.1.2."""
    printer.set_state(accepting=0)
    return call.respond()


@operation(Operation.HOLD_NEW_JOBS, access="operator")
def hold_new_jobs(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 3.3.1."""
    printer.set_state(hold_new=1)
    return call.respond()


@operation(Operation.RELEASE_HELD_NEW_JOBS, access="operator")
def release_held_new_jobs(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 3.3.2: and the jobs that are held go on, but for those that wait for a moment."""
    printer.set_state(hold_new=0)
    for job in printer.store.jobs((JobState.PENDING_HELD,)):
        if job.release is None and not _holds_itself(job.attributes.value("job-hold-until", "no-hold")):
            printer.release(job)
    return call.respond()


def _holds_itself(value: object) -> bool:
    return value != "no-hold"


@operation(Operation.SHUTDOWN_PRINTER, access="operator")
def shutdown_printer(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 3.5.2: nothing works any more but to look and to start up."""
    printer.set_state(down=1)
    return call.respond()


@operation(Operation.STARTUP_PRINTER, access="operator", while_down=True)
def startup_printer(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 3.5.3: the printer is idle, and takes jobs after Enable-Printer."""
    printer.set_state(down=0, paused=0)
    return call.respond()


@operation(Operation.RESTART_PRINTER, access="operator", while_down=True)
def restart_printer(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 3998 section 3.5.1."""
    printer.set_state(down=0, paused=0, accepting=1)
    return call.respond()
