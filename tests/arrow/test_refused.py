"""What follows the lengths of its fields and is no message all the same: refused by every table, as by `decode`.

The rule of this file: `take_by_lengths` is the reader to beat. It is as quick as a reader can be, takes every octet of
these messages for a value, and would make rows of them; `decode` says what is wrong, and where.
"""

import pyarrow
import pytest
import vectors
from implementations import Implementation
from outcome import outcome

from ippfast import (
    DEFAULT_LIMITS,
    Attribute,
    AttributeGroup,
    DecodeError,
    DelimiterTag,
    Message,
    ValueTag,
    arrow,
    decode,
    decode_prefix,
    encode,
)
from ippfast.arrow.words import dictionary_of, keywords_of

KINDS = {
    "a value before the first group": "value-before-group",
    "a group of the tag 0": "delimiter-00",
    "a group of the tag 0 at the beginning": "gzip",
    "an additional value before any attribute": "additional-value-first",
    "an additional value that is first in a later group": "additional-value-first-in-group",
    "an additional collection before any attribute": "additional-collection-first",
    "a name of 32,768 octets": "name-length-8000-present",
    "a value of 32,768 octets": "value-length-8000-present",
    "a collection that begins with octets": "beg-collection-octets",
    "a collection that ends with octets": "end-collection-octets",
    "a collection that ends with a name": "end-collection-named",
    "a collection without its end, before the end of the message": "unterminated",
    "a collection without its end, before a group": "delimiter-04-in-collection",
    "a collection without its end, before an attribute": "named-attribute",
    "a collection in a collection without its end": "unterminated-inner",
    "a member name without octets": "member-name-empty",
    "a member with a name in the place of an attribute's": "named-attribute-first",
    "a member value with a name": "named-member-value",
    "a member name outside of a collection": "member-name-first",
    "a member name with a name": "named-member-name",
    "a member without a value, before the end": "member-without-value-last",
    "a member without a value, before the next": "member-without-value",
    "a member value before any member name": "member-value-unnamed",
    "a collection before any member name": "member-collection-unnamed",
}
REFUSED = {vector.name.removeprefix("refused/").removesuffix(".ipp"): vector.octets for vector in vectors.refused()}
SOUND = vectors.accepted()[0].octets


def take_by_lengths(octets: bytes) -> bool:
    """Whether a message ends, if nothing but lengths and the ends of collections are looked at."""
    at, depth = 8, 0
    while at < len(octets):
        tag = octets[at]
        if tag == 0x03:
            return True
        if tag < 0x10:
            at += 1
            continue
        depth += (tag == 0x34) - (tag == 0x37)
        name = int.from_bytes(octets[at + 1 : at + 3], "big")
        value = int.from_bytes(octets[at + 3 + name : at + 5 + name], "big")
        at += 5 + name + value
        if depth < 0:
            return False
    return False


@pytest.mark.parametrize("name", KINDS.values(), ids=KINDS)
def test_lengths_alone_do_not_tell(name: str) -> None:
    assert take_by_lengths(REFUSED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_the_error_is_that_of_decode(codec: Implementation, name: str) -> None:
    """Its row is in its place, and the messages around it have theirs."""
    octets = REFUSED[name]
    with pytest.raises(DecodeError) as caught:
        decode_prefix(octets)
    rows = pyarrow.table(arrow.messages([SOUND, octets, SOUND])).to_pylist()
    assert [row["error"] for row in rows] == [None, str(caught.value), None]
    assert [row["error_offset"] for row in rows] == [None, caught.value.offset, None]
    assert set(pyarrow.table(arrow.values([SOUND, octets, SOUND])).column("message").to_pylist()) == {0, 2}
    columns = ["attributes-charset", "copies", "media-col"]
    assert 1 not in pyarrow.table(arrow.wide([SOUND, octets, SOUND], columns)).column("message").to_pylist()
    made = codec.Builder(rows=1000, limits=DEFAULT_LIMITS, keywords=keywords_of, dictionary=dictionary_of)
    assert made.take([SOUND, octets, SOUND]) == 1
    before = len(made)
    made.skip()
    assert made.take([SOUND, octets, SOUND], 2) == 3
    assert len(made) == 2 * before
    assert outcome(codec.to_json, octets) == outcome(codec.decode, octets) == outcome(decode, octets)


def test_a_builder_that_has_failed_makes_no_more(codec: Implementation) -> None:
    """It may have a part of a message: what it would hand over is shorter than it says."""

    def failing(name: bytes) -> dict[int, bytes]:
        raise KeyError(name)

    made = codec.Builder(rows=1000, limits=DEFAULT_LIMITS, keywords=failing, dictionary=dictionary_of)
    with_enum = encode(
        Message((2, 0), 0, 1, [AttributeGroup(DelimiterTag.PRINTER, [Attribute("printer-state", ValueTag.ENUM, 3)])])
    )
    with pytest.raises(KeyError):
        made.take([with_enum])
    for use in (lambda: made.take([SOUND]), made.skip, made.finish):
        with pytest.raises(RuntimeError, match="has failed"):
            use()
