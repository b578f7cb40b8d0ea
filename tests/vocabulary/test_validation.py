"""`validate`: each rule finds what breaks it, where it is, and nothing else."""

import pickle
from typing import Any

import pytest
import strategies
import vectors
from hypothesis import given
from implementations import Implementation

import ippfast
from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
    operations,
    registry,
)
from ippfast.enums import Operation, Status
from ippfast.issues import RULES, Issue, Severity
from ippfast.validation import guess_role, validate

OPERATION, JOB, PRINTER, UNSUPPORTED = (
    DelimiterTag.OPERATION,
    DelimiterTag.JOB,
    DelimiterTag.PRINTER,
    DelimiterTag.UNSUPPORTED,
)
CHARSET = Attribute("attributes-charset", ValueTag.CHARSET, "utf-8")
LANGUAGE = Attribute("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en")
TARGET = Attribute("printer-uri", ValueTag.URI, "ipp://printer.example/ipp/print")
JOB_ID = Attribute("job-id", ValueTag.INTEGER, 7)
JOB_URI = Attribute("job-uri", ValueTag.URI, "ipp://printer.example/jobs/7")
X = ValueTag


def a_request(
    *attributes: Attribute, operation: int = Operation.GET_JOBS, groups: tuple[AttributeGroup, ...] = ()
) -> Message:
    """A request, right as it is with those attributes that come first in each; else they replace its own."""
    head = attributes or (CHARSET, LANGUAGE, TARGET)
    return Message((2, 0), operation, 1, [AttributeGroup(OPERATION, head), *groups])


def a_response(*attributes: Attribute, tag: int = PRINTER, status: int = Status.SUCCESSFUL_OK) -> Message:
    """A response with a group of these attributes, and nothing wrong in the rest."""
    return Message((2, 0), status, 1, [AttributeGroup(OPERATION, [CHARSET, LANGUAGE]), AttributeGroup(tag, attributes)])


def codes(message: Message, role: Any = "response") -> list[str]:
    return [issue.code for issue in validate(message, role=role)]


def of_value(name: str, tag: int | list[int], values: Any, group: int = PRINTER) -> list[str]:
    return codes(a_response(Attribute(name, tag, values), tag=group))


def test_right_messages_have_no_issues() -> None:
    assert validate(a_request(), role="request") == []
    assert validate(a_response(), role="response") == []


# ---- The header ----


@pytest.mark.parametrize(
    ("message", "role", "code"),
    [
        (Message((0, 9), 0x000A, 1, a_request().groups), "request", "version"),
        (Message((3, 0), 0, 1, a_response().groups), "response", "version"),
        (Message((2, 0), 0x000A, 0, a_request().groups), "request", "request-id"),
        (Message((2, 0), 0x000A, -1, a_request().groups), "request", "request-id"),
        (Message((2, 0), 0x0000, 1, a_request().groups), "request", "operation-id"),
        (Message((2, 0), 0x8000, 1, a_request().groups), "request", "operation-id"),
        (Message((2, 0), 0, -1, a_response().groups), "response", "request-id"),
        (Message((2, 0), 0x0200, 1, a_response().groups), "response", "status-code"),
        (Message((2, 0), 0x0600, 1, a_response().groups), "response", "status-code"),
        (Message((2, 0), 0x8000, 1, a_response().groups), "response", "status-code"),
    ],
)
def test_the_header(message: Message, role: Any, code: str) -> None:
    assert codes(message, role) == [code]


def test_a_version_that_is_none() -> None:
    message = Message((2, 0), 0x000A, 1, a_request().groups)
    odd: Any = ()
    message.version = odd
    with pytest.raises(IndexError):
        validate(message)


def test_a_response_copies_a_request_id_of_0() -> None:
    assert codes(Message((2, 0), 0, 0, a_response().groups)) == []


@pytest.mark.parametrize("code", [0x0002, 0x4000, 0x7FFF])
def test_operation_ids_that_are_right(code: int) -> None:
    assert codes(a_request(operation=code), "request") == []


@pytest.mark.parametrize("code", [0x0000, 0x0080, 0x0100, 0x0300, 0x0482, 0x05FF])
def test_status_codes_that_are_right(code: int) -> None:
    assert codes(a_response(status=code)) == []


# ---- Groups ----


def groups(*tags: int, attributes: tuple[Attribute, ...] = ()) -> Message:
    return Message((2, 0), 0, 1, [AttributeGroup(tag, [CHARSET, LANGUAGE] if tag == 1 else attributes) for tag in tags])


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ((), ["missing-operation-group"]),
        ((2,), ["missing-operation-group"]),
        ((2, 1), ["group-order"]),
        ((1, 1), ["repeated-group"]),
        ((1, 5, 2, 2, 4), []),
        ((1, 2, 5), ["group-order"]),
        ((1, 5, 5), ["repeated-group"]),
        ((1, 0x0B), ["reserved-group"]),
        ((1, 6, 7, 8, 9, 10), []),
    ],
)
def test_order_and_presence_of_groups_in_a_response(tags: tuple[int, ...], expected: list[str]) -> None:
    assert codes(groups(*tags)) == expected


