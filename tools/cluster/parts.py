"""The hosts of the cluster, and the processes on them.

The rule of this file: what is begun here is ended here, by its own number, and each process listens in our own network
namespace alone, or on loopback.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from engines import ObjectServer, Postgres, Standby
from peers import Peer, free_port, program

from .node import Given

__all__ = ["Balancer", "Cluster", "Hosts", "Node"]

_NETWORK = "10.98.0"
_QUEUES = 20
_START = 120.0


class Hosts:
    """Network namespaces on a bridge, beginning with host 1; `commands[i]` begins a command in one.

    Without them (`are_real` is false) all is on loopback, and no link can be cut.
    """

    def __init__(self, count: int, *, real: bool) -> None:
        self.are_real = real
        self.core = f"{_NETWORK}.254" if real else "127.0.0.1"
        """The address of the database, the object store and the balancer."""
        self.addresses = [f"{_NETWORK}.{number}" if real else "127.0.0.1" for number in range(1, count + 1)]
        mark = secrets.token_hex(3)
        self._names = [f"ippfast-{mark}-{number}" for number in range(count)] if real else []
        self.commands: list[list[str]] = [["ip", "netns", "exec", name] for name in self._names] or [[]] * count
        if real:
            self._make()

    def _make(self) -> None:
        _ip("link", "set", "lo", "up")
        _ip("link", "add", "bridge", "type", "bridge")
        _ip("address", "add", f"{self.core}/24", "dev", "bridge")
        _ip("link", "set", "bridge", "up")
        for number, (name, address) in enumerate(zip(self._names, self.addresses, strict=True)):
            _ip("netns", "add", name)
            _ip("link", "add", f"host{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", f"host{number}", "master", "bridge", "up")
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def link(self, number: int, *, up: bool) -> None:
        """Cut a host off, or connect it again."""
        _ip("link", "set", f"host{number}", "up" if up else "down")

    def close(self) -> None:
        """Remove them."""
        for name in self._names:
            subprocess.run([program("ip"), "netns", "delete", name], check=False)


def _ip(*words: str) -> None:
    subprocess.run([program("ip"), *words], check=True, capture_output=True, text=True)


class Node:
    """A front end or a worker, which can be begun again. host: the number of its host."""

    def __init__(self, given: Given, host: int, command: Sequence[str], log: Path, environment: dict[str, str]) -> None:
        self.given = given
        self.host = host
        self.disturbed = False
        """Whether something is done to it now."""
        self._command = [*command, sys.executable, "-m", "cluster.node", json.dumps(asdict(given))]
        self._log = log
        tools = str(Path(__file__).parent.parent)
        path = os.pathsep.join([tools, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._environment = os.environ | environment | {"PYTHONPATH": path}
        self.begin()

    def begin(self) -> None:
        """Start the process."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )

    def said(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-2_000:]

    @property
    def has_ended(self) -> bool:
        """Whether it has ended of itself."""
        return self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Have it end, and kill it if it does not."""
        self._process.terminate()
        try:
            self._process.wait(_START)
        except subprocess.TimeoutExpired:
            self.kill()


class Balancer(Peer):
    """haproxy before the front ends, each an address and a port."""

    def __init__(self, host: str, fronts: Sequence[tuple[str, int]]) -> None:
        program("haproxy")
        super().__init__()
        self.host, self.port = host, free_port()
        servers = "\n".join(f"  server f{n} {a}:{p} check inter 500 fall 2 rise 1" for n, (a, p) in enumerate(fronts))
        self._file = self.directory / "haproxy.cfg"
        self._file.write_text(
            "defaults\n  mode http\n  timeout connect 2s\n  timeout client 40s\n  timeout server 28s\n"
            "  timeout check 1s\n  option redispatch\n  retries 2\n"
            f"frontend ipp\n  bind {host}:{self.port}\n  default_backend fronts\n"
            f"backend fronts\n  balance roundrobin\n{servers}\n"
        )
        self.begin()

    def begin(self) -> None:
        """Start it, also after `kill`."""
        self._start(["haproxy", "-db", "-f", str(self._file)])

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        import socket

        try:
            socket.create_connection((self.host, self.port), 1).close()
        except OSError:
            return False
        return True


class Cluster:
    """All of it. directory: for the outputs and the logs."""

    def __init__(self, directory: Path, *, hosts: int = 3, real: bool, lease: float) -> None:
        self.lease = lease
        self.out = directory / "out"
        self.out.mkdir(parents=True)
        self.queues = [f"q{number:02}" for number in range(_QUEUES)]
        with contextlib.ExitStack() as stack:
            self.hosts = Hosts(hosts, real=real)
            stack.callback(self.hosts.close)
            core = self.hosts.core
            options = ["max_connections=300", "wal_level=replica", "max_wal_senders=5"]
            ahead = ["synchronous_standby_names=*", "synchronous_commit=on"]
            self.primary = stack.enter_context(Postgres(*options, *ahead, durable=True, host=core))
            self.standby = stack.enter_context(Standby(self.primary, *options))
            self.objects = stack.enter_context(ObjectServer(host=core))
            both = f"{core}:{self.primary.port},{core}:{self.standby.port}"
            self.store = f"postgresql://ippfast@{both}/postgres"
            self.documents = self.objects.bucket()
            ports = [free_port() for _ in range(hosts)]
            self.nodes: list[Node] = []
            for role in ("front", "work"):
                for number, (address, port) in enumerate(zip(self.hosts.addresses, ports, strict=True)):
                    given = Given(
                        name=f"{role}{number}",
                        store=self.store,
                        documents=self.documents,
                        out=str(self.out),
                        host=address,
                        port=port if role == "front" else 0,
                        queues=_QUEUES,
                        lease=lease,
                        life=2 * lease,
                    )
                    log = directory / f"{given.name}.log"
                    node = Node(given, number, self.hosts.commands[number], log, self.objects.environment)
                    self.nodes.append(node)
                    stack.callback(node.kill)
            self.balancer = stack.enter_context(Balancer(core, list(zip(self.hosts.addresses, ports, strict=True))))
            self._stack = stack.pop_all()
        self.uri = f"ipp://{core}:{self.balancer.port}"

    def supervise(self) -> int:
        """Begin again what has ended of itself, as an init system does. Returns how many there were."""
        ended = [node for node in self.nodes if node.has_ended]
        for node in ended:
            node.begin()
        return len(ended)

    def wait_until_served(self) -> None:
        """Wait for all front ends. Raises RuntimeError, with what the one that does not start has said."""
        import socket

        end = time.monotonic() + _START
        for node in self.nodes:
            while node.given.port:
                try:
                    socket.create_connection((node.given.host, node.given.port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > end:
                        raise RuntimeError(f"{node.given.name} does not start:\n{node.said()}") from None
                    time.sleep(0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
