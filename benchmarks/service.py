"""``python -m benchmarks.service``: a print service against bare engines; writes docs/benchmarks/service.*.

--once     everything in small, to see that nothing is broken; nothing is written
-k PART    only this part (again for more): jobs, store, objects, claim, queues; nothing is written

Rule: what is compared takes turns within one run on one machine, where all of it shares the cores: servers, database,
object store and who asks them. So ratios say something, and absolute figures little.
"""

import argparse
import contextlib
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .contenders import ROOT
from .service_report import Results, Row, publish
from .stream.jobs import _answer

_QUEUES = 100
_DOCUMENT = 10_000
_MEBIBYTE = 1024 * 1024
_SUCCESS = (b"\x00\x00", b"\x00\x01")
_RAW = """
CREATE TABLE bare_queues (id INTEGER PRIMARY KEY, last INTEGER NOT NULL DEFAULT 0, active INTEGER NOT NULL DEFAULT 0)
    WITH (fillfactor = 50);
CREATE TABLE bare_jobs (queue INTEGER, id INTEGER, state SMALLINT, name BYTEA, owner BYTEA, ticket BYTEA,
    created TIMESTAMPTZ DEFAULT now(), PRIMARY KEY (queue, id));
CREATE INDEX bare_ready ON bare_jobs (queue) WHERE state = 3;
CREATE TABLE bare_documents (queue INTEGER, job INTEGER, number INTEGER, key TEXT, octets BIGINT,
    PRIMARY KEY (queue, job, number));
CREATE TABLE bare_subscriptions (queue INTEGER, id INTEGER, last INTEGER, PRIMARY KEY (queue, id));
CREATE FUNCTION bare_add(q INTEGER, n BYTEA, t BYTEA, k TEXT, o BIGINT) RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE j INTEGER; BEGIN
    UPDATE bare_queues SET last = last + 1, active = active + 1 WHERE id = q AND active < 1000000 RETURNING last INTO j;
    INSERT INTO bare_jobs (queue, id, state, name, owner, ticket) VALUES (q, j, 3, n, n, t);
    INSERT INTO bare_documents VALUES (q, j, 1, k, o);
    UPDATE bare_subscriptions SET last = last + 1 WHERE queue = q;
    RETURN j;
END $$;
INSERT INTO bare_queues SELECT generate_series(0, 99);
"""


@dataclass
class Plan:
    """How much is done. seconds: of a turn; rounds: turns of each."""

    once: bool

    @property
    def seconds(self) -> float:
        return 0.5 if self.once else 4.0

    @property
    def rounds(self) -> int:
        return 1 if self.once else 3


# Other processes.


