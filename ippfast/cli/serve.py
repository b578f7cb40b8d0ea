"""``ippfast serve``: a printer on the network.

The rule of this file: it puts together what `ippfast.printer` and `ippfast.http` have, and tells in one line which of
its options cannot be used. Only this machine reaches it unless it is told to listen elsewhere.
"""

import contextlib
import functools
import logging
import os
import secrets
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from ippfast.http.uri import is_host_name
from ippfast.http.workers import Workers
from ippfast.printer import Description, DescriptionError, SpoolPrinter
from ippfast.printer.certificates import fingerprint, self_made
from ippfast.printer.service import PrintService
from ippfast.printer.simulating import pages_per_minute
from ippfast.printer.storage.seam import StorageBusy, StorageError
from ippfast.printer.storage.sqlite import make_private
from ippfast.printer.users import Users, UsersError

from .announcing import all_announced, announced
from .failures import USAGE, Failure
from .forwarding import look
from .serving import ANY, LOOPBACK, Plan, make_handler, make_server, make_worker, prepare, without_secrets
from .session import Access, trust_is_given, trust_options
from .state import state_of
from .text import escape
from .waiting import LOOK, until_signal

__all__ = ["explaining", "serve"]

_EXTRAS = {"jwt": "ippfast[oauth]", "argon2": "ippfast[passwords]", "bcrypt": "ippfast[passwords]"}
_MOST_SHOWN = 20
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


