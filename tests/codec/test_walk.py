"""walk: every attribute with every value, collections included, in one loop.

The rule of this file: loops inside each other are the measure.
"""

import gc
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from implementations import Implementation
from outcome import normal
from samples import NAMES, Of, groups, made, parted
from scale import examples
from strategies import octets
from vectors import Vector, accepted, parametrize

from ippfast import RangeOfInteger, ValueTag
from ippfast.limits import MAX_DEPTH


def loops(owner: Any) -> Iterator[tuple[Any, Any]]:
    for part in owner.groups if hasattr(owner, "groups") else [owner]:
        for attribute in part:
            for value in attribute.values:
                yield attribute, value
                if type(value).__name__ == "Collection":
                    yield from loops(value)


def seen(pair: tuple[Any, Any]) -> Any:
    attribute, value = pair
    return type(pair), type(attribute), attribute.name, attribute.offset, normal(value)


def check(codec: Implementation, owner: Any) -> None:
    expected = [seen(pair) for pair in loops(owner)]
    assert [seen(pair) for pair in codec.walk(owner)] == expected
    kept = list(codec.walk(owner))
    assert [seen(pair) for pair in kept] == expected
    assert len({id(pair) for pair in kept}) == len(kept)
    names = [(attribute.name, type(value)) for attribute, value in codec.walk(owner)]
    assert names == [(attribute.name, type(value)) for attribute, value in kept]


@parametrize(accepted())
def test_vectors(codec: Implementation, vector: Vector) -> None:
    message = codec.decode(vector.octets)
    check(codec, message)
    for group in message.groups:
        check(codec, group)
        for _, value in codec.walk(group):
            if isinstance(value, codec.Collection):
                check(codec, value)


@settings(max_examples=examples(80))
@given(octets())
def test_any_message(codec: Implementation, message: bytes) -> None:
    check(codec, codec.decode(message))


@groups
def test_states_of_a_group(codec: Implementation, of: Of) -> None:
    group = of(codec)
    check(codec, group)
    check(codec, codec.Message((2, 0), 0, 1, [group, made(codec), group]))
    assert len(list(codec.walk(group))) == 12


def test_order(codec: Implementation) -> None:
    found = [(attribute.name, type(value).__name__) for attribute, value in codec.walk(made(codec))]
    assert found == [
        ("job-id", "int"),
        ("sides-supported", "str"),
        ("sides-supported", "str"),
        ("media-supported", "str"),
        ("media-supported", "str"),
        ("job-id", "int"),
        ("media-col", "Collection"),
        ("media-size", "Collection"),
        ("x-dimension", "int"),
        ("y-dimension", "int"),
        ("gr\u00f6\u00dfe", "str"),
        ("job-name", "OutOfBand"),
    ]


def test_nothing_to_walk(codec: Implementation) -> None:
    empty = codec.Collection()
    holder = codec.AttributeGroup(
        1, [codec.Attribute("x", ValueTag.BEG_COLLECTION, empty), codec.Attribute("y", 33, [])]
    )
    for owner in (codec.Message((2, 0), 0, 1), codec.AttributeGroup(1), empty):
        walk = codec.walk(owner)
        for _ in range(2):
            with pytest.raises(StopIteration):
                next(walk)
    assert [attribute.name for attribute, _ in codec.walk(holder)] == ["x"]
    assert list(codec.walk(codec.Message((2, 0), 0, 1, [codec.AttributeGroup(1)] * 1000))) == []


def test_what_cannot_be_walked(codec: Implementation) -> None:
    things: list[Any] = [None, [], b"", "x", codec.Attribute("x", 33, 1), codec.Message]
    for thing in things:
        with pytest.raises(TypeError, match=r"^walk takes a Message, an AttributeGroup or a Collection, not \w+$"):
            codec.walk(thing)
    message = codec.Message((2, 0), 0, 1, [None])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        list(codec.walk(message))


@groups
def test_pairs_that_are_kept_stay(codec: Implementation, of: Of) -> None:
    """Also where some are let go in between, and where the collector has seen them."""
    group = of(codec)
    expected = [seen(pair) for pair in loops(group)]
    random = Random(1)
    for _ in range(50):
        walk = codec.walk(group)
        kept = {}
        for place in range(len(expected)):
            pair = next(walk)
            if random.random() < 0.4:
                kept[place] = pair
            if random.random() < 0.1:
                gc.collect(0)
            hash(pair)
            del pair
        for place, pair in kept.items():
            assert seen(pair) == expected[place]
            assert hash(pair) == hash((pair[0], pair[1]))


