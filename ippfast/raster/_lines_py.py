"""The pure twin of what makes and takes apart the lines of a raster page (PWG 5102.4 section 4.4).

A line is one octet r, which says that the line comes r + 1 times, and then codes until the line is full: after 0 to 127
one unit, which comes once more than the code says; after 129 to 255 as many units as they are short of 257. A unit is a
pixel, or an octet if a pixel has less. Readers differ about 128, so it is never written; read, it makes the rest of the
line white, as in CUPS.

The rule of this file: it does what `_lines.pyx` does, octet for octet, and keeps no state.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache

__all__ = ["decode", "encode"]

_MOST_UNITS = 128  # a code is for so many at most
_MOST_REPEATS = 256
_ROOM_BESIDE = 19  # what the compiled twin needs beside a line's own octets and one for each 128 units
_REMEMBERED = 64
"""So many lines are kept with their codes during one call, since many lines come again further down."""

_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""This maps each octet to the one that has its bits in reverse order."""


@cache
def _parts(unit: int) -> Callable[[bytes], Iterator[re.Match[bytes]]]:
    """Takes a line apart into repeated units (group 1 is the unit) and units that come as they are.

    Two equal octets are no gain, for the code after them costs one: repeated octets are three at least.
    """
    one = b"." if unit == 1 else b".{%d}" % unit
    more = rb"\1{2,127}" if unit == 1 else rb"\1{1,127}"
    last = rb"\2\2" if unit == 1 else rb"\2"
    return re.compile(rb"(%b)%b|(?:(%b)(?!%b)){1,128}" % (one, more, one, last), re.DOTALL).finditer


def _codes(line: bytes, unit: int) -> bytes:
    pieces = []
    for part in _parts(unit)(line):
        repeated, units = part[1], part[0]
        count = len(units) // unit
        if repeated is not None:
            pieces.append(bytes((count - 1,)) + repeated)
        else:
            pieces.append(bytes((257 - count if count > 1 else 0,)) + units)
    return b"".join(pieces)


def _mirrored(line: bytes, unit: int, spare: int) -> bytes:
    if spare >= 0:
        bits = int.from_bytes(line.translate(_REVERSED)[::-1], "big") << spare
        return (bits & ((1 << 8 * len(line)) - 1)).to_bytes(len(line), "big")
    turned = bytearray(len(line))
    for offset in range(unit):
        turned[offset::unit] = line[offset::unit][::-1]
    return bytes(turned)


def _widened(line: bytes) -> bytes:
    """Each octet three times."""
    made = bytearray(3 * len(line))
    for place in range(3):
        made[place::3] = line
    return bytes(made)


def _check(line: int, unit: int) -> None:
    if line < 1 or unit < 1 or line % unit:
        raise ValueError("a line is one unit or more")


