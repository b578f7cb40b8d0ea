"""What ``ippfast serve`` puts together from its options: the printer, its server, and several processes of both.

The rule of this file: a `Plan` is plain values, so that a worker in another process makes the same printer and server
from it.
"""

import contextlib
import functools
import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ippfast.http import (
    BasicAuthenticator,
    BearerAuthenticator,
    DigestAuthenticator,
    HTTPLimits,
    Server,
    make_server_context,
)
from ippfast.http.auth import Authenticator
from ippfast.http.hosts import Hosts
from ippfast.printer import (
    Access,
    Address,
    Command,
    Directory,
    Fetcher,
    Keep,
    Output,
    PrinterLimits,
    Simulated,
    SpoolPrinter,
)
from ippfast.printer.service import PrintService, QueueSpec, output_of, read_printers
from ippfast.printer.storage.nonces import SharedNonces
from ippfast.printer.storage.places import Place
from ippfast.printer.storage.seam import StorageError
from ippfast.printer.txt_record import short
from ippfast.printer.users import Users, UsersError
from ippfast.printer.web import PrinterPages, ServicePages

from .forwarding import other_printer
from .session import Access as Trust

if TYPE_CHECKING:
    from ippfast.printer.metrics import Metrics

__all__ = [
    "ANY",
    "LOOPBACK",
    "Plan",
    "Reloading",
    "make_handler",
    "make_printer",
    "make_server",
    "make_worker",
    "prepare",
    "without_secrets",
]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANY = ("0.0.0.0", "::")
_NONCES = "nonces.sqlite"
_log = logging.getLogger("ippfast")
_MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The options, checked one by one.

    names: those of this host. trust: for the printer that gets the jobs. certificate: in a PEM file, None: no TLS.
    nonce_key: the key with which several workers sign the nonces of Digest. issuer: of the tokens by which users log in
    instead; audience, claim: see `OpenIDProvider`. simulate: impressions a minute; None: the printer takes no time.
    consume: whether supplies and paper run down.
    """

    state: Path
    names: tuple[str, ...]
    store: str | None = None
    documents: str | None = None
    printers: Path | None = None
    name: str | None = None
    spool: Path | None = None
    command: str | None = None
    forward: str | None = None
    trust: Trust = field(default_factory=Trust)
    descriptions: tuple[Path, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    require_tls: bool = False
    users: Path | None = None
    auth: str = "digest"
    nonce_key: bytes | None = None
    issuer: str | None = None
    audience: str = ""
    claim: str = "sub"
    operators: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    fetch: tuple[str, ...] = ()
    max_size: int | None = None
    max_jobs: int = 10_000
    max_connections_per_host: int = 20
    rest: float = 900.0
    max_user_jobs: int | None = None
    max_user_size: int | None = None
    history: int = 1_000
    metrics: bool = False
    workers: int = 1
    simulate: float | None = None
    consume: bool = False

    @property
    def place(self) -> Place:
        """Where jobs and documents are kept."""
        return Place(store=self.store or self.state, documents=self.documents, local=self.state)

    @property
    def shared(self) -> bool:
        """Whether other processes serve the same storage."""
        return self.workers > 1 or (self.store or "").startswith("postgres")

    @property
    def authentication(self) -> str | None:
        """How users log in, as uri-authentication-supported has it; None: they do not."""
        return "oauth" if self.issuer is not None else None if self.users is None else self.auth


def make_service(plan: Plan) -> PrintService:
    """The printers of a file, and those that the storage has. Raises ValueError and OSError, as `make_printer`."""
    return PrintService(
        plan.place,
        queues=None if plan.printers is None else read_printers(plan.printers),
        output=lambda spec: output_of(_simulated(plan, spec)),
        access=_access(plan),
        limits=_limits(plan),
        schemes=_schemes(plan),
        fetcher=Fetcher(plan.fetch) if plan.fetch else None,
        shared=plan.shared,
    )


def _simulated(plan: Plan, spec: QueueSpec) -> QueueSpec:
    """A printer of the service, simulated if all are to be and it does not say how itself."""
    if spec.simulate or plan.simulate is None:
        return spec
    return replace(spec, simulate=plan.simulate, consume=plan.consume)


def make_printer(plan: Plan) -> SpoolPrinter:
    """The printer, which is not started yet. Raises ValueError and OSError for what cannot be used."""
    named = {"printer-name": plan.name, "printer-info": plan.name, "printer-dns-sd-name": short(plan.name or "", 63)}
    return SpoolPrinter(
        plan.place,
        description=[*plan.descriptions, *([] if plan.name is None else [named])],
        output=_output(plan),
        address=Address(schemes=_schemes(plan)),
        access=_access(plan),
        limits=_limits(plan),
        fetcher=Fetcher(plan.fetch) if plan.fetch else None,
        shared=plan.shared,
    )


def _schemes(plan: Plan) -> tuple[str, ...]:
    return ("ipp",) if plan.certificate is None else ("ipps",) if plan.require_tls else ("ipp", "ipps")


def _access(plan: Plan) -> Access:
    return Access(
        authentication=plan.authentication or "requesting-user-name",
        operators=None if plan.authentication is None else plan.operators,
        authorization_server=plan.issuer,
    )


def _limits(plan: Plan) -> PrinterLimits:
    return PrinterLimits(
        octets=plan.max_size,
        jobs=plan.max_jobs,
        user_jobs=plan.max_user_jobs,
        user_octets=plan.max_user_size,
        history=plan.history,
    )


def make_handler(plan: Plan) -> SpoolPrinter | PrintService:
    """One printer, or a service of many."""
    return make_printer(plan) if plan.printers is None else make_service(plan)


class Reloading:
    """Reads the users, the certificate and the printers again after a signal (SIGHUP)."""

    def __init__(self, plan: Plan, printer: SpoolPrinter | PrintService, server: Server, users: Users | None) -> None:
        self._plan = plan
        self._printer = printer
        self._server = server
        self._users = users

    def __call__(self) -> None:
        """Reload. What can't be used stays as it was, and is logged."""
        plan = self._plan
        try:
            if self._users is not None:
                self._users.reload()
                _check_operators(plan, self._users)
            if plan.printers is not None and isinstance(self._printer, PrintService):
                self._printer.put(read_printers(plan.printers))
            if plan.certificate is not None:
                self._server.tls = make_server_context(plan.certificate, plan.key)
        except (UsersError, ValueError, OSError, StorageError) as error:
            _log.error("not all was read anew: %s", error)
        else:
            _log.warning("users, certificate and printers are read anew")


