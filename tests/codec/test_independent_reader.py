"""tshark reads what ippfast encodes, and finds in it what ippfast says is there.

The rule of this file: the other reader decides where each token begins and ends and which syntax it has, and
every group, name and value is compared with it. The messages are encoded from their attributes, not copied
from the wire. It needs tshark (Debian's package of that name): without it these tests fail.
"""

import re
import struct
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from vectors import Vector, hand_made, recorded

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    Message,
    OutOfBand,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
    decode,
    encode,
)

# -- What is encoded ---------------------------------------------------------------------------------------

EVERY_SYNTAX: dict[int, list[Any]] = {
    **{tag.value: [tag] for tag in OutOfBand},
    0x21: [0, 1, -1, 2**31 - 1, -(2**31)],
    0x22: [True, False],
    0x23: [3, 0x40000000],
    0x30: [b"", b"\x00\xff octets"],
    0x31: [DateTime(2026, 11, 22, 13, 5, 9, 7, "+", 1, 30), DateTime(1999, 1, 2, 3, 4, 59, 0, "-", 11, 0)],
    0x32: [Resolution(600, 1200, 3), Resolution(236, 236, 4)],
    0x33: [RangeOfInteger(1, 99), RangeOfInteger(-5, 5)],
    0x35: [StringWithLanguage("fou", "fr-ca"), StringWithLanguage("", "de")],
    0x36: [StringWithLanguage("isch guet", "de-CH"), StringWithLanguage("日本", "ja")],
    0x41: ["Drucker im Büro", ""],
    0x42: ["日本語"],
    0x44: ["two-sided-long-edge"],
    0x45: ["ipp://localhost/ipp/print"],
    0x46: ["ipps"],
    0x47: ["utf-8"],
    0x48: ["en-us"],
    0x49: ["application/pdf; version=1.7"],
}


def own_message() -> Message:
    """Every syntax with several values, apart and in one set, in a group and as members."""
    attributes = [Attribute(f"tag-{tag:02x}", tag, values) for tag, values in EVERY_SYNTAX.items()]
    pairs = [(tag, value) for tag, values in EVERY_SYNTAX.items() for value in values]
    mixed = Attribute("mixed", [tag for tag, _ in pairs], [value for _, value in pairs])
    inner = Collection([*attributes, mixed])
    outer = Collection([Attribute("inner", 0x34, [inner, inner]), Attribute("after", 0x21, 1)])
    return Message(
        (2, 0),
        0x000B,
        42,
        [
            AttributeGroup(0x01, attributes[-5:]),
            AttributeGroup(0x02, []),
            AttributeGroup(0x02, [*attributes, mixed]),
            AttributeGroup(0x04, [Attribute("outer", 0x34, [outer]), Attribute("last", 0x44, ["a", "b"])]),
        ],
    )


def well_formed() -> Iterator[Vector]:
    """The recorded messages, the RFC's, and the odd ones whose oddity is one of structure."""
    yield from recorded()
    structural = re.compile(r"rfc8010/|odd/(collection|groups|set|wide|duplicates|value-tags-[1-4]0)")
    # tshark 4.0 looks for the language of a value where the value ends: beyond the end of this message.
    beyond_tshark = "rfc8010/a9-get-jobs-response.ipp"
    for vector in hand_made():
        if structural.match(vector.name) and not vector.raw_values and vector.name != beyond_tshark:
            yield vector


@cache
def messages() -> dict[str, Message]:
    return {"own": own_message(), **{vector.name: decode(vector.octets) for vector in well_formed()}}


def encoded_anew(message: Message) -> bytes:
    """Encoded from attributes that were never on the wire."""
    groups = [AttributeGroup(group.tag, [anew(attribute) for attribute in group]) for group in message.groups]
    return encode(Message(message.version, message.code, message.request_id, groups))


def anew(attribute: Attribute) -> Attribute:
    values = [
        Collection([anew(inner) for inner in value]) if isinstance(value, Collection) else value
        for value in attribute.values
    ]
    return Attribute(attribute.name, attribute.tags, values)


# -- What tshark reads -------------------------------------------------------------------------------------


def packet(port: int, octets: bytes, is_request: bool) -> bytes:
    """One HTTP message in a TCP segment of its own connection, as a record of a capture of raw IP."""
    first = b"POST / HTTP/1.1\r\nHost: localhost" if is_request else b"HTTP/1.1 200 OK"
    head = b"%b\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\n\r\n" % (first, len(octets))
    ports = (port, 631) if is_request else (631, port)
    tcp = struct.pack(">HHIIBBHHH", *ports, 1, 1, 5 << 4, 0x18, 0x2000, 0, 0) + head + octets
    address = bytes([127, 0, 0, 1])
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, address, address) + tcp
    return struct.pack("<IIII", 0, 0, len(ip), len(ip)) + ip


def read_with_tshark(capture: Path, bodies: Iterable[tuple[bytes, bool]]) -> list[ElementTree.Element]:
    """tshark's tree of each packet, a message in each; a body is that of a request, or of a response."""
    raw_ip = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 101)
    packets = (packet(1024 + i, body, is_request) for i, (body, is_request) in enumerate(bodies))
    capture.write_bytes(raw_ip + b"".join(packets))
    command = ["tshark", "-r", str(capture), "-d", "tcp.port==631,http", "-T", "pdml"]
    text = subprocess.run(command, capture_output=True, check=True).stdout
    root = ElementTree.fromstring(text)
    assert root.find(".//proto[@name='_ws.malformed']") is None
    return list(root.iter("packet"))


