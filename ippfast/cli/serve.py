"""``ippfast serve``: a printer on the network.

The rule of this file: it puts together what `ippfast.printer` and `ippfast.http` have, and says in one line what of
its options cannot be used. Nobody but this machine reaches it unless it is told to listen elsewhere.
"""

import contextlib
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

from ippfast.http.workers import Workers
from ippfast.printer import DescriptionError, SpoolPrinter
from ippfast.printer.certificates import fingerprint, self_made
from ippfast.printer.users import UsersError

from .failures import USAGE, Failure
from .serving import ANY, LOOPBACK, Plan, announced, make_printer, make_server, make_worker, prepare
from .text import escape

__all__ = ["serve"]

_SIZE_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


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
@click.option("--max-user-jobs", type=click.IntRange(min=1), help="Of these, how many one user may have.")
@click.option("--max-user-size", callback=_size, metavar="OCTETS", help="Of a user's documents together.")
@click.option(
    "--history", type=click.IntRange(min=0), default=1_000, show_default=True, help="How many ended jobs to remember."
)
@click.option("--metrics", is_flag=True, help="Show figures for Prometheus at /metrics.")
@click.option("--announce", is_flag=True, help="Have the printer found on the network (DNS-SD).")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes serve together."
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
    max_user_jobs: int | None,
    max_user_size: int | None,
    history: int,
    metrics: bool,
    announce: bool,
    workers: int,
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
    if workers > 1 and users_file is not None and auth == "digest":
        raise click.UsageError("--workers needs --auth basic: each process would have challenges of its own")
    if len([each for each in (spool, command, forward) if each is not None]) > 1:
        raise click.UsageError("--spool, --command and --forward are one choice")
    directory = state or _state_directory()
    names = _names(host, hostnames)
    with _explained():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if tls and certificate is None:
            certificate = self_made(directory, [*names, "127.0.0.1", "::1"])
        plan = Plan(
            state=directory,
            names=tuple(names),
            name=name,
            spool=spool,
            command=command,
            forward=forward,
            descriptions=descriptions,
            certificate=certificate,
            key=key,
            require_tls=require_tls,
            users=users_file,
            auth=auth,
            operators=operators,
            allow=allow,
            fetch=fetch,
            max_size=max_size,
            max_jobs=max_jobs,
            max_user_jobs=max_user_jobs,
            max_user_size=max_user_size,
            history=history,
            metrics=metrics,
            workers=workers,
        )
        prepare(plan)
        printer = make_printer(plan)
    with contextlib.closing(printer):
        _run(plan, printer, host, port, announce=announce)


def _run(plan: Plan, printer: SpoolPrinter, host: str, port: int, *, announce: bool) -> None:
    """Serve until the first signal."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.ExitStack() as stack:
            with _explained():
                server = make_server(plan, printer, host, port)  # what is wrong with it is found out here
                if plan.workers > 1:
                    server.shutdown()
                    at = "127.0.0.1" if host == "localhost" else host
                    workers = Workers(make_worker(plan), plan.workers, host=at, port=port)
                    port = workers.port
                    stack.enter_context(workers)
                else:
                    port = server.port
                    printer.start()
                    stack.enter_context(server)
                known = stack.enter_context(announced(plan, printer, host, port)) if announce else None
            _say(plan, printer, host, port, known)
            while not ended.wait(3_600):
                pass
            click.echo("Ending: jobs that are not done go on next time.", err=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(plan: Plan, printer: SpoolPrinter, host: str, port: int, known: str | None) -> None:
    """Where the printer is."""
    shown = socket.gethostname() if host in ANY else f"[{host}]" if ":" in host else host
    for scheme in printer.schemes:
        click.echo(f"{scheme}://{shown}:{port}{printer.path}")
    if plan.certificate is not None:
        click.echo(f"certificate: sha256:{fingerprint(plan.certificate)}")
    if known is not None:
        click.echo(f"announced as: {escape(known)}")
    if host not in LOOPBACK and printer.operators is None:
        click.echo("Everybody who reaches this host may print: see --users and --allow.", err=True)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say in one line what cannot be used."""
    try:
        yield
    except ModuleNotFoundError as error:
        extra = {"zeroconf": "discovery", "prometheus_client": "metrics"}.get(error.name or "", "tls")
        raise Failure(f"that needs {error.name}: pip install 'ippfast[{extra}]'", USAGE) from None
    except (DescriptionError, UsersError) as error:
        raise Failure(escape(str(error)), USAGE) from None
    except ssl.SSLError as error:
        raise Failure(f"the certificate can't be used: {error.reason or error}", USAGE) from None
    except (OSError, ValueError) as error:
        raise Failure(escape(str(error)), USAGE) from None


def _names(host: str, more: tuple[str, ...]) -> list[str]:
    """The names of this host: for the certificate, and for Host lines."""
    found = ["localhost"]
    if host not in (*LOOPBACK, *ANY):
        found.append(host)
    if host not in LOOPBACK:
        own = socket.gethostname()
        found += [own, f"{own.partition('.')[0]}.local", socket.getfqdn()]
    return [*dict.fromkeys([*found, *more])]
