"""ippfast dump: what it shows of a message, alone or in HTTP, and what it says of one that is wrong.

The rule of this file: what a person reads is compared in full wherever that can be.
"""

import re
from typing import Any

import pytest
import vectors
from command_line import make, one_group, printed, run
from vectors import Vector, parametrize

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DecodeError,
    DelimiterTag,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
    decode,
)
from ippfast.enums import Operation

A4 = Collection([Attribute("x-dimension", ValueTag.INTEGER, 21000), Attribute("y-dimension", ValueTag.INTEGER, 29700)])
LETTER = Collection(
    [Attribute("x-dimension", ValueTag.INTEGER, 21590), Attribute("y-dimension", ValueTag.INTEGER, 27940)]
)


def shown(*attributes: Attribute, width: int = 80) -> list[str]:
    """The lines for attributes in a printer group."""
    lines = printed("dump", f"--width={width}", "-", octets=one_group(*attributes)).splitlines()
    assert lines[:2] == ["response: successful-ok (0x0000), version 2.0, request-id 1", ""]
    assert lines[-2:] == ["", "end-of-attributes-tag, no document octets"]
    return lines[3:-2]


# What it shows


def test_dump_shows_a_whole_message() -> None:
    document = b"%PDF-1.4\n"
    operation = AttributeGroup(
        DelimiterTag.OPERATION,
        [
            Attribute("attributes-charset", ValueTag.CHARSET, "utf-8"),
            Attribute("printer-uri", ValueTag.URI, "ipp://localhost/ipp/print"),
            Attribute("job-name", ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("Brief", "de")),
        ],
    )
    job = AttributeGroup(
        DelimiterTag.JOB,
        [
            Attribute("print-quality", ValueTag.ENUM, 5),
            Attribute("media-col", ValueTag.BEG_COLLECTION, Collection([])),
            Attribute(
                "media-col",
                ValueTag.BEG_COLLECTION,
                Collection(
                    [
                        Attribute("media-size", ValueTag.BEG_COLLECTION, A4),
                        Attribute("media-source", ValueTag.KEYWORD, "main"),
                    ]
                ),
            ),
        ],
    )
    octets = make(Operation.PRINT_JOB, operation, job, AttributeGroup(0x0C), AttributeGroup(DelimiterTag.JOB))
    assert printed("dump", "-", octets=octets + document) == (
        """\
request: Print-Job (0x0002), version 2.0, request-id 1
(with --response: successful-ok-conflicting-attributes)

operation-attributes-tag, 3 attributes
  attributes-charset (charset) = utf-8
  printer-uri (uri) = ipp://localhost/ipp/print
  job-name (nameWithLanguage) = "Brief" [de]

job-attributes-tag 1 of 2, 3 attributes
  print-quality (enum) = high (5)
  media-col (collection)
    {}
  media-col (collection)
    media-size (collection)
      x-dimension (integer) = 21000
      y-dimension (integer) = 29700
    media-source (keyword) = main

group 0x0c, no attributes

job-attributes-tag 2 of 2, no attributes

end-of-attributes-tag, 9 document octets
"""
    )


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        (ValueTag.INTEGER, -5, "(integer) = -5"),
        (ValueTag.BOOLEAN, True, "(boolean) = true"),
        (ValueTag.ENUM, 17, "(enum) = 17"),
        (ValueTag.OCTET_STRING, b"type=ink;level=80;", '(octetString) = "type=ink;level=80;"'),
        (ValueTag.OCTET_STRING, b"\x00\x01", "(octetString) = <0001>"),
        (ValueTag.DATE_TIME, DateTime(2026, 11, 2, 3, 4, 5, 6, "-", 1, 30), "(dateTime) = 2026-11-02T03:04:05.6-01:30"),
        (
            ValueTag.DATE_TIME,
            DateTime(2026, 2, 30),
            "(dateTime) = 2026-02-30T00:00:00.0+00:00 (no such dateTime)",
        ),
        (ValueTag.RESOLUTION, Resolution(600, 1200, 3), "(resolution) = 600x1200dpi"),
        (ValueTag.RANGE_OF_INTEGER, RangeOfInteger(1, 99), "(rangeOfInteger) = 1-99"),
        (ValueTag.TEXT, "Büro", '(textWithoutLanguage) = "Büro"'),
        (ValueTag.KEYWORD, "one-sided", "(keyword) = one-sided"),
        (ValueTag.KEYWORD, "", '(keyword) = ""'),
        (ValueTag.KEYWORD, "a,b", '(keyword) = "a,b"'),
        (ValueTag.KEYWORD, 'a"\\', r'(keyword) = "a\"\\"'),
        (ValueTag.NO_VALUE, OutOfBand.NO_VALUE, "(out-of-band) = no-value"),
        (ValueTag.NO_VALUE, RawValue(b"\x00"), "(no-value) = malformed <00> at 0x9"),
        (ValueTag.INTEGER, RawValue(b"\x00\x00\x01"), "(integer) = malformed <000001> at 0x9"),
        (ValueTag.EXTENSION, b"\x40\x00\x00\x01", "(extension) = <40000001>"),
        (0x2F, b"text", '(value tag 0x2f) = "text"'),
        (0x2F, b"", '(value tag 0x2f) = ""'),
    ],
)
def test_dump_shows_every_kind_of_value(tag: int, value: Any, expected: str) -> None:
    assert shown(Attribute("x-some", tag, value)) == [f"  x-some {expected}"]


