"""Messages damaged with a sense of their structure, and all that the codec and what stands on it say of them.

The rule of this file: a case is octets and a seed, and nothing else decides what comes of it. So both twins can be
asked, each in a process of its own, and a case that was kept can be asked again. `tools/fuzz.py` makes the cases.
"""

import copy
import io
import pickle
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from typing import Any

from implementations import COMPILED, PURE
from outcome import normal, outcome, rebuild

import ippfast
from ippfast import Limits, MessageDecoder, RawValue, recover, validate
from ippfast.arrow.schema import VALUES, row_of
from ippfast.arrow.words import dictionary_of, keywords_of
from ippfast.compat import ippx, pyipp
from ippfast.compat.ippserver.request import IppRequest

__all__ = ["bend", "executions", "observe", "plain_array"]

twin = PURE if COMPILED is None else COMPILED  # as the package has picked it

HEADER = bytes.fromhex("0200 000b 00000001")
BEGIN, END, MEMBER = 0x34, 0x37, 0x4A
TAGS = [0x10, 0x12, 0x13, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x35, 0x36, 0x41, 0x42, 0x44, 0x45, 0x7F, 0xFF]
LENGTHS = [0, 1, 2, 3, 4, 7, 8, 9, 11, 15, 16, 17, 63, 64, 65, 127, 128, 255, 256, 257, 1023, 0x7FFF, 0x8000, 0xFFFF]
NAMES = [b"attributes-charset", b"printer-uri", b"media-col", b"x-dimension", b"a", b"\xc3\xa9", b"\xff", b"job-id"]
LARGEST = 2000  # octets of a case: larger ones find no more, and cost more

Token = list[Any]  # tag, name, value; a delimiter has the tag alone


# ---- Octets ----


def tokens_of(octets: bytes) -> list[Token]:
    """As far as they go."""
    found: list[Token] = []
    at = 8
    with suppress(struct.error, IndexError):
        while at < len(octets):
            if octets[at] < 0x10:
                found.append([octets[at]])
                at += 1
                continue
            (size,) = struct.unpack_from(">H", octets, at + 1)
            name = octets[at + 3 : at + 3 + size]
            (length,) = struct.unpack_from(">H", octets, at + 3 + size)
            found.append([octets[at], name, octets[at + 5 + size : at + 5 + size + length]])
            at += 5 + size + length
    return found


def octets_of(tokens: list[Token]) -> bytes:
    parts = [HEADER]
    for tag, *rest in tokens:
        parts.append(bytes([tag]))
        for each in rest:
            parts += [struct.pack(">H", len(each)), each]
    return b"".join(parts)


def some(random: Random, size: int) -> bytes:
    return random.choice([b"x", b"\xc3\xa4", b"\x00", b"\xff", b"1", random.randbytes(3)]) * size