def test_groups_that_a_request_has_not() -> None:
    message = a_request(groups=(AttributeGroup(UNSUPPORTED), AttributeGroup(7), AttributeGroup(6)))
    assert codes(message, "request") == ["unexpected-group", "unexpected-group"]


def test_printer_attributes_in_a_request_that_has_none() -> None:
    group = AttributeGroup(PRINTER, [Attribute("media-supported", X.KEYWORD, "iso_a4_210x297mm")])
    for operation in (Operation.PRINT_JOB, Operation.CREATE_JOB, Operation.GET_PRINTER_ATTRIBUTES):
        (issue,) = validate(a_request(operation=operation, groups=(group,)))
        assert (issue.code, issue.severity, issue.message) == (
            "unused-group",
            Severity.INFO,
            f"{operation.keyword} has no such group",
        )
    assert validate(a_request(operation=Operation.SET_PRINTER_ATTRIBUTES, groups=(group,))) == []
    assert validate(a_request(operation=Operation.CUPS_ADD_MODIFY_PRINTER, groups=(group,))) == []


def test_requested_attributes_may_name_every_attribute_and_group() -> None:
    groups = ("all", "job-template", "job-description", "printer-description", "media-col-database")
    for name in (*registry.names(), *groups):
        message = operations.get_printer_attributes("ipp://h/p", requested_attributes=[name])
        assert validate(message) == [], name


@pytest.mark.parametrize("status", [0x0001, 0x0002, 0x040B, 0x040E])
def test_statuses_that_need_unsupported_attributes(status: int) -> None:
    assert codes(a_response(status=status)) == ["missing-unsupported-group"]
    assert codes(a_response(status=status, tag=UNSUPPORTED)) == []


# ---- Charset, natural language, target ----


@pytest.mark.parametrize(
    ("attributes", "operation", "expected"),
    [
        ((LANGUAGE, TARGET), Operation.GET_JOBS, ["missing-charset", "attribute-order", "attribute-order"]),
        ((CHARSET, TARGET), Operation.GET_JOBS, ["missing-natural-language", "attribute-order"]),
        ((LANGUAGE, CHARSET, TARGET), Operation.GET_JOBS, ["attribute-order", "attribute-order"]),
        ((CHARSET, LANGUAGE), Operation.GET_JOBS, ["missing-target"]),
        ((CHARSET, LANGUAGE), Operation.CUPS_GET_PRINTERS, []),
        ((CHARSET, LANGUAGE, Attribute("limit", 0x21, 1), TARGET), Operation.GET_JOBS, ["attribute-order"]),
        ((CHARSET, LANGUAGE, TARGET, JOB_ID), Operation.CANCEL_JOB, []),
        ((CHARSET, LANGUAGE, JOB_URI), Operation.CANCEL_JOB, []),
        ((CHARSET, LANGUAGE, TARGET), Operation.CANCEL_JOB, ["missing-target"]),
        ((CHARSET, LANGUAGE, TARGET), Operation.CUPS_MOVE_JOB, []),
        ((CHARSET, LANGUAGE, JOB_URI, JOB_ID), Operation.CANCEL_JOB, ["conflicting-target"]),
        ((CHARSET, LANGUAGE, TARGET, JOB_URI), Operation.GET_JOBS, ["conflicting-target"]),
        (
            (CHARSET, LANGUAGE, TARGET, Attribute("message", ValueTag.TEXT, "x"), JOB_ID),
            Operation.CANCEL_JOB,
            ["attribute-order"],
        ),
    ],
)
def test_order_and_presence_of_operation_attributes(
    attributes: tuple[Attribute, ...], operation: int, expected: list[str]
) -> None:
    assert codes(a_request(*attributes, operation=operation), "request") == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("ipps://printer", []),
        ("IPP://printer/", []),
        ("http://printer:631/ipp", ["target-uri"]),
        ("ipp://ann@printer/", ["target-uri"]),
        ("ipp://printer/ann@home", []),
        ("/ipp/print", ["target-uri", "string-syntax"]),
        ("", ["target-uri", "empty-value"]),
    ],
)
def test_the_uri_of_the_target(uri: str, expected: list[str]) -> None:
    assert codes(a_request(CHARSET, LANGUAGE, Attribute("printer-uri", ValueTag.URI, uri)), "request") == expected


