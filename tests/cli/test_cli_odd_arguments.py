"""Whatever a person can type, no command ends in a traceback: each says in words what is wrong.

The rule of this file: every command takes part as the group lists it, with arguments made for its own options, and the
printer that it is led to is a real one. What would never end is ended at once.
"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from printers import printing
from scale import examples

from ippfast.cli import recordings, serve, service
from ippfast.cli.commands import ippfast
from ippfast.cli.parameters import Seconds
from ippfast.http import BasicAuthenticator, Server, make_server_context
from ippfast.printer.certificates import self_made

STATUSES = {0, 1, 2, 3, 4, 5, 130}

TEXTS = st.one_of(
    st.sampled_from(
        [
            "", " ", "-", "--", "*", "printer-*", "Printer-State", "JOB-STATE", "Foo Bar", "a:b", "a=b", "=", "\\", "'",
            "\x1b[31m", "\u202e", "ä" * 300, "x" * 70_000, "\udcff", "a\nb", "{", "{" * 20, "copies=1", "copies=x",
            "media-col={media-size={x-dimension=1", "sides:keyword=", "job-hold-until=tomorrow", "page-ranges=9-1",
            "a:integer=99999999999", "printer-resolution=0dpi", "job-priority=-1", "copies", ":keyword=x", "a/b",
        ]
    ),
    st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), max_size=12),
)  # fmt: skip
NUMBERS = st.sampled_from(
    [
        "0",
        "-1",
        "1",
        "2",
        "88",
        "2147483647",
        "2147483648",
        "99999999999",
        "9" * 5_000,
        "1.5",
        "1e3",
        "0x1",
        "x",
        "",
        "٣",
    ]
)
SECONDS = st.sampled_from(["0", "-1", "nan", "inf", "-inf", "1e-9", "1e9", "1e300", "x", ""])
PATHS = st.sampled_from(
    ["a.pdf", "empty", "folder", "missing", "missing/x.ipp", "odd\udcff", "message.ipp", "-", "a.toml"]
)
PLACES = st.sampled_from(
    [
        "", " ", "-", "ipp://", "ipp://[", "ipp://[::1", "ipp://localhost:99999/", "ipp://localhost:x/", "ipp://a b/",
        "ipp://localhost:1/", "http:", "://", "a" * 300, "ipp://" + "a" * 300 + "/", "ipp://" + "a." * 200, "ipp://ä/",
        "ipp://a..b/", "ipp://.", "localhost:1", "\udcff", "ipp://\udcff/", "ipp://x@localhost/", "ipp://localhost/#x",
        "socket://", "lpd://", "lpd://localhost/", "socket://localhost:x", "ftp://localhost/", "[::1]", "[",
        "1.2.3.4.5", "\x1b", "a:b:c", "ipp://xn--/", "xn--a", "missing.ipp", "folder",
    ]
)  # fmt: skip

# What would take long, start many processes, or speak to the network.
OVERRIDES: dict[str, st.SearchStrategy[str]] = {
    "workers": st.sampled_from(["0", "65", "x", "-1"]),
    "port": st.sampled_from(["-1", "65536", "x", "0"]),
    "timeout": SECONDS,
    "seconds": st.sampled_from(["0", "-1", "nan", "x", "0.01", "-inf"]),
    "interface": st.sampled_from(["", "999.1.1.1", "\udcff", "x y"]),
}
LEFT_OUT = {"announce", "help"}
ALWAYS = {"seconds": "0.01", "port": "0", "interface": "nosuch0"}


def commands(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))
        else:
            yield (*above, name), command


COMMANDS = dict(commands(ippfast))


def values(parameter: click.Parameter) -> st.SearchStrategy[str]:
    """What somebody may type for a parameter."""
    assert parameter.name is not None
    if parameter.name in OVERRIDES:
        return OVERRIDES[parameter.name]
    if parameter.name in ("uri", "host", "forward", "server", "before", "after"):
        return PLACES | TEXTS.filter(lambda text: len(text) < 1_000)
    if isinstance(parameter.type, click.IntRange):
        return NUMBERS
    if isinstance(parameter.type, Seconds):
        return SECONDS
    if isinstance(parameter.type, (click.Path, click.File)):
        return PATHS
    return TEXTS


@st.composite
def lines(draw: st.DrawFn, command: click.Command) -> list[str]:
    """A command line, with URI for the printer that is there."""
    words: list[str] = []
    for each in command.params:
        if each.name in LEFT_OUT:
            continue
        if isinstance(each, click.Option):
            if draw(st.integers(0, 3)) == 0:
                name = draw(st.sampled_from([*each.opts, *each.secondary_opts]))
                words += [name] if each.is_flag else [name, draw(values(each))]
            elif each.name in ALWAYS:
                words += [each.opts[0], ALWAYS[each.name]]
    words += ["--"]
    for each in command.params:
        if isinstance(each, click.Argument):
            if each.name == "uri" and draw(st.integers(0, 3)):
                words.append(draw(st.sampled_from(["URI", "URI", "GUARDED"])))
            else:
                words += draw(st.lists(values(each), min_size=1, max_size=3 if each.nargs == -1 else 1))
    return words


LOGIN = st.sampled_from([{"IPPFAST_USER": user, "IPPFAST_PASSWORD": "x"} for user in ("a:b", "\udcff", "ä" * 300, "a")])
ENVIRONMENTS = LOGIN | st.dictionaries(
    st.sampled_from(["IPPFAST_USER", "IPPFAST_PASSWORD", "IPPFAST_TOKEN", "IPPFAST_CA", "IPPFAST_PIN"]),
    TEXTS.filter(lambda text: len(text) < 10_000),
    max_size=2,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "a.pdf").write_bytes(b"%PDF-1.7 x")
    (folder / "empty").touch()
    (folder / "folder").mkdir()
    (folder / "odd\udcff").write_bytes(b"\xff\xfe")
    (folder / "message.ipp").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x01\x03")
    (folder / "a.toml").write_text("printer-info = 7\n")
    return folder


@pytest.fixture(scope="module")
def uris(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[dict[str, str]]:
    """A printer, and the same one behind a login."""
    with printing(tmp_path_factory.mktemp("state")) as desk:
        desk.wait(desk.print())
        certificate = self_made(folder, ["localhost"])
        nobody = BasicAuthenticator(lambda user, password: False)
        with Server(desk.printer, port=0, tls=make_server_context(certificate), authenticator=nobody) as guarded:
            yield {"URI": desk.uri, "GUARDED": f"ipps://localhost:{guarded.port}/ipp/print", "CA": str(certificate)}


@contextlib.contextmanager
def at_once() -> Iterator[threading.Event]:
    """In the place of `until_signal`: it is over before it began."""
    ended = threading.Event()
    ended.set()
    yield ended


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_traceback(
    path: tuple[str, ...], folder: Path, uris: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    for module in (serve, service, recordings):
        monkeypatch.setattr(module, "until_signal", at_once)

    @given(lines(COMMANDS[path]), ENVIRONMENTS)
    @settings(max_examples=examples(50), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    def no_traceback(words: list[str], environment: dict[str, str]) -> None:
        arguments = [uris.get(word, word) for word in words]
        result = CliRunner().invoke(
            ippfast, [*path, *arguments], env={"IPPFAST_CA": uris["CA"], **environment}, prog_name="ippfast"
        )
        told = f"{path} {arguments} {environment}\n{result.output}"
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise AssertionError(told) from result.exception
        assert result.exit_code in STATUSES, told
        assert "Traceback" not in result.output, told
        if result.exit_code:
            assert result.output.strip(), told

    no_traceback()
