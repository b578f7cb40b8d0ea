"""Reads tables of other libraries as Python's values, by Arrow's C data interface.

The rule of this file: it reads what `rebuild` needs, whole numbers and strings in every form that Arrow has for them
(a Parquet file or Polars gives other ones than it got), and copies them. It trusts the library that made the structs,
as every consumer of that interface has to; a type that it does not know is an error.
"""

import ctypes
from array import array
from itertools import pairwise

from .structs import Data, Flow, Release, Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, TypeVar

    _T = TypeVar("_T", Schema, Data, Flow)

__all__ = ["columns_of"]

_CODES = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q"}
_Next = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_Error = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)

_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]


def columns_of(table: object, names: "Sequence[str]") -> "Iterator[tuple[list[Any], ...]]":
    """Give the columns of these names, batch after batch.

    table: an object with ``__arrow_c_stream__`` or ``__arrow_c_array__``, or an iterable of such. Raises TypeError for
    an object that has neither, and ValueError for a column that is missing or of a type that is not read, or for
    capsules that another has taken.
    """
    if hasattr(table, "__arrow_c_stream__"):
        capsule = table.__arrow_c_stream__()
        yield from _read_stream(_whole(Flow.from_address(_pointer_of(capsule, b"arrow_array_stream"))), names)
        del capsule
    elif hasattr(table, "__arrow_c_array__"):
        schema, data = table.__arrow_c_array__()
        yield _columns(
            _whole(Schema.from_address(_pointer_of(schema, b"arrow_schema"))),
            _whole(Data.from_address(_pointer_of(data, b"arrow_array"))),
            names,
        )
    elif hasattr(table, "__iter__"):
        for part in table:
            yield from columns_of(part, names)
    else:
        raise TypeError(f"a table has __arrow_c_stream__ or __arrow_c_array__, not so {type(table).__name__}")


def _whole(struct: "_T") -> "_T":
    """Return the struct if nobody has taken it. If somebody has, the memory that it points to may be gone."""
    if not struct.release:
        raise ValueError("the table has been read, and its capsules can be read once")
    return struct


def _read_stream(flow: Flow, names: "Sequence[str]") -> "Iterator[tuple[list[Any], ...]]":
    address = ctypes.addressof(flow)
    schema = Schema()
    _call(flow, _Next(flow.get_schema)(address, ctypes.addressof(schema)))
    try:
        while True:
            data = Data()
            _call(flow, _Next(flow.get_next)(address, ctypes.addressof(data)))
            if not data.release:
                return
            try:
                made = _columns(schema, data, names)
            finally:
                Release(data.release)(ctypes.addressof(data))
            yield made
    finally:
        Release(schema.release)(ctypes.addressof(schema))


def _call(flow: Flow, failed: int) -> None:
    if failed:
        words = _Error(flow.get_last_error)(ctypes.addressof(flow))
        raise ValueError(f"the table cannot be read: {(words or b'').decode('utf-8', 'replace') or failed}")


def _columns(schema: Schema, data: Data, names: "Sequence[str]") -> "tuple[list[Any], ...]":
    if schema.format != b"+s":
        raise ValueError("a table is a struct of its columns")
    places = {schema.children[index].contents.name.decode(): index for index in range(schema.n_children)}
    missing = [name for name in names if name not in places]
    if missing:
        raise ValueError(f"the table lacks the columns {', '.join(missing)}")
    made = []
    for name in names:
        child = data.children[places[name]].contents
        made.append(_values(schema.children[places[name]].contents, child, data.offset, data.length, name))
    return tuple(made)


def _octets(address: int, size: int) -> bytes:
    return ctypes.string_at(address, size) if size else b""


def _values(schema: Schema, data: Data, start: int, length: int, name: str) -> "list[Any]":
    """Return `length` values from `start` on. A null is None."""
    start += data.offset
    kind = schema.format.decode()
    made: list[Any]
    if schema.dictionary:
        texts = _values(schema.dictionary.contents, data.dictionary.contents, 0, data.dictionary.contents.length, name)
        valid = _valid(data, start, length)
        places = _numbers(kind, data, start, length, name)
        return [texts[place] if valid is None or valid[row] else None for row, place in enumerate(places)]
    if kind in ("u", "z", "U", "Z"):
        made = _strings("i" if kind in "uz" else "q", data, start, length)
    elif kind in ("vu", "vz"):
        made = _views(data, start, length)
    else:
        made = list(_numbers(kind, data, start, length, name))
    valid = _valid(data, start, length)
    if kind in ("u", "U", "vu"):
        made = [value.decode() if valid is None or valid[row] else None for row, value in enumerate(made)]
    elif valid is not None:
        made = [value if valid[row] else None for row, value in enumerate(made)]
    return made


def _valid(data: Data, start: int, length: int) -> "bytearray | None":
    if data.null_count == 0 or not data.buffers[0]:
        return None
    octets = _octets(data.buffers[0], (start + length + 7) // 8)
    return bytearray([octets[row >> 3] >> (row & 7) & 1 for row in range(start, start + length)])


def _numbers(kind: str, data: Data, start: int, length: int, name: str) -> "Sequence[int]":
    if kind not in _CODES:
        raise ValueError(f"the column {name} is of the type {kind!r}, which is not read")
    made = array(_CODES[kind])
    if length:
        made.frombytes(_octets(data.buffers[1] + start * made.itemsize, length * made.itemsize))
    return made


def _strings(code: str, data: Data, start: int, length: int) -> list[bytes]:
    if not length:
        return []
    offsets = array(code)
    offsets.frombytes(_octets(data.buffers[1] + start * offsets.itemsize, (length + 1) * offsets.itemsize))
    octets = _octets(data.buffers[2], offsets[-1])
    return [octets[one:other] for one, other in pairwise(offsets)]


def _views(data: Data, start: int, length: int) -> list[bytes]:
    """Read strings of a view type, which have 16 octets each: a length, and the octets or their place."""
    made = []
    for row in range(start, start + length):
        view = data.buffers[1] + row * 16
        size = ctypes.c_int32.from_address(view).value
        if size > 12:
            buffer, offset = (ctypes.c_int32 * 2).from_address(view + 8)
            made.append(_octets(data.buffers[2 + buffer] + offset, size))
        else:
            made.append(_octets(view + 4, size))
    return made
