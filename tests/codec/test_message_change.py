"""Groups and messages that are changed: by name, by position, and while they are iterated over.

The rule of this file: a change is seen by every way of reading at once, and one that is refused changes nothing.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from implementations import Implementation
from samples import NAMES, Of, decoded, groups, made, octets, unpacked
from strategies import octets as octets_of_messages

from ippfast import Attribute, AttributeGroup, EncodeError, OutOfBand, StringWithLanguage, ValueTag

INTEGER, KEYWORD = ValueTag.INTEGER, ValueTag.KEYWORD

Change = Callable[[Implementation, AttributeGroup], None]


def replaced(codec: Implementation, group: AttributeGroup) -> None:
    group["job-id"] = codec.Attribute("job-id", INTEGER, 9)


def revalued(codec: Implementation, group: AttributeGroup) -> None:
    group["sides-supported"] = ["one-sided"]
    group["job-id"] = 9


def added(codec: Implementation, group: AttributeGroup) -> None:
    group["copies"] = codec.Attribute("copies", INTEGER, 2)


def removed(codec: Implementation, group: AttributeGroup) -> None:
    del group["job-id"]


def placed(codec: Implementation, group: AttributeGroup) -> None:
    group[-1] = codec.Attribute("copies", INTEGER, 2)
    group.insert(0, codec.Attribute("first", INTEGER, 0))
    group.insert(100, codec.Attribute("last", INTEGER, 0))
    del group[1:3]
    del group[-2]


def sliced(codec: Implementation, group: AttributeGroup) -> None:
    group[0:2] = [codec.Attribute("first", INTEGER, 0), codec.Attribute("second", INTEGER, 0)]
    group[-1:] = []
    group[::3] = (codec.Attribute(name, INTEGER, 1) for name in ("copies", "job-priority"))
    group[100:] = [group[1]]


def taken(codec: Implementation, group: AttributeGroup) -> None:
    assert group.pop().name == "job-name"
    assert group.pop(1).name == "sides-supported"
    assert group.pop(-2).name == "media-col"
    group.remove(codec.Attribute("job-id", INTEGER, 8))


def extended(codec: Implementation, group: AttributeGroup) -> None:
    group.extend(group)
    group.append(codec.Attribute("copies", INTEGER, 2))


def cleared(codec: Implementation, group: AttributeGroup) -> None:
    group.clear()


CHANGES: dict[Change, list[str]] = {
    replaced: ["job-id", *NAMES[1:3], *NAMES[4:]],
    revalued: ["job-id", *NAMES[1:3], *NAMES[4:]],
    added: [*NAMES, "copies"],
    sliced: ["copies", "second", "media-supported", "job-priority", "media-col", "gr\u00f6\u00dfe", "second"],
    taken: ["job-id", "media-supported", "gr\u00f6\u00dfe"],
    removed: [*NAMES[1:3], *NAMES[4:]],
    placed: ["first", *NAMES[2:6], "last"],
    extended: [*NAMES, *NAMES, "copies"],
    cleared: [],
}


@groups
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_change(codec: Implementation, of: Of, change: Change) -> None:
    group = of(codec)
    change(codec, group)
    assert [attribute.name for attribute in group] == CHANGES[change]
    assert len(group) == len(CHANGES[change])
    again = codec.decode(octets(codec, group)).groups[0]
    assert again == group
    assert [group.get(name) for name in NAMES] == [again.get(name) for name in NAMES]


def test_change_by_name_is_seen_at_once(codec: Implementation) -> None:
    group = decoded(codec)
    group["job-id"] = 9
    assert group["job-id"] == codec.Attribute("job-id", INTEGER, 9)
    group["sides-supported"] = ["a", "b", "c"]
    assert group["sides-supported"].values == ("a", "b", "c")
    group["job-name"] = OutOfBand.NO_VALUE
    assert group["job-name"].tag is ValueTag.NO_VALUE
    del group["job-id"]
    assert "job-id" not in group


# what is done: the exception and its words
REFUSED_CHANGES: dict[str, tuple[Callable[[Implementation, Any], object], type[Exception], str]] = {
    "values without an attribute": (
        lambda codec, group: group.__setitem__("copies", 2),
        KeyError,
        "there is no attribute 'copies' whose tag the values could take: assign an Attribute",
    ),
    "another name": (
        lambda codec, group: group.__setitem__("copies", codec.Attribute("job-id", 0x21, 1)),
        ValueError,
        "an attribute named 'job-id' cannot stand under 'copies'",
    ),
    "several tags": (
        lambda codec, group: group.__setitem__("media-supported", ["a", "b"]),
        ValueError,
        "the values of 'media-supported' have several tags: assign an Attribute",
    ),
    "no values": (
        lambda codec, group: group.__setitem__("job-id", None),
        TypeError,
        "'NoneType' object is not iterable",
    ),
    "value at a position": (
        lambda codec, group: group.__setitem__(0, 5),
        TypeError,
        "a group holds Attribute objects, not int",
    ),
    "position out of range": (
        lambda codec, group: group.__setitem__(99, codec.Attribute("x", 0x21, 1)),
        IndexError,
        "list assignment index out of range",
    ),
    "something else in a slice": (
        lambda codec, group: group.__setitem__(slice(0, 1), [codec.Attribute("x", 0x21, 1), 5]),
        TypeError,
        "a group holds Attribute objects, not int",
    ),
    "a value in a slice": (lambda codec, group: group.__setitem__(slice(0, 1), 5), TypeError, "not iterable"),
    "too many in a slice with steps": (
        lambda codec, group: group.__setitem__(slice(0, 4, 2), [codec.Attribute("x", 0x21, 1)]),
        ValueError,
        "attempt to assign sequence of size 1 to extended slice of size 2",
    ),
    "pop out of range": (lambda codec, group: group.pop(99), IndexError, "pop index out of range"),
    "pop by name": (lambda codec, group: group.pop("job-id"), TypeError, "cannot be interpreted as an integer"),
    "remove absent": (
        lambda codec, group: group.remove(codec.Attribute("job-id", 0x21, 9)),
        ValueError,
        "Attribute('job-id', ValueTag.INTEGER, [9]) is not in it",
    ),
    "delete absent": (lambda codec, group: group.__delitem__("copies"), KeyError, "copies"),
    "delete out of range": (
        lambda codec, group: group.__delitem__(99),
        IndexError,
        "list assignment index out of range",
    ),
    "append": (lambda codec, group: group.append(("x", 0x21, 1)), TypeError, "not tuple"),
    "insert": (lambda codec, group: group.insert(0, None), TypeError, "not NoneType"),
    "extend": (lambda codec, group: group.extend(["job-id"]), TypeError, "not str"),
    "extend nothing": (lambda codec, group: group.extend(None), TypeError, "not iterable"),
}


@groups
@pytest.mark.parametrize("row", REFUSED_CHANGES)
def test_refused_change(codec: Implementation, of: Of, row: str) -> None:
    """Nothing has changed after it."""
    change, kind, words = REFUSED_CHANGES[row]
    group = of(codec)
    before = octets(codec, group)
    with pytest.raises(kind) as caught:
        change(codec, group)
    assert type(caught.value) is kind
    assert str(caught.value.args[0]).endswith(words)
    assert octets(codec, group) == before
    assert group == made(codec)


def test_change_of_one_group_leaves_the_rest(codec: Implementation) -> None:
    data = codec.encode(codec.Message((2, 0), 0, 1, [made(codec), made(codec)]))
    message = codec.decode(data)
    message.groups[0]["job-id"] = 9
    assert message.groups[1] == made(codec)
    del message.groups[0]
    assert codec.encode(message) == octets(codec, made(codec))


# One change by name: the attribute, and its new value; None deletes it.
by_name = st.tuples(st.sampled_from([*NAMES, "copies", "x-dimension"]), st.none() | st.sampled_from(["", "blue"]))


@given(data=octets_of_messages(), changes=st.lists(by_name, max_size=4), read_between=st.booleans())
def test_changes_by_name_leave_the_rest_octet_by_octet(
    codec: Implementation, data: bytes, changes: list[tuple[str, str | None]], read_between: bool
) -> None:
    """Against a list of attributes, each encoded by itself."""
    message = codec.decode(data)
    for group in message.groups:
        model = [(attribute.name, attribute) for attribute in group]
        names = sorted({name for name, _ in model})
        for number, (name, value) in enumerate(changes):
            name = names[number % len(names)] if names and number % 2 else name
            places = [place for place, (other, _) in enumerate(model) if other == name]
            if value is None and not places:
                with pytest.raises(KeyError):
                    del group[name]
                continue
            new = [] if value is None else [(name, codec.Attribute(name, KEYWORD, value))]
            if value is None:
                del group[name]
            else:
                group[name] = new[0][1]
            kept = [pair for pair in model if pair[0] != name]
            first = places[0] if places else len(model)
            model = [*kept[:first], *new, *kept[first:]]
            if read_between:
                assert group.get(name) == (new[0][1] if new else None)
        expected = codec.AttributeGroup(group.tag, [attribute for _, attribute in model])
        assert octets(codec, group) == octets(codec, expected)
        assert list(group) == list(expected)
        assert [attribute.offset for attribute in group] == [attribute.offset for attribute in expected]
        assert octets(codec, group) == octets(codec, expected)


def test_a_replaced_attribute_whose_value_takes_the_message_apart(codec: Implementation) -> None:
    """A value's code may run while it is encoded: what follows the attribute in its slice is still there."""
    taken: list[object] = []

    def take_apart(_self: object) -> str:
        message.groups[0].clear()
        message.groups.clear()
        # Whoever gets the memory that was given back writes over it.
        taken.extend([codec.decode(other), codec.Attribute("job-id", INTEGER, number)] for number in range(200))
        return "en"

    class Apart(StringWithLanguage):
        language = property(take_apart)

    other = octets(codec, codec.AttributeGroup(2, [codec.Attribute("x" * 80, KEYWORD, "y" * 400)]))
    names = ["first", "job-name", "last"]
    message = codec.decode(octets(codec, codec.AttributeGroup(2, [codec.Attribute(n, KEYWORD, "z") for n in names])))
    message.groups[0]["job-name"] = codec.Attribute("job-name", ValueTag.NAME_WITH_LANGUAGE, Apart("text", ""))
    again = codec.decode(codec.encode(message))
    assert [attribute.name for attribute in again.groups[0]] == names
    assert again.groups[0]["job-name"].value == StringWithLanguage("text", "en")
    assert not message.groups


