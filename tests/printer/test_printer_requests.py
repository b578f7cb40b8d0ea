"""Odd and malformed requests: the print server answers as every printer of CUPS' kin does, where the RFCs allow that.

The rule of this file: each request stands here with its answer. What other servers answer alike (ippeveprinter of
three versions, ippserver, cupsd) is what is expected here; where ours is another answer, the table says why.
"""

import http.client
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from printers import SECONDS, Desk, printing

from ippfast import decode
from ippfast.http import Server
from ippfast.http.hosts import Hosts

ADDED = b"\x02"  # a group of job attributes, for what is to be found in one


def field(tag: int, name: bytes | str, value: bytes | str) -> bytes:
    """An attribute with one value, whatever its octets are."""
    name = name.encode() if isinstance(name, str) else name
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(value)) + value


CHARSET = field(0x47, "attributes-charset", "utf-8")
LANGUAGE = field(0x48, "attributes-natural-language", "en")
URI = field(0x45, "printer-uri", "ipp://localhost/ipp/print")
HEADER = b"\x01" + CHARSET + LANGUAGE + URI
BEGIN, END = field(0x34, "c", b""), field(0x37, "", b"")
MEMBER = field(0x4A, "", "m")
NUMBER = field(0x21, "", b"\0\0\0\1")


def message(
    added: bytes = b"",
    *,
    header: bytes = HEADER,
    version: bytes = b"\x02\x00",
    operation: int = 0x0B,
    request_id: int = 7,
    end: bytes = b"\x03",
) -> bytes:
    return version + struct.pack(">Hi", operation, request_id) + header + added + end


def nested(depth: int) -> bytes:
    inner = MEMBER + field(0x34, "", b"")
    return ADDED + BEGIN + inner * (depth - 1) + END * depth