def encode(
    pixels: bytes | bytearray | memoryview,
    done: int,
    out: bytearray | memoryview,
    line: int,
    stride: int,
    unit: int,
    mirror: bool,
    spare: int,
    upward: bool,
    times: int = 1,
) -> tuple[int, int]:
    """Write the lines in `pixels`, as they stand in a page, into `out` until the next may not fit.

    done: how many of the lines are written already. line: the octets of a line. stride: from a line to the next, at
    least `line`; the last one may end before it. unit: octets repeated together, of which `line` is a multiple.
    mirror: turn each line from right to left. spare: if pixels are bits, how many of a line's last octet are of no
    pixel, else -1. upward: the last line first. times: 3 if the unit is one octet that becomes one of three, else 1.

    Returns how many lines are written now, and how many octets of `out`. Raises ValueError if these do not fit
    together, or `out` has no room for the longest that a line can become.
    """
    _check(line, unit)
    if stride < line or not -1 <= spare <= 7 or done < 0:
        raise ValueError("a stride is a line or more")
    if times != 1 and (times != 3 or unit != 1):
        raise ValueError("an octet becomes one or three")
    octets, target = memoryview(pixels), memoryview(out)
    last = len(target) - (times * line + line // unit // _MOST_UNITS + _ROOM_BESIDE)
    if last < 0:
        raise ValueError("no room for a line")
    starts = range(0, len(octets) - line + 1, stride)
    if upward:
        starts = starts[::-1]
    known: dict[bytes, bytes] = {}
    size = 0
    while done < len(starts) and size <= last:
        current, repeats = bytes(octets[starts[done] : starts[done] + line]), 1
        for start in starts[done + 1 : done + _MOST_REPEATS]:
            if octets[start : start + line] != current:
                break
            repeats += 1
        if current not in known:
            if len(known) == _REMEMBERED:
                known.clear()
            upright = _mirrored(current, unit, spare) if mirror else current
            known[current] = _codes(upright if times == 1 else _widened(upright), unit * times)
        codes = known[current]
        target[size] = repeats - 1
        target[size + 1 : size + 1 + len(codes)] = codes
        size += 1 + len(codes)
        done += repeats
    return done, size


def decode(
    data: bytes | bytearray,
    at: int,
    end: int,
    out: bytearray | memoryview,
    line: int,
    unit: int,
    white: int,
    left: int,
    again: int,
    alike: int,
) -> tuple[int, int, int, int]:
    """Write the lines that stand whole in ``data[at:end]`` into `out`, one after the other, until it is full.

    line: the octets of a line; unit: octets that are repeated together, of which `line` is a multiple; white: the octet
    that fills a line after the code 128. What would be longer than the line is cut, as in CUPS. left: how many lines
    the page still has; repeats of its last line beyond them are cut too. again: 0, or how many times the first line is
    still to come, if an earlier call wrote it some times already. alike: so many lines at the start of `out` are known
    to be the same; what they hold already is not written once more.

    Returns where in data the rest begins, how many lines were written, how many times the line that begins there is
    still to come (0: as many times as its octets say), and how many lines at the start of `out` are the same now. If
    `out` has room for another line, the octets end before that line does.

    Raises ValueError if these do not fit together.
    """
    _check(line, unit)
    if at < 0 or not 0 <= white <= 255:
        raise ValueError("a place is 0 or more")
    if left < 0 or not 0 <= again <= left or alike < 0:
        raise ValueError("a number of lines is 0 or more")
    target = memoryview(out)
    room, end = min(len(target) // line, left), min(end, len(data))
    alike = min(alike, len(target) // line)
    rows = same = 0
    while rows < room and at < end:
        taken = _line(data, at + 1, end, line, unit, white)
        if taken is None:
            break
        one, after = taken
        times = min(again or data[at] + 1, left - rows)
        written = min(times, room - rows)
        if same == rows and (rows == 0 or target[(rows - 1) * line : rows * line] == one):
            same += written
        filled = 0
        if rows + 1 < alike and target[(rows + 1) * line : (rows + 2) * line] == one:
            target[rows * line : (rows + 1) * line] = one  # which may have been begun and left
            filled = min(alike - rows, written)
        target[(rows + filled) * line : (rows + written) * line] = one * (written - filled)
        rows += written
        again = times - written
        if not again:
            at = after
    return at, rows, again, same


def _line(data: bytes | bytearray, here: int, end: int, line: int, unit: int, white: int) -> tuple[bytes, int] | None:
    """Return the line whose codes begin at `here`, and the end of these codes; None if they are not complete."""
    pieces: list[bytes | bytearray] = []
    missing = line
    while missing:
        if here >= end:
            return None
        code = data[here]
        here += 1
        if code == 128:
            size = missing
            pieces.append(bytes((white,)) * size)
        elif code > 128:
            size = min((257 - code) * unit, missing)
            if end - here < size:
                return None
            pieces.append(data[here : here + size])
            here += size
        else:
            size = min((code + 1) * unit, missing)
            if end - here < unit:
                return None
            pieces.append(data[here : here + unit] * (size // unit))
            here += unit
        missing -= size
    return b"".join(pieces), here
