"""Requests and responses: their header, groups and order, and that anything that the registry allows is valid."""

from typing import Any

import pytest
import registry_values
from hypothesis import given
from implementations import IMPLEMENTATIONS

import ippfast
from ippfast import (
    Attribute,
    AttributeGroup,
    DelimiterTag,
    EncodeError,
    Message,
    OutOfBand,
    RangeOfInteger,
    ValueTag,
    operations,
)
from ippfast.enums import JobState, Operation, Status
from ippfast.errors import RegistryError
from ippfast.requests import Template, request, response
from ippfast.validation import validate
from ippfast.wrappers import Keyword

URI = "ipp://printer.example/ipp/print"
OPERATION, JOB, PRINTER, SUBSCRIPTION = (
    DelimiterTag.OPERATION,
    DelimiterTag.JOB,
    DelimiterTag.PRINTER,
    DelimiterTag.SUBSCRIPTION,
)


def names(message: Message, group: int = 0) -> list[str]:
    return [each.name for each in message.groups[group]]


# ---- Requests ----


def test_a_print_job_request_has_the_groups_and_the_order_of_the_rfc() -> None:
    message = request(
        Operation.PRINT_JOB,
        URI,
        operation_attributes={"document-format": "application/pdf", "job-name": "Report"},
        job={"copies": 2, "sides": "two-sided-long-edge", "page-ranges": [range(1, 4), (7, 9)]},
        user="ann",
    )
    assert (message.version, message.code, message.request_id) == ((2, 0), 2, 1)
    assert type(message.code) is int
    assert [group.tag for group in message.groups] == [OPERATION, JOB]
    assert list(message.groups[0]) == [
        Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
        Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
        Attribute("printer-uri", ValueTag.URI, URI),
        Attribute("requesting-user-name", ValueTag.NAME, "ann"),
        Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, "application/pdf"),
        Attribute("job-name", ValueTag.NAME, "Report"),
    ]
    assert list(message.groups[1]) == [
        Attribute("copies", ValueTag.INTEGER, 2),
        Attribute("sides", ValueTag.KEYWORD, "two-sided-long-edge"),
        Attribute("page-ranges", ValueTag.RANGE_OF_INTEGER, [RangeOfInteger(1, 3), RangeOfInteger(7, 9)]),
    ]
    assert ippfast.decode(ippfast.encode(message)) == message
    assert validate(message, role="request") == []


def test_the_octets_of_the_smallest_request() -> None:
    message = request(Operation.GET_PRINTER_ATTRIBUTES, "ipp://p/", version=(1, 1), request_id=0x01020304)
    assert ippfast.encode(message) == (
        b"\x01\x01\x00\x0b\x01\x02\x03\x04\x01"
        b"\x47\x00\x12attributes-charset\x00\x05utf-8"
        b"\x48\x00\x1battributes-natural-language\x00\x02en"
        b"\x45\x00\x0bprinter-uri\x00\x08ipp://p/\x03"
    )


@pytest.mark.parametrize(
    ("operation", "given_attributes", "target", "fourth"),
    [
        (Operation.GET_JOBS, {}, "printer-uri", None),
        (Operation.CANCEL_JOB, {"job-id": 7}, "printer-uri", "job-id"),
        (Operation.CANCEL_JOB, {}, "job-uri", None),
        (Operation.CUPS_MOVE_JOB, {}, "job-uri", None),
        (Operation.GET_SYSTEM_ATTRIBUTES, {}, "system-uri", None),
        (Operation.DELETE_PRINTER, {"printer-id": 7}, "system-uri", "printer-id"),
        (Operation.GET_PRINTER_ATTRIBUTES, {"printer-id": 7}, "system-uri", "printer-id"),
        (Operation.CUPS_GET_PRINTERS, {"printer-id": 7}, "printer-uri", "printer-id"),
        (Operation.INSTALL_RESOURCE, {"resource-id": 7}, "system-uri", "resource-id"),
        (Operation.CANCEL_SUBSCRIPTION, {"notify-subscription-id": 7}, "printer-uri", "notify-subscription-id"),
        (0x4123, {}, "printer-uri", None),
    ],
)
def test_the_target_stands_third_under_the_name_that_the_operation_gives_it(
    operation: int, given_attributes: dict[str, object], target: str, fourth: str | None
) -> None:
    message = request(operation, URI, operation_attributes={"message": "x", **given_attributes}, user="ann")
    expected = ["attributes-charset", "attributes-natural-language", target, fourth, "requesting-user-name", "message"]
    assert names(message) == [name for name in expected if name is not None]


