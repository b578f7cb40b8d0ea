"""What `decode` takes: every kind of buffer, of which it keeps nothing that can change.

The rule of this file: the octets are the same, whatever holds them, and so is all that comes of them.
"""

import array
import ctypes
import mmap
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from implementations import Implementation
from outcome import normal, outcome

from ippfast import DecodeError, Limits

MESSAGE = bytes.fromhex("0200 000b 00000001 01 44 0001 61 0001 62 34 0001 63 0000 37 0000 0000 03")
DOCUMENT = b"%PDF-1.7"
REFUSED = MESSAGE[:-1] + b"\x00"


class Octets(bytes):
    """A subclass, which may have a say in much."""


def mapped(data: bytes) -> mmap.mmap:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def strided(data: bytes) -> memoryview:
    return memoryview(b"".join(bytes((octet, 0xAA)) for octet in data))[::2]


def backwards(data: bytes) -> memoryview:
    return memoryview(data[::-1])[::-1]


def of_words(data: bytes) -> Any:
    return array.array("H", data + bytes(len(data) % 2))


KINDS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "subclass of bytes": Octets,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "view of a bytearray": lambda data: memoryview(bytearray(data)),
    "part of a view": lambda data: memoryview(b"xx" + data + b"yy")[2:-2],
    "strided": strided,
    "backwards": backwards,
    "of two dimensions": lambda data: memoryview(data + bytes(-len(data) % 4)).cast("B", (-(-len(data) // 4), 4)),
    "mmap": mapped,
    "array of octets": lambda data: array.array("B", data),
    "array of words": of_words,
    "array of signed octets": lambda data: memoryview(data).cast("b"),
    "ctypes": lambda data: ctypes.create_string_buffer(data, len(data)),
    "array in ctypes": lambda data: (ctypes.c_uint8 * len(data)).from_buffer_copy(data),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(codec: Implementation, kind: str) -> None:
    for data in (MESSAGE, MESSAGE + DOCUMENT):
        message, size = codec.decode_prefix(KINDS[kind](data))
        assert size == len(MESSAGE)
        assert normal(message) == normal(codec.decode(MESSAGE))
        assert codec.encode(message) == MESSAGE
        decoder = codec.MessageDecoder()
        assert decoder.feed(KINDS[kind](data)) == message
        assert decoder.unused.startswith(data[size:])


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_that_are_refused(codec: Implementation, kind: str) -> None:
    for data in (REFUSED, b"", MESSAGE[:10]):
        if data or kind not in ("mmap", "of two dimensions"):  # which there are none of without octets
            buffer = KINDS[kind](data)
            expected = outcome(codec.decode, bytes(memoryview(buffer).tobytes()))
            assert outcome(codec.decode, buffer) == expected
            assert expected[0] == "raised"


@pytest.mark.parametrize(
    "made", [bytearray, lambda data: memoryview(bytearray(data)), lambda data: array.array("B", data)]
)
def test_a_buffer_may_change_afterwards(codec: Implementation, made: Callable[[bytes], Any]) -> None:
    buffer = made(MESSAGE + DOCUMENT)
    message = codec.decode(buffer)
    only = codec.decode(buffer, only=["a"])
    for place in range(len(buffer)):
        buffer[place] = 0xFF
    assert codec.encode(message) == MESSAGE
    assert message == codec.decode(MESSAGE)
    assert only.groups[0].value("a") == "b"


Use = Callable[[Implementation, Any], object]
USES: dict[str, Use] = {
    "decode": lambda codec, data: codec.decode(data),
    "decode_prefix": lambda codec, data: codec.decode_prefix(data),
    "feed": lambda codec, data: codec.MessageDecoder().feed(data),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("data", [MESSAGE, MESSAGE + DOCUMENT, REFUSED], ids=["message", "document", "refused"])
def test_a_buffer_is_let_go(codec: Implementation, use: str, data: bytes) -> None:
    """Of success and of failure, also while someone looks at the error: it can be resized, or its file closed."""
    resizable, closable = bytearray(data), mapped(data)
    for buffer, let_go in ((resizable, resizable.clear), (closable, closable.close)):
        try:
            kept: object = USES[use](codec, buffer)
        except DecodeError as error:
            kept = error
            let_go()  # would raise BufferError
        else:
            let_go()
        assert isinstance(kept, DecodeError) == (data is REFUSED)


def test_a_released_view(codec: Implementation) -> None:
    view = memoryview(MESSAGE)
    view.release()
    for use in USES.values():
        with pytest.raises(ValueError, match="released memoryview"):
            use(codec, view)


def test_only_so_many_octets_are_looked_at(codec: Implementation) -> None:
    """A buffer that is much larger than the limit is refused as its beginning is."""
    data = MESSAGE[:9] + b"\x44\x00\x01a\x00\x01b" * 100 + b"\x03"
    for bound in (8, 9, 10, 12, 13, 14, 15, 16, 17, 18, len(data) - 1, len(data), len(data) + 1):
        limits = Limits(max_octets=bound)
        for tail in (b"", DOCUMENT * 100):
            assert outcome(codec.decode, bytearray(data + tail), limits=limits) == outcome(
                codec.decode, data + tail, limits=limits
            )


WRITER = """
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    octets, place = mmap.mmap(file.fileno(), 0), int(sys.argv[2])
print("begun", flush=True)
while True:
    octets[place] = 0x7F
    octets[place] = 0
"""
ACCEPTING: dict[str, Callable[[Implementation, Any], Any]] = {
    "decode": lambda codec, data: codec.decode(data),
    "decode_prefix": lambda codec, data: codec.decode_prefix(data)[0],
    "feed": lambda codec, data: codec.MessageDecoder().feed(data),
}


@pytest.mark.parametrize("use", ACCEPTING)
def test_a_buffer_that_another_process_writes_to(codec: Implementation, use: str, tmp_path: Path) -> None:
    """What was checked is what is kept: the last value has its 8 octets, or the message is refused."""
    attribute = b"\x44\x00\x04some\x00\x64" + b"v" * 100
    data = MESSAGE[:8] + b"\x04" + attribute * 2000 + b"\x44\x00\x04last\x00\x08" + b"x" * 8 + b"\x03"
    path = tmp_path / "shared"
    path.write_bytes(data)
    command = [sys.executable, "-c", WRITER, str(path), str(len(data) - 11)]
    with (
        path.open("r+b") as file,
        mmap.mmap(file.fileno(), 0) as octets,
        subprocess.Popen(command, stdout=subprocess.PIPE) as writer,
    ):
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"begun\n"
            for _ in range(2000 if codec.name == "cython" else 200):
                try:
                    message = ACCEPTING[use](codec, octets)
                except DecodeError:
                    continue
                if message is not None:  # a piece with the larger length is a message that goes on
                    assert len(message.groups[0]["last"].value) == 8
        finally:
            writer.kill()
