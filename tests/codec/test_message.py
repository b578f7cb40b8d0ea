"""Message, AttributeGroup, Attribute and Collection: how they are made and read.

The rule of this file: a test that is about groups in general runs over all states of one (`samples.groups`), so that
laziness shows in nothing but speed. What `encode` refuses is in test_encode_errors.py.
"""

import pickle
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from implementations import Implementation
from outcome import normal, outcome
from samples import NAMES, Of, decoded, groups, octets
from scale import examples
from strategies import octets as octets_of_messages

from ippfast import (
    DelimiterTag,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    ValueTag,
)

KEYWORD, INTEGER, NAME = ValueTag.KEYWORD, ValueTag.INTEGER, ValueTag.NAME

# ---- Attribute ----


# what is given as tag and values: the tags and the values that come of it
SHAPES: dict[str, tuple[Any, Any, tuple[int, ...], tuple[Any, ...]]] = {
    "one str": (KEYWORD, "none", (KEYWORD,), ("none",)),
    "one int": (INTEGER, 5, (INTEGER,), (5,)),
    "one bool": (ValueTag.BOOLEAN, False, (ValueTag.BOOLEAN,), (False,)),
    "one bytes": (0x30, b"abc", (0x30,), (b"abc",)),
    "one of a named tuple": (0x33, RangeOfInteger(1, 5), (0x33,), (RangeOfInteger(1, 5),)),
    "one out-of-band": (0x13, OutOfBand.NO_VALUE, (0x13,), (OutOfBand.NO_VALUE,)),
    "one raw": (INTEGER, RawValue(b"abc"), (INTEGER,), (RawValue(b"abc"),)),
    "list": (KEYWORD, ["a", "b"], (KEYWORD, KEYWORD), ("a", "b")),
    "tuple": (INTEGER, (1, 2), (INTEGER, INTEGER), (1, 2)),
    "list of one": (INTEGER, [1], (INTEGER,), (1,)),
    "list of one tuple": (INTEGER, [(1, 2)], (INTEGER,), ((1, 2),)),
    "generator": (INTEGER, (number for number in (1, 2, 3)), (INTEGER,) * 3, (1, 2, 3)),
    "range": (INTEGER, range(3), (INTEGER,) * 3, (0, 1, 2)),
    "none": (INTEGER, [], (), ()),
    "a tag each": ([KEYWORD, NAME], ["a", "b"], (KEYWORD, NAME), ("a", "b")),
    "a tag each, equal": ([KEYWORD, KEYWORD], ["a", "b"], (KEYWORD, KEYWORD), ("a", "b")),
    "a tag of one": ([INTEGER], 1, (INTEGER,), (1,)),
    "a tag of none": ([], [], (), ()),
    "unknown tag": (0xFE, b"x", (0xFE,), (b"x",)),
    "a delimiter's number": (0x02, "x", (0x02,), ("x",)),
}


@pytest.mark.parametrize("row", SHAPES)
def test_shapes_of_an_attribute(codec: Implementation, row: str) -> None:
    tag, values, tags, expected = SHAPES[row]
    if row == "generator":
        values = (number for number in (1, 2, 3))
    attribute = codec.Attribute("x", tag, values)
    assert attribute.name == "x"
    assert attribute.tags == tags
    assert attribute.tag == (tags[0] if tags else (0 if isinstance(tag, list) else tag))
    assert normal(attribute.values) == normal(expected)
    assert attribute.offset is None
    if len(expected) == 1:
        assert normal(attribute.value) == normal(expected[0])
    else:
        with pytest.raises(ValueError, match=f"^attribute 'x' has {len(expected)} values, not one: see .values$"):
            attribute.value  # noqa: B018


