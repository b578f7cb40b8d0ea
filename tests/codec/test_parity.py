"""The twins against each other: the same octets, the same objects, the same outcome.

The rule of this file: nothing here says what is right, only that both twins say the same; the other files say what
is right of each. It runs where both are installed.
"""

import copy
import pickle
from collections.abc import Iterable
from random import Random
from struct import pack
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from implementations import COMPILED, PURE, Implementation
from outcome import attributes_of, normal, outcome, rebuild
from scale import examples
from strategies import DAMAGES, damaged, document, messages, names, octets, pieces
from vectors import Vector, accepted, every, parametrize

from ippfast import DecodeError, Limits, Message

BOTH = (cast(Implementation, COMPILED), PURE)
WHOLE = examples(2048)  # messages up to so many octets are cut everywhere, longer ones at so many places
DAMAGED = examples(30)  # copies of each vector
sets_of_names = st.none() | st.frozensets(names, max_size=3)
limits_ = st.builds(
    Limits, st.integers(0, 3), st.integers(0, 3), st.integers(0, 6), st.integers(0, 8), st.integers(0, 200)
)


def same(observe: Any, *arguments: Any, **named: Any) -> None:
    """That a function of the twin and these arguments comes to the same with both."""
    compiled, pure = [outcome(observe, codec, *arguments, **named) for codec in BOTH]
    assert compiled == pure


def decoded(codec: Implementation, data: bytes, **named: Any) -> Any:
    return codec.decode_prefix(data, **named)


def fed(codec: Implementation, parts: list[bytes], **named: Any) -> list[Any]:
    """All that a decoder says while it is fed, and after."""
    decoder = codec.MessageDecoder(**named)
    said: list[Any] = [decoder.needed]
    for part in parts:
        said += [outcome(decoder.feed, part), decoder.needed, decoder.unused]
    said.append(outcome(decoder.close))
    return said


def seen(codec: Implementation, data: bytes) -> list[Any]:
    """All that can be seen of a decoded message, before and after it is unpacked."""
    message = codec.decode(data)
    said: list[Any] = [repr(message), message, message == codec.decode(data)]
    for group in message.groups:
        everything = [each.name for each in group]
        for name in [*everything[:20], *everything[-5:], "x-absent", "", *[each[:-1] for each in everything[:1]]]:
            said += [group.get(name), group.get_all(name), name in group, outcome(group.value, name)]
            said += [outcome(group.__getitem__, name), outcome(group.value, name, "default")]
        said += [
            len(group),
            outcome(group.__getitem__, slice(-1, None)),
            list(reversed(group)),
            repr(group),
            bool(group),
        ]
    for attribute in attributes_of(message):
        said += [repr(attribute), hash(attribute), attribute.enum(), outcome(lambda each: each.value, attribute)]
        for value in attribute.values:
            if isinstance(value, codec.Collection):
                said += [
                    repr(value),
                    hash(value),
                    len(value),
                    list(value),
                    value.get("x-absent"),
                    outcome(value.__getitem__, slice(1)),
                ]
                said += [value.get(member.name) for member in value]
                said += [value == rebuild(codec, value), list(reversed(value))]
    said += [message, repr(message), rebuild(codec, message) == message]
    return said


def ways_back(codec: Implementation, data: bytes) -> list[Any]:
    """The octets of a decoded message after all that may be done to it."""
    whole = codec.decode(data)
    said: list[Any] = [codec.encode(whole), codec.encode(rebuild(codec, whole)), codec.encode(copy.copy(whole))]
    for group in whole.groups:
        if names := [each.name for each in group]:
            group[names[0]] = codec.Attribute(names[0], 0x13, [])
            said += [group, outcome(codec.encode, whole)]
            group[names[0]] = codec.Attribute(names[0], 0x44, "none")
            said += [group, codec.encode(whole)]
            del group[names[-1]]
        said += [outcome(group.__setitem__, name, ["x"]) for name in names[:20]]
        said += [group, outcome(codec.encode, whole)]
    return said


# ---- Vectors ----


@parametrize(every())
def test_vectors(vector: Vector) -> None:
    same(decoded, vector.octets)
    same(fed, [vector.octets])
    same(fed, [vector.octets[at : at + 7] for at in range(0, min(len(vector.octets), WHOLE), 7)])


@parametrize(accepted())
def test_accepted_vectors(vector: Vector) -> None:
    same(seen, vector.octets)
    same(ways_back, vector.octets)


@parametrize(every())
def test_every_truncation(vector: Vector) -> None:
    size = len(vector.octets)
    for end in range(size) if size <= WHOLE else sorted(Random(size).sample(range(size), WHOLE)):
        same(decoded, vector.octets[:end])


