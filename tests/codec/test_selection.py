"""Which twin the package picks: by what is installed and by the environment, and never by chance.

The rule of this file: each case is a copy of the package, changed, and imported by an interpreter of its own.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from implementations import COMPILED

import ippfast

PACKAGE = Path(ippfast.__file__).parent
SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
COMPILED_FILES = sorted(path.name for path in PACKAGE.glob(f"*{SUFFIX}")) if COMPILED is not None else []
SHOW = "import ippfast; print(ippfast.IMPLEMENTATION, ippfast.Message.__module__)"
USE_ALL = "import ippfast, ippfast.http._wire.framing, ippfast.compat.ippserver.request"  # whatever has a compiled part
PURE = "python ippfast._message\n"
FAST = "cython ippfast._message_c\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package without what others may have left in its directory."""
    copy = tmp_path / "ippfast"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.c", "*.pyx", "*.pxd"))
    if COMPILED is None:
        for path in copy.glob(f"*{SUFFIX}"):
            path.unlink()
    return copy


def run(package: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("IPPFAST_", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-S", *arguments],  # without site-packages: an editable install there would fill the gaps
        cwd=package.parent,
        env={**variables, "PYTHONPATH": str(package.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def shown(package: Path, *options: str, **environment: str) -> str:
    result = run(package, *options, "-c", SHOW, **environment)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


@pytest.mark.parametrize("value", ["1", "yes", "true", "2"])
def test_pure_by_choice(package: Path, value: str) -> None:
    assert shown(package, IPPFAST_PURE=value) == PURE


@pytest.mark.parametrize("environment", [{}, {"IPPFAST_PURE": ""}, {"IPPFAST_PURE": "0"}])
@pytest.mark.parametrize("options", [(), ("-O",), ("-OO",), ("-I", "-E", "-W", "error")])
def test_what_is_installed(package: Path, options: tuple[str, ...], environment: dict[str, str]) -> None:
    if "-I" in options:
        path = f"import sys; sys.path.insert(0, {str(package.parent)!r}); "
        result = run(package, *options, "-c", path + SHOW, **environment)
        assert result.stdout == (PURE if COMPILED is None else FAST), result.stderr
    else:
        assert shown(package, *options, **environment) == (PURE if COMPILED is None else FAST)


def test_in_this_process() -> None:
    assert ippfast.IMPLEMENTATION in ("cython", "python")
    if COMPILED is None or os.environ.get("IPPFAST_PURE", "0") not in ("", "0"):
        assert ippfast.IMPLEMENTATION == "python"
    else:
        assert ippfast.IMPLEMENTATION == "cython"
        assert ippfast.Message is COMPILED.Message


def test_nothing_compiled(package: Path) -> None:
    for path in package.glob(f"*{SUFFIX}"):
        path.unlink()
    assert shown(package) == PURE
    assert shown(package, "-O") == PURE


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no shared library\n" * 100)


def cut(path: Path) -> None:
    path.write_bytes(b"\x7fELF\x02\x01\x01")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("breakage", [garbage, cut, empty])
def test_a_broken_codec_is_loud(package: Path, breakage: Callable[[Path], None]) -> None:
    breakage(package / f"_codec{SUFFIX}")
    result = run(package, "-c", SHOW)
    assert result.returncode == 1
    assert "ImportError" in result.stderr
    assert result.stdout == ""
    assert shown(package, IPPFAST_PURE="1") == PURE


CODEC = ("_attribute_c", "_message_c", "_wire", "_walk", "_encode")
PARTS = [name for name in COMPILED_FILES if name.partition(".")[0] in CODEC]
"""What the codec itself is made of; other compiled files are loaded by what uses them."""


@pytest.mark.parametrize("name", PARTS or ["none"])
def test_a_part_that_is_missing_or_broken_is_loud(package: Path, name: str) -> None:
    """A half of the compiled twin is no reason to go on with the other twin."""
    if name == "none":  # nothing is compiled here, so nothing can be half of it
        assert COMPILED is None
        return
    for breakage, kind in ((Path.unlink, "ModuleNotFoundError"), (garbage, "ImportError")):
        breakage(package / name)
        result = run(package, "-c", USE_ALL)
        assert result.returncode == 1, result.stdout
        assert kind in result.stderr
        assert name.partition(".")[0] in result.stderr


def test_an_error_within_the_compiled_codec_is_loud(package: Path) -> None:
    """Also a module that is missing for it, whichever: only the codec itself may be missing."""
    for path in package.glob(f"*{SUFFIX}"):
        path.unlink()
    for words in ("import no_such_module", "from . import no_such_name", "1 / 0"):
        (package / "_codec.py").write_text(words + "\n")
        result = run(package, "-c", SHOW)
        assert result.returncode == 1, result.stdout
        assert "Error" in result.stderr


PICKLED = (
    "import ippfast, pickle, sys;"
    "data = bytes.fromhex('0200000b00000001 01 44 0001 61 0001 62 34 0001 63 0000 4a 0000 0001 6d 31 0000 000b"
    " 07ea0b160d0500002b0100 37 0000 0000 03');"
    "message = ippfast.decode(data);"
)


@pytest.mark.parametrize("writer", ["0", "1"])
@pytest.mark.parametrize("reader", ["0", "1"])
def test_pickles_go_from_twin_to_twin(package: Path, writer: str, reader: str) -> None:
    """Through a file, to an interpreter where the other twin is not even installed."""
    write = PICKLED + "open('pickle', 'wb').write(pickle.dumps(message)); print(ippfast.IMPLEMENTATION)"
    read = PICKLED + (
        "again = pickle.load(open('pickle', 'rb')); assert again == message; assert type(again) is ippfast.Message;"
        "assert ippfast.encode(again) == data; print(ippfast.IMPLEMENTATION)"
    )
    wrote = run(package, "-c", write, IPPFAST_PURE=writer)
    assert wrote.returncode == 0, wrote.stderr
    if reader == "1":
        for path in package.glob(f"*{SUFFIX}"):
            path.unlink()
    result = run(package, "-c", read)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ("python\n" if reader == "1" or COMPILED is None else "cython\n")
    assert wrote.stdout == ("python\n" if writer == "1" or COMPILED is None else "cython\n")