# Answered with an IPP status: what is asked for is wrong, or nothing is.
STATUSES: dict[str, tuple[bytes, int]] = {
    "nothing odd": (message(), 0x0000),
    "version 1.0": (message(version=b"\x01\x00"), 0x0000),
    "version 1.9": (message(version=b"\x01\x09"), 0x0000),
    "version 2.9": (message(version=b"\x02\x09"), 0x0000),
    "version 3.0": (message(version=b"\x03\x00"), 0x0503),
    "version 0.0": (message(version=b"\x00\x00"), 0x0503),
    "version 127.127": (message(version=b"\x7f\x7f"), 0x0503),
    "request-id 0": (message(request_id=0), 0x0400),
    "request-id -1": (message(request_id=-1), 0x0400),
    "operation-id 0": (message(operation=0), 0x0501),
    "an operation-id that is not assigned": (message(operation=0x3FFF), 0x0501),
    "operation-id -1": (message(operation=0xFFFF), 0x0501),
    "no group": (message(header=b""), 0x0400),
    "an empty group": (message(header=b"\x01"), 0x0400),
    "charset second": (message(header=b"\x01" + LANGUAGE + CHARSET + URI), 0x0400),
    # Three servers answer 0x0400, two as RFC 8011 section 4.1.4.1 has it.
    "another charset": (message(header=HEADER.replace(b"\0\x05utf-8", b"\0\x0aiso-8859-1")), 0x040D),
    "charset in upper case": (message(header=HEADER.replace(b"utf-8", b"UTF-8")), 0x0000),
    "target not third": (
        message(header=b"\x01" + CHARSET + LANGUAGE + field(0x42, "requesting-user-name", "x") + URI),
        0,
    ),
    "no target": (message(header=b"\x01" + CHARSET + LANGUAGE), 0x0400),
    "target a keyword": (message(header=b"\x01" + CHARSET + LANGUAGE + b"\x44" + URI[1:]), 0x0400),
    "target with the scheme http": (message(header=HEADER.replace(b"ipp://localhost/", b"http://localhos/")), 0x0000),
    "an attribute twice": (
        message(field(0x42, "requesting-user-name", "a") + field(0x42, "requesting-user-name", "b")),
        0,
    ),
    "group 0x0b": (message(b"\x0b" + field(0x21, "x", b"\0\0\0\1")), 0x0000),
    "group 0x0f": (message(b"\x0f"), 0x0000),
    "an empty job group": (message(ADDED), 0x0000),
    "boolean 2": (message(ADDED + field(0x22, "x", b"\2")), 0x0000),
    "a dateTime of zeros": (message(ADDED + field(0x31, "x", bytes(11))), 0x0000),
    "resolution in unknown units": (message(ADDED + field(0x32, "x", b"\0\0\1\0\0\0\1\0\x09")), 0x0000),
    "a range that goes down": (message(ADDED + field(0x33, "page-ranges", b"\0\0\0\5\0\0\0\1")), 0x0000),
    "octets after a text with language": (message(ADDED + field(0x35, "x", b"\0\2en\0\1abc")), 0x0000),
    # The others take these, and cut them; cut, one user's name could become another's.
    "a name of 256 octets": (message(field(0x42, "requesting-user-name", "n" * 256)), 0x0409),
    "a name of 1024 octets": (message(field(0x42, "requesting-user-name", "n" * 1024)), 0x0409),
    "a name of 32767 octets": (message(field(0x42, "requesting-user-name", "n" * 32767)), 0x0409),
    "a name that is no UTF-8": (message(field(0x42, "requesting-user-name", b"\xff\xfe")), 0x0000),
    "a name with NUL": (message(field(0x42, "requesting-user-name", b"a\0b")), 0x0000),
    "a name with controls": (message(field(0x42, "requesting-user-name", b"a\x1b[31mb\n")), 0x0000),
    "a keyword in upper case": (message(field(0x44, "requested-attributes", "ALL")), 0x0000),
    "an empty keyword": (message(field(0x44, "requested-attributes", "")), 0x0000),
    "a keyword of 256 octets": (message(field(0x44, "requested-attributes", "k" * 256)), 0x0000),
    "an attribute's name in upper case": (message(ADDED + field(0x21, "Copies", b"\0\0\0\1")), 0x0000),
    "an attribute's name of 256 octets": (message(ADDED + field(0x21, "a" * 256, b"\0\0\0\1")), 0x0000),
    "an attribute's name with NUL": (message(ADDED + field(0x21, b"a\0b", b"\0\0\0\1")), 0x0000),
    "unsupported, as a value": (message(ADDED + field(0x10, "x", b"")), 0x0000),
    "no-value with octets": (message(ADDED + field(0x13, "x", b"abc")), 0x0000),
    "keyword and name": (message(ADDED + field(0x44, "media", b"a4") + field(0x42, "", b"a")), 0x0000),
    "integer and range": (
        message(ADDED + field(0x21, "x", b"\0\0\0\1") + field(0x33, "", b"\0\0\0\1\0\0\0\2")),
        0x0000,
    ),
    # The others answer HTTP 400; a 1setOf may mix its attribute's syntaxes (RFC 8011 section 5.1.18), and what is
    # ignored need not be judged.
    "integer and keyword": (message(ADDED + field(0x21, "x", b"\0\0\0\1") + field(0x44, "", b"a")), 0x0000),
    "the extension tag": (message(ADDED + field(0x7F, "x", b"\x40\0\0\1")), 0x0000),
    "the extension tag, short": (message(ADDED + field(0x7F, "x", b"\x40\0\0")), 0x0000),
    "tag 0x60": (message(ADDED + field(0x60, "x", "abc")), 0x0000),
    "tag 0xff": (message(ADDED + field(0xFF, "x", "abc")), 0x0000),
    "tag 0x20": (message(ADDED + field(0x20, "x", b"\0\0\0\1")), 0x0000),
    "tag 0x4b": (message(ADDED + field(0x4B, "x", "abc")), 0x0000),
    "an empty collection": (message(ADDED + BEGIN + END), 0x0000),
    "a member twice": (message(ADDED + BEGIN + (MEMBER + NUMBER) * 2 + END), 0x0000),
    "depth 8": (message(nested(8)), 0x0000),
    "data after a request that has none": (message() + b"hello", 0x0000),
    "two ends": (message() + b"\x03", 0x0000),
}

