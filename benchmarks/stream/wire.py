"""The octets of the transport's benchmarks: heads, a Print-Job request, and bodies of the same pieces over and over.

Rule: nobody's encoder makes what others are judged on, and whoever sends has its buffers ready before the clock starts.
"""

import re
from collections.abc import Iterator
from itertools import repeat

from ..messages import CHARSET, END, LANGUAGE, MIME, NAME, OPERATION, URI, field, header

__all__ = ["ANSWER", "MESSAGE_SIZE", "body", "print_job", "question", "request", "wire_length"]

BATCH = 1024 * 1024
"""Senders hand over so many octets at once, or one chunk where that is larger."""

ANSWER = header(0) + bytes([OPERATION]) + field(CHARSET, "attributes-charset", "utf-8")
ANSWER += field(LANGUAGE, "attributes-natural-language", "en") + bytes([END])

LENGTH = re.compile(rb"^x-wire-length: *(\d+)\r$|^content-length: *(\d+)\r$", re.MULTILINE | re.IGNORECASE)


def message(code: int, *more: bytes) -> bytes:
    fields = (
        field(CHARSET, "attributes-charset", "utf-8"),
        field(LANGUAGE, "attributes-natural-language", "en"),
        field(URI, "printer-uri", "ipp://localhost/ipp/print"),
        field(NAME, "requesting-user-name", "alice"),
    )
    return header(code) + bytes([OPERATION]) + b"".join([*fields, *more]) + bytes([END])


def print_job() -> bytes:
    return message(0x0002, field(NAME, "job-name", "Report"), field(MIME, "document-format", "application/pdf"))


def question() -> bytes:
    """A Get-Printer-Attributes request."""
    return message(0x000B)


MESSAGE_SIZE = len(print_job())


def chunk(octets: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(octets), octets)


def wire_length(size: int, piece: int) -> int:
    """How many octets a body takes on the wire: the message and `size` octets of document, in chunks of `piece`."""
    if not piece:
        return MESSAGE_SIZE + size
    return len(chunk(print_job())) + size // piece * len(chunk(bytes(piece))) + len(b"0\r\n\r\n")


def request(size: int, piece: int, *, port: int) -> bytes:
    """The head and the message of a Print-Job whose document has `size` octets, in chunks of `piece` unless that is 0.

    X-Wire-Length tells a receiver that knows no chunks when the body is complete.
    """
    framing = "Transfer-Encoding: chunked" if piece else f"Content-Length: {wire_length(size, 0)}"
    lines = [
        "POST /ipp/print HTTP/1.1",
        f"Host: localhost:{port}",
        "Content-Type: application/ipp",
        f"X-Wire-Length: {wire_length(size, piece)}",
        framing,
    ]
    head = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
    return head + (chunk(print_job()) if piece else print_job())


def body(size: int, piece: int) -> Iterator[bytes]:
    """The document on the wire, in batches that are the same object over and over."""
    one = chunk(bytes(piece)) if piece else bytes(BATCH)
    held = piece or BATCH
    times = max(1, BATCH // held)
    assert size % (times * held) == 0, "the size is a multiple of the batch"
    yield from repeat(one * times, size // (times * held))
    if piece:
        yield b"0\r\n\r\n"
