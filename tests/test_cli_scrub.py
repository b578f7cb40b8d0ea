"""ippfast scrub: what tells who or where it is goes, and nothing else changes.

The rule of this file: every vector keeps its length and its framing, and what is masked is looked for in the result.
"""

import re
from pathlib import Path

import pytest
import vectors
from command_line import make, one_group, run
from hypothesis import given
from hypothesis import strategies as st
from vectors import Vector, parametrize

from ippfast import Attribute, AttributeGroup, Collection, DelimiterTag, ValueTag, decode_prefix, walk
from ippfast.cli.scrubbing import scrubbed
from ippfast.values import StringWithLanguage

X = ValueTag
UUID = "4509a320-00a0-008f-00b6-002507510eca"


def shape(octets: bytes) -> list[object]:
    """Everything but the octets of strings: names, tags, lengths, and all other values."""
    message, _ = decode_prefix(octets)
    found: list[object] = [message.version, message.code, message.request_id, [group.tag for group in message.groups]]
    for attribute, value in walk(message):
        if isinstance(value, str):
            value = len(value.encode("utf-8", "surrogateescape"))
        elif isinstance(value, (bytes, StringWithLanguage, Collection)):
            value = type(value).__name__
        found.append((attribute.name, attribute.tags, value))
    return found


@parametrize(vectors.accepted())
def test_nothing_else_changes(vector: Vector) -> None:
    masked = scrubbed(vector.octets)
    assert len(masked) == len(vector.octets)
    assert shape(masked) == shape(vector.octets)
    assert not any(masked[vector.offset :])


def printer(*attributes: Attribute) -> bytes:
    return one_group(*attributes)


@pytest.mark.parametrize(
    ("attribute", "secrets", "kept"),
    [
        (Attribute("printer-name", X.NAME, "Office_3rd_floor"), ["Office", "floor"], ["_"]),
        (Attribute("printer-location", X.TEXT, "Büro Müller"), ["Büro", "Müller"], []),
        (Attribute("printer-info", X.TEXT_WITH_LANGUAGE, StringWithLanguage("Annas Drucker", "de")), ["Annas"], ["de"]),
        (Attribute("printer-uuid", X.URI, f"urn:uuid:{UUID}"), [UUID], ["urn:uuid:"]),
        (
            Attribute("printer-more-info", X.URI, "http://192.168.17.230/web?x=1"),
            ["192.168.17.230"],
            ["http://", "/web?x=1"],
        ),
        (Attribute("printer-more-info", X.URI, "http://[fe80::1234:5678]/web"), ["1234"], ["http://[", "]/web"]),
        (
            Attribute("printer-uri-supported", X.URI, "ipps://HP3024A9.local:631/ipp/print"),
            ["HP3024A9"],
            [".local:631/ipp/print"],
        ),
        (
            Attribute("printer-device-id", X.TEXT, "MFG:HP;MDL:ENVY;SN:TH6BR41F;CMD:PCL;"),
            ["TH6BR41F"],
            ["MFG:HP;MDL:ENVY;SN:", ";CMD:PCL;"],
        ),
        (Attribute("printer-geo-location", X.URI, "geo:52.51627,13.37770"), ["52.51627"], ["geo:", "."]),
        (Attribute("x-vendor-mac", X.TEXT, "at 00:1B:A9:3F:22:0c now"), ["00:1B:A9:3F:22:0c"], ["at ", " now"]),
        (Attribute("x-vendor-contact", X.TEXT, "call anna.b@firma.example"), ["anna.b", "firma"], ["call ", "@"]),
        (
            Attribute("x-vendor-octets", X.OCTET_STRING, b"type=x;serialnumber=AB12345;level=3"),
            ["AB12345"],
            ["type=x;serialnumber=", ";level=3"],
        ),
        (
            Attribute(
                "printer-contact-col", X.BEG_COLLECTION, Collection([Attribute("contact-name", X.NAME, "Anna Bauer")])
            ),
            ["Anna", "Bauer"],
            ["contact-name"],
        ),
        (Attribute("printer-make-and-model", X.TEXT, "HP ENVY 4500"), [], ["HP ENVY 4500"]),
        (
            Attribute("printer-uri-supported", X.URI, "ipp://localhost:631/ipp/print"),
            [],
            ["ipp://localhost:631/ipp/print"],
        ),
        (Attribute("media-supported", X.KEYWORD, "iso_a4_210x297mm"), [], ["iso_a4_210x297mm"]),
        (Attribute("printer-firmware-string-version", X.TEXT, "1.2.3.4567"), [], ["1.2.3.4567"]),
    ],
)
def test_what_goes_and_what_stays(attribute: Attribute, secrets: list[str], kept: list[str]) -> None:
    masked = scrubbed(printer(attribute)).decode("utf-8", "replace")
    for secret in secrets:
        assert secret.lower() not in masked.lower()
    for part in kept:
        assert part in masked


