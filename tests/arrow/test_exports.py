"""What is handed over by Arrow's C data interface: as often as it is asked for, checked, and let go of.

The rule of this file: a consumer is played here by `ippfast.arrow.reading`, and by those that users have.
"""

import gc
import weakref
from typing import Any

import duckdb
import nanoarrow
import polars
import pyarrow
import pyarrow.parquet
import pytest
import vectors
from implementations import Implementation
from tables import FIELD, NAMES, Exported, build, rows_of

from ippfast import IMPLEMENTATION, arrow
from ippfast.arrow.arrays import array_of
from ippfast.arrow.reading import columns_of
from ippfast.arrow.schema import VALUES, Array, Field, row_of

OCTETS = [vector.octets for vector in vectors.accepted()][:40]
WHOLE = pyarrow.table(arrow.values(OCTETS))
ROWS = WHOLE.num_rows


# ---- Consumers ----


def test_pyarrow() -> None:
    table = arrow.values(OCTETS, rows=100)
    one, other = pyarrow.table(table), pyarrow.table(table)
    one.validate(full=True)
    assert one.equals(other)
    assert one.to_pylist() == WHOLE.to_pylist()
    assert [field.nullable for field in one.schema] == [field.nullable for field in VALUES]
    batch = next(iter(table))
    assert pyarrow.record_batch(batch).equals(pyarrow.record_batch(batch))
    assert pyarrow.schema(batch) == pyarrow.schema(table) == one.schema
    assert batch.column_names == table.column_names == tuple(NAMES)
    assert repr(batch) == f"<Batch of {len(batch)} rows, 17 columns>"
    messages = pyarrow.table(arrow.messages(OCTETS))
    messages.validate(full=True)
    assert messages["octets"].to_pylist() == [vector.offset for vector in vectors.accepted()[:40]]