def test_a_response_needs_no_target() -> None:
    assert codes(Message((2, 0), 0, 1, [AttributeGroup(OPERATION, [CHARSET, LANGUAGE])])) == []
    assert codes(Message((2, 0), 0, 1, [AttributeGroup(OPERATION, [CHARSET])])) == ["missing-natural-language"]


# ---- Attributes ----


def test_names() -> None:
    one = (ValueTag.KEYWORD, "a")
    assert codes(a_response(Attribute("smi1234-own", *one))) == ["unknown-attribute"]
    assert codes(a_response(Attribute("Own", *one))) == ["attribute-name", "unknown-attribute"]
    assert codes(a_response(Attribute("\udcff", *one))) == ["attribute-name", "unknown-attribute"]
    assert codes(a_response(Attribute("x" * 256, *one))) == ["attribute-name", "unknown-attribute"]
    assert codes(a_response(Attribute("x" * 255, *one))) == ["unknown-attribute"]


def test_duplicates() -> None:
    state = Attribute("printer-state", ValueTag.ENUM, 3)
    assert codes(a_response(state, state, state)) == ["duplicate-attribute", "duplicate-attribute"]
    member = Attribute("media-color", ValueTag.KEYWORD, "blue")
    twice = Attribute("media-col-default", ValueTag.BEG_COLLECTION, Collection([member, member]))
    assert codes(a_response(twice)) == ["duplicate-member"]


def test_groups_that_an_attribute_is_not_registered_for() -> None:
    copies = Attribute("copies", ValueTag.INTEGER, 1)
    (issue,) = validate(a_response(copies), role="response")
    assert (issue.code, issue.severity) == ("other-group", Severity.INFO)
    assert "document-attributes-tag and job-attributes-tag" in issue.message
    assert codes(a_response(copies, tag=JOB)) == []
    assert codes(a_response(copies, tag=0x0C)) == ["reserved-group"]


def test_what_a_client_sent_is_not_judged_by_the_registry_among_unsupported_attributes() -> None:
    assert codes(a_response(Attribute("copies", ValueTag.KEYWORD, "many"), tag=UNSUPPORTED)) == []
    assert codes(a_response(Attribute("copies", ValueTag.INTEGER, RawValue(b"")), tag=UNSUPPORTED)) == [
        "malformed-value"
    ]


@pytest.mark.parametrize(
    ("name", "tags", "values", "expected"),
    [
        ("printer-state", X.ENUM, [3, 4], ["too-many-values"]),
        ("finishings-default", X.ENUM, [3, 4], []),
        ("printer-state", X.INTEGER, 3, ["wrong-syntax"]),
        ("media-default", [X.KEYWORD], ["na_letter_8.5x11in"], []),
        ("media-supported", [X.KEYWORD, X.NAME, X.NAME_WITH_LANGUAGE], ["a", "b", StringWithLanguage("c", "de")], []),
        ("printer-info", X.TEXT_WITH_LANGUAGE, StringWithLanguage("c", "de"), []),
        ("printer-info", X.NAME, "x", ["wrong-syntax"]),
        ("printer-info", 0x2F, b"x", ["reserved-tag", "wrong-syntax"]),
        ("copies-default", X.INTEGER, 0, ["out-of-range"]),
        ("marker-levels", X.INTEGER, [-3, 100], []),
        ("marker-levels", X.INTEGER, [101], ["out-of-range"]),
        ("copies-supported", X.RANGE_OF_INTEGER, RangeOfInteger(0, 5), ["out-of-range"]),
        ("copies-supported", X.RANGE_OF_INTEGER, RangeOfInteger(5, 2), ["range-order"]),
        ("copies-supported", X.INTEGER, 5, ["wrong-syntax"]),
        ("printer-name", X.NAME, "x" * 128, ["too-long"]),
        ("printer-name", X.NAME, "x" * 127, []),
        ("printer-state", X.ENUM, 6, ["unregistered-enum"]),
        ("printer-state", X.ENUM, 0x40000000, []),
        ("printer-state", X.ENUM, 0, ["out-of-range", "unregistered-enum"]),
        ("operations-supported", X.ENUM, [0x000B, 0x4FFF], []),
        ("compression-supported", X.KEYWORD, "lzma", ["unregistered-keyword"]),
        ("compression-supported", X.KEYWORD, "GZIP", ["letter-case", "unregistered-keyword"]),
        ("printer-state-reasons", X.KEYWORD, ["toner-low", "toner-low-report", "paused-error"], []),
        ("printer-state-reasons", X.KEYWORD, ["none"], []),
        ("printer-state-reasons", X.KEYWORD, ["none", "toner-low"], ["none-among-values"]),
        ("printer-state-reasons", X.KEYWORD, "toner-low-ish", ["unregistered-keyword"]),
        ("media-supported", X.KEYWORD, "custom_mine_1.5x22mm", []),
        ("ipp-versions-supported", X.KEYWORD, ["1.0", "2.2"], []),
        ("urf-supported", X.KEYWORD, ["V1.4", "CP1"], []),
    ],
)
def test_values_against_the_registry(name: str, tags: Any, values: Any, expected: list[str]) -> None:
    assert of_value(name, tags, values) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([Attribute("media-color", X.KEYWORD, "blue")], []),
        ([], ["empty-collection"]),
        ([Attribute("own", X.KEYWORD, "blue")], ["unknown-member"]),
        ([Attribute("media-top-margin", X.KEYWORD, "blue")], ["wrong-syntax"]),
        (
            [Attribute("media-size", X.BEG_COLLECTION, Collection([Attribute("x-dimension", X.INTEGER, 0)]))],
            ["out-of-range"],
        ),
        (
            [
                Attribute(
                    "media-size", X.BEG_COLLECTION, Collection([Attribute("x-dimension", 0x33, RangeOfInteger(1, 2))])
                )
            ],
            ["wrong-syntax"],
        ),
        ([Attribute("media-color", X.KEYWORD, ["blue", "red"])], ["too-many-values"]),
        ([Attribute("media-color", X.INTEGER, RawValue(b"\x00"))], ["malformed-value"]),
    ],
)
def test_members_are_judged_by_their_path(members: list[Attribute], expected: list[str]) -> None:
    assert of_value("media-col-default", X.BEG_COLLECTION, Collection(members)) == expected


