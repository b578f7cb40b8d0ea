"""`arrow.table`: a part of a data set as a table, wherever that part happens to be.

The rule of this file: what it gives is what `values`, `messages` and `wide` give of the same messages.
"""

import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars
import pyarrow
import pytest
import vectors
from packet_captures import Connection, exchange, pcap

from ippfast import Limits, RegistryError, arrow

PRINTERS = [vector for vector in vectors.recorded() if b"printer-up-time" in vector.octets][:5]
OCTETS = [vector.octets for vector in (*vectors.accepted()[:20], *PRINTERS, *vectors.refused()[:10])]
NAMES = [f"host-{number}" for number in range(len(OCTETS))]
BATCH = pyarrow.table({"host": NAMES, "octets": pyarrow.array(OCTETS, pyarrow.binary())})
WIDE = ["printer-name", "media-col-default/media-size", "operations-supported", "printer-up-time"]


def maker(make: Any, octets: "list[bytes] | None" = None) -> Any:
    source = OCTETS if octets is None else octets
    if isinstance(make, str):
        return pyarrow.table(getattr(arrow, make)(source))
    return pyarrow.table(arrow.wide(source, make))


@pytest.mark.parametrize("make", ["values", "messages", WIDE], ids=str)
def test_it_is_the_table_of_the_batch(make: Any) -> None:
    expected = maker(make)
    assert expected.num_rows > 5
    batches: list[Any] = [BATCH, BATCH.to_batches()[0], polars.DataFrame(BATCH), OCTETS, tuple(OCTETS)]
    for batch in batches:
        made = arrow.table(batch, make=make)
        made.validate(full=True)
        assert made.equals(expected)


@pytest.mark.parametrize("make", ["values", "messages", WIDE], ids=str)
def test_columns_that_are_kept(make: Any) -> None:
    made = arrow.table(BATCH, make=make, keep=["host"])
    assert made.column_names == ["host", *maker(make).column_names]
    assert made.drop_columns(["host"]).equals(maker(make))
    numbers = range(len(OCTETS)) if make == "messages" else made.column("message").to_pylist()
    assert made.column("host").to_pylist() == [NAMES[number] for number in numbers]


def test_null_is_a_message_of_no_octets() -> None:
    batch = pyarrow.table({"octets": pyarrow.array([OCTETS[0], None, OCTETS[1]], pyarrow.binary())})
    assert arrow.table(batch).equals(maker("values", [OCTETS[0], b"", OCTETS[1]]))
    assert arrow.table(batch, make="messages").column("error").null_count == 2


def test_paths(tmp_path: Path) -> None:
    """A path may have any number of messages; what is kept stays with each."""
    connection = Connection()
    request, response = exchange(OCTETS[0], OCTETS[1])
    packets = [*connection.open(), *connection.send(0, request), *connection.send(1, response), *connection.close()]
    (tmp_path / "a.pcap").write_bytes(pcap(packets))
    (tmp_path / "none.pcap").write_bytes(pcap([]))
    (tmp_path / "b.ipp").write_bytes(OCTETS[2])
    paths = [str(tmp_path / name) for name in ("a.pcap", "none.pcap", "b.ipp")]
    batch = pyarrow.table({"path": paths, "day": [1, 2, 3]})
    made = arrow.table(batch, "path", make="messages", keep=["day"])
    assert made.drop_columns(["day"]).equals(pyarrow.table(arrow.messages(paths)))
    assert made.column("day").to_pylist() == [1, 1, 3]
    values = arrow.table(batch, "path", keep=["day"])
    days = dict(zip(*values.select(["message", "day"]).to_pydict().values(), strict=True))
    assert days == {0: 1, 1: 1, 2: 3}
    assert arrow.table(paths).equals(values.drop_columns(["day"]))


@pytest.mark.parametrize("make", ["values", "messages", [*WIDE, "printer-input-tray", "media-col-database"]], ids=str)
def test_plain(make: Any) -> None:
    """What Spark's Arrow reader takes: no dictionary, nothing unsigned, microseconds."""
    made = arrow.table(BATCH, make=make, plain=True)
    text = str(made.schema)
    assert not any(word in text for word in ("dictionary", "uint", "[ms"))
    assert [str(row) for row in made.to_pylist()] == [str(row) for row in maker(make).to_pylist()]


def test_a_batch_without_rows_has_the_schema_of_all() -> None:
    several: list[dict[str, Any]] = [{}, {"make": "messages"}, {"make": WIDE}, {"plain": True, "keep": ["host"]}]
    for options in several:
        empty = arrow.table(BATCH.slice(0, 0), **options)
        assert empty.num_rows == 0
        assert empty.schema == arrow.table(BATCH, **options).schema


def test_options_reach_the_table() -> None:
    assert arrow.table(BATCH, recover=True).equals(pyarrow.table(arrow.values(OCTETS, recover=True)))
    limits = Limits(max_values=2)
    assert arrow.table(BATCH, limits=limits).equals(pyarrow.table(arrow.values(OCTETS, limits=limits)))


@pytest.mark.parametrize(
    ("batch", "options", "error"),
    [
        (BATCH, {"column": "nothing"}, KeyError),
        (BATCH, {"keep": ["nothing"]}, KeyError),
        (BATCH, {"make": "sums"}, ValueError),
        (BATCH, {"make": ["no-such-attribute"]}, RegistryError),
        (OCTETS, {"keep": ["host"]}, ValueError),
        ([1], {}, TypeError),
        (["/nothing/there"], {}, FileNotFoundError),
    ],
)
def test_what_cannot_be_done(batch: Any, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        arrow.table(batch, **options)


def test_threads_and_processes() -> None:
    """Sent by pickle, there and back, and called by several threads at once."""
    task = pickle.loads(pickle.dumps(partial(arrow.table, make="values", keep=["host"], limits=Limits(max_values=900))))
    parts = [BATCH.slice(at, 7) for at in range(0, len(OCTETS), 7)]
    expected = [task(part) for part in parts]
    with ThreadPoolExecutor(4) as threads:
        assert all(one.equals(other) for one, other in zip(threads.map(task, parts * 3), expected * 3, strict=True))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        assert all(one.equals(other) for one, other in zip(processes.map(task, parts), expected, strict=True))