def _speed(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Pages a minute, such as 20ppm."""
    try:
        return None if value is None else pages_per_minute(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def _host_names(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not is_host_name(name):
            raise click.BadParameter(f"{name!r} is not a host name", ctx, param)
    return names


@click.command
@click.option("--name", help="The printer's name; by default that of its description.")
@click.option("--host", default="localhost", show_default=True, help="The address to listen at; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8631, show_default=True, help="0 for a free one.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where jobs and documents are kept.  [default: ippfast/printers/NAME in $XDG_STATE_HOME]",
)
@click.option(
    "--store",
    metavar="URL",
    help="Where jobs are kept instead: sqlite:///DIR, or postgresql://USER@HOST/NAME for many hosts.",
)
@click.option(
    "--documents",
    metavar="PLACE",
    help="Where documents are kept instead: a directory, or s3://BUCKET/PREFIX.",
)
@click.option(
    "--printers",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE.toml",
    help="Serve many printers: those of the file's tables, and those that Create-Printer made.",
)
@click.option(
    "--spool", type=click.Path(file_okay=False, path_type=Path), help="Put each document into this directory."
)
@click.option("--command", help="Give each document to this command on its standard input.")
@click.option(
    "--forward",
    metavar="URI",
    help="Give each job to this printer: by IPP, or socket://HOST:9100, or lpd://HOST/QUEUE.",
)
@click.option(
    "--simulate",
    callback=_speed,
    metavar="SPEED",
    help="Take as long as a real printer of this many pages a minute, such as 20ppm; see 'ippfast provoke'.",
)
@click.option("--consume", is_flag=True, help="With --simulate, let supplies and paper run down.")
@trust_options
@click.option(
    "--description",
    "descriptions",
    multiple=True,
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="The printer's attributes: TOML, or another printer's answer (.ipp). May be repeated.",
)
@click.option("--tls", is_flag=True, help="Serve ipps too, with a self-made certificate.")
@click.option(
    "--certificate",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Serve ipps too, with this certificate (PEM).",
)
@click.option(
    "--key", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Its key, if in another file."
)
@click.option("--require-tls", is_flag=True, help="Refuse requests without TLS.")
@click.option(
    "--users",
    "users_file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Serve only these users: a file of htdigest or htpasswd (see 'ippfast users add').",
)
@click.option(
    "--auth",
    type=click.Choice(["digest", "basic"]),
    help="How users log in.  [default: digest, or basic with a file of htpasswd]",
)
@click.option(
    "--oauth", "issuer", metavar="URI", help="Serve only users with a token of this OpenID provider, over TLS."
)
@click.option(
    "--oauth-audience", "audience", metavar="NAME", help="The audience of its tokens: its name for this printer."
)
@click.option(
    "--oauth-claim",
    "claim",
    default="sub",
    show_default=True,
    metavar="NAME",
    help="The claim of a token that names the user.",
)
@click.option("--operator", "operators", multiple=True, metavar="NAME", help="A user who may do everything.")
@click.option("--allow", multiple=True, metavar="NETWORK", help="Serve only these networks, such as 192.168.0.0/24.")
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="NETWORK",
    help="Trust the proxies there to tell the client's address, by Forwarded or X-Forwarded-For.",
)
@click.option(
    "--hostname",
    "hostnames",
    multiple=True,
    callback=_host_names,
    help="Another name by which clients know this host.",
)
@click.option("--fetch", multiple=True, metavar="HOST[:PORT]", help="Print documents by reference from this host.")
@click.option("--max-size", callback=_size, metavar="OCTETS", help="The largest document, such as 500M.")
@click.option(
    "--max-jobs", type=click.IntRange(min=1), default=10_000, show_default=True, help="The most unfinished jobs."
)
@click.option(
    "--max-connections-per-host",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="The most connections from one address; more are answered with 503.",
)
@click.option(
    "--rest",
    type=click.FloatRange(min=1.0),
    default=900.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a client may pause while it sends a document.",
)
@click.option("--max-user-jobs", type=click.IntRange(min=1), help="The most unfinished jobs of one user.")
@click.option("--max-user-size", callback=_size, metavar="OCTETS", help="The most octets of one user's documents.")
@click.option(
    "--history", type=click.IntRange(min=0), default=1_000, show_default=True, help="How many ended jobs to remember."
)
@click.option("--metrics", is_flag=True, help="Show figures for Prometheus at /metrics.")
@click.option("--announce", is_flag=True, help="Announce the printer on the network (DNS-SD).")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes serve together."
)
@click.option("-v", "--verbose", is_flag=True, help="Log every request.")
def serve(
    trust: Access,
    name: str | None,
    host: str,
    port: int,
    state: Path | None,
    store: str | None,
    documents: str | None,
    printers: Path | None,
    spool: Path | None,
    command: str | None,
    forward: str | None,
    simulate: float | None,
    consume: bool,
    descriptions: tuple[Path, ...],
    tls: bool,
    certificate: Path | None,
    key: Path | None,
    require_tls: bool,
    users_file: Path | None,
    auth: str | None,
    issuer: str | None,
    audience: str | None,
    claim: str,
    operators: tuple[str, ...],
    allow: tuple[str, ...],
    proxies: tuple[str, ...],
    hostnames: tuple[str, ...],
    fetch: tuple[str, ...],
    max_size: int | None,
    max_jobs: int,
    max_connections_per_host: int,
    rest: float,
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
    jobs are remembered. An accepted job survives the end of this program: started again with the same --state, the
    program goes on where it was.

    Only this machine reaches it unless --host says otherwise. All users on this machine may do everything.
    With --users that is not so: every user may print and change their own jobs, and an --operator may do everything.

    --ca, --pin, --insecure, IPPFAST_USER, IPPFAST_PASSWORD and IPPFAST_TOKEN are for the printer of --forward. If that
    does not answer, jobs wait: the terminal says why, and so do printer-state-reasons and printer-state-message.

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
    for_one = {
        "--name": name,
        "--spool": spool,
        "--command": command,
        "--forward": forward,
        "--description": descriptions,
    }
    if printers is not None and (given := [option for option, value in for_one.items() if value]):
        raise click.UsageError(f"{given[0]} is for one printer; the file of --printers says it for each")
    if consume and simulate is None:
        raise click.UsageError("--consume needs --simulate")
    if name is not None and not name.isprintable():
        raise click.UsageError("--name: a name must be one line without control characters")
    if operators and users_file is None and issuer is None:
        raise click.UsageError("--operator needs --users or --oauth")
    if issuer is not None and users_file is not None:
        raise click.UsageError("give --users or --oauth, not both")
    if issuer is not None and (audience is None or (certificate is None and not tls)):
        needed = "--oauth-audience" if audience is None else "--certificate or --tls"
        raise click.UsageError(f"--oauth needs {needed}")
    if len([each for each in (spool, command, forward) if each is not None]) > 1:
        raise click.UsageError("give one of --spool, --command and --forward")
    if forward is not None and _is_here(forward, host, port):
        raise click.UsageError(f"--forward {forward} is this server itself: its jobs would go round for ever")
    if trust_is_given() and forward is None:
        raise click.UsageError("--ca, --pin and --insecure are for the printer of --forward")
    names = _names(host, hostnames)
    with explaining():
        directory = state or state_of(_known_as(name, descriptions, printers))
        make_private(directory)
        if tls and certificate is None:
            certificate = self_made(directory, [*names, "127.0.0.1", "::1"])
        if users_file is not None:
            auth = auth or _usual_auth(users_file)
        if issuer is not None:
            from ippfast.printer.oauth import OpenIDProvider

            OpenIDProvider(issuer, audience or "")  # raises now if it cannot be used
        plan = Plan(
            state=directory,
            names=tuple(names),
            store=store,
            documents=documents,
            printers=printers,
            name=name,
            spool=spool,
            command=command,
            forward=forward,
            trust=trust,
            descriptions=descriptions,
            certificate=certificate,
            key=key,
            require_tls=require_tls,
            users=users_file,
            auth=auth or "digest",
            nonce_key=secrets.token_bytes(32) if workers > 1 and auth == "digest" else None,
            issuer=issuer,
            audience=audience or "",
            claim=claim,
            operators=operators,
            allow=allow,
            proxies=proxies,
            fetch=fetch,
            max_size=max_size,
            max_jobs=max_jobs,
            max_connections_per_host=max_connections_per_host,
            rest=rest,
            max_user_jobs=max_user_jobs,
            max_user_size=max_user_size,
            history=history,
            metrics=metrics,
            workers=workers,
            simulate=simulate,
            consume=consume,
        )
        prepare(plan)
        printer = make_handler(plan)
    with contextlib.closing(printer):
        _run(plan, printer, host, port, announce=announce)


def _usual_auth(path: Path) -> str:
    users = Users(path)
    if users.kind == "plain":
        click.echo(f"{path} has plain passwords: 'ippfast users add' writes a file without them.", err=True)
    return "basic" if users.kind == "htpasswd" else "digest"


def _run(plan: Plan, printer: SpoolPrinter | PrintService, host: str, port: int, *, announce: bool) -> None:
    """Serve until the first signal."""
    sys.setswitchinterval(0.0005)  # a request's thread gives way at each row that it writes, and must go on soon
    with until_signal() as ended, contextlib.ExitStack() as stack:
        with explaining():
            server, reload = make_server(plan, printer, host, port)  # raises if it cannot be used
            hangup: Callable[[], None] = reload
            if plan.workers > 1:
                server.shutdown()
                at = "127.0.0.1" if host == "localhost" else host
                workers = Workers(make_worker(plan), plan.workers, host=at, port=port)
                port = workers.port
                stack.enter_context(workers)
                hangup = functools.partial(_tell, workers)
            else:
                port = server.port
                printer.start()
                stack.enter_context(server)
            known = None
            if announce and isinstance(printer, SpoolPrinter):
                known = stack.enter_context(announced(plan, printer, host, port))
            elif announce and isinstance(printer, PrintService):
                known = stack.enter_context(all_announced(plan, printer, host, port))
        _on_hangup(stack, hangup)
        _say(plan, printer, host, port, known, announce=announce)
        if plan.forward is not None:
            arguments = (plan.forward, plan.trust, printer, ended)
            threading.Thread(target=look, args=arguments, name="look", daemon=True).start()
        while not ended.wait(LOOK):
            pass
        click.echo("Ending: jobs that are not done go on at the next start.", err=True)


def _tell(workers: Workers) -> None:
    """Have all workers reload (see `Reloading`)."""
    for pid in workers.pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)


def _on_hangup(stack: contextlib.ExitStack, reload: Callable[[], None]) -> None:
    """Read users and certificate again at SIGHUP, until the stack is closed."""
    before = signal.signal(signal.SIGHUP, lambda number, frame: reload())
    stack.callback(signal.signal, signal.SIGHUP, before)


def _say(
    plan: Plan, printer: SpoolPrinter | PrintService, host: str, port: int, known: str | None, *, announce: bool
) -> None:
    """Tell where the printer is. known: its name on the network."""
    shown = socket.gethostname() if host in ANY else f"[{host}]" if ":" in host else host
    if not isinstance(printer, PrintService):
        paths = [printer.path]
    else:
        paths = ["/ipp/system", *(spec.path for spec in printer.queues.all().values())]
        if len(paths) > _MOST_SHOWN:
            paths = [paths[0]]
            click.echo(f"{len(printer.queues.all())} printers")
    for scheme in printer.schemes:
        for path in paths:
            click.echo(f"{scheme}://{shown}:{port}{path}")
    if plan.certificate is not None:
        click.echo(f"certificate: sha256:{fingerprint(plan.certificate)}")
    if announce:
        shown_name = escape(known) if known is not None else "nobody, for only this machine can reach it (--host)"
        click.echo(f"announced {'as' if known is not None else 'to'}: {shown_name}")
    click.echo(f"web page: {'http' if plan.certificate is None else 'https'}://{shown}:{port}/")
    click.echo(f"documents: {_destination(plan)}")
    if plan.store is None:
        click.echo(f"state: {escape(str(plan.state))}  (--state)")
    else:
        click.echo(f"jobs: {escape(without_secrets(plan.store))}")
    if host not in LOOPBACK and printer.access.operators is None:
        click.echo("Everybody who reaches this host may print: see --users and --allow.", err=True)


def _destination(plan: Plan) -> str:
    """Where documents go."""
    if plan.printers is not None:
        return f"as {escape(str(plan.printers))} says for each printer"
    if plan.spool is not None:
        return f"into {escape(str(plan.spool))}"
    if plan.command is not None:
        return f"to the command {escape(plan.command)}"
    if plan.forward is not None:
        return f"to the printer {escape(plan.forward)}"
    return f"kept with the state, those of the last {plan.history:,} jobs; see --spool, --command and --forward"


@contextlib.contextmanager
def explaining() -> Iterator[None]:
    """Tell in one line what cannot be used."""
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        project = _EXTRAS.get(module, module.replace("_", "-"))
        raise Failure(f"this needs {module}: pip install '{project}'", USAGE) from None
    except (DescriptionError, UsersError) as error:
        raise Failure(escape(str(error)), USAGE) from None
    except ssl.SSLError as error:
        raise Failure(f"the certificate can't be used: {error.reason or error}", USAGE) from None
    except StorageBusy as error:
        raise Failure(f"{escape(str(error))}: give this one another --state, or another --name", USAGE) from None
    except (OSError, ValueError, StorageError) as error:
        raise Failure(escape(str(error)), USAGE) from None


def _known_as(name: str | None, descriptions: tuple[Path, ...], printers: Path | None) -> str:
    """What the state directory is named after."""
    return "service" if printers is not None else name or Description(*descriptions).text("printer-name")


def _is_here(uri: str, host: str, port: int) -> bool:
    """Whether a URI leads to the port that is served."""
    parts = urlsplit(uri)
    try:
        if port != (parts.port or {"https": 443, "http": 80}.get(parts.scheme, 631)):
            return False
        there = {info[4][0] for info in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)}
        here = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, ValueError):
        return False
    if here & set(ANY):
        here |= {info[4][0] for name in ("localhost", socket.gethostname()) for info in _addresses(name)}
    return bool(there & here)


def _addresses(name: str) -> list[Any]:
    try:
        return socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return []


def _names(host: str, more: tuple[str, ...]) -> list[str]:
    """The names of this host: for the certificate, and for Host lines."""
    found = ["localhost"]
    if host not in (*LOOPBACK, *ANY):
        found.append(host)
    if host not in LOOPBACK:
        own = socket.gethostname()
        found += [own, f"{own.partition('.')[0]}.local", socket.getfqdn()]
    return [*dict.fromkeys([*found, *more])]
