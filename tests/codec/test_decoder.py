"""MessageDecoder: whatever the pieces, the same message, and exactly the document's octets left over.

The rule of this file: `decode_prefix` of the whole is the measure of every way to feed it.
"""

import copy
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from implementations import Implementation
from outcome import normal, outcome
from scale import ALL, examples
from strategies import damaged, document, octets, pieces
from vectors import Vector, accepted, every, parametrize, refused

from ippfast import DecodeError, LimitError, Limits, Message, MessageDecoder, TruncatedError

EMPTY = bytes.fromhex("0200 000b 00000001 03")
LARGE = 1024  # messages above it are split at so many places only
PLACES = examples(200)
BROKEN = tuple(vector for vector in refused() if vector.outcome != "TruncatedError")


def split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def feed(codec: Implementation, parts: Iterable[bytes], **named: Any) -> tuple[Message | None, bytes]:
    """The message and what is left over of all parts."""
    decoder = codec.MessageDecoder(**named)
    rest = iter(parts)
    for part in rest:
        message = decoder.feed(part)
        if message is not None:
            assert decoder.needed == 0
            decoder.close()
            return message, decoder.unused + b"".join(rest)
        assert decoder.needed > 0
        assert decoder.unused == b""
    decoder.close()
    return None, b""


def whole(codec: Implementation, data: bytes, **named: Any) -> tuple[Message, bytes]:
    message, size = codec.decode_prefix(data, **named)
    return message, data[size:]


def places(data: bytes, most: int = LARGE) -> Iterable[int]:
    if len(data) <= most:
        return range(len(data) + 1)
    return sorted(Random(len(data)).sample(range(len(data) + 1), min(most, PLACES)))


# ---- The same message ----


def test_what_cannot_begin_anew_goes_on(codec: Implementation) -> None:
    decoder = codec.MessageDecoder()
    assert decoder.feed(EMPTY[:5]) is None
    for wrong in ({"limits": 5}, {"only": 5}):
        with pytest.raises(TypeError):
            decoder.__init__(**wrong)  # type: ignore[misc]
    message = decoder.feed(EMPTY[5:])
    assert message is not None
    assert codec.encode(message) == EMPTY


@parametrize(every())
@pytest.mark.parametrize("size", [1, 7, 64])
def test_pieces(codec: Implementation, vector: Vector, size: int) -> None:
    if len(vector.octets) > size * 4_000 and not ALL:
        return  # it would take long
    for tail in (b"", b"%PDF-1.7" + b"\x03" * 100):
        data = vector.octets + tail
        assert outcome(feed, codec, split(data, size)) == outcome(whole, codec, data)


@parametrize(accepted())
def test_split_anywhere(codec: Implementation, vector: Vector) -> None:
    assert vector.offset is not None
    expected = codec.decode(vector.octets)
    octets = vector.octets[: vector.offset]
    for place in places(vector.octets):
        decoder = codec.MessageDecoder()
        message = decoder.feed(vector.octets[:place])
        if place < vector.offset:
            assert message is None
            message = decoder.feed(vector.octets[place:])
            assert decoder.unused == vector.octets[vector.offset :]
        else:
            assert decoder.unused == vector.octets[vector.offset : place]
        assert message is not None
        assert codec.encode(message) == octets
        if place % 20 == 0:
            assert message == expected
            for group in message.groups:
                assert [group.get(each.name) is not None for each in group] == [True] * len(group)


@parametrize(accepted())
def test_a_message_and_its_document(codec: Implementation, vector: Vector) -> None:
    tail = bytes(range(256))
    data = vector.octets[: vector.offset] + tail
    for size in (len(data), len(data) - 1, vector.offset or 0, 255, 257):
        message, left = feed(codec, split(data, size))
        assert message is not None
        assert codec.encode(message) + left == data


@settings(max_examples=examples(100))
@given(octets(), document, st.data())
def test_any_pieces(codec: Implementation, message: bytes, tail: bytes, data: st.DataObject) -> None:
    parts = data.draw(pieces(message + tail))
    assert outcome(feed, codec, parts) == outcome(whole, codec, message + tail)


