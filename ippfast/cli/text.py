r"""Styled pieces of text, and what a terminal may be shown of octets that came off the wire.

The rule of this file: every control, bidirectional mark and octet that is not UTF-8 is escaped. ``\xNN`` is an octet (a
control, or one that is not UTF-8), ``\uNNNN`` a character that does not print.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

__all__ = ["Line", "Span", "Word", "bare", "escape", "hex_rows", "hex_words", "quote"]


class Span(NamedTuple):
    """A piece of a line, and the name of its style in `terminal.STYLES` ("" for none)."""

    text: str
    style: str = ""


Word: TypeAlias = tuple[Span, ...]
"""A piece of a line that is never broken."""

Line: TypeAlias = list[Span]

_BARE = re.compile(r'[^ ,"\\]+')
_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def escape(text: str) -> str:
    """The text with everything escaped that does not print."""
    return text if text.isprintable() else "".join([c if c.isprintable() else _escape(c) for c in text])


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: an octet that is not UTF-8
        code -= 0xDC00
    elif code >= 0x80:
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
    return _ESCAPES.get(character, f"\\x{code:02x}")


def quote(text: str) -> str:
    """The text in quotes, escaped so that it can be told from any other text."""
    return '"' + escape(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def bare(text: str) -> str:
    """The text as it is if nothing in it needs an escape or could be a separator, else in quotes."""
    return text if text.isprintable() and _BARE.fullmatch(text) else quote(text)


def hex_words(octets: bytes) -> list[str]:
    """Octets in hexadecimal between angle brackets, sixteen in a word."""
    digits = octets.hex()
    return f"<{' '.join([digits[at : at + 32] for at in range(0, len(digits), 32)])}>".split(" ")


def hex_rows(octets: bytes, offset: int) -> Iterator[str]:
    """The row of sixteen octets around an offset, one before and one after it, and a mark under it."""
    row = offset & ~0xF
    for start in range(max(row - 16, 0), row + 32, 16):
        piece = octets[start : start + 16]
        if piece or start == row:
            text = "".join([chr(octet) if 0x20 <= octet < 0x7F else "." for octet in piece])
            yield f"{start:08x}  {piece[:8].hex(' '):23}  {piece[8:].hex(' '):23}  |{text}|"
        if start == row:
            column = offset - row
            yield " " * (10 + 3 * column + (column >= 8)) + "^^"
