"""The tables `values` and `messages`, of any source of messages.

The rule of this file: octets that are no message are a row of `messages` with its error, and raise no exception. Memory
is bounded by one batch and the octets of the messages at hand.
"""

from datetime import UTC, datetime, timedelta
from itertools import islice

from ..codec import Message, decode, decode_prefix, encode
from ..errors import DecodeError
from ..kinds import guess_kind
from ..limits import DEFAULT_LIMITS, Limits
from ..recovery import recover as recover_message
from ._picked import Builder
from .arrays import array_of
from .batches import Table
from .records import Record, octets_of
from .schema import MESSAGES, VALUES, Array, row_of
from .sources import opened
from .words import code_name, dictionary_of, keywords_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from typing_extensions import Buffer

    from .sources import Source

__all__ = ["messages", "values"]

_AT_ONCE = 1024  # messages that the builder gets at once,
_OCTETS_AT_ONCE = 1 << 20  # or this many octets
_ALL = 2**31 - 1


def values(
    source: "Source",
    *,
    rows: int | None = 65_536,
    recover: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    tell: "Callable[[str, int], None] | None" = None,
) -> Table:
    """Every value of every message as a row: attributes of groups, and those of members of collections.

    source: a message as a buffer (bytes, mmap, ...) or a `Record`; the path of a file, of a directory or a pattern
    (``"captures/**/*.pcap"``); or an iterable of these. Files are pcap and pcapng captures, HTTP conversations as they
    were on the wire, CUPS' control files, and messages. What follows a message is document data and is left out.
    rows: a batch ends with the message with which it has this many; None for a single batch, if it does not become too
    large (512 MiB of strings).
    recover: take what `ippfast.recover` saves of a broken message, which has no rows otherwise.
    limits: how large a message may be; ``max_octets`` at most 128 MiB.
    tell: is called with a file's path and how many octets of it were read since the last call.

    The columns stand in `docs/columns.md`. The table is made as it is read; see `Table`. Raises ValueError for `rows`
    or `limits` that are out of range, FileNotFoundError for a path with nothing behind it, and TypeError for what is
    no source; for what an iterator gives, while it is read.
    """
    batch = _ALL if rows is None else rows
    make_builder(batch, limits)  # so that what is wrong with the arguments is said now
    begin, once = opened(source, limits, tell)
    return Table(row_of(VALUES), lambda: _values(source, begin, batch, recover, limits), once=once)


def messages(
    source: "Source",
    *,
    rows: int | None = 65_536,
    recover: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    tell: "Callable[[str, int], None] | None" = None,
) -> Table:
    """Make a row of every message, and of octets that are none, with their error. Arguments and errors: as `values`."""
    batch = _ALL if rows is None else rows
    make_builder(batch, limits)
    begin, once = opened(source, limits, tell)
    return Table(row_of(MESSAGES), lambda: _messages(begin(), batch, recover, limits), once=once)


def make_builder(rows: int, limits: Limits) -> Builder:
    return Builder(rows=rows, limits=limits, keywords=keywords_of, dictionary=dictionary_of)


def _octets(record: "Buffer | Record", limits: Limits) -> bytes:
    return octets_of(record.octets if isinstance(record, Record) else record, limits)


def _some(
    source: "Source", begin: "Callable[[], Iterator[Buffer | Record]]", limits: Limits
) -> "Iterator[Sequence[bytes]]":
    """Give the octets of the messages, several at once."""
    if type(source) in (list, tuple) and set(map(type, source)) == {bytes}:  # type: ignore[arg-type]
        for at in range(0, len(source), _AT_ONCE):  # type: ignore[arg-type]
            yield source[at : at + _AT_ONCE]  # type: ignore[index,misc]
        return
    some: list[bytes] = []
    size = 0
    for record in begin():
        octets = record if type(record) is bytes else _octets(record, limits)
        some.append(octets)
        size += len(octets)
        if len(some) == _AT_ONCE or size >= _OCTETS_AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def _values(
    source: "Source", begin: "Callable[[], Iterator[Buffer | Record]]", rows: int, recover: bool, limits: Limits
) -> "Iterator[Array]":
    builder = make_builder(rows, limits)
    for some in _some(source, begin, limits):
        at = 0
        while at < len(some):
            at = builder.take(some, at)
            if builder.is_full:
                yield builder.finish()
            elif at < len(some):
                saved = saved_of(some[at], limits)[0] if recover else None
                if saved is None or not builder.take([saved]):
                    builder.skip()
                if builder.is_full:
                    yield builder.finish()
                at += 1
    if len(builder):
        yield builder.finish()


def saved_of(octets: bytes, limits: Limits) -> tuple[bytes | None, int]:
    """Repair a broken message. Returns its octets and the number of repairs; None if it has no header."""
    try:
        message, issues = recover_message(octets, limits=limits)
    except DecodeError:
        return None, 0
    return encode(message), len(issues)


# ---- Messages ----

_HEADER_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def _messages(records: "Iterator[Buffer | Record]", rows: int, recover: bool, limits: Limits) -> "Iterator[Array]":
    made = (_row(record, recover, limits) for record in records)
    while some := list(islice(made, rows)):
        columns = [array_of(field, column) for field, column in zip(MESSAGES, zip(*some, strict=True), strict=True)]
        yield Array(len(some), 0, (None,), tuple(columns))


def _row(record: "Buffer | Record", recover: bool, limits: Limits) -> "tuple[Any, ...]":
    """Make a row of `schema.MESSAGES`."""
    given = record if isinstance(record, Record) else Record(record)
    octets = octets_of(given.octets, limits)
    message: Message | None = None
    error, error_offset, repaired, size = given.fault, None, 0, len(octets)
    try:
        message, size = decode_prefix(octets, limits=limits)
    except DecodeError as found:
        error, error_offset = error or str(found), found.offset
        saved, repaired = saved_of(octets, limits) if recover else (None, 0)
        if saved is not None:
            message = decode(saved, limits=limits)
    version = code = request_id = None
    kind = given.kind
    if message is not None:
        kind = kind or guess_kind(message)
    if len(octets) >= 8:
        version = f"{octets[0]}.{octets[1]}"
        code = octets[2] << 8 | octets[3]
        request_id = int.from_bytes(octets[4:8], "big", signed=True)
    return (
        _plain(given.source),
        given.offset,
        _microseconds(given.time),
        given.peer,
        given.direction,
        kind,
        version,
        code,
        None if code is None else code_name(kind, code),
        request_id,
        size,
        _plain(error),
        error_offset,
        repaired,
    )


def _plain(text: str | None) -> str | None:
    """Replace surrogates, which UTF-8 cannot encode: a path or a name may have octets that are no text."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def _microseconds(time: "datetime | int | None") -> int | None:
    if time is None or isinstance(time, int):
        return time
    return (time - _HEADER_TIME) // timedelta(microseconds=1)
