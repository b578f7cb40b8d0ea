"""Operations on a printer (RFC 8011 section 4.2, RFC 3380, RFC 3998, PWG 5100.11, PWG 5100.13)."""

from typing import Unpack

from ..codec import Message
from ..enums import Operation
from ..requests import Groups
from ._build import DateTimeLike, Options, String, Strings, build

__all__ = [
    "activate_printer",
    "deactivate_printer",
    "disable_printer",
    "enable_printer",
    "get_printer_attributes",
    "get_printer_supported_values",
    "get_user_printer_attributes",
    "hold_new_jobs",
    "identify_printer",
    "pause_printer",
    "pause_printer_after_current_job",
    "release_held_new_jobs",
    "restart_printer",
    "resume_printer",
    "set_printer_attributes",
    "shutdown_printer",
    "startup_printer",
]


def get_printer_attributes(
    uri: str,
    *,
    requested_attributes: Strings | None = None,
    document_format: String | None = None,
    printer_id: int | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Printer-Attributes: ask for a printer's attributes (RFC 8011 section 4.2.5).

    With printer_id, uri is the system's.
    """
    return build(Operation.GET_PRINTER_ATTRIBUTES, locals())


def get_user_printer_attributes(
    uri: str,
    *,
    requested_attributes: Strings | None = None,
    document_format: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-User-Printer-Attributes: ask for a printer's attributes as they are for the user (PWG 5100.11)."""
    return build(Operation.GET_USER_PRINTER_ATTRIBUTES, locals())


def get_printer_supported_values(
    uri: str,
    *,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Printer-Supported-Values: ask which values Set-Printer-Attributes would take (RFC 3380 section 4.3)."""
    return build(Operation.GET_PRINTER_SUPPORTED_VALUES, locals())


def set_printer_attributes(
    uri: str,
    *,
    document_format: String | None = None,
    printer: Groups,
    **options: Unpack[Options],
) -> Message:
    """Set-Printer-Attributes: change a printer's attributes (RFC 3380 section 4.1).

    The value ``OutOfBand.DELETE_ATTRIBUTE`` removes an attribute.
    """
    return build(Operation.SET_PRINTER_ATTRIBUTES, locals())


def identify_printer(
    uri: str,
    *,
    identify_actions: Strings | None = None,
    message: String | None = None,
    job_id: int | None = None,
    **options: Unpack[Options],
) -> Message:
    """Identify-Printer: have a printer show where it stands (PWG 5100.13)."""
    return build(Operation.IDENTIFY_PRINTER, locals())


def pause_printer(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Pause-Printer: stop a printer at once (RFC 8011 section 4.2.7)."""
    return build(Operation.PAUSE_PRINTER, locals())


def pause_printer_after_current_job(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Pause-Printer-After-Current-Job: stop a printer after its current job (RFC 3998)."""
    return build(Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB, locals())


def resume_printer(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Resume-Printer: start a stopped printer (RFC 8011 section 4.2.8)."""
    return build(Operation.RESUME_PRINTER, locals())


def enable_printer(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Enable-Printer: have a printer accept jobs (RFC 3998)."""
    return build(Operation.ENABLE_PRINTER, locals())


def disable_printer(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Disable-Printer: have a printer refuse jobs (RFC 3998)."""
    return build(Operation.DISABLE_PRINTER, locals())


def hold_new_jobs(
    uri: str,
    *,
    message: String | None = None,
    job_hold_until: String | None = None,
    job_hold_until_time: DateTimeLike | None = None,
    **options: Unpack[Options],
) -> Message:
    """Hold-New-Jobs: hold each job that comes from now on (RFC 3998)."""
    return build(Operation.HOLD_NEW_JOBS, locals())


def release_held_new_jobs(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Release-Held-New-Jobs: release what Hold-New-Jobs held, and hold no more (RFC 3998)."""
    return build(Operation.RELEASE_HELD_NEW_JOBS, locals())


def activate_printer(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Activate-Printer: undo Deactivate-Printer (RFC 3998). Deprecated."""
    return build(Operation.ACTIVATE_PRINTER, locals())


def deactivate_printer(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Deactivate-Printer: refuse everything but queries (RFC 3998). Deprecated."""
    return build(Operation.DEACTIVATE_PRINTER, locals())


def restart_printer(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Restart-Printer: restart a printer (RFC 3998)."""
    return build(Operation.RESTART_PRINTER, locals())


def shutdown_printer(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Shutdown-Printer: shut a printer down (RFC 3998)."""
    return build(Operation.SHUTDOWN_PRINTER, locals())


def startup_printer(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Startup-Printer: start a printer that is shut down (RFC 3998)."""
    return build(Operation.STARTUP_PRINTER, locals())
