"""Reads TCP segments from captured packets: pcap and pcapng files, of Ethernet, Linux' "any", loopback and raw IP.

The rule of this file: it reads what is there and decides nothing. If a file is broken, CaptureError is raised after the
segments before the fault. A packet that is no whole TCP segment is left out. One packet and a piece of the file are in
memory.

It is written by hand: dpkt, the library for it whose last release is four years old, takes ten times as long for a
packet, and reads only one interface of a pcapng file.
"""

from collections import namedtuple
from struct import Struct
from struct import error as StructError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

__all__ = ["CaptureError", "Segment", "is_capture", "segments"]

_MOST = 1 << 24
"""No packet and no block of pcapng has more octets. A larger one counts as damage."""
_MICROSECONDS = 1_000_000
_PIECE = 1 << 18


class CaptureError(ValueError):
    """The rest of a capture file cannot be read. offset: the octet from which on."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(f"octet {offset} of the file: {what}")
        self.offset = offset


class Segment(namedtuple("Segment", "source target sequence flags data time offset")):
    """A TCP segment (RFC 9293 section 3.1).

    source, target: the addresses with their ports, as octets: 4 or 16 of the address and 2 of the port. data: its
    octets. time: microseconds since 1970, or None. offset: where the packet stands in the file.
    """

    __slots__ = ()
    source: bytes
    target: bytes
    sequence: int
    flags: int
    data: bytes
    time: int | None
    offset: int


_MAGIC = {
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
}
_PCAPNG = b"\x0a\x0d\x0d\x0a"


def is_capture(beginning: bytes) -> bool:
    """Tell whether a file that begins with these octets is pcap or pcapng."""
    return beginning[:4] in _MAGIC or beginning[:4] == _PCAPNG


def segments(file: "BinaryIO") -> "Iterator[Segment]":
    """Give the TCP segments of a pcap or pcapng file, in its order. Raises CaptureError if the rest cannot be read."""
    magic = file.read(4)
    if magic == _PCAPNG:
        yield from _pcapng(file)
    elif magic in _MAGIC:
        yield from _pcap(file, *_MAGIC[magic])
    else:
        raise CaptureError(0, "neither pcap nor pcapng")


def _read(file: "BinaryIO", size: int, at: int) -> bytes:
    if size > _MOST:
        raise CaptureError(at, f"a packet of {size} octets")
    octets = file.read(size)
    if len(octets) < size:
        raise CaptureError(at, "it ends within a packet")
    return octets


def _pcap(file: "BinaryIO", order: str, divisor: int) -> "Iterator[Segment]":
    head = Struct(order + "IIII").unpack_from
    link = _LINKS.get(Struct(order + "I").unpack(_read(file, 20, 4)[16:])[0] & 0xFFFF)
    at = 24  # in the file, as far as `piece` begins
    piece = b""
    while True:
        begin, end = 0, len(piece)
        while begin + 16 <= end:  # whole packets of the piece; a call for each packet would take as long as the rest
            seconds, fraction, size, _ = head(piece, begin)
            if begin + 16 + size > end:
                break
            if link is not None:
                packet = piece[begin + 16 : begin + 16 + size]
                segment = _segment(packet, link, seconds * _MICROSECONDS + fraction // divisor, at + begin)
                if segment is not None:
                    yield segment
            begin += 16 + size
        at += begin
        rest = piece[begin:]
        if len(rest) >= 16 and size > _MOST:
            raise CaptureError(at, f"a packet of {size} octets")
        more = file.read(_PIECE)
        if not more:
            if rest:
                raise CaptureError(at, "it ends within a packet")
            return
        piece = rest + more


def _pcapng(file: "BinaryIO") -> "Iterator[Segment]":
    """Read the blocks of a pcapng file. It may have several sections (draft-ietf-opsawg-pcapng section 3)."""
    order = ""
    interfaces: list[tuple[Callable[[bytes], int] | None, int]] = []
    at, kind = 0, _PCAPNG
    while kind:
        size_octets = _read(file, 4, at)
        begun = b""
        if kind == _PCAPNG:
            begun = _read(file, 4, at)
            order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(begun, "")
            if not order:
                raise CaptureError(at, "a section in no known order of octets")
            interfaces = []
        number = Struct(order + "I").unpack(kind)[0]
        size = Struct(order + "I").unpack(size_octets)[0]
        if size < 12 or size % 4:
            raise CaptureError(at, f"a block of {size} octets")
        body = begun + _read(file, size - 8 - len(begun), at)
        try:
            if number == 1:
                interfaces.append(_interface(body, order))
            elif number == 6:
                which, high, low, length = Struct(order + "IIII").unpack_from(body)
                link, units = interfaces[which]
                packet = body[20 : 20 + length]
                time = (high << 32 | low) * _MICROSECONDS // units
                segment = _segment(packet, link, time, at) if link is not None else None
                if segment is not None:
                    yield segment
            elif number == 3 and interfaces[0][0] is not None:
                segment = _segment(body[4:-4], interfaces[0][0], None, at)
                if segment is not None:
                    yield segment
        except (StructError, IndexError):
            raise CaptureError(at, "a block that is not whole") from None
        at += size
        kind = file.read(4)
        if kind and len(kind) < 4:
            raise CaptureError(at, "it ends within a block")


def _interface(body: bytes, order: str) -> "tuple[Callable[[bytes], int] | None, int]":
    """Tell how to read an interface's packets, and into how many units its clock divides a second."""
    link, units, at = Struct(order + "H").unpack_from(body)[0], _MICROSECONDS, 8
    while at + 4 <= len(body) - 4:
        code, size = Struct(order + "HH").unpack_from(body, at)
        if code == 9 and size == 1:  # if_tsresol
            exponent = body[at + 4]
            units = 2 ** (exponent & 0x7F) if exponent & 0x80 else 10 ** (exponent & 0x7F)
        at += 4 + (size + 3) // 4 * 4
    return _LINKS.get(link), units


