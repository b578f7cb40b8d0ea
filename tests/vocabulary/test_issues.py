"""docs/issues.md tells of every code: its severity, its section and an example, as they are.

The rule of this file: the page is held against `RULES`, and each of its examples against what `validate` or `recover`
says of a message that has just that fault.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    Limits,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    ValueTag,
    encode,
    recover,
    validate,
)
from ippfast.enums import Operation, Status
from ippfast.issues import RULES, Issue, Severity

X = ValueTag
OPERATION, PRINTER = DelimiterTag.OPERATION, DelimiterTag.PRINTER
CHARSET = Attribute("attributes-charset", X.CHARSET, "utf-8")
LANGUAGE = Attribute("attributes-natural-language", X.NATURAL_LANGUAGE, "en")
TARGET = Attribute("printer-uri", X.URI, "ipp://printer.example/ipp/print")
URIS = Attribute("printer-uri-supported", [X.URI] * 2, ["ipp://a.example/", "ipps://a.example/"])

PAGE = (Path(__file__).parents[2] / "docs" / "issues.md").read_text(encoding="utf-8")
ROWS = {
    match[1]: tuple(part.strip() for part in match.groups()[1:])
    for match in re.finditer(r"^\| `([a-z0-9-]+)` \|(.*?)\|(.*?)\|(.*?)\|(.*?)\|$", PAGE, re.MULTILINE)
}
"""Severity, rule, section and example of each code."""


def a_request(*attributes: Attribute, operation: int = Operation.GET_JOBS) -> Message:
    return Message((2, 0), operation, 1, [AttributeGroup(OPERATION, attributes or (CHARSET, LANGUAGE, TARGET))])


def a_response(*attributes: Attribute, tag: int = PRINTER, status: int = Status.SUCCESSFUL_OK) -> Message:
    return Message((2, 0), status, 1, [AttributeGroup(OPERATION, [CHARSET, LANGUAGE]), AttributeGroup(tag, attributes)])


def of_value(name: str, tag: Any, value: Any) -> Message:
    return a_response(Attribute(name, tag, value))


def with_groups(*groups: int) -> Message:
    head = AttributeGroup(OPERATION, [CHARSET, LANGUAGE])
    return Message((2, 0), 0, 1, [head if tag == OPERATION else AttributeGroup(tag) for tag in groups])


OF_REQUESTS = {
    "request-id",
    "operation-id",
    "unexpected-group",
    "unused-group",
    "missing-group",
    "missing-charset",
    "missing-natural-language",
    "missing-target",
    "conflicting-target",
    "target-uri",
    "attribute-order",
    "missing-operation-attribute",
}
JUDGED: dict[str, Message] = {
    "request-id": Message((2, 0), Operation.GET_JOBS, 0, a_request().groups),
    "operation-id": Message((2, 0), 0x8001, 1, a_request().groups),
    "status-code": a_response(status=0x0600),
    "version": Message((3, 0), 0, 1, a_response().groups),
    "missing-operation-group": Message((2, 0), 0, 1, [AttributeGroup(PRINTER)]),
    "group-order": with_groups(PRINTER, OPERATION),
    "repeated-group": with_groups(OPERATION, OPERATION),
    "unexpected-group": Message(
        (2, 0), Operation.GET_JOBS, 1, [*a_request().groups, AttributeGroup(DelimiterTag.UNSUPPORTED)]
    ),
    "unused-group": Message((2, 0), Operation.PRINT_JOB, 1, [*a_request().groups, AttributeGroup(PRINTER)]),
    "reserved-group": with_groups(OPERATION, 0x0B),
    "missing-group": a_request(operation=Operation.SET_PRINTER_ATTRIBUTES),
    "missing-unsupported-group": a_response(status=Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES),
    "missing-charset": a_request(LANGUAGE, TARGET),
    "missing-natural-language": a_request(CHARSET, TARGET),
    "missing-target": a_request(CHARSET, LANGUAGE),
    "conflicting-target": a_request(CHARSET, LANGUAGE, TARGET, Attribute("job-uri", X.URI, "ipp://a.example/jobs/7")),
    "target-uri": a_request(CHARSET, LANGUAGE, Attribute("printer-uri", X.URI, "http://printer.example/")),
    "attribute-order": a_request(LANGUAGE, CHARSET, TARGET),
    "missing-operation-attribute": a_request(operation=Operation.PRINT_URI),
    "attribute-name": of_value("Printer Info", X.TEXT, ""),
    "duplicate-attribute": a_response(*[Attribute("printer-info", X.TEXT, "")] * 2),
    "duplicate-member": of_value(
        "media-col-default", X.BEG_COLLECTION, Collection([Attribute("media-color", X.KEYWORD, "blue")] * 2)
    ),
    "member-name": of_value("x-own", X.BEG_COLLECTION, Collection([Attribute("Own", X.INTEGER, 1)])),
    "empty-collection": of_value("media-col-default", X.BEG_COLLECTION, Collection([])),
    "too-many-values": of_value("printer-name", [X.NAME] * 2, ["a", "b"]),
    "parallel-values": a_response(URIS, Attribute("uri-security-supported", X.KEYWORD, "tls")),
    "value-order": a_response(
        Attribute("page-ranges", [X.RANGE_OF_INTEGER] * 2, [RangeOfInteger(5, 7), RangeOfInteger(1, 3)]),
        tag=DelimiterTag.JOB,
    ),
    "none-among-values": of_value("printer-state-reasons", [X.KEYWORD] * 2, ["none", "paused"]),
    "out-of-band-among-values": of_value(
        "media-supported", [X.KEYWORD, X.UNKNOWN], ["na_letter_8.5x11in", OutOfBand.UNKNOWN]
    ),
    "out-of-band-misplaced": of_value("printer-info", X.NOT_SETTABLE, OutOfBand.NOT_SETTABLE),
    "malformed-value": of_value("copies-default", X.INTEGER, RawValue(b"\x00\x01")),
    "wrong-syntax": of_value("copies-default", X.ENUM, 1),
    "out-of-range": of_value("copies-default", X.INTEGER, 0),
    "too-long": of_value("printer-name", X.NAME, "x" * 128),
    "empty-value": of_value("printer-more-info", X.URI, ""),
    "not-utf-8": of_value("printer-info", X.TEXT, "M\udcfcller"),
    "not-us-ascii": of_value("printer-more-info", X.URI, "http://a.example/\u00fc"),
    "string-syntax": of_value("printer-more-info", X.URI, "ipp://a.example/%zz"),
    "letter-case": of_value("charset-configured", X.CHARSET, "UTF-8"),
    "control-character": of_value("printer-info", X.TEXT, "\x1b[2J"),
    "date-time": of_value("printer-current-time", X.DATE_TIME, DateTime(2026, 13, 1)),
    "resolution": of_value("printer-resolution-default", X.RESOLUTION, Resolution(0, 600, 3)),
    "range-order": of_value("copies-supported", X.RANGE_OF_INTEGER, RangeOfInteger(9, 1)),
    "extension-tag": of_value("x-own", X.EXTENSION, b"\x01"),
    "reserved-tag": of_value("x-own", 0x20, b""),
    "unknown-attribute": of_value("x-own", X.INTEGER, 1),
    "unknown-member": of_value("media-col-default", X.BEG_COLLECTION, Collection([Attribute("x-own", X.INTEGER, 1)])),
    "other-group": a_response(Attribute("printer-info", X.TEXT, ""), tag=DelimiterTag.JOB),
    "unregistered-enum": of_value("printer-state", X.ENUM, 9),
    "unregistered-keyword": of_value("compression-supported", X.KEYWORD, "zstd"),
}
"""A message with the fault that each code stands for, of those that `validate` finds."""


def token(tag: int, name: str = "", value: bytes = b"") -> bytes:
    octets = name.encode()
    return bytes([tag]) + len(octets).to_bytes(2, "big") + octets + len(value).to_bytes(2, "big") + value


def answer(*parts: bytes) -> bytes:
    return encode(a_response())[:-1] + b"".join(parts) + b"\x03"


def member(name: str, *values: bytes) -> bytes:
    return token(0x4A, "", name.encode()) + b"".join(values)


COPIES = token(0x21, "copies-default", b"\0\0\0\1")
COLLECTION, END = token(0x34, "media-col-default"), token(0x37)
BLUE = member("media-color", token(0x44, "", b"blue"))

REPAIRED: dict[str, bytes] = {
    "truncated": answer(COPIES)[:-3],
    "wrong-length": answer(COPIES.replace(b"\0\4", b"\0\5"), COPIES, COPIES),
    "stray-octets": answer(b"\xff\xff", COPIES),
    "missing-end": answer(COPIES)[:-1],
    "reserved-delimiter": answer(b"\0", COPIES),
    "value-before-group": bytes.fromhex("0200 0000 00000001") + COPIES + b"\x03",
    "value-before-attribute": answer(token(0x21, "", b"\0\0\0\1"), COPIES),
    "value-before-member": answer(COLLECTION, token(0x21, "", b"\0\0\0\1"), BLUE, END),
    "member-outside": answer(COPIES, BLUE),
    "member-as-attribute": answer(COLLECTION, token(0x44, "media-color", b"blue"), END),
    "member-without-name": answer(COLLECTION, token(0x4A), BLUE, END),
    "member-without-value": answer(COLLECTION, member("media-type"), BLUE, END),
    "begin-with-value": answer(token(0x34, "media-col-default", b"x"), BLUE, END),
    "end-with-value": answer(COLLECTION, BLUE, token(0x37, "", b"x"), COPIES, COPIES),
    "end-outside": answer(COPIES, END),
    "unterminated-collection": answer(COLLECTION, BLUE, COPIES),
    "missing-value-length": answer(COLLECTION[:-2], BLUE, END),
    "missing-language-length": answer(token(0x35, "printer-info", b"en\0\1x")),
    "length-over-32767": answer(token(0x30, "x-own", b"x" * 40_000)),
    "over-limit": answer(*[token(0x21, f"x-own-{number}", b"\0\0\0\1") for number in range(5)]),
}
"""Octets with the fault that each code stands for, of those that `recover` finds."""


def issue_of(code: str) -> Issue:
    """The issue of this code that its example has."""
    if code in JUDGED:
        message = JUDGED[code]
        found = validate(message, role="request" if code in OF_REQUESTS else "response")
    else:
        limits = Limits(max_attributes=4) if code == "over-limit" else Limits()
        _, found = recover(REPAIRED[code], limits=limits)
    return next(issue for issue in found if issue.code == code)


def test_the_page_has_every_code_and_no_other() -> None:
    assert list(ROWS) == list(RULES)
    assert {*JUDGED, *REPAIRED} == set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_a_row_says_what_is_so(code: str) -> None:
    severity, rule, section, example = ROWS[code]
    issue = issue_of(code)
    assert severity == RULES[code].severity == issue.severity
    assert rule
    assert section == RULES[code].section
    assert example == f"`{issue.message}`".replace("|", "\\|")


def test_severities_are_three() -> None:
    assert {rule.severity for rule in RULES.values()} == set(Severity)
