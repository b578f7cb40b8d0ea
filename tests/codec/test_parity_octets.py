"""The twins that index raw octets, against each other: the same dictionaries, in the same order, and the same faults.

The rule of this file: nothing here says what is right, only that both twins say the same.
"""

import gc
from typing import cast

import vectors
from hypothesis import given
from hypothesis import strategies as st
from implementations import COMPILED, PURE, Implementation
from outcome import normal, outcome

compiled = cast(Implementation, COMPILED)

tokens = st.one_of(
    st.sampled_from([b"\1", b"\2", b"\3", b"\4", b"\0", b"\x0f"]),
    st.tuples(
        st.sampled_from([0x21, 0x22, 0x34, 0x37, 0x44, 0x4A, 0x10, 0xFF]),
        st.sampled_from([b"", b"", b"a", b"abc", b"media-col", b"printer-state-reasons", b"n" * 70]),
        st.sampled_from([b"", b"x", b"none", b"seven77", b"\0\0\0\1", b"iso_a4_210x297mm", b"v" * 100]),
    ).map(lambda t: bytes([t[0]]) + len(t[1]).to_bytes(2, "big") + t[1] + len(t[2]).to_bytes(2, "big") + t[2]),
    st.binary(max_size=6),
)


def finds_the_same(octets: bytes, start: int) -> None:
    """What `find` gives for each key of the index, and for keys that are not there."""
    found = PURE.index(octets, start)
    for section, name, tag in [*found, (1, b"no such", 0x21), (1, b"abc", 0x21), (15, b"a", 0x44)]:
        expected = found.get((section, name, tag), [])
        for twin in (compiled, PURE):
            assert twin.find(octets, start, section, name, tag) == expected


def lies_within(octets: bytes, start: int) -> bool:
    return PURE.check(octets, start)[1] == 0


@given(octets=st.lists(tokens, max_size=30).map(b"".join), start=st.integers(0, 3))
def test_any_octets(octets: bytes, start: int) -> None:
    assert outcome(compiled.check, octets, start) == outcome(PURE.check, octets, start)
    if lies_within(octets, start):
        assert outcome(compiled.index, octets, start) == outcome(PURE.index, octets, start)
        finds_the_same(octets, start)


@given(octets=st.lists(tokens, max_size=30).map(lambda each: b"\1" + b"".join(each) + b"\3"))
def test_octets_that_likely_are_a_message(octets: bytes) -> None:
    assert outcome(compiled.check, octets, 0) == outcome(PURE.check, octets, 0)
    if lies_within(octets, 0):
        assert outcome(compiled.index, octets, 0) == outcome(PURE.index, octets, 0)
        finds_the_same(octets, 0)


def test_every_message() -> None:
    for vector in vectors.every():
        assert compiled.check(vector.octets, 8) == PURE.check(vector.octets, 8)
        if lies_within(vector.octets, 8):
            if len(vector.octets) < 10_000:
                finds_the_same(vector.octets, 8)
            for _ in range(2):  # the second time its caches are full
                assert normal(compiled.index(vector.octets, 8)) == normal(PURE.index(vector.octets, 8))


def value(tag: int, name: bytes, octets: bytes) -> bytes:
    return bytes([tag]) + len(name).to_bytes(2, "big") + name + len(octets).to_bytes(2, "big") + octets


def test_more_names_than_are_remembered() -> None:
    names = [b"name-%d" % number for number in range(5_000)]
    group = b"".join(value(0x44, name, name) + value(0x21, b"", b"\0\0\0\1") for name in names)
    octets = b"\2" + group + b"\4" + group + b"\2" + group + b"\3"
    for _ in range(2):
        assert outcome(compiled.index, octets, 0) == outcome(PURE.index, octets, 0)


def test_a_finalizer_that_indexes_meanwhile() -> None:
    """On CPython 3.11 it may run wherever a list is made."""
    names = [b"name-%d" % number for number in range(60)]
    group = b"".join(value(0x44, name, b"one") + value(0x44, b"", b"two") for name in names)
    octets = b"\2" + group + b"\2" + group + b"\3"
    expected = PURE.index(octets, 0)

    class Cycle:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            compiled.index(octets, 0)

    before = gc.get_threshold()
    gc.freeze()  # what the other tests have made is not to be gone through again and again
    try:
        for threshold in range(1, 60):
            gc.collect()
            Cycle()
            gc.set_threshold(threshold)
            assert compiled.index(octets, 0) == expected
            gc.set_threshold(*before)
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
