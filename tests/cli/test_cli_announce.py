"""ippfast serve --announce between two machines: what avahi, ippfind and ippfast itself find of it on the other one.

The rule of this file: each test says under which circumstances who finds what; the network is one of namespaces.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from networks import HERE, Avahi, Network
from peers import package, program

SECONDS = 90.0
IPPFAST = [sys.executable, "-m", "ippfast"]


class Lab:
    """A network, and avahi on its other side."""

    server = 0
    """The process of the latest server."""

    def __init__(self, network: Network, avahi: Avahi) -> None:
        self.network = network
        self.environment = {**os.environ, **avahi.environment}

    def there(self, *command: str) -> str:
        """What a command on the other side says."""
        words = [*self.network.there, *command]
        done = subprocess.run(words, capture_output=True, text=True, env=self.environment, timeout=SECONDS, check=False)
        return done.stdout

    def browsed(self, kind: str = "_ipp._tcp") -> list[list[str]]:
        """What avahi-browse resolves: the fields of each line."""
        lines = self.there(program("avahi-browse"), "-rtp", kind).splitlines()
        return [line.split(";") for line in lines if line.startswith("=")]

    def until(self, condition: Callable[[list[list[str]]], bool], kind: str = "_ipp._tcp") -> list[list[str]]:
        """What is browsed, as soon as it is so."""
        end = time.monotonic() + SECONDS
        while not condition(found := self.browsed(kind)):
            assert time.monotonic() < end, found
        return found

    @contextlib.contextmanager
    def serving(self, state: Path, *options: str) -> Iterator[list[str]]:
        """A server on this side, and what it printed at the beginning."""
        command = [*self.network.here, *IPPFAST, "serve", "--announce", "--state", str(state), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            self.server = process.pid
            lines = []
            for line in process.stdout:
                lines.append(line.strip())
                if line.startswith("state: "):
                    break
            try:
                yield lines
            finally:
                process.terminate()

    def attribute(self, name: str) -> object:
        """An attribute of the printer, asked from the other side."""
        uri = f"ipp://{HERE[0]}:8631/ipp/print"
        return json.loads(self.there(*IPPFAST, "attributes", "--json", uri, name))["attributes"][name]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Network() as network, Avahi(network.there) as avahi:
        yield Lab(network, avahi)


def test_all_of_ipv4(lab: Lab, tmp_path: Path) -> None:
    with lab.serving(tmp_path, "--host", "0.0.0.0", "--name", "Büro") as lines:
        assert "announced as: Büro" in lines
        found = lab.until(bool)
        assert {(each[2], each[7], each[8]) for each in found} == {("IPv4", HERE[0], "8631")}
        text = found[0][9]
        host = found[0][6]
        assert f'"adminurl=http://{host}:8631/"' in text
        assert '"usb_MFG=ippfast"' in text
        assert '"pdl=image/urf,application/pdf,' in text
        assert [each[8] for each in lab.browsed("_printer._tcp")] == ["0"]
        assert [each[8] for each in lab.browsed("_http._tcp")] == ["8631"]
        assert f"ipp://{host}:8631/ipp/print" in lab.there(program("ippfind"), "-T", "5")
        listed = json.loads(lab.there(*IPPFAST, "printers", "--json"))["printers"]
        assert [each["uri"] for each in listed] == [f"ipp://{host}:8631/ipp/print"]
    lab.until(lambda found: not found)


def test_both_families_and_tls(lab: Lab, tmp_path: Path) -> None:
    package("cryptography")
    with lab.serving(tmp_path, "--host", "::", "--tls", "--require-tls"):
        found = lab.until(lambda found: {each[2] for each in found} == {"IPv4", "IPv6"}, "_ipps._tcp")
        assert {each[7] for each in found} <= set(HERE)
        assert {each[8] for each in lab.browsed("_ipp._tcp")} == {"0"}  # the name is taken, and ipp is not served


def test_an_address_alone(lab: Lab, tmp_path: Path) -> None:
    with lab.serving(tmp_path, "--host", HERE[1]):
        found = lab.until(bool)
        assert {each[7] for each in found} == {HERE[1]}


def test_loopback_is_announced_to_nobody(lab: Lab, tmp_path: Path) -> None:
    with lab.serving(tmp_path) as lines:
        assert "announced to: nobody, for only this machine can reach it (--host)" in lines
        lab.until(lambda found: not found)  # what the other tests announced may still go away


RESOLVE = """
from zeroconf import Zeroconf
with Zeroconf(interfaces=["10.99.0.2"]) as network:
    info = network.get_service_info("_ipp._tcp.local.", "ippfast._ipp._tcp.local.")
    print(info and info.parsed_addresses())
"""
SET = """
from ippfast import operations
from ippfast.http import Client
uri = "ipp://127.0.0.1:8631/ipp/print"
with Client(uri) as client:
    client.send(operations.set_printer_attributes(uri, printer={"printer-location": "Room 7"}))
