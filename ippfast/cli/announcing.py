"""``ippfast serve --announce``: announces the printer on the network while it serves, or each printer of a service.

The rule of this file: what is announced is true: the addresses at which the server listens, the name in
printer-dns-sd-name, and the printer's attributes. A check every few seconds follows their changes. The printers of a
service share the sockets.
"""

import contextlib
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from ippfast.attributes import attribute
from ippfast.printer import PrintService, QueueSpec, SpoolPrinter
from ippfast.printer.storage.rows import SYSTEM, QueueState, pack
from ippfast.tags import DelimiterTag

from .serving import Plan

if TYPE_CHECKING:
    from ippfast.printer.announce import Announcement, Networks

__all__ = ["all_announced", "announced"]

_log = logging.getLogger("ippfast.announce")
_NAME = "printer-dns-sd-name"
_LOOK_SECONDS = 5.0
_AT_ONCE = 16  # printers announced at once: each asks for two seconds whether its name is free


@contextlib.contextmanager
def announced(plan: Plan, printer: SpoolPrinter, host: str, port: int) -> Iterator[str | None]:
    """Announce the printer on the network (DNS-SD). Gives its name there; None if only this machine can reach it.

    Raises ModuleNotFoundError without zeroconf, and OSError if there is no network.
    """
    from ippfast.printer.announce import Announcement, addresses_at

    addresses = addresses_at(host)
    if not addresses:
        yield None
        return
    base = printer.description.text(_NAME) or "ippfast"
    with Announcement(
        _last_name(printer, base),
        port,
        addresses,
        _record(plan, printer, port),
        tls=plan.certificate is not None,
        clear=not plan.require_tls,
        base=base,
    ) as announcement:
        _keep(printer, announcement.name)
        ended = threading.Event()
        arguments = (plan, printer, host, port, announcement, ended)
        follower = threading.Thread(target=_follow, args=arguments, name="announce", daemon=True)
        follower.start()
        try:
            yield announcement.name
        finally:
            ended.set()
            follower.join()


def _follow(
    plan: Plan,
    printer: SpoolPrinter,
    host: str,
    port: int,
    announcement: "Announcement",
    ended: threading.Event,
) -> None:
    """Look every few seconds for other addresses, another description, and for a printer with the same name."""
    from ippfast.printer.announce import addresses_at

    while not ended.wait(_LOOK_SECONDS):
        try:
            announcement.follow(addresses_at(host) or [])
            announcement.update(_record(plan, printer, port))
            if announcement.conflict:
                before = announcement.name
                announcement.settle()
                _log.warning("another printer is called %r; this one is announced as %r", before, announcement.name)
            _keep(printer, announcement.name)
        except Exception as error:  # it goes on printing, and is announced as soon as that is possible again
            _log.warning("not announced for now: %s", error)


def _record(plan: Plan, printer: SpoolPrinter, port: int) -> dict[str, str]:
    """The TXT record: the attributes of the printer, with those that Set-Printer-Attributes has set."""
    from ippfast.printer.announce import host_name
    from ippfast.printer.txt_record import txt_record

    tls = plan.certificate is not None
    page = "" if plan.printers is None else printer.path.lstrip("/")
    return txt_record(
        printer.description.over(printer.settings()),
        uuid=printer.uuid,
        path=printer.path,
        page=f"{'https' if tls else 'http'}://{host_name()}:{port}/{page}",
        tls=tls,
        authentication={None: "none", "oauth": "oauth"}.get(plan.authentication, "username,password"),
    )


def _last_name(printer: SpoolPrinter, base: str) -> str:
    """The name under which it was announced last, if that is the given one with a number (RFC 6762 section 9)."""
    last = printer.settings().get(_NAME)
    name = str(last.value) if last is not None else base
    numbered = re.fullmatch(r"(.*)-[0-9]+", name)
    return name if numbered is not None and numbered[1] and base.replace(".", " ").startswith(numbered[1]) else base


def _keep(printer: SpoolPrinter, name: str) -> None:
    """Let printer-dns-sd-name be the name that is announced."""
    settings = printer.settings()
    kept = settings.get(_NAME)
    if str(kept.value if kept is not None else printer.description.text(_NAME)) != name:
        settings[_NAME] = attribute(_NAME, name, group=DelimiterTag.PRINTER)
        printer.set_state(tell=("printer-config-changed",), attributes=pack(settings.values()))


# The printers of a service.


