"""What goipp reads, which nobody here wrote, is what our codec reads; and another message would be noticed.

The rule of this file: as many cases as a second takes; `make fuzz` asks goipp about each of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import fuzzing
import pytest
from peers import program
from second_reader import SecondReader
from vectors import recorded

import ippfast

ACCEPTED = [vector.octets for vector in recorded() if vector.outcome == "accepted"]


@pytest.fixture
def goipp(tmp_path: Path) -> Iterator[SecondReader]:
    program("go")
    reader = SecondReader(tmp_path)
    yield reader
    reader.close()


def test_both_read_the_same(goipp: SecondReader) -> None:
    random = Random(1)
    bent = [fuzzing.bend(random, random.choice(ACCEPTED), random.choice(ACCEPTED)) for _ in range(500)]
    assert [octets.hex() for octets in ACCEPTED + bent if goipp.differs(octets)] == []
    assert goipp.compared > len(ACCEPTED) // 2


@pytest.mark.parametrize(
    ("token", "misread"),
    [
        (b"\x21\x00\x01a\x00\x04\x00\x00\x00\x01", b"\x21\x00\x01b\x00\x04\x00\x00\x00\x01"),  # a name
        (b"\x21\x00\x01a\x00\x04\x00\x00\x00\x01", b"\x21\x00\x01a\x00\x04\x00\x00\x00\x02"),  # a value
        (b"\x21\x00\x01a\x00\x04\x00\x00\x00\x01", b"\x23\x00\x01a\x00\x04\x00\x00\x00\x01"),  # a tag
        (b"\x22\x00\x01a\x00\x01\x00", b"\x22\x00\x01a\x00\x01\x01"),
        (b"\x44\x00\x01a\x00\x01x\x44\x00\x00\x00\x01y", b"\x44\x00\x01a\x00\x01x"),
    ],
)
def test_another_message_is_noticed(
    goipp: SecondReader, monkeypatch: pytest.MonkeyPatch, token: bytes, misread: bytes
) -> None:
    octets = fuzzing.HEADER + b"\x02" + token + b"\x03"
    assert not goipp.differs(octets)
    message = ippfast.decode(fuzzing.HEADER + b"\x02" + misread + b"\x03")
    monkeypatch.setattr(ippfast, "decode", lambda _: message)
    assert goipp.differs(octets)
