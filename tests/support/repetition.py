"""The same work again and again, and whether anything of it is left behind.

The rule of this file: run as a program, ``python tests/support/repetition.py TWIN CASE ROUNDS`` does the rounds four
times over in a process of its own and prints, as JSON, by how much the interpreter's memory blocks, the process'
memory and the references to what all rounds share grew in each of the last three. What is left behind grows in each
of them, so the least counts; the interpreter's own caches grow in one and not in the next.
"""

import copy
import gc
import io
import itertools
import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["CASES"]

HEADER = bytes.fromhex("0200 000b 00000001")
# Every kind of value, a set, mixed tags, a collection in a collection, raw values, text that is none.
MESSAGE = HEADER + bytes.fromhex(
    "01 47 0012 617474726962757465732d63686172736574 0005 7574662d38"
    "44 0005 73696465 73 0009 6f6e652d7369646564 42 0000 0003 783131 44 0000 0002 ff80"
    "21 0004 6e756d62 0004 00010000 21 0000 0003 000102 22 0001 62 0001 01"
    "31 0001 64 000b 07ea0b160d0500002b0100 32 0001 72 0009 000002580000025803 33 0001 6e 0008 0000000100000fff"
    "35 0001 6c 0007 0002 6465 0001 78 36 0001 6d 0002 0000 13 0001 6f 0000 10 0001 70 0001 78 7f 0001 71 0003 010203"
    "02 34 0009 6d656469612d636f6c 0000 4a 0000 000a 6d656469612d73697a65 34 0000 0000"
    "4a 0000 0001 78 21 0000 0004 0000ffff"
    "37 0000 0000 4a 0000 0001 79 44 0000 0004 6e6f6e65 37 0000 0000 34 0000 0000 37 0000 0000"
    "03"
)
REFUSED = [
    MESSAGE[:-1],
    MESSAGE[:5],
    MESSAGE[:-4],
    HEADER + b"\x00",
    HEADER + bytes.fromhex("44 0001 61 0001 62 03"),
    HEADER + bytes.fromhex("01 44 0000 0001 62 03"),
    HEADER + bytes.fromhex("01 44 8000"),
    HEADER + bytes.fromhex("01 44 0001 61 ffff"),
    HEADER + bytes.fromhex("01 34 0001 61 0000 4a 0000 0001 62 37 0000 0000 03"),
    HEADER + bytes.fromhex("01 34 0001 61 0000") + bytes.fromhex("4a 0000 0001 62 34 0000 0000") * 9,
]


def decode(codec: Any, number: int) -> None:
    codec.encode(codec.decode(MESSAGE))
    codec.decode_prefix(bytearray(MESSAGE + b"document"))
    codec.decode(memoryview(MESSAGE), only=["sides", "media-col"])


def unpack(codec: Any, number: int) -> None:
    message = codec.decode(MESSAGE)
    for group in message.groups:
        for attribute in group:
            repr(attribute)
            hash(attribute)
            group.get(attribute.name)
            attribute.tags  # noqa: B018
            for value in attribute.values:
                if type(value) is codec.Collection:
                    list(value)
                    value.get("y")
                    value[:1]
        len(group)
        group[-1]
        iter(group).__next__()
    message == codec.decode(MESSAGE)  # noqa: B015


def walk(codec: Any, number: int) -> None:
    kept = [pair for pair in codec.walk(codec.decode(MESSAGE)) if number % 2]
    unfinished = codec.walk(codec.decode(MESSAGE))
    for _ in range(number % 20):
        next(unfinished)
    del kept


def errors(codec: Any, number: int) -> None:
    data = REFUSED[number % len(REFUSED)]
    for refuse in (codec.decode, lambda each: codec.decode(bytearray(each)), feed_all(codec)):
        try:
            refuse(data)
        except ValueError:
            raise
        except Exception as error:
            str(error)


def feed_all(codec: Any) -> Callable[[bytes], None]:
    def feed(data: bytes) -> None:
        decoder = codec.MessageDecoder()
        decoder.feed(data[:9])
        decoder.feed(data[9:])
        decoder.close()

    return feed


def feed(codec: Any, number: int) -> None:
    decoder = codec.MessageDecoder()
    size = 1 + number % 100
    for at in range(0, len(MESSAGE), size):
        decoder.feed(MESSAGE[at : at + size])
    unfinished = codec.MessageDecoder(only=["sides"])
    unfinished.feed(MESSAGE[:-size])
    unfinished.feed(bytearray(5000)[:0])
    unfinished.__init__()
    unfinished.feed(MESSAGE + bytes(3000))
    with io.BytesIO(MESSAGE * 2) as file:
        sys.modules["ippfast"].read_message(file)


