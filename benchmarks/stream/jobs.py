"""The race of print servers: Print-Jobs a second, each kept on the disk before it is answered.

    python -m benchmarks.stream.jobs PORT PATH OCTETS CONNECTIONS SECONDS

does a turn of it, from a process of its own, and prints jobs a second and the 99th percentile of their times.

Rule: cupsd has a raw queue to a device that discards, and both forget no job (``MaxJobs 0``). cupsd does not wait for
the disk, the others do; what a turn has left for the disk is written before the next one begins. Judge ratios of the
same run: on a machine with other work the rest says little.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contenders import ROOT
from .processes import SENDER, Failure, on_core
from .results import MEBIBYTE, Race

if TYPE_CHECKING:
    from .races import Plan, Turns

__all__ = ["jobs", "load"]

_KINDS = (
    ("10 kB, 8 connections", 10_000, 8),
    ("10 kB, 1 connection", 10_000, 1),
    ("1 MiB, 8 connections", MEBIBYTE, 8),
)
_SUCCESS = (b"\x00\x00", b"\x00\x01")


def load(port: int, path: str, octets: int, connections: int, seconds: float) -> tuple[float, float]:
    """Print over kept-alive connections. Returns jobs a second, and the 99th percentile of their times in seconds."""
    from ippfast import encode, operations

    body = encode(operations.print_job(f"ipp://localhost:{port}{path}", user="bench", job_name="job")) + bytes(octets)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/ipp\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    times: list[float] = []
    end = time.perf_counter() + seconds

    def run() -> None:
        with socket.create_connection(("localhost", port), 30.0) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (start := time.perf_counter()) < end:
                sock.sendall(request)
                if _answer(sock)[2:4] not in _SUCCESS:
                    return
                times.append(time.perf_counter() - start)

    start = time.perf_counter()
    threads = [threading.Thread(target=run) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(times) / (time.perf_counter() - start)
    return rate, sorted(times)[len(times) * 99 // 100] if times else 0.0


def _answer(sock: socket.socket) -> bytes:
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if found and b" 100 " in head:
            data = body
            continue
        if found:
            break
        piece = sock.recv(65_536)
        if not piece:
            return b""
        data += piece
    lines = head.lower().split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(body) < length and (piece := sock.recv(65_536)):
        body += piece
    return body


@contextlib.contextmanager
def _ours(folder: Path, workers: int) -> Iterator[int]:
    from peers import free_port

    from .races import wait_for

    port = free_port()
    options = ("--state", str(folder / f"state-{workers}"), "--port", str(port), "--workers", str(workers))
    command = [sys.executable, "-m", "ippfast", "serve", *options, "--history", "100000000"]
    limits = ("--max-jobs", "100000000", "--max-connections-per-host", "100")
    process = subprocess.Popen(
        [*command, *limits], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextlib.contextmanager
def _cupsd() -> Iterator[int]:
    from peers import Scheduler, SystemBus

    class Discarding(Scheduler):
        CONFIGURATION = "MaxJobs 0\nPreserveJobFiles No\nMaxClients 200\n" + Scheduler.CONFIGURATION
        FILES = "FileDevice Yes\n" + Scheduler.FILES

    with SystemBus() as bus, Discarding(bus) as scheduler:
        scheduler.add_queue("discard", "file:///dev/null")
        yield scheduler.port


def _turn(port: int, path: str, octets: int, connections: int, seconds: float, slowest: list[float]) -> float:
    os.sync()  # who waits for the disk is not to wait for what another one has left in memory
    command = [sys.executable, "-m", "benchmarks.stream.jobs", port, path, octets, connections, seconds]
    done = subprocess.run(
        on_core(SENDER, *map(str, command)), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    try:
        found = json.loads(done.stdout)
    except ValueError as error:
        raise Failure((done.stderr.strip().splitlines() or ["it printed nothing"])[-1]) from error
    slowest.append(found["p99"])
    if not found["rate"]:
        raise Failure("no job was taken")
    return float(found["rate"])


def jobs(plan: "Plan", turns_of: "type[Turns]") -> Iterator[Any]:
    """Print servers, each for some seconds in turn."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ippfast-jobs-", dir="/var/tmp")))
        servers: dict[str, tuple[int, str]] = {}
        errors: dict[str, str] = {}
        try:
            servers["cupsd"] = (stack.enter_context(_cupsd()), "/printers/discard")
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            errors["cupsd"] = str(error)
        for workers in (1, 2):
            name = "ippfast" if workers == 1 else f"ippfast, {workers} workers"
            try:
                servers[name] = (stack.enter_context(_ours(folder, workers)), "/ipp/print")
            except (OSError, Failure) as error:
                errors[name] = str(error)
        for title, octets, connections in _KINDS:
            turns = turns_of(stack, f"Print-Job, {title}", "jobs/s")
            slowest: dict[str, list[float]] = {name: [] for name in servers}
            turns.race.errors |= errors
            for name, (port, path) in servers.items():
                turns.add(name, partial(_turn, port, path, octets, connections, plan.job_seconds, slowest[name]))
            yield turns.run(plan.rounds)
            late = Race(f"Print-Job, {title}: 99th percentile", "ms")
            late.speeds = {name: [seconds * 1e3 for seconds in found] for name, found in slowest.items() if found}
            yield late


if __name__ == "__main__":
    rate, p99 = load(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
    print(json.dumps({"rate": rate, "p99": p99}))
