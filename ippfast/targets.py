"""What an operation acts on: a printer, a job or a system (RFC 8011 section 4.1.5).

The rule of this file: the first target attribute of a request names an object by URI; a number after it names an
object inside that one. So a job is named by its own ``job-uri``, or by its printer's ``printer-uri`` and its
``job-id``, which is what clients should send.
"""

from .enums import Operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

__all__ = ["FIRST", "TARGETS", "needs_job", "needs_target", "target_name"]

TARGETS = ("printer-uri", "job-uri", "system-uri")
"""The attributes that name a target by URI."""

FIRST = (
    "attributes-charset",
    "attributes-natural-language",
    *TARGETS,
    "job-id",
    "printer-id",
    "resource-id",
    "notify-subscription-id",
    "document-number",
    "requesting-user-name",
)
"""The operation attributes whose place is fixed, in order (RFC 8011 sections 4.1.4 and 4.1.5)."""

# On a job.
_JOB = {
    Operation.SEND_DOCUMENT,
    Operation.SEND_URI,
    Operation.CANCEL_JOB,
    Operation.GET_JOB_ATTRIBUTES,
    Operation.HOLD_JOB,
    Operation.RELEASE_JOB,
    Operation.RESTART_JOB,
    Operation.SET_JOB_ATTRIBUTES,
    Operation.REPROCESS_JOB,
    Operation.RESUME_JOB,
    Operation.PROMOTE_JOB,
    Operation.SCHEDULE_JOB_AFTER,
    Operation.CANCEL_DOCUMENT,
    Operation.GET_DOCUMENT_ATTRIBUTES,
    Operation.GET_DOCUMENTS,
    Operation.DELETE_DOCUMENT,
    Operation.SET_DOCUMENT_ATTRIBUTES,
    Operation.RESUBMIT_JOB,
    Operation.CLOSE_JOB,
    Operation.ADD_DOCUMENT_IMAGES,
    Operation.ACKNOWLEDGE_DOCUMENT,
    Operation.ACKNOWLEDGE_JOB,
    Operation.FETCH_DOCUMENT,
    Operation.FETCH_JOB,
    Operation.UPDATE_DOCUMENT_STATUS,
    Operation.UPDATE_JOB_STATUS,
    Operation.GET_NEXT_DOCUMENT_DATA,
    Operation.ACKNOWLEDGE_ENCRYPTED_JOB_ATTRIBUTES,
    Operation.FETCH_ENCRYPTED_JOB_ATTRIBUTES,
    Operation.GET_ENCRYPTED_JOB_ATTRIBUTES,
    Operation.CUPS_MOVE_JOB,
    Operation.CUPS_AUTHENTICATE_JOB,
    Operation.CUPS_GET_DOCUMENT,
}

# On a system, its printers or its resources (PWG 5100.22).
_SYSTEM = {
    Operation.GET_RESOURCE_ATTRIBUTES,
    Operation.GET_RESOURCES,
    Operation.CREATE_PRINTER,
    Operation.DELETE_PRINTER,
    Operation.GET_PRINTERS,
    Operation.SHUTDOWN_ONE_PRINTER,
    Operation.STARTUP_ONE_PRINTER,
    Operation.RESTART_ONE_PRINTER,
    Operation.CANCEL_RESOURCE,
    Operation.CREATE_RESOURCE,
    Operation.INSTALL_RESOURCE,
    Operation.SEND_RESOURCE_DATA,
    Operation.SET_RESOURCE_ATTRIBUTES,
    Operation.CREATE_RESOURCE_SUBSCRIPTIONS,
    Operation.CREATE_SYSTEM_SUBSCRIPTIONS,
    Operation.DISABLE_ALL_PRINTERS,
    Operation.ENABLE_ALL_PRINTERS,
    Operation.GET_SYSTEM_ATTRIBUTES,
    Operation.GET_SYSTEM_SUPPORTED_VALUES,
    Operation.PAUSE_ALL_PRINTERS,
    Operation.PAUSE_ALL_PRINTERS_AFTER_CURRENT_JOB,
    Operation.REGISTER_OUTPUT_DEVICE,
    Operation.RESTART_SYSTEM,
    Operation.RESUME_ALL_PRINTERS,
    Operation.SET_SYSTEM_ATTRIBUTES,
    Operation.SHUTDOWN_ALL_PRINTERS,
    Operation.STARTUP_ALL_PRINTERS,
}

# On CUPS' server itself. The request needs no target: the server that gets it is the target.
_SERVER = {
    Operation.CUPS_GET_DEFAULT,
    Operation.CUPS_GET_PRINTERS,
    Operation.CUPS_GET_CLASSES,
    Operation.CUPS_GET_DEVICES,
    Operation.CUPS_GET_PPDS,
    Operation.CUPS_GET_PPD,
}


def needs_target(operation: int) -> bool:
    """Whether a request must name a target. Only CUPS' operations on its server need not."""
    return operation not in _SERVER


def needs_job(operation: int) -> bool:
    """Whether a request must name a job, and not just its printer. CUPS-Move-Job need not: it can move all jobs."""
    return operation in _JOB and operation != Operation.CUPS_MOVE_JOB


def target_name(operation: int, given: "Container[str]" = ()) -> str:
    """The attribute that the URI of an operation's target goes into.

    given: the names of the other operation attributes. Without a ``job-id`` beside it, the URI for an operation on
    a job is the job's; with a ``printer-id``, the URI for one on a printer is that of the printer's system.
    """
    if operation in _SYSTEM:
        return "system-uri"
    if operation in _JOB and "job-id" not in given:
        return "job-uri"
    if "printer-id" in given and operation not in _SERVER:
        return "system-uri"
    return "printer-uri"
