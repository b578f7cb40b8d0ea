"""Messages made by hand, and what encoding one must bear meanwhile.

The rule of this file: the octets wanted are put together here, by no encoder; and what a value's own code does while it
is encoded, to the very message, ends in octets or an error, never in memory that is gone.
"""

import gc
import struct
from importlib import import_module
from sysconfig import get_config_var
from typing import Any

import pytest
from implementations import COMPILED, Implementation

from ippfast import DateTime, EncodeError, RangeOfInteger, Resolution, StringWithLanguage

# Then `encode` goes by a copy of a group, which does not change (`ippfast/_cpython.pxd`).
# In the plain form, and where no lock keeps others out, encode reads a copy of each list.
COPIES = COMPILED is not None and (import_module("ippfast._wire").PLAIN or get_config_var("Py_GIL_DISABLED"))

KEYWORD, INTEGER, COLLECTION = 0x44, 0x21, 0x34


def octets_of(tag: int, name: str, value: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(value)) + value


@pytest.mark.parametrize("first", range(1, 140, 20))
def test_every_length(codec: Implementation, first: int) -> None:
    """However long, names and strings are whole, and nothing beside them is touched."""
    string = "".join(chr(33 + number % 94) for number in range(200))
    for size in range(first, first + 20):
        name, value = string[:size], string[size : 2 * size - 1]
        member = codec.Attribute(name, KEYWORD, [value, value])
        group = codec.AttributeGroup(1, [member, codec.Attribute("in", COLLECTION, codec.Collection([member]))])
        again = octets_of(KEYWORD, "", value.encode())
        wanted = (
            b"\x02\x00\x00\x0b\x00\x00\x00\x01\x01"
            + octets_of(KEYWORD, name, value.encode())
            + again
            + octets_of(COLLECTION, "in", b"")
            + octets_of(0x4A, "", name.encode())
            + again * 2
            + octets_of(0x37, "", b"")
            + b"\x03"
        )
        assert codec.encode(codec.Message((2, 0), 0x000B, 1, [group])) == wanted


@pytest.mark.parametrize("number", [0, 1, -1, 2**30 - 1, 2**30, -(2**30), -(2**30) - 1, 2**31 - 1, -(2**31)])
def test_every_size_of_integer(codec: Implementation, number: int) -> None:
    group = codec.AttributeGroup(2, [codec.Attribute("n", INTEGER, [number, number])])
    wanted = struct.pack(">BHcHi", INTEGER, 1, b"n", 4, number) + struct.pack(">BHHi", INTEGER, 0, 4, number)
    assert codec.encode(codec.Message((1, 1), 0, 1, [group])) == b"\x01\x01\0\0\0\0\0\1\x02" + wanted + b"\x03"


@pytest.mark.parametrize("count", [1, 50, 3000])
def test_many_large_values(codec: Implementation, count: int) -> None:
    """What is larger than was expected moves as it grows, and stays whole."""
    value = "v" * 1000
    group = codec.AttributeGroup(4, [codec.Attribute("name", KEYWORD, [value] * count)])
    wanted = octets_of(KEYWORD, "name", value.encode()) + octets_of(KEYWORD, "", value.encode()) * (count - 1)
    assert codec.encode(codec.Message((2, 0), 0, 1, [group])) == b"\x02\0\0\0\0\0\0\1\x04" + wanted + b"\x03"


@pytest.mark.parametrize("kind", [tuple, iter, list])
def test_groups_of_any_sequence(codec: Implementation, kind: Any) -> None:
    message = codec.Message((2, 0), 0, 1)
    message.groups = kind([codec.AttributeGroup(1), codec.AttributeGroup(2)])
    assert codec.encode(message) == b"\x02\0\0\0\0\0\0\1\x01\x02\x03"


