"""The ippfast command itself: its help, its exit status, what it needs, and how it behaves on a terminal.

The rule of this file: where imports, the process or the terminal matter, the command gets one of its own.
"""

import json
import os
import pty
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import click
import pytest
from command_line import one_group, printed, run

import ippfast
from ippfast import Attribute, ValueTag
from ippfast.cli import first_use
from ippfast.cli.commands import COMMANDS
from ippfast.enums import JobState

# The command itself


def test_help_and_version() -> None:
    assert run("--version").stdout.startswith(f"ippfast {ippfast.__version__}, codec: {ippfast.IMPLEMENTATION}, ")
    output = run("--help").stdout
    for name in COMMANDS:
        assert f"\n  {name} " in output
        assert run(name, "--help").stdout.startswith(f"Usage: ippfast {name} ")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["dump"], "Missing argument 'FILE'; see 'ippfast dump --help'"),
        (["dump", "no-such-file"], "No such file or directory"),
        (["dump", "."], "Is a directory"),
        (["dump", "--document", "-"], "--document needs --json"),
        (["dump", "--offsets", "--json", "-"], "--offsets can't be used with --json"),
        (["dump", "--check", "--json", "-"], "--check can't be used with --json"),
        (["dump", "--width=5", "-"], "5 is not in the range x>=20; see"),
        (["undo"], "No such command 'undo'; see 'ippfast --help'"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], fault: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert fault in line
    if "--json" in arguments:
        assert json.loads(result.stdout)["error"]["exit-status"] == 2
    else:
        assert result.stdout == ""


def python(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A fresh interpreter that finds the package where this one did."""
    path = str(Path(ippfast.__file__).parent.parent)
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_module_runs_as_command(tmp_path: Path) -> None:
    path = tmp_path / "message.ipp"
    path.write_bytes(one_group(Attribute("x", ValueTag.TEXT, "Büro")))
    result = python("-m", "ippfast", "dump", str(path), PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (0, "")
    assert '  x (textWithoutLanguage) = "B\\xfcro"\n' in result.stdout
    assert python("-m", "ippfast", "load", str(path)).returncode == 1


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_command_says_what_to_install(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from ippfast.cli import main; main()"
    result = python("-c", code)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"ippfast: the command needs {missing}: pip install click rich\n"


def test_broken_installation_is_no_missing_one() -> None:
    result = python("-c", "import sys; sys.modules['click.core'] = None; from ippfast.cli import main; main()")
    assert result.returncode == 1
    assert "ModuleNotFoundError: import of click.core halted" in result.stderr


def test_package_does_without_the_extra() -> None:
    code = "import sys, ippfast.cli; print({'click', 'rich', 'h11'} & sys.modules.keys())"
    assert python("-c", code).stdout == "set()\n"


# A terminal


def on_terminal(*arguments: str, columns: int = 60, **environment: str) -> str:
    """What the command prints on a terminal of its own."""
    controller, terminal = pty.openpty()
    with os.fdopen(controller, "rb", buffering=0) as reader:
        ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        clean = {
            name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "ippfast", *arguments],
            env=clean | {"TERM": "xterm", "PYTHONPATH": str(Path(ippfast.__file__).parent.parent)} | environment,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        output = b""
        try:
            while piece := reader.read(65536):
                output += piece
        except OSError:  # Linux says EIO when the other side is closed
            pass
        process.wait(timeout=60)
    return output.decode().replace("\r\n", "\n")


@pytest.fixture
def message_file(tmp_path: Path) -> str:
    path = tmp_path / "message.ipp"
    path.write_bytes(
        one_group(
            Attribute("printer-state", ValueTag.ENUM, JobState.PENDING),
            Attribute("media-supported", ValueTag.KEYWORD, ["iso_a4_210x297mm", "iso_a5_148x210mm"]),
        )
    )
    return str(path)


def test_progress_of_a_table_on_a_terminal(message_file: str, tmp_path: Path) -> None:
    output = on_terminal("columns", message_file, "-o", str(tmp_path / "a.ndjson"))
    size = Path(message_file).stat().st_size
    assert "message.ipp" in output
    assert f"{size}/? bytes" in output
    assert output.endswith("a.ndjson: 3 rows\n")


def test_colour_on_a_terminal(message_file: str) -> None:
    output = on_terminal("dump", message_file)
    assert "\x1b[36mprinter-state\x1b[0m \x1b[2m(enum)\x1b[0m = \x1b[32midle\x1b[0m" in output
    plain = printed("dump", "--width=60", message_file, octets=b"")
    assert plain.splitlines()[4:6] == [
        "  media-supported (1setOf keyword) = iso_a4_210x297mm,",
        "    iso_a5_148x210mm",
    ]
    assert "\x1b" not in plain
    assert click.unstyle(output) == plain
    assert printed("dump", "--color", "--width=60", message_file, octets=b"") == output


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})],
)
def test_no_colour_where_it_is_not_wanted(message_file: str, arguments: list[str], environment: dict[str, str]) -> None:
    output = on_terminal("dump", *arguments, message_file, columns=200, **environment)
    assert output == printed("dump", message_file, octets=b"")


def test_load_keeps_octets_off_a_terminal(message_file: str, tmp_path: Path) -> None:
    path = tmp_path / "message.json"
    path.write_text(printed("dump", "--json", message_file, octets=b""))
    output = on_terminal("load", str(path), columns=200)
    assert "octets can't be shown on a terminal" in output
    assert "printer-state" not in output


def test_the_first_use_of_the_pure_codec_says_once_how_to_get_the_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("ippfast.cli.first_use.IMPLEMENTATION", "python")
    monkeypatch.setenv("IPPFAST_PURE", "1")
    first_use.tell()
    assert capsys.readouterr().err == ""
    monkeypatch.delenv("IPPFAST_PURE")
    first_use.tell()
    assert "gcc python3-dev" in capsys.readouterr().err
    first_use.tell()
    assert capsys.readouterr().err == ""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    first_use.tell()
    assert capsys.readouterr().err == ""
