"""What hypothesis makes for the codec's tests: octets of valid messages, damaged ones, and messages made by hand.

The rule of this file: `octets` makes only what `decode` must take, in every shape that RFC 8010 section 3 has and
in those that real senders stray into. `damaged` begins with such a message or several. `messages` makes objects of
the pure twin, for `encode` to take or refuse; `outcome.rebuild` makes them the other twin's.
"""

import struct
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import strategies as st

from ippfast import (
    DateTime,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
)
from ippfast._codec_py import Attribute, AttributeGroup, Collection, Message

__all__ = ["DAMAGES", "damaged", "document", "messages", "names", "octets", "pieces"]

HEADER = bytes.fromhex("0200 000b 00000001")
BEGIN, END, MEMBER = 0x34, 0x37, 0x4A
STRINGS = (0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49)
OUT_OF_BAND = [member.value for member in OutOfBand]
LEAF_TAGS = [tag for tag in range(0x10, 0x100) if tag not in (BEGIN, END, MEMBER)]
GROUP_TAGS = [tag for tag in range(1, 0x10) if tag != 3]
SIZES = {0x21: 4, 0x22: 1, 0x23: 4, 0x31: 11, 0x32: 9, 0x33: 8}  # of values whose octets always are so many

integers = st.integers(-(2**31), 2**31 - 1)
short = st.binary(max_size=12)
known_names = st.sampled_from(
    ["attributes-charset", "job-id", "media-col", "media-size", "x-dimension", "a", "ab", "\u00e9", "\udcff"]
)
names = known_names | st.text(min_size=1, max_size=12).filter(lambda text: _encodable(text) is not None)
"""Names of attributes, a few of them again and again."""

# Text, and octets that are none, of every length that the codec may treat in a way of its own.
string_octets = st.one_of(
    st.sampled_from([b"none", b"auto", b"utf-8", b"en", b"application/pdf", b"iso_a4_210x297mm", b"\xff", b"\xc3"]),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    short,
    st.builds(bytes.__mul__, st.sampled_from([b"x", b"\xc3\xa4"]), st.integers(0, 70)),
)


def _encodable(text: str) -> bytes | None:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None


