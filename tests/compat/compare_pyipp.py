"""Runs inside an environment that has pyipp or aioipp: what the library makes of messages, and what the shim makes.

The rule of this file: as in `comparing.py`. ``compare_pyipp.py SEED CUTS MUTATIONS`` compares so many truncations and
mutations of each message too.
"""

import random
import sys
from typing import Any

import pyipp.enums
import pyipp.parser
import pyipp.serializer
from comparing import Comparison, cuts, mutations, read_messages

from ippfast.compat import pyipp as shim

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


def compare_writing(comparison: Comparison, chance: random.Random, count: int) -> None:
    theirs = pyipp.serializer
    tags: list[Any] = [None, 0, *pyipp.enums.IppTag]
    for _ in range(count):
        name, value, tag = chance.choice(["copies", "größe", "x-none", ""]), make_value(chance), chance.choice(tags)
        comparison.compare(theirs.construct_attribute, shim.construct_attribute, name, value, tag)
        comparison.compare(theirs.construct_attribute, shim.construct_attribute, name, value)
        comparison.compare(theirs.construct_attribute_values, shim.construct_attribute_values, tag, value)
        if "request-id" in (request := make_request(chance)):  # else it is random
            comparison.compare(theirs.encode_dict, shim.encode_dict, request)


def main(seed: int, shorter: int, mutated: int) -> None:
    chance, comparison, theirs = random.Random(seed), Comparison(), pyipp.parser
    # Applications change the library's tables.
    theirs.ATTRIBUTE_ENUM_MAP["media-col-priority"] = pyipp.enums.IppJobState
    theirs.ATTRIBUTE_ENUM_MAP["job-priority"] = float
    pyipp.serializer.ATTRIBUTE_TAG_MAP["x-mine"] = pyipp.enums.IppTag.KEYWORD
    for message in read_messages():
        offset = chance.randrange(9, 60)
        comparison.compare(theirs.parse, shim.parse, message)
        comparison.compare(theirs.parse_attribute, shim.parse_attribute, message, 9)
        comparison.compare(theirs.parse_attribute, shim.parse_attribute, message, offset, "printer-state")
        comparison.compare(theirs.parse_collection, shim.parse_collection, message, offset)
        for octets in (message, *cuts(message, chance, shorter), *mutations(message, chance, mutated)):
            comparison.compare(theirs.parse, shim.parse, octets, True)
    compare_writing(comparison, chance, 100 * mutated)
    comparison.report()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
