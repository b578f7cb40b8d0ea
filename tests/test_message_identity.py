"""Messages and their parts as they are compared, hashed, copied, pickled and shown.

The rule of this file: things are equal where they would be the same octets, equal things have one hash, a copy and
a pickle are equal to the original, and what is shown is safe on a terminal.
"""

import copy
import pickle
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from implementations import Implementation
from outcome import normal
from samples import decoded, made, octets, unpacked

import ippfast
from ippfast import (
    Attribute,
    Collection,
    DateTime,
    DecodeError,
    DelimiterTag,
    EncodeError,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
)

KEYWORD, INTEGER = ValueTag.KEYWORD, ValueTag.INTEGER


def messages(codec: Implementation) -> dict[str, Callable[[], Any]]:
    """Things that are all different; each is made anew by its function."""

    def attribute(name: str, tag: Any, values: Any) -> Callable[[], Attribute]:
        return lambda: codec.Attribute(name, tag, values)

    def message(version: tuple[int, int], code: int, request_id: int) -> Callable[[], Message]:
        return lambda: codec.Message(version, code, request_id, [made(codec)])

    inner = codec.Collection([codec.Attribute("m", 0x21, 1)])
    return {
        "attribute": attribute("x", INTEGER, 1),
        "other name": attribute("y", INTEGER, 1),
        "other tag": attribute("x", ValueTag.ENUM, 1),
        "other value": attribute("x", INTEGER, 2),
        "no values": attribute("x", INTEGER, []),
        "two values": attribute("x", INTEGER, [1, 2]),
        "a range": attribute("x", INTEGER, RangeOfInteger(1, 2)),
        "three values": attribute("x", INTEGER, [1, 2, 3]),
        "a resolution": attribute("x", INTEGER, Resolution(1, 2, 3)),
        "a tuple": attribute("x", INTEGER, [(1, 2, 4)]),
        "mixed tags": attribute("x", [INTEGER, ValueTag.ENUM], [1, 2]),
        "mixed otherwise": attribute("x", [INTEGER, KEYWORD], [1, 2]),
        "octets": attribute("x", INTEGER, b"x"),
        "raw octets": attribute("x", INTEGER, RawValue(b"x")),
        "string": attribute("x", INTEGER, "x"),
        "holds a collection": attribute("x", INTEGER, inner),
        "collection": lambda: codec.Collection([codec.Attribute("m", 0x21, 1)]),
        "other collection": lambda: codec.Collection([codec.Attribute("m", 0x21, 2)]),
        "empty collection": codec.Collection,
        "group": lambda: made(codec),
        "other tag of group": lambda: codec.AttributeGroup(1, made(codec)),
        "other order": lambda: codec.AttributeGroup(DelimiterTag.JOB, list(made(codec))[::-1]),
        "empty group": lambda: codec.AttributeGroup(2),
        "message": message((2, 0), 0, 1),
        "version": message((2, 1), 0, 1),
        "code": message((2, 0), 1, 1),
        "request-id": message((2, 0), 0, 2),
        "no groups": lambda: codec.Message((2, 0), 0, 1),
        "other things": lambda: (None, 1, "x"),
    }


UNHASHABLE = ("AttributeGroup", "Message")


def test_equality_and_hash(codec: Implementation) -> None:
    things = messages(codec)
    for name, make in things.items():
        for other_name, make_other in things.items():
            one, other = make(), make_other()
            assert (one == other) is (name == other_name), (name, other_name)
            assert (one != other) is (name != other_name), (name, other_name)
        one = make()
        if type(one).__name__ in UNHASHABLE:
            assert type(one).__hash__ is None
            with pytest.raises(TypeError, match="unhashable type"):
                hash(one)
        else:
            assert hash(one) == hash(make())


def test_decoded_equals_made(codec: Implementation) -> None:
    assert decoded(codec) == made(codec) == decoded(codec)
    for one, other in zip(decoded(codec), made(codec), strict=True):
        assert one == other
        assert hash(one) == hash(other)
    assert {decoded(codec)["media-col"]: 1}[made(codec)["media-col"]] == 1


