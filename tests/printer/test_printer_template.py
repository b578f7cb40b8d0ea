"""What clients want of jobs, and how it is judged (RFC 8011 section 5.2): refused, left out, or kept.

The rule of this file: the attributes go out as they stand in a table, whatever the registry says of them, and what
counts is the answer and what the job has then.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from printers import DOCUMENT, Desk, Gate, printing

from ippfast import Attribute, AttributeGroup, Collection, DelimiterTag, Message, Operation, OutOfBand, RangeOfInteger
from ippfast.enums import JobState, Status
from ippfast.printer import Description, DescriptionError
from ippfast.printer.holding import clock_of
from ippfast.printer.outputs import file_name
from ippfast.requests import request
from ippfast.tags import ValueTag
from ippfast.values import DateTime, StringWithLanguage

KEYWORD, INTEGER, RANGE, NAME = ValueTag.KEYWORD, ValueTag.INTEGER, ValueTag.RANGE_OF_INTEGER, ValueTag.NAME
LEFT_OUT = Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
BAD = Status.CLIENT_ERROR_BAD_REQUEST
NOT_SUPPORTED = Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def desk(tmp_path: Path, gate: Gate) -> Iterator[Desk]:
    with printing(tmp_path, output=gate) as desk:
        yield desk
        gate.open.set()


def ranges(*pairs: tuple[int, int]) -> list[RangeOfInteger]:
    return [RangeOfInteger(*pair) for pair in pairs]


def ask(desk: Desk, operation: Operation, *job: Attribute, document: bytes | None = None, **given: object) -> Message:
    """A request with job attributes as they are."""
    named = {name.replace("_", "-"): value for name, value in given.items()}
    message = request(operation, desk.uri, operation_attributes=named, user="alice")
    if job:
        message.groups.append(AttributeGroup(DelimiterTag.JOB, list(job)))
    return desk.client.send(message, document)


def overrides(*pages: tuple[int, int]) -> Attribute:
    member = Collection([Attribute("pages", RANGE, ranges(*pages)), Attribute("sides", KEYWORD, ["one-sided"])])
    return Attribute("overrides", ValueTag.BEG_COLLECTION, [member])


@pytest.mark.parametrize("fidelity", [True, False])
@pytest.mark.parametrize(
    "attribute",
    [
        Attribute("page-ranges", RANGE, ranges((5, 7), (1, 2))),
        Attribute("page-ranges", RANGE, ranges((1, 3), (2, 5))),
        Attribute("page-ranges", RANGE, ranges((1, 3), (3, 5))),
        Attribute("page-ranges", RANGE, ranges((5, 2))),
        Attribute("page-ranges", RANGE, ranges((0, 2))),
        Attribute("page-ranges", RANGE, ranges((-3, 2))),
        overrides((4, 5), (1, 2)),
        Attribute("copies", INTEGER, [1, 2]),
        Attribute("sides", KEYWORD, ["one-sided", "two-sided-long-edge"]),
        Attribute("job-priority", INTEGER, [1, 2]),
    ],
    ids=repr,
)
def test_what_no_printer_may_take_is_refused(desk: Desk, attribute: Attribute, fidelity: bool) -> None:
    for operation in (Operation.PRINT_JOB, Operation.CREATE_JOB, Operation.VALIDATE_JOB):
        document = DOCUMENT if operation == Operation.PRINT_JOB else None
        answer = ask(desk, operation, attribute, document=document, ipp_attribute_fidelity=fidelity)
        assert answer.status is BAD, operation
        (back,) = answer.group(DelimiterTag.UNSUPPORTED)
        assert back == attribute
    assert desk.ask(Operation.GET_JOBS, which_jobs="all").jobs == []
    job = desk.print(job={"job-hold-until": "indefinite"})
    before = desk.job(job)
    assert ask(desk, Operation.SET_JOB_ATTRIBUTES, attribute, job_id=job).status is BAD
    assert desk.job(job) == before | {name: desk.job(job)[name] for name in ("job-printer-up-time",)}


@pytest.mark.parametrize(
    "attribute",
    [
        Attribute("page-ranges", KEYWORD, ["all"]),
        Attribute("copies", RANGE, ranges((1, 2))),
        Attribute("copies", KEYWORD, ["two"]),
        Attribute("copies", INTEGER, [-1]),
        Attribute("copies", OutOfBand.NO_VALUE.value, [OutOfBand.NO_VALUE]),
        Attribute("job-priority", INTEGER, [101]),
        Attribute("sides", ValueTag.TEXT, ["one-sided"]),
        Attribute("job-account-id", NAME, ["a\x1bb"]),
        Attribute("job-account-id", NAME, ["\udce9tat"]),
        Attribute("job-account-id", INTEGER, [1]),
        Attribute("job-hold-until", KEYWORD, ["tomorrow"]),
        Attribute("job-hold-until", NAME, ["24:00"]),
        Attribute("job-hold-until", INTEGER, [5]),
        Attribute("job-hold-until-time", ValueTag.DATE_TIME, [DateTime(2027, 13, 1)]),
        Attribute("media-col", KEYWORD, ["iso_a4_210x297mm"]),
    ],
    ids=repr,
)
def test_what_cannot_be_had_is_left_out_and_not_kept(desk: Desk, gate: Gate, attribute: Attribute) -> None:
    answer = ask(desk, Operation.PRINT_JOB, attribute, document=DOCUMENT)
    assert answer.status is LEFT_OUT
    (back,) = answer.group(DelimiterTag.UNSUPPORTED)
    assert back == attribute
    kept = desk.job(answer.job["job-id"].value)
    assert attribute.name not in kept or attribute.name in ("job-priority", "job-hold-until")
    assert kept.get("job-hold-until") == "no-hold"
    refused = ask(desk, Operation.PRINT_JOB, attribute, document=DOCUMENT, ipp_attribute_fidelity=True)
    assert refused.status is NOT_SUPPORTED
    assert list(refused.group(DelimiterTag.UNSUPPORTED)) == [attribute]


def test_what_can_be_had_is_kept(desk: Desk) -> None:
    wanted = [
        Attribute("page-ranges", RANGE, ranges((1, 1), (3, 5), (9, 2**31 - 1))),
        overrides((1, 1), (4, 5)),
        Attribute("copies", INTEGER, [2]),
        Attribute("sides", NAME, ["two-sided-long-edge"]),  # some clients send keywords as names
        Attribute("job-account-id", ValueTag.NAME_WITH_LANGUAGE, [StringWithLanguage("bücher", "de")]),
        Attribute("finishings", ValueTag.ENUM, [4, 5]),
    ]
    answer = ask(desk, Operation.PRINT_JOB, *wanted, document=DOCUMENT, ipp_attribute_fidelity=True)
    assert answer.status is Status.SUCCESSFUL_OK
    kept = desk.ask(Operation.GET_JOB_ATTRIBUTES, job_id=answer.job["job-id"].value).job
    assert [kept[each.name] for each in wanted] == wanted


def test_of_a_collection_the_members_that_can_be_had_are_kept(desk: Desk) -> None:
    size = Collection([Attribute("x-dimension", INTEGER, [14_800]), Attribute("y-dimension", INTEGER, [21_000])])
    media_size = Attribute("media-size", ValueTag.BEG_COLLECTION, [size])
    bad = [
        Attribute("media-top-margin", INTEGER, [100]),
        Attribute("media-type", RANGE, ranges((1, 2))),
        Attribute("media-size-name", KEYWORD, ["na_unheard-of_1x1in"]),
    ]
    media_col = Attribute("media-col", ValueTag.BEG_COLLECTION, [Collection([bad[0], media_size, *bad[1:]])])
    answer = ask(desk, Operation.CREATE_JOB, media_col)
    assert answer.status is LEFT_OUT
    (back,) = answer.group(DelimiterTag.UNSUPPORTED)
    assert list(back.value) == bad
    assert list(desk.job(answer.job["job-id"].value)["media-col"]) == [media_size]
    refused = ask(desk, Operation.CREATE_JOB, media_col, ipp_attribute_fidelity=True)
    assert refused.status is NOT_SUPPORTED
    assert list(next(iter(refused.group(DelimiterTag.UNSUPPORTED))).value) == bad


# What else the client says of a job.


def test_what_the_client_knows_of_the_pages_is_kept(desk: Desk) -> None:
    job = desk.job(desk.print(job_impressions=10, job_media_sheets=5))
    assert (job["job-impressions"], job["job-media-sheets"]) == (10, 5)
    answer = ask(desk, Operation.CREATE_JOB)
    unsaid = desk.job(answer.job["job-id"].value)
    assert unsaid["job-impressions"] == OutOfBand.NO_VALUE


def test_the_charset_of_a_text_is_kept(desk: Desk) -> None:
    job = desk.print(b"H\xe9llo\n", document_format="Text/Plain; charset=iso-8859-1")
    found = desk.ask(Operation.GET_DOCUMENT_ATTRIBUTES, job_id=job, document_number=1)
    assert found.group(DelimiterTag.DOCUMENT)["document-format"].value == "text/plain; charset=iso-8859-1"
    kept, (document,) = desk.printer.store.job(job), desk.printer.store.documents(job)
    assert kept is not None
    assert file_name(kept, document).endswith(".txt")


def test_a_format_by_default_is_one_that_is_supported() -> None:
    only = Description({"document-format-supported": ["application/pdf", "image/jpeg"]})
    assert only.text("document-format-default") == "application/pdf"
    with pytest.raises(DescriptionError, match="document-format-default"):
        Description({"document-format-supported": ["image/jpeg"], "document-format-default": "application/pdf"})


@pytest.mark.parametrize(("name", "attribute"), [("job-name", "job-name"), ("document-name", "document-name")])
def test_a_name_that_is_too_long_is_refused_by_each_operation(desk: Desk, name: str, attribute: str) -> None:
    long = Attribute(attribute, NAME, ["ü" * 128])
    job = desk.print(job={"job-hold-until": "indefinite"})
    for operation in (Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.CREATE_JOB, Operation.SET_JOB_ATTRIBUTES):
        document = DOCUMENT if operation == Operation.PRINT_JOB else None
        given: dict[str, Any] = {"job_id": job} if operation == Operation.SET_JOB_ATTRIBUTES else {}
        assert ask(desk, operation, long, document=document, **given).status is Status(0x0409), operation
    for code in desk.printer.operations:
        message = request(code, operation_attributes={"printer-uri": desk.uri, "job-id": job})
        message.groups[0].append(Attribute("requesting-user-name", NAME, ["n" * 256]))
        assert desk.client.send(message).status is Status(0x0409), code
    assert len(desk.ask(Operation.GET_JOBS, which_jobs="all").jobs) == 1


LONG: dict[str, tuple[ValueTag, str | bytes | StringWithLanguage]] = {
    "attributes-natural-language": (ValueTag.NATURAL_LANGUAGE, "n" * 64),
    "document-format": (ValueTag.MIME_MEDIA_TYPE, "a/" + "n" * 254),
    "document-metadata": (ValueTag.OCTET_STRING, b"n" * 1_024),
    "job-name": (ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("short", "n" * 64)),
    "requesting-user-name": (ValueTag.TEXT, "n" * 256),
    "requesting-user-uri": (ValueTag.URI, "urn:" + "n" * 1_020),
}


@pytest.mark.parametrize("name", LONG)
def test_no_string_is_longer_than_its_syntax(desk: Desk, name: str) -> None:
    """RFC 8011 section 5.1: what a job or a subscription keeps of a request has a bound."""
    tag, value = LONG[name]
    for code in (Operation.PRINT_JOB, Operation.CREATE_JOB):
        message = request(code, operation_attributes={"printer-uri": desk.uri}, user="ada")
        message.groups[0][name] = Attribute(name, tag, [value])
        document = DOCUMENT if code == Operation.PRINT_JOB else None
        assert desk.client.send(message, document).status is Status.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG


# Until when it is held.


def test_hold_until_a_time_of_day(desk: Desk, gate: Gate) -> None:
    """CUPS' form: hours and minutes in UTC."""
    gate.open.set()
    later = datetime.now(UTC) + timedelta(hours=2)
    for tag in (KEYWORD, NAME):
        for form in ("%H:%M", "%H:%M:%S"):
            clock = Attribute("job-hold-until", tag, [f"{later:{form}}"])
            answer = ask(desk, Operation.PRINT_JOB, clock, document=DOCUMENT)
            assert answer.status is Status.SUCCESSFUL_OK
            number = answer.job["job-id"].value
            kept = desk.printer.store.job(number)
            assert kept is not None
            assert kept.state == JobState.PENDING_HELD
            assert kept.release is not None
            assert abs(kept.release - later.timestamp()) < 61
            told = desk.ask(Operation.GET_JOB_ATTRIBUTES, job_id=number).job["job-hold-until"]
            assert told == Attribute("job-hold-until", NAME, clock.values)  # libcups takes no such keyword


