"""The short way to plain data and back: it comes to what the long way comes to, or leaves it to that.

The rule of this file: nothing here says what is right, only that both ways say the same; `test_views.py` and
`test_dictionaries.py` say what is right.
"""

import copy
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest
import vectors
from fuzzing import bend
from implementations import COMPILED, IMPLEMENTATIONS, PURE, Implementation
from outcome import outcome

import ippfast
from ippfast import IMPLEMENTATION, Message, dictionaries, views

BENT = 4  # copies of each vector
ODD: list[Any] = [
    *(None, True, 1, -1, 300, 1.5, "x", "integer", "begCollection", [], {}, [[]], {"octets": "00f"}, {"octets": "00"}),
    {"octets": "00", "more": 1},
    *({"octets": 1}, {"malformed": "00"}, {"lower": 1, "upper": 2}, {"lower": 1}),
    {"cross_feed": 1, "feed": 2, "units": 3},
    *({"string": "a", "language": "en"}, {"tag": "keyword", "value": "a"}, {"name": "a", "values": []}),
]  # fmt: skip

Ways = Callable[..., Any]


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> Ways:
    """What a function comes to without the short way."""

    def go(function: Ways, *arguments: Any, **named: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(views, "to_plain", PURE.to_plain)
            patch.setattr(dictionaries, "short", PURE)
            return outcome(function, *arguments, **named)

    return go


def bent(random: Random, data: Any) -> Any:
    """The data with something else at some place in it."""
    made = data = copy.deepcopy(data)
    for _ in range(random.randrange(12)):
        keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else []
        if not keys:
            break
        key = random.choice(list(keys))
        if random.random() < 0.2:
            if random.random() < 0.5:
                data[key] = copy.deepcopy(random.choice(ODD))
            elif isinstance(data, dict):
                data.pop(key) if random.random() < 0.5 else data.update(more=1)
            break
        data = data[key]
    return made


@vectors.parametrize(vectors.accepted())
def test_vectors(vector: vectors.Vector, long_way: Ways) -> None:
    random, others = Random(vector.name), vectors.accepted()
    bends = [bend(random, vector.octets[:2000], random.choice(others).octets) for _ in range(BENT)]
    for octets in (vector.octets, *bends):
        with suppress(ippfast.IPPError):
            message = ippfast.decode(octets)
            assert outcome(message.to_dict) == long_way(message.to_dict)
            assert outcome(message.to_dict, tags=True) == long_way(message.to_dict, tags=True)
            for group in message.groups:
                for charset in ("us-ascii", "iso-8859-1", "no-charset"):
                    assert outcome(views.group_to_dict, group, charset) == long_way(views.group_to_dict, group, charset)
            data = message.to_dict(tags=True)
            for _ in range(BENT):
                assert outcome(Message.from_dict, data) == long_way(Message.from_dict, data)
                data = bent(random, message.to_dict(tags=True))


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "tag", ["integer", "rangeOfInteger", "resolution", "octetString", "textWithLanguage", 0x13, 0x7F]
)
def test_odd_values(tag: Any, value: Any, long_way: Ways) -> None:
    entry = {"tag": tag, "value": value}
    for values in ([entry], [entry, {"tag": "keyword", "value": "a"}], [value], value):
        data = {"code": 2, "groups": [{"tag": 2, "attributes": [{"name": "a", "values": values}]}]}
        assert outcome(Message.from_dict, data) == long_way(Message.from_dict, data)
        data = {"code": 2, "groups": [{"tag": 2, "attributes": [{"name": value, "values": [entry]}]}]}
        assert outcome(Message.from_dict, data) == long_way(Message.from_dict, data)


@pytest.mark.parametrize("depth", [99, 100, 101, 102, 5000])
def test_deep_data(depth: int, long_way: Ways) -> None:
    value: Any = []
    for _ in range(depth - 1):
        value = [{"name": "a", "values": [{"tag": "begCollection", "value": value}]}]
    data = {"code": 2, "groups": [{"tag": 2, "attributes": value}]}
    assert outcome(Message.from_dict, data)[0] == long_way(Message.from_dict, data)[0]


def test_a_name_that_looks_like_a_path(long_way: Ways) -> None:
    head = bytes.fromhex("0200 0000 00000001 02 44 0014") + b"media-col/media-type"
    message = ippfast.decode(head + b"\x00\x05plain\x03")
    assert outcome(message.to_dict) == long_way(message.to_dict)


def test_a_charset_in_which_us_ascii_is_something_else(long_way: Ways) -> None:
    group = ippfast.decode(bytes.fromhex("0200 0000 00000001 02 42 0001 61 0004") + b"a~~b\x03").groups[0]
    assert views.group_to_dict(group, "hz") == {"a": ["a~b"]}
    assert outcome(views.group_to_dict, group, "hz") == long_way(views.group_to_dict, group, "hz")


@pytest.mark.parametrize("codec", IMPLEMENTATIONS, ids=str)
def test_the_short_way_is_gone(codec: Implementation) -> None:
    """Otherwise nothing above would have gone it."""
    if codec.name == IMPLEMENTATION:
        group = ippfast.decode(bytes.fromhex("0200 0000 00000001 02 44 0001 61 0001 62 03")).groups[0]
        found = (codec.to_plain(group, 2, False, None), codec.to_tagged(group, None), codec.from_tagged([], None))
        assert found == (({"a": ["b"]}, [ENTRY], []) if codec is COMPILED else (None, None, None))


ENTRY = {"name": "a", "values": [{"tag": "keyword", "value": "b"}]}