@parametrize(accepted())
def test_damaged_vectors(vector: Vector) -> None:
    random = Random(vector.name)
    pool = accepted()
    for round_ in range(DAMAGED):
        damage = DAMAGES[round_ % len(DAMAGES)]
        other = random.choice(pool)
        data = damage(random, vector.octets[: vector.offset], other.octets[: other.offset])
        same(decoded, data)
        same(fed, [data[: len(data) // 2], data[len(data) // 2 :], b"\x00"])


# ---- Made by hypothesis ----


@settings(max_examples=examples(200))
@given(octets(), document, st.data())
def test_valid(whole: bytes, tail: bytes, data: st.DataObject) -> None:
    same(decoded, whole + tail)
    same(seen, whole)
    same(ways_back, whole)
    only = data.draw(sets_of_names)
    same(decoded, whole + tail, only=only)
    same(fed, data.draw(pieces(whole + tail)), only=only)


@settings(max_examples=examples(400))
@given(damaged, st.data())
def test_damaged(damaged: bytes, data: st.DataObject) -> None:
    same(decoded, damaged)
    same(fed, data.draw(pieces(damaged)))


@settings(max_examples=examples(300))
@given(octets() | damaged, limits_, st.data())
def test_limits(whole: bytes, limits: Limits, data: st.DataObject) -> None:
    same(decoded, whole, limits=limits)
    same(fed, data.draw(pieces(whole)), limits=limits)


def encoded(codec: Implementation, message: Message) -> bytes:
    return codec.encode(rebuild(codec, message))


@settings(max_examples=examples(500))
@given(messages(fit=False))
def test_encode_anything(message: Message) -> None:
    same(encoded, message)


@settings(max_examples=examples(200))
@given(messages(fit=True))
def test_encode_fit(message: Message) -> None:
    same(encoded, message)
    data = PURE.encode(message)
    for codec in BOTH:
        assert codec.decode(data) == rebuild(codec, codec.decode(data))
        assert codec.encode(codec.decode(data)) == data


# ---- One twin's objects and the other ----


@parametrize(accepted())
def test_each_refuses_the_others_objects(vector: Vector) -> None:
    compiled, pure = [codec.decode(vector.octets) for codec in BOTH]
    assert normal(compiled) == normal(pure)
    assert compiled != pure
    assert pure != compiled
    for codec, other in zip(BOTH, (pure, compiled), strict=True):
        with pytest.raises(TypeError, match=r"^encode takes a Message, not Message$"):
            codec.encode(other)


@parametrize(accepted())
def test_pickles_are_for_both(vector: Vector) -> None:
    """So that either twin, also where the other is not installed, reads what either wrote."""
    compiled, pure = [codec.decode(vector.octets) for codec in BOTH]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        written = pickle.dumps(compiled, protocol)
        assert b"_message_c" not in written
        assert b"ippfast._codec" not in written
        assert normal(pickle.loads(written)) == normal(pickle.loads(pickle.dumps(pure, protocol)))


def test_errors_pickle() -> None:
    with pytest.raises(DecodeError) as caught:
        PURE.decode(bytes.fromhex("0200 000b 00000001 01 44 0001 61 ffff"))
    assert normal(pickle.loads(pickle.dumps(caught.value))) == normal(caught.value)


def long_message(values: Iterable[bytes]) -> bytes:
    """An attribute ``n0``, ``n1``... for each value, every third with two more values and a collection behind it."""
    fields = [b"\x02\x00\x00\x0b\x00\x00\x00\x01\x01"]
    for place, value in enumerate(values):
        name = b"n%d" % place
        fields.append(b"\x41" + pack(">H", len(name)) + name + pack(">H", len(value)) + value)
        if place % 3 == 0:
            fields.append(b"\x44\x00\x00\x00\x01x\x21\x00\x00\x00\x04\x00\x00\x00\x07")
            fields.append(b"\x34\x00\x00\x00\x00\x4a\x00\x00\x00\x01m\x22\x00\x00\x00\x01\x01\x37\x00\x00\x00\x00")
    return b"".join([*fields, b"\x03"])


# ---- Long messages, which the pure twin checks by patterns ----


def test_limits_of_what_is_not_counted() -> None:
    """The pure twin counts only where the octets could exceed a limit; a decoder learns that late."""
    message = long_message([b"v" * 10] * 60)
    for size in (64, 300, 700):
        parts = [message[at : at + size] for at in range(0, len(message), size)]
        for most in (10, 60, 79, 80, 81, 119, 120, 139, 140, 141, 200, 250, 300, 1000):
            same(fed, parts, limits=Limits(max_values=most))
            same(fed, parts, limits=Limits(max_attributes=most))
    for most in range(70, 170):
        same(decoded, message, limits=Limits(max_values=most))
        same(decoded, message, limits=Limits(max_attributes=most))
    same(decoded, message, limits=Limits(max_depth=0))


def test_values_of_any_length() -> None:
    """What is short the pure twin's patterns match."""
    lengths = [*range(70), 127, 128, 255, 256, 257, 320, 1023, 0x7FFF]
    same(seen, long_message(b"v" * length for length in lengths))
    for length in (62, 63, 64, 65, 256):
        whole = long_message([b"v" * 40] * 10 + [b"v" * length])
        for end in range(len(whole) - length - 20, len(whole)):
            same(decoded, whole[:end])
            same(decoded, whole[:end] + b"\x80" + whole[end + 1 :])


def test_values_that_look_like_names() -> None:
    sized = [b"\x00\x02n%d" % place for place in range(9)]
    tokens = [b"\x41%b\x00\x01x" % name for name in sized]
    same(seen, long_message([*reversed(sized), *reversed(tokens), b"".join(tokens), *sized * 10]))