@pytest.mark.parametrize(
    ("clock", "parts"),
    [
        ("22:30", (22, 30, 0)),
        ("7:05", (7, 5, 0)),
        ("0:0", (0, 0, 0)),
        ("23:59:60", (23, 59, 60)),
        ("24:00", None),
        ("12:60", None),
        ("1200", None),
        ("\u0661\u0662:00", None),
    ],
)
def test_what_is_a_time_of_day(clock: str, parts: tuple[int, int, int] | None) -> None:
    assert clock_of(clock) == parts


def test_hold_job_until_then_and_not_until_anything_else(desk: Desk, gate: Gate) -> None:
    first = desk.print()
    desk.wait(first, JobState.PROCESSING)
    job = desk.print()
    for odd in ("tomorrow", "25:00"):
        given = Attribute("job-hold-until", NAME, [odd])
        message = request(Operation.HOLD_JOB, operation_attributes={"printer-uri": desk.uri, "job-id": job})
        message.groups[0].extend([Attribute("requesting-user-name", NAME, ["alice"]), given])
        answer = desk.client.send(message)
        assert answer.status is NOT_SUPPORTED
        assert list(answer.group(DelimiterTag.UNSUPPORTED)) == [given]
        assert desk.state(job) == JobState.PENDING
    clock = f"{datetime.now(UTC) + timedelta(hours=3):%H:%M}"
    assert desk.ask(Operation.HOLD_JOB, job_id=job, job_hold_until=clock).status is Status.SUCCESSFUL_OK
    kept = desk.printer.store.job(job)
    assert kept is not None
    assert kept.release is not None
    assert 0 < kept.release - time.time() - 2.9 * 3_600 < 3_600
    when = DateTime.from_datetime(datetime.now(UTC) + timedelta(seconds=1))
    assert desk.ask(Operation.HOLD_JOB, job_id=job, job_hold_until_time=when).status is Status.SUCCESSFUL_OK
    gate.open.set()
    desk.wait(job, JobState.COMPLETED)


