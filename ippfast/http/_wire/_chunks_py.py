"""The pure twin of what takes chunks apart (RFC 9112 section 7.1).

The rule of this file: it does what `_chunks.pyx` does. It knows chunk lines without extension alone, and leaves all
others, the last one and whatever is wrong to `framing.py`.
"""

import re

__all__ = ["gather"]

_LARGE = 16_384
"""Fewer octets than this are copied, since that costs less than an event of their own."""

# What stands between the data of two chunks. Longer sizes could be more than the compiled twin's integers hold.
_plain_line = re.compile(rb"\r\n([0-9A-Fa-f]{1,15})\r\n").match


def gather(data: bytes, at: int, left: int, longest: int) -> tuple[bytes | memoryview, int, int]:
    """Octets of the chunk that ``data[at:]`` is in, and of those that follow it with nothing but a size between them.

    left: how many octets of the chunk are to come, at least 1. longest: the most octets of a chunk line, both its
    line ends included.

    Returns the octets, copied only if they are of several chunks of less than 16 KiB; where the rest begins; and how
    many octets of the last chunk are to come. If that is none, a chunk line comes next.
    """
    end = len(data)
    if left >= end - at:
        return (memoryview(data)[at:] if at else data), end, left - (end - at)
    if left >= _LARGE:
        return memoryview(data)[at : at + left], at + left, 0
    pieces = [data[at : at + left]]
    at += left
    line, size = b"", 0
    while True:
        # A chunk is mostly followed by one of the same size.
        if size and data.startswith(line, at):
            after = at + len(line)
        else:
            found = _plain_line(data, at)
            if found is None or (size := int(found[1], 16)) == 0 or found.end() - at > longest:
                return b"".join(pieces), at, 0
            line, after = found[0], found.end()
        at = after
        here = min(size, end - at)
        if here >= _LARGE:
            return b"".join(pieces), at, size
        pieces.append(data[at : at + here])
        at += here
        if at == end:
            return b"".join(pieces), at, size - here