def test_a_path_of_long_names_is_told_in_short() -> None:
    """Or the issues of a collection's members would have its path, which may be long, once for each of them."""
    inner = Collection([Attribute(f"m{number}", X.KEYWORD, "BAD VALUE") for number in range(50)])
    for _ in range(3):
        inner = Collection([Attribute("n" * 30_000, X.BEG_COLLECTION, inner)])
    found = validate(a_response(Attribute("media-col-default", X.BEG_COLLECTION, inner)))
    found = [each for each in found if each.member is not None and "/m" in each.member]
    assert len(found) == 50
    assert found[0].member == "/".join(["n" * 255 + "..."] * 3 + ["m0"])


def test_constraints_list_values_and_ranges_of_members() -> None:
    size = Collection([Attribute("x-dimension", X.RANGE_OF_INTEGER, RangeOfInteger(1, 9))])
    kind = Attribute("media-type", X.KEYWORD, ["stationery", "cardstock"])
    media = Collection([Attribute("media-size", X.BEG_COLLECTION, [size, size]), kind])
    job = [Attribute("media-col", X.BEG_COLLECTION, media), Attribute("copies", 0x33, RangeOfInteger(2, 9))]
    constraint = Collection([Attribute("resolver-name", X.NAME, "thick"), *job])
    assert of_value("job-constraints-supported", X.BEG_COLLECTION, constraint) == []
    assert of_value("job-resolvers-supported", X.BEG_COLLECTION, constraint) == [
        "too-many-values",
        "wrong-syntax",
        "wrong-syntax",
        "too-many-values",
        "wrong-syntax",
    ]


@pytest.mark.parametrize(
    ("name", "member", "tag", "value", "group", "expected"),
    [
        ("media-size-supported", "y-dimension", X.INTEGER, 0, PRINTER, []),
        ("media-size-supported", "y-dimension", X.RANGE_OF_INTEGER, RangeOfInteger(0, 9), PRINTER, []),
        ("media-size-supported", "y-dimension", X.INTEGER, -1, PRINTER, ["out-of-range"]),
        ("media-size-supported", "x-dimension", X.INTEGER, 0, PRINTER, ["out-of-range"]),
        ("power-state-monitor-col", "power-state", X.KEYWORD, "on", 10, []),
        ("power-state-monitor-col", "power-state", X.ENUM, 20, 10, []),
        ("power-state-monitor-col", "power-state", X.ENUM, 999, 10, ["unregistered-enum"]),
        ("power-state-monitor-col", "power-state", X.INTEGER, 20, 10, ["wrong-syntax"]),
    ],
)
def test_members_that_the_table_has_too_narrowly(
    name: str, member: str, tag: int, value: Any, group: int, expected: list[str]
) -> None:
    assert of_value(name, X.BEG_COLLECTION, Collection([Attribute(member, tag, value)]), group) == expected


def test_a_printer_of_a_system_has_several_uris() -> None:
    uri = Collection([Attribute("xri-uri", X.URI, "ipp://printer.example/")])
    printer = Collection([Attribute("printer-xri-supported", X.BEG_COLLECTION, [uri, uri])])
    assert of_value("system-configured-printers", X.BEG_COLLECTION, printer, DelimiterTag.SYSTEM) == []