def test_the_target_may_be_given_as_an_attribute() -> None:
    message = request("Get-Subscriptions", operation_attributes={"limit": 1, "system-uri": URI})
    assert names(message)[2:] == ["system-uri", "limit"]


def test_a_missing_target_and_two_of_them_are_refused() -> None:
    with pytest.raises(RegistryError, match=r"expected one target.*got none"):
        request(Operation.GET_JOBS)
    with pytest.raises(RegistryError, match="got printer-uri and job-uri"):
        request(Operation.CANCEL_JOB, URI, operation_attributes={"printer-uri": URI})
    assert names(request(Operation.CUPS_GET_PRINTERS)) == ["attributes-charset", "attributes-natural-language"]


@pytest.mark.parametrize("nothing", [None, {}, [], [{}, {}]])
def test_empty_groups_are_left_out(nothing: Any) -> None:
    assert [group.tag for group in request(Operation.PRINT_JOB, URI, job=nothing).groups] == [OPERATION]


def test_a_list_makes_a_group_of_each_item_and_attributes_stay_as_they_are() -> None:
    own = AttributeGroup(JOB, [Attribute("x", 0x99, b"\x01"), Attribute("copies", ValueTag.RANGE_OF_INTEGER, b"")])
    three: list[dict[str, object]] = [{"notify-events": ["job-completed"]}, {}, {"notify-pull-method": "ippget"}]
    message = request(Operation.CREATE_JOB, URI, subscription=three, job=own)
    assert [group.tag for group in message.groups] == [OPERATION, JOB, SUBSCRIPTION, SUBSCRIPTION]
    assert list(message.groups[1]) == list(own)
    assert names(message, 3) == ["notify-pull-method"]


def test_an_attribute_given_twice_is_refused() -> None:
    twice = [Attribute("copies", ValueTag.INTEGER, 1), Attribute("copies", ValueTag.INTEGER, 2)]
    with pytest.raises(RegistryError, match="'copies' of job-attributes-tag: expected an attribute once"):
        request(Operation.PRINT_JOB, URI, job=twice)
    with pytest.raises(RegistryError, match="requesting-user-name"):
        request(Operation.GET_JOBS, URI, operation_attributes={"requesting-user-name": "a"}, user="b")


def test_charset_and_language_may_be_given_as_attributes() -> None:
    message = request(
        Operation.GET_JOBS, URI, operation_attributes={"limit": 3, "attributes-charset": "us-ascii"}, language="de-at"
    )
    assert names(message) == ["attributes-charset", "attributes-natural-language", "printer-uri", "limit"]
    assert message.groups[0].value("attributes-charset") == "us-ascii"
    assert message.groups[0].value("attributes-natural-language") == "de-at"
    with pytest.raises(RegistryError, match="iso-8859-1"):
        request(Operation.GET_JOBS, URI, charset="iso-8859-1")


@pytest.mark.parametrize("request_id", [0, -1, 2**31])
def test_a_request_id_out_of_range_is_refused(request_id: int) -> None:
    with pytest.raises(RegistryError, match=str(request_id)):
        request(Operation.GET_JOBS, URI, request_id=request_id)


@pytest.mark.parametrize("group", ["copies", b"copies", 7, [1], [["copies"]], ({"copies": 1} for _ in "x")])
def test_what_is_no_group_is_refused(group: Any) -> None:
    with pytest.raises(RegistryError, match="expected a mapping of names to values"):
        request(Operation.PRINT_JOB, URI, job=group)


