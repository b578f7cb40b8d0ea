"""Messages that ask for as much memory, time or stack as they can, and what a twin spends on one.

The rule of this file: run as a program, ``python tests/support/hostile.py TWIN CASE ACTION OCTETS`` decodes one such
message in a process of its own and prints, as JSON, what came of it, the peak of memory above what the message itself
takes, and the seconds of processor time. Tests look at the memory; the time is for people. Memory is read from Linux'
/proc.
"""

import json
import os
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["ACTIONS", "CASES", "HEADER", "NAMES", "deep", "endless"]

HEADER = bytes.fromhex("0200 000b 00000001")
END = b"\x03"
PIECE = 65536
DOCUMENT = bytes(1000)  # so that the octets before it are to be copied


def token(tag: int, name: bytes, value: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(value)) + value


MEMBER = token(0x4A, b"", b"m")
BEGIN, FINISH = token(0x34, b"", b""), token(0x37, b"", b"")


def repeat(start: bytes, unit: bytes, octets: int, finish: bytes = b"") -> bytes:
    """A message of about so many octets."""
    start, finish = HEADER + start, finish + END
    return start + unit * ((octets - len(start) - len(finish)) // len(unit)) + finish


def deep(depth: int) -> bytes:
    """Collections inside each other, all of them ended."""
    return HEADER + b"\x01" + token(0x34, b"c", b"") + (MEMBER + BEGIN) * (depth - 1) + FINISH * depth + END


def never_ended(octets: int) -> bytes:
    """Collections inside each other, none of them ended."""
    return repeat(b"\x01" + token(0x34, b"c", b""), MEMBER + BEGIN, octets)


def distinct_names(octets: int) -> bytes:
    names = [b"%x" % number for number in range(octets // 10)]
    return HEADER + b"\x01" + b"".join([token(0x13, name, b"") for name in names]) + END


CASES: dict[str, Callable[[int], bytes]] = {
    "groups": lambda octets: repeat(b"", b"\x02", octets),
    "attributes": lambda octets: repeat(b"\x01", token(0x41, b"a", b""), octets),
    "attributes of raw values": lambda octets: repeat(b"\x01", token(0x22, b"ab", b"\x00\x00"), octets),
    "names": distinct_names,
    "set of nothing": lambda octets: repeat(b"\x01" + token(0x13, b"a", b""), token(0x13, b"", b""), octets),
    "set of octets": lambda octets: repeat(b"\x01" + token(0x30, b"a", b""), token(0x30, b"", b"\xff\xfe"), octets),
    "set of mixed tags": lambda octets: repeat(
        b"\x01" + token(0x41, b"a", b""), token(0x21, b"", b"\x00") + token(0x44, b"", b""), octets
    ),
    "set of raw values": lambda octets: repeat(b"\x01" + token(0x22, b"a", b"\x02"), token(0x22, b"", b""), octets),
    "set of collections": lambda octets: repeat(b"\x01" + token(0x34, b"a", b"") + FINISH, BEGIN + FINISH, octets),
    "members": lambda octets: repeat(b"\x01" + token(0x34, b"a", b""), MEMBER + token(0x13, b"", b""), octets, FINISH),
    "nested": lambda octets: repeat(
        b"\x01" + token(0x34, b"a", b"") + (MEMBER + BEGIN) * 7,
        MEMBER + token(0x13, b"", b""),
        octets,
        FINISH * 8,
    ),
    "long values": lambda octets: repeat(b"\x01", token(0x44, b"n" * 32767, b"v" * 32767), octets),
    "bad text": lambda octets: repeat(b"\x01", token(0x41, b"a", b"\xff" * 32767), octets),
    "never ended": never_ended,
    "no end": lambda octets: repeat(b"\x01", token(0x41, b"a", b""), octets)[:-1] + b"\x44\x7f\xff",
    "bad end": lambda octets: repeat(b"\x01", token(0x41, b"a", b""), octets)[:-1] + b"\x00",
}


def colliding_names(octets: int) -> bytes:
    """Names that differ where a quick hash, of their beginning, middle and end, does not look."""
    names = [b"beginnin%05x...middle.......ending" % number for number in range(octets // 39)]
    return HEADER + b"\x01" + b"".join([token(0x13, name, b"") for name in names]) + END


def long_path(octets: int) -> bytes:
    """Members at a path that is nearly as long as it can be."""
    long = b"n" * 32767
    start = token(0x34, long, b"") + (token(0x4A, b"", long) + BEGIN) * 7
    names = [b"%07d" % number for number in range((octets - len(start)) // 17)]
    members = b"".join([token(0x4A, b"", name) + token(0x13, b"", b"") for name in names])
    return HEADER + b"\x01" + start + members + FINISH * 8 + END


NAMES: dict[str, Callable[[int], bytes]] = {"colliding names": colliding_names, "long path": long_path}
"""What asks for time by its names alone."""


def endless() -> Iterator[bytes]:
    """Pieces of one attribute that never has all its values."""
    unit = token(0x13, b"", b"")
    yield HEADER + b"\x01" + token(0x13, b"a", b"")
    while True:
        yield unit * (PIECE // len(unit))


# ---- What is done with them ----


def unpack(codec: Any, data: bytes, limits: Any) -> int:
    """Hold every attribute and every value at once."""
    message = codec.decode(data, limits=limits)
    held = []
    waiting = list(message.groups)
    while waiting:
        attributes = list(reversed(waiting.pop()))
        for attribute in attributes:
            held.append(attribute)
            waiting += [value for value in attribute.values if type(value) is codec.Collection]
    return len(held)


def feed(codec: Any, data: bytes, limits: Any) -> int:
    decoder = codec.MessageDecoder(limits=limits)
    for at in range(0, len(data), PIECE):
        if decoder.feed(data[at : at + PIECE]):
            break
    decoder.close()
    return len(data)


def feed_for_ever(codec: Any, data: bytes, limits: Any) -> int:
    decoder = codec.MessageDecoder(limits=limits)
    for piece in endless():
        decoder.feed(piece)
    raise AssertionError("not reached")


def feed_octets(codec: Any, data: bytes, limits: Any) -> int:
    decoder = codec.MessageDecoder(limits=limits)
    for octet in data:
        if decoder.feed(bytes((octet,))):
            break
    decoder.close()
    return len(data)


def tabulate(codec: Any, data: bytes, limits: Any) -> int:
    from ippfast import arrow

    return sum(len(batch) for batch in arrow.values([data]))


ACTIONS: dict[str, Callable[[Any, bytes, Any], object]] = {
    "decode": lambda codec, data, limits: len(codec.decode(data, limits=limits).groups),
    "encode": lambda codec, data, limits: len(codec.encode(codec.decode(data, limits=limits))),
    "unpack": unpack,
    "feed": feed,
    "feed for ever": feed_for_ever,
    "feed octets": feed_octets,
    "to_json": lambda codec, data, limits: len(codec.to_json(data, limits=limits)),
    "tabulate": tabulate,
}


def _memory(field: str) -> int:
    """VmRSS, or VmHWM, the peak of it, in octets."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def made_elsewhere(case: str, octets: int) -> bytes:
    """The message, made by another process: what making it takes is no memory that this one could use again, or give
    back to the system while it is measured."""
    with tempfile.TemporaryFile(buffering=0) as file:
        child = os.fork()
        if not child:
            file.write((CASES | NAMES)[case](octets) + DOCUMENT)
            os._exit(0)
        os.waitpid(child, 0)
        file.seek(0)
        return file.read()


def main(twin: str, case: str, action: str, octets: str) -> None:
    if twin == "python":
        os.environ["IPPFAST_PURE"] = "1"
    import ippfast

    assert twin == ippfast.IMPLEMENTATION
    data = made_elsewhere(case, int(octets))
    Path("/proc/self/clear_refs").write_text("5")  # the peak is now what is used now
    before = _memory("VmRSS")
    start = time.process_time()
    try:
        result: object = ACTIONS[action](ippfast, data, None)
    except ippfast.DecodeError as error:
        result = f"{type(error).__name__} at {error.offset}"
    seconds = time.process_time() - start
    print(json.dumps({"result": result, "octets": len(data), "peak": _memory("VmHWM") - before, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
