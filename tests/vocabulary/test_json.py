"""`to_json`: the octets of json.dumps of a message's dictionary, by either twin, of whatever there is.

The rule of this file: `Message.to_dict` says what is right.
"""

import json
from random import Random

import pytest
import vectors
from fuzzing import bend
from implementations import Implementation
from outcome import outcome

import ippfast
from ippfast import Limits, decode

BASES = [vector.octets for vector in vectors.every() if len(vector.octets) < 4000]


def check(codec: Implementation, octets: bytes) -> None:
    for lossless in (False, True):
        wanted = outcome(lambda: json.dumps(decode(octets).to_dict(tags=lossless)).encode())  # noqa: B023
        assert outcome(codec.to_json, octets, lossless=lossless) == wanted


def test_every_vector(codec: Implementation) -> None:
    for vector in vectors.every():
        check(codec, vector.octets)


@pytest.mark.parametrize("seed", range(10))
def test_damaged_messages(codec: Implementation, seed: int) -> None:
    random = Random(seed)
    for _ in range(60):
        check(codec, bend(random, random.choice(BASES), random.choice(BASES)))


TEXTS = [
    *(bytes([octet]) for octet in range(256)),
    *(b"12345678"[:left] + text + b"abcdefgh"[:right] for left in (0, 7, 8) for right in (0, 7, 8) for text in
      (b'"', b"\\", b"\x7f", b"\n", "ä".encode(), "€".encode(), "🖨".encode(), b"\xff", b"\xed\xa0\x80", b"\xf0\x9f")),
    *(b"abcdefghijklmnopqrstuvwxyz"[:size] for size in range(20)),
    *(b"a" * place + b'"' + b"a" * (size - 1 - place) for size in range(2, 20) for place in range(size)),
]  # fmt: skip


def attribute(tag: int, name: bytes, value: bytes) -> bytes:
    return bytes([tag, len(name) >> 8, len(name) & 255]) + name + bytes([len(value) >> 8, len(value) & 255]) + value


@pytest.mark.parametrize("tag", [0x30, 0x41, 0x44])
def test_every_character(codec: Implementation, tag: int) -> None:
    head = bytes.fromhex("0200000000000001 01")
    values = b"".join(attribute(tag, b"", text) for text in TEXTS)
    check(codec, head + attribute(tag, b"a", TEXTS[0]) + values + b"\x03")
    check(codec, head + b"".join(attribute(0x21, b"n" + text, b"\0\0\0\1") for text in TEXTS) + b"\x03")


@pytest.mark.parametrize("charset", [b"utf-8", b"UTF-8", b"iso-8859-1", b"utf-16", b"\xff", b"us-ascii", b"hz"])
def test_charsets(codec: Implementation, charset: bytes) -> None:
    head = bytes.fromhex("0200000000000001 01")
    for tag in (0x47, 0x21, 0x30):
        first = attribute(tag, b"attributes-charset", charset)
        check(codec, head + attribute(0x21, b"a", b"\0\0\0\1") + first + attribute(0x41, b"b", b"\xe4~{<:Ky") + b"\x03")
        check(codec, head + b"\x01" + first + attribute(0x41, b"b", b"\xe4") + b"\x03")


def test_names_that_come_twice(codec: Implementation) -> None:
    """The first of a group, and of a collection; whatever its values are."""
    head = bytes.fromhex("0200000000000001 01")
    members = attribute(0x4A, b"", b"a") + attribute(0x34, b"", b"")
    members += attribute(0x4A, b"", b"a") + attribute(0x21, b"", b"\0\0\0\1") + attribute(0x37, b"", b"")
    members += attribute(0x4A, b"", b"a") + attribute(0x34, b"", b"") + attribute(0x37, b"", b"")
    collection = attribute(0x34, b"a", b"") + members + attribute(0x37, b"", b"") + attribute(0x21, b"", b"\0\0\0\2")
    check(codec, head + collection * 2 + attribute(0x21, b"b", b"\0\0\0\3") + b"\x01" + collection + b"\x03")


def test_names_in_each_others_way(codec: Implementation) -> None:
    """Names that a quick hash puts into one place, twice, in a group and in a collection."""
    head = bytes.fromhex("0200000000000001 01")
    names = [b"beginnin%05x...middle.......ending" % number for number in range(100)] * 2
    values = b"".join(attribute(0x21, name, b"\0\0\0\1") for name in names)
    members = b"".join(attribute(0x4A, b"", name) + attribute(0x21, b"", b"\0\0\0\2") for name in names)
    collection = attribute(0x34, names[0], b"") + members + attribute(0x37, b"", b"")
    check(codec, head + (values + b"\x01" + collection) * 2 + b"\x03")


@pytest.mark.parametrize("length", [254, 255, 256, 30_000])
def test_long_names_and_what_is_in_them(codec: Implementation, length: int) -> None:
    head = bytes.fromhex("0200000000000001 01")
    member = attribute(0x4A, b"", b"media-color") + attribute(0x44, b"", b"blue")
    for name in (b"n" * length, (b"media-col/" * 3000)[:length]):
        inside = attribute(0x4A, b"", name) + attribute(0x34, b"", b"") + member + attribute(0x37, b"", b"")
        for outer in (name, b"media-col"):
            for inner in (member, inside, member + inside):
                check(codec, head + attribute(0x34, outer, b"") + inner + attribute(0x37, b"", b"") + b"\x03")


def test_arguments(codec: Implementation) -> None:
    octets = BASES[0]
    for kind in (bytearray, memoryview):
        assert codec.to_json(kind(octets)) == codec.to_json(octets)
    with pytest.raises(ippfast.TruncatedError):
        codec.to_json(memoryview(bytearray(8)).cast("B", (2, 4))[:0])
    with pytest.raises(ippfast.LimitError):
        codec.to_json(max(BASES, key=len), limits=Limits(max_octets=10))
    with pytest.raises(TypeError, match="limits is a Limits"):
        codec.to_json(octets, limits=(1, 2, 3, 4, 5))
    with pytest.raises(TypeError):
        codec.to_json("text")
    assert ippfast.to_json(octets) == codec.to_json(octets)


def test_there_and_back(codec: Implementation) -> None:
    for vector in vectors.accepted():
        made = ippfast.Message.from_dict(json.loads(codec.to_json(vector.octets, lossless=True)))
        assert ippfast.encode(made) == vector.octets[: vector.offset]