def test_attributes_are_listed_by_their_names() -> None:
    for name, group in (("document-format-varying-attributes", PRINTER), ("requested-attributes", OPERATION)):
        listed = Attribute(name, X.KEYWORD, ["media-supported", "copies", "printer-state"])
        assert codes(Message((2, 0), 0, 1, [AttributeGroup(OPERATION, [CHARSET, LANGUAGE, listed])])) == (
            [] if group == OPERATION else ["other-group"]
        )
        assert of_value(name, X.KEYWORD, ["none-such"], group)[-1] == "unregistered-keyword"
    assert of_value("sides-supported", X.KEYWORD, ["copies"]) == ["unregistered-keyword"]


def test_members_of_what_nobody_registered_are_not_unknown() -> None:
    own = Collection([Attribute("a", X.KEYWORD, "b"), Attribute("A", X.KEYWORD, "B!")])
    assert of_value("smi1234-col", X.BEG_COLLECTION, own) == ["unknown-attribute", "member-name", "string-syntax"]


@pytest.mark.parametrize(
    ("operation", "attribute", "missing"),
    [
        (Operation.PRINT_URI, Attribute("document-uri", X.URI, "http://h/"), "document-uri"),
        (Operation.GET_NOTIFICATIONS, Attribute("notify-subscription-ids", X.INTEGER, 1), "notify-subscription-ids"),
        (Operation.SEND_DOCUMENT, Attribute("last-document", X.BOOLEAN, True), "last-document"),
    ],
)
def test_what_an_operation_must_have(operation: int, attribute: Attribute, missing: str) -> None:
    head = (CHARSET, LANGUAGE, TARGET, *((JOB_ID,) if operation == Operation.SEND_DOCUMENT else ()))
    assert codes(a_request(*head, attribute, operation=operation), "request") == []
    (issue,) = validate(a_request(*head, operation=operation), role="request")
    assert (issue.code, missing in issue.message) == ("missing-operation-attribute", True)


def test_groups_that_an_operation_must_have() -> None:
    operation = Operation.SET_PRINTER_ATTRIBUTES
    assert codes(a_request(operation=operation), "request") == ["missing-group"]
    assert codes(a_request(operation=operation, groups=(AttributeGroup(PRINTER),)), "request") == []


def test_a_printer_tells_of_each_of_its_uris() -> None:
    uris = Attribute("printer-uri-supported", X.URI, ["ipp://h/", "ipps://h/"])
    for name, word in (("uri-security-supported", "tls"), ("uri-authentication-supported", "none")):
        assert codes(a_response(uris, Attribute(name, X.KEYWORD, [word, word]))) == []
        assert codes(a_response(uris, Attribute(name, X.KEYWORD, [word]))) == ["parallel-values"]
        assert codes(a_response(Attribute(name, X.KEYWORD, [word]))) == []


def test_ranges_of_pages_ascend() -> None:
    for ends, expected in (
        ([(1, 3), (5, 7)], []),
        ([(5, 7), (1, 3)], ["value-order"]),
        ([(1, 3), (3, 4)], ["value-order"]),
    ):
        ranges = [RangeOfInteger(*each) for each in ends]
        assert of_value("page-ranges", X.RANGE_OF_INTEGER, ranges, JOB) == expected, ends


# ---- Values by their tag ----