def test_memory_of_batches_that_are_let_go_of() -> None:
    """The next batches are written there: what somebody holds stays, and what somebody left is not seen."""
    expected, at = [], 0
    for size in [len(batch) for batch in arrow.values(OCTETS, rows=50)]:
        expected.append(WHOLE.slice(at, size).to_pylist())
        at += size
    held = []
    for _ in range(3):
        for number, batch in enumerate(arrow.values(OCTETS, rows=50)):
            if number % 3:
                held.append((number, batch))
        held = held[len(held) // 3 :]
    for number, batch in held:
        assert pyarrow.record_batch(batch).to_pylist() == expected[number]


@pytest.mark.skipif(IMPLEMENTATION == "python", reason="the pure twin takes its memory from Python")
def test_memory_of_two_tables_at_once_is_used_again() -> None:
    """By the next two, so that threads need not ask the system for pages and wait for each other there."""

    def places_of(batch: Any) -> set[int]:
        return {column.buffers()[1].address for column in pyarrow.record_batch(batch).columns}

    def places() -> set[int]:
        found = set()
        for one, other in zip(arrow.values(OCTETS, rows=100), arrow.values(OCTETS, rows=100), strict=True):
            found |= places_of(one) | places_of(other)
        return found

    kept = places()
    assert len(kept) == 2 * 2 * len(NAMES), "of each of the two, one batch is held and one is made"
    for _ in range(3):
        assert places() <= kept


def test_polars_and_nanoarrow() -> None:
    table = arrow.values(OCTETS, rows=100)
    assert polars.DataFrame(table).rows() == polars.from_arrow(WHOLE).rows()  # type: ignore[union-attr]
    assert polars.DataFrame(next(iter(table))).height == len(next(iter(table)))
    assert len(nanoarrow.Array(next(iter(table)))) == len(next(iter(table)))
    assert sum(len(chunk) for chunk in nanoarrow.ArrayStream(table)) == ROWS


def test_duckdb_reads_it_again_and_again() -> None:
    with duckdb.connect() as connection:
        connection.register("ipp", arrow.values(OCTETS, rows=100))
        for _ in range(3):
            assert connection.execute("select count(*), count(distinct name) from ipp").fetchone() == (
                ROWS,
                len(set(WHOLE["name"].to_pylist()) - {None}),
            )
        found = connection.execute(
            "select string from ipp where name = 'attributes-charset' and message = 0"
        ).fetchall()
        assert found == [("utf-8",)]


# pyarrow drops a capsule while its exception is on its way: the functions of the pure twin, which are Python's, lose
# it, and there is another one without the words.
LOSES_WORDS = IMPLEMENTATION == "python"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_iterator_is_read_once(codec: Implementation) -> None:
    """What could be given once only is an error the second time, and not a table without rows."""
    table = arrow.values(iter(OCTETS))
    table.__arrow_c_stream__()  # DuckDB asks for more streams than it reads
    assert sum(map(len, table)) == ROWS
    with pytest.raises(RuntimeError, match="has been read"):
        list(table)
    with pytest.raises(Exception, match="." if LOSES_WORDS else "has been read"):
        pyarrow.table(table)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_goes_wrong_meanwhile_is_told() -> None:
    def some() -> Any:
        yield OCTETS[0]
        raise OSError("the disk is gone")

    with pytest.raises(Exception, match="." if LOSES_WORDS else "OSError: the disk is gone"):
        pyarrow.table(arrow.values(some()))


# ---- Memory ----


def test_what_was_handed_over_outlives_the_rest(codec: Implementation) -> None:
    (batch,) = build(codec, OCTETS)
    capsules = [Exported(*codec.export_array(FIELD, batch)) for _ in range(3)]
    first = pyarrow.record_batch(capsules[0])
    column = pyarrow.record_batch(capsules[1]).column("string")  # a child that outlives its parent
    del batch, capsules
    gc.collect()
    again = build(codec, OCTETS)  # over what was freed
    assert first.column("string").equals(column)
    first.validate(full=True)
    assert rows_of(codec, again) == [tuple(row[name] for name in NAMES[:-1]) for row in first.to_pylist()]


def test_a_stream_lets_go_of_what_it_reads(codec: Implementation) -> None:
    class Arrays:
        def __init__(self) -> None:
            self.left = build(codec, OCTETS, 100)

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Array:
            if not self.left:
                raise StopIteration
            array: Array = self.left.pop(0)
            return array

    class Stream:
        def __init__(self, arrays: Any) -> None:
            self.capsule = codec.export_stream(FIELD, arrays)

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return self.capsule

    arrays = Arrays()
    gone = weakref.ref(arrays)
    stream = Stream(arrays)
    del arrays
    assert pyarrow.table(stream).num_rows == ROWS
    del stream
    gc.collect()
    assert gone() is None
    unread = Stream(Arrays())
    del unread


def test_what_another_has_taken_is_not_read(codec: Implementation) -> None:
    """A consumer takes the struct out of its capsule, and frees what it points to."""
    (batch,) = build(codec, OCTETS)

    class Stream:
        capsule = codec.export_stream(FIELD, iter([batch]))

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return self.capsule

    exported, stream = Exported(*codec.export_array(FIELD, batch)), Stream()
    assert pyarrow.record_batch(exported).num_rows == pyarrow.table(stream).num_rows == ROWS
    for taken in (exported, stream):
        with pytest.raises(ValueError, match="has been read"):
            list(columns_of(taken, ["name"]))


# ---- What is refused ----

NUMBERS = Field("a", "i", True)
TEXTS = Field("", "u")
BYTES8 = bytes(8)


@pytest.mark.parametrize(
    ("field", "array"),
    [
        (NUMBERS, Array(3, 0, (None, BYTES8))),
        (NUMBERS, Array(-1, 0, (None, BYTES8))),
        (NUMBERS, Array(1, 2, (None, BYTES8))),
        (NUMBERS, Array(2**40, 0, (None, BYTES8))),
        (NUMBERS, Array(1, 0, (b"", BYTES8))),
        (NUMBERS, Array(1, 0, (None, None))),
        (NUMBERS, Array(1, 0, (BYTES8,))),
        (NUMBERS, Array(1, 0, (None, BYTES8), (Array(1, 0, (None, BYTES8)),))),
        (NUMBERS, Array(1, 0, (None, BYTES8), (), Array(1, 0, (None, BYTES8)))),
        (Field("a", "?"), Array(1, 0, (None, BYTES8))),
        (Field("a", "l"), Array(2, 0, (None, BYTES8))),
        (Field("a", "b"), Array(65, 0, (None, BYTES8))),
        (Field("a", "u"), Array(1, 0, (None, bytes(4), b""))),
        (Field("a", "u"), Array(1, 0, (None, b"\0\0\0\0\5\0\0\0", b"four"))),
        (Field("a", "u"), Array(2, 0, (None, b"\0\0\0\0\4\0\0\0\3\0\0\0", b"four"))),
        (Field("a", "u"), Array(1, 0, (None, b"\xff\xff\xff\xff\4\0\0\0", b"four"))),
        (Field("a", "+l", False, (NUMBERS,)), Array(1, 0, (None, b"\0\0\0\0\3\0\0\0"), (Array(2, 0, (None, BYTES8)),))),
        (Field("a", "+l"), Array(1, 0, (None, BYTES8))),
        (Field("a", "+s", False, (NUMBERS,)), Array(1, 0, (None,), (Array(2, 0, (None, BYTES8)),))),
        (
            Field("a", "i", True, (), Field("", "u")),
            Array(1, 0, (None, b"\1\0\0\0"), (), array_of(Field("", "u"), ["x"])),
        ),
        (  # a consumer that is told of no nulls need not look at the bitmap
            Field("a", "i", True, (), Field("", "u")),
            Array(1, 0, (b"\0", b"\1\0\0\0"), (), array_of(Field("", "u"), ["x"])),
        ),
        (Field("a", "C", True, (), Field("", "u")), Array(1, 0, (None, b"\0"), (), array_of(Field("", "u"), ["x"]))),
    ],
)
def test_no_consumer_reads_outside(codec: Implementation, field: Field, array: Array) -> None:
    with pytest.raises(ValueError, match=r"array|buffer|offset|value|bitmap|place|list|struct|format"):
        codec.export_array(field, array)


def test_only_what_is_known_is_taken(codec: Implementation) -> None:
    anything: Any = ("a", "i", True, (), None)
    array: Any = Array(1, 0, (None, BYTES8))
    pairs: list[Any] = [(anything, array), (NUMBERS, tuple(array))]
    for field, one in pairs:
        with pytest.raises(TypeError):
            codec.export_array(field, one)
    deep = NUMBERS
    for _ in range(200):
        deep = Field("a", "+l", False, (deep,))
    with pytest.raises(TypeError):
        codec.export_schema(deep)


def test_what_others_can_write_to_is_copied(codec: Implementation) -> None:
    numbers = bytearray(b"\1\0\0\0\2\0\0\0")
    field = row_of([NUMBERS])
    exported = Exported(*codec.export_array(field, Array(2, 0, (None,), (Array(2, 0, (None, numbers)),))))
    numbers[:] = b"\xff" * 8
    assert list(columns_of(exported, ["a"])) == [([1, 2],)]
