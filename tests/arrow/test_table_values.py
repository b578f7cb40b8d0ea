"""The table `values` of either twin: value by value what a walk over the message says, and back to the same octets."""

from random import Random
from typing import Any

import pytest
import vectors
from fuzzing import bend
from implementations import Implementation
from tables import NAMES, build, builder, expected, rows_of

from ippfast import DEFAULT_LIMITS, DecodeError, Limits, decode, decode_prefix
from ippfast.arrow.schema import Array
from ippfast.arrow.words import name_octets, name_text

ACCEPTED = vectors.accepted()
BASES = [vector.octets for vector in vectors.every() if len(vector.octets) < 4000]


def check(twin: Implementation, octets: list[bytes]) -> None:
    """The rows of these messages, of which some may be none, against the walk."""
    wanted: list[dict[str, Any]] = []
    for number, one in enumerate(octets):
        try:
            message = decode(one)
        except DecodeError:
            continue
        wanted += expected(message, number)
    batches = build(twin, octets)
    found = rows_of(twin, batches)
    assert len(found) == len(wanted)
    for place, (row, other) in enumerate(zip(found, wanted, strict=True)):
        assert dict(zip(NAMES, row, strict=False)) == {name: other[name] for name in NAMES[:-1]}, place
    assert timestamps(batches[0]) == [row["timestamp"] for row in wanted]


def timestamps(batch: Array) -> list[int | None]:
    column = batch.children[-1]
    marks, octets = (bytes(buffer) for buffer in column.buffers)  # type: ignore[arg-type]
    moments = [int.from_bytes(octets[at : at + 8], "little", signed=True) for at in range(0, 8 * batch.length, 8)]
    return [moment if marks[row >> 3] >> (row & 7) & 1 else None for row, moment in enumerate(moments)]


def test_every_vector(codec: Implementation) -> None:
    check(codec, [vector.octets for vector in vectors.every()])


@pytest.mark.parametrize("seed", range(20))
def test_damaged_messages(codec: Implementation, seed: int) -> None:
    random = Random(seed)
    check(codec, [bend(random, random.choice(BASES), random.choice(BASES)) for _ in range(100)])


def test_dates(codec: Implementation) -> None:
    random = Random(1)
    dates = [
        *(bytes([7, random.randrange(256), month, day, 23, 59, 59, 9, 0x2B, 1, 30]) for month in range(14) for day in
          (0, 1, 28, 29, 30, 31, 32)),
        *(year.to_bytes(2, "big") + bytes([2, 29, 0, 0, 60, 0, 0x2D, 14, 0]) for year in (0, 1, 4, 100, 1900, 2000)),
        *(year.to_bytes(2, "big") + bytes([1, 1, 0, 0, 0, 0, 0x2B, 1, 0]) for year in (1, 2, 9999, 10000)),
        *(year.to_bytes(2, "big") + bytes([12, 31, 23, 59, 59, 9, 0x2D, 1, 0]) for year in (1, 1969, 9999, 0xFFFF)),
        *(bytes([7, 0xEA, 1, 1, *rest]) for rest in ([24, 0, 0, 0, 43, 0, 0], [0, 60, 0, 0, 43, 0, 0],
          [0, 0, 61, 0, 43, 0, 0], [0, 0, 0, 10, 43, 0, 0], [0, 0, 0, 0, 44, 0, 0], [0, 0, 0, 0, 43, 24, 0],
          [0, 0, 0, 0, 45, 23, 60], [0, 0, 0, 0, 45, 23, 59], [0, 0, 0, 0, 43, 20, 255])),
    ]  # fmt: skip
    values = [b"\x31\x00\x01a\x00\x0b" + dates[0], *(b"\x31\x00\x00\x00\x0b" + date for date in dates[1:])]
    check(codec, [bytes.fromhex("0200000000000001 01") + b"".join(values) + b"\x03"])


