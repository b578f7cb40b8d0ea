"""Operations on the documents of a job (PWG 5100.5, PWG 5100.13, PWG 5100.15, PWG 5100.17)."""

from collections.abc import Sequence
from typing import Unpack

from ..codec import Message
from ..enums import Operation
from ..requests import Groups
from ._build import Members, Options, String, Strings, build

__all__ = [
    "add_document_images",
    "cancel_document",
    "delete_document",
    "get_document_attributes",
    "get_documents",
    "get_next_document_data",
    "set_document_attributes",
    "validate_document",
]


def validate_document(
    uri: str,
    *,
    document_name: String | None = None,
    document_format: String | None = None,
    compression: String | None = None,
    document_natural_language: String | None = None,
    document_metadata: bytes | Sequence[bytes] | None = None,
    document_password: bytes | None = None,
    ipp_attribute_fidelity: bool | None = None,
    document: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Validate-Document: ask whether Send-Document would be taken (PWG 5100.13)."""
    return build(Operation.VALIDATE_DOCUMENT, locals())


def get_documents(
    uri: str,
    job_id: int | None = None,
    *,
    limit: int | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Documents: ask for a job's documents (PWG 5100.5)."""
    return build(Operation.GET_DOCUMENTS, locals())


def get_document_attributes(
    uri: str,
    job_id: int | None = None,
    document_number: int | None = None,
    *,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Document-Attributes: ask for a document's attributes (PWG 5100.5)."""
    return build(Operation.GET_DOCUMENT_ATTRIBUTES, locals())


def set_document_attributes(
    uri: str,
    job_id: int | None = None,
    document_number: int | None = None,
    *,
    document: Groups,
    **options: Unpack[Options],
) -> Message:
    """Set-Document-Attributes: change a document's attributes (PWG 5100.5)."""
    return build(Operation.SET_DOCUMENT_ATTRIBUTES, locals())


def cancel_document(
    uri: str,
    job_id: int | None = None,
    document_number: int | None = None,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Cancel-Document: cancel a document of a job (PWG 5100.5)."""
    return build(Operation.CANCEL_DOCUMENT, locals())


def delete_document(
    uri: str,
    job_id: int | None = None,
    document_number: int | None = None,
    *,
    message: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Delete-Document: delete a document of a job (PWG 5100.5). Obsolete."""
    return build(Operation.DELETE_DOCUMENT, locals())


def add_document_images(
    uri: str,
    job_id: int | None = None,
    *,
    last_document: bool,
    input_attributes: Members | None = None,
    document: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Add-Document-Images: scan further images into a document (PWG 5100.15)."""
    return build(Operation.ADD_DOCUMENT_IMAGES, locals())


def get_next_document_data(
    uri: str,
    job_id: int | None = None,
    *,
    document_number: int | None = None,
    document_data_wait: bool | None = None,
    compression_accepted: Strings | None = None,
    document_format_accepted: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Next-Document-Data: fetch scanned data, which follows the response (PWG 5100.17)."""
    return build(Operation.GET_NEXT_DOCUMENT_DATA, locals())