def test_one_change_by_name_then_another(codec: Implementation) -> None:
    """Whatever is done to a group of which one attribute was replaced or removed, the rest stays as it came."""

    def revalue(group: AttributeGroup) -> None:
        if "b" in group:
            group["b"] = "newer"

    *attributes, added = (codec.Attribute(name, KEYWORD, f"of {name}") for name in ("a", "b", "c", "d"))
    data = octets(codec, codec.AttributeGroup(2, attributes))
    first: dict[str, Callable[[AttributeGroup], object]] = {
        "a value": lambda group: group.__setitem__("b", "new"),
        "an attribute": lambda group: group.__setitem__("b", codec.Attribute("b", KEYWORD, "new")),
        "none": lambda group: group.__delitem__("b"),
    }
    second: dict[str, tuple[Callable[[AttributeGroup], object], dict[str, str]]] = {
        "nothing": (lambda group: None, {"a": "of a", "b": "new", "c": "of c"}),
        "a value": (revalue, {"a": "of a", "b": "newer", "c": "of c"}),
        "before": (lambda group: group.__setitem__("a", "newer"), {"a": "newer", "b": "new", "c": "of c"}),
        "behind": (lambda group: group.__delitem__("c"), {"a": "of a", "b": "new"}),
        "append": (lambda group: group.append(added), {"a": "of a", "b": "new", "c": "of c", "d": "of d"}),
        "at a position": (lambda group: group.__setitem__(0, added), {"d": "of d", "b": "new", "c": "of c"}),
        "clear": (lambda group: group.clear(), {}),
    }
    for way, change in first.items():
        for then, wanted in second.values():
            group = codec.decode(data).groups[0]
            change(group)
            then(group)
            expected = [(name, value) for name, value in wanted.items() if (way, name) != ("none", "b")]
            again = codec.decode(octets(codec, group)).groups[0]
            assert [(attribute.name, attribute.value) for attribute in again] == expected
            assert [(attribute.name, attribute.value) for attribute in group] == expected
            assert len(group) == len(expected)


