"""Programs that nobody touches take the shims: by a runner, by a .pth file, and by a distribution of pycups' name.

The rule of this file: each runs in an environment that has the library, or has not, as a user's would.
"""

import os
import subprocess
import sys
from pathlib import Path

import pycups_distribution
import pytest
from libraries import install

from ippfast.compat import switch

SAYS = """
import sys
import cups
from cups import Connection
print(cups.__name__, Connection.__module__, Connection.quirks, sys.argv[1:], __name__)
"""
OURS = "ippfast.compat.pycups ippfast.compat.pycups.connection"


def run(*arguments: str | Path, path: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": path or str(Path(__file__).resolve().parents[2])}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=check, env=environment)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(SAYS)
    return path


def test_run(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = ("-m", "ippfast.compat.run")
    assert run(*runner, program, "-m", "x").stdout == f"{OURS} True ['-m', 'x'] __main__\n"
    assert run(*runner, "--no-quirks", program).stdout == f"{OURS} False [] __main__\n"
    command = program.with_name("command")
    command.write_text("#!/usr/bin/python3\nimport program\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    assert run(*runner, "command", "a").stdout == f"{OURS} True ['a'] program\n"
    monkeypatch.chdir(program.parent)
    assert run(*runner, "-m", "program", "b").stdout == f"{OURS} True ['b'] __main__\n"
    assert run(*runner, "--only", "pyipp", program, check=False).returncode == 1  # there is no cups
    for wrong in (("--only", "none", program), (program.with_name("none"),), (sys.executable,), ()):
        assert run(*runner, *wrong, check=False).returncode == 2


@pytest.mark.parametrize(
    ("requirement", "module", "function"),
    [
        ("pyipp==0.17.2", "pyipp.ipp", "parse_response"),
        ("ippx==0.1.1", "ippx._codec", "decode"),
        ("ippserver==0.2", "ippserver.request", "IppRequest"),
    ],
)
def test_libraries_that_are_imported_as_they_are(requirement: str, module: str, function: str) -> None:
    library = install(requirement)
    source = f"import {module} as module; print(module.{function}.__module__)"
    switched = f"from ippfast.compat import switch; switch.on(); {source}"
    assert "ippfast" not in library.run("-c", source).decode()
    assert "ippfast" in library.run("-c", switched).decode()


def test_a_line_in_a_pth_file(program: Path, tmp_path: Path) -> None:
    packages = tmp_path / "site"
    packages.mkdir()
    (packages / "shims.pth").write_text("import ippfast.compat.switch; ippfast.compat.switch.on()\n")
    source = f"import site; site.addsitedir({str(packages)!r}); import cups; print(cups.__name__)"
    assert run("-c", source).stdout == "ippfast.compat.pycups\n"


def test_off(monkeypatch: pytest.MonkeyPatch) -> None:
    switch.off()  # whatever ran before in this process
    before = list(sys.meta_path)
    switch.on()
    switch.on(["cups"])
    assert len(sys.meta_path) == len(before) + 1
    switch.off()
    assert sys.meta_path == before
    with pytest.raises(ValueError, match="no shim for node"):
        switch.on(["node"])


def test_a_distribution_named_pycups(tmp_path: Path) -> None:
    wheel = pycups_distribution.build(tmp_path)
    home = tmp_path / "site"
    options = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", "--target", home)
    run("-m", "pip", "install", *options, wheel)  # which checks what is in it
    source = (
        "import cups, importlib.metadata as m; print(cups.Connection.__module__, m.version('pycups'),"
        " *m.requires('pycups'))"
    )
    path = os.pathsep.join([str(home), str(Path(__file__).resolve().parents[2])])
    module, version, requires = run("-c", source, path=path).stdout.split()
    assert module == "ippfast.compat.pycups.connection"
    assert version.startswith("2.0.4+ippfast.")
    assert requires == "ippfast"
