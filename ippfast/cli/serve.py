"""``ippfast serve``: a printer on the network.

The rule of this file: it puts together what `ippfast.printer` and `ippfast.http` have, and says in one line what of
its options cannot be used. Nobody but this machine reaches it unless it is told to listen elsewhere.
"""

import contextlib
import ipaddress
import logging
import os
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import click

from ippfast.http import BasicAuthenticator, DigestAuthenticator, HTTPLimits, Server, make_server_context
from ippfast.http.auth import Authenticator
from ippfast.printer import (
    Command,
    DescriptionError,
    Directory,
    Fetcher,
    Forward,
    Keep,
    Output,
    SpoolPrinter,
)
from ippfast.printer.certificates import fingerprint, self_made
from ippfast.printer.users import Users, UsersError

from .failures import USAGE, Failure
from .text import escape

__all__ = ["Hosts", "serve"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ANY = ("0.0.0.0", "::")
_SIZE_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Hosts:
    """The names that a Host line may give: addresses, which no foreign name server can make up, and these names."""

    def __init__(self, names: list[str]) -> None:
        self._names = [name.lower().rstrip(".") for name in names]

    def __contains__(self, name: object) -> bool:
        try:
            ipaddress.ip_address(str(name).strip("[]"))
        except ValueError:
            return name in self._names
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A number of octets, such as 500M."""
    if value is None:
        return None
    factor = _SIZE_UNITS.get(value[-1:].upper(), 1)
    number = value[:-1] if factor > 1 else value
    if not (number.isascii() and number.isdigit()):
        raise click.BadParameter(f"expected a number of octets, or one with K, M or G, got {value!r}", ctx, param)
    return int(number) * factor


def _state_directory() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "ippfast"


@click.command
@click.option("--name", help="What the printer is called; by default as its description says.")
@click.option("--host", default="localhost", show_default=True, help="The address to listen at; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8631, show_default=True, help="0 for a free one.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where jobs and documents are kept.  [default: ippfast in $XDG_STATE_HOME]",
)
@click.option(
    "--spool", type=click.Path(file_okay=False, path_type=Path), help="Put each document into this directory."
)
@click.option("--command", help="Give each document to this command on its standard input.")
@click.option("--forward", metavar="URI", help="Give each job to this printer.")
@click.option(
    "--description",
    "descriptions",
    multiple=True,
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE.toml",
    help="What the printer says of itself, over what it says anyway. May be repeated.",
)
@click.option("--tls", is_flag=True, help="Serve ipps too, with a certificate of its own making.")
@click.option(
    "--certificate",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Serve ipps too, with this certificate (PEM).",
)
@click.option(
    "--key", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Its key, if in another file."
)
@click.option("--require-tls", is_flag=True, help="Refuse whoever comes without TLS.")
@click.option(
    "--users",
    "users_file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Serve these users alone: a file of lines name:password.",
)
@click.option(
    "--auth", type=click.Choice(["digest", "basic"]), default="digest", show_default=True, help="How users log in."
)
@click.option("--operator", "operators", multiple=True, metavar="NAME", help="A user who may do everything.")
@click.option("--allow", multiple=True, metavar="NETWORK", help="Serve these networks alone, such as 192.168.0.0/24.")
@click.option("--hostname", "hostnames", multiple=True, help="A further name by which clients know this host.")
@click.option("--fetch", multiple=True, metavar="HOST[:PORT]", help="Print documents by reference from this host.")
@click.option("--max-size", callback=_size, metavar="OCTETS", help="Of a document, such as 500M.")
@click.option("--max-jobs", type=click.IntRange(min=1), default=10_000, show_default=True, help="That have not ended.")
@click.option(
    "--history", type=click.IntRange(min=0), default=1_000, show_default=True, help="How many ended jobs to remember."
)
@click.option("-v", "--verbose", is_flag=True, help="Log every request.")
def serve(
    name: str | None,
    host: str,
    port: int,
    state: Path | None,
    spool: Path | None,
    command: str | None,
    forward: str | None,
    descriptions: tuple[Path, ...],
    tls: bool,
    certificate: Path | None,
    key: Path | None,
    require_tls: bool,
    users_file: Path | None,
    auth: str,
    operators: tuple[str, ...],
    allow: tuple[str, ...],
    hostnames: tuple[str, ...],
    fetch: tuple[str, ...],
    max_size: int | None,
    max_jobs: int,
    history: int,
    verbose: bool,
) -> None:
    """Be a printer: take jobs into a spool, and hand them on.

    Without --spool, --command or --forward the documents stay with the jobs in the --state directory, as long as the
    jobs are remembered. A job that was accepted survives whatever happens to this program: started again with the same
    --state, it goes on where it was.

    It is for this machine alone unless --host says otherwise. Whoever connects from this machine may do everything,
    unless --users says who may do what: then everybody may print, and do as they like with their own jobs, and an
    --operator with all.

    \b
    Try it:
      ippfast serve --spool printed
      ippfast print ipp://localhost:8631/ipp/print report.pdf
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    if (key is not None or require_tls) and certificate is None and not tls:
        raise click.UsageError(f"{'--key' if key is not None else '--require-tls'} needs --certificate or --tls")
    if operators and users_file is None:
        raise click.UsageError("--operator needs --users")
    directory = state or _state_directory()
    names = _names(host, hostnames)
    with _explained():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        output = _output(spool, command, forward)
        users = None if users_file is None else Users(users_file)
        missing = [operator for operator in operators if users is not None and operator not in users]
        if missing:
            raise UsersError(f"{users_file} does not name the operator {missing[0]!r}")
        context, pem = _tls(directory, certificate, key, names) if tls or certificate is not None else (None, None)
        named = [] if name is None else [{"printer-name": name, "printer-info": name, "printer-dns-sd-name": name[:63]}]
        printer = SpoolPrinter(
            directory,
            description=[*descriptions, *named],
            output=output,
            schemes=("ipp",) if context is None else ("ipps",) if require_tls else ("ipp", "ipps"),
            authentication="requesting-user-name" if users is None else auth,
            operators=None if users is None else operators,
            max_octets=max_size,
            max_jobs=max_jobs,
            history=history,
            fetcher=Fetcher(fetch) if fetch else None,
        )
    with contextlib.closing(printer):
        with _explained():
            server = Server(
                printer,
                host="127.0.0.1" if host == "localhost" else host,
                port=port,
                tls=context,
                require_tls=require_tls,
                limits=HTTPLimits(document=max_size),
                allow=allow or None,
                hosts=Hosts(names),
                authenticator=_authenticator(users, auth, secure=context is not None),
            )
        _run(printer, server, host, pem, require_tls=require_tls)


def _run(printer: SpoolPrinter, server: Server, host: str, pem: Path | None, *, require_tls: bool) -> None:
    """Serve until the first signal."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        printer.start()
        with server:
            shown = socket.gethostname() if host in _ANY else f"[{host}]" if ":" in host else host
            for scheme in printer.schemes:
                click.echo(f"{scheme}://{shown}:{server.port}{printer.path}")
            if pem is not None:
                click.echo(f"certificate: sha256:{fingerprint(pem)}")
            if host not in _LOOPBACK and printer.operators is None:
                click.echo("Everybody who reaches this host may print: see --users and --allow.", err=True)
            while not ended.wait(3_600):
                pass
            click.echo("Ending: jobs that are not done go on next time.", err=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say in one line what cannot be used."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise Failure(f"--tls needs {error.name}: pip install 'ippfast[tls]'", USAGE) from None
    except (DescriptionError, UsersError) as error:
        raise Failure(escape(str(error)), USAGE) from None
    except ssl.SSLError as error:
        raise Failure(f"the certificate can't be used: {error.reason or error}", USAGE) from None
    except (OSError, ValueError) as error:
        raise Failure(escape(str(error)), USAGE) from None


def _names(host: str, more: tuple[str, ...]) -> list[str]:
    """The names of this host: for the certificate, and for Host lines."""
    found = ["localhost"]
    if host not in (*_LOOPBACK, *_ANY):
        found.append(host)
    if host not in _LOOPBACK:
        own = socket.gethostname()
        found += [own, f"{own.partition('.')[0]}.local", socket.getfqdn()]
    return [*dict.fromkeys([*found, *more])]


def _output(spool: Path | None, command: str | None, forward: str | None) -> Output:
    given = [each for each in (spool, command, forward) if each is not None]
    if len(given) > 1:
        raise click.UsageError("--spool, --command and --forward are one choice")
    if spool is not None:
        return Directory(spool)
    if command is not None:
        return Command(command)
    return Keep() if forward is None else Forward(forward)


def _tls(directory: Path, certificate: Path | None, key: Path | None, names: list[str]) -> tuple[ssl.SSLContext, Path]:
    pem = certificate or self_made(directory, [*names, "127.0.0.1", "::1"])
    return make_server_context(pem, key), pem


def _authenticator(users: Users | None, kind: str, *, secure: bool) -> Authenticator | None:
    if users is None:
        return None
    if kind == "digest":
        return DigestAuthenticator(users.password_of)
    if not secure:
        raise ValueError("--auth basic sends passwords as they are: it needs --tls or --certificate")
    return BasicAuthenticator(users.check)