@groups
def test_iteration_while_a_group_changes(codec: Implementation, of: Of) -> None:
    """Ends, and crashes nothing; a decoded group goes on as it was when the iteration began."""
    group = of(codec)
    expected = NAMES if of in (decoded, unpacked) else NAMES[:1]
    iterator: Iterator[Attribute] = iter(group)
    seen = [next(iterator).name]
    group.clear()
    seen += [attribute.name for attribute in iterator]
    assert seen == expected
    assert len(group) == 0
    with pytest.raises(StopIteration):
        next(iterator)


def test_iterators_outlive_what_they_go_over(codec: Implementation) -> None:
    iterator = iter(decoded(codec))
    assert iter(iterator) is iterator
    members = iter(decoded(codec).value("media-col"))
    assert [attribute.name for attribute in iterator] == NAMES
    assert [attribute.name for attribute in members] == ["media-size"]


def test_groups_is_a_plain_list(codec: Implementation) -> None:
    given = (codec.AttributeGroup(tag) for tag in (1, 2))
    message = codec.Message((2, 0), 0, 1, given)
    assert type(message.groups) is list
    message.groups.insert(1, codec.AttributeGroup(4))
    assert codec.encode(message)[8:] == b"\x01\x04\x02\x03"
    for replacement in ([codec.AttributeGroup(5)], (codec.AttributeGroup(5),), iter([codec.AttributeGroup(5)])):
        message.groups = replacement  # type: ignore[assignment]
        assert codec.encode(message)[8:] == b"\x05\x03"
    assert type(codec.decode(b"\x02\x00\x00\x00\x00\x00\x00\x01\x03").groups) is list