@groups
def test_attributes_that_are_kept_stay(codec: Implementation, of: Of) -> None:
    """Without their pairs, whether one or several in a row are kept, and while the walk is inside a collection."""
    group = of(codec)
    expected = [seen(pair) for pair in loops(group)]
    random = Random(2)
    for _ in range(50):
        walk = codec.walk(codec.Message((2, 0), 0, 1, [group, group]))
        kept = {}
        for place in range(2 * len(expected)):
            attribute, value = next(walk)
            hashed = hash(attribute)
            if random.random() < 0.4:
                kept[place] = attribute, hashed
            if random.random() < 0.4:
                del attribute
            assert normal(value) == expected[place % len(expected)][-1]
        del walk
        for place, (attribute, hashed) in kept.items():
            assert seen((attribute, attribute.values[0]))[1:4] == expected[place % len(expected)][1:4]
            assert hash(attribute) == hashed


def test_an_attribute_is_not_made_anew_while_walking(codec: Implementation) -> None:
    """A collection of another message in it would take the walk out of its octets."""
    message = codec.decode(codec.encode(codec.Message((2, 0), 0, 1, [made(codec)] * 3)))
    expected = [seen(pair) for pair in loops(message)]
    foreign = codec.decode(codec.encode(codec.Message((2, 0), 0, 1, [made(codec)]))).groups[0]["media-col"].value
    found = []
    for attribute, value in codec.walk(message):
        with pytest.raises(TypeError, match=r"^an Attribute does not change: make another$"):
            attribute.__init__("other", ValueTag.BEG_COLLECTION, [foreign, foreign])  # type: ignore[misc]
        if isinstance(value, codec.Collection):
            with pytest.raises(TypeError, match=r"^a Collection does not change: make another$"):
                value.__init__(foreign)  # type: ignore[misc]
        found.append(seen((attribute, value)))
    assert found == expected


def test_a_pair_has_its_own_hash(codec: Implementation) -> None:
    for pair in codec.walk(made(codec)):
        assert hash(pair) == hash((pair[0], pair[1]))


@groups
def test_change_while_walking(codec: Implementation, of: Of) -> None:
    """It is as with iteration: a decoded group goes on as it was, a made one as it is."""
    group = of(codec)
    walk = codec.walk(group)
    names = [next(walk)[0].name]
    group.clear()
    names += [attribute.name for attribute, _ in walk]
    assert list(dict.fromkeys(names)) == (["job-id"] if of in (made, parted) else list(dict.fromkeys(INNER)))


INNER = [*NAMES[:5], "media-size", "x-dimension", "y-dimension", *NAMES[5:]]


@groups
def test_change_before_walking(codec: Implementation, of: Of) -> None:
    """Both twins go over what is there when they are asked to walk, and again over what a made group has by then."""
    group = of(codec)
    walk = codec.walk(group)
    group.clear()
    assert len(list(walk)) == (0 if of in (made, parted) else 12)


def test_groups_that_come_while_walking(codec: Implementation) -> None:
    message = codec.Message((2, 0), 0, 1, [made(codec)])
    walk = codec.walk(message)
    next(walk)
    message.groups.append(made(codec))
    assert len(list(walk)) == 11
    message.groups.clear()
    assert list(codec.walk(message)) == []


def test_a_walk_outlives_its_message(codec: Implementation) -> None:
    data = codec.encode(codec.Message((2, 0), 0, 1, [made(codec)] * 3))
    walk = codec.walk(codec.decode(data))
    assert iter(walk) is walk
    gc.collect()
    assert sum(1 for _ in walk) == 36


def test_deepest(codec: Implementation) -> None:
    collection = codec.Collection()
    for _ in range(99):
        member = codec.Attribute("m", ValueTag.BEG_COLLECTION, [collection, collection] if _ < 5 else collection)
        collection = codec.Collection([member, codec.Attribute("n", ValueTag.INTEGER, 1)])
    check(codec, collection)


def within(codec: Implementation, collection: Any, depth: int) -> Any:
    """A collection inside as many others."""
    for _ in range(depth):
        collection = codec.Collection([codec.Attribute("m", ValueTag.BEG_COLLECTION, collection)])
    return collection


