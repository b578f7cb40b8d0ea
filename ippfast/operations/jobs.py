"""Operations on jobs: create, send, watch, hold and cancel them (RFC 8011 sections 4.2 and 4.3)."""

from collections.abc import Sequence
from typing import Unpack

from ..codec import Message
from ..enums import Operation
from ..requests import Groups
from ._build import DateTimeLike, Members, Options, String, Strings, build

__all__ = [
    "cancel_current_job",
    "cancel_job",
    "cancel_jobs",
    "cancel_my_jobs",
    "close_job",
    "create_job",
    "get_job_attributes",
    "get_jobs",
    "hold_job",
    "print_job",
    "print_uri",
    "promote_job",
    "purge_jobs",
    "release_job",
    "reprocess_job",
    "restart_job",
    "resubmit_job",
    "resume_job",
    "schedule_job_after",
    "send_document",
    "send_uri",
    "set_job_attributes",
    "suspend_current_job",
    "validate_job",
]


def print_job(
    uri: str,
    *,
    job_name: String | None = None,
    ipp_attribute_fidelity: bool | None = None,
    job_mandatory_attributes: Strings | None = None,
    job_k_octets: int | None = None,
    job_impressions: int | None = None,
    job_media_sheets: int | None = None,
    job_pages: int | None = None,
    job_password: bytes | None = None,
    job_password_encryption: String | None = None,
    job_authorization_uri: String | None = None,
    client_info: Members | Sequence[Members] | None = None,
    requesting_user_uri: String | None = None,
    document_name: String | None = None,
    document_format: String | None = None,
    compression: String | None = None,
    document_natural_language: String | None = None,
    document_metadata: bytes | Sequence[bytes] | None = None,
    document_password: bytes | None = None,
    job: Groups | None = None,
    subscription: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Print-Job: print a document, which follows the message (RFC 8011 section 4.2.1)."""
    return build(Operation.PRINT_JOB, locals())


def print_uri(
    uri: str,
    document_uri: String,
    *,
    job_name: String | None = None,
    ipp_attribute_fidelity: bool | None = None,
    job_mandatory_attributes: Strings | None = None,
    job_k_octets: int | None = None,
    job_impressions: int | None = None,
    job_media_sheets: int | None = None,
    job_pages: int | None = None,
    job_password: bytes | None = None,
    job_password_encryption: String | None = None,
    job_authorization_uri: String | None = None,
    client_info: Members | Sequence[Members] | None = None,
    requesting_user_uri: String | None = None,
    document_name: String | None = None,
    document_format: String | None = None,
    compression: String | None = None,
    document_natural_language: String | None = None,
    job: Groups | None = None,
    subscription: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Print-URI: print the document behind a URI (RFC 8011 section 4.2.2). Deprecated."""
    return build(Operation.PRINT_URI, locals())


def validate_job(
    uri: str,
    *,
    job_name: String | None = None,
    ipp_attribute_fidelity: bool | None = None,
    job_mandatory_attributes: Strings | None = None,
    job_k_octets: int | None = None,
    job_impressions: int | None = None,
    job_media_sheets: int | None = None,
    job_pages: int | None = None,
    job_password: bytes | None = None,
    job_password_encryption: String | None = None,
    job_authorization_uri: String | None = None,
    client_info: Members | Sequence[Members] | None = None,
    requesting_user_uri: String | None = None,
    document_name: String | None = None,
    document_format: String | None = None,
    compression: String | None = None,
    document_natural_language: String | None = None,
    document_metadata: bytes | Sequence[bytes] | None = None,
    document_password: bytes | None = None,
    job: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Validate-Job: ask whether Print-Job would be taken (RFC 8011 section 4.2.3)."""
    return build(Operation.VALIDATE_JOB, locals())


def create_job(
    uri: str,
    *,
    job_name: String | None = None,
    ipp_attribute_fidelity: bool | None = None,
    job_mandatory_attributes: Strings | None = None,
    job_k_octets: int | None = None,
    job_impressions: int | None = None,
    job_media_sheets: int | None = None,
    job_pages: int | None = None,
    job_password: bytes | None = None,
    job_password_encryption: String | None = None,
    job_authorization_uri: String | None = None,
    client_info: Members | Sequence[Members] | None = None,
    requesting_user_uri: String | None = None,
    job: Groups | None = None,
    subscription: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Create-Job: create a job without documents, which Send-Document adds (RFC 8011 section 4.2.4)."""
    return build(Operation.CREATE_JOB, locals())


def send_document(
    uri: str,
    job_id: int | None = None,
    *,
    last_document: bool,
    document_name: String | None = None,
    document_format: String | None = None,
    compression: String | None = None,
    document_natural_language: String | None = None,
    document_metadata: bytes | Sequence[bytes] | None = None,
    document_password: bytes | None = None,
    document: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Send-Document: add a document, which follows the message, to a job (RFC 8011 section 4.3.1)."""
    return build(Operation.SEND_DOCUMENT, locals())


def send_uri(
    uri: str,
    job_id: int | None = None,
    *,
    last_document: bool,
    document_uri: String | None = None,
    document_name: String | None = None,
    document_format: String | None = None,
    compression: String | None = None,
    document_natural_language: String | None = None,
    document: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Send-URI: add the document behind a URI to a job (RFC 8011 section 4.3.2). Deprecated."""
    return build(Operation.SEND_URI, locals())


def close_job(
    uri: str,
    job_id: int | None = None,
    **options: Unpack[Options],
) -> Message:
    """Close-Job: say that a job gets no more documents (PWG 5100.7)."""
    return build(Operation.CLOSE_JOB, locals())


def get_job_attributes(
    uri: str,
    job_id: int | None = None,
    *,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Job-Attributes: ask for a job's attributes (RFC 8011 section 4.3.4)."""
    return build(Operation.GET_JOB_ATTRIBUTES, locals())


def get_jobs(
    uri: str,
    *,
    which_jobs: String | None = None,
    my_jobs: bool | None = None,
    limit: int | None = None,
    first_index: int | None = None,
    job_ids: int | Sequence[int] | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Jobs: ask for a printer's jobs, by default those that are not completed (RFC 8011 section 4.2.6)."""
    return build(Operation.GET_JOBS, locals())


def set_job_attributes(
    uri: str,
    job_id: int | None = None,
    *,
    job: Groups,
    **options: Unpack[Options],
) -> Message:
    """Set-Job-Attributes: change a job's attributes (RFC 3380 section 4.2).

    The value ``OutOfBand.DELETE_ATTRIBUTE`` removes an attribute.
    """
    return build(Operation.SET_JOB_ATTRIBUTES, locals())


def cancel_job(
    uri: str,
    job_id: int | None = None,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Cancel-Job: cancel a job (RFC 8011 section 4.3.3)."""
    return build(Operation.CANCEL_JOB, locals())


def cancel_jobs(
    uri: str,
    *,
    job_ids: int | Sequence[int] | None = None,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Cancel-Jobs: cancel these jobs, or all (PWG 5100.7). For operators."""
    return build(Operation.CANCEL_JOBS, locals())


def cancel_my_jobs(
    uri: str,
    *,
    job_ids: int | Sequence[int] | None = None,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Cancel-My-Jobs: cancel the user's own jobs, these or all (PWG 5100.7)."""
    return build(Operation.CANCEL_MY_JOBS, locals())


def cancel_current_job(
    uri: str,
    job_id: int | None = None,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Cancel-Current-Job: cancel the job that the printer prints. With job_id: only that one (RFC 3998)."""
    return build(Operation.CANCEL_CURRENT_JOB, locals())


def suspend_current_job(
    uri: str,
    job_id: int | None = None,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Suspend-Current-Job: suspend the job that the printer prints. With job_id: only that one (RFC 3998)."""
    return build(Operation.SUSPEND_CURRENT_JOB, locals())


def resume_job(
    uri: str,
    job_id: int | None = None,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Resume-Job: go on with a suspended job (RFC 3998)."""
    return build(Operation.RESUME_JOB, locals())


def hold_job(
    uri: str,
    job_id: int | None = None,
    *,
    message: String | None = None,
    job_hold_until: String | None = None,
    job_hold_until_time: DateTimeLike | None = None,
    **options: Unpack[Options],
) -> Message:
    """Hold-Job: hold a job that has not begun (RFC 8011 section 4.3.5)."""
    return build(Operation.HOLD_JOB, locals())


def release_job(
    uri: str,
    job_id: int | None = None,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Release-Job: release a held job (RFC 8011 section 4.3.6)."""
    return build(Operation.RELEASE_JOB, locals())


def restart_job(
    uri: str,
    job_id: int | None = None,
    *,
    message: String | None = None,
    job_hold_until: String | None = None,
    job_hold_until_time: DateTimeLike | None = None,
    **options: Unpack[Options],
) -> Message:
    """Restart-Job: process a completed job again (RFC 8011 section 4.3.7). Deprecated."""
    return build(Operation.RESTART_JOB, locals())


def reprocess_job(
    uri: str,
    job_id: int | None = None,
    *,
    message: String | None = None,
    job: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Reprocess-Job: process a copy of a completed job (RFC 3998). Deprecated."""
    return build(Operation.REPROCESS_JOB, locals())


def resubmit_job(
    uri: str,
    job_id: int | None = None,
    *,
    ipp_attribute_fidelity: bool | None = None,
    job_mandatory_attributes: Strings | None = None,
    job: Groups | None = None,
    subscription: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Resubmit-Job: process a copy of a job with other attributes (PWG 5100.7)."""
    return build(Operation.RESUBMIT_JOB, locals())


def promote_job(
    uri: str,
    job_id: int | None = None,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Promote-Job: make a job the next one (RFC 3998)."""
    return build(Operation.PROMOTE_JOB, locals())


def schedule_job_after(
    uri: str,
    job_id: int | None = None,
    *,
    predecessor_job_id: int | None = None,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Schedule-Job-After: schedule a job behind another, or behind the current one (RFC 3998)."""
    return build(Operation.SCHEDULE_JOB_AFTER, locals())


def purge_jobs(
    uri: str,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Purge-Jobs: remove all jobs of a printer (RFC 8011 section 4.2.9). Deprecated."""
    return build(Operation.PURGE_JOBS, locals())
