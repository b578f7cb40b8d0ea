"""enumDests and connectDest of the shim for pycups, for printers that announce themselves, against pycups itself.

The rule of this file: both look at one network of namespaces, where avahi announces what no printer of ours would, and
what they are told is compared. libcups asks avahi on its host; the shim asks the network itself.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from libraries import Library, install
from networks import HERE, Avahi, Network
from peers import package, program

from ippfast.compat import pycups as cups
from ippfast.compat.pycups import network as announcements

PROGRAM = Path(__file__).resolve().parent / "pycups_destinations.py"
WAYS: dict[str, tuple[str, ...]] = {"library": (), "shim": ("-m", "ippfast.compat.run")}
SECONDS = 90.0
PDF = "pdl=application/pdf"
IPP, IPPS = "_ipp._tcp", "_ipps._tcp"
SERVICES: list[tuple[str, str, list[str]]] = [
    ("Office (2nd)", IPP, ["rp=ipp/print", "ty=Clear", PDF]),
    ("Office (2nd)", IPPS, ["rp=ipp/print", "ty=Maker 5, PS", "note=Hall", PDF, "Color=T", "Duplex=T", "Copies=t"]),
    ("Ünï @ a/b?c%d", IPPS, ["txtvers=1", "pdl=text/plain,image/urf", "usb_MFG=Acme", "usb_MDL=A, B", "note="]),
    ("queue", IPP, ["rp=printers/queue", "printer-type=0x801046", "Color=T", PDF]),
    ("octal", IPP, ["printer-type=010", "pdl=image/pwg-raster"]),
    ("words", IPP, ["printer-type=x", "ty=T", "product=(P)", "PDL=APPLICATION/PDF"]),
    ("bare", IPP, []),
    ("all", IPP, [PDF, "Staple=T", "Punch=T", "Sort=T", "Bind=T", "Collate=T", "PaperCustom=T", "PaperMax=isoC-A2"]),
    ("more", IPP, [PDF, "Scan=T", "PaperMax=>isoC-A2", "air=t", "usb_MFG=M", "product=(GPL Ghostscript)"]),
    ("none", IPP, [PDF, "Color=true", "Punch=2", "PaperMax=other", "air=username,password", "usb_MDL=M", "ty=T"]),
    ("fax", IPP, [PDF, "Fax=T", "PaperMax=legal-A4", "usb_MFG=Maker", "ty=Maker 5"]),
    ("PostScript", IPP, ["pdl=application/postscript,text/plain"]),
    ("nothing", IPP, ["pdl="]),
]
EXPECTED = 10


def escaped(name: str) -> str:
    """A name as avahi-browse prints it."""
    plain = (chr(octet) if chr(octet).isalnum() and octet < 128 else f"\\{octet:03}" for octet in name.encode())
    return "".join(plain)


class Lab:
    """A network with avahi on its other side, on which pycups and the shim run."""

    def __init__(self, network: Network, avahi: Avahi, library: Library) -> None:
        self.network = network
        self.environment = {**os.environ, **avahi.environment, "CUPS_SERVER": "127.0.0.1:9"}
        self._library = library

    def there(self, *command: str | Path) -> str:
        words = [*self.network.there, *command]
        environment = {
            name: value for name, value in self.environment.items() if not name.startswith(("PYTHON", "COV"))
        }
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def found(self, way: str, options: dict[str, int], connect: str = "") -> list[Any]:
        """What the callback was told, one after the other."""
        python: tuple[str | Path, ...] = (self._library.python, "-W", "ignore", *WAYS[way])
        found: list[Any] = json.loads(self.there(*python, PROGRAM, json.dumps(options), connect))
        return found

    def wait_for(self, kind: str, names: set[str]) -> None:
        end = time.monotonic() + SECONDS
        while len(names & self.names(kind)) < len(names):
            assert time.monotonic() < end, names - self.names(kind)

    def names(self, kind: str) -> set[str]:
        lines = self.there(program("avahi-browse"), "--no-db-lookup", "-tpk", kind).splitlines()
        return {line.split(";")[3] for line in lines}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    program("cups-config")  # pycups is compiled
    library = install("pycups==2.0.4", "zeroconf>=0.132", "setuptools")
    with Network() as network, Avahi(network.there) as avahi:
        yield Lab(network, avahi, library)


@pytest.fixture(scope="module")
def announced(lab: Lab) -> Iterator[Lab]:
    """The services, as long as they are announced."""
    publish = [*lab.network.there, program("avahi-publish"), "-s"]
    running = [
        subprocess.Popen([*publish, name, kind, "631", *text], env=lab.environment, stderr=subprocess.DEVNULL)
        for name, kind, text in SERVICES
    ]
    running.append(subprocess.Popen([*publish, "taken", IPP, "0"], env=lab.environment, stderr=subprocess.DEVNULL))
    try:
        for kind in (IPP, IPPS):
            lab.wait_for(kind, {escaped(name) for name, each, _ in SERVICES if each == kind})
        yield lab
    finally:
        for each in running:
            each.terminate()
            each.wait()


def by_name(found: list[Any]) -> dict[str, Any]:
    assert len({each[2] for each in found}) == len(found)
    return {each[2]: each for each in found}


def test_what_is_announced(announced: Lab) -> None:
    """The same names, types and options; but what announces itself with port 0, libcups takes for a printer."""
    theirs = by_name(announced.found("library", {"msec": 4_000}))
    ours = by_name(announced.found("shim", {"msec": 20_000}))
    assert theirs.pop("taken")[5]["device-uri"] == "ipp://taken._ipp._tcp.local/"
    assert ours == theirs
    assert len(ours) == EXPECTED
    assert ours["Office_2nd"][5]["device-uri"] == "ipps://Office%20(2nd)._ipps._tcp.local/"


@pytest.mark.parametrize(("type", "mask"), [(0xC, 0xC), (0, 0x8), (0x100_0000, 0x100_0000), (0x10, 0x18)])
def test_types(announced: Lab, type: int, mask: int) -> None:
    options = {"type": type, "mask": mask, "msec": 3_000}
    theirs, ours = (by_name(announced.found(way, options)) for way in WAYS)
    theirs.pop("taken", None)
    assert ours == theirs


@pytest.mark.parametrize("options", [{"msec": 0}, {"msec": 3_000, "type": 0, "mask": 0x100_0000}])
def test_not_looked_for(announced: Lab, options: dict[str, int]) -> None:
    assert announced.found("shim", options) == announced.found("library", options) == []


def test_enough(announced: Lab) -> None:
    for way in WAYS:
        assert len(announced.found(way, {"msec": 10_000, "stop": 1})) == 1


def test_however_long_it_takes(announced: Lab) -> None:
    """It ends, where libcups waits for ever for the printer whose formats it does not take."""
    assert len(announced.found("shim", {})) == EXPECTED


def test_connecting(lab: Lab, tmp_path: Path) -> None:
    """What an announcement leads to, with TLS, and without a server in between."""
    package("cryptography")  # of which a server's own certificate is made
    command = [*lab.network.here, sys.executable, "-m", "ippfast", "serve", "--announce", "--state", str(tmp_path)]
    options = ["--host", "0.0.0.0", "--tls", "--require-tls", "--name", "Our printer"]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            lab.wait_for(IPPS, {escaped("Our printer")})
            lab.environment["XDG_STATE_HOME"] = str(tmp_path / "state")
            found = lab.found("shim", {"msec": 20_000}, "Our_printer")
        finally:
            server.terminate()
    steps, resource, name = found[-1]
    assert (resource, name) == ("/ipp/print", "Our printer")
    assert steps == [
        cups.CUPS_DEST_FLAGS_UNCONNECTED | cups.CUPS_DEST_FLAGS_RESOLVING,
        cups.CUPS_DEST_FLAGS_UNCONNECTED | cups.CUPS_DEST_FLAGS_CONNECTING,
        0,
    ]
    pinned = (tmp_path / "state" / "ippfast" / "cups-servers").read_text()
    assert pinned.startswith(f"{HERE[0]}:8631 ")


def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise OSError("no network")

    monkeypatch.setattr(announcements, "open_network", none)
    monkeypatch.setenv("CUPS_SERVER", "127.0.0.1:9")
    with pytest.raises(RuntimeError, match="cupsEnumDests failed: no network"):
        cups.enumDests(lambda *_: 1)
    with pytest.raises(RuntimeError, match="Unable to resolve"):
        announcements.resolve("ipps://Office._ipps._tcp.local/")


def test_queues_of_the_server_for_what_is_announced() -> None:
    """What a queue of the server leads to is not told of again: it is known by the name of its service."""
    assert announcements.is_service("ipps://Office%20(2nd)._ipps._tcp.local/")
    assert announcements.service_of("ipps://Office%20(2nd)._ipps._tcp.local/") == "office (2nd)"
    assert announcements.service_of("dnssd://Caf%C3%A9._ipp._tcp.local/?uuid=1") == "café"
    assert not announcements.is_service("ipp://printer.local/ipp/print")
