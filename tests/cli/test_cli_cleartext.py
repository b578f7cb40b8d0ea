"""No command goes back to cleartext: where --pin or --ca says whom to trust, or TLS takes too long, nothing is asked.

The rule of this file: each command that reaches a printer is in the table, and a new one without a line there fails.
"""

from pathlib import Path

import pytest
from authorities import Authority
from command_line import run
from tls_refusers import KINDS, refusing

from ippfast.cli.commands import COMMANDS, ippfast

PIN = "00" * 32
ASKING = Path(__file__).parents[1] / "printer" / "standards" / "attributes.test"
# What stands behind the printer.
ARGUMENTS: dict[str, list[str]] = {
    "printers": [],
    "probe": [],
    "print": [__file__],
    "convert": [__file__, "-o", "out.urf"],
    "preview": [__file__],
    "attributes": [],
    "supplies": [],
    "jobs": [],
    "job": ["1"],
    "cancel": ["1"],
    "hold": ["1"],
    "release": ["1"],
    "watch": ["1"],
    "check": [],
    "capture": ["--force"],
    "diff": ["other.ipp"],
    "provoke": ["media-jam"],
    "test": [],
}

# What stands before the printer.
OPTIONS = {"printers": ["--server"], "convert": ["--printer"], "preview": ["--printer"], "test": [str(ASKING)]}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    (tmp_path / "ca.pem").write_bytes(Authority().certificate)
    return str(tmp_path / "ca.pem")


def ask(command: str, place: str, *options: str, seconds: float = 0.2) -> tuple[int, str]:
    given = [*OPTIONS.get(command, ()), place]
    result = run(command, *given, *ARGUMENTS[command], "--timeout", str(seconds), *options)
    assert not isinstance(result.exception, Exception), command
    return result.exit_code, result.stderr


def test_each_command_is_here() -> None:
    with_access = set()
    for name in COMMANDS:
        command = ippfast.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        if {"pin", "timeout"} <= {option.name for option in command.params}:  # serve forwards, and asks no host alone
            with_access.add(name)
    assert set(ARGUMENTS) == with_access


@pytest.mark.parametrize("kind", KINDS)
def test_whom_to_trust_was_said(kind: str, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing(kind) as server:
        for command in ARGUMENTS:
            for options in ([("--pin", PIN)], [("--pin", PIN), ("--ca", ca_file)])[command == "printers"]:
                before = server.hellos
                code, said = ask(command, server.host, *options)
                assert (server.plain, server.hellos > before) == ([], True), (command, options)
                assert code in (1, 3, 4), (command, options)
                assert "unencrypted" not in said, (command, options)
        for name, value in (("IPPFAST_PIN", PIN), ("IPPFAST_CA", ca_file)):
            with monkeypatch.context() as environment:
                environment.setenv(name, value)
                ask("attributes", server.host)
                assert server.plain == [], name


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_uri_gets_tls_where_whom_to_trust_was_said(kind: str) -> None:
    with refusing(kind) as server:
        # Watching tries for half a minute, and each of them waits twice for one that is slow.
        for command in ("attributes", "print", "printers") if kind == "slow" else set(ARGUMENTS) - {"watch"}:
            code, _ = ask(command, f"ipp://{server.host}/ipp/print", "--pin", PIN)
            assert code in (1, 3, 4), command
        # The upgrade of RFC 2817 asks nothing but whether there is TLS.
        assert [each for each in server.plain if not each.startswith(b"OPTIONS * ")] == [], command


def test_too_slow_is_not_without_tls() -> None:
    with refusing("slow") as server:
        for command in ARGUMENTS:
            code, said = ask(command, server.host)
            assert (code, server.plain, server.hellos > 0) == (3, [], True), command
            assert "has no TLS" not in said, command


@pytest.mark.parametrize("kind", ["closes", "nonsense"])
def test_without_tls_it_is_said(kind: str) -> None:
    """Nobody said whom to trust: then a server that shows to have no TLS is asked without, and a line says so."""
    with refusing(kind) as server:
        for command in set(ARGUMENTS) - {"probe", "check", "watch"}:  # watch would never end
            before = len(server.plain)
            _, said = ask(command, server.host, seconds=2.0)  # for the handshake; whoever refuses does so at once
            assert len(server.plain) > before, command
            assert f"Note: {server.host} has no TLS; the request is sent unencrypted." in said, command