@pytest.mark.parametrize("operation", ["__lt__", "__le__", "__gt__", "__ge__"])
def test_no_order(codec: Implementation, operation: str) -> None:
    for make in messages(codec).values():
        one = make()
        if not isinstance(one, tuple):
            assert getattr(one, operation)(make()) is NotImplemented


def test_copies_and_pickles(selected: Implementation) -> None:
    for name, make in messages(selected).items():
        thing = make()
        for again in (
            copy.copy(thing),
            copy.deepcopy(thing),
            *(pickle.loads(pickle.dumps(thing, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)),
        ):
            assert again == thing, name
            assert normal(again) == normal(thing), name
            assert type(again) is type(thing), name


def test_a_copy_is_on_its_own(codec: Implementation) -> None:
    for group in (made(codec), decoded(codec), unpacked(codec)):
        message = codec.Message((2, 0), 0, 1, [group])
        shallow, deep = copy.copy(message), copy.deepcopy(message)
        again = copy.copy(group)
        del group["job-id"]
        message.groups.append(codec.AttributeGroup(5))
        message.code = 1
        assert again == made(codec)
        assert shallow.groups == [group]
        assert shallow.code == 0
        assert deep == codec.Message((2, 0), 0, 1, [made(codec)])


@pytest.mark.parametrize("name", ["Attribute", "AttributeGroup", "Collection", "Message", "MessageDecoder"])
def test_classes_are_final(codec: Implementation, name: str) -> None:
    """So that the twins agree on what `encode` takes."""
    with pytest.raises(TypeError, match="is not an acceptable base type"):
        type("Other", (getattr(codec.codec, name),), {})


@pytest.mark.parametrize("name", ["Attribute", "AttributeGroup", "Collection", "Message"])
def test_made_without_the_constructor(codec: Implementation, name: str) -> None:
    """Whatever such an object does, the interpreter goes on."""
    kind: Any = getattr(codec.codec, name)
    thing = kind.__new__(kind)
    uses: list[Callable[[Any], object]] = [repr, hash, len, list, copy.copy, pickle.dumps, codec.encode]
    uses += [lambda each: each.get("x"), lambda each: each["x"], lambda each: each[0], lambda each: each.values]
    uses += [lambda each: each.tags, lambda each: codec.encode(codec.Message((2, 0), 0, 1, [each]))]
    for use in uses:
        try:
            result = use(thing)
        except Exception as error:
            result = error
        assert result is not NotImplemented
    assert codec.encode(codec.decode(octets(codec, made(codec)))) == octets(codec, made(codec))


def nested(codec: Implementation, depth: int) -> Collection:
    collection = codec.Collection()
    for _ in range(depth - 1):
        collection = codec.Collection([codec.Attribute("m", ValueTag.BEG_COLLECTION, collection)])
    return collection


def test_depth_of_collections_made_by_hand(codec: Implementation) -> None:
    deepest = nested(codec, 100)
    attribute = codec.Attribute("m", ValueTag.BEG_COLLECTION, deepest)
    with pytest.raises(ValueError, match=r"^collections nest at most 100 deep$"):
        codec.Collection([attribute])
    assert hash(deepest) == hash(nested(codec, 100))
    assert deepest == nested(codec, 100) != nested(codec, 99)
    assert repr(deepest).count("Collection(") == 100
    assert copy.deepcopy(deepest) is deepest
    assert len(octets(codec, codec.AttributeGroup(2, [attribute]))) == 8 + 1 + (6 + 5) + 99 * (6 + 5 + 5) + 1


# ---- repr ----


def test_repr(codec: Implementation) -> None:
    group = made(codec)
    assert repr(group["job-id"]) == "Attribute('job-id', ValueTag.INTEGER, [7])"
    assert repr(group["media-supported"]) == (
        "Attribute('media-supported', [ValueTag.KEYWORD, ValueTag.NAME], ['iso_a4_210x297mm', 'mine'])"
    )
    assert repr(codec.Attribute("x", 0x2F, [])) == "Attribute('x', 0x2f, [])"
    size = "Attribute('x-dimension', ValueTag.INTEGER, [21000]), Attribute('y-dimension', ValueTag.INTEGER, [29700])"
    media = f"Collection([Attribute('media-size', ValueTag.BEG_COLLECTION, [Collection([{size}])])])"
    assert repr(group.value("media-col")) == media
    assert repr(group) == (
        "<AttributeGroup job-attributes-tag: 'job-id', 'sides-supported', 'media-supported', 'job-id', and 3 more>"
    )
    assert repr(codec.AttributeGroup(0x0F)) == "<AttributeGroup group 0x0f: no attributes>"
    five = codec.AttributeGroup(1, [codec.Attribute(name, KEYWORD, "x") for name in "abcde"])
    assert repr(five) == "<AttributeGroup operation-attributes-tag: 'a', 'b', 'c', 'd', 'e'>"
    assert repr(codec.Message((2, 0), 0x400B, -1, [five])) == (
        f"<Message version (2, 0), code 0x400b, request-id -1, groups [{five!r}]>"
    )
    assert repr(codec.Message(None, "code", None)) == (  # type: ignore[arg-type]
        "<Message version None, code 'code', request-id None, groups []>"
    )


# What a value, an attribute and a collection show in a debugger can be pasted back.
PASTED: list[tuple[Any, Any]] = [
    (KEYWORD, ["none", "it's", "\u202e", "\udcff"]),
    ([INTEGER, ValueTag.RANGE_OF_INTEGER], [1, RangeOfInteger(1, 5)]),
    (ValueTag.RESOLUTION, Resolution(600, 600)),
    (ValueTag.DATE_TIME, DateTime(2026, 11, 22)),
    (ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage("x", "de")),
    (ValueTag.NO_VALUE, OutOfBand.NO_VALUE),
    (0xFE, [b"x", RawValue(b"x")]),
]


@pytest.mark.parametrize("row", PASTED, ids=repr)
def test_repr_can_be_pasted(codec: Implementation, row: tuple[Any, Any]) -> None:
    attribute = codec.Attribute("x", *row)
    collection = codec.Collection([attribute, attribute])
    names = {**vars(ippfast), **{name: getattr(codec, name) for name in ("Attribute", "Collection")}}
    assert eval(repr(attribute), names) == attribute
    assert eval(repr(collection), names) == collection


def is_safe(text: str) -> bool:
    """Has nothing that a terminal would act upon: controls, bidirectional marks, surrogates."""
    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text)