def test_the_same_stays_the_same() -> None:
    octets = printer(
        Attribute("printer-name", X.NAME, "Lobby-Printer"),
        Attribute("printer-uri-supported", X.URI, ["ipp://lobby.firma.example/printers/Lobby-Printer"]),
        Attribute("printer-more-info", X.URI, "http://lobby.firma.example/"),
        Attribute("printer-uuid", X.URI, f"urn:uuid:{UUID}"),
        Attribute("device-uuid", X.URI, f"urn:uuid:{UUID}"),
        Attribute("x-note", X.TEXT, f"see {UUID}, Lobby-Printer"),
        Attribute("printer-make-and-model", X.TEXT, "Brother Lobby"),
        Attribute("printer-info", X.TEXT, "Brother"),
        Attribute("job-name", X.NAME, "stationery for Anna"),
        Attribute("x-text", X.TEXT, "for stationery, Anna"),
        Attribute("media-type", X.KEYWORD, "stationery"),
    )
    first, second = scrubbed(octets), scrubbed(octets)
    assert first != second  # by a key that nobody has
    group = decode_prefix(first)[0].printer
    texts = {each.name: str(each.values[0]) for each in group}
    name, uuid = texts["printer-name"], texts["printer-uuid"][9:]
    uri, info = texts["printer-uri-supported"], texts["printer-more-info"]
    assert uri.endswith(f"/printers/{name}")
    assert uri.split("/")[2] == info.split("/")[2]
    assert texts["device-uuid"] == f"urn:uuid:{uuid}"
    assert texts["x-note"] == f"see {uuid}, {name}"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)
    assert (texts["printer-make-and-model"], texts["printer-info"]) == ("Brother Lobby", "Brother")
    first_word, other_word, who = texts["job-name"].split()
    assert texts["x-text"] == f"for {first_word}, {who}"
    assert other_word != "for"
    assert texts["media-type"] == "stationery"


@given(st.tuples(*[st.integers(0, 255)] * 4))
def test_addresses_stay_addresses(parts: tuple[int, ...]) -> None:
    address = ".".join(map(str, parts))
    if address == "127.0.0.1":
        return
    masked = str(decode_prefix(scrubbed(printer(Attribute("x", X.URI, f"ipp://{address}/"))))[0].printer["x"].value)
    found = masked.removeprefix("ipp://").removesuffix("/")
    assert len(found) == len(address)
    assert all(0 <= int(part) <= 255 and part == str(int(part)) for part in found.split("."))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_name_is_still_text(name: str) -> None:
    masked = str(decode_prefix(scrubbed(printer(Attribute("job-name", X.NAME, name))))[0].printer["job-name"].value)
    assert len(masked.encode()) == len(name.encode())


@pytest.mark.parametrize("piece", ["a", "a.", "1.", "f:", "; ", "a@", "SN:", "geo:1,", "a://", "%25"])
def test_no_value_takes_for_ever(piece: str) -> None:
    """Whoever sends the longest value that there is gets it masked; a search that went back and back would not end."""
    text = (piece * 32767)[:32767]
    octets = printer(Attribute("x-octets", X.OCTET_STRING, text.encode()), Attribute("job-name", X.NAME, text))
    assert len(scrubbed(octets)) == len(octets)


def test_the_command(tmp_path: Path) -> None:
    path, masked = tmp_path / "a.ipp", tmp_path / "b.ipp"
    path.write_bytes(
        make(0, AttributeGroup(DelimiterTag.PRINTER, [Attribute("printer-name", X.NAME, "Anna")])) + b"%PDF"
    )
    assert run("scrub", str(path), "-o", str(masked)).exit_code == 0
    assert masked.stat().st_size == path.stat().st_size
    assert masked.read_bytes().endswith(b"\x03\0\0\0\0")
    assert b"Anna" not in run("scrub", "-", octets=path.read_bytes()).stdout_bytes
    result = run("scrub", "-", octets=b"\x02")
    assert (result.exit_code, result.stdout_bytes) == (1, b"")
    assert result.stderr.startswith("Error: <stdin>: offset 0x0: ")
    http = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\x02\x00\x00\x00\x00\x00\x00\x01\x03"
    assert "has HTTP around it" in run("scrub", "-", octets=http).stderr
