"""The enums: their names are the registry's, and their sets are open."""

import copy
import pickle
import subprocess
import sys
from enum import IntEnum

import pytest

from ippfast import enums
from ippfast._open_enum import OpenEnum
from ippfast.enums import Finishings, JobState, Operation, PowerState, PrintQuality, Status

CLASSES: list[type[OpenEnum]] = [getattr(enums, name) for name in enums.__all__]
MEMBERS = [member for enum in CLASSES for member in enum]


def test_a_class_for_each_enum_attribute_of_the_registry() -> None:
    assert enums.__all__ == [
        "ClientType",
        "DocumentState",
        "Finishings",
        "JobState",
        "Operation",
        "OrientationRequested",
        "PowerState",
        "PrintQuality",
        "PrinterState",
        "PrinterWifiState",
        "ResourceState",
        "Status",
        "SystemState",
        "TransmissionStatus",
    ]
    assert all(issubclass(enum, IntEnum) for enum in CLASSES)


def test_counts() -> None:
    """As many as IANA has assigned: 100, 50 and 162, of which finishings' jog-offset stands there twice."""
    assert len([operation for operation in Operation if operation < 0x4000]) == 100
    assert len([operation for operation in Operation if operation >= 0x4000]) == 17
    assert len(Status) == 50
    assert len(MEMBERS) - len(Operation) - len(Status) == 161


@pytest.mark.parametrize(
    ("member", "number", "keyword"),
    [
        (Operation.PRINT_JOB, 0x0002, "Print-Job"),
        (Operation.PRINT_URI, 0x0003, "Print-URI"),
        (Operation.GET_PRINTER_ATTRIBUTES, 0x000B, "Get-Printer-Attributes"),
        (Operation.GET_ENCRYPTED_JOB_ATTRIBUTES, 0x006A, "Get-Encrypted-Job-Attributes"),
        (Operation.CUPS_GET_DEFAULT, 0x4001, "CUPS-Get-Default"),
        (Operation.CUPS_GET_PPDS, 0x400C, "CUPS-Get-PPDs"),
        (Operation.CUPS_CREATE_LOCAL_PRINTER, 0x4028, "CUPS-Create-Local-Printer"),
        (Status.SUCCESSFUL_OK, 0x0000, "successful-ok"),
        (Status.CLIENT_ERROR_NOT_FOUND, 0x0406, "client-error-not-found"),
        (
            Status.SERVER_ERROR_MULTIPLE_DOCUMENT_JOBS_NOT_SUPPORTED,
            0x0509,
            "server-error-multiple-document-jobs-not-supported",
        ),
        (JobState.PROCESSING_STOPPED, 6, "processing-stopped"),
        (Finishings.JOG_OFFSET, 14, "jog-offset"),
        (Finishings.FOLD_ENGINEERING_Z, 101, "fold-engineering-z"),
        (PowerState.ON_VENDOR1, 21, "on-vendor1"),
        (PrintQuality.HIGH, 5, "high"),
    ],
)
def test_numbers_and_keywords(member: OpenEnum, number: int, keyword: str) -> None:
    assert member == number
    assert member.keyword == keyword
    assert type(member)(number) is member


@pytest.mark.parametrize("enum", CLASSES)
def test_every_member_both_ways(enum: type[OpenEnum]) -> None:
    for member in enum:
        assert enum.from_keyword(member.keyword) is member
        assert enum.coerce(member.value) is member
        assert enum(member.value) is member
        assert member.name == member.keyword.upper().replace("-", "_")
    assert len({member.keyword for member in enum}) == len(enum)
    assert len(enum.__members__) == len(enum), "an alias: two names of one number"


@pytest.mark.parametrize("number", [0, -1, 0x7FFF, 0x40000046, 2**31 - 1])
@pytest.mark.parametrize("enum", [Operation, JobState, Finishings])
def test_an_unknown_number_stays_an_integer(enum: type[OpenEnum], number: int) -> None:
    assert type(enum.coerce(number)) is int
    assert enum.coerce(number) == number


@pytest.mark.parametrize(
    ("enum", "keyword", "hint"),
    [
        (Operation, "print-job", "did you mean 'Print-Job'"),
        (Operation, "Print-Jbo", "did you mean 'Print-Job'"),
        (Operation, "PRINT_JOB", "'PRINT_JOB' is no Operation keyword"),
        (Status, "client_error_not_found", "did you mean 'client-error-not-found'"),
        (JobState, "zzz", "'zzz' is no JobState keyword"),
        (JobState, "", "'' is no JobState keyword"),
        (JobState, "\u202e\x1b[2J\udcff", r"'\\u202e\\x1b\[2J\\udcff' is no JobState keyword"),
    ],
)
def test_an_unknown_keyword_raises(enum: type[OpenEnum], keyword: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        enum.from_keyword(keyword)


def test_a_long_unknown_keyword_gives_a_short_message() -> None:
    with pytest.raises(ValueError, match="is no Operation keyword") as caught:
        Operation.from_keyword("Print-Job" * 10_000)
    assert len(str(caught.value)) < 300


def test_repr() -> None:
    assert repr(Operation.PRINT_JOB) == "<Operation.PRINT_JOB: 0x0002>"
    assert repr(Status.CLIENT_ERROR_GONE) == "<Status.CLIENT_ERROR_GONE: 0x0407>"
    assert repr(JobState.PENDING) == "<JobState.PENDING: 3>"


def test_as_text_it_is_the_keyword_and_as_a_number_the_number() -> None:
    status = Status.CLIENT_ERROR_GONE
    assert str(status) == f"{status}" == "client-error-gone"
    assert f"{status:<20}|" == "client-error-gone   |"
    assert f"{status:#06x}" == "0x0407"
    assert f"{JobState.PENDING:d}" == "3"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_gives_the_same_member(protocol: int) -> None:
    for member in MEMBERS:
        assert pickle.loads(pickle.dumps(member, protocol)) is member


def test_copying_gives_the_same_member() -> None:
    assert copy.deepcopy([Status.SUCCESSFUL_OK])[0] is Status.SUCCESSFUL_OK


def test_it_is_an_integer() -> None:
    assert {Operation.PRINT_JOB: 1}[2] == 1  # type: ignore[index]
    assert Status.SERVER_ERROR_BUSY.to_bytes(2, "big") == b"\x05\x07"
    assert Status.CLIENT_ERROR_GONE >= 0x0400


def test_importing_it_loads_only_what_it_needs() -> None:
    code = "import ippfast.enums, sys; print(*(name for name in sys.modules if name.startswith('ippfast._reg')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []
