"""Decoding and encoding: the one place that picks a twin, and what needs no twin of its own.

The rule of this file: `IPPFAST_PURE=1` takes the pure twin; otherwise the compiled one, or the pure one if the
compiled one is not installed. A compiled twin that is there but broken is an error, never a silent change of speed.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Protocol

    from .limits import Limits

    class _Readable(Protocol):
        def read(self, size: int, /) -> bytes | None: ...


IMPLEMENTATION = "python"
"""Which twin is in use: ``"cython"`` or ``"python"``."""

if TYPE_CHECKING or os.environ.get("IPPFAST_PURE", "0") not in ("", "0"):
    from ._codec_py import (
        Attribute,
        AttributeGroup,
        Collection,
        Message,
        MessageDecoder,
        decode,
        decode_prefix,
        encode,
        encode_into,
        walk,
    )
else:
    try:
        from ._codec import (
            Attribute,
            AttributeGroup,
            Collection,
            Message,
            MessageDecoder,
            decode,
            decode_prefix,
            encode,
            encode_into,
            walk,
        )

        IMPLEMENTATION = "cython"
    except ModuleNotFoundError as _missing:
        if _missing.name != f"{__package__}._codec":
            raise
        from ._codec_py import (
            Attribute,
            AttributeGroup,
            Collection,
            Message,
            MessageDecoder,
            decode,
            decode_prefix,
            encode,
            encode_into,
            walk,
        )

__all__ = [
    "IMPLEMENTATION",
    "Attribute",
    "AttributeGroup",
    "Collection",
    "Message",
    "MessageDecoder",
    "decode",
    "decode_prefix",
    "encode",
    "encode_into",
    "read_message",
    "walk",
]


def rebuild(kind: str, arguments: "tuple[Any, ...]") -> "Any":
    """Make an object from a pickle. Pickles of the model's classes name this, so that each twin reads the other's."""
    return globals()[kind](*arguments)


def read_message(file: "_Readable", *, limits: "Limits | None" = None, only: "Iterable[str] | None" = None) -> Message:
    """Read one message from a binary file and not one octet past its end-of-attributes-tag (RFC 8010 section 3).

    file: anything with ``read(size)``: a raw or buffered file, a pipe, ``socket.makefile("rb")``. The document data,
    if any, is what the next ``read`` gives. limits, only: as for `decode`.

    Raises what `decode` raises, TruncatedError if the file ends first, and BlockingIOError if a file that does
    not block has nothing to give.
    """
    decoder = MessageDecoder(limits=limits, only=only)
    while True:
        data = file.read(decoder.needed)
        if data is None:
            raise BlockingIOError("the file has no octets to give now, and the message is not complete")
        if not data:
            decoder.close()
        message = decoder.feed(data)
        if message is not None:
            return message
