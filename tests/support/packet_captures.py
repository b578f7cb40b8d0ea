"""Capture files as tests make them: HTTP over TCP, in pcap or pcapng, of any link, in any order.

The rule of this file: what is written is what a network could have shown, checksums left out.
"""

import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

__all__ = ["SYN", "Connection", "exchange", "pcap", "pcapng"]

FIN, SYN, RST, ACK = 1, 2, 4, 16


class Connection:
    """A TCP connection; each method gives the IP packets that it takes."""

    def __init__(self, client: str = "192.0.2.1", server: str = "192.0.2.2", port: int = 50_000, start: int = 1000):
        self.client, self.server = ip_address(client), ip_address(server)
        self.port = port
        self.sent = [start, start + 77]

    def packet(self, side: int, data: bytes, flags: int = ACK, sequence: int | None = None) -> bytes:
        ports = (self.port, 631) if side == 0 else (631, self.port)
        addresses = (self.client, self.server) if side == 0 else (self.server, self.client)
        number = self.sent[side] if sequence is None else sequence
        tcp = struct.pack(">HHIIBBHHH", *ports, number % 2**32, 0, 0x50, flags, 65535, 0, 0) + data
        if self.client.version == 6:
            head = struct.pack(">IHBB", 0x60000000, len(tcp), 6, 64)
        else:
            head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
        return head + addresses[0].packed + addresses[1].packed + tcp

    def open(self) -> list[bytes]:
        packets = [self.packet(0, b"", SYN), self.packet(1, b"", SYN | ACK)]
        self.sent = [each + 1 for each in self.sent]
        return packets

    def send(self, side: int, data: bytes, size: int = 1400) -> list[bytes]:
        packets = []
        for at in range(0, len(data), size):
            packets.append(self.packet(side, data[at : at + size]))
            self.sent[side] += len(data[at : at + size])
        return packets

    def close(self) -> list[bytes]:
        return [self.packet(0, b"", FIN | ACK), self.packet(1, b"", FIN | ACK)]


def exchange(request: bytes, response: bytes) -> tuple[bytes, bytes]:
    """A request with Content-Length, and its response in chunks."""
    head = b"POST /ipp/print HTTP/1.1\r\nHost: printer\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\n\r\n"
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (response[:7], response[7:]) if each)
    return head % len(request) + request, answer + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


LINKS = {
    101: b"",
    1: bytes(12) + b"\x08\x00",
    0: b"\x02\0\0\0",
    113: bytes(14) + b"\x08\x00",
    276: b"\x08\x00" + bytes(18),
}


def pcap(packets: Iterable[bytes], link: int = 101, order: str = "<", *, nanoseconds: bool = False) -> bytes:
    """A pcap file; a packet a second, from 2023-11-14 22:13:20 UTC on."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link)]
    for number, packet in enumerate(packets):
        whole = LINKS[link] + packet
        fraction = 5000 if nanoseconds else 5
        parts += [struct.pack(order + "IIII", 1_700_000_000 + number, fraction, len(whole), len(whole)), whole]
    return b"".join(parts)


def block(kind: int, body: bytes, order: str) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(packets: Sequence[bytes], order: str = "<") -> bytes:
    """A pcapng file with two interfaces, whose packets alternate: Ethernet in nanoseconds, and raw IP."""
    parts = [block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)]
    parts.append(block(1, struct.pack(order + "HHIHHI", 1, 0, 0, 9, 1, 9 if order == "<" else 9 << 24), order))
    parts.append(block(1, struct.pack(order + "HHI", 101, 0, 0), order))
    parts.append(block(5, bytes(16), order))
    for number, packet in enumerate(packets):
        which = number % 2
        whole = packet if which else LINKS[1] + packet
        time = (1_700_000_000 + number) * (10**6 if which else 10**9) + (5 if which else 5000)
        head = struct.pack(order + "IIIII", which, time >> 32, time & 0xFFFFFFFF, len(whole), len(whole))
        parts.append(block(6, head + whole, order))
    return b"".join(parts)