# ---- Where IP begins ----


def _ethernet(packet: bytes) -> int:
    at = 12
    while packet[at : at + 2] in (b"\x81\x00", b"\x88\xa8", b"\x91\x00"):  # IEEE 802.1Q
        at += 4
    return at + 2 if packet[at : at + 2] in (b"\x08\x00", b"\x86\xdd") else -1


_LINKS: "dict[int, Callable[[bytes], int]]" = {
    0: lambda packet: 4,  # BSD's loopback
    1: _ethernet,
    12: lambda packet: 0,  # raw IP, by three numbers
    14: lambda packet: 0,
    101: lambda packet: 0,
    108: lambda packet: 4,  # OpenBSD's loopback
    113: lambda packet: 16,  # Linux' "any"
    228: lambda packet: 0,
    229: lambda packet: 0,
    276: lambda packet: 20,  # Linux' "any", version 2
}

# ---- IP and TCP ----

_new = tuple.__new__  # half the time of a call of `Segment`
_TCP = 6
_SEQUENCE = Struct(">I").unpack_from
_EXTENSIONS = frozenset({0, 43, 60})  # of IPv6: hop by hop, routing, destination (RFC 8200 section 4)


def _segment(packet: bytes, link: "Callable[[bytes], int]", time: int | None, offset: int) -> Segment | None:
    at = link(packet)
    if at < 0 or len(packet) < at + 40:
        return None
    version = packet[at] >> 4
    if version == 4:  # RFC 791 section 3.1
        size = packet[at + 2] << 8 | packet[at + 3]
        if packet[at + 9] != _TCP or packet[at + 6] & 0x3F or packet[at + 7]:  # a fragment is no segment
            return None
        addresses, width = at + 12, 4
        end = at + size if size else len(packet)
        at += (packet[at] & 0x0F) * 4
    elif version == 6:  # RFC 8200 section 3
        size = packet[at + 4] << 8 | packet[at + 5]
        following = packet[at + 6]
        addresses, width = at + 8, 16
        at += 40
        end = at + size if size else len(packet)
        while following in _EXTENSIONS and at + 8 <= len(packet):
            following, at = packet[at], at + 8 + packet[at + 1] * 8
        if following != _TCP:
            return None
    else:
        return None
    if at + 20 > len(packet):
        return None
    data = at + (packet[at + 12] >> 4) * 4
    if data >= end and not packet[at + 13] & 7:  # neither data nor SYN, FIN or RST
        return None
    return _new(
        Segment,
        (
            packet[addresses : addresses + width] + packet[at : at + 2],
            packet[addresses + width : addresses + 2 * width] + packet[at + 2 : at + 4],
            _SEQUENCE(packet, at + 4)[0],
            packet[at + 13],
            packet[data:end],
            time,
            offset,
        ),
    )