# arguments: the exception and its words
ILL_MADE: dict[str, tuple[tuple[Any, ...], type[Exception], str]] = {
    "name of bytes": ((b"x", INTEGER, 1), TypeError, "an attribute's name is a str, not bytes"),
    "name of None": ((None, INTEGER, 1), TypeError, "an attribute's name is a str, not NoneType"),
    "values of None": (("x", INTEGER, None), TypeError, "'NoneType' object is not iterable"),
    "values of float": (("x", INTEGER, 1.5), TypeError, "'float' object is not iterable"),
    "tag too large": (("x", 256, 1), ValueError, "a value tag is an int from 0 to 0xff, not 256"),
    "tag negative": (("x", -1, 1), ValueError, "a value tag is an int from 0 to 0xff, not -1"),
    "tag of str": (("x", "integer", 1), ValueError, "a value tag is an int from 0 to 0xff, not 'i'"),
    "tag of None": (("x", None, 1), TypeError, "'NoneType' object is not iterable"),
    "tags of None": (("x", [None], 1), ValueError, "a value tag is an int from 0 to 0xff, not None"),
    "more tags": (("x", [0x21, 0x21], [1]), ValueError, "attribute 'x' has 1 values but 2 tags"),
    "fewer tags": (("x", [0x21], [1, 2]), ValueError, "attribute 'x' has 2 values but 1 tags"),
    "tags, no values": (("x", [0x21], []), ValueError, "attribute 'x' has 0 values but 1 tags"),
}


@pytest.mark.parametrize("row", ILL_MADE)
def test_ill_made_attribute(codec: Implementation, row: str) -> None:
    arguments, kind, words = ILL_MADE[row]
    with pytest.raises(kind) as caught:
        codec.Attribute(*arguments)
    assert type(caught.value) is kind
    assert str(caught.value) == words


def test_name_and_tags_are_plain(codec: Implementation) -> None:
    """A subclass in the place of a name or tag leaves nothing of itself."""

    class Names(StrEnum):
        JOB = "job-id"

    attribute = codec.Attribute(Names.JOB, [True, 0x21], [1, 2])
    assert type(attribute.name) is str
    assert type(attribute.tags[0]) is int
    assert pickle.loads(pickle.dumps(attribute)).name == "job-id"


@pytest.mark.parametrize("field", ["name", "tag", "tags", "values", "value", "offset", "other"])
def test_attribute_is_immutable(codec: Implementation, field: str) -> None:
    attribute = codec.Attribute("x", INTEGER, 1)
    with pytest.raises(AttributeError):
        setattr(attribute, field, 1)
    with pytest.raises(AttributeError):
        delattr(attribute, field)
    assert attribute == codec.Attribute("x", INTEGER, 1)
    assert not hasattr(attribute, "__dict__")


@pytest.mark.parametrize("field", ["append", "insert", "extend", "clear", "__setitem__", "__delitem__", "tag"])
def test_collection_is_immutable(codec: Implementation, field: str) -> None:
    assert not hasattr(codec.Collection(), field)
    assert not hasattr(codec.Collection(), "__dict__")


def test_enum_members(codec: Implementation) -> None:
    attribute = codec.Attribute("job-state", ValueTag.ENUM, [9, 9999, OutOfBand.UNKNOWN])
    completed, unknown, out_of_band = attribute.enum()
    assert repr(completed) == "<JobState.COMPLETED: 9>"
    assert type(unknown) is int
    assert out_of_band is OutOfBand.UNKNOWN
    assert normal(attribute.values) == normal((9, 9999, OutOfBand.UNKNOWN))
    assert codec.Attribute("x-unknown", ValueTag.ENUM, 9).enum() == (9,)


def test_offset(codec: Implementation) -> None:
    group = decoded(codec)
    data = octets(codec, group)
    for attribute in group:
        assert attribute.offset is not None
        name = attribute.name.encode()
        assert data[attribute.offset] == attribute.tag
        assert data[attribute.offset + 3 : attribute.offset + 3 + len(name)] == name
    member = group.value("media-col")["media-size"]
    assert data[member.offset] == ValueTag.MEMBER_ATTR_NAME
    assert data[member.offset + 5 :].startswith(b"media-size")


# ---- Look-up ----


@groups
def test_look_up(codec: Implementation, of: Of) -> None:
    group = of(codec)
    assert len(group) == len(NAMES)
    assert [attribute.name for attribute in group] == NAMES
    assert [attribute.name for attribute in reversed(group)] == NAMES[::-1]
    assert group["job-id"].value == 7
    assert group.value("job-id") == 7
    assert [attribute.value for attribute in group.get_all("job-id")] == [7, 8]
    assert group["gr\u00f6\u00dfe"].value == "A4"
    assert group.value("job-name") is OutOfBand.NO_VALUE
    assert group["media-supported"].tags == (KEYWORD, NAME)
    assert group.value("media-col")["media-size"].value.value("y-dimension") == 29700
    assert "media-size" not in group
    assert group.get("sides-supported") == codec.Attribute(
        "sides-supported", KEYWORD, ["one-sided", "two-sided-long-edge"]
    )
    with pytest.raises(ValueError, match="has 2 values, not one"):
        group.value("sides-supported")
    with pytest.raises(ValueError, match="has 2 values, not one"):
        group.value("sides-supported", None)


