"""Limits: each at its bound and one over; and messages that were made to exhaust whoever reads them.

The rule of this file: whatever comes, there is a `LimitError` or another `DecodeError` and the memory is bounded. It is
measured in a process of its own, which `hostile.py` is.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hostile
import pytest
from hostile import HEADER, deep, token
from implementations import Implementation
from outcome import normal, outcome
from vectors import accepted

import ippfast
from ippfast import (
    DEFAULT_LIMITS,
    REQUEST_LIMITS,
    DecodeError,
    LimitError,
    Limits,
    Message,
    MessageDecoder,
    TruncatedError,
)
from ippfast.limits import MAX_DEPTH

MIB = 1024 * 1024
COLLECTION = hostile.BEGIN
FINISH = hostile.FINISH
NOTHING = token(0x13, b"", b"")


def members(count: int) -> bytes:
    return token(0x34, b"c", b"") + (hostile.MEMBER + NOTHING) * count + FINISH


def wrap(tokens: bytes) -> bytes:
    return HEADER + tokens + b"\x03"


# What each limit counts. name of the row: the limit, a message with so many of them, the offset of the last of them
COUNTED: dict[str, tuple[str, Callable[[int], bytes], Callable[[int], int]]] = {
    "groups": ("max_groups", lambda count: wrap(b"\x02" * count), lambda count: 7 + count),
    "groups of every tag": (
        "max_groups",
        lambda count: wrap((bytes(range(4, 16)) * count)[:count]),
        lambda count: 7 + count,
    ),
    "groups with attributes": (
        "max_groups",
        lambda count: wrap((b"\x02" + token(0x13, b"a", b"")) * count),
        lambda count: 8 + 7 * (count - 1),
    ),
    "attributes": (
        "max_attributes",
        lambda count: wrap(b"\x01" + token(0x13, b"a", b"") * count),
        lambda count: 9 + 6 * (count - 1),
    ),
    "attributes over groups": (
        "max_attributes",
        lambda count: wrap((b"\x01" + token(0x13, b"a", b"")) * count),
        lambda count: 9 + 7 * (count - 1),
    ),
    "attributes with members": (
        "max_attributes",
        lambda count: wrap(b"\x01" + members(count - 1)),
        lambda count: 9 + (6 + 11 * (count - 2) if count > 1 else 0),
    ),
    "values": (
        "max_values",
        lambda count: wrap(b"\x01" + token(0x13, b"a", b"") + NOTHING * (count - 1)),
        lambda count: 9 + (6 + 5 * (count - 2) if count > 1 else 0),
    ),
    "values over attributes": (
        "max_values",
        lambda count: wrap(b"\x01" + token(0x13, b"a", b"") * count),
        lambda count: 9 + 6 * (count - 1),
    ),
    "values that are collections": (
        "max_values",
        lambda count: wrap(b"\x01" + token(0x34, b"a", b"") + FINISH + (COLLECTION + FINISH) * (count - 1)),
        lambda count: 9 + (11 + 10 * (count - 2) if count > 1 else 0),
    ),
    "values of members": (
        "max_values",
        lambda count: wrap(b"\x01" + members(count - 1)),
        lambda count: 9 + (12 + 11 * (count - 2) if count > 1 else 0),
    ),
    "depth": ("max_depth", deep, lambda count: 9 + (12 + 11 * (count - 2) if count > 1 else 0)),
    "depth of the last of many": (
        "max_depth",
        lambda count: wrap(b"\x01" + token(0x34, b"a", b"") + FINISH + token(0x34, b"c", b"") + deep(count)[15:-1]),
        lambda count: 32 + 11 * (count - 2) if count > 1 else 9,
    ),
}


@pytest.mark.parametrize("row", COUNTED)
@pytest.mark.parametrize("bound", [1, 2, 3, 8, 24, 60, 100])
def test_at_the_bound_and_one_over(codec: Implementation, row: str, bound: int) -> None:
    limit, make, last = COUNTED[row]
    wide = {"max_depth": 100}
    limits = Limits(**{**wide, limit: bound})
    data = make(bound)
    assert codec.encode(codec.decode(data, limits=limits)) == data
    if bound == 100 and limit == "max_depth":
        data = make(101)
    else:
        data = make(bound + 1)
        assert codec.encode(codec.decode(data, limits=Limits(**wide))) == data
    with pytest.raises(LimitError) as caught:
        codec.decode(data, limits=limits)
    assert caught.value.offset == last(bound + 1)
    assert f"Limits.{limit}" in caught.value.expected
    assert f" {bound} " in caught.value.expected
    assert caught.value.status == 0x0408


@pytest.mark.parametrize("row", COUNTED)
def test_none_at_all(codec: Implementation, row: str) -> None:
    limit, make, last = COUNTED[row]
    limits = Limits(**{limit: 0})
    assert codec.decode(HEADER + b"\x03", limits=limits) == codec.Message((2, 0), 11, 1)
    with pytest.raises(LimitError) as caught:
        codec.decode(make(1), limits=limits)
    assert caught.value.offset == last(1)


def test_octets(codec: Implementation) -> None:
    """Over a bound of octets the offset is that of the token that is over it; the document does not count."""
    data = deep(3)
    for tail in (b"", b"%PDF-1.7"):
        whole = data + tail
        assert codec.encode(codec.decode(whole, limits=Limits(max_octets=len(data)))) == data
        for bound in range(len(data)):
            with pytest.raises(LimitError) as caught:
                codec.decode(whole, limits=Limits(max_octets=bound))
            assert caught.value.offset <= bound
            assert caught.value.expected == f"at most {bound} octets (Limits.max_octets)"
            assert caught.value.found == "more"


def test_octets_of_what_ends_at_the_bound(codec: Implementation) -> None:
    """A message that is cut at the bound is over it, one that is cut before is truncated."""
    data = deep(3)
    for end in range(len(data)):
        # At 20 it is known that the value ends at 21.
        expected = LimitError if end >= 20 else TruncatedError
        assert outcome(codec.decode, data[:end], limits=Limits(max_octets=20))[1][0] is expected


def test_a_fault_before_the_bound_comes_first(codec: Implementation) -> None:
    with pytest.raises(DecodeError, match="reserved tag") as caught:
        codec.decode(HEADER + b"\x00" + bytes(100), limits=Limits(max_octets=9))
    assert caught.value.offset == 8


OUT_OF_RANGE = [(name, value) for name in Limits._fields for value in (-1, 2**31, 1.0, True, None, "8")]


@pytest.mark.parametrize(("name", "value"), [*OUT_OF_RANGE, ("max_depth", 101)])
def test_bounds_out_of_range(codec: Implementation, name: str, value: Any) -> None:
    """A bound that the twins could not keep is none, however it is made."""
    with pytest.raises(ValueError, match=rf"^{name} is an int from 0 to [\d,]+, not {value!r}$"):
        Limits(**{name: value})
    with pytest.raises(ValueError, match=f"^{name} is"):
        DEFAULT_LIMITS._replace(**{name: value})
    values = [value if field == name else bound for field, bound in DEFAULT_LIMITS._asdict().items()]
    forged = tuple.__new__(Limits, values)
    for use in (codec.decode, codec.decode_prefix):
        with pytest.raises(ValueError, match=f"^{name} is"):
            use(deep(3), limits=forged)
    with pytest.raises(ValueError, match=f"^{name} is"):
        codec.MessageDecoder(limits=forged)


def test_limits_of_another_size(codec: Implementation) -> None:
    """The defaults stand for what is missing."""
    assert codec.decode(deep(3), limits=tuple.__new__(Limits, ())) == codec.decode(deep(3))
    with pytest.raises(LimitError):
        codec.decode(deep(3), limits=tuple.__new__(Limits, (2, 1)))
    with pytest.raises(TypeError):
        codec.decode(deep(3), limits=tuple.__new__(Limits, (8,) * 6))


def test_defaults() -> None:
    assert DEFAULT_LIMITS == Limits() == (8, 65_536, 1_048_576, 4_194_304, 16 * MIB)
    assert REQUEST_LIMITS == (8, 4_096, 16_384, 65_536, MIB)


def count(message: Message) -> dict[str, int]:
    """What a message has of all that is limited."""
    found = {"max_depth": 0, "max_groups": len(message.groups), "max_attributes": 0, "max_values": 0}
    waiting: list[tuple[int, Any]] = [(0, owner) for owner in message.groups]
    while waiting:
        depth, owner = waiting.pop()
        found["max_depth"] = max(found["max_depth"], depth)
        for attribute in owner:
            found["max_attributes"] += 1
            found["max_values"] += len(attribute.values)
            waiting += [(depth + 1, value) for value in attribute.values if isinstance(value, ippfast.Collection)]
    return found


def test_defaults_fit_real_messages_tenfold() -> None:
    """Nesting twice as deep as any, for depth costs stack: recordings and, where there is one, the corpus."""
    for vector in accepted():
        if vector.name.startswith(("odd/", "malformed/")):
            continue
        found = count(ippfast.decode(vector.octets)) | {"max_octets": vector.offset or 0}
        assert found["max_depth"] * 2 <= DEFAULT_LIMITS.max_depth, vector
        for name, number in found.items():
            assert name == "max_depth" or number * 10 <= getattr(DEFAULT_LIMITS, name), (vector, name)


# ---- Hostile messages ----


def test_100_000_collections_in_each_other(codec: Implementation) -> None:
    for data in (deep(100_000), hostile.never_ended(1_100_000), deep(100_000)[:-200_000]):
        for limits in (None, Limits(max_depth=0), Limits(max_depth=100)):
            bound = 8 if limits is None else limits.max_depth
            with pytest.raises(LimitError) as caught:
                codec.decode(data, limits=limits)
            assert caught.value.offset == 9 + (12 + 11 * (bound - 1) if bound else 0)


def test_100_collections_in_each_other(codec: Implementation) -> None:
    """As deep as limits go, nothing overflows the stack."""
    message = codec.decode(deep(100), limits=Limits(max_depth=100))
    again = codec.decode(deep(100), limits=Limits(max_depth=100))
    assert message == again
    assert normal(message) == normal(again)
    attribute = message.groups[0][0]
    assert hash(attribute) == hash(again.groups[0][0])
    assert repr(attribute).count("Collection(") == 100
    assert codec.encode(codec.Message((2, 0), 11, 1, [codec.AttributeGroup(1, message.groups[0])])) == deep(100)
    with pytest.raises(ValueError, match="at most 100 deep"):
        codec.Collection([attribute])


def test_the_depth_stands_once() -> None:
    """The compiled parts have places for so many: it is checked at import, and what stood twice would not be."""
    package = Path(__file__).parents[2] / "ippfast"
    sources = [path.read_text() for path in sorted(package.glob("*.p[yx][xd]"))]
    assert [line for each in sources for line in each.splitlines() if "MOST_DEPTH =" in line] == [
        f"    MOST_DEPTH = {MAX_DEPTH}  # limits.MAX_DEPTH"
    ]


def test_more_groups_than_there_may_be(codec: Implementation) -> None:
    with pytest.raises(LimitError) as caught:
        codec.decode(wrap(b"\x02" * 100_000))
    assert caught.value.offset == 8 + 65_536


def test_a_million_empty_attributes(codec: Implementation) -> None:
    bound = DEFAULT_LIMITS.max_attributes
    attribute = token(0x41, b"a", b"")
    message = codec.decode(wrap(b"\x01" + attribute * bound))
    assert len(message.groups[0]) == bound
    assert "absent" not in message.groups[0]
    with pytest.raises(LimitError) as caught:
        codec.decode(wrap(b"\x01" + attribute * (bound + 1)))
    assert caught.value.offset == 9 + 6 * bound


@pytest.mark.parametrize("length", [0x7FFF, 0x8000, 0xFFFE, 0xFFFF])
@pytest.mark.parametrize("present", [0, 10, 0x7FFF, 0x10000])
def test_long_lengths(codec: Implementation, length: int, present: int) -> None:
    """A length over 32,767 is refused where it stands, whether its octets are there or not."""
    size = length.to_bytes(2, "big")
    before = HEADER + b"\x01" + token(0x13, b"a", b"")
    for data, at in (
        (before + b"\x44" + size + b"n" * present, len(before) + 1),
        (before + b"\x44\x00\x01x" + size + b"v" * present, len(before) + 4),
        (before + b"\x44\x00\x00" + size + b"v" * present, len(before) + 3),
    ):
        with pytest.raises(DecodeError) as caught:
            codec.decode(data)
        if length > 0x7FFF:
            assert type(caught.value) is DecodeError
            assert caught.value.offset == at
        else:
            assert type(caught.value) is TruncatedError


def endless(size: int) -> Iterator[bytes]:
    yield HEADER + b"\x01" + token(0x13, b"a", b"")
    unit, at = NOTHING * (size // len(NOTHING) + 2), 0
    while True:
        yield unit[at : at + size]
        at = (at + size) % len(NOTHING)


def feed_for_ever(decoder: MessageDecoder, size: int, taken: list[int]) -> None:
    for piece in endless(size):
        decoder.feed(piece)
        taken.append(len(piece))


@pytest.mark.parametrize("size", [1, 1000, 65_536, 1_000_003])
def test_a_message_that_never_ends(codec: Implementation, size: int) -> None:
    """No more octets are taken than the limit and one piece."""
    for limits in (
        Limits(max_octets=20_000),
        Limits(max_values=4000),
        REQUEST_LIMITS if size > 1 else Limits(max_octets=9),
    ):
        decoder = codec.MessageDecoder(limits=limits)
        taken: list[int] = []
        with pytest.raises(LimitError) as caught:
            feed_for_ever(decoder, size, taken)
        assert sum(taken) <= limits.max_octets + 5
        assert caught.value.offset <= limits.max_octets


def spent(codec: Implementation, case: str, action: str, octets: int, **limits: int) -> dict[str, Any]:
    """What `hostile.py` says of one message; it has so many seconds of processor time, where it needs few."""
    program = Path(hostile.__file__)
    command = [sys.executable, str(program), codec.name, case, action, str(octets)]
    environment = {**os.environ, "PYTHONPATH": str(Path(ippfast.__file__).parent.parent), "IPPFAST_PURE": "0"}

    def confine() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, preexec_fn=confine)
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


OCTETS = 2 * MIB
SMALL = MIB  # what the interpreter takes at a time
GROUPS = 12 * MIB  # 65,536 of them
OUTCOMES = {
    "groups": "LimitError at 65544",
    "never ended": "LimitError at 98",
    "no end": "TruncatedError at ",
    "bad end": "DecodeError at ",
}


@pytest.mark.parametrize("case", hostile.CASES)
@pytest.mark.parametrize(("action", "times"), [("decode", 2), ("feed", 4), ("unpack", 48)])
def test_memory(codec: Implementation, case: str, action: str, times: int) -> None:
    """Decoding takes at most twice the octets of a message, feeding four times, and what is then made of them
    when every value is held at once at most 48 times; and groups take 12 MiB, were there as many as there may be."""
    found = spent(codec, case, action, OCTETS)
    assert found["peak"] <= times * found["octets"] + (GROUPS if case == "groups" else SMALL)
    if case in OUTCOMES:
        assert str(found["result"]).startswith(OUTCOMES[case])
    else:
        assert found["result"] >= 1


def test_memory_of_a_message_that_never_ends(codec: Implementation) -> None:
    found = spent(codec, "groups", "feed for ever", 1000)
    assert str(found["result"]).startswith("LimitError at 167772")
    assert found["peak"] <= 4 * DEFAULT_LIMITS.max_octets + SMALL


@pytest.mark.parametrize("case", ["long values", "set of collections"])
def test_octet_by_octet(codec: Implementation, case: str) -> None:
    """Were it not linear, it would take hours, and the system would end the process after a minute."""
    assert spent(codec, case, "feed octets", MIB)["octets"] >= 900_000


@pytest.mark.parametrize("case", hostile.NAMES)
@pytest.mark.parametrize("action", ["to_json", "tabulate"])
def test_names_that_ask_for_time(codec: Implementation, case: str, action: str) -> None:
    """As above: each name is compared with few others, and no path is read again for each member."""
    assert spent(codec, case, action, 10 * MIB)["result"] >= 250_000
