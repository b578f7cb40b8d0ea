"""The numbers that ippserver has names for: group tags, value tags, operations, status codes, job states.

The rule of this file: the library's names, with the numbers that IANA registered; `ippfast.enums` has all the others.
Members are ints, so that they are equal to the library's own and find the same keys.
"""

from enum import IntEnum

__all__ = ["JobStateEnum", "OperationEnum", "SectionEnum", "StatusCodeEnum", "TagEnum"]


class SectionEnum(IntEnum):
    """The delimiter tags (RFC 8010 section 3.5.1), and what tells them from value tags."""

    SECTIONS = 0x00
    SECTIONS_MASK = 0xF0
    operation = 0x01
    job = 0x02
    END = 0x03
    printer = 0x04
    unsupported = 0x05

    @classmethod
    def is_section_tag(cls, tag: int) -> bool:
        """Whether a tag is a delimiter tag: 0x00 to 0x0f."""
        return tag & cls.SECTIONS_MASK == cls.SECTIONS


class TagEnum(IntEnum):
    """The value tags (RFC 8010 section 3.5.2)."""

    unsupported_value = 0x10
    unknown_value = 0x12
    no_value = 0x13
    integer = 0x21
    boolean = 0x22
    enum = 0x23
    octet_str = 0x30
    datetime_str = 0x31
    resolution = 0x32
    range_of_integer = 0x33
    text_with_language = 0x35
    name_with_language = 0x36
    text_without_language = 0x41
    name_without_language = 0x42
    keyword = 0x44
    uri = 0x45
    uri_scheme = 0x46
    charset = 0x47
    natural_language = 0x48
    mime_media_type = 0x49


class StatusCodeEnum(IntEnum):
    """The status codes (RFC 8011 appendix B) that the library's printers give."""

    ok = 0x0000
    server_error_internal_error = 0x0500
    server_error_operation_not_supported = 0x0501
    server_error_job_canceled = 0x0508


class OperationEnum(IntEnum):
    """The operations (RFC 8011 section 5.4.15) that the library's printers know, with two of CUPS."""

    print_job = 0x0002
    validate_job = 0x0004
    cancel_job = 0x0008
    get_job_attributes = 0x0009
    get_jobs = 0x000A
    get_printer_attributes = 0x000B
    cups_get_default = 0x4001
    cups_list_all_printers = 0x4002


class JobStateEnum(IntEnum):
    """job-state (RFC 8011 section 5.3.7)."""

    pending = 3
    pending_held = 4
    processing = 5
    processing_stopped = 6
    canceled = 7
    aborted = 8
    completed = 9