@pytest.mark.parametrize(
    "moment", [DateTime(0, 1, 1), DateTime(2027, 2, 30), DateTime(2027, 13, 1), DateTime(65_535, 1, 1)], ids=str
)
@pytest.mark.parametrize("operation", [Operation.HOLD_JOB, Operation.RESTART_JOB, Operation.SET_JOB_ATTRIBUTES])
def test_until_a_moment_that_there_is_not(desk: Desk, gate: Gate, operation: Operation, moment: DateTime) -> None:
    gate.open.set()
    job = desk.print(job={"job-hold-until": "indefinite"})
    if operation == Operation.RESTART_JOB:
        desk.ask(Operation.RELEASE_JOB, job_id=job)
        desk.wait(job)
    given = Attribute("job-hold-until-time", ValueTag.DATE_TIME, [moment])
    message = request(operation, operation_attributes={"printer-uri": desk.uri, "job-id": job}, user="alice")
    if operation == Operation.SET_JOB_ATTRIBUTES:
        message.groups.append(AttributeGroup(DelimiterTag.JOB, [given]))
    else:
        message.groups[0].append(given)
    answer = desk.client.send(message)
    assert answer.status is NOT_SUPPORTED
    assert list(answer.group(DelimiterTag.UNSUPPORTED)) == [given]