@pytest.mark.parametrize("between", [0, 3])
def test_many_collections(codec: Implementation, between: int) -> None:
    """Each value of an attribute knows its own end and depth, however many come, with others between."""
    innermost = codec.Collection([codec.Attribute("n", ValueTag.INTEGER, 1)])
    for count in [1, 2, 15, 16, 17, 18, 40]:
        tags: list[int] = []
        values: list[Any] = []
        for place in range(count):
            tags += [ValueTag.BEG_COLLECTION] + [ValueTag.INTEGER] * between
            values += [within(codec, innermost, place * 3 % 8)] + [place] * between
        attribute = codec.Attribute("many", tags if between else ValueTag.BEG_COLLECTION, values)
        group = codec.AttributeGroup(1, [attribute, codec.Attribute("last", ValueTag.INTEGER, 1)])
        decoded = codec.decode(codec.encode(codec.Message((2, 0), 0, 1, [group]))).groups[0]
        check(codec, decoded)
        assert decoded["many"] == attribute
        assert decoded["last"].value == 1
        found = [value for value in decoded["many"].values if isinstance(value, codec.Collection)]
        for place, collection in enumerate(found):
            deepest = within(codec, collection, MAX_DEPTH - 1 - place * 3 % 8)
            with pytest.raises(ValueError, match=f"at most {MAX_DEPTH} deep"):
                within(codec, deepest, 1)


class Stepping:
    """Takes a step of a walk when it goes away."""

    def __init__(self, steps: "Steps") -> None:
        self.steps = steps

    def __del__(self) -> None:
        try:
            pair = next(self.steps.walk, None)
        except ValueError:  # a generator does not go on within itself
            return
        if pair is not None:
            self.steps.taken.append((pair, pair[0], pair[1]))


class Steps:
    walk: Any = iter(())

    def __init__(self) -> None:
        self.taken: list[tuple[Any, Any, Any]] = []


def test_a_walk_within_a_walk(codec: Implementation) -> None:
    """What is let go in the middle of a step may take a step of its own, and its pair is its own too."""
    steps = Steps()

    def group(place: int) -> Any:
        values: list[Any] = [Stepping(steps)]
        return codec.AttributeGroup(1, [codec.Attribute(f"a{place}", ValueTag.OCTET_STRING, values)])

    groups = [group(place) for place in range(20)]
    steps.walk = codec.walk(codec.Message((2, 0), 0, 1, groups))
    names = []
    for pair in steps.walk:  # no one but the walk holds the pair before
        names.append(pair[0].name)
        del pair
        for each in groups[: len(names) + len(steps.taken)]:
            each.clear()
    assert all(pair == (attribute, value) for pair, attribute, value in steps.taken)
    names += [attribute.name for _, attribute, _ in steps.taken]
    assert bool(steps.taken) is (codec.name == "cython")  # a generator takes no step within itself
    assert sorted(names) == sorted({f"a{place}" for place in range(20)})


def test_a_finalizer_that_ends_the_walk_meanwhile(codec: Implementation) -> None:
    """On CPython 3.11 it may run wherever a tuple is made, and the walk may be all that holds the message."""
    ranges = [RangeOfInteger(number * 1000, number * 1001) for number in range(40)]
    attributes = [codec.Attribute(f"a{number}", ValueTag.RANGE_OF_INTEGER, ranges[number:]) for number in range(40)]
    data = codec.encode(codec.Message((2, 0), 0, 1, [codec.AttributeGroup(1, attributes)]))

    class Cycle:
        def __init__(self, walk: Any) -> None:
            self.itself = self
            self.walk = walk

        def __del__(self) -> None:
            with suppress(ValueError):  # a generator does not go on within itself
                for _ in self.walk:
                    pass
            taken.append(b"\xff" * len(data))  # where the message was, if it has gone

    taken: list[bytes] = []
    before = gc.get_threshold()
    sizes = set()
    gc.freeze()  # what the other tests have made is not to be gone through again and again
    try:
        for threshold in range(1, 1200, 7):
            gc.collect()
            walk = codec.walk(codec.decode(bytearray(data)))
            Cycle(walk)
            gc.set_threshold(threshold)
            found = [(attribute.name, value) for attribute, value in walk]
            gc.set_threshold(*before)
            assert all(value in ranges[int(name[1:]) :] for name, value in found)
            sizes.add(len(found))
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
    assert max(sizes) == 820  # it is then that nothing happened meanwhile