@settings(max_examples=examples(200))
@given(damaged, st.data())
def test_any_pieces_of_damaged_messages(codec: Implementation, message: bytes, data: st.DataObject) -> None:
    """Wherever they are split, the class, the offset and the words are those of `decode`."""
    parts = data.draw(pieces(message))
    assert outcome(feed, codec, parts) == outcome(whole, codec, message)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data))])
def test_kinds_of_pieces(codec: Implementation, kind: Callable[[bytes], Any]) -> None:
    data = EMPTY[:8] + bytes.fromhex("01 44 0001 61 0001 62 03") + b"tail"
    for size in (3, len(data)):
        message, left = feed(codec, map(kind, split(data, size)))
        assert normal(message) == normal(codec.decode(data))
        assert left == b"tail"
        assert type(left) is bytes


def test_pieces_may_change_afterwards(codec: Implementation) -> None:
    """Nothing is kept of a buffer that is fed; it may be filled anew at once."""
    decoder = codec.MessageDecoder()
    data = EMPTY[:8] + bytes.fromhex("01 44 0001 61 0001 62 03") + b"tail"
    piece = bytearray(5)
    message = None
    for part in split(data, 5):
        piece[:] = part
        message = message or decoder.feed(piece)
        piece[:] = b"\xff" * 9
        del piece[5:]
    assert message is not None
    assert codec.encode(message) == data[:-4]
    assert decoder.unused == b"tai"


def test_only_and_limits(codec: Implementation) -> None:
    data = EMPTY[:8] + bytes.fromhex("01 44 0001 61 0001 62 44 0001 62 0001 63 03")
    for size in (1, 100):
        message, _ = feed(codec, split(data, size), only=["b"])
        assert message is not None
        assert [attribute.name for attribute in message.groups[0]] == ["b"]
        assert feed(codec, split(data, size), limits=None)[0] == codec.decode(data)
        with pytest.raises(LimitError) as caught:
            feed(codec, split(data, size), limits=Limits(max_attributes=1))
        assert caught.value.offset == 16


# ---- How many octets it asks for ----


@parametrize(accepted())
def test_needed_never_takes_of_the_document(codec: Implementation, vector: Vector) -> None:
    assert vector.offset is not None
    decoder = codec.MessageDecoder()
    position = 0
    message = None
    while message is None:
        needed = decoder.needed
        assert 1 <= needed <= vector.offset - position
        message = decoder.feed(vector.octets[position : position + needed])
        position += needed
    assert position == vector.offset
    assert decoder.unused == b""
    assert decoder.needed == 0
    assert codec.encode(message) == vector.octets[:position]


@parametrize(accepted())
def test_needed_at_any_place(codec: Implementation, vector: Vector) -> None:
    """At least what the rest of the message allows, also in the middle of a field."""
    assert vector.offset is not None
    for place in places(vector.octets[: vector.offset]):
        decoder = codec.MessageDecoder()
        complete = decoder.feed(vector.octets[:place]) is not None
        assert complete == (place == vector.offset)
        assert (not complete) <= decoder.needed <= vector.offset - place


def test_needed_of_a_long_value(codec: Implementation) -> None:
    decoder = codec.MessageDecoder()
    said = [decoder.needed]
    for part in (b"\x02", EMPTY[1:8], b"\x01", b"\x44", b"\x00", b"\x04", b"na", b"me", b"\x7f", b"\xff", bytes(32767)):
        assert decoder.feed(part) is None
        said.append(decoder.needed)
    # Header and a tag; a tag; one more; lengths, value-length and a tag; ... ; the value and a tag.
    assert said == [9, 8, 1, 1, 5, 4, 7, 5, 3, 2, 32768, 1]


# ---- The end, and errors ----


def test_complete(codec: Implementation) -> None:
    decoder = codec.MessageDecoder()
    assert decoder.feed(EMPTY + b"tail") == codec.Message((2, 0), 0x000B, 1)
    for data in (b"", b"x"):
        with pytest.raises(ValueError, match=r"^the message is complete: what follows it is document data$") as caught:
            decoder.feed(data)
        assert type(caught.value) is ValueError
    assert decoder.unused == b"tail"
    assert decoder.needed == 0
    decoder.close()