@contextlib.contextmanager
def all_announced(plan: Plan, service: PrintService, host: str, port: int) -> Iterator[str | None]:
    """Announce each printer of a service on the network, also those that are added later.

    Gives a text about their names there; None if only this machine can reach them. Raises ModuleNotFoundError without
    zeroconf, and OSError if there is no network.
    """
    from ippfast.printer.announce import Networks, addresses_at

    addresses = addresses_at(host)
    if not addresses:
        yield None
        return
    following = _Following(plan, service, host, port, addresses, Networks(addresses))
    try:
        yield "each by its own name"
    finally:
        following.close()


class _Known(NamedTuple):
    """A printer that is announced, and what it was announced for."""

    spec: QueueSpec
    changes: object
    announcement: "Announcement"


class _Following:
    """A thread that announces the printers of a service, and follows what changes."""

    def __init__(
        self,
        plan: Plan,
        service: PrintService,
        host: str,
        port: int,
        addresses: list[str],
        networks: "Networks | None",
    ) -> None:
        self._plan, self._service, self._host, self._port = plan, service, host, port
        self._addresses, self._networks = addresses, networks
        self._known: dict[str, _Known] = {}
        self._changed = threading.Event()
        self._ended = False
        self._end = service.storage.bus.listen(SYSTEM, self._changed.set)
        self._thread = threading.Thread(target=self._run, name="announce", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Withdraw all of them."""
        self._end()
        self._ended = True
        self._changed.set()
        self._thread.join()
        if self._networks is not None:
            self._networks.close()

    def _run(self) -> None:
        while not self._ended:
            self._changed.clear()
            try:
                self._look()
            except Exception as error:  # it goes on printing, and is announced as soon as that is possible again
                _log.warning("not announced for now: %s", error)
            self._changed.wait(_LOOK_SECONDS)

    def _look(self) -> None:
        self._follow_addresses()
        if self._networks is None:
            return
        self._service.queues.refresh()
        wanted = {spec.key: spec for spec in self._service.queues.all().values()}
        for key in self._known.keys() - wanted.keys():
            self._known.pop(key).announcement.close()
        states, nothing = self._service.storage.states(), QueueState()

        def look(spec: QueueSpec) -> None:
            if not self._ended:
                self._announce(spec, states.get(spec.key, nothing).settings.get("config_changes"))

        with ThreadPoolExecutor(_AT_ONCE, "announce") as pool:
            list(pool.map(look, wanted.values()))

    def _follow_addresses(self) -> None:
        from ippfast.printer.announce import Networks, addresses_at

        addresses = addresses_at(self._host) or []
        if addresses != self._addresses or (addresses and self._networks is None):
            self._known.clear()
            if self._networks is not None:
                self._networks.close()
            self._addresses, self._networks = addresses, None
            self._networks = Networks(addresses) if addresses else None

    def _announce(self, spec: QueueSpec, changes: object) -> None:
        """Announce a printer, or what has changed about it."""
        try:
            known = self._known.get(spec.key)
            if known is not None and known.announcement.conflict:
                before = known.announcement.name
                known.announcement.settle()
                _log.warning(
                    "another printer is called %r; this one is announced as %r", before, known.announcement.name
                )
                _keep(self._service.printer(spec), known.announcement.name)
            if known is not None and (known.spec, known.changes) == (spec, changes):
                return
            printer = self._service.printer(spec)
            if known is not None and known.announcement.name == _last_name(printer, _base(printer)):
                known.announcement.update(_record(self._plan, printer, self._port))
                self._known[spec.key] = known._replace(spec=spec, changes=changes)
                return
            if known is not None:
                del self._known[spec.key]
                known.announcement.close()
            self._known[spec.key] = _Known(spec, changes, self._begin(printer))
        except Exception as error:
            _log.warning("%s is not announced for now: %s", spec.name, error)

    def _begin(self, printer: SpoolPrinter) -> "Announcement":
        from ippfast.printer.announce import Announcement

        announcement = Announcement(
            _last_name(printer, _base(printer)),
            self._port,
            self._addresses,
            _record(self._plan, printer, self._port),
            tls=self._plan.certificate is not None,
            clear=not self._plan.require_tls,
            base=_base(printer),
            networks=self._networks,
        )
        _keep(printer, announcement.name)
        return announcement


def _base(printer: SpoolPrinter) -> str:
    return printer.description.text(_NAME) or "ippfast"
