"""Real programs that tests speak with: CUPS' printer `ippeveprinter` and its scheduler `cupsd`.

The rules of this file: everything listens on loopback, on a port that was free, and keeps its files in a
directory of its own that goes away with it. A peer that does not start fails the test; nothing is skipped. On
Debian: ``apt-get install cups-daemon cups-client cups-ipp-utils dbus``.

The fixtures live for the whole session.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

__all__ = ["EvePrinter", "Peer", "Scheduler", "SystemBus", "free_port"]

START_SECONDS = 30.0
STOP_SECONDS = 10.0


def free_port() -> int:
    """A TCP port that nothing on loopback uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def program(name: str) -> str:
    """The path of an installed program, also where it lies in a directory that only root has in its path."""
    path = shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise FileNotFoundError(f"{name} is not installed")
    return path


class Peer:
    """A running program with a directory of its own; what it prints is in ``log``. Also a context manager.

    Subclasses choose the command in their ``__init__`` and call `_start`.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="ippfast-peer-", ignore_cleanup_errors=True)
        self.directory = Path(self._temporary.name)
        # cupsd runs its filters and backends as another user.
        self.directory.chmod(0o755)
        self.log = self.directory / "log"

    def _start(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [program(str(command[0])), *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env={**os.environ, **(environment or {})},
            )
        give_up = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > give_up:
                text = self.log.read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"{command[0]} did not start: {text}")
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether the program can be used yet."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ends the program and removes its directory; a second call does nothing."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class SystemBus(Peer):
    """A private D-Bus system bus, without which CUPS' programs do not start. ``environment`` points to it."""

    CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
 <type>system</type>
 <listen>unix:path={socket}</listen>
 <auth>EXTERNAL</auth>
 <policy context="default">
  <allow send_destination="*" eavesdrop="true"/>
  <allow eavesdrop="true"/>
  <allow own="*"/>
  <allow user="*"/>
 </policy>
</busconfig>
"""

    def __init__(self) -> None:
        super().__init__()
        self._socket = self.directory / "bus"
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self._socket}"}
        configuration = self.directory / "bus.conf"
        configuration.write_text(self.CONFIGURATION.format(socket=self._socket))
        self._start(["dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile"])

    def is_ready(self) -> bool:
        return self._socket.exists()


class _NetworkPeer(Peer):
    """A program that listens on a TCP port of loopback."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    def is_ready(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class EvePrinter(_NetworkPeer):
    """CUPS' ippeveprinter: ``uri`` and ``secure_uri`` (TLS, self-signed) are one printer on ``port``.

    It has room for one job at a time, and answers server-error-busy (0x0507) to another one. With the default
    ``command`` a job is done as soon as its document is there. Documents stay in ``spool``.
    """

    PATH = "/ipp/print"

    def __init__(self, bus: SystemBus, *, command: str = "/bin/true", options: Sequence[str] = ()) -> None:
        super().__init__()
        self.uri = f"ipp://localhost:{self.port}{self.PATH}"
        self.secure_uri = f"ipps://localhost:{self.port}{self.PATH}"
        self.spool, keys = self.directory / "spool", self.directory / "keys"
        self.spool.mkdir()
        keys.mkdir()
        formats = "application/pdf,image/jpeg,image/pwg-raster"
        options = [
            "-n",
            "localhost",
            "-p",
            str(self.port),
            "-r",
            "off",
            "-2",
            "-c",
            command,
            "-f",
            formats,
            *options,
        ]
        self._start(["ippeveprinter", "-d", self.spool, "-k", "-K", keys, *options, "Peer"], bus.environment)


class Scheduler(_NetworkPeer):
    """CUPS' cupsd. Run its clients (``lp``, ``lpstat``, ``lpadmin``) with ``environment``."""

    CONFIGURATION = """Listen 127.0.0.1:{port}
ServerName localhost
LogLevel warn
Browsing No
WebInterface No
DefaultAuthType None
MaxSubscriptionsPerUser 0
<Location />
 Order allow,deny
 Allow localhost
</Location>
<Policy default>
 JobPrivateAccess all
 JobPrivateValues none
 SubscriptionPrivateAccess all
 SubscriptionPrivateValues none
 <Limit All>
  Order allow,deny
  Allow localhost
 </Limit>
</Policy>
"""
    FILES = """SystemGroup root
ServerRoot {root}
RequestRoot {root}/spool
CacheDir {root}/cache
StateDir {root}/state
TempDir {root}/spool/tmp
DocumentRoot {root}/doc
AccessLog {root}/access_log
ErrorLog {root}/error_log
PageLog {root}/page_log
"""

    def __init__(self, bus: SystemBus) -> None:
        super().__init__()
        self.environment = {**bus.environment, "CUPS_SERVER": f"127.0.0.1:{self.port}"}
        for name in ("spool/tmp", "cache", "state", "doc"):
            (self.directory / name).mkdir(parents=True)
        configuration, files = self.directory / "cupsd.conf", self.directory / "cups-files.conf"
        configuration.write_text(self.CONFIGURATION.format(port=self.port))
        files.write_text(self.FILES.format(root=self.directory))
        self._start(["cupsd", "-f", "-c", configuration, "-s", files], bus.environment)


@pytest.fixture(scope="session")
def system_bus() -> Iterator[SystemBus]:
    with SystemBus() as bus:
        yield bus


@pytest.fixture(scope="session")
def eve_printer(system_bus: SystemBus) -> Iterator[EvePrinter]:
    with EvePrinter(system_bus) as printer:
        yield printer


@pytest.fixture(scope="session")
def scheduler(system_bus: SystemBus) -> Iterator[Scheduler]:
    with Scheduler(system_bus) as running:
        yield running