def octets_of(field: ElementTree.Element) -> bytes:
    return bytes.fromhex(field.get("value", ""))


LABELS = {
    0x21: "integer",
    0x22: "boolean",
    0x23: "enum",
    0x30: "octetString",
    0x31: "dateTime",
    0x32: "resolution",
    0x33: "rangeOfInteger",
    0x35: "textWithLanguage",
    0x36: "nameWithLanguage",
    0x41: "textWithoutLanguage",
    0x42: "nameWithoutLanguage",
    0x44: "keyword",
    0x45: "uri",
    0x46: "uriScheme",
    0x47: "charset",
    0x48: "naturalLanguage",
    0x49: "mimeMediaType",
}
"""What tshark calls the value tags that it knows; others are compared by their octets alone."""


def as_tshark_reads(fields: Iterable[ElementTree.Element]) -> list[object]:
    """The names and values of an attribute or a collection: a name, then (label, meaning) or a list, ..."""
    found: list[object] = []
    for field in fields:
        label, _, meaning = field.get("showname", "").partition(" value: ")
        match field.get("name"):
            case "ipp.name" | "ipp.memberattrname":
                found.append(field.get("show"))
            case "ipp.outofband_value":
                found.append(("out-of-band", int(field.get("show", ""), 16)))
            case "ipp.enum_value":
                found.append(("enum", int(field.get("show", ""))))
            case "ipp.integer_value" | "ipp.boolean_value" if label in LABELS.values():
                found.append((label, int(field.get("show", ""))))
            case "ipp.datetime_value" | "ipp.resolution_value" | "ipp.rangeofinteger_value":
                found.append((label, meaning))
            case "":
                found.append(as_tshark_reads(field))
            case _:
                found.append((label if label in LABELS.values() else "unknown", octets_of(field)))
    return found


def group_as_tshark_reads(group: ElementTree.Element) -> list[object]:
    """The same for all attributes of a group."""
    found: list[object] = []
    for attribute in group:
        if attribute.find("field[@name='ipp.name']") is None:
            # The name of an out-of-band value stands only in the line above it: "sides (no-value)".
            found.append(attribute.get("show", "").rpartition(" (")[0])
        found += as_tshark_reads(attribute)
    return found


def as_tshark_would_say(attributes: Iterable[Attribute]) -> list[object]:
    """The same for what ippfast says is there, in tshark's words."""
    said: list[object] = []
    for attribute in attributes:
        said.append(attribute.name)
        said += [say(int(tag), value) for tag, value in zip(attribute.tags, attribute.values, strict=True)]
    return said


def say(tag: int, value: object) -> object:
    if 0x10 <= tag <= 0x1F:
        return ("out-of-band", tag)
    label = LABELS.get(tag, "unknown")
    match value:
        case Collection():
            return as_tshark_would_say(value)
        case DateTime():
            moment = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{}{}{:02}{:02}".format(*value)
            return (label, moment)
        case Resolution():
            units = {3: "dpi", 4: "dpcm"}[value.units]
            return (label, f"{value.cross_feed}x{value.feed}{units}")
        case RangeOfInteger():
            return (label, f"{value.lower}-{value.upper}")
        case StringWithLanguage():
            parts = (value.language.encode(), value.string.encode())
            return (label, b"".join(struct.pack(">H", len(part)) + part for part in parts))
        case str():
            return (label, value.encode())
        case _:
            return (label, value)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ElementTree.Element]:
    """What tshark makes of every message, by name."""
    chosen = messages()
    bodies = [(encoded_anew(message), not is_response(name)) for name, message in chosen.items()]
    trees = read_with_tshark(tmp_path_factory.mktemp("capture") / "messages.pcap", bodies)
    return dict(zip(chosen, trees, strict=True))


def is_response(name: str) -> bool:
    return "-response" in name


@pytest.mark.parametrize("name", messages())
def test_tshark_reads_what_is_encoded(name: str, read: dict[str, ElementTree.Element]) -> None:
    message, tree = messages()[name], read[name].find("proto[@name='ipp']")
    assert tree is not None
    by_name = {field.get("name"): field for field in tree.findall("field")}
    code = "ipp.status_code" if is_response(name) else "ipp.operation_id"
    assert octets_of(by_name["ipp.version"]) == bytes(message.version)
    assert int(by_name[code].get("show", ""), 16) == message.code
    assert int(by_name["ipp.request_id"].get("show", "")) == message.request_id
    *groups, end = [field for field in tree.findall("field") if not field.get("name")]
    assert octets_of(end) == b"\x03"
    assert [octets_of(group)[0] for group in groups] == [int(group.tag) for group in message.groups]
    for group, fields in zip(message.groups, groups, strict=True):
        assert group_as_tshark_reads(fields) == as_tshark_would_say(group)


def test_what_tshark_read_is_what_was_decoded() -> None:
    # So the test above is one of the decoder as well.
    for vector in well_formed():
        assert encoded_anew(messages()[vector.name]) == vector.octets[: vector.offset]


def test_every_syntax_is_among_them() -> None:
    tags = {int(tag) for group in own_message().groups for attribute in group for tag in attribute.tags}
    assert tags == {*LABELS, 0x34, *(tag.value for tag in OutOfBand)}