def make_server(plan: Plan, printer: SpoolPrinter | PrintService, host: str, port: int) -> tuple[Server, Reloading]:
    """The server of a printer or a service, which is not started yet. Raises ValueError and OSError."""
    handler, pages = _figures(plan, printer)
    users = None if plan.users is None else Users(plan.users)
    server = Server(
        handler,
        host="127.0.0.1" if host == "localhost" else host,
        port=port,
        reuse_port=plan.workers > 1,
        tls=None if plan.certificate is None else make_server_context(plan.certificate, plan.key),
        require_tls=plan.require_tls,
        limits=HTTPLimits(document=plan.max_size, connections_per_host=plan.max_connections_per_host, rest=plan.rest),
        allow=plan.allow or None,
        proxies=plan.proxies,
        hosts=Hosts(plan.names),
        authenticator=_tokens(plan) if users is None else _authenticator(plan, users),
        pages=pages,
    )
    return server, Reloading(plan, printer, server, users)


def _figures(
    plan: Plan, printer: SpoolPrinter | PrintService
) -> "tuple[SpoolPrinter | PrintService | Metrics, PrinterPages | ServicePages]":
    """The handler of requests, which counts them if figures are wanted, and the web pages."""
    if isinstance(printer, PrintService):
        if not plan.metrics:
            return printer, ServicePages(printer)
        from ippfast.printer.service.metrics import ServiceMetrics

        figures = ServiceMetrics(printer)
        return figures, ServicePages(printer, metrics=figures)
    if not plan.metrics:
        return printer, PrinterPages(printer)
    from ippfast.printer.metrics import Metrics

    counted = Metrics(printer)
    return counted, PrinterPages(printer, metrics=counted)


def make_worker(plan: Plan) -> Callable[[str, int], AbstractContextManager[Server]]:
    """A function that makes the server of a worker."""
    return functools.partial(_work, plan)


@contextlib.contextmanager
def _work(plan: Plan, host: str, port: int) -> Iterator[Server]:
    """The server of a worker, with its own printer over the same storage, which ends after the server."""
    printer = make_handler(plan)
    try:
        server, reload = make_server(plan, printer, host, port)
        signal.signal(signal.SIGHUP, lambda number, frame: reload())
        printer.start()
        yield server
    finally:
        printer.close()


def prepare(plan: Plan) -> None:
    """Make what must exist before the first worker begins, and remove what must not."""
    for name in (_NONCES, f"{_NONCES}-wal", f"{_NONCES}-shm"):
        (plan.state / name).unlink(missing_ok=True)
    if plan.metrics and plan.workers > 1:
        figures = plan.state / "metrics"
        shutil.rmtree(figures, ignore_errors=True)
        figures.mkdir(mode=0o700)
        os.environ[_MULTIPROC] = str(figures)  # where prometheus-client adds up the workers' counters


def without_secrets(url: str) -> str:
    """A URL without its credentials."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else url


def _output(plan: Plan) -> Output:
    output = _destination(plan)
    return output if plan.simulate is None else Simulated(plan.simulate, output=output, consume=plan.consume)


def _destination(plan: Plan) -> Output:
    if plan.spool is not None:
        return Directory(plan.spool)
    if plan.command is not None:
        return Command(plan.command)
    return Keep() if plan.forward is None else other_printer(plan.forward, plan.trust)


def _check_operators(plan: Plan, users: Users) -> None:
    missing = [operator for operator in plan.operators if operator not in users]
    if missing:
        raise UsersError(f"{plan.users} does not name the operator {missing[0]!r}")


def _tokens(plan: Plan) -> Authenticator | None:
    if plan.issuer is None:
        return None
    from ippfast.printer.oauth import OpenIDProvider

    return BearerAuthenticator(OpenIDProvider(plan.issuer, plan.audience, claim=plan.claim).user_of)


def _authenticator(plan: Plan, users: Users) -> Authenticator:
    _check_operators(plan, users)
    if plan.auth == "digest":
        if users.kind == "htpasswd":
            raise UsersError(f"{plan.users} is of htpasswd, which works with --auth basic only")
        nonces = None if plan.nonce_key is None else SharedNonces(plan.state / _NONCES, plan.nonce_key)
        return DigestAuthenticator(
            secret_of=users.secret_of, realm=users.realm, algorithms=users.algorithms, nonces=nonces
        )
    if plan.certificate is None:
        raise ValueError("--auth basic sends passwords as they are: it needs --tls or --certificate")
    return BasicAuthenticator(users.check, realm=users.realm)
