"""Where messages come from: files of every kind, and what is broken in them is a row.

The rule of this file: what is found is compared with what was put in, octet for octet.
"""

import gzip
import mmap
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pyarrow
import pytest
import vectors
from packet_captures import Connection, exchange, pcap, pcapng

from ippfast import DEFAULT_LIMITS, Limits, arrow, decode_prefix
from ippfast.arrow.records import Record
from ippfast.arrow.sources import opened
from ippfast.cli.capture import captures

MESSAGES = [vector.octets[: vector.offset] for vector in vectors.recorded()]


def found(source: Any, limits: Limits = DEFAULT_LIMITS) -> list[Record]:
    begin, _ = opened(source, limits)
    return [each if isinstance(each, Record) else Record(each) for each in begin()]


def octets(source: Any) -> list[bytes]:
    """The messages, without what follows them."""
    return [message(record) for record in found(source)]


def message(record: Record) -> bytes:
    assert record.fault is None
    whole = bytes(record.octets)
    return whole[: decode_prefix(whole)[1]]


def rows(source: Any, **arguments: Any) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = pyarrow.table(arrow.messages(source, **arguments)).to_pylist()
    return made


def conversation(connection: Connection, *, size: int = 1400) -> tuple[list[bytes], list[bytes]]:
    """The packets of a connection with several exchanges, and the messages in it, both sides' in turn."""
    packets = connection.open()
    said = []
    for request, response in zip(MESSAGES[:6], MESSAGES[6:12], strict=True):
        for side, data in enumerate(exchange(request + b"%PDF", response)):
            packets += connection.send(side, data, size)
        said += [request, response]
    return packets + connection.close(), said


# ---- Files ----


def test_files_directories_and_patterns(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.ipp").write_bytes(MESSAGES[0])
    (tmp_path / "c00001").write_bytes(MESSAGES[1])
    (tmp_path / "d00001-001").write_bytes(b"%PDF-1.7")
    (tmp_path / "deep" / "anything").write_bytes(MESSAGES[2] + b"%PDF")
    (tmp_path / "deep" / "broken.ipp").write_bytes(MESSAGES[3][:-1])
    (tmp_path / "deep" / "notes.txt").write_text("no message")
    assert [row["error"] is None for row in rows(tmp_path)] == [True, True, True, False]
    assert octets([tmp_path / "a.ipp", str(tmp_path / "c00001"), MESSAGES[5]]) == [
        MESSAGES[0],
        MESSAGES[1],
        MESSAGES[5],
    ]
    assert octets(str(tmp_path / "**" / "a*")) == [MESSAGES[0], MESSAGES[2]]
    assert rows(tmp_path / "deep" / "notes.txt")[0]["error_offset"] == 8  # what was asked for is a row, whatever it is
    assert rows(tmp_path)[0]["source"] == str(tmp_path / "a.ipp")
    for nothing in (tmp_path / "nothing", str(tmp_path / "*.pcap"), [str(tmp_path / "nothing")]):
        with pytest.raises(FileNotFoundError, match="there is nothing at"):
            arrow.messages(nothing)


def test_an_unreadable_file_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "gone.ipp").symlink_to(tmp_path / "nowhere")
    assert rows([tmp_path / "gone.ipp"])[0]["error"] == "the file cannot be read: No such file or directory"


def test_mmap(tmp_path: Path) -> None:
    path = tmp_path / "a.ipp"
    path.write_bytes(MESSAGES[0] + b"document")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert rows(mapped)[0]["octets"] == len(MESSAGES[0])


def test_progress_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.ipp").write_bytes(MESSAGES[0])
    (tmp_path / "b.pcap").write_bytes(pcap(conversation(Connection())[0]))
    told: dict[str, int] = {}
    arrow_table = arrow.messages(tmp_path, tell=lambda path, size: told.__setitem__(path, told.get(path, 0) + size))
    list(arrow_table)
    assert told == {str(path): path.stat().st_size for path in tmp_path.iterdir()}


# ---- HTTP ----


