"""A program for an environment that has ippserver: the library and the shim on the same octets, one after the other.

The rule of this file: it needs the library, ippfast and nothing else. It reads messages from its input, each behind its
length in four octets, and prints how many it compared, and every difference.
"""

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

import ippserver.behaviour
import ippserver.server
from ippserver.parsers import Boolean as TheirBoolean
from ippserver.parsers import Enum as TheirEnum
from ippserver.parsers import Integer as TheirInteger
from ippserver.request import IppRequest as Theirs

from ippfast.compat import ippserver as shim
from ippfast.compat.ippserver import Boolean, Enum, Integer, IppRequest, QuirkyIppRequest

DOCUMENT = b"%PDF\x03\x03 and more"


class Reader:
    """A file that is no BytesIO, and gives what it is asked for."""

    def __init__(self, octets: bytes) -> None:
        self._file = io.BytesIO(octets)
        self.tell, self.read = self._file.tell, self._file.read


def normal(value: Any) -> Any:
    """With every type in it, and the order of dictionaries."""
    if isinstance(value, dict):
        return (dict, [(normal(key), normal(item)) for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        return (type(value), [normal(item) for item in value])
    return (type(value), value)


def from_octets(kind: Any, octets: bytes) -> dict[str, Any]:
    return dict(vars(kind.from_bytes(octets)))


def to_octets(kind: Any, value: object) -> bytes:
    return bytes(kind(value))


def read_parts(kind: Any, octets: bytes) -> list[Any]:
    return parts(kind.from_string(octets))


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a call gives, or that it raises, and whether the library's callers would catch that."""
    try:
        return normal(function(*arguments))
    except Exception as error:
        return ("raises", error)


def both_raise(theirs: Any, ours: Any) -> bool:
    if theirs[0] != "raises" or ours[0] != "raises":
        return False
    known = type(theirs[1])
    return known is AssertionError or isinstance(ours[1], known)


def parts(request: Any) -> list[Any]:
    return [request.version, request.opid_or_status, request.request_id, request._attributes, repr(request)]


def unsigned(request: Any) -> list[Any]:
    """The same parts, with the numbers that the library takes for negative as they are."""
    version = tuple(number & 0xFF for number in request.version)
    return [version, request.opid_or_status & 0xFFFF, request.request_id, request._attributes]


def lookups(request: Any) -> Iterator[Any]:
    for key, values in request._attributes.items():
        yield request.lookup(*key) is values
        yield outcome(request.only, *key)[0] == "raises"
    yield outcome(request.only, 1, b"no such", 0x21)[0] == "raises"


def differences(octets: bytes) -> Iterator[str]:
    theirs = outcome(read_parts, Theirs, octets)
    for kind in (IppRequest, QuirkyIppRequest):
        ours = outcome(read_parts, kind, octets)
        if theirs[0] == "raises":
            if not both_raise(theirs, ours):
                yield f"{kind.__name__}: {ours} where the library {theirs}"
            continue
        if kind is QuirkyIppRequest and ours != theirs:
            yield f"parts: {ours} where the library has {theirs}"
        elif kind is IppRequest and ours[1:][0][3] != theirs[1:][0][3]:
            yield f"attributes: {ours} where the library has {theirs}"
    if theirs[0] == "raises":
        for file in (io.BytesIO, Reader):
            if not both_raise(outcome(Theirs.from_file, file(octets)), outcome(IppRequest.from_file, file(octets))):
                yield f"from_file, {file.__name__}: not both raise"
        return
    yield from differences_of(octets)


def differences_of(octets: bytes) -> Iterator[str]:
    """Of a message that both take."""
    theirs, ours, quirky = [kind.from_string(octets) for kind in (Theirs, IppRequest, QuirkyIppRequest)]
    if unsigned(ours) != unsigned(theirs) or not all(number >= 0 for number in (*ours.version, ours.opid_or_status)):
        yield "the numbers of the header"
    end = 0
    for kind in (Theirs, IppRequest, QuirkyIppRequest):
        for file in (io.BytesIO, Reader):
            opened: Any = file(octets + DOCUMENT)
            request = kind.from_file(opened)
            if normal(request._attributes) != normal(theirs._attributes):
                yield f"{kind.__name__}.from_file, {file.__name__}: other attributes"
            end = end or opened.tell()
            if opened.tell() != end or opened.read() != (octets + DOCUMENT)[end:]:
                yield f"{kind.__name__}.from_file, {file.__name__}: at {opened.tell()}, not {end}"
    for section in (None, 0, 1, 2, 4, 9):
        if normal(ours.attributes_to_multilevel(section)) != normal(theirs.attributes_to_multilevel(section)):
            yield f"attributes_to_multilevel({section})"
    if list(lookups(ours)) != list(lookups(theirs)):
        yield "lookup or only"
    for key in [*list(theirs._attributes)[:5], (1, b"no such", 0x21), (1, "no such", 0x21), (1, b"no such", None)]:
        asked = [outcome(kind.from_string(octets).only, *key) for kind in (Theirs, IppRequest)]
        if asked[0] != asked[1] and not both_raise(*asked):
            yield f"only{key}: {asked}"
    written = outcome(theirs.to_string), outcome(quirky.to_string)
    if written[0] != written[1] and not both_raise(*written):
        yield f"to_string: {written[1]} where the library gives {written[0]}"
    if ours.to_string() != octets[:end]:
        yield "what was read is not written as it was"


def value_differences() -> Iterator[str]:
    for theirs, ours in ((TheirInteger, Integer), (TheirEnum, Enum), (TheirBoolean, Boolean)):
        for octets in (b"", b"\0", b"\1", b"\xff", b"\0\0\0", b"\0\0\0\7", b"\xff\xff\xff\xfe", b"\0" * 5):
            results = outcome(from_octets, theirs, octets), outcome(from_octets, ours, octets)
            if results[0] != results[1] and not both_raise(*results):
                yield f"{ours.__name__}.from_bytes({octets!r}): {results}"
        for value in (True, False, 0, 7, -(2**31), 2**31, None, b"7", "7"):
            results = outcome(to_octets, theirs, value), outcome(to_octets, ours, value)
            if results[0] != results[1] and not both_raise(*results):
                yield f"bytes({ours.__name__}({value!r})): {results}"


def places() -> list[Any]:
    return [ippserver.request.IppRequest, ippserver.behaviour.IppRequest, ippserver.server.IPPServer]


def installation_differences() -> Iterator[str]:
    before = places()
    shim.install()
    if places() != [IppRequest, IppRequest, shim.IPPServer]:
        yield f"install: {places()}"
    shim.install(quirks=True, server=False)
    if places() != [QuirkyIppRequest, QuirkyIppRequest, before[2]]:
        yield f"install(quirks=True, server=False): {places()}"
    shim.uninstall()
    shim.uninstall()
    if places() != before:
        yield f"uninstall: {places()}"


def main() -> None:
    compared = accepted = 0
    found = [*installation_differences(), *value_differences()]
    while size := sys.stdin.buffer.read(4):
        octets = sys.stdin.buffer.read(int.from_bytes(size, "big"))
        found += [f"{octets[:200].hex()}: {each}" for each in differences(octets)]
        compared += 1
        accepted += outcome(Theirs.from_string, octets)[0] != "raises"
    print(compared, accepted)
    print(*found[:20], sep="\n")


if __name__ == "__main__":
    main()
