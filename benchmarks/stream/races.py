"""The races: who does what against whom.

Rule: contenders take turns, round by round, so that noise of the machine hits all alike; the end that is judged has a
core to itself where there are two.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ippfast import http

from ..contenders import PYTHON_PEERS, READY, ROOT, peer_python, run_quietly
from . import wire
from .jobs import jobs
from .processes import RECEIVER, SENDER, End, Failure, memory, on_core, peak_memory
from .results import MEBIBYTE, Race, Results

__all__ = ["Plan", "run"]

ASGI = READY / f"asgi-{sys.version_info.major}.{sys.version_info.minor}"
ASGI_SERVERS = ("uvicorn[standard]", "granian")
SHELLS = ("threads", "asyncio") if hasattr(http, "AsyncServer") and hasattr(http, "AsyncClient") else ("threads",)
TMPFS = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
CHUNKS = {"Content-Length": 0, "chunks of 64 KiB": 65_536, "chunks of 8 KiB": 8_192, "chunks of 1 KiB": 1_024}
BUSY = 0x0507
RACE_SECONDS = 15.0


class Plan:
    """How much is done. once: everything in small, to see that nothing is broken. quick: rough figures soon."""

    def __init__(self, *, once: bool = False, quick: bool = False) -> None:
        def choose(full: int, short: int, least: int) -> int:
            return least if once else short if quick else full

        self.rounds = choose(7, 3, 1)
        self.octets = choose(512, 128, 4) * MEBIBYTE
        self.slow_octets = choose(64, 32, 1) * MEBIBYTE
        self.memory_octets = choose(8192, 1024, 16) * MEBIBYTE
        self.scale_octets = choose(1024, 256, 8) * MEBIBYTE
        self.wrk_seconds = choose(3, 2, 1)
        self.wrk_rounds = choose(3, 3, 1)
        self.job_seconds = choose(3, 2, 1)
        self.idle, self.streams = choose(1_000, 1_000, 20), choose(50, 50, 5)


def prepare() -> Iterator[str]:
    """Install what is not there yet; yields a line for each step, and for what has to stay away."""
    READY.mkdir(parents=True, exist_ok=True)
    for name in ("ippx", "pyipp", "ippserver"):
        home, requirement = peer_python(name).parent.parent, PYTHON_PEERS[name][0]
        if (home / "complete").exists():
            continue
        yield f"{name}: installing {requirement}"
        pip = (peer_python(name), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement)
        wrong = run_quietly(sys.executable, "-m", "venv", home) or run_quietly(*pip)
        if wrong:
            yield f"{name}: stays away ({wrong})"
        else:
            (home / "complete").touch()
    if not (ASGI / "complete").exists():
        yield f"installing {', '.join(ASGI_SERVERS)}"
        target = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", ASGI)
        wrong = run_quietly(sys.executable, *target, *ASGI_SERVERS)
        if wrong:
            yield f"the servers for ASGI stay away ({wrong})"
        else:
            (ASGI / "complete").touch()


class Turns:
    """A race under way: contenders that are ready, and those that fell out."""

    def __init__(self, stack: contextlib.ExitStack, title: str, unit: str = "MB/s") -> None:
        self.race = Race(title, unit)
        self._stack = stack
        self._turns: dict[str, Callable[[], float]] = {}

    def end(self, name: str, role: str, *arguments: str, core: str) -> End | None:
        """Start an end; where that fails, the contender is out."""
        try:
            return self._stack.enter_context(End(role, *arguments, core=core))
        except Failure as failure:
            self.race.errors[name] = str(failure)
            return None

    def add(self, name: str, turn: Callable[[], float]) -> None:
        """turn: does it once and gives the speed. Raises Failure."""
        self._turns[name] = turn

    def run(self, rounds: int) -> Race:
        end = time.monotonic() + RACE_SECONDS
        for number in range(rounds + 1):
            if number > 3 and time.monotonic() > end:  # on a machine that has other work to do
                break
            for name, turn in list(self._turns.items()):
                try:
                    speed = turn()
                except Failure as failure:
                    self.race.errors[name] = str(failure)
                    del self._turns[name]
                    continue
                if number or rounds == 1:  # the first is to get warm
                    self.race.speeds.setdefault(name, []).append(speed)
        return self.race


def _upload(sender: End, port: int, octets: int, piece: int) -> float:
    give_up = time.monotonic() + 30.0
    while True:
        found = sender.ask(port, octets, piece)
        if found["status"] == 0:
            return octets / float(found["seconds"]) / 1e6
        if found["status"] != BUSY or time.monotonic() > give_up:
            raise Failure(f"the answer was {found['status']:#x}")
        time.sleep(0.02)


def receive(plan: Plan) -> Iterator[Race]:
    """Bodies that nobody keeps."""
    roles = {"bare recv_into": "receive-bare", "h11": "receive-h11"}
    roles |= {shell: f"receive-{shell}" for shell in SHELLS}
    with contextlib.ExitStack() as stack:
        sender = stack.enter_context(End("send-bare", core=SENDER))
        for title, piece in CHUNKS.items():
            turns = Turns(stack, f"receive, {title}")
            for name, role in roles.items():
                end = turns.end(name, role, core=RECEIVER)
                octets = plan.slow_octets if name == "h11" else plan.octets
                if end:
                    turns.add(name, partial(_upload, sender, end.port, octets, piece))
            yield turns.run(plan.rounds)


def spool(plan: Plan, peers: "Peers") -> Iterator[Race]:
    """The same into a file in memory, as a print server does it."""
    with contextlib.ExitStack() as stack:
        turns = Turns(stack, "receive into a file")
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=TMPFS))
        sender = stack.enter_context(End("send-bare", core=SENDER))
        printer = peers.printer

        def print_on(port: int, spool: Path) -> float:
            speed = _upload(sender, port, plan.octets, 0)
            for file in spool.iterdir():  # by now no clock runs
                file.unlink()
            return speed

        if printer is None:
            turns.race.errors["ippeveprinter"] = peers.why
        else:
            turns.add("ippeveprinter", partial(print_on, printer.port, printer.spool))
        for name in SHELLS:
            end = turns.end(name, f"spool-{name}", folder, core=RECEIVER)
            if end:
                turns.add(name, partial(print_on, end.port, Path(folder)))
        yield turns.run(plan.rounds)


def _to_sink(sink: End, client: Callable[[], object]) -> float:
    client()
    found = sink.read()
    return float(found["octets"]) / float(found["seconds"]) / 1e6


def send(plan: Plan) -> Iterator[Race]:
    """Documents on their way out, to a sink that keeps the clock."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=TMPFS)))
        file = folder / "document.pdf"
        file.write_bytes(bytes(plan.octets))
        sink = stack.enter_context(End("sink", core=SENDER))
        discarding = stack.enter_context(End("sink", "discard", core=SENDER))
        uri = f"ipp://localhost:{discarding.port}/ipp/print"

        turns = Turns(stack, "send a file")
        bare = turns.end("bare sendfile", "sendfile-bare", core=RECEIVER)
        assert bare is not None
        turns.add("bare sendfile", partial(_to_sink, discarding, partial(bare.ask, discarding.port, file)))
        clients = {name: turns.end(name, f"client-{name}", core=RECEIVER) for name in SHELLS}

        def ours(client: End, sink: End, what: object, piece: int) -> float:
            return _to_sink(sink, partial(client.ask, "ipp", sink.port, "-", what, piece))

        for name, client in clients.items():
            if client:
                turns.add(name, partial(ours, client, discarding, file, 0))
        ipptool = on_core(RECEIVER, "ipptool", "-q", "-L", "-f", file, uri, "print-job.test")

        def run_ipptool() -> float:
            # It misses a job-id in the answer, which comes when all is measured.
            return _to_sink(discarding, lambda: subprocess.run(ipptool, capture_output=True, timeout=60, check=False))

        turns.add("ipptool", run_ipptool)
        yield turns.run(plan.rounds)

        for title, piece in (("64 KiB", 65_536), ("4 KiB", 4_096)):
            turns = Turns(stack, f"send pieces of {title}, chunked")
            loop = turns.end("bare sendall", "sendall-bare", core=RECEIVER)
            assert loop is not None
            turns.add("bare sendall", partial(_to_sink, sink, partial(loop.ask, sink.port, plan.octets, piece)))
            for name, client in clients.items():
                if client:
                    turns.add(name, partial(ours, client, sink, plan.octets, piece))
                else:
                    turns.race.errors[name] = "not there"
            yield turns.run(plan.rounds)