@pytest.mark.parametrize("tag", [0x10, 0x13, 0x21, 0x22, 0x23, 0x31, 0x32, 0x33, 0x35, 0x36])
def test_octets_that_do_not_fit_their_tag(tag: int, codec: Implementation) -> None:
    octets = codec.encode(
        codec.Message(
            (2, 0), 0, 1, [codec.AttributeGroup(UNSUPPORTED, [codec.Attribute("x", tag, RawValue(b"\xff\xff"))])]
        )
    )
    found = [issue for issue in validate(codec.decode(octets), role="response") if issue.attribute]
    assert [(issue.code, issue.index, issue.offset) for issue in found] == [("malformed-value", 0, 9)]
    assert "of 2 octets: ff ff" in found[0].message


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        (X.TEXT, "", []),
        (X.TEXT, "x" * 1023, []),
        (X.TEXT, "x" * 1024, ["too-long"]),
        (X.TEXT, "\u00e4" * 512, ["too-long"]),
        (X.TEXT, "two\r\nlines\t", []),
        (X.TEXT, "\x1b[2J", ["control-character"]),
        (X.TEXT, "\x85", ["control-character"]),
        (X.TEXT, "caf\udce9", ["not-utf-8"]),
        (X.NAME, "x" * 255, []),
        (X.NAME, "two\nlines", ["control-character"]),
        (X.NAME, "two\rlines", ["control-character"]),
        (X.NAME, "a\ttab", ["control-character"]),
        (X.NAME_WITH_LANGUAGE, StringWithLanguage("two\nlines", "de"), ["control-character"]),
        (X.NAME, "x" * 256, ["too-long"]),
        (X.TEXT_WITH_LANGUAGE, StringWithLanguage("x" * 1024, "de"), ["too-long"]),
        (X.TEXT_WITH_LANGUAGE, StringWithLanguage("x", ""), ["empty-value"]),
        (X.NAME_WITH_LANGUAGE, StringWithLanguage("x", "e" * 64), ["too-long", "string-syntax"]),
        (X.KEYWORD, "a" * 256, ["too-long"]),
        (X.KEYWORD, "", ["empty-value"]),
        (X.KEYWORD, "a-b_c.1", []),
        (X.KEYWORD, "A-b", ["letter-case"]),
        (X.KEYWORD, "1-a", ["string-syntax"]),
        (X.KEYWORD, "a b", ["string-syntax"]),
        (X.KEYWORD, "\u00e4", ["not-us-ascii"]),
        (X.URI, "ipp://h/", []),
        (X.URI, "urn:uuid:1", []),
        (X.URI, "", ["empty-value"]),
        (X.URI, "h/p", ["string-syntax"]),
        (X.URI, "ipp://h/a b", ["string-syntax"]),
        (X.URI, "ipp://h/\n", ["string-syntax"]),
        (X.URI, "ipp:" + "x" * 1020, ["too-long", "string-syntax"]),
        (X.URI, "ipp:", ["string-syntax"]),
        (X.URI, "ipps:///ipp/print", ["string-syntax"]),
        (X.URI, "ipp://:631/", ["string-syntax"]),
        (X.URI, "http://?a", ["string-syntax"]),
        (X.URI, "ipp://h/%zz", ["string-syntax"]),
        (X.URI, "ipp://h/%4", ["string-syntax"]),
        (X.URI, "ipp://h/%41", []),
        (X.URI, "ipp://h:65535/", []),
        (X.URI, "ipp://h:65536/", ["string-syntax"]),
        (X.URI, "ipp://h:99999999999999999999/", ["string-syntax"]),
        (X.URI, "ipp://h:x/", ["string-syntax"]),
        (X.URI, "ipp://h:/", []),
        (X.URI, "ipp://h/#a", []),
        (X.URI, "ipp://h/#a#b", ["string-syntax"]),
        (X.URI, "ipp://[a]/", ["string-syntax"]),
        (X.URI, "ipp://[::1/", ["string-syntax"]),
        (X.URI, "ipp://h/[a]", ["string-syntax"]),
        (X.URI, "ipp://[2001:db8::1]:631/", []),
        (X.URI, "ipp://[fe80::1%25eth0]/", []),
        (X.URI, "ipp://[v1.fe80::1+eth0]/", []),
        (X.URI, "ipp://user:word@h/", []),
        (X.URI, "file://x", ["string-syntax"]),
        (X.URI, "file:///x", []),
        (X.URI, "usb://HP/Deskjet%203630?serial=1", []),
        (X.URI_SCHEME, "ipps", []),
        (X.URI_SCHEME, "IPP", ["letter-case"]),
        (X.URI_SCHEME, "ipp:", ["string-syntax"]),
        (X.CHARSET, "utf-8", []),
        (X.CHARSET, "UTF-8", ["letter-case"]),
        (X.CHARSET, "utf 8", ["string-syntax"]),
        (X.NATURAL_LANGUAGE, "en-us", []),
        (X.NATURAL_LANGUAGE, "en-US", ["letter-case"]),
        (X.NATURAL_LANGUAGE, "en_us", ["string-syntax"]),
        (X.NATURAL_LANGUAGE, "en-  ", ["string-syntax"]),
        (X.MIME_MEDIA_TYPE, "text/plain; charset = utf-8", []),  # RFC 8011 section 5.1.10's own
        (X.MIME_MEDIA_TYPE, "application/vnd.hp-PCL", []),
        (X.MIME_MEDIA_TYPE, "text/plain; charset=US-ASCII", []),
        (X.MIME_MEDIA_TYPE, 'a/b;c="d \\" e";f=g', []),
        (X.MIME_MEDIA_TYPE, "pdf", ["string-syntax"]),
        (X.MIME_MEDIA_TYPE, "a/b; c", ["string-syntax"]),
        (X.OCTET_STRING, b"x" * 1023, []),
        (X.OCTET_STRING, b"x" * 1024, ["too-long"]),
        (X.ENUM, 0, ["out-of-range"]),
        (X.ENUM, 2**31 - 1, []),
        (X.RANGE_OF_INTEGER, RangeOfInteger(2, 1), ["range-order"]),
        (X.RANGE_OF_INTEGER, RangeOfInteger(-1, -1), []),
        (X.RESOLUTION, Resolution(600, 600, 3), []),
        (X.RESOLUTION, Resolution(0, 600, 4), ["resolution"]),
        (X.RESOLUTION, Resolution(600, -1, 5), ["resolution", "resolution"]),
        (X.DATE_TIME, DateTime(2026, 2, 28, 23, 59, 60, 9, "-", 14, 59), []),
        (X.DATE_TIME, DateTime(2026, 13, 1), ["date-time"]),
        (X.DATE_TIME, DateTime(2026, 0, 0), ["date-time", "date-time"]),
        (X.DATE_TIME, DateTime(2026, 1, 1, 24, 60, 61, 10, "?", 15, 60), ["date-time"] * 7),
        (0x7F, b"\x00\x00\x00\x21", []),
        (0x7F, b"\x00\x00\x21", ["extension-tag"]),
        (0x7F, b"\x80\x00\x00\x00", ["extension-tag"]),
        (0x2F, b"", ["reserved-tag"]),
        (0xFF, b"", ["reserved-tag"]),
    ],
)
def test_values_against_the_syntax_of_their_tag(tag: int, value: Any, expected: list[str]) -> None:
    assert of_value("smi1234-own", tag, [value]) == ["unknown-attribute", *expected]