HOSTILE = [
    "\x1b]0;title\x07\x1b[31m",
    "\x00\x08\r\n\t\x7f\x85\x9b31m",
    "\u202eevil\u2066\u200f\ufeff\u061c",
    "\u2028\u2029",
    "\udcff\udc80",
    "\U000e0041",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_is_shown_is_safe(codec: Implementation, text: str) -> None:
    hostile: list[Any] = [text, text.encode("utf-8", "surrogateescape"), StringWithLanguage(text, text)]
    hostile.append(RawValue(hostile[1]))
    attribute = codec.Attribute(text, KEYWORD, hostile)
    collection = codec.Collection([attribute])
    group = codec.AttributeGroup(1, [attribute])
    message = codec.Message((2, 0), 0, 1, [group])
    for thing in (*hostile, attribute, collection, group, message):
        assert is_safe(repr(thing)), ascii(repr(thing))
    again = codec.decode(octets(codec, codec.AttributeGroup(1, [codec.Attribute(text, KEYWORD, text)])))
    assert is_safe(repr(again))
    assert is_safe(repr(again.groups[0][0]))
    with pytest.raises(EncodeError) as unfit:
        codec.encode(message)
    member = codec.Attribute(text, INTEGER, text)
    with pytest.raises(EncodeError) as unfit_member:
        octets(codec, codec.AttributeGroup(1, [codec.Attribute(text, 0x34, codec.Collection([member]))]))
    with pytest.raises(ValueError, match="values, not one") as several:
        attribute.value  # noqa: B018
    with pytest.raises(DecodeError) as refused:
        codec.decode(codec.encode(again)[:-1] + b"\x44\xff\xff")
    for caught in (unfit, unfit_member, several, refused):
        assert is_safe(str(caught.value)), ascii(str(caught.value))
        assert is_safe(repr(caught.value))
