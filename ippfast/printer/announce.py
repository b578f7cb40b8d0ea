"""The printer on the network, where phones and CUPS look for it: DNS-SD (extra ``discovery``: zeroconf).

The rule of this file: the printer is announced where it listens and nowhere else, on each network with the addresses
that it has there, under one name on all. If another printer claims that name, at whatever time, the conflict is solved
(RFC 6762 section 9).
"""

import asyncio
import ipaddress
import itertools
import re
import socket
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import ifaddr
from zeroconf import (
    DNSQuestionType,
    IPVersion,
    NonUniqueNameException,
    RecordUpdate,
    RecordUpdateListener,
    ServiceInfo,
    Zeroconf,
)
from zeroconf._dns import DNSService

from .txt_record import short, txt_record

__all__ = ["Announcement", "Networks", "addresses_at", "host_name", "txt_record"]

_PROBE = 2_000  # milliseconds: who has just answered answers again only after a second (RFC 6762 section 6)
_SUBTYPES = ("_print", "_universal")  # IPP Everywhere and AirPrint look for these
_LONGEST = 63
_T = TypeVar("_T")


def host_name() -> str:
    """The name of this host on the network, such as ``"office.local"``."""
    return f"{socket.gethostname().partition('.')[0] or 'printer'}.local"


def addresses_at(host: str) -> list[str]:
    """The addresses of this machine at which others reach a server that listens at `host`, an address or a name.

    ``0.0.0.0`` listens at all of IPv4, ``::`` at all of both families. Empty if only this machine can reach it.
    Raises OSError for a name that cannot be resolved.
    """
    own = [str(address) for adapter in ifaddr.get_adapters() for address in map(_address, adapter.ips)]
    if host in ("0.0.0.0", "::"):
        found = [each for each in own if host == "::" or ":" not in each]
    else:
        found = [str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(host, None)]
    return sorted({each for each in found if each in own and not ipaddress.ip_address(each).is_loopback})


def _address(ip: Any) -> str:
    """An address that ifaddr gave, as text."""
    return str(ip.ip if ip.is_IPv4 else ip.ip[0])


class _Service(NamedTuple):
    """One of the services of a printer. kind: such as ``"_ipp._tcp.local."``."""

    kind: str
    port: int
    record: Mapping[str, str]
    subtypes: Sequence[str] = ()


