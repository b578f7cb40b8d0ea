"""Operations of a proxy, which prints the jobs that an infrastructure printer has accepted (PWG 5100.18)."""

from collections.abc import Sequence
from typing import Unpack

from ..codec import Message
from ..enums import Operation
from ..requests import Groups
from ._build import Options, String, Strings, build

__all__ = [
    "acknowledge_document",
    "acknowledge_encrypted_job_attributes",
    "acknowledge_identify_printer",
    "acknowledge_job",
    "deregister_output_device",
    "fetch_document",
    "fetch_encrypted_job_attributes",
    "fetch_job",
    "get_encrypted_job_attributes",
    "get_output_device_attributes",
    "update_active_jobs",
    "update_document_status",
    "update_job_status",
    "update_output_device_attributes",
]


def fetch_job(
    uri: str,
    job_id: int | None = None,
    *,
    output_device_uuid: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Fetch-Job: fetch a job's attributes (PWG 5100.18)."""
    return build(Operation.FETCH_JOB, locals())


def acknowledge_job(
    uri: str,
    job_id: int | None = None,
    *,
    output_device_uuid: String | None = None,
    fetch_status_code: int | str | None = None,
    fetch_status_message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Acknowledge-Job: say that a job was fetched, or why not (PWG 5100.18)."""
    return build(Operation.ACKNOWLEDGE_JOB, locals())


def fetch_document(
    uri: str,
    job_id: int | None = None,
    document_number: int | None = None,
    *,
    output_device_uuid: String | None = None,
    compression_accepted: Strings | None = None,
    document_format_accepted: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Fetch-Document: fetch a document, which follows the response (PWG 5100.18)."""
    return build(Operation.FETCH_DOCUMENT, locals())


def acknowledge_document(
    uri: str,
    job_id: int | None = None,
    document_number: int | None = None,
    *,
    output_device_uuid: String | None = None,
    fetch_status_code: int | str | None = None,
    fetch_status_message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Acknowledge-Document: say that a document was fetched, or why not (PWG 5100.18)."""
    return build(Operation.ACKNOWLEDGE_DOCUMENT, locals())


def update_job_status(
    uri: str,
    job_id: int | None = None,
    *,
    output_device_uuid: String | None = None,
    job: Groups,
    **options: Unpack[Options],
) -> Message:
    """Update-Job-Status: report the progress of a job (PWG 5100.18)."""
    return build(Operation.UPDATE_JOB_STATUS, locals())


def update_document_status(
    uri: str,
    job_id: int | None = None,
    document_number: int | None = None,
    *,
    output_device_uuid: String | None = None,
    document: Groups,
    **options: Unpack[Options],
) -> Message:
    """Update-Document-Status: report the progress of a document (PWG 5100.18)."""
    return build(Operation.UPDATE_DOCUMENT_STATUS, locals())


def update_active_jobs(
    uri: str,
    *,
    output_device_uuid: String,
    job_ids: int | Sequence[int],
    output_device_job_states: int | str | Sequence[int | str],
    **options: Unpack[Options],
) -> Message:
    """Update-Active-Jobs: report the states of all jobs that the device has (PWG 5100.18)."""
    return build(Operation.UPDATE_ACTIVE_JOBS, locals())


def get_output_device_attributes(
    uri: str,
    *,
    output_device_uuid: String,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Output-Device-Attributes: ask for the attributes that a device has reported (PWG 5100.18)."""
    return build(Operation.GET_OUTPUT_DEVICE_ATTRIBUTES, locals())


def update_output_device_attributes(
    uri: str,
    *,
    output_device_uuid: String,
    printer: Groups,
    **options: Unpack[Options],
) -> Message:
    """Update-Output-Device-Attributes: report the attributes of a device (PWG 5100.18)."""
    return build(Operation.UPDATE_OUTPUT_DEVICE_ATTRIBUTES, locals())


def deregister_output_device(
    uri: str,
    *,
    output_device_uuid: String,
    **options: Unpack[Options],
) -> Message:
    """Deregister-Output-Device: take a device away from the printer (PWG 5100.18)."""
    return build(Operation.DEREGISTER_OUTPUT_DEVICE, locals())


def acknowledge_identify_printer(
    uri: str,
    *,
    output_device_uuid: String,
    **options: Unpack[Options],
) -> Message:
    """Acknowledge-Identify-Printer: say that the device has shown where it stands (PWG 5100.18)."""
    return build(Operation.ACKNOWLEDGE_IDENTIFY_PRINTER, locals())


def get_encrypted_job_attributes(
    uri: str,
    job_id: int | None = None,
    *,
    requesting_user_pkcs7_public_key: Strings | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Encrypted-Job-Attributes: ask for a job's attributes in encrypted form (PWG 5100.TRUSTNOONE)."""
    return build(Operation.GET_ENCRYPTED_JOB_ATTRIBUTES, locals())


def fetch_encrypted_job_attributes(
    uri: str,
    job_id: int | None = None,
    *,
    output_device_uuid: String | None = None,
    encrypted_job_request_id: int | None = None,
    encrypted_job_request_format: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Fetch-Encrypted-Job-Attributes: fetch a user's request for a job's attributes (PWG 5100.TRUSTNOONE)."""
    return build(Operation.FETCH_ENCRYPTED_JOB_ATTRIBUTES, locals())


def acknowledge_encrypted_job_attributes(
    uri: str,
    job_id: int | None = None,
    *,
    output_device_uuid: String | None = None,
    encrypted_job_request_id: int | None = None,
    encrypted_job_request_format: String | None = None,
    fetch_status_code: int | str | None = None,
    fetch_status_message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Acknowledge-Encrypted-Job-Attributes: deliver a job's attributes in encrypted form (PWG 5100.TRUSTNOONE)."""
    return build(Operation.ACKNOWLEDGE_ENCRYPTED_JOB_ATTRIBUTES, locals())