REARRANGED: dict[str, Callable[[Any, Any], Any]] = {
    "version": lambda message, other: setattr(message, "version", (1, 1)),
    "code": lambda message, other: setattr(message, "code", 0x0401),
    "request_id": lambda message, other: setattr(message, "request_id", -2),
    "none": lambda message, other: message.groups.clear(),
    "first alone": lambda message, other: message.groups.__delitem__(slice(1, None)),
    "last alone": lambda message, other: message.groups.__delitem__(slice(-1)),
    "backwards": lambda message, other: message.groups.reverse(),
    "one twice": lambda message, other: message.groups.insert(1, message.groups[0]),
    "another's": lambda message, other: message.groups.__setitem__(1, other.groups[1]),
    "all another's": lambda message, other: setattr(message, "groups", other.groups),
    "a tuple": lambda message, other: setattr(message, "groups", tuple(message.groups[:2])),
    "one changed": lambda message, other: message.groups[1].__setitem__("job-id", 77),
    "one read": lambda message, other: message.groups[1][0],
    "nothing": lambda message, other: None,
}


@pytest.mark.parametrize("way", REARRANGED)
def test_a_decoded_message_is_encoded_as_it_is_now(codec: Implementation, way: str) -> None:
    """Against the same change of a message that no octets stand behind."""
    job = codec.AttributeGroup(2, [codec.Attribute("job-id", INTEGER, 1)])
    first = codec.Message((2, 0), 2, 1, [made(codec), job, codec.AttributeGroup(4), made(codec)])
    second = codec.Message((1, 0), 3, 9, [made(codec), codec.AttributeGroup(5, job), made(codec)])
    message, other = (codec.decode(codec.encode(each)) for each in (first, second))
    REARRANGED[way](message, other)
    REARRANGED[way](first, second)
    expected = codec.encode(first)
    assert codec.encode(message) == expected
    assert codec.encode(message) == expected


@pytest.mark.parametrize(
    ("field", "value"), [("version", (True, 0)), ("version", (2, 0, 0)), ("code", True), ("request_id", True)]
)
def test_a_decoded_header_is_checked_all_the_same(codec: Implementation, field: str, value: Any) -> None:
    message = codec.decode(bytes.fromhex("0100 0001 00000001 01 03"))
    setattr(message, field, value)
    with pytest.raises(EncodeError, match="request_id"):
        codec.encode(message)
