"""Documents to be printed: files and standard input, what format they are in, and compression on the way.

The rule of this file: a document is read once, in pieces, and never held whole.
"""

import inspect
import mimetypes
import os
import sys
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from .failures import LOG_IN, NOT_ALLOWED, USAGE, Failure
from .text import escape

__all__ = ["ANY_FORMAT", "COMPRESSIONS", "PIECE", "Source", "compressed", "source"]

PIECE = 262_144
ANY_FORMAT = "application/octet-stream"
"""What leaves it to the printer to find out (RFC 8011 section 5.1.10.1)."""

# What a file of each format begins with; its name decides only where its octets do not.
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"%!", "application/postscript"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"RaS2", "image/pwg-raster"),
    (b"RaSt", "application/vnd.cups-raster"),
    (b"tSaR", "application/vnd.cups-raster"),
    (b"UNIRAST\0", "image/urf"),
    (b"\x1bE", "application/vnd.hp-pcl"),
    (b"\x1b%-12345X", ANY_FORMAT),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"GIF8", "image/gif"),
)


class Source(NamedTuple):
    """One document.

    name: for people, "" where it has none. format: by its octets or its name, application/octet-stream where neither
    tells. open: gives the document, for one attempt. again: whether there may be another.
    """

    name: str
    format: str
    length: int | None
    open: Callable[[], IO[bytes] | Iterator[bytes]]
    again: bool


def source(path: str) -> Source:
    """The document in a file, or on standard input for ``-``. Raises Failure where there is none."""
    if path == "-":
        stream = sys.stdin.buffer
        head = stream.read(16)
        if not head:
            raise Failure("there is no document on standard input", USAGE)

        pieces = _chain(head, stream)

        def once() -> Iterator[bytes]:
            if inspect.getgeneratorstate(pieces) != inspect.GEN_CREATED:
                advice = f"standard input cannot be sent a second time: {LOG_IN}, or print a file"
                raise Failure(f"the printer asked who it is too late; {advice}", NOT_ALLOWED)
            return pieces

        return Source("", _format(head, ""), None, once, False)
    try:
        with open(path, "rb") as file:
            head = file.read(16)
            length = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise Failure(f"{escape(path)}: {error.strerror}", USAGE) from None
    if not head:
        raise Failure(f"{escape(path)} is empty", USAGE)
    return Source(Path(path).name, _format(head, path), length, lambda: open(path, "rb"), True)


def _chain(head: bytes, stream: IO[bytes]) -> Generator[bytes]:
    yield head
    while piece := stream.read(PIECE):
        yield piece


def _format(head: bytes, name: str) -> str:
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    guessed, encoding = mimetypes.guess_type(name)
    return guessed if guessed is not None and encoding is None else ANY_FORMAT


# RFC 8011 section 5.4.32: gzip is RFC 1952, deflate the format of RFC 1951 without a header.
COMPRESSIONS = {"gzip": 31, "deflate": -15}


def compressed(pieces: Iterator[bytes], compression: str) -> Iterator[bytes]:
    """The octets as they go out."""
    packer = zlib.compressobj(wbits=COMPRESSIONS[compression])
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
