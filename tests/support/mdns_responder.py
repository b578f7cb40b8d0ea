"""A responder for DNS-SD that says whatever a test wants: the records as they are given, on loopback.

The rule of this file: nothing is checked; a name is a list of labels, so that it can be one that no library would send.
Who listens on loopback hears every suite that this machine runs, so only one responder speaks at a time.
"""

import contextlib
import errno
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Sequence

__all__ = ["PTR", "SRV", "TXT", "Record", "name_of", "pointer", "responding", "service", "text"]

GROUP, LOOPBACK, PORT = "224.0.0.251", "127.0.0.1", 5353
PTR, TXT, SRV, A = 12, 16, 33, 1
Record = tuple[Sequence[bytes], int, bytes]
"""A name, a type, and the data."""
_MOST = 8_000
_PATIENCE = 300.0
"""Seconds that a responder waits for the others."""


def name_of(*labels: bytes) -> bytes:
    """A name as it goes out (RFC 1035 section 3.1). Without labels: the root."""
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def pointer(kind: bytes, *labels: bytes) -> Record:
    """PTR: of a type such as ``b"_ipp"``, to a name."""
    return (kind, b"_tcp", b"local"), PTR, name_of(*labels)


def service(labels: Sequence[bytes], port: int, *target: bytes) -> Record:
    """SRV: a port and a host."""
    return labels, SRV, struct.pack(">HHH", 0, 0, port) + name_of(*target)


def text(labels: Sequence[bytes], **fields: bytes) -> Record:
    """TXT: keys and values."""
    pairs = [key.encode() + b"=" + value for key, value in fields.items()]
    return labels, TXT, b"".join(bytes((len(pair),)) + pair for pair in pairs) or b"\0"


def _packets(records: Sequence[Record]) -> Iterator[bytes]:
    """Responses, each as long as fits."""
    held: list[bytes] = []
    for labels, kind, data in records:
        flush = 1 if kind == PTR else 0x8001
        held.append(name_of(*labels) + struct.pack(">HHIH", kind, flush, 120, len(data)) + data)
        if sum(map(len, held)) > _MOST:
            yield struct.pack(">HHHHHH", 0, 0x8400, 0, len(held), 0, 0) + b"".join(held)
            held = []
    if held:
        yield struct.pack(">HHHHHH", 0, 0x8400, 0, len(held), 0, 0) + b"".join(held)


@contextlib.contextmanager
def _speaking_alone() -> Iterator[None]:
    """Wait until no other responder speaks.

    They agree by a name in Linux' abstract space, which is one for a network: a locked file would be another in each
    chroot. Whoever has it and waits for it again waits for itself, and fails in the end.
    """
    if sys.platform != "linux":
        yield
        return
    end = time.monotonic() + _PATIENCE
    with socket.socket(socket.AF_UNIX) as place:
        while True:
            try:
                place.bind("\0ippfast tests: a responder on loopback")
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                    raise
            time.sleep(0.02)
        yield


@contextlib.contextmanager
def responding(*records: Sequence[Record]) -> Iterator[None]:
    """Send the records again and again, each list of them apart, to whoever listens on loopback."""
    packets = [packet for each in records for packet in _packets(each)]
    ended = threading.Event()

    def run() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sender.bind((LOOPBACK, PORT))
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
            while not ended.wait(0.1):
                for packet in packets:
                    sender.sendto(packet, (GROUP, PORT))

    with _speaking_alone():
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
