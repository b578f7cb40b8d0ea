"""Documents to be printed: files and standard input, what format they are in, and compression on the way.

The rule of this file: a document is read once, in pieces, and never held whole.
"""

import inspect
import io
import mimetypes
import os
import sys
import zlib
from collections.abc import Callable, Container, Generator, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from ippfast.formats import sniff
from ippfast.http._client.compressing import GZIP, gains, sample_of

from .failures import LOG_IN, NOT_ALLOWED, USAGE, Failure
from .text import escape

__all__ = ["ANY_FORMAT", "AUTO", "COMPRESSIONS", "PIECE", "Source", "compressed", "compression_of", "source"]

PIECE = 262_144
ANY_FORMAT = "application/octet-stream"
"""The format that leaves it to the printer to find out what a document is (RFC 8011 section 5.1.10.1)."""

_HEAD = 1024

_DOUBTFUL = frozenset({ANY_FORMAT, "text/plain", "application/oxps"})
"""The first octets of these are those of any file, any text and any ZIP archive."""


class Source(NamedTuple):
    """One document.

    name: for people, "" if it has none. format: by its octets or its name, application/octet-stream if neither tells.
    open: gives the document, for one attempt. again: whether it can be opened again. path: of a file that is sent as it
    is. sides: reports how much of a drawn document is done. looks: the format to draw it as, if its format does not
    tell that. compression: with which it is sent.
    """

    name: str
    format: str
    length: int | None
    open: Callable[[], IO[bytes] | Iterator[bytes]]
    again: bool
    path: str | None = None
    sides: Any = None
    looks: str = ANY_FORMAT
    compression: str = "none"


def source(path: str) -> Source:
    """The document in a file, or on standard input for ``-``. Raises Failure if there is none."""
    if path == "-":
        stream = sys.stdin.buffer
        assert isinstance(stream, io.BufferedIOBase)
        head = stream.read(_HEAD)
        if not head:
            raise Failure("there is no document on standard input", USAGE)

        pieces = _chain(head, stream)

        def once() -> Iterator[bytes]:
            if inspect.getgeneratorstate(pieces) != inspect.GEN_CREATED:
                advice = f"standard input cannot be sent a second time: {LOG_IN}, or print a file"
                raise Failure(f"the printer asked for a password too late; {advice}", NOT_ALLOWED)
            return pieces

        return Source("", _format(head, ""), None, once, False, looks=sniff(head))
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
            length = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise Failure(f"{escape(path)}: {error.strerror}", USAGE) from None
    if not head:
        raise Failure(f"{escape(path)} is empty", USAGE)
    return Source(Path(path).name, _format(head, path), length, lambda: open(path, "rb"), True, path, looks=sniff(head))


def _chain(head: bytes, stream: io.BufferedIOBase) -> Generator[bytes]:
    """The octets as they come: one read each, so that none wait for others, and Ctrl-C is noticed between them."""
    yield head
    while piece := stream.read1(PIECE):
        yield piece


def _format(head: bytes, name: str) -> str:
    """The format by the first octets, if they leave no doubt, and otherwise by the name."""
    if head.startswith(b"\x1b%-12345X"):  # PJL around a document, which printers take without being told what it is
        return ANY_FORMAT
    found = sniff(head)
    if found not in _DOUBTFUL:
        return found
    guessed, encoding = mimetypes.guess_type(name)
    return guessed if guessed is not None and encoding is None else ANY_FORMAT


# RFC 8011 section 5.4.32: gzip is RFC 1952, deflate the format of RFC 1951 without a header.
COMPRESSIONS = {GZIP: 31, "deflate": -15}
AUTO = "auto"
"""The choice of compression that takes gzip for documents that become smaller by it."""


def compression_of(each: Source, wanted: str, supported: Container[object]) -> str:
    """The compression with which a document is sent: the wanted one.

    For ``"auto"`` it is gzip, if the printer supports it and a sample of the file becomes smaller by it.
    """
    if wanted != AUTO:
        return wanted
    if each.path is None or GZIP not in supported:
        return "none"
    with open(each.path, "rb") as file:
        return GZIP if gains(sample_of(file)) else "none"


def compressed(pieces: Iterator[bytes], compression: str) -> Iterator[bytes]:
    """The octets as they are sent."""
    packer = zlib.compressobj(wbits=COMPRESSIONS[compression])
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
