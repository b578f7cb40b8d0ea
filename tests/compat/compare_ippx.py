"""Runs inside an environment that has ippx: what the library makes of messages, and what the shim makes.

The rule of this file: as in `comparing.py`. ``compare_ippx.py SEED CUTS MUTATIONS`` compares so many truncations and
mutations of each message too. What ippx decodes, the shim's own mode decodes alike, but for values that are no
``str`` alone; what either decodes it encodes to the octets it came from.
"""

import random
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any

import ippx._codec as theirs
from comparing import Comparison, cuts, mutations, read_messages

from ippfast import decode_prefix
from ippfast.compat import ippx as shim

VALUES: list[Any] = [
    0, 3, -1, 2**31, True, None, 1.5, b"octets", {"a": 1}, (1, 2), (1, 2, 3), "5", "utf-8", "grün", "x" * 70_000, [],
    datetime(2026, 11, 25, 12, 30, 5, 700_000, UTC), datetime(2026, 1, 1), theirs.Resolution(300, 600, 3),
]  # fmt: skip


def make_message(chance: random.Random) -> Any:
    tags: list[Any] = [*theirs.Tag, 0x7F, 300, -1]
    attributes = []
    for _ in range(chance.randrange(4)):
        name = chance.choice(("a", "größe", "x" * 70_000, "attributes-charset"))
        values = [chance.choice(VALUES) for _ in range(chance.choice((0, 1, 1, 1, 1, 1, 2)))]
        attributes.append(theirs.Attribute(name, chance.choice(tags), values))
    groups = [(chance.choice((1, 2, 4, 5, theirs.Tag.JOB_ATTRS, 0x06, 256)), attributes)]
    version, data = chance.choice(((2, 0), (1, 1), (300, 0))), chance.choice((b"", b"%PDF", b"%PDF", None))
    code, request_id = chance.choice((2, 0x4000, 0x10000)), chance.choice((1, 2**32 - 1, -1, 2**32))
    if chance.random() < 0.8:
        version, code, request_id, data = (2, 0), 2, 1, b"%PDF"
    return theirs.IppMessage(version, code, request_id, groups, data)


def like(octets: bytes) -> bool:
    """Whether what ippx decodes is decoded alike by the shim as it is without its quirks."""
    try:
        expected: Any = theirs.decode(octets)
        return bool(shim.decode(octets) == expected)
    except (theirs.IppDecodeError, RecursionError):  # the latter where collections are compared that nest too deep
        return True


def again(octets: bytes) -> bool:
    """Whether a message that our codec takes comes back octet for octet."""
    try:
        decode_prefix(octets)
    except Exception:
        return True
    return shim.encode(shim.decode(octets)) == octets


def main(seed: int, shorter: int, mutated: int) -> None:
    chance, comparison = random.Random(seed), Comparison()
    faithful = partial(shim.decode, quirks=True)
    for message in read_messages():
        for octets in (message, *cuts(message, chance, shorter), *mutations(message, chance, mutated)):
            comparison.compare(theirs.decode, faithful, octets)
            if not like(octets):
                print("decode", octets)
            if not again(octets):
                print("encode again", octets)
    for _ in range(200 * mutated):
        comparison.compare(theirs.encode, partial(shim.encode, quirks=True), make_message(chance))
    comparison.report()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
