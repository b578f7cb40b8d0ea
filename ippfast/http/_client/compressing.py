"""Documents that are compressed while they are sent: ``compression="auto"`` (RFC 8011 section 5.4.32).

The rule of this file: a document is judged by a sample, is read and compressed piece by piece, and loses no octet.
"""

import zlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any, TypeAlias

from ..events import Buffer
from .outgoing import PIECE, AsyncDocument, Outgoing, position

__all__ = ["GZIP", "Gzip", "gains", "sample_of", "sampled"]

GZIP = "gzip"
_WBITS = 31  # the format of RFC 1952

_SAMPLE = 32_768
_LEAST = 1_024
"""A document of fewer octets is not compressed: it is sent in one packet with its message."""
_GAIN = 0.9


_Call: TypeAlias = Callable[..., Awaitable[Any]]
"""A function that calls another one, which may block."""


def gains(sample: object) -> bool:
    """Whether compression makes this sample smaller by more than a tenth."""
    if not isinstance(sample, (bytes, bytearray, memoryview)) or memoryview(sample).nbytes < _LEAST:
        return False
    return len(zlib.compress(sample, wbits=_WBITS)) < _GAIN * memoryview(sample).nbytes


async def sampled(document: AsyncDocument, call: _Call) -> tuple[AsyncDocument, Buffer]:
    """A document and a sample of it: its first octets, and some from its middle if that can be read before the rest.

    If the document can be read only once, the one that is returned gives the octets of the sample again.
    """
    if isinstance(document, (bytes, bytearray, memoryview)):
        octets = memoryview(document).cast("B")
        middle = max(_SAMPLE, len(octets) // 2)
        return document, b"".join([octets[:_SAMPLE], octets[middle : middle + _SAMPLE]])
    if isinstance(document, (str, Path)):
        return document, await call(_of_path, document)
    if isinstance(document, AsyncIterable):
        later = aiter(document)
        first = await anext(later, b"")
        return _rejoined(first, later), first
    return await call(_of_stream, document)  # type: ignore[no-any-return]


def _of_path(path: str | Path) -> bytes:
    with Path(path).open("rb") as file:
        return sample_of(file)


def sample_of(file: IO[bytes]) -> bytes:
    """A sample of a file that can be read again. Its position does not change."""
    start = file.tell()
    beginning = file.read(_SAMPLE)
    end = file.seek(0, 2)
    file.seek(max(start + len(beginning), (start + end) // 2))
    middle = file.read(_SAMPLE)
    file.seek(start)
    return beginning + middle


def _of_stream(document: Any) -> tuple[AsyncDocument, Buffer]:
    if position(document) is not None:
        return document, sample_of(document)
    if hasattr(document, "read"):
        read = document.read
        document = iter(lambda: read(PIECE), b"")
    pieces = iter(document)
    first = next(pieces, b"")
    return (chain([first], pieces) if pieces is document else document), first


async def _rejoined(first: Buffer, later: AsyncIterator[Buffer]) -> AsyncGenerator[Buffer, None]:
    yield first
    async for piece in later:
        yield piece


class Gzip(Outgoing):
    """A document that is compressed while it is sent. Its caller opens and closes the plain document."""

    def __init__(self, plain: Outgoing) -> None:
        super().__init__(None)
        self._plain = plain
        self.length = None

    def rewind(self) -> bool:
        """As `Outgoing.rewind`."""
        return self._plain.rewind()

    @property
    def repeatable(self) -> bool:
        """As `Outgoing.repeatable`."""
        return self._plain.repeatable

    def pieces(self) -> Iterator[Buffer]:
        """The compressed octets."""
        packer = zlib.compressobj(wbits=_WBITS)
        for piece in self._plain.pieces():
            if packed := packer.compress(piece):
                yield packed
        yield packer.flush()

    async def pieces_async(self) -> AsyncGenerator[Buffer, None]:
        """As `pieces`; another thread compresses them."""
        import asyncio  # it is loaded already if this is awaited; `Client` need not load it

        packer = zlib.compressobj(wbits=_WBITS)
        async for piece in self._plain.pieces_async():
            if packed := await asyncio.to_thread(packer.compress, piece):
                yield packed
        yield packer.flush()