class Child:
    """A role of this file in a process of its own, which says a line of JSON for each that it is asked."""

    def __init__(self, role: str, **given: Any) -> None:
        command = [sys.executable, "-m", "benchmarks.service", "--role", role, json.dumps(given)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
        )
        self.pid = self._process.pid

    def read(self) -> Any:
        """What it says next."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the benchmark ended")
        return json.loads(line)

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _say(value: object) -> None:
    print(json.dumps(value), flush=True)


def _front(store: str, documents: str, queues: int, connections: int) -> None:
    """A front end. Says its port, and in how many seconds it was there."""
    from ippfast.http import HTTPLimits, Server
    from ippfast.printer import PrinterLimits, PrintService, QueueSpec
    from ippfast.printer.storage.places import Place
    from ippfast.printer.storage.postgres import PostgresStorage

    sys.setswitchinterval(0.0005)  # as `ippfast serve` does
    began = time.perf_counter()
    postgres = store.startswith("postgresql")
    storage = PostgresStorage(store, documents, connections=connections) if postgres else Place(store=store).open()
    specs = [QueueSpec(name=f"q{number}") for number in range(queues)]
    service = PrintService(storage, queues=specs, workers=0, shared=postgres, limits=PrinterLimits(history=None))
    with service, Server(service, port=0, limits=HTTPLimits(connections_per_host=1_000)) as server:
        _say({"port": server.port, "seconds": time.perf_counter() - began, "memory": memory(os.getpid())})
        sys.stdin.read()
    storage.close()


def _work(store: str, documents: str) -> None:
    """A worker, which says each job that it begins, and when."""
    from ippfast.printer import PrintService
    from ippfast.printer.outputs import Task
    from ippfast.printer.storage.postgres import PostgresStorage

    class Telling:
        def run(self, task: Task) -> None:
            _say([task.job.id, time.monotonic()])

    output = Telling()
    storage = PostgresStorage(store, documents)
    with PrintService(storage, workers=2, shared=True, output=lambda spec: output):
        _say("ready")
        sys.stdin.read()
    storage.close()


def _load(port: int, connections: int, seconds: float) -> None:
    """Print over kept connections, each time on another queue. Says jobs a second, and the median of their times."""
    requests = [request(port, f"/ipp/print/q{number}") for number in range(_QUEUES)]
    times: list[float] = []

    def run(seed: int) -> None:
        choice = random.Random(seed)
        with socket.create_connection(("127.0.0.1", port), 30.0) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (start := time.perf_counter()) < end:
                sock.sendall(choice.choice(requests))
                if _answer(sock)[2:4] in _SUCCESS:
                    times.append(time.perf_counter() - start)

    begun = time.perf_counter()
    end = begun + seconds
    _together(run, connections)
    _say({"rate": len(times) / (time.perf_counter() - begun), "median": statistics.median(times) if times else 0.0})


def _bare(store: str, connections: int, seconds: float) -> None:
    """The same in bare SQL: a counter with its limit, a job, its document, its events."""
    import psycopg

    done = [0] * connections
    ready = threading.Barrier(connections + 1)

    def run(number: int) -> None:
        choice = random.Random(number)
        with psycopg.connect(store, autocommit=True) as connection:
            ready.wait()
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                key = f"{choice.getrandbits(128):032x}"
                values = (choice.randrange(_QUEUES), b"job", bytes(200), key, _DOCUMENT)
                connection.execute("SELECT bare_add(%s, %s, %s, %s, %s)", values, prepare=True).fetchone()
                done[number] += 1

    with ThreadPoolExecutor(connections) as pool:
        running = [pool.submit(run, number) for number in range(connections)]
        ready.wait()
        for each in running:
            each.result()
    _say({"rate": sum(done) / seconds})


def _create(store: str, documents: str, connections: int, seconds: float) -> None:
    """`JobStore.create` alone."""
    from ippfast.printer.storage.postgres import PostgresStorage
    from ippfast.printer.storage.rows import NewDocument, NewJob

    storage = PostgresStorage(store, documents, connections=connections)
    queues = [storage.queue(f"q{number}/{number + 1}") for number in range(_QUEUES)]
    done = [0] * connections

    def run(number: int) -> None:
        choice = random.Random(number)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            key = f"{choice.getrandbits(128):032x}"
            document = NewDocument(key=key, octets=_DOCUMENT, format="application/pdf", name="", ticket=b"")
            choice.choice(queues).create(NewJob(name="job", user="bench", host="h", ticket=bytes(200)), [document])
            done[number] += 1

    _together(run, connections)
    _say({"rate": sum(done) / seconds})
    storage.close()


def _stream(url: str, store: str, octets: int, bare: bool) -> None:
    """One document into an object store: octets a second, and how much memory it took."""
    import obstore

    from ippfast.printer.storage import objects as ours
    from ippfast.printer.storage.memory import MemoryStorage

    memory_storage = MemoryStorage()
    documents = ours.Objects(url, memory_storage.queue("q"), life=3_600.0)
    piece = bytes(65_536)

    def send(size: int) -> None:
        pieces = (bytes(bytearray(piece)) for _ in range(size // len(piece)))  # each another, as from a socket
        if bare:
            key, part, at_once = f"{random.getrandbits(128):032x}", ours._PART, ours._AT_ONCE
            obstore.put(documents._store, key, pieces, use_multipart=True, chunk_size=part, max_concurrency=at_once)
        else:
            with documents.new() as incoming:
                incoming.write(pieces, None)
                incoming.keep()

    before = memory(os.getpid())
    send(20 * _MEBIBYTE)  # to warm up
    began = time.perf_counter()
    send(octets)
    _say({"speed": octets / (time.perf_counter() - began), "memory": memory(os.getpid(), peak=True) - before})
    memory_storage.close()


_ROLES: dict[str, Callable[..., None]] = {
    "front": _front,
    "work": _work,
    "load": _load,
    "bare": _bare,
    "create": _create,
    "stream": _stream,
}


# What they need.


def request(port: int, path: str) -> bytes:
    """A Print-Job as it goes over the wire."""
    from ippfast import encode, operations

    body = encode(operations.print_job(f"ipp://localhost:{port}{path}", user="bench", job_name="job"))
    return _http(port, path, body + bytes(_DOCUMENT))


def _http(port: int, path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/ipp\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def memory(process: int, *, peak: bool = False) -> int:
    """The octets that a process has in memory, or the most that it had."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:" if peak else "VmRSS:")[2].split()[0]) * 1024


def _together(run: Callable[[int], None], count: int) -> None:
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run, range(count)))


def _percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


