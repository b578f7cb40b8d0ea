"""``python -m benchmarks.columns [--once]``: tables against decode and walk, and against tshark.

The rule of this file: contenders take turns within one run, and what counts is the process' own CPU time, the best of
the rounds. With --once nothing is written; otherwise docs/benchmarks/columns.md is.
"""

import argparse
import os
import platform
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import ippfast
from ippfast import arrow

from ..contenders import ROOT

VECTORS = ROOT / "tests" / "vectors"
ROUNDS = 7


def messages() -> list[bytes]:
    """The recorded vectors, and a corpus' messages where there is one."""
    folders = [VECTORS / "recorded"]
    if "IPPFAST_CORPUS" in os.environ:
        folders.append(Path(os.environ["IPPFAST_CORPUS"]) / "messages")
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*.ipp")):
            octets = path.read_bytes()
            try:
                found.append(octets[: ippfast.decode_prefix(octets)[1]])
            except ippfast.DecodeError:
                continue
    return found


def capture(octets: list[bytes]) -> bytes:
    """A pcap file of raw IP: each message the response of a connection of its own, in packets of 1,400 octets."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 101)]
    for number, one in enumerate(octets):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\n\r\n" % len(one)
        data, sequence = head + one, 1
        for at in range(0, len(data), 1400):
            piece = data[at : at + 1400]
            port = 1024 + number % 60_000
            tcp = struct.pack(">HHIIBBHHH", 631, port, sequence + at, 1, 0x50, 24, 65_535, 0, 0) + piece
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + bytes([127, 0, 0, 2, 127, 0, 0, 1])
            parts += [struct.pack("<IIII", number, 0, len(ip + tcp), len(ip + tcp)), ip, tcp]
    return b"".join(parts)


def best(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each contender."""
    found = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, contender in contenders.items():
            begun = cpu()
            contender()
            found[name] = min(found[name], cpu() - begun)
    return found


def cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def walked(octets: list[bytes]) -> int:
    return sum(1 for one in octets for _ in ippfast.walk(ippfast.decode(one)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.columns", description=__doc__.partition("\n")[0])
    parser.add_argument("--once", action="store_true", help="everything a single time, nothing written")
    once = parser.parse_args().once
    rounds = 1 if once else ROUNDS
    octets = messages()
    many = octets if once else octets * 10
    size = sum(map(len, many))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "a.pcap"
        path.write_bytes(capture(many))
        contenders: dict[str, Callable[[], object]] = {
            "values, batches of 65,536 rows": lambda: [len(batch) for batch in arrow.values(many)],
            "values of few messages, one batch": lambda: [len(batch) for batch in arrow.values(octets, rows=None)],
            "decode and walk": lambda: walked(many),
            "to_json": lambda: [ippfast.to_json(one) for one in many],
            "pcap to values": lambda: [len(batch) for batch in arrow.values(path)],
        }
        if shutil.which("tshark"):
            names = ("request_id", "name", "memberattrname", "integer_value", "enum_value", "charstring_value")
            fields = [part for name in names for part in ("-e", f"ipp.{name}")]
            command = ["tshark", "-r", str(path), "-d", "tcp.port==631,http", "-Y", "ipp", "-T", "fields", *fields]
            contenders["pcap by tshark -T fields"] = lambda: subprocess.run(command, capture_output=True, check=True)
        found = best(contenders, rounds)
    rows = walked(many)
    lines = ["| what | ms | MB/s | values/s |", "|---|---|---|---|"]
    for name, seconds in found.items():
        share = len(octets) / len(many) if "few" in name else 1
        rate = rows * share / seconds
        lines.append(f"| {name} | {seconds * 1e3:.1f} | {size * share / seconds / 1e6:.0f} | {rate / 1e6:.2f} M |")
    table = "\n".join(lines)
    print(table)
    if not once:
        head = (
            "# Benchmarks of tables\n\nThe process' own CPU time, the best of the rounds; contenders take turns.\n\n"
            f"- Date: {datetime.now(tz=UTC):%Y-%m-%d}; CPython {platform.python_version()}, {platform.platform()}\n"
            f"- Codec: {ippfast.IMPLEMENTATION}; {len(many)} messages, {size} octets, {rows} values\n"
            f"- Load before the end: {os.getloadavg()[0]:.2f}\n\n"
        )
        (ROOT / "docs" / "benchmarks" / "columns.md").write_text(head + table + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
