"""The pure twin's shortcut: a regular expression, which runs in C, skips many ordinary tokens at once.

The rule of this file: it may skip less than it could, but nothing in which its caller would find a fault. It does not
count tokens, so the scanner calls it only while the octets are too few to hold more tokens than the limits allow.
"""

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern

__all__ = ["WORTH_SKIPPING", "skip_attributes", "skip_members", "skip_tokens"]

WORTH_SKIPPING = 256
"""In fewer octets, skipping saves less time than it takes to load `re` and the patterns."""


def skip_attributes(octets: "bytes | bytearray", at: int, end: int) -> int:
    """Return where the run of attributes ends that begins at `at`, with the name of the first; `at` if there is none.

    The run ends before a collection that holds another one.
    """
    run = _attributes().match(octets, at, end)
    return at if run is None else run.end()


def skip_members(octets: "bytes | bytearray", at: int, end: int) -> int:
    """Return the same for a run of member attributes whose values are no collections."""
    run = _members().match(octets, at, end)
    return at if run is None else run.end()


def skip_tokens(octets: bytes, at: int, end: int) -> int:
    """Return the same for a run of any tokens inside a group. The octets must have been checked."""
    run = _tokens().match(octets, at, end)
    return at if run is None else run.end()


def _compile(pattern: str) -> "Pattern[bytes]":
    """Compile a pattern of tokens (RFC 8010 section 3.1). Tokens match in one way only, so it need never backtrack.

    In it ``TAG`` is the tag of a value that is no collection. ``SIZED`` is a length and as many octets, and ``NAME`` is
    the same but not empty. A pattern cannot count, so both have an alternative for each length up to 63, and nothing
    longer is matched. ``(?>...)`` forbids backtracking; CPython 3.11.2 refuses some of ``.{4}+`` and ``(?:...)++``.
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
