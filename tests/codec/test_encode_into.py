"""`encode_into`: what `encode` gives, in memory of the caller's, and nothing beside it."""

import mmap
from typing import Any

import pytest
import vectors
from implementations import Implementation
from outcome import rebuild

from ippfast import EncodeError

OCTETS = [vector.octets[: vector.offset] for vector in vectors.accepted()]


def test_every_vector(codec: Implementation) -> None:
    for octets in OCTETS:
        decoded = codec.decode(octets)
        for message in (decoded, rebuild(codec, decoded)):
            for spare in (0, 1, 5000):
                buffer = bytearray(b"\xaa" * (len(octets) + 7 + spare))
                assert codec.encode_into(message, buffer, 7) == len(octets)
                assert buffer == b"\xaa" * 7 + octets + b"\xaa" * spare


def test_what_does_not_fit(codec: Implementation) -> None:
    largest = max(OCTETS, key=len)
    for octets in (OCTETS[0], largest):
        for message in (codec.decode(octets), rebuild(codec, codec.decode(octets))):
            for size in (0, 7, len(octets) - 1):
                guarded = bytearray(b"\xaa" * (size + 100))
                with memoryview(guarded)[:size] as room:
                    with pytest.raises(ValueError, match=f"takes {len(octets)} octets, and there is room for {size}"):
                        codec.encode_into(message, room)
                    with pytest.raises(ValueError, match="the offset"):
                        codec.encode_into(message, room, size + 1)
                    for offset in (-1, 2**63, -(2**70)):
                        with pytest.raises(ValueError, match=f"{offset} is outside a buffer of {size} octets"):
                            codec.encode_into(message, room, offset)
                assert guarded[size:] == b"\xaa" * 100


def test_arguments(codec: Implementation) -> None:
    message = codec.decode(OCTETS[0])
    anything: Any = "text"
    with pytest.raises(TypeError, match="encode takes a Message, not str"):
        codec.encode_into(anything, bytearray(9))
    for readonly in (b"octets", anything):
        with pytest.raises((TypeError, BufferError)):
            codec.encode_into(message, readonly)
    with mmap.mmap(-1, 10_000) as mapped:
        size = codec.encode_into(message, mapped, 5)
        assert mapped[5 : 5 + size] == OCTETS[0]
    wrong = codec.Message((2, 0), 2, 1, [codec.AttributeGroup(1, [codec.Attribute("a", 0x21, ["x"])])])
    with pytest.raises(EncodeError):
        codec.encode_into(wrong, bytearray(10_000))
    kept = bytearray(100)
    with pytest.raises(ValueError, match="room for"):
        codec.encode_into(codec.decode(max(OCTETS, key=len)), kept)
    kept.append(1)  # nothing holds on to it