ABSENT = ["", "job", "job-i", "job-id ", "JOB-ID", "x" * 40000, "gr\u00f6\u00df", "\ud800", "gr\udcc3\udcb6\u00dfe"]


@groups
@pytest.mark.parametrize("name", ABSENT, ids=ascii)
def test_look_up_of_what_is_not_there(codec: Implementation, of: Of, name: str) -> None:
    group = of(codec)
    for owner in (group, group.value("media-col")):
        assert name not in owner
        assert owner.get(name) is None
        assert owner.get(name, 5) == 5
        assert owner.value(name, "default") == "default"
        assert owner.value(name, None) is None
        assert owner.get_all(name) == []
        with pytest.raises(KeyError) as caught:
            owner.value(name)
        assert caught.value.args == (name,)
        with pytest.raises(KeyError) as caught:
            owner[name]
        assert caught.value.args == (name,)


@groups
def test_look_up_by_what_is_no_name(codec: Implementation, of: Of) -> None:
    class Names(StrEnum):
        JOB = "job-id"
        SIZE = "gr\u00f6\u00dfe"

    group = of(codec)
    assert group.value(Names.JOB) == 7
    assert group[Names.SIZE].value == "A4"
    assert Names.JOB in group
    for key in (None, 5, b"job-id", 1.5):
        assert group.get(key) is None  # type: ignore[arg-type]
        assert key not in group
        assert group.get_all(key) == []  # type: ignore[arg-type]


@groups
def test_look_up_by_position(codec: Implementation, of: Of) -> None:
    group: Any = of(codec)
    assert [attribute.name for attribute in group[1:6:2]] == NAMES[1:6:2]
    assert [group[place].name for place in range(len(NAMES))] == NAMES
    assert [group[place].name for place in range(-len(NAMES), 0)] == NAMES
    assert group[-1] is group[-1]
    for place in (len(NAMES), -len(NAMES) - 1):
        with pytest.raises(IndexError):
            group[place]
    for key in (None, 1.0, b"job-id"):
        with pytest.raises(TypeError):
            group[key]


@groups
def test_look_up_by_attribute(codec: Implementation, of: Of) -> None:
    group = of(codec)
    assert codec.Attribute("job-id", INTEGER, 8) in group
    assert codec.Attribute("job-id", INTEGER, 9) not in group


@groups
def test_index_and_count(codec: Implementation, of: Of) -> None:
    """By name or by an equal attribute, as `in` takes them."""
    group = of(codec)
    second = codec.Attribute("job-id", INTEGER, 8)
    assert (group.index("job-id"), group.index(second), group.index("gr\u00f6\u00dfe")) == (0, 3, 5)
    assert (group.index("job-id", 1), group.index("job-id", -4, -2), group.index(second, 3, 4)) == (3, 3, 3)
    for arguments in (("copies",), ("job-id", 4), ("job-id", 1, 3), (codec.Attribute("job-id", INTEGER, 9),)):
        with pytest.raises(ValueError, match=r"is not in it$"):
            group.index(*arguments)
    assert [group.count(key) for key in ("job-id", second, "copies", "")] == [2, 1, 0, 0]
    size = group["media-col"].value["media-size"].value
    assert (size.index("y-dimension"), size.count("x-dimension"), size.count(second)) == (1, 1, 0)


def test_look_up_among_many(codec: Implementation) -> None:
    """More than any index of positions may hold, sizes of names on both sides of any that may be treated apart."""
    names = [f"{'n' * (place % 70)}{place}" for place in range(1000)]
    attributes = [codec.Attribute(name, INTEGER, place) for place, name in enumerate(names)]
    group = codec.decode(octets(codec, codec.AttributeGroup(2, attributes))).groups[0]
    assert len(group) == 1000
    for place, name in enumerate(names):
        assert group.value(name) == place
        assert name[:-1] + "x" not in group
        assert name + "x" not in group
    collection = codec.Collection(attributes)
    outer = codec.AttributeGroup(2, [codec.Attribute("col", ValueTag.BEG_COLLECTION, collection)])
    found = codec.decode(octets(codec, outer)).groups[0].value("col")
    assert [found.value(name) for name in names] == list(range(1000))


