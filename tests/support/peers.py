"""Real programs that tests speak with: CUPS' printer `ippeveprinter` and its scheduler `cupsd`, and where others are.

The rules of this file: a test that starts a program of `PACKAGES` which is not installed is left out by that program's
name, whether the test says so or not; in CI (environment variable IPPFAST_CI) it fails. A test that imports one of
`NO_WHEELS` is left out in the same way, but on a free-threaded CPython alone. A program that does not start well fails
the test. Everything listens on loopback, on a port that was free, and keeps its files in a directory of its
own that goes away with it.

The fixtures live for the whole session.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from glob import glob
from importlib import import_module
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Any, NoReturn, Self

import pytest

__all__ = [
    "BACKEND",
    "PACKAGES",
    "RASTER_TO_PDF",
    "EvePrinter",
    "ForgetfulScheduler",
    "GuardedScheduler",
    "Peer",
    "Scheduler",
    "StandardScheduler",
    "SystemBus",
    "free_port",
    "left_out",
    "package",
    "program",
]

BACKEND = "/usr/lib/cups/backend/ipp"
RASTER_TO_PDF = "/usr/lib/cups/filter/rastertopdf"

PACKAGES = {
    BACKEND: "cups-daemon",
    RASTER_TO_PDF: "cups-filters",
    "avahi-browse": "avahi-utils",
    "avahi-daemon": "avahi-daemon",
    "avahi-publish": "avahi-utils",
    "cancel": "cups-client",
    "cc": "gcc",
    "chromium": "chromium",
    "cups-config": "libcups2-dev",
    "cupsaccept": "cups-client",
    "cupsd": "cups-daemon",
    "curl": "curl",
    "dbus-daemon": "dbus",
    "go": "golang-go golang-github-openprinting-goipp-dev",
    "gs": "ghostscript",
    "haproxy": "haproxy",
    "initdb": "postgresql",
    "ip": "iproute2",
    "ippevepcl": "cups-ipp-utils",
    "ippeveprinter": "cups-ipp-utils",
    "ippeveps": "cups-ipp-utils",
    "ippfind": "cups-ipp-utils",
    "ipptool": "cups-ipp-utils",
    "lp": "cups-client",
    "lpadmin": "cups-client",
    "lpstat": "cups-client",
    "mutool": "mupdf-tools",
    "pam_matrix.so": "libpam-wrapper",
    "pdfimages": "poppler-utils",
    "openssl": "openssl",
    "pg_basebackup": "postgresql",
    "pdftoppm": "poppler-utils",
    "postgres": "postgresql",
    "spin": "spin",
    "systemd-analyze": "systemd",
    "tshark": "tshark",
}
"""The programs of other projects that tests start, and Debian's package of each."""

NO_WHEELS = {"argon2", "cryptography", "duckdb", "httptools", "jwt", "polars", "regress", "trustme"}
"""What pip finds no wheels of for a free-threaded CPython 3.13, or what needs such a thing."""

START_SECONDS = 120.0
STOP_SECONDS = 60.0


