"""The two tables back to messages: octet for octet what was decoded, however the tables were kept meanwhile."""

from pathlib import Path
from random import Random

import duckdb
import polars
import pyarrow
import pyarrow.parquet
import pytest
import vectors
from fuzzing import bend

from ippfast import DecodeError, arrow, decode, decode_prefix, encode, recover

EVERY = [vector.octets for vector in vectors.every()]


def sound(octets: bytes) -> bytes | None:
    try:
        return octets[: decode_prefix(octets)[1]]
    except DecodeError:
        return None


WANTED = [sound(octets) for octets in EVERY]


def test_every_vector() -> None:
    assert list(arrow.rebuild(arrow.messages(EVERY), arrow.values(EVERY, rows=500))) == WANTED
    assert WANTED.count(None) > 20


def test_damaged_messages() -> None:
    random = Random(3)
    bases = [octets for octets in EVERY if len(octets) < 4000]
    octets = [bend(random, random.choice(bases), random.choice(bases)) for _ in range(1000)]
    assert list(arrow.rebuild(arrow.messages(octets), arrow.values(octets))) == [sound(one) for one in octets]


def test_what_was_saved_of_broken_messages() -> None:
    broken = [octets for octets, whole in zip(EVERY, WANTED, strict=True) if whole is None]
    messages, values = arrow.messages(broken, recover=True), arrow.values(broken, recover=True)
    for octets, found in zip(broken, arrow.rebuild(messages, values), strict=True):
        if len(octets) < 8:
            assert found is None
        else:
            assert found == encode(recover(octets)[0])
    table = pyarrow.table(messages).to_pylist()
    for octets, row in zip(broken, table, strict=True):
        with pytest.raises(DecodeError) as caught:
            decode(octets)
        assert row["error"] == str(caught.value).encode("utf-8", "backslashreplace").decode()
        assert row["error_offset"] == caught.value.offset
        assert row["repaired"] == (len(recover(octets)[1]) if len(octets) >= 8 else 0)


@pytest.mark.parametrize("compression", ["zstd"])
def test_by_way_of_parquet(tmp_path: Path, compression: str) -> None:
    messages, values = tmp_path / "messages.parquet", tmp_path / "values.parquet"
    pyarrow.parquet.write_table(pyarrow.table(arrow.messages(EVERY)), messages, compression=compression)
    pyarrow.parquet.write_table(pyarrow.table(arrow.values(EVERY)), values, compression=compression)
    assert list(arrow.rebuild(pyarrow.parquet.read_table(messages), pyarrow.parquet.read_table(values))) == WANTED
    assert list(arrow.rebuild(polars.read_parquet(messages), polars.read_parquet(values))) == WANTED
    with duckdb.connect() as one, duckdb.connect() as other:
        found = one.read_parquet(str(messages)), other.read_parquet(str(values))
        assert list(arrow.rebuild(*found)) == WANTED


def test_by_way_of_polars() -> None:
    messages, values = polars.DataFrame(arrow.messages(EVERY)), polars.DataFrame(arrow.values(EVERY, rows=100))
    assert list(arrow.rebuild(messages, values)) == WANTED
    assert list(arrow.rebuild(messages[5:6], arrow.values([EVERY[5]]))) == WANTED[5:6]  # a slice, with an offset


def test_what_does_not_belong_together() -> None:
    one, two = EVERY[:1], EVERY[:2]
    with pytest.raises(ValueError, match="values of message 1, and 1 messages"):
        list(arrow.rebuild(arrow.messages(one), arrow.values(two)))
    with pytest.raises(ValueError, match="lacks the columns version"):
        list(arrow.rebuild(arrow.values(one), arrow.values(one)))
    with pytest.raises(TypeError, match="not so int"):
        list(arrow.rebuild(1, 2))
    table = pyarrow.table(arrow.values(one))
    emptied = table.set_column(9, "integer", pyarrow.nulls(len(table), pyarrow.int32()))
    emptied = emptied.set_column(8, "tag", pyarrow.array([0x21] * len(table), pyarrow.uint8()))
    emptied = emptied.set_column(15, "octets", pyarrow.nulls(len(table), pyarrow.binary()))
    with pytest.raises(ValueError, match="a row of message 0 has no value of the tag 33"):
        list(arrow.rebuild(arrow.messages(one), emptied))
    with pytest.raises(ValueError, match="message 0 is out of order"):
        list(arrow.rebuild(arrow.messages(one), table.slice(len(table) - 1)))
