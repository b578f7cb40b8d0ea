"""Host lines: which are let in, and how they come back in URIs."""

import pytest

from ippfast.http.hosts import OWN, Hosts, host_name, uri_authority
from ippfast.http.uri import parse_uri

LINKS = ["[fe80::1%eth0]", "[fe80::1%25eth0]", "[v1.fe80::1+eth0]", "[V1.fe80::1+eth0]", "[fe80::1]"]


def test_names_and_addresses() -> None:
    hosts = Hosts(["Printer.example.", "localhost"])
    for name in ("printer.example", "Printer.EXAMPLE.", "localhost", "192.0.2.7", "[2001:db8::1]", *LINKS):
        assert host_name(name) in hosts, name
        assert host_name(f"{name}:8631") in hosts, name
    for line in (
        "evil.example",
        "192.0.2.7.evil.example",
        "",
        "[::1].evil.example",
        "[::1",
        "[v2.fe80::1+eth0]",
        "[::1]x",
    ):
        assert host_name(line) not in hosts, line
    assert list(hosts) == ["printer.example", "localhost"]
    assert len(hosts) == 2


def test_the_names_of_this_machine() -> None:
    assert host_name("localhost:631") in OWN
    assert host_name("192.0.2.1") in OWN
    assert host_name("evil.example") not in OWN


@pytest.mark.parametrize(
    ("line", "authority"),
    [
        ("printer.example:631", "printer.example:631"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::1]:631", "[2001:db8::1]:631"),
        ("[fe80::1%eth0]:631", "[v1.fe80::1+eth0]:631"),
        ("[fe80::1%25eth0]:631", "[fe80::1%25eth0]:631"),
        ("[v1.fe80::1+eth0]:631", "[v1.fe80::1+eth0]:631"),
        ("[fe80::1%eth0", None),
        ("[fe80::1%et h0]", None),
        ("a b", None),
        ("a/b", None),
        ("user@a", None),
        ("a:b", None),
        ("", None),
        ("[fe80::1%eth0]:x", None),
    ],
)
def test_what_comes_back_in_uris(line: str, authority: str | None) -> None:
    assert uri_authority(line) == authority
    if authority is not None:
        assert parse_uri(f"ipp://{authority}/ipp/print").target == "/ipp/print"