def free_port() -> int:
    """A TCP port that nothing on loopback uses now, and that the system gives to no client.

    A client that asks again and again whether somebody listens may otherwise be given the very port that it asks, and
    then talks to itself: it takes that for the server, which cannot start.
    """
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    chance = SystemRandom()
    while True:
        port = chance.randrange(10_000, end if end > 20_000 else 65_536)  # else the system gives clients almost all
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def program(name: str) -> str:
    """The path of a program of `PACKAGES`, also in a directory that only root has in its path.

    Without the program the test that asks is left out.
    """
    if name == sys.executable:  # a server in Python, which the tests' environment has
        return name
    assert name in PACKAGES, f"Add {name} to PACKAGES, and to the packages that .ci/run installs."
    places = [os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", *glob("/usr/lib/postgresql/*/bin")]
    path = shutil.which(name, path=os.pathsep.join(places))
    return path if path is not None else _leave_out(name)


def package(name: str) -> None:
    """Leave the test that asks out if this one of `NO_WHEELS` is not there, which a program that it starts needs."""
    assert name in NO_WHEELS
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        import_module(name)


def _leave_out(name: str) -> NoReturn:
    if "IPPFAST_CI" in os.environ:
        pytest.fail(f"{name} is not installed: apt-get install {PACKAGES[name]}")
    pytest.skip(f"needs {name}")


class _NoWheels:
    """The last that Python asks for a module: who imports one of `NO_WHEELS` is left out."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name in NO_WHEELS:
            pytest.skip(f"needs {name}, of which there is no wheel", allow_module_level=True)


if sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.meta_path.append(_NoWheels)


@pytest.fixture(scope="session", autouse=True)
def left_out_without_its_peers() -> Iterator[None]:
    """No test has to be marked: starting a program of `PACKAGES` that is not there leaves the test out."""
    start = subprocess.Popen.__init__

    def start_or_leave_out(self: Any, args: Any, *rest: Any, **options: Any) -> None:
        first = args[0] if isinstance(args, list | tuple) else args
        if first in PACKAGES:
            program(first)
        start(self, args, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", start_or_leave_out)
        yield


def left_out(reasons: Iterable[str]) -> str:
    """One line that says which tests were left out, given the reason of each, and what brings them back."""
    counts = Counter(reason.removeprefix("Skipped: ") for reason in reasons)
    named = [f"{count} {'test' if count == 1 else 'tests'}: {reason}" for reason, count in sorted(counts.items())]
    packages = {PACKAGES[reason] for why in counts if (reason := why.removeprefix("needs ")) in PACKAGES}
    line = f"Left out: {'; '.join(named)}."
    return line + (f" For these programs: apt-get install {' '.join(sorted(packages))}" if packages else "")


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

    def _start(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        *,
        user: str | None = None,
        wait: bool = True,
    ) -> None:
        try:
            path = program(str(command[0]))
        except BaseException:  # the test is left out
            self._temporary.cleanup()
            raise
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [path, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env={**os.environ, **(environment or {})},
                user=user,
            )
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the program can be used. Raises RuntimeError if it has ended or takes too long."""
        give_up = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > give_up:
                text = self.log.read_text(errors="replace")
                command: Any = self._process.args
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
    ``command`` a job is done as soon as its document is there. Documents stay in ``spool``. attributes: a file of what
    it says of itself, in the words of ipptool; formats and both sides are not given beside it.
    """

    PATH = "/ipp/print"

    def __init__(
        self, bus: SystemBus, *, command: str = "/bin/true", options: Sequence[str] = (), attributes: Path | None = None
    ) -> None:
        super().__init__()
        self.uri = f"ipp://localhost:{self.port}{self.PATH}"
        self.secure_uri = f"ipps://localhost:{self.port}{self.PATH}"
        self.spool, keys = self.directory / "spool", self.directory / "keys"
        self.spool.mkdir()
        keys.mkdir()
        says = ["-2", "-f", "application/pdf,image/jpeg,image/pwg-raster"]
        if attributes is not None:
            says = ["-a", str(attributes)]
        options = ["-n", "localhost", "-p", str(self.port), "-r", "off", "-c", command, *says, *options]
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
        configuration.write_text(self.CONFIGURATION.format(port=self.port, root=self.directory))
        files.write_text(self.FILES.format(root=self.directory))
        self._start(["cupsd", "-f", "-c", configuration, "-s", files], self._environment(bus))

    def _environment(self, bus: SystemBus) -> dict[str, str]:
        """That of cupsd itself."""
        return bus.environment

    def add_queue(self, name: str, device: str, *options: str) -> str:
        """A raw queue that leads to a device; returns its URI."""
        command = [program("lpadmin"), "-p", name, "-E", "-v", device, "-m", "raw", *options]
        subprocess.run(command, env={**os.environ, **self.environment}, check=True, capture_output=True)
        return f"ipp://localhost:{self.port}/printers/{name}"


class StandardScheduler(Scheduler):
    """A cupsd with CUPS' standard policy: only its administrators change printers and settings.

    It also listens on the domain socket ``socket``, has TLS, and its certificates for local users are under ``state``.
    Run clients with ``environment``, or with ``local_environment`` for those that prove who they are on this host.
    """

    CONFIGURATION = """Listen 127.0.0.1:{port}
Listen {root}/cups.sock
ServerName localhost
LogLevel warn
Browsing No
WebInterface Yes
DefaultAuthType Basic
MaxSubscriptionsPerUser 0
<Location />
 Order allow,deny
 Allow localhost
</Location>
<Location /admin>
 Order allow,deny
 Allow localhost
</Location>
<Location /admin/conf>
 AuthType Default
 Require user @SYSTEM
 Order allow,deny
 Allow localhost
</Location>
<Policy default>
 JobPrivateAccess default
 JobPrivateValues default
 SubscriptionPrivateAccess default
 SubscriptionPrivateValues default
 <Limit Create-Job Print-Job Print-URI Validate-Job>
  Order deny,allow
 </Limit>
 <Limit Send-Document Send-URI Hold-Job Release-Job Restart-Job Purge-Jobs Set-Job-Attributes CUPS-Move-Job>
  Require user @OWNER @SYSTEM
  Order deny,allow
 </Limit>
 <Limit CUPS-Get-Document>
  AuthType Default
  Require user @OWNER @SYSTEM
  Order deny,allow
 </Limit>
 <Limit CUPS-Add-Modify-Printer CUPS-Delete-Printer CUPS-Add-Modify-Class CUPS-Delete-Class CUPS-Set-Default>
  AuthType Default
  Require user @SYSTEM
  Order deny,allow
 </Limit>
 <Limit Pause-Printer Resume-Printer CUPS-Accept-Jobs CUPS-Reject-Jobs>
  AuthType Default
  Require user @SYSTEM
  Order deny,allow
 </Limit>
 <Limit Cancel-Job CUPS-Authenticate-Job>
  Require user @OWNER @SYSTEM
  Order deny,allow
 </Limit>
 <Limit All>
  Order deny,allow
 </Limit>
</Policy>
"""

    def __init__(self, bus: SystemBus) -> None:
        super().__init__(bus)
        self.socket = self.directory / "cups.sock"
        self.local_environment = {
            **self.environment,
            "CUPS_SERVERROOT": str(self.directory),
            "CUPS_STATEDIR": str(self.directory / "state"),
        }

    def _environment(self, bus: SystemBus) -> dict[str, str]:
        (self.directory / "ssl").mkdir(mode=0o700)  # where it keeps the certificate that it makes
        return bus.environment


class ForgetfulScheduler(Scheduler):
    """A cupsd that forgets each job once it has ended."""

    CONFIGURATION = "PreserveJobHistory No\n" + Scheduler.CONFIGURATION


class GuardedScheduler(Scheduler):
    """A cupsd that asks for `USER` and `PASSWORD`, by Basic, which is all that CUPS 2.4 has.

    For whatever is asked at ``/printers/guarded``, and elsewhere for making and ending jobs at queues of the policy
    ``guarded``. Libpam-wrapper stands in for the system's accounts.
    """

    USER, PASSWORD = "alice", "open sesame"
    CONFIGURATION = (
        Scheduler.CONFIGURATION.replace("DefaultAuthType None", "DefaultAuthType Basic")
        + """<Location /printers/guarded>
 AuthType Basic
 Require valid-user
</Location>
<Policy guarded>
 JobPrivateAccess all
 JobPrivateValues none
 <Limit Create-Job Print-Job Print-URI Validate-Job Send-Document Cancel-Job>
  AuthType Basic
  Require valid-user
 </Limit>
 <Limit All>
  Order allow,deny
  Allow localhost
 </Limit>
</Policy>
"""
    )

    def _environment(self, bus: SystemBus) -> dict[str, str]:
        (services := self.directory / "pam").mkdir()
        accounts = self.directory / "accounts"
        accounts.write_text(f"{self.USER}:{self.PASSWORD}:cups\n")
        modules = list(Path("/usr/lib").glob("*/pam_wrapper/pam_matrix.so"))
        module = modules[0] if modules else _leave_out("pam_matrix.so")
        lines = (f"{kind} required {module} passdb={accounts}\n" for kind in ("auth", "account", "password", "session"))
        (services / "cups").write_text("".join(lines))
        wrapper = {"LD_PRELOAD": "libpam_wrapper.so", "PAM_WRAPPER": "1", "PAM_WRAPPER_SERVICE_DIR": str(services)}
        return {**bus.environment, **wrapper}


@pytest.fixture(scope="session")
def system_bus() -> Iterator[SystemBus]:
    with SystemBus() as bus:
        yield bus


@pytest.fixture(scope="session")
def eve_printer(system_bus: SystemBus) -> Iterator[EvePrinter]:
    with EvePrinter(system_bus) as printer:
        yield printer


@pytest.fixture(scope="session")
def guarded_scheduler(system_bus: SystemBus) -> Iterator[GuardedScheduler]:
    with GuardedScheduler(system_bus) as running:
        yield running


@pytest.fixture(scope="session")
def standard_scheduler(system_bus: SystemBus) -> Iterator[StandardScheduler]:
    with StandardScheduler(system_bus) as running:
        yield running


@pytest.fixture(scope="session")
def scheduler(system_bus: SystemBus) -> Iterator[Scheduler]:
    with Scheduler(system_bus) as running:
        yield running
