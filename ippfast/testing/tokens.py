"""Divides a test file into words, as ipptoolfile(5) says.

The rule of this file: a word ends at white space, at a comment, at a brace or comma, which are words themselves, or, if
it is quoted, at the closing quote. A character after a backslash is taken as it is, except for C's escapes such as
``\n``.
"""

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Token", "tokens"]

_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SPACE = " \t\n\v\f\r"


class Token(NamedTuple):
    """A word, and the line in which it ends. quoted: whether it had quotes, so that it is not a brace or comma."""

    text: str
    line: int
    quoted: bool = False

    @property
    def mark(self) -> str:
        """The word itself if it is a brace or comma, otherwise ""."""
        return self.text if self.text in ("{", "}", ",") and not self.quoted else ""


def tokens(text: str) -> Iterator[Token]:
    """Give the words, one after the other. A quote that is not closed ends with the text."""
    at, line, end = 0, 1, len(text)
    while at < end:
        character = text[at]
        if character in _SPACE:
            line += character == "\n"
            at += 1
        elif character == "#":
            at = text.find("\n", at)
            at = end if at < 0 else at
        elif character in "{},":
            yield Token(character, line)
            at += 1
        else:
            word: list[str] = []
            quote = ""
            while at < end:
                character = text[at]
                if character == quote:
                    at += 1
                    break
                if not quote and (character in _SPACE or character in "#{},"):
                    break
                at += 1
                if not quote and character in "'\"":
                    quote = character
                    continue
                if character == "\\":
                    if at == end:
                        break
                    escaped = text[at]
                    character = _ESCAPED.get(escaped, escaped)
                    line += escaped == "\n"
                    at += 1
                else:
                    line += character == "\n"
                word.append(character)
            yield Token("".join(word), line, bool(quote))
