"""Printers on the network, as libcups lists them among the destinations (DNS-SD, RFC 6763).

The rule of this file: what a printer announces has the names and the values here that libcups gives it, which
tests/compat/test_compat_pycups_network.py compares. What is announced is told and never followed.
"""

import asyncio
import logging
import queue
import re
import socket
import threading
import time
from collections.abc import Generator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from ..._browsing import TYPES, Search, open_network
from . import constants

__all__ = ["Announced", "announced", "is_service", "queue_name", "resolve", "service_of"]

_QUIET = 1.0
"""The search ends after this many seconds in which nothing came."""
_TOGETHER = 0.2
"""A printer announces ipp and ipps together: for this many seconds the search waits for the other one."""
_TICK = 0.05
_RESOLVE = 10.0
_FAILED = "cupsEnumDests failed"
_WANTED = ("application/pdf", "image/pwg-raster", "image/urf")
"""libcups leaves printers out that take none of these."""
_FLAGS = {
    "air": constants.CUPS_PRINTER_AUTHENTICATED,
    "bind": constants.CUPS_PRINTER_BIND,
    "collate": constants.CUPS_PRINTER_COLLATE,
    "color": constants.CUPS_PRINTER_COLOR,
    "copies": constants.CUPS_PRINTER_COPIES,
    "duplex": constants.CUPS_PRINTER_DUPLEX,
    "fax": 0x400_0000,  # CUPS_PRINTER_MFP, which pycups does not name
    "papercustom": constants.CUPS_PRINTER_VARIABLE,
    "punch": constants.CUPS_PRINTER_PUNCH,
    "scan": 0x400_0000,
    "sort": constants.CUPS_PRINTER_SORT,
    "staple": constants.CUPS_PRINTER_STAPLE,
}
_SIZES = {
    "legal-a4": constants.CUPS_PRINTER_SMALL,
    "isoc-a2": constants.CUPS_PRINTER_MEDIUM,
    ">isoc-a2": constants.CUPS_PRINTER_LARGE,
}


class Announced(NamedTuple):
    """A printer that announced itself: the name that its queue would have, its type, and what is told of it."""

    name: str
    type: int
    options: dict[str, str]


def queue_name(label: str) -> str:
    """The name of a queue for the name of a service: letters, digits, and ``_`` for each run of others."""
    name = re.sub("[^A-Za-z0-9]+", "_", label)
    return name[:-1] if len(name) > 1 and name.endswith("_") else name


def is_service(uri: str) -> bool:
    """Whether the host of a URI is the name of a service, which has to be looked up."""
    return "._tcp" in urlsplit(uri).netloc.lower()


def service_of(uri: str) -> str:
    """The name of the service that is a URI's host, in lower case, without its type and domain."""
    return re.split(r"\._ipps?\._tcp\b", unquote(urlsplit(uri).netloc).lower())[0]


def judge(service_type: str, label: str, text: Mapping[bytes, bytes | None]) -> Announced | None:
    """An announcement as libcups reads it. Of several models in its TXT record the last counts."""
    fields = {key.decode("ascii", "replace").lower(): _text(value) for key, value in text.items()}
    formats = fields.get("pdl", "application/pdf").lower().split(",")
    if not any(each.strip() in _WANTED for each in formats):
        return None
    made, model = fields.get("usb_mfg", ""), "Unknown"
    kind = constants.CUPS_PRINTER_BW
    for key, value in fields.items():
        if key in _FLAGS and value.lower() == "t":
            kind |= _FLAGS[key]
        elif key == "papermax":
            kind |= _SIZES.get(value.lower(), 0)
        elif key == "usb_mdl":
            model = value
        elif key == "ty":
            model = value.partition(",")[0]
        elif key == "product" and "Ghostscript" not in value:
            model = value.removeprefix("(").removesuffix(")")
    if "printer-type" in fields:
        kind = _number(fields["printer-type"])
    kind |= constants.CUPS_PRINTER_DISCOVERED
    scheme = service_type.partition(".")[0].lstrip("_")
    host = f"{quote(label, safe=_IN_HOST)}.{service_type.removesuffix('.')}"
    options = {
        "printer-info": label,
        "printer-make-and-model": f"{made} {model}" if made else model,
        "printer-type": str(kind),
        "device-uri": f"{scheme}://{host}/{'cups' if 'printer-type' in fields else ''}",
    }
    if "note" in fields:
        options["printer-location"] = fields["note"]
    return Announced(queue_name(label), kind, options)


_IN_HOST = "!$&'()*+,;=~"
"""The characters that libcups does not escape in a host, besides those that are never escaped."""


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _number(text: str) -> int:
    """A number as C reads it: decimal, octal or hexadecimal; 0 if it is not one. Only 32 bits are kept."""
    found = re.match(r"0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*", text.strip())
    if found is None:
        return 0
    digits = found[0].lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    return int(digits, base) & 0xFFFF_FFFF