def test_dump_names_enums_by_where_they_stand() -> None:
    operations = [Operation.PRINT_JOB, 0x4029, -1]
    assert shown(
        Attribute("operations-supported", ValueTag.ENUM, operations),
        Attribute("printer-state", ValueTag.ENUM, 3),
        Attribute("x-collection", ValueTag.BEG_COLLECTION, Collection([Attribute("print-quality", ValueTag.ENUM, 3)])),
        Attribute(
            "overrides",
            ValueTag.BEG_COLLECTION,
            Collection([Attribute("print-quality", ValueTag.ENUM, 3)]),
        ),
    ) == [
        "  operations-supported (1setOf enum) = Print-Job (0x0002), 0x4029, -1",
        "  printer-state (enum) = idle (3)",
        "  x-collection (collection)",
        "    print-quality (enum) = 3",
        "  overrides (collection)",
        "    print-quality (enum) = draft (3)",
    ]


def test_dump_shows_sets() -> None:
    tags = [ValueTag.KEYWORD, ValueTag.KEYWORD, ValueTag.NO_VALUE, ValueTag.UNKNOWN, ValueTag.BEG_COLLECTION]
    values: list[Any] = ["a", "b", OutOfBand.NO_VALUE, OutOfBand.UNKNOWN, A4]
    assert shown(
        Attribute("x-mixed", tags, values),
        Attribute("x-integers", ValueTag.INTEGER, [1, RawValue(b""), 2]),
        Attribute("x-sizes", ValueTag.BEG_COLLECTION, [A4, Collection([]), LETTER]),
    ) == [
        "  x-mixed (1setOf)",
        "    (keyword) = a, b",
        "    (out-of-band) = no-value, unknown",
        "    (collection)",
        "      x-dimension (integer) = 21000",
        "      y-dimension (integer) = 29700",
        "  x-integers (1setOf integer) = 1, malformed <> at 0x75, 2",
        "  x-sizes (1setOf collection)",
        "    [1] x-dimension (integer) = 21000",
        "        y-dimension (integer) = 29700",
        "    [2] {}",
        "    [3] x-dimension (integer) = 21590",
        "        y-dimension (integer) = 27940",
    ]


