"""ippfast printers against whoever is on the network: one bad answer costs one printer, and time is kept.

The rule of this file: a responder of the tests' own, on loopback, says what no library would.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from command_line import run
from mdns_responder import Record, pointer, responding, service, text

from ippfast.cli.browsing import judge
from ippfast.http.uri import parse_uri

IPP = (b"_ipp", b"_tcp", b"local")
GOOD = b"Good"
OURS = b"of this test: \xff"  # others may be announced on loopback, too


def printer(
    *label: bytes, port: int = 631, host: tuple[bytes, ...] = (b"good", b"local"), **fields: bytes
) -> list[Record]:
    """The records of one printer."""
    name = (*label, *IPP)
    return [
        pointer(b"_ipp", *name),
        service(name, port, *host),
        text(name, **({"rp": b"ipp/print", "note": OURS} | fields)),
    ]


def look(*records: Record, apart: Sequence[Record] = (), seconds: str = "1") -> tuple[list[dict[str, Any]], str]:
    """What is listed, and what is said of the rest."""
    with responding(apart, [*records, ((b"good", b"local"), 1, b"\x7f\0\0\1")]):
        result = run("printers", "--interface", "127.0.0.1", "--seconds", seconds, "--json")
    assert result.exit_code == 0, result.output
    assert "\r" not in result.stdout
    ours = OURS.decode(errors="replace")
    return [each for each in json.loads(result.stdout)["printers"] if each["printer-location"] == ours], result.stderr


def names_of(found: list[dict[str, Any]]) -> list[str]:
    return [each["printer-name"] for each in found]


BAD: dict[str, list[Record]] = {
    "a tab in the name": printer(b"Tab\there"),
    "a new line in the name": printer(b"New\r\nline"),
    "no name": [pointer(b"_ipp", *IPP)],
    "another type": [pointer(b"_ipp", b"Web", b"_http", b"_tcp", b"local")],
    "no type": [pointer(b"_ipp", b"host", b"local")],
    "another domain": [pointer(b"_ipp", b"Other", b"_ipp", b"_tcp", b"example")],
    "the root": [pointer(b"_ipp")],
    "labels of 63 octets": [pointer(b"_ipp", b"a" * 63, b"b" * 63, b"c" * 63, *IPP)],
    "labels of 63 octets alone": [pointer(b"_ipp", b"a" * 63, b"b" * 63, b"c" * 61)],
    "no UTF-8": printer(b"\xff\xfe\xfd", host=(b"\xff", b"local")),
    "a path as the host": printer(b"Path", host=(b"evil.com/x",)),
    "a user in the host": printer(b"User", host=(b"good@evil",)),
    "a port in the host": printer(b"Port", host=(b"good:80", b"local")),
    "a host with a space": printer(b"Space", host=(b"go od", b"local")),
    "an address as the host": printer(b"Address", host=(b"192", b"0", b"2", b"1")),
    "the root as the host": printer(b"Root", host=()),
    "a host with a line end": printer(b"Line", host=(b"good\r\nX: y", b"local")),
    "port 0": printer(b"Not here", port=0),
}


def test_one_bad_name_costs_one_printer() -> None:
    for what, records in BAD.items():
        found, _ = look(*records, *printer(GOOD), seconds="0.4")
        assert names_of(found) == ["Good"], what
    found, said = look(*[record for records in BAD.values() for record in records], *printer(GOOD))
    assert names_of(found) == ["Good"]
    assert said.count("Note: left out: ") == 11  # ten, and how many more
    assert "\t" not in said
    assert "Not here" not in said  # which is how Bonjour says that a name is taken


def test_names_that_are_good() -> None:
    for label in ("a" * 63, "ü" * 31, "Printer, 2nd floor (west) / 'x'", "東京", "../x"):
        found, said = look(*printer(label.encode()), seconds="0.4")
        assert names_of(found) == [label], said


def test_a_path_never_leads_elsewhere() -> None:
    paths = {
        b"ipp/print": "/ipp/print",
        b"": "/",
        b"/ipp/print": "/ipp/print",
        b"//evil.com/x": "/evil.com/x",
        b"@evil.com/": "/@evil.com/",
        b"a b\r\nHost: evil.com": "/a%20b%0D%0AHost:%20evil.com",
        b"\xff\x00": "/%FF%00",
        b"a#b": "/a%23b",
        b"a?b=c": "/a?b=c",
        b"100%": "/100%25",
        b"a%20b": "/a%20b",
        b"a\\b": "/a%5Cb",
    }
    for path, expected in paths.items():
        uri = judge("_ipp._tcp.local.", "P._ipp._tcp.local.", "good.local.", 8631, {b"rp": path}).uri
        assert uri == f"ipp://good.local:8631{expected}", path
        endpoint = parse_uri(uri)
        assert (endpoint.host, endpoint.port, endpoint.target) == ("good.local", 8631, expected)
    found, _ = look(*printer(GOOD, rp=b"a b\r\nX: y", ty=b"Two\r\nlines"), seconds="0.4")
    assert found[0]["uri"] == "ipp://good.local/a%20b%0D%0AX:%20y"
    assert (found[0]["printer-make-and-model"], found[0]["printer-location"]) == ("Two lines", "of this test: \ufffd")


def test_the_limit_is_kept() -> None:
    """Names of which nobody says where they are: each was waited for, one after the other."""
    records = [pointer(b"_ipp", b"Lost %d" % number, *IPP) for number in range(50)]
    command = [sys.executable, "-m", "ippfast", "printers", "--interface", "127.0.0.1", "--seconds", "0.5"]
    with responding([*records, *printer(GOOD), ((b"good", b"local"), 1, b"\x7f\0\0\1")]):
        result = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    assert "ipp://good.local/ipp/print" in result.stdout
    assert "it does not say where it is" in result.stderr


def test_nobody_hides_another() -> None:
    """The same UUID, the same name, or the same host alone is not the same printer."""
    uuid = b"12345678-9abc-4def-8123-456789abcdef"
    secure = (b"Good", b"_ipps", b"_tcp", b"local")
    found, _ = look(
        *printer(GOOD, UUID=uuid),
        *printer(b"Aaa", UUID=uuid, host=(b"evil", b"local")),
        *printer(b"Bbb", UUID=uuid),
        pointer(b"_ipps", *secure),
        service(secure, 631, b"evil", b"local"),
        text(secure, UUID=uuid, note=OURS),
    )
    places = {(each["printer-name"], each["uri"]) for each in found}
    assert places == {
        ("Good", "ipp://good.local/ipp/print"),
        ("Aaa", "ipp://evil.local/ipp/print"),
        ("Bbb", "ipp://good.local/ipp/print"),
        ("Good", "ipps://evil.local/"),
    }
    found, _ = look(
        *printer(GOOD, UUID=uuid),
        pointer(b"_ipps", *secure),
        service(secure, 631, b"good", b"local"),
        text(secure, UUID=uuid.upper(), note=OURS, rp=b"ipp/print"),
    )
    assert [each["uri"] for each in found] == ["ipps://good.local/ipp/print"]


def test_octets_that_are_no_dns() -> None:
    """They cost themselves."""
    broken: list[Record] = [(IPP, 12, b""), (IPP, 12, b"\xc0\xff"), ((GOOD, *IPP), 16, b"\xffx"), (IPP, 12, b"\x3f")]
    for record in broken:
        found, _ = look(*printer(GOOD), apart=[record], seconds="0.4")
        assert names_of(found) == ["Good"], record


@pytest.mark.skipif(sys.platform != "linux", reason="responders agree on Linux alone who speaks")
def test_a_suite_does_not_hear_another() -> None:
    with ThreadPoolExecutor(1) as pool:
        with responding(printer(b"Of another suite")):
            found = pool.submit(look, *printer(GOOD), seconds="0.4")
            wait([found], 1)
        assert names_of(found.result()[0]) == ["Good"]


@pytest.mark.parametrize("place", ["lo", "127.0.0.1"])
def test_an_interface_by_its_name_or_address(place: str) -> None:
    with responding([*printer(GOOD), ((b"good", b"local"), 1, b"\x7f\0\0\1")]):
        data = json.loads(run("printers", "--interface", place, "--seconds", "0.5", "--json").stdout)
    assert "Good" in names_of(data["printers"])