def retag(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    tokens[place][0] = random.choice(TAGS) if len(tokens[place]) == 3 else random.randrange(16)


def rename(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    if len(tokens[place]) == 3:
        tokens[place][1] = random.choice([b"", *NAMES, some(random, random.choice(LENGTHS[:20]))[:0x7FFF]])


def revalue(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    if len(tokens[place]) == 3:
        size = random.choice(LENGTHS[:20])
        tokens[place][2] = random.choice([random.randbytes(size), some(random, size)[:0x7FFF], *NAMES, bytes(size)])


def double(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    span = tokens[place : place + random.randint(1, 6)]
    tokens[place:place] = [list(each) for each in span * random.choice([1, 1, 2, 30])]


def leave_out(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    del tokens[place : place + random.choice([1, 1, 2, 5])]


def swap(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    elsewhere = random.randrange(len(tokens))
    tokens[place], tokens[elsewhere] = tokens[elsewhere], tokens[place]


def add_value(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    tag = tokens[place][0] if random.random() < 0.6 and len(tokens[place]) == 3 else random.choice(TAGS)
    tokens.insert(place + 1, [tag, b"", some(random, random.choice(LENGTHS[:12]))])


def enclose(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    """A run of values inside a collection, or several."""
    depth = random.choice([1, 1, 2, 7, 8, 9])
    behind = min(len(tokens), place + random.randint(0, 3))
    inner = [[each[0], b"", each[2]] for each in tokens[place:behind] if len(each) == 3]
    name = random.choice(NAMES)
    begin: list[Token] = [[BEGIN, name, b""]]
    for _ in range(depth - 1):
        begin += [[MEMBER, b"", random.choice(NAMES)], [BEGIN, b"", b""]]
    if inner:
        begin.append([MEMBER, b"", random.choice(NAMES)])
    tokens[place:behind] = [*begin, *inner, *([END, b"", b""] for _ in range(depth))]


def splice(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    if other:
        start = random.randrange(len(other))
        tokens[place:place] = [list(each) for each in other[start : start + random.randint(1, 12)]]


def delimit(random: Random, tokens: list[Token], place: int, other: list[Token]) -> None:
    tokens.insert(place, [random.choice([1, 2, 3, 4, 5, 15, 0])])


WAYS: list[Callable[[Random, list[Token], int, list[Token]], None]] = [
    retag, rename, revalue, double, leave_out, swap, add_value, enclose, splice, delimit,
]  # fmt: skip


def bend(random: Random, octets: bytes, other: bytes) -> bytes:
    """A message that is much like that one, with tokens of the other in it, or its octets damaged."""
    tokens, others = tokens_of(octets), tokens_of(other)
    if tokens and random.random() < 0.85:
        for _ in range(random.choice([1, 1, 1, 2, 3, 6])):
            if tokens:
                random.choice(WAYS)(random, tokens, random.randrange(len(tokens)), others)
        bent = bytearray(octets_of(tokens))
    else:
        bent = bytearray(octets)
    if random.random() < 0.3 and bent:
        for _ in range(random.choice([1, 1, 2, 4])):
            place = random.randrange(len(bent))
            bent[place] = random.choice([0, 1, 0x7F, 0x80, 0xFF, bent[place] ^ 1 << random.randrange(8)])
    if random.random() < 0.1:
        del bent[random.randrange(len(bent) + 1) :]
    if random.random() < 0.1:
        bent += random.choice([b"%PDF-1.7", bytes(bent[:40]), b"\x03", b"\x00"])
    return bytes(bent[:LARGEST])


# ---- What is said of them ----


def cut(random: Random, octets: bytes) -> Iterator[Any]:
    """Pieces of any size, in buffers of any kind."""
    at = 0
    while at < len(octets):
        size = random.choice([1, 2, 5, 17, 100, 1000, 10_000])
        yield random.choice([bytes, bytearray, memoryview])(octets[at : at + size])
        at += size


def fed(random: Random, octets: bytes, limits: Limits | None) -> list[Any]:
    decoder = MessageDecoder(limits=limits)
    said: list[Any] = [decoder.needed]
    for piece in cut(random, octets):
        said += [outcome(decoder.feed, piece), outcome(lambda: decoder.needed), decoder.unused]
        if said[-3][0] == "raised":
            break
    return [*said, outcome(decoder.close)]


def change(random: Random, message: Any) -> None:
    """One change of a group, by name or by place."""
    group = random.choice(message.groups)
    names = [each.name for each in group] if random.random() < 0.5 else ["job-id", "media-col"]
    name = random.choice([*names, "attributes-charset", "new"])
    values: Any = random.choice([1, "text", b"octets", [1, 2], ["a", "b"]])
    attribute = ippfast.Attribute(name, random.choice(TAGS), values)
    place = random.randint(-3, 3)
    way = random.randrange(9)
    if way == 0:
        group[name] = attribute
    elif way == 1:
        group[name] = random.choice([1, "text", ["a", "b"], b"x", RawValue(b"raw")])
    elif way == 2:
        del group[name]
    elif way == 3:
        group.insert(place, attribute)
    elif way == 4:
        group.pop(place)
    elif way == 5:
        group[place : place + random.randint(0, 2)] = [attribute] * random.randint(0, 2)
    elif way == 6:
        group.append(attribute)
    elif way == 7:
        group[place] = attribute
    else:
        group.remove(group[place])


def changed(random: Random, message: Any) -> list[Any]:
    said: list[Any] = []
    for _ in range(random.randint(1, 6) if message.groups else 0):
        said.append(outcome(change, random, message))
        if random.random() < 0.5:
            said.append(outcome(ippfast.encode, message))
    return [*said, outcome(ippfast.encode, message), message]


def read(random: Random, message: Any) -> list[Any]:
    """A message as it is looked at: walks that end early, names, places, slices."""
    said: list[Any] = [list(ippfast.walk(message))]
    walk = ippfast.walk(message)
    kept = [pair for pair, _ in zip(walk, range(random.randrange(40)), strict=False) if random.random() < 0.5]
    said += [[(attribute.name, normal(value)) for attribute, value in kept], repr(message)]
    for group in message.groups[:20]:
        for name in {*random.sample([each.name for each in group] or ["a"], 1), "job-id", "media-col"}:
            said += [name, group.get(name), outcome(group.value, name), group.count(name), outcome(group.index, name)]
        said += [len(group), outcome(lambda group=group: group[random.randint(-4, 4)]), list(reversed(group))]
    said.append(copy.deepcopy(message) == message)
    said.append(pickle.loads(pickle.dumps(message)) == message)
    return said


def anew(random: Random, message: Any) -> Any:
    """Made from its parts, and encoded; now and then with values that do not fit."""
    made = rebuild(ippfast, message)  # type: ignore[arg-type]
    if made.groups and random.random() < 0.5:
        values: list[Any] = [
            1,
            2**31,
            "x",
            "\ud800",
            None,
            b"x" * 0x8000,
            [],
            True,
            RawValue(b"r"),
            ippfast.Collection(),
        ]
        name = random.choice(["a", "", "\udcff", "\ud800", "n" * 0x8000])
        attribute = ippfast.Attribute(name, random.choice([*TAGS, BEGIN, END, MEMBER, 0]), random.choice(values))
        random.choice(made.groups).append(attribute)
    return ippfast.encode(made)


def chunked(random: Random, octets: bytes) -> list[Any]:
    """The octets in chunks, and other octets in their place, as the transport takes them apart."""
    data = octets
    for _ in range(random.randrange(4)):
        line = random.choice([b"\r\n%x\r\n", b"\r\n%X;a\r\n", b"\r\n%08x\r\n", b"\n%x\n", b"\r\n-%x\r\n"])
        data = data[: random.randrange(len(data) + 1)] + line % random.randrange(300) + data
    at = random.randrange(len(data) + 1)
    found, place, left = twin.gather(data, at, random.randint(1, len(data) + 20), random.choice([3, 10, 100]))
    return [bytes(found), place, left]


def rastered(random: Random, octets: bytes) -> list[Any]:
    """The octets as lines of pixels, and as codes of such lines."""
    unit = random.choice([1, 1, 2, 3, 4, 6, 8, 30])
    line = unit * random.randint(1, 60)
    times = random.choice([1, 3]) if unit == 1 else 1
    made, taken = bytearray(line * times + line // unit // 128 + 19 + random.randrange(3000)), bytearray(line * 40)
    spare = random.randint(-1, 7) if unit * times == 1 else -1
    way = (line, line + random.choice([0, 0, 1, 7]), unit, random.random() < 0.5, spare, random.random() < 0.5, times)
    done, size = twin.encode_lines(octets, random.choice([0, 0, 1]), made, *way)
    at, end = random.randrange(len(octets) + 1), random.randrange(len(octets) + 9)
    white, left, again, alike = random.choice([0, 255]), random.randrange(500), 0, 0
    outcome: list[Any] = [done, bytes(made[:size])]
    for _ in range(random.randint(1, 4)):  # into one buffer, as a Reader lends it
        found = twin.decode_lines(octets, at, end, taken, line, unit, white, left, again, alike)
        at, rows, again, alike = found
        left -= rows
        outcome += [found, bytes(taken[: rows * line])]
    return outcome


def observe(octets: bytes, seed: int) -> list[tuple[str, Any]]:
    """What each step says of a case, so that what differs between the twins has a name."""
    random = Random(seed)
    few = [random.choice([0, 1, 2, 5, 60]) for _ in range(4)]
    limits = random.choice([None, Limits(*few, max_octets=random.randrange(400))])  # type: ignore[misc]
    kind = random.choice([bytes, bytearray, memoryview])
    steps: list[tuple[str, Any]] = [
        (
            "decode",
            outcome(ippfast.decode_prefix, kind(octets), limits=limits),
        ),
        ("feed", fed(random, octets, limits)),
        ("read", outcome(ippfast.read_message, io.BytesIO(octets))),
        ("only", outcome(ippfast.decode, octets, only=random.sample(["job-id", "media-col", "a", "x-dimension"], 2))),
        ("recover", outcome(recover, octets)),
        ("chunks", outcome(chunked, random, octets)),
        ("octets", outcome(indexed, octets)),
        ("pyipp", outcome(pyipp.parse, octets, quirks=random.random() < 0.5)),
        ("ippx", outcome(ippx_there_and_back, octets, random.random() < 0.5)),
        ("ippserver", outcome(ippserver_there_and_back, octets)),
    ]
    steps.append(("raster", outcome(rastered, random, octets)))
    steps.append(("json", outcome(ippfast.to_json, kind(octets), lossless=bool(seed & 1), limits=limits)))
    steps.append(("table", outcome(tabled, [octets, bytes(octets[:-1]), octets], limits or Limits())))
    try:
        message = ippfast.decode(octets)
    except ippfast.DecodeError:
        return steps
    steps += [
        ("look", outcome(read, random, message)),
        ("validate", outcome(validate, message)),
        ("encode", outcome(ippfast.encode, message)),
        ("to_dict", outcome(message.to_dict)),
        ("there and back", outcome(lambda: ippfast.encode(ippfast.Message.from_dict(message.to_dict(tags=True))))),
        ("anew", outcome(anew, random, message)),
        ("change", outcome(changed, random, ippfast.decode(octets))),
    ]
    return steps


def tabled(messages: list[bytes], limits: Limits) -> Any:
    """Messages as a table, and whether it can be handed over."""
    made = twin.Builder(rows=20, limits=limits, keywords=keywords_of, dictionary=dictionary_of)
    places = [made.take(messages, place) for place in range(3)]
    batch = made.finish()
    twin.export_array(row_of(VALUES), batch)
    return places, plain_array(batch)


def plain_array(array: Any) -> Any:
    buffers = [None if buffer is None else bytes(buffer) for buffer in array.buffers]
    dictionary = None if array.dictionary is None else plain_array(array.dictionary)
    return array.length, array.nulls, buffers, [plain_array(child) for child in array.children], dictionary


def indexed(octets: bytes) -> list[Any]:
    end, how = twin.check(octets, 8)
    if how:  # what is not whole is not indexed
        return [end, how]
    found = twin.index(octets, 8)
    keys = [*found, (1, b"absent", 0x21)]
    return [end, list(found.items()), [twin.find(octets, 8, *key) for key in keys[:10] + keys[-10:]]]


def ippx_there_and_back(octets: bytes, quirks: bool) -> Any:
    made = ippx.decode(octets, quirks=quirks)
    return repr(made), outcome(ippx.encode, made, quirks=quirks)


def ippserver_there_and_back(octets: bytes) -> Any:
    made = IppRequest.from_string(octets)
    return repr(made._attributes), outcome(made.to_string)


# ---- Fast ----


def executions(bases: list[bytes], seed: int, count: int) -> int:
    """Decode so many damaged copies, and read, change and encode those that are taken; returns how many these were.

    Nothing is compared but what a message must hold of itself: it is encoded to the octets that were checked.
    """
    random = Random(seed)
    decode, encode, walk, refused = ippfast.decode_prefix, ippfast.encode, ippfast.walk, ippfast.DecodeError
    taken = 0
    while count > 0:
        octets = bytearray(random.choice(bases))
        size = len(octets)
        for _ in range(min(count, 60)):
            place = int(random.random() * size)
            kept = octets[place]
            octets[place] = int(random.random() * 256)
            data = bytes(octets)
            try:
                message, end = decode(data)
            except refused:
                pass
            else:
                taken += 1
                for _pair in walk(message):
                    pass
                if encode(message) != data[:end]:
                    raise AssertionError(f"encoded to other octets: {data.hex()}")
                for group in message.groups:
                    group["job-id"] = ippfast.Attribute("job-id", 0x21, 1)
                encode(message)
            if random.random() < 0.7:
                octets[place] = kept  # otherwise the damage stays, and the next comes on top of it
        count -= 60
    return taken


def signature(octets: bytes) -> Any:
    """What a case is like: octets that are like none before are worth keeping."""
    found = outcome(ippfast.decode, octets)
    if found[0] == "raised":
        return type(found), found[1][0].__name__, str(found[1][2])[-60:-30]
    message = ippfast.decode(octets)
    kinds: set[Any] = set()
    depth = 0
    for attribute, value in ippfast.walk(message):
        kinds.add((attribute.tag, type(value).__name__, min(len(attribute.values), 3)))
        depth += isinstance(value, ippfast.Collection)
    return len(message.groups) > 1, min(depth, 4), frozenset(kinds)