def test_text_is_judged_by_the_charset_of_the_message() -> None:
    def judged(charset: str) -> list[str]:
        message = a_response(Attribute("printer-info", X.TEXT, ["caf\u00e9", "caf\udce9"]))
        message.groups[0]["attributes-charset"] = charset
        return [issue.code for issue in validate(message, role="response") if issue.index is not None]

    assert judged("utf-8") == ["not-utf-8"]
    assert judged("us-ascii") == ["not-us-ascii", "not-us-ascii"]
    assert judged("iso-8859-1") == []


# ---- Out-of-band values ----


@pytest.mark.parametrize(
    ("value", "role", "group", "operation", "misplaced"),
    [
        (OutOfBand.UNSUPPORTED, "response", UNSUPPORTED, 0, False),
        (OutOfBand.UNSUPPORTED, "response", PRINTER, 0, True),
        (OutOfBand.UNSUPPORTED, "request", PRINTER, Operation.SET_PRINTER_ATTRIBUTES, True),
        (OutOfBand.UNKNOWN, "response", PRINTER, 0, False),
        (OutOfBand.NO_VALUE, "response", PRINTER, 0, False),
        (OutOfBand.UNKNOWN, "request", PRINTER, Operation.SET_PRINTER_ATTRIBUTES, True),
        (OutOfBand.NOT_SETTABLE, "response", UNSUPPORTED, 0, False),
        (OutOfBand.NOT_SETTABLE, "response", PRINTER, 0, True),
        (OutOfBand.DELETE_ATTRIBUTE, "request", JOB, Operation.SET_JOB_ATTRIBUTES, False),
        (OutOfBand.DELETE_ATTRIBUTE, "request", PRINTER, Operation.SET_PRINTER_ATTRIBUTES, True),
        (OutOfBand.DELETE_ATTRIBUTE, "request", PRINTER, Operation.CUPS_ADD_MODIFY_PRINTER, True),
        (OutOfBand.DELETE_ATTRIBUTE, "response", PRINTER, 0, True),
        (OutOfBand.ADMIN_DEFINE, "response", PRINTER, 0, True),
        (OutOfBand.ADMIN_DEFINE, "request", PRINTER, Operation.SET_PRINTER_ATTRIBUTES, True),
    ],
)
def test_where_out_of_band_values_may_stand(
    value: OutOfBand, role: Any, group: int, operation: int, misplaced: bool
) -> None:
    attribute = Attribute("job-name" if group == JOB else "printer-info", value.value, value)
    if role == "request":
        head = (CHARSET, LANGUAGE, TARGET, JOB_ID) if group == JOB else ()
        message = a_request(*head, operation=operation, groups=(AttributeGroup(group, [attribute]),))
    else:
        message = a_response(attribute, tag=group)
    assert codes(message, role) == (["out-of-band-misplaced"] if misplaced else [])


def test_a_request_may_carry_the_out_of_band_values_that_are_registered() -> None:
    default = Attribute("orientation-requested-default", X.NO_VALUE, OutOfBand.NO_VALUE)
    message = a_request(operation=Operation.SET_PRINTER_ATTRIBUTES, groups=(AttributeGroup(PRINTER, [default]),))
    assert codes(message, "request") == []


def test_out_of_band_values_stand_alone() -> None:
    mixed = [OutOfBand.NO_VALUE, "idle"]
    assert of_value("printer-state-reasons", [X.NO_VALUE, X.KEYWORD], mixed)[0] == "out-of-band-among-values"