def announced(msec: int, own: frozenset[str] = frozenset()) -> Generator[Announced, None, None]:
    """The printers that announce themselves, each as it turns up, until nothing has come for a second.

    msec: at most this many milliseconds; less than 0: as long as it takes. own: services that are left out, see
    `service_of`. Raises RuntimeError if the network cannot be searched.

    The search has a thread and an event loop of its own, so that it works wherever the caller is.
    """
    found: queue.SimpleQueue[Announced | Exception | None] = queue.SimpleQueue()
    over = threading.Event()
    end = time.monotonic() + (msec / 1_000 if msec >= 0 else 1e9)

    def look() -> None:
        try:
            asyncio.run(_look(found.put, end, own, over))
        except Exception as error:  # which is raised in the caller's thread
            found.put(error)
        found.put(None)

    thread = threading.Thread(target=look, name="ippfast-enum-dests", daemon=True)
    thread.start()
    try:
        while (each := found.get()) is not None:
            if isinstance(each, ImportError):
                raise RuntimeError(f"{_FAILED}: it needs zeroconf (pip install 'ippfast[discovery]')") from each
            if isinstance(each, Exception):
                raise RuntimeError(f"{_FAILED}: {each}") from each
            yield each
    finally:
        over.set()
        thread.join()


async def _look(tell: Any, end: float, own: frozenset[str], over: threading.Event) -> None:
    """Tell of each printer once, by ipps if it has that."""
    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)  # it logs addresses that come and go
    network = open_network()
    try:
        search = Search(network, end)
        search.begin()
        seen: dict[tuple[str, str], float] = {}
        told: set[str] = set()
        last = now = time.monotonic()
        while not over.is_set() and now < end:
            await asyncio.sleep(min(_TICK, max(0.0, end - now)))
            now = time.monotonic()
            for key in list(search.infos):
                if key not in seen and search.is_answered(*key):
                    seen[key] = last = now
            _tell(tell, search, {key for key, at in seen.items() if at + _TOGETHER <= now}, told, own)
            if now - last >= _QUIET and all(key in seen for key in search.infos):
                break
        await search.finish()
        if not over.is_set():
            _tell(tell, search, set(search.infos), told, own)
    finally:
        await network.async_close()


def _tell(tell: Any, search: Search, ready: set[tuple[str, str]], told: set[str], own: frozenset[str]) -> None:
    for service_type, name in sorted(ready & search.infos.keys(), key=lambda key: (TYPES.index(key[0]), key[1])):
        info, label = search.infos[service_type, name], name.removesuffix(f".{service_type}")
        known = bool(info.text) or info.server is not None
        if not known or info.port == 0 or label.lower() in own:  # port 0: the name is taken, and nothing is served
            continue
        each = judge(service_type, label, info.properties)
        if each is not None and each.name.lower() not in told:
            told.add(each.name.lower())
            tell(each)


def resolve(uri: str) -> str:
    """The URI with host and port for a URI that names a service.

    Raises RuntimeError if no such service answers.
    """
    parts = urlsplit(uri)
    name = unquote(parts.netloc).removesuffix(".") + "."
    place = re.search(r"_ipps?\._tcp\.local\.$", name, re.IGNORECASE)
    found: list[str] = []

    async def ask() -> None:
        from zeroconf.asyncio import AsyncServiceInfo

        network = open_network()
        try:
            info = AsyncServiceInfo(place[0] if place else name, name)
            if await info.async_request(network.zeroconf, _RESOLVE * 1_000) and info.server and info.port:
                host = _reachable(info.server.removesuffix("."), info.parsed_scoped_addresses())
                path = _text(info.properties.get(b"rp")).lstrip("/")
                found.append(f"{parts.scheme}://{host}:{info.port}/{quote(path)}")
        finally:
            await network.async_close()

    def run() -> None:
        try:
            asyncio.run(ask())
        except Exception:  # no network, no zeroconf, or no name of a service: there is nothing to connect to
            logging.getLogger(__name__).debug("cannot resolve %s", uri, exc_info=True)

    thread = threading.Thread(target=run, name="ippfast-resolve", daemon=True)
    thread.start()
    thread.join()
    if not found:
        raise RuntimeError("Unable to resolve the printer")
    return found[0]


def _reachable(host: str, addresses: list[str]) -> str:
    """A host by its name, if the system knows that, otherwise by an address."""
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        best = sorted(addresses, key=lambda each: ":" in each)
        if best:
            return f"[{best[0]}]" if ":" in best[0] else best[0]
    return host
