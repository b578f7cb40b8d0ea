"""The tables of whatever holds messages: buffers, iterables, records; what is broken is a row."""

import array
import threading
from datetime import UTC, datetime
from typing import Any

import pyarrow
import pytest
import vectors

from ippfast import arrow
from ippfast.arrow import Record

OCTETS = [vector.octets for vector in vectors.accepted()][:30]
WHOLE = pyarrow.table(arrow.values(OCTETS))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda octets: array.array("B", octets)])
def test_buffers(kind: Any) -> None:
    assert pyarrow.table(arrow.values([kind(octets) for octets in OCTETS])).equals(WHOLE)
    one = pyarrow.table(arrow.values(kind(OCTETS[0])))
    assert one.equals(pyarrow.table(arrow.values(OCTETS[:1])))
    assert pyarrow.table(arrow.values(memoryview(bytes([*OCTETS[0]]) * 2)[::1])).equals(one)


def test_iterables_and_records() -> None:
    assert pyarrow.table(arrow.values(iter(OCTETS))).equals(WHOLE)
    assert pyarrow.table(arrow.values(tuple(map(Record, OCTETS)))).equals(WHOLE)
    assert pyarrow.table(arrow.values([])).num_rows == pyarrow.table(arrow.messages([])).num_rows == 0
    with pytest.raises(TypeError):
        arrow.values(1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        list(arrow.values([1]))  # type: ignore[list-item]
    with pytest.raises(ValueError, match="rows is an int"):
        arrow.messages([], rows=0)


def test_messages() -> None:
    noon = datetime(2026, 11, 29, 12, 0, 0, 5, tzinfo=UTC)
    request = bytes.fromhex("0101 000b 00000007 03") + b"document"
    given: list[Any] = [
        Record(request, "a.ipp", 5, noon, "192.0.2.1:5000", "to-server", "request"),
        Record(b"\x02\x00\x00", "\udcff", kind="response", fault="the stream ends"),
        bytes.fromhex("0200 0000 ffffffff 01 21"),
        bytes.fromhex("0200 4abc 00000001 03"),
    ]
    rows = pyarrow.table(arrow.messages(given, rows=3)).to_pylist()
    assert rows[0] == {
        "source": "a.ipp",
        "offset": 5,
        "time": noon,
        "peer": "192.0.2.1:5000",
        "direction": "to-server",
        "kind": "request",
        "version": "1.1",
        "code": 11,
        "code_name": "Get-Printer-Attributes",
        "request_id": 7,
        "octets": 9,
        "error": None,
        "error_offset": None,
        "repaired": 0,
    }
    assert (rows[1]["source"], rows[1]["version"], rows[1]["octets"]) == ("\\udcff", None, 3)
    assert (rows[1]["error"], rows[1]["error_offset"]) == ("the stream ends", 2)
    assert (rows[2]["request_id"], rows[2]["kind"], rows[2]["code_name"], rows[2]["error_offset"]) == (
        -1,
        None,
        None,
        10,
    )
    assert (rows[3]["kind"], rows[3]["code"], rows[3]["code_name"]) == ("request", 0x4ABC, None)


def test_threads_share_a_table() -> None:
    table = arrow.values(OCTETS, rows=10)
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda: found.append(pyarrow.table(table).combine_chunks().num_rows == len(WHOLE)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8