@pytest.mark.parametrize("name", sorted(vectors.http()))
@pytest.mark.parametrize("size", [1, 100, 10**6])
def test_recorded_http(name: str, size: int) -> None:
    from ippfast.arrow.conversations import Direction

    data = vectors.http()[name]
    wanted = [capture.octets for capture in captures(data) if capture.is_ipp and capture.octets]
    direction = Direction(name, None, DEFAULT_LIMITS)
    for at in range(0, len(data), size):
        direction.feed(data[at : at + size])
    direction.close()
    got = direction.found
    assert [message(record) for record in got] == [one[: decode_prefix(one)[1]] for one in wanted]
    for record in got:
        assert direction_kind(record) == (b"request" if data.startswith(b"POST") else b"response").decode()


def direction_kind(record: Record) -> str | None:
    assert record.direction == ("to-server" if record.kind == "request" else "to-client")
    return record.kind


def test_a_conversation_of_many_messages_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "many.http"
    path.write_bytes(b"".join(exchange(one, b"")[0] for one in MESSAGES * 3))
    assert octets(path) == MESSAGES * 3
    data = path.read_bytes()
    for row, one in zip(rows(path), MESSAGES * 3, strict=True):
        assert data[row["offset"] : row["offset"] + row["octets"]] == one


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_content_encoding(tmp_path: Path, coding: str) -> None:
    import zlib

    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "br": bytes}[coding](MESSAGES[0])  # type: ignore[operator]
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Encoding: {coding}\r\n\r\n"
    (tmp_path / "a.http").write_bytes(head.encode() + packed)
    (row,) = rows(tmp_path)
    assert row["error"] == ("Content-Encoding br is not read" if coding == "br" else None)
    bomb = zlib.compress(bytes(10**8))
    (tmp_path / "a.http").write_bytes(head.encode() + bomb)
    (row,) = rows(tmp_path, limits=Limits(max_octets=1000))
    assert row["error"] is not None


def test_documents_are_not_kept(tmp_path: Path) -> None:
    from ippfast.arrow.conversations import Direction

    direction = Direction(None, None, DEFAULT_LIMITS)
    request = exchange(MESSAGES[0] + bytes(10**8), b"")[0]
    view = memoryview(request)
    most = 0
    for at in range(0, len(request), 65_536):
        direction.feed(bytes(view[at : at + 65_536]))
        most = max(most, direction.held)
    assert [record.octets for record in direction.found] == [MESSAGES[0]]
    assert most <= 131_072


# ---- Captures ----


@pytest.mark.parametrize("link", [0, 1, 101, 113, 276])
def test_pcap(tmp_path: Path, link: int) -> None:
    packets, said = conversation(Connection())
    path = tmp_path / "a.pcap"
    for order in "<>":
        for nanoseconds in (False, True):
            path.write_bytes(pcap(packets, link, order, nanoseconds=nanoseconds))
            assert sorted(octets(path)) == sorted(said)
    table = rows(path)
    assert {row["peer"] for row in table} == {"192.0.2.1:50000"}
    assert [row["kind"] for row in table] == ["request", "response"] * 6
    assert {row["direction"] for row in table} == {"to-server", "to-client"}
    assert str(table[0]["time"]) == "2023-11-14 22:13:22.000005+00:00"


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_and_ipv6(tmp_path: Path, order: str) -> None:
    packets, said = conversation(Connection("2001:db8::1", "2001:db8::2"))
    if order == "<":
        packets, said = conversation(Connection())
    path = tmp_path / "a.pcapng"
    path.write_bytes(pcapng(packets, order) * 2)
    if order == "<":
        assert sorted(octets(path)) == sorted(said * 2)
        assert str(rows(path)[0]["time"]) == "2023-11-14 22:13:22.000005+00:00"
    path.write_bytes(pcap(conversation(Connection("2001:db8::1", "2001:db8::2"))[0]))
    assert sorted(octets(path)) == sorted(said)
    assert rows(path)[0]["peer"] == "[2001:db8::1]:50000"


@pytest.mark.parametrize("seed", range(12))
def test_packets_in_any_order(tmp_path: Path, seed: int) -> None:
    """Connections interleave; packets come late, twice, cut anew, and their numbers go round."""
    random = Random(seed)
    queues, said = [], []
    for number in range(4):
        start = random.choice([1000, 2**32 - 500])
        packets, messages = conversation(
            Connection(port=50_000 + number, start=start), size=random.choice([50, 536, 1400])
        )
        said += messages
        for _ in range(len(packets) // 3):
            one = random.randrange(2, len(packets) - 3)
            if random.random() < 0.5:
                packets[one : one + 2] = packets[one : one + 2][::-1]
            else:
                packets.insert(one + 1, packets[one])
        queues.append(packets)
    mixed = []
    while any(queues):
        queue = random.choice([queue for queue in queues if queue])
        mixed.append(queue.pop(0))
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(mixed))
    assert sorted(octets(path)) == sorted(said)


