"""ippfast scrub: only what is known to be harmless stays, and nothing changes its place.

The rule of this file: every vector keeps its length and its framing, and what is masked is looked for in the result.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import vectors
from command_line import make, one_group, run
from hypothesis import given
from hypothesis import strategies as st
from vectors import Vector, parametrize

from ippfast import Attribute, AttributeGroup, Collection, DelimiterTag, Message, ValueTag, decode_prefix, encode, walk
from ippfast.cli import harmless
from ippfast.cli.scrubbing import scrubbed
from ippfast.values import RawValue, StringWithLanguage

X = ValueTag
UUID = "4509a320-00a0-008f-00b6-002507510eca"


def shape(octets: bytes) -> list[object]:
    """Everything but the octets of strings: names, tags, lengths, and all other values."""
    message, _ = decode_prefix(octets)
    found: list[object] = [message.version, message.code, message.request_id, [group.tag for group in message.groups]]
    for attribute, value in walk(message):
        if isinstance(value, str):
            value = len(value.encode("utf-8", "surrogateescape"))
        elif isinstance(value, (bytes, StringWithLanguage, Collection, RawValue)):
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
            ["192.168.17.230", "x="],
            ["http://", "/web?"],
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
        (
            Attribute("printer-state-message", X.TEXT, "printing at 00:1B:A9:3F:22:0c now"),
            ["00:1B:A9:3F:22:0c"],
            ["printing at ", " now"],
        ),
        (
            Attribute("job-state-message", X.TEXT, "from anna.b@firma.example, pc-anna.firma.example"),
            ["anna", "firma"],
            ["from ", "@"],
        ),
        (
            Attribute("status-message", X.TEXT, "No such printer at ipp://anna:secret@x/print"),
            ["anna", "secret"],
            ["No such pr"],
        ),
        (
            Attribute("printer-supply", X.OCTET_STRING, b"type=toner;serialnumber=AB12345;level=3;maxcapacity=12345"),
            ["AB12345"],
            ["type=toner;", ";level=3;maxcapacity=12345"],
        ),
        (Attribute("printer-supply", X.OCTET_STRING, b"name=Anna;serialnumber=777"), ["Anna", "777"], ["name="]),
        (
            Attribute("printer-alert", X.OCTET_STRING, b"code=coverOpen;group=inputTray2"),
            [],
            ["coverOpen", "inputTray2"],
        ),
        (Attribute("x-vendor-text", X.TEXT, "printer idle"), ["printer", "idle"], []),
        (Attribute("x-vendor-octets", X.OCTET_STRING, b"\x00anna\xff"), ["anna"], []),
        (Attribute("x-vendor-mode", X.KEYWORD, "anna-draft-3"), ["anna"], ["-draft-3"]),
        (Attribute("requesting-user-name", X.KEYWORD, "draft"), ["draft"], []),
        (Attribute("copies", X.INTEGER, RawValue(b"Anna Bauer")), ["Anna", "Bauer"], []),
        (Attribute("x-vendor", 0x38, b"Anna Bauer"), ["Anna", "Bauer"], []),
        (Attribute("copies", X.NO_VALUE, RawValue(b"Anna Bauer")), ["Anna", "Bauer"], []),
        (Attribute("printer-info", X.TEXT_WITH_LANGUAGE, RawValue(b"\x7fAnna Bauer")), ["Anna", "Bauer"], []),
        (Attribute("printer-info", X.TEXT_WITH_LANGUAGE, StringWithLanguage("x", "annabauer")), ["anna"], []),
        (Attribute("charset-supported", X.CHARSET, ["utf-8", "annabauer"]), ["anna"], ["utf-8"]),
        (Attribute("reference-uri-schemes-supported", X.URI_SCHEME, ["ftp", "anna"]), ["anna"], ["ftp"]),
        (
            Attribute("document-format", X.MIME_MEDIA_TYPE, "application/vnd.hp-PCLXL;name=anna"),
            ["anna"],
            ["application/vnd.hp-PCLXL;"],
        ),
        (
            Attribute("device-uri", X.URI, "smb://G;anna:secret/1@srv.firma.com/lj"),
            ["anna", "secret", "firma"],
            ["smb://", "@"],
        ),
        (Attribute("requesting-user-uri", X.URI, "urn:example:anna"), ["anna"], ["urn:"]),
        (Attribute("job-uri", X.URI, "ipp://pc-anna/jobs/17"), ["anna"], ["/jobs/17"]),
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
        (Attribute("media-supported", X.KEYWORD, "custom_min_76.2x127mm"), [], ["custom_min_76.2x127mm"]),
        (Attribute("media-supported", X.NAME, "Anna A4"), ["Anna"], ["A4"]),
        (
            Attribute("urf-supported", X.KEYWORD, ["MT1-2-8-9", "RS300-600", "V1.4"]),
            [],
            ["MT1-2-8-9", "RS300-600", "V1.4"],
        ),
        (Attribute("ipp-versions-supported", X.KEYWORD, ["1.1", "2.0"]), [], ["1.1", "2.0"]),
        (Attribute("marker-names", X.NAME, "Black Cartridge SN CART-123SER"), ["123SER"], ["Black Cartridge"]),
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
        Attribute("printer-state-message", X.TEXT, f"see {UUID}, Lobby-Printer"),
        Attribute("printer-make-and-model", X.TEXT, "Brother Lobby"),
        Attribute("printer-info", X.TEXT, "Brother"),
        Attribute("job-name", X.NAME, "stationery for Anna"),
        Attribute("job-state-message", X.TEXT, "for stationery, Anna"),
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
    assert texts["printer-state-message"] == f"see {uuid}, {name}"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)
    assert (texts["printer-make-and-model"], texts["printer-info"]) == ("Brother Lobby", "Brother")
    first_word, other_word, who = texts["job-name"].split()
    assert texts["job-state-message"] == f"for {first_word}, {who}"
    assert other_word != "for"
    assert texts["media-type"] == "stationery"


def test_a_name_is_masked_whatever_the_model_is_called() -> None:
    """A model's words stay if they stand whole, and nobody is called so."""
    octets = printer(
        Attribute("printer-make-and-model", X.TEXT, "Epson XLexmark Meier"),
        Attribute("printer-info", X.TEXT, "epson son lex"),
        Attribute("job-originating-user-name", X.NAME, ["son", "lex", "Meier"]),
    )
    texts = {each.name: [str(value) for value in each.values] for each in decode_prefix(scrubbed(octets))[0].printer}
    assert texts["printer-make-and-model"][0].startswith("Epson XLexmark ")
    assert "Meier" not in str(texts)
    epson, *others = texts["printer-info"][0].split()
    assert epson == "epson"
    assert others == texts["job-originating-user-name"][:2] != ["son", "lex"]