def test_dump_breaks_lines_between_values() -> None:
    wide = "日" * 10  # twenty columns
    attribute = Attribute("x-names", ValueTag.NAME, [wide, "ten", "twenty", "x" * 50, "end"])
    assert shown(attribute, Attribute("x-octets", ValueTag.OCTET_STRING, bytes(33)), width=40) == [
        "  x-names (1setOf nameWithoutLanguage) =",
        f'    "{wide}", "ten",',
        '    "twenty",',
        f'    "{"x" * 50}",',
        '    "end"',
        "  x-octets (octetString) =",
        f"    <{'00' * 16}",
        f"    {'00' * 16} 00>",
    ]


def test_dump_fills_lines() -> None:
    attribute = Attribute("x-keyword", ValueTag.KEYWORD, "k" * 18)
    assert shown(attribute, width=42) == [f"  x-keyword (keyword) = {'k' * 18}"]
    assert shown(attribute, width=41) == ["  x-keyword (keyword) =", f"    {'k' * 18}"]


def test_dump_leaves_lines_whole_in_a_pipe() -> None:
    octets = one_group(Attribute("x-numbers", ValueTag.INTEGER, range(200)))
    assert "".join(["= ", ", ".join(map(str, range(200))), "\n"]) in printed("dump", "-", octets=octets)


def test_dump_escapes_what_a_terminal_would_act_on() -> None:
    text = "a\x1b[31m\x00\x07\t\r\n\x7f\x9b\u202e\u2066\u200f\udcff\U000e0001\u00e9"
    escaped = r"a\x1b[31m\x00\x07\t\r\n\x7f\u009b\u202e\u2066\u200f\xff\U000e0001" + "é"
    member = Attribute("x\x1bm", ValueTag.KEYWORD, text)
    assert shown(
        Attribute("x\x1b[2J", ValueTag.TEXT, text),
        Attribute("x-language", ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage(text, "e\x1bn")),
        Attribute("x-date", ValueTag.DATE_TIME, DateTime(0, 0, 0, utc_direction="\x1b")),
        Attribute("x-collection", ValueTag.BEG_COLLECTION, Collection([member])),
        width=200,
    ) == [
        rf'  "x\x1b[2J" (textWithoutLanguage) = "{escaped}"',
        rf'  x-language (textWithLanguage) = "{escaped}" ["e\x1bn"]',
        r'  x-date (dateTime) = 0000-00-00T00:00:00.0"\x1b"00:00 (no such dateTime)',
        "  x-collection (collection)",
        rf'    "x\x1bm" (keyword) = "{escaped}"',
    ]


@parametrize(vectors.accepted())
def test_dump_shows_everything_and_where_it_stands(vector: Vector) -> None:
    """Each name that a line shows stands at the offset that begins the line, and none is missing."""
    output = printed("dump", "--offsets", "--width=80", "-", octets=vector.octets)
    lines = output.split("\n")
    assert all(line.isprintable() for line in lines)
    names = []
    for line in lines:
        match = re.match(r'([0-9a-f]+) {4,}(?:\[\d+\] +)?([^\s"(]\S*) \(', line)
        if match:
            start = int(match[1], 16) + 1
            if vector.octets[start : start + 2] == b"\0\0":  # memberAttrName
                start += 2
            end = start + 2 + int.from_bytes(vector.octets[start : start + 2], "big")
            names.append(match[2])
            assert vector.octets[start + 2 : end] == match[2].encode(), line
    message = decode(vector.octets)
    plain = re.compile(r'[^\s,"\\(][^\s,"\\]*')
    assert names == [
        name for group in message.groups for name in all_names(group) if name.isprintable() and plain.fullmatch(name)
    ]
    document = len(vector.octets) - (vector.offset or 0)
    assert lines[-2].endswith(f", {document or 'no'} document octet{'s' * (document != 1)}")


def all_names(attributes: AttributeGroup | Collection) -> list[str]:
    """The names of the attributes and of all members in them, in order."""
    names = []
    for attribute in attributes:
        names.append(attribute.name)
        for value in attribute.values:
            if isinstance(value, Collection):
                names += all_names(value)
    return names