class Announcement:
    """The printer's services, announced as long as it is open. Use it as a context manager.

    name: the name that people see, cut to 63 octets; if another printer has it already, a number is added (see `name`).
    port: where it listens. addresses: those of this host by which others reach it, and on whose networks it is
    announced. record: the TXT record. tls: whether ipps is served, too. clear: whether ipp is.

    Besides ipp and ipps, ``_http._tcp`` is announced for its web page, and ``_printer._tcp`` with port 0, so that no
    LPD printer takes the name (Bonjour Printing 1.2.1).

    networks: shared with other announcements; they stay open when this one is closed. None: it has its own.

    Raises OSError if there is no network to announce it on.
    """

    def __init__(
        self,
        name: str,
        port: int,
        addresses: Sequence[str],
        record: Mapping[str, str],
        *,
        tls: bool = False,
        clear: bool = True,
        base: str | None = None,
        networks: "Networks | None" = None,
    ) -> None:
        """base: the name to which numbers are added, if ``name`` already ends in one."""
        self._shared = networks
        self._own: Networks | None = None
        self.name = self._label(name)
        self._base = self._label(base or name)
        self._port, self._tls, self._clear = port, tls, clear
        self._record = dict(record)
        self._addresses = list(addresses)
        self._links: list[_Link] = []
        self._open()

    @staticmethod
    def _label(name: str) -> str:
        """A name as it is announced: zeroconf takes a dot for the end of a label."""
        return short(name.replace(".", " "), _LONGEST)

    @property
    def conflict(self) -> bool:
        """Whether another printer has turned up with the name: `settle` takes another one."""
        return any(link.conflict.is_set() for link in self._links)

    def settle(self) -> None:
        """Solve a conflict: take the next free name."""
        if self.conflict:
            for link in self._links:
                link.withdraw()
            self._take_name(after_conflict=True)

    def follow(self, addresses: Sequence[str]) -> None:
        """Announce at these addresses of this host, if they are new. If there are none, nothing is announced for
        now."""
        if list(addresses) != self._addresses or (addresses and not self._links):
            self._addresses = list(addresses)
            self.close()
            if addresses:
                self._open()

    def update(self, record: Mapping[str, str]) -> None:
        """Announce this TXT record, if it is new."""
        if dict(record) != self._record:
            self._record = dict(record)
            for link in self._links:
                link.update(self._services())

    def _open(self) -> None:
        try:
            if self._shared is None:
                self._own = Networks(self._addresses)
            self._links = [_Link(each) for each in (self._shared or self._own or ())]
            self._take_name()
        except BaseException:
            self.close()
            raise

    def _services(self) -> list[_Service]:
        ipp = _Service("_ipp._tcp.local.", self._port, self._record, _SUBTYPES)
        found = [ipp if self._clear else _Service(ipp.kind, 0, {})]
        if self._tls:
            found.append(_Service("_ipps._tcp.local.", self._port, self._record, _SUBTYPES))
        found.append(_Service("_printer._tcp.local.", 0, {}))
        found.append(_Service("_http._tcp.local.", self._port, {}, ("_printer",)))
        return found

    def _take_name(self, *, after_conflict: bool = False) -> None:
        """Announce the services under the name, or under the next that is free on all networks."""
        names = itertools.chain([] if after_conflict else [self.name], self._numbered())
        services = self._services()
        for self.name in names:
            with ThreadPoolExecutor(len(self._links)) as pool:
                free = all(pool.map(lambda link: link.is_free(self.name, services[:2]), self._links))
            if not free:
                continue
            try:
                with ThreadPoolExecutor(len(self._links)) as pool:
                    list(pool.map(lambda link: link.announce(self.name, services), self._links))
                return
            except NonUniqueNameException:
                for link in self._links:
                    link.withdraw()

    def _numbered(self) -> Iterable[str]:
        for number in itertools.count(2):
            name = f"{short(self._base, _LONGEST - len(str(number)) - 1)}-{number}"
            if name != self.name:
                yield name

    def close(self) -> None:
        """Withdraw the services: listeners forget the printer at once."""
        for link in self._links:
            link.withdraw()
        self._links = []
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _links(addresses: Sequence[str]) -> list[tuple[list[str | int], list[str]]]:
    """The networks of this host that have some of these addresses: what zeroconf takes for each, and the addresses."""
    found = []
    for adapter in ifaddr.get_adapters():
        here = [each for each in map(_address, adapter.ips) if each in addresses]
        # As avahi does: other addresses under this host's name would be a conflict with an avahi on this host.
        here = [each for each in here if not ipaddress.ip_address(each).is_link_local] or here
        places: list[str | int] = [each for each in here if ":" not in each]
        if adapter.index is not None and any(":" in each for each in here):
            places.append(adapter.index)
        if places:
            found.append((places, list(dict.fromkeys(here))))
    return found


