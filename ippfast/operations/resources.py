"""Operations on the resources of a system and of its printers (PWG 5100.22)."""

from collections.abc import Sequence
from typing import Unpack

from ..codec import Message
from ..enums import Operation
from ..requests import Groups
from ._build import Options, String, Strings, build

__all__ = [
    "allocate_printer_resources",
    "cancel_resource",
    "create_resource",
    "deallocate_printer_resources",
    "get_printer_resources",
    "get_resource_attributes",
    "get_resources",
    "install_resource",
    "send_resource_data",
    "set_resource_attributes",
]


def get_resources(
    uri: str,
    *,
    resource_ids: int | Sequence[int] | None = None,
    resource_types: Strings | None = None,
    resource_states: int | str | Sequence[int | str] | None = None,
    resource_formats: Strings | None = None,
    limit: int | None = None,
    first_index: int | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Resources: ask for a system's resources (PWG 5100.22)."""
    return build(Operation.GET_RESOURCES, locals())


def get_resource_attributes(
    uri: str,
    resource_id: int,
    *,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Resource-Attributes: ask for a resource's attributes (PWG 5100.22)."""
    return build(Operation.GET_RESOURCE_ATTRIBUTES, locals())


def set_resource_attributes(
    uri: str,
    resource_id: int,
    *,
    resource: Groups,
    **options: Unpack[Options],
) -> Message:
    """Set-Resource-Attributes: change a resource's attributes (PWG 5100.22)."""
    return build(Operation.SET_RESOURCE_ATTRIBUTES, locals())


def create_resource(
    uri: str,
    *,
    resource_type: String,
    resource: Groups | None = None,
    **options: Unpack[Options],
) -> Message:
    """Create-Resource: create a resource without data, which Send-Resource-Data adds (PWG 5100.22)."""
    return build(Operation.CREATE_RESOURCE, locals())


def send_resource_data(
    uri: str,
    resource_id: int,
    *,
    resource_format: String | None = None,
    resource_k_octets: int | None = None,
    resource_natural_language: String | None = None,
    resource_signature: bytes | Sequence[bytes] | None = None,
    resource_version: bytes | None = None,
    resource_string_version: String | None = None,
    resource_patches: String | None = None,
    **options: Unpack[Options],
) -> Message:
    """Send-Resource-Data: add the data, which follows the message, to a resource (PWG 5100.22)."""
    return build(Operation.SEND_RESOURCE_DATA, locals())


def install_resource(
    uri: str,
    resource_id: int,
    **options: Unpack[Options],
) -> Message:
    """Install-Resource: install a resource (PWG 5100.22)."""
    return build(Operation.INSTALL_RESOURCE, locals())


def cancel_resource(
    uri: str,
    resource_id: int,
    **options: Unpack[Options],
) -> Message:
    """Cancel-Resource: cancel a resource (PWG 5100.22)."""
    return build(Operation.CANCEL_RESOURCE, locals())


def get_printer_resources(
    uri: str,
    *,
    printer_id: int | None = None,
    requested_attributes: Strings | None = None,
    **options: Unpack[Options],
) -> Message:
    """Get-Printer-Resources: ask for a printer's resources (PWG 5100.22). With printer_id, uri is the system's."""
    return build(Operation.GET_PRINTER_RESOURCES, locals())


def allocate_printer_resources(
    uri: str,
    resource_ids: int | Sequence[int],
    *,
    printer_id: int | None = None,
    **options: Unpack[Options],
) -> Message:
    """Allocate-Printer-Resources: give resources to a printer (PWG 5100.22). With printer_id, uri is the system's."""
    return build(Operation.ALLOCATE_PRINTER_RESOURCES, locals())


def deallocate_printer_resources(
    uri: str,
    resource_ids: int | Sequence[int],
    *,
    printer_id: int | None = None,
    **options: Unpack[Options],
) -> Message:
    """Deallocate-Printer-Resources: take resources from a printer (PWG 5100.22).

    With printer_id, uri is the system's.
    """
    return build(Operation.DEALLOCATE_PRINTER_RESOURCES, locals())
