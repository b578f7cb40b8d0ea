"""Runs inside an environment that has pyipp or aioipp: what the library makes of messages, and what the shim makes.

The rule of this file: it knows nothing of the tests and needs nothing but the two. Messages come on standard input,
each after its length (four octets, the highest first); what is not alike goes to standard output, a line each, and last
how much was compared. ``compare_pyipp.py SEED CUTS MUTATIONS``: so many truncations and mutations of each are compared
too.
"""

import random
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pyipp.enums
import pyipp.parser
import pyipp.serializer

from ippfast.compat import pyipp as shim

SECONDS = 0.5  # the library may go round for ever


class Endless(BaseException):
    """The library did not come to an end."""


def ring(number: int, frame: object) -> None:
    raise Endless


def alike(one: Any, other: Any) -> bool:
    """Whether two results are equal, in their types too, all the way down, and dictionaries in their order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


def outcome(function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        return "returned", function(*arguments)
    except Endless:
        return "raised", Endless
    except Exception as error:
        return "raised", type(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def same(theirs: tuple[str, Any], ours: tuple[str, Any]) -> bool:
    if theirs[0] != ours[0] or ours[1] is Endless:
        return False
    if theirs[0] == "returned":
        return alike(theirs[1], ours[1])
    return theirs[1] is Endless or issubclass(ours[1], theirs[1])


def cuts(octets: bytes, chance: random.Random, count: int) -> Iterator[bytes]:
    for size in sorted(chance.sample(range(len(octets)), min(count, len(octets)))):
        yield octets[:size]


def mutations(octets: bytes, chance: random.Random, count: int) -> Iterator[bytes]:
    """The message with a few octets changed, taken out or put in; most often with those that lengths and tags have."""
    for _ in range(count if octets else 0):
        made = bytearray(octets)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(made))
            new = chance.choice(
                (0, 1, 2, 4, 5, 6, 7, 0x10, 0x13, 0x21, 0x23, 0x31, 0x33, 0x34, 0x37, 0x43, 0x44, 0x4A, 0x7F)
            )
            way = chance.random()
            if way < 0.5:
                made[at] = new
            elif way < 0.7:
                made[at] = chance.randrange(256)
            elif way < 0.85:
                del made[at : at + chance.randint(1, 4)]
            else:
                made[at:at] = bytes([new] * chance.randint(1, 3))
            if not made:
                break
        yield bytes(made)


TEXTS = ["utf-8", "", "x" * 40, "grün", "x" * 40_000, "#000000"]
VALUES: list[Any] = [0, 3, -1, 2**31, True, None, 1.5, b"octets", {"a": 1}, (1, 2), *TEXTS]


def make_value(chance: random.Random) -> Any:
    kind = chance.random()
    if kind < 0.6:
        return chance.choice([*TEXTS[:4], 1, 2])
    if kind < 0.8:
        return chance.choice(VALUES)
    several = [chance.choice([*VALUES[:4], *TEXTS[:3]]) for _ in range(chance.randrange(4))]
    return chance.choice((list, tuple, set))(several)


def make_request(chance: random.Random) -> dict[str, Any]:
    """A dictionary as ``encode_dict`` takes it, or nearly so."""
    names = [*pyipp.serializer.ATTRIBUTE_TAG_MAP, "x-none", "größe"]
    request: dict[str, Any] = {
        "version": chance.choice(((2, 0), (1, 1), None, (0, 200), (1,))),
        "operation": chance.choice((pyipp.enums.IppOperation.PRINT_JOB, pyipp.enums.IppOperation.GET_JOBS, 2)),
        "request-id": chance.choice((1, 2**31 - 1, 2**31, "1")),
        "operation-attributes-tag": {},
        "job-attributes-tag": chance.choice(({}, None)),
        "printer-attributes-tag": {},
        "data": chance.choice((b"", b"%PDF", None, "text")),
        "x-attributes-tag": {"a": 1},
    }
    for key in chance.sample(list(request), chance.choice((0, 0, 1, 2))):
        del request[key]
    if chance.random() < 0.7:
        request.update(version=(2, 0), operation=pyipp.enums.IppOperation.PRINT_JOB, data=b"%PDF")
        request["request-id"] = 7
    for key in ("operation-attributes-tag", "job-attributes-tag", "printer-attributes-tag"):
        if isinstance(request.get(key), dict):
            count = chance.randrange(3)
            request[key] = {name: make_value(chance) for name in chance.sample(names, count)}
    return request


def compare_writing(chance: random.Random, count: int) -> tuple[int, int]:
    tags: list[Any] = [None, 0, *pyipp.enums.IppTag]
    compared = returned = 0
    pairs: list[tuple[Any, Any, tuple[Any, ...]]]
    for _ in range(count):
        name, value, tag = chance.choice(["copies", "größe", "x-none", ""]), make_value(chance), chance.choice(tags)
        pairs = [
            (pyipp.serializer.construct_attribute, shim.construct_attribute, (name, value, tag)),
            (pyipp.serializer.construct_attribute, shim.construct_attribute, (name, value)),
            (pyipp.serializer.construct_attribute_values, shim.construct_attribute_values, (tag, value)),
        ]
        if "request-id" in (request := make_request(chance)):  # else it is random
            pairs.append((pyipp.serializer.encode_dict, shim.encode_dict, (request,)))
        for theirs, ours, arguments in pairs:
            expected, found = outcome(theirs, *arguments), outcome(ours, *arguments)
            compared += 1
            returned += expected[0] == "returned"
            if not same(expected, found):
                print(f"{theirs.__name__} {arguments!r:.20000}: {expected!r:.3000} and not {found!r:.3000}")
    return compared, returned


def read_messages() -> Iterator[bytes]:
    while size := sys.stdin.buffer.read(4):
        yield sys.stdin.buffer.read(int.from_bytes(size, "big"))


def main(seed: int, shorter: int, mutated: int) -> None:
    signal.signal(signal.SIGALRM, ring)
    chance = random.Random(seed)
    # Applications change the library's tables.
    pyipp.parser.ATTRIBUTE_ENUM_MAP["media-col-priority"] = pyipp.enums.IppJobState
    pyipp.parser.ATTRIBUTE_ENUM_MAP["job-priority"] = float
    pyipp.serializer.ATTRIBUTE_TAG_MAP["x-mine"] = pyipp.enums.IppTag.KEYWORD
    parse, attribute, collection = (
        pyipp.parser.parse,
        pyipp.parser.parse_attribute,
        pyipp.parser.parse_collection,
    )
    compared = returned = 0
    for message in read_messages():
        for octets in (message, *cuts(message, chance, shorter), *mutations(message, chance, mutated)):
            calls: list[tuple[Any, Any, tuple[Any, ...]]] = [(parse, shim.parse, (octets, True))]
            if octets is message:
                offset = chance.randrange(9, 60)
                calls.append((parse, shim.parse, (octets,)))
                calls.append((attribute, shim.parse_attribute, (octets, 9)))
                calls.append((attribute, shim.parse_attribute, (octets, offset, "printer-state")))
                calls.append((collection, shim.parse_collection, (octets, offset)))
            for theirs, ours, arguments in calls:
                expected = outcome(theirs, *arguments)
                compared += 1
                returned += expected[0] == "returned"
                found = outcome(ours, *arguments)
                if not same(expected, found):
                    print(f"{theirs.__name__} {arguments!r:.20000}: {expected!r:.3000} and not {found!r:.3000}")
    written = compare_writing(chance, 100 * mutated)
    print(compared, returned, *written)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
