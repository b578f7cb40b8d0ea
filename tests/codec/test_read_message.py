"""read_message: it takes the message from a file and leaves the file at the first octet of the document.

The rule of this file: the files are real, the pipes and sockets too, and what is left in them is read to its end.
"""

import io
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from implementations import Implementation
from outcome import normal, outcome
from scale import ALL, examples, some
from strategies import octets, pieces
from vectors import Vector, accepted, every, parametrize

import ippfast
from ippfast import DecodeError, LimitError, Limits, TruncatedError

EMPTY = bytes.fromhex("0200 000b 00000001 03")
DOCUMENT = b"%PDF-1.7\n" + bytes(range(256)) * 20


class Slow(io.RawIOBase):
    """A file that gives as little as a pipe may: one octet at a time, or pieces as they were cut."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = [part for part in parts if part]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        assert size > 0, "a message is asked for in exact sizes"
        if not self.parts:
            return b""
        given, self.parts[0] = self.parts[0][:size], self.parts[0][size:]
        if not self.parts[0]:
            del self.parts[0]
        return given


@contextmanager
def pipe(data: bytes) -> Iterator[Any]:
    """The reading end of a pipe, without a buffer, that someone writes the data to."""
    reader, writer = os.pipe()

    def write() -> None:
        with open(writer, "wb", buffering=0) as file:
            at = 0
            while at < len(data):
                at += file.write(data[at : at + 1000]) or 0

    thread = threading.Thread(target=write)
    thread.start()
    with open(reader, "rb", buffering=0) as file:
        yield file
        file.read()
    thread.join()


@contextmanager
def connection(data: bytes, buffering: int = -1) -> Iterator[Any]:
    """The receiving end of a socket, as a file with or without a buffer."""
    one, other = socket.socketpair()
    with one, other:

        def send() -> None:
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send)
        thread.start()
        with other.makefile("rb", buffering=buffering) as file:
            yield file
            file.read()
        thread.join()


@contextmanager
def disk(data: bytes, buffering: int = 0) -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "message.ipp"
        path.write_bytes(data)
        with path.open("rb", buffering=buffering) as file:
            yield file


FILES: dict[str, Callable[[bytes], Any]] = {
    "raw file": disk,
    "buffered file": lambda data: disk(data, 4096),
    "pipe": pipe,
    "socket": connection,
    "raw socket": lambda data: connection(data, 0),
    "memory": io.BytesIO,
    "octet by octet": lambda data: Slow([data[at : at + 1] for at in range(len(data))]),
}


def rest_of(file: Any) -> bytes:
    rest = b""
    while more := file.read(1000):
        rest += more
    return rest


@pytest.mark.parametrize("kind", FILES)
def test_not_one_octet_too_many(selected: Implementation, kind: str) -> None:
    for vector in some(accepted())[:: 7 if ALL or kind == "memory" else 31]:
        message = vector.octets[: vector.offset]
        with FILES[kind](message + DOCUMENT) as file:
            assert normal(ippfast.read_message(file)) == normal(selected.decode(message)), vector
            assert rest_of(file) == DOCUMENT, vector


@parametrize(every())
def test_as_decode(selected: Implementation, vector: Vector) -> None:
    """The same message, or the same error; and a raw file stands where the message ends."""
    with disk(vector.octets) as file:
        assert outcome(ippfast.read_message, file) == outcome(selected.decode, vector.octets)
        if vector.outcome == "accepted":
            assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == vector.offset


@settings(max_examples=examples(60))
@given(octets(), st.data())
def test_any_pieces(codec: Implementation, whole: bytes, data: st.DataObject) -> None:
    file = Slow(data.draw(pieces(whole + DOCUMENT)))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(ippfast.codec, "MessageDecoder", codec.MessageDecoder)
        assert normal(ippfast.read_message(file)) == normal(codec.decode(whole))
    assert b"".join(file.parts) == DOCUMENT


def test_one_message_after_the_other(selected: Implementation) -> None:
    messages = [vector.octets[: vector.offset] for vector in some(accepted())]
    with disk(b"".join(messages)) as file:
        for message in messages:
            assert selected.encode(ippfast.read_message(file)) == message
        assert file.read() == b""


def test_only_and_limits(selected: Implementation) -> None:
    data = EMPTY[:8] + bytes.fromhex("01 44 0001 61 0001 62 44 0001 62 0001 63 03")
    message = ippfast.read_message(io.BytesIO(data), only=["b"])
    assert [attribute.name for attribute in message.groups[0]] == ["b"]
    with pytest.raises(LimitError) as caught:
        ippfast.read_message(io.BytesIO(data), limits=Limits(max_groups=0))
    assert caught.value.offset == 8
    for bound in range(len(data)):
        file = io.BytesIO(data)
        with pytest.raises(LimitError):
            ippfast.read_message(file, limits=Limits(max_octets=bound))
        assert file.tell() <= len(data)
    assert ippfast.read_message(io.BytesIO(data), limits=Limits(max_octets=len(data))) == selected.decode(data)


@pytest.mark.parametrize("end", range(len(EMPTY)))
def test_end_of_file(selected: Implementation, end: int) -> None:
    for kind in ("raw file", "pipe", "socket"):
        with FILES[kind](EMPTY[:end]) as file, pytest.raises(TruncatedError) as caught:
            ippfast.read_message(file)
        assert outcome(selected.decode, EMPTY[:end])[1] == normal(caught.value)


def test_a_file_that_gives_nothing_now(selected: Implementation) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with open(reader, "rb", buffering=0) as file, open(writer, "wb", buffering=0) as other:
        other.write(EMPTY[:5])
        with pytest.raises(BlockingIOError, match="no octets to give now"):
            ippfast.read_message(file)


def test_files_that_are_none(selected: Implementation) -> None:
    with pytest.raises(TypeError):
        ippfast.read_message(io.StringIO("\x02\x00"))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        ippfast.read_message(EMPTY)  # type: ignore[arg-type]


def test_an_error_of_the_file_goes_through(selected: Implementation) -> None:
    class Broken(Slow):
        def read(self, size: int = -1, /) -> bytes:
            if not self.parts:
                raise ConnectionResetError("gone")
            return super().read(size)

    with pytest.raises(ConnectionResetError, match="gone"):
        ippfast.read_message(Broken([EMPTY[:8]]))


def test_errors_come_before_what_follows_is_read(selected: Implementation) -> None:
    """An error is raised for the octets that are there; a sender that waits for the answer gets it."""
    reader, writer = os.pipe()
    with open(reader, "rb", buffering=0) as file, open(writer, "wb", buffering=0) as other:
        other.write(EMPTY[:8] + b"\x00")
        with pytest.raises(DecodeError, match="reserved tag 0x00"):
            ippfast.read_message(file)