# ---- Responses ----


def test_a_response_answers_its_request() -> None:
    asked = request(Operation.GET_JOBS, URI, version=(1, 1), request_id=77, charset="us-ascii")
    answer = response(
        asked,
        "successful-ok-ignored-or-substituted-attributes",
        status_message="some are unknown",
        job=[{"job-id": 1, "job-state": JobState.PENDING}, {}],
        unsupported={"requested-attributes": [Keyword("x")], "limit": OutOfBand.UNSUPPORTED},
    )
    assert (answer.version, answer.status, answer.request_id) == ((1, 1), Status(1), 77)
    assert [group.tag for group in answer.groups] == [OPERATION, DelimiterTag.UNSUPPORTED, JOB, JOB]
    assert names(answer) == ["attributes-charset", "attributes-natural-language", "status-message"]
    assert answer.groups[0].value("attributes-charset") == "us-ascii"
    assert answer.groups[2]["job-state"] == Attribute("job-state", ValueTag.ENUM, 3)
    assert len(answer.groups[3]) == 0
    assert validate(answer, role="response") == []


def test_a_response_copies_what_is_wrong_in_the_header() -> None:
    answer = response(Message((9, 9), 0x4242, -5), Status.SERVER_ERROR_VERSION_NOT_SUPPORTED, version=(2, 0))
    assert (answer.version, answer.code, answer.request_id) == ((2, 0), 0x0503, -5)
    nothing = response(None, Status.CLIENT_ERROR_BAD_REQUEST)
    assert (nothing.version, nothing.request_id) == ((2, 0), 0)


def test_a_response_speaks_utf_8_where_it_cannot_speak_the_charset_of_the_request() -> None:
    for charset in ("iso-8859-1", "UTF-8", OutOfBand.UNKNOWN):
        tag = charset.value if isinstance(charset, OutOfBand) else ValueTag.CHARSET
        asked = Message((2, 0), 2, 1, [AttributeGroup(OPERATION, [Attribute("attributes-charset", tag, charset)])])
        assert response(asked).groups[0].value("attributes-charset") == "utf-8"


def test_the_builders_name_the_group_of_what_does_not_fit() -> None:
    with pytest.raises(
        RegistryError, match=r"value 0 in attribute 'copies' of job-attributes-tag: expected .*, got integer 0"
    ):
        request(Operation.PRINT_JOB, URI, job={"copies": 0})


# ---- Anything that the registry allows ----


@given(registry_values.attributes())
def test_whatever_the_registry_allows_is_built_encoded_decoded_and_valid(drawn: tuple[int, str, Any]) -> None:
    tag, name, value = drawn
    own = {name: value}
    groups = {DelimiterTag(tag).name.lower(): own} if tag != OPERATION else {"operation_attributes": own}
    message = response(request(Operation.GET_PRINTER_ATTRIBUTES, URI), **groups)  # type: ignore[arg-type]
    octets = ippfast.encode(message)
    for twin in IMPLEMENTATIONS:
        decoded = twin.decode(octets)
        assert twin.encode(decoded) == octets
        assert [str(issue) for issue in validate(decoded, role="response")] == []
    assert ippfast.decode(octets) == message
    if tag in (JOB, PRINTER):
        operation = Operation.SET_JOB_ATTRIBUTES if tag == JOB else Operation.SET_PRINTER_ATTRIBUTES
        asked = request(operation, URI, **groups)  # type: ignore[arg-type]
        assert [str(issue) for issue in validate(asked, role="request")] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("printer-type", 0),  # a field of bits, sent as an enum
        ("printer-type-mask", -1),
        ("device-uri", "ipp"),  # a backend that looks for nothing: its scheme
        ("device-uri", "socket"),
        ("device-uri", "usb://HP/LaserJet?serial=1"),
        ("ppd-natural-language", ["en", "de-at"]),  # a PPD may be of several
        ("ppd-product", ["(LaserJet 4)", "(LaserJet 5)"]),
        ("ppd-psversion", ["(2017.0) 0", "(3010) 1"]),
        ("ppd-type", "archive"),
        ("marker-levels", [-3, -2, -1, 0, 100]),
        ("marker-change-time", 0),
        ("job-quota-period", 0),
        ("requesting-user-name-allowed", ["@staff", "all"]),
        ("requesting-user-name-denied", ippfast.OutOfBand.DELETE_ATTRIBUTE),
        ("printer-dns-sd-name", ippfast.OutOfBand.NO_VALUE),
        ("printer-commands", ["AutoConfigure", "none"]),
        ("job-sheets-default", ["none", "none"]),
    ],
)
def test_what_cups_says_of_its_queues_devices_and_drivers(name: str, value: Any) -> None:
    message = response(request(Operation.CUPS_GET_DEVICES), printer={name: value})
    assert [str(issue) for issue in ippfast.validate(message) if issue.attribute == name] == []


