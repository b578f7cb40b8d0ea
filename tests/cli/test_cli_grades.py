"""ippfast check: the grades of printers that were captured, and of our own server as it can be started.

The rule of this file: what is in grades.tsv was looked at by a person. A change of the rules changes it, and is seen
here; ``python tests/cli/test_cli_grades.py`` writes it anew, with IPPFAST_CORPUS for all of it.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import vectors
from command_line import run
from http_servers import serving, uri_of
from peers import package

from ippfast import decode_prefix
from ippfast.cli.recordings import _Recording

TABLE = Path(__file__).with_name("grades.tsv")
EXPECTED = dict(line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines())
"""The grades of the sections, and in all, of each printer."""

MODES = {
    "serve": (),
    "serve --tls": ("--tls",),
    "serve --tls --require-tls": ("--tls", "--require-tls"),
    "serve --users": ("--users",),
    "serve --tls --users": ("--tls", "--users"),
    "serve --tls --users --auth basic": ("--tls", "--auth", "basic", "--users"),
    "serve --tls --require-tls --users": ("--tls", "--require-tls", "--users"),
}


def captured() -> dict[str, bytes]:
    """The answers of printers to Get-Printer-Attributes, by what they are called."""
    found = {}
    for vector in vectors.accepted():
        name = vector.name.rsplit("/", 1)[-1]
        if "get-printer-attributes" in name.lower() and (".rsp" in name or "fixtures_get" in name):
            found[name.removesuffix(".ipp")] = vector.octets
    return found


CAPTURED = captured()


def grades(uri: str) -> str:
    """One letter a section, and one for all."""
    data = json.loads(run("check", "--json", "--timeout", "10", uri).stdout)
    return " ".join([*(section["grade"] for section in data["sections"]), data["grade"]])


def of_captured(octets: bytes) -> str:
    with serving(_Recording([decode_prefix(octets)[0]])) as server:
        return grades(uri_of(server))


@contextlib.contextmanager
def served(directory: Path, options: tuple[str, ...]) -> Iterator[str]:
    """A server with these options, and the last of its URIs: ipps if there is that."""
    if "--tls" in options:
        package("cryptography")
    if "--users" in options:
        users = directory / "users"
        users.write_text("alice:secret\n")
        users.chmod(0o600)
        options = (*options, str(users))
    command = [sys.executable, "-m", "ippfast", "serve", "--port", "0", "--state", str(directory / "state"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline().strip()]
            if "--tls" in options and "--require-tls" not in options:
                lines.append(process.stdout.readline().strip())
            yield max(lines)
        finally:
            process.kill()


@pytest.mark.parametrize("mode", MODES)
def test_our_server(mode: str, tmp_path: Path) -> None:
    with served(tmp_path, MODES[mode]) as uri:
        assert grades(uri) == EXPECTED[mode]


@pytest.mark.skipif(not CAPTURED, reason="needs the corpus: IPPFAST_CORPUS")
@pytest.mark.parametrize("name", CAPTURED or [""])
def test_a_captured_printer(name: str) -> None:
    assert of_captured(CAPTURED[name]) == EXPECTED[name]


def main() -> None:
    import tempfile

    with TABLE.open("w", encoding="utf-8") as file:
        for mode, options in MODES.items():
            with tempfile.TemporaryDirectory() as directory, served(Path(directory), options) as uri:
                print(mode, grades(uri), sep="\t", file=file)
        for name, octets in sorted(CAPTURED.items()):
            print(name, of_captured(octets), sep="\t", file=file)


if __name__ == "__main__":
    main()
