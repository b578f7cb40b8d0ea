"""The races: contenders take turns, each over the same messages.

The rule of this file: a speed is megabytes of messages in a second of CPU time, of the process that does it and of
those that it starts. The goals stand in `GOALS`.
"""

import hashlib
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

import ippfast
from ippfast import arrow

from .. import contenders
from ..contenders import ROOT
from ..stream.results import Figure, Race, Results

__all__ = ["figures", "memory", "run"]

Contestant = tuple[list[bytes], Callable[[], Any]]
"""The messages, and what is done with them; it may give the seconds that it took itself."""

UNIT = "MB/s"
OURS, WALK, EK, FIELDS = "values", "decode and walk", "tshark -T ek", "tshark -T fields"
SYN, ACK = 0x02, 0x18
TIMES = 5  # that libcups and goipp do a message once they have read it

# Race, who of us, against whom, and how many times its speed at least.
GOALS = [
    ("values", OURS, WALK, 2.0),
    ("values", OURS, "libcups", 10.0),
    ("values", OURS, "goipp", 10.0),
    ("values", OURS, "values of few messages", 1 / 1.3),
    ("values by tshark", "values of the messages", FIELDS, 30.0),
    ("values by tshark", "values of the messages", EK, 65.0),
    ("values by tshark", "values of the capture", FIELDS, 10.0),
    ("Parquet", "values to Parquet", "pyarrow alone", 0.9),
    ("JSON", "to_json", WALK, 1.0),
    ("JSON", "to_json", EK, 50.0),
    ("pure twin", "values, pure", "decode and walk into lists, pure", 1.0),
    ("threads", "two threads", "one thread", 1.7),
]
"""Of threads what counts is the clock, so the figure needs two cores that are free: SHA-256, which lets go of the GIL
for all of its work, shows how many there were."""


def messages() -> list[bytes]:
    """The recorded vectors, and a corpus' messages where there is one."""
    folders = [ROOT / "tests" / "vectors" / "recorded"]
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
        data = head + one
        pieces = [(0, SYN, b""), *((at + 1, ACK, data[at : at + 1400]) for at in range(0, len(data), 1400))]
        for sequence, flags, piece in pieces:
            tcp = struct.pack(">HHIIBBHHH", 631, 1024 + number % 60_000, sequence, 1, 0x50, flags, 65_535, 0, 0) + piece
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + bytes([127, 0, 0, 2, 127, 0, 0, 1])
            parts += [struct.pack("<IIII", number, 0, len(ip + tcp), len(ip + tcp)), ip, tcp]
    return b"".join(parts)


def cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def consume(table: arrow.Table) -> int:
    return sum(len(batch) for batch in table)


def walked(octets: list[bytes]) -> int:
    return sum(1 for one in octets for _ in ippfast.walk(ippfast.decode(one)))


def run(size: str, say: Callable[[str], None]) -> Results:
    """All races. size: "full"; "quick", with fewer rounds and messages; or "once", each thing a single time."""
    results, once = Results(), size == "once"
    few = messages()[:200] if once else messages()
    many = few * {"full": 10, "quick": 3, "once": 1}[size]
    rounds = {"full": 5, "quick": 2, "once": 1}[size]
    sizes = {id(few): sum(map(len, few)) / 1e6, id(many): sum(map(len, many)) / 1e6}
    for line in [*contenders.prepare_compiled()]:
        say(line)

    def race(title: str, contestants: dict[str, Contestant], clock: Callable[[], float] = cpu) -> None:
        made = Race(title, UNIT)
        for turn in range(rounds + (not once)):
            for name, (octets, do) in contestants.items():
                begun = clock()
                given = do()
                seconds = given if isinstance(given, float) else clock() - begun
                if turn or once:  # the first turn is not counted
                    made.speeds.setdefault(name, []).append(sizes[id(octets)] / seconds)
        results.races.append(made)
        say(f"{title}: " + ", ".join(f"{name} {made.median(name):,.1f}" for name in made.speeds))

    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        path = folder / "a.pcap"
        path.write_bytes(capture(many))
        workers = peers(few, folder)
        contestants: dict[str, Contestant] = {
            OURS: (many, lambda: consume(arrow.values(many))),
            "values of few messages": (few, lambda: consume(arrow.values(few, rows=None))),
            WALK: (many, lambda: walked(many)),
        }
        race("values", contestants | {name: (few, do) for name, do in workers.items()})
        shark = {name: (many, do) for name, do in tshark(path).items()}
        contestants = {
            "values of the messages": (many, lambda: consume(arrow.values(many))),
            "values of the capture": (many, lambda: consume(arrow.values(path))),
        }
        race("values by tshark", contestants | shark)
        whole = pyarrow.table(arrow.values(many))
        contestants = {
            "values to Parquet": (many, lambda: to_parquet(arrow.values(many), folder / "a.parquet")),
            "pyarrow alone": (many, lambda: to_parquet(whole, folder / "b.parquet")),
        }
        race("Parquet", contestants)
        contestants = {
            "to_json": (many, lambda: sum(len(ippfast.to_json(one)) for one in many)),
            WALK: (many, lambda: walked(many)),
        }
        race("JSON", contestants | {name: each for name, each in shark.items() if name == EK})
        race("pure twin", {name: (few, do) for name, do in pure(folder, few).items()})
        long = many * (1 if once else 10)  # so that to start two threads, which takes a millisecond, is next to nothing
        sizes[id(long)] = sum(map(len, long)) / 1e6
        halves = long[::2], long[1::2]
        joined = [b"".join(half) for half in halves]
        contestants = {
            "one thread": (long, lambda: [made_of(half) for half in halves]),
            "two threads": (long, lambda: in_threads(made_of, halves)),
            "SHA-256, one thread": (long, lambda: [hashlib.sha256(half) for half in joined]),
            "SHA-256, two threads": (long, lambda: in_threads(hashlib.sha256, joined)),
        }
        race("threads", contestants, time.perf_counter)
    return results


