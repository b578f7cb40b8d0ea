"""Asks many printers at once how they are, and prints a line for each that is not well, or that is not there.

    python examples/fleet_monitor.py ipp://one.local/ipp/print ipp://two.local/ipp/print

A printer is asked for four attributes only, however many it has; if it sends all of them nevertheless, the others are
never made into objects, since a group is unpacked where it is looked at.
"""

import argparse
import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from ippfast import Attribute, DelimiterTag, IPPError, operations
from ippfast.enums import PrinterState
from ippfast.http import AsyncClient, Timeouts
from ippfast.views import state_reasons

WANTED = ["printer-state", "printer-state-reasons", "printer-is-accepting-jobs", "queued-job-count"]
AT_ONCE = 100
TIMEOUTS = Timeouts(connect=5.0, first_octet=10.0, idle=10.0)


class Health(NamedTuple):
    """One printer, and what is wrong with it; nothing where all is well."""

    uri: str
    state: str
    jobs: int | None
    complaints: list[str]


async def look(uri: str, turn: asyncio.Semaphore) -> Health:
    """Ask one printer."""
    async with turn:
        try:
            async with AsyncClient(uri, timeouts=TIMEOUTS) as client:
                answer = await client.send(operations.get_printer_attributes(uri, requested_attributes=WANTED))
        except (IPPError, OSError) as error:
            return Health(uri, "unreachable", None, [str(error)])
    groups = answer.groups_of(DelimiterTag.PRINTER)
    if not groups:
        return Health(uri, "unknown", None, [f"it answers {answer.status}"])
    found = {name: values_of(groups[0].get(name)) for name in WANTED}
    state = next((PrinterState.coerce(each) for each in found["printer-state"] if isinstance(each, int)), None)
    complaints = [f"{each.severity}: {each.reason}" for each in state_reasons(found["printer-state-reasons"])]
    if found["printer-is-accepting-jobs"][:1] == [False]:
        complaints.append("it takes no jobs")
    jobs = next((each for each in found["queued-job-count"] if isinstance(each, int)), None)
    return Health(uri, "unknown" if state is None else str(state), jobs, complaints)


def values_of(attribute: Attribute | None) -> list[object]:
    """The values of an attribute that may not be there."""
    return [] if attribute is None else list(attribute.values)


async def look_at_all(uris: Iterable[str]) -> list[Health]:
    """Ask all, so many at once."""
    turn = asyncio.Semaphore(AT_ONCE)
    return await asyncio.gather(*(look(uri, turn) for uri in uris))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("uris", nargs="+", metavar="URI")
    arguments = parser.parse_args()
    for health in asyncio.run(look_at_all(arguments.uris)):
        # repr: what a printer says may hold anything, and this goes to a terminal
        words = ", ".join(ascii(each)[1:-1] for each in health.complaints) or "well"
        print(f"{health.uri}: {health.state}, {'?' if health.jobs is None else health.jobs} jobs: {words}")


if __name__ == "__main__":
    main()