def ask(plan: Plan, peers: "Peers") -> Iterator[Race]:
    """Small requests on connections that are kept, by wrk."""
    with contextlib.ExitStack() as stack:
        turns = Turns(stack, "Get-Printer-Attributes", "requests/s")
        script = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "post.lua"
        body = "".join(f"\\{octet:03d}" for octet in wire.question())
        lines = ['wrk.method = "POST"', 'wrk.headers["Content-Type"] = "application/ipp"', f'wrk.body = "{body}"']
        script.write_text("\n".join(lines))

        def wrk(port: int) -> float:
            url = f"http://localhost:{port}/ipp/print"
            command = on_core(SENDER, "wrk", "-t1", "-c8", f"-d{plan.wrk_seconds}s", "-s", script, url)
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            except (OSError, subprocess.SubprocessError) as error:
                raise Failure(str(error)) from error
            found = re.search(r"Requests/sec: *([0-9.]+)", done.stdout)
            if found is None or "Non-2xx" in done.stdout or float(found[1]) == 0:
                raise Failure(done.stdout.strip().splitlines()[-1])
            return float(found[1])

        if peers.printer is None:
            turns.race.errors["ippeveprinter"] = peers.why
        else:
            turns.add("ippeveprinter", lambda: wrk(peers.printer.port))
        for name in SHELLS:
            end = turns.end(name, f"ask-{name}", core=RECEIVER)
            if end:
                turns.add(name, partial(wrk, end.port))
        for name in ("uvicorn", "granian"):
            try:
                port = stack.enter_context(asgi_server(name))
                turns.add(name, partial(wrk, port))
            except Failure as failure:
                turns.race.errors[name] = str(failure)
        yield turns.run(plan.wrk_rounds)