def _name(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def token(tag: int, name: bytes, value: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(value)) + value


@st.composite
def leaf_octets(draw: st.DrawFn, tag: int) -> bytes:
    """The octets of a value that is no collection; usually they fit its tag."""
    if draw(st.integers(0, 7)) == 0:
        return draw(short)
    if tag in SIZES:
        octets = draw(st.binary(min_size=SIZES[tag], max_size=SIZES[tag]))
        return bytes([octets[0] & 1]) if tag == 0x22 else octets
    if tag in OUT_OF_BAND:
        return b""
    if tag in (0x35, 0x36):
        return b"".join(struct.pack(">H", len(part)) + part for part in (draw(string_octets), draw(string_octets)))
    return draw(string_octets)


any_leaf_tag = st.sampled_from([0x13, 0x21, 0x22, 0x23, 0x31, 0x32, 0x33, 0x35, 0x36, *STRINGS]) | st.sampled_from(
    LEAF_TAGS
)


@st.composite
def values(draw: st.DrawFn, name: bytes, depth: int) -> bytes:
    """One value or several, the first under `name`, with one tag or mixed."""
    parts = []
    usual = draw(any_leaf_tag)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        if depth and draw(st.integers(0, 5)) == 0:
            parts.append(token(BEGIN, name, b"") + draw(members(depth - 1)) + token(END, b"", b""))
        else:
            tag = usual if draw(st.integers(0, 3)) else draw(any_leaf_tag)
            parts.append(token(tag, name, draw(leaf_octets(tag))))
        name = b""
    return b"".join(parts)


@st.composite
def members(draw: st.DrawFn, depth: int) -> bytes:
    """The members of a collection: each a memberAttrName and then values without a name."""
    return b"".join(
        token(MEMBER, b"", _name(name)) + draw(values(b"", depth)) for name in draw(st.lists(names, max_size=3))
    )


@st.composite
def octets(draw: st.DrawFn) -> bytes:
    """A valid message, without document data."""
    header = draw(st.just(HEADER) | st.binary(min_size=8, max_size=8))
    parts = [header]
    for tag in draw(st.lists(st.sampled_from(GROUP_TAGS), max_size=4)):
        parts.append(bytes([tag]))
        many = draw(st.integers(0, 15)) == 0  # so many that the codec may search them in another way
        parts += [draw(values(_name(name), 3)) for name in draw(st.lists(names, max_size=4))]
        if many:
            parts += [token(0x21, b"number-%d" % place, bytes(4)) for place in range(300)]
    return b"".join([*parts, b"\x03"])


document = st.binary(max_size=40)
"""What may follow a message."""


@st.composite
def pieces(draw: st.DrawFn, whole: bytes) -> list[bytes]:
    """`whole`, split anywhere."""
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    return [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


# ---- Damage ----

Damage = Callable[[Random, bytes, bytes], bytes]


def truncated(random: Random, whole: bytes, other: bytes) -> bytes:
    return whole[: random.randint(0, len(whole))]


def flipped(random: Random, whole: bytes, other: bytes) -> bytes:
    changed = bytearray(whole)
    for _ in range(random.randint(1, 3)):
        octet = random.choice([0, 1, 2, 3, 0x0F, 0x10, BEGIN, END, MEMBER, 0x7F, 0x80, 0xFF, random.randint(0, 255)])
        changed[random.randrange(len(whole))] = octet
    return bytes(changed)


def lengthened(random: Random, whole: bytes, other: bytes) -> bytes:
    """A name-length or value-length, or any two octets, made larger or smaller."""
    place = random.choice(token_begins(whole)) + 1 if random.randint(0, 2) else random.randrange(len(whole))
    number = int.from_bytes(whole[place : place + 2], "big") + random.choice([-1, 1, 2, 5, 0x7FFF, 0x8000])
    return whole[:place] + (number & 0xFFFF).to_bytes(2, "big") + whole[place + 2 :]


def spliced(random: Random, whole: bytes, other: bytes) -> bytes:
    """The beginning of one message and the end of another, cut where tokens begin or anywhere."""
    if random.randint(0, 1):
        return whole[: random.choice(token_begins(whole))] + other[random.choice(token_begins(other)) :]
    return whole[: random.randint(0, len(whole))] + other[random.randint(0, len(other)) :]


def inserted(random: Random, whole: bytes, other: bytes) -> bytes:
    """Tokens where one may begin, or anywhere."""
    begins = token_begins(whole)
    for _ in range(random.randint(1, 3)):
        place = random.choice([*begins, random.randint(0, len(whole))])
        whole = whole[:place] + random.choice(TOKENS) + whole[place:]
    return whole


def dropped(random: Random, whole: bytes, other: bytes) -> bytes:
    """A message without one of its tokens."""
    begins = [*token_begins(whole), len(whole)]
    which = random.randrange(len(begins) - 1)
    return whole[: begins[which]] + whole[begins[which + 1] :]


TOKENS = [
    b"\x00",
    b"\x01",
    b"\x03",
    b"\x0f",
    token(BEGIN, b"", b""),
    token(BEGIN, b"name", b""),
    token(BEGIN, b"", b"octets"),
    token(END, b"", b""),
    token(END, b"name", b""),
    token(END, b"", b"octets"),
    token(MEMBER, b"", b"member"),
    token(MEMBER, b"", b""),
    token(MEMBER, b"name", b"member"),
    token(0x44, b"", b"none"),
    token(0x44, b"name", b"none"),
    token(0x21, b"", b"\x00\x00\x01"),
    b"\x44\x80\x00",
    b"\x44\x00\x00\x80\x00",
    b"\x44\x00\x01a\xff\xff",
    b"\x44\x7f\xff",
]


def token_begins(whole: bytes) -> list[int]:
    """Where the tokens of a valid message begin."""
    begins, at = [], 8
    while at < len(whole):
        begins.append(at)
        if whole[at] < 0x10:
            at += 1
        else:
            at += 3 + int.from_bytes(whole[at + 1 : at + 3], "big")
            at += 2 + int.from_bytes(whole[at : at + 2], "big")
    return begins


DAMAGES: tuple[Damage, ...] = (truncated, flipped, lengthened, spliced, inserted, dropped)
"""Each makes of a valid message, and perhaps another one, what a broken or hostile sender might send."""

damaged = st.builds(
    lambda damage, random, whole, other: damage(random, whole, other),
    st.sampled_from(DAMAGES),
    st.randoms(use_true_random=False),
    octets(),
    octets(),
) | st.binary(max_size=60).map(HEADER.__add__)
"""Octets that `decode` mostly refuses."""


# ---- Messages made by hand, by values that fit or not ----

strings = st.text(max_size=10) | st.sampled_from(["", "none", "\udcff", "\ud800", "x" * 32767, "\u00e4" * 16384])
octet_numbers = st.integers(0, 255)
fields = st.tuples(st.integers(0, 65535), *[octet_numbers] * 6, st.characters(max_codepoint=255), *[octet_numbers] * 2)
leaves: st.SearchStrategy[Any] = st.one_of(
    integers,
    st.booleans(),
    st.binary(max_size=8),
    strings,
    st.sampled_from(OutOfBand),
    fields.map(lambda each: DateTime(*each)),
    st.builds(Resolution, integers, integers, st.integers(-128, 127)),
    st.builds(RangeOfInteger, integers, integers),
    st.builds(StringWithLanguage, strings, strings),
    st.builds(RawValue, st.binary(max_size=8)),
)
odd: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.floats(),
    st.sampled_from([2**31, -(2**31) - 1, 2**70, b"x" * 32768, "x" * 32768, bytearray(b"x"), ("x",), object]),
    st.builds(Resolution, st.sampled_from([1, True, 2**31, "1", None]), integers, st.sampled_from([3, 128, -129, 3.0])),
    st.builds(RangeOfInteger, st.sampled_from([1, False, -(2**31) - 1, 0.5]), integers),
    st.builds(DateTime, st.sampled_from([1, -1, 65536, True, "1"]), st.sampled_from([1, 256, None]), octet_numbers),
    st.builds(DateTime, *[octet_numbers] * 7, st.sampled_from(["", "++", "\u0100", 43, None, b"+"])),
    st.builds(StringWithLanguage, st.sampled_from(["x" * 32764, 1, None, "\ud800"]), strings | st.none()),
    st.builds(RawValue, st.sampled_from([b"x" * 32768, "x", bytearray(b"x"), None])),
)
FITTING: dict[int, st.SearchStrategy[Any]] = {
    0x21: integers,
    0x22: st.booleans(),
    0x23: integers,
    0x30: st.binary(max_size=8),
    0x31: fields.map(lambda each: DateTime(*each)),
    0x32: st.builds(Resolution, integers, integers, st.integers(-128, 127)),
    0x33: st.builds(RangeOfInteger, integers, integers),
    0x35: st.builds(StringWithLanguage, st.text(max_size=5), st.text(max_size=3)),
    0x36: st.builds(StringWithLanguage, st.text(max_size=5), st.text(max_size=3)),
    0x7F: st.binary(max_size=8),
    **{member.value: st.just(member) for member in OutOfBand},
    **dict.fromkeys(STRINGS, st.text(st.characters(exclude_categories=["Cs"]), max_size=10)),
}


@st.composite
def attributes(draw: st.DrawFn, depth: int, fit: bool) -> Attribute:
    name = draw(names if fit or draw(st.integers(0, 9)) else st.sampled_from(["", "\ud800", "x" * 32768, "x" * 32767]))
    tags: list[int] = []
    each: list[Any] = []
    for _ in range(draw(st.integers(1, 3) if fit else st.sampled_from([1, 1, 2, 3, 0]))):
        if depth and draw(st.integers(0, 4)) == 0:
            tags.append(BEGIN)
            each.append(Collection(draw(st.lists(attributes(depth - 1, fit), max_size=2))))
        elif fit or draw(st.integers(0, 2)):
            tag = draw(st.sampled_from(sorted(FITTING)))
            tags.append(tag)
            each.append(draw(FITTING[tag] | st.builds(RawValue, short)))
        else:
            tags.append(draw(st.integers(0, 255)))
            each.append(draw(leaves | odd))
    return Attribute(name, tags, each)


@st.composite
def messages(draw: st.DrawFn, fit: bool) -> Message:
    """A message of the pure twin. fit: only what `encode` takes."""
    group_tags = st.sampled_from(GROUP_TAGS if fit else [*GROUP_TAGS * 3, 0, 3, 0x10, 0xFF])
    groups = [
        AttributeGroup(tag, draw(st.lists(attributes(2, fit), max_size=3)))
        for tag in draw(st.lists(group_tags, max_size=3))
    ]
    header: tuple[Any, Any, Any] = (
        draw(st.tuples(octet_numbers, octet_numbers)),
        draw(st.integers(0, 0xFFFF)),
        draw(integers),
    )
    if not fit and draw(st.integers(0, 19)) == 0:
        header = draw(
            st.tuples(
                st.sampled_from([(2, 0), (2,), (2, 0, 0), (256, 0), (-1, 0), (True, 0), [2, 0], None, (2.0, 0)]),
                st.sampled_from([1, -1, 65536, True, None, "1"]),
                st.sampled_from([1, 2**31, -(2**31) - 1, False, None]),
            )
        )
    return Message(*header, groups)