def test_empty_ones_are_true(codec: Implementation) -> None:
    assert bool(codec.AttributeGroup(1))
    assert bool(codec.Collection())
    assert len(codec.AttributeGroup(1)) == len(codec.Collection()) == 0
    assert list(codec.Collection()) == []


def test_groups_of_a_message(codec: Implementation) -> None:
    message = codec.Message((2, 0), 0, 1, [codec.AttributeGroup(tag) for tag in (1, 2, 4, 2, 0x0C)])
    assert message.operation_attributes is message.groups[0]
    assert message.job is message.groups[1]
    assert message.printer is message.groups[2]
    assert [id(group) for group in message.jobs] == [id(message.groups[1]), id(message.groups[3])]
    assert message.group(0x0C).tag == 0x0C
    assert type(message.group(0x0C).tag) is int
    assert message.groups_of(DelimiterTag.SYSTEM) == []
    with pytest.raises(KeyError) as caught:
        message.group(DelimiterTag.SYSTEM)
    assert caught.value.args == (
        "no system-attributes-tag group; there are: operation-attributes-tag, job-attributes-tag, "
        "printer-attributes-tag, job-attributes-tag, group 0x0c",
    )
    message.groups.clear()
    for name in ("job", "printer", "operation_attributes"):
        with pytest.raises(KeyError, match="there are: none"):
            getattr(message, name)
    assert message.jobs == []
    for tag in (0, 300, -1, 0x44):
        with pytest.raises(KeyError):
            message.group(tag)


def test_operation_and_status(codec: Implementation) -> None:
    message = codec.Message((2, 0), 0x000B, 1)
    assert repr(message.operation) == "<Operation.GET_PRINTER_ATTRIBUTES: 0x000b>"
    message.code = 0x0406
    assert repr(message.status) == "<Status.CLIENT_ERROR_NOT_FOUND: 0x0406>"
    message.code = 0x3FFF
    assert (message.operation, message.status) == (0x3FFF, 0x3FFF)
    assert (type(message.operation), type(message.status)) == (int, int)
    for code, succeeded in ((0x0000, True), (0x00FF, True), (0x0100, False), (0x0406, False), (0x0500, False)):
        message.code = code
        assert message.succeeded is succeeded


# arguments: the exception and its words
ILL_GROUPED: dict[str, tuple[Callable[[Implementation], object], type[Exception], str]] = {
    "tag": (lambda codec: codec.AttributeGroup(256), ValueError, "a group's tag is an int from 0 to 0xff, not 256"),
    "tag of str": (lambda codec: codec.AttributeGroup("job"), ValueError, "not 'job'"),  # type: ignore[arg-type]
    "no attribute": (lambda codec: codec.AttributeGroup(1, ["x"]), TypeError, "not str"),  # type: ignore[list-item]
    "attribute for attributes": (
        lambda codec: codec.AttributeGroup(1, codec.Attribute("x", 0x21, 1)),  # type: ignore[arg-type]
        TypeError,
        "object is not iterable",
    ),
    "no member": (lambda codec: codec.Collection([1]), TypeError, "not int"),  # type: ignore[list-item]
    "groups": (lambda codec: codec.Message((2, 0), 0, 1, None), TypeError, "not iterable"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("row", ILL_GROUPED)
def test_ill_made_group(codec: Implementation, row: str) -> None:
    make, kind, words = ILL_GROUPED[row]
    with pytest.raises(kind) as caught:
        make(codec)
    assert type(caught.value) is kind
    assert str(caught.value).endswith(words)


@settings(max_examples=examples(60))
@given(octets_of_messages())
def test_value_is_that_of_the_first_attribute(codec: Implementation, data: bytes) -> None:
    """In groups and collections, several values included, though no attribute is made for it."""
    message = codec.decode(data)
    collections = [value for _, value in codec.walk(message) if isinstance(value, codec.Collection)]
    for owner in [*message.groups, *collections]:
        for name in sorted({attribute.name for attribute in owner})[:10]:
            assert outcome(owner.value, name) == outcome(lambda owner, name: owner[name].value, owner, name)
