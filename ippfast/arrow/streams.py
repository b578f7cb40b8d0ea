"""Joins TCP segments to the streams of both directions, and finds the IPP messages in them.

The rule of this file: octets reach a conversation in their order, each once, whatever the packets did. What the capture
lacks is a gap, which a conversation is told of. Memory is bounded: by what may wait for a missing segment, and by what
all conversations together hold; the oldest is given up first.
"""

from collections import OrderedDict

from .conversations import Direction
from .packets import Segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..limits import Limits
    from .records import Record

__all__ = ["records_in"]

_FIN, _SYN, _RST = 0x01, 0x02, 0x04
_ENDS = _FIN | _SYN | _RST
_MOST_WAITING = 4 << 20  # octets of a direction that wait for a segment
_MOST_HELD = 96 << 20  # octets of all
_MOST_STREAMS = 20_000


class _Stream:
    """One direction of a connection."""

    __slots__ = ("counted", "direction", "end", "expected", "size", "waiting")

    def __init__(self, direction: Direction) -> None:
        self.direction = direction
        self.expected: int | None = None  # the sequence number of the next octet
        self.waiting: dict[int, bytes] = {}  # segments behind a missing one, by their numbers
        self.size = 0  # of these
        self.counted = 0  # octets that are held, as far as they have been counted
        self.end: int | None = None  # the number behind the last octet, once that is known

    def take(self, segment: Segment) -> None:
        """A segment, unless it is the one that is expected and nothing but data."""
        sequence, data = segment.sequence, segment.data
        if segment.flags & _SYN:
            sequence = (sequence + 1) & 0xFFFFFFFF
            self.expected = sequence
        if self.expected is None:
            self.expected = sequence
        if segment.flags & (_FIN | _RST):
            self.end = (sequence + len(data)) & 0xFFFFFFFF
        if data:
            ahead = _difference(sequence, self.expected)
            if ahead <= 0:
                data = data[-ahead:]
                if data:
                    self.give(data, segment.time)
            elif len(self.waiting.get(sequence, b"")) < len(data):
                self.size += len(data) - len(self.waiting.get(sequence, b""))
                self.waiting[sequence] = data
                if self.size > _MOST_WAITING:
                    self.give_up()
                return
        if self.end is not None and (self.end == self.expected or segment.flags & _RST):
            self.close()

    def give(self, data: bytes, time: int | None) -> None:
        """Take data that is next in order, and then the segments that waited for it."""
        self.direction.feed(data, time)
        expected = ((self.expected or 0) + len(data)) & 0xFFFFFFFF
        while self.waiting:
            following = self.waiting.pop(expected, None)
            if following is None:  # another may have sent some of it again, cut otherwise
                for sequence in list(self.waiting):
                    behind = -_difference(sequence, expected)
                    if behind >= 0:
                        octets = self.waiting.pop(sequence)
                        self.size -= len(octets)
                        if behind < len(octets):
                            following = octets[behind:]
                            self.size += len(following)
                            break
                if following is None:
                    break
            self.size -= len(following)
            self.direction.feed(following, time)
            expected = (expected + len(following)) & 0xFFFFFFFF
        self.expected = expected

    def give_up(self) -> None:
        """Go on after a segment that does not come."""
        self.direction.gap()
        expected = self.expected or 0
        sequence = min(self.waiting, key=lambda sequence: _difference(sequence, expected))
        self.expected = sequence
        data = self.waiting.pop(sequence)
        self.size -= len(data)
        self.give(data, self.direction.time)

    def close(self) -> None:
        while self.waiting:
            self.give_up()
        self.direction.close()


def _difference(one: int, other: int) -> int:
    """Return how far a sequence number is ahead of another (RFC 9293 section 3.4)."""
    return ((one - other + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def records_in(segments: "Iterable[Segment]", source: str, limits: "Limits") -> "Iterator[Record]":
    """Give the IPP messages in the HTTP of a capture's connections, each as soon as it is complete."""
    streams: OrderedDict[tuple[bytes, bytes], _Stream] = OrderedDict()
    over: dict[tuple[bytes, bytes], int] = {}  # where streams have ended, for what is sent again behind their end
    held = 0

    def end(key: "tuple[bytes, bytes]") -> "list[Record]":
        nonlocal held
        stream = streams.pop(key)
        held -= stream.counted
        stream.close()
        return stream.direction.found

    for segment in segments:
        sender, receiver, sequence, flags, data, time, place = segment
        key = sender, receiver
        stream = streams.get(key)
        if stream is not None and flags & _SYN and stream.expected != (sequence + 1) & 0xFFFFFFFF:
            yield from end(key)  # the same ports, another connection
            stream = None
        if stream is None:
            if not data and not flags & _SYN:
                continue
            ended = over.pop(key, None)
            if ended is not None and not flags & _SYN:
                behind = _difference(ended, sequence + len(data))
                if 0 <= behind < _MOST_WAITING:  # it has been read
                    over[key] = ended
                    continue
            streams[key] = stream = _Stream(Direction(source, key, limits))
            if len(streams) > _MOST_STREAMS:
                yield from end(next(iter(streams)))
        else:
            streams.move_to_end(key)
        direction = stream.direction
        direction.place = place
        if sequence == stream.expected and not flags & _ENDS and not stream.waiting and stream.end is None:  # most
            direction.feed(data, time)
            stream.expected = (sequence + len(data)) & 0xFFFFFFFF
        else:
            stream.take(segment)
        if direction.found:
            yield from direction.found
            direction.found.clear()
        if direction.closed:
            held -= stream.counted
            del streams[key]
            if len(over) >= _MOST_STREAMS:
                over.clear()
            if stream.end is not None:
                over[key] = stream.end
            continue
        now = stream.size + direction.held
        held += now - stream.counted
        stream.counted = now
        while held > _MOST_HELD:
            yield from end(next(iter(streams)))
    while streams:
        yield from end(next(iter(streams)))