@pytest.mark.parametrize(
    "octets",
    [b"\xc3\xa4", b"\xe2\x82\xac" * 3, b"\xf0\x9f\x96\xa8", b"abcdefg\xc3", b"\xc0\x80", b"\xe0\x9f\xbf",
     b"\xed\xa0\x80", b"\xed\x9f\xbf", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf0\x8f\xbf\xbf",
     b"\xf5\x80\x80\x80", b"\x80", b"abcdefgh\xff", b"\xe2\x82", b"\xe2\x28\xa1", b"\xff" * 20,
     b"a" * 15 + b"\xc3\xa4", b""],
)  # fmt: skip
def test_what_is_no_utf8_is_octets(codec: Implementation, octets: bytes) -> None:
    for tag in (0x41, 0x44, 0x35):
        value = octets if tag != 0x35 else b"\x00\x02en" + len(octets).to_bytes(2, "big") + octets
        size = len(value).to_bytes(2, "big")
        head = bytes.fromhex("0200000000000001 01")
        check(codec, [head + bytes([tag]) + b"\x00\x01a" + size + value + b"\x03"])


def test_names_come_back() -> None:
    random = Random(2)
    for _ in range(2000):
        name = b"".join(random.choice([b"\\", b"x", b"5", b"c", b"\xff", b"\xc3\xa4", b"a"]) for _ in range(9))
        assert name_octets(name_text(name).decode()) == name
    assert name_text(b"job-id") == b"job-id"
    assert name_text(b"a\xff") == b"a\\xff"


# ---- Batches ----


def test_a_batch_ends_with_a_message(codec: Implementation) -> None:
    octets = [vector.octets for vector in ACCEPTED[:60]]
    whole = rows_of(codec, build(codec, octets))
    for rows in (1, 7, 100, 10_000):
        batches = build(codec, octets, rows)
        assert rows_of(codec, batches) == whole
        assert all(batch.length >= rows for batch in batches[:-1])
        numbers = [{row[0] for row in rows_of(codec, [batch])} for batch in batches]
        assert sum(map(len, numbers)) == len(set().union(*numbers))


def test_names_of_strangers_are_not_kept(codec: Implementation) -> None:
    """A few names stay from batch to batch, and those of a batch that has many do not."""

    def message(*numbers: int) -> bytes:
        names = [b"name-%04d" % number for number in numbers]
        return (
            bytes.fromhex("0200000000000001 01") + b"".join(b"\x21\0\x09%b\0\4\0\0\0\1" % one for one in names) + b"\3"
        )

    made = builder(codec)
    for numbers, known in ((range(10), 10), (range(5, 15), 15), (range(5000), 5000), (range(3), 3), (range(9), 9)):
        assert made.take([message(*numbers)]) == 1
        batch = made.finish()
        assert batch.children[6].dictionary.length == known
        assert [row[6] for row in rows_of(codec, [batch])] == [f"name-{number:04d}" for number in numbers]


# ---- What is refused ----


def test_what_decode_refuses_has_no_rows(codec: Implementation) -> None:
    """In a broken message nothing is written, wherever the fault stands."""
    for vector in vectors.refused():
        made = builder(codec)
        assert made.take([vector.octets]) == 0, vector.name
        assert len(made) == 0
    for vector in ACCEPTED[:20]:
        end = decode_prefix(vector.octets)[1]
        for size in range(end):
            made = builder(codec)
            assert made.take([vector.octets[:size]]) == 0
            assert len(made) == 0


def test_limits_hold(codec: Implementation) -> None:
    octets = max((vector.octets for vector in ACCEPTED), key=len)
    assert builder(codec).take([octets]) == 1
    for limit in ({"max_groups": 0}, {"max_values": 3}, {"max_attributes": 2}, {"max_octets": 100}):
        assert builder(codec, limits=DEFAULT_LIMITS._replace(**limit)).take([octets]) == 0
    deep = bytes.fromhex(
        "0200000000000001 01 34 0001 61 0000" + "4a0000000161 3400000000" * 8 + "3700000000" * 9 + "03"
    )
    assert builder(codec).take([deep]) == 0
    assert builder(codec, limits=Limits(max_depth=9)).take([deep]) == 1


def test_arguments(codec: Implementation) -> None:
    made: Any = builder(codec)
    with pytest.raises(TypeError):
        made.take([bytearray(9)])
    with pytest.raises(ValueError, match="rows is an int"):
        builder(codec, 0)
    with pytest.raises(ValueError, match="max_octets is at most 134,217,728"):
        builder(codec, limits=Limits(max_octets=1 << 28))
    forged = tuple.__new__(Limits, (10**6, 1, 1, 1, 1))
    if codec.name == "cython":
        with pytest.raises(ValueError, match="max_depth"):
            builder(codec, limits=forged)
