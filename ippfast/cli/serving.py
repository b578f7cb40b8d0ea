"""What ``ippfast serve`` puts together from its options: the printer, its server, and several processes of both.

The rule of this file: a `Plan` is plain values, so that a worker in a process of its own makes the same of it.
"""

import contextlib
import functools
import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ippfast.http import BasicAuthenticator, DigestAuthenticator, HTTPLimits, Server, make_server_context
from ippfast.http.auth import Authenticator
from ippfast.printer import Command, Directory, Fetcher, Forward, Keep, Output, SpoolPrinter
from ippfast.printer.pages import PrinterPages
from ippfast.printer.users import Users, UsersError

__all__ = ["ANY", "LOOPBACK", "Hosts", "Plan", "announced", "make_printer", "make_server", "make_worker", "prepare"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANY = ("0.0.0.0", "::")
_MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"


class Hosts:
    """The names that a Host line may give: addresses, which no foreign name server can make up, and these names."""

    def __init__(self, names: "list[str] | tuple[str, ...]") -> None:
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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The options, checked one by one. names: those of this host. certificate: in a PEM file, None: no TLS."""

    state: Path
    names: tuple[str, ...]
    name: str | None = None
    spool: Path | None = None
    command: str | None = None
    forward: str | None = None
    descriptions: tuple[Path, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    require_tls: bool = False
    users: Path | None = None
    auth: str = "digest"
    operators: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    fetch: tuple[str, ...] = ()
    max_size: int | None = None
    max_jobs: int = 10_000
    max_user_jobs: int | None = None
    max_user_size: int | None = None
    history: int = 1_000
    metrics: bool = False
    workers: int = 1


def make_printer(plan: Plan) -> SpoolPrinter:
    """The printer, which is not started yet. Raises ValueError and OSError for what cannot be used."""
    named = {"printer-name": plan.name, "printer-info": plan.name, "printer-dns-sd-name": (plan.name or "")[:63]}
    return SpoolPrinter(
        plan.state,
        description=[*plan.descriptions, *([] if plan.name is None else [named])],
        output=_output(plan),
        schemes=("ipp",) if plan.certificate is None else ("ipps",) if plan.require_tls else ("ipp", "ipps"),
        authentication="requesting-user-name" if plan.users is None else plan.auth,
        operators=None if plan.users is None else plan.operators,
        max_octets=plan.max_size,
        max_jobs=plan.max_jobs,
        max_user_jobs=plan.max_user_jobs,
        max_user_octets=plan.max_user_size,
        history=plan.history,
        fetcher=Fetcher(plan.fetch) if plan.fetch else None,
        shared=plan.workers > 1,
    )


def make_server(plan: Plan, printer: SpoolPrinter, host: str, port: int) -> Server:
    """The server of a printer, which is not started yet. Raises ValueError and OSError."""
    metrics = None
    if plan.metrics:
        from ippfast.printer.metrics import Metrics

        metrics = Metrics(printer)
    return Server(
        printer if metrics is None else metrics,
        host="127.0.0.1" if host == "localhost" else host,
        port=port,
        reuse_port=plan.workers > 1,
        tls=None if plan.certificate is None else make_server_context(plan.certificate, plan.key),
        require_tls=plan.require_tls,
        limits=HTTPLimits(document=plan.max_size),
        allow=plan.allow or None,
        hosts=Hosts(plan.names),
        authenticator=_authenticator(plan),
        pages=PrinterPages(printer, metrics=metrics),
    )


def make_worker(plan: Plan) -> functools.partial[Server]:
    """What makes a server in each worker."""
    return functools.partial(_work, plan)


def _work(plan: Plan, host: str, port: int) -> Server:
    """In a worker: a printer of its own over the same spool, which ends with its server."""
    printer = make_printer(plan)
    server = make_server(plan, printer, host, port)
    end = server.shutdown

    def shutdown(deadline: float = 10.0) -> None:
        end(deadline)
        printer.close()

    server.shutdown = shutdown  # type: ignore[method-assign]
    printer.start()
    return server


def prepare(plan: Plan) -> None:
    """What must be there before the first worker begins."""
    if plan.metrics and plan.workers > 1:
        figures = plan.state / "metrics"
        shutil.rmtree(figures, ignore_errors=True)
        figures.mkdir()
        os.environ[_MULTIPROC] = str(figures)  # where prometheus-client adds up the workers' counters


def _output(plan: Plan) -> Output:
    if plan.spool is not None:
        return Directory(plan.spool)
    if plan.command is not None:
        return Command(plan.command)
    return Keep() if plan.forward is None else Forward(plan.forward)


def _authenticator(plan: Plan) -> Authenticator | None:
    if plan.users is None:
        return None
    users = Users(plan.users)
    missing = [operator for operator in plan.operators if operator not in users]
    if missing:
        raise UsersError(f"{plan.users} does not name the operator {missing[0]!r}")
    if plan.auth == "digest":
        return DigestAuthenticator(users.password_of)
    if plan.certificate is None:
        raise ValueError("--auth basic sends passwords as they are: it needs --tls or --certificate")
    return BasicAuthenticator(users.check)


@contextlib.contextmanager
def announced(plan: Plan, printer: SpoolPrinter, host: str, port: int) -> Iterator[str]:
    """Have the printer found on the network (DNS-SD). Gives the name under which it is.

    Raises ModuleNotFoundError without zeroconf, and OSError where there is no network.
    """
    from ippfast.printer.announce import Announcement, txt_record

    addresses = _addresses() if host in ANY else ["127.0.0.1" if host == "localhost" else host]
    tls = plan.certificate is not None
    shown = addresses[0] if ":" not in addresses[0] else f"[{addresses[0]}]"
    record = txt_record(
        printer.description,
        uuid=printer.uuid,
        path=printer.path,
        page=f"{'https' if tls else 'http'}://{shown}:{port}/",
        tls=tls,
        authentication="none" if plan.users is None else "username,password",
    )
    name = printer.description.text("printer-dns-sd-name") or "ippfast"
    with Announcement(name, port, addresses, record, tls=tls) as announcement:
        yield announcement.name


def _addresses() -> list[str]:
    """The addresses of this host by which others reach it."""
    found = {str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    outside = sorted(each for each in found if not ipaddress.ip_address(each).is_loopback)
    return outside or ["127.0.0.1"]