@contextlib.contextmanager
def asgi_server(name: str) -> Iterator[int]:
    """An ASGI server with our application; the port."""
    from peers import free_port

    port = free_port()
    options = {
        "uvicorn": ("--port", str(port), "--log-level", "error", "--no-access-log", "--http", "httptools"),
        "granian": ("--port", str(port), "--interface", "asgi", "--log-level", "error", "--no-ws", "--workers", "1"),
    }
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ASGI}"}
    command = on_core(RECEIVER, sys.executable, "-m", name, "benchmarks.stream.asgi:application", *options[name])
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)


def wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    import socket

    give_up = time.monotonic() + 15.0
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > give_up:
                process.kill()
                words = (process.communicate()[1] or "").strip().splitlines()[-1:]
                raise Failure(": ".join(["it did not start", *words])) from None
            time.sleep(0.05)


def keep_memory(plan: Plan, certificate: Path) -> Iterator[dict[str, Any]]:
    """One large job from our client to our server, both of which are watched."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=TMPFS)))
        file = folder / "document"
        with file.open("wb") as sparse:
            sparse.truncate(plan.memory_octets)
        for shell in SHELLS:
            for scheme in ("ipp", "ipps"):
                for framing in ("Content-Length", "chunked"):
                    found: dict[str, Any] = {"who": shell, "octets": plan.memory_octets}
                    found["what"] = f"{framing}, {'TLS' if scheme == 'ipps' else 'plain'}"
                    document: object = file if framing == "Content-Length" else plan.memory_octets
                    arguments = [str(certificate)] if scheme == "ipps" else []
                    try:
                        with (
                            End(f"receive-{shell}", *arguments, core=RECEIVER) as server,
                            End(f"client-{shell}", core=SENDER) as client,
                        ):
                            idle = {"sender": memory(client.pid), "receiver": memory(server.pid)}
                            for end in (client, server):
                                peak_memory(end.pid)
                            start = time.perf_counter()
                            client.ask(scheme, server.port, certificate if arguments else "-", document, 65_536)
                            found["seconds"] = time.perf_counter() - start
                            peaks = {"sender": peak_memory(client.pid), "receiver": peak_memory(server.pid)}
                            for end_name, before in idle.items():
                                found[end_name] = {"idle": before, "more": peaks[end_name] - before}
                    except Failure as failure:
                        found["error"] = str(failure)
                    yield found


def crowd(plan: Plan) -> Iterator[dict[str, Any]]:
    """Many connections that wait, and some that stream meanwhile."""
    for shell in SHELLS:
        octets = max(MEBIBYTE, plan.slow_octets // 4)
        found: dict[str, Any] = {"who": shell, "idle": plan.idle, "streams": plan.streams, "octets": octets}
        try:
            with End(f"receive-{shell}", core=RECEIVER) as server, End("crowd", core=SENDER) as clients:
                found["before"] = memory(server.pid)
                clients.ask(server.port, plan.idle, plan.streams, octets)
                found["waiting"] = memory(server.pid)
                peak_memory(server.pid)
                clients.tell("go")
                found |= clients.read()
                found["peak"] = peak_memory(server.pid)
        except Failure as failure:
            found["error"] = str(failure)
        yield found


def scale(plan: Plan) -> Iterator[dict[str, Any]]:
    """What others need for one upload of the same size; ippx, the slowest, has a quarter of it."""
    with End("sink", core=SENDER) as sink:
        for name in ("ippx", "pyipp", "threads"):
            octets = plan.scale_octets // (4 if name == "ippx" else 1)
            found: dict[str, Any] = {"who": name if name != "threads" else "ippfast", "octets": octets}
            python = sys.executable if name == "threads" else peer_python(name)
            try:
                with End(f"client-{name}", core=RECEIVER, python=python) as client:
                    idle = memory(client.pid)
                    peak_memory(client.pid)
                    task = ("ipp", sink.port, "-", octets, 65_536) if name == "threads" else (sink.port, octets)
                    start = time.perf_counter()
                    client.ask(*task)
                    found["speed"] = octets / (time.perf_counter() - start) / 1e6
                    sink.read()
                    found["more"] = peak_memory(client.pid) - idle
            except (Failure, OSError) as failure:
                found["error"] = str(failure)
            yield found
    yield from _ippserver(plan)


def _ippserver(plan: Plan) -> Iterator[dict[str, Any]]:
    """A server: it takes chunks alone, and keeps the document in memory."""
    from peers import free_port

    for piece, octets in ((65_536, plan.scale_octets), (0, MEBIBYTE)):
        port = free_port()
        found: dict[str, Any] = {"who": "ippserver (receives)", "octets": octets}
        with tempfile.TemporaryDirectory(dir=TMPFS) as folder:
            options = ("-m", "ippserver", "-H", "localhost", "-p", str(port), "save", folder)
            command = on_core(RECEIVER, peer_python("ippserver"), *options)
            process = None
            try:
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
                wait_for(port, process)
                idle = memory(process.pid)
                peak_memory(process.pid)
                with End("send-bare", "60" if piece else "5", core=SENDER) as sender:
                    found["speed"] = _upload(sender, port, octets, piece)
                    found["more"] = peak_memory(process.pid) - idle
            except (Failure, OSError) as failure:
                found["error"] = f"{'chunks' if piece else 'Content-Length'}: {failure}"
            finally:
                if process is not None:
                    process.kill()
                    process.communicate()
        yield found


class Peers:
    """CUPS' ippeveprinter, tied to the receivers' core, with its spool in memory."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        sys.path.append(str(ROOT / "tests" / "support"))
        self.why = ""
        self.printer: Any = None
        from peers import EvePrinter, SystemBus

        kept, tempfile.tempdir = tempfile.tempdir, str(TMPFS)
        try:
            bus = stack.enter_context(SystemBus())
            self.printer = stack.enter_context(EvePrinter(bus))
            if RECEIVER:
                os.sched_setaffinity(self.printer._process.pid, {int(RECEIVER)})
        except (OSError, RuntimeError) as error:
            self.why = str(error)
        finally:
            tempfile.tempdir = kept


def run(plan: Plan, certificate: Path, only: Sequence[str], say: Callable[[str], None]) -> Results:
    """All of it, or those parts whose names are given."""
    results = Results()
    with contextlib.ExitStack() as stack:
        peers = Peers(stack)
        parts: dict[str, Callable[[], Iterator[Any]]] = {
            "receive": lambda: receive(plan),
            "spool": lambda: spool(plan, peers),
            "send": lambda: send(plan),
            "ask": lambda: ask(plan, peers),
            "jobs": lambda: jobs(plan, Turns),
            "memory": lambda: keep_memory(plan, certificate),
            "crowd": lambda: crowd(plan),
            "scale": lambda: scale(plan),
        }
        for name, part in parts.items():
            if only and name not in only:
                continue
            start = time.monotonic()
            for each in part():
                (results.races if isinstance(each, Race) else getattr(results, name)).append(each)
            say(f"{name}: {time.monotonic() - start:.0f} s")
    return results