def made_of(octets: list[bytes]) -> int:
    return consume(arrow.values(octets))


def in_threads(do: Callable[[Any], Any], halves: Sequence[Any]) -> list[Any]:
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(do, halves))


def to_parquet(table: Any, path: Path) -> None:
    """By batches, as `ippfast columns` writes them."""
    made = isinstance(table, pyarrow.Table)
    schema = table.schema if made else pyarrow.schema(table)
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in table.to_batches() if made else map(pyarrow.record_batch, table):
            writer.write_batch(batch)


def peers(octets: list[bytes], folder: Path) -> dict[str, Callable[[], float]]:
    """libcups and goipp, which decode each message that they can and touch every value; seconds for all."""
    files = []
    for number, one in enumerate(octets):
        files.append(folder / f"{number}.ipp")
        files[-1].write_bytes(one)
    found: dict[str, Callable[[], float]] = {}
    for contender in contenders.roster()[0]:
        if contender.name in ("libcups", "goipp"):
            worker = contenders.Worker(contender)
            able = [file for file in files if "error" not in worker.run("touch", 1, "-", [file])[0]]

            def touch(worker: contenders.Worker = worker, able: list[Path] = able) -> float:
                begun = worker.worked()
                for at in range(0, len(able), 64):
                    worker.run("touch", TIMES, "-", able[at : at + 64])
                return (worker.worked() - begun) / TIMES / 1e9

            found[contender.name] = touch
    return found


def tshark(path: Path) -> dict[str, Callable[[], Any]]:
    if shutil.which("tshark") is None:
        return {}
    names = ("request_id", "name", "memberattrname", "integer_value", "enum_value", "charstring_value")
    fields = [part for name in names for part in ("-e", f"ipp.{name}")]
    command = ["tshark", "-r", str(path), "-d", "tcp.port==631,http", "-Y", "ipp", "-T"]

    def shark(*how: str) -> None:
        subprocess.run([*command, *how], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    return {FIELDS: lambda: shark("fields", *fields), EK: lambda: shark("ek", "-J", "ipp")}


PURE = """
import glob, sys, time, ippfast
from ippfast import arrow
assert ippfast.IMPLEMENTATION == "python"
octets = [open(path, "rb").read() for path in sorted(glob.glob(sys.argv[1] + "/*.ipp"))]
begun = time.process_time()
if sys.argv[2] == "values":
    sum(len(batch) for batch in arrow.values(octets))
else:
    for one in octets:
        rows = [(attribute.name, value) for attribute, value in ippfast.walk(ippfast.decode(one))]
print(time.process_time() - begun)
"""


def pure(folder: Path, octets: list[bytes]) -> dict[str, Callable[[], float]]:
    """The pure twin, which is a process of its own."""

    def do(what: str) -> float:
        command = [sys.executable, "-c", PURE, str(folder), what]
        environment = os.environ | {"IPPFAST_PURE": "1", "PYTHONPATH": str(ROOT)}
        return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)

    return {"values, pure": lambda: do("values"), "decode and walk into lists, pure": lambda: do("walk")}


MEMORY = """
import sys
from ippfast import arrow
rows = sum(len(batch) for batch in arrow.values(sys.argv[1]))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(rows, int(peak.split()[1]) * 1024)
"""


def memory(size: int = 4 << 30) -> dict[str, Any]:
    """The most memory that a process takes to make `values` of a capture of `size` octets."""
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as directory:
        path = Path(directory) / "a.pcap"
        octets = capture(messages())
        with path.open("wb") as file:
            file.write(octets[:24])
            while file.tell() < size:
                file.write(octets[24:])
        done = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
        rows, peak = map(int, done.stdout.split())
        return {"octets": path.stat().st_size, "rows": rows, "peak": peak}


def figures(results: Results) -> list[Figure]:
    """What has to be reached, and what was."""
    found = []
    for title, name, other, goal in GOALS:
        race = results.race(title)
        ratio = race.ratio(name, other) if race is not None else None
        shown = f"{ratio:.2f}x" if ratio is not None else f"without {other}"
        found.append(Figure(name, other, f"{goal:.2g}x", shown, None if ratio is None else ratio >= goal))
    for each in results.memory:
        shown = f"{each['peak'] / 1e6:.0f} MB"
        title = f"memory, a capture of {each['octets'] / 2**30:.1f} GiB with {each['rows']:,} values"
        found.append(Figure(title, "", "at most 300 MB", shown, each["peak"] < 3e8))
    return found
