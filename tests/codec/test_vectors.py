"""Every vector: what `decode` makes of it, and that all ways back give the same octets.

The rule of this file: the indexes beside the vectors are the law, and both twins keep it.
"""

import copy
import pickle
from collections.abc import Callable

import pytest
from implementations import Implementation
from outcome import attributes_of, rebuild
from vectors import Vector, accepted, every, parametrize, refused

import ippfast
from ippfast import AttributeGroup, DecodeError, Message, RawValue


def unpack(message: Message) -> None:
    for attribute in attributes_of(message):
        assert attribute.values


def untouched(codec: Implementation, message: Message) -> Message:
    return message


def unpacked(codec: Implementation, message: Message) -> Message:
    unpack(message)
    for group in message.groups:
        assert len(list(reversed(group))) == len(group)  # keeps all attributes
    return message


def looked_up(codec: Implementation, message: Message) -> Message:
    for group in message.groups:
        for attribute in list(group)[::2]:
            assert attribute.name in group
            assert group.get_all(attribute.name)
    return message


def mixed(codec: Implementation, message: Message) -> Message:
    """Every other group made by hand, with the collections of the rest still slices."""
    message.groups = [
        codec.AttributeGroup(group.tag, group) if place % 2 else group for place, group in enumerate(message.groups)
    ]
    return message


def regrouped(codec: Implementation, message: Message) -> Message:
    """New groups and attributes around values that are still slices of the wire."""

    def group(old: AttributeGroup) -> AttributeGroup:
        return codec.AttributeGroup(old.tag, [codec.Attribute(each.name, each.tags, each.values) for each in old])

    return codec.Message(message.version, message.code, message.request_id, map(group, message.groups))


def changed_back(codec: Implementation, message: Message) -> Message:
    for group in message.groups:
        extra = codec.Attribute("x-extra", ippfast.ValueTag.NO_VALUE, ippfast.OutOfBand.NO_VALUE)
        group.append(extra)
        assert group[-1] is extra
        del group[-1]
    return message


def pickled(codec: Implementation, message: Message) -> Message:
    again: Message = pickle.loads(pickle.dumps(message))
    assert again == message
    return again


def copied(codec: Implementation, message: Message) -> Message:
    again = copy.copy(message)
    assert again == message
    return again


def deepcopied(codec: Implementation, message: Message) -> Message:
    again = copy.deepcopy(message)
    assert again == message
    assert all(new is not old for new, old in zip(again.groups, message.groups, strict=True))
    return again


FORMS: tuple[Callable[[Implementation, Message], Message], ...] = (
    untouched,
    unpacked,
    looked_up,
    mixed,
    regrouped,
    rebuild,
    changed_back,
    pickled,
    copied,
    deepcopied,
)


@parametrize(accepted())
def test_accepted(selected: Implementation, vector: Vector) -> None:
    message, size = selected.decode_prefix(vector.octets)
    assert size == vector.offset
    octets = vector.octets[:size]
    if vector.raw_values is not None:
        values = [value for attribute in attributes_of(message) for value in attribute.values]
        assert sum(isinstance(value, RawValue) for value in values) == vector.raw_values
    for form in FORMS:
        assert selected.encode(form(selected, selected.decode(vector.octets))) == octets, form.__name__


@parametrize(refused())
def test_refused(codec: Implementation, vector: Vector) -> None:
    with pytest.raises(DecodeError) as caught:
        codec.decode(vector.octets)
    assert type(caught.value).__name__ == vector.outcome
    assert caught.value.offset == vector.offset
    words = str(caught.value)
    assert words.startswith(f"offset 0x{vector.offset:x}")
    assert "expected " in words
    assert ", got " in words
    assert words.endswith(f"(RFC 8010 section {caught.value.section})")


@parametrize(every())
def test_any(codec: Implementation, vector: Vector) -> None:
    """Also of those octets of which nothing is known: they are refused, or given back."""
    try:
        message, size = codec.decode_prefix(vector.octets)
    except DecodeError as error:
        where = error.offset
    else:
        where = size
        assert codec.encode(rebuild(codec, message)) == vector.octets[:size]
    assert 0 <= where <= len(vector.octets)


@parametrize(accepted())
def test_only(codec: Implementation, vector: Vector) -> None:
    """`only` gives what a message would hold that had no other attributes."""
    whole = codec.decode(vector.octets)
    names = sorted({attribute.name for group in whole.groups for attribute in group})
    for only in ([], names[::2], names, ["x-absent"]):
        message = codec.decode(vector.octets, only=only)
        groups = [
            codec.AttributeGroup(group.tag, [each for each in group if each.name in only]) for group in whole.groups
        ]
        assert message == codec.Message(whole.version, whole.code, whole.request_id, groups)
        assert [[each.offset for each in group] for group in message.groups] == [
            [each.offset for each in group] for group in groups
        ]
        assert codec.decode(codec.encode(message)) == message
