"""The pure twin that gathers the data of chunks (RFC 9112 section 7.1).

The rule of this file: it does what `_chunks.pyx` does. It reads only chunk lines without extension, and leaves all
others, the last one and everything wrong to `framing.py`.
"""

import re

__all__ = ["gather"]

_LARGE = 16_384
"""Fewer octets than this are copied, which costs less than a separate event."""

# The octets between the data of two chunks. Longer sizes might not fit the integers of the compiled twin.
_plain_line = re.compile(rb"\r\n([0-9A-Fa-f]{1,15})\r\n").match


def gather(data: bytes, at: int, left: int, longest: int) -> tuple[bytes | memoryview, int, int]:
    """Gather the octets of the chunk at ``data[at:]`` and of the chunks behind it, as long as their lines are plain.

    left: how many octets of the chunk are to come, at least 1. longest: the most octets of a chunk line, with the line
    ends before and after it.

    Returns the octets, which are copied only if they come from several chunks of less than 16 KiB; where the rest
    begins; and how many octets of the last chunk are still to come. If that is 0, a chunk line comes next.
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
        # Mostly the next chunk has the same size.
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