def encode(codec: Any, number: int) -> None:
    message = codec.decode(MESSAGE)
    group = message.groups[0]
    group["sides"] = codec.Attribute("sides", 0x44, ["a", "\u00e4", "b" * (number % 3000)])
    group["b"] = True
    group["r"] = [value for attribute in message.groups[0].get_all("r") for value in attribute.values]
    del group["d"]
    group.append(codec.Attribute("x", 0x34, codec.Collection([codec.Attribute("y", 0x30, b"z" * 10)])))
    codec.encode(message)
    for tag, value in ((0x21, 2**40), (0x44, 5), (0x30, "x"), (0x31, None), (0x34, "x"), (0x13, 1), (0x03, "x")):
        group[-1] = codec.Attribute("x", [0x44, tag], ["a" * 3000, value])
        try:
            codec.encode(message)
        except ValueError as error:
            str(error)


def copies(codec: Any, number: int) -> None:
    message = codec.decode(MESSAGE)
    copy.copy(message)
    copy.deepcopy(message)
    pickle.loads(pickle.dumps(message))


counter = itertools.count()


def names(codec: Any, number: int) -> None:
    """No two alike, ever: what a hostile sender would fill a cache with."""
    attributes = [
        codec.Attribute(f"{kind}name-{next(counter):x}", 0x44, [f"{kind}keyword-{next(counter):x}", "\u00e4"])
        for kind in ("", "\u00e4", "x" * 50)
    ]
    data = codec.encode(codec.Message((2, 0), 11, 1, [codec.AttributeGroup(1, attributes)]))
    for attribute in codec.decode(data).groups[0]:
        attribute.values  # noqa: B018


def raw(codec: Any, number: int) -> None:
    """The index of raw octets: what is shared, what is displaced, and what is refused."""
    from ippfast.compat.ippserver import IppRequest

    request = IppRequest.from_string(MESSAGE)
    request.only(1, b"attributes-charset", 0x47)
    request._attributes[1, b"sides", 0x44].append(b"x" * (number % 3000))
    request.to_string()
    again = MESSAGE[8:-1]
    IppRequest.from_string(HEADER + again + again + b"\x03").attributes_to_multilevel()
    name, value = f"name-{next(counter):x}".encode(), f"keyword-{next(counter):x}".encode()
    token = b"\x44" + len(name).to_bytes(2, "big") + name + len(value).to_bytes(2, "big") + value
    IppRequest.from_string(HEADER + b"\x01" + token + b"\x44\0\0" + token[-2 - len(value) :] + b"\x03")._attributes  # noqa: B018
    try:
        IppRequest.from_string(REFUSED[number % len(REFUSED)])._attributes  # noqa: B018
    except ippfast_error():
        pass


def ippfast_error() -> type[Exception]:
    error: type[Exception] = sys.modules["ippfast"].DecodeError
    return error


CASES: dict[str, Callable[[Any, int], None]] = {
    "decode": decode,
    "unpack": unpack,
    "walk": walk,
    "errors": errors,
    "feed": feed,
    "encode": encode,
    "copies": copies,
    "names": names,
    "raw": raw,
}


def resident() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmRSS")


def main(twin: str, case: str, rounds: str) -> None:
    if twin == "python":
        os.environ["IPPFAST_PURE"] = "1"
    import ippfast

    assert twin == ippfast.IMPLEMENTATION
    shared: list[Any] = [getattr(ippfast, name) for name in ippfast.__all__ if name[0].isupper()]
    shared += [MESSAGE, *REFUSED, *shared[0], type(iter(ippfast.decode(MESSAGE).groups[0]))]

    def measure() -> dict[str, int]:
        gc.collect()
        found = {"blocks": sys.getallocatedblocks(), "octets": resident()}
        return {**found, "references": sum(map(sys.getrefcount, shared))}

    work = CASES[case]
    measured = []
    for _ in range(4):
        for number in range(int(rounds)):
            work(ippfast, number)
        measured.append(measure())
    grown = [{name: after[name] - before[name] for name in before} for before, after in itertools.pairwise(measured)]
    print(json.dumps({name: min(part[name] for part in grown) for name in grown[0]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
