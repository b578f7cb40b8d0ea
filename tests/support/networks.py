"""Two machines on a network of their own, made of namespaces, with avahi on one of them: for tests of DNS-SD.

The rule of this file: nothing of it is left, and nothing of it reaches a real network. It needs root; a test that may
not make namespaces is left out by that name.
"""

import itertools
import os
import subprocess
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import pytest
from peers import Peer, SystemBus, program

__all__ = ["HERE", "THERE", "Avahi", "Network"]

HERE, THERE = ("10.99.0.1", "fd99::1"), ("10.99.0.2", "fd99::2")
_numbers: Iterator[int] = itertools.count()


class Network:
    """Two namespaces and a link between them; ``here`` and ``there`` are the beginnings of commands in each."""

    def __init__(self) -> None:
        ip = program("ip")
        number = f"{os.getpid() % 100_000}-{next(_numbers)}"
        self._names = f"ippfast-{number}a", f"ippfast-{number}b"
        self.links = f"v{number}a", f"v{number}b"
        self._ip = ip
        try:
            for name in self._names:
                self._do("netns", "add", name)
        except subprocess.CalledProcessError:
            pytest.skip("needs root, to make network namespaces")
        (a, b), (one, other) = self._names, self.links
        self._do("link", "add", one, "netns", a, "type", "veth", "peer", "name", other, "netns", b)
        for name, link, (four, six) in ((a, one, HERE), (b, other, THERE)):
            self._do("-n", name, "address", "add", f"{four}/24", "dev", link)
            self._do("-n", name, "address", "add", f"{six}/64", "dev", link, "nodad")
            for up in ("lo", link):
                self._do("-n", name, "link", "set", up, "up")
        self.here, self.there = (["ip", "netns", "exec", name] for name in self._names)

    def change(self, *words: str) -> None:
        """Change something here: the words of a command of ``ip``."""
        self._do("-n", self._names[0], *words)

    def _do(self, *words: str) -> None:
        subprocess.run([self._ip, *words], check=True, capture_output=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self._names:
            subprocess.run([self._ip, "netns", "delete", name], check=False)


class Avahi(Peer):
    """avahi-daemon in a namespace. ``environment`` is what its tools need.

    It has a bus of its own: CUPS' ippeveprinter ends with an avahi-daemon that it saw on its bus.
    """

    CONFIGURATION = "[server]\nhost-name={}\nuse-ipv4=yes\nuse-ipv6=yes\n[wide-area]\nenable-wide-area=no\n"

    def __init__(self, namespace: list[str], host: str = "peer") -> None:
        avahi = program("avahi-daemon")
        super().__init__()
        self._bus = SystemBus()
        self.environment = self._bus.environment
        configuration = self.directory / "avahi.conf"
        configuration.write_text(self.CONFIGURATION.format(host))
        daemon = f"{avahi} --no-drop-root --no-chroot --no-rlimits -f {configuration}"
        run = f"mkdir -p /run/avahi-daemon; mount -t tmpfs tmpfs /run/avahi-daemon; exec {daemon}"
        self._start([*namespace, "unshare", "-m", "sh", "-c", run], self.environment)

    def stop(self) -> None:
        super().stop()
        self._bus.stop()

    def is_ready(self) -> bool:
        return "Server startup complete" in self.log.read_text(errors="replace")