@parametrize(tuple(vector for vector in vectors.refused() if not vector.octets.startswith(b"HTTP/")))
def test_dump_says_where_a_message_is_wrong(vector: Vector) -> None:
    with pytest.raises(DecodeError) as refusal:
        decode(vector.octets)
    result = run("dump", "-", octets=vector.octets)
    assert (result.exit_code, result.stdout) == (1, "")
    first, *rows = result.stderr.splitlines()
    assert first == f"Error: <stdin>: no IPP message: {refusal.value}"
    mark = next(number for number, row in enumerate(rows) if row.endswith("^^"))
    offset = refusal.value.offset
    assert int(rows[mark - 1][:8], 16) == offset & ~15
    column = len(rows[mark])
    assert rows[mark - 1][column - 2 : column].strip() == vector.octets[offset : offset + 1].hex()


# Request or response


@pytest.mark.parametrize(
    ("code", "operation_attributes", "expected"),
    [
        (0x000B, [], "request: Get-Printer-Attributes (0x000b)"),
        (0x4001, [], "request: CUPS-Get-Default (0x4001)"),
        (0x4029, [], "request: 0x4029"),
        (0x0000, [], "response: successful-ok (0x0000)"),
        (0x0400, ["printer-uri"], "response: client-error-bad-request (0x0400)"),
        (0x0002, ["printer-uri"], "request: Print-Job (0x0002)"),
        (0x0005, ["job-uri"], "request: Create-Job (0x0005)"),
        (0x0002, ["status-message"], "response: successful-ok-conflicting-attributes (0x0002)"),
        (0x00FF, ["system-uri"], "request: 0x00ff"),
        (0x00FF, [], "response: 0x00ff"),
        (0x9000, [], "response: 0x9000"),
    ],
)
def test_dump_tells_requests_from_responses(code: int, operation_attributes: list[str], expected: str) -> None:
    attributes = [Attribute(name, ValueTag.URI, "ipp://localhost/") for name in operation_attributes]
    octets = make(code, AttributeGroup(DelimiterTag.OPERATION, attributes))
    assert printed("dump", "-", octets=octets).startswith(f"{expected}, version 2.0, request-id 1\n")


def test_dump_can_be_told_what_a_message_is() -> None:
    octets = make(0x0005)
    first = "request: Create-Job (0x0005), version 2.0, request-id 1"
    assert printed("dump", "--request", "-", octets=octets).splitlines()[:2] == [first, ""]
    first = "response: successful-ok-too-many-events (0x0005), version 2.0, request-id 1"
    assert printed("dump", "--response", "-", octets=octets).splitlines()[:2] == [first, ""]
    assert printed("dump", "-", octets=octets).splitlines()[:2] == [first, "(with --request: Create-Job)"]
    assert "\nresponse: successful-ok-conflicting-attributes" in printed("dump", "--response", "-", octets=POSTED)


# HTTP

BODY = make(0x0002) + b"%PDF"
CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nServer: x\x01\r\nContent-type: Application/IPP; charset=utf-8\r\n".replace(b"\x01", b"")
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + b"".join([b"1\r\n%b\r\n" % BODY[at : at + 1] for at in range(len(BODY))])
    + b"0\r\n\r\n"
)
POSTED = b"POST /ipp/print HTTP/1.1\r\nHost: x\r\nAuthorization: Basic c2VjcmV0\r\nContent-Length: 13\r\n\r\n" + BODY


@pytest.mark.parametrize("name", [name for name in vectors.http() if "-ipp-" in name or "-document-" in name])
def test_dump_reads_recorded_http(name: str) -> None:
    head, _, body = vectors.http()[name].removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    kind = "response" if name.endswith("response.http") else "request"
    output = printed("dump", "-", octets=vectors.http()[name])
    assert head.split(b"\r\n")[0].decode() in output.splitlines()[:2]
    assert f"\n\n{kind}: " in output
    assert "(with --" not in output
    loaded = run("load", "-", octets=printed("dump", "--json", "--document", "-", octets=vectors.http()[name]).encode())
    if b"chunked" in head:
        assert len(loaded.stdout_bytes) < len(body)
        assert loaded.stdout_bytes in re.sub(rb"\r\n[0-9a-f]*\r\n", b"", b"\r\n" + body)
    else:
        assert loaded.stdout_bytes == body
    count = re.search(r"(\S+) document octets?\n$", output)
    assert count is not None
    assert (count[1] == "no") == ("-ipp-" in name)


