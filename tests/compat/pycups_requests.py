"""A program for an environment that has pycups: what goes out for each method, from the library and from the shim.

The rule of this file: a server of ours keeps each request, and answers that all is well. Two requests are the same if
operation, resource, attributes and values are. Not compared: the port in a URI, which the library leaves out;
requesting-user-name, which the shim sends with everything that has a target; which attributes are requested; groups and
tags, in which the shim follows the registry. What printing sends is in `pycups_comparison.py`. It prints how many
methods it compared, and every difference.
"""

import re
from typing import Any

import cups as library

from ippfast import Message, response
from ippfast.compat import pycups as shim
from ippfast.http import HTTPLimits, IncomingRequest, Server

QUEUE, OTHER = "ipp://localhost/printers/a", "ipp://localhost/printers/b"
kept: list[Any] = []


def answer(incoming: IncomingRequest) -> Message:
    message = incoming.message
    shown = [
        (each.name, [re.sub(r"^ipp://localhost(:\d+)?/", "/", str(value)) for value in each.values])
        for group in message.groups
        for each in group
        if each.name not in ("requesting-user-name", "requested-attributes")
    ]
    named = "requesting-user-name" in message.groups[0]
    targeted = not {"printer-uri", "job-uri"}.isdisjoint(each.name for each in message.groups[0])
    kept.append((message.code, incoming.head.target, sorted(shown), named and not targeted))
    return response(message)


def calls() -> list[tuple[Any, ...]]:
    """Methods with their arguments, or with a dictionary of them by name."""
    changed = [
        ("setPrinterDevice", "a", "file:///dev/null"),
        ("setPrinterInfo", "a", "information"),
        ("setPrinterLocation", "a", "here"),
        ("setPrinterShared", "a", True),
        ("setPrinterJobSheets", "a", "none", "standard"),
        ("setPrinterErrorPolicy", "a", "stop-printer"),
        ("setPrinterOpPolicy", "a", "default"),
        ("setPrinterUsersAllowed", "a", ["x", "y"]),
        ("setPrinterUsersDenied", "a", ["x"]),
        ("setPrinterUsersDenied", "a", []),
        ("addPrinterOptionDefault", "a", "sides", "one-sided"),
        ("addPrinterOptionDefault", "a", "finishings", ["4", "5"]),
        ("deletePrinterOptionDefault", "a", "sides"),
    ]
    return [
        *(("getPrinters",), ("getClasses",), ("getDefault",), ("getDests",), ("getDevices",)),
        *(("getPPDs",), ("getPPDs2",), ("getServerPPD", "x.ppd"), ("getDocument", QUEUE, 7, 1)),
        *(("getJobs",), ("getJobs", "all", True), ("getJobs", "completed", False, 5, 2, ["job-name"])),
        *(("getJobAttributes", 7), ("getJobAttributes", 7, ["job-name", "job-state"]), ("getPrinterAttributes", "a")),
        *(("cancelJob", 7), ("cancelJob", 7, True), ("cancelAllJobs", "a"), ("moveJob", QUEUE, 7, OTHER)),
        *(("authenticateJob", 7), ("authenticateJob", 7, ["user", "secret"]), ("setJobHoldUntil", 7, "indefinite")),
        *(("restartJob", 7), ("restartJob", 7, "no-hold")),
        *(
            ("addPrinter", "a"),
            ("addPrinter", {"name": "a", "info": "i", "location": "l", "device": "file:///dev/null"}),
        ),
        *changed,
        *(("deletePrinter", "a"), ("addPrinterToClass", "a", "c"), ("deletePrinterFromClass", "a", "c")),
        *(("deleteClass", "c"), ("setDefault", "a"), ("enablePrinter", "a"), ("disablePrinter", "a")),
        *(("disablePrinter", "a", "why"), ("acceptJobs", "a"), ("rejectJobs", "a"), ("rejectJobs", "a", "why")),
        ("createSubscription", QUEUE, ["printer-state-changed"], 7),
        *(("getSubscriptions", QUEUE), ("getSubscriptions", QUEUE, True), ("getNotifications", [1, 2], [3, 4])),
        *(("renewSubscription", 1), ("renewSubscription", 1, 60), ("cancelSubscription", 1)),
    ]


def sent(module: Any, port: int, name: str, *arguments: Any) -> list[Any]:
    module.setUser("alice")
    module.setServer("localhost")
    module.setPort(port)
    connection = module.Connection()
    kept.clear()
    try:
        named = arguments[0] if arguments and isinstance(arguments[0], dict) else None
        getattr(connection, name)(*(() if named else arguments), **(named or {}))
        said = "returned"
    except (library.IPPError, shim.IPPError, RuntimeError) as error:
        said = f"{type(error).__name__} {error.args[0]}"
    del connection
    return [said, *kept]


def main() -> None:
    found, methods = [], set()
    with Server(answer, port=0, limits=HTTPLimits(connections_per_host=1_000)) as server:
        for name, *arguments in calls():
            methods.add(name)
            theirs, ours = (sent(module, server.port, name, *arguments) for module in (library, shim))
            if theirs != ours:
                found.append(f"{name}{tuple(arguments)}: {ours} where the library sends {theirs}")
    print(len(methods))
    print(*found, sep="\n")


if __name__ == "__main__":
    main()
