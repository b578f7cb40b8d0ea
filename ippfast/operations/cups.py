"""CUPS' own operations (CUPS Implementation of IPP, https://www.cups.org/doc/spec-ipp.html)."""

from typing import Unpack

from ..codec import Message
from ..enums import Operation
from ..requests import Groups
from ._build import Options, String, Strings, build

__all__ = [
    "cups_accept_jobs",
    "cups_add_modify_class",
    "cups_add_modify_printer",
    "cups_authenticate_job",
    "cups_create_local_printer",
    "cups_delete_class",
    "cups_delete_printer",
    "cups_get_classes",
    "cups_get_default",
    "cups_get_devices",
    "cups_get_document",
    "cups_get_ppd",
    "cups_get_ppds",
    "cups_get_printers",
    "cups_move_job",
    "cups_reject_jobs",
    "cups_set_default",
]


def cups_get_default(
    uri: str | None = None,
    *,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Get-Default: ask for the attributes of the default printer."""
    return build(Operation.CUPS_GET_DEFAULT, locals())


def cups_get_printers(
    uri: str | None = None,
    *,
    first_printer_name: String | None = None,
    limit: int | None = None,
    printer_id: int | None = None,
    printer_location: String | None = None,
    printer_type: int | str | None = None,
    printer_type_mask: int | str | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Get-Printers: ask for the printers of a server."""
    return build(Operation.CUPS_GET_PRINTERS, locals())


def cups_get_classes(
    uri: str | None = None,
    *,
    first_printer_name: String | None = None,
    limit: int | None = None,
    printer_location: String | None = None,
    printer_type: int | str | None = None,
    printer_type_mask: int | str | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Get-Classes: ask for the classes of a server."""
    return build(Operation.CUPS_GET_CLASSES, locals())


def cups_add_modify_printer(
    uri: str,
    *,
    ppd_name: String | None = None,
    printer: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Add-Modify-Printer: add a printer, or change it. A PPD file may follow the message."""
    return build(Operation.CUPS_ADD_MODIFY_PRINTER, locals())


def cups_delete_printer(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Delete-Printer: delete a printer."""
    return build(Operation.CUPS_DELETE_PRINTER, locals())


def cups_add_modify_class(
    uri: str,
    *,
    printer: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Add-Modify-Class: add a class, or change it; its printers are ``member-uris`` in the printer group."""
    return build(Operation.CUPS_ADD_MODIFY_CLASS, locals())


def cups_delete_class(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Delete-Class: delete a class."""
    return build(Operation.CUPS_DELETE_CLASS, locals())


def cups_accept_jobs(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Accept-Jobs: have a printer accept jobs."""
    return build(Operation.CUPS_ACCEPT_JOBS, locals())


def cups_reject_jobs(
    uri: str,
    *,
    printer_state_message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Reject-Jobs: have a printer refuse jobs."""
    return build(Operation.CUPS_REJECT_JOBS, locals())


def cups_set_default(
    uri: str,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Set-Default: make a printer the default."""
    return build(Operation.CUPS_SET_DEFAULT, locals())


def cups_get_devices(
    uri: str | None = None,
    *,
    device_class: String | None = None,
    include_schemes: Strings | None = None,
    exclude_schemes: Strings | None = None,
    limit: int | None = None,
    timeout: int | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Get-Devices: ask for the devices that a server finds; timeout is in seconds."""
    return build(Operation.CUPS_GET_DEVICES, locals())


def cups_get_ppds(
    uri: str | None = None,
    *,
    include_schemes: Strings | None = None,
    exclude_schemes: Strings | None = None,
    limit: int | None = None,
    ppd_make: String | None = None,
    ppd_make_and_model: String | None = None,
    ppd_model_number: int | None = None,
    ppd_natural_language: String | None = None,
    ppd_product: String | None = None,
    ppd_psversion: String | None = None,
    ppd_type: String | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Get-PPDs: ask for the drivers of a server."""
    return build(Operation.CUPS_GET_PPDS, locals())


def cups_get_ppd(
    uri: str | None = None,
    *,
    ppd_name: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Get-PPD: fetch the PPD file of a printer (uri), or the one of that name. It follows the response."""
    return build(Operation.CUPS_GET_PPD, locals())


def cups_get_document(
    uri: str,
    job_id: int | None = None,
    *,
    document_number: int | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Get-Document: fetch a document of a job, which follows the response."""
    return build(Operation.CUPS_GET_DOCUMENT, locals())


def cups_move_job(
    uri: str,
    job_id: int | None = None,
    *,
    job: Groups,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Move-Job: move a job to the printer that ``job-printer-uri`` in the job group names."""
    return build(Operation.CUPS_MOVE_JOB, locals())


def cups_authenticate_job(
    uri: str,
    job_id: int | None = None,
    *,
    job_hold_until: String | None = None,
    job: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Authenticate-Job: give a held job what it needs to print; ``auth-info`` goes into the job group."""
    return build(Operation.CUPS_AUTHENTICATE_JOB, locals())


def cups_create_local_printer(
    uri: str,
    *,
    printer: Groups,
    **options: Unpack[Options],
) -> Message:
    """CUPS-Create-Local-Printer: create a temporary printer on a server, of ``printer-name`` and ``device-uri``."""
    return build(Operation.CUPS_CREATE_LOCAL_PRINTER, locals())