def test_dump_unframes_chunks() -> None:
    output = printed("dump", "-", octets=CHUNKED)
    assert output == (
        """\
HTTP/1.1 100 Continue
HTTP/1.1 200 OK
Content-type: Application/IPP; charset=utf-8
Transfer-Encoding: chunked

response: successful-ok-conflicting-attributes (0x0002), version 2.0, request-id 1

end-of-attributes-tag, 4 document octets
"""
    )


def test_dump_reads_requests_without_media_type_and_shows_no_secrets() -> None:
    output = printed("dump", "-", octets=POSTED)
    assert output.startswith("POST /ipp/print HTTP/1.1\nContent-Length: 13\n\nrequest: Print-Job (0x0002), version 2.0")
    assert "c2VjcmV0" not in output


def test_dump_reads_all_messages_of_a_connection() -> None:
    page = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nnone"
    empty = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    big = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + BODY + bytes(1_000_000 - len(BODY))
    octets = CHUNKED + page + empty + big + CHUNKED + b"\r\n"
    output = printed("dump", "-", octets=octets)
    assert re.findall(r"^(?:HTTP|POST|re|no).*", output, re.MULTILINE) == [
        "HTTP/1.1 100 Continue",
        "HTTP/1.1 200 OK",
        "response: successful-ok-conflicting-attributes (0x0002), version 2.0, request-id 1",
        "HTTP/1.1 404 Not Found",
        "no IPP message, but 4 octets of text/html",
        "HTTP/1.1 401 Unauthorized",
        "no body",
        "POST / HTTP/1.1",
        "request: Print-Job (0x0002), version 2.0, request-id 1",
        "HTTP/1.1 100 Continue",
        "HTTP/1.1 200 OK",
        "response: successful-ok-conflicting-attributes (0x0002), version 2.0, request-id 1",
    ]
    assert f"{1_000_000 - 9} document octets" in output
    assert printed("dump", "--json", "-", octets=octets).count('"version"') == 3


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "there is no IPP message in it"),
        (POSTED + b"\x16\x03\x01", f"octet {len(POSTED)} of the file: expected another HTTP message"),
        (POSTED.replace(b"Host: x", b"Host x"), "octet 0 of the file: no HTTP request: illegal header line"),
        (b"HTTP/1.1 200 OK\r\nContent-", "octet 0 of the file: no HTTP response: "),
        (POSTED[:-1], "peer closed connection without sending complete message body (received 12 bytes, expected 13)"),
        (POSTED.replace(b"\r\n\r\n\x02", b"\r\n\r\n\x02\x02"), "expected another HTTP message"),
        (POSTED[:-7], "no IPP message: offset 0x4: expected a header of 8 octets"),
        (
            POSTED.replace(b"HTTP/1.1", b"HTTP/1.1\r\nContent-Type: application/ipp\r\nTransfer-Encoding: gzip"),
            "octet 0 of the file: no HTTP request: ",
        ),
    ],
)
def test_dump_says_what_is_wrong_with_http(octets: bytes, fault: str) -> None:
    result = run("dump", "-", octets=octets)
    assert result.exit_code == 1
    assert fault in result.stderr
    assert result.stderr.startswith("Error: <stdin>: ")


def test_dump_goes_on_after_a_wrong_message() -> None:
    wrong = POSTED.replace(BODY, b"\x02\x00\x00\x02\x00\x00\x00\x01\x00\x03%PDF"[:13])
    result = run("dump", "-", octets=wrong + CHUNKED)
    assert result.exit_code == 1
    assert "offset 0x8" in result.stderr
    assert "\nresponse: successful-ok-conflicting-attributes" in result.stdout
