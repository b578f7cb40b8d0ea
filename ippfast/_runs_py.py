"""The pure twin's shortcut: runs of ordinary tokens, skipped by a regular expression, which is C.

The rule of this file: it may skip less than it could, and never more than the reader that asks would pass without a
fault. It does not count, so the scanner asks it only while the octets are too few for any number of tokens that would
exceed the limits.
"""

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern

__all__ = ["WORTH_SKIPPING", "skip_attributes", "skip_members", "skip_tokens"]

WORTH_SKIPPING = 256
"""From this many octets on, `re` and the patterns are worth their loading."""


def skip_attributes(octets: "bytes | bytearray", at: int, end: int) -> int:
    """Where a run of attributes ends, the first with its name, that begins at `at`; `at` if none does.

    Of collections it takes those that hold no others.
    """
    run = _attributes().match(octets, at, end)
    return at if run is None else run.end()


def skip_members(octets: "bytes | bytearray", at: int, end: int) -> int:
    """The same of member attributes whose values are no collections."""
    run = _members().match(octets, at, end)
    return at if run is None else run.end()


def skip_tokens(octets: bytes, at: int, end: int) -> int:
    """The same of any tokens but those that begin a group: for octets that were checked."""
    run = _tokens().match(octets, at, end)
    return at if run is None else run.end()


def _compile(pattern: str) -> "Pattern[bytes]":
    """A pattern of tokens (RFC 8010 section 3.1), each of which can be read in one way only, so it never goes back.

    In it ``TAG`` is the tag of a value that is no collection. ``SIZED`` is a length and as many octets, ``NAME`` the
    same but not empty: an alternative for each length up to 63, for a pattern cannot count. Nothing longer is matched.
    What is not to be gone back to is in ``(?>...)``: with ``.{4}+`` and ``(?:...)++`` CPython 3.11.2 refuses some.
    """
    import re

    def sized(*lengths: int) -> str:
        return r"\0(?>" + "|".join([rf"\x{length:02x}.{{{length}}}" for length in lengths]) + ")"

    values = sized(4, 1, 0, 2, 3, *range(5, 64))  # the most frequent first: they are tried in order
    names = sized(*sorted(range(1, 64), key=lambda length: abs(length - 20)))
    pattern = pattern.replace("TAG", r"[^\0-\x0f\x34\x37\x4a]").replace("NAME", names).replace("SIZED", values)
    return re.compile(pattern.encode(), re.DOTALL | re.VERBOSE)


_MEMBERS = r"(?> \x4a\0\0 NAME (?> TAG \0\0 SIZED )++ )"
_COLLECTION = rf"\x34 (?: \0\0 | NAME ) \0\0 {_MEMBERS}*+ \x37\0\0\0\0"


@cache
def _attributes() -> "Pattern[bytes]":
    return _compile(rf"(?= . \0 [^\0] ) (?> TAG (?: \0\0 | NAME ) SIZED | {_COLLECTION} )++")


@cache
def _members() -> "Pattern[bytes]":
    return _compile(rf"{_MEMBERS}++")


@cache
def _tokens() -> "Pattern[bytes]":
    return _compile(r"(?> [^\0-\x0f] (?: SIZED ){2} )*+")