def test_admin_define_stands_beside_the_values_that_an_administrator_may_add_to() -> None:
    """RFC 3380 section 8.3: "as an additional value", and in responses only."""
    media = Attribute("media-supported", [X.KEYWORD, X.ADMIN_DEFINE], ["iso_a4_210x297mm", OutOfBand.ADMIN_DEFINE])
    assert codes(a_response(media)) == []
    message = a_request(operation=Operation.SET_PRINTER_ATTRIBUTES, groups=(AttributeGroup(PRINTER, [media]),))
    assert codes(message, "request") == ["out-of-band-among-values", "out-of-band-misplaced"]


# ---- Issues ----


def test_an_issue_tells_where_and_what(codec: Implementation) -> None:
    size = codec.Collection([codec.Attribute("y-dimension", X.INTEGER, [1, 0])])
    media = codec.Collection([codec.Attribute("media-size", X.BEG_COLLECTION, size)])
    attribute = codec.Attribute("media-col-default", X.BEG_COLLECTION, media)
    group = codec.AttributeGroup(PRINTER, [attribute])
    head = codec.AttributeGroup(
        OPERATION, [codec.Attribute(one.name, one.tag, one.values) for one in (CHARSET, LANGUAGE)]
    )
    octets = codec.encode(codec.Message((2, 0), 0, 1, [head, group]))
    _, issue = validate(codec.decode(octets), role="response")
    assert issue == Issue(
        Severity.ERROR,
        "out-of-range",
        "expected 1 to 2147483647, got integer 0",
        "PWG5100.7, IANA IPP registry",
        PRINTER,
        "media-col-default",
        "media-size/y-dimension",
        1,
        octets.index(b"\x4a\x00\x00\x00\x0by-dimension"),
    )
    assert str(issue) == (
        "error: value 1 of 'media-col-default/media-size/y-dimension' in printer-attributes-tag "
        f"at 0x{issue.offset:x}: expected 1 to 2147483647, got integer 0 [out-of-range, PWG5100.7, IANA IPP registry]"
    )
    assert pickle.loads(pickle.dumps(issue)) == issue


def test_what_came_from_outside_is_escaped() -> None:
    nasty = "\x1b]0;\u202e\udcff\n"
    message = a_response(Attribute(nasty, X.KEYWORD, nasty), Attribute("printer-info", X.NAME, nasty))
    for issue in validate(message):
        assert str(issue).isprintable()


def test_issues_about_the_message_and_about_a_group() -> None:
    assert str(validate(Message((2, 0), 0, -1), role="response")[0]).startswith("error: message: expected a request-id")
    (issue,) = validate(groups(1, 0x0B), role="response")
    assert str(issue).startswith("warning: group 0x0b: ")


# ---- The role ----


@pytest.mark.parametrize(
    ("message", "role"),
    [
        (Message((2, 0), 0x000B, 1), "request"),
        (Message((2, 0), 0x4001, 1), "request"),
        (Message((2, 0), 0x4FFF, 1), "request"),
        (Message((2, 0), 0x0000, 1), "response"),
        (Message((2, 0), 0x0406, 1), "response"),
        (Message((2, 0), 0x0999, 1), "response"),
        (Message((2, 0), 0x0002, 1), "request"),
        (Message((2, 0), 0x0002, 1, [AttributeGroup(OPERATION, [TARGET]), AttributeGroup(UNSUPPORTED)]), "request"),
        (Message((2, 0), 0x0002, 1, [AttributeGroup(OPERATION), AttributeGroup(UNSUPPORTED)]), "response"),
        (Message((2, 0), 0x0005, 1, [AttributeGroup(JOB, [Attribute("job-state", X.ENUM, 3)])]), "response"),
        (Message((2, 0), 0x0005, 1, [AttributeGroup(JOB, [Attribute("copies", X.INTEGER, 3)])]), "request"),
    ],
)
def test_the_role_is_guessed(message: Message, role: str) -> None:
    assert guess_role(message) == role
    assert validate(message) == validate(message, role=guess_role(message))


# ---- Any message ----


@vectors.parametrize(vectors.accepted())
def test_vectors_are_validated(vector: vectors.Vector, codec: Implementation) -> None:
    message = codec.decode(vector.octets)
    for role in ("request", "response"):
        issues = validate(message, role=role)
        for issue in issues:
            assert RULES[issue.code].severity is issue.severity
            assert str(issue).isprintable()
        if vector.raw_values is not None:
            assert [issue.code for issue in issues].count("malformed-value") == vector.raw_values


@given(strategies.octets())
def test_any_valid_message_is_validated(octets: bytes) -> None:
    for issue in validate(ippfast.decode(octets)):
        assert issue.code in RULES
        assert issue.offset is None or octets[issue.offset] >= 0x10


@given(strategies.messages(fit=True))
def test_any_message_made_by_hand_is_validated(message: Message) -> None:
    assert all(issue.offset is None for issue in validate(message))