"""


def test_what_changes_is_followed(lab: Lab, tmp_path: Path) -> None:
    """An address that comes, and a location that is set."""
    with lab.serving(tmp_path, "--host", "0.0.0.0"):
        lab.until(bool)
        lab.network.change("address", "add", "10.98.0.1/24", "dev", lab.network.links[0])
        try:
            end = time.monotonic() + SECONDS
            while "10.98.0.1" not in lab.there(sys.executable, "-c", RESOLVE):
                assert time.monotonic() < end
            subprocess.run([*lab.network.here, sys.executable, "-c", SET], check=True)
            lab.until(lambda found: all('"note=Room 7"' in each[9] for each in found))
        finally:
            lab.network.change("address", "delete", "10.98.0.1/24", "dev", lab.network.links[0])


def test_a_name_that_is_taken(lab: Lab, tmp_path: Path) -> None:
    """The number stays with the printer, and what it says of itself is the name that is announced."""
    publish = [*lab.network.there, program("avahi-publish"), "-s", "Twin", "_ipp._tcp", "9"]
    with subprocess.Popen(publish, env=lab.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert b"Established" in process.stderr.readline()
        with lab.serving(tmp_path, "--host", "0.0.0.0", "--name", "Twin") as lines:
            assert "announced as: Twin-2" in lines
            assert lab.attribute("printer-dns-sd-name") == "Twin-2"
        process.terminate()
    lab.until(lambda found: not found)
    with lab.serving(tmp_path, "--host", "0.0.0.0", "--name", "Twin") as lines:
        assert "announced as: Twin-2" in lines


LATE = """
import socket, struct
name = b"".join(bytes([len(x)]) + x for x in (b"Late", b"_ipp", b"_tcp", b"local")) + b"\\0"
host = b"".join(bytes([len(x)]) + x for x in (b"zzz", b"local")) + b"\\0"
data = struct.pack(">HHH", 0, 0, 9) + host
message = struct.pack(">6H", 0, 0x8400, 0, 1, 0, 0) + name + struct.pack(">HHIH", 33, 0x8001, 120, len(data)) + data
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    link.bind(("", 5353))
    link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.99.0.2"))
    link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    link.sendto(message, ("224.0.0.251", 5353))
"""


def test_a_conflict_that_comes_late_is_solved(lab: Lab, tmp_path: Path) -> None:
    with lab.serving(tmp_path, "--host", "0.0.0.0", "--name", "Late") as lines:
        assert "announced as: Late" in lines
        lab.there(sys.executable, "-c", LATE)
        end = time.monotonic() + SECONDS
        while "Late-2" not in lab.there(program("avahi-browse"), "-tp", "_ipp._tcp"):
            assert time.monotonic() < end
        while lab.attribute("printer-dns-sd-name") != "Late-2":  # the printer learns its name after the network does
            assert time.monotonic() < end


def test_beside_avahi(lab: Lab, tmp_path: Path) -> None:
    """Both have the same addresses for the name of this host, and neither takes the other for a conflict."""
    host = socket.gethostname().partition(".")[0]
    with Avahi(lab.network.here, host) as avahi:
        with lab.serving(tmp_path, "--host", "::", "--name", "Beside"):
            found = lab.until(lambda found: {each[2] for each in found} == {"IPv4", "IPv6"})
            assert {each[6] for each in found} == {f"{host}.local"}
            assert {each[7] for each in found} <= set(HERE)
        assert "conflict" not in avahi.log.read_text().lower()


def sockets(pid: int) -> int:
    """How many sockets of a process take what comes to port 5353."""
    inodes = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            inodes.add(os.readlink(each))
    lines = Path(f"/proc/{pid}/net/udp").read_text().splitlines()[1:]
    found = [line.split() for line in lines]
    return sum(line[1].endswith(":14E9") and f"socket:[{line[9]}]" in inodes for line in found)


PRINTERS = """
[hall]
description = {printer-location = "Hall"}
[office]
"""


def test_each_printer_of_a_service(lab: Lab, tmp_path: Path) -> None:
    """What comes, goes and changes is followed: by the file, and by operations."""
    printers = tmp_path / "printers.toml"
    printers.write_text(PRINTERS)

    def here(*command: str) -> None:
        subprocess.run([*lab.network.here, *IPPFAST, *command], check=True, stdout=subprocess.DEVNULL, timeout=SECONDS)

    def names(found: list[list[str]]) -> set[str]:
        return {each[3] for each in found}

    options = ["--host", "0.0.0.0", "--printers", str(printers)]
    with lab.serving(tmp_path / "state", *options) as lines:
        assert "announced as: each by its own name" in lines
        found = lab.until(lambda found: names(found) == {"hall", "office"})
        before = sockets(lab.server)
        texts = {each[3]: each[9] for each in found}
        assert '"rp=ipp/print/hall"' in texts["hall"]
        assert '"note=Hall"' in texts["hall"]
        assert f'"adminurl=http://{found[0][6]}:8631/ipp/print/office"' in texts["office"]
        system = "ipp://127.0.0.1:8631/ipp/system"
        here("queues", "create", system, "attic")
        lab.until(lambda found: names(found) == {"hall", "office", "attic"})
        here("queues", "delete", system, "attic")
        printers.write_text(PRINTERS.replace("office", "cellar").replace('"Hall"', '"Entrance"'))
        os.kill(lab.server, signal.SIGHUP)
        found = lab.until(lambda found: names(found) == {"hall", "cellar"})
        lab.until(lambda found: any('"note=Entrance"' in each[9] for each in found))
        assert sockets(lab.server) == before  # one for all printers
    lab.until(lambda found: not found)
