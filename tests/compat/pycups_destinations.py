"""Runs inside an environment that has pycups, or the shim in its place: what going through destinations gives.

The rule of this file: it knows neither the tests nor the shim. ``pycups_destinations.py OPTIONS CONNECT``: the
arguments of enumDests as JSON, with ``"stop"``: after how many destinations the callback has enough; and the name of a
destination to connect to, or nothing. It prints what came, as JSON.
"""

import json
import sys
from typing import Any

import cups


def main(options: dict[str, Any], connect: str) -> None:
    stop = options.pop("stop", 1_000)
    found: list[list[Any]] = []
    dests: dict[str, Any] = {}

    def came(known: str, flags: int, dest: Any) -> int:
        found.append([known, flags, dest.name, dest.instance, bool(dest.is_default), dict(dest.options)])
        dests[dest.name] = dest
        return int(len(found) < stop)

    try:
        cups.enumDests(came, user_data="known", **options)
    except RuntimeError as error:
        found.append([type(error).__name__, str(error)])
    if connect:
        steps: list[int] = []

        def step(known: None, flags: int, dest: Any) -> int:
            steps.append(flags)
            return 1

        connection, resource = cups.connectDest(dests[connect], step)
        attributes = connection.getPrinterAttributes(uri=f"ipp://localhost{resource}")
        found.append([steps, resource, attributes["printer-info"]])
    print(json.dumps(found))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2])
