"""The twins that make and take apart the lines of raster pages, against each other: the same octets, the same rest.

The rule of this file: nothing here says what is right, only that both twins say the same.
"""

from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from implementations import COMPILED, PURE, Implementation

BOTH = (cast(Implementation, COMPILED), PURE)
UNITS = (1, 2, 3, 4, 6, 8, 30)
octets = st.sampled_from([0, 255, 7]) | st.integers(0, 255)


@st.composite
def runs(draw: st.DrawFn, size: int) -> bytes:
    """Octets that come again and again, some often enough for several codes, or for more than one line."""
    parts = draw(st.lists(st.tuples(st.lists(octets, min_size=1, max_size=7), st.integers(1, 300)), max_size=12))
    return b"".join(bytes(some) * times for some, times in parts)[:size].ljust(size, b"\xff")


def outcomes(call: str, *arguments: Any) -> list[Any]:
    found = []
    for twin in BOTH:
        try:
            found.append(getattr(twin, call)(*arguments))
        except (BufferError, TypeError, ValueError) as error:
            found.append((ValueError, str(error)) if type(error) is ValueError else "refused")
    return found


@given(data=st.data(), unit=st.sampled_from(UNITS), mirror=st.booleans(), upward=st.booleans())
def test_lines_are_made_alike(data: st.DataObject, unit: int, mirror: bool, upward: bool) -> None:
    units = data.draw(st.integers(1, 300))
    line = units * unit
    stride = line + data.draw(st.integers(0, 9))
    rows = data.draw(st.integers(0, 6) | st.integers(255, 259))
    times = data.draw(st.sampled_from([1, 3])) if unit == 1 else 1
    spare = data.draw(st.integers(-1, 7)) if unit == 1 and times == 1 else -1
    several = rows <= 6
    pixels = data.draw(runs(stride * rows)) if several else data.draw(runs(stride)) * rows
    pixels = pixels[: len(pixels) - data.draw(st.integers(0, stride))]
    room = longest(line, unit, times) + data.draw(st.integers(0, 2) | st.integers(0, 5 * line))
    done = data.draw(st.integers(0, 3))
    while True:
        one, other = bytearray(room), bytearray(room)
        found = BOTH[0].encode_lines(pixels, done, one, line, stride, unit, mirror, spare, upward, times)
        assert found == BOTH[1].encode_lines(pixels, done, other, line, stride, unit, mirror, spare, upward, times)
        done, size = found
        assert one[:size] == other[:size]
        if not size:
            return


@pytest.mark.parametrize(("unit", "times"), [(1, 1), (1, 3), (3, 1), (4, 1)])
def test_codes_begin_and_end_at_every_place(unit: int, times: int) -> None:
    """The compiled twin looks at 64 octets at once: a code may end in them, at their end, or behind it."""
    before, behind = range(70), (0, 1, 2, 3, 15, 16, 17, 61, 62, 63, 64, 65, 79, 80, 81)
    differing = b"".join(number.to_bytes(2, "big").rjust(unit, b"\0")[-unit:] for number in range(200))
    for size in (1, 2, 3, 4, 20, 21, 22, 62, 63, 64, 65, 66, 127, 128, 129, 130):
        for first in before:
            for last in behind:
                pixels = differing[: first * unit] + b"\x77" * unit * size + differing[: last * unit]
                room = longest(len(pixels), unit, times)
                one, other = bytearray(room), bytearray(room)
                found = [
                    twin.encode_lines(pixels, 0, made, len(pixels), len(pixels), unit, False, -1, False, times)
                    for twin, made in zip(BOTH, (one, other), strict=True)
                ]
                assert found[0] == found[1]
                assert one[: found[0][1]] == other[: found[1][1]], (size, first, last)


@pytest.mark.parametrize("mirror", [False, True])
def test_octets_that_become_three_are_pixels_without_colour(mirror: bool) -> None:
    gray = bytes([255] * 90 + [*range(40)] + [7, 7] + [1, 2, 3] * 30 + [9] * 300)
    colored = b"".join(bytes([octet]) * 3 for octet in gray)
    for twin in BOTH:
        one, other = bytearray(3_000), bytearray(3_000)
        found = twin.encode_lines(gray, 0, one, len(gray), len(gray), 1, mirror, -1, False, 3)
        assert found == twin.encode_lines(colored, 0, other, len(colored), len(colored), 3, mirror, -1, False)
        assert one[: found[1]] == other[: found[1]]


def longest(line: int, unit: int, times: int = 1) -> int:
    """The octets that a line needs to be made in."""
    return line * times + line // unit // 128 + 19


@given(data=st.data(), unit=st.sampled_from(UNITS), white=st.sampled_from([0, 255]))
def test_lines_are_taken_apart_alike(data: st.DataObject, unit: int, white: int) -> None:
    line = data.draw(st.integers(1, 200)) * unit
    pixels = data.draw(runs(line * data.draw(st.integers(1, 6))))
    whole = bytearray(longest(line, unit) * 6)
    _, size = PURE.encode_lines(pixels, 0, whole, line, line, unit, False, -1, False)
    del whole[size:]
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.sampled_from([0, 127, 128, 129, 255]) | octets)
    end = data.draw(st.integers(0, len(whole)))
    same_lines(bytes(whole), end, line, unit, white, data.draw(st.integers(0, 9)), data.draw(st.integers(0, 50)))