class Word(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("one", ("one",)),
        (Word("one"), ("one",)),
        (7, (7,)),
        (True, (True,)),
        (b"octets", (b"octets",)),
        (RangeOfInteger(1, 2), (RangeOfInteger(1, 2),)),
        (["one"], ("one",)),
        (["one", "two"], ("one", "two")),
        (("one",), ("one",)),
        (("one", "two"), ("one", "two")),
        ([RangeOfInteger(1, 2)], (RangeOfInteger(1, 2),)),
        (range(1), (0,)),
        ({"one": 1, "two": 2}, ("one", "two")),
        ([], ()),
        ((), ()),
        ([("pair",)], (("pair",),)),
        ((("pair", "of"),), (("pair", "of"),)),
        ([[]], ([],)),
    ],
)
def test_values_of_any_shape(codec: Implementation, given: Any, values: tuple[Any, ...]) -> None:
    attribute = codec.Attribute("a", KEYWORD, given)
    assert attribute.values == values
    assert type(attribute.values) is tuple
    assert len(attribute.tags) == len(values)


@pytest.mark.parametrize("beside", [0, 1])
def test_collections_nest_so_deep(codec: Implementation, beside: int) -> None:
    """Whether they stand alone or with other values."""
    others = [codec.Collection()] * beside
    made = codec.Collection()
    for _ in range(99):
        made = codec.Collection([codec.Attribute("in", COLLECTION, [*others, made, *others])])
    with pytest.raises(ValueError, match="at most 100 deep"):
        codec.Collection([codec.Attribute("in", COLLECTION, [*others, made])])


@pytest.mark.parametrize(
    ("tag", "kind"), [(0x31, DateTime), (0x32, Resolution), (0x33, RangeOfInteger), (0x35, StringWithLanguage)]
)
def test_a_class_that_lies(codec: Implementation, tag: int, kind: type) -> None:
    """What only says that it is a tuple is not read as one."""
    liar = type("Liar", (), {"__class__": property(lambda _self: kind)})()
    message = codec.Message((2, 0), 0, 1, [codec.AttributeGroup(1, [codec.Attribute("a", tag, [liar])])])
    with pytest.raises((EncodeError, TypeError, AttributeError)):
        codec.encode(message)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_value_that_takes_its_message_apart(codec: Implementation, depth: int) -> None:
    """A value's code may run while it is encoded: what is being written stays until it is."""
    taken: list[object] = []

    def take_apart(_self: object) -> str:
        for group in message.groups:
            group.clear()
        message.groups.clear()
        gc.collect()
        # Whoever gets the memory that was given back writes over it.
        taken.extend([codec.Attribute(f"taken-{number}", [0x44, 0x41], ["v", f"{number}"]) for number in range(200)])
        return "en"

    class Apart(StringWithLanguage):
        language = property(take_apart)

    attributes = [
        codec.Attribute("a", [0x35, KEYWORD, 0x35], [Apart("text", ""), f"after {depth}", Apart("more", "")]),
        codec.Attribute(f"behind {depth}", KEYWORD, f"last {depth}"),
    ]
    for _ in range(depth):
        attributes = [codec.Attribute("in", COLLECTION, [codec.Collection(attributes), codec.Collection()])]
    message = codec.Message((2, 0), 0, 1, [codec.AttributeGroup(1, attributes), codec.AttributeGroup(2)])
    del attributes

    text, more = (struct.pack(">H2sH4s", 2, b"en", 4, string) for string in (b"text", b"more"))
    after, last = f"after {depth}".encode(), f"last {depth}".encode()
    wanted = octets_of(0x4A, "", b"a") + octets_of(0x35, "", text) if depth else octets_of(0x35, "a", text)
    wanted += octets_of(KEYWORD, "", after) + octets_of(0x35, "", more)
    if depth or (codec is COMPILED and COPIES):  # a collection does not change; a group does, and ends there
        name = f"behind {depth}"
        member = octets_of(0x4A, "", name.encode()) + octets_of(KEYWORD, "", last)
        wanted += member if depth else octets_of(KEYWORD, name, last)
    for outer in reversed(range(depth)):
        begin = (
            octets_of(0x4A, "", b"in") + octets_of(COLLECTION, "", b"") if outer else octets_of(COLLECTION, "in", b"")
        )
        end = octets_of(0x37, "", b"")
        wanted = begin + wanted + end + octets_of(COLLECTION, "", b"") + end
    assert codec.encode(message) == b"\x02\0\0\0\0\0\0\1\x01" + wanted + b"\x03"
    assert taken