# Answered with an HTTP status: it is no IPP message, or holds values that no syntax has.
REFUSED: dict[str, tuple[bytes, int]] = {
    "a second group of operation attributes": (message(b"\x01" + field(0x42, "requesting-user-name", "a")), 400),
    "group 0x00": (message(b"\x00"), 400),
    "an integer of 3 octets": (message(ADDED + field(0x21, "copies", b"\0\0\1")), 400),
    "an integer of none": (message(ADDED + field(0x21, "copies", b"")), 400),
    "a boolean of 2 octets": (message(ADDED + field(0x22, "x", b"\0\1")), 400),
    "a dateTime of 8 octets": (message(ADDED + field(0x31, "x", bytes(8))), 400),
    "a resolution of 8 octets": (message(ADDED + field(0x32, "x", bytes(8))), 400),
    "a range of 4 octets": (message(ADDED + field(0x33, "x", bytes(4))), 400),
    "a text with language, short": (message(ADDED + field(0x35, "x", b"\0")), 400),
    "a text with language that is longer than its value": (
        message(ADDED + field(0x35, "x", b"\0\2en\xff\xffabc")),
        400,
    ),
    "an integer of 3 octets in a collection": (message(ADDED + BEGIN + MEMBER + field(0x21, "", b"\0\0\1") + END), 400),
    "a further value before any": (message(ADDED + NUMBER), 400),
    # The others read lengths as unsigned; they are SIGNED-SHORT (RFC 8010 section 3.6).
    "a name of 32768 octets": (message(ADDED + b"\x21\x80\0" + b"a" * 0x8000 + b"\0\4\0\0\0\1"), 400),
    "a value of 32768 octets": (message(ADDED + b"\x41\0\1a\x80\0" + b"a" * 0x8000), 400),
    "no-value among values": (message(ADDED + field(0x21, "x", b"\0\0\0\1") + field(0x13, "", b"")), 400),
    "octets where a collection begins": (message(ADDED + field(0x34, "c", b"zz") + END), 400),
    "octets where a collection ends": (message(ADDED + BEGIN + field(0x37, "", b"zz")), 400),
    "a name where a collection ends": (message(ADDED + BEGIN + field(0x37, "c", b"")), 400),
    "a collection without end": (message(ADDED + BEGIN + MEMBER + NUMBER), 400),
    # The others pass over it; RFC 8010 section 3.1.6 has it in a collection alone, and goipp refuses it too.
    "an end of no collection": (message(ADDED + END), 400),
    "a member of no collection": (message(ADDED + MEMBER + NUMBER), 400),
    # The others pass over it; a member has a value (RFC 8010 section 3.1.7).
    "a member without value": (message(ADDED + BEGIN + MEMBER + END), 400),
    "a value without member": (message(ADDED + BEGIN + NUMBER + END), 400),
    "a member without name": (message(ADDED + BEGIN + field(0x4A, "", b"") + NUMBER + END), 400),
    "an attribute in a collection": (message(ADDED + BEGIN + field(0x21, "a", b"\0\0\0\1") + END), 400),
    "a group in a collection": (message(ADDED + BEGIN + b"\x04" + END), 400),
    # Two of the others die of the last, by an overflow of the stack; three refuse from depth 10 on, as 400.
    "depth 9": (message(nested(9)), 413),
    "depth 11": (message(nested(11)), 413),
    "depth 1000": (message(nested(1000)), 413),
    "depth 20000": (message(nested(20000)), 413),
    "no end": (message(end=b""), 400),
    "an end within a value": (message(ADDED + b"\x21\0\x06copies\0\4\0", end=b""), 400),
    "seven octets": (b"\2\0\0\x0b\0\0\0", 400),
    "no octets": (b"", 400),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with printing(tmp_path_factory.mktemp("spool")) as made:
        yield made


def post(desk: Desk, octets: bytes, path: str = "/ipp/print", **headers: str) -> tuple[int, bytes]:
    """The HTTP status, and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", desk.server.port, timeout=SECONDS)
    try:
        lines = {"Content-Type": "application/ipp", **{name.replace("_", "-"): each for name, each in headers.items()}}
        connection.request("POST", path, octets, lines)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("octets", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_answered_with_an_ipp_status(desk: Desk, octets: bytes, status: int) -> None:
    http_status, body = post(desk, octets)
    assert http_status == 200
    answer = decode(body)
    assert answer.code == status
    assert answer.request_id == struct.unpack(">i", octets[4:8])[0]
    names = [each.name for each in answer.groups[0]]
    assert names[:2] == ["attributes-charset", "attributes-natural-language"]
    assert ("status-message" in names) == (status != 0)


@pytest.mark.parametrize(("octets", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_answered_with_an_http_status(desk: Desk, octets: bytes, status: int) -> None:
    assert post(desk, octets)[0] == status


def test_the_printer_still_works(desk: Desk) -> None:
    """After all of that."""
    assert decode(post(desk, message())[1]).printer["printer-name"].value == "ippfast"


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("[fe80::1%lo]:631", "[v1.fe80::1+lo]:631"),  # CUPS 2.4
        ("[fe80::1%25lo]:631", "[fe80::1%25lo]:631"),
        ("[v1.fe80::1+lo]:631", "[v1.fe80::1+lo]:631"),  # libcups 3
        ("[::1]", "[::1]"),
        ("printer.example", "printer.example"),
    ],
)
def test_the_host_of_a_link_comes_back_in_uris(desk: Desk, host: str, told: str) -> None:
    with Server(desk.printer, port=0, hosts=Hosts(["printer.example"])) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
        connection.request("POST", "/ipp/print", message(), {"Content-Type": "application/ipp", "Host": host})
        answer = decode(connection.getresponse().read())
        connection.close()
    assert answer.printer["printer-uri-supported"].values == (f"ipp://{told}/ipp/print",)
    assert answer.printer["printer-more-info"].value == f"http://{told}/ipp/print"


def test_versions() -> None:
    """The others answer in whatever version they were asked; RFC 8011 section 4.1.8 has the closest supported one."""


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ((1, 0), (1, 0)),
        ((1, 1), (1, 1)),
        ((2, 2), (2, 2)),
        ((1, 9), (1, 1)),
        ((2, 9), (2, 2)),
        ((3, 0), (2, 2)),
        ((0, 0), (1, 0)),
    ],
)
def test_the_version_of_the_answer(desk: Desk, asked: tuple[int, int], answered: tuple[int, int]) -> None:
    assert decode(post(desk, message(version=bytes(asked)))[1]).version == answered


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/nope", {}, 200),  # the printer-uri names the printer
        ("/ipp/print", {"Content_Type": "text/plain"}, 415),  # four of the others: 400
        ("/ipp/print", {"Content_Type": "application/ipp; charset=utf-8"}, 200),  # four of the others: 400
        ("/ipp/print", {"Host": "evil.example"}, 400),
        ("/ipp/print", {"Expect": "bogus"}, 200),
    ],
)
def test_heads(desk: Desk, path: str, headers: dict[str, str], status: int) -> None:
    assert post(desk, message(), path, **headers)[0] == status


def test_files_stay_where_they_are(tmp_path: Path) -> None:
    """Print-URI is not there unless somebody opens that door."""
    with printing(tmp_path) as desk:
        for uri in ("file:///etc/passwd", "http://169.254.169.254/", "http://[::1]:631/", "gopher://h/"):
            refused = decode(post(desk, message(field(0x45, "document-uri", uri), operation=3))[1])
            assert refused.code == 0x0501
