"""Messages and their parts as they are compared, hashed, copied, pickled and shown.

The rule of this file: things are equal where they would be the same octets, equal things have one hash, a copy and
a pickle are equal to the original, and what is shown is safe on a terminal.
"""

import copy
import pickle
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from implementations import Implementation
from outcome import normal
from samples import decoded, made, octets, unpacked
from scale import ALL

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


def test_a_second_constructor(codec: Implementation) -> None:
    """Neither changes, so it stays the key that it is."""
    attribute = codec.Attribute("a", ValueTag.INTEGER, [1, 2])
    collection = codec.Collection([attribute])
    decoded = codec.decode(octets(codec, made(codec))).groups[0]
    keys: list[Any] = [attribute, collection, decoded["media-col"], decoded["media-col"].value]
    found = {key: repr(key) for key in keys}
    for key in keys:
        arguments: tuple[Any, ...] = ((),) if isinstance(key, codec.Collection) else ("b", ValueTag.ENUM, 5)
        with pytest.raises(TypeError, match=r"^an? (Attribute|Collection) does not change: make another$"):
            key.__init__(*arguments)
    assert {key: repr(key) for key in keys} == found


def test_what_is_made_meanwhile(codec: Implementation) -> None:
    """What the arguments are iterated with may call the constructor too: one of the two makes it."""

    def members() -> Iterator[Any]:
        collection.__init__([codec.Attribute("a", ValueTag.INTEGER, 1)])  # type: ignore[misc]
        yield codec.Attribute("m", ValueTag.BEG_COLLECTION, collection)

    def values() -> Iterator[int]:
        attribute.__init__("inner", ValueTag.INTEGER, 1)  # type: ignore[misc]
        yield 2

    def tags() -> Iterator[int]:
        tagged.__init__("inner", ValueTag.INTEGER, 1)  # type: ignore[misc]
        yield ValueTag.ENUM

    collection = codec.Collection.__new__(codec.Collection)
    with pytest.raises(TypeError, match=r"^a Collection does not change"):
        collection.__init__(members())  # type: ignore[misc]
    assert [each.name for each in collection] == ["a"]
    attribute = codec.Attribute.__new__(codec.Attribute)
    with pytest.raises(TypeError, match=r"^an Attribute does not change"):
        attribute.__init__("outer", ValueTag.INTEGER, values())  # type: ignore[misc]
    assert attribute == codec.Attribute("inner", ValueTag.INTEGER, 1)
    tagged = codec.Attribute.__new__(codec.Attribute)
    with pytest.raises(TypeError, match=r"^an Attribute does not change"):
        tagged.__init__("outer", tags(), 5)  # type: ignore[misc]
    assert tagged == codec.Attribute("inner", ValueTag.INTEGER, 1)


def test_what_failed_can_still_be_made(codec: Implementation) -> None:
    attribute = codec.Attribute.__new__(codec.Attribute)
    with pytest.raises(ValueError, match="1 values but 2 tags"):
        attribute.__init__("a", [ValueTag.INTEGER, ValueTag.ENUM], [1])  # type: ignore[misc]
    attribute.__init__("a", ValueTag.INTEGER, 1)  # type: ignore[misc]
    assert attribute == codec.Attribute("a", ValueTag.INTEGER, 1)


def test_nothing_is_inside_itself(codec: Implementation) -> None:
    """What its constructor has not finished can be held by nothing, so nothing that it then holds can hold it."""
    collection = codec.Collection.__new__(codec.Collection)
    held: list[Any] = [collection, [collection], [1, collection]]
    for values in held:
        with pytest.raises(TypeError, match=r"^a value is a Collection that its constructor has not finished$"):
            codec.Attribute("m", ValueTag.BEG_COLLECTION, values)
    attribute = codec.Attribute.__new__(codec.Attribute)
    group = codec.AttributeGroup(2, [])
    for use in (codec.Collection, group.extend, lambda each: codec.AttributeGroup(2, each)):
        with pytest.raises(TypeError, match=r"^a group holds no Attribute that its constructor has not finished$"):
            use([attribute])


def test_parts_are_no_values(codec: Implementation) -> None:
    """A chain of them, as long as one likes, would be freed each inside the one before."""
    group = made(codec)
    parts: list[Any] = [codec.Attribute("a", ValueTag.INTEGER, 1), group]
    for part in parts:
        held: list[Any] = [[part], [1, part], iter([part, 1])]
        for values in held:
            with pytest.raises(TypeError, match=rf"^{type(part).__name__} is no value of an attribute"):
                codec.Attribute("b", ValueTag.OCTET_STRING, values)
            with pytest.raises(TypeError, match="is no value of an attribute"):
                group["job-id"] = [part]
    assert group == made(codec)


LONG = 200_000 if ALL else 100_000


def test_long_chains_are_freed(codec: Implementation) -> None:
    """Messages hold anything as code, version and number, and named tuples anything at all."""
    message: Any = 1
    attribute: Any = "x"
    for _ in range(LONG):
        message = codec.Message(message, 1, 2)
        attribute = codec.Attribute("a", ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage(attribute, "en"))
    for use in (hash, repr):
        with pytest.raises(RecursionError):
            use(attribute)
    del message, attribute


def test_a_circle_through_what_is_no_value(codec: Implementation) -> None:
    """It must not be hashed without end."""
    collection = codec.Collection.__new__(codec.Collection)
    attribute = codec.Attribute("m", ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage(collection, "en"))
    collection.__init__([attribute])  # type: ignore[misc]
    for use in (hash, repr):
        with pytest.raises(RecursionError):
            use(collection)


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