MARK = "zqvmarkwx"
PLANTED: dict[int, Any] = {
    X.URI: f"ipp://{MARK}:{MARK}@{MARK}.example/{MARK}?{MARK}#{MARK}",
    X.MIME_MEDIA_TYPE: f"application/{MARK};{MARK}={MARK}",
    X.KEYWORD: f"{MARK}-{MARK}_a4.{MARK}",
    X.OCTET_STRING: f"name={MARK};{MARK}={MARK};{MARK}".encode(),
    X.TEXT_WITH_LANGUAGE: StringWithLanguage(f"Printing for {MARK}", MARK),
    X.NAME_WITH_LANGUAGE: StringWithLanguage(f"Printing {MARK}", MARK),
}


def planted(attribute: Attribute, text: str) -> Attribute:
    """The attribute with a mark in each string: alone, behind what was there, and as the syntax may have it."""
    tags: list[int] = []
    values: list[Any] = []
    for tag, value in zip(attribute.tags, attribute.values, strict=True):
        made: list[Any] = []
        if isinstance(value, Collection):
            made = [Collection([planted(each, text) for each in value])]
        elif isinstance(value, (str, StringWithLanguage)):
            made = [f"{value} {text}"[-9999:], text, PLANTED.get(tag, text)]
            if isinstance(value, StringWithLanguage):
                made[:2] = [
                    StringWithLanguage(f"{value.string} {text}", value.language),
                    StringWithLanguage(text, "en"),
                ]
        elif isinstance(value, (bytes, RawValue)):
            octets = value if isinstance(value, bytes) else value.data
            made = [octets + b" " + text.encode(), text.encode(), PLANTED.get(tag, text.encode())]
            if tag != X.OCTET_STRING:
                made = [RawValue(text.encode() * 2)] if isinstance(value, RawValue) else made[:1]
        else:
            made = [value]
        values += made
        tags += [tag] * len(made)
    return Attribute(attribute.name, tags, values)


MARKS = [MARK, "+4917355512345", "4509a32000a0", "10.20.30.40", f"{MARK}.local"]


@parametrize(vectors.accepted())
def test_nothing_planted_is_found(vector: Vector) -> None:
    """A mark in every string of a message, but in what the maker calls the model."""
    message, _ = decode_prefix(vector.octets)
    for text in MARKS:
        groups = [
            AttributeGroup(group.tag, [each if each.name in harmless.MODEL else planted(each, text) for each in group])
            for group in message.groups
        ]
        octets = encode(Message(message.version, message.code, message.request_id, groups))
        masked = scrubbed(octets)
        assert shape(masked) == shape(octets)
        for mark in (text, MARK):
            assert mark.encode() not in masked.lower()


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


PIECES = ["a", "a.", "1.", "f:", "; ", "a@", "SN:", "SN:1;", "a=b;", "a=", "geo:1,", "a://", "a://b@", "/a", "%25"]
PIECES += ["tray-1_", "1x1in_", "A4", "aB", "iso-32000-1_", "RS1-", "00:", "toner "]


@pytest.mark.parametrize("piece", PIECES)
def test_no_value_takes_for_ever(piece: str) -> None:
    """Whoever sends the longest value that there is gets it masked; a search that went back and back would not end."""
    text = (piece * 32767)[:32767]
    octets = printer(
        Attribute("printer-supply", X.OCTET_STRING, text.encode()),
        Attribute("job-name", X.NAME, text),
        Attribute("printer-make-and-model", X.TEXT, text),
        Attribute("printer-state-message", X.TEXT, text),
        Attribute("media", X.KEYWORD, text),
        Attribute("printer-more-info", X.URI, text),
        Attribute("printer-icons", X.URI, f"http:{text[5:]}"),
    )
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
