"""The twins that take chunks apart, against each other: the same octets, of the same type, and the same rest.

The rule of this file: nothing here says what is right, only that both twins say the same.
"""

from typing import cast

from http_conversations import chunked
from hypothesis import example, given
from hypothesis import strategies as st
from implementations import COMPILED, PURE, Implementation

BOTH = (cast(Implementation, COMPILED), PURE)
sizes = st.lists(st.integers(1, 40) | st.sampled_from([255, 256, 16_383, 16_384, 16_385, 40_000]), max_size=8)
lines = st.sampled_from(
    [b"\r\n5\r\n", b"\r\n0\r\n\r\n", b"\r\n5;a=b\r\n", b"\r\n", b"\r\r\n", b"\n5\r\n", b"\r\nfFa\r\n", b"\r\ng\r\n"]
    + [b"\r\n" + b"0" * zeros + b"5\r\n" for zeros in (13, 14, 15, 16)]
    + [b"\r\n" + b"F" * digits + b"\r\n" for digits in (14, 15, 16)]
)


def same(data: bytes, at: int, left: int, longest: int) -> None:
    (octets, *rest), (expected, *expected_rest) = [twin.gather(data, at, left, longest) for twin in BOTH]
    assert (bytes(octets), type(octets), rest) == (bytes(expected), type(expected), expected_rest)


@given(
    sizes=sizes, cut=st.integers(0, 200_000), left=st.integers(1, 50), longest=st.sampled_from([5, 6, 7, 8, 19, 256])
)
@example(sizes=[16_383], cut=-1, left=1, longest=256)
@example(sizes=[16_384], cut=-1, left=1, longest=256)
@example(sizes=[1, 16_383], cut=-1, left=1, longest=256)
@example(sizes=[1, 16_384], cut=-1, left=1, longest=256)
def test_chunks(sizes: list[int], cut: int, left: int, longest: int) -> None:
    whole = chunked(bytes(range(251)) * (sum(sizes) // 251 + 1), sizes)
    at = whole.index(b"\r\n") + 2
    end = at + cut % (len(whole) - at + 1)
    same(whole[:end], at, sizes[0] if sizes else left, longest)
    same(whole[:end], at, left, longest)


@given(
    parts=st.lists(st.binary(max_size=8) | lines), left=st.integers(1, 12) | st.integers(1, 2**64), at=st.integers(0)
)
def test_lines_of_any_form(parts: list[bytes], left: int, at: int) -> None:
    data = b"A" + b"".join(parts)
    same(data, at % len(data), left, 256)


@given(data=st.binary(min_size=1), left=st.integers(1, 30))
def test_any_octets(data: bytes, left: int) -> None:
    same(data, 0, left, 256)