@given(data=st.binary(max_size=400), units=st.integers(1, 40), unit=st.sampled_from(UNITS), room=st.integers(0, 600))
@example(data=b"\xff\x80\x00\x80\x01\x80", units=3, unit=2, room=257)
def test_any_octets(data: bytes, units: int, unit: int, room: int) -> None:
    same_lines(data, len(data), units * unit, unit, 255, room)


def same_lines(data: bytes, end: int, line: int, unit: int, white: int, room: int, left: int = 900) -> None:
    """Take octets apart into one buffer, again and again, and into a new one each time."""
    at = again = alike = 0
    one, other = bytearray(b"?" * line * room), bytearray(b"?" * line * room)
    while True:
        before, left_there, new = bytes(one), bytes(other), bytearray(b"!" * line * room)
        found = BOTH[0].decode_lines(data, at, end, one, line, unit, white, left, again, alike)
        assert found == BOTH[1].decode_lines(data, at, end, other, line, unit, white, left, again, alike)
        assert found == PURE.decode_lines(data, at, end, new, line, unit, white, left, again, 0)
        at, rows, again, alike = found
        assert one[: rows * line] == other[: rows * line] == new[: rows * line]
        assert one[: alike * line] == one[:line] * alike
        # After these a line may have begun, in one twin and not in the other. Nothing else is touched.
        assert one[(rows + 1) * line :] == before[(rows + 1) * line :]
        assert other[(rows + 1) * line :] == left_there[(rows + 1) * line :]
        assert alike <= rows <= min(room, left)
        left -= rows
        assert 0 <= again <= min(255, left)
        if not rows:
            return


@pytest.mark.parametrize(
    "arguments",
    [
        (b"abc", 0, bytearray(99), 0, 1, 1, False, -1, False),
        (b"abc", 0, bytearray(99), 3, 2, 1, False, -1, False),
        (b"abc", 0, bytearray(99), 3, 3, 2, False, -1, False),
        (b"abc", 0, bytearray(99), 3, 3, 0, False, -1, False),
        (b"abc", 0, bytearray(99), 3, 3, -3, False, -1, False),
        (b"abc", 0, bytearray(99), 3, 3, 1, True, 8, False),
        (b"abc", 0, bytearray(99), 3, 3, 1, True, -2, False),
        (b"abc", 0, bytearray(99), -3, 3, 1, False, -1, False),
        (b"abc", -1, bytearray(99), 3, 3, 1, False, -1, False),
        (b"abc", 1, bytearray(99), 3, 3, 1, False, -1, False),
        (b"abc", 0, bytearray(longest(3, 1) - 1), 3, 3, 1, False, -1, False),
        (b"abc", 0, bytearray(longest(3, 1, 3) - 1), 3, 3, 1, False, -1, False, 3),
        (b"abc", 0, bytearray(99), 3, 3, 1, False, -1, False, 2),
        (b"abc", 0, bytearray(99), 3, 3, 1, False, -1, False, 0),
        (b"abc", 0, bytearray(99), 3, 3, 3, False, -1, False, 3),
        (b"abc", 0, bytearray(longest(3, 1)), 3, 3, 1, False, -1, False),
        (b"abc", 0, bytes(99), 3, 3, 1, False, -1, False),
        ("abc", 0, bytearray(99), 3, 3, 1, False, -1, False),
        (b"", 0, bytearray(99), 3, 3, 1, False, -1, False),
        (b"ab", 0, bytearray(99), 3, 3, 1, False, -1, False),
        (bytearray(b"abc"), 0, bytearray(99), 3, 3, 1, False, -1, False),
    ],
)
def test_what_cannot_be_made_is_refused_alike(arguments: tuple[Any, ...]) -> None:
    one, other = outcomes("encode_lines", *arguments)
    assert one == other


@pytest.mark.parametrize(
    "arguments",
    [
        (b"\0\0a", 0, 3, bytearray(3), 0, 1, 0, 9, 0, 0),
        (b"\0\0a", 0, 3, bytearray(3), 3, 2, 0, 9, 0, 0),
        (b"\0\0a", -1, 3, bytearray(3), 1, 1, 0, 9, 0, 0),
        (b"\0\0a", 9, 3, bytearray(3), 1, 1, 0, 9, 0, 0),
        (b"\0\0a", 0, 3, bytearray(3), 1, 1, 256, 9, 0, 0),
        (b"\0\0a", 0, 3, bytearray(0), 1, 1, 0, 9, 0, 0),
        (b"\0\0a", 0, 3, bytearray(3), 1, 1, 0, 9, 0, 0),
        (b"\0\0a", 0, 2, bytearray(3), 1, 1, 0, 9, 0, 0),
        (b"\0\0a", 0, 9, bytearray(3), 1, 1, 0, 9, 0, 0),
        (b"\0\0a", 0, -1, bytearray(3), 1, 1, 0, 9, 0, 0),
        (b"\0\0a", 0, 3, bytearray(3), 1, 1, 0, 0, 0, 0),
        (b"\0\0a", 0, 3, bytearray(3), 1, 1, 0, -1, 0, 0),
        (b"\0\0a", 0, 3, bytearray(3), 1, 1, 0, 9, -1, 0),
        (b"\0\0a", 0, 3, bytearray(3), 1, 1, 0, 2, 3, 0),
        (b"\0\0a", 0, 3, bytearray(3), 1, 1, 0, 9, 2, -1),
        (b"\0\0a", 0, 3, bytearray(3), 1, 1, 0, 9, 2, 99),
    ],
)
def test_what_cannot_be_taken_apart_is_refused_alike(arguments: tuple[Any, ...]) -> None:
    one, other = outcomes("decode_lines", *arguments)
    assert one == other
