"""Whatever holds messages, as `Record` objects: buffers, files, directories, patterns, captures, iterables of these.

The rule of this file: the first octets of a file say what it is, not its name. A broken part of it is a record with a
fault. An exception is raised only if a source does not exist, or is no source. Files are read piece by piece.

| what | how it is told |
|---|---|
| pcap, pcapng | its magic number: the messages of all HTTP connections, in both directions |
| a recorded HTTP conversation, one direction or a message of it | a request line or a status line |
| any other: a message with or without a document behind it; so are CUPS' control files (``c00001``) | |

In a directory other files are left out: those that neither have a name of `_NAMES` nor begin like one of the above.
"""

import os
import re
from glob import glob, has_magic
from pathlib import Path

from .conversations import Direction, begins_like_http
from .packets import CaptureError, is_capture, segments
from .records import Record
from .streams import records_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO, TypeAlias

    from typing_extensions import Buffer

    from ..limits import Limits
    from .packets import Segment

    Item: TypeAlias = "Buffer | Record | str | os.PathLike[str]"
    Source: TypeAlias = "Item | Iterable[Item]"

__all__ = ["opened"]

_NAMES = re.compile(r".*\.(?:ipp|http|pcap|pcapng|cap)|c\d{5,}")
_MESSAGE = re.compile(rb"[\x01\x02][\x00-\x02].{6}[\x01-\x0f]", re.DOTALL)  # a header, and a delimiter behind it
_PIECE = 1 << 18
_HEAD = 2048


def opened(
    source: "Source", limits: "Limits", tell: "Callable[[str, int], None] | None" = None
) -> "tuple[Callable[[], Iterator[Buffer | Record]], bool]":
    """Tell how to begin with a source, and whether it can be read only once.

    tell: is called with a file's path and how many octets of it have been read since the last call.

    Raises TypeError for an object that is no source, and FileNotFoundError for a path or pattern that finds no file.
    """
    if isinstance(source, (str, os.PathLike, Record)) or _is_buffer(source) or not hasattr(source, "__iter__"):
        check(source)
        return lambda: _records(source, limits, tell), False  # type: ignore[arg-type]
    items: Iterable[Item] = source  # type: ignore[assignment]
    once = iter(items) is items
    if not once and isinstance(items, (list, tuple)):
        for item in items:
            if type(item) is not bytes:  # of which there may be a million
                check(item)
    return lambda: _all_records(items, limits, tell), once


def check(item: object) -> None:
    """Raise an error if the source does not exist, or is no source."""
    if isinstance(item, (str, os.PathLike)):
        if not os.path.lexists(item) and not _matches(os.fspath(item)):
            raise FileNotFoundError(f"there is nothing at {os.fspath(item)}")
    else:
        memoryview(item.octets if isinstance(item, Record) else item)  # type: ignore[arg-type]


def _is_buffer(source: object) -> bool:
    try:
        memoryview(source)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def _matches(pattern: str) -> list[str]:
    return sorted(glob(pattern, recursive=True)) if has_magic(pattern) else []


def _all_records(
    items: "Iterable[Item]", limits: "Limits", tell: "Callable[[str, int], None] | None"
) -> "Iterator[Buffer | Record]":
    for item in items:
        if type(item) is bytes:  # a generator for each would take longer than its rows
            yield item
        else:
            yield from _records(item, limits, tell)


def _records(item: "Item", limits: "Limits", tell: "Callable[[str, int], None] | None") -> "Iterator[Buffer | Record]":
    if not isinstance(item, (str, os.PathLike)):
        check(item)
        yield item
        return
    path = os.fspath(item)
    if not os.path.lexists(path):
        check(item)
        for found in _matches(path):
            yield from _records(found, limits, tell)
    elif os.path.isdir(path):
        for directory, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                yield from _file(os.path.join(directory, name), limits, tell, asked=False)
    else:
        yield from _file(path, limits, tell, asked=True)


def _file(path: str, limits: "Limits", tell: "Callable[[str, int], None] | None", *, asked: bool) -> "Iterator[Record]":
    """asked: whether the file was asked for itself, not only the directory that it is in."""
    try:
        if not asked and not Path(path).is_file():  # a socket, or a pipe
            return
        with open(path, "rb") as file:
            beginning = file.read(_HEAD)
            capture, conversation = is_capture(beginning), begins_like_http(beginning)
            if not (asked or capture or conversation or _NAMES.fullmatch(Path(path).name) or _MESSAGE.match(beginning)):
                return
            if capture:
                file.seek(0)
                yield from _capture(file, path, limits, tell)
            elif conversation:
                yield from _conversation(beginning, file, path, limits, tell)
            else:
                octets = beginning + file.read(max(0, limits.max_octets + 1 - len(beginning)))
                if tell is not None:
                    tell(path, len(octets))
                yield Record(octets, path)
    except OSError as error:
        yield Record(b"", path, fault=f"the file cannot be read: {error.strerror or error}")


def _capture(
    file: "BinaryIO", path: str, limits: "Limits", tell: "Callable[[str, int], None] | None"
) -> "Iterator[Record]":
    found: list[Record] = []

    def until_the_fault() -> "Iterator[Segment]":
        told = 0
        try:
            if tell is None:
                yield from segments(file)
            else:
                for number, segment in enumerate(segments(file)):
                    if number % 1024 == 0:
                        tell(path, segment.offset - told)
                        told = segment.offset
                    yield segment
        except CaptureError as error:
            found.append(Record(b"", path, error.offset, fault=str(error)))
        if tell is not None:
            tell(path, file.tell() - told)

    yield from records_in(until_the_fault(), path, limits)
    yield from found


def _conversation(
    beginning: bytes, file: "BinaryIO", path: str, limits: "Limits", tell: "Callable[[str, int], None] | None"
) -> "Iterator[Record]":
    direction = Direction(path, None, limits)
    piece = beginning
    while piece:
        direction.feed(piece)
        yield from direction.found
        direction.found.clear()
        if tell is not None:
            tell(path, len(piece))
        piece = file.read(_PIECE)
    direction.close()
    yield from direction.found
