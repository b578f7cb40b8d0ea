"""The transport is loaded when it is used, and not before."""

import subprocess
import sys

import pytest

import ippfast.http
from ippfast.http.uri import parse_uri


def test_importing_the_package_loads_no_transport() -> None:
    code = "import sys, ippfast; print(*sorted(name for name in sys.modules if 'http' in name or name == 'h11'))"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == []
    code = "import sys, ippfast.http; print(*sorted(name for name in sys.modules if name in ('h11', 'ssl', 'asyncio')))"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == []


def test_public_names() -> None:
    for name in ippfast.http.__all__:
        value = getattr(ippfast.http, name)
        assert getattr(value, "__name__", name) == name
    assert set(ippfast.http.__all__) <= set(dir(ippfast.http))
    with pytest.raises(AttributeError, match="no attribute 'x'"):
        _ = ippfast.http.x


@pytest.mark.parametrize(
    ("uri", "secure", "host", "port", "target", "authority"),
    [
        ("ipp://printer.example/ipp/print", False, "printer.example", 631, "/ipp/print", "printer.example:631"),
        ("ipps://printer.example", True, "printer.example", 631, "/", "printer.example:631"),
        ("IPP://Printer:/a?b=c", False, "printer", 631, "/a?b=c", "printer:631"),
        ("ipp://[fe80::1]:8631/p", False, "fe80::1", 8631, "/p", "[fe80::1]:8631"),
        ("http://h/p", False, "h", 80, "/p", "h"),
        ("https://h/p", True, "h", 443, "/p", "h"),
        ("ipp://h:80/p", False, "h", 80, "/p", "h"),
    ],
)
def test_uris(uri: str, secure: bool, host: str, port: int, target: str, authority: str) -> None:
    endpoint = parse_uri(uri)
    assert endpoint == (secure, host, port, target)
    assert endpoint.authority == authority


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "printer",
        "ftp://h/",
        "ipp:///p",
        "ipp://u:p@h/",
        "ipp://h/#f",
        "ipp://h:0/",
        "ipp://h:99999/",
        "ipp://h/a b",
        "ipp://h/\r\nX: y",
        "ipp://h/\u00e4",
    ],
)
def test_faulty_uris(uri: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each with words of its own
        parse_uri(uri)
