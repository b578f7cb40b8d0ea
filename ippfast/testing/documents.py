"""The document of a request: the file that a test names, compressed if the test wants it.

The rule of this file: no file is held whole in memory.
"""

import contextlib
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

__all__ = ["Outgoing", "opened"]

_PIECE = 262_144
_WINDOWS = {"gzip": 31, "deflate": -15}  # RFC 1952, and RFC 1951 without a header (RFC 8011 section 5.4.32)

Outgoing = Path | IO[bytes] | None


@contextlib.contextmanager
def opened(document: Path | None, compression: str) -> Iterator[Outgoing]:
    """Give what is sent for a document. compression: "gzip", "deflate" or "none". Raises OSError."""
    if document is None or compression == "none":
        yield document
        return
    with tempfile.TemporaryFile() as compressed, document.open("rb") as file:
        coder = zlib.compressobj(wbits=_WINDOWS[compression])
        while piece := file.read(_PIECE):
            compressed.write(coder.compress(piece))
        compressed.write(coder.flush())
        compressed.seek(0)
        yield compressed