class Networks:
    """The networks of this host that have some of these addresses, for any number of printers: one socket for each.

    Raises OSError if there is none.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._networks: list[_Network] = []
        try:
            for places, here in _links(addresses):
                self._networks.append(_Network(places, here, host_name()))
            if not self._networks:
                raise OSError("there is no network to announce the printer on")
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> "Iterator[_Network]":
        return iter(self._networks)

    def close(self) -> None:
        """Close them. What was announced is withdrawn first."""
        for network in self._networks:
            network.zeroconf.unregister_all_services()
            network.zeroconf.close()
        self._networks = []


class _Network(RecordUpdateListener):
    """One network. owners: what is announced there, by the names of its services."""

    def __init__(self, places: list[str | int], addresses: Sequence[str], host: str) -> None:
        families = {isinstance(each, int) for each in places}
        version = IPVersion.V6Only if families == {True} else IPVersion.V4Only
        self.zeroconf = Zeroconf(interfaces=places, ip_version=IPVersion.All if len(families) > 1 else version)
        self.packed = [ipaddress.ip_address(each).packed for each in addresses]
        self.server = f"{host}."
        self.owners: dict[str, _Link] = {}
        self.zeroconf.add_listener(self, None)

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        """zeroconf calls this with what it hears: another host may claim a name (RFC 6762 section 9)."""
        for update in records:
            record = update.new
            if isinstance(record, DNSService) and record.ttl and (owner := self.owners.get(record.key)) is not None:
                owner.heard(record)


class _Link:
    """What a printer announces on one network."""

    def __init__(self, network: _Network) -> None:
        self._network = network
        self._zeroconf = network.zeroconf
        self._name = ""
        self._infos: list[ServiceInfo] = []
        self._own: dict[str, tuple[str, int]] = {}
        self.conflict = threading.Event()

    def heard(self, record: DNSService) -> None:
        """Another printer claims the name, too. One of the two gives way: the one whose host and port sort first (RFC
        6762 section 8.2)."""
        own, theirs = self._own.get(record.key), (record.server.lower(), record.port)
        if own is not None and theirs != own and own < theirs:
            self.conflict.set()

    def is_free(self, name: str, services: Iterable[_Service]) -> bool:
        """Whether no other printer has the name.

        zeroconf's own probe (RFC 6762 section 8.1) asks for an answer by unicast, which only one of the programs that
        listen on port 5353 of this host gets. It may be another program, so all printers are asked by multicast first.
        """
        return not any(
            self._run(
                self._zeroconf.async_get_service_info(
                    each.kind, f"{name}.{each.kind}", _PROBE, question_type=DNSQuestionType.QM
                )
                for each in services
            )
        )

    def _run(self, coroutines: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
        """Run coroutines together in zeroconf's own loop, and return their results."""

        async def together() -> list[_T]:
            return await asyncio.gather(*coroutines)

        assert self._zeroconf.loop is not None
        return asyncio.run_coroutine_threadsafe(together(), self._zeroconf.loop).result()

    def announce(self, name: str, services: Iterable[_Service]) -> None:
        """Announce services under a name. Raises NonUniqueNameException if another printer has it."""
        self._name = name
        self.conflict.clear()
        coroutines = []
        for each in services:
            info = self._info(each.kind, each)
            self._infos.append(info)
            self._own[info.key] = (self._network.server.lower(), each.port)
            self._network.owners[info.key] = self
            coroutines.append(self._register(info, cooperating=False))
            for subtype in each.subtypes:  # RFC 6763 section 7.1: another way to the same instance
                pointer = self._info(f"{subtype}._sub.{each.kind}", each)
                pointer.key = f"{subtype}.{pointer.key}"  # zeroconf keeps one entry for each key
                self._infos.append(pointer)
                coroutines.append(self._register(pointer, cooperating=True))
        self._run(coroutines)

    async def _register(self, info: ServiceInfo, *, cooperating: bool) -> None:
        await (await self._zeroconf.async_register_service(info, cooperating_responders=cooperating))

    def update(self, services: Iterable[_Service]) -> None:
        """Announce other TXT records."""
        records = {each.kind: each for each in services}
        for number, info in enumerate(self._infos):
            service = records[re.sub(r"^[^.]+\._sub\.", "", info.type)]
            fresh = self._info(info.type, service)
            fresh.key = info.key
            self._infos[number] = fresh
        self._run(self._renew(info) for info in self._infos)

    async def _renew(self, info: ServiceInfo) -> None:
        await (await self._zeroconf.async_update_service(info))

    def withdraw(self) -> None:
        """Withdraw all services: listeners forget them at once."""
        for key in self._own:
            self._network.owners.pop(key, None)
        self._own.clear()
        self._run(self._unregister(info) for info in self._infos)
        self._infos.clear()
        self.conflict.clear()

    async def _unregister(self, info: ServiceInfo) -> None:
        if self._zeroconf.registry.async_get_info_name(info.key) is not None:
            await (await self._zeroconf.async_unregister_service(info))

    def _info(self, kind: str, service: _Service) -> ServiceInfo:
        return ServiceInfo(
            kind,
            f"{self._name}.{service.kind}",
            addresses=self._network.packed,
            port=service.port,
            properties=dict(service.record),
            server=self._network.server,
        )
