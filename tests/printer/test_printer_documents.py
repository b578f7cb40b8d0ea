"""Documents that are files: what is written is what came, and the system's memory keeps nothing of it.

The rule of this file: real files, of a file system that has a disk, and the system says what it keeps (mincore). Each
document is unlike itself shifted, so that octets that are lost, doubled or out of order show.
"""

import ctypes
import errno
import mmap
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ippfast.http.events import DocumentData, EndOfMessage, Event
from ippfast.http.incoming import IncomingDocument
from ippfast.printer.storage import straight
from ippfast.printer.storage.files import Files, IncomingFile
from ippfast.printer.storage.seam import TooLarge

PAGE = mmap.PAGESIZE
BUFFER = 524_288
DOCUMENT = random.Random(3).randbytes(3 * BUFFER)
_libc = ctypes.CDLL(None, use_errno=True)


def in_memory(path: Path) -> int:
    """How many pages of a file the system keeps in memory."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        pages = -(-len(mapped) // PAGE)
        kept = (ctypes.c_ubyte * pages)()
        begin = ctypes.c_char.from_buffer(mapped)
        try:
            if _libc.mincore(ctypes.c_void_p(ctypes.addressof(begin)), ctypes.c_size_t(len(mapped)), kept):
                raise OSError(ctypes.get_errno(), "mincore")
        finally:
            del begin
        return sum(each & 1 for each in kept)


def store(directory: Path) -> Files:
    return Files(
        directory / "documents",
        local=directory / "local",
        aside=directory / "aside",
        knows=lambda key: False,
        content=lambda key: None,
    )


def path_of(directory: Path, incoming: IncomingFile) -> Path:
    return directory / "documents" / incoming.key


@pytest.fixture
def on_disk(tmp_path: Path) -> Path:
    """A directory of a file system that can let go of what is written."""
    path = tmp_path / "probe"
    with path.open("wb") as file:
        file.write(DOCUMENT)
        file.flush()
        os.fsync(file.fileno())
        if not in_memory(path):
            pytest.skip("this system does not say what it keeps in memory")
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if in_memory(path):
            pytest.skip("this file system is memory")
    return tmp_path


@pytest.fixture(params=["straight", "ordinary", "refused"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of file system in turn: with a way past the memory, without, and with one that takes none of ours."""
    way: str = request.param
    if way == "ordinary":
        monkeypatch.setattr(straight, "set_flags", lambda descriptor, flags: False)
    elif way == "refused":
        monkeypatch.setattr(straight, "_BLOCK", 7)
    return way


def of_list(octets: bytes) -> Iterator[bytes]:
    return (octets[at : at + 70_001] for at in range(0, len(octets), 70_001))


def of_connection(octets: bytes) -> IncomingDocument:
    events: Iterator[Event] = (DocumentData(piece) for piece in of_list(octets))
    return IncomingDocument(lambda: next(events, EndOfMessage()))


SIZES = (1, 65_536, 65_537, BUFFER - 1, BUFFER, BUFFER + 1, 2 * BUFFER, 2 * BUFFER + PAGE, 3 * BUFFER - 17)


@pytest.mark.parametrize("pieces", [of_list, of_connection])
@pytest.mark.parametrize("size", SIZES)
def test_what_is_written_is_what_came(
    tmp_path: Path, way: str, size: int, pieces: Callable[[bytes], Iterator[bytes] | IncomingDocument]
) -> None:
    documents, document = store(tmp_path), DOCUMENT[:size]
    with documents.new() as incoming:
        incoming.write(pieces(document), size)
        incoming.keep()
    assert incoming.octets == size
    assert incoming.head == document[:1_024]
    if size <= 65_536:
        assert incoming.content == document
        assert not path_of(tmp_path, incoming).exists()
    else:
        assert incoming.content is None
        assert path_of(tmp_path, incoming).read_bytes() == document
        assert b"".join(documents.open(incoming.key, 60_000)) == document[60_000:]


def test_a_document_without_an_octet(tmp_path: Path) -> None:
    with store(tmp_path).new() as incoming:
        incoming.write([], None)
    assert (incoming.octets, incoming.head, incoming.content) == (0, b"", b"")


@pytest.mark.parametrize("size", [65_537, BUFFER + 1])
def test_a_document_that_is_too_large_leaves_no_file(tmp_path: Path, size: int) -> None:
    with pytest.raises(TooLarge), store(tmp_path).new() as incoming:
        incoming.write(of_list(DOCUMENT[:size]), size - 1)
    assert not list((tmp_path / "documents").iterdir())


def test_a_disk_that_is_full_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, octets: memoryview) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no space left"), store(tmp_path).new() as incoming:
        incoming.write([DOCUMENT], None)
    assert not list((tmp_path / "documents").iterdir())


def test_advice_that_the_system_does_not_take_costs_no_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job has the document by then: with an error its client would print it again."""
    if not hasattr(os, "posix_fadvise"):
        pytest.skip("this system takes no advice")

    def refuse(*arguments: int) -> None:
        raise OSError(errno.ENOSYS, "not here")

    monkeypatch.setattr(os, "posix_fadvise", refuse)
    with store(tmp_path).new() as incoming:
        incoming.write([DOCUMENT], None)
        incoming.keep()
    assert path_of(tmp_path, incoming).read_bytes() == DOCUMENT


def test_nothing_of_a_document_stays_in_memory(on_disk: Path, way: str) -> None:
    with store(on_disk).new() as incoming:
        incoming.write([DOCUMENT[:-17]], None)
        incoming.keep()
    assert in_memory(path_of(on_disk, incoming)) == 0


def test_whole_blocks_never_get_into_memory(on_disk: Path) -> None:
    if not hasattr(os, "O_DIRECT"):
        pytest.skip("this system has no way past the memory")
    try:
        os.close(os.open(on_disk / "probe", os.O_WRONLY | os.O_DIRECT))
    except OSError:
        pytest.skip("this file system has no way past the memory")
    with store(on_disk).new() as incoming:
        incoming.write([DOCUMENT[:-17]], None)
        assert in_memory(path_of(on_disk, incoming)) <= 1
        incoming.keep()


def test_buffers_are_used_again() -> None:
    buffers = straight.Buffers()
    with buffers.one() as first, buffers.one() as second:
        assert len(first) == len(second) == BUFFER
        first[0], second[0] = 1, 2
    with buffers.one() as third:
        assert third[0] in (1, 2)
    with pytest.raises(KeyError), buffers.one():
        raise KeyError
    assert len(buffers._free) == 2


def test_a_name_that_can_not_be_removed_keeps_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(path)

    files = store(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    incoming = files.new().__enter__()
    incoming.write(iter([bytes(2_000_000)]), None)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(PermissionError):
        incoming.__exit__(None, None, None)
    assert len(os.listdir("/proc/self/fd")) == before