def test_empty_pieces(codec: Implementation) -> None:
    decoder = codec.MessageDecoder()
    for octet in split(EMPTY, 1)[:-1]:
        assert decoder.feed(b"") is None
        assert decoder.feed(octet) is None
        assert decoder.feed(bytearray()) is None
    assert decoder.feed(EMPTY[-1:]) is not None


@parametrize(accepted())
def test_close_too_early(codec: Implementation, vector: Vector) -> None:
    """Says what `decode` says of the same octets, and may be asked again."""
    for place in places(vector.octets[: vector.offset], PLACES // 2):
        if place == vector.offset:
            continue
        data = vector.octets[:place]
        decoder = codec.MessageDecoder()
        decoder.feed(data)
        expected = outcome(codec.decode, data)
        assert expected[1][0] is TruncatedError
        assert outcome(decoder.close) == expected
        assert outcome(decoder.close) == expected


@parametrize(BROKEN)
def test_errors_are_raised_as_soon_as_they_are_known(codec: Implementation, vector: Vector) -> None:
    """And again at whatever comes after."""
    expected = outcome(codec.decode, vector.octets)
    decoder = codec.MessageDecoder()
    parts = iter(split(vector.octets, 1))
    said = outcome(decoder.feed, next(parts))
    while said[0] == "returned":
        assert decoder.needed > 0
        said = outcome(decoder.feed, next(parts))
    assert said == expected
    assert [outcome(decoder.feed, part) for part in (b"", b"\x03", EMPTY, bytes(1000))] == [expected] * 4


@parametrize(BROKEN)
@pytest.mark.parametrize("size", [7, 64, 100_000])
def test_errors_stay(codec: Implementation, vector: Vector, size: int) -> None:
    expected = outcome(codec.decode, vector.octets)
    decoder = codec.MessageDecoder()
    said: Iterator[Any] = (outcome(decoder.feed, part) for part in [*split(vector.octets, size), b"", EMPTY, b"\x03"])
    raised = [each for each in said if each != ("returned", normal(None))]
    assert len(raised) >= 3
    assert all(each == expected for each in raised)
    assert decoder.unused == b""
    assert decoder.needed > 0


def test_a_length_over_the_limit_stays_wrong(codec: Implementation) -> None:
    """However little of the value follows."""
    decoder = codec.MessageDecoder(limits=Limits(max_octets=100))
    with pytest.raises(LimitError):
        decoder.feed(EMPTY[:8] + bytes.fromhex("01 410001 61 00c8"))
    for _ in range(3):
        with pytest.raises(LimitError):
            decoder.feed(b"x")


def test_what_is_no_buffer(codec: Implementation) -> None:
    decoder = codec.MessageDecoder()
    for data in ("x", None, 5, [2, 0]):
        with pytest.raises(TypeError, match="bytes-like object is required"):
            decoder.feed(data)  # type: ignore[arg-type]
    assert decoder.feed(EMPTY) is not None


def test_a_decoder_is_not_copied(codec: Implementation) -> None:
    duplicates: tuple[Callable[[Any], object], ...] = (copy.copy, copy.deepcopy, pickle.dumps)
    for duplicate in duplicates:
        with pytest.raises(TypeError, match=r"^a MessageDecoder cannot be copied or pickled$"):
            duplicate(codec.MessageDecoder())


@pytest.mark.parametrize("field", ["unused", "needed", "other"])
def test_fields_are_read_only(codec: Implementation, field: str) -> None:
    with pytest.raises(AttributeError):
        setattr(codec.MessageDecoder(), field, 5)


Use = Callable[[MessageDecoder], object]
USES: dict[str, Use] = {
    "feed": lambda decoder: decoder.feed(EMPTY),
    "needed": lambda decoder: decoder.needed,
    "close": lambda decoder: decoder.close(),
    "begin anew": lambda decoder: decoder.__init__(),  # type: ignore[misc]
}


@pytest.mark.parametrize("inner", USES)
@pytest.mark.parametrize("outer", ["feed", "needed", "close"])
def test_a_decoder_at_work(codec: Implementation, outer: str, inner: str) -> None:
    """What runs while a fault is found or its error is made cannot take the decoder from under it."""
    decoder = codec.MessageDecoder()
    assert decoder.feed(EMPTY[:8]) is None
    found: list[str] = []

    def trace(frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code.co_name in ("find_cut", "raise_fault"):
            with pytest.raises(RuntimeError, match=r"^this MessageDecoder is at work") as caught:
                USES[inner](decoder)
            found.append(str(caught.value))

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(DecodeError):
            decoder.feed(b"\x00") if outer == "feed" else USES[outer](decoder)
    finally:
        sys.settrace(before)
    assert found
    if outer == "feed":
        with pytest.raises(DecodeError):
            decoder.feed(b"x")
        decoder.__init__()  # type: ignore[misc]
        assert decoder.feed(EMPTY[:8]) is None
    message = decoder.feed(EMPTY[8:])
    assert message is not None
    assert codec.encode(message) == EMPTY


def test_a_name_that_feeds_the_decoder(codec: Implementation) -> None:
    """The names to keep are compared when the message is complete, which runs their code."""

    class Name(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            for use in USES.values():
                with pytest.raises(RuntimeError, match="at work"):
                    use(decoder)
            compared.append(other)
            return str(self) == other

    compared: list[object] = []
    decoder = codec.MessageDecoder(only=[Name("attributes-charset")])
    data = EMPTY[:8] + b"\x01\x47\x00\x12attributes-charset\x00\x05utf-8\x03"
    message = decoder.feed(data)
    assert compared == ["attributes-charset"]
    assert message is not None
    assert message.groups[0].value("attributes-charset") == "utf-8"
    assert decoder.needed == 0


def test_a_decoder_lets_go(codec: Implementation) -> None:
    """A buffer that was refused can be changed while the error is looked at."""
    data = bytearray(EMPTY[:8] + b"\x00")
    try:
        codec.MessageDecoder().feed(data)
    except DecodeError as error:
        looked_at = error
        data.clear()  # would raise BufferError while someone holds it
    assert looked_at.offset == 8
    assert data == b""


@parametrize(accepted())
def test_feeding_on_after_a_limit_raises_the_same_again(vector: Vector, codec: Implementation) -> None:
    """Also where the token at fault was counted in part before its fault was seen."""
    for limits in (
        Limits(max_values=0, max_attributes=1),
        Limits(max_values=3, max_attributes=3),
        Limits(max_depth=0, max_values=9),
        Limits(max_depth=1, max_values=30, max_attributes=30),
    ):
        decoder = codec.MessageDecoder(limits=limits)
        first = outcome(decoder.feed, vector.octets[: vector.offset])
        if first[0] == "raised":
            for more in (b"", b"\x03", vector.octets):
                assert outcome(decoder.feed, more) == first


# ---- Linear ----


def calls_while(work: Callable[[], object]) -> int:
    """How many calls of functions, in Python and in C, are made."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def long_message(attributes: int) -> bytes:
    attribute = bytes.fromhex("44 0004 6e616d65 0005 76616c7565 34 0001 63 0000 4a 0000 0001 6d 21 0000 0004 00000001")
    return EMPTY[:8] + b"\x01" + (attribute + bytes.fromhex("37 0000 0000")) * attributes + b"\x03"


@pytest.mark.parametrize("make", [long_message, lambda count: EMPTY[:8] + b"\x04" * 40 * count + b"\x03"])
def test_twice_the_octets_take_twice_the_work(codec: Implementation, make: Callable[[int], bytes]) -> None:
    """Counted in calls, a message that comes octet by octet costs the same for each octet, however long it is."""
    short, long = [make(count) for count in (10, 40)]
    work = [calls_while(lambda data=data: feed(codec, split(data, 1))) for data in (short, long)]  # type: ignore[misc]
    assert work[1] <= work[0] * (len(long) / len(short)) * 1.1
