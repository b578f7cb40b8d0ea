"""Finds printers that are announced on the network (DNS-SD, RFC 6763), and judges each announcement.

The rule of this file: each answer is judged by itself, because anybody on the network may send one: one that cannot be
used is left out and reported, and the others stay. No announced URI is contacted, and listening ends after the time
that was asked for.
"""

import asyncio
import logging
import re
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

from ippfast._browsing import TYPES, Search, open_network
from ippfast.http.uri import IPP_PORT, is_host_name, parse_uri

from .failures import USAGE, Failure
from .text import escape

__all__ = ["Announced", "Browsed", "browse", "judge"]

_IN_PATH = "/:@!$&'()*+,;=-._~?"
"""The characters that a path or query has unescaped (RFC 3986 section 3.3), except "%"."""


class Announced(NamedTuple):
    """A printer on the network, as its TXT record describes it (PWG 5100.14 section 4.2.3)."""

    name: str
    uri: str
    model: str
    location: str
    uuid: str


@dataclass
class Browsed:
    """What was found. printers: each of them once. faults: what was left out, a line each."""

    printers: list[Announced] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class _NotUsable(ValueError):
    """Why an announcement is left out; an empty text: there is nothing to say about it."""


def judge(
    service_type: str, name: str, server: str | None, port: int | None, text: dict[bytes, bytes | None]
) -> Announced:
    """The printer of an announcement. Raises ValueError if it is not a printer's.

    service_type: one of TYPES. name: of the instance, in full. server, port: of its SRV record. text: its TXT record.
    """
    if not name.lower().endswith(f".{service_type}"):
        raise _NotUsable(f"its name is not of the type {service_type}")
    if port == 0:
        raise _NotUsable  # Bonjour Printing 1.2.1: the name is taken, and the protocol is not served
    if server is None or port is None:
        raise _NotUsable("it does not say where it is")
    host = server.removesuffix(".")
    labels = host.split(".")
    if not is_host_name(host) or labels[-1].isdigit():
        raise _NotUsable(f"{host!r} is not a host name")
    fields: dict[str, bytes] = {}
    for key, value in text.items():
        fields.setdefault(
            key.decode("ascii", "replace").lower(), value or b""
        )  # RFC 6763 section 6.4: the first counts
    path = re.sub("%(?![0-9A-Fa-f]{2})", "%25", quote(fields.get("rp", b"").lstrip(b"/"), safe=f"{_IN_PATH}%"))
    shown_port = "" if port == IPP_PORT else f":{port}"
    uri = f"{service_type.partition('.')[0].lstrip('_')}://{host}{shown_port}/{path}"
    parse_uri(uri)  # raises for what the client does not take
    label = name[: -len(service_type) - 1]
    return Announced(
        _line(label),
        uri,
        _line(fields.get("ty", b"").decode("utf-8", "replace")),
        _line(fields.get("note", b"").decode("utf-8", "replace")),
        _line(fields.get("uuid", b"").decode("utf-8", "replace")).lower(),
    )


def _line(text: str) -> str:
    """A text in one line."""
    return re.sub("[\r\n]+", " ", text)


def browse(seconds: float, interfaces: tuple[str, ...]) -> Browsed:
    """Listen for this many seconds. interfaces: addresses or names of those to listen on; none: all. Raises Failure."""
    try:
        import zeroconf  # noqa: F401
    except ModuleNotFoundError:
        raise Failure("finding printers on the network needs zeroconf: pip install zeroconf", USAGE) from None
    places = _places(interfaces)
    # zeroconf logs addresses that come and go while it looks, which are not needed here.
    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)
    end = time.monotonic() + seconds
    try:
        return asyncio.run(_browse(places, end))
    except (OSError, RuntimeError) as error:
        raise Failure(f"no network to look at: {escape(str(error))}") from None


def _places(interfaces: tuple[str, ...]) -> "list[str | int]":
    """What zeroconf takes: IPv4 addresses, and the indexes of interfaces with IPv6."""
    import ifaddr  # comes with zeroconf

    found: list[str | int] = []
    for given in interfaces:
        adapters = [each for each in ifaddr.get_adapters() if given in (each.name, *map(_address, each.ips))]
        if not adapters:
            raise Failure(
                f"--interface: expected an interface of this machine or its address, got {escape(given)}", USAGE
            )
        for adapter in adapters:
            addresses = [each for each in adapter.ips if given in (adapter.name, _address(each))]
            found += [str(each.ip) for each in addresses if each.is_IPv4]
            if adapter.index is not None and any(each.is_IPv6 for each in addresses):
                found.append(adapter.index)
    return list(dict.fromkeys(found))


def _address(ip: Any) -> str:
    """An address that ifaddr gave, as text."""
    return str(ip.ip) if ip.is_IPv4 else str(ip.ip[0])


async def _browse(places: "list[str | int]", end: float) -> Browsed:
    network = open_network(places)
    try:
        search = Search(network, end)
        search.begin()
        await asyncio.sleep(max(0.0, end - time.monotonic()))
        await search.finish()
        return _judged(search)
    finally:
        await network.async_close()


def _judged(search: Search) -> Browsed:
    """One printer for each name, host and UUID; that with TLS, if there are both."""
    found: dict[tuple[str, str, str], Announced] = {}
    faults = dict(search.faults)
    for (service_type, name), info in sorted(search.infos.items(), key=lambda each: TYPES.index(each[0][0])):
        try:
            each = judge(service_type, name, info.server, info.port, info.properties)
        except Exception as error:  # whatever is wrong with it, the others are listed
            if str(error):
                faults[name] = str(error)
            continue
        found.setdefault((each.name, (info.server or "").lower(), each.uuid), each)
    return Browsed(list(found.values()), [f"{escape(name)}: {escape(why)}" for name, why in sorted(faults.items())])