# The words of an answer.


def test_an_answer_in_us_ascii_is_ascii_or_says_that_it_is_not(desk: Desk) -> None:
    job = desk.print(job_name="Résumé")
    plain = desk.print(job_name="Resume")
    for number, charset in ((job, "utf-8"), (plain, "us-ascii")):
        named = {"printer-uri": desk.uri, "job-id": number, "requesting-user-name": "alice"}
        message = request(Operation.GET_JOB_ATTRIBUTES, operation_attributes=named, charset="us-ascii")
        answer = desk.client.send(message)
        assert answer.groups[0]["attributes-charset"].value == charset


# What the printer says that it takes.


def test_what_ipp_everywhere_asks_for_is_there(desk: Desk) -> None:
    printer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=["all", "media-col-database"]).printer
    for name in (
        "document-password-supported",
        "finishings-col-supported",
        "finishings-col-database",
        "finishing-template-supported",
        "document-creation-attributes-supported",
    ):
        assert name in printer
    assert len(printer["printer-input-tray"].values) == len(printer["media-source-supported"].values)
    templates = printer["finishing-template-supported"].values
    assert templates == ("none", "staple", "punch")
    database = [each for each in printer["finishings-col-database"].values if isinstance(each, Collection)]
    assert tuple(each["finishing-template"].value for each in database) == templates


def test_the_group_job_template_has_the_members_of_media_too(desk: Desk) -> None:
    printer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=["job-template"]).printer
    for name in ("media-bottom-margin", "media-size", "media-source", "media-type", "finishing-template", "media-col"):
        assert f"{name}-supported" in printer
    assert "printer-name" not in printer
    described = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, requested_attributes=["printer-description"]).printer
    assert "media-type-supported" not in described


def test_finishings_col_is_judged_by_its_members(desk: Desk) -> None:
    staple = desk.print(job={"finishings-col": [{"finishing-template": "staple"}]})
    assert desk.job(staple)["finishings-col"]["finishing-template"].value == "staple"
    answer = desk.ask(Operation.VALIDATE_JOB, job={"finishings-col": [{"finishing-template": "bale"}]})
    assert answer.status is LEFT_OUT
    both = {"finishings-col": [{"finishing-template": "staple"}], "finishings": [4]}
    assert desk.ask(Operation.VALIDATE_JOB, job=both).status is BAD
