"""Undoes gzip and deflate while the octets arrive (RFC 1950, 1951, 1952; RFC 8011 section 5.4.32).

The rule of this file: a few octets may stand for very many, so output comes in pieces of bounded size, and its total
size and its ratio to the input have bounds.
"""

import zlib

from ...enums import Status
from ..errors import RemoteProtocolError
from ..events import Buffer
from ..limits import HTTPLimits

__all__ = ["CODINGS", "Decompressor"]

CODINGS = frozenset({"deflate", "gzip", "x-gzip"})
"""The codings that can be undone. "compression" and Content-Encoding use the same keywords."""

_PIECE = 65_536
_WINDOW = 8_192
"""The input is taken in pieces of this many octets: for every piece and every member zlib copies the rest of it."""

_FREE_SIZE = 1024 * 1024
_GZIP_BITS = 16 + zlib.MAX_WBITS


class Decompressor:
    """Undoes one coding. coding: a member of `CODINGS`.

    Its methods raise RemoteProtocolError with client-error-compression-error if the octets are not of that coding
    or end too early, and with client-error-request-entity-too-large if there would be too many.
    """

    def __init__(self, coding: str, limits: HTTPLimits) -> None:
        self._limits = limits
        self._bits = 0 if coding == "deflate" else _GZIP_BITS  # 0: the first octets decide
        self._stream = None if self._bits == 0 else zlib.decompressobj(self._bits)
        self._input = memoryview(b"")
        self._waiting = b""  # the octets of the input that come next
        self._taken = 0
        self._given = 0

    def feed(self, data: Buffer) -> None:
        """Take the next octets. Before the next call, call `read` until it returns nothing."""
        self._input = memoryview(data)

    def read(self) -> bytes:
        """The next octets of the output, at most 64 KiB; none if more input is needed."""
        while self._waiting or self._input:
            if len(self._waiting) < 2 and self._input:
                self._waiting += self._input[:_WINDOW]
                self._input = self._input[_WINDOW:]
            if self._stream is None and not self._begin():
                return b""
            stream = self._stream
            assert stream is not None
            data = self._waiting
            try:
                piece = stream.decompress(data, _PIECE)
            except zlib.error as error:
                raise _compression_error(f"damaged compressed data: {error}") from error
            self._waiting = stream.unused_data if stream.eof else stream.unconsumed_tail
            self._taken += len(data) - len(self._waiting)
            self._given += len(piece)
            self._check_size()
            if stream.eof and self._waiting:  # a further member (RFC 1952 section 2.2)
                if self._bits != _GZIP_BITS:
                    raise _compression_error("octets after the end of the compressed data")
                self._stream = zlib.decompressobj(self._bits)
            if piece:
                return piece
        # Output may be left if the last piece reached its bound just as the input ended.
        if self._stream is not None and not self._stream.eof:
            piece = self._stream.decompress(b"", _PIECE)
            self._given += len(piece)
            self._check_size()
            return piece
        return b""

    def close(self) -> None:
        """Say that no more octets come."""
        if self._stream is None or not self._stream.eof:
            raise _compression_error("compressed data that ends too early")

    def _begin(self) -> bool:
        """Find out whether it is RFC 1950's deflate, which HTTP means, or RFC 1951's, which IPP means.

        False: more octets are needed.
        """
        if len(self._waiting) < 2:
            return False
        first, second = self._waiting[:2]
        is_zlib = first & 0x0F == 8 and (first << 8 | second) % 31 == 0
        self._bits = zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS
        self._stream = zlib.decompressobj(self._bits)
        return True

    def _check_size(self) -> None:
        limits, given = self._limits, self._given
        if limits.decompressed is not None and given > limits.decompressed:
            raise _compression_error(f"over {limits.decompressed} octets after decompression")
        ratio = limits.decompression_ratio
        if ratio is not None and given > _FREE_SIZE and given > ratio * self._taken:
            raise _compression_error(f"over {ratio} times as much after decompression")


def _compression_error(reason: str) -> RemoteProtocolError:
    return RemoteProtocolError(400, reason, ipp_status=Status.CLIENT_ERROR_COMPRESSION_ERROR)
