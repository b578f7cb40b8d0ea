"""Columns of values as arrays for PostgreSQL, in its binary format.

The rule of this file: arrays are encoded here and nowhere else. psycopg sends arrays as text, which is slow for the
client and for the server.
"""

from collections.abc import Callable, Iterable
from struct import Struct
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.abc import DumperKey, PyFormat
from psycopg.adapt import Dumper
from psycopg.pq import Format

__all__ = ["KINDS", "Column", "register"]

_HEAD = Struct("!iiIii").pack  # dimensions, whether there may be nulls, type and number of the elements, first index
_NULL = b"\xff\xff\xff\xff"


class _Kind(NamedTuple):
    """A type. oid, array_oid: the fixed numbers of the type and of its arrays. put: encodes the size and the value."""

    oid: int
    array_oid: int
    put: Callable[[Any], bytes]


def _put_octets(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value


def _put_text(value: str) -> bytes:
    return _put_octets(value.encode())


def _put_by(layout: str, size: int) -> Callable[[Any], bytes]:
    pack = Struct(f"!i{layout}").pack
    return lambda value: pack(size, value)


KINDS = {
    "bytea": _Kind(17, 1001, _put_octets),
    "text": _Kind(25, 1009, _put_text),
    "integer": _Kind(23, 1007, _put_by("i", 4)),
    "bigint": _Kind(20, 1016, _put_by("q", 8)),
    "double precision": _Kind(701, 1022, _put_by("d", 8)),
}


class Column:
    """The values of a column. kind: their type, a key of `KINDS`. values: None is NULL."""

    __slots__ = ("kind", "octets")

    def __init__(self, kind: str, values: Iterable[Any]) -> None:
        self.kind = KINDS[kind]
        put = self.kind.put
        parts = [_NULL if value is None else put(value) for value in values]
        self.octets = _HEAD(1, 1, self.kind.oid, len(parts), 1) + b"".join(parts)


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def get_key(self, obj: Column, format: PyFormat) -> DumperKey:
        return self.cls, obj.kind  # type: ignore[return-value]

    def upgrade(self, obj: Column, format: PyFormat) -> "_ColumnDumper":
        made = type(self)(self.cls)
        made.oid = obj.kind.array_oid
        return made

    def dump(self, obj: Column) -> bytes:
        return obj.octets


def register(connection: "Connection[Any]") -> None:
    """Let a connection accept a `Column` as a value."""
    connection.adapters.register_dumper(Column, _ColumnDumper)
