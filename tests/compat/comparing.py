"""How a library and its shim are compared, inside an environment that has both.

The rule of this file: two results are equal only where all their types are, and of two exceptions ours is caught where
the library's would be. It knows no library, and nothing of the tests: the standard library is all there is. Messages
come on standard input, each after its length (four octets, the highest first); what is not alike goes to standard
output, a line each, and last how much was compared and how much of it the library took.
"""

import dataclasses
import random
import signal
import sys
import sysconfig
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Comparison", "cuts", "mutations", "read_messages"]

# Of the processor: the library may go round for ever, and a busy machine is slow. A CPython without its lock fills the
# 2 GiB that bytes(2**31) takes, which the other gets from the system as they are; on a busy machine for 5 s and more.
SECONDS = 30.0 if sysconfig.get_config_var("Py_GIL_DISABLED") else 0.5


class Endless(BaseException):
    """The library did not come to an end."""


def ring(number: int, frame: object) -> None:
    raise Endless


def alike(one: Any, other: Any) -> bool:
    """Whether two results are equal, in their types too, all the way down, and dictionaries in their order."""
    pairs = [(one, other)]  # no recursion: a library may take collections of any depth
    while pairs:
        one, other = pairs.pop()
        if type(one) is not type(other):
            return False
        if dataclasses.is_dataclass(one):
            fields = dataclasses.fields(one)
            pairs += [(getattr(one, each.name), getattr(other, each.name)) for each in fields]
        elif isinstance(one, dict):
            if list(one) != list(other):
                return False
            pairs += zip(one.values(), other.values(), strict=True)
        elif isinstance(one, (list, tuple)):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif one != other:
            return False
    return True


def outcome(function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return "returned", function(*arguments)
    except Endless:
        return "raised", Endless
    except Exception as error:
        return "raised", type(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


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


class Comparison:
    """Counts what it compares, and prints what differs."""

    def __init__(self) -> None:
        signal.signal(signal.SIGPROF, ring)
        self.compared = 0
        self.returned = 0

    def compare(self, theirs: Callable[..., Any], ours: Callable[..., Any], *arguments: Any) -> None:
        expected = outcome(theirs, *arguments)
        found = outcome(ours, *arguments)
        self.compared += 1
        self.returned += expected[0] == "returned"
        if not same(expected, found):
            print(f"{theirs.__name__} {arguments!r:.20000}: {expected!r:.3000} and not {found!r:.3000}")

    def report(self) -> None:
        print(self.compared, self.returned)


def read_messages() -> Iterator[bytes]:
    while size := sys.stdin.buffer.read(4):
        yield sys.stdin.buffer.read(int.from_bytes(size, "big"))
