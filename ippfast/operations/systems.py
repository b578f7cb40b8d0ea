"""Operations on a system and its printers (PWG 5100.22). uri is the system's."""

from collections.abc import Sequence
from typing import Unpack

from ..codec import Message
from ..enums import Operation
from ..requests import Groups
from ._build import Members, Options, String, Strings, build

__all__ = [
    "create_printer",
    "delete_printer",
    "disable_all_printers",
    "enable_all_printers",
    "get_printers",
    "get_system_attributes",
    "get_system_supported_values",
    "pause_all_printers",
    "pause_all_printers_after_current_job",
    "register_output_device",
    "restart_one_printer",
    "restart_system",
    "resume_all_printers",
    "set_system_attributes",
    "shutdown_all_printers",
    "shutdown_one_printer",
    "startup_all_printers",
    "startup_one_printer",
]


def get_system_attributes(
    uri: str,
    *,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-System-Attributes: ask for a system's attributes (PWG 5100.22)."""
    return build(Operation.GET_SYSTEM_ATTRIBUTES, locals())


def get_system_supported_values(
    uri: str,
    *,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-System-Supported-Values: ask which values Set-System-Attributes would take (PWG 5100.22)."""
    return build(Operation.GET_SYSTEM_SUPPORTED_VALUES, locals())


def set_system_attributes(
    uri: str,
    *,
    system: Groups,
    **options: Unpack[Options],
) -> Message:
    """Set-System-Attributes: change a system's attributes (PWG 5100.22)."""
    return build(Operation.SET_SYSTEM_ATTRIBUTES, locals())


def restart_system(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """Restart-System: restart a system (PWG 5100.22)."""
    return build(Operation.RESTART_SYSTEM, locals())


def get_printers(
    uri: str,
    *,
    which_printers: String | None = None,
    printer_ids: int | Sequence[int] | None = None,
    printer_service_type: Strings | None = None,
    printer_location: String | None = None,
    printer_geo_location: String | None = None,
    document_format: String | None = None,
    limit: int | None = None,
    first_index: int | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Printers: ask for a system's printers (PWG 5100.22)."""
    return build(Operation.GET_PRINTERS, locals())


def create_printer(
    uri: str,
    *,
    printer_service_type: Strings | None = None,
    printer_xri_requested: Members | Sequence[Members] | None = None,
    resource_ids: int | Sequence[int] | None = None,
    printer: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Create-Printer: create a printer (PWG 5100.22)."""
    return build(Operation.CREATE_PRINTER, locals())


def delete_printer(
    uri: str,
    printer_id: int,
    **options: Unpack[Options],
) -> Message:
    """Delete-Printer: delete a printer (PWG 5100.22)."""
    return build(Operation.DELETE_PRINTER, locals())


def startup_one_printer(
    uri: str,
    printer_id: int,
    **options: Unpack[Options],
) -> Message:
    """Startup-One-Printer: start a printer that is shut down (PWG 5100.22)."""
    return build(Operation.STARTUP_ONE_PRINTER, locals())


def shutdown_one_printer(
    uri: str,
    printer_id: int,
    **options: Unpack[Options],
) -> Message:
    """Shutdown-One-Printer: shut a printer down (PWG 5100.22)."""
    return build(Operation.SHUTDOWN_ONE_PRINTER, locals())


def restart_one_printer(
    uri: str,
    printer_id: int,
    **options: Unpack[Options],
) -> Message:
    """Restart-One-Printer: restart a printer (PWG 5100.22)."""
    return build(Operation.RESTART_ONE_PRINTER, locals())


def enable_all_printers(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """Enable-All-Printers: have all printers accept jobs (PWG 5100.22)."""
    return build(Operation.ENABLE_ALL_PRINTERS, locals())


def disable_all_printers(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """Disable-All-Printers: have all printers refuse jobs (PWG 5100.22)."""
    return build(Operation.DISABLE_ALL_PRINTERS, locals())


def pause_all_printers(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """Pause-All-Printers: stop all printers at once (PWG 5100.22)."""
    return build(Operation.PAUSE_ALL_PRINTERS, locals())


def pause_all_printers_after_current_job(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """Pause-All-Printers-After-Current-Job: stop all printers after their current jobs (PWG 5100.22)."""
    return build(Operation.PAUSE_ALL_PRINTERS_AFTER_CURRENT_JOB, locals())


def resume_all_printers(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """Resume-All-Printers: start all stopped printers (PWG 5100.22)."""
    return build(Operation.RESUME_ALL_PRINTERS, locals())


def startup_all_printers(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """Startup-All-Printers: start all printers that are shut down (PWG 5100.22)."""
    return build(Operation.STARTUP_ALL_PRINTERS, locals())


def shutdown_all_printers(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """Shutdown-All-Printers: shut all printers down (PWG 5100.22)."""
    return build(Operation.SHUTDOWN_ALL_PRINTERS, locals())


def register_output_device(
    uri: str,
    output_device_uuid: String,
    *,
    printer_service_type: Strings | None = None,
    printer_xri_requested: Members | Sequence[Members] | None = None,
    output_device_x509_certificate: Strings | None = None,
    output_device_x509_request: Strings | None = None,
    printer: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Register-Output-Device: register an output device with a system (PWG 5100.22)."""
    return build(Operation.REGISTER_OUTPUT_DEVICE, locals())
