"""Libraries against our shims for them: ``python -m benchmarks.shims.worker LIBRARY ROUNDS SECONDS FILE...``.

Rule: it runs in the virtual environment of the library, and both work in one process, round by round in turn, on the
same octets. The clock is the processor's time, so that other programs count as little as can be.
"""

import importlib
import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import repeat
from pathlib import Path
from time import thread_time_ns
from typing import Any, NamedTuple


class Task(NamedTuple):
    """One thing to do with the octets of a message, as the library does it and as the shim does."""

    title: str
    theirs: Callable[[bytes], Any]
    ours: Callable[[bytes], Any]


def ippserver() -> Iterable[Task]:
    from ippserver.request import IppRequest as Theirs

    from ippfast.compat.ippserver import IppRequest as Ours

    theirs, ours = Theirs.from_string, Ours.from_string
    key = (1, b"attributes-charset", 0x47)

    def whole(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        return lambda octets: read(octets)._attributes

    def one(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        return lambda octets: read(octets).only(*key)

    def copy(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        return lambda octets: read(octets).to_string()

    yield Task("parse, with the whole dictionary", whole(theirs), whole(ours))
    yield Task("parse, ask for one value", one(theirs), one(ours))
    yield Task("parse, ask for nothing", theirs, ours)
    yield Task("parse and write again", copy(theirs), copy(ours))


def pyipp() -> Iterable[Task]:
    """pyipp or aioipp, which is installed under the same name."""
    from pyipp.parser import parse

    from ippfast.compat import pyipp as shim

    yield Task("parse", parse, shim.parse)
    yield Task("parse, corrected", parse, partial(shim.parse, quirks=False))


def ippx() -> Iterable[Task]:
    from ippx import decode

    from ippfast.compat import ippx as shim

    yield Task("decode", decode, shim.decode)
    yield Task("decode, with its quirks", decode, partial(shim.decode, quirks=True))


LIBRARIES = {"aioipp": pyipp, "ippserver": ippserver, "ippx": ippx, "pyipp": pyipp}


def seconds_of(function: Callable[[bytes], Any], messages: list[bytes], iterations: int) -> float:
    """Of so many iterations over all messages."""
    start = thread_time_ns()
    for _ in repeat(None, iterations):
        for octets in messages:
            function(octets)
    return (thread_time_ns() - start) / 1e9


def taken(task: Task, messages: list[bytes]) -> list[bytes]:
    """The messages that the library takes."""
    found = []
    for octets in messages:
        try:
            task.theirs(octets)
        except Exception:  # whatever it does with a message that it refuses
            continue
        found.append(octets)
    return found


def race(task: Task, messages: list[bytes], rounds: int, seconds: float) -> dict[str, Any]:
    """For each round, the seconds of one iteration of the library's and of ours, over what the library takes."""
    messages = taken(task, messages)
    if not messages:
        return {"title": task.title, "rounds": []}
    counts = []
    for function in (task.theirs, task.ours):
        seconds_of(function, messages, 1)  # what is loaded at the first call is none of its time
        once = seconds_of(function, messages, 1)
        counts.append(max(1, int(seconds / once)))
    found = [
        [seconds_of(function, messages, count) / count for function, count in zip(task[1:], counts, strict=True)]
        for _ in range(rounds)
    ]
    return {"title": task.title, "rounds": found}


def main(library: str, rounds: str, seconds: str, *files: str) -> None:
    messages = [Path(file).read_bytes() for file in files]
    twin = importlib.import_module("ippfast").IMPLEMENTATION
    races = [race(task, messages, int(rounds), float(seconds)) for task in LIBRARIES[library]()]
    print(json.dumps({"twin": twin, "races": races}))


if __name__ == "__main__":
    main(*sys.argv[1:])