def test_what_cups_is_asked_and_says_of_jobs() -> None:
    asked = request(Operation.CANCEL_JOB, URI, operation_attributes={"job-id": 1, "purge-job": True})
    assert [str(issue) for issue in ippfast.validate(asked)] == []
    job = {"job-preserved": True, "job-media-progress": 100, "job-originating-host-name": "localhost"}
    assert [str(issue) for issue in ippfast.validate(response(asked, job=job))] == []
    for name in job:
        assert "Job Status" in ippfast.registry.lookup(name).groups  # type: ignore[union-attr]


@pytest.mark.parametrize("value", ["", "IPP printer", "a/b"])
def test_a_device_is_told_by_a_uri_or_a_scheme(value: str) -> None:
    with pytest.raises(ippfast.EncodeError, match="device-uri"):
        response(request(Operation.CUPS_GET_DEVICES), printer={"device-uri": value})


def test_a_status_code_of_a_subscription_may_be_successful() -> None:
    message = response(request(Operation.GET_PRINTER_ATTRIBUTES, URI), subscription={"notify-status-code": 0})
    assert message.groups[-1].value("notify-status-code") == 0


# ---- The same message again and again ----

JOB_STATE = operations.get_job_attributes(URI, job_id=1, requested_attributes=["job-state", "job-name"], user="alice")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"job-id": 7},
        {"requested-attributes": ["all"], "requesting-user-name": "bob"},
        {"job-id": Attribute("job-id", ValueTag.INTEGER, 9)},
    ],
)
def test_a_template_makes_the_message_that_its_values_would_have_made(values: dict[str, Any]) -> None:
    template = Template(JOB_STATE)
    expected = ippfast.decode(ippfast.encode(JOB_STATE))
    for name, value in values.items():
        expected.operation_attributes[name] = value
    expected.request_id = 5
    for _ in range(2):  # one message changes nothing in the next
        made = template.message(values, request_id=5)
        assert made == expected
        assert ippfast.encode(made) == ippfast.encode(expected)
    assert template.message() == JOB_STATE


def test_a_template_changes_the_first_group_with_that_name() -> None:
    job = {"copies": 1, "job-name": "one"}
    message = request("Create-Job", URI, operation_attributes={"job-name": "zero"}, job=job)
    made = Template(message).message({"copies": 3, "job-name": "two"})
    assert made.job.value("copies") == 3
    assert made.operation_attributes.value("job-name") == "two"
    assert made.job.value("job-name") == "one"


def test_a_template_knows_its_own_names_alone_and_fits_values_to_tags() -> None:
    template = Template(JOB_STATE)
    with pytest.raises(KeyError, match="copies"):
        template.message({"copies": 1})
    with pytest.raises(EncodeError):
        ippfast.encode(template.message({"job-id": "seven"}))
    with pytest.raises(EncodeError):
        Template(Message((2, 0), 11, 2**40))