@contextlib.contextmanager
def _database() -> Iterator[Any]:
    from engines import Postgres

    with Postgres("max_connections=300", "shared_buffers=256MB", durable=True) as running:
        yield running


def _rate(role: str, **given: Any) -> float:
    with Child(role, **given) as child:
        return float(child.read()["rate"])


# The parts.


def jobs(plan: Plan, folder: Path) -> Iterator[Row]:
    """Print-Jobs a second over 32 connections and 100 queues."""
    import psycopg

    connections = 32
    with _database() as database, contextlib.ExitStack() as stack:
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(_RAW)
        given = {"store": database.url, "documents": str(folder / "documents"), "queues": _QUEUES, "connections": 32}
        ports = [stack.enter_context(Child("front", **given)).read()["port"] for _ in range(2)]
        rates: dict[str, list[float]] = {"bare": [], "one": [], "two": []}
        for round_ in range(plan.rounds + 1):
            turn = {"bare": [_rate("bare", store=database.url, connections=connections, seconds=plan.seconds)]}
            turn["one"] = [_rate("load", port=ports[0], connections=connections, seconds=plan.seconds)]
            with contextlib.ExitStack() as loads:
                given = {"connections": connections // 2, "seconds": plan.seconds}
                both = [loads.enter_context(Child("load", port=port, **given)) for port in ports]
                turn["two"] = [sum(child.read()["rate"] for child in both)]
            if round_ or plan.once:  # the first is to warm up
                for name, found in turn.items():
                    rates[name] += found
        bare = statistics.median(rates["bare"])
        for name, words, goal in (("one", "one front end", 0.4), ("two", "two front ends", 0.6)):
            rate = statistics.median(rates[name])
            yield Row(
                f"Print-Jobs of 10 kB, 32 connections, 100 queues, {words}",
                f"{rate:,.0f} jobs/s",
                f"bare SQL: {bare:,.0f}",
                f"{rate / bare:.2f}",
                f"{goal}",
                rate / bare / goal,
            )


def store(plan: Plan, folder: Path) -> Iterator[Row]:
    """The database's share alone."""
    import psycopg

    with _database() as database:
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(_RAW)
        given = {"store": database.url, "connections": 8, "seconds": plan.seconds}
        rates: dict[str, list[float]] = {"bare": [], "create": []}
        for round_ in range(plan.rounds + 1):
            found = {"bare": _rate("bare", **given)}
            found["create"] = _rate("create", documents=str(folder / "documents"), **given)
            if round_ or plan.once:
                for name, rate in found.items():
                    rates[name].append(rate)
        bare, ours = statistics.median(rates["bare"]), statistics.median(rates["create"])
        yield Row(
            "`create` in the store, 8 connections",
            f"{ours:,.0f} jobs/s",
            f"bare SQL: {bare:,.0f}",
            f"{ours / bare:.2f}",
            "0.8",
            ours / bare / 0.8,
        )


def objects(plan: Plan, folder: Path) -> Iterator[Row]:
    """A document into an object store that speaks S3."""
    from engines import ObjectServer

    del folder
    octets = (64 if plan.once else 512) * _MEBIBYTE
    with ObjectServer() as server:
        os.environ |= server.environment
        speeds: dict[bool, list[float]] = {True: [], False: []}
        grown: dict[bool, list[int]] = {True: [], False: []}
        for _ in range(plan.rounds):
            for bare in (True, False):
                with Child("stream", url=server.bucket(), store="", octets=octets, bare=bare) as child:
                    found = child.read()
                speeds[bare].append(found["speed"])
                grown[bare].append(found["memory"])
    ours, bare_speed = statistics.median(speeds[False]), statistics.median(speeds[True])
    yield Row(
        "a document into S3",
        f"{ours / _MEBIBYTE:,.0f} MiB/s",
        f"obstore alone: {bare_speed / _MEBIBYTE:,.0f}",
        f"{ours / bare_speed:.2f}",
        "0.8",
        ours / bare_speed / 0.8,
    )
    more = max(grown[False]) / _MEBIBYTE
    yield Row(
        "its memory, at most",
        f"+{more:.0f} MiB",
        f"obstore alone: +{max(grown[True]) / _MEBIBYTE:.0f}",
        "",
        "+32 MiB",
        32 / max(1, more),
    )


def claim(plan: Plan, folder: Path) -> Iterator[Row]:
    """From the acknowledgement of a job to its worker, which has nothing else to do."""
    given: dict[str, Any]
    with _database() as database:
        notified = _notified(database.url, 20 if plan.once else 200)
        place = {"store": database.url, "documents": str(folder / "documents")}
        given = {**place, "queues": _QUEUES, "connections": 4}
        with Child("front", **given) as front, Child("work", **place) as work:
            port = front.read()["port"]
            work.read()
            times = []
            with socket.create_connection(("127.0.0.1", port), 30.0) as sock:
                for number in range(20 if plan.once else 300):
                    sock.sendall(request(port, f"/ipp/print/q{number % _QUEUES}"))
                    _answer(sock)
                    told = time.monotonic()
                    times.append(work.read()[1] - told)
                    time.sleep(0.03)
    p50, p99 = (_percentile(times, share) * 1_000 for share in (0.5, 0.99))
    yield Row(
        "from acknowledgement to a worker's output, idle",
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        f"NOTIFY alone: p50 {notified * 1_000:.2f} ms",
        "",
        "p99 20 ms",
        20.0 / p99,
    )


def _notified(url: str, count: int) -> float:
    import psycopg

    times: list[float] = []
    with psycopg.connect(url, autocommit=True) as here, psycopg.connect(url, autocommit=True) as there:
        there.execute("LISTEN bench")
        for _ in range(count):
            began = time.perf_counter()
            here.execute("NOTIFY bench")
            next(iter(there.notifies(stop_after=1)))
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def queues(plan: Plan, folder: Path) -> Iterator[Row]:
    """10,000 queues in one process, and what lists them."""
    count = 500 if plan.once else 10_000
    with Child("front", store=str(folder / "state"), documents="", queues=count, connections=1) as child:
        found = child.read()
        used = found["memory"] / _MEBIBYTE
        yield Row(f"{count:,} queues: start", f"{found['seconds']:.1f} s", "", "", "5 s", 5.0 / found["seconds"])
        yield Row(f"{count:,} queues: memory", f"{used:.0f} MiB", "", "", "200 MB", 200.0 / (used * 1.048576))
        for words, names in (("all attributes", None), ("8 attributes", _EIGHT)):
            times, octets = _listed(found["port"], names, 3 if plan.once else 30)
            middle = statistics.median(times) * 1_000
            yield Row(
                f"Get-Printers over {count:,} queues, limit 100, {words} ({octets // 1024:,} KiB)",
                f"{middle:.1f} ms",
                f"the first time: {times[0] * 1_000:.0f} ms",
                "",
                "20 ms",
                20.0 / middle,
            )


_EIGHT = ["printer-id", "printer-name", "printer-info", "printer-state", "printer-state-reasons"]
_EIGHT += ["printer-is-accepting-jobs", "queued-job-count", "printer-uri-supported"]


def _listed(port: int, names: list[str] | None, count: int) -> tuple[list[float], int]:
    from ippfast import Operation, encode
    from ippfast import request as message

    attributes: dict[str, Any] = {"system-uri": f"ipp://localhost:{port}/ipp/system", "limit": 100}
    if names is not None:
        attributes["requested-attributes"] = names
    body = _http(port, "/ipp/system", encode(message(Operation.GET_PRINTERS, operation_attributes=attributes)))
    times, size = [], 0
    with socket.create_connection(("127.0.0.1", port), 30.0) as sock:
        for _ in range(count):
            began = time.perf_counter()
            sock.sendall(body)
            size = len(_answer(sock))
            times.append(time.perf_counter() - began)
    return times, size


PARTS: dict[str, Callable[[Plan, Path], Iterator[Row]]] = {
    "jobs": jobs,
    "store": store,
    "objects": objects,
    "claim": claim,
    "queues": queues,
}


def _facts(*, once: bool) -> dict[str, Any]:
    import psycopg

    from . import publishing

    return publishing.facts("service", "once" if once else "full", {"psycopg": psycopg.__version__})


def main() -> int:
    """See the file's head."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description="A print service's figures.")
    parser.add_argument("--once", action="store_true", help="everything in small, nothing written")
    parser.add_argument("-k", action="append", default=[], metavar="PART", choices=PARTS, help="only this part")
    parser.add_argument("--role", nargs=2, metavar=("ROLE", "JSON"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.role:
        _ROLES[given.role[0]](**json.loads(given.role[1]))
        return 0
    sys.path.insert(0, str(ROOT / "tests" / "support"))  # the engines, as tests have them
    results, plan = Results(facts=_facts(once=given.once)), Plan(once=given.once)
    for name, part in PARTS.items():
        if given.k and name not in given.k:
            continue
        with tempfile.TemporaryDirectory(prefix="ippfast-bench-") as folder:
            for row in part(plan, Path(folder)):
                results.rows.append(row)
                print(f"{row.measure}: {row.found}; {row.against} {row.ratio}", flush=True)
    print(results.markdown())
    if not (given.once or given.k):
        publish(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
