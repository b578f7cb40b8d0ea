"""Listening for printers on the network (DNS-SD, RFC 6763), for the command that lists them and for pycups' shim.

The rule of this file: zeroconf searches the network, and each name is looked up by itself, because anybody on the
network may send any name: a bad one does not disturb the others. Whoever reads an answer decides what it means.
"""

import asyncio
import time
from typing import Any

__all__ = ["MOST_NAMES", "TYPES", "Search", "open_network"]

# A printer that has TLS announces both (PWG 5100.14 section 4).
TYPES = ("_ipps._tcp.local.", "_ipp._tcp.local.")

MOST_NAMES = 5_000
"""How many names are looked up at most: no network has this many printers, but one host can make up any number."""
_LEAST_SECONDS = 0.01


def open_network(places: "list[str | int] | None" = None) -> Any:
    """Start zeroconf in the running event loop, on all interfaces, with IPv4 and IPv6 if the host has both.

    places: the interfaces to use instead: by address for IPv4, by index for IPv6. Raises ImportError without zeroconf,
    and OSError or RuntimeError if there is no network.
    """
    import zeroconf
    from zeroconf.asyncio import AsyncZeroconf

    if places:
        families = {isinstance(each, int) for each in places}
        version = zeroconf.IPVersion.V6Only if families == {True} else zeroconf.IPVersion.V4Only
        version = zeroconf.IPVersion.All if len(families) > 1 else version
        return AsyncZeroconf(interfaces=places, ip_version=version)
    last: Exception | None = None
    for version in (zeroconf.IPVersion.All, zeroconf.IPVersion.V4Only, zeroconf.IPVersion.V6Only):
        try:
            return AsyncZeroconf(interfaces=zeroconf.InterfaceChoice.All, ip_version=version)
        except (OSError, RuntimeError) as error:  # the host lacks one of the two
            last = last or error
    assert last is not None
    raise last


class Search:
    """The names that came over a network, and for each a task that looks it up.

    infos: what zeroconf knows, by type and full name. faults: why a name was not looked up, by name. end: when to stop
    asking (``time.monotonic()``).
    """

    def __init__(self, network: Any, end: float) -> None:
        self._network = network
        self._end = end
        self._tasks: dict[tuple[str, str], asyncio.Task[Any]] = {}
        self._browser: Any = None
        self.infos: dict[tuple[str, str], Any] = {}
        self.faults: dict[str, str] = {}

    def begin(self) -> None:
        """Listen for printers."""
        from zeroconf.asyncio import AsyncServiceBrowser

        self._browser = AsyncServiceBrowser(self._network.zeroconf, list(TYPES), handlers=[self._changed])

    def _changed(self, zeroconf: Any, service_type: str, name: str, state_change: Any) -> None:
        """Take a change that the browser reports."""
        del zeroconf
        key = service_type, name
        if state_change.name == "Removed":
            self.infos.pop(key, None)
        elif state_change.name == "Added" and key not in self.infos:
            if len(self.infos) >= MOST_NAMES:
                self.faults["more names"] = f"only the first {MOST_NAMES} names were looked up"
                return
            self._ask(service_type, name)

    def _ask(self, service_type: str, name: str) -> None:
        from zeroconf.asyncio import AsyncServiceInfo

        try:
            info = AsyncServiceInfo(service_type, name)
        except Exception as error:  # the library may raise anything for a name that somebody sent
            self.faults[name] = str(error) or "it is not the name of a service"
            return
        self.infos[service_type, name] = info
        milliseconds = max(_LEAST_SECONDS, self._end - time.monotonic()) * 1_000
        task = asyncio.get_running_loop().create_task(info.async_request(self._network.zeroconf, milliseconds))
        self._tasks[service_type, name] = task

    def is_answered(self, service_type: str, name: str) -> bool:
        """Whether the look-up of a name has ended."""
        return self._tasks[service_type, name].done()

    async def finish(self) -> None:
        """Stop listening and asking."""
        await self._browser.async_cancel()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