def test_a_lost_packet_is_a_row(tmp_path: Path) -> None:
    packets, said = conversation(Connection(), size=100)
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets[:4] + packets[5:]))
    table = rows(path)
    broken = [row for row in table if row["error"] is not None]
    assert [row["error"] for row in broken] == ["the capture lacks a part of it"]
    assert len(table) == len(said)
    assert len(rows(path, recover=True)) == len(said)


def test_a_capture_that_ends_early(tmp_path: Path) -> None:
    packets, said = conversation(Connection(), size=500)
    whole = pcap(packets)
    path = tmp_path / "a.pcap"
    for size in [*range(4, 500, 7), *range(500, len(whole), 97)]:
        path.write_bytes(whole[:size])
        table = rows(path)
        assert sum(row["error"] is None for row in table) <= len(said)
        assert table or size < 200


@pytest.mark.parametrize("seed", range(30))
def test_damaged_captures_raise_nothing(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    packets, _ = conversation(Connection())
    whole = bytearray(random.choice([pcap, pcapng])(packets))  # type: ignore[operator]
    for _ in range(random.choice([1, 5, 50])):
        whole[random.randrange(4, len(whole))] = random.choice([0, 1, 0x7F, 0xFF, random.randrange(256)])
    path = tmp_path / "a.pcap"
    path.write_bytes(whole)
    rows(path, recover=True)


def test_ports_are_used_again(tmp_path: Path) -> None:
    one, said = conversation(Connection(start=10))
    other, more = conversation(Connection(start=900_000))
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([*one[:-2], *other]))
    assert sorted(octets(path)) == sorted(said + more)


def test_packets_around_the_end(tmp_path: Path) -> None:
    """The end may come before the last octets, and what came may come once more behind it."""
    path = tmp_path / "a.pcap"
    packets, said = conversation(Connection(start=2**32 - 500))
    *sent, end, other_end = packets
    path.write_bytes(pcap([*packets, *sent[2:], end, *sent[-2:]]))
    assert sorted(octets(path)) == sorted(said), "sent again"
    answers = [each for each in sent if each[20:22] == (631).to_bytes(2)]
    rest = [each for each in sent if each not in answers]
    path.write_bytes(pcap([*rest, *answers[:-1], end, other_end, *answers[-1:]]))
    assert sorted(octets(path)) == sorted(said), "the end came first"
    again, more = conversation(Connection(start=900_000_000))
    path.write_bytes(pcap([*rest, *answers[:-1], end, other_end, *answers[-1:], *answers[-2:], *again[2:]]))
    assert sorted(octets(path)) == sorted(said + more), "another connection, whose beginning is not there"


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of connections that never end the oldest are given up, with a row."""
    from ippfast.arrow import streams

    monkeypatch.setattr(streams, "_MOST_STREAMS", 50)
    packets = []
    for port in range(1000, 1200):
        packets += Connection(port=port).send(0, exchange(MESSAGES[0], b"")[0][:-3])
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets))
    table = rows(path)
    assert len(table) == 200
    assert {row["error"] for row in table} == {"the capture ends within it"}


def test_tshark_finds_the_same(tmp_path: Path) -> None:
    import subprocess

    packets, said = conversation(Connection())
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets))
    command = ["tshark", "-r", str(path), "-Y", "ipp", "-T", "fields", "-E", "occurrence=a", "-e", "ipp.request_id"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert [int(line) for line in lines] == [row["request_id"] for row in rows(path)]
    assert len(lines) == len(said)


def test_iterators_of_anything() -> None:
    def some() -> Iterator[Any]:
        yield MESSAGES[0]
        yield Record(bytearray(MESSAGES[1]))

    assert octets(some()) == MESSAGES[:2]
    with pytest.raises(TypeError):
        octets(iter([1]))
