"""Other libraries from PyPI, each in a virtual environment of its own with this ippfast beside it.

The rule of this file: nothing of another library enters the environment that the tests run in. What is installed is
kept under build/libraries, by name, versions and Python, so that it is installed once. Where PyPI cannot be
reached, the test is skipped and says so; in CI (environment variable IPPFAST_CI) it fails.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import vectors

import ippfast

__all__ = ["Library", "compare", "install", "unpack_debian", "unpack_sdist", "unpack_wheel"]

DIRECTORY = Path(__file__).resolve().parents[2] / "build" / "libraries"
PACKAGE = Path(ippfast.__file__).resolve().parent
NO_NETWORK = ("Connection", "connection", "name resolution", "timed out", "No route to host", "ProxyError")


_PATIENCE = 300.0
_silent: list[Exception] = []


class Library:
    """An environment that has a library and ippfast. ``python``: its interpreter."""

    def __init__(self, python: Path) -> None:
        self.python = python

    def run(
        self,
        *arguments: str | Path,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
        given: bytes = b"",
        seconds: float = 300,
    ) -> bytes:
        """Run its Python with these arguments and `given` as its input; what it prints. It has to end well."""
        code, printed, told = self.outcome(
            *arguments, directory=directory, environment=environment, given=given, seconds=seconds
        )
        assert code == 0, printed.decode(errors="replace") + told.decode(errors="replace")
        return printed

    def outcome(
        self,
        *arguments: str | Path,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
        given: bytes = b"",
        seconds: float = 300,
    ) -> tuple[int, bytes, bytes]:
        """As `run`, however it ends: its exit status, its output and its error output.

        The twin of ippfast is the one that this process has, unless `environment` says otherwise.
        """
        own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
        own["IPPFAST_PURE"] = "1" if ippfast.IMPLEMENTATION == "python" else "0"
        done = subprocess.run(
            [self.python, *arguments],
            cwd=directory,
            env=own | dict(environment or {}),
            input=given,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


def install(*requirements: str) -> Library:
    """The environment for these requirements, such as ``"pyipp==0.17.2"``: the library first, then what it is run with.

    h11 is always there, as ippfast needs it.
    """
    name = requirements[0].replace("==", "-")
    rest = hashlib.sha256(" ".join(requirements).encode()).hexdigest()[:8]
    home = DIRECTORY / f"{name}-{sys.implementation.cache_tag}-{rest}"
    python = home / "bin" / "python"
    with _alone(home):
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            # Without a pip of its own, which would take seconds to install.
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
            _pip("--python", python, "install", "--quiet", "h11>=0.16", *requirements)
            (home / "complete").touch()
        _link(home)
    return Library(python)


# Nothing outside, no links, no devices; the first releases of Python 3.11 do not know of it.
_AS_DATA: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def unpack_sdist(requirement: str) -> Path:
    """The folder of a library's sdist, such as ``"ippx==0.1.1"``: for the tests that are in it."""
    home = DIRECTORY / f"{requirement.replace('==', '-')}-sdist"
    with _alone(home):
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            name = requirement.partition("==")[0]
            _pip("download", "--quiet", "--no-deps", "--no-binary", name, "--dest", home, requirement)
            (archive,) = home.glob("*.tar.gz")
            with tarfile.open(archive) as opened:
                opened.extractall(home, **_AS_DATA)
            (home / "complete").touch()
    (folder,) = [path for path in home.iterdir() if path.is_dir()]
    return folder


def unpack_debian(*packages: str) -> Path:
    """A folder with what is in Debian's packages, unpacked and not installed."""
    home = DIRECTORY / "-".join(("debian", *packages))
    with _alone(home):
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            done = subprocess.run(
                ["apt-get", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=30", "download", *packages],
                cwd=home,
                capture_output=True,
                text=True,
                check=False,
            )
            archives = list(home.glob("*.deb"))
            if len(archives) < len(packages):
                assert "IPPFAST_CI" not in os.environ, done.stderr
                pytest.skip(f"Debian's {' and '.join(packages)} cannot be had")
            for archive in archives:
                subprocess.run(["dpkg", "-x", archive, home], check=True)
            (home / "complete").touch()
    return home


def unpack_wheel(requirement: str) -> Path:
    """A folder with a library's wheel, such as ``"aioipp==0.21.0"``, whatever Python it asks for: for PYTHONPATH.

    What Python 3.14 alone can read, ``except A, B:``, is written so that all can.
    """
    home = DIRECTORY / f"{requirement.replace('==', '-')}-wheel"
    with _alone(home):
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            options = ("--quiet", "--no-deps", "--no-compile", "--ignore-requires-python")
            _pip("install", *options, "--target", home, requirement)
            for path in home.rglob("*.py"):
                text = path.read_text(encoding="utf-8")
                path.write_text(re.sub(r"except (\w[\w.]*(?:, \w[\w.]*)+):", r"except (\1):", text), encoding="utf-8")
            (home / "complete").touch()
    return home


def compare(library: Library, program: Path, environment: Mapping[str, str] | None = None) -> None:
    """Give every message to a program that compares, as `comparing.py` says: it may find no difference."""
    messages = [vector.octets for vector in vectors.every()]
    given = b"".join(len(octets).to_bytes(4, "big") + octets for octets in messages)
    cuts, mutations = (2, 3) if vectors.corpus() else (8, 12)
    said = (
        library.run(program, "7", str(cuts), str(mutations), given=given, environment=environment).decode().splitlines()
    )
    compared, returned = map(int, said.pop().split())
    assert not said, "\n".join(said)
    assert compared > len(messages) * (1 + mutations)
    assert returned > len(messages)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """No other process of the tests makes this folder meanwhile."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _pip(*arguments: str | Path) -> None:
    command: Sequence[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    # Another library is compiled even where the tests pretend that ours can't be.
    environment = {name: value for name, value in os.environ.items() if name not in ("CC", "MAKEFLAGS")}
    if _silent:  # what does not answer is not waited for again and again
        said = f"Connection to PyPI: no answer in {_PATIENCE} s"
    else:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env=environment, timeout=_PATIENCE
            )
        except subprocess.TimeoutExpired as error:
            _silent.append(error)
            said = f"Connection to PyPI: no answer in {_PATIENCE} s"
        else:
            if done.returncode == 0:
                return
            said = done.stdout + done.stderr
    if "IPPFAST_CI" not in os.environ and any(word in said for word in NO_NETWORK):
        pytest.skip(f"PyPI cannot be reached for {arguments[-1]}")
    raise RuntimeError(f"pip could not get {arguments[-1]}: {said}")


def _link(home: Path) -> None:
    """Put the ippfast that is tested, and nothing from beside it, among the environment's packages."""
    (packages,) = home.glob("lib/python*/site-packages")
    link = packages / "ippfast"
    if not link.is_symlink() or link.resolve() != PACKAGE:
        link.unlink(missing_ok=True)
        link.symlink_to(PACKAGE, target_is_directory=True)
